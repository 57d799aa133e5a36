"""What a question's files say: its frame, its cycle, its proposals, its votes, how it stands. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import NamedTuple

from decisions_tool.config import Settings
from decisions_tool.documents import frontmatter
from decisions_tool.documents.base import Document
from decisions_tool.documents.comparison import Approach, Compared, Comparison, Joined
from decisions_tool.documents.framing import Frame, Framing
from decisions_tool.documents.judged import AGAIN, DEGRADED, IN, RETRY, Compliance, Gate
from decisions_tool.documents.kinds import read_document
from decisions_tool.documents.outline import outline
from decisions_tool.documents.paths import place
from decisions_tool.documents.proposal import Hybrid, Patch, Proposal, Said
from decisions_tool.documents.sections import bullets, flat, key, section_of
from decisions_tool.documents.vote import Cast, Problem, Vote, complete, named_as, read_vote, relabelled, unread
from decisions_tool.errors import DecisionsError, DocumentError
from decisions_tool.roster import SMALL, Cycle
from decisions_tool.rules.quality import Attempt, Convergence, Terms, convergence
from decisions_tool.rules.tally import Ballot, Setup, Tally, quorum, tally
from decisions_tool.workflows.case import Case, once

PATCHED, KEPT = "P", "K"
KEEP = Approach(KEPT, "present-design", "Leave the present design as it is.", ())


def framing(case: Case) -> Framing:
    found = case.find(Framing)
    if found is None:
        hint = f'decisions new question "…" --slug {quote(case.slug)}'
        raise DecisionsError(f"{case.path('framing')} is missing", hint)
    return found


def frame(case: Case) -> Frame:
    return framing(case).frame


def iteration(case: Case) -> int:
    return framing(case).meta.iteration or 1


def name_of(case: Case) -> str:
    """The question's short name in headings: Q5a for q5a."""
    return case.slug.capitalize() if key(case.slug[:1]) == "q" and case.slug[1:2].isdigit() else case.slug


# ---------------------------------------------------------------------- who takes part


def cycle(case: Case) -> Cycle:
    """The seats of this question: full, light, or the first few of a small one."""
    decision, asked = case.settings.decision, framing(case)
    if asked.impact == "high":
        return decision.full
    few = asked.meta.agents
    if few in {3, 4}:
        return Cycle(propose=SMALL[:few], vote=decision.light.vote[-few:])
    return decision.light


def launched(case: Case) -> int:
    return len(cycle(case).propose)


def light(case: Case) -> bool:
    return launched(case) <= len(case.settings.decision.light.propose)


def proposers(case: Case) -> tuple[str, ...]:
    return () if by_person(case) else tuple(f"agent-{n:02d}" for n in range(1, launched(case) + 1))


def voters(case: Case) -> tuple[str, ...]:
    return tuple(f"voter-{n:02d}" for n in range(1, len(cycle(case).vote) + 1))


def seat_of(case: Case, slot: str) -> str:
    """The seat that a slot such as agent-03 or voter-02 takes."""
    seats = cycle(case).propose if slot.startswith("agent-") else cycle(case).vote
    number = int(slot.rpartition("-")[2])
    return seats[number - 1] if number <= len(seats) else seats[-1]


def by_person(case: Case) -> bool:
    """Whether a person decides this question: it has low impact, or somebody said so."""
    asked = framing(case)
    return asked.impact == "low" or asked.meta.decided is not None


def split_into(case: Case) -> tuple[str, ...]:
    return tuple(framing(case).meta.split or ())


# ---------------------------------------------------------------------- proposals


def terms(case: Case) -> Terms:
    """What the gate holds proposals of this question to."""
    decision = case.settings.decision
    return Terms(
        tuple(criterion.name for criterion in decision.criteria), tuple(name.casefold() for name in decision.languages),
        decision.longest, case.tracked or (lambda path: False),
    )  # fmt: skip


def attempts(case: Case) -> list[Attempt]:
    """Every proposal that there is, with the judge's word where it was judged as it stands."""
    judged = case.find(Compliance)
    verdicts = judged.verdicts if judged else {}
    ruled = ruled_out(case)
    return [
        Attempt(
            slot,
            seat_of(case, slot),
            said := _said(case, path),
            _asked(case, path),
            verdicts.get(slot),
            _conflict(said, ruled),
        )
        for slot, path in sorted(case.slots("proposal").items())
        if slot in proposers(case)
    ]


def ruled_out(case: Case) -> dict[str, str]:
    """Names of approaches that questions before this one have ruled out -> the question."""
    found: dict[str, str] = {}
    for path, file in case.shared.items():
        where = place(path)
        if where is not None and where.kind == "addendum":
            section = section_of(outline(file.data.decode("utf-8", "replace")), "ruledoutdesignspace")
            names = (
                (entry.partition(":")[0].strip("` ") for entry in bullets(flat(section)) if ":" in entry)
                if section
                else ()
            )
            found |= dict.fromkeys(names, where.case)
    return found


