"""The commands in every state that a repository, its folder, its environment and its caller can be in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from decisions_tool.ledger import git as git_module
from decisions_tool.ledger.files import unwritable
from tests.conftest import Cli, Repo, make_cli, make_repo

CASE = "_tasks/tiny"
REQUEST = "---\ntype: request\nschema: 1\nstatus: open\npanel: none\n---\n# Tiny\n\nRename a word.\n"
READING: tuple[tuple[str, ...], ...] = (
    ("status",), ("check",), ("log", "tiny"), ("audit",), ("why", "tiny"),
)  # fmt: skip
WRITING: tuple[tuple[str, ...], ...] = (("run",), ("init",), ("start", "tiny"), ("pause", "tiny"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one case that four steps finish, for every test to copy."""
    repo = make_repo(tmp_path_factory.mktemp("model") / "repo")
    repo.commit({"decisions.toml": "baseline = []\n", f"{CASE}/001-user-request.md": REQUEST}, "Request: tiny")
    repo.git("repack", "-adq")
    shutil.rmtree(repo.path / ".git" / "hooks")
    return repo.path


@pytest.fixture
def repo(tmp_path: Path, model: Path) -> Repo:
    return copied(model, tmp_path / "repo")


def copied(model: Path, folder: Path) -> Repo:
    shutil.copytree(model, folder)
    repo = Repo(folder)
    repo.git("update-index", "--refresh")
    return repo


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below a folder; the program's own store counts for nothing."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path.read_bytes() if path.is_file() else b""
        for name, path in found.items()
        if not f"{name}/".startswith(".git/decisions/")
    }


def refused(cli: Cli, folder: Path, commands: tuple[tuple[str, ...], ...], said: str, hint: str = "Hint: ") -> None:
    """Each command says why not, and how to go on, and changes nothing."""
    before = everything(folder)
    for args in commands:
        result = cli(*args)
        assert result.code == 1 and result.out == "" and said in result.err and hint in result.err, (args, result)
        assert re.fullmatch(r"Error: [^\n]+\nHint: [^\n]+\n", result.err), (args, result.err)
    assert everything(folder) == before


def works(cli: Cli, *commands: tuple[str, ...]) -> None:
    for args in commands:
        result = cli(*args)
        assert result.code == 0, (args, result.err)


def done(cli: Cli) -> bool:
    works(cli, ("run",))
    return bool(cli("status", "--json").json["cases"][0]["phase"] == "done")


