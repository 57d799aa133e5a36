"""Reviews merged into concerns, an owner for each concern, and how each one is settled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.survey import Place
from decisions_tool.agents.offline.wording import code, codes, first_line, stems
from decisions_tool.documents.answers import Owner, OwnersAnswer, ResolutionAnswer
from decisions_tool.documents.base import Meta
from decisions_tool.documents.concerns import LETTERS, Concern, Concerns, ConcernsMeta, Source
from decisions_tool.documents.design import Design
from decisions_tool.documents.paths import place as place_of
from decisions_tool.documents.plans import PlanPhase
from decisions_tool.documents.review import SEVERITIES, Review, ReviewFinding, Severity
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.errors import DecisionsError
from decisions_tool.text import plural

CONTRACT = "contract"
_AT = re.compile(r"At `([^`\n]+)`:")
_SPAN = re.compile(r"`([^`\n]+)`")
#: What a finding is about, by the words of its title; the first row that matches names the subject.
_SUBJECTS = tuple(
    (subject, re.compile(rf"(?i)\b(?:{words})\b"))
    for subject, words in (
        ("cycle", r"cycles?|circular"),
        ("interface", r"names cross|interface|api|reaches into|protocol|contract"),
        ("dependants", r"depend on|dependants|dependents|importers|fan-in"),
        ("tests", r"tests?|untested|coverage"),
        ("errors", r"swallow\w*|exceptions?|errors?|handlers?"),
        ("state", r"state|globals?|shared|mutable"),
        ("complexity", r"loops?|quadratic|O\(n|scan|complexity|performance|slow"),
        ("size", r"lines|large|oversized|long"),
        ("parameters", r"parameters?|arguments?"),
        ("annotations", r"annotations?|typed?|types"),
        ("order", r"late|order\w*|races?|concurren\w*"),
        ("churn", r"churn|changed all the time"),
        ("open ends", r"todos?|fixmes?|open ends?"),
        ("scope", r"scope|in the plan|the plan see|meant|promises?"),
    )
)
_DONE = {
    "cycle": "the import goes, and what is shared moves to where both may take it from",
    "interface": "the names that the contract lists are the interface; nothing else is taken",
    "dependants": "what the others import stays as it is",
    "tests": "tests of the present behaviour come first",
    "errors": "the handler names what it expects and lets the rest through",
    "state": "the state is handed in by those who use it",
    "complexity": "the inner loop becomes a look-up, or the size of its input is bounded and tested",
    "size": "what the request does not touch is split off first",
    "parameters": "parameters that travel together become one",
    "annotations": "what the request changes is annotated",
    "order": "the import moves to the top, or says why it may not",
    "churn": "delivery goes in small steps",
    "open ends": "the open ends on the way are closed or dropped",
    "scope": "the request says it in its own words before the change begins",
}
_BETWEEN_TWO = {"cycle", "interface"}
_REFUSED = re.compile(r"(?i)out[\s-]+of[\s-]+scope")


class _Raised(NamedTuple):
    """One finding of one expert, and what it points to."""

    expert: str
    reviewer: str
    finding: ReviewFinding
    at: Place
    subject: str


# ------------------------------------------------------------------ merging


def concerns(desk: Desk) -> Concerns:
    """Findings that point to the same place become one concern; every finding is in exactly one."""
    reviews = desk.all(Review)
    if not reviews:
        raise DecisionsError(
            f"{desk.packet.case}: there is no review to consolidate", "record the reviews first, then run again"
        )
    groups: list[list[_Raised]] = []
    for raised in _raised(desk, reviews):
        same = next((group for group in groups if any(_same(raised, other) for other in group)), None)
        if same is None:
            groups.append([raised])
        else:
            same.append(raised)
    groups.sort(key=lambda group: SEVERITIES.index(_worst(group)))
    numbers = dict.fromkeys(SEVERITIES, 0)
    entries = []
    for group in groups:
        severity = _worst(group)
        numbers[severity] += 1
        entries.append(_concern(f"{LETTERS[severity]}{numbers[severity]}", severity, group))
    return Concerns(meta=ConcernsMeta(type="concerns"), title=desk.title, concerns=tuple(entries))


def _raised(desk: Desk, reviews: Sequence[tuple[str, Review]]) -> Iterator[_Raised]:
    for path, review in reviews:
        where = place_of(path)
        expert = where.slot if where else path
        for finding in review.findings:
            yield _Raised(expert, review.reviewer, finding, desk.survey.place(finding.where), subject_of(finding.title))


def subject_of(title: str) -> str:
    return next((subject for subject, pattern in _SUBJECTS if pattern.search(title)), "")


def _same(one: _Raised, other: _Raised) -> bool:
    """The same line or function, the same subject in one file, or the same subject in one component."""
    a, b = one.at, other.at
    if a.path and a.path == b.path and (a.line == b.line or (a.function and a.function == b.function)):
        return True
    if not one.subject or one.subject != other.subject:
        return False
    if a.path and b.path:
        return a.path == b.path and not (a.function and b.function)
    return bool(a.component) and a.component == b.component


def _worst(group: Sequence[_Raised]) -> Severity:
    return min((raised.finding.severity for raised in group), key=SEVERITIES.index)


def _concern(name: str, severity: Severity, group: Sequence[_Raised]) -> Concern:
    group = sorted(group, key=lambda raised: SEVERITIES.index(raised.finding.severity))
    suggestions = list(dict.fromkeys(r.finding.suggestion for r in group if r.finding.suggestion))
    return Concern(
        id=name, severity=severity, title=group[0].finding.title, sources=tuple(_sources(group)),
        findings=tuple(f"{raised.expert} {raised.finding.id}" for raised in group),
        problem="\n\n".join(_problem(raised) for raised in group), solution="\n\n".join(suggestions),
    )  # fmt: skip


def _sources(group: Sequence[_Raised]) -> Iterator[Source]:
    """Every expert once, with the highest severity that the expert gave."""
    for expert in dict.fromkeys(raised.expert for raised in group):
        own = [raised for raised in group if raised.expert == expert]
        name = " ".join(re.sub(r"[(),;|]", " ", own[0].reviewer).split())
        yield Source(name=expert if name.lower() in {"", "none"} else name, severity=_worst(own))


def _problem(raised: _Raised) -> str:
    text = raised.finding.problem
    return f"At {code(raised.finding.where)}:{chr(10) * 2 if chr(10) in text else ' '}{text}"


# ------------------------------------------------------------------ owners


def owners(desk: Desk) -> OwnersAnswer:
    """The component that holds the place of a concern owns it; what lies between two is the contract's."""
    found = desk.one(Concerns).concerns
    if not found:
        raise DecisionsError(f"{desk.packet.case}: there is no concern to give an owner", "go on with the next phase")
    return OwnersAnswer(meta=Meta(type="owners"), owners=tuple(_owner(desk, concern) for concern in found))


