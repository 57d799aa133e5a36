"""``003-<expert>-review.md``: findings of one expert, each with a severity and a place. Pure."""

import re
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import Field, field_validator

from decisions_tool.documents.base import (
    Document,
    Line,
    MaybeProse,
    Meta,
    Part,
    Prose,
    Title,
    Where,
    labelled,
    paragraphs,
    unique,
)  # fmt: skip
from decisions_tool.documents.outline import Section, fields

SEVERITIES = ("critical", "important", "nice-to-have", "question")
HEADINGS = {"critical": "Critical", "important": "Important", "nice-to-have": "Nice-to-have", "question": "Questions"}
Severity = Literal["critical", "important", "nice-to-have", "question"]
_WORDS = {
    "question": "questions?|unclear|ask",
    "nice-to-have": "nice|low|minor|optional|suggestions?",
    "important": "important|medium|major|moderate|should",
    "critical": "critical|high|blockers?|blocking|severe|must",
}
_PATTERNS = {name: re.compile(rf"(?<!non-)(?<!not )\b(?:{words})\b") for name, words in _WORDS.items()}
_TITLE = re.compile(r"(F\d{1,3})[.:] (.+)")


class _Graded(Protocol):
    @property
    def severity(self) -> str: ...


G = TypeVar("G", bound=_Graded)


def in_order(graded: tuple[G, ...]) -> tuple[G, ...]:
    """The same, critical ones first; those of one severity keep their order."""
    return tuple(sorted(graded, key=lambda one: SEVERITIES.index(one.severity)))


def severity_of(heading: str) -> str | None:
    """The severity that a heading names first, with HIGH, MEDIUM and LOW read as the first three."""
    words = heading.casefold()
    found = {match.start(): name for name, pattern in _PATTERNS.items() if (match := pattern.search(words))}
    return found[min(found)] if found else None


class ReviewMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the review")


class ReviewFinding(Part):
    id: Line = Field(pattern=r"^F\d{1,3}$")
    severity: Severity
    title: Title
    where: Line
    problem: Prose
    suggestion: MaybeProse = ""

    def lines(self) -> str:
        parts = [f"**Where:** {self.where}", labelled("Problem", self.problem)]
        parts += [labelled("Suggestion", self.suggestion)] if self.suggestion else []
        return f"### {self.id}. {self.title}\n\n" + "\n".join(parts)


class Review(Document):
    """Findings are kept in the order critical, important, nice-to-have, question."""

    KIND: ClassVar[str] = "review"
    META: ClassVar[type[Meta]] = ReviewMeta
    meta: ReviewMeta
    reviewer: Title
    lens: Line
    summary: Prose
    findings: tuple[ReviewFinding, ...]

    @field_validator("findings")
    @classmethod
    def _grouped(cls, findings: tuple[ReviewFinding, ...]) -> tuple[ReviewFinding, ...]:
        unique((finding.id for finding in findings), "the id")
        return in_order(findings)

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        top = where.one_title(root, "Review by Name")
        named, _, _ = fields(top.body, ("Lens",))
        lens, _, summary = named.get("Lens", "").partition("\n")
        if not lens:
            raise where.fail("the review does not state its lens", top.line, "add **Lens:** …")
        found = [item for section in top.children for item in _findings(section, where)]
        ids = [item[0]["id"] for item in found]
        if len(set(ids)) != len(ids):
            raise where.fail("a finding id is used twice", top.line, "number the findings F1, F2 …")
        for index, (_, line) in enumerate(found):
            where.lines[f"findings.{index}"] = line
        name = top.title.removeprefix("Review by").strip()
        return {"reviewer": name, "lens": lens, "summary": summary, "findings": tuple(item for item, _ in found)}

    def body(self) -> str:
        head = (f"# Review by {self.reviewer}", f"**Lens:** {self.lens}", self.summary)
        parts: list[str] = []
        for severity in SEVERITIES:
            group = [finding.lines() for finding in self.findings if finding.severity == severity]
            parts += [f"## {HEADINGS[severity]}", *group] if group else []
        return paragraphs(*head, *parts)


def _findings(section: Section, where: Where) -> list[tuple[dict[str, Any], int]]:
    severity = severity_of(section.title)
    if severity is None:
        raise where.fail(
            f"{section.title!r} names no severity",
            section.line,
            "write ## Critical, Important, Nice-to-have or Questions",
        )
    found = []
    for child in section.children:
        match = _TITLE.fullmatch(child.title)
        if match is None:
            raise where.fail(f"{child.title!r} is not a finding", child.line, "write ### F1. Title")
        named, _, _ = fields(child.body, ("Where", "Problem", "Suggestion"))
        item = {"id": match.group(1), "title": match.group(2), "severity": severity}
        item |= {
            key: named.get(name, "")
            for key, name in (("where", "Where"), ("problem", "Problem"), ("suggestion", "Suggestion"))
        }
        found.append((item, child.line))
    return found
