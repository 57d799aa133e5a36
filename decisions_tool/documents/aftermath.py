"""What is told after a decision: diagnosis, verification, retrospective, and the list of what is left to clean up. Pure."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import MaybeCount, MaybePath, Meta, Where
from decisions_tool.documents.outline import outline, tables, visible_lines
from decisions_tool.documents.sections import bullets, flat, key, nothing, section_of
from decisions_tool.documents.written import Written
from decisions_tool.text import one_line

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
#: The seed's five: (key, symptom, likely cause, fix).
SYMPTOMS: tuple[tuple[str, str, str, str], ...] = (
    ("framing", "Issues that no proposal anticipated", "Bad framing", "Re-frame with what was discovered added to the scope"),
    ("assessment", "The winner's self-assessment was far off", "Insufficient evaluation", "Write concrete scenarios from the failure"),
    ("weights", "Two criteria conflict in practice", "Wrong weights", "Adjust the weights and evaluate again"),
    ("downstream", "Downstream decisions became impossible", "C7 (local optimization)", "Decide the downstream question first"),
    ("criterion", "Everything scored well, and users do not like it", "Missing criterion", "Add the missing criterion"),
)  # fmt: skip
YES, NO = "yes", "no"


class DiagnosisMeta(Meta):
    status: Literal["open", "done", "approved"] | None = Field(
        None, description="open while a symptom waits for somebody to look"
    )


class Finding(NamedTuple):
    symptom: str
    present: str
    evidence: str


class Diagnosis(Written):
    KIND: ClassVar[str] = "diagnosis"
    META: ClassVar[type[Meta]] = DiagnosisMeta
    meta: DiagnosisMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        found = {finding.symptom: finding for finding in read_diagnosis(words)}
        for name, *_ in SYMPTOMS:
            if name not in found or found[name].present not in {YES, NO, UNKNOWN}:
                hint = "write | Symptom | Present | Evidence | with yes, no or unknown"
                raise where.fail(f"the symptom {name!r} has no verdict", where.line, hint)
        return None

    @cached_property
    def found(self) -> tuple[Finding, ...]:
        return read_diagnosis(self.words)


def read_diagnosis(words: str) -> tuple[Finding, ...]:
    """The rows of the table of symptoms."""
    rows = [row.cells for table in tables(words.split("\n")) for row in table.rows if len(row.cells) >= 3]
    return tuple(Finding(key(row[0]), row[1].casefold(), row[2]) for row in rows)


# ---------------------------------------------------------------------- verification


class VerificationMeta(Meta):
    status: Literal["open", "pass", "fail", "approved"] | None = Field(
        None, description="open until somebody has reviewed the code"
    )
    record: MaybePath = Field(None, description="the decision that the code is held to")
    deviations: MaybeCount = Field(None, description="findings of the mechanical part")


class Verdict(NamedTuple):
    number: int
    verdict: str
    evidence: str


class Verification(Written):
    """The mechanical part comes first; the review of the success criteria stands below it."""

    KIND: ClassVar[str] = "verification"
    META: ClassVar[type[Meta]] = VerificationMeta
    meta: VerificationMeta

    @cached_property
    def mechanical(self) -> str:
        found = section_of(outline(self.words), "mechanical")
        return "\n".join(flat(found)).strip() if found else ""

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        return read_verdicts(self.words)


_VERDICT = re.compile(r"(\d{1,3})[.:)]?\s*(?:—|–|-|:)?\s*(pass|fail|unknown)\b\W*(.*)", re.S | re.I)


def read_verdicts(words: str) -> tuple[Verdict, ...]:
    """What a review says of each success criterion: ``- 1: pass — evidence``."""
    section = section_of(outline(words), "successcriteria")
    matches = (_VERDICT.match(entry) for entry in bullets(flat(section) if section else ()))
    return tuple(Verdict(int(m.group(1)), m.group(2).lower(), " ".join(m.group(3).split())) for m in matches if m)


def unjustified(words: str) -> tuple[str, ...]:
    """Deviations that nobody justifies."""
    section = section_of(outline(words), "deviations")
    said = (" ".join(entry.split()) for entry in bullets(flat(section) if section else ()))
    return tuple(entry for entry in said if not nothing(entry) and not re.search(r"(?i)\bjustified\b\W+\w", entry))


# ---------------------------------------------------------------------- retrospective and clean-up


class RetrospectiveMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the retrospective")
    record: MaybePath = Field(None, description="the decision record")


class Retrospective(Written):
    KIND: ClassVar[str] = "retrospective"
    META: ClassVar[type[Meta]] = RetrospectiveMeta
    meta: RetrospectiveMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        for name, title in (("whatheld", "What Held"), ("whatdidnot", "What Did Not"), ("whattokeep", "What to Keep")):
            if section_of(outline(words), name) is None:
                raise where.fail(f"the section {title!r} is missing", where.line, f"add ### {title}")
        return None


class Task(NamedTuple):
    line: int
    done: bool
    text: str


class Cleanup(Written):
    """``cleanup.md``: what is left to do and needs no vote; a person ticks it."""

    KIND: ClassVar[str] = "cleanup"
    META: ClassVar[type[Meta]] = Meta
    meta: Meta

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        lines = [(index, _BOX.match(line)) for index, line in visible_lines(self.words.split("\n"))]
        return tuple(Task(n + 1, m.group(1) in "xX", one_line(m.group(2))) for n, m in lines if m)


_BOX = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+\[([ xX])\]\s+(.*)")
