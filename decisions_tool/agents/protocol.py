"""What a backend is: packets in, answers out. Executors are a protocol and a table, not plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


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


@dataclass(frozen=True)
class Packet:
    """One question to one agent: everything that it is told, and nothing else.

    ``documents`` maps path to text and is exactly what the slot may read; ``about`` names what the slot is for (component, track,
    concern) where its name does not say all.
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
    """A question that was handed in; ``waits_for`` says for what a person is needed."""

    packet: Packet
    waits_for: str = ""


class Backend(Protocol):
    """Questions are handed in together and collected one by one, so that a batch service fits too."""

    name: str

    def submit(self, packets: Sequence[Packet]) -> list[Ticket]: ...

    def collect(self, ticket: Ticket) -> Answer | None:
        """The answer, or None when it is not there yet. Raises DecisionsError when there will be none."""
        ...
