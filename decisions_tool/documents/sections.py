"""Parts of texts that people and agents format as they like: sections by name, bold items, bullets, code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from decisions_tool.documents.outline import Section

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$")
_BULLET = re.compile(r"(\s*)(?:[-*+]|\d{1,3}[.)])\s+(.*)")
_BOLD = re.compile(r"\s*(?:[-*+]\s+)?(?:\*\*|__)([^*_\n]{2,60}?):?(?:\*\*|__):?\s*(.*)")


def key(name: str) -> str:
    """A heading or label by its letters alone; what stands in brackets does not count."""
    return re.sub(r"[^a-z]", "", re.sub(r"\([^)]*\)", "", name.casefold()))


def unfenced(words: str) -> str:
    """The text without a fence around all of it; line numbers stay."""
    text = words.replace("\r\n", "\n")
    lines = text.split("\n")
    filled = [index for index, line in enumerate(lines) if line.strip()]
    if len(filled) < 3:
        return text
    first, last = filled[0], filled[-1]
    opened = _FENCE.fullmatch(lines[first])
    if not opened or opened.group(2).casefold() not in {"", "markdown", "md", "text"}:
        return text
    if lines[last].strip() != opened.group(1) or not any(line.lstrip().startswith("#") for line in lines[first:last]):
        return text
    lines[first] = lines[last] = ""
    return "\n".join(lines)


def sections(root: Section) -> Iterator[Section]:
    """Every section below one, in the order of the text."""
    for child in root.children:
        yield child
        yield from sections(child)


def section_of(root: Section, name: str) -> Section | None:
    """The first section whose title begins with these letters, whatever follows a colon."""
    return next((found for found in sections(root) if key(found.title.partition(":")[0]).startswith(name)), None)


def flat(section: Section) -> list[str]:
    """The lines below a section's heading, with those of its children and their headings."""
    lines = list(section.body)
    for child in section.children:
        lines += [f"{'#' * child.level} {child.title}", *flat(child)]
    return lines


def bold_items(lines: Sequence[str]) -> dict[str, str]:
    """Label (letters only) -> text up to the next label, for lines such as ``- **What breaks:** nothing``."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        match = _BOLD.fullmatch(line)
        if match:
            current = found.setdefault(key(match.group(1)), [])
            current.append(match.group(2))
        else:
            current.append(line)
    return {name: "\n".join(text).strip() for name, text in found.items()}


def bullets(lines: Sequence[str]) -> Iterator[str]:
    """Entries of a list, each with the lines that go on with it; text above the first entry is left out."""
    entry: list[str] | None = None
    for line in lines:
        match = _BULLET.fullmatch(line)
        if match and len(match.group(1)) < 4:
            if entry is not None:
                yield "\n".join(entry).strip()
            entry = [match.group(2)]
        elif entry is not None and line.strip():
            entry.append(line.strip())
    if entry is not None:
        yield "\n".join(entry).strip()


def code_blocks(lines: Sequence[str], first_line: int = 1) -> Iterator[tuple[str, str, int]]:
    """(language, text, line of the first line of code) of every fenced block; one that is never closed ends with the text."""
    fence, language, start = "", "", 0
    held: list[str] = []
    for number, line in enumerate(lines, start=first_line):
        match = _FENCE.fullmatch(line)
        if fence:
            if line.strip() and set(line.strip()) == {fence[0]} and len(line.strip()) >= len(fence):
                yield language, "\n".join(held), start
                fence = ""
            else:
                held.append(line)
        elif match:
            fence, language, start, held = match.group(1), match.group(2).casefold(), number + 1, []
    if fence:
        yield language, "\n".join(held), start
