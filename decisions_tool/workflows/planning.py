"""The planning workflow as a table: request, roadmap, panel, reviews, concerns, tracks, contract, designs, resolution. Pure."""

from __future__ import annotations

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
from decisions_tool.workflows.steps import filled, held, one, path_for, paths, remove, starting, whole
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
    resolved,
    unresolved_findings,
    write_concerns,
    write_contract,
    write_owners,
    write_panel,
    write_plan,
    write_resolution,
    write_roadmap,
    write_skeleton,
)  # fmt: skip


def _owned(case: Case, slot: str) -> bool:
    return all(concern.owner for concern in concerns_of(case).concerns)


def _reviewer(case: Case, slot: str) -> dict[str, str]:
    expert = case.settings.expert(slot)
    return {"name": expert.name, "lens": expert.lens, "catches": expert.catches}


PLANNING: tuple[Phase, ...] = (
    starting("request"),
    Phase(
        "roadmap", "roadmap researched by {slot}", ("request",), "roadmap", "architect", one("architect"),
        done=held("roadmap"), write=write_roadmap, clear=remove("roadmap"), answer="roadmap",
        inputs=paths("request"), path=path_for("roadmap"), owes=("prior-art",),
    ),
    Phase(
        "plan", "roadmap planned by {slot}", ("request", "roadmap"), "roadmap", "planner", one("planner"),
        done=lambda case, slot: roadmap_of(case).plan is not None, write=write_plan, clear=clear_plan, answer="plan",
        inputs=paths("request", "roadmap"),
    ),
    Phase(
        "panel", "panel chosen", ("request", "roadmap"), "roadmap", RULE, lambda case: ("panel",),
        done=lambda case, slot: roadmap_of(case).meta.panel is not None, write=write_panel, clear=clear_panel, tells=told_panel,
        inputs=paths("request", "roadmap"),
    ),
    Phase(
        "review", "reviewed by {slot}", ("request", "roadmap"), "review", "expert", panel_of,
        done=filled("review"), write=whole("review", "done", "expert"), clear=remove("review"), answer="review",
        inputs=paths("request", "roadmap"), about=_reviewer, path=path_for("review"), tells=told_review,
    ),
    Phase(
        "concerns", "concerns consolidated by {slot}", ("roadmap", "review"), "concerns", "consolidator", one("consolidator"),
        applies=lambda case: bool(panel_of(case)), done=held("concerns"), write=write_concerns, clear=remove("concerns"),
        answer="concerns", inputs=paths("roadmap", "review"), path=path_for("concerns"), verify=coverage_findings, tells=told_concerns,
    ),
    Phase(
        "owners", "concerns owned, by {slot}", ("roadmap", "concerns"), "concerns", "architect", one("architect"),
        applies=lambda case: bool(panel_of(case)), done=_owned, write=write_owners, clear=clear_owners, answer="owners",
        inputs=paths("roadmap", "concerns"), tells=told_owners,
    ),
    Phase(
        "research", "{slot} researched", ("request", "roadmap", "concerns"), "research", "researcher",
        lambda case: tuple(subsystems(case)), applies=parallel, done=filled("research"),
        write=whole("research", "done", "researcher"), clear=remove("research"), answer="research",
        inputs=paths("request", "roadmap", "concerns"), about=lambda case, slot: {"component": subsystems(case).get(slot, slot)},
        path=path_for("research"),
    ),
    Phase(
        "synthesis", "research synthesised", ("research",), "synthesis", "architect", lambda case: ("synthesis",),
        applies=parallel, done=held("synthesis"), write=whole("synthesis", "done", "architect"), clear=remove("synthesis"),
        answer="synthesis", inputs=paths("roadmap", "concerns", "research"), path=path_for("synthesis"),
    ),
    Phase(
        "skeleton", "contract reserved", ("roadmap", "concerns"), "contract", RULE, lambda case: ("skeleton",),
        applies=parallel, done=held("contract"), write=write_skeleton, clear=remove("contract"), inputs=paths("roadmap", "concerns"),
        tells=told_contract,
    ),
    Phase(
        "contract", "contract agreed", ("synthesis", "concerns", "contract"), "contract", "architect", lambda case: ("contract",),
        applies=parallel, done=agreed, write=write_contract, clear=clear_contract, answer="contract",
        inputs=paths("roadmap", "concerns", "synthesis", "contract"), verify=unresolved_findings,
    ),
    Phase(
        "design", "{slot} designed", ("roadmap", "concerns", "synthesis", "contract"), "design", "designer",
        lambda case: tuple(tracks_by_slug(case)), applies=parallel, done=filled("design"),
        write=whole("design", "done", "designer", design_path), clear=remove("design"), answer="design",
        inputs=paths("roadmap", "concerns", "synthesis", "contract"),
        about=lambda case, slot: {
            "track": str(tracks_by_slug(case)[slot][0]), "component": tracks_by_slug(case)[slot][1],
            "contract": contract_path(case).rpartition("/")[2],
        },
        path=design_path,
    ),
    Phase(
        "resolution", "{slot} resolved", ("roadmap", "concerns", "contract", "design"), "concerns", "architect", concern_slots,
        done=resolved, write=write_resolution, clear=clear_resolution, answer="resolution",
        inputs=paths("roadmap", "concerns", "contract", "design"), about=lambda case, slot: {"concern": slot}, tells=told_resolution,
    ),
)  # fmt: skip
