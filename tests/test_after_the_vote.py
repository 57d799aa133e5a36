"""What follows a decision, verb by verb: stories, spike, reversal, diagnosis, verification, retrospective, completion, archive."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from decisions_tool.documents.junit import Case, read_report
from decisions_tool.documents.proposal import Code, FileChange
from decisions_tool.documents.spike import BACK, FITS, verdict_of
from decisions_tool.documents.standing import section_superseded, superseded
from decisions_tool.enforce.contract import read_record
from decisions_tool.enforce.grafting import graft
from decisions_tool.errors import DecisionsError
from decisions_tool.rules.spike import judge, kind_of
from decisions_tool.rules.stories import Plan, derive
from tests.ballot_box import by_hand, folder, framing, propose, run_tests
from tests.conftest import Cli, Repo, Result

Q1 = folder("q1")
STORIES = "docs/decisions/DR-001-stories.md"
RECORD = "docs/decisions/DR-001-change-in-place.md"


_BUILT: dict[str, Path] = {}


def once(name: str, repo: Repo, place: pytest.TempPathFactory, build: Callable[[], None]) -> Repo:
    """A repository that is built by the first test that wants it, and copied for the others."""
    if name in _BUILT:
        shutil.rmtree(repo.path)
        shutil.copytree(_BUILT[name], repo.path)
    else:
        build()
        _BUILT[name] = place.mktemp(name) / "repo"
        shutil.copytree(repo.path, _BUILT[name])
    return repo


@pytest.fixture
def decided(repo: Repo, cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A question that a rehearsal has taken to its record."""

    def build() -> None:
        assert cli("init").code == 0
        framing(repo)
        assert cli("run").code == 0

    return once("decided", repo, tmp_path_factory, build)


