"""Is a question framed well enough to be asked? Findings with lines; nothing is changed. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from decisions_tool.documents.framing import IMPACTS, Frame
from decisions_tool.errors import Finding

_LEADING = re.compile(
    r"(?i)\bshould(?:n't| not)? we (?:just|simply|finally)\b|\b(?:isn't it|wouldn't it|obviously|clearly|of course|as everybody knows)\b"
    r"|\b(?:better|best|right) to\b|\bthe right way\b"
    r"|\b(?:is|are) (?:too )?(?:fragile|broken|terrible|awful|outdated|slow|bad|ugly)\b"
    r"[^?]*?[—–;,.-]\s*(?:so )?(?:should|shall|could|why)\b"
)
_WHOLE = re.compile(
    r"(?i)\b(?:the )?(?:whole|entire|complete) (?:code ?base|repository|system|application|architecture)\b|\beverything\b"
)
_PLACEHOLDER = re.compile(r"[\s.…<>?]*|<[^>]*>|…")
_PARTS = (
    ("question", "QUESTION", "QUESTION: one sentence that names no answer"),
    ("inside", "In scope", "In scope: with a list below it"),
    ("outside", "Out of scope", "Out of scope: with a list below it"),
    ("success", "SUCCESS CRITERIA", "SUCCESS CRITERIA: with a numbered list of what can be measured"),
    ("files", "KEY FILES", "KEY FILES (3-7): with - path — why it matters"),
)
_MEASURE = re.compile(r"(?i)\d|\b(?:no|none|zero|every|all|without|at most|at least|never|only)\b")
#: Lines of code from which on a question should be about one module.
LARGE = 50_000


class Ground(NamedTuple):
    """What the frame is held against: whether a path exists, and the size of the code in lines."""

    exists: Callable[[str], bool]
    lines: Callable[[], int] = lambda: 0


def lint(frame: Frame, path: str, first_line: int, ground: Ground) -> list[Finding]:
    """What has to be mended (errors) and what should be (warnings); ``first_line`` is that of the words."""
    found = [*_missing(frame), *_question(frame), *_files(frame, ground), *_size(frame, ground)]
    shift = first_line - 1
    return [
        Finding(f"frame/{rule}", severity, path, (frame.lines.get(part, 1)) + shift, 1, said, hint)
        for rule, severity, part, said, hint in found
    ]


_Remark = tuple[str, str, str, str, str]


def _missing(frame: Frame) -> Iterator[_Remark]:
    for name, title, hint in _PARTS:
        if _empty(getattr(frame, name)):
            yield "missing", "error", name, f"the part {title!r} is missing", f"write {hint}"
    if frame.impact and frame.impact not in IMPACTS:
        yield "impact", "error", "impact", f"the impact is {frame.impact!r}", "write IMPACT: high, medium or low"


def _empty(held: str | tuple[str | tuple[str, ...], ...]) -> bool:
    """Whether a part says nothing, or only holds its place."""
    entries = [held] if isinstance(held, str) else held
    return all(_PLACEHOLDER.fullmatch(entry if isinstance(entry, str) else entry[0]) for entry in entries)


def _question(frame: Frame) -> Iterator[_Remark]:
    asked = frame.question
    if asked.count("?") > 1 or re.search(r"(?i)\?\s*(?:and|also)\b|[;]", asked):
        yield (
            "several",
            "error",
            "question",
            "several questions in one",
            "ask one, and frame the others as questions of their own",
        )
    elif asked and not asked.rstrip("\"'*_ ").endswith("?"):
        yield "question", "error", "question", "it does not end in a question mark", "write one sentence that asks"
    elif len(re.findall(r"[.!?](?:\s|$)", asked)) > 1:
        yield (
            "sentence",
            "warning",
            "question",
            "the question takes more than one sentence",
            "move the background into the scope",
        )
    leading = _LEADING.search(asked)
    if leading:
        yield (
            "neutral",
            "error",
            "question",
            f"{leading.group(0)!r} gives an answer away",
            "ask without a preferred answer",
        )
    if len(re.findall(r"\([a-z1-9]\)", asked)) > 3 or (len(frame.inside) > 3 and asked.count(",") > 3):
        yield (
            "dimensions",
            "error",
            "question",
            "more than three sub-dimensions",
            "split it: decisions new question, with DEPENDS ON",
        )


def _files(frame: Frame, ground: Ground) -> Iterator[_Remark]:
    count = len(frame.files)
    if frame.files and not 3 <= count <= 7:
        severity = "error" if count > 7 else "warning"
        yield (
            "files",
            severity,
            "files",
            f"{count} key files, 3 to 7 are wanted",
            "name the files that have to be read to understand the present state",
        )
    for file in frame.files:
        if not ground.exists(file.path):
            yield "files", "error", "files", f"{file.path} is not in this repository", "check the path: git ls-files"
        elif not file.reason:
            yield "reason", "warning", "files", f"{file.path} has no reason", f"write - {file.path} — why it matters"


def _size(frame: Frame, ground: Ground) -> Iterator[_Remark]:
    whole = _WHOLE.search(" ".join((frame.question, *frame.inside)))
    if whole and (lines := ground.lines()) >= LARGE:
        said = f"{whole.group(0)!r} frames all of a code base of about {lines} lines"
        yield "whole", "error", "question", said, "frame it at the level of one module"
    if frame.success and not any(_MEASURE.search(entry) for entry in frame.success):
        hint = "say how somebody will know: a number, every, none, at most"
        yield "measurable", "warning", "success", "no success criterion can be measured", hint
