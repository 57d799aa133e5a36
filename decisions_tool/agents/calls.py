"""Which tools an agent has, and whether a call fits one of them: schemas and arguments. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

Given = Mapping[str, object]
_Fields = Mapping[str, Mapping[str, object]]
_PATH: Mapping[str, object] = {"type": "string", "maxLength": 1024}
_COUNT: Mapping[str, object] = {"type": "integer", "minimum": 1, "maximum": 1_000_000_000}
_AFTER = {**_PATH, "description": "go on after this path, as an earlier answer told"}
_FIELDS: Mapping[str, _Fields] = {
    "list_files": {
        "path": {**_PATH, "description": "a folder, such as src; the whole repository where it is left out"},
        "pattern": {
            "type": "string",
            "maxLength": 200,
            "description": "a name or a path in which * stands for any characters, such as *.py",
        },
        "after": _AFTER,
    },
    "read_file": {
        "path": {**_PATH, "description": "path from the root of the repository, such as src/app.py"},
        "from_line": {**_COUNT, "description": "first line, 1 where it is left out"},
        "lines": {**_COUNT, "description": "how many lines; an answer holds 800 at most"},
    },
    "search": {
        "pattern": {"type": "string", "minLength": 1, "maxLength": 200, "description": "the text to find"},
        "path": {**_PATH, "description": "a file or folder to search in"},
        "ignore_case": {"type": "boolean", "description": "true where capitals do not matter"},
        "after": _AFTER,
    },
}
_REQUIRED = {"list_files": (), "read_file": ("path",), "search": ("pattern",)}
_ABOUT = {
    "list_files": "List tracked files. A long list is shown as folders with their number of files; "
    "ask again with such a folder as path.",
    "read_file": "Read a tracked text file. Every line comes with its number, to be cited as path:line; "
    "hidden characters are shown as escapes.",
    "search": "Find the lines that hold a text. The text is taken literally, no character in it is special, "
    "and it stands on one line.",
}


def _tool(name: str) -> dict[str, object]:
    schema = {
        "type": "object",
        "properties": {field: dict(about) for field, about in _FIELDS[name].items()},
        "required": list(_REQUIRED[name]),
        "additionalProperties": False,
    }
    return {"name": name, "description": _ABOUT[name], "input_schema": schema}


#: Part of a prompt prefix that is cached: every character that changes here makes cached prompts stale.
TOOLS: tuple[dict[str, object], ...] = tuple(_tool(name) for name in _FIELDS)


class Refused(Exception):
    """What was asked for is not given; the text says what can be asked for instead."""


def checked(name: object, arguments: object) -> Given:
    """The arguments of a call, held to the schema of its tool; null is the same as left out."""
    if not isinstance(name, str) or name not in _FIELDS:
        raise Refused(f"There is no such tool; there are {', '.join(_FIELDS)}.")
    if not isinstance(arguments, dict):
        raise Refused(f"The arguments of {name} must be an object with {', '.join(_FIELDS[name])}.")
    given = {key: value for key, value in arguments.items() if value is not None}
    if not given.keys() <= _FIELDS[name].keys():
        raise Refused(f"{name} takes {', '.join(_FIELDS[name])} and nothing else.")
    for field in _REQUIRED[name]:
        if field not in given:
            raise Refused(f"{name} needs {field}: {_FIELDS[name][field]['description']}.")
    for field, value in given.items():
        if wrong := _wrong(value, _FIELDS[name][field]):
            raise Refused(f"{field} of {name} must be {wrong}.")
    return given


def _wrong(value: object, field: Mapping[str, object]) -> str:
    """What a value has to be and is not; empty where all is well."""
    if field["type"] == "boolean":
        return "" if isinstance(value, bool) else "true or false"
    if field["type"] == "string":
        low, high = field.get("minLength", 0), field["maxLength"]
        assert isinstance(low, int) and isinstance(high, int)
        return "" if isinstance(value, str) and low <= len(value) <= high else f"a text of {low} to {high} characters"
    low, high = field["minimum"], field["maximum"]
    assert isinstance(low, int) and isinstance(high, int)
    fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    return "" if fits else f"a whole number from {low}"


def string(given: Given, field: str) -> str:
    value = given.get(field, "")
    assert isinstance(value, str)
    return value


def place(given: Given) -> str:
    path = string(given, "path").removeprefix("./").rstrip("/")
    return "" if path == "." else path


def number(given: Given, field: str, default: int) -> int:
    value = given.get(field, default)
    assert isinstance(value, int)
    return value


def written(name: str, given: Given, **changed: str | int) -> str:
    """A call as a model writes it."""
    said = json.dumps({**given, **changed}, ensure_ascii=False, sort_keys=True)
    if not said.isprintable():
        said = json.dumps({**given, **changed}, sort_keys=True).replace("\x7f", "\\u007f")
    return f"{name}({said})"
