"""Parts of texts that people and agents format as they like: headings and labels, items, lists, paths. Pure.

Whatever a text holds, reading it takes time in proportion to its length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from decisions_tool.documents.lines import Line, joined
from decisions_tool.documents.lines import code_blocks as code_blocks
from decisions_tool.documents.lines import unfenced as unfenced
from decisions_tool.documents.outline import Hidden, Section, heading


class Part(NamedTuple):
    """What stands beside the name of a part, and the lines below it; ``again`` is what stands beside later ones."""

    line: int
    said: str
    lines: list[Line]
    again: list[Line]

    @property
    def text(self) -> str:
        return joined(self.lines)


# ---------------------------------------------------------------------- names

_NUMBERING = re.compile(r"[\W_]*(?:\d{1,3}(?:[.)]|(?:\.\d{1,3})+[.)]?)(?=\s))?")
_WEIGHT = re.compile(
    r"\([^()]*(?:[x×*=] ?\d|\d ?%|\d[.,]\d|weight)[^()]*\)|,? [x×*]? ?(?:0?[.,]\d{1,3}|1[.,]0{1,3}|\d{1,3} ?%)$"
)


@lru_cache(maxsize=4096)
def key(name: str) -> str:
    """A heading or label by its letters and digits alone; numbering before it and a weight after it do not count."""
    plain = weightless(unicodedata.normalize("NFKC", name[:500]).casefold())
    numbering = _NUMBERING.match(plain)
    return "".join(filter(str.isalnum, plain[numbering.end() if numbering else 0 :]))


def weightless(name: str) -> str:
    """A name without what stands behind it as a weight: ``Simplicity (x0.25)``, ``Simplicity 25 %``."""
    return _WEIGHT.sub("", " ".join(name[:500].split()).rstrip("*_` ")).strip()


def bracketless(text: str) -> str:
    """The text without what stands in brackets."""
    return re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", text))


def known_as(name: str, known: Mapping[str, str]) -> str:
    """The value of ``known`` (by key) that somebody means with a name, or nothing."""
    found = known.get(key(name), "")
    if found:
        return found
    return known.get(key(bracketless(name)), "") or known.get(key(re.sub(r" \d(?: ?/ ?5)?$", "", name)), "")


_NONE = re.compile(
    r"none(?: \w+){0,2}|none that (?:i|we)(?: \w+){1,3}|no|nothing|n a|not applicable|no (?:violations?|objections?|flags?|suggestions?)|"
)


def nothing(text: str) -> bool:
    """Whether a text says that there is nothing to say."""
    return len(text) < 60 and _NONE.fullmatch(" ".join(re.findall(r"[^\W_]+", text.casefold()))) is not None


# ---------------------------------------------------------------------- parts by name

_LABEL = re.compile(r" {0,3}(?:\*\*|__)([^*_\n]{2,60}?)(:?)(?:\*\*|__)(:?)(.*)")
_SAID = re.compile(r" ?[:—–] ?| --? ")


def parts(lines: Sequence[Line], names: Mapping[str, str]) -> dict[str, Part]:
    """The named parts of a text by name, in any order and on any level; a part that stands twice is one.

    ``names`` maps keys to names; one that ends in * stands for all keys that begin so. A heading begins a part; so does
    a label in bold, on a line of its own or before a colon, for a part that has no heading.
    """
    hidden = Hidden()
    starts = [("", "", 0) if hidden.covers(line.text) else _begins(line.text, names) for line in lines]
    headed = {name for name, _, depth in starts if depth < _BELOW}
    found: dict[str, Part] = {}
    current: Part | None = None
    level = 0
    for line, (name, said, depth) in zip(lines, starts, strict=True):
        if name and not (depth == _BELOW and name in headed):
            level = depth
            current = found.setdefault(name, Part(line.number, said, [], []))
            if current.line != line.number:
                current.lines.append(Line(line.number, said))
                current.again.append(Line(line.number, said))
        elif 0 < depth < _BELOW and depth <= level:
            current = None
        elif current:
            current.lines.append(line)
    return found


#: The level of a label, below all headings.
_BELOW = 7


def _begins(line: str, names: Mapping[str, str]) -> tuple[str, str, int]:
    """(name, what stands beside it, level) of a line that begins a part; a level without a name is another heading's."""
    found = heading(line)
    if found:
        title, said = split_title(found[1])
        return named(title, names), said, found[0]
    label = _LABEL.fullmatch(line) if "**" in line or "__" in line else None
    if label and (label.group(2) or label.group(3) or not label.group(4).strip()):
        return named(label.group(1), names), label.group(4).strip(), _BELOW
    return "", "", 0


def split_title(title: str) -> tuple[str, str]:
    """A heading's name and what follows it after a colon or a dash."""
    flat_title = " ".join(title.split())
    mark = _SAID.search(flat_title)
    if not mark:
        return flat_title, ""
    said = flat_title[mark.end() :]
    return flat_title[: mark.start()], said[2:].strip() if said.startswith(("** ", "__ ")) else said


def named(title: str, names: Mapping[str, str]) -> str:
    """The name that a title stands for, or nothing."""
    plain = key(title)
    if not plain:
        return ""
    begun = (name for start, name in names.items() if start.endswith("*") and plain.startswith(start[:-1]))
    return names.get(plain) or next(begun, "")


def sections(root: Section) -> Iterator[Section]:
    """Every section below one, in the order of the text."""
    for child in root.children:
        yield child
        yield from sections(child)


