"""How a component stands today, and what the researched components mean together: read from real imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.graph import way_around
from decisions_tool.agents.offline.survey import Edge, Source, Survey
from decisions_tool.agents.offline.wording import bullets, code, codes, quote
from decisions_tool.documents.research import Research, ResearchMeta, Synthesis
from decisions_tool.errors import DecisionsError
from decisions_tool.text import plural

_MOST, _MOST_ALIKE = 12, 4


# ------------------------------------------------------------------ research


def research(desk: Desk) -> Research:
    """Structure, interfaces and risks of one component."""
    said = desk.packet.about.get("component", desk.packet.slot)
    name = desk.survey.holder(said)
    title = quote(said.rstrip("#"), 100)
    meta = ResearchMeta(type="research")
    if not name:
        nothing = f"The survey of commit {code(desk.survey.commit[:_MOST])} knows no component called {code(said)}."
        known = (
            f"It knows {codes(desk.survey.components, _MOST)}."
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
        meta=meta, title=title, structure=structure(desk.survey, name), interfaces=_interfaces(desk.survey, name),
        risks=_risks(desk.survey, name), files=_files(desk.survey, name),
    )  # fmt: skip


def structure(survey: Survey, name: str) -> str:
    component = survey.components[name]
    sources = sorted(survey.of(name), key=lambda source: (-source.facts.lines, source.path))
    churn = f", touched by {component.churn} of the last {survey.commits} commits" if survey.commits else ""
    head = f"{code(name)} is {plural(len(component.files), 'file')} with {component.lines} non-blank lines{churn}."
    return f"{head}\n\n{bullets(_describe(source) for source in sources[:_MOST])}".strip()


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
    return sorted(found, key=lambda edge: (-len(edge.names), edge.source, edge.target))[:_MOST]


def _names(survey: Survey, edge: Edge) -> str:
    return codes(dict.fromkeys(survey.called(item) for item in edge.imports), 8)


def _at(edge: Edge) -> str:
    return code(f"{edge.first.path}:{edge.first.line}")


def _risks(survey: Survey, name: str) -> str:
    lines = list(_cycle_lines(survey, [name]))
    if not survey.components[name].tests:
        lines.append(f"None of the {plural(survey.tests, 'test file')} imports {code(name)} or is named after it.")
    for found in _facts(survey, name):
        lines += found[:_MOST_ALIKE]
        if len(found) > _MOST_ALIKE:
            lines.append(f"And {len(found) - _MOST_ALIKE} more like the last one.")
    return bullets(lines) if lines else "None of the things that the survey looks for was found here."


def _facts(survey: Survey, name: str) -> Iterator[list[str]]:
    """What may go wrong in a component, one list for each kind of thing."""
    files = [(source.path, source.facts) for source in survey.of(name)]
    yield [
        f"{_place(path, s.line)} holds {code(s.name)}, changed at line {s.changed}."
        for path, f in files
        for s in f.state
    ]
    yield [
        f"{_place(path, note.line)} catches every exception and raises none." for path, f in files for note in f.broad
    ]
    nests = [(-len(fn.loops), path, fn) for path, f in files for fn in f.functions if len(fn.loops) > 1]
    yield [f"{code(fn.name)} at {_place(path, fn.line)} nests {-depth} loops." for depth, path, fn in sorted(nests)]
    yield [f"{_place(path, note.line)} is marked {code(note.text)}." for path, f in files for note in f.todos]


def _place(path: str, line: int) -> str:
    return code(f"{path}:{line}")


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
    return bullets(lines[:_MOST]) if lines else f"No component is imported by two of {codes(names)}."


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
