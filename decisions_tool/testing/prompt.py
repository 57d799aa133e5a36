"""A request as the model would read it: blocks in rendered order, each with its length in tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass


def tokens(text: str) -> int:
    """The one measure of this server: a token is four characters, begun ones count."""
    return -(-len(text) // 4)


def mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[dict[str, object]]:
    """The objects of a list; a text stands for one text block, as it does in requests."""
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: object) -> str:
    return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Block:
    """``tier`` is tools, system or messages; ``form`` is what the cache compares, ``ttl`` the mark: 5m, 1h or nothing."""

    tier: str
    role: str
    text: str
    form: str
    ttl: str

    @property
    def tokens(self) -> int:
        return tokens(self.text)


def blocks(body: dict[str, object]) -> list[Block]:
    """Tools, system, messages; the mark of automatic caching falls on the last block."""
    found = list(_rendered(body))
    automatic = _ttl(body)
    if found and automatic:
        last = found.pop()
        found.append(Block(last.tier, last.role, last.text, last.form, last.ttl or automatic))
    return found


def plain_text(content: object) -> str:
    """The words of a content, without what is not text."""
    return "\n\n".join(string(block.get("text")) for block in items(content) if block.get("type") == "text")


def _rendered(body: dict[str, object]) -> Iterator[Block]:
    for tool in items(body.get("tools")):
        yield _block("tools", "", tool)
    for part in items(body.get("system")):
        yield _block("system", "", part)
    for message in items(body.get("messages")):
        for part in items(message.get("content")):
            yield _block("messages", string(message.get("role")), part)


def _block(tier: str, role: str, value: dict[str, object]) -> Block:
    bare = {name: part for name, part in value.items() if name != "cache_control"}
    form = json.dumps(bare, sort_keys=True, ensure_ascii=False)
    text = string(value.get("text")) if value.get("type") == "text" else form
    return Block(tier, role, text, form, _ttl(value))


def _ttl(value: dict[str, object]) -> str:
    control = mapping(value.get("cache_control"))
    return string(control.get("ttl", "5m")) if control else ""
