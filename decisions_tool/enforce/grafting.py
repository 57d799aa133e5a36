"""The types of a code contract put into a file that exists: signatures and fields change, bodies stay. Pure."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from decisions_tool.text import parse_python

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def graft(source: str, contract: str) -> str | None:
    """A Python file with the definitions of a contract; None where one of the two cannot be read."""
    try:
        tree, wanted = parse_python(source), parse_python(contract)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    _merge(tree.body, wanted.body)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _merge(held: list[ast.stmt], wanted: Sequence[ast.stmt]) -> None:
    """Replace what has the same name, add the rest; what the contract does not speak of stays."""
    for node in wanted:
        if isinstance(node, ast.Expr):
            continue
        names = _names(node)
        at = next((n for n, other in enumerate(held) if names and names & _names(other)), None)
        if at is None:
            held.insert(_after_imports(held) if isinstance(node, ast.Import | ast.ImportFrom) else len(held), node)
        else:
            held[at] = _joined(held[at], node)


def _joined(old: ast.stmt, new: ast.stmt) -> ast.stmt:
    if isinstance(old, ast.ClassDef) and isinstance(new, ast.ClassDef):
        old.bases, old.keywords, old.decorator_list = new.bases, new.keywords, new.decorator_list
        old.body = [node for node in old.body if not isinstance(node, ast.Pass)]
        _merge(old.body, new.body)
        old.body = old.body or [ast.Pass()]
        return old
    if isinstance(old, _Function) and isinstance(new, _Function):
        new.body = old.body if _elided(new.body) else new.body
    return new


def _elided(body: Sequence[ast.stmt]) -> bool:
    """Whether a body says nothing but that it is left out."""
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in body
    )


def _names(node: ast.stmt) -> set[str]:
    """What a statement defines."""
    if isinstance(node, _Named):
        return {node.name}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return set()


def _after_imports(held: Sequence[ast.stmt]) -> int:
    """Behind the docstring and what comes from the future."""
    last = 0
    for n, node in enumerate(held):
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if future or (n == 0 and isinstance(node, ast.Expr)):
            last = n + 1
    return last
