"""Two branches that each record a decision, and cases that live on a branch of their own."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from decisions_tool.engine import branches, verbs
from decisions_tool.engine.run import Engine
from decisions_tool.ledger.repository import Repository
from tests.ballot_box import FRAMING, framing
from tests.conftest import Cli, Repo, make_cli, make_repo

RECORD = "docs/decisions"
GUIDE = """\
# Guide

- Reads follow DR-001 §2.
- [DR-001](decisions/{name}.md) says why; see also ADR-001, XDR-001 and DR-0010.
"""


def decided(repo: Repo, slug: str, what: str) -> None:
    """A question that a person has decided, with its record."""
    framing(repo, slug, "low", FRAMING.replace("How should", "How and when should"))
    repository = Repository(repo.path)
    with closing(repository):
        Engine(repository).run((slug,))
        verbs.decide(repository, slug, what, "")
        Engine(repository).run((slug,))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """main and work have each recorded a question under the number 1; work is checked out.

    Each side cites its record by number and by link. The other side was not there when the number was given.
    """
    repo = make_repo(tmp_path_factory.mktemp("two") / "repo")
    with closing(Repository(repo.path)) as repository:
        verbs.initialise(repository)
    repo.git("branch", "work")
    decided(repo, "q1", "Keep a queue")
    repo.commit({"docs/of-main.md": GUIDE.format(name=records(repo)[0])}, "cite it")
    tip = repo.git("rev-parse", "main")
    repo.git("checkout", "-q", "--detach", "work")
    repo.git("update-ref", "-d", "refs/heads/main")
    repo.git("reflog", "expire", "--expire=now", "--all")  # as if main were on another machine
    repo.git("checkout", "-q", "work")
    decided(repo, "q2", "Use a cache")
    code = f"# DR-001: see {RECORD}/{records(repo)[0]}.md\r\nDR_001 = 'DR-001'\r\n"
    more: dict[str, str | bytes] = {
        "shop/store/cache.py": code.encode(),
        f"{RECORD}/DR-001-stories.md": "# Stories of DR-001\n",
    }
    repo.commit({"docs/of-work.md": GUIDE.format(name=records(repo)[0]), **more}, "cite it")
    repo.git("branch", "main", tip)
    return repo.path


@pytest.fixture
def two(made: Path, repo: Repo) -> Repo:
    shutil.rmtree(repo.path)
    shutil.copytree(made, repo.path)
    return repo


@pytest.fixture(scope="module")
def made_apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two questions on main that have run on branches of their own."""
    repo = make_repo(tmp_path_factory.mktemp("apart") / "repo")
    with closing(Repository(repo.path)) as repository:
        verbs.initialise(repository)
        for slug in ("q1", "q2"):
            framing(repo, slug)
        for slug in ("q1", "q2"):
            branches.begin(repository, branches.branch_of(slug))
            Engine(repository, branches.branch_of(slug)).run((slug,))
    return repo.path


@pytest.fixture
def apart(made_apart: Path, repo: Repo) -> Repo:
    shutil.rmtree(repo.path)
    shutil.copytree(made_apart, repo.path)
    return repo


def records(repo: Repo, commit: str = "HEAD") -> list[str]:
    names = repo.git("ls-tree", "--name-only", commit, f"{RECORD}/").split("\n")
    found = [re.fullmatch(rf"{RECORD}/(DR-\d+-.+)\.md", name) for name in names]
    return [match[1] for match in found if match and not match[1].endswith("-stories")]


def rules(found: list[dict[str, str]]) -> list[str]:
    return [finding["rule"] for finding in found if finding["severity"] == "error"]


# ------------------------------------------------------------------ no number twice


