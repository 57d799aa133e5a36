"""Agents that cost money, against the loopback server: how long a cycle takes beyond the answers, what it holds, what it costs."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from benchmarks.clock import Figure, decisions, environment, run, timed
from benchmarks.repositories import code, git, library, make
from decisions_tool.testing import RATES, Asked, Exchange, Latency, Loopback, Said, tokens
from tests.rehearsing import Rehearsal

#: Tokens of the code base that the costs are told for: seven key files.
_CODE_BASE = 37_000
#: Seconds to the first event of an answer, and to its end.
_FIRST, _WHOLE = 0.5, 2.0
_EACH = 40
_SLOTS = 1_000
#: Seconds that an answer takes where many are asked at once.
_LONG = 30.0
_TURNS = 10
#: The SDK, and an end without the half second in which the interpreter looks through its classes.
_IMPORT = "import gc, anthropic; gc.freeze()"
#: What the description of the process quotes for one question of a code base of this size, in USD: all Opus, all Sonnet.
_QUOTED = ("5.50", "1.10")
_TOML = 'baseline = []\n[backends]\ndefault = "{backend}"\n[run]\nparallel = {parallel}\n'
_FRAMING = """\
QUESTION: How should these modules report the place of an error?

SCOPE:
  In scope:
    - errors that a caller can mend
  Out of scope:
    - speed

SUCCESS CRITERIA:
  1. Every error names line and column
  2. No caller has to change

KEY FILES (3-7):
{files}

