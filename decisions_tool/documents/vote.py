"""``votes/voter-NN.md``: scores with reasons, in the voter's own words. What does not fit is named by its line, never dropped. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import Meta, Where, Word
from decisions_tool.documents.outline import Section, Table, outline, tables
from decisions_tool.documents.sections import bullets, flat, key, section_of, sections, unfenced
from decisions_tool.documents.written import Written
from decisions_tool.errors import DocumentError, Finding

VERDICTS = {
    "pass": "pass",
    "passes": "pass",
    "yes": "pass",
    "fail": "fail",
    "fails": "fail",
    "no": "fail",
    "unknown": "unknown",
}


class VoteMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the vote")
    order: list[Word] | None = Field(None, description="order in which the approaches were shown")


class Problem(NamedTuple):
    """What keeps a vote from being counted; ``line`` counts from 1 in the words."""

    line: int
    message: str
    hint: str


class Cast(NamedTuple):
    """What a vote says; labels and criteria as it writes them."""

    voter: str = ""
    role: str = ""
    scores: Mapping[str, Mapping[str, int]] = {}  # never changed
    stated: Mapping[str, str] = {}  # never changed
    reasons: Mapping[tuple[str, str], str] = {}  # never changed
    winner: str | None = None
    success: Mapping[str, Mapping[int, str]] = {}  # never changed
    merge: tuple[str, ...] = ()
    dissent: str = ""
    objection: str = ""
    flags: tuple[str, ...] = ()
    read: tuple[str, ...] | None = None
    lines: Mapping[str, int] = {}  # never changed
    problems: tuple[Problem, ...] = ()


class Vote(Written):
    KIND: ClassVar[str] = "vote"
    META: ClassVar[type[Meta]] = VoteMeta
    meta: VoteMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        found = read_vote(words).problems
        if found:
            first = where.line - 1
            raise DocumentError(
                [Finding("document/format", "error", where.path, first + p.line, 1, p.message, p.hint) for p in found]
            )
        return None

    @cached_property
    def cast(self) -> Cast:
        return read_vote(self.words)


class Runoff(Vote):
    """A vote between the two approaches that the first one left."""

    KIND: ClassVar[str] = "runoff"


class Confirm(Vote):
    """A sceptic's look at what the proposals agreed on without a vote."""

    KIND: ClassVar[str] = "confirm"


_SCORE = re.compile(r"\**\s*([0-9]+(?:\.[0-9]+)?)\s*\**\s*(?:/\s*5)?\s*(?:\(\s*[0-9.,]+\s*\))?\s*\**")
_TOTAL = re.compile(r"\**\s*([0-9]+(?:\.[0-9]+)?)\s*\**(?:\s*/\s*5(?:\.0+)?)?")
_REASON = re.compile(r"\**(.+?)\s*/\s*(.+?)\**\s*\(\s*([0-9]+)\s*(?:/\s*5)?\s*\)\**\s*(?::|—|–|-)\s*(.*)", re.S)
_VERDICT = re.compile(r"\**(.+?)\s*/\s*(?:SC-?|criterion\s+)?(\d{1,2})\**\s*:\s*\**([A-Za-z]+)\b.*", re.S | re.I)
_NOTHING = re.compile(r"(?i)\W*(none|n/a|no|nothing)?\W*")
_ROLE = re.compile(r"(?im)^\W*(?:voter\s+)?role\W*:\W*([a-z][a-z -]*)")


def read_vote(words: str) -> Cast:
    """Read a vote; ``problems`` says what cannot be understood."""
    text = unfenced(words)
    root = outline(text, 4)
    table = next(
        (
            t
            for t in tables(text.split("\n"))
            if t.header and key(t.header[0]) in {"approach", "approaches"} and len(t.header) > 2
        ),
        None,
    )
    if table is None:
        hint = "write | Approach | Simplicity (x0.25) | … | Weighted Total | with a row for each approach"
        return Cast(problems=(Problem(1, "the table of scores is missing", hint),))
    scores, stated, at, problems = _scores(table)
    role = _ROLE.search(text)
    return Cast(
        "", role.group(1).strip().casefold() if role else "", scores, stated, _reasons(root), _winner(root), _success(root),
        _entries(root, "mergesuggestions"), _prose(root, "dissent"), _prose(root, "objection"), _entries(root, "antipatternflags"),
        _read(root), at, tuple(problems),
    )  # fmt: skip


