"""The vote tally worked out a second time, slowly and in exact fractions, to hold the real one against.

Plain dicts and lists, standard library only. It must never import the program, and speed is no aim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple, TypedDict

WEIGHTS = {"Simplicity": 25, "Extensibility": 25, "Migration Safety": 20, "Debuggability": 15, "Testability": 15}
SAFETY = "Migration Safety"
VETOERS = 3


class Ballot(TypedDict):
    """One vote: a score per approach and criterion, and what the voter wrote beside the scores."""

    voter: str
    role: str
    winner: str | None
    scores: dict[str, dict[str, int]]
    success: dict[str, dict[int, str]]
    stated: dict[str, str | None]


class Poll(NamedTuple):
    """The valid ballots, with the approaches and the weighted criteria in their order."""

    ballots: list[Ballot]
    labels: list[str]
    weights: dict[str, int]


class Rules(NamedTuple):
    """What is known about the vote beside its ballots."""

    planned: int
    quorum: int
    files: Mapping[str, int]
    runoff_done: bool
    instant: bool


def reference(
    ballots: Sequence[Ballot],
    *,
    planned: int,
    labels: Sequence[str] | None = None,
    criteria: Sequence[str] | None = None,
    weights: Mapping[str, int] | Sequence[int] | None = None,
    files: Mapping[str, int] | None = None,
    light: bool | None = None,
    runoff_done: bool = False,
    runoff_mode: str = "fresh",
) -> dict[str, object]:
    """Tally the ballots; weights total 100, in the order of the criteria or by their names."""
    approaches = list(labels) if labels is not None else sorted({label for b in ballots for label in b["scores"]})
    weighted = weighted_criteria(criteria, weights)
    poll = Poll(valid_ballots(ballots, approaches, weighted), approaches, weighted)
    rules = Rules(planned, quorum(planned, light), files or {}, runoff_done, runoff_mode == "instant")
    return facts(poll, planned) | verdict(poll, rules)


# What is counted


def weighted_criteria(names: Sequence[str] | None, weights: Mapping[str, int] | Sequence[int] | None) -> dict[str, int]:
    """The criteria in order, each with its weight in percent."""
    order = list(names or WEIGHTS)
    if weights is None:
        return {name: WEIGHTS[name] for name in order}
    if isinstance(weights, Mapping):
        return {name: weights[name] for name in order}
    return dict(zip(order, weights, strict=True))


def valid_ballots(ballots: Sequence[Ballot], labels: list[str], criteria: Mapping[str, int]) -> list[Ballot]:
    """The ballots that count: complete, in range, about these approaches only, and the first of their voter."""
    seen: set[str] = set()
    valid = []
    for ballot in ballots:
        if ballot["voter"] not in seen and is_valid(ballot, labels, criteria):
            seen.add(ballot["voter"])
            valid.append(ballot)
    return valid


def is_valid(ballot: Ballot, labels: list[str], criteria: Mapping[str, int]) -> bool:
    """Whether every approach has a score from 1 to 5 on every criterion, and no other approach is named."""
    named = {*ballot["scores"], *ballot["success"], *ballot["stated"]} | {ballot["winner"]} - {None}
    if not named <= set(labels):
        return False
    return all(ballot["scores"].get(label, {}).get(name) in {1, 2, 3, 4, 5} for label in labels for name in criteria)


def total(poll: Poll, ballot: Ballot, label: str) -> Fraction:
    """The weighted total of one approach on one ballot, out of 5."""
    return sum(
        (Fraction(weight * ballot["scores"][label][name], 100) for name, weight in poll.weights.items()), Fraction()
    )


def mean(poll: Poll, label: str) -> Fraction:
    """The average weighted total of one approach."""
    return sum((total(poll, ballot, label) for ballot in poll.ballots), Fraction()) / len(poll.ballots)


def criterion_mean(poll: Poll, label: str, name: str) -> Fraction:
    """The average score of one approach on one criterion."""
    return Fraction(sum(ballot["scores"][label][name] for ballot in poll.ballots), len(poll.ballots))


def safety(poll: Poll, label: str) -> Fraction:
    """The average Migration Safety, or nothing to tell approaches apart where it is no criterion."""
    return criterion_mean(poll, label, SAFETY) if SAFETY in poll.weights else Fraction()


def choice(poll: Poll, ballot: Ballot, kept: Sequence[str]) -> str | None:
    """Whom a ballot supports among the approaches still there: nobody, where nothing on it breaks its tie."""
    totals = {label: total(poll, ballot, label) for label in kept}
    tied = [label for label in kept if totals[label] == max(totals.values())]
    if ballot["winner"] in tied:
        return ballot["winner"]
    return sole_highest({label: Fraction(ballot["scores"][label].get(SAFETY, 0)) for label in tied})


def sole_highest(values: Mapping[str, Fraction]) -> str | None:
    """The one approach above all others, if there is one."""
    best = [label for label, value in values.items() if value == max(values.values())]
    return best[0] if len(best) == 1 else None


def count(poll: Poll, kept: Sequence[str]) -> dict[str, int]:
    """The votes for each approach still there, every ballot read again among these only."""
    chosen = [choice(poll, ballot, kept) for ballot in poll.ballots]
    return {label: chosen.count(label) for label in kept}


def vetoes(poll: Poll) -> dict[str, list[str]]:
    """Each approach with a fatal flaw, and the criteria on which three voters gave it a 1."""
    found = {label: [name for name in poll.weights if ones(poll, label, name) >= VETOERS] for label in poll.labels}
    return {label: names for label, names in found.items() if names}


def ones(poll: Poll, label: str, name: str) -> int:
    """How many voters give an approach a 1 on a criterion (a voter has one valid ballot)."""
    return sum(ballot["scores"][label][name] == 1 for ballot in poll.ballots)


def said_by_most(poll: Poll, label: str, mark: str) -> bool:
    """Whether more than half of the voters give an approach this mark on one and the same success criterion."""
    numbers = {number for ballot in poll.ballots for marks in ballot["success"].values() for number in marks}
    return any(2 * marked(poll, label, number, mark) > len(poll.ballots) for number in numbers)


def marked(poll: Poll, label: str, number: int, mark: str) -> int:
    """How many voters give this mark on one success criterion; who says nothing does not know."""
    return sum(ballot["success"].get(label, {}).get(number, "unknown") == mark for ballot in poll.ballots)


# What is reported whatever comes out


def facts(poll: Poll, planned: int) -> dict[str, object]:
    """Everything that is read off the valid ballots before anybody is judged."""
    averaged = poll.labels if poll.ballots else []
    return {
        "planned": planned,
        "valid": len(poll.ballots),
        "votes": count(poll, poll.labels),
        "means": {label: decimals(mean(poll, label), 2) for label in averaged},
        "criterion_means": {
            label: {name: decimals(criterion_mean(poll, label, name), 2) for name in poll.weights} for label in averaged
        },
        "vetoes": vetoes(poll),
        "mismatches": [wrong for ballot in poll.ballots for wrong in mismatches(poll, ballot)],
    }


def mismatches(poll: Poll, ballot: Ballot) -> list[dict[str, str]]:
    """The printed totals of a ballot that are not what its scores come to."""
    wrong = []
    for label in poll.labels:
        stated, computed = ballot["stated"].get(label), total(poll, ballot, label)
        if stated is not None and number(stated) != computed:
            shown = decimals(computed, 2)
            wrong.append({"voter": ballot["voter"], "label": label, "stated": stated, "computed": shown})
    return wrong


def number(text: str) -> Fraction | None:
    """The number that a voter printed, if it is one."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def decimals(value: Fraction, places: int) -> str:
    """A value from 0 up with so many decimals, half up."""
    units = floor(value * 10**places + Fraction(1, 2))
    return f"{units // 10**places}.{units % 10**places:0{places}}"


