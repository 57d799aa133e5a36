"""A reply without what must not leave again: a block in which a secret shows is neither kept on disk nor sent back. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from decisions_tool.agents.secrets import Secret, find
from decisions_tool.agents.stream import Message, text_of

#: Key of a message that says what was taken out of it.
WITHHELD = "withheld"


def cleared(message: Message, known: Sequence[str]) -> Message:
    """The message as it is, or without the blocks that hold a secret, and saying so. Texts are read as one, since they are."""
    found = [_shows(block, known) for block in message["content"]]
    texts = find(text_of(message), known)
    if texts is None and not any(found):
        return message
    gone = {block.get("id") for block, secret in zip(message["content"], found, strict=True) if secret} - {None}
    kept = [
        block
        for block, secret in zip(message["content"], found, strict=True)
        if not (secret or (texts and block["type"] == "text") or block.get("tool_use_id") in gone)
    ]
    first = texts or next(filter(None, found))
    said = {"type": "text", "text": f"(withheld: what looks like a secret, {first.name})"}
    return {
        **message,
        "content": [said, *kept],
        WITHHELD: f"line {first.line} holds what looks like a secret ({first.name})",
    }


def _shows(block: dict[str, Any], known: Sequence[str]) -> Secret | None:
    return next(filter(None, (find(text, known) for text in _strings(block))), None)


def _strings(value: object) -> Iterator[str]:
    """All texts of a block in one, then each by itself: what is split over several shows in the one."""
    found = list(_leaves(value))
    yield from ("\n".join(found), *(found if len(found) > 1 else ()))


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for key, part in value.items() for text in (*_leaves(str(key)), *_leaves(part)))
    elif isinstance(value, list):
        yield from (text for part in value for text in _leaves(part))
