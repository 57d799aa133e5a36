"""``002-roadmap.md``: the architect's research, then the planner's statements, phases and operations. Pure."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from decisions_tool.documents.base import (
    Count,
    Document,
    Item,
    Items,
    Line,
    MaybeWord,
    Meta,
    Part,
    Prose,
    Title,
    Where,
    items,
    listing,
    paragraphs,
)  # fmt: skip
from decisions_tool.documents.outline import Section, fields, table_lines, tables
from decisions_tool.documents.plans import Phases, read_phases

STATEMENTS = ("Primary component", "Subsystems", "Lines of code", "Requirements", "Horizon")
_OPERATIONS = ("Operation", "Complexity", "Where")


class RoadmapMeta(Meta):
    status: Literal["researched", "planned", "approved"] | None = Field(None, description="how far the roadmap is")
    panel: Literal["none", "mini", "full"] | None = Field(None, description="panel that reviews the roadmap")
    panel_reason: MaybeWord = Field(None, alias="panel-reason", description="why that panel")


class Operation(Part):
    name: Line
    complexity: Line
    where: Line


class Statements(Part):
    """What the panel rule reads."""

    primary: Item
    subsystems: Items
    lines_of_code: Count
    requirements: Literal["clear", "unclear"]
    horizon: Literal["short-term", "long-term"]


class Plan(Part):
    """The planner's half: statements, phased delivery, Big-O for every operation."""

    statements: Statements
    phases: Phases
    operations: tuple[Operation, ...] = Field(min_length=1)

    def body(self) -> str:
        said = self.statements
        statements = "\n".join(
            f"**{name}:** {value}"
            for name, value in zip(
                STATEMENTS,
                (said.primary, listing(said.subsystems), said.lines_of_code, said.requirements, said.horizon),
                strict=True,
            )
        )
        phases = "\n\n".join(phase.lines() for phase in self.phases)
        rows = [(op.name, op.complexity, op.where) for op in self.operations]
        operations = "\n".join(table_lines(_OPERATIONS, rows))
        return paragraphs("## Scope", statements, "## Phases", phases, "## Operations", operations)


class Roadmap(Document):
    """The roadmap: research and decisions, then the plan with its statements, phases and operations."""

    KIND: ClassVar[str] = "roadmap"
    META: ClassVar[type[Meta]] = RoadmapMeta
    meta: RoadmapMeta
    title: Title
    prior_art: Prose
    trade_offs: Prose
    decisions: Prose
    plan: Plan | None = None

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        top = where.one_title(root, "Roadmap: title")
        names = ("prior_art", "trade_offs", "decisions")
        texts = {
            n: where.section(top, t).text for n, t in zip(names, ("Prior art", "Trade-offs", "Decisions"), strict=True)
        }
        plan = read_plan(top, where) if top.child("Scope") or top.child("Phases") else None
        return {"title": top.title.removeprefix("Roadmap:").strip(), **texts, "plan": plan}

    def body(self) -> str:
        texts = ("## Prior art", self.prior_art, "## Trade-offs", self.trade_offs, "## Decisions", self.decisions)
        plan = self.plan.body().rstrip("\n") if self.plan else ""
        return paragraphs(f"# Roadmap: {self.title}", *texts, plan)


def read_plan(top: Section, where: Where) -> dict[str, Any]:
    """The planner's sections below a heading, or below the root of an answer."""
    scope = where.section(top, "Scope")
    where.lines["plan.statements"] = where.lines["statements"] = scope.line
    named, _, _ = fields(scope.body, STATEMENTS)
    missing = [name for name in STATEMENTS if name not in named]
    if missing:
        raise where.fail(f"the scope does not state {', '.join(missing)}", scope.line, f"add **{missing[0]}:** …")
    phases = read_phases(where.section(top, "Phases"), where)
    operations = where.section(top, "Operations")
    rows = [row.cells for table in tables(operations.body) for row in table.rows]
    wrong = [row for row in rows if len(row) != len(_OPERATIONS)]
    if wrong:
        raise where.fail(
            "an operation has not three cells", operations.line, "write | Operation | Complexity | Where |"
        )
    return {
        "statements": {
            "primary": named["Primary component"], "subsystems": items(named["Subsystems"]),
            "lines_of_code": named["Lines of code"].replace(",", ""), "requirements": named["Requirements"].lower(),
            "horizon": named["Horizon"].lower(),
        },
        "phases": tuple(phases),
        "operations": tuple({"name": a, "complexity": b, "where": c} for a, b, c in rows),
    }  # fmt: skip