@pytest.fixture
def storied(decided: Repo, cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """That decision with stories of which none is done."""
    return once("storied", decided, tmp_path_factory, lambda: check(cli("stories", "q1")))


def check(result: Result) -> None:
    assert result.code == 0, result.err


def clean(cli: Cli) -> None:
    """An audit judges every commit: one at the end says it of all."""
    proved = cli("audit")
    assert (proved.code, "0 errors, 0 warnings" in proved.err) == (0, True), proved.out


# ------------------------------------------------------------------ stories


def paths(plan: Plan) -> list[tuple[list[str], tuple[str, ...]]]:
    return [([change.path for change in story.files], story.depends_on) for story in derive(plan)]


def changes(*named: str) -> tuple[FileChange, ...]:
    return tuple(FileChange(*(name.split(" — ") if " — " in name else (name, ""))) for name in named)


def test_d20_files_that_import_each_other_in_the_contract_are_one_story_and_others_are_apart() -> None:
    code = (
        Code("python", "# shop/store/db.py\nfrom shop.store.cache import Cache\ndef get(key: str) -> Cache: ...", 1),
        Code("python", "# shop/store/cache.py\nclass Cache: ...", 9),
    )
    plan = Plan(4, changes("shop/store/db.py", "shop/store/cache.py", "shop/web/views.py", "tests/test_db.py"), code)
    assert paths(plan) == [
        (["shop/store/db.py", "shop/store/cache.py", "tests/test_db.py"], ()),
        (["shop/web/views.py"], ()),
        ([], ("US-001", "US-002")),
    ]


@pytest.mark.parametrize(
    ("block", "tied"),
    [
        ("# a/one.py\nimport a.two", True),
        ("# a/one.py\nfrom . import two", True),
        ("# a/one.py\nfrom a import two", True),
        ("# a/one.py\nfrom .two import x", True),
        ("# a/one.py\nimport b.two", False),
        ("# a/one.py\nimport twofold", False),
        ("// a/one.ts\nimport { x } from './two'", True),
        ("# a/one.py\nx = 'two'", False),
    ],
)
def test_d20_imports_of_every_form_tie_and_names_that_look_alike_do_not(block: str, tied: bool) -> None:
    end = ".ts" if block.startswith("//") else ".py"
    plan = Plan(1, changes(f"a/one{end}", f"a/two{end}"), (Code("", block, 1),))
    assert (len(derive(plan)) == 2) is tied


def test_d20_migrations_are_apart_and_wait_for_what_they_migrate() -> None:
    plan = Plan(2, changes("app/models.py", "migrations/0002_more.py", "app/ui.py"), migration="Run it on start.")
    assert paths(plan) == [
        (["app/models.py"], ()),
        (["app/ui.py"], ()),
        (["migrations/0002_more.py"], ("US-001", "US-002")),
        ([], ("US-001", "US-002", "US-003")),
    ]
    assert derive(plan)[2].criteria == ("Run it on start.",)
    assert [s.title for s in derive(Plan(2, changes("a.py"), migration="none needed"))] == [
        "Change a.py", "Verify DR-002 implementation matches code contract",
    ]  # fmt: skip


def test_d20_stories_are_derived_once_told_by_people_and_proved(decided: Repo, cli: Cli) -> None:
    """D20 G4 G6"""
    assert not (decided.path / STORIES).exists()
    made = cli("stories", "DR-001", "--json").json
    assert [row["id"] for row in made["stories"]] == ["US-001", "US-002"]
    assert "These stories bind nobody" in decided.at_head(STORIES)
    early = cli("story", "done", "DR-001/US-002")
    assert (early.code, "follows from the verification" in early.err) == (1, True)
    why = cli("story", "failed", "DR-001/US-001")
    assert (why.code, "says why" in why.err) == (1, True)
    assert cli("story", "failed", "DR-001/US-001", "-r", "circular import").code == 0
    assert "**Reason:** circular import" in decided.at_head(STORIES)
    assert cli("story", "done", "q1/US-001").code == 0
    assert "US-001 done" in cli("log", "q1").out
    assert cli("undo", "q1").code == 0
    assert "**Status:** failed" in decided.at_head(STORIES)
    clean(cli)


def test_d20_a_story_that_was_told_by_hand_is_found(decided: Repo, cli: Cli) -> None:
    """G4"""
    cli("stories", "q1")
    text = decided.at_head(STORIES).replace("**Status:** open", "**Status:** done", 1)
    decided.commit({STORIES: text + "\n"}, "tidy up")
    assert cli("audit").code == 1


def test_d20_open_stories_become_requests_in_one_commit(decided: Repo, cli: Cli) -> None:
    """D20 G1"""
    before = len(decided.subjects())
    assert cli("stories", "q1", "--tasks").code == 0
    assert len(decided.subjects()) == before + 3
    assert decided.files("_tasks") == [
        "_tasks/dr-001-us-001/001-user-request.md",
        "_tasks/dr-001-us-002/001-user-request.md",
    ]
    assert "shop/store/db.py" in decided.at_head("_tasks/dr-001-us-001/001-user-request.md")
    again = cli("stories", "q1", "--tasks")
    assert (again.code, "has its request" in again.err) == (1, True)
    assert cli("undo", "q1").code == 0
    assert decided.files("_tasks") == []
    clean(cli)


def test_d20_both_shapes_of_a_prd(decided: Repo, cli: Cli) -> None:
    assert cli("stories", "q1", "--prd", "prd.json").code == 0
    rich = json.loads(decided.read("prd.json"))
    assert all(re.fullmatch(r"US-\d{3}", story["id"]) for story in rich["userStories"])
    assert rich["userStories"][1]["depends_on"] == ["US-001"]
    assert cli("stories", "q1", "--prd", "flat.json", "--shape", "flat").code == 0
    flat = json.loads(decided.read("flat.json"))
    assert [story["id"] for story in flat] == ["US-001", "US-002"]
    assert "notes" not in flat[0]
    assert decided.git("status", "--porcelain").split("\n") == ["?? flat.json", "?? prd.json"]


def test_nothing_follows_a_record_by_itself_unless_configuration_says_so(repo: Repo, cli: Cli) -> None:
    cli("init")
    text = repo.read("decisions.toml") + '\n[decision]\nfollow = ["stories", "retrospect"]\n'
    repo.commit({"decisions.toml": text}, "follow")
    framing(repo, impact="low")
    cli("run")
    assert cli("decide", "q1", "Keep it", "-r", "enough").code == 0
    assert cli("run").code == 0
    assert "US-001: Carry out DR-001: Keep it" in repo.at_head(STORIES)
    assert not (repo.path / "docs/decisions/DR-001-retrospective.md").exists()
    clean(cli)


# ------------------------------------------------------------------ spike

#: What pytest writes, shortened.
REPORT = b"""<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" tests="3">
<testcase classname="" name="tests.test_web" time="0.000"><error message="collection failure">ImportError while importing test module
E   ImportError: cannot import name 'get' from 'shop.store.db'</error></testcase>
<testcase classname="tests.test_db" name="test_0" time="0.001"><failure message="TypeError: get() missing 1 required positional argument: 'owner'">def test_0():
&gt;       assert db.get('k') == 0
E       TypeError: get() missing 1 required positional argument: 'owner'</failure></testcase>
<testcase classname="tests.test_db" name="test_1" time="0.000"><skipped type="pytest.skip" message="not today">x</skipped></testcase>
<testcase classname="tests.test_db" name="test_2" time="0.000" /></testsuite></testsuites>"""


def test_d21_the_report_of_a_framework_is_read() -> None:
    found = read_report(REPORT)
    assert [(case.name, case.outcome) for case in found] == [
        ("tests.test_web", "error"), ("tests.test_db::test_0", "failed"), ("tests.test_db::test_1", "skipped"), ("tests.test_db::test_2", "passed"),
    ]  # fmt: skip
    assert [kind_of(case) for case in found[:2]] == ["collection", "type"]


@pytest.fixture
def runner(tmp_path: Path) -> str:
    """A command that takes no second to start, as a framework of tests does."""
    return f"{sys.executable} {run_tests(tmp_path)} {{junit}}"


def failed(name: str, message: str, outcome: str = "failed", kind: str = "", text: str = "") -> Case:
    return Case(name, outcome, kind, message, text)


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        (failed("a", "TypeError: get() missing 1 required positional argument: 'x'"), "type"),
        (failed("a", "ImportError: cannot import name 'x' (most likely due to a circular import)"), "import"),
        (failed("a", "ModuleNotFoundError: No module named 'x'"), "import"),
        (failed("a", "AttributeError: module 'db' has no attribute 'get'"), "missing name"),
        (failed("a", "NameError: name 'x' is not defined"), "missing name"),
        (failed("a", "AssertionError: assert 1 == 2"), "assertion"),
        (failed("a", "assert 'TypeError' in err"), "assertion"),
        (failed("a", "collection failure", "error", "", "E ImportError: x"), "collection"),
        (failed("a", "the disk is full", "error"), "other"),
        (failed("a", "", "failed", "java.lang.AssertionError"), "assertion"),
        (failed("a", "Cannot find module './x'"), "import"),
    ],
)
def test_d21_failures_are_told_apart_by_kind(case: Case, kind: str) -> None:
    assert kind_of(case) == kind


