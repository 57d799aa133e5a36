"""Other people's record tools, installed into a temporary folder from the public registries, and a thousand records for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_TEXT = "We need a thing that many people can use in many places without thinking.\n"
_RECORD = """\
# {n}. Use thing {n}

Date: 2024-01-{day:02d}

## Status

{status}

## Context

{context}
## Decision

We will use it.

## Consequences

* It is simple.
"""


def records(folder: Path, count: int) -> None:
    """Records in the format of adr-tools, every tenth of which supersedes the one before."""
    folder.mkdir(parents=True)
    for n in range(1, count + 1):
        status = "Accepted"
        if n % 10 == 0:
            status += f"\n\nSupersedes [{n - 1}. Use thing {n - 1}]({n - 1:04d}-use-thing-{n - 1}.md)"
        elif n % 10 == 9 and n < count:
            status = f"Superseded by [{n + 1}. Use thing {n + 1}]({n + 1:04d}-use-thing-{n + 1}.md)"
        text = _RECORD.format(n=n, day=n % 28 + 1, status=status, context=_TEXT * 12)
        (folder / f"{n:04d}-use-thing-{n}.md").write_text(text, encoding="utf-8")


def adrpy(folder: Path, count: int) -> tuple[list[str], list[str]] | None:
    """The commands of adrpy-ai that list and check ``count`` records in its own format; None where it cannot be had."""
    place = folder / "place"
    place.mkdir(parents=True)
    script = folder / "venv" / "bin" / "adrpy"
    if not _done([sys.executable, "-m", "venv", str(folder / "venv")], folder):
        return None
    if not _done([str(script.with_name("pip")), "install", "--quiet", "adrpy-ai"], folder):
        return None
    if not (
        _done([str(script), "init", "-p", str(place)], folder)
        and _done([str(script), "new", "-p", str(place), "-t", "Use thing 1"], folder)
    ):
        return None
    _multiply(
        place / "doc" / "adr",
        "ADR0001*.md",
        count,
        lambda text, n: text.replace("thing 1|", f"thing {n}|"),
        "ADR{n:04d}V01R01-use-thing-{n}.md",
    )
    return [str(script), "explore", "-p", str(place)], [str(script), "check", "-p", str(place)]


def backlog(folder: Path, count: int) -> tuple[Path, list[str], list[str]] | None:
    """(folder, the command of Backlog.md that lists ``count`` records, the one that checks them); None where it cannot be had."""
    place = folder / "place"
    place.mkdir(parents=True)
    script = folder / "node_modules" / ".bin" / "backlog"
    if shutil.which("npm") is None or not _done(
        ["npm", "install", "--silent", "--no-fund", "--no-audit", "backlog.md"], folder
    ):
        return None
    if not _done([str(script), "init", "x", "--defaults", "--no-git", "--integration-mode", "none"], place):
        return None
    if not _done([str(script), "decision", "create", "Use thing 1", "-s", "accepted"], place):
        return None

    def edit(text: str, n: int) -> str:
        return text.replace("id: decision-1", f"id: decision-{n}").replace("thing 1", f"thing {n}")

    _multiply(place / "backlog" / "decisions", "decision-1 *.md", count, edit, "decision-{n} - Use-thing-{n}.md")
    return place, [str(script), "decision", "list", "--json"], [str(script), "doctor"]


def _multiply(folder: Path, pattern: str, count: int, edit: Callable[[str, int], str], name: str) -> None:
    text = next(folder.glob(pattern)).read_text(encoding="utf-8")
    for n in range(2, count + 1):
        (folder / name.format(n=n)).write_text(edit(text, n), encoding="utf-8")


def _done(command: list[str], folder: Path) -> bool:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))}
    try:
        done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, check=False, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"cannot be had: {command[0]}: {error}", file=sys.stderr)
        return False
    if done.returncode:
        print(f"cannot be had: {' '.join(command)}\n{done.stderr.decode('utf-8', 'replace')[-2000:]}", file=sys.stderr)
    return done.returncode == 0
