"""Code that a record shows, block by block, each with the file that it is about. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from decisions_tool.documents.lines import Line
from decisions_tool.documents.outline import Hidden, Section, heading
from decisions_tool.documents.sections import bracketless, cited, entries, key, sections

_KNOWN = "cfg|css|go|html|ini|java|js|json|jsx|kt|lock|md|proto|py|pyi|rb|rs|sh|sql|toml|ts|tsx|txt|xml|yaml|yml|c|h|cpp|cs|php|swift"
_FILE = re.compile(rf"(?:[\w@.+-]+/)*[\w@.+-]+\.(?:{_KNOWN})|(?:[\w@.+-]+/)+[\w@.+-]+")
_COMMENT = re.compile(r"(?:#|//|--|;)+\s*(?:(?:from|file|in)\b:?\s+)?(\S.*)", re.I)
_SPLIT = re.compile(r"[\s=\"':{},`]+")
_LANGUAGES = {"py": "python", "pyi": "python", "python3": "python", "jsonc": "json", "yml": "yaml", "json5": "json"}
_SUPERSEDED = re.compile(r"[\W_]*(?:status\W+superseded|superseded[- ]by\W*\w)", re.I)


#: Stands before a # that is indented: a comment of code without a fence, never a heading of ours.
SHIELD = "\x01"


class Block(NamedTuple):
    """A piece of code; ``paths`` are the files that it may be about, ``line`` is that of its first line."""

    paths: tuple[str, ...]
    language: str
    text: str
    line: int


class Change(NamedTuple):
    """An entry of "Files Changed"; ``must`` says whether the file has to be there, or has to be gone."""

    path: str
    line: int
    must: bool | None


def is_path(word: str) -> bool:
    """Whether a word is meant as a file of the repository."""
    return bool(_FILE.fullmatch(word)) and not word.startswith("/") and ".." not in word.split("/") and len(word) < 400


# ---------------------------------------------------------------------- sections


def named(root: Section, *starts: str) -> Iterator[Section]:
    """Sections whose titles begin so, the outermost ones only, without what is superseded."""
    ends: list[Section] = []
    for section in sections(root):
        if key(section.title).startswith(starts) and not any(section in sections(one) for one in ends):
            ends.append(section)
            yield section


def numbered(section: Section) -> Iterator[Line]:
    """The lines below a section's heading, with those of its children, unless a decision supersedes them."""
    if any(_SUPERSEDED.match(line) for line in [section.title, *section.body[:3]]):
        return
    for offset, text in enumerate(section.body, start=1):
        yield Line(section.line + offset, text.replace(SHIELD, ""))
    for child in section.children:
        yield Line(child.line, f"{'#' * child.level} {child.title}")
        yield from numbered(child)


# ---------------------------------------------------------------------- blocks


def blocks(lines: Iterable[Line]) -> Iterator[Block]:
    """Fenced code with its file: named in the fence, above it, or in a comment; else indented code that names one."""
    held = list(lines)
    found = list(_fenced(held))
    for paths, info, text, line in found or _indented(held):
        words = [word for word in _SPLIT.split(info) if word]
        own = tuple(word for word in words if is_path(word))
        first = words[0].casefold() if words and not is_path(words[0]) else ""
        language = _LANGUAGES.get(first, first)
        meant = own[:1] or tuple(path for path in paths if _language(path) in {language, ""} or not language)
        yield from _pieces(Block(meant, language, text, line))


def _language(path: str) -> str:
    """The language that a file's name tells, where it is one that is held."""
    end = path.rpartition(".")[2].casefold()
    own = _LANGUAGES.get(end, end)
    return own if own in {"python", "json", "toml", "yaml"} else ""


