"""Markdown structure by line: headings, bold fields, tables. It reads lines and gives lines back, byte for byte.

Fenced code and HTML comments hide structure. Only what documents are made of is recognised; everything else is prose.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_HEADING = re.compile(r" {0,3}(#{1,6})(?![^ \t\r])(.*)")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_FIELD = re.compile(r"\*\*([^*\n]+?):\*\*[ \t]*(.*)")


@dataclass
class Section:
    """A heading with the text under it; ``line`` counts from 1, ``body`` ends where the first child begins."""

    level: int
    title: str
    line: int
    body: list[str] = field(default_factory=list)
    children: list[Section] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.body).strip()

    def child(self, title: str) -> Section | None:
        return next((c for c in self.children if c.title.casefold() == title.casefold()), None)


class Hidden:
    """Follows fenced code and HTML comments line by line; ``covers`` is true for a line inside one."""

    def __init__(self) -> None:
        self.fence = ""
        self.comment = False

    @property
    def open(self) -> bool:
        return bool(self.fence) or self.comment

    def covers(self, line: str) -> bool:
        if self.fence:
            bare = line.strip()
            if bare and set(bare) == {self.fence[0]} and len(bare) >= len(self.fence) and not line.startswith("    "):
                self.fence = ""
            return True
        if self.comment:
            self.comment = "-->" not in line
            return True
        match = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if match:
            self.fence = match.group(1)
            return True
        return "<!--" in line and self._comment_begins(line)

    def _comment_begins(self, line: str) -> bool:
        start = line.rfind("<!--")
        if "`" in line[:start]:
            return False
        self.comment = "-->" not in line[start:]
        return line.lstrip().startswith("<!--")


def visible_lines(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(index, line) of every line outside fenced code and comments."""
    hidden = Hidden()
    for index, line in enumerate(lines):
        if not hidden.covers(line):
            yield index, line


def heading(line: str, deepest: int = 6) -> tuple[int, str] | None:
    """(level, title) of an ATX heading of at most ``deepest`` hashes."""
    match = _HEADING.fullmatch(line) if "#" in line else None
    if not match or len(match.group(1)) > deepest:
        return None
    title = match.group(2).strip()
    open_end = title.rstrip("#")
    closed = open_end != title and (not open_end or open_end[-1] in " \t")
    return len(match.group(1)), open_end.rstrip() if closed else title


def outline(text: str, deepest: int = 3, first_line: int = 1) -> Section:
    """The tree of sections of a text under a root of level 0; deeper headings stay prose."""
    root = Section(0, "", first_line)
    stack = [root]
    hidden = Hidden()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=first_line):
        found = None if hidden.covers(line) else heading(line, deepest)
        if found is None:
            stack[-1].body.append(line)
            continue
        level, title = found
        while stack[-1].level >= level:
            stack.pop()
        section = Section(level, title, number)
        stack[-1].children.append(section)
        stack.append(section)
    return root


def field_name(line: str) -> str | None:
    """The folded name of a bold field that a line begins with."""
    match = _FIELD.match(line) if line.startswith("**") else None
    return match.group(1).strip().casefold() if match else None


def fields(lines: Sequence[str], names: Collection[str]) -> tuple[dict[str, str], str, dict[str, int]]:
    """Bold fields at line starts: (name -> text up to the next field, the text before the first, name -> line index)."""
    wanted = {name.casefold(): name for name in names}
    starts: list[tuple[int, str, str]] = []
    for index, line in visible_lines(lines):
        match = _FIELD.match(line) if line.startswith("**") else None
        name = wanted.get(match.group(1).strip().casefold()) if match else None
        if match and name and all(name != known for _, known, _ in starts):
            starts.append((index, name, match.group(2)))
    found: dict[str, str] = {}
    ends = [start for start, _, _ in starts[1:]] + [len(lines)]
    for (start, name, first), end in zip(starts, ends, strict=False):
        found[name] = "\n".join([first, *lines[start + 1 : end]]).strip()
    before = lines[: starts[0][0]] if starts else lines
    return found, "\n".join(before).strip(), {name: start for start, name, _ in starts}


# ---------------------------------------------------------------------- tables

_DASHES = re.compile(r":?-+:?")


class Row(NamedTuple):
    line: int
    cells: tuple[str, ...]


class Table(NamedTuple):
    """A pipe table: header cells and rows; lines count from 0 in the lines it was read from."""

    line: int
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def split_cells(line: str) -> tuple[str, ...]:
    """The cells of one table line, unescaped and stripped; pipes inside code spans count as escaped only by a backslash."""
    inner = line.strip()
    inner = inner[1:] if inner.startswith("|") else inner
    if re.search(r"(?<!\\)\|$", inner):
        inner = inner[:-1]
    return tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner))


def _is_rule(line: str) -> bool:
    """Whether a line is what stands between the header of a table and its rows."""
    cells = line.strip().removeprefix("|").removesuffix("|").split("|")
    return all(_DASHES.fullmatch(cell.strip()) for cell in cells)


def cell(value: str) -> str:
    """A value as the content of a table cell."""
    return " ".join(value.split()).replace("|", "\\|")


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(map(cell, header)) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    return lines + ["| " + " | ".join(map(cell, row)) + " |" for row in rows]


def tables(lines: Sequence[str]) -> list[Table]:
    """Every pipe table outside fenced code and comments."""
    shown = list(visible_lines(lines))
    found: list[Table] = []
    at = 0
    while at + 1 < len(shown):
        index, line = shown[at]
        at += 1
        below, rule = shown[at]
        if "|" not in line or below != index + 1 or not _is_rule(rule):
            continue
        rows: list[Row] = []
        at += 1
        while at < len(shown) and "|" in shown[at][1] and shown[at][0] == below + len(rows) + 1:
            rows.append(Row(shown[at][0], split_cells(shown[at][1])))
            at += 1
        found.append(Table(index, split_cells(line), tuple(rows)))
    return found
