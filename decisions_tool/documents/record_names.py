"""Numbers, prefixes and dates in the file names of decision records, whoever keeps them. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: ``DR-007-title.md``, ``adr-0007-title.md``, ``ADR_7 title.md``, ``0007-title.md``, ``0007.md``. Eight digits are a date, no number.
_NAME = re.compile(
    r"(?P<prefix>(?:[A-Za-z]+[-_])?(?:l?adr|dr|rfc|decision)[-_ ](?:[A-Za-z]+[-_ ])?|[A-Za-z]{1,10}[-_ ]?)?"
    r"(?!\d{4}[-_.]\d{2}[-_.]\d{2}(?!\d))(?P<digits>\d{1,7})(?!\d)(?:V\d+(?:R\d+)?)?(?:[-_. ]+(?P<title>[^/]*))?\.(?:md|markdown|mdx)",
    re.I,
)
_DATED = re.compile(
    r"(?:adr[-_ ])?(?P<day>(?:19|20)\d{2}[-_.]?\d{2}[-_.]?\d{2})(?!\d)(?:[-_. ]+(?P<title>[^/]*))?\.\w+", re.I
)
#: What stands beside a record under its number, and is none.
_BESIDE = re.compile(r"(?:stories|retrospective)", re.I)
#: A record may be a folder of its number with one of these in it.
_PAGES = {"readme.md", "index.md"}


class Numbered(NamedTuple):
    """A record's file name, taken apart: ``docs/adr/ADR-0007-use-x.md`` -> docs/adr, ADR-, 7, 4, use-x."""

    folder: str
    prefix: str
    number: int
    width: int
    title: str


@lru_cache(maxsize=8192)
def numbered(path: str) -> Numbered | None:
    """The parts of a numbered record's path; None where the name carries no number of a series."""
    folder, _, name = path.rpartition("/")
    if name.lower() in _PAGES and folder:
        folder, _, name = folder.rpartition("/")
        name += ".md"
    match = _NAME.fullmatch(name)
    if match is None or _BESIDE.fullmatch(match["title"] or ""):
        return None
    digits = match["digits"]
    return Numbered(folder, name[: match.start("digits")], int(digits), len(digits), match["title"] or "")


@lru_cache(maxsize=8192)
def dated(path: str) -> tuple[str, str] | None:
    """(the date in digits, the title) of a name that begins with a day, such as ``20200925-use-x.md``."""
    match = _DATED.fullmatch(path.rpartition("/")[2])
    return (re.sub(r"\D", "", match["day"]), match["title"] or "") if match else None


# ---------------------------------------------------------------------- what is no record

_FOREIGN = {
    "adoc": "AsciiDoc is not read", "asciidoc": "AsciiDoc is not read", "rst": "reStructuredText is not read", "org": "Org is not read",
    "txt": "plain text is not read", "html": "HTML is not read", "pdf": "PDF is not read", "docx": "Word documents are not read",
}  # fmt: skip
_READ = {"md", "markdown", "mdx"}
_INDEX = re.compile(
    r"_?(?:readme|index|summary|contents|toc|contributing|changelog|licen[cs]e|glossary|overview|_sidebar|sidebar|authors|security|code_of_conduct"
    r"|adrs?-index|decision-?log|adrs?|decisions|home|faq|skill|agents|claude|maintainers|governance|support|todo)(?:\.[a-z]{2})?",
    re.I,
)
_TEMPLATE = re.compile(
    r"(?:.*[-_ .])?template(?:[-_ .].*)?|.*[-_ ]boilerplate|(?:nnnn|xxxx?|yyyymmdd|0*x+)[-_ ].*", re.I
)
_NUMBERED_TEMPLATE = re.compile(
    r"(?:(?:[lm]?adr|decision|decision-record|record|short|long|full|minimal)[-_ ])?templates?", re.I
)
_HOMES = re.compile(
    r"l?adrs?|decisions?|decision[-_ ]?(?:records?|log)s?"
    r"|architectur(?:e|al)[-_ ]?decisions?(?:[-_ ]?(?:records?|log))?",
    re.I,
)
_SAYS_SO = re.compile(r"(?:.*[-_ ])?(?:l?adr|dr|decision)[-_ ]?(?:[a-z]+[-_ ])?", re.I)


def foreign(path: str) -> str | None:
    """Why a file that is named like a record is not read; None where it is no such file."""
    stem, _, ending = path.rpartition(".")
    why = _FOREIGN.get(ending.lower())
    return why if why and (numbered(f"{stem}.md") or dated(path)) and _at_home(path) else None


def readable(path: str) -> bool:
    """Whether a name is that of a Markdown file."""
    return path.rpartition(".")[2].lower() in _READ


def set_aside(path: str) -> str | None:
    """Why a Markdown file is no record, as far as its name tells."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0]
    found = numbered(path)
    form = _NUMBERED_TEMPLATE.fullmatch(found.title) if found else _TEMPLATE.fullmatch(stem)
    if form or "templates" in folder.lower().split("/"):
        return "a template"
    if found is None and _INDEX.fullmatch(stem):
        return "a page about the records"
    return "stands beside a record" if re.search(r"\bDR-\d{3,}-(?:stories|retrospective)$", stem) else None


def doubt(path: str, shape: int) -> str | None:
    """Why a file with that much of the shape of a record (see ``records.Record``) is none all the same."""
    found = numbered(path)
    if found or dated(path):
        says = found is not None and _SAYS_SO.fullmatch(found.prefix) is not None
        return None if shape > 1 or says or _at_home(path) else "has a number, and nothing in it is a decision record's"
    if shape > 3 or (shape > 2 and _at_home(path)):
        return None
    return "has no number, and not the sections and status of a decision record"


def version(path: str) -> str:
    """What tells two versions of one decision apart in their names: ``ADR0001V01R02-x.md`` -> v01r02."""
    match = re.search(r"\d(V\d+(?:R\d+)?)[-_. ]", path.rpartition("/")[2], re.I)
    return match[1].lower() if match else ""


def is_index(path: str) -> bool:
    """Whether a page may list the records around it."""
    return numbered(path) is None and _INDEX.fullmatch(path.rpartition("/")[2].rpartition(".")[0]) is not None


def is_page_of_one(path: str) -> bool:
    """Whether an index page may be a record by itself: that of a folder which is not named for records."""
    folder, _, name = path.rpartition("/")
    return name.lower() in _PAGES and bool(folder) and _HOMES.fullmatch(folder.rpartition("/")[2]) is None


def _at_home(path: str) -> bool:
    """Whether a file lies in a folder that is named for decision records."""
    return any(_HOMES.fullmatch(part) for part in path.split("/")[:-1])


_DAY = re.compile(r"[01]?\d(?:[-_. ]|\Z)")


class Claim(NamedTuple):
    """What no two files may have: a number in a series of a folder."""

    folder: str
    series: str
    number: int


def claim(path: str) -> Claim | None:
    """The number that a record takes by its name; None for the working files of a case, and for dates such as 2026-05-title.md."""
    found = numbered(path)
    if found is None or path.startswith(("_tasks/", "docs/decisions/working/", "docs/decisions/archive/")):
        return None
    if found.folder != path.rpartition("/")[0]:  # a folder that is one record cannot be told from others by its page
        return None
    if found.width == 4 and 1900 <= found.number <= 2100 and _DAY.match(found.title):
        return None
    return Claim(found.folder, found.prefix.casefold(), found.number)
