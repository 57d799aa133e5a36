"""What the torture tests share: processes to kill, a seed to repeat them by, and a hard look at what is left."""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

from decisions_tool.ledger.audit import audit
from decisions_tool.ledger.repository import Repository
from tests.conftest import Repo

ROOT = Path(__file__).parents[2]
_CODE = "from decisions_tool.cli import main; main()"
_LEFT_OVER = ("*.lock", "*.lock.*", "*.tmp", "decisions-index*", "decisions-pending*")


def chance() -> tuple[int, random.Random]:
    """(seed, numbers); DECISIONS_TORTURE_SEED repeats a run."""
    seed = int(os.environ.get("DECISIONS_TORTURE_SEED") or secrets.randbelow(1 << 32))
    return seed, random.Random(seed)  # noqa: S311


def amount(name: str, usual: int) -> int:
    """How much of it: DECISIONS_TORTURE_<NAME>, or the usual."""
    return int(os.environ.get(f"DECISIONS_TORTURE_{name}") or usual)


def spawn(folder: Path, *args: str, quiet: bool = True) -> subprocess.Popen[str]:
    """The command line in a process group of its own."""
    where = subprocess.DEVNULL if quiet else subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _CODE, *args], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdin=subprocess.DEVNULL, stdout=where, stderr=where, start_new_session=True,
    )  # fmt: skip


def call(folder: Path, *args: str) -> tuple[int, str, str]:
    """The command line from start to end: (exit code, stdout, stderr)."""
    with spawn(folder, *args, quiet=False) as process:
        try:
            out, err = process.communicate(timeout=180)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            return -1, out, f"{err}\nit did not end within 180 s"
    return process.returncode, out, err


def kill_after(folder: Path, delay: float, group: bool, *args: str) -> bool:
    """Start a command and ``kill -9`` it, alone or with everything it started; False when it was over before."""
    with spawn(folder, *args) as process:
        time.sleep(delay)
        if process.poll() is not None:
            return False
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    return True


def phases(folder: Path) -> dict[str, str]:
    """Case -> phase, as the program tells it."""
    code, out, err = call(folder, "status", "--json")
    assert code == 0, err
    return {row["case"]: row["phase"] for row in json.loads(out)["cases"]}


def left_over(folder: Path) -> list[str]:
    """Locks and temporary files of a run that is over."""
    git = folder / ".git"
    return sorted({path.relative_to(folder).as_posix() for pattern in _LEFT_OVER for path in git.rglob(pattern)})


def unsound(folder: Path) -> list[str]:
    """What git and the audit have against a repository."""
    command = ["git", "fsck", "--strict", "--no-dangling", "--no-progress"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = [f"git fsck: {line}" for line in (done.stdout + done.stderr).splitlines() if not line.startswith("notice")]
    found += [f"git fsck ended with {done.returncode}"] if done.returncode else []
    repository = Repository(folder)
    try:
        return found + [f"audit: {finding.message} ({finding.path})" for finding in audit(repository).findings]
    finally:
        repository.close()


def asked_twice(repo: Repo) -> list[str]:
    """Questions that were asked although their answer was on disk."""
    journal = repo.path / ".git" / "decisions" / "journal.jsonl"
    answered: set[tuple[str, str, str]] = set()
    found = []
    for line in journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []:
        event = json.loads(line)
        name = (event["case"], event["phase"], event["slot"])
        if event["event"] == "asked" and name in answered:
            found.append(f"asked again: {'/'.join(name)}")
        elif event["event"] == "answered":
            answered.add(name)
        elif event["event"] == "redo":
            answered.discard(name)
    return found
