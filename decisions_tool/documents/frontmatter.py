"""The strict reader of documents: bytes to text, front matter and body. It writes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from decisions_tool.documents import own_form
from decisions_tool.documents.fences import FENCE, Refused, position, refuse_block, split
from decisions_tool.documents.own_form import Mark, Value
from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.errors import DocumentError, Finding
from decisions_tool.text import bad_character


class FrontMatter(NamedTuple):
    """A document taken apart: ``values`` is None without front matter; ``body`` keeps every character."""

    values: dict[str, Value] | None
    body: str
    body_line: int = 1
    marks: Mapping[str, Mark] = {}  # never changed
    warnings: tuple[Finding, ...] = ()


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
        line, column = position(data[: error.start].decode("utf-8"), error.start)
        raise Refused(
            f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8", line, column, "save it as UTF-8"
        ) from None
    if text.startswith("\ufeff"):
        raise Refused("the file begins with a byte order mark", 1, 1, "save it as UTF-8 without BOM")
    bare = _BARE.search(text)
    if bare:
        raise Refused("a bare carriage return hides text", *position(text, bare.start()), "save it with line feeds")
    bad = bad_character(text)
    if bad:
        raise Refused(f"{bad.name} hides or reorders text", *position(text, bad.offset), "remove it")
    return text


def refusal(path: str, refused: Refused, rule: str = "document/front-matter") -> DocumentError:
    message, line, column, hint = refused.args
    return DocumentError([Finding(rule, "error", path, line, column, message, hint)])


def read(text: str, path: str) -> FrontMatter:
    """Take a document apart; raise DocumentError with path, line and column for anything doubtful."""
    try:
        _refuse_imitations(text)
        if not FENCE.match(text):
            return FrontMatter(None, text)
        block, body, body_line = split(text)
        refuse_block(block)
        own = own_form.read(block)
        if own is not None:
            return FrontMatter(own[0], body, body_line, own[1])
        from decisions_tool.documents import yaml_events  # PyYAML is for what people wrote in their own way

        values, marks, lost = yaml_events.read(text)
    except Refused as refused:
        raise refusal(path, refused) from None
    said = "the value of {!r} begins with # and is lost"
    warnings = tuple(
        Finding("document/lost-value", "warning", path, line, column, said.format(key), "quote it")
        for key, line, column in lost
    )
    return FrontMatter(values, body, body_line, marks, warnings)


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
        raise Refused("an unresolved merge conflict", *position(text, conflict.start()), "resolve it: git mergetool")
    if text.rstrip("\r\n") == "---":
        raise Refused("front matter is opened and never closed", 1, 1, "close it with a line ---")