def _conflict(said: Said | None, ruled: Mapping[str, str]) -> str:
    """Why a proposal breaks an earlier decision; one that argues for looking at it again does not."""
    if said is None or said.name not in ruled or re.search(r"(?i)\brevisit", f"{said.summary} {said.later}"):
        return ""
    return f"{ruled[said.name]} has ruled out {said.name}"


def _said(case: Case, path: str) -> Said | None:
    try:
        return case.read(Proposal, path).said
    except DocumentError:
        return None


def _asked(case: Case, path: str) -> str:
    try:
        return case.read(Proposal, path).meta.asked or ""
    except DocumentError:
        return ""


def current(case: Case, document: Document | None, paths: Sequence[str]) -> bool:
    """Whether a document was made from exactly these files as they are."""
    if document is None or document.meta.inputs is None:
        return False
    held = {path: file.blob for path in paths if (file := case.file(path))}
    return held == {path: blob for path, blob in document.meta.inputs.items() if path in held} and set(held) == set(
        document.meta.inputs
    )


def wanted_again(case: Case, slot: str) -> str:
    """Retry or again where the gate asks for this very proposal once more, else nothing."""
    gate, path = case.find(Gate), case.slots("proposal").get(slot)
    if gate is None or path is None or slot not in gate.rows or gate.rows[slot].outcome not in {RETRY, AGAIN}:
        return ""
    judged = (gate.meta.inputs or {}).get(path)
    return gate.rows[slot].outcome if judged == case.files[path].blob else ""


def passed(case: Case) -> tuple[str, ...]:
    """Slots of the proposals that go on, degraded ones too."""
    gate = case.find(Gate)
    return gate.slots(IN, DEGRADED) if gate else ()


def degraded(case: Case) -> tuple[str, ...]:
    gate = case.find(Gate)
    return gate.slots(DEGRADED) if gate else ()


# ---------------------------------------------------------------------- approaches


def compared(case: Case) -> Compared:
    found = case.find(Comparison)
    if found is None:
        raise DecisionsError(f"{case.path('comparison')} is missing", f"decisions why {quote(case.slug)}")
    return found.said


def approaches(case: Case) -> tuple[Approach, ...]:
    """What the vote is about: groups of proposals, then hybrids, whose labels tell nothing either."""
    said = compared(case)
    joined = [Approach(label, h.name, h.reason, ()) for label, h in _hybrids(case, said)]
    return (*said.approaches, *joined)


def _hybrids(case: Case, said: Compared) -> list[tuple[str, Joined]]:
    """(label, hybrid) of those that were written; they take the letters after the approaches."""
    held = [found for found in said.hybrids if found.slot in case.slots("hybrid")]
    first = ord(max((a.label for a in said.approaches), default="@")[0]) + 1
    return [(chr(first + number), found) for number, found in enumerate(held)]


def converged(case: Case) -> Convergence:
    """How far the proposals agree; degraded ones count among all and never for one."""
    weak = {int(slot[-2:]) for slot in degraded(case)}
    groups = {a.label: sum(n not in weak for n in a.agents) for a in compared(case).approaches}
    return convergence(groups, len(passed(case)), launched(case), case.settings.decision.converged)


def text_of(case: Case, approach: Approach) -> Said:
    """The proposal that stands for an approach: its first one that is not degraded."""
    if approach.label == PATCHED:
        return case.read(Patch, case.path("patch")).said
    joined = {} if approach.agents else {label: found.slot for label, found in _hybrids(case, compared(case))}
    if approach.label in joined:
        return case.read(Hybrid, case.path("hybrid", joined[approach.label])).said
    weak = {int(slot[-2:]) for slot in degraded(case)}
    ordered = sorted(approach.agents, key=lambda n: (n in weak, n))
    paths = [case.slots("proposal").get(f"agent-{n:02d}", "") for n in ordered]
    found = next((path for path in paths if path), None)
    return case.read(Proposal, found).said if found else Said(approach.name, approach.summary)


# ---------------------------------------------------------------------- votes


class Heard(NamedTuple):
    """One vote as it was read; ``ballot`` is None where it cannot be counted, and ``problems`` say why."""

    voter: str
    role: str
    path: str
    cast: Cast
    ballot: Ballot | None
    problems: tuple[Problem, ...]


def labels(case: Case, kind: str = "vote") -> tuple[str, ...]:
    """Labels of the approaches that a vote is about."""
    if kind == "runoff":
        return duel(case)
    if kind == "confirm":
        return (converged(case).label,)
    return tuple(approach.label for approach in approaches(case))


def duel(case: Case) -> tuple[str, ...]:
    """The two of a runoff: those of the tally, or the patched version and the present design."""
    first = first_tally(case)
    return (PATCHED, KEPT) if first.next == "patch" else first.runoff_between


@once
def heard(case: Case, kind: str = "vote") -> tuple[Heard, ...]:
    """Every vote of a kind, by voter."""
    asked = labels(case, kind)
    return heard_as(case, kind, asked, {a.label: a.name for a in approaches(case) if a.label in asked})


