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
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    repo.commit({PATH: GOOD}, "good")
    hooks = repo.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    shutil.copy(ROOT / "hooks" / "hook", hooks / "pre-commit")
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


def test_the_first_commit_of_a_branch_is_judged(hooked: Repo) -> None:
    """H2: there is no commit yet to compare with."""
    hooked.git("checkout", "-q", "--orphan", "fresh")
    hooked.write(PATH, BAD)
    hooked.git("add", PATH)
    assert _commit(hooked).returncode == 1
    assert hooked.git("rev-parse", "--verify", "-q", "HEAD", check=False) == ""
    hooked.write(PATH, GOOD)
    assert _commit(hooked, "-a").returncode == 0


def test_the_first_commit_of_a_repository_with_long_ids_is_judged(hooked: Repo, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "long")
    hooked.git("init", "-q", "--object-format=sha256", str(repo.path))
    shutil.copytree(hooked.path / ".git/hooks", repo.path / ".git/hooks", dirs_exist_ok=True)
    for key in ("user.name", "user.email"):
        repo.git("config", key, hooked.git("config", key))
    repo.write(PATH, BAD)
    repo.git("add", PATH)
    done = _commit(repo)
    assert done.returncode == 1 and f"{PATH}:4:1: error" in done.stderr


def test_a_document_may_be_removed(hooked: Repo) -> None:
    """Bad or good: what goes is not checked."""
    hooked.write(PATH, BAD)
    assert _commit(hooked, "-a", "--no-verify").returncode == 0
    hooked.git("rm", "-q", PATH)
    done = _commit(hooked)
    assert done.returncode == 0 and done.stderr == ""
    assert hooked.git("ls-files", PATH) == ""


@pytest.mark.parametrize("what", ["a link", "a submodule", "a link in the place of a case"])
def test_what_is_no_regular_file_is_refused(hooked: Repo, what: str) -> None:
    path = "_tasks/other" if what.endswith("case") else PATH
    (hooked.path / PATH).unlink()
    if what == "a submodule":
        hooked.git("update-index", "--add", "--cacheinfo", f"160000,{hooked.git('rev-parse', 'HEAD')},{path}")
    else:
        (hooked.path / path).symlink_to("cache")
        hooked.git("add", path)
    done = _commit(hooked)
    assert done.returncode == 1 and f"{path}: error: is not a regular file" in done.stderr


def test_a_link_elsewhere_is_no_matter(hooked: Repo) -> None:
    (hooked.path / "shop/link").symlink_to("/etc/hostname")
    hooked.git("add", "shop/link")
    assert _commit(hooked).returncode == 0


def test_where_there_is_nothing_to_check_nothing_is_said(hooked: Repo) -> None:
    hooked.write("README.md", "# Shop\n")
    done = _commit(hooked, "-a")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_only_meant_to_be_added_is_not_looked_at(hooked: Repo) -> None:
    hooked.write("_tasks/cache/003-steve-review.md", BAD)
    hooked.git("add", "-N", "_tasks")
    hooked.write("README.md", "# Shop\n")
    hooked.git("add", "README.md")
    assert _commit(hooked).returncode == 0
    assert _commit(hooked, "-a").returncode == 1


def test_of_a_partly_staged_file_the_index_counts(hooked: Repo) -> None:
    """H2: here the good version is staged, and the bad one stays on disk as it is."""
    hooked.write(PATH, GOOD + "more\n")
    hooked.git("add", PATH)
    hooked.write(PATH, BAD)
    assert _commit(hooked).returncode == 0
    assert hooked.at_head(PATH) == (GOOD + "more\n").rstrip("\n") and hooked.read(PATH) == BAD


@pytest.mark.parametrize(("args", "code"), [(("--only",), 0), (("--include",), 1)])
def test_a_path_on_the_command_line_takes_what_it_says(hooked: Repo, args: tuple[str, ...], code: int) -> None:
    """Another file is staged and bad: --only leaves it where it is, --include takes it along."""
    hooked.write(PATH, BAD)
    hooked.git("add", PATH)
    hooked.write("README.md", "# Shop\n")
    assert _commit(hooked, *args, "--", "README.md").returncode == code
    assert hooked.git("diff", "--cached", "--name-only", "--", PATH) == PATH


@pytest.mark.parametrize("content", [BAD, GOOD], ids=["bad", "good"])
def test_a_merge_is_judged_by_what_it_brings(hooked: Repo, content: str) -> None:
    """The commit that ends a conflict, with what the person made of it."""
    hooked.git("switch", "-q", "-c", "side")
    hooked.write(PATH, GOOD + "theirs\n")
    assert _commit(hooked, "-a", "--no-verify").returncode == 0
    hooked.git("switch", "-q", "main")
    hooked.write(PATH, GOOD + "ours\n")
    assert _commit(hooked, "-a", "--no-verify").returncode == 0
    hooked.git("merge", "-q", "side", check=False)
    hooked.write(PATH, content)
    assert _commit(hooked, "-a").returncode == (1 if content == BAD else 0)
    assert (hooked.path / ".git/MERGE_HEAD").exists() == (content == BAD)


def test_a_merge_without_conflict_is_judged_where_a_person_commits_it(hooked: Repo) -> None:
    hooked.git("switch", "-q", "-c", "side")
    hooked.write(PATH, BAD)
    assert _commit(hooked, "-a", "--no-verify").returncode == 0
    hooked.git("switch", "-q", "main")
    hooked.git("merge", "-q", "--no-ff", "--no-commit", "side")
    assert _commit(hooked).returncode == 1


def test_an_index_elsewhere_is_the_one_that_counts(hooked: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to where git was called."""
    below = Repo(hooked.path / "shop" / "store")
    shutil.copy(hooked.path / ".git/index", below.path / "other-index")
    hooked.write(PATH, BAD)
    monkeypatch.setenv("GIT_INDEX_FILE", "other-index")
    below.git("add", str(hooked.path / PATH))
    assert _commit(below).returncode == 1


def test_a_replaced_object_does_not_hide_what_is_committed(hooked: Repo) -> None:
    good = hooked.git("rev-parse", f"HEAD:{PATH}")
    hooked.write(PATH, BAD)
    hooked.git("add", PATH)
    hooked.git("replace", hooked.git("rev-parse", f":{PATH}"), good)
    assert _commit(hooked).returncode == 1


def test_without_the_program_the_commit_is_made_and_the_omission_told(
    hooked: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin/decisions").unlink()
    monkeypatch.setenv(
        "PATH", os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not (Path(p) / "decisions").exists())
    )
    hooked.write(PATH, BAD)
    done = _commit(hooked, "-a")
    assert done.returncode == 0 and "decisions is not installed" in done.stderr
