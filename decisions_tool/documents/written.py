"""Documents in somebody's own words: the model holds every character, and what was read from them. Pure."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError

from decisions_tool.documents import edits, frontmatter
from decisions_tool.documents.base import Document, MaybeWord, MaybeWords, Meta, Where, body_findings
from decisions_tool.documents.lines import Text, read_lines
from decisions_tool.documents.outline import Section, heading, visible_lines
from decisions_tool.errors import DocumentError

Status = Literal["open", "active", "paused", "closed"]


class Written(Document):
    """``words`` is the text below the front matter; what a model reads from them is a property of theirs."""

    words: str

    @classmethod
    def read_body(cls, body: str, meta: Meta, path: str = "", first_line: int = 1) -> Self:
        where = Where(path, first_line)
        cls.look(body, where)
        try:
            return cls.model_validate({"meta": meta, "words": body})
        except ValidationError as error:
            raise DocumentError(body_findings(error, where)) from None

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        """Read the words; DocumentError names the lines that cannot be understood."""
        return None

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        raise NotImplementedError

    def body(self) -> str:
        return self.words

    def render(self) -> str:
        values = self.meta.values()
        bare = {"type": self.KIND, "schema": "1"}
        plain = values in (bare, {**bare, "status": "open"}) and frontmatter.stands_alone(self.words)
        return self.words if plain else edits.insert(self.words, values)


def seen(words: str, where: Where) -> Text:
    """The lines that a reader sees; DocumentError where a comment hides all the rest."""
    text = read_lines(words)
    if text.comment:
        said = "a comment is opened and never closed"
        raise where.fail(said, where.line + text.comment - 1, "close it with -->")
    return text


class OpeningMeta(Meta):
    status: Status = Field("open", description="open, active, paused or closed")
    reason: MaybeWord = Field(None, description="why the case is paused or closed")
    undone: MaybeWords = Field(None, description="answers that were undone and wait for redo")


class Opening(Written):
    """The document that opens a case, in the words of the person who wrote it."""

    META: ClassVar[type[Meta]] = OpeningMeta
    meta: OpeningMeta

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
