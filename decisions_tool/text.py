"""Characters that people can trust: which ones a document may hold, and how foreign text is shown. Pure."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ast

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_BREAKS = "\u2028\u2029"
_SELECTORS = "\ufe00-\ufe0d"
#: Never wanted anywhere. Joiners, the two emoji selectors and Unicode's own line breaks are part of people's words.
HOSTILE = f"[{_CONTROL}{_BIDI}{_INVISIBLE}{_SELECTORS}]"
#: In front matter those hide things, or end a line, too.
HIDDEN = f"[{_CONTROL}{_BREAKS}{_BIDI}{_INVISIBLE}{_SELECTORS}\u200c\u200d\ufe0e\ufe0f]"
_SHOWN = f"[\r\ud800-\udfff{_CONTROL}{_BREAKS}{_BIDI}{_INVISIBLE}{_SELECTORS}]"
_LOOKALIKE = str.maketrans("аеорсухіјѕԁһӏոɑαοερνικτ", "aeopcyxijsdhlnaaoepvikt")


class BadCharacter(NamedTuple):
    offset: int
    name: str


def _harmless(text: str) -> bool:
    """Whether all of it is plain ASCII, which most text is: that is seen without a pattern."""
    return text.isascii() and text.replace("\n", "").isprintable()


def bad_character(text: str, pattern: str = HOSTILE) -> BadCharacter | None:
    """The first character that hides or reorders text, with a name to print."""
    match = None if _harmless(text) else re.search(pattern, text)
    if match is None:
        return None
    from unicodedata import name

    char = match.group()
    return BadCharacter(match.start(), f"U+{ord(char):04X} {name(char, 'control character')}")


def visible(text: str) -> str:
    """The text with everything a terminal would act on, or not show, written as an escape."""
    return text if _harmless(text) else re.sub(_SHOWN, lambda m: m.group().encode("unicode_escape").decode(), text)


def one_line(text: str, limit: int = 200) -> str:
    """Foreign text as one line of at most ``limit`` characters that cannot pose as a trailer or a comment."""
    flat = visible(" ".join(text.split())).lstrip("#").strip()
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def shortened(name: str, limit: int = 80) -> str:
    """A name that somebody typed, for a sentence about it."""
    return name if len(name) <= limit else name[: limit - 1] + "…"


_COMMAND = r"(?m)^(\s*):(?=:)|##(?=\[)"


def defused(text: str) -> str:
    """Text in whose lines a runner of GitHub finds no workflow command: those begin with two colons, or stand after ``##``."""
    return re.sub(_COMMAND, lambda m: "#\u2060#" if m.group().startswith("##") else f"{m.group(1)}:\u2060", text)


def looks_like(word: str) -> str:
    """The plain Latin word that ``word`` imitates with letters of another script."""
    from unicodedata import normalize

    return normalize("NFKC", word).translate(_LOOKALIKE)


def slugify(title: str, limit: int = 60) -> str:
    """A folder name made of a title: lower case, ASCII letters and digits, dashes."""
    plain = title if title.isascii() else _decomposed(title).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if len(slug) > limit:
        slug = slug[: limit + 1].rpartition("-")[0] or slug[:limit]
    return slug or "task"


def _decomposed(text: str) -> str:
    from unicodedata import normalize

    return normalize("NFKD", text)


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_PARSER = threading.Lock()


def parse_python(source: str) -> ast.Module:
    """Parse Python, one text at a time: before 3.13 threads that parse together disturb each other's count of depth."""
    import ast
    import warnings

    with _PARSER, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's string escapes
        return ast.parse(source)
