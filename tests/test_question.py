"""The decision cycle through the command line: from a framing to a record, and every way that it can stop or turn."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.ballot_box import FRAMING, by_hand, folder, framing, proposal, propose, synthesis, vote, votes
from tests.conftest import Cli, Repo, make_cli

Q1 = folder("q1")


@pytest.fixture
def asked(repo: Repo, cli: Cli) -> Repo:
    """A repository that is initialised and holds one committed question of medium impact."""
    assert cli("init").code == 0
    framing(repo)
    return repo


@pytest.fixture
def to_vote(repo: Repo, cli: Cli) -> Repo:
    """A question with three approaches by five agents, where people vote."""
    assert cli("init").code == 0
    by_hand(repo, "proposer", "judge", "synthesizer", "voter", "refiner", "patcher")
    framing(repo)
    propose(repo, cli, {"cache": (1, 2), "index": (3, 4), "replay": (5,)})
    return repo


def outcome(cli: Cli, slug: str = "q1") -> dict[str, object]:
    return cli("tally", slug, "--json").json


# ------------------------------------------------------------------ the whole way


def test_a_question_goes_from_its_framing_to_a_record_and_the_audit_proves_it(asked: Repo, cli: Cli) -> None:
    """D1 D5 D6 D8 D18 G4"""
    before = asked.read(f"{Q1}/framing.md")
    assert cli("run").code == 0
    assert asked.at_head(f"{Q1}/framing.md").endswith(before.rstrip("\n"))
    record = cli("record", "q1", "--json").json
    assert record["rehearsal"] is True
    text = asked.at_head(str(record["path"]))
    for part in (
        "# ",
        "## Decision: Q1 — ",
        "### Status: accepted",
        "### Rationale",
        "### Code Contract",
        "### Files Changed",
    ):
        assert f"\n{part}" in text
    proved = cli("audit")
    assert (proved.code, "0 errors, 0 warnings" in proved.err) == (0, True), proved.out
    assert cli("check").code == 0
    assert asked.git("status", "--porcelain") == ""


def test_what_rules_make_of_the_last_votes_lands_with_them(asked: Repo, cli: Cli) -> None:
    """G1: commits of their own, that the branch reaches at one moment: nobody finds the votes without their tally."""
    cli("run")
    tips = asked.git("log", "--walk-reflogs", "--format=%s").split("\n")
    assert tips[0] == "q1: constraints handed on"
    assert not [subject for subject in tips if "votes counted" in subject or "decided: DR-" in subject]
    assert any("votes counted" in subject for subject in asked.subjects())


def test_what_a_person_is_at_work_on_keeps_the_record_back_and_not_the_votes(asked: Repo, cli: Cli) -> None:
    """G2: where the whole cannot land, the answers land without what rules would make of them."""
    (asked.path / Q1 / "tally.md").write_text("my own count\n", encoding="utf-8")
    result = cli("run")
    assert result.code == 4
    assert "tally.md" in result.err
    assert asked.read(f"{Q1}/tally.md") == "my own count\n"
    assert len([subject for subject in asked.subjects() if "voted by" in subject]) == 5
    (asked.path / Q1 / "tally.md").unlink()
    assert cli("run").code == 0
    assert any("votes counted" in subject for subject in asked.subjects())


def test_a_folder_that_is_closed_keeps_the_record_back_and_not_the_votes(
    asked: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G2: what only a rule writes is no reason to leave answers in the spool."""
    records, access = asked.path / "docs/decisions", os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != records and access(path, mode))
    result = cli("run")
    assert result.code == 1 and "docs/decisions cannot be written" in result.err
    assert len([subject for subject in asked.subjects() if "voted by" in subject]) == 5
    monkeypatch.undo()
    assert cli("run").code == 0


def test_a_rehearsal_binds_nothing(asked: Repo, cli: Cli) -> None:
    """D18 D19"""
    cli("run")
    assert "This record binds nothing" in asked.at_head(f"{Q1}/constraint-addendum.md")
    assert not (asked.path / "docs/decisions/constraints.md").exists()


