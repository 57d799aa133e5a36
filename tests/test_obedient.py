"""A model that obeys every word that it finds, against a repository full of orders: it gets nothing, and changes its own answers alone."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import pytest

from decisions_tool.agents import backends
from decisions_tool.agents.protocol import Packet
from decisions_tool.documents import frontmatter
from decisions_tool.engine.run import Engine
from decisions_tool.engine.verbs import redo
from decisions_tool.ledger.repository import Repository
from decisions_tool.testing import Asked, Exchange, Loopback, Said
from decisions_tool.workflows.planner import Wait
from tests.conftest import Repo, decisions, make_repo
from tests.planted import ATTEMPTS, ENVIRONMENT, MARKS, SECRETS, Answer, Attempt, cases, disguises, grounds, traps
from tests.rehearsing import Rehearsal

_ORDER = re.compile(r"INSTRUCTION-(\w+)")
_CALLS = 12
_MANY = ("Decisions-Input", "Decisions-Usage")
_SLUGS = ("cache", "cache-b", "cache-c")
_TASK, _QUESTION = r"_tasks/{case}/", r"docs/decisions/working/{case}/"
_Q1 = "docs/decisions/working/q1"
#: The path that a slot may write, by phase.
MAY_WRITE = {
    "roadmap": _TASK + "002-roadmap.md", "plan": _TASK + "002-roadmap.md", "review": _TASK + "003-{slot}-review.md",
    "concerns": _TASK + "004-expert-concerns.md", "owners": _TASK + "004-expert-concerns.md",
    "research": _TASK + r"research/[\w-]*{slot}[\w-]*.md", "synthesis": _TASK + "research/synthesis.md",
    "contract": _TASK + r"\d{3}-contract.md", "design": _TASK + r"\d{3}-{slot}-design.md",
    "resolution": _TASK + r"(?:004-expert-concerns|\d{3}-contract).md",
    "propose": _QUESTION + "agents/{slot}-proposal.md", "judge": _QUESTION + "agents/compliance.md",
    "synthesise": _QUESTION + "synthesis.md", "hybrid": _QUESTION + "agents/{slot}-proposal.md", "vote": _QUESTION + "votes/{slot}.md",
    "runoff": _QUESTION + "runoff/{slot}.md", "identity": "docs/decisions/working/identity.md",
}  # fmt: skip


@dataclass
class Obedient:
    """A brain that does what it is told by whatever it reads; ``done`` says in which slot it has tried what."""

    rehearsal: Rehearsal
    done: dict[str, Packet] = field(default_factory=dict)
    answered: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    begun: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    guard: Any = field(default_factory=Lock)

    def __call__(self, asked: Asked) -> Said | str:
        body = str(self.rehearsal(asked)).replace("so this duty is unmet", "no prior art found")
        packet = self.rehearsal.packet(asked)
        told = set(_ORDER.findall(json.dumps(asked.messages) + asked.system))
        if asked.turn == 1:
            self.begun[packet.key] += 1
            owed = any(packet.phase in attempt.where and attempt.name not in self.done for attempt in ATTEMPTS)
            return Said(tools=[("read_file", {"path": "AGENTS.md"})]) if told or owed else body
        with self.guard:
            calls = self._tools(packet, told) if asked.turn < 4 else []
            return Said("As I am told.", tools=calls) if calls else self._answer(packet, told, body)

    def _tools(self, packet: Packet, told: set[str]) -> list[tuple[str, dict[str, Any]]]:
        found: list[tuple[str, dict[str, Any]]] = []
        for attempt in self._open(packet, told):
            if attempt.calls and (not found or len(found) + len(attempt.calls) <= _CALLS):
                found += [(name, dict(given)) for name, given in attempt.calls]
                self.done[attempt.name] = packet
        return found

    def _answer(self, packet: Packet, told: set[str], body: str) -> Said | str:
        """One order in the answer and one in its correction, in two conversations; calls and pauses have no end."""
        held = self.answered[packet.key]
        if self.begun[packet.key] > 2:
            return body
        if held and isinstance(said := held[-1](body), Said) and (said.tools or said.stop_reason):
            return said
        wanted = next((attempt for attempt in self._open(packet, told) if attempt.answer), None)
        if wanted is None or wanted.answer is None or len(held) >= 2 * self.begun[packet.key]:
            return body
        self.done[wanted.name] = packet
        held.append(wanted.answer)
        return wanted.answer(body)

    def _open(self, packet: Packet, told: set[str]) -> Iterator[Attempt]:
        for number, attempt in sorted(enumerate(ATTEMPTS), key=lambda item: (not item[1].where, not item[1].after)):
            wanted = (attempt.after or f"{number:03d}") in told
            if wanted and attempt.name not in self.done and (not attempt.where or packet.phase in attempt.where):
                yield attempt


class Step(NamedTuple):
    """A commit of the program: what its trailers say, each name with all its values, and the paths that it changed."""

    message: str
    trailers: dict[str, list[str]]
    paths: list[str]

    @property
    def name(self) -> tuple[str, ...]:
        return tuple(",".join(self.trailers[f"Decisions-{part}"]) for part in ("Case", "Phase", "Slot"))


@dataclass
class Aftermath:
    """What there is to see when everything was tried."""

    repo: Repo
    base: str
    brain: Obedient
    log: list[Exchange]
    before: dict[str, object]
    after: dict[str, object]
    gated: str
    failed: list[Wait]

    @cached_property
    def steps(self) -> list[Step]:
        """Every commit that the program has made, oldest first."""
        found = []
        for commit in self.repo.git("rev-list", "--reverse", f"{self.base}..HEAD").split():
            message = self.repo.git("log", "-1", "--format=%B", commit)
            trailers: dict[str, list[str]] = defaultdict(list)
            for line in self.repo.git("interpret-trailers", "--parse", stdin=f"{message}\n").split("\n"):
                trailers[line.partition(": ")[0]].append(line.partition(": ")[2])
            paths = self.repo.git("show", "--format=", "--name-only", "-z", commit).strip("\0").split("\0")
            if "Decisions-Case" in trailers:
                found.append(Step(message, trailers, paths))
        return found

    def committed(self) -> bytes:
        """Every byte that was committed: messages, trees, blobs."""
        return self.repo.git("log", "-p", "--format=%B", "--text", f"{self.base}..HEAD").encode()


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """Three tasks and a question, run to their gates, approved by a person, and run to their ends."""
    root = tmp_path_factory.mktemp("obedient")
    with pytest.MonkeyPatch.context() as patch:
        yield _tried(root, patch)
    backends.known_secrets.cache_clear()


def _tried(root: Path, patch: pytest.MonkeyPatch) -> Aftermath:
    repo = make_repo(root / "repo")
    for name, value in {**ENVIRONMENT, "HOME": str(root / "home"), "PLAIN_MARK": MARKS["environment"]}.items():
        patch.setenv(name, value)
    backends.known_secrets.cache_clear()
    assert decisions("init", cwd=repo.path).returncode == 0
    more = 'gates = ["concerns", "synthesise"]\n[backends]\ndefault = "anthropic"\n[budget]\ncase = "30"\n'
    repo.commit({"decisions.toml": repo.read("decisions.toml") + more}, "settings")
    grounds(repo)
    cases(repo)
    traps(repo, root / "home")
    repo.write("staged.txt", MARKS["staged"])
    repo.git("add", "staged.txt")
    base, before = repo.git("rev-parse", "HEAD"), untouched(repo)
    brain = Obedient(Rehearsal(repo.path))
    with closing(brain.rehearsal), Loopback(brain) as server:
        patch.setenv("ANTHROPIC_BASE_URL", server.url)
        failed = list(_run(repo))
        gated = repo.git("log", "--format=%(trailers:key=Decisions-Phase,valueonly)", f"{base}..")
        repo.write("later.txt", MARKS["later"])
        repo.git("add", "later.txt")
        repo.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", "later", "--", "later.txt")
        for slug, phase in (*((slug, "concerns") for slug in _SLUGS), ("q1", "synthesise")):
            done = decisions("approve", slug, phase, cwd=repo.path)
            assert done.returncode == 0, done.stderr
        failed += _run(repo)
    return Aftermath(repo, base, brain, server.log, before, untouched(repo), gated, failed)


def _run(repo: Repo) -> Iterator[Wait]:
    """Run until nobody fails any more, taking back what has; what failed."""
    for _ in range(8):
        with closing(Repository(repo.path)) as repository:
            outcome = Engine(repository).run()
            assert not outcome.refusals, outcome.refusals
            for wait in outcome.failed:
                if "decisions redo" in wait.command:
                    redo(repository, wait.case, wait.command.split()[-1], "again", listen=lambda event: None)
        yield from outcome.failed
        if not outcome.failed:
            return
    raise AssertionError(outcome.failed)


def untouched(repo: Repo) -> dict[str, object]:
    """Everything that no agent may change: refs, settings, hooks, the index beside the cases, files that are not tracked."""
    inside = repo.path / ".git"
    private = [
        inside / "config",
        *(path for name in ("hooks", "info") for path in (inside / name).rglob("*")),
        inside / "HEAD",
    ]
    listed = repo.git("ls-files", "-o", "-z").split("\0")
    return {
        "refs": [line for line in repo.git("for-each-ref").split("\n") if "refs/heads/main" not in line],
        "stash": repo.git("stash", "list"),
        "git": {str(path): path.read_bytes() for path in private if path.is_file()},
        "beside": {path: (repo.path / path).read_bytes() for path in listed if path},
        "above": sorted(str(path) for path in repo.path.parent.rglob("*") if not path.is_relative_to(repo.path)),
        "status": repo.git("status", "--porcelain"),
        "tracked": repo.git(
            "ls-tree", "-r", "HEAD", "--", "shop", "config", "AGENTS.md", "CLAUDE.md", "decisions.toml", ".gitignore"
        ),
    }


def test_there_are_more_than_a_hundred_attempts_and_no_two_are_called_the_same() -> None:
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS) >= 100


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name.encode("unicode_escape").decode())
def test_an_order_is_obeyed_and_brings_nothing(aftermath: Aftermath, attempt: Attempt) -> None:
    """Each was made by some agent; what that agent wrote is one document, and what it learnt holds no mark and no secret."""
    packet = aftermath.brain.done.get(attempt.name)
    assert packet is not None, "nobody has tried this"
    allowed = re.compile(MAY_WRITE[packet.phase].replace("{case}", packet.case).replace("{slot}", packet.slot))
    steps = [step for step in aftermath.steps if step.name == (packet.case, packet.phase, packet.slot)]
    assert len(steps) == 1, "one transition of the slot"
    message, trailers, paths = steps[0]
    assert paths and all(allowed.fullmatch(path) for path in paths), paths
    assert all(
        len(values) == 1 for name, values in trailers.items() if name.startswith("Decisions-") and name not in _MANY
    ), trailers
    assert message.count("\nDecisions-Phase:") == 1
    for name, _ in attempt.calls:
        assert name in {"read_file", "list_files", "search"} or f'"name": "{name}"' not in json.dumps(
            aftermath.log[0].body["tools"]
        )


# ---------------------------------------------------------------------- what is the same after all of them


def test_nothing_has_left_that_is_not_tracked_at_the_pinned_commit(aftermath: Aftermath) -> None:
    assert len(aftermath.log) > 100
    sent = _folded("\n".join(json.dumps(exchange.body, ensure_ascii=False) for exchange in aftermath.log))
    for place, mark in MARKS.items():
        for how, text in disguises(mark).items():
            assert _folded(text) not in sent, (place, how)


def test_no_secret_is_in_a_request_or_in_a_commit(aftermath: Aftermath) -> None:
    sent = _folded("\n".join(json.dumps(exchange.body, ensure_ascii=False) for exchange in aftermath.log))
    kept = _folded(aftermath.committed().decode(errors="replace"))
    for secret in SECRETS:
        for how, text in disguises(secret).items():
            assert _folded(text) not in sent, (secret, how)
            assert _folded(text) not in kept, (secret, how)


def test_no_secret_is_on_disk_where_the_program_keeps_its_things(aftermath: Aftermath) -> None:
    for path in (aftermath.repo.path / ".git/decisions").rglob("*"):
        held = _folded(path.read_text(errors="replace")) if path.is_file() else ""
        for secret in ENVIRONMENT.values():
            assert not any(_folded(text) in held for text in disguises(secret).values()), path


def test_what_no_agent_may_touch_is_as_it_was(aftermath: Aftermath) -> None:
    assert aftermath.after == aftermath.before


def test_nobody_but_a_person_has_approved(aftermath: Aftermath) -> None:
    """Gates held until Ada spoke; her approvals are the only ones."""
    reached = set(aftermath.gated.split())
    assert not reached & {"owners", "research", "design", "resolution", "hybrid", "vote", "tally", "record", "approve"}
    approved = []
    for path in aftermath.repo.files("."):
        if path.endswith(".md") and path.startswith(("_tasks/", "docs/")) and "/iteration-" not in path:
            values = frontmatter.read(aftermath.repo.at_head(path), path).values or {}
            assert values.get("agent") is None or values.get("backend") == "anthropic"
            if values.get("status") == "approved" or values.get("decision-makers"):
                approved.append((path, values.get("decision-makers")))
    assert [path for path, _ in approved] == [
        *(f"_tasks/{slug}/004-expert-concerns.md" for slug in ("cache-b", "cache-c", "cache")),
        f"{_Q1}/synthesis.md",
    ]
    assert all("Ada Person" in str(who) and "Eve" not in str(who) for _, who in approved)
    records = [path for path in aftermath.repo.files("docs/decisions") if "DR-" in path]
    assert len(records) == 1 and records[0].startswith("docs/decisions/DR-001-")


def test_the_audit_and_the_checks_find_nothing(aftermath: Aftermath) -> None:
    done = decisions("audit", cwd=aftermath.repo.path)
    assert (done.returncode, "0 errors" in done.stderr) == (0, True), done.stdout
    assert decisions("check", cwd=aftermath.repo.path).returncode == 0


def test_money_stays_within_the_limits(aftermath: Aftermath) -> None:
    """No conversation has more turns than it may, no reply more tokens."""
    turns: dict[str, int] = defaultdict(int)
    for exchange in aftermath.log:
        packet = aftermath.brain.rehearsal.packet(exchange.asked)
        turns[packet.key] = max(turns[packet.key], exchange.asked.turn)
        assert exchange.asked.turn <= packet.limits.turns + 1
        assert exchange.asked.max_tokens <= packet.limits.output
        given = sum(len(text) for _, text in exchange.asked.results)
        assert given <= 430_000
    assert max(turns.values()) > 5


def _folded(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
