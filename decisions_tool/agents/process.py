"""One run of a program that is an agent: found outside of the repository, no shell, bounded in time and bytes, nothing left behind."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from decisions_tool.agents.export import within

LIMIT = 8 << 20
_BEAT = 0.02
_GULP = 1 << 16


class Ended(NamedTuple):
    """How a run came to its end; ``cut`` says why it was ended from outside, or nothing."""

    code: int
    out: bytes
    err: bytes
    cut: Literal["", "time", "size", "halt"] = ""


def search_path(closed: Sequence[Path]) -> str:
    """PATH without what is relative and what leads into the folders ``closed``."""
    entries = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(one for one in entries if Path(one).is_absolute() and not within(Path(one), closed))


def find(name: str, closed: Sequence[Path]) -> str | None:
    """The absolute path of a program, None where there is none outside of the folders ``closed``."""
    if "\0" in name or (os.sep in name and not Path(name).is_absolute()):
        return None
    found = shutil.which(name, path=search_path(closed))
    return found if found and not within(Path(found), closed) else None


def environment(names: Sequence[str], closed: Sequence[Path]) -> dict[str, str]:
    """The variables that are named, and no other."""
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return kept | ({"PATH": search_path(closed)} if "PATH" in kept else {})


def run(
    argv: Sequence[str], stdin: bytes, folder: Path, env: Mapping[str, str], seconds: float,
    halted: Callable[[], bool] = lambda: False,
) -> Ended:  # fmt: skip
    """Start ``argv`` (its first word is a path) in a session of its own and wait; OSError where it cannot be started."""
    ends = time.monotonic() + seconds
    process = subprocess.Popen(
        list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=dict(env),
        start_new_session=True, bufsize=0,
    )  # fmt: skip
    talk = _Talk(process, stdin)
    cut: Literal["", "time", "size", "halt"] = ""
    try:
        while not cut and process.poll() is None:
            left = ends - time.monotonic()
            talk.listen(max(0.0, min(_BEAT, left)))
            cut = "size" if talk.too_much else "time" if left <= 0 else "halt" if halted() else ""
        talk.listen(0.0)
        cut = cut or ("size" if talk.too_much else "")
    finally:
        _end(process)
        talk.close()
    return Ended(process.returncode, bytes(talk.out), bytes(talk.err), cut)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole group: children that hold the pipes would keep them open for ever."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Talk:
    """The three pipes of a program; none of them can block."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes) -> None:
        assert process.stdin and process.stdout and process.stderr
        self.out, self.err = bytearray(), bytearray()
        self._pipes = (process.stdin, process.stdout, process.stderr)
        self._kept = {process.stdout.fileno(): self.out, process.stderr.fileno(): self.err}
        self._words, self._left = process.stdin, memoryview(stdin)
        self._open = selectors.DefaultSelector()
        for pipe, event in zip(self._pipes, (selectors.EVENT_WRITE, *[selectors.EVENT_READ] * 2), strict=True):
            os.set_blocking(pipe.fileno(), False)
            self._open.register(pipe.fileno(), event)

    @property
    def too_much(self) -> bool:
        return max(len(self.out), len(self.err)) > LIMIT

    def listen(self, seconds: float) -> None:
        """Move what the pipes hold now, after waiting for them at most so long."""
        for key, event in self._open.select(seconds):
            if event & selectors.EVENT_WRITE:
                self._say(key.fd)
            else:
                self._hear(key.fd)

    def _say(self, fd: int) -> None:
        try:
            self._left = self._left[os.write(fd, self._left[:_GULP]) if self._left else 0 :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # the program does not want to hear the rest
            self._left = memoryview(b"")
        if not self._left:
            self._open.unregister(fd)
            self._words.close()

    def _hear(self, fd: int) -> None:
        kept = self._kept[fd]
        while len(kept) <= LIMIT:
            try:
                data = os.read(fd, _GULP)
            except BlockingIOError:
                return
            if not data:
                self._open.unregister(fd)
                return
            kept += data

    def close(self) -> None:
        self._open.close()
        for pipe in self._pipes:
            pipe.close()
