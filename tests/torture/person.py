"""A scripted person who commits in a loop, in every way people do, and remembers what each commit has to hold."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REQUEST, Repo

_PATIENCE = 60.0
_AT_MOST_LEFT = 3


@dataclass(frozen=True)
class Commit:
    """A commit that git said was made: its message, and path -> text of exactly what it has to change."""

    message: str
    files: dict[str, str]


class Person(threading.Thread):
    """Works in the repository for some seconds; everything that git refuses because of a lock is tried again."""

    def __init__(self, repo: Repo, seconds: float, pause: float, dice: random.Random) -> None:
        super().__init__(name="person")
        self.repo = repo
        self.made: list[Commit] = []
        self.staged: dict[str, str] = {}
        self.unstaged: dict[str, str] = {}
        self.ways: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.commands = 0
        self.requests: list[str] = []
        self.failure = ""
        self._own: dict[str, str] = {}
        self._seconds = seconds
        self._pause = pause
        self._dice = dice
        self._number = 0

    def run(self) -> None:
        began = time.monotonic()
        due = 0.0
        ways: list[Callable[[], None]] = [
            self.commit_what_is_staged, self.commit_one_path, self.commit_all, self.commit_an_older_case,
            self.commit_notes, self.commit_a_started_request, self.stage_and_leave, self.edit_and_leave, self.look,
        ]  # fmt: skip
        try:
            while (now := time.monotonic() - began) < self._seconds:
                if now >= due and now < 0.7 * self._seconds:
                    self.commit_a_request()
                    due = now + 1.2
                way = self._dice.choice(ways)
                self.ways[way.__name__] += 1
                way()
                time.sleep(self._dice.uniform(0, self._pause))
        except Exception as error:  # noqa: BLE001  # the test tells it; a thread could not
            self.failure = f"{type(error).__name__}: {error}"

    # -- ways to commit

    def commit_what_is_staged(self) -> None:
        path = self._new("src")
        self._git("add", "--", path)
        self._commit({**self.staged, path: self._own[path]})

    def commit_one_path(self) -> None:
        path = self._known()
        self._commit({path: self._edit(path)}, "-qo", path)

    def commit_all(self) -> None:
        path = self._known()
        self.unstaged[path] = self._edit(path)
        self._commit({**self.staged, **self.unstaged}, "-a")

    def commit_an_older_case(self) -> None:
        """A file of a case that the program leaves alone."""
        path = f"_tasks/older-{self._dice.randrange(3)}/002-roadmap.md"
        self._commit({path: self._edit(path)}, "-qo", path)

    def commit_notes(self) -> None:
        """A file in the folder of a case that the program works on."""
        if self.requests:
            path = self._new(f"_tasks/{self._dice.choice(self.requests[-4:])}")
            self._git("add", "--", path)
            self._commit({path: self._own[path]}, "-qo", path)

    def commit_a_request(self) -> None:
        slug = f"task-{len(self.requests):03d}"
        path = f"_tasks/{slug}/001-user-request.md"
        self._write(path, REQUEST)
        self._git("add", "--", path)
        self._commit({path: REQUEST}, "-qo", path)
        self.requests.append(slug)

    def commit_a_started_request(self) -> None:
        """More words below a request that the program has begun with; from then on it does not write there."""
        path = f"_tasks/{self._dice.choice(self.requests)}/001-user-request.md"
        held = self.repo.read(path)
        if held.startswith("---\n"):
            text = f"{held}\nOne more wish, number {self._next()}.\n"
            self._write(path, text)
            self._commit({path: text}, "-qo", path)

    # -- ways not to

    def stage_and_leave(self) -> None:
        if len(self.staged) < _AT_MOST_LEFT:
            path = self._new("staged")
            self._git("add", "--", path)
            self.staged[path] = self._own.pop(path)

    def edit_and_leave(self) -> None:
        if len(self.unstaged) < _AT_MOST_LEFT:
            path = self._known()
            self.unstaged[path] = self._edit(path)

    def look(self) -> None:
        self._git("status", "--short")

    # -- hands

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _new(self, folder: str) -> str:
        """A file that was not there; it belongs to the person."""
        number = self._next()
        path = f"{folder}/mine-{number}.txt"
        self._own[path] = f"File {number}.\n"
        self._write(path, self._own[path])
        return path

    def _known(self) -> str:
        """A committed file of the person's that has no other edit under way."""
        free = [path for path in self._own if path.startswith("src/") and path not in self.unstaged]
        return self._dice.choice(free)

    def _edit(self, path: str) -> str:
        self._own[path] = f"{self._own.get(path, '')}Edit {self._next()}.\n"
        self._write(path, self._own[path])
        return self._own[path]

    def _write(self, path: str, text: str) -> None:
        self.repo.write(path, text)

    def _commit(self, files: dict[str, str], *how: str) -> None:
        message = f"person {self._next()}"
        self._git("commit", "-m", message, *how)
        self.made.append(Commit(message, files))
        for path in files:
            for left in (self.staged, self.unstaged):
                if path in left:
                    self._own[path] = left.pop(path)

    def _git(self, *args: str) -> None:
        """One git command; while another writer holds a lock it is tried again, as its message says."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            self.commands += 1
            done = subprocess.run(["git", *args], cwd=self.repo.path, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
            refusal = next((why for why in ("index.lock", "cannot lock ref") if why in done.stderr), "")
            if not refusal or time.monotonic() > deadline:
                raise RuntimeError(f"git {' '.join(args)}: {(done.stderr or done.stdout).strip()}")
            self.met[refusal] += 1
            time.sleep(self._dice.uniform(0.001, 0.02))

    def begin(self) -> None:
        """Files to edit, before anybody else is about."""
        paths = [self._new("src") for _ in range(8)]
        for number in range(3):
            path = f"_tasks/older-{number}/002-roadmap.md"
            self._own[path] = "# Written by hand\n"
            self.repo.write(path, self._own[path])
            self.repo.write(f"_tasks/older-{number}/001-user-request.md", "# Old\n\nOlder than the program.\n")
            paths.append(f"_tasks/older-{number}")
        self._git("add", "--", *paths)
        self.repo.git("commit", "-qm", "before the program")


def expected_status(person: Person) -> list[str]:
    """The lines of ``git status --porcelain`` that the person's own unfinished work accounts for."""
    return sorted([f"A  {path}" for path in person.staged] + [f" M {path}" for path in person.unstaged])


def unlike(folder: Path, files: dict[str, str]) -> list[str]:
    """Working files that do not hold what the person left in them."""
    return [path for path, text in files.items() if (folder / path).read_text(encoding="utf-8") != text]
