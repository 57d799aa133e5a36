"""A person commits in a loop while the program records in the same working tree; nobody loses or takes anything."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Repo, make_repo
from tests.torture.ground import amount, asked_twice, call, chance, left_over, phases, unsound
from tests.torture.person import Commit, Person, expected_status, unlike

_RECORDED = re.compile(r"^✓ ([0-9a-f]{8}) ", re.M)
_DOCUMENTS = re.compile(r"_tasks/(task-\d+)/(?:00\d-[a-z-]+\.md|research/[a-z-]+\.md)")
_LAST_RUNS = 3


@dataclass(frozen=True)
class Step:
    """A commit as git has it; ``files`` maps every path that it changed to the blob that it left there."""

    commit: str
    parents: int
    message: str
    files: dict[str, str]

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]

    @property
    def case(self) -> str:
        """The case that a transition is of; empty for everything else."""
        found = re.findall(r"^Decisions-Case: (task-\d+)$", self.message, re.M)
        return str(found[0]) if found else ""


def test_nobody_is_hurt_beside_a_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """G1 G2: every commit of either side is there, and holds exactly what its message says."""
    seed, dice = chance()
    repo = make_repo(tmp_path / "repo")
    repo.git("config", "gc.autoDetach", "false")
    person = Person(repo, amount("SECONDS", 60), 0.05, dice)
    person.begin()
    assert call(repo.path, "init")[0] == 0
    person.start()
    began = time.monotonic()
    told, codes = _run_beside(repo, person)
    took = time.monotonic() - began
    history = _history(repo)
    found = [person.failure] if person.failure else []
    found += _lost(history, person, told) + _mislabelled(history, person) + _unfinished(repo, person)
    with capsys.disabled():
        sys.stdout.write(_told(seed, took, person, told, codes, found))
    assert not found, "\n".join([f"seed {seed}", *found])


def test_an_edit_within_one_tick_of_the_clock_stays_visible(tmp_path: Path) -> None:
    """G2: git knows an edit that kept size and time by the age of the index; a transition must not hide it."""
    repo = make_repo(tmp_path / "repo")
    repo.git("config", "core.trustctime", "false")
    assert call(repo.path, "init")[0] == 0
    for text in ("old!", "new!"):
        os.utime(repo.write("README.md", text), (1_750_000_000, 1_750_000_000))
        if text == "old!":
            repo.git("add", "README.md")
            os.utime(repo.path / ".git" / "index", (1_750_000_000, 1_750_000_000))
    assert call(repo.path, "new", "task", "A task", "--commit")[0] == 0
    repo.git("commit", "-qam", "all my work")
    assert repo.at_head("README.md") == "new!"


def _run_beside(repo: Repo, person: Person) -> tuple[list[str], Counter[str]]:
    """(commits that runs reported, how the runs ended), as long as the person is there and a little longer."""
    told: list[str] = []
    codes: Counter[str] = Counter()
    last = 0
    while person.is_alive() or last < _LAST_RUNS:
        last += not person.is_alive()
        code, _, err = call(repo.path, "run")
        told += _RECORDED.findall(err)
        codes["ok" if code == 0 else f"{code}: {err.strip().splitlines()[-2:]}"] += 1
    person.join()
    return told, codes


def _history(repo: Repo) -> list[Step]:
    """Every commit of the branch with all files that it changed, oldest first; read without the program."""
    out = repo.git("log", "--reverse", "--raw", "--no-abbrev", "--no-renames", "-m", "--format=%x01%H%x02%P%x02%B%x02")
    found = []
    for record in out.split("\x01")[1:]:
        commit, parents, message, raw = record.split("\x02")
        lines = [line.split("\t") for line in raw.splitlines() if line]
        found.append(Step(commit, len(parents.split()), message, {path: told.split(" ")[3] for told, path in lines}))
    return found


def _lost(history: list[Step], person: Person, told: list[str]) -> list[str]:
    """Commits that somebody was told of and that are not there exactly once, and the other way round."""
    messages = Counter(step.subject for step in history)
    found = [f"lost: {made.message}" for made in person.made if messages[made.message] != 1]
    recorded = Counter(step.commit[:8] for step in history if step.case)
    reported = Counter(told)
    found += [f"lost: transition {commit}" for commit in reported - recorded]
    found += [f"not told: transition {commit}" for commit in recorded - reported]
    return found + [f"a merge: {step.commit[:8]}" for step in history if step.parents > 1]


def _mislabelled(history: list[Step], person: Person) -> list[str]:
    """Commits whose files are not those that their message stands for."""
    made = {commit.message: commit for commit in person.made}
    found: list[str] = []
    for step in history:
        if step.case:
            found += _not_its_own(step)
        elif step.subject in made:
            found += _not_theirs(step, made[step.subject])
        elif step.subject.startswith("person "):
            found.append(f"nobody reported {step.subject}")
    return found


def _not_its_own(step: Step) -> list[str]:
    """What a transition holds that is no document of its case: the program swept somebody's work."""
    found = []
    for path in step.files:
        match = _DOCUMENTS.fullmatch(path)
        if not match or match.group(1) != step.case or not step.subject.startswith(f"{step.case}: "):
            found.append(f"swept: {path} in {step.subject}")
    return found


def _not_theirs(step: Step, made: Commit) -> list[str]:
    """Where a person's commit differs from what they wrote: a file too many takes the program's work back."""
    held = step.files
    if held.keys().isdisjoint(made.files):
        return [f"mislabelled: {made.message} holds {', '.join(sorted(held))}"]
    found = [f"reverted: {path} in {made.message}" for path in held.keys() - made.files.keys()]
    found += [f"missing: {path} in {made.message}" for path in made.files.keys() - held.keys()]
    wrong = [path for path in held.keys() & made.files.keys() if held[path] != _blob(made.files[path])]
    return found + [f"other bytes: {path} in {made.message}" for path in wrong]


def _blob(text: str) -> str:
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324


def _unfinished(repo: Repo, person: Person) -> list[str]:
    """What is wrong with the repository when both are done."""
    status = sorted(repo.git("status", "--porcelain", "--untracked-files=all").splitlines())
    found = [f"git status: {line}" for line in set(status) ^ set(expected_status(person))]
    found += [f"somebody touched {path}" for path in unlike(repo.path, {**person.staged, **person.unstaged})]
    reached = phases(repo.path)
    found += [f"{slug} is in phase {reached.get(slug)}" for slug in person.requests if reached.get(slug) != "done"]
    return found + unsound(repo.path) + asked_twice(repo) + [f"left: {path}" for path in left_over(repo.path)]


def _told(seed: int, took: float, person: Person, told: list[str], codes: Counter[str], found: list[str]) -> str:
    kinds = Counter(problem.partition(":")[0] for problem in found)
    worst = ("lost", "mislabelled", "reverted", "swept", "missing", "other bytes")
    made, recorded, tasks = len(person.made), len(told), len(person.requests)
    lines = [
        f"seed {seed}: {took:.0f} s, {made} commits of the person, {recorded} transitions of {tasks} tasks",
        f"of {person.commands} git commands of the person {person.met.total()} were refused: {dict(person.met)}",
        f"runs ended: {dict(codes)}",
        ", ".join(f"{kind} {kinds[kind]}" for kind in worst),
    ]
    return "\n" + "".join(f"{line}\n" for line in lines)