def test_what_people_answer_reaches_the_constraints_and_what_they_wrote_there_stays(to_vote: Repo, cli: Cli) -> None:
    """D19: addenda follow a marker."""
    mine = "# Constraints\n\n1. Python only.\n"
    to_vote.commit({"docs/decisions/constraints.md": mine}, "constraints")
    votes(to_vote, [vote({"A": 5, "B": 3, "C": 2})] * 5)
    assert cli("run").code == 0
    text = to_vote.at_head("docs/decisions/constraints.md")
    assert text.startswith(mine)
    assert text.count("## Constraint Addendum: Q1") == 1
    assert cli("audit").code == 0


def test_proposals_that_agree_are_not_voted_on(repo: Repo, cli: Cli) -> None:
    """D9: 4 of 5."""
    cli("init")
    by_hand(repo, "proposer", "judge", "synthesizer")
    framing(repo)
    propose(repo, cli, {"cache": (1, 2, 3, 4), "index": (5,)})
    assert cli("run").code == 0
    text = repo.at_head(str(cli("record", "q1", "--json").json["path"]))
    assert "4/5 proposals chose this, not voted" in text
    assert "no statistic" in text
    assert not (repo.path / Q1 / "votes").exists()


@pytest.mark.parametrize(("veto", "voted"), [(False, False), (True, True)])
def test_three_sceptics_can_bring_an_agreement_to_a_vote(repo: Repo, cli: Cli, veto: bool, voted: bool) -> None:
    """D9: convergence.confirm"""
    cli("init")
    by_hand(repo, "proposer", "judge", "synthesizer", "voter")
    repo.commit({"decisions.toml": repo.read("decisions.toml") + "\n[decision]\nconfirm = true\n"}, "confirm")
    framing(repo)
    propose(repo, cli, {"cache": (1, 2, 3, 4), "index": (5,)})
    votes(repo, [vote({"A": [4, 4, 1 if veto else 4, 4, 4]})] * 3, kind="confirm")
    done = cli("run")
    assert (done.code == 4) is voted
    assert ("votes/voter-01" in cli("why", "q1").out or "voter-01" in cli("why", "q1").out) is voted


# ------------------------------------------------------------------ blind and independent


def test_nobody_who_proposes_sees_another_proposal(to_vote: Repo, cli: Cli) -> None:
    """D5: proved on what is sent."""
    told = cli("prompt", "q1", "propose/agent-02").out
    assert "cache(key" not in told
    assert "agents/agent-" not in told


def test_a_voter_learns_nothing_of_who_proposed_how_many_did_or_how_they_scored_it(to_vote: Repo, cli: Cli) -> None:
    """D10: proved on the bytes of the packet."""
    told = cli("prompt", "q1", "vote/voter-03").out
    material = told.partition("# Your task")[0]
    for label in ("A", "B", "C"):
        assert f"## Approach {label}\n" in material
    for word in (
        "agent-",
        "proposed by",
        "Self-",
        "Rationale",
        "Convergence",
        "minimalist",
        "contrarian",
        "cache (",
        "2/5",
    ):
        assert word.casefold() not in material.casefold(), word
    assert not re.search(r"(?i)\bagents?\b", material)


def test_approaches_and_criteria_turn_from_voter_to_voter(to_vote: Repo, cli: Cli) -> None:
    """D10: each approach stands once in each place."""
    seen = []
    criteria = set()
    for voter in range(1, 4):
        told = cli("prompt", "q1", f"vote/voter-{voter:02d}").out
        seen.append(re.findall(r"^## Approach (\w)$", told, re.M))
        criteria.add(tuple(re.findall(r"(\w[\w ]+) \(x0", told)))
    assert sorted(map(tuple, seen)) == [("A", "B", "C"), ("B", "C", "A"), ("C", "A", "B")]
    assert len(criteria) == 3


def test_the_order_that_a_voter_saw_is_kept(asked: Repo, cli: Cli) -> None:
    framing(asked, "q2", "high")
    cli("run")
    if (asked.path / f"{folder('q2')}/votes/voter-02.md").exists():
        assert "\norder: [" in asked.at_head(f"{folder('q2')}/votes/voter-02.md")


