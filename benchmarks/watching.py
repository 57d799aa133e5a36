"""The watcher over ten thousand managed files: from a commit to the next phase, from a save to its commit, and what idling costs."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
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
    files = git(place, "ls-files", "_tasks").count("\n") + 1
    with _watcher(place) as process:
        idle = _idle(process.pid)
        found: dict[str, list[float]] = {"git": [], "arrived": [], "saved": []}
        for number in range(_ROUNDS + 1):
            took = {
                "git": _alone(place, number),
                "arrived": _arrived(place, model, number),
                "saved": _saved(place, number),
            }
            for name, value in took.items():
                found[name] += [value * 1000] if number else []
    own, arrived, saved = (statistics.median(found[name]) for name in ("git", "arrived", "saved"))
    beside = f"beside it git commit -qo takes {own:.0f} ms"
    yield Figure(f"commit to the next phase's question, {files:,} managed files", arrived, "ms", 150, beside)
    slowest = f"slowest {max(found['saved']):.0f} ms"
    yield Figure("save to the commit of what was saved, without the 250 ms of quiet", saved - 250, "ms", None, slowest)
    yield Figure("processor of an idle watcher", idle, "%", 1, f"{idle:.1f} % over {_IDLE:.0f} s")


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


def _arrived(place: Path, model: Mapping[str, str], number: int) -> float:
    """From the moment at which a case arrives, half done, until its next question is there for a person."""
    slug = f"late-{number}"
    index = {f"_tasks/{slug}/{name}": text.replace("model-case", slug) for name, text in model.items()}
    for path, text in index.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")
    git(place, "add", "--", *index)
    tree, tip = git(place, "write-tree").strip(), git(place, "rev-parse", "HEAD").strip()
    commit = git(place, "commit-tree", "-p", tip, "-m", "a case", tree).strip()
    began = time.perf_counter()
    git(place, "update-ref", "refs/heads/main", commit)
    prompts = place / ".git/decisions/prompts" / slug
    return _until(lambda: prompts.is_dir() and any(prompts.glob("*.md"))) - began


def _saved(place: Path, number: int) -> float:
    """From the end of a save to the commit that holds it."""
    ref = place / ".git/refs/heads/main"
    tip = ref.read_text("ascii")
    (place / f"_tasks/case-{number:05d}/remarks.md").write_text("# Remarks\n\nNone.\n", encoding="utf-8")
    began = time.perf_counter()
    return _until(lambda: ref.exists() and ref.read_text("ascii") != tip) - began


def _until(condition: Callable[[], bool]) -> float:
    """When something came to hold; asked every millisecond. Then all comes to rest."""
    end = time.perf_counter() + 30
    while not condition():
        if time.perf_counter() > end:
            raise SystemExit("the watcher did nothing for 30 s")
        time.sleep(0.001)
    moved = time.perf_counter()
    time.sleep(0.5)
    return moved
