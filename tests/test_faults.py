"""What the program does about everything that can go wrong with a call: one table, and what it rests on."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from decisions_tool.agents.protocol import Answer, Limits
from decisions_tool.testing import FAULTS, Faults, Loopback
from tests.talks import PACKET, Notebook, backend, collect, ended

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
    till, packet = Notebook(), replace(PACKET, limits=Limits(0.4 if policy.end == "timeout" else 60.0))
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
