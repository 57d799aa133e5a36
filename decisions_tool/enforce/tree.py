"""The files that decisions are held against: bytes by path, whoever gives them; parsed once, bounded, never raising. Pure."""

from __future__ import annotations

import ast
import codecs
import re
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from typing import NamedTuple

from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.enforce.meaning import Names
from decisions_tool.text import parse_python

#: A reader gives at most a little more than the largest document, and None where there is no regular file.
Reader = Callable[[str], bytes | None]
Found = dict[str, list[ast.stmt]]


class Unreadable(NamedTuple):
    """Why a file cannot be held to anything, and where that shows."""

    line: int
    column: int
    why: str


class Source:
    """One file of Python, or one block of a record."""

    def __init__(self, path: str, text: str, module: ast.Module, first_line: int = 1) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.module = module
        self.first_line = first_line

    @cached_property
    def names(self) -> Names:
        return Names.of(self.module, package_of(self.path))

    @cached_property
    def scope(self) -> Found:
        return scope(self.module.body)

    def place(self, node: ast.AST) -> tuple[int, int]:
        """Line and column, counted in characters from 1."""
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return line + self.first_line - 1, len(text.encode()[:offset].decode("utf-8", "replace")) + 1


class Tree:
    """All files of one state of a repository: the disk, the index or a commit."""

    def __init__(
        self,
        read: Reader,
        paths: Callable[[], Collection[str]],
        documents: Callable[[], Collection[str]] | None = None,
        holding: Callable[[Collection[bytes]], Collection[str] | None] | None = None,
    ) -> None:
        self._read = read
        self._list = paths
        self._documents = documents
        self._holding = holding
        self._held: dict[str, bytes | None] = {}
        self._sources: dict[str, Source | Unreadable | None] = {}

    @cached_property
    def paths(self) -> frozenset[str]:
        return frozenset(self._list())

    @cached_property
    def documents(self) -> Collection[str]:
        """The files among which records are; fewer than all where the reader can tell at less cost."""
        return self._documents() if self._documents else self.paths

    def holding(self, words: Collection[bytes]) -> Collection[str]:
        """The documents that may hold one of these words; all of them where the reader cannot tell."""
        found = self._holding(words) if self._holding else None
        return self.documents if found is None else found

    def read(self, path: str) -> bytes | None:
        if path not in self._held:
            self._held[path] = self._read(path)
        return self._held[path]

    def source(self, path: str) -> Source | Unreadable | None:
        """A file as Python; None where there is none."""
        if path not in self._sources:
            data = self.read(path)
            self._sources[path] = None if data is None else read_source(path, data)
        return self._sources[path]

    def __contains__(self, path: str) -> bool:
        return self.read(path) is not None

    def has(self, path: str) -> bool:
        """Whether a file, or a folder with files in it, is there."""
        return path in self or path.rstrip("/") in self._folders

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(path[:at] for path in self.paths for at, char in enumerate(path) if char == "/")


# ---------------------------------------------------------------------- Python

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_OLD = re.compile(r"Missing parentheses in call to '(?:print|exec)'|multiple exception types|leading zeros in decimal")


def read_source(path: str, data: bytes) -> Source | Unreadable:
    """Bytes as Python, or why not."""
    if len(data) > MAX_FILE:
        return Unreadable(1, 1, f"is larger than {MAX_FILE >> 20} MiB")
    try:
        text = _decoded(data)
        return Source(path, text, parse_python(text))
    except SyntaxError as error:
        old = _OLD.search(error.msg or "")
        why = "is Python 2" if old else f"is not Python that can be read: {error.msg}"
        return Unreadable(max(1, error.lineno or 1), max(1, error.offset or 1), why)
    except (ValueError, LookupError):
        return Unreadable(1, 1, "is not text in the encoding that it names")
    except (RecursionError, MemoryError):
        return Unreadable(1, 1, "is nested too deeply to be read")


def _decoded(data: bytes) -> str:
    """Text in UTF-8, or in the encoding that one of the first two lines names."""
    plain = data.removeprefix(codecs.BOM_UTF8)
    found = next((match for line in plain.split(b"\n", 2)[:2] if (match := _COOKIE.match(line))), None)
    text = plain.decode(found[1].decode() if found else "utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def package_of(path: str) -> str:
    """The dotted package that a file lies in: shop/store/db.py -> shop.store."""
    return path.rpartition("/")[0].replace("/", ".")


def scope(body: list[ast.stmt]) -> Found:
    """Statements that give a name a meaning, by name; branches of conditions count like straight code."""
    found: Found = {}
    for node in flat(body):
        for name in _given(node):
            found.setdefault(name, []).append(node)
    return found


def flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a scope, with those in its conditions, ``try`` and ``with``."""
    left = list(reversed(body))
    while left:
        node = left.pop()
        yield node
        if isinstance(node, ast.If | ast.Try | ast.TryStar | ast.With | ast.For | ast.While):
            inner = [*node.body, *getattr(node, "orelse", ())]
            for handler in getattr(node, "handlers", ()):
                inner += handler.body
            left += reversed([*inner, *getattr(node, "finalbody", ())])


def _given(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield f"{node.name}@{node.decorator_list[0].attr}" if _accessor(node) else node.name  # type: ignore[attr-defined]
    elif isinstance(node, ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (item.asname or item.name.split(".")[0] for item in node.names)
    elif type(node).__name__ == "TypeAlias":
        yield node.name.id  # type: ignore[attr-defined]


def _accessor(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is the setter or deleter of a property."""
    first = node.decorator_list[0] if node.decorator_list else None
    return isinstance(first, ast.Attribute) and first.attr in {"setter", "deleter"}
