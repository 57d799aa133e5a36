"""Answers that become a part of a document that is already there: a plan, owners, one resolution. Pure."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from decisions_tool.documents.base import Document, Item, Line, Meta, Part, Prose, Title, Where, labelled, paragraphs
from decisions_tool.documents.outline import Section, fields, table_lines, tables
from decisions_tool.documents.roadmap import Plan, read_plan


class PlanAnswer(Document):
    """The planner's half of the roadmap."""

    KIND: ClassVar[str] = "plan"
    meta: Meta
    plan: Plan

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        tops = [section for section in root.children if section.level == 1]
        return {"plan": read_plan(tops[0] if tops else root, where)}

    def body(self) -> str:
        return self.plan.body()


class Owner(Part):
    concern: Line
    owner: Item
    why: Line


class OwnersAnswer(Document):
    """One owner for every concern: a component, or ``contract`` where two must agree."""

    KIND: ClassVar[str] = "owners"
    meta: Meta
    owners: tuple[Owner, ...] = Field(min_length=1)

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        lines = _flat(root)
        rows = [row.cells for table in tables(lines) if len(table.header) == 3 for row in table.rows]
        if not rows:
            raise where.fail("the table of owners is missing", where.line, "write | Concern | Owner | Why |")
        if any(len(row) != 3 for row in rows):
            raise where.fail("a row of the table has not three cells", where.line, "write | C1 | component | reason |")
        return {"owners": tuple({"concern": a, "owner": b, "why": c} for a, b, c in rows)}

    def body(self) -> str:
        rows = [(owner.concern, owner.owner, owner.why) for owner in self.owners]
        return "\n".join(table_lines(("Concern", "Owner", "Why"), rows)) + "\n"


class ResolutionAnswer(Document):
    """How one concern is settled."""

    KIND: ClassVar[str] = "resolution"
    meta: Meta
    decision: Title
    rationale: Prose
    contract: Line

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        named, _, _ = fields(_flat(root), ("Decision", "Rationale", "Contract"))
        return {key: named.get(key.title(), "") for key in ("decision", "rationale", "contract")}

    def body(self) -> str:
        rationale = labelled("Rationale", self.rationale)
        return paragraphs(f"**Decision:** {self.decision}\n{rationale}\n**Contract:** {self.contract}")


def _flat(section: Section) -> list[str]:
    lines = list(section.body)
    for child in section.children:
        lines += _flat(child)
    return lines
