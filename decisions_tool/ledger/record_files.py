"""Decision records as they lie on disk: found, read, and what was not read named with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from decisions_tool.documents.paths import MAX_FILE, QUESTIONS, RECORDS, TASKS
from decisions_tool.documents.record_names import doubt, foreign, is_index, is_page_of_one, readable, set_aside
from decisions_tool.documents.records import Record, read_record
from decisions_tool.errors import DecisionsError, Finding
from decisions_tool.ledger.files import read_regular
from decisions_tool.ledger.git import find_place
from decisions_tool.rules.records import Records, together
from decisions_tool.text import shortened

#: Where teams keep records, in the order in which they are looked for.
HOMES = (
    RECORDS, "docs/adr", "doc/adr", "docs/adrs", "doc/adrs", "adr", "adrs", "docs/architecture/decisions", "doc/architecture/decisions",
    "docs/architecture/adr", "docs/architecture-decisions", "docs/architecture-decision-records", "docs/architecture", "decisions",
    "architecture/decisions", ".decisions",
)  # fmt: skip
_OURS = {
    TASKS: "the cases of decisions", QUESTIONS: "the program's working documents", f"{RECORDS}/archive": "the program's archive",
    f"{RECORDS}/constraints.md": "constraints", f"{RECORDS}/cleanup.md": "what is left to clean up",
}  # fmt: skip
_OTHERS = {"node_modules": "packages of others", "site-packages": "packages of others", "vendor": "packages of others"}


class Skipped(NamedTuple):
    """A file or folder that holds no record, or none that can be read; ``broken`` where that is a fault."""

    path: str
    reason: str
    broken: bool = False


class Shelf(NamedTuple):
    """All records below some folders of ``base``; ``pages`` are the texts of pages that may list them."""

    base: Path
    roots: tuple[str, ...]
    records: Records
    skipped: tuple[Skipped, ...]
    pages: dict[str, str]
    texts: dict[str, str]


def shelf(
    folder: Path, wanted: str | None = None, keep: bool = False, held: Mapping[str, bytes] | None = None
) -> Shelf:
    """The records of DIR, or of the places where records are kept; paths are those of the repository where there is one.

    ``keep`` holds on to the texts; ``held`` are bytes that somebody has read already, by absolute path.
    """
    base, roots = _where(folder, wanted)
    gathered = _Gathered(base, held or {}, keep, roots if wanted else ())
    for path in sorted(set(_files(base, roots, gathered.skipped))):
        gathered.add(path)
    records, skipped = together(gathered.records), tuple(sorted(set(gathered.skipped)))
    return Shelf(base, roots, records, skipped, gathered.pages, gathered.texts)


class _Gathered:
    """Records and what is none, while files are read one by one."""

    def __init__(self, base: Path, held: Mapping[str, bytes], keep: bool, named: tuple[str, ...]) -> None:
        self.records: list[Record] = []
        self.skipped: list[Skipped] = []
        self.pages: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self._base, self._held, self._keep, self._named = base, held, keep, named

    def add(self, path: str) -> None:
        """Read a file, unless its name tells that it is no record."""
        why = set_aside(path)
        listing = why is not None and is_index(path)
        text = self._text(path) if why is None or listing else ""
        if text is None:
            return
        record = None if why and not listing else read_record(path, text)
        if listing and record and record.shape > 3 and is_page_of_one(path):
            why = None
        elif listing:
            self.pages[path] = text
        elif record and path.rpartition("/")[0] not in self._named:
            why = doubt(f"{self._base.name}/{path}", record.shape)
        elif record:
            why = doubt(f"adr/{path}", record.shape)
        if why:
            self.skipped.append(Skipped(path, why))
        elif record:
            self.records.append(record)
            if self._keep:
                self.texts[path] = text

    def _text(self, path: str) -> str | None:
        place = f"{self._base}/{path}"
        try:
            data = self._held.get(place) or read_regular(place, MAX_FILE)
        except DecisionsError as error:
            self.skipped.append(Skipped(path, error.message.removeprefix(f"{place}: "), True))
            return None
        if data is not None and len(data) <= MAX_FILE and b"\0" not in data[:1024]:
            return data.decode("utf-8", "surrogateescape")
        large = data is not None and len(data) > MAX_FILE
        why = "is not there" if data is None else "is larger than 1 MiB" if large else "is no text in UTF-8"
        self.skipped.append(Skipped(path, why, True))
        return None


# ---------------------------------------------------------------------- where they are


def _where(folder: Path, wanted: str | None) -> tuple[Path, tuple[str, ...]]:
    """(the folder that paths are told from, the folders or files to look in)."""
    start = Path(os.path.abspath(folder / wanted if wanted else folder))  # noqa: PTH100  # resolve() would follow links
    if wanted and not start.exists():
        raise DecisionsError(f"{wanted} is not there", "decisions list")
    place = find_place(start if start.is_dir() else start.parent)
    here = Path(os.path.abspath(folder))  # noqa: PTH100
    base = place.root if place else here if wanted is None or start.is_relative_to(here) else start
    if wanted:
        below = start.relative_to(base).as_posix()
        return base, ("" if below == "." else below,)
    return base, tuple(homes(base))


def managed(path: str) -> bool:
    """Whether a folder is one where the program keeps what leads to records, and no records."""
    return any(f"{path}/".startswith(f"{ours}/") for ours in _OURS)


def homes(base: Path) -> list[str]:
    """The folders below ``base`` where records are kept."""
    pointed = _pointed(base)
    found = [home for home in ([pointed] if pointed else []) + list(HOMES) if (base / home).is_dir()]
    inner = ("docs/architecture", "decisions", "adr")
    return [
        h
        for h in dict.fromkeys(found)
        if not any(h != o and (o.startswith(f"{h}/") if h in inner else h.startswith(f"{o}/")) for o in found)
    ]


def _pointed(base: Path) -> str:
    """The folder that ``.adr-dir`` names, as adr-tools write it."""
    try:
        data = read_regular(base / ".adr-dir", 4096) or b""
    except DecisionsError:
        return ""
    name = os.path.normpath(data.decode("utf-8", "replace").strip() or ".").replace("\\", "/")
    return "" if name == "." or name.startswith(("..", "/")) or "\0" in name else name


def _files(base: Path, roots: tuple[str, ...], skipped: list[Skipped]) -> Iterator[str]:
    for root in roots:
        if (base / root).is_dir():
            yield from _walk(base, root, skipped)
        else:
            yield root


def _walk(base: Path, below: str, skipped: list[Skipped]) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(base / below), key=lambda entry: entry.name)
    except OSError as error:
        skipped.append(Skipped(below or ".", f"cannot be read: {error.strerror}", True))
        return
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        why = _OURS.get(path) or _OTHERS.get(entry.name) or foreign(path)
        if entry.is_symlink() and (readable(path) or why):
            skipped.append(Skipped(path, "is a symbolic link"))
        elif why:
            skipped.append(Skipped(path, why))
        elif entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith(".") or path == ".decisions":
                yield from _walk(base, path, skipped)
        elif readable(path):
            yield path


def next_numbers(found: Shelf) -> dict[str, int]:
    """The next number of each series; for the program's own records with what git remembers of other branches and of the past."""
    from decisions_tool.ledger.git import Git
    from decisions_tool.ledger.numbers import next_number

    numbers = dict(found.records.next_number)
    place = find_place(found.base)
    if place and RECORDS in found.roots and (not numbers or "DR" in numbers):
        git = Git(place)
        try:
            numbers["DR"] = max(numbers.get("DR", 1), next_number(git))
        finally:
            git.close()
    return numbers


