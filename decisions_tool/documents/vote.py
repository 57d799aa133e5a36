"""``votes/voter-NN.md``: scores with reasons, in the voter's own words. What does not fit is named by its line, never dropped. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import ClassVar, Literal, NamedTuple, TypeVar

from pydantic import Field

from decisions_tool.documents.ballots import VERDICTS as VERDICTS
from decisions_tool.documents.ballots import Board, Labels, read_reasons, read_scores, read_verdicts
from decisions_tool.documents.ballots import Problem as Problem
from decisions_tool.documents.ballots import label_of as label_of
from decisions_tool.documents.base import MaybeWords, Meta, Where
from decisions_tool.documents.lines import Line, Text, read_lines, tame
from decisions_tool.documents.outline import table_lines, visible_lines
from decisions_tool.documents.sections import Part, cited, key, known_as, nothing, parts, spoken
from decisions_tool.documents.written import Written
from decisions_tool.errors import DocumentError, Finding
from decisions_tool.text import one_line

T = TypeVar("T")


class VoteMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the vote")
    order: MaybeWords = Field(None, description="order in which the approaches were shown")


class Cast(NamedTuple):
    """What a vote says; criteria as it writes them. ``unread`` are (label, key of the criterion) of scores that are none."""

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
    winner_line: int = 1
    table_line: int = 1
    unread: frozenset[tuple[str, str]] = frozenset()


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


PARTS = {
    "scor*": "scores", "percriterion*": "reasons", "justification*": "reasons", "reasons": "reasons", "winner": "winner",
    "mywinner": "winner", "declaredwinner": "winner", "winningapproach": "winner", "objection*": "objection",
    "strongestobjection*": "objection", "mergesuggestion*": "merge", "dissent*": "dissent", "antipattern*": "flags",
    "filesread*": "read", "keyfilesread*": "read", "successcriteri*": "success",
}  # fmt: skip
_ROLE = re.compile(r"(?i)[^\w\n]{0,8}(?:voter )?role\W{0,4}:\W{0,4}([a-z][a-z -]{0,60})")
_WINNER = re.compile(r"(?i)(?:[ >*+-]|\d[.)] ){0,8}_{0,2}(?:my )?winner[*_ ]{0,4}:[*_ ]{0,4}(.*)")


@lru_cache(maxsize=512)
def read_vote(words: str) -> Cast:
    """Read a vote; ``problems`` says what cannot be understood."""
    text = read_lines(words)
    text = text._replace(lines=_marked(text.lines))
    found = parts(text.lines, PARTS)
    board = read_scores(text.lines, found)
    labels = Labels(board)
    reasons, reasoned = read_reasons(found.get("reasons"), labels)
    success, judged, unclear = read_verdicts(found.get("success"), labels)
    named = list(_winners(found["winner"], labels)) if "winner" in found else []
    first = min((part.line for part in found.values()), default=board.line)
    above = (_ROLE.match(line.text) for line in text.lines if line.number < first)
    role = next((match.group(1) for match in above if match), "")
    return Cast(
        "", role.strip().casefold(), board.scores, board.stated, reasons, named[0][0] if named else None, success,
        spoken(found.get("merge")), _prose(found.get("dissent")), _prose(found.get("objection")), spoken(found.get("flags")),
        _read(found.get("read")), board.lines,
        (*_unclosed(text), *board.problems, *_strangers(board, [*reasoned, *judged]), *unclear, *_contested(named)),
        named[0][1] if named else 1, board.line, frozenset(board.unread),
    )  # fmt: skip


def _unclosed(text: Text) -> list[Problem]:
    found = [(text.comment, "a comment", "-->"), (text.fence, "a code fence", "```")]
    return [
        Problem(line, f"{what} is opened and never closed", f"close it with {mark}")
        for line, what, mark in found
        if line
    ]


def _strangers(board: Board, named: Sequence[tuple[int, str]]) -> list[Problem]:
    """Labels without a row, each once; where rows are amiss, those are to be mended first."""
    first = {label: line for line, label in reversed(named)} if len(board.problems) == len(board.unread) else {}
    said, hint = "has no row in the table of scores", "give it a row, or take this out"
    return [Problem(line, f"{one_line(label, 60)!r} {said}", hint) for label, line in first.items()]


def _prose(part: Part | None) -> str:
    text = f"{part.said}\n{part.text}".strip() if part else ""
    return "" if nothing(text) else text


def _marked(lines: Sequence[Line]) -> list[Line]:
    """The lines, with a winner that is declared in plain words or in a list as a label."""
    marked = list(lines)
    for at, text in visible_lines([line.text for line in lines]):
        found = _WINNER.fullmatch(text)
        if found:
            marked[at] = Line(lines[at].number, f"**Winner:** {found.group(1)}")
    return marked


def _winners(part: Part, labels: Labels) -> Iterator[tuple[str, int]]:
    """Each winner that is declared, as a label where it can be, with its line."""
    for number, text in [_filled(line, part.lines) for line in [Line(part.line, part.said), *part.again[:9]]]:
        if not nothing(text):
            yield labels.winner(text), number


def _filled(line: Line, below: Sequence[Line]) -> Line:
    """A line with text, or the first one below it that has some."""
    later = (one for one in below if one.number > line.number and one.text.strip(" *_`>-"))
    return line if line.text.strip() else next(later, line)


def _contested(named: Sequence[tuple[str, int]]) -> list[Problem]:
    return [
        Problem(line, f"a second winner is named: {one_line(label, 60)}", "name one")
        for label, line in named[1:]
        if label != named[0][0]
    ]


def _read(part: Part | None) -> tuple[str, ...] | None:
    """Files that the voter says were opened; None where nothing is said."""
    return None if part is None else tuple(path for entry in spoken(part) for path in cited(entry)[0])


# ---------------------------------------------------------------------- judged against what was asked


def complete(cast: Cast, labels: Sequence[str], criteria: Sequence[str], reasons: bool) -> list[Problem]:
    """What a vote lacks of the labels and criteria it was asked for, or has beyond them."""
    found = list(cast.problems)
    if not cast.scores:
        return found
    known = {key(name): name for name in criteria}
    reasoned = {(label, known_as(name, known)) for label, name in cast.reasons}
    unread = {(label, known_as(name, known)) for label, name in cast.unread}
    one_of = f"one of: {', '.join(labels)}"
    for label, row in named_as(cast, criteria).items():
        line = cast.lines.get(label, 1)
        if label not in labels:
            found.append(Problem(line, f"{one_line(label, 60)!r} is no approach of this vote", one_of))
            continue
        for name in criteria:
            if name in row and reasons and (label, name) not in reasoned:
                hint = f"write - {label} / {name} ({row[name]}): one sentence"
                found.append(Problem(line, f"{label} / {name}: the reason is missing", hint))
            elif name not in row and (label, name) not in unread:
                hint = "write a whole number from 1 to 5"
                found.append(Problem(line, f"{label} / {name}: the score is missing", hint))
    absent = [label for label in labels if label not in cast.scores]
    found += [Problem(cast.table_line, f"the approach {label} has no row", "score every approach") for label in absent]
    if cast.winner is not None and cast.winner not in labels:
        said = f"the winner {one_line(cast.winner, 60)!r} is no approach of this vote"
        found.append(Problem(cast.winner_line, said, one_of))
    return found


def unread(unmet: Sequence[str]) -> list[Problem]:
    """Why a voter could not judge: key files were neither given nor opened. Of people, and of agents that do not tell, nobody knows."""
    said, hint = "key files were neither given nor opened", "open every key file of the framing before you score"
    return [Problem(1, said, hint)] if "key-files" in unmet else []


def relabelled(cast: Cast, labels: Mapping[str, str]) -> Cast:
    """The vote with labels in place of names; ``labels`` maps a name by its letters to the label."""

    def plain(said: str) -> str:
        return said if said in labels.values() else known_as(said, labels) or said

    def each(said: Mapping[str, T]) -> dict[str, T]:
        found: dict[str, T] = {}
        for label, value in said.items():
            found.setdefault(plain(label), value)
        return found

    rows = [plain(label) for label in cast.scores]
    twice = [label for at, label in enumerate(cast.scores) if plain(label) in rows[:at]]
    said, hint = "has two rows", "give each approach one row"
    clashes = tuple(Problem(cast.lines.get(label, 1), f"the approach {plain(label)!r} {said}", hint) for label in twice)
    return cast._replace(
        scores=each(cast.scores), stated=each(cast.stated), success=each(cast.success), lines=each(cast.lines),
        reasons={(plain(label), name): why for (label, name), why in cast.reasons.items()},
        winner=plain(cast.winner) if cast.winner else None, problems=cast.problems + clashes,
        unread=frozenset((plain(label), name) for label, name in cast.unread),
    )  # fmt: skip


def named_as(cast: Cast, criteria: Sequence[str]) -> dict[str, dict[str, int]]:
    """Scores under the criteria's own names, however the vote spells them."""
    known = {key(name): name for name in criteria}
    return {
        label: {found: score for name, score in row.items() if (found := known_as(name, known))}
        for label, row in cast.scores.items()
    }


