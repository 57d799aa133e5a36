"""What a program printed, read as an answer or as a failure with a name. It decides by what is stated, never by the exit code alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from decisions_tool.agents.protocol import Outcome, Stopped, Unanswered
from decisions_tool.text import one_line

_MOST = 10**6  # USD; and tokens by the million
_CUT = {"max_tokens", "model_context_window_exceeded"}
#: Where a result says it in words only.
_CUT_SHORT = re.compile(r"output token maximum|context window limit")
_ITS_OWN = {"budget", "truncated", "turns", "unusable"}
_TOKENS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache-read": "cache_read_input_tokens",
    "cache-write": "cache_creation_input_tokens",
}


class Said(NamedTuple):
    """The text of an answer, the model that gave it where it is told, and what it used."""

    text: str
    model: str
    usage: Mapping[str, str]


def read(out: bytes, key: str) -> Said:
    """The answer below ``key`` of JSON, or the whole text where the key is empty; Unanswered where there is none."""
    try:
        text = out.decode()
    except UnicodeDecodeError:
        raise Unanswered("malformed", "what it printed is not UTF-8") from None
    if not key:
        return Said(_filled(text), "", {})
    result = _parsed(out)
    if result is None:
        raise Unanswered("malformed", f"what it printed is not one JSON object: {one_line(text, 80) or 'nothing'}")
    _refuse_failed(result)
    return Said(_filled(_at(result, key)), _model(result), _usage(result))


def cost(out: bytes, key: str) -> Decimal | None:
    """What a run says that it has cost in USD, None where it does not say."""
    return _money(_result(out, key).get("total_cost_usd"))


def failed(out: bytes, key: str) -> bool:
    """Whether a run says itself that it failed."""
    return _failed(_result(out, key))


def lasting(code: int, out: bytes, key: str) -> bool:
    """Whether asking once more would only pay for the same again: an answer, or an end that the agent itself came to."""
    if not failed(out, key):
        return code == 0
    result = _result(out, key)
    return _failure(result).outcome in _ITS_OWN or _word(result, "stop_reason") == "refusal"


def _result(out: bytes, key: str) -> dict[str, object]:
    """What was printed where JSON was promised; nothing where it was not."""
    return (_parsed(out) if key else None) or {}


def _parsed(out: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(out, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, InvalidOperation):
        return None
    return value if isinstance(value, dict) else None


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _failed(result: Mapping[str, object]) -> bool:
    return result.get("is_error") not in (None, False) or _word(result, "subtype").startswith("error")


def _refuse_failed(result: Mapping[str, object]) -> None:
    """Raise Unanswered where a result says that it is none."""
    denied = result.get("permission_denials")
    if denied:
        raise Unanswered("denied", f"the agent was denied what it tried: {_tools(denied)}")
    stop = _word(result, "stop_reason")
    if _failed(result):
        raise _failure(result)
    if stop in _CUT:
        raise Unanswered("truncated", f"the answer ends in the middle: {stop}")
    if stop == "refusal":
        raise Unanswered("refused", "the model declines to answer")


def _failure(result: Mapping[str, object]) -> Unanswered:
    words = {_word(result, "subtype"), _word(result, "terminal_reason")}
    said = _words(result)
    if words & {"error_max_turns", "max_turns"}:
        return Unanswered("turns", f"the agent used up its turns: {said}")
    if words & {"error_max_budget_usd", "budget_exhausted"}:
        return Unanswered("budget", f"the agent used up its own budget: {said}")
    if _word(result, "stop_reason") == "refusal":
        return Unanswered("refused", f"the model declines to answer: {said}")
    status = result.get("api_error_status")
    if status in (401, 403):
        hint = "give it another key, then: decisions run"
        return Stopped("refused", f"the service does not accept the key: {said}", hint)
    service = "api_error" in words
    outcome = _outcome(status if isinstance(status, int) else None, said, service)
    return Unanswered(outcome, said, "" if outcome in _ITS_OWN else "decisions run")


def _outcome(status: int | None, said: str, service: bool) -> Outcome:
    if _CUT_SHORT.search(said):
        return "truncated"
    if status in {429, 529}:
        return "limited"
    if status is not None and status < 500:
        return "refused"
    return "unreachable" if service else "unusable"


def _word(result: Mapping[str, object], key: str) -> str:
    value = result.get(key)
    return value if isinstance(value, str) else ""


def _words(result: Mapping[str, object]) -> str:
    """What a result says of its failure, as one line."""
    errors = result.get("errors")
    listed = "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    parts = (_word(result, "result"), listed, _word(result, "subtype"))
    return one_line(next((part for part in parts if part.strip()), "no reason is given"))


def _tools(denied: object) -> str:
    names = (
        [str(one.get("tool_name", "?")) for one in denied if isinstance(one, dict)] if isinstance(denied, list) else []
    )
    return one_line(", ".join(sorted(set(names))) or "no tool is named")


def _at(result: Mapping[str, object], key: str) -> object:
    value: object = result
    for step in key.split("."):
        if not isinstance(value, dict) or step not in value:
            raise Unanswered("malformed", f"its JSON holds no {one_line(key)!r}")
        value = value[step]
    return value


def _filled(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise Unanswered("malformed", "there is no text in its answer")
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a pair, which JSON can say and UTF-8 cannot
        raise Unanswered("malformed", "its answer holds half a character") from None
    return text


def _model(result: Mapping[str, object]) -> str:
    used = result.get("modelUsage")
    named = next(iter(used), "") if isinstance(used, dict) else result.get("model")
    return one_line(named) if isinstance(named, str) else ""


def _usage(result: Mapping[str, object]) -> dict[str, str]:
    told = result.get("usage")
    counts = {name: told.get(key) for name, key in _TOKENS.items()} if isinstance(told, dict) else {}
    counts["calls"] = result.get("num_turns")
    usage = {name: str(count) for name, count in counts.items() if _count(count)}
    money = _money(result.get("total_cost_usd"))
    return usage if money is None else {**usage, "cost-usd": format(money, "f")}


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value < _MOST * _MOST


def _money(value: object) -> Decimal | None:
    if type(value) not in {int, Decimal} or not 0 <= (amount := Decimal(str(value))) < _MOST:
        return None
    return Decimal(format(amount.quantize(Decimal("0.000000001")).normalize(), "f"))
