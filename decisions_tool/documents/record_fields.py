"""Where a decision record says something about itself: front matter, fields, tables and sections, by line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from decisions_tool.documents.outline import Hidden, heading
from decisions_tool.documents.record_heads import kind_of
from decisions_tool.documents.record_words import bare, classes, days

_KEY = re.compile(r"([^\W\d_][\w .-]*?)[ \t]*[:=](?:[ \t]+(.*)|[ \t]*$)")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'")
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
_NAME = re.compile(
    r"\s*(?:>\s*)*(?:[-*+•]\s+(?:\[[ xX]\]\s+)?)?(?:[^\w\[!]|_)*([^\W\d_][\w .()/-]{0,40}?)\s*(?:::|[:：=])(?!//)\s*(.*)"
)
_BETWEEN = re.compile(
    r"(?<=\S)(?:\s*<br\s*/?>\s*|\t+|(?:\s+[|·•]|[;,]|\s)\s+(?=\W*[A-Z][\w ]{0,30}[*_]*:)"
    r"|\s+[|·•]\s+(?=[*_]*[a-z][a-z ]{0,30}[*_]*:)|(?<=\d)\s+(?=[*_]*(?i:status|date|author|deciders)[*_]*\s*:))"
)
_HTML_CELL = re.compile(r"</t[dh]>\s*<t[dh][^>]*>|</dt>\s*<dd[^>]*>", re.I)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_DASHED = re.compile(r"\W*(status|state)(?:\*\*|__|:?\s+[-–—])\s+(?=[\w~\[*])(.*)", re.I)
_CELLS = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|:+-]*-[\s|:+-]*")
_heading = lru_cache(maxsize=1024)(heading)
_HEAD = re.compile(r"^(?: {0,3}#|(?:={2,}|-{2,})[ \t]*$)", re.M)
_BADGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")


class Said(NamedTuple):
    """A named value; ``line`` counts from 0."""

    name: str
    value: str
    line: int


class Head(NamedTuple):
    """A heading; ``end`` is the line after the last one of its own text."""

    title: str
    level: int
    line: int
    begin: int
    end: int


class Page(NamedTuple):
    """A record taken apart: ``lines`` without what is hidden; ``body`` is the line that follows the front matter.

    ``above`` are the fields before ``top``, the line where the first section below the title begins.
    """

    lines: list[str]
    front: list[Said]
    body: int
    heads: list[Head]
    top: int
    above: list[Said]


def page(text: str) -> Page:
    """Take the text of a record apart; line ends of any kind count as one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    lines = text.split("\n")
    front, body = _front_matter(lines)
    if "```" in text or "~~~" in text or "<!--" in text:
        lines[body:] = visible(lines[body:])
        text = "\n".join(lines)
    heads = _heads(text, lines, body)
    top = _top(heads, len(lines))
    return Page(lines, front, body, heads, top, list(fields(lines, body, top)))


def visible(lines: Iterable[str]) -> list[str]:
    """Lines, with an empty one for each that fenced code or a comment hides."""
    hidden = Hidden()
    return ["" if hidden.covers(line) else line for line in lines]


def _top(heads: list[Head], end: int) -> int:
    if not heads:
        return end
    if kind_of(heads[0].title).section:
        return heads[0].line
    about = len(heads) > 1 and kind_of(heads[1].title).about
    return heads[1].end if about else heads[0].end


def _front_matter(lines: list[str]) -> tuple[list[Said], int]:
    """(what the front matter says, the line after it)."""
    fence = lines[0].lstrip("\ufeff").rstrip()
    if fence not in {"---", "+++"}:
        return [], 0
    ends = {fence, "..."}
    end = next((at for at in range(1, len(lines)) if lines[at].rstrip() in ends), 0)
    found = list(_keys(lines, end))
    return (found, end + 1) if found or end == 1 else ([], 0)


def _keys(lines: list[str], end: int) -> Iterator[Said]:
    """Top-level keys; what spans several lines is joined by commas."""
    begun: tuple[str, str, int] | None = None
    more: list[str] = []
    for at in range(1, end):
        line = lines[at]
        match = None if line[:1] in {" ", "\t", "-", "#", ""} else _KEY.match(line)
        if match is None:
            more += [line.strip()] if line[:1] != "#" else []
            continue
        if begun:
            yield _said(*begun, more)
        begun, more = (match[1].strip().lower().replace("_", "-").replace(" ", "-"), match[2] or "", at), []
    if begun:
        yield _said(*begun, more)


def _said(name: str, value: str, line: int, more: list[str]) -> Said:
    value = unquoted(value)
    if more and (not value or value[0] in ">|[\"'"):
        rest = [unquoted(item.removeprefix("- ")) for item in more if item and not item.startswith("#")]
        value = ", ".join(filter(None, [*([] if value[:1] in {">", "|"} else [value]), *rest]))
    return Said(name, value, line)