@pytest.fixture(autouse=True)
def reports(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program says of a bug of its own stays among the folders of the tests."""
    folder = str(tmp_path_factory.mktemp("reports"))
    monkeypatch.setenv("TMPDIR", folder)
    monkeypatch.setattr(tempfile, "tempdir", folder)


# ---------------------------------------------------------------------- git is in the middle of something


def _sides(repo: Repo) -> None:
    """Two branches that do not agree, and main is checked out."""
    repo.git("branch", "other")
    repo.git("switch", "-q", "-c", "side")
    repo.commit({"README.md": "side\n"}, "side")
    repo.git("switch", "-q", "main")
    repo.commit({"README.md": "main\n"}, "main")


def _am(repo: Repo) -> None:
    patch = repo.git("format-patch", "-1", "--stdout", "side")
    repo.git("am", "-q", check=False, stdin=patch + "\n")


def _edit(repo: Repo) -> None:
    env = {"GIT_SEQUENCE_EDITOR": "sed -i.bak 1s/pick/edit/"}
    repo.git("rebase", "-q", "-i", "HEAD~1", env=env)


def _revert(repo: Repo) -> None:
    repo.commit({"README.md": "again\n"}, "again")
    repo.git("revert", "--no-edit", "HEAD~1", check=False)


def _picks(repo: Repo) -> None:
    """Two picks of which the first was resolved by a commit: only the sequencer knows that one is left."""
    repo.git("switch", "-q", "side")
    repo.commit({"README.md": "side, again\n"}, "again")
    repo.git("switch", "-q", "main")
    repo.git("cherry-pick", "side~1", "side", check=False)
    repo.git("commit", "-qam", "resolved")


def _bisect(repo: Repo) -> None:
    for args in (("start",), ("bad",), ("good", "HEAD~2")):
        repo.git("bisect", *args)


BUSY: dict[str, tuple[str, Callable[[Repo], object]]] = {
    "merge": ("a merge", lambda repo: repo.git("merge", "-q", "side", check=False)),
    "merge without conflict": ("a merge", lambda repo: repo.git("merge", "-q", "--no-ff", "--no-commit", "-s", "ours", "side")),
    "rebase": ("a rebase", lambda repo: repo.git("rebase", "-q", "side", check=False)),
    "rebase with the old engine": ("a rebase or am", lambda repo: repo.git("rebase", "-q", "--apply", "side", check=False)),
    "rebase that stopped to edit": ("a rebase", _edit),
    "am": ("a rebase or am", _am),
    "cherry-pick": ("a cherry-pick", lambda repo: repo.git("cherry-pick", "side", check=False)),
    "cherry-pick, one of two": ("a sequence of picks", _picks),
    "revert": ("a revert", _revert),
    "bisect, begun": ("a bisect", lambda repo: repo.git("bisect", "start")),
    "bisect": ("a bisect", _bisect),
}  # fmt: skip


@pytest.mark.parametrize(("what", "begin"), BUSY.values(), ids=BUSY)
def test_nothing_is_recorded_while_git_is_in_the_middle_of_something(
    repo: Repo, cli: Cli, what: str, begin: Callable[[Repo], object]
) -> None:
    """And everything can still be looked at."""
    _sides(repo)
    begin(repo)
    refused(cli, repo.path, WRITING, f"{what} is in progress", "git status")
    works(cli, ("status",), ("audit",))


@pytest.mark.parametrize("what", ["merge", "rebase"])
def test_meanwhile_another_branch_may_be_worked_on(repo: Repo, cli: Cli, what: str) -> None:
    _sides(repo)
    BUSY[what][1](repo)
    before = everything(repo.path)
    works(cli, *READING, ("run", "--branch", "other"))
    assert _changed(before, everything(repo.path), "other") == set()


def _changed(before: dict[str, bytes], after: dict[str, bytes], branch: str) -> set[str]:
    """What is another than before, except what belongs to a branch."""
    own = (".git/objects/", f".git/refs/heads/{branch}", f".git/logs/refs/heads/{branch}")
    return {path for path in before | after if before.get(path) != after.get(path) and not f"{path}/".startswith(own)}


@pytest.mark.parametrize("what", ["rebase", "bisect"])
def test_a_branch_that_git_is_at_work_on_is_left_alone(repo: Repo, cli: Cli, what: str) -> None:
    """Whatever is checked out meanwhile."""
    _sides(repo)
    BUSY[what][1](repo)
    refused(cli, repo.path, (("run", "--branch", "main"),), "is at work on the branch 'main'")


def test_a_branch_that_a_rebase_will_move_is_left_alone(repo: Repo, cli: Cli) -> None:
    _sides(repo)
    repo.git("branch", "stacked")
    repo.commit({"news.txt": "news\n"}, "news")
    repo.git("rebase", "-q", "--update-refs", "side", check=False)
    refused(cli, repo.path, (("run", "--branch", "stacked"),), "stacked")


def test_when_it_is_over_the_run_goes_on(repo: Repo, cli: Cli) -> None:
    _sides(repo)
    repo.git("merge", "-q", "side", check=False)
    assert cli("run").code == 1
    repo.git("commit", "-qam", "merged")
    works(cli, ("run",), ("audit",))


def test_what_another_worktree_is_in_the_middle_of_is_its_own_matter(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    _sides(repo)
    repo.git("worktree", "add", "-q", str(tmp_path / "elsewhere"), "other")
    repo.git("merge", "-q", "side", check=False)
    assert cli("run", cwd=tmp_path / "elsewhere").code == 0
    assert cli("run").code == 1


# ---------------------------------------------------------------------- where HEAD is


def test_on_no_branch_nothing_is_recorded(repo: Repo, cli: Cli) -> None:
    repo.git("checkout", "-q", "--detach")
    refused(cli, repo.path, WRITING, "HEAD is detached", "git switch -c")
    works(cli, *READING)
    hint = cli("run").err.rpartition("Hint: ")[2]
    subprocess.run(["sh", "-c", hint], cwd=repo.path, check=True, capture_output=True)
    assert done(cli)


@pytest.mark.parametrize("empty", [True, False])
def test_a_branch_without_a_commit_is_told_how_to_begin(repo: Repo, cli: Cli, empty: bool) -> None:
    """With files staged that a commit on another branch has, or with none at all."""
    repo.git("checkout", "-q", "--orphan", "fresh")
    if empty:
        repo.git("rm", "-rqf", ".")
    refused(cli, repo.path, (*WRITING, ("status",), ("log", "tiny"), ("audit",)), "commit", "git commit")
    works(cli, ("check",), ("new", "task", "Second"))
    hint = cli("run").err.rpartition("Hint: ")[2]
    subprocess.run(["sh", "-c", hint], cwd=repo.path, check=True, capture_output=True)
    works(cli, ("run",), ("status",), ("audit",))


def test_a_bare_repository_is_told_to_be_cloned(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
    commands = (*WRITING, ("status",), ("log", "tiny"), ("audit",), ("new", "task", "Second"))
    refused(in_folder(cli, bare), bare, commands, "is a bare repository", "clone it")
    assert cli("check", cwd=bare).code == 0


def in_folder(cli: Cli, folder: Path) -> Cli:
    return lambda *args: cli(*args, cwd=folder)


@pytest.mark.parametrize(
    "pointer",
    [
        "",
        "gitdir: /nowhere/at/all\n",
        "rubbish\n",
        "gitdir: ../gone\0\n",
    ],
    ids=ascii,
)
def test_outside_of_a_repository_only_check_works(repo: Repo, cli: Cli, tmp_path: Path, pointer: str) -> None:
    """F10: a .git that leads nowhere is none."""
    plain = tmp_path / "plain"
    shutil.copytree(repo.path / "_tasks", plain / "_tasks")
    if pointer:
        (plain / ".git").write_text(pointer)
    here = in_folder(cli, plain)
    commands = (
        *WRITING,
        ("status",),
        ("log", "tiny"),
        ("audit",),
        ("new", "task", "Second"),
        ("new", "task", "Third", "--commit"),
    )
    refused(here, plain, commands, "is not in a git repository", "git init")
    works(here, ("check",), ("show", "tiny"))


def test_a_head_that_is_damaged_is_told(repo: Repo, cli: Cli) -> None:
    for text in ("", "deadbeef\n", "ref:refs/heads/main\n", "d" * 40 + "\n", "\0\n"):
        repo.write(".git/HEAD", text)
        for args in (("status",), ("audit",), ("run",)):
            result = cli(*args)
            assert result.code == 1 and result.out == "" and result.err.startswith("Error: "), (text, args)


def test_a_head_that_is_a_link_is_on_its_branch(repo: Repo, cli: Cli) -> None:
    (repo.path / ".git/HEAD").unlink()
    (repo.path / ".git/HEAD").symlink_to("refs/heads/main")
    assert repo.git("branch", "--show-current") == "main"
    repo.git("pack-refs", "--all")
    assert done(cli)


# ---------------------------------------------------------------------- which repository


def test_a_linked_worktree_is_a_place_of_its_own(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side, tip, before = Repo(tmp_path / "side"), repo.git("rev-parse", "main"), repo.git("status", "--porcelain")
    here = in_folder(cli, side.path)
    assert done(here) and side.git("status", "--porcelain") == "" and side.files(CASE) != repo.files(CASE)
    assert repo.git("rev-parse", "main") == tip and repo.git("status", "--porcelain") == before
    assert cli("status", "--json").json["cases"][0]["phase"] == "start"
    refused(cli, repo.path, (("run", "--branch", "side"),), "is checked out in another worktree")
    shutil.rmtree(side.path)
    assert done(cli)


def test_a_worktree_of_a_bare_repository_works(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    bare, tree = Repo(tmp_path / "bare.git"), Repo(tmp_path / "tree")
    for key in ("user.name", "user.email"):
        bare.git("config", key, repo.git("config", key))
    bare.git("worktree", "add", "-q", str(tree.path), "main")
    assert done(in_folder(cli, tree.path)) and tree.git("status", "--porcelain") == ""
    assert bare.git("config", "core.bare") == "true"


def test_a_git_folder_elsewhere_is_found(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    repo.git("init", "-q", f"--separate-git-dir={tmp_path / 'elsewhere'}")
    works(cli, ("pause", "tiny"), *READING)
    assert (repo.path / ".git").is_file() and repo.git("status", "--porcelain") == ""


def test_a_submodule_is_a_repository_of_its_own(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    above = make_repo(tmp_path / "above", {"a.txt": "a\n"})
    above.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.path), "part")
    above.git("commit", "-qm", "part")
    part, tip = Repo(above.path / "part"), above.git("rev-parse", "HEAD")
    for key in ("user.name", "user.email"):
        part.git("config", key, repo.git("config", key))
    assert done(in_folder(cli, part.path)) and part.git("status", "--porcelain") == ""
    assert above.git("rev-parse", "HEAD") == tip and above.git("status", "--porcelain") == " M part"
    assert cli("status", "--json", cwd=above.path).json["cases"] == []
    assert cli("run", cwd=above.path).code == 0 and above.git("rev-parse", "HEAD") == tip


def test_a_submodule_among_the_cases_is_none(repo: Repo, cli: Cli) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},_tasks/part")
    repo.git("commit", "-qm", "part")
    assert "_tasks/part is no folder" in cli("status").err
    works(cli, ("pause", "tiny"))
    assert "160000" in repo.git("ls-tree", "HEAD", "_tasks/part")


def test_a_shallow_clone_goes_on_and_stops_at_what_it_cannot_see(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    works(cli, ("run",))
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "-q", "--depth=2", f"file://{repo.path}", str(clone.path))
    for key in ("user.name", "user.email"):
        clone.git("config", key, repo.git("config", key))
    here = in_folder(cli, clone.path)
    works(here, *READING, ("run",), ("undo", "tiny"))
    refused(here, clone.path, (("undo", "tiny"),), "shallow", "git fetch --unshallow")
    works(here, ("redo", "tiny", "panel"), ("run",), ("new", "task", "Second", "--commit"), ("audit",))
    assert clone.git("status", "--porcelain") == ""
    clone.git("fsck", "--strict")


@pytest.mark.parametrize("index", [(), ("--sparse-index",)], ids=["whole index", "sparse index"])
def test_a_sparse_checkout_stays_as_it_is(repo: Repo, cli: Cli, index: tuple[str, ...]) -> None:
    """G10: the case lies outside of it."""
    repo.git("sparse-checkout", "set", "--cone", *index, "shop/web")
    assert not (repo.path / CASE).exists()
    assert done(cli)
    works(cli, *READING, ("pause", "tiny"), ("new", "task", "Second", "--commit"))
    assert repo.git("status", "--porcelain") == "" and repo.git("sparse-checkout", "list") == "shop/web"
    assert not (repo.path / CASE / "001-user-request.md").exists()
    repo.git("sparse-checkout", "disable")
    assert repo.git("status", "--porcelain") == "" and "paused" in repo.read(f"{CASE}/001-user-request.md")


def test_what_a_sparse_checkout_leaves_out_is_not_stale(repo: Repo, cli: Cli) -> None:
    works(cli, ("run",))
    read = repo.git("rev-parse", f"HEAD:{CASE}/002-roadmap.md")
    front = f'type: review\nschema: 1\ncase: tiny\nphase: review\nstatus: done\nagent: steve\ninputs:\n  "{CASE}/002-roadmap.md": {read}\n'
    repo.commit(
        {f"{CASE}/003-steve-review.md": f"---\n{front}---\n\n# Review by Steve Jobs\n\n**Lens:** the user\n\nFine.\n"}
    )
    works(cli, ("check",))
    repo.git("sparse-checkout", "set", "--no-cone", "/*", "!/_tasks/tiny/002*")
    assert "stale" not in {finding["rule"] for finding in cli("check", "--json").json["findings"]}


# ---------------------------------------------------------------------- what may not be written


def unprivileged(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line as somebody who is bound by permissions, which root is not."""
    plain: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is not installed: NO PERMISSION WAS TESTED")
        plain = [
            "setpriv",
            "--bounding-set=-dac_override,-dac_read_search",
            "--inh-caps=-dac_override,-dac_read_search",
        ]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    code = "from decisions_tool.cli import main; main()"
    return subprocess.run(
        [*plain, sys.executable, "-c", code, *args], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def _close(folder: Path, mode: int = 0o222) -> None:
    for path in (*folder.rglob("*"), folder):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~mode)


def _open(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o700 if path.is_dir() else 0o600))


