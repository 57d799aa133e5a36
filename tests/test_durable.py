"""Answers that cost money, on disk and in git: a run dies at every named moment, and the till is damaged in every way."""

from __future__ import annotations

import os
import random
import re
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from decisions_tool.agents.protocol import Call, Packet, Promise, Stopped
from decisions_tool.config import Budget
from decisions_tool.engine.till import Drawer
from decisions_tool.failpoints import Moment
from decisions_tool.ledger.git import locate
from decisions_tool.testing import Asked, Faults, Said
from tests.conftest import Repo, examples
from tests.forked import Forks
from tests.paying import CASE, asked_of, bills, cost, cost_trailers, kept, lost, paid_server, spooled, unpaid, whole

_ONLY_BATCHES = {"after-promise", "after-create", "after-promise-id", "before-note", "after-note", "after-results"}
_LATER = {
    "anthropic": ("after-keep:3",),
    "batches": ("after-promise:3", "after-promise-id:3"),
}


def _moments(backend: str) -> list[str]:
    """Every named moment that a run with this backend passes, the first time, and some of them later."""
    without = _ONLY_BATCHES if backend == "anthropic" else {"after-send"}
    return [*(name for name in get_args(Moment) if name not in without), *_LATER[backend]]


@pytest.fixture(scope="module")
def forks() -> Iterator[tuple[Forks, Forks]]:
    with Forks() as first, Forks() as second:
        yield first, second


@pytest.mark.parametrize("backend", ["anthropic", "batches"])
def test_a_run_that_dies_at_a_named_moment_loses_nothing(
    backend: str, tmp_path: Path, forks: tuple[Forks, Forks]
) -> None:
    """F27, F28: proposals are paid for; the run is killed once at each moment, and the next one goes on."""
    prepared = asked_of(backend, tmp_path / "prepared", forks[0], gates='gates = ["propose"]').path
    moments = _moments(backend)[:: 1 if examples(100) == 100 else 5]

    def trials(number: int) -> list[str]:
        mine = moments[number::2]
        return [said for moment in mine for said in _killed(moment, prepared, tmp_path / moment, forks[number])]

    with ThreadPoolExecutor(2) as pool:
        problems = [said for found in pool.map(trials, range(2)) for said in found]
    assert not problems, "\n".join(problems)


def _killed(moment: str, prepared: Path, folder: Path, forks: Forks) -> list[str]:
    """What is wrong after a run that died at a moment, and one that did not."""
    shutil.copytree(prepared, folder)
    repo = Repo(folder)
    with paid_server(repo) as (server, environ, brain):
        ended = forks.call(folder, "run", env={**environ, "DECISIONS_FAILPOINT": moment})
        held = [kept(repo, server)]
        done = forks.call(folder, "run", env=environ)
        billed = bills(server, brain)
    problems = [] if ended.killed else [f"the moment never came: {ended}"]
    problems += [] if done.code == 4 and "approval of propose" in done.err else [f"it does not go on: {done}"]
    problems += whole(repo, to_the_end=False) + lost(billed, held) + unpaid(repo, forks, billed, held)
    return [f"{moment}: {problem}" for problem in problems]


def test_every_moment_has_a_name_and_is_passed_somewhere() -> None:
    package = Path(__file__).parent.parent / "decisions_tool"
    texts = [path.read_text(encoding="utf-8") for path in package.rglob("*.py") if path.name != "failpoints.py"]
    calls = [call for text in texts for call in re.findall(r"\bpassing\(([^)]*)\)", text)]
    assert {name for call in calls for name in re.findall(r'"([a-z-]+)"', call)} == set(get_args(Moment))


# ------------------------------------------------------------------ what it cost


def test_a_commit_says_what_the_service_bills_for_its_slot(tmp_path: Path, forks: tuple[Forks, Forks]) -> None:
    """Tools, a refusal to serve and an answer that has to be corrected, all in one run."""
    repo = asked_of("anthropic", tmp_path / "repo", forks[0], gates='gates = ["propose"]')

    def change(packet: Packet, asked: Asked, body: str) -> Said | str:
        if packet.slot == "agent-03" and asked.turn == 1:
            return Said(tools=[("grep", {"pattern": "CACHE"})])
        return "I would rather not say." if packet.slot == "agent-02" and asked.turn == 1 else body

    with paid_server(repo, change=change, faults=Faults(["", "529", "429=0", "500"])) as (server, environ, brain):
        done = forks[0].call(repo.path, "run", env=environ)
        billed = bills(server, brain)
    assert done.code == 4, done.err
    slots = {
        slot: sum((b.cost for b in billed if b.slot == slot), Decimal()) for slot in {bill.slot for bill in billed}
    }
    said = cost_trailers(repo)
    assert len(billed) == 7 and said.keys() == slots.keys()
    assert all(0 <= said[slot] - slots[slot] < Decimal("0.00001") for slot in slots)
    assert unpaid(repo, forks[0], billed, []) == [] and cost(repo, forks[0])[1] == 0


