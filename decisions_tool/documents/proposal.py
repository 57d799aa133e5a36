"""``agents/agent-NN-proposal.md``: one proposal in its author's words, and what the gate and the tally read from it. Pure.

What is missing stays empty here; the quality gate says so. Only a text without an approach is no proposal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import MaybeWords, Meta, Where
from decisions_tool.documents.lines import blocks, joined, read_lines
from decisions_tool.documents.outline import Table, heading, tables
from decisions_tool.documents.sections import Part, bold_items, cited, entries, key, named, parts
from decisions_tool.documents.written import Written, seen


class ProposalMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the proposal")
    asked: Literal["retry", "again"] | None = Field(None, description="why the slot was asked once more")
    failed: MaybeWords = Field(None, description="quality checks that the one before failed")


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
    """What a proposal says, part by part; ``checks`` are the entries of the anti-pattern check."""

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
        text = seen(words, where)
        if not read_proposal(words).name:
            headed = parts(text.lines, PARTS).get("approach")
            line = where.line + (headed.line if headed else 1) - 1
            raise where.fail("no approach is named", line, "begin with ## Approach: short-name")
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


PARTS = {
    "approach": "approach", "summary*": "summary", "scope*": "scope", "codesketch*": "sketch", "fileschanged*": "files",
    "changedfiles": "files", "filestochange": "files", "migrationplan*": "plan", "migrationandcompat*": "plan", "migration": "plan",
    "testplan*": "tests", "tests": "tests", "testing": "tests", "selfassessment*": "scores", "downstreamimpact*": "later",
    "antipattern*": "checks",
}  # fmt: skip
_SCOPE = {
    "filestouched*": "touched", "estimatedloc*": "size", "locchanged*": "size", "estimatedlines*": "size", "linesofcode*": "size",
    "newabstraction*": "abstractions", "effort*": "effort",
}  # fmt: skip
_PLAN = {"whatbreaks*": "breaks", "automigration*": "path", "automaticmigration*": "path", "backward*": "kept"}
_LATER = {
    "constraintsonfuture*": "constraints",
    "constraintsonlater*": "constraints",
    "impactonlater*": "impact",
    "impactonfuture*": "impact",
}
_EFFORTS = {"s": "S", "small": "S", "m": "M", "medium": "M", "l": "L", "large": "L", "xl": "XL", "extralarge": "XL"}


@lru_cache(maxsize=512)
def read_proposal(words: str) -> Said:
    """Whatever a text says of a proposal."""
    found = parts(read_lines(words).lines, PARTS)
    name = _name(found.get("approach"))
    if not name:
        return Said()
    scope, plan, later = (
        _items(found.get(part), names) for part, names in (("scope", _SCOPE), ("plan", _PLAN), ("later", _LATER))
    )
    sketch = found["sketch"].lines if "sketch" in found else []
    touched = _COUNT.search(scope.get("touched", ""))
    return Said(
        name, _text(found.get("summary")), int(touched.group(1)) if touched else None,
        scope.get("size", ""), listed(scope.get("abstractions", "")), _effort(scope.get("effort", "")),
        joined(sketch), tuple(Code(*block) for block in blocks(sketch)), tuple(_changes(found.get("files"))),
        plan.get("breaks", ""), plan.get("path", ""), plan.get("kept", ""), _text(found.get("tests")),
        tuple(_scores(found.get("scores"))), later.get("constraints", ""), later.get("impact", ""),
        tuple(entry.text for entry in entries(found["checks"].lines)) if "checks" in found else (),
    )  # fmt: skip


def _name(part: Part | None) -> str:
    """The name beside the heading, or below it where it stands alone."""
    below = next((line.text for line in part.lines if line.text.strip()), "") if part and not part.said else ""
    said = (part.said if part and part.said else below if len(below) <= 80 else "").strip().strip("<>`*_ ")
    return said if any(map(str.isalnum, said)) else ""


def _text(part: Part | None) -> str:
    return f"{part.said}\n{part.text}".strip() if part else ""


def _items(part: Part | None, names: dict[str, str]) -> dict[str, str]:
    return bold_items([line.text for line in part.lines], names) if part else {}


#: A number on its own, and none that is part of a name, a path or a fraction.
_COUNT = re.compile(r"(?<![\w.,/-])([0-9]{1,4})(?![\w/]|[.,]\d)")
_NO = re.compile(r"(?i)(?:none|nothing|no|zero|0|n/a)(?![\w-])|[-–—]+\s*$|<[^<>]*>$")


_BULLET = re.compile(r"\s*(?:[-*+]|\d{1,2}[.)])\s+")


def listed(text: str) -> tuple[str, ...]:
    """A list in one line or in bullets; ``none`` in any words is an empty one."""
    plain = text.strip().strip('"`*')
    if not plain or _NO.match(plain):
        return ()
    counted = re.fullmatch(r"\d{1,2}[^()]{0,40}\(([^()]*)\)\W*", plain)
    flat = counted.group(1) if counted else re.sub(r"\([^()]*\)", "", plain)
    lines = [line for line in re.split(r"[;\n]", flat) if line.strip(" -*")]
    bulleted = len(lines) > 1 and all(_BULLET.match(line) for line in lines[1:])
    pieces = (_BULLET.sub("", line) for line in (lines if bulleted else re.split(r"[,;\n]|\band\b", flat)))
    return tuple(piece for part in pieces if (piece := part.strip(' .`*"')))


def _effort(text: str) -> str:
    """The size that is named, unless it is one of several."""
    first = text.strip(" *`_").partition("\n")[0]
    return "" if "/" in first[:8] else _EFFORTS.get(key(re.split(r"[\s(,;:.—–]", first, maxsplit=1)[0]), "")


def _changes(part: Part | None) -> Iterator[FileChange]:
    """Rows of a table and entries of a list; else headings or lines that name a path."""
    lines = part.lines if part else []
    rows = [row for table in tables([line.text for line in lines]) for row in table.rows]
    heads = [head[1] for line in lines if (head := heading(line.text))]
    said = [" — ".join(row.cells[:2]) for row in rows] + (heads or [entry.text for entry in entries(lines)])
    for entry in said or [line.text for line in lines if re.search(r"\w[/.]\w", line.text)]:
        paths, what = cited(entry)
        for path in paths:
            yield FileChange(path, what)


_SCORE = re.compile(r"([1-5])(?: ?(?:/|of|out of) ?5)?(?: ?\(.*\))?")


def _scores(part: Part | None) -> Iterator[Score]:
    for table in tables([line.text for line in part.lines]) if part else ():
        score, reason = _column(table, _SCORED, 1), _column(table, _REASONED, 2)
        for row in table.rows:
            cells = [*row.cells, *[""] * max(score, reason)]
            number = _SCORE.fullmatch(" ".join(re.sub(r"[*`]", "", cells[score]).split()))
            if any(cells):
                yield Score(cells[0].strip("*`_ "), int(number.group(1)) if number else None, cells[reason])


_SCORED = {"selfscore*": "x", "score*": "x"}
_REASONED = {"rationale*": "x", "reason*": "x", "why*": "x", "justification*": "x"}


def _column(table: Table, names: dict[str, str], default: int) -> int:
    return next((at for at, cell in enumerate(table.header) if at and named(cell, names)), default)
