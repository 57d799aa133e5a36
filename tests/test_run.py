"""From a committed request to a finished task: the planning workflow through the command line, offline."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import CODE, Cli, Repo

CASE = "_tasks/cache"


def test_a_request_becomes_a_finished_task_one_commit_a_step(started: Repo, cli: Cli) -> None:
    """G1 P1-P10: every document in its place, every transition a commit of exactly its documents."""
    result = cli("run")
    assert result.code == 0, result.err
    assert cli("status", "--json").json["cases"][0]["phase"] == "done"
    names = [path.removeprefix(f"{CASE}/") for path in started.files()]
    assert names[:2] == ["001-user-request.md", "002-roadmap.md"]
    assert [n for n in names if n.startswith("003-")] == [
        f"003-{e}-review.md" for e in ("cousot", "hejlsberg", "steve", "tarjan")
    ]
    designs = [n for n in names if re.fullmatch(r"00\d-.+-design\.md", n)]
    assert designs, "the rule has asked for tracks"
    assert f"{5 + len(designs):03d}-contract.md" in names
    for commit in started.git("log", "--format=%H", "HEAD").split("\n"):
        body = started.git("log", "-1", "--format=%B", commit)
        if "Decisions-Case: cache" in body:
            touched = started.git("show", "--format=", "--name-only", commit).split("\n")
            assert all(path.startswith(CASE) for path in touched) and 1 <= len(touched) <= 2
    assert started.git("status", "--porcelain") == ""
    assert cli("audit").code == 0
    assert cli("check").code == 0


def test_every_offline_document_says_that_no_model_was_called(started: Repo, cli: Cli) -> None:
    """A1: a rehearsal is labelled in front matter and in the text."""
    cli("run")
    for path in started.files():
        if not path.endswith("001-user-request.md"):
            text = started.read(path)
            assert "rehearsal: true" in text and "no model was called" in text, path


def test_two_runs_on_the_same_repository_give_the_same_bytes(started: Repo, cli: Cli) -> None:
    """A1: the same tree, and the same story in the same order."""
    begin = started.git("rev-parse", "HEAD")
    cli("run")
    first = started.git("rev-parse", "HEAD^{tree}"), started.subjects()
    started.git("reset", "-q", "--hard", begin)
    cli("run")
    assert (started.git("rev-parse", "HEAD^{tree}"), started.subjects()) == first


def test_the_request_keeps_every_byte_below_its_front_matter(started: Repo, cli: Cli) -> None:
    """F3 F4: the start inserts front matter above the person's text and changes nothing else."""
    words = "# Café\r\n\r\n---\r\n\r\nNot front matter.   \r\n"
    started.commit({"_tasks/crlf/001-user-request.md": words.encode()})
    cli("run", "crlf")
    data = started.git("cat-file", "blob", "HEAD:_tasks/crlf/001-user-request.md")
    assert data.replace("\r\n", "\n").endswith(words.replace("\r\n", "\n").rstrip("\n"))


def test_a_small_change_of_one_module_ends_at_the_roadmap(repo: Repo, cli: Cli) -> None:
    """P3: with the panel none the case ends there."""
    repo.commit(
        {
            "_tasks/tiny/001-user-request.md": "---\ntype: request\nschema: 1\nstatus: open\npanel: none\n---\n# Tiny\n\nRename a word.\n"
        }
    )
    cli("init")
    cli("start", "tiny")
    assert cli("run").code == 0
    assert repo.files("_tasks/tiny") == ["_tasks/tiny/001-user-request.md", "_tasks/tiny/002-roadmap.md"]
    assert "panel: none" in repo.read("_tasks/tiny/002-roadmap.md")
    assert "the request asks for it" in repo.read("_tasks/tiny/002-roadmap.md")


def test_the_25_percent_rule_takes_both_turns_from_what_is_in_the_repository(started: Repo, cli: Cli) -> None:
    """P6: a tangled repository needs tracks, one component does not."""
    cli("run")
    assert cli("tracks", "cache", "--json").json["needed"] is True
    started.git("rm", "-rq", "--", *[path for path in CODE if not path.startswith("shop/store")])
    alone = (
        CODE["shop/store/db.py"].replace("from shop.rules.check import check\n", "").replace("    check(value)\n", "")
    )
    started.commit({"shop/store/db.py": alone}, "one component")
    started.git("commit", "-qam", "rest")
    started.request("alone")
    assert cli("run", "alone").code == 0
    if "_tasks/alone/004-expert-concerns.md" in started.files():
        assert cli("tracks", "alone", "--json").json["needed"] is False


