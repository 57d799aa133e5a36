"""``framing.md``: a question in the words of whoever asks, and the frame that is read from them. Pure.

The frame is the block of the format (``QUESTION:``, ``SCOPE:`` …), fenced or not, or the same under headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import MaybeCount, MaybeOid, MaybePath, MaybeWord, MaybeWords, Meta, Number, items
from decisions_tool.documents.lines import is_fence, tame, uncommented
from decisions_tool.documents.sections import cited, key, nothing
from decisions_tool.documents.written import Opening, OpeningMeta

IMPACTS = ("high", "medium", "low")


class FramingMeta(OpeningMeta):
    impact: Literal["high", "medium", "low"] | None = Field(None, description="how much hangs on it: size of the cycle")
    agents: Number | None = Field(None, description="proposals and votes of a medium question, 3 to 5")
    depends_on: MaybeWords = Field(None, alias="depends-on", description="questions that are decided first")
    identity: MaybePath = Field(None, description="identity document, or none")
    tier: MaybeCount = Field(None, description="0 no identity, 1 shared, 2 with slices by role")
    parent: MaybeWord = Field(None, description="the question that this one was split from")
    split: MaybeWords = Field(None, description="the questions that this one was split into")
    decided: MaybeWord = Field(None, description="what a person decided where the vote could not")
    by: MaybeWord = Field(None, description="who decided")
    record: MaybePath = Field(None, description="the decision record")
    supersedes: MaybePath = Field(None, description="the record that the answer takes the place of")
    section: MaybeWord = Field(None, description="the only section of that record that is at stake")
    follow: MaybeWords = Field(None, description="what somebody called for after the record")
    seen: MaybeOid = Field(None, description="commit at which agents see the repository after the record")


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
        return self.meta.tier if self.meta.tier is not None else int(said) if re.fullmatch("[0-9]", said) else None


# ---------------------------------------------------------------------- reading

_PARTS = {
    "question": "question", "scope": "scope", "inscope": "inside", "outofscope": "outside", "successcriteria": "success",
    "successcriterion": "success", "keyfiles": "files", "keyfile": "files", "identity": "identity", "tier": "tier",
    "relevantfacets": "facets", "facets": "facets", "impact": "impact", "dependson": "depends_on",
    "evaluationscenarios": "scenarios", "scenarios": "scenarios",
}  # fmt: skip
#: Parts that take one paragraph, and parts that a bullet may name.
_ONE = {"question", "identity", "tier", "impact", "facets", "depends_on"}
_BULLETED = {"scope", "inside", "outside"}
_LABEL = re.compile(
    r"\s*(#{1,6}\s+|(?:[-*+]|\d{1,2}[.)])\s+)?(\*\*|__)?([A-Za-z][A-Za-z _-]{2,24}?)(?:\s?\([^()]*\))?"
    r"(?:\s?(:)(?:\*\*|__)?|(?:\*\*|__)\s?(:?)|\s*$)\s*(.*)"
)
#: What ends a part without beginning one: another heading, a label that is not ours, a rule.
_OTHER = re.compile(
    r" {0,3}(?:#{1,6}\s.*|[A-Z][A-Z /&_-]{2,40}(?:\([^()]*\))?:.*|\*\*[^*]{2,60}(?:\*\*:.*|:\*\*.*|\*\*\s*)|[-*_]{3,}\s*)"
)
_BULLET = re.compile(r"\s*([-*+]|\d{1,2}[.)])\s+(.*)")
_HELD = re.compile(r"…|\.\.\.|<[^<>]*>")


@lru_cache(maxsize=512)
def read_frame(words: str, first_line: int = 1) -> Frame:
    """Whatever a text says of a question; what is missing stays empty."""
    reader = _Reader(first_line - 1)
    around = False
    for number, line in uncommented(words.replace("\r\n", "\n").split("\n")):
        if is_fence(line):
            around, ends = (not around and not reader.part), around and not line.strip("`~ ")
            reader.part = "" if ends else reader.part
        else:
            reader.take(number, line)
    return _frame(reader.parts, reader.lines)


class _Reader:
    """Gathers the entries of each part; ``inner`` is the column from which on a bullet belongs to the entry above it."""

    def __init__(self, before: int) -> None:
        self.before = before
        self.parts: dict[str, list[list[str]]] = {}
        self.lines: dict[str, int] = {}
        self.part = ""
        self.inner = 0
        self.listed = self.gap = False

    def take(self, number: int, line: str) -> None:
        name, rest = _label(line, self.part)
        if name:
            self.part, self.inner, self.listed, self.gap = name, 0, False, False
            self.lines.setdefault(name, number + self.before)
            self.parts.setdefault(name, [])
            if rest:
                self.parts[name].append([rest])
        elif _OTHER.fullmatch(line):
            self.part = ""
        elif self.part:
            self._add(self.parts[self.part], line)

    def _add(self, entries: list[list[str]], line: str) -> None:
        if not line.strip():
            self.gap = True
            return
        bullet = _BULLET.fullmatch(line)
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        if bullet and (not self.inner or indent < self.inner):
            entries.append([bullet.group(2)])
            self.inner, self.listed = indent + len(bullet.group(1)) + 1, True
        elif not entries:
            entries.append([line])
        elif self.gap and not bullet and indent < max(self.inner, 1):
            self._paragraph(entries, line)
        else:
            entries[-1].append(bullet.group(2) if bullet else line)
        self.gap = False

    def _paragraph(self, entries: list[list[str]], line: str) -> None:
        """A paragraph further down: one more entry of a part without a list, else a remark that belongs to none."""
        if self.part == "question" and line.rstrip().endswith("?"):
            entries.append([line])
        elif self.listed or self.part in _ONE:
            self.part = ""
        else:
            entries.append([line])


def _label(line: str, part: str) -> tuple[str, str]:
    """(part, text after it) where a line begins a part of the frame."""
    match = _LABEL.fullmatch(line)
    name = _PARTS.get(key(match.group(3)), "") if match else ""
    if not match or not name:
        return "", ""
    mark, bold, _, colon, late, rest = match.groups()
    heading = bool(mark) and mark.startswith("#")
    if not (colon or late) and (rest or not (bold or heading)):
        return "", ""
    if mark and not heading and not bold and not {name, part} <= _BULLETED:
        return "", ""
    return name, rest.strip()


def _frame(parts: dict[str, list[list[str]]], lines: dict[str, int]) -> Frame:
    def words(name: str) -> tuple[str, ...]:
        flat = (" ".join(" ".join(entry).split()) for entry in parts.get(name, []))
        return tuple(entry for entry in flat if entry and not _HELD.fullmatch(entry))

    def one(name: str) -> str:
        return " ".join(words(name)[:1]).strip("`*\"' ")

    tier = re.match(r"(?i)(?:tier\s)?([0-9])\b", one("tier"))
    facets, needs = (", ".join(words(name)).strip("[]") for name in ("facets", "depends_on"))
    return Frame(
        " ".join(words("question")), words("inside"), words("outside"), words("success"),
        tuple(file for entry in words("files") for file in _key_files(entry)), words("scenarios"),
        () if nothing(facets) else tuple(word.strip("`[]*\"' ") for word in items(facets)),
        "".join(cited(one("identity"))[0][:1]), tier.group(1) if tier else one("tier").split(" ", 1)[0],
        one("impact").split(" ", 1)[0].strip(".,;:*").casefold(), _names(needs), lines,
    )  # fmt: skip


def _names(said: str) -> tuple[str, ...]:
    """The first words of what is listed, for names are words."""
    listed = (name.strip("`[]*\"' ").split() for name in re.split(r"[,;&]|\band\b", said))
    return () if nothing(said) else tuple(words[0].strip("`[]*\"'") for words in listed if words)


def _key_files(entry: str) -> Iterator[KeyFile]:
    paths, reason = cited(entry)
    return (KeyFile(path, "" if _HELD.fullmatch(reason) else reason) for path in paths)


# ---------------------------------------------------------------------- writing


def frame_text(frame: Frame) -> str:
    """A frame in the format that people copy."""

    def bullets(entries: Iterable[str], indent: str = "  ") -> str:
        return "\n".join(f"{indent}- {tame(entry)}" for entry in entries) or f"{indent}- …"

    success = "\n".join(f"  {number}. {tame(entry)}" for number, entry in enumerate(frame.success, start=1)) or "  1. …"
    files = bullets(
        f"`{path}` — {reason or '…'}" if " " in path else f"{path} — {reason or '…'}" for path, reason in frame.files
    )
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
        f"QUESTION: {tame(frame.question) or '…'}\n\nSCOPE:\n  In scope:\n{inside}\n  Out of scope:\n{outside}\n\n"
        f"SUCCESS CRITERIA:\n{success}\n\nKEY FILES (3-7):\n{files}{scenarios}\n\n" + "\n".join(tail) + "\n"
    )
