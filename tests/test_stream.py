"""From bytes to a message: nothing is taken but a whole one, however the bytes come and wherever they end."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from decisions_tool.agents.prices import tariff
from decisions_tool.agents.protocol import Answer
from decisions_tool.agents.rate import asked_for
from decisions_tool.agents.stream import LONGEST, MOST, Failed, Message, read_stream, text_of, usage_of
from decisions_tool.testing import Loopback, Said, Usage
from decisions_tool.testing.messages import message, stream
from tests.conftest import examples
from tests.talks import PACKET, Notebook, backend, collect

SAID = Said("Words of an answer: äöü 日本. " * 9, [("read_file", {"path": "shop/store/db.py"})], thinking="Which? " * 9)
REPLY, _ = message(SAID, "claude-opus-5-5", 1000, Usage(input=10), "000001", "standard")
BYTES = b"".join(stream(REPLY))


def taken(*chunks: bytes) -> Message | Failed:
    try:
        return read_stream(chunks, lambda: None)
    except Failed as failed:
        return failed


def test_a_whole_stream_is_the_message() -> None:
    found = taken(BYTES)
    assert isinstance(found, dict)
    assert (found["content"], found["stop_reason"], usage_of(found).input) == (REPLY["content"], "tool_use", 10)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_stream_that_ends_anywhere_before_its_end_is_no_message(end: bytes) -> None:
    whole = BYTES.replace(b"\n", end)
    assert len(whole) > 2000
    for at in range(len(whole)):
        found = taken(whole[:at].removesuffix(b"\r"))
        assert isinstance(found, Failed) and found.billed and found.again, at
        assert found.outcome == "cut-off" or at < whole.index(b"data:") + 5, at
    assert isinstance(taken(whole), dict)


def test_it_does_not_matter_where_the_bytes_are_parted() -> None:
    found = taken(BYTES)
    for at in range(len(BYTES)):
        assert taken(BYTES[:at], BYTES[at:]) == found
    assert taken(*(bytes([byte]) for byte in BYTES)) == found


def test_what_comes_after_the_end_is_not_waited_for() -> None:
    def chunks() -> list[bytes]:
        raise AssertionError("read on")

    parts = (part() if callable(part) else part for part in (BYTES, chunks))
    assert read_stream(parts, lambda: None)["stop_reason"] == "tool_use"  # type: ignore[arg-type]


def test_a_reply_has_begun_with_its_first_event_and_not_with_an_error() -> None:
    begun: list[str] = []
    read_stream([BYTES], lambda: begun.append("yes"))
    assert begun == ["yes"]
    for other in (b'data: {"type": "ping"}\n\n', b'data: {"type": "error", "error": {"type": "overloaded_error"}}\n\n'):
        with pytest.raises(Failed):
            read_stream([other], lambda: begun.append("no"))
    assert begun == ["yes"]


@pytest.mark.parametrize("kind", ["cut", "cut-clean", "cut-reset"])
def test_a_cut_connection_is_no_answer_and_the_next_attempt_is_one(kind: str) -> None:
    brain = SAID.text
    with Loopback(lambda _: brain) as server:
        till = Notebook()
        agent = backend(server.url, till)
        for at in range(0, 1500, 75):
            server.faults.add(f"{kind}={at}")
            came = collect(agent, replace(PACKET, key=f"question-{at}"))
            assert isinstance(came, Answer) and came.body == brain
            assert till.settled[-2:] == ["lost", "paid"]
            server.faults.add(f"{kind}={at}", f"{kind}={at}")
            assert not isinstance(collect(agent, replace(PACKET, key=f"failing-{at}")), Answer)
            assert till.settled[-2:] == ["lost", "lost"]


def events(*values: object) -> bytes:
    return b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)


START = {"type": "message_start", "message": {**REPLY, "content": []}}
TEXT = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
WORD = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "word"}}
CLOSE, STOP = {"type": "content_block_stop", "index": 0}, {"type": "message_stop"}


def test_a_small_stream_is_a_message() -> None:
    found = taken(events(START, TEXT, WORD, WORD, CLOSE, STOP))
    assert isinstance(found, dict) and text_of(found) == "wordword"


@pytest.mark.parametrize(
    "values",
    [
        (START, TEXT, WORD, STOP),
        (START, WORD, CLOSE, STOP),
        (TEXT, WORD, CLOSE, STOP),
        (START, {**TEXT, "index": 1}, CLOSE, STOP),
        (START, TEXT, {**WORD, "index": -1}, CLOSE, STOP),
        (START, TEXT, CLOSE, WORD, STOP),
        (START, TEXT, CLOSE, {"type": "message_delta", "delta": {"stop_reason": ["end_turn"]}}, STOP),
        (START, TEXT, CLOSE, {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 10**40}}, STOP),
        (START, TEXT, CLOSE, {"type": "message_delta", "delta": {}, "usage": {"output_tokens": -5}}, STOP),
        (START, {**TEXT, "content_block": {"type": "text", "text": []}}, CLOSE, STOP),
        (START, {**TEXT, "content_block": {"type": "tool_use", "id": "1", "name": "x", "input": [1]}}, CLOSE, STOP),
        (START, {**TEXT, "content_block": {"type": "tool_use", "name": "x", "input": {}}}, CLOSE, STOP),
        (START, {**TEXT, "content_block": {"type": "image", "at": float("nan")}}, CLOSE, STOP),
    ],
    ids=str,
)
def test_what_does_not_fit_is_no_message(values: tuple[object, ...]) -> None:
    found = taken(events(*values))
    assert isinstance(found, Failed) and found.billed


def test_a_cost_is_never_negative_whatever_is_said_of_the_cache() -> None:
    odd = {"cache_creation": {"ephemeral_1h_input_tokens": 500}, "cache_read_input_tokens": -7, "server_tool_use": [3]}
    found = taken(events(START, {"type": "message_delta", "delta": {}, "usage": odd}, STOP))
    assert isinstance(found, dict) and min(usage_of(found)) == 0


def test_citations_stay_with_their_text() -> None:
    cited = {**WORD, "delta": {"type": "citations_delta", "citation": {"url": "https://example.invalid"}}}
    found = taken(events(START, TEXT, WORD, cited, cited, CLOSE, STOP))
    assert isinstance(found, dict) and found["content"][0]["citations"] == [{"url": "https://example.invalid"}] * 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["type", "text", "index", "message", "delta", "usage", "content", "input"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
GOOD = [json.loads(line[5:]) for line in BYTES.split(b"\n") if line.startswith(b"data:")]


@st.composite
def spoilt(draw: st.DrawFn) -> list[object]:
    """The events of a good stream, some of them left out, said twice, or changed at a place."""
    values: list[object] = []
    for event in GOOD:
        how = draw(st.sampled_from(["same"] * 12 + ["without", "twice", "changed", "other"]))
        changed = {**event, draw(st.sampled_from(sorted(event))): draw(JSON)} if how == "changed" else event
        values += {"without": [], "twice": [event, event], "other": [draw(JSON)] if how == "other" else []}.get(
            how, [changed]
        )
    return values


@settings(max_examples=examples(120), deadline=None)
@given(spoilt() | st.lists(JSON, max_size=6))
def test_any_events_are_a_message_or_a_failure(values: list[object]) -> None:
    found = taken(events(*values))
    if isinstance(found, dict):
        cost = tariff("claude-opus-5-5", {}).cost(usage_of(found))
        assert cost is not None and cost >= Decimal()
        assert isinstance(text_of(found), str) and isinstance(found["stop_reason"], str)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6))
@example([b"data: " + b"[" * 200_000 + b"\n\n"])
@example([b"data: " + b"9" * 5_000 + b"\n\n"])
@example([b"data: \xff\n\n"])
def test_any_bytes_are_a_failure(chunks: list[bytes]) -> None:
    assert isinstance(taken(*chunks), Failed)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.text()
    | st.floats().map(str)
    | st.integers().map(str)
    | st.datetimes().map(lambda day: day.strftime("%a, %d %b %Y %H:%M:%S GMT"))
)
@example("1e400")
@example("nan")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
def test_any_retry_after_is_seconds_or_nothing(text: str) -> None:
    found = asked_for(text, time.time())
    assert found is None or 0 <= found < 1e9


def test_a_retry_after_is_a_number_or_a_date() -> None:
    date = "Sat, 21 Nov 2026 10:00:30 GMT"
    assert [asked_for(text, 1795255200.0) for text in ("7", "0.5", date, "-3", "soon", "")] == [
        7,
        0.5,
        30,
        0,
        None,
        None,
    ]


def test_a_flood_is_refused_where_it_begins_to_be_one() -> None:
    seen: list[int] = []

    def flood(piece: bytes) -> bytes:
        seen.append(len(piece))
        return piece

    for most, piece in ((LONGEST, b"data: " * 10_000), (MOST, events({"type": "ping", "of": "x" * 60_000}))):
        seen.clear()
        begun = time.monotonic()
        with pytest.raises(Failed, match="more than"):
            read_stream((flood(piece) for piece in [piece] * 2000), lambda: None)
        assert sum(seen) <= most + len(piece)
        assert time.monotonic() - begun < 5


def test_half_a_character_is_mended_because_the_reply_is_paid_for() -> None:
    found = taken(events(START, {**TEXT, "content_block": {"type": "text", "text": "a\ud800b"}}, CLOSE, STOP))
    assert not isinstance(found, Failed)
    assert found["content"][0]["text"] == "a\ufffdb"
