"""Holds every commit of a range to what the hooks would have said, because hooks can be passed by. Needs no working files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from decisions_tool.config import FILE
from decisions_tool.documents.paths import RECORDS, TASKS
from decisions_tool.errors import DecisionsError, Finding
from decisions_tool.ledger.audit import Auditor
from decisions_tool.ledger.cache import Verdicts
from decisions_tool.ledger.evidence import Earlier, Report
from decisions_tool.ledger.history import Step, bounds, steps
from decisions_tool.ledger.repository import Repository
from decisions_tool.ledger.trees import file_findings, twins


class Told(NamedTuple):
    """A finding, and the commit that it is about."""

    commit: str
    finding: Finding


class Range(NamedTuple):
    """What can be said against the commits of a range; ``first`` is the first one that breaks a rule."""

    base: str
    head: str
    commits: int
    told: list[Told]
    first: str


def judge_range(
    repository: Repository, span: str, verdicts: Verdicts, also: Callable[[Step], Iterable[Finding]]
) -> Range:
    """Judge ``A..B``, oldest first; all of the history of B where A is a number of zeros.

    ``also`` says what else there is against a commit, whatever it touches.
    """
    base, head = _ends(repository, span)
    beyond = (f"^{base}",) if base else ()
    commits = repository.git.run("rev-list", "--topo-order", "--reverse", head, *beyond, "--").decode("ascii").split()
    if set(commits) & repository.boundary:  # one whose parents are not here seems to bring everything that there is
        raise DecisionsError("this clone is shallow, and its history ends inside the range", "git fetch --unshallow")
    auditor = Auditor(repository, Report(), Earlier(repository, bounds(repository, head, beyond)))
    everything = steps(repository, head, newest_first=False, beyond=beyond)
    told = [Told(step.commit, finding) for step in everything for finding in also(step)]
    for step in steps(repository, head, TASKS, RECORDS, FILE, newest_first=False, whole=True, beyond=beyond):
        told += _judge(repository, auditor, verdicts, step)
    told.sort(key=lambda item: commits.index(item.commit))
    first = next((item.commit for item in told if item.finding.severity == "error"), "")
    return Range(base, head, len(commits), told, first)


def _ends(repository: Repository, span: str) -> tuple[str, str]:
    base, dots, head = span.partition("..")
    if not dots or head.startswith("."):
        raise DecisionsError(f"{span!r} is no range of commits", "decisions check --range main..HEAD")
    try:
        last = repository.commit_id(head or "HEAD")
        return ("" if base and not base.strip("0") else repository.commit_id(base or "HEAD")), last
    except DecisionsError as error:
        hint = "git fetch --unshallow" if repository.shallow else error.hint
        raise DecisionsError(error.message, hint) from None


def _judge(repository: Repository, auditor: Auditor, verdicts: Verdicts, step: Step) -> Iterator[Told]:
    for finding in file_findings(repository, verdicts, step.changes):
        yield Told(step.commit, finding)
    for finding in twins(repository, repository.tree_of(step.commit), step.changes):
        yield Told(step.commit, finding)
    known = len(auditor.report.findings)
    auditor.judge(step)
    for finding in auditor.report.findings[known:]:
        yield Told(step.commit, finding)
