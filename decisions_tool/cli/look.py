"""Commands that show where cases stand."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from decisions_tool.cli.common import any_case, as_json, keep, opened, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.terminal import how_far, put, say, table
from decisions_tool.text import plural

if TYPE_CHECKING:
    from decisions_tool.engine.table import Row
    from decisions_tool.workflows.case import Case
    from decisions_tool.workflows.phases import Phase
    from decisions_tool.workflows.planner import Ask, Outlook

_MANY = 200
_branch = click.option("--branch", help="As this branch has it, which need not be checked out.")
#: What may name a decision record: a number, an identifier, a Markdown file.
_RECORD = r"(?s)#?\d{1,7}|[A-Za-z]{1,6}-\d{1,7}|.*\.(?:md|markdown|mdx)"


@click.command()
@click.option("--all", "everything", is_flag=True, help="Finished and unmanaged cases too, however many.")
@click.option("--tree", is_flag=True, help="The documents of each case below it.")
@click.option("--uncommitted", "closely", is_flag=True, help="Look for uncommitted files in however many open cases.")
@_branch
@as_json
@click.pass_obj
def status(folder: Path, everything: bool, tree: bool, closely: bool, branch: str | None, as_json: bool) -> None:
    """All cases of the last commit: where they stand and what they wait for."""
    from decisions_tool.engine.overview import elsewhere, overview

    with how_far("cases read") as tell:
        seen, uncommitted = elsewhere(folder, branch, tell) if branch else overview(folder, closely, tell)
    skipped = [{"path": item["path"], "reason": item["reason"]} for item in seen.header["skipped"]]
    if as_json:
        tail = f'"skipped": {json.dumps(skipped)}, "uncommitted": {json.dumps(uncommitted)}'
        sys.stdout.buffer.writelines((b'{"schema": 1, "cases": [', seen.rows_json, f"], {tail}}}\n".encode()))
        return
    count = seen.header["count"]
    shown = seen.rows if everything or count <= _MANY else seen.header["open"]
    if tree:
        _trees(folder, shown, seen.header["head"])
    elif count:
        cells = [[row["case"], _phase(row), row["waiting_for"], str(row["files"])] for row in shown]
        table(("case", "phase", "waits for", "files"), cells, [_meaning(row) for row in shown])
    else:
        say('no case yet: decisions new task "<title>"')
    if len(shown) < count:
        waiting = seen.header["open_count"] - len(shown)
        said = f", {waiting} of them open" if waiting > 0 else " are finished or unmanaged"
        say(f"{count - len(shown)} more{said}: decisions status --all")
    for item in skipped:
        say(f"skipped: {item['path']} {item['reason']}", "warning")
    _tell_uncommitted(folder, uncommitted)


def _trees(folder: Path, rows: list[Row], commit: str) -> None:
    with opened(folder) as repository:
        settings = repository.settings(commit)
        for row in rows:
            waits = f": waits for {row['waiting_for']}" if row["waiting_for"] else ""
            put(f"{row['case']}  {_phase(row)}{waits}", _meaning(row))
            documents = _documents(repository.case(commit, row["case"], settings))
            for index, found in enumerate(documents, start=1):
                branch = "└─" if index == len(documents) else "├─"
                put(f"{branch} {found['path']}  {' '.join(filter(None, (found['status'], found['by'])))}".rstrip())


def _tell_uncommitted(folder: Path, paths: list[str] | None) -> None:
    if paths is None:
        say("many cases are open; to look for uncommitted files in them: decisions status --uncommitted", "quiet")
    for path in (paths or [])[:20]:
        say(f"not committed, so not seen: {path}", "warning")
    if paths:
        say(f"    {keep(folder, paths[0])}")


def _phase(row: Row) -> str:
    return row["phase"] if row["managed"] or row["phase"] == "closed" else f"({row['phase']}, unmanaged)"


def _meaning(row: Row) -> str:
    if row["phase"] in {"done", "closed"}:
        return "done"
    if not row["managed"]:
        return "quiet"
    return "waiting" if row["waiting_for"] else "active"


@click.command("next")
@as_json
@click.pass_obj
def next_(folder: Path, as_json: bool) -> None:
    """What people can do now, with the commands."""
    from decisions_tool.engine.overview import overview
    from decisions_tool.workflows.planner import Ask, Wait, plan

    found: list[dict[str, str]] = []
    with how_far("cases read") as tell:
        header = overview(folder, tell=tell).table.header
    rows = [row for row in header["open"] if row["waiting_for"]]
    with opened(folder) as repository:
        head = repository.head()
        settings = repository.settings(head.oid)
        for row in rows:
            case = repository.case(head.oid, row["case"], settings)
            outlook = plan(case)
            agents = [a for a in outlook.actions if isinstance(a, Ask) and _backend(case, a) != "manual"]
            rest = outlook._replace(actions=tuple(a for a in outlook.actions if a not in agents))
            said = [(a.why, a.command) for a in rest.actions if isinstance(a, Wait)]
            said += _reasons(case, rest._replace(actions=tuple(a for a in rest.actions if not isinstance(a, Wait))))
            if agents:
                said.append((f"{row['phase']}: {row['waiting_for']}", f"decisions run {quote(case.slug)}"))
            found += [{"case": case.slug, "why": why, "command": command} for why, command in said]
    if as_json:
        put_json({"next": found})
        return
    for item in found:
        put(f"{item['case']}: {item['why']}")
        put(f"    {item['command']}", "strong")
    if len(header["open"]) < header["open_count"]:
        looked = f"the first {len(header['open'])} of {header['open_count']} open cases were looked at"
        say(f"{looked}; for one of the others: decisions why <case>")
    elif not found:
        say("nothing waits for you" if settings.initialised else "nothing is managed here yet: decisions init")


@click.command()
@click.argument("case")
@_branch
@as_json
@click.pass_obj
def why(folder: Path, case: str, branch: str | None, as_json: bool) -> None:
    """What a case waits for, and the exact command."""
    from decisions_tool.workflows.planner import plan

    with any_case(folder, case, branch) as (held, _):
        outlook = plan(held)
    reasons = _reasons(held, outlook)
    if as_json:
        put_json({"case": held.slug, "phase": outlook.phase, "reasons": [{"why": w, "command": c} for w, c in reasons]})
        return
    put(f"{held.slug} is in phase {outlook.phase}", "strong")
    for reason, command in reasons:
        put(f"  {reason}")
        if command:
            put(f"    {command}", "active")


def _backend(case: Case, ask: Ask) -> str:
    from decisions_tool.workflows.tables import row

    return case.settings.backend(ask.slot, row(case.workflow, ask.phase).by)


def _answering(case: Case, ask: Ask, backend: str) -> str:
    """What a person types to get an answer: a run asks agents, a prompt is for people."""
    slug = quote(case.slug)
    return f"decisions prompt {slug} {ask.phase}/{ask.slot}" if backend == "manual" else f"decisions run {slug}"


def _reasons(case: Case, outlook: Outlook) -> list[tuple[str, str]]:
    from decisions_tool.workflows.planner import Ask, Compute, Refuse, Wait

    if outlook.phase == "unmanaged":
        where = "is older than decisions init" if case.settings.initialised else "the repository is not initialised"
        command = f"decisions start {quote(case.slug)}" if case.settings.initialised else "decisions init"
        return [(f"it is left alone: {where}", command)]
    if outlook.phase == "none":
        what = "task" if case.opens == "request" else "question"
        return [
            (
                f"it has no {case.path(case.opens).rpartition('/')[2]}",
                f'decisions new {what} "…" --slug {quote(case.slug)}',
            )
        ]
    if outlook.phase in {"done", "closed"}:
        reason = case.opening.meta.reason if case.opening else None
        return [(f"it is over{f': {reason}' if reason else ''}", f"decisions show {quote(case.slug)}")]
    found: list[tuple[str, str]] = []
    for action in outlook.actions:
        if isinstance(action, Ask):
            backend = _backend(case, action)
            found.append((f"{action.slot} has to answer ({backend})", _answering(case, action, backend)))
        elif isinstance(action, Compute):
            found.append((f"{action.phase} has to be computed", f"decisions run {quote(case.slug)}"))
        elif isinstance(action, Wait):
            found.append((f"{action.who}: {action.why}", action.command))
        elif isinstance(action, Refuse):
            found += [(f"{f.path}:{f.line}: {f.message}", f.hint) for f in action.findings]
    return found


@click.command()
@click.argument("case")
@click.argument("what", required=False)
@_branch
@as_json
@click.pass_obj
def show(folder: Path, case: str, what: str | None, branch: str | None, as_json: bool) -> None:
    """The documents of a case; with WHAT (a kind, slot or file name) one of them. Or a decision record, by number or path."""
    if what is None and branch is None and re.fullmatch(_RECORD, case) and not (folder / case).is_dir():
        from decisions_tool.cli.records import show_record

        if show_record(folder, case, as_json):
            return
    with any_case(folder, case, branch) as (held, repository):
        if what:
            put(_text(held, _pick(held, what), repository).rstrip("\n"))
            return
        rows = _documents(held)
    if as_json:
        put_json({"case": held.slug, "documents": rows})
        return
    cells = [[row["path"], row["kind"], row["status"], row["by"]] for row in rows]
    table(
        ("document", "kind", "status", "by"),
        cells,
        ["quiet" if row["kind"] == "other" else "" for row in rows],
        held.slug,
    )


def _documents(case: Case) -> list[dict[str, str]]:
    from decisions_tool.documents.kinds import FILES, read_document
    from decisions_tool.documents.paths import place

    rows = []
    for path, file in case.files.items():
        where = place(path)
        kind = where.kind if where else "other"
        row = {"path": path.removeprefix(case.folder + "/"), "kind": kind, "status": "", "by": ""}
        if kind in FILES:
            try:
                meta = read_document(kind, path, file.data).meta
                row |= {
                    "status": meta.status or "",
                    "by": " ".join(filter(None, (meta.agent, f"({meta.backend})" if meta.backend else ""))),
                }
            except DecisionsError as error:
                row["status"] = "by hand" if not file.data.startswith(b"---") else f"unreadable: {error.message}"
        rows.append(row)
    return sorted(rows, key=lambda row: row["path"])


def _pick(case: Case, what: str) -> str:
    from decisions_tool.documents.paths import place

    for path in sorted(case.files):
        where = place(path)
        if path == what or path == f"{case.folder}/{what}" or (where and what in {where.kind, where.slot}):
            return path
    names = ", ".join(sorted(path.removeprefix(case.folder + "/") for path in case.files)[:12])
    raise DecisionsError(f"{case.slug} has no document {what!r}", f"one of: {names}")


def _text(case: Case, path: str, repository: object) -> str:
    file = case.files[path]
    data = file.data
    if not data and file.blob and repository is not None:
        data = repository.blob(file.blob) or b""  # type: ignore[attr-defined]
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


@click.command()
@click.argument("case", required=False)
@as_json
@click.pass_obj
def phases(folder: Path, case: str | None, as_json: bool) -> None:
    """The tables of phases, or how far a case is in its own."""
    from decisions_tool.workflows.tables import NAMES
    from decisions_tool.workflows.tables import table as phases_of

    states: dict[str, list[str]] = {name: ["" for _ in phases_of(name)] for name in NAMES}
    if case:
        with any_case(folder, case) as (held, _):
            states = {held.workflow: _states(held)}
    found = [
        {"workflow": name, "phase": p.name, "reads": ", ".join(p.reads), "writes": p.writes, "by": p.by, "state": state}
        for name, known in states.items()
        for p, state in zip(phases_of(name), known, strict=True)
    ]
    if as_json:
        put_json({"phases": found})
        return
    header = ("phase", "reads", "writes", "by", "state") if case else ("phase", "reads", "writes", "by")
    for name in states:
        rows = [row for row in found if row["workflow"] == name]
        meanings = [
            "done" if row["state"] == "done" else "quiet" if row["state"] == "not needed" else "" for row in rows
        ]
        table(header, [[row[column] for column in header] for row in rows], meanings, name)
        put()


def _states(case: Case) -> list[str]:
    """How far each phase of a case is; what comes after the open one is not known yet."""
    from decisions_tool.workflows.planner import plan
    from decisions_tool.workflows.tables import table as phases_of

    rows = phases_of(case.workflow)
    names = [phase.name for phase in rows]
    reached = plan(case).phase
    at = names.index(reached) if reached in names else len(names) if reached == "done" else -1
    return [_state(case, phase) if index <= at else "later" if at >= 0 else "" for index, phase in enumerate(rows)]


def _state(case: Case, phase: Phase) -> str:
    try:
        slots = phase.slots(case) if phase.applies(case) else ()
        missing = phase.missing(case) if slots else ()
    except DecisionsError:
        return "unreadable"
    if not slots:
        return "not needed"
    return f"{len(slots) - len(missing)} of {plural(len(slots), 'answer')}" if missing else "done"
