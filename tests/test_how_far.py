"""Long work tells on a terminal how far it is, and nowhere else."""

from __future__ import annotations

import io
import sys
import time

import pytest

from decisions_tool.report.terminal import how_far
from tests.conftest import Cli, Repo


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float, of: int) -> str:
    """What is told of ten steps that take so long each."""
    now = iter([100.0 + seconds * step for step in range(50)])
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with how_far("cases read") as tell:
        for done in range(10):
            tell(done, of)
    return stream.getvalue()


def test_a_long_work_tells_its_count_its_time_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    said = told(monkeypatch, Terminal(), 1.0, 40)
    assert "4 of 40 cases read · 5 s · about 36 s left" in said
    assert said.endswith("\r\033[2K")


def test_where_the_end_is_not_known_nothing_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said = told(monkeypatch, Terminal(), 1.0, 0)
    assert "9 cases read · 10 s" in said and "left" not in said


@pytest.mark.parametrize(
    ("stream", "seconds"), [(Terminal(), 0.05), (io.StringIO(), 9.0)], ids=["short", "no terminal"]
)
def test_a_short_work_and_a_pipe_are_told_nothing(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float
) -> None:
    assert told(monkeypatch, stream, seconds, 40) == ""


def test_status_and_audit_say_nothing_more_in_a_pipe(started: Repo, cli: Cli) -> None:
    assert "\r" not in cli("status").err + cli("audit").err
