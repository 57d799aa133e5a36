"""Which file changes belong together: stories from files, what is said of them, and the code contract. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from decisions_tool.documents.proposal import Code, FileChange
from decisions_tool.documents.sections import nothing
from decisions_tool.documents.stories import Story

_MIGRATION = re.compile(r"(?i)(?:^|[/_.-])(?:migrat\w*|alembic|schema_?changes?)(?:$|[/_.-])")
_MIGRATES = re.compile(r"(?i)\W*(?:auto-?)?migrat(?:e|es|ion|ions|ing)\b")
_TEST = re.compile(r"(?:^|[/_.-])(?:tests?|specs?)(?:$|[/_.-])|^test_|_test$")
_IMPORTS = re.compile(
    r"""(?mx) ^\s* from \s+ ([.\w]+) \s+ import \s+ ([\w, ()]+)
    | ^\s* import \s+ ([\w.]+)
    | (?: from | require\( | import\( | import ) \s* ['"]([^'"]+)['"]"""
)
_DEFINED = re.compile(r"(?m)^(?:export\s+)?(?:async\s+)?(?:class|def|function|interface|type|struct|enum|func)\s+(\w+)")
_SUFFIX = re.compile(r"\.\w+$")


class Plan(NamedTuple):
    """What a record says about carrying it out; ``migration`` is the way for what exists, in words."""

    number: int
    files: tuple[FileChange, ...]
    code: tuple[Code, ...] = ()
    migration: str = ""
    success: tuple[str, ...] = ()
    title: str = ""


def derive(plan: Plan) -> tuple[Story, ...]:
    """One story for each independent set of file changes, migrations apart, a last one that verifies."""
    files = tuple({change.path: change for change in plan.files}.values())
    moved = [change for change in files if migrates(change)]
    groups = independent([change for change in files if change not in moved], plan.code)
    stories = [_story(number, group) for number, group in enumerate(groups, start=1)]
    if not files:
        stories = [Story("US-001", f"Carry out DR-{plan.number:03d}: {plan.title}".rstrip(": "))]
    built = tuple(story.id for story in stories)
    if moved or _wanted(plan.migration):
        stories.append(_migration(len(stories) + 1, moved, plan.migration, built))
    stories.append(
        Story(
            _id(len(stories) + 1), f"Verify DR-{plan.number:03d} implementation matches code contract",
            depends_on=tuple(story.id for story in stories), criteria=plan.success,
        )
    )  # fmt: skip
    return tuple(stories)


def migrates(change: FileChange) -> bool:
    """Whether a change moves what exists, by its path or by what is said of it."""
    return bool(_MIGRATION.search(change.path) or _MIGRATES.match(change.what)) and not _is_test(change.path)


def _wanted(migration: str) -> bool:
    return bool(migration.strip()) and not nothing(migration) and not re.match(r"(?i)\W*none\b", migration)


def _id(number: int) -> str:
    return f"US-{number:03d}"


def _story(number: int, group: Sequence[FileChange]) -> Story:
    first = next((change for change in group if not _is_test(change.path)), group[0])
    more = f" and {len(group) - 1} more" if len(group) > 1 else ""
    return Story(_id(number), f"Change {first.path}{more}", files=tuple(group))


def _migration(number: int, moved: Sequence[FileChange], words: str, after: tuple[str, ...]) -> Story:
    criteria = (" ".join(words.split()),) if _wanted(words) else ()
    title = f"Migrate: {moved[0].path}" if moved else "Migrate what exists"
    return Story(_id(number), title, depends_on=after, files=tuple(moved), criteria=criteria)


# ---------------------------------------------------------------------- what depends on what


def independent(files: Sequence[FileChange], code: Sequence[Code]) -> list[list[FileChange]]:
    """Sets of files that can be changed apart, each in the order of the record."""
    paths = [change.path for change in files]
    group = {path: path for path in paths}
    for one, other in _ties(files, code):
        old, new = group[other], group[one]
        group = {path: new if held == old else held for path, held in group.items()}
    leaders = dict.fromkeys(group[path] for path in paths)
    return [[change for change in files if group[change.path] == leader] for leader in leaders]


def _ties(files: Sequence[FileChange], code: Sequence[Code]) -> Iterator[tuple[str, str]]:
    """Pairs of files that have to change together."""
    blocks = _by_path(code, [change.path for change in files])
    for one, other in combinations(files, 2):
        if any(_leans(a, b, blocks) for a, b in ((one, other), (other, one))):
            yield one.path, other.path


def _leans(one: FileChange, other: FileChange, blocks: dict[str, str]) -> bool:
    """Whether a change rests on another one: it names it, imports it, uses what it defines, or tests it."""
    if other.path in one.what or _tests(one.path, other.path):
        return True
    text, defined = blocks.get(one.path, ""), _DEFINED.findall(blocks.get(other.path, ""))
    return any(_is_module(name, one.path, other.path) for name in _imported(text)) or any(
        re.search(rf"\b{re.escape(name)}\b", text) for name in defined if name not in _DEFINED.findall(text)
    )


_HEAD = re.compile(r"\s*(?:#|//|--|/\*|;)\s*(?:From\s+)?`?([^\s`:]+)")


def path_of(block: Code, paths: Sequence[str]) -> str:
    """The file that a block of a code contract is about: the one its first line names, else the only one there is."""
    match = _HEAD.match(block.text)
    if match and (match.group(1) in paths or "/" in match.group(1) or _SUFFIX.search(match.group(1))):
        return match.group(1).rstrip(",;")
    return paths[0] if len(paths) == 1 else ""


def _by_path(code: Sequence[Code], paths: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in code:
        path = path_of(block, paths)
        found[path] = f"{found.get(path, '')}\n{block.text}"
    return found


def _imported(text: str) -> Iterator[str]:
    """Names of modules that a text imports; ``from a import b`` may mean the module a.b."""
    for module, names, plain, quoted in _IMPORTS.findall(text):
        if module:
            yield module
            yield from (f"{module.rstrip('.')}.{name}" for name in re.findall(r"\w+", names))
        else:
            yield plain or quoted


def _is_module(name: str, here: str, path: str) -> bool:
    """Whether an imported name means a file."""
    stem = _SUFFIX.sub("", path).removesuffix("/__init__").removesuffix("/index")
    if name.startswith("."):
        wanted = (
            name.lstrip("./").replace(".", "/") if "/" not in name else re.sub(r"^[./]+", "", _SUFFIX.sub("", name))
        )
        return bool(wanted) and (f"/{stem}".endswith(f"/{wanted}")) and stem.split("/")[0] == here.split("/")[0]
    dotted = name.replace(".", "/") if "/" not in name else _SUFFIX.sub("", name)
    return (f"/{stem}".endswith(f"/{dotted}") and "/" in dotted.strip("/")) or stem == dotted


def _is_test(path: str) -> bool:
    return bool(_TEST.search(_SUFFIX.sub("", path)))


def _tests(one: str, other: str) -> bool:
    """Whether a file is by its name the test of another one."""
    if not _is_test(one) or _is_test(other):
        return False
    name = re.sub(r"^test_|[_.-](?:test|spec)$", "", _SUFFIX.sub("", one.rpartition("/")[2]))
    stem = _SUFFIX.sub("", other)
    return name in {stem.rpartition("/")[2], stem.replace("/", "_"), *stem.split("/")[-2:-1]}
