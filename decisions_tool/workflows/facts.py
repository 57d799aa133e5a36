"""What a planning case says: its panel, its concerns, its tracks. Pure."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from decisions_tool.documents.concerns import Concerns
from decisions_tool.documents.review import Review
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.errors import DecisionsError
from decisions_tool.rules.tracks import Owned, TrackPlan, plan_tracks
from decisions_tool.text import slugify
from decisions_tool.workflows.case import Case, D

if TYPE_CHECKING:
    from decisions_tool.documents.contract import Contract


def need(case: Case, kind: type[D]) -> D:
    """The document of a kind, or DecisionsError."""
    found = case.find(kind)
    if found is None:
        raise DecisionsError(f"{case.path(kind.KIND)} is missing", f"decisions why {quote(case.slug)}")
    return found


def roadmap_of(case: Case) -> Roadmap:
    return need(case, Roadmap)


def concerns_of(case: Case) -> Concerns:
    return need(case, Concerns)


def reviews_of(case: Case) -> dict[str, Review]:
    """Expert -> review."""
    return {slot: case.read(Review, path) for slot, path in case.slots("review").items()}


def contract_path(case: Case) -> str:
    return next(iter(case.paths("contract")), "")


def contract_of(case: Case) -> Contract | None:
    """The contract, whose kind is imported once there is one: most cases that are looked at have none yet."""
    path = contract_path(case)
    if not path:
        return None
    from decisions_tool.documents.contract import Contract

    return case.read(Contract, path)


def tracks_by_slug(case: Case) -> dict[str, tuple[int, str]]:
    """Slot of a design -> (number, component) of its track."""
    return {slugify(name): (number, name) for number, name in further_tracks(case)}


def panel_of(case: Case) -> tuple[str, ...]:
    roadmap = case.find(Roadmap)
    return case.settings.panel(roadmap.meta.panel) if roadmap and roadmap.meta.panel else ()


def track_plan(case: Case) -> TrackPlan:
    """The 25 % rule on this case's concerns."""
    roadmap, concerns = case.find(Roadmap), case.find(Concerns)
    primary = roadmap.plan.statements.primary if roadmap and roadmap.plan else None
    owned = [Owned(c.id, c.severity, c.owner) for c in concerns.concerns] if concerns else []
    rule = case.settings.tracks
    return plan_tracks(primary, owned, rule.counted, rule.share)


def further_tracks(case: Case) -> tuple[tuple[int, str], ...]:
    """(number, component) of every track beside the primary; the contract, once there, decides."""
    contract = contract_of(case)
    if contract is not None:
        return tuple((track.number, track.name) for track in contract.tracks if track.number > 1)
    return tuple(enumerate(track_plan(case).tracks, start=2))


def parallel(case: Case) -> bool:
    return bool(further_tracks(case))


def subsystems(case: Case) -> dict[str, str]:
    """Slug -> name of everything that research looks at."""
    said = roadmap_of(case).plan
    names = [said.statements.primary, *said.statements.subsystems] if said else []
    names += [name for _, name in further_tracks(case)]
    return {slugify(name): name for name in names}


# ---------------------------------------------------------------------- what the log says


def told_panel(case: Case, slot: str) -> str:
    meta = roadmap_of(case).meta
    return f"{meta.panel}, {meta.panel_reason}"


def told_review(case: Case, slot: str) -> str:
    return _severities([finding.severity for finding in reviews_of(case)[slot].findings]) or "no findings"


def told_concerns(case: Case, slot: str) -> str:
    return _severities([concern.severity for concern in concerns_of(case).concerns]) or "no concerns"


def _severities(found: list[str]) -> str:
    counts = ((name, found.count(name)) for name in ("critical", "important", "nice-to-have", "question"))
    return ", ".join(f"{count} {name}" for name, count in counts if count)


def told_owners(case: Case, slot: str) -> str:
    plan = track_plan(case)
    verdict = f"{len(plan.tracks) + 1} tracks" if plan.tracks else "one track"
    return f"{plan.decisive.elsewhere} of {plan.decisive.counted} elsewhere, {verdict}"


def told_contract(case: Case, slot: str) -> str:
    contract = contract_of(case)
    assert contract is not None
    return f"{contract_path(case).rpartition('/')[2]}, {len(contract.tracks)} tracks"


def told_resolution(case: Case, slot: str) -> str:
    settled = next((c.resolution for c in concerns_of(case).concerns if c.id == slot), None)
    return settled.decision if settled else ""
