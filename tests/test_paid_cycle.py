"""Real agents through the command line, answered by the loopback server as the rehearsal would: whole cycles, what they send and cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal

import pytest

from decisions_tool.documents.identity import SECTIONS, TRIMMED
from decisions_tool.rules.identity import slice_for
from decisions_tool.testing import Batching, Exchange, Loopback
from tests.ballot_box import framing
from tests.conftest import Cli, Repo
from tests.rehearsing import Rehearsal

TOML = 'baseline = []\n[backends]\ndefault = "{}"\n'


@contextmanager
def served(repo: Repo, monkeypatch: pytest.MonkeyPatch, batching: Batching | None = None) -> Iterator[Loopback]:
    """A server that answers what is asked in a repository; it is the only service that the program knows of."""
    with closing(Rehearsal(repo.path)) as brain, Loopback(brain, batching=batching) as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "loopback-key-of-no-worth")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        yield server


def phase(server: Loopback, slot: str) -> list[Exchange]:
    """The requests of slots that begin with a word, by what their role says at the end."""
    return [e for e in server.log if e.billed and slot in e.asked.prompt.rpartition("# Your role")[2]]


def proposals(server: Loopback) -> list[Exchange]:
    return [e for e in server.log if e.billed and "one concrete proposal" in e.asked.last]


def test_a_question_is_decided_by_agents_of_the_api_and_the_audit_proves_it(
    repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A1 A3 A6 G1 G4"""
    repo.commit({"decisions.toml": TOML.format("anthropic")})
    framing(repo)
    with served(repo, monkeypatch) as server:
        done = cli("run")
        assert done.code == 0, done.err
        bill = server.bill()
    assert cli("audit").code == 0
    assert repo.files("docs/decisions")[0].startswith("docs/decisions/DR-001-")
    told = cli("cost", "q1", "--json").json
    assert (Decimal(told["usd"]), told["perhaps_billed"]) == (bill.total, "0")
    body = repo.git("log", "--format=%B", "--grep", "voted by voter-01")
    assert "Decisions-Model: claude-sonnet-5-5" in body
    assert "Decisions-Cost-USD: 0." in body
    assert "rehearsal" not in repo.at_head("docs/decisions/working/q1/votes/voter-01.md")


