"""The whole loop of a decision in one story: it is made, fails its spike, is made again, is built, deviates, is reversed in part, holds, and is filed away."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from decisions_tool.config import FILE
from decisions_tool.documents.paths import RECORDS, TASKS
from decisions_tool.ledger.audit import Auditor
from decisions_tool.ledger.evidence import Report
from decisions_tool.ledger.history import steps
from decisions_tool.ledger.repository import Repository
from tests.ballot_box import FRAMING, by_hand, folder, framing, propose, run_tests
from tests.conftest import Cli, Repo

Q1 = folder("q1")
DB = "shop/store/db.py"
TESTS = "from shop.store import db\n" + "".join(
    f"\n\ndef test_{n}() -> None:\n    db.put('k', {n})\n    assert db.get('k') == {n}\n" for n in range(3)
)
REVIEW = """\
## Verification: Q1

### Success Criteria

- 1: pass — `shop/store/db.py` reads from what it holds
- 2: pass — `shop/store/db.py` writes before it answers

### Deviations

- none
"""
LOOK_BACK = """\
## Retrospective: Q1

### What Held

- the cache

### What Did Not

- the first signature

### What to Keep

- the spike
"""


def sketch(signature: str) -> str:
    return f"# {DB}\n\ndef {signature}: ..."


def build(repo: Repo, signature: str) -> None:
    """Somebody carries the story out, with this signature."""
    before = repo.read(DB)
    line = next(line for line in before.split("\n") if line.startswith("def get("))
    repo.commit({DB: before.replace(line, f"def {signature}:")}, "build it")


def every_commit_is_proved(repo: Repo) -> Iterator[str]:
    """What an audit of each commit says that its parent's did not, and of the state of every case at it."""
    repository, report = Repository(repo.path), Report()
    auditor = Auditor(repository, report)
    for step in steps(repository, repository.head().oid, TASKS, RECORDS, FILE, newest_first=False, whole=True):
        auditor.judge(step)
        for slug in repository.cases(step.commit):
            auditor.judge_state(step.commit, slug)
    repository.close()
    return (f"{finding.path}: {finding.message}" for finding in report.findings)


def test_the_whole_loop_from_a_question_to_the_archive(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    """D17 D18 D20 D21 D22 D23 G4 P10"""
    command = f"{sys.executable} {run_tests(tmp_path)} {{junit}}"
    assert cli("init").code == 0
    by_hand(repo, "proposer", "judge", "synthesizer", "verifier", "historian", "diagnostician")
    repo.commit({"tests/__init__.py": "", "tests/test_db.py": TESTS}, "tests")

    # a decision, and a spike that it does not survive
    framing(repo, text=f"---\ntype: framing\nschema: 1\nstatus: open\nagents: 3\n---\n{FRAMING}")
    propose(repo, cli, {"owned": (1, 2, 3)}, texts={"owned": sketch("get(key: str, owner: str) -> object")})
    assert cli("run").code == 0
    assert cli("spike", "DR-001", "--command", command).code == 1
    assert "| type | 3 |" in repo.at_head(f"{Q1}/spike.md")
    assert "superseded" in repo.at_head("docs/decisions/DR-001-owned.md")

    # the question again, knowing what failed; its record takes the place of the first
    propose(
        repo,
        cli,
        {"cached": (1, 2, 3)},
        texts={"cached": sketch("get(key: str, *, fresh: bool = False) -> object")},
    )
    assert "get() missing 1 required positional argument" in cli("prompt", "q1", "propose/agent-02").out
    assert cli("run").code == 0
    assert "### Superseded-by: DR-002" in repo.at_head("docs/decisions/DR-001-owned.md")
    assert cli("spike", "q1", "--command", command).code == 0

    # stories, and an implementation that deviates
    assert cli("stories", "DR-002").code == 0
    build(repo, "get(key, retries=3)")
    assert cli("story", "done", "DR-002/US-001").code == 0
    held = cli("review", "DR-002")
    assert (held.code, "`shop/store/db.py:11` get.retries" in held.out) == (1, True), held.out
    assert "**Status:** failed" in repo.at_head("docs/decisions/DR-002-stories.md")

    # a significant reversal: the focused question takes the place of one section
    told = "retries are needed, and nobody asks for a fresh read"
    assert cli("reverse", "DR-002", "--kind", "significant", "--story", "US-001", "-r", told).code == 0
    signature = "get(key: str, retries: int = 3) -> object"
    propose(repo, cli, {"retried": (1, 2, 3)}, "q1-r1", {"retried": sketch(signature)})
    assert cli("run").code == 0
    old = repo.at_head("docs/decisions/DR-002-cached.md")
    assert "> Superseded by DR-003-retried.md." in old
    assert "### Status: accepted" in old

    # it is built as it was decided now, looked at, and looked back on
    build(repo, signature)
    assert cli("story", "done", "DR-002/US-001").code == 0
    assert cli("stories", "DR-003").code == 0
    assert cli("story", "done", "DR-003/US-001").code == 0
    for slug, record in (("q1", "DR-002"), ("q1-r1", "DR-003")):
        waits = cli("review", record)
        assert waits.code == 4, waits.out
        repo.write("review.md", REVIEW)
        assert cli("submit", slug, "verify", "review.md").code == 0
        cli("run")
        assert cli("retrospect", record).code == 4
        repo.write("back.md", LOOK_BACK)
        assert cli("submit", slug, "retrospect", "back.md").code == 0

    # what is missing, until nothing is
    repo.commit({"docs/decisions/cleanup.md": "# Clean-up\n\n- [ ] C1: dead code\n"}, "clean-up")
    missing = cli("complete")
    assert (missing.code, "C1: dead code" in missing.out) == (4, True), missing.out
    refused = cli("archive")
    assert (refused.code, repo.files(Q1) != []) == (1, True)
    repo.commit({"docs/decisions/cleanup.md": "# Clean-up\n\n- [x] C1: dead code\n"}, "done")
    assert cli("complete").code == 0, cli("complete").out
    assert cli("archive").code == 0
    assert repo.files(Q1) == []
    assert "docs/decisions/archive/q1/iteration-1/framing.md" in repo.files("docs")
    assert cli("check").code == 0, cli("check").out
    assert cli("undo", "q1").code == 0
    assert f"{Q1}/framing.md" in repo.files(Q1)
    assert list(every_commit_is_proved(repo)) == []
