"""The audit finds what was done behind the program's back, and passes what people may do."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli, Repo, Result, decisions, make_repo

CASE = "_tasks/cache"
REVIEW = f"{CASE}/003-tarjan-review.md"
ROADMAP = f"{CASE}/002-roadmap.md"
CONCERNS = f"{CASE}/004-expert-concerns.md"
BOSS = "Boss <boss@example.invalid>"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one finished case, for every test to copy."""
    repo = make_repo(tmp_path_factory.mktemp("model") / "repo")
    decisions("init", cwd=repo.path, check=True)
    repo.request()
    decisions("run", "-q", cwd=repo.path, check=True)
    repo.git("repack", "-adq")
    for folder in ("decisions", "hooks"):
        shutil.rmtree(repo.path / ".git" / folder)
    return repo.path


@pytest.fixture
def repo(tmp_path: Path, model: Path) -> Repo:
    shutil.copytree(model, tmp_path / "repo")
    repo = Repo(tmp_path / "repo")
    repo.git("update-index", "--refresh")
    return repo


@pytest.fixture
def finished(repo: Repo) -> Repo:
    """A case that is done."""
    return repo


@pytest.fixture
def reviewed(repo: Repo) -> Repo:
    """A case whose concerns have owners, and a short history."""
    repo.git("reset", "-q", "--hard", at(repo, "concerns owned"))
    return repo


@pytest.fixture
def started(repo: Repo) -> Repo:
    """A case that has not begun."""
    repo.git("reset", "-q", "--hard", at(repo, "Request: cache"))
    return repo


def trailers(**values: str) -> str:
    return "".join(f"Decisions-{name}: {value}\n" for name, value in values.items())


def reworded(repo: Repo, path: str = REVIEW) -> dict[str, str | bytes]:
    """A recorded document with another word in it."""
    text = repo.read(path)
    assert "**Problem:** " in text
    return {path: text.replace("**Problem:** ", "**Problem:** No. ", 1)}


def say(repo: Repo, message: str, files: dict[str, str | bytes] | None = None) -> str:
    """A person's commit of everything, with a message that git leaves as it is; its id."""
    for path, text in (files or {}).items():
        repo.write(path, text)
    repo.git("add", "-A")
    repo.git("commit", "-q", "--cleanup=verbatim", "-F", "-", stdin=message)
    return repo.git("rev-parse", "HEAD")


def at(repo: Repo, subject: str) -> str:
    """The commit whose subject holds these words."""
    return repo.git("log", "-1", "--format=%H", f"--grep={subject}", "--fixed-strings")


def rules(result: Result, severity: str = "error") -> set[str]:
    return {finding["rule"] for finding in result.json["findings"] if finding["severity"] == severity}


def blamed(cli: Cli) -> set[str]:
    """The beginnings of the ids of commits in which something is wrong."""
    found = cli("audit", "--json").json["findings"]
    return {
        id_ for f in found if f["severity"] == "error" for id_ in re.findall(r" in ([0-9a-f]{10}) by ", f["message"])
    }


def clean(cli: Cli) -> bool:
    """Whether the audit has nothing at all to say."""
    result = cli("audit", "--json")
    assert not result.json["findings"], result.json["findings"]
    return result.code == 0


def test_a_fresh_clone_is_proved_offline(finished: Repo, cli: Cli, tmp_path: Path) -> None:
    """G4"""
    finished.git("clone", "-q", str(finished.path), str(tmp_path / "clone"))
    assert cli("audit", cwd=tmp_path / "clone").code == 0


def test_an_edited_answer_is_named_with_its_commit(reviewed: Repo, cli: Cli) -> None:
    commit = reviewed.commit(reworded(reviewed), "tidy")
    result = cli("audit", "--json")
    assert result.code == 1 and result.json["first"] == commit
    assert any(f["rule"] == "audit/edited" and f["path"] == REVIEW for f in result.json["findings"])


def test_an_amend_commit_with_a_reason_is_no_edit(reviewed: Repo, cli: Cli) -> None:
    """G8"""
    reviewed.commit(reworded(reviewed), "amend: wrong line")
    assert cli("audit").code == 0


def test_changed_provenance_and_removed_documents_are_found(finished: Repo, cli: Cli) -> None:
    path = f"{CASE}/003-steve-review.md"
    finished.commit({path: finished.read(path).replace("rehearsal: true\n", "")}, "tidy")
    assert cli("audit").code == 1
    finished.git("reset", "-q", "--hard", "HEAD~1")
    finished.git("rm", "-q", path)
    finished.git("commit", "-q", "-m", "gone")
    assert cli("audit").code == 1


def test_trailers_by_hand_do_not_make_a_transition(reviewed: Repo, cli: Cli) -> None:
    """Forged, because the phase was not due."""
    message = "x\n\n" + trailers(Case="cache", Phase="panel", Slot="panel", Backend="rule")
    reviewed.commit({f"{CASE}/notes.md": "x"}, message)
    assert cli("audit").code == 1


def test_a_squash_merge_is_folded_and_its_contents_are_verified(finished: Repo, cli: Cli) -> None:
    finished.git("branch", "work")
    finished.git("reset", "-q", "--hard", at(finished, "Request: cache"))
    finished.git("merge", "-q", "--squash", "work")
    finished.git("commit", "-q", "-m", "Squash the work")
    result = cli("audit", "--json")
    assert result.code == 0, result.json["findings"]
    assert any(f["rule"] == "audit/folded" for f in result.json["findings"])


