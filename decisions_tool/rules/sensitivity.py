"""What the numbers of a tally are worth, with no further call: counterfactuals from the same ballots. Pure, in integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

from decisions_tool.rules.tally import Ballot, Setup, Tally, tally, total, valid, winner_of, winner_under


class Without(NamedTuple):
    """What would have come out without one voter; ``winner`` is None where nobody would have won."""

    voter: str
    winner: str | None


class Interval(NamedTuple):
    """Weights of a criterion, in percent, between which the winner stays; the others keep their proportions."""

    criterion: str
    weight: int
    low: int
    high: int
    below: str | None
    above: str | None


class Duel(NamedTuple):
    """Voters who put the winner above another approach by their totals, and below it."""

    label: str
    above: int
    below: int


class Worth(NamedTuple):
    """``agreement`` is the mean Kendall tau of all pairs of voters, in hundredths; ``effective`` votes in tenths."""

    without: tuple[Without, ...]
    intervals: tuple[Interval, ...]
    roles: tuple[tuple[str, dict[str, int]], ...]
    duels: tuple[Duel, ...]
    agreement: int
    effective: int


def worth(ballots: Sequence[Ballot], setup: Setup, found: Tally) -> Worth:
    """Every counterfactual of a tally with a winner."""
    held = [ballot for ballot in ballots if valid(ballot, setup)]
    others = [label for label in setup.labels if label != found.winner] if found.winner else []
    names = [name for name, _ in setup.criteria] if found.winner else []
    wins = winner_under(held, setup)
    return Worth(
        tuple(_without(held, setup, found)), tuple(_interval(wins, setup, found.winner, name) for name in names),
        tuple(_roles(held, setup)), tuple(_duel(held, setup, found.winner, other) for other in others),
        *agreement(held, setup),
    )  # fmt: skip


def agreement(ballots: Sequence[Ballot], setup: Setup) -> tuple[int, int]:
    """(mean Kendall tau in hundredths, effective number of votes in tenths)."""
    held = [ballot for ballot in ballots if valid(ballot, setup)]
    concordant, pairs = _agreement(held, setup)
    return _rounded(100 * concordant, pairs), _effective(len(held), concordant, pairs)


def _without(held: Sequence[Ballot], setup: Setup, found: Tally) -> list[Without]:
    """Voters who decided: without any one of them another approach, or none, would have won."""
    small = setup._replace(quorum=1)
    results = [(left.voter, winner_of([b for b in held if b is not left], small)) for left in held]
    return [Without(voter, winner) for voter, winner in results if winner != found.winner]


def _interval(wins: Callable[[Setup], str | None], setup: Setup, winner: str | None, criterion: str) -> Interval:
    """How far a weight can move, one percent at a time, before the winner changes."""
    weight = dict(setup.criteria)[criterion]

    def edge(steps: range) -> tuple[int, str | None]:
        last = weight
        for step in steps:
            other = wins(_weighed(setup, criterion, step))
            if other != winner:
                return last, other or "nobody"
            last = step
        return last, None

    low, below = edge(range(weight - 1, -1, -1))
    high, above = edge(range(weight + 1, 101))
    return Interval(criterion, weight, low, high, below, above)


def _weighed(setup: Setup, criterion: str, weight: int) -> Setup:
    """The setup with one weight changed; all weights are scaled by the same factor so that they stay whole."""
    own = dict(setup.criteria)[criterion]
    rest = 100 - own
    scaled = tuple(
        (name, weight * rest if name == criterion else share * (100 - weight)) for name, share in setup.criteria
    )
    return setup._replace(criteria=scaled if rest else ((criterion, 100),))


def _roles(held: Sequence[Ballot], setup: Setup) -> list[tuple[str, dict[str, int]]]:
    """Votes by role."""
    small = setup._replace(quorum=1)
    roles = dict.fromkeys(ballot.role for ballot in held)
    return [(role, dict(tally([b for b in held if b.role == role], small).votes)) for role in roles]


def _duel(held: Sequence[Ballot], setup: Setup, winner: str | None, other: str) -> Duel:
    assert winner is not None
    totals = [(total(b, winner, setup.criteria), total(b, other, setup.criteria)) for b in held]
    return Duel(other, sum(mine > yours for mine, yours in totals), sum(mine < yours for mine, yours in totals))


def _agreement(held: Sequence[Ballot], setup: Setup) -> tuple[int, int]:
    """(concordant minus discordant, all) over every pair of voters and of approaches; one that ties counts as neither."""
    signs = [
        [
            _sign(total(b, one, setup.criteria) - total(b, two, setup.criteria))
            for one, two in combinations(setup.labels, 2)
        ]
        for b in held
    ]
    products = [mine * yours for a, b in combinations(signs, 2) for mine, yours in zip(a, b, strict=True)]
    return sum(products), len(products)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _effective(count: int, concordant: int, pairs: int) -> int:
    """Tenths of ``n / (1 + (n - 1) * tau)``: ten voters who all rank alike count as one."""
    agreed = max(0, concordant)
    return _rounded(10 * count * pairs, pairs + (count - 1) * agreed) if pairs else 10 * count


def _rounded(above: int, below: int) -> int:
    """Half up, for negative quotients too."""
    return (2 * above + below) // (2 * below) if below else 0
