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
from decisions_tool.testing import Batching, Exchange, Loopback
from tests.ballot_box import framing
from tests.conftest import Repo, make_repo
from tests.forked import Forks
from tests.rehearsing import Rehearsal

CASE = "q1"
Slot = tuple[str, str]


def asked_of(backend: str, folder: Path, forks: Forks, more: str = "") -> Repo:
    """A repository with a committed question of medium impact, which this backend answers."""
    repo = make_repo(folder)
    assert forks.call(folder, "init").code == 0
    framing(repo, CASE)
    text = f'{repo.read("decisions.toml")}\n[backends]\ndefault = "{backend}"\n{more}'
    repo.commit({"decisions.toml": text}, "models answer")
    return repo


@contextmanager
def paid_server(repo: Repo, **options: Any) -> Iterator[tuple[Loopback, dict[str, str]]]:
    """A server that answers what is asked in a repository, and the environment that leads there."""
    brain = Rehearsal(repo.path, options.pop("change", None))
    try:
        with Loopback(brain, **options) as server:
            yield server, {"ANTHROPIC_API_KEY": "test", "ANTHROPIC_BASE_URL": server.url}
    finally:
        brain.close()


def at_once(delay: float = 0.0, **more: Any) -> Batching:
    return Batching(delay, **more)


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
    found += [path for path in (store(repo) / "till").glob("*") if path.name != "journal.jsonl"]
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
    if not exchange.asked.max_tokens:
        return Bills(json.dumps(params, sort_keys=True), ("", ""), exchange.cost, number)
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
