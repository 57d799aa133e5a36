"""The pinned commit as a private folder: what gets in, what is noticed, and that nothing stays."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from decisions_tool.agents import export as exporting
from decisions_tool.agents.export import Export, exported, safe, within
from decisions_tool.agents.view import PinnedView
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.repository import Repository
from tests.conftest import Repo
from tests.programs import View

FILES: Mapping[str, bytes] = {
    "README.md": b"# Read\n",
    "src/a.py": b"a = 1\n",
    "src/deep/er/b.py": b"\xff\x00",
    "empty": b"",
}


@pytest.fixture
def made() -> Iterator[Export]:
    with exported(View(FILES), ()) as export:
        yield export


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_export_holds_the_files_and_nobody_else_can_read_it(made: Export) -> None:
    assert held(made.folder) == FILES
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((made.folder / path).stat().st_mode) for path in FILES} == {0o600}
    assert made.changed() == []


def test_the_umask_does_not_open_it() -> None:
    before = os.umask(0)
    try:
        with exported(View(FILES), ()) as export:
            assert stat.S_IMODE(export.folder.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_two_exports_are_two_folders() -> None:
    with exported(View(FILES), ()) as one, exported(View(FILES), ()) as other:
        assert one.folder != other.folder


def test_a_real_commit_comes_without_git_links_and_what_is_denied(repo: Repo) -> None:
    (repo.path / "link").symlink_to("/etc/passwd")
    repo.write(".env", "KEY=1")
    repo.write(".claude/settings.json", "{}")
    repo.write("bin/run", "#!/bin/sh\n").chmod(0o755)
    repo.git("add", "-A")
    repo.git("commit", "-qm", "more")
    repo.write("untracked", "u")
    repository = Repository(repo.path)
    try:
        view = PinnedView(repository, repository.head().oid, (".env*",))
        with exported(view, (repo.path,)) as export:
            names = set(held(export.folder))
            assert not (export.folder / "bin/run").stat().st_mode & 0o111
    finally:
        repository.close()
    tracked = set(repo.git("ls-files").split("\n"))
    assert names == tracked - {"link", ".env", ".claude/settings.json"}


@pytest.mark.parametrize(
    "path",
    [
        "../a", "a/../../b", "/etc/passwd", "a//b", "", ".", "..", "a/.", ".git/config", "sub/.GIT/hooks/x", ".git ", ".git.",
        ".g\u200cit/config", "git~1/x", "a\0b", ".claude/settings.json", "sub/.mcp.json", ".Codex/config.toml", "opencode.json",
    ],
)  # fmt: skip
def test_a_name_that_is_not_safe_is_left_out(path: str) -> None:
    assert not safe(path)
    with exported(View({path: b"x", "ok": b"y"}), ()) as export:
        assert held(export.folder) == {"ok": b"y"}


@pytest.mark.parametrize(
    "path", ["a b", "a\nb", "-rf", "...x", ".gitignore", "git", "caf\u00e9", "a\udcffb", "CLAUDE.md", "x" * 200]
)
def test_an_odd_name_is_a_name(path: str) -> None:
    with exported(View({path: b"x"}), ()) as export:
        assert [name.encode("utf-8", "surrogateescape") for name in held(export.folder)] == [os.fsencode(path)]


def test_names_that_the_disk_cannot_hold_together_are_left_out() -> None:
    with exported(View({"a": b"1", "a/b": b"2", "n" * 300: b"3", "z": b"4"}), ()) as export:
        assert held(export.folder) == {"a": b"1", "z": b"4"}


def _append(folder: Path) -> None:
    (folder / "src/a.py").write_bytes(b"a = 2\n")


def _swap(folder: Path) -> None:
    (folder / "src/a.py").unlink()
    (folder / "src/a.py").symlink_to("/etc/passwd")


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "src/pipe")


def _replace_by_fifo(folder: Path) -> None:
    (folder / "empty").unlink()
    os.mkfifo(folder / "empty")


def _huge(folder: Path) -> None:
    with (folder / "huge").open("wb") as stream:
        stream.truncate(1 << 40)


def _grown(folder: Path) -> None:
    with (folder / "empty").open("wb") as stream:
        stream.truncate(1 << 40)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_append, ["src/a.py"]),
        (lambda folder: (folder / "new").write_text("n"), ["new"]),
        (lambda folder: (folder / "src/new").mkdir(), ["src/new"]),
        (lambda folder: (folder / ".hidden").symlink_to("nowhere"), [".hidden"]),
        (lambda folder: (folder / "README.md").unlink(), ["README.md"]),
        (lambda folder: (folder / "README.md").chmod(0o755), ["README.md"]),
        (lambda folder: (folder / "src").chmod(0o755), ["src"]),
        (lambda folder: folder.chmod(0o755), ["."]),
        (lambda folder: shutil.rmtree(folder / "src/deep"), ["src/deep", "src/deep/er", "src/deep/er/b.py"]),
        (lambda folder: (folder / "src/a.py").rename(folder / "src/c.py"), ["src/a.py", "src/c.py"]),
        (_swap, ["src/a.py"]),
        (_fifo, ["src/pipe"]),
        (_replace_by_fifo, ["empty"]),
        (_huge, ["huge"]),
        (_grown, ["empty"]),
    ],
)  # fmt: skip
def test_every_change_is_noticed(made: Export, change: Callable[[Path], object], said: list[str]) -> None:
    change(made.folder)
    assert made.changed() == said


def test_reading_changes_nothing(made: Export) -> None:
    held(made.folder)
    os.utime(made.folder / "README.md", (1, 1))
    assert made.changed() == []


def test_what_is_new_is_named_and_not_entered(made: Export) -> None:
    (made.folder / "new/a/b").mkdir(parents=True)
    assert made.changed() == ["new"]


def test_the_folder_goes_though_it_cannot_be_written_and_is_deeper_than_a_path() -> None:
    with exported(View(FILES), ()) as export:
        folder = export.folder
        here = os.open(folder, os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("deeper", 0o700, dir_fd=here)
            below = os.open("deeper", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
        (folder / "src/a.py").chmod(0)
        (folder / "src/deep").chmod(0)
        (folder / "src").chmod(0o500)
        folder.chmod(0o500)
        assert "deeper" in export.changed()
    assert not folder.exists()


def test_the_folder_goes_when_something_fails() -> None:
    kept: list[Path] = []
    with pytest.raises(KeyError), exported(View(FILES), ()) as export:
        kept.append(export.folder)
        raise KeyError
    assert not kept[0].exists()


def test_a_view_that_cannot_be_read_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(View):
        def read(self, path: str) -> bytes:
            raise DecisionsError("no")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(DecisionsError), exported(Broken(FILES), ()):
        pass
    assert list(tmp_path.iterdir()) == []


def test_links_in_the_folder_lead_the_removal_nowhere(made: Export, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("k")
    (made.folder / "out").symlink_to(tmp_path)
    exporting.remove(made.folder)
    assert (tmp_path / "kept").exists() and not made.folder.exists()
    made.folder.mkdir()  # the fixture removes it once more


def test_no_export_is_made_inside_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repo/tmp").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "repo")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "link/tmp"))
    monkeypatch.setattr(exporting, "_MORE_PLACES", (str(tmp_path),))
    with exported(View(FILES), (tmp_path / "repo",)) as export:
        assert export.folder.parent == tmp_path.resolve()
    monkeypatch.setattr(exporting, "_MORE_PLACES", ())
    with (
        pytest.raises(DecisionsError, match="lies in the repository"),
        exported(View(FILES), (tmp_path / "repo",)),
    ):
        pass


def test_within_sees_through_links_and_dots(tmp_path: Path) -> None:
    (tmp_path / "repo/bin").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "repo/bin")
    closed = (tmp_path / "repo",)
    assert within(tmp_path / "repo", closed) and within(tmp_path / "link/agent", closed)
    assert within(tmp_path / "x/../repo/bin", closed)
    assert not within(tmp_path / "repository", closed) and not within(tmp_path, closed)
