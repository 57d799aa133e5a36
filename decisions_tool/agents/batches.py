"""Message Batches as a backend: a phase's questions go out together, each in a single turn, at half price. Collecting is idempotent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from decisions_tool.agents import asking
from decisions_tool.agents.anthropic import Anthropic, look_through, named, redo
from decisions_tool.agents.clearing import cleared
from decisions_tool.agents.prices import Tariff, tariff
from decisions_tool.agents.protocol import Answer, Call, Later, Packet, Promise, Stopped, Ticket, Unanswered
from decisions_tool.agents.stream import Failed, Message, usage_of, whole
from decisions_tool.failpoints import passing

#: Seconds between two looks at a batch, and for which one look may take.
_EVERY, _LOOK = (2.0, 5.0, 10.0, 20.0, 30.0), 120.0
#: Seconds that an hour's cache is relied on.
_KEPT = 3_300.0
#: Seconds that clocks may differ by, and that a batch may take to be there whose creator died.
_SKEW, _SETTLED = 300.0, 5.0


class _Item(NamedTuple):
    """One question of a batch: its request, and the call that pays for it."""

    packet: Packet
    tariff: Tariff
    params: dict[str, Any]
    call: Call


class Gone(Exception):
    """The service does not know a batch, or does not know it any more."""


class Batches(Anthropic):
    """``wait`` is for how many seconds a run waits for a batch before it leaves it to a later one."""

    name = "batches"

    def __init__(
        self, *means: Any, wait: float = 3_600.0, sleep: Callable[[float], object] | None = None, **more: Any
    ) -> None:
        super().__init__(*means, **more)
        self._patience = wait
        self._found: dict[str, dict[str, Any]] = {}
        self._looks: dict[str, int] = {}
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait

    def stop(self) -> None:
        self._stopped.set()
        super().stop()

    # -- handing in

    def submit(self, packets: Sequence[Packet]) -> list[Ticket]:
        """Hand in what no batch asks yet; what one asks already is only collected."""
        if not packets:
            return []
        self._wire.ready()
        self._end = time.monotonic() + self._patience
        held = {packet.key for packet in packets if self._till.held(self._call_for(packet)) is not None}
        under = {p.key: p.batch if p.key in held else self._under(p) for p in packets}
        fresh = [packet for packet in packets if packet.key not in held and not under[packet.key]]
        if fresh:
            first = {self._head(packet) for packet in packets if under[packet.key] and packet.key not in held}
            under |= self._hand_in(fresh, first)
        return [Ticket(packet, self._told(packet, under[packet.key]), under[packet.key]) for packet in packets]

    @staticmethod
    def _told(packet: Packet, batch: str) -> str:
        what = f"batch {batch} is under way" if batch else "goes out when what it shares is in the cache"
        return f"{packet.slot}: {what}"

    def _under(self, packet: Packet) -> str:
        """The batch that still has, or will have, the answer to this very question."""
        promise = self._till.promised(packet)
        for batch in filter(None, dict.fromkeys((promise.batch if promise else "", packet.batch))):
            try:
                if not self._ended(batch) or self._found[batch].get(packet.key, {}).get("type") == "succeeded":
                    return batch
            except Gone:
                return batch  # whoever collects it is told
        return ""

    def _hand_in(self, packets: Sequence[Packet], first: Set[str]) -> dict[str, str]:
        """Key -> batch: a new one, or the one that was created just before a run died; empty for what does not go out yet."""
        found = self._lost(packets)
        first = first | {self._head(packet) for packet in packets if packet.key in found}
        going = self._going([packet for packet in packets if packet.key not in found], first)
        made = dict.fromkeys((item.packet.key for item in going), self._create(going) if going else "")
        return {**{packet.key: "" for packet in packets}, **found, **made}

    def _going(self, packets: Sequence[Packet], first: Set[str]) -> list[_Item]:
        """Requests for what goes out now. Of slots that share a head one goes first, so that the others find it in the cache."""
        groups: dict[str, list[_Item]] = {}
        for packet in packets:
            look_through(packet, self._known)
            found = self._tariff(packet)
            item = _Item(packet, found, self._request(packet, found), self._call_for(packet))
            groups.setdefault(self._head(packet), []).append(item)
        return [item for head, items in groups.items() for item in self._first(head, items, head in first)]

    def _first(self, head: str, items: list[_Item], led: bool) -> list[_Item]:
        """What goes out of the slots with a head; ``led`` says that one of them is out already."""
        one, count = items[0], len(items)
        price, tokens = one.tariff.price, one.packet.shared // 4
        if price is None or tokens < one.tariff.cacheable:
            return [item._replace(params=asking.unmarked(item.params)) for item in items]
        if time.time() - self._till.warmed(head) < _KEPT:
            return items
        if price.write_hour + (count - 1) * price.read < count * price.input:
            return [] if led else items[:1]
        return [item._replace(params=asking.unmarked(item.params)) for item in items]

    def _create(self, items: Sequence[_Item]) -> str:
        """Hand in a batch; everything about it is on disk before it goes out."""
        packets = [item.packet for item in items]
        promise = Promise("", time.time(), tuple(packet.key for packet in packets))
        for packet in packets:
            self._till.promise(packet, promise._replace(key=packet.key))
        self._reserve_all(items)
        requests = [{"custom_id": item.packet.key, "params": item.params} for item in items]
        try:
            batch = self._wire.create_batch(requests, time.monotonic() + _LOOK)
        except Failed as failed:
            if not failed.billed:
                for item in items:
                    self._till.release(item.call)
            raise Stopped(failed.outcome, f"the batch was not taken: {failed.said}", "decisions run") from None
        passing("after-create")
        for packet in packets:
            self._till.promise(packet, promise._replace(key=packet.key, batch=batch))
        return batch

    def _reserve_all(self, items: Sequence[_Item]) -> None:
        """Reservations for all calls of a batch, or for none."""
        for number, item in enumerate(items):
            try:
                self._till.reserve(item.call)
            except Stopped:
                for earlier in items[:number]:
                    self._till.release(earlier.call)
                raise

    # -- batches whose id was never written down

    def _lost(self, packets: Sequence[Packet]) -> dict[str, str]:
        """Key -> batch of questions that a run promised to one before it died; a promise that came to nothing cost nothing."""
        promised = [(packet, promise) for packet in packets if (promise := self._till.promised(packet))]
        out = [
            (packet, promise) for packet, promise in promised if packet.key not in self._found.get(promise.batch, {})
        ]
        lost = [promise for _, promise in out]
        if not lost:
            return {}
        try:
            found = self._search(lost)
            pause = max(promise.at for promise in lost) + _SETTLED - time.time()
            if len(found) < len(lost) and pause > 0:
                self._sleep(min(pause, _SETTLED))
                found = self._search(lost)
        except Failed as failed:
            raise named(packets[0], failed) from None
        for packet, promise in out:
            self._till.resume(self._call_for(packet))
            if packet.key in found:
                self._till.promise(packet, promise._replace(batch=found[packet.key]))
            else:
                self._till.release(self._call_for(packet))
        return found

    def _search(self, lost: Sequence[Promise]) -> dict[str, str]:
        """Key -> batch, by what was written down of others in the same batch, else by what the service lists."""
        named = [promise for promise in self._till.promises() if promise.batch and promise.batch not in self._found]
        found = {p.key: other.batch for p in lost for other in named if (other.at, other.keys) == (p.at, p.keys)}
        left = [promise for promise in lost if promise.key not in found]
        for batch in self._listed(min(promise.at for promise in left)) if left else ():
            if batch["id"] not in {promise.batch for promise in named}:
                found |= {promise.key: str(batch["id"]) for promise in left if self._asks(batch, promise)}
        return found

    def _listed(self, since: float) -> Iterator[dict[str, Any]]:
        """Batches that were created since then, newest first."""
        after = ""
        while page := self._wire.batches(time.monotonic() + _LOOK, after):
            for batch in page:
                if _moment(batch) < since - _SKEW:
                    return
                yield batch
            after = str(page[-1]["id"])

    def _asks(self, batch: Mapping[str, Any], promise: Promise) -> bool:
        """Whether a batch asks a question; one under way tells only when it was created and how many it asks."""
        if _count(batch) != len(promise.keys) or _moment(batch) > promise.at + _LOOK + _SKEW:
            return False
        return batch.get("processing_status") != "ended" or promise.key in self._outcomes(batch)

    # -- requests

    def _tariff(self, packet: Packet) -> Tariff:
        return tariff(packet.model, self._prices)

    @staticmethod
    def _request(packet: Packet, found: Tariff) -> dict[str, Any]:
        return asking.first(packet, found, lifetime="1h", tools=False)

    def _head(self, packet: Packet) -> str:
        """The name of what a question shares with others; its own key where that is nothing."""
        params = self._request(packet, self._tariff(packet))
        return asking.head_name(params) if "system" in params else packet.key

    def _call_for(self, packet: Packet) -> Call:
        """The call of a question in a batch, whether or not its head is cached."""
        found = self._tariff(packet)
        params = self._request(packet, found)
        worst = found.worst(asking.bound(params), params["max_tokens"], batch=True)
        return Call(asking.digest(packet, {"batch": found.model}), packet, found.model, worst)

    # -- collecting

    def collect(self, ticket: Ticket) -> Answer | None:  # type: ignore[override]
        packet, found = ticket.packet, self._tariff(ticket.packet)
        held = self._till.held(self._call_for(packet))
        try:
            if held is None and not (ticket.batch and self._wait_for(ticket.batch)):
                return None
        except Gone:
            said = f"{packet.slot}: the service does not know batch {ticket.batch} any more"
            raise Unanswered("unusable", said, redo(packet)) from None
        message = whole(json.loads(held)) if held is not None else self._result(packet, found, ticket.batch)
        return self.converse(packet, found, self._request(packet, found), message)

    def _result(self, packet: Packet, found: Tariff, batch: str) -> Message:
        """The reply in a batch that has ended, safe in the till first. What errored or expired cost nothing and is asked again."""
        result, call = self._found[batch].get(packet.key, {}), self._call_for(packet)
        kind = str(result.get("type", "missing"))
        self._till.resume(call)
        if kind != "succeeded":
            self._till.release(call)
            raise Later(
                "timeout" if kind == "expired" else "unusable",
                f"{packet.slot}: {kind} in batch {batch}",
                "decisions run",
            )
        try:
            message = cleared(whole(result.get("message")), self._known)
        except Failed as failed:
            raise Unanswered(failed.outcome, f"{packet.slot}: {failed.said} in batch {batch}", redo(packet)) from None
        used = usage_of(message)
        self._till.keep(call, json.dumps(message).encode(), found.cost(used, batch=True))
        if used.write_hour or used.read:
            self._till.warm(self._head(packet))
        return message

    def _wait_for(self, batch: str) -> bool:
        """Wait until a batch has ended, all threads with one look at a time; False when it takes longer than a run waits."""
        while True:
            with self._guard:
                if batch in self._found or self._ended(batch):
                    return True
                looks = self._looks[batch] = self._looks.get(batch, 0) + 1
            pause = _EVERY[min(looks, len(_EVERY)) - 1]
            if time.monotonic() + pause > self._end or self._stopped.is_set():
                return False
            self._sleep(pause)

    def _ended(self, batch: str) -> bool:
        """Whether a batch has ended; its results are then at hand."""
        if batch in self._found:
            return True
        try:
            found = self._wire.batch(batch, time.monotonic() + _LOOK)
            if found.get("processing_status") != "ended":
                return False
            self._outcomes(found)
        except Failed as failed:
            if failed.gone:
                raise Gone from None
            if failed.again and not failed.fatal:
                return False
            raise Stopped(failed.outcome, f"batch {batch}: {failed.said}", "decisions run") from None
        return True

    def _outcomes(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """What came of each question of a batch that has ended; all of it, since what is missing would be asked again."""
        name = str(batch["id"])
        if name not in self._found:
            found = self._wire.results(name, time.monotonic() + _LOOK)
            if len(found) < _count(batch):
                raise Failed("cut-off", "the results end before their end", billed=False, again=True)
            self._found[name] = found
            passing("after-results")
        return self._found[name]


def _count(batch: Mapping[str, Any]) -> int:
    """How many questions a batch asks."""
    counts = batch.get("request_counts") or {}
    return sum(value for value in counts.values() if isinstance(value, int))


def _moment(batch: Mapping[str, Any]) -> float:
    from datetime import datetime

    try:
        return datetime.fromisoformat(str(batch.get("created_at"))).timestamp()
    except ValueError:
        return 0.0
