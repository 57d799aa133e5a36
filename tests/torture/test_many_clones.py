"""Two clones and four runners push to one branch at once: nothing is lost, no slot recorded twice, history linear, audit clean.

DECISIONS_TORTURE_TRANSITIONS says how many, DECISIONS_TORTURE_SEED repeats the draws.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from decisions_tool.documents.paths import RECORDS
from decisions_tool.engine.answers import Answer
from decisions_tool.engine.ci import answer, collect, planned
from decisions_tool.engine.events import Event
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.history import is_transition, steps
from decisions_tool.ledger.numbers import number_of
from decisions_tool.ledger.remote import Remote
from decisions_tool.ledger.repository import Repository
from tests.ballot_box import FRAMING, folder
from tests.conftest import REQUEST, Repo, make_repo
from tests.torture.ground import ROOT, amount, chance, unsound

_RUNNERS, _DESKS = 4, 2
#: Transitions that a case comes to, about; every third is a question.
_EACH = 25
_AT_ONCE = 5
_PATIENCE = 3_600.0


def quiet(event: Event) -> None:
    """Nobody listens."""


# ------------------------------------------------------------------ what each process does


def runner(repository: Repository, draw: random.Random, stop: Path) -> Iterator[str]:
    """Answer some open slots of what the remote has and push them, until nothing is left; yield each commit that landed."""
    remote = Remote(repository, "origin")
    while True:
        over = stop.exists()  # asked before the look: what was pushed before it is then seen
        tip = remote.fetch("main")
        made = planned(repository, tip)
        if over and not made.has_work:
            return
        chosen = draw.sample(made.slots, min(len(made.slots), draw.randint(1, _AT_ONCE)))
        answers = [Answer(Path(slot.name), answer(repository, tip, slot.id, quiet)) for slot in chosen]
        if answers or made.has_work:
            yield from (event.commit for event in collect(repository, answers, "main", quiet, "origin").recorded)
        else:
            time.sleep(draw.uniform(0, 0.2))


def desk(repo: Repo, repository: Repository, draw: random.Random, name: str, cases: int) -> Iterator[str]:
    """Ask for one case after the other, as a person does: commit, push, and rebase where somebody was faster."""
    for number in range(cases):
        slug = f"{name}{number}"
        if number % 3:
            repo.commit({f"_tasks/{slug}/001-user-request.md": REQUEST}, f"Request: {slug}")
        else:
            repo.commit({f"{folder(slug)}/framing.md": f"{FRAMING}\nIMPACT: high\n"}, f"Question: {slug}")
        while subprocess.run(
            ["git", "push", "-q", "origin", "main"], cwd=repo.path, capture_output=True, check=False
        ).returncode:
            repo.git("pull", "-q", "--rebase", "origin", "main")
        yield repo.git("rev-parse", "HEAD")
        yield from (event.commit for event in collect(repository, [], "main", quiet, "origin").recorded)
        repo.git("pull", "-q", "--rebase", "origin", "main")


def work(role: str, place: Path, seed: int, name: str, cases: int, stop: Path, landed: Path) -> None:
    """One process; every commit that landed goes into a file of its own."""
    draw = random.Random(f"{seed} {name}")  # noqa: S311
    with closing(Repository(place)) as repository, landed.open("w", encoding="ascii") as file:
        found = runner(repository, draw, stop) if role == "runner" else desk(Repo(place), repository, draw, name, cases)
        for commit in found:
            file.write(f"{commit}\n")


# ------------------------------------------------------------------ and what comes of it


def test_two_clones_and_four_runners_push_at_once(tmp_path: Path) -> None:
    """F30 G2 G4 H3"""
    seed, _ = chance()
    wanted = amount("TRANSITIONS", 1_000)
    cases = -(-wanted // (_EACH * _DESKS))
    source = make_repo(tmp_path / "source")
    source.commit({"decisions.toml": "baseline = []\n"}, "settings")
    bare = Repo(tmp_path / "remote.git")
    source.git("clone", "-q", "--bare", str(source.path), str(bare.path))
    stop = tmp_path / "stop"
    names = [*((f"r{n}", "runner") for n in range(_RUNNERS)), *((f"d{n}", "desk") for n in range(_DESKS))]
    began = time.monotonic()
    processes = {name: _started(tmp_path, name, role, seed, cases) for name, role in names}
    for name, role in names:
        if role == "desk":
            assert processes[name].wait(_PATIENCE) == 0, f"seed {seed}: {_said(tmp_path, name)}"
    stop.touch()
    for name, _ in names:
        assert processes[name].wait(_PATIENCE) == 0, f"seed {seed}: {_said(tmp_path, name)}"
    took = time.monotonic() - began

    told = [(tmp_path / f"{name}.landed").read_text("ascii").split() for name, _ in names]
    landed = [commit for commits in told for commit in commits]
    history = bare.git("rev-list", "main").split()
    assert not set(landed) - set(history), f"seed {seed}: lost"
    assert len(landed) == len(set(landed)), f"seed {seed}: landed twice"
    assert not bare.git("rev-list", "--merges", "main"), f"seed {seed}: not linear"
    final = Repo(tmp_path / "final")
    bare.git("clone", "-q", str(bare.path), str(final.path))
    with closing(Repository(final.path)) as repository:
        tip = repository.head().oid
        made = [step for step in steps(repository, tip) if is_transition(step)]
        left = planned(repository, tip)
    slots = Counter((step.value("Case"), step.value("Phase"), step.value("Slot")) for step in made)
    twice = [slot for slot, count in slots.items() if count > 1]
    assert not twice, f"seed {seed}: recorded twice: {twice[:5]}"
    assert {step.commit for step in made} <= set(landed), f"seed {seed}: nobody knows who made it"
    assert not left.has_work, f"seed {seed}: left open"
    records = [number for path in final.files(RECORDS) if (number := number_of(path))]
    assert records and len(records) == len(set(records)), f"seed {seed}: a number twice"
    assert unsound(final.path) == [], f"seed {seed}"
    assert len(made) >= wanted, f"seed {seed}: {len(made)} transitions of {cases * _DESKS} cases"
    print(f"{len(made)} transitions, {len(records)} records, {len(names)} processes, {took:.0f} s, seed {seed}")


def _started(top: Path, name: str, role: str, seed: int, cases: int) -> subprocess.Popen[bytes]:
    place = Repo(top / name)
    Repo(top).git("clone", "-q", str(top / "remote.git"), str(place.path))
    place.git("config", "user.name", f"Person {name}")
    place.git("config", "user.email", f"{name}@example.invalid")
    told = json.dumps([role, str(place.path), seed, name, cases, str(top / "stop"), str(top / f"{name}.landed")])
    with (top / f"{name}.err").open("wb") as err:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.torture.test_many_clones", told], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=err, stderr=err
        )  # fmt: skip


def _said(top: Path, name: str) -> str:
    return f"{name}: {(top / f'{name}.err').read_text('utf-8', 'replace')[-2000:]}"


if __name__ == "__main__":
    role, place, seed, name, cases, stop, landed = json.loads(sys.argv[1])
    try:
        work(role, Path(place), seed, name, cases, Path(stop), Path(landed))
    except DecisionsError as error:
        sys.exit(f"{error.message} ({error.hint})")