def test_older_cases_stay_unmanaged_until_they_are_started(repo: Repo, cli: Cli) -> None:
    """F11: init writes a baseline; run leaves older requests alone."""
    repo.request("old")
    assert "1 older case" in cli("init").err
    before = repo.git("rev-parse", "HEAD")
    assert cli("run").code == 0
    assert repo.git("rev-parse", "HEAD") == before
    assert cli("status", "--json").json["cases"][0]["managed"] is False
    assert "decisions start old" in cli("why", "old").out
    assert cli("start", "old").code == 0
    assert cli("run").code == 0
    assert cli("status", "--json").json["cases"][0]["phase"] == "done"


def test_without_init_nothing_is_started(repo: Repo, cli: Cli) -> None:
    repo.request()
    before = repo.git("rev-parse", "HEAD")
    assert cli("run").code == 0
    assert repo.git("rev-parse", "HEAD") == before
    assert "decisions init" in cli("why", "cache").out


def test_pause_resume_and_close_say_why(started: Repo, cli: Cli) -> None:
    assert cli("pause", "cache", "-r", "waiting for the budget").code == 0
    result = cli("run")
    assert result.code == 4 and "decisions resume cache" in result.err
    assert "waiting for the budget" in cli("why", "cache").out
    assert cli("resume", "cache").code == 0
    assert cli("run").code == 0
    assert cli("close", "cache", "-r", "overtaken").code == 0
    assert cli("status", "--json").json["cases"][0]["phase"] == "closed"
    assert cli("audit").code == 0


def test_a_gate_waits_for_a_persons_approval(started: Repo, cli: Cli) -> None:
    """G8: approval is a commit in the person's name, without a backend."""
    started.commit({"decisions.toml": 'baseline = []\ngates = ["plan", "contract"]\n'}, "gates")
    result = cli("run")
    assert result.code == 4 and "decisions approve cache plan" in result.err
    assert "Waiting for people: 1 answer or approval\n" in result.err and "Error" not in result.err
    assert cli("approve", "cache", "contract").code == 1
    assert cli("approve", "cache", "plan").code == 0
    body = started.git("log", "-1", "--format=%B")
    assert "Decisions-Phase: approve" in body and "Decisions-Backend" not in body
    roadmap = started.read(f"{CASE}/002-roadmap.md")
    assert "status: approved" in roadmap and 'decision-makers: ["Ada Person <ada@example.invalid>"]' in roadmap
    assert cli("run").code == 4
    assert cli("approve", "cache", "contract").code == 0
    assert cli("run").code == 0
    assert cli("audit").code == 0


@pytest.mark.skipif(sys.platform == "darwin", reason="NOT RUN: names on this system are UTF-8")
def test_a_folder_that_no_document_can_name_stops_only_itself(started: Repo, cli: Cli) -> None:
    folder = os.fsencode(started.path) + b"/_tasks/bad\xff"
    Path(os.fsdecode(folder)).mkdir()
    Path(os.fsdecode(folder + b"/001-user-request.md")).write_text("# Bad\n\nIts folder has a name from elsewhere.\n")
    started.git("add", "--all")
    started.git("commit", "-qm", "bad")
    result = cli("run")
    assert result.code == 1 and "the folder's name is not UTF-8" in result.err + result.out
    assert {row["case"]: row["phase"] for row in cli("status", "--json").json["cases"]}["cache"] == "done"


def test_a_gate_that_names_no_phase_is_refused(started: Repo, cli: Cli) -> None:
    started.commit({"decisions.toml": 'baseline = []\ngates = ["roadmapp"]\n'}, "gates")
    result = cli("run")
    assert result.code == 1 and "roadmapp" in result.err and "roadmap" in result.err


def test_undo_remembers_and_redo_asks_again(started: Repo, cli: Cli) -> None:
    """G6: history is never rewritten; an undone answer waits for redo."""
    cli("run")
    before = started.git("rev-list", "--count", "HEAD")
    last = started.subjects()[0]
    assert cli("undo", "cache", "-r", "too hasty").code == 0
    assert int(started.git("rev-list", "--count", "HEAD")) == int(before) + 1
    waiting = cli("run")
    assert waiting.code == 4 and "decisions redo cache resolution/" in waiting.err
    command = re.search(r"decisions redo cache (\S+)", waiting.err)
    assert command
    assert cli("redo", "cache", command.group(1)).code == 0
    assert cli("run").code == 0
    assert started.subjects()[0] == last
    assert cli("audit").code == 0


