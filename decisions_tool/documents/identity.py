"""``working/identity.md``: facts about the repository that all agents share. Pure."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar

from decisions_tool.documents.base import Meta, Where
from decisions_tool.documents.lines import Text, read_lines
from decisions_tool.documents.outline import Section, outline
from decisions_tool.documents.sections import flat, key, section_of
from decisions_tool.documents.written import Written, seen

SECTIONS = ("Architecture Map", "Invariants", "Known Debt", "Conventions", "Trade-offs", "Post-Decision Updates")
#: What voters get of it.
TRIMMED = SECTIONS[:2]


class Identity(Written):
    KIND: ClassVar[str] = "identity"
    META: ClassVar[type[Meta]] = Meta
    meta: Meta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        root = _outline(seen(words, where))
        missing = next((name for name in SECTIONS[:5] if section_of(root, key(name)) is None), None)
        if missing:
            raise where.fail(f"the section {missing!r} is missing", where.line, f"add ## {missing}")
        if not _commit(read_lines(words)):
            raise where.fail("the commit that it describes is missing", where.line, "add Commit: <id>")
        return None

    @cached_property
    def commit(self) -> str:
        return _commit(read_lines(self.words))

    def parts(self, *names: str) -> str:
        """Some of the sections, with their headings."""
        root = _outline(read_lines(self.words))
        found = [(name, section_of(root, key(name))) for name in names]
        texts = (f"## {name}\n\n" + "\n".join(flat(section)).strip() for name, section in found if section)
        return "\n\n".join(texts) + "\n"

    def rest(self, *names: str) -> str:
        """What there is beside these sections."""
        text = read_lines(self.words)
        lines, root = [line.text for line in text.lines], _outline(text)
        for section in filter(None, (section_of(root, key(name)) for name in names)):
            count = 1 + len(flat(section))
            lines[section.line - 1 : section.line - 1 + count] = [""] * count
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


_COMMIT = re.compile(r"[^\w\n]{0,12}Commit(?: (?:SHA|id|hash))?\W{1,12}([0-9a-f]{7,64})\b", re.I)


def _outline(text: Text) -> Section:
    return outline("\n".join(line.text for line in text.lines), 6)


def _commit(text: Text) -> str:
    return next((found.group(1).lower() for line in text.lines if (found := _COMMIT.match(line.text))), "")
