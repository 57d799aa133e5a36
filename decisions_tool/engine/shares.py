"""What one of many runners may spend: they cannot ask each other, so each has its part of what is left. It pays nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from decimal import Decimal

from decisions_tool.config import Budget
from decisions_tool.engine.till import Drawer, Entry
from decisions_tool.ledger.costs import paid
from decisions_tool.ledger.repository import Repository
from decisions_tool.workflows.planner import Ask


def share(till: Drawer, repository: Repository, tip: str, ask: Ask, asks: Sequence[Ask], budget: Budget) -> Budget:
    """A budget for one slot, such that all open slots of a commit together keep the one of the configuration."""
    made = {}
    if budget.case is not None:
        of_case = [other for other in asks if other.case == ask.case]
        made["case"] = _part(till.entries.values(), budget.case, till.spent(ask.case), ask, of_case)
    if budget.day is not None:
        today = time.strftime("%Y-%m-%d", time.gmtime())
        mine = [entry for entry in till.entries.values() if entry.day == today]
        elsewhere = sum((p.usd or Decimal() for p in paid(repository, "", tip) if p.day == today), Decimal())
        elsewhere -= sum((entry.counts for entry in mine if entry.recorded), Decimal())
        made["day"] = _part(mine, budget.day - max(elsewhere, Decimal()), till.today(), ask, asks)
    return budget.model_copy(update=made)


def _part(entries: Iterable[Entry], limit: Decimal, spent: Decimal, ask: Ask, asks: Sequence[Ask]) -> Decimal:
    """What the till may have counted when a slot has used its part; what open slots have used already is part of theirs."""
    names = {(other.case, other.phase, other.slot) for other in asks}
    used = {name: Decimal() for name in names}
    for entry in entries:
        if (name := (entry.case, entry.phase, entry.slot)) in names and not entry.recorded:
            used[name] += entry.counts
    left = limit - (spent - sum(used.values()))
    own = used[ask.case, ask.phase, ask.slot]
    return spent - own + left / len(names)
