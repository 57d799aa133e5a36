"""Code sketches from signatures that stand in the key files, bodies left out. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from textwrap import indent

from decisions_tool.agents.offline.facts import Function
from decisions_tool.agents.offline.question.ground import Cut
from decisions_tool.text import parse_python

_FENCES = {"ts": "typescript", "tsx": "typescript", "cts": "typescript", "mts": "typescript", "kt": "kotlin"}
_HASH = frozenset({"python", "ruby", "elixir"})


def block(cut: Cut, *parts: str) -> str:
    """Parts as one fenced block in the language of the file."""
    extension = cut.path.rpartition(".")[2]
    word = _FENCES.get(extension, cut.language if cut.language not in {"", "other"} else extension)
    return f"```{word}\n" + "\n\n".join(parts) + "\n```"


def note(cut: Cut, text: str) -> str:
    return f"{'#' if cut.language in _HASH else '//'} {text}"


def stub(cut: Cut, function: Function, doc: str, *, new: str = "", option: str = "", passes: str = "") -> str:
    """A function's own signature around a docstring; ``new`` renames it, ``passes`` names what it hands over to."""
    if cut.language == "python":
        return _python(cut, function, doc.replace("\\", "/"), new, option, passes)
    leaf, said = function.name.rpartition(".")[2], f"{doc} Passes on to {passes}." if passes else doc
    head = _head(cut.text.split("\n")[function.line - 1 : function.line + 9])
    head = re.sub(rf"\b{re.escape(leaf)}\b", new, head, count=1) if new else head
    if not head:
        return note(cut, said)
    return f"{head}\n  {note(cut, said)}\nend" if cut.language in _HASH else f"{head} {{\n    {note(cut, said)}\n}}"


def lookup(cut: Cut, names: Sequence[str], table: str, entry: str, doc: str) -> str:
    """A table of names, and the function that looks one up."""
    if cut.language != "python":
        listed = f"{table}: {', '.join(names)}"
        return f"{note(cut, listed)}\n{note(cut, f'{entry}(name): {doc}')}"
    pairs = ", ".join(f'"{name}": {name}' for name in names)
    return f'{table}: dict[str, object] = {{{pairs}}}\n\ndef {entry}(name: str) -> object:\n    """{doc}"""\n    ...'


def _head(lines: Sequence[str]) -> str:
    """A signature as it stands, from its line to where the body begins."""
    text = "\n".join(line.strip() for line in lines)
    start = text.find("(", text.find(")") if text.startswith("func (") else 0)
    depth = 0
    for end, char in enumerate(text[start:], start=start) if start >= 0 else ():
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            rest = re.match(r"[^{};=\n]*(?:=>)?", text[end + 1 :])
            return " ".join((text[: end + 1] + (rest.group(0) if rest else "")).split())
    return re.split(r"[{;]", lines[0])[0].strip() if lines else ""


def _python(cut: Cut, function: Function, doc: str, new: str, option: str, passes: str) -> str:
    owner, _, leaf = function.name.rpartition(".")
    node = _node(cut.text, function.line) or _node(f"def {leaf if leaf.isidentifier() else 'entry'}() -> None: ...", 1)
    assert node is not None
    spec, body = node.args, ast.Constant(...)
    given = {arg.arg for arg in ast.walk(spec) if isinstance(arg, ast.arg)}
    node.body = [ast.Expr(ast.Constant(doc)), ast.Return(_call(node, owner, passes)) if passes else ast.Expr(body)]
    node.name = new or node.name
    if option and option not in given:
        spec.kwonlyargs.append(ast.arg(option))
        spec.kw_defaults.append(ast.Constant(None))
    text = ast.unparse(ast.fix_missing_locations(node))
    return f"class {owner}:\n{indent(text, '    ')}" if owner.isidentifier() else text


def _node(text: str, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        tree = parse_python(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return next((node for node in found if node.lineno == line), None)


def _call(node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str, name: str) -> ast.expr:
    """A call that hands every argument over; a method goes through what it is bound to."""
    spec = node.args
    given = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    bound = given.pop(0) if given and given[0] in {"self", "cls", "mcs"} else ""
    given += [f"*{spec.vararg.arg}"] if spec.vararg else []
    given += [f"{arg.arg}={arg.arg}" for arg in spec.kwonlyargs] + ([f"**{spec.kwarg.arg}"] if spec.kwarg else [])
    said = parse_python(f"{bound or owner}{'.' if owner else ''}{name}({', '.join(given)})").body[0]
    assert isinstance(said, ast.Expr)
    call = said.value
    return ast.Await(call) if isinstance(node, ast.AsyncFunctionDef) else call
