"""Real git in temporary folders, and the command line called in process."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_"))]:
    del os.environ[name]
os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1", "COLUMNS": "200"}

_SHOP = Path(__file__).parent / "shop"
#: A small code base whose components import each other; the files end in .txt so that no tool takes them for ours.
CODE = {
    file.relative_to(_SHOP).as_posix().removesuffix(".txt"): file.read_text(encoding="utf-8")
    for file in sorted(_SHOP.rglob("*"))
    if file.is_file()
}
REQUEST = """\
# Cache reads of the store

The store reads every key again. Keep what was read in a cache in shop/store/db.py.

- A second read of a key does not touch the disk.
- The rules see every write.
"""


def examples(wanted: int) -> int:
    """So many random examples where all are asked for, as `make torture` does, and a part of them otherwise."""
    return wanted if os.environ.get("DECISIONS_EXAMPLES") == "all" else max(min(wanted, 20), wanted // 5)


def pytest_configure() -> None:
    """A shell without job control has the programs of its background ignore Ctrl-C; those that tests start must not."""
    gc.set_threshold(100_000, 20, 20)
    if (
        os.environ.get("DECISIONS_EXAMPLES") != "all"
    ):  # no test can pull the plug; `make torture` waits for the disk all the same
        os.fsync = lambda fd: None
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as below nohup
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than processors: tests wait for git and for the disk."""
    return (os.cpu_count() or 1) + 1


@dataclass
class Repo:
    """A git repository in a folder, with a person who works in it."""

    path: Path

    def git(self, *args: str, check: bool = True, stdin: str = "", env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.path, capture_output=True, text=True, check=False, input=stdin, env={**os.environ, **(env or {})}
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"git {' '.join(args)}: {done.stderr}")
        return done.stdout.rstrip("\n")

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def read(self, path: str) -> str:
        return (self.path / path).read_text(encoding="utf-8")

    def commit(self, files: dict[str, str | bytes], message: str = "work") -> str:
        """A person's commit of some files; its id."""
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "--", *files)
        self.git("commit", "-q", "-m", message, "--", *files)
        return self.git("rev-parse", "HEAD")

    def request(self, slug: str = "cache", text: str = REQUEST) -> str:
        return self.commit({f"_tasks/{slug}/001-user-request.md": text}, f"Request: {slug}")

    def subjects(self) -> list[str]:
        return self.git("log", "--format=%s").split("\n")

    def at_head(self, path: str) -> str:
        return self.git("show", f"HEAD:{path}")

    def files(self, folder: str = "_tasks") -> list[str]:
        return [line for line in self.git("ls-tree", "-r", "--name-only", "HEAD", "--", folder).split("\n") if line]


@dataclass
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        assert value["schema"] == 1
        return value


Cli = Callable[..., Result]


def make_repo(path: Path, files: dict[str, str] | None = None) -> Repo:
    path.mkdir(parents=True, exist_ok=True)
    repo = Repo(path)
    repo.git("init", "-q", "--initial-branch=main", ".")
    repo.git("config", "user.name", "Ada Person")
    repo.git("config", "user.email", "ada@example.invalid")
    repo.commit(dict(files if files is not None else CODE), "code")
    return repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with three components that import each other, and no decisions yet."""
    return make_repo(tmp_path / "repo")


@pytest.fixture
def cli(repo: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line in the repository, in process, through its error boundary."""
    return make_cli(repo.path, monkeypatch, capsys)


def make_cli(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    from decisions_tool import cli as boundary

    def call(*args: str, cwd: Path | None = None) -> Result:
        monkeypatch.chdir(cwd or folder)
        monkeypatch.setattr(sys, "argv", ["decisions", *args])
        capsys.readouterr()
        code = boundary._guarded()
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    return call


@pytest.fixture
def started(repo: Repo, cli: Cli) -> Iterator[Repo]:
    """A repository that is initialised and holds one committed request."""
    assert cli("init").code == 0
    repo.request()
    yield repo


def decisions(
    *args: str, cwd: Path, env: dict[str, str] | None = None, check: bool = False
) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own."""
    code = "from decisions_tool.cli import main; main()"
    root = str(Path(__file__).parent.parent)
    return subprocess.run(
        [sys.executable, "-c", code, *args], cwd=cwd, capture_output=True, text=True, check=check,
        env={**os.environ, "PYTHONPATH": root, **(env or {})}, timeout=120,
    )  # fmt: skip