# ------------------------------------------------------------------ framing


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("How should the store keep what it has read?", "The cache is obviously better, should we just add it?"), "gives an answer away"),
        (("How should the store keep what it has read?", "How are keys read? And how written?"), "several questions"),
        (("  1. A second read of a key does not touch the disk\n  2. No reader sees a value that was overwritten\n", ""), "'SUCCESS CRITERIA' is missing"),
        (("shop/web/views.py", "shop/web/gone.py"), "shop/web/gone.py is not in this repository"),
        (("read?", "read"), "does not end in a question mark"),
    ],
)  # fmt: skip
def test_a_framing_that_is_none_is_refused_with_its_line_before_anything_is_asked(
    repo: Repo, cli: Cli, change: tuple[str, str], says: str
) -> None:
    """D1"""
    cli("init")
    tip = framing(repo, text=FRAMING.replace(*change))
    done = cli("run")
    assert done.code == 1
    assert says in done.out
    assert re.search(r"framing\.md:\d+:1", done.out)
    assert repo.git("rev-parse", "HEAD") == tip
    assert cli("frame", "q1").code == 1


def test_a_question_of_low_impact_is_a_persons(repo: Repo, cli: Cli) -> None:
    """D2"""
    cli("init")
    framing(repo, impact="low")
    waits = cli("run")
    assert (waits.code, "decisions decide q1" in waits.err) == (4, True)
    empty = cli("decide", "q1", " ")
    assert (empty.code, "nothing is said of what is decided" in empty.err) == (1, True)
    assert cli("decide", "q1", "Keep it as it is", "-r", "nobody reads twice").code == 0
    assert cli("run").code == 0
    record = cli("record", "q1").out
    assert "decided by Ada Person <ada@example.invalid>, because nobody reads twice" in record
    assert cli("audit").code == 0
    again = cli("decide", "q1", "no")
    assert (again.code, "decided already" in again.err) == (1, True)


def test_questions_that_depend_on_others_wait_and_carry_their_addenda(asked: Repo, cli: Cli) -> None:
    """D3"""
    framing(asked, "q2", "medium", more="DEPENDS ON: q1\n")
    assert cli("rounds", "--json").json["rounds"] == [
        [{"question": "q1", "state": "open"}], [{"question": "q2", "state": "open"}],
    ]  # fmt: skip
    assert "q1 has to be decided first" in cli("why", "q2").out
    assert cli("run").code == 0
    order = [line for line in asked.subjects() if "started" in line or "constraints handed on" in line]
    assert order[::-1].index("q1: constraints handed on") < order[::-1].index("q2: started")
    assert "## Constraint Addendum: Q1" in cli("prompt", "q2", "propose/agent-01").out


def test_questions_that_wait_for_each_other_are_refused(repo: Repo, cli: Cli) -> None:
    """D3"""
    cli("init")
    framing(repo, "q1", more="DEPENDS ON: q2\n")
    framing(repo, "q2", more="DEPENDS ON: q1\n")
    done = cli("run")
    assert (done.code, "wait for each other: q1 -> q2 -> q1" in done.out) == (1, True)
    assert cli("rounds").code == 1


def test_a_question_with_the_name_of_a_task_is_no_case(started: Repo, cli: Cli) -> None:
    framing(started, "cache")
    skipped = cli("status", "--json").json["skipped"]
    assert skipped == [{"path": "docs/decisions/working/cache", "reason": "has the name of a task; rename it"}]


# ------------------------------------------------------------------ gate


def test_a_proposal_that_fails_a_check_is_asked_for_once_more_and_told_what_failed(repo: Repo, cli: Cli) -> None:
    """D6"""
    cli("init")
    by_hand(repo, "proposer", "judge")
    framing(repo)
    cli("run")
    good: dict[str, str | bytes] = {f"{Q1}/agents/agent-{n:02d}-proposal.md": proposal("cache") for n in range(1, 6)}
    repo.commit(good | {f"{Q1}/agents/agent-03-proposal.md": proposal("index", without="Code Sketch")}, "proposals")
    rows = "\n".join(f"| agent-{n:02d} | yes | as asked |" for n in range(1, 6))
    repo.write("judged.md", f"| Proposal | Complies | Why |\n|---|---|---|\n{rows}\n")
    cli("submit", "q1", "judge", "judged.md")
    assert cli("run").code == 4
    assert "1 retry" in repo.subjects()[0]
    told = cli("prompt", "q1", "propose/agent-03").out
    assert "did not pass the quality gate: QG-1: the code sketch holds no fenced code" in told
    repo.write("again.md", proposal("index", without="Test Plan"))
    assert cli("submit", "q1", "propose/agent-03", "again.md").code == 0
    assert "asked: retry" in repo.at_head(f"{Q1}/agents/agent-03-proposal.md")
    cli("submit", "q1", "judge", "judged.md")
    cli("run")
    assert "5 in" in next(line for line in repo.subjects() if "quality gate" in line)
    assert cli("audit").code == 0


