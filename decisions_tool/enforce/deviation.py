"""What is said of code that is not as a record says: where, about which name, expected and found. Pure."""

from __future__ import annotations

import ast
from typing import NamedTuple

from decisions_tool.enforce.tree import Source


class Deviation(NamedTuple):
    """``subject`` is the name that an addendum gives to make it legal; the rule stands without its prefix."""

    rule: str
    subject: str
    path: str
    line: int
    column: int
    message: str


def differs(rule: str, subject: str, source: Source, node: ast.AST, expected: str, found: str) -> Deviation:
    """A deviation at a node of the code."""
    return Deviation(rule, subject, source.path, *source.place(node), f"{subject}: expected {expected}, found {found}")


def shown(node: ast.expr | None, nothing: str = "none") -> str:
    """An expression as one short line."""
    if node is None:
        return nothing
    text = " ".join(ast.unparse(node).split())
    return f"`{text if len(text) <= 80 else text[:79] + '…'}`"
