"""The server on the loopback interface: connections, threads, time. What is said on them is settled in api.py."""

from __future__ import annotations

import socket
import socketserver
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self

from decisions_tool.testing.answering import Answering
from decisions_tool.testing.api import Api, presented_key
from decisions_tool.testing.asked import Asked, Brain, echo
from decisions_tool.testing.batches import Batches, Batching
from decisions_tool.testing.exchanges import Bill, Exchange, bill, redacted
from decisions_tool.testing.faults import Faults
from decisions_tool.testing.rates import RATES, Model
from decisions_tool.testing.wire import Wire

_GRACE = 0.8  # seconds for threads to notice that their connection is gone


@dataclass(frozen=True)
class Latency:
    """Seconds to the first event and to the end; a reply that is not streamed comes at the end."""

    first: float | Callable[[Asked], float] = 0.0
    whole: float | Callable[[Asked], float] = 0.0

    def of(self, asked: Asked) -> tuple[float, float]:
        first, end = (part(asked) if callable(part) else part for part in (self.first, self.whole))
        return first, max(first, end)


class Loopback:
    """A Messages API at ``url`` as long as the block lasts. What a brain raised is raised again at its end."""

    def __init__(
        self,
        answer: Brain = echo,
        *,
        rates: Mapping[str, Model] = RATES,
        clock: Callable[[], float] = time.time,
        latency: Latency | None = None,
        faults: Faults | None = None,
        batching: Batching | None = None,
        key: str = "",
        limits: bool = False,
    ) -> None:
        self.faults = faults or Faults()
        self._clock = clock
        self._answering = Answering(answer, rates)
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._batches = Batches(batching or Batching(), self._answering, self.url)
        self._http.api = Api(self._answering, self._batches, self.faults, clock, key, limits)
        self._http.answering, self._http.clock, self._http.latency = self._answering, clock, latency or Latency()
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def log(self) -> list[Exchange]:
        """Every request so far, in order of arrival."""
        return list(self._answering.log)

    def bill(self) -> Bill:
        return bill(self.log)

    def finish_batches(self) -> None:
        """End every batch now."""
        self._batches.settle(self._clock(), every=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.stop()
        self._thread.join()
        if kind is None and self._answering.failures:
            raise self._answering.failures[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 2048
    api: Api
    answering: Answering
    clock: Callable[[], float]
    latency: Latency

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.closing = Event()
        self._open: list[tuple[socket.socket, Thread]] = []
        self._many = 64
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without looking up a name for the address."""
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        """Give the connection a thread that can be waited for; now and then, forget those that are done."""
        thread = Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        if len(self._open) >= self._many:
            self._open = [(other, its) for other, its in self._open if its.is_alive()]
            self._many = 64 + 2 * len(self._open)
        self._open.append((request, thread))
        thread.start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""

    def stop(self) -> None:
        """Take no more connections, cut those that there are, and wait a moment for their threads."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        for connection, _ in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + _GRACE
        for _, thread in self._open:
            thread.join(max(0.0, until - time.monotonic()))


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Print nothing."""

    def do_POST(self) -> None:
        server = self.server
        headers = {name.lower(): value for name, value in self.headers.items()}
        exchange = Exchange(self.command, self.path, redacted(self.headers.items()), server.clock())
        server.answering.enter(exchange)
        content = self.rfile.read(int(headers.get("content-length", "0")))
        try:
            self._reply(exchange, presented_key(headers), content)
        finally:
            exchange.ended = server.clock()

    do_GET = do_POST  # noqa: N815 - the names are inherited
    do_DELETE = do_POST  # noqa: N815

    def _reply(self, exchange: Exchange, key: str, content: bytes) -> None:
        arrived = time.monotonic()
        outcome = self.server.api.handle(exchange, key, content)
        first, end = self.server.latency.of(exchange.asked) if outcome.slow else (0.0, 0.0)
        wire = Wire(self.connection, self.server.closing)
        thought = time.monotonic() - arrived  # by whoever gives the answer
        first = max(first, thought)
        wire.wait((first if outcome.reply.streamed else max(end, thought)) - thought)
        outcome.begin()
        if outcome.way:
            self.close_connection = True
            wire.fail(outcome.reply, outcome.way, outcome.value)
        else:
            wire.send(outcome.reply, max(0.0, end - first))
