"""Two decision records linked on disk: both files are written, or none is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.documents.record_edits import linked, target
from decisions_tool.documents.records import Record, read_record
from decisions_tool.errors import DecisionsError, Moved
from decisions_tool.ledger.files import inside, read_regular, refuse_closed, write_atomically
from decisions_tool.ledger.record_files import Shelf
from decisions_tool.rules.records import OTHER_SIDE, relative, together


class Edit(NamedTuple):
    """One file of a link: its bytes before and after."""

    path: str
    old: bytes
    new: bytes


def link(found: Shelf, source: Record, kind: str, other: Record) -> list[Edit]:
    """Say in both records what the one is to the other; return what was changed. A side that says it already stays."""
    if source.path == other.path:
        raise DecisionsError(f"{source.path} is one record, and a link takes two", "decisions list")
    edits = [_edit(found, source, kind, other), _edit(found, other, OTHER_SIDE[kind], source)]
    changed = [edit for edit in edits if edit.new != edit.old]
    _prove(found, edits, source, kind, other)
    _write(found.base, changed)
    return changed


def _edit(found: Shelf, source: Record, kind: str, other: Record) -> Edit:
    data = _bytes(found.base, source.path)
    if other.path in found.records.named(source.path, kind):
        return Edit(source.path, data, data)
    text = data.decode("utf-8", "surrogateescape")
    named = target(other, relative(source.path, other.path))
    return Edit(source.path, data, linked(text, kind, named, source.path).encode("utf-8", "surrogateescape"))


def _bytes(base: Path, path: str) -> bytes:
    data = read_regular(base / path, MAX_FILE)
    if data is None:
        raise Moved(f"{path} is not there any more", "decisions list")
    return data


def _prove(found: Shelf, edits: list[Edit], source: Record, kind: str, other: Record) -> None:
    """Read what would be written: it has to say the link, and nothing else may read differently."""
    new = {edit.path: read_record(edit.path, edit.new.decode("utf-8", "surrogateescape")) for edit in edits}
    after = together([new.get(record.path, record) for record in found.records.records])
    for one, says, two in ((source, kind, other), (other, OTHER_SIDE[kind], source)):
        now = new[one.path]
        dated = now.date == one.date or one.date_line == one.status_line  # a day in the status goes with it
        kept = dated and (now.title, now.number, now.format) == (one.title, one.number, one.format)
        gone = says != "superseded-by" or now.status == "superseded" or now == one
        if not (kept and gone) or two.path not in after.named(one.path, says):
            raise DecisionsError(
                f"{one.path} cannot be changed safely to say: {says} {two.path}",
                "write it by hand, then: decisions check",
            )


def _write(base: Path, edits: list[Edit]) -> None:
    places = [inside(base, edit.path) for edit in edits]
    for place, edit in zip(places, edits, strict=True):
        refuse_closed(place.parent)
        if _bytes(base, edit.path) != edit.old:
            raise Moved(f"{edit.path} has changed meanwhile; nothing was written", "try again")
    done: list[tuple[Path, Edit]] = []
    try:
        for place, edit in zip(places, edits, strict=True):
            write_atomically(place, edit.new, place.stat().st_mode & 0o777)
            done.append((place, edit))
    except BaseException:
        for place, edit in done:
            write_atomically(place, edit.old, place.stat().st_mode & 0o777)
        raise
