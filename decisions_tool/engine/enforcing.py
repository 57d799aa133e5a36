"""The bytes that decisions are held against: of the disk, the index or a commit; and what a commit newly breaks."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.enforce.contract import FOLDERS, name_of
from decisions_tool.enforce.tree import Tree
from decisions_tool.enforce.verify import verify, verify_changed
from decisions_tool.errors import DecisionsError, Finding
from decisions_tool.ledger.files import inside, read_regular
from decisions_tool.ledger.git import Git, find_place
from decisions_tool.ledger.history import Step
from decisions_tool.ledger.repository import REGULAR, Repository
from decisions_tool.ledger.search import files_with
from decisions_tool.ledger.staged import index_entries


def on_disk(root: Path) -> Tree:
    """Files as they lie on disk, those that git ignores left out; without git every file."""

    def read(path: str) -> bytes | None:
        try:
            return read_regular(inside(root, path), MAX_FILE)
        except (DecisionsError, ValueError):  # a link, a device, a name that no disk takes
            return None

    place = find_place(root)

    def listed() -> Collection[str]:
        if place is None or place.root != root:
            return list(_walked(root))
        args = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = Git(place).run(*args).decode("utf-8", "surrogateescape").split("\0")
        return [name for name in names if name and os.path.lexists(root / name)]

    return Tree(read, cache(listed))


def _walked(root: Path) -> Iterable[str]:
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not name.startswith(".") and name not in {"node_modules", "__pycache__"}]
        here = Path(folder).relative_to(root).as_posix()
        yield from (name if here == "." else f"{here}/{name}" for name in files)


def of_commit(repository: Repository, commit: str) -> Tree:
    """Files of a commit; an empty id stands for the time before the first one."""
    root = repository.tree_of(commit) if commit else ""

    def read(path: str) -> bytes | None:
        entry = repository.lookup(root, path) if root else None
        return repository.blob(entry.oid) if entry and entry.mode in REGULAR else None

    def below(folders: Iterable[str]) -> list[str]:
        found = []
        for folder in folders:
            entry = repository.lookup(root, folder) if root else None
            if entry and entry.mode == "40000":
                found += [path for path, one in repository.walk(entry.oid, folder) if one.mode in REGULAR]
        return found

    def everything() -> list[str]:
        return [path for path, one in repository.walk(root, "") if one.mode in REGULAR] if root else []

    return Tree(
        read,
        everything,
        lambda: below(FOLDERS),
        lambda words: files_with(repository, words, FOLDERS, commit) if commit else (),
    )


def of_index(repository: Repository, index: str) -> Tree:
    """Files as they are staged."""
    listed = cache(lambda: index_entries(repository, index))
    documents = cache(lambda: index_entries(repository, index, FOLDERS))

    def read(path: str) -> bytes | None:
        held = documents() if path.startswith(tuple(f"{folder}/" for folder in FOLDERS)) else listed()
        return repository.blob(held[path]) if path in held else None

    return Tree(
        read,
        lambda: listed().keys(),
        lambda: documents().keys(),
        lambda words: files_with(repository, words, FOLDERS, "", index),
    )


def broken_by_staged(repository: Repository, index: str, changed: Collection[str]) -> list[Finding]:
    """What the staged files break that HEAD does not; almost free where no record names one of them."""
    return verify_changed(of_index(repository, index), of_commit(repository, repository.head().oid), changed)


def broken_by_commit(repository: Repository, step: Step) -> list[Finding]:
    """What a commit breaks that its first parent does not."""
    changed = [change.path for change in step.changes]
    before = step.parents[0] if step.parents else ""
    return verify_changed(of_commit(repository, step.commit), of_commit(repository, before), changed)


def deviations(repository: Repository, commit: str, record: str) -> tuple[Finding, ...]:
    """Where the code of a commit breaks what one record promises, in full."""
    return verify(of_commit(repository, commit), (name_of(record),)).findings
