"""Answers on disk before anything else happens to them, and a journal of what was asked. It may be deleted when no run is on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from decisions_tool.failpoints import passing
from decisions_tool.ledger.files import write_atomically
from decisions_tool.ledger.git import Place
from decisions_tool.workflows.phases import Reply


@dataclass(frozen=True)
class Spooled:
    """An answer that is paid for and not recorded yet."""

    case: str
    phase: str
    slot: str
    pinned: str
    key: str
    reply: Reply

    @property
    def name(self) -> tuple[str, str, str, str]:
        """Case, phase, slot and pinned commit: what an answer is known by."""
        return self.case, self.phase, self.slot, self.pinned


class Spool:
    """One file an answer, named by case, phase, slot and pinned commit: a slot is never asked while its answer lies here."""

    def __init__(self, place: Place) -> None:
        self._folder = place.store / "spool"
        self._intents = place.store / "intents"
        self._journal = place.store / "journal.jsonl"

    def intend(self, case: str, phase: str, slot: str, pinned: str, key: str) -> None:
        """Write down that a question is about to be asked."""
        data = {"case": case, "phase": phase, "slot": slot, "pinned": pinned, "key": key}
        self._intents.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self._intents / file_name(case, phase, slot, pinned), json.dumps(data).encode(), 0o600)
        self._note("asked", case, phase, slot, key)

    def keep(self, item: Spooled) -> None:
        """Put an answer on disk; returns when it is safe."""
        name = file_name(item.case, item.phase, item.slot, item.pinned)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self._folder / name, on_disk(item), 0o600)
        self._note("answered", item.case, item.phase, item.slot, item.key)
        passing("after-spool")

    def find(self, case: str, phase: str, slot: str, pinned: str) -> Spooled | None:
        """The answer that waits for a slot; a damaged file is set aside, never used."""
        return self._read(self._folder / file_name(case, phase, slot, pinned))

    def waiting(self) -> Iterator[Spooled]:
        for path in sorted(self._folder.glob("*.json")):
            item = self._read(path)
            if item is not None:
                yield item

    def drop(self, case: str, phase: str, slot: str, pinned: str, note: str = "recorded") -> None:
        """Forget an answer that is recorded, or that somebody wants asked anew; the answer goes last, so that a sweep finds it."""
        name = file_name(case, phase, slot, pinned)
        held = (self._folder / name).exists() or (self._intents / name).exists()
        for folder in (self._intents, self._folder):
            (folder / name).unlink(missing_ok=True)
        if held:
            self._note(note, case, phase, slot, "")

    def _read(self, path: Path) -> Spooled | None:
        with suppress(FileNotFoundError):
            content = whole(path.read_bytes())
            if content is None:
                path.rename(path.with_suffix(".damaged"))
                return None
            values = json.loads(content)
            reply = values.pop("reply")
            return Spooled(**values, reply=Reply(**{**reply, "unmet": tuple(reply["unmet"])}))
        return None

    def _note(self, event: str, case: str, phase: str, slot: str, key: str) -> None:
        line = json.dumps({"event": event, "case": case, "phase": phase, "slot": slot, "key": key}) + "\n"
        descriptor = os.open(self._journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def on_disk(item: Spooled) -> bytes:
    """An answer as a file: its digest on the first line, JSON on the second."""
    reply = item.reply
    told = {**reply._asdict(), "usage": dict(reply.usage), "inputs": dict(reply.inputs)}
    values = {**asdict(item), "reply": told}
    content = json.dumps(values, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def whole(data: bytes) -> bytes | None:
    """The JSON of a file that ``on_disk`` has made; None where it is not what its digest says."""
    digest, _, content = data.partition(b"\n")
    return content if hashlib.sha256(content).hexdigest().encode() == digest else None


def file_name(case: str, phase: str, slot: str, pinned: str) -> str:
    """What the file of an answer is called."""
    return (
        hashlib.sha256("\0".join((case, phase, slot, pinned)).encode("utf-8", "surrogateescape")).hexdigest()[:40]
        + ".json"
    )


def question_key(case: str, phase: str, slot: str, inputs: dict[str, str], prompt: str, backend: str) -> str:
    """The digest of everything that makes a question what it is."""
    text = json.dumps([case, phase, slot, sorted(inputs.items()), prompt, backend])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
