"""What people's commits and merges do to what is recorded: whatever is no transition of the program is judged here."""

from __future__ import annotations

from decisions_tool.documents.computed import Record
from decisions_tool.documents.paths import owner
from decisions_tool.documents.request import Request
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.documents.written import Opening
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.compare import (
    APPROVAL,
    LATER,
    PROGRAM,
    Version,
    advanced,
    amends,
    changed_keys,
    explained,
    folds,
    names,
    newly_approved,
    recorded,
    speakers,
    squashed,
)
from decisions_tool.ledger.evidence import Evidence, Report
from decisions_tool.ledger.history import Change, Step
from decisions_tool.rules.panel import choose_panel

AMEND = "say so in the commit: git commit -m 'amend: why'"


class People:
    """Judges commits that do not claim to be one transition."""

    def __init__(self, evidence: Evidence, report: Report) -> None:
        self.evidence = evidence
        self.report = report

    def commit(self, step: Step) -> None:
        """A commit that does not claim to be one transition."""
        folded = squashed(step.message) and folds(step.message)
        for change in step.changes:
            before, after = self.evidence.versions(change)
            sides = [before] if before else []
            self.panel(step, change, sides, after)
            if self.false_approval(step, change, sides, after) or amends(step.message):
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

    def false_approval(self, step: Step, change: Change, sides: list[Version], after: Version | None) -> bool:
        """Whether a commit approves or decides in the name of somebody who does not speak in it; told as far as it can be known."""
        if after is None or not all(newly_approved(side, after) for side in sides or (None,)):
            return False
        makers = names(after)
        if makers and makers <= speakers(step.author, ""):
            return False
        verb = "decided" if isinstance(after.document, Opening) else "approved"
        said = f"{verb} in the name of {', '.join(sorted(makers)) or 'nobody'}"
        return self._vouched(step, change, said, makers) if sides else self._arrives(step, change, after, said)

    def _vouched(self, step: Step, change: Change, said: str, makers: set[str]) -> bool:
        """An error, unless the message of a squash names who spoke in the commits that it holds."""
        if makers and makers <= speakers(step.author, step.message):
            self.report.add("approval", "warning", change.path, f"{said}, as a squash says", "", step)
            return False
        self.report.wrong("approval", step, change.path, said)
        return True

    def _arrives(self, step: Step, change: Change, after: Version, said: str) -> bool:
        """A document that was approved elsewhere proves nothing here, and may be true; a record names whom it was told."""
        if not isinstance(after.document, Record):
            self.report.add("approval", "warning", change.path, f"it arrives {said}", "", step)
        return False

    def _request(self, step: Step, change: Change, before: Version, after: Version | None) -> bool:
        """Words and status are the author's; what the program wrote above them is not. True when transitions are folded in."""
        if before.meta.pinned is None:
            return after is not None and after.meta.pinned is not None
        if after is None:
            said = "the request of a case that was started is gone, or cannot be read"
            self.report.add("edited", "error", change.path, said, AMEND, step)
            return False
        keys = sorted(changed_keys(before, after) & PROGRAM)
        if keys and not (self._records(step, change) and advanced(before, after)):
            said = f"{', '.join(keys)} of a case was changed by hand"
            self.report.add("edited", "error", change.path, said, AMEND, step)
        return bool(keys)

    def _records(self, step: Step, change: Change) -> bool:
        """Whether a commit touches recorded documents too, as folded transitions do."""
        others = (version for c in step.changes if c != change for version in self.evidence.versions(c))
        return any(map(recorded, others))

    def panel(self, step: Step, change: Change, sides: list[Version], after: Version | None) -> None:
        """A panel that is set by hand, or folded in, is the one of the rule, or the one that the request asks for."""
        if after is None or not isinstance(after.document, Roadmap) or amends(step.message):
            return
        held = panel_of(after.document)
        if held in [panel_of(side.document) for side in sides if isinstance(side.document, Roadmap)]:
            return
        _, slug = owner(change.path)
        wanted = {self._wanted(commit, slug) for commit in (step.commit, *step.parents)}
        chosen = (
            {choose_panel(after.document.plan.statements, want) for want in wanted} if after.document.plan else set()
        )
        if held[0] and held not in chosen:
            said = f"the panel is {held[0]} ({held[1]}), and neither the rule nor the request says so"
            self.report.wrong("recomputed", step, change.path, said)

    def _wanted(self, commit: str, slug: str) -> str | None:
        """The panel that the request of a case asks for in a commit."""
        try:
            request = self.evidence.case(commit, slug).find(Request)
        except DecisionsError:
            return None
        return request.meta.panel if request else None

    def _by_hand(self, step: Step, change: Change, before: Version, after: Version | None) -> bool:
        """Judge one recorded document that a person's commit changed; True when it looks like folded transitions."""
        if after is None:
            what = "a recorded document was made unreadable" if change.after else "a recorded document was removed"
            self.report.add("edited", "error", change.path, what, AMEND, step)
        elif explained(before, after, ()) or (newly_approved(before, after) and explained(before, after, APPROVAL)):
            return False
        elif explained(before, after, LATER):
            return True
        else:
            self.report.add("edited", "error", change.path, "a recorded document was edited", AMEND, step)
        return False


def panel_of(roadmap: Roadmap) -> tuple[str, str]:
    """(panel, reason) as a roadmap has them."""
    return roadmap.meta.panel or "", roadmap.meta.panel_reason or ""
