"""The loopback server answers the real library as the API would: messages, streams, tools, prompts that it refuses, the cache, the bill."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import active_count
from typing import TYPE_CHECKING, Any

import pytest

from decisions_tool.testing import Asked, Latency, Loopback, Said, Usage, echo, script, tokens
from tests.loopback import LONG, OPUS, ask, cached, client_of, request, streamed

if TYPE_CHECKING:
    from anthropic import Anthropic

TOOLS = [{"name": "grep", "description": "Search", "input_schema": {"type": "object"}}]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[Loopback]:
    with Loopback(clock=clock) as server:
        yield server


@pytest.fixture
def client(server: Loopback) -> Iterator[Anthropic]:
    with client_of(server) as client:
        yield client


def talk(brain: Callable[[Asked], Said | str], *questions: dict[str, Any]) -> list[Any]:
    with Loopback(brain) as server, client_of(server) as client:
        return [client.messages.create(**question) for question in questions]


def test_a_message_is_answered_logged_and_billed(server: Loopback, client: Anthropic) -> None:
    answer = ask(client, "12345678")
    assert answer.content[0].type == "text" and answer.content[0].text == "12345678"
    assert (answer.stop_reason, answer.model, answer.usage.input_tokens, answer.usage.output_tokens) == (
        "end_turn",
        OPUS,
        2,
        2,
    )
    (entry,) = server.log
    assert (entry.method, entry.path, entry.status, entry.fault, entry.billed) == (
        "POST",
        "/v1/messages",
        200,
        "",
        True,
    )
    assert entry.headers["authorization"] == "..." and "test" not in entry.headers.values()
    assert (entry.asked.last, entry.usage, entry.cost) == ("12345678", Usage(2, 2), Decimal("0.000048"))
    assert answer._request_id == entry.request_id
    bill = server.bill()
    assert (bill.total, bill.by_model, bill.billed, bill.exchanges) == (entry.cost, {OPUS: entry.cost}, 1, 1)
    assert (bill.by_class["input"], bill.by_class["output"]) == (Decimal("0.000008"), Decimal("0.00004"))


def test_a_stream_brings_the_same_message(client: Anthropic, server: Loopback) -> None:
    text = "Ä long – answer\n" * 40
    whole, piecewise = ask(client, text), streamed(client, text)
    assert piecewise.content[0].type == "text" and piecewise.content[0].text == text
    assert piecewise.usage == whole.usage and piecewise.stop_reason == whole.stop_reason
    assert server.log[0].cost == server.log[1].cost


def test_thinking_searches_and_tools_come_as_blocks_whole_and_streamed() -> None:
    said = Said("So:", tools=[("grep", {"pattern": "x" * 200})], thinking="Let me see.", searches=("quorum",))
    with Loopback(lambda _: said) as server, client_of(server) as client:
        for answer in (ask(client, tools=TOOLS), streamed(client, tools=TOOLS)):
            kinds = [block.type for block in answer.content]
            assert kinds == ["thinking", "server_tool_use", "web_search_tool_result", "text", "tool_use"]
            assert answer.content[-1].type == "tool_use" and answer.content[-1].input == {"pattern": "x" * 200}
            assert answer.stop_reason == "tool_use"
            assert answer.usage.server_tool_use and answer.usage.server_tool_use.web_search_requests == 1
            assert answer.usage.output_tokens_details and answer.usage.output_tokens_details.thinking_tokens == 3
        assert server.bill().by_class["web_search"] == Decimal("0.02")


def test_a_brain_sees_turns_and_results_of_tools() -> None:
    seen: list[Asked] = []

    def brain(asked: Asked) -> Said:
        seen.append(asked)
        return Said(tools=[("grep", {})]) if asked.turn == 1 else Said("done")

    with Loopback(brain) as server, client_of(server) as client:
        first = ask(client, "Look.", tools=TOOLS, system="Be brief.", output_config={"effort": "high"})
        use = first.content[0]
        assert use.type == "tool_use"
        result = {"type": "tool_result", "tool_use_id": use.id, "content": "3 lines"}
        turns = [{"role": "user", "content": "Look."}, {"role": "assistant", "content": [use.to_dict()]}]
        second = ask(client, messages=[*turns, {"role": "user", "content": [result]}], tools=TOOLS)
    assert second.stop_reason == "end_turn"
    assert (seen[0].prompt, seen[0].effort, len(seen[0].tools)) == ("Be brief.\n\nLook.", "high", 1)
    assert (seen[1].results, seen[1].turn, seen[1].last) == (((use.id, "3 lines"),), 2, "Look.")


def test_a_script_says_one_line_after_the_other() -> None:
    first, second = talk(script(["one", Said("two", stop_reason="refusal")]), request(), request())
    assert (first.content[0].text, second.content[0].text, second.stop_reason) == ("one", "two", "refusal")
    assert second.stop_details.type == "refusal"


def test_what_a_brain_raises_is_raised_at_the_end() -> None:
    import anthropic

    with pytest.raises(IndexError, match="0 lines"), Loopback(script([])) as server, client_of(server) as client:
        with pytest.raises(anthropic.InternalServerError, match="0 lines"):
            ask(client)
        assert not server.log[0].billed


def test_an_answer_is_cut_at_max_tokens() -> None:
    cut, counted = talk(
        lambda a: Said("x" * 100, output_tokens=7 if a.max_tokens > 10 else None), request(max_tokens=10), request()
    )
    assert (cut.content[0].text, cut.usage.output_tokens, cut.stop_reason) == ("x" * 40, 10, "max_tokens")
    assert (counted.usage.output_tokens, counted.stop_reason) == (7, "end_turn")


@pytest.mark.parametrize("more", [{}, {"tools": TOOLS, "system": "Be brief."}, {"system": cached(LONG)}])
def test_counting_gives_what_sending_costs(client: Anthropic, more: dict[str, Any]) -> None:
    whole = request(**more)
    counted = client.messages.count_tokens(**{name: value for name, value in whole.items() if name != "max_tokens"})
    for _ in range(2):
        used = client.messages.create(**whole).usage
        assert (
            used.input_tokens + (used.cache_creation_input_tokens or 0) + (used.cache_read_input_tokens or 0)
            == counted.input_tokens
        )


MARK = {"type": "ephemeral"}
PARTS = [{"type": "text", "text": str(n), "cache_control": MARK} for n in range(5)]


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (400, {"extra_body": {"temperature": 1}}),
        (400, {"extra_body": {"top_p": 1}}),
        (400, {"extra_body": {"top_k": 1}}),
        (400, {"extra_body": {"colour": "red"}}),
        (400, {"tools": TOOLS, "tool_choice": {"type": "any"}}),
        (400, {"tools": TOOLS, "tool_choice": {"type": "tool", "name": "grep"}}),
        (400, {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}),
        (400, {"messages": []}),
        (400, {"extra_body": {"max_tokens": None}}),
        (400, {"max_tokens": 128_001}),
        (400, {"max_tokens": 0, "output_config": {"format": {"type": "json_schema", "schema": {}}}}),
        (400, {"max_tokens": 0, "stream": True}),
        (400, {"system": PARTS}),
        (400, {"system": PARTS[:4], "cache_control": MARK}),
        (400, {"system": cached("a") + cached("b", "1h")}),
        (400, {"system": cached("a", "2h")}),
        (400, {"system": cached("")}),
        (
            400,
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x", "content": "y"}]}]},
        ),
        (400, {"messages": [{"role": "user", "content": "x" * 4_000_004}]}),
        (404, {"model": "claude-nobody"}),
        (413, {"messages": [{"role": "user", "content": "x" * 32_000_000}]}),
    ],
)
def test_what_the_api_refuses(server: Loopback, client: Anthropic, status: int, more: dict[str, Any]) -> None:
    import anthropic

    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(client, **more)
    assert caught.value.status_code == status
    assert (server.log[0].status, server.log[0].billed, server.bill().total) == (status, False, Decimal(0))


def test_a_key_is_needed_by_either_header() -> None:
    import anthropic

    with Loopback(key="right") as server:
        for given, headers in (("right", {}), ("wrong", {"authorization": "", "x-api-key": "right"})):
            with client_of(server, api_key=given, default_headers=headers) as client:
                assert ask(client).content
        with client_of(server, api_key="wrong") as client, pytest.raises(anthropic.AuthenticationError):
            ask(client)
        assert not [entry for entry in server.log if "right" in str(entry.headers)]


def used(client: Anthropic, text: str = "Go.", **more: Any) -> tuple[int, int, int]:
    """(uncached, written, read)."""
    usage = ask(client, text, **more).usage
    return usage.input_tokens, usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0


def test_a_prefix_is_written_once_and_read_by_all_that_follow(server: Loopback, client: Anthropic) -> None:
    assert used(client, system=cached(LONG)) == (1, 1300, 0)
    assert used(client, "Next, please.", system=cached(LONG)) == (4, 0, 1300)
    warm = server.log[1]
    assert warm.costs["cache_read"] == Decimal("0.00026") and warm.costs["cache_write_5m"] == 0


def test_an_empty_answer_warms_the_cache(server: Loopback, client: Anthropic) -> None:
    warm = ask(client, max_tokens=0, system=cached(LONG, "1h"))
    assert (warm.content, warm.stop_reason, warm.usage.output_tokens) == ([], "max_tokens", 0)
    assert warm.usage.cache_creation and warm.usage.cache_creation.ephemeral_1h_input_tokens == 1300
    assert server.log[0].costs["cache_write_1h"] == Decimal("0.0104")
    assert used(client, system=cached(LONG, "1h")) == (1, 0, 1300)


def test_questions_that_start_together_all_pay_for_the_prefix() -> None:
    with Loopback(latency=Latency(0.2, 0.2)) as server, client_of(server) as client, ThreadPoolExecutor(2) as pool:
        cold = list(pool.map(lambda n: used(client, str(n), system=cached(LONG)), range(2)))
        assert cold == [(1, 1300, 0)] * 2
        assert used(client, system=cached(LONG)) == (1, 0, 1300)


def test_the_first_event_of_a_stream_makes_the_prefix_readable() -> None:
    later = Latency(0.0, lambda asked: 0.4 if asked.stream else 0.0)
    with (
        Loopback(latency=later) as server,
        client_of(server) as client,
        client.messages.stream(**request(system=cached(LONG))) as stream,
    ):
        next(iter(stream))
        assert used(client, system=cached(LONG)) == (1, 0, 1300)
        assert stream.get_final_message().usage.cache_creation_input_tokens == 1300


@pytest.mark.parametrize(("ttl", "life"), [("5m", 300), ("1h", 3600)])
def test_an_entry_lives_from_its_last_use(client: Anthropic, clock: Clock, ttl: str, life: int) -> None:
    for wait, found in ((0, (1, 1300, 0)), (life - 1, (1, 0, 1300)), (life - 1, (1, 0, 1300)), (life, (1, 1300, 0))):
        clock.now += wait
        assert used(client, system=cached(LONG, ttl)) == found


def test_a_short_prefix_is_not_cached(client: Anthropic) -> None:
    for text, model, found in (
        ("x" * 511 * 4, OPUS, (512, 0, 0)),
        ("x" * 512 * 4, OPUS, (1, 512, 0)),
        ("x" * 4095 * 4, "claude-haiku-4-5", (4096, 0, 0)),
        ("x" * 4096 * 4, "claude-haiku-4-5", (1, 4096, 0)),
    ):
        assert used(client, model=model, system=cached(text)) == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"model": "claude-sonnet-5-5"}, 0),
        ({"tools": TOOLS}, 0),
        ({"output_config": {"effort": "high"}}, 1300),
        ({"thinking": {"type": "adaptive"}}, 1300),
        ({"tool_choice": {"type": "none"}}, 1300),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, 1300),
        ({"system": cached(LONG + "!")}, 0),
        ({}, 2600),
    ],
)
def test_what_a_change_makes_unreadable(client: Anthropic, change: dict[str, Any], found: int) -> None:
    same: dict[str, Any] = {"system": cached(LONG), "messages": [{"role": "user", "content": cached(LONG)}]}
    assert used(client, **same) == (0, 2600, 0)
    assert used(client, **{**same, **change})[2] == found


@pytest.mark.parametrize(("more", "found"), [(19, 1300), (20, 0)])
def test_a_breakpoint_looks_back_over_twenty_blocks(client: Anthropic, more: int, found: int) -> None:
    parts = [{"type": "text", "text": f"part {n}"} for n in range(more)]
    first = {"type": "text", "text": LONG}
    mark: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
    assert used(client, messages=[{"role": "user", "content": [{**first, **mark}]}]) == (0, 1300, 0)
    assert used(client, messages=[{"role": "user", "content": [first, *parts]}], **mark)[2] == found


def test_automatic_caching_follows_a_conversation(client: Anthropic) -> None:
    talk: list[dict[str, Any]] = [{"role": "user", "content": LONG}]
    assert used(client, messages=talk, cache_control=MARK) == (0, 1300, 0)
    talk += [{"role": "assistant", "content": "1234"}, {"role": "user", "content": "5678"}]
    assert used(client, messages=talk, cache_control=MARK) == (0, 2, 1300)


def test_the_bill_of_a_mixed_day_is_worked_by_hand(server: Loopback, client: Anthropic) -> None:
    ask(client, "x" * 400, model="claude-haiku-5-5")  # 100 in, 100 out
    ask(client, "x" * 400_004, model="claude-haiku-5-5", max_tokens=1)  # 100,001 in at the long rate, 1 out
    ask(client, "1234", system=cached(LONG, "1h"))  # 1,300 written, 1 in, 1 out
    bill = server.bill()
    haiku = Decimal("0.00001") + Decimal("0.00005") + Decimal("0.0500005") + Decimal("0.0000025")
    opus = Decimal("0.0104") + Decimal("0.000004") + Decimal("0.00002")
    assert bill.by_model == {"claude-haiku-5-5": haiku, OPUS: opus}
    assert bill.total == haiku + opus == sum(bill.by_class.values())
    assert (bill.tokens["input"], bill.tokens["output"], bill.tokens["cache_write_1h"]) == (100_102, 102, 1300)


def test_ten_slow_answers_together_take_as_long_as_one() -> None:
    with Loopback(latency=Latency(0.1, 0.5)) as server, client_of(server) as client, ThreadPoolExecutor(10) as pool:
        ask(client)
        begun = time.monotonic()
        list(pool.map(lambda n: streamed(client, str(n)), range(10)))
        assert 0.5 <= time.monotonic() - begun < 1.5


def test_two_hundred_connections_at_once() -> None:
    with (
        Loopback(latency=Latency(0.0, 1.0)) as server,
        client_of(server, timeout=30.0) as client,
        ThreadPoolExecutor(200) as pool,
    ):
        answers = list(pool.map(lambda n: ask(client, f"number {n}"), range(200)))
        assert [answer.content[0].text for answer in answers if answer.content[0].type == "text"] == [
            f"number {n}" for n in range(200)
        ]
        assert sum(entry.ended is None or entry.ended - entry.started >= 1.0 for entry in server.log) == 200
        assert server.bill().billed == 200


def test_limits_are_told_where_they_are_switched_on() -> None:
    with Loopback(limits=True) as server, client_of(server) as client:
        headers = client.messages.with_raw_response.create(**request("1234")).headers
        assert (
            headers["anthropic-ratelimit-requests-remaining"],
            headers["anthropic-ratelimit-input-tokens-remaining"],
        ) == ("3999", "1999999")
        assert headers["anthropic-ratelimit-tokens-reset"].endswith(":00Z")


def test_the_server_leaves_no_threads_behind() -> None:
    before = active_count()
    with Loopback(echo) as server, client_of(server) as client:
        ask(client)
        assert active_count() > before
    assert active_count() == before


def test_tokens_are_quarters_of_text() -> None:
    assert [tokens("x" * n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]
