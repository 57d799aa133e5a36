"""What was paid, by phase, role, model, case or day: from history, and from what this clone has paid and not recorded yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from decisions_tool.engine.till import Drawer
from decisions_tool.ledger.costs import Paid, paid
from decisions_tool.ledger.repository import Repository
from decisions_tool.workflows.tables import NAMES, table


class Spending(NamedTuple):
    """``open`` is the part that no commit carries yet, ``perhaps`` what calls without an answer may have cost besides."""

    items: tuple[Paid, ...]
    open: Decimal
    perhaps: Decimal

    @property
    def usd(self) -> Decimal:
        return sum((item.usd for item in self.items if item.usd is not None), Decimal())

    @property
    def unpriced(self) -> int:
        return sum(item.usd is None for item in self.items)


class Spent(NamedTuple):
    """One line: tokens by class, and how many answers have no price."""

    name: str
    totals: dict[str, int]
    usd: Decimal
    unpriced: int


def spending(repository: Repository, case: str = "") -> Spending:
    """Everything that is known to be paid, or may be; of all cases, or of one."""
    entries = [e for e in Drawer(repository.place).entries.values() if not e.recorded and case in {"", e.case}]
    mine = [Paid(e.case, e.phase, e.slot, "", e.model, e.usd, {}, e.day) for e in entries if e.state == "paid"]
    perhaps = sum((e.counts for e in entries if e.state == "open"), Decimal())
    return Spending((*paid(repository, case), *mine), sum((item.usd or Decimal() for item in mine), Decimal()), perhaps)


_ROLES = {phase.name: phase.by for workflow in NAMES for phase in table(workflow)}


def grouped(items: Iterable[Paid], by: str) -> Sequence[Spent]:
    """The sums of each group, dearest first; of everything where ``by`` is empty."""
    groups: dict[str, list[Paid]] = {} if by else {"all": []}
    for item in items:
        name = _ROLES.get(item.phase, "") if by == "role" else str(getattr(item, by)) if by else "all"
        groups.setdefault(name, []).append(item)
    return sorted((_sum(name, found) for name, found in groups.items()), key=lambda group: (-group.usd, group.name))


def _sum(name: str, items: Sequence[Paid]) -> Spent:
    def tokens(*keys: str) -> int:
        return sum(item.usage.get(key, 0) for item in items for key in keys)

    totals = {
        "answers": len(items), "input": tokens("input", "cache-write", "cache-write-hour", "cache-read"), "output": tokens("output"),
        "cache_write": tokens("cache-write", "cache-write-hour"), "cache_read": tokens("cache-read"),
    }  # fmt: skip
    usd = sum((item.usd for item in items if item.usd is not None), Decimal())
    return Spent(name, totals, usd, sum(item.usd is None for item in items))
