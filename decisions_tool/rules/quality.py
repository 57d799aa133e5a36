"""The quality gate: five checks of a proposal, what becomes of it, and whether enough are left. Pure, in integers."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from decisions_tool.documents.judged import AGAIN, CHECKS, DEGRADED, IN, OUT, RETRY, Graded
from decisions_tool.documents.proposal import Code, Said
from decisions_tool.documents.sections import key
from decisions_tool.rules.tally import quorum
from decisions_tool.text import parse_python

_NOTHING = re.compile(r"(?is)[\s<>.…-]*(?:tbd|todo|n/?a|\?+|<[^>]*>)?[\s.]*")
_ARGUMENT = re.compile(
    r"(?is)\b(?:current|present|existing|today'?s?|as it (?:is|stands))\b.{0,200}?\b(?:suffic|enough|adequate|works|good)"
)


class Terms(NamedTuple):
    """What proposals are held to."""

    criteria: tuple[str, ...]
    languages: tuple[str, ...]
    longest: int
    exists: Callable[[str], bool]


class Attempt(NamedTuple):
    """A proposal under its slot; ``asked`` is empty the first time, else retry or again; ``conflict`` with an earlier decision."""

    slot: str
    seat: str
    said: Said | None
    asked: str = ""
    verdict: tuple[bool, str] | None = None
    conflict: str = ""


def failures(attempt: Attempt, terms: Terms) -> dict[str, str]:
    """Check -> what failed; a proposal that cannot be read fails all five."""
    if attempt.said is None:
        return dict.fromkeys(CHECKS, "it cannot be read as a proposal")
    said = attempt.said
    found = {
        "QG-1": _code(said, terms), "QG-2": _paths(said, terms),
        "QG-3": "" if not _NOTHING.fullmatch(said.breaks) else 'the part "What breaks" is not filled in',
        "QG-4": _scores(said, terms), "QG-5": _role(attempt, said),
    }  # fmt: skip
    return {check: why for check, why in found.items() if why}


def _code(said: Said, terms: Terms) -> str:
    blocks = [block for block in said.code if block.text.strip()]
    if not blocks:
        return "the code sketch holds no fenced code"
    known = [block for block in blocks if block.language in terms.languages]
    if not known:
        return f"no fenced code in a known language, found {', '.join(sorted({b.language or 'none' for b in blocks}))}"
    length = sum(block.text.count("\n") + 1 for block in blocks)
    if length >= terms.longest:
        return f"the code sketch has {length} lines, fewer than {terms.longest} are wanted"
    return next((why for block in known if (why := _unparsed(block))), "")


def _unparsed(block: Code) -> str:
    """Why code of a language that we can parse does not parse."""
    parsers: dict[str, Callable[[str], object]] = {
        "python": parse_python, "py": parse_python, "toml": tomllib.loads, "json": json.loads,
    }  # fmt: skip
    parse = parsers.get(block.language)
    try:
        if parse:
            parse(block.text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        line = block.line + (getattr(error, "lineno", 1) or 1) - 1
        return f"the {block.language} on line {line} does not parse"
    return ""


_MENTION = re.compile(r"`([^`\s]+/[^`\s]+|[^`\s]+\.\w{1,8})`")


def _paths(said: Said, terms: Terms) -> str:
    cited = [change.path for change in said.files] + _MENTION.findall(
        "\n".join((said.summary, said.sketch, said.tests, said.breaks))
    )
    plain = [re.sub(r":\d.*$", "", path) for path in cited]
    if any(terms.exists(path) for path in plain):
        return ""
    return f"no path that it cites is there: {', '.join(plain[:3])}" if plain else "it cites no path of the code base"


def _scores(said: Said, terms: Terms) -> str:
    held = {key(score.criterion): score for score in said.scores}
    for name in terms.criteria:
        score = held.get(key(name))
        if score is None or score.score is None:
            return f"the self-assessment has no score from 1 to 5 for {name}"
        if _NOTHING.fullmatch(score.reason):
            return f"the self-assessment gives no reason for {name}"
    return ""


def _role(attempt: Attempt, said: Said) -> str:
    """What can be told without judgement, then the judge's word."""
    if attempt.seat == "minimalist" and len(said.abstractions) >= 3:
        return f"a minimalist that adds {len(said.abstractions)} abstractions"
    if attempt.seat == "contrarian" and not _ARGUMENT.search("\n".join((said.summary, said.sketch, said.breaks))):
        return "a contrarian without a case for the present design"
    if attempt.verdict is not None and not attempt.verdict[0]:
        return f"the judge: {attempt.verdict[1]}"
    return ""


class Gated(NamedTuple):
    """The gate's rows and what it calls for: retry, done, reframe or quorum."""

    rows: tuple[Graded, ...]
    status: str


def gate(attempts: Sequence[Attempt], terms: Terms, launched: int, light: bool) -> Gated:
    """5 of 5 in; 3 or 4 once more; less out. After that 5 in, 4 degraded. Lost slots are asked again where they are missed."""
    failed = {attempt.slot: failures(attempt, terms) for attempt in attempts}
    rows = [_graded(attempt, failed[attempt.slot]) for attempt in attempts]
    first = [row for row, attempt in zip(rows, attempts, strict=True) if not attempt.asked]
    if len(first) == launched and 2 * sum(row.points <= 1 for row in first) > launched:
        return Gated(tuple(rows), "reframe")
    if any(row.outcome == RETRY for row in rows):
        return Gated(tuple(rows), "retry")
    passed = sum(row.outcome in {IN, DEGRADED} for row in rows)
    spent = {attempt.slot for attempt in attempts if attempt.asked == AGAIN}
    if passed < quorum(launched) or light:
        rows = [row._replace(outcome=AGAIN) if row.outcome == OUT and row.slot not in spent else row for row in rows]
    if any(row.outcome == AGAIN for row in rows):
        return Gated(tuple(rows), "retry")
    return Gated(tuple(rows), "done" if passed >= quorum(launched) else "quorum")


def _graded(attempt: Attempt, failed: Mapping[str, str]) -> Graded:
    passed = tuple(check not in failed for check in CHECKS)
    points = sum(passed)
    outcome = IN if points == 5 else DEGRADED if attempt.asked and points == 4 else OUT
    if not attempt.asked and points in {3, 4}:
        outcome = RETRY
    told = [f"{check}: {why}" for check, why in failed.items()] + ([attempt.conflict] if attempt.conflict else [])
    return Graded(attempt.slot, passed, OUT if attempt.conflict else outcome, "; ".join(told))


class Convergence(NamedTuple):
    """How many of the passed proposals the largest approach holds."""

    label: str
    held: int
    passed: int
    converged: bool


def convergence(groups: Mapping[str, int], passed: int, launched: int, share: int = 80) -> Convergence:
    """``groups`` counts whole proposals by approach, degraded ones and hybrids left out; ``passed`` counts degraded ones too."""
    label = max(groups, key=lambda name: groups[name], default="")
    count = groups.get(label, 0)
    enough = 100 * count >= share * passed and count >= -(-8 * launched // 10) and passed > 0
    return Convergence(label, count, passed, enough)
