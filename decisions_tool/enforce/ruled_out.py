"""Imports and files that a decision rules out: sentences that can be held mechanically, and where the code breaks one. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from decisions_tool.documents.lines import Line
from decisions_tool.documents.sections import entries, nothing
from decisions_tool.enforce.blocks import is_path
from decisions_tool.enforce.deviation import Deviation
from decisions_tool.enforce.meaning import Names, absolute, fold
from decisions_tool.enforce.tree import Source, Tree, Unreadable, package_of

#: Code spans, and plain words with a slash in them.
_WORDS = re.compile(r"`([^`]+)`|(?<![\w`])[\w*.-]+/[\w*./-]*")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\.\*)?")
_STATEMENT = re.compile(r"(?:import\s+([\w.]+)|from\s+([\w.]+)\s+import(?:\s+(\w+|\*))?).*")
_PASSIVE = re.compile(r"\bimported\b|\bdepended on\b", re.I)
_ACTIVE = re.compile(r"\bimport(?:s|ing)?(?: of| from)?\b|\bdepend(?:s|ing|ency|encies)? on\b", re.I)
_NOT = re.compile(r"\b(?:not|never|no|nothing|nobody|forbidden|banned|only|ruled out|cannot|without)\b|n't\b", re.I)
_ONLY = re.compile(r"\bonly\b", re.I)
_EXCEPT = re.compile(r"\b(?:outside(?: of)?|except(?: in| for| from)?|other than|but not in|elsewhere than)\b", re.I)
#: A place that no path names, other than the whole repository.
_VAGUE = re.compile(
    r"\b(?:in|inside|under|within|below|outside|except)\b "
    r"(?!(?:this|the|our|any|all|new) (?:repository|project|code ?base|code|modules?|files?|case)\b)", re.I,
)  # fmt: skip
_INSIDE = re.compile(r"\b(?:in|inside|under|within|below|by|from|anywhere in)\b", re.I)
_FILES = re.compile(
    r"\b(?:exists?|creat(?:e|ed)|add(?:ed)?|(?:re)?introduced?|come back|no (?:new )?(?:files?|modules?|folders?|code))\b",
    re.I,
)


class Rule(NamedTuple):
    """What is ruled out, where, and where not; a rule without modules rules out files."""

    modules: tuple[str, ...]
    inside: tuple[str, ...]
    outside: tuple[str, ...]
    line: int
    said: str

    def covers(self, path: str, tree: Tree) -> bool:
        """Whether the rule speaks of a file."""
        here = not self.inside or any(lies(path, pattern, tree) for pattern in self.inside)
        return here and not any(lies(path, pattern, tree) for pattern in self.outside)


class Unread(NamedTuple):
    """A sentence that cannot be held mechanically."""

    line: int
    said: str


# ---------------------------------------------------------------------- reading


def read_rules(lines: Iterable[Line], ruled: bool = True) -> Iterator[Rule | Unread]:
    """Entries of a list as rules; where the list is not about what is ruled out, an entry has to say "not"."""
    for number, text in entries(lines):
        said = " ".join(text.split())
        if nothing(said) or said == "nothing else was proposed" or not (ruled or _NOT.search(said)):
            continue
        rule = _rule(number, said)
        if rule or ruled or "`" in said:
            yield rule or Unread(number, said)


class _Span(NamedTuple):
    """A word that stands for a module or for files; ``stated`` where it stands as an import statement."""

    start: int
    word: str
    path: bool
    stated: bool = False


def _spans(said: str) -> list[_Span]:
    found = []
    for match in _WORDS.finditer(said):
        word = (match[1] or match[0]).strip().rstrip(".,;:" if match[1] is None else "")
        statement = _STATEMENT.fullmatch(word) if match[1] else None
        if statement:
            name = statement[1] or (
                f"{statement[2]}.{statement[3]}" if statement[3] not in {None, "*"} else statement[2]
            )
            found.append(_Span(match.start(), name, False, True))
        elif _is_pattern(word):
            found.append(_Span(match.start(), word, True))
        elif match[1] and _MODULE.fullmatch(word):
            found.append(_Span(match.start(), word, False))
    return found


def _is_pattern(word: str) -> bool:
    plain = re.sub(r"\*\*/?|[*?]", "x", word).removeprefix("./").rstrip("/")
    return is_path(plain) or ("/" in word and bool(re.fullmatch(r"[\w@.+-]+", plain)))


def _rule(line: int, said: str) -> Rule | None:
    spans = _spans(said)
    plain = _WORDS.sub(lambda match: "x" * len(match[0]), said)
    passive = _PASSIVE.search(plain)
    verb = passive or _ACTIVE.search(plain)
    stated = [span for span in spans if span.stated]
    if verb is None and not stated:
        return _files(line, said, spans)
    if verb is None:
        return _imports(line, said, plain, stated, [span for span in spans if not span.stated])
    before = [span for span in spans if span.start < verb.start()]
    after = [span for span in spans if span.start > verb.start()]
    apart = _apart(plain, after)
    near, far = [span for span in after if span.start < apart], [span for span in after if span.start >= apart]
    if not passive:
        return _imports(line, said, plain, near, [*before, *far])
    return _imports(line, said, plain, before, after) if before else _imports(line, said, plain, near, far)


def _imports(line: int, said: str, plain: str, targets: Sequence[_Span], places: Sequence[_Span]) -> Rule | None:
    """A rule about imports, where both what and where are understood."""
    modules = tuple(_module(span) for span in targets)
    only, left_out = _ONLY.search(plain), _EXCEPT.search(plain)
    outside = [span for span in places if only or (left_out and span.start > left_out.start())]
    inside = [span for span in places if span not in outside]
    vague = _VAGUE.search(plain) and not places
    if not modules or vague or ((only or left_out) and not outside):
        return None
    return Rule(modules, tuple(map(_scope, inside)), tuple(map(_scope, outside)), line, said)


def _apart(plain: str, after: Sequence[_Span]) -> int:
    """Where the places begin among what follows the verb."""
    for one, two in pairwise(after):
        between = plain[one.start : two.start]
        if _INSIDE.search(between) or _EXCEPT.search(between):
            return two.start
    return len(plain)


def _module(span: _Span) -> str:
    word = span.word.rstrip("/")
    return word.removesuffix(".py").replace("/", ".") if span.path else word.removesuffix(".*")


def _scope(span: _Span) -> str:
    return span.word.removeprefix("./") if span.path else span.word.replace(".", "/")


def _files(line: int, said: str, spans: Sequence[_Span]) -> Rule | None:
    paths = tuple(span.word for span in spans if span.path)
    if not paths or len(paths) != len(spans) or not _FILES.search(said) or _EXCEPT.search(said) or _ONLY.search(said):
        return None
    return Rule((), paths, (), line, said)


# ---------------------------------------------------------------------- paths


def lies(path: str, pattern: str, tree: Tree) -> bool:
    """Whether a path is what a pattern names, or lies below it; one that names nothing at the root may stand deeper."""
    if matches(path, pattern):
        return True
    return matches(path, f"**/{pattern}") and not any(matches(known, pattern) for known in tree.paths)


def matches(path: str, pattern: str) -> bool:
    """Whether a path is what a pattern names, or lies below it; ``**`` stands for any folders."""
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    plain = re.sub(r"\*{3,}", "**", pattern.removeprefix("./").rstrip("/")[:400])
    plain = re.sub(r"(?:\*\*/?)+", lambda match: "**/" if match[0].endswith("/") else "**", plain)
    parts = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    made = "".join(parts.get(piece) or re.escape(piece) for piece in re.split(r"(\*\*/|\*\*|\*|\?)", plain))
    ending = "" if re.search(r"\.\w{1,8}$", plain) or pattern.endswith("*") else r"(?:\.pyi?)?"
    return re.compile(f"{made}{ending}(?:/.*)?", re.S)


# ---------------------------------------------------------------------- holding


def broken(tree: Tree, rule: Rule, paths: Iterable[str]) -> Iterator[Deviation]:
    """Where files break a rule."""
    for path in sorted(paths):
        if not rule.covers(path, tree):
            continue
        if not rule.modules:
            yield Deviation("ruled-out", path, path, 1, 1, f"{path}: is there, and is ruled out: {_short(rule.said)}")
        elif path.endswith((".py", ".pyi")):
            yield from _imported(tree, rule, path)


def _imported(tree: Tree, rule: Rule, path: str) -> Iterator[Deviation]:
    data = tree.read(path) or b""
    if (
        not any(module.rpartition(".")[2].encode() in data for module in rule.modules)
        and b'" "' not in data
        and b"+" not in data
    ):
        return
    source = tree.source(path)
    if isinstance(source, Unreadable):
        yield Deviation("unreadable", path, path, source.line, source.column, source.why)
    elif source is not None:
        used = {module for node, dotted in imported(source) for module in rule.modules if _within(dotted, module)}
        for node, dotted in imported(source) if used else ():
            yield from _broken_at(source, rule, node, dotted)
        for module in set(rule.modules) - used:
            yield from _reached(source, rule, module)


def _broken_at(source: Source, rule: Rule, node: ast.AST, dotted: str) -> Iterator[Deviation]:
    module = next((one for one in rule.modules if _within(dotted, one)), None)
    if module:
        said = f"imports {dotted}, which is ruled out: {_short(rule.said)}"
        yield Deviation("ruled-out", module, source.path, *source.place(node), said)


def _reached(source: Source, rule: Rule, module: str) -> Iterator[Deviation]:
    """Where a module is used without being imported itself: ``import a`` and then ``a.b`` where ``a.b`` is ruled out."""
    for node in ast.walk(source.module) if "." in module else ():
        dotted = source.names.dotted(node) if isinstance(node, ast.Attribute) else None
        if dotted and dotted[1] and _within(dotted[0], module) and not _within(dotted[0].rpartition(".")[0], module):
            yield from _broken_at(source, rule, node, dotted[0])


def _within(dotted: str, module: str) -> bool:
    bare = dotted.removeprefix("src.").removeprefix("lib.")
    return any(f"{one}.".startswith(f"{module}.") for one in (dotted, bare))


def _short(said: str) -> str:
    return said if len(said) <= 120 else said[:119] + "…"


def imported(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Every module or name that a file imports, by statement or call, also where only type checkers look."""
    package = package_of(source.path)
    for node in ast.walk(source.module):
        if isinstance(node, ast.Import):
            yield from ((node, item.name) for item in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node.module or "", node.level, package)
            yield from ((node, f"{module}.{item.name}" if module else item.name) for item in node.names)
        elif isinstance(node, ast.Call):
            name = _called(node, source.names, package)
            if name:
                yield node, name


def _called(node: ast.Call, names: Names, package: str) -> str:
    """The module that a call imports."""
    dotted = names.dotted(node.func)
    if not dotted or dotted[0] not in {
        "importlib.import_module",
        "__import__",
        "builtins.__import__",
        "importlib.__import__",
    }:
        return ""
    words = [*node.args, *(word.value for word in node.keywords if word.arg == "name")]
    said = fold(words[0]) if words else None
    if not isinstance(said, str):
        return ""
    level = len(said) - len(said.lstrip("."))
    within = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "package")]
    stated = fold(within[0]) if within else None
    return absolute(said.lstrip("."), level, stated if isinstance(stated, str) else package)
