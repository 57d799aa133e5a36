"""``0NN-<track>-design.md``: how one track goes about it, in phases. Pure."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from decisions_tool.documents.base import Document, Item, Line, Meta, Prose, Title, Where, paragraphs
from decisions_tool.documents.outline import Section, fields
from decisions_tool.documents.plans import Phases, read_phases


class DesignMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the design")


class Design(Document):
    """How one track goes about it, against the contract, in phases of its own."""

    KIND: ClassVar[str] = "design"
    META: ClassVar[type[Meta]] = DesignMeta
    meta: DesignMeta
    title: Title
    component: Item
    contract: Line
    design: Prose
    phases: Phases

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        top = where.one_title(root, "Track 2: name")
        named, _, _ = fields(top.body, ("Component", "Contract"))
        return {
            "title": top.title,
            "component": named.get("Component", ""),
            "contract": named.get("Contract", ""),
            "design": where.section(top, "Design").text,
            "phases": tuple(read_phases(where.section(top, "Phases"), where)),
        }

    def body(self) -> str:
        head = f"**Component:** {self.component}\n**Contract:** {self.contract}"
        phases = "\n\n".join(phase.lines() for phase in self.phases)
        return paragraphs(f"# {self.title}", head, "## Design", self.design, "## Phases", phases)
