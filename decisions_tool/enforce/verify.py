"""All records that bind, held against one state of the code; and what a change of the code newly breaks. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from shlex import quote
from typing import NamedTuple

from decisions_tool.documents.paths import RECORDS
from decisions_tool.enforce.binding import Bound, Origin, bind
from decisions_tool.enforce.contract import CONSTRAINTS, Text, Unchecked
from decisions_tool.enforce.deviation import Deviation
from decisions_tool.enforce.python import Unclear, hold
from decisions_tool.enforce.ruled_out import broken
from decisions_tool.enforce.shapes import Broken, compare_shapes, is_schema, read_shape
from decisions_tool.enforce.tree import Tree
from decisions_tool.errors import Finding


class Held(NamedTuple):
    """A deviation with the promise that it breaks; ``top`` where a whole file or a name of a module is missing."""

    deviation: Deviation
    origin: Origin
    top: bool = False


class Verdict(NamedTuple):
    """``unreal`` is what nobody has begun to write, ``declared`` what an addendum allows, ``unchecked`` what no rule reads, ``lost`` the
    paths asked for at which the tree has nothing.
    """

    records: tuple[Text, ...]
    findings: tuple[Finding, ...]
    unreal: tuple[Unchecked, ...]
    declared: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    promises: Mapping[str, int]
    lost: tuple[str, ...]


def verify(tree: Tree, records: Collection[str] = (), paths: Collection[str] = ()) -> Verdict:
    """Hold a tree to its records, or to the named ones alone; with ``paths``, only at and below these."""
    bound = bind(tree, () if records else paths)
    held = [one for one in _held(tree, bound, None) if not records or one.origin.record in records]
    held = [one for one in held if not paths or _below(one.deviation.path, paths)]
    unreal = set() if records else _unreal(tree, bound, held)
    declared = {one for one in held if _declared(bound, one)}
    allowed = declared | unreal
    names = {text.path for text in bound.texts if not records or text.name in records}
    return Verdict(
        tuple(text for text in bound.texts if text.path in names),
        tuple(sorted({_finding(one) for one in held if one not in allowed}, key=_order)),
        tuple(sorted({Unchecked(o.path, o.line, d.message) for d, o, _ in unreal - declared})),
        tuple(sorted({_finding(one) for one in declared}, key=_order)),
        tuple(sorted(one for one in set(bound.unchecked) if not records or one.path in names)),
        Counter(origin.record for origin in bound.origins.values()),
        tuple(path for path in sorted(paths) if path and not tree.has(path)),
    )


def verify_changed(after: Tree, before: Tree, changed: Collection[str]) -> list[Finding]:
    """What a change breaks that was not broken before it, held to the records as the change leaves them.

    Costs a look at the records that name one of the changed files, and nothing more where there is none.
    """
    code = [path for path in changed if not path.startswith((f"{RECORDS}/", "_tasks/"))]
    bound = bind(after, code) if code else Bound()
    if not (bound.code or bound.shapes or bound.files or bound.rules):
        return []
    earlier = Tree(
        lambda path: before.read(path) if before.read(path) is not None else _nothing(after, bound, path),
        lambda: before.paths,
    )
    was = Counter(_mark(earlier, one) for one in _held(earlier, bound, code))
    found: list[Finding] = []
    for one in _held(after, bound, code):
        mark = _mark(after, one)
        was[mark] -= 1
        if was[mark] < 0 and not _declared(bound, one):
            found.append(_finding(one))
    return sorted(set(found), key=_order)


def _nothing(after: Tree, bound: Bound, path: str) -> bytes | None:
    """A file that is new was an empty one: what it does not define yet, it did not define before."""
    return b"" if path in bound.code and after.read(path) is not None else None


def _mark(tree: Tree, one: Held) -> tuple[str, str, str, str]:
    """What makes two deviations of two states the same one: all but the line number."""
    said = one.deviation
    lines = (
        (tree.read(said.path) or b"").split(b"\n", said.line)[said.line - 1 : said.line]
        if said.rule == "ruled-out"
        else []
    )
    return said.rule, said.path, said.message, "".join(line.decode("utf-8", "replace").strip() for line in lines)


def _below(path: str, paths: Iterable[str]) -> bool:
    return any(path == one or path.startswith(f"{one.rstrip('/')}/") or one in {"", "."} for one in paths)


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.path, finding.line, finding.column, finding.rule, finding.message


def _finding(one: Held) -> Finding:
    said, origin = one.deviation, one.origin
    where = f"{origin.path}:{origin.line}"
    if origin.record == "constraints":
        hint = f"follow {where}, or change that rule"
    elif origin.record.startswith("DR-"):
        command = f'decisions reverse {origin.record} --kind minor --deviation {quote(said.subject)} -r "<why>"'
        hint = f"follow {where}, or declare it in an addendum: {command}"
    else:
        hint = f"follow {where}, or declare it in an addendum of {origin.record} in {CONSTRAINTS}"
    return Finding(f"contract/{said.rule}", "error", said.path, said.line, said.column, said.message, hint)


# ---------------------------------------------------------------------- holding


def _held(tree: Tree, bound: Bound, changed: Collection[str] | None) -> Iterator[Held]:
    """Every deviation of a tree; with ``changed``, what these files can have to do with."""
    for path, wanted in bound.code.items():
        if changed is None or _reaches(tree, path, changed):
            yield from _python(tree, bound, path, wanted)
    for path, (language, expected, origin) in bound.shapes.items():
        if changed is None or path in changed:
            yield from _shape(tree, bound, path, language, expected, origin)
    for path, (change, origin) in bound.files.items():
        if changed is None or path in changed:
            yield from _file(tree, path, bool(change.must), origin)
    for rule, origin in bound.rules:
        paths = tree.paths if changed is None else [path for path in changed if path in tree]
        yield from (Held(one, origin) for one in broken(tree, rule, paths))


def _reaches(tree: Tree, path: str, changed: Iterable[str]) -> bool:
    """Whether a change of these files may change what a file defines: it is one of them, or names the module of one."""
    data = tree.read(path) or b""
    stems = (one.removesuffix("/__init__.py").rpartition("/")[2].rpartition(".")[0] or one for one in changed)
    return path in changed or any(stem.encode("utf-8", "surrogateescape") in data for stem in stems)


def _python(tree: Tree, bound: Bound, path: str, wanted: Mapping[str, tuple[object, ...]]) -> Iterator[Held]:
    home = _package(path) if path not in tree and _package(path) in tree else path
    if home not in tree:
        name = next(iter(wanted))
        said = f"{path}: expected a file that defines {', '.join(n for n in wanted if '.' not in n)}, found none"
        yield Held(Deviation("missing", path, path, 0, 0, said), bound.origins[path, name], True)
        return
    for name, said_of in hold(tree, home, bound.code[path]):
        origin = bound.origins[path, name]
        if isinstance(said_of, Unclear):
            note = Unchecked(origin.path, origin.line, f"{said_of.name} {said_of.why}")
            bound.unchecked.append(note)
        else:
            yield Held(
                said_of, origin, said_of.rule == "missing" and "." not in name and said_of.line == said_of.column == 1
            )


def _package(path: str) -> str:
    """The file of the package that a module may have become."""
    return f"{path.removesuffix('.py')}/__init__.py"


def _shape(tree: Tree, bound: Bound, path: str, language: str, expected: object, origin: Origin) -> Iterator[Held]:
    data = tree.read(path)
    if data is None:
        said = f"{path}: expected a file of {language}, found none"
        yield Held(Deviation("missing", path, path, 0, 0, said), origin, True)
        return
    shape = read_shape(data.decode("utf-8", "replace").removeprefix("\ufeff"), language)
    if isinstance(shape, Broken):
        yield Held(Deviation("unreadable", path, path, shape.line, shape.column, shape.why), origin)
    elif is_schema(expected) and not is_schema(shape.value):
        bound.unchecked.append(Unchecked(origin.path, origin.line, f"a schema is shown, and {path} is none"))
    else:
        yield from (Held(one, origin) for one in compare_shapes(path, expected, shape))


def _file(tree: Tree, path: str, must: bool, origin: Origin) -> Iterator[Held]:
    there = tree.has(path) or (must and _package(path) in tree)
    if there is not must:
        words = ("expected a file, found none", "missing") if must else ("expected to be gone, found a file", "file")
        yield Held(Deviation(words[1], path, path, 0, 0, f"{path}: {words[0]}"), origin, must)


# ---------------------------------------------------------------------- what is allowed, and what is to come


def _declared(bound: Bound, one: Held) -> bool:
    """Whether an addendum of the record that is broken declares this deviation."""
    said, record = one.deviation, one.origin.record
    for declared, origin in bound.declared:
        names = not declared.names or any(f"{said.subject}.".startswith(f"{name}.") for name in declared.names)
        paths = not declared.paths or _below(said.path, declared.paths) or said.subject in declared.paths
        if origin.record == record and names and paths:
            return True
    return False


_OPEN = re.compile(rb"(?im)^\W*status\W+open\b")


def _unreal(tree: Tree, bound: Bound, held: Iterable[Held]) -> set[Held]:
    """What is missing because nobody has written it yet: nothing of the record is there, or its stories are open."""
    missing: dict[str, set[Held]] = {}
    for one in held:
        if one.top:
            missing.setdefault(one.origin.record, set()).add(one)
    there = _begun(bound, {(one.origin.record, one.deviation.subject) for ones in missing.values() for one in ones})
    found: set[Held] = set()
    for text in bound.texts:
        gone = missing.get(text.name)
        stories = tree.read(f"{RECORDS}/{text.name}-stories.md") or b"" if gone else b""
        if gone and text.status != "implemented" and (_OPEN.search(stories) or text.name not in there):
            found |= gone
    return found


def _begun(bound: Bound, absent: Collection[tuple[str, str]]) -> set[str]:
    """The records of which something is there under its name."""
    names = ((origin.record, name, path) for (path, name), origin in bound.origins.items() if "." not in name)
    found = {record for record, name, path in names if (record, name) not in absent and (record, path) not in absent}
    found |= {origin.record for path, (_, _, origin) in bound.shapes.items() if (origin.record, path) not in absent}
    files = ((change, origin.record) for change, origin in bound.files.values() if change.must)
    return found | {record for change, record in files if (record, change.path) not in absent}
