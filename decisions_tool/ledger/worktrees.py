"""A worktree that is thrown away: a commit in a temporary folder, without filters or hooks; a later run clears what a kill has left."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import inside, unwritable
from decisions_tool.ledger.git import Git, Place, find_place
from decisions_tool.ledger.locks import alive, process_mark
from decisions_tool.ledger.repository import Repository

_PREFIX = "decisions-spike-"


@contextmanager
def laid_out(repository: Repository, commit: str) -> Iterator[Path]:
    """A detached worktree at a commit, in a private temporary folder."""
    clear_dead(repository.place)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    mark = _marks(repository.place) / secrets.token_hex(8)
    try:
        if folder.is_relative_to(repository.place.root.resolve()):
            raise DecisionsError(
                "the folder for temporary files lies in the repository", "TMPDIR=<a folder elsewhere> decisions spike …"
            )
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.write_text(f"{process_mark(os.getpid())}\n{folder}\n", encoding="utf-8")
        tree = folder / "tree"
        repository.git.run("worktree", "add", "--detach", "--no-checkout", "--", str(tree), commit)
        _fill(repository, commit, tree)
        yield tree
    finally:
        _remove(repository.place, folder)
        mark.unlink(missing_ok=True)


def clear_dead(place: Place) -> int:
    """Remove what a run that was killed has left; how many folders."""
    gone = 0
    for mark in sorted(_marks(place).glob("*")) if _marks(place).is_dir() else ():
        with suppress(OSError, ValueError):
            owner, folder, _ = mark.read_text(encoding="utf-8").split("\n")
            if not alive(owner):
                _remove(place, Path(folder))
                mark.unlink(missing_ok=True)
                gone += 1
    return gone


def _marks(place: Place) -> Path:
    return place.store / "spikes"


def _remove(place: Place, folder: Path) -> None:
    """Only a folder of ours by its name, and what git knows of the worktree in it; worktrees of people stay as they are."""
    if not folder.name.startswith(_PREFIX) or folder.is_symlink():
        return
    shutil.rmtree(folder, ignore_errors=True)
    for known in (place.common / "worktrees").glob("*/gitdir"):
        with suppress(OSError, UnicodeDecodeError):
            if Path(known.read_text(encoding="utf-8").strip()) == folder / "tree" / ".git":
                shutil.rmtree(known.parent)


def _fill(repository: Repository, commit: str, tree: Path) -> None:
    """Files, programs and links as the commit has them; the index agrees, so that git in there says nothing is changed."""
    for path, entry in repository.walk(repository.tree_of(commit), ""):
        found = repository.git.read(entry.oid) if entry.mode in {"100644", "100755", "120000"} else None
        if found is None:
            continue
        target = inside(tree, path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if entry.mode == "120000":
                target.symlink_to(os.fsdecode(found[1]))
            else:
                target.write_bytes(found[1])
                target.chmod(0o755 if entry.mode == "100755" else 0o644)
        except OSError as error:
            raise unwritable(target, error) from None
    there = find_place(tree)
    if there is not None:
        Git(there).run("read-tree", commit)


def write_into(tree: Path, path: str, text: str) -> None:
    """Put a file into a worktree; a path that leaves it, or leads through a link, is refused."""
    target = inside(tree, path)
    if target.is_symlink():
        raise DecisionsError(f"{path} is a symbolic link", "name the file that it leads to")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
