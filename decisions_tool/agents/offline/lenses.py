"""Facts about the components that a roadmap touches, each with a place: what the experts' lenses show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.facts import Function
from decisions_tool.agents.offline.graph import way_around
from decisions_tool.agents.offline.survey import Edge, Source
from decisions_tool.agents.offline.wording import code, codes, enumerate_words, verb
from decisions_tool.documents.review import Severity
from decisions_tool.text import plural

_LONG_FILE, _LONG_FUNCTION, _MANY_PARAMETERS, _WIDE = 500, 80, 7, 12
ADVICE = {
    "annotations": "Annotate those that the request changes.",
    "boundary": "Make it part of what the other component offers, or move it.",
    "bystander": "Say what changes for it, or leave it as it is.",
    "churn": "Deliver in small steps, or agree on a quiet time.",
    "cycle": "Break the cycle where it is thinnest, which is here.",
    "dependants": "Keep what they import as it is, or plan a phase for each of them.",
    "errors": "Catch what is expected, and let the rest through.",
    "file size": "Split off what the request does not touch before changing the rest.",
    "function size": "Name its steps before adding one.",
    "interface": "Agree on the few names that are the interface, and hide the others.",
    "loops": "State how large the inputs become, or look up instead of searching in the inner loop.",
    "open ends": "Close or drop those that the request meets on its way.",
    "order": "Say why it may not stand at the top, or move what is shared.",
    "parameters": "Do not add another one: group those that travel together.",
    "readme": "Say in one sentence what the reader of it gains.",
    "scope": "Say which of them a user will notice.",
    "silence": "Say in each why nothing has to be done.",
    "state": "Say who may change it and when, or hand it in.",
    "tests": "Write tests for its present behaviour in phase 0.",
    "words": "Say in the request what they are, and what a user sees of them.",
}


class Remark(NamedTuple):
    """``weight`` orders remarks of one severity; ``where`` is a place or a component."""

    severity: Severity
    weight: int
    component: str
    subject: str
    title: str
    where: str
    problem: str


Lens = Callable[[Desk], Iterator[Remark]]


def _grave(desk: Desk, name: str) -> Severity:
    """What matters in the primary component is nice to have elsewhere."""
    return "important" if name == desk.primary else "nice-to-have"


def _sources(desk: Desk) -> Iterator[tuple[str, Source]]:
    for name in desk.focus:
        for source in desk.survey.of(name):
            yield name, source


def _functions(desk: Desk) -> Iterator[tuple[str, str, Function]]:
    """(component, path:line, function) of every function in the touched components."""
    for name, source in _sources(desk):
        for function in source.facts.functions:
            yield name, f"{source.path}:{function.line}", function


def complexity(function: Function) -> str:
    """Big-O of a function's own loop statements; what it calls is not followed."""
    depth = len(function.loops)
    if depth == 0:
        return "O(1) by its own loops: it has none"
    lines = enumerate_words([str(line) for line in function.loops])
    return f"O(n): one loop, at line {lines}" if depth == 1 else f"O(n^{depth}): {depth} nested loops, at lines {lines}"


# ------------------------------------------------------------------ graph


def cycles(desk: Desk) -> Iterator[Remark]:
    survey = desk.survey
    for group in survey.cycles:
        inside = [name for name in desk.focus if name in group]
        if not inside:
            continue
        way = way_around(inside[0], group, survey.runtime)
        edges = [survey.edges[a, b] for a, b in zip(way, (*way[1:], way[0]), strict=True)]
        thin = min(edges, key=lambda edge: (len(edge.names), edge.source, edge.target))
        said = "; ".join(_step(edge) for edge in edges)
        more = f" {plural(len(group), 'component')} reach each other this way." if len(group) > len(way) else ""
        severity: Severity = "critical" if desk.primary in way else "important"
        title = f"Import cycle: {' → '.join((*way, way[0]))}"
        problem = f"{said}. So none of them stands alone.{more}"
        yield Remark(severity, len(group), thin.source, "cycle", title, _at(thin), problem)


def _step(edge: Edge) -> str:
    first = edge.at_runtime
    late = f", inside {code(first.how)}" if first.how else ""
    return f"{code(edge.source)} imports {code(edge.target)} ({code(f'{first.path}:{first.line}')}{late})"


def loops(desk: Desk) -> Iterator[Remark]:
    for name, at, function in _functions(desk):
        depth = len(function.loops)
        if depth > 1:
            severity = "important" if depth > 2 else _grave(desk, name)
            title = f"{depth} nested loops in {function.name}"
            problem = f"{code(function.name)} is {complexity(function)}, calls not counted."
            yield Remark(severity, depth * 100 + function.length, name, "loops", title, at, problem)


