"""What a reader sees of a text: lines by number, without comments and without a fence around all of it; fenced code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from decisions_tool.documents.outline import heading, visible_lines

_FENCE = r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})(.*)"


class Line(NamedTuple):
    """``number`` counts from 1 in the words."""

    number: int
    text: str


class Text(NamedTuple):
    """The lines that are seen, and where a comment or a fence begins that never ends, or 0."""

    lines: list[Line]
    comment: int
    fence: int


def joined(lines: Iterable[Line]) -> str:
    return "\n".join(line.text for line in lines).strip()


def tame(text: str) -> str:
    """A text in one line that opens no comment; for the places where texts are put into a format."""
    return " ".join(text.split()).replace("<!--", "&lt;!--")


def read_lines(words: str) -> Text:
    """The lines of a text without an outer fence and without comments; what was a comment alone is no line."""
    kept: list[Line] = []
    fence, fenced, opened = "", 0, 0
    for number, line in enumerate(unfenced(words).split("\n"), start=1):
        match = None if opened or fence else _fence(line)
        shown: str | None = line
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif match:
            fence, fenced = match.group(2), number
        else:
            shown, opened = _seen(line, opened, number)
        if shown is not None:
            kept.append(Line(number, shown))
    return Text(kept, opened, fenced if fence else 0)


def uncommented(lines: Iterable[str]) -> Iterator[Line]:
    """Lines without comments, where no line opens a fence."""
    opened = 0
    for number, line in enumerate(lines, start=1):
        shown, opened = _seen(line, opened, number)
        if shown is not None:
            yield Line(number, shown)


def _seen(line: str, opened: int, number: int) -> tuple[str | None, int]:
    """What is left of a line without comments, and the line of the comment that is open at its end."""
    if not opened and "<!--" not in line:
        return line, 0
    shown, still = _without(line, bool(opened))
    return shown if shown.strip() else None, (opened or number) if still else 0


def _without(line: str, inside: bool) -> tuple[str, bool]:
    """A line without comments, and whether one goes on below; what stands in a code span is none."""
    kept: list[str] = []
    at = ticks = 0
    while True:
        if inside:
            end = line.find("-->", at)
            if end < 0:
                return "".join(kept), True
            at = end + 3
        start = line.find("<!--", at)
        if start < 0:
            return "".join([*kept, line[at:]]), False
        ticks += line.count("`", at, start)
        inside = ticks % 2 == 0
        kept.append(line[at : start if inside else start + 4])
        at = start + 4


# ---------------------------------------------------------------------- fences


def _fence(line: str) -> re.Match[str] | None:
    return re.fullmatch(_FENCE, line) if "```" in line or "~~~" in line else None


def is_fence(line: str) -> bool:
    """Whether a line opens or closes fenced code, however far it is indented."""
    return _fence(line.lstrip()) is not None


def unfenced(words: str) -> str:
    """The text without a fence around all of it; line numbers stay."""
    text = words.replace("\r\n", "\n")
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if heading(line) or _fence(line)), len(lines))
    opened = _fence(lines[start]) if start < len(lines) else None
    if not opened or opened.group(3).strip().casefold() not in {"", "markdown", "md", "text", "txt"}:
        return text
    bare = list(lines)
    bare[start] = ""
    end = _outer_end(lines, start, opened.group(2))
    if end < len(lines) and not any(re.match(_MARKED, line) for line in lines[end + 1 :]):
        bare[end:] = [""] * (len(lines) - end)
    elif end < len(lines):
        bare[end] = ""
    return "\n".join(bare) if _structure(bare) > _structure(lines) else text


#: A line that may be more than a remark beside the fence.
_MARKED = r"(?i)\s*(?:[#|*_+>-]|\d+[.)]\s|winner)"


def _structure(lines: Sequence[str]) -> int:
    """How many headings and lines of tables are to be seen."""
    return sum("|" in line or heading(line) is not None for _, line in visible_lines(lines))


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return bool(bare) and set(bare) == {fence[0]} and len(bare) >= len(fence) and not line.startswith("    ")


def _outer_end(lines: Sequence[str], start: int, fence: str) -> int:
    """Where an outer fence ends: at a bare fence that opens nothing, because nothing closes it."""
    nested, opened = "", len(lines)
    for index in range(start + 1, len(lines)):
        match = _fence(lines[index])
        if match and nested:
            nested = "" if _closes(lines[index], nested) else nested
        elif match:
            nested, opened = match.group(2), index
    return opened if nested and _closes(lines[opened], fence) else len(lines)


def code_blocks(lines: Sequence[str], first_line: int = 1) -> Iterator[tuple[str, str, int]]:
    """(language, text, line of the first line of code) of every fenced block; one that is never closed ends with the text."""
    return blocks([Line(number, text) for number, text in enumerate(lines, start=first_line)])


def blocks(lines: Iterable[Line]) -> Iterator[tuple[str, str, int]]:
    """Fenced blocks of numbered lines, without the indentation of their fence."""
    fence, margin, language, start = "", 0, "", 0
    held: list[str] = []
    for number, line in lines:
        match = None if fence else _fence(line)
        if match:
            fence, margin, start, held = match.group(2), len(match.group(1)), number + 1, []
            language = re.split(r"[^\w+#.-]", match.group(3).strip("{. \t").casefold(), maxsplit=1)[0]
        elif fence and _closes(line, fence):
            yield language, "\n".join(held), start
            fence = ""
        elif fence:
            held.append(line if line[:margin].strip() else line[margin:])
    if fence:
        yield language, "\n".join(held), start
