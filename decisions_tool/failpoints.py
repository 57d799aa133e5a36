"""Moments at which a test ends the process as ``kill -9`` would. Where DECISIONS_FAILPOINT names none, passing one does nothing."""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Literal, TypeAlias

Moment: TypeAlias = Literal[
    "after-reserve", "after-send", "before-keep", "after-keep", "after-spool", "before-commit", "after-commit", "before-drop",
    "after-promise", "after-create", "after-promise-id", "before-note", "after-note", "after-results",
]  # fmt: skip
_passed: Counter[str] = Counter()


def passing(moment: Moment) -> None:
    """End this process where DECISIONS_FAILPOINT is this moment, or ``moment:3`` and it is passed the third time."""
    name, _, time = os.environ.get("DECISIONS_FAILPOINT", "").partition(":")
    if name != moment:
        return
    _passed[name] += 1
    if _passed[name] == int(time or 1):
        os.kill(os.getpid(), signal.SIGKILL)
