"""A conversation turn by turn: tools, corrections, what is cached, and what is left when somebody presses Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from decisions_tool.agents.protocol import Answer, Limits, Packet, Unanswered
from decisions_tool.testing import Asked, Faults, Loopback, Said, script
from tests.conftest import Repo
from tests.rehearsing import Rehearsal
from tests.talks import LONG, OPUS, PACKET, SHORT, Notebook, backend, collect, ended, talking

TEXTS = {"shop/store/db.py": "def read(key):\n    return disk[key]\n", "shop/web.py": "import store\n"}
READ = ("read_file", {"path": "shop/store/db.py"})


def sent(server: Loopback) -> list[dict[str, Any]]:
    """The bodies of all requests, as far as they are to be equal."""
    return [json.loads(json.dumps(entry.body)) for entry in server.log]


def said_back(body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [message["content"] for message in body["messages"] if message["role"] == "assistant"]


def heard(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The blocks of the last message of the user."""
    blocks: list[dict[str, Any]] = body["messages"][-1]["content"]
    return blocks


# -- tools


def test_tools_are_answered_in_one_message_and_in_order() -> None:
    lines: list[Said | str] = [
        Said("Let me look.", [READ, ("search", {"pattern": "import"}), ("list_files", {})], thinking="Hm."),
        "Done.",
    ]
    with talking(script(lines), texts=TEXTS) as (server, till, ask):
        came = ask()
    assert ended(came) == "answered" and isinstance(came, Answer) and came.body == "Done."
    assert came.usage["calls"] == "2" and till.settled == ["paid", "paid"]
    first, second = server.log[0].reply, sent(server)[1]
    assert said_back(second) == [first["content"]]
    results = heard(second)
    uses = [block["id"] for block in said_back(second)[0] if block["type"] == "tool_use"]
    assert [block["tool_use_id"] for block in results] == uses and len(uses) == 3
    assert "return disk[key]" in str(results[0]) and "shop/web.py" in str(results[1]) and "shop/" in str(results[2])
    assert not any(block.get("is_error") for block in results)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("rm", {"path": "/"}), "no such tool"),
        (("read_file", {}), "needs path"),
        (("read_file", {"path": 7}), "must be a text"),
        (("read_file", {"path": "shop/store/db.py", "mode": "w"}), "nothing else"),
        (("read_file", {"path": "../../etc/passwd"}), ""),
        (("", {"path": "shop"}), "no such tool"),
    ],
)
def test_a_call_that_is_wrong_is_told_what_is_wrong(call: tuple[str, dict[str, object]], told: str) -> None:
    with talking(script([Said(tools=[call, READ]), "Done."]), texts=TEXTS) as (server, _, ask):
        assert ended(ask()) == "answered"
    wrong, right = heard(sent(server)[1])
    assert wrong["is_error"] is True and told in wrong["content"][0]["text"]
    assert "is_error" not in right


def test_the_last_turn_is_told_to_answer() -> None:
    def brain(asked: Asked) -> Said | str:
        return "Done." if "Answer now" in asked.last else Said(tools=[READ])

    with talking(brain, texts=TEXTS) as (server, _, ask):
        assert ended(ask(limits=Limits(turns=3))) == "answered"
    assert len(server.log) == 4
    assert ["Answer now" in str(heard(body)) for body in sent(server)] == [False, False, False, True]
    assert [block["type"] for block in heard(sent(server)[3])] == ["tool_result", "text"]


def test_who_goes_on_after_the_last_turn_has_no_answer() -> None:
    with talking(lambda _: Said(tools=[READ]), texts=TEXTS) as (server, till, ask):
        came = ask(limits=Limits(turns=2))
        assert ended(came) == "turns" and isinstance(came, Unanswered)
        assert "run.turns" in came.hint and "decisions redo cache propose/proposer-01" in came.hint
        assert len(server.log) == 3 and till.settled == ["paid"] * 3
        assert ended(ask(limits=Limits(turns=2))) == "turns" and len(server.log) == 3


def test_a_search_of_the_service_is_kept_and_a_pause_is_gone_through() -> None:
    lines: list[Said | str] = [
        Said("Searching.", searches=["caches"], thinking="Hm.", stop_reason="pause_turn"),
        "Done.",
    ]
    with talking(script(lines)) as (server, _, ask):
        came = ask(limits=Limits(searches=2), owes=("prior-art",))
    assert ended(came) == "answered" and isinstance(came, Answer)
    assert came.unmet == () and came.usage["searches"] == "1"
    body = sent(server)[1]
    assert said_back(body) == [server.log[0].reply["content"]]
    assert [block["type"] for block in said_back(body)[0]] == [
        "thinking",
        "server_tool_use",
        "web_search_tool_result",
        "text",
    ]
    assert body["messages"][-1]["role"] == "assistant"
    assert [tool.get("max_uses") for tool in body["tools"]][-1] == 2


