"""Which records bind, and what all of them promise together: a later word takes the place of an earlier one. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from decisions_tool.enforce.blocks import Block, Change
from decisions_tool.enforce.contract import (
    BINDING,
    CONSTRAINTS,
    Declared,
    Text,
    Unchecked,
    is_record,
    name_of,
    read_constraints,
    read_record,
)
from decisions_tool.enforce.python import promised
from decisions_tool.enforce.ruled_out import Rule
from decisions_tool.enforce.shapes import LANGUAGES, Broken, merged, read_shape
from decisions_tool.enforce.symbols import Symbol, look_up
from decisions_tool.enforce.tree import Source, Tree, Unreadable, read_source


class Origin(NamedTuple):
    """Where a promise stands, and the record that it belongs to."""

    record: str
    path: str
    line: int


@dataclass
class Bound:
    """Everything that is promised, by file of the code; ``texts`` are the records, in the order of their numbers."""

    texts: list[Text] = field(default_factory=list)
    code: dict[str, dict[str, tuple[Symbol, ...]]] = field(default_factory=dict)
    origins: dict[tuple[str, str], Origin] = field(default_factory=dict)
    shapes: dict[str, tuple[str, object, Origin]] = field(default_factory=dict)
    files: dict[str, tuple[Change, Origin]] = field(default_factory=dict)
    rules: list[tuple[Rule, Origin]] = field(default_factory=list)
    declared: list[tuple[Declared, Origin]] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)

    def take(self, tree: Tree, text: Text, record: str, files: Collection[str]) -> None:
        """Add what one text promises; ``files`` are those that its record changes."""
        for change in text.changes:
            self._change(change, Origin(record, text.path, change.line))
        for block in text.blocks:
            self._block(tree, block, text, record, files)
        self.rules += [(rule, Origin(record, text.path, rule.line)) for rule in text.rules]
        self.declared += [(one, Origin(record, text.path, one.line)) for one in text.declared]
        self.unchecked += [Unchecked(text.path, one.line, f"ruled out, but no rule: {one.said}") for one in text.unread]

    def _change(self, change: Change, origin: Origin) -> None:
        if change.must is None:
            return
        self.files[change.path] = (change, origin)
        if not change.must:
            self.code.pop(change.path, None)
            self.shapes.pop(change.path, None)

    def _block(self, tree: Tree, block: Block, text: Text, record: str, files: Collection[str]) -> None:
        origin = Origin(record, text.path, block.line)
        if block.language in LANGUAGES:
            self._shape(block, origin, files)
        elif block.language in {"python", "", "py"}:
            self._python(tree, block, origin, files)
        else:
            self._leave(origin, f"code in {block.language} is not read")

    def _leave(self, origin: Origin, what: str) -> None:
        self.unchecked.append(Unchecked(origin.path, origin.line, what))

    def _shape(self, block: Block, origin: Origin, files: Collection[str]) -> None:
        ending = (".yaml", ".yml") if block.language == "yaml" else (f".{block.language}",)
        paths = block.paths or tuple(path for path in files if path.endswith(ending))
        shape = read_shape(block.text, block.language)
        if isinstance(shape, Broken):
            self._leave(origin, f"the block {shape.why}")
        elif len(paths) != 1:
            self._leave(origin, f"the block names no file, and the record changes {len(paths)} of its kind")
        else:
            _, old, _ = self.shapes.get(paths[0], ("", None, origin))
            self.shapes[paths[0]] = (block.language, merged(old, shape.value), origin)

    # -- Python

    def _python(self, tree: Tree, block: Block, origin: Origin, files: Collection[str]) -> None:
        paths = [path for path in block.paths or files if path.endswith((".py", ".pyi"))]
        source = read_sketch(block, paths[0] if len(paths) == 1 else "")
        if isinstance(source, Unreadable):
            self._leave(origin._replace(line=source.line), f"the block {source.why}")
            return
        said = promised(source)
        if said and not paths:
            self._leave(
                origin, f"the block names no file, and the record changes none in Python: {', '.join(list(said)[:3])}"
            )
        homes: dict[str, str] = {}
        for name, symbols in said.items() if paths else ():
            top = name.partition(".")[0]
            homes.setdefault(top, self._home(tree, paths, top, origin.record))
            line, _ = source.place(symbols[-1].node)
            self.code.setdefault(homes[top], {})[name] = symbols
            self.origins[homes[top], name] = origin._replace(line=line)

    def _home(self, tree: Tree, paths: list[str], name: str, record: str) -> str:
        """The file that a definition belongs to, where a block leaves it open."""
        before = (path for path in paths if (path, name) in self.origins and self.origins[path, name].record == record)
        there = (path for path in paths if len(paths) > 1 and look_up(tree, path, name).symbols)
        return next(before, "") or next(there, "") or paths[0]


_BARE = re.compile(
    r"(?P<indent>\s*)(?:(?:async\s+)?def\s+\w+\s*\(.*\)\s*(?:->\s*[^:]+)?|class\s+\w+[^:]*)(?P<colon>:?)\s*(?:#.*)?"
)


def read_sketch(block: Block, path: str) -> Source | Unreadable:
    """The code of a block, with bodies where it gives signatures alone; lines count in the record."""
    made = read_source(path, block.text.encode())
    if isinstance(made, Unreadable):
        repaired = read_source(path, _with_bodies(block.text).encode())
        made = made._replace(line=made.line + block.line - 1) if isinstance(repaired, Unreadable) else repaired
    if isinstance(made, Source):
        return Source(path, block.text, made.module, block.line)
    return made


def _with_bodies(text: str) -> str:
    """Signatures without a body get one, on their own line."""
    lines = text.expandtabs(4).split("\n")
    for at, line in enumerate(lines):
        match = _BARE.fullmatch(line) if "def " in line or "class " in line else None
        if match:
            below = next((one for one in lines[at + 1 :] if one.strip()), "")
            indented = len(below) - len(below.lstrip()) > len(match["indent"])
            if not indented:
                lines[at] = f"{line.split('#')[0].rstrip().rstrip(':')}: ..."
            elif not match["colon"]:
                lines[at] = f"{line.split('#')[0].rstrip()}:"
    return "\n".join(lines)


# ---------------------------------------------------------------------- records


def bind(tree: Tree, near: Collection[str] = ()) -> Bound:
    """What the records of a tree promise; with ``near``, only those that may speak of these files."""
    bound = Bound()
    words = _words(near) if near else set()
    paths = tree.holding(words) if words else tree.documents
    records = [text for path in sorted(paths) if is_record(path) for text in _record(tree, path, words)]
    constraints = read_constraints(CONSTRAINTS, data) if (data := tree.read(CONSTRAINTS)) else []
    addenda = [text for text in constraints if text.of]
    known = {_key(text.name): text for text in records}
    for text in sorted(records, key=lambda text: _key(text.name)):
        own = [one for one in addenda if _key(one.of) == _key(text.name)] + list(text.addenda)
        bound.texts.append(text._replace(addenda=tuple(sorted(own, key=lambda one: one.date))))
        if text.status in BINDING:
            _take(bound, tree, bound.texts[-1])
    for text in constraints:
        if not text.of or (_key(text.of) not in known and not _there(tree, text.of)):
            bound.take(tree, text, text.of or "constraints", ())
    return bound


def _record(tree: Tree, path: str, words: Collection[bytes]) -> Iterator[Text]:
    data = tree.read(path)
    low = data.lower() if data and words else b""
    if data and (not words or any(word.lower() in low for word in words)):
        yield read_record(path, data)


def _words(paths: Iterable[str]) -> set[bytes]:
    """What stands in a record that may speak of these files: their paths, or that it rules something out."""
    plain = {path.removesuffix("/__init__.py").encode("utf-8", "surrogateescape") for path in paths}
    return {*plain, b"ruled out", b"ruled-out"}


def _there(tree: Tree, name: str) -> bool:
    return any(_key(name_of(path)) == _key(name) for path in tree.documents if is_record(path))


def _key(name: str) -> tuple[str, int]:
    """A record's name for comparison: DR-004, dr-4 and DR_0004 are one."""
    digits = re.search(r"\d+", name)
    return re.sub(r"[^a-z]", "", name[: digits.start()].casefold() if digits else name.casefold()), int(
        digits[0]
    ) if digits else 0


def _take(bound: Bound, tree: Tree, text: Text) -> None:
    files = [change.path for change in text.changes if change.must is not False]
    for one in (text, *text.addenda):
        bound.take(tree, one, text.name, files)
