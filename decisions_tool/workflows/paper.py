"""What a voter sees of the approaches: labels and contents, nothing of who proposed them, how many did, or how they scored it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from decisions_tool.documents.comparison import Approach
from decisions_tool.documents.identity import TRIMMED, Identity
from decisions_tool.documents.paths import document_path
from decisions_tool.documents.proposal import Said
from decisions_tool.rules.ballots import position, rotated
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.question import KEEP, KEPT, PATCHED, approaches, framing, labels, text_of

_NAMED = re.compile(r"(?i)\b(?:agent|hybrid|voter)[-\s]?\d{1,3}\b")
_ROLES = re.compile(r"(?i)\b(?:unconstrained|minimalist|extensibility-first|migration-conservative|contrarian)\b")


def order_of(case: Case, slot: str, kind: str = "vote") -> tuple[str, ...]:
    """In which order a voter sees the approaches."""
    return rotated(labels(case, kind), position(slot))


def criteria_of(case: Case, slot: str) -> tuple[tuple[str, int], ...]:
    """In which order a voter sees the criteria, with their weights."""
    return rotated([(c.name, c.weight) for c in case.settings.decision.criteria], position(slot))


def shown(case: Case, slot: str, kind: str) -> dict[str, str]:
    """The documents of a voter: the framing, the identity's first parts, the approaches without their origin."""
    found = {case.path("framing"): blind(framing(case).words)}
    identity = case.find(Identity)
    if identity is not None:
        found[document_path("", "identity")] = blind(identity.parts(*TRIMMED))
    known = {approach.label: approach for approach in approaches(case)} | {KEPT: KEEP}
    known[PATCHED] = Approach(PATCHED, "patched", "", ())
    parts = [
        section(label, text_of(case, known[label]) if label != KEPT else _kept())
        for label in order_of(case, slot, kind)
    ]
    return found | {"approaches.md": "# Approaches\n\n" + "\n".join(parts)}


def section(label: str, said: Said) -> str:
    """One approach under its label."""
    files = "\n".join(f"- `{change.path}` — {change.what}" for change in said.files)
    touched = said.touched if said.touched is not None else len(said.files)
    scope = {
        "Files touched": str(touched), "Estimated LOC changed": said.size,
        "New abstractions introduced": ", ".join(said.abstractions) or "none", "Effort": said.effort,
    }  # fmt: skip
    plan = {
        "What breaks": said.breaks,
        "Auto-migration path": said.migration,
        "Backward compatibility": said.compatibility,
    }
    later = {"Constraints on future questions": said.constraints, "Impact on later questions": said.later}
    parts = {
        "Summary": said.summary, "Scope": _bold(scope), "Code Sketch": said.sketch, "Files Changed": files,
        "Migration Plan": _bold(plan), "Test Plan": said.tests, "Downstream Impact": _bold(later),
    }  # fmt: skip
    return f"## Approach {label}\n\n" + "\n".join(
        f"#### {name}\n\n{blind(text)}\n" for name, text in parts.items() if text
    )


def _bold(items: dict[str, str]) -> str:
    return "\n".join(f"- **{name}:** {text}" for name, text in items.items())


def blind(text: str) -> str:
    """A text without names of slots and roles."""
    return _ROLES.sub("proposer", _NAMED.sub("a proposal", text))


def _kept() -> Said:
    return Said(
        "present-design", "Leave the present design as it is.", 0, "0", (), "S", "", (), (), "nothing", "none needed", "nothing changes",
        "the tests that there are", (),
    )  # fmt: skip


def listed(names: Sequence[tuple[str, int]]) -> str:
    """Criteria with their weights in one line."""
    return ", ".join(f"{name}={weight}" for name, weight in names)
