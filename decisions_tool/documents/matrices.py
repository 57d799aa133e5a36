"""Weighted matrices in the tables of any markdown document, whichever way they are turned. Pure; judges nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from decisions_tool.documents import outline, scores
from decisions_tool.documents.grids import (
    FEW,
    INDEX,
    PRODUCT,
    SCORED,
    Grid,
    Known,
    Weights,
    bare,
    is_total,
    read_grid,
    stated_weights,
    weight_column,
)
from decisions_tool.documents.scores import Number, Score, plain
from decisions_tool.documents.winners import Marked, by_bold, by_sign, marked, named_below


class Unread(NamedTuple):
    """A cell that should hold a number and does not."""

    line: int
    text: str
    what: str


@dataclass(frozen=True)
class Option:
    """A column (or row) of a matrix; ``products`` stand beside the scores, or are None where there are none."""

    name: str
    weights: tuple[Number, ...]
    scores: tuple[Number, ...] | None
    products: tuple[Number, ...] | None
    stated: Number | None


@dataclass(frozen=True)
class Matrix:
    """What one table states: its options with their totals, and which of them it says has won."""

    line: int
    options: tuple[Option, ...]
    winner: str | None
    bold: str | None
    unread: tuple[Unread, ...] = ()


class Reading(NamedTuple):
    """Everything that a document holds: its matrices, and how many tables were looked at."""

    matrices: tuple[Matrix, ...]
    tables: int


def read_matrices(text: str) -> Reading:
    """Every weighted matrix of a document, in its order."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").split("\n")
    tables = outline.tables(lines)
    known = Known(lines, tables)
    ends = [table.line for table in tables[1:]] + [len(lines)]
    found: list[tuple[Matrix, list[str]]] = []
    for table, end in zip(tables, ends, strict=False):
        matrix = _matrix(table, known, partial(_title, lines, table.line))
        if matrix is not None:
            found.append((matrix, lines[table.line + len(table.rows) + 2 : end]))
    return Reading(tuple(_decided(matrix, below, len(found) == 1) for matrix, below in found), len(tables))


def _decided(matrix: Matrix, below: Sequence[str], alone: bool) -> Matrix:
    """The matrix with the winner that the document names: the table's own signs come first, bold type comes last."""
    names = [option.name for option in matrix.options]
    return replace(matrix, winner=matrix.winner or named_below(below, names, alone) or matrix.bold)


def _matrix(table: outline.Table, known: Known, title: Callable[[], str]) -> Matrix | None:
    grid = read_grid(table)
    if len(grid) < FEW or len(grid[0]) < FEW:
        return None
    turned = [list(column) for column in zip(*grid, strict=True)]
    for weights, borrowed in ((stated_weights, False), (known.weights, True)):
        for candidate in (grid, turned):
            matrix = _Columns(candidate, weights(candidate), title).matrix(borrowed)
            if matrix is not None:
                return matrix
    return _written_out(grid)


def _title(lines: Sequence[str], line: int) -> str:
    """What a table is about: the nearest heading or bold line above it."""
    for above in reversed(lines[max(0, line - 200) : line]):
        found = outline.heading(above)
        bold = re.fullmatch(r"\*\*([^*]+)\*\*:?", above.strip())
        if found or bold:
            return plain(found[1] if found else bold.group(1) if bold else "").rstrip(":")
    return ""


