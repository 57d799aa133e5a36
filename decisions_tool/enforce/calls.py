"""Functions of a record held against those of the code: how they are called, what they give, what wraps them. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from decisions_tool.enforce.deviation import Deviation, differs, shown
from decisions_tool.enforce.meaning import agree
from decisions_tool.enforce.symbols import Function, Symbol, last_name
from decisions_tool.enforce.tree import Source

#: Decorators that change what a caller does; the others matter where the record names them.
_KINDS = {
    "property": "property", "cached_property": "property", "staticmethod": "staticmethod", "classmethod": "classmethod",
    "contextmanager": "contextmanager", "asynccontextmanager": "asynccontextmanager",
}  # fmt: skip
_SILENT = {"overload", "override", "final", "setter", "deleter"}


class Param(NamedTuple):
    """One parameter; ``kind`` in the words of the language."""

    node: ast.arg
    kind: str
    default: ast.expr | None

    @property
    def name(self) -> str:
        return self.node.arg


class Side(NamedTuple):
    """A function of one side, taken apart."""

    source: Source
    node: Function
    positional: tuple[Param, ...]
    keyword: Mapping[str, Param]
    rest: Mapping[str, Param]
    owner: str

    def plain(self, annotation: ast.expr | None) -> ast.expr | None:
        """An annotation in which ``Self`` is the name of the class."""
        if (
            annotation is None
            or not self.owner
            or all(getattr(one, "id", "") != "Self" for one in ast.walk(annotation))
        ):
            return annotation
        made: ast.expr = _Named(self.owner).visit(ast.parse(ast.unparse(annotation), mode="eval").body)
        return ast.copy_location(made, annotation)


class _Named(ast.NodeTransformer):
    """Puts a name in the place of ``Self``."""

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def visit_Name(self, node: ast.Name) -> ast.Name:  # the name that the library calls
        return ast.Name(self.owner) if node.id == "Self" else node


def side(symbol: Symbol) -> Side:
    assert isinstance(symbol.node, Function)
    args = symbol.node.args
    plain = [*((arg, "positional-only") for arg in args.posonlyargs), *((arg, "positional") for arg in args.args)]
    defaults = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
    positional = [Param(arg, kind, default) for (arg, kind), default in zip(plain, defaults, strict=True)]
    if symbol.owner is not None and "staticmethod" not in kinds(symbol):
        positional = positional[1:]
    keyword = {
        arg.arg: Param(arg, "keyword-only", value) for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    }
    rest = {mark: Param(arg, mark, None) for mark, arg in (("*", args.vararg), ("**", args.kwarg)) if arg}
    return Side(symbol.source, symbol.node, tuple(positional), keyword, rest, symbol.owner.name if symbol.owner else "")


def kinds(symbol: Symbol) -> set[str]:
    """What the decorators of a function make of it."""
    assert isinstance(symbol.node, Function)
    names = {_KINDS.get(last_name(mark, symbol.source), "") for mark in symbol.node.decorator_list}
    return names - {""}


def compare_functions(name: str, promised: Symbol, found: Symbol) -> Iterator[Deviation]:
    """How a function of the code differs from the record's."""
    a, b = side(promised), side(found)
    if isinstance(a.node, ast.AsyncFunctionDef) is not isinstance(b.node, ast.AsyncFunctionDef):
        words = ("`async def`", "`def`") if isinstance(a.node, ast.AsyncFunctionDef) else ("`def`", "`async def`")
        yield differs("signature", name, b.source, b.node, *words)
    yield from _decorators(name, promised, found)
    yield from _positional(name, a, b)
    yield from _keywords(name, a, b)
    yield from _rest(name, a, b)
    yield from _returns(name, a, b)


def _returns(name: str, a: Side, b: Side) -> Iterator[Deviation]:
    implied = name.rpartition(".")[2] == "__init__" and b.node.returns is None
    if (
        a.node.returns is None
        or implied
        or agree(a.plain(a.node.returns), a.source.names, b.plain(b.node.returns), b.source.names, True)
    ):
        return
    where = b.node.returns or b.node
    yield differs("signature", name, b.source, where, f"to return {shown(a.node.returns)}", shown(b.node.returns))


# ---------------------------------------------------------------------- parameters


def _positional(name: str, a: Side, b: Side) -> Iterator[Deviation]:
    wanted = {param.name for param in (*a.positional, *a.keyword.values())}
    here = {param.name: param for param in b.positional}
    taken: set[str] = set()
    for at, param in enumerate(a.positional):
        beside = b.positional[at] if at < len(b.positional) else None
        found = here.get(param.name)
        if found is None and beside and beside.name not in wanted:
            found = beside
            taken.add(beside.name)
            if (param.kind, beside.kind) != ("positional-only", "positional-only"):
                yield _at(name, b, beside, f"parameter `{param.name}` at position {at + 1}", f"`{beside.name}`")
                continue
        yield from _missing(name, b, param) if found is None else _one(name, a, param, b, found)
    for extra in b.positional:
        if extra.name not in wanted | taken:
            yield _at(name, b, extra, "no such parameter", f"`{extra.name}`")
    yield from _order(name, a, b)


