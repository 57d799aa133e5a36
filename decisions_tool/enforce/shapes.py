"""JSON, TOML and YAML of a record held against files: which keys are there, and of which kind their values are. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.enforce.deviation import Deviation

#: The keys and positions that lead to a value.
Way: TypeAlias = "tuple[str | int, ...]"
LANGUAGES = ("json", "toml", "yaml")
_KINDS = {
    "string": "string", "str": "string", "int": "integer", "integer": "integer", "number": "number", "float": "number",
    "bool": "boolean", "boolean": "boolean", "array": "list", "list": "list", "object": "table", "dict": "table", "any": "any",
}  # fmt: skip
_DEEP = 60


class Shape(NamedTuple):
    """A value with the place of each key in the text that it was read from."""

    value: object
    places: Mapping[Way, tuple[int, int]]


class Broken(NamedTuple):
    """Why a text is no data of its language."""

    line: int
    column: int
    why: str


def read_shape(text: str, language: str) -> Shape | Broken:
    """Data with the places of its keys; it never raises."""
    if len(text) > MAX_FILE:
        return Broken(1, 1, f"is larger than {MAX_FILE >> 20} MiB")
    try:
        return {"json": _json, "toml": _toml, "yaml": _yaml}[language](text)
    except json.JSONDecodeError as error:
        return Broken(error.lineno, error.colno, f"is not JSON: {error.msg}")
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+), column (\d+)", str(error))
        return Broken(
            int(at[1]) if at else 1, int(at[2]) if at else 1, f"is not TOML: {str(error).partition(' (at')[0]}"
        )
    except (RecursionError, MemoryError, ValueError):
        return Broken(1, 1, "cannot be read: nested too deeply, or numbers without end")


# ---------------------------------------------------------------------- reading

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|\n')


def _json(text: str) -> Shape:
    return Shape(json.loads(text), _json_places(text))


def _json_places(text: str) -> dict[Way, tuple[int, int]]:
    places: dict[Way, tuple[int, int]] = {}
    way: list[str | int] = []
    line, begin, key = 1, 0, True
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark == "\n":
            line, begin = line + 1, match.end()
        elif mark in "{[":
            places.setdefault(tuple(way), (line, match.start() - begin + 1))
            way.append("" if mark == "{" else 0)
            key = mark == "{"
        elif mark in "}]":
            del way[-1:]
        elif mark == ",":
            key = bool(way) and isinstance(way[-1], str)
            if way and isinstance(way[-1], int):
                way[-1] += 1
        elif mark != ":":
            if key and way:
                way[-1] = json.loads(mark)
            places.setdefault(tuple(way), (line, match.start() - begin + 1))
            key = False
    return places


_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ENTRY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")


def _toml(text: str) -> Shape:
    value: object = tomllib.loads(text)
    places: dict[Way, tuple[int, int]] = {}
    table: Way = ()
    counts: dict[Way, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        head = _TABLE.match(line)
        entry = None if head else _ENTRY.match(line)
        if head:
            table = _keys(head[2])
            if head[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            places.setdefault(table, (number, line.index("[") + 1))
        elif entry:
            places.setdefault((*table, *_keys(entry[1])), (number, entry.start(1) + 1))
    return Shape(value, places)


def _keys(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(text))


def _yaml(text: str) -> Shape:
    import yaml

    grown = _Grown()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            mark = event.start_mark
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            if isinstance(event, yaml.MappingStartEvent):
                grown.take({}, place)
            elif isinstance(event, yaml.SequenceStartEvent):
                grown.take([], place)
            elif isinstance(event, yaml.CollectionEndEvent):
                grown.open.pop()
            elif isinstance(event, yaml.ScalarEvent):
                grown.take(_scalar(event.value, event.implicit[0]), place, event.value)
            elif isinstance(event, yaml.AliasEvent):
                grown.take(None, place)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    return Shape(grown.value, grown.places)


class _Grown:
    """Data that grows value by value; aliases stay empty, so nothing multiplies."""

    def __init__(self) -> None:
        self.value: object = None
        self.places: dict[Way, tuple[int, int]] = {}
        self.open: list[tuple[Way, object]] = []
        self.key: dict[Way, str] = {}

    def take(self, value: object, place: tuple[int, int], word: str | None = None) -> None:
        way, held = self.open[-1] if self.open else ((), None)
        if isinstance(held, dict) and way not in self.key:
            if word is None:
                raise ValueError("a key is no word")
            self.key[way] = word
            self.places.setdefault((*way, word), place)
            return
        if isinstance(held, dict):
            key = self.key.pop(way)
            held[key], way = value, (*way, key)
        elif isinstance(held, list):
            held.append(value)
            way = (*way, len(held) - 1)
        else:
            self.value = value
        self.places.setdefault(way, place)
        if isinstance(value, dict | list):
            if len(way) > _DEEP:
                raise ValueError("nested too deeply")
            self.open.append((way, value))


_PLAIN = (
    (re.compile(r"[-+]?(?:0|[1-9][\d_]*|0x[\da-fA-F]+|0o?[0-7]+)"), 0),
    (re.compile(r"[-+]?(?:\d[\d_]*)?\.\d+(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf)|\.(?:nan|NaN)|[-+]?\d+\.?[eE][-+]?\d+|[-+]?\d+\."), 0.5),
    (re.compile(r"true|True|TRUE|yes|Yes|on|On"), True),
    (re.compile(r"false|False|FALSE|no|No|off|Off"), False),
    (re.compile(r"~|null|Null|NULL|"), None),
)  # fmt: skip


def _scalar(text: str, plain: bool) -> object:
    """A value of the kind that a word means; quoted words are texts."""
    return next((value for pattern, value in _PLAIN if pattern.fullmatch(text)), text) if plain else text


# ---------------------------------------------------------------------- comparing


def merged(old: object, new: object) -> object:
    """What a later text makes of an earlier one: tables key by key, everything else anew."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: merged(old[key], value) if key in old else value for key, value in new.items()}}
    return new