def _owner(desk: Desk, concern: Concern) -> Owner:
    between = parties(desk, concern)
    if len(between) > 1:
        return Owner(concern=concern.id, owner=CONTRACT, why=f"lies between {codes(between)}, which must agree")
    at = places(desk, concern)
    if at:
        place, where = at[0]
        return Owner(concern=concern.id, owner=place.component, why=f"{code(where)} is in {code(place.component)}")
    named = _mentioned(desk, concern)
    if named:
        return Owner(concern=concern.id, owner=named[0], why=f"names {code(named[0])}")
    primary = desk.primary
    return Owner(
        concern=concern.id, owner=primary, why=f"names no place in the code; {code(primary)} is the primary component"
    )


def places(desk: Desk, concern: Concern) -> list[tuple[Place, str]]:
    """The places that a concern points to, as far as they lie in the code."""
    found = [(desk.survey.place(where), where) for where in _AT.findall(concern.problem)]
    return [(place, where) for place, where in found if place.component]


def parties(desk: Desk, concern: Concern) -> list[str]:
    """The components between which a concern lies; one or none where it has a home."""
    homes = list(dict.fromkeys(place.component for place, _ in places(desk, concern)))
    if len(homes) > 1:
        return homes
    return _mentioned(desk, concern) if subject_of(concern.title) in _BETWEEN_TWO else homes


def _mentioned(desk: Desk, concern: Concern) -> list[str]:
    """Components whose names stand in code spans of a concern's text, then those named in its title."""
    spans = [desk.survey.named(span) for span in _SPAN.findall(concern.problem)]
    words = stems(concern.title)
    titled = [name for name in desk.survey.components if not spans and stems(name) and stems(name) <= words]
    return list(dict.fromkeys(name for name in [*spans, *titled] if name))


# ------------------------------------------------------------------ resolution


