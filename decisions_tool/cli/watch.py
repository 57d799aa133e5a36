"""The watcher on the command line: signals end it, a live line shows what it is at."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from decisions_tool.cli.common import opened
from decisions_tool.report.progress import Progress
from decisions_tool.report.terminal import say

#: Seconds for answers that are under way when it is to stop.
_GRACE = 4.0


@click.command()
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of what it does.")
@click.pass_obj
def watch(folder: Path, quiet: bool) -> int:
    """Carry cases on as commits arrive and files are saved, until it is stopped.

    A saved file counts once it is whole: unchanged for 250 ms, and without an error that `decisions check` would find. With
    `commit = true` below [watch] in decisions.toml it is committed in your name, otherwise the command that commits it is shown.
    Ctrl-C or SIGTERM ends it: answers that are under way get four seconds. One watcher runs in a clone.
    """
    from decisions_tool.engine.watching import Watcher

    progress = Progress(quiet)
    ended: list[int] = []
    with opened(folder) as repository:
        try:
            with _ending(ended):
                Watcher(repository, progress).watch()
        except KeyboardInterrupt:
            if not ended:
                raise
        finally:
            progress.close()
    say("stopped; what was answered is kept")
    return 130 if ended[0] == signal.SIGINT else 0


@contextmanager
def _ending(ended: list[int]) -> Iterator[None]:
    """Let signals interrupt what is done: the first asks for an end, the clock insists after a while."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGALRM and not ended:
            ended.append(number)
            signal.setitimer(signal.ITIMER_REAL, _GRACE)
        raise KeyboardInterrupt

    wanted = [s for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in (*wanted, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
