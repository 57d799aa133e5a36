"""What follows a decision, verb by verb: stories, spike, reversal, diagnosis, verification, retrospective, completion, archive."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from decisions_tool.documents.junit import Case, read_report
from decisions_tool.documents.proposal import Code, FileChange
from decisions_tool.documents.spike import BACK, FITS, verdict_of
from decisions_tool.enforce.grafting import graft
from decisions_tool.errors import DecisionsError
from decisions_tool.rules.spike import judge, kind_of
from decisions_tool.rules.stories import Plan, derive
from tests.ballot_box import folder, framing
from tests.conftest import Cli, Repo, decisions, make_repo

Q1 = folder("q1")
STORIES = "docs/decisions/DR-001-stories.md"


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A question that a rehearsal has taken to its record, made once."""
    made = make_repo(tmp_path_factory.mktemp("rehearsed") / "repo")
    for step in (["init"], None, ["run"]):
        if step is None:
            framing(made)
        else:
            decisions(*step, cwd=made.path, check=True)
    return made.path


@pytest.fixture
def decided(rehearsed: Path, repo: Repo) -> Repo:
    """A repository of one's own with that question."""
    shutil.rmtree(repo.path)
    shutil.copytree(rehearsed, repo.path)
    return repo


def clean(cli: Cli) -> None:
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
    clean(cli)
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
    clean(cli)
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

PYTEST = f"{sys.executable} -m pytest -q -p no:cacheprovider --junitxml={{junit}}"


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
    decided: Repo, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D21 G5"""
    private = tmp_path / "temporary"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    planted(decided)
    tried = cli("spike", "DR-001", "--command", PYTEST, "--json")
    assert (tried.code, tried.json["verdict"], tried.json["tests"]) == (0, "compatible", 3), tried.err
    assert decided.git("status", "--porcelain") == ""
    assert decided.git("worktree", "list").count("\n") == 0
    assert list(private.iterdir()) == []
    assert f"{Q1}/spike.md" in decided.files("docs")
    clean(cli)


def test_d21_a_configured_command_runs_after_trust_only(decided: Repo, cli: Cli) -> None:
    planted(decided)
    text = decided.read("decisions.toml") + f"\n[tests]\nargv = {json.dumps(PYTEST.split())}\n"
    decided.commit({"decisions.toml": text}, "tests")
    refused = cli("spike", "q1")
    assert (refused.code, "decisions trust" in refused.err) == (1, True)
    assert cli("trust", "--yes").code == 0
    assert cli("spike", "q1").code == 0
    assert cli("trust", "--revoke").code == 0
    assert cli("spike", "q1").code == 1


def test_d21_a_branch_that_does_not_fit_sends_the_question_back_with_its_failures(decided: Repo, cli: Cli) -> None:
    """D21 D17"""
    planted(decided)
    decided.git("checkout", "-q", "-b", "types")
    store = decided.read("shop/store/db.py").replace("def get(key):", "def get(key, owner):")
    decided.commit({"shop/store/db.py": store}, "types of the design")
    decided.git("checkout", "-q", "main")
    tried = cli("spike", "q1", "--branch", "types", "--command", PYTEST)
    assert tried.code == 1, tried.err
    assert "| type | 3 |" in decided.at_head(f"{Q1}/spike.md")
    assert f"{Q1}/iteration-1/tally.md" in decided.files("docs")
    framed = decided.at_head(f"{Q1}/framing.md")
    assert "iteration: 2" in framed
    assert "what iteration 1 failed on in its spike: 3 tests by type" in framed
    assert "### Status: superseded" in decided.at_head("docs/decisions/DR-001-change-in-place.md")
    assert "get() missing 1 required positional argument" in cli("prompt", "q1", "propose/agent-01").out
    clean(cli)
    assert cli("run").code == 0
    record = decided.at_head(str(cli("record", "q1", "--json").json["path"]))
    assert "supersedes: [DR-001-change-in-place.md]" in record
    assert "### Superseded-by: DR-002" in decided.at_head("docs/decisions/DR-001-change-in-place.md")
    clean(cli)


def test_d21_a_worktree_that_a_kill_has_left_is_cleared_by_the_next(decided: Repo, tmp_path: Path) -> None:
    """D21: the folder and what git knows of it."""
    from decisions_tool.ledger.repository import Repository
    from decisions_tool.ledger.trees import clear_dead, laid_out

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
