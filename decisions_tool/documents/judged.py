"""What is said of proposals: the judge's word on roles, the quality gate as a table. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import Meta, Where
from decisions_tool.documents.framing import read_frame
from decisions_tool.documents.lines import read_lines, tame
from decisions_tool.documents.outline import heading, table_lines, tables, visible_lines
from decisions_tool.documents.sections import key, named, split_title
from decisions_tool.documents.written import Written, seen
from decisions_tool.text import one_line

CHECKS = ("QG-1", "QG-2", "QG-3", "QG-4", "QG-5")
IN, DEGRADED, OUT, RETRY, AGAIN = "in", "degraded", "out", "retry", "again"
OUTCOMES = (IN, DEGRADED, OUT, RETRY, AGAIN)
NOTHING = "nothing"
_PROPOSALS = {"proposal", "proposals", "agent", "slot"}


class JudgedMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the document")


class Compliance(Written):
    """Whether each proposal reflects the role it was given: the one judging call of the gate."""

    KIND: ClassVar[str] = "compliance"
    META: ClassVar[type[Meta]] = JudgedMeta
    meta: JudgedMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        seen(words, where)
        rows = _rows(words)
        if not rows:
            raise where.fail("the table of verdicts is missing", where.line, "write | Proposal | Complies | Why |")
        slots: set[str] = set()
        for number, cells in rows:
            slot, hint = slot_of(cells[0]), "write | agent-01 | yes | why |"
            if len(cells) < 3 or _complies(cells[1]) is None:
                raise where.fail("a row has no verdict", where.line + number - 1, hint)
            if not slot or slot in slots:
                said = f"{one_line(slot, 60)} has two rows" if slot else "a row names no proposal"
                raise where.fail(said, where.line + number - 1, "give each proposal one row")
            slots.add(slot)
        return None

    @cached_property
    def verdicts(self) -> dict[str, tuple[bool, str]]:
        """Slot -> (whether it complies, why)."""
        return {slot_of(cells[0]): (_complies(cells[1]) is True, cells[2]) for _, cells in _rows(self.words)}


def _complies(cell: str) -> bool | None:
    said = re.fullmatch(r"\W*(yes|no)\b(?![ -]\w).*", cell[:200], re.I)
    return said.group(1).casefold() == "yes" if said else None


def slot_of(cell: str) -> str:
    """A proposal's slot, as a person may write it: ``Agent 1`` is agent-01."""
    plain = " ".join(re.sub(r"[*`]", "", cell).split())
    found = re.fullmatch(r"(?i)(agent|hybrid)[ -]?0{0,3}([0-9]{1,3})(?:-proposal(?:\.md)?)?", plain)
    return f"{found.group(1).casefold()}-{int(found.group(2)):02d}" if found else plain


class Graded(NamedTuple):
    """One row of the gate; ``failed`` maps a check to what failed."""

    slot: str
    passed: tuple[bool, ...]
    outcome: str
    failed: str

    @property
    def points(self) -> int:
        return sum(self.passed)


class GateMeta(Meta):
    status: Literal["retry", "done", "reframe", "quorum", "approved"] | None = Field(
        None, description="what the gate calls for"
    )


class Gate(Written):
    """``quality-gate.md``; computed."""

    KIND: ClassVar[str] = "gate"
    META: ClassVar[type[Meta]] = GateMeta
    meta: GateMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        for number, cells in _rows(words, where):
            graded = len(cells) == 9 and cells[7] in OUTCOMES and {*cells[1:6]} <= {"pass", "fail"}
            if not graded or cells[6] != f"{cells[1:6].count('pass')}/5":
                said = "a row of the gate is not one of ours"
                raise where.fail(said, where.line + number - 1, "decisions redo <question> gate")
        return None

    @cached_property
    def rows(self) -> dict[str, Graded]:
        return {
            cells[0]: Graded(
                cells[0], tuple(c == "pass" for c in cells[1:6]), cells[7], "" if cells[8] == NOTHING else cells[8]
            )
            for _, cells in _rows(self.words)
        }

    def slots(self, *outcomes: str) -> tuple[str, ...]:
        return tuple(slot for slot, row in self.rows.items() if row.outcome in outcomes)


