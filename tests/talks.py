"""One question to the loopback server through the real library, with a till that writes down what happens to money."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from decisions_tool.agents.anthropic import Anthropic
from decisions_tool.agents.protocol import Answer, Call, Limits, Packet, Promise, SourceFile, Stopped, Unanswered
from decisions_tool.agents.rate import Gate
from decisions_tool.agents.wire import Wire
from decisions_tool.testing import Loopback

OPUS = "claude-opus-5-5"
#: 300 tokens with which no cache is worth writing, and 3,000 with which one is.
SHORT, LONG = "Read this first. " * 70, "Read all of this first. " * 500
PACKET = Packet(
    "cache", "Cache", "propose", "proposer-01", "proposer", "proposal", f"{SHORT}You are one of them.", {}, "0" * 40,
    shared=len(SHORT), key="question-1", model=OPUS, limits=Limits(900.0),
)  # fmt: skip


class Notebook:
    """Implements ``agents.protocol.Till``: replies in memory, and one word for every reservation that was settled."""

    def __init__(self, budget: Decimal | None = None) -> None:
        self.budget = budget
        self.replies: dict[str, bytes] = {}
        self.open: dict[str, Decimal | None] = {}
        self.settled: list[str] = []
        self.costs: list[Decimal | None] = []
        self.closed = ""
        self._guard = threading.Lock()

    def held(self, call: Call) -> bytes | None:
        return self.replies.get(call.digest)

    def reserve(self, call: Call) -> None:
        with self._guard:
            if self.closed:
                raise Stopped("interrupted", self.closed)
            if self.budget is not None and (call.worst is None or call.worst > self.budget):
                raise Stopped("budget", "too dear")
            assert call.digest not in self.open, "reserved twice"
            self.open[call.digest] = call.worst

    def keep(self, call: Call, reply: bytes, cost: Decimal | None) -> None:
        self.replies[call.digest] = reply
        self.costs.append(cost)
        self._settle(call, "paid")

    def lost(self, call: Call) -> None:
        self._settle(call, "lost")

    def release(self, call: Call) -> None:
        self._settle(call, "released")

    def warm(self, head: str) -> None:
        raise AssertionError("nothing is asked in batches")

    def warmed(self, head: str) -> float:
        raise AssertionError("nothing is asked in batches")

    def _settle(self, call: Call, how: str) -> None:
        with self._guard:
            assert call.digest in self.open, f"{how} without a reservation"
            del self.open[call.digest]
            self.settled.append(how)

    def resume(self, call: Call) -> None:
        raise AssertionError("nothing is asked in batches")

    def promise(self, packet: Packet, promise: Promise) -> None:
        raise AssertionError("nothing is asked in batches")

    def promised(self, packet: Packet) -> Promise | None:
        raise AssertionError("nothing is asked in batches")

    def promises(self) -> list[Promise]:
        raise AssertionError("nothing is asked in batches")


class Clock:
    """A clock that runs, and that sleepers push forward instead of waiting."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ahead += seconds


class Shelf:
    """Implements ``agents.protocol.Repository`` over texts by path."""

    commit, day = "0" * 40, "2026-01-31"

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def files(self) -> Sequence[SourceFile]:
        return [SourceFile(path, path, len(text.encode())) for path, text in sorted(self._texts.items())]

    def read(self, path: str) -> bytes:
        return self._texts[path].encode()

    def changes(self) -> Sequence[tuple[str, ...]]:
        return ()


def backend(
    url: str, till: Notebook, clock: Clock | None = None, texts: Mapping[str, str] | None = None, wall: Callable[[], float] = time.time
) -> Anthropic:  # fmt: skip
    """The backend as the engine makes it, with a key that opens nothing; the SDK is imported before any time counts."""
    wire = Wire({"ANTHROPIC_API_KEY": "test", "ANTHROPIC_BASE_URL": url}, wall)
    wire.client()
    time_of = clock or Clock()
    gate = Gate(time_of, time_of.sleep, lambda: 1.0)
    return Anthropic(wire, till, lambda commit: Shelf(texts or {}), {}, gate=gate)


def _read(connection: socket.socket) -> None:
    """A request, with its body."""
    head, _, body = connection.recv(1 << 16).partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(connection.recv(left))


@contextmanager
def mouth(speak: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[float]]]:
    """A server that says what ``speak`` says to every request; its address, and when each caller had gone."""
    gone: list[float] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            _read(connection)
            with suppress(OSError):
                speak(connection)
                connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            with suppress(ConnectionError):
                while connection.recv(1 << 20):
                    pass
            gone.append(time.monotonic())

    def accept() -> None:
        with suppress(OSError):
            while True:
                thread = threading.Thread(target=serve, args=(listener.accept()[0],))
                threads.append(thread)
                thread.start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = [threading.Thread(target=accept)]
        threads[0].start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", gone
        listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(15)


def collect(agent: Anthropic, packet: Packet = PACKET) -> Answer | Unanswered:
    """What became of a question; anything but an answer or a named failure is raised."""
    try:
        return agent.collect(agent.submit([packet])[0])
    except Unanswered as failed:
        return failed


def ended(came: Answer | Unanswered) -> str:
    """In words: answered, an outcome, or "stopped: " and the outcome where nothing more may be asked."""
    if isinstance(came, Answer):
        return "answered"
    return f"stopped: {came.outcome}" if isinstance(came, Stopped) else came.outcome


@contextmanager
def talking(answer: Any, packet: Packet = PACKET, texts: Mapping[str, str] | None = None, **options: Any) -> Iterator[tuple[Loopback, Notebook, Callable[..., Answer | Unanswered]]]:  # fmt: skip
    """A server, a till, and a function that asks one question; its keywords change the question."""
    till = Notebook()
    with Loopback(answer, **options) as server:
        agent = backend(server.url, till, texts=texts)
        yield server, till, lambda **changes: collect(agent, replace(packet, **changes))
