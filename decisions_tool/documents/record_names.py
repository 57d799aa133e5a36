"""Numbers and prefixes in the file names of decision records, whoever keeps them. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

#: ``DR-007-title.md``, ``adr-0007-title.md``, ``ADR_7 title.md``, ``0007-title.md``. Eight digits are a date, not a number.
_NAME = re.compile(
    r"(?:(?P<prefix>[A-Za-z][A-Za-z]{0,9})[-_ ]?)?(?P<digits>\d{1,7})(?!\d)[-_. ]+(?P<title>[^/]*)\.(?:md|markdown)",
    re.I,
)
#: What stands beside a record under its number, and is none.
_BESIDE = re.compile(r"(?:stories|retrospective)", re.I)


class Numbered(NamedTuple):
    """A record's file name, taken apart: ``docs/adr/ADR-0007-use-x.md`` -> docs/adr, ADR-, 7, 4, use-x."""

    folder: str
    prefix: str
    number: int
    width: int
    title: str


def numbered(path: str) -> Numbered | None:
    """The parts of a numbered record's path; None where the name carries no number of a series."""
    folder, _, name = path.rpartition("/")
    match = _NAME.fullmatch(name)
    if match is None or _BESIDE.fullmatch(match["title"]):
        return None
    digits = match["digits"]
    return Numbered(folder, name[: match.start("digits")], int(digits), len(digits), match["title"])


_DAY = re.compile(r"[01]?\d(?:[-_. ]|\Z)")


class Claim(NamedTuple):
    """What no two files may have: a number in a series of a folder."""

    folder: str
    series: str
    number: int


def claim(path: str) -> Claim | None:
    """The number that a record takes by its name; None for the working files of a case, and for dates such as 2026-05-title.md."""
    found = numbered(path)
    if found is None or path.startswith(("_tasks/", "docs/decisions/working/")):
        return None
    if found.width == 4 and 1900 <= found.number <= 2100 and _DAY.match(found.title):
        return None
    return Claim(found.folder, found.prefix.casefold(), found.number)