@pytest.mark.parametrize(
    ("types", "asserts", "verdict"), [(5, 0, FITS), (6, 0, BACK), (0, 10, FITS), (5, 5, FITS), (6, 4, BACK)]
)
def test_d21_more_than_half_incompatible_goes_back_and_assertions_do_not(
    types: int, asserts: int, verdict: str
) -> None:
    names = [f"t{n}" for n in range(10)]
    said = ["TypeError: x"] * types + ["AssertionError: x"] * asserts
    after = [failed(name, message) for name, message in zip(names, said, strict=False)]
    after += [Case(name, "passed") for name in names[len(said) :]]
    found = judge([Case(name, "passed") for name in names], after)
    counts = {kind: sum(f.kind == kind for f in found.failures) for kind in ("type", "assertion")}
    assert (found.total, verdict_of(found.total, counts)) == (10, verdict)


def test_d21_a_collection_error_counts_all_that_it_kept_from_running_and_old_failures_count_nothing() -> None:
    before = [*(Case(f"t{n}", "passed") for n in range(4)), failed("old", "TypeError: x")]
    after = [
        failed("tests.test_db", "collection failure", "error"),
        Case("t0", "passed"),
        failed("old", "TypeError: x"),
    ]
    found = judge(before, after)
    assert (found.total, len(found.failures), {f.kind for f in found.failures}) == (4, 3, {"collection"})