def label_of(cell: str) -> str:
    """The label in front of a name: ``A — Registry`` and ``Approach A`` are A."""
    plain = re.sub(r"[*`_]", "", cell).strip()
    plain = re.sub(r"(?i)^approach\s+", "", plain)
    short = re.match(r"([A-Z]\d?)(?=$|\s*[:—–(.-]\s*)", plain)
    return short.group(1) if short else plain


def _scores(table: Table) -> tuple[dict[str, dict[str, int]], dict[str, str], dict[str, int], list[Problem]]:
    names = [re.sub(r"\([^)]*\)", "", cell).strip("* ") for cell in table.header[1:]]
    found: dict[str, dict[str, int]] = {}
    stated: dict[str, str] = {}
    at: dict[str, int] = {}
    problems: list[Problem] = []
    for row in table.rows:
        label, line = label_of(row.cells[0]), row.line + 1
        if not label or label in found:
            problems.append(
                Problem(
                    line,
                    f"the approach {label!r} has two rows" if label else "a row names no approach",
                    "give each one row",
                )
            )
            continue
        at[label] = line
        found[label] = {}
        for name, cell in zip(names, [*row.cells[1:], *[""] * len(names)], strict=False):
            if key(name) in {"weightedtotal", "total", "weighted"}:
                total = _TOTAL.fullmatch(cell)
                stated |= {label: total.group(1) if total else cell} if cell else {}
                continue
            problem = _cell(found[label], name, cell)
            problems += (
                [Problem(line, f"{label} / {name}: {problem}", "write a whole number from 1 to 5")] if problem else []
            )
    if not found:
        problems.append(Problem(table.line + 1, "the table of scores has no rows", "give each approach a row"))
    return found, stated, at, problems


def _cell(row: dict[str, int], name: str, cell: str) -> str:
    """Put one score into a row; why it is none."""
    match = _SCORE.fullmatch(cell)
    if not cell.strip("-–— "):
        return "the score is missing"
    if not match or "." in match.group(1):
        return f"{cell!r} is no score"
    if not 1 <= int(match.group(1)) <= 5:
        return f"the score {match.group(1)} is not from 1 to 5"
    row[name] = int(match.group(1))
    return ""


def _reasons(root: Section) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for entry in bullets(_lines(root, "percriterionjustification")):
        match = _REASON.fullmatch(entry)
        if match and match.group(4).strip():
            found[(label_of(match.group(1)), match.group(2).strip("* "))] = " ".join(match.group(4).split())
    return found


def _lines(root: Section, name: str) -> list[str]:
    found = section_of(root, name)
    return flat(found) if found else []


def _prose(root: Section, name: str) -> str:
    text = "\n".join(_lines(root, name)).strip()
    return "" if _NOTHING.fullmatch(text) else text


def _entries(root: Section, name: str) -> tuple[str, ...]:
    lines = _lines(root, name)
    found = tuple(bullets(lines)) or tuple(filter(None, ["\n".join(lines).strip()]))
    return tuple(" ".join(entry.split()) for entry in found if not _NOTHING.fullmatch(entry))


def _winner(root: Section) -> str | None:
    for section in sections(root):
        name, _, said = section.title.partition(":")
        if key(name) in {"winner", "mywinner", "declaredwinner"}:
            text = said.strip() or next((line for line in section.body if line.strip()), "")
            return label_of(text) or None
    return None


def _success(root: Section) -> dict[str, dict[int, str]]:
    """Verdicts on success criteria: a list (``A / 1: pass``) or a table with a column for each criterion."""
    lines = _lines(root, "successcriteria")
    found: dict[str, dict[int, str]] = {}
    for entry in bullets(lines):
        match = _VERDICT.fullmatch(entry)
        if match and match.group(3).casefold() in VERDICTS:
            found.setdefault(label_of(match.group(1)), {})[int(match.group(2))] = VERDICTS[match.group(3).casefold()]
    for table in tables(lines):
        for row in table.rows:
            marks = {n: VERDICTS[w] for n, cell in enumerate(row.cells[1:], start=1) if (w := _word(cell)) in VERDICTS}
            found.setdefault(label_of(row.cells[0]), {}).update(marks)
    return found


