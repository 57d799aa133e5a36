"""Record numbers: which were ever used, on any branch, remote, worktree or reflog, deleted ones included. It gives none away itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from decisions_tool.documents.paths import RECORDS, place
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.git import Git, GitFailed, Place


class Series(NamedTuple):
    """Records that are numbered together: a folder, and what stands before the number in their names."""

    folder: str
    prefix: str


OURS = Series(RECORDS, "DR-")


def next_number(git: Git, series: Series = OURS) -> int:
    """One more than the highest: numbers are never used again, gaps are fine. The caller holds the run lock."""
    if (git.place.common / "shallow").exists():
        said = "this clone is shallow: numbers that older history has used cannot be seen, so none is given"
        raise DecisionsError(said, "git fetch --unshallow")
    return max(used(git, series), default=0) + 1


def used(git: Git, series: Series = OURS, tips: Sequence[str] = ()) -> set[int]:
    """Numbers that some commits and those before them have used; without ``tips`` those of all that this repository knows."""
    name = re.compile(rf"{re.escape(series.prefix)}(\d{{1,7}})(?!\d)", re.IGNORECASE)
    where = _committed(git, series.folder, tips or ("--all", "--reflog"))
    paths = [*where, *([] if tips else _lying_about(git.place, series.folder))]
    found = (name.match(path.rpartition("/")[2]) for path in paths)
    return {int(match[1]) for match in found if match}


def number_of(path: str) -> int:
    """The number in the name of a record, its stories or its retrospective; 0 for anything else."""
    where = place(path)
    if where is not None and where.kind == "record":
        return where.number or 0
    name = path.removeprefix(f"{RECORDS}/DR-")
    digits = name.partition("-")[0]
    return int(digits) if name != path and digits.isascii() and digits.isdigit() else 0


def _committed(git: Git, folder: str, tips: Sequence[str]) -> list[str]:
    """Every path below a folder that a commit has added; ``--all`` tells of all worktrees, the reflog of branches that are gone."""
    form = (
        "--format=",
        "--name-only",
        "--no-renames",
        "--diff-filter=A",
        "--diff-merges=combined",
        "--full-history",
        "-z",
    )
    try:
        out = git.run("log", *form, "--no-ext-diff", *tips, "--", folder or ".")
    except GitFailed as error:
        said = f"not all of history can be read, so it is not known which numbers are used: {error.stderr.strip()}"
        raise DecisionsError(said, "git fetch --refetch, or git fsck") from None
    return out.decode("utf-8", "surrogateescape").replace("\n", "\0").split("\0")


def _lying_about(place: Place, folder: str) -> Iterator[str]:
    """Files that lie in the folder in any worktree, committed or not."""
    for tree in {place.root, *_worktrees(place.common)}:
        where = tree / folder
        yield from (entry.name for entry in where.iterdir()) if where.is_dir() else ()


def _worktrees(common: Path) -> Iterator[Path]:
    if common.name == ".git":
        yield common.parent
    for told in common.glob("worktrees/*/gitdir"):
        yield (told.parent / told.read_text(encoding="utf-8", errors="surrogateescape").strip()).parent
