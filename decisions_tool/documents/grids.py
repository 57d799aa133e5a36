"""A table as a grid of criteria and options: which column holds labels, which rows have a weight, and which. Pure."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from decisions_tool.documents import outline, scores
from decisions_tool.documents.scores import Number, plain


class Cell(NamedTuple):
    text: str
    line: int


Grid = list[list[Cell]]

_WEIGHT = re.compile(
    r"(?:(?:relative|criteri(?:on|a)|assigned|importance|total) )?(?:weight(?:s|ing|age)?|wt|importance)(?: factor)?",
    re.I,
)
INDEX = re.compile(
    r"#|nr|no|id|idx|rank(?:ing)?|max(?:imum)?|min(?:imum)?|delta|diff(?:erence)?|gap|range|median", re.I
)
_SUM = {"total", "totals", "sum", "score", "scores", "overall", "result", "points", "composite", "average", "avg", "mean", "aggregate",
        "weighted", "wtd", "σ", "rating"}  # fmt: skip
_FILL = {
    "final",
    "net",
    "grand",
    "the",
    "out",
    "of",
    "normalized",
    "normalised",
    "recalculated",
    "max",
    "value",
    "sums",
    "combined",
    "utility",
}
_RAW = {"raw", "unweighted", "simple", "plain", "subtotal", "max", "maximum"}
PRODUCT = re.compile(r"\b(?:weighted|wtd\.?|product|contribution|w ?[x×*] ?s|s ?[x×*] ?w)\b", re.I)
SCORED = re.compile(
    r"\b(?:raw|scores?|ratings?|points|weighted|wtd\.?|product|contribution|w ?[x×*] ?s|s ?[x×*] ?w)\b", re.I
)
_NO_CRITERION = {"rank", "ranking", "place", "winner", "recommended", "overall", "final"}
_HEAVY = re.compile(r"[(\[](?:kg|g|mg|t|lbs?|oz|tons?|gram(?:me)?s?)[)\]]", re.I)
_BRACKETS = re.compile(r"[(\[][^()\[\]]{0,120}[)\]]")
_WORD = re.compile(r"[^\W\d_]+")
_BULLET = re.compile(r" {0,6}(?:[-*+]|\d+[.)]) +(.+)")
FEW = 2


def read_grid(table: outline.Table) -> Grid:
    """The cells of a table as a rectangle, the column of labels first."""
    width = len(table.header)
    rows = [(table.header, table.line + 1), *((row.cells, row.line + 1) for row in table.rows)]
    grid = _one_head(
        [[Cell(cells[at] if at < len(cells) else "", line) for at in range(width)] for cells, line in rows]
    )
    label = next((at for at in range(width) if _is_label(grid, at)), 0)
    return [[row[label], *row[:label], *row[label + 1 :]] for row in grid]


def _one_head(grid: Grid) -> Grid:
    """The grid with a second line of heads (score, weighted, score, ...) joined to the first."""
    below = [plain(cell.text) for cell in grid[1]] if len(grid) > 1 else []
    if not below or below[0] or not any(below) or any(word and SCORED.sub("", word).strip() for word in below):
        return grid
    heads: list[Cell] = []
    for cell, word in zip(grid[0], below, strict=True):
        above = cell.text or (heads[-1].text.removesuffix(f" {below[len(heads) - 1]}") if word else "")
        heads.append(Cell(f"{above} {word}".strip(), cell.line))
    return [heads, *grid[2:]]


def _is_label(grid: Grid, at: int) -> bool:
    """Whether a column holds names: words, most of them different, and neither weights nor numbers of rows."""
    if _WEIGHT.fullmatch(bare(grid[0][at].text)) or INDEX.fullmatch(bare(grid[0][at].text)):
        return False
    words = [plain(row[at].text) for row in grid[1:]]
    return sum(bool(_WORD.search(word)) for word in words) * 2 > len(words) and len(set(words)) * 2 > len(words)


def bare(text: str) -> str:
    """A label without brackets and without punctuation at its ends."""
    return _BRACKETS.sub("", plain(text)).strip(" .:%/")


def is_total(text: str) -> bool:
    """Whether a label says that here stand the sums."""
    words = {word.casefold() for word in _WORD.findall(_BRACKETS.sub("", plain(text)))}
    return bool(words & _SUM) and words <= _SUM | _FILL


Weights = Mapping[int, Number]  # row of the grid -> its weight


def stated_weights(grid: Grid) -> Weights:
    """Weights from a column of their own, or from the labels."""
    column = weight_column(grid)
    if column:
        found = {at: scores.weight(row[column].text) for at, row in enumerate(grid) if at}
    else:
        labels = {at: scores.weighted_label(row[0].text) for at, row in enumerate(grid) if at}
        found = {at: label[1] if label else None for at, label in labels.items()}
    return {
        at: weight for at, weight in found.items() if weight and weight.value >= 0 and not _sums_up(grid[at][0].text)
    }


def weight_column(grid: Grid) -> int:
    """Where the weights stand; 0 for nowhere."""
    return next((at for at, cell in enumerate(grid[0]) if at and _is_weight(cell.text)), 0)


def _is_weight(text: str) -> bool:
    return bool(_WEIGHT.fullmatch(bare(text))) and not _HEAVY.search(text)


def _sums_up(text: str) -> bool:
    """Whether a row is no criterion: it adds up, ranks, names the winner or the weights."""
    words = {word.casefold() for word in _WORD.findall(plain(text))}
    added = words <= _SUM | _FILL | _RAW and bool(words & _SUM)
    ranked = "subtotal" in words or (bool(words) and words <= _NO_CRITERION)
    return added or ranked or is_total(text) or _is_weight(text)


class Known:
    """Weights that a document states elsewhere than in the matrix: in a table of criteria, or in a list."""

    def __init__(self, lines: Sequence[str], tables: Sequence[outline.Table]) -> None:
        found = [stated for table in tables for stated in _weights_of(read_grid(table))]
        for index, line in outline.visible_lines(lines):
            match = _BULLET.fullmatch(line)
            listed = _listed(match.group(1)) if match else None
            if listed:
                found.append((index, _key(listed[0]), listed[1]))
        self._found: dict[str, list[tuple[int, Number]]] = {}
        for line_, key, weight in sorted(found, key=lambda item: item[0]):
            self._found.setdefault(key, []).append((line_, weight))

    def weights(self, grid: Grid) -> Weights:
        """The weights of the rows by the names of their criteria, all of them or none; the nearest statement counts."""
        at = grid[0][0].line
        rows = [index for index, row in enumerate(grid) if index and not _sums_up(row[0].text) and not _no_score(row)]
        found = {index: weight for index in rows if (weight := self._nearest(_key(grid[index][0].text), at))}
        return found if len(found) == len(rows) else {}

    def _nearest(self, key: str, line: int) -> Number | None:
        named = self._found.get(key, []) if key else []
        above = bisect(named, line, key=lambda item: item[0])
        return named[max(above - 1, 0)][1] if named else None


def _no_score(row: Sequence[Cell]) -> bool:
    return all(scores.BLANK.fullmatch(plain(cell.text)) for cell in row[1:]) or bool(INDEX.fullmatch(bare(row[0].text)))


def _key(label: str) -> str:
    return " ".join(_WORD.findall(_BRACKETS.sub("", plain(label)).casefold()) + re.findall(r"\d+", label))


def _weights_of(grid: Grid) -> Iterator[tuple[int, str, Number]]:
    """Names with weights in a table that has a column of weights; a short id beside the name is a name, too."""
    column = weight_column(grid)
    for row in grid[1:] if column else ():
        found = scores.weight(row[column].text)
        for cell in row:
            if found and cell is not row[column] and _WORD.search(cell.text) and len(cell.text) <= 80:
                yield cell.line, _key(cell.text), found


def _listed(text: str) -> tuple[str, Number] | None:
    """``Speed (30%)`` or ``Speed: 30% - why`` in a list."""
    match = re.match(
        r"([^(:–—=]{2,60}?) ?(?:[(:–—=]|- ) ?(?:weight:? )?(\d+(?:\.\d+)? ?%|0?\.\d+)(?![\d.])", plain(text)
    )
    found = scores.number(match.group(2)) if match else None
    return (match.group(1), found) if match and found else None
