"""What is said of proposals: the judge's word on roles, the quality gate as a table. Pure."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import Meta, Where
from decisions_tool.documents.outline import Row, table_lines, tables
from decisions_tool.documents.sections import key, unfenced
from decisions_tool.documents.written import Written

CHECKS = ("QG-1", "QG-2", "QG-3", "QG-4", "QG-5")
IN, DEGRADED, OUT, RETRY, AGAIN = "in", "degraded", "out", "retry", "again"
OUTCOMES = (IN, DEGRADED, OUT, RETRY, AGAIN)


class JudgedMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the document")


class Compliance(Written):
    """Whether each proposal reflects the role it was given: the one judging call of the gate."""

    KIND: ClassVar[str] = "compliance"
    META: ClassVar[type[Meta]] = JudgedMeta
    meta: JudgedMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        for row in _rows(words):
            if len(row.cells) < 3 or row.cells[1].casefold() not in {"yes", "no"}:
                raise where.fail("a row has no verdict", where.line + row.line, "write | agent-01 | yes | why |")
        if not _rows(words):
            raise where.fail("the table of verdicts is missing", where.line, "write | Proposal | Complies | Why |")
        return None

    @cached_property
    def verdicts(self) -> dict[str, tuple[bool, str]]:
        """Slot -> (whether it complies, why)."""
        return {row.cells[0]: (row.cells[1].casefold() == "yes", row.cells[2]) for row in _rows(self.words)}


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
        for row in _rows(words):
            if len(row.cells) < 9 or row.cells[7] not in OUTCOMES:
                raise where.fail(
                    "a row of the gate is not one of ours", where.line + row.line, "decisions redo <question> gate"
                )
        return None

    @cached_property
    def rows(self) -> dict[str, Graded]:
        return {
            row.cells[0]: Graded(row.cells[0], tuple(c == "pass" for c in row.cells[1:6]), row.cells[7], row.cells[8])
            for row in _rows(self.words)
        }

    def slots(self, *outcomes: str) -> tuple[str, ...]:
        return tuple(slot for slot, row in self.rows.items() if row.outcome in outcomes)


def _rows(words: str) -> list[Row]:
    found = tables(unfenced(words).split("\n"))
    return [row for table in found if key(table.header[0]) == "proposal" for row in table.rows if row.cells[0]]


def gate_text(question: str, rows: list[Graded], launched: int, needed: int, status: str) -> str:
    """The gate in the format: proposal, five checks, passed, outcome, what failed."""
    cells = [
        [
            row.slot,
            *("pass" if ok else "fail" for ok in row.passed),
            f"{row.points}/5",
            row.outcome,
            row.failed or "nothing",
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


_SUB = re.compile(r"(?i)sub-?question\s+([a-z])\b.*")


class RefineAnswer(Written):
    """How a question that split is asked next: two or three sub-questions, or a forced choice."""

    KIND: ClassVar[str] = "refine"
    META: ClassVar[type[Meta]] = Meta
    meta: Meta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        found = read_refinement(words)
        if not found.forced and not 2 <= len(found.questions) <= 3:
            hint = "write ### Sub-question a and ### Sub-question b with a framing each, or ### Forced choice"
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
    """Sections by their heading; a framing may be fenced."""
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in unfenced(words).split("\n"):
        if line.startswith("#"):
            current = parts.setdefault(line.lstrip("# ").strip(), [])
        else:
            current.append(line)
    questions = {
        m.group(1).lower(): "\n".join(text).strip() for name, text in parts.items() if (m := _SUB.fullmatch(name))
    }
    named = {key(name): "\n".join(text).strip() for name, text in parts.items()}
    return Refinement(named.get("reason", ""), questions, "forcedchoice" in named)
