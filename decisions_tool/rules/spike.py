"""What failed tests say of a design: the kind of each failure, and the verdict on all of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from decisions_tool.documents.junit import Case
from decisions_tool.documents.spike import ASSERTION, COLLECTION, IMPORT, MISSING, OTHER, TYPE, Failure, Tried

#: The name of the error that a runner reports -> its kind. The first that is found in the message decides.
_KINDS = (
    (IMPORT, r"(?:ImportError|ModuleNotFoundError|cannot import name|circular import|Cannot find module|ERR_MODULE_NOT_FOUND)"),
    (TYPE, r"(?:TypeError|ValidationError|incompatible types?|error TS\d+|unexpected keyword argument|positional arguments?)"),
    (MISSING, r"(?:NameError|AttributeError|ReferenceError|is not defined|has no attribute|cannot find symbol|undefined:)"),
    (ASSERTION, r"(?:AssertionError|assert\b|Failed: DID NOT RAISE|expect\()"),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)
#: What a message begins with tells more than what it quotes.
_NAME = re.compile(r"\s*(?:E\s+)?(?:[\w.]*(?:Error|Exception)\b|assert\b)")
_FAILED = ("failed", "error")
_COLLECTED = re.compile(r"(?i)collection (?:failure|error)|error (?:while )?collecting|failed to (?:load|import) test")


def kind_of(case: Case) -> str:
    """The kind of a failure, from the error's type before what it says."""
    if _COLLECTED.search(case.message[:200]):
        return COLLECTION
    last = case.text.strip().rpartition("\n")[2]
    for said in (case.kind, case.message.partition("\n")[0], last, case.text):
        named = _NAME.match(said)
        for kind, pattern in _PATTERNS:
            if pattern.search(named.group() if named else said):
                return kind
    return OTHER


def judge(before: Sequence[Case], after: Sequence[Case]) -> Tried:
    """What became of the tests that passed before; a collection error counts all that it kept from running.

    A test that failed before says nothing about the design, one that is new counts like the others.
    """
    was = {case.name: case.outcome for case in before}
    now = {case.name for case in after}
    uncollected = [case for case in after if kind_of(case) == COLLECTION and case.outcome in _FAILED]
    broken = [case for case in uncollected if was.get(case.name) not in _FAILED]
    rest = (case for case in after if case not in uncollected)
    counts = [c for c in rest if c.outcome != "skipped" and was.get(c.name, "passed") == "passed"]
    failures = [Failure(case.name, kind_of(case), _said(case)) for case in counts if case.outcome in _FAILED]
    lost = [name for name, outcome in was.items() if outcome == "passed" and name not in now] if broken else []
    gone = [Failure(name, COLLECTION, "it was not collected any more") for name in lost]
    gone = gone or [Failure(case.name, COLLECTION, _said(case)) for case in broken]
    told = tuple(f"{case.name}: {_said(case)}" for case in broken)
    return Tried(len(counts) + len(gone), (*failures, *gone), told)


def _said(case: Case) -> str:
    last = case.text.strip().rpartition("\n")[2]
    return last if kind_of(case) == COLLECTION and last else case.message or last or case.kind
