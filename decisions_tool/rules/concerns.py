"""Arithmetic on a register of concerns: coverage of findings, agreement of field and log. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from decisions_tool.documents.paths import TASKS
from decisions_tool.errors import Finding

if TYPE_CHECKING:
    from decisions_tool.documents.concerns import Concerns
    from decisions_tool.documents.register import Entry, LogRow, Register
    from decisions_tool.documents.review import Review


class Concern(NamedTuple):
    """One concern with what both sources say of it."""

    entry: Entry
    logged: bool
    tracks: tuple[str, ...]
    phase_only: bool
    log_line: int


def joined(register: Register) -> tuple[Concern, ...]:
    """Every entry with what the log says of it; ids that only the log knows are left to ``problems``."""
    rows: dict[str, list[LogRow]] = {entry.id: [] for entry in register.entries}
    for row in register.log:
        for name in row.ids:
            if name in rows:
                rows[name].append(row)
    return tuple(_joined(entry, rows[entry.id]) for entry in register.entries)


def _joined(entry: Entry, rows: Sequence[LogRow]) -> Concern:
    decided = [row for row in rows if row.decided]
    tracks = tuple(dict.fromkeys(track for row in rows for track in row.tracks))
    only = any(row.phase_only for row in rows) and not tracks
    line = next((row.line for row in [*decided, *rows]), 0)
    return Concern(entry, bool(decided), tracks, only, line)


def contradictions(register: Register) -> tuple[str, ...]:
    """Ids whose own field and whose log row disagree; a concern without a field cannot."""
    if not register.has_log:
        return ()
    return tuple(
        c.entry.id for c in joined(register) if c.entry.field != "absent" and (c.entry.field == "done") != c.logged
    )  # fmt: skip


def problems(register: Register, path: str) -> list[Finding]:
    """Disagreements, repeated ids and log rows without an entry, each with its line."""
    found = []
    by_id = {concern.entry.id: concern for concern in joined(register)}
    for name in contradictions(register):
        concern = by_id[name]
        field, log = (
            ("ticked", "has no decision")
            if concern.entry.field == "done"
            else ("open", f"decides it (line {concern.log_line})")
        )
        message = f"{name} is {field} in its entry, but the addressing log {log}"
        found.append(
            Finding("concerns/contradiction", "warning", path, concern.entry.line, 1, message, "make them agree")
        )
    for name, line in register.repeated:
        found.append(
            Finding(
                "concerns/duplicate", "warning", path, line, 1, f"{name} is used twice", "give one of them a free id"
            )
        )
    unknown: dict[str, int] = {}
    for row in register.log:
        for name in row.ids:
            if name not in by_id:
                unknown.setdefault(name, row.line)
    for name, line in unknown.items():
        message = f"the addressing log decides {name}, which is no concern here"
        found.append(Finding("concerns/unknown", "warning", path, line, 1, message, "correct the id"))
    return found


def coverage(reviews: Mapping[str, Review], concerns: Concerns, path: str) -> list[Finding]:
    """Every finding of every review belongs to exactly one concern; ``reviews`` maps the expert's slot to the review."""
    raised = {f"{slot} {finding.id}" for slot, review in reviews.items() for finding in review.findings}
    named = Counter(name for concern in concerns.concerns for name in concern.findings)
    found = [f"{name} is in no concern" for name in sorted(raised - set(named))]
    found += [f"{name} is in {count} concerns" for name, count in sorted(named.items()) if count > 1]
    found += [f"{name} is no finding of any review" for name in sorted(set(named) - raised)]
    hint = "every finding maps to exactly one concern"
    return [Finding("concerns/coverage", "error", path, 1, 1, message, hint) for message in found]


def out_of_scope(decision: str) -> str | None:
    """Why a decision is none: out of scope, without the task that takes it."""
    words = " ".join(decision.casefold().replace("-", " ").split())
    if "out of scope" in words and f"{TASKS}/" not in decision:
        return "out of scope is not a resolution"
    return None


def unresolved(concerns: Concerns, path: str) -> list[Finding]:
    """Concerns whose decision is none."""
    settled = [(concern.id, concern.resolution.decision) for concern in concerns.concerns if concern.resolution]
    hint = "link the task that takes it"
    return [
        Finding("planning/single-track", "warning", path, 1, 1, f"{name}: {why}", hint)
        for name, decision in settled
        if (why := out_of_scope(decision))
    ]
