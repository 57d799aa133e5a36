"""Time commands and functions in turns, A B A B, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CODE = "from decisions_tool.cli import program; program()"

#: Does its own preparation, then says how many seconds the part that counts took.
Timer = Callable[[], float]


@dataclass(frozen=True)
class Figure:
    """One line of the result; without a limit it is only told."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    detail: str = ""

    @property
    def over(self) -> bool:
        return self.limit is not None and self.value > self.limit


def environment() -> dict[str, str]:
    """Nobody's settings: git without configuration, the checkout where it is not installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))}
    ours = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
    return {**kept, **ours} | ({} if _script().exists() else {"PYTHONPATH": str(ROOT)})


def decisions(*args: str) -> list[str]:
    """The command line of the program: the installed script, or the checkout."""
    program = [str(_script())] if _script().exists() else [sys.executable, "-P", "-c", _CODE]
    return [*program, *args]


def _script() -> Path:
    return Path(sys.executable).with_name("decisions")


def run(command: Sequence[str], folder: Path, stdin: bytes = b"") -> str:
    """Run a command that has to succeed; its standard output."""
    done = subprocess.run(command, cwd=folder, env=environment(), input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.decode("utf-8", "replace")


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def process(command: Sequence[str], folder: Path, before: Callable[[], object] = lambda: None) -> Timer:
    """Time a command from start to end; ``before`` is not counted. A failure stops everything."""
    surroundings, none = environment(), subprocess.DEVNULL

    def once() -> float:
        before()
        began = time.perf_counter()
        code = subprocess.call(command, cwd=folder, env=surroundings, stdin=none, stdout=none, stderr=none)
        took = time.perf_counter() - began
        if code:
            run(command, folder)
            raise SystemExit(f"{' '.join(command)}: exit code {code}, and 0 when it was tried again")
        return took

    return once


def in_turns(timers: Mapping[str, Timer], rounds: int) -> dict[str, float]:
    """The median of each in milliseconds; a first round of all only warms up."""
    found: dict[str, list[float]] = {name: [] for name in timers}
    for turn in range(rounds + 1):
        for name, timer in timers.items():
            took = timer()
            if turn:
                found[name].append(took * 1000)
    return {name: statistics.median(values) for name, values in found.items()}


def ratio(name: str, above: float, below: float, limit: float | None) -> Figure:
    """Two times in milliseconds as one figure."""
    return Figure(name, above / below, "x", limit, f"{above:.1f} / {below:.1f} ms")
