"""What a type or value means, however it is written: ``Optional[X]`` or ``X | None``, ``t.List`` or ``list``, ``60 * 60``. Pure."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

#: A form and what it holds; equal meanings are found by ``same``, because a record seldom imports what it names.
Meaning: TypeAlias = tuple[object, ...]

_TYPING = ("typing.", "typing_extensions.", "collections.abc.", "collections.", "builtins.", "types.")
_PLAIN = {
    "List": "list", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset", "Tuple": "tuple", "Type": "type", "Text": "str",
    "Deque": "deque", "DefaultDict": "defaultdict", "AbstractSet": "abc.Set", "NoneType": "None",
}  # fmt: skip
_FOLDS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_EMPTY = {ast.List: "list", ast.Dict: "dict", ast.Tuple: "tuple"}


@dataclass
class Names:
    """What the names of one file stand for: imported ones by dotted name, assigned ones by what they were given."""

    imported: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, ast.expr] = field(default_factory=dict)

    @classmethod
    def of(cls, module: ast.Module, package: str) -> Names:
        names = cls()
        for node in ast.walk(module):
            names.imported |= dict(imports(node, package))
        for node in module.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                names.assigned[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                names.assigned[node.target.id] = node.value
            elif type(node).__name__ == "TypeAlias":
                names.assigned[node.name.id] = node.value  # type: ignore[attr-defined]
        return names

    def dotted(self, node: ast.expr) -> tuple[str, bool] | None:
        """(dotted name, whether an import explains it) of a name or a chain of attributes."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        head = self.imported.get(node.id)
        return ".".join([head or node.id, *reversed(parts)]), head is not None


