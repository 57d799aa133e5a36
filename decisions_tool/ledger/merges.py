"""What merges do to what is recorded: they may combine what their sides have, add nothing and drop nothing."""

from __future__ import annotations

from collections.abc import Iterator

from decisions_tool.documents.paths import RECORDS, TASKS, place
from decisions_tool.documents.written import Opening
from decisions_tool.ledger.compare import (
    LATER,
    PROGRAM,
    Version,
    amends,
    changed_keys,
    explained,
    recorded,
)
from decisions_tool.ledger.evidence import Evidence, Report
from decisions_tool.ledger.history import Change, Step
from decisions_tool.ledger.people import AMEND, People
from decisions_tool.ledger.repository import Repository


class Merges:
    """Judges commits with several parents."""

    def __init__(self, evidence: Evidence, report: Report, people: People) -> None:
        self.evidence = evidence
        self.report = report
        self.people = people

    def judge(self, step: Step) -> None:
        """Files that differ from every parent, then those of one parent that another does not have."""
        for change in step.changes:
            self._combined(step, change)
        combined = {change.path for change in step.changes}
        for path in sorted(taken_over(self.evidence.repository, step) - combined):
            self._taken(step, path)

    def _combined(self, step: Step, change: Change) -> None:
        after = self.evidence.version(change.path, change.after)
        sides = self.evidence.at_parents(step, change.path)
        if self.people.false_approval(step, change, sides, after) or not any(map(kept, [*sides, after])):
            return
        self.people.panel(step, change, sides, after)
        combined = after is not None and joined([side for side in sides if kept(side)], after)
        if not combined and not amends(step.message):
            self.report.add("edited", "error", change.path, "a merge wrote what neither side has", AMEND, step)
        elif not (after and isinstance(after.document, Opening)):
            self.report.add("merge", "warning", change.path, "a merge combined it by hand", "", step)

    def _taken(self, step: Step, path: str) -> None:
        """A file of one parent is no loss where the other has not gone on from where both were."""
        blobs = [self._blob(parent, path) for parent in step.parents]
        result = self._blob(step.commit, path)
        after = self.evidence.version(path, result)
        chosen = step.parents[blobs.index(result)]
        for parent, blob in zip(step.parents, blobs, strict=True):
            side = self.evidence.version(path, blob)
            if blob != result and side and kept(side) and not (after and carries(side, after)):
                self._lost(step, path, {parent: blob, chosen: result})

    def _lost(self, step: Step, path: str, held: dict[str, str]) -> None:
        """``held`` is what a parent has that the merge dropped, and what the parent has that was taken."""
        (parent, lost), (chosen, taken) = held.items()
        begun = {self._blob(base, path) for base in merge_bases(self.evidence.repository, parent, chosen)}
        if lost in begun:
            return
        if taken in begun and not amends(step.message):
            self.report.add("edited", "error", path, "a merge dropped what one side has recorded", AMEND, step)
        else:
            self.report.add("merge", "warning", path, "a merge kept one side and dropped the other", "", step)

    def _blob(self, commit: str, path: str) -> str:
        repository = self.evidence.repository
        entry = repository.lookup(repository.tree_of(commit), path)
        return entry.oid if entry else ""


def kept(version: Version | None) -> bool:
    """Whether the program wrote a document, or keeps something above its words."""
    return version is not None and (recorded(version) or version.meta.pinned is not None)


def joined(sides: list[Version], after: Version) -> bool:
    """Whether a merged document has what its sides have recorded; the words of a request are its author's."""
    if isinstance(after.document, Opening):
        return bool(sides) and not set.intersection(*(changed_keys(side, after) for side in sides)) & PROGRAM
    return all(carries(side, after) for side in sides)


def carries(side: Version, after: Version) -> bool:
    """Whether a merged document still has what one side has recorded."""
    if isinstance(side.document, Opening):
        return not changed_keys(side, after) & PROGRAM
    return explained(side, after, LATER)


def taken_over(repository: Repository, step: Step) -> set[str]:
    """Documents of ours that some parent has otherwise than the merge."""
    root = repository.tree_of(step.commit)
    return {
        path
        for parent in step.parents
        for top in (TASKS, RECORDS)
        for path in _differing(repository, repository.tree_of(parent), root, top)
        if place(path)
    }


def _differing(repository: Repository, old: str, new: str, path: str) -> Iterator[str]:
    """Paths of files below a path that are in one tree and not, or otherwise, in another; equal folders are not opened."""
    was, now = repository.lookup(old, path), repository.lookup(new, path)
    if (was and was.oid) == (now and now.oid):
        return
    folders = [entry.oid for entry in (was, now) if entry and entry.mode == "40000"]
    if not folders:
        yield path
    for name in {entry.name for folder in folders for entry in repository.entries(folder)}:
        yield from _differing(repository, old, new, f"{path}/{name}")


def merge_bases(repository: Repository, one: str, other: str) -> list[str]:
    """Where two commits parted; none where they never met, or in a shallow clone."""
    return repository.git.run("merge-base", "--all", one, other, ok=(0, 1)).decode().split()
