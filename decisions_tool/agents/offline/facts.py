"""What one source file says about itself: functions, loops, handlers, state, open ends. Text is read, never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from decisions_tool.agents.offline.scanner import scan
from decisions_tool.agents.offline.wording import quote
from decisions_tool.text import parse_python

_MUTABLE = frozenset(
    {"dict", "list", "set", "defaultdict", "deque", "OrderedDict", "Counter", "WeakValueDictionary", "bytearray"}
)
_LITERALS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MOST_NAMES = 40
_RAISES = re.compile(r"\b(?:throw|raise|rethrow|panic|abort)\b")
_HANDLERS = (ast.Try, ast.TryStar, ast.ExceptHandler)
_IMPORTS = (ast.Import, ast.ImportFrom)
_BLOCKS = (ast.ClassDef, ast.If, ast.With, ast.AsyncWith, ast.Match, ast.match_case)
#: Statements that hold others or say something themselves; the rest, which is most of a file, is passed over.
_TELLING = frozenset((*_FUNCTIONS, *_LOOPS, *_HANDLERS, *_IMPORTS, *_BLOCKS, ast.Global))
_OPEN_END = re.compile(r"(?:#|//|/\*|\*|--|;|<!--)[^\n]*?\b((?:TODO|FIXME|XXX|HACK)\b[^\n]*)")
_ASSIGNS = r"\s*(?:[-+*/|&]?=(?![=>])|\+\+|--)"
#: What makes a name a local or a parameter; in Python an assignment does.
_NOT_OURS = r"\b(?:def|function|func)\b.*[(,]\s*{0}\b|\bas {0}\b|\b(?:for|let|var|const)\s+{0}\b|\b{0}\s*:="
_CHANGES = (
    r"(?:\[[^\]\n]*\]\s*(?:[-+|&*/]|//)?=(?!=)"
    r"|\.(?:append|add|update|pop|popitem|clear|setdefault|extend|insert|remove|discard|push|set|delete|splice)\()"
)


class Function(NamedTuple):
    """``loops`` holds the lines of the deepest loop nest, outermost first."""

    name: str
    line: int
    length: int
    parameters: int = 0
    annotated: bool = True
    loops: tuple[int, ...] = ()


class Note(NamedTuple):
    line: int
    text: str


class State(NamedTuple):
    """A module-level name and the line on which it is changed later."""

    line: int
    name: str
    changed: int


class RawImport(NamedTuple):
    """An import as written: ``level`` counts leading dots, ``how`` is empty, ``types`` or the function it hides in."""

    line: int
    target: str
    name: str = ""
    alias: str = ""
    level: int = 0
    how: str = ""


@dataclass(frozen=True)
class Facts:
    """``defined`` maps top-level names to lines; ``parsed`` is false where lines were read by their look."""

    lines: int = 0
    length: int = 0
    functions: tuple[Function, ...] = ()
    defined: Mapping[str, int] = field(default_factory=dict)
    broad: tuple[Note, ...] = ()
    silent: tuple[Note, ...] = ()
    state: tuple[State, ...] = ()
    todos: tuple[Note, ...] = ()
    imports: tuple[RawImport, ...] = ()
    parsed: bool = True


def read_facts(language: str, text: str) -> Facts:
    """The facts of one file; a Python file that does not parse is read by its look, as other languages are."""
    lines = text.split("\n")
    count = sum(1 for line in lines if line.strip())
    todos = tuple(_open_ends(text))
    if language == "python":
        tree = _tree(text)
        if tree is not None:
            walk = _Walk(text)
            walk.module(tree)
            return walk.facts(count, len(lines), todos)
    found = scan(language, text)
    functions = tuple(Function(quote(f[0], 80), *f[1:]) for f in found.functions)
    broad = tuple(
        Note(line, _around(functions, line))
        for line in found.broad
        if not _RAISES.search("\n".join(lines[line - 1 : line + 8]))
    )
    names = {name: line for line, name in found.state}
    state = tuple(_changed(text, names, functions, rf"(?:{_ASSIGNS}|{_CHANGES})", _NOT_OURS))
    return Facts(count, len(lines), functions, found.defined, broad, (), state, todos, (), parsed=language != "python")


def _around(functions: Sequence[Function], line: int) -> str:
    """The innermost function around a line."""
    return max(((f.line, f.name) for f in functions if f.line <= line < f.line + f.length), default=(0, ""))[1]


def _tree(text: str) -> ast.Module | None:
    try:
        return parse_python(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _open_ends(text: str) -> Iterator[Note]:
    if not any(word in text for word in ("TODO", "FIXME", "XXX", "HACK")):
        return
    for number, line in enumerate(text.split("\n"), start=1):
        match = _OPEN_END.search(line[:300])
        if match:
            yield Note(number, quote(match.group(1), 70))


class _Place(NamedTuple):
    """Where a statement stands: name prefix, index of the function around it, loops around it, type-only block."""

    prefix: str = ""
    function: int | None = None
    loops: tuple[int, ...] = ()
    types: bool = False


class _Walk:
    """Goes through the statements of a module with a stack of its own, so that deep files cannot exhaust Python's."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.functions: list[Function] = []
        self.loops: list[tuple[int, ...]] = []
        self.defined: dict[str, int] = {}
        self.broad: list[Note] = []
        self.silent: list[Note] = []
        self.imports: list[RawImport] = []
        self.mutable: dict[str, int] = {}
        self.declared: dict[str, int] = {}
        self.stack: list[tuple[ast.AST, _Place]] = []

    def module(self, tree: ast.Module) -> None:
        for node in tree.body:
            self._top(node)
        self._push(tree.body, _Place())
        while self.stack:
            self._visit(*self.stack.pop())

    def facts(self, lines: int, length: int, todos: tuple[Note, ...]) -> Facts:
        return Facts(
            lines=lines,
            length=length,
            functions=tuple(f._replace(loops=loops) for f, loops in zip(self.functions, self.loops, strict=True)),
            defined=self.defined,
            broad=tuple(sorted(self.broad)),
            silent=tuple(sorted(self.silent)),
            state=tuple(self._state()),
            todos=todos,
            imports=tuple(sorted(self.imports)),
        )

    def _push(self, nodes: Sequence[ast.AST], place: _Place) -> None:
        self.stack.extend((node, place) for node in reversed(nodes) if type(node) in _TELLING)

    def _top(self, node: ast.stmt) -> None:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self.defined.setdefault(node.name, node.lineno)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name):
                self.defined.setdefault(target.id, node.lineno)
                if _is_mutable(getattr(node, "value", None)):
                    self.mutable.setdefault(target.id, node.lineno)

    def _visit(self, node: ast.AST, place: _Place) -> None:
        if isinstance(node, _FUNCTIONS):
            self._function(node, place)
        elif isinstance(node, ast.ClassDef):
            self._push(node.body, _Place(f"{place.prefix}{node.name}."))
        elif isinstance(node, _LOOPS):
            self._loop(node, place)
        elif isinstance(node, ast.If):
            self._push(node.orelse, place)
            self._push(node.body, place._replace(types=place.types or _is_types_only(node.test)))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self.imports.extend(_imports(node, self._how(place)))
        elif isinstance(node, ast.Global):
            for name in node.names:
                self.declared.setdefault(name, node.lineno)
        else:
            self._inner(node, place)

    def _inner(self, node: ast.AST, place: _Place) -> None:
        if isinstance(node, ast.ExceptHandler):
            if _is_broad(node):
                self.broad.append(Note(node.lineno, self._around(place)))
            elif all(isinstance(inner, ast.Pass) for inner in node.body):
                self.silent.append(Note(node.lineno, self._around(place)))
        for part in ("finalbody", "orelse", "handlers", "cases", "body"):
            inner = getattr(node, part, None)
            if isinstance(inner, list):
                self._push(inner, place)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, place: _Place) -> None:
        name = f"{place.prefix}{node.name}"
        spec = node.args
        given = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *filter(None, (spec.vararg, spec.kwarg))]
        if place.prefix.endswith(".") and place.function is None and given and given[0].arg in {"self", "cls", "mcs"}:
            given = given[1:]
        annotated = not given or node.returns is not None or any(arg.annotation for arg in given)
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        shown = name if name.isascii() and len(name) <= 80 else quote(".".join(name.split(".")[-2:]), 80)
        self.functions.append(Function(shown, node.lineno, length, len(given), annotated))
        self.loops.append(())
        self._push(node.body, _Place(f"{name}.", len(self.functions) - 1))

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, place: _Place) -> None:
        loops = place.loops if _is_fixed(getattr(node, "iter", None)) else (*place.loops, node.lineno)
        if place.function is not None and len(loops) > len(self.loops[place.function]):
            self.loops[place.function] = loops
        self._push(node.orelse, place)
        self._push(node.body, _Place(place.prefix, place.function, loops, place.types))

    def _how(self, place: _Place) -> str:
        return "types" if place.types else self._around(place)

    def _around(self, place: _Place) -> str:
        return "" if place.function is None else self.functions[place.function].name

    def _state(self) -> Iterator[State]:
        """Module-level names that the module itself changes later; a table that nobody changes is a constant."""
        names = {name: line for name, line in self.mutable.items() if name not in self.declared}
        yield from _changed(self.text, names, self.functions, _CHANGES, _NOT_OURS + r"|\s{0}\s*(?::[^=]+)?=[^=]")
        said = {name: self.defined[name] for name in self.declared if name in self.defined}
        yield from _changed(self.text, said, self.functions, rf"(?:{_ASSIGNS}|{_CHANGES})", r"(?!)")


