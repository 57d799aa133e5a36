"""The backends by name, each made when it is first asked."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from decisions_tool.agents.protocol import Backend, Till
from decisions_tool.agents.view import PinnedView
from decisions_tool.config import BACKENDS, Settings
from decisions_tool.ledger.files import read_regular
from decisions_tool.ledger.repository import Repository


class Means(NamedTuple):
    """What backends are made from."""

    repository: Repository
    settings: Settings
    till: Till
    read: Callable[[Path, int], bytes | None] = read_regular


def view(repository: Repository, commit: str, settings: Settings) -> PinnedView:
    """The repository as agents may see it."""
    return PinnedView(repository, commit, settings.deny)


@lru_cache(maxsize=1)
def known_secrets() -> tuple[str, ...]:
    """Secrets of this process: they never leave, whatever shape they have."""
    from decisions_tool.agents.secrets import known_values

    return known_values(os.environ)


def _views(means: Means) -> Callable[[str], PinnedView]:
    @lru_cache(maxsize=8)
    def opened(commit: str) -> PinnedView:
        return view(means.repository, commit, means.settings)

    return opened


def _offline(means: Means) -> Backend:
    from decisions_tool.agents.offline import Offline

    return Offline(_views(means))


def _manual(means: Means) -> Backend:
    from decisions_tool.agents.manual import Manual

    return Manual(means.repository.place, means.read)


def _anthropic(means: Means) -> Backend:
    from decisions_tool.agents.anthropic import Anthropic
    from decisions_tool.agents.wire import Wire

    return Anthropic(Wire(os.environ), means.till, _views(means), means.settings.prices, known_secrets())


def _batches(means: Means) -> Backend:
    from decisions_tool.agents.batches import Batches
    from decisions_tool.agents.wire import Wire

    wait = means.settings.run.batch_wait * 60.0
    return Batches(Wire(os.environ), means.till, _views(means), means.settings.prices, known_secrets(), wait=wait)


def _command(means: Means) -> Backend:
    from decisions_tool.agents.command import CommandAgent
    from decisions_tool.ledger.trust import trusted

    place, table = means.repository.place, means.settings.command
    return CommandAgent(_views(means), table, lambda: trusted(place, table), means.till, place.root, known_secrets())


_MAKERS: dict[str, Callable[[Means], Backend]] = dict(
    zip(BACKENDS, (_offline, _manual, _anthropic, _batches, _command), strict=True)
)
#: Backends whose prompts hold the key files where that is cheaper.
PACKED = frozenset({"anthropic", "batches"})


def prepare(settings: Settings) -> None:
    """Begin what takes long in the backends that the configuration names."""
    if PACKED & {settings.backends.default, *settings.backends.roles.values()}:
        from decisions_tool.agents.wire import prepare as load

        load()


def make(name: str, means: Means) -> Backend:
    """The backend of a name that ``planner.check_names`` has let pass."""
    return _MAKERS[name](means)
