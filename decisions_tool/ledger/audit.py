"""Proof of a history: every transition legal, every computed document recomputed, nothing edited unsaid.

Commits are judged one by one against the state of their first parent. The first commit that breaks a rule is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from shlex import quote

from decisions_tool.config import FILE
from decisions_tool.documents.paths import RECORDS, TASKS, owner, place
from decisions_tool.documents.request import Request
from decisions_tool.errors import DecisionsError, DocumentError
from decisions_tool.ledger.compare import squashed
from decisions_tool.ledger.evidence import Earlier, Evidence, Report
from decisions_tool.ledger.history import Step, bounds, folders, is_transition, steps
from decisions_tool.ledger.merges import Merges
from decisions_tool.ledger.people import People
from decisions_tool.ledger.repository import Repository
from decisions_tool.ledger.transitions import Transitions
from decisions_tool.rules.panel import choose_panel
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.facts import roadmap_of
from decisions_tool.workflows.writing import coverage_findings, unresolved_findings


def audit(repository: Repository, only: str = "", tell: Callable[[int, int], None] = lambda done, of: None) -> Report:
    """Judge the history of HEAD, or that of one case; ``tell`` hears how many commits are judged, and 0."""
    head = repository.head()
    report = Report()
    if not head.oid:
        raise DecisionsError("there is no history to audit", "git commit --allow-empty -m 'first commit'")
    paths = folders(repository, head.oid, only) if only else (TASKS, RECORDS, FILE)
    auditor = Auditor(repository, report)
    for step in steps(repository, head.oid, *paths, newest_first=False, whole=True):
        report.commits += 1
        tell(report.commits, 0)
        auditor.judge(step)
    if repository.shallow:
        said = "older history is not here, so its transitions are not judged"
        report.add("shallow", "warning", "", said, "git fetch --unshallow")
    if not only:
        auditor.judge_numbers(head.oid)
    held = repository.cases(head.oid)
    for slug in [only] if only else held:
        if slug in held or not report.commits:  # the commits of one that is gone have said how
            auditor.judge_state(head.oid, slug)
    return report


def audit_range(repository: Repository, tip: str, known: Sequence[str]) -> Report:
    """Judge the commits of ``tip`` that ``known`` have not, and the cases that they touch. It costs what the range costs."""
    report = Report()
    beyond = tuple(f"^{commit}" for commit in known)
    auditor = Auditor(repository, report, Earlier(repository, bounds(repository, tip, beyond)))
    touched: set[str] = set()
    for step in steps(repository, tip, TASKS, RECORDS, FILE, newest_first=False, whole=True, beyond=beyond):
        report.commits += 1
        auditor.judge(step)
        touched |= {slug for change in step.changes if (slug := owner(change.path)[1])}
    for slug in sorted(touched & repository.cases(tip).keys()):
        auditor.judge_state(tip, slug)
    return report


class Auditor:
    """Judges commits in the order of history, then the state that they came to."""

    def __init__(self, repository: Repository, report: Report, earlier: Earlier | None = None) -> None:
        self.repository = repository
        self.report = report
        self.evidence = Evidence(repository)
        self.transitions = Transitions(self.evidence, report, earlier or Earlier(repository))
        self.people = People(self.evidence, report)
        self.merges = Merges(self.evidence, report, self.people)

    def judge(self, step: Step) -> None:
        """One commit against its first parent."""
        self.transitions.saw(step)
        if step.commit in self.repository.boundary:
            return
        if len(step.parents) > 1:
            self.merges.judge(step)
        elif squashed(step.message):
            self.people.commit(step)
        elif step.forged:
            self.report.wrong("forged", step, "", "its trailers stand twice or outside the last paragraph")
        elif is_transition(step):
            self.report.transitions += 1
            self.transitions.judge(step)
        else:
            self.people.commit(step)

    # -- the state at the end

    def judge_numbers(self, commit: str) -> None:
        """No two records have one number, however they came together."""
        folder = self.repository.lookup(self.repository.tree_of(commit), RECORDS)
        entries = self.repository.entries(folder.oid) if folder and folder.mode == "40000" else ()
        held: dict[int, str] = {}
        for path in (f"{RECORDS}/{entry.name}" for entry in entries):
            where = place(path)
            other = held.setdefault(where.number, path) if where and where.number and where.kind == "record" else path
            if other != path:
                said = f"has the number of {other}"
                self.report.add("number", "error", path, said, f"decisions renumber {quote(path)}")

    def judge_state(self, commit: str, slug: str) -> None:
        """What can be recomputed from the last commit alone, whatever became of the history."""
        try:
            case = self.repository.case(commit, slug, self.repository.settings(commit))
        except DocumentError as error:
            self.report.findings += [finding for finding in error.findings if finding not in self.report.findings]
            return
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
        """The panel is the rule's, or the one that the request asked for when it was chosen."""
        path = case.path("roadmap")
        if any(f.rule == "audit/recomputed" and f.path == path for f in self.report.findings):
            return  # its commit is named
        try:
            roadmap, request = roadmap_of(case), case.find(Request)
        except DecisionsError:
            return
        if roadmap.plan is None or roadmap.meta.panel is None:
            return
        held = (roadmap.meta.panel, roadmap.meta.panel_reason)
        rule, asked = choose_panel(roadmap.plan.statements, None), choose_panel(roadmap.plan.statements, held[0])
        wanted = request.meta.panel if request else None
        if held not in {rule, asked}:
            said = f"the panel is {held[0]} ({held[1]}), the rule says {rule[0]} ({rule[1]})"
            self.report.add("recomputed", "error", path, said)
        elif held == asked and wanted != held[0]:
            said = f"the panel is {held[0]} because the request asked for it, and the request does not any more"
            self.report.add("recomputed", "warning", path, said)


def story(repository: Repository, slug: str, tip: str) -> Iterator[Step]:
    """The transitions and people's commits of a case up to a commit, oldest first."""
    if not tip:
        raise DecisionsError("this branch has no commit yet", "git commit --allow-empty -m 'first commit'")
    yield from steps(repository, tip, *folders(repository, tip, slug), newest_first=False)