def _fenced(lines: Sequence[Line]) -> Iterator[tuple[tuple[str, ...], str, str, int]]:
    hidden = Hidden()
    headed: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    info, margin, start = "", 0, 0
    code: list[str] = []
    for number, text in lines:
        fence = hidden.fence
        covered = hidden.covers(text)
        if hidden.fence and not fence:
            info, margin, start, code = text.strip().lstrip("`~"), len(text) - len(text.lstrip()), number + 1, []
        elif fence and hidden.fence:
            code.append(text if text[:margin].strip() else text[margin:])
        elif fence:
            yield above or headed, info, "\n".join(code), start
            above = ()
        elif not covered and text.strip():
            above = _paths_in(text)
            headed = above if heading(text) or text.lstrip().startswith("**") else headed
    if hidden.fence:
        yield above or headed, info, "\n".join(code), start


def _indented(lines: Sequence[Line]) -> Iterator[tuple[tuple[str, ...], str, str, int]]:
    """Code without fences, indented as in the template, from the comment on that names its file."""
    run = [line for line in lines if not line.text.strip() or line.text.startswith("  ")]
    start = next((at for at, line in enumerate(run) if line.text.strip() and _labelled(line.text.strip())), None)
    if start is None:
        return
    margin = len(run[start].text) - len(run[start].text.lstrip())
    by_line = {line.number: line.text[margin:] for line in run[start:]}
    first, last = min(by_line), max(by_line)
    yield (), "", "\n".join(by_line.get(number, "") for number in range(first, last + 1)), first


def _paths_in(text: str) -> tuple[str, ...]:
    """The one path that a line is about, in a code span or plain."""
    found = [word.rstrip(":.,;") for word in re.split(r"[\s`*()\[\]#,]+", text)]
    paths = tuple(dict.fromkeys(word for word in found if is_path(word)))
    return paths if len(paths) == 1 else ()


def _labelled(line: str) -> tuple[str, ...]:
    """The files that a comment line names, where it says nothing else of weight."""
    match = _COMMENT.fullmatch(line)
    if not match:
        return ()
    said = re.split(r"\s(?:—|–|--?)\s|\s\(|:\s|:$", match[1], maxsplit=1)[0]
    words = [word.strip("`*") for word in re.split(r",\s*|\s+and\s+", said.strip())]
    return tuple(words) if all(is_path(word) for word in words) else ()


def _pieces(block: Block) -> Iterator[Block]:
    """A block, cut where a comment at the margin names the next file."""
    paths, start = block.paths, block.line
    held: list[str] = []
    for number, text in enumerate(block.text.split("\n"), start=block.line):
        label = _labelled(text) if text[:1] in {"#", "/", "-", ";"} else ()
        if label:
            if any(map(str.strip, held)):
                yield _typed(Block(paths, block.language, "\n".join(held), start))
            paths, start, held = label, number + 1, []
        else:
            held.append(text)
    if any(map(str.strip, held)):
        yield _typed(Block(paths, block.language, "\n".join(held), start))


def _typed(block: Block) -> Block:
    """A block whose language is told by its file."""
    own = _language(block.paths[0]) if block.paths else ""
    return block._replace(language=own or block.language)


# ---------------------------------------------------------------------- files

_NEW = re.compile(
    r"[\W_]*(?:new\b|creates?\b|created\b|added\b|adds? (?:the |a |this )?(?:new )?(?:file|module|package)\b)", re.I
)
_GONE = re.compile(
    r"[\W_]*(?:deletes?|deleted|removes?|removed|drops?|dropped|gone)\b\W*(?:$|[;,.—–(-]|(?:the |this |whole )*(?:file|module|it)\b|"
    r"entirely|because|since|in favou?r|replaced|after|once)", re.I,
)  # fmt: skip


def changes(lines: Iterable[Line]) -> Iterator[Change]:
    """The files that a record changes; a new one has to be there, a deleted one must not."""
    for number, text in entries(lines):
        paths, what = cited(text)
        must = (
            False
            if _GONE.match(what) or what.casefold() in {"delete", "remove"}
            else True
            if _NEW.match(what)
            else None
        )
        for path in paths:
            if is_path(path) or (re.fullmatch(r"[\w.-]+", bracketless(path)) and must is not None):
                yield Change(path, number, must)
