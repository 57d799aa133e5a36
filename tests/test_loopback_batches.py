"""Batches of the loopback server through the real library: outcomes by item, half price, results in no order, replies that get lost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from decisions_tool.testing import Batching, Faults, Loopback
from tests.loopback import LONG, ask, cached, client_of, request

if TYPE_CHECKING:
    from anthropic import Anthropic

DAY = 86_400


def items(count: int, **more: Any) -> list[Any]:
    return [{"custom_id": f"item-{n}", "params": request(f"say {n}", **more)} for n in range(count)]


def results(client: Anthropic, ident: str) -> dict[str, Any]:
    return {line.custom_id: line.result for line in client.messages.batches.results(ident)}


def usages(client: Anthropic, ident: str) -> list[tuple[int, int]]:
    """(written, read) of every item, sorted."""
    found = [result.message.usage for result in results(client, ident).values()]
    return sorted((usage.cache_creation_input_tokens, usage.cache_read_input_tokens) for usage in found)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(batching=Batching(delay=DAY - 1)) as server:
        yield server


@pytest.fixture
def client(server: Loopback) -> Iterator[Anthropic]:
    with client_of(server) as client:
        yield client


def test_a_batch_is_made_waits_ends_and_is_read(server: Loopback, client: Anthropic) -> None:
    made = client.messages.batches.create(requests=items(20))
    assert (made.processing_status, made.results_url, made.request_counts.processing) == ("in_progress", None, 20)
    assert made.expires_at.timestamp() - made.created_at.timestamp() == DAY
    server.finish_batches()
    ended = client.messages.batches.retrieve(made.id)
    assert (ended.processing_status, ended.request_counts.succeeded, ended.request_counts.processing) == (
        "ended",
        20,
        0,
    )
    found = results(client, made.id)
    assert sorted(found) == sorted(f"item-{n}" for n in range(20)) and list(found) != [f"item-{n}" for n in range(20)]
    assert all(result.message.content[0].text == f"say {name[5:]}" for name, result in found.items())
    assert found["item-0"].message.usage.service_tier == "batch"


def test_a_batch_costs_half(server: Loopback, client: Anthropic) -> None:
    ask(client, "say 0")
    client.messages.batches.create(requests=items(1))
    assert server.bill().billed == 1
    server.finish_batches()
    single, item = (entry for entry in server.log if entry.billed)
    assert (item.batch, item.custom_id, item.cost) == (True, "item-0", single.cost / 2)
    assert item.cost == Decimal("0.000024")  # (2 x 4 + 2 x 20) / 1,000,000 / 2


def test_time_alone_ends_a_batch() -> None:
    now = [1_800_000_000.0]
    with Loopback(clock=lambda: now[0], batching=Batching(delay=600)) as server, client_of(server) as client:
        made = client.messages.batches.create(requests=items(1))
        now[0] += 599
        assert client.messages.batches.retrieve(made.id).processing_status == "in_progress"
        now[0] += 1
        ended = client.messages.batches.retrieve(made.id)
        assert ended.ended_at and ended.ended_at.timestamp() == now[0]


def test_every_item_has_an_outcome_of_its_own_and_only_success_is_billed() -> None:
    outcomes = {"item-1": "errored", "item-2": "expired", "item-3": "canceled"}
    with Loopback(batching=Batching(outcomes=outcomes)) as server, client_of(server) as client:
        made = client.messages.batches.create(requests=items(5))
        found = {name: result.type for name, result in results(client, made.id).items()}
        assert found == {"item-0": "succeeded", **outcomes, "item-4": "succeeded"}
        counts = client.messages.batches.retrieve(made.id).request_counts
        assert (counts.succeeded, counts.errored, counts.expired, counts.canceled) == (2, 1, 1, 1)
        assert server.bill().billed == 2


def test_outcomes_by_share_are_the_same_for_the_same_seed() -> None:
    def outcomes(seed: int) -> dict[str, str]:
        plan = Batching(shares={"errored": 0.3, "expired": 0.2}, seed=seed)
        with Loopback(batching=plan) as server, client_of(server) as client:
            made = client.messages.batches.create(requests=items(40))
            return {name: result.type for name, result in results(client, made.id).items()}

    first = outcomes(1)
    assert first == outcomes(1) != outcomes(2)
    assert set(first.values()) == {"succeeded", "errored", "expired"}


def test_a_wrong_item_fails_alone() -> None:
    wrong = [("stream", True), ("max_tokens", 0), ("temperature", 1), ("model", "claude-nobody")]
    asked = items(5)
    for item, (name, value) in zip(asked[1:], wrong, strict=True):
        item["params"][name] = value
    with Loopback(batching=Batching()) as server, client_of(server) as client:
        found = results(client, client.messages.batches.create(requests=asked).id)
        assert [found[f"item-{n}"].type for n in range(5)] == ["succeeded", *["errored"] * 4]
        assert found["item-1"].error.error.type == "invalid_request_error"


def test_what_is_older_than_a_day_has_expired() -> None:
    now = [1_800_000_000.0]
    with Loopback(clock=lambda: now[0], batching=Batching(delay=2 * DAY)) as server, client_of(server) as client:
        made = client.messages.batches.create(requests=items(1))
        now[0] += 3 * DAY
        assert results(client, made.id)["item-0"].type == "expired"
        assert server.bill().total == 0


@pytest.mark.parametrize(
    "requests",
    [
        [],
        items(1) * 2,
        [{"custom_id": "a b", "params": request()}],
        [{"custom_id": "x" * 65, "params": request()}],
        [{"custom_id": "a"}],
    ],
)
def test_batches_that_are_refused(client: Anthropic, requests: list[Any]) -> None:
    import anthropic

    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.create(requests=requests)


def test_a_batch_has_a_limit() -> None:
    import anthropic

    with Loopback(batching=Batching(limit=3)) as server, client_of(server) as client:
        assert client.messages.batches.create(requests=items(3)).id
        with pytest.raises(anthropic.ContentTooLargeError):
            client.messages.batches.create(requests=items(4))


def test_a_lost_reply_leaves_a_batch_that_the_list_shows(server: Loopback, client: Anthropic) -> None:
    import anthropic

    server.faults.add("lost-reply")
    with pytest.raises(anthropic.APIConnectionError):
        client.messages.batches.create(requests=items(2))
    (found,) = client.messages.batches.list()
    assert found.request_counts.processing == 2
    assert (server.log[0].fault, server.log[0].status, server.log[0].billed) == ("lost-reply", 0, False)


def test_a_reply_that_was_lost_before_anything_was_done_leaves_none(server: Loopback, client: Anthropic) -> None:
    import anthropic

    server.faults.add("reset-unread")
    with pytest.raises(anthropic.APIConnectionError):
        client.messages.batches.create(requests=items(2))
    assert client.messages.batches.list().data == []


def test_results_may_break_off() -> None:
    faults = Faults(["cut=300"], paths=("/v1/messages/batches/*/results",))
    with Loopback(batching=Batching(), faults=faults) as server, client_of(server) as client:
        made = client.messages.batches.create(requests=items(9))
        with pytest.raises(Exception, match="incomplete|closed"):
            results(client, made.id)
        assert len(results(client, made.id)) == 9


def test_the_list_comes_in_pages_newest_first(client: Anthropic) -> None:
    made = [client.messages.batches.create(requests=items(1)).id for _ in range(5)]
    page = client.messages.batches.list(limit=2)
    assert ([batch.id for batch in page.data], page.has_more) == (made[:2:-1], True)
    assert [batch.id for batch in client.messages.batches.list(limit=2)] == made[::-1]
    assert [batch.id for batch in client.messages.batches.list(limit=2, before_id=made[1]).data] == [made[3], made[2]]


def test_a_batch_is_canceled_and_deleted(client: Anthropic) -> None:
    import anthropic

    made = client.messages.batches.create(requests=items(2))
    with pytest.raises(anthropic.ConflictError):
        client.messages.batches.delete(made.id)
    assert client.messages.batches.cancel(made.id).processing_status == "canceling"
    assert client.messages.batches.retrieve(made.id).request_counts.canceled == 2
    assert client.messages.batches.delete(made.id).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(made.id)


def test_items_read_what_was_cached_before_and_not_what_the_others_write(server: Loopback, client: Anthropic) -> None:
    cold = client.messages.batches.create(requests=items(3, system=cached(LONG, "1h")))
    server.finish_batches()
    assert usages(client, cold.id) == [(1300, 0)] * 3
    warm = client.messages.batches.create(requests=items(3, system=cached(LONG, "1h")))
    server.finish_batches()
    assert usages(client, warm.id) == [(0, 1300)] * 3


@pytest.mark.parametrize(("share", "least", "most"), [(1.0, 40, 40), (0.5, 10, 30), (0.0, 0, 0)])
def test_a_share_of_the_items_finds_the_cache(share: float, least: int, most: int) -> None:
    with Loopback(batching=Batching(hits=share)) as server, client_of(server) as client:
        ask(client, max_tokens=0, system=cached(LONG, "1h"))
        made = client.messages.batches.create(requests=items(40, system=cached(LONG, "1h")))
        assert least <= sum(read == 1300 for _, read in usages(client, made.id)) <= most
