"""Which requests the API refuses, and with what words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from decisions_tool.testing.prompt import Block, blocks, items, mapping, string
from decisions_tool.testing.rates import Model

_COUNTED = {
    "cache_control", "messages", "model", "output_config", "speed", "system", "thinking", "tool_choice", "tools", "user_profile_id",
    "workspace_id",
}  # fmt: skip
_KNOWN = _COUNTED | {
    "container", "context_management", "diagnostics", "inference_geo", "max_tokens", "mcp_servers", "metadata", "service_tier",
    "stop_sequences", "stream",
}  # fmt: skip
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_BREAKPOINTS = 4
_Rule: TypeAlias = Callable[[dict[str, object]], Iterator[str]]


class Refused(NamedTuple):
    status: int
    kind: str
    message: str


def refusal(body: dict[str, object], models: Mapping[str, Model], counting: bool = False) -> Refused | None:
    """The first complaint about a request, if there is one."""
    name = string(body.get("model"))
    if name and name not in models:
        return Refused(404, "not_found_error", f"model: {name}")
    complaints = (line for rule in (_COUNT_RULES if counting else _RULES) for line in rule(body))
    if name:
        complaints = (line for source in (complaints, _limits(body, models[name], counting)) for line in source)
    return next((Refused(400, "invalid_request_error", line) for line in complaints), None)


def batch_refusal(body: dict[str, object], limit: int) -> Refused | None:
    """The first complaint about a batch; its requests are looked at one by one when it is processed."""
    requests = items(body.get("requests"))
    if len(requests) > limit:
        return Refused(413, "request_too_large", f"requests: a batch holds at most {limit} requests")
    names = [string(request.get("custom_id")) for request in requests]
    return next((Refused(400, "invalid_request_error", line) for line in _batch_lines(requests, names)), None)


def _batch_lines(requests: list[dict[str, object]], names: list[str]) -> Iterator[str]:
    if not requests:
        yield "requests: at least one is required"
    for index, name in enumerate(names):
        if not _ID.fullmatch(name):
            yield f"requests.{index}.custom_id: should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
        if not mapping(requests[index].get("params")):
            yield f"requests.{index}.params: Field required"
    if len(set(names)) < len(names):
        yield "requests: custom_id must be unique within a batch"


def _required(body: dict[str, object]) -> Iterator[str]:
    if not string(body.get("model")):
        yield "model: Field required"
    if not items(body.get("messages")):
        yield "messages: at least one message is required"


def _only(known: set[str]) -> _Rule:
    return lambda body: (f"{name}: Extra inputs are not permitted" for name in sorted(body.keys() - known))


def _max_tokens(body: dict[str, object]) -> Iterator[str]:
    limit = body.get("max_tokens")
    if not isinstance(limit, int) or isinstance(limit, bool):
        yield "max_tokens: Field required"
    elif limit < 0:
        yield "max_tokens: Input should be greater than or equal to 0"
    elif limit == 0 and (body.get("stream") or mapping(body.get("output_config")).get("format")):
        yield "max_tokens: 0 cannot be combined with stream or output_config.format"


def _messages(body: dict[str, object]) -> Iterator[str]:
    messages = items(body.get("messages"))
    for index, message in enumerate(messages):
        if message.get("role") not in ("user", "assistant"):
            yield f"messages.{index}.role: Input should be 'user' or 'assistant'"
        if not message.get("content"):
            yield f"messages.{index}.content: must not be empty"
    paused = (
        any(part.get("type") == "server_tool_use" for part in items(messages[-1].get("content"))) if messages else False
    )
    if messages and messages[-1].get("role") == "assistant" and not paused:
        yield "messages: this model does not support assistant message prefill; the conversation must end with a user message"


def _tool_results(body: dict[str, object]) -> Iterator[str]:
    """Every use of a tool is answered by the message after it, and nothing else is."""
    open_uses: set[str] = set()
    for index, message in enumerate(items(body.get("messages"))):
        parts = items(message.get("content"))
        results = {string(part.get("tool_use_id")) for part in parts if part.get("type") == "tool_result"}
        if lacking := ", ".join(sorted(open_uses - results)):
            yield f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {lacking}"
        if strange := ", ".join(sorted(results - open_uses)):
            yield f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {strange}"
        open_uses = {string(part.get("id")) for part in parts if part.get("type") == "tool_use"}


def _tool_choice(body: dict[str, object]) -> Iterator[str]:
    if mapping(body.get("tool_choice")).get("type") in ("any", "tool"):
        yield "tool_choice: forced tool use is not supported by this model"


def _cache_marks(body: dict[str, object]) -> Iterator[str]:
    parts = blocks(body)
    marks = [part for part in parts if part.ttl]
    yield from _mark_lines(marks)
    if len(marks) > _BREAKPOINTS:
        yield f"A maximum of {_BREAKPOINTS} blocks with cache_control may be provided. Found {len(marks)}."
    ttls = [part.ttl for part in marks]
    if "5m" in ttls and "1h" in ttls[ttls.index("5m") :]:
        yield "cache_control.ttl: a ttl='1h' block must not come after a ttl='5m' block"


def _mark_lines(marks: list[Block]) -> Iterator[str]:
    for part in marks:
        if part.ttl not in ("5m", "1h"):
            yield "cache_control.ttl: Input should be '5m' or '1h'"
        if not part.text:
            yield "cache_control cannot be set for empty text blocks"


def _limits(body: dict[str, object], model: Model, counting: bool) -> Iterator[str]:
    limit = body.get("max_tokens")
    if isinstance(limit, int) and limit > model.max_output:
        yield f"max_tokens: {limit} > {model.max_output}, which is the maximum allowed number of output tokens"
    length = 0 if counting else sum(part.tokens for part in blocks(body))
    if length > model.context:
        yield f"prompt is too long: {length} tokens > {model.context} maximum"


_BOTH: tuple[_Rule, ...] = (_required, _messages, _tool_results, _tool_choice, _cache_marks)
_RULES: tuple[_Rule, ...] = (_only(_KNOWN), _max_tokens, *_BOTH)
_COUNT_RULES: tuple[_Rule, ...] = (_only(_COUNTED), *_BOTH)
