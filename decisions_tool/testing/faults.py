"""What can go wrong: one row for every fault, and which request meets which."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from fnmatch import fnmatchcase
from threading import Lock
from typing import NamedTuple

from decisions_tool.testing.asked import Asked
from decisions_tool.testing.bulk import bulk
from decisions_tool.testing.chance import drawn, lot
from decisions_tool.testing.messages import REFUSED, event
from decisions_tool.testing.replies import EVENTS, JSON, Reply, error, result


class Met(NamedTuple):
    """A request that meets a fault: the fault's number, whether events are awaited, and the time."""

    value: float
    stream: bool
    now: float


@dataclass(frozen=True)
class Fault:
    """``instead`` answers in place of the model, ``message`` and ``reply`` spoil an answer, ``way`` says how it travels (wire.py)."""

    name: str
    says: str
    value: float = 0.0
    instead: Callable[[Met], Reply] | None = None
    message: Mapping[str, object] = field(default_factory=dict)
    reply: Callable[[Reply], Reply] | None = None
    way: str = ""

    @property
    def billed(self) -> bool:
        return self.instead is None


def _error(status: int, kind: str, message: str, code: str = "", **headers: str) -> Callable[[Met], Reply]:
    return lambda _: error(status, kind, message, code, **headers)


def _wait(met: Met) -> Reply:
    return error(429, "rate_limit_error", "Too many requests", retry_after=f"{met.value:g}")


def _wait_until(met: Met) -> Reply:
    return error(429, "rate_limit_error", "Too many requests", retry_after=formatdate(met.now + met.value, usegmt=True))


def _bulky(packed: bool) -> Callable[[Met], Reply]:
    return lambda met: bulk(int(met.value), met.stream, packed)


def _text(text: str) -> dict[str, object]:
    return {"type": "text", "text": text, "citations": None}


