"""The audit finds what was done behind the program's back, and passes what people may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Cli, Repo

CASE = "_tasks/cache"


@pytest.fixture
def finished(started: Repo, cli: Cli) -> Repo:
    assert cli("run").code == 0
    return started


def test_a_fresh_clone_is_proved_offline(finished: Repo, cli: Cli, tmp_path: Path) -> None:
    """G4"""
    finished.git("clone", "-q", str(finished.path), str(tmp_path / "clone"))
    assert cli("audit", cwd=tmp_path / "clone").code == 0


def test_an_edited_answer_is_named_with_its_commit(finished: Repo, cli: Cli) -> None:
    path = f"{CASE}/003-tarjan-review.md"
    commit = finished.commit({path: finished.read(path).replace("**Problem:** ", "**Problem:** No. ", 1)}, "tidy")
    result = cli("audit", "--json")
    assert result.code == 1 and result.json["first"] == commit
    assert any(f["rule"] == "audit/edited" and f["path"] == path for f in result.json["findings"])


def test_an_amend_commit_with_a_reason_is_no_edit(finished: Repo, cli: Cli) -> None:
    """G8"""
    path = f"{CASE}/003-tarjan-review.md"
    finished.commit({path: finished.read(path).replace("**Problem:** ", "**Problem:** No. ", 1)}, "amend: wrong line")
    assert cli("audit").code == 0


def test_changed_provenance_and_removed_documents_are_found(finished: Repo, cli: Cli) -> None:
    path = f"{CASE}/003-steve-review.md"
    finished.commit({path: finished.read(path).replace("rehearsal: true\n", "")}, "tidy")
    assert cli("audit").code == 1
    finished.git("reset", "-q", "--hard", "HEAD~1")
    finished.git("rm", "-q", path)
    finished.git("commit", "-q", "-m", "gone")
    assert cli("audit").code == 1


def test_trailers_by_hand_do_not_make_a_transition(finished: Repo, cli: Cli) -> None:
    """Forged, because the phase was not due."""
    message = "x\n\nDecisions-Case: cache\nDecisions-Phase: panel\nDecisions-Slot: panel\nDecisions-Backend: rule\n"
    finished.commit({f"{CASE}/notes.md": "x"}, message)
    assert cli("audit").code == 1


def test_a_squash_merge_is_folded_and_its_contents_are_verified(started: Repo, cli: Cli) -> None:
    started.git("switch", "-q", "-c", "work")
    assert cli("run").code == 0
    started.git("switch", "-q", "main")
    started.git("merge", "-q", "--squash", "work")
    started.git("commit", "-q", "-m", "Squash the work")
    result = cli("audit", "--json")
    assert result.code == 0, result.json["findings"]
    assert any(f["rule"] == "audit/folded" for f in result.json["findings"])