def compare_shapes(path: str, expected: object, found: Shape) -> Iterator[Deviation]:
    """How a file differs from what a record shows of it."""
    schema = is_schema(expected) and is_schema(found.value)
    yield from _Compared(path, found, schema).walk((), expected, found.value)


def is_schema(value: object) -> bool:
    """Whether data is a JSON Schema."""
    return isinstance(value, dict) and ("$schema" in value or "properties" in value or "$defs" in value)


class _Compared(NamedTuple):
    path: str
    found: Shape
    schema: bool

    def walk(self, way: Way, expected: object, there: object) -> Iterator[Deviation]:
        if isinstance(expected, dict) and isinstance(there, dict):
            yield from self._table(way, expected, there)
        elif isinstance(expected, list) and isinstance(there, list):
            yield from self._list(way, expected, there)
        elif self.schema and self._exact(way) and expected != there and not isinstance(expected, dict | list):
            yield self._said(way, f"`{json.dumps(expected)}`", f"`{_short(there)}`")
        elif not _fits(expected, there):
            yield self._said(way, f"a value of kind {_wanted(expected)}", kind(there))

    def _table(self, way: Way, expected: dict[str, object], there: dict[str, object]) -> Iterator[Deviation]:
        for key, value in expected.items():
            if self.schema and key in _TALK and not (way and way[-1] == "properties"):
                continue
            if key in there:
                yield from self.walk((*way, key), value, there[key])
            else:
                line, column = self._place(way)
                subject = _name((*way, key))
                said = f"{subject}: expected a value of kind {_wanted(value)}, found no such key"
                yield Deviation("shape", subject, self.path, line, column, said)
        tight = self.schema and way and way[-1] == "properties"
        for key in set(there) - set(expected) if tight and not (way and len(way) > _DEEP) else ():
            yield self._said((*way, key), "no such property", f"`{key}`")

    def _list(self, way: Way, expected: list[object], there: list[object]) -> Iterator[Deviation]:
        if self.schema and way and way[-1] in {"required", "enum", "type"}:
            if sorted(map(json.dumps, expected)) != sorted(map(json.dumps, there)):
                yield self._said(way, f"`{_short(expected)}`", f"`{_short(there)}`")
            return
        for at, one in enumerate(there) if expected else ():
            ways = [list(self.walk((*way, at), shape, one)) for shape in expected]
            yield from min(ways, key=len)

    def _exact(self, way: Way) -> bool:
        return bool(way) and way[-1] not in _TALK

    def _said(self, way: Way, expected: str, found: str) -> Deviation:
        subject = _name(way)
        return Deviation(
            "shape", subject, self.path, *self._place(way), f"{subject}: expected {expected}, found {found}"
        )

    def _place(self, way: Way) -> tuple[int, int]:
        """The place of a key, or of the nearest one above it."""
        while way and way not in self.found.places:
            way = way[:-1]
        return self.found.places.get(way, (1, 1))


#: Keywords of a schema that say nothing about data.
_TALK = {"description", "title", "examples", "$comment", "$id", "default", "deprecated"}


def _name(way: Way) -> str:
    return ".".join(str(part) for part in way) or "the file"


def _short(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:79] + "…"


def kind(value: object) -> str:
    """The kind of a value, in words of data formats."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "list", dict: "table"}
    return names.get(type(value), "date or time")


def _wanted(expected: object) -> str:
    said = _placeholders(expected)
    return " or ".join(sorted(said)) if said else kind(expected)


def _placeholders(expected: object) -> set[str]:
    """The kinds that a placeholder such as ``"<string>"`` or ``"int | null"`` stands for."""
    if not isinstance(expected, str):
        return set()
    words = [word.strip(" <>") for word in expected.split("|")]
    return (
        {_KINDS.get(word, word) for word in words} if all(word in _KINDS or word == "null" for word in words) else set()
    )


def _fits(expected: object, there: object) -> bool:
    said = _placeholders(expected)
    if expected is None or expected == there or "any" in said:
        return True
    found = kind(there)
    wanted = said or {kind(expected)}
    return found in wanted or (found == "integer" and "number" in wanted)
