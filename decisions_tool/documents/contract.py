"""``0NN-contract.md``: what each track provides, consumes and bridges. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from decisions_tool.documents.base import (
    Document,
    Item,
    Line,
    Meta,
    Number,
    Part,
    Prose,
    Title,
    Where,
    items,
    listing,
    paragraphs,
)  # fmt: skip
from decisions_tool.documents.outline import Section, Table, table_lines, tables

HEADER = ("Track", "Scope", "Contract")
_TRACK = re.compile(r"Track (\d{1,3}): (.+)")
_CLAUSE = re.compile(r"(?i)\s*(Provides|Consumes|Bridge):\s*(.*)")
OPEN = "to be agreed"


class ContractMeta(Meta):
    status: Literal["reserved", "agreed", "approved"] | None = Field(None, description="skeleton or agreed")


def _offered(value: str) -> str:
    flat = value.rstrip(". ")
    if not items(flat) or re.search(r"(?i)\b(?:Provides|Consumes|Bridge):", flat):
        raise ValueError("cannot stand in a list after Provides, Consumes or Bridge")
    return flat


Offer = Annotated[Item, AfterValidator(_offered)]


class ContractTrack(Part):
    """One row: ``agreed`` is false in the skeleton, where the cell says that it is to be agreed."""

    number: Number
    name: Item
    scope: Line
    provides: tuple[Offer, ...] = ()
    consumes: tuple[Offer, ...] = ()
    bridge: tuple[Offer, ...] = ()
    agreed: bool = True

    @model_validator(mode="after")
    def _empty_until_agreed(self) -> Self:
        if not self.agreed and (self.provides or self.consumes or self.bridge):
            raise ValueError("a track that is to be agreed provides and consumes nothing")
        return self

    def clauses(self) -> str:
        if not self.agreed:
            return OPEN
        bridge = f"; Bridge: {listing(self.bridge)}" if self.bridge else ""
        return f"Provides: {listing(self.provides)}; Consumes: {listing(self.consumes)}{bridge}"


class Interface(Part):
    """One thing that a track provides, as precisely as it is known."""

    name: Title
    text: Prose

    def lines(self) -> str:
        return f"### {self.name}\n\n{self.text}"


class Contract(Document):
    """Who provides, consumes and bridges what; reserved as a skeleton before any design."""

    KIND: ClassVar[str] = "contract"
    META: ClassVar[type[Meta]] = ContractMeta
    meta: ContractMeta
    title: Title
    tracks: tuple[ContractTrack, ...]
    interfaces: tuple[Interface, ...] = ()
    revisions: tuple[Line, ...] = ()

    @classmethod
    def gather(cls, root: Section, where: Where) -> dict[str, Any]:
        top = where.one_title(root, "Contract: title")
        section = where.section(top, "Tracks")
        table = next((t for t in tables(section.body) if len(t.header) == len(HEADER)), None)
        if table is None:
            raise where.fail("the table of tracks is missing", section.line, "write | Track | Scope | Contract |")
        listed = top.child("Interfaces")
        interfaces = [{"name": child.title, "text": child.text} for child in listed.children] if listed else []
        revised = top.child("Revisions")
        revisions = [line[2:].strip() for line in revised.body if line.startswith("- ")] if revised else []
        return {
            "title": top.title.removeprefix("Contract:").strip(),
            "tracks": _tracks(table, section, where),
            "interfaces": tuple(interfaces),
            "revisions": tuple(revisions),
        }

    def body(self) -> str:
        rows = [(f"Track {t.number}: {t.name}", t.scope, t.clauses()) for t in self.tracks]
        parts = [f"# Contract: {self.title}", "## Tracks", "\n".join(table_lines(HEADER, rows))]
        if self.interfaces:
            parts += ["## Interfaces", *(interface.lines() for interface in self.interfaces)]
        if self.revisions:
            parts += ["## Revisions", "\n".join(f"- {revision}" for revision in self.revisions)]
        return paragraphs(*parts)


def _tracks(table: Table, section: Section, where: Where) -> tuple[dict[str, Any], ...]:
    found = []
    for index, row in enumerate(table.rows):
        line = where.lines[f"tracks.{index}"] = section.line + row.line + 1
        match = _TRACK.fullmatch(row.cells[0])
        if len(row.cells) != len(HEADER) or match is None:
            raise where.fail(
                "a row is not | Track 1: name | scope | Provides: … |", line, "write Track N: name in the first cell"
            )
        found.append(
            {
                "number": int(match.group(1)),
                "name": match.group(2),
                "scope": row.cells[1],
                **_clauses(row.cells[2], line, where),
            }
        )
    return tuple(found)


def _clauses(cell: str, line: int, where: Where) -> dict[str, Any]:
    if cell.casefold() == OPEN:
        return {"agreed": False}
    found: dict[str, Any] = {}
    for clause in re.split(r"[;.](?=\s*(?:Provides|Consumes|Bridge):)", cell, flags=re.I):
        match = _CLAUSE.fullmatch(clause.rstrip(";. "))
        if match is None:
            raise where.fail(f"cannot read {clause.strip()!r}", line, "write Provides: a, b; Consumes: c; Bridge: d")
        found[match.group(1).lower()] = items(match.group(2))
    return found
