"""Questions that go out as a batch: what becomes of every item, who may collect it, and what people do meanwhile."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions_tool.agents import batches
from decisions_tool.agents.protocol import Packet
from decisions_tool.agents.wire import Wire
from decisions_tool.documents.base import Meta
from decisions_tool.documents.batch import Batch, Sent
from decisions_tool.testing import Asked, Batching, Faults, Loopback, Said
from tests.ballot_box import folder, framing, proposal
from tests.conftest import Cli, Repo, make_cli
from tests.paying import CASE, cost_trailers, left_in_store, recorded, store
from tests.rehearsing import Rehearsal
from tests.torture.ground import unsound

_LONG = 80_000.0
_FILE = f"{folder(CASE)}/batch.md"
Serve = Callable[..., Loopback]


@pytest.fixture
def asked(repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A question whose proposals are approved by people; batches answer it, nobody waits for them, and no head is cached."""
    assert cli("init").code == 0
    framing(repo)
    text = f'gates = ["propose"]\n{repo.read("decisions.toml")}\n[run]\nbatch_wait = 0\n[models]\ndefault = "claude-haiku-4-5"\n[backends]\ndefault = "batches"\n'
    repo.commit({"decisions.toml": text}, "models answer")
    monkeypatch.setattr(batches, "_SETTLED", 0.0)
    return repo


