"""Commands about decision records, whoever wrote them: listed, searched, drawn, linked. They read the disk and work without git."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from decisions_tool.cli.common import as_json, put_json
from decisions_tool.report.terminal import say, table
from decisions_tool.text import plural

if TYPE_CHECKING:
    from decisions_tool.documents.records import Record
    from decisions_tool.ledger.record_files import Shelf


@click.command("list")
@click.argument("folder_", metavar="[DIR]", required=False)
@click.option("--status", "wanted", help="Only records of this status.")
@as_json
@click.pass_obj
def list_(folder: Path, folder_: str | None, wanted: str | None, as_json: bool) -> None:
    """All decision records of DIR, in any format: MADR, adr-tools, log4brains, loose ones.

    Without DIR: docs/decisions, and wherever else records are kept. What is no record is named with the reason.
    """
    from decisions_tool.ledger.record_files import shelf

    found = shelf(folder, folder_)
    records = [record for record in found.records.records if wanted in {None, record.status}]
    if as_json:
        put_json({"records": [row(found, record) for record in records], **_rest(found)})
        return
    _tell_where(found, folder_)
    cells = [[_number(record), record.status, record.date or "", record.title, record.path] for record in records]
    if cells:
        table(("number", "status", "date", "title", "path"), cells, [_meaning(record.status) for record in records])
    _tell_rest(found, len(records))


def row(found: Shelf, record: Record) -> dict[str, Any]:
    """A record as JSON has it."""
    return {
        "path": record.path, "number": record.number, "series": found.records.series.get(record.path), "title": record.title,
        "status": record.status, "status_text": record.status_text or None, "date": record.date, "format": record.format,
        "supersedes": found.records.named(record.path, "supersedes"),
        "superseded_by": found.records.named(record.path, "superseded-by"),
    }  # fmt: skip


def _rest(found: Shelf) -> dict[str, Any]:
    skipped = [{"path": item.path, "reason": item.reason} for item in found.skipped]
    return {"skipped": skipped, "next_number": found.records.next_number}


def _number(record: Record) -> str:
    return "" if record.number is None else f"{record.prefix}{'-' if record.prefix else ''}{record.number}"


def _meaning(status: str) -> str:
    return {"accepted": "done", "implemented": "done", "proposed": "active", "draft": "active", "other": "warning"}.get(status, "quiet")


def _tell_where(found: Shelf, named: str | None) -> None:
    if named is None and found.roots not in {(), ("docs/decisions",)}:
        say(f"records of {', '.join(found.roots)}", "quiet")


def _tell_rest(found: Shelf, count: int) -> None:
    broken = [item for item in found.skipped if item.broken]
    for item in broken:
        say(f"skipped: {item.path} {item.reason}", "warning")
    for item in [item for item in found.skipped if not item.broken]:
        say(f"no record: {item.path}: {item.reason}", "quiet")
    where = "" if found.roots else "; no folder of records is here: decisions list DIR"
    say(f"{plural(count, 'record')}, {len(found.skipped)} skipped{where}")
