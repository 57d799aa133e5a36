"""The loop: read the commit, plan, ask, record one commit, plan again, until only people are waited for."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from shlex import quote
from typing import NamedTuple

from decisions_tool.agents import backends
from decisions_tool.config import Settings
from decisions_tool.engine.asking import Asking, Question, Taken
from decisions_tool.engine.events import Event, Listener
from decisions_tool.engine.known import Known, Seen, answered, apart, asks
from decisions_tool.engine.overview import settled
from decisions_tool.engine.packets import input_blobs
from decisions_tool.engine.spool import Spool, Spooled
from decisions_tool.engine.till import Drawer
from decisions_tool.errors import Busy, DecisionsError, Denied, Edited, Moved
from decisions_tool.failpoints import passing
from decisions_tool.ledger.chain import Chain, Step
from decisions_tool.ledger.costs import spent
from decisions_tool.ledger.files import refuse_closed, typed
from decisions_tool.ledger.locks import run_lock
from decisions_tool.ledger.preflight import branch_for_writing, check_ready
from decisions_tool.ledger.record import COMMIT, Ledger, Turn
from decisions_tool.ledger.repository import Folder, Repository, no_case
from decisions_tool.ledger.trailers import Transition
from decisions_tool.workflows.batching import noted
from decisions_tool.workflows.case import Case, with_changes
from decisions_tool.workflows.phases import RULE, Changes, Phase, Reply
from decisions_tool.workflows.planner import DONE, Ask, Compute, Refuse, Wait, check_names, plan
from decisions_tool.workflows.tables import row

_TRIES = 40
AGAIN = "decisions run"
#: Answers that land at once: each has trees of its own in memory until then.
_AT_ONCE = 64


@dataclass
class Outcome:
    """What a run came to; ``tip`` is the last commit that it planned from, ``later`` whether time alone may bring it on."""

    recorded: int = 0
    waits: list[Wait] = field(default_factory=list)
    refusals: list[Refuse] = field(default_factory=list)
    failed: list[Wait] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    tip: str = ""
    later: bool = False


class Made(NamedTuple):
    """One transition to be recorded; ``left`` are bytes of working files that a person left as answers."""

    changes: Changes
    transition: Transition
    left: dict[str, bytes]

    def step(self, subject: str) -> Step:
        return Step(self.changes, self.transition.message(subject), self.left)


class Engine:
    """Runs the cases of one branch. ``listen`` gets an event for every step; ``known`` is what an earlier engine planned."""

    def __init__(
        self,
        repository: Repository,
        branch: str | None = None,
        listen: Listener | None = None,
        known: Known | None = None,
    ) -> None:
        self.repository = repository
        self.ledger = Ledger(repository, branch)
        self.spool = Spool(repository.place)
        self.listen: Listener = listen or (lambda event: None)
        self.till = Drawer(repository.place, lambda case: spent(repository, case))
        self.asking = Asking(repository, self.spool, self.till, self.listen, self._note_batch)
        self.known = known or Known()
        self._blocked: dict[tuple[str, str, str], Wait] = {}
        self._changed: dict[str, list[str]] = {}
        self._checked: Settings | None = None
        self._read: dict[tuple[str, str], Case] = {}
        self._follows = True

    def run(self, only: Sequence[str] = (), phases: Sequence[str] = ()) -> Outcome:
        """Carry every managed case, or those named, as far as it goes without people; with ``phases``, in these alone."""
        branch_for_writing(self.repository, self.ledger.branch)
        check_ready(self.repository)
        with run_lock(self.repository.place):
            return self.carry(only, phases)

    def carry(self, only: Sequence[str] = (), phases: Sequence[str] = ()) -> Outcome:
        """As ``run``, for a caller that holds the run lock and has made sure that commits can be made."""
        outcome = Outcome()
        self._follows = not phases
        self.ledger.sweep()
        if self.ledger.branch is None and self.ledger.mend():
            self.listen(Event("mended", "", "", text="an interrupted commit was completed"))
        self._sweep()
        while self._round(only, phases, outcome):
            pass
        return outcome

    # -- one round

    def _round(self, only: Sequence[str], phases: Sequence[str], outcome: Outcome) -> bool:
        """Do everything that the current commit calls for; False when nothing could be done."""
        self._blocked, self._changed, self.asking.waits = {}, {}, {}
        outcome.tip = branch_for_writing(self.repository, self.ledger.branch).oid
        settings, cases = self.read(only)
        if settings is not self._checked:
            check_names(settings)
            self._checked = settings
        cases = [seen.narrowed(phases) for seen in cases] if phases else cases
        actions = [action for seen in cases for action in seen.outlook.actions]
        if not outcome.recorded and any(isinstance(action, (Ask, Compute)) for action in actions):
            self._prepare(settings)
        computed = [self._compute(action) for action in actions if isinstance(action, Compute)]
        progressed = self._answer_all(asks(cases), settings) or any(computed)
        outcome.recorded += progressed
        if progressed:
            return True
        waits = [action for action in actions if isinstance(action, Wait)]
        outcome.waits = [*waits, *self._blocked.values(), *self.asking.waits.values()]
        outcome.later = bool(self._blocked) or any(wait.command == AGAIN for wait in self.asking.waits.values())
        outcome.failed = list(self.asking.failed.values())
        outcome.refusals = [action for action in actions if isinstance(action, Refuse)]
        outcome.finished = [seen.slug for seen in cases if seen.outlook.phase == DONE]
        return False

    def read(self, only: Sequence[str]) -> tuple[Settings, list[Seen]]:
        """The settings and the open cases of the branch as it stands."""
        head = branch_for_writing(self.repository, self.ledger.branch)
        settings = self.repository.settings(head.oid)
        folders = self.repository.cases(head.oid)
        for slug in only:
            if slug not in folders:
                raise no_case(slug, folders)
        self.known.begin(settings, self._over)
        found = ((slug, f) for slug, f in folders.items() if not only or slug in only)
        cases = [self._seen(head.oid, slug, settings, f) for slug, f in found if not self.known.over(slug, f.state)]
        self._read = {(head.oid, seen.slug): seen.case for seen in cases if seen.case is not None}
        return settings, cases

    def _case(self, commit: str, slug: str) -> Case:
        """A case as a commit holds it; the one that this round has read, where the branch has not moved since."""
        held = self._read.get((commit, slug))
        return held or self.repository.case(commit, slug, self.repository.settings(commit))

    def _over(self) -> dict[str, str]:
        return settled(self.repository.place.root) if self.ledger.branch is None else {}

    def _seen(self, commit: str, slug: str, settings: Settings, folder: Folder) -> Seen:
        outlook = self.known.get(slug, folder.state)
        if outlook is not None and not any(isinstance(action, (Ask, Compute)) for action in outlook.actions):
            return Seen(slug, outlook, None)
        case = self.repository.case(commit, slug, settings, folder)
        return Seen(slug, outlook or self.known.put(slug, folder.state, plan(case)), case)

    # -- asking

    def _prepare(self, settings: Settings) -> None:
        backends.prepare(settings)

    def _answer_all(self, due: list[tuple[Case, Ask]], settings: Settings) -> int:
        """Get and record every answer that is to be had; how many were recorded."""
        self.till.budget = settings.budget
        due = [(case, ask) for case, ask in apart(due) if not self._edited(case, ask)]
        counts = Counter((ask.case, ask.phase) for _, ask in due)
        for folder in {case.folder for case, _ in due} if self.ledger.branch is None else ():
            refuse_closed(self.repository.place.root / folder)
        ready: list[Spooled] = []
        questions: list[Question] = []
        for case, ask in due:
            question = self.asking.question(case, ask, counts[ask.case, ask.phase])
            held = self.spool.find(ask.case, ask.phase, ask.slot, question.packet.pinned)
            if held is not None and held.reply.backend == question.backend:
                ready.append(held)
            elif question.packet.key not in self.asking.failed:
                questions.append(question)
        recorded = self._record_all([(item, {}) for item in ready])
        with closing(self.asking.ask(questions, settings)) as answers:
            for there in answers:
                recorded += self._record_all(there)
        return recorded

    def _edited(self, case: Case, ask: Ask) -> bool:
        """Whether a person has uncommitted work in the document that the answer would change."""
        phase = row(case.workflow, ask.phase)
        if self.ledger.branch is not None or phase.path(case, ask.slot):
            return False
        path = case.path(phase.writes)
        if path not in self._dirty(case):
            return False
        self._block(ask, f"{path} has uncommitted changes", typed(self.repository.place.root, COMMIT, path))
        return True

    def _dirty(self, case: Case) -> list[str]:
        if case.slug not in self._changed:
            self._changed[case.slug] = self.repository.uncommitted((case.folder,))
        return self._changed[case.slug]

    def _block(self, ask: Ask | Spooled, why: str, command: str) -> None:
        self._blocked[(ask.case, ask.phase, ask.slot)] = Wait(ask.case, ask.phase, "a person", why, command)

    # -- recording

    def _record_all(self, taken: list[Taken]) -> int:
        return sum(self._record_there(taken[at : at + _AT_ONCE]) for at in range(0, len(taken), _AT_ONCE))

    def _record_there(self, taken: list[Taken]) -> int:
        """Record answers that are there together and what rules make of them, a commit each, landed at once; else one by one."""
        try:
            done = self.commit_all(lambda turn: self._chained(turn, taken), follows=self._follows)
        except Busy:
            raise
        except DecisionsError:
            return sum(self._record_spooled(item, left) for item, left in taken)  # each told with its own name and hint
        for item, _ in taken:
            self._forget(item)
        return done

    def _chained(self, turn: Turn, taken: list[Taken]) -> list[Made]:
        """What each answer makes of its case, after those before it."""
        cases: dict[str, Case] = {}
        made = []
        for item, left in taken:
            slug = item.case
            held = cases.get(slug) or self._case(turn.tip, slug)
            found = self._built(held, item.phase, item.slot, item.reply)
            if found is not None:
                made.append(Made(*found, left))
                held = with_changes(held, found[0])
            cases[slug] = held
        return made

    def _record_spooled(self, item: Spooled, left: dict[str, bytes] | None = None) -> int:
        """Record an answer; one that does not fit stays where it is until somebody mends it or says redo."""
        try:
            done = self.record(item.case, item.phase, item.slot, item.reply, left)
        except Edited as error:
            self._block(item, error.message, error.hint)
            return 0
        except (Busy, Denied):
            raise
        except DecisionsError as error:
            command = f"decisions redo {quote(item.case)} {item.phase}/{item.slot}"
            self._block(
                item, f"the answer of {item.slot} does not fit: {error.message}", error.hint if left else command
            )
            return 0
        self._forget(item)
        return int(done)

    def _forget(self, item: Spooled) -> None:
        """The answer is recorded, or no longer wanted: what was paid for it is in the history as far as it can be."""
        name = (item.case, item.phase, item.slot, item.pinned)
        self.till.recorded(name)
        passing("before-drop")
        self.spool.drop(*name)

    def _compute(self, action: Compute) -> bool:
        try:
            return self.record(action.case, action.phase, action.slot, None)
        except Edited as error:
            self._blocked[(action.case, action.phase, action.slot)] = Wait(
                action.case, action.phase, "a person", error.message, error.hint
            )
            return False

    def record(
        self, case: str, phase: str, slot: str, reply: Reply | None, left: dict[str, bytes] | None = None
    ) -> bool:
        """One transition, if the case still calls for it; False when it does not any more."""

        return self.transact(case, lambda turn, held: self._built(held, phase, slot, reply), left)

    def _built(self, held: Case, phase: str, slot: str, reply: Reply | None) -> tuple[Changes, Transition] | None:
        """What a transition changes, and what it says of itself; None where the case does not call for it."""
        due = (a for a in plan(held).actions if isinstance(a, (Ask, Compute)))
        if not any((action.phase, action.slot) == (phase, slot) for action in due):
            return None
        found = row(held.workflow, phase)
        changes = found.write(held, slot, reply)
        return changes, self._transition(found, held, slot, reply, changes)

    @staticmethod
    def _transition(phase: Phase, case: Case, slot: str, reply: Reply | None, changes: Changes) -> Transition:
        after = with_changes(case, changes)
        if reply is None:
            return Transition(
                case.slug, phase.name, slot, phase.headline(after, slot), RULE, inputs=input_blobs(case, phase, slot)
            )
        return Transition(
            case.slug, phase.name, slot, phase.headline(after, slot), reply.backend, reply.model or "", reply.usage.get("cost-usd", ""),
            reply.inputs, usage=reply.usage,
        )  # fmt: skip

    def _note_batch(self, case: str, phase: str, batch: str, slots: list[str]) -> None:
        """Commit the id of a batch, so that any clone can collect it."""

        def build(turn: Turn, held: Case) -> tuple[Changes, Transition]:
            what = f"{phase} asked of {', '.join(slots)} in batch {batch}"
            return noted(held, phase, batch, slots), Transition(case, "batch", batch, what, "batches")

        passing("before-note")
        self.transact(case, build)
        passing("after-note")

    def transact(
        self,
        slug: str,
        build: Callable[[Turn, Case], tuple[Changes, Transition] | None],
        left: dict[str, bytes] | None = None,
    ) -> bool:
        """Make one commit from a case as it is now."""

        def from_case(turn: Turn) -> tuple[Changes, Transition] | None:
            return build(turn, self._case(turn.tip, slug))

        return self.commit(from_case, left)

    def commit(
        self, build: Callable[[Turn], tuple[Changes, Transition] | None], left: dict[str, bytes] | None = None
    ) -> bool:
        """Make one commit from what ``build`` says of the tip. False when it says None."""

        def one(turn: Turn) -> list[Made]:
            made = build(turn)
            return [Made(*made, left or {})] if made else []

        return self.commit_all(one) > 0

    def commit_all(self, build: Callable[[Turn], list[Made]], follows: bool = False) -> int:
        """Make a commit of everything that ``build`` says of the tip, all or none; tried again while the branch moves. How many.

        With ``follows``, what rules write next in the case lands with it.
        """
        for attempt in range(_TRIES):
            try:
                with self.ledger.turn() as turn:
                    made = build(turn)
                    if not made:
                        return 0
                    subject = self.repository.settings(turn.tip).subject
                    passing("before-commit")
                    chain = Chain(self.repository, turn.tip)
                    for one in made:
                        chain.add(one.step(subject))
                    if follows:
                        made += self._following(chain, {one.transition.case for one in made}, subject)
                    commits = turn.commit_chain(chain)
            except Moved:
                time.sleep(random.uniform(0, 0.01 * (attempt + 1)))  # noqa: S311
                continue
            passing("after-commit")
            for (_, did, _), commit in zip(made, commits, strict=True):
                self.listen(Event("recorded", did.case, did.phase, did.slot, did.what, commit))
            return len(made)
        raise DecisionsError("the branch moves faster than a commit can be made", "decisions run")

    def _following(self, chain: Chain, cases: set[str], subject: str) -> list[Made]:
        """What rules write after the commits of a chain, added to it; the next round tells why one cannot.

        Of several cases each waits for its own round: two records would take one number.
        """
        found: list[Made] = []
        with chain.readable(), suppress(DecisionsError):
            while chain.head and len(cases) == 1:
                (slug,) = cases
                case = self.repository.case(chain.head, slug, self.repository.settings(chain.head))
                due = plan(case).actions
                computed = [action for action in due if isinstance(action, Compute)]
                if not computed or len(computed) < len(due):
                    break
                built = self._built(case, computed[0].phase, computed[0].slot, None)
                assert built is not None
                made = Made(*built, {})
                chain.add(made.step(subject))
                found.append(made)
        return found

    def _sweep(self) -> None:
        """Drop spooled answers that the branch already holds."""
        tip = branch_for_writing(self.repository, self.ledger.branch).oid
        settings, folders = self.repository.settings(tip), self.repository.cases(tip)
        for item in self.spool.waiting():
            if item.case in folders:
                case = self.repository.case(tip, item.case, settings, folders[item.case])
                if case.pinned == item.pinned and answered(case, item.phase, item.slot):
                    self._forget(item)
