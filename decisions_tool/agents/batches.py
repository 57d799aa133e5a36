"""Message Batches as a backend: a phase's questions go out together, each in a single turn, at half price. Collecting is idempotent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from decisions_tool.agents import asking
from decisions_tool.agents.anthropic import Anthropic, look_through, named
from decisions_tool.agents.prices import Tariff, tariff
from decisions_tool.agents.protocol import Answer, Call, Later, Packet, Stopped, Ticket
from decisions_tool.agents.stream import Failed, Message, usage_of, whole

#: Seconds between two looks at a batch, and for which one look may take.
_EVERY, _LOOK = (2.0, 5.0, 10.0, 20.0, 30.0), 120.0
#: Seconds that an hour's cache is relied on.
_KEPT = 3_300.0
_SKEW = 300.0


class _Item(NamedTuple):
    """One question of a batch: its request, and the call that pays for it."""

    packet: Packet
    tariff: Tariff
    params: dict[str, Any]
    call: Call


class Batches(Anthropic):
    """``wait`` is for how many seconds a run waits for a batch before it leaves it to a later one."""

    name = "batches"

    def __init__(
        self, *means: Any, wait: float = 3_600.0, sleep: Callable[[float], None] = time.sleep, **more: Any
    ) -> None:
        super().__init__(*means, **more)
        self._patience, self._sleep = wait, sleep
        self._found: dict[str, dict[str, Any]] = {}
        self._looks: dict[str, int] = {}
        self._guard = threading.Lock()
        self._stopped = threading.Event()

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
        under = {packet.key: self._under(packet) for packet in packets}
        fresh = [p for p in packets if not under[p.key] and self._till.held(self._call_for(p)) is None]
        going = self._going(fresh)
        if going:
            under |= dict.fromkeys((item.packet.key for item in going), self._hand_in(going))
        return [Ticket(packet, self._told(packet, under[packet.key]), under[packet.key]) for packet in packets]

    @staticmethod
    def _told(packet: Packet, batch: str) -> str:
        return (
            f"{packet.slot}: batch {batch}" if batch else f"{packet.slot}: goes out when what it shares is in the cache"
        )

    def _under(self, packet: Packet) -> str:
        """The batch that still has, or will have, the answer to this very question."""
        _, promised = self._till.promised(packet)
        batch = packet.batch or promised
        if not batch or not self._ended(batch):
            return batch
        return batch if self._found[batch].get(packet.key, {}).get("type") == "succeeded" else ""

    def _going(self, packets: Sequence[Packet]) -> list[_Item]:
        """Requests for what goes out now. Of slots that share a head one goes first, so that the others find it in the cache."""
        groups: dict[str, list[_Item]] = {}
        for packet in packets:
            look_through(packet, self._known)
            found = self._tariff(packet)
            params = self._request(packet, found)
            head = asking.head_name(params) if "system" in params else packet.key
            groups.setdefault(head, []).append(_Item(packet, found, params, self._call_for(packet)))
        return [item for head, items in groups.items() for item in self._first(head, items)]

    def _first(self, head: str, items: list[_Item]) -> list[_Item]:
        one, count = items[0], len(items)
        price, tokens = one.tariff.price, one.packet.shared // 4
        if price is None or tokens < one.tariff.cacheable:
            return [item._replace(params=asking.unmarked(item.params)) for item in items]
        if time.time() - self._till.warmed(head) < _KEPT:
            return items
        if price.write_hour + (count - 1) * price.read < count * price.input:
            return items[:1]
        return [item._replace(params=asking.unmarked(item.params)) for item in items]

    def _hand_in(self, items: Sequence[_Item]) -> str:
        """Create the batch, or find the one that was created just before a run died."""
        found = self._lost([item.packet for item in items])
        for item in items:
            self._till.resume(item.call) if found else self._till.reserve(item.call)
            self._till.promise(item.packet, found)
        if not found:
            found = self._create(items)
            for item in items:
                self._till.promise(item.packet, found)
        return found

    def _create(self, items: Sequence[_Item]) -> str:
        requests = [{"custom_id": item.packet.key, "params": item.params} for item in items]
        try:
            return self._wire.create_batch(requests, time.monotonic() + _LOOK)
        except Failed as failed:
            if not failed.billed:
                for item in items:
                    self._till.release(item.call)
            raise Stopped(failed.outcome, f"the batch was not taken: {failed.said}", "decisions run") from None

    def _lost(self, packets: Sequence[Packet]) -> str:
        """The batch with these questions that was created after they were promised to one, and whose id was never written down."""
        moments = [at for at, batch in map(self._till.promised, packets) if at and not batch]
        if len(moments) < len(packets):
            return ""
        keys = {packet.key for packet in packets}
        try:
            for batch in self._wire.batches(time.monotonic() + _LOOK):
                if _moment(batch) >= min(moments) - _SKEW and self._holds(batch, keys):
                    return str(batch["id"])
        except Failed as failed:
            raise named(packets[0], failed) from None
        return ""

    def _holds(self, batch: Mapping[str, Any], keys: set[str]) -> bool:
        """Whether a batch asks these questions; one under way tells only how many it asks."""
        if batch.get("processing_status") == "ended":
            return bool(keys & set(self._outcomes(str(batch["id"]))))
        counts = batch.get("request_counts") or {}
        return sum(value for value in counts.values() if isinstance(value, int)) == len(keys)

    # -- requests

    def _tariff(self, packet: Packet) -> Tariff:
        return tariff(packet.model, self._prices)

    @staticmethod
    def _request(packet: Packet, found: Tariff) -> dict[str, Any]:
        return asking.first(packet, found, lifetime="1h", tools=False)

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
        if held is None and not (ticket.batch and self._wait_for(ticket.batch)):
            return None
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
            message = whole(result.get("message"))
        except Failed as failed:
            raise named(packet, failed) from None
        used = usage_of(message)
        self._till.keep(call, json.dumps(message).encode(), found.cost(used, batch=True))
        if used.write_hour or used.read:
            self._till.warm(asking.head_name(self._request(packet, found)))
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
            if self._wire.batch(batch, time.monotonic() + _LOOK).get("processing_status") != "ended":
                return False
            self._outcomes(batch)
        except Failed as failed:
            if failed.again and not failed.fatal:
                return False
            raise Stopped(failed.outcome, f"batch {batch}: {failed.said}", "decisions run") from None
        return True

    def _outcomes(self, batch: str) -> dict[str, Any]:
        if batch not in self._found:
            self._found[batch] = self._wire.results(batch, time.monotonic() + _LOOK)
        return self._found[batch]


def _moment(batch: Mapping[str, Any]) -> float:
    from datetime import datetime

    try:
        return datetime.fromisoformat(str(batch.get("created_at"))).timestamp()
    except ValueError:
        return 0.0
