"""From the bytes of a reply to one whole message. What is cut off, strange or too large is a failure with a name. It opens nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from decisions_tool.agents.prices import Usage
from decisions_tool.agents.protocol import Outcome

Message: TypeAlias = "dict[str, Any]"
#: Bytes of one reply, and of one line of it, that are taken; tokens of one class that one reply can have.
MOST, LONGEST, _TOKENS = 32 << 20, 8 << 20, 1_000_000_000
_STOPS = {
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
}
#: Kind of a delta -> the field that it is a piece of, and where the piece stands.
_DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("input", "partial_json"),
}
#: Pieces of the blocks that are open, by index and field.
_Grown: TypeAlias = "dict[int, dict[str, list[str]]]"


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
    """The message that a stream of events builds; ``begun`` is called when it starts. What comes after its end is not read."""
    message: Message = {}
    grown: _Grown = {}
    for event in _events(chunks):
        kind = event.get("type")
        _take(message, grown, event)
        if kind == "message_start":
            begun()
        if kind == "message_stop" and not grown:
            return whole(message)
    raise Failed("cut-off", "the reply ends before its end", again=True)


def _events(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The data of each event, as an object; an event ends with an empty line."""
    data: list[bytes] = []
    seen = False
    for line in _lines(chunks):
        if line.startswith(b"data:"):
            seen = True
            data.append(line[5:])
        elif not line and data:
            yield _object(b"\n".join(data))
            data = []
        elif line and not seen and not line.startswith((b"event:", b":", b"id:", b"retry:")):
            raise Failed("malformed", "the reply is no stream of events", again=True)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, the last one too."""
    rest, size = bytearray(), 0
    for chunk in chunks:
        size += len(chunk)
        *lines, last = chunk.split(b"\n")
        for line in lines:
            yield bytes(rest + line).rstrip(b"\r")
            rest.clear()
        rest += last
        if size > MOST or len(rest) > LONGEST:
            raise Failed("malformed", f"the reply has more than {size - 1} bytes, which is too much")
    if rest:
        yield bytes(rest)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise Failed("malformed", "an event of the reply is not JSON", again=True) from None
    if not isinstance(value, dict):
        raise Failed("malformed", "an event of the reply is no object", again=True)
    return value


def _take(message: Message, grown: _Grown, event: dict[str, Any]) -> None:
    """Let one event build on the message and its open blocks. Events of a kind that nobody knows are passed over."""
    kind = event.get("type")
    if kind == "error":
        raise error_of(event.get("error"), 200)
    try:
        if kind == "message_start":
            message.update(event["message"], content=[])
        elif kind == "content_block_start":
            grown[_next(message, event["index"])] = {}
            message["content"].append(dict(event["content_block"]))
        elif kind == "content_block_delta":
            _grow(message["content"][event["index"]], grown[event["index"]], event["delta"])
        elif kind == "content_block_stop":
            _close(message["content"][event["index"]], grown.pop(event["index"]))
        elif kind == "message_delta":
            message.update(event["delta"])
            said = event.get("usage") or {}
            message["usage"].update({key: value for key, value in said.items() if value is not None})
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, RecursionError):
        raise Failed("malformed", f"an event {_shown(kind)} of the reply does not fit", again=True) from None


def _next(message: Message, index: object) -> int:
    if index != len(message["content"]):
        raise ValueError
    return len(message["content"])


def _grow(block: dict[str, Any], pieces: dict[str, list[str]], delta: dict[str, Any]) -> None:
    kind = delta["type"]
    if kind == "citations_delta":
        block["citations"] = [*(block.get("citations") or []), delta["citation"]]
    elif kind in _DELTAS:
        field, key = _DELTAS[kind]
        pieces.setdefault(field, []).append(delta[key])


def _close(block: dict[str, Any], pieces: dict[str, list[str]]) -> None:
    """Put the pieces of a block together."""
    for field, parts in pieces.items():
        text = "".join(parts)
        if field != "input":
            block[field] = block.get(field, "") + text
        elif text:
            block[field] = json.loads(text)


def _shown(value: object) -> str:
    return repr(value[:40] if isinstance(value, str) else type(value).__name__)


def whole(message: object) -> Message:
    """A message as it has to be, or Failed."""
    if not isinstance(message, dict) or message.get("type") != "message" or message.get("role") != "assistant":
        raise Failed("malformed", "the reply is no message", again=True)
    content, usage = message.get("content"), message.get("usage")
    if not isinstance(content, list) or not all(
        isinstance(b, dict) and isinstance(b.get("type"), str) for b in content
    ):
        raise Failed("malformed", "the reply has no content", again=True)
    if not isinstance(usage, dict) or not all(map(_is_count, map(usage.get, ("input_tokens", "output_tokens")))):
        raise Failed("malformed", "the reply does not say what it cost", again=True)
    if max(usage_of(message)) > _TOKENS:
        raise Failed("malformed", "the reply cannot have cost what it says", again=True)
    stop = message.get("stop_reason")
    if not isinstance(stop, str) or stop not in _STOPS:
        raise Failed("malformed", f"the reply ends for a reason that is not known: {_shown(stop)}")
    for block in content:
        if wrong := _wrong(block):
            raise Failed("malformed", f"the reply holds {wrong}", again=True)
    return _sound(message)


def _sound(message: Message) -> Message:
    """The message with U+FFFD for half characters, which can be neither sent nor written."""
    try:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        raise Failed("malformed", "the reply holds what cannot be sent back", again=True) from None
    sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return message if sound == text else dict(json.loads(sound))


def _wrong(block: dict[str, Any]) -> str:
    if block["type"] == "text" and not isinstance(block.get("text"), str):
        return "a text without text"
    if block["type"] == "tool_use" and not (isinstance(block.get("id"), str) and isinstance(block.get("input"), dict)):
        return "a call of a tool without a name or arguments"
    return ""


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
    split, served = (
        value if isinstance(value, dict) else {} for value in map(said.get, ("cache_creation", "server_tool_use"))
    )
    hour = _count(split.get("ephemeral_1h_input_tokens"))
    written = max(0, _count(said.get("cache_creation_input_tokens")) - hour)
    return Usage(
        _count(said.get("input_tokens")), _count(said.get("output_tokens")), written, hour,
        _count(said.get("cache_read_input_tokens")), _count(served.get("web_search_requests")),
    )  # fmt: skip


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def text_of(message: Message) -> str:
    return "".join(block["text"] for block in message["content"] if block["type"] == "text")
