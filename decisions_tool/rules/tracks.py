"""The 25 % rule: does a design need parallel tracks, and which. Integers only; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SHARED = "contract"


class Owned(NamedTuple):
    """A concern as the rule sees it: its severity and the component that must change to resolve it."""

    id: str
    severity: str
    owner: str | None


class Reading(NamedTuple):
    """One way to count; ``needed`` is ``100 * elsewhere > share * counted``."""

    rule: str
    elsewhere: int
    counted: int
    needed: bool


class TrackPlan(NamedTuple):
    primary: str | None
    readings: tuple[Reading, ...]
    unassigned: tuple[str, ...]
    components: tuple[str, ...]

    @property
    def decisive(self) -> Reading:
        return self.readings[0]

    @property
    def tracks(self) -> tuple[str, ...]:
        """Components with a track of their own beside the primary one, when the rule asks for tracks."""
        return self.components if self.decisive.needed else ()


def plan_tracks(primary: str | None, concerns: Sequence[Owned], counted: Sequence[str], share: int) -> TrackPlan:
    """Apply the rule; without a primary component nothing can be elsewhere."""
    weighed = [c for c in concerns if c.severity in counted]
    wider = [c for c in concerns if c.severity in {*counted, "nice-to-have"}]
    names = ", ".join(counted)
    away = _elsewhere(primary, weighed)
    readings = (
        _reading(names, away, weighed, share),
        _reading(f"{names}; contract counts as elsewhere", away + _shared(primary, weighed), weighed, share),
        _reading(f"{names}, nice-to-have", _elsewhere(primary, wider), wider, share),
    )
    unassigned = tuple(c.id for c in concerns if not c.owner)
    return TrackPlan(primary, readings, unassigned, _components(primary, weighed))


def _reading(rule: str, elsewhere: int, concerns: Sequence[Owned], share: int) -> Reading:
    return Reading(rule, elsewhere, len(concerns), 100 * elsewhere > share * len(concerns))


def _others(primary: str | None, concerns: Iterable[Owned]) -> list[Owned]:
    if primary is None:
        return []
    return [c for c in concerns if c.owner and c.owner.casefold() not in {primary.casefold(), SHARED}]


def _elsewhere(primary: str | None, concerns: Iterable[Owned]) -> int:
    return len(_others(primary, concerns))


def _shared(primary: str | None, concerns: Iterable[Owned]) -> int:
    return sum((c.owner or "").casefold() == SHARED for c in concerns) if primary else 0


def _components(primary: str | None, weighed: Sequence[Owned]) -> tuple[str, ...]:
    """Other components with two counted concerns or one critical one, most concerns first."""
    others = _others(primary, weighed)
    spelled = {(c.owner or "").casefold(): c.owner or "" for c in reversed(others)}
    count = Counter((c.owner or "").casefold() for c in others)
    grave = {(c.owner or "").casefold() for c in others if c.severity == "critical"}
    chosen = [name for name in count if count[name] >= 2 or name in grave]
    return tuple(spelled[name] for name in sorted(chosen, key=lambda name: (-count[name], name)))
