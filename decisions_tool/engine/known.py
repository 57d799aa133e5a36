"""What was planned before, kept from one round to the next: only cases that changed are read and planned again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from decisions_tool.config import Settings
from decisions_tool.errors import DecisionsError
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.planner import Ask, Outlook
from decisions_tool.workflows.tables import row


class Known:
    """Outlooks that were planned before; each holds while settings and folder of its case stay. One engine may hand it to the next."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._outlooks: dict[str, tuple[str, Outlook]] = {}
        self._over: dict[str, str] = {}

    def begin(self, settings: Settings, over: Callable[[], dict[str, str]]) -> None:
        """Forget what other settings led to; ``over`` says slug -> state of the cases that nobody has to look at."""
        if settings is not self._settings:
            self._settings, self._outlooks, self._over = settings, {}, over()

    def over(self, slug: str, state: str) -> bool:
        return self._over.get(slug) == state

    def get(self, slug: str, state: str) -> Outlook | None:
        held = self._outlooks.get(slug)
        return held[1] if held and held[0] == state else None

    def put(self, slug: str, state: str, outlook: Outlook) -> Outlook:
        self._outlooks[slug] = (state, outlook)
        return outlook


class Seen(NamedTuple):
    """A case and what is next in it; the case itself is read only where something is to be done."""

    slug: str
    outlook: Outlook
    case: Case | None

    def narrowed(self, phases: Sequence[str]) -> Seen:
        """The case with what these phases have to do, and nothing else."""
        kept = tuple(action for action in self.outlook.actions if action.phase in phases)
        return self._replace(outlook=self.outlook._replace(actions=kept))


def asks(cases: Sequence[Seen]) -> list[tuple[Case, Ask]]:
    """What agents have to answer, each with its case."""
    return [
        (seen.case, action)
        for seen in cases
        for action in seen.outlook.actions
        if isinstance(action, Ask) and seen.case is not None
    ]


def apart(due: list[tuple[Case, Ask]]) -> list[tuple[Case, Ask]]:
    """The questions without those that would write what another one writes: several cases may want one identity."""
    kept: dict[object, tuple[Case, Ask]] = {}
    for case, ask in due:
        path = row(case.workflow, ask.phase).path(case, ask.slot)
        kept.setdefault(path or (ask.case, ask.phase, ask.slot), (case, ask))
    return list(kept.values())


def answered(case: Case, name: str, slot: str) -> bool:
    """Whether a case holds what a slot of a phase was asked for."""
    try:
        phase = row(case.workflow, name)
        return slot in phase.slots(case) and phase.done(case, slot)
    except DecisionsError:
        return False
