"""The strict reader of front matter. It writes nothing.

YAML is taken apart as an event stream before anything is composed: plain strings, mappings and sequences, and nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler

from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.errors import DocumentError, Finding
from decisions_tool.text import HIDDEN, bad_character, looks_like

MAX_BLOCK = 16 << 10
MAX_DEPTH = 6
MAX_EVENTS = 500
MAX_VALUE = 4 << 10
KEY = re.compile(r"[a-z][a-z0-9_-]*")

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mark(NamedTuple):
    """Where a top-level key stands, line and column from 1; ``start`` and ``end`` are the span of its value in that line.

    ``inline`` is true where key and value share one line, so that exchanging the span changes nothing else.
    """

    line: int
    column: int
    start: int
    end: int
    inline: bool


class FrontMatter(NamedTuple):
    """A document taken apart: ``values`` is None without front matter; ``body`` keeps every character."""

    values: dict[str, Value] | None
    body: str
    body_line: int = 1
    marks: Mapping[str, Mark] = {}  # never changed
    warnings: tuple[Finding, ...] = ()


class Refused(Exception):
    def __init__(self, message: str, line: int, column: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.args = (message, line, column, hint)


def decode(data: bytes, path: str, limit: int = MAX_FILE) -> str:
    """Bytes of a document as text, or a DocumentError that names line and column."""
    try:
        if len(data) > limit:
            raise Refused(f"the file has more than {limit} bytes", 1, 1, "split it")
        return _decode(data)
    except Refused as refused:
        raise refusal(path, refused, "document/encoding") from None


_BARE = re.compile(r"\r(?!\n)")


def mixed_ends(text: str) -> int:
    """The first line that ends otherwise than the first one, or 0."""
    ends = [line.endswith("\r") for line in text.split("\n")[:-1]]
    return ends.index(not ends[0]) + 1 if len(set(ends)) > 1 else 0


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("the file is UTF-16", 1, 1, "save it as UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _position(data[: error.start].decode("utf-8"), error.start)
        raise Refused(
            f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8", line, column, "save it as UTF-8"
        ) from None
    if text.startswith("\ufeff"):
        raise Refused("the file begins with a byte order mark", 1, 1, "save it as UTF-8 without BOM")
    bare = _BARE.search(text)
    if bare:
        raise Refused("a bare carriage return hides text", *_position(text, bare.start()), "save it with line feeds")
    bad = bad_character(text)
    if bad:
        raise Refused(f"{bad.name} hides or reorders text", *_position(text, bad.offset), "remove it")
    return text


def _position(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def refusal(path: str, refused: Refused, rule: str = "document/front-matter") -> DocumentError:
    message, line, column, hint = refused.args
    return DocumentError([Finding(rule, "error", path, line, column, message, hint)])


class StrictHandler(BaseHandler):
    """A handler for python-frontmatter that refuses what that library passes over in silence."""

    FM_BOUNDARY = re.compile(r"\A---(?=\r?\n)")
    START_DELIMITER = END_DELIMITER = "---"

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[str, Mark] = {}
        self.lost: list[tuple[str, int, int]] = []

    def split(self, text: str) -> tuple[str, str]:
        block, body, _ = _split(text)
        return block, body

    def load(self, fm: str) -> dict[str, Any]:
        _refuse_block(fm)
        reader = _Reader(fm)
        values, self.marks = reader.read()
        self.lost = reader.lost
        return values


def read(text: str, path: str) -> FrontMatter:
    """Take a document apart; raise DocumentError with path, line and column for anything doubtful."""
    try:
        _refuse_imitations(text)
        handler = StrictHandler()
        if not handler.detect(text):
            return FrontMatter(None, text)
        block, body, body_line = _split(text)
        _refuse_block(block)
        values: Any = frontmatter.parse(text, handler=handler)[0]
    except Refused as refused:
        raise refusal(path, refused) from None
    lost = tuple(
        Finding(
            "document/lost-value",
            "warning",
            path,
            line,
            column,
            f"the value of {key!r} begins with # and is lost",
            "quote it",
        )
        for key, line, column in handler.lost
    )
    return FrontMatter(values, body, body_line, handler.marks, lost)


def stands_alone(text: str) -> bool:
    """Whether a text needs no front matter above it to be read as a text without any."""
    try:
        return read(text, "").values is None
    except DocumentError:
        return False


_IMITATIONS: tuple[tuple[str, str, str], ...] = (
    (r"\s*\{(?![{%])", "front matter is written in JSON", "write YAML between two lines ---"),
    (r"\s*\+\+\+", "front matter is written in TOML", "write YAML between two lines ---"),
    (r"----+[ \t]*\r?\n", "the fence is longer than three dashes", "write exactly ---"),
    (r"---[ \t]+\r?\n", "the fence ends in spaces", "write exactly ---"),
    (
        r"(?:[ \t]*\r?\n)+[ \t]*---[ \t]*\r?\n[a-z_-]+:",
        "lines stand before the front matter",
        "begin the file with ---",
    ),
    (r"[ \t]+---[ \t]*\r?\n[a-z_-]+:", "the fence is indented", "begin the file with ---"),
    (r"%[A-Z]+ ", "a YAML directive stands before the front matter", "begin the file with ---"),
    (r"(?:<<<<<<<|=======|>>>>>>>) ", "an unresolved merge conflict", "resolve it: git mergetool"),
)


_CONFLICT = re.compile(r"^<<<<<<< ", re.M)


def _refuse_imitations(text: str) -> None:
    if not text.strip():
        raise Refused(
            "the file is empty: front matter and text are missing", 1, 1, "write the document, or remove the file"
        )
    for pattern, message, hint in _IMITATIONS:
        if re.match(pattern, text):
            raise Refused(message, 1, 1, hint)
    conflict = _CONFLICT.search(text)
    if conflict and re.compile(r"^>>>>>>> ", re.M).search(text, conflict.end()):
        raise Refused("an unresolved merge conflict", *_position(text, conflict.start()), "resolve it: git mergetool")
    if text.rstrip("\r\n") == "---":
        raise Refused("front matter is opened and never closed", 1, 1, "close it with a line ---")


def _split(text: str) -> tuple[str, str, int]:
    lines = text.split("\n")
    for number, line in enumerate(lines[1:], start=1):
        bare = line.removesuffix("\r")
        if bare == "---":
            body = "\n".join(lines[number + 1 :])
            return "\n".join(lines[1:number]) + ("\n" if number > 1 else ""), body, number + 2
        if bare.rstrip() in {"---", "..."}:
            raise Refused("front matter is closed by something else than ---", number + 1, 1, "write exactly ---")
    raise Refused("front matter is opened and never closed", 1, 1, "close it with a line ---")


def _refuse_block(block: str) -> None:
    if len(block.encode()) > MAX_BLOCK:
        raise Refused(f"front matter has more than {MAX_BLOCK} bytes", 2, 1, "move text into the body")
    ends = {line.endswith("\r") for line in block.split("\n")[:-1]}
    if len(ends) > 1:
        raise Refused("line ends are mixed in front matter", 2, 1, "save the file with one kind of line end")
    bad = bad_character(block, HIDDEN)
    if bad:
        line, column = _position(block, bad.offset)
        raise Refused(f"{bad.name} is not allowed in front matter", line + 1, column, "remove it")


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