def test_proposals_that_say_nothing_send_the_question_back(repo: Repo, cli: Cli) -> None:
    """D6: more than half at 0-1."""
    cli("init")
    by_hand(repo, "proposer", "judge")
    framing(repo)
    cli("run")
    repo.commit(
        {
            f"{Q1}/agents/agent-{n:02d}-proposal.md": "## Approach: words\n\nWe should add a cache.\n"
            for n in range(1, 6)
        },
        "prose",
    )
    rows = "\n".join(f"| agent-{n:02d} | yes | as asked |" for n in range(1, 6))
    repo.write("judged.md", f"| Proposal | Complies | Why |\n|---|---|---|\n{rows}\n")
    cli("submit", "q1", "judge", "judged.md")
    done = cli("run")
    assert done.code == 4
    assert "revise the framing" in done.err
    assert "decisions redo q1 propose" in done.err


# ------------------------------------------------------------------ votes


def test_a_strong_win_is_recorded(to_vote: Repo, cli: Cli) -> None:
    """D13"""
    votes(to_vote, [vote({"A": 5, "B": 3, "C": 2})] * 4 + [vote({"A": 2, "B": 4, "C": 3})])
    assert cli("run").code == 0
    found = outcome(cli)
    assert (found["class"], found["winner"], found["share"], found["next"]) == ("strong", "A", "80.0", "record")
    assert "### Validation Plan" not in cli("record", "q1").out


def test_votes_that_are_amended_after_the_decision_do_not_pass_it_by(to_vote: Repo, cli: Cli) -> None:
    """D18 G4: the tally is counted again, and the record that says otherwise stops the case until a person acts."""
    votes(to_vote, [vote({"A": 5, "B": 3, "C": 2})] * 5)
    assert cli("run").code == 0
    before = to_vote.at_head(str(cli("record", "q1", "--json").json["path"]))
    votes(to_vote, [vote({"A": 2, "B": 5, "C": 2})] * 5)
    result = cli("run")
    assert result.code == 1
    assert "by now" in result.out + result.err and "votes counted: strong, B" in result.err
    assert "by now" in cli("why", "q1").out
    assert "record/outcome" in cli("check").out
    assert to_vote.at_head(str(cli("record", "q1", "--json").json["path"])) == before


def test_a_weak_win_has_a_validation_plan_tied_to_an_objection(to_vote: Repo, cli: Cli) -> None:
    """D18"""
    votes(to_vote, [vote({"A": 5, "B": 3, "C": 2})] * 3 + [vote({"A": 2, "B": 4, "C": 3})] * 2)
    assert cli("run").code == 0
    assert outcome(cli)["class"] == "weak"
    plan = cli("record", "q1").out.partition("### Validation Plan")[2]
    assert "After implementation, check: it is new" in plan
    assert "If validation fails, reconsider: index" in plan


def test_a_vote_that_cannot_be_read_is_named_with_its_line_and_nothing_is_counted_over_it(
    to_vote: Repo, cli: Cli
) -> None:
    """D10"""
    bad = vote({"A": 5, "B": 3, "C": 2}).replace("| 3 (0.75)", "| 7 (0.75)", 1)
    votes(to_vote, [bad, *[vote({"A": 5, "B": 3, "C": 2})] * 4])
    done = cli("tally", "q1")
    assert done.code == 1
    assert re.search(r"votes/voter-01\.md:\d+:1: error: B / Simplicity: the score 7 is not from 1 to 5", done.out)
    assert "voter-01, line" in done.out
    assert "1 vote not counted" in cli("run").err


def test_too_few_votes_stop_with_the_command_that_asks_again(to_vote: Repo, cli: Cli) -> None:
    """D7"""
    bad = vote({"A": 5, "B": 3, "Z": 2})
    votes(to_vote, [bad] * 3 + [vote({"A": 5, "B": 3, "C": 2})] * 2)
    done = cli("run")
    assert done.code == 4
    assert "2 of 5 votes can be counted, 3 are needed" in done.err
    assert "decisions redo q1 vote" in done.err