@pytest.fixture
def serve(asked: Repo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a server that answers what is asked in the repository."""
    open_ones: list[tuple[Loopback, Rehearsal]] = []

    def start(change: Callable[[Packet, Asked, str], Said | str] | None = None, **options: object) -> Loopback:
        brain = Rehearsal(asked.path, change)
        server = Loopback(brain, **options)  # type: ignore[arg-type]
        open_ones.append((server.__enter__(), brain))
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        return server

    yield start
    for server, brain in open_ones:
        server.__exit__(None, None, None)
        brain.close()


def made(server: Loopback) -> list[list[str]]:
    """The custom ids of each batch that was created, whether or not the reply arrived."""
    created = [
        e
        for e in server.log
        if (e.method, e.path) == ("POST", "/v1/messages/batches") and e.fault in {"", "lost-reply"}
    ]
    bodies = [json.loads(json.dumps(exchange.body)) for exchange in created]
    return [[item["custom_id"] for item in body["requests"]] for body in bodies]


def billed(server: Loopback) -> Counter[str]:
    return Counter(exchange.custom_id for exchange in server.log if exchange.billed and exchange.batch)


def proposed(repo: Repo) -> list[str]:
    return sorted(slot for (phase, slot), count in recorded(repo).items() if phase == "propose" and count == 1)


SLOTS = [f"agent-{number:02d}" for number in range(1, 6)]


class _Once(dict[str, str]):
    """Outcomes of the first items that are looked for, once each."""

    def __init__(self, *outcomes: str) -> None:
        super().__init__()
        self._left, self.met = list(outcomes), set[str]()

    def get(self, name: str, usual: str = "") -> str:  # type: ignore[override]
        if self._left and name not in self.met:
            self.met.add(name)
            return self._left.pop()
        return usual


# ------------------------------------------------------------------ items


@pytest.mark.parametrize("outcome", ["errored", "expired", "canceled"])
def test_only_items_that_brought_nothing_are_asked_again(outcome: str, asked: Repo, serve: Serve, cli: Cli) -> None:
    """F27: in a new batch, in the same run; what succeeded is paid once."""
    bad = _Once(outcome, outcome)
    server = serve(batching=Batching(outcomes=bad))
    assert cli("run").code == 4
    first, second = made(server)
    assert len(first) == 5 and set(second) == bad.met and len(second) == 2
    assert proposed(asked) == SLOTS and set(billed(server).values()) == {1} and len(billed(server)) == 5
    assert left_in_store(asked) == [] and unsound(asked.path) == []


def test_where_no_item_brought_anything_the_run_ends_and_says_so(asked: Repo, serve: Serve, cli: Cli) -> None:
    server = serve(batching=Batching(outcomes=_Once(*["errored"] * 5)))
    ended = cli("run")
    assert ended.code == 4 and "agent-01: errored in batch msgbatch_000001" in ended.err
    assert Decimal(cli("cost", "--json").json["perhaps_billed"]) == 0, "what errored costs nothing"
    assert cli("run").code == 4
    assert len(made(server)) == 2 and proposed(asked) == SLOTS


def test_results_that_end_before_their_end_are_no_reason_to_ask_again(
    asked: Repo, serve: Serve, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a broken connection leaves of them may be whole lines."""
    whole, cuts = Wire.results, [2]

    def cut(wire: Wire, name: str, end: float) -> dict[str, dict[str, Any]]:
        found = whole(wire, name, end)
        return dict(list(found.items())[: cuts.pop()]) if cuts else found

    monkeypatch.setattr(Wire, "results", cut)
    server = serve()
    assert cli("run").code == 4
    assert cli("run").code == 4
    assert cuts == [] and len(made(server)) == 1 and proposed(asked) == SLOTS


def test_an_answer_that_does_not_fit_is_corrected_once(asked: Repo, serve: Serve, cli: Cli) -> None:
    """The batch is paid once, the correction goes out at once; what the commit says is what the service bills."""

    def change(packet: Packet, said: Asked, body: str) -> str:
        return "I would rather not say." if packet.slot == "agent-02" and said.turn == 1 else body

    server = serve(change)
    assert cli("run").code == 4
    assert len(made(server)) == 1 and proposed(asked) == SLOTS
    items = [exchange for exchange in server.log if exchange.billed]
    assert len([exchange for exchange in items if not exchange.batch]) == 1
    trailers = cost_trailers(asked)
    assert abs(sum(trailers.values()) - sum((exchange.cost for exchange in items), Decimal())) < Decimal("0.00001")
    assert trailers["propose", "agent-02"] > trailers["propose", "agent-03"]


def test_a_proposal_that_fails_its_gate_is_asked_again_beside_the_old_batch(
    asked: Repo, serve: Serve, cli: Cli
) -> None:
    """The same slot in two batches: the last row is the one that counts."""
    asked.commit(
        {"decisions.toml": asked.read("decisions.toml").replace('gates = ["propose"]', 'gates = ["synthesise"]')}
    )
    bodies = [proposal("cache", path="shop/nowhere.py")]

    def change(packet: Packet, said: Asked, body: str) -> str:
        return bodies.pop() if packet.slot == "agent-03" and bodies else body

    server = serve(change)
    ended = cli("run")
    assert ended.code == 4 and "approval of synthesise" in ended.err
    again = [batch for batch in made(server) if len(batch) == 1 and recorded(asked)["propose", "agent-03"] == 2]
    assert again and set(billed(server).values()) == {1}
    text = asked.at_head(_FILE)
    assert len(re.findall(r"agent-03", text)) == 2
    assert unsound(asked.path) == [] and left_in_store(asked) == []


# ------------------------------------------------------------------ what slots share


def _cached(repo: Repo) -> None:
    text = repo.read("decisions.toml").replace("claude-haiku-4-5", "claude-opus-5-5")
    repo.commit({"decisions.toml": text}, "a model that caches short heads")


def test_one_slot_goes_first_however_often_a_run_looks(asked: Repo, serve: Serve, cli: Cli) -> None:
    """The others go out together when its answer is there, and find what they share in the cache."""
    _cached(asked)
    server = serve(batching=Batching(_LONG))
    for _ in range(3):
        ended = cli("run")
        assert ended.code == 4 and "agent-02: goes out when what it shares is in the cache" in ended.err
    assert [len(batch) for batch in made(server)] == [1]
    server.finish_batches()
    assert cli("run").code == 4
    server.finish_batches()
    assert cli("run").code == 4
    assert [len(batch) for batch in made(server)] == [1, 4] and proposed(asked) == SLOTS
    assert sum(bool(exchange.usage.cache_read) for exchange in server.log if exchange.batch) == 4
    assert set(billed(server).values()) == {1} and left_in_store(asked) == []


def test_the_slot_that_goes_first_may_get_lost_too(asked: Repo, serve: Serve, cli: Cli) -> None:
    _cached(asked)
    faults = Faults(["lost-reply"], paths=("/v1/messages/batches",))
    server = serve(batching=Batching(_LONG), faults=faults)
    assert cli("run").code == 1
    assert cli("run").code == 4
    server.finish_batches()
    faults.add("lost-reply")
    assert cli("run").code == 1
    assert cli("run").code == 4
    server.finish_batches()
    assert cli("run").code == 4
    assert [len(batch) for batch in made(server)] == [1, 4] and proposed(asked) == SLOTS
    assert set(billed(server).values()) == {1}


# ------------------------------------------------------------------ ids


@pytest.mark.parametrize("delay", [0.0, _LONG])
def test_a_batch_whose_id_never_arrived_is_found(delay: float, asked: Repo, serve: Serve, cli: Cli) -> None:
    """F27: the service made it, the reply was lost; it is under way, or has ended."""
    server = serve(batching=Batching(delay), faults=Faults(["lost-reply"], paths=("/v1/messages/batches",)))
    ended = cli("run")
    assert ended.code == 1 and "the batch was not taken" in ended.err
    assert cli("run").code == 4
    server.finish_batches()
    assert cli("run").code == 4
    assert len(made(server)) == 1 and proposed(asked) == SLOTS
    assert set(billed(server).values()) == {1} and unsound(asked.path) == []


def test_a_batch_of_somebody_else_is_not_taken_for_a_lost_one(asked: Repo, serve: Serve, cli: Cli) -> None:
    """While it is under way it looks the same; when it has ended, the lost one is looked for again."""
    server = serve(batching=Batching(_LONG), faults=Faults(["", "lost-reply"], paths=("/v1/messages/batches",)))
    _theirs(server)
    assert cli("run").code == 1
    assert cli("run").code == 4
    assert "msgbatch_000001" in asked.at_head(_FILE), "theirs"
    server.finish_batches()
    assert cli("run").code == 4
    assert cli("run").code == 4
    assert len(made(server)) == 2 and proposed(asked) == SLOTS and set(billed(server).values()) == {1}


def _theirs(server: Loopback) -> None:
    import anthropic

    message = {
        "model": "claude-opus-5-5",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "Hm?"}],
        "stream": True,
    }
    requests = [{"custom_id": f"theirs-{number}", "params": message} for number in range(5)]
    with anthropic.Anthropic(api_key="test", base_url=server.url) as client:
        client.messages.batches.create(requests=requests)  # type: ignore[arg-type]