# ---------------------------------------------------------------------- what people may do


def test_everything_that_people_say_through_the_program_is_legal(started: Repo, cli: Cli) -> None:
    """G8: and each of it is one transition."""
    started.commit({"decisions.toml": 'baseline = []\ngates = ["plan"]\n'}, "gates")
    assert cli("pause", "cache", "-r", "why\n\nDecisions-Case: other").code == cli("resume", "cache").code == 0
    assert cli("run").code == 4
    words: tuple[tuple[str, ...], ...] = (
        ("approve", "cache", "plan"), ("undo", "cache"), ("approve", "cache", "plan"), ("redo", "cache", "plan"),
        ("new", "task", "Second", "--commit"), ("close", "second"), ("resume", "second"), ("close", "cache"),
    )  # fmt: skip
    for args in words:
        assert cli(*args).code == 0, args
    said = started.git("log", "--format=%(trailers:key=Decisions-Case,valueonly)").split()
    assert clean(cli) and cli("audit", "--json").json["summary"]["transitions"] == len(said) > 12


def test_answers_that_were_undone_and_asked_again_are_legal(finished: Repo, cli: Cli) -> None:
    for args in (("undo", "cache"), ("undo", "cache"), ("redo", "cache", "resolution"), ("run",)):
        assert cli(*args).code == 0, args
    assert clean(cli)


def test_an_answer_that_a_person_handed_in_is_legal(started: Repo, cli: Cli) -> None:
    started.commit({"decisions.toml": 'baseline = []\n[backends]\ndefault = "manual"\n'}, "people answer")
    assert cli("run").code == 4
    started.write(
        "a.md",
        "# Roadmap: Cache\n\n## Prior art\n\nno prior art found\n\n## Trade-offs\n\nMemory.\n\n## Decisions\n\nCache.\n",
    )
    assert cli("submit", "cache", "roadmap/don", "a.md").code == 0
    assert clean(cli)


FRAMING = "docs/decisions/working/q1/framing.md"
WORDS = """\
QUESTION: Which cache does the store use?

SCOPE:
  In scope:
    - reads
  Out of scope:
    - writes

SUCCESS CRITERIA:
  1. A second read takes less than 1 ms.
  2. No read returns an old value.

KEY FILES (3-7):
  - shop/store/db.py — reads
  - shop/rules/check.py — checks
  - shop/web/views.py — shows

IDENTITY: none
IMPACT: low
"""


@pytest.fixture
def asked(started: Repo, cli: Cli) -> Repo:
    """A question that waits for a person's word."""
    started.commit({FRAMING: WORDS}, "Question: q1")
    assert cli("run", "q1").code == 4
    return started


def test_a_question_that_a_person_decides_is_legal(asked: Repo, cli: Cli) -> None:
    words: tuple[tuple[str, ...], ...] = (
        ("pause", "q1"), ("resume", "q1"), ("decide", "q1", "A dictionary"), ("undo", "q1"), ("decide", "q1", "A list", "-r", "short"),
        ("run", "q1"),
    )  # fmt: skip
    for args in words:
        assert cli(*args).code == 0, args
    assert clean(cli) and "A list" in cli("record", "q1").out


def test_an_approval_by_hand_in_ones_own_name_is_legal(reviewed: Repo, cli: Cli) -> None:
    reviewed.commit(approved(reviewed, "Ada Person <ada@example.invalid>"), "I agree")
    assert clean(cli)


# ---------------------------------------------------------------------- merges, and histories that were rewritten


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_merge_commit_is_no_transition_and_no_edit(reviewed: Repo, cli: Cli, side: str) -> None:
    reviewed.git("branch", "side")
    reviewed.git("reset", "-q", "--hard", at(reviewed, "Request: cache"))
    reviewed.commit({"news.txt": "news\n"}, "news")
    if side == "theirs":
        reviewed.git("branch", "-m", "side", "run")
        reviewed.git("branch", "side")
        reviewed.git("reset", "-q", "--hard", "run")
    reviewed.git("merge", "-q", "--no-ff", "--no-edit", "side")
    assert reviewed.git("rev-parse", "HEAD^2") and clean(cli)


def test_cases_that_went_on_in_two_branches_may_be_merged(started: Repo, cli: Cli) -> None:
    started.request("second")
    for branch, case in (("one", "cache"), ("two", "second")):
        started.git("switch", "-q", "-c", branch, "main")
        assert cli("pause", case).code == 0
    started.git("merge", "-q", "--no-edit", "one")
    assert clean(cli)


def test_what_a_merge_slips_in_is_found(reviewed: Repo, cli: Cli) -> None:
    reviewed.git("switch", "-q", "-c", "side", "HEAD~3")
    reviewed.commit({"news.txt": "news\n"}, "news")
    reviewed.git("switch", "-q", "main")
    reviewed.git("merge", "-q", "--no-ff", "--no-commit", "side")
    commit = say(reviewed, "Merge branch 'side'\n", reworded(reviewed))
    result = cli("audit", "--json")
    assert result.json["first"] == commit and rules(result) == {"audit/edited"}
    reviewed.git("commit", "-q", "--amend", "-m", "amend: both were wrong")
    assert cli("audit").code == 0


