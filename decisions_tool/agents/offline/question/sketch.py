"""Code sketches from signatures that stand in the key files, bodies left out; Python parses, other languages keep their form. Pure."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from textwrap import indent

from decisions_tool.agents.offline.facts import Function
from decisions_tool.agents.offline.question.ground import Cut

_FENCES = {
    "ts": "typescript",
    "tsx": "typescript",
    "cts": "typescript",
    "mts": "typescript",
    "kt": "kotlin",
    "scala": "scala",
}
_HASH = frozenset({"python", "ruby", "elixir"})
_TABLES = {
    "python": "{name}: dict[str, object] = {{{pairs}}}",
    "javascript": "const {name} = {{ {names} }};",
    "go": "var {name} = map[string]any{{{pairs}}}",
    "ruby": "{name} = {{ {pairs} }}",
    "php": "const {name} = [{quoted}];",
}
_CHOICE = {
    "python": 'def {entry}(name: str) -> object:\n    """{doc}"""\n    ...',
    "javascript": "function {entry}(name) {{\n  // {doc}\n}}",
    "go": "func {entry}(name string) any {{\n\t// {doc}\n\treturn {table}[name]\n}}",
    "ruby": "def {entry}(name)\n  # {doc}\nend",
}


def fence(cut: Cut) -> str:
    """The word behind the backticks."""
    extension = cut.path.rpartition(".")[2]
    return _FENCES.get(extension, cut.language if cut.language not in {"", "other"} else extension)


def block(cut: Cut, *parts: str) -> str:
    """Parts as one fenced block."""
    return f"```{fence(cut)}\n" + "\n\n".join(part.rstrip() for part in parts if part) + "\n```"


def note(cut: Cut, text: str) -> str:
    """A comment line in the file's language."""
    return f"{'#' if cut.language in _HASH else '//'} {text}"


def stub(cut: Cut, function: Function, doc: str, *, new: str = "", option: str = "", passes: str = "") -> str:
    """A function's own signature around a docstring; ``new`` renames it, ``passes`` names what it hands over to."""
    if cut.language == "python":
        return _python(cut, function, doc, new, option, passes)
    return _other(cut, function, f"{doc} It passes on to {passes}." if passes else doc, new)


def table(cut: Cut, names: Sequence[str], name: str) -> str:
    """A table from name to what bears it."""
    quoted = ", ".join(f'"{found}"' for found in names)
    arrow = " => " if cut.language == "ruby" else ": "
    values = [f'"{found}"{arrow}{f"method(:{found})" if cut.language == "ruby" else found}' for found in names]
    said = _TABLES.get(cut.language)
    text = said.format(name=name, names=", ".join(names), pairs=", ".join(values), quoted=quoted) if said else ""
    return text or note(cut, f"{name}: {quoted}")


def choice(cut: Cut, entry: str, table_name: str, doc: str) -> str:
    """The function that looks a name up in the table."""
    said = _CHOICE.get(cut.language)
    return said.format(entry=entry, table=table_name, doc=doc) if said else note(cut, f"{entry}(name): {doc}")


# ---------------------------------------------------------------------- Python


def _python(cut: Cut, function: Function, doc: str, new: str, option: str, passes: str) -> str:
    owner, _, leaf = function.name.rpartition(".")
    node = _node(cut.text, function.line) or _parsed(f"def {leaf if leaf.isidentifier() else 'entry'}() -> None: ...")
    call = _call(node, f"self.{passes}" if owner else passes) if passes else ast.Constant(...)
    node.body = [ast.Expr(ast.Constant(doc.replace("\\", "/"))), ast.Return(call) if passes else ast.Expr(call)]
    node.name = new or node.name
    if option and option not in {arg.arg for arg in _arguments(node)}:
        node.args.kwonlyargs.append(ast.arg(option))
        node.args.kw_defaults.append(ast.Constant(None))
    text = ast.unparse(ast.fix_missing_locations(node))
    return f"class {owner}:\n{indent(text, '    ')}" if owner.isidentifier() else text


def _node(text: str, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's string escapes
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return next((node for node in found if node.lineno == line), None)


def _parsed(text: str) -> ast.FunctionDef:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    spec = node.args
    return [*spec.posonlyargs, *spec.args, *filter(None, [spec.vararg]), *spec.kwonlyargs, *filter(None, [spec.kwarg])]


def _call(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> ast.expr:
    """A call that hands every argument over."""
    spec = node.args
    first = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    given = first[1:] if name.startswith("self.") and first[:1] in (["self"], ["cls"]) else first
    given += [f"*{spec.vararg.arg}"] if spec.vararg else []
    given += [f"{arg.arg}={arg.arg}" for arg in spec.kwonlyargs] + ([f"**{spec.kwarg.arg}"] if spec.kwarg else [])
    call = ast.parse(f"{name}({', '.join(given)})", mode="eval").body
    return ast.Await(call) if isinstance(node, ast.AsyncFunctionDef) else call


# ---------------------------------------------------------------------- other languages


def _other(cut: Cut, function: Function, doc: str, new: str) -> str:
    leaf = function.name.rpartition(".")[2]
    head = _head(cut.text.split("\n")[function.line - 1 : function.line + 9])
    head = re.sub(rf"\b{re.escape(leaf)}\b", new, head, count=1) if new else head
    if cut.language in _HASH:
        return f"{head}\n  {note(cut, doc)}\nend"
    return f"{head} {{\n    {note(cut, doc)}\n}}" if head else note(cut, doc)


def _head(lines: Sequence[str]) -> str:
    """A signature as it stands, from its line to where the body begins."""
    held: list[str] = []
    for line in lines:
        held.append(line.strip())
        text = " ".join(held)
        if text.count("(") <= text.count(")") and text:
            break
    text = " ".join(held)
    body = text.find("{", text.rfind(")") + 1)
    return (text[:body] if body >= 0 else text).rstrip(" ;")
