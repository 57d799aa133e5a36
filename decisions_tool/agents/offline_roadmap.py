"""The architect's and the planner's halves of a roadmap, computed from the repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from decisions_tool.agents.desk import Desk
from decisions_tool.agents.facts import Function
from decisions_tool.agents.lenses import complexity
from decisions_tool.agents.scope import Scope
from decisions_tool.agents.survey import Edge, Source
from decisions_tool.agents.wording import bullets, code, codes, enumerate_words, verb
from decisions_tool.documents.answers import PlanAnswer
from decisions_tool.documents.base import Meta
from decisions_tool.documents.plans import PlanPhase
from decisions_tool.documents.roadmap import Operation, Plan, Roadmap, RoadmapMeta, Statements
from decisions_tool.text import plural

_MOST_PRIOR, _MOST_OPERATIONS = 10, 6
_PAST = re.compile(r"(?i)change|history|news|release")
#: A request is clear when this share of its words, and at least this many, name something in the code.
CLEAR_SHARE, CLEAR_WORDS = 3, 3


def roadmap(desk: Desk) -> Roadmap:
    """Prior art inside the repository, the ways to go, and what follows for the plan."""
    scope = desk.scope
    return Roadmap(
        meta=RoadmapMeta(type="roadmap"), title=desk.title, prior_art=_prior_art(scope),
        trade_offs=_trade_offs(scope), decisions=_decisions(scope),
    )  # fmt: skip


# ------------------------------------------------------------------ prior art


def _prior_art(scope: Scope) -> str:
    outside = "Outside sources were not searched: this run had no access to the web, so this duty is unmet."
    found = [*_definitions(scope), *_documents(scope)][:_MOST_PRIOR]
    words = enumerate_words([f"“{word}”" for word in scope.words.values()], 12)
    if not scope.words:
        return f"{outside}\n\nThe request holds no word to search the repository for."
    if not found:
        return f"{outside}\n\nNothing in the repository is named after a word of the request, and no document mentions one: {words}."
    head = f"Searched at commit {code(scope.survey.commit[:12])} for {words}. What is there already:"
    missing = enumerate_words([f"“{word}”" for word in scope.missing], 8)
    tail = f"\n\nNowhere in the code: {missing}." if missing else ""
    return f"{outside}\n\n{head}\n\n{bullets(found)}{tail}"


def _definitions(scope: Scope) -> Iterator[str]:
    """The best hits of every word, components with the higher score first."""
    names = sorted(scope.hits, key=lambda name: (-scope.scores[name], name))
    seen: set[str] = set()
    for name in names:
        strong = [hit for hit in scope.hits[name].values() if hit.level == "definition"]
        for hit in sorted(strong, key=lambda hit: (hit.path, hit.line)):
            if hit.word not in seen and len(seen) < _MOST_PRIOR - 3:
                seen.add(hit.word)
                yield f"{code(f'{hit.path}:{hit.line}')} defines {code(hit.name)} (“{hit.word}”), in {code(name)}."


def _documents(scope: Scope) -> Iterator[str]:
    """Documents that mention words which say something, the ones with most of them first."""
    common = {
        word
        for word in scope.words
        if sum(word in doc.words for doc in scope.survey.docs) * 2 > len(scope.survey.docs) > 4
    }
    found = []
    for doc in scope.survey.docs:
        words = [word for word in scope.words if word in doc.words and word not in common]
        if words:
            found.append((bool(_PAST.search(doc.path)), -len(words), doc.path, words, doc))
    for _, _, path, words, doc in sorted(found, key=lambda item: item[:3])[:3]:
        line = min(doc.words[word] for word in words)
        yield f"{code(f'{path}:{line}')} mentions {enumerate_words([f'“{scope.words[word]}”' for word in words], 5)}."


# ------------------------------------------------------------------ trade-offs


def _trade_offs(scope: Scope) -> str:
    if not scope.known:
        return "There is no source code at this commit, so there is nothing to weigh yet. Whatever is built first sets the components."
    options = [_inside(scope), _through(scope), *_beside(scope), *_cycle_first(scope)]
    titled = [f"**Option {letter}.** {text}" for letter, text in zip("ABCD", options, strict=False)]
    limits = "\n\nWhat the survey did not see: " + " ".join(scope.survey.limits) if scope.survey.limits else ""
    return "\n\n".join(titled) + limits


def _inside(scope: Scope) -> str:
    component = scope.survey.components[scope.primary]
    files = scope.matching(scope.primary) or scope.survey.of(scope.primary)
    used = _offered(scope)
    kept = (
        f"What others import today stays as it is: {codes(used, 6)}."
        if used
        else "No other component imports from it, so nothing is promised outside."
    )
    return (
        f"Change {code(scope.primary)} inside. {verb(len(files), 'file', 'carries', 'carry')} the request's words "
        f"({codes([source.path for source in files], 4)}), of {plural(len(component.files), 'file')} and {component.lines} lines. {kept}"
    )


def _through(scope: Scope) -> str:
    importers = scope.survey.importers(scope.primary)
    if not importers:
        return f"Change the interface of {code(scope.primary)}. That costs nothing elsewhere today: no component imports it."
    edges = [scope.survey.edges[name, scope.primary] for name in importers]
    widest = sorted(edges, key=lambda edge: (-len(edge.imports), edge.source))
    places = enumerate_words([f"{code(edge.source)} at {_at(edge)}" for edge in widest], 4)
    return (
        f"Change the interface of {code(scope.primary)}. {verb(len(importers), 'component', 'has', 'have')} to follow: {places}. "
        f"That is {plural(sum(len(edge.imports) for edge in edges), 'imported name')} to look at."
    )


def _beside(scope: Scope) -> Iterator[str]:
    missing = scope.missing
    if missing:
        words = enumerate_words([f"“{word}”" for word in missing], 4)
        yield (
            f"Put what is new beside {code(scope.primary)} rather than into it. Nothing in the code is called {words}, so the new part has a "
            "boundary from the first day; the price is one more interface to keep."
        )


def _cycle_first(scope: Scope) -> Iterator[str]:
    group = next((group for group in scope.survey.cycles if scope.primary in group), None)
    if group:
        yield (
            f"Break the import cycle first. {code(scope.primary)} reaches itself through {codes([n for n in group if n != scope.primary], 5)}; "
            "while it does, no order of delivery keeps these components apart."
        )


def _offered(scope: Scope) -> list[str]:
    """Names that other components import from the primary one, the most wanted first."""
    count: dict[str, int] = {}
    for name in scope.survey.importers(scope.primary):
        for item in dict.fromkeys(item.name for item in scope.survey.edges[name, scope.primary].imports if item.name):
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
    on = (
        f"{verb(len(importers), 'component', 'imports', 'import')} it ({codes(importers)}{only})"
        if importers
        else "no component imports it"
    )
    uses = (
        f"it imports {plural(len(imported), 'component')} ({codes(imported)})"
        if imported
        else "it imports no other component"
    )
    others = [name for name in scope.subsystems if name != scope.primary]
    touched = f"Looked at in this plan: {codes(others)}." if others else "This plan looks at no other component."
    return f"**Dependants.** {on[0].upper()}{on[1:]}; {uses}. {touched}"


def _chosen(scope: Scope) -> str:
    importers = scope.survey.importers(scope.primary)
    if len(importers) >= 2:
        return f"**Way.** Option A first: {len(importers)} importers make a changed interface expensive. Option B needs a contract with each of them."
    return "**Way.** Option A. With fewer than two importers the interface may still change later without a contract."


def _safety(scope: Scope) -> str:
    tests = scope.survey.components[scope.primary].tests
    if tests:
        return f"**Safety net.** {verb(len(tests), 'test file', 'imports or is named after', 'import or are named after')} it: {codes(tests, 3)}."
    return f"**Safety net.** None of the {plural(scope.survey.tests, 'test file')} imports it or is named after it, so tests come first."


# ------------------------------------------------------------------ plan


def plan(desk: Desk) -> PlanAnswer:
    """Statements, phases and operations, each from a stated rule."""
    scope = desk.scope
    clear = is_clear(scope)
    long_term = scope.known and len(scope.survey.importers(scope.primary)) >= 2
    statements = Statements(
        primary=scope.primary, subsystems=scope.subsystems, lines_of_code=lines_of_code(scope),
        requirements="clear" if clear else "unclear", horizon="long-term" if long_term else "short-term",
    )  # fmt: skip
    return PlanAnswer(
        meta=Meta(type="plan"),
        plan=Plan(statements=statements, phases=tuple(_phases(scope)), operations=tuple(_operations(scope))),
    )


def is_clear(scope: Scope) -> bool:
    return len(scope.named) >= CLEAR_WORDS and len(scope.named) * CLEAR_SHARE >= len(scope.words)


def lines_of_code(scope: Scope) -> int:
    """Lines of the primary component's files that match the request, or of all its files when none does."""
    files = scope.matching(scope.primary) or scope.survey.of(scope.primary)
    return sum(source.facts.lines for source in files)


