"""The watcher: commits that arrive and files that are saved start the next phase, once, whatever gets lost or torn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from decisions_tool.engine.events import Event
from decisions_tool.engine.hearing import Ears
from decisions_tool.engine.saving import QUIET, Saved
from decisions_tool.engine.watching import Watcher
from decisions_tool.ledger.repository import Repository
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.planner import Outlook, plan
from tests.conftest import REQUEST, Cli, Repo, make_repo

ROOT = Path(__file__).parent.parent
PATH = "_tasks/cache/001-user-request.md"
REVIEW = "_tasks/cache/003-don-review.md"
COMMITTING = "baseline = []\n[watch]\ncommit = true\n"
MANUAL = COMMITTING + '[backends]\ndefault = "manual"\n'
ROADMAP = (
    "# Roadmap: Cache\n\n## Prior art\n\nno prior art found\n\n## Trade-offs\n\nMemory.\n\n## Decisions\n\nCache.\n"
)


class Desk:
    """A watcher in this process, looked through step by step."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self.events: list[Event] = []
        self.repository = Repository(repo.path)
        self.watcher = Watcher(self.repository, self.events.append)

    def until(self, condition: Callable[[], object], seconds: float = 8.0) -> None:
        """Look until something holds; then all is at rest."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.told
            if not self.watcher.look():
                self.watcher._ears.bell.wait(0.02)
        while self.watcher.look():
            pass

    def rest(self, seconds: float = QUIET * 2) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)

    @property
    def told(self) -> list[str]:
        return [f"{event.kind} {event.case} {event.text} {event.command}" for event in self.events]

    def says(self, words: str) -> list[str]:
        return [line for line in self.told if words in line]

    def finished(self, slug: str = "cache") -> bool:
        return bool([e for e in self.events if e.kind == "finished" and e.case == slug])


@contextmanager
def watched(repo: Repo) -> Iterator[Desk]:
    desk = Desk(repo)
    try:
        desk.until(lambda: desk.watcher._planned)
        yield desk
    finally:
        desk.watcher.close()
        desk.repository.close()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A code base so small that a case is over after five commits."""
    return make_repo(tmp_path / "repo", {"shop/store/db.py": "STORE: dict[str, str] = {}\n"})


@pytest.fixture
def desk(repo: Repo) -> Iterator[Desk]:
    """A watcher that commits what is saved."""
    repo.commit({"decisions.toml": COMMITTING})
    with watched(repo) as desk:
        yield desk


# -- commits that arrive


def test_a_commit_is_carried_on_until_people_are_waited_for(desk: Desk, cli: Cli) -> None:
    """H1: nobody types run."""
    desk.repo.request()
    desk.until(desk.finished)
    assert cli("status", "--json").json["cases"][0]["phase"] == "done"
    assert cli("audit").code == 0 and desk.repo.git("status", "--porcelain") == ""


def test_its_own_commits_start_nothing(desk: Desk) -> None:
    """S26: a round that finds nothing to do leaves the branch alone."""
    desk.repo.request()
    desk.until(desk.finished)
    tip, runs = desk.repo.git("rev-parse", "HEAD"), len(desk.says("watching"))
    desk.rest()
    assert desk.repo.git("rev-parse", "HEAD") == tip and len(desk.says("watching")) == runs