def test_a_merge_may_combine_what_its_sides_have_answered(finished: Repo, cli: Cli) -> None:
    """Each side has resolved another concern: the merge is told, and no edit."""
    both = finished.git("rev-parse", "HEAD")
    finished.git("switch", "-q", "-c", "side", "HEAD~2")
    finished.git("cherry-pick", both, check=False)
    finished.git("checkout", "-q", both, "--", CONCERNS)
    text, begin = finished.read(CONCERNS), finished.git("show", f"HEAD:{CONCERNS}")
    old, new = (re.search(r"(?ms)^### Q1\. .*?(?=^##|\Z)", part) for part in (begin, text))
    assert old and new
    finished.write(CONCERNS, text.replace(new.group(), old.group()))
    assert cli("fmt").code == 0
    finished.git("commit", "-qa", "-C", both)
    finished.git("merge", "-q", "--no-commit", f"{both}~1", check=False)
    finished.git("checkout", "-q", both, "--", CONCERNS)
    finished.git("commit", "-qm", "Merge")
    result = cli("audit", "--json")
    assert result.code == 0 and rules(result, "warning") == {"audit/merge"}, result.json["findings"]


def test_a_merge_that_drops_what_one_side_has_answered_is_told(finished: Repo, cli: Cli) -> None:
    finished.git("switch", "-q", "-c", "side", at(finished, "concerns owned"))
    finished.commit({"news.txt": "news\n"}, "news")
    finished.git("switch", "-q", "main")
    finished.git("merge", "-q", "--no-ff", "--no-commit", "side")
    finished.git("checkout", "-q", "side", "--", CONCERNS)
    say(finished, "Merge branch 'side'\n")
    assert cli("audit", "--json").json["findings"]


@pytest.mark.parametrize("strategy", ["ours", "amend: ours"])
def test_a_merge_that_drops_a_whole_side_is_found(finished: Repo, cli: Cli, strategy: str) -> None:
    """Unless it says so."""
    finished.git("switch", "-q", "-c", "side", at(finished, "concerns owned"))
    finished.commit({"news.txt": "news\n"}, "news")
    finished.git("merge", "-q", "-s", "ours", "-m", strategy, "main")
    result = cli("audit", "--json")
    found = rules(result), rules(result, "warning")
    assert found == (({"audit/edited"}, set()) if strategy == "ours" else (set(), {"audit/merge"}))


def test_an_undo_on_one_side_survives_a_merge(reviewed: Repo, cli: Cli) -> None:
    """What the other side still has, it has from before."""
    reviewed.git("branch", "side")
    assert cli("undo", "cache").code == 0
    reviewed.git("switch", "-q", "side")
    reviewed.commit({"news.txt": "news\n"}, "news")
    reviewed.git("merge", "-q", "--no-ff", "--no-edit", "main")
    assert clean(cli)


def test_a_merge_decides_for_nobody(asked: Repo, cli: Cli) -> None:
    """Nor does it change what the program keeps of a question."""
    asked.git("switch", "-q", "-c", "side")
    asked.commit({"news.txt": "news\n"}, "news")
    asked.git("switch", "-q", "main")
    text = asked.read(FRAMING)
    other = re.sub(r"(?m)^pinned: .*$", f"pinned: {asked.git('rev-parse', 'HEAD')}", text)
    for rule, written in (
        ("approval", text.replace("---\n", f'---\ndecided: A list\nby: "{BOSS}"\n', 1)),
        ("edited", other),
    ):
        asked.git("merge", "-q", "--no-ff", "--no-commit", "side")
        say(asked, "Merge branch 'side'\n", {FRAMING: written})
        assert rules(cli("audit", "--json")) == {f"audit/{rule}"}
        asked.git("reset", "-q", "--hard", "HEAD~1")


def squash(repo: Repo, begin: str, more: str = "") -> None:
    """What a forge makes of a branch: one commit whose message lists the others."""
    tip = repo.git("rev-parse", "HEAD")
    told = repo.git("log", "--reverse", "--format=* %B", f"{begin}..HEAD")
    repo.git("reset", "-q", "--hard", begin)
    repo.git("merge", "-q", "--squash", tip)
    repo.git("commit", "-q", "-F", "-", stdin=f"Plan the cache (#12)\n\n{told}\n{more}")


@pytest.mark.parametrize("begin", ["Request: cache", "concerns owned"])
def test_a_squash_by_a_forge_is_folded_although_its_message_carries_trailers(
    finished: Repo, cli: Cli, begin: str
) -> None:
    squash(finished, at(finished, begin), "Co-authored-by: Bob <bob@example.invalid>\n")
    result = cli("audit", "--json")
    assert result.code == 0 and rules(result, "warning") == {"audit/folded"}, result.json["findings"]


