"""The tools by which an agent looks at the repository: tracked files of the pinned commit, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from decisions_tool.agents.protocol import Repository, SourceFile
from decisions_tool.agents.secrets import Secret, find
from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.text import HIDDEN, plural, shortened

_Fields = Mapping[str, Mapping[str, object]]
_PATH: Mapping[str, object] = {"type": "string", "maxLength": 1024}
_COUNT: Mapping[str, object] = {"type": "integer", "minimum": 1, "maximum": 1_000_000_000}
_AFTER = {**_PATH, "description": "go on after this path, as an earlier answer told"}
_FIELDS: Mapping[str, _Fields] = {
    "list_files": {
        "path": {**_PATH, "description": "a folder, such as src; the whole repository where it is left out"},
        "pattern": {
            "type": "string",
            "maxLength": 200,
            "description": "a name or a path in which * stands for any characters, such as *.py",
        },
        "after": _AFTER,
    },
    "read_file": {
        "path": {**_PATH, "description": "path from the root of the repository, such as src/app.py"},
        "from_line": {**_COUNT, "description": "first line, 1 where it is left out"},
        "lines": {**_COUNT, "description": "how many lines; an answer holds 800 at most"},
    },
    "search": {
        "pattern": {"type": "string", "minLength": 1, "maxLength": 200, "description": "the text to find"},
        "path": {**_PATH, "description": "a file or folder to search in"},
        "ignore_case": {"type": "boolean", "description": "true where capitals do not matter"},
        "after": _AFTER,
    },
}
_REQUIRED = {"list_files": (), "read_file": ("path",), "search": ("pattern",)}
_ABOUT = {
    "list_files": "List tracked files. A long list is shown as folders with their number of files; "
    "ask again with such a folder as path.",
    "read_file": "Read a tracked text file. Every line comes with its number, to be cited as path:line; "
    "hidden characters are shown as escapes.",
    "search": "Find the lines that hold a text. The text is taken literally, no character in it is special, "
    "and it stands on one line.",
}


def _tool(name: str) -> dict[str, object]:
    schema = {
        "type": "object",
        "properties": {field: dict(about) for field, about in _FIELDS[name].items()},
        "required": list(_REQUIRED[name]),
        "additionalProperties": False,
    }
    return {"name": name, "description": _ABOUT[name], "input_schema": schema}


#: Part of a prompt prefix that is cached: every character that changes here makes cached prompts stale.
TOOLS: tuple[dict[str, object], ...] = tuple(_tool(name) for name in _FIELDS)

#: Characters that one agent may get altogether, and in one answer; with less than ``_LEAST`` left, nothing more is given.
LIMIT = 400_000
_RESULT = 24_000
_LEAST = 4_000
#: Kept free in a result for the sentence on how to go on.
_MARGIN = 1_800
_LONGEST_PATH = 512
_LONGEST_LINE = 400
_MOST_LINES = 800
_MOST_ENTRIES = 400
_MOST_HITS = 100
_HITS_IN_FILE = 20
#: Bytes and files that one search looks at.
_SEARCHED = 32 << 20
_SEARCHED_FILES = 5000

_Given = Mapping[str, object]


class Result(NamedTuple):
    """What a tool answers."""

    text: str
    is_error: bool = False


class _Refused(Exception):
    """What was asked for is not given; the text says what can be asked instead."""


class _Withheld(_Refused):
    """A file is not given because of what it holds."""

    def __init__(self, path: str, secret: Secret) -> None:
        super().__init__(
            f"{path} is withheld: line {secret.line} holds what looks like a secret ({secret.name}). Go on without this file."
        )
        self.place = f"{path}:{secret.line} ({secret.name})"


class _Page:
    """Lines of one answer, as many as fit."""

    def __init__(self, room: int) -> None:
        self.lines: list[str] = []
        self._room = room - _MARGIN

    def add(self, line: str) -> bool:
        """False, and nothing added, where the line does not fit."""
        if len(line) >= self._room:
            return False
        self._room -= len(line) + 1
        self.lines.append(line)
        return True

    def add_all(self, lines: Sequence[str], most: int) -> bool:
        """False, and nothing added, where they do not fit together; on an empty page as many stay as fit."""
        if not self.lines:
            fitting = [line for line in lines if self.add(line)]
            return bool(fitting) or not lines
        if len(self.lines) + len(lines) > most or sum(map(len, lines)) + len(lines) >= self._room:
            return not lines
        return all([self.add(line) for line in lines])

    def text(self, end: str) -> str:
        return "\n".join([*self.lines, end] if end else self.lines)


class Reading:
    """The tools of one agent: what it has read, and how much it may still read."""

    def __init__(self, repository: Repository, known: Sequence[str] = (), limit: int = LIMIT) -> None:
        self._repository = repository
        self._known = tuple(known)
        self._limit = limit
        self._left = limit
        self._opened: dict[str, tuple[range, ...]] = {}
        self._secrets: dict[str, Secret | None] = {}
        tracked = repository.files()
        self._files = {file.path: file for file in _with_names(tracked, self._known)}
        self._nameless = len(tracked) - len(self._files)
        self._tools: Mapping[str, Callable[[_Given, _Page], str]] = {
            "list_files": self._list_files,
            "read_file": self._read_file,
            "search": self._search,
        }

    @property
    def opened(self) -> Mapping[str, tuple[range, ...]]:
        """Files whose content ``read_file`` has given, with the numbers of the lines."""
        return dict(self._opened)

    def call(self, name: object, arguments: object) -> Result:
        """Answer a call as a model made it; whatever is wrong with it is told in the answer."""
        if self._left < _LEAST:
            return Result(f"The budget of {self._limit} characters is used up: answer from what you have read.", True)
        room = min(_RESULT, self._left)
        result = self._answer(name, arguments, room)
        result = result._replace(text=result.text[:room])
        self._left -= len(result.text)
        return result

    def _answer(self, name: object, arguments: object, room: int) -> Result:
        page = _Page(room)
        try:
            given = _checked(name, arguments)
            text = page.text(self._tools[str(name)](given, page))
        except _Refused as refused:
            return Result(str(refused), True)
        if name != "read_file" and (secret := find(text, self._known)):
            return Result(f"Withheld: the answer holds what looks like a secret ({secret.name}). Ask for less.", True)
        return Result(text)

    # -- files

    def _file(self, path: str) -> SourceFile:
        if path not in self._files:
            raise _Refused(_not_found(path, self._files))
        return self._files[path]

    def _below(self, path: str) -> list[SourceFile]:
        """The file, or the files of the folder, that a path names."""
        if path in self._files:
            return [self._files[path]]
        found = [file for file in self._files.values() if not path or file.path.startswith(f"{path}/")]
        if path and not found:
            raise _Refused(_not_found(path, self._files))
        return found

    def _text(self, file: SourceFile) -> str:
        """The content of a file, if it may be shown."""
        if file.size > MAX_FILE:
            raise _Refused(f"{file.path} has {file.size} bytes; files of more than {MAX_FILE} are not given.")
        data = self._repository.read(file.path)
        if len(data) != file.size:
            raise _Refused(f"{file.path} is tracked, but its content is not in this repository.")
        if b"\0" in data:
            raise _Refused(f"{file.path} is a binary file of {plural(file.size, 'byte')}; only text is given.")
        text = data.decode("utf-8", "replace")
        if file.oid not in self._secrets:
            self._secrets[file.oid] = find(text, self._known)
        if secret := self._secrets[file.oid]:
            raise _Withheld(file.path, secret)
        return text

    # -- tools: each fills a page and returns its last lines

    def _list_files(self, given: _Given, page: _Page) -> str:
        path, pattern, after = _path(given), _string(given, "pattern"), _string(given, "after")
        paths = [file.path for file in self._below(path) if _fits(file.path, pattern)]
        entries = _folded(paths, path) if len(paths) > _MOST_ENTRIES else dict(zip(paths, paths, strict=True))
        rest = [entry for entry in entries if entry > after]
        shown = 0
        while shown < min(len(rest), _MOST_ENTRIES) and page.add(entries[rest[shown]]):
            shown += 1
        if shown < len(rest):
            return f"{len(rest) - shown} more: {_call('list_files', given, after=rest[shown - 1])}"
        left_out = f"; {plural(self._nameless, 'file')} left out whose names cannot be shown" if self._nameless else ""
        return f"({plural(len(paths), 'file')}{left_out})"

    def _read_file(self, given: _Given, page: _Page) -> str:
        file = self._file(_path(given))
        lines = _lines(self._text(file))
        first = at = _number(given, "from_line", 1)
        if first > max(1, len(lines)):
            raise _Refused(f"{file.path} has {plural(len(lines), 'line')}; from_line is past the end.")
        page.add(f"{file.path} ({plural(len(lines), 'line')})")
        last = min(len(lines), first - 1 + min(_number(given, "lines", _MOST_LINES), _MOST_LINES))
        while at <= last and page.add(f"{at}\t{_cut(_shown(lines[at - 1]))}"):
            at += 1
        self._opened[file.path] = (*self._opened.get(file.path, ()), range(first, at))
        if at > len(lines):
            return ""
        return f"Lines {at} to {len(lines)} follow: {_call('read_file', given, from_line=at)}"

    def _search(self, given: _Given, page: _Page) -> str:
        path, after = _path(given), _string(given, "after")
        files = [file for file in self._below(path) if file.path > after]
        read, withheld = 0, list[_Withheld]()
        for count, file in enumerate(files):
            read += file.size if file.size <= MAX_FILE else 0
            if read > _SEARCHED or count >= _SEARCHED_FILES or not self._add_hits(file, given, page, withheld):
                more = f"{plural(len(files) - count, 'file')} not searched yet: "
                return _told(withheld, more + _call("search", given, after=files[count - 1].path))
        said = "" if page.lines else f"Not found in {plural(len(files), 'file')}; the text is taken literally."
        return _told(withheld, said)

    def _add_hits(self, file: SourceFile, given: _Given, page: _Page, withheld: list[_Withheld]) -> bool:
        """False where the lines of the file no longer fit on the page."""
        try:
            text = self._text(file)
        except _Withheld as error:
            withheld.append(error)
            return True
        except _Refused:
            return True
        most = _MOST_HITS if file.path == _path(given) else _HITS_IN_FILE
        hits = list(_hits(file.path, text, _string(given, "pattern"), given.get("ignore_case") is True))
        shown = hits[:most]
        if len(hits) > most:
            shown.append(f"{file.path}: {plural(len(hits) - most, 'more line')}")
        return page.add_all(shown, _MOST_HITS)


# ------------------------------------------------------------------ arguments


def _checked(name: object, arguments: object) -> _Given:
    """The arguments of a call, held to the schema of its tool; null is the same as left out."""
    if not isinstance(name, str) or name not in _FIELDS:
        raise _Refused(f"There is no such tool; there are {', '.join(_FIELDS)}.")
    if not isinstance(arguments, dict):
        raise _Refused(f"The arguments of {name} must be an object with {', '.join(_FIELDS[name])}.")
    given = {key: value for key, value in arguments.items() if value is not None}
    if not given.keys() <= _FIELDS[name].keys():
        raise _Refused(f"{name} takes {', '.join(_FIELDS[name])} and nothing else.")
    for field in _REQUIRED[name]:
        if field not in given:
            raise _Refused(f"{name} needs {field}: {_FIELDS[name][field]['description']}.")
    for field, value in given.items():
        if wrong := _wrong(value, _FIELDS[name][field]):
            raise _Refused(f"{field} of {name} must be {wrong}.")
    return given


def _wrong(value: object, field: Mapping[str, object]) -> str:
    """What a value has to be and is not; empty where all is well."""
    if field["type"] == "boolean":
        return "" if isinstance(value, bool) else "true or false"
    if field["type"] == "string":
        low, high = field.get("minLength", 0), field["maxLength"]
        assert isinstance(low, int) and isinstance(high, int)
        return "" if isinstance(value, str) and low <= len(value) <= high else f"a text of {low} to {high} characters"
    low, high = field["minimum"], field["maximum"]
    assert isinstance(low, int) and isinstance(high, int)
    fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    return "" if fits else f"a whole number from {low}"


def _string(given: _Given, field: str) -> str:
    value = given.get(field, "")
    assert isinstance(value, str)
    return value


def _path(given: _Given) -> str:
    path = _string(given, "path").removeprefix("./").rstrip("/")
    return "" if path == "." else path


def _number(given: _Given, field: str, default: int) -> int:
    value = given.get(field, default)
    assert isinstance(value, int)
    return value


def _call(name: str, given: _Given, **changed: str | int) -> str:
    """A call as a model writes it."""
    return f"{name}({json.dumps({**given, **changed}, ensure_ascii=False, sort_keys=True)})"


# ------------------------------------------------------------------ names


def _with_names(files: Sequence[SourceFile], known: Sequence[str]) -> list[SourceFile]:
    """Files whose names can be shown: short, of visible characters, and no secrets themselves."""
    named = [file for file in files if len(file.path) <= _LONGEST_PATH and file.path.isprintable()]
    if find("\n".join([file.path for file in named]), known) is None:
        return named
    return [file for file in named if find(file.path, known) is None]


def _not_found(path: str, files: Mapping[str, SourceFile]) -> str:
    name = path.rpartition("/")[2].casefold()
    near = [known for known in files if known.rpartition("/")[2].casefold() == name][:3]
    hint = f"Did you mean {' or '.join(near)}?" if near else "list_files shows what there is."
    shown = _shown(shortened(path)).encode("utf-8", "backslashreplace").decode()
    return (
        f'"{shown}" is not among the tracked files that you may read; paths start at the root of the repository. {hint}'
    )


def _fits(path: str, pattern: str) -> bool:
    """True where the path, or the name at its end, is what the pattern says."""
    if not pattern:
        return True
    pieces = pattern.removeprefix("./").replace("**/", "*").split("*")
    return _in_order(path, pieces) or _in_order(path.rpartition("/")[2], pieces)


def _in_order(text: str, pieces: Sequence[str]) -> bool:
    if len(pieces) == 1:
        return text == pieces[0]
    at, end = len(pieces[0]), len(text) - len(pieces[-1])
    if at > end or not text.startswith(pieces[0]) or not text.endswith(pieces[-1]):
        return False
    for piece in pieces[1:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _folded(paths: Sequence[str], folder: str) -> dict[str, str]:
    """What stands directly in a folder, and how to show it: files, and folders with the number of their files."""
    start = len(folder) + 1 if folder else 0
    counts = Counter(path[: path.find("/", start) + 1] or path for path in paths)
    return {
        entry: f"{entry} ({plural(count, 'file')})" if entry.endswith("/") else entry
        for entry, count in sorted(counts.items())
    }


# ------------------------------------------------------------------ text


def _lines(text: str) -> list[str]:
    """Lines as editors count them."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _shown(text: str) -> str:
    """What hides or reorders text, written as an escape; a carriage return at the end of a line is dropped."""
    visible = HIDDEN.sub(lambda match: match.group().encode("unicode_escape").decode(), text.removesuffix("\r"))
    return visible.replace("\r", "\\r").replace("\n", "\\n")


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}… ({len(line)} characters)"


def _hits(path: str, text: str, pattern: str, fold: bool) -> Iterator[str]:
    needle, searched = (pattern.lower(), text.lower()) if fold else (pattern, text)
    if needle not in searched:
        return
    for number, (line, low) in enumerate(zip(text.split("\n"), searched.split("\n"), strict=True), 1):
        at = low.find(needle)
        if at >= 0:
            start = max(0, at - _LONGEST_LINE // 2) if len(line) > _LONGEST_LINE else 0
            yield f"{path}:{number}: {'…' if start else ''}{_cut(_shown(line[start:]))}"


def _told(withheld: Sequence[_Withheld], said: str) -> str:
    """The end of an answer, with the files that were not searched because of what they hold."""
    names = ", ".join(error.place for error in withheld[:3])
    more = f" and {len(withheld) - 3} more" if len(withheld) > 3 else ""
    return "\n".join(filter(None, [f"Withheld, not searched: {names}{more}" if withheld else "", said]))