def test_only_a_case_that_changed_is_planned_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is known from the round before."""
    desk.repo.request("one")
    desk.until(lambda: desk.finished("one"))
    planned: list[str] = []

    def noted(case: Case) -> Outlook:
        planned.append(case.slug)
        return plan(case)

    monkeypatch.setattr("decisions_tool.engine.run.plan", noted)
    desk.repo.request("two")
    desk.until(lambda: desk.finished("two"))
    assert set(planned) == {"two"}


def test_what_is_pulled_counts_like_what_is_committed(desk: Desk, tmp_path: Path) -> None:
    desk.repo.git("clone", "-q", ".", str(tmp_path / "other"))
    other = Repo(tmp_path / "other")
    for key in ("user.name", "user.email"):
        other.git("config", key, "Bo <bo@example.invalid>")
    other.request()
    desk.repo.git("pull", "-q", "--ff-only", str(other.path), "main")
    desk.until(desk.finished)


def test_packed_refs_are_read_like_loose_ones(desk: Desk) -> None:
    desk.repo.git("pack-refs", "--all")
    desk.repo.request()
    desk.repo.git("pack-refs", "--all")
    desk.until(desk.finished)


def test_a_linked_worktree_has_a_watcher_of_its_own_branch(repo: Repo, tmp_path: Path) -> None:
    """G4: there the git directory is elsewhere."""
    repo.commit({"decisions.toml": COMMITTING})
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repo(tmp_path / "side")
    with watched(side) as desk:
        side.request()
        desk.until(desk.finished)
        side.write("_tasks/second/001-user-request.md", REQUEST)
        desk.until(lambda: desk.finished("second"))
    assert "cache: started" not in repo.subjects() and "second: started" in side.subjects()


def test_another_branch_that_is_checked_out_is_carried_on(desk: Desk) -> None:
    desk.repo.git("switch", "-q", "-c", "side")
    desk.repo.request()
    desk.until(desk.finished)


def test_during_a_merge_it_waits_and_goes_on_afterwards(desk: Desk) -> None:
    """G3: told once, and nothing is recorded meanwhile."""
    repo = desk.repo
    repo.git("switch", "-q", "-c", "side")
    repo.commit({PATH: REQUEST + "Theirs.\n"})
    repo.git("switch", "-q", "main")
    desk.rest(0.1)
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    desk.until(lambda: desk.says("a merge is in progress"))
    desk.rest()
    assert len(desk.says("a merge is in progress")) == 1 and "cache: started" not in repo.subjects()
    repo.git("commit", "-q", "-m", "merged")
    desk.until(desk.finished)


def test_broken_settings_are_told_once_and_do_not_end_it(desk: Desk) -> None:
    desk.repo.commit({"decisions.toml": "baseline = 1\n"})
    desk.until(lambda: desk.says("decisions.toml"))
    desk.rest()
    assert len(desk.says("decisions.toml:1")) == 1
    desk.repo.commit({"decisions.toml": COMMITTING})
    desk.repo.request()
    desk.until(desk.finished)


def test_a_bug_in_one_round_does_not_end_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delattr("decisions_tool.engine.known.Known.begin")
        desk.repo.request()
        desk.until(lambda: desk.says("AttributeError"))
    desk.repo.request("other")
    desk.until(lambda: desk.finished("other") and desk.finished())


# -- files that are saved


def test_a_saved_request_is_committed_in_the_name_of_its_author(desk: Desk, cli: Cli) -> None:
    """H1: a request is the transition that `decisions new` makes; the audit knows no difference."""
    desk.repo.write(PATH, REQUEST)
    desk.until(desk.finished)
    assert desk.repo.git("log", "--reverse", "--format=%s %an", "--", PATH).startswith("cache: requested Ada Person")
    assert cli("audit").code == 0 and desk.repo.git("status", "--porcelain") == ""


def test_a_review_by_hand_is_committed_without_trailers(desk: Desk, cli: Cli) -> None:
    desk.repo.request()
    desk.until(desk.finished)
    desk.repo.write("_tasks/cache/notes.md", "# Notes\n\nBy hand.\n")
    desk.until(lambda: "cache: notes.md by hand" in desk.repo.subjects())
    assert "Decisions-" not in desk.repo.git("log", "-1", "--format=%B") and cli("audit").code == 0


def test_without_the_setting_the_command_is_said_and_nothing_done(repo: Repo) -> None:
    repo.commit({"decisions.toml": "baseline = []\n"})
    with watched(repo) as desk:
        repo.write(PATH, REQUEST)
        desk.until(lambda: desk.says("saved and not committed"))
        desk.rest()
    (said,) = desk.says("saved and not committed")
    assert f"git commit -m 'My changes' -- {PATH}" in said
    assert repo.git("status", "--porcelain") == "?? _tasks/"
    subprocess.run(["/bin/sh", "-c", said.rpartition("committed ")[2]], cwd=repo.path, check=True, capture_output=True)
    assert repo.at_head(PATH) == REQUEST.rstrip("\n")


def test_a_file_with_errors_is_shown_and_not_committed_until_it_is_mended(desk: Desk) -> None:
    desk.repo.write(PATH, "---\ntype: request\nstatus: nonsense\n---\n# Cache\n")
    desk.until(lambda: desk.says(f"{PATH}:3"))
    desk.rest()
    assert len(desk.says(f"{PATH}:3")) == 1 and "requested" not in "".join(desk.repo.subjects())
    desk.repo.write(PATH, REQUEST)
    desk.until(desk.finished)


def test_a_correction_of_what_is_recorded_waits_for_its_reason(desk: Desk, cli: Cli) -> None:
    """G4: only a person can say why; the command is shown."""
    desk.repo.request()
    desk.until(desk.finished)
    path = "_tasks/cache/002-roadmap.md"
    desk.repo.write(path, desk.repo.read(path).replace("Cache", "Stash"))
    desk.until(lambda: desk.says(f"git commit -m 'amend: why' -- {path}"))
    desk.rest()
    assert "by hand" not in "".join(desk.repo.subjects()) and cli("audit").code == 0


def test_an_approval_is_never_committed_by_the_watcher(desk: Desk, cli: Cli) -> None:
    """S02: whoever saves a file may be a program."""
    desk.repo.request()
    desk.until(desk.finished)
    path = "_tasks/cache/002-roadmap.md"
    assert cli("approve", "cache", "roadmap").code == 0
    approved = desk.repo.read(path)
    desk.repo.git("reset", "-q", "--hard", "HEAD~1")
    desk.repo.write(path, approved)
    desk.until(lambda: desk.says("approves or decides"))
    desk.rest()
    assert "by hand" not in "".join(desk.repo.subjects()) and desk.repo.git("status", "--porcelain") == f" M {path}"


def test_an_answer_that_is_saved_is_recorded_as_the_answer_of_its_slot(repo: Repo, cli: Cli) -> None:
    """A manual slot waits for a file; the file arrives, and the next phase asks."""
    repo.commit({"decisions.toml": MANUAL})
    with watched(repo) as desk:
        repo.request()
        desk.until(lambda: desk.says("decisions prompt cache"))
        repo.write("_tasks/cache/002-roadmap.md", ROADMAP)
        desk.until(lambda: desk.says("roadmap researched by don"))
    assert "backend: manual" in repo.at_head("_tasks/cache/002-roadmap.md") and "by hand" not in "".join(
        repo.subjects()
    )
    assert cli("audit").code == 0


def test_an_answer_is_not_taken_where_nothing_is_to_be_committed(repo: Repo) -> None:
    """The watcher takes no file of the working tree; what does is said."""
    repo.commit({"decisions.toml": MANUAL.replace("true", "false")})
    with watched(repo) as desk:
        repo.request()
        desk.until(lambda: desk.says("decisions prompt cache"))
        repo.write("_tasks/cache/002-roadmap.md", ROADMAP)
        desk.until(lambda: desk.says("002-roadmap.md is saved and not committed decisions run"))
    assert repo.files() == [PATH]


def test_what_a_person_has_staged_stays_staged(desk: Desk) -> None:
    desk.repo.write("README.md", "# Shop\n\nStaged.\n")
    desk.repo.git("add", "README.md")
    desk.repo.write(PATH, REQUEST)
    desk.until(desk.finished)
    assert desk.repo.git("status", "--porcelain").lstrip() in {"A  README.md", "M  README.md"}


def test_scratch_files_of_editors_are_no_matter(desk: Desk) -> None:
    for name in (".003-don-review.md.swp", "#003-don-review.md#", "003-don-review.md~", ".#x.md", "4913"):
        desk.repo.write(f"_tasks/cache/{name}", "scratch\n")
    desk.rest()
    assert not [event for event in desk.events if "saved" in event.text and ".md" in event.text]
    assert "by hand" not in "".join(desk.repo.subjects())


def test_a_file_that_is_being_written_is_left_alone(desk: Desk) -> None:
    """F36 G43: an editor that writes in place, in pieces, again and again."""
    file = desk.repo.write(PATH, "")
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        with file.open("w", encoding="utf-8") as stream:
            for piece in (REQUEST[:20], REQUEST[20:60], REQUEST[60:]):
                stream.write(piece)
                stream.flush()
                desk.watcher.look()
                time.sleep(0.03)
        assert "cache: requested" not in desk.repo.subjects()
    desk.until(desk.finished)
    first = desk.repo.git("log", "--reverse", "--format=%H", "--", PATH).split("\n")[0]
    assert desk.repo.git("show", f"{first}:{PATH}") == REQUEST.rstrip("\n")


def test_an_event_that_is_lost_costs_one_interval(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """F35: nothing is heard at all."""
    repo.commit({"decisions.toml": COMMITTING + "interval = 1\n"})
    monkeypatch.setattr(Ears, "follow", lambda self, folders: False)
    with watched(repo) as desk:
        desk.rest(0.1)
        repo.write(PATH, REQUEST)
        desk.until(desk.finished, 4)


def test_a_folder_that_is_made_anew_is_listened_to_again(desk: Desk) -> None:
    """A checkout takes the folder away and brings another one."""
    repo = desk.repo
    desk.watcher._interval = desk.watcher._scan = 1e9
    for _ in range(2):
        repo.request()
        desk.until(desk.finished)
        repo.git("rm", "-rqf", "_tasks")
        repo.git("commit", "-qm", "gone")
        desk.rest(0.1)
        desk.events.clear()
    repo.write("_tasks/third/001-user-request.md", REQUEST)
    desk.until(lambda: desk.finished("third"))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_file_rests_after_two_equal_reads(repo: Repo) -> None:
    """G43: 250 ms apart, and the same stamp: a file that was written twice with the same bytes has moved."""
    clock = Clock()
    saved = Saved(Repository(repo.path).place, clock)
    file = repo.write(PATH, "text\n")
    saved.touched([file])
    assert saved.settle() == set() and saved.patience == QUIET
    clock.now += QUIET / 2
    assert saved.settle() == set()
    file.write_text("text\n")
    os.utime(file, ns=(1, 1))
    clock.now += QUIET
    assert saved.settle() == set()
    clock.now += QUIET
    assert saved.settle() == {file} and saved.patience is None


# -- the process


def _spawn(repo: Repo) -> subprocess.Popen[str]:
    code = "import sys; from decisions_tool.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, "watch"], cwd=repo.path, text=True, stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGHUP, 0)])
def test_a_signal_ends_it_in_time_and_leaves_a_clean_state(tmp_path: Path, number: int, code: int) -> None:
    """F04 H4: in the middle of its work."""
    repo = make_repo(tmp_path / "repo", {"a.py": "A = 1\n"})
    repo.commit({"decisions.toml": COMMITTING})
    repo.request()
    with _spawn(repo) as process:
        assert process.stderr
        line = process.stderr.readline()
        process.send_signal(number)
        began = time.monotonic()
        assert process.wait(10) == code and time.monotonic() - began < 5
        rest = process.stderr.read()
    assert "stopped; what was answered is kept" in line + rest and "Traceback" not in rest
    assert repo.git("status", "--porcelain") == ""
    assert not list((repo.path / ".git").glob("*.lock")) and not list((repo.path / ".git/decisions").glob("*.lock*"))


def test_one_watcher_runs_in_a_clone_and_a_dead_one_is_no_obstacle(desk: Desk, cli: Cli, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "other", {"a.py": "A = 1\n"})
    repo.commit({"decisions.toml": COMMITTING})
    with _spawn(repo) as first:
        assert first.stderr and "watching main" in first.stderr.readline()
        second = _spawn(repo)
        _, said = second.communicate(timeout=20)
        assert second.returncode == 1 and f"another watch (process {first.pid})" in said
        first.kill()
    with _spawn(repo) as third:
        assert third.stderr and "watching main" in third.stderr.readline()
        third.terminate()
