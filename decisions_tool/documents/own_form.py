"""The one form in which front matter is written here, and read back without YAML. Pure.

Everything else that people write goes to ``documents/yaml_events.py``; where this form applies, both read the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
KEY = re.compile(r"[a-z][a-z0-9_-]*")

#: Words that no reader of YAML takes for anything but a text, or that the models read as a number or a moment; a text in quotes.
_SCALAR = re.compile(
    r"[A-Za-z][A-Za-z0-9_./+-]*(?: [A-Za-z0-9_./+-]+)*"
    r"|(?=[0-9a-f]*[a-df])[0-9a-f]{40,64}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z|0|[1-9][0-9]{0,8}"
    r'|"[^"\\]*"'
)
_WORDS = {"y", "n", "yes", "no", "on", "off", "null", "true", "false"}
#: Lines and characters of a line up to which no limit on YAML can be met.
_LINES, _LONG = 60, 900


class Mark(NamedTuple):
    """Where a top-level key stands, line and column from 1; ``start`` and ``end`` are the span of its value in that line.

    ``inline`` is true where key and value share one line, so that exchanging the span changes nothing else.
    """

    line: int
    column: int
    start: int
    end: int
    inline: bool


def scalar(value: str) -> str:
    """A value as YAML that every reader takes for the same string."""
    plain = _SCALAR.fullmatch(value) and not value.startswith('"') and value.lower() not in _WORDS
    return value if plain or value in {"true", "false"} else json.dumps(value, ensure_ascii=False)


def dump(values: Mapping[str, object]) -> str:
    """Front matter lines, without fences; values are strings, lists of strings or mappings of strings."""
    lines: list[str] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            lines.append(f"{key}:")
            lines += [f"  {scalar(str(name))}: {scalar(str(item))}" for name, item in value.items()]
        else:
            lines.append(line_of(key, value))
    return "".join(line + "\n" for line in lines)


def line_of(key: str, value: object) -> str:
    return f"{key}: {written(value)}"


def written(value: object) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{scalar(str(name))}: {scalar(str(item))}' for name, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(scalar(str(item)) for item in value)}]"
    return scalar(str(value))


def read(block: str) -> tuple[dict[str, Value], dict[str, Mark]] | None:
    """Values and marks of a block in this form; None where a single line of it is in any other."""
    lines = block.split("\n")
    if (
        lines.pop()
        or not lines
        or len(lines) > _LINES
        or max(map(len, lines)) > _LONG
        or not "".join(lines).isprintable()
    ):
        return None
    values: dict[str, Value] = {}
    marks: dict[str, Mark] = {}
    below: dict[str, Value] | None = None
    for number, line in enumerate(lines, start=2):
        if below is not None and line.startswith("  "):
            pair = _scalars(line[2:], ": ")
            if not pair or len(pair) != 2 or pair[0] in below:
                return None
            below[pair[0]] = pair[1]
            continue
        key, colon, text = line.partition(":")
        if not colon or not KEY.fullmatch(key) or key in values or below == {}:
            return None
        marks[key] = Mark(number, 1, len(key) + 2, len(line), inline=bool(text))
        if not text:
            values[key] = below = {}
            continue
        below = None
        listed = text.startswith(" [") and text.endswith("]")
        found = _scalars(text[2:-1], ", ") if listed else _scalars(text[1:], "") if text[0] == " " else None
        if found is None or not (listed or found):
            return None
        values[key] = [*found] if listed else found[0]
    return None if below == {} else (values, marks)


def _scalars(text: str, between: str) -> list[str] | None:
    """What stands in a text of scalars and nothing else; None of any other text."""
    found: list[str] = []
    at = 0
    while text and (scalar := _SCALAR.match(text, at)):
        found.append(scalar[0][1:-1] if scalar[0].startswith('"') else scalar[0])
        at = scalar.end()
        if at == len(text):
            return found
        if not between or not text.startswith(between, at):
            return None
        at += len(between)
    return None if text else found