def test_a_pause_of_nothing_is_told_to_go_on() -> None:
    with talking(script([Said("Well,", stop_reason="pause_turn"), "Done."])) as (server, _, ask):
        assert ended(ask()) == "answered"
    assert heard(sent(server)[1])[-1]["text"] == "Go on."


# -- corrections


def fits(body: str, unmet: tuple[str, ...]) -> str:
    return "" if "## Summary" in body else "there is no Summary"


GOOD = "## Summary\n\nIt works."


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ("I would rather not say.", "there is no Summary"),
        ("", "it is empty"),
        (" \n\t ", "it is empty"),
        (f"{GOOD}\n\nkey = AKIA{'Q3RT7YHX2WZP5KLM'}", "line 5 holds what looks like a secret"),
    ],
)
@pytest.mark.parametrize("second", ["fits", "does not"])
def test_an_answer_that_does_not_fit_is_corrected_once(first: str, why: str, second: str) -> None:
    with talking(script([first, GOOD if second == "fits" else first])) as (server, till, ask):
        came = ask(check=fits)
    assert len(server.log) == 2 and till.settled == ["paid"] * 2
    body = sent(server)[1]
    assert why in heard(body)[-1]["text"]
    assert all(block["text"].strip() for block in said_back(body)[0])
    if second == "fits":
        assert isinstance(came, Answer) and came.body == GOOD and came.usage["calls"] == "2"
    else:
        assert isinstance(came, Unanswered) and came.outcome == "malformed"
        assert why in came.message and "decisions redo" in came.hint and "AKIA" not in came.message


def test_a_correction_may_look_again() -> None:
    lines: list[Said | str] = ["No.", Said(tools=[READ]), GOOD]
    with talking(script(lines), texts=TEXTS) as (_, till, ask):
        assert ended(ask(check=fits)) == "answered" and till.settled == ["paid"] * 3


def test_a_conversation_that_was_paid_is_not_paid_again() -> None:
    lines: list[Said | str] = [Said(tools=[READ]), "No.", Said(tools=[READ]), GOOD]
    with talking(script(lines), texts=TEXTS, faults=Faults(["", "", "", "401"])) as (server, till, ask):
        assert ended(ask(check=fits)) == "stopped: denied"
        assert ended(ask(check=fits)) == "answered"
    assert [entry.billed for entry in server.log] == [True, True, True, False, True]
    assert till.settled == ["paid", "paid", "paid", "released", "paid"]


def test_a_reply_on_disk_that_is_none_is_asked_again() -> None:
    with talking(lambda _: GOOD) as (server, till, ask):
        assert ended(ask()) == "answered"
        for digest in till.replies:
            till.replies[digest] = b'{"type": "message"}'
        assert ended(ask()) == "answered" and len(server.log) == 2


# -- caching


def slots(count: int, model: str = OPUS, head: str = LONG) -> list[Packet]:
    return [
        replace(
            PACKET,
            slot=f"slot-{n}",
            key=f"{model}-{n}",
            prompt=f"{head}You are number {n}.",
            shared=len(head),
            model=model,
        )
        for n in range(count)
    ]


def marks(body: dict[str, Any]) -> list[str]:
    """Where a request is marked to be cached."""
    parts = [("tools", tool) for tool in body.get("tools", [])] + [
        ("system", block) for block in body.get("system", [])
    ]
    parts += [(message["role"], block) for message in body["messages"] for block in message["content"]]
    return [where for where, block in parts if "cache_control" in block]


@pytest.mark.parametrize(("model", "tokens"), [(OPUS, 512), ("claude-sonnet-4-6", 1024), ("claude-haiku-4-5", 4096)])
def test_a_head_is_marked_where_the_model_caches_it(model: str, tokens: int) -> None:
    with Loopback(lambda _: "Done.") as server:
        agent = backend(server.url, Notebook())
        for head in ("a" * (4 * tokens), "a" * (4 * tokens - 4), ""):
            assert (
                ended(collect(agent, replace(slots(1, model)[0], prompt=f"{head}You.", shared=len(head), key=head)))
                == "answered"
            )
    assert [marks(body) for body in sent(server)] == [["system"], [], []]


def test_ten_slots_write_a_head_once_and_another_model_writes_it_again() -> None:
    with Loopback(lambda _: "Done.") as server, ThreadPoolExecutor(20) as pool:
        agent = backend(server.url, Notebook())
        packets = slots(10) + slots(10, "claude-sonnet-5-5")
        assert {ended(came) for came in pool.map(lambda packet: collect(agent, packet), packets)} == {"answered"}
    for model in (OPUS, "claude-sonnet-5-5"):
        used = [entry.usage for entry in server.log if entry.model == model]
        assert sorted(usage.cache_write_5m > 0 for usage in used) == [False] * 9 + [True]
        assert sum(usage.cache_read > 0 for usage in used) == 9