@pytest.mark.parametrize("message", ["by a forge", "by git", "by hand"])
@pytest.mark.parametrize("begin", ["Question: q1", "HEAD"])
def test_a_squash_of_a_question_is_folded(asked: Repo, cli: Cli, begin: str, message: str) -> None:
    """Its record and who decided included; the pinned commit may have gone."""
    start = at(asked, begin) if begin != "HEAD" else asked.git("rev-parse", "HEAD")
    assert cli("decide", "q1", "A list").code == cli("run", "q1").code == 0
    if message == "by a forge":
        squash(asked, start)
    else:
        tip = asked.git("rev-parse", "HEAD")
        asked.git("reset", "-q", "--hard", start)
        asked.git("merge", "-q", "--squash", tip)
        asked.git("commit", "-q", *(["-m", "Squash q1"] if message == "by hand" else ["--no-edit"]))
    result = cli("audit", "--json")
    assert result.code == 0 and rules(result, "warning") == {"audit/folded"}, result.json["findings"]


def test_a_squash_hides_no_edit(finished: Repo, cli: Cli) -> None:
    begin = at(finished, "concerns owned")
    finished.commit(reworded(finished), "tidy")
    squash(finished, begin)
    result = cli("audit", "--json")
    assert result.json["first"] == finished.git("rev-parse", "HEAD") and "audit/edited" in rules(result)


@pytest.mark.parametrize(
    "more",
    ["", "\n\nCo-authored-by: Bob <bob@example.invalid>\n"],
    ids=["alone", "co-authored"],
)
def test_a_squash_of_one_transition_is_that_transition(reviewed: Repo, cli: Cli, more: str) -> None:
    message = reviewed.git("log", "-1", "--format=%B").replace("\n", " (#12)\n", 1)
    reviewed.git("commit", "-q", "--amend", "-F", "-", stdin=message + more)
    assert cli("audit").code == 0


@pytest.mark.parametrize("how", ["rebase --signoff", "cherry-pick -x"])
def test_a_history_that_was_moved_elsewhere_is_told_and_goes_on(reviewed: Repo, cli: Cli, how: str) -> None:
    for args in (("undo", "cache"), ("redo", "cache", "owners")):
        assert cli(*args).code == 0
    begin = at(reviewed, "Request: cache")
    reviewed.git("switch", "-q", "-c", "up", begin)
    reviewed.commit({"news.txt": "news\n"}, "news")
    if how.startswith("rebase"):
        reviewed.git("switch", "-q", "main")
        reviewed.git(*how.split(), "-q", "up")
    else:
        reviewed.git(*how.split(), f"{begin}..main")
    result = cli("audit", "--json")
    assert result.code == 0 and rules(result, "warning") == {"audit/folded"}
    assert cli("undo", "cache").code == 0 and cli("audit").code == 0


def test_what_git_reverts_is_named(reviewed: Repo, cli: Cli) -> None:
    """The program's own way back is undo."""
    reviewed.git("revert", "--no-edit", "HEAD")
    assert cli("audit", "--json").json["first"] == reviewed.git("rev-parse", "HEAD")


def test_a_case_that_is_gone_is_found(reviewed: Repo, cli: Cli) -> None:
    reviewed.git("rm", "-rq", CASE)
    commit = say(reviewed, "gone\n")
    assert cli("audit", "--json").json["first"] == commit


def test_a_case_that_is_gone_is_found_by_its_name(reviewed: Repo, cli: Cli) -> None:
    reviewed.git("rm", "-rq", CASE)
    commit = say(reviewed, "gone\n")
    assert commit in cli("audit", "cache").out


# ---------------------------------------------------------------------- the last commit, amended


def test_a_tip_that_was_amended_by_somebody_else_is_still_the_transition(reviewed: Repo, cli: Cli) -> None:
    reviewed.git(
        "commit",
        "-q",
        "--amend",
        "--no-edit",
        "--author",
        BOSS,
        "--date",
        "2001-01-01",
        "--trailer",
        f"Reviewed-by: {BOSS}",
    )
    assert clean(cli)


def _linked(repo: Repo) -> None:
    (repo.path / CONCERNS).unlink()
    (repo.path / CONCERNS).symlink_to("003-steve-review.md")


SWEPT: dict[str, tuple[str, Callable[[Repo], object]]] = {
    "code": ("changed a file outside", lambda repo: repo.write("shop/store/db.py", "pass\n")),
    "settings": ("changed a file outside", lambda repo: repo.write("decisions.toml", "baseline = []\n")),
    "a note in the folder of the case": (
        "does not write this file",
        lambda repo: repo.write(f"{CASE}/notes.md", "mine\n"),
    ),
    "another review": (
        "does not write this file",
        lambda repo: repo.write(f"{CASE}/003-knuth-review.md", "# Review\n"),
    ),
    "another concern": (
        "more than its part",
        lambda repo: repo.write(CONCERNS, str(reworded(repo, CONCERNS)[CONCERNS])),
    ),
    "a document removed": ("cannot be read", lambda repo: (repo.path / REVIEW).unlink()),
    "a link in the place of the document": ("something else than a regular file", _linked),
}


@pytest.mark.parametrize(("said", "sweep"), SWEPT.values(), ids=SWEPT)
def test_what_was_swept_along_into_a_transition_is_found(
    reviewed: Repo, cli: Cli, said: str, sweep: Callable[[Repo], object]
) -> None:
    sweep(reviewed)
    reviewed.git("add", "-A")
    reviewed.git("commit", "-q", "--amend", "--no-edit")
    result = cli("audit", "--json")
    assert result.code == 1 and result.json["first"] == reviewed.git("rev-parse", "HEAD")
    assert said in result.json["findings"][0]["message"]


