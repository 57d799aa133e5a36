"""Money: whatever models, networks and kills do, what the service bills stays within the budget, and nothing is bought twice."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import cast

import pytest

from decisions_tool.agents import asking
from decisions_tool.agents.anthropic import Anthropic
from decisions_tool.agents.prices import tariff
from decisions_tool.agents.protocol import Call, Limits, Packet, Stopped, Ticket, Unanswered
from decisions_tool.agents.rate import Gate
from decisions_tool.agents.wire import Wire
from decisions_tool.config import Budget, Price
from decisions_tool.engine import till
from decisions_tool.engine.till import Drawer
from decisions_tool.ledger.git import Place
from decisions_tool.testing import Asked, Faults, Loopback, Model, Said
from decisions_tool.testing.exchanges import bill
from tests.conftest import Cli, Repo
from tests.rehearsing import Rehearsal
from tests.test_reading import Memory

FILES = Memory({"shop/store/db.py": "def get(key): ...\n" * 50, "README.md": "words " * 400})
#: `make torture` tries more of them.
RUNS = int(os.environ.get("DECISIONS_TORTURE_BUDGETS", "60"))
#: Rates of made-up models: input, output, cache write, cache write for an hour, cache read.
CHANCE = random.Random(4)  # noqa: S311
MODELS = {
    f"made-up-{n}": Model(
        (str(a := CHANCE.randint(1, 900) / 100), str(CHANCE.randint(1, 4000) / 100), str(a * CHANCE.choice((1, 1.25, 3))), str(a * 2), str(a / 10)),
        minimum=64,
    )
    for n in range(12)
}  # fmt: skip
PRICES = {name: Price.model_validate(dict(zip(("input", "output", "write", "write_hour", "read"), map(Decimal, m.rates), strict=True))) for name, m in MODELS.items()}  # fmt: skip
FAULTS = {"529": 0.04, "429=1": 0.03, "lost-reply": 0.04, "cut": 0.04, "stream-error": 0.03, "max-tokens": 0.02, "refusal": 0.02,
          "reset-unread": 0.03, "content-null": 0.02, "bad-json": 0.03, "cut-clean": 0.02, "unknown-stop": 0.02}  # fmt: skip


class Killed(BaseException):
    """The end of a process, between two steps."""


class Mortal(Drawer):
    """A drawer whose process may die at any step; then nobody can do anything any more."""

    def __init__(self, place: Place, chance: random.Random, share: float) -> None:
        super().__init__(place)
        self._chance, self._share, self.dead = chance, share, False

    def _live(self) -> None:
        with self._guard:
            self.dead = self.dead or self._chance.random() < self._share
            if self.dead:
                raise Killed

    def reserve(self, call: Call) -> None:
        self._live()
        super().reserve(call)
        self._live()

    def keep(self, call: Call, reply: bytes, cost: Decimal | None) -> None:
        self._live()
        super().keep(call, reply, cost)
        self._live()

    def _note(self, event: str, *names: str, **values: str | None) -> None:
        if event != "open":
            self._live()
        super()._note(event, *names, **values)


class Talker:
    """A brain that looks at files, answers at length, and answers what does not fit."""

    def __init__(self) -> None:
        self._chance, self._guard = random.Random(1), Lock()  # noqa: S311

    def __call__(self, asked: Asked) -> Said | str:
        with self._guard:
            dice = self._chance.random()
        if dice < 0.4 and asked.tools:
            return Said(tools=[("read_file", {"path": "shop/store/db.py"}), ("search", {"pattern": "get"})])
        return "no good" if dice < 0.5 else "good " * int(1 + 400 * dice)


class Shop:
    """A server and what talks to it; time passes as fast as anybody waits."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.wire = Wire({"ANTHROPIC_API_KEY": "test", "ANTHROPIC_BASE_URL": server.url})
        self._skew = 0.0

    def agent(self, drawer: Drawer) -> Anthropic:
        gate = Gate(lambda: time.monotonic() + self._skew, self._pass)
        return Anthropic(self.wire, drawer, lambda commit: FILES, PRICES, gate=gate)

    def _pass(self, seconds: float) -> None:
        self._skew += seconds


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Loopback(Talker(), rates=MODELS, faults=Faults(shares=FAULTS, seed=3)) as server:
        yield Shop(server)


def fits(body: str, unmet: tuple[str, ...]) -> str:
    return "it is no good" if "no good" in body else ""


def packet(slot: str, case: str = "cache", model: str = "made-up-1", words: int = 100, output: int = 400) -> Packet:
    head = f"Case {case}. " + "shared " * words
    return Packet(case, case, "review", slot, "expert", "review", f"{head}You are {slot}.", {}, FILES.commit, shared=len(head),
                  key=f"{case}/{slot}", model=model, limits=Limits(900.0, 6, output), check=fits)  # fmt: skip


def place(folder: Path) -> Place:
    return cast(Place, SimpleNamespace(store=folder))


