"""Which questions can be asked side by side, which wait, and which wait for each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: Open questions from which on they are clustered.
MANY = 5


class Rounds(NamedTuple):
    """``rounds`` lists questions by the round that they can start in; ``cycle`` names those that wait for each other."""

    rounds: tuple[tuple[str, ...], ...]
    cycle: tuple[str, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()


def plan_rounds(needs: Mapping[str, tuple[str, ...]]) -> Rounds:
    """Layers of a dependency graph; a name that is no question is reported and waited for by nobody."""
    unknown = tuple((name, other) for name, others in needs.items() for other in others if other not in needs)
    left = {name: {other for other in others if other in needs} for name, others in needs.items()}
    layers: list[tuple[str, ...]] = []
    while left:
        ready = tuple(sorted(name for name, others in left.items() if not others))
        if not ready:
            return Rounds(tuple(layers), _cycle(left), unknown)
        layers.append(ready)
        left = {name: others - set(ready) for name, others in left.items() if name not in ready}
    return Rounds(tuple(layers), (), unknown)


def _cycle(left: Mapping[str, set[str]]) -> tuple[str, ...]:
    """One circle of questions that wait for each other, first and last the same."""
    path = [min(left)]
    while True:
        following = min(left[path[-1]])
        if following in path:
            return (*path[path.index(following) :], following)
        path.append(following)