@pytest.mark.parametrize("case", ["cache", "other"])
def test_a_file_swept_out_of_another_case_is_found_from_both(reviewed: Repo, cli: Cli, case: str) -> None:
    reviewed.request("other")
    commit = say(
        reviewed,
        "x\n\n" + trailers(Case="cache", Phase="pause", Slot="request"),
        {"_tasks/other/x.md": "x\n", f"{CASE}/x.md": "x\n"},
    )
    result = cli("audit", case, "--json")
    assert result.json["first"] == commit and rules(result) == {"audit/swept"}


def test_an_answer_before_its_time_is_found(reviewed: Repo, cli: Cli) -> None:
    """A true one, with all that belongs to it."""
    review = at(reviewed, "reviewed by tarjan")
    message, text = reviewed.git("log", "-1", "--format=%B", review), reviewed.git("show", f"{review}:{REVIEW}")
    reviewed.git("reset", "-q", "--hard", at(reviewed, "roadmap planned"))
    commit = say(reviewed, message, {REVIEW: f"{text}\n"})
    result = cli("audit", "--json")
    assert result.json["first"] == commit and "was not due" in result.json["findings"][0]["message"]


# ---------------------------------------------------------------------- computed documents, edited afterwards


@pytest.mark.parametrize("key", ["phase", "pinned", "agent", "backend", "inputs", "unmet"])
def test_no_word_of_where_a_document_comes_from_changes_unsaid(reviewed: Repo, cli: Cli, key: str) -> None:
    text = re.sub(rf"(?m)^{key}:.*\n(?:[ ]+.*\n)*", "", reviewed.read(ROADMAP), count=1)
    commit = reviewed.commit({ROADMAP: text}, "tidy")
    result = cli("audit", "--json")
    assert result.code == 1 and result.json["first"] == commit


def paneled(repo: Repo, panel: str, reason: str) -> dict[str, str | bytes]:
    text = re.sub(r"(?m)^panel: .*$", f"panel: {panel}", repo.read(ROADMAP))
    return {ROADMAP: re.sub(r"(?m)^panel-reason: .*$", f'panel-reason: "{reason}"', text)}


def test_a_panel_that_the_rule_does_not_choose_is_found(reviewed: Repo, cli: Cli) -> None:
    reviewed.commit(paneled(reviewed, "mini", "2 subsystems"), "tidy")
    assert "audit/recomputed" in rules(cli("audit", "--json"))


def test_the_commit_that_edits_the_panel_is_named(reviewed: Repo, cli: Cli) -> None:
    commit = reviewed.commit(paneled(reviewed, "mini", "2 subsystems"), "tidy")
    assert cli("audit", "--json").json["first"] == commit


def test_a_panel_that_nobody_asked_to_drop_is_found(reviewed: Repo, cli: Cli) -> None:
    reviewed.git("reset", "-q", "--hard", at(reviewed, "panel chosen"))
    reviewed.commit(paneled(reviewed, "none", "the request asks for it"), "tidy")
    assert cli("run").code == 0 and cli("status", "--json").json["cases"][0]["phase"] == "done"
    assert cli("audit").code == 1


def test_a_panel_that_the_request_asked_for_may_be_withdrawn(reviewed: Repo, cli: Cli) -> None:
    """It was chosen while the request asked for it: told, and no edit."""
    reviewed.git("reset", "-q", "--hard", at(reviewed, "roadmap planned"))
    path = f"{CASE}/001-user-request.md"
    text = reviewed.read(path)
    reviewed.commit({path: text.replace("---\n", "---\npanel: mini\n", 1)}, "mini, please")
    assert cli("run").code == 0 and clean(cli)
    reviewed.commit({path: text}, "never mind")
    result = cli("audit", "--json")
    assert result.code == 0 and rules(result, "warning") == {"audit/recomputed"}


def test_the_reserved_contract_is_recomputed(finished: Repo, cli: Cli) -> None:
    finished.git("reset", "-q", "--hard", at(finished, "contract reserved"))
    path = next(path for path in finished.files() if path.endswith("contract.md"))
    finished.write(path, finished.read(path).replace("Track 1: ", "Track 1: not ", 1))
    finished.git("commit", "-qa", "--amend", "--no-edit")
    result = cli("audit", "--json")
    assert result.json["first"] == finished.git("rev-parse", "HEAD") and "audit/recomputed" in rules(result)


@pytest.mark.parametrize("edit", ["removed", "another decision"])
def test_the_addressing_log_is_not_edited_unsaid(finished: Repo, cli: Cli, edit: str) -> None:
    text = finished.read(CONCERNS)
    row = re.search(r"(?m)^\| C1 \|.*Track 1 and Track 2.*\n", text)
    assert row
    other = "" if edit == "removed" else row.group().replace("Track 1 and Track 2", "Track 1")
    finished.commit({CONCERNS: text.replace(row.group(), other)}, "tidy")
    assert cli("audit").code == 1