def _order(name: str, a: Side, b: Side) -> Iterator[Deviation]:
    shared = {param.name for param in a.positional} & {param.name for param in b.positional}
    expected = [param.name for param in a.positional if param.name in shared]
    found = [param for param in b.positional if param.name in shared]
    for one, other in zip(expected, found, strict=True):
        if one != other.name:
            yield _at(
                name, b, other, f"parameters in the order {', '.join(expected)}", ", ".join(p.name for p in found)
            )
            return


def _keywords(name: str, a: Side, b: Side) -> Iterator[Deviation]:
    positional = {param.name: param for param in b.positional}
    wanted = {param.name for param in (*a.positional, *a.keyword.values())}
    for key, param in a.keyword.items():
        found = b.keyword.get(key) or positional.get(key)
        yield from _missing(name, b, param) if found is None else _one(name, a, param, b, found)
    for key, extra in b.keyword.items():
        if key not in wanted:
            yield _at(name, b, extra, "no such parameter", f"`{key}`")


def _missing(name: str, b: Side, param: Param) -> Iterator[Deviation]:
    found = b.keyword.get(param.name) if param.kind != "keyword-only" else None
    if found:
        yield _at(name, b, found, f"`{param.name}` to be {param.kind}", found.kind)
        return
    yield differs(
        "signature", f"{name}.{param.name}", b.source, b.node, f"parameter `{param.name}`", "none of that name"
    )


def _one(name: str, a: Side, param: Param, b: Side, found: Param) -> Iterator[Deviation]:
    """A parameter that both sides have."""
    if param.kind != found.kind:
        yield _at(name, b, found, f"`{param.name}` to be {param.kind}", found.kind)
    yield from _typed(name, a, param, b, found)
    if param.default is None and found.default is None:
        return
    open_ended = isinstance(param.default, ast.Constant) and param.default.value is ...
    if (open_ended and found.default) or (
        param.default and found.default and agree(param.default, a.source.names, found.default, b.source.names)
    ):
        return
    expected = f"default {shown(param.default)}" if param.default else "no default"
    where = found.default or found.node
    yield differs("signature", f"{name}.{found.name}", b.source, where, expected, shown(found.default))


def _typed(name: str, a: Side, param: Param, b: Side, found: Param) -> Iterator[Deviation]:
    expected, there = param.node.annotation, found.node.annotation
    if expected and not agree(a.plain(expected), a.source.names, b.plain(there), b.source.names, True):
        subject = f"{name}.{found.name}"
        yield differs("signature", subject, b.source, there or found.node, f"type {shown(expected)}", shown(there))


def _rest(name: str, a: Side, b: Side) -> Iterator[Deviation]:
    for mark in ("*", "**"):
        expected, found = a.rest.get(mark), b.rest.get(mark)
        if expected and found:
            yield from _typed(name, a, expected, b, found)
        elif expected:
            yield differs("signature", name, b.source, b.node, f"`{mark}{expected.name}`", "none")
        elif found:
            yield _at(name, b, found, f"no `{mark}` parameter", f"`{mark}{found.name}`")


def _at(name: str, b: Side, param: Param, expected: str, found: str) -> Deviation:
    return differs("signature", f"{name}.{param.name}", b.source, param.node, expected, found)


# ---------------------------------------------------------------------- decorators


def _decorators(name: str, promised: Symbol, found: Symbol) -> Iterator[Deviation]:
    expected, here = kinds(promised), kinds(found)
    assert isinstance(promised.node, Function) and isinstance(found.node, Function)
    if expected != here:
        words = (", ".join(f"@{kind}" for kind in sorted(side)) or "no such decorator" for side in (expected, here))
        marks = found.node.decorator_list
        yield differs("signature", name, found.source, marks[0] if marks else found.node, *words)
    for mark in promised.node.decorator_list:
        kind = last_name(mark, promised.source)
        if kind not in _KINDS and kind not in _SILENT:
            yield from _wraps(name, mark, promised.source, found, found.node.decorator_list)


def _wraps(name: str, mark: ast.expr, source: Source, found: Symbol, marks: Sequence[ast.expr]) -> Iterator[Deviation]:
    """A decorator that the record names: there, with the words that the record gives it."""
    near = [one for one in marks if last_name(one, found.source) == last_name(mark, source)]
    if not any(_as_said(mark, source, one, found.source) for one in near):
        there = shown(near[0]) if near else "none"
        yield differs(
            "signature", name, found.source, near[0] if near else found.node, f"decorator {shown(mark)}", there
        )


def _as_said(mark: ast.expr, source: Source, one: ast.expr, other: Source) -> bool:
    if not isinstance(mark, ast.Call):
        return True
    if not isinstance(one, ast.Call):
        return not mark.args and not mark.keywords
    words = {word.arg: word.value for word in one.keywords}
    return len(mark.args) <= len(one.args) and all(
        agree(a, source.names, b, other.names)
        for a, b in [
            *zip(mark.args, one.args, strict=False),
            *((word.value, words.get(word.arg)) for word in mark.keywords),
        ]
    )
