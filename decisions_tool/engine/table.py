"""The table of all cases as it is kept between two looks: a short head that is read every time, and the rest as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypedDict

from decisions_tool import __version__
from decisions_tool.documents.paths import case_folder
from decisions_tool.ledger.cache import save_bytes

#: Raised where what is kept changes its form.
LAYOUT = 2
_BREAK = b"\0\n"
_OPEN = re.compile(rb"\n(\+[^\n\0]*)")


class Row(TypedDict):
    """One case as ``decisions status --json`` shows it."""

    case: str
    workflow: str
    folder: str
    managed: bool
    phase: str
    waiting_for: str
    files: int
    has_request: bool


class Header(TypedDict):
    """The part of the table that is read every time; ``size`` is how many bytes follow it.

    ``open`` holds the first rows of cases that are not over, ``blobs`` path -> blob id of their files where they are few,
    ``quiet`` the times of the folders of cases, in nanoseconds, at which every folder in them was a case.
    """

    version: str
    layout: int
    size: int
    head: str
    settings: str
    count: int
    open_count: int
    open: list[Row]
    blobs: dict[str, str]
    skipped: list[dict[str, str]]
    quiet: list[int]


class Line(NamedTuple):
    """What is kept of a case beside its row: whether it is open, its workflow, the state of its folder, its name."""

    open: bool
    workflow: str
    state: str
    case: str

    @classmethod
    def read(cls, text: str) -> Line:
        mark, workflow, state, case = text.split("\t")
        return cls(mark == "+", workflow, state, json.loads(case) if "\\" in case else case[1:-1])

    @property
    def text(self) -> str:
        """One line; the mark comes first."""
        return f"{'+' if self.open else '-'}\t{self.workflow}\t{self.state}\t{json.dumps(self.case)}"

    @property
    def tree(self) -> str:
        return self.state.partition("+")[0]

    @property
    def folder(self) -> str:
        return case_folder(self.workflow, self.case)


class Body:
    """A line and a row for every case, in the same order, as they are kept: ten thousand take longer to parse than to print.

    ``data`` holds, from ``begin`` on, a line feed, the lines, a break at ``middle``, and the rows.
    """

    def __init__(self, data: bytes, begin: int, middle: int) -> None:
        self._data = data
        self._begin, self._middle = begin, middle

    @classmethod
    def of(cls, lines: Iterable[Line], rows: Iterable[str]) -> Body:
        """Made anew; rows are JSON."""
        index = "".join(f"\n{line.text}" for line in lines).encode() or b"\n"
        return Body(index + _BREAK + ",\n".join(rows).encode(), 0, len(index))

    @cached_property
    def lines(self) -> list[Line]:
        index = self._data[self._begin + 1 : self._middle].decode()
        return [Line.read(text) for text in index.split("\n")] if index else []

    @property
    def texts(self) -> list[str]:
        """Each row as JSON."""
        rows = bytes(self.rows_json).decode()
        return rows.split(",\n") if rows else []

    @property
    def rows_json(self) -> memoryview:
        """The rows as JSON, without the brackets around them."""
        return memoryview(self._data)[self._middle + len(_BREAK) :]

    @property
    def rows(self) -> list[Row]:
        found: list[Row] = json.loads(b"[%b]" % bytes(self.rows_json))
        return found

    @property
    def count(self) -> int:
        return self._data.count(b"\n", self._begin, self._middle) if self._middle - self._begin > 1 else 0

    @property
    def open_count(self) -> int:
        return self._data.count(b"\n+", self._begin, self._middle)

    def find(self, case: str) -> tuple[Line, str] | None:
        """The line and the row of a case."""
        span = self._line_of(case)
        return (Line.read(self._cut(*span)), self._cut(*self._row_of(case))) if span else None

    def open(self, most: int) -> list[tuple[Line, str]]:
        """The first open cases, so many at most."""
        lines = [
            Line.read(found[1].decode())
            for found in islice(_OPEN.finditer(self._data, self._begin, self._middle), most)
        ]
        found, at = [], 0
        for line in lines:
            span = self._row_of(line.case, at)
            found.append((line, self._cut(*span)))
            at = span[1]
        return found

    def renewed(self, line: Line, row: str) -> Body:
        """The same with what is new of a case that is there."""
        span = self._line_of(line.case)
        assert span
        (first, last), (start, end), whole = span, self._row_of(line.case), memoryview(self._data)
        new = line.text.encode()
        parts = (whole[self._begin : first], new, whole[last:start], row.encode(), whole[end:])
        return Body(b"".join(parts), 0, self._middle - self._begin + len(new) - (last - first))

    def _cut(self, start: int, end: int) -> str:
        return self._data[start:end].decode()

    def _line_of(self, case: str) -> tuple[int, int] | None:
        """The span of a case's line; its name is the last of it."""
        name = f"\t{json.dumps(case)}".encode()
        at = self._data.find(name, self._begin, self._middle)
        return (self._data.rfind(b"\n", self._begin, at) + 1, at + len(name)) if at >= 0 else None

    def _row_of(self, case: str, at: int = 0) -> tuple[int, int]:
        """The span of the row of a case that is there, after a place; its name is the first of it."""
        begin = f'\n{{"case": {json.dumps(case)}, '.encode()
        start = self._data.index(begin, max(at, self._middle)) + 1
        end = self._data.find(b",\n", start)
        return start, end if end >= 0 else len(self._data)


class Table(Body):
    """All cases of a commit."""

    def __init__(self, header: Header, body: Body) -> None:
        super().__init__(body._data, body._begin, body._middle)
        self.header = header

    @classmethod
    def load(cls, cache: Path) -> Table | None:
        """What was kept, or None where that is of no use."""
        try:
            data = cache.read_bytes()
            begin = data.index(b"\n")
            header: Header = json.loads(data[:begin])
            same = header["version"] == __version__ and header["layout"] == LAYOUT
            whole = same and header["size"] == len(data) - begin
            return cls(header, Body(data, begin, data.index(_BREAK, begin))) if whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, cache: Path) -> None:
        data = memoryview(self._data)[self._begin :]
        save_bytes(cache, json.dumps({**self.header, "size": len(data)}).encode(), data)
