"""Files on disk, written so that a crash leaves the old or the new bytes and links lead nowhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from shlex import quote

from decisions_tool.errors import DecisionsError, Denied
from decisions_tool.ledger.git import find_place


def write_atomically(path: Path, data: bytes, mode: int | None = None) -> None:
    """Temporary file beside it, fsync, rename, fsync of the folder; the umask decides where ``mode`` does not.

    Raises Denied where the file cannot be written; then the old bytes are still there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data, mode)
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> Denied:
    """What is said of a file that the disk, or its permissions, did not let us write."""
    hint = "look at its owner, its permissions and the free space"
    return Denied(f"{path}: cannot be written: {error.strerror}", hint)


def refuse_closed(folder: Path) -> None:
    """Raise Denied where nothing can be put into a folder, or a file there replaced, or where it cannot be made."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if not os.access(folder, os.W_OK | (os.X_OK if folder.is_dir() else 0)):
        raise Denied(f"{folder} cannot be written", "check its owner and permissions")


def _replace(path: Path, data: bytes, mode: int | None) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(temporary, flags, 0o666 if mode is None else mode & 0o700)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if mode is not None:
                os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_regular(path: Path | str, limit: int) -> bytes | None:
    """At most ``limit`` + 1 bytes of a regular file, None where there is none; links and devices are refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    except PermissionError:
        raise Denied(f"{path}: cannot be read", "check its owner and permissions") from None
    except OSError as error:
        raise DecisionsError(f"{path}: cannot be read: {error.strerror}", "replace it with a regular file") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise DecisionsError(f"{path}: is not a regular file", "replace it with a regular file")
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        data = stream.read(min(found.st_size, limit) + 1)  # a buffer of the whole limit costs more than the file
        while len(data) <= limit and (more := stream.read(limit + 1 - len(data))):
            data += more
        return data


def typed(root: Path, form: str, path: str) -> str:
    """A shell command about a repository path, as it is typed in the current folder; {} stands for the path."""
    try:
        here = Path.cwd()
        place = find_place(here)
    except (OSError, DecisionsError):
        place = None
    if place is None or place.root != root:
        return f"cd {quote(str(root))} && {form.replace('{}', quote(path))}"
    relative = os.path.relpath(root / path, here)
    return form.replace("{}", quote(f"./{relative}" if relative.startswith(":") else relative))


def inside(root: Path, path: str) -> Path:
    """The file of a repository path; DecisionsError where a link stands on the way."""
    current = root
    parts = path.split("/")
    if any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        raise DecisionsError(f"{path!r} leaves the repository")
    for part in parts[:-1]:
        current = current / part
        if current.is_symlink():
            raise DecisionsError(f"{path}: {current.name} is a symbolic link", "replace the link with a folder")
    return current / parts[-1]
