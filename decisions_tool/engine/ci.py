"""The loop in three verbs, for runners that share git and files and nothing else: plan, answer one slot, collect."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from decisions_tool.agents import backends
from decisions_tool.config import FILE, Settings
from decisions_tool.engine.answers import Answer, Refused, objection, slot_id
from decisions_tool.engine.asking import Asking
from decisions_tool.engine.events import Event, Listener
from decisions_tool.engine.known import apart
from decisions_tool.engine.overview import settled
from decisions_tool.engine.recorder import Recorder, elsewhere
from decisions_tool.engine.run import Outcome
from decisions_tool.engine.shares import share
from decisions_tool.engine.spool import Spool, Spooled, file_name
from decisions_tool.engine.till import Drawer
from decisions_tool.errors import Busy, DecisionsError, Moved, WaitingForPeople
from decisions_tool.ledger.costs import spent
from decisions_tool.ledger.git import GitFailed, Place
from decisions_tool.ledger.locks import run_lock
from decisions_tool.ledger.preflight import COLLECTING, branch_for_writing, check_ready
from decisions_tool.ledger.remote import Bench, Remote, check_branch
from decisions_tool.ledger.repository import Repository
from decisions_tool.text import shortened
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.planner import Ask, Compute, Refuse, Wait, check_names, plan
from decisions_tool.workflows.tables import row

_TRIES = 60
_UNREACHED = 4
_PATIENCE = 120.0


class Slot(NamedTuple):
    """One open slot; ``name`` is what its answer file is called, ``key`` the digest of its question."""

    id: str
    name: str
    case: str
    phase: str
    slot: str
    pinned: str
    backend: str
    key: str


@dataclass
class Planned:
    """What a commit calls for: slots for runners, slots whose answers are there, and documents that collecting will compute."""

    commit: str
    slots: list[Slot] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    refusals: list[Refuse] = field(default_factory=list)

    @property
    def has_work(self) -> bool:
        return bool(self.slots or self.answered or self.computed)


class _State(NamedTuple):
    """A commit, and what its cases call for."""

    commit: str
    settings: Settings
    asks: list[tuple[Case, Ask]]
    rest: list[Compute | Wait | Refuse]

    def together(self, ask: Ask) -> int:
        """How many slots of a phase are asked."""
        return Counter((other.case, other.phase) for _, other in self.asks)[ask.case, ask.phase]


def tip_of(repository: Repository, branch: str | None = None, remote: str = "origin") -> str:
    """The commit of HEAD, detached or not, or of a branch here or as it was last fetched."""
    head = repository.head()
    if branch is None:
        if not head.oid:
            raise DecisionsError("this branch has no commit yet", "git commit --allow-empty -m 'first commit'")
        return head.oid
    check_branch(repository, branch)
    found = repository.ref(f"refs/heads/{branch}") or repository.ref(f"refs/remotes/{remote}/{branch}")
    if not found:
        raise DecisionsError(f"there is no branch {shortened(branch)!r}", "git fetch, then: git branch --all")
    return found


def _state(repository: Repository, tip: str) -> _State:
    settings = repository.settings(tip)
    check_names(settings)
    over = settled(repository.place.root) if tip == repository.head().oid else {}
    asks: list[tuple[Case, Ask]] = []
    rest: list[Compute | Wait | Refuse] = []
    for slug, folder in repository.cases(tip).items():
        if over.get(slug) == folder.state:
            continue
        case = repository.case(tip, slug, settings, folder)
        for action in plan(case).actions:
            if isinstance(action, Ask):
                asks.append((case, action))
            else:
                rest.append(action)
    return _State(tip, settings, apart(asks), rest)


def planned(repository: Repository, tip: str, answers: Sequence[Answer] = ()) -> Planned:
    """Everything that a commit calls for."""
    state, asking = _state(repository, tip), _asking(repository, tip, lambda event: None)
    made = Planned(tip)
    made.computed = [slot_id(a.case, a.phase, a.slot) for a in state.rest if isinstance(a, Compute)]
    made.waits = [action for action in state.rest if isinstance(action, Wait)]
    made.refusals = [action for action in state.rest if isinstance(action, Refuse)]
    for case, ask in state.asks:
        phase, name = row(case.workflow, ask.phase), slot_id(ask.case, ask.phase, ask.slot)
        pinned, backend = case.pinned or case.commit, state.settings.backend(ask.slot, phase.by)
        waits = elsewhere(ask, backend)
        if _there(repository, case, ask, answers):
            made.answered.append(name)
        elif waits:
            made.waits.append(waits)
        else:
            key = asking.question(case, ask, state.together(ask)).packet.key
            file = file_name(ask.case, ask.phase, ask.slot, pinned).removesuffix(".json")
            made.slots.append(Slot(name, file, ask.case, ask.phase, ask.slot, pinned, backend, key))
    return made


def _there(repository: Repository, case: Case, ask: Ask, answers: Sequence[Answer]) -> Answer | None:
    """The answer of a slot among those that are there."""
    phase, wanted = row(case.workflow, ask.phase), (ask.case, ask.phase, ask.slot, case.pinned or case.commit)
    return next((a for a in answers if a.item.name == wanted and not objection(repository, case, phase, a.item)), None)


# -- one slot


def answer(repository: Repository, tip: str, name: str, listen: Listener, held: Sequence[Answer] = ()) -> Spooled:
    """The answer of an open slot of a commit, from its backend; one that is held, or in the spool, is not asked for again."""
    state = _state(repository, tip)
    case, ask = _named(state, name)
    there = _there(repository, case, ask, held)
    if there:
        return there.item
    asking = _asking(repository, tip, listen)
    question = asking.question(case, ask, state.together(ask))
    waits = elsewhere(ask, question.backend)
    if waits:
        raise WaitingForPeople(waits.why, waits.command)
    spooled = asking.spool.find(ask.case, ask.phase, ask.slot, question.packet.pinned)
    if spooled is not None and spooled.reply.backend == question.backend:
        return spooled
    backends.prepare(state.settings)
    asking.till.budget = share(
        asking.till, repository, tip, ask, [other for _, other in state.asks], state.settings.budget
    )
    with closing(asking.ask([question], state.settings)) as found:
        taken = [item for together in found for item, _ in together]
    if taken:
        return taken[0]
    wait = next(iter([*asking.failed.values(), *asking.waits.values()]))
    raise DecisionsError(wait.why, wait.command)


def _named(state: _State, name: str) -> tuple[Case, Ask]:
    for case, ask in state.asks:
        if name in {slot_id(ask.case, ask.phase, ask.slot), f"{ask.case}:{ask.phase}/{ask.slot}"}:
            return case, ask
    raise DecisionsError(f"{shortened(name)!r} is no open slot of {state.commit[:12]}", "decisions ci plan")


def _asking(repository: Repository, tip: str, listen: Listener) -> Asking:
    till = Drawer(repository.place, lambda case: spent(repository, case, tip))
    return Asking(repository, Spool(repository.place), till, listen, _no_batch)


def _no_batch(case: str, phase: str, batch: str, slots: list[str]) -> None:
    raise DecisionsError(f"{phase} of {case} went out with the batch {batch}, which no commit names", "decisions run")


# -- recording


@dataclass
class Collected:
    """What came of answer files. ``open`` are slots that runners can answer now; ``commit`` is where the branch stands."""

    branch: str
    commit: str = ""
    recorded: list[Event] = field(default_factory=list)
    answers: list[Spooled] = field(default_factory=list)
    left_out: list[Refused] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def goes_on(self) -> bool:
        """Whether another round has something to do: nothing new means that it would fail as this one did."""
        return bool(self.recorded and self.open)


def collect(
    repository: Repository,
    answers: Sequence[Answer],
    branch: str | None,
    listen: Listener,
    remote: str = "",
    to: str = "",
) -> Collected:
    """Record answers and compute what follows from them; on a branch here, or pushed to one of a remote."""
    target = branch or repository.head().branch
    if not remote:
        branch_for_writing(repository, branch)
    elif not target:
        raise DecisionsError("HEAD is detached: name the branch that answers go to", "add --branch <name>")
    check_ready(repository)
    with _patiently(repository.place):
        if remote:
            there = _Target(
                Remote(repository, remote), *(check_branch(repository, name) for name in (target, to or target))
            )
            return _pushed(repository, answers, there, listen)
        recorder = Recorder(repository, branch, answers, listen)
        return _landed(recorder, recorder.carry(), target)


def _landed(recorder: Recorder, outcome: Outcome, branch: str) -> Collected:
    recorder.settle()
    commit = branch_for_writing(recorder.repository, recorder.ledger.branch).oid
    recorded = [event for event in recorder.events if event.kind == "recorded"]
    return Collected(branch, commit, recorded, recorder.taken, recorder.left_out(), recorder.open, outcome)


class _Target(NamedTuple):
    """A branch of a remote to start from, and the one to push."""

    remote: Remote
    branch: str
    to: str


def _pushed(repository: Repository, answers: Sequence[Answer], target: _Target, listen: Listener) -> Collected:
    """Record on top of what the remote has, and push; whoever is overtaken does it again on top of the winner."""
    unreached, made, bench = 0, _Made(), Bench(repository)
    try:
        for attempt in range(_TRIES):
            try:
                done = _attempt(repository, answers, target, made)
            except Moved:
                time.sleep(random.uniform(0, 0.02 * (attempt + 1)))  # noqa: S311
            except GitFailed:  # no connection, or one that was cut
                unreached += 1
                if unreached == _UNREACHED:
                    raise
                time.sleep(random.uniform(0, unreached))  # noqa: S311
            else:
                for event in done.recorded:  # nothing is told of commits that did not land
                    listen(event)
                return done
    finally:
        bench.clear()
    raise DecisionsError(f"{target.to} moves faster than answers can be pushed", "decisions ci collect, once more")


@dataclass
class _Made:
    """What was on its way when the line was cut: that it arrived is seen by looking."""

    commit: str = ""
    recorder: Recorder | None = None
    outcome: Outcome = field(default_factory=Outcome)


def _attempt(repository: Repository, answers: Sequence[Answer], target: _Target, made: _Made) -> Collected:
    base, old = _base(repository, target)
    if made.recorder is None or old != made.commit:
        Bench(repository).begin(base)
        recorder = Recorder(repository, COLLECTING, answers)
        made.outcome, made.recorder = recorder.carry(), recorder
        made.commit = repository.ref(COLLECTING)
        if made.commit not in {base, old}:
            target.remote.push(target.to, made.commit, old)
    return _landed(made.recorder, made.outcome, target.to)


def _base(repository: Repository, target: _Target) -> tuple[str, str]:
    """The commit to build on, and what the remote has where it is pushed to."""
    base = target.remote.fetch(target.branch, Bench.base)
    if not base:
        raise DecisionsError(f"{target.remote.name} has no branch {target.branch}", f"git push {target.remote.name} …")
    if target.to == target.branch:
        return base, base
    old = target.remote.fetch(target.to, Bench.ahead)
    return working_tip(repository, base, old), old


def working_tip(repository: Repository, base: str, ahead: str) -> str:
    """Where work on a branch of its own goes on: at its tip, or at the base where that has everything of it.

    Configuration and prompts are the base's: DecisionsError where the branch has others.
    """
    if not ahead or not repository.git.run("rev-list", "-n1", ahead, f"^{base}"):
        return base
    for path in filter(None, (FILE, repository.settings(base).templates)):
        one, other = (repository.lookup(repository.tree_of(commit), path.rstrip("/")) for commit in (base, ahead))
        if one != other:
            raise DecisionsError(
                f"{path} of the working branch is not that of its base", "merge the base into it first"
            )
    return ahead


@contextmanager
def _patiently(place: Place) -> Iterator[None]:
    """The run lock, waited for: collectors of one clone take turns."""
    deadline = time.monotonic() + _PATIENCE
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(run_lock(place))
                break
            except Busy:
                if time.monotonic() > deadline:
                    raise
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311
        yield
