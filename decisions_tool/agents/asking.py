"""What is sent: the parameters of a request, in an order that a cache can use. Stable head first, role last."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from decisions_tool.agents.prices import Tariff
from decisions_tool.agents.protocol import Packet
from decisions_tool.agents.reading import TOOLS

#: Characters a token: a low estimate for what is too short to be cached, a bound for what a call can cost is one byte a token.
_CHARACTERS = 4
#: Tokens that the service adds of its own, for tools and roles.
_ADDED = 2_000
#: Tokens that the results of one search may bring.
_SEARCH = 40_000
_NOW = "You have no further look at the repository. Answer now, in the format that was given."
_CORRECT = "Your answer cannot be taken: {why}\n\nAnswer again: the whole answer, mended, in the format that was given, and nothing else."


def first(packet: Packet, tariff: Tariff, lifetime: str = "", tools: bool = True) -> dict[str, Any]:
    """The first request of a conversation; ``lifetime`` is that of the cached head, five minutes unless it says 1h."""
    head, tail = _same(packet.prompt[: packet.shared]), packet.prompt[packet.shared :]
    params: dict[str, Any] = {
        "model": tariff.model,
        "max_tokens": min(packet.limits.output, tariff.output),
        "messages": [{"role": "user", "content": [{"type": "text", "text": tail}]}],
    }
    if head:
        params["system"] = [
            _marked({"type": "text", "text": head}, len(head) // _CHARACTERS >= tariff.cacheable, lifetime)
        ]
    if tools:
        params["tools"] = [*TOOLS, *_search(packet)]
    return params


@lru_cache(maxsize=64)
def _same(head: str) -> str:
    """One string for all slots that share a head: a thousand of them are held at once."""
    return head


def _marked(block: dict[str, Any], marked: bool, lifetime: str = "") -> dict[str, Any]:
    if not marked:
        return block
    return {**block, "cache_control": {"type": "ephemeral", **({"ttl": lifetime} if lifetime else {})}}


def _search(packet: Packet) -> list[dict[str, Any]]:
    if not packet.limits.searches:
        return []
    return [{"type": "web_search_20260318", "name": "web_search", "max_uses": packet.limits.searches}]


def further(params: dict[str, Any], said: list[dict[str, Any]], *blocks: dict[str, Any]) -> dict[str, Any]:
    """The next request: what was said before, unchanged, then ours. From the second on, all before it is worth caching."""
    unmarked = [{**m, "content": [_bare(block) for block in m["content"]]} for m in params["messages"]]
    kept = [block for block in said if block["type"] != "text" or block["text"].strip()]  # no other text may be sent
    messages = [*unmarked, {"role": "assistant", "content": kept or [words("(nothing)")]}]
    if blocks:
        messages.append({"role": "user", "content": [*blocks[:-1], _marked(blocks[-1], marked=True)]})
    return {**params, "messages": messages}


def unmarked(params: dict[str, Any]) -> dict[str, Any]:
    """A first request whose head is not to be cached."""
    return {**params, "system": [_bare(block) for block in params["system"]]} if "system" in params else params


def _bare(block: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key != "cache_control"}


def result(block: dict[str, Any], text: str, is_error: bool) -> dict[str, Any]:
    """What a tool gave, for the call that asked for it."""
    found: dict[str, Any] = {
        "type": "tool_result",
        "tool_use_id": block.get("id"),
        "content": [{"type": "text", "text": text or "(nothing)"}],
    }
    return {**found, "is_error": True} if is_error else found


def words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def last_call() -> dict[str, Any]:
    return words(_NOW)


def go_on() -> dict[str, Any]:
    return words("Go on.")


def correction(why: str) -> dict[str, Any]:
    return words(_CORRECT.format(why=why))


def digest(packet: Packet, params: dict[str, Any]) -> str:
    """What makes a request what it is: the question it belongs to, and everything that is sent."""
    text = json.dumps([packet.key, params], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def writes(params: dict[str, Any]) -> bool:
    """Whether the head of a request is to be cached."""
    return any("cache_control" in block for block in params.get("system", ()))


def head_name(params: dict[str, Any]) -> str:
    """The part of a request that others share: model, tools, head."""
    text = json.dumps([params["model"], params.get("tools"), params.get("system")], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def bound(params: dict[str, Any], searches: int = 0) -> int:
    """Tokens that a request cannot exceed: no token is shorter than a byte."""
    size = len(json.dumps(params, ensure_ascii=False).encode("utf-8", "surrogatepass")) + _ADDED
    return (size + searches * _SEARCH) * (1 + searches)
