"""What a repository is made of at one commit: components, who imports whom, and facts with path and line.

Files are read as text and never run. The work is bounded; what was left out stands in ``limits``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from decisions_tool.agents.offline.components import (
    is_foreign,
    is_leftover,
    is_named_test,
    is_part,
    language,
    showable,
    speaks_for_folder,
    split,
    stem_of,
)
from decisions_tool.agents.offline.facts import Facts, Function, read_facts
from decisions_tool.agents.offline.graph import cycles
from decisions_tool.agents.offline.imports import Import, Index, declared_namespace, raw_imports, resolve
from decisions_tool.agents.offline.wording import TOKEN, name_of, stem, stems, verb
from decisions_tool.agents.protocol import Repository

MOST_FILES = 3_000
MOST_BYTES = 256 << 10
MOST_TOTAL = 6 << 20
_TOO_BIG, _LONG_LINES = 4 << 20, 400
_MOST_TESTS, _MOST_DOCS, _MOST_MANIFESTS = 1_000, 150, 300
_DOC = re.compile(
    r"(?i)(?:.*/)?(?:readme|changelog|architecture|contributing|design|adr[-_ ]?\d*)[^/]*"
    r"|(?:.*/)?(?:docs?|adrs?|decisions|rfcs?)/.*"
)
_OWN = ("_tasks/", "docs/decisions/working/")
_DOC_SUFFIXES = (".md", ".rst", ".txt", ".adoc", "/readme", "/changelog")
_MANIFESTS = {"package.json", "go.mod", "Cargo.toml"}


class Source(NamedTuple):
    """A source file that was read; ``words`` holds the stems of everything in it."""

    path: str
    component: str
    facts: Facts
    words: frozenset[str]
    churn: int = 0


class Doc(NamedTuple):
    """A text for people: stem of every word -> first line with it."""

    path: str
    words: Mapping[str, int]


class Component(NamedTuple):
    """``files`` are all its files, ``churn`` counts commits that touched it, ``tests`` import it or bear its name."""

    name: str
    files: tuple[str, ...]
    lines: int
    churn: int
    tests: tuple[str, ...]


class Edge(NamedTuple):
    """All imports of one component from another."""

    source: str
    target: str
    imports: tuple[Import, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Files and names taken, each once."""
        return tuple(sorted({f"{item.target} {item.name}" for item in self.imports}))

    @property
    def first(self) -> Import:
        return min(self.imports, key=lambda item: (item.how == "types", item.path, item.line))

    @property
    def at_runtime(self) -> Import:
        """The import that binds the two when the program runs, at the top of a file if there is one there."""
        return min(self.imports, key=lambda item: (item.how == "types", item.how != "", item.path, item.line))

    @property
    def types_only(self) -> bool:
        """True where nothing is imported when the program runs."""
        return all(item.how == "types" for item in self.imports)


class Place(NamedTuple):
    """What a text such as ``src/a.py:12`` or a component's name points to; fields are empty where it does not say."""

    component: str = ""
    path: str = ""
    line: int = 0
    function: str = ""


@dataclass(frozen=True)
class Survey:
    commit: str
    day: str
    components: Mapping[str, Component]
    owners: Mapping[str, str]
    sources: Mapping[str, Source]
    edges: Mapping[tuple[str, str], Edge]
    cycles: tuple[tuple[str, ...], ...]
    docs: tuple[Doc, ...]
    tests: int
    commits: int
    limits: tuple[str, ...]
    #: Every shown path, the text of every source file that was read, and who imports a file, from its own component too.
    paths: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    uses: Mapping[str, tuple[Import, ...]] = field(default_factory=dict)

    def importers(self, name: str) -> list[str]:
        """Components that import this one."""
        return [source for source, target in self.edges if target == name]

    def imported(self, name: str) -> list[str]:
        return [target for source, target in self.edges if source == name]

    @property
    def runtime(self) -> list[tuple[str, str]]:
        """Pairs of components of which the first imports the second when the program runs."""
        return [pair for pair, edge in self.edges.items() if not edge.types_only]

    def of(self, name: str) -> list[Source]:
        """The files of a component that were read."""
        component = self.components.get(name)
        return [self.sources[path] for path in component.files if path in self.sources] if component else []

    def functions(self, name: str) -> Iterator[tuple[Source, Function]]:
        for source in self.of(name):
            for function in source.facts.functions:
                yield source, function

    def named(self, text: str) -> str:
        """The component that a name or folder means, or an empty text."""
        if text in self.components:
            return text
        low = text.strip("`'\" /").casefold()
        return next((name for name in self.components if name.casefold() == low), "")

    def place(self, where: str) -> Place:
        """What a place in a review points to."""
        text = where.strip().replace("`", "")
        match = re.match(r"(.+?):(\d{1,7})\b", text)
        tries = [(match.group(1), int(match.group(2)))] if match else []
        for path, line in [*tries, (text, 0), (re.split(r"[\s,;:(]", text)[0], 0)]:
            if path in self.sources:
                return self._inside(self.sources[path], line)
            owner = self.holder(path)
            if owner:
                return Place(owner, "" if owner == path else path, line)
        return Place()

    def _inside(self, source: Source, line: int) -> Place:
        around = [f for f in source.facts.functions if f.line <= line < f.line + f.length]
        function = max(around, key=lambda f: f.line).name if around else ""
        return Place(source.component, source.path, line, function)

    def called(self, found: Import) -> str:
        """What an import takes, as ``component.module.name``; a package is called by its folder."""
        component = self.owners.get(found.target, "")
        *folders, file = found.target.split("/")
        whole = speaks_for_folder(file) or language(file) == "go"
        parts = folders if whole else [*folders, stem_of(file)]
        own = component.rpartition("/")[2]
        below = parts[len(parts) - parts[::-1].index(own) :] if own in parts else parts[-1:]
        name = [found.name] if found.name and found.name != "*" else []
        return name_of(".".join([component, *below, *name]))

    def holder(self, text: str) -> str:
        """The component that a name, a file or a folder belongs to, or an empty text."""
        if found := self.named(text) or self.owners.get(text, ""):
            return found
        inside = f"{text.strip('/')}/"
        owners = list(dict.fromkeys(name for path, name in self.owners.items() if path.startswith(inside)))
        return owners[0] if len(owners) == 1 else ""