def test_a_batch_of_another_case_under_way_is_not_taken_for_a_lost_one(asked: Repo, serve: Serve, cli: Cli) -> None:
    server = serve(batching=Batching(_LONG))
    assert cli("run").code == 4
    framing(asked, "q2")
    server.faults.paths = ("/v1/messages/batches",)
    server.faults.add("reset-unread")
    assert cli("run", "q2").code == 1
    assert cli("run", "q2").code == 4
    assert len(made(server)) == 2, "the second one is its own"
    assert "msgbatch_000002" in asked.at_head(f"{folder('q2')}/batch.md")


def test_a_run_of_one_case_finds_the_batch_of_two(asked: Repo, serve: Serve, cli: Cli) -> None:
    framing(asked, "q2")
    server = serve(batching=Batching(_LONG), faults=Faults(["lost-reply"], paths=("/v1/messages/batches",)))
    assert cli("run").code == 1
    assert cli("run", "q2").code == 4
    assert cli("run", "q1").code == 4
    server.finish_batches()
    assert cli("run").code == 4
    assert [len(batch) for batch in made(server)] == [10] and set(billed(server).values()) == {1}


def test_another_clone_collects_what_was_committed(
    asked: Repo,
    serve: Serve,
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It has only the commit with batch.md; afterwards neither clone pays."""
    server = serve(batching=Batching(_LONG))
    left = cli("run")
    assert left.code == 4 and "agent-01: batch msgbatch_000001 is under way" in left.err and "decisions run" in left.err
    asked.git("clone", "-q", ".", str(tmp_path / "other"))
    other = Repo(tmp_path / "other")
    other.git("config", "user.name", "Bob Person")
    other.git("config", "user.email", "bob@example.invalid")
    server.finish_batches()
    assert make_cli(other.path, monkeypatch, capsys)("run").code == 4
    assert proposed(other) == SLOTS and len(made(server)) == 1 and left_in_store(other) == []
    assert len({usd for (phase, _), usd in cost_trailers(other).items() if phase == "propose" and usd}) > 1
    asked.git("pull", "-q", str(other.path), "main")
    assert cli("run").code == 4
    assert len(made(server)) == 1 and set(billed(server).values()) == {1}
    assert cli("audit").code == 0


def test_a_batch_that_the_service_does_not_know_is_not_asked_again_by_itself(
    asked: Repo, serve: Serve, cli: Cli
) -> None:
    """Another key, or a month later: to pay again is for a person to say."""
    serve(batching=Batching(_LONG))
    assert cli("run").code == 4
    stranger = serve()
    ended = cli("run")
    assert ended.code == 1 and "does not know batch msgbatch_000001 any more" in ended.err
    assert "decisions redo q1 propose/agent-01" in ended.err and made(stranger) == []
    assert cli("redo", CASE, "propose").code == 0
    assert cli("run").code == 4
    assert len(made(stranger)) == 1 and proposed(asked) == SLOTS


# ------------------------------------------------------------------ people


def test_redo_asks_a_slot_again_on_purpose(asked: Repo, serve: Serve, cli: Cli) -> None:
    server = serve(batching=Batching(_LONG))
    assert cli("run").code == 4
    done = cli("redo", CASE, "propose/agent-02", "--reason", "it takes too long")
    assert done.code == 0, done.err
    assert "agent-02" not in asked.at_head(_FILE) and "agent-01" in asked.at_head(_FILE)
    assert cli("run").code == 4
    first, second = made(server)
    assert len(first) == 5 and len(second) == 1 and second[0] in first
    assert asked.at_head(_FILE).count("agent-02") == 1 and "msgbatch_000002 | propose | agent-02" in asked.at_head(
        _FILE
    )
    server.finish_batches()
    assert cli("run").code == 4
    assert proposed(asked) == SLOTS and unsound(asked.path) == []


def test_redo_of_a_recorded_slot_makes_a_new_batch(asked: Repo, serve: Serve, cli: Cli) -> None:
    server = serve()
    assert cli("run").code == 4
    assert cli("redo", CASE, "propose/agent-04").code == 0
    assert cli("run").code == 4
    assert [len(batch) for batch in made(server)] == [5, 1] and recorded(asked)["propose", "agent-04"] == 2
    assert unsound(asked.path) == [] and left_in_store(asked) == []


def test_a_case_rests_while_its_batch_is_open(asked: Repo, serve: Serve, cli: Cli) -> None:
    server = serve(batching=Batching(_LONG))
    assert cli("run").code == 4
    assert cli("pause", CASE, "--reason", "later").code == 0
    requests = len(server.log)
    assert cli("run").code == 4
    assert len(server.log) == requests
    assert cli("resume", CASE).code == 0
    server.finish_batches()
    assert cli("run").code == 4
    assert proposed(asked) == SLOTS and len(made(server)) == 1
    assert cli("close", CASE, "--reason", "enough").code == 0
    assert cli("run").code == 0 and unsound(asked.path) == []


@pytest.mark.parametrize("workflow", ["question", "task"])
def test_every_command_reads_a_case_whose_batch_is_open(workflow: str, asked: Repo, serve: Serve, cli: Cli) -> None:
    slug = CASE
    if workflow == "task":
        slug = "cache"
        asked.request(slug)
    serve(batching=Batching(_LONG))
    assert cli("run", slug).code == 4
    path = _FILE if workflow == "question" else f"_tasks/{slug}/batch.md"
    before = asked.read(path)
    for command in (
        ["check"],
        ["fmt", "--check"],
        ["audit"],
        ["status"],
        ["status", "--json"],
        ["log", slug],
        ["why", slug],
        ["show", slug],
    ):
        done = cli(*command)
        assert done.code == 0, (command, done)
    assert asked.read(path) == before and "msgbatch_000001" in cli("log", slug).out
    assert cli("check", path).code == 0


def test_a_batch_that_does_not_fit_the_budget_sets_nothing_aside(asked: Repo, serve: Serve, cli: Cli) -> None:
    """F40: nor does the next try."""
    asked.commit({"decisions.toml": f"{asked.read('decisions.toml')}\n[budget]\ncase = 0.1\n"})
    server = serve()
    for _ in range(3):
        ended = cli("run")
        assert ended.code == 1 and "budget" in ended.err
        assert Decimal(cli("cost", "--json").json["perhaps_billed"]) == 0
    assert made(server) == []


def test_what_a_person_writes_meanwhile_stays_and_the_answer_waits(asked: Repo, serve: Serve, cli: Cli) -> None:
    """The bytes of the person are theirs; the answer is in the spool until they say what they want."""
    path = f"{folder(CASE)}/agents/agent-02-proposal.md"
    mine = b"# My own thoughts\r\n"

    def change(packet: Packet, said: Asked, body: str) -> str:
        asked.write(path, mine)
        return body

    server = serve(change)
    ended = cli("run")
    assert ended.code == 4 and f"{path} has uncommitted changes" in ended.err
    assert (asked.path / path).read_bytes() == mine
    assert proposed(asked) == [slot for slot in SLOTS if slot != "agent-02"]
    assert left_in_store(asked) and len(list((store(asked) / "spool").glob("*.json"))) == 1
    assert cli("run").code == 4 and (asked.path / path).read_bytes() == mine
    (asked.path / path).unlink()
    assert cli("run").code == 4
    assert proposed(asked) == SLOTS and len(made(server)) == 1 and left_in_store(asked) == []


def test_what_a_person_commits_meanwhile_is_the_answer(asked: Repo, serve: Serve, cli: Cli) -> None:
    server = serve(batching=Batching(_LONG))
    assert cli("run").code == 4
    path = f"{folder(CASE)}/agents/agent-02-proposal.md"
    server.finish_batches()
    asked.commit({path: proposal("mine")}, "my own proposal")
    assert cli("run").code == 4
    assert asked.at_head(path) == proposal("mine").rstrip("\n")
    assert proposed(asked) == [slot for slot in SLOTS if slot != "agent-02"] and unsound(asked.path) == []


def test_the_till_may_vanish_while_a_batch_is_open(asked: Repo, serve: Serve, cli: Cli) -> None:
    server = serve(batching=Batching(_LONG))
    assert cli("run").code == 4
    shutil.rmtree(store(asked))
    server.finish_batches()
    assert cli("run").code == 4
    assert len(made(server)) == 1 and proposed(asked) == SLOTS


# ------------------------------------------------------------------ the document

WORDS = st.from_regex(r"[a-z][a-z0-9_-]{0,12}", fullmatch=True)
SENT = st.builds(Sent, batch=WORDS, phase=WORDS, slots=st.lists(WORDS, min_size=1, max_size=6, unique=True).map(tuple))


@given(st.lists(SENT, min_size=1, max_size=6).map(tuple))
def test_a_table_of_batches_is_read_as_it_was_written(sent: tuple[Sent, ...]) -> None:
    made = Batch(meta=Meta(type="batch", case="q1"), sent=sent)
    read = Batch.parse(made.render(), _FILE)
    assert read.sent == sent and read.render() == made.render()
    for one in sent:
        for slot in one.slots:
            last = [s.batch for s in sent if s.phase == one.phase and slot in s.slots][-1]
            assert read.of(one.phase, slot) == last
    assert read.of("nobody", "asked") == ""
