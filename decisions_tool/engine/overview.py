"""Every case in one table, in proportion to what changed since the last look.

A case's row depends on its folder's tree, the settings and the program's version, and is kept under those. What reads documents is
imported only when a row is not known.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from decisions_tool import __version__
from decisions_tool.documents.paths import CONFIG, RECORDS, TASKS, WORKFLOWS, document_path
from decisions_tool.documents.paths import place as place_of
from decisions_tool.engine.table import LAYOUT, Body, Header, Line, Row, Table
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.git import Git, Place, changed_files, locate, read_head

if TYPE_CHECKING:
    from decisions_tool.ledger.repository import Folder, Repository

_WATCHED = 50
_SHOWN = 200
#: Changed cases up to which the text of a table is changed in place.
_PATCHED = 50
#: A folder that changed within this time before a look may change again and bear the same time.
_TICK = 2_000_000_000
_OVER = {"done", "closed", "none"}
_ORDER = (
    "design", "contract", "research", "concerns", "review", "roadmap", "request",
    "addendum", "tally", "runoff", "vote", "comparison", "gate", "proposal", "framing",
)  # fmt: skip


#: Hears how many of how many.
Tell: TypeAlias = "Callable[[int, int], None]"


def _silent(done: int, of: int) -> None:
    """Whoever does not tell."""


#: What a table holds, and what was skipped.
_Parts: TypeAlias = "tuple[Body, list[dict[str, str]]]"


class Overview(NamedTuple):
    """The table of a commit; ``uncommitted`` is None where too many cases are open to look at every file."""

    table: Table
    uncommitted: list[str] | None


def overview(start: Path, look_closely: bool = False, tell: Tell = _silent) -> Overview:
    """All cases of the last commit, from the cache where nothing changed; ``tell`` hears how many cases of how many are read."""
    place = locate(start)
    held = _held(start, place, tell)
    return Overview(held, _uncommitted(place, held, look_closely))


def elsewhere(start: Path, branch: str, tell: Tell = _silent) -> Overview:
    """All cases of a branch that is not checked out, read anew."""
    from decisions_tool.ledger.repository import Repository

    with closing(Repository(start)) as repository:
        return Overview(_read(repository, None, tell, repository.tip(branch)), [])


def settled(start: Path) -> dict[str, str]:
    """Slug -> state of the cases of the last commit that no run has to look at."""
    return {line.case: line.state for line in _held(start, locate(start)).lines if not line.open}


def _held(start: Path, place: Place, tell: Tell = _silent) -> Table:
    """The table of the last commit; what did not change since it was kept is taken from there."""
    cache = place.store / "overview"
    held = Table.load(cache)
    if held is None or held.header["head"] != _head(place):
        held = _fresh(start, held, tell)
        held.header["quiet"] = _quiet(place.root, held)
        held.save(cache)
    return held


def _head(place: Place) -> str:
    """The commit of HEAD by reading two small files; empty where git has to be asked."""
    try:
        text = read_head(place.git_dir)
        return (place.common / text[5:]).read_text(encoding="ascii").strip() if text.startswith("ref: ") else text
    except (OSError, UnicodeDecodeError):
        return ""


# ---------------------------------------------------------------------- made anew


def _fresh(start: Path, held: Table | None, tell: Tell) -> Table:
    from decisions_tool.ledger.repository import Repository

    with closing(Repository(start)) as repository:
        return _read(repository, held, tell)


def _read(repository: Repository, held: Table | None, tell: Tell, tip: str = "") -> Table:
    head = tip or repository.head().oid
    if not head:
        raise DecisionsError("this branch has no commit yet", "git commit --allow-empty -m 'first commit'")
    root = repository.tree_of(head)
    entry = repository.lookup(root, CONFIG)
    settings = entry.oid if entry else ""
    same = held if held is not None and held.header["settings"] == settings else None
    patched = _patched(repository, head, same) if same else None
    body, skipped = patched or _all(repository, head, root, same, tell)
    waiting = body.open(_SHOWN)
    count = body.open_count
    watched = [line for line, _ in waiting] if count <= _WATCHED else []
    header: Header = {
        "version": __version__,
        "layout": LAYOUT,
        "size": 0,
        "head": head,
        "settings": settings,
        "count": body.count,
        "open_count": count,
        "open": json.loads(f"[{','.join(row for _, row in waiting)}]"),
        "blobs": {path: entry.oid for line in watched for path, entry in repository.walk(line.tree, line.folder)},
        "skipped": sorted(skipped, key=lambda item: item["path"]),
        "quiet": [],
    }
    return Table(header, body)


def _patched(repository: Repository, commit: str, held: Table) -> _Parts | None:
    """The table where nothing but files of tasks changed, in proportion to that; None where more did."""
    changed = _changed_tasks(repository, held.header["head"], commit)
    if changed is None or len(changed) > _PATCHED:
        return None
    body: Body = held
    skipped = held.header["skipped"]
    for folder in changed:
        slug = folder.path.rpartition("/")[2]
        found = body.find(slug)
        if found is None:
            return None
        line, row = _made(repository, commit, slug, folder, found[1])
        body = body.renewed(line, row)
        skipped = [item for item in skipped if item.get("case") != slug] + _odd(repository, line)
    return body, skipped


def _changed_tasks(repository: Repository, before: str, after: str) -> list[Folder] | None:
    """Folders of tasks that two commits have, each with other files; None where they differ in more than that."""
    from decisions_tool.ledger.entries import renewed
    from decisions_tool.ledger.repository import Folder

    try:
        roots = [repository.tree_of(commit) for commit in (before, after)]
    except DecisionsError:
        return None
    records, tasks = ([repository.lookup(root, top) for root in roots] for top in (RECORDS, TASKS))
    raw = [repository.git.read(entry.oid) if entry else None for entry in tasks]
    old, new = (found[1] if found is not None and found[0] == "tree" else b"" for found in raw)
    if records[0] != records[1] or not (old and new):
        return None
    found = renewed(old, new, len(after) // 2)
    if found is None or any(entry.mode != "40000" for entry in found):
        return None
    return [Folder("planning", f"{TASKS}/{entry.name}", entry.oid, entry.oid) for entry in found]


def _all(repository: Repository, commit: str, root: str, same: Table | None, tell: Tell) -> _Parts:
    """The table read anew; what is known of a case in the same state is taken over."""
    known = {line.case: (line, row) for line, row in zip(same.lines, same.texts, strict=True)} if same else {}
    lines, rows = [], []
    cases = repository.cases(commit)
    for done, (slug, folder) in enumerate(cases.items()):
        tell(done, len(cases))
        found = known.get(slug)
        if found is None or found[0].state != folder.state:
            found = _made(repository, commit, slug, folder, found[1] if found else "")
        lines.append(found[0])
        rows.append(found[1])
    return Body.of(lines, rows), list(_skipped(repository, root, lines, same))


def _skipped(repository: Repository, root: str, lines: list[Line], held: Table | None) -> Iterator[dict[str, str]]:
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
    same = set(held.lines) if held else set()
    kept = {line.case for line in lines if line in same}
    yield from (item for item in (held.header["skipped"] if held else []) if item.get("case") in kept)
    yield from (item for line in lines if line.case not in kept for item in _odd(repository, line))


def _odd(repository: Repository, line: Line) -> list[dict[str, str]]:
    found = repository.odd(line.tree, line.folder)
    return [{"path": odd.path, "reason": f"is {odd.what}", "case": line.case} for odd in found]


def _made(repository: Repository, commit: str, slug: str, folder: Folder, before: str) -> tuple[Line, str]:
    """The row of a case; ``before`` is the one that it had under the same settings."""
    asleep = _asleep(json.loads(before), folder) if before else False
    left = asleep or not repository.settings(commit).runs(slug)
    row = _left_alone(repository, slug, folder) if left else None
    if row is None:
        row = _planned(repository, commit, slug, folder)
    still = row["managed"] and row["phase"] not in _OVER
    return Line(still, folder.workflow, folder.state, slug), json.dumps(row)


def _asleep(before: Row, folder: Folder) -> bool:
    """Whether a row tells of a case, of the same workflow, that has an opening and is nobody's under these settings."""
    return not before["managed"] and before["has_request"] and before["workflow"] == folder.workflow


