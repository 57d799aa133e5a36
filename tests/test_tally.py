"""D11-D16: the tally is held against a table done by hand, and against a second implementation in fractions that knows nothing of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions_tool.rules import tally as rules
from tests.conftest import examples
from tests.tallies import CRITERIA, TALLIES, Case, parse
from tests.tally_reference import SAFETY, WEIGHTS, Ballot, reference

KEYS = {
    "planned", "valid", "votes", "means", "criterion_means", "vetoes", "class",
    "winner", "share", "tie_break", "next", "runoff_between", "mismatches",
}  # fmt: skip


def tally(case: Case, ballots: Sequence[Ballot] | None = None) -> dict[str, Any]:
    """The reference's answer to a case, or to other ballots under the same conditions."""
    return reference(
        parse(case.ballots, case.criteria) if ballots is None else ballots,
        planned=case.planned,
        labels=case.labels,
        criteria=case.criteria,
        weights=case.weights,
        files=case.files,
        light=case.light,
        runoff_done=case.runoff_done,
        runoff_mode=case.runoff_mode,
    )


def ids(case: Case) -> str:
    return case.name


def ours(
    ballots: Sequence[Ballot],
    *,
    planned: int,
    labels: Sequence[str] | None = None,
    criteria: Sequence[str] = CRITERIA,
    weights: Mapping[str, int] | None = None,
    files: Mapping[str, int] | None = None,
    light: bool | None = None,
    runoff_done: bool = False,
    runoff_mode: str = "fresh",
) -> dict[str, Any]:
    """The program's tally in the same shape."""
    setup = rules.Setup(
        planned, tuple(labels or sorted({label for ballot in ballots for label in ballot["scores"]})),
        tuple((name, (weights or WEIGHTS)[name]) for name in criteria), files or {},
        quorum=0 if light is None else 3 if light else 5, is_runoff=runoff_done, instant=runoff_mode == "instant",
    )  # fmt: skip
    cast = [rules.Ballot(b["voter"], b["role"], b["scores"], b["winner"], b["success"], b["stated"]) for b in ballots]
    return rules.as_json(rules.tally(cast, setup), setup)


@pytest.mark.parametrize("case", TALLIES, ids=ids)
def test_the_program_comes_to_what_the_pencil_says(case: Case) -> None:
    more: dict[str, Any] = {
        "labels": case.labels,
        "criteria": case.criteria,
        "weights": case.weights,
        "files": case.files,
    }
    more |= {"light": case.light, "runoff_done": case.runoff_done, "runoff_mode": case.runoff_mode}
    result = ours(parse(case.ballots, case.criteria), planned=case.planned, **more)
    assert {key: result[key] for key in case.expected} == case.expected
    assert result == tally(case)


def test_the_program_and_the_reference_agree_on_random_ballots() -> None:
    random, seen = Random(20250115), Counter[str]()  # noqa: S311
    cast = 0
    while cast < examples(10_000):
        labels, count = "ABCDE"[: random.randint(1, 5)], random.randint(0, 11)
        bias = {label: random.randint(1, 3) for label in labels}
        ballots = [_biased(random, bias, f"voter-{index:02}") for index in range(count)]
        more: dict[str, Any] = {
            "planned": max(3, count + random.randint(-1, 4)), "labels": labels, "runoff_done": random.random() < 0.1,
            "runoff_mode": random.choice(["fresh", "instant"]),
            "files": {label: random.randint(1, 3) for label in labels} if random.random() < 0.7 else None,
        }  # fmt: skip
        result = ours(ballots, **more)
        assert result == reference(ballots, **more), (ballots, more)
        seen[f"{result['class']} {result['next']} {result['tie_break']}"] += 1
        cast += count
    assert len(seen) >= (12 if cast >= 10_000 else 8), seen


def _biased(random: Random, bias: Mapping[str, int], voter: str) -> Ballot:
    """A ballot in a narrow range, so that ties, vetoes and splits are common; now and then it is not valid."""
    ballot = _any_ballot(random, "".join(bias), 1, voter)
    for label, low in bias.items():
        ballot["scores"][label] = {name: random.randint(low, low + 2) for name in CRITERIA}
        exact = sum(WEIGHTS[name] * score for name, score in ballot["scores"][label].items())
        ballot["stated"][label] = random.choice([None, f"{exact / 100:.2f}", f"{exact / 100:.1f}", "about four"])
    if random.random() < 0.05:
        ballot["scores"][random.choice(list(bias))][SAFETY] = random.choice([0, 6])
    return ballot


@pytest.mark.parametrize("case", TALLIES, ids=ids)
def test_the_reference_comes_to_what_the_pencil_says(case: Case) -> None:
    result = tally(case)
    assert {key: result[key] for key in case.expected} == case.expected


@pytest.mark.parametrize("case", TALLIES, ids=ids)
def test_answers_the_same_keys_whatever_comes_out(case: Case) -> None:
    assert set(tally(case)) == KEYS


@pytest.mark.parametrize("case", TALLIES, ids=ids)
def test_does_not_depend_on_the_order_of_the_ballots(case: Case) -> None:
    ballots = parse(case.ballots, case.criteria)
    first, again = tally(case, ballots), tally(case, ballots[::-1])
    assert {**first, "mismatches": None} == {**again, "mismatches": None}


@pytest.mark.parametrize("case", TALLIES, ids=ids)
def test_a_case_says_class_winner_and_next_and_shows_its_working(case: Case) -> None:
    """D15 D25: the tally, and what its numbers are worth."""
    assert {"class", "winner", "next"} <= set(case.expected) <= KEYS
    assert case.working


