"""``reversal.md``: what implementation showed to be wrong in a decision, entry by entry. Pure."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import MaybePath, Meta, Where
from decisions_tool.documents.lines import code_blocks, tame
from decisions_tool.documents.outline import Section, fields, outline
from decisions_tool.documents.written import Written

MINOR, SIGNIFICANT, COMPLETE = "minor", "significant", "complete"
KINDS = (MINOR, SIGNIFICANT, COMPLETE)
_TITLE = re.compile(r"Reversal (\d{1,3}): (minor|significant|complete)")
_NAMES = ("Date", "By", "Decision", "Story", "Section", "Question", "Reason")
EVIDENCE = {"contract": "Code Contract", "deviations": "Deviations", "diff": "Diff", "log": "Log"}


class ReversalMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the document")
    extent: Literal["minor", "significant", "complete"] | None = Field(
        None, description="how much the last reversal takes back"
    )
    record: MaybePath = Field(None, description="the decision that was reversed last")


class Entry(NamedTuple):
    """One reversal. ``question`` is the case that the focused question became; ``contract`` is the code that holds from now on.

    ``deviations`` are entries of a list: what the code may do otherwise, and why.
    """

    kind: str
    day: str
    by: str
    record: str
    reason: str
    story: str = ""
    section: str = ""
    question: str = ""
    contract: str = ""
    deviations: str = ""
    diff: str = ""
    log: str = ""


class Reversal(Written):
    KIND: ClassVar[str] = "reversal"
    META: ClassVar[type[Meta]] = ReversalMeta
    meta: ReversalMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        if not _sections(words, where.line):
            raise where.fail("no reversal is told", where.line, "begin with ## Reversal 1: minor")
        return None

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(map(_entry, _sections(self.words, 1)))


def _sections(words: str, line: int) -> list[Section]:
    return [section for section in outline(words, first_line=line).children if _TITLE.fullmatch(section.title)]


def _entry(section: Section) -> Entry:
    match, (named, _, _) = _TITLE.fullmatch(section.title), fields(section.body, _NAMES)
    assert match is not None
    said = {name.casefold(): " ".join(named.get(name, "").split()) for name in _NAMES}
    below = {child.title: child.body for child in section.children}
    held = {
        name: next((text for _, text, _ in code_blocks(below.get(title, []))), "") for name, title in EVIDENCE.items()
    }
    words = {name: "\n".join(below.get(title, [])).strip() for name, title in EVIDENCE.items()}
    return Entry(
        match.group(2), said["date"], said["by"], said["decision"], said["reason"], said["story"], said["section"], said["question"],
        words["contract"], words["deviations"], held["diff"], held["log"],
    )  # fmt: skip


def entry_text(number: int, entry: Entry) -> str:
    """One reversal as it stands in the document."""
    values = (entry.day, entry.by, entry.record, entry.story, entry.section, entry.question, entry.reason)
    lines = "\n".join(f"**{name}:** {tame(value)}" for name, value in zip(_NAMES, values, strict=True) if value)
    parts = [f"## Reversal {number}: {entry.kind}", lines]
    parts += [part for part in promises(entry, 3) if part]
    for name in ("diff", "log"):
        text = getattr(entry, name)
        parts += [f"### {EVIDENCE[name]}", fenced(text, "diff" if name == "diff" else "")] if text else []
    return "\n\n".join(parts) + "\n"


def promises(entry: Entry, level: int) -> list[str]:
    """What holds from now on, under headings of a level."""
    held = ((EVIDENCE[name], getattr(entry, name)) for name in ("contract", "deviations"))
    return [part for title, text in held if text for part in (f"{'#' * level} {title}", text)]


def fenced(text: str, language: str = "") -> str:
    """A text between fences that it cannot close."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"