# What comes out


def quorum(planned: int, light: bool | None) -> int:
    """How many valid ballots it takes: 5 of a full cycle, 3 of a light one, else half and never under 3."""
    if light is None:
        return max(3, ceil(Fraction(planned, 2)))
    return 3 if light else 5


def verdict(poll: Poll, rules: Rules) -> dict[str, object]:
    """Quorum, then veto, then success criteria, then the votes of those who are left."""
    if len(poll.ballots) < rules.quorum:
        votes = count(poll, poll.labels)
        return outcome("no-quorum", "more-votes", share=share(poll, max(votes.values(), default=0)))
    vetoed = vetoes(poll)
    kept = [label for label in poll.labels if label not in vetoed]
    if not kept:
        return outcome("split", "patch")
    kept = [label for label in kept if not said_by_most(poll, label, "fail")]
    if not kept:
        return outcome("split", "refine")
    return elect(poll, rules, kept)


def elect(poll: Poll, rules: Rules, kept: list[str]) -> dict[str, object]:
    """Settle the vote among the approaches still there."""
    votes = count(poll, kept)
    top = max(votes.values())
    if 100 * top < 50 * len(poll.ballots):
        return settle_split(poll, rules, votes)
    leaders = [label for label in kept if votes[label] == top]
    winner, tie_break = (leaders[0], None) if len(leaders) == 1 else break_tie(poll, rules, leaders)
    if winner is None:
        return outcome("split", "escalate", share=share(poll, top), tie_break=tie_break)
    strong = is_strong(poll, rules, winner, votes)
    following = "escalate" if said_by_most(poll, winner, "unknown") else "record"
    return outcome("strong" if strong else "weak", following, winner, share(poll, top), tie_break)


