"""The Anthropic API as a backend: one conversation a slot, paid through the till, held to its limits by the clock on the wall."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from decisions_tool.agents import asking, secrets
from decisions_tool.agents.clearing import WITHHELD, cleared
from decisions_tool.agents.heads import Heads
from decisions_tool.agents.prices import Tariff, Usage, tariff
from decisions_tool.agents.protocol import Answer, Call, Packet, Repository, Stopped, Ticket, Till, Unanswered
from decisions_tool.agents.rate import Gate
from decisions_tool.agents.reading import Reading
from decisions_tool.agents.stream import Failed, Message, text_of, usage_of, whole
from decisions_tool.agents.wire import LONGEST_WAIT, Wire
from decisions_tool.config import Price

#: How often a request is sent: when it was certainly not billed, and when it may have been.
_TRIES, _TRIES_BILLED = 6, 2
_NAMES = ("input", "output", "cache-write", "cache-write-hour", "cache-read", "searches")
_ENDS = {
    "max_tokens": ("truncated", "the reply is longer than it may be", "raise run.output in decisions.toml, then: {redo}"),
    "model_context_window_exceeded": ("truncated", "the question is longer than the model can read", "{redo}"),
    "refusal": ("refused", "the model refuses to answer", "{redo}"),
    "stop_sequence": ("malformed", "the reply ends at a sequence that nobody asked for", "{redo}"),
}  # fmt: skip


@dataclass
class _Talk:
    """One conversation so far."""

    packet: Packet
    tariff: Tariff
    end: float
    reading: Reading
    params: dict[str, Any]
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = Decimal()
    calls: int = 0
    corrected: bool = False

    @property
    def unmet(self) -> tuple[str, ...]:
        """What the phase asks of an agent and this one has not done. A file that is not given to anybody is nobody's duty."""
        known = {*self.packet.given, *self.reading.opened, *self.reading.refused}
        met = {"prior-art": self.usage.searches > 0, "key-files": known.issuperset(self.packet.files)}
        return tuple(name for name in self.packet.owes if not met.get(name, False))

    def took(self, message: Message, batch: bool = False) -> None:
        """Add what a message cost."""
        used = usage_of(message)
        cost = self.tariff.cost(used, batch)
        self.usage, self.calls = self.usage.plus(used), self.calls + 1
        self.cost = None if self.cost is None or cost is None else self.cost + cost


