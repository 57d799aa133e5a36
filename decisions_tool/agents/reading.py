"""The tools by which an agent looks at the repository: tracked files of the pinned commit, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from decisions_tool.agents.calls import TOOLS as TOOLS
from decisions_tool.agents.calls import Given, Refused, checked, number, place, string, written
from decisions_tool.agents.protocol import Repository, SourceFile
from decisions_tool.agents.secrets import Secret, find
from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.text import HIDDEN, plural, shortened

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


class Result(NamedTuple):
    """What a tool answers."""

    text: str
    is_error: bool = False


class _Withheld(Refused):
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
        for line in lines:
            self.add(line)
        return True

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
        self._refused: set[str] = set()
        self._secrets: dict[str, Secret | None] = {}
        tracked = repository.files()
        self._files = {file.path: file for file in _with_names(tracked, self._known)}
        self._nameless = len(tracked) - len(self._files)
        self._tools: Mapping[str, Callable[[Given, _Page], str]] = {
            "list_files": self._list_files,
            "read_file": self._read_file,
            "search": self._search,
        }

    @property
    def opened(self) -> Mapping[str, tuple[range, ...]]:
        """Files whose content ``read_file`` has given, with the numbers of the lines."""
        return dict(self._opened)

    @property
    def refused(self) -> frozenset[str]:
        """Paths that ``read_file`` was asked for and gives nobody."""
        return frozenset(self._refused)

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
            given = checked(name, arguments)
            text = page.text(self._tools[str(name)](given, page))
        except Refused as refused:
            return Result(str(refused), True)
        if name != "read_file" and (secret := find(text, self._known)):
            return Result(f"Withheld: the answer holds what looks like a secret ({secret.name}). Ask for less.", True)
        return Result(text)

    # -- files

    def _file(self, path: str) -> SourceFile:
        if path not in self._files:
            raise Refused(_not_found(path, self._files))
        return self._files[path]

    def _below(self, path: str) -> list[SourceFile]:
        """The file, or the files of the folder, that a path names."""
        if path in self._files:
            return [self._files[path]]
        found = [file for file in self._files.values() if not path or file.path.startswith(f"{path}/")]
        if path and not found:
            raise Refused(_not_found(path, self._files))
        return found

    def _text(self, file: SourceFile) -> str:
        """The content of a file, if it may be shown."""
        if file.size > MAX_FILE:
            raise Refused(f"{file.path} has {file.size} bytes; files of more than {MAX_FILE} are not given.")
        data = self._repository.read(file.path)
        if len(data) != file.size:
            raise Refused(f"{file.path} is tracked, but its content is not in this repository.")
        if b"\0" in data:
            raise Refused(f"{file.path} is a binary file of {plural(file.size, 'byte')}; only text is given.")
        text = data.decode("utf-8", "replace")
        if file.path not in self._secrets:
            self._secrets[file.path] = find(text, self._known)
        if secret := self._secrets[file.path]:
            raise _Withheld(file.path, secret)
        return text

    # -- tools: each fills a page and returns its last lines

    def _list_files(self, given: Given, page: _Page) -> str:
        path, pattern, after = place(given), string(given, "pattern"), string(given, "after")
        paths = [file.path for file in self._below(path) if _fits(file.path, pattern)]
        entries = _folded(paths, path) if len(paths) > _MOST_ENTRIES else dict(zip(paths, paths, strict=True))
        rest = [entry for entry in entries if entry > after]
        shown = 0
        while shown < min(len(rest), _MOST_ENTRIES) and page.add(entries[rest[shown]]):
            shown += 1
        if shown < len(rest):
            return f"{len(rest) - shown} more: {written('list_files', given, after=rest[shown - 1])}"
        left_out = f"; {plural(self._nameless, 'file')} left out whose names cannot be shown" if self._nameless else ""
        return f"({plural(len(paths), 'file')}{left_out})"

    def _read_file(self, given: Given, page: _Page) -> str:
        path = place(given)
        try:
            lines = _lines(self._text(file := self._file(path)))
        except Refused:
            self._refused.add(path)
            raise
        first = at = number(given, "from_line", 1)
        if first > max(1, len(lines)):
            raise Refused(f"{file.path} has {plural(len(lines), 'line')}; from_line is past the end.")
        page.add(f"{file.path} ({plural(len(lines), 'line')})")
        last = min(len(lines), first - 1 + min(number(given, "lines", _MOST_LINES), _MOST_LINES))
        while at <= last and page.add(f"{at}\t{_cut(_shown(lines[at - 1]))}"):
            at += 1
        self._opened[file.path] = (*self._opened.get(file.path, ()), range(first, at))
        if at > len(lines):
            return ""
        return f"Lines {at} to {len(lines)} follow: {written('read_file', given, from_line=at)}"

    def _search(self, given: Given, page: _Page) -> str:
        path, after = place(given), string(given, "after")
        files = [file for file in self._below(path) if file.path > after]
        read, withheld = 0, list[_Withheld]()
        for count, file in enumerate(files):
            read += file.size if file.size <= MAX_FILE else 0
            if read > _SEARCHED or count >= _SEARCHED_FILES or not self._add_hits(file, given, page, withheld):
                more = f"{plural(len(files) - count, 'file')} not searched yet: "
                return _told(withheld, more + written("search", given, after=files[count - 1].path))
        said = "" if page.lines else f"Not found in {plural(len(files), 'file')}; the text is taken literally."
        return _told(withheld, said)

    def _add_hits(self, file: SourceFile, given: Given, page: _Page, withheld: list[_Withheld]) -> bool:
        """False where the lines of the file no longer fit on the page."""
        try:
            text = self._text(file)
        except _Withheld as error:
            withheld.append(error)
            return True
        except Refused:
            return True
        most = _MOST_HITS if file.path == place(given) else _HITS_IN_FILE
        hits = list(_hits(file.path, text, string(given, "pattern"), given.get("ignore_case") is True))
        shown = hits[:most]
        if len(hits) > most:
            shown.append(f"{file.path}: {plural(len(hits) - most, 'more line')}")
        return page.add_all(shown, _MOST_HITS)


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
    visible = re.sub(HIDDEN, lambda match: match.group().encode("unicode_escape").decode(), text.removesuffix("\r"))
    return visible.replace("\r", "\\r").replace("\n", "\\n")


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}… ({len(line)} characters)"


def _hits(path: str, text: str, pattern: str, fold: bool) -> Iterator[str]:
    needle, searched = (pattern.lower(), text.lower()) if fold else (pattern, text)
    if needle not in searched:
        return
    for count, (line, low) in enumerate(zip(text.split("\n"), searched.split("\n"), strict=True), 1):
        at = low.find(needle)
        if at >= 0:
            start = max(0, at - _LONGEST_LINE // 2) if len(line) > _LONGEST_LINE else 0
            yield f"{path}:{count}: {'…' if start else ''}{_cut(_shown(line[start:]))}"


def _told(withheld: Sequence[_Withheld], said: str) -> str:
    """The end of an answer, with the files that were not searched because of what they hold."""
    names = ", ".join(error.place for error in withheld[:3])
    more = f" and {len(withheld) - 3} more" if len(withheld) > 3 else ""
    return "\n".join(filter(None, [f"Withheld, not searched: {names}{more}" if withheld else "", said]))
