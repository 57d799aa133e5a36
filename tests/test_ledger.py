"""The write protocol: one transition is one commit, beside whatever people, crashes and hostile settings do."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from decisions_tool.errors import Busy, DecisionsError, Edited, Moved
from decisions_tool.ledger import git as git_module
from decisions_tool.ledger import locks, record
from decisions_tool.ledger.locks import run_lock
from decisions_tool.ledger.record import Ledger, Turn
from decisions_tool.ledger.repository import Repository
from tests.conftest import CODE, REQUEST, Cli, Repo, decisions, make_cli, make_repo

CASE = "_tasks/cache"
DOC = f"{CASE}/002-roadmap.md"
OLD, NEW = "# Roadmap\n\nold\n", "# Roadmap\n\nnew\n"
MANUAL = 'baseline = []\n[backends]\ndefault = "manual"\n'
ROADMAP = (
    "# Roadmap: Cache\n\n## Prior art\n\nno prior art found\n\n## Trade-offs\n\nMemory.\n\n## Decisions\n\nCache.\n"
)


def put(
    repo: Repo,
    changes: Mapping[str, str | None],
    message: str = "written",
    branch: str | None = None,
    left: Mapping[str, bytes] | None = None,
) -> str:
    """One turn of the ledger; the commit."""
    with (
        closing(Repository(repo.path)) as repository,
        run_lock(repository.place),
        Ledger(repository, branch).turn() as turn,
    ):
        return turn.commit(changes, f"{message}\n", left)


def seen(repo: Repo, but: str = DOC) -> dict[str, object]:
    """Everything a person can see of their own work: status, both diffs, index, files with bytes and mode."""
    files = {}
    for path in sorted(repo.path.rglob("*")):
        name = path.relative_to(repo.path).as_posix()
        if path.is_symlink():
            files[name] = f"-> {path.readlink()}"
        elif path.is_file() and name != but and not name.startswith(".git/"):
            files[name] = f"{path.stat().st_mode:o} {path.read_bytes()!r}"
    index = [line for line in repo.git("ls-files", "--stage", "-v").split("\n") if not line.endswith(f"\t{but}")]
    return {
        "status": repo.git("status", "--porcelain=v1", "--ignored", "-uall"), "files": files, "index": index,
        "unstaged": repo.git("diff", "--binary"), "staged": repo.git("diff", "--cached", "--binary"),
    }  # fmt: skip


@pytest.fixture
def shelf(repo: Repo) -> Repo:
    """A repository with one document that the program may write."""
    repo.commit({DOC: OLD, f"{CASE}/001-user-request.md": "# Cache\n", "a.txt": "1\n2\n3\n4\n5\n6\n", "b.txt": "b\n"})
    return repo


# ---------------------------------------------------------------------- other people's work


def _partly(repo: Repo) -> None:
    repo.write("a.txt", "one\n2\n3\n4\n5\n6\n")
    repo.git("add", "a.txt")
    repo.write("a.txt", "one\n2\n3\n4\n5\nsix\n")


def _typechange(repo: Repo) -> None:
    (repo.path / "b.txt").unlink()
    (repo.path / "b.txt").symlink_to("a.txt")
    repo.git("add", "b.txt")


def _conflict(repo: Repo) -> None:
    repo.write("a.txt", "theirs\n")
    repo.git("stash", "-q")
    repo.commit({"a.txt": "ours\n"})
    repo.git("stash", "pop", "-q", check=False)
    assert "UU a.txt" in repo.git("status", "--porcelain")


def _staged_then(repo: Repo) -> None:
    repo.write("n.txt", "n\n")
    repo.git("add", "n.txt")
    (repo.path / "n.txt").unlink()


def _flags(repo: Repo) -> None:
    repo.git("update-index", "--assume-unchanged", "a.txt")
    repo.git("update-index", "--skip-worktree", "b.txt")


def _neighbour(repo: Repo) -> None:
    repo.write(f"{CASE}/001-user-request.md", "# Cache, not yet committed\n")
    repo.git("add", CASE)
    repo.write(f"{CASE}/notes.md", "mine\n")


def _executable(repo: Repo) -> None:
    (repo.path / "a.txt").chmod(0o755)
    repo.git("update-index", "--chmod=+x", "b.txt")


WORK: dict[str, Callable[[Repo], object]] = {
    "staged": lambda repo: (repo.write("a.txt", "mine\n"), repo.git("add", "a.txt")),
    "unstaged": lambda repo: repo.write("a.txt", "mine\n"),
    "partially staged": _partly,
    "untracked": lambda repo: repo.write("u/n.txt", b"\xff\0mine"),
    "ignored": lambda repo: (repo.write(".gitignore", "*.log\n"), repo.write("x.log", "mine\n")),
    "intent to add": lambda repo: (repo.write("n.txt", "n\n"), repo.git("add", "-N", "n.txt")),
    "staged deletion": lambda repo: repo.git("rm", "-q", "a.txt"),
    "unstaged deletion": lambda repo: (repo.path / "a.txt").unlink(),
    "removed from the index only": lambda repo: repo.git("rm", "-q", "--cached", "a.txt"),
    "rename": lambda repo: repo.git("mv", "a.txt", "c.txt"),
    "executable bit": _executable,
    "file turned into a link": _typechange,
    "unmerged": _conflict,
    "staged and gone again": _staged_then,
    "flags of the index": _flags,
    "beside the document": _neighbour,
}  # fmt: skip


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_other_peoples_work_is_left_byte_for_byte(shelf: Repo, work: Callable[[Repo], object]) -> None:
    """G2: afterwards `git status` shows only what it showed before, and the commit holds only its document."""
    work(shelf)
    before = seen(shelf)
    put(shelf, {DOC: NEW})
    assert seen(shelf) == before
    assert shelf.read(DOC) == shelf.at_head(DOC) + "\n" == NEW
    assert shelf.git("show", "--format=", "--name-only", "HEAD") == DOC


def test_a_document_may_appear_and_go_beside_other_peoples_work(shelf: Repo) -> None:
    fresh = f"{CASE}/research/store.md"
    _partly(shelf)
    before = seen(shelf)
    put(shelf, {fresh: NEW})
    assert shelf.read(fresh) == NEW and shelf.git("status", "--porcelain") == "MM a.txt"
    put(shelf, {fresh: None})
    assert not (shelf.path / fresh).parent.exists() and (shelf.path / CASE).is_dir()
    assert seen(shelf) == before


@pytest.mark.parametrize("kind", ["index version 4", "split index", "untracked cache"])
def test_every_form_of_the_index_is_kept(shelf: Repo, kind: str) -> None:
    args = {
        "index version 4": ["--index-version", "4"],
        "split index": ["--split-index"],
        "untracked cache": ["--untracked-cache"],
    }
    shelf.git("update-index", *args[kind])
    _partly(shelf)
    before = seen(shelf)
    put(shelf, {DOC: NEW})
    assert seen(shelf) == before
    shelf.git("fsck", "--strict")


# ---------------------------------------------------------------------- a document that a person is at work on


def _staged_edit(repo: Repo) -> None:
    repo.write(DOC, "mine\n")
    repo.git("add", DOC)


def _staged_and_put_back(repo: Repo) -> None:
    _staged_edit(repo)
    repo.write(DOC, OLD)


EDITS: dict[str, Callable[[Repo], object]] = {
    "edited": lambda repo: repo.write(DOC, "mine\n"),
    "emptied": lambda repo: repo.write(DOC, ""),
    "a blank at the end of a line": lambda repo: repo.write(DOC, OLD.replace("old", "old ")),
    "staged": _staged_edit,
    "staged, and put back on disk": _staged_and_put_back,
    "removed from the index": lambda repo: repo.git("rm", "-q", "--cached", DOC),
    "deleted and staged": lambda repo: repo.git("rm", "-q", DOC),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_document_that_a_person_has_changed_is_refused(shelf: Repo, edit: Callable[[Repo], object]) -> None:
    """G2: the hint names the file; nothing at all was written."""
    edit(shelf)
    before, tip = seen(shelf, but=""), shelf.git("rev-parse", "HEAD")
    with pytest.raises(Edited, match=DOC) as error:
        put(shelf, {DOC: NEW})
    assert DOC in error.value.hint
    assert (seen(shelf, but=""), shelf.git("rev-parse", "HEAD")) == (before, tip)


def test_a_new_document_never_lands_on_a_file_of_a_persons(shelf: Repo) -> None:
    """U5: the command of the hint does what it says, also for a name with a blank."""
    path = f"{CASE}/005-a b-design.md"
    shelf.write(path, "mine\n")
    with pytest.raises(Edited) as error:
        put(shelf, {path: NEW})
    assert shelf.read(path) == "mine\n"
    subprocess.run(["sh", "-c", error.value.hint], cwd=shelf.path, check=True, capture_output=True)
    assert shelf.at_head(path) == "mine"


def test_a_file_that_a_person_deleted_is_not_put_back(shelf: Repo) -> None:
    (shelf.path / DOC).unlink()
    put(shelf, {DOC: NEW})
    assert not (shelf.path / DOC).exists()
    assert shelf.git("status", "--porcelain") == f" D {DOC}"


def test_what_a_person_wrote_while_the_commit_was_made_stays(shelf: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """F17: the working file is replaced only where it still equals its base."""
    swap = Turn._swap

    def edit_meanwhile(turn: Turn, commit: str) -> None:
        swap(turn, commit)
        shelf.write(DOC, "mine, just now\n")

    monkeypatch.setattr(Turn, "_swap", edit_meanwhile)
    put(shelf, {DOC: NEW})
    assert shelf.read(DOC) == "mine, just now\n" and shelf.at_head(DOC) == NEW.rstrip("\n")
    assert shelf.git("status", "--porcelain") == f" M {DOC}"


@pytest.mark.parametrize("staging", ["none", "add", "intent to add"])
def test_an_answer_that_was_handed_in_is_replaced(shelf: Repo, staging: str) -> None:
    """A8: the working file that is the answer may go, staged or not."""
    path, answer = f"{CASE}/003-steve-review.md", "my review\n"
    shelf.write(path, answer)
    if staging != "none":
        shelf.git("add", *(["-N"] if staging == "intent to add" else []), path)
    put(shelf, {path: NEW}, left={path: answer.encode()})
    assert shelf.read(path) == NEW and shelf.git("status", "--porcelain") == ""


@pytest.mark.parametrize("where", ["disk", "index"])
def test_an_answer_with_later_words_is_not_replaced(shelf: Repo, where: str) -> None:
    """What was staged or written after the answer was read exists nowhere else."""
    path, answer = f"{CASE}/003-steve-review.md", "my review\n"
    shelf.write(path, "later words\n")
    if where == "index":
        shelf.git("add", path)
        shelf.write(path, answer)
    before = seen(shelf, but="")
    with pytest.raises(Edited):
        put(shelf, {path: NEW}, left={path: answer.encode()})
    assert seen(shelf, but="") == before


@pytest.mark.parametrize("shape", ["a file where a folder goes", "a folder where the file goes"])
def test_what_the_index_has_no_room_for_is_refused_before_the_branch_moves(shelf: Repo, shape: str) -> None:
    """Staged, and not on disk any more: only the index knows of it."""
    path = f"{CASE}/research/store.md"
    taken = f"{CASE}/research" if shape.startswith("a file") else f"{path}/x"
    file = shelf.write(taken, "mine\n")
    shelf.git("add", taken)
    file.unlink()
    if not shape.startswith("a file"):
        file.parent.rmdir()
    before, tip = seen(shelf, but=""), shelf.git("rev-parse", "HEAD")
    with pytest.raises(Edited):
        put(shelf, {path: NEW})
    assert (seen(shelf, but=""), shelf.git("rev-parse", "HEAD")) == (before, tip)
    assert not (shelf.path / ".git/index.lock").exists()


@pytest.mark.parametrize("branch", [None, "other"])
@pytest.mark.parametrize("mode", ["100644", "120000", "160000"])
def test_a_committed_file_is_never_turned_into_a_folder(shelf: Repo, mode: str, branch: str | None) -> None:
    blob = shelf.git("rev-parse", "HEAD" if mode == "160000" else f"HEAD:{DOC}")
    shelf.git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{CASE}/research")
    shelf.git("commit", "-qm", "odd")
    shelf.git("branch", "other")
    tip = shelf.git("rev-parse", "other")
    with pytest.raises(DecisionsError, match="research"):
        put(shelf, {f"{CASE}/research/store.md": NEW}, branch=branch)
    assert shelf.git("rev-parse", "other") == shelf.git("rev-parse", "HEAD") == tip


# ---------------------------------------------------------------------- line ends and modes

ENDS: dict[str, tuple[dict[str, str], str]] = {
    "autocrlf": ({"core.autocrlf": "true"}, ""),
    "autocrlf, file says lf": ({"core.autocrlf": "true"}, "*.md eol=lf\n"),
    "autocrlf, file is not text": ({"core.autocrlf": "true"}, "*.md -text\n"),
    "autocrlf is input": ({"core.autocrlf": "input"}, ""),
    "file says crlf": ({}, "*.md eol=crlf\n"),
    "text, and crlf is native": ({"core.eol": "crlf"}, "*.md text\n"),
    "text=auto, and crlf is native": ({"core.eol": "crlf"}, "* text=auto\n"),
    "crlf is native, nothing is text": ({"core.eol": "crlf"}, ""),
    "nothing is said": ({}, ""),
}


@pytest.mark.parametrize(("config", "attributes"), ENDS.values(), ids=ENDS)
def test_line_ends_are_those_of_a_checkout(shelf: Repo, config: dict[str, str], attributes: str) -> None:
    """G2: line-end settings are honoured for old and new files; the blob has what was recorded."""
    for key, value in config.items():
        shelf.git("config", key, value)
    if attributes:
        shelf.commit({".gitattributes": attributes})
    fresh = f"{CASE}/research/store.md"
    (shelf.path / DOC).unlink()
    shelf.git("checkout", "-q", "--", DOC)
    put(shelf, {DOC: NEW, fresh: NEW})
    written = [(shelf.path / path).read_bytes() for path in (DOC, fresh)]
    assert shelf.git("status", "--porcelain") == ""
    for path in (DOC, fresh):
        (shelf.path / path).unlink()
        shelf.git("checkout", "-q", "--", path)
    assert written == [(shelf.path / path).read_bytes() for path in (DOC, fresh)]
    assert shelf.git("rev-parse", f"HEAD:{DOC}") == shelf.git("hash-object", "--stdin", "--no-filters", stdin=NEW)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o775])
def test_a_working_file_keeps_its_mode(shelf: Repo, mode: int) -> None:
    """G27: with the executable bit recorded as it was."""
    (shelf.path / DOC).chmod(mode)
    if mode & 0o100:
        shelf.git("commit", "-qam", "executable")
    put(shelf, {DOC: NEW})
    assert stat.S_IMODE((shelf.path / DOC).stat().st_mode) == mode
    assert shelf.git("ls-tree", "HEAD", DOC).startswith("100755" if mode & 0o100 else "100644")
    assert shelf.git("status", "--porcelain") == ""


def test_a_new_file_has_the_mode_that_the_umask_leaves(shelf: Repo) -> None:
    for number, mask in enumerate((0o022, 0o077, 0o002)):
        before = os.umask(mask)
        try:
            put(shelf, {f"{CASE}/research/{number}.md": NEW})
        finally:
            os.umask(before)
        assert stat.S_IMODE((shelf.path / f"{CASE}/research/{number}.md").stat().st_mode) == 0o666 & ~mask


def test_a_sparse_checkout_stays_sparse(shelf: Repo) -> None:
    """G10: what is not checked out is recorded, and does not turn up as deleted."""
    shelf.git("sparse-checkout", "set", "--no-cone", "/shop/")
    assert not (shelf.path / DOC).exists()
    put(shelf, {DOC: NEW})
    assert shelf.at_head(DOC) == NEW.rstrip("\n")
    assert not (shelf.path / DOC).exists() and shelf.git("status", "--porcelain") == ""
    shelf.git("sparse-checkout", "disable")
    assert shelf.read(DOC) == NEW


# ---------------------------------------------------------------------- who commits, and how


def _fresh_environment() -> None:
    git_module._environment.cache_clear()
    git_module.executable.cache_clear()


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Changes of the environment that git gets to see."""
    _fresh_environment()
    yield monkeypatch
    monkeypatch.undo()
    _fresh_environment()


