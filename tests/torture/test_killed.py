"""A run is killed at any moment, and the next one heals it: nothing lost, nothing asked twice, nothing left."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Repo, make_repo
from tests.torture.ground import amount, asked_twice, call, chance, kill_after, left_over, phases, unsound

CASE = "cache"
_AT_ONCE = 2
_AGAIN = 4  # every so many trials the healing run is killed too
_MEASURED = 20  # every so many trials the length of a run is measured anew: the machine may have other work


@dataclass(frozen=True)
class Trial:
    """One killing: at which share of a run, alone or with its children; then, perhaps, the healing run as well."""

    number: int
    shares: tuple[float, ...]
    group: bool


@dataclass(frozen=True)
class Outcome:
    """When and where the kills of a trial fell, and what was wrong after one more run."""

    told: str
    moments: list[str]
    problems: list[str]


@dataclass
class Undisturbed:
    """What a run comes to when nobody kills it; ``seconds`` is how long that takes at present."""

    seconds: float
    tree: str
    subjects: list[str]


def test_a_run_killed_at_any_moment_is_healed_by_the_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A5 G2: the same tree in the same number of commits, no lock, no second question."""
    seed, dice = chance()
    prepared = _prepare(tmp_path / "prepared")
    usual = _undisturbed(prepared, tmp_path)
    trials = [_trial(number, dice) for number in range(amount("KILLS", 200))]
    began = time.monotonic()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        outcomes = list(pool.map(lambda trial: _carry_out(trial, prepared, tmp_path, usual), trials))
    fell = Counter(moment for outcome in outcomes for moment in outcome.moments)
    with capsys.disabled():
        sys.stdout.write(_told(seed, usual, fell, time.monotonic() - began))
    found = [f"{outcome.told}: {problem}" for outcome in outcomes for problem in outcome.problems]
    assert not found, "\n".join([f"seed {seed}", *found])


def _prepare(folder: Path) -> Path:
    repo = make_repo(folder)
    code, _, err = call(folder, "init")
    assert code == 0, err
    repo.request(CASE)
    repo.git("repack", "-adq")
    shutil.rmtree(folder / ".git" / "hooks")
    return folder


def _undisturbed(prepared: Path, top: Path) -> Undisturbed:
    """Measured as the trials run: several at once."""
    folders = [top / f"undisturbed-{number}" for number in range(3 * _AT_ONCE)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        seconds = statistics.median(pool.map(lambda folder: _whole_run(prepared, folder), folders))
    repo = Repo(folders[0])
    assert unsound(repo.path) == [] and left_over(repo.path) == []
    return Undisturbed(seconds, repo.git("rev-parse", "HEAD^{tree}"), sorted(repo.subjects()))


def _whole_run(prepared: Path, folder: Path) -> float:
    """How many seconds a run takes from start to end."""
    shutil.copytree(prepared, folder)
    began = time.monotonic()
    code, _, err = call(folder, "run", "--quiet")
    assert code == 0, err
    return time.monotonic() - began


def _trial(number: int, dice: random.Random) -> Trial:
    shares = tuple(dice.random() for _ in range(2))
    return Trial(number, shares if number % _AGAIN == 0 else shares[:1], dice.random() < 0.5)


def _carry_out(trial: Trial, prepared: Path, top: Path, usual: Undisturbed) -> Outcome:
    if trial.number % _MEASURED == _MEASURED - 1:
        usual.seconds = _whole_run(prepared, top / f"measured-{trial.number}")
    folder = top / f"killed-{trial.number}"
    shutil.copytree(prepared, folder)
    told, moments = f"kill {trial.number}, {'with its children' if trial.group else 'alone'}", []
    for share in trial.shares:
        delay = share * usual.seconds
        killed = kill_after(folder, delay, trial.group, "run", "--quiet")
        moments.append(_moment(folder) if killed else "over before the kill")
        told += f", after {delay:.3f} s ({moments[-1]})"
    problems = _healed(Repo(folder), usual)
    if not problems:
        shutil.rmtree(folder)
    return Outcome(told, moments, problems)


def _healed(repo: Repo, usual: Undisturbed) -> list[str]:
    """What one more run leaves to be desired."""
    code, _, err = call(repo.path, "run", "--quiet")
    if code:
        return [f"the next run ended with {code}: {err.strip()}", *(f"left: {path}" for path in left_over(repo.path))]
    problems = [f"{slug} is in phase {phase}" for slug, phase in phases(repo.path).items() if phase != "done"]
    problems += [f"left: {path}" for path in left_over(repo.path)]
    status = repo.git("status", "--porcelain", "--untracked-files=all")
    problems += [f"git status: {line}" for line in status.splitlines()]
    problems += unsound(repo.path) + asked_twice(repo)
    problems += [f"kept: {path.name}" for name in ("spool", "intents") for path in _kept(repo.path, name)]
    if repo.git("rev-parse", "HEAD^{tree}") != usual.tree:
        problems.append("the documents are not those of an undisturbed run")
    if sorted(repo.subjects()) != usual.subjects:
        problems.append("the steps are not those of an undisturbed run")
    return problems


def _kept(folder: Path, name: str) -> list[Path]:
    return sorted((folder / ".git" / "decisions" / name).glob("*.json"))


def _moment(folder: Path) -> str:
    """Where a kill fell, told from what lies about."""
    git = folder / ".git"
    if any(git.joinpath("refs").rglob("*.lock")) or (git / "HEAD.lock").exists():
        return "git held the lock of a ref"
    if (git / "decisions-pending.json").exists():
        return _moment_of_commit(folder)
    if (git / "index.lock").exists():
        return "held the index, nothing announced"
    if _kept(folder, "spool"):
        return "answered, not recorded"
    if _kept(folder, "intents"):
        return "asked, not answered"
    return "held the run lock" if (git / "decisions" / "run.lock").exists() else "starting or ending"


def _moment_of_commit(folder: Path) -> str:
    repo = Repo(folder)
    pending = json.loads(repo.read(".git/decisions-pending.json"))
    if repo.git("rev-parse", "HEAD") != pending["new"]:
        return "announced, branch not moved"
    if repo.git("diff-index", "--cached", "--name-only", "HEAD"):
        return "branch moved, index not swapped"
    changed = repo.git("--no-optional-locks", "status", "--porcelain", "--untracked-files=all")
    return "index swapped, file not replaced" if changed else "file replaced, word not taken back"


def _told(seed: int, usual: Undisturbed, fell: Counter[str], took: float) -> str:
    head = f"\nseed {seed}: {fell.total()} kills in {took:.0f} s; "
    undisturbed = f"undisturbed: {len(usual.subjects)} commits, {usual.seconds:.2f} s\n"
    return head + undisturbed + "".join(f"  {count:4} {moment}\n" for moment, count in fell.most_common())
