"""What a merge of two commits would give, found without touching a file, the index or a branch."""

from __future__ import annotations

from typing import NamedTuple

from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.git import GitFailed
from decisions_tool.ledger.history import Change, read_changes
from decisions_tool.ledger.merges import merge_bases
from decisions_tool.ledger.repository import Repository


class Merged(NamedTuple):
    """The merge of ``theirs`` into ``ours``; ``begun`` is where they parted, ``conflicts`` are paths that hold both sides."""

    ours: str
    theirs: str
    begun: str
    tree: str
    conflicts: tuple[str, ...]


def merge(repository: Repository, ours: str, theirs: str) -> Merged:
    """The tree that git makes of two commits, by its own three-way merge: a program that the repository names is not run."""
    git = repository.git
    form = ("--write-tree", "--name-only", "--no-messages", "-z")
    begun = begins(repository, ours, theirs)
    try:
        out = git.run("merge-tree", *form, ours, theirs, settings=git.without_drivers(), ok=(0, 1))
    except GitFailed as error:
        if error.code != 129:
            raise
        said = f"{git.line('--version')} cannot merge without a working tree"
        raise DecisionsError(said, "install git 2.38 or later") from None
    tree, *paths = out.decode("utf-8", "surrogateescape").rstrip("\0").split("\0")
    return Merged(ours, theirs, begun, tree, tuple(dict.fromkeys(paths)))


def begins(repository: Repository, ours: str, theirs: str) -> str:
    """A commit that both sides are built on; DecisionsError where there is none, or it is not here."""
    found = merge_bases(repository, ours, theirs)
    if found:
        return found[0]
    if repository.shallow:
        raise DecisionsError("this clone is shallow: where the branches parted is not here", "git fetch --unshallow")
    raise DecisionsError(f"{ours[:10]} and {theirs[:10]} have no commit in common", "git log --oneline --graph --all")


def differing(repository: Repository, before: str, after: str) -> list[Change]:
    """Files that differ between two commits or trees."""
    form = ("-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--ignore-submodules=all")
    out = repository.git.run("diff-tree", *form, before, after, "--")
    return list(read_changes(out.decode("utf-8", "surrogateescape")))