def _broken(reply: Reply) -> Reply:
    """The last quarter of a JSON body, or of the data of the events, is no JSON."""
    if not reply.streamed:
        return Reply(reply.status, [reply.body[: len(reply.body) * 3 // 4] + b'"}'], JSON, reply.headers)
    half = len(reply.pieces) // 2
    return Reply(
        200,
        [*reply.pieces[:half], b'event: content_block_delta\ndata: {"type": "content_bl\n\n', *reply.pieces[half:]],
        EVENTS,
    )


def _inserted(piece: bytes, ends: bool = False) -> Callable[[Reply], Reply]:
    def spoil(reply: Reply) -> Reply:
        if not reply.streamed:
            return reply
        half = len(reply.pieces) // 2
        return Reply(200, [*reply.pieces[:half], piece, *([] if ends else reply.pieces[half:])], EVENTS, reply.headers)

    return spoil


_OVERLOADED = event("error", error={"type": "overloaded_error", "message": "Overloaded"})

_STATUS = [
    Fault("429", "429 with retry-after in seconds", 2, _wait),
    Fault("429-hour", "429 with retry-after: 3600", 3600, _wait),
    Fault("429-date", "429 with retry-after as a date, so many seconds ahead", 3600, _wait_until),
    Fault("429-spend-limit", "429 without retry-after: the limit of the tier is reached", 0,
          _error(429, "rate_limit_error", "Monthly usage limit reached", "enforced_spend_limit_reached")),
    Fault("400-spend-limit", "400: a spend limit that the organization set itself", 0,
          _error(400, "invalid_request_error", "You have reached your specified API usage limits.")),
    Fault("400-retry", "400 with x-should-retry: true", 0,
          _error(400, "invalid_request_error", "Bad request", x_should_retry="true")),
    Fault("401", "the key is not valid", 0, _error(401, "authentication_error", "invalid api key")),
    Fault("402", "payment is due", 0, _error(402, "billing_error", "Your credit balance is too low")),
    Fault("403", "the key may not do that", 0, _error(403, "permission_error", "Permission denied")),
    Fault("404", "no such thing", 0, _error(404, "not_found_error", "Not found")),
    Fault("413", "the request is too large", 0, _error(413, "request_too_large", "Request exceeds the maximum size")),
    Fault("500", "an error inside", 0, _error(500, "api_error", "Internal server error")),
    Fault("503", "not there for now", 0, _error(503, "api_error", "Service unavailable")),
    Fault("529", "overloaded", 0, _error(529, "overloaded_error", "Overloaded")),
]  # fmt: skip
_LIES = [
    Fault("html", "200 with a web page", 0,
          lambda _: Reply(200, [b"<html><body>Sign in to the network</body></html>"], "text/html")),
    Fault("json-list", "200 with a JSON list", 0, lambda _: result([1, 2, 3])),
    Fault("wrong-schema", "200 with a JSON object that is no message", 0, lambda _: result({"foo": "bar"})),
    Fault("gzip-bomb", "a small gzip body that inflates to so many MB", 300, _bulky(packed=True)),
    Fault("huge-body", "a text of so many MB", 64, _bulky(packed=False)),
]  # fmt: skip
_ANSWERS = [
    Fault("content-null", "content is null", message={"content": None}),
    Fault("empty-content", "content is an empty list", message={"content": []}),
    Fault("empty-text", "one text block without text", message={"content": [_text("")]}),
    Fault("refusal", "stop_reason refusal with stop_details", message={"stop_reason": "refusal", "stop_details": REFUSED}),
    Fault("max-tokens", "stop_reason max_tokens", message={"stop_reason": "max_tokens"}),
    Fault("context-window", "stop_reason model_context_window_exceeded",
          message={"stop_reason": "model_context_window_exceeded"}),
    Fault("pause-turn", "stop_reason pause_turn", message={"stop_reason": "pause_turn"}),
    Fault("unknown-stop", "a stop_reason that nobody knows", message={"stop_reason": "hologram"}),
    Fault("unknown-block", "a block of a type that nobody knows",
          message={"content": [{"type": "hologram", "data": "?"}]}),
    Fault("unknown-event", "an event of a type that nobody knows, in a stream",
          reply=_inserted(event("hologram", data="?"))),
    Fault("bad-json", "a body, or one event of a stream, that is no JSON", reply=_broken),
    Fault("stream-error", "an overloaded_error in the middle of a stream", reply=_inserted(_OVERLOADED, ends=True)),
]  # fmt: skip
_WAYS = [
    Fault("reset-unread", "the connection is reset before anything is done", 0, lambda _: result({}), way="reset"),
    Fault("idle-close", "the connection is closed without a word, before anything is done", 0, lambda _: result({}),
          way="close"),
    Fault("lost-reply", "everything is done (a batch is created), then the connection is reset", way="reset"),
    Fault("reset-after-headers", "the headers arrive, then the connection is reset", way="reset-after-headers"),
    Fault("cut", "a truncated body, a dirty end of a stream: closed at byte k (without k, half-way)", -1, way="cut"),
    Fault("cut-clean", "ends in good order at byte k", -1, way="cut-clean"),
    Fault("cut-reset", "reset at byte k", -1, way="cut-reset"),
    Fault("stall", "nothing, or half a stream, then silence for so many seconds (without a number, for ever)", math.inf,
          way="stall"),
    Fault("slow-loris", "byte by byte, so many seconds apart", 0.05, way="slow-loris"),
    Fault("endless-pings", "pings that never end, so many seconds apart (spaces where no events are awaited)", 0.05,
          way="endless-pings"),
]  # fmt: skip

#: Every fault by name. ``name=number`` replaces the number of a row: ``429=7``, ``cut=120``, ``stall=3``.
FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in (*_STATUS, *_LIES, *_ANSWERS, *_WAYS)}


def read(label: str) -> tuple[Fault, float] | None:
    """A fault and its number; None for an empty label. Raises ValueError where there is no such fault."""
    name, _, number = label.partition("=")
    if not label:
        return None
    if name not in FAULTS:
        raise ValueError(f"no fault is called {name!r}; there are {', '.join(FAULTS)}")
    return FAULTS[name], float(number) if number else FAULTS[name].value


@dataclass
class Faults:
    """Names for the next requests (an empty one lets a request pass) or a function; after that, by share of all requests.

    Only requests to ``paths`` count; a path may hold ``*``.
    """

    script: Iterable[str] | Callable[[Asked], str] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    paths: tuple[str, ...] = ("/v1/messages", "/v1/messages/batches")

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._seen = 0
        self._next: deque[str] = deque()
        self.add(*(() if callable(self.script) else self.script))
        for name in self.shares:
            read(name)

    def add(self, *labels: str) -> None:
        """Let the next requests that nothing is scripted for meet these."""
        for label in labels:
            read(label)
        self._next.extend(labels)

    def pick(self, asked: Asked) -> str:
        if not any(fnmatchcase(asked.path, path) for path in self.paths):
            return ""
        with self._lock:
            self._seen += 1
            if self._next:
                return self._next.popleft()
            number = lot(self.seed, "fault", self._seen)
        return (self.script(asked) if callable(self.script) else "") or drawn(self.shares, number)