def test_two_branches_that_took_one_number_are_told_before_the_merge_and_mended(two: Repo, cli: Cli) -> None:
    """F7 G4: the whole demonstration."""
    (ours,), (theirs,) = records(two), records(two, "main")
    assert ours != theirs and ours[:6] == theirs[:6] == "DR-001"
    assert cli("check").code == 0, "each branch alone looks right"
    found = cli("check", "--against", "main", "--json")
    assert found.code == 1
    assert rules(found.json["findings"]) == ["merge/number"]
    told = found.json["findings"][0]
    assert told["path"] == f"{RECORD}/{ours}.md" and theirs in told["message"]
    assert told["hint"] == f"decisions renumber {RECORD}/{ours}.md --against main"

    before = two.git("rev-parse", "HEAD")
    shown = cli("renumber", *told["hint"].split()[2:])
    assert shown.code == 0 and "Nothing was changed" in shown.err and two.git("rev-parse", "HEAD") == before
    done = cli("renumber", *told["hint"].split()[2:], "--write", "--json")
    assert done.code == 0, done.err
    mended = ours.replace("DR-001", "DR-002")
    assert done.json["number"] == 2 and done.json["left"] == []
    assert records(two) == [mended]
    assert two.at_head("docs/of-work.md") == GUIDE.format(name=mended).replace(" DR-001 ", " DR-002 ").replace(
        "[DR-001]", "[DR-002]"
    ).rstrip("\n")
    code = (two.path / "shop/store/cache.py").read_bytes()
    assert code == f"# DR-002: see {RECORD}/{mended}.md\r\nDR_001 = 'DR-002'\r\n".encode()
    assert two.at_head("docs/decisions/DR-002-stories.md") == "# Stories of DR-002"
    assert f"record: {RECORD}/{mended}.md" in two.at_head(f"{RECORD}/working/q2/framing.md")
    assert mended in two.at_head(f"{RECORD}/working/q2/constraint-addendum.md")
    assert two.git("status", "--porcelain") == ""

    after = cli("check", "--against", "main", "--json")
    assert after.code == 0, after.out
    both = [(f["severity"], f["path"]) for f in after.json["findings"]]
    assert both == [("warning", f"{RECORD}/constraints.md")], "both have added constraints; a merge keeps both"
    two.git("checkout", "-q", "main")
    accepted = cli("accept", "work")
    assert accepted.code == 0, accepted.err
    assert sorted(records(two)) == sorted([theirs, mended])
    assert two.at_head("docs/of-main.md") == GUIDE.format(name=theirs).rstrip("\n")
    told = [line for line in two.at_head(f"{RECORD}/constraints.md").split("\n") if "Decision Record: " in line]
    assert told == [f"Decision Record: {theirs}.md", f"Decision Record: {mended}.md"]
    audited = cli("audit", "--json")
    assert audited.code == 0 and not audited.json["findings"], audited.out
    assert [step["phase"] for step in cli("log", "q2", "--json").json["steps"]][-2:] == ["renumber", ""]
    assert cli("check").code == 0 and two.git("status", "--porcelain") == ""


def test_after_the_merge_the_audit_names_both_and_lines_of_the_base_stay(two: Repo, cli: Cli) -> None:
    """F7: it is mended afterwards, too; what stood on the base means the record of the base."""
    (ours,), (theirs,) = records(two), records(two, "main")
    two.write(".git/info/attributes", f"{RECORD}/constraints.md merge=union\n")
    two.git("merge", "-q", "--no-edit", "main")
    found = cli("audit", "--json")
    assert found.code == 1 and rules(found.json["findings"]) == ["audit/number"]
    assert rules(cli("check", "--against", "main", "--json").json["findings"]) == ["merge/number"]
    several = cli("renumber", "DR-001")
    assert several.code == 1 and "names several records" in several.err
    done = cli("renumber", "DR-001", "--against", "main", "--write")
    assert done.code == 0, done.err
    assert sorted(records(two)) == sorted([theirs, ours.replace("001", "002")])
    assert two.at_head("docs/of-main.md") == GUIDE.format(name=theirs).rstrip("\n")
    assert " DR-002 §2" in two.at_head("docs/of-work.md")
    assert cli("audit").code == 0
    assert cli("check", "--against", "main").code == 0


def test_what_both_branches_wrote_alike_is_left_and_told(two: Repo, cli: Cli) -> None:
    """F7"""
    line = "All of it follows DR-001.\n"
    two.commit({"docs/both.md": line}, "on work")
    two.git("checkout", "-q", "main")
    two.commit({"docs/both.md": line}, "on main")
    two.git("checkout", "-q", "work")
    done = cli("renumber", records(two)[0], "--against", "main", "--write", "--json")
    assert done.code == 0, done.err
    assert [(left["path"], left["line"]) for left in done.json["left"]] == [("docs/both.md", 1)]
    assert two.at_head("docs/both.md") == line.rstrip("\n")


