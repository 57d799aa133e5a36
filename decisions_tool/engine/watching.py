"""The watcher: a commit that arrives or a file that is saved starts what `decisions run` would do. Events only say: look again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from decisions_tool.config import FILE, Settings
from decisions_tool.documents.paths import RECORDS, TASKS
from decisions_tool.engine.events import Event, Listener
from decisions_tool.engine.hearing import Ears, Folder
from decisions_tool.engine.known import Known
from decisions_tool.engine.run import AGAIN, Engine, Outcome
from decisions_tool.engine.saving import KEEP, Saved, commit_saved, problems
from decisions_tool.engine.verbs import writing
from decisions_tool.errors import Busy, DecisionsError, DocumentError, Finding
from decisions_tool.ledger.files import typed
from decisions_tool.ledger.git import Place, changed_files
from decisions_tool.ledger.locks import run_lock
from decisions_tool.ledger.preflight import branch_for_writing
from decisions_tool.ledger.record import Ledger
from decisions_tool.ledger.repository import MARKERS, Repository
from decisions_tool.text import plural

T = TypeVar("T")
#: Names in git's folders whose change can mean that there is something to do.
_TELLING = frozenset({"HEAD", "packed-refs", *MARKERS})
#: Failures that pass by themselves.
_PASSING = frozenset({"limited", "unreachable", "timeout", "cut-off"})
_SOON, _SELDOM = 1.0, 3_600.0
#: So many paths at once are asked about as folders.
_MANY = 200


def _folders(place: Place) -> Iterator[Folder]:
    """Where what matters happens, whether it is there yet or not."""
    root, git_dir, common = place
    for deep in (root / TASKS, root / RECORDS, common / "refs/heads", common / "reftable", place.store / "answers"):
        yield Folder(deep, True)
    yield Folder(root, names=frozenset({TASKS, "docs", FILE}))
    yield Folder(root / "docs", names=frozenset({"decisions"}))
    for folder in {git_dir, common}:
        yield Folder(folder, names=_TELLING)


class Watcher:
    """Carries the cases of the branch that is checked out, for as long as it is let."""

    def __init__(self, repository: Repository, listen: Listener) -> None:
        self.repository, self._listen = repository, listen
        self._ears = Ears()
        self._saved = Saved(repository.place)
        self._known = Known()
        self._planned: tuple[str, str, str | None] | None = None
        self._settings: Settings | None = None
        self._cases: dict[str, str] | None = None
        self._told: dict[str, frozenset[tuple[str, str, str]]] = {}
        self._interval, self._patience = 30.0, 0.0
        self._again = self._scan = 0.0

    def watch(self) -> None:
        """Look, act, wait for something to change; until KeyboardInterrupt."""
        with run_lock(self.repository.place, "watch"):
            try:
                while True:
                    if not self.look():
                        self._ears.bell.wait(self._until())
            finally:
                self.close()

    def close(self) -> None:
        """Listen no more, and bring to its end what an interrupt cut short."""
        self._ears.close()
        with suppress(DecisionsError), run_lock(self.repository.place):
            Ledger(self.repository).mend()

    def _until(self) -> float:
        now = time.monotonic()
        waits = [self._scan - now, self._again - now if self._again else self._interval, self._saved.patience]
        return max(0.001, min(wait for wait in waits if wait is not None))

    # -- one round

    def look(self) -> bool:
        """Look once and do what is to be done; True where looking again at once makes sense."""
        self._try(self._hear, "look")
        rested = self._saved.settle()
        moved = self._state() != self._planned
        given = self._saved.given(rested)
        due = 0 < self._again <= time.monotonic()
        if moved or given or due:
            self._again = 0.0
            self._cases = None if due else self._cases
            self._try(lambda: self._run(given), "run")
        if moved:
            self._scan = 0.0  # whoever moved the branch may have changed files too
        if self.repository.in_progress():
            return False
        return bool(self._try(lambda: self._take(rested - given.keys()), "take"))

    def _hear(self) -> None:
        """Note what was heard, and from time to time everything, because events get lost."""
        heard = self._ears.heard()
        anew = self._follow()
        self._saved.touched(self._documents(heard))
        toml = os.fspath(self.repository.place.root / FILE)
        if anew or toml in heard or time.monotonic() >= self._scan:
            self._scan = time.monotonic() + self._interval
            self._everything()

    def _follow(self) -> bool:
        try:
            return self._ears.follow(_folders(self.repository.place))
        except OSError as error:
            said = f"the system does not report changes here ({error}); looking every {self._interval:.0f} s"
            self._tell("ears", [Event("waiting", "", "", text=said)])
            return False

    def _everything(self) -> None:
        root = self.repository.place.root
        changed = self.repository.uncommitted()
        documents = set(self._documents(os.fspath(root / path) for path in changed))
        self._saved.touched([*documents, *self._saved.wanted])
        others = [path for path in changed if root / path not in documents]
        shown = ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
        self._tell(
            "others", [Event("waiting", "", "", text=f"not committed: {shown}", command="git status")] * bool(others)
        )

    def _documents(self, names: Iterable[str]) -> Iterator[Path]:
        """The files below the managed folders that could be documents; of a folder that appeared, all that it holds."""
        root, answers = self.repository.place.root, self.repository.place.store / "answers"
        homes = (f"{root / TASKS}/", f"{root / RECORDS}/", f"{answers}/")
        for name in names:
            if f"{name}/".startswith(homes):
                path = Path(name)
                found = path.rglob("*.md") if path.is_dir() and not path.is_symlink() else (path,)
                yield from (file for file in found if file.suffix == ".md" and not file.name.startswith((".", "#")))

    def _state(self) -> tuple[str, str, str | None]:
        """What a plan is made from: another branch, another commit, or the end of a merge ask for another one."""
        try:
            head = self.repository.head()
        except DecisionsError as error:
            return "", "", error.message
        return head.ref, head.oid, self.repository.in_progress()

    # -- acting

    def _run(self, given: dict[Path, str]) -> None:
        """What `decisions run` does, for the cases that changed since the last round and those that files were given to."""
        self._planned = ref, *_ = self._state()
        self.repository.renew()
        oid = branch_for_writing(self.repository).oid
        scope = self._scope(oid, set(given.values()))
        if scope == []:
            self._remember(oid)
            return
        self._saved.ask_anew(scope)
        engine = Engine(self.repository, None, self._listen, self._known)
        engine.asking.read = self._saved.take
        outcome = engine.run(scope or ())
        self._planned = (ref, outcome.tip, None)
        self._remember(outcome.tip)
        self._report(scope, outcome)
        if outcome.later or any(failed.who in _PASSING for failed in outcome.failed):
            self._once_more(self._interval)
        else:
            self._patience = 0.0

    def _scope(self, oid: str, given: set[str]) -> list[str] | None:
        """The cases that may go on; None for all of them."""
        settings = self.repository.settings(oid)
        if settings is not self._settings:
            self._settings, self._cases = settings, None
            self._interval, self._saved.commits = float(settings.watch.interval), settings.watch.commit
            self._scan = min(self._scan, time.monotonic() + self._interval)
        if self._cases is None or "" in given:
            return None
        now = self._states(oid)
        known = self._cases
        return [slug for slug, state in now.items() if known.get(slug) != state or slug in given]

    def _remember(self, oid: str) -> None:
        """What the cases are like after a round that went well; of those that are gone nothing is known any more."""
        before, self._cases = self._cases, self._states(oid)
        for slug in (before or {}).keys() - self._cases.keys():
            self._tell(f"case {slug}", [])

    def _states(self, oid: str) -> dict[str, str]:
        """What the next step of each case depends on."""
        return {slug: folder.state for slug, folder in self.repository.cases(oid).items()}

    def _report(self, scope: list[str] | None, outcome: Outcome) -> None:
        """Say what is new for people, case by case."""
        news: dict[str, list[Event]] = {f"case {slug}": [] for slug in scope or ()}
        if scope is None:
            news = {topic: [] for topic in self._told if topic.startswith("case ")}
        for slug, event in _news(outcome):
            news.setdefault(f"case {slug}", []).append(event)
        for topic, events in news.items():
            self._tell(topic, events)
        waiting = sum(
            kind == "waiting" for topic, told in self._told.items() if topic.startswith("case ") for kind, *_ in told
        )
        branch = self.repository.head().branch
        said = f"watching {branch}: {plural(waiting, 'answer')} of people open"
        self._listen(Event("watching", "", "", text=said))

    def _once_more(self, first: float) -> None:
        """Try again by time alone, less and less often."""
        self._patience = min(max(first, self._patience * 2), _SELDOM)
        self._again = time.monotonic() + self._patience

    def _take(self, rested: set[Path]) -> bool:
        """Deal with files that came to rest; True when a commit was made."""
        root = self.repository.place.root
        names = {path.relative_to(root).as_posix(): path for path in rested if path.is_relative_to(root)}
        asked = list(names) if len(names) < _MANY else [TASKS, RECORDS]
        changed = set(changed_files(self.repository.git, asked)) & names.keys() if names else set()
        for name in names.keys() - changed:
            self._saved.forget(names[name])
            self._tell(name, [])
        return sum([bool(self._keep(name, names[name])) for name in sorted(changed)]) > 0

    def _keep(self, name: str, path: Path) -> bool | None:
        """One saved file that differs from the last commit."""
        data = self._saved.bytes_of(path)
        if data is None:
            return False
        wrong = problems(name, data)
        if wrong:
            self._tell(name, [_refused(finding) for finding in wrong])
        elif not self._saved.commits:
            command = AGAIN if path in self._saved.wanted else typed(self.repository.place.root, KEEP, name)
            self._tell(name, [Event("waiting", "", "", text=f"{name} is saved and not committed", command=command)])
        else:
            return self._try(lambda: self._commit(name, data), name, path)
        return False

    def _commit(self, name: str, data: bytes) -> bool:
        self.repository.renew()
        with writing(self.repository, self._listen) as engine:
            return commit_saved(engine, name, data)

    # -- telling

    def _try(self, work: Callable[[], T], topic: str, path: Path | None = None) -> T | None:
        """What goes wrong in one round is told, and tried again later; it does not end the watcher."""
        try:
            done = work()
        except Busy as error:
            self._tell(topic, [Event("waiting", "", "", text=error.message)])
            self._again = time.monotonic() + _SOON
            self._saved.touched([path] if path else [])
        except DecisionsError as error:
            if not self.repository.place.git_dir.is_dir():
                raise
            findings = error.findings if isinstance(error, DocumentError) else ()
            told = [_refused(finding) for finding in findings]
            self._tell(topic, told or [Event("waiting", "", "", text=error.message, command=error.hint)])
            if path is None:
                self._once_more(self._interval)
        except Exception as error:  # noqa: BLE001  # one round is lost, not the watcher
            self._tell(topic, [Event("failed", "", "", text=f"{type(error).__name__}: {error}")])
            self._once_more(self._interval)
        else:
            self._tell(topic, [])
            return done
        return None

    def _tell(self, topic: str, events: Sequence[Event]) -> None:
        """Say what is new since the last word on a topic."""
        before = self._told.pop(topic, frozenset())
        for event in events:
            if (event.kind, event.case, event.text) not in before:
                self._listen(event)
        if events:
            self._told[topic] = frozenset((event.kind, event.case, event.text) for event in events)


def _refused(finding: Finding) -> Event:
    where = f"{finding.path}:{finding.line}:{finding.column}" if finding.line else finding.path
    return Event("refused", "", "", text=f"{where}: {finding.message}", command=finding.hint)


def _news(outcome: Outcome) -> Iterator[tuple[str, Event]]:
    """What a round leaves to people: case, and what to say."""
    for wait in outcome.waits:
        yield wait.case, Event("waiting", wait.case, wait.phase, text=wait.why, command=wait.command)
    for refusal in outcome.refusals:
        yield from ((refusal.case, _refused(finding)) for finding in refusal.findings)
    for slug in outcome.finished:
        yield slug, Event("finished", slug, "", text="is finished")