def test_nobody_above_forty_percent_goes_to_a_runoff_with_fresh_voters(to_vote: Repo, cli: Cli) -> None:
    """D16"""
    votes(
        to_vote,
        [vote({"A": 5, "B": 4, "C": 2})] * 2 + [vote({"A": 3, "B": 5, "C": 2})] * 2 + [vote({"A": 2, "B": 3, "C": 5})],
    )
    assert cli("run").code == 4
    assert outcome(cli)["next"] == "runoff"
    assert "## Approach C" not in cli("prompt", "q1", "runoff/voter-01").out
    votes(to_vote, [vote({"A": 5, "B": 3})] * 5, kind="runoff")
    assert cli("run").code == 0
    found = outcome(cli)
    assert (found["class"], found["winner"]) == ("weak", "A")
    tally = to_vote.at_head(f"{Q1}/tally.md")
    assert "## Vote Tally: Q1, runoff" in tally
    assert "## Vote Tally: Q1\n" in tally
    assert cli("audit").code == 0


def test_a_vetoed_leader_gives_way_to_the_next(to_vote: Repo, cli: Cli) -> None:
    """D14"""
    fatal = vote({"A": [5, 5, 1, 5, 5], "B": 4, "C": 2})
    votes(to_vote, [fatal] * 3 + [vote({"A": 5, "B": 4, "C": 2})] * 2)
    assert cli("run").code == 0
    found = outcome(cli)
    assert (found["vetoes"], found["winner"], found["class"]) == ({"A": ["Migration Safety"]}, "B", "weak")
    assert "vetoed on Migration Safety" in to_vote.at_head(f"{Q1}/constraint-addendum.md")


def test_when_all_are_vetoed_one_is_patched_and_stands_against_the_present_design(to_vote: Repo, cli: Cli) -> None:
    """D14"""
    votes(to_vote, [vote({label: [5, 5, 1, 4, 4] for label in "ABC"}, winner="A")] * 5)
    assert cli("run").code == 4
    assert outcome(cli)["next"] == "patch"
    to_vote.write("patch.md", proposal("cache-patched"))
    assert cli("submit", "q1", "patch", "patch.md").code == 0
    told = cli("prompt", "q1", "runoff/voter-01").out
    assert re.findall(r"^## Approach (\w)$", told, re.M) == ["P", "K"]
    votes(to_vote, [vote({"P": 4, "K": 2})] * 5, kind="runoff")
    assert cli("run").code == 0
    assert "cache_patched" in cli("record", "q1").out
    assert cli("audit").code == 0


def test_two_fatal_voters_make_a_record_with_review(to_vote: Repo, cli: Cli) -> None:
    """D14"""
    fatal = vote({"A": [5, 5, 1, 5, 5], "B": 3, "C": 2})
    votes(to_vote, [fatal] * 2 + [vote({"A": 5, "B": 3, "C": 2})] * 3)
    cli("run")
    assert cli("record", "q1", "--json").json["status"] == "accepted-with-review"


def test_success_criteria_come_before_votes(to_vote: Repo, cli: Cli) -> None:
    """D15"""
    failing = {"A": {1: "fail", 2: "pass"}, "B": {1: "pass", 2: "pass"}, "C": {1: "pass", 2: "pass"}}
    votes(to_vote, [vote({"A": 5, "B": 4, "C": 2}, success=failing)] * 5)
    assert cli("run").code == 0
    assert outcome(cli)["winner"] == "B"


def test_what_nobody_knows_goes_to_a_person(to_vote: Repo, cli: Cli) -> None:
    """D15"""
    unsure = {label: {1: "unknown", 2: "pass"} for label in "ABC"}
    votes(to_vote, [vote({"A": 5, "B": 4, "C": 2}, success=unsure)] * 5)
    done = cli("run")
    assert (done.code, 'decisions decide q1 <approach> --reason "<why>"' in done.err) == (4, True)
    assert cli("decide", "q1", "A", "-r", "measured it").code == 0
    assert cli("run").code == 0
    assert cli("audit").code == 0


# ------------------------------------------------------------------ refinement


