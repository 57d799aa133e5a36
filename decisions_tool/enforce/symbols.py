"""Where a name of Python is defined: in its file, behind an import of the tree, in a base class; and what a class is. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from decisions_tool.enforce.meaning import Meaning, Reading, absolute
from decisions_tool.enforce.tree import Source, Tree, flat, package_of, scope

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
#: How far imports, aliases and bases are followed.
_DEEP = 8
#: How many classes one is built on, at most.
_LONG = 100
_ENUMS = {"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag", "ReprEnum"}
_TRAITS = {
    **dict.fromkeys(_ENUMS, "enum"), "NamedTuple": "tuple", "TypedDict": "mapping", "BaseModel": "model", "BaseSettings": "model",
    "RootModel": "model", "Protocol": "protocol", "Exception": "exception", "BaseException": "exception",
}  # fmt: skip
#: Decorators that make a class of fields.
RECORDS = {"dataclass", "define", "frozen", "mutable"}


class Symbol(NamedTuple):
    """A statement that defines something, and the class that it stands in."""

    source: Source
    node: ast.stmt
    owner: ast.ClassDef | None = None


class Found(NamedTuple):
    """Definitions of a name; ``outside`` where it leads to a module that is not in the tree."""

    symbols: tuple[Symbol, ...] = ()
    outside: str = ""


def look_up(tree: Tree, path: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> Found:
    """Every definition of a name at the top of a file, wherever its imports lead."""
    source = tree.source(path)
    if not isinstance(source, Source) or (path, name) in seen or len(seen) > _DEEP:
        return Found()
    seen |= {(path, name)}
    found: list[Symbol] = []
    outside = ""
    for node in source.scope.get(name, ()):
        further = _further(tree, source, node, name, seen)
        found += [Symbol(source, node)] if further is None else further.symbols
        outside = outside or (further.outside if further else "")
    for star in list(_stars(source))[:_DEEP] if name not in source.scope and len(seen) < 3 else ():
        found += _imported(tree, source, star, name, seen).symbols
    return Found(tuple(found), outside)


def _further(tree: Tree, source: Source, node: ast.stmt, name: str, seen: frozenset[tuple[str, str]]) -> Found | None:
    """Where a statement only hands a name on; None where it defines it."""
    if isinstance(node, ast.ImportFrom):
        for item in node.names:
            if (item.asname or item.name) == name:
                return _imported(tree, source, node, item.name, seen)
    if isinstance(node, ast.Import):
        return Found(outside=name)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
        there = _attribute(tree, source, node.value, seen)
        return there if any(isinstance(one.node, Function | ast.ClassDef) for one in there.symbols) else None
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in source.scope:
        handed = look_up(tree, source.path, node.value.id, seen)
        is_code = any(isinstance(one.node, Function | ast.ClassDef) for one in handed.symbols)
        return handed if is_code or handed.outside else None
    return None


def _stars(source: Source) -> Iterator[ast.ImportFrom]:
    for node in flat(source.module.body):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield node


def _imported(tree: Tree, source: Source, node: ast.ImportFrom, name: str, seen: frozenset[tuple[str, str]]) -> Found:
    module = absolute(node.module or "", node.level, package_of(source.path))
    paths = list(_files(tree, module, source.path))
    for path in paths:
        found = look_up(tree, path, name, seen)
        if found.symbols or found.outside:
            return found
    return Found(outside="" if paths else module)


def _files(tree: Tree, module: str, path: str) -> Iterator[str]:
    """Files of the tree that a module may be, with any folder above the importing file as its root."""
    inner = module.replace(".", "/")
    folder = path.rpartition("/")[0]
    above = [folder]
    while above[-1]:
        above.append(above[-1].rpartition("/")[0])
    for root in dict.fromkeys([*reversed(above), "src", "lib"]):
        for name in (f"{inner}.py", f"{inner}/__init__.py", f"{inner}.pyi"):
            candidate = f"{root}/{name}" if root else name
            if candidate != path and candidate in tree:
                yield candidate


# ---------------------------------------------------------------------- classes


def members(tree: Tree, found: Symbol, name: str) -> tuple[Symbol, ...]:
    """Definitions of a member, in the class itself, on its instances, or in a base that the tree holds."""
    for one in lineage(tree, found):
        assert isinstance(one.node, ast.ClassDef)
        own = scope(one.node.body).get(name) or list(_on_instances(one.node, name))
        if own:
            return tuple(Symbol(one.source, node, one.node) for node in own)
    return ()


def lineage(tree: Tree, found: Symbol) -> list[Symbol]:
    """A class and those of the tree that it is built on, nearest first."""
    line = [found]
    for one in line:
        assert isinstance(one.node, ast.ClassDef)
        for base in one.node.bases if len(line) < _LONG else ():
            plain = base.value if isinstance(base, ast.Subscript) else base
            known = {id(held.node) for held in line}
            further = _classes(tree, one.source, plain)
            line += [new for new in further if isinstance(new.node, ast.ClassDef) and id(new.node) not in known]
    return line


def _classes(tree: Tree, source: Source, base: ast.expr) -> tuple[Symbol, ...]:
    if isinstance(base, ast.Name):
        if tree.source(source.path) is source:
            return look_up(tree, source.path, base.id).symbols
        return tuple(Symbol(source, node) for node in source.scope.get(base.id, ()))
    return _attribute(tree, source, base, frozenset()).symbols


def _attribute(tree: Tree, source: Source, node: ast.expr, seen: frozenset[tuple[str, str]]) -> Found:
    """What ``module.name`` defines, where the module is in the tree."""
    dotted = source.names.dotted(node)
    module, _, name = dotted[0].rpartition(".") if dotted else ("", "", "")
    for path in _files(tree, module, source.path) if module else ():
        return look_up(tree, path, name, seen)
    return Found()


def _on_instances(node: ast.ClassDef, name: str) -> Iterator[ast.stmt]:
    """Statements ``self.name = …`` in the methods of a class."""
    for method in node.body:
        if not isinstance(method, Function):
            continue
        first = next((arg.arg for arg in [*method.args.posonlyargs, *method.args.args]), "")
        for inner in ast.walk(method):
            if isinstance(inner, ast.Assign | ast.AnnAssign) and any(_is_own(t, first, name) for t in _targets(inner)):
                yield inner


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _is_own(node: ast.expr, first: str, name: str) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == name
        and isinstance(node.value, ast.Name)
        and node.value.id == first
    )


def last_name(node: ast.expr, source: Source) -> str:
    """The last part of the name that an expression begins with: ``a.dataclass(frozen=True)`` -> dataclass."""
    inner = node
    while isinstance(inner, ast.Call | ast.Subscript):
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    dotted = source.names.dotted(inner)
    return dotted[0].rpartition(".")[2] if dotted else ""


def traits(tree: Tree, found: Symbol) -> set[str]:
    """What kind of class it is: enum, record (a dataclass), tuple, mapping, model, protocol, exception."""
    said: set[str] = set()
    for one in lineage(tree, found):
        assert isinstance(one.node, ast.ClassDef)
        said |= {_TRAITS.get(last_name(base, one.source), "") for base in one.node.bases}
        if any(last_name(mark, one.source) in RECORDS for mark in one.node.decorator_list):
            said.add("record")
    return said - {""}


def fields(node: ast.ClassDef) -> dict[str, ast.AnnAssign]:
    """Annotated names of a class body, in order."""
    return {
        one.target.id: one
        for one in flat(node.body)
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }


def values(found: Symbol) -> dict[str, tuple[ast.Assign, Meaning]]:
    """The members of an enumeration with their values; what ``auto()`` gives is worked out."""
    assert isinstance(found.node, ast.ClassDef)
    reading = Reading(found.source.names, 1)
    words = any(last_name(base, found.source) == "StrEnum" for base in found.node.bases)
    made: dict[str, tuple[ast.Assign, Meaning]] = {}
    last = 0
    for node in flat(found.node.body):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name = node.targets[0].id
        value = reading.of(node.value)
        if isinstance(node.value, ast.Call) and last_name(node.value, found.source) == "auto":
            value = ("value", "str", repr(name.lower())) if words else ("value", "int", repr(last + 1))
        if value[0] == "value" and value[1] == "int":
            last = int(str(value[2]))
        if not name.startswith("_"):
            made[name] = (node, value)
    return made