def section_of(root: Section, name: str) -> Section | None:
    """The section of this key, or the first and least deep that begins with it, whatever follows a colon."""
    found = [(key(split_title(one.title)[0]), one) for one in sections(root)]
    begun = [(plain != name, one.level, one) for plain, one in found if plain.startswith(name)]
    return min(begun, key=lambda entry: entry[:2])[2] if begun else None


def flat(section: Section) -> list[str]:
    """The lines below a section's heading, with those of its children and their headings."""
    lines = list(section.body)
    for child in section.children:
        lines += [f"{'#' * child.level} {child.title}", *flat(child)]
    return lines


# ---------------------------------------------------------------------- items and lists

_MARK = r"(?:#{1,6}\s+|(?:[-*+]|\d{1,2}[.)])\s+)?"
_BOLD = re.compile(_MARK + r"(?:\*\*|__)([^*_]{2,60}?):?(?:\*\*|__)")
_PLAIN = re.compile(_MARK + r"[*_]?([^*_:—–]{2,60}?)[*_]?\s?[:—–]")
_BULLET = re.compile(r"(\s*)([-*+]|\d{1,3}[.)])(?:\s+|$)(.*)")


def bold_items(lines: Sequence[str], names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Label -> text up to the next label, for lines such as ``- **What breaks:** nothing``.

    With ``names`` (as for ``parts``) only these labels count, in bold or plain, and stand under their names.
    """
    found: dict[str, list[str]] = {}
    current: list[str] = []
    hidden = Hidden()
    for line in lines:
        name, said = ("", line) if hidden.covers(line) else _item(line, names)
        current = found.setdefault(name, []) if name else current
        current.append(said)
    return {name: "\n".join(text).strip() for name, text in found.items()}


def _item(line: str, names: Mapping[str, str] | None) -> tuple[str, str]:
    text = line.strip()
    begin = text[:200]
    match = _BOLD.match(begin) or (_PLAIN.match(begin) if names is not None else None)
    name = "" if not match else key(match.group(1)) if names is None else named(match.group(1), names)
    return (name, re.sub(r"^[*_]?\s*[:—–]?\s*", "", text[match.end() :])) if match and name else ("", line)


def entries(lines: Iterable[Line], every: bool = False) -> Iterator[Line]:
    """Entries of a list, each with the lines that go on with it; text above the first entry is left out.

    An entry that stands below another belongs to it, unless ``every`` one is wanted.
    """
    held: list[str] = []
    start = inner = 0
    hidden = Hidden()
    for number, text in lines:
        match = None if hidden.covers(text) else _BULLET.fullmatch(text)
        indent = len(match.group(1).expandtabs(4)) if match else 0
        if match and (not held or every or indent < inner):
            if held:
                yield Line(start, "\n".join(held).strip())
            held, start = [match.group(3)], number
            inner = indent + len(match.group(2)) + 1
        elif held and text.strip():
            held.append(text.strip())
    if held:
        yield Line(start, "\n".join(held).strip())


def bullets(lines: Sequence[str]) -> Iterator[str]:
    """The texts of the entries of a list."""
    return (entry.text for entry in entries(Line(number, text) for number, text in enumerate(lines, start=1)))


def spoken(part: Part | None) -> tuple[str, ...]:
    """What a part lists, each entry in one line; without a list it is one entry, and none where it says so."""
    if part is None:
        return ()
    found = [entry.text for entry in entries(part.lines)] or [part.text]
    said = (" ".join(entry.split()) for entry in [part.said, *found])
    return tuple(entry for entry in said if not nothing(entry))


# ---------------------------------------------------------------------- paths

_SPAN = re.compile(r"`([^`]+)`")
_WORD = re.compile(r"[\s*]*\[?([^\s,;`\]]+)")
_GAP = re.compile(r"[\s,;&+]*(?:(?:and|or)\b[\s,;]*)?")
_PLACE = re.compile(r"(?::\d[\d:,–-]{0,40}|#L\d[\w-]{0,40})$")


def cited(entry: str) -> tuple[tuple[str, ...], str]:
    """The paths that an entry begins with, without line numbers, and what it says of them."""
    text = " ".join(entry.split())
    word = _WORD.match(text)
    spans, end = _spans(text)
    if word and not (spans and not _is_path(text, word)):
        spans, end = [word.group(1).rstrip(":*.)")], word.end(1)
    return tuple(_PLACE.sub("", path) for path in spans), _said_of(text[end:])


def _is_path(text: str, word: re.Match[str]) -> bool:
    """Whether a plain word is meant as a path, though code spans follow it."""
    plain = word.group(1).rstrip(":*.)")
    return (
        "/" in plain
        or re.search(r"\.\w{1,8}$", plain) is not None
        or text[word.end() :].startswith((" — ", " – ", " - "))
    )


def _spans(text: str) -> tuple[list[str], int]:
    found: list[str] = []
    at, end = text.find("`", 0, 80), 0
    while at >= 0 and (span := _SPAN.match(text, at)):
        found.append(span.group(1))
        end = span.end()
        gap = _GAP.match(text, end)
        at = gap.end() if gap and text.startswith("`", gap.end()) else -1
    return found, end


def _said_of(rest: str) -> str:
    """What follows a path: behind a link's target, a remark in brackets, a dash or a colon."""
    text = re.sub(r"^\]\([^()]*\)", "", rest).lstrip("*").strip().lstrip(":—–- ").strip()
    whole = re.fullmatch(r"\(([^()]*)\)", text)
    return whole.group(1).strip() if whole else text
