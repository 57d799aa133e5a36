"""The pre-commit hook sees the staged bytes, in every form of ``git commit``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Repo

ROOT = Path(__file__).parent.parent
PATH = "_tasks/cache/003-tarjan-review.md"
BAD = "---\ntype: review\nschema: 1\nstatus: nonsense\n---\n"
GOOD = "# Review\n\nBy hand.\n"


@pytest.fixture
def hooked(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with the hook installed and ``decisions`` on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "decisions"
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from decisions_tool.cli import main; main()"
    script.write_text(f"#!{sys.executable}\n{code}\n")
    script.chmod(0o755)
    hooks = repo.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    shutil.copy(ROOT / "hooks" / "pre-commit", hooks / "pre-commit")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    repo.write(PATH, GOOD)
    repo.git("add", PATH)
    repo.git("commit", "-q", "-m", "good")
    return repo


def _commit(repo: Repo, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "commit", "-q", "-m", "x", *args], cwd=repo.path, capture_output=True, text=True, check=False
    )


def test_plain_commit_is_judged_by_what_is_staged(hooked: Repo) -> None:
    """H2: the bad version is staged, the good one lies on disk."""
    hooked.write(PATH, BAD)
    hooked.git("add", PATH)
    hooked.write(PATH, GOOD + "more\n")
    done = _commit(hooked)
    assert done.returncode == 1 and f"{PATH}:" in done.stdout + done.stderr
    assert hooked.read(PATH) == GOOD + "more\n"


def test_a_bad_file_that_is_not_staged_is_no_matter(hooked: Repo) -> None:
    hooked.write(PATH, BAD)
    hooked.write("README.md", "# Shop\n")
    hooked.git("add", "README.md")
    assert _commit(hooked).returncode == 0


def test_commit_a_and_commit_path_are_judged_by_what_they_take(hooked: Repo) -> None:
    hooked.write(PATH, BAD)
    assert _commit(hooked, "-a").returncode == 1
    assert _commit(hooked, "--", PATH).returncode == 1
    hooked.write("README.md", "# Shop\n")
    assert _commit(hooked, "--", "README.md").returncode == 0


def test_a_linked_worktree_is_judged_by_its_own_index(hooked: Repo, tmp_path: Path) -> None:
    hooked.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    other = Repo(tmp_path / "other")
    other.write(PATH, BAD)
    assert _commit(other, "-a").returncode == 1
    other.write(PATH, GOOD + "more\n")
    assert _commit(other, "-a").returncode == 0
