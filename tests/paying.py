"""A question that models answer for money, and what a server on the loopback interface says of it: who was billed, and how often."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from decisions_tool.agents import asking
from decisions_tool.testing import Exchange, Loopback
from tests.ballot_box import framing
from tests.conftest import Repo, make_repo
from tests.forked import Forks
from tests.rehearsing import Rehearsal
from tests.torture.ground import asked_twice, left_over, unsound

CASE = "q1"
_MICRO = Decimal("0.000001")
Slot = tuple[str, str]


def asked_of(backend: str, folder: Path, forks: Forks, gates: str = "", more: str = "") -> Repo:
    """A repository with a committed question of medium impact, which this backend answers."""
    repo = make_repo(folder)
    assert forks.call(folder, "init").code == 0
    framing(repo, CASE)
    text = f'{gates}\n{repo.read("decisions.toml")}\n[backends]\ndefault = "{backend}"\n{more}\n'
    repo.commit({"decisions.toml": text}, "models answer")
    return repo


@contextmanager
def paid_server(repo: Repo, **options: Any) -> Iterator[tuple[Loopback, dict[str, str], Rehearsal]]:
    """A server that answers what is asked in a repository, the environment that leads there, and its brain."""
    brain = Rehearsal(repo.path, options.pop("change", None))
    try:
        with Loopback(brain, **options) as server:
            yield server, {"ANTHROPIC_API_KEY": "test", "ANTHROPIC_BASE_URL": server.url}, brain
    finally:
        brain.close()


# -- what lies on disk


class Kept(NamedTuple):
    """What a clone holds at a moment: replies by digest, slots whose answer is in the spool, slots that the branch has."""

    replies: frozenset[str]
    spooled: frozenset[Slot]
    recorded: frozenset[Slot]
    requests: int


def store(repo: Repo) -> Path:
    return repo.path / ".git" / "decisions"


def replies(repo: Repo) -> frozenset[str]:
    return frozenset(
        path.name for path in (store(repo) / "till").glob("*/*") if re.fullmatch("[0-9a-f]{64}", path.name)
    )


def spooled(repo: Repo) -> frozenset[Slot]:
    texts = [path.read_text(encoding="utf-8").partition("\n")[2] for path in (store(repo) / "spool").glob("*.json")]
    return frozenset((said["phase"], said["slot"]) for said in map(json.loads, texts))


def recorded(repo: Repo) -> Counter[Slot]:
    """How often the answer of a slot was recorded."""
    lines = repo.git(
        "log",
        "--format=%(trailers:key=Decisions-Phase,valueonly,separator=)|%(trailers:key=Decisions-Slot,valueonly,separator=)",
    )
    return Counter((phase, slot) for line in lines.split("\n") for phase, _, slot in [line.partition("|")] if slot)


def kept(repo: Repo, server: Loopback) -> Kept:
    return Kept(replies(repo), spooled(repo), frozenset(recorded(repo)), len(server.log))


def left_in_store(repo: Repo) -> list[str]:
    """What a run that is over should not leave behind."""
    found = [path for name in ("spool", "intents") for path in (store(repo) / name).glob("*")]
    found += [path for path in (store(repo) / "till").glob("*") if path.name not in {"heads", "journal.jsonl"}]
    return sorted(path.relative_to(store(repo)).as_posix() for path in found)


# -- what the server says


class Bills(NamedTuple):
    """Billed answers in order of arrival: the digest that the till knows a request by, or the custom id in a batch."""

    digest: str
    slot: Slot
    cost: Decimal
    number: int
    batch: bool = False


def bills(server: Loopback, brain: Rehearsal) -> list[Bills]:
    return [_bill(exchange, brain, number) for number, exchange in enumerate(server.log) if exchange.billed]


def _bill(exchange: Exchange, brain: Rehearsal, number: int) -> Bills:
    params = {key: value for key, value in exchange.body.items() if key != "stream"}
    packet = brain.packet(exchange.asked)
    digest = exchange.custom_id or asking.digest(packet, params)
    return Bills(digest, (packet.phase, packet.slot), exchange.cost, number, exchange.batch)


def cost(repo: Repo, forks: Forks) -> tuple[Decimal, Decimal]:
    """(what was paid, what may have been billed besides) as the program tells it."""
    said = json.loads(forks.call(repo.path, "cost", "--json").out)
    return Decimal(said["usd"]), Decimal(said["perhaps_billed"])


def cost_trailers(repo: Repo) -> dict[Slot, Decimal]:
    form = "--format=" + "|".join(
        f"%(trailers:key=Decisions-{key},valueonly,separator=)" for key in ("Phase", "Slot", "Cost-USD")
    )
    rows = [line.split("|") for line in repo.git("log", form).split("\n")]
    return {(phase, slot): Decimal(usd) for phase, slot, usd in rows if usd}


# -- what must hold


def whole(repo: Repo, to_the_end: bool = True) -> list[str]:
    """What a repository lacks to be as a run leaves it that nobody kills."""
    problems = [f"left: {path}" for path in (*left_over(repo.path), *left_in_store(repo))]
    problems += [
        f"recorded {count} times: {slot}" for slot, count in recorded(repo).items() if count > 1 and slot[0] != "batch"
    ]
    problems += [
        f"git status: {line}" for line in repo.git("status", "--porcelain", "--untracked-files=all").splitlines()
    ]
    problems += unsound(repo.path) + asked_twice(repo)
    decided = any("/DR-001" in path for path in repo.files("docs/decisions"))
    return problems if decided or not to_the_end else [*problems, "there is no record"]


def in_flight(billed: list[Bills], held: Kept) -> set[str]:
    """Digests that were billed before a kill, and whose reply the program did not hold."""
    return {
        bill.digest for bill in billed
        if bill.number < held.requests and bill.digest not in held.replies and bill.slot not in held.recorded | held.spooled
    }  # fmt: skip


def lost(billed: list[Bills], kills: list[Kept]) -> list[str]:
    """What was held at a kill and asked again after it, and what was paid for twice without having been in flight."""
    problems = []
    for held in kills:
        after = [bill for bill in billed if bill.number >= held.requests]
        before = {bill.digest for bill in billed if bill.number < held.requests}
        problems += [f"lost a reply: {bill.slot}" for bill in after if bill.digest in held.replies]
        problems += [f"lost an answer: {bill.slot}" for bill in after if bill.slot in held.spooled | held.recorded]
        excused = in_flight(billed, held)
        problems += [f"paid twice: {bill.slot}" for bill in after if bill.digest in before - excused]
    counts = Counter(bill.digest for bill in billed if bill.batch)
    return problems + [f"paid twice in batches: {name}" for name, count in counts.items() if count > 1]


def unpaid(repo: Repo, forks: Forks, billed: list[Bills], kills: list[Kept]) -> list[str]:
    """Where the books of the program do not fit the bill of the service."""
    usd, perhaps = cost(repo, forks)
    total, slack = sum((bill.cost for bill in billed), Decimal()), _MICRO * len(billed)
    missed = sum((bill.cost for bill in billed for held in kills if bill.digest in in_flight(billed, held)), Decimal())
    problems = [f"the books say {usd}, the bill {total}"] if not total - missed <= usd <= total + slack else []
    return problems + ([f"{usd} and perhaps {perhaps} do not cover {total}"] if usd + perhaps < total else [])
