"""Votes of all seats: properties counted in each approach, scores that follow from them, and the winner that follows. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.question.ground import own
from decisions_tool.agents.offline.question.measure import LONG, WIDE, Measure, measure, score, weights
from decisions_tool.agents.offline.wording import quoted, request_words, stems
from decisions_tool.documents.framing import Framing
from decisions_tool.documents.proposal import Said, read_proposal
from decisions_tool.documents.sections import key
from decisions_tool.documents.vote import Cast, Vote, VoteMeta, vote_text
from decisions_tool.text import plural

V = TypeVar("V", bound=Vote)


def ballot(model: type[V]) -> Callable[[Desk], V]:
    """The answer of a voter as a document of one kind."""

    def answer(desk: Desk) -> V:
        return model.model_validate({"meta": VoteMeta(type=model.KIND), "words": _words(desk)})

    return answer


def approaches(text: str) -> dict[str, Said]:
    """Label -> what the part under ``## Approach <label>`` says."""
    parts = re.split(r"(?m)^## Approach (\S+)[^\n]*$", text)
    inner = [re.sub(r"(?m)^####(?= )", "###", part) for part in parts[2::2]]
    return {a: read_proposal(f"## Approach: {a}\n{part}") for a, part in zip(parts[1::2], inner, strict=True)}


class _Seat:
    """One voter at work; criteria and labels are in the order in which they were shown."""

    def __init__(
        self, seat: str, said: Mapping[str, Said], labels: Sequence[str], criteria: Sequence[tuple[str, int]]
    ) -> None:
        self.seat, self.labels, self.criteria = seat, labels, criteria
        self.found = {label: measure(said[label]) for label in labels}
        self.cells = {(label, name): self._cell(self.found[label], name) for label in labels for name, _ in criteria}
        self.winner = max(labels, key=self._rank)

    def _cell(self, found: Measure, name: str) -> tuple[int, str]:
        points, reason = score(name, found)
        against = ""
        about, objection, answer = strongest(found)
        if self.seat == "skeptical" and key(about) == key(name):
            against = "" if answer else f"; the strongest objection, {objection}, is not answered"
            reason += f"; to the strongest objection, {objection}, it answers that {answer}" if answer else ""
        elif self.seat == "pragmatic" and key(name) in {"simplicity", "testability"}:
            wide = f"{found.files} files have to change together" if found.files >= WIDE else ""
            against = (
                f"; {wide}" if wide else f"; {found.lines} lines are a lot to review" if found.lines >= LONG else ""
            )
        return (points - 1 if against and points > 2 else points), reason + against

    def total(self, label: str) -> int:
        return sum(weight * self.cells[label, name][0] for name, weight in self.criteria)

    def _rank(self, label: str) -> tuple[int, int, int, int]:
        """The highest total, then the safer migration, then fewer files and lines."""
        safe = sum(self.cells[label, name][0] for name, _ in self.criteria if key(name) == "migrationsafety")
        return self.total(label), safe, -self.found[label].files, -self.found[label].lines


def strongest(found: Measure) -> tuple[str, str, str]:
    """(criterion, objection, answer): what speaks most against an approach, and what it says to that."""
    if found.breaks:
        return "Migration Safety", "that something breaks for present users", "it migrates" if found.path else ""
    if found.files >= WIDE:
        return "Simplicity", f"that {found.files} files have to agree", ""
    if found.new:
        return "Simplicity", f"that it adds {plural(found.new, 'abstraction')}", ""
    if not found.covered:
        return "Testability", "that no present test would show what it breaks", ""
    answer = "a default stands for callers that hand nothing in" if found.option else ""
    return "Extensibility", "that the next case means code again", answer


# ---------------------------------------------------------------------- the text


def _words(desk: Desk) -> str:
    about, frame = desk.packet.about, own(desk, Framing).frame
    labels = [label.strip() for label in about.get("labels", "").split(",") if label.strip()]
    text = next((text for path, text in desk.packet.documents.items() if path.endswith("approaches.md")), "")
    said = {label: Said() for label in labels} | approaches(text)
    criteria = weights(about.get("criteria", ""))
    seat = _Seat(about.get("seat", "balanced"), said, labels, criteria)
    numbers = [int(found) for found in re.findall(r"\d+", about.get("successes", ""))]
    marks = {
        (a, n): _mark(said[a], frame.success[n - 1] if n <= len(frame.success) else "") for a in labels for n in numbers
    }
    cast = Cast(
        scores={label: {name: seat.cells[label, name][0] for name, _ in criteria} for label in labels},
        reasons={cell: f"{reason}." for cell, (_, reason) in seat.cells.items()},
        winner=seat.winner,
        success={label: {n: marks[label, n][0] for n in numbers} for label in labels},
        merge=tuple(_merge(seat)),
        dissent=_dissent(seat, said),
        objection="The strongest one is {1}; it bears on {0}.".format(*strongest(seat.found[seat.winner])),
        flags=tuple(_flags(seat)),
        read=tuple(dict.fromkeys(file.path for file in frame.files)),
    )
    words = vote_text(about.get("question", desk.packet.case), cast, criteria, labels, numbers)
    for (label, number), (verdict, why) in marks.items():
        words = words.replace(f"\n- {label} / {number}: {verdict}\n", f"\n- {label} / {number}: {verdict} ({why})\n")
    return words


def _mark(said: Said, wanted: str) -> tuple[str, str]:
    """Whether an approach speaks of what a success criterion asks for, and by which words."""
    words = request_words(wanted)
    text = stems("\n".join([said.summary, said.sketch, said.tests, said.compatibility, *(f.what for f in said.files)]))
    found = [word for stem, word in words.items() if stem in text]
    if not found:
        return "unknown", "it has none of the criterion's words"
    return "pass", f"it speaks of {quoted(found, 3)}: {len(found)} of {plural(len(words), 'word')}"


def _merge(seat: _Seat) -> Iterator[str]:
    """Where another approach scores at least two points more than the winner."""
    for name, _ in seat.criteria:
        best = max(seat.labels, key=lambda label: seat.cells[label, name][0])  # called at once
        points, reason = seat.cells[best, name]
        if points - seat.cells[seat.winner, name][0] >= 2:
            yield f"Take what serves {name} from Approach {best} because {reason}."


def _dissent(seat: _Seat, said: Mapping[str, Said]) -> str:
    """What a seat holds against the approach that comes first without it."""
    plain = _Seat("balanced", said, seat.labels, seat.criteria).winner
    against = strongest(seat.found[plain])[1]
    return (
        "" if plain == seat.winner else f"Without the view of this seat {plain} comes first; overlooked is {against}."
    )


def _flags(seat: _Seat) -> Iterator[str]:
    for label, found in seat.found.items():
        if found.new > 1:
            yield f"Approach {label} risks C1 — it {found.cost()}."
        if found.breaks and not found.path:
            yield f"Approach {label} risks C4 — something breaks and nothing migrates."
