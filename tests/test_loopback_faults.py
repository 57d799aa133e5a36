"""Every fault of the loopback server can be seen by the real library, is in the log by name, and is billed or not as the table says."""

from __future__ import annotations

import json
import re
import runpy
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import active_count
from typing import TYPE_CHECKING, Any

import pytest

from decisions_tool.testing import FAULTS, Faults, Loopback, Said
from tests.loopback import ask, client_of, request, streamed

if TYPE_CHECKING:
    from anthropic import Anthropic, APIStatusError

LONG = "An answer of several events. " * 20
Asking = Callable[..., Any]


def meet(label: str, asking: Asking = ask, **options: Any) -> Any:
    """The answer, or what was raised, with the label of a fault; the log must know the fault."""
    name = label.partition("=")[0]
    with Loopback(lambda _: LONG, faults=Faults([label])) as server, client_of(server, **options) as client:
        try:
            return asking(client)
        except Exception as raised:  # noqa: BLE001 - faults surface as exceptions of three libraries
            return raised
        finally:
            (entry,) = server.log
            assert (entry.fault, entry.billed) == (name, FAULTS[name].billed)
            assert (server.bill().total > 0) is entry.billed


@contextmanager
def raw(server: Loopback, **more: Any) -> Iterator[HTTPResponse]:
    """A reply as it comes, without the library in between."""
    with closing(HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]), timeout=5)) as connection:
        connection.request("POST", "/v1/messages", json.dumps(request(**more)), {"x-api-key": "test"})
        with connection.getresponse() as response:
            yield response


def bytes_of(label: str, **more: Any) -> bytes:
    with Loopback(lambda _: LONG, faults=Faults([label])) as server, raw(server, **more) as response:
        return response.read()


@pytest.mark.parametrize(
    ("label", "status", "kind"),
    [
        ("429", 429, "rate_limit_error"),
        ("429-hour", 429, "rate_limit_error"),
        ("429-date", 429, "rate_limit_error"),
        ("429-spend-limit", 429, "rate_limit_error"),
        ("400-spend-limit", 400, "invalid_request_error"),
        ("400-retry", 400, "invalid_request_error"),
        ("401", 401, "authentication_error"),
        ("402", 402, "billing_error"),
        ("403", 403, "permission_error"),
        ("404", 404, "not_found_error"),
        ("413", 413, "request_too_large"),
        ("500", 500, "api_error"),
        ("503", 503, "api_error"),
        ("529", 529, "overloaded_error"),
    ],
)
@pytest.mark.parametrize("asking", [ask, streamed])
def test_errors_by_status(label: str, status: int, kind: str, asking: Asking) -> None:
    raised: APIStatusError = meet(label, asking)
    assert (raised.status_code, raised.type, raised.request_id) == (status, kind, "req_000001")


def test_errors_bring_the_headers_that_retries_read() -> None:
    told = {
        label: meet(label).response.headers
        for label in ("429", "429=7", "429-hour", "429-date=60", "429-spend-limit", "400-retry")
    }
    assert [told[label].get("retry-after") for label in ("429", "429=7", "429-hour", "429-spend-limit")] == [
        "2",
        "7",
        "3600",
        None,
    ]
    assert 0 < parsedate_to_datetime(told["429-date=60"]["retry-after"]).timestamp() - time.time() <= 60
    assert told["400-retry"]["x-should-retry"] == "true"


def test_a_spend_limit_has_its_own_class() -> None:
    assert type(meet("429-spend-limit")).__name__ == "EnforcedSpendLimitReachedError"


def test_what_comes_as_success_and_is_none() -> None:
    assert isinstance(meet("html"), str)
    assert meet("json-list") == [1, 2, 3]
    assert meet("wrong-schema").content is None
    assert meet("content-null").content is None
    assert meet("empty-content").content == []
    assert meet("empty-text").content[0].text == ""
    assert meet("unknown-block").content[0].type == "hologram"


