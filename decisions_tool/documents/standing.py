"""How a record of ours stands after it was written: superseded, as a whole or in a section, or amended; other bytes stay. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from decisions_tool.documents import edits, frontmatter
from decisions_tool.documents.computed import RecordMeta
from decisions_tool.documents.outline import heading, visible_lines
from decisions_tool.documents.paths import MARKER
from decisions_tool.documents.sections import key
from decisions_tool.errors import DecisionsError

_ORDER = tuple(field.alias or name for name, field in RecordMeta.model_fields.items())


def short(record: str) -> str:
    """DR-004 for docs/decisions/DR-004-name.md."""
    return "-".join(record.rpartition("/")[2].split("-")[:2])


def superseded(text: str, path: str, by: str = "") -> str:
    """The record with the status superseded; ``by`` is the path of the one that takes its place, empty where there is none yet."""
    status = f"superseded by {short(by)}" if by else "superseded"
    text = edits.set_key(text, "status", status, path, _ORDER)
    if by:
        text = edits.set_key(text, "superseded-by", [by.rpartition("/")[2]], path, _ORDER)
    lines = text.split("\n")
    at = _heading(lines, "status", path)
    lines[at] = "### Status: superseded" + ("\r" if lines[at].endswith("\r") else "")
    if by:
        lines.insert(at + 1, f"### Superseded-by: {short(by)}" + ("\r" if lines[at].endswith("\r") else ""))
    return "\n".join(lines)


def section_superseded(text: str, path: str, section: str, by: str) -> str:
    """The record with one section that another record has taken the place of."""
    front = frontmatter.read(text, path)
    held = (front.values or {}).get("superseded-sections", [])
    entry = f"{section}: {by.rpartition('/')[2]}"
    amended_by = [*map(str, (front.values or {}).get("amended-by", [])), by.rpartition("/")[2]]
    text = edits.set_key(text, "amended-by", list(dict.fromkeys(amended_by)), path, _ORDER)
    text = edits.set_key(text, "superseded-sections", [*map(str, held), entry], path, _ORDER)
    lines = text.split("\n")
    at = _heading(lines, key(section), path)
    end = "\r" if lines[at].endswith("\r") else ""
    lines[at + 1 : at + 1] = [end, f"> Superseded by {by.rpartition('/')[2]}.{end}"]
    return "\n".join(lines)


def amended(text: str, title: str, words: str) -> str:
    """The record with an addendum at its end."""
    return f"{text.rstrip(chr(10))}\n\n### {title}\n\n{words.strip()}\n"


def has_section(text: str, section: str, path: str) -> bool:
    try:
        return _heading(text.split("\n"), key(section), path) > 0
    except DecisionsError:
        return False


def _heading(lines: list[str], name: str, path: str) -> int:
    """The index of the only heading of this name below the front matter."""
    body = frontmatter.read("\n".join(lines), path).body_line - 1
    found = [body + n for n, line in visible_lines(lines[body:]) if (h := heading(line, 3)) and _named(h[1], name)]
    if len(found) != 1:
        raise DecisionsError(f"{path} has {len(found)} headings {name!r}", "mend the record: git log -- " + path)
    return found[0]


def _named(title: str, name: str) -> bool:
    return key(title.partition(":")[0]) == name


def without_addendum(constraints: str, records: Iterable[str]) -> str:
    """``constraints.md`` without what these records had put below the marker."""
    names = {f"Decision Record: {record.rpartition('/')[2]}" for record in records}
    above, marker, below = constraints.partition(MARKER)
    lines = below.split("\n")
    starts = [n for n, line in visible_lines(lines) if line.startswith("## Constraint Addendum:")]
    gone: set[int] = set()
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        if names & {line.strip() for line in lines[start : min(end, start + 4)]}:
            gone |= set(range(start, end))
    kept = [line for n, line in enumerate(lines) if n not in gone]
    return above + marker + ("\n".join(kept).rstrip("\n") + "\n" if gone else below)
