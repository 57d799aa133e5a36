"""The architect's and the planner's halves of a roadmap, computed from the repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.facts import Function
from decisions_tool.agents.offline.lenses import complexity
from decisions_tool.agents.offline.scope import Scope
from decisions_tool.agents.offline.survey import Edge, Source
from decisions_tool.agents.offline.wording import bullets, code, codes, enumerate_words, quoted, verb
from decisions_tool.documents.answers import PlanAnswer
from decisions_tool.documents.base import Meta
from decisions_tool.documents.plans import PlanPhase
from decisions_tool.documents.roadmap import Operation, Plan, Roadmap, RoadmapMeta, Statements
from decisions_tool.text import plural

_MOST_DEFINITIONS, _MOST_DOCUMENTS, _MOST_OPERATIONS, _MOST_FILES = 7, 3, 6, 8
_PAST = re.compile(r"(?i)change|history|news|release")
#: A request is clear when this many of its words, and one in this many, name something in the code.
_CLEAR_WORDS, _CLEAR_SHARE = 3, 3


def roadmap(desk: Desk) -> Roadmap:
    """Prior art inside the repository, the ways to go, and what follows for the plan."""
    scope = desk.scope
    return Roadmap(
        meta=RoadmapMeta(type="roadmap"),
        title=desk.title,
        prior_art=_prior_art(scope),
        trade_offs=_trade_offs(scope),
        decisions=_decisions(scope),
    )


# ------------------------------------------------------------------ prior art


def _prior_art(scope: Scope) -> str:
    outside = "Outside sources were not searched: this run had no access to the web, so this duty is unmet."
    if not scope.words:
        return f"{outside}\n\nThe request holds no word to search the repository for."
    found = [*_definitions(scope), *_documents(scope)]
    words = quoted(scope.words.values(), 12)
    if not found:
        nothing = "Nothing in the repository is named after a word of the request, and no document mentions one"
        return f"{outside}\n\n{nothing}: {words}."
    head = f"Searched at commit {code(scope.survey.commit[:12])} for {words}. What is there already:"
    tail = f"\n\nNowhere in the code: {quoted(scope.missing, 8)}." if scope.missing else ""
    return f"{outside}\n\n{head}\n\n{bullets(found)}{tail}"


def _definitions(scope: Scope) -> Iterator[str]:
    """The best definition for every word, from the components with the highest scores."""
    seen: set[str] = set()
    for name in sorted(scope.hits, key=lambda name: (-scope.scores[name], name)):
        strong = [hit for hit in scope.hits[name].values() if hit.level in {"definition", "named"}]
        for hit in sorted(strong, key=lambda hit: (hit.path, hit.line)):
            if hit.word not in seen and len(seen) < _MOST_DEFINITIONS:
                seen.add(hit.word)
                place = code(f"{hit.path}:{hit.line}")
                yield f"{place} defines {code(hit.name)} (“{hit.word}”), in {code(name)}."


def _documents(scope: Scope) -> Iterator[str]:
    """The documents with most words of the request; histories of changes come last."""
    docs = scope.survey.docs
    common = {word for word in scope.words if sum(word in doc.words for doc in docs) * 2 > len(docs) > 4}
    found = []
    for number, doc in enumerate(docs):
        words = [word for word in scope.words if word in doc.words and word not in common]
        if words:
            found.append((bool(_PAST.search(doc.path)), -len(words), number, words))
    for _, _, number, words in sorted(found)[:_MOST_DOCUMENTS]:
        line = min(docs[number].words[word] for word in words)
        yield f"{code(f'{docs[number].path}:{line}')} mentions {quoted([scope.words[word] for word in words], 5)}."


# ------------------------------------------------------------------ trade-offs


def _trade_offs(scope: Scope) -> str:
    if not scope.known:
        nothing = "There is no source code at this commit, so there is nothing to weigh yet."
        return f"{nothing} Whatever is built first sets the components."
    options = [_inside(scope), _through(scope), *_beside(scope), *_cycle_first(scope)]
    titled = [f"**Option {letter}.** {text}" for letter, text in zip("ABCD", options, strict=False)]
    limits = [f"What the survey did not see: {' '.join(scope.survey.limits)}"] if scope.survey.limits else []
    return "\n\n".join([*titled, *limits])


def _inside(scope: Scope) -> str:
    component = scope.survey.components[scope.primary]
    files = scope.matching(scope.primary) or scope.survey.of(scope.primary)
    used = _offered(scope)
    kept = f"What others import today stays as it is: {codes(used, 6)}."
    free = "No other component imports from it, so nothing is promised outside."
    carried = f"{verb(len(files), 'file', 'carries', 'carry')} the request's words"
    of = f"of {plural(len(component.files), 'file')} and {component.lines} lines"
    named = codes([source.path for source in files], 4)
    return f"Change {code(scope.primary)} inside. {carried} ({named}), {of}. {kept if used else free}"


def _through(scope: Scope) -> str:
    importers = scope.survey.importers(scope.primary)
    head = f"Change the interface of {code(scope.primary)}."
    if not importers:
        return f"{head} That costs nothing elsewhere today: no component imports it."
    edges = [scope.survey.edges[name, scope.primary] for name in importers]
    widest = sorted(edges, key=lambda edge: (-len(edge.imports), edge.source))
    places = enumerate_words([f"{code(edge.source)} at {_at(edge)}" for edge in widest], 4)
    follow = verb(len(importers), "component", "has", "have")
    names = plural(sum(len(edge.imports) for edge in edges), "imported name")
    return f"{head} {follow} to follow: {places}. That is {names} to look at."


def _beside(scope: Scope) -> Iterator[str]:
    if scope.missing:
        nothing = f"Nothing in the code is called {quoted(scope.missing, 4)}"
        gain = "so the new part has a boundary from the first day; the price is one more interface to keep"
        yield f"Put what is new beside {code(scope.primary)} rather than into it. {nothing}, {gain}."


def _cycle_first(scope: Scope) -> Iterator[str]:
    group = next((group for group in scope.survey.cycles if scope.primary in group), None)
    if group:
        through = codes([name for name in group if name != scope.primary], 5)
        price = "while it does, no order of delivery keeps these components apart"
        yield f"Break the import cycle first. {code(scope.primary)} reaches itself through {through}; {price}."


def _offered(scope: Scope) -> list[str]:
    """Names that other components import from the primary one, the most wanted first."""
    count: dict[str, int] = {}
    for name in scope.survey.importers(scope.primary):
        edge = scope.survey.edges[name, scope.primary]
        for item in dict.fromkeys(item.name for item in edge.imports if item.name):
            count[item] = count.get(item, 0) + 1
    return sorted(count, key=lambda name: (-count[name], name))


def _at(edge: Edge) -> str:
    return code(f"{edge.first.path}:{edge.first.line}")


# ------------------------------------------------------------------ decisions


def _decisions(scope: Scope) -> str:
    points = [f"**Primary component.** {scope.how()}"]
    if scope.known:
        points += [_affected(scope), _chosen(scope), _safety(scope)]
    return "\n".join(f"{number}. {point}" for number, point in enumerate(points, start=1))


def _affected(scope: Scope) -> str:
    importers, imported = scope.survey.importers(scope.primary), scope.survey.imported(scope.primary)
    typed = [name for name in importers if scope.survey.edges[name, scope.primary].types_only]
    only = f", {len(typed)} of them for types only" if typed else ""
    on = f"{verb(len(importers), 'component', 'imports', 'import')} it ({codes(importers)}{only})"
    uses = f"it imports {plural(len(imported), 'component')} ({codes(imported)})"
    both = f"{on if importers else 'No component imports it'}; {uses if imported else 'it imports no other component'}"
    others = [name for name in scope.subsystems if name != scope.primary]
    touched = f"Looked at in this plan: {codes(others)}." if others else "This plan looks at no other component."
    return f"**Dependants.** {both}. {touched}"


def _chosen(scope: Scope) -> str:
    importers = len(scope.survey.importers(scope.primary))
    if importers < 2:
        return "**Way.** Option A. With fewer than two importers the interface may still change later."
    cost = f"{importers} importers make a changed interface expensive"
    return f"**Way.** Option A first: {cost}. Option B needs a contract with each of them."


def _safety(scope: Scope) -> str:
    tests = scope.survey.components[scope.primary].tests
    if tests:
        aimed = verb(len(tests), "test file", "imports or is named after", "import or are named after")
        return f"**Safety net.** {aimed} it: {codes(tests, 3)}."
    every = plural(scope.survey.tests, "test file")
    return f"**Safety net.** None of the {every} imports it or is named after it, so tests come first."


# ------------------------------------------------------------------ plan


def plan(desk: Desk) -> PlanAnswer:
    """Statements, phases and operations, each from a stated rule."""
    scope = desk.scope
    importers = scope.survey.importers(scope.primary)
    statements = Statements(
        primary=scope.primary,
        subsystems=scope.subsystems,
        lines_of_code=lines_of_code(scope),
        requirements="clear" if is_clear(scope) else "unclear",
        horizon="long-term" if len(importers) >= 2 else "short-term",
    )
    phases = tuple(_phases(scope)) if scope.known else (_first_phase(scope),)
    return PlanAnswer(
        meta=Meta(type="plan"), plan=Plan(statements=statements, phases=phases, operations=tuple(_operations(scope)))
    )


def is_clear(scope: Scope) -> bool:
    return len(scope.named) >= _CLEAR_WORDS and len(scope.named) * _CLEAR_SHARE >= len(scope.words)


def lines_of_code(scope: Scope) -> int:
    """Lines of the primary component's files that match the request, or of all its files when none does."""
    files = scope.matching(scope.primary) or scope.survey.of(scope.primary)
    return sum(source.facts.lines for source in files)