def test_undo_can_go_back_step_by_step(started: Repo, cli: Cli) -> None:
    cli("run")
    for _ in range(4):
        assert cli("undo", "cache").code == 0
    undone = [subject for subject in started.subjects() if "undone" in subject]
    assert len(undone) == len(set(undone)) == 4
    assert cli("audit").code == 0


def test_redo_of_a_review_makes_what_was_built_on_it_stale(started: Repo, cli: Cli) -> None:
    """G7: staleness is a finding that names the command, never an action."""
    started.commit({"decisions.toml": 'baseline = []\n[backends.roles]\nsteve = "manual"\n'}, "steve is a person")
    assert cli("run").code == 4
    review = "# Review by Steve\n\n**Lens:** the user\n\nFine.\n\n## Critical\n\n### F1. Too slow\n\n"
    review += "**Where:** store\n**Problem:** It waits.\n"
    started.write("answer.md", review)
    assert cli("submit", "cache", "steve", "answer.md").code == 0
    assert cli("run").code == 0
    assert not [f for f in cli("check", "--json").json["findings"] if f["rule"] == "stale"]
    assert cli("redo", "cache", "review/steve").code == 0
    started.write("answer.md", review.replace("It waits.", "It waits too long."))
    assert cli("submit", "cache", "steve", "answer.md").code == 0
    stale = [f for f in cli("check", "--json").json["findings"] if f["rule"] == "stale"]
    assert stale and all(f["hint"].startswith("decisions redo cache ") for f in stale)


def test_manual_answers_are_files_that_appear(started: Repo, cli: Cli) -> None:
    """A8: run waits with exit code 4, and takes the file from the slot's own path."""
    started.commit({"decisions.toml": 'baseline = []\n[backends]\ndefault = "manual"\n'}, "people answer")
    waiting = cli("run")
    assert waiting.code == 4 and "002-roadmap.md" in waiting.err
    prompt = cli("prompt", "cache", "roadmap/don")
    assert "# Roadmap: Cache reads of the store" in prompt.out
    path = f"{CASE}/002-roadmap.md"
    started.write(
        path,
        "# Roadmap: Cache\n\n## Prior art\n\nno prior art found\n\n## Trade-offs\n\nMemory.\n\n## Decisions\n\nCache.\n",
    )
    assert cli("run").code == 4
    assert "backend: manual" in started.at_head(path) and started.git("status", "--porcelain") == ""
    assert "roadmap researched by don" in started.subjects()[0]


def test_a_manual_answer_that_does_not_fit_is_named_and_kept(started: Repo, cli: Cli) -> None:
    started.commit({"decisions.toml": 'baseline = []\n[backends]\ndefault = "manual"\n'}, "people answer")
    cli("run")
    path = f"{CASE}/002-roadmap.md"
    started.write(path, "# Roadmap: Cache\n\n## Prior art\n\nnone\n")
    before = started.git("rev-parse", "HEAD")
    result = cli("run")
    assert result.code == 4 and "'Trade-offs' is missing" in result.err
    assert started.git("rev-parse", "HEAD") == before and started.read(path).endswith("none\n")


def test_uncommitted_work_in_a_document_is_waited_for(started: Repo, cli: Cli) -> None:
    """G2: what a person has not committed is theirs."""
    started.commit({"decisions.toml": 'baseline = []\n[backends.roles]\nplanner = "manual"\n'}, "joel is a person")
    assert cli("run").code == 4
    path = f"{CASE}/002-roadmap.md"
    mine = started.read(path) + "\nmy thoughts\n"
    started.write(path, mine)
    result = cli("run")
    assert result.code == 4 and "has uncommitted changes" in result.err
    assert started.read(path) == mine


