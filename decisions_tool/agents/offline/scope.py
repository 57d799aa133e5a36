"""What a request is about in a repository: its words found in names and files, and the components that follow. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from decisions_tool.agents.offline.components import speaks_for_folder
from decisions_tool.agents.offline.facts import Function
from decisions_tool.agents.offline.survey import Component, Edge, Source, Survey
from decisions_tool.agents.offline.wording import code, enumerate_words, request_words, stems

#: How much a word weighs by where it is found.
_WEIGHTS = {"path": 16, "named": 14, "component": 12, "file": 5, "definition": 2, "text": 1}
_NAMES = frozenset({"path", "named", "component"})
_MOST_SUBSYSTEMS = 5
NOTHING = "repository"


class Hit(NamedTuple):
    """A word of the request, and where it stands in a component; ``line`` is 0 for names of files and components."""

    word: str
    level: str
    path: str
    line: int
    name: str

    def say(self) -> str:
        place = f"{code(f'{self.path}:{self.line}')}" if self.line else code(self.path)
        said = {
            "path": "named in the request",
            "component": "the component's name",
            "file": "a file's name",
            "text": "in the text",
        }
        return f"“{self.word}” ({said.get(self.level) or f'{code(self.name)} at {place}'})"


@dataclass(frozen=True)
class Scope:
    """``hits`` maps components to their best hit per word; ``missing`` are words that nothing in the code has."""

    survey: Survey
    words: Mapping[str, str]
    hits: Mapping[str, Mapping[str, Hit]]
    scores: Mapping[str, int]
    common: frozenset[str]
    primary: str
    subsystems: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """Words of the request that occur nowhere in the code."""
        known = frozenset().union(*(source.words for source in self.survey.sources.values()))
        found = {word for hits in self.hits.values() for word in hits}
        return [said for word, said in self.words.items() if word not in known and word not in found]

    @property
    def named(self) -> list[str]:
        """Words of the request that name something in the code: a component, a file or a definition."""
        strong = {word for hits in self.hits.values() for word, hit in hits.items() if hit.level != "text"}
        return [said for word, said in self.words.items() if word in strong]

    @property
    def known(self) -> bool:
        """False where there is no code, and the repository stands for all of it."""
        return self.primary in self.survey.components

    def how(self) -> str:
        """Why the primary component is the primary one, as a sentence."""
        if not self.known:
            return "No source code was found at this commit, so the repository as a whole is the component."
        importers = self.survey.importers(self.primary)
        if not self.scores.get(self.primary):
            most = f"{code(self.primary)} is what most other components import ({len(importers)})"
            return f"No word of the request names anything in the code; {most}."
        hits = list(self.hits[self.primary].values())
        hits.sort(key=lambda hit: (-_WEIGHTS[hit.level], hit.path, hit.line, hit.word))
        shown = [hit.say() for hit in hits if hit.level != "text"] or [hit.say() for hit in hits]
        return f"{code(self.primary)} matches the request best: {enumerate_words(shown, 5)}. {self._runner_up()}"

    def _runner_up(self) -> str:
        others = sorted((-score, name) for name, score in self.scores.items() if name != self.primary and score)
        if not others:
            return "No other component matches."
        score, name = others[0]
        rule = "names weigh more than text, rare words more than common ones"
        return f"It scores {self.scores[self.primary]}, the next, {code(name)}, {-score} ({rule})."

    def matching(self, component: str) -> list[Source]:
        """Files of a component that have a word of the request in their name or among their definitions."""
        return [source for source in self.survey.of(component) if self._telling & _strong(source)]

    def functions(self, component: str) -> list[tuple[Source, Function]]:
        """Functions whose own names have a word of the request, those with most words first."""
        found = [
            (source, function, len(self._telling & _own(function)))
            for source, function in self.survey.functions(component)
        ]
        found.sort(key=lambda item: (-item[2], item[0].path, item[1].line))
        return [(source, function) for source, function, count in found if count]

    @property
    def _telling(self) -> frozenset[str]:
        return frozenset(self.words) - self.common

    def edges(self, component: str) -> list[Edge]:
        """Imports between the primary component and another one, in both directions."""
        pairs = ((component, self.primary), (self.primary, component))
        return [self.survey.edges[pair] for pair in pairs if pair in self.survey.edges]


def _own(function: Function) -> frozenset[str]:
    return stems(function.name.rpartition(".")[2])


def _strong(source: Source) -> frozenset[str]:
    """Stems of a file's own name and of what it defines."""
    names = [
        source.path.rpartition("/")[2],
        *source.facts.defined,
        *(function.name for function in source.facts.functions),
    ]
    return stems(" ".join(names))