def _left_alone(repository: Repository, slug: str, folder: Folder) -> Row | None:
    """The row of a case that nobody manages, told from names; None where its opening may say otherwise."""
    files = {path: entry for path, entry in repository.walk(folder.tree, folder.path) if entry.mode.startswith("100")}
    opening = document_path(slug, WORKFLOWS[folder.workflow][1])
    if opening in files and repository.held(files[opening].oid, opening).startswith(b"---"):
        return None
    kinds = {where.kind for path in files if (where := place_of(path))}
    return _row(
        slug, folder, False, next((kind for kind in _ORDER if kind in kinds), "none"), "", len(files), opening in files
    )


def _planned(repository: Repository, commit: str, slug: str, folder: Folder) -> Row:
    from decisions_tool.workflows.planner import plan

    case = repository.case(commit, slug, repository.settings(commit), folder)
    outlook, managed = plan(case), case.managed
    reached = next((kind for kind in _ORDER if case.paths(kind)), "none")
    phase = outlook.phase if managed or outlook.phase == "closed" else reached
    waits = outlook.waiting_for if managed else ""
    return _row(slug, folder, managed, phase, waits, len(case.files), case.path(case.opens) in case.files)


def _row(slug: str, folder: Folder, managed: bool, phase: str, waits: str, files: int, has_request: bool) -> Row:
    return {
        "case": slug,
        "workflow": folder.workflow,
        "folder": folder.path,
        "managed": managed,
        "phase": phase,
        "waiting_for": waits,
        "files": files,
        "has_request": has_request,
    }


