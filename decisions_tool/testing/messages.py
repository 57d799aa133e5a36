"""Answers of the API: what a brain said, as a message with its usage, whole or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from decisions_tool.testing.asked import Said
from decisions_tool.testing.prompt import items, mapping, string, tokens
from decisions_tool.testing.rates import Usage

REFUSED = {"type": "refusal", "category": "cyber", "explanation": "This request could enable cyber harm."}
_PIECE = 80  # characters of one delta


def message(said: Said, model: str, limit: int, usage: Usage, ident: str, tier: str) -> tuple[dict[str, object], Usage]:
    """The message and what it costs in tokens, cut to ``limit`` tokens."""
    whole = list(_blocks(said, ident))
    content, cut = (whole, False) if said.output_tokens is not None and limit else _fit(whole, limit)
    counted = sum(_length(block) for block in content) if said.output_tokens is None else said.output_tokens
    stop = said.stop_reason or ("tool_use" if said.tools else "end_turn")
    spent = replace(
        usage,
        output=min(counted, limit),
        web_search=len(said.searches) if limit else 0,
        thinking=sum(_length(block) for block in content if block["type"] == "thinking"),
    )
    return {
        "id": f"msg_{ident}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "max_tokens" if cut or counted > limit or not limit else stop,
        "stop_sequence": None,
        "stop_details": REFUSED if stop == "refusal" else None,
        "usage": usage_json(spent, tier),
    }, spent


def usage_json(usage: Usage, tier: str) -> dict[str, object]:
    """Usage as the API writes it."""
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.thinking},
        "server_tool_use": {"web_search_requests": usage.web_search, "web_fetch_requests": 0},
        "service_tier": tier,
    }


def whole(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def event(kind: str, **values: object) -> bytes:
    return f"event: {kind}\ndata: ".encode() + whole({"type": kind, **values}) + b"\n\n"


def stream(reply: dict[str, object]) -> list[bytes]:
    """The same message as events, one piece of bytes each."""
    usage = mapping(reply.get("usage"))
    begun = {**reply, "content": [], "stop_reason": None, "stop_details": None, "usage": {**usage, "output_tokens": 1}}
    events = [event("message_start", message=begun), event("ping")]
    for index, block in enumerate(items(reply.get("content"))):
        events += _block_events(index, block)
    ending = {name: reply.get(name) for name in ("stop_reason", "stop_sequence", "stop_details")}
    final = {name: value for name, value in usage.items() if name not in ("cache_creation", "service_tier")}
    return [*events, event("message_delta", delta=ending, usage=final), event("message_stop")]


def _blocks(said: Said, ident: str) -> Iterator[dict[str, object]]:
    if said.thinking:
        yield {"type": "thinking", "thinking": said.thinking, "signature": f"signed_{ident}"}
    for index, query in enumerate(said.searches):
        use = f"srvtoolu_{ident}_{index}"
        yield {"type": "server_tool_use", "id": use, "name": "web_search", "input": {"query": query}}
        yield {"type": "web_search_tool_result", "tool_use_id": use, "content": []}
    if said.text or not said.tools:
        yield {"type": "text", "text": said.text, "citations": None}
    for index, (name, given) in enumerate(said.tools):
        yield {"type": "tool_use", "id": f"toolu_{ident}_{index}", "name": name, "input": dict(given)}


def _length(block: dict[str, object]) -> int:
    if block["type"] in ("text", "thinking"):
        return tokens(string(block[string(block["type"])]))
    return tokens(json.dumps(block["input"])) if "input" in block else 0


def _fit(content: list[dict[str, object]], limit: int) -> tuple[list[dict[str, object]], bool]:
    """As much as fits: a text is cut, anything else that does not fit is left out."""
    kept: list[dict[str, object]] = []
    if not limit:
        return [], True
    for block in content:
        length = _length(block)
        if length > limit:
            text = string(block.get("text"))[: 4 * limit]
            return [*kept, *([{**block, "text": text}] if text else [])], True
        kept.append(block)
        limit -= length
    return kept, False


def _block_events(index: int, block: dict[str, object]) -> Iterator[bytes]:
    yield event("content_block_start", index=index, content_block=_started(block))
    for delta in _deltas(block):
        yield event("content_block_delta", index=index, delta=delta)
    yield event("content_block_stop", index=index)


def _started(block: dict[str, object]) -> dict[str, object]:
    empty: dict[str, object] = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {name: empty.get(name, value) for name, value in block.items()}


def _deltas(block: dict[str, object]) -> Iterator[dict[str, object]]:
    if "text" in block:
        for piece in _pieces(string(block["text"])):
            yield {"type": "text_delta", "text": piece}
    if "thinking" in block:
        for piece in _pieces(string(block["thinking"])):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    if "input" in block:
        for piece in ["", *_pieces(json.dumps(block["input"]))]:
            yield {"type": "input_json_delta", "partial_json": piece}


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]