def test_without_a_base_every_citation_of_the_only_record_goes_along(two: Repo, cli: Cli) -> None:
    done = cli("renumber", "1", "--to", "40", "--write")
    assert done.code == 0, done.err
    assert records(two)[0].startswith("DR-040-")
    assert two.at_head("docs/of-work.md").count("DR-040") == 3
    assert cli("audit").code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("DR-009",), "there is no record 'DR-009'"),
        (("DR-001", "--to", "1"), "1 is no free number"),
        (("DR-001", "--against", "nope"), "'nope' is no commit"),
        (("../x",), "there is no record"),
    ],
)
def test_a_renumbering_that_cannot_be_is_refused_with_nothing_changed(
    two: Repo, cli: Cli, args: tuple[str, ...], said: str
) -> None:
    before = two.git("rev-parse", "HEAD")
    result = cli("renumber", *args, "--write")
    assert result.code == 1 and said in result.err and "Hint: " in result.err
    assert two.git("rev-parse", "HEAD") == before and two.git("status", "--porcelain") == ""


def test_a_person_s_unsaved_work_stops_a_renumbering(two: Repo, cli: Cli) -> None:
    """G2"""
    two.write("docs/of-work.md", "mine\n")
    result = cli("renumber", "DR-001", "--write")
    assert result.code == 1 and "docs/of-work.md has uncommitted changes" in result.err
    assert two.read("docs/of-work.md") == "mine\n" and records(two)[0].startswith("DR-001")


def test_a_commit_that_says_renumber_and_does_more_is_found(two: Repo, cli: Cli) -> None:
    """G4"""
    assert cli("renumber", "DR-001", "--write").code == 0
    assert cli("audit").code == 0
    guide = two.read("docs/of-work.md").replace("says why", "says nothing")
    two.write("docs/of-work.md", guide)
    two.git("commit", "-q", "-a", "--amend", "--no-edit")
    found = cli("audit")
    assert found.code == 1 and "a renumbering changed more than a number" in found.out


def test_records_of_one_name_and_number_on_both_sides_are_two_records(two: Repo, cli: Cli) -> None:
    """F7: git has a conflict, and the way out is another number."""
    ours, theirs = records(two)[0], records(two, "main")[0]
    two.git("checkout", "-q", "main")
    two.git("mv", f"{RECORD}/{theirs}.md", f"{RECORD}/{ours}.md")
    two.git("commit", "-q", "-m", "amend: the name of the other")
    two.git("checkout", "-q", "work")
    found = [f for f in cli("check", "--against", "main", "--json").json["findings"] if f["severity"] == "error"]
    assert [(f["rule"], f["path"]) for f in found] == [("merge/number", f"{RECORD}/{ours}.md")]
    assert cli(*found[0]["hint"].split()[1:], "--write").code == 0
    assert cli("check", "--against", "main").code == 0


def test_a_clean_merge_that_makes_an_illegal_case_is_found(apart: Repo, cli: Cli) -> None:
    """G4: one branch takes answers back that the other one builds on."""
    last = apart.git("log", "-1", "--format=%H", "--grep=Decisions-Phase: vote", "decisions/q1")
    apart.git("checkout", "-q", "-b", "again", last)
    assert cli("redo", "q1", "vote/voter-01").code == 0
    assert cli("check").code == 0
    merged = apart.git("merge-tree", "--write-tree", "again", "decisions/q1", check=False)
    assert re.fullmatch("[0-9a-f]{40}", merged), "git sees nothing"
    found = cli("check", "--against", "decisions/q1", "--json").json["findings"]
    assert set(rules(found)) == {"merge/combination"}, found


def test_a_merge_that_conflicts_in_a_document_is_told(two: Repo, cli: Cli) -> None:
    toml = two.read("decisions.toml")
    two.commit({"decisions.toml": toml + '\n[backends]\ndefault = "offline"\n'}, "here")
    two.git("checkout", "-q", "main")
    two.commit({"decisions.toml": toml + '\n[backends]\ndefault = "manual"\n'}, "there")
    two.git("checkout", "-q", "work")
    found = cli("check", "--against", "main", "--json").json["findings"]
    assert "merge/conflict" in rules(found)


# ------------------------------------------------------------------ what others get


def _adr_new(repo: Repo, title: str) -> str:
    """A record as adr-tools writes it: the highest number in the folder and one."""
    folder = repo.path / "docs/adr"
    number = max((int(file.name[:4]) for file in folder.glob("[0-9]*.md")), default=0) + 1
    name = f"docs/adr/{number:04d}-{title.lower().replace(' ', '-')}.md"
    text = f"# {number}. {title}\n\nDate: 2026-02-0{number}\n\n## Status\n\nAccepted\n\n## Context\n\nAs ADR {number} says.\n"
    repo.commit({name: text}, title)
    return name


