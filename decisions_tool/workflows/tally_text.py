"""``tally.md`` as text: scores, result, and what the numbers are worth. The same bytes for the same votes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from decisions_tool.documents.outline import table_lines
from decisions_tool.rules.sensitivity import Worth, worth
from decisions_tool.rules.tally import Ballot, Setup, Tally, hundredths, tenths, total
from decisions_tool.workflows.question import Heard

ADOPTED = {"strong": "Adopt {winner}", "weak": "Adopt {winner} with validation"}
FOLLOWS = {
    "runoff": "Runoff between {pair}", "refine": "Refine the question", "patch": "Patch the vetoed approach",
    "escalate": "A person decides", "more-votes": "More votes are needed", "simplicity": "Adopt the simplest approach, with validation",
}  # fmt: skip


def tally_text(
    question: str, votes: Sequence[Heard], setup: Setup, found: Tally, names: Mapping[str, str], follows: str
) -> str:
    """One tally in the format, the counterfactuals below it; ``names`` maps labels to names of approaches."""
    held = {h.voter: h.ballot for h in votes if h.ballot is not None}
    cast = list(held.values())
    parts = [f"## Vote Tally: {question}", "### Raw Scores (per voter)", _raw(votes, setup), *_invalid(votes)]
    parts += ["### Aggregated Results", _aggregated(setup, found)]
    parts += [f"### Result: {result(found, names)}", f"### Success Criteria Check: {_success(cast, setup, found)}"]
    parts += [f"### Decision: {decision(found, names, follows)}"]
    notes = _notes(cast, setup, found)
    parts += ["### Notes", "\n".join(f"- {note}" for note in notes)] if notes else []
    if found.valid:
        parts += _worth(worth(cast, setup, found), setup, found)
    return "\n\n".join(parts) + "\n"


def _number(voter: str) -> str:
    return str(int(voter.rpartition("-")[2])) if voter.rpartition("-")[2].isdigit() else voter


def _raw(votes: Sequence[Heard], setup: Setup) -> str:
    head = ["Voter", "Role", "Winner", *(f"{label} weighted" for label in setup.labels)]
    rows = []
    for vote in votes:
        if vote.ballot is not None:
            totals = {label: total(vote.ballot, label, setup.criteria) for label in setup.labels}
            best = max(totals.values())
            tied = [label for label in setup.labels if totals[label] == best]
            winner = vote.ballot.winner if vote.ballot.winner in tied else " = ".join(tied)
            rows.append(
                [
                    _number(vote.voter),
                    vote.role.capitalize(),
                    winner or "",
                    *(hundredths(totals[x], 1) for x in setup.labels),
                ]
            )
    return "\n".join(table_lines(head, rows))


def _invalid(votes: Sequence[Heard]) -> list[str]:
    found = [f"- {vote.voter}, line {p.line}: {p.message}" for vote in votes for p in vote.problems]
    return ["### Votes Not Counted", "\n".join(found)] if found else []


def _aggregated(setup: Setup, found: Tally) -> str:
    rows = []
    for label in setup.labels:
        mean = found.mean(label) if found.valid else "-"
        flags = (
            ", ".join(f"{name} ({_ones(found, label, name)} voters scored 1)" for name in found.vetoes.get(label, ()))
            or "None"
        )
        rows.append([label, f"{found.votes.get(label, 0)}/{found.valid}", mean, flags])
    return "\n".join(table_lines(("Approach", "Votes (winner)", "Avg weighted score", "Veto flags"), rows))


def _ones(found: Tally, label: str, criterion: str) -> int:
    return found.ones.get((label, criterion), 0)


def result(found: Tally, names: Mapping[str, str]) -> str:
    """The outcome in words, such as ``Strong win for A (70%)``."""
    share = tenths(found.share).removesuffix(".0") + "%"
    if found.verdict == "no-quorum":
        return f"No quorum ({found.valid} of {found.planned} votes)"
    if found.winner is None:
        return f"Split ({share})"
    said = f"{found.verdict.capitalize()} win for {found.winner} ({share})"
    return said + (f", by {found.tie_break}" if found.tie_break else "")


def decision(found: Tally, names: Mapping[str, str], follows: str) -> str:
    if follows == "record" and found.winner:
        return ADOPTED[found.verdict].format(winner=f"{found.winner}, {names.get(found.winner, found.winner)}")
    return FOLLOWS.get(follows, follows).format(pair=" and ".join(found.runoff_between))


def _success(cast: Sequence[Ballot], setup: Setup, found: Tally) -> str:
    numbers = sorted({number for ballot in cast for marks in ballot.success.values() for number in marks})
    if not numbers:
        return "no verdicts were given"
    label = found.winner or max(setup.labels, key=lambda x: (found.votes.get(x, 0), -setup.labels.index(x)))
    verdicts = []
    for number in numbers:
        marks = [ballot.success.get(label, {}).get(number, "unknown") for ballot in cast]
        most = next((mark for mark in ("pass", "fail", "unknown") if 2 * marks.count(mark) > len(marks)), "mixed")
        verdicts.append(f"{number} {most} ({marks.count('pass')}/{len(marks)} pass)")
    return f"{label}: {', '.join(verdicts)}" + (f"; removed: {', '.join(found.failed)}" if found.failed else "")


def _notes(cast: Sequence[Ballot], setup: Setup, found: Tally) -> list[str]:
    notes = [f"{m.voter} wrote {m.stated} for {m.label}, its scores come to {m.computed}" for m in found.mismatches]
    notes += [
        f"{b.voter} declared {b.winner}, its scores say otherwise" for b in cast if b.winner and not _top(b, setup)
    ]
    for (label, name), count in sorted(found.ones.items()):
        if count == 2:
            notes.append(f"two voters gave {label} a 1 on {name}: record with review")
        roles = {ballot.role for ballot in cast if ballot.scores[label][name] == 1}
        if count >= 3 and len(roles) == 1:
            notes.append(f"the veto of {label} on {name} comes from {roles.pop()} voters alone")
    if found.winner and any(found.sums[found.winner] < found.sums[label] for label in found.counted):
        notes.append(f"{found.winner} has the votes, and another approach has the better mean: at most a weak win")
    return notes


def _top(ballot: Ballot, setup: Setup) -> bool:
    totals = {label: total(ballot, label, setup.criteria) for label in setup.labels}
    return ballot.winner is not None and totals[ballot.winner] == max(totals.values())


def _worth(found: Worth, setup: Setup, tallied: Tally) -> list[str]:
    """What the numbers are worth."""
    parts = ["### What the Numbers Are Worth"]
    lines = []
    if tallied.winner:
        lines += [_without(found)]
        lines += [f"- {duel.label} against {tallied.winner}: {duel.below} to {duel.above}" for duel in found.duels]
    lines.append(f"- Order agreement of the voters: {_signed(found.agreement)} (1 is the same order, 0 none)")
    lines.append(f"- Effective number of independent votes: {tenths(found.effective)} of {tallied.valid}")
    parts.append("\n".join(lines))
    rows = [[role.capitalize(), *(str(votes.get(label, 0)) for label in setup.labels)] for role, votes in found.roles]
    parts += ["#### Votes by Role", "\n".join(table_lines(("Role", *setup.labels), rows))]
    if found.intervals:
        rows = [
            [i.criterion, f"{i.weight} %", f"{i.low} to {i.high} %", _beyond(i.low, i.below, i.high, i.above)]
            for i in found.intervals
        ]
        parts += [
            "#### Weights That Keep the Winner",
            "\n".join(table_lines(("Criterion", "Weight", "Winner stays", "Beyond"), rows)),
        ]
    return parts


def _without(found: Worth) -> str:
    if not found.without:
        return "- No single voter decided it."
    changed = ", ".join(f"{one.voter} ({one.winner or 'nobody'} instead)" for one in found.without)
    return f"- One voter less changes it: without {changed}."


def _signed(value: int) -> str:
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"


def _beyond(low: int, below: str | None, high: int, above: str | None) -> str:
    said = [f"{below} under {low} %"] if below else []
    said += [f"{above} over {high} %"] if above else []
    return ", ".join(said) or "no other winner at any weight"
