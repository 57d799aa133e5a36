"""Who writes the cache: the first request with a head goes alone until its reply begins, the others then read what it wrote."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Seconds that a cached head is kept by the service after it was read last, with something to spare.
_KEPT = 270.0


class Heads:
    """Heads by name. Safe to use from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._warm: dict[str, float] = {}
        self._leading: set[str] = set()
        self._changed = threading.Condition()

    def enter(self, head: str, end: float) -> bool:
        """Wait until the head is cached; True for the caller that has to write it, who then says ``begun`` or ``failed``."""
        with self._changed:
            while not self._is_warm(head):
                if head not in self._leading:
                    self._leading.add(head)
                    return True
                self._changed.wait(max(0.05, min(1.0, end - self._clock())))
                if self._clock() >= end:
                    return False
            self._warm[head] = self._clock()
            return False

    def _is_warm(self, head: str) -> bool:
        return self._clock() - self._warm.get(head, -_KEPT) < _KEPT

    def begun(self, head: str) -> None:
        with self._changed:
            self._warm[head] = self._clock()
            self._leading.discard(head)
            self._changed.notify_all()

    def failed(self, head: str) -> None:
        """Let the next one lead; no matter where the head is cached already."""
        with self._changed:
            self._leading.discard(head)
            self._changed.notify_all()
