"""People, or any assistant they use: the prompt goes to a file, the answer is a file that appears."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from decisions_tool.agents.protocol import Answer, Packet, Ticket
from decisions_tool.documents import frontmatter
from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.ledger.files import inside, read_regular, write_atomically
from decisions_tool.ledger.git import Place

#: At most so many bytes of a file that a person left, and one more; None where there is nothing to take yet.
Reader: TypeAlias = "Callable[[Path, int], bytes | None]"


class Manual:
    """Takes the slot's own file from the working tree, or a file in the store where the slot has none of its own."""

    name = "manual"

    def __init__(self, place: Place, read: Reader = read_regular) -> None:
        self._place = place
        self._read = read

    def stop(self) -> None:
        """Nothing is ever under way."""

    def submit(self, packets: Sequence[Packet]) -> list[Ticket]:
        tickets = []
        for packet in packets:
            prompt = self._in_store("prompts", packet)
            write_atomically(prompt, packet.prompt.encode(), 0o600)
            answer = packet.path or str(self.answer_file(packet))
            tickets.append(Ticket(packet, f"{packet.slot}: answer {prompt} in {answer}"))
        return tickets

    def collect(self, ticket: Ticket) -> Answer | None:
        packet = ticket.packet
        own = bool(packet.path)
        file = inside(self._place.root, packet.path) if own else self.answer_file(packet)
        data = self._read(file, MAX_FILE)
        if not data or (packet.present and data.replace(b"\r\n", b"\n") == packet.present.replace(b"\r\n", b"\n")):
            return None
        where = packet.path or str(file)
        body = frontmatter.read(frontmatter.decode(data, where), where).body
        return Answer(body, self.name, file=data if own else None)

    def answer_file(self, packet: Packet) -> Path:
        return self._in_store("answers", packet)

    def _in_store(self, folder: str, packet: Packet) -> Path:
        return inside(self._place.store, f"{folder}/{packet.case}/{packet.phase}-{packet.slot}.md")
