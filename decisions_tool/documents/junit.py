"""A report of tests in JUnit's XML, read with limits: no document type, no entities, nothing fetched. Pure."""

from __future__ import annotations

from typing import NamedTuple
from xml.parsers import expat

from decisions_tool.errors import DecisionsError
from decisions_tool.text import one_line, visible

MAX_REPORT = 32 << 20
_DEEPEST = 32
_MOST = 500_000
_LONGEST = 4_000


class Case(NamedTuple):
    """One test: ``outcome`` is passed, failed, error or skipped; ``kind`` and ``message`` are what the runner says."""

    name: str
    outcome: str
    kind: str = ""
    message: str = ""
    text: str = ""


def read_report(data: bytes) -> tuple[Case, ...]:
    """Every test of a report; DecisionsError where it is none, or more than can be."""
    if len(data) > MAX_REPORT:
        raise DecisionsError(f"the report of the tests has more than {MAX_REPORT >> 20} MB", "run fewer tests")
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        hint = "let the command write JUnit XML to {junit}, such as: pytest --junitxml={junit}"
        raise DecisionsError(f"the report of the tests is not XML: {error}", hint) from None
    return tuple(reader.cases)


class _Reader:
    def __init__(self) -> None:
        self.cases: list[Case] = []
        self._open: list[str] = []
        self._seen = 0
        self._text: list[str] = []
        parser = self.parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._say
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse

    @staticmethod
    def _refuse(*_: object) -> None:
        raise DecisionsError("the report of the tests declares a document type", "write plain JUnit XML")

    def _start(self, name: str, values: dict[str, str]) -> None:
        self._seen += 1
        self._open.append(name)
        if self._seen > _MOST or len(self._open) > _DEEPEST:
            raise DecisionsError("the report of the tests has too many elements", "run fewer tests")
        if name == "testcase":
            whole = "::".join(part for part in (values.get("classname", ""), values.get("name", "")) if part)
            self.cases.append(Case(one_line(whole, 300) or "unnamed", "passed"))
        elif name in _OUTCOMES and self.cases and "testcase" in self._open:
            if self.cases[-1].outcome in {"passed", "skipped"}:
                said = visible(values.get("message", ""))[:_LONGEST]
                outcome = _OUTCOMES[name]
                self.cases[-1] = self.cases[-1]._replace(outcome=outcome, kind=values.get("type", ""), message=said)
            self._text = []

    def _say(self, text: str) -> None:
        if self._open and self._open[-1] in _OUTCOMES and sum(map(len, self._text)) < _LONGEST:
            self._text.append(text)

    def _end(self, name: str) -> None:
        self._open.pop()
        if name in _OUTCOMES and self.cases:
            self.cases[-1] = self.cases[-1]._replace(text=visible("".join(self._text))[:_LONGEST])


_OUTCOMES = {"failure": "failed", "error": "error", "skipped": "skipped"}
