"""What a planning case says: its panel, its concerns, its tracks. Pure."""

from __future__ import annotations

from decisions_tool.documents.concerns import Concerns
from decisions_tool.documents.contract import Contract
from decisions_tool.documents.review import Review
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.errors import DecisionsError
from decisions_tool.rules.tracks import Owned, TrackPlan, plan_tracks
from decisions_tool.text import slugify
from decisions_tool.workflows.case import Case, D


def need(case: Case, kind: type[D]) -> D:
    """The document of a kind, or DecisionsError."""
    found = case.find(kind)
    if found is None:
        raise DecisionsError(f"{case.path(kind.KIND)} is missing", f"decisions why {case.slug}")
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
    contract = case.find(Contract)
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