def _word(cell: str) -> str:
    found = re.match(r"\W*([A-Za-z]+)", cell)
    return found.group(1).casefold() if found else ""


def _read(root: Section) -> tuple[str, ...] | None:
    """Files that the voter says were opened; None where nothing is said."""
    if section_of(root, "filesread") is None:
        return None
    return tuple(entry.split(" ", 1)[0].strip("`,:") for entry in _entries(root, "filesread"))


# ---------------------------------------------------------------------- judged against what was asked


def complete(cast: Cast, labels: Sequence[str], criteria: Sequence[str], reasons: bool) -> list[Problem]:
    """What a vote lacks of the labels and criteria it was asked for, or has beyond them."""
    found = list(cast.problems)
    if not cast.scores:
        return found
    known = {key(name): name for name in criteria}
    for label, row in cast.scores.items():
        line = cast.lines.get(label, 1)
        if label not in labels:
            found.append(Problem(line, f"{label!r} is no approach of this vote", f"one of: {', '.join(labels)}"))
            continue
        given = {known.get(key(name), "") for name in row}
        stated = {problem.message.partition(":")[0] for problem in cast.problems}
        for name in criteria:
            if name not in given and f"{label} / {name}" not in stated:
                found.append(
                    Problem(line, f"{label} / {name}: the score is missing", "write a whole number from 1 to 5")
                )
            elif reasons and not any(a == label and key(b) == key(name) for a, b in cast.reasons):
                said = f"{label} / {name}: the reason is missing"
                found.append(Problem(line, said, f"write - {label} / {name} ({row.get(name, 3)}): one sentence"))
    absent = [label for label in labels if label not in cast.scores]
    found += [Problem(1, f"the approach {label} has no row", "score every approach") for label in absent]
    if cast.winner is not None and cast.winner not in labels:
        found.append(
            Problem(1, f"the winner {cast.winner!r} is no approach of this vote", f"one of: {', '.join(labels)}")
        )
    return found


def named_as(cast: Cast, criteria: Sequence[str]) -> dict[str, dict[str, int]]:
    """Scores under the criteria's own names, however the vote spells them."""
    known = {key(name): name for name in criteria}
    return {
        label: {known[key(name)]: score for name, score in row.items() if key(name) in known}
        for label, row in cast.scores.items()
    }


# ---------------------------------------------------------------------- written


def vote_text(
    question: str, cast: Cast, criteria: Sequence[tuple[str, int]], order: Sequence[str], successes: Sequence[int] = ()
) -> str:
    """A vote in the format; ``order`` is that of the rows, ``criteria`` are (name, weight in percent)."""
    head = ["Approach", *(f"{name} (x0.{weight:02d})" for name, weight in criteria), "Weighted Total"]
    rows = ["| " + " | ".join(head) + " |", "|" + "|".join("---" for _ in head) + "|"]
    reasons = []
    for label in order:
        total = sum(weight * cast.scores[label][name] for name, weight in criteria)
        cells = [
            f"{cast.scores[label][name]} ({cast.scores[label][name] * weight / 100:.2f})" for name, weight in criteria
        ]
        rows.append("| " + " | ".join([label, *cells, f"{total // 100}.{total % 100:02d}"]) + " |")
        reasons += [
            f"- {label} / {name} ({cast.scores[label][name]}): {cast.reasons[(label, name)]}" for name, _ in criteria
        ]
    parts = [f"## Vote: {question}", "### Scores (1-5 per criterion, weighted)", "\n".join(rows)]
    parts += ["### Per-Criterion Justification", "\n".join(reasons)]
    if successes:
        marks = [f"- {label} / {number}: {cast.success[label][number]}" for label in order for number in successes]
        parts += ["### Success Criteria", "\n".join(marks)]
    parts += [f"### Winner: {cast.winner}", "### Objection to the Winner", cast.objection or "none"]
    parts += ["### Merge Suggestions", "\n".join(f"- {entry}" for entry in cast.merge) or "none"]
    parts += [
        "### Dissent",
        cast.dissent or "none",
        "### Anti-pattern Flags",
        "\n".join(f"- {flag}" for flag in cast.flags) or "none",
    ]
    parts += ["### Files Read", "\n".join(f"- `{path}`" for path in cast.read or ()) or "none"]
    return "\n\n".join(parts) + "\n"
