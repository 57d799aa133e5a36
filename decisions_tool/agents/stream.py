"""From the bytes of a reply to one whole message. What is cut off, strange or too large is a failure with a name. It opens nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from decisions_tool.agents.prices import Usage
from decisions_tool.agents.protocol import Outcome

Message: TypeAlias = "dict[str, Any]"
#: Bytes of one reply that are taken.
MOST = 32 << 20
_STOPS = {
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
}
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


class Failed(Exception):
    """A call that brought no message. ``billed`` is False only where that is certain.

    ``after`` are seconds that the service asks for, ``gone`` says that it knows no such thing.
    """

    def __init__(
        self,
        outcome: Outcome,
        said: str,
        *,
        billed: bool = True,
        again: bool = False,
        fatal: bool = False,
        after: float | None = None,
        gone: bool = False,
    ) -> None:
        super().__init__(said)
        self.outcome, self.said, self.billed, self.again = outcome, said, billed, again
        self.fatal, self.after, self.gone = fatal, after, gone


def read_stream(chunks: Iterable[bytes], begun: Callable[[], None]) -> Message:
    """The message that a stream of events builds; ``begun`` is called at its first event."""
    message: Message = {}
    done = False
    for event in _events(chunks):
        if not message:
            begun()
        done = _take(message, event) or done
    if not done:
        raise Failed("cut-off", "the reply ends before its end", again=True)
    return whole(message)


def _events(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The data of each event, as an object."""
    rest, size, seen = b"", 0, False
    for chunk in chunks:
        size += len(chunk)
        if size > MOST:
            raise Failed("malformed", f"the reply has more than {MOST} bytes")
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                seen = True
                yield _object(line[5:])
            elif not seen and line.strip() and not line.startswith((b"event:", b":", b"id:", b"retry:")):
                raise Failed("malformed", "the reply is no stream of events", again=True)
    if rest.strip() and not seen:
        raise Failed("malformed", "the reply is no stream of events", again=True)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise Failed("malformed", "an event of the reply is not JSON", again=True) from None
    if not isinstance(value, dict):
        raise Failed("malformed", "an event of the reply is no object", again=True)
    return value


def _take(message: Message, event: dict[str, Any]) -> bool:
    """Let one event build on the message; True at its end. Events of a kind that nobody knows are passed over."""
    kind = event.get("type")
    try:
        if kind == "message_start":
            message.update(event["message"])
            message["content"] = []
        elif kind == "content_block_start":
            message["content"].append(dict(event["content_block"]))
        elif kind == "content_block_delta":
            _grow(message["content"][event["index"]], event["delta"])
        elif kind == "message_delta":
            message.update(event["delta"])
            message["usage"].update({key: value for key, value in event.get("usage", {}).items() if value is not None})
    except (KeyError, TypeError, IndexError, ValueError, AttributeError):
        raise Failed("malformed", f"an event {str(kind)[:40]!r} of the reply does not fit", again=True) from None
    if kind == "error":
        raise error_of(event.get("error"), 200)
    return kind == "message_stop"


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    kind = delta["type"]
    if kind == "input_json_delta":
        block["_json"] = block.get("_json", "") + delta["partial_json"]
    elif kind in _DELTAS:
        block[_DELTAS[kind]] = block.get(_DELTAS[kind], "") + delta[_DELTAS[kind]]


def whole(message: object) -> Message:
    """A message as it has to be, or Failed."""
    if not isinstance(message, dict) or message.get("type") != "message" or message.get("role") != "assistant":
        raise Failed("malformed", "the reply is no message", again=True)
    content, usage = message.get("content"), message.get("usage")
    if not isinstance(content, list) or not all(
        isinstance(b, dict) and isinstance(b.get("type"), str) for b in content
    ):
        raise Failed("malformed", "the reply has no content", again=True)
    if not isinstance(usage, dict) or not all(
        isinstance(usage.get(key), int) for key in ("input_tokens", "output_tokens")
    ):
        raise Failed("malformed", "the reply does not say what it cost", again=True)
    if message.get("stop_reason") not in _STOPS:
        raise Failed(
            "malformed", f"the reply ends for a reason that is not known: {str(message.get('stop_reason'))[:40]!r}"
        )
    for block in content:
        _finish(block)
    return _sound(message)


def _sound(message: Message) -> Message:
    """The message with U+FFFD for half characters, which can be neither sent nor written."""
    text = json.dumps(message, ensure_ascii=False)
    sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return message if sound == text else dict(json.loads(sound))


def _finish(block: dict[str, Any]) -> None:
    text = block.pop("_json", None)
    if block["type"] == "text" and not isinstance(block.get("text"), str):
        raise Failed("malformed", "the reply holds a text without text", again=True)
    if text:
        try:
            block["input"] = json.loads(text)
        except (ValueError, RecursionError):
            raise Failed("malformed", "the reply calls a tool with what is not JSON", again=True) from None


def error_of(error: object, status: int) -> Failed:
    """An error that the service names in a body or in the middle of a stream."""
    kind = str(error.get("type", "")) if isinstance(error, dict) else ""
    said = str(error.get("message", ""))[:300] if isinstance(error, dict) else ""
    text = f"{kind or status}: {said}" if said else kind or f"status {status}"
    if kind == "overloaded_error" or kind == "rate_limit_error":
        return Failed("limited", text, billed=status == 200, again=True)
    if status == 200 or kind in {"api_error", "timeout_error"}:
        return Failed("unusable", text, billed=status == 200, again=True)
    return Failed("unusable", text, billed=False)


def usage_of(message: Message) -> Usage:
    """Tokens by class, as the service counts them."""
    said = message["usage"]
    split = said.get("cache_creation") or {}
    hour = _count(split.get("ephemeral_1h_input_tokens"))
    served = said.get("server_tool_use") or {}
    return Usage(
        _count(said.get("input_tokens")), _count(said.get("output_tokens")), _count(said.get("cache_creation_input_tokens")) - hour,
        hour, _count(said.get("cache_read_input_tokens")), _count(served.get("web_search_requests")),
    )  # fmt: skip


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def text_of(message: Message) -> str:
    return "".join(block["text"] for block in message["content"] if block["type"] == "text")