class Anthropic:
    """Implements ``agents.protocol.Backend``."""

    name = "anthropic"

    def __init__(
        self, wire: Wire, till: Till, view: Callable[[str], Repository], prices: Mapping[str, Price], known: Sequence[str] = (),
        gate: Gate | None = None,
    ) -> None:  # fmt: skip
        self._wire, self._till, self._view, self._prices, self._known = wire, till, view, prices, tuple(known)
        self._gate = gate or Gate()
        self._heads = Heads()

    def submit(self, packets: Sequence[Packet]) -> list[Ticket]:
        if packets:
            self._wire.ready()
        return [Ticket(packet) for packet in packets]

    def collect(self, ticket: Ticket) -> Answer:
        packet = ticket.packet
        found = tariff(packet.model, self._prices)
        return self.converse(packet, found, asking.first(packet, found))

    def stop(self) -> None:
        self._wire.stop()

    def converse(self, packet: Packet, found: Tariff, params: dict[str, Any], said: Message | None = None) -> Answer:
        """Talk until there is an answer that fits; ``said`` is a reply to the first request that came in another way."""
        look_through(packet, self._known)
        reading = Reading(self._view(packet.pinned), self._known)
        talk = _Talk(packet, found, time.monotonic() + packet.limits.seconds, reading, params)
        while True:
            message = said or self._call(talk)
            talk.took(message, batch=said is not None)
            said = None
            body = self._take(talk, message)
            if body is not None:
                return self._answer(talk, body)

    # -- one turn

    def _take(self, talk: _Talk, message: Message) -> str | None:
        """The body that a message brings, or None when the conversation goes on."""
        stop, content = message["stop_reason"], message["content"]
        if stop in _ENDS:
            outcome, what, hint = _ENDS[stop]
            details = message.get("stop_details")
            detail = details.get("category") if isinstance(details, dict) else None
            raise _unanswered(talk.packet, outcome, f"{what}{f' ({detail})' if detail else ''}", hint)
        if stop == "pause_turn":  # the service goes on with its own tools where the last word is not ours
            own = any(block["type"] == "server_tool_use" for block in content)
            self._go_on(talk, content, *(() if own else (asking.go_on(),)))
        elif stop == "tool_use":
            self._go_on(talk, content, *self._results(talk, content))
        else:
            return self._body(talk, content, text_of(message), message.get(WITHHELD, ""))
        return None

    def _go_on(self, talk: _Talk, said: list[dict[str, Any]], *blocks: dict[str, Any]) -> None:
        if talk.calls > talk.packet.limits.turns:
            raise _unanswered(
                talk.packet, "turns", f"no answer after {talk.calls} turns", "raise run.turns, then: {redo}"
            )
        more = (asking.last_call(),) if talk.calls == talk.packet.limits.turns and blocks else ()
        talk.params = asking.further(talk.params, said, *blocks, *more)

    def _results(self, talk: _Talk, content: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for block in content:
            if block["type"] == "tool_use":
                result = talk.reading.call(str(block.get("name")), block.get("input"))
                found.append(asking.result(block, result.text, result.is_error))
        return found or [asking.words("No tool was called.")]

    def _body(self, talk: _Talk, content: list[dict[str, Any]], text: str, leak: str) -> str | None:
        """The answer, where it fits; else the model is told once why not."""
        why = leak or ("it is empty" if not text.strip() else talk.packet.check(text, talk.unmet))
        if not why:
            return text
        if talk.corrected:
            raise _unanswered(
                talk.packet, "malformed", f"the answer does not fit, nor does its correction: {why}", "{redo}"
            )
        talk.corrected = True
        talk.params = asking.further(talk.params, content or [asking.words("(nothing)")], asking.correction(why))
        return None

    def _answer(self, talk: _Talk, body: str) -> Answer:
        usage = {name: str(count) for name, count in zip(_NAMES, talk.usage, strict=True) if count}
        now = time.gmtime()
        return Answer(
            body, self.name, talk.tariff.model, unmet=talk.unmet,
            usage={**usage, "calls": str(talk.calls), "cost-usd": "unpriced" if talk.cost is None else f"{talk.cost:f}"},
            created=time.strftime("%Y-%m-%dT%H:%M:%SZ", now), day=time.strftime("%Y-%m-%d", now),
        )  # fmt: skip

    # -- one call

    def _call(self, talk: _Talk) -> Message:
        """The reply to the next request, from the till where it was paid for before."""
        searches = talk.packet.limits.searches
        worst = talk.tariff.worst(asking.bound(talk.params, searches), talk.params["max_tokens"], searches)
        call = Call(asking.digest(talk.packet, talk.params), talk.packet, talk.tariff.model, worst)
        return self._held(call) or self._sent(call, talk)

    def _held(self, call: Call) -> Message | None:
        """The reply that the till holds, if it is one."""
        held = self._till.held(call)
        with suppress(Failed, ValueError):
            return whole(json.loads(held)) if held is not None else None
        return None

    def _sent(self, call: Call, talk: _Talk) -> Message:
        """Send until there is a reply, or no more time, or no sense in it."""
        tries = billed = 0
        while True:
            tries += 1
            try:
                return self._send(call, talk, tries)
            except Failed as failed:
                billed += failed.billed
                more = failed.again and tries < _TRIES and billed < _TRIES_BILLED
                wait = self._gate.opens_in()
                if not more or wait > LONGEST_WAIT or self._gate.clock() + wait >= talk.end:
                    raise named(talk.packet, failed, wait) from None

    def _send(self, call: Call, talk: _Talk, tries: int) -> Message:
        """Wait for the head and for the gate, in this order: who leads must not send before it opens."""
        head = asking.head_name(talk.params)
        leads = asking.writes(talk.params) and self._heads.enter(head, talk.end)
        try:
            self._pass(talk)
            self._reserve(call, talk)
            return self._pay(call, talk, lambda: self._heads.begun(head) if leads else None)
        except Failed as failed:
            if failed.again:
                self._gate.shut(self._gate.pause(tries) if failed.after is None else failed.after)
            raise
        finally:
            if leads:
                self._heads.failed(head)

    def _pass(self, talk: _Talk) -> None:
        longest = min(talk.end, self._gate.clock() + LONGEST_WAIT)
        if not self._gate.passes(longest, lambda: self._till.closed):
            raise Failed("limited", "the service asks to wait longer than there is time", billed=False)
        if self._gate.clock() >= talk.end:
            raise Failed("timeout", "there is no time left for a call", billed=False)

    def _reserve(self, call: Call, talk: _Talk) -> None:
        """By the bound on tokens; where that does not fit, by what the service counts."""
        try:
            self._till.reserve(call)
        except Stopped as stopped:
            if stopped.outcome != "budget" or talk.packet.limits.searches:
                raise
            tokens = self._wire.count(talk.params, talk.end)
            self._till.reserve(call._replace(worst=talk.tariff.worst(tokens + tokens // 50, talk.params["max_tokens"])))

    def _pay(self, call: Call, talk: _Talk, begun: Callable[[], None]) -> Message:
        """Send what is reserved, and settle it."""
        try:
            message = cleared(self._wire.send(talk.params, talk.end, begun), self._known)
        except Failed as failed:
            (self._till.lost if failed.billed else self._till.release)(call)
            raise
        except BaseException:
            self._till.lost(call)
            raise
        self._till.keep(call, json.dumps(message).encode(), talk.tariff.cost(usage_of(message)))
        return message


def look_through(packet: Packet, known: Sequence[str]) -> None:
    """Unanswered where a secret would leave with the prompt."""
    found = secrets.find(packet.prompt, known)
    if found is None:
        return
    where = next(
        (f"{path}:{hit.line}" for path, text in packet.documents.items() if (hit := secrets.find(text, known))),
        "the prompt",
    )
    raise Unanswered(
        "secret",
        f"{where} holds what looks like a secret ({found.name}); nothing was sent",
        "take it out and commit, then: decisions run",
    )


def _unanswered(packet: Packet, outcome: Any, what: str, hint: str) -> Unanswered:
    return Unanswered(outcome, f"{packet.slot}: {what}", hint.replace("{redo}", redo(packet)))


def redo(packet: Packet) -> str:
    from shlex import quote

    return f"decisions redo {quote(packet.case)} {packet.phase}/{packet.slot}"


def named(packet: Packet, failed: Failed, wait: float = 0.0) -> Unanswered:
    """What a failed call means for its slot, or for the whole run."""
    if failed.fatal:
        return Stopped(failed.outcome, failed.said, "look at the key and its limits, then: decisions run")
    later = f" (again in {wait:.0f} s)" if failed.outcome == "limited" and wait else ""
    again = (
        redo(packet) if failed.outcome == "unusable" else "decisions run"
    )  # the same conversation would be refused again
    return Unanswered(failed.outcome, f"{packet.slot}: {failed.said}{later}", again)
