"""Classes, their fields and constants of a record held against those of the code. Pure."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import NamedTuple

from decisions_tool.enforce.deviation import Deviation, differs, shown
from decisions_tool.enforce.meaning import Meaning, Reading, agree, same
from decisions_tool.enforce.symbols import RECORDS, Function, Symbol, fields, last_name, lineage, traits, values
from decisions_tool.enforce.tree import Source, Tree

_UNSAID = {"object", "Generic", "ABC"}
#: Words of ``@dataclass`` that change who may do what, with what holds without them.
_WORDS = {"frozen": False, "kw_only": False, "eq": True, "init": True}
#: Kinds of classes whose fields are their shape.
_SHAPED = {"record", "tuple", "mapping", "model"}


def compare_class(
    tree: Tree, name: str, promised: Symbol, found: Symbol, known: Collection[str]
) -> Iterator[Deviation]:
    """How a class differs from the record's, apart from members; ``known`` are all fields that records give it."""
    assert isinstance(promised.node, ast.ClassDef)
    said = traits(Tree(lambda path: None, lambda: ()), promised)
    yield from _bases(tree, name, promised, found, said)
    yield from _marks(name, promised, found)
    kind = traits(tree, found)
    if "enum" in said & kind:
        yield from _enumeration(name, promised, found)
    elif kind & _SHAPED and known and not _open(promised.node):
        yield from _extra(name, found, kind, known)
        yield from _order(tree, name, promised, found, kind)


def _open(node: ast.ClassDef) -> bool:
    """Whether the record leaves a part of the class out: an ellipsis beside other members."""
    dots = [
        isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and one.value.value is ...
        for one in node.body
    ]
    return any(dots) and not all(dots)


# ---------------------------------------------------------------------- bases and decorators


def _bases(tree: Tree, name: str, promised: Symbol, found: Symbol, said: set[str]) -> Iterator[Deviation]:
    assert isinstance(promised.node, ast.ClassDef) and isinstance(found.node, ast.ClassDef)
    all_bases = [
        (one.source, base)
        for one in lineage(tree, found)
        if isinstance(one.node, ast.ClassDef)
        for base in one.node.bases
    ]
    kept: list[str] = []
    for base in promised.node.bases:
        last = last_name(base, promised.source)
        if last in _UNSAID:
            continue
        kept.append(last)
        if not any(_same_base(base, promised.source, other, source) for source, other in all_bases):
            there = ", ".join(shown(one) for one in found.node.bases) or "none"
            where = found.node.bases[0] if found.node.bases else found.node
            yield differs("class", name, found.source, where, f"base {shown(base)}", there)
    here = [(last_name(base, found.source), base) for base in found.node.bases]
    order = [last for last, _ in here if last in kept]
    if order != [last for last in kept if last in order]:
        yield differs(
            "class", name, found.source, found.node.bases[0], f"bases in the order {', '.join(kept)}", ", ".join(order)
        )
    for last, base in here:
        new = _new_kind(tree, found, base) - said
        if last not in kept and new:
            yield differs(
                "class", name, found.source, base, "no such base", f"{shown(base)}, which makes it an {new.pop()}"
            )
    yield from _class_words(name, promised, found)


def _same_base(base: ast.expr, source: Source, other: ast.expr, others: Source) -> bool:
    if isinstance(base, ast.Subscript):
        return agree(base, source.names, other, others.names, True)
    return last_name(base, source) == last_name(other, others)


def _new_kind(tree: Tree, found: Symbol, base: ast.expr) -> set[str]:
    """What a base makes of a class."""
    assert isinstance(found.node, ast.ClassDef)
    alone = ast.ClassDef(found.node.name, [base], [], [], [])
    return traits(tree, Symbol(found.source, alone)) - {"protocol", "record"}


def _class_words(name: str, promised: Symbol, found: Symbol) -> Iterator[Deviation]:
    assert isinstance(promised.node, ast.ClassDef) and isinstance(found.node, ast.ClassDef)
    here = {word.arg: word.value for word in found.node.keywords}
    for word in promised.node.keywords:
        abstract = word.arg == "metaclass" and any(last_name(base, found.source) == "ABC" for base in found.node.bases)
        value = here.get(word.arg)
        if not abstract and not agree(word.value, promised.source.names, value, found.source.names):
            where = value or found.node
            yield differs("class", name, found.source, where, f"`{word.arg}={ast.unparse(word.value)}`", shown(value))