def test_a_commit_is_the_users_own(shelf: Repo) -> None:
    put(shelf, {DOC: NEW})
    assert shelf.git("log", "-1", "--format=%an <%ae>|%cn <%ce>") == "|".join(["Ada Person <ada@example.invalid>"] * 2)
    assert shelf.git("reflog", "-1", "--format=%gs") == "decisions"


def test_author_and_committer_come_from_the_environment(shelf: Repo, surroundings: pytest.MonkeyPatch) -> None:
    """G2: GIT_AUTHOR_* and GIT_COMMITTER_* hold, as for git itself."""
    for name, value in (("NAME", "Bob Böse"), ("EMAIL", "bob@example.invalid"), ("DATE", "1234567890 +0530")):
        surroundings.setenv(f"GIT_AUTHOR_{name}", value)
    surroundings.setenv("GIT_COMMITTER_DATE", "1234567891 -0800")
    put(shelf, {DOC: NEW})
    told = shelf.git("log", "-1", "--format=%an <%ae> %ad|%cn %cd", "--date=raw")
    assert told == "Bob Böse <bob@example.invalid> 1234567890 +0530|Ada Person 1234567891 -0800"


def test_a_message_is_kept_as_it_is(shelf: Repo) -> None:
    """G16: no cleanup, no template, no other encoding."""
    for key, value in (
        ("commit.cleanup", "strip"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("commit.template", "nowhere"),
    ):
        shelf.git("config", key, value)
    message = "Käse: one\n\n# not a comment\n\n\nDecisions-Case: cache"
    put(shelf, {DOC: NEW}, message)
    assert shelf.git("cat-file", "commit", "HEAD").split("\n\n", 1)[1] == message
    assert "encoding" not in shelf.git("cat-file", "commit", "HEAD")


def test_sha256_repositories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = Repo(tmp_path / "long")
    repo.path.mkdir()
    repo.git("init", "-q", "--object-format=sha256", "--initial-branch=main")
    repo.git("config", "user.name", "Ada Person")
    repo.git("config", "user.email", "ada@example.invalid")
    repo.commit({**CODE, "decisions.toml": MANUAL})
    cli = make_cli(repo.path, monkeypatch, capsys)
    repo.request()
    assert cli("run").code == 4
    repo.write(DOC, ROADMAP)
    assert cli("run").code == 4
    assert len(repo.git("rev-parse", "HEAD")) == 64 and "backend: manual" in repo.at_head(DOC)
    assert repo.git("status", "--porcelain") == ""
    assert cli("audit").code == cli("check").code == 0
    repo.git("fsck", "--strict")


def signer(repo: Repo, folder: Path) -> Path:
    """An ssh key with which the repository's commits are to be signed."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed: NO SIGNATURE WAS TESTED")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, capture_output=True)
    allowed = folder / "allowed"
    allowed.write_text(f"ada@example.invalid {key.with_suffix('.pub').read_text()}")
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", key), ("gpg.ssh.allowedSignersFile", allowed)):
        repo.git("config", name, str(value))
    return key


@pytest.mark.parametrize("value", ["true", "yes", "1", ""])
def test_commits_are_signed_where_the_user_signs(started: Repo, cli: Cli, tmp_path: Path, value: str) -> None:
    """G2: the empty value is `gpgSign` alone on its line, which is true."""
    signer(started, tmp_path)
    with (started.path / ".git/config").open("a") as config:
        config.write(f"[commit]\n\tgpgSign{' = ' + value if value else ''}\n")
    assert cli("pause", "cache").code == 0
    started.git("verify-commit", "HEAD")


def test_unsigned_where_the_user_does_not_sign(started: Repo, cli: Cli, tmp_path: Path) -> None:
    signer(started, tmp_path)
    started.git("config", "commit.gpgSign", "false")
    assert cli("pause", "cache").code == 0
    assert "gpgsig" not in started.git("cat-file", "commit", "HEAD")


@pytest.mark.parametrize("command", [("run",), ("pause", "cache")])
def test_a_signature_that_fails_is_found_before_anything_is_asked(
    started: Repo, cli: Cli, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """G13: nothing is asked, nothing recorded."""
    signer(started, tmp_path).unlink()
    started.git("config", "commit.gpgSign", "true")
    tip = started.git("rev-parse", "HEAD")
    result = cli(*command)
    assert result.code == 1 and "signing fails" in result.err and "Hint: " in result.err
    assert started.git("rev-parse", "HEAD") == tip
    assert not [*started.path.glob(".git/decisions/*/*")]


@pytest.mark.parametrize("key", ["gpg.program", "gpg.ssh.program", "gpg.openpgp.program", "gpg.ssh.defaultKeyCommand"])
def test_a_signing_program_of_the_repository_is_never_started(
    started: Repo, cli: Cli, tmp_path: Path, key: str
) -> None:
    """S09: commit.gpgSign and the program both come from .git/config."""
    trap, canary = trapdoor(tmp_path)
    started.git("config", "commit.gpgSign", "true")
    started.git("config", "gpg.format", "ssh" if "ssh" in key else "openpgp")
    started.git("config", "user.signingKey", "key::x")
    started.git("config", key, str(trap))
    result = cli("run")
    assert result.code == 1 and key.lower() in result.err
    assert not canary.exists()


# ---------------------------------------------------------------------- programs that a repository would like to start


def trapdoor(folder: Path) -> tuple[Path, Path]:
    """A program that leaves a mark when somebody starts it, and the mark."""
    canary = folder / "canary"
    trap = folder / "trap"
    trap.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{canary}'\nexit 1\n")
    trap.chmod(0o755)
    return trap, canary


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("init",), ("run",), ("status",), ("status", "--uncommitted"), ("check",), ("check", "--staged"), ("fmt", "--check"), ("log", "cache"),
    ("audit",), ("show", "cache"), ("show", "cache", "request"), ("why", "cache"), ("next",), ("concerns", "cache"), ("phases", "cache"),
    ("prompt", "cache", "roadmap/don"), ("pause", "cache"), ("undo", "cache"), ("redo", "cache", "roadmap"), ("config",),
)  # fmt: skip


def set_traps(repo: Repo, trap: Path) -> None:
    """Every setting and attribute known to start a program, in the repository itself."""
    settings = {
        "core.fsmonitor": trap, "core.hooksPath": repo.path / "hooks", "diff.external": trap, "core.pager": trap, "core.editor": trap,
        "core.sshCommand": trap, "core.askPass": trap, "credential.helper": trap, "sequence.editor": trap, "core.gitProxy": trap,
        "filter.evil.clean": trap, "filter.evil.smudge": trap, "filter.long.process": trap,
        "diff.evil.textconv": trap, "diff.evil.command": trap, "merge.evil.driver": trap, "gpg.program": trap,
        "core.alternateRefsCommand": trap, "uploadpack.packObjectsHook": trap, "interactive.diffFilter": trap,
        "alias.status": f"!{trap}", "alias.log": f"!{trap}", "trace2.eventTarget": repo.path / "trace", "log.showSignature": "true",
    }  # fmt: skip
    for key, value in settings.items():
        repo.git("config", key, str(value))
    with (repo.path / ".git/config").open("a") as config:
        config.write(f'[filter "a=b"]\n\tclean = {trap}\n\tsmudge = {trap}\n')
    lines = "*.md filter=evil diff=evil merge=evil\n*.toml filter=a=b diff=evil\n*.txt filter=long\n"
    repo.write(".git/info/attributes", lines)
    repo.write(".gitattributes", lines)
    for folder in (repo.path / "hooks", repo.path / ".git/hooks"):
        folder.mkdir(exist_ok=True)
        for name in (
            "pre-commit",
            "post-commit",
            "reference-transaction",
            "post-index-change",
            "fsmonitor-watchman",
            "post-checkout",
        ):
            shutil.copy(trap, folder / name)


def test_no_command_starts_a_program_of_the_repository(started: Repo, cli: Cli, tmp_path: Path) -> None:
    """S09: fsmonitor, hooks, filters, external diff, textconv, pager, aliases and gpg from .git/config and attributes."""
    trap, canary = trapdoor(tmp_path)
    started.commit({"decisions.toml": MANUAL}, "people answer")
    set_traps(started, trap)
    started.write("decisions.toml", MANUAL.replace("manual", "MANUAL"))
    started.write(f"{CASE}/001-user-request.md", REQUEST.swapcase())
    for command in COMMANDS:
        result = cli(*command)
        assert result.code in {0, 1, 4}, (command, result.err)
        assert not canary.exists(), (command, canary.read_text())
    started.git("status", check=False)
    assert canary.exists(), "the traps work"


def test_a_filter_whose_name_holds_an_equals_sign_is_not_run(started: Repo, cli: Cli, tmp_path: Path) -> None:
    """S09: `-c filter.a=b.clean=` would set something else."""
    trap, canary = trapdoor(tmp_path)
    with (started.path / ".git/config").open("a") as config:
        config.write(f'[filter "a=b"]\n\tclean = {trap}\n')
    started.write(".git/info/attributes", "*.toml filter=a=b\n")
    started.write("decisions.toml", started.read("decisions.toml").swapcase())
    assert "decisions.toml" in cli("status").err and not canary.exists()
    started.git("status", check=False)
    assert canary.exists(), "the trap works"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # engine.overview leaves a process
def test_missing_objects_are_not_fetched(started: Repo, cli: Cli, tmp_path: Path) -> None:
    """S09: a promisor remote in .git/config would run its command on the first object that is not there."""
    trap, canary = trapdoor(tmp_path)
    config = {"extensions.partialClone": "evil", "remote.evil.promisor": "true", "remote.evil.url": str(started.path),
              "remote.evil.uploadpack": str(trap), "protocol.allow": "always"}  # fmt: skip
    for key, value in config.items():
        started.git("config", key, value)
    blob = started.git("rev-parse", f"HEAD:{CASE}/001-user-request.md")
    (started.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for command in COMMANDS:
        result = cli(*command)
        assert result.code in {0, 1}, (command, result.err)
        assert not canary.exists(), command
    result = cli("why", "cache")
    assert result.code == 1 and "001-user-request.md" in result.err and "not in this repository" in result.err
    started.git("cat-file", "-p", blob, check=False)
    assert canary.exists(), "the trap works"


def test_git_in_the_current_folder_is_not_started(started: Repo, tmp_path: Path) -> None:
    """S11: relative and empty parts of PATH do not count."""
    trap, canary = trapdoor(tmp_path)
    shutil.copy(trap, started.path / "git")
    for path in (".", "", "./"):
        done = decisions("status", cwd=started.path, env={"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"})
        assert done.returncode == 0, done.stderr
    assert not canary.exists()
    done = decisions("log", "cache", cwd=started.path, env={"PATH": "."})
    assert done.returncode == 1 and "git is not installed" in done.stderr


def test_modules_in_the_current_folder_are_not_imported(started: Repo, tmp_path: Path) -> None:
    """S08: the console script has its own folder on the path, not the repository."""
    canary = tmp_path / "canary"
    names = (
        "yaml",
        "click",
        "pydantic",
        "frontmatter",
        "jinja2",
        "rich",
        "json",
        "decisions_tool",
        "sitecustomize",
        "sqlite3",
        "tomllib",
    )
    for name in names:
        (started.path / f"{name}.py").write_text(f"open({str(canary)!r}, 'a').write({name!r})\n")
    script = tmp_path / "bin" / "decisions"
    script.parent.mkdir()
    script.write_text(
        "import sys\nfrom decisions_tool.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    for args in (["check"], ["run"]):
        done = subprocess.run(
            [sys.executable, script, *args], cwd=started.path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert not canary.exists(), canary.read_text()


POISON = (
    "ALTERNATE_OBJECT_DIRECTORIES", "ATTR_SOURCE", "CEILING_DIRECTORIES", "COMMON_DIR", "DEFAULT_HASH", "DEFAULT_REF_FORMAT", "DIFF_OPTS",
    "DIR", "EXEC_PATH", "EXTERNAL_DIFF", "EDITOR", "SEQUENCE_EDITOR", "PAGER", "INDEX_FILE", "INDEX_VERSION", "NAMESPACE",
    "OBJECT_DIRECTORY", "PREFIX", "PROXY_COMMAND", "QUARANTINE_PATH", "REDIRECT_STDIN", "REF_PARANOIA", "REPLACE_REF_BASE", "SHALLOW_FILE",
    "SSH_COMMAND", "SSH", "TEMPLATE_DIR", "TRACE", "TRACE2", "TRACE2_EVENT", "TRACE_SETUP", "TRACE_PACKET", "WORK_TREE", "GLOB_PATHSPECS",
    "ICASE_PATHSPECS", "NOGLOB_PATHSPECS", "CONFIG", "CONFIG_PARAMETERS", "GRAFT_FILE", "ASKPASS", "INTERNAL_SUPER_PREFIX",
    "DISCOVERY_ACROSS_FILESYSTEM", "MERGE_VERBOSITY", "REFLOG_ACTION", "TEST_FSYNC", "FLUSH", "ALLOW_PROTOCOL", "NO_REPLACE_OBJECTS",
)  # fmt: skip


def test_the_environment_of_another_git_changes_nothing(started: Repo, tmp_path: Path) -> None:
    """F37 G2: with every GIT_* variable poisoned the same commit comes out, and nothing else."""
    trap, canary = trapdoor(tmp_path)
    dates = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
    paths = {f"GIT_{name}": str(tmp_path / "poison" / name) for name in POISON}
    programs = {
        f"GIT_{name}": str(trap)
        for name in ("EXTERNAL_DIFF", "EDITOR", "PAGER", "SSH_COMMAND", "SSH", "ASKPASS", "PROXY_COMMAND")
    }
    settings = {"core.fsmonitor": trap, "core.hooksPath": tmp_path, "user.name": "Eve", "core.worktree": tmp_path}
    counted = {
        f"GIT_CONFIG_{part}_{n}": str(text)
        for n, pair in enumerate(settings.items())
        for part, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    poison = {
        **paths,
        **programs,
        **counted,
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_CONFIG_PARAMETERS": "'user.name'='Eve'",
    }
    tip = started.git("rev-parse", "HEAD")
    results = []
    for env in (dates, {**dates, **poison}):
        started.git("reset", "-q", "--hard", tip)
        done = decisions("pause", "cache", "-r", "why", cwd=started.path, env=env)
        looked = decisions("status", "--json", cwd=started.path, env=env)
        results.append(
            (
                started.git("rev-parse", "HEAD"),
                started.git("status", "--porcelain"),
                done.returncode,
                done.stderr,
                looked.stdout,
            )
        )
    assert results[0] == results[1]
    assert results[0][1:3] == ("", 0) and results[0][0] != tip
    assert not canary.exists() and not (tmp_path / "poison").exists()


# ---------------------------------------------------------------------- locks


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks of others are waited for a moment only."""
    monkeypatch.setattr(locks, "WAIT", 0.05)
    monkeypatch.setattr(record, "WAIT", 0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["index.lock", "refs/heads/main.lock", "HEAD.lock"])
def test_another_git_commands_lock_is_waited_for_and_never_touched(started: Repo, cli: Cli, name: str) -> None:
    """F11 F13: own words, the file to remove, nothing recorded."""
    lock = started.write(f".git/{name}", "somebody else's")
    tip = started.git("rev-parse", "HEAD")
    result = cli("pause", "cache")
    assert result.code == 1 and "another git command holds the" in result.err and str(lock) in result.err
    assert lock.read_text() == "somebody else's" and started.git("rev-parse", "HEAD") == tip
    assert not (started.path / ".git/decisions-index-owner").exists()
    lock.unlink()
    assert cli("pause", "cache").code == 0


@pytest.mark.parametrize("name", ["index.lock", "refs/heads/main.lock"])
def test_a_lock_that_goes_in_time_is_no_trouble(shelf: Repo, name: str) -> None:
    lock = shelf.write(f".git/{name}", "")
    remover = subprocess.Popen(["sh", "-c", 'sleep 0.2; rm "$0"', str(lock)])
    put(shelf, {DOC: NEW})
    assert remover.wait() == 0 and shelf.at_head(DOC) == NEW.rstrip("\n")


def test_a_stale_lock_of_our_own_is_cleared(started: Repo, cli: Cli) -> None:
    """F12: the owner file is the same inode."""
    owner = started.write(".git/decisions-index-owner", "held by decisions")
    (started.path / ".git/index.lock").hardlink_to(owner)
    assert cli("pause", "cache").code == 0
    assert not (started.path / ".git/index.lock").exists() and not owner.exists()


@pytest.mark.usefixtures("impatient")
def test_a_lock_that_only_looks_like_ours_is_not_cleared(started: Repo, cli: Cli) -> None:
    """F12: the same text in another file proves nothing."""
    started.write(".git/decisions-index-owner", "held by decisions")
    lock = started.write(".git/index.lock", "held by decisions")
    assert cli("pause", "cache").code == 1
    assert lock.read_text() == "held by decisions"


def _gone() -> str:
    child = subprocess.Popen(["true"])
    child.wait()
    return f"{child.pid}:1"


MARKS: dict[str, Callable[[], str]] = {
    "a process that is gone": _gone,
    "our number, another process": lambda: f"{os.getpid()}:1",
    "a number of another process now": lambda: f"{os.getppid()}:1",
    "nothing": lambda: "",
    "rubbish": lambda: "../../x:\0",
}


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_the_run_lock_of_a_dead_process_is_taken_over(started: Repo, cli: Cli, mark: Callable[[], str]) -> None:
    lock = started.write(".git/decisions/run.lock", mark())
    assert cli("pause", "cache").code == 0
    assert not lock.exists()


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
@pytest.mark.parametrize("name", ["run.lock.{}.2d5a7bef", "run.lock.dead.{}.2d5a7bef"])
def test_what_a_process_left_that_died_over_the_lock_is_swept(
    started: Repo, cli: Cli, mark: Callable[[], str], name: str
) -> None:
    """It may die after it wrote its mark and before the lock is its own, or the other way round."""
    left = started.write(f".git/decisions/{name.format(_gone().partition(':')[0])}", mark())
    assert cli("pause", "cache").code == 0
    assert not left.exists()


def _folder(left: Path) -> None:
    left.mkdir()


def _loop(left: Path) -> None:
    left.symlink_to(left.name)


def _strange(left: Path) -> None:
    left.with_name("run.lock.².y").touch()


@pytest.mark.parametrize("make", [_folder, _loop, _strange])
def test_what_cannot_be_swept_stops_nobody(started: Repo, cli: Cli, make: Callable[[Path], None]) -> None:
    (started.path / ".git" / "decisions").mkdir(exist_ok=True)
    make(started.path / ".git" / "decisions" / "run.lock.999999.2d5a7bef")
    assert cli("pause", "cache").code == 0


@pytest.mark.parametrize("mark", ["", locks.process_mark(os.getpid())], ids=["not yet written", "written"])
def test_the_mark_of_a_process_that_waits_for_the_lock_is_kept(started: Repo, cli: Cli, mark: str) -> None:
    waiting = started.write(f".git/decisions/run.lock.{os.getpid()}.2d5a7bef", mark)
    assert cli("pause", "cache").code == 0
    assert waiting.exists()


def test_a_second_run_is_refused_while_one_is_at_work(started: Repo) -> None:
    """The store is shared by all worktrees, so the lock is."""
    started.git("worktree", "add", "-q", "-b", "side", "../side")
    with closing(Repository(started.path)) as repository, run_lock(repository.place):
        for folder in (started.path, started.path.parent / "side"):
            done = decisions("run", cwd=folder)
            assert done.returncode == 1 and f"another run (process {os.getpid()}) is at work" in done.stderr
    assert started.git("log", "-1", "--format=%s") == "Request: cache"


def test_engines_at_once_lose_nothing(started: Repo) -> None:
    """G2: each either records its commit or says that another one is at work."""
    for number in range(3):
        started.request(f"case-{number}")
    tip = started.git("rev-parse", "HEAD")
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    code = "from decisions_tool.cli import main; main()"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, "pause", f"case-{n}"],
            cwd=started.path,
            env=env,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    ended = [(process.communicate()[1], process.returncode) for process in running]
    assert all(code == 0 or "another run" in said for said, code in ended), ended
    recorded = int(started.git("rev-list", "--count", f"{tip}..HEAD"))
    assert recorded == sum(code == 0 for _, code in ended) >= 1
    assert started.git("status", "--porcelain") == ""
    started.git("fsck", "--strict")


