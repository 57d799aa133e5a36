"""Every commit of a range is held to what the hooks would have said: S24, G15, in working, bare and shallow clones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REQUEST, Cli, Repo, make_cli, make_repo

PATH = "_tasks/cache/001-user-request.md"
BROKEN = REQUEST.replace("# Cache", "---\ntype: [request\n---\n# Cache", 1)


@pytest.fixture
def base(started: Repo) -> str:
    return started.git("rev-parse", "HEAD")


def told(cli: Cli, span: str) -> tuple[int, str, set[tuple[str, str]]]:
    """(exit code, the first bad commit, (rule, commit) of all errors)."""
    result = cli("check", "--range", span, "--json")
    found = {(f["rule"], f["commit"]) for f in result.json["findings"] if f["severity"] == "error"}
    return result.code, result.json["first"], found


def test_a_file_that_was_broken_and_mended_is_found_at_the_commit_that_broke_it(
    started: Repo, cli: Cli, base: str
) -> None:
    """S24: the tip alone looks right."""
    bad = started.commit({PATH: BROKEN}, "break it")
    started.commit({"other.txt": "x\n"}, "meanwhile")
    started.commit({PATH: REQUEST}, "mend it")
    assert cli("check").code == 0
    assert told(cli, f"{base}..HEAD") == (1, bad, {("document/front-matter", bad)})
    assert told(cli, f"{bad}..HEAD") == (0, "", set())
    assert f"first commit that breaks a rule: {bad}" in cli("check", "--range", f"{base}..HEAD").out


def _no_verify(repo: Repo, base: str, made: str) -> None:
    repo.write(PATH, BROKEN)
    repo.git("commit", "-q", "--no-verify", "-am", "break it")


def _amend(repo: Repo, base: str, made: str) -> None:
    repo.commit({"x.txt": "x\n"}, "fine")
    repo.write(PATH, BROKEN)
    repo.git("commit", "-q", "--no-verify", "--amend", "-am", "fine")


def _rebase(repo: Repo, base: str, made: str) -> None:
    repo.commit({"x.txt": "x\n"}, "fine")
    repo.git("rebase", "-q", "main", "side")


def _revert(repo: Repo, base: str, made: str) -> None:
    repo.git("merge", "-q", "--ff-only", "side~1")
    repo.commit({PATH: BROKEN}, "break it")
    repo.git("revert", "--no-edit", "HEAD")
    repo.git("tag", "base")
    repo.git("revert", "--no-edit", "HEAD")


def _merge(repo: Repo, base: str, made: str) -> None:
    repo.commit({"x.txt": "x\n"}, "fine")
    repo.git("merge", "-q", "--no-edit", "side")


def _fast_import(repo: Repo, base: str, made: str) -> None:
    header = f"commit refs/heads/main\ncommitter A <a@example.invalid> 1700000000 +0000\ndata 1\nx\nfrom {base}\n"
    repo.git("fast-import", "--quiet", stdin=f"{header}M 100644 inline {PATH}\ndata {len(BROKEN)}\n{BROKEN}\n")


def _commit_tree(repo: Repo, base: str, made: str) -> None:
    commit = repo.git("commit-tree", "-p", base, "-m", "from elsewhere", f"{made}^{{tree}}")
    repo.git("update-ref", "refs/heads/main", commit)


def _pushed(repo: Repo, base: str, made: str) -> None:
    """As the web page of a forge does: the branch moves on the other side, and is fetched."""
    repo.git("fetch", "-q", ".", "side:elsewhere")
    repo.git("checkout", "-q", "elsewhere")


WAYS: dict[str, Callable[[Repo, str, str], object]] = {
    "--no-verify": _no_verify, "amend": _amend, "rebase": _rebase, "revert": _revert, "merge": _merge, "fast-import": _fast_import,
    "commit-tree": _commit_tree, "a push from elsewhere": _pushed,
    "cherry-pick": lambda repo, base, made: repo.git("cherry-pick", made),
    "am": lambda repo, base, made: repo.git("am", "-q", stdin=repo.git("format-patch", "--stdout", "side~1..side") + "\n"),
    "ff-merge": lambda repo, base, made: repo.git("merge", "-q", "--ff-only", "side"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_no_way_past_the_hooks_is_a_way_past_the_range(started: Repo, cli: Cli, base: str, way: str) -> None:
    """G15 S24: each brings one broken file that no hook has seen."""
    started.git("checkout", "-q", "-b", "side")
    made = started.commit({PATH: BROKEN}, "break it")
    started.git("checkout", "-q", "main")
    started.git("tag", "base")
    started.git("tag", "-d", "base") if way == "revert" else None
    WAYS[way](started, base, made)
    code, first, found = told(cli, "base..HEAD")
    assert code == 1 and found == {("document/front-matter", first)}


def test_names_that_become_one_elsewhere_are_found_at_the_second(started: Repo, cli: Cli, base: str) -> None:
    started.commit({"_tasks/cache/research/Notes.md": "a\n"}, "one")
    bad = started.commit({"_tasks/cache/research/notes.md": "b\n"}, "two")
    assert told(cli, f"{base}..HEAD") == (1, bad, {("path/twins", bad)})


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        ("cache: planned\n\nDecisions-Case: cache\nDecisions-Phase: roadmap\nDecisions-Slot: steve\n", "audit/illegal"),
        ("cache: planned\n\nDecisions-Case: cache\nDecisions-Phase: nothing\n", "audit/illegal"),
        ("cache: x\n\nDecisions-Phase: start\n\nand\n\nDecisions-Case: cache\nDecisions-Phase: start\n", "audit/forged"),
        ("x\n\nDecisions-Case: cache\nDecisions-Phase: approve\nDecisions-Slot: a\nDecisions-Backend: offline\n", "audit/approval"),
    ],
)  # fmt: skip
def test_trailers_of_ours_that_a_person_wrote_are_found(
    started: Repo, cli: Cli, base: str, message: str, rule: str
) -> None:
    """S23"""
    bad = started.commit({PATH: REQUEST + "\nMore.\n"}, message)
    started.commit({"x.txt": "x\n"}, "fine")
    code, first, found = told(cli, f"{base}..HEAD")
    assert (code, first) == (1, bad) and rule in {name for name, _ in found}


def test_what_the_program_made_is_right_wherever_the_range_begins(started: Repo, cli: Cli, base: str) -> None:
    """G4: an undo names a commit before the range, too."""
    started.request("tiny", "---\ntype: request\nschema: 1\nstatus: open\npanel: none\n---\n# Tiny\n\nRename a word.\n")
    assert cli("run", "tiny").code == 0
    assert cli("undo", "tiny").code == 0
    commits = started.git("rev-list", f"{base}..HEAD").split()
    for begin in (base, *commits[1:3]):
        assert told(cli, f"{begin}..HEAD") == (0, "", set()), begin
    assert told(cli, f"{'0' * 40}..HEAD")[0] == 0
    assert cli("check", "--range", f"{base}..HEAD", "--json").json["summary"]["commits"] == len(commits)


def test_a_bare_clone_is_enough_and_a_shallow_one_is_refused(
    started: Repo, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = started.commit({PATH: BROKEN}, "break it")
    started.commit({PATH: REQUEST}, "mend it")
    started.git("clone", "-q", "--bare", f"file://{started.path}", str(tmp_path / "bare.git"))
    bare = make_cli(tmp_path / "bare.git", monkeypatch, capsys)
    assert told(bare, f"{base}..main") == (1, bad, {("document/front-matter", bad)})
    assert bare("check", "--against", bad).code == 0
    started.git("clone", "-q", "--depth=2", f"file://{started.path}", str(tmp_path / "shallow"))
    shallow = make_cli(tmp_path / "shallow", monkeypatch, capsys)
    for span in (f"{base}..HEAD", "HEAD~1..HEAD", f"{'0' * 40}..HEAD"):
        result = shallow("check", "--range", span)
        fine = span == "HEAD~1..HEAD"
        assert result.code == (0 if fine else 1), span
        assert fine or "git fetch --unshallow" in result.err


@pytest.mark.parametrize("span", ["main", "a...b", "..", "nope..HEAD", "-x..HEAD", "HEAD..nope", "HEAD...HEAD"])
def test_what_is_no_range_is_said(started: Repo, cli: Cli, span: str) -> None:
    result = cli("check", "--range", span)
    assert result.code == (0 if span == ".." else 1)
    assert span == ".." or ("Error: " in result.err and "Hint: " in result.err)


def test_the_two_looks_go_together_and_with_nothing_else(started: Repo, cli: Cli, base: str) -> None:
    both = cli("check", "--range", f"{base}..HEAD", "--against", "HEAD")
    assert both.code == 0 and "commits read" in both.err and "the merge with HEAD" in both.err
    for more in ("--json", "--staged", "_tasks"):
        assert cli("check", "--range", f"{base}..HEAD", "--against", "HEAD", more).code == 2


def test_a_range_reads_each_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The number of git processes does not grow with the commits."""
    from decisions_tool.ledger.git import Git

    repo = make_repo(tmp_path / "many", {"a.txt": "a\n"})
    cli = make_cli(repo.path, monkeypatch, capsys)
    started: list[str] = []
    run = Git.run

    def counted(self: Git, *args: str, **more: Any) -> bytes:
        started.append(args[0])
        return run(self, *args, **more)

    monkeypatch.setattr(Git, "run", counted)
    counts = []
    for number in range(2):
        for more in range(4):
            repo.commit({f"_tasks/c{number}{more}/notes.md": f"{number} {more}\n"}, "notes")
        started.clear()
        assert cli("check", "--range", f"{'0' * 40}..HEAD").code == 0
        counts.append(len(started))
    assert counts[0] == counts[1] <= 5
