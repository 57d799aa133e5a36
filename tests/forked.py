"""The command line in processes forked from one that has imported everything: a second less for each, and they can be killed."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

_ROOT = Path(__file__).parent.parent


class Ended(NamedTuple):
    """How a process ended: its exit code, or minus the signal that ended it."""

    code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Forks:
    """One process at a time; several of these run several at once."""

    def __init__(self) -> None:
        environ = {**os.environ, "PYTHONPATH": str(_ROOT)}
        command = [sys.executable, "-P", "-m", "tests.forked"]
        self._parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._parent.stdin and self._parent.stdout
        self._parent.stdin.close()
        self._parent.wait()
        self._parent.stdout.close()
        self._folder.cleanup()

    def call(
        self, folder: Path, *args: str, env: Mapping[str, str] | None = None, kill: float = -1.0, group: bool = False
    ) -> Ended:
        """Run a command to its end, or ``kill -9`` it after so many seconds, alone or with all that it started."""
        assert self._parent.stdin and self._parent.stdout
        said = [Path(self._folder.name) / name for name in ("out", "err")]
        order = {"folder": str(folder), "args": args, "env": dict(env or {}), "said": [str(path) for path in said]}
        print(json.dumps(order), file=self._parent.stdin, flush=True)
        process = int(self._parent.stdout.readline())
        if kill >= 0:
            time.sleep(kill)
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL) if group else os.kill(process, signal.SIGKILL)
        print("", file=self._parent.stdin, flush=True)
        code = int(self._parent.stdout.readline())
        return Ended(code, *(path.read_text(encoding="utf-8", errors="replace") for path in said))


def _serve() -> None:
    import anthropic  # noqa: F401
    import httpx2  # noqa: F401

    import decisions_tool.cli.root
    import decisions_tool.engine.run  # noqa: F401

    gc.freeze()
    while line := sys.stdin.readline():
        process = os.fork() or _become(json.loads(line))
        with suppress(PermissionError):
            os.setpgid(process, process)
        print(process, flush=True)
        sys.stdin.readline()  # until then its number stays its own
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _become(order: dict[str, object]) -> int:
    """Be the command line, and never come back."""
    from decisions_tool.cli import main

    os.setpgid(0, 0)
    out, err = (os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for path in order["said"])  # type: ignore[attr-defined]
    for number, target in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
        os.dup2(target, number)
    os.chdir(str(order["folder"]))
    os.environ.update(order["env"])  # type: ignore[call-overload]
    sys.argv = ["decisions", *order["args"]]  # type: ignore[misc]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
