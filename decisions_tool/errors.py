"""What can go wrong, said so that a person can act on it. Nothing here prints or exits.

DecisionsError            one sentence and the exact next command; exit 1
├── DocumentError         findings with path, line and column; exit 1
├── Busy                  another writer holds a lock; exit 1
├── Denied                the disk, or its permissions, refuse a file; exit 1
├── Moved                 the branch moved under a write; the engine plans again
├── Edited                a person has uncommitted changes where a document would be written
└── WaitingForPeople      nothing is left for the program to do; exit 4
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self


class Finding(NamedTuple):
    """One remark about one place; ``line`` and ``column`` count from 1, 0 where there is none."""

    rule: str
    severity: str
    path: str
    line: int
    column: int
    message: str
    hint: str = ""


class DecisionsError(Exception):
    """An expected failure: ``message`` says what is wrong and where, ``hint`` the next command."""

    exit_code = 1
    #: What a person reads before the message, and its meaning for colours.
    heading, meaning = "Error", "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DocumentError(DecisionsError):
    """A document that cannot be read as what it claims to be."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        first = self.findings[0]
        more = len(self.findings) - 1
        tail = f" (and {more} more)" if more else ""
        super().__init__(f"{first.path}:{first.line}:{first.column}: {first.message}{tail}", first.hint)


class Busy(DecisionsError):
    """Somebody else is writing; nothing was changed."""


class Denied(DecisionsError):
    """The disk, or its permissions, refuse a file; an answer that was to go there is kept."""


class Moved(DecisionsError):
    """The branch or a document changed between reading and writing; nothing was changed."""


class Edited(DecisionsError):
    """A person is at work on the file that would be written; nothing was changed."""


class WaitingForPeople(DecisionsError):
    """The run is waiting for a person, which is no error."""

    exit_code = 4
    heading, meaning = "Waiting for people", "waiting"

    @classmethod
    def answers(cls, count: int, command: str) -> Self:
        """Of so many answers and approvals; ``command`` brings the first."""
        return cls(f"{count} {'answer or approval' if count == 1 else 'answers or approvals'}", command)