def _rules(scope: Scope) -> str:
    return (
        f"How the scope was stated: requirements are clear when {_CLEAR_WORDS} words of the request, and one in "
        f"{_CLEAR_SHARE}, name something in the code (here {len(scope.named)} of {len(scope.words)}); the horizon is "
        "long-term when two components import the primary one; lines of code are the non-blank lines of its files "
        "that match the request, or of all its files when none does; effort counts files to open."
    )


def _first_phase(scope: Scope) -> PlanPhase:
    nothing = f"There is no source code at commit {code(scope.survey.commit[:12])}."
    text = f"{nothing} Decide the first component and its interface.\n\n{_rules(scope)}"
    return PlanPhase(number=0, title="Decide the first component", text=text)


def _phases(scope: Scope) -> Iterator[PlanPhase]:
    """Pin, prepare what the primary component takes, change it, follow where it is imported, check."""
    others = [name for name in scope.subsystems if name != scope.primary]
    importers = scope.survey.importers(scope.primary)
    before = [name for name in others if name not in importers]
    after = [name for name in others if name in importers]
    change = len(before) + 1
    last = change + len(after) + 1
    yield PlanPhase(number=0, title=f"Pin what {scope.primary} does today", text=_pin(scope))
    for number, name in enumerate(before, start=1):
        yield _around(scope, name, number, _ahead(scope, name), "Phase 0")
    yield PlanPhase(
        number=change,
        title=f"Change {scope.primary}",
        depends_on=_named(range(1, change)) or ("Phase 0",),
        effort=max(1, len(scope.matching(scope.primary))),
        text=_change(scope),
    )
    for number, name in enumerate(after, start=change + 1):
        yield _around(scope, name, number, f"Follow in {name}", f"Phase {change}")
    needs = _named(range(change + 1, last)) or (f"Phase {change}",)
    yield PlanPhase(number=last, title="Check the whole", depends_on=needs, text=_check(scope))