@pytest.mark.parametrize(
    "folder",
    [
        ".git",
        ".git/decisions",
        CASE,
    ],
)
def test_what_may_not_be_written_is_found_before_anything_is(repo: Repo, cli: Cli, folder: str) -> None:
    """Reading works all the same."""
    works(cli, ("pause", "tiny"), ("resume", "tiny"))
    tip = repo.git("rev-parse", "HEAD")
    _close(repo.path / folder)
    try:
        assert folder != ".git" or unprivileged("status", cwd=repo.path).returncode == 0
        result = unprivileged("run", cwd=repo.path)
    finally:
        _open(repo.path / folder)
    assert (repo.git("rev-parse", "HEAD"), repo.git("status", "--porcelain")) == (tip, "")
    assert result.returncode == 1 and "cannot be written" in result.stderr and "Hint: " in result.stderr, result.stderr
    assert not [path.name for path in (repo.path / ".git").iterdir() if path.suffix == ".lock"]


def test_a_run_in_a_fresh_clone_that_may_not_be_written_is_refused(repo: Repo) -> None:
    _close(repo.path / ".git")
    try:
        result = unprivileged("run", cwd=repo.path)
    finally:
        _open(repo.path / ".git")
    assert result.returncode == 1 and "cannot be written" in result.stderr


