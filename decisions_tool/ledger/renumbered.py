"""Holds a commit that says it gave a record another number to that: the same words everywhere, under one other number."""

from __future__ import annotations

from decisions_tool.documents.citations import Renumbering
from decisions_tool.documents.record_names import claim
from decisions_tool.ledger.evidence import Evidence
from decisions_tool.ledger.history import Step


def not_renumbered(evidence: Evidence, step: Step) -> tuple[str, str]:
    """(path, why) of the first thing that a renumbering does not do, or two empty texts."""
    gone = {change.path: change for change in step.changes if change.before and not change.after}
    came = {change.path: change for change in step.changes if change.after and not change.before}
    records = [(path, held) for path in gone if (held := claim(path))]
    numbers = {held.number for path in came if (held := claim(path))}
    if len(records) != 1 or len(numbers) != 1:
        return next(iter((*gone, *came)), ""), "a renumbering gives one record another number"
    way = Renumbering(records[0][0], numbers.pop())
    if {way.moved(path) for path in gone} != set(came):
        return way.path, "a renumbering changed more of a name than its number"
    pairs = [(path, change.before, came[way.moved(path)].after) for path, change in gone.items()]
    pairs += [(c.path, c.before, c.after) for c in step.changes if c.before and c.after]
    for path, before, after in pairs:
        if way.masked(evidence.text(before) or "") != way.masked(evidence.text(after) or ""):
            return path, "a renumbering changed more than a number"
    return "", ""