def test_the_same_with_the_conventions_of_others_gives_a_duplicate_that_check_names(repo: Repo, cli: Cli) -> None:
    """F7 F8: both files survive the merge, git says nothing, and nothing of theirs tells."""
    _adr_new(repo, "Record decisions")
    repo.git("branch", "work")
    theirs = _adr_new(repo, "Use a queue")
    repo.git("checkout", "-q", "work")
    ours = _adr_new(repo, "Use a cache")
    assert (theirs[:13], ours[:13]) == ("docs/adr/0002", "docs/adr/0002")
    found = cli("check", "--against", "main", "--json")
    assert found.code == 1
    assert [(f["rule"], f["path"]) for f in found.json["findings"]] == [("merge/number", ours)]
    repo.git("merge", "-q", "--no-edit", "main")
    assert len(repo.files("docs/adr")) == 3, "git has no conflict: the duplicate is in the history"
    assert cli("check", "--against", "main", "--json").json["findings"][0]["path"] == ours
    assert cli("renumber", ours, "--against", "main", "--write").code == 0
    assert repo.at_head("docs/adr/0003-use-a-cache.md").split("\n")[0] == "# 3. Use a cache"
    assert "As ADR 3 says." in repo.at_head("docs/adr/0003-use-a-cache.md")
    assert "As ADR 2 says." in repo.at_head(theirs)
    assert cli("check", "--against", "main").code == 0


def test_working_files_and_dated_names_are_no_records_with_a_number(repo: Repo, cli: Cli) -> None:
    repo.git("branch", "work")
    repo.commit({"posts/2026-01-a.md": "a\n", "_tasks/x/003-a-review.md": "a\n"}, "there")
    repo.git("checkout", "-q", "work")
    repo.commit({"posts/2026-01-b.md": "b\n", "_tasks/x/003-b-review.md": "b\n"}, "here")
    assert cli("check", "--against", "main").code == 0


# ------------------------------------------------------------------ numbers