def scope(survey: Survey, title: str, text: str) -> Scope:
    """Find what a request is about."""
    words = request_words(f"{title}\n{text}")
    heavy = request_words(title)
    found = {name: _hits(survey, component, words, text) for name, component in survey.components.items()}
    common = _common(survey, found)
    hits = {
        name: {word: hit._replace(level="text") if word in common else hit for word, hit in own.items()}
        for name, own in found.items()
    }
    scores = {
        name: sum(_worth(hits, word, hit, word in heavy) for word, hit in own.items()) for name, own in hits.items()
    }
    ranked = sorted(
        hits, key=lambda name: (-scores[name], -len(survey.importers(name)), -survey.components[name].lines, name)
    )
    primary = ranked[0] if ranked else NOTHING
    return Scope(survey, words, hits, scores, common, primary, _subsystems(survey, primary, hits, scores))


def _worth(hits: Mapping[str, Mapping[str, Hit]], word: str, hit: Hit, in_title: bool) -> int:
    """A word that few components bear in their names tells more, and so does one of the title."""
    bearing = sum(own[word].level != "text" for own in hits.values() if word in own)
    rare = 1 if hit.level == "text" else 1 + 4 * (len(hits) - bearing) // len(hits)
    return _WEIGHTS[hit.level] * rare * (2 if in_title else 1)


def _common(survey: Survey, found: Mapping[str, Mapping[str, Hit]]) -> frozenset[str]:
    """Words that tell nothing apart: those in the names of nearly every component, and the package's own name."""
    bearing = Counter(word for hits in found.values() for word, hit in hits.items() if hit.level != "text")
    often = [word for word, count in bearing.items() if len(found) >= 4 and 4 * count >= 3 * len(found)]
    roots = [c.name for c in survey.components.values() if all(speaks_for_folder(path) for path in c.files)]
    return frozenset(often) | (stems(" ".join(roots)) if len(found) > len(roots) else frozenset())


def _hits(survey: Survey, component: Component, words: Mapping[str, str], text: str) -> dict[str, Hit]:
    """The best hit per word; a path or an identifier that the request spells out counts as a word of its own."""
    found: dict[str, Hit] = {}
    spelled = frozenset(re.findall(r"[A-Za-z]\w*(?:_\w+|[a-z][A-Z]\w*)|\b[A-Za-z_]\w*\.[A-Za-z_]\w*", text))
    for path in component.files:
        if re.search(rf"(?<![\w/.-]){re.escape(path)}(?![\w/-])", text):
            found[path] = Hit(path, "path", path, 0, path)
    for word in sorted(stems(component.name) & words.keys()):
        found[word] = Hit(words[word], "component", component.files[0], 0, component.name)
    for source in survey.of(component.name):
        found |= {f"{name}()": Hit(name, "named", source.path, line, name) for name, line in _spelled(source, spelled)}
        for hit in _in_source(source, words):
            found.setdefault(hit[0], hit[1])
            if _WEIGHTS[found[hit[0]].level] < _WEIGHTS[hit[1].level]:
                found[hit[0]] = hit[1]
    return found


def _spelled(source: Source, spelled: frozenset[str]) -> list[tuple[str, int]]:
    """Definitions that the request names letter by letter."""
    named = [(name, f.line) for f in source.facts.functions for name in (f.name, f.name.rpartition(".")[2])]
    return [(name, line) for name, line in [*source.facts.defined.items(), *named] if name in spelled]


def _in_source(source: Source, words: Mapping[str, str]) -> list[tuple[str, Hit]]:
    found = [(word, Hit(words[word], "text", source.path, 0, "")) for word in words if word in source.words]
    own = stems(source.path.rpartition("/")[2].partition(".")[0])
    found += [(word, Hit(words[word], "file", source.path, 0, "")) for word in words if word in own]
    inside = {word for word, _ in found}
    names = [
        *((name, line) for name, line in source.facts.defined.items()),
        *((f.name, f.line) for f in source.facts.functions),
    ]
    for name, line in names if inside else ():
        found += [
            (word, Hit(words[word], "definition", source.path, line, name))
            for word in words
            if word in inside and word in stems(name)
        ]
    return found


def _subsystems(
    survey: Survey, primary: str, hits: Mapping[str, Mapping[str, Hit]], scores: Mapping[str, int]
) -> tuple[str, ...]:
    """The primary component, what the request names, then the neighbours that match and share most with it."""
    around = dict.fromkeys([*survey.importers(primary), *survey.imported(primary)])
    named = [name for name, found in hits.items() if any(hit.level in _NAMES for hit in found.values())]
    worth = {name: scores[name] + _tie(survey, name, primary) + _tie(survey, primary, name) for name in hits}
    chosen = dict.fromkeys([primary, *_by(named, worth)])
    for name in _by(list(around), worth):
        if len(chosen) < _MOST_SUBSYSTEMS - 1:
            chosen.setdefault(name)
    return tuple(chosen)[:_MOST_SUBSYSTEMS]


def _tie(survey: Survey, source: str, target: str) -> int:
    """How strongly one component holds on to another: names imported, those for types only counting little."""
    edge = survey.edges.get((source, target))
    return 0 if edge is None else min(6, len(edge.names)) * (3 if edge.types_only else 15)


def _by(names: Sequence[str], weight: Mapping[str, int]) -> list[str]:
    return sorted(names, key=lambda name: (-weight[name], name))
