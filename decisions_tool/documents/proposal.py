"""``agents/agent-NN-proposal.md``: one proposal in its author's words, and what the gate and the tally read from it. Pure.

What is missing stays empty here; the quality gate says so. Only a text without an approach is no proposal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import Meta, Where, Word
from decisions_tool.documents.outline import Section, outline, tables
from decisions_tool.documents.sections import bold_items, bullets, code_blocks, flat, section_of, unfenced
from decisions_tool.documents.written import Written


class ProposalMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the proposal")
    asked: Literal["retry", "again"] | None = Field(None, description="why the slot was asked once more")
    failed: list[Word] | None = Field(None, description="quality checks that the one before failed")


class Score(NamedTuple):
    criterion: str
    score: int | None
    reason: str


class FileChange(NamedTuple):
    path: str
    what: str


class Code(NamedTuple):
    """A fenced block; ``line`` counts from 1 in the words."""

    language: str
    text: str
    line: int


class Said(NamedTuple):
    """What a proposal says, part by part; ``argument`` is what stands in Summary and Code Sketch as prose."""

    name: str = ""
    summary: str = ""
    touched: int | None = None
    size: str = ""
    abstractions: tuple[str, ...] = ()
    effort: str = ""
    sketch: str = ""
    code: tuple[Code, ...] = ()
    files: tuple[FileChange, ...] = ()
    breaks: str = ""
    migration: str = ""
    compatibility: str = ""
    tests: str = ""
    scores: tuple[Score, ...] = ()
    constraints: str = ""
    later: str = ""
    checks: tuple[str, ...] = ()


class Proposal(Written):
    KIND: ClassVar[str] = "proposal"
    META: ClassVar[type[Meta]] = ProposalMeta
    meta: ProposalMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        if not read_proposal(words).name:
            raise where.fail("no approach is named", where.line, "begin with ## Approach: short-name")
        return None

    @cached_property
    def said(self) -> Said:
        return read_proposal(self.words)


class Hybrid(Proposal):
    """A proposal that joins elements of two approaches."""

    KIND: ClassVar[str] = "hybrid"


class Patch(Proposal):
    """The patched version of an approach that was vetoed."""

    KIND: ClassVar[str] = "patch"


_APPROACH = re.compile(r"(?i)approach\s*[:—–-]\s*(.+)")
_WHOLE = re.compile(r"\d{1,4}")


def read_proposal(words: str) -> Said:
    """Whatever a text says of a proposal."""
    text = unfenced(words)
    root = outline(text, 3)
    named = next(((s, m.group(1)) for s in _all(root) if (m := _APPROACH.match(s.title))), None)
    if named is None:
        return Said()
    scope = bold_items(_lines(root, "scope"))
    plan = bold_items(_lines(root, "migrationplan"))
    later = bold_items(_lines(root, "downstreamimpact"))
    sketch = _lines(root, "codesketch")
    touched = _WHOLE.search(scope.get("filestouched", ""))
    found = section_of(root, "codesketch")
    return Said(
        named[1].strip().strip("<>`*"), _text(root, "summary"), int(touched.group(0)) if touched else None,
        scope.get("estimatedlocchanged", ""), listed(scope.get("newabstractionsintroduced", "")), _effort(scope.get("effort", "")),
        "\n".join(sketch).strip(), tuple(Code(*block) for block in code_blocks(sketch, found.line + 1 if found else 1)),
        tuple(_changes(_lines(root, "fileschanged"))), plan.get("whatbreaks", ""),
        plan.get("automigrationpath", ""), plan.get("backwardcompatibility", ""), _text(root, "testplan"),
        tuple(_scores(_lines(root, "selfassessment"))), later.get("constraintsonfuturequestions", ""),
        later.get("impactonlaterquestions", ""), tuple(bullets(_lines(root, "antipatterncheck"))),
    )  # fmt: skip


def _all(root: Section) -> Iterator[Section]:
    for child in root.children:
        yield child
        yield from _all(child)


def _lines(root: Section, name: str) -> list[str]:
    found = section_of(root, name)
    return flat(found) if found else []


def _text(root: Section, name: str) -> str:
    return "\n".join(_lines(root, name)).strip()


def listed(text: str) -> tuple[str, ...]:
    """A list in one line; ``none`` in any words is an empty one."""
    plain = text.strip().strip('"`').rstrip(".")
    if not plain or re.match(r"(?i)(none|no new|no\b|n/a|-|–|—|0\b)", plain):
        return ()
    return tuple(part.strip() for part in re.split(r"[,;\n]|\band\b", plain) if part.strip(" -*"))


def _effort(text: str) -> str:
    found = re.match(r"\W*(XL|S|M|L)\b", text.strip())
    return found.group(1) if found else ""


_CHANGE = re.compile(r"`?([^\s`]+?)`?(?:\s+(?:—|–|-{1,2})\s+|\s*:\s+|\s*$)(.*)", re.S)


def _changes(lines: list[str]) -> Iterator[FileChange]:
    for entry in bullets(lines):
        match = _CHANGE.fullmatch(entry)
        if match:
            yield FileChange(match.group(1).strip("*"), " ".join(match.group(2).split()))


def _scores(lines: list[str]) -> Iterator[Score]:
    for table in tables(lines):
        for row in table.rows:
            cells = [*row.cells, "", ""]
            number = re.fullmatch(r"\**([1-5])\**(?:\s*/\s*5)?", cells[1])
            yield Score(cells[0].strip("* "), int(number.group(1)) if number else None, cells[2])