def test_a_concern_that_was_settled_by_hand_may_get_its_row_later(finished: Repo, cli: Cli) -> None:
    """Its own row, not one that says something else."""
    settled = finished.read(CONCERNS)
    finished.git("reset", "-q", "--hard", at(finished, "concerns owned"))
    rows = "".join(f"{line}\n" for line in settled.split("\n") if re.match(r"\| [CINQ]\d", line))
    finished.commit({CONCERNS: settled.replace(rows, "")}, "settled")
    finished.commit({CONCERNS: settled}, "fmt")
    assert rows and cli("audit").code == 0
    commit = finished.commit({CONCERNS: settled.replace(rows, rows.upper())}, "tidy")
    assert cli("audit", "--json").json["first"] == commit


def test_rows_of_the_addressing_log_do_not_trade_words(finished: Repo, cli: Cli) -> None:
    text = finished.read(CONCERNS)
    first, second, *_ = re.findall(r"(?m)^\| [CINQ]\d.*\n", text)
    ids = first.split(" ", 2)[1], second.split(" ", 2)[1]
    traded = text.replace(first, first.replace(*ids)).replace(second, second.replace(*reversed(ids)))
    finished.commit({CONCERNS: traded}, "tidy")
    assert traded != text and rules(cli("audit", "--json")) == {"audit/edited"}


def test_the_label_of_a_rehearsal_does_not_go_unsaid(reviewed: Repo, cli: Cli) -> None:
    """A1: in front matter and in the text."""
    text = re.sub(r"(?m)^> \*\*Rehearsal:\*\*.*\n\n", "", reviewed.read(REVIEW))
    assert text != reviewed.read(REVIEW)
    reviewed.commit({REVIEW: text}, "tidy")
    assert cli("audit").code == 1


# ---------------------------------------------------------------------- trailers


PAUSED = trailers(Case="cache", Phase="pause", Slot="request")
FORGED = (
    f"x\n\nDecisions-Case: cache\n{PAUSED}", f"x\n\n{PAUSED}Decisions-Phase: close\n", "x\n\nDecisions-Colour: red\nDecisions-Colour: red\n",
    f"x\n\n{PAUSED}\nThe end.\n", f"x\n\n{PAUSED}\nCo-authored-by: nobody\n",
    f"x\n\n{PAUSED}\nThe end.\n\nCo-authored-by: A <a@b>\n", f"x\n\n{PAUSED}\n---\n\nmore\n", f"x\n\nDecisions-Case: other\n\n{PAUSED}",
)  # fmt: skip


def test_trailers_that_stand_twice_or_in_the_body_are_found(reviewed: Repo, cli: Cli) -> None:
    """Whatever their commits do."""
    made = {say(reviewed, said, {f"{CASE}/notes.md": f"{n}\n"}): said for n, said in enumerate(FORGED)}
    result = cli("audit", "--json")
    assert rules(result) == {"audit/forged"} and result.json["first"] == next(iter(made))
    assert {made[id_] for id_ in made if id_[:10] not in blamed(cli)} == set()


NO_TRAILERS = (
    f"x\n\n{PAUSED}\n{PAUSED}", PAUSED, f"x\n{PAUSED}", f"x\n\n* y\n\n{PAUSED}", f"x\n\n{PAUSED.lower()}",
    "x\n\n" + re.sub("(?m)^", "    ", PAUSED), "x\n\n" + re.sub("(?m)^", "> ", PAUSED), f"x\n\n{PAUSED}".replace("\n", "\r\n"),
    f"x\n\n{PAUSED}".replace("\n", "\r"), "x\n\n" + PAUSED.replace("\n", "\u2028"), "x\n\n" + PAUSED.replace(": ", ":\u00a0"),
    f"x\n\n{PAUSED}# amend: why\n", f"x\n\n{PAUSED}\n \t\n", "x\n\namends: nothing\n", "x\n\nAMEND-ish\n", " amend: why\n", "amend:\n",
    "fixup! amend: why\n", "Squashed commit of the following:\n",
)  # fmt: skip


def test_no_form_of_a_message_excuses_an_edit(reviewed: Repo, cli: Cli) -> None:
    made = {say(reviewed, said, reworded(reviewed)): said for said in NO_TRAILERS}
    found = blamed(cli)
    assert {made[id_] for id_ in made if id_[:10] not in found} == set()


DISGUISES = (
    ("undo", "HEAD"), ("pause", "request"), ("resume", "request"), ("close", "request"), ("approve", "review"), ("redo", "tarjan"),
    ("init", "baseline"), ("request", "request"), ("start", "request"), ("panel", "panel"), ("review", "tarjan"), ("resolution", "Q1"),
    ("research", "store"), ("nonsense", "x"), ("undo", "HEAD"),
)  # fmt: skip


def test_no_transition_is_a_disguise_for_an_edit(reviewed: Repo, cli: Cli) -> None:
    """Due or not."""
    made = {}
    for phase, slot in DISGUISES:
        value = reviewed.git("rev-parse", "HEAD") if slot == "HEAD" else slot
        made[say(reviewed, "x\n\n" + trailers(Case="cache", Phase=phase, Slot=value), reworded(reviewed))] = phase
    found = blamed(cli)
    assert {made[id_] for id_ in made if id_[:10] not in found} == set()


def test_an_undo_of_what_is_not_here_is_no_disguise_for_an_edit(reviewed: Repo, cli: Cli) -> None:
    commit = say(reviewed, "x\n\n" + trailers(Case="cache", Phase="undo", Slot="d" * 40), reworded(reviewed))
    result = cli("audit", "--json")
    assert result.code == 1 and result.json["first"] == commit


