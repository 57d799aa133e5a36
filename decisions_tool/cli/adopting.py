"""Commands for what was there before the tool: folders without front matter, weighted matrices in any document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from decisions_tool.cli.common import as_json, opened, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.progress import Progress
from decisions_tool.report.terminal import put, say, table
from decisions_tool.text import plural

if TYPE_CHECKING:
    from fractions import Fraction

    from decisions_tool.documents.matrices import Reading
    from decisions_tool.ledger.adopting import Survey
    from decisions_tool.ledger.repository import Repository
    from decisions_tool.rules.matrices import Judged


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Make the commit; without it nothing is changed.")
@click.option("--undo", is_flag=True, help="Take the last adoption back, by a new commit.")
@click.option("--reason", default="", metavar="TEXT", help="Why it is taken back.")
@as_json
@click.pass_obj
def adopt(folder: Path, paths: tuple[Path, ...], write: bool, undo: bool, reason: str, as_json: bool) -> None:
    """Give documents in _tasks/ and docs/decisions/, or below PATHS, the front matter that they lack.

    It shows what would change; --write makes one commit of it, which --undo takes back. Every other byte stays, no case is
    started, and files that are not understood are left alone and named.
    """
    if undo and (write or paths or as_json):
        raise click.UsageError("--undo takes back the last adoption, all of it")
    with opened(folder) as repository:
        if undo:
            _take_back(repository, reason)
        else:
            _adopt(repository, [_below(repository, folder / path) for path in paths], write, as_json)


def _below(repository: Repository, path: Path) -> str:
    """A path as the repository has it."""
    from decisions_tool.documents.paths import RECORDS, TASKS

    try:
        below = path.resolve().relative_to(repository.place.root.resolve()).as_posix()
    except ValueError:
        below = ".."
    if not f"{below}/".startswith((f"{TASKS}/", f"{RECORDS}/")):
        raise DecisionsError(f"{path} is not below {TASKS}/ or {RECORDS}/", "move it there first: git mv")
    return below


def _adopt(repository: Repository, below: list[str], write: bool, as_json: bool) -> None:
    from decisions_tool.engine.adopting import adopt as take
    from decisions_tool.ledger.adopting import survey

    head = repository.head().oid
    if not head:
        raise DecisionsError("this branch has no commit yet", "git add -- _tasks && git commit -m 'our tasks'")
    found = take(repository, below, Progress()) if write else survey(repository, head, below)
    if as_json:
        adopted = [
            {"path": a.path, "type": a.kind, "case": a.case, "created": a.created or None} for a in found.adopted
        ]
        put_json({"written": write, "adopted": adopted, "left": [left._asdict() for left in found.left]})
    else:
        _list(found)
    done = (
        f"{plural(len(found.adopted), 'document')} {'adopted' if write else 'to adopt'}, {len(found.left)} left alone"
    )
    say(done, "done" if write else "")
    _tell_uncommitted(repository)
    if found.adopted and not write:
        say("Next: decisions adopt --write")


def _tell_uncommitted(repository: Repository) -> None:
    from decisions_tool.documents.paths import RECORDS, TASKS

    files = repository.uncommitted((TASKS, RECORDS))
    if files:
        say(
            f"{plural(len(files), 'file')} with uncommitted changes: {files[0]}{', ...' if files[1:] else ''}",
            "warning",
        )
        say(f"Hint: git add -- {TASKS} {RECORDS} && git commit")


def _list(found: Survey) -> None:
    rows = [[a.path, f"+ type: {a.kind}", a.created] for a in found.adopted]
    rows += [[left.path, "left alone", left.reason] for left in found.left]
    if rows:
        table(
            ("file", "change", "there since, or why not"),
            rows,
            ["done"] * len(found.adopted) + ["quiet"] * len(found.left),
        )


def _take_back(repository: Repository, reason: str) -> None:
    from decisions_tool.engine.adopting import unadopt

    count = unadopt(repository, reason, Progress())
    say(f"{plural(count, 'document')} as before the adoption", "done")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@as_json
@click.pass_obj
def recompute(folder: Path, files: tuple[Path, ...], as_json: bool) -> int:
    """Recompute the totals of every weighted matrix in markdown FILES; exit 1 where one is wrong.

    Criteria may be rows or columns; weights stand in a column, a row, the labels, or elsewhere in the document. A total is
    wrong when it differs in a digit that it states.
    """
    from decisions_tool.documents.matrices import read_matrices
    from decisions_tool.rules.matrices import judge

    readings = [(file, read_matrices(_words(folder / file))) for file in files]
    found = [(file, judge(matrix)) for file, reading in readings for matrix in reading.matrices]
    if as_json:
        put_json({"matrices": [_shape(judged, str(file) if len(files) > 1 else "") for file, judged in found]})
    else:
        _show(found)
    _tell(readings)
    return 0 if all(judged.sound for _, judged in found) else 1


def _words(path: Path) -> str:
    from decisions_tool.documents.paths import MAX_FILE
    from decisions_tool.ledger.files import read_regular

    limit = 8 * MAX_FILE
    data = read_regular(path, limit)
    if data is None or len(data) > limit:
        said = "is not there" if data is None else f"has more than {limit} bytes"
        raise DecisionsError(f"{path} {said}", "name a markdown file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise DecisionsError(f"{path} is not UTF-8", "save it as UTF-8") from None


def _shape(judged: Judged, path: str) -> dict[str, Any]:
    """A matrix as JSON; ``path`` only where several files were given."""
    options = [
        {
            "name": o.name,
            "stated": _float(o.stated.value if o.stated else None),
            "computed": _float(o.computed),
            "wrong": o.wrong,
        }
        for o in judged.options
    ]
    return {
        **({"path": path} if path else {}),
        "line": judged.line,
        "options": options,
        "winner_stated": judged.winner_stated,
        "winner_computed": judged.winner_computed,
        "tie": judged.tie,
    }


def _float(value: Fraction | None) -> float | None:
    return round(float(value), 6) if value is not None else None


def _show(found: list[tuple[Path, Judged]]) -> None:
    rows, meanings = [], []
    for file, judged in found:
        for option in judged.options:
            stated = f"{float(option.stated.value):.{option.stated.decimals}f}" if option.stated else "-"
            computed = f"{_float(option.computed):g}" if option.computed is not None else "-"
            rows.append([f"{file}:{judged.line}", option.name, stated, computed, "wrong" if option.wrong else ""])
            meanings.append("error" if option.wrong else "")
    if rows:
        table(("matrix", "option", "stated", "computed", ""), rows, meanings)
    for file, judged in found:
        if not judged.sound and judged.winner_stated not in {None, judged.winner_computed} and not judged.tie:
            said = f"{judged.winner_stated} is said to win, {judged.winner_computed or 'nobody'} has the highest total"
            put(f"{file}:{judged.line}: {said}", "error")


def _tell(readings: list[tuple[Path, Reading]]) -> None:
    """What was looked at, and every cell that could not be read."""
    for file, reading in readings:
        for matrix in reading.matrices:
            for cell in matrix.unread:
                text = f"{cell.text!r} is no number" if cell.text else "there is no number"
                say(f"{file}:{cell.line}: {text} ({cell.what}); that total is not computed", "warning")
    tables = sum(reading.tables for _, reading in readings)
    matrices = sum(len(reading.matrices) for _, reading in readings)
    plain = "1 weighted matrix" if matrices == 1 else f"{matrices} weighted matrices"
    say(f"{plural(tables, 'table')} looked at, {plain} among them")