def test_reviewers_see_no_other_review(started: Repo, cli: Cli) -> None:
    """P4 A2: proved on the bytes that are sent."""
    started.commit({"decisions.toml": 'baseline = []\n[backends.roles]\nsteve = "manual"\n'}, "steve is a person")
    cli("run")
    prompt = cli("prompt", "cache", "review/steve").out
    for expert in ("tarjan", "cousot", "hejlsberg"):
        assert f"003-{expert}" not in prompt
        review = started.read(f"{CASE}/003-{expert}-review.md")
        titles = re.findall(r"^### F\d+\. (.+)$", review, re.M)
        assert not [title for title in titles if title in prompt]
    assert "002-roadmap.md" in prompt and "001-user-request.md" in prompt


def test_an_expert_is_added_in_one_file(started: Repo, cli: Cli) -> None:
    """F9: no code is touched."""
    toml = (
        'baseline = []\nsubject = "plan({case}): {what}"\n[panels]\nfull = ["liskov", "steve"]\nmini = ["liskov"]\n'
        '[experts.liskov]\nname = "Barbara Liskov"\nlens = "Abstraction"\ncatches = "leaks"\n'
    )
    started.commit({"decisions.toml": toml}, "liskov")
    assert cli("run").code == 0
    assert f"{CASE}/003-liskov-review.md" in started.files()
    assert started.subjects()[0].startswith("plan(cache): ")


def test_a_persons_own_resolution_is_taken_as_it_is(started: Repo, cli: Cli) -> None:
    """G8 U6: people speak through commits; a concern resolved by hand is not asked again, and fmt renders its view."""
    cli("run")
    path = f"{CASE}/004-expert-concerns.md"
    slot = re.findall(r"^### (\w+)\. ", started.read(path), re.M)[0]
    assert cli("redo", "cache", f"resolution/{slot}").code == 0
    entry = "**Decision:** [x] Leave it\n**Rationale:** It is small.\n**Contract:** none\n**Track:** Track 1\n**Date:** 2026-01-02"
    started.commit({path: started.read(path).replace("**Decision:** [ ]", entry, 1)}, f"{slot} is settled")
    assert cli("fmt").code == 0
    started.git("commit", "-qam", "fmt")
    before = started.git("rev-parse", "HEAD")
    assert cli("run").code == 0 and started.git("rev-parse", "HEAD") == before
    assert cli("audit").code == 0 and cli("check").code == 0


def test_an_unknown_case_names_the_way_out(started: Repo, cli: Cli) -> None:
    for args in (
        ("run", "nope"),
        ("why", "nope"),
        ("show", "nope"),
        ("log", "nope"),
        ("start", "nope"),
        ("redo", "nope", "x"),
    ):
        result = cli(*args)
        assert result.code == 1 and "nope" in result.err and "Hint: decisions status" in result.err, args


@pytest.mark.parametrize("command", ["undo", "redo"])
def test_undo_and_redo_refuse_what_there_is_not(started: Repo, cli: Cli, command: str) -> None:
    args = ("undo", "cache") if command == "undo" else ("redo", "cache", "nothing")
    assert cli(*args).code == 1


def test_next_tells_what_people_can_do(started: Repo, cli: Cli) -> None:
    """U2"""
    assert "decisions run cache" in cli("next").out
    cli("run")
    assert cli("next", "--json").json["next"] == []


def test_prior_art_names_a_source_or_says_that_there_is_none(started: Repo, cli: Cli) -> None:
    """P2"""
    body = "# Roadmap: Cache\n\n## Prior art\n\n{}\n\n## Trade-offs\n\nMemory.\n\n## Decisions\n\nCache.\n"
    started.write("a.md", body.format("We know this field."))
    started.commit({"decisions.toml": 'baseline = []\n[backends]\ndefault = "manual"\n'}, "people answer")
    cli("run")
    result = cli("submit", "cache", "roadmap/don", "a.md")
    assert result.code == 1 and "no outside source" in result.err
    started.write("a.md", body.format("See https://example.invalid/caches for eviction."))
    assert cli("submit", "cache", "roadmap/don", "a.md").code == 0


def test_a5_what_a_run_cut_short_between_two_removals_left_is_swept_by_the_next(
    started: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.unlink

    def cut(path: Path, missing_ok: bool = False) -> None:
        real(path, missing_ok)
        if path.parent.name in {"spool", "intents"}:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "unlink", cut)
    assert cli("run").code == 130
    monkeypatch.setattr(Path, "unlink", real)
    assert cli("run").code == 0
    store = started.path / ".git/decisions"
    assert [*(store / "spool").glob("*"), *(store / "intents").glob("*")] == []