def _phases(scope: Scope) -> Iterator[PlanPhase]:
    if not scope.known:
        text = f"There is no source code at commit {code(scope.survey.commit[:12])}. Decide the first component and its interface. {_rules(scope)}"
        yield PlanPhase(number=0, title="Decide the first component", text=text)
        return
    others = [name for name in scope.subsystems if name != scope.primary]
    importers = scope.survey.importers(scope.primary)
    before, after = [name for name in others if name not in importers], [name for name in others if name in importers]
    yield PlanPhase(number=0, title=f"Pin what {scope.primary} does today", text=_pin(scope))
    change = len(before) + 1
    for number, name in enumerate(before, start=1):
        title = (
            f"Prepare what {scope.primary} takes from {name}"
            if scope.edges(name)
            else f"Decide what {scope.primary} needs of {name}"
        )
        yield PlanPhase(
            number=number, title=title, depends_on=("Phase 0",), effort=_effort(scope, name), text=_shared(scope, name)
        )
    yield PlanPhase(
        number=change, title=f"Change {scope.primary}", depends_on=_phase_names(range(1, change)) or ("Phase 0",),
        effort=_effort(scope, scope.primary), text=_change(scope),
    )  # fmt: skip
    last = change + len(after) + 1
    for number, name in enumerate(after, start=change + 1):
        needs = (f"Phase {change}",)
        yield PlanPhase(
            number=number,
            title=f"Follow in {name}",
            depends_on=needs,
            effort=_effort(scope, name),
            text=_shared(scope, name),
        )
    needs = _phase_names(range(change + 1, last)) or (f"Phase {change}",)
    yield PlanPhase(number=last, title="Check the whole", depends_on=needs, text=_check(scope))


