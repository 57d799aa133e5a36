"""Are the commits that say they are the program's what the program makes? Each is held to its phase or verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial

from decisions_tool.config import FILE
from decisions_tool.documents.batch import Batch
from decisions_tool.documents.paths import owner, place
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.adopting import NOBODY, PHASE, only_adopted
from decisions_tool.ledger.compare import (
    APPROVAL,
    COMPLETED,
    LATER,
    Version,
    answers,
    changed_keys,
    explained,
    newly_approved,
    same_words,
    speakers,
)
from decisions_tool.ledger.evidence import Earlier, Evidence, Report
from decisions_tool.ledger.history import Change, Step, steps, undoable
from decisions_tool.ledger.numbers import number_of, used
from decisions_tool.ledger.renumbered import not_renumbered
from decisions_tool.ledger.repository import REGULAR
from decisions_tool.ledger.trailers import digest
from decisions_tool.workflows.acts import ACTS, Act
from decisions_tool.workflows.batching import noted
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.phases import RULE, Phase
from decisions_tool.workflows.planner import Ask, Compute, find_slots, plan, taken_back
from decisions_tool.workflows.tables import NAMES, table

_PHASES = {workflow: {phase.name: phase for phase in table(workflow)} for workflow in NAMES}


def _number(path: str) -> int:
    """The number that a record takes; what follows one has no number of its own."""
    where = place(path)
    return where.number or 0 if where and where.kind == "record" else 0


class Transitions:
    """Judges transitions one by one, in the order of history."""

    def __init__(self, evidence: Evidence, report: Report, earlier: Earlier) -> None:
        self.evidence = evidence
        self.report = report
        self._seen = earlier
        self._highest = self._latest = 0  # record numbers up to the commit before this one, and of this one
        self._verbs: dict[str, Callable[[Step], None]] = {
            "approve": self._approval, "undo": self._undo, "redo": self._redo, "init": self._init,
            "request": self._request, "pause": self._status, "resume": self._status, "close": self._status,
            "decide": self._decision, "batch": self._batch, "renumber": self._renumber, PHASE: self._adoption,
            **{name: partial(self._act, act) for name, act in ACTS.items()},
        }  # fmt: skip

    def saw(self, step: Step) -> None:
        """Remember a commit: an undo may name those only, and a record takes a number that none of them has."""
        self._seen.add(step.commit)
        self._highest = max(self._highest, self._latest)
        self._latest = max((number_of(change.path) for change in step.changes), default=0)

    def judge(self, step: Step) -> None:
        name, slug = step.value("Phase"), step.value("Case")
        before = self._before(step)
        phases = _PHASES[before.workflow]
        own: Phase | Act | None = phases.get(name) or ACTS.get(name)
        outside = [c.path for c in step.changes if not self._inside(before, own, c.path)]
        odd = [c.path for c in step.changes if c.after and c.mode not in REGULAR]
        undone = name == "undo" and step.value("Slot") in self._seen  # it is held to what that commit changed
        free = name in {"init", "redo", "renumber", PHASE} or undone  # held to every path that they may change
        if outside and not free:
            self.report.wrong("swept", step, outside[0], f"a transition of {slug} changed a file outside it")
        elif odd:
            self.report.wrong("illegal", step, odd[0], "a transition wrote something else than a regular file")
        elif name in phases:
            self._phase(step, phases[name], before)
        elif name in self._verbs:
            self._verbs[name](step)
        else:
            self.report.wrong("illegal", step, "", f"there is no phase {name!r}")

    @staticmethod
    def _inside(case: Case, own: Phase | Act | None, path: str) -> bool:
        """Whether a transition of a case may change a file: its own, what the row says, the record that it came to."""
        recorded = getattr(case.opening.meta, "record", None) if case.opening else None
        return path.startswith(f"{case.folder}/") or path == recorded or (own is not None and own.beyond(case, path))

    def _before(self, step: Step) -> Case:
        """The case before a step; the first step of one shows by its files which workflow it is."""
        slug = step.value("Case")
        found = self.evidence.case(step.parents[0] if step.parents else "", slug)
        if found.files:
            return found
        workflow = next((w for w, c in (owner(change.path) for change in step.changes) if c == slug), found.workflow)
        return replace(found, workflow=workflow, _places={})

    # -- phases

    def _phase(self, step: Step, phase: Phase, before: Case) -> None:
        slot = step.value("Slot")
        outlook = plan(before)
        due = {(a.phase, a.slot) for a in outlook.actions if isinstance(a, (Ask, Compute))}
        if phase.name == "start" and outlook.phase == "unmanaged":
            due.add(("start", before.opens))
        if (phase.name, slot) not in due:
            said = f"{phase.name}/{slot} was not due: the case was in {outlook.phase}"
            self.report.wrong("illegal", step, before.folder, said)
        elif phase.by == RULE:
            self._recompute(step, phase, slot, before)
        elif phase.judge is not None:
            why = phase.judge(before, self._texts(step))
            if why:
                self.report.wrong("recomputed", step, before.folder, why)
        else:
            self._answer(step, phase, slot, before)

    def _recompute(self, step: Step, phase: Phase, slot: str, before: Case) -> None:
        if phase.name == "start":
            before = self._pinned(step, before)
        before = self._as_recorded(step, before)
        try:
            expected = phase.write(before, slot, None)
        except DecisionsError as error:
            self.report.wrong("recomputed", step, before.folder, f"{phase.name} cannot be recomputed: {error.message}")
            return
        held = self._texts(step)
        if held != expected:
            path = next(path for path in (*held, *expected) if held.get(path, "") != expected.get(path, ""))
            self.report.wrong("recomputed", step, path, f"{phase.name} does not come out as recorded")

    def _as_recorded(self, step: Step, before: Case) -> Case:
        """The case with the number and date that a record took, which no input says; a number is used once."""
        made = next(((c, n) for c in step.changes if (n := _number(c.path)) and not c.before), None)
        if made is None:
            return before
        change, number = made
        if self._taken(step, number):
            self.report.wrong("number", step, change.path, f"the number {number} was used before")
        document = self.evidence.version(change.path, change.after)
        day = str(getattr(document.meta, "date", "")) if document else ""
        if day and abs((date.fromisoformat(day) - date.fromisoformat(step.date[:10])).days) > 1:
            self.report.add("date", "warning", change.path, f"it is dated {day}, its commit {step.date[:10]}", "", step)
        return replace(before, outside=before.outside._replace(number=lambda: number, day=day), _places={})

    def _taken(self, step: Step, number: int) -> bool:
        """Whether a commit that the step is built on has used a number; what another branch did meanwhile is not its fault."""
        if not step.parents or number > max(self._highest, self._seen.highest):
            return False
        return number <= max(used(self.evidence.repository.git, tips=step.parents[:1]), default=0)

    def _pinned(self, step: Step, before: Case) -> Case:
        """The case at the commit that its start pinned; after a rebase that is not the parent any more."""
        path = before.path(before.opens)
        document = next((self.evidence.version(path, c.after) for c in step.changes if c.path == path), None)
        pinned = (document.meta.pinned or "") if document else ""
        if pinned != before.commit:
            said = "the pinned commit is not its parent: history was rewritten"
            self.report.add("folded", "warning", before.folder, said, "", step)
        return replace(before, commit=pinned, _places={})

    def _answer(self, step: Step, phase: Phase, slot: str, before: Case) -> None:
        own = phase.path(before, slot)
        strange = [c.path for c in step.changes if (c.path != own if own else not c.before)]
        if strange:
            self.report.wrong("swept", step, strange[0], f"{phase.name}/{slot} does not write this file")
            return
        for change in step.changes:
            was, document = self.evidence.versions(change)
            if document is None:
                self.report.wrong("illegal", step, change.path, "an answer that cannot be read was recorded")
            elif newly_approved(was, document):
                self.report.wrong("approval", step, change.path, f"{phase.name}/{slot} approved a document")
            elif change.path == own or (document.meta.phase, document.meta.agent) == (phase.name, slot):
                self._provenance(step, change, document, before)
            elif not explained(was, document, COMPLETED):
                self.report.wrong("edited", step, change.path, f"{phase.name}/{slot} changed more than its part")
        self._own_part(step, phase, slot, before)

    def _provenance(self, step: Step, change: Change, document: Version, before: Case) -> None:
        meta = document.meta
        inputs, cost = digest(meta.inputs or {}), (meta.usage or {}).get("cost-usd", "")
        said = (meta.case, meta.phase, meta.agent, meta.backend or "", meta.model or "", inputs, cost)
        names = ("Case", "Phase", "Slot", "Backend", "Model", "Inputs", "Cost-USD")
        if said != tuple(step.value(name) for name in names):
            self.report.wrong("forged", step, change.path, "its front matter and the trailers of its commit differ")
        elif meta.backend == "offline" and not meta.rehearsal:
            self.report.wrong("forged", step, change.path, "an offline answer does not say that it is a rehearsal")
        elif before.pinned and meta.pinned != before.pinned:
            self.report.wrong("forged", step, change.path, "it does not name the pinned commit of its case")

    def _own_part(self, step: Step, phase: Phase, slot: str, before: Case) -> None:
        """An answer settles its own slot and no other that was open."""
        done, _ = answers(self.evidence.case(step.commit, before.slug))
        _, left = answers(before)
        if (phase.name, slot) not in done:
            self.report.wrong("illegal", step, before.folder, f"{phase.name}/{slot} is not answered by it")
        more = sorted((left & done) - {(phase.name, slot)})
        if more:
            said = f"{phase.name}/{slot} settled {'/'.join(more[0])} too"
            self.report.wrong("edited", step, before.folder, said)

    # -- people's verbs

    def _act(self, act: Act, step: Step) -> None:
        """What people say after a decision is written again from its own words."""
        before, texts = self._before(step), self._texts(step)
        try:
            expected = act.again(before, step.value("Slot"), step.value("Reason"), texts)
            by = act.by(texts)
        except (DecisionsError, ValueError) as error:  # a value that no document takes
            said = error.message if isinstance(error, DecisionsError) else "it holds what no document takes"
            self.report.wrong("illegal", step, before.folder, f"{step.value('Phase')} was not possible: {said}")
            return
        if texts != expected:
            path = next(p for p in (*texts, *expected) if texts.get(p, "") != expected.get(p, ""))
            self.report.wrong("recomputed", step, path, f"{step.value('Phase')} does not come out as recorded")
        elif step.value("Backend") or (by and {by} != speakers(step.author, "")):
            self.report.wrong(
                "approval", step, before.folder, f"{step.value('Phase')} in the name of {by or 'a backend'}"
            )
        elif (seen := self._seen_at(step, before)) and seen not in step.parents:
            said = "the commit that agents see is not its parent: history was rewritten"
            self.report.add("folded", "warning", before.folder, said, "", step)

    def _seen_at(self, step: Step, before: Case) -> str:
        """The commit that an act has agents see from now on."""
        path = before.path(before.opens)
        document = next((self.evidence.version(path, c.after) for c in step.changes if c.path == path), None)
        return getattr(document.meta, "seen", None) or "" if document else ""

    def _approval(self, step: Step) -> None:
        if step.value("Backend"):
            self.report.wrong("approval", step, "", "an approval came from a backend")
        for change in step.changes:
            before, after = self.evidence.versions(change)
            if after is None or not explained(before, after, APPROVAL):
                said = "an approval changed more than status and decision-makers"
                self.report.wrong("approval", step, change.path, said)
            elif not after.meta.approved or set(after.meta.decision_makers or ()) != speakers(step.author, ""):
                said = f"approved in the name of {', '.join(after.meta.decision_makers or ('nobody',))}"
                self.report.wrong("approval", step, change.path, said)

    def _adoption(self, step: Step) -> None:
        """Front matter above documents that had none, and nothing else."""
        for change in step.changes:
            if not only_adopted(change.path, self.evidence.text(change.before), self.evidence.text(change.after)):
                self.report.wrong("edited", step, change.path, "an adoption did more than add front matter")

    def _adoption_in(self, step: Step) -> Step | None:
        """The adoption that an undo names."""
        named = step.value("Slot")
        if step.value("Phase") != "undo" or step.value("Case") != NOBODY or named not in self._seen:
            return None
        found = next(steps(self.evidence.repository, named, limit=1), None)
        return found if found and found.value("Phase") == PHASE else None

    def _unadoption(self, step: Step, undone: Step) -> None:
        """All of an adoption taken back, from documents that nobody has touched since."""
        back = {(change.path, change.after, change.before) for change in undone.changes}
        path = next((c.path for c in step.changes if (c.path, c.before, c.after) not in back), "")
        if path or len(step.changes) != len(back):
            said = "an undo wrote something else than what was there before the adoption"
            self.report.wrong("illegal", step, path, said)

    def _undo(self, step: Step) -> None:
        before, named = self._before(step), step.value("Slot")
        adoption = self._adoption_in(step)
        if adoption:
            self._unadoption(step, adoption)
        elif named in self._seen:
            last = undoable(self.evidence.repository, step.parents[0], before.slug, self._seen)
            self._reversal(step, before, last if last and last.commit == named else None)
        elif self.evidence.repository.shallow or self._moved(step, before):
            self.report.add("folded", "warning", before.folder, "undoes a commit that is not here", "", step)
        else:
            said = "undoes a commit that is not here, and what it writes was not there before"
            self.report.wrong("illegal", step, before.folder, said)

    def _reversal(self, step: Step, before: Case, undone: Step | None) -> None:
        """An undo takes back the last transition and nothing else."""
        if undone is None:
            said = "an undo took back something else than the last transition"
            self.report.wrong("illegal", step, before.folder, said)
            return
        path = self._unlike(step, before, undone)
        if path:
            self.report.wrong("illegal", step, path, "an undo wrote something else than what was there before")

    def _unlike(self, step: Step, before: Case, undone: Step) -> str:
        """The first path at which a step does not write what was there before another one."""
        opening = before.path(before.opens)
        back = {change.path: change.before for change in undone.changes}
        now = {change.path: change.after for change in step.changes}
        remembers = next((c for c in step.changes if c.path == opening and back.get(opening) != c.after), None)
        if remembers is not None and self._only_remembers(remembers, back.get(opening, remembers.before)):
            back.pop(opening, None)
            now.pop(opening)
        return next((path for path in (*now, *back) if back.get(path) != now.get(path)), "")

    def _only_remembers(self, change: Change, was: str) -> bool:
        """Whether an opening is what it was, but for the memory of what was undone."""
        return self._keeps_words(change._replace(before=was), {"undone"})

    def _moved(self, step: Step, before: Case) -> bool:
        """Whether an undo that was moved from elsewhere still does what it says.

        It reverses the last transition that is here; after folded ones, which are not, it at least adds no word.
        """
        last = undoable(self.evidence.repository, step.parents[0], before.slug, self._seen) if step.parents else None
        if last is not None and not self._unlike(step, before, last):
            return True
        told = [f.path for f in self.report.findings if f.rule == "audit/folded"]
        return any(path.startswith(before.folder) for path in told) and all(map(self._shrinks, step.changes))

    def _shrinks(self, change: Change) -> bool:
        """Whether a change takes away what a later phase may add."""
        before, after = self.evidence.versions(change)
        if before is None or after is None:
            return not change.after
        return self._keeps_words(change, {"undone"}) or explained(after, before, LATER)

    def _redo(self, step: Step) -> None:
        before = self._before(step)
        try:
            expected = taken_back(before, find_slots(before, step.value("Slot")))
        except DecisionsError:
            expected = {}
        if self._texts(step) != expected:
            self.report.wrong("recomputed", step, before.folder, "a redo did more than take an answer back")

    def _status(self, step: Step) -> None:
        for change in step.changes:
            if not self._keeps_words(change, {"status", "reason"}):
                said = "a change of status changed more than the status of a request"
                self.report.wrong("edited", step, change.path, said)

    def _decision(self, step: Step) -> None:
        """A person's word on a question: in the name of whoever made the commit."""
        for change in step.changes:
            after = self.evidence.version(change.path, change.after)
            by = str(getattr(after.meta, "by", "")) if after else ""
            if not self._keeps_words(change, {"decided", "by", "reason"}):
                self.report.wrong("edited", step, change.path, "a decision changed more than what was decided")
            elif step.value("Backend") or {by} != speakers(step.author, ""):
                self.report.wrong("approval", step, change.path, f"decided in the name of {by or 'nobody'}")

    def _init(self, step: Step) -> None:
        for change in step.changes:
            if change.path != FILE:
                self.report.wrong("illegal", step, change.path, "init changed more than the configuration")

    def _request(self, step: Step) -> None:
        expected = self._before(step).path(self._before(step).opens)
        for change in step.changes:
            after = self.evidence.version(change.path, change.after)
            if change.path != expected or change.before or not change.after:
                self.report.wrong("illegal", step, change.path, "a request does more than appear")
            elif newly_approved(None, after):
                self.report.wrong("approval", step, change.path, "a request came with a decision")

    def _batch(self, step: Step) -> None:
        """A batch that was handed in: one more row, in the name of the commit."""
        before = self._before(step)
        texts = self._texts(step)
        made = self.evidence.case(step.commit, before.slug).find(Batch)
        last = made.sent[-1] if made else None
        if (
            last is None
            or last.batch != step.value("Slot")
            or texts != noted(before, last.phase, last.batch, last.slots)
        ):
            self.report.wrong("illegal", step, before.folder, "a batch changed more than the list of batches")

    def _renumber(self, step: Step) -> None:
        path, why = not_renumbered(self.evidence, step)
        if why:
            self.report.wrong("illegal", step, path, why)
        number = max(
            (number_of(change.path) for change in step.changes if change.after and not change.before), default=0
        )
        if number and self._taken(step, number):
            self.report.wrong("number", step, path, f"the number {number} was used before")

    def _keeps_words(self, change: Change, keys: set[str]) -> bool:
        before, after = self.evidence.versions(change)
        if before is None or after is None:
            return False
        return same_words(before, after) and changed_keys(before, after) <= keys

    def _texts(self, step: Step) -> dict[str, str | None]:
        return {change.path: self.evidence.text(change.after) for change in step.changes}
