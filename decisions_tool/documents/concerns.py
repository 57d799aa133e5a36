"""``004-expert-concerns.md`` as the program writes it: entries own the state, the addressing log is a view. Pure."""

import re
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from decisions_tool.documents.base import (
    Day,
    Document,
    Item,
    Line,
    MaybeProse,
    Meta,
    Part,
    Prose,
    Title,
    Where,
    items,
    labelled,
    paragraphs,
    unique,
)  # fmt: skip
from decisions_tool.documents.outline import Section, fields, table_lines
from decisions_tool.documents.review import HEADINGS, SEVERITIES, Severity, in_order, severity_of

LETTERS = {"critical": "C", "important": "I", "nice-to-have": "N", "question": "Q"}
LOG = ("#", "Concern", "Decision", "Track", "Date")
_FIELDS = ("Source", "Findings", "Problem", "Solution", "Owner", "Decision", "Rationale", "Contract", "Track", "Date")
_TITLE = re.compile(r"([CINQ]\d{1,3})[.:] (.+)")
_SOURCE = re.compile(r"([^()]+) \(([a-z-]+)\)")


class ConcernsMeta(Meta):
    status: Literal["open", "approved"] | None = Field(None, description="state of the register")


class Source(Part):
    """An expert who raised a concern, and how severe it was to that expert."""

    name: Item = Field(pattern=r"^[^()]+$")
    severity: Severity


class Resolution(Part):
    """How a concern was settled; ``contract`` says what it means for the contract, or none."""

    decision: Title
    rationale: Prose
    contract: Line
    track: Line
    date: Day


class Concern(Part):
    id: Line = Field(pattern=r"^[CINQ]\d{1,3}$")
    severity: Severity
    title: Title
    sources: tuple[Source, ...] = Field(min_length=1)
    findings: tuple[Item, ...] = Field(min_length=1, description="expert and finding id, such as tarjan F1")
    problem: Prose
    solution: MaybeProse = ""
    owner: Item | None = None
    resolution: Resolution | None = None

    @model_validator(mode="after")
    def _numbered_by_severity(self) -> Self:
        if self.id[0] != LETTERS[self.severity]:
            raise ValueError(f"{self.id} is no id of a concern that is {self.severity}")
        return self

    def lines(self) -> str:
        sources = ", ".join(f"{source.name} ({source.severity})" for source in self.sources)
        parts = [
            f"**Source:** {sources}",
            f"**Findings:** {', '.join(self.findings)}",
            labelled("Problem", self.problem),
        ]
        parts += [labelled("Solution", self.solution)] if self.solution else []
        parts.append(f"**Owner:** {self.owner}" if self.owner else "**Owner:**")
        settled = self.resolution
        parts.append(f"**Decision:** [x] {settled.decision}" if settled else "**Decision:** [ ]")
        if settled:
            parts += [labelled("Rationale", settled.rationale), f"**Contract:** {settled.contract}"]
            parts += [f"**Track:** {settled.track}", f"**Date:** {settled.date}"]
        return f"### {self.id}. {self.title}\n\n" + "\n".join(parts)


class Concerns(Document):
    """Concerns stand in the order critical, important, nice-to-have, question."""

    KIND: ClassVar[str] = "concerns"
    META: ClassVar[type[Meta]] = ConcernsMeta
    meta: ConcernsMeta
    title: Title
    concerns: tuple[Concern, ...]

    @field_validator("concerns")
    @classmethod
    def _grouped(cls, concerns: tuple[Concern, ...]) -> tuple[Concern, ...]:
        unique((concern.id for concern in concerns), "the id")
        return in_order(concerns)

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        top = where.one_title(root, "Expert concerns: title")
        found = [item for section in top.children for item in _entries(section, where)]
        for index, (_, line) in enumerate(found):
            where.lines[f"concerns.{index}"] = line
        ids = [item["id"] for item, _ in found]
        if len(set(ids)) != len(ids):
            raise where.fail("a concern id is used twice", top.line, "number the concerns C1, C2 …, I1 …, N1 …, Q1 …")
        title = top.title.removeprefix("Expert concerns:").strip()
        return {"title": title, "concerns": tuple(item for item, _ in found)}

    def body(self) -> str:
        parts = [f"# Expert concerns: {self.title}"]
        for severity in SEVERITIES:
            group = [concern.lines() for concern in self.concerns if concern.severity == severity]
            parts += [f"## {HEADINGS[severity]}", *group] if group else []
        return paragraphs(*parts, "## Addressing log", "\n".join(table_lines(LOG, self.log())))

    def log(self) -> list[tuple[str, str, str, str, str]]:
        """The rows of the addressing log, from the entries."""
        settled = [(c.id, c.title, c.resolution) for c in self.concerns if c.resolution]
        return [(name, title, r.decision, r.track, r.date) for name, title, r in settled]

    def replace(self, concern: Concern) -> Self:
        """The register with one entry exchanged."""
        entries = tuple(concern if c.id == concern.id else c for c in self.concerns)
        return self.model_copy(update={"concerns": entries})


def _entries(section: Section, where: Where) -> list[tuple[dict[str, Any], int]]:
    if section.title.casefold() == "addressing log":
        return []
    severity = severity_of(section.title)
    if severity is None:
        raise where.fail(
            f"{section.title!r} names no severity",
            section.line,
            "write ## Critical, Important, Nice-to-have or Questions",
        )
    return [(_entry(child, severity, where), child.line) for child in section.children]


def _entry(child: Section, severity: str, where: Where) -> dict[str, Any]:
    match = _TITLE.fullmatch(child.title)
    if match is None:
        raise where.fail(f"{child.title!r} is not a concern", child.line, "write ### C1. Title")
    named, _, _ = fields(child.body, _FIELDS)
    if LETTERS[severity] != match.group(1)[0]:
        raise where.fail(
            f"{match.group(1)} stands under {section_name(severity)}", child.line, "move it, or give it another id"
        )
    sources = []
    for part in items(named.get("Source", "")):
        source = _SOURCE.fullmatch(part)
        if source is None:
            raise where.fail(f"cannot read the source {part!r}", child.line, "write Name (critical)")
        sources.append({"name": source.group(1), "severity": source.group(2)})
    return {
        "id": match.group(1), "severity": severity, "title": match.group(2), "sources": tuple(sources),
        "findings": items(named.get("Findings", "")), "problem": named.get("Problem", ""),
        "solution": named.get("Solution", ""), "owner": named.get("Owner") or None,
        "resolution": _resolution(named, child, where),
    }  # fmt: skip


def section_name(severity: str) -> str:
    return HEADINGS[severity]


def _resolution(named: dict[str, str], child: Section, where: Where) -> dict[str, Any] | None:
    decision = named.get("Decision", "")
    match = re.fullmatch(r"\[([ xX]?)\]\s*(.*)", decision, re.S)
    if match is None:
        raise where.fail("the decision has no box", child.line, "write **Decision:** [ ], or [x] with the decision")
    if match.group(1).strip() == "":
        return None
    keys = {"rationale": "Rationale", "contract": "Contract", "track": "Track", "date": "Date"}
    return {"decision": match.group(2), **{key: named.get(name, "") for key, name in keys.items()}}
