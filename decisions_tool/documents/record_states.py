"""The status that a section or a list states: one line of several, told apart from the choices of a template. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from decisions_tool.documents.record_fields import fields
from decisions_tool.documents.record_words import LIVE, bare, classes, days, is_choice, status_of

_MARKS = re.compile(r"\s*(?:>\s*)*(?:[-*+•]|\d+[.)])?\s+")
_ITEM = re.compile(r"\s*(?:>\s*)*(?:[-*+•]|\d+[.)])\s")
_BOX = re.compile(r"\s*(?:[-*+•]\s+)?(?:\[(?P<on>[ xX✓✔])\]|(?P<icon>[☑✅☐⬜]))\s*(?P<rest>\S.*)")
_FIRST_LINES = 15
_NO_STATUS = re.compile(
    r"\W*(?:super[sc]ee?des|amends|amended|extends|relate[sd]|see|replaces|date|note|deciders?)\b", re.I
)


class State(NamedTuple):
    """A status, the words it was taken from, their line (from 0, -1 for none) and in what they stand."""

    status: str
    text: str
    line: int
    where: str


_NONE = State("missing", "", -1, "section")


def state_of(lines: Sequence[tuple[int, str]]) -> State:
    """What the lines of a section, or below a field, say the status is."""
    lines = [line for block in _paragraphs(lines[:_FIRST_LINES]) if not _offers(block) for line in block]
    if any("|" in line for _, line in lines):
        found = [
            said for said in fields([line for _, line in lines], 0, len(lines)) if said.name in {"status", "state"}
        ]
        below = [_read(at, _value(line)) for at, line in lines if "|" not in line]
        if found and not any(state.status == "superseded" for state in below):
            return State(*status_of(found[-1].value), lines[found[-1].line][0], "section-table")
    boxes = [(at, match) for at, line in lines if (match := _BOX.fullmatch(line)) and match["icon"] != "✅"]
    if boxes:
        ticked = [
            (at, match["rest"]) for at, match in boxes if match["on"] not in {" ", None} or match["icon"] in {"☑"}
        ]
        read = [_read(at, rest) for at, rest in ticked]
        bare_lines = [_read(at, _value(line)) for at, line in lines if not _BOX.fullmatch(line)]
        return _chosen(read + [state for state in bare_lines if state.status == "superseded"])
    return _chosen([_read(at, _value(line)) for at, line in lines if not _aside(line)])


def _paragraphs(lines: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Lines that follow each other without a blank one or the begin of an item between."""
    found: list[list[tuple[int, str]]] = []
    for at, line in lines:
        if found and found[-1][-1][0] == at - 1 and not _ITEM.match(line) and "|" not in line:
            found[-1].append((at, line))
        else:
            found.append([(at, line)])
    return found


def _offers(block: list[tuple[int, str]]) -> bool:
    """Whether a paragraph of several lines explains which statuses there are."""
    if len(block) < 2:
        return False
    text = bare(" ".join(line for _, line in block))
    return is_choice(text, classes(text)) and not days(text)


def _value(line: str) -> str:
    """The words of a line; of ``Status: x`` the x."""
    named = ":" in line and any(word in line.lower() for word in ("status", "state"))
    said = next((said for said in fields([line], 0, 1) if said.name in {"status", "state"}), None) if named else None
    return said.value if said else line[match.end() :] if (match := _MARKS.match(line)) else line


def _aside(line: str) -> bool:
    """Whether a line says something else than a status."""
    words = bare(_value(line))
    return not words or (_NO_STATUS.match(words) is not None and not days(words[:12]))


def _read(at: int, value: str) -> State:
    return State(*status_of(value), at, "section")


def _chosen(found: list[State]) -> State:
    known = [state for state in found if state.status not in {"missing", "other"}]
    if not known:
        return next((state for state in found if state.status == "other"), found[0] if found else _NONE)
    dated = [(max(day.iso or "" for day in days(state.text)), state.line, state) for state in known if days(state.text)]
    later = [state for state in known[1:] if classes(state.text)[:1] == ["superseded"] and not days(state.text)]
    if len(dated) > 1:
        return later[-1] if later and later[-1].line > dated[-1][1] else max(dated)[2]
    words = [state for state in known if len(state.text.split()) == 1]
    if len({state.status for state in words}) > 2:
        return _NONE._replace(text=", ".join(state.text for state in words), line=words[0].line)
    first = known[0]
    if found[0].status == "other" and len(found[0].text.split()) < 4:
        return found[0]
    later = [state for state in known[1:] if state.status == "superseded" and classes(state.text)[0] == "superseded"]
    return later[0] if later and first.status in LIVE else first
