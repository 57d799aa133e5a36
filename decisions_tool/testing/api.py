"""What the API does with a request: key, fault, endpoint. It opens no connection and sends nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from decisions_tool.testing.answering import Answering
from decisions_tool.testing.asked import Asked
from decisions_tool.testing.batches import Batches
from decisions_tool.testing.checking import refusal
from decisions_tool.testing.exchanges import Exchange
from decisions_tool.testing.faults import Fault, Faults, Met, read
from decisions_tool.testing.limits import Limits
from decisions_tool.testing.messages import stream
from decisions_tool.testing.prompt import blocks, mapping, string
from decisions_tool.testing.replies import EVENTS, Reply, error, result

_BATCH = re.compile(r"/v1/messages/batches/([\w-]+)(?:/(results|cancel))?")
_VERBS = {("GET", None): "", ("GET", "results"): "results", ("POST", "cancel"): "cancel", ("DELETE", None): "delete"}
_LARGEST = 32_000_000
_LARGEST_BATCH = 256_000_000


def _nothing() -> None:
    """What begins with a reply that writes no cache."""


class Outcome(NamedTuple):
    """A reply and how it travels; ``begin`` is called before its first byte, ``slow`` where a model has to think."""

    reply: Reply
    way: str = ""
    value: float = 0.0
    begin: Callable[[], None] = _nothing
    slow: bool = False


class Api:
    def __init__(
        self, answering: Answering, batches: Batches, faults: Faults, clock: Callable[[], float], key: str, limits: bool
    ) -> None:
        self._answering = answering
        self._batches = batches
        self._faults = faults
        self._clock = clock
        self._key = key
        self._limits = Limits() if limits else None

    def handle(self, exchange: Exchange, key: str, content: bytes) -> Outcome:
        """Everything up to the first byte of the reply; the exchange is filled in."""
        outcome = self._handle(exchange, key, content)
        headers = {"request-id": exchange.request_id, **outcome.reply.headers}
        if self._limits:
            headers |= self._limits.headers(exchange.usage, self._clock())
        exchange.status = 0 if outcome.way in ("reset", "close") else outcome.reply.status
        return outcome._replace(reply=replace(outcome.reply, headers=headers))

    def _handle(self, exchange: Exchange, key: str, content: bytes) -> Outcome:
        now = self._clock()
        self._batches.settle(now)
        if not key or (self._key and key != self._key):
            return Outcome(error(401, "authentication_error", "invalid api key"))
        path = urlsplit(exchange.path).path
        if len(content) > (_LARGEST_BATCH if path == "/v1/messages/batches" else _LARGEST):
            return Outcome(error(413, "request_too_large", "Request exceeds the maximum size"))
        body = _parsed(content) if content else {}
        if body is None:
            return Outcome(error(400, "invalid_request_error", "The request body is not a JSON object."))
        exchange.body, exchange.model = body, string(body.get("model"))
        met = read(self._faults.pick(Asked.of(body, path)))
        return self._meet(exchange, path, now, met) if met else self._route(exchange, path, now, None)

    def _meet(self, exchange: Exchange, path: str, now: float, met: tuple[Fault, float]) -> Outcome:
        """A fault in place of an answer, or an answer and what the fault makes of it; a refused request stays refused."""
        fault, value = met
        if fault.instead:
            exchange.fault = fault.name
            return Outcome(fault.instead(Met(value, exchange.body.get("stream") is True, now)), fault.way, value)
        outcome = self._route(exchange, path, now, fault)
        if outcome.reply.status != 200:
            return outcome
        reply = fault.reply(outcome.reply) if fault.reply else outcome.reply
        if fault.way or reply is not outcome.reply or (fault.message and outcome.slow):
            exchange.fault = fault.name
        return outcome._replace(reply=reply, way=fault.way, value=value)

    def _route(self, exchange: Exchange, path: str, now: float, fault: Fault | None) -> Outcome:
        match exchange.method, path:
            case "POST", "/v1/messages":
                return self._message(exchange, now, fault)
            case "POST", "/v1/messages/count_tokens":
                return Outcome(self._count(exchange.body))
            case "POST", "/v1/messages/batches":
                return Outcome(self._batches.create(exchange.body, now))
            case "GET", "/v1/messages/batches":
                return Outcome(self._batches.page(dict(parse_qsl(urlsplit(exchange.path).query))))
        found = _BATCH.fullmatch(path)
        verb = _VERBS.get((exchange.method, found[2])) if found else None
        if found is None or verb is None:
            return Outcome(error(404, "not_found_error", f"{exchange.method} {path}"))
        return Outcome(self._batches.one(found[1], verb, now))

    def _message(self, exchange: Exchange, now: float, fault: Fault | None) -> Outcome:
        if refused := refusal(exchange.body, self._answering.models):
            return Outcome(error(*refused))
        looked = self._answering.look(exchange.body, now)
        message = self._answering.answer(exchange, looked)
        if message is None:
            return Outcome(error(500, "api_error", f"the brain failed: {self._answering.failures[-1]!r}"))
        if fault and fault.message:
            message = {**message, **fault.message}
        streamed = exchange.body.get("stream") is True
        reply = Reply(200, stream(message), EVENTS) if streamed else result(message)
        return Outcome(reply, begin=lambda: self._answering.cache.begin(looked, self._clock()), slow=True)

    def _count(self, body: dict[str, object]) -> Reply:
        if refused := refusal(body, self._answering.models, counting=True):
            return error(*refused)
        return result({"input_tokens": sum(block.tokens for block in blocks(body))})


def _parsed(content: bytes) -> dict[str, object] | None:
    try:
        return mapping(json.loads(content)) or None
    except ValueError:
        return None


def presented_key(headers: Mapping[str, str]) -> str:
    """The key of a request, by either header."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key", "") or (token.strip() if scheme.lower() == "bearer" else "")
