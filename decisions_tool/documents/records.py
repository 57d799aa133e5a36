"""Decision records as other people keep them, read into one small tuple with the line of each thing that was read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from decisions_tool.documents.record_fields import Head, Page, Said, fields, page, shown
from decisions_tool.documents.record_heads import kind_of
from decisions_tool.documents.record_links import Link, links
from decisions_tool.documents.record_names import dated, numbered
from decisions_tool.documents.record_states import State, state_of
from decisions_tool.documents.record_words import Stated, bare, begins_with_status, classes, days, status_of

_STATUS_NAMES = {
    "decision-status",
    "current-status",
    "status",
    "state",
    "adr status",
    "decision status",
    "current status",
    "estado",
    "statut",
    "статус",
    "状态",
    "adr-status",
}
_DATES = ("date", "decision date", "decision-date", "date decided", "date of decision", "decided", "decided on", "decided-on", "accepted",
          "accepted on", "approved", "date accepted", "datum", "fecha", "last updated", "last-updated", "updated", "last modified",
          "created", "created on", "created at", "creation date", "date created", "proposed on", "since")  # fmt: skip
#: Rows of a table of changes, each with the status that it led to, as adrpy writes them.
_CHANGES = {"created", "changed", "superseded"}
_TITLE = re.compile(
    r"\s*\[?(?P<label>architectur(?:e|al) decision(?: records?)?|\w{0,4}adr|dr|rfc|(?:design )?decision(?: records?)?|record)?"
    r"(?P<mark>[\s#:_-]*)(?P<number>\d{1,8})?\]?(?P<sep>\s*[.:)|–—-]*)\s+(?P<rest>\S.*)",
    re.I,
)


class Record(NamedTuple):
    """A decision record; lines count from 1 and are 0 where a thing is not written; ``shape`` is how much it looks like one."""

    path: str
    prefix: str
    number: int | None
    title: str
    title_line: int
    heading_number: int | None
    status: str
    status_text: str
    status_line: int
    status_in: str
    date: str | None
    date_text: str
    date_line: int
    format: str
    links: tuple[Link, ...]
    shape: int


def read_record(path: str, text: str) -> Record:
    """Read a record of whatever format; nothing that it holds is an error."""
    parts = page(text)
    name = numbered(path)
    status = _status(parts)
    date = _date(path, parts, status)
    title, line, number = _title(path, parts, name.number if name else None)
    kinds = {kind_of(head.title).known for head in parts.heads} - {""}
    return Record(
        path, name.prefix.rstrip("-_ ") if name else "", name.number if name else None, title, line, number,
        status.status, status.text, status.line + 1, status.where, date.iso, date.text, date.line + 1,
        _format(path, text, parts, status, kinds), tuple(links(parts, status)), _shape(kinds, status),
    )  # fmt: skip


def _shape(kinds: set[str], status: State) -> int:
    """4: status, reasons and decision; 3: without a status; 2: a status alone; 1: a heading of the kind."""
    why = bool(kinds & {"context", "problem", "background", "motivation", "issue"})
    what = bool(kinds & {"decision", "outcome", "solution"})
    stated = status.line >= 0 and status.where != "body"
    return 3 + stated if why and what else 2 if stated and status.status != "missing" else int(bool(kinds))


# ---------------------------------------------------------------------- title


def _title(path: str, parts: Page, number: int | None) -> tuple[str, int, int | None]:
    """(title, line, number in the heading)."""
    first = next((head for head in parts.heads if head.level == 1), None)
    if first is None and parts.heads and not kind_of(parts.heads[0].title).section:
        first = parts.heads[0]
    stated = next(((said.value, said.line + 1) for said in parts.front if said.name == "title" and said.value), None)
    written, line = (first.title, first.line + 1) if first and first.title else stated or ("", 0)
    words = bare(written)
    match = _TITLE.fullmatch(words)
    if match is None or not _labelled(match, number):
        return words or _from_name(path), line, None
    return match["rest"], line, int(match["number"]) if match["number"] else None


def bare_title(words: str, number: int | None = None) -> str:
    """A title without number and label: of ``ADR-0007: Use x`` the rest."""
    words = bare(words)
    match = _TITLE.fullmatch(words)
    return match["rest"] if match and _labelled(match, number) else words


def _labelled(match: re.Match[str], number: int | None) -> bool:
    """Whether what stands before a title is a label, and no part of the title."""
    marked = bool(match["sep"].strip())
    if not match["number"]:
        return bool(match["label"]) and (marked or ":" in match["mark"] or "-" in match["mark"])
    return bool(match["label"]) or marked or int(match["number"]) == number


def _from_name(path: str) -> str:
    name, day = numbered(path), dated(path)
    slug = name.title if name else day[1] if day else path.rpartition("/")[2].rpartition(".")[0]
    words = re.sub(r"[-_]+", " ", slug).strip()
    return words[:1].upper() + words[1:]


# ---------------------------------------------------------------------- status


def _status(parts: Page) -> State:
    """What the record says of its state: front matter first, then fields above the first section, then its section."""
    unsure = State("missing", "", -1, "")
    for found in _statuses(parts):
        if found.status not in {"missing", "other"} or (found.status == "other" and found.where != "body"):
            return found
        unsure = found if unsure.line < 0 and found.where != "body" else unsure
    return unsure


def _statuses(parts: Page) -> Iterator[State]:
    for said in parts.front:
        if said.name in _STATUS_NAMES:
            yield State(*status_of(said.value), said.line, "front")
    yield from _field_states(parts, parts.above, parts.body, parts.top, "field")
    changes = [said for said in parts.above if said.name in _CHANGES and classes(said.value)]
    if changes and changes[0].name == "created":
        yield State(*status_of(changes[-1].value), changes[-1].line, "section-table")
    for head in parts.heads:
        value = kind_of(head.title).status
        if value is not None:
            yield _section_state(parts, head, value)
    if any("tatus" in line or "TATUS" in line for line in parts.lines[parts.body :]):
        for head in parts.heads[1:]:
            if kind_of(head.title).example:
                continue
            inside = [said for said in fields(parts.lines, head.begin, head.end) if _of_record(said, head, parts)]
            yield from _field_states(parts, inside, head.begin, head.end, "body")


def _of_record(said: Said, head: Head, parts: Page) -> bool:
    """Whether a field of some section speaks of the record: it begins with a status, and is no row of any table."""
    if "|" in parts.lines[said.line] and not kind_of(head.title).history:
        return False
    return not said.value or begins_with_status(said.value)


def _section_state(parts: Page, head: Head, value: str) -> State:
    stated = status_of(value) if value else Stated("missing", "")
    if stated.status != "missing":
        return State(*stated, head.line, "heading")
    found = state_of(shown(parts.lines, [head]))
    below = next((other for other in parts.heads if other.line >= head.end and other.level > head.level), None)
    if found.line < 0 and below and below.line == head.end:
        stated = status_of(below.title)
        return State(*stated, below.line, "heading") if stated.status not in {"missing", "other"} else found
    return found


def _field_states(parts: Page, above: Iterable[Said], begin: int, end: int, where: str) -> Iterator[State]:
    for said in above:
        if said.name in _STATUS_NAMES:
            if bare(said.value):
                yield State(*status_of(said.value), said.line, where)
            else:
                yield state_of(_following(parts, said.line + 1, end))._replace(where=f"{where}-below")
    for at in range(begin, end):
        line = (
            bare(parts.lines[at]).rstrip(":").lower()
            if "tatus" in parts.lines[at] or "TATUS" in parts.lines[at]
            else ""
        )
        if line in _STATUS_NAMES and ":" not in parts.lines[at] and "|" not in parts.lines[at]:
            yield state_of(_following(parts, at + 1, end))._replace(where=f"{where}-below")


def _following(parts: Page, begin: int, end: int) -> list[tuple[int, str]]:
    """The first paragraph or list below a line."""
    found: list[tuple[int, str]] = []
    for at in range(begin, end):
        line = parts.lines[at]
        if not line.strip():
            if found:
                break
            continue
        if found and any(True for _ in fields([line], 0, 1)):
            break
        found.append((at, line.lstrip(" :") if not found else line))
    return found


# ---------------------------------------------------------------------- date


class Dated(NamedTuple):
    iso: str | None
    text: str
    line: int


def _date(path: str, parts: Page, status: State) -> Dated:
    stated = [said for said in (*parts.front, *parts.above) if said.name in _DATES]
    for said in sorted(stated, key=lambda said: _DATES.index(said.name)) if len(stated) > 1 else stated:
        if said.value and not (said.value[0] in "{[<" and not days(said.value)):
            return _day(said.value, said.line)
    for head in parts.heads:
        value = kind_of(head.title).date
        lines = shown(parts.lines, [head])[:1] if value is not None else []
        if value or lines:
            return _day(value, head.line) if value else _day(lines[0][1], lines[0][0])
    if status.line >= 0 and days(parts.lines[status.line]):
        return _day(parts.lines[status.line], status.line)
    for at in range(parts.body, parts.top):
        words = bare(parts.lines[at]).strip("()-_* ")
        if words[:1].isalnum() and len(words) < 30 and (found := days(words)) and found[0].text == words:
            return _day(words, at)
    return _loose_date(path, parts, status)


def _loose_date(path: str, parts: Page, status: State) -> Dated:
    for head in parts.heads:
        if kind_of(head.title).status is not None or head.begin <= status.line < head.end:
            for said in fields(parts.lines, head.begin, head.end):
                if said.name in _DATES and days(said.value):
                    return _day(said.value, said.line)
    named = dated(path)
    return _day(named[0], -1) if named else Dated(None, "", -1)


def _day(value: str, line: int) -> Dated:
    found = days(value)
    return Dated(found[-1].iso if found else None, bare(value)[:80], line)


# ---------------------------------------------------------------------- format


def _format(path: str, text: str, parts: Page, status: State, kinds: set[str]) -> str:
    keys = {said.name for said in parts.front}
    titles = {kind_of(head.title).words for head in parts.heads}
    if "## Decision: " in text and re.search(r"(?:^|/)DR-\d{3,}-[^/]*$", path):
        return "decisions"
    madr = bool(titles & {"context and problem statement", "decision outcome", "considered options"})
    if madr and (keys & {"deciders", "contact"} or ("validation" in titles and keys)) and "decision-makers" not in keys:
        return "madr-3"
    if "decision-makers" in keys or (madr and (parts.front or status.where != "field")):
        return "madr-4"
    if madr or "technical story" in text[:800].lower():
        return "log4brains" if dated(path) else "madr-2"
    if dated(path) and status.where == "field":
        return "log4brains"
    return "nygard" if kinds >= {"context", "decision"} and not parts.front else "other"
