"""One gate for all slots: whoever the service tells to wait makes everybody wait, and nobody sleeps alone. It sends nothing."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

#: Seconds that nobody means.
_ENDLESS = 1e9


class Gate:
    """Seconds are those of ``clock``; ``sleep`` and ``dice`` (0 to 1) can be put in its place."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.clock, self._sleep, self._dice = clock, sleep, dice
        self._opens = 0.0
        self._guard = threading.Lock()

    def shut(self, seconds: float) -> None:
        """Let nobody pass for so long."""
        with self._guard:
            self._opens = max(self._opens, self.clock() + seconds)

    def opens_in(self) -> float:
        """Seconds until somebody may pass; 0 when the gate is open."""
        with self._guard:
            return max(0.0, self._opens - self.clock())

    def passes(self, end: float, given_up: Callable[[], object] = bool) -> bool:
        """Wait for the gate, or until that is given up; False, at once, where it opens only after ``end``."""
        while (wait := self.opens_in()) and not given_up():
            if self.clock() + wait > end:
                return False
            self._sleep(min(wait, 1.0))
        return True

    def pause(self, attempt: int) -> float:
        """How long to wait after a failure that named no time: grows with every attempt, never the same for two."""
        return min(30.0, 0.5 * 2.0**attempt) * (0.5 + self._dice() / 2)


def asked_for(text: str, now: float) -> float | None:
    """Seconds to wait by a retry-after, a number or a date of HTTP; None where it says nothing that makes sense."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, now)
    return max(0.0, seconds) if seconds < _ENDLESS else None


def _until(date: str, now: float) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, TypeError, OverflowError, IndexError):
        return _ENDLESS