def _marks(name: str, promised: Symbol, found: Symbol) -> Iterator[Deviation]:
    assert isinstance(promised.node, ast.ClassDef) and isinstance(found.node, ast.ClassDef)
    here = {last_name(mark, found.source): mark for mark in found.node.decorator_list}
    for mark in promised.node.decorator_list:
        last = last_name(mark, promised.source)
        there = here.get(last)
        if there is None and last not in {"final", "runtime_checkable"}:
            yield differs("class", name, found.source, found.node, f"decorator {shown(mark)}", "none")
        elif there is not None:
            yield from _mark_words(name, promised.source, mark, found.source, there, last in RECORDS)


def _mark_words(
    name: str, source: Source, mark: ast.expr, other: Source, there: ast.expr, record: bool
) -> Iterator[Deviation]:
    expected, here = _words(mark), _words(there)
    for word in dict.fromkeys([*expected, *(_WORDS if record else ())]):
        usual: ast.expr | None = ast.Constant(_WORDS[word]) if word in _WORDS else None
        a, b = expected.get(word, usual), here.get(word, usual)
        if not agree(a, source.names, b, other.names):
            where = here.get(word, there)
            yield differs("class", name, other, where, f"`{word}={ast.unparse(a) if a else ''}`", shown(b))


def _words(mark: ast.expr) -> dict[str, ast.expr]:
    return {word.arg or "**": word.value for word in mark.keywords} if isinstance(mark, ast.Call) else {}


# ---------------------------------------------------------------------- shape


def _enumeration(name: str, promised: Symbol, found: Symbol) -> Iterator[Deviation]:
    assert isinstance(promised.node, ast.ClassDef)
    expected, here = values(promised), values(found)
    for member, (node, value) in expected.items():
        there = here.get(member)
        if there is None:
            yield differs("missing", f"{name}.{member}", found.source, found.node, f"member `{member}`", "none")
        elif value != ("value", "ellipsis", "Ellipsis") and not same(value, there[1]):
            words = shown(node.value), shown(there[0].value)
            yield differs("value", f"{name}.{member}", found.source, there[0], *words)
    for member, (found_node, _) in here.items():
        if member not in expected and expected and not _open(promised.node):
            yield differs("class", f"{name}.{member}", found.source, found_node, "no such member", f"`{member}`")


def _extra(name: str, found: Symbol, kind: set[str], known: Collection[str]) -> Iterator[Deviation]:
    assert isinstance(found.node, ast.ClassDef)
    for field, node in fields(found.node).items():
        if field not in known and not field.startswith("_") and _counts(node, found.source):
            yield differs("class", f"{name}.{field}", found.source, node, "no such field", f"`{field}`")


def _counts(node: ast.AnnAssign, source: Source) -> bool:
    """Whether a field is part of how an object is made."""
    if last_name(node.annotation, source) == "ClassVar" or getattr(node.target, "id", "") == "model_config":
        return False
    words = _words(node.value) if node.value else {}
    return not (isinstance(init := words.get("init"), ast.Constant) and init.value is False)


def _order(tree: Tree, name: str, promised: Symbol, found: Symbol, kind: set[str]) -> Iterator[Deviation]:
    """Fields of a dataclass or a named tuple are positions."""
    assert isinstance(promised.node, ast.ClassDef) and isinstance(found.node, ast.ClassDef)
    by_name = any(
        isinstance(w := _words(m).get("kw_only"), ast.Constant) and w.value for m in found.node.decorator_list
    )
    if not kind & {"record", "tuple"} or by_name:
        return
    here = fields(found.node)
    expected = [field for field in fields(promised.node) if field in here]
    order = [field for field in here if field in expected]
    for one, other in zip(expected, order, strict=True):
        if one != other:
            words = f"fields in the order {', '.join(expected)}", ", ".join(order)
            yield differs("class", name, found.source, here[other], *words)
            return


# ---------------------------------------------------------------------- fields and constants


class _Given(NamedTuple):
    """A name with its type and value on one side."""

    annotation: ast.expr | None
    value: ast.expr | None
    source: Source


