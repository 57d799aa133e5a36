"""``framing.md``: a question in the words of whoever asks, and the frame that is read from them. Pure.

The frame is the block of the format (``QUESTION:``, ``SCOPE:`` …), fenced or not, or the same under headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import Count, Meta, Number, PathName, Word, items
from decisions_tool.documents.written import Opening, OpeningMeta

IMPACTS = ("high", "medium", "low")


class FramingMeta(OpeningMeta):
    impact: Literal["high", "medium", "low"] | None = Field(None, description="how much hangs on it: size of the cycle")
    agents: Number | None = Field(None, description="proposals and votes of a medium question, 3 to 5")
    depends_on: list[Word] | None = Field(None, alias="depends-on", description="questions that are decided first")
    identity: PathName | None = Field(None, description="identity document, or none")
    tier: Count | None = Field(None, description="0 no identity, 1 shared, 2 with slices by role")
    parent: Word | None = Field(None, description="the question that this one was split from")
    split: list[Word] | None = Field(None, description="the questions that this one was split into")
    decided: Word | None = Field(None, description="what a person decided where the vote could not")
    by: Word | None = Field(None, description="who decided")
    record: PathName | None = Field(None, description="the decision record")


class KeyFile(NamedTuple):
    path: str
    reason: str


class Frame(NamedTuple):
    """What a framing says, as far as it says it; ``lines`` gives the line of each part that is there."""

    question: str = ""
    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    success: tuple[str, ...] = ()
    files: tuple[KeyFile, ...] = ()
    scenarios: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    identity: str = ""
    tier: str = ""
    impact: str = ""
    depends_on: tuple[str, ...] = ()
    lines: dict[str, int] = {}  # noqa: RUF012  # never changed


class Framing(Opening):
    """The framing keeps every character that its author wrote."""

    KIND: ClassVar[str] = "framing"
    META: ClassVar[type[Meta]] = FramingMeta
    meta: FramingMeta

    @cached_property
    def frame(self) -> Frame:
        """What the words say; lines count from the first of the words."""
        return read_frame(self.words)

    @property
    def title(self) -> str:
        """The question itself."""
        return self.frame.question or super().title

    @property
    def impact(self) -> str:
        said = self.meta.impact or self.frame.impact
        return said if said in IMPACTS else "medium"

    @property
    def needs(self) -> tuple[str, ...]:
        """Questions that have to be decided first."""
        return tuple(self.meta.depends_on or self.frame.depends_on)

    @property
    def reads(self) -> tuple[str, ...]:
        """Questions whose framing and addendum this one reads: those before it, and its own parts."""
        return (*self.needs, *(self.meta.split or ()))

    @property
    def tier(self) -> int | None:
        said = self.frame.tier
        return self.meta.tier if self.meta.tier is not None else int(said) if said.isdigit() else None


# ---------------------------------------------------------------------- reading

_PARTS = {
    "question": "question", "scope": "scope", "in scope": "inside", "out of scope": "outside", "success criteria": "success",
    "key files": "files", "identity": "identity", "tier": "tier", "relevant facets": "facets", "facets": "facets",
    "impact": "impact", "depends on": "depends_on", "depends-on": "depends_on", "evaluation scenarios": "scenarios",
    "scenarios": "scenarios",
}  # fmt: skip
_LABEL = re.compile(
    r"\s*(?:#{1,6}\s+|[-*+]\s+)?(?:\*\*|__)?([A-Za-z][A-Za-z -]{2,24}?)(?:\s*\([^)\n]*\))?(?:\*\*|__)?\s*(:|$)(?:\*\*|__)?\s*(.*)"
)
_BULLET = re.compile(r"\s*(?:[-*+]|\d{1,2}[.)])\s+(.*)")
_PATH = re.compile(r"`?([^\s`]+?)`?(?:\s+(?:—|–|-{1,2})\s+|\s*:\s+|\s+\(|\s*$)(.*)")


def read_frame(words: str, first_line: int = 1) -> Frame:
    """Whatever a text says of a question; what is missing stays empty."""
    parts: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    part = ""
    for number, line in enumerate(_shown(words), start=first_line):
        name, rest = _label(line)
        if name:
            part = name
            lines.setdefault(part, number)
            parts.setdefault(part, [])
            if rest:
                parts[part].append(rest)
        elif part and line.strip():
            _add(parts[part], line)
    return _frame(parts, lines)


def _shown(words: str) -> Iterable[str]:
    """Lines without fences and comments; a fence around the block is how the format is often copied."""
    text = re.sub(
        r"<!--.*?-->", lambda match: "\n" * match.group(0).count("\n"), words.replace("\r\n", "\n"), flags=re.S
    )
    return ("" if re.match(r"\s*(?:```|~~~)", line) else line for line in text.split("\n"))


def _label(line: str) -> tuple[str, str]:
    """(part, text after it) where a line begins a part of the frame."""
    match = _LABEL.fullmatch(line)
    name = _PARTS.get(match.group(1).strip().casefold(), "") if match else ""
    if not match or not name or (not match.group(2) and not line.lstrip().startswith("#")):
        return "", ""
    return name, match.group(3).strip()


def _add(entries: list[str], line: str) -> None:
    bullet = _BULLET.fullmatch(line)
    if bullet or not entries:
        entries.append((bullet.group(1) if bullet else line).strip())
    else:
        entries[-1] += f" {line.strip()}"


def _frame(parts: dict[str, list[str]], lines: dict[str, int]) -> Frame:
    def words(name: str) -> tuple[str, ...]:
        return tuple(" ".join(entry.split()) for entry in parts.get(name, []) if entry.strip())

    def listed(name: str) -> tuple[str, ...]:
        return tuple(word.strip("`[]\"' ") for word in items(", ".join(words(name)).strip("[]")))

    impact = " ".join(words("impact")).split(" ", 1)[0].strip(".,").casefold()
    return Frame(
        " ".join(words("question")), words("inside"), words("outside"), words("success"),
        tuple(_key_file(entry) for entry in words("files")), words("scenarios"), listed("facets"),
        " ".join(words("identity")).strip("` "), " ".join(words("tier")).split(" ", 1)[0], impact, listed("depends_on"), lines,
    )  # fmt: skip


def _key_file(entry: str) -> KeyFile:
    match = _PATH.fullmatch(entry)
    return KeyFile(match.group(1), match.group(2).rstrip(")").strip()) if match else KeyFile(entry, "")


# ---------------------------------------------------------------------- writing


def frame_text(frame: Frame) -> str:
    """A frame in the format that people copy."""

    def bullets(entries: Iterable[str], indent: str = "  ") -> str:
        return "\n".join(f"{indent}- {entry}" for entry in entries) or f"{indent}- …"

    success = "\n".join(f"  {number}. {entry}" for number, entry in enumerate(frame.success, start=1)) or "  1. …"
    files = bullets(f"{path} — {reason or '…'}" for path, reason in frame.files)
    tail = [
        f"IDENTITY: {frame.identity or 'none'}",
        *([f"TIER: {frame.tier}"] if frame.tier else []),
        *([f"RELEVANT FACETS: {', '.join(frame.facets)}"] if frame.facets else []),
        *([f"IMPACT: {frame.impact}"] if frame.impact else []),
        *([f"DEPENDS ON: {', '.join(frame.depends_on)}"] if frame.depends_on else []),
    ]
    scenarios = f"\n\nEVALUATION SCENARIOS:\n{bullets(frame.scenarios)}" if frame.scenarios else ""
    inside, outside = bullets(frame.inside, "    "), bullets(frame.outside, "    ")
    return (
        f"QUESTION: {frame.question or '…'}\n\nSCOPE:\n  In scope:\n{inside}\n  Out of scope:\n{outside}\n\n"
        f"SUCCESS CRITERIA:\n{success}\n\nKEY FILES (3-7):\n{files}{scenarios}\n\n" + "\n".join(tail) + "\n"
    )
