"""Counting votes that people wrote into a folder, with or without front matter, history or a settled synthesis. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from decisions_tool.documents.comparison import Compared, Comparison
from decisions_tool.documents.framing import Framing
from decisions_tool.documents.sections import key
from decisions_tool.errors import DocumentError, Finding
from decisions_tool.rules.tally import Setup, Tally, tally
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.question import (
    Heard,
    approaches,
    cycle,
    files_touched,
    first_setup,
    first_tally,
    heard,
    heard_as,
    labels,
    last_tally,
    runoff_done,
    runoff_setup,
    setup,
)  # fmt: skip

_SIZES = (5, 10)


class Count(NamedTuple):
    """A tally with everything that it was made from; ``names`` maps labels to names."""

    votes: tuple[Heard, ...]
    setup: Setup
    found: Tally
    names: dict[str, str]
    findings: tuple[Finding, ...] = ()


def count(case: Case, planned: int | None = None) -> Count:
    """The tally of a question as it stands: the program's own where it runs the case, else by hand."""
    if case.started and not planned:
        return _own(case)
    return _by_hand(case, planned)


def _own(case: Case) -> Count:
    names = {approach.label: approach.name for approach in approaches(case)}
    if runoff_done(case):
        return _counted(heard(case, "runoff"), runoff_setup(case), last_tally(case), names)
    return _counted(heard(case), first_setup(case), first_tally(case), names)


def _counted(votes: tuple[Heard, ...], terms: Setup, found: Tally, names: dict[str, str]) -> Count:
    told = [
        Finding("document/format", "error", vote.path, problem.line, 1, problem.message, problem.hint)
        for vote in votes
        for problem in vote.problems
    ]
    return Count(votes, terms, found, names, tuple(told))


def _by_hand(case: Case, planned: int | None) -> Count:
    said = _said(case)
    names = _names(said, heard_as(case, "vote", (), {}))
    votes = heard_as(case, "vote", tuple(names), names)
    size = planned or _planned(case, len(votes))
    terms = setup(case.settings, tuple(names), size, _files(case, said))
    return _counted(votes, terms, tally([v.ballot for v in votes if v.ballot], terms), names)


def _said(case: Case) -> Compared:
    try:
        found = case.find(Comparison)
    except DocumentError:
        found = None
    return found.said if found else Compared()


def _names(said: Compared, votes: Sequence[Heard]) -> dict[str, str]:
    """Labels of the vote -> names: those of the synthesis, with the hybrids that are voted on, or else what most votes score."""
    found = {approach.label: approach.name for approach in said.approaches}
    cast = Counter(label for vote in votes for label in vote.cast.scores)
    for hybrid in said.hybrids:
        label = f"H{int(hybrid.slot[-2:])}"
        found |= {label: hybrid.name} if cast[label] or any(key(said) == key(hybrid.name) for said in cast) else {}
    return (
        found
        or {label: label for label in sorted(cast) if 2 * cast[label] > len(votes)}
        or {label: label for label in sorted(cast)}
    )


def _planned(case: Case, votes: int) -> int:
    """The size of the cycle: the framing's, or the smallest usual one that holds the votes."""
    try:
        framing = case.find(Framing)
    except DocumentError:
        framing = None
    if framing and (framing.meta.impact or framing.meta.agents or framing.frame.impact):
        return max(len(cycle(case).vote), 1)
    return next((size for size in _SIZES if votes <= size), votes)


def _files(case: Case, said: Compared) -> dict[str, int]:
    """Files that each approach touches, where its proposals are there."""
    if not said.approaches or not case.paths("proposal"):
        return {}
    try:
        return {label: number for label, number in files_touched(case).items() if label in labels(case)}
    except DocumentError:
        return {}
