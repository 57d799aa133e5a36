"""Every case in one table, in proportion to what changed since the last look.

A case's row depends on its folder's tree, the settings and the program's version, and is kept under those. It imports what reads
documents only when a row is not known.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypedDict

from decisions_tool import __version__
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.cache import load_json, save_json
from decisions_tool.ledger.git import Git, Place, locate

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


class Overview(TypedDict):
    """``uncommitted`` is None where too many cases are open to look at every file."""

    cases: list[Row]
    skipped: list[dict[str, str]]
    uncommitted: list[str] | None


def overview(start: Path, look_closely: bool = False) -> Overview:
    """All cases of the last commit, from the cache where nothing changed."""
    place = locate(start)
    held = _held(start, place)
    rows = [row for _, row in held["rows"].values()]
    return {"cases": rows, "skipped": held["skipped"], "uncommitted": _uncommitted(place, held, look_closely)}


def settled(start: Path) -> dict[str, str]:
    """Slug -> tree id of the cases of the last commit that no run has to look at."""
    rows = _held(start, locate(start))["rows"]
    return {slug: tree for slug, (tree, row) in rows.items() if row["phase"] in _OVER or not row["managed"]}


def _held(start: Path, place: Place) -> dict[str, Any]:
    """The table of the last commit; what did not change since it was kept is taken from there."""
    cache = place.store / "overview.json"
    held = load_json(cache)
    if not isinstance(held, dict) or held.get("version") != __version__:
        held = {}
    if not held or held["head"] != _head(place):
        held = _fresh(start, held)
        save_json(cache, held)
    return held


def _head(place: Place) -> str:
    """The commit of HEAD by reading two small files; empty where git has to be asked."""
    try:
        text = (place.git_dir / "HEAD").read_text(encoding="ascii").strip()
        return (place.common / text[5:]).read_text(encoding="ascii").strip() if text.startswith("ref: ") else text
    except (OSError, UnicodeDecodeError):
        return ""


def _fresh(start: Path, held: dict[str, Any]) -> dict[str, Any]:
    from decisions_tool.documents.paths import TASKS
    from decisions_tool.ledger.repository import Repository

    repository = Repository(start)
    head = repository.head()
    if not head.oid:
        raise DecisionsError("this branch has no commit yet", "git commit --allow-empty -m 'first commit'")
    root = repository.tree_of(head.oid)
    entry = repository.lookup(root, "decisions.toml")
    settings_blob = entry.oid if entry else ""
    known = held.get("rows", {}) if held.get("settings") == settings_blob else {}
    rows: dict[str, Any] = {}
    for slug, tree in repository.case_folders(head.oid).items():
        old = known.get(slug)
        rows[slug] = old if old and old[0] == tree else [tree, _row(repository, head.oid, slug, tree)]
    skipped = [{"path": f"{TASKS}/{name}", "reason": why} for name, why in _skipped(repository, root)]
    skipped += [{"path": odd.path, "reason": f"is {odd.what}"} for slug, (tree, _) in rows.items() for odd in repository.odd(tree, f"{TASKS}/{slug}")]
    repository.close()
    return {"head": head.oid, "version": __version__, "settings": settings_blob, "rows": rows, "skipped": skipped}


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


def _uncommitted(place: Place, held: dict[str, Any], look_closely: bool) -> list[str] | None:
    from decisions_tool.documents.paths import TASKS

    folders = place.root / TASKS
    rows = held["rows"]
    fresh = sorted(entry.name for entry in os.scandir(folders) if entry.is_dir() and entry.name not in rows) if folders.is_dir() else []
    open_cases = [slug for slug, (_, row) in rows.items() if row["managed"] and row["phase"] not in _OVER]
    if len(open_cases) > _WATCHED and not look_closely:
        return None
    paths = [f"{TASKS}/{slug}" for slug in [*open_cases, *fresh]] + ["decisions.toml"]
    if not open_cases and not fresh and not (place.root / "decisions.toml").exists():
        return []
    git = Git(place)
    args = ("status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=all", "--no-renames", "--", *paths)
    parts = git.run(*args, settings=git.without_filters()).decode("utf-8", "surrogateescape").split("\0")
    return [part[3:] for part in parts if part]