def dependants(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        importers = desk.survey.importers(name)
        if len(importers) > 2 or (name == desk.primary and len(importers) == 2):
            title = f"{len(importers)} components depend on {name}"
            share = f"{len(importers)} of {len(desk.survey.components) - 1} other components"
            problem = f"{share} import {code(name)}: {codes(importers)}."
            yield Remark(_grave(desk, name), len(importers), name, "dependants", title, name, problem)


# ------------------------------------------------------------------ soundness


def broad_handlers(desk: Desk) -> Iterator[Remark]:
    for name, source in _sources(desk):
        for note in source.facts.broad:
            title = f"{note.text or f'A handler in {_file(source)}'} catches every exception"
            at = f"{source.path}:{note.line}"
            problem = "The handler takes everything and raises nothing itself."
            yield Remark(_grave(desk, name), 1, name, "errors", title, at, problem)


def silent_handlers(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        found = [(source, note) for source in desk.survey.of(name) for note in source.facts.silent]
        if found:
            source, note = found[0]
            title = f"{verb(len(found), 'exception', 'passes', 'pass')} without a word in {name}"
            inside = f", in {code(note.text)}" if note.text else ""
            holds = verb(len(found), "handler", "holds", "hold")
            problem = f"{holds} nothing but `pass`; the first stands here{inside}."
            yield Remark("nice-to-have", len(found), name, "silence", title, f"{source.path}:{note.line}", problem)


def module_state(desk: Desk) -> Iterator[Remark]:
    for name, source in _sources(desk):
        for state in source.facts.state:
            title = f"Module state {state.name} changes while the program runs"
            problem = f"{code(state.name)} is created here and changed at {code(f'{source.path}:{state.changed}')}."
            yield Remark("important", 1, name, "state", title, f"{source.path}:{state.line}", problem)


def untested(desk: Desk) -> Iterator[Remark]:
    bare = [name for name in desk.focus if not desk.survey.components[name].tests]
    tests = desk.survey.tests
    for name in bare if tests else bare[:1]:
        lines = desk.survey.components[name].lines
        said = f"None of the {plural(tests, 'test file')}" if tests else "There is no test file at all, so none"
        problem = f"{said} imports {code(name)} or is named after it; it has {lines} lines."
        yield Remark("important", lines, name, "tests", f"No test is aimed at {name}", name, problem)


def late_imports(desk: Desk) -> Iterator[Remark]:
    for (source, target), edge in desk.survey.edges.items():
        if source in desk.focus and all(item.how not in {"", "types"} for item in edge.imports):
            first = edge.first
            title, at = f"{source} imports {target} late", f"{first.path}:{first.line}"
            problem = f"The import stands inside {code(first.how)}: the order in which modules load matters here."
            yield Remark("nice-to-have", len(edge.imports), source, "order", title, at, problem)


# ------------------------------------------------------------------ engineering


def long_files(desk: Desk) -> Iterator[Remark]:
    for name, source in _sources(desk):
        length = source.facts.length
        if length > _LONG_FILE:
            title = f"{_file(source)} has {length} lines"
            problem = f"{code(source.path)} holds {plural(len(source.facts.functions), 'function')} in {length} lines."
            yield Remark(_grave(desk, name), length, name, "file size", title, f"{source.path}:1", problem)


def long_functions(desk: Desk) -> Iterator[Remark]:
    for name, at, function in _functions(desk):
        if function.length > _LONG_FUNCTION:
            title = f"{function.name} is {function.length} lines long"
            problem = f"{code(function.name)} begins at line {function.line} and is {function.length} lines long."
            yield Remark(_grave(desk, name), function.length, name, "function size", title, at, problem)


def many_parameters(desk: Desk) -> Iterator[Remark]:
    for name, at, function in _functions(desk):
        count = function.parameters
        if count > _MANY_PARAMETERS:
            title = f"{function.name} takes {count} parameters"
            problem = f"{code(function.name)} takes {count} parameters."
            yield Remark(_grave(desk, name), count * 10, name, "parameters", title, at, problem)


def no_annotations(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        python = [(s, f) for s, f in desk.survey.functions(name) if s.path.endswith(".py")]
        public = [(s, f) for s, f in python if not f.name.rpartition(".")[2].startswith("_")]
        bare = [(s, f) for s, f in public if not f.annotated]
        if len(bare) > 2:
            source, function = bare[0]
            title = f"{len(bare)} public functions of {name} have no type annotations"
            first = f"{code(function.name)} at {code(f'{source.path}:{function.line}')}"
            problem = f"{len(bare)} of {len(public)} public functions have none, the first is {first}."
            yield Remark("nice-to-have", len(bare), name, "annotations", title, name, problem)


def wide_interfaces(desk: Desk) -> Iterator[Remark]:
    for (source, target), edge in desk.survey.edges.items():
        count = len(edge.names)
        if desk.primary in (source, target) and count >= _WIDE:
            names = dict.fromkeys(desk.survey.called(item) for item in edge.imports)
            title = f"{count} names cross from {target} to {source}"
            problem = f"{code(source)} imports {count} names from {code(target)}: {codes(names, 8)}."
            yield Remark("important", count, source, "interface", title, _at(edge), problem)


# ------------------------------------------------------------------ product and architecture


def unknown_words(desk: Desk) -> Iterator[Remark]:
    missing = desk.scope.missing
    if missing:
        words = enumerate_words([f"“{word}”" for word in missing], 6)
        share = f"{len(missing)} of {plural(len(desk.scope.words), 'word')}"
        problem = f"{share} of the request occur nowhere in the code: {words}."
        title = f"What is meant by {words}?"
        yield Remark("question", len(missing), desk.primary, "words", title, desk.primary, problem)


def blind_spot(desk: Desk) -> Iterator[Remark]:
    planned = desk.statements.lines_of_code
    others = desk.survey.importers(desk.primary)
    lines = sum(desk.survey.components[name].lines for name in others)
    if lines > 2 * planned:
        title = f"Does the plan see all of it? {planned} lines planned, {lines} depend on them"
        counts = f"The plan counts {planned} lines in {code(desk.primary)}"
        problem = f"{counts}; the components that import it ({codes(others)}) have {lines}."
        yield Remark("question", lines, desk.primary, "scope", title, desk.primary, problem)


def bystanders(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        hits = [hit for hit in desk.scope.hits[name].values() if hit.level != "text"]
        lines = desk.survey.components[name].lines
        if name != desk.primary and not hits and lines:
            problem = f"No word of the request names anything in {code(name)}; it is in the plan because of imports."
            yield Remark("question", lines, name, "bystander", f"Why is {name} in the plan?", name, problem)


def open_ends(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        found = [(source, note) for source in desk.survey.of(name) for note in source.facts.todos]
        if found:
            source, note = found[0]
            title, at = f"{plural(len(found), 'open end')} in {name}", f"{source.path}:{note.line}"
            problem = f"Marked in the code of {code(name)}, the first one: {code(note.text)}."
            yield Remark("nice-to-have", len(found), name, "open ends", title, at, problem)


def readme(desk: Desk) -> Iterator[Remark]:
    docs = [doc for doc in desk.survey.docs if doc.path.rpartition("/")[2].lower().startswith("readme")]
    words = list(desk.scope.words)
    if docs and words and not any(word in doc.words for doc in docs for word in words):
        title = f"Is this what {docs[0].path} promises?"
        problem = f"{code(docs[0].path)} mentions no word of the request."
        yield Remark("question", 1, desk.primary, "readme", title, desk.primary, problem)


def churn(desk: Desk) -> Iterator[Remark]:
    commits = desk.survey.commits
    for name in desk.focus:
        component = desk.survey.components[name]
        if commits >= 10 and component.churn * 4 >= commits:
            busiest = max(desk.survey.of(name), key=lambda source: (source.churn, source.path), default=None)
            most = f"; most often {code(busiest.path)} ({busiest.churn})" if busiest else ""
            problem = f"{component.churn} of the last {commits} commits touched {code(name)}{most}."
            title = f"{name} is being changed all the time"
            yield Remark(_grave(desk, name), component.churn, name, "churn", title, name, problem)


def private_names(desk: Desk) -> Iterator[Remark]:
    for (source, target), edge in desk.survey.edges.items():
        hidden = [i for i in edge.imports if i.name.startswith("_") and not i.name.startswith("__")]
        if hidden and (source in desk.focus or target in desk.focus):
            names = dict.fromkeys(item.name for item in hidden)
            at = f"{hidden[0].path}:{hidden[0].line}"
            said = f"{code(source)} imports {codes(names)} from {code(target)}"
            problem = f"{said}, where the name says that it is private."
            yield Remark("important", len(names), source, "boundary", f"{source} reaches into {target}", at, problem)


def _at(edge: Edge) -> str:
    return f"{edge.first.path}:{edge.first.line}"


def _file(source: Source) -> str:
    return source.path.rpartition("/")[2]


LENSES: dict[str, tuple[Lens, ...]] = {
    "tarjan": (cycles, loops, dependants),
    "cousot": (broad_handlers, silent_handlers, module_state, untested, late_imports),
    "hejlsberg": (long_files, long_functions, many_parameters, no_annotations, wide_interfaces),
    "steve": (unknown_words, blind_spot, bystanders, open_ends, readme),
    "don": (dependants, churn, private_names, blind_spot),
}
#: For an expert whom nobody described: a bit of everything.
ANY: tuple[Lens, ...] = (cycles, untested, long_files, wide_interfaces, dependants, churn, open_ends)
