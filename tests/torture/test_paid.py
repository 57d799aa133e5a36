"""A run that pays for its answers is killed at any moment: nothing that was paid for is lost, and nothing is paid for twice."""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import pytest

from decisions_tool.testing import Batching, Latency, Loopback
from tests.conftest import Repo
from tests.forked import Forks
from tests.paying import asked_of, bills, cost, in_flight, kept, lost, replies, spooled, store, unpaid, whole
from tests.rehearsing import Rehearsal
from tests.torture.ground import amount, chance

_AT_ONCE = 2
_KILLS = (1, 2, 3, 5)  # of a trial: the first run, then those that heal it
_SLOW = 10  # every so many trials a batch takes longer than the first look at it


@dataclass(frozen=True)
class Trial:
    """``shares`` say at which part of a run its kills fall: of the first run, of the one that heals it, and so on."""

    number: int
    shares: tuple[float, ...]
    group: bool

    @property
    def batching(self) -> Batching:
        return Batching(0.4 if self.number % _SLOW == 0 else 0.0)


@dataclass(frozen=True)
class Outcome:
    told: str
    moments: list[str]
    problems: list[str]
    twice: int = 0
    in_flight: int = 0


@pytest.mark.parametrize("backend", ["anthropic", "batches"])
def test_no_kill_costs_an_answer_or_has_it_paid_twice(
    backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """F27, F28: in batches nothing is paid twice; else at most what was in flight when the run was killed."""
    seed, dice = chance()
    workers: Queue[Forks] = Queue()
    with Forks() as first, Forks() as second:
        workers.put(first)
        workers.put(second)
        prepared = asked_of(backend, tmp_path / "prepared", first).path
        shutil.rmtree(prepared / ".git" / "hooks")
        usual = min(_measured(prepared, tmp_path / f"usual-{number}", first) for number in range(3))
        trials = [_trial(number, dice) for number in range(amount("PAID", 300) * len(_KILLS) // sum(_KILLS) // 2)]
        began = time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            outcomes = list(pool.map(lambda trial: _carry_out(trial, prepared, tmp_path, usual, workers), trials))
    with capsys.disabled():
        sys.stdout.write(_told(backend, seed, usual, outcomes, time.monotonic() - began))
    found = [f"{outcome.told}: {problem}" for outcome in outcomes for problem in outcome.problems]
    assert not found, "\n".join([f"seed {seed}", *found])


def _trial(number: int, dice: random.Random) -> Trial:
    kills = _KILLS[number % len(_KILLS)]
    shares = tuple(dice.random() * (1 if first else 0.5) for first in [True, *[False] * (kills - 1)])
    return Trial(number, shares, dice.random() < 0.5)


def _measured(prepared: Path, folder: Path, forks: Forks) -> float:
    """Seconds of a run that nobody kills; its bill is what the program says."""
    shutil.copytree(prepared, folder)
    repo, brain = Repo(folder), Rehearsal(folder)
    with Loopback(brain, latency=_LATENCY) as server:
        began = time.monotonic()
        done = forks.call(folder, "run", "--quiet", env=_environ(server))
        took = time.monotonic() - began
        assert done.code == 0, done.err
        billed = bills(server, brain)
        assert not whole(repo) and unpaid(repo, forks, billed, []) == []
        assert cost(repo, forks)[1] == 0
    brain.close()
    return took


_LATENCY = Latency(0.02, 0.15)


def _environ(server: Loopback) -> dict[str, str]:
    return {"ANTHROPIC_API_KEY": "test", "ANTHROPIC_BASE_URL": server.url}


def _carry_out(trial: Trial, prepared: Path, top: Path, usual: float, workers: Queue[Forks]) -> Outcome:
    folder = top / f"killed-{trial.number}"
    shutil.copytree(prepared, folder)
    repo, brain, forks = Repo(folder), Rehearsal(folder), workers.get()
    told, moments, kills = f"kill {trial.number}, {'with its children' if trial.group else 'alone'}", [], []
    try:
        with Loopback(brain, latency=_LATENCY, batching=trial.batching) as server:
            for share in trial.shares:
                ended = forks.call(
                    folder, "run", "--quiet", env=_environ(server), kill=share * usual, group=trial.group
                )
                moments.append(_moment(repo, server) if ended.killed else "over before the kill")
                told += f", after {share * usual:.3f} s ({moments[-1]})"
                time.sleep(0.05)  # what was on its way to the server arrives
                kills.append(kept(repo, server))
            done = forks.call(folder, "run", "--quiet", env=_environ(server))
            billed = bills(server, brain)
            problems = [f"the last run ended with {done.code}: {done.err}"] if done.code else whole(repo)
            problems += lost(billed, kills) + unpaid(repo, forks, billed, kills)
    finally:
        brain.close()
        workers.put(forks)
    if not problems:
        shutil.rmtree(folder)
    twice = len(billed) - len({bill.digest for bill in billed})
    return Outcome(told, moments, problems, twice, sum(len(in_flight(billed, held)) for held in kills))


def _moment(repo: Repo, server: Loopback) -> str:
    """Where a kill fell, told from what lies about."""
    git = repo.path / ".git"
    if (git / "decisions-pending.json").exists() or (git / "index.lock").exists() or (git / "HEAD.lock").exists():
        return "in a commit"
    if spooled(repo):
        return "answered, not recorded"
    named = [
        json.loads(path.read_text().partition("\n")[2])["batch"] for path in (store(repo) / "till").glob("*/batch")
    ]
    if named and not all(named):
        return "promised to a batch, which has no name yet"
    if any(exchange.ended is None for exchange in server.log):
        return "a call was in flight"
    if replies(repo):
        return "a reply was kept, the answer not"
    if named:
        return "a batch was known"
    return "asked" if any((store(repo) / "intents").glob("*")) else "starting, computing or ending"


def _told(backend: str, seed: int, usual: float, outcomes: list[Outcome], took: float) -> str:
    fell = Counter(moment for outcome in outcomes for moment in outcome.moments)
    twice, flight = sum(outcome.twice for outcome in outcomes), sum(outcome.in_flight for outcome in outcomes)
    lost = sum(problem.startswith("lost") for outcome in outcomes for problem in outcome.problems)
    head = f"\n{backend}, seed {seed}: {fell.total()} kills in {took:.0f} s, undisturbed {usual:.2f} s; "
    figures = f"{flight} answers in flight, {twice} paid twice, {lost} lost\n"
    return head + figures + "".join(f"  {count:4} {moment}\n" for moment, count in fell.most_common())