# ---------------------------------------------------------------------- written


def vote_text(
    question: str, cast: Cast, criteria: Sequence[tuple[str, int]], order: Sequence[str], successes: Sequence[int] = ()
) -> str:
    """A vote in the format; ``order`` is that of the rows, ``criteria`` are (name, weight in percent)."""
    head = ["Approach", *(f"{name} (x{_hundredths(weight)})" for name, weight in criteria), "Weighted Total"]
    rows, reasons = [], []
    for label in order:
        row = cast.scores[label]
        total = _hundredths(sum(weight * row[name] for name, weight in criteria))
        rows.append([label, *(f"{row[name]} ({_hundredths(row[name] * weight)})" for name, weight in criteria), total])
        reasons += [f"{label} / {name} ({row[name]}): {cast.reasons[(label, name)]}" for name, _ in criteria]
    marks = [f"{label} / {number}: {cast.success[label][number]}" for label in order for number in successes]
    text = [
        f"## Vote: {question}",
        "### Scores (1-5 per criterion, weighted)", "\n".join(table_lines(head, rows)),
        "### Per-Criterion Justification", _list(reasons),
        *(["### Success Criteria", _list(marks)] if successes else []),
        f"### Winner: {cast.winner or 'none'}",
        "### Objection to the Winner", _paragraph(cast.objection), "### Merge Suggestions", _list(cast.merge),
        "### Dissent", _paragraph(cast.dissent), "### Anti-pattern Flags", _list(cast.flags),
        *(["### Files Read", _list(f"`{path}`" for path in cast.read)] if cast.read is not None else []),
    ]  # fmt: skip
    return "\n\n".join(text) + "\n"


def _hundredths(units: int) -> str:
    return f"{units // 100}.{units % 100:02d}"


def _list(entries: Iterable[str]) -> str:
    return "\n".join(f"- {tame(entry)}" for entry in entries) or "none"


def _paragraph(text: str) -> str:
    """A text in one line that is neither a heading nor any other structure."""
    flat = tame(text) or "none"
    return f"\\{flat}" if re.match(r"[#*_`~|+-]|\d+[.)]", flat) else flat