IMPACT: high
"""


# -- time


def waiting(folder: Path) -> Iterator[Figure]:
    """A cycle whose answers take two seconds; the import of the SDK is told apart, it comes once a process."""
    place = make(
        folder / "wait",
        [*code(), ("decisions.toml", _TOML.format(backend="anthropic", parallel=64)), _question("q1", _shop())],
    )
    base = git(place, "rev-parse", "HEAD").strip()
    importing = min(timed(lambda: run([sys.executable, "-c", _IMPORT], place)) for _ in range(3))
    bare = min(timed(lambda: run([sys.executable, "-c", "pass"], place)) for _ in range(3))
    took, answers, path = [], 0, 0.0
    for _ in range(3):
        _afresh(place, base)
        with _served(place, Latency(_FIRST, _WHOLE)) as server:
            took.append(timed(lambda: run(decisions("run"), place)))
        answers, path = len(server.log), min(path or 1e9, _critical(server.log))
    over = (min(took) - path - (importing - bare)) * 1000 / answers
    said = f"{min(took):.1f} s for {answers} answers; critical path {path:.1f} s, import of the SDK {importing - bare:.1f} s"
    yield Figure("cycle with 2 s answers, beyond its critical path and the import", over, "ms an answer", _EACH, said)
    yield Figure("the same with the import", (min(took) - path) * 1000 / answers, "ms an answer", None, "")
    yield from _many(folder)


def _critical(log: list[Exchange]) -> float:
    """Seconds that the answers alone take: each phase waits for the one before; where a head is new, others wait for its first event."""
    phases: list[list[Exchange]] = []
    for exchange in sorted(log, key=lambda item: item.started):
        if phases and exchange.started < phases[-1][0].started + _WHOLE * 0.9:
            phases[-1].append(exchange)
        else:
            phases.append([exchange])
    return sum(_WHOLE + (_FIRST if len(phase) > 1 else 0) for phase in phases)


def _many(folder: Path) -> Iterator[Figure]:
    """A thousand slots asked at once by one process: the reviewers of a panel that configuration names."""
    names = [f"x{number:04d}" for number in range(_SLOTS)]
    experts = "".join(f'[experts.{name}]\nname = "{name}"\nlens = "one"\ncatches = "two"\n' for name in names)
    toml = _TOML.format(backend="anthropic", parallel=_SLOTS) + f"[panels]\nfull = {json.dumps(names)}\n" + experts
    front = "---\ntype: request\nschema: 1\ncase: many\nstatus: open\npanel: full\n---\n# Many eyes\n\nLook at everything.\n"
    place = make(folder / "many", [*code(), ("decisions.toml", toml), ("_tasks/many/001-user-request.md", front)])
    with _served(place, Latency(_FIRST, _LONG), until="review") as server:
        peak = _peak(decisions("run"), place)
    at_once = _most_at_once(server.log)
    yield Figure(f"{_SLOTS:,} slots at once, of which {at_once:,} were open at one time", peak, "MB", 300)


def _peak(command: list[str], place: Path) -> float:
    """Resident memory of a process at its largest, in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run(
        command, cwd=place, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(before, after) / 1024


def _most_at_once(log: list[Exchange]) -> int:
    moments = sorted([(e.started, 1) for e in log] + [(e.ended or e.started, -1) for e in log])
    most = held = 0
    for _, step in moments:
        held += step
        most = max(most, held)
    return most


# -- money


def paying(folder: Path) -> Iterator[Figure]:
    """The server's bill for a full cycle on 37,000 tokens of code, beside loops that share nothing, and beside the floor."""
    files = _key_files()
    toml = _TOML.format(backend="anthropic", parallel=64)
    place = make(folder / "pay", [*files, ("decisions.toml", toml), _question("q1", [path for path, _ in files])])
    size = sum(tokens(text) for _, text in files)
    with _served(place) as server:
        guesses = [_estimate(place, "q1")]
        run(decisions("run"), place)
        first = list(server.log)
        (place / "docs/decisions/working/q2").mkdir(parents=True)
        path, text = _question("q2", [name for name, _ in files])
        (place / path).write_text(text, encoding="utf-8")
        git(place, "add", "--", path)
        git(place, "commit", "--quiet", "--message", "another question")
        guesses.append(_estimate(place, "q2"))
        run(decisions("run"), place)
        second = server.log[len(first) :]
        told = Decimal(json.loads(run(decisions("cost", "--json"), place))["usd"])
    yield from _beside("q1", first, size)
    bills = [sum((e.cost for e in log), Decimal()) for log in (first, second)]
    yield Figure(
        "estimate / bill, first question of a repository",
        float(guesses[0] / bills[0]),
        "x",
        None,
        f"${guesses[0]:.3f} / ${bills[0]:.3f}",
    )
    off = abs(guesses[1] / bills[1] - 1) * 100
    yield Figure(
        "estimate off the bill, once there is a history", float(off), "%", 10, f"${guesses[1]:.3f} / ${bills[1]:.3f}"
    )
    yield Figure(
        "`decisions cost` off the bill",
        float(abs(told / sum(bills) - 1) * 100),
        "%",
        0.1,
        f"${told:.4f} / ${sum(bills):.4f}",
    )
    yield from _in_batches(folder, files, first)


def _beside(name: str, log: list[Exchange], size: int) -> Iterator[Figure]:
    bill = sum((exchange.cost for exchange in log), Decimal())
    alone, floor = _loop(log), _floor(log)
    reading, cached = _reading(log, size)
    quoted = f"; quoted for such a code base: ${_QUOTED[0]} with Opus, ${_QUOTED[1]} with Sonnet"
    yield Figure(f"{name}: a cycle on {size:,} tokens", float(bill), "USD", None, f"{len(log)} calls{quoted}")
    yield Figure("bill / loop that shares nothing", float(bill / alone), "x", 0.35, f"${bill:.3f} / ${alone:.3f}")
    yield Figure(
        f"bill / loop that reads the files in {_TURNS} turns",
        float(bill / reading),
        "x",
        0.20,
        f"${bill:.3f} / ${reading:.3f}",
    )
    yield Figure(
        "the same, if each agent's own turns are cached",
        float(bill / cached),
        "x",
        None,
        f"${bill:.3f} / ${cached:.3f}",
    )
    yield Figure("bill / floor", float(bill / floor), "x", 1.10, f"${bill:.3f} / ${floor:.3f}")


def _sent(exchange: Exchange) -> int:
    used = exchange.usage
    return used.input + used.cache_write_5m + used.cache_write_1h + used.cache_read


def _price(exchange: Exchange, kind: str) -> Decimal:
    order = ("input", "output", "write_5m", "write_1h", "read")
    return Decimal(RATES[exchange.model].rates[order.index(kind)]) / Decimal(1_000_000)


def _loop(log: list[Exchange]) -> Decimal:
    """One process an agent: every prompt whole, at list price."""
    return sum((_sent(e) * _price(e, "input") + e.usage.output * _price(e, "output") for e in log), Decimal())


def _reading(log: list[Exchange], size: int) -> tuple[Decimal, Decimal]:
    """Every agent reads the files in ten turns and each turn sends all before it: uncached, and with a cache of its own."""
    plain = cached = Decimal()
    for exchange in log:
        own = max(0, _sent(exchange) - size)
        grown = [own + size * turn // _TURNS for turn in range(1, _TURNS + 1)]
        out = exchange.usage.output * _price(exchange, "output")
        plain += sum(grown) * _price(exchange, "input") + out
        steps = [grown[0], *(after - before for before, after in pairwise(grown))]
        cached += sum(steps) * _price(exchange, "write_5m") + sum(grown[:-1]) * _price(exchange, "read") + out
    return plain, cached


def _floor(log: list[Exchange]) -> Decimal:
    """One write of the shared head for each model, all else of it read, tails and output at list price."""
    total = sum((e.usage.input * _price(e, "input") + e.usage.output * _price(e, "output") for e in log), Decimal())
    for model in {e.model for e in log}:
        heads = [
            e.usage.cache_write_5m + e.usage.cache_read
            for e in log
            if e.model == model and e.usage.cache_write_5m + e.usage.cache_read
        ]
        if heads:
            one = next(e for e in log if e.model == model)
            total += heads[0] * _price(one, "write_5m") + sum(heads[1:]) * _price(one, "read")
    return total


def _in_batches(folder: Path, files: list[tuple[str, str]], synchronous: list[Exchange]) -> Iterator[Figure]:
    toml = _TOML.format(backend="batches", parallel=64)
    place = make(folder / "batch", [*files, ("decisions.toml", toml), _question("q1", [path for path, _ in files])])
    for hits in (1.0, 0.5):
        with _served(place, hits=hits) as server:
            run(decisions("run"), place)
        bill, alone = sum((e.cost for e in server.log), Decimal()), _loop(synchronous)
        limit = 0.20 if hits == 1 else None
        said = f"${bill:.3f} / ${alone:.3f}; {hits:.0%} of cached heads are met in a batch"
        yield Figure("bill in batches / loop that shares nothing", float(bill / alone), "x", limit, said)
        _afresh(place, git(place, "rev-list", "--max-parents=0", "HEAD").strip())


def _estimate(place: Path, question: str) -> Decimal:
    return Decimal(json.loads(run(decisions("estimate", question, "--json"), place))["total"]["usd"])


# -- grounds


@contextmanager
def _served(place: Path, latency: Latency | None = None, until: str = "", hits: float = 1.0) -> Iterator[Loopback]:
    """A server that answers what is asked in a repository as the rehearsal would; ``until`` refuses what comes after a phase."""
    from decisions_tool.testing import Batching

    def change(packet: object, asked: Asked, body: str) -> Said | str:
        phase = getattr(packet, "phase", "")
        return Said(body, stop_reason="refusal") if until and phase not in {"roadmap", "plan", until} else body

    with (
        closing(Rehearsal(place, change)) as brain,
        Loopback(brain, latency=latency, batching=Batching(delay=0.0, hits=hits)) as server,
    ):
        os.environ |= {"ANTHROPIC_API_KEY": "loopback-key-of-no-worth", "ANTHROPIC_BASE_URL": server.url}
        yield server
        time.sleep(0.1)


def _afresh(place: Path, base: str) -> None:
    git(place, "reset", "--quiet", "--hard", base)
    shutil.rmtree(place / ".git" / "decisions", ignore_errors=True)


def _key_files() -> list[tuple[str, str]]:
    """Seven files of the standard library that come to the size of the code base."""
    wanted = _CODE_BASE * 4 // 7
    sized = sorted(library(100_000), key=lambda item: abs(len(item[1]) - wanted))
    plain = [item for item in sized if re.fullmatch(r"lib/[a-z_]+\.py", item[0])]
    return plain[:7]


def _shop() -> list[str]:
    return [path for path, text in code() if path.endswith(".py") and text.strip()][:5]


def _question(slug: str, paths: list[str]) -> tuple[str, str]:
    files = "\n".join(f"  - {path} — raises errors that callers see" for path in paths)
    return f"docs/decisions/working/{slug}/framing.md", _FRAMING.format(files=files)