def test_d21_a_file_that_could_not_be_collected_before_says_nothing_of_the_design() -> None:
    old = failed("tests.test_bad", "collection failure", "error")
    found = judge([old, Case("t0", "passed")], [old, Case("t0", "passed")])
    assert (found.total, found.failures, found.broken) == (1, (), ())


@pytest.mark.parametrize(
    "report",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase name="&b;"/></testsuite>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><testsuite/>',
        b"<testsuite>" + b"<a>" * 40,
        b"no xml at all",
        b"",
    ],
)
def test_d21_a_report_that_could_harm_is_refused(report: bytes) -> None:
    with pytest.raises(DecisionsError):
        read_report(report)


def test_d21_types_are_put_into_a_file_and_bodies_stay() -> None:
    source = "import os\n\nclass A:\n    x: int = 1\n    def go(self):\n        return 7\n\ndef get(key):\n    return os.sep\n"
    contract = "from typing import Any\n\nclass A:\n    x: str\n    y: Any\n    def go(self, fast: bool) -> int: ...\n\ndef get(key: str, *, old: bool) -> str: ...\n\ndef new() -> None: ...\n"
    text = graft(source, contract) or ""
    for part in (
        "x: str",
        "y: Any",
        "def go(self, fast: bool) -> int:\n        return 7",
        "def get(key: str, *, old: bool) -> str:\n    return os.sep",
        "def new() -> None",
    ):
        assert part in text, text
    assert "x: int" not in text
    assert graft(source, "def broken(") is None


def planted(repo: Repo) -> None:
    """Tests that call the store as the rehearsed design leaves it, and as one with another signature would not."""
    calls = "\n\n\n".join(
        f"def test_{n}() -> None:\n    db.put('k', {n})\n    assert db.get('k') == {n}" for n in range(3)
    )
    repo.commit({"tests/test_db.py": f"from shop.store import db\n\n\n{calls}\n"}, "tests")


