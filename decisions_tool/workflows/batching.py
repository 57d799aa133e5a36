"""Which batch asks a slot, kept in the case's ``batch.md``. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from decisions_tool.documents.base import Meta
from decisions_tool.documents.paths import case_folder
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.phases import Changes

if TYPE_CHECKING:
    from decisions_tool.documents.batch import Batch, Sent


def batch_path(case: Case) -> str:
    return f"{case_folder(case.workflow, case.slug)}/batch.md"


def batch_of(case: Case, phase: str, slot: str) -> str:
    """The batch that asks a slot, or nothing."""
    found = _document(case)
    return found.of(phase, slot) if found else ""


def noted(case: Case, phase: str, batch: str, slots: Sequence[str]) -> Changes:
    """The case with one more batch."""
    from decisions_tool.documents.batch import Sent

    found = _document(case)
    sent = (*(found.sent if found else ()), Sent(batch=batch, phase=phase, slots=tuple(slots)))
    return {batch_path(case): _written(case, sent)}


def forgotten(case: Case, names: Sequence[tuple[str, str]]) -> Changes:
    """The case without these (phase, slot) in any batch: they are to be asked anew."""
    found = _document(case)
    if found is None:
        return {}
    from decisions_tool.documents.batch import Sent

    kept = [(s, tuple(slot for slot in s.slots if (s.phase, slot) not in names)) for s in found.sent]
    sent = tuple(Sent(batch=s.batch, phase=s.phase, slots=slots) for s, slots in kept if slots)
    return {} if sent == found.sent else {batch_path(case): _written(case, sent) if sent else None}


def _document(case: Case) -> Batch | None:
    path = batch_path(case)
    if not case.file(path):
        return None
    from decisions_tool.documents.batch import Batch

    return case.read(Batch, path)


def _written(case: Case, sent: tuple[Sent, ...]) -> str:
    from decisions_tool.documents.batch import Batch

    return Batch(meta=Meta(type="batch", case=case.slug), sent=sent).render()