def pick(folder: Path, found: Shelf, name: str) -> Record:
    """The record that somebody names: by path, file name, number or identifier."""
    from decisions_tool.rules.records import Index

    by_path = {record.path: record for record in found.records.records}
    here = os.path.relpath(os.path.abspath(folder / name), found.base)  # noqa: PTH100
    if here in by_path:
        return by_path[here]
    path = Index(found.records.records, found.records.series).find("", name)
    if path is None:
        near = [r.path for r in found.records.records if name.casefold() in f"{r.path} {r.title}".casefold()]
        hint = f"name it by its path, such as {near[0]}" if near else "decisions list"
        raise DecisionsError(f"{shortened(name)!r} names no record, or several", hint)
    return by_path[path]


def shelf_with(folder: Path, names: Sequence[str], wanted: str | None = None) -> Shelf:
    """The records among which the named ones are: of DIR, of the folder of a path that is named, or of the usual places."""
    named = next((name for name in names if readable(name) and (folder / name).is_file()), None)
    found = shelf(folder, wanted, keep=True)
    if named and not wanted and os.path.relpath(os.path.abspath(folder / named), found.base) not in found.texts:  # noqa: PTH100
        return shelf(folder, os.path.dirname(named) or ".", keep=True)  # noqa: PTH120
    return found


def check_shelf(found: Shelf) -> list[Finding]:
    """What can be said against the records of a shelf that kept its texts."""
    from decisions_tool.rules.record_checks import check_records, dead_links

    findings = check_records(found.records, found.pages)
    for path, text in found.texts.items():
        findings += dead_links(path, text, partial(_there, (found.base / path).parent)) if "](" in text else []
    for item in found.skipped:
        if item.broken:
            findings.append(
                Finding(
                    "records/unread", "warning", item.path, 0, 0, item.reason, "make it a file of Markdown in UTF-8"
                )
            )
    return findings


def _there(folder: Path, ref: str) -> bool:
    from urllib.parse import unquote

    return os.path.lexists(folder / unquote(ref.partition("#")[0].partition("?")[0]).replace("\0", ""))
