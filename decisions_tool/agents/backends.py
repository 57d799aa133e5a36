"""The backends by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from decisions_tool.agents.protocol import Backend
from decisions_tool.ledger.repository import Repository

NAMES = ("offline", "manual")


def _offline(repository: Repository, deny: Sequence[str]) -> Backend:
    from decisions_tool.agents.offline import Offline
    from decisions_tool.agents.view import PinnedView

    return Offline(lambda commit: PinnedView(repository, commit, deny))


def _manual(repository: Repository, deny: Sequence[str]) -> Backend:
    from decisions_tool.agents.manual import Manual

    return Manual(repository.place)


_MAKERS: dict[str, Callable[[Repository, Sequence[str]], Backend]] = {"offline": _offline, "manual": _manual}


def make(name: str, repository: Repository, deny: Sequence[str]) -> Backend:
    """The backend of a name that ``planner.check_names`` has let pass."""
    return _MAKERS[name](repository, deny)
