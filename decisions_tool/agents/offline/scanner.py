"""Functions and loops told from indentation and keywords, for languages that are not parsed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_C_CALL = r"(?P<name>~?[A-Za-z_]\w*)\s*\((?!.*;\s*$)(?!\*)"
_MODIFIERS = (
    r"(?:public|private|protected|internal|static|final|abstract|override|async|virtual|sealed|export|default|open"
    r"|suspend|inline)"
)
_ARROW = r"(?:async\s*)?(?:function\b|\([^()]*\)\s*(?::[^=]+)?=>|[\w$]+\s*=>)"
_METHOD = r"(?!(?:if|for|while|switch|catch|return|function)\b)(?:get\s+|set\s+|#|\*)?(?P<name4>[\w$]+)"
_FUNCTION = {
    "python": r"(?:async\s+)?def\s+(?P<name>\w+)",
    "javascript": rf"(?:{_MODIFIERS}\s+)*(?:function\*?\s+(?P<name>[\w$]+)"
    rf"|(?:const|let|var)\s+(?P<name2>[\w$]+)\s*(?::[^=]+)?=\s*{_ARROW}"
    r"|[\w$.]+\.(?P<name3>[\w$]+)\s*=\s*(?:async\s+)?function\b"
    rf"|{_METHOD}\s*(?:<[^>]*>)?\([^()]*\)\s*(?::[^{{]+)?\{{\s*$)",
    "go": r"func\s+(?:\([^)]*\)\s*)?(?P<name>\w+)",
    "rust": r"(?:pub(?:\([^)]*\))?\s+)?(?:const\s+|async\s+|unsafe\s+|extern\s+(?:\"[^\"]*\"\s+)?)*fn\s+(?P<name>\w+)",
    "java": rf"(?:@\w+\s+)*(?:(?:{_MODIFIERS})\s+)*(?:(?:fun|def)\s+(?:[\w<>.]+\.)?(?P<name2>\w+)"
    rf"|(?!(?:return|new|else|throw)\b)[\w<>\[\],.?]+\s+{_C_CALL})",
    "c": r"(?!(?:return|else|new|delete|throw|case|typedef)\b|#)"
    rf"(?:[\w:<>,~]+[\s*&]+)+(?:[\w<>]+::)*{_C_CALL}",
    "ruby": r"def\s+(?:self\.)?(?P<name>[\w?!]+)",
    "php": rf"(?:{_MODIFIERS}\s+)*function\s+&?(?P<name>\w+)",
    "swift": rf"(?:{_MODIFIERS}\s+)*func\s+(?P<name>\w+)",
    "elixir": r"defp?\s+(?P<name>[\w?!]+)",
    "other": r"(?:function|fn|sub|proc|func)\s+(?P<name>\w+)",
}
_FUNCTION["csharp"] = _FUNCTION["java"]
_LOOP = re.compile(
    r"(?:\}\s*)?(?:'?\w+:\s*)?(?:async\s+)?(?:for|while|loop|foreach|until|do)\b(?!\s*=)"
    r"|[^\"'/#]*\.(?:forEach|each)\b\s*[({d]"
)
_TYPE = re.compile(
    rf"(?:(?:{_MODIFIERS}|pub(?:\([^)]*\))?|data|case|partial)\s+)*"
    r"(?:class|struct|enum|trait|interface|module|object|record|protocol|type|defmodule|namespace)\s+(?P<name>[\w$.:]+)"
)
_VALUE = re.compile(r"(?:export\s+|pub\s+)?(?:const|let|var|static)\s+(?P<name>[\w$]+)")
_BROAD = {
    "python": re.compile(r"except(?:\s+(?:Base)?Exception)?(?:\s+as\s+\w+)?\s*:"),
    "javascript": re.compile(r".*\bcatch\s*(?:\(\s*[\w$]*\s*\))?\s*\{\s*\}|.*\.catch\(\s*\(\s*\w*\s*\)\s*=>\s*\{\s*\}"),
    "java": re.compile(r".*\bcatch\s*\((?:final\s+)?(?:\w+\s*:\s*)?(?:Exception|Throwable)\b"),
    "csharp": re.compile(r".*\bcatch\s*(?:\(\s*(?:System\.)?Exception\b|\{|$)"),
    "c": re.compile(r".*\bcatch\s*\(\s*\.\.\.\s*\)"),
    "ruby": re.compile(r"rescue\s*(?:=>|$|Exception\b|StandardError\b)"),
    "php": re.compile(r".*\bcatch\s*\(\s*\\?(?:Exception|Throwable)\b"),
    "go": re.compile(r".*\brecover\(\)"),
}
_STATE = {
    "javascript": re.compile(
        r"(?:export\s+)?(?:let|var)\s+(?P<name>[\w$]+)\s*(?::[^=]+)?(?:=\s*(?!require\b|function\b|\(|async\b)|;|$)"
    ),
    "go": re.compile(r"var\s+(?P<name>\w+)\s+(?:=\s*)?(?:map\b|\[\]|\*|make\(|sync\.)"),
    "rust": re.compile(r"(?:pub(?:\([^)]*\))?\s+)?static\s+mut\s+(?P<name>\w+)"),
    "ruby": re.compile(r"\$(?P<name>[a-z]\w*)\s*\|?\|?=(?!=)"),
}
_COMMENT = {
    "python": ("#",),
    "ruby": ("#",),
    "elixir": ("#",),
    "php": ("//", "#", "*"),
    "other": ("#", "//", "--", ";", "%"),
}
_LONGEST = 200


class Scan(NamedTuple):
    """Functions are (name, line, length, parameters, annotated, loops); ``state`` is (line, name)."""

    functions: tuple[tuple[str, int, int, int, bool, tuple[int, ...]], ...]
    defined: dict[str, int]
    broad: tuple[int, ...]
    state: tuple[tuple[int, str], ...]


class _Block:
    """A function or loop that is still open at its indentation."""

    def __init__(self, indent: int, line: int, name: str = "", parameters: int = 0) -> None:
        self.indent, self.line, self.name, self.parameters = indent, line, name, parameters
        self.loops: tuple[int, ...] = ()


class _Scanner:
    def __init__(self, language: str) -> None:
        self.function = re.compile(_FUNCTION.get(language, _FUNCTION["other"]))
        self.broad_pattern = _BROAD.get(language)
        self.state_pattern = _STATE.get(language)
        self.open: list[_Block] = []
        self.functions: list[tuple[str, int, int, int, bool, tuple[int, ...]]] = []
        self.defined: dict[str, int] = {}
        self.broad: list[int] = []
        self.state: list[tuple[int, str]] = []
        self.last = 0

    def line(self, number: int, indent: int, text: str, rest: str) -> None:
        self._close(number, indent, text)
        if match := self.function.match(text):
            self._function(number, indent, next(name for name in match.groupdict().values() if name), rest, text)
        elif _LOOP.match(text):
            self._loop(number, indent)
        elif indent == 0:
            self._top(number, text)
        if self.broad_pattern and self.broad_pattern.match(text):
            self.broad.append(number)
        self.last = number

    def _close(self, number: int, indent: int, text: str) -> None:
        while self.open and indent <= self.open[-1].indent:
            if indent == self.open[-1].indent and text[0] in "{)":
                return
            block = self.open.pop()
            closes = indent == block.indent and text.startswith(("}", "end"))
            self._finish(block, number if closes else self.last)

    def _finish(self, block: _Block, last: int) -> None:
        if block.name:
            self.functions.append((block.name, block.line, last - block.line + 1, block.parameters, True, block.loops))

    def _function(self, number: int, indent: int, name: str, rest: str, text: str) -> None:
        block = _Block(indent, number, name, _parameters(rest))
        if indent == 0:
            self.defined.setdefault(name, number)
        if text.endswith(("}", ";")):
            self._finish(block, number)
        else:
            self.open.append(block)

    def _loop(self, number: int, indent: int) -> None:
        self.open.append(_Block(indent, number))
        inside: list[int] = []
        for block in reversed(self.open):
            if block.name:
                block.loops = max(block.loops, tuple(reversed(inside)), key=len)
                return
            inside.append(block.line)

    def _top(self, number: int, text: str) -> None:
        match = _TYPE.match(text) or _VALUE.match(text)
        if match:
            self.defined.setdefault(match.group("name"), number)
        state = self.state_pattern.match(text) if self.state_pattern else None
        if state:
            self.state.append((number, state.group("name")))

    def result(self) -> Scan:
        while self.open:
            self._finish(self.open.pop(), self.last)
        functions = tuple(sorted(self.functions, key=lambda function: function[1]))
        return Scan(functions, self.defined, tuple(self.broad), tuple(self.state))


def scan(language: str, text: str) -> Scan:
    """The facts of one file, line by line."""
    scanner = _Scanner(language)
    for number, indent, line, raw in _code_lines(language, text):
        scanner.line(number, indent, line, raw)
    return scanner.result()


def _code_lines(language: str, text: str) -> Iterator[tuple[int, int, str, str]]:
    """(number, indent, stripped line, the text from there on) of lines that hold code."""
    comments = _COMMENT.get(language, ("//", "*"))
    python, inside, start = language == "python", False, 0
    for number, line in enumerate(text.split("\n"), start=1):
        bare = line.strip()
        hidden, inside = _hidden(bare, python, inside)
        if bare and not hidden and not bare.startswith(comments):
            wide = line.expandtabs(4)
            yield number, len(wide) - len(wide.lstrip()), bare[:_LONGEST], text[start : start + 2000]
        start += len(line) + 1


def _hidden(bare: str, python: bool, inside: bool) -> tuple[bool, bool]:
    """(whether a line stands in a long comment or string, whether the next one does)."""
    if python:
        toggles = (bare.count('"""') + bare.count("'''")) % 2 == 1
        return inside, inside != toggles
    if inside:
        return True, "*/" not in bare
    opens = bare.startswith("/*")
    return opens, opens and "*/" not in bare


def _parameters(rest: str) -> int:
    """How many parameters stand between the first pair of parentheses; Go's receiver is not one."""
    start = rest.find("(")
    if re.match(r"\s*func\s*\(", rest):
        start = rest.find("(", rest.find(")"))
    if start < 0:
        return 0
    depth, count, seen = 0, 0, False
    for char in rest[start:]:
        depth += {"(": 1, "[": 1, "{": 1, "<": 1, ")": -1, "]": -1, "}": -1, ">": -1}.get(char, 0)
        if depth <= 0:
            return count + seen
        seen = seen or not (char.isspace() or char == "(")
        if char == "," and depth == 1:
            count, seen = count + 1, False
    return count + seen
