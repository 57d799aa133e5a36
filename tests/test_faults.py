"""What the program does about everything that can go wrong with a call: one table, and what it rests on."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from decisions_tool.agents.protocol import Answer, Limits
from decisions_tool.testing import FAULTS, Asked, Faults, Latency, Loopback, Said, Usage
from decisions_tool.testing.bulk import bulk
from decisions_tool.testing.messages import event, message, stream
from tests.talks import LONG, PACKET, Clock, Notebook, backend, collect, ended, mouth

ANSWER = "An answer of several events. " * 20


class Policy(NamedTuple):
    """What comes of a question whose every request meets a fault, how often it is sent, and what becomes of the money set aside."""

    fault: str
    end: str
    times: int
    money: str


POLICY = [
    # Not billed, and it may pass: six times, each when the gate opens again.
    Policy("429", "limited", 6, "released"),
    Policy("529", "limited", 6, "released"),
    Policy("500", "unusable", 6, "released"),
    Policy("503", "unusable", 6, "released"),
    # Not billed, and it does not pass in this run.
    Policy("429-hour", "limited", 1, "released"),
    Policy("429-date", "limited", 1, "released"),
    # Not billed, and the same for every question: nothing more is asked.
    Policy("429-spend-limit", "stopped: budget", 1, "released"),
    Policy("400-spend-limit", "stopped: budget", 1, "released"),
    Policy("402", "stopped: budget", 1, "released"),
    Policy("401", "stopped: denied", 1, "released"),
    Policy("403", "stopped: denied", 1, "released"),
    Policy("404", "stopped: denied", 1, "released"),
    # Not billed, and the same every time for this question.
    Policy("400-retry", "unusable", 1, "released"),
    Policy("413", "unusable", 1, "released"),
    # Perhaps billed, and it may pass: twice, and both count as spent.
    Policy("html", "malformed", 2, "lost"),
    Policy("json-list", "malformed", 2, "lost"),
    Policy("wrong-schema", "malformed", 2, "lost"),
    Policy("gzip-bomb=20", "malformed", 2, "lost"),
    Policy("bad-json", "malformed", 2, "lost"),
    Policy("stream-error", "limited", 2, "lost"),
    Policy("reset-unread", "cut-off", 2, "lost"),
    Policy("idle-close", "cut-off", 2, "lost"),
    Policy("lost-reply", "cut-off", 2, "lost"),
    Policy("reset-after-headers", "cut-off", 2, "lost"),
    Policy("cut", "cut-off", 2, "lost"),
    Policy("cut-clean", "cut-off", 2, "lost"),
    Policy("cut-reset", "cut-off", 2, "lost"),
    # Perhaps billed, and no second request would do better in the time there is.
    Policy("huge-body=40", "malformed", 1, "lost"),
    Policy("unknown-stop", "malformed", 1, "lost"),
    Policy("stall", "timeout", 1, "lost"),
    Policy("slow-loris", "timeout", 1, "lost"),
    Policy("endless-pings", "timeout", 1, "lost"),
    # Whole messages, paid and kept: what they say decides.
    Policy("unknown-event", "answered", 1, "paid"),
    Policy("refusal", "refused", 1, "paid"),
    Policy("max-tokens", "truncated", 1, "paid"),
    Policy("context-window", "truncated", 1, "paid"),
    # ... no answer in it, so the model is told once.
    Policy("content-null", "malformed", 2, "paid"),
    Policy("empty-content", "malformed", 2, "paid"),
    Policy("empty-text", "malformed", 2, "paid"),
    Policy("unknown-block", "malformed", 2, "paid"),
    # ... not at its end: it may go on for as many turns as there are.
    Policy("pause-turn", "turns", 11, "paid"),
]  # fmt: skip


def label(policy: Policy) -> str:
    return policy.fault


def test_the_table_knows_every_fault() -> None:
    assert sorted(policy.fault.partition("=")[0] for policy in POLICY) == sorted(FAULTS)


@pytest.mark.parametrize("policy", POLICY, ids=label)
def test_a_fault_that_stays(policy: Policy) -> None:
    till, packet = Notebook(), replace(PACKET, limits=Limits(0.4 if policy.end == "timeout" else 900.0))
    with Loopback(lambda _: ANSWER, faults=Faults(lambda _: policy.fault)) as server:
        came = collect(backend(server.url, till), packet)
    assert (ended(came), len(server.log), till.settled) == (policy.end, policy.times, [policy.money] * policy.times)
    assert not till.open
    assert isinstance(came, Answer) or came.message


@pytest.mark.parametrize("policy", [policy for policy in POLICY if policy.times > 1], ids=label)
def test_a_fault_that_passes(policy: Policy) -> None:
    """The second request is answered, whatever the first one met."""
    till = Notebook()
    with Loopback(lambda _: ANSWER, faults=Faults([policy.fault])) as server:
        came = collect(backend(server.url, till))
    assert (ended(came), len(server.log)) == ("answered", 2)
    assert isinstance(came, Answer) and came.body == ANSWER
    assert till.settled == [policy.money, "paid"]


def test_faults_of_both_kinds_are_counted_apart() -> None:
    till = Notebook()
    with Loopback(lambda _: ANSWER, faults=Faults(["529", "529", "500", "cut"])) as server:
        came = collect(backend(server.url, till))
    assert (ended(came), till.settled) == ("answered", ["released"] * 3 + ["lost", "paid"])


def test_nothing_is_set_aside_while_a_slot_waits() -> None:
    till, clock = Notebook(), Clock()
    waiting: list[int] = []

    def sleep(seconds: float) -> None:
        waiting.append(len(till.open))
        Clock.sleep(clock, seconds)

    clock.sleep = sleep  # type: ignore[method-assign]
    with Loopback(lambda _: ANSWER, faults=Faults(["429=30"])) as server:
        assert ended(collect(backend(server.url, till, clock))) == "answered"
    assert len(waiting) >= 30 and not any(waiting)


# -- told to wait


SLOTS = [
    replace(PACKET, slot=f"proposer-{n:02d}", key=f"key-{n}", prompt=f"{LONG}You are number {n}.", shared=len(LONG))
    for n in range(10)
]


@pytest.mark.parametrize("fault", ["429-hour", "429-date=3600"])
def test_one_is_told_to_wait_too_long_and_nobody_asks_or_sleeps(fault: str) -> None:
    clock = Clock()
    with Loopback(lambda _: ANSWER, faults=Faults(lambda _: fault)) as server, ThreadPoolExecutor(10) as pool:
        agent = backend(server.url, Notebook(), clock)
        came = list(pool.map(lambda packet: collect(agent, packet), SLOTS))
    assert len(server.log) == 1 and not clock.slept
    for one in came:
        assert ended(one) == "limited" and not isinstance(one, Answer)
        assert "again in 3600 s" in one.message or "again in 3599 s" in one.message


@pytest.mark.parametrize(("fault", "seconds"), [("429=40", 40.0), ("500", 1.0)])
def test_one_fails_and_all_wait_for_the_gate(fault: str, seconds: float) -> None:
    clock, asked = Clock(), []

    def brain(_: Asked) -> str:
        asked.append(clock() - begun)
        return ANSWER

    with Loopback(brain, faults=Faults([fault])) as server, ThreadPoolExecutor(10) as pool:
        agent, begun = backend(server.url, Notebook(), clock), clock()
        came = list(pool.map(lambda packet: collect(agent, packet), SLOTS))
    assert {ended(one) for one in came} == {"answered"}
    assert len(server.log) == 11 and min(asked) >= seconds


def test_an_hour_of_429_costs_one_request_a_minute() -> None:
    till, clock = Notebook(), Clock()
    begun = clock()

    def fault(_: Asked) -> str:
        return "429=60" if clock() - begun < 3600 else ""

    with Loopback(lambda _: ANSWER, faults=Faults(fault)) as server:
        agent = backend(server.url, till, clock)
        ends = []
        for run in count():
            packet = replace(PACKET, limits=Limits(clock.ahead + 900.0))
            ends.append(ended(collect(agent, packet)))
            if ends[-1] == "answered" or run > 40:
                break
    assert ends == ["limited"] * 10 + ["answered"]
    assert len(server.log) == 61
    assert till.settled == ["released"] * 60 + ["paid"]


@pytest.mark.parametrize(("skew", "end"), [(-3600.0, "limited"), (0.0, "answered"), (3600.0, "answered")])
def test_the_clock_on_the_wall_may_be_wrong(skew: float, end: str) -> None:
    clock = Clock()
    with Loopback(lambda _: ANSWER, faults=Faults(["429-date=20"])) as server:
        agent = backend(server.url, Notebook(), clock, wall=lambda: time.time() + skew)
        assert ended(collect(agent)) == end
    assert clock.ahead <= 21


# -- the deadline


def headers_without_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in count():
        connection.sendall(b"x-%d: y\r\n" % number)
        time.sleep(0.01)


def silence(connection: socket.socket) -> None:
    connection.recv(1)


def half_an_answer(connection: socket.socket) -> None:
    connection.sendall(HEAD + WHOLE[: len(WHOLE) // 2])
    silence(connection)


def one_byte_after_the_other(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    for byte in WHOLE * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.01)


def pings(connection: socket.socket) -> None:
    connection.sendall(HEAD + PIECES[0])
    while True:
        connection.sendall(event("ping"))


def error_without_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 529 Overloaded\r\n\r\n{")
    while True:
        connection.sendall(b" ")
        time.sleep(0.01)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
PIECES = stream(message(Said(ANSWER), "claude-opus-5-5", 1000, Usage(), "1", "standard")[0])
WHOLE = b"".join(PIECES)
HANGING = [headers_without_end, silence, half_an_answer, one_byte_after_the_other, pings, error_without_end]


def test_a_deadline_holds_whatever_the_server_does() -> None:
    """A7"""

    def ask(speak: Callable[[socket.socket], None]) -> tuple[str, float, float, list[str]]:
        till = Notebook()
        with mouth(speak) as (url, gone):
            agent = backend(url, till)
            begun = time.monotonic()
            end = ended(collect(agent, replace(PACKET, limits=Limits(1.0))))
            took = time.monotonic() - begun
        return end, took, gone[0] - begun, till.settled

    with ThreadPoolExecutor(len(HANGING)) as pool:
        for speak, (end, took, gone, settled) in zip(HANGING, pool.map(ask, HANGING), strict=True):
            assert (end, settled) == ("timeout", ["lost"]), speak
            assert 0.9 <= took <= 2.0 and gone <= 2.0, speak


def test_nothing_is_sent_when_no_time_is_left() -> None:
    till = Notebook()
    with Loopback(lambda _: ANSWER) as server:
        assert ended(collect(backend(server.url, till), replace(PACKET, limits=Limits(0.0)))) == "timeout"
    assert not server.log and not till.settled


# -- given up


def test_who_waits_for_the_gate_asks_nothing_once_the_till_is_closed() -> None:
    till, clock = Notebook(), Clock()

    def sleep(seconds: float) -> None:
        till.closed = "the run was interrupted"
        Clock.sleep(clock, seconds)

    clock.sleep = sleep  # type: ignore[method-assign]
    with Loopback(lambda _: ANSWER, faults=Faults(["429=300"])) as server:
        assert ended(collect(backend(server.url, till, clock))) == "stopped: interrupted"
    assert len(server.log) == 1 and clock.ahead <= 1 and till.settled == ["released"]


def test_a_call_that_is_given_up_ends_at_once_and_no_other_begins() -> None:
    till = Notebook()
    with Loopback(lambda _: ANSWER, latency=Latency(60)) as server, ThreadPoolExecutor(3) as pool:
        agent = backend(server.url, till)
        calls = [pool.submit(collect, agent, replace(packet, limits=Limits(20.0))) for packet in SLOTS[:3]]
        while not server.log:
            time.sleep(0.01)
        begun = time.monotonic()
        agent.stop()
        assert {ended(call.result()) for call in calls} == {"interrupted"}
        assert time.monotonic() - begun < 2
    assert len(server.log) == 1 and sorted(till.settled) == ["lost", "released", "released"]


# -- money


def test_a_call_is_counted_where_its_bound_does_not_fit() -> None:
    """A bound is far above what the service counts; the count holds for the second attempt too."""
    packet, paths = replace(PACKET, limits=Limits(output=300)), []

    def run(budget: str, *faults: str) -> tuple[str, list[str]]:
        till = Notebook(Decimal(budget))
        with Loopback(lambda _: ANSWER, faults=Faults(faults)) as server:
            end = ended(collect(backend(server.url, till), packet))
            paths.append([entry.path.rpartition("/")[2] for entry in server.log])
        return end, till.settled

    assert run("1") == ("answered", ["paid"])
    assert run("0.02", "cut") == ("answered", ["lost", "paid"])
    assert run("0.0001") == ("stopped: budget", [])
    assert paths == [["messages"], ["count_tokens", "messages"] * 2, ["count_tokens"]]


def test_a_closed_till_is_not_asked_to_count() -> None:
    till = Notebook()
    till.closed = "the run was interrupted"
    with Loopback(lambda _: ANSWER) as server:
        assert ended(collect(backend(server.url, till))) == "stopped: interrupted"
    assert not server.log


# -- too much


def peak() -> int:
    """The most memory that this process had since the last call, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").split("\n")
    most = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return most * 1024