def ask(agent: Anthropic, packets: Sequence[Packet]) -> list[str]:
    """What became of each question: the answer, or in one word why there is none."""

    def one(packet: Packet) -> str:
        try:
            answer = agent.collect(Ticket(packet))
        except Unanswered as error:
            return error.outcome
        except Killed:
            return "killed"
        return answer.body

    with ThreadPoolExecutor(len(packets)) as pool:
        return list(pool.map(one, packets))


# ---------------------------------------------------------------------- the bill stays within the budget


@pytest.mark.parametrize("block", range(10))
def test_no_run_costs_more_than_its_budget_whatever_happens(shop: Shop, tmp_path: Path, block: int) -> None:
    """Random prices, budgets, answers, faults and kills; several slots at once; every process that dies has a successor."""
    for number in range(block * RUNS // 10, (block + 1) * RUNS // 10):
        _one_run(shop, tmp_path / str(number), random.Random(number))  # noqa: S311


def _one_run(shop: Shop, folder: Path, chance: random.Random) -> None:
    model, slots = chance.choice(list(MODELS)), chance.randint(1, 4)
    budget = Decimal(chance.choice((0, 1, 5, 20, 100))) * Decimal(chance.randint(1, 100)) / 10_000
    limits = Budget(case=budget, day=None) if chance.random() < 0.7 else Budget(case=None, day=budget)
    packets = [
        packet(f"s{n}", folder.name, model, chance.randint(1, 300), chance.choice((64, 400))) for n in range(slots)
    ]
    start, bought = len(shop.server.log), dict[str, str]()
    for _ in range(6):
        drawer = Mortal(place(folder), chance, chance.choice((0.0, 0.05, 0.2)))
        drawer.budget = limits
        said = ask(shop.agent(drawer), packets)
        bought = _kept(bought, packets, said)
        spent = drawer.spent(folder.name)
        paid = bill(shop.server.log[start:]).total
        assert paid <= budget, (paid, budget, said)
        assert drawer.dead or (paid <= spent <= budget), (paid, spent, budget)
    again = Drawer(place(folder))
    assert bill(shop.server.log[start:]).total <= again.spent(folder.name) <= budget


def _kept(bought: dict[str, str], packets: Sequence[Packet], said: Sequence[str]) -> dict[str, str]:
    """An answer that was bought once is the answer for ever."""
    found = {packet.slot: body for packet, body in zip(packets, said, strict=True) if body.startswith("good")}
    assert all(found.get(slot, body) == body for slot, body in bought.items())
    return bought | found


# ---------------------------------------------------------------------- one by one


@pytest.fixture
def till_of(tmp_path: Path) -> Drawer:
    return Drawer(place(tmp_path / "store"))


def _quiet(answer: str = "good") -> Loopback:
    return Loopback(lambda asked: answer, rates=MODELS)


def test_a_budget_of_nothing_buys_nothing(till_of: Drawer) -> None:
    till_of.budget = Budget(case=Decimal(0))
    with (
        _quiet() as server,
        pytest.raises(Stopped, match=r"\$0\.0000 of \$0 for the case cache .* next call may cost \$0\.0"),
    ):
        Shop(server).agent(till_of).collect(Ticket(packet("s1")))
    assert server.bill().total == 0
    assert not [exchange for exchange in server.log if exchange.path == "/v1/messages"]


@pytest.mark.parametrize("budget", [None, Decimal("1000")])
def test_a_model_without_a_price_runs_only_where_there_is_no_budget(till_of: Drawer, budget: Decimal | None) -> None:
    till_of.budget = Budget(case=budget)
    rates = {"nameless": Model(("1", "1", "1", "1", "1"))}
    with Loopback(lambda asked: "good", rates=rates) as server:
        agent = Shop(server).agent(till_of)
        if budget is None:
            assert agent.collect(Ticket(packet("s1", model="nameless"))).usage["cost-usd"] == "unpriced"
        else:
            with pytest.raises(Stopped, match="nobody said what nameless costs") as raised:
                agent.collect(Ticket(packet("s1", model="nameless")))
            assert 'prices."nameless"' in raised.value.hint
            assert not server.log


def test_who_stops_says_what_is_spent_what_comes_next_and_what_to_do(till_of: Drawer) -> None:
    with _quiet() as server:
        agent = Shop(server).agent(till_of)
        agent.collect(Ticket(packet("s1")))
        till_of.budget = Budget(case=till_of.spent("cache") + Decimal("0.000001"))
        with pytest.raises(Stopped) as raised:
            agent.collect(Ticket(packet("s2")))
    said = raised.value
    assert f"${till_of.spent('cache'):.4f} of ${till_of.budget.case}" in said.message and "may cost $" in said.message
    assert "budget.case" in said.hint and "decisions.toml" in said.hint


def test_a_raised_budget_goes_on_and_buys_nothing_twice(till_of: Drawer) -> None:
    packets = [packet(f"s{n}") for n in range(4)]
    with _quiet() as server:
        agent = Shop(server).agent(till_of)
        assert ask(agent, packets[:2]) == ["good"] * 2
        till_of.budget = Budget(case=till_of.spent("cache") + Decimal("0.000001"))
        assert ask(agent, packets) == ["good", "good", "budget", "budget"]
        bought = len(server.log)
        till_of.budget = Budget(case=_worst(packets[0]) * 20)
        assert [word for one in packets for word in ask(agent, [one])] == ["good"] * 4
        asked = [exchange.asked.prompt for exchange in server.log if exchange.path == "/v1/messages"]
    assert len(asked) == len(set(asked)) == 4 and bought < len(server.log)


def _worst(packet: Packet) -> Decimal:
    found = tariff(packet.model, PRICES)
    params = asking.first(packet, found)
    worst = found.worst(asking.bound(params), params["max_tokens"])
    assert worst is not None
    return worst


def test_tokens_are_counted_only_where_the_bound_does_not_fit(till_of: Drawer) -> None:
    one = packet("s1", words=2000, output=64)
    with _quiet() as server:
        agent = Shop(server).agent(till_of)
        till_of.budget = Budget(case=_worst(one))
        agent.collect(Ticket(one))
        assert not [exchange for exchange in server.log if exchange.path.endswith("count_tokens")]
        two = packet("s2", words=2000, output=64)
        till_of.budget = Budget(case=till_of.spent("cache") + _worst(two) * 2 / 3)
        agent.collect(Ticket(two))
        counted = [exchange for exchange in server.log if exchange.path.endswith("count_tokens")]
    assert len(counted) == 1
    assert server.bill().total <= till_of.spent("cache") <= (till_of.budget.case or 0)


@pytest.mark.parametrize(
    "text", ["a", "words " * 3000, "ß" * 999, "漢字" * 999, "😀" * 999, '\\"\n\t' * 999, "1" * 5000, "\x00\x01" * 500]
)
def test_no_request_has_more_tokens_than_the_bound(text: str) -> None:
    """Under the count of the server, and under the harshest there is: a token for every byte of text."""
    params = asking.first(packet(text[:50]), tariff("made-up-1", PRICES))
    params = asking.further(params, [{"type": "text", "text": text}], asking.words(text))
    with _quiet() as server:
        wire = Wire({"ANTHROPIC_API_KEY": "test", "ANTHROPIC_BASE_URL": server.url})
        assert wire.count(params, time.monotonic() + 9) <= asking.bound(params)
    harsh = sum(len(block["text"].encode()) for message in params["messages"] for block in message["content"])
    assert harsh + len(params["system"][0]["text"].encode()) + len(json.dumps(params["tools"])) <= asking.bound(params)


def test_a_new_day_has_a_new_budget_and_the_case_has_not(till_of: Drawer, monkeypatch: pytest.MonkeyPatch) -> None:
    with _quiet() as server:
        agent = Shop(server).agent(till_of)
        till_of.budget = Budget(day=_worst(packet("s1")))
        monkeypatch.setattr(till, "_today", lambda: "2026-11-21")
        assert ask(agent, [packet("s1")]) == ["good"]
        till_of.budget = Budget(day=till_of.today() + Decimal("0.000001"))
        assert ask(agent, [packet("s2")]) == ["budget"]
        till_of.budget = Budget(day=_worst(packet("s2")))
        monkeypatch.setattr(till, "_today", lambda: "2026-11-22")
        assert till_of.today() == 0
        assert ask(agent, [packet("s2")]) == ["good"]
        till_of.budget = Budget(case=till_of.spent("cache"))
        assert ask(agent, [packet("s3")]) == ["budget"]


def test_what_another_clone_has_recorded_counts_for_the_case(tmp_path: Path) -> None:
    drawer = Drawer(place(tmp_path), lambda case: Decimal("1.5") if case == "cache" else Decimal(0))
    drawer.budget = Budget(case=Decimal("1.5"))
    with _quiet() as server:
        agent = Shop(server).agent(drawer)
        assert ask(agent, [packet("s1")]) == ["budget"]
        assert ask(agent, [packet("s1", "other")]) == ["good"]


# ---------------------------------------------------------------------- the command line


def test_a_run_records_what_was_answered_before_it_stopped_and_goes_on_when_the_budget_is_raised(
    started: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def searched(packet: Packet, asked: Asked, body: str) -> str:
        return body.replace("so this duty is unmet", "no prior art found")

    settings = (
        started.read("decisions.toml")
        + '\n[backends]\ndefault = "anthropic"\n[run]\noutput = 4000\n[budget]\ncase = "{}"\n'
    )
    started.commit({"decisions.toml": settings.format("0.50")}, "a budget")
    brain = Rehearsal(started.path, searched)
    try:
        with Loopback(brain) as server:
            monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
            monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
            first = cli("run")
            assert (first.code, "next call may cost $" in first.err, "budget.case" in first.err) == (1, True, True), (
                first.err
            )
            recorded = len(started.subjects())
            assert recorded > 5
            assert server.bill().total <= Decimal("0.50")
            started.commit({"decisions.toml": settings.format("20")}, "more")
            assert cli("run").code == 0
            asked = [json.dumps(exchange.body, sort_keys=True) for exchange in server.log if exchange.billed]
    finally:
        brain.close()
    assert len(asked) == len(set(asked))
    assert cli("audit").code == 0
