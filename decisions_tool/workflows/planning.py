"""The planning workflow as a table: request, roadmap, panel, reviews, concerns, tracks, contract, designs, resolution. Pure."""

from __future__ import annotations

from collections.abc import Callable

from decisions_tool.documents.design import Design
from decisions_tool.documents.paths import task_path
from decisions_tool.documents.research import Research, Synthesis
from decisions_tool.documents.review import Review
from decisions_tool.errors import DecisionsError
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.facts import (
    concerns_of,
    contract_path,
    panel_of,
    parallel,
    roadmap_of,
    subsystems,
    told_concerns,
    told_contract,
    told_owners,
    told_panel,
    told_resolution,
    told_review,
    tracks_by_slug,
)  # fmt: skip
from decisions_tool.workflows.phases import RULE, Phase
from decisions_tool.workflows.writing import (
    agreed,
    clear_contract,
    clear_owners,
    clear_panel,
    clear_plan,
    clear_resolution,
    concern_slots,
    coverage_findings,
    design_path,
    remove,
    resolved,
    start,
    unresolved_findings,
    whole,
    write_concerns,
    write_contract,
    write_owners,
    write_panel,
    write_plan,
    write_resolution,
    write_roadmap,
    write_skeleton,
)  # fmt: skip


def _one(role: str) -> Callable[[Case], tuple[str, ...]]:
    return lambda case: (case.settings.role(role).agent,)


def _held(kind: str) -> Callable[[Case, str], bool]:
    return lambda case, slot: case.path(kind, slot if slot in case.slots(kind) else "") in case.files


def _filled(kind: str) -> Callable[[Case, str], bool]:
    return lambda case, slot: slot in case.slots(kind)


def _owned(case: Case, slot: str) -> bool:
    return all(concern.owner for concern in concerns_of(case).concerns)


def _paths(*kinds: str) -> Callable[[Case, str], tuple[str, ...]]:
    return lambda case, slot: tuple(path for kind in kinds for path in case.paths(kind))


def _reviewer(case: Case, slot: str) -> dict[str, str]:
    expert = case.settings.expert(slot)
    return {"name": expert.name, "lens": expert.lens, "catches": expert.catches}


def _path(kind: str) -> Callable[[Case, str], str]:
    return lambda case, slot: task_path(case.slug, kind, slot)


PLANNING: tuple[Phase, ...] = (
    Phase(
        "start", "started", ("request",), "request", RULE, lambda case: ("request",),
        done=lambda case, slot: case.request is not None and case.request.meta.status != "open" and case.request.meta.pinned is not None,
        write=start, clear=lambda case, slot: {}, inputs=_paths("request"),
    ),
    Phase(
        "roadmap", "roadmap researched by {slot}", ("request",), "roadmap", "architect", _one("architect"),
        done=_held("roadmap"), write=write_roadmap, clear=remove("roadmap"), answer="roadmap",
        inputs=_paths("request"), path=_path("roadmap"),
    ),
    Phase(
        "plan", "roadmap planned by {slot}", ("request", "roadmap"), "roadmap", "planner", _one("planner"),
        done=lambda case, slot: roadmap_of(case).plan is not None, write=write_plan, clear=clear_plan, answer="plan",
        inputs=_paths("request", "roadmap"),
    ),
    Phase(
        "panel", "panel chosen", ("request", "roadmap"), "roadmap", RULE, lambda case: ("panel",),
        done=lambda case, slot: roadmap_of(case).meta.panel is not None, write=write_panel, clear=clear_panel, tells=told_panel,
        inputs=_paths("request", "roadmap"),
    ),
    Phase(
        "review", "reviewed by {slot}", ("request", "roadmap"), "review", "expert", panel_of,
        done=_filled("review"), write=whole(Review, "done", "expert"), clear=remove("review"), answer="review",
        inputs=_paths("request", "roadmap"), about=_reviewer, path=_path("review"), tells=told_review,
    ),
    Phase(
        "concerns", "concerns consolidated by {slot}", ("roadmap", "review"), "concerns", "consolidator", _one("consolidator"),
        applies=lambda case: bool(panel_of(case)), done=_held("concerns"), write=write_concerns, clear=remove("concerns"),
        answer="concerns", inputs=_paths("roadmap", "review"), path=_path("concerns"), verify=coverage_findings, tells=told_concerns,
    ),
    Phase(
        "owners", "concerns owned, by {slot}", ("roadmap", "concerns"), "concerns", "architect", _one("architect"),
        applies=lambda case: bool(panel_of(case)), done=_owned, write=write_owners, clear=clear_owners, answer="owners",
        inputs=_paths("roadmap", "concerns"), tells=told_owners,
    ),
    Phase(
        "research", "{slot} researched", ("request", "roadmap", "concerns"), "research", "researcher",
        lambda case: tuple(subsystems(case)), applies=parallel, done=_filled("research"),
        write=whole(Research, "done", "researcher"), clear=remove("research"), answer="research",
        inputs=_paths("request", "roadmap", "concerns"), about=lambda case, slot: {"component": subsystems(case).get(slot, slot)},
        path=_path("research"),
    ),
    Phase(
        "synthesis", "research synthesised", ("research",), "synthesis", "architect", lambda case: ("synthesis",),
        applies=parallel, done=_held("synthesis"), write=whole(Synthesis, "done", "architect"), clear=remove("synthesis"),
        answer="synthesis", inputs=_paths("roadmap", "concerns", "research"), path=_path("synthesis"),
    ),
    Phase(
        "skeleton", "contract reserved", ("roadmap", "concerns"), "contract", RULE, lambda case: ("skeleton",),
        applies=parallel, done=_held("contract"), write=write_skeleton, clear=remove("contract"), inputs=_paths("roadmap", "concerns"),
        tells=told_contract,
    ),
    Phase(
        "contract", "contract agreed", ("synthesis", "concerns", "contract"), "contract", "architect", lambda case: ("contract",),
        applies=parallel, done=agreed, write=write_contract, clear=clear_contract, answer="contract",
        inputs=_paths("roadmap", "concerns", "synthesis", "contract"), verify=unresolved_findings,
    ),
    Phase(
        "design", "{slot} designed", ("roadmap", "concerns", "synthesis", "contract"), "design", "designer",
        lambda case: tuple(tracks_by_slug(case)), applies=parallel, done=_filled("design"),
        write=whole(Design, "done", "designer", design_path), clear=remove("design"), answer="design",
        inputs=_paths("roadmap", "concerns", "synthesis", "contract"),
        about=lambda case, slot: {
            "track": str(tracks_by_slug(case)[slot][0]), "component": tracks_by_slug(case)[slot][1],
            "contract": contract_path(case).rpartition("/")[2],
        },
        path=design_path,
    ),
    Phase(
        "resolution", "{slot} resolved", ("roadmap", "concerns", "contract", "design"), "concerns", "architect", concern_slots,
        done=resolved, write=write_resolution, clear=clear_resolution, answer="resolution",
        inputs=_paths("roadmap", "concerns", "contract", "design"), about=lambda case, slot: {"concern": slot}, tells=told_resolution,
    ),
)  # fmt: skip
_BY_NAME = {phase.name: phase for phase in PLANNING}


def by_name(name: str) -> Phase:
    """A row by its name; DecisionsError names the rows there are."""
    found = _BY_NAME.get(name)
    if found is None:
        raise DecisionsError(f"there is no phase {name!r}", f"one of: {', '.join(_BY_NAME)}")
    return found
