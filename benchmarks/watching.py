"""The watcher over ten thousand managed files: from a commit to the next phase, from a save to its commit, and what idling costs."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.clock import Figure, decisions, environment
from benchmarks.repositories import cases, git, make, one_case

_CASES, _ROUNDS, _IDLE = 1_000, 21, 10.0
_TOML = 'baseline = []\n[backends]\ndefault = "manual"\n[watch]\ncommit = true\n'


def watching(folder: Path) -> Iterator[Figure]:
    """A thousand open cases that wait for people; commits and saves arrive from outside."""
    model = one_case(folder / "model")
    place = make(folder / "watch", [*cases(model, _CASES, False), ("decisions.toml", _TOML), ("data/a.txt", "1\n")])
    files = git(place, "ls-files", "_tasks").count("\n")
    with _watcher(place) as process:
        idle = _idle(process.pid)
        found: dict[str, list[float]] = {"git": [], "arrived": [], "saved": []}
        for number in range(_ROUNDS + 1):
            took = {"git": _alone(place, number), "arrived": _arrived(place, number), "saved": _saved(place, number)}
            for name, value in took.items():
                found[name] += [value * 1000] if number else []
    own, arrived, saved = (statistics.median(found[name]) for name in ("git", "arrived", "saved"))
    yield Figure(f"commit to the next phase's first commit, {files:,} managed files", arrived, "ms", None, "")
    yield Figure(
        "  without that commit itself, as git commit takes for it",
        max(arrived - own, 0.0),
        "ms",
        150,
        f"{own:.0f} ms git",
    )
    yield Figure(
        "saved file to its commit, 250 ms of them quiet", saved, "ms", None, f"slowest {max(found['saved']):.0f} ms"
    )
    yield Figure("processor while nothing happens", idle, "%", 1, f"over {_IDLE:.0f} s")


@contextmanager
def _watcher(place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A watcher that has looked at everything once."""
    with subprocess.Popen(
        decisions("watch"), cwd=place, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:  # fmt: skip
        assert process.stderr
        while b"watching main" not in process.stderr.readline():
            if process.poll() is not None:
                raise SystemExit("the watcher ended")
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
            process.wait(10)


def _idle(pid: int) -> float:
    """Percent of one processor."""
    time.sleep(2)
    began = _spent(pid)
    time.sleep(_IDLE)
    return (_spent(pid) - began) / _IDLE * 100


def _spent(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _alone(place: Path, number: int) -> float:
    """What git takes for a commit of a file that nobody looks after."""
    (place / "data/a.txt").write_text(f"version {number}\n", encoding="utf-8")
    began = time.perf_counter()
    git(place, "commit", "-q", "-m", "work", "-o", "data/a.txt")
    took = time.perf_counter() - began
    time.sleep(0.3)
    return took


def _arrived(place: Path, number: int) -> float:
    """From the end of a person's commit of a request to the commit with which its case starts."""
    path = f"_tasks/new-{number}/001-user-request.md"
    text = "# A wish\n\nSomething in data/a.txt.\n\n- It holds.\n"
    blob = git(place, "hash-object", "-w", "--stdin", stdin=text.encode()).strip()
    (place / path).parent.mkdir(parents=True)
    (place / path).write_text(text, encoding="utf-8")
    git(place, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    tree = git(place, "write-tree").strip()
    tip = git(place, "rev-parse", "HEAD").strip()
    commit = git(place, "commit-tree", "-p", tip, "-m", "a request", tree).strip()
    began = time.perf_counter()
    git(place, "update-ref", "refs/heads/main", commit)
    return _until_moved(place, commit) - began


def _saved(place: Path, number: int) -> float:
    """From the end of a save to the commit that holds it."""
    tip = git(place, "rev-parse", "HEAD").strip()
    (place / f"_tasks/case-{number:05d}/remarks.md").write_text("# Remarks\n\nNone.\n", encoding="utf-8")
    began = time.perf_counter()
    return _until_moved(place, tip) - began


def _until_moved(place: Path, commit: str) -> float:
    """When the branch left a commit; looked at every millisecond without git."""
    ref = place / ".git/refs/heads/main"
    end = time.perf_counter() + 20
    while ref.read_text("ascii").strip() == commit or not ref.exists():
        if time.perf_counter() > end:
            raise SystemExit("the watcher did nothing for 20 s")
        time.sleep(0.001)
    moved = time.perf_counter()
    time.sleep(0.4)
    return moved
