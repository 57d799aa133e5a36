"""A brain for the loopback server that answers whatever the engine asks as the rehearsal would: valid documents for any repository."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from decisions_tool.agents.offline import Offline
from decisions_tool.agents.protocol import Packet
from decisions_tool.agents.view import PinnedView
from decisions_tool.engine.known import asks
from decisions_tool.engine.run import Engine
from decisions_tool.ledger.repository import Repository
from decisions_tool.testing import Asked, Said
from decisions_tool.testing.prompt import plain_text


class Rehearsal:
    """``change`` may put another answer in place of the rehearsal's; it gets the packet and the request."""

    def __init__(self, root: Path, change: Callable[[Packet, Asked, str], Said | str] | None = None) -> None:
        self._root, self._change = root, change
        self._packets: dict[str, Packet] = {}
        self._bodies: dict[str, str] = {}
        self._guard = threading.Lock()
        self._repository = Repository(root)
        self._offline = Offline(lambda commit: PinnedView(self._repository, commit, ()))

    def close(self) -> None:
        self._repository.close()

    def __call__(self, asked: Asked) -> Said | str:
        packet = self.packet(asked)
        with self._guard:
            if packet.key not in self._bodies:
                answer = self._offline.collect(self._offline.submit([packet])[0])
                self._bodies[packet.key] = answer.body
        body = self._bodies[packet.key]
        return self._change(packet, asked, body) if self._change else body

    def packet(self, asked: Asked) -> Packet:
        """The question that a request asks, whatever its turn."""
        prompt = asked.system + plain_text(asked.messages[0].get("content"))
        with self._guard:
            if prompt not in self._packets:
                self._look()
            return self._packets[prompt]

    def _look(self) -> None:
        """Everything that is asked as the branch stands."""
        with closing(Repository(self._root)) as repository:
            engine = Engine(repository)
            _, cases = engine.read(())
            found = asks(cases)
            counts = Counter((ask.case, ask.phase) for _, ask in found)
            for case, ask in found:
                packet = engine.asking.question(case, ask, counts[ask.case, ask.phase]).packet
                self._packets[packet.prompt] = packet