class _Columns:
    """A grid whose rows are criteria and whose columns are options."""

    def __init__(self, grid: Grid, weights: Weights, title: Callable[[], str]) -> None:
        self.grid, self.weights, self.title = grid, weights, title
        self.unread: list[Unread] = []
        self.totals = [at for at, row in enumerate(grid) if at and at not in weights and is_total(row[0].text)]

    def matrix(self, borrowed: bool) -> Matrix | None:
        """The matrix, or None where this is none. Borrowed weights count only where totals are weighted."""
        if len(self.weights) < FEW:
            return None
        marks = [marked(cell.text) for cell in self.grid[0]]
        options = self._options([mark.name for mark in marks])
        stated = any(option.stated for option in options)
        if not options or not (stated or (len(options) >= FEW and self._whole())):
            return None
        if borrowed and not any(map(self._weighted, self.totals)) and not (stated and not any(map(_added_up, options))):
            return None
        winners = self._winners(options, marks)
        return Matrix(self.grid[0][0].line, tuple(options), *winners, tuple(dict.fromkeys(self.unread)))

    def _weighted(self, at: int) -> bool:
        return bool(PRODUCT.search(plain(self.grid[at][0].text)))

    def _whole(self) -> bool:
        """Whether the weights are those of a whole: without totals nothing else tells a matrix from a table of numbers."""
        total = sum((weight.share for weight in self.weights.values()), Fraction(0))
        return abs(total - 1) <= Fraction(1, 50) or total == 100 or bool(weight_column(self.grid))

    def _options(self, names: list[str]) -> list[Option]:
        found: list[tuple[str, int, int]] = []  # name, column of scores, column of products (0 for none)
        for at in self._columns():
            name = _option_name(names[at])
            product = bool(PRODUCT.search(names[at]))
            same = next((i for i, one in enumerate(found) if one[0] == name and one[1] and not one[2]), None)
            if product and same is None and not name and found and not found[-1][2]:
                same = len(found) - 1
            if product and same is not None:
                found[same] = (found[same][0], found[same][1], at)
            else:
                found.append((name, 0 if product else at, at if product else 0))
        return [self._option(name or self.title() or "the option", *columns) for name, *columns in found]

    def _columns(self) -> list[int]:
        """The columns that hold scores or products: most of their cells are numbers."""
        weights = weight_column(self.grid)
        return [
            at
            for at, cell in enumerate(self.grid[0])
            if at and at != weights and not INDEX.fullmatch(bare(cell.text)) and self._is_scored(at)
        ]

    def _is_scored(self, at: int) -> bool:
        read = sum(scores.score(self.grid[row][at].text) is not None for row in self.weights)
        summed = any(scores.total(self.grid[row][at].text) for row in self.totals)
        return read * 2 > len(self.weights) or (summed and read > 0)

    def _option(self, name: str, scored: int, multiplied: int) -> Option:
        weights = tuple(self.weights.values())
        cells = self._read(scored) if scored else None
        products = self._numbers(multiplied)
        if cells is not None and products is None and all(cell.product for cell in cells):
            products = tuple(cell.product for cell in cells if cell.product)
        values = tuple(map(_score_of, cells, weights)) if cells is not None else None
        lost = (cells is None and scored) or (values is None and products is None)
        return Option(name, weights, values, None if lost else products, self._stated(multiplied or scored))

    def _read(self, column: int) -> list[Score] | None:
        """The scores of a column; None, and the cells named, where one of them cannot be read."""
        found = []
        for row in self.weights:
            cell = self.grid[row][column]
            read = scores.score(cell.text)
            if read is None:
                self.unread.append(Unread(cell.line, plain(cell.text), plain(self.grid[0][column].text)))
            found.append(read)
        read_all = [read for read in found if read is not None]
        return read_all if len(read_all) == len(found) else None

    def _numbers(self, column: int) -> tuple[Number, ...] | None:
        cells = self._read(column) if column else None
        return tuple((cell.product or cell.value) for cell in cells) if cells is not None else None

    def _stated(self, column: int) -> Number | None:
        """The total of a column, from the row that says that it is weighted, else from the last one."""
        rows = [at for at in self.totals if self._weighted(at)] or self.totals
        found = [number for at in rows if (number := scores.total(self.grid[at][column].text))]
        return found[0] if found else None

    def _winners(self, options: Sequence[Option], marks: Sequence[Marked]) -> tuple[str | None, str | None]:
        """The option that the table marks: in its label, by its rank or in a row of its own; and the one in bold type."""
        columns = {_option_name(marks[at].name): at for at in self._columns() if not PRODUCT.search(marks[at].name)}
        named = [(o.name, columns[o.name]) for o in options if o.name in columns]
        rest = [row for at, row in enumerate(self.grid) if at and at not in self.weights]
        rows = [(row[0].text, [row[at].text for _, at in named]) for row in rest]
        labels = [marks[at] for _, at in named]
        signed, bold = by_sign(labels, rows), by_bold(labels, rows)
        return named[signed][0] if signed is not None else None, named[bold][0] if bold is not None else None


def _option_name(text: str) -> str:
    """The name of an option in the head of its column; ``Score (A)`` and ``A score`` are about A."""
    bare = SCORED.sub("", text).strip(" .:/–-")
    whole = re.fullmatch(r"[(\[](.+)[)\]]", bare)
    return " ".join((whole.group(1) if whole else bare).replace("()", "").split()) if bare != text else text


def _score_of(cell: Score, weight: Number) -> Number:
    """The score of a cell that may name its weight, or its product, first."""
    if cell.factor and cell.value.share == weight.share and cell.factor.share != weight.share:
        return cell.factor
    swapped = cell.product and not cell.factor and cell.product.value * weight.share == cell.value.value
    return cell.product if swapped and cell.product and weight.share < 1 else cell.value


def _added_up(option: Option) -> bool:
    """Whether a total is the plain sum of its column, or is not stated at all."""
    added = sum((cell.value for cell in option.scores or ()), Fraction(0))
    return option.stated is None or abs(added - option.stated.value) <= option.stated.half


def _summed(name: str, parts: Sequence[scores.Term], text: str) -> Option:
    added = scores.addends(text)
    products = added if len(added) == len(parts) else None
    return Option(name, tuple(p.weight for p in parts), tuple(p.score for p in parts), products, scores.total(text))


def _written_out(grid: Grid) -> Matrix | None:
    """A table whose cells write out whole weighted sums, one for each option."""
    for at in range(1, len(grid[0])):
        rows = [(row, scores.terms(row[at].text)) for row in grid[1:]]
        if len(rows) < FEW or not all(parts for _, parts in rows):
            continue
        marks = [marked(row[0].text) for row, _ in rows]
        options = [_summed(mark.name, parts, row[at].text) for mark, (row, parts) in zip(marks, rows, strict=True)]
        signed, bold = by_sign(marks, []), by_bold(marks, [])
        return Matrix(
            grid[0][0].line,
            tuple(options),
            marks[signed].name if signed is not None else None,
            marks[bold].name if bold is not None else None,
        )
    return None
