"""A watcher over many thousand events: nothing is left open, nothing grows, nothing is missed, nothing torn is taken."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import REQUEST, Repo, make_repo
from tests.torture.ground import amount, chance, spawn

EVENTS = amount("EVENTS", 10_000)
SAVES = amount("SAVES", 150)
TOML = "baseline = []\n[watch]\ncommit = true\ninterval = {}\n"
REQUEST_PATH = "_tasks/cache/001-user-request.md"
NOTES = "_tasks/cache/notes.md"


class Size(NamedTuple):
    """What a process holds: open descriptors, children, resident KiB, threads."""

    descriptors: int
    children: int
    resident: int
    threads: int


def size(pid: int) -> Size:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    values = {line.split(":")[0]: line.split()[1] for line in status if len(line.split()) > 1}
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return Size(
        len(list(Path(f"/proc/{pid}/fd").iterdir())), len(children), int(values["VmRSS"]), int(values["Threads"])
    )


@contextmanager
def watcher(repo: Repo) -> Iterator[subprocess.Popen[str]]:
    with spawn(repo.path, "watch") as process:
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            if process.poll() is None:
                process.kill()


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = make_repo(tmp_path / "repo", {"a.py": "A = 1\n", "decisions.toml": TOML.format(2)})
    repo.commit({REQUEST_PATH: REQUEST})
    return repo


def finished(repo: Repo) -> bool:
    return "panel chosen" in repo.subjects()[0]


def _committed(repo: Repo, number: int) -> None:
    """A commit without a checkout: quick, and nothing but refs changes."""
    tree = repo.git("rev-parse", "HEAD^{tree}")
    tip = repo.git("rev-parse", "HEAD")
    repo.git("update-ref", "refs/heads/main", repo.git("commit-tree", "-p", tip, "-m", f"work {number}", tree))


def _storm(repo: Repo, number: int) -> None:
    """A hundred events: files that come and go, links, folders, and one commit."""
    folder = repo.path / f"_tasks/cache/storm-{number % 7}"
    folder.mkdir(exist_ok=True)
    for at in range(48):
        (folder / f".{at}.md.swp").write_text("scratch")
    for at in range(48):
        (folder / f".{at}.md.swp").unlink()
    folder.rmdir()
    _committed(repo, number)


def test_ten_thousand_events_leave_nothing_behind(repo: Repo) -> None:
    """F33: the same descriptors, children and threads after as before, and at most 5 % more memory."""
    with watcher(repo) as process:
        until(lambda: finished(repo))
        for number in range(max(5, EVENTS // 1_000)):
            _storm(repo, number)
        time.sleep(3)
        before = size(process.pid)
        for number in range(EVENTS // 100):
            _storm(repo, number)
        time.sleep(3)
        after = size(process.pid)
    print(f"{EVENTS} events: {before} -> {after}")
    assert (after.descriptors, after.children, after.threads) == (before.descriptors, before.children, before.threads)
    assert after.resident <= before.resident * 1.05


def test_events_that_get_lost_cost_one_interval(repo: Repo) -> None:
    """F35: the watcher is stopped while many files are touched, so that the system's queue runs over or is read at once."""
    with watcher(repo) as process:
        until(lambda: finished(repo))
        os.kill(process.pid, signal.SIGSTOP)
        for number in range(20):
            repo.write(f"_tasks/cache/late-{number}.md", f"# Note {number}\n")
        for number in range(EVENTS // 5):
            file = repo.write(f"_tasks/cache/.{number}.tmp", "")
            file.unlink()
        os.kill(process.pid, signal.SIGCONT)
        until(lambda: sum("late-" in subject for subject in repo.subjects()) == 20)


def test_no_torn_file_is_committed(repo: Repo) -> None:
    """F36: an editor that writes in place, a piece at a time, now and then resting; every version ends with its number."""
    seed, random_ = chance()
    print(f"DECISIONS_TORTURE_SEED={seed}")
    file = repo.path / NOTES
    with watcher(repo):
        until(lambda: finished(repo))
        for number in range(SAVES):
            text = f"# Notes {number}\n\n" + "A line of a note.\n" * random_.randrange(1, 200) + f"\nEnd of {number}.\n"
            _in_place(file, text, random_)
            time.sleep(random_.choice([0.0, 0.01, 0.1, 0.6]))
        until(lambda: repo.git("status", "--porcelain") == "")
    versions = [repo.git("show", f"{commit}:{NOTES}") for commit in repo.git("log", "--format=%H", "--", NOTES).split()]
    torn = [text for text in versions if not text.endswith(f"End of {text.split(chr(10))[0].rpartition(' ')[2]}.")]
    print(f"{SAVES} saves, {len(versions)} taken")
    assert versions and torn == []


def _in_place(file: Path, text: str, random_: random.Random) -> None:
    with file.open("w", encoding="utf-8") as stream:
        for at in range(0, len(text), 200):
            stream.write(text[at : at + 200])
            stream.flush()
            time.sleep(random_.choice([0.0, 0.0, 0.002, 0.03]))
