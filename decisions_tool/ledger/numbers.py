"""The next record number: one more than the highest ever used on any branch, remote or worktree, deleted ones included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from decisions_tool.documents.paths import RECORDS, place
from decisions_tool.ledger.git import Git


def next_number(git: Git) -> int:
    """Numbers are never used again; gaps are fine."""
    return max((number_of(path) for path in _ever(git)), default=0) + 1


def number_of(path: str) -> int:
    """The number in the name of a record, its stories or its retrospective; 0 for anything else."""
    where = place(path)
    if where is not None and where.kind == "record":
        return where.number or 0
    name = path.removeprefix(f"{RECORDS}/DR-")
    digits = name.partition("-")[0]
    return int(digits) if name != path and digits.isascii() and digits.isdigit() else 0


def _ever(git: Git) -> Iterator[str]:
    """Every path that is, or in any reachable commit was, among the records."""
    trees, heads = [], []
    for line in git.run("worktree", "list", "--porcelain").decode("utf-8", "surrogateescape").split("\n"):
        key, _, value = line.partition(" ")
        trees += [Path(value)] if key == "worktree" else []
        heads += [value] if key == "HEAD" and value.strip("0") else []
    args = (
        "log",
        "--all",
        "--format=",
        "--name-only",
        "--no-renames",
        "--diff-merges=separate",
        "-z",
        *heads,
        "--",
        RECORDS,
    )
    yield from git.run(*args).decode("utf-8", "surrogateescape").replace("\n", "\0").split("\0")
    for tree in trees:
        folder = tree / RECORDS
        yield from (f"{RECORDS}/{entry.name}" for entry in folder.iterdir()) if folder.is_dir() else ()