@pytest.fixture
def refined(repo: Repo, cli: Cli) -> Repo:
    """Two approaches of three ahead, nobody at half: the question has to be refined."""
    assert cli("init").code == 0
    by_hand(repo, "proposer", "judge", "synthesizer", "voter", "refiner")
    framing(repo, impact="high")
    propose(repo, cli, {"cache": (1, 2, 3, 4), "index": (5, 6, 7), "replay": (8, 9, 10)})
    ahead, second, third = (
        vote({"A": 5, "B": 4, "C": 3}),
        vote({"A": 4, "B": 5, "C": 3}),
        vote({"A": 2, "B": 3, "C": 5}),
    )
    votes(repo, [ahead] * 4 + [second] * 4 + [third])
    repo.commit({f"{Q1}/votes/voter-10.md": vote({"A": 3, "B": 3, "C": 5})}, "the last vote")
    cli("run")
    if outcome(cli)["next"] == "runoff":
        votes(repo, [vote({"A": 5, "B": 4})] * 4 + [vote({"A": 4, "B": 5})] * 4 + [_nobody()] * 2, kind="runoff")
        cli("run")
    return repo


def _nobody() -> str:
    """A vote that ties and declares nobody."""
    return vote({"A": 4, "B": 4}).replace("### Winner: A", "### Winner:")


def test_sub_questions_are_cases_of_their_own_and_their_decisions_are_composed(refined: Repo, cli: Cli) -> None:
    """D17"""
    assert outcome(cli)["next"] == "refine"
    assert "refiner" in cli("why", "q1").out
    part = FRAMING.replace("keep what it has read", "forget what was overwritten")
    text = f"## Refinement: Q1\n\n### Reason\n\nTwo things.\n\n### Sub-question a\n\n{part}\n### Sub-question b\n\n{part}\n"
    refined.write("refined.md", text)
    done = cli("submit", "q1", "refine", "refined.md")
    assert done.code == 0, done.err
    assert {"q1a", "q1b"} <= {row["case"] for row in cli("status", "--json").json["cases"]}
    assert "q1a, q1b has to be decided first" in cli("why", "q1").out
    cli("run")
    for slug in ("q1a", "q1b"):
        assert cli("decide", slug, "Do it in the store", "-r", "smaller").code == 0
    cli("run")
    refined.write("composed.md", proposal("both-parts"))
    done = cli("submit", "q1", "compose", "composed.md")
    assert done.code == 0, done.err
    assert cli("run").code == 0
    assert "composed of the decisions on q1a, q1b" in cli("record", "q1").out
    assert cli("audit").code == 0


def test_an_atomic_question_is_asked_again_as_a_choice_of_two_and_everything_before_is_kept(
    refined: Repo, cli: Cli
) -> None:
    """D17: the whole set moves, the framing changes."""
    refined.commit({f"{Q1}/notes.txt": "mine\n"}, "a note")
    refined.write("refined.md", "## Refinement: Q1\n\n### Reason\n\nOne thing.\n\n### Forced choice\n")
    assert cli("submit", "q1", "refine", "refined.md").code == 0
    files = refined.files("docs")
    assert f"{Q1}/iteration-1/votes/voter-03.md" in files
    assert f"{Q1}/iteration-1/framing.md" in files
    assert f"{Q1}/notes.txt" in files
    assert not [path for path in files if path.startswith(f"{Q1}/votes/")]
    text = refined.at_head(f"{Q1}/framing.md")
    assert "iteration: 2" in text
    assert re.search(r"QUESTION: Which of the two should it be, (cache or index|index or cache)\?", text)
    assert cli("audit").code == 0


def test_the_last_iteration_ends_with_a_person(refined: Repo, cli: Cli) -> None:
    """D17"""
    refined.commit({"decisions.toml": refined.read("decisions.toml") + "\n[decision]\niterations = 1\n"}, "one only")
    done = cli("run")
    assert (done.code, "1 iterations are spent: a person decides" in done.err) == (4, True)


def test_the_last_iteration_can_take_the_simplest(refined: Repo, cli: Cli) -> None:
    """D17: at_limit"""
    text = refined.read("decisions.toml") + '\n[decision]\niterations = 1\nat_limit = "simplicity"\n'
    refined.commit({"decisions.toml": text}, "one only")
    assert cli("run").code == 0
    assert "the simplest approach was taken" in cli("record", "q1").out


