"""Commands on money: what a case will take, and what it has taken."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from decisions_tool.cli.common import as_json, opened, put_json
from decisions_tool.report.terminal import put, say, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from decisions_tool.engine.estimate import Row
    from decisions_tool.engine.spending import Spent

_COUNTS = ("calls", "input", "output", "cache_write", "cache_read")
_VOTING = {"vote", "runoff", "confirm"}


@click.command()
@click.argument("case")
@as_json
@click.pass_obj
def estimate(folder: Path, case: str, as_json: bool) -> None:
    """Calls, tokens and USD that a case still takes, phase by phase, with 30 % to spare and without the vote."""
    from decisions_tool.agents.prices import price_list
    from decisions_tool.engine.estimate import estimate as work_out

    with opened(folder) as repository:
        rows = work_out(repository, case)
    total, unvoted = _sum(rows), _sum(row for row in rows if row.phase not in _VOTING)
    if as_json:
        phases = [{**row._asdict(), "usd": _usd(row.usd)} for row in rows]
        totals = {"total": total.json(), "buffered": total.spare().json(), "without_vote": unvoted.json()}
        put_json({"case": case, "phases": phases, **totals, "prices_dated": price_list().dated})
        return
    cells = [
        [
            r.phase,
            r.backend,
            r.model if _real(r) else "",
            str(r.calls),
            f"{r.tokens_in:,}",
            f"{r.cache_read:,}",
            f"{r.output:,}",
            _shown(r.usd),
        ]
        for r in rows
    ]
    cells += [total.cells("all"), total.spare().cells("with 30 % to spare"), unvoted.cells("without the vote")]
    header = ("phase", "backend", "model", "calls", "tokens in", "from cache", "tokens out", "USD")
    table(header, cells, ["" for _ in rows] + ["strong", "", ""], case)
    _tell(rows, price_list().dated)


def _real(row: Row) -> bool:
    return row.backend not in {"offline", "manual"}


def _tell(rows: list[Row], dated: str) -> None:
    for why in dict.fromkeys(row.why for row in rows if row.why):
        say(why, "quiet")
    if all(row.backend == "offline" for row in rows):
        say("the offline backend calls no model; these are the tokens that one would read and write", "quiet")
    elif any(row.usd is None for row in rows):
        say('a model without a price is unpriced, not free: add [prices."<model>"] to decisions.toml', "warning")
    else:
        say(
            f"list prices of {dated}; what answers run to is taken from this repository's history where it has any",
            "quiet",
        )


class _Sum(NamedTuple):
    """``counts`` in the order of ``_COUNTS``."""

    counts: tuple[int, ...]
    usd: Decimal | None

    def spare(self) -> _Sum:
        """With 30 % to spare, rounded up."""
        return _Sum(
            tuple(-(-13 * count // 10) for count in self.counts), None if self.usd is None else self.usd * 13 / 10
        )

    def json(self) -> dict[str, int | str | None]:
        return {**dict(zip(_COUNTS, self.counts, strict=True)), "usd": _usd(self.usd)}

    def cells(self, name: str) -> list[str]:
        calls, sent, output, write, read = self.counts
        return [name, "", "", str(calls), f"{sent + write + read:,}", f"{read:,}", f"{output:,}", _shown(self.usd)]


def _sum(rows: Iterable[Row]) -> _Sum:
    found = list(rows)
    prices = [row.usd for row in found if row.usd is not None]
    counts = tuple(sum(getattr(row, name) for row in found) for name in _COUNTS)
    return _Sum(counts, sum(prices, Decimal()) if len(prices) == len(found) else None)


def _usd(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _shown(value: Decimal | None) -> str:
    return "unpriced" if value is None else f"${value:,.4f}"


@click.command()
@click.argument("case", required=False, default="")
@click.option(
    "--by",
    type=click.Choice(("phase", "role", "model", "case", "day")),
    default="phase",
    help="What a line stands for.",
)
@as_json
@click.pass_obj
def cost(folder: Path, case: str, by: str, as_json: bool) -> None:
    """What has been paid, from history and from what this clone has not recorded yet."""
    from decisions_tool.engine.spending import grouped, spending

    with opened(folder) as repository:
        found = spending(repository, case)
    groups = grouped(found.items, by)
    if as_json:
        rows = [
            {by: group.name, **group.totals, "usd": _usd(group.usd), "unpriced": group.unpriced} for group in groups
        ]
        whole = {
            "usd": _usd(found.usd),
            "unpriced": found.unpriced,
            "not_recorded": _usd(found.open),
            "perhaps_billed": _usd(found.perhaps),
        }
        put_json({"case": case or None, "by": by, "rows": rows, **whole})
        return
    if not found.items and not found.perhaps:
        put(f"nothing was paid for{f' in {case}' if case else ''}")
        return
    cells = [_cost_cells(group) for group in groups] + [_cost_cells(grouped(found.items, "")[0])]
    table(
        (by, "answers", "tokens in", "from cache", "tokens out", "USD"), cells, ["" for _ in groups] + ["strong"], case
    )
    if found.perhaps:
        say(f"{_shown(found.perhaps)} more may have been billed for calls that brought no answer", "warning")


def _cost_cells(group: Spent) -> list[str]:
    totals = group.totals
    money = _shown(group.usd) + (f" and {group.unpriced} unpriced" if group.unpriced else "")
    return [
        group.name,
        str(totals["answers"]),
        f"{totals['input']:,}",
        f"{totals['cache_read']:,}",
        f"{totals['output']:,}",
        money,
    ]
