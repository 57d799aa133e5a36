"""Commands about branches: another number for a record, and a case that comes home."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from decisions_tool.cli.common import as_json, opened, put_json
from decisions_tool.report.progress import Progress
from decisions_tool.report.terminal import put, say
from decisions_tool.text import plural

if TYPE_CHECKING:
    from decisions_tool.engine.renumbering import Plan


@click.command()
@click.argument("record")
@click.option("--to", "to", type=click.IntRange(1, 9_999_999), help="This number; otherwise the next free one.")
@click.option("--against", "base", metavar="BASE", help="The branch whose record keeps the number; its citations stay.")
@click.option("--branch", help="Change this branch, which is not checked out; the checkout stays as it is.")
@click.option("--write", is_flag=True, help="Make the commit. Without it nothing changes.")
@click.option("--dry-run", is_flag=True, help="Only show what would change, as without --write.")
@as_json
@click.pass_obj
def renumber(
    folder: Path, record: str, to: int | None, base: str | None, branch: str | None, write: bool, dry_run: bool, as_json: bool
) -> int:  # fmt: skip
    """Give a record another number: file, what stands beside it, links and bare citations, in one commit.

    RECORD is a path, a file name or a number such as DR-007. With --against, lines that the branch wrote mean its own record, lines
    that were there before mean the one of BASE; what is not sure stays and is listed.
    """
    from decisions_tool.engine import renumbering

    if write and dry_run:
        raise click.UsageError("--write and --dry-run exclude each other")
    wanted = renumbering.Wanted(record, to or 0, base or "")
    with opened(folder) as repository:
        if write:
            plan = renumbering.renumber(repository, wanted, branch, Progress(as_json))
        else:
            plan = renumbering.planned(repository, wanted, branch)
    if as_json:
        put_json(_plain(plan, write))
        return 0
    _tell(plan)
    if not write:
        options = [
            f"--{name} {quote(str(value))}"
            for name, value in (("to", to), ("against", base), ("branch", branch))
            if value
        ]
        say(f"Nothing was changed. Next: {' '.join(['decisions renumber', quote(record), *options, '--write'])}")
    return 0


def _plain(plan: Plan, written: bool) -> dict[str, object]:
    return {
        "written": written,
        "number": plan.way.number,
        "moves": [{"from": old, "to": new} for old, new in plan.moves.items()],
        "changes": [{"path": path, "lines": list(lines)} for path, lines in plan.lines.items()],
        "left": [{"path": path, **left._asdict()} for path, left in plan.left],
    }


def _tell(plan: Plan) -> None:
    for old, new in plan.moves.items():
        put(f"{old} -> {new}", "strong")
    for path, lines in plan.lines.items():
        put(
            f"{path}: {plural(len(lines), 'line')} ({', '.join(map(str, lines[:12]))}{' …' if len(lines) > 12 else ''})"
        )
    for path, left in plan.left:
        put(f"{path}:{left.line}: left as it is, {left.why}: {left.text}", "warning")


@click.command()
@click.argument("case")
@click.option("--into", metavar="BRANCH", help="Merge into this branch, which is not checked out.")
@as_json
@click.pass_obj
def accept(folder: Path, case: str, into: str | None, as_json: bool) -> int:
    """Merge the branch of a case, decisions/CASE, with a merge commit. Work that is staged or unsaved stays as it is."""
    from decisions_tool.engine.branches import accept as bring_home
    from decisions_tool.engine.branches import branch_of

    with opened(folder) as repository:
        commit = bring_home(repository, case, into, Progress(as_json))
    if as_json:
        put_json({"branch": branch_of(case), "commit": commit})
    elif commit:
        put(commit)
        say(f"Next, when the branch is not needed any more: git branch -d {quote(branch_of(case))}")
    else:
        say(f"{branch_of(case)} is merged already")
    return 0
