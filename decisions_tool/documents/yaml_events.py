"""Front matter as PyYAML reads it, by way of python-frontmatter: refused where either passes something over in silence. It writes nothing.

YAML is taken apart as an event stream before anything is composed: plain strings, mappings and sequences, and nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler

from decisions_tool.documents.fences import FENCE, Refused, split
from decisions_tool.documents.own_form import KEY, Mark, Value
from decisions_tool.text import HIDDEN, bad_character, looks_like

MAX_DEPTH = 6
MAX_EVENTS = 500
MAX_VALUE = 4 << 10
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str) -> tuple[dict[str, Value], dict[str, Mark], list[tuple[str, int, int]]]:
    """Values and marks of a document, and where a value was lost as (key, line, column); Refused for anything doubtful.

    The block has passed ``fences.refuse_block``.
    """
    handler = StrictHandler()
    values: Any = frontmatter.parse(text, handler=handler)[0]
    return values, handler.marks, handler.lost


class StrictHandler(BaseHandler):
    """A handler for python-frontmatter that refuses what that library passes over in silence."""

    FM_BOUNDARY = FENCE
    START_DELIMITER = END_DELIMITER = "---"

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[str, Mark] = {}
        self.lost: list[tuple[str, int, int]] = []

    def split(self, text: str) -> tuple[str, str]:
        block, body, _ = split(text)
        return block, body

    def load(self, fm: str) -> dict[str, Any]:
        reader = _Reader(fm)
        values, self.marks = reader.read()
        self.lost = reader.lost
        return values


class _Reader:
    """Builds strings, lists and mappings straight from YAML events, and keeps the marks of the top-level keys."""

    def __init__(self, block: str) -> None:
        self.block = block.replace("\r\n", "\n")
        self.marks: dict[str, Mark] = {}
        self.lost: list[tuple[str, int, int]] = []
        self._count = 0
        self._last: Any = None

    def read(self) -> tuple[dict[str, Value], dict[str, Mark]]:
        self.events = self._events()
        next(self.events)  # stream start
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            raise Refused("front matter holds no keys", 2, 1, "write at least type: and status:")
        if event.explicit or event.version or event.tags:
            raise _refused_at(event, "YAML directives and document marks are not allowed", "remove the line")
        root = next(self.events)
        if not isinstance(root, yaml.MappingStartEvent):
            raise _refused_at(root, "front matter must be keys with values", "write key: value")
        values = self._mapping(root, 1)
        next(self.events)  # document end
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _refused_at(event, "front matter holds two YAML documents", "keep one of them")
        return values, self.marks

    def _events(self) -> Iterator[Any]:
        try:
            for event in yaml.parse(self.block, Loader=_Loader):
                self._count += 1
                if self._count > MAX_EVENTS:
                    raise _refused_at(
                        event, f"front matter has more than {MAX_EVENTS} parts", "move text into the body"
                    )
                self._guard(event)
                self._last = event
                yield event
        except yaml.MarkedYAMLError as error:
            problem = error.problem or "is not YAML"
            ran_out = "end of stream" in problem and error.context_mark
            mark = error.context_mark if ran_out else error.problem_mark or error.context_mark
            line, column = (mark.line + 2, mark.column + 1) if mark else (2, 1)
            raise Refused(
                f"front matter is not YAML: {problem}", line, column, _yaml_hint(self.block, line - 2)
            ) from None
        except yaml.YAMLError as error:
            raise Refused(f"front matter is not YAML: {error}", 2, 1, "save the file as UTF-8") from None

    @staticmethod
    def _guard(event: Any) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused_at(event, "anchors and aliases are not allowed", "write the value out")
        if getattr(event, "tag", None):
            raise _refused_at(event, f"the tag {event.tag} is not allowed", "write a plain value")

    def _value(self, event: Any, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise _refused_at(
                event,
                f"front matter is nested deeper than {MAX_DEPTH}",
                "write words, lists of words, or one level of keys",
            )
        if isinstance(event, yaml.ScalarEvent):
            if len(event.value) > MAX_VALUE:
                raise _refused_at(event, f"a value is longer than {MAX_VALUE} characters", "move it into the body")
            if "\0" in event.value or bad_character(event.value, HIDDEN):
                raise _refused_at(event, "a value hides a control character behind an escape", "remove it")
            return str(event.value)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        return self._sequence(depth)

    def _sequence(self, depth: int) -> list[Value]:
        items: list[Value] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, start: Any, depth: int) -> dict[str, Value]:
        if depth > MAX_DEPTH:
            raise _refused_at(
                start,
                f"front matter is nested deeper than {MAX_DEPTH}",
                "write words, lists of words, or one level of keys",
            )
        values: dict[str, Value] = {}
        seen: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, depth, seen)
            first = next(self.events)
            values[key] = self._value(first, depth + 1)
            if depth == 1:
                self._mark(key, event, first, self._last)
        return values

    def _key(self, event: Any, depth: int, seen: dict[str, int]) -> str:
        line = event.start_mark.line + 2
        if not isinstance(event, yaml.ScalarEvent):
            raise _refused_at(event, "a key must be a word", 'quote values that begin with { or [: key: "{{ x }}"')
        key = str(event.value)
        folded = unicodedata.normalize("NFKC", looks_like(key)).casefold() if depth == 1 else key
        if folded in seen:
            said = f"{key!r} is a duplicate key: it stands on line {seen[folded]} and line {line}"
            raise _refused_at(event, said, "keep one of them")
        seen[folded] = line
        if depth == 1 and not KEY.fullmatch(key):
            like = looks_like(key)
            other = like != key and KEY.fullmatch(like) is not None
            hint = (
                f"it looks like {like!r} but has letters of another script"
                if other
                else "write a key in a-z, 0-9 and dashes"
            )
            raise _refused_at(event, f"{key!r} is not a key", hint)
        return key

    def _mark(self, key: str, name: Any, value: Any, last: Any) -> None:
        line = name.start_mark.line
        inline: bool = value.start_mark.line == last.end_mark.line == line
        self.marks[key] = Mark(
            line + 2, name.start_mark.column + 1, value.start_mark.column, last.end_mark.column, inline
        )
        if inline and isinstance(value, yaml.ScalarEvent) and not value.value and not value.style:
            rest = self.block.split("\n")[line][name.end_mark.column :]
            if rest.lstrip(": ").startswith("#"):
                self.lost.append((key, line + 2, name.start_mark.column + 1))


def _refused_at(event: Any, message: str, hint: str = "") -> Refused:
    mark = event.start_mark
    return Refused(message, mark.line + 2, mark.column + 1, hint)


def _yaml_hint(block: str, line: int) -> str:
    lines = block.split("\n")
    text = lines[line] if 0 <= line < len(lines) else ""
    if "\t" in text:
        return "indent with spaces, not tabs"
    if re.search(r":\s*[@`%{\[]", text) or text.count(": ") > 1:
        return f'quote the value: {text.split(":")[0].strip()}: "…"'
    return "check quotes and indentation on this line"
