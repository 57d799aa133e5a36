"""The identity of a repository: what the survey shows that every agent may take for granted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from decisions_tool.agents.offline.components import language
from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.graph import way_around
from decisions_tool.agents.offline.survey import Edge, Source, Survey
from decisions_tool.agents.offline.wording import bullets, code, codes, enumerate_words
from decisions_tool.documents.base import Meta
from decisions_tool.documents.identity import SECTIONS, Identity
from decisions_tool.text import plural

_MOST, _LONG, _SEVERAL = 12, 60, 2


def identity(desk: Desk) -> Identity:
    """The identity in its format."""
    survey = desk.survey
    tops = {path.partition("/")[0] for path in survey.owners}
    ranked = sorted(survey.components.values(), key=lambda c: (-len(survey.importers(c.name)), -c.lines, c.name))
    name = tops.pop() if len(tops) == 1 else ranked[0].name if ranked else "repository"
    parts = "\n\n".join(f"## {section}\n\n{_listed(_PARTS[section](survey))}" for section in SECTIONS)
    head = f"# Identity: {name}\n\nGenerated: {survey.day}\nCommit: {survey.commit}"
    return Identity(meta=Meta(type="identity"), words=f"{head}\n\n{parts}\n")


def _listed(lines: Iterable[str]) -> str:
    return bullets(islice(lines, 2 * _MOST)) or "None found."


def _sources(survey: Survey) -> list[Source]:
    return [survey.sources[path] for path in sorted(survey.sources)]


def _at(edge: Edge) -> str:
    return code(f"{edge.first.path}:{edge.first.line}")


def _map(survey: Survey) -> Iterator[str]:
    ranked = sorted(survey.components.values(), key=lambda c: (-c.lines, c.name))
    for found in ranked[: 2 * _MOST - 1]:
        on, by = survey.imported(found.name), survey.importers(found.name)
        size = f"{plural(len(found.files), 'file')}, {plural(found.lines, 'line')}"
        changed = f"changed in {found.churn} of {plural(survey.commits, 'commit')}"
        uses = f"imports {codes(on)}" if on else "imports no component"
        yield f"{code(found.name)}: {size}, {changed}; {uses}; {f'imported by {codes(by)}' if by else 'imported by none'}."
    if len(ranked) >= 2 * _MOST:
        yield f"{plural(len(ranked) - 2 * _MOST + 1, 'smaller component')} more."


def _invariants(survey: Survey) -> Iterator[str]:
    """Directions of import that hold today, and names that several files rely on."""
    for (source, target), edge in islice(survey.edges.items(), _MOST):
        if (target, source) not in survey.edges:
            yield f"{code(target)} imports nothing from {code(source)}, which imports it at {_at(edge)}."
    wanted = Counter((path, item.name) for path, found in survey.uses.items() for item in found if item.name)
    for (path, name), count in sorted(wanted.items(), key=lambda item: (-item[1], item[0]))[:_MOST]:
        if count >= _SEVERAL:
            yield f"{code(name)} of {code(path)} is imported in {count} places, by this name."


def _debt(survey: Survey) -> Iterator[str]:
    for group in survey.cycles:
        yield f"Import cycle: {' → '.join(way_around(group[0], group, survey.runtime))} → {group[0]}."
    functions = [(s.path, f) for s in _sources(survey) for f in s.facts.functions if f.length > _LONG]
    for path, found in sorted(functions, key=lambda item: (-item[1].length, item[0]))[: _MOST // 3]:
        yield f"{code(found.name)} at {code(f'{path}:{found.line}')} has {found.length} lines."
    for label, kind in (("Broad handler", "broad"), ("Silent handler", "silent"), ("Open end", "todos")):
        notes = [f"{s.path}:{n.line}" for s in _sources(survey) for n in getattr(s.facts, kind)]
        if notes:
            yield f"{label}: {codes(notes, 4)}."
    bare = [c.name for c in survey.components.values() if not c.tests]
    if bare:
        yield f"No test imports or is named after {codes(bare)}."


def _conventions(survey: Survey) -> Iterator[str]:
    counted = Counter(language(path) for path in survey.owners)
    if counted:
        yield f"Languages by files: {enumerate_words([f'{name} {count}' for name, count in counted.most_common()])}."
    functions = [f for s in _sources(survey) for f in s.facts.functions]
    if functions:
        median = sorted(f.length for f in functions)[len(functions) // 2]
        annotated = sum(f.annotated for f in functions)
        yield f"{plural(len(functions), 'function')}, of {plural(median, 'line')} in the middle; {annotated} show their types."
    tests = sorted({test for c in survey.components.values() for test in c.tests})
    yield f"Tests: {f'{survey.tests} files, such as {codes(tests, 2)}' if tests else f'{survey.tests} files'}."


def _trade_offs(survey: Survey) -> Iterator[str]:
    """What the code pays for something else, as far as imports and state show it."""
    for (source, target), edge in survey.edges.items():
        late = next((item for item in edge.imports if item.how not in {"", "types"}), None)
        if late:
            where = code(f"{late.path}:{late.line}")
            yield f"{code(source)} imports {code(target)} inside {code(late.how)} ({where}): no load order, but a hidden tie."
        elif edge.types_only:
            yield f"{code(source)} knows {code(target)} by types only ({_at(edge)}): no tie when it runs, at the price of a guard."
    for held in [s for s in _sources(survey) if s.facts.state][:_MOST]:
        names = codes([state.name for state in held.facts.state], 3)
        yield f"{code(held.path)} holds {names} for the whole process: nothing is handed in, and tests share it."


_PARTS: dict[str, Callable[[Survey], Iterable[str]]] = dict(
    zip(SECTIONS, (_map, _invariants, _debt, _conventions, _trade_offs, lambda survey: ()), strict=True)
)
