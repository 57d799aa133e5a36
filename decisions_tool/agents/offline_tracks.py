"""How a component stands today, what tracks owe each other, and how a track goes about it: read from real imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from decisions_tool.agents.components import stem_of
from decisions_tool.agents.desk import Desk
from decisions_tool.agents.graph import way_around
from decisions_tool.agents.imports import Import
from decisions_tool.agents.survey import Edge, Source, Survey
from decisions_tool.agents.wording import bullets, code, codes, name_of, quote, verb
from decisions_tool.documents.concerns import Concern, Concerns
from decisions_tool.documents.contract import Contract, ContractTrack, Interface
from decisions_tool.documents.design import Design, DesignMeta
from decisions_tool.documents.plans import PlanPhase
from decisions_tool.documents.research import Research, ResearchMeta, Synthesis
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.errors import DecisionsError
from decisions_tool.text import plural

_MOST_ITEMS = 6
_CONTRACT = "contract"
_PACKAGES = {"__init__", "index", "mod", "lib"}


# ------------------------------------------------------------------ research


def research(desk: Desk) -> Research:
    """Structure, interfaces and risks of one component."""
    said = desk.packet.about.get("component", desk.packet.slot)
    name = desk.survey.holder(said)
    title = quote(said.rstrip("#"), 100)
    meta = ResearchMeta(type="research")
    if not name:
        nothing = f"The survey of commit {code(desk.survey.commit[:12])} knows no component called {code(said)}."
        known = (
            f"It knows {codes(desk.survey.components, 12)}."
            if desk.survey.components
            else "It knows none: there is no source code."
        )
        return Research(
            meta=meta,
            title=title,
            structure=f"{nothing} {known}",
            interfaces="None found.",
            risks="None found.",
            files="None.",
        )
    return Research(
        meta=meta, title=title, structure=_structure(desk.survey, name), interfaces=_interfaces(desk.survey, name),
        risks=_risks(desk.survey, name), files=_files(desk.survey, name),
    )  # fmt: skip


def _structure(survey: Survey, name: str) -> str:
    component = survey.components[name]
    sources = sorted(survey.of(name), key=lambda source: (-source.facts.lines, source.path))
    churn = f", touched by {component.churn} of the last {survey.commits} commits" if survey.commits else ""
    head = f"{code(name)} is {plural(len(component.files), 'file')} with {component.lines} non-blank lines{churn}."
    return f"{head}\n\n{bullets(_describe(source) for source in sources[:12])}".strip()


def _describe(source: Source) -> str:
    top = [name for name in source.facts.defined if not name.startswith("_")] or list(source.facts.defined)
    defined = f"; defines {codes(top, 6)}" if top else ""
    return (
        f"{code(source.path)}: {source.facts.lines} lines, {plural(len(source.facts.functions), 'function')}{defined}."
    )


def _interfaces(survey: Survey, name: str) -> str:
    offered = [
        f"{code(edge.source)} imports {_names(survey, edge)}, first at {_at(edge)}."
        for edge in _edges(survey, target=name)
    ]
    taken = [
        f"From {code(edge.target)} it takes {_names(survey, edge)}, first at {_at(edge)}."
        for edge in _edges(survey, source=name)
    ]
    first = (
        f"What others take from {code(name)}:\n\n{bullets(offered)}"
        if offered
        else f"No other component imports {code(name)}."
    )
    second = f"What it takes:\n\n{bullets(taken)}" if taken else "It imports no other component."
    return f"{first}\n\n{second}"


def _edges(survey: Survey, source: str = "", target: str = "") -> list[Edge]:
    found = [edge for (a, b), edge in survey.edges.items() if a == (source or a) and b == (target or b)]
    return sorted(found, key=lambda edge: (-len(edge.names), edge.source, edge.target))[:12]


def _names(survey: Survey, edge: Edge) -> str:
    return codes(dict.fromkeys(_item(survey, item) for item in edge.imports), 8)


def _at(edge: Edge) -> str:
    return code(f"{edge.first.path}:{edge.first.line}")


def _risks(survey: Survey, name: str) -> str:
    lines = [*_cycle_lines(survey, [name]), *_fact_lines(survey, name)]
    if not survey.components[name].tests:
        lines.append(f"None of the {plural(survey.tests, 'test file')} imports {code(name)} or is named after it.")
    return bullets(lines[:12]) if lines else "None of the things that the survey looks for was found here."


def _fact_lines(survey: Survey, name: str) -> Iterator[str]:
    for source in survey.of(name):
        path = source.path
        yield from (
            f"{code(f'{path}:{n.line}')} catches every error and does not pass it on." for n in source.facts.broad
        )
        yield from (
            f"{code(f'{path}:{s.line}')} holds {code(s.name)}, changed at line {s.changed}." for s in source.facts.state
        )
        yield from (
            f"{code(f.name)} at {code(f'{path}:{f.line}')} nests {len(f.loops)} loops."
            for f in source.facts.functions
            if len(f.loops) > 1
        )
        yield from (f"{code(f'{path}:{n.line}')} is marked {code(n.text)}." for n in source.facts.todos)


def _files(survey: Survey, name: str) -> str:
    read = [source.path for source in survey.of(name)]
    tests = survey.components[name].tests
    shown = bullets(code(path) for path in read[:40]) if read else "None of its files could be read."
    more = f"\n\nAnd {len(read) - 40} more." if len(read) > 40 else ""
    return f"{shown}{more}" + (f"\n\nTests: {codes(tests, 8)}." if tests else "")


# ------------------------------------------------------------------ synthesis


def synthesis(desk: Desk) -> Synthesis:
    """What the researched components share, where they pull, and what the contract has to say."""
    reports = [report for _, report in desk.all(Research)]
    if not reports:
        raise DecisionsError(
            f"{desk.packet.case}: there is no research to bring together", "record the research first, then run again"
        )
    names = list(dict.fromkeys(filter(None, (desk.survey.holder(report.title) for report in reports))))
    return Synthesis(
        meta=ResearchMeta(type="synthesis"), title=desk.title, shared=_shared(desk.survey, names),
        tensions=_tensions(desk.survey, names), consequences=_consequences(desk.survey, names),
    )  # fmt: skip


def _shared(survey: Survey, names: Sequence[str]) -> str:
    if len(names) < 2:
        return (
            f"Only {codes(names)} was researched, so there is nothing to compare."
            if names
            else "Nothing: no component is known."
        )
    lines = []
    for name in survey.components:
        users = [user for user in names if (user, name) in survey.edges]
        if len(users) > 1:
            lines.append(f"{code(name)} is imported by {codes(users)}.")
    return bullets(lines[:12]) if lines else f"No component is imported by two of {codes(names)}."


def _tensions(survey: Survey, names: Sequence[str]) -> str:
    both = [(a, b) for a in names for b in names if a < b and (a, b) in survey.edges and (b, a) in survey.edges]
    lines = [
        f"{code(a)} and {code(b)} import each other ({_at(survey.edges[a, b])} and {_at(survey.edges[b, a])})."
        for a, b in both
    ]
    lines += _cycle_lines(survey, names)
    return (
        bullets(dict.fromkeys(lines)) if lines else "No two of them import each other, and none is in an import cycle."
    )


def _cycle_lines(survey: Survey, names: Sequence[str]) -> Iterator[str]:
    for group in survey.cycles:
        inside = [name for name in names if name in group]
        if inside:
            way = way_around(inside[0], group, survey.runtime)
            more = f", one of {len(group)} components that reach each other" if len(group) > len(way) else ""
            yield f"Import cycle: {' → '.join(code(name) for name in (*way, way[0]))}{more}."


def _consequences(survey: Survey, names: Sequence[str]) -> str:
    lines = [
        f"{code(a)} consumes from {code(b)}: {_names(survey, survey.edges[a, b])}."
        for a in names for b in names if (a, b) in survey.edges
    ]  # fmt: skip
    return (
        bullets(lines)
        if lines
        else "These components import nothing from each other; the contract has no interface to keep."
    )


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
                items.setdefault(_item(survey, found), []).append(found)
            ranked = sorted(items, key=lambda item: (-len(items[item]), item))
            for item in ranked[:_MOST_ITEMS]:
                spelling = spelled.setdefault(item.casefold(), item)
                if spelling == item:  # the contract does not tell capitals apart
                    yield _Clause(item, consumer.number, provider.number, tuple(items[item]))


def _item(survey: Survey, found: Import) -> str:
    """``component.module.name``; a package is called by its folder."""
    component = survey.holder(found.target)
    *folders, _ = found.target.split("/")
    whole = stem_of(found.target) in _PACKAGES or found.target.endswith(".go")
    parts = folders if whole else [*folders, stem_of(found.target)]
    own = component.rpartition("/")[2]
    at = len(parts) - 1 - parts[::-1].index(own) if own in parts else len(parts)
    module = ".".join([component, *parts[at + 1 :]]) if own in parts else ".".join([component, *parts[-1:]])
    return name_of(f"{module}.{found.name}" if found.name and found.name != "*" else module)


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
            defined = _defined(survey, using[0].imports[0])
            yield Interface(
                name=item,
                text=f"Provided by Track {track.number} ({code(track.name)}): {defined}. Imported by {'; '.join(users)}.",
            )


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
    number = _track_number(desk, agreed)
    track = next(track for track in agreed.tracks if track.number == number)
    component = name_of(about.get("component", track.name))
    owned = desk.owned(component)
    path = about.get("contract") or next(path for path, _ in desk.all(Contract))
    return Design(
        meta=DesignMeta(type="design"), title=f"Track {number}: {component}", component=component, contract=quote(path, 300),
        design=_approach(desk, component, track, owned), phases=tuple(_design_phases(desk, agreed, track, component, owned)),
    )  # fmt: skip


def _track_number(desk: Desk, agreed: Contract) -> int:
    said = desk.packet.about.get("track", "")
    numbers = [track.number for track in agreed.tracks]
    number = (
        int(said)
        if said.isdecimal() and len(said) < 5
        else desk.track_of(desk.packet.about.get("component", desk.packet.slot))
    )
    if number not in numbers:
        raise DecisionsError(
            f"{desk.packet.case}: the contract has no track for {desk.packet.slot}",
            "add the track to the contract first",
        )
    return number


def _approach(desk: Desk, component: str, track: ContractTrack, owned: Sequence[Concern]) -> str:
    name = desk.survey.holder(component)
    stands = _structure(desk.survey, name) if name else f"The survey knows no component called {code(component)}."
    gives = f"It provides {codes(track.provides)}." if track.provides else "It provides nothing to the other tracks."
    takes = f"It consumes {codes(track.consumes)}." if track.consumes else "It consumes nothing from the other tracks."
    about = (
        f"It owns {plural(len(owned), 'concern')}: {', '.join(c.id for c in owned)}."
        if owned
        else "It owns no concern."
    )
    effort = "Effort counts things to do: names to provide or to take, and concerns to settle."
    return f"{gives} {takes} {about} {effort}\n\n{stands}"


def _design_phases(
    desk: Desk, agreed: Contract, track: ContractTrack, component: str, owned: Sequence[Concern]
) -> Iterator[PlanPhase]:
    """Nothing waits for another track before the last phase, and what is provided comes first: no circle can arise."""
    first = [concern for concern in owned if _comes_first(concern)]
    text = "\n\n".join(filter(None, (_pin(desk, component), bullets(map(_task, first)))))
    yield PlanPhase(number=0, title=f"Pin what {component} does today", effort=1 + len(first), text=text)
    number = 1
    if track.provides:
        text = f"Put {codes(track.provides, 12)} under tests that the consuming tracks can run, exactly as the contract lists them."
        yield PlanPhase(
            number=number,
            title="Provide what the contract names",
            depends_on=("Phase 0",),
            effort=len(track.provides),
            text=text,
        )
        number += 1
    for severity, group in _by_severity([concern for concern in owned if not _comes_first(concern)]):
        title = f"Settle {', '.join(c.id for c in group)[:80]} ({severity})"
        yield PlanPhase(
            number=number,
            title=title,
            depends_on=(f"Phase {number - 1}",),
            effort=len(group),
            text=bullets(map(_task, group)),
        )
        number += 1
    givers = [
        other for other in agreed.tracks if other.number != track.number and set(other.provides) & set(track.consumes)
    ]
    if givers:
        needs = (f"Phase {number - 1}", *(f"Track {t.number} Phase {providing_phase(desk, t)}" for t in givers))
        yield PlanPhase(
            number=number, title="Take what the contract names", depends_on=needs, effort=len(track.consumes),
            text=bullets(f"From Track {t.number}: {codes(sorted(set(t.provides) & set(track.consumes)), 12)}." for t in givers),
        )  # fmt: skip


def providing_phase(desk: Desk, track: ContractTrack) -> int:
    """The phase in which a track has what it provides: its first after phase 0, in the roadmap where the track is the first."""
    roadmap = desk.maybe(Roadmap)
    if track.number == 1 and roadmap and roadmap.plan:
        changing = [phase.number for phase in roadmap.plan.phases if phase.title.startswith("Change ")]
        return (changing or [phase.number for phase in roadmap.plan.phases])[0]
    return 1


def _pin(desk: Desk, component: str) -> str:
    name = desk.survey.holder(component)
    tests = desk.survey.components[name].tests if name else ()
    return (
        f"Start from {codes(tests, 4)}."
        if tests
        else f"No test is aimed at {code(component)}: write the first ones for what others import."
    )


def _comes_first(concern: Concern) -> bool:
    """Questions and missing tests are settled before anything changes."""
    return concern.severity == "question" or "phase 0" in concern.solution.lower()


def _by_severity(owned: Sequence[Concern]) -> Iterator[tuple[str, list[Concern]]]:
    for severity in dict.fromkeys(concern.severity for concern in owned):
        yield severity, [concern for concern in owned if concern.severity == severity]


def _task(concern: Concern) -> str:
    doing = quote(concern.solution, 200) if concern.solution else "settle it"
    return f"{concern.id}, {quote(concern.title, 120)}: {doing}"
