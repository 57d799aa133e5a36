"""Where calls are paid: replies by digest, and a journal of money. What it holds is private and may be deleted when no run is on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Literal

from decisions_tool.agents.protocol import Call, Packet, Promise, Stopped
from decisions_tool.config import Budget
from decisions_tool.failpoints import passing
from decisions_tool.ledger.files import read_regular, write_atomically
from decisions_tool.ledger.git import Place

_LARGEST = 64 << 20
_PROMISE = "batch"
#: Seconds after which nobody asks any more when a head was cached.
_HOURS = 7_200.0
NOTHING = Decimal()


@dataclass(frozen=True)
class Entry:
    """One call in the journal; ``usd`` is the worst case while it is open, None for a model without a price."""

    case: str
    phase: str
    slot: str
    role: str
    model: str
    day: str
    digest: str
    usd: Decimal | None
    state: Literal["open", "paid", "released"] = "open"
    recorded: bool = False

    @property
    def counts(self) -> Decimal:
        return self.usd or NOTHING if self.state != "released" else NOTHING


class Drawer:
    """Implements ``agents.protocol.Till``. ``history`` tells what commits say that a case has cost."""

    def __init__(self, place: Place, history: Callable[[str], Decimal] = lambda case: NOTHING) -> None:
        self._folder = place.store / "till"
        self._journal, self._heads = self._folder / "journal.jsonl", self._folder / "heads"
        self._history = history
        self._known: dict[str, Decimal] = {}
        self._guard = threading.RLock()
        self._open: dict[str, str] = {}
        self._mine, self._numbers = token_hex(4), count(1)
        self.budget = Budget()
        self.closed = ""
        self.entries = self._load()

    # -- calls

    def held(self, call: Call) -> bytes | None:
        """The reply to this very request, where it is on disk already."""
        found = self._read(self._file(call.packet, call.digest))
        return found.partition(b"\n")[2] if found is not None else None

    def reserve(self, call: Call) -> None:
        """Write down that a call is about to begin; Stopped where its worst case does not fit into the budget."""
        with self._guard:
            if self.closed:
                raise Stopped("interrupted", self.closed, "decisions run")
            self._fits(call)
            self._write_down(call)
        passing("after-reserve")

    def _write_down(self, call: Call) -> None:
        packet, name = call.packet, f"{self._mine}-{next(self._numbers)}"
        made = Entry(packet.case, packet.phase, packet.slot, packet.role, call.model, _today(), call.digest, call.worst)
        self._note("open", name, case=made.case, phase=made.phase, slot=made.slot, role=made.role, model=made.model, day=made.day,
                   digest=made.digest, usd=_text(made.usd))  # fmt: skip
        self.entries[name] = made
        self._open[call.digest] = name

    def resume(self, call: Call) -> None:
        """Take up the reservation of an earlier run, or write one down: the call is out already, whatever the budget says."""
        with self._guard:
            held = (
                name for name, entry in self.entries.items() if entry.digest == call.digest and entry.state == "open"
            )
            name = self._open.get(call.digest) or next(held, "")
            if name:
                self._open[call.digest] = name
            else:
                self._write_down(call)

    def promise(self, packet: Packet, promise: Promise) -> None:
        """Write down that a question goes out with a batch, and the id of that once it is known."""
        self._put(self._file(packet, _PROMISE), json.dumps(promise._asdict()).encode())
        passing("after-promise-id" if promise.batch else "after-promise")

    def promised(self, packet: Packet) -> Promise | None:
        """What was written down of this very question."""
        found = self._promise(self._file(packet, _PROMISE))
        return found if found and found.key == packet.key else None

    def promises(self) -> Sequence[Promise]:
        """What was written down of all questions that have no answer yet."""
        return [found for file in sorted(self._folder.glob(f"*/{_PROMISE}")) if (found := self._promise(file))]

    def _promise(self, file: Path) -> Promise | None:
        data = self._read(file)
        try:
            said = json.loads(data) if data else {}
            return Promise(str(said["key"]), float(said["at"]), tuple(map(str, said["keys"])), str(said["batch"]))
        except (ValueError, KeyError, TypeError):
            return None

    def warm(self, head: str) -> None:
        """Write down that the service has just cached a head for an hour."""
        with self._guard:
            for file in self._heads.glob("*"):
                if file.stat().st_mtime < time.time() - _HOURS:
                    file.unlink()
            self._put(self._heads / head, str(time.time()).encode())

    def warmed(self, head: str) -> float:
        """When a head was cached last (seconds of the clock on the wall, 0 for never)."""
        return float(self._read(self._heads / head) or 0)

    def keep(self, call: Call, reply: bytes, cost: Decimal | None) -> None:
        """Put a paid reply on disk, then its cost in place of the reservation."""
        passing("before-keep")
        head = f"{_text(cost) or ''} {self._open.get(call.digest, '')}\n"
        self._put(self._file(call.packet, call.digest), head.encode() + reply)
        self._settle(call, "paid", cost)
        passing("after-keep")

    def lost(self, call: Call) -> None:
        """Leave a reservation as it is for good: the call brought nothing and may have been billed."""
        with self._guard:
            self._open.pop(call.digest, None)

    def release(self, call: Call) -> None:
        """Take a reservation back: the call was certainly not billed."""
        self._settle(call, "released", None)

    def _settle(self, call: Call, state: Literal["paid", "released"], cost: Decimal | None) -> None:
        with self._guard:
            name = self._open.pop(call.digest, "")
            if name:
                self._note(state, name, usd=_text(cost))
                self.entries[name] = replace(self.entries[name], state=state, usd=cost)

    # -- money

    def _fits(self, call: Call) -> None:
        case = call.packet.case
        limits = (("case", self.budget.case, f"the case {case}"), ("day", self.budget.day, "this day"))
        for name, limit, what in limits:
            if limit is None:
                continue
            if call.worst is None:
                said = f"nobody said what {call.model} costs, so a budget cannot be kept"
                raise Stopped("unpriced", said, f'add [prices."{call.model}"] to decisions.toml')
            spent = self.spent(case) if name == "case" else self.today()
            if spent + call.worst > limit:
                gone = f"${spent:.4f} of ${limit} for {what} are spent or set aside"
                said = f"{call.packet.slot}: {gone}, the next call may cost ${call.worst:.4f}"
                raise Stopped("budget", said, f"raise budget.{name} in decisions.toml, or: decisions cost")

    def spent(self, case: str) -> Decimal:
        """USD that a case has cost, or may have: what its commits say, and what no commit says yet."""
        with self._guard:
            if case not in self._known:
                self._known[case] = self._history(case)
            mine = (entry.counts for entry in self.entries.values() if entry.case == case and not entry.recorded)
            return sum(mine, self._known[case])

    def today(self) -> Decimal:
        """USD that this clone has spent today, or may have."""
        day = _today()
        with self._guard:
            return sum((entry.counts for entry in self.entries.values() if entry.day == day), NOTHING)

    def unrecorded(self, case: str, phase: str, slot: str) -> Decimal | None:
        """What a slot has cost that no commit says yet; None where nothing was paid, or not all of it has a price."""
        paid = [entry.usd for entry in self._of(case, phase, slot).values() if entry.state == "paid"]
        return None if not paid or any(usd is None for usd in paid) else sum((usd for usd in paid if usd), NOTHING)

    def recorded(self, packet: tuple[str, str, str, str]) -> None:
        """A commit carries the answer of this slot and what was paid for it: its replies go."""
        case, phase, slot, _ = packet
        with self._guard:
            found = [name for name, entry in self._of(case, phase, slot).items() if entry.state == "paid"]
            if found:
                self._note("recorded", *found)
            for name in found:
                entry = self.entries[name]
                self.entries[name] = replace(entry, recorded=True)
                if case in self._known:
                    self._known[case] += entry.counts
        self.clear(packet)

    def clear(self, packet: tuple[str, str, str, str]) -> None:
        """Forget the replies of a slot; what they cost stays in the journal."""
        folder = self._folder / _name(*packet)
        if folder.is_dir():
            shutil.rmtree(folder)

    def _of(self, case: str, phase: str, slot: str) -> dict[str, Entry]:
        with self._guard:
            return {
                name: entry for name, entry in self.entries.items()
                if (entry.case, entry.phase, entry.slot) == (case, phase, slot) and not entry.recorded
            }  # fmt: skip

    # -- disk

    def _file(self, packet: Packet, digest: str) -> Path:
        return self._folder / _name(packet.case, packet.phase, packet.slot, packet.pinned) / digest

    def _put(self, file: Path, content: bytes) -> None:
        """A file with its own digest as the first line."""
        for folder in (self._folder, file.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(file, f"{hashlib.sha256(content).hexdigest()}\n".encode() + content, 0o600)

    def _read(self, file: Path) -> bytes | None:
        """What ``_put`` was given; a damaged file is set aside, never used."""
        data = read_regular(file, _LARGEST)
        if data is None:
            return None
        digest, _, content = data.partition(b"\n")
        if digest == hashlib.sha256(content).hexdigest().encode():
            return content
        with suppress(FileNotFoundError):
            file.rename(file.with_suffix(".damaged"))
        return None

    def _note(self, event: str, *names: str, **values: str | None) -> None:
        """One line more; its end comes first, so that a line torn by a crash does not spoil it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        line = "\n" + json.dumps({"do": event, "ids": names, **values})
        descriptor = os.open(self._journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def _load(self) -> dict[str, Entry]:
        """The journal; a call whose reply is on disk was paid, whatever the journal had time to say."""
        entries: dict[str, Entry] = {}
        for line in self._lines():
            _apply(entries, line)
        for name, entry in entries.items():
            if entry.state == "open" and not entry.recorded:
                entries[name] = self._found(name, entry)
        return entries

    def _found(self, name: str, entry: Entry) -> Entry:
        """An open call, paid where the reply is its own; one that was lost before the same request was sent again stays as it is."""
        for file in self._folder.glob(f"*/{entry.digest}"):
            usd, _, own = (self._read(file) or b"").partition(b"\n")[0].decode("ascii", "replace").partition(" ")
            if own == name:
                return replace(entry, state="paid", usd=_money(usd or None))
        return entry

    def _lines(self) -> Iterator[dict[str, object]]:
        if not self._journal.is_file():
            return
        for line in self._journal.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                continue  # torn by a crash: the reply beside it tells
            if isinstance(value, dict):
                yield value


def _apply(entries: dict[str, Entry], line: dict[str, object]) -> None:
    ids = [str(name) for name in line.get("ids", [])]  # type: ignore[attr-defined]
    values = {key: str(value) for key, value in line.items() if key in Entry.__dataclass_fields__ and value is not None}
    for name in ids:
        if line.get("do") == "open" and len(values) >= 7:
            entries[name] = Entry(**{**values, "usd": _money(line.get("usd"))})  # type: ignore[arg-type]
        elif name in entries and line.get("do") == "recorded":
            entries[name] = replace(entries[name], recorded=True)
        elif name in entries:
            state: Literal["paid", "released"] = "paid" if line.get("do") == "paid" else "released"
            entries[name] = replace(entries[name], state=state, usd=_money(line.get("usd")))


def _name(case: str, phase: str, slot: str, pinned: str) -> str:
    return hashlib.sha256("\0".join((case, phase, slot, pinned)).encode("utf-8", "surrogateescape")).hexdigest()[:40]


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _text(usd: Decimal | None) -> str | None:
    return None if usd is None else f"{usd:f}"


def _money(value: object) -> Decimal | None:
    try:
        return Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