@pytest.mark.parametrize("fault", ["529", "cut=0", "413", "stream-error"])
def test_who_fails_to_write_a_head_lets_another_lead(fault: str) -> None:
    with Loopback(lambda _: "Done.", faults=Faults([fault])) as server, ThreadPoolExecutor(10) as pool:
        agent = backend(server.url, Notebook())
        ends = [ended(came) for came in pool.map(lambda packet: collect(agent, packet), slots(10))]
    assert ends.count("answered") == (9 if fault == "413" else 10)
    assert sum(entry.usage.cache_write_5m > 0 for entry in server.log if not entry.fault) <= 1
    assert (
        sum(not entry.usage.cache_write_5m and not entry.usage.cache_read for entry in server.log if not entry.fault)
        == 0
    )


def test_the_others_go_together_once_the_first_has_begun() -> None:
    first, together = threading.Semaphore(1), threading.Barrier(4, timeout=5)

    def brain(_: Asked) -> str:
        if not first.acquire(blocking=False):
            together.wait()
        return "Done."

    with Loopback(brain) as server, ThreadPoolExecutor(5) as pool:
        agent = backend(server.url, Notebook())
        assert {ended(came) for came in pool.map(lambda packet: collect(agent, packet), slots(5))} == {"answered"}


def test_a_short_head_makes_nobody_wait_for_another() -> None:
    together = threading.Barrier(5, timeout=5)

    def brain(_: Asked) -> str:
        together.wait()
        return "Done."

    with Loopback(brain) as server, ThreadPoolExecutor(5) as pool:
        agent = backend(server.url, Notebook())
        assert {ended(came) for came in pool.map(lambda packet: collect(agent, packet), slots(5, head=SHORT))} == {
            "answered"
        }


def test_from_the_second_turn_on_the_conversation_is_marked() -> None:
    lines: list[Said | str] = [Said(tools=[READ])] * 6
    with talking(script([*lines, "No.", GOOD]), slots(1)[0], texts=TEXTS) as (server, _, ask):
        assert ended(ask(check=fits)) == "answered"
    assert [marks(body) for body in sent(server)] == [["system"]] + [["system", "user"]] * 7
    for before, after in zip(server.log, server.log[1:], strict=False):
        assert after.usage.cache_read >= before.usage.cache_write_5m + before.usage.cache_read > 0


def test_every_request_is_the_same_in_every_run() -> None:
    def run() -> list[str]:
        def brain(asked: Asked) -> Said | str:
            return Said(tools=[READ], thinking="Hm.") if asked.turn == 1 else "Done."

        with Loopback(brain) as server:
            agent = backend(server.url, Notebook(), texts=TEXTS)
            for packet in slots(3):
                assert ended(collect(agent, packet)) == "answered"
            heads = {json.dumps([body["model"], body["tools"], body["system"]]) for body in sent(server)}
            assert len(heads) == 1
            return [json.dumps(entry.body) for entry in server.log]

    assert run() == run()


# -- Ctrl-C


@contextmanager
def running(repo: Repo, server: Loopback) -> Iterator[subprocess.Popen[str]]:
    """``decisions run`` as a process of its own."""
    code = "from decisions_tool.cli import main; main()"
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC")},
        "PYTHONPATH": str(Path(__file__).parent.parent), "ANTHROPIC_API_KEY": "test", "ANTHROPIC_BASE_URL": server.url,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", code, "run"], cwd=repo.path, env=environ, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupted_run_keeps_what_is_paid_and_a_later_one_goes_on(started: Repo, times: int) -> None:
    """One review has come, two are under way, one waits. Once: the two are waited for, nothing is asked. Twice: they are given up."""
    toml = '\ngates = ["review"]\n[backends]\ndefault = "anthropic"\n\n[run]\nparallel = 2\n'
    started.commit({"decisions.toml": started.read("decisions.toml") + toml})
    go_on, reviews = threading.Event(), []

    def change(packet: Packet, _: Asked, body: str) -> str:
        if packet.phase == "review":
            reviews.append(packet.slot)
            assert len(reviews) == 1 or go_on.wait(20)
        return body.replace("Outside sources were not searched", "There is no prior art found")

    with closing(Rehearsal(started.path, change)) as brain, Loopback(brain) as server:
        with running(started, server) as first:
            assert first.stderr
            until(lambda: len(reviews) == 3)
            first.send_signal(signal.SIGINT)
            assert any("once more" in line for line in first.stderr)
            if times == 2:
                first.send_signal(signal.SIGINT)
                assert first.wait(5) == 130
            go_on.set()
            assert first.wait(20) == 130
        assert len(reviews) == 3
        with running(started, server) as second:
            assert second.wait(60) == 4  # a person is waited for
    assert sum("reviewed by" in subject for subject in started.subjects()) == 4
    assert sorted(reviews[3:]) == sorted(set(reviews) - set(reviews[: 1 if times == 2 else 3]))
