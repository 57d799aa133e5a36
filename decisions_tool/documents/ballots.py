"""What a vote says cell by cell: scores, reasons, verdicts; what cannot be understood is named by its line. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from decisions_tool.documents.lines import Line
from decisions_tool.documents.outline import Hidden, Row, Table, heading, tables, visible_lines
from decisions_tool.documents.sections import Part, bracketless, key, known_as, nothing, weightless
from decisions_tool.text import one_line

VERDICTS = {
    "pass": "pass", "passes": "pass", "passed": "pass", "met": "pass", "yes": "pass", "fail": "fail", "fails": "fail",
    "failed": "fail", "unmet": "fail", "not met": "fail", "not passed": "fail", "no": "fail", "unknown": "unknown",
    "unclear": "unknown", "unsure": "unknown", "not known": "unknown", "not sure": "unknown",
}  # fmt: skip
_SIGNS = {**dict.fromkeys("✓✔✅☑", "pass"), **dict.fromkeys("✗✘❌✖", "fail"), **dict.fromkeys("?❓", "unknown")}


class Problem(NamedTuple):
    """What keeps a vote from being counted; ``line`` counts from 1 in the words."""

    line: int
    message: str
    hint: str


class Board(NamedTuple):
    """The table of scores: what each row says by label, and what of it cannot be read."""

    line: int
    scores: dict[str, dict[str, int]]
    stated: dict[str, str]
    lines: dict[str, int]
    names: dict[str, str]
    columns: dict[str, str]
    unread: set[tuple[str, str]]
    problems: list[Problem]


# ---------------------------------------------------------------------- labels

_CALLED = re.compile(r"(?i)(?:approach|option|alternative) ([a-z]\d?)\b")
_SHORT = re.compile(r"([A-Za-z]\d?)(?:$| ?[:—–(=]| -{1,2} |[.),;!](?: |$))")
_WINS = re.compile(r"([A-Z]\d?) (?:wins|is|has|scores|because|by|with|over)\b")


def label_of(cell: str) -> str:
    """The label in front of a name: ``A — Registry`` and ``Approach A`` are A."""
    plain = " ".join(re.sub(r"[*`]|__", "", cell).split()).strip("_[] ")
    short = _CALLED.match(plain) or _SHORT.match(plain)
    return short.group(1).upper() if short else re.sub(r"(?i)^approach ", "", plain)


class Labels:
    """The approaches of a vote by label, for what calls them by their names."""

    def __init__(self, board: Board) -> None:
        self.names = board.names
        self.criteria = board.columns
        called = [(name or label, label) for label, name in board.names.items()]
        self.called = {key(name): label for name, label in called if len(key(name)) > 1}

    def of(self, text: str) -> str:
        label = label_of(text)
        return label if label in self.names else self.called.get(key(bracketless(text)), label)

    def winner(self, text: str) -> str:
        """The label that a sentence begins with."""
        plain = " ".join(re.sub(r"[*`]|__", "", text).split())
        wins = _WINS.match(plain)
        clause = re.split(r"[,;.(]| [—–-] | because ", plain, maxsplit=1)[0]
        named = [self.of(plain), self.of(clause), wins.group(1) if wins else ""]
        return next((label for label in named if label in self.names), named[0])

    def split(self, text: str) -> tuple[str, str]:
        """(label, rest) of an entry such as ``A / Simplicity (4): why``; no label where it begins with none."""
        plain = text.lstrip("*_ ")
        for mark in (" / ", "/", ": ", ", ", " — ", " – ", " - "):
            at = plain.find(mark, 0, 200)
            label = self.of(plain[:at]) if at > 0 else ""
            if label in self.names or (label and "/" in mark and _SHORT.fullmatch(label)):
                return label, plain[at + len(mark) :]
        return "", text

    def title(self, text: str) -> str:
        """The label that a title stands for, which says nothing else."""
        plain = text.rstrip(":*_ ")
        label, rest = self.split(plain)
        named = self.of(plain)
        return named if named in self.names and not (label and (_REASON.fullmatch(rest) or verdict_of(rest))) else ""


# ---------------------------------------------------------------------- scores

#: More rows or columns are no vote.
MOST = 99
_TOTALS = {"weightedtotal", "total", "weighted", "weightedscore", "weightedsum", "weightedaverage", "totalscore", "sum"}
_SCORE = re.compile(r"([0-9]{1,3})(?: ?(?:/|of|out of) ?5)?(?: ?[(\[].*[)\]])?")
_TOTAL = re.compile(r"([0-9]{1,4})(?:[.,]([0-9]{1,4}))?(?: ?/ ?5(?:[.,]0+)?)?")
_HINT = "write a whole number from 1 to 5"
_TABLE = "write | Approach | Simplicity (x0.25) | … | Weighted Total | with a row for each approach"


def read_scores(lines: Sequence[Line], found: Mapping[str, Part]) -> Board:
    """The tables of scores: those with a column of approaches, outside the parts that have another name."""
    other = {line.number for name, part in found.items() if name != "scores" for line in part.lines}
    shown = [line for line in lines if line.number not in other]
    texts = [line.text for line in shown]
    every = tables(texts)
    held = {line.number for line in found["scores"].lines} if "scores" in found else set()
    boards = [table for table in every if key(table.header[0]).startswith(("approach", "option", "alternative"))]
    boards = [table for table in boards if shown[table.line].number in held] or boards
    start = shown[boards[0].line].number if boards else found["scores"].line if "scores" in found else 1
    board = Board(start, {}, {}, {}, {}, {}, set(), [])
    for table in boards:
        _read_table(board, table, shown)
    if not boards:
        board.problems.append(Problem(start, "the table of scores is missing", _TABLE))
    elif not board.scores:
        board.problems.append(Problem(start, "the table of scores has no rows", "give each approach a row"))
    else:
        said, hint = "a row stands apart from its table", "put it right below the other rows"
        board.problems.extend(Problem(line, said, hint) for line in _stray(shown, every) if line > start)
    return board


def _stray(shown: Sequence[Line], every: Iterable[Table]) -> Iterator[int]:
    """Lines that look like rows of a table and are in none."""
    inside = {at for table in every for at in range(table.line, table.line + 2 + len(table.rows))}
    for at, text in visible_lines([line.text for line in shown]):
        if at not in inside and text.lstrip().startswith("|"):
            yield shown[at].number


def _read_table(board: Board, table: Table, shown: Sequence[Line]) -> None:
    line = shown[table.line].number
    columns = [_column(cell) for cell in table.header[1:]]
    board.columns.update((key(name), name) for name in columns if name)
    twice = [name for name, count in Counter(map(key, columns)).items() if count > 1 and name]
    board.problems.extend(
        Problem(line, f"two columns are called {name!r}", "give each criterion one") for name in twice
    )
    if max(len(columns), len(table.rows)) > MOST:
        said = f"the table of scores has {len(table.rows)} rows and {len(columns)} columns"
        board.problems.append(Problem(line, said, f"write at most {MOST}"))
    for row in table.rows[:MOST]:
        if any(cell.strip() for cell in row.cells):
            _read_row(board, columns[:MOST], row, shown[row.line].number)


def _column(cell: str) -> str:
    """The name of a criterion without its weight, or a blank for the total."""
    name = weightless(_plain(cell))
    return "" if key(name) in _TOTALS else name


def _read_row(board: Board, columns: Sequence[str], row: Row, line: int) -> None:
    label = label_of(row.cells[0])
    if not label or label in board.scores:
        said = f"the approach {one_line(label, 60)!r} has two rows" if label else "a row names no approach"
        board.problems.append(Problem(line, said, "give each approach one row"))
        return
    board.scores[label], board.lines[label] = {}, line
    board.names[label] = (
        " ".join(re.sub(r"[*`]", "", row.cells[0]).split()).removeprefix(label).lstrip(" :—–-(.)").rstrip(" )")
    )
    cells = [*row.cells[1:], *[""] * (len(columns) - len(row.cells) + 1)]
    if any(cell.strip() for cell in cells[len(columns) :]):
        said = f"the row of {one_line(label, 60)} has more cells than the head"
        board.problems.append(Problem(line, said, "write a bar inside a cell as \\|"))
    for name, cell in zip(columns, cells, strict=False):
        if name:
            _read_cell(board, label, name, cell)
        elif cell:
            total = _TOTAL.fullmatch(_plain(cell))
            board.stated[label] = f"{total.group(1)}.{total.group(2) or '00'}" if total else one_line(cell, 40)


def _read_cell(board: Board, label: str, name: str, cell: str) -> None:
    """Put one score into a row, or say why it is none."""
    plain = _plain(cell)
    match = _SCORE.fullmatch(plain)
    if match and 1 <= int(match.group(1)) <= 5:
        board.scores[label].setdefault(name, int(match.group(1)))
        return
    said = "the score is missing" if nothing(plain) else f"{one_line(plain, 40)!r} is no score"
    said = f"the score {match.group(1)} is not from 1 to 5" if match else said
    board.unread.add((label, key(name)))
    board.problems.append(Problem(board.lines[label], f"{one_line(label, 60)} / {one_line(name, 60)}: {said}", _HINT))


def _plain(cell: str) -> str:
    return " ".join(re.sub(r"[*`]|<br ?/?>|__", " ", cell).split())


# ---------------------------------------------------------------------- reasons and verdicts

_BULLET = re.compile(r"(\s*)([-*+]|\d{1,3}[.)])(?:\s+|$)(.*)")
_ALONE = re.compile(r"\s*(?:[-*+]\s+)?(?:\*\*|__)([^*]{1,200})(?:\*\*|__)\s?:?\s*")
_REASON = re.compile(r"\W*([^:—–]{1,80}?)\s?(?::|—|–| -{1,2} )[*_]{0,3}\s*(.*)", re.S)
_GIVEN = re.compile(r"\s?\(?\b\d{1,2}(?: ?/ ?5)?\)?[*_ ]*$")
_CRITERION = re.compile(
    r"(?i)\W{0,4}(?:SC ?-?|(?:success )?criterion |no\.? )?(\d{1,2})\b[^:—–]{0,200}?(?::|—|–| -{1,2} )(.*)", re.S
)


class Said(NamedTuple):
    """An entry, and what it says of an approach: ``text`` behind the label, which may stand above it.

    ``below`` is true where it may go on with the entry above, ``loose`` where no slash shows that it begins with a label.
    """

    line: int
    label: str
    mark: str
    text: str
    whole: str
    below: bool
    loose: bool


def _entries(part: Part, labels: Labels) -> Iterator[Said]:
    """Entries that name an approach, or stand below a heading, a line in bold or a bullet that does."""
    context = ""
    hidden = Hidden()
    for number, text in part.lines:
        if hidden.covers(text):
            yield Said(number, "", "", "", text.strip(), True, True)
            continue
        head, alone, bullet = heading(text), _ALONE.fullmatch(text), _BULLET.fullmatch(text)
        body = bullet.group(3) if bullet else text.strip()
        named = labels.title(head[1] if head else alone.group(1) if alone else body if bullet else "")
        label, rest = labels.split(body)
        if named:
            context = named
        elif body and not head and not body.startswith("|"):
            below = not bullet or bool(bullet.group(1))
            mark = bullet.group(2) if bullet and not label else ""
            loose = "/" not in body[: len(body) - len(rest)]
            yield Said(number, label or context, mark, rest, body, below, loose)


def read_reasons(part: Part | None, labels: Labels) -> tuple[dict[tuple[str, str], str], list[tuple[int, str]]]:
    """(label, criterion as written) -> why, and lines with labels that have no row.

    An entry may go on below, and entries may stand below their approach.
    """
    found: dict[tuple[str, str], list[str]] = {}
    strangers: list[tuple[int, str]] = []
    last: list[str] = []
    for said in _entries(part, labels) if part else ():
        match = _REASON.fullmatch(said.text) if said.label else None
        if match and said.loose and not known_as(match.group(1), labels.criteria):
            match = None
        if match and said.label not in labels.names:
            strangers.append((said.line, said.label))
        elif match:
            last = found.setdefault((said.label, _GIVEN.sub("", match.group(1)).strip("*_ ")), [])
            last.append(match.group(2))
        elif said.below:
            last.append(said.whole)
        else:
            last = []
    flat = ((cell, " ".join(" ".join(texts).split())) for cell, texts in found.items())
    return {cell: why for cell, why in flat if not nothing(why) and not re.fullmatch(r"<[^<>]*>", why)}, strangers


class Verdict(NamedTuple):
    """A verdict as it is written; ``number`` is that of the success criterion, 0 where none is named."""

    line: int
    label: str
    number: int
    text: str


def read_verdicts(
    part: Part | None, labels: Labels
) -> tuple[dict[str, dict[int, str]], list[tuple[int, str]], list[Problem]]:
    """Verdicts on success criteria, lines with labels that have no row, and what is no verdict.

    They stand in a list (``A / 1: pass``), or in a table with criteria across or down.
    """
    found: dict[str, dict[int, str]] = {}
    strangers: list[tuple[int, str]] = []
    problems: list[Problem] = []
    for one in [*_listed(part, labels), *_tabled(part, labels)] if part else ():
        verdict = verdict_of(one.text)
        if one.label and one.label not in labels.names:
            strangers.append((one.line, one.label))
        elif not (one.label and one.number and verdict):
            hint = f"write - {one.label or 'A'} / {one.number or 1}: pass, fail or unknown"
            problems.append(Problem(one.line, f"{one_line(one.text, 60)!r} is no verdict", hint))
        elif found.setdefault(one.label, {}).setdefault(one.number, verdict) != verdict:
            problems.append(Problem(one.line, f"{one.label} / {one.number} has two verdicts", "give it one"))
    return found, strangers, problems


def _listed(part: Part, labels: Labels) -> Iterator[Verdict]:
    for said in _entries(part, labels):
        match = _CRITERION.match(said.text) if said.label else None
        count = re.fullmatch(r"(\d{1,2})[.)]", said.mark) if said.label and not match else None
        if match:
            yield Verdict(said.line, said.label, int(match.group(1)), match.group(2))
        elif count:
            tail = re.split(r"[:—–]", said.text)[-1]
            yield Verdict(said.line, said.label, int(count.group(1)), said.text if verdict_of(said.text) else tail)
        elif not said.below and not nothing(said.text):
            yield Verdict(said.line, said.label, 0, said.text)


def _tabled(part: Part, labels: Labels) -> Iterator[Verdict]:
    for table in tables([line.text for line in part.lines]):
        down = labels.of(table.header[-1]) in labels.names
        for at, row in enumerate(table.rows, start=1):
            for across, cell in enumerate(row.cells[1 : len(table.header)], start=1):
                head = table.header[across]
                label, criterion, place = (head, row.cells[0], at) if down else (row.cells[0], head, across)
                number = re.search(r"\d{1,2}", criterion[:20])
                yield Verdict(
                    part.lines[row.line].number, labels.of(label), int(number.group()) if number else place, cell
                )


def verdict_of(text: str) -> str:
    """pass, fail or unknown, or nothing; yes and no must stand alone, or before a mark."""
    plain = " ".join(text[:200].split()).strip("*_`~ ")
    words = re.match(r"([A-Za-z]+)( [A-Za-z]+)?", plain)
    if not words:
        return _SIGNS.get(plain[:1], "")
    two, one = words.group(0).casefold(), words.group(1).casefold()
    after = plain[len(one) :].lstrip("*_`")[:2].strip()[:1]
    if one in {"yes", "no"} and after.isalnum():
        return ""
    return VERDICTS.get(two) or VERDICTS.get(one, "")
