"""A register of concerns as any hand writes it: headings, bold fields, an addressing log. Tolerant, and pure.

The strict model of our own ``004-expert-concerns.md`` is in ``concerns.py``; its format is one of those read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from decisions_tool.documents.outline import Section, Table, outline, tables, visible_lines
from decisions_tool.documents.review import severity_of

BY_LETTER = {"C": "critical", "I": "important", "N": "nice-to-have", "Q": "question"}
_ENTRY = re.compile(r"\W*?\[?(?P<id>[A-Z]{1,2}\d{1,3})\]?(?:\s*[.:)\]*~—–-]+\s*|\s+|$)(?P<title>.*)")
_IDS = re.compile(r"(?<![A-Za-z0-9])([A-Z]{1,2})(\d{1,3})((?:\s*[+/,&]\s*\d{1,3}\b)*)(?:\s*[-–—]\s*\1?(\d{1,3})\b)?")
_LABEL = re.compile(r"(?:\*\*|__)([^*_\n]{1,40}?)(?::(?:\*\*|__)|(?:\*\*|__)[ \t]*:)[ \t]*")
_PLAIN = re.compile(r"[ \t]*(?:[-*+][ \t]+)?(Sources?|Decision|Owner|Component):[ \t]*(?=\S|$)")
_BOX = re.compile(r"\\?\[\s*([xX✓✔✅]?)\s*\\?\]|([☐☑☒✅])")
_NAMES = {
    "source": ("source", "sources", "raised by", "flagged by", "reported by", "expert", "experts", "reviewer", "reviewers", "from"),
    "decision": ("decision", "resolution"),
    "owner": ("owner", "owning component", "component", "owned by"),
    "findings": ("findings",),
}
_FIELD_OF = {name: key for key, names in _NAMES.items() for name in names}
_PLACEHOLDER = re.compile(r"[\s\-–—_.…?*]*|tbd|todo|pending|open|undecided|n/?a|\\?\[\s*\\?\]", re.I)


@dataclass(frozen=True)
class Entry:
    """One concern; ``field`` says what its own decision field says: open, done or absent."""

    id: str
    severity: str
    title: str
    sources: tuple[str, ...]
    field: str
    owner: str | None
    line: int
    decision: str = ""


@dataclass(frozen=True)
class LogRow:
    """One row of the addressing log; it may decide several concerns."""

    ids: tuple[str, ...]
    decision: str
    tracks: tuple[str, ...]
    phase_only: bool
    date: str
    line: int

    @property
    def decided(self) -> bool:
        return not _PLACEHOLDER.fullmatch(self.decision)


@dataclass(frozen=True)
class Register:
    entries: tuple[Entry, ...]
    log: tuple[LogRow, ...]
    has_log: bool
    repeated: tuple[tuple[str, int], ...] = ()


def read_register(body: str, first_line: int = 1) -> Register:
    """Every concern and every log row of a document's body, whoever wrote it."""
    root = outline(body, deepest=6, first_line=first_line)
    several_tops = sum(section.level == 1 for section in root.children) > 1
    found: dict[str, Entry] = {}
    repeated: list[tuple[str, int]] = []
    for section, severity in _walk(root, None, several_tops):
        match = _entry(section, severity)
        if match is None:
            continue
        name, title = match
        if name in found:
            repeated.append((name, section.line))
        else:
            found[name] = _read_entry(section, name, title, severity or BY_LETTER[name[0]])
    lines = body.replace("\r\n", "\n").split("\n")
    logs = [table for table in tables(lines) if _columns(table)]
    rows = tuple(row for table in logs for row in _log_rows(table, first_line))
    return Register(tuple(found.values()), rows, bool(logs), tuple(repeated))


def _walk(section: Section, severity: str | None, tops: bool) -> Iterator[tuple[Section, str | None]]:
    for child in section.children:
        is_entry = _ENTRY.fullmatch(child.title) is not None
        named = None if is_entry or (child.level == 1 and not tops) else severity_of(child.title)
        below = named or (None if child.level <= 2 and not is_entry else severity)
        yield child, severity
        yield from _walk(child, below, tops)


def _entry(section: Section, severity: str | None) -> tuple[str, str] | None:
    match = _ENTRY.fullmatch(section.title)
    if match is None or (severity is None and match["id"][0] not in BY_LETTER) or len(match["id"].rstrip("0123456789")) > 1:
        return None
    return match["id"], match["title"].strip().strip("*~ ")


def _read_entry(section: Section, name: str, title: str, severity: str) -> Entry:
    named = _labels(_all_lines(section))
    decision = named.get("decision")
    owner = re.sub(r"[*`_]", "", named.get("owner", "").split("\n")[0]).strip().rstrip(".")
    empty = not owner or _PLACEHOLDER.fullmatch(owner) is not None
    return Entry(
        name, severity, title, split_names(named.get("source", "")), _field_state(decision),
        None if empty else owner, section.line, decision or "",
    )  # fmt: skip


def _all_lines(section: Section) -> list[str]:
    lines = list(section.body)
    for child in section.children:
        lines += ["", *_all_lines(child)]
    return lines


