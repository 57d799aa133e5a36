"""``working/identity.md``: facts about the repository that all agents share. Pure."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar

from decisions_tool.documents.base import Meta, Where
from decisions_tool.documents.outline import outline
from decisions_tool.documents.sections import flat, key, section_of, unfenced
from decisions_tool.documents.written import Written

SECTIONS = ("Architecture Map", "Invariants", "Known Debt", "Conventions", "Trade-offs", "Post-Decision Updates")
#: What voters get of it.
TRIMMED = SECTIONS[:2]


class Identity(Written):
    KIND: ClassVar[str] = "identity"
    META: ClassVar[type[Meta]] = Meta
    meta: Meta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        root = outline(unfenced(words), 2)
        missing = [name for name in SECTIONS[:5] if section_of(root, key(name)) is None]
        if missing:
            raise where.fail(f"the section {missing[0]!r} is missing", where.line, f"add ## {missing[0]}")
        if not re.search(r"(?m)^\W*Commit\W+[0-9a-f]{7,64}\b", words):
            raise where.fail("the commit that it describes is missing", where.line, "add Commit: <id>")
        return None

    @cached_property
    def commit(self) -> str:
        found = re.search(r"(?m)^\W*Commit\W+([0-9a-f]{7,64})\b", self.words)
        return found.group(1) if found else ""

    def parts(self, *names: str) -> str:
        """Some of the sections, with their headings."""
        root = outline(unfenced(self.words), 2)
        found = [(name, section_of(root, key(name))) for name in names]
        return (
            "\n\n".join(f"## {name}\n\n" + "\n".join(flat(section)).strip() for name, section in found if section)
            + "\n"
        )
