"""Which experts review a roadmap, from what the roadmap states. Pure."""

from __future__ import annotations

from decisions_tool.documents.roadmap import Statements

SMALL = 100


def choose_panel(said: Statements, wanted: str | None) -> tuple[str, str]:
    """(panel, reason): none for one small module, full for a long-lived change of several, else mini."""
    if wanted:
        return wanted, "the request asks for it"
    subsystems = {name.casefold() for name in (said.primary, *said.subsystems)}
    if len(subsystems) == 1 and said.lines_of_code < SMALL:
        return "none", f"one module and {said.lines_of_code} lines, under {SMALL}"
    if len(subsystems) >= 2 and said.horizon == "long-term":
        return "full", f"{len(subsystems)} subsystems with long-term impact"
    several = "1 subsystem" if len(subsystems) == 1 else f"{len(subsystems)} subsystems"
    return "mini", f"{several}, {said.lines_of_code} lines, {said.horizon}"
