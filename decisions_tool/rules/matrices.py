"""The totals of a weighted matrix, computed exactly, and which of the stated ones are wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from decisions_tool.documents.matrices import Matrix, Option
from decisions_tool.documents.scores import Number


class Total(NamedTuple):
    """One option: what the document states, what comes out, and whether that differs in a digit that is stated."""

    name: str
    stated: Number | None
    computed: Fraction | None
    wrong: bool


class Judged(NamedTuple):
    line: int
    options: tuple[Total, ...]
    winner_stated: str | None
    winner_computed: str | None
    tie: bool

    @property
    def sound(self) -> bool:
        """Whether every stated total is right, and the stated winner can be the winner."""
        best = max((o.computed for o in self.options if o.computed is not None), default=None)
        first = {option.name for option in self.options if option.computed == best}
        unlike = self.winner_stated is not None and best is not None and self.winner_stated not in first
        return not unlike and not any(option.wrong for option in self.options)


class _Sum(NamedTuple):
    """An option's sum as a way of reckoning gives it; ``rounded`` adds up the products as they are written."""

    exact: Fraction
    rounded: Fraction | None


def judge(matrix: Matrix) -> Judged:
    """Compute every total in the way of reckoning that the stated ones speak for."""
    sums = min(_ways(matrix.options), key=lambda sums: _misfit(matrix.options, sums))
    totals = tuple(
        Total(o.name, o.stated, s.exact if s else None, bool(s and o.stated and not _fits(o.stated, s)))
        for o, s in zip(matrix.options, sums, strict=True)
    )
    winner, tie = _winner([(t.name, t.computed) for t in totals])
    stated, _ = _winner([(t.name, t.stated.value if t.stated else None) for t in totals])
    return Judged(matrix.line, totals, matrix.winner or stated, winner, tie)


def _winner(totals: Sequence[tuple[str, Fraction | None]]) -> tuple[str | None, bool]:
    """The option with the highest total, unless it is alone or not alone at the top."""
    known = [(value, name) for name, value in totals if value is not None]
    best = max((value for value, _ in known), default=None)
    first = [name for value, name in known if value == best]
    if len(known) < len(totals) or len(totals) < 2:
        return None, False
    return (first[0], False) if len(first) == 1 else (None, True)


def _fits(stated: Number, found: _Sum) -> bool:
    near = abs(found.exact - stated.value) <= stated.half
    return near or (found.rounded is not None and abs(found.rounded - stated.value) <= stated.half)


def _misfit(options: Sequence[Option], sums: Sequence[_Sum | None]) -> tuple[int, Fraction]:
    """How many stated totals a way of reckoning contradicts, and by how much in all."""
    pairs = [(o.stated, s) for o, s in zip(options, sums, strict=True) if o.stated and s]
    off = sum(not _fits(stated, found) for stated, found in pairs)
    return off, sum(
        (abs(found.exact - stated.value) / max(abs(stated.value), Fraction(1)) for stated, found in pairs), Fraction(0)
    )


def _ways(options: Sequence[Option]) -> Iterator[list[_Sum | None]]:
    """All ways of reckoning, the plainest first: of two that fit equally well, the first one counts."""
    bases = [_products] if _are_products(options) else []
    for base in (*bases, _weighted):
        sums = [base(option) for option in options]
        for scale in _scales(options[0]):
            yield [_scaled(found, scale) if found else None for found in sums]


def _scaled(found: _Sum, by: Fraction) -> _Sum:
    return _Sum(found.exact * by, found.rounded * by if found.rounded is not None else None)


def _weighted(option: Option) -> _Sum | None:
    """Scores times weights; where products are written out too, they may have been rounded before they were added."""
    if option.scores is None:
        return _products(option)
    exact = sum((s.value * w.share for s, w in zip(option.scores, option.weights, strict=True)), Fraction(0))
    return _Sum(exact, _rounded(option))


def _rounded(option: Option) -> Fraction | None:
    if option.products is None or option.scores is None:
        return None
    rows = zip(option.products, option.scores, option.weights, strict=True)
    right = all(abs(p.value - s.value * w.share) <= p.half for p, s, w in rows)
    return sum((p.value for p in option.products), Fraction(0)) if right else None


def _products(option: Option) -> _Sum | None:
    """Cells that are products already."""
    cells = option.products or option.scores
    return _Sum(sum((cell.value for cell in cells), Fraction(0)), None) if cells is not None else None


_TOP = 10


def _are_products(options: Sequence[Option]) -> bool:
    """Whether the only numbers there are may be products: then a score of more than ten would not come out of them.

    Scores that are added up unweighted are a mistake to be found, and must not pass for products.
    """
    if any(o.products is not None or o.scores is None for o in options):
        return False
    cells = [(s, w.share) for o in options for s, w in zip(o.scores or (), o.weights, strict=True) if w.share]
    if any(abs(cell.value) > _TOP * weight for cell, weight in cells):
        return False
    if any(weight > 1 for _, weight in cells):
        return all((2 * cell.value / weight).denominator == 1 for cell, weight in cells)
    return any(cell.decimals for cell, _ in cells)


def _scales(option: Option) -> list[Fraction]:
    """What a sum may be multiplied with: as it is, as a mean, of a hundred, in percent of the best that there can be."""
    whole = sum((weight.share for weight in option.weights), Fraction(0)) or Fraction(1)
    found = [Fraction(1), 1 / whole, Fraction(100), Fraction(1, 100), *(100 / (whole * top) for top in (5, 10, 4, 3))]
    return found[1:] + found[:1] if whole == 100 else found