@pytest.mark.parametrize("asking", [ask, streamed])
@pytest.mark.parametrize(
    ("label", "stop"),
    [
        ("refusal", "refusal"),
        ("max-tokens", "max_tokens"),
        ("context-window", "model_context_window_exceeded"),
        ("pause-turn", "pause_turn"),
        ("unknown-stop", "hologram"),
    ],
)
def test_reasons_to_stop(label: str, stop: str, asking: Asking) -> None:
    answer = meet(label, asking)
    assert answer.stop_reason == stop and bool(answer.stop_details) is (stop == "refusal")


def test_what_a_stream_brings_that_is_odd() -> None:
    assert meet("empty-content", streamed).content == []
    assert meet("unknown-block", streamed).content[0].type == "hologram"
    assert meet("unknown-event", events)["hologram"] == 1
    assert (meet("stream-error", streamed).type, meet("stream-error", streamed).status_code) == (
        "overloaded_error",
        200,
    )


def events(client: Anthropic) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in client.messages.create(**request(), stream=True):
        counts[event.type] = counts.get(event.type, 0) + 1
    return counts


@pytest.mark.parametrize("asking", [ask, streamed])
@pytest.mark.parametrize(
    "label",
    [
        "bad-json",
        "reset-unread",
        "idle-close",
        "lost-reply",
        "reset-after-headers",
        "cut",
        "cut-reset",
        "cut=0",
        "cut=1",
    ],
)
def test_what_breaks_a_reply(label: str, asking: Asking) -> None:
    assert isinstance(meet(label, asking), Exception)


def test_a_reply_that_never_arrives_is_not_in_the_log_as_sent() -> None:
    with Loopback(faults=Faults(["lost-reply"])) as server, client_of(server) as client:
        with pytest.raises(Exception, match="Connection error"):
            ask(client)
        assert (server.log[0].status, server.log[0].billed, server.log[0].reply["stop_reason"]) == (0, True, "end_turn")


def test_a_clean_end_in_the_middle_of_a_stream_looks_like_success() -> None:
    half = meet("cut-clean", streamed)
    assert half.stop_reason is None and 0 < len(half.content[0].text) < len(LONG)
    assert isinstance(meet("cut-clean=10"), Exception)


def test_a_stream_is_cut_at_any_byte() -> None:
    whole = bytes_of("", stream=True)
    for at in (0, 1, 17, 100, len(whole) - 1, len(whole)):
        assert bytes_of(f"cut-clean={at}", stream=True) == whole[:at]
    for at in (1, 400, len(whole) - 2):
        assert isinstance(meet(f"cut={at}", streamed), Exception)
        assert isinstance(meet(f"cut-reset={at}", streamed), Exception)


def test_a_json_body_is_cut_at_any_byte() -> None:
    whole = bytes_of("")
    assert [bytes_of(f"cut-clean={at}") for at in (0, 1, 50, len(whole))] == [
        whole[:at] for at in (0, 1, 50, len(whole))
    ]


@pytest.mark.parametrize("asking", [ask, streamed])
def test_a_stall_lasts_longer_than_a_read_may(asking: Asking) -> None:
    assert "imed out" in str(meet("stall", asking, timeout=0.2))


def test_a_stall_may_end() -> None:
    begun = time.monotonic()
    assert isinstance(meet("stall=0.3"), Exception)
    assert 0.3 <= time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("label", "more"),
    [("slow-loris", {}), ("slow-loris", {"stream": True}), ("endless-pings", {}), ("endless-pings", {"stream": True})],
)
def test_a_trickle_outlives_every_timeout_between_bytes(label: str, more: dict[str, Any]) -> None:
    with Loopback(lambda _: LONG, faults=Faults([f"{label}=0.01"])) as server, raw(server, **more) as response:
        begun = time.monotonic()
        while time.monotonic() - begun < 0.4:
            assert response.read(1)


def test_a_slow_reply_arrives_whole_in_the_end() -> None:
    assert meet("slow-loris=0.0001").content[0].text == LONG


def test_a_gzip_bomb_is_small_and_what_it_holds_is_large() -> None:
    packed = bytes_of("gzip-bomb")
    assert len(packed) < 1_000_000
    unpacker, size = zlib.decompressobj(wbits=31), 0
    while packed:
        size += len(unpacker.decompress(packed, 1_000_000))
        packed = unpacker.unconsumed_tail
    assert unpacker.eof and size > 300_000_000


