"""A register of concerns as any hand writes it: headings, bold fields, an addressing log. Tolerant, and pure.

The strict model of our own ``004-expert-concerns.md`` is in ``concerns.py``; its format is one of those read here.
Every pattern below reads a line of a megabyte in one go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from decisions_tool.documents.outline import Row, Section, Table, outline, tables, visible_lines
from decisions_tool.documents.review import severity_of

if TYPE_CHECKING:
    from decisions_tool.documents.frontmatter import FrontMatter

BY_LETTER = {"C": "critical", "I": "important", "N": "nice-to-have", "Q": "question"}


class Entry(NamedTuple):
    """One concern; ``field`` says what its own decision field says: open, done or absent."""

    id: str
    severity: str
    title: str
    sources: tuple[str, ...]
    field: str
    owner: str | None
    line: int


class LogRow(NamedTuple):
    """One row of the addressing log; it may decide several concerns."""

    ids: tuple[str, ...]
    decided: bool
    tracks: tuple[str, ...]
    phase_only: bool
    line: int


class Register(NamedTuple):
    """``repeated`` names each id that stands above two entries, with the line of the second."""

    entries: tuple[Entry, ...]
    log: tuple[LogRow, ...]
    has_log: bool
    repeated: tuple[tuple[str, int], ...] = ()


def registered(front: FrontMatter) -> Register:
    """The register of a document; in one of ours, deeper headings are part of what an entry says."""
    ours = (front.values or {}).get("type") == "concerns"
    return read_register(front.body, front.body_line, deepest=3 if ours else 6)


def read_register(body: str, first_line: int = 1, deepest: int = 6) -> Register:
    """Every concern and every log row of a document's body, whoever wrote it."""
    text = body.replace("\r\n", "\n")
    root = outline(text, deepest, first_line)
    several_tops = sum(section.level == 1 for section in root.children) > 1
    found: dict[str, Entry] = {}
    repeated: dict[str, int] = {}
    for section, severity in _walk(root, None, several_tops):
        entry = _entry(section, severity)
        if entry is not None and found.setdefault(entry.id, entry) is not entry:
            repeated.setdefault(entry.id, entry.line)
    logs = [(table, columns) for table in tables(text.split("\n")) if (columns := _columns(table))]
    rows = tuple(row for table, columns in logs for row in _log_rows(table, columns, first_line))
    return Register(tuple(found.values()), rows, bool(logs), tuple(repeated.items()))


def _walk(section: Section, severity: str | None, tops: bool, inside: str = "") -> Iterator[tuple[Section, str | None]]:
    """Every section below one, with the severity that the headings above it name; ``inside`` is the concern around it."""
    for child in section.children:
        head = _head(child.title)
        below = severity_of(child.title) if head is None and (child.level > 1 or tops) else None
        if head is not None and head.id != inside:
            yield child, severity
        yield from _walk(child, below or severity, tops, head.id if head else inside)


# ---------------------------------------------------------------------- markup

_ASIDE = re.compile(r"(`[^`]*`)|<!--.*?(?:-->|$)")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_PARENTHESES = re.compile(r"\([^()]*\)")
_MARKS = re.compile(r"[*`~]|(?<!\w)_+|_+(?!\w)")


def _shown(line: str) -> str:
    """A line without the comments in it."""
    return _ASIDE.sub(r"\1", line) if "<!--" in line else line


def _plain(text: str) -> str:
    """Text without comments, links, emphasis and code marks."""
    return _MARKS.sub("", _LINK.sub(r"\1", _shown(text))).strip()


def _outside(text: str) -> str:
    """Text without what stands in parentheses, three deep."""
    for _ in range(3):
        text = _PARENTHESES.sub("", text)
    return text


# ---------------------------------------------------------------------- entries

_HEAD = re.compile(
    r"[\W_]{0,12}?(?:\d{1,3}(?:\.\d{1,3})*[.)]?\s{1,4})?(?:(?i:concern|issue|question)\s{1,4})?[\W_]{0,12}?"
    r"(?P<id>[A-Z]\d{1,3})(?![A-Za-z0-9])(?P<close>[\]*_~`)]{0,4})(?P<rest>.*)"
)
_TAG = re.compile(r"\s{0,4}[(\[]([^()\[\]]{1,40})[)\]]")
_SEPARATOR = re.compile(r"\s*[.:)—–-]{0,3}[*_~]{0,4}\s*")