def _labels(lines: Sequence[str]) -> dict[str, str]:
    """The known fields of an entry, several to a line if need be; the first of a name counts."""
    found: dict[str, list[str]] = {}
    current = ""
    for _, line in visible_lines(lines):
        spans = [(m.group(1), m.start(), m.end()) for m in _LABEL.finditer(line)]
        plain = _PLAIN.match(line)
        if not spans and plain:
            spans = [(plain.group(1), plain.start(), plain.end())]
        if not spans:
            if current and (line.strip() or current == "decision"):
                found[current].append(line.strip())
            elif not line.strip():
                current = ""
            continue
        ends = [start for _, start, _ in spans[1:]] + [len(line)]
        for (label, start, begin), end in zip(spans, ends, strict=True):
            key = _FIELD_OF.get(label.strip().casefold(), "")
            current = "" if key in found else key
            if current:
                box = _BOX.search(line[:start]) if start == spans[0][1] else None
                found[current] = [f"{box.group()} " if box else "", line[begin:end].strip(" \t|;·•")]
    return {key: "\n".join(parts).strip() for key, parts in found.items()}


def _field_state(value: str | None) -> str:
    if value is None:
        return "absent"
    boxes = [match.group(1) or match.group(2) or "" for match in _BOX.finditer(value)]
    if boxes:
        return "done" if any(box not in {"", "☐"} for box in boxes) else "open"
    return "open" if _PLACEHOLDER.fullmatch(value) else "done"


def split_names(value: str) -> tuple[str, ...]:
    """Names from a source field: parentheses and markup dropped, joined by commas, plus, slash or and."""
    flat = re.sub(r"\([^()]*\)|\[[^\]]*\](?!\()", "", " ".join(value.split()))
    flat = re.sub(r"[*`_]", "", flat)
    parts = re.split(r"\s*[,;+&/]\s*|\s+and\s+|\s+и\s+", flat)
    names = (re.sub(r"\s*[:–—-]\s+.*$", "", part).strip(" .") for part in parts)
    return tuple(name for name in names if name)


# ---------------------------------------------------------------------- the log


def _columns(table: Table) -> dict[str, int]:
    names = [re.sub(r"[*`_]", "", name).strip().casefold() for name in table.header]
    at: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in {"#", "id", "№", "no", "no.", "concern id", "ids"}:
            at.setdefault("id", index)
        elif name.startswith(("concern", "issue")):
            at.setdefault("concern", index)
        elif name.startswith(("decision", "resolution", "decided")):
            at.setdefault("decision", index)
        elif name.startswith("track"):
            at.setdefault("track", index)
        elif name.startswith("date"):
            at.setdefault("date", index)
    at.setdefault("id", at.get("concern", -1))
    known = any(concern_ids(_cell(row.cells, at["id"])) for row in table.rows) or not table.rows
    return at if "decision" in at and at["id"] >= 0 and known else {}


def _cell(cells: tuple[str, ...], index: int | None) -> str:
    return cells[index] if index is not None and 0 <= index < len(cells) else ""


def _log_rows(table: Table, first_line: int) -> Iterator[LogRow]:
    at = _columns(table)
    for row in table.rows:
        ids = concern_ids(_cell(row.cells, at["id"]))
        if ids:
            tracks, phase_only = track_names(_cell(row.cells, at.get("track")))
            decision = _cell(row.cells, at["decision"])
            yield LogRow(ids, decision, tracks, phase_only, _cell(row.cells, at.get("date")), row.line + first_line)


def concern_ids(cell: str) -> tuple[str, ...]:
    """Ids in a cell that may join several: ``C1+C2``, ``C1, C2``, ``C1-C3``, ``C1+2``."""
    found: list[str] = []
    for letter, number, more, last in _IDS.findall(re.sub(r"\]\([^)]*\)", "]", cell)):
        numbers = [int(number), *map(int, re.findall(r"\d+", more))]
        if last:
            numbers += range(int(number) + 1, min(int(last), int(number) + 99) + 1)
        found += [f"{letter}{n}" for n in numbers]
    return tuple(dict.fromkeys(found))


_TRACK = re.compile(r"(?i)\b(?:tracks?|t)[\s#.]*(\d{1,2}|[A-Z]\b)((?:\s*(?:[-–—+/,&]|and)\s*(?:tracks?\s*)?(?:\d{1,2}|[A-Z])\b)*)")
_PHASE = re.compile(r"(?i)\b(?:phases?|ph\.?|p)\s*\d[\d.]*\+?(?:\s*(?:[-–—+/,&]|and)\s*\d[\d.]*\+?)*")


def track_names(cell: str) -> tuple[tuple[str, ...], bool]:
    """Tracks that a cell names, as named, and whether it names a phase and no track."""
    flat = re.sub(r"[*`_]|\[|\](?:\([^)]*\))?", "", cell).strip()
    if re.fullmatch(r"\d{1,2}(?:\s*(?:[-–—+/,&]|and)\s*\d{1,2})*", flat):
        flat = f"Track {flat}"
    found = [name for first, more in _TRACK.findall(flat) for name in _expand(first, more)]
    if found:
        return tuple(dict.fromkeys(found)), False
    rest = _PHASE.sub("", re.sub(r"\([^()]*\)", "", flat))
    names = [part.strip(" .:-–—") for part in re.split(r"[,+/&;]|\band\b", rest)]
    names = [name for name in names if name and not _PLACEHOLDER.fullmatch(name)]
    return tuple(names), not names and _PHASE.search(flat) is not None


def _expand(first: str, more: str) -> list[str]:
    found = [first.upper()]
    for joint, name in re.findall(r"([-–—+/,&]|and)\s*(?:tracks?\s*)?(\d{1,2}|[A-Z])\b", more, re.I):
        if joint in "-–—" and name.isdigit() and found[-1].isdigit():
            found += [str(n) for n in range(int(found[-1]) + 1, int(name) + 1)]
        else:
            found.append(name.upper())
    return found