def test_an_undo_that_was_moved_takes_back_the_last_transition_only(reviewed: Repo, cli: Cli) -> None:
    """What it names is not here; that it removes an answer from the middle shows."""
    reviewed.git("rm", "-q", REVIEW)
    commit = say(reviewed, "x\n\n" + trailers(Case="cache", Phase="undo", Slot="d" * 40))
    result = cli("audit", "--json")
    assert result.code == 1 and result.json["first"] == commit


@pytest.mark.parametrize("times", [1, 2])
def test_an_undo_whose_answer_was_moved_is_told_and_no_more(reviewed: Repo, cli: Cli, times: int) -> None:
    begin = at(reviewed, "Request: cache")
    for _ in range(times):
        assert cli("undo", "cache").code == 0
    reviewed.git("switch", "-q", "-c", "up", begin)
    reviewed.commit({"news.txt": "news\n"}, "news")
    reviewed.git("switch", "-q", "main")
    reviewed.git("rebase", "-q", "up")
    result = cli("audit", "--json")
    assert result.code == 0 and rules(result, "warning") == {"audit/folded"}, result.json["findings"]


# ---------------------------------------------------------------------- approvals


def approved(repo: Repo, *makers: str) -> dict[str, str | bytes]:
    """The roadmap with an approval in somebody's name."""
    names = ", ".join(f'"{maker}"' for maker in makers)
    text = repo.read(ROADMAP).replace("status: planned", "status: approved")
    return {ROADMAP: text.replace("---\n", f"---\ndecision-makers: [{names}]\n", 1) if makers else text}


FALSE = {
    "by hand": "I agree\n",
    "as a transition": "x\n\n" + trailers(Case="cache", Phase="approve", Slot="plan"),
    "as an answer": "x\n\n" + trailers(Case="cache", Phase="plan", Slot="joel", Backend="offline"),
    "as a pause": f"x\n\n{PAUSED}",
    "as an amendment": "amend: she said so\n",
    "named as a co-author": f"x\n\nCo-authored-by: {BOSS}\n",
}


@pytest.mark.parametrize("message", FALSE.values(), ids=FALSE)
def test_nobody_approves_in_the_name_of_another(reviewed: Repo, cli: Cli, message: str) -> None:
    """G8"""
    commit = say(reviewed, message, approved(reviewed, BOSS))
    result = cli("audit", "--json")
    assert result.code == 1 and result.json["first"] == commit


@pytest.mark.parametrize("makers", [(), ("Ada Person <ada@example.invalid>", BOSS), ("Ada Person",)])
def test_an_approval_names_its_author_and_nobody_else(reviewed: Repo, cli: Cli, makers: tuple[str, ...]) -> None:
    commit = say(reviewed, "I agree\n", approved(reviewed, *makers))
    result = cli("audit", "--json")
    assert result.json["first"] == commit and rules(result) == {"audit/approval"}


def test_an_approval_that_was_amended_by_another_person_is_found(reviewed: Repo, cli: Cli) -> None:
    assert cli("approve", "cache", "plan").code == 0 and clean(cli)
    reviewed.git("commit", "-q", "--amend", "--no-edit", "--author", BOSS)
    assert rules(cli("audit", "--json")) == {"audit/approval"}


@pytest.mark.parametrize(
    "message",
    [
        "settled\n",
        "x\n\n" + trailers(Case="q1", Phase="decide", Slot="framing"),
        "x\n\n" + trailers(Case="q1", Phase="pause", Slot="framing"),
    ],
    ids=["by hand", "as a decision", "as a pause"],
)
def test_nobody_decides_in_the_name_of_another(asked: Repo, cli: Cli, message: str) -> None:
    """G8"""
    text = asked.read(FRAMING).replace("---\n", f'---\ndecided: A list\nby: "{BOSS}"\n', 1)
    commit = say(asked, message, {FRAMING: text})
    assert cli("audit", "--json").json["first"] == commit


def test_a_decision_by_hand_in_ones_own_name_is_legal(asked: Repo, cli: Cli) -> None:
    text = asked.read(FRAMING).replace("---\n", '---\ndecided: A list\nby: "Ada Person <ada@example.invalid>"\n', 1)
    say(asked, "settled\n", {FRAMING: text})
    assert clean(cli)
    say(asked, "no, somebody else\n", {FRAMING: text.replace("Ada Person <ada@example.invalid>", BOSS)})
    assert rules(cli("audit", "--json")) == {"audit/approval"}


@pytest.mark.parametrize("line", ["pinned", "iteration: 2", "record: docs/decisions/DR-001-q1.md", "split: [a, b]"])
def test_what_the_program_keeps_of_a_question_is_not_changed_by_hand(asked: Repo, cli: Cli, line: str) -> None:
    text = asked.read(FRAMING)
    other = re.sub(r"(?m)^pinned: .*$", f"pinned: {asked.git('rev-parse', 'HEAD')}", text)
    commit = say(asked, "tidy\n", {FRAMING: other if line == "pinned" else text.replace("---\n", f"---\n{line}\n", 1)})
    result = cli("audit", "--json")
    assert result.json["first"] == commit and rules(result) == {"audit/edited"}


