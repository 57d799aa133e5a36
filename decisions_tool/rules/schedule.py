"""Phases of all tracks as one graph: what can start, what comes last, what waits for no reason. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from decisions_tool.documents.plans import PlanPhase
from decisions_tool.errors import Finding

Node = tuple[int, int]


class Track(NamedTuple):
    """One track's phases; ``path`` is the document that holds them."""

    number: int
    name: str
    path: str
    phases: tuple[PlanPhase, ...]


class Schedule(NamedTuple):
    """``path`` lists the longest chain of effort; ``ready`` can start now; ``finish`` counts in units of effort."""

    tracks: tuple[Track, ...]
    needs: Mapping[Node, tuple[Node, ...]]
    start: Mapping[Node, int]
    finish: int
    path: tuple[Node, ...]
    ready: tuple[Node, ...]
    findings: tuple[Finding, ...]

    def phase(self, node: Node) -> PlanPhase:
        track = next(t for t in self.tracks if t.number == node[0])
        return next(p for p in track.phases if p.number == node[1])


def make_schedule(tracks: Sequence[Track], consumes: Mapping[int, bool] | None = None) -> Schedule:
    """Lay the phases out; ``consumes`` says per track whether its contract consumes anything (None: not known)."""
    nodes = {(t.number, p.number): p for t in tracks for p in t.phases}
    needs, findings = _needs(tracks, nodes)
    order, cycle = _sorted(needs)
    findings += _cycle_finding(cycle, tracks)
    findings += [finding for track in tracks for finding in _early(track) + _queued(track, tracks, consumes)]
    start: dict[Node, int] = {}
    for node in order:
        start[node] = max((start[need] + nodes[need].effort for need in needs[node] if need in start), default=0)
    finish = max((start[node] + nodes[node].effort for node in order), default=0)
    ready = tuple(node for node in order if not nodes[node].needs)
    path = _critical(order, start, needs, nodes) if not cycle else ()
    return Schedule(tuple(tracks), needs, start, finish, path, ready, tuple(findings))


def _needs(
    tracks: Sequence[Track], nodes: Mapping[Node, PlanPhase]
) -> tuple[dict[Node, tuple[Node, ...]], list[Finding]]:
    needs: dict[Node, tuple[Node, ...]] = {}
    findings: list[Finding] = []
    for track in tracks:
        for phase in track.phases:
            wanted = [(need.track or track.number, need.phase) for need in phase.needs]
            for node in wanted:
                if node not in nodes:
                    said = f"track {track.number} phase {phase.number} depends on track {node[0]} phase {node[1]}, which does not exist"
                    findings.append(Finding("schedule/unknown", "error", track.path, 1, 1, said, "correct Depends on"))
            needs[(track.number, phase.number)] = tuple(node for node in wanted if node in nodes)
    return needs, findings


def _sorted(needs: Mapping[Node, tuple[Node, ...]]) -> tuple[list[Node], list[Node]]:
    """(topological order up to a cycle, that cycle: each node waits for the next, the last for the first)."""
    order: list[Node] = []
    left = dict(needs)
    while left:
        free = sorted(node for node, wanted in left.items() if not any(need in left for need in wanted))
        if not free:
            return order, _cycle(left)
        order += free
        left = {node: wanted for node, wanted in left.items() if node not in free}
    return order, []


def _cycle(left: Mapping[Node, tuple[Node, ...]]) -> list[Node]:
    """A cycle among nodes that all wait for one of them."""
    node = min(left)
    seen: list[Node] = []
    while node not in seen:
        seen.append(node)
        node = min(need for need in left[node] if need in left)
    return seen[seen.index(node) :]


def _cycle_finding(cycle: list[Node], tracks: Sequence[Track]) -> list[Finding]:
    if not cycle:
        return []
    path = next(t.path for t in tracks if t.number == cycle[0][0])
    names = ", ".join(f"track {track} phase {phase}" for track, phase in cycle)
    return [
        Finding(
            "schedule/cycle",
            "error",
            path,
            1,
            1,
            f"these phases wait for each other: {names}",
            "break the cycle in Depends on",
        )
    ]


def _early(track: Track) -> list[Finding]:
    """Phases of the first half of a track that wait for another track."""
    ordered = sorted(track.phases, key=lambda phase: phase.number)
    early = ordered[: max(1, len(ordered) // 2)]
    found = []
    for phase in early:
        others = sorted({need.track for need in phase.needs if need.track not in (None, track.number)}, key=str)
        for other in others:
            said = f"track {track.number} phase {phase.number} is early and waits for track {other}"
            found.append(
                Finding("schedule/early-wait", "warning", track.path, 1, 1, said, "let early phases stand alone")
            )
    return found


def _queued(track: Track, tracks: Sequence[Track], consumes: Mapping[int, bool] | None) -> list[Finding]:
    """A track whose first phase waits for the last phase of another, or that waits without consuming anything."""
    if not track.phases:
        return []
    first = min(track.phases, key=lambda phase: phase.number)
    last = {t.number: max(p.number for p in t.phases) for t in tracks if t.phases}
    found = []
    for need in first.needs:
        if need.track not in (None, track.number) and last.get(need.track or 0) == need.phase:
            said = f"track {track.number} is queued behind the whole of track {need.track}"
            found.append(
                Finding(
                    "planning/sequential-tracks", "warning", track.path, 1, 1, said, "start it beside the other track"
                )
            )
    waits = any(need.track not in (None, track.number) for phase in track.phases for need in phase.needs)
    if not found and waits and consumes is not None and not consumes.get(track.number, True):
        said = f"track {track.number} waits for another track but consumes nothing from one"
        found.append(
            Finding(
                "planning/sequential-tracks",
                "warning",
                track.path,
                1,
                1,
                said,
                "drop the dependency, or name what it consumes",
            )
        )
    return found


def _critical(
    order: Sequence[Node],
    start: Mapping[Node, int],
    needs: Mapping[Node, tuple[Node, ...]],
    nodes: Mapping[Node, PlanPhase],
) -> tuple[Node, ...]:
    if not order:
        return ()
    node = max(order, key=lambda n: (start[n] + nodes[n].effort, [-part for part in n]))
    path = [node]
    while needs[node]:
        node = max(needs[node], key=lambda n: (start[n] + nodes[n].effort, [-part for part in n]))
        path.append(node)
    return tuple(reversed(path))
