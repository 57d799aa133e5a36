"""A runner or a collector is killed at any second, and whoever comes next goes on: nothing lost, nothing doubled, nothing asked twice."""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from tests.conftest import Repo, make_repo
from tests.torture.ground import amount, asked_twice, call, chance, kill_after, left_over, unsound

_PHASE = "review"
_REVIEWS = ("cache:review/don", "cache:review/steve")
#: A panel of two: a trial is a handful of processes.
_REQUEST = "---\ntype: request\nschema: 1\ncase: cache\nstatus: open\npanel: mini\n---\n# Cache reads\n\nKeep reads in shop/store/db.py.\n"


def test_a_killed_runner_or_collector_is_healed_by_the_next(tmp_path: Path, capsys: object) -> None:
    """F32 A5 G2: kills fall on `ci run`, on `ci collect` here and on `ci collect --push`."""
    seed, dice = chance()
    prepared, seconds = _prepare(tmp_path / "prepared")
    fell: Counter[str] = Counter()
    problems = []
    wanted = amount("CI_KILLS", 100)
    for number in range(4 * wanted):
        if fell.total() == wanted:
            break
        top = tmp_path / f"trial-{number}"
        shutil.copytree(prepared, top)
        found = _trial(top, dice, seconds, fell)
        problems += [f"seed {seed}, trial {number}: {problem}" for problem in found]
        shutil.rmtree(top)
    with capsys.disabled():  # type: ignore[attr-defined]
        sys.stdout.write(f"\n  kills that fell while it ran: {dict(fell)}\n")
    assert not problems, "\n".join(problems)
    assert fell.total() == wanted


def _prepare(top: Path) -> tuple[Path, dict[str, float]]:
    """A bare remote and a clone of it, at a task that waits for two reviews, and their answers; how long each command takes."""
    repo = make_repo(top / "person")
    repo.commit({"decisions.toml": "baseline = []\n"})
    repo.request("cache", _REQUEST)
    repo.git("clone", "-q", "--bare", ".", str(top / "remote.git"))
    clone = Repo(top / "clone")
    repo.git("clone", "-q", str(top / "remote.git"), str(clone.path))
    clone.git("config", "user.name", "Bot")
    clone.git("config", "user.email", "bot@example.invalid")
    clone.git("remote", "set-url", "origin", "../remote.git")
    while not (slots := _slots(clone)) or f":{_PHASE}/" not in slots[0]:
        _carry_on(clone, top / "before", push=True)
    seconds = {"run": _timed(clone, "ci", "run", slots[0], "--out", str(top / "held/"))}
    call(clone.path, "ci", "run", slots[1], "--out", str(top / "held/"))
    seconds["collect"] = 1.5 * _timed(clone, "ci", "collect", str(top / "nothing"), "--branch", "main")
    shutil.rmtree(clone.path / ".git/decisions")
    return top, seconds


def _timed(clone: Repo, *args: str) -> float:
    began = time.monotonic()
    call(clone.path, *args)
    return time.monotonic() - began


def _slots(clone: Repo) -> list[str]:
    code, out, err = call(clone.path, "ci", "plan")
    assert code == 0, err
    return out.split()


def _carry_on(clone: Repo, answers: Path, push: bool) -> None:
    """One round of the loop, whatever was there before."""
    answers.mkdir(exist_ok=True)
    code, out, err = call(clone.path, "ci", "plan", str(answers))
    assert code == 0, err
    for slot in out.split():
        code, _, err = call(clone.path, "ci", "run", slot, "--out", str(answers))
        assert code == 0, err
    code, _, err = call(clone.path, "ci", "collect", str(answers), *(["--push"] if push else []))
    assert code == 0, err
    if push:
        clone.git("pull", "-q", "--ff-only")


def _trial(top: Path, dice: random.Random, seconds: dict[str, float], fell: Counter[str]) -> list[str]:
    clone, answers, push = Repo(top / "clone"), top / "answers", dice.random() < 0.6
    victim = dice.choice(["run", "collect"])
    if victim == "run":
        args = ["run", dice.choice(_REVIEWS), "--out", f"{answers}/"]
    else:
        shutil.copytree(top / "held", answers)
        args = ["collect", str(answers), *(["--push"] if push else [])]
    whole = dice.random() < 0.5 and "--push" not in args  # the server is not killed with its client
    if kill_after(clone.path, dice.uniform(0, seconds[victim] * 1.1), whole, "ci", *args):
        fell[f"{victim} --push" if push and victim == "collect" else victim] += 1
        seconds[victim] *= 1.05
    else:
        seconds[victim] *= 0.8  # it was over before: the machine has less to do than when this was measured
    if push:
        clone.git("pull", "-q", "--ff-only")  # what the killed one had pushed already
    _carry_on(clone, answers, push)
    return _problems(clone)


def _problems(clone: Repo) -> list[str]:
    found = [f"left over: {name}" for name in left_over(clone.path)]
    subjects = [subject for subject in clone.subjects() if "reviewed by" in subject]
    if len(subjects) != len(_REVIEWS) or len(set(subjects)) != len(_REVIEWS):
        found.append(f"recorded: {subjects}")
    if clone.git("status", "--porcelain"):
        found.append(f"status: {clone.git('status', '--porcelain')}")
    return found + unsound(clone.path) + asked_twice(clone)