@pytest.mark.parametrize("asking", [ask, streamed])
@pytest.mark.parametrize("label", ["gzip-bomb=2", "huge-body=2"])
def test_bulk_is_a_message_after_all(label: str, asking: Asking) -> None:
    assert len(meet(label, asking).content[0].text) == 2_000_000


def test_faults_by_share_fall_the_same_way_every_time() -> None:
    def names(seed: int) -> list[str]:
        with Loopback(faults=Faults(shares={"529": 0.3, "empty-text": 0.2}, seed=seed)) as server:
            for _ in range(60):
                with raw(server) as response:
                    response.read()
            return [entry.fault for entry in server.log]

    first = names(1)
    assert first == names(1) != names(2)
    assert 10 <= first.count("529") <= 26 and 5 <= first.count("empty-text") <= 20


def test_a_script_a_function_and_more_at_any_time() -> None:
    with Loopback(faults=Faults(["", "529"])) as server, client_of(server) as client:
        server.faults.add("500")
        statuses = [type(outcome(client)).__name__ for _ in range(4)]
        assert statuses == ["Message", "OverloadedError", "InternalServerError", "Message"]
    with (
        Loopback(faults=Faults(lambda asked: "529" if "bad" in asked.last else "")) as server,
        client_of(server) as client,
    ):
        assert [type(outcome(client, text)).__name__ for text in ("good", "bad")] == ["Message", "OverloadedError"]


def outcome(client: Anthropic, text: str = "good") -> object:
    import anthropic

    try:
        return ask(client, text)
    except anthropic.APIStatusError as raised:
        return raised


def test_an_unknown_fault_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Faults(["529", "nonsense"])
    with pytest.raises(ValueError, match="nonsense"):
        Faults(shares={"nonsense": 0.5})


def test_a_refused_request_stays_refused() -> None:
    with Loopback(faults=Faults(["lost-reply"])) as server, client_of(server) as client:
        assert getattr(outcome(client, ""), "status_code", 0) == 400
        assert (server.log[0].fault, server.log[0].billed) == ("", False)


def test_a_fault_that_changes_nothing_is_not_in_the_log() -> None:
    with Loopback(faults=Faults(["stream-error", "unknown-event"])) as server, client_of(server) as client:
        assert [ask(client).stop_reason for _ in range(2)] == ["end_turn"] * 2
        assert [entry.fault for entry in server.log] == ["", ""]


def test_the_server_stops_within_a_second_whatever_hangs() -> None:
    labels = ["stall", "stall", "slow-loris=0.5", "endless-pings=0.5", "huge-body"]
    before = active_count()
    with ThreadPoolExecutor(len(labels)) as pool, Loopback(lambda _: Said(LONG), faults=Faults(labels)) as server:
        idle = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
        waiting = [pool.submit(hang, server) for _ in labels]
        while len(server.log) < len(labels):
            time.sleep(0.01)
        begun = time.monotonic()
        server.__exit__(None, None, None)
        assert time.monotonic() - begun < 1
        assert active_count() - before <= len(labels)
        for future in waiting:
            future.result(5)
        idle.close()


def hang(server: Loopback) -> None:
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
        body = json.dumps(request(stream=True)).encode()
        connection.sendall(
            b"POST /v1/messages HTTP/1.1\r\nx-api-key: test\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )
        try:
            while connection.recv(1_000_000):
                time.sleep(0.01)
        except ConnectionError:
            return


def page() -> str:
    return (Path(__file__).parents[1] / "docs" / "testing.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"```python\n(.*?)```", page(), re.S)
    assert found
    (tmp_path / "example.py").write_text(found[1], encoding="utf-8")
    runpy.run_path(str(tmp_path / "example.py"))
    assert capsys.readouterr().out == "[(529, '529', False), (200, '', True)]\n0.000104\n"


def test_the_page_lists_every_fault() -> None:
    listed = re.findall(r"^\| `([\w-]+)` \| (.*?) \| *([\d.]*|inf|half|) *\| (yes|no) \|$", page(), re.M)
    assert {name: (says, bill == "yes") for name, says, _, bill in listed} == {
        name: (fault.says, fault.billed) for name, fault in FAULTS.items()
    }
