"""Votes of all seats: properties counted in each approach, scores that follow from them, and what follows for a winner. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.question.ground import own
from decisions_tool.agents.offline.question.measure import LONG, WIDE, Measure, cost, measure, score, weights
from decisions_tool.agents.offline.wording import quoted, request_words, stems
from decisions_tool.documents.framing import Framing
from decisions_tool.documents.proposal import Said, read_proposal
from decisions_tool.documents.sections import key
from decisions_tool.documents.vote import Cast, Confirm, Runoff, Vote, VoteMeta, vote_text
from decisions_tool.text import plural

Cell = tuple[int, str]


def vote(desk: Desk) -> Vote:
    return Vote(meta=VoteMeta(type="vote"), words=_words(desk))


def runoff(desk: Desk) -> Runoff:
    return Runoff(meta=VoteMeta(type="runoff"), words=_words(desk))


def confirm(desk: Desk) -> Confirm:
    return Confirm(meta=VoteMeta(type="confirm"), words=_words(desk))


def approaches(text: str) -> dict[str, Said]:
    """Label -> what the part under ``## Approach <label>`` says."""
    parts = re.split(r"(?m)^## Approach (\S+)[^\n]*$", text)
    inner = [re.sub(r"(?m)^####(?= )", "###", part) for part in parts[2::2]]
    return {
        label: read_proposal(f"## Approach: {label}\n{part}") for label, part in zip(parts[1::2], inner, strict=True)
    }


@dataclass(frozen=True)
class Ballot:
    """One voter at work; ``criteria`` and ``labels`` are in the order in which they were shown."""

    seat: str
    said: Mapping[str, Said]
    labels: Sequence[str]
    criteria: Sequence[tuple[str, int]]

    @cached_property
    def measures(self) -> dict[str, Measure]:
        return {label: measure(self.said.get(label, Said())) for label in self.labels}

    @cached_property
    def cells(self) -> dict[tuple[str, str], Cell]:
        return {(label, name): self._cell(label, name) for label in self.labels for name, _ in self.criteria}

    def _cell(self, label: str, name: str) -> Cell:
        found = self.measures[label]
        points, reason = score(name, found)
        about, objection = strongest(found)
        if self.seat == "skeptical" and key(about) == key(name) and points > 2:
            points, reason = points - 1, f"{reason}; the strongest objection, {objection}, is not answered"
        if self.seat == "pragmatic" and points > 2 and key(name) in {"simplicity", "testability"}:
            if found.files >= WIDE:
                points, reason = points - 1, f"{reason}; {found.files} files have to change together"
            elif found.lines >= LONG:
                points, reason = points - 1, f"{reason}; up to {found.lines} lines are more than one change to review"
        return points, reason

    def total(self, label: str) -> int:
        return sum(weight * self.cells[label, name][0] for name, weight in self.criteria)

    @cached_property
    def winner(self) -> str:
        """The highest total, then the safer migration, then fewer files and lines."""
        safe = next((name for name, _ in self.criteria if key(name) == "migrationsafety"), "")
        return max(self.labels, key=lambda label: (self.total(label), *self._tie(label, safe)))

    def _tie(self, label: str, safe: str) -> tuple[int, int, int, int]:
        found = self.measures[label]
        held = self.cells[label, safe][0] if safe else 0
        return held, -found.files, -found.lines, -self.labels.index(label)


def strongest(found: Measure) -> tuple[str, str]:
    """(criterion, objection): what speaks most against an approach."""
    if found.breaks:
        return "Migration Safety", "that something breaks for those who use it today"
    if found.files >= WIDE:
        return "Simplicity", f"that {found.files} files have to agree"
    if found.new:
        return "Simplicity", f"that {plural(found.new, 'new abstraction')} has one use so far"
    if not found.settings:
        return "Extensibility", "that the next case means code again"
    return "Testability", "that its tests need a file laid out"


# ---------------------------------------------------------------------- the text


def _words(desk: Desk) -> str:
    about = desk.packet.about
    text = next((text for path, text in desk.packet.documents.items() if path.endswith("approaches.md")), "")
    criteria = weights(about.get("criteria", ""))
    labels = [label.strip() for label in about.get("labels", "").split(",") if label.strip()]
    ballot = Ballot(about.get("seat", "balanced"), approaches(text), labels, criteria)
    frame = own(desk, Framing).frame
    numbers = [int(found) for found in re.findall(r"\d+", about.get("successes", ""))]
    marks = {label: {n: _mark(ballot.said.get(label, Said()), frame.success, n) for n in numbers} for label in labels}
    cast = Cast(
        role=ballot.seat,
        scores={label: {name: ballot.cells[label, name][0] for name, _ in criteria} for label in labels},
        reasons={cell: f"{reason}." for cell, (_, reason) in ballot.cells.items()},
        winner=ballot.winner,
        success={label: {n: verdict for n, (verdict, _) in row.items()} for label, row in marks.items()},
        merge=tuple(_merge(ballot)),
        dissent=_dissent(ballot),
        objection=_objection(ballot),
        flags=tuple(_flags(ballot)),
        read=tuple(dict.fromkeys(file.path for file in frame.files)),
    )
    words = vote_text(about.get("question", desk.packet.case), cast, criteria, labels, numbers)
    for label, row in marks.items():
        for number, (verdict, why) in row.items():
            words = words.replace(
                f"\n- {label} / {number}: {verdict}\n", f"\n- {label} / {number}: {verdict} ({why})\n"
            )
    return words


def _mark(said: Said, success: Sequence[str], number: int) -> tuple[str, str]:
    """Whether an approach speaks of what a criterion asks for, and by which words."""
    wanted = request_words(success[number - 1]) if 0 < number <= len(success) else {}
    text = stems("\n".join([said.summary, said.sketch, said.tests, said.compatibility, *(f.what for f in said.files)]))
    found = [word for stem, word in wanted.items() if stem in text]
    if not found:
        return "unknown", "it says none of the criterion's words"
    part = "" if len(found) == len(wanted) else f", {len(found)} of {len(wanted)} words"
    return "pass", f"it speaks of {quoted(found, 3)}{part}"


def _objection(ballot: Ballot) -> str:
    name, objection = strongest(ballot.measures[ballot.winner])
    return f"Against {ballot.winner} speaks {objection}; that bears on {name}."


def _merge(ballot: Ballot) -> list[str]:
    """Where another approach scores two points more than the winner."""
    found = []
    for name, _ in ballot.criteria:
        best = max(ballot.labels, key=lambda label: (ballot.cells[label, name][0], -ballot.labels.index(label)))
        points, reason = ballot.cells[best, name]
        if points - ballot.cells[ballot.winner, name][0] >= 2:
            found.append(f"Take what serves {name} from Approach {best} because {reason}.")
    return found


def _dissent(ballot: Ballot) -> str:
    """What a voter holds against the approach that has most on its side without a role."""
    plain = Ballot("balanced", ballot.said, ballot.labels, ballot.criteria).winner
    if plain == ballot.winner:
        return ""
    return (
        f"Without the view of this seat {plain} would come first; its flaw is {strongest(ballot.measures[plain])[1]}."
    )


def _flags(ballot: Ballot) -> list[str]:
    flags = [
        f"Approach {label} risks C1: it {cost(found)}." for label, found in ballot.measures.items() if found.new >= 2
    ]
    broken = [label for label, found in ballot.measures.items() if found.breaks and not found.path]
    return flags + [f"Approach {label} risks C4: something breaks and nothing migrates." for label in broken]