def is_strong(poll: Poll, rules: Rules, winner: str, votes: Mapping[str, int]) -> bool:
    """Whether a win has the share and the turnout, and owes nothing to a veto, a runoff or a lower mean."""
    cast = count(poll, poll.labels)
    led_but_vetoed = any(cast[label] == max(cast.values()) for label in vetoes(poll))
    best_mean = mean(poll, winner) == max(mean(poll, label) for label in votes)
    share_and_turnout = 100 * votes[winner] >= 70 * len(poll.ballots) and len(poll.ballots) >= ceil(
        Fraction(7 * rules.planned, 10)
    )
    return share_and_turnout and best_mean and not led_but_vetoed and not rules.runoff_done


def break_tie(poll: Poll, rules: Rules, pair: list[str]) -> tuple[str | None, str]:
    """Who wins an even split, and by what; nobody where only a person can tell."""
    first, second = pair
    means = {label: mean(poll, label) for label in pair}
    high, low = max(means.values()), min(means.values())
    if 100 * (high - low) > 2 * high:
        return sole_highest(means), "mean"
    ahead = {first: Fraction(head_to_head(poll, first, second)), second: Fraction(head_to_head(poll, second, first))}
    fewer = {label: Fraction(-rules.files[label]) for label in pair if set(pair) <= set(rules.files)}
    steps = {"criterion": {label: safety(poll, label) for label in pair}, "head-to-head": ahead, "files": fewer}
    for name, values in steps.items():
        if winner := sole_highest(values):
            return winner, name
    return None, "person"


def head_to_head(poll: Poll, label: str, other: str) -> int:
    """How many voters put one approach above another by their totals; a level ballot is nobody's."""
    return sum(total(poll, ballot, label) > total(poll, ballot, other) for ballot in poll.ballots)


def settle_split(poll: Poll, rules: Rules, votes: Mapping[str, int]) -> dict[str, object]:
    """A runoff where nobody of three or more is above 40 %, once; otherwise another question."""
    top = max(votes.values())
    if 100 * top > 40 * len(poll.ballots) or len(votes) < 3 or rules.runoff_done:
        return outcome("split", "refine", share=share(poll, top))
    pair = top_two(poll, votes)
    if rules.instant:
        return elect(poll, rules._replace(runoff_done=True), pair) | {"runoff_between": pair}
    return outcome("split", "runoff", share=share(poll, top)) | {"runoff_between": pair}


def top_two(poll: Poll, votes: Mapping[str, int]) -> list[str]:
    """The two that go on, in label order: by votes, then mean, then Migration Safety, then label order."""
    ranked = sorted(votes, key=lambda label: (votes[label], mean(poll, label), safety(poll, label)), reverse=True)
    return sorted(ranked[:2], key=poll.labels.index)


def share(poll: Poll, votes: int) -> str:
    """A number of votes in percent of the valid ballots, to one decimal."""
    return decimals(Fraction(100 * votes, max(len(poll.ballots), 1)), 1)


def outcome(
    klass: str, following: str, winner: str | None = None, share: str = "0.0", tie_break: str | None = None
) -> dict[str, object]:
    """The part of the result that depends on the judgement."""
    return {
        "class": klass,
        "winner": winner,
        "share": share,
        "tie_break": tie_break,
        "next": following,
        "runoff_between": [],
    }