def resolution(desk: Desk) -> ResolutionAnswer:
    """What will be done about one concern, in which phase of which track, and why that is enough."""
    wanted = desk.packet.about.get("concern", desk.packet.slot)
    concern = next((c for c in desk.one(Concerns).concerns if c.id.casefold() == wanted.casefold()), None)
    if concern is None:
        raise DecisionsError(
            f"{desk.packet.case}: there is no concern {wanted}", "look at 004-expert-concerns.md for the ids"
        )
    owner = concern.owner or _owner(desk, concern).owner
    if owner == CONTRACT:
        return _in_contract(desk, concern)
    number = desk.track_of(owner) or 1
    decision = f"Track {number}, {_phase(desk, concern, number, owner)}: {_doing(desk, concern)}"
    return ResolutionAnswer(
        meta=Meta(type="resolution"),
        decision=decision,
        rationale=_rationale(desk, concern, owner),
        contract="none",
    )


def _doing(desk: Desk, concern: Concern) -> str:
    """What will be done, and where: by the concern's subject, or else what its experts suggest."""
    at = places(desk, concern)
    said = _DONE.get(subject_of(concern.title)) or first_line(concern.solution or f"settle “{concern.title}”")
    if _REFUSED.search(said):
        said = "settle what the findings name"
    return f"at {code(at[0][1])}, {said[0].lower()}{said[1:]}" if at else said


def _phase(desk: Desk, concern: Concern, number: int, owner: str) -> str:
    """The phase of a track that names the concern, else the one in which the owning component is worked on."""
    phases = list(_phases_of(desk, number))
    named = [phase for phase in phases if re.search(rf"\b{concern.id}\b", f"{phase.title}\n{phase.text}")]
    first = [
        phase
        for phase in phases
        if phase.number == 0 and (concern.severity == "question" or "phase 0" in concern.solution.lower())
    ]
    theirs = [phase for phase in phases[1:] if phase.title.endswith(f" {owner}")]
    change = [phase for phase in phases if phase.title.startswith("Change ")]
    chosen = [*named, *first, *theirs, *change, *phases[-1:]]
    return f"Phase {chosen[0].number}" if chosen else "Phase 0"


def _phases_of(desk: Desk, number: int) -> Iterator[PlanPhase]:
    for _, design in desk.all(Design):
        if desk.track_of(design.component) == number:
            yield from design.phases
    roadmap = desk.maybe(Roadmap)
    if number == 1 and roadmap and roadmap.plan:
        yield from roadmap.plan.phases


def _rationale(desk: Desk, concern: Concern, owner: str) -> str:
    at = list(dict.fromkeys(where for _, where in places(desk, concern)))
    known = desk.survey.named(owner)
    facts = [
        f"Raised by {plural(len(concern.sources), 'expert')}, at {codes(at, 4)}."
        if at
        else f"Raised by {plural(len(concern.sources), 'expert')}."
    ]
    if known:
        component = desk.survey.components[known]
        facts.append(
            f"{code(known)} owns it: {component.lines} lines in {plural(len(component.files), 'file')}, imported by "
            f"{plural(len(desk.survey.importers(known)), 'component')}, with "
            f"{plural(len(component.tests), 'test file')} aimed at it."
        )
    return " ".join(facts)


def _in_contract(desk: Desk, concern: Concern) -> ResolutionAnswer:
    """What lies between components is settled in the phase of the lowest track among them."""
    between = parties(desk, concern)
    numbers = [track.number for track in desk.tracks if (desk.survey.named(track.name) or track.name) in between]
    who = " and ".join(f"Track {number}" for number in numbers) or "Track 1"
    phase = _phase(desk, concern, min(numbers, default=1), desk.primary)
    homes = f"It lies between {codes(between)}. " if between else ""
    return ResolutionAnswer(
        meta=Meta(type="resolution"),
        decision=f"{who}, {phase}: {_doing(desk, concern)}",
        rationale=f"{homes}{_rationale(desk, concern, CONTRACT)}",
        contract=_effect(desk, concern, between),
    )


def _effect(desk: Desk, concern: Concern, between: Sequence[str]) -> str:
    """What changes between the components: the imports that the concern's place stands for go, or are agreed on."""
    at = next((place for place, _ in places(desk, concern) if place.line), None)
    edges = [edge for (source, _), edge in desk.survey.edges.items() if at and source == at.component]
    here = [edge for edge in edges if any(at and (item.path, item.line) == (at.path, at.line) for item in edge.imports)]
    if at is None or not here:
        return f"says what {codes(between)} owe each other" if between else "says who owes what"
    verbs = "no longer takes" if subject_of(concern.title) == "cycle" else "agrees on what it takes:"
    names = dict.fromkeys(desk.survey.called(item) for item in here[0].imports)
    return f"{code(at.component)} {verbs} {codes(names, 8)}"
