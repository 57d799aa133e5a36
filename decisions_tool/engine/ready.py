"""What the last commit has made ready: cases that it touched, and what they wait for. No model, no change; quick."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from decisions_tool.documents.paths import RECORDS, TASKS, owner
from decisions_tool.engine.overview import overview
from decisions_tool.engine.table import Row
from decisions_tool.ledger.git import Git, GitFailed, locate
from decisions_tool.ledger.locks import alive


def ready(start: Path, since: str) -> Iterator[Row]:
    """Open cases that changed after a commit; none while a watcher looks after them."""
    place = locate(start)
    with suppress(OSError):
        if alive((place.store / "watch.lock").read_text(encoding="ascii", errors="replace")):
            return
    touched = _touched(Git(place), since)
    if not touched:
        return
    table = overview(start).table
    there = [found for slug in touched if (found := table.find(slug))]
    for line, text in sorted(there, key=lambda found: found[0].folder):
        row: Row = json.loads(text)
        if line.open and row["waiting_for"]:
            yield row


def _touched(git: Git, since: str) -> set[str]:
    form = ("-r", "--name-only", "-z", "--no-renames")
    try:
        out = git.run("diff-tree", *form, since, "HEAD", "--", TASKS, RECORDS)
    except GitFailed:  # the first commit
        out = git.run("diff-tree", "--root", "--no-commit-id", *form, "HEAD", "--", TASKS, RECORDS)
    return {owner(path)[1] for path in out.decode("utf-8", "surrogateescape").split("\0")} - {""}
