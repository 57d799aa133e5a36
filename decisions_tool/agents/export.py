"""The pinned commit as a folder that a program may read: fresh, private, outside of the repository, compared afterwards."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from decisions_tool.agents.protocol import Repository, SourceFile
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import unwritable

#: Configuration by which a repository could start programs of its own in an agent, or send its key elsewhere.
_STEERING = {
    ".claude", ".codex", ".continue", ".cursor", ".gemini", ".goose", ".mcp.json", ".opencode", ".qwen", "opencode.json",
    "opencode.jsonc",
}  # fmt: skip
_NO_NAME = {errno.EEXIST, errno.EILSEQ, errno.EINVAL, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR}
_MORE_PLACES = ("/tmp", "/var/tmp")  # noqa: S108  # only the parents of a private folder with a name by chance


class Mark(NamedTuple):
    """What a path in an export is: its mode with the type, its size in bytes, the digest of what it holds."""

    mode: int
    size: int = 0
    digest: str = ""


class Export:
    """A written export, and what it was when it was written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._marks = _survey(folder)

    def changed(self) -> list[str]:
        """Paths that are there no more, were not there, or differ; "." is the folder itself."""
        now = _survey(self.folder, self._marks)
        either = sorted(self._marks.keys() | now.keys())
        return [path or "." for path in either if self._marks.get(path) != now.get(path)]


@contextmanager
def exported(
    view: Repository, outside: Sequence[Path], shown: Callable[[SourceFile, bytes], bool] = lambda file, data: True
) -> Iterator[Export]:
    """A fresh export of what may be ``shown``, in none of the folders ``outside``; removed at the end whatever became of it."""
    folder = Path(tempfile.mkdtemp(prefix="decisions-", dir=_ground(outside)))
    try:
        for file in view.files():
            if safe(file.path) and shown(file, data := view.read(file.path)):
                _write(folder, file.path, data)
        yield Export(folder)
    finally:
        with suppress(OSError):  # a program that got away may still write: what it leaves is private
            remove(folder)


def safe(path: str) -> bool:
    """Whether a tracked path may become a file: below the folder, of no other program's concern."""
    return all(_safe_part(part) for part in path.split("/")) and "\0" not in path


def _safe_part(part: str) -> bool:
    plain = "".join(char for char in part.lower() if char.isprintable()).rstrip(". ")  # as other file systems read it
    return plain not in {"", ".", "..", ".git", "git~1"} and plain not in _STEERING


def within(path: Path, folders: Sequence[Path]) -> bool:
    """Whether a path leads into one of the folders, by whatever name or link."""
    there = Path(os.path.realpath(path))
    return any(_same(part, folder) for part in (there, *there.parents) for folder in folders)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _ground(outside: Sequence[Path]) -> Path:
    for place in (tempfile.gettempdir(), *_MORE_PLACES):
        if not within(Path(place), outside) and os.access(place, os.W_OK):
            return Path(place).resolve()
    raise DecisionsError(
        "the folder for temporary files lies in the repository", "TMPDIR=<a folder elsewhere> decisions run"
    )


def _write(folder: Path, path: str, data: bytes) -> None:
    target = folder / path
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(target, flags, 0o600), "wb") as stream:
            stream.write(data)
    except OSError as error:
        if error.errno not in _NO_NAME:  # a name that this file system does not take is left out
            raise unwritable(target, error) from None


def _survey(folder: Path, known: Mapping[str, Mark] | None = None) -> dict[str, Mark]:
    """What lies at and below a folder. Beside ``known``, what is new is named only: it may be endless."""
    marks: dict[str, Mark] = {}
    waiting = [""]
    while waiting:
        path = waiting.pop()
        marks[path] = mark = _mark(folder / path, None if known is None else known.get(path, Mark(0)))
        if stat.S_ISDIR(mark.mode) and (known is None or path in known):
            waiting += _below(folder, path)
    return marks


def _below(folder: Path, path: str) -> list[str]:
    try:
        names = os.listdir(folder / path)  # noqa: PTH208  # names, not paths
    except OSError:
        return []
    return [f"{path}/{name}" if path else name for name in names]


def _mark(file: Path, before: Mark | None) -> Mark:
    """The mark of a path; content is read only where it can still be equal."""
    try:
        found = file.lstat()
        mark = Mark(found.st_mode, 0 if stat.S_ISDIR(found.st_mode) else found.st_size)
        if stat.S_ISREG(found.st_mode) and (before is None or before[:2] == mark[:2]):
            return mark._replace(digest=_digest(file))
    except OSError:
        return Mark(0, 0, "unreadable")
    return mark


def _digest(file: Path) -> str:
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def remove(folder: Path) -> None:
    """Remove a folder and all in it, however deep it is and whatever its permissions say."""
    token, count = os.urandom(8).hex(), 0
    while folders := _emptied(folder):
        for below in folders:
            for deeper in _emptied(below):  # lifted to the top, so that no path grows too long
                deeper.chmod(0o700)
                deeper.rename(folder / f"{token}.{count}")
                count += 1
            below.rmdir()
    folder.rmdir()


def _emptied(folder: Path) -> list[Path]:
    """Remove what is no folder; the folders that are left."""
    folder.chmod(0o700)
    left = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                left.append(Path(entry.path))
            else:
                Path(entry.path).unlink()
    return left
