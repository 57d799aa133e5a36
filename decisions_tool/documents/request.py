"""``001-user-request.md``: a person's words, above them the state of the task. Pure."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from decisions_tool.documents import edits, frontmatter
from decisions_tool.documents.base import Document, Meta, Word
from decisions_tool.documents.outline import Section, heading, visible_lines

Status = Literal["open", "active", "paused", "closed"]


class RequestMeta(Meta):
    status: Status = Field("open", description="open, active, paused or closed")
    panel: Literal["none", "mini", "full"] | None = Field(None, description="panel wanted, over the rule")
    reason: Word | None = Field(None, description="why the case is paused or closed")
    undone: list[Word] | None = Field(None, description="answers that were undone and wait for redo")


class Request(Document):
    """The request keeps every character that the person wrote."""

    KIND: ClassVar[str] = "request"
    META: ClassVar[type[Meta]] = RequestMeta
    meta: RequestMeta
    words: str

    @classmethod
    def read_body(cls, body: str, meta: Meta, path: str = "", first_line: int = 1) -> Request:
        return cls.model_validate({"meta": meta, "words": body})

    @classmethod
    def gather(cls, root: Section, where: Any) -> dict[str, Any]:
        raise NotImplementedError

    @property
    def title(self) -> str:
        """The first heading, or the first line with words."""
        lines = self.words.replace("\r\n", "\n").split("\n")
        shown = [line for _, line in visible_lines(lines) if line.strip()]
        for line in shown:
            found = heading(line)
            if found and found[1]:
                return found[1]
        return shown[0].strip() if shown else ""

    def body(self) -> str:
        return self.words

    def render(self) -> str:
        values = self.meta.values()
        plain = values == {"type": "request", "schema": "1", "status": "open"} and frontmatter.stands_alone(self.words)
        return self.words if plain else edits.insert(self.words, values)
