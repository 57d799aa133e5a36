"""What a commit is about to hold: the bytes of the index that git hands to a hook, never the working tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from decisions_tool.config import FILE
from decisions_tool.documents.paths import RECORDS, TASKS
from decisions_tool.ledger.repository import Repository

_EMPTY = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


def staged_files(repository: Repository, index: str) -> Iterator[tuple[str, str, bytes]]:
    """(path, mode, bytes) of managed files that the index has and HEAD has not, or has differently.

    ``index`` is GIT_INDEX_FILE as git set it: another file for each form of ``git commit``. The mode of an unmerged file is 000000.
    """
    for path, mode, oid, status in _changes(repository, index, TASKS, RECORDS, FILE):
        if status != "D":
            yield path, mode, repository.held(oid, path) if mode.startswith("100") else b""


def staged_names(repository: Repository, index: str) -> list[str]:
    """Every path that the index holds otherwise than HEAD, or no longer."""
    return [path for path, *_ in _changes(repository, index)]


def index_entries(repository: Repository, index: str, folders: Iterable[str] = ()) -> dict[str, str]:
    """Path -> blob of the regular files of the index, or of those below some folders."""
    args = ("ls-files", "--stage", "-z", "--", *folders)
    lines = repository.git.run(*args, env=_env(index)).decode("utf-8", "surrogateescape").split("\0")
    split = (line.partition("\t") for line in lines if line.startswith("100"))
    return {path: meta.split(" ")[1] for meta, _, path in split}


def _env(index: str) -> dict[str, str]:
    return {"GIT_INDEX_FILE": str(Path(index).absolute())} if index else {}


def _changes(repository: Repository, index: str, *paths: str) -> Iterator[tuple[str, str, str, str]]:
    """(path, mode, blob, status) of what differs between HEAD and the index."""
    head = repository.head().oid or _EMPTY[64 if repository.git.setting("extensions.objectformat") == "sha256" else 40]
    form = ("--raw", "-z", "--no-renames", "--no-abbrev", "--ita-invisible-in-index")
    args = ("diff-index", "--cached", *form, head, "--", *paths)
    parts = repository.git.run(*args, env=_env(index)).decode("utf-8", "surrogateescape").split("\0")
    for meta, path in zip(parts[::2], parts[1::2], strict=False):
        _, mode, _, oid, status = meta.split(" ")
        yield path, mode, oid, status[0]