def imports(node: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    """(name here, dotted name) of what an import binds; a relative one is counted from its package."""
    if isinstance(node, ast.Import):
        for item in node.names:
            yield (item.asname, item.name) if item.asname else (item.name.split(".")[0], item.name.split(".")[0])
    elif isinstance(node, ast.ImportFrom):
        module = absolute(node.module or "", node.level, package)
        for item in node.names:
            yield item.asname or item.name, f"{module}.{item.name}" if module else item.name


def absolute(module: str, level: int, package: str) -> str:
    """The dotted name of a module that an import of a package names."""
    if not level:
        return module
    above = package.split(".") if package else []
    base = above[: max(0, len(above) - level + 1)]
    return ".".join([*base, module] if module else base)


# ---------------------------------------------------------------------- meanings


class Reading:
    """Reads expressions of one file; ``deep`` follows names that the file itself assigns."""

    def __init__(self, names: Names, deep: int = 0) -> None:
        self.names = names
        self.deep = deep

    def of(self, node: ast.expr | None, typed: bool = False) -> Meaning:
        """The meaning of a value, or of an annotation."""
        if node is None:
            return ("nothing",)
        named = self.names.dotted(node)
        if named:
            return self._name(*named, typed)
        if isinstance(node, ast.Constant):
            return self._constant(node, typed)
        if isinstance(node, ast.Subscript):
            return self._of(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return _union([self.of(node.left, typed), self.of(node.right, typed)])
        if isinstance(node, ast.Call):
            return self._call(node)
        return self._plain(node, typed)

    def _name(self, dotted: str, known: bool, typed: bool) -> Meaning:
        if self.deep and dotted in self.names.assigned:
            return Reading(self.names, self.deep - 1).of(self.names.assigned[dotted], typed)
        for start in _TYPING if known else ("typing.", "t.", "collections.abc.", "builtins."):
            if dotted.startswith(start) and dotted != "collections.abc":
                bare = dotted.removeprefix(start)
                return (
                    "name",
                    "abc.Set" if start == "collections.abc." and bare == "Set" else _PLAIN.get(bare, bare),
                    False,
                )
        return ("name", dotted if known else _PLAIN.get(dotted, dotted), known)

    def _constant(self, node: ast.Constant, typed: bool) -> Meaning:
        if typed and isinstance(node.value, str):
            try:
                return self.of(ast.parse(node.value.strip(), mode="eval").body, typed=True)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return ("value", "str", node.value)
        if node.value is None:
            return ("name", "None", False)
        return ("value", type(node.value).__name__, repr(node.value))

    def _of(self, node: ast.Subscript) -> Meaning:
        base = self.of(node.value, typed=True)
        name = str(base[1]).rpartition(".")[2] if base[0] == "name" else ""
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            return ("choice", *(self.of(one) for one in inner))
        if name == "Annotated" and inner:
            return ("noted", self.of(inner[0], typed=True), *(self.of(one) for one in inner[1:]))
        held = [self.of(one, typed=True) for one in inner]
        if name == "Optional":
            return _union([*held, ("name", "None", False)])
        if name == "Union":
            return _union(held)
        return held[0] if name in {"Final", "Required"} and held else ("of", base, *held)

    def _call(self, node: ast.Call) -> Meaning:
        words = sorted((word.arg or "**", self.of(word.value)) for word in node.keywords)
        return ("call", self.of(node.func), ("args", *(self.of(one) for one in node.args)), *words)

    def _plain(self, node: ast.expr, typed: bool) -> Meaning:
        folded = fold(node)
        if folded is not None:
            return ("value", type(folded).__name__, repr(folded))
        if isinstance(node, ast.List | ast.Tuple):
            return (type(node).__name__, *(self.of(one, typed) for one in node.elts))
        if isinstance(node, ast.Set):
            return ("choice", *(self.of(one) for one in node.elts))
        if isinstance(node, ast.Dict):
            return ("pairs", *(("pair", self.of(a), self.of(b)) for a, b in zip(node.keys, node.values, strict=True)))
        if isinstance(node, ast.Lambda) and type(node.body) in _EMPTY and not list(ast.iter_child_nodes(node.body))[1:]:
            return ("name", _EMPTY[type(node.body)], False)
        return ("code", ast.unparse(node))


def fold(node: ast.expr) -> object:
    """The value of arithmetic and of joined texts that stand written out; None for all else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = fold(node.operand)
        return -inner if isinstance(inner, int | float) else None
    if not isinstance(node, ast.BinOp):
        return None
    left, right = fold(node.left), fold(node.right)
    if isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add):
        return left + right
    made = _FOLDS.get(type(node.op))
    if made is None or not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    try:
        return made(left, right)
    except (ArithmeticError, ValueError):
        return None


def _union(members: Sequence[Meaning]) -> Meaning:
    flat: list[Meaning] = []
    for member in members:
        flat += member[1:] if member[0] == "union" else [member]  # type: ignore[arg-type]
    return ("union", *flat)


# ---------------------------------------------------------------------- comparing

_UNORDERED = {"union", "choice", "pairs"}


def same(one: object, other: object) -> bool:
    """Whether two meanings agree as far as both are known."""
    if not isinstance(one, tuple) or not isinstance(other, tuple):
        return one == other
    if not one or not other:
        return one == other
    if "noted" in (one[0], other[0]) and one[0] != other[0]:
        one, other = (side[1] if side[0] == "noted" else side for side in (one, other))
        return same(one, other)
    if one[0] == other[0] == "name":
        return _same_name(str(one[1]), bool(one[2]), str(other[1]), bool(other[2]))
    if one[0] != other[0]:
        return False
    if one[0] in _UNORDERED:
        return _covers(one[1:], other[1:]) and _covers(other[1:], one[1:])
    return len(one) == len(other) and all(map(same, one, other))


def _covers(these: Sequence[object], those: Sequence[object]) -> bool:
    return all(any(same(one, other) for other in those) for one in these)


def _same_name(one: str, known: bool, other: str, other_known: bool) -> bool:
    """Dotted names agree where one ends in the other, or where only the package between differs."""
    a, b = _explained(one, known), _explained(other, other_known)
    short, long = sorted((a, b), key=len)
    if long[-len(short) :] == short:
        return True
    return known and other_known and a[0] == b[0] and a[-1] == b[-1]


def _explained(dotted: str, known: bool) -> list[str]:
    """A name without the alias of a module that no import explains."""
    parts = dotted.split(".")
    return parts[1:] if not known and len(parts) > 1 and parts[0].islower() else parts


def agree(one: ast.expr | None, names: Names, other: ast.expr | None, others: Names, typed: bool = False) -> bool:
    """Whether two expressions of two files mean the same; names that a file assigns are followed where need be."""
    first, second = Reading(names).of(one, typed), Reading(others).of(other, typed)
    if same(first, second):
        return True
    return same(Reading(names, 3).of(one, typed), Reading(others, 3).of(other, typed))