def test_a_file_that_could_not_be_written_is_brought_along_later(repo: Repo, cli: Cli) -> None:
    """R1: however often a run fails meanwhile."""
    _close(repo.path / CASE)
    try:
        for _ in range(2):
            assert unprivileged("run", cwd=repo.path).returncode != 0
    finally:
        _open(repo.path / CASE)
    assert done(cli) and repo.git("status", "--porcelain") == ""


def test_a_commit_whose_file_the_disk_refused_is_not_forgotten(
    repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: what no look at permissions could foretell."""

    def full(path: Path, data: bytes, mode: int | None = None) -> None:
        raise unwritable(path, OSError(28, "No space left on device"))

    with monkeypatch.context() as patch:
        patch.setattr("decisions_tool.ledger.working.write_atomically", full)
        refusals = [cli("run") for _ in range(3)]
    assert {result.code for result in refusals} == {1} and len(repo.subjects()) == 3
    assert all("cannot be written: No space left" in result.err for result in refusals)
    assert repo.git("status", "--porcelain") == f" M {CASE}/001-user-request.md"
    assert cli("pause", "tiny").code == 0 and repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "path",
    [".git", ".git/HEAD"],
)
def test_what_may_not_be_read_is_told(repo: Repo, path: str) -> None:
    (repo.path / path).chmod(0)
    try:
        result = unprivileged("status", cwd=repo.path)
    finally:
        (repo.path / path).chmod(0o700)
    assert result.returncode == 1 and "cannot be read" in result.stderr and "permissions" in result.stderr


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """Somebody removed it in another window."""
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os, sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r}); os.rmdir(os.getcwd()); from decisions_tool.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "status"], cwd=gone, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1 and "Error: " in result.stderr


# ---------------------------------------------------------------------- who is at work


def _called(repo: Repo, name: str | None, email: str | None) -> None:
    for key, value in (("user.name", name), ("user.email", email)):
        repo.git("config", *(["--unset", key] if value is None else [key, value]), check=False)


def test_without_an_identity_nothing_is_recorded(repo: Repo, cli: Cli) -> None:
    """And none is made up from the name of the machine."""
    commands = (*WRITING, ("run", "--branch", "main"))
    for name, email in ((None, "ada@example.invalid"), ("Ada", None), ("", "ada@example.invalid"), (None, None)):
        _called(repo, name, email)
        refused(cli, repo.path, commands, "git does not know who you are", "git config --global user.name")
    works(cli, *READING, ("new", "task", "Second"))


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (("approve", "tiny", "roadmap"), None),
        (("decide", "tiny", "a"), None),
        (("run",), "<>"),
    ],
)
def test_an_identity_that_git_refuses_is_told_in_our_words(
    repo: Repo, cli: Cli, args: tuple[str, ...], name: str | None
) -> None:
    _called(repo, name, None if name is None else "ada@example.invalid")
    refused(cli, repo.path, (args,), "git does not know who you are", "git config --global user.name")


@pytest.mark.parametrize("state", ["detached", "unborn", "merging", "nobody"])
def test_a_request_that_cannot_be_committed_is_not_written(repo: Repo, cli: Cli, state: str) -> None:
    if state == "detached":
        repo.git("checkout", "-q", "--detach")
    elif state == "unborn":
        repo.git("checkout", "-q", "--orphan", "fresh")
    elif state == "merging":
        _sides(repo)
        repo.git("merge", "-q", "side", check=False)
    else:
        _called(repo, None, None)
    refused(cli, repo.path, (("new", "task", "Second", "--commit"),), "")


# ---------------------------------------------------------------------- another branch


@pytest.mark.parametrize("state", ["detached", "unborn", "dirty"])
def test_a_branch_that_is_not_checked_out_leaves_the_checkout_as_it_is(repo: Repo, cli: Cli, state: str) -> None:
    repo.git("branch", "a/b-ü")
    if state == "detached":
        repo.git("checkout", "-q", "--detach")
    elif state == "unborn":
        repo.git("checkout", "-q", "--orphan", "fresh")
    elif state == "dirty":
        repo.write(f"{CASE}/001-user-request.md", "mine\n")
        repo.write(f"{CASE}/002-roadmap.md", "mine\n")
        repo.git("add", "-A")
        (repo.path / ".git/index.lock").write_text("somebody else's")
    before, status = everything(repo.path), repo.git("status", "--porcelain")
    works(cli, ("run", "--branch", "a/b-ü"))
    assert len(repo.git("ls-tree", "-r", "--name-only", "a/b-ü", CASE).split("\n")) == 2
    assert _changed(before, everything(repo.path), "a/") == set() and repo.git("status", "--porcelain") == status


NO_BRANCH = ("nope", "main~1", "HEAD", "refs/heads/main", "@{-1}", "../../x", "a\nb", "x.lock", " ", "\x1b[2J")


def test_a_name_that_is_no_branch_is_refused(repo: Repo, cli: Cli) -> None:
    before = everything(repo.path)
    for name in NO_BRANCH:
        result = cli("run", "--branch", name)
        assert result.code == 1 and result.err.startswith("Error: ") and "\x1b" not in result.err, name
    assert cli("run", "--branch", "-x").code == 2
    assert everything(repo.path) == before


def test_no_name_is_no_branch(repo: Repo, cli: Cli) -> None:
    """The variable of a script was empty."""
    assert cli("run", "--branch", "").code == 1
    assert repo.subjects() == ["Request: tiny", "code"]


def test_the_branch_that_is_checked_out_may_be_named(repo: Repo, cli: Cli) -> None:
    works(cli, ("run", "--branch", "main"))
    assert done(cli) and repo.git("status", "--porcelain") == "" and (repo.path / CASE / "002-roadmap.md").exists()


# ---------------------------------------------------------------------- where the folder is


FOLDERS = (
    "a b\t$(touch pwned);'\"`",
    "ünï 日本:(top)*?[a]\\%s{x}",
    "-rf",
    "new\nline\n",
    "_tasks",
    os.fsdecode(b"\xff"),
)


@pytest.mark.parametrize("name", FOLDERS, ids=ascii)
def test_the_repository_may_lie_in_a_folder_of_any_name(
    model: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = copied(model, tmp_path / name)
    cli = make_cli(repo.path, monkeypatch, capsys)
    assert done(cli)
    works(cli, ("check", "_tasks"), ("log", "tiny"), ("audit",))
    assert repo.git("status", "--porcelain") == "" and [path.name for path in tmp_path.iterdir()] == [name]
    assert cli("-C", name, "status", cwd=tmp_path).code == 0


def test_a_worktree_and_its_repository_may_lie_in_folders_of_any_name(model: Path, cli: Cli, tmp_path: Path) -> None:
    repo, folder = copied(model, tmp_path / os.fsdecode(b"new\n line \xff")), tmp_path / "ends\n"
    repo.git("worktree", "add", "-q", "-b", "side", str(folder))
    works(in_folder(cli, folder), ("pause", "tiny"), *READING)
    assert Repo(folder).git("status", "--porcelain") == "" != Repo(folder).git("log", "main..side")


@pytest.mark.parametrize("below", ["shop/store", CASE])
def test_from_a_folder_below_everything_is_the_same(repo: Repo, cli: Cli, below: str) -> None:
    here = in_folder(cli, repo.path / below)
    works(here, ("run",), ("new", "task", "Second"))
    assert (repo.path / "_tasks/second/001-user-request.md").exists()
    for args in (
        ("status", "--json"),
        ("check", "--json"),
        ("log", "tiny", "--json"),
        ("audit", "--json"),
        ("show", "tiny", "--json"),
        ("why", "tiny"),
    ):
        assert here(*args) == cli(*args), args
    assert repo.git("status", "--porcelain") == "?? _tasks/second/"


@pytest.mark.parametrize("args", [("status",), ("new", "task", "Second")])
def test_from_a_folder_below_the_command_of_a_hint_works(repo: Repo, cli: Cli, args: tuple[str, ...]) -> None:
    """U5"""
    below = repo.path / "shop" / "store"
    repo.write("_tasks/first/001-user-request.md", "# First\n\nNew.\n")
    command = re.search(r"git add .*?git commit -m '.*?'( -- \S+)?", cli(*args, cwd=below).err)
    assert command
    subprocess.run(["sh", "-c", command.group()], cwd=below, check=True, capture_output=True)


# ---------------------------------------------------------------------- the environment


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Changes of the environment that git gets to see, until they are undone."""
    git_module._environment.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    git_module._environment.cache_clear()


@pytest.mark.parametrize("relative", [False, True])
def test_another_repository_in_the_environment_is_left_alone(
    repo: Repo, model: Path, cli: Cli, tmp_path: Path, relative: bool, surroundings: pytest.MonkeyPatch
) -> None:
    """F37: a hook of another repository calls the program."""
    other = copied(model, tmp_path / "other")
    top = "../other" if relative else str(other.path)
    poison = {
        "DIR": f"{top}/.git", "WORK_TREE": top, "INDEX_FILE": f"{top}/.git/index", "COMMON_DIR": f"{top}/.git",
        "OBJECT_DIRECTORY": f"{top}/.git/objects", "PREFIX": "shop/", "NAMESPACE": "other", "CEILING_DIRECTORIES": str(tmp_path),
    }  # fmt: skip
    before = everything(other.path)
    for name, value in poison.items():
        surroundings.setenv(f"GIT_{name}", value)
    works(cli, ("run",), *READING, ("new", "task", "Second", "--commit"))
    surroundings.undo()
    assert everything(other.path) == before
    assert repo.git("status", "--porcelain") == "" and len(repo.files()) == 3


def test_an_index_in_the_environment_does_not_count_where_a_commit_is_made(
    repo: Repo, cli: Cli, tmp_path: Path, surroundings: pytest.MonkeyPatch
) -> None:
    surroundings.setenv("GIT_INDEX_FILE", str(tmp_path / "nowhere"))
    works(cli, ("pause", "tiny"))
    surroundings.undo()
    assert repo.git("status", "--porcelain") == "" and not (tmp_path / "nowhere").exists()


def test_a_home_folder_is_not_needed(repo: Repo) -> None:
    env = {name: os.environ[name] for name in ("PATH", "TMPDIR", "GIT_CONFIG_NOSYSTEM")}
    env |= {"PYTHONPATH": str(Path(__file__).parents[1])}
    code = "from decisions_tool.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "pause", "tiny"],
        cwd=repo.path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0 and repo.subjects()[0] == "tiny: paused", result.stderr


# ---------------------------------------------------------------------- who listens


def shell(repo: Repo, line: str, buffered: bool = True) -> subprocess.CompletedProcess[str]:
    """A line of shell in which $decisions is the command line."""
    code = "from decisions_tool.cli import main; main()"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "python": sys.executable, "code": code}
    env |= {"PYTHONUNBUFFERED": "" if buffered else "1"}
    line = line.replace("$decisions", '"$python" -c "$code"')
    return subprocess.run(["sh", "-c", line], cwd=repo.path, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("args", "closed"),
    [("run", "<&- >&- 2>&-"), ("pause tiny", "2>&-"), ("status --json", ">&-")],
)
def test_closed_streams_change_nothing(repo: Repo, args: str, closed: str) -> None:
    result = shell(repo, f"$decisions {args} {closed}")
    assert result.returncode == 0 and "bug" not in result.stdout + result.stderr
    assert len(repo.subjects()) == {"run": 6, "pause tiny": 3}.get(args, 2)
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("args", "buffered"),
    [
        ("status", True),
        ("status", False),
        ("--help", False),
        ("--version", False),
        ("--version", True),
    ],
)
def test_a_reader_that_has_gone_is_no_error(repo: Repo, args: str, buffered: bool) -> None:
    """However much was written before it went, and however it is buffered."""
    result = shell(repo, f"{{ sleep 0.1; $decisions {args}; echo code $? >&2; }} | true", buffered)
    assert result.stderr == "code 0\n"


