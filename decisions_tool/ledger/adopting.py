"""Documents that people wrote without front matter: which of them get theirs, what stands in it, and why others do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from decisions_tool.documents import edits, frontmatter
from decisions_tool.documents.kinds import FILES, read_document
from decisions_tool.documents.paths import MAX_FILE, QUESTIONS, RECORDS, TASKS, Place, name_problem, place
from decisions_tool.errors import DecisionsError, DocumentError
from decisions_tool.ledger.entries import Entry
from decisions_tool.ledger.history import Step, is_transition, steps
from decisions_tool.ledger.repository import REGULAR, Repository

#: What adoption says of a document: what it is, where it belongs, and since when it is there. Nothing of who wrote it, or how.
KEYS = ("type", "schema", "case", "created")
#: The name that commits carry which belong to no case, and the phase of an adoption.
NOBODY, PHASE = "decisions", "adopt"
#: What only rules write; a file by hand is not taken for one.
_COMPUTED = frozenset({"gate", "tally", "record", "addendum", "batch", "constraints"})
_FORMS = {"record": "a decision record is read as it is", "constraints": "people's constraints need none"}


class Adopted(NamedTuple):
    """A document with the front matter that it gets; ``created`` is empty where history does not tell."""

    path: str
    kind: str
    case: str
    created: str
    text: str


class Left(NamedTuple):
    path: str
    reason: str


class Survey(NamedTuple):
    adopted: tuple[Adopted, ...]
    left: tuple[Left, ...]


def survey(repository: Repository, commit: str, below: Collection[str] = ()) -> Survey:
    """What an adoption of a commit's managed folders, or of some paths in them, would do."""
    found: list[Adopted] = []
    left: list[Left] = []
    since = _first_seen(repository, commit)
    for path, entry in sorted(_files(repository, commit)):
        if below and not any(path == top or path.startswith(f"{top}/") for top in below):
            continue
        try:
            made = _adopted(repository, path, entry, since.get(path, ""))
            found += [made] if made else []
        except DecisionsError as error:
            said = error.findings[0].message if isinstance(error, DocumentError) else error.message
            left.append(Left(path, said))
    return Survey(tuple(found), tuple(left))


def _files(repository: Repository, commit: str) -> Iterator[tuple[str, Entry]]:
    root = repository.tree_of(commit)
    for top in (TASKS, RECORDS):
        folder = repository.lookup(root, top)
        if folder is not None and folder.mode == "40000":
            yield from repository.walk(folder.oid, top)


def _adopted(repository: Repository, path: str, entry: Entry, created: str) -> Adopted | None:
    """One file, None where it has its front matter; DecisionsError says why it is left alone."""
    where = _named(path)
    if entry.mode not in REGULAR:
        raise DecisionsError("it is no regular file")
    data = repository.held(entry.oid, path)
    if len(data) > MAX_FILE:
        raise DecisionsError(f"it has more than {MAX_FILE} bytes")
    text = frontmatter.decode(data, path)
    front = frontmatter.read(text, path)
    if front.values is not None:
        if front.values.get("type") == where.kind:
            return None
        raise DecisionsError("it has front matter of its own")
    made = edits.insert(text, _values(where, "" if where.kind in _COMPUTED else created))
    read_document(where.kind, path, made.encode())
    if frontmatter.read(made, path).body != text:
        raise DecisionsError("front matter above it would hide a part of it")
    return Adopted(path, where.kind, where.case, created, made)


def _named(path: str) -> Place:
    """What the name of a file says that it is, where that is something that people write."""
    where = place(path)
    problem = next(filter(None, map(name_problem, path.split("/"))), None)
    if problem:
        raise DecisionsError(f"its name {problem}")
    if where is None or where.kind not in FILES:
        inside = path.startswith((f"{TASKS}/", f"{QUESTIONS}/"))
        raise DecisionsError("its name is none that the workflow knows" if inside else "it is read as it is")
    if where.kind in _COMPUTED:
        raise DecisionsError(_FORMS.get(where.kind, f"a {where.kind} is computed, never adopted"))
    return where


def _values(where: Place, created: str) -> dict[str, str]:
    values = {"type": where.kind, "schema": "1", "case": where.case, "created": created}
    return {key: value for key, value in values.items() if value}


def _first_seen(repository: Repository, commit: str) -> Mapping[str, str]:
    """When each managed file appeared, as far as history is here."""
    found: dict[str, str] = {}
    for step in steps(repository, commit, TASKS, RECORDS, newest_first=False):
        day = "" if step.commit in repository.boundary else _moment(step.date)
        found |= {change.path: day for change in step.changes if not change.before}
    return found


def _moment(date: str) -> str:
    """A commit's date as documents have it, or nothing where a clock was far off."""
    try:
        told = datetime.fromisoformat(date).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return told.strftime("%Y-%m-%dT%H:%M:%SZ") if 1970 < told.year < 9999 else ""


def only_adopted(path: str, before: str | None, after: str | None) -> bool:
    """Whether a change puts the front matter of an adoption above a text, and does nothing else."""
    where = place(path)
    if where is None or where.kind in _COMPUTED or before is None or after is None:
        return False
    try:
        held, had = frontmatter.read(after, path), frontmatter.read(before, path)
    except DocumentError:
        return False
    values = held.values or {}
    expected = _values(where, str(values.get("created", "")))
    return had.values is None and values == expected and after == edits.insert(before, expected)


def last_adoption(repository: Repository, tip: str) -> Step | None:
    """The last adoption that no later undo has taken back."""
    undone: set[str] = set()
    for step in steps(repository, tip, TASKS, RECORDS):
        if not is_transition(step) or step.value("Case") != NOBODY:
            continue
        if step.value("Phase") == "undo":
            undone.add(step.value("Slot"))
        elif step.value("Phase") == PHASE and step.commit not in undone:
            return step
    return None