def test_d21_a_design_that_fits_is_tried_elsewhere_and_leaves_nothing_behind(
    decided: Repo, cli: Cli, runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D21 G5"""
    private = tmp_path / "temporary"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    planted(decided)
    tried = cli("spike", "DR-001", "--command", runner, "--json")
    assert (tried.code, tried.json["verdict"], tried.json["tests"]) == (0, "compatible", 3), tried.err
    assert decided.git("status", "--porcelain") == ""
    assert decided.git("worktree", "list").count("\n") == 0
    assert list(private.iterdir()) == []
    assert f"{Q1}/spike.md" in decided.files("docs")
    clean(cli)


def test_d21_a_configured_command_runs_after_trust_only(decided: Repo, cli: Cli, runner: str) -> None:
    planted(decided)
    text = decided.read("decisions.toml") + f"\n[tests]\nargv = {json.dumps(runner.split())}\n"
    decided.commit({"decisions.toml": text}, "tests")
    refused = cli("spike", "q1")
    assert (refused.code, "decisions trust" in refused.err) == (1, True)
    assert cli("trust", "--yes").code == 0
    assert cli("spike", "q1").code == 0
    assert cli("trust", "--revoke").code == 0
    assert cli("spike", "q1").code == 1


def test_d21_a_branch_that_does_not_fit_sends_the_question_back_with_its_failures(
    decided: Repo, cli: Cli, runner: str
) -> None:
    """D21 D17"""
    planted(decided)
    by_hand(decided, "proposer")
    decided.git("checkout", "-q", "-b", "types")
    store = decided.read("shop/store/db.py").replace("def get(key):", "def get(key, owner):")
    decided.commit({"shop/store/db.py": store}, "types of the design")
    decided.git("checkout", "-q", "main")
    tried = cli("spike", "q1", "--branch", "types", "--command", runner)
    assert tried.code == 1, tried.err
    assert "| type | 3 |" in decided.at_head(f"{Q1}/spike.md")
    assert f"{Q1}/iteration-1/tally.md" in decided.files("docs")
    framed = decided.at_head(f"{Q1}/framing.md")
    assert "iteration: 2" in framed
    assert "what iteration 1 failed on in its spike: 3 tests by type" in framed
    assert "### Status: superseded" in decided.at_head(RECORD)
    assert "get() missing 1 required positional argument" in cli("prompt", "q1", "propose/agent-01").out
    cli("decide", "q1", "Keep it", "-r", "enough")
    cli("run")
    old = cli("stories", "DR-001")
    assert (old.code, "q1 has come to DR-002 since it came to DR-001" in old.err) == (1, True)
    clean(cli)


def test_d21_a_design_is_tried_before_it_is_recorded(repo: Repo, cli: Cli, runner: str) -> None:
    """D21: a gate after the synthesis keeps the record back."""
    check(cli("init"))
    repo.commit({"decisions.toml": repo.read("decisions.toml") + '\ngates = ["synthesise"]\n'}, "gate")
    by_hand(repo, "proposer", "judge", "synthesizer")
    framing(repo)
    signature = "# shop/store/db.py\n\ndef get(key: str) -> object: ..."
    propose(repo, cli, {"typed": (1, 2, 3, 4, 5)}, texts={"typed": signature})
    early = cli("spike", "q1", "--command", "pytest")
    assert (early.code, "has no {junit}" in early.err) == (1, True)
    planted(repo)
    check(cli("spike", "q1", "--command", runner))
    assert "record:" not in repo.at_head(f"{Q1}/spike.md")
    clean(cli)


def test_d21_a_worktree_that_a_kill_has_left_is_cleared_by_the_next(decided: Repo, tmp_path: Path) -> None:
    """D21: the folder and what git knows of it."""
    from decisions_tool.ledger.repository import Repository
    from decisions_tool.ledger.worktrees import clear_dead, laid_out

    repository = Repository(decided.path)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with laid_out(Repository(decided.path), repository.head().oid) as tree:
            os.write(writer, str(tree).encode())
            os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    left = Path(os.read(reader, 4096).decode())
    assert left.is_dir()
    assert clear_dead(repository.place) == 1
    assert not left.parent.exists()
    assert decided.git("worktree", "list").count("\n") == 0
    repository.close()


# ------------------------------------------------------------------ reversal and diagnosis

DIFF = "--- a/shop/other.py\n+++ b/shop/other.py\n@@ -1 +1 @@\n-a\n+b\n"


def test_d22_a_minor_reversal_adds_to_the_record_and_changes_no_other_byte(storied: Repo, cli: Cli) -> None:
    before = storied.at_head(RECORD)
    storied.write("contract.md", "```python\n# shop/store/db.py\ndef get(key, *, read=None, owner=''): ...\n```\n")
    done = cli(
        "reverse",
        "DR-001",
        "--kind",
        "minor",
        "-r",
        "it needs an owner",
        "--contract",
        "contract.md",
        "--deviation",
        "get",
    )
    assert done.code == 0, done.err
    after = storied.at_head(RECORD)
    assert after.startswith(before)
    assert re.search(
        r"### Addendum 1 \(\d{4}-\d\d-\d\d\)\n\nit needs an owner\n\n#### Code Contract\n\n```python", after
    )
    assert "#### Deviations\n\n- `get` — it needs an owner" in after
    assert not (storied.path / "docs/decisions/constraints.md").exists()  # a rehearsal binds nothing
    assert cli("undo", "q1").code == 0
    assert storied.at_head(RECORD) == before
    clean(cli)


def test_d22_a_significant_reversal_fails_its_story_and_asks_about_one_section(storied: Repo, cli: Cli) -> None:
    """D22: in one commit."""
    missing = cli("reverse", "DR-001", "--kind", "significant", "-r", "circular imports")
    assert (missing.code, "add --story" in missing.err) == (1, True)
    strange = cli("reverse", "DR-001", "--kind", "significant", "-r", "x", "--story", "US-001", "--section", "Poetry")
    assert (strange.code, "has no section 'Poetry'" in strange.err) == (1, True)
    count = len(storied.subjects())
    assert cli("reverse", "DR-001", "--kind", "significant", "-r", "circular imports", "--story", "US-001").code == 0
    assert len(storied.subjects()) == count + 1
    assert "**Status:** failed\n**Reason:** circular imports" in storied.at_head(STORIES)
    framed = storied.at_head(f"{folder('q1-r1')}/framing.md")
    assert f"supersedes: {RECORD}\nsection: Code Contract" in framed
    assert "what made US-001 fail: circular imports" in framed
    assert cli("frame", "q1-r1").code == 0, cli("frame", "q1-r1").out
    assert cli("undo", "q1").code == 0
    assert storied.files(folder("q1-r1")) == []
    clean(cli)


def test_d22_what_takes_the_place_of_a_section_adds_lines_and_changes_no_byte(storied: Repo) -> None:
    """D22 F4: the record, in one section and as a whole."""
    text = storied.at_head(RECORD) + "\n"
    by = "docs/decisions/DR-002-other.md"
    for made, more in ((section_superseded(text, RECORD, "Code Contract", by), 4), (superseded(text, RECORD, by), 4)):
        diff = list(difflib.unified_diff(text.split("\n"), made.split("\n"), n=0, lineterm=""))[2:]
        assert [line for line in diff if line.startswith("-")] in ([], ["-status: accepted", "-### Status: accepted"])
        assert len([line for line in diff if line.startswith("+")]) == more, diff
    assert read_record(RECORD, text.encode()).blocks
    assert not read_record(RECORD, section_superseded(text, RECORD, "Code Contract", by).encode()).blocks


def test_d22_a_complete_reversal_goes_back_with_diff_and_logs_and_says_why_it_failed(storied: Repo, cli: Cli) -> None:
    bare = cli("reverse", "q1", "--kind", "complete", "-r", "it does not work")
    assert (bare.code, "shows what failed" in bare.err) == (1, True)
    by_hand(storied, "proposer")
    storied.write("it.diff", DIFF)
    storied.write("it.log", "Traceback\n## Reversal 9: minor\nImportError: circular\n")
    args = ("--kind", "complete", "-r", "it does not work", "--story", "US-001", "--diff", "it.diff", "--log", "it.log")
    assert cli("reverse", "q1", *args).code == 0
    found = cli("diagnose", "q1", "--json")
    assert found.code == 0, found.err
    assert "| framing | yes | shop/other.py had to change, and no proposal names it |" in found.json["text"]
    assert f"{Q1}/iteration-1/tally.md" not in storied.files("docs")
    assert cli("run").code == 4
    assert cli("undo", "q1").code == 0
    assert "### Status: accepted" in storied.at_head(RECORD)
    assert cli("redo", "q1", "return/return").code == 0
    assert cli("run").code == 4
    assert f"{Q1}/iteration-1/framing.md" in storied.files("docs")
    assert "why iteration 1 was reversed: it does not work" in storied.at_head(f"{Q1}/framing.md")
    assert "\nstatus: superseded\n" in storied.at_head(RECORD)
    assert "ImportError: circular" in cli("prompt", "q1", "propose/agent-03").out
    clean(cli)
    assert cli("check").code == 0, cli("check").out


def test_a_secret_in_a_log_is_not_recorded(storied: Repo, cli: Cli) -> None:
    storied.write("it.log", "AWS_SECRET_ACCESS_KEY=" + "wJalrXUtnFEMI" + "K7MDENGbPxRfiCYz" + "0123456789a\n")
    done = cli("reverse", "q1", "--kind", "complete", "-r", "x", "--log", "it.log")
    assert (done.code, "looks like a secret" in done.err) == (1, True)


def test_d22_a_reversal_in_the_name_of_somebody_else_is_found(storied: Repo, cli: Cli) -> None:
    """G4 G8"""
    assert cli("reverse", "q1", "--kind", "minor", "-r", "an owner").code == 0
    message = storied.git("log", "-1", "--format=%B")
    path = f"{Q1}/reversal.md"
    text = storied.read(path).replace("Ada Person", "Eve Other")
    storied.write(path, text)
    storied.git("add", path)
    storied.git("commit", "-q", "--amend", "-m", message)
    assert cli("audit").code == 1


# ------------------------------------------------------------------ verification, retrospective, completion

REVIEW = (
    "### Success Criteria\n\n- 1: pass — x\n- 2: pass — y\n\n### Deviations\n\n- `a.py` is new — justified: asked for\n"
)


def test_d22_d23_a_rehearsal_goes_all_the_way_and_completes_nothing(storied: Repo, cli: Cli) -> None:
    early = cli("review", "DR-001")
    assert (early.code, "US-001 of q1 is not done" in early.err) == (1, True)
    cli("story", "done", "DR-001/US-001")
    assert cli("review", "DR-001").code == 1
    assert "**Status:** failed" in storied.at_head(STORIES)
    planted(storied)
    assert cli("review", "DR-001").code == 0
    assert "**Status:** failed" not in storied.at_head(STORIES)
    back = cli("retrospect", "DR-001", "--json").json
    assert "- Stories: 2 done" in back["text"]
    missing = cli("complete", "--json")
    assert missing.code == 4
    assert missing.json["missing"][0]["missing"] == "was only rehearsed: its record binds nothing"
    refused = cli("archive")
    assert (refused.code, "not all is complete" in refused.err) == (1, True)
    for _ in range(6):
        assert cli("undo", "q1").code == 0
    clean(cli)


@pytest.mark.parametrize(
    ("review", "says"),
    [("### Success Criteria\n\n- 1: pass — x\n", "criteria 2 have no verdict"), ("nothing at all\n", "1, 2")],
)
def test_d22_a_review_speaks_of_every_criterion(storied: Repo, cli: Cli, review: str, says: str) -> None:
    by_hand(storied, "verifier")
    cli("story", "done", "DR-001/US-001")
    assert cli("review", "DR-001").code == 4
    storied.write("review.md", review)
    done = cli("submit", "q1", "verify", "review.md")
    assert (done.code, says in done.err) == (1, True), done.err


@pytest.fixture
def settled(repo: Repo, cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A decision of a person with a retrospective and everything else that D23 asks for."""

    def build() -> None:
        check(cli("init"))
        by_hand(repo, "verifier", "historian")
        framing(repo, impact="low")
        cli("run")
        check(cli("decide", "q1", "Keep it", "-r", "enough"))
        check(cli("run"))
        cli("stories", "q1")
        cli("story", "done", "DR-001/US-001")
        cli("review", "q1")
        repo.write("review.md", REVIEW)
        check(cli("submit", "q1", "verify", "review.md"))
        cli("run")
        cli("retrospect", "q1")
        repo.write("back.md", "### What Held\n\n- all\n\n### What Did Not\n\n- none\n\n### What to Keep\n\n- all\n")
        check(cli("submit", "q1", "retrospect", "back.md"))

    return once("settled", repo, tmp_path_factory, build)


def test_d23_a_rehearsed_look_completes_nothing_that_a_person_decided(repo: Repo, cli: Cli) -> None:
    check(cli("init"))
    framing(repo, impact="low")
    cli("run")
    check(cli("decide", "q1", "Keep it", "-r", "enough"))
    check(cli("run"))
    for step in (("stories", "q1"), ("story", "done", "DR-001/US-001"), ("review", "q1"), ("retrospect", "q1")):
        check(cli(*step))
    assert "**Status:** open" in repo.at_head(STORIES)
    assert [row["missing"] for row in cli("complete", "--json").json["missing"]] == [
        "is not verified", "has a retrospective that was only rehearsed",
    ]  # fmt: skip
    clean(cli)


@pytest.mark.parametrize(("program", "code"), [("true", 0), ("false", 1)])
def test_d23_all_is_complete_when_the_configured_programs_pass_too(
    settled: Repo, cli: Cli, program: str, code: int
) -> None:
    assert cli("complete").code == 0
    text = settled.read("decisions.toml") + f'\n[tests]\ncomplete = [["{program}"]]\n'
    settled.commit({"decisions.toml": text}, "programs")
    untrusted = cli("complete")
    assert (untrusted.code, "decisions trust" in untrusted.err) == (1, True)
    assert cli("complete", "--no-commands").code == 0
    cli("trust", "--yes")
    assert cli("complete").code == code


def test_d23_what_is_missing_is_named_with_its_command(settled: Repo, cli: Cli) -> None:
    settled.git("rm", "-q", "docs/decisions/DR-001-retrospective.md")
    settled.git("commit", "-q", "-m", "amend: it said nothing")
    settled.commit({"docs/decisions/cleanup.md": "- [x] C1: done\n- [ ] C2: typed kinds\n"}, "clean-up")
    found = cli("complete", "--json")
    assert found.code == 4
    assert [(row["subject"], row["hint"]) for row in found.json["missing"]] == [
        ("DR-001", "decisions retrospect DR-001"),
        ("docs/decisions/cleanup.md:2", "do it, then tick it in docs/decisions/cleanup.md"),
    ]


def test_d23_the_archive_keeps_every_byte_and_what_depends_on_it_reads_it_there(settled: Repo, cli: Cli) -> None:
    """D23 D3"""
    settled.commit({f"{Q1}/notes.txt": "mine\n"}, "a note")
    before = {path: settled.at_head(path) for path in settled.files(Q1)}
    assert cli("archive", "q1").code == 0
    moved = {path: settled.at_head(path.replace("/working/", "/archive/")) for path in before}
    assert moved == before
    assert settled.files(Q1) == []
    assert "working documents archived" in cli("log", "q1").out
    assert cli("stories", "DR-001", "--json").json["status"] == "done"
    again = cli("new", "question", "How else?", "--slug", "q1")
    assert (again.code, "is there already" in again.err) == (1, True)
    framing(settled, "q2", "low", more="DEPENDS ON: q1\n")
    assert cli("run").code == 4
    assert "decisions decide q2" in cli("why", "q2").out
    assert cli("audit", "q1").code == 0
    assert cli("undo", "q1").code == 0
    assert {path: settled.at_head(path) for path in settled.files(Q1)} == before
    clean(cli)


def test_p1_a_question_that_is_asked_again_in_the_same_words_is_named(decided: Repo, cli: Cli) -> None:
    """D24"""
    text = decided.at_head(f"{Q1}/framing.md")
    decided.commit({f"{Q1}/iteration-1/framing.md": text}, "amend: by hand")
    assert "asks what iteration-1 asked, in the same words" in cli("check").out