# ---------------------------------------------------------------------- compare and swap


def meanwhile(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object], times: int = 1) -> list[int]:
    """Do something between the reading of the branch and its swap; the tries so far."""
    swap, tries = Turn._swap, [0]

    def late(turn: Turn, commit: str) -> None:
        tries[0] += 1
        if tries[0] <= times:
            what()
        swap(turn, commit)

    monkeypatch.setattr(Turn, "_swap", late)
    return tries


def push(repo: Repo, path: str, text: str, ref: str = "refs/heads/main") -> None:
    """Somebody's commit that arrives without index and working tree, as a push does."""
    blob = repo.git("hash-object", "-w", "--stdin", stdin=text)
    index = {"GIT_INDEX_FILE": str(repo.path / ".git/theirs")}
    repo.git("read-tree", ref, env=index)
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=index)
    tree = repo.git("write-tree", env=index)
    repo.git("update-ref", ref, repo.git("commit-tree", "-p", ref, "-m", "theirs", tree))


def test_a_commit_that_arrives_meanwhile_is_kept(started: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """G2 F16: the program reads again and records on top of it."""
    tries = meanwhile(monkeypatch, lambda: push(started, f"theirs-{tries[0]}.txt", "theirs\n"), times=3)
    assert cli("pause", "cache").code == 0
    assert tries[0] == 4
    assert started.subjects()[:4] == ["cache: paused", "theirs", "theirs", "theirs"]
    assert [started.at_head(f"theirs-{n}.txt") for n in (1, 2, 3)] == ["theirs"] * 3
    assert not [line for line in started.git("status", "--porcelain").split("\n") if CASE in line]


def test_a_case_that_changes_meanwhile_is_planned_again(
    started: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F16: closed by somebody else between reading and writing, so there is nothing to pause any more."""
    closed = "---\ntype: request\nschema: 1\nstatus: paused\n---\n# Cache\n"
    meanwhile(monkeypatch, lambda: push(started, f"{CASE}/001-user-request.md", closed))
    result = cli("pause", "cache")
    assert result.code == 1 and "paused already" in result.err
    assert started.subjects()[0] == "theirs"


def test_a_branch_that_never_stands_still_is_given_up(started: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decisions_tool.engine.run._TRIES", 3)
    tries = meanwhile(monkeypatch, lambda: push(started, f"theirs-{tries[0]}.txt", "theirs\n"), times=99)
    result = cli("pause", "cache")
    assert result.code == 1 and "moves faster" in result.err and tries[0] == 3
    assert not (started.path / ".git/index.lock").exists()


def test_nothing_is_written_when_the_branch_has_moved(shelf: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    before = seen(shelf, but="")
    meanwhile(monkeypatch, lambda: push(shelf, DOC, OLD + "theirs\n"))
    with pytest.raises(Moved):
        put(shelf, {DOC: NEW})
    shelf.git("reset", "-q", "--soft", "HEAD~1")
    assert seen(shelf, but="") == before


def test_a_checkout_of_another_branch_ends_the_run(started: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """G5: a run works on the branch that it began on."""
    started.commit({"decisions.toml": MANUAL}, "people answer")
    started.git("branch", "side")
    side = started.git("rev-parse", "side")
    turn = Ledger.turn

    def switch(ledger: Ledger) -> object:
        started.git("symbolic-ref", "HEAD", "refs/heads/side")
        return turn(ledger)

    monkeypatch.setattr(Ledger, "turn", switch)
    result = cli("run")
    assert result.code == 1 and "'main'" in result.err and "'side'" in result.err
    assert started.git("rev-parse", "side", "main").split("\n") == [side, side]


# ---------------------------------------------------------------------- crashes

DEATH = """
import os, sys
from pathlib import Path
from decisions_tool.ledger import files, locks, record, working

def before(owner, name):
    setattr(owner, name, lambda *a, **k: os._exit(9))

def after(owner, name):
    do = getattr(owner, name)
    def wrapped(*a, **k):
        do(*a, **k)
        os._exit(9)
    setattr(owner, name, wrapped)

def half(name):
    do = os.fsync
    def torn(descriptor):
        if os.readlink(f"/proc/self/fd/{descriptor}").rpartition("/")[2].startswith("." + name):
            os._exit(9)
        do(descriptor)
    os.fsync = torn

POINTS = {
    "the lock is taken": lambda: after(locks.IndexLock, "__enter__"),
    "objects are to be written": lambda: before(record.Chain, "commits"),
    "the commit is made": lambda: after(record.Chain, "commits"),
    "the next index is half made": lambda: before(record.Ledger, "_fill"),
    "the next index is made": lambda: before(record.Turn, "_announce"),
    "word is half left": lambda: half("decisions-pending"),
    "word is left": lambda: after(record.Turn, "_announce"),
    "the branch moved": lambda: after(record.Turn, "_swap"),
    "the index is swapped": lambda: before(working.WorkingFiles, "place"),
    "the working file is half written": lambda: half("00"),
    "the working file is written": lambda: after(working.WorkingFiles, "place"),
    "the commit is read back": lambda: after(record.Turn, "_read_back"),
    "the lock is to go": lambda: before(locks.IndexLock, "release"),
    "the lock is gone": lambda: after(locks.IndexLock, "release"),
}
POINTS[sys.argv.pop(1)]()
from decisions_tool.cli import main
main()
"""
POINTS = [line.split('"')[1] for line in DEATH.split("\n") if line.startswith('    "')]


def die(repo: Repo, point: str, *args: str) -> None:
    """Run a command that is killed at a point of the protocol."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", DEATH, point, *args], cwd=repo.path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 9, (point, done.stderr)


@pytest.fixture
def asked(started: Repo, cli: Cli) -> Repo:
    """A case that waits for a person's roadmap."""
    started.commit({"decisions.toml": MANUAL}, "people answer")
    assert cli("run").code == 4
    return started


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_step_is_healed_by_the_next_run(asked: Repo, cli: Cli, point: str) -> None:
    """R1: a person's other work stays, the answer is recorded once, nothing is left lying about."""
    asked.write("answer.md", ROADMAP)
    _partly_code(asked)
    work = asked.git("diff"), asked.git("diff", "--cached")
    die(asked, point, "submit", "cache", "roadmap/don", "answer.md")
    assert cli("run").code == 4
    if "researched" not in asked.subjects()[0]:
        assert cli("submit", "cache", "roadmap/don", "answer.md").code == 0
    assert (asked.git("diff"), asked.git("diff", "--cached")) == work
    assert asked.git("status", "--porcelain").split("\n") == ["MM README.md", "?? answer.md"]
    assert sum("researched" in subject for subject in asked.subjects()) == 1
    assert cli("audit").code == 0
    assert not [
        p.name for p in (asked.path / ".git").iterdir() if p.name == "pending.json" or p.name.endswith("index.lock")
    ]
    asked.git("fsck", "--strict")


def _partly_code(repo: Repo) -> None:
    repo.write("README.md", "# Shop\n\nstaged\n")
    repo.git("add", "README.md")
    repo.write("README.md", "# Shop\n\nstaged, and more\n")


@pytest.mark.parametrize("point", ["the branch moved", "the index is swapped", "the working file is half written"])
def test_a_kill_while_a_document_is_edited_is_healed(asked: Repo, cli: Cli, point: str) -> None:
    die(asked, point, "pause", "cache", "-r", "why")
    assert cli("run").code == 4
    assert asked.subjects()[0] == "cache: paused: why" and asked.git("status", "--porcelain") == ""
    assert "status: paused" in asked.read(f"{CASE}/001-user-request.md")


def test_healing_leaves_what_a_person_did_after_the_crash(asked: Repo, cli: Cli) -> None:
    """The working file that was not brought along is theirs now."""
    path = f"{CASE}/001-user-request.md"
    die(asked, "the branch moved", "pause", "cache")
    asked.write(path, "mine\n")
    assert cli("status").code == 0
    assert cli("run").code == 4
    assert asked.read(path) == "mine\n" and asked.git("status", "--porcelain") == f" M {path}"


def test_healing_does_not_undo_a_commit_that_undid_it(asked: Repo, cli: Cli) -> None:
    """A person removed the lock and committed everything as it lay there: that is their word."""
    path = f"{CASE}/001-user-request.md"
    die(asked, "the branch moved", "pause", "cache")
    (asked.path / ".git/index.lock").unlink()
    asked.git("commit", "-qam", "back")
    assert cli("run").code == 4
    assert asked.git("status", "--porcelain") == "" and "status: active" in asked.read(path)


def test_healing_stays_away_from_another_branch(asked: Repo, cli: Cli) -> None:
    """After the crash somebody went to a branch that never had the commit."""
    asked.git("branch", "side")
    die(asked, "the branch moved", "pause", "cache")
    (asked.path / ".git/index.lock").unlink()
    asked.git("switch", "-q", "side")
    assert cli("run").code == 4
    assert asked.git("status", "--porcelain") == "" and "status: active" in asked.read(f"{CASE}/001-user-request.md")
    asked.git("switch", "-q", "main")
    assert asked.git("status", "--porcelain") == "" and "status: paused" in asked.read(f"{CASE}/001-user-request.md")


@pytest.mark.parametrize("word", ["", "rubbish", "[]", '{"ref": "refs/heads/main", "new": "x", "writes": [{}]}'])
def test_a_word_that_cannot_be_read_is_dropped(asked: Repo, cli: Cli, word: str) -> None:
    asked.write(".git/decisions-pending.json", word)
    assert cli("run").code == 4
    assert not (asked.path / ".git/decisions-pending.json").exists()


def test_healing_never_leaves_the_lock_behind(asked: Repo, cli: Cli) -> None:
    """The working file became a link meanwhile: its place is left alone, git works on."""
    path = asked.path / CASE / "001-user-request.md"
    die(asked, "the branch moved", "pause", "cache")
    path.unlink()
    path.symlink_to("/etc/hostname")
    assert cli("run").code == 4
    assert path.is_symlink() and not (asked.path / ".git/index.lock").exists()


# ---------------------------------------------------------------------- paths

PATHS = (
    "_tasks/ünï cödé 日本/002-roadmap.md", "_tasks/a  b/ c .md", "_tasks/*/[a-z]?.md", "_tasks/:(top)x/:!y.md", "_tasks/-rf/--output=x.md",
    "_tasks/a\tb/new\nline.md", '_tasks/"quoted"/back\\slash.md', "_tasks/ends with dot./x.md", f"_tasks/{'x' * 200}/{'y' * 200}.md",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_any_name_is_written_as_it_is(shelf: Repo, path: str) -> None:
    """G23 S10: no name is an option, a pattern or an escape; the neighbours stay."""
    shelf.commit({"_tasks/x/a.md": "a\n", "_tasks/y.md": "y\n"})
    others = set(shelf.git("ls-tree", "-rz", "--name-only", "HEAD").split("\0"))
    put(shelf, {path: OLD})
    put(shelf, {path: NEW})
    assert shelf.read(path) == NEW
    assert set(shelf.git("ls-tree", "-rz", "--name-only", "HEAD").split("\0")) - others == {path}
    assert shelf.git("status", "--porcelain", "-z") == ""


@pytest.mark.parametrize(
    "path", ["../x.md", "_tasks/../../x.md", "/tmp/x.md", ".git/x", "_tasks/.GIT/x", "a//x.md", "_tasks/./x.md"]
)
def test_no_path_leaves_the_repository(shelf: Repo, path: str) -> None:
    """S12: nor does it reach git's own folder."""
    tip = shelf.git("rev-parse", "HEAD")
    for branch in (None, "other"):
        shelf.git("branch", "-f", "other")
        with pytest.raises(DecisionsError):
            put(shelf, {path: NEW}, branch=branch)
    assert shelf.git("rev-parse", "HEAD", "other").split("\n") == [tip, tip]
    assert not (shelf.path.parent / "x.md").exists() and not (shelf.path / ".git/x").exists()


@pytest.mark.parametrize("link", ["_tasks", CASE, f"{CASE}/research"])
def test_nothing_is_written_through_a_link(shelf: Repo, tmp_path: Path, link: str) -> None:
    """S12 G25: a folder on the way is a link to somewhere else."""
    outside = tmp_path / "outside"
    if link.endswith("research"):
        outside.mkdir()
    else:
        (shelf.path / link).rename(outside)
    (shelf.path / link).symlink_to(outside)
    before = {path: path.read_bytes() for path in outside.rglob("*.md")}
    tip = shelf.git("rev-parse", "HEAD")
    with pytest.raises(DecisionsError, match="is a symbolic link"):
        put(shelf, {f"{CASE}/research/store.md": NEW})
    assert {path: path.read_bytes() for path in outside.rglob("*.md")} == before and shelf.git(
        "rev-parse", "HEAD"
    ) == tip


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_a_document_that_is_no_file_on_disk_is_refused(shelf: Repo, kind: str) -> None:
    """G25 G26: and nobody waits for a pipe."""
    path = shelf.path / DOC
    path.unlink()
    make: dict[str, Callable[[], None]] = {
        "link": lambda: path.symlink_to("/etc/hostname"),
        "folder": lambda: path.mkdir(),
        "fifo": lambda: os.mkfifo(path),
    }
    make[kind]()
    with pytest.raises(DecisionsError, match="002-roadmap.md"):
        put(shelf, {DOC: NEW})
    assert shelf.at_head(DOC) == OLD.rstrip("\n")


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_a_document_that_is_no_file_in_git_is_refused(shelf: Repo, mode: str) -> None:
    path = f"{CASE}/003-steve-review.md"
    shelf.git("update-index", "--add", "--cacheinfo", f"{mode},{shelf.git('rev-parse', 'HEAD')},{path}")
    shelf.git("commit", "-qm", "odd")
    shelf.git("branch", "other")
    for branch in (None, "other"):
        with pytest.raises(DecisionsError, match="is not a regular file in git"):
            put(shelf, {path: NEW}, branch=branch)


def test_a_run_writes_nothing_outside_its_case(started: Repo, cli: Cli) -> None:
    """S14: not even in the folder of another case."""
    started.request("other")
    before = seen(started)["files"]
    assert cli("run", "cache").code == 0
    after = seen(started)["files"]
    assert isinstance(before, dict) and isinstance(after, dict)
    assert {path for path in after if after[path] != before.get(path) and not path.startswith(CASE)} == set()
    assert not before.keys() - after.keys()


def test_the_store_may_vanish_between_commands(asked: Repo, cli: Cli) -> None:
    """F1: caches may be deleted at any moment without changing an answer."""
    status = cli("status", "--json").out
    shutil.rmtree(asked.path / ".git/decisions")
    assert cli("status", "--json").out == status
    shutil.rmtree(asked.path / ".git/decisions")
    assert cli("run").code == 4 and cli("audit").code == 0


def test_make_repo_is_what_the_tests_believe(tmp_path: Path) -> None:
    """The doubles above rely on it: a clean repository, one commit, no decisions."""
    repo = make_repo(tmp_path / "plain")
    assert repo.git("status", "--porcelain") == "" and repo.git("rev-list", "--count", "HEAD") == "1"
    with pytest.raises(Busy), closing(Repository(repo.path)) as one, run_lock(one.place), run_lock(one.place):
        pass


@pytest.mark.parametrize("name", ["decisions-index-owner.{}", "decisions-index-{}", "decisions-index-{}.lock"])
def test_what_a_process_left_that_was_killed_over_an_index_is_swept(started: Repo, cli: Cli, name: str) -> None:
    left = started.write(f".git/{name.format(4194304)}", "decisions 4194304\n")
    another = started.write(f".git/{name.format(os.getppid())}", "held by one that lives\n")
    assert cli("run").code == 0
    assert not left.exists() and another.exists()
