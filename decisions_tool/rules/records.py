"""Decision records side by side: series of numbers, and which record says what of which. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from decisions_tool.documents.record_names import numbered
from decisions_tool.documents.records import Record

#: What the other side says of a link.
OTHER_SIDE = {
    "supersedes": "superseded-by",
    "superseded-by": "supersedes",
    "amends": "amended-by",
    "amended-by": "amends",
    "relates-to": "relates-to",
}


class Edge(NamedTuple):
    """One record names another: ``target`` is its path, or empty where ``ref`` names none of the set."""

    source: str
    kind: str
    target: str
    ref: str
    line: int


class Records(NamedTuple):
    """A set of records: ``series`` names the sequence of each numbered one, ``next_number`` what comes next in each."""

    records: tuple[Record, ...]
    series: dict[str, str]
    next_number: dict[str, int]
    edges: dict[str, list[Edge]]

    def named(self, path: str, kind: str) -> list[str]:
        """The paths that a record names as ``kind``, each once, in its order."""
        edges = self.edges.get(path, ())
        return list(dict.fromkeys(edge.target for edge in edges if edge.kind == kind and edge.target))


def together(records: Iterable[Record]) -> Records:
    """Put records side by side."""
    known = tuple(sorted(records, key=lambda record: record.path))
    series = _series(known)
    highest: dict[str, int] = {}
    for record in known:
        if record.number is not None:
            name = series[record.path]
            highest[name] = max(highest.get(name, -1), record.number)
    index = Index(known, series)
    edges = {record.path: _edges(record, index) for record in known if record.links}
    return Records(known, series, {name: top + 1 for name, top in sorted(highest.items())}, edges)


def _edges(record: Record, index: Index) -> list[Edge]:
    found = dict.fromkeys(
        Edge(record.path, link.kind, index.find(record.path, link.ref) or "", link.ref, link.line)
        for link in record.links
    )
    return [
        edge for edge in found if edge.target != record.path or edge.kind != "relates-to"
    ]  # a link to a part of itself


def search(
    found: Records, texts: Mapping[str, str], words: Sequence[str]
) -> list[tuple[Record, list[tuple[int, str]]]]:
    """The records that have all words, those with them in the title first; each with up to three of its lines."""
    wanted = [word.casefold() for word in words]
    hits = []
    for record in found.records:
        text = f"{record.path}\n{texts[record.path]}".casefold()
        if all(word in text for word in wanted):
            lines = [(at, line.strip()) for at, line in enumerate(texts[record.path].split("\n"), start=1)]
            some = [(at, line) for at, line in lines if any(word in line.casefold() for word in wanted)]
            hits.append((sum(word not in record.title.casefold() for word in wanted), record, some[:3]))
    return [(record, lines) for _, record, lines in sorted(hits, key=lambda hit: hit[0])]


def arrows(found: Records) -> list[tuple[str, str, str]]:
    """(source, kind, target) of every link that is resolved, each once and told from the newer record."""
    said: dict[tuple[str, str, str], None] = {}
    for edges in found.edges.values():
        for edge in edges:
            if edge.target and edge.kind.endswith("-by"):
                said[edge.target, OTHER_SIDE[edge.kind], edge.source] = None
            elif edge.target and (edge.target, edge.kind, edge.source) not in said:
                said[edge.source, edge.kind, edge.target] = None
    return sorted(said)


# ---------------------------------------------------------------------- series


def _series(records: Sequence[Record]) -> dict[str, str]:
    """Path -> name of its sequence: records of one prefix share one, except where folders count for themselves."""
    by_prefix: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        if record.number is not None:
            by_prefix[record.prefix.upper()][_folder(record.path)].add(record.number)
    names: dict[tuple[str, str], str] = {}
    for prefix, folders in by_prefix.items():
        groups = _groups(folders)
        for group in groups:
            place = _common(group)
            name = prefix if prefix and len(groups) == 1 else "/".join(filter(None, [place, prefix])) or "."
            names |= {(prefix, folder): name for folder in group}
    return {
        record.path: names[record.prefix.upper(), _folder(record.path)]
        for record in records
        if record.number is not None
    }


def _folder(path: str) -> str:
    found = numbered(path)
    return found.folder if found else path.rpartition("/")[0]


def _groups(folders: dict[str, set[int]]) -> list[list[str]]:
    """Folders that share a sequence: their numbers hardly overlap."""
    groups: list[tuple[list[str], set[int]]] = []
    for folder, numbers in sorted(folders.items()):
        mates = next((g for g in groups if 2 * len(g[1] & numbers) < min(len(g[1]), len(numbers))), None)
        if mates is None:
            groups.append(([folder], set(numbers)))
        else:
            mates[0].append(folder)
            mates[1].update(numbers)
    return [names for names, _ in groups]


def _common(folders: Sequence[str]) -> str:
    """The folder that holds them all."""
    split = [folder.split("/") for folder in folders]
    shared = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared)


# ---------------------------------------------------------------------- names


class Index:
    """Finds the record that a path, a slug or a number means."""

    def __init__(self, records: Sequence[Record], series: dict[str, str]) -> None:
        self._series = series
        self._paths = {record.path for record in records}
        self._names: dict[str, list[str]] = defaultdict(list)
        self._numbers: dict[int, list[str]] = defaultdict(list)
        for record in records:
            self._names[_stem(record.path)].append(record.path)
            if record.number is not None:
                self._numbers[record.number].append(record.path)

    def find(self, source: str, ref: str) -> str | None:
        """The record that ``ref`` means where it stands in ``source``; None where it means none, or several."""
        ref = _plain(ref)
        if ref.isdecimal() and len(ref) < 8:
            return self._numbered(source, int(ref), "")
        exact = self.exact(source, ref)
        if exact:
            return exact
        near = self._nearest(source, self._names.get(_stem(ref), []))
        found = None if near else numbered(ref if ref.endswith((".md", ".markdown", ".mdx")) else f"{_stem(ref)}.md")
        return near or (self._numbered(source, found.number, found.prefix) if found else None)

    def exact(self, source: str, ref: str) -> str | None:
        """The record at the path that ``ref`` is, seen from ``source`` or from the top."""
        ref = _plain(ref)
        for path in (joined(source.rpartition("/")[0], ref), ref.lstrip("/")):
            for full in (path, f"{path}.md", f"{path}/README.md", f"{path}/index.md"):
                if full in self._paths:
                    return full
        return None

    def _numbered(self, source: str, number: int, prefix: str) -> str | None:
        paths = self._numbers.get(number, [])
        mine = [path for path in paths if self._series[path] == self._series.get(source)]
        prefix = prefix.rstrip("-_ ").upper()
        same = [
            path
            for path in paths
            if prefix and (found := numbered(path)) and found.prefix.rstrip("-_ ").upper() == prefix
        ]
        return self._nearest(source, same or mine or paths)

    def _nearest(self, source: str, paths: Sequence[str]) -> str | None:
        folder = source.rpartition("/")[0]
        here = [path for path in paths if path.rpartition("/")[0] == folder]
        some = here or paths
        return some[0] if len(some) == 1 else None


def _plain(ref: str) -> str:
    """A target without anchor, query and escapes."""
    ref = ref.split("#")[0].split("?")[0] if len(ref) > 1 and not ref[1:].isdecimal() else ref.lstrip("#")
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), ref)


def joined(folder: str, ref: str) -> str:
    """A relative target as a path from the top."""
    parts: list[str] = folder.split("/") if folder else []
    for part in ref.split("/"):
        if part == ".." and parts[-1:] not in ([], [".."]):
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def relative(source: str, target: str) -> str:
    """The path of ``target`` as a link in ``source`` has it."""
    here, there = source.split("/")[:-1], target.split("/")
    while here and there[1:] and here[0] == there[0]:
        here, there = here[1:], there[1:]
    return "/".join([".."] * len(here) + there)


def _stem(path: str) -> str:
    folder, _, name = path.rpartition("/")
    if name.lower() in {"readme.md", "index.md", ""}:
        name = folder.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    return (stem if dot and ending.lower() in {"md", "markdown", "mdx", "html"} else name).lower()
