"""The engine that asks nobody: answers come from files, and what they cost is settled when they have landed. It pushes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from decisions_tool.config import Settings
from decisions_tool.engine.answers import Answer, Refused, objection, slot_id
from decisions_tool.engine.events import Event, Listener
from decisions_tool.engine.known import apart
from decisions_tool.engine.run import Engine
from decisions_tool.engine.spool import Spooled
from decisions_tool.ledger.files import refuse_closed
from decisions_tool.ledger.repository import Repository
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.planner import Ask, Wait
from decisions_tool.workflows.tables import row

#: Backends that no runner of one slot can be: people, and a service that takes a whole phase from one process.
_ELSEWHERE = {
    "manual": ("{} is answered by a person", "decisions prompt {} {}/{}"),
    "batches": ("{} goes out with a batch, from one process that asks all slots", "decisions run {}"),
}


def elsewhere(ask: Ask, backend: str) -> Wait | None:
    """What is waited for where no runner can answer."""
    if backend not in _ELSEWHERE:
        return None
    why, command = _ELSEWHERE[backend]
    return Wait(ask.case, ask.phase, "a person", why.format(ask.slot), command.format(ask.case, ask.phase, ask.slot))


class Recorder(Engine):
    """Carries cases with the answers at hand; ``taken``, ``refused`` and ``open`` say what became of them and what is left."""

    def __init__(
        self, repository: Repository, branch: str | None, answers: Sequence[Answer], listen: Listener | None = None
    ) -> None:
        super().__init__(repository, branch, self._hear)
        self.files = {a.item.name: a for a in answers}
        self.events: list[Event] = []
        self.taken: list[Spooled] = []
        self.refused: dict[tuple[str, str, str, str], str] = {}
        self.open: list[str] = []
        self._told = listen

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        if self._told:
            self._told(event)

    def _sweep(self) -> None:
        """What lies in the spool is another run's."""

    def _prepare(self, settings: Settings) -> None:
        """Nobody is asked."""

    def _answer_all(self, asks: list[tuple[Case, Ask]], settings: Settings) -> int:
        self.open = []
        asks = [(case, ask) for case, ask in apart(asks) if not self._edited(case, ask)]
        for folder in {case.folder for case, _ in asks} if self.ledger.branch is None else ():
            refuse_closed(self.repository.place.root / folder)
        found = [self._fitting(case, ask) for case, ask in asks]
        return self._record_all([(item, {}) for item in found if item is not None])

    def _fitting(self, case: Case, ask: Ask) -> Spooled | None:
        """The answer of a slot, where there is one and nothing speaks against it."""
        phase = row(case.workflow, ask.phase)
        held = self.files.get((ask.case, ask.phase, ask.slot, case.pinned or case.commit))
        why = objection(self.repository, case, phase, held.item) if held else ""
        if held and why:
            self.refused[held.item.name] = why
        if held and held.item.name not in self.refused:
            return held.item
        waits = elsewhere(ask, case.settings.backend(ask.slot, phase.by))
        if waits:
            self.asking.waits[ask.case, ask.phase, ask.slot] = waits
        else:
            self.open.append(slot_id(ask.case, ask.phase, ask.slot))
        return None

    def _block(self, ask: Ask | Spooled, why: str, command: str) -> None:
        if isinstance(ask, Spooled):
            self.refused[ask.name] = why
            self.open.append(slot_id(ask.case, ask.phase, ask.slot))
        else:
            super()._block(ask, why, command)

    def _forget(self, item: Spooled) -> None:
        self.taken.append(item)

    def settle(self) -> None:
        """The answers have landed: what this clone holds of them goes."""
        for item in self.taken:
            super()._forget(item)

    def left_out(self) -> list[Refused]:
        """The files that brought no commit."""
        taken = {item.name for item in self.taken}
        return [
            Refused(
                held.file, self.refused.get(name) or f"{held.name} is not called for (any more)", name in self.refused
            )
            for name, held in self.files.items()
            if name not in taken
        ]
