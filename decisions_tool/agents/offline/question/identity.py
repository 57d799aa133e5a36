"""The identity of a repository: what the survey shows that every agent may take for granted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from decisions_tool.agents.offline.components import language
from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.graph import way_around
from decisions_tool.agents.offline.survey import Survey
from decisions_tool.agents.offline.wording import bullets, code, codes, enumerate_words
from decisions_tool.documents.base import Meta
from decisions_tool.documents.identity import SECTIONS, Identity
from decisions_tool.text import plural

_MOST, _LONG, _SEVERAL = 24, 60, 2


def identity(desk: Desk) -> Identity:
    """The identity in its format."""
    survey = desk.survey
    tops = {path.partition("/")[0] for path in survey.owners}
    most = max(survey.components, key=lambda name: len(survey.importers(name)), default="repository")
    name = tops.pop() if len(tops) == 1 else most
    told = (_map(survey), _invariants(survey), _debt(survey), _conventions(survey), _trade_offs(survey), ())
    parts = [f"# Identity: {name}\n\nGenerated: {survey.day}\nCommit: {survey.commit}"]
    for section, lines in zip(SECTIONS, told, strict=True):
        parts.append(f"## {section}\n\n{bullets(islice(lines, _MOST)) or 'None found.'}")
    return Identity(meta=Meta(type="identity"), words="\n\n".join(parts) + "\n")


def _map(survey: Survey) -> Iterator[str]:
    for found in sorted(survey.components.values(), key=lambda c: (-c.lines, c.name)):
        on, by = survey.imported(found.name), survey.importers(found.name)
        size = f"{plural(len(found.files), 'file')}, {plural(found.lines, 'line')}"
        uses = f"imports {codes(on)}" if on else "imports no component"
        used = f"imported by {codes(by)}" if by else "imported by none"
        yield f"{code(found.name)}: {size}, changed in {found.churn} of {plural(survey.commits, 'commit')}; {uses}; {used}."


def _invariants(survey: Survey) -> Iterator[str]:
    """Names that several files rely on, and directions of import that hold today."""
    wanted = Counter((path, item.name) for path, found in survey.uses.items() for item in found if item.name)
    for (path, name), count in sorted(wanted.items(), key=lambda item: (-item[1], item[0]))[: _MOST // 2]:
        if count >= _SEVERAL:
            yield f"{code(name)} of {code(path)} is imported in {count} places, by this name."
    for (source, target), edge in survey.edges.items():
        if (target, source) not in survey.edges:
            where = code(f"{edge.first.path}:{edge.first.line}")
            yield f"{code(target)} imports nothing from {code(source)}, which imports it at {where}."


def _debt(survey: Survey) -> Iterator[str]:
    for group in survey.cycles:
        yield f"Import cycle: {' → '.join(way_around(group[0], group, survey.runtime))} → {group[0]}."
    sources = [survey.sources[path] for path in sorted(survey.sources)]
    long = [f"{s.path}:{f.line}" for s in sources for f in s.facts.functions if f.length > _LONG]
    found = {f"Function over {_LONG} lines": long}
    for label, kind in (("Broad handler", "broad"), ("Silent handler", "silent"), ("Open end", "todos")):
        found[label] = [f"{s.path}:{n.line}" for s in sources for n in getattr(s.facts, kind)]
    found["Component without a test"] = [c.name for c in survey.components.values() if not c.tests]
    yield from (f"{label}: {codes(places)}." for label, places in found.items() if places)


def _conventions(survey: Survey) -> Iterator[str]:
    counted = Counter(language(path) for path in survey.owners).most_common()
    if counted:
        yield f"Languages by files: {enumerate_words([f'{name} {count}' for name, count in counted])}."
    functions = [f for source in survey.sources.values() for f in source.facts.functions]
    if functions:
        median = sorted(f.length for f in functions)[len(functions) // 2]
        yield f"{plural(len(functions), 'function')}, half of them of at most {plural(median, 'line')}."
    tests = sorted({test for c in survey.components.values() for test in c.tests})
    yield f"{plural(survey.tests, 'test file')}{f', such as {codes(tests, 2)}' if tests else ''}."


def _trade_offs(survey: Survey) -> Iterator[str]:
    """What the code pays for something else, as far as imports and state show it."""
    for (source, target), edge in survey.edges.items():
        late = next((item for item in edge.imports if item.how not in {"", "types"}), None)
        if late:
            where = code(f"{late.path}:{late.line}")
            yield f"{code(source)} imports {code(target)} inside {code(late.how)} ({where}): no load order, but a hidden tie."
        elif edge.types_only:
            yield f"{code(source)} knows {code(target)} by types only: no tie when it runs, at the price of a guard."
    for path in sorted(survey.sources):
        names = [state.name for state in survey.sources[path].facts.state]
        if names:
            yield f"{code(path)} holds {codes(names, 3)} for the whole process: nothing is handed in, and tests share it."