# ------------------------------------------------------------------ proof


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (f"{Q1}/tally.md", "Strong win for A", "Strong win for B"),
        (f"{Q1}/quality-gate.md", "| in |", "| out |"),
        ("docs/decisions/DR-001-cache.md", "### Status: accepted", "### Status: superseded"),
    ],
)
def test_a_computed_document_that_was_edited_is_found(
    to_vote: Repo, cli: Cli, path: str, before: str, after: str
) -> None:
    """G4"""
    votes(to_vote, [vote({"A": 5, "B": 3, "C": 2})] * 5)
    assert cli("run").code == 0
    assert cli("audit").code == 0
    to_vote.commit({path: to_vote.read(path).replace(before, after)}, "tidy up")
    found = cli("audit")
    assert found.code == 1
    assert path in found.out


def test_numbers_are_never_used_again(asked: Repo, cli: Cli) -> None:
    """F7: deleted ones and those of other branches count."""
    asked.git("checkout", "-q", "-b", "other")
    asked.commit({"docs/decisions/DR-007-other.md": "# Other\n"}, "a record elsewhere")
    asked.git("rm", "-q", "docs/decisions/DR-007-other.md")
    asked.git("commit", "-q", "-m", "gone")
    asked.git("checkout", "-q", "main")
    assert cli("run").code == 0
    assert "/DR-008-" in str(cli("record", "q1", "--json").json["path"])


def test_an_estimate_tells_calls_and_tokens_by_phase(asked: Repo, cli: Cli) -> None:
    """A6"""
    found = cli("estimate", "q1", "--json").json
    calls = {row["phase"]: row["calls"] for row in found["phases"]}
    assert calls["propose"] == 5
    assert calls["vote"] == 5
    assert found["buffered"]["calls"] >= found["total"]["calls"]
    assert found["without_vote"]["calls"] == found["total"]["calls"] - 5


# ------------------------------------------------------------------ folders that people keep by hand


def _by_hand(top: Path) -> Path:
    """A question as the format shows it: no front matter, no history, names where labels could stand."""
    files = {
        "framing.md": f"```\n{FRAMING}```\n",
        "synthesis.md": synthesis({"Cache Reads": (1, 2), "Index Keys": (3, 4, 5)}),
        "votes/voter-01.md": vote({"A": [4, 5, 3, 4, 4], "B": [3, 4, 5, 3, 3]}),
        "votes/voter-02.md": "```markdown\n"
        + vote({"A": 5, "B": 3}).replace("### Winner: A", "### Winner: Cache Reads")
        + "```\n",
        "votes/voter-03.md": vote({"A": 5, "B": 3})
        .replace("| A |", "|   **A — Cache Reads**|")
        .replace("5.00 |", "5.10 |"),
        "votes/voter-04.md": vote({"A": 2, "B": 4}).replace("\n", "\r\n"),
        "votes/voter-05.md": vote({"A": 2, "B": 4}).replace("## Vote: Q1", "<!-- mine -->\n# Vote: Q1"),
    }
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(text.encode())
    return top


@pytest.mark.parametrize("where", ["docs/decisions/working/q1", "anywhere/votes-of-spring"])
def test_a_bare_folder_of_votes_is_counted_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    """F5 F10"""
    bare = make_cli(tmp_path, monkeypatch, capsys)
    _by_hand(tmp_path / where)
    found = bare("tally", where, "--json")
    assert found.code == 0, found.err
    assert (found.json["votes"], found.json["planned"], found.json["class"]) == ({"A": 3, "B": 2}, 5, "weak")
    assert found.json["mismatches"] == [{"voter": "voter-03", "label": "A", "stated": "5.10", "computed": "5.00"}]
    assert bare("tally", where, "--json", "--planned", "10").json["class"] == "weak"
    assert bare("tally", where, "--json", "--planned", "20").json["class"] == "no-quorum"
    assert "Weak win for A (60%)" in bare("tally", ".", cwd=tmp_path / where).out


def test_people_approve_a_record_where_configuration_wants_it(asked: Repo, cli: Cli) -> None:
    """G8: in the name of whoever commits."""
    asked.commit({"decisions.toml": asked.read("decisions.toml") + '\ngates = ["synthesise", "record"]\n'}, "gates")
    assert cli("run").code == 4
    assert cli("approve", "q1", "synthesise").code == 0
    done = cli("run")
    assert (done.code, "decisions approve q1 record" in done.err) == (4, True)
    assert cli("approve", "q1", "record").code == 0
    assert cli("run").code == 0
    text = asked.at_head(str(cli("record", "q1", "--json").json["path"]))
    assert 'decision-makers: ["Ada Person <ada@example.invalid>"]' in text
    assert cli("audit").code == 0, cli("audit").out


