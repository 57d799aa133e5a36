"""Commands about decision records, whoever wrote them: listed, searched, drawn, linked. They read the disk and work without git."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from decisions_tool.cli.common import as_json, put_json, put_rows
from decisions_tool.errors import DecisionsError
from decisions_tool.report.terminal import put, say, table
from decisions_tool.text import one_line, plural, shortened

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
    from decisions_tool.documents.record_words import STATUSES
    from decisions_tool.ledger.record_files import shelf

    if wanted is not None and wanted not in STATUSES:
        raise click.UsageError(f"there is no status {shortened(wanted)!r}; one of: {', '.join(STATUSES)}")
    found = shelf(folder, folder_)
    records = [record for record in found.records.records if wanted in {None, record.status}]
    if as_json:
        put_rows("records", [row(found, record) for record in records], _rest(found))
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
    return {"accepted": "done", "implemented": "done", "proposed": "active", "draft": "active", "other": "warning"}.get(
        status, "quiet"
    )


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


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--in", "folder_", metavar="DIR", help="Look in this folder.")
@as_json
@click.pass_obj
def search(folder: Path, words: tuple[str, ...], folder_: str | None, as_json: bool) -> int:
    """The records that have all WORDS, in any case, those with them in the title first."""
    from decisions_tool.ledger.record_files import shelf
    from decisions_tool.rules import records

    found = shelf(folder, folder_, keep=True)
    hits = records.search(found.records, found.texts, words)
    if as_json:
        rows = [
            {**row(found, hit), "matches": [{"line": at, "text": text} for at, text in lines]} for hit, lines in hits
        ]
        put_json({"records": rows})
        return 0
    _tell_where(found, folder_)
    for record, lines in hits:
        put(f"{record.path}: {record.title} ({record.status})", "strong")
        for at, text in lines:
            put(f"    {at}: {one_line(text, 120)}")
    say(f"{len(hits)} of {plural(len(found.records.records), 'record')}")
    return 0


@click.command()
@click.argument("folder_", metavar="[DIR]", required=False)
@click.option("--format", "form", type=click.Choice(["mermaid", "dot", "json"]), default="mermaid", show_default=True)
@as_json
@click.pass_obj
def graph(folder: Path, folder_: str | None, form: str, as_json: bool) -> None:
    """Which record supersedes, amends or relates to which, as a drawing."""
    from decisions_tool.ledger.record_files import shelf
    from decisions_tool.report.graph import dot, mermaid
    from decisions_tool.rules.records import arrows

    found = shelf(folder, folder_)
    lines = arrows(found.records)
    if as_json or form == "json":
        edges = [{"source": source, "kind": kind, "target": target} for source, kind, target in lines]
        put_json({"records": [row(found, record) for record in found.records.records], "edges": edges})
        return
    _tell_where(found, folder_)
    linked = {path for source, _, target in lines for path in (source, target)}
    nodes = [(r.path, f"{_number(r)} {r.title}".strip(), r.status) for r in found.records.records if r.path in linked]
    put((mermaid if form == "mermaid" else dot)(nodes, lines))
    alone = len(found.records.records) - len(nodes)
    if alone:
        say(f"{plural(alone, 'record')} without a link {'is' if alone == 1 else 'are'} left out")


@click.command("next-number")
@click.argument("folder_", metavar="[DIR]", required=False)
@as_json
@click.pass_obj
def next_number(folder: Path, folder_: str | None, as_json: bool) -> None:
    """The number that the next record of each series gets: one more than the highest, gaps are never filled.

    For the records of this program that is the highest ever used on any branch or worktree, as far as git tells.
    """
    from decisions_tool.ledger.record_files import next_numbers, shelf

    found = shelf(folder, folder_)
    numbers = next_numbers(found)
    if as_json:
        put_json({"next_number": numbers})
        return
    _tell_where(found, folder_)
    if len(numbers) == 1:
        put(str(*numbers.values()))
        return
    if numbers:
        table(("series", "next"), [[name, str(number)] for name, number in numbers.items()])
    else:
        say("no record here has a number")


@click.command()
@click.argument("source", metavar="A")
@click.argument("kind", type=click.Choice(["supersedes", "amends", "relates-to"]))
@click.argument("other", metavar="B")
@click.option("--in", "folder_", metavar="DIR", help="The folder of the records.")
@as_json
@click.pass_obj
def link(folder: Path, source: str, kind: str, other: str, folder_: str | None, as_json: bool) -> None:
    """Say in both records what A is to B, in the format of each. Every other line stays.

    A and B are numbers, identifiers such as ADR-7, or paths.
    """
    _link(folder, source, kind, other, folder_, as_json)


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--in", "folder_", metavar="DIR", help="The folder of the records.")
@as_json
@click.pass_obj
def supersede(folder: Path, old: str, new: str, folder_: str | None, as_json: bool) -> None:
    """Say that NEW takes the place of OLD: OLD gets the status, NEW names it."""
    _link(folder, new, "supersedes", old, folder_, as_json)


def _link(folder: Path, source: str, kind: str, other: str, folder_: str | None, as_json: bool) -> None:
    from decisions_tool.ledger.linking import link
    from decisions_tool.ledger.record_files import pick, shelf_with

    found = shelf_with(folder, [source, other], folder_)
    one, two = pick(folder, found, source), pick(folder, found, other)
    paths = [edit.path for edit in link(found, one, kind, two)]
    command = _commit(found, paths, f"{_named(one)} {kind} {_named(two)}") if paths else ""
    if as_json:
        put_json({"changed": paths, "command": command})
        return
    for path in paths:
        put(path)
    say(
        f"not committed yet; to do that: {command}"
        if command
        else "both records say so already"
        if not paths
        else "written"
    )


def _named(record: Record) -> str:
    return _number(record) or record.path.rpartition("/")[2].rpartition(".")[0]


def _commit(found: Shelf, paths: list[str], message: str) -> str:
    from shlex import join, quote

    from decisions_tool.ledger.git import find_place

    if find_place(found.base) is None:
        return ""
    return f"git -C {quote(str(found.base))} commit -m {quote(message)} -- {join(paths)}"


def show_record(folder: Path, name: str, as_json: bool) -> bool:
    """Print a record; False where the name means none."""
    from decisions_tool.ledger.record_files import pick, shelf_with

    found = shelf_with(folder, [name])
    try:
        record = pick(folder, found, name)
    except DecisionsError:
        return False
    if as_json:
        put_json({"record": row(found, record), "text": found.texts[record.path]})
        return True
    put(found.texts[record.path].replace("\r\n", "\n").rstrip("\n"))
    said = [f"{edge.kind} {edge.target or edge.ref}" for edge in found.records.edges.get(record.path, [])]
    say("; ".join(filter(None, [f"{record.path}: {record.status}", record.date or "", *said])))
    return True
