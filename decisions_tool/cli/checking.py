"""Commands that hold files to their rules. One file that was seen before costs no import of pydantic or yaml."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from decisions_tool.cli.common import as_json, put_finding, put_json, summary, tell_github
from decisions_tool.errors import DecisionsError, DocumentError, Finding
from decisions_tool.ledger.cache import Verdicts
from decisions_tool.ledger.git import find_place
from decisions_tool.ledger.looking import look
from decisions_tool.report.terminal import put, say
from decisions_tool.text import plural

if TYPE_CHECKING:
    from decisions_tool.ledger.disk import Found

_TOML = "decisions.toml"


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--staged", is_flag=True, help="Check what is staged, and nothing else: for the pre-commit hook.")
@click.option(
    "--against", metavar="BASE", help="Judge what a merge of HEAD into BASE would give: numbers, conflicts, cases."
)
@click.option("--range", "span", metavar="A..B", help="Hold every commit after A up to B to what the hooks say.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@as_json
@click.pass_obj
def check(
    folder: Path, paths: tuple[Path, ...], staged: bool, against: str | None, span: str | None, strict: bool, as_json: bool
) -> int:  # fmt: skip
    """Hold files to their rules.

    Without PATH everything below _tasks and docs/decisions on disk is checked, and decisions.toml. Works without git.
    --against and --range look at commits, not at the disk: for CI, where hooks may have been passed by.
    """
    if against or span:
        return _commits(folder, against, span, bool(paths or staged), strict, as_json)
    place = find_place(folder)
    verdicts = Verdicts(place.store if place else None)
    found: list[Finding] = []
    files = 0
    if staged:
        items: Iterable[Found] = _staged(folder)
    else:
        items = _from_disk([folder / path for path in paths] or _everything(folder))
    names: list[str] = []
    held: dict[str, bytes] = {}
    for item in items:
        files += 1
        names.append(item.path)
        held[f"{item.root}/{item.path}"] = item.data
        found += [item.problem] if item.problem else look(verdicts, item.path, item.data)
    verdicts.save()
    if files > 1:
        from decisions_tool.workflows.names import check_twins

        found += check_twins(names)
    if not staged:
        looked = [folder / path for path in paths] or _everything(folder)
        for root, case in sorted(_cases(looked)):
            found += _check_case(root, case)
        found = _with_records(found, looked, held)
    else:
        from decisions_tool.cli.verifying import staged_deviations

        found += staged_deviations(folder)
    if staged and files == 0 and not found and not as_json:
        return 0
    if paths == () and files == 0 and not staged and not as_json:
        say("nothing to check: there is no _tasks, docs/decisions or decisions.toml here")
    return _report(found, files, strict, as_json)


def _commits(folder: Path, against: str | None, span: str | None, more: bool, strict: bool, as_json: bool) -> int:
    from decisions_tool.cli.judging import check_against, check_range

    if more or (against and span and as_json):
        raise click.UsageError("--against and --range take no PATH and no --staged, and --json takes one of them")
    return max(
        check_against(folder, against, strict, as_json) if against else 0,
        check_range(folder, span, strict, as_json) if span else 0,
    )


def _with_records(found: list[Finding], paths: list[Path], held: dict[str, bytes]) -> list[Finding]:
    """Findings with those on decision records side by side; in a record of others the format is theirs, so nothing there is an error."""
    folders = [path for path in paths if path.is_dir() and not path.is_symlink()]
    if not folders:
        return found
    from decisions_tool.ledger.disk import managed_root
    from decisions_tool.ledger.record_files import check_shelf, managed, shelf

    for path in folders:
        if managed(managed_root(path)[1]):
            continue
        here = shelf(path, ".", keep=True, held=held)
        theirs = {record.path for record in here.records.records if record.format != "decisions"} | set(here.pages)
        found = [
            f._replace(severity="warning") if f.path in theirs and f.rule.startswith("document/") else f for f in found
        ]
        found += check_shelf(here)
    return found


def _report(found: list[Finding], files: int, strict: bool, as_json: bool) -> int:
    found = sorted(set(found), key=lambda f: (f.path, f.line, f.column, f.rule, f.message))
    counts = summary(found, files)
    if as_json:
        put_json({"findings": [finding._asdict() for finding in found], "summary": counts})
    else:
        for finding in found:
            put_finding(finding)
        done = f"{plural(files, 'file')}: {plural(counts['errors'], 'error')}, {plural(counts['warnings'], 'warning')}"
        say(done, "error" if counts["errors"] else "warning" if counts["warnings"] else "done")
    tell_github(found, counts)
    return 1 if counts["errors"] or (strict and counts["warnings"]) else 0


def _everything(folder: Path) -> list[Path]:
    place = find_place(folder)
    root = place.root if place else folder
    return [
        path for path in (root / "_tasks", root / "docs/decisions", root / _TOML) if path.exists() or path.is_symlink()
    ]


def _from_disk(paths: list[Path]) -> Iterator[Found]:
    from decisions_tool.ledger.disk import managed_root, read_file, walk

    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise DecisionsError(f"{path} is not there", "check the path")
        root, below = (path.parent, _TOML) if path.name == _TOML else managed_root(path)
        if path.is_dir() and not path.is_symlink() and below != _TOML:
            yield from walk(root, below)
        else:
            yield read_file(root, below)


def _cases(paths: list[Path]) -> set[tuple[Path, str]]:
    """(root, folder) of the cases that are to be checked whole: named, or below a folder that is."""
    from decisions_tool.documents.paths import WORKFLOWS, case_folder, owner
    from decisions_tool.ledger.disk import managed_root

    found: set[tuple[Path, str]] = set()
    for path in paths:
        if not path.is_dir() or path.is_symlink():
            continue
        root, below = managed_root(path)
        workflow, slug = owner(f"{below}/")
        if workflow:
            found.add((root, case_folder(workflow, slug)))
        for top, _ in WORKFLOWS.values():
            if f"{top}/".startswith(f"{below}/" if below else "") and (root / top).is_dir():
                found |= {
                    (root, f"{top}/{entry.name}")
                    for entry in os.scandir(root / top)
                    if entry.is_dir(follow_symlinks=False)
                }
    return found


def _check_case(root: Path, folder: str) -> list[Finding]:
    from decisions_tool.documents.paths import WORKFLOWS, owner
    from decisions_tool.ledger.disk import case_on_disk, read_file

    opens = WORKFLOWS[owner(f"{folder}/")[0]][1]
    name = {"request": "001-user-request.md"}.get(opens, f"{opens}.md")
    if not read_file(root, f"{folder}/{name}").data.startswith(b"---"):
        return []
    from decisions_tool.config import read_settings
    from decisions_tool.ledger.repository import Repository
    from decisions_tool.workflows.case_checks import check_case

    toml = read_file(root, _TOML)
    try:
        settings = read_settings(None if toml.problem else toml.data.decode("utf-8", "replace"))
    except DocumentError:
        settings = read_settings(None)
    case = case_on_disk(root, folder, settings)
    repository = Repository(root) if find_place(root) else None
    try:
        return check_case(case, repository.blob, repository.left_out) if repository else check_case(case)
    finally:
        if repository:
            repository.close()


def _staged(folder: Path) -> Iterator[Found]:
    from decisions_tool.ledger.disk import Found
    from decisions_tool.ledger.files import typed
    from decisions_tool.ledger.repository import Repository
    from decisions_tool.ledger.staged import staged_files

    repository = Repository(folder)
    try:
        for path, mode, data in staged_files(repository, os.environ.get("GIT_INDEX_FILE", "")):
            odd = None
            if mode == "000000":
                odd = Finding("document/file", "error", path, 0, 0, "is not merged", "git mergetool")
            elif not mode.startswith("100"):
                hint = typed(repository.place.root, "git rm --cached -- {}", path)
                odd = Finding("document/file", "error", path, 0, 0, "is not a regular file", hint)
            yield Found(path, data, odd)
    finally:
        repository.close()


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 when something would change.")
@click.pass_obj
def fmt(folder: Path, paths: tuple[Path, ...], only_check: bool) -> int:
    """Render views and normal form of the program's own documents, on disk. People's text is left alone."""
    from decisions_tool.ledger.disk import managed_root
    from decisions_tool.ledger.files import inside, write_atomically

    changed = 0
    for path in [folder / path for path in paths] or _everything(folder):
        root, _ = managed_root(path)
        for item in _from_disk([path]):
            new = _normal(item.path, item.data) if item.problem is None else None
            if new is not None and new != item.data:
                changed += 1
                put(item.path)
                if not only_check:
                    target = inside(root, item.path)
                    write_atomically(target, new, target.stat().st_mode & 0o777)
    say(f"{plural(changed, 'file')} {'would change' if only_check else 'changed'}")
    return 1 if only_check and changed else 0


def _normal(path: str, data: bytes) -> bytes | None:
    """The normal form of a document of ours; None for everything else."""
    from decisions_tool.documents import frontmatter
    from decisions_tool.documents.kinds import FILES, OPENING, read_document
    from decisions_tool.documents.paths import place

    where = place(path)
    if where is None or where.kind not in FILES or where.kind in OPENING:
        return None
    try:
        text = frontmatter.decode(data, path)
        if frontmatter.read(text, path).values is None:
            return None
        rendered = read_document(where.kind, path, data).render()
    except DocumentError as error:
        for finding in error.findings:
            put_finding(finding)
        return None
    return rendered.replace("\n", "\r\n").encode() if "\r\n" in text else rendered.encode()
