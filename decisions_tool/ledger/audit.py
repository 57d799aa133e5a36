"""Proof of a history: every transition legal, every computed document recomputed, nothing edited unsaid. It reads, and judges.

Commits are judged one by one against the state of their first parent. The first commit that breaks a rule is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from decisions_tool.documents.base import Document
from decisions_tool.documents.kinds import FILES
from decisions_tool.documents.paths import TASKS, Place, place
from decisions_tool.documents.request import Request
from decisions_tool.errors import DecisionsError, DocumentError, Finding
from decisions_tool.ledger.git import GitFailed
from decisions_tool.ledger.history import Change, Step, is_transition, steps
from decisions_tool.ledger.repository import Repository
from decisions_tool.ledger.trailers import digest
from decisions_tool.rules.panel import choose_panel
from decisions_tool.rules.staleness import grown
from decisions_tool.workflows.case import Case, read_document
from decisions_tool.workflows.facts import roadmap_of
from decisions_tool.workflows.phases import RULE, Phase
from decisions_tool.workflows.planner import Ask, Compute, find_slots, plan, taken_back
from decisions_tool.workflows.planning import PLANNING
from decisions_tool.workflows.writing import coverage_findings, unresolved_findings

_PHASES = {phase.name: phase for phase in PLANNING}
_LATER = {"status", "panel", "panel_reason", "rehearsal", "decision_makers", "undone", "reason"}
_APPROVAL = {"status", "decision_makers"}
_AMEND = re.compile(r"(?i)\Aamend\b|^Decisions-Amend: \S", re.M)


@dataclass
class Report:
    """What an audit found; ``first`` is the first commit that breaks a rule."""

    findings: list[Finding] = field(default_factory=list)
    commits: int = 0
    transitions: int = 0
    first: str = ""

    def add(self, rule: str, severity: str, path: str, message: str, hint: str = "", step: Step | None = None) -> None:
        if step is not None and severity == "error" and not self.first:
            self.first = step.commit
        where = f" in {step.commit[:10]} by {step.author}" if step else ""
        self.findings.append(Finding(f"audit/{rule}", severity, path, 0, 0, message + where, hint))


def audit(repository: Repository, only: str = "") -> Report:
    """Judge the history of HEAD, or that of one case."""
    head = repository.head()
    report = Report()
    if not head.oid:
        raise DecisionsError("there is no history to audit", "git commit --allow-empty -m 'first commit'")
    paths = (f"{TASKS}/{only}",) if only else (TASKS, "decisions.toml")
    auditor = _Auditor(repository, report)
    for step in steps(repository, head.oid, *paths, newest_first=False):
        report.commits += 1
        auditor.judge(step)
    if repository.shallow:
        report.add("shallow", "warning", "", "older history is not here, so its transitions are not judged", "git fetch --unshallow")
    for slug in [only] if only else repository.case_folders(head.oid):
        auditor.judge_state(head.oid, slug)
    return report


class _Auditor:
    def __init__(self, repository: Repository, report: Report) -> None:
        self.repository = repository
        self.report = report

    # -- commits

    def judge(self, step: Step) -> None:
        """One commit against its first parent."""
        if len(step.parents) > 1:
            self._judge_merge(step)
        elif _blocks(step.message) > 1:
            self._judge_people(step)
        elif step.forged:
            self.report.add("forged", "error", "", "its trailers stand twice or outside the last paragraph", _show(step), step)
        elif is_transition(step):
            self.report.transitions += 1
            self._judge_transition(step)
        else:
            self._judge_people(step)

    def _judge_merge(self, step: Step) -> None:
        for change in step.changes:
            if _recorded(self._document(change.path, change.after)):
                self.report.add("merge", "warning", change.path, "a merge combined it by hand", _show(step), step)

    def _judge_transition(self, step: Step) -> None:
        name, slug = step.value("Phase"), step.value("Case")
        outside = [c.path for c in step.changes if not c.path.startswith(f"{TASKS}/{slug}/")]
        if outside and name != "init":
            self.report.add("swept", "error", outside[0], f"a transition of {slug} changed a file outside it", _show(step), step)
            return
        verbs: dict[str, Callable[[Step], None]] = {
            "approve": self._approval, "undo": self._undo, "redo": self._redo, "init": self._init, "request": self._anything,
            "pause": self._status, "resume": self._status, "close": self._status, "fmt": self._anything,
        }  # fmt: skip
        phase = _PHASES.get(name)
        if phase is not None:
            self._phase(step, phase, self._before(step, slug))
        elif name in verbs:
            verbs[name](step)
        else:
            self.report.add("illegal", "error", "", f"there is no phase {name!r}", _show(step), step)

    def _before(self, step: Step, slug: str) -> Case:
        parent = step.parents[0] if step.parents else ""
        try:
            return self.repository.case(parent, slug, self.repository.settings(parent))
        except DecisionsError:
            return Case(slug, {}, self.repository.settings(step.commit), parent)

    def _phase(self, step: Step, phase: Phase, before: Case) -> None:
        slot = step.value("Slot")
        outlook = plan(before)
        due = {(a.phase, a.slot) for a in outlook.actions if isinstance(a, (Ask, Compute))}
        started_by_hand = phase.name == "start" and outlook.phase == "unmanaged"
        if (phase.name, slot) not in due and not started_by_hand:
            self.report.add("illegal", "error", before.folder, f"{phase.name}/{slot} was not due: the case was in {outlook.phase}", _show(step), step)
            return
        if phase.by == RULE:
            self._recompute(step, phase, slot, before)
        else:
            self._answer(step, phase, slot, before)

    def _recompute(self, step: Step, phase: Phase, slot: str, before: Case) -> None:
        if phase.name == "start":
            before = self._pinned(step, before)
        try:
            expected = phase.write(before, slot, None)
        except DecisionsError as error:
            self.report.add("recomputed", "error", before.folder, f"{phase.name} cannot be recomputed: {error.message}", _show(step), step)
            return
        held = {change.path: self._text(change.after) for change in step.changes}
        if held != expected:
            path = next(iter(set(held) | set(expected)))
            self.report.add("recomputed", "error", path, f"{phase.name} does not come out as recorded", _show(step), step)

    def _pinned(self, step: Step, before: Case) -> Case:
        """The case at the commit that its start pinned; after a rebase that is not the parent any more."""
        document = self._document(before.path("request"), step.changes[0].after) if step.changes else None
        pinned = (document.meta.pinned or "") if document else ""
        if pinned != before.commit:
            self.report.add("folded", "warning", before.folder, "the pinned commit is not its parent: history was rewritten", "", step)
        return Case(before.slug, before.files, before.settings, pinned)

    def _answer(self, step: Step, phase: Phase, slot: str, before: Case) -> None:
        own = phase.path(before, slot)
        for change in step.changes:
            document = self._document(change.path, change.after)
            if document is None:
                self.report.add("illegal", "error", change.path, "an answer that cannot be read was recorded", _show(step), step)
            elif change.path == own or (document.meta.phase, document.meta.agent) == (phase.name, slot):
                self._provenance(step, change, document, phase, slot)
            elif not self._explained(change, document, _LATER):
                self.report.add("edited", "error", change.path, f"{phase.name}/{slot} changed more than its part", _show(step), step)

    def _provenance(self, step: Step, change: Change, document: Document, phase: Phase, slot: str) -> None:
        meta = document.meta
        said = (meta.phase, meta.agent, meta.backend or "", meta.model or "", digest(meta.inputs or {}))
        trailers = (phase.name, slot, step.value("Backend"), step.value("Model"), step.value("Inputs"))
        if said != trailers:
            self.report.add("forged", "error", change.path, "its front matter and the trailers of its commit differ", _show(step), step)

    def _explained(self, change: Change, after: Document, keys: set[str]) -> bool:
        """Whether a document only grew: its words as before, its front matter changed in ``keys`` alone."""
        before = self._document(change.path, change.before)
        if before is None:
            return not change.before
        old, new = before.meta.model_dump(), after.meta.model_dump()
        return grown(before, after) and {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)} <= keys

    # -- people's steps

    def _approval(self, step: Step) -> None:
        if step.value("Backend"):
            self.report.add("approval", "error", "", "an approval came from a backend", _show(step), step)
        for change in step.changes:
            self._approved(step, change)

    def _approved(self, step: Step, change: Change) -> None:
        document = self._document(change.path, change.after)
        if document is None or not self._explained(change, document, _APPROVAL):
            self.report.add("approval", "error", change.path, "an approval changed more than status and decision-makers", _show(step), step)
        elif document.meta.decision_makers != [step.author]:
            self.report.add("approval", "error", change.path, f"approved in the name of {document.meta.decision_makers}", _show(step), step)

    def _undo(self, step: Step) -> None:
        try:
            undone = next(steps(self.repository, self.repository.commit_id(step.value("Slot")), TASKS, limit=1), None)
        except (DecisionsError, GitFailed):
            self.report.add("folded", "warning", "", "undoes a commit that is not here", "", step)
            return
        back = {change.path: change.before for change in undone.changes} if undone else {}
        for change in step.changes:
            request = place(change.path)
            if back.get(change.path) != change.after and not (request and request.kind == "request" and self._same_words(change)):
                self.report.add("illegal", "error", change.path, "an undo wrote something else than what was there before", _show(step), step)

    def _redo(self, step: Step) -> None:
        before = self._before(step, step.value("Case"))
        try:
            expected = taken_back(before, find_slots(before, step.value("Slot")))
        except DecisionsError:
            expected = {}
        if {change.path: self._text(change.after) for change in step.changes} != expected:
            self.report.add("recomputed", "error", before.folder, "a redo did more than take an answer back", _show(step), step)

    def _status(self, step: Step) -> None:
        for change in step.changes:
            if not self._same_words(change):
                self.report.add("edited", "error", change.path, "a change of status changed the request's words", _show(step), step)

    def _init(self, step: Step) -> None:
        for change in step.changes:
            if change.path != "decisions.toml":
                self.report.add("illegal", "error", change.path, "init changed a case", _show(step), step)

    def _anything(self, step: Step) -> None:
        """A step that only adds what people wrote."""

    def _same_words(self, change: Change) -> bool:
        before, after = self._document(change.path, change.before), self._document(change.path, change.after)
        return isinstance(before, Request) and isinstance(after, Request) and before.words == after.words

    def _judge_people(self, step: Step) -> None:
        """A commit that does not claim to be the program's."""
        if _AMEND.search(step.message):
            return
        folded = False
        for change in step.changes:
            before, after = self._document(change.path, change.before), self._document(change.path, change.after)
            if _recorded(before):
                assert before is not None
                folded = self._changed_by_hand(step, change, before, after) or folded
            elif _recorded(after):
                assert after is not None
                folded = True
                if after.meta.status == "approved" and after.meta.decision_makers != [step.author]:
                    folded = True
        if folded:
            self.report.add("folded", "warning", step.changes[0].path, "several transitions in one commit; contents are verified", "", step)

    def _changed_by_hand(self, step: Step, change: Change, before: Document, after: Document | None) -> bool:
        """Judge one recorded document that a person's commit changed; True when it looks like folded transitions."""
        hint = "say so in the commit: git commit -m 'amend: why'"
        if after is None:
            what = "a recorded document was made unreadable" if change.after else "a recorded document was removed"
            self.report.add("edited", "error", change.path, what, hint, step)
        elif isinstance(before, Request) and isinstance(after, Request):
            return False
        elif self._explained(change, after, _APPROVAL) and before.meta.status != after.meta.status == "approved":
            self._approved(step, change)
        elif self._explained(change, after, set()):
            return False
        elif self._explained(change, after, _LATER):
            return True
        else:
            self.report.add("edited", "error", change.path, "a recorded document was edited", hint, step)
        return False

    # -- the state at the end

    def judge_state(self, commit: str, slug: str) -> None:
        """What can be recomputed from the last commit alone, whatever became of the history."""
        case = self.repository.case(commit, slug, self.repository.settings(commit))
        if not case.started:
            return
        found = list(case.findings())
        for rule in (coverage_findings, unresolved_findings):
            try:
                found += rule(case)
            except DecisionsError:
                continue
        self.report.findings += found
        self._panel(case)

    def _panel(self, case: Case) -> None:
        try:
            roadmap, request = roadmap_of(case), case.request
        except DecisionsError:
            return
        if roadmap.plan and roadmap.meta.panel:
            panel, _ = choose_panel(roadmap.plan.statements, request.meta.panel if request else None)
            if panel != roadmap.meta.panel:
                self.report.add("recomputed", "error", case.path("roadmap"), f"the panel is {roadmap.meta.panel}, the rule says {panel}")

    # -- reading

    def _text(self, blob: str) -> str | None:
        data = self.repository.blob(blob) if blob else None
        return data.decode("utf-8", "replace") if data is not None else None

    def _document(self, path: str, blob: str) -> Document | None:
        where: Place | None = place(path)
        if where is None or where.kind not in FILES or not blob:
            return None
        data = self.repository.blob(blob)
        try:
            return read_document(where.kind, path, data) if data is not None else None
        except DocumentError:
            return None


def _recorded(document: Document | None) -> bool:
    """Whether the program wrote a document."""
    return document is not None and document.meta.phase is not None


def _blocks(message: str) -> int:
    """Paragraphs that are complete sets of trailers; several of them come from a squash."""
    paragraphs = message.split("\n\n")
    return sum(bool(re.search(r"^Decisions-Case: ", p, re.M) and re.search(r"^Decisions-Phase: ", p, re.M)) for p in paragraphs)


def _show(step: Step) -> str:
    return f"git show {step.commit[:10]}"


def story(repository: Repository, slug: str) -> Iterator[Step]:
    """The transitions and people's commits of a case, oldest first."""
    yield from steps(repository, repository.head().oid, f"{TASKS}/{slug}", newest_first=False)