def heard_as(case: Case, kind: str, asked: Sequence[str], names: Mapping[str, str]) -> tuple[Heard, ...]:
    """Every vote of a kind, held against these labels; ``names`` maps them to what the approaches are called."""
    called = {key(name): label for label, name in names.items()}
    return tuple(hear(case, slot, path, asked, called) for slot, path in sorted(case.slots(kind).items()))


def hear(case: Case, slot: str, path: str, asked: Sequence[str], called: Mapping[str, str]) -> Heard:
    """One vote held against the labels and criteria that it was asked for."""
    names = [criterion.name for criterion in case.settings.decision.criteria]
    role = seat_of(case, slot)
    try:
        cast, first = _cast(case, path)
    except DocumentError as error:
        found = error.findings[0]
        return Heard(slot, role, path, Cast(), None, (Problem(found.line, found.message, found.hint),))
    cast = relabelled(cast, called)
    problems = complete(cast, asked, names, reasons=False)
    if problems:
        shift = (first or frontmatter.read(case.text(path), path).body_line) - 1
        return Heard(slot, role, path, cast, None, tuple(p._replace(line=p.line + shift) for p in problems))
    scores = named_as(cast, names)
    success = {label: marks for label, marks in cast.success.items() if label in asked}
    stated = {label: cast.stated.get(label) for label in asked}
    return Heard(slot, role, path, cast, Ballot(slot, role, scores, cast.winner, success, stated), ())


def _cast(case: Case, path: str) -> tuple[Cast, int]:
    """What a vote says, and the line that it begins on where that is known; one that is no vote is read all the same."""
    where = place(path)
    try:
        document = read_document(where.kind if where else "vote", path, case.files[path].data)
        assert isinstance(document, Vote)
        problems = unread(document.meta.unmet or ())
        return document.cast._replace(problems=(*document.cast.problems, *problems)), 0
    except DocumentError:
        text = frontmatter.read(case.text(path), path)
        return read_vote(text.body), text.body_line


def setup(
    settings: Settings, names: Sequence[str], planned: int, files: dict[str, int], *, is_runoff: bool = False
) -> Setup:
    decision = settings.decision
    return Setup(
        planned, tuple(names), tuple((c.name, c.weight) for c in decision.criteria), files, quorum(planned), decision.strong, decision.weak,
        decision.tie, is_runoff, decision.runoff == "instant",
    )  # fmt: skip


def files_touched(case: Case) -> dict[str, int]:
    """How many files each approach touches, where its proposal says so."""
    found = {approach.label: text_of(case, approach) for approach in approaches(case)}
    counts = {label: said.touched if said.touched is not None else len(said.files) for label, said in found.items()}
    return {label: count for label, count in counts.items() if count}


def first_setup(case: Case) -> Setup:
    return setup(case.settings, labels(case), len(voters(case)), files_touched(case))


@once
def first_tally(case: Case) -> Tally:
    """The vote of all fresh voters."""
    return tally(ballots(case, "vote"), first_setup(case))


def ballots(case: Case, kind: str) -> list[Ballot]:
    return [found.ballot for found in heard(case, kind) if found.ballot is not None]


def runoff_done(case: Case) -> bool:
    return bool(case.paths("runoff")) and set(voters(case)) <= set(case.slots("runoff"))


def runoff_setup(case: Case) -> Setup:
    names = duel(case)
    files = {label: count for label, count in files_touched(case).items() if label in names}
    return setup(case.settings, names, len(voters(case)), files, is_runoff=True)


@once
def last_tally(case: Case) -> Tally:
    """The tally that counts: of the runoff, once it is complete, else of the first vote."""
    if not runoff_done(case):
        return first_tally(case)
    found = tally(ballots(case, "runoff"), runoff_setup(case))
    if first_tally(case).next == "patch" and found.next != "record":
        return found._replace(next="escalate")
    return found


def ending(case: Case) -> str:
    """What follows the last tally, the limit of iterations minded."""
    following = last_tally(case).next
    if following == "refine" and iteration(case) >= case.settings.decision.iterations:
        return case.settings.decision.at_limit
    return following


def simplest(case: Case) -> str:
    """The approach with the highest Simplicity, for a question that reached its limit."""
    found = first_tally(case)
    name = next(
        (c.name for c in case.settings.decision.criteria if key(c.name) == "simplicity"),
        case.settings.decision.criteria[0].name,
    )
    kept = list(found.counted) or list(found.votes)
    return max(kept, key=lambda label: (found.criterion_sums[label][name], found.sums[label]))


def vetoed_by_sceptics(case: Case) -> bool:
    """Whether all three sceptics gave what the proposals agree on a 1 on one criterion."""
    cast = ballots(case, "confirm")
    names = [criterion.name for criterion in case.settings.decision.criteria]
    label = converged(case).label
    return len(cast) >= 3 and any(sum(b.scores[label][name] == 1 for b in cast) >= 3 for name in names)


def needs_vote(case: Case) -> bool:
    """Whether the proposals leave something to vote on."""
    return not converged(case).converged or vetoed_by_sceptics(case)