def test_numbers_of_branches_that_are_gone_and_of_all_worktrees_count(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    """F7: branches, remotes, worktrees, detached and unsaved; deleted files, deleted branches, a side that a merge dropped."""
    from decisions_tool.ledger.git import Git, locate
    from decisions_tool.ledger.numbers import next_number

    git = Git(locate(repo.path))

    def on(branch: str, number: int) -> None:
        repo.git("checkout", "-q", "-b", branch, "main")
        repo.commit({f"{RECORD}/DR-{number:03d}-x.md": "# x\n"}, branch)
        repo.git("checkout", "-q", "main")

    assert next_number(git) == 1
    on("gone", 3)
    repo.git("branch", "-q", "-D", "gone")
    assert next_number(git) == 4
    on("dropped", 5)
    repo.git("merge", "-q", "-s", "ours", "--no-edit", "dropped")
    repo.git("branch", "-q", "-D", "dropped")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert next_number(git) == 6
    on("elsewhere", 7)
    repo.git("update-ref", "refs/remotes/origin/elsewhere", "elsewhere")
    repo.git("branch", "-q", "-D", "elsewhere")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert next_number(git) == 8
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    tree = Repo(tmp_path / "tree")
    tree.commit({f"{RECORD}/DR-009-x.md": "# x\n"}, "detached")
    assert next_number(git) == 10
    tree.write(f"{RECORD}/DR-011-stories.md", "# x\n")
    assert next_number(git) == next_number(Git(locate(tree.path))) == 12


def test_no_number_is_given_where_history_is_cut_off(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """F7"""
    framing(repo, "q1", "low")
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(clone.path))
    clone.git("config", "user.name", "Ada Person")
    clone.git("config", "user.email", "ada@example.invalid")
    here = make_cli(clone.path, monkeypatch, capsys)
    assert here("init").code == 0 and here("start", "q1").code == 0
    here("run", "q1")
    assert here("decide", "q1", "Keep a queue").code == 0
    result = here("run", "q1")
    assert "this clone is shallow" in result.err and "git fetch --unshallow" in result.err
    assert records(clone) == []
    clone.git("fetch", "-q", "--unshallow")
    assert here("run", "q1").code == 0 and len(records(clone)) == 1


# ------------------------------------------------------------------ a branch for a case


def test_a_case_runs_on_its_own_branch_and_comes_home_by_a_merge(started: Repo, cli: Cli) -> None:
    """G5"""
    started.request(
        "tiny",
        "---\ntype: request\nschema: 1\ncase: tiny\nstatus: open\npanel: none\n---\n# Tiny\n\nChange shop/store/db.py.\n",
    )
    before = started.git("rev-parse", "HEAD")
    started.write("shop/store/db.py", "# mine, unsaved\n")
    started.write("staged.txt", "mine, staged\n")
    started.git("add", "staged.txt")
    status = started.git("status", "--porcelain")
    done = cli("run", "tiny", "--branch")
    assert done.code == 0, done.err
    assert "made the branch decisions/tiny" in done.err and "decisions accept tiny" in done.err
    assert started.git("rev-parse", "HEAD") == before and started.git("status", "--porcelain") == status

    def phases(*args: str) -> dict[str, str]:
        return {row["case"]: row["phase"] for row in cli("status", *args, "--json").json["cases"]}

    assert phases("--branch", "decisions/tiny")["tiny"] == "done" != phases()["tiny"]
    assert len(cli("log", "tiny", "--branch", "decisions/tiny", "--json").json["steps"]) > 1
    assert cli("why", "tiny", "--branch", "decisions/tiny", "--json").json["phase"] == "done"
    assert cli("show", "tiny", "roadmap", "--branch", "decisions/tiny").out

    accepted = cli("accept", "tiny", "--json")
    assert accepted.code == 0, accepted.err
    assert started.git("log", "-1", "--format=%P").split() == [before, started.git("rev-parse", "decisions/tiny")]
    assert started.git("rev-parse", "HEAD") == accepted.json["commit"]
    assert started.git("status", "--porcelain") == status and started.read("shop/store/db.py") == "# mine, unsaved\n"
    assert (started.path / "_tasks/tiny/002-roadmap.md").exists()
    assert cli("audit").code == 0
    again = cli("accept", "tiny")
    assert again.code == 0 and "merged already" in again.err


def test_two_cases_on_two_branches_come_home_one_after_the_other(apart: Repo, cli: Cli) -> None:
    """G5 F7: their numbers differ, because all branches are looked at."""
    apart.git("branch", "home")
    for slug in ("q1", "q2"):
        done = cli("accept", slug, "--into", "home")
        assert done.code == 0, done.err
    assert [name[:6] for name in records(apart, "home")] == ["DR-001", "DR-002"]
    assert records(apart) == [] and apart.git("status", "--porcelain") == ""
    apart.git("checkout", "-q", "home")
    assert cli("audit").code == 0


def test_accept_refuses_what_does_not_go_together(two: Repo, cli: Cli) -> None:
    """G5"""
    two.git("branch", "-m", "work", "decisions/q2")
    two.git("checkout", "-q", "main")
    before = two.git("rev-parse", "main")
    refused = cli("accept", "q2")
    assert refused.code == 1 and "has the number 1" in refused.err
    hint = refused.err.rpartition("Hint: decisions ")[2].split()
    assert hint[-1] == "--write" and cli(*hint).code == 0
    assert two.git("rev-parse", "main") == before
    assert cli("accept", "q2").code == 0
    assert cli("audit").code == 0 and two.git("status", "--porcelain") == ""


def test_accept_leaves_a_file_that_a_person_has_changed(apart: Repo, cli: Cli) -> None:
    """G2 G5"""
    path = f"{RECORD}/working/q1/framing.md"
    apart.write(path, "mine\n")
    before = apart.git("rev-parse", "HEAD")
    refused = cli("accept", "q1")
    assert refused.code == 1 and f"{path} has uncommitted changes" in refused.err
    assert apart.git("rev-parse", "HEAD") == before and apart.read(path) == "mine\n"


@pytest.mark.parametrize("what", ["conflict", "nothing"])
def test_accept_says_what_to_do_where_it_cannot(repo: Repo, cli: Cli, what: str) -> None:
    if what == "conflict":
        repo.git("checkout", "-q", "-b", "decisions/q1")
        repo.commit({"shop/store/db.py": "theirs\n"}, "theirs")
        repo.git("checkout", "-q", "main")
        repo.commit({"shop/store/db.py": "ours\n"}, "ours")
    refused = cli("accept", "q1")
    assert refused.code == 1
    assert ("git merge --no-ff decisions/q1" if what == "conflict" else "decisions run q1 --branch") in refused.err
