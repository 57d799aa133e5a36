"""What commands share: the repository of the context, JSON, findings on the screen."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from decisions_tool.errors import DecisionsError, Finding
from decisions_tool.report.terminal import put
from decisions_tool.text import shortened

if TYPE_CHECKING:
    from decisions_tool.ledger.repository import Repository
    from decisions_tool.workflows.case import Case

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def opened(folder: Path) -> Iterator[Repository]:
    """The repository that holds a folder."""
    from decisions_tool.ledger.repository import Repository

    repository = Repository(folder)
    try:
        yield repository
    finally:
        repository.close()


def keep(folder: Path, path: str) -> str:
    """The command that commits a file which nothing else does."""
    from decisions_tool.ledger.files import typed
    from decisions_tool.ledger.git import locate

    return typed(locate(folder).root, "git add -- {} && git commit -m 'My changes' -- {}", path)


def put_json(value: dict[str, Any]) -> None:
    """A JSON value on stdout, with the version of its shape first; a runner of workflows finds no command in it."""
    _write(json.dumps({"schema": 1, **value}, ensure_ascii=False, indent=1, default=str))


def put_rows(name: str, rows: list[dict[str, Any]], rest: dict[str, Any]) -> None:
    """The same with many rows, one a line: an indented dump of a thousand takes longer than reading them."""
    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    tail = "".join(f',\n "{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in rest.items())
    _write(f'{{"schema": 1,\n "{name}": [{lines}]{tail}}}')


def _write(text: str) -> None:
    sys.stdout.write(text.replace("##[", "#\\u0023[") + "\n")


def put_finding(finding: Finding, put: Callable[[str, str], None] = put) -> None:
    path = finding.path.replace("\n", "\\n").replace("\t", "\\t")
    where = f"{path}:{finding.line}:{finding.column}" if finding.line else path
    put(
        f"{where}: {finding.severity}: {finding.message} [{finding.rule}]",
        finding.severity if finding.severity != "info" else "quiet",
    )
    if finding.hint:
        put(f"    Hint: {finding.hint}", "quiet")


def tell_github(found: Sequence[Finding], counts: dict[str, int]) -> None:
    """Annotations and outputs where this is a step of a workflow."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from decisions_tool.report import github

    github.put_outputs({"error-count": str(counts["errors"]), "warning-count": str(counts["warnings"])})
    github.annotate(found)
    if found:
        rows = [[f"{f.path}:{f.line}", f.severity, f.message, f.rule] for f in found]
        github.put_summary(github.markdown_table(["where", "severity", "what", "rule"], rows))


def summary(findings: Iterable[Finding], files: int) -> dict[str, int]:
    found = list(findings)
    errors, warnings = (sum(finding.severity == severity for finding in found) for severity in ("error", "warning"))
    return {"files": files, "errors": errors, "warnings": warnings}


@contextmanager
def any_case(folder: Path, name: str, branch: str | None = None) -> Iterator[tuple[Case, Repository | None]]:
    """A case by its slug from the last commit, of a branch where one is named, or by a path from the disk, with or without git."""
    if branch:
        with _of_branch(folder, name, branch) as found:
            yield found
        return
    from decisions_tool.ledger.git import find_place

    path, named = folder / name, Path(name)
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise DecisionsError(f"{shortened(name)!r} names no case: {error.strerror}", "decisions status") from None
    if path.is_file():
        path, named = path.parent, named.parent
    if len(named.parts) > 1 or path.is_dir():
        yield _from_disk(path), None
        return
    if find_place(folder) is None:
        yield _from_disk(_named(folder, name)), None
        return
    with opened(folder) as repository:
        head = repository.head()
        folders = repository.cases(head.oid) if head.oid else {}
        if name not in folders:
            on_disk = _named(repository.place.root, name)
            if on_disk.is_dir():
                yield _from_disk(on_disk), repository
                return
            from decisions_tool.ledger.repository import no_case

            raise no_case(name, folders)
        yield repository.case(head.oid, name, repository.settings(head.oid), folders[name]), repository


@contextmanager
def _of_branch(folder: Path, name: str, branch: str) -> Iterator[tuple[Case, Repository]]:
    with opened(folder) as repository:
        tip = repository.tip(branch)
        yield repository.case(tip, name, repository.settings(tip)), repository


def _named(root: Path, name: str) -> Path:
    """The folder on disk of a case by its name."""
    from decisions_tool.documents.paths import QUESTIONS, TASKS

    task, question = root / TASKS / name, root / QUESTIONS / name
    return question if question.is_dir() and not task.is_dir() else task


def _from_disk(path: Path) -> Case:
    from decisions_tool.documents.paths import case_folder, owner
    from decisions_tool.ledger.disk import case_on_disk, managed_root, question_anywhere, settings_on_disk

    if not path.is_dir():
        raise DecisionsError(f"{shortened(str(path), 400)} is not there", "decisions status")
    root, below = managed_root(path)
    workflow, slug = owner(f"{below}/")
    if not workflow and (path / "votes").is_dir():
        return question_anywhere(path.resolve())
    if not workflow:
        raise DecisionsError(f"{path} is no folder of a case", "name a case, or the path of its folder")
    return case_on_disk(root, case_folder(workflow, slug), settings_on_disk(root))