def _named(numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"Phase {number}" for number in numbers)


def _ahead(scope: Scope, name: str) -> str:
    verbs = "Prepare what {} takes from {}" if scope.edges(name) else "Decide what {} needs of {}"
    return verbs.format(scope.primary, name)


def _around(scope: Scope, name: str, number: int, title: str, need: str) -> PlanPhase:
    """A phase in another component; its effort are the files that import from one side to the other."""
    files = dict.fromkeys(item.path for edge in scope.edges(name) for item in edge.imports)
    effort = max(1, len(files))
    return PlanPhase(number=number, title=title, depends_on=(need,), effort=effort, text=_shared(scope, name))


def _pin(scope: Scope) -> str:
    tests = scope.survey.components[scope.primary].tests
    none = f"No test covers {code(scope.primary)} by import or by name: write the first ones."
    offered = _offered(scope)
    promise = f" Cover what others import: {codes(offered, 8)}." if offered else ""
    return f"{f'Start from {codes(tests, 4)}.' if tests else none}{promise}\n\n{_rules(scope)}"


def _change(scope: Scope) -> str:
    files = scope.matching(scope.primary) or scope.survey.of(scope.primary)
    if not files:
        return "None of its files could be read."
    lines = [f"{code(source.path)}, {source.facts.lines} lines{_inside_file(scope, source)}" for source in files]
    more = f"\n\nAnd {plural(len(files) - _MOST_FILES, 'more file')}." if len(files) > _MOST_FILES else ""
    return f"Files to open:\n\n{bullets(lines[:_MOST_FILES])}{more}"


