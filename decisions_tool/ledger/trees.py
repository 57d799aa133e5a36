"""What hooks would say of files as a tree has them: each file, names that become one elsewhere, numbers that are given twice."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from posixpath import join

from decisions_tool.config import FILE
from decisions_tool.documents.paths import RECORDS, TASKS
from decisions_tool.documents.record_names import Claim, claim
from decisions_tool.errors import Finding
from decisions_tool.ledger.cache import Verdicts
from decisions_tool.ledger.history import Change
from decisions_tool.ledger.looking import look
from decisions_tool.ledger.repository import REGULAR, Repository


def managed(path: str) -> bool:
    """Whether a path is one of those that the program looks after."""
    return path == FILE or path.startswith((f"{TASKS}/", f"{RECORDS}/"))


def file_findings(repository: Repository, verdicts: Verdicts, changes: Iterable[Change]) -> list[Finding]:
    """What the hook says of each managed file that was written."""
    found: list[Finding] = []
    for change in changes:
        if not managed(change.path) or not change.after:
            continue
        if change.mode not in REGULAR:
            found.append(
                Finding("document/file", "error", change.path, 0, 0, "is not a regular file", "git rm --cached")
            )
        else:
            found += look(verdicts, change.path, repository.held(change.after, change.path))
    return found


def twins(repository: Repository, tree: str, changes: Iterable[Change]) -> list[Finding]:
    """Managed files that were written beside one that differs from them only in case or Unicode form."""
    found = []
    for path in sorted(change.path for change in changes if change.after and managed(change.path)):
        other = next((name for name in _folded(repository, tree, path.split("/")) if name != path), None)
        if other:
            said = f"differs from {other} only in case or Unicode form"
            found.append(Finding("path/twins", "error", path, 0, 0, said, "rename one of them"))
    return found


def _folded(repository: Repository, tree: str, parts: list[str], folder: str = "") -> Iterator[str]:
    """Files of a tree whose path is this one on a system that folds case or Unicode."""
    first, rest = _fold(parts[0]), parts[1:]
    for entry in repository.entries(tree):
        if _fold(entry.name) == first:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if rest and entry.mode == "40000":
                yield from _folded(repository, entry.oid, rest, path)
            elif not rest and entry.mode != "40000":
                yield path


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def claimed_twice(repository: Repository, tree: str, written: Iterable[str]) -> dict[Claim, list[str]]:
    """Numbers that several files of one folder have, among them one that was written."""
    found: dict[Claim, list[str]] = {}
    for wanted in sorted({held for path in written if (held := claim(path))}):
        folder = repository.lookup(tree, wanted.folder) if wanted.folder else None
        entries = repository.entries(folder.oid if folder else tree) if folder or not wanted.folder else ()
        paths = [join(wanted.folder, entry.name) for entry in entries if entry.mode != "40000"]
        same = sorted(path for path in paths if claim(path) == wanted)
        if len(same) > 1:
            found[wanted] = same
    return found
