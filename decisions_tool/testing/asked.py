"""What a brain is asked and what it says; two brains that are ready to use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from decisions_tool.testing.prompt import items, mapping, plain_text, string


@dataclass(frozen=True)
class Asked:
    """A request, read; whatever is missing or of another type is empty. ``turn`` counts from 1."""

    path: str
    model: str
    system: str
    messages: tuple[dict[str, object], ...]
    tools: tuple[dict[str, object], ...]
    max_tokens: int
    output_config: dict[str, object]
    stream: bool
    batch: bool

    @classmethod
    def of(cls, body: dict[str, object], path: str = "/v1/messages", batch: bool = False) -> Asked:
        limit = body.get("max_tokens")
        return cls(
            path,
            string(body.get("model")),
            plain_text(body.get("system")),
            tuple(items(body.get("messages"))),
            tuple(items(body.get("tools"))),
            limit if isinstance(limit, int) else 0,
            mapping(body.get("output_config")),
            body.get("stream") is True,
            batch,
        )

    @property
    def prompt(self) -> str:
        """All the text: system and every message."""
        texts = [self.system, *(plain_text(message.get("content")) for message in self.messages)]
        return "\n\n".join(text for text in texts if text)

    @property
    def last(self) -> str:
        """The text of the last message of the user that has any."""
        said = (plain_text(m.get("content")) for m in reversed(self.messages) if m.get("role") == "user")
        return next(filter(None, said), "")

    @property
    def results(self) -> tuple[tuple[str, str], ...]:
        """(id of the tool use, text) of every tool result so far."""
        parts = (part for message in self.messages for part in items(message.get("content")))
        return tuple(
            (string(part.get("tool_use_id")), plain_text(part.get("content")))
            for part in parts
            if part.get("type") == "tool_result"
        )

    @property
    def turn(self) -> int:
        return 1 + sum(message.get("role") == "assistant" for message in self.messages)

    @property
    def effort(self) -> str:
        return string(self.output_config.get("effort"))

    @property
    def schema(self) -> dict[str, object]:
        """The JSON schema that the answer has to obey; empty where any text will do."""
        return mapping(mapping(self.output_config.get("format")).get("schema"))


@dataclass(frozen=True)
class Said:
    """An answer. ``tools`` are (name, input), ``searches`` the queries of web searches that the model made by itself.

    Without ``stop_reason`` it is tool_use or end_turn, or max_tokens where the text had to be cut. ``output_tokens`` replaces the count.
    """

    text: str = ""
    tools: Sequence[tuple[str, Mapping[str, object]]] = ()
    stop_reason: str = ""
    thinking: str = ""
    searches: Sequence[str] = ()
    output_tokens: int | None = None


Brain: TypeAlias = Callable[[Asked], Said | str]


def echo(asked: Asked) -> Said:
    """Say what was asked last."""
    return Said(asked.last)


def script(lines: Sequence[Said | str]) -> Brain:
    """Say one line after the other, in the order in which requests arrive; one request too many is an error."""
    left = list(reversed(lines))
    lock = Lock()

    def brain(asked: Asked) -> Said | str:
        with lock:
            if not left:
                raise IndexError(f"the script has {len(lines)} lines, and one more was asked for")
            return left.pop()

    return brain
