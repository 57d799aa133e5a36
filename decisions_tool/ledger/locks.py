"""Locks that a later run can prove to be its own: the run lock, and git's ``index.lock`` held by a hard link."""

from __future__ import annotations

import os
import random
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from decisions_tool.errors import Busy
from decisions_tool.ledger.git import Place

WAIT = 10.0
_TEXT = "held by decisions (process {pid}); if that process is gone, `decisions run` clears it\n"


def process_mark(pid: int) -> str:
    """The process with its start time, so that a reused number is told apart; empty when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return "" if fields[0] in {"Z", "X"} else f"{pid}:{fields[19]}"
    except (OSError, IndexError):
        return _mark_without_proc(pid)


def _mark_without_proc(pid: int) -> str:
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return f"{pid}:"


def alive(mark: str) -> bool:
    pid = mark.partition(":")[0]
    return pid.isdigit() and process_mark(int(pid)) == mark


@contextmanager
def run_lock(place: Place, what: str = "run") -> Iterator[None]:
    """One run (or whatever ``what`` says) at a time in all worktrees of a repository; the lock of a dead process is taken over."""
    path = place.store / f"{what}.lock"
    mine = path.with_name(
        f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}"
    )  # numbers come again, in containers at once
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mine.write_text(process_mark(os.getpid()), encoding="ascii")
        _take(path, mine)
        yield
    finally:
        with suppress(FileNotFoundError):
            if path.samefile(mine):
                path.unlink()
        mine.unlink(missing_ok=True)


def _take(path: Path, mine: Path) -> None:
    for _ in range(100):
        try:
            os.link(mine, path)
        except FileExistsError:
            _clear_dead(path)
        else:
            _sweep(path)
            return
    raise Busy(f"another {path.stem} starts at the same moment", f"decisions {path.stem}")


def _clear_dead(path: Path) -> None:
    """Remove the lock of a dead process; a rename makes sure that nobody else's fresh lock goes with it."""
    with suppress(FileNotFoundError):
        held = path.read_text(encoding="ascii", errors="replace")
        if alive(held):
            raise Busy(
                f"another {path.stem} (process {held.partition(':')[0]}) is at work in this repository",
                "wait for it, or stop it",
            )
        aside = path.with_name(f"{path.name}.dead.{os.getpid()}.{secrets.token_hex(4)}")
        path.rename(aside)
        if alive(aside.read_text(encoding="ascii", errors="replace")):
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()


def _sweep(path: Path) -> None:
    """Remove what processes left that died while they took the lock or gave it back; what cannot be removed is in nobody's way."""
    for left in path.parent.glob(f"{path.name}.*"):
        with suppress(OSError):
            mark, pid = left.read_text(encoding="ascii", errors="replace"), left.name.split(".")[-2]
            begun = (
                not mark and re.fullmatch("[0-9]{1,9}", pid) and process_mark(int(pid))
            )  # its mark is about to be written
            if not begun and not alive(mark):
                left.unlink()


class IndexLock:
    """git's own lock on the index. The owner file is the same inode, so a stale lock can be proved to be ours."""

    def __init__(self, place: Place) -> None:
        self.lock = place.git_dir / "index.lock"
        self.owner = place.git_dir / "decisions-index-owner"

    def __enter__(self) -> IndexLock:
        self.clear_stale()
        fresh = self.owner.with_name(f"{self.owner.name}.{os.getpid()}")
        fresh.write_text(_TEXT.format(pid=os.getpid()), encoding="ascii")
        fresh.replace(self.owner)
        deadline = time.monotonic() + WAIT
        while True:
            try:
                os.link(self.owner, self.lock)
                return self
            except FileExistsError:
                if time.monotonic() > deadline:
                    self.owner.unlink(missing_ok=True)
                    hint = f"finish the other git command; if none runs, remove {self.lock}"
                    raise Busy("another git command holds the index", hint) from None
            time.sleep(random.uniform(0.002, 0.02))  # noqa: S311

    def __exit__(self, *exception: object) -> None:
        self.release()

    def release(self) -> None:
        """Give the lock back; only a lock that is ours is touched."""
        with suppress(FileNotFoundError):
            if self.lock.samefile(self.owner):
                self.lock.unlink()
        self.owner.unlink(missing_ok=True)

    @property
    def stale(self) -> bool:
        """Whether a lock of an earlier run of ours is left; the caller holds the run lock, so that run is over."""
        with suppress(FileNotFoundError):
            return self.lock.samefile(self.owner)
        return False

    def clear_stale(self) -> None:
        if self.stale:
            self.release()
