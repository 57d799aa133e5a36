"""Every case in one table, in proportion to what changed since the last look.

A case's row depends on its folder's tree, the settings and the program's version, and is kept under those as text: ten thousand
rows take longer to parse than to print. What reads documents is imported only when a row is not known.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from decisions_tool import __version__
from decisions_tool.documents.paths import WORKFLOWS, case_folder
from decisions_tool.documents.paths import place as place_of
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.cache import save_text
from decisions_tool.ledger.git import Git, Place, changed_files, locate, read_head

if TYPE_CHECKING:
    from decisions_tool.ledger.repository import Folder, Repository
    from decisions_tool.workflows.case import Case

_WATCHED = 50
_SHOWN = 200
_OVER = {"done", "closed", "none"}
_ORDER = (
    "design", "contract", "research", "concerns", "review", "roadmap", "request",
    "addendum", "tally", "runoff", "vote", "comparison", "gate", "proposal", "framing",
)  # fmt: skip


class Row(TypedDict):
    """One case as ``decisions status --json`` shows it."""

    case: str
    workflow: str
    folder: str
    managed: bool
    phase: str
    waiting_for: str
    files: int
    has_request: bool


class Header(TypedDict):
    """The part of the table that is read every time.

    ``open`` holds the first rows of cases that are not over, ``blobs`` path -> blob id of their files where they are few.
    """

    version: str
    head: str
    settings: str
    count: int
    open_count: int
    open: list[Row]
    blobs: dict[str, str]
    skipped: list[dict[str, str]]


class Line(NamedTuple):
    """A row as it is kept: whether its case is open, its workflow, the state of its folder, its name, and the row as JSON."""

    open: bool
    workflow: str
    state: str
    case: str
    row: str

    @property
    def tree(self) -> str:
        return self.state.partition("+")[0]

    @property
    def folder(self) -> str:
        return case_folder(self.workflow, self.case)


class Overview(NamedTuple):
    """All cases of a commit; ``uncommitted`` is None where too many cases are open to look at every file."""

    header: Header
    lines: list[Line]
    uncommitted: list[str] | None = None

    @property
    def rows_json(self) -> str:
        return "[" + ",\n".join(line.row for line in self.lines) + "]"

    @property
    def rows(self) -> list[Row]:
        return [json.loads(line.row) for line in self.lines]


def overview(start: Path, look_closely: bool = False) -> Overview:
    """All cases of the last commit, from the cache where nothing changed."""
    place = locate(start)
    held = _held(start, place)
    return held._replace(uncommitted=_uncommitted(place, held, look_closely))


def elsewhere(start: Path, branch: str) -> Overview:
    """All cases of a branch that is not checked out, read anew."""
    from decisions_tool.ledger.repository import Repository

    with closing(Repository(start)) as repository:
        return _read(repository, None, repository.tip(branch))._replace(uncommitted=[])


def settled(start: Path) -> dict[str, str]:
    """Slug -> state of the cases of the last commit that no run has to look at."""
    return {line.case: line.state for line in _held(start, locate(start)).lines if not line.open}


# ---------------------------------------------------------------------- kept from the last look


def _held(start: Path, place: Place) -> Overview:
    """The table of the last commit; what did not change since it was kept is taken from there."""
    cache = place.store / "overview"
    held = _load(cache)
    if held is None or held.header["head"] != _head(place):
        held = _fresh(start, held)
        kept = [
            f"{'+' if line.open else '-'}\t{line.workflow}\t{line.state}\t{json.dumps(line.case)}\t{line.row}"
            for line in held.lines
        ]
        save_text(cache, "\n".join([json.dumps(held.header), *kept]))
    return held


def _load(cache: Path) -> Overview | None:
    try:
        header, *kept = cache.read_text(encoding="utf-8").split("\n")
        values: Header = json.loads(header)
        if values["version"] != __version__ or values["count"] != len(kept):
            return None
        return Overview(values, [_line(text) for text in kept])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _line(text: str) -> Line:
    mark, workflow, state, case, row = text.split("\t")
    return Line(mark == "+", workflow, state, json.loads(case) if "\\" in case else case[1:-1], row)


def _head(place: Place) -> str:
    """The commit of HEAD by reading two small files; empty where git has to be asked."""
    try:
        text = read_head(place.git_dir)
        return (place.common / text[5:]).read_text(encoding="ascii").strip() if text.startswith("ref: ") else text
    except (OSError, UnicodeDecodeError):
        return ""


# ---------------------------------------------------------------------- made anew


def _fresh(start: Path, held: Overview | None) -> Overview:
    from decisions_tool.ledger.repository import Repository

    with closing(Repository(start)) as repository:
        return _read(repository, held)


def _read(repository: Repository, held: Overview | None, tip: str = "") -> Overview:
    head = tip or repository.head().oid
    if not head:
        raise DecisionsError("this branch has no commit yet", "git commit --allow-empty -m 'first commit'")
    root = repository.tree_of(head)
    entry = repository.lookup(root, "decisions.toml")
    settings = entry.oid if entry else ""
    same = held is not None and held.header["settings"] == settings
    known = {line.case: line for line in held.lines} if held and same else {}
    lines = []
    for slug, folder in repository.cases(head).items():
        line = known.get(slug)
        lines.append(line if line and line.state == folder.state else _made(repository, head, slug, folder))
    waiting = [json.loads(row) for row in islice((line.row for line in lines if line.open), max(_SHOWN, _WATCHED))]
    open_count = sum(line.open for line in lines)
    header: Header = {
        "version": __version__,
        "head": head,
        "settings": settings,
        "count": len(lines),
        "open_count": open_count,
        "open": waiting,
        "blobs": dict(_blobs(repository, lines)) if open_count <= _WATCHED else {},
        "skipped": sorted(_skipped(repository, root, lines, held if same else None), key=lambda item: item["path"]),
    }
    return Overview(header, lines)


def _blobs(repository: Repository, lines: list[Line]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.open:
            yield from ((path, entry.oid) for path, entry in repository.walk(line.tree, line.folder))


def _skipped(repository: Repository, root: str, lines: list[Line], held: Overview | None) -> Iterator[dict[str, str]]:
    """What lies among the cases and is none, and what lies in a case and is no file."""
    taken: set[str] = set()
    for top, _ in WORKFLOWS.values():
        folder = repository.lookup(root, top)
        for entry in repository.entries(folder.oid) if folder and folder.mode == "40000" else ():
            if entry.mode != "40000" and place_of(f"{top}/{entry.name}") is None:
                yield {"path": f"{top}/{entry.name}", "reason": "is no folder"}
            elif entry.name in taken:
                yield {"path": f"{top}/{entry.name}", "reason": "has the name of a task; rename it"}
            taken.add(entry.name)
    same = {(line.case, line.state) for line in held.lines} if held else set()
    kept = {line.case for line in lines if (line.case, line.state) in same}
    yield from (item for item in (held.header["skipped"] if held else []) if item.get("case") in kept)
    for line in lines:
        if line.case not in kept:
            for odd in repository.odd(line.tree, line.folder):
                yield {"path": odd.path, "reason": f"is {odd.what}", "case": line.case}


def _made(repository: Repository, commit: str, slug: str, folder: Folder) -> Line:
    from decisions_tool.workflows.planner import plan

    case = repository.case(commit, slug, repository.settings(commit), folder)
    outlook = plan(case)
    managed = case.managed
    row: Row = {
        "case": slug,
        "workflow": case.workflow,
        "folder": case.folder,
        "managed": managed,
        "phase": outlook.phase if managed or outlook.phase == "closed" else _reached(case),
        "waiting_for": outlook.waiting_for if managed else "",
        "files": len(case.files),
        "has_request": case.path(case.opens) in case.files,
    }
    return Line(managed and row["phase"] not in _OVER, folder.workflow, folder.state, slug, json.dumps(row))


def _reached(case: Case) -> str:
    """The last kind of document that a case which nobody manages has got to."""
    return next((kind for kind in _ORDER if case.paths(kind)), "none")


# ---------------------------------------------------------------------- not committed


def _uncommitted(place: Place, held: Overview, look_closely: bool) -> list[str] | None:
    """Managed files that differ from the last commit; git is asked only about those that look changed."""
    if held.header["open_count"] > _WATCHED and not look_closely:
        return None
    known = {line.case for line in held.lines}
    suspects = [
        f"{top}/{entry.name}"
        for top, _ in WORKFLOWS.values()
        if (place.root / top).is_dir()
        for entry in sorted(os.scandir(place.root / top), key=lambda entry: entry.name)
        if entry.name not in known and entry.is_dir()
    ]
    if held.header["open_count"] > _WATCHED:
        suspects += [line.folder for line in held.lines if line.open]
    else:
        suspects += _differing(place.root, held.header)
    return changed_files(Git(place), suspects) if suspects else []


def _differing(root: Path, header: Header) -> list[str]:
    """Paths of open cases, and of the settings, whose bytes on disk are not those of the commit."""
    blobs = dict(header["blobs"])
    if header["settings"] or (root / "decisions.toml").exists():
        blobs["decisions.toml"] = header["settings"]
    on_disk = {
        (Path(folder) / name).relative_to(root).as_posix()
        for row in header["open"]
        for folder, _, names in os.walk(root / row["folder"])
        for name in names
    }
    return [path for path in sorted(on_disk | blobs.keys()) if _changed(root / path, blobs.get(path, ""))]


def _changed(file: Path, blob: str) -> bool:
    from decisions_tool.ledger.disk import blob_id

    try:
        data = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
    except OSError:
        return True
    width = len(blob)
    return blob not in {blob_id(data, width), blob_id(data.replace(b"\r\n", b"\n"), width)}
