"""``batch.md``: which questions went out together, and under which id their answers are to be had. Pure."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from decisions_tool.documents.base import Document, Item, Meta, Part, Where, items, listing
from decisions_tool.documents.outline import Section, table_lines, tables

_HEADER = ("Batch", "Phase", "Slots")


class Sent(Part):
    """One batch; the last one that names a slot is the one that counts for it."""

    batch: Item
    phase: Item
    slots: tuple[Item, ...] = Field(min_length=1)


class Batch(Document):
    KIND: ClassVar[str] = "batch"
    meta: Meta
    sent: tuple[Sent, ...] = Field(min_length=1)

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        top = where.one_title(root, "Batches")
        rows = [row for table in tables(top.body) if len(table.header) == len(_HEADER) for row in table.rows]
        if not rows or any(len(row.cells) != len(_HEADER) for row in rows):
            raise where.fail("the table of batches is missing or ragged", top.line, f"write | {' | '.join(_HEADER)} |")
        return {"sent": tuple({"batch": b, "phase": p, "slots": items(s)} for b, p, s in (row.cells for row in rows))}

    def body(self) -> str:
        rows = [(sent.batch, sent.phase, listing(sent.slots)) for sent in self.sent]
        return "# Batches\n\n" + "\n".join(table_lines(_HEADER, rows)) + "\n"

    def of(self, phase: str, slot: str) -> str:
        """The batch that asks a slot, or nothing."""
        return next((s.batch for s in reversed(self.sent) if s.phase == phase and slot in s.slots), "")