def test_a_full_disk_under_the_output_is_told(repo: Repo) -> None:
    result = shell(repo, "$decisions status >/dev/full")
    assert result.returncode == 1 and "No space left" in result.stderr and "bug" not in result.stderr


def test_a_run_whose_reader_has_gone_leaves_everything_in_order(repo: Repo, cli: Cli) -> None:
    shell(repo, "{ $decisions run 2>&1; } | true", buffered=False)
    assert repo.git("status", "--porcelain") == ""
    assert not [path.name for path in (repo.path / ".git").rglob("*.lock")]
    assert done(cli)


# ---------------------------------------------------------------------- names of cases


NAMES = (
    "x" * 5000, "x" * 256, "a/" * 2000 + "b", "/etc", ".git", "a\x1b[2Jb\x07", "a\nb", "a\u202eb", "--output=pwned", "*", ":(top)_tasks",
    os.fsdecode(b"a\xff"), "$(touch pwned)", "%s{x}",
)  # fmt: skip


@pytest.mark.parametrize("verb", ["show", "why", "start", "run", "pause", "log", "audit"])
def test_a_name_that_is_no_case_is_refused(repo: Repo, cli: Cli, verb: str) -> None:
    """S12 S18: whatever it leads to elsewhere, and without a word that a terminal would act on."""
    before = everything(repo.path)
    for name in NAMES:
        result = cli(verb, "--", name)
        assert result.code == 1 and result.out == "", (name, result)
        assert re.fullmatch(r"Error: [^\n]+\nHint: [^\n]+\n", result.err) and "root:" not in result.err
        assert not set(result.err) & {"\x1b", "\x07", "\u202e"}
        assert len(result.err) < 1000, (name[:9], len(result.err))
    assert everything(repo.path) == before


