"""``synthesis.md`` of a question: proposals grouped into approaches, compared by nobody who proposes. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import count
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import Meta, Where
from decisions_tool.documents.lines import Line, read_lines
from decisions_tool.documents.sections import Part, bracketless, entries, parts, spoken
from decisions_tool.documents.written import Written, seen


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
        seen(words, where)
        found = read_comparison(words).approaches
        if not found:
            hint = "write ### Approaches Identified with 1. **Name** — summary (proposed by agents: 1, 2)"
            raise where.fail("no approach is identified", where.line, hint)
        taken = Counter(approach.label for approach in found)
        twice = next((one for one in reversed(found) if taken[one.label] > 1), None)
        if twice:
            said = f"two approaches are labelled {twice.label}"
            raise where.fail(said, where.line + twice.line - 1, "give each approach a letter of its own, or none")
        return None

    @cached_property
    def said(self) -> Compared:
        return read_comparison(self.words)


PARTS = {
    "synthesis": "title", "approachesidentified*": "approaches", "approaches": "approaches", "identifiedapproaches*": "approaches",
    "convergence*": "convergence", "comparisonmatrix*": "comparisonmatrix", "evaluationscenario*": "evaluationscenarios",
    "novelidea*": "novelideas", "hybridproposal*": "hybrids", "hybrids": "hybrids", "alternatives*": "alternatives",
    "divergence*": "divergence", "identityviolation*": "violations", "openquestion*": "openquestions",
}  # fmt: skip
_REQUIRED = ("comparisonmatrix", "evaluationscenarios", "novelideas", "openquestions")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@lru_cache(maxsize=512)
def read_comparison(words: str) -> Compared:
    """Whatever a text says of approaches; labels are their own letters, else those that are left in the order of the list."""
    found = parts(read_lines(words).lines, PARTS)
    title = found.get("title")
    approaches = tuple(_approaches(found.get("approaches")))
    return Compared(
        title.said.strip() if title else "", approaches, _prose(found.get("convergence")).partition("\n")[0],
        tuple(_hybrids(found.get("hybrids"), {approach.label for approach in approaches})), spoken(found.get("novelideas")),
        _prose(found.get("alternatives")), _prose(found.get("divergence")), spoken(found.get("violations")),
        spoken(found.get("openquestions")), tuple(name for name in _REQUIRED if name not in found),
    )  # fmt: skip


def _prose(part: Part | None) -> str:
    return f"{part.said}\n{part.text}".strip() if part else ""


# ---------------------------------------------------------------------- approaches

_LETTER = re.compile(
    r"(?:(?i:approach|option) )?([A-Z])(?:[.:)]? ?[—–] ?|[.:)] | - )(?=\S)(.+)|(?i:approach|option) ([A-Z])|([A-Z])[.:)]?"
)
_NAMED = re.compile(r"(?:\*\*|__)(.+?)(?:\*\*|__)\s?(.*)")


def _approaches(part: Part | None) -> Iterator[Approach]:
    read = [_approach(entry) for entry in entries(part.lines)] if part else []
    own = {approach.label for approach in read}
    left = (letter + (str(turn) if turn else "") for turn in count() for letter in _LETTERS)
    free = (label for label in left if label not in own)
    for approach in read:
        yield approach if approach.label else approach._replace(label=next(free))


def _approach(entry: Line) -> Approach:
    """An entry such as ``**A: Registry** — one table of all steps (proposed by agents: 1, 4)``; the label may be missing."""
    head, agents = _split_agents(" ".join(entry.text.split()))
    bold = _NAMED.match(head)
    label, name = _labelled(bold.group(1) if bold else head)
    summary = bold.group(2).lstrip(":—–- ") if bold else ""
    if not (bold and name):
        name, summary = _halves(summary if bold else name)
    return Approach(label, name.strip("*_` <>:."), summary.strip(), agents, entry.number)


def _labelled(title: str) -> tuple[str, str]:
    """The label before a name, if there is one, and the name, which may stand further on."""
    plain = title.strip("*_` <>")
    found = _LETTER.fullmatch(plain)
    return (found.group(1) or found.group(3) or found.group(4), found.group(2) or "") if found else ("", plain)


def _halves(text: str) -> tuple[str, str]:
    """Name and summary, at the first dash, or else the first colon."""
    found = re.search(r" (?:—|–|--?) ", text) or re.search(r": ", text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


_AGENTS = tuple(
    re.compile(before + r" ?(?=[#-]?[0-9]|agents?\W?[0-9]|none|nobody)", re.I)
    for before in (r"\bproposed by:?(?: agents?\b:?)?", r"\((?:by )?agents?:?", r"\bagents?:?")
)


def _split_agents(text: str) -> tuple[str, tuple[int, ...]]:
    """An entry without what it says of its agents, and their numbers."""
    found = next((match for pattern in _AGENTS if (match := pattern.search(text))), None)
    if not found:
        return text, ()
    said = bracketless(text[found.end() :].rstrip(" )."))
    return text[: found.start()].rstrip(" (;,.—–-"), numbers(said)


def numbers(text: str) -> tuple[int, ...]:
    """Numbers and ranges of numbers, each once: ``1, 4–6`` and ``agent-01``."""
    found: dict[int, None] = {}
    for match in re.finditer(r"(?<![0-9])([0-9]{1,3})(?: ?(?:-|–|—|to|\.\.) ?([0-9]{1,3}))?(?![0-9])", text):
        first, last = int(match.group(1)), int(match.group(2) or match.group(1))
        found |= dict.fromkeys(range(first, last + 1) if first <= last < first + 100 else (first, last))
    return tuple(found)


# ---------------------------------------------------------------------- hybrids

_HYBRID = re.compile(r"\W{0,12}(?:\d{1,2}[.)] )?\W{0,6}Hybrid H?(\d{1,2})\b\W{0,4}(.*)", re.I)
_OF = re.compile(r"(?:(?i:approach|approaches|option|from|of|with|and|combines|joins|merges)|[&+,/])\W{1,4}([A-Z])\b")


def _hybrids(part: Part | None, labels: set[str]) -> Iterator[Joined]:
    """Each begins with its name, in a list, a heading or bold; the lines below go with it."""
    held: list[list[str]] = []
    for line in part.lines if part else ():
        flat = " ".join(line.text.split())
        if _HYBRID.match(flat):
            held.append([flat])
        elif held and flat:
            held[-1].append(flat)
    return (_hybrid(lines[0], " ".join(lines[1:]), labels) for lines in held)


def _hybrid(first: str, below: str, labels: set[str]) -> Joined:
    match = _HYBRID.match(first)
    name, summary = _halves(match.group(2) if match else first)
    said, reason = _partition(f"{summary} {below}", "rationale")
    plain = re.sub(r"[*_`]{1,3}", "", said)
    of = re.findall(r"(?i:approach) ([A-Z])\b", plain) or [one for one in _OF.findall(plain) if one in labels]
    reason = re.sub(r"\*\*|__", "", _partition(reason, "full proposal")[0]).strip(":—–-* ")
    number = int(match.group(1)) if match else 0
    return Joined(f"hybrid-{number:02d}", name.strip("*_` :"), tuple(dict.fromkeys(of)), reason)


def _partition(text: str, word: str) -> tuple[str, str]:
    """The text before and behind a word in any case."""
    match = re.search(re.escape(word), text, re.I)
    return (text[: match.start()], text[match.end() :]) if match else (text, "")
