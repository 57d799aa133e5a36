"""Names of files that do not survive on every system, and files that hold nothing to say anything about. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from decisions_tool.documents.paths import TASKS, name_problem, place
from decisions_tool.errors import Finding

#: Front matter that every reader takes for the same words: each key on a line of its own, its value a few words or a list of them.
_SIMPLE = re.compile(
    rb"---\n((?:[a-z][a-z0-9_-]{0,40}: (?:[A-Za-z0-9][\w./+ -]*|\"[\w./+ -]+\"|\[\w+(?:, \w+){0,20}\])\n){1,20})---\n(?!\s*---)"
)
_KEY = re.compile(rb"^([a-z0-9_-]+):", re.M)
_ODD = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f-\xff]")


def is_plain(path: str, data: bytes) -> bool:
    """Whether a file is plain text of somebody else, with simple front matter at most: all that can be wrong is its name."""
    if (
        not path.endswith(".md")
        or path.startswith(f"{TASKS}/")
        or place(path) is not None
        or len(data) >= 1 << 16
        or _ODD.search(data)
        or not data.strip()
    ):
        return False
    if not data.lstrip().startswith(b"---"):
        return True
    block = _SIMPLE.match(data)
    keys = _KEY.findall(block[1]) if block else []
    return bool(keys) and len(set(keys)) == len(keys) and b"type" not in keys


def check_name(path: str) -> list[Finding]:
    """Names that do not survive on every system."""
    found = []
    for name in path.split("/"):
        why = name_problem(name)
        if why:
            found.append(Finding("path/name", "error", path, 0, 0, f"the name {name!r} {why}", "rename it: git mv"))
    return found


def check_twins(paths: Iterable[str]) -> list[Finding]:
    """Paths that become one file on a system that folds case or Unicode."""
    seen: dict[str, str] = {}
    found = []
    for path in sorted(paths):
        key = unicodedata.normalize("NFC", path).casefold()
        other = seen.setdefault(key, path)
        if other != path:
            found.append(
                Finding(
                    "path/twins",
                    "error",
                    path,
                    0,
                    0,
                    f"differs from {other} only in case or Unicode form",
                    "rename one of them",
                )
            )
    return found
