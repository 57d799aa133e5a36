"""What people's commits and merges do to what is recorded: whatever is no transition of the program is judged here."""

from __future__ import annotations

from decisions_tool.documents.written import Opening
from decisions_tool.ledger.compare import (
    APPROVAL,
    LATER,
    Version,
    amends,
    explained,
    folds,
    newly_approved,
    recorded,
    speakers,
    squashed,
)
from decisions_tool.ledger.evidence import Evidence, Report
from decisions_tool.ledger.history import Change, Step

_AMEND = "say so in the commit: git commit -m 'amend: why'"


class People:
    """Judges commits that do not claim to be one transition."""

    def __init__(self, evidence: Evidence, report: Report) -> None:
        self.evidence = evidence
        self.report = report

    def merge(self, step: Step) -> None:
        """A merge may combine what its sides have; what neither has needs a word."""
        for change in step.changes:
            after = self.evidence.version(change.path, change.after)
            sides = self.evidence.at_parents(step, change.path)
            ours = recorded(after) or any(map(recorded, sides))
            if not ours or self._false_approval(step, change, sides, after):
                continue
            grew = after is not None and all(explained(side, after, LATER) for side in sides if recorded(side))
            if grew or amends(step.message):
                self.report.add("merge", "warning", change.path, "a merge combined it by hand", "", step)
            else:
                self.report.add("edited", "error", change.path, "a merge wrote what neither side has", _AMEND, step)

    def commit(self, step: Step) -> None:
        """A commit that does not claim to be one transition."""
        folded = squashed(step.message) and folds(step.message)
        for change in step.changes:
            before, after = self.evidence.versions(change)
            sides = [before] if before else []
            if self._false_approval(step, change, sides, after) or amends(step.message):
                continue
            if before and isinstance(before.document, Opening):
                folded = self._request(step, change, before, after) or folded
            elif before is not None and recorded(before):
                folded = self._by_hand(step, change, before, after) or folded
            else:
                folded = recorded(after) or folded
        if folded:
            said = "several transitions in one commit; contents are verified"
            self.report.add("folded", "warning", step.changes[0].path, said, "", step)

    def _false_approval(self, step: Step, change: Change, sides: list[Version], after: Version | None) -> bool:
        """Whether a commit approves a document that was there in the name of somebody who does not speak in it."""
        if after is None or not sides or not all(newly_approved(side, after) for side in sides):
            return False
        makers = set(after.meta.decision_makers or ())
        if makers and makers <= speakers(step.author, step.message):
            return False
        said = f"approved in the name of {', '.join(sorted(makers)) or 'nobody'}"
        self.report.wrong("approval", step, change.path, said)
        return True

    def _request(self, step: Step, change: Change, before: Version, after: Version | None) -> bool:
        """Words and status are the author's; the commit that agents see is not. True when a start is folded in."""
        pinned = before.meta.pinned
        if pinned and after is None:
            said = "the request of a case that was started is gone, or cannot be read"
            self.report.add("edited", "error", change.path, said, _AMEND, step)
        elif pinned and after and after.meta.pinned != pinned:
            self.report.add("edited", "error", change.path, "the pinned commit was changed by hand", _AMEND, step)
        return bool(after and after.meta.pinned and not pinned)

    def _by_hand(self, step: Step, change: Change, before: Version, after: Version | None) -> bool:
        """Judge one recorded document that a person's commit changed; True when it looks like folded transitions."""
        if after is None:
            what = "a recorded document was made unreadable" if change.after else "a recorded document was removed"
            self.report.add("edited", "error", change.path, what, _AMEND, step)
        elif explained(before, after, ()) or (newly_approved(before, after) and explained(before, after, APPROVAL)):
            return False
        elif explained(before, after, LATER):
            return True
        else:
            self.report.add("edited", "error", change.path, "a recorded document was edited", _AMEND, step)
        return False
