"""File names as one table: which document kind a path holds, and the path of a document. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from decisions_tool.text import HIDDEN

TASKS = "_tasks"
QUESTIONS = "docs/decisions/working"
RECORDS = "docs/decisions"
CONFIG = "decisions.toml"
#: The largest document, in bytes.
MAX_FILE = 1 << 20

#: A word that may become part of a file name: what the program itself writes.
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?")
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")


class Place(NamedTuple):
    """Where a path belongs; ``kind`` is ``other`` for a file that the workflow does not name."""

    workflow: str
    case: str
    kind: str
    slot: str
    number: int | None = None


class _Row(NamedTuple):
    kind: str
    pattern: re.Pattern[str]
    template: str


def _row(kind: str, pattern: str, template: str) -> _Row:
    return _Row(kind, re.compile(pattern), template)


#: Paths inside a task folder. The first row that matches names the kind.
TASK_ROWS: tuple[_Row, ...] = (
    _row("request", r"001-user-request\.md", "001-user-request.md"),
    _row("roadmap", r"002-roadmap\.md", "002-roadmap.md"),
    _row("review", r"003-(?P<slot>[^/]+)-review\.md", "003-{slot}-review.md"),
    _row("concerns", r"004-expert-concerns\.md", "004-expert-concerns.md"),
    _row("contract", r"(?P<number>0(?:0[5-9]|[1-9]\d)|[1-9]\d\d)-contract\.md", "{number:03d}-contract.md"),
    _row(
        "design",
        r"(?P<number>0(?:0[5-9]|[1-9]\d)|[1-9]\d\d)-(?P<slot>[^/]+)-(?:design|spec)\.md",
        "{number:03d}-{slot}-design.md",
    ),
    _row("synthesis", r"research/synthesis\.md", "research/synthesis.md"),
    _row("research", r"research/(?P<slot>[^/]+)\.md", "research/{slot}.md"),
)
_TEMPLATES = {row.kind: row.template for row in TASK_ROWS}


def place(path: str) -> Place | None:
    """Say where a repository path belongs, or None when no case owns it."""
    head, _, rest = path.partition("/")
    case, slash, inner = rest.partition("/")
    if head != TASKS or not case or not slash:
        return None
    for row in TASK_ROWS:
        match = row.pattern.fullmatch(inner)
        if match:
            found = match.groupdict()
            number = found.get("number")
            return Place("planning", case, row.kind, found.get("slot") or "", int(number) if number else None)
    return Place("planning", case, "other", "")


def task_path(case: str, kind: str, slot: str = "", number: int = 0) -> str:
    """The path of a task's document, as the program names it."""
    return f"{TASKS}/{case}/" + _TEMPLATES[kind].format(slot=slot, number=number)


def name_problem(name: str) -> str | None:
    """Why a file or folder name does not survive on every system, or None."""
    if HIDDEN.sub("", name).lower() in {".git", "git~1"}:
        return "imitates git's own folder"
    if re.search("[\ud800-\udfff]", name):
        return "is not UTF-8"
    if re.search(r'[\x00-\x1f\x7f<>:"|?*\\]', name):
        return "holds a character that other systems refuse"
    if HIDDEN.search(name):
        return "holds a character that nobody can see"
    if name.startswith(("-", " ", "~")):
        return f"begins with {name[0]!r}"
    if name.endswith((".", " ")):
        return "ends with a dot or a space"
    if len(name.encode()) > 200:
        return "is longer than 200 bytes"
    if _RESERVED.fullmatch(name):
        return "is a device name on Windows"
    return None