class _Head(NamedTuple):
    """A heading that begins with an id; ``sure`` when something sets the id off from the words behind it."""

    id: str
    title: str
    tag: str | None
    sure: bool


def _head(heading: str) -> _Head | None:
    match = _HEAD.fullmatch(_shown(heading))
    if match is None:
        return None
    rest = match["rest"]
    tag = _TAG.match(rest)
    graded = severity_of(tag.group(1)) if tag else None
    rest = rest[tag.end() :] if tag and graded else rest
    separator = _SEPARATOR.match(rest)
    title = rest[separator.end() :].strip() if separator else rest
    for mark in ("**", "__", "~~"):
        title = title.replace(mark, "", 1) if title.count(mark) % 2 else title
    set_off = match["close"] + (separator.group() if separator else "")
    return _Head(match["id"], title.strip(), graded, bool(set_off.strip() or graded))


def _entry(section: Section, severity: str | None) -> Entry | None:
    """The concern that a section is, or None: an id alone is none, as in ``## Q3 plans``."""
    head = _head(section.title)
    if head is None:
        return None
    named = _labels(section, head.id)
    letter = BY_LETTER.get(head.id[0])
    if not ((head.sure and (letter or severity)) or (letter and (severity or named))):
        return None
    grade = severity or head.tag or severity_of(named.get("severity", "")) or letter
    sources = split_names(named.get("source", ""))
    owner = _owner(named.get("owner", ""))
    return Entry(head.id, grade or "", head.title, sources, _state(named.get("decision")), owner, section.line)


def _owner(value: str) -> str | None:
    said = _plain(value.split("\n")[0])
    name = (_outside(said).strip(" .,;:") or said).strip()
    if not name or _PENDING.fullmatch(name):
        return None
    return "contract" if name.casefold() == "contract" else name


# ---------------------------------------------------------------------- fields

_NAMES = {
    "source": "source|sources|raised by|flagged by|reported by|found by|expert|experts|reviewer|reviewers|from",
    "decision": "decision|resolution",
    "owner": "owner|owned by|owning component|component",
    "severity": "severity|priority",
}
_KEYS = {name: key for key, names in _NAMES.items() for name in names.split("|")}
_LABEL = re.compile(
    r"(?P<mark>\*{1,3}|_{1,3})[ \t]{0,3}(?P<name>[^*_:\n]{1,60}?)[ \t]{0,3}"
    r"(?:(?P<bold>:[ \t]{0,3}(?P=mark)|(?P=mark)[ \t]{0,3}:)|:(?=\s))"
)
_UNMARKED = re.compile(r"(?P<name>[A-Z][A-Za-z]*(?: [a-z]+){0,2})[ \t]{0,3}:(?=\s|$)")
_LEAD = re.compile(r"(?:\[[xX✓✔]\]|[^\w*_`<]|\*(?=\s)|\d{1,3}[.)](?=\s))*")
_BOX = re.compile(r"\\?\[[ \t]?([xX✓✔✅]?)[ \t]?\\?\](?!\()|([☐☑☒✅])")
_CODE = re.compile(r"`([^`]*)`")
_PENDING = re.compile(
    r"[\s\-–—_.…?*]*|(?:open|none|n/?a)\s*(?:\(.*)?|(?:tbd|todo|pending|undecided|not decided)\s*(?:[(:,.;?!—–-].*)?",
    re.I | re.S,
)


def _key(name: str) -> str:
    """Which field a label means; nothing for one that tells us nothing."""
    bare = re.sub(r"^[\W_]+|[\W_]+$", "", _outside(name))
    return _KEYS.get(" ".join(bare.casefold().split()), "")


def _labels(section: Section, name: str) -> dict[str, str]:
    """The known fields of an entry and of the headings below it; the first of a name counts."""
    found: dict[str, list[str]] = {}
    for heading, lines in _paragraphs(section, name):
        current = _key(heading)
        current = "" if current in found else current
        if current:
            found[current] = []
        for _, line in visible_lines(lines):
            current = _line(_shown(line), current, found)
    return {key: "\n".join(parts).strip() for key, parts in found.items()}


