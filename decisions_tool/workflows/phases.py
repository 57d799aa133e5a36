"""What a row of a workflow's table is, and what a transition changes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from decisions_tool.documents.base import Document, Meta
from decisions_tool.errors import Finding
from decisions_tool.workflows.case import Case

#: Repository path -> new text, or None where the file goes.
Changes: TypeAlias = "dict[str, str | None]"
RULE = "rule"
#: Who answers where many do, each in a way of their own: ``about`` says which.
SEATED = ("expert", "proposer", "voter")


class Reply(NamedTuple):
    """An answer with its provenance; ``inputs`` maps the paths that were read to their blob ids, ``day`` is its date."""

    body: str
    backend: str
    day: str
    model: str | None = None
    rehearsal: bool = False
    unmet: tuple[str, ...] = ()
    usage: Mapping[str, str] = {}  # never changed
    created: str | None = None
    inputs: Mapping[str, str] = {}  # never changed


Slots: TypeAlias = Callable[[Case], tuple[str, ...]]


def always(case: Case) -> bool:
    return True


def nothing(case: Case) -> list[Finding]:
    return []


class Halt(NamedTuple):
    """What keeps a phase from being begun until a person acts: why, and the command."""

    why: str
    command: str


def _no_halt(case: Case) -> Halt | None:
    return None


def _no_details(case: Case, slot: str) -> dict[str, str]:
    return {}


def _no_path(case: Case, slot: str) -> str:
    return ""


class Phase(NamedTuple):
    """One row.

    ``reads`` and ``writes`` are document kinds, ``answer`` the kind of what an agent returns (empty where a rule computes).
    ``by`` is a role of the configuration, ``expert`` for the panel, or ``rule``. ``path`` is the slot's own file, empty where
    the answer becomes a part of a document. ``guard`` says what must be mended before the phase begins, ``halt`` for which
    person it waits, ``verify`` why its outcome cannot stand; ``tells`` adds to the headline of the commit. ``shows`` are the
    documents that an agent gets where they are not its inputs as they are. ``judge`` says why changes cannot come
    from an answer of a row that writes more than its own document. ``beyond`` says whether the
    row writes a path outside the folder of its case. ``owes`` names what an agent has to do besides: know the key-files,
    look for prior-art.
    """

    name: str
    says: str
    reads: tuple[str, ...]
    writes: str
    by: str
    slots: Slots
    done: Callable[[Case, str], bool]
    write: Callable[[Case, str, Reply | None], Changes]
    clear: Callable[[Case, str], Changes]
    answer: str = ""
    inputs: Callable[[Case, str], tuple[str, ...]] = lambda case, slot: ()
    applies: Callable[[Case], bool] = always
    guard: Callable[[Case], list[Finding]] = nothing
    halt: Callable[[Case], Halt | None] = _no_halt
    verify: Callable[[Case], list[Finding]] = nothing
    judge: Callable[[Case, dict[str, str | None]], str] | None = None
    beyond: Callable[[Case, str], bool] = lambda case, path: False
    shows: Callable[[Case, str], dict[str, str]] | None = None
    about: Callable[[Case, str], dict[str, str]] = _no_details
    path: Callable[[Case, str], str] = _no_path
    tells: Callable[[Case, str], str] = _no_path
    owes: tuple[str, ...] = ()

    def missing(self, case: Case) -> tuple[str, ...]:
        return tuple(slot for slot in self.slots(case) if not self.done(case, slot))

    def headline(self, after: Case, slot: str) -> str:
        """What the transition did, for the log; ``after`` is the case with its changes."""
        told = self.tells(after, slot)
        return self.says.format(slot=slot) + (f": {told}" if told else "")


def stamp(kind: type[Document], case: Case, slot: str, reply: Reply, phase: str, role: str, status: str) -> Meta:
    """Front matter of a new document: its state and where it came from."""
    values: dict[str, object] = {
        "type": kind.KIND, "case": case.slug, "phase": phase, "status": status,
        "pinned": case.pinned, "role": role, "agent": slot, "backend": reply.backend,
        "model": reply.model, "rehearsal": reply.rehearsal or None, "unmet": list(reply.unmet) or None,
        "inputs": dict(sorted(reply.inputs.items())) or None, "usage": dict(reply.usage) or None, "created": reply.created,
    }  # fmt: skip
    return kind.META.model_validate({key: value for key, value in values.items() if value is not None})