def _inside_file(scope: Scope, source: Source) -> str:
    found = [function for at, function in scope.functions(scope.primary) if at.path == source.path]
    return f": {enumerate_words([f'{code(f.name)} (line {f.line})' for f in found], 5)}" if found else ""


def _shared(scope: Scope, name: str) -> str:
    """What goes over the boundary between the primary component and another one."""
    if not scope.edges(name):
        hits = [hit.say() for hit in scope.hits[name].values() if hit.level != "text"]
        named = f"The request names {code(name)}: {enumerate_words(hits, 3)}. " if hits else ""
        return f"{named}Neither imports the other today, so this takes a new interface."
    lines = []
    for edge in scope.edges(name):
        names = sorted(dict.fromkeys(scope.survey.called(item) for item in edge.imports))
        only = ", for types only" if edge.types_only else ""
        said = f"{code(edge.source)} imports {codes(names, 6)} from {code(edge.target)}"
        lines.append(f"{said}, first at {_at(edge)}{only}.")
    return bullets(lines)


def _check(scope: Scope) -> str:
    components = [scope.survey.components[name] for name in scope.subsystems]
    tests = dict.fromkeys(path for component in components for path in component.tests)
    bare = [component.name for component in components if not component.tests]
    if not tests:
        return "There is no test to run yet for what is touched."
    left = f" No test imports or is named after {codes(bare)}." if bare else ""
    return f"Run {codes(tests, 5)}.{left}"


def _operations(scope: Scope) -> list[Operation]:
    """Functions with the request's words, those with loops first; then the deepest loop nests of the component."""
    wanted = scope.functions(scope.primary)
    near = [at for at in wanted if at[1].loops][: _MOST_OPERATIONS - 2]
    plain = [at for at in wanted if not at[1].loops][:2]
    rest = [at for at in scope.survey.functions(scope.primary) if at not in wanted]
    rest.sort(key=lambda at: (-len(at[1].loops), -at[1].length, at[0].path, at[1].line))
    deep = [at for at in rest if len(at[1].loops) > 1]
    chosen = [*near, *plain, *deep] or rest
    if not chosen:
        files = scope.survey.components[scope.primary].files if scope.known else ()
        where = code(files[0]) if files else f"commit {code(scope.survey.commit[:12])}"
        return [Operation(name="no function was found", complexity="O(1): nothing to run", where=where)]
    return [_operation(source, function) for source, function in chosen[:_MOST_OPERATIONS]]


def _operation(source: Source, function: Function) -> Operation:
    where = code(f"{source.path}:{function.line}")
    return Operation(name=code(function.name), complexity=complexity(function), where=where)