def _paragraphs(section: Section, entry: str, heading: str = "") -> Iterator[tuple[str, Sequence[str]]]:
    """(heading, lines) of a section and of those below it, but of no other concern; ``Decision: [ ]`` is taken apart."""
    yield heading, section.body
    for child in section.children:
        head = _head(child.title)
        if head is None or head.id == entry:
            name, _, value = _plain(child.title).partition(":")
            yield from _paragraphs(Section(child.level, "", 0, [value, *child.body], child.children), entry, name)


def _line(line: str, current: str, found: dict[str, list[str]]) -> str:
    """Put one line where it belongs; the field that the next line goes on with."""
    spans = _spans(line)
    if not spans:
        if current and line.strip():
            found[current].append(line.strip())
        return "" if not line.strip() and any(found.get(current, ())) else current
    lead = line[: spans[0][1]]
    ends = [start for _, start, _ in spans[1:]] + [len(line)]
    for (key, start, begin), end in zip(spans, ends, strict=True):
        current = "" if key in found else key
        if current:
            box = _BOX.search(lead) if start == spans[0][1] else None
            found[current] = [f"{box.group()} " if box else "", line[begin:end].strip(" \t|;·•")]
    return current


def _spans(line: str) -> list[tuple[str, int, int]]:
    """(field or nothing, where its label begins, where its value begins) of the labels of a line that begins with one."""
    lead = _LEAD.match(line)
    at = lead.end() if lead else 0
    spans: list[tuple[str, int, int]] = []
    for match in _LABEL.finditer(line, at):
        key = _key(match["name"])
        apart = not spans or (key and (spans[-1][0] or line[: match.start()].rstrip(" \t")[-1:] in "|;·•"))
        if (key or match["bold"]) and apart and (spans or match.start() == at):
            spans.append((key, match.start(), match.end()))
        elif not spans:
            break
    bare = None if spans else _UNMARKED.match(line, at)
    key = _key(bare["name"]) if bare else ""
    return [(key, bare.start(), bare.end())] if bare and key else spans


def _state(value: str | None) -> str:
    """What a decision says: open, done, or absent where there is no field."""
    if value is None:
        return "absent"
    text = _CODE.sub(lambda m: m.group(1) if _BOX.fullmatch(m.group(1)) else "code", value)
    boxes = [match.group(1) or match.group(2) or "" for match in _BOX.finditer(text)]
    if boxes:
        return "done" if any(box not in {"", "☐"} for box in boxes) else "open"
    return "open" if _PENDING.fullmatch(_plain(text)) else "done"


def split_names(value: str) -> tuple[str, ...]:
    """Names from a source field: a list, or joined by commas, plus, slash or and; remarks and markup dropped."""
    if not value:
        return ()
    listed = re.sub(r"(?:^|\n)\s*[-*+•]\s+", ", ", value)
    flat = _outside(re.sub(r"\[[^\[\]]*\]", "", _plain(" ".join(listed.split()))))
    parts = re.split(r"[,;+&/]|\b(?:and|и)\b", flat)
    names = (
        re.sub(r"\s*[:–—-]\s.*$|\s+(?:HIGH|MEDIUM|LOW|CRITICAL)\s*$", "", f"{part} ").strip(" .:–—-") for part in parts
    )
    return tuple(dict.fromkeys(name for name in names if name and not _PENDING.fullmatch(name)))


# ---------------------------------------------------------------------- the log

_ID_NAMES = {"", "#", "№", "id", "ids", "no", "nr", "ref", "key", "concern id", "concern ids", "concern #"}
_RUN = re.compile(
    r"[\W_]{0,12}?[A-Z]\d{1,3}(?![A-Za-z0-9])"
    r"(?:(?:[ ,;&]{1,4}|[ ,;]{0,3}(?:[+/,;&–—-]|\.{2,3}|…|\b(?:and|to|и)\b) {0,3})[A-Z]\d{1,3}(?![A-Za-z0-9])"
    r"|(?:[ ]?[+/,&][ ]?|[–—-])\d{1,3}(?= ?(?:$|[+/,;&–—-])))*"
)
_STEP = re.compile(r"(?P<joint>[–—-]|\.{2,3}|…|\bto\b)?\s*(?P<letter>[A-Z])?(?P<number>\d{1,3})")


