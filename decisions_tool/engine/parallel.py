"""Work in threads, its results in the order it was given; an interrupt may end the wait for them at any moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Seconds after which an interrupt is heard that came just as a wait began: a lock does not wake for it.
_LISTENING = 0.25


class Parallel(Generic[T, R]):
    """``work`` done on items by at most so many threads, which end when nothing is left to begin.

    Threads write down what came, and whoever waits only reads: an interrupt within ``Future`` or ``Condition``
    may leave their locks held for ever, and what was just taken from a queue is lost.
    """

    def __init__(self, work: Callable[[T], R], items: Sequence[T], most: int) -> None:
        self._work = work
        self._todo: SimpleQueue[tuple[int, T]] = SimpleQueue()
        for numbered in enumerate(items):
            self._todo.put(numbered)
        self._count, self._threads = len(items), min(most, len(items))
        self._came: dict[int, R] = {}
        self._failed: dict[int, BaseException] = {}
        self._begun: list[None] = []
        self._ended: list[None] = []
        self._bell: SimpleQueue[None] = SimpleQueue()

    def results(self, together: float) -> Iterator[list[R]]:
        """What came of the items in their order; what comes within so many seconds of the next one is told with it.

        What went wrong with an item is raised in its place.
        """
        for _ in range(self._threads):
            threading.Thread(target=self._labour, name="answer", daemon=True).start()
        told = 0
        while told < self._count:
            while told not in self._came and told not in self._failed:
                self._listen(_LISTENING)
            end = time.monotonic() + together
            while told + len(self._came) < self._count and (left := end - time.monotonic()) > 0:
                self._listen(left)
            found = []
            while told in self._came:
                found.append(self._came.pop(told))
                told += 1
            if not found:
                raise self._failed[told]
            yield found

    def leave(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        with suppress(Empty):
            while True:
                self._todo.get_nowait()
        while len(self._ended) < len(self._begun):
            self._listen(_LISTENING)

    def _listen(self, seconds: float) -> None:
        with suppress(Empty):
            self._bell.get(timeout=seconds)

    def _labour(self) -> None:
        self._begun.append(None)
        try:
            while True:
                number, item = self._todo.get_nowait()
                try:
                    self._came[number] = self._work(item)
                except BaseException as error:  # noqa: BLE001  # raised where results are read
                    self._failed[number] = error
                self._bell.put(None)
        except Empty:
            self._ended.append(None)
            self._bell.put(None)