def _imports(node: ast.Import | ast.ImportFrom, how: str) -> Iterator[RawImport]:
    if isinstance(node, ast.Import):
        for item in node.names:
            yield RawImport(node.lineno, item.name, "", item.asname or item.name, 0, how)
    else:
        for item in node.names:
            yield RawImport(node.lineno, node.module or "", item.name, item.asname or item.name, node.level, how)


def _is_types_only(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _is_fixed(over: ast.expr | None) -> bool:
    """True for a loop whose length is written down, such as one over ``("a", "b")``."""
    if isinstance(over, ast.IfExp):
        return _is_fixed(over.body) and _is_fixed(over.orelse)
    if isinstance(over, ast.Call) and getattr(over.func, "id", "") == "range":
        return all(isinstance(arg, ast.Constant) for arg in over.args)
    return isinstance(over, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.Constant)


def _is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        made = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        return made in _MUTABLE
    return isinstance(value, _LITERALS)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """True when a handler catches everything and does not pass it on."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    everything = any(kind is None or getattr(kind, "id", "") in {"Exception", "BaseException"} for kind in caught)
    return everything and not any(isinstance(inner, ast.Raise) for inner in ast.walk(handler))


def _changed(
    text: str, names: Mapping[str, int], functions: Sequence[Function], changes: str, not_ours: str
) -> Iterator[State]:
    """Names that a function changes; a local or a parameter of the same name is somebody else."""
    lines = text.split("\n") if names else []
    for name, defined in list(names.items())[:_MOST_NAMES]:
        found = [(number, line[:200]) for number, line in enumerate(lines, start=1) if name in line]
        if not any(number != defined and line[:1].isspace() for number, line in found):
            continue
        word = re.escape(name)
        local = re.compile(not_ours.format(word))
        change = re.compile(rf"\s+(?:[^#\"']*[^\w.#\"'])?{word}{changes}")
        told = [(number, line) for number, line in found if not line.lstrip().startswith(("#", "//", "*", "/*"))]
        at = next((number for number, line in told if change.match(line) and _around(functions, number)), 0)
        if at and not any(local.search(line) for number, line in told if number != defined):
            yield State(defined, quote(name, 60), at)