def unquoted(value: str) -> str:
    """A YAML scalar without quotes and comment."""
    value = value.strip()
    match = _QUOTED.match(value) if value[:1] in {'"', "'"} else None
    if match:
        return (match[1] or match[2] or "").strip()
    return _COMMENT.sub("", value).strip() if "#" in value else value


def _heads(text: str, lines: list[str], body: int) -> list[Head]:
    """ATX and underlined headings, in their order."""
    found: list[tuple[str, int, int, int]] = []
    at = last = 0
    for start in _marks(text):
        at += text.count("\n", last, start)
        last = start
        if at < body:
            continue
        match = _heading(lines[at])
        if match:
            found.append((match[1], match[0], at, at + 1))
        elif lines[at][0] in "=-" and _underlines(lines, at, body):
            found.append((lines[at - 1].strip(), 1 if lines[at][0] == "=" else 2, at - 1, at + 1))
    ends = [line for _, _, line, _ in found[1:]] + [len(lines)]
    return [Head(*begun, end) for begun, end in zip(found, ends, strict=False)]


def _marks(text: str) -> Iterator[int]:
    """Where lines begin that may be headings, or be below one."""
    if "\n==" in text or "\n--" in text or "\n #" in text or "\n  " in text or text[:1] in " =-":
        yield from (mark.start() for mark in _HEAD.finditer(text))
        return
    at = 0 if text[:1] == "#" else text.find("\n#") + 1
    while at or text[:1] == "#":
        yield at
        at = text.find("\n#", at) + 1
        if not at:
            return


def _underlines(lines: list[str], at: int, body: int) -> bool:
    above = lines[at - 1].strip() if at > body else ""
    if not above or above[0] in "#|>-*+=":
        return False
    return at - 1 == body or not lines[at - 2].strip()


# ---------------------------------------------------------------------- fields in the body


def fields(lines: Sequence[str], begin: int, end: int) -> Iterator[Said]:
    """Named values between two lines: ``**Name:** value``, list items, several on a line, tables, badges."""
    at = begin
    while at < end:
        line = lines[at]
        if "|" in line and at + 1 < end and _is_table(lines, at):
            below = at + 1
            while below < end and "|" in lines[below]:
                below += 1
            yield from _table(lines, at, below)
            at = below
            continue
        if ":" in line or "：" in line or "=" in line or "</" in line:
            yield from _line_fields(line, at)
        elif "tatus" in line:
            match = _DASHED.match(line)
            if match:
                yield Said(match[1].lower(), match[2].strip(), at)
        at += 1


def _line_fields(line: str, at: int) -> Iterator[Said]:
    if "![" in line:
        yield from (Said("status", match[0], at) for match in _BADGE.finditer(line) if "status" in match[0].lower())
    if "</" in line:
        line = _TAG.sub("", _HTML_CELL.sub(": ", line))
    for part in _BETWEEN.split(line):
        match = _NAME.match(part.replace("*", "").replace("__", "") if "*" in part or "__" in part else part)
        if match:
            value = part[_after_colon(part) :].lstrip("*_ \t") if "~" not in part else match[2]
            yield Said(match[1].strip().lower(), value.strip(), at)


def _after_colon(part: str) -> int:
    """Where the value of a field begins."""
    match = re.search(r"(?:::|[:：=])(?!//)", part)
    return match.end() if match else 0


def _is_table(lines: Sequence[str], at: int) -> bool:
    return (_RULE.fullmatch(lines[at + 1]) is not None and "|" in lines[at + 1]) or lines[at].lstrip().startswith("|")


def cells(line: str) -> list[str]:
    """The cells of a table row, with their markup."""
    inner = line.strip()
    inner = inner.removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in _CELLS.split(inner)]


def _table(lines: Sequence[str], at: int, end: int) -> Iterator[Said]:
    """A table of names and values, or one whose header has the names and whose last row has what is so now."""
    rows = [(line, cells(lines[line])) for line in range(at, end) if not _RULE.fullmatch(lines[line])]
    if not rows:
        return
    names = [_cell_name(cell) for cell in rows[0][1]]
    if (
        len(rows) > 1
        and not any(_is_value(cell) for cell in rows[0][1][1:])
        and set(names) & {"status", "state", "date"}
    ):
        line, last = next(((line, row) for line, row in reversed(rows) if any(row)), rows[-1])
        yield from (Said(name, value, line) for name, value in zip(names, last, strict=False) if name)
        return
    for line, row in rows:
        yield from (Said(_cell_name(name), value, line) for name, value in pairwise(row))


def _cell_name(cell: str) -> str:
    return bare(cell).rstrip(":").strip().lower()


def _is_value(cell: str) -> bool:
    return bool(classes(bare(cell)) or days(cell))


def shown(lines: Sequence[str], heads: Iterable[Head]) -> list[tuple[int, str]]:
    """The lines of sections that hold something."""
    return [(at, lines[at]) for head in heads for at in range(head.begin, head.end) if lines[at].strip()]
