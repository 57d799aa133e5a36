"""Managed files as they lie on disk, without git: what ``check`` and the readers of a given path see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from decisions_tool.documents.paths import MAX_FILE, QUESTIONS, RECORDS, TASKS, document_path
from decisions_tool.errors import DecisionsError, Finding
from decisions_tool.ledger.files import read_regular
from decisions_tool.ledger.git import find_place

if TYPE_CHECKING:
    from decisions_tool.config import Settings
    from decisions_tool.workflows.case import Case


class Found(NamedTuple):
    """A file under its repository path, or the reason why it cannot be read."""

    path: str
    data: bytes
    problem: Finding | None = None
    root: Path | None = None


def managed_root(start: Path) -> tuple[Path, str]:
    """(the folder that holds ``_tasks``, the path below it) of a file or folder.

    Where nothing above tells, it is the folder itself if it holds such, and else the repository.
    """
    absolute = Path(os.path.abspath(start))  # noqa: PTH100  # resolve() would follow links
    repository = find_place(absolute)
    above = len(repository.root.parts) if repository else 0  # a repository may lie in a folder of that name
    parts = absolute.parts[above:]
    for name in (TASKS, "docs"):
        if name in parts:
            at = len(parts) - 1 - parts[::-1].index(name)
            if name == TASKS or parts[at + 1 : at + 2] == ("decisions",):
                return Path(*absolute.parts[: above + at]), "/".join(parts[at:])
    if repository and parts and not any((absolute / name).is_dir() for name in (TASKS, RECORDS)):
        return repository.root, "/".join(parts)
    return (absolute, "") if absolute.is_dir() else (absolute.parent, absolute.name)


def read_file(root: Path, path: str) -> Found:
    """One file, a problem where it is a link, a device or unreadable."""
    try:
        data = read_regular(f"{root}/{path}", 4 * MAX_FILE)  # as long as decisions.toml may be
    except DecisionsError as error:
        return _problem(path, "is not a regular file that can be read", error.hint)
    if data is None:
        return _problem(path, "is not there", "check the path")
    return Found(path, data, None, root)


def walk(root: Path, below: str) -> Iterator[Found]:
    """Every file below a folder, sorted; what is no folder of a case is reported and not entered."""
    closed: list[OSError] = []
    for folder, names, files in os.walk(root / below if below else root, onerror=closed.append):
        here = Path(folder)
        problems = {name: _no_folder(here / name) for name in sorted(names) if name != ".git"}
        names[:] = [name for name, why in problems.items() if why is None]
        for name, why in problems.items():
            if why:
                yield _problem((here / name).relative_to(root).as_posix(), *why)
        above = here.relative_to(root).as_posix()
        for name in sorted(files):
            yield read_file(root, name if above == "." else f"{above}/{name}")
    for error in closed:
        path = Path(error.filename).relative_to(root).as_posix()
        yield _problem(path, f"cannot be read: {error.strerror}", "check its permissions")


def _no_folder(folder: Path) -> tuple[str, str] | None:
    """Why a folder is not entered, with what to do about it."""
    if folder.is_symlink():
        return "is a symbolic link", "replace it"
    if os.path.lexists(folder / ".git"):  # unlike exists(), no error where the folder is closed
        return "is a repository of its own", "move it elsewhere"
    if folder.name.endswith(".md"):
        return "is a folder where a document belongs", "rename it"
    return None


def _problem(path: str, message: str, hint: str) -> Found:
    return Found(path, b"", Finding("document/file", "error", path, 0, 0, message, hint))


def blob_id(data: bytes, width: int = 40) -> str:
    """The object id that git gives to these bytes; ``width`` is the length of an id in hex digits."""
    import hashlib

    made = hashlib.sha256 if width == 64 else hashlib.sha1
    return made(b"blob %d\0" % len(data) + data).hexdigest()


def case_on_disk(root: Path, folder: str, settings: Settings) -> Case:
    """A case folder, such as ``_tasks/cache``, as it lies on disk, with what it shares with others."""
    from decisions_tool.documents.paths import SHARED_ROWS, archived_path, owner, with_followers
    from decisions_tool.workflows.case import Case, File, Outside

    workflow, slug = owner(f"{folder}/")
    found = [f for f in walk(root, folder) if f.problem is None]
    if not workflow or (not found and not (root / folder).is_dir()):
        raise DecisionsError(f"there is no case in {root / folder}", "decisions status")
    files = {f.path: File(blob_id(f.data), f.data) for f in found}
    case = Case(slug, files, settings, workflow=workflow)
    if workflow != "decision":
        return case
    beside = [f"{RECORDS}/{row.template}" for row in SHARED_ROWS if "{" not in row.template]
    opening = None if case.findings_of("framing") else case.opening
    beside += with_followers(getattr(opening.meta, "record", None) or "" if opening else "")
    for needed in getattr(opening, "reads", ()):
        told = [document_path(needed, kind) for kind in ("framing", "addendum", "reversal")]
        beside += [*told, *map(archived_path, told)]

    def now(path: str) -> str | None:
        found = read_file(root, path)
        return None if found.problem else found.data.decode("utf-8", "replace")

    shared = {f.path: File(blob_id(f.data), f.data) for path in beside if (f := read_file(root, path)).problem is None}
    return replace(
        case, shared=shared, outside=Outside(now=now), tracked=lambda path: (root / path).exists(), _places={}
    )


def question_anywhere(folder: Path) -> Case:
    """A folder of votes that lies in no repository of ours, read as the folder of a question."""
    from decisions_tool.config import Settings
    from decisions_tool.workflows.case import Case, File

    top = f"{QUESTIONS}/{folder.name}"
    found = {f"{top}/{f.path}": File(blob_id(f.data), f.data) for f in walk(folder, "") if f.problem is None}
    return Case(folder.name, found, Settings(), workflow="decision")


def settings_on_disk(root: Path) -> Settings:
    """``decisions.toml`` as it lies on disk."""
    from decisions_tool.config import FILE, MAX_BYTES, read_settings
    from decisions_tool.documents.frontmatter import decode

    data = read_regular(root / FILE, MAX_BYTES)
    return read_settings(None if data is None else decode(data, FILE, MAX_BYTES))
