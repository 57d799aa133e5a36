"""Bytes on one connection, and every way in which they may fail to arrive."""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from threading import Event

from decisions_tool.testing.messages import event
from decisions_tool.testing.replies import Reply


class Wire:
    """``closing`` is set when the server stops; no wait outlives it."""

    def __init__(self, connection: socket.socket, closing: Event) -> None:
        self._socket = connection
        self._closing = closing

    def wait(self, seconds: float) -> None:
        """Sleep. Raises ConnectionAbortedError when the server stops."""
        if self._closing.wait(None if math.isinf(seconds) else seconds):
            raise ConnectionAbortedError

    def send(self, reply: Reply, rest: float) -> None:
        """Send a reply as it should be; the events after the first are spread over ``rest`` seconds."""
        self._head(reply)
        if not reply.streamed or rest <= 0:
            self._pieces(reply)
        else:
            for index, piece in enumerate(reply.pieces):
                self.wait(rest / (len(reply.pieces) - 1) if index else 0)
                self._piece(piece, True)
        self._end(reply)

    def fail(self, reply: Reply, way: str, value: float) -> None:
        """Send a reply in one of the ways below; the connection is of no use afterwards."""
        WAYS[way](self, reply, value)

    def _head(self, reply: Reply, length: int | None = None) -> None:
        known = reply.status in HTTPStatus._value2member_map_
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase if known else 'Overloaded'}"]
        size = sum(map(len, reply.pieces)) if length is None else length
        framing = ("transfer-encoding", "chunked") if reply.streamed else ("content-length", str(size))
        lines += [f"{name}: {text}" for name, text in (("content-type", reply.kind), framing, *reply.headers.items())]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def _pieces(self, reply: Reply) -> None:
        small = [reply.body] if sum(map(len, reply.pieces)) < 1_000_000 else reply.pieces
        for piece in small:
            self._piece(piece, reply.streamed)

    def _piece(self, piece: bytes, chunked: bool) -> None:
        if piece:
            self._socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)

    def _end(self, reply: Reply) -> None:
        if reply.streamed:
            self._socket.sendall(b"0\r\n\r\n")

    def _reset(self, reply: Reply, value: float) -> None:
        """A close that lingers for no time sends RST; detached, the descriptor is ours alone to close."""
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self._socket.detach())

    def _close(self, reply: Reply, value: float) -> None:
        """Say nothing: the caller closes."""

    def _reset_after_headers(self, reply: Reply, value: float) -> None:
        self._head(reply)
        self._reset(reply, value)

    def _cut(self, reply: Reply, value: float) -> None:
        self._head(reply)
        self._piece(_start(reply, value), reply.streamed)

    def _cut_clean(self, reply: Reply, value: float) -> None:
        start = _start(reply, value)
        self._head(reply, len(start))
        self._piece(start, reply.streamed)
        self._end(reply)

    def _cut_reset(self, reply: Reply, value: float) -> None:
        self._cut(reply, value)
        self._reset(reply, value)

    def _stall(self, reply: Reply, value: float) -> None:
        if reply.streamed:
            self._cut(reply, -1)
        self.wait(value)

    def _slow_loris(self, reply: Reply, value: float) -> None:
        self._head(reply)
        for byte in reply.body:
            self._piece(bytes([byte]), reply.streamed)
            self.wait(value)
        self._end(reply)

    def _endless_pings(self, reply: Reply, value: float) -> None:
        self._head(reply, 2**40)
        self._piece(reply.pieces[0] if reply.streamed else b" ", reply.streamed)
        while True:
            self._piece(event("ping") if reply.streamed else b" ", reply.streamed)
            self.wait(value)


def _start(reply: Reply, value: float) -> bytes:
    body = reply.body
    return body[: len(body) // 2 if value < 0 else int(value)]


WAYS: Mapping[str, Callable[[Wire, Reply, float], None]] = {
    "reset": Wire._reset,
    "close": Wire._close,
    "reset-after-headers": Wire._reset_after_headers,
    "cut": Wire._cut,
    "cut-clean": Wire._cut_clean,
    "cut-reset": Wire._cut_reset,
    "stall": Wire._stall,
    "slow-loris": Wire._slow_loris,
    "endless-pings": Wire._endless_pings,
}