def _phase_names(numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"Phase {number}" for number in numbers)


def _effort(scope: Scope, name: str) -> int:
    """Files to open: those with the request's words, or those that import from each other."""
    if name == scope.primary:
        return max(1, len(scope.matching(name)))
    return max(1, len({item.path for edge in scope.edges(name) for item in edge.imports}))


def _rules(scope: Scope) -> str:
    return (
        f"How the scope was stated: requirements are clear when {CLEAR_WORDS} words of the request, and one in {CLEAR_SHARE}, name something in "
        f"the code (here {len(scope.named)} of {len(scope.words)}); the horizon is long-term when two components import the primary one; "
        "lines of code are the non-blank lines of its files that match the request, or of all its files when none does; "
        "effort counts files to open."
    )


def _pin(scope: Scope) -> str:
    tests = scope.survey.components[scope.primary].tests
    ready = (
        f"Start from {codes(tests, 4)}."
        if tests
        else f"No test covers {code(scope.primary)} by import or by name: write the first ones."
    )
    offered = _offered(scope)
    promise = f" Cover what others import: {codes(offered, 8)}." if offered else ""
    return f"{ready}{promise}\n\n{_rules(scope)}"


def _change(scope: Scope) -> str:
    files = scope.matching(scope.primary) or scope.survey.of(scope.primary)
    lines = [f"{code(source.path)}, {source.facts.lines} lines{_functions_in(scope, source)}" for source in files[:8]]
    more = f"\n\nAnd {len(files) - 8} more files." if len(files) > 8 else ""
    return f"Files to open:\n\n{bullets(lines)}{more}"


def _functions_in(scope: Scope, source: Source) -> str:
    found = [function for at, function in scope.functions(scope.primary) if at.path == source.path]
    return f": {enumerate_words([f'{code(f.name)} (line {f.line})' for f in found], 5)}" if found else ""


def _shared(scope: Scope, name: str) -> str:
    lines = []
    if not scope.edges(name):
        hits = [hit.say() for hit in scope.hits[name].values() if hit.level != "text"]
        named = f"The request names {code(name)}: {enumerate_words(hits, 3)}. " if hits else ""
        return f"{named}Neither imports the other today, so this takes a new interface."
    for edge in scope.edges(name):
        names = sorted(dict.fromkeys(item.name or item.target for item in edge.imports))
        only = ", for types only" if edge.types_only else ""
        lines.append(
            f"{code(edge.source)} imports {codes(names, 6)} from {code(edge.target)}, first at {_at(edge)}{only}."
        )
    return bullets(lines)


def _check(scope: Scope) -> str:
    tests = list(dict.fromkeys(path for name in scope.subsystems for path in scope.survey.components[name].tests))
    bare = [name for name in scope.subsystems if not scope.survey.components[name].tests]
    ran = f"Run {codes(tests, 5)}." if tests else "There is no test to run yet for what is touched."
    left = f" No test imports or is named after {codes(bare)}." if bare and tests else ""
    return f"{ran}{left}"


def _operations(scope: Scope) -> list[Operation]:
    """Loop nests of the primary component, those of functions with the request's words first."""
    wanted = {(source.path, function.line) for source, function in scope.functions(scope.primary)}
    ranked = sorted(
        scope.survey.functions(scope.primary),
        key=lambda at: (
            (at[0].path, at[1].line) not in wanted,
            -len(at[1].loops),
            -at[1].length,
            at[0].path,
            at[1].line,
        ),
    )
    deep = [at for at in ranked if (at[0].path, at[1].line) not in wanted and len(at[1].loops) > 1]
    near = [at for at in ranked if (at[0].path, at[1].line) in wanted]
    loopless = [at for at in near if not at[1].loops]
    near = [*[at for at in near if at[1].loops][: _MOST_OPERATIONS - 2], *loopless[:2]]
    chosen = (near + deep or ranked)[:_MOST_OPERATIONS]
    if not chosen:
        return [
            Operation(name="no function was found", complexity="O(1): nothing to run", where=code(_anything(scope)))
        ]
    return [_operation(source, function) for source, function in chosen]


def _anything(scope: Scope) -> str:
    files = scope.survey.components[scope.primary].files if scope.known else ()
    return files[0] if files else f"commit {scope.survey.commit[:12]}"


def _operation(source: Source, function: Function) -> Operation:
    return Operation(
        name=code(function.name), complexity=complexity(function), where=code(f"{source.path}:{function.line}")
    )