def test_a_reply_that_never_came_may_have_been_billed(tmp_path: Path, forks: tuple[Forks, Forks]) -> None:
    repo = asked_of("anthropic", tmp_path / "repo", forks[0], gates='gates = ["propose"]')
    with paid_server(repo, faults=Faults(["", "cut=300", "lost-reply"])) as (server, environ, brain):
        done = forks[0].call(repo.path, "run", env=environ)
        billed = bills(server, brain)
    assert done.code == 4, done.err
    usd, perhaps = cost(repo, forks[0])
    arrived = sum((bill.cost for bill in {bill.digest: bill for bill in billed}.values()), Decimal())
    assert len(billed) == 7 and 0 <= usd - arrived < Decimal("0.00001") and perhaps > 0
    assert usd + perhaps >= sum((bill.cost for bill in billed), Decimal())


def test_an_answer_to_a_file_that_a_person_edits_waits_in_the_spool(tmp_path: Path, forks: tuple[Forks, Forks]) -> None:
    repo = asked_of("anthropic", tmp_path / "repo", forks[0], gates='gates = ["propose"]')
    path, mine = f"docs/decisions/working/{CASE}/agents/agent-02-proposal.md", b"# Mine\r\n"

    def change(packet: Packet, asked: Asked, body: str) -> str:
        repo.write(path, mine)
        return body

    with paid_server(repo, change=change) as (server, environ, brain):
        done = forks[0].call(repo.path, "run", env=environ)
        assert done.code == 4 and f"{path} has uncommitted changes" in done.err
        assert (repo.path / path).read_bytes() == mine and spooled(repo) == {("propose", "agent-02")}
        requests = len(server.log)
        assert forks[0].call(repo.path, "run", env=environ).code == 4 and (repo.path / path).read_bytes() == mine
        (repo.path / path).unlink()
        done = forks[0].call(repo.path, "run", env=environ)
        assert done.code == 4 and "approval of propose" in done.err
        assert len(server.log) == requests and whole(repo, to_the_end=False) == []
        assert unpaid(repo, forks[0], bills(server, brain), []) == []


# ------------------------------------------------------------------ the till

CALL = Call(
    "a" * 64, Packet("q1", "Q", "vote", "voter-01", "voter", "vote", "?", {}, "pin", key="k" * 64), "m", Decimal(2)
)
REPLY = b'{"type": "message", "content": [{"type": "text", "text": "Yes."}]}'


@pytest.fixture
def till(repo: Repo) -> Drawer:
    return _reopened(repo)


def _reopened(repo: Repo) -> Drawer:
    return Drawer(locate(repo.path))


def _folder(repo: Repo) -> Path:
    return repo.path / ".git" / "decisions" / "till"


def _file(repo: Repo) -> Path:
    return next(_folder(repo).glob(f"*/{CALL.digest}"))


def test_a_damaged_reply_is_never_taken(repo: Repo, till: Drawer) -> None:
    """F29: 1,000 variations of bits, bytes and length; the price that is kept with a reply is part of it."""
    till.reserve(CALL)
    till.keep(CALL, REPLY, Decimal("0.5"))
    file, dice = _file(repo), random.Random(29)  # noqa: S311
    good = file.read_bytes()
    for number in range(1_000):
        bad = _damaged(good, number, dice)
        file.write_bytes(bad)
        assert till.held(CALL) is None, bad
        assert _reopened(repo).unrecorded("q1", "vote", "voter-01") == Decimal("0.5"), "the journal has the price"
        file.with_suffix(".damaged").unlink()
    file.write_bytes(good)
    assert till.held(CALL) == REPLY


def _damaged(good: bytes, number: int, dice: random.Random) -> bytes:
    place = dice.randrange(len(good))
    flipped = bytes([good[place] ^ 1 << dice.randrange(8)])
    cut = good[:place]
    return (good[:place] + flipped + good[place + 1 :], cut, good + bytes([dice.randrange(256)]))[number % 3]