# ---------------------------------------------------------------------- not committed


def _uncommitted(place: Place, held: Table, look_closely: bool) -> list[str] | None:
    """Managed files that differ from the last commit; git is asked only about those that look changed."""
    if held.header["open_count"] > _WATCHED and not look_closely:
        return None
    suspects = [] if held.header["quiet"] == _times(place.root) else _new_folders(place.root, held)
    if held.header["open_count"] > _WATCHED:
        suspects += [line.folder for line in held.lines if line.open]
    else:
        suspects += _differing(place.root, held.header)
    return changed_files(Git(place), suspects) if suspects else []


def _times(root: Path) -> list[int]:
    """When each folder of cases last got or lost one, in nanoseconds; 0 where there is none."""
    folders = [root / top for top, _ in WORKFLOWS.values()]
    return [folder.stat().st_mtime_ns if folder.is_dir() else 0 for folder in folders]


def _quiet(root: Path, held: Table) -> list[int]:
    """The times of the folders where every folder in them is a case; none where that may change unseen."""
    times = _times(root)
    recent = any(when > time.time_ns() - _TICK for when in times)
    return [] if recent or held.header["open_count"] > _WATCHED or _new_folders(root, held) else times


def _new_folders(root: Path, held: Table) -> list[str]:
    """Folders on disk among the cases that are none yet."""
    known = {line.case for line in held.lines}
    return [
        f"{top}/{entry.name}"
        for top, _ in WORKFLOWS.values()
        if (root / top).is_dir()
        for entry in sorted(os.scandir(root / top), key=lambda entry: entry.name)
        if entry.name not in known and entry.is_dir()
    ]


def _differing(root: Path, header: Header) -> list[str]:
    """Paths of open cases, and of the settings, whose bytes on disk are not those of the commit."""
    blobs = dict(header["blobs"])
    if header["settings"] or (root / CONFIG).exists():
        blobs[CONFIG] = header["settings"]
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