def test_a_squash_that_carries_its_transitions_speaks_for_their_people(reviewed: Repo, cli: Cli) -> None:
    """And says so, because nobody can prove it any more."""
    begin = reviewed.git("rev-parse", "HEAD")
    reviewed.git("config", "user.name", "Boss")
    reviewed.git("config", "user.email", "boss@example.invalid")
    assert cli("approve", "cache", "plan").code == cli("pause", "cache").code == 0
    reviewed.git("config", "user.name", "Ada Person")
    squash(reviewed, begin, f"Co-authored-by: {BOSS}\n")
    result = cli("audit", "--json")
    assert result.code == 0 and rules(result, "warning") == {"audit/approval", "audit/folded"}


def test_a_message_alone_does_not_speak_for_another_person(reviewed: Repo, cli: Cli) -> None:
    said = f"x\n\nSquashed commit of the following:\n\ncommit abc\nAuthor: {BOSS}\n"
    say(reviewed, said, approved(reviewed, BOSS))
    assert cli("audit", "--json").json["findings"]


def test_a_document_does_not_appear_approved_by_another_person(reviewed: Repo, cli: Cli) -> None:
    files = approved(reviewed, BOSS)
    reviewed.git("reset", "-q", "--hard", at(reviewed, "cache: started"))
    say(reviewed, "a roadmap\n", files)
    assert "audit/approval" in rules(cli("audit", "--json")) | rules(cli("audit", "--json"), "warning")


# ---------------------------------------------------------------------- a history that is not what it seems


def _replaced_commit(repo: Repo, bad: str) -> None:
    repo.git("replace", bad, f"{bad}~1")


def _replaced_blob(repo: Repo, bad: str) -> None:
    repo.git("replace", f"{bad}:{REVIEW}", f"{bad}~1:{REVIEW}")


def _graft(repo: Repo, bad: str) -> None:
    above = repo.commit({"news.txt": "news\n"}, "news")
    repo.write(".git/info/grafts", f"{above} {repo.git('rev-parse', f'{bad}~1')}\n")


@pytest.mark.parametrize("hide", [_replaced_commit, _replaced_blob, _graft])
def test_an_edit_is_not_hidden_from_the_audit(reviewed: Repo, cli: Cli, hide: Callable[[Repo, str], None]) -> None:
    """Replace objects and grafts change what git shows, not what was committed."""
    bad = reviewed.commit(reworded(reviewed), "tidy")
    hide(reviewed, bad)
    assert cli("audit", "--json").json["first"] == bad


def test_a_boundary_that_hides_history_is_told(reviewed: Repo, cli: Cli) -> None:
    bad = reviewed.commit(reworded(reviewed), "tidy")
    reviewed.write(".git/shallow", f"{bad}\n")
    result = cli("audit", "--json")
    assert rules(result, "warning") == {"audit/shallow"} and result.json["summary"]["transitions"] == 0


def test_of_a_shallow_clone_only_what_is_there_is_judged(reviewed: Repo, cli: Cli, tmp_path: Path) -> None:
    clone = Repo(tmp_path / "shallow")
    reviewed.git("clone", "-q", "--depth=3", f"file://{reviewed.path}", str(clone.path))
    result = cli("audit", "--json", cwd=clone.path)
    assert result.code == 0 and rules(result, "warning") == {"audit/shallow"}
    assert result.json["summary"]["transitions"] == 2
    for key in ("user.name", "user.email"):
        clone.git("config", key, reviewed.git("config", key))
    commit = clone.commit(reworded(clone), "tidy")
    assert cli("audit", "--json", cwd=clone.path).json["first"] == commit


HOSTILE = {
    "escapes": "\x1b]0;t\x07\x1b[2J\x1b[31mred\x9b1m",
    "reordered": "abc \u202e cba \u2066",
    "marks of a parser": "\x01\x02\x1e\x1f",
    "line ends": "a\r\nb\rc\x0b\x0cd\u2028e\x85f",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_message_or_name_confuses_the_audit_or_the_terminal(reviewed: Repo, cli: Cli, text: str) -> None:
    """S18"""
    for key in ("user.name", "user.email"):
        reviewed.git("config", key, f"E{text.translate({10: ' ', 13: ' '})}ve")
    say(reviewed, f"{text} one\n\n{text}\n", {f"{CASE}/notes.md": "mine\n"})
    commit = say(reviewed, f"{text} two\n\n{text}\n", reworded(reviewed))
    assert cli("audit", "--json").json["first"] == commit
    for args in (("audit",), ("log", "cache")):
        result = cli(*args)
        assert commit[:8] in result.out
        assert not set(result.out + result.err) & {
            chr(c) for c in (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0x2066, 0x2028)
        }


def test_a_message_that_is_not_utf8_is_read(reviewed: Repo) -> None:
    """Nor in the encoding that its commit names."""
    reviewed.git("config", "i18n.commitEncoding", "nonsense")
    reviewed.write("message", b"K\xe4se\n\n" + PAUSED.encode().replace(b"cache", b"c\xffche"))
    reviewed.write(f"{CASE}/notes.md", "mine\n")
    reviewed.git("add", CASE)
    reviewed.git("commit", "-q", "-F", "message")
    done = decisions("audit", "--json", cwd=reviewed.path)
    assert [finding["rule"] for finding in json.loads(done.stdout)["findings"]] == ["audit/swept"]