def test_too_few_proposals_are_asked_for_again_once_and_then_the_question_stops(repo: Repo, cli: Cli) -> None:
    """D7: the missing slots once more, then a stop that says so and can be gone on from."""
    cli("init")
    by_hand(repo, "proposer", "judge")
    framing(repo)
    cli("run")
    poor = (
        proposal("index", without="Code Sketch")
        .replace("| 4 | as", "|  | as")
        .replace("nothing, since callers see no difference", "")
    )
    names = {n: f"{Q1}/agents/agent-{n:02d}-proposal.md" for n in range(1, 6)}
    repo.commit({path: proposal("cache") if n < 3 else poor for n, path in names.items()}, "proposals")
    rows = "\n".join(f"| agent-{n:02d} | yes | as asked |" for n in names)
    repo.write("judged.md", f"| Proposal | Complies | Why |\n|---|---|---|\n{rows}\n")
    cli("submit", "q1", "judge", "judged.md")
    assert cli("run").code == 4
    assert "2 in, 3 again" in repo.subjects()[0]
    for number in (3, 4, 5):
        repo.write("again.md", poor.replace("S\n", "M\n") + f"\nAgain {number}.\n")
        assert cli("submit", "q1", f"propose/agent-{number:02d}", "again.md").code == 0
    cli("submit", "q1", "judge", "judged.md")
    done = cli("run")
    assert (done.code, "2 of 5 proposals passed the gate, 3 are needed" in done.err) == (4, True), done.err
    assert "decisions redo q1 propose" in done.err
    assert cli("redo", "q1", "propose", "--force").code == 0
    assert cli("why", "q1").out.count("has to answer (manual)") == 5


# ------------------------------------------------------------------ answers that are there together


def _left(repo: Repo, *numbers: int, bad: int = 0) -> None:
    for number in numbers:
        text = "nothing of the kind\n" if number == bad else proposal(f"way-{number}")
        repo.write(f"{Q1}/agents/agent-{number:02d}-proposal.md", text)


def test_answers_that_are_there_together_are_a_commit_each_and_land_at_once(repo: Repo, cli: Cli) -> None:
    """G1 G2: one answer, one transition; the branch moves once"""
    assert cli("init").code == 0
    by_hand(repo, "proposer", "judge")
    framing(repo)
    assert cli("run").code == 4
    moves = len(repo.git("reflog", "main").split("\n"))
    _left(repo, 1, 2, 3, 4, 5)
    assert cli("run").code == 4
    made = repo.git("log", "-5", "--format=%s%x09%H").split("\n")
    assert [line.split("\t")[0] for line in made] == [f"q1: proposed by agent-{n:02d}" for n in (5, 4, 3, 2, 1)]
    for number, line in zip((5, 4, 3, 2, 1), made, strict=True):
        changed = repo.git("diff-tree", "-r", "--no-commit-id", "--name-only", line.split("\t")[1])
        assert changed == f"{Q1}/agents/agent-{number:02d}-proposal.md"
    assert len(repo.git("reflog", "main").split("\n")) < moves + 5
    assert repo.git("status", "--porcelain") == ""
    assert cli("audit").code == 0


def test_an_answer_that_does_not_fit_keeps_no_other_from_being_recorded(repo: Repo, cli: Cli) -> None:
    """A4: each by itself says why"""
    assert cli("init").code == 0
    by_hand(repo, "proposer", "judge")
    framing(repo)
    assert cli("run").code == 4
    _left(repo, 1, 2, 3, 4, 5, bad=3)
    done = cli("run")
    assert done.code == 4
    assert "the answer of agent-03 does not fit" in done.err
    held = [path for path in repo.files("docs/decisions") if "proposal" in path]
    assert [path[-15:-12] for path in held] == ["-01", "-02", "-04", "-05"] or len(held) == 4
    assert repo.read(f"{Q1}/agents/agent-03-proposal.md") == "nothing of the kind\n"
    assert repo.git("status", "--porcelain", "-uall") == f"?? {Q1}/agents/agent-03-proposal.md"
