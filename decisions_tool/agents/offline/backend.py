"""The rehearsal backend: no key, no network. It reads the pinned commit and says only what it found there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from decisions_tool.agents.offline import concerns, research, reviews, roadmap, tracks
from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.question import aftermath, compare, designs, identity, revisions, votes
from decisions_tool.agents.offline.survey import Survey, survey
from decisions_tool.agents.protocol import Answer, Packet, Repository, Ticket
from decisions_tool.documents.base import Document
from decisions_tool.documents.framing import read_frame
from decisions_tool.documents.vote import Confirm, Runoff, Vote
from decisions_tool.errors import DecisionsError

TASK: dict[str, Callable[[Desk], Document]] = {
    "roadmap": roadmap.roadmap,
    "plan": roadmap.plan,
    "review": reviews.review,
    "concerns": concerns.concerns,
    "owners": concerns.owners,
    "research": research.research,
    "synthesis": research.synthesis,
    "contract": tracks.contract,
    "design": tracks.design,
    "resolution": concerns.resolution,
}
QUESTION: dict[str, Callable[[Desk], Document]] = {
    "identity": identity.identity,
    "propose": designs.propose,
    "judge": compare.judge,
    "synthesise": compare.synthesise,
    "hybrid": revisions.hybrid,
    "vote": votes.ballot(Vote),
    "runoff": votes.ballot(Runoff),
    "confirm": votes.ballot(Confirm),
    "patch": revisions.patch,
    "refine": revisions.refine,
    "compose": revisions.compose,
    "verify": aftermath.verify,
    "diagnose": aftermath.diagnose,
    "retrospect": aftermath.retrospect,
}
PHASES = TASK | QUESTION
#: What a phase owes that no run without a network can give.
UNMET = {"roadmap": ("prior-art",)}
_MOST_SURVEYS = 4


class Offline:
    """Answers every phase from the survey of the pinned commit, the same bytes on every run."""

    name = "offline"

    def __init__(self, repository: Callable[[str], Repository]) -> None:
        self._open = repository
        self._surveys: dict[tuple[str, tuple[str, ...]], Survey] = {}
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Nothing is ever under way."""

    def submit(self, packets: Sequence[Packet]) -> list[Ticket]:
        return [Ticket(packet) for packet in packets]

    def collect(self, ticket: Ticket) -> Answer:
        packet = ticket.packet
        answer = PHASES.get(packet.phase)
        if answer is None:
            raise DecisionsError(
                f"the offline backend has no answer for the phase {packet.phase!r}",
                f"phases it can answer: {', '.join(PHASES)}",
            )
        seen = self._survey(packet.pinned, _focus(packet))
        body = answer(Desk(packet, seen)).body()
        return Answer(body=body, backend=self.name, rehearsal=True, unmet=UNMET.get(packet.phase, ()), day=seen.day)

    def _survey(self, commit: str, focus: tuple[str, ...] | None) -> Survey:
        """The survey of a commit, made once for a focus, any one where none is wanted; other threads wait for it."""
        with self._lock:
            if focus is None:
                focus = next((held for at, held in self._surveys if at == commit), ())
            if (commit, focus) not in self._surveys:
                while len(self._surveys) >= _MOST_SURVEYS:
                    del self._surveys[next(iter(self._surveys))]
                self._surveys[commit, focus] = survey(self._open(commit), focus)
            return self._surveys[commit, focus]


def _focus(packet: Packet) -> tuple[str, ...] | None:
    """The key files of a question: what lies far from them is not looked into. A judge needs no file at all."""
    if packet.phase == "judge":
        return None
    found = (text for path, text in packet.documents.items() if path.endswith("/framing.md"))
    return tuple(file.path for file in read_frame(next(found, "")).files)
