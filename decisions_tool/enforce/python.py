"""What a record says in Python, held against the code by syntax tree. What nobody outside can tell is never a deviation. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from decisions_tool.enforce.calls import compare_functions
from decisions_tool.enforce.classes import compare_class, compare_field
from decisions_tool.enforce.deviation import Deviation
from decisions_tool.enforce.symbols import Found, Function, Symbol, look_up, members, traits
from decisions_tool.enforce.tree import Source, Tree, Unreadable, scope

#: Definitions by qualified name, such as ``Store.get``, in the order of the record.
Promised = Mapping[str, Sequence[Symbol]]


class Unclear(NamedTuple):
    """A name whose definition cannot be read, and why."""

    name: str
    why: str


def promised(source: Source) -> dict[str, tuple[Symbol, ...]]:
    """Everything that a block of code defines, members of classes under the names of their classes."""
    return dict(_promised(source, source.module.body, "", None))


def _promised(
    source: Source, body: list[ast.stmt], prefix: str, owner: ast.ClassDef | None
) -> Iterator[tuple[str, tuple[Symbol, ...]]]:
    for name, nodes in scope(body).items():
        said = [node for node in nodes if not isinstance(node, ast.Import | ast.ImportFrom)]
        if not said:
            continue
        yield f"{prefix}{name}", tuple(Symbol(source, node, owner) for node in said)
        last = said[-1]
        if isinstance(last, ast.ClassDef) and "enum" not in traits(
            Tree(lambda path: None, lambda: ()), Symbol(source, last)
        ):
            yield from _promised(source, last.body, f"{prefix}{name}.", last)


def hold(tree: Tree, path: str, wanted: Promised) -> Iterator[tuple[str, Deviation | Unclear]]:
    """(name, what is otherwise) for every name that a file was promised to define."""
    source = tree.source(path)
    if isinstance(source, Unreadable):
        for name in list(wanted)[:1]:
            yield name, Deviation("unreadable", path, path, source.line, source.column, source.why)
        return
    held = _Held(tree, path, wanted)
    for name, symbols in wanted.items():
        try:
            for said in held.one(name, symbols):
                yield name, said
        except RecursionError:
            yield name, Unclear(name, "is nested too deeply to be compared")


class _Held:
    def __init__(self, tree: Tree, path: str, wanted: Promised) -> None:
        self.tree = tree
        self.path = path
        self.wanted = wanted
        self.found: dict[str, Found] = {}

    def look(self, name: str) -> Found:
        """Definitions of a qualified name in the code."""
        if name not in self.found:
            owner, _, last = name.rpartition(".")
            if owner:
                classes = [one for one in self.look(owner).symbols if isinstance(one.node, ast.ClassDef)]
                inner = [symbol for one in classes for symbol in members(self.tree, one, last)]
                self.found[name] = Found(tuple(inner))
            else:
                self.found[name] = look_up(self.tree, self.path, name)
        return self.found[name]

    def one(self, name: str, symbols: Sequence[Symbol]) -> Iterator[Deviation | Unclear]:
        found = self.look(name)
        if not found.symbols:
            yield from self._absent(name, found, symbols[-1])
            return
        for symbol in symbols:
            yield from min((list(self._compare(name, symbol, there)) for there in found.symbols), key=len)

    def _absent(self, name: str, found: Found, symbol: Symbol) -> Iterator[Deviation | Unclear]:
        owner = name.rpartition(".")[0]
        what = _kind(symbol.node)
        if found.outside:
            yield Unclear(name, f"comes from {found.outside}, which is not in the tree")
        elif not owner:
            yield Deviation("missing", name, self.path, 1, 1, f"{name}: expected {what}, found nothing of that name")
        else:
            classes = [one for one in self.look(owner).symbols if isinstance(one.node, ast.ClassDef)]
            for there in classes[-1:]:
                said = f"{name}: expected {what}, found nothing of that name"
                yield Deviation("missing", name, there.source.path, *there.source.place(there.node), said)

    def _compare(self, name: str, symbol: Symbol, there: Symbol) -> Iterator[Deviation | Unclear]:
        expected, found = _kind(symbol.node), _kind(there.node)
        attribute = symbol.owner is not None and expected == "a value" and found == "a function"
        if expected == "a value" and (found == expected or attribute):
            shaped = bool(
                there.owner
                and traits(self.tree, Symbol(there.source, there.owner)) & {"record", "tuple", "mapping", "model"}
            )
            yield from compare_field(name, symbol, there, shaped)
        elif expected == "a value" and getattr(symbol.node, "value", None) is None:
            yield Unclear(name, f"is {found}, where the record states a type alone")
        elif expected != found and found == "a value" and isinstance(getattr(there.node, "value", None), ast.Call):
            yield Unclear(name, "is made by a call, which is not followed")
        elif expected != found:
            said = f"{name}: expected {expected}, found {found}"
            yield Deviation("missing", name, there.source.path, *there.source.place(there.node), said)
        elif expected == "a class":
            known = {other[len(name) + 1 :] for other in self.wanted if other.startswith(f"{name}.")}
            fields = {one for one in known if all(_kind(s.node) == "a value" for s in self.wanted[f"{name}.{one}"])}
            yield from compare_class(self.tree, name, symbol, there, fields)
        else:
            yield from compare_functions(name, symbol, there)


def _kind(node: ast.stmt) -> str:
    if isinstance(node, Function):
        return "a function"
    return "a class" if isinstance(node, ast.ClassDef) else "a value"
