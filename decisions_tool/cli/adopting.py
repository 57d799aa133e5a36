"""Commands for what was there before the tool: weighted matrices in any document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from decisions_tool.cli.common import as_json, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.terminal import put, say, table
from decisions_tool.text import plural

if TYPE_CHECKING:
    from fractions import Fraction

    from decisions_tool.documents.matrices import Reading
    from decisions_tool.rules.matrices import Judged


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