def _rows(words: str, where: Where | None = None) -> list[tuple[int, tuple[str, ...]]]:
    """Line and cells of each row of the tables of proposals; with ``where`` there has to be such a table."""
    lines = read_lines(words).lines
    found = [table for table in tables([line.text for line in lines]) if key(table.header[0]) in _PROPOSALS]
    if where and not found:
        raise where.fail("the table of proposals is missing", where.line, "decisions redo <question> gate")
    return [(lines[row.line].number, row.cells) for table in found for row in table.rows if any(row.cells)]


def gate_text(question: str, rows: list[Graded], launched: int, needed: int, status: str) -> str:
    """The gate in the format: proposal, five checks, passed, outcome, what failed."""
    cells = [
        [
            row.slot,
            *("pass" if ok else "fail" for ok in row.passed),
            f"{row.points}/5",
            row.outcome,
            tame(row.failed) or NOTHING,
        ]
        for row in rows
    ]
    head = ("Proposal", *CHECKS, "Passed", "Outcome", "What failed")
    passed = sum(row.outcome in {IN, DEGRADED} for row in rows)
    said = {
        "done": f"{passed} of {launched} proposals go on; {needed} are needed.",
        "retry": f"{passed} of {launched} proposals go on so far; some are asked for once more.",
        "reframe": f"More than half of {launched} proposals passed at most one check: the framing has to be revised.",
        "quorum": f"{passed} of {launched} proposals go on; {needed} are needed, and every slot was asked again.",
    }[status]
    return f"## Quality Gate: {question}\n\n" + "\n".join(table_lines(head, cells)) + f"\n\n{said}\n"


_SUB = re.compile(r"(?i)sub[- ]?question\s+([a-z])\b\W*(.*)")


class RefineAnswer(Written):
    """How a question that split is asked next: two or three sub-questions, or a forced choice."""

    KIND: ClassVar[str] = "refine"
    META: ClassVar[type[Meta]] = Meta
    meta: Meta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        seen(words, where)
        found, letters = read_refinement(words), set[str]()
        for number, name, _ in _heads(words):
            if len(name) == 1 and name in letters:
                said = f"sub-question {name} stands twice"
                raise where.fail(said, where.line + number - 1, "give each a letter of its own")
            letters.add(name)
        hint = "write ### Sub-question a and ### Sub-question b with a framing each, or ### Forced choice"
        if found.forced and found.questions:
            raise where.fail("both sub-questions and a forced choice", where.line, hint)
        if not found.forced and not 2 <= len(found.questions) <= 3:
            raise where.fail(f"{len(found.questions)} sub-questions", where.line, hint)
        return None

    @cached_property
    def said(self) -> Refinement:
        return read_refinement(self.words)


class Refinement(NamedTuple):
    """``questions`` are framings by their letter; none with a forced choice."""

    reason: str
    questions: dict[str, str]
    forced: bool


def read_refinement(words: str) -> Refinement:
    """Parts by their headings; a framing may have headings of its own, may be fenced, and may have its question beside the heading."""
    heads = {number: (name, said) for number, name, said in _heads(words)}
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for number, text in read_lines(words).lines:
        if number in heads:
            current = found.setdefault(heads[number][0], [])
        else:
            current.append(text)
    texts = {name: "\n".join(lines).strip() for name, lines in found.items()}
    beside = {name: said for name, said in heads.values() if said and not read_frame(texts[name]).question}
    texts |= {name: f"QUESTION: {said}\n\n{texts[name]}" for name, said in beside.items()}
    reason = texts.pop("reason", "")
    return Refinement(reason, {name: said for name, said in texts.items() if len(name) == 1}, "forced" in texts)


_REFINED = {"reason*": "reason", "forcedchoice*": "forced"}


def _heads(words: str) -> Iterator[tuple[int, str, str]]:
    """Line and name of each heading that is ours (the letter of a sub-question, reason, forced), and what stands beside it."""
    lines = read_lines(words).lines
    for at, text in visible_lines([line.text for line in lines]):
        title = heading(text)
        sub = _SUB.fullmatch(title[1]) if title else None
        name = sub.group(1).lower() if sub else named(split_title(title[1])[0], _REFINED) if title else ""
        if name:
            yield lines[at].number, name, sub.group(2).strip("*_ ") if sub else ""
