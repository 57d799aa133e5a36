"""What a record and its addenda promise: code, files, what is ruled out, and which deviations are declared. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from decisions_tool.documents.lines import Line
from decisions_tool.documents.outline import Section, heading, outline
from decisions_tool.documents.paths import MARKER, MAX_FILE, RECORDS, place
from decisions_tool.documents.record_names import numbered as record_name
from decisions_tool.documents.sections import cited, entries, key, nothing, sections
from decisions_tool.enforce.blocks import SHIELD, Block, Change, blocks, changes, is_path, named, numbered
from decisions_tool.enforce.ruled_out import Rule, Unread, read_rules

CONSTRAINTS = f"{RECORDS}/constraints.md"
#: Folders in which records are looked for.
FOLDERS = (
    RECORDS,
    "docs/adr",
    "docs/adrs",
    "docs/architecture",
    "doc/adr",
    "doc/adrs",
    "doc/decisions",
    "adr",
    "adrs",
    "decisions",
)
#: A record with one of these binds.
BINDING = frozenset({"accepted", "accepted-with-review", "implemented"})


class Declared(NamedTuple):
    """A deviation that an addendum declares: what it is about, and why."""

    paths: tuple[str, ...]
    names: tuple[str, ...]
    why: str
    line: int


class Unchecked(NamedTuple):
    """A part of a record that no machine can hold."""

    path: str
    line: int
    what: str


class Text(NamedTuple):
    """What one document promises: a record, an addendum, or the constraints that people wrote."""

    path: str
    line: int
    title: str
    date: str = ""
    of: str = ""
    status: str = ""
    blocks: tuple[Block, ...] = ()
    virtual: tuple[Block, ...] = ()
    changes: tuple[Change, ...] = ()
    rules: tuple[Rule, ...] = ()
    declared: tuple[Declared, ...] = ()
    unread: tuple[Unread, ...] = ()
    cited: tuple[str, ...] = ()
    addenda: tuple[Text, ...] = ()

    @property
    def name(self) -> str:
        """DR-004 for ``docs/decisions/DR-004-cache.md``."""
        return name_of(self.path)

    @property
    def empty(self) -> bool:
        return not (
            self.blocks or self.rules or self.declared or self.addenda or any(c.must is not None for c in self.changes)
        )


def name_of(path: str) -> str:
    """The short name of a record by its path."""
    found = record_name(path)
    return f"{found.prefix}{found.number:0{found.width}d}" if found else path.rpartition("/")[2].removesuffix(".md")


def is_record(path: str) -> bool:
    """Whether a file is a decision record by its place and name."""
    where = place(path)
    if where is not None:
        return where.kind == "record" or (not where.case and where.kind == "other" and record_name(path) is not None)
    return path.rpartition("/")[0] in FOLDERS and record_name(path) is not None


# ---------------------------------------------------------------------- heads

_STATUS = re.compile(r"(?:#{1,6} |[-*] |> )?\W{0,2}status(?:\W{1,5}(.*))?", re.I)
_REHEARSAL = re.compile(r"rehearsal:\s*[\"']?true[\"']?\s*")
_DATE = re.compile(r"\b(\d{4}-\d\d-\d\d)\b")
_POINTER = re.compile(r"(?:#{1,6} |[-*] )?\W{0,2}superseded[- ]by\W{1,5}[\w\[]", re.I)
_RECORD = re.compile(r"\W{0,2}decision record\W{1,5}(?:\S*/)?([A-Za-z]{0,10}[-_]?\d{1,7})\b", re.I)
_WORTH = re.compile(rb"contract|ruled|files? changed|import|deviation", re.I)


class _Head(NamedTuple):
    status: str
    date: str
    title: str


def _head(lines: Sequence[str], front: int) -> _Head:
    """Status, date and title; a record that says anywhere that it is superseded, or a rehearsal, does not bind."""
    above, below = lines[:front], list(_top(lines[front:]))
    said = [_status(above), _status(below)]
    if any(_REHEARSAL.fullmatch(line) for line in above):
        said.append("rehearsal")
    if any(_POINTER.match(line) for line in below):
        said.append("superseded")
    date = next((day[1] for line in [*above, *below] if "date" in line.casefold() and (day := _DATE.search(line))), "")
    title = next((line[2:].strip() for line in below if line.startswith("# ")), "")
    bad = [word for word in said if word and word not in BINDING]
    return _Head((bad or [word for word in said if word] or [""])[0], date, title)


def _top(lines: Sequence[str]) -> Iterator[str]:
    """What stands above the sections of a record."""
    for line in lines[:60]:
        found = heading(line)
        name = key(found[1]) if found else ""
        if (
            line.lstrip().startswith(("```", "~~~"))
            or name == "decision"
            or name.startswith(("context", "rationale", "codecontract"))
        ):
            return
        yield line


def _status(lines: Sequence[str]) -> str:
    """The first status that lines state, beside the word or below it."""
    for at, line in enumerate(lines):
        match = _STATUS.fullmatch(line.strip())
        if match:
            return _word(match[1]) or _word(next((text for text in lines[at + 1 : at + 4] if text.strip()), ""))
    return ""


def _word(text: str | None) -> str:
    found = re.match(r"[a-z]+(?:-[a-z]+)*", (text or "").strip(" *_`\"'[:").casefold())
    return found[0] if found else ""


def _lines(text: str) -> tuple[list[str], int]:
    """All lines, those of front matter emptied for readers of structure, and how many these are."""
    lines = text.replace("\r\n", "\n").split("\n")
    end = lines.index("---", 1) if lines[0] == "---" and "---" in lines[1:] else -1
    return lines, end + 1


def _outlined(lines: Sequence[str], start: int) -> Section:
    """The sections from a line on; what is indented heads none."""
    kept = (
        f"{line[: len(line) - len(bare)]}{SHIELD}{bare}" if (bare := line.lstrip(" "))[:1] == "#" != line[:1] else line
        for line in lines[start:]
    )
    return outline("\n".join([""] * start + list(kept)), deepest=6)


# ---------------------------------------------------------------------- documents


def read_record(path: str, data: bytes) -> Text:
    """What a decision record promises."""
    lines, front = _lines(data[:MAX_FILE].decode("utf-8", "replace"))
    head = _head(lines, front)
    if not _WORTH.search(data):
        return Text(path, 1, head.title, head.date, "", head.status, cited=_cited(lines[front:]))
    root = _outlined(lines, front)
    later = [one for one in sections(root) if _is_addendum(one)]
    base = Text(path, 1, head.title, head.date, name_of(path), head.status, cited=_cited(lines[front:]))
    made = _promises(root, base, ("codecontract",), later)
    return made._replace(addenda=tuple(_addendum(path, one, name_of(path), head.date) for one in later))


def _is_addendum(section: Section) -> bool:
    return key(section.title).startswith(("constraintaddendum", "addendum"))


def read_constraints(path: str, data: bytes) -> list[Text]:
    """What people's own constraints say, and what addenda do."""
    lines, front = _lines(data[: 4 * MAX_FILE].decode("utf-8", "replace"))
    end = next(
        (at for at, line in enumerate(lines) if line.strip() == MARKER or line.startswith("## Constraint Addendum")),
        len(lines),
    )
    people = [Line(at, line) for at, line in enumerate(lines[:end], start=1) if at > front]
    said = list(read_rules(people, ruled=False))
    rules, unread = (
        tuple(one for one in said if isinstance(one, Rule)),
        tuple(one for one in said if isinstance(one, Unread)),
    )
    found = [Text(path, 1, "project constraints", rules=rules, unread=unread, cited=_cited(lines[:end]))]
    root = _outlined(lines, end)
    return found + [_addendum(path, one, "", "") for one in sections(root) if _is_addendum(one)]


