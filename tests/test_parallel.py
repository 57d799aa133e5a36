"""Work in threads: order, what comes together, what goes wrong, and interrupts at any moment."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

import pytest

from decisions_tool.engine.parallel import Parallel


def test_results_are_told_in_the_order_of_the_items_and_together_where_they_came_together() -> None:
    held = threading.Event()

    def work(item: int) -> int:
        assert item or held.wait(5)
        return item * item

    told = Parallel(work, range(6), 6).results(0.05)
    threading.Timer(0.1, held.set).start()
    assert next(told) == [0, 1, 4, 9, 16, 25] and list(told) == []


def test_what_is_there_is_told_before_what_goes_wrong_after_it() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("the third")
        return item

    told = Parallel(work, range(4), 1).results(0.05)
    assert next(told) == [0, 1]
    with pytest.raises(ValueError, match="the third"):
        next(told)


def test_no_more_threads_work_than_are_allowed_and_none_stays() -> None:
    names: set[str] = set()
    busy: list[int] = []

    def work(item: int) -> int:
        busy.append(item)
        names.add(threading.current_thread().name + str(threading.get_ident()))
        time.sleep(0.01)
        busy.remove(item)
        return len(busy)

    before = threading.active_count()
    assert max(count for together in Parallel(work, range(20), 3).results(0) for count in together) <= 2
    end = time.monotonic() + 5
    while threading.active_count() > before:
        assert time.monotonic() < end
    assert len(names) <= 3


def test_nothing_is_begun_after_leaving_and_what_runs_is_waited_for() -> None:
    held, begun, done = threading.Event(), [], []

    def work(item: int) -> int:
        begun.append(item)
        assert held.wait(5)
        done.append(item)
        return item

    parallel = Parallel(work, range(9), 2)
    told = parallel.results(0)
    waiting = threading.Thread(target=lambda: next(told))
    waiting.start()
    while len(begun) < 2:
        time.sleep(0.001)
    threading.Timer(0.05, held.set).start()
    parallel.leave()
    assert sorted(done) == sorted(begun) and len(begun) in {2, 3, 4}  # a thread may have taken one just before
    waiting.join()


@pytest.fixture
def alarm() -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_interrupt_at_any_moment_loses_nothing_and_hangs_nothing(alarm: None) -> None:
    dice = random.Random(7)  # noqa: S311
    for _ in range(150):
        begun: list[int] = []
        done: list[int] = []

        def work(item: int, begun: list[int] = begun, done: list[int] = done) -> int:
            begun.append(item)
            time.sleep(0.001)
            done.append(item)
            return item

        parallel = Parallel(work, range(8), 3)
        began = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, dice.uniform(0.0001, 0.004))
        try:
            try:
                for _ in parallel.results(0.001):
                    pass
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            pass
        parallel.leave()
        assert sorted(done) == sorted(set(begun)) and len(done) == len(begun)
        assert time.monotonic() - began < 3
