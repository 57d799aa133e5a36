"""Front matter written and edited: a change of one key changes one line, or is refused. It never writes a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from decisions_tool.documents.fences import Refused
from decisions_tool.documents.frontmatter import FrontMatter, read, refusal
from decisions_tool.documents.own_form import dump, line_of, written


def insert(text: str, values: Mapping[str, object]) -> str:
    """Put front matter above a text that has none; every character of the text stays."""
    block = f"---\n{dump(values)}---\n"
    return (block.replace("\n", "\r\n") if text.partition("\n")[0].endswith("\r") else block) + text


def set_key(text: str, key: str, value: str | list[str], path: str, order: Sequence[str] = ()) -> str:
    """Change or add one top-level key (before the keys that follow it in ``order``): one line differs, or DocumentError."""
    parsed = read(text, path)
    if parsed.values is None:
        raise refusal(path, Refused(f"there is no front matter to set {key!r} in", 1))
    mark = parsed.marks.get(key)
    if mark is None:
        later = order[order.index(key) + 1 :] if key in order else ()
        edited = _insert_line(text, line_of(key, value), _before(parsed, text, later))
    elif mark.inline:
        lines = text.split("\n")
        old = lines[mark.line - 1]
        gap = " " if old[mark.start - 1] == ":" else ""
        lines[mark.line - 1] = old[: mark.start] + gap + written(value) + old[mark.end :]
        edited = "\n".join(lines)
    else:
        raise refusal(path, Refused(f"{key!r} spans several lines", mark.line, mark.column, "edit it by hand"))
    _only(parsed, read(edited, path), key, value, path)
    return edited


def drop_key(text: str, key: str, path: str) -> str:
    """Remove one top-level key that stands on one line."""
    parsed = read(text, path)
    mark = parsed.marks.get(key)
    if mark is None:
        return text
    if not mark.inline:
        raise refusal(path, Refused(f"{key!r} spans several lines", mark.line, mark.column, "edit it by hand"))
    lines = text.split("\n")
    del lines[mark.line - 1]
    edited = "\n".join(lines)
    _only(parsed, read(edited, path), key, None, path)
    return edited


def _before(parsed: FrontMatter, text: str, later: Sequence[str]) -> int:
    """The index of the first line that belongs to one of ``later``, with the comments right above it; else of the fence."""
    lines = text.split("\n")
    at = min((parsed.marks[name].line - 1 for name in later if name in parsed.marks), default=parsed.body_line - 2)
    while at < parsed.body_line - 2 and lines[at - 1].startswith("#"):
        at -= 1
    return at


def _insert_line(text: str, line: str, at: int) -> str:
    lines = text.split("\n")
    lines.insert(at, line + ("\r" if lines[1].endswith("\r") else ""))
    return "\n".join(lines)


def _only(before: FrontMatter, after: FrontMatter, key: str, value: object, path: str) -> None:
    expected: dict[str, object] = dict(before.values or {})
    expected.pop(key, None)
    if value is not None:
        expected[key] = value
    if after.values != expected or after.body != before.body:
        raise refusal(path, Refused(f"{key!r} cannot be changed safely here", 1, 1, "edit it by hand"))
