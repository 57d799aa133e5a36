"""The table of all cases as it is kept between two looks: a short head that is read every time, and the rest as text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypedDict

from decisions_tool import __version__
from decisions_tool.documents.paths import case_folder
from decisions_tool.ledger.cache import save_text

_BREAK = "\0\n"


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
    """The part of the table that is read every time.

    ``open`` holds the first rows of cases that are not over, ``blobs`` path -> blob id of their files where they are few,
    ``quiet`` the times of the folders of cases, in nanoseconds, at which every folder in them was a case.
    """

    version: str
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


class Table:
    """All cases of a commit. Ten thousand rows take longer to parse than to print, so they stay text until somebody asks."""

    def __init__(self, header: Header, index: str, rows: str) -> None:
        self.header = header
        self._index = index
        self._rows = rows

    @classmethod
    def of(cls, header: Header, index: Iterable[str], rows: Iterable[str]) -> Table:
        """A table made anew; ``index`` are lines as text, ``rows`` JSON, in the same order."""
        return cls(header, "\n".join(index), ",\n".join(rows))

    @classmethod
    def load(cls, cache: Path) -> Table | None:
        """What was kept, or None where that is of no use."""
        try:
            head, index, rows = cache.read_bytes().decode().split(_BREAK)
            header: Header = json.loads(head)
            return cls(header, index, rows) if header["version"] == __version__ and "quiet" in header else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, cache: Path) -> None:
        save_text(cache, _BREAK.join((json.dumps(self.header), self._index, self._rows)))

    @property
    def index(self) -> list[str]:
        """Each line as text."""
        return self._index.split("\n") if self._index else []

    @property
    def texts(self) -> list[str]:
        """Each row as JSON, in the order of the lines."""
        return self._rows.split(",\n") if self._rows else []

    @cached_property
    def lines(self) -> list[Line]:
        return [Line.read(text) for text in self.index]

    def find(self, case: str) -> int:
        """The place of a case among the lines, or -1."""
        at = f"{self._index}\n".find(f"\t{json.dumps(case)}\n")
        return self._index.count("\n", 0, at) if at >= 0 else -1

    @property
    def rows_json(self) -> str:
        return f"[{self._rows}]"

    @property
    def rows(self) -> list[Row]:
        found: list[Row] = json.loads(self.rows_json)
        return found
