"""What GitHub Actions reads: annotations, outputs, the job summary. Words of models have no power there."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from decisions_tool.errors import Finding
from decisions_tool.text import one_line

#: Annotations of one type that GitHub shows for a step.
_SHOWN = 10
_LONGEST = 1 << 19


def active() -> bool:
    """Whether this process is a step of a workflow."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotate(findings: Iterable[Finding], stream: TextIO | None = None) -> None:
    """The first findings of each severity as annotations of their lines."""
    shown: dict[str, int] = {}
    for finding in findings:
        kind = "error" if finding.severity == "error" else "warning"
        shown[kind] = shown.get(kind, 0) + 1
        if shown[kind] <= _SHOWN:
            print(_annotation(kind, finding), file=stream or sys.stderr)


def _annotation(kind: str, finding: Finding) -> str:
    values = {
        "file": finding.path, "line": str(finding.line or 1), "col": str(finding.column or 1), "title": finding.rule,
    }  # fmt: skip
    said = finding.message + (f"\nHint: {finding.hint}" if finding.hint else "")
    return f"::{kind} {','.join(f'{name}={_property(value)}' for name, value in values.items())}::{_data(said)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


@contextmanager
def without_commands() -> Iterator[None]:
    """Have the runner take nothing for a command that is written meanwhile, whoever writes it."""
    if not active():
        yield
        return
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print(f"::{token}::", file=sys.stderr, flush=True)


def put_outputs(values: Mapping[str, str]) -> None:
    """Outputs of the step, where there is one."""
    parts = []
    for name, value in values.items():
        end = secrets.token_hex(16)  # no value can hold what nobody could know
        parts.append(f"{name}<<{end}\n{value}\n{end}\n")
    _append("GITHUB_OUTPUT", "".join(parts))


def put_summary(markdown: str) -> None:
    """A part of the job summary, where there is one."""
    _append("GITHUB_STEP_SUMMARY", markdown[:_LONGEST] + "\n")


def _append(name: str, text: str) -> None:
    if os.environ.get(name):
        with Path(os.environ[name]).open("a", encoding="utf-8", errors="replace") as stream:
            stream.write(text)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of foreign words: each cell is one line of code."""
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(_cell, row))} |" for row in rows)]) + "\n"


def _cell(text: str) -> str:
    """Words as code, in which nothing is a link, a mention, a picture or markup."""
    flat = one_line(text, 300).replace("`", "'").replace("|", "\\|")
    return f"`{flat}`" if flat else ""