def test_a_name_that_leads_out_of_the_repository_is_refused(repo: Repo, cli: Cli) -> None:
    for verb in ("show", "why", "start", "run", "pause", "log", "audit"):
        result = cli(verb, "../../../../etc")
        assert result.code == 1 and result.out == "" and result.err.startswith("Error: "), verb


@pytest.mark.parametrize("name", ["..", "", "tiny/001-user-request.md"])
def test_the_story_of_a_case_is_told_by_its_name_alone(repo: Repo, cli: Cli, name: str) -> None:
    result = cli("log", name)
    assert result.code == 1 and "no commit touches" in result.err


@pytest.mark.parametrize("args", [("status",), ("next",), ("why",), ("check", "--staged")], ids=" ".join)
def test_a_command_to_copy_is_safe_for_any_name_of_a_case(repo: Repo, cli: Cli, args: tuple[str, ...]) -> None:
    """S18 U5: the folder may be somebody else's."""
    slug = "a b $(touch pwned)"
    path = f"_tasks/{slug}/001-user-request.md"
    if args == ("status",):
        repo.write(path, REQUEST)
        command = cli("status").err.rstrip("\n").rpartition("\n")[2]
    elif args == ("check", "--staged"):
        (repo.path / "_tasks" / slug).symlink_to("tiny")
        repo.git("add", "_tasks")
        command = cli(*args).out.rpartition("Hint: ")[2]
    else:
        repo.commit({path: REQUEST})
        out = cli(*args, *([slug] if args == ("why",) else [])).out
        command = next(line for line in out.split("\n") if "decisions run" in line and slug[-3:] in line)
    words = subprocess.run(
        ["sh", "-c", f"git() {{ printf '%s\\n' \"$@\"; }}; decisions() {{ git \"$@\"; }}; {command}"],
        cwd=repo.path, capture_output=True, text=True, check=False,
    ).stdout.split("\n")  # fmt: skip
    assert {slug, path, f"_tasks/{slug}"} & set(words), command
    assert not (repo.path / "pwned").exists()
