"""What the system reports of changed files: folders are listened to, a bell rings. It reads nothing and decides nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

#: Milliseconds: how often the system's events are fetched, and for how long a burst of them counts as one.
_STEP, _BURST = 20, 100


class Folder(NamedTuple):
    """A folder that is listened to, with all below it or alone; ``names`` are those in it that matter, all where it is empty."""

    path: Path
    deep: bool = False
    names: frozenset[str] = frozenset()


class Ears:
    """Listens in threads of its own; ``bell`` rings when something was heard. What is heard may be late, or not come at all."""

    def __init__(self) -> None:
        self.bell = threading.Event()
        self._heard: set[str] = set()
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._known: list[tuple[Folder, int]] = []
        self._names: dict[str, frozenset[str]] = {}

    def follow(self, folders: Iterable[Folder]) -> bool:
        """Listen to those of the folders that there are; True when they are others than before, so that anything may have been missed.

        Raises OSError where the system listens to no more folders; what can be heard is heard all the same.
        """
        there = [(folder, folder.path.stat().st_ino) for folder in folders if _is_folder(folder.path)]
        if there == self._known:
            return False
        self.close()
        self._known, self._stop = there, threading.Event()
        self._names = {os.fspath(folder.path): folder.names for folder, _ in there if folder.names}
        for deep in (True, False):
            self._begin([os.fspath(folder.path) for folder, _ in there if folder.deep == deep], deep)
        return True

    def heard(self) -> set[str]:
        """Paths that changed since this was last asked."""
        with self._guard:
            self.bell.clear()
            heard, self._heard = self._heard, set()
            return heard

    def close(self) -> None:
        """Listen no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._known = []

    def _begin(self, paths: list[str], deep: bool) -> None:
        if not paths:
            return
        try:
            notify = RustNotify(paths, False, False, 0, deep, True)
        except WatchfilesRustInternalError as error:
            raise OSError(str(error)) from None
        thread = threading.Thread(target=self._listen, args=(notify, self._stop), name="ears", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self, notify: RustNotify, stop: threading.Event) -> None:
        try:
            while not isinstance(found := notify.watch(_BURST, _STEP, 0, stop), str):
                self._note({name for _, name in found if self._tells(name)})
        except WatchfilesRustInternalError:
            self._known = []  # the next look begins again
            self.bell.set()
        finally:
            notify.close()

    def _note(self, names: set[str]) -> None:
        if names:
            with self._guard:
                self._heard |= names
            self.bell.set()

    def _tells(self, name: str) -> bool:
        folder, _, last = name.rpartition("/")
        wanted = self._names.get(folder)
        return wanted is None or last in wanted


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
