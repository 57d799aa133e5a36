"""What a backend is: packets in, answers out. Executors are a protocol and a table, not plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol, TypeAlias

from decisions_tool.errors import DecisionsError

#: How a call, or an answer, can fail to be one.
Outcome: TypeAlias = Literal[
    "budget", "cut-off", "denied", "interrupted", "limited", "malformed", "refused", "secret", "timeout", "truncated", "turns", "unpriced",
    "unreachable", "unusable",
]  # fmt: skip


class SourceFile(NamedTuple):
    """A tracked file at the pinned commit; ``size`` in bytes."""

    path: str
    oid: str
    size: int


class Repository(Protocol):
    """The repository at the pinned commit, as agents may see it."""

    @property
    def commit(self) -> str: ...

    @property
    def day(self) -> str:
        """Date of the pinned commit, such as 2026-01-31."""
        ...

    def files(self) -> Sequence[SourceFile]:
        """Tracked regular files, sorted by path, without what agents must not see."""
        ...

    def read(self, path: str) -> bytes: ...

    def changes(self) -> Sequence[tuple[str, ...]]:
        """Paths touched by each of the last commits, newest first; merges left out."""
        ...


class Limits(NamedTuple):
    """What an agent may use: seconds by the clock on the wall, turns with tools, tokens of one reply, searches on the web."""

    seconds: float = 900.0
    turns: int = 10
    output: int = 16_000
    searches: int = 0


def _fine(body: str, unmet: tuple[str, ...]) -> str:
    return ""


@dataclass(frozen=True)
class Packet:
    """One question to one agent: everything that it is told, and nothing else.

    ``documents`` maps path to text and is exactly what the slot may read; ``about`` names what the slot is for (component, track,
    concern) where its name does not say all. The first ``shared`` characters of ``prompt`` are the same for every slot of the phase.
    ``key`` is the digest of the whole question; ``check`` says why a body cannot be its answer, with these
    duties unmet, or nothing. ``files`` are the
    key files of the question, ``given`` those of them that the prompt holds; ``owes`` is what the phase asks of an agent beyond its answer.
    ``batch`` is the batch that asks this question already.
    """

    case: str
    title: str
    phase: str
    slot: str
    role: str
    kind: str
    prompt: str
    documents: Mapping[str, str]
    pinned: str
    about: Mapping[str, str] = field(default_factory=dict)
    #: The slot's own file in the repository; empty where the answer becomes a part of a document.
    path: str = ""
    #: What that file holds already, where the slot is asked once more.
    present: bytes = b""
    shared: int = 0
    key: str = ""
    model: str = ""
    limits: Limits = field(default_factory=Limits)
    given: tuple[str, ...] = ()
    owes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    batch: str = ""
    check: Callable[[str, tuple[str, ...]], str] = field(default=_fine, compare=False, repr=False)


@dataclass(frozen=True)
class Answer:
    """The body of a document or of a part of one, and where it came from."""

    body: str
    backend: str
    model: str | None = None
    rehearsal: bool = False
    unmet: tuple[str, ...] = ()
    usage: Mapping[str, str] = field(default_factory=dict)
    created: str | None = None
    day: str | None = None
    #: The file the answer was taken from, byte for byte, where a person left one in the working tree.
    file: bytes | None = None


class Ticket(NamedTuple):
    """A question that was handed in; ``waits_for`` says for what is waited, ``batch`` with what batch it went out."""

    packet: Packet
    waits_for: str = ""
    batch: str = ""


class Unanswered(DecisionsError):
    """There is no answer to this question: ``outcome`` says in one word why not."""

    def __init__(self, outcome: Outcome, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.outcome = outcome


class Stopped(Unanswered):
    """No further question should be asked in this run: the key, the budget or the service says no."""


class Later(Unanswered):
    """There is no answer yet, and the question can be asked again in the same run."""


class Call(NamedTuple):
    """One request that costs money: the digest of what is sent, for which question, and the most it can cost in USD, None if unpriced."""

    digest: str
    packet: Packet
    model: str
    worst: Decimal | None


class Promise(NamedTuple):
    """Questions that go out with one batch: the key of this one, when (seconds of the clock on the wall), the keys of all, the batch."""

    key: str
    at: float
    keys: tuple[str, ...]
    batch: str = ""


class Till(Protocol):
    """Where calls are paid and their replies kept, so that none is paid for twice. Safe to use from several threads."""

    @property
    def closed(self) -> object:
        """Something where no call may begin any more."""
        ...

    def held(self, call: Call) -> bytes | None:
        """The reply to this very request, where it is on disk already."""
        ...

    def reserve(self, call: Call) -> None:
        """Write down that a call is about to begin; Stopped where its worst case does not fit into the budget."""
        ...

    def keep(self, call: Call, reply: bytes, cost: Decimal | None) -> None:
        """Put a paid reply on disk, then its cost in place of the reservation."""
        ...

    def resume(self, call: Call) -> None:
        """Take up the reservation of an earlier run, or write one down: the call is out already, whatever the budget says."""
        ...

    def promise(self, packet: Packet, promise: Promise) -> None:
        """Write down that a question goes out with a batch, and the id of that once it is known."""
        ...

    def promised(self, packet: Packet) -> Promise | None:
        """What was written down of this very question."""
        ...

    def promises(self) -> Sequence[Promise]:
        """What was written down of all questions that have no answer yet."""
        ...

    def warm(self, head: str) -> None:
        """Write down that the service has just cached a head for an hour."""
        ...

    def warmed(self, head: str) -> float:
        """When a head was cached last (seconds of the clock on the wall, 0 for never)."""
        ...

    def lost(self, call: Call) -> None:
        """Leave a reservation as it is for good: the call brought nothing and may have been billed."""
        ...

    def release(self, call: Call) -> None:
        """Take a reservation back: the call was certainly not billed."""
        ...


class Backend(Protocol):
    """Questions are handed in together and collected one by one, so that a batch service fits too."""

    name: str

    def submit(self, packets: Sequence[Packet]) -> list[Ticket]: ...

    def collect(self, ticket: Ticket) -> Answer | None:
        """The answer, or None when it is not there yet. Raises DecisionsError when there will be none."""
        ...

    def stop(self) -> None:
        """Give up what is under way; those who wait for it get Unanswered."""
        ...
