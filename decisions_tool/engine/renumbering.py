"""Gives a record another number: its name, what stands beside it, every link and citation, in one commit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from posixpath import basename, splitext
from shlex import quote
from typing import NamedTuple

from decisions_tool.documents.citations import OURS, THEIRS, UNKNOWN, Left, Renumbering
from decisions_tool.documents.paths import MAX_FILE, place
from decisions_tool.documents.record_names import claim, numbered
from decisions_tool.engine.events import Listener
from decisions_tool.engine.run import Engine
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.locks import run_lock
from decisions_tool.ledger.merging import begins
from decisions_tool.ledger.numbers import Series, next_number
from decisions_tool.ledger.preflight import branch_for_writing, check_ready
from decisions_tool.ledger.record import Turn
from decisions_tool.ledger.repository import REGULAR, Repository
from decisions_tool.ledger.trailers import Transition
from decisions_tool.text import shortened
from decisions_tool.workflows.phases import Changes


class Wanted(NamedTuple):
    """What is asked for: a record by path, file name or number; 0 for the next free number; the base whose record keeps the number."""

    record: str
    to: int = 0
    base: str = ""


@dataclass(frozen=True)
class Plan:
    """What a renumbering does: ``moves`` old -> new path, ``lines`` path -> lines that change, ``left`` what it is not sure of."""

    way: Renumbering
    moves: dict[str, str]
    changes: Changes = field(default_factory=dict)
    lines: dict[str, tuple[int, ...]] = field(default_factory=dict)
    left: list[tuple[str, Left]] = field(default_factory=list)
    case: str = ""

    @property
    def transition(self) -> Transition:
        old, new = self.way.stem, splitext(basename(self.way.target))[0]
        return Transition(self.case or "decisions", "renumber", f"{old}>{new}", f"{old} is {new} now")


def planned(repository: Repository, wanted: Wanted, branch: str | None = None) -> Plan:
    """What ``renumber`` would do now; it changes nothing."""
    return _plan(repository, branch_for_writing(repository, branch).oid, wanted)


def renumber(repository: Repository, wanted: Wanted, branch: str | None = None, listen: Listener | None = None) -> Plan:
    """Make the commit; what was done."""
    branch_for_writing(repository, branch)
    check_ready(repository)
    engine = Engine(repository, branch, listen)
    made: list[Plan] = []

    def build(turn: Turn) -> tuple[Changes, Transition]:
        made.append(_plan(repository, turn.tip, wanted))
        return made[-1].changes, made[-1].transition

    with run_lock(repository.place):
        engine.ledger.sweep()
        if branch is None:
            engine.ledger.mend()
        engine.commit(build)
    return made[-1]


def _plan(repository: Repository, tip: str, wanted: Wanted) -> Plan:
    base = repository.commit_id(wanted.base) if wanted.base else ""
    begun = begins(repository, tip, base) if base else ""
    paths = _paths(repository, tip)
    path = _find(paths, _paths(repository, begun) if begun else set(), wanted)
    held = numbered(path)
    assert held is not None
    there = _paths(repository, base) if base else set()
    rivals = sorted(p for p in paths | there if p != path and claim(p) == claim(path))
    number = _number(repository, Series(held.folder, held.prefix), wanted.to)
    beside = [p for p in _beside(path) if p in paths]
    mine = [p for p in beside if not begun or repository.lookup(repository.tree_of(begun), p) is None]
    way = Renumbering(
        path, number, others=[splitext(basename(p))[0] for p in rivals],
        elsewhere=any(basename(p) == basename(path) and p != path for p in paths),
        beside=(OURS if mine else THEIRS) if beside and (base or not rivals) else "",
    )  # fmt: skip
    moves = {p: way.moved(p) for p in (path, *(mine if base or not rivals else ()))}
    taken = next((new for new in moves.values() if new in paths), None)
    if taken:
        raise DecisionsError(f"{taken} is there already", "name another number: --to N")
    plan = Plan(way, moves, case=_case(repository, tip, path))
    for where in sorted({*_citing(repository, tip, way), *moves}):
        _edit(repository, tip, plan, where, _sides(repository, tip, base, begun, where, bool(rivals)))
    return plan


def _paths(repository: Repository, commit: str) -> set[str]:
    out = repository.git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    return set(out.decode("utf-8", "surrogateescape").split("\0")) - {""}


def _find(paths: Collection[str], begun: Collection[str], wanted: Wanted) -> str:
    """The one record that is meant: of several with a number, the one that was not there where the branches parted."""
    name = wanted.record.removeprefix("./")
    records = sorted(path for path in paths if claim(path))
    exact = [path for path in records if path == name]
    found = exact or [path for path in records if name in {basename(path), splitext(basename(path))[0]}]
    found = found or [path for path in records if _is_called(path, name)]
    if len(found) > 1:
        found = [path for path in found if path not in begun] or found
    if len(found) == 1:
        return found[0]
    if not found:
        raise DecisionsError(f"there is no record {shortened(name)!r} on this branch", "ls docs/decisions")
    listed = ", ".join(found[:4])
    raise DecisionsError(
        f"{name} names several records: {listed}", f"decisions renumber {quote(found[-1])} --against BASE"
    )


def _is_called(path: str, name: str) -> bool:
    """Whether a record is called so: DR-007, dr 7, or a number alone."""
    held, said = numbered(path), re.fullmatch(r"([A-Za-z][A-Za-z_-]*?)?[-_ ]?(\d{1,7})", name)
    if held is None or said is None or int(said[2]) != held.number:
        return False
    return (said[1] or "").casefold() in {"", held.prefix.rstrip("-_ ").casefold() or "adr"}


def _number(repository: Repository, series: Series, to: int) -> int:
    """The next free number, or the one that is asked for where nobody ever had it or a higher one."""
    free = next_number(repository.git, series)
    if to and to < free:
        said = f"{to} is no free number: a number is used once, and {free - 1} is the highest that was ever used"
        raise DecisionsError(said, f"--to {free}")
    return to or free


def _beside(path: str) -> list[str]:
    held = numbered(path)
    assert held is not None
    name = basename(path)[: len(held.prefix) + held.width]
    return [f"{held.folder}/{name}-{what}.md".removeprefix("/") for what in ("stories", "retrospective")]


def _case(repository: Repository, tip: str, path: str) -> str:
    """The question whose record it is."""
    where = place(path)
    for slug, folder in repository.cases(tip).items() if where and where.kind == "record" else ():
        text = repository.text_at(tip, f"{folder.path}/framing.md") if folder.workflow == "decision" else None
        if text and f"record: {path}\n" in text.replace("\r\n", "\n").replace('"', ""):
            return slug
    return ""


def _citing(repository: Repository, tip: str, way: Renumbering) -> list[str]:
    """Text files in which the number of the series stands, or a name that begins with it."""
    prefix, number = re.escape(way.old.prefix), way.old.number
    named = f"{prefix}0*{number}" if prefix else f"{re.escape(way.stem)}|0*{number}-(stories|retrospective)"
    spoken = f"{re.escape(way.spoken)}[-_ ]?0*{number}([^0-9]|$)|\\[0*{number}\\. |{named}"
    form = ("-l", "-z", "-a", "-i", "-E", "--no-recurse-submodules", "--no-textconv", "--full-name")
    out = repository.git.run("grep", *form, "-e", spoken, tip, "--", ok=(0, 1)).decode("utf-8", "surrogateescape")
    return [line.partition(":")[2] for line in out.split("\0") if line]


def _edit(
    repository: Repository, tip: str, plan: Plan, path: str, whose: Callable[[str], Callable[[int], str]]
) -> None:
    entry = repository.lookup(repository.tree_of(tip), path)
    data = repository.held(entry.oid, path) if entry and entry.mode in REGULAR else b""
    if len(data) > MAX_FILE or b"\0" in data[:8000]:
        if len(data) > MAX_FILE and b"\0" not in data[:8000]:
            plan.left.append((path, Left(0, "", "the file is larger than 1 MiB")))
        return
    text = data.decode("utf-8", "surrogateescape")
    edited = plan.way.edit(path, text, whose(text))
    plan.left.extend((path, left) for left in edited.left)
    if path in plan.moves:
        plan.changes[path] = None
        plan.changes[plan.moves[path]] = edited.text
    elif edited.text != text:
        plan.changes[path] = edited.text
    if edited.lines:
        plan.lines[path] = edited.lines


def _sides(
    repository: Repository, tip: str, base: str, begun: str, path: str, rivals: bool
) -> Callable[[str], Callable[[int], str]]:
    """Whose record a bare number on a line of a file means: what the branch wrote is its own, what was there before is not."""
    if not base:
        return lambda text: lambda line: UNKNOWN if rivals else OURS
    before = _lines(repository, begun, path)
    also = _lines(repository, base, path)

    def of_text(text: str) -> Callable[[int], str]:
        lines = text.split("\n")
        count = Counter(lines)

        def of_line(number: int) -> str:
            line = lines[number - 1]
            if before[line]:
                return THEIRS if count[line] <= before[line] else UNKNOWN
            return UNKNOWN if also[line] else OURS

        return of_line

    return of_text


def _lines(repository: Repository, commit: str, path: str) -> Counter[str]:
    """Lines of a file in a commit and how often they stand there; none where it has no such file."""
    entry = repository.lookup(repository.tree_of(commit), path)
    data = repository.blob(entry.oid) if entry and entry.mode in REGULAR else None
    return Counter((data or b"").decode("utf-8", "surrogateescape").split("\n"))
