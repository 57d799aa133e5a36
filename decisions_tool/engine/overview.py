"""Every case in one table, in proportion to what changed since the last look.

A case's row depends on its folder's tree, the settings and the program's version, and is kept under those. It imports what reads
documents only when a row is not known.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

from decisions_tool import __version__
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.cache import save_text
from decisions_tool.ledger.git import Git, Place, changed_files, locate

_WATCHED = 50
_OVER = {"done", "closed", "none"}


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
    """The part of the table that is read every time; ``open`` holds the rows of the cases that are not over."""

    version: str
    head: str
    settings: str
    count: int
    open: list[Row]
    skipped: list[dict[str, str]]


@dataclass(frozen=True)
class Overview:
    """All cases of a commit. What is not asked for stays unread: ten thousand rows take longer to parse than to print.

    ``uncommitted`` is None where too many cases are open to look at every file.
    """

    header: Header
    trees_json: str
    rows_json: str
    uncommitted: list[str] | None = None

    @cached_property
    def rows(self) -> list[Row]:
        found: list[Row] = json.loads(self.rows_json)
        return found

    @cached_property
    def trees(self) -> dict[str, str]:
        """Slug -> tree id of the case's folder."""
        found: dict[str, str] = json.loads(self.trees_json)
        return found


def overview(start: Path, look_closely: bool = False) -> Overview:
    """All cases of the last commit, from the cache where nothing changed."""
    place = locate(start)
    held = _held(start, place)
    return replace(held, uncommitted=_uncommitted(place, held, look_closely))


def settled(start: Path) -> dict[str, str]:
    """Slug -> tree id of the cases of the last commit that no run has to look at."""
    held = _held(start, locate(start))
    waiting = {row["case"] for row in held.header["open"]}
    return {slug: tree for slug, tree in held.trees.items() if slug not in waiting}


def _held(start: Path, place: Place) -> Overview:
    """The table of the last commit; what did not change since it was kept is taken from there."""
    cache = place.store / "overview"
    held = _load(cache)
    if held is None or held.header["head"] != _head(place):
        held = _fresh(start, held)
        save_text(cache, f"{json.dumps(held.header)}\n{held.trees_json}\n{held.rows_json}")
    return held


def _load(cache: Path) -> Overview | None:
    try:
        header, trees, rows = cache.read_text(encoding="utf-8").split("\n")
        values: Header = json.loads(header)
        return Overview(values, trees, rows) if values["version"] == __version__ else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _head(place: Place) -> str:
    """The commit of HEAD by reading two small files; empty where git has to be asked."""
    try:
        text = (place.git_dir / "HEAD").read_text(encoding="ascii").strip()
        return (place.common / text[5:]).read_text(encoding="ascii").strip() if text.startswith("ref: ") else text
    except (OSError, UnicodeDecodeError):
        return ""


def _fresh(start: Path, held: Overview | None) -> Overview:
    from decisions_tool.documents.paths import TASKS
    from decisions_tool.ledger.repository import Repository

    repository = Repository(start)
    head = repository.head()
    if not head.oid:
        raise DecisionsError("this branch has no commit yet", "git commit --allow-empty -m 'first commit'")
    root = repository.tree_of(head.oid)
    entry = repository.lookup(root, "decisions.toml")
    settings = entry.oid if entry else ""
    trees = repository.case_folders(head.oid)
    same = held is not None and held.header["settings"] == settings
    known = (
        {row["case"]: row for row in held.rows if trees.get(row["case"]) == held.trees[row["case"]]}
        if held and same
        else {}
    )
    rows = [known.get(slug) or _row(repository, head.oid, slug, tree) for slug, tree in trees.items()]
    skipped = [{"path": f"{TASKS}/{name}", "reason": why} for name, why in _skipped(repository, root)]
    skipped += [item for item in held.header["skipped"] if item.get("case") in known] if held else []
    for slug in trees.keys() - known.keys():
        odd = repository.odd(trees[slug], f"{TASKS}/{slug}")
        skipped += [{"path": found.path, "reason": f"is {found.what}", "case": slug} for found in odd]
    repository.close()
    waiting = [row for row in rows if row["managed"] and row["phase"] not in _OVER]
    skipped.sort(key=lambda item: item["path"])
    header: Header = {
        "version": __version__, "head": head.oid, "settings": settings, "count": len(rows), "open": waiting, "skipped": skipped,
    }  # fmt: skip
    return Overview(header, json.dumps(trees), json.dumps(rows))


def _skipped(repository: Any, root: str) -> list[tuple[str, str]]:
    folder = repository.lookup(root, "_tasks")
    if folder is None or folder.mode != "40000":
        return []
    return [(entry.name, "is no folder") for entry in repository.entries(folder.oid) if entry.mode != "40000"]


def _row(repository: Any, commit: str, slug: str, tree: str) -> Row:
    from decisions_tool.workflows.planner import plan

    case = repository.case(commit, slug, repository.settings(commit), tree)
    outlook = plan(case)
    managed = case.managed
    phase = outlook.phase if managed or outlook.phase == "closed" else _reached(case)
    waiting = outlook.waiting_for if managed else ""
    return {
        "case": slug, "workflow": case.workflow, "folder": case.folder, "managed": managed, "phase": phase,
        "waiting_for": waiting, "files": len(case.files), "has_request": case.path("request") in case.files,
    }  # fmt: skip


def _reached(case: Any) -> str:
    """The last kind of document that a case which nobody manages has got to."""
    kinds = ("design", "contract", "research", "concerns", "review", "roadmap", "request")
    return next((kind for kind in kinds if case.paths(kind)), "none")


def _uncommitted(place: Place, held: Overview, look_closely: bool) -> list[str] | None:
    from decisions_tool.documents.paths import TASKS

    folder, waiting = place.root / TASKS, held.header["open"]
    fresh = (
        sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name not in held.trees)
        if folder.is_dir()
        else []
    )
    if len(waiting) > _WATCHED and not look_closely:
        return None
    paths = [row["folder"] for row in waiting] + [f"{TASKS}/{name}" for name in fresh]
    if (place.root / "decisions.toml").exists() or held.header["settings"]:
        paths.append("decisions.toml")
    return changed_files(Git(place), paths) if paths else []
