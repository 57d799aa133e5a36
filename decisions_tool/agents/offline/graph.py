"""Import cycles: strongly connected components, and a shortest way around one. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence


def cycles(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Groups of nodes that reach each other, larger groups first (Tarjan's algorithm with a stack of its own)."""
    following: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in sorted(edges):
        following[source].append(target)
    search = _Search(following)
    for node in nodes:
        if node not in search.index:
            search.visit(node)
    return tuple(sorted(search.found, key=lambda group: (-len(group), group)))


class _Search:
    def __init__(self, following: Mapping[str, Sequence[str]]) -> None:
        self.following = following
        self.index: dict[str, int] = {}
        self.low: dict[str, int] = {}
        self.stack: list[str] = []
        self.on_stack: dict[str, bool] = {}
        self.found: list[tuple[str, ...]] = []

    def visit(self, start: str) -> None:
        work = [(start, iter(self.following[start]))]
        self._enter(start)
        while work:
            node, rest = work[-1]
            child = next(rest, None)
            if child is None:
                work.pop()
                self._leave(node)
                if work:
                    self.low[work[-1][0]] = min(self.low[work[-1][0]], self.low[node])
            elif child not in self.index:
                self._enter(child)
                work.append((child, iter(self.following[child])))
            elif self.on_stack.get(child):
                self.low[node] = min(self.low[node], self.index[child])

    def _enter(self, node: str) -> None:
        self.index[node] = self.low[node] = len(self.index)
        self.stack.append(node)
        self.on_stack[node] = True

    def _leave(self, node: str) -> None:
        if self.low[node] != self.index[node]:
            return
        at = self.stack.index(node)
        group, self.stack = self.stack[at:], self.stack[:at]
        for member in group:
            self.on_stack[member] = False
        if len(group) > 1:
            self.found.append(tuple(sorted(group)))


def way_around(start: str, group: Sequence[str], edges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The shortest cycle through ``start`` within its group, ``start`` first and not repeated."""
    inside = dict.fromkeys(group)
    following: dict[str, list[str]] = {node: [] for node in group}
    for source, target in sorted(edges):
        if source in inside and target in inside:
            following[source].append(target)
    ways: deque[tuple[str, ...]] = deque([(start,)])
    seen = {start}
    while ways:
        way = ways.popleft()
        for target in following[way[-1]]:
            if target == start:
                return way
            if target not in seen:
                seen.add(target)
                ways.append((*way, target))
    return (start,)