def _columns(table: Table) -> dict[str, int]:
    """Which column of a log holds what; nothing for a table that is no log."""
    names = [_plain(name).strip(" .").casefold() for name in table.header]
    at = {
        kind: next((index for index, name in enumerate(names) if re.match(pattern, name)), -1)
        for kind, pattern in (
            ("decision", r"decision|decided|resolution|resolved|outcome"),
            ("track", r".*\btracks?\b"),
        )
    }
    at["track"] = at["track"] if at["track"] >= 0 else next((i for i, name in enumerate(names) if name == "phase"), -1)
    named = [index for index, name in enumerate(names) if name in _ID_NAMES]
    told = [index for index, name in enumerate(names) if name.startswith(("concern", "issue"))]
    others = [index for index in range(len(names)) if index not in (*named, *told, at["decision"], at["track"])]
    holds = (i for i in (*named, *told, *others) if any(concern_ids(_cell(row, i)) for row in table.rows))
    at["id"] = next(holds, -1) if table.rows else next(iter([*named, *told]), -1)
    return at if at["decision"] >= 0 and at["id"] >= 0 else {}


def _cell(row: Row, index: int) -> str:
    return row.cells[index] if 0 <= index < len(row.cells) else ""


def _log_rows(table: Table, at: dict[str, int], first_line: int) -> Iterator[LogRow]:
    for row in table.rows:
        ids = concern_ids(_cell(row, at["id"]))
        if ids:
            decided = _state(_shown(_cell(row, at["decision"]))) == "done"
            yield LogRow(ids, decided, *track_names(_cell(row, at["track"])), row.line + first_line)


@lru_cache(maxsize=1024)
def concern_ids(cell: str) -> tuple[str, ...]:
    """Ids that a cell begins with; it may join several: ``C1+C2``, ``C1, C2``, ``C1-C3``, ``C1+2``."""
    flat = " ".join(_outside(_plain(re.sub(r"<br ?/?>", ", ", cell))).split())
    run = _RUN.match(flat)
    found: list[tuple[str, int]] = []
    for step in _STEP.finditer(run.group() if run else ""):
        letter, number = step["letter"] or found[-1][0], int(step["number"])
        if step["joint"] and found and found[-1][0] == letter:
            found += [(letter, n) for n in range(found[-1][1] + 1, min(number, found[-1][1] + 100))]
        found.append((letter, number))
    return tuple(dict.fromkeys(f"{letter}{number}" for letter, number in found))


_JOINT = r"[ ]?(?:[–—+/,&-]|and|и)[ ]?"
_TRACK = re.compile(
    rf"\b(?:(?i:tracks?)|T)[ #.:]{{0,3}}(\d{{1,2}}|[A-Z])\b((?:{_JOINT}(?:(?i:tracks?) ?)?(?:\d{{1,2}}|[A-Z])\b(?! ?-))*)"
)
_PHASE = re.compile(rf"\b(?:(?i:phases?|ph\.?)|P)[ ]?(?:\d[\d.]*|[A-Z]\b)\+?(?:{_JOINT}\d[\d.]*\+?)*")


def track_names(cell: str) -> tuple[tuple[str, ...], bool]:
    """Tracks that a cell names, as named, and whether it names a phase and no track."""
    flat = " ".join(_plain(cell).split())
    bare = _PHASE.sub("\0", _outside(flat)).strip()
    if re.fullmatch(rf"\d{{1,2}}(?:{_JOINT}\d{{1,2}})*", bare):
        flat = f"Track {bare}"
    found = [name for first, more in _TRACK.findall(flat) for name in _expand(first, more)]
    if found:
        return tuple(dict.fromkeys(found)), False
    parts = (_unphased(part).strip(" .:–—-") for part in re.split(r"[,+/&;]|\b(?:and|и)\b", bare))
    names = [part for part in parts if part and not _PENDING.fullmatch(part)]
    return tuple(names), not names and _PHASE.search(flat) is not None


def _unphased(part: str) -> str:
    """A name; of a part with a phase in it, which is a NUL here, the one word before that phase."""
    before, phase, _ = part.partition("\0")
    return part if not phase else before.strip() if len(before.split()) == 1 else ""


def _expand(first: str, more: str) -> list[str]:
    found = [first]
    for joint, name in re.findall(r"([–—+/,&-]|and|и) ?(?:(?i:tracks?) ?)?(\d{1,2}|[A-Z])\b", more):
        if joint in "–—-" and name.isdigit() and found[-1].isdigit():
            found += [str(n) for n in range(int(found[-1]) + 1, int(name))]
        found.append(name)
    return found
