"""What binds a file, or will bind one that is not there yet: decisions, constraints and questions that are still open. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from decisions_tool.documents.lines import Line
from decisions_tool.documents.paths import MARKER, place
from decisions_tool.documents.sections import entries
from decisions_tool.enforce.binding import Bound, bind
from decisions_tool.enforce.blocks import is_path
from decisions_tool.enforce.contract import BINDING, CONSTRAINTS, Text
from decisions_tool.enforce.ruled_out import Rule, lies, matches
from decisions_tool.enforce.symbols import look_up
from decisions_tool.enforce.tree import Tree


class Binding(NamedTuple):
    """One thing that binds: a decision, a constraint or a question, where it stands and why it concerns the files."""

    kind: str
    name: str
    title: str
    status: str
    path: str
    line: int
    why: tuple[str, ...]


def context(tree: Tree, paths: Collection[str]) -> list[Binding]:
    """Everything that binds some files or folders, decisions first."""
    bound = bind(tree, paths)
    asked = list(_questions(tree, paths))
    key_files = {record for record, _ in asked if record}
    decisions = [
        made
        for text in bound.texts
        if text.status in BINDING and (made := _decision(tree, bound, text, paths, key_files))
    ]
    return [*decisions, *_constraints(tree, bound, paths), *(question for record, question in asked if not record)]


def _near(one: str, paths: Iterable[str]) -> bool:
    """Whether a path is one of the files, lies in one of the folders, or is a folder that one of them lies in."""
    plain = one.rstrip("/")
    return any(f"{plain}/".startswith(f"{path}/") or f"{path}/".startswith(f"{plain}/") or not path for path in paths)


# ---------------------------------------------------------------------- decisions


def _decision(
    tree: Tree, bound: Bound, text: Text, paths: Collection[str], key_files: Collection[str]
) -> Binding | None:
    why = [*_promised(tree, bound, text, paths), *_changed(text, paths), *_declared(text, paths)]
    why += [
        f"ruled out: {rule.said}"
        for rule, origin in bound.rules
        if origin.record == text.name and _rules(tree, rule, paths)
    ]
    if text.path in key_files:
        why.append("key file of its question")
    elif not why and any(_near(path, paths) for path in text.cited):
        why.append("names it")
    return (
        Binding("decision", text.name, text.title, text.status, text.path, 1, tuple(dict.fromkeys(why)))
        if why
        else None
    )


def _promised(tree: Tree, bound: Bound, text: Text, paths: Collection[str]) -> Iterator[str]:
    for path, names in bound.code.items():
        own = [name for name in names if bound.origins[path, name].record == text.name] if _near(path, paths) else []
        if own:
            tops = [name for name in own if "." not in name]
            line = bound.origins[path, own[0]].line
            yield f"code contract of {path}, line {line}: {_listed(tops or own)}"
            gone = [name for name in tops if not look_up(tree, path, name).symbols]
            if gone:
                yield f"not yet real in {path}: {_listed(gone)}"
    for path, (_, expected, origin) in bound.shapes.items():
        if origin.record == text.name and _near(path, paths):
            yield f"keys of {path}, line {origin.line}: {_listed(list(expected) if isinstance(expected, dict) else [])}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _changed(text: Text, paths: Collection[str]) -> Iterator[str]:
    words = {True: "is new", False: "is deleted", None: "is changed"}
    for change in text.changes:
        if _near(change.path, paths):
            yield f"{change.path} {words[change.must]} by it, line {change.line}"


def _declared(text: Text, paths: Collection[str]) -> Iterator[str]:
    for one in text.addenda:
        for said in one.declared:
            if not said.paths or any(_near(path, paths) for path in said.paths):
                yield f"declared deviation: {', '.join([*said.paths, *said.names])} — {said.why}"


def _rules(tree: Tree, rule: Rule, paths: Collection[str]) -> bool:
    for path in paths:
        if rule.modules and "." in path.rpartition("/")[2] and not path.endswith((".py", ".pyi")):
            continue
        inside = not rule.inside or any(
            lies(path, one, tree) or matches(one.rstrip("/"), path or "**") for one in rule.inside
        )
        if inside and not any(lies(path, one, tree) for one in rule.outside):
            return True
    return False


# ---------------------------------------------------------------------- constraints and questions


def _constraints(tree: Tree, bound: Bound, paths: Collection[str]) -> Iterator[Binding]:
    """People's own constraints that name the files, or rule out something in them."""
    text = (tree.read(CONSTRAINTS) or b"").decode("utf-8", "replace").replace("\r\n", "\n")
    people = re.split(r"(?m)^## Constraint Addendum", text.partition(MARKER)[0])[0].split("\n")
    ruled = {rule.line for rule, origin in bound.rules if origin.record == "constraints" and _rules(tree, rule, paths)}
    for number, entry in entries(Line(at, line) for at, line in enumerate(people, start=1)):
        spans = [word for word in re.findall(r"`([^`]+)`", entry) if is_path(word.rstrip("/")) or word.endswith("/")]
        if number in ruled or any(_near(word, paths) for word in spans):
            yield Binding("constraint", f"line {number}", " ".join(entry.split()), "", CONSTRAINTS, number, ())


_KEY = re.compile(rb"(?m)^(record|status):[ \t]*[\"']?([^\s\"']+)")


def _questions(tree: Tree, paths: Collection[str]) -> Iterator[tuple[str, Binding]]:
    """(record, question) of the framings whose key files or scope name the files; no record where it is still open."""
    from decisions_tool.documents.framing import read_frame

    for path in sorted(tree.documents):
        where = place(path)
        data = tree.read(path) if where and where.kind == "framing" else None
        if not where or not data:
            continue
        front, _, words = data.decode("utf-8", "replace").removeprefix("---\n").partition("\n---\n") if data.startswith(b"---") else (
            "", "", data.decode("utf-8", "replace"),
        )  # fmt: skip
        head = {key.decode(): value.decode("utf-8", "replace") for key, value in _KEY.findall(front.encode())}
        frame = read_frame(words)
        key_files = [file.path for file in frame.files if _near(file.path, paths)]
        scope = [word for entry in frame.inside for word in re.findall(r"`([^`]+)`", entry) if _near(word, paths)]
        if (key_files or scope) and head.get("status") != "closed":
            why = ("key file",) if key_files else ("in its scope",)
            yield (
                head.get("record", ""),
                Binding("question", where.case, frame.question, head.get("status", "open"), path, 1, why),
            )
