"""The decision workflow as a table. Pure."""

from __future__ import annotations

from decisions_tool.workflows.phases import Phase
from decisions_tool.workflows.steps import starting

DECISION: tuple[Phase, ...] = (starting("framing"),)