def _addendum(path: str, section: Section, of: str, date: str) -> Text:
    head = "\n".join([section.title, *section.body[:12]])
    names = _RECORD.search(head)
    day = _DATE.search(head)
    base = Text(path, section.line, section.title, day[1] if day else date, names[1] if names else of)
    return _promises(section, base, ("interfacecontract", "codecontract"), [])


def _promises(root: Section, base: Text, contracts: tuple[str, ...], apart: Sequence[Section]) -> Text:
    """A text with what the sections below a heading say, those apart left out."""
    kept = Section(root.level, root.title, root.line, root.body, [c for c in root.children if c not in apart])
    if apart:
        kept = _without(root, apart)

    def lines(*starts: str) -> list[Line]:
        return [line for section in named(kept, *starts) for line in numbered(section)]

    ruled = list(read_rules(lines("ruledout")))
    changed = tuple(changes(lines("fileschanged", "changedfiles")))
    return base._replace(
        blocks=tuple(blocks(lines(*contracts))), virtual=tuple(blocks(lines("virtualdiff"))), changes=changed,
        rules=tuple(one for one in ruled if isinstance(one, Rule)), unread=tuple(one for one in ruled if isinstance(one, Unread)),
        declared=tuple(_declared(lines("deviation"))),     )  # fmt: skip


def _without(root: Section, apart: Sequence[Section]) -> Section:
    children = [_without(child, apart) for child in root.children if child not in apart]
    return Section(root.level, root.title, root.line, root.body, children)


# ---------------------------------------------------------------------- deviations


def _declared(lines: Sequence[Line]) -> Iterator[Declared]:
    """Entries that name something in code spans and say why: ``- `Store.get` — a lock takes its place``."""
    for number, text in entries(lines):
        spans = [word.strip() for word in re.findall(r"`([^`]+)`", text.split(" — ")[0])] or list(cited(text)[0])
        why = re.sub(r"`[^`]*`", "", text).strip(" —–:-,.")
        paths = tuple(part for word in spans for part in [word.partition(":")[0]] if is_path(part))
        names = tuple(part for word in spans if (part := _name(word)))
        if (paths or names) and len(why) > 3 and not nothing(why):
            yield Declared(paths, names, why, number)


def _name(word: str) -> str:
    """The qualified name that a code span means: ``shop/db.py:Store.get(timeout)`` -> Store.get.timeout."""
    head, colon, tail = word.partition(":")
    name = tail.lstrip(":") if colon and is_path(head) else "" if is_path(word) else word
    return re.sub(r"\((\w+)[^)]*\)$", r".\1", name.removeprefix("import ").strip()).removesuffix("()")


def _cited(lines: Sequence[str]) -> tuple[str, ...]:
    """The paths that stand in code spans."""
    found = (word for line in lines if "`" in line for word in re.findall(r"`([^`]+)`", line))
    return tuple(dict.fromkeys(word for word in found if is_path(word.rstrip("/"))))