def test_a_phase_goes_out_as_one_batch_whose_id_is_in_git(
    repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A1 A6: at half price, each question once"""
    repo.commit({"decisions.toml": TOML.format("batches")})
    framing(repo)
    with served(repo, monkeypatch, Batching()) as server:
        done = cli("run")
        assert done.code == 0, done.err
        items = [e.custom_id for e in server.log if e.batch]
        bill = server.bill()
    assert len(items) == len(set(items))
    assert not [e for e in server.log if e.billed and not e.batch]
    assert cli("audit").code == 0
    rows = [line for line in repo.at_head("docs/decisions/working/q1/batch.md").splitlines() if "msgbatch" in line]
    assert any("| vote " in row and "voter-05" in row for row in rows)
    assert Decimal(cli("cost", "--json").json["usd"]) == bill.total


def test_all_slots_of_a_phase_send_the_same_head_and_what_differs_comes_last(
    repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A3"""
    repo.commit({"decisions.toml": TOML.format("anthropic")})
    framing(repo)
    with served(repo, monkeypatch) as server:
        assert cli("run").code == 0
    sent = proposals(server)
    assert len(sent) == 5
    assert len({(e.asked.system, str(e.asked.tools)) for e in sent}) == 1
    head = sent[0].asked.system
    assert head.index("# Rules") < head.index("## File of the repository: shop/store/db.py") < head.index("# Case:")
    assert "# Your role" not in head
    assert sent[0].asked.last.rstrip().rpartition("\n# ")[2].startswith("Your role")


def test_with_slices_each_role_gets_its_own_part_of_the_identity_last(
    repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4 A3: tier 2"""
    repo.commit({"decisions.toml": TOML.format("anthropic")})
    framing(repo, more="TIER: 2\n")
    with served(repo, monkeypatch) as server:
        assert cli("run").code == 0
    sent = proposals(server)
    assert len({e.asked.system for e in sent}) == 1
    assert all(f"## {name}" in sent[0].asked.system for name in TRIMMED)
    assert not any(f"## {name}" in sent[0].asked.system for name in SECTIONS[2:])
    by_seat = {e.asked.last.count("\n## Known Debt") + 2 * e.asked.last.count("\n## Conventions") for e in sent}
    assert len(by_seat) > 1
    assert slice_for("minimalist") == ("Known Debt", "Conventions")
    assert cli("audit").code == 0
    compared = next(e for e in server.log if "Group the proposals" in e.asked.last)
    assert (compared.asked.system, compared.asked.model) == (sent[0].asked.system, sent[0].asked.model)
    assert all(compared.asked.last.count(f"\n## {name}\n") == 1 for name in SECTIONS[2:5])
    assert not any(f"\n## {name}\n" in compared.asked.last for name in TRIMMED)


def test_an_old_identity_is_named_and_a_redo_asks_for_a_new_one(repo: Repo, cli: Cli) -> None:
    """D4: stale at more than 20 commits"""
    assert cli("init").code == 0
    framing(repo, more="TIER: 1\n")
    assert cli("run").code == 0
    old = repo.at_head("docs/decisions/working/identity.md")
    for number in range(21):
        repo.commit({"notes.txt": f"{number}\n"})
    framing(repo, "q2", more="TIER: 1\n")
    told = cli("frame", "q2")
    assert "commits old" in told.out
    assert "decisions redo q2 identity" in told.out
    assert cli("redo", "q2", "identity", "--reason", "it is old").code == 0
    assert cli("run").code == 0
    assert repo.at_head("docs/decisions/working/identity.md") != old
    assert cli("audit").code == 0


def test_an_estimate_says_calls_tokens_and_dollars_and_what_it_costs_without_the_vote(repo: Repo, cli: Cli) -> None:
    """A6"""
    repo.commit({"decisions.toml": TOML.format("anthropic")})
    framing(repo)
    told = cli("estimate", "q1", "--json").json
    usd = {name: Decimal(told[name]["usd"]) for name in ("total", "buffered", "without_vote")}
    assert usd["without_vote"] < usd["total"] < usd["buffered"]
    assert usd["buffered"] == usd["total"] * 13 / 10
    calls = {row["phase"]: row["calls"] for row in told["phases"]}
    assert (calls["propose"], calls["vote"], calls["synthesise"]) == (5, 5, 1)
    assert "key files" in cli("estimate", "q1").err


def test_a_model_without_a_price_is_unpriced_and_never_free(
    repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A6"""
    repo.commit({"decisions.toml": TOML.format("anthropic") + '[models]\ndefault = "claude-mythos-5"\n'})
    framing(repo)
    assert cli("estimate", "q1", "--json").json["total"]["usd"] is None
    assert "unpriced" in cli("estimate", "q1").out
    repo.commit(
        {"decisions.toml": TOML.format("anthropic") + '[models]\ndefault = "claude-mythos-5"\n[budget]\ncase = "5"\n'}
    )
    with served(repo, monkeypatch) as server:
        done = cli("run")
    assert done.code == 1
    assert "a budget cannot be kept" in done.err
    assert '[prices."claude-mythos-5"]' in done.err
    assert not server.log


def test_without_a_key_nothing_is_asked_and_nothing_falls_back(
    repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A1"""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    repo.commit({"decisions.toml": TOML.format("anthropic")})
    framing(repo)
    done = cli("run")
    assert done.code == 1
    assert "there is no key" in done.err
    assert "export ANTHROPIC_API_KEY" in done.err
    assert not [path for path in repo.files("docs/decisions") if "proposal" in path]
