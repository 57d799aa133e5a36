"""``synthesis.md`` of a question: proposals grouped into approaches, compared by nobody who proposes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import Meta, Where
from decisions_tool.documents.outline import Section, outline
from decisions_tool.documents.sections import bullets, flat, section_of, unfenced
from decisions_tool.documents.written import Written


class ComparisonMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the synthesis")


class Approach(NamedTuple):
    """A group of proposals; ``agents`` are their numbers, none for a hybrid or a patch."""

    label: str
    name: str
    summary: str
    agents: tuple[int, ...]
    line: int = 1


class Joined(NamedTuple):
    """A hybrid that the synthesis asks for, of two approaches by label."""

    slot: str
    name: str
    of: tuple[str, ...]
    reason: str


class Compared(NamedTuple):
    question: str = ""
    approaches: tuple[Approach, ...] = ()
    convergence: str = ""
    hybrids: tuple[Joined, ...] = ()
    novel: tuple[str, ...] = ()
    alternatives: str = ""
    divergence: str = ""
    violations: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def approach(self, label: str) -> Approach | None:
        return next((found for found in self.approaches if found.label == label), None)


class Comparison(Written):
    KIND: ClassVar[str] = "comparison"
    META: ClassVar[type[Meta]] = ComparisonMeta
    meta: ComparisonMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        if not read_comparison(words).approaches:
            hint = "write ### Approaches Identified with 1. **Name** — summary (proposed by agents: 1, 2)"
            raise where.fail("no approach is identified", where.line, hint)
        return None

    @cached_property
    def said(self) -> Compared:
        return read_comparison(self.words)


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_APPROACH = re.compile(
    r"\**(?:([A-Z])[.:)]\s+)?\**(.+?)\**\s*(?:—|–|:|-{1,2}\s)\s*(.*?)\s*\((?:proposed by )?agents?:?\s*([^)]*)\)\W*",
    re.S | re.I,
)
_HYBRID = re.compile(r"\**Hybrid\s+H?(\d)\s*:?\s*(.*?)\**\s*(?:—|–|-{1,2}\s)\s*(.*)", re.S | re.I)
_REQUIRED = ("comparisonmatrix", "evaluationscenarios", "novelideas", "openquestions")


def read_comparison(words: str) -> Compared:
    """Whatever a text says of approaches; labels are letters in the order of the list."""
    text = unfenced(words)
    root = outline(text, 3)
    title = next((m.group(1) for s in root.children if (m := re.match(r"(?i)synthesis\s*:\s*(.+)", s.title))), "")
    convergence = section_of(root, "convergence")
    return Compared(
        title.strip(), tuple(_approaches(root)), convergence.title.partition(":")[2].strip() if convergence else "",
        tuple(_hybrids(root)), _entries(root, "novelideas"), _text(root, "alternativesconsidered"), _text(root, "divergencediagnosis"),
        _entries(root, "identityviolations"), _entries(root, "openquestions"),
        tuple(name for name in _REQUIRED if section_of(root, name) is None),
    )  # fmt: skip


def _approaches(root: Section) -> Iterator[Approach]:
    section = section_of(root, "approachesidentified")
    for letter, entry in zip(_LETTERS, bullets(flat(section)) if section else (), strict=False):
        match = _APPROACH.fullmatch(entry)
        if match and section:
            numbers = tuple(int(found) for found in re.findall(r"\d+", match.group(4)))
            name, summary = match.group(2).strip("* <>"), " ".join(match.group(3).split())
            yield Approach(match.group(1) or letter, name, summary, numbers, section.line)


def _hybrids(root: Section) -> Iterator[Joined]:
    section = section_of(root, "hybridproposals")
    for entry in bullets(flat(section)) if section else ():
        match = _HYBRID.match(entry)
        if match:
            of = tuple(dict.fromkeys(re.findall(r"(?i:approach)\s+([A-Z])\b", match.group(3))))
            reason = re.search(r"(?is)rationale\W*:\W*(.+?)(?:\n|full proposal|$)", entry)
            yield Joined(
                f"hybrid-{int(match.group(1)):02d}",
                match.group(2).strip("* "),
                of,
                reason.group(1).strip() if reason else "",
            )


def _text(root: Section, name: str) -> str:
    section = section_of(root, name)
    return "\n".join(flat(section)).strip() if section else ""


def _entries(root: Section, name: str) -> tuple[str, ...]:
    section = section_of(root, name)
    return tuple(" ".join(entry.split()) for entry in bullets(flat(section))) if section else ()
