"""A thread that acts at a time unless it is called off: what makes a deadline hold against a reply that trickles."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Watchdog:
    """``at`` returns a number for ``off``; actions run in one thread and must be short."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int]] = []
        self._actions: dict[int, Callable[[], None]] = {}
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def at(self, moment: float, action: Callable[[], None]) -> int:
        """Run ``action`` at a moment of ``time.monotonic``."""
        with self._changed:
            number = next(self._numbers)
            self._actions[number] = action
            heapq.heappush(self._due, (moment, number))
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            self._changed.notify()
            return number

    def off(self, number: int) -> None:
        with self._changed:
            self._actions.pop(number, None)

    def all_now(self) -> None:
        """Act on everything that is still watched."""
        with self._changed:
            actions = list(self._actions.values())
            self._actions.clear()
        for action in actions:
            action()

    def _watch(self) -> None:
        while True:
            action = self._next()
            if action is not None:
                action()

    def _next(self) -> Callable[[], None] | None:
        """Wait until something is due; what was called off is passed over."""
        with self._changed:
            while self._due and self._due[0][1] not in self._actions:
                heapq.heappop(self._due)
            if not self._due:
                self._changed.wait()
                return None
            moment, number = self._due[0]
            left = moment - time.monotonic()
            if left > 0:
                self._changed.wait(left)
                return None
            heapq.heappop(self._due)
            return self._actions.pop(number, None)