def packed_error(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 529 Overloaded\r\ncontent-encoding: gzip\r\n\r\n" + bulk(300, False, True).body)


def long_error(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 529 Overloaded\r\n\r\n")
    while True:
        connection.sendall(bytes(1_000_000))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured by Linux")
def test_a_flood_does_not_fill_the_memory() -> None:
    faults = Faults(["huge-body=64", "gzip-bomb=300", "gzip-bomb=300"])
    with Loopback(faults=faults) as server, mouth(packed_error) as (packed, _), mouth(long_error) as (long, _):
        agents = [backend(url, Notebook()) for url in (server.url, server.url, packed, long)]
        bulk(300, False, True), bulk(300, True, True)
        peak()
        before = peak()
        ends = [
            ended(collect(agent, replace(PACKET, key=str(n), limits=Limits(40.0)))) for n, agent in enumerate(agents)
        ]
        assert ends == ["malformed", "malformed", "limited", "limited"]
        assert peak() - before < 50_000_000


# -- what else a server may say


def status(line: str, body: str = "", *headers: str) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall("\r\n".join([f"HTTP/1.1 {line}", *headers, "", body]).encode())


@pytest.mark.parametrize(
    ("speak", "end", "money"),
    [
        (status("307 Moved", "", "location: http://127.0.0.1:9/v1/messages"), "unusable", ["released"]),
        (status("204 No Content"), "cut-off", ["lost"] * 2),
        (status("200 OK", "", "content-type: text/event-stream"), "cut-off", ["lost"] * 2),
        (status("418 I'm a teapot", "short and stout"), "unusable", ["released"]),
        (status("500 Oh", "[" * 50_000), "unusable", ["released"] * 6),
        (status("429 Wait", "{}", "retry-after: soon"), "limited", ["released"] * 6),
        (status("429 Wait", "{}", "retry-after: inf"), "limited", ["released"] * 6),
        (status("nonsense"), "cut-off", ["lost"] * 2),
        (lambda connection: connection.sendall(b"\x16\x03\x01 what?"), "cut-off", ["lost"] * 2),
        (lambda connection: connection.sendall(HEAD.replace(b"\r\n\r\n", b"\r\ncontent-length: 9999\r\n\r\n") + WHOLE), "answered", ["paid"]),
    ],
)  # fmt: skip
def test_what_a_server_may_say_besides(speak: Callable[[socket.socket], None], end: str, money: list[str]) -> None:
    till = Notebook()
    with mouth(speak) as (url, _):
        assert (ended(collect(backend(url, till))), till.settled) == (end, money)


def test_a_server_that_is_not_there_was_not_paid() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    till = Notebook()
    assert ended(collect(backend(f"http://127.0.0.1:{port}", till))) == "unreachable"
    assert till.settled == ["released"] * 6


def test_what_cannot_be_written_as_bytes_is_not_sent_and_not_paid() -> None:
    till = Notebook()
    with Loopback(lambda _: ANSWER) as server:
        came = collect(backend(server.url, till), replace(PACKET, prompt=f"{PACKET.prompt} \ud800"))
    assert (ended(came), till.settled, server.log) == ("malformed", ["released"], [])
