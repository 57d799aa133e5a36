"""``research/<subsystem>.md`` and ``research/synthesis.md``: a fixed set of sections each. Pure."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from decisions_tool.documents.base import Document, Meta, Prose, Title, Where, paragraphs
from decisions_tool.documents.outline import Section


class ResearchMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the research")


class _Sectioned(Document):
    PREFIX: ClassVar[str]
    SECTIONS: ClassVar[dict[str, str]]
    META: ClassVar[type[Meta]] = ResearchMeta
    meta: ResearchMeta
    title: Title

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        top = where.one_title(root, f"{cls.PREFIX}: title")
        texts = {name: where.section(top, title).text for name, title in cls.SECTIONS.items()}
        return {"title": top.title.removeprefix(f"{cls.PREFIX}:").strip(), **texts}

    def body(self) -> str:
        parts = [text for name, title in self.SECTIONS.items() for text in (f"## {title}", getattr(self, name))]
        return paragraphs(f"# {self.PREFIX}: {self.title}", *parts)


class Research(_Sectioned):
    """How one subsystem stands today."""

    KIND: ClassVar[str] = "research"
    PREFIX: ClassVar[str] = "Research"
    SECTIONS: ClassVar[dict[str, str]] = {
        "structure": "Structure", "interfaces": "Interfaces", "risks": "Risks", "files": "Files read",
    }  # fmt: skip
    structure: Prose
    interfaces: Prose
    risks: Prose
    files: Prose


class Synthesis(_Sectioned):
    """What the research of all subsystems means together."""

    KIND: ClassVar[str] = "synthesis"
    PREFIX: ClassVar[str] = "Research synthesis"
    SECTIONS: ClassVar[dict[str, str]] = {
        "shared": "What the subsystems share", "tensions": "Tensions", "consequences": "Consequences for the contract",
    }  # fmt: skip
    shared: Prose
    tensions: Prose
    consequences: Prose
