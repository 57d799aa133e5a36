"""The tally of a vote: a pure function of ballots and setup, in integers, the same bytes everywhere.

A ballot's total for an approach is the sum of weight times score, 100 to 500. Sums over all ballots stand for means, because every
valid ballot scores every approach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from operator import mul
from typing import Literal, NamedTuple, TypeAlias

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
#: So many different voters with a 1 on one criterion make a veto.
VETO = 3
SAFETY = "Migration Safety"

Class: TypeAlias = Literal["strong", "weak", "split", "no-quorum"]
Next: TypeAlias = Literal["record", "runoff", "refine", "patch", "escalate", "more-votes"]
TieBreak: TypeAlias = Literal["mean", "criterion", "head-to-head", "files", "person"]


class Ballot(NamedTuple):
    """One voter's scores: approach -> criterion -> 1 to 5; ``success`` has approach -> number -> verdict.

    ``stated`` are the totals that the voter wrote down, as text.
    """

    voter: str
    role: str
    scores: Mapping[str, Mapping[str, int]]
    winner: str | None = None
    success: Mapping[str, Mapping[int, str]] = {}  # never changed
    stated: Mapping[str, str | None] = {}  # never changed


class Setup(NamedTuple):
    """What a tally needs beside the ballots. ``criteria`` are (name, weight), weights total 100; ``files`` the files touched."""

    planned: int
    labels: tuple[str, ...]
    criteria: tuple[tuple[str, int], ...]
    files: Mapping[str, int] = {}  # never changed
    quorum: int = 0
    strong: int = 70
    weak: int = 50
    tie_criterion: str = SAFETY
    is_runoff: bool = False
    instant: bool = False


class Mismatch(NamedTuple):
    voter: str
    label: str
    stated: str
    computed: str


class Tally(NamedTuple):
    """What came out; ``votes`` as cast, ``share`` in tenths of a percent after removals, ``sums`` of ballot totals."""

    planned: int
    valid: int
    votes: Mapping[str, int]
    sums: Mapping[str, int]
    criterion_sums: Mapping[str, Mapping[str, int]]
    vetoes: Mapping[str, tuple[str, ...]]
    mismatches: tuple[Mismatch, ...]
    verdict: Class
    next: Next
    winner: str | None = None
    share: int = 0
    tie_break: TieBreak | None = None
    runoff_between: tuple[str, ...] = ()
    counted: Mapping[str, int] = {}  # never changed
    failed: tuple[str, ...] = ()
    ones: Mapping[tuple[str, str], int] = {}  # never changed

    def mean(self, label: str) -> str:
        return hundredths(self.sums[label], self.valid)

    def criterion_mean(self, label: str, criterion: str) -> str:
        return hundredths(100 * self.criterion_sums[label][criterion], self.valid)


def quorum(planned: int) -> int:
    """How many valid answers a cycle of a size needs: 5 of 10, 3 of 5."""
    return max(3, (planned + 1) // 2)


def total(ballot: Ballot, label: str, criteria: Sequence[tuple[str, int]]) -> int:
    return sum(weight * ballot.scores[label][name] for name, weight in criteria)


def valid(ballot: Ballot, setup: Setup) -> bool:
    """Whether a ballot scores every approach on every criterion from 1 to 5, and names no other approach."""
    named = {*ballot.scores, *ballot.success, *ballot.stated, *([ballot.winner] if ballot.winner else [])}
    full = all(
        1 <= ballot.scores.get(label, {}).get(name, 0) <= 5 for label in setup.labels for name, _ in setup.criteria
    )
    return full and named <= set(setup.labels)


def tally(ballots: Sequence[Ballot], setup: Setup) -> Tally:
    """Count: validate, quorum, veto, success criteria, even split, class, runoff or refine."""
    counted = {ballot.voter: ballot for ballot in reversed(ballots) if valid(ballot, setup)}
    poll = _Poll(tuple(ballot for ballot in ballots if counted.get(ballot.voter) is ballot), setup)
    labels = setup.labels if poll.ballots else ()
    found = _judge(poll, _facts(poll))
    return found._replace(
        criterion_sums={label: {name: poll.scored(label, name) for name, _ in setup.criteria} for label in labels},
        mismatches=tuple(wrong for ballot in poll.ballots for wrong in _mismatches(ballot, setup)),
        ones={
            (label, name): n for label in setup.labels for name, _ in setup.criteria if (n := poll.ones(label, name))
        },
    )


def winner_of(ballots: Sequence[Ballot], setup: Setup) -> str | None:
    """Who would win with valid ballots such as these."""
    return _winner(_Poll(tuple(ballots), setup))


def winner_under(ballots: Sequence[Ballot], setup: Setup) -> Callable[[Setup], str | None]:
    """Who would win with the same valid ballots under other weights: what does not depend on them is worked out once."""
    poll = _Poll(tuple(ballots), setup)
    names = [name for name, _ in setup.criteria]

    def under(other: Setup) -> str | None:
        same = [name for name, _ in other.criteria] == names
        return _winner(_Poll(poll.ballots, other, poll if same else None))

    return under


def _winner(poll: _Poll) -> str | None:
    return _judge(poll, _facts(poll)).winner


def _facts(poll: _Poll) -> Tally:
    """What judging needs."""
    setup = poll.setup
    vetoes = {label: names for label in setup.labels if (names := poll.vetoed(label))}
    sums = dict(poll.sums) if poll.ballots else {}
    return Tally(
        setup.planned, len(poll.ballots), poll.votes(setup.labels), sums, {}, vetoes, (), "no-quorum", "more-votes"
    )


class _Poll:
    """Valid ballots with their totals worked out; ``like`` are the same ballots under other weights."""

    def __init__(self, ballots: tuple[Ballot, ...], setup: Setup, like: _Poll | None = None) -> None:
        self.ballots = ballots
        self.setup = setup
        self._table: list[dict[str, list[int]]] = like._table if like else [_scores(b, setup) for b in ballots]
        self._vetoed: dict[str, tuple[str, ...]] = like._vetoed if like else {}
        self._most: dict[tuple[str, str], bool] = like._most if like else {}
        self._counted: dict[tuple[str, ...], dict[str, int]] = {}
        weights = [weight for _, weight in setup.criteria]
        self.totals = [{label: sum(map(mul, weights, row[label])) for label in setup.labels} for row in self._table]
        self.sums = {label: sum(row[label] for row in self.totals) for label in setup.labels}

    def scored(self, label: str, criterion: str) -> int:
        return sum(ballot.scores[label][criterion] for ballot in self.ballots)

    def safety(self, label: str) -> int:
        known = any(name == self.setup.tie_criterion for name, _ in self.setup.criteria)
        return self.scored(label, self.setup.tie_criterion) if known else 0

    def vetoed(self, label: str) -> tuple[str, ...]:
        """Criteria on which an approach has a fatal flaw."""
        if label not in self._vetoed:
            self._vetoed[label] = tuple(name for name, _ in self.setup.criteria if self.ones(label, name) >= VETO)
        return self._vetoed[label]

    def ones(self, label: str, criterion: str) -> int:
        return sum(ballot.scores[label][criterion] == 1 for ballot in self.ballots)

    def most(self, label: str, verdict: str) -> bool:
        """Whether more than half give an approach one verdict on one success criterion; silence is unknown."""
        if (label, verdict) not in self._most:
            self._most[label, verdict] = self._mostly(label, verdict)
        return self._most[label, verdict]

    def _mostly(self, label: str, verdict: str) -> bool:
        numbers = {number for ballot in self.ballots for marks in ballot.success.values() for number in marks}
        return any(
            2 * sum(b.success.get(label, {}).get(number, UNKNOWN) == verdict for b in self.ballots) > len(self.ballots)
            for number in numbers
        )

    def choice(self, index: int, kept: Sequence[str]) -> str | None:
        """Whom a ballot stands for among some approaches: the highest, its own word on a tie, then the safer one."""
        row, ballot = self.totals[index], self.ballots[index]
        best = max(row[label] for label in kept)
        tied = [label for label in kept if row[label] == best]
        if ballot.winner in tied:
            return ballot.winner
        return _alone({label: ballot.scores[label].get(self.setup.tie_criterion, 0) for label in tied})

    def votes(self, kept: Sequence[str]) -> dict[str, int]:
        if tuple(kept) not in self._counted:
            cast = [self.choice(index, kept) for index in range(len(self.ballots))]
            self._counted[tuple(kept)] = {label: cast.count(label) for label in kept}
        return self._counted[tuple(kept)]

    def prefer(self, label: str, other: str) -> int:
        return sum(row[label] > row[other] for row in self.totals)


def _scores(ballot: Ballot, setup: Setup) -> dict[str, list[int]]:
    """The scores of each approach in the order of the criteria."""
    return {label: [ballot.scores[label][name] for name, _ in setup.criteria] for label in setup.labels}


def _alone(values: Mapping[str, int]) -> str | None:
    """The one with the highest value, or None where several have it."""
    best = [label for label, value in values.items() if value == max(values.values())]
    return best[0] if len(best) == 1 else None


def _judge(poll: _Poll, facts: Tally) -> Tally:
    setup, count = poll.setup, facts.valid
    if count < (setup.quorum or quorum(setup.planned)):
        share = _share(max(facts.votes.values(), default=0), count)
        return facts._replace(share=share, counted=facts.votes)
    left = [label for label in setup.labels if label not in facts.vetoes]
    if not left:
        return facts._replace(verdict="split", next="patch")
    kept = [label for label in left if not poll.most(label, FAIL)]
    facts = facts._replace(failed=tuple(label for label in left if label not in kept))
    if not kept:
        return facts._replace(verdict="split", next="refine")
    return _elect(poll, facts._replace(counted=poll.votes(kept)))


def _elect(poll: _Poll, facts: Tally) -> Tally:
    """Settle the vote among those that are left."""
    top = max(facts.counted.values())
    share = _share(top, facts.valid)
    if 100 * top < poll.setup.weak * facts.valid:
        return _split(poll, facts._replace(share=share, verdict="split"), top)
    leaders = [label for label, votes in facts.counted.items() if votes == top]
    winner, broken = (leaders[0], None) if len(leaders) == 1 else _even(poll, leaders)
    facts = facts._replace(share=share, winner=winner, tie_break=broken)
    if winner is None:
        return facts._replace(verdict="split", next="escalate")
    verdict: Class = "strong" if broken is None and _strong(poll, facts, winner) else "weak"
    return facts._replace(verdict=verdict, next="escalate" if poll.most(winner, UNKNOWN) else "record")


def _strong(poll: _Poll, facts: Tally, winner: str) -> bool:
    """Share and turnout suffice, and nothing caps the win: no runoff, no leader vetoed, no better mean."""
    setup = poll.setup
    led = max(facts.votes.values())
    capped = setup.is_runoff or any(facts.votes[label] == led for label in facts.vetoes)
    best = all(poll.sums[winner] >= poll.sums[label] for label in facts.counted)
    enough = 100 * facts.counted[winner] >= setup.strong * facts.valid
    return enough and 10 * facts.valid >= 7 * setup.planned and best and not capped


def _even(poll: _Poll, pair: Sequence[str]) -> tuple[str | None, TieBreak]:
    """Who wins an even split, and by what."""
    low, high = sorted(poll.sums[label] for label in pair)
    if 100 * (high - low) > 2 * high:
        return _alone({label: poll.sums[label] for label in pair}), "mean"
    first, second = pair
    safer = _alone({label: poll.safety(label) for label in pair})
    if safer:
        return safer, "criterion"
    ahead = _alone({first: poll.prefer(first, second), second: poll.prefer(second, first)})
    if ahead:
        return ahead, "head-to-head"
    files = poll.setup.files
    fewer = _alone({label: -files[label] for label in pair}) if all(label in files for label in pair) else None
    return (fewer, "files") if fewer else (None, "person")


def _split(poll: _Poll, facts: Tally, top: int) -> Tally:
    """A runoff where nobody of three or more is above 40 %, once; a finer question otherwise."""
    if 100 * top > 40 * facts.valid or len(facts.counted) < 3 or poll.setup.is_runoff:
        return facts._replace(next="refine")
    order = {label: index for index, label in enumerate(poll.setup.labels)}
    ranked = sorted(facts.counted, key=lambda x: (-facts.counted[x], -poll.sums[x], -poll.safety(x), order[x]))
    pair = tuple(sorted(ranked[:2], key=order.__getitem__))
    if not poll.setup.instant:
        return facts._replace(next="runoff", runoff_between=pair)
    poll.setup = poll.setup._replace(is_runoff=True)
    return _elect(poll, facts._replace(counted=poll.votes(pair), runoff_between=pair))


def _share(votes: int, count: int) -> int:
    """Tenths of a percent, half up."""
    return (2000 * votes + count) // (2 * count) if count else 0


def hundredths(above: int, below: int) -> str:
    """A quotient of hundredths as a number with two decimals, half up."""
    units = (2 * above + below) // (2 * below)
    return f"{units // 100}.{units % 100:02d}"


def tenths(units: int) -> str:
    return f"{units // 10}.{units % 10}"


def as_json(found: Tally, setup: Setup) -> dict[str, object]:
    """The result as ``decisions tally --json`` prints it."""
    names = [name for name, _ in setup.criteria]
    return {
        "planned": found.planned, "valid": found.valid, "votes": dict(found.votes),
        "means": {label: found.mean(label) for label in found.sums},
        "criterion_means": {label: {name: found.criterion_mean(label, name) for name in names} for label in found.sums},
        "vetoes": {label: list(criteria) for label, criteria in found.vetoes.items()}, "class": found.verdict,
        "winner": found.winner, "share": tenths(found.share), "tie_break": found.tie_break, "next": found.next,
        "runoff_between": list(found.runoff_between), "mismatches": [wrong._asdict() for wrong in found.mismatches],
    }  # fmt: skip


def _mismatches(ballot: Ballot, setup: Setup) -> list[Mismatch]:
    """Printed totals that are not what the scores come to."""
    found = []
    for label in setup.labels:
        stated, computed = ballot.stated.get(label), total(ballot, label, setup.criteria)
        if stated is not None and _number(stated) != Fraction(computed, 100):
            found.append(Mismatch(ballot.voter, label, stated, hundredths(computed, 1)))
    return found


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
