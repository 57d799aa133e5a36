"""Commands that hold decisions against code, and tell which of them bind a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from decisions_tool.cli.common import as_json, opened, put_finding, put_json
from decisions_tool.errors import DecisionsError, Finding
from decisions_tool.ledger.git import find_place
from decisions_tool.report.terminal import put, say
from decisions_tool.text import plural, shortened

if TYPE_CHECKING:
    from decisions_tool.enforce.tree import Tree
    from decisions_tool.enforce.verify import Verdict


@click.command()
@click.argument("what", nargs=-1)
@click.option("--staged", is_flag=True, help="Hold the staged files instead of those on disk.")
@click.option("--commit", "revision", metavar="REV", help="Hold the files of a commit.")
@as_json
@click.pass_obj
def verify(folder: Path, what: tuple[str, ...], staged: bool, revision: str | None, as_json: bool) -> int:
    """Hold the code to the decisions that bind: signatures, fields, schemas, files, ruled-out imports.

    WHAT names records (DR-004) or paths of code. A record that is named is held to in full; of the others, what nobody has
    begun to write is listed as not yet real. Ends with 1 where the code deviates and no addendum says so.
    """
    from decisions_tool.enforce.verify import verify

    if staged and revision:
        raise click.UsageError("--staged and --commit name two states")
    place = find_place(folder)
    root = place.root if place else folder
    if not staged and revision is None:
        from decisions_tool.engine.enforcing import on_disk

        tree = on_disk(root)
        verdict = verify(tree, *_named(tree, root, folder, what))
    else:
        from decisions_tool.engine.enforcing import of_commit, of_index

        with opened(folder) as repository:
            index = os.environ.get("GIT_INDEX_FILE", "")
            tree = of_commit(repository, repository.commit_id(revision)) if revision else of_index(repository, index)
            verdict = verify(tree, *_named(tree, root, folder, what))
    return _report(verdict, as_json)


def _named(tree: Tree, root: Path, folder: Path, what: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """(names of records, paths of code) that somebody typed."""
    from decisions_tool.enforce.contract import is_record, name_of

    known = {name_of(path).casefold(): name_of(path) for path in tree.documents if is_record(path)}
    records: set[str] = set()
    paths: set[str] = set()
    for word in what:
        path = _repository_path(root, folder, word)
        name = name_of(path).casefold() if is_record(path) else name_of(f"x/{word}-x.md").casefold()
        if name in known:
            records.add(known[name])
        elif tree.has(path) or "/" in word or "." in word:
            paths.add(path)
        else:
            raise DecisionsError(f"{shortened(word)!r} is no record and no file", "decisions verify")
    return records, paths


def _repository_path(root: Path, folder: Path, word: str) -> str:
    """A typed path as the repository names it."""
    path = os.path.relpath(os.path.normpath(folder / word), root)
    if path.startswith(".."):
        raise DecisionsError(f"{shortened(word)} lies outside of {root}", "name a path of this repository")
    return "" if path == "." else Path(path).as_posix()


@click.command()
@click.argument("paths", nargs=-1, required=True)
@as_json
@click.pass_obj
def context(folder: Path, paths: tuple[str, ...], as_json: bool) -> int:
    """Which decisions, constraints and open questions bind these files.

    PATHS are files or folders, also such as are not there yet. The answer is a list in Markdown, for people and to be pasted.
    """
    from decisions_tool.enforce.context import context
    from decisions_tool.engine.enforcing import on_disk

    place = find_place(folder)
    root = place.root if place else folder
    names = [_repository_path(root, folder, path) for path in paths]
    found = context(on_disk(root), names)
    if as_json:
        put_json({"paths": names, "bindings": [one._asdict() for one in found]})
        return 0
    for one in found:
        where = one.path if one.line <= 1 else f"{one.path}:{one.line}"
        status = f" ({one.status})" if one.status else ""
        put(f"- {one.kind} {one.name}{status}: {one.title} — {where}")
        for why in one.why:
            put(f"  - {why}")
    if not found:
        say("nothing that binds names these files: no decision, no constraint, no open question")
    return 0


def _report(verdict: Verdict, as_json: bool) -> int:
    counts = {
        "records": len(verdict.records), "errors": len(verdict.findings), "unreal": len(verdict.unreal),
        "declared": len(verdict.declared), "unchecked": len(verdict.unchecked),
    }  # fmt: skip
    if as_json:
        records = [
            {
                "path": text.path,
                "name": text.name,
                "status": text.status,
                "promises": verdict.promises.get(text.name, 0),
            }
            for text in verdict.records
        ]
        lists: dict[str, Sequence[NamedTuple]] = {
            "findings": verdict.findings,
            "unreal": verdict.unreal,
            "declared": verdict.declared,
            "unchecked": verdict.unchecked,
        }
        put_json(
            {
                "records": records,
                **{name: [one._asdict() for one in held] for name, held in lists.items()},
                "lost": verdict.lost,
                "summary": counts,
            }
        )
        return 1 if verdict.findings else 0
    for finding in verdict.findings:
        put_finding(finding)
    for path, line, what in verdict.unreal:
        put(f"{path}:{line}: not yet real: {what}", "quiet")
    for one in verdict.declared:
        put(f"{one.path}:{one.line}:{one.column}: declared: {one.message}", "quiet")
    for path, line, what in verdict.unchecked:
        put(f"{path}:{line}: unchecked: {shortened(what, 160)}", "quiet")
    for text in verdict.records:
        if text.status == "rehearsal":
            put(f"{text.path}: a rehearsal: it binds nothing, and nothing was held to it", "warning")
    for path in verdict.lost:
        say(f"{path}: there is nothing here that could be held to a record", "warning")
    said = [plural(counts["records"], "record"), plural(counts["errors"], "error")]
    said += [
        f"{counts[name]} {word}"
        for name, word in (("unreal", "not yet real"), ("declared", "declared"), ("unchecked", "unchecked"))
    ]
    say(", ".join(said), "error" if verdict.findings else "done")
    return 1 if verdict.findings else 0


def staged_deviations(folder: Path) -> list[Finding]:
    """What the staged code newly breaks; nothing is imported where there are no records."""
    place = find_place(folder)
    if place is None:
        return []
    from decisions_tool.documents.paths import RECORDS, TASKS
    from decisions_tool.ledger.staged import staged_names

    index = os.environ.get("GIT_INDEX_FILE", "")
    with opened(folder) as repository:
        changed = [
            path for path in staged_names(repository, index) if not path.startswith((f"{RECORDS}/", f"{TASKS}/"))
        ]
        if not changed:
            return []
        from decisions_tool.engine.enforcing import broken_by_staged

        return broken_by_staged(repository, index, changed)
