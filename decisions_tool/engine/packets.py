"""From a slot to the packet that its agent gets: the prompt, and exactly the documents that the phase reads."""

from __future__ import annotations

import hashlib
from pathlib import Path

from decisions_tool.agents.prompts import render
from decisions_tool.agents.protocol import Packet
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.phases import SEATED, Phase


def make_packet(case: Case, phase: Phase, slot: str, root: Path) -> Packet:
    """Everything that a slot is told."""
    opening = case.opening
    title = opening.title if opening else case.slug
    pinned = case.pinned or case.commit
    shown = phase.shows(case, slot) if phase.shows else None
    documents = shown or {path: case.text(path) for path in phase.inputs(case, slot) if case.file(path)}
    about = phase.about(case, slot)
    values = {
        "title": title, "pinned": pinned, "slot": slot, "role": phase.by, "directive": _directive(case, phase),
        "documents": _shuffled(documents, case.slug, phase.name, slot), "format_open": "~~~~~~~~", "format_close": "~~~~~~~~", **about,
    }  # fmt: skip
    own = root / case.settings.templates if case.settings.templates else None
    prompt = render(phase.name, values, own)
    return Packet(
        case.slug,
        title,
        phase.name,
        slot,
        phase.by,
        phase.answer,
        prompt,
        documents,
        pinned,
        about,
        path := phase.path(case, slot),
        present.data if (present := case.file(path)) else b"",
    )


def _directive(case: Case, phase: Phase) -> str:
    return "" if phase.by in SEATED else case.settings.role(phase.by).directive


def _shuffled(documents: dict[str, str], *salt: str) -> list[tuple[str, str]]:
    """What everybody reads first, in order; what others wrote after it, in an order of the slot's own."""

    def place(path: str) -> tuple[bool, str]:
        common = path.endswith(("001-user-request.md", "002-roadmap.md"))
        return not common, path if common else hashlib.sha256("\0".join((*salt, path)).encode()).hexdigest()

    return sorted(documents.items(), key=lambda item: place(item[0]))


def input_blobs(case: Case, phase: Phase, slot: str) -> dict[str, str]:
    """Path -> blob id of what a slot reads."""
    return {path: file.blob for path in phase.inputs(case, slot) if (file := case.file(path))}