def test_no_two_cases_share_a_name() -> None:
    assert [name for name, times in Counter(map(ids, TALLIES)).items() if times > 1] == []


def test_every_outcome_is_in_the_table() -> None:
    seen = {(case.expected["class"], case.expected["next"]) for case in TALLIES}
    assert seen == {
        ("strong", "record"), ("strong", "escalate"), ("weak", "record"), ("weak", "escalate"), ("split", "runoff"),
        ("split", "refine"), ("split", "patch"), ("split", "escalate"), ("no-quorum", "more-votes"),
    }  # fmt: skip


# The notation


def test_a_line_is_so_many_ballots() -> None:
    first, second = parse("2x skeptical  A 5 4 4 3 2 =3.75 +-.?  B 3  > A")
    assert first == second | {"voter": "voter-01"}
    assert (second["voter"], second["role"], second["winner"]) == ("voter-02", "skeptical", "A")
    assert second["scores"] == {"A": dict(zip(CRITERIA, (5, 4, 4, 3, 2), strict=True)), "B": dict.fromkeys(CRITERIA, 3)}
    assert second["success"] == {"A": {1: "pass", 2: "fail", 4: "unknown"}}
    assert second["stated"] == {"A": "3.75", "B": None}


def test_a_score_may_be_left_out() -> None:
    (ballot,) = parse("1x balanced  A 4 _ 4 4 4")
    assert set(ballot["scores"]["A"]) == set(CRITERIA) - {"Extensibility"}


@pytest.mark.parametrize(
    "line", ["balanced A 4", "1x balanced", "1x balanced A 4 4", "1x balanced A 44", "1x balanced A 4 !"]
)
def test_what_is_no_line_of_ballots_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        parse(line)


# What the notation cannot say


def test_a_second_ballot_of_one_voter_does_not_count() -> None:
    ballots = parse("3x balanced A 5 5 1 5 5 B 3")
    for ballot in ballots[1:]:
        ballot["voter"] = "voter-01"
    result = reference([*ballots, *parse("4x balanced A 4 B 3")[1:]], planned=4)
    assert (result["valid"], result["vetoes"], result["class"]) == (4, {}, "strong")


def test_weights_may_stand_in_the_order_of_the_criteria() -> None:
    ballots = parse("3x balanced A 4 2 B 2 4", ("Speed", "Cost"))
    assert reference(ballots, planned=3, criteria=["Speed", "Cost"], weights=[60, 40])["means"] == {
        "A": "3.20",
        "B": "2.80",
    }


# What holds for any tally


@dataclass
class Votes:
    """Any ballots over up to four approaches, drawn narrow so that ties, vetoes and splits are common."""

    planned: int
    ballots: list[Ballot] = field(default_factory=list)


@st.composite
def any_votes(draw: st.DrawFn) -> Votes:
    labels = "ABCD"[: draw(st.integers(1, 4))]
    count = draw(st.integers(0, 10))
    lowest = draw(st.integers(1, 3))
    random = draw(st.randoms(use_true_random=False))
    votes = Votes(planned=max(3, count + draw(st.integers(0, 3))))
    for index in range(count):
        votes.ballots.append(_any_ballot(random, labels, lowest, f"voter-{index + 1:02}"))
    return votes


def _any_ballot(random: Random, labels: str, lowest: int, voter: str) -> Ballot:
    return {
        "voter": voter,
        "role": random.choice(["balanced", "skeptical", "pragmatic"]),
        "winner": random.choice([None, *labels]),
        "scores": {label: {name: random.randint(lowest, lowest + 2) for name in CRITERIA} for label in labels},
        "success": {label: {1: random.choice(["pass", "pass", "fail", "unknown"])} for label in labels},
        "stated": dict.fromkeys(labels),
    }


@settings(max_examples=examples(150), deadline=None)
@given(any_votes())
def test_only_a_vote_of_half_or_more_wins(votes: Votes) -> None:
    result: dict[str, Any] = reference(votes.ballots, planned=votes.planned)
    if result["winner"] is not None:
        assert result["class"] in {"strong", "weak"}
        assert result["winner"] not in result["vetoes"]
        assert float(result["share"]) >= (70 if result["class"] == "strong" else 50)
    else:
        assert result["class"] in {"split", "no-quorum"}


@settings(max_examples=examples(150), deadline=None)
@given(any_votes())
def test_a_runoff_is_of_two_and_never_follows_another(votes: Votes) -> None:
    first: dict[str, Any] = reference(votes.ballots, planned=votes.planned)
    again: dict[str, Any] = reference(votes.ballots, planned=votes.planned, runoff_done=True)
    instant: dict[str, Any] = reference(votes.ballots, planned=votes.planned, runoff_mode="instant")
    assert len(first["runoff_between"]) == (2 if first["next"] == "runoff" else 0)
    assert again["next"] != "runoff"
    assert again["class"] != "strong"
    assert instant["next"] != "runoff"
    assert instant["runoff_between"] == first["runoff_between"]


@settings(max_examples=examples(150), deadline=None)
@given(any_votes(), st.randoms(use_true_random=False))
def test_order_of_ballots_and_names_of_roles_change_nothing(votes: Votes, random: Random) -> None:
    shuffled: list[Ballot] = [{**ballot, "role": "balanced"} for ballot in votes.ballots]
    random.shuffle(shuffled)
    assert reference(shuffled, planned=votes.planned) == reference(votes.ballots, planned=votes.planned)
