"""What each expert has to say about the components that a roadmap touches: every remark is a fact with a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from decisions_tool.agents.desk import Desk
from decisions_tool.agents.graph import way_around
from decisions_tool.agents.offline_roadmap import complexity
from decisions_tool.agents.survey import Edge
from decisions_tool.agents.wording import code, codes, enumerate_words, name_of, quote, verb
from decisions_tool.documents.review import SEVERITIES, Review, ReviewFinding, ReviewMeta, Severity
from decisions_tool.text import plural

_MOST, _MOST_PER_SUBJECT = 6, 3
_LONG_FILE, _LONG_FUNCTION, _MANY_PARAMETERS, _WIDE = 500, 80, 7, 12


class Remark(NamedTuple):
    """``weight`` orders remarks of one severity; ``where`` is a place or a component."""

    severity: Severity
    weight: int
    component: str
    subject: str
    title: str
    where: str
    problem: str
    suggestion: str


Lens = Callable[[Desk], Iterator[Remark]]


def review(desk: Desk) -> Review:
    """The findings of the expert in whose slot the packet stands."""
    about = desk.packet.about
    name = quote(about.get("name", desk.packet.slot).rstrip("#"), 80)
    lenses = LENSES.get(desk.packet.slot.lower(), GENERIC)
    remarks = choose([remark for lens in lenses for remark in lens(desk)])
    findings = tuple(
        ReviewFinding(
            id=f"F{number}",
            severity=r.severity,
            title=r.title,
            where=r.where,
            problem=r.problem,
            suggestion=r.suggestion,
        )
        for number, r in enumerate(remarks, start=1)
    )
    lens = quote(about.get("lens", desk.packet.slot), 200)
    return Review(
        meta=ReviewMeta(type="review"), reviewer=name, lens=lens, summary=_summary(desk, remarks), findings=findings
    )


def choose(remarks: list[Remark]) -> list[Remark]:
    """The most severe first; no subject fills a review, and no component twice with the same subject before others had their turn."""
    ranked = sorted(remarks, key=lambda r: (SEVERITIES.index(r.severity), -r.weight, r.where, r.title))
    chosen: list[Remark] = []
    for again in (False, True):
        for remark in ranked:
            alike = [r for r in chosen if r.subject == remark.subject]
            repeats = any(r.component == remark.component for r in alike)
            if (
                remark not in chosen
                and len(chosen) < _MOST
                and len(alike) < _MOST_PER_SUBJECT
                and (again or not repeats)
            ):
                chosen.append(remark)
    return sorted(chosen, key=ranked.index)


def _summary(desk: Desk, remarks: list[Remark]) -> str:
    looked = desk.focus
    at = f"Looked at {codes(looked)}" if looked else f"The survey knows no component called {code(desk.primary)}"
    if not remarks:
        return f"{at}. By the rules of this lens, nothing was found there."
    hit = list(dict.fromkeys(r.component for r in remarks))
    return f"{at}. {verb(len(remarks), 'finding', 'falls', 'fall')} on {codes(hit)}."


# ------------------------------------------------------------------ graph


def _cycles(desk: Desk) -> Iterator[Remark]:
    survey = desk.survey
    for group in survey.cycles:
        inside = [name for name in desk.focus if name in group]
        if not inside:
            continue
        way = way_around(inside[0], group, survey.runtime)
        edges = [survey.edges[a, b] for a, b in zip(way, (*way[1:], way[0]), strict=True)]
        weakest = min(edges, key=lambda edge: (len(edge.names), edge.source, edge.target))
        steps = "; ".join(_step(edge) for edge in edges)
        more = f" {plural(len(group), 'component')} reach each other this way." if len(group) > len(way) else ""
        yield Remark(
            "critical" if desk.primary in way else "important", len(group), weakest.source, "cycle",
            f"Import cycle: {' → '.join((*way, way[0]))}", _at(weakest), f"{steps}. So none of them stands alone.{more}",
            f"Break the cycle where it is thinnest: {code(weakest.source)} takes {plural(len(weakest.names), 'name')} from {code(weakest.target)}.",
        )  # fmt: skip


def _step(edge: Edge) -> str:
    first = next(
        item for item in sorted(edge.imports, key=lambda i: (i.how != "", i.path, i.line)) if item.how != "types"
    )
    late = f", inside {code(first.how)}" if first.how else ""
    return f"{code(edge.source)} imports {code(edge.target)} ({code(f'{first.path}:{first.line}')}{late})"


def _loops(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        for source, function in desk.survey.functions(name):
            depth = len(function.loops)
            if depth < 2:
                continue
            severity: Severity = "important" if depth > 2 or name == desk.primary else "nice-to-have"
            yield Remark(
                severity, depth * 100 + function.length, name, "loops", f"{depth} nested loops in {function.name}",
                f"{source.path}:{function.line}", f"{code(function.name)} is {complexity(function)}, calls not counted.",
                "State how large the inputs become, or look up instead of searching in the inner loop.",
            )  # fmt: skip


def _fan_in(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        importers = desk.survey.importers(name)
        if len(importers) < 3 and not (name == desk.primary and len(importers) == 2):
            continue
        share = f"{len(importers)} of {len(desk.survey.components) - 1} other components"
        yield Remark(
            "important" if name == desk.primary else "nice-to-have", len(importers), name, "dependants",
            f"{len(importers)} components depend on {name}", name, f"{share} import {code(name)}: {codes(importers)}.",
            "Keep what they import as it is, or plan a phase for each of them.",
        )  # fmt: skip


# ------------------------------------------------------------------ soundness


def _broad(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        found = [(source, note) for source in desk.survey.of(name) for note in source.facts.broad]
        for source, note in found:
            inside = note.text or f"A handler in {source.path.rpartition('/')[2]}"
            yield Remark(
                "important" if name == desk.primary else "nice-to-have", len(found), name, "errors", f"{inside} catches every exception",
                f"{source.path}:{note.line}", f"The handler takes everything and raises nothing itself; {code(name)} has {len(found)} such.",
                "Catch what is expected, and let the rest through.",
            )  # fmt: skip


def _silent(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        found = [(source, note) for source in desk.survey.of(name) for note in source.facts.silent]
        if found:
            source, note = found[0]
            inside = f", in {code(note.text)}" if note.text else ""
            yield Remark(
                "nice-to-have", len(found), name, "silence", f"{verb(len(found), 'exception', 'passes', 'pass')} without a word in {name}",
                f"{source.path}:{note.line}", f"{plural(len(found), 'handler')} of {code(name)} hold nothing but `pass`; the first stands here{inside}.",
                "Say in each why nothing has to be done.",
            )  # fmt: skip


def _state(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        for source in desk.survey.of(name):
            for state in source.facts.state:
                yield Remark(
                    "important", 1, name, "state", f"Module state {state.name} changes while the program runs",
                    f"{source.path}:{state.line}", f"{code(state.name)} is created here and changed at {code(f'{source.path}:{state.changed}')}.",
                    "Say who may change it and when, or hand it in.",
                )  # fmt: skip


def _untested(desk: Desk) -> Iterator[Remark]:
    bare = [name for name in desk.focus if not desk.survey.components[name].tests]
    if desk.survey.tests == 0:
        bare = bare[:1]
    for name in bare:
        said = (
            f"None of the {plural(desk.survey.tests, 'test file')}"
            if desk.survey.tests
            else "There is no test file at all, so none"
        )
        yield Remark(
            "important", desk.survey.components[name].lines, name, "tests", f"No test is aimed at {name}", name,
            f"{said} imports {code(name)} or is named after it; it has {desk.survey.components[name].lines} lines.",
            "Write tests for its present behaviour in phase 0.",
        )  # fmt: skip


def _order(desk: Desk) -> Iterator[Remark]:
    for (source, target), edge in desk.survey.edges.items():
        late = [item for item in edge.imports if item.how not in {"", "types"}]
        if source in desk.focus and late and len(late) == len(edge.imports):
            first = min(late, key=lambda item: (item.path, item.line))
            yield Remark(
                "nice-to-have", len(late), source, "order", f"{source} imports {target} late", f"{first.path}:{first.line}",
                f"The import stands inside {code(first.how)}, so the order in which modules load matters here.",
                "Say why it may not stand at the top, or move what is shared.",
            )  # fmt: skip


# ------------------------------------------------------------------ engineering


def _sizes(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        for source in desk.survey.of(name):
            if source.facts.length > _LONG_FILE:
                yield Remark(
                    "important" if name == desk.primary else "nice-to-have", source.facts.length, name, "file size",
                    f"{source.path.rpartition('/')[2]} has {source.facts.length} lines", f"{source.path}:1",
                    f"{code(source.path)} holds {plural(len(source.facts.functions), 'function')} in {source.facts.length} lines.",
                    "Split off what the request does not touch before changing the rest.",
                )  # fmt: skip


def _functions(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        for source, function in desk.survey.functions(name):
            at = f"{source.path}:{function.line}"
            if function.length > _LONG_FUNCTION:
                yield Remark(
                    "important" if name == desk.primary else "nice-to-have", function.length, name, "function size",
                    f"{function.name} is {function.length} lines long", at, f"{code(function.name)} begins at line {function.line} and is {function.length} lines long.",
                    "Name its steps before adding one.",
                )  # fmt: skip
            if function.parameters > _MANY_PARAMETERS:
                yield Remark(
                    "important" if name == desk.primary else "nice-to-have", function.parameters * 10, name, "parameters",
                    f"{function.name} takes {function.parameters} parameters", at, f"{code(function.name)} takes {function.parameters} parameters.",
                    "Do not add another one: group those that travel together.",
                )  # fmt: skip


def _annotations(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        public = [
            (s, f)
            for s, f in desk.survey.functions(name)
            if s.path.endswith(".py") and not f.name.rpartition(".")[2].startswith("_")
        ]
        bare = [(source, function) for source, function in public if not function.annotated]
        if len(bare) >= 3:
            source, function = bare[0]
            yield Remark(
                "nice-to-have", len(bare), name, "annotations", f"{len(bare)} public functions of {name} have no type annotations", name,
                f"{len(bare)} of {len(public)} public functions have none, the first is {code(function.name)} at {code(f'{source.path}:{function.line}')}.",
                "Annotate those that the request changes.",
            )  # fmt: skip


def _wide(desk: Desk) -> Iterator[Remark]:
    for (source, target), edge in desk.survey.edges.items():
        if desk.primary in (source, target) and len(edge.names) >= _WIDE:
            yield Remark(
                "important", len(edge.names), source, "interface", f"{len(edge.names)} names cross from {target} to {source}", _at(edge),
                f"{code(source)} imports {len(edge.names)} names from {code(target)}: {_names(edge)}.",
                "Agree on the few names that are the interface, and hide the others.",
            )  # fmt: skip


# ------------------------------------------------------------------ product and architecture


def _unknown_words(desk: Desk) -> Iterator[Remark]:
    missing = desk.scope.missing
    if missing:
        words = enumerate_words([f"“{word}”" for word in missing], 6)
        yield Remark(
            "question", len(missing), desk.primary, "words", f"What is meant by {words}?", desk.primary,
            f"{len(missing)} of {plural(len(desk.scope.words), 'word')} of the request occur nowhere in the code: {words}.",
            "Say in the request what they are, and what a user sees of them.",
        )  # fmt: skip


def _scope_gap(desk: Desk) -> Iterator[Remark]:
    planned = desk.statements.lines_of_code
    others = [name for name in desk.survey.importers(desk.primary) if name in desk.survey.components]
    lines = sum(desk.survey.components[name].lines for name in others)
    if lines > 2 * planned and others:
        yield Remark(
            "question", lines, desk.primary, "scope", f"Does the plan see all of it? {planned} lines planned, {lines} depend on them", desk.primary,
            f"The plan counts {planned} lines in {code(desk.primary)}; the components that import it ({codes(others)}) have {lines}.",
            "Say which of them a user will notice.",
        )  # fmt: skip


def _bystanders(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        hits = [hit for hit in desk.scope.hits.get(name, {}).values() if hit.level != "text"]
        if name != desk.primary and not hits and desk.survey.components[name].lines:
            yield Remark(
                "question", desk.survey.components[name].lines, name, "bystander", f"Why is {name} in the plan?", name,
                f"The plan touches {code(name)}, but no word of the request names anything in it; it is there because of imports.",
                "Say what changes for it, or leave it as it is.",
            )  # fmt: skip


def _open_ends(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        found = [(source, note) for source in desk.survey.of(name) for note in source.facts.todos]
        if found:
            source, note = found[0]
            yield Remark(
                "nice-to-have", len(found), name, "open ends", f"{plural(len(found), 'open end')} in {name}", f"{source.path}:{note.line}",
                f"Marked in the code of {code(name)}, the first one: {code(note.text)}.",
                "Close or drop those that the request meets on its way.",
            )  # fmt: skip


def _readme(desk: Desk) -> Iterator[Remark]:
    docs = [doc for doc in desk.survey.docs if doc.path.rpartition("/")[2].lower().startswith("readme")]
    words = list(desk.scope.words)
    if docs and words and not any(word in doc.words for doc in docs for word in words):
        yield Remark(
            "question", 1, desk.primary, "readme", f"Is this what {docs[0].path} promises?", desk.primary,
            f"{code(docs[0].path)} mentions no word of the request.", "Say in one sentence what the reader of it gains.",
        )  # fmt: skip


def _churn(desk: Desk) -> Iterator[Remark]:
    for name in desk.focus:
        component = desk.survey.components[name]
        if desk.survey.commits >= 10 and component.churn * 4 >= desk.survey.commits:
            busiest = max(desk.survey.of(name), key=lambda source: (source.churn, source.path), default=None)
            most = f"; most often {code(busiest.path)} ({busiest.churn})" if busiest else ""
            yield Remark(
                "important" if name == desk.primary else "nice-to-have", component.churn, name, "churn", f"{name} is being changed all the time", name,
                f"{component.churn} of the last {desk.survey.commits} commits touched {code(name)}{most}.",
                "Deliver in small steps, or agree on a quiet time.",
            )  # fmt: skip


def _private(desk: Desk) -> Iterator[Remark]:
    for (source, target), edge in desk.survey.edges.items():
        hidden = [i for i in edge.imports if i.name.startswith("_") and not i.name.startswith("__")]
        if hidden and (source in desk.focus or target in desk.focus):
            first = min(hidden, key=lambda item: (item.path, item.line))
            names = list(dict.fromkeys(item.name for item in hidden))
            yield Remark(
                "important", len(names), source, "boundary", f"{source} reaches into {target}", f"{first.path}:{first.line}",
                f"{code(source)} imports {codes(names)} from {code(target)}, where the name says that it is private.",
                f"Make it part of what {code(target)} offers, or move it.",
            )  # fmt: skip


def _at(edge: Edge) -> str:
    return f"{edge.first.path}:{edge.first.line}"


def _names(edge: Edge) -> str:
    return codes(dict.fromkeys(name_of(item.name or item.target.rpartition("/")[2]) for item in edge.imports), 8)


LENSES: dict[str, tuple[Lens, ...]] = {
    "tarjan": (_cycles, _loops, _fan_in),
    "cousot": (_broad, _silent, _state, _untested, _order),
    "hejlsberg": (_sizes, _functions, _annotations, _wide),
    "steve": (_unknown_words, _scope_gap, _bystanders, _open_ends, _readme),
    "don": (_fan_in, _churn, _private, _scope_gap),
}
GENERIC: tuple[Lens, ...] = (_cycles, _untested, _sizes, _wide, _fan_in, _churn, _open_ends)
