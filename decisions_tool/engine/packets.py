"""From a slot to the packet that its agent gets: the prompt, and exactly the documents that the phase reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from decisions_tool.agents.prompts import render
from decisions_tool.agents.protocol import Limits, Packet
from decisions_tool.engine.packing import Packed
from decisions_tool.engine.spool import question_key
from decisions_tool.errors import DecisionsError
from decisions_tool.workflows.batching import batch_of
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.phases import SEATED, Phase, Reply
from decisions_tool.workflows.question import frame
from decisions_tool.workflows.question_rows import leading

#: What all slots of a phase read alike, from what changes least to what changes most: facts and rules, then the case.
_GROUND = ("working/identity.md", "decisions/constraints.md", "/constraint-addendum.md")
_CASE = (
    "/framing.md", "/001-user-request.md", "/002-roadmap.md", "/004-expert-concerns.md", "/research/synthesis.md", "-contract.md",
)  # fmt: skip
#: Ends the part of a prompt that slots share; no document may hold it.
_SPLIT = "\0shared\0"


def make_packet(case: Case, phase: Phase, slot: str, root: Path, packed: Packed | None = None) -> Packet:
    """Everything that a slot is told."""
    opening, about = case.opening, phase.about(case, slot)
    title, pinned = opening.title if opening else case.slug, case.pinned or case.commit
    documents = (phase.shows(case, slot) if phase.shows else None) or {
        path: case.text(path) for path in phase.inputs(case, slot) if case.file(path)
    }
    files = packed.files if packed else ()
    shared, rest = _laid_out(case, documents)
    values = {
        "title": title, "pinned": pinned, "slot": slot, "role": phase.by, "directive": _directive(case, phase),
        "ground": _ranked(shared, _GROUND), "files": files, "opening": _ranked(shared, _CASE), "split": _SPLIT,
        "documents": [*rest, *_shuffled(documents, case.slug, phase.name, slot)],
        "format_open": "~~~~~~~~", "format_close": "~~~~~~~~", **about,
    }  # fmt: skip
    own = root / case.settings.templates if case.settings.templates else None
    head, split, tail = render(phase.name, values, own).partition(_SPLIT)
    return Packet(
        case.slug, title, phase.name, slot, phase.by, phase.answer, head + tail, documents, pinned, about,
        path=(path := phase.path(case, slot)), present=present.data if (present := case.file(path)) else b"",
        shared=len(head) if split else 0, model=case.settings.model(slot, phase.by), limits=_limits(case, phase),
        given=tuple(name for name, _ in files), owes=phase.owes, files=key_files(case, phase),
        batch=batch_of(case, phase.name, slot),
    )  # fmt: skip


def _laid_out(case: Case, documents: dict[str, str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """What stands in the part that slots share, and what follows it: who reads all of a document is first shown what others are."""
    parts = leading(case) if any(path.endswith(_GROUND[0]) for path in documents) else {}
    whole = [path for path in parts if documents.get(path) == case.text(path)]
    rest = [(f"{path}, the rest of it", parts[path][1]) for path in whole]
    return {**documents, **{path: parts[path][0] for path in whole}}, rest


def key_files(case: Case, phase: Phase) -> tuple[str, ...]:
    """Files of the repository that every agent of a phase has to know."""
    return tuple(file.path for file in frame(case).files) if "key-files" in phase.owes else ()


def _limits(case: Case, phase: Phase) -> Limits:
    run = case.settings.run
    searches = run.searches if "prior-art" in phase.owes else 0
    return Limits(run.minutes.get(phase.name, 15) * 60.0, run.turns.get(phase.name, 10), run.output, searches)


def _directive(case: Case, phase: Phase) -> str:
    return "" if phase.by in SEATED else case.settings.role(phase.by).directive


def _ranked(documents: dict[str, str], endings: tuple[str, ...]) -> list[tuple[str, str]]:
    """The documents with one of these endings, in the order of the endings."""
    return [(path, documents[path]) for ending in endings for path in sorted(documents) if path.endswith(ending)]


def _shuffled(documents: dict[str, str], *salt: str) -> list[tuple[str, str]]:
    """What others wrote, in an order of the slot's own."""
    rest = [item for item in documents.items() if not item[0].endswith((*_GROUND, *_CASE))]
    return sorted(rest, key=lambda item: hashlib.sha256("\0".join((*salt, item[0])).encode()).hexdigest())


def input_blobs(case: Case, phase: Phase, slot: str) -> dict[str, str]:
    """Path -> blob id of what a slot reads."""
    return {path: file.blob for path in phase.inputs(case, slot) if (file := case.file(path))}


def fits(
    case: Case, phase: Phase, slot: str, reply: Callable[[str, tuple[str, ...]], Reply]
) -> Callable[[str, tuple[str, ...]], str]:
    """A test of a body: why it cannot be the answer of a slot, or nothing."""

    def check(body: str, unmet: tuple[str, ...]) -> str:
        try:
            body.encode()
            phase.write(case, slot, reply(body, unmet))
        except UnicodeEncodeError as error:
            return f"it holds half a character, U+{ord(body[error.start]):04X}, which no file can hold"
        except DecisionsError as error:
            return f"{error.message} ({error.hint})" if error.hint else error.message
        return ""

    return check


def key_of(packet: Packet, inputs: dict[str, str], backend: str) -> str:
    return question_key(packet.case, packet.phase, packet.slot, inputs, packet.prompt, backend)