def test_a_damaged_promise_is_none(repo: Repo, till: Drawer) -> None:
    made = Promise(CALL.packet.key, 1.5, (CALL.packet.key,), "msgbatch_1")
    till.promise(CALL.packet, made)
    assert till.promised(CALL.packet) == made and list(till.promises()) == [made]
    assert till.promised(replace(CALL.packet, key="another question")) is None
    file = next(_folder(repo).glob("*/batch"))
    good = file.read_bytes()
    for place in range(len(good)):
        file.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert till.promised(CALL.packet) is None
        file.with_suffix(".damaged").unlink()


def test_a_journal_that_is_torn_anywhere_spoils_no_later_line(repo: Repo, till: Drawer) -> None:
    till.reserve(CALL)
    whole_journal = (_folder(repo) / "journal.jsonl").read_bytes()
    for length in range(0, len(whole_journal), 7):
        (_folder(repo) / "journal.jsonl").write_bytes(whole_journal[:length])
        later = _reopened(repo)
        second = CALL._replace(digest="b" * 64)
        later.reserve(second)
        later.keep(second, REPLY, Decimal("0.25"))
        found = _reopened(repo)
        assert found.unrecorded("q1", "vote", "voter-01") == Decimal("0.25"), length
        assert found.spent("q1") == Decimal("0.25")
        shutil.rmtree(_folder(repo))
        _folder(repo).mkdir(0o700)


def test_without_its_journal_the_till_still_holds_what_was_paid(repo: Repo, till: Drawer) -> None:
    till.reserve(CALL)
    (_folder(repo) / "journal.jsonl").unlink()
    till.keep(CALL, REPLY, Decimal("0.5"))
    found = _reopened(repo)
    assert found.held(CALL) == REPLY
    found.recorded(("q1", "vote", "voter-01", "pin"))
    assert [path.name for path in _folder(repo).iterdir()] == ["journal.jsonl"]


def test_what_the_till_holds_is_private(repo: Repo, till: Drawer) -> None:
    shutil.rmtree(repo.path / ".git" / "decisions", ignore_errors=True)
    before = os.umask(0)
    try:
        till.promise(CALL.packet, Promise(CALL.packet.key, 1.5, ()))
        till.reserve(CALL)
        till.keep(CALL, REPLY, None)
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (_folder(repo), *_folder(repo).rglob("*"))}
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} == {"0o700"}
    assert {oct(mode) for path, mode in modes.items() if path.is_file()} == {"0o600"} and len(modes) == 5


def test_of_two_tries_one_brought_the_reply_and_the_other_may_have_been_billed(repo: Repo, till: Drawer) -> None:
    till.reserve(CALL)
    till.lost(CALL)
    till.reserve(CALL)
    till.keep(CALL, REPLY, Decimal("0.5"))
    journal = _folder(repo) / "journal.jsonl"
    for lines in (
        None,
        journal.read_text().splitlines()[:-1],
    ):  # as it is, and killed before the price was written down
        if lines is not None:
            journal.write_text("\n".join(lines))
        found = _reopened(repo)
        assert found.unrecorded("q1", "vote", "voter-01") == Decimal("0.5")
        assert found.spent("q1") == Decimal("2.5")


def test_a_question_asked_anew_is_paid_for_beside_the_first(repo: Repo, till: Drawer) -> None:
    """`decisions redo` of an answer that was paid for and never recorded."""
    till.reserve(CALL)
    till.keep(CALL, REPLY, Decimal("0.5"))
    till.clear(("q1", "vote", "voter-01", "pin"))
    assert till.held(CALL) is None
    till.reserve(CALL)
    till.keep(CALL, REPLY, Decimal("0.25"))
    journal = _folder(repo) / "journal.jsonl"
    journal.write_text("\n".join(journal.read_text().splitlines()[:-1]))
    assert _reopened(repo).unrecorded("q1", "vote", "voter-01") == Decimal("0.75")


def test_a_reservation_is_taken_up_by_the_next_run_once(repo: Repo, till: Drawer) -> None:
    till.reserve(CALL)
    found = _reopened(repo)
    found.budget = Budget(case=Decimal(3))
    with pytest.raises(Stopped):
        found.reserve(CALL)
    found.resume(CALL)
    assert found.spent("q1") == Decimal(2)
    found.release(CALL)
    assert found.spent("q1") == 0 == _reopened(repo).spent("q1")
