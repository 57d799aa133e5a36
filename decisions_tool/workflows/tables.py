"""The tables of phases by workflow, and their rows by name. Pure."""

from __future__ import annotations

from decisions_tool.errors import DecisionsError
from decisions_tool.workflows.phases import Phase

NAMES = ("planning", "decision")


def table(workflow: str) -> tuple[Phase, ...]:
    """The rows of a workflow; its module is imported when the first case of it is met."""
    if workflow == "decision":
        from decisions_tool.workflows.decision import DECISION

        return DECISION
    from decisions_tool.workflows.planning import PLANNING

    return PLANNING


def row(workflow: str, name: str) -> Phase:
    """A row by its name; DecisionsError names the rows there are."""
    rows = {phase.name: phase for phase in table(workflow)}
    if name not in rows:
        raise DecisionsError(f"the {workflow} workflow has no phase {name!r}", f"one of: {', '.join(rows)}")
    return rows[name]
