"""What a case still takes: calls and tokens by phase, from the packets where they can be made, else from what is known of such answers."""

from __future__ import annotations

from typing import NamedTuple

from decisions_tool.engine.packets import make_packet
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.repository import Repository
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.phases import RULE, Phase
from decisions_tool.workflows.tables import table

#: Characters a token, and tokens of an answer where no better figure is known.
_CHARACTERS = 4
_OUT = {
    "propose": 2_500,
    "vote": 1_800,
    "runoff": 900,
    "confirm": 900,
    "synthesise": 3_000,
    "hybrid": 2_500,
    "identity": 3_000,
}
_OUT_OTHERS = 1_500
_IN_OTHERS = 4_000
#: Phases that only some questions come to; they are not counted before they are due.
_RARE = {"confirm", "patch", "runoff", "refine", "compose", "hybrid"}


class Row(NamedTuple):
    """One phase: ``input`` and ``output`` in tokens."""

    phase: str
    backend: str
    calls: int
    input: int
    output: int


def estimate(repository: Repository, slug: str) -> list[Row]:
    """Phases that still ask somebody, in the order of the table."""
    head = repository.head()
    case = repository.case(head.oid, slug, repository.settings(head.oid))
    rows = [_row(repository, case, phase) for phase in table(case.workflow) if phase.by != RULE]
    return [row for row in rows if row.calls]


def _row(repository: Repository, case: Case, phase: Phase) -> Row:
    slots, known = _slots(case, phase)
    prompts = [size for slot in slots if known and (size := _size(repository, case, phase, slot))]
    each = sum(prompts) // len(prompts) if prompts else _IN_OTHERS
    backend = case.settings.backend(*slots[:1], phase.by)
    return Row(phase.name, backend, len(slots), each * len(slots), _OUT.get(phase.name, _OUT_OTHERS) * len(slots))


def _slots(case: Case, phase: Phase) -> tuple[tuple[str, ...], bool]:
    """Slots that are open, and whether the case has come far enough to know."""
    try:
        return (phase.missing(case), True) if phase.applies(case) else ((), True)
    except DecisionsError:
        pass
    try:
        return ((), False) if phase.name in _RARE else (phase.slots(case), False)
    except DecisionsError:
        return (), False


def _size(repository: Repository, case: Case, phase: Phase, slot: str) -> int:
    """Tokens of the prompt of a slot; 0 where it cannot be made yet."""
    try:
        return len(make_packet(case, phase, slot, repository.place.root).prompt) // _CHARACTERS
    except DecisionsError:
        return 0