def compare_field(name: str, promised: Symbol, found: Symbol, shaped: bool) -> Iterator[Deviation]:
    """A field of a class, or a constant of a module; outside of shapes a type that only the record states is no matter."""
    a, b = _given(promised), _given(found)
    typed = a.annotation is not None and last_name(a.annotation, a.source) != "TypeAlias"
    loose = b.annotation is None and not shaped and not isinstance(found.node, Function)
    if typed and not loose and not agree(a.annotation, a.source.names, b.annotation, b.source.names, True):
        where = b.annotation or found.node
        yield differs(
            "class" if promised.owner else "value",
            name,
            b.source,
            where,
            f"type {shown(a.annotation)}",
            shown(b.annotation),
        )
    if isinstance(found.node, Function) or (
        found.owner and isinstance(found.node, ast.Assign | ast.AnnAssign) and _inner(found.node)
    ):
        return
    yield from _defaults(name, a, b, found, shaped)


def _inner(node: ast.Assign | ast.AnnAssign) -> bool:
    """Whether it stands in a method, where the value is nobody's default."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return isinstance(target, ast.Attribute)


def _given(symbol: Symbol) -> _Given:
    node = symbol.node
    if isinstance(node, Function):
        return _Given(node.returns, None, symbol.source)
    if isinstance(node, ast.AnnAssign):
        return _Given(node.annotation, node.value, symbol.source)
    return _Given(None, getattr(node, "value", None), symbol.source)


def _defaults(name: str, a: _Given, b: _Given, found: Symbol, shaped: bool) -> Iterator[Deviation]:
    if isinstance(a.value, ast.Constant) and a.value.value is ...:
        return
    for deep in (0, 3):
        expected, there = _default(a, deep), _default(b, deep)
        if same(expected, there):
            yield from _field_words(name, a, b, found)
            return
    if not shaped and (expected == ("nothing",) or expected[0] == "made"):
        return
    if a.value and b.value and agree(a.value, a.source.names, b.value, b.source.names, True):
        return
    where = b.value or found.node
    words = f"value {shown(a.value)}" if a.value else "no default", shown(b.value)
    yield differs("value", name, b.source, where, *words)


_FIELDS = {"field", "Field", "attrib", "ib"}


def _default(given: _Given, deep: int) -> Meaning:
    """What a field is without being told: nothing, a value, or something made anew."""
    reading = Reading(given.source.names, deep)
    node = given.value
    if isinstance(node, ast.Call) and last_name(node, given.source) in _FIELDS:
        words = _words(node)
        if factory := words.get("default_factory") or words.get("factory"):
            return ("made", reading.of(factory))
        node = words.get("default") or (node.args[0] if node.args else None)
        if isinstance(node, ast.Constant) and node.value is ...:
            node = None
    meaning = reading.of(node)
    if meaning in {("List",), ("pairs",)}:
        return ("made", ("name", "list" if meaning == ("List",) else "dict", False))
    if meaning[0] == "call" and meaning[2:] == (("args",),) and same(meaning[1], ("name", "set", False)):
        return ("made", ("name", "set", False))
    return meaning


def _field_words(name: str, a: _Given, b: _Given, found: Symbol) -> Iterator[Deviation]:
    """Words of ``field(...)`` that the record gives, such as ``ge=0`` or ``alias``."""
    if not (isinstance(a.value, ast.Call) and last_name(a.value, a.source) in _FIELDS):
        return
    here = {**_noted(b), **(_words(b.value) if b.value else {})}
    for word, value in _words(a.value).items():
        if word in {"default", "default_factory", "factory", "description", "title", "examples", "metadata"}:
            continue
        if not agree(value, a.source.names, here.get(word), b.source.names):
            where = here.get(word) or b.value or found.node
            yield differs("value", name, b.source, where, f"`{word}={ast.unparse(value)}`", shown(here.get(word)))


def _noted(given: _Given) -> dict[str, ast.expr]:
    """The words of a ``Field`` that stands in ``Annotated``."""
    inner = given.annotation.slice if isinstance(given.annotation, ast.Subscript) else None
    notes = inner.elts[1:] if isinstance(inner, ast.Tuple) else []
    return {
        word: value
        for note in notes
        if last_name(note, given.source) in _FIELDS
        for word, value in _words(note).items()
    }
