"""What a case still takes: calls, tokens by class and USD by phase. Lengths come from this repository's own history where it has any.

Nothing is sent. A prompt that can be made is measured; one that cannot yet be is put together from what its phase will read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean
from typing import NamedTuple

from decisions_tool.agents.backends import PACKED
from decisions_tool.agents.prices import Tariff, Usage, tariff
from decisions_tool.agents.protocol import Packet
from decisions_tool.engine.packing import CHARACTERS
from decisions_tool.engine.run import Engine
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.costs import Paid, paid
from decisions_tool.ledger.repository import Repository
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.phases import RULE, Phase
from decisions_tool.workflows.planner import Ask
from decisions_tool.workflows.tables import table

#: Tokens of an answer, and of what a phase's prompt holds beside documents, where no history tells.
_OUT = {
    "propose": 2_500,
    "vote": 1_800,
    "runoff": 1_800,
    "confirm": 900,
    "synthesise": 3_000,
    "identity": 3_000,
    "judge": 200,
}
_OUT_OTHERS, _FRAME = 1_500, 900
#: Approaches that a voter sees, and which part of a proposal of each.
_APPROACHES, _SHOWN = 4, 0.8
#: Phases that only some questions come to; they are not counted before they are due.
_RARE = {"confirm", "patch", "runoff", "refine", "compose", "hybrid"}


class Row(NamedTuple):
    """One phase: tokens by class, ``usd`` None for a model without a price, ``why`` what was decided about key files."""

    phase: str
    backend: str
    model: str
    calls: int
    input: int
    output: int
    cache_write: int
    cache_read: int
    usd: Decimal | None
    why: str = ""

    @property
    def tokens_in(self) -> int:
        return self.input + self.cache_write + self.cache_read


@dataclass
class _Past:
    """What answers of a phase took so far, in tokens."""

    tail: float
    output: float
    again: float


class _Estimate:
    def __init__(self, repository: Repository, case: Case) -> None:
        self.case = case
        self.engine = Engine(repository)
        history = list(paid(repository))
        self.past, self.often = _past(history), _often(history)
        self.written: set[str] = set()
        self.head = 0

    def row(self, phase: Phase) -> Row:
        slots, known = _slots(self.case, phase)
        slots = slots or self._perhaps(phase, known)
        backend, model = (
            self.case.settings.backend(*slots[:1], phase.by),
            self.case.settings.model(*slots[:1], phase.by),
        )
        packets = [p for slot in slots if known and (p := self._packet(phase, slot, len(slots)))]
        found = tariff(model, self.case.settings.prices)
        head, tail = self._prompt(phase, packets)
        past = self.past.get(phase.name)
        output = round(past.output if past else _OUT.get(phase.name, _OUT_OTHERS)) * len(slots)
        usage = self._usage(len(slots), head, tail, output, found, backend, round(past.again) if past else 0)
        cost = found.cost(usage, backend == "batches") if backend in PACKED else Decimal()
        write, read = usage.write + usage.write_hour, usage.read
        return Row(
            phase.name,
            backend,
            model,
            len(slots),
            usage.input,
            usage.output,
            write,
            read,
            cost,
            self._why(phase, slots),
        )

    def _perhaps(self, phase: Phase, known: bool) -> tuple[str, ...]:
        """As many slots as questions of this repository have come to on average, of a phase that only some come to."""
        return () if known else tuple(f"{phase.name}-{n}" for n in range(round(self.often.get(phase.name, 0.0))))

    def _prompt(self, phase: Phase, packets: Sequence[Packet]) -> tuple[int, int]:
        """Tokens of the head, and of the tail of one slot."""
        past = self.past.get(phase.name)
        if packets:
            head = packets[0].shared // CHARACTERS
            tail = sum(len(packet.prompt) - packet.shared for packet in packets) // CHARACTERS // len(packets)
            if "key-files" in phase.owes:
                self.head = head
            return head, tail
        head = self.head if "key-files" in phase.owes else 0
        return head, round(past.tail) if past else self._tail(phase)

    def _tail(self, phase: Phase) -> int:
        """What the documents that a phase reads will come to."""
        proposals = _OUT["propose"] * len(_safe(self.case, "propose"))
        if phase.by == "voter":
            return round(_APPROACHES * _SHOWN * _OUT["propose"]) + _FRAME
        if phase.name in {"judge", "synthesise"}:
            return proposals + _FRAME
        return _OUT_OTHERS * max(1, len(phase.reads)) + _FRAME

    def _usage(self, calls: int, head: int, tail: int, output: int, found: Tariff, backend: str, again: int) -> Usage:
        """One write of a head for each model and every other read; what is too short for a cache is sent as it is."""
        name = f"{found.model} {head}"
        alone = backend == "batches" and calls < 2 and name not in self.written
        if not calls or backend not in PACKED or head < found.cacheable or alone:
            return Usage(calls * (head + tail), output)
        first = name not in self.written
        self.written.add(name)
        if backend == "batches":
            return Usage(calls * tail, output, write_hour=head if first else 0, read=calls * head)
        return Usage(calls * tail, output, head if first else 0, read=(calls - first) * head + calls * again)

    def _packet(self, phase: Phase, slot: str, together: int) -> Packet | None:
        try:
            return self.engine.asking.question(self.case, Ask(self.case.slug, phase.name, slot), together).packet
        except DecisionsError:
            return None

    def _why(self, phase: Phase, slots: Sequence[str]) -> str:
        if "key-files" not in phase.owes or not slots or self.case.settings.backend(slots[0], phase.by) not in PACKED:
            return ""
        packed = self.engine.asking.packed(self.case, phase, slots[0], len(slots))
        return packed.why if packed else ""


def estimate(repository: Repository, slug: str) -> list[Row]:
    """Phases that still ask somebody, in the order of the table."""
    head = repository.head()
    case = repository.case(head.oid, slug, repository.settings(head.oid))
    work = _Estimate(repository, case)
    rows = [work.row(phase) for phase in table(case.workflow) if phase.by != RULE]
    return [row for row in rows if row.calls]


def _past(every: Sequence[Paid]) -> dict[str, _Past]:
    """Means by phase; ``again`` is what a slot read from the cache beyond its head, in further turns."""
    found = {}
    for name in {item.phase for item in every if item.usage}:
        mine = [item.usage for item in every if item.phase == name and item.usage]
        calls = fmean(max(1, usage.get("calls", 1)) for usage in mine)
        cached = fmean(usage.get("cache-read", 0) + usage.get("cache-write", 0) for usage in mine)
        tail, output = (fmean(usage.get(key, 0) for usage in mine) for key in ("input", "output"))
        found[name] = _Past(tail, output, cached - cached / calls)
    return found


def _often(every: Sequence[Paid]) -> dict[str, float]:
    """How many answers of each rare phase a question has had, on average."""
    cases = {item.case for item in every if item.phase == "propose"}
    return {name: sum(item.phase == name for item in every) / len(cases) for name in _RARE} if cases else {}


def _safe(case: Case, name: str) -> tuple[str, ...]:
    phase = next((phase for phase in table(case.workflow) if phase.name == name), None)
    try:
        return phase.slots(case) if phase else ()
    except DecisionsError:
        return ()


def _slots(case: Case, phase: Phase) -> tuple[tuple[str, ...], bool]:
    """Slots that are open, and whether the case has come far enough to know."""
    try:
        return (phase.missing(case), True) if phase.applies(case) else ((), True)
    except DecisionsError:
        pass
    return (() if phase.name in _RARE else _safe(case, phase.name)), False
