"""What a push brings to another repository: for each branch the commits that are not there yet. It judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from decisions_tool.ledger.repository import Repository


class Pushed(NamedTuple):
    """A branch that is pushed: its new tip, and commits that the other side has."""

    branch: str
    tip: str
    known: tuple[str, ...]


def pushed(repository: Repository, remote: str, lines: Iterable[str]) -> Iterator[Pushed]:
    """What git tells a pre-push hook, a line for each ref; branches that are deleted and tags bring nothing to look at."""
    theirs = _theirs(repository, remote)
    for line in lines:
        _, tip, target, old = line.split(" ")
        if target.startswith("refs/heads/") and set(tip) != {"0"}:
            known = (old,) if set(old) != {"0"} and _here(repository, old) else ()
            yield Pushed(target.removeprefix("refs/heads/"), tip, (*known, *theirs))


def _here(repository: Repository, commit: str) -> bool:
    found = repository.git.read(commit, 0)
    return found is not None and found[0] == "commit"


def _theirs(repository: Repository, remote: str) -> tuple[str, ...]:
    """Commits that a remote was last seen to have; none where it has no name."""
    listed = repository.git.run("for-each-ref", "--format=%(objectname)", f"refs/remotes/{remote}/")
    return tuple(dict.fromkeys(listed.decode("ascii").split()))