def survey(repository: Repository, focus: Collection[str] = ()) -> Survey:
    """Survey the pinned commit; with ``focus`` only those files, and files that speak of them, are looked into."""
    return _Surveyor(repository, focus).survey()


class _Surveyor:
    def __init__(self, repository: Repository, focus: Collection[str] = ()) -> None:
        self.repository = repository
        self.focus = frozenset(focus)
        files = [file for file in repository.files() if not file.path.startswith(_OWN)]
        self.files = {file.path: file for file in files if showable(file.path)}
        self.hidden = len(files) - len(self.files)
        self.changes = repository.changes()
        self.churn = Counter(path for paths in self.changes for path in dict.fromkeys(paths))
        self.cut = 0
        self.budget = MOST_TOTAL
        self.texts: dict[str, str] = {}

    def survey(self) -> Survey:
        sizes = {path: file.size for path, file in self.files.items() if is_part(path)}
        sizes = sizes or {path: file.size for path, file in self.files.items() if is_leftover(path)}
        parts = split({path: size for path, size in sizes.items() if size} or sizes)
        owner = {path: name for name, paths in parts.items() for path in paths}
        facts = dict(self._facts(list(owner)))
        index = self._index(sizes)
        imports = [item for path in facts for item in self._imports(path, facts, index)]
        edges = _edges(owner, imports)
        runtime = [pair for pair, edge in edges.items() if not edge.types_only]
        self.budget = max(self.budget, MOST_TOTAL // 4)
        return Survey(
            commit=self.repository.commit,
            day=self.repository.day,
            components=self._components(parts, facts, self._tests(parts, owner, index)),
            owners=owner,
            sources={path: self._source(path, owner[path], found) for path, found in facts.items()},
            edges=edges,
            cycles=cycles(sorted(parts), runtime),
            docs=tuple(self._docs()),
            tests=sum(map(is_named_test, self.files)),
            commits=len(self.changes),
            limits=tuple(self._limits(len(owner), len(facts))),
            paths=frozenset(self.files),
            texts={path: self.texts[path] for path in facts},
            uses=_uses(imports),
        )

    def _source(self, path: str, component: str, facts: Facts) -> Source:
        return Source(path, component, facts, stems(self.texts[path]), self.churn[path])

    def _components(
        self, parts: Mapping[str, tuple[str, ...]], facts: Mapping[str, Facts], tests: Mapping[str, tuple[str, ...]]
    ) -> dict[str, Component]:
        found = {}
        for name, paths in parts.items():
            lines = sum(facts[path].lines for path in paths if path in facts)
            found[name] = Component(name, paths, lines, self._touched(paths), tests.get(name, ()))
        return found

    def _facts(self, paths: Sequence[str]) -> Iterator[tuple[str, Facts]]:
        """Facts of the files that matter most: changed often, then large."""
        ranked = sorted(
            paths, key=lambda path: (path not in self.focus, -self.churn[path], -self.files[path].size, path)
        )
        chosen = []
        for path in ranked[:MOST_FILES]:
            text = self._text(path)
            if text is not None:
                chosen.append(path)
                self.texts[path] = text
        for path in sorted(self._wanted(chosen)):
            yield path, read_facts(language(path), self.texts[path])

    def _wanted(self, paths: Sequence[str]) -> Sequence[str]:
        """Files to look into: those in focus, their neighbours, and whoever speaks of them by name."""
        held = self.focus.intersection(paths)
        if not held:
            return paths
        folders = {path.rpartition("/")[0] for path in held}
        names = {stem_of(path) for path in held} | {folder.rpartition("/")[2] for folder in folders}
        spoken = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(filter(None, names))))})\b")
        return [path for path in paths if path.rpartition("/")[0] in folders or spoken.search(self.texts[path])]

    def _text(self, path: str, most: int = MOST_BYTES) -> str | None:
        """A file's text, or None for what is too big, binary, or over the budget."""
        file = self.files[path]
        if file.size > _TOO_BIG or self.budget <= 0:
            return None
        data = self.repository.read(path)
        if b"\0" in data[:4096] or len(data) > max(20_000, _LONG_LINES * data.count(b"\n")):
            return None  # binary, or made by a machine and squeezed into long lines
        if len(data) > most:
            self.cut += 1
            data = data[: data.rfind(b"\n", 0, most) + 1 or most]
        self.budget -= len(data)
        return data.decode("utf-8", "replace").replace("\r\n", "\n")

    def _index(self, paths: Iterable[str]) -> Index:
        manifests = {}
        for path in [path for path in self.files if path.rpartition("/")[2] in _MANIFESTS][:_MOST_MANIFESTS]:
            manifests[path] = self._text(path, 64 << 10) or ""
        spoken = {"java", "csharp", "php"}
        declared = {path: declared_namespace(text) for path, text in self.texts.items() if language(path) in spoken}
        return Index(paths, manifests, {path: name for path, name in declared.items() if name})

    def _imports(self, path: str, facts: Mapping[str, Facts], index: Index) -> Iterator[Import]:
        def defines(target: str, name: str) -> str:
            beside = index.siblings(target) if language(target) == "go" else (target,)
            return next((at for at in beside if at in facts and name in facts[at].defined), "")

        text = self.texts[path]
        yield from resolve(path, raw_imports(path, text, facts[path]), text, index, defines)

    def _tests(
        self, parts: Mapping[str, Sequence[str]], owner: Mapping[str, str], index: Index
    ) -> dict[str, tuple[str, ...]]:
        """Component -> test files that import it or are named after one of its files."""
        stems_of = {stem_of(path): name for name, paths in reversed(list(parts.items())) for path in paths}
        stems_of |= {name: name for name in parts}
        found: dict[str, dict[str, None]] = {}
        for path in [path for path in self.files if is_named_test(path)][:_MOST_TESTS]:
            bare = re.sub(
                r"(?i)^tests?_|[._-]?(?:tests?|spec)$", "", stem_of(path).replace(".test", "").replace(".spec", "")
            )
            if bare in stems_of:
                found.setdefault(stems_of[bare], {})[path] = None
            text = self._text(path)
            if text is None:
                continue
            for item in resolve(
                path, raw_imports(path, text, Facts(parsed=False)), text, index, lambda target, name: ""
            ):
                found.setdefault(owner.get(item.target, ""), {})[path] = None
            self._same_folder(path, owner, index, found)
        return {name: tuple(paths) for name, paths in found.items()}

    def _same_folder(
        self, path: str, owner: Mapping[str, str], index: Index, found: dict[str, dict[str, None]]
    ) -> None:
        """A Go test stands beside what it tests and imports nothing."""
        beside = index.siblings(path)
        if language(path) == "go" and beside:
            found.setdefault(owner.get(beside[0], ""), {})[path] = None

    def _touched(self, paths: Sequence[str]) -> int:
        inside = frozenset(paths)
        return sum(1 for changed in self.changes if not inside.isdisjoint(changed))

    def _docs(self) -> Iterator[Doc]:
        paths = [
            path
            for path in self.files
            if path.lower().endswith(_DOC_SUFFIXES) and _DOC.fullmatch(path) and not is_foreign(path)
        ]
        for path in sorted(paths, key=lambda path: (path.count("/"), path))[:_MOST_DOCS]:
            words: dict[str, int] = {}
            for number, line in enumerate((self._text(path, 64 << 10) or "").split("\n"), start=1):
                for word in TOKEN.findall(line):
                    words.setdefault(stem(word), number)
            yield Doc(path, words)

    def _limits(self, known: int, read: int) -> Iterator[str]:
        if self.hidden:
            yield f"{verb(self.hidden, 'file', 'was', 'were')} left out for names that cannot be shown safely."
        if known > read:
            rest = "those changed most often, then the largest; the others are known by name only"
            yield f"{read} of {known} source files were read: {rest}."
        if self.cut:
            yield f"{verb(self.cut, 'file', 'was', 'were')} read up to {MOST_BYTES >> 10} KiB only."


def _edges(owner: Mapping[str, str], imports: Sequence[Import]) -> dict[tuple[str, str], Edge]:
    """Imports that cross from one component to another."""
    crossing: dict[tuple[str, str], list[Import]] = {}
    for item in imports:
        pair = (owner[item.path], owner.get(item.target, ""))  # an empty file belongs to nothing
        if pair[1] and pair[0] != pair[1]:
            crossing.setdefault(pair, []).append(item)
    return {pair: Edge(*pair, tuple(sorted(set(found)))) for pair, found in sorted(crossing.items())}


def _uses(imports: Sequence[Import]) -> dict[str, tuple[Import, ...]]:
    """Imports by the file that they reach, in order; a file that imports itself is left out."""
    found: dict[str, list[Import]] = {}
    for item in sorted(set(imports)):
        if item.target != item.path:
            found.setdefault(item.target, []).append(item)
    return {path: tuple(items) for path, items in found.items()}
