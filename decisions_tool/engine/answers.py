"""Answers as files that travel from the machine that got them to the one that records them. What comes back is believed in nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from decisions_tool.documents.base import Day, Moment, Oid, PathName, Word
from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.engine.packets import input_blobs
from decisions_tool.engine.spool import Spooled, whole
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import read_regular
from decisions_tool.ledger.repository import Repository
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.phases import Phase, Reply

#: A body, escaped as JSON, with what is told of it.
_LARGEST = 8 * MAX_FILE
_MOST = 10_000
_AMOUNT = r"^(?:\d{1,12}(?:\.\d{1,9})?|unpriced)$"
_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


class _Reply(BaseModel):
    model_config = _STRICT
    body: Annotated[str, StringConstraints(max_length=MAX_FILE)]
    backend: Word
    day: Day
    model: Annotated[str, StringConstraints(pattern=r"^[\w.:/@+\[\]-]{1,120}$")] | None
    rehearsal: bool
    unmet: tuple[Word, ...]
    usage: dict[
        Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}$")], Annotated[str, StringConstraints(pattern=_AMOUNT)]
    ]
    created: Moment | None
    inputs: dict[PathName, Oid]


class _Answer(BaseModel):
    model_config = _STRICT
    case: PathName
    phase: Word
    slot: PathName
    pinned: Oid
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reply: _Reply


class Answer(NamedTuple):
    """An answer and the file that holds it."""

    file: Path
    item: Spooled

    @property
    def name(self) -> str:
        return slot_id(self.item.case, self.item.phase, self.item.slot)


class Refused(NamedTuple):
    """A file that is left out, and why; ``wrong`` where that is no matter of course."""

    file: Path
    why: str
    wrong: bool = True


def slot_id(case: str, phase: str, slot: str) -> str:
    """``case:phase/slot`` as one word for shells, xargs and matrices: what is not plain is percent-encoded."""
    return f"{_plain(case)}:{phase}/{_plain(slot)}"


def _plain(name: str) -> str:
    return quote(name, safe="", errors="surrogateescape")


def read_answers(places: Sequence[Path]) -> tuple[list[Answer], list[Refused]]:
    """The answers in files and folders, links not followed; and what is none, each with the reason."""
    found: dict[tuple[str, str, str, str], Answer] = {}
    refused: list[Refused] = []
    for count, file in enumerate(sorted(set(_files(places)))):
        if count >= _MOST:
            raise DecisionsError(f"there are more than {_MOST} answer files", "name fewer folders")
        try:
            item = _read(file)
        except DecisionsError as error:
            refused.append(Refused(file, error.message))
            continue
        first = found.setdefault(item.name, Answer(file, item))
        if first.file != file:
            refused.append(Refused(file, f"{first.file.name} answers {first.name} too", first.item != item))
    return list(found.values()), refused


def _files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        if not place.is_dir():
            yield place
        for folder, _, names in os.walk(place):
            yield from (Path(folder) / name for name in names if name.endswith(".json"))


def _read(file: Path) -> Spooled:
    data = read_regular(file, _LARGEST)
    if data is None:
        raise DecisionsError(f"{file} is not there", "name a folder or file that decisions ci run has written")
    if len(data) > _LARGEST:
        raise DecisionsError("it is too large for an answer")
    content = whole(data)
    if content is None:
        raise DecisionsError("it is no answer file, or it is damaged: its first line is not its digest")
    try:
        values = _Answer.model_validate_json(content).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        raise DecisionsError(f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from None
    return Spooled(**{**values, "reply": Reply(**values["reply"])})


def objection(repository: Repository, case: Case, phase: Phase, item: Spooled) -> str:
    """Why an answer cannot be what an open slot of a case waits for, or nothing."""
    reply, backend = item.reply, case.settings.backend(item.slot, phase.by)
    if reply.backend != backend:
        return f"{item.slot} is answered by {backend} and not by {reply.backend}"
    if reply.rehearsal != (backend == "offline") or (reply.rehearsal and reply.model):
        return f"it is wrong about whether a model was called: {backend} answers {item.slot}"
    if not set(reply.unmet) <= set(phase.owes):
        return f"{phase.name} asks for no such duty: {', '.join(reply.unmet)}"
    return _other_inputs(repository, case, phase, item)


def _other_inputs(repository: Repository, case: Case, phase: Phase, item: Spooled) -> str:
    """An answer names what it was made from: documents that the slot reads, as they are or as they were."""
    now = input_blobs(case, phase, item.slot)
    for path, blob in item.reply.inputs.items():
        if path not in now:
            return f"{phase.name}/{item.slot} does not read {path}"
        if blob != now[path] and repository.blob(blob) is None:
            return f"it was made from a version of {path} that is not here"
    missing = sorted(path for path in set(now) - set(item.reply.inputs) if path.startswith(f"{case.folder}/"))
    return f"it was made without {missing[0]}" if missing else ""
