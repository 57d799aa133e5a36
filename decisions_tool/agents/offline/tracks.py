"""What tracks owe each other, and how a track goes about it: read from the imports between their components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.imports import Import
from decisions_tool.agents.offline.research import structure
from decisions_tool.agents.offline.survey import Survey
from decisions_tool.agents.offline.wording import bullets, code, codes, name_of, quote
from decisions_tool.documents.concerns import Concern, Concerns
from decisions_tool.documents.contract import Contract, ContractTrack, Interface
from decisions_tool.documents.design import Design, DesignMeta
from decisions_tool.documents.plans import PlanPhase
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.errors import DecisionsError
from decisions_tool.text import plural

_MOST_ITEMS = 6
_CONTRACT = "contract"


# ------------------------------------------------------------------ contract


class _Clause(NamedTuple):
    """One name that a track takes from another: its spelling in the contract, and where it is imported."""

    item: str
    consumer: int
    provider: int
    imports: tuple[Import, ...]


def contract(desk: Desk) -> Contract:
    """The skeleton, filled with the names that really cross between the components of its tracks."""
    skeleton = desk.one(Contract)
    clauses = list(_clauses(desk.survey, skeleton.tracks))
    tracks = tuple(_agreed(track, clauses) for track in skeleton.tracks)
    interfaces = (*_described(desk.survey, tracks, clauses), *_open_points(desk))
    return skeleton.model_copy(update={"tracks": tracks, "interfaces": interfaces})


def _clauses(survey: Survey, tracks: Sequence[ContractTrack]) -> Iterator[_Clause]:
    """Per pair of tracks the names with the most imports, a bounded number of them."""
    spelled: dict[str, str] = {}
    for consumer in tracks:
        for provider in tracks:
            edge = survey.edges.get((survey.holder(consumer.name), survey.holder(provider.name)))
            if edge is None:
                continue
            items: dict[str, list[Import]] = {}
            for found in edge.imports:
                items.setdefault(survey.called(found), []).append(found)
            ranked = sorted(items, key=lambda item: (-len(items[item]), item))
            for item in ranked[:_MOST_ITEMS]:
                spelling = spelled.setdefault(item.casefold(), item)
                if spelling == item:  # the contract does not tell capitals apart
                    yield _Clause(item, consumer.number, provider.number, tuple(items[item]))


def _agreed(track: ContractTrack, clauses: Sequence[_Clause]) -> ContractTrack:
    provides = sorted({clause.item for clause in clauses if clause.provider == track.number})
    consumes = sorted({clause.item for clause in clauses if clause.consumer == track.number})
    givers = {clause.provider for clause in clauses if clause.consumer == track.number}
    takers = {clause.consumer for clause in clauses if clause.provider == track.number}
    ends = sorted(givers | takers) if givers and takers and len(givers | takers) > 1 else []
    bridge = tuple(f"Track {number}" for number in ends)
    return track.model_copy(
        update={"provides": tuple(provides), "consumes": tuple(consumes), "bridge": bridge, "agreed": True}
    )


def _described(survey: Survey, tracks: Sequence[ContractTrack], clauses: Sequence[_Clause]) -> Iterator[Interface]:
    for track in tracks:
        for item in track.provides:
            using = [clause for clause in clauses if clause.item == item and clause.provider == track.number]
            users = [f"Track {c.consumer} at {codes([f'{i.path}:{i.line}' for i in c.imports], 3)}" for c in using]
            home = f"Provided by Track {track.number} ({code(track.name)}): {_defined(survey, using[0].imports[0])}."
            yield Interface(name=item, text=f"{home} Imported by {'; '.join(users)}.")


def _defined(survey: Survey, found: Import) -> str:
    source = survey.sources.get(found.target)
    line = source.facts.defined.get(found.name, 0) if source else 0
    return f"defined at {code(f'{found.target}:{line}')}" if line else f"in {code(found.target)}"


def _open_points(desk: Desk) -> Iterator[Interface]:
    """Concerns that two components have to settle between them."""
    concerns = desk.maybe(Concerns)
    for concern in concerns.concerns if concerns else ():
        if concern.owner == _CONTRACT:
            yield Interface(name=f"{concern.id}: {concern.title}", text=concern.problem)


# ------------------------------------------------------------------ design


def design(desk: Desk) -> Design:
    """The phases of one track: what it pins, provides, settles and takes."""
    about = desk.packet.about
    agreed = desk.one(Contract)
    track = _track(desk, agreed)
    component = name_of(about.get("component", track.name))
    owned = desk.owned(component)
    path = about.get("contract") or next(path for path, _ in desk.all(Contract))
    return Design(
        meta=DesignMeta(type="design"),
        title=f"Track {track.number}: {component}",
        component=component,
        contract=quote(path, 300),
        design=_approach(desk, component, track, owned),
        phases=tuple(_phases(desk, agreed, track, component, owned)),
    )


def _track(desk: Desk, agreed: Contract) -> ContractTrack:
    said = desk.packet.about.get("track", "")
    component = desk.packet.about.get("component", desk.packet.slot)
    number = int(said) if said.isdecimal() and len(said) < 5 else desk.track_of(component)
    found = next((track for track in agreed.tracks if track.number == number), None)
    if found is None:
        missing = f"{desk.packet.case}: the contract has no track for {desk.packet.slot}"
        raise DecisionsError(missing, "add the track to the contract first")
    return found


def _approach(desk: Desk, component: str, track: ContractTrack, owned: Sequence[Concern]) -> str:
    name = desk.survey.holder(component)
    stands = structure(desk.survey, name) if name else f"The survey knows no component called {code(component)}."
    gives = f"It provides {codes(track.provides)}." if track.provides else "It provides nothing to the other tracks."
    takes = f"It consumes {codes(track.consumes)}." if track.consumes else "It consumes nothing from the other tracks."
    ids = ", ".join(concern.id for concern in owned)
    about = f"It owns {plural(len(owned), 'concern')}: {ids}." if owned else "It owns no concern."
    effort = "Effort counts things to do: names to provide or to take, and concerns to settle."
    return f"{gives} {takes} {about} {effort}\n\n{stands}"


def _phases(
    desk: Desk, agreed: Contract, track: ContractTrack, component: str, owned: Sequence[Concern]
) -> Iterator[PlanPhase]:
    """Only the last phase waits for other tracks, and what they wait for comes first: no circle can arise."""
    first = [concern for concern in owned if _comes_first(concern)]
    text = "\n\n".join(filter(None, (_pin(desk, component), bullets(map(_task, first)))))
    yield PlanPhase(number=0, title=f"Pin what {component} does today", effort=1 + len(first), text=text)
    number = 0
    for number, step in enumerate(_steps(track, [c for c in owned if not _comes_first(c)]), start=1):
        yield step.model_copy(update={"number": number, "depends_on": (f"Phase {number - 1}",)})
    givers = [other for other in agreed.tracks if other.number != track.number and _taken(track, other)]
    if givers:
        others = (f"Track {other.number} Phase {providing_phase(desk, other)}" for other in givers)
        lines = [f"From Track {other.number}: {codes(_taken(track, other), 12)}." for other in givers]
        yield PlanPhase(
            number=number + 1,
            title="Take what the contract names",
            depends_on=(f"Phase {number}", *others),
            effort=len(track.consumes),
            text=bullets(lines),
        )


def _steps(track: ContractTrack, owned: Sequence[Concern]) -> Iterator[PlanPhase]:
    """What a track does on its own: provide, then settle its concerns, the gravest first."""
    if track.provides:
        under = "under tests that the consuming tracks can run, exactly as the contract lists them"
        text = f"Put {codes(track.provides, 12)} {under}."
        yield PlanPhase(number=1, title="Provide what the contract names", effort=len(track.provides), text=text)
    for severity, group in _by_severity(owned):
        title = f"Settle {', '.join(concern.id for concern in group)[:80]} ({severity})"
        yield PlanPhase(number=1, title=title, effort=len(group), text=bullets(map(_task, group)))


def _taken(track: ContractTrack, other: ContractTrack) -> list[str]:
    return sorted(set(other.provides) & set(track.consumes))


def providing_phase(desk: Desk, track: ContractTrack) -> int:
    """The phase in which a track has what it provides; the first track's phases are those of the roadmap."""
    roadmap = desk.maybe(Roadmap)
    if track.number == 1 and roadmap and roadmap.plan:
        changing = [phase.number for phase in roadmap.plan.phases if phase.title.startswith("Change ")]
        return (changing or [phase.number for phase in roadmap.plan.phases])[0]
    return 1


def _pin(desk: Desk, component: str) -> str:
    name = desk.survey.holder(component)
    tests = desk.survey.components[name].tests if name else ()
    none = f"No test is aimed at {code(component)}: write the first ones for what others import."
    return f"Start from {codes(tests, 4)}." if tests else none


def _comes_first(concern: Concern) -> bool:
    """Questions and missing tests are settled before anything changes."""
    return concern.severity == "question" or "phase 0" in concern.solution.lower()


def _by_severity(owned: Sequence[Concern]) -> Iterator[tuple[str, list[Concern]]]:
    for severity in dict.fromkeys(concern.severity for concern in owned):
        yield severity, [concern for concern in owned if concern.severity == severity]


def _task(concern: Concern) -> str:
    doing = quote(concern.solution, 200) if concern.solution else "settle it"
    return f"{concern.id}, {quote(concern.title, 120)}: {doing}"
