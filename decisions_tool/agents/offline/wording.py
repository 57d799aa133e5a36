"""Foreign words made fit for a document, and words compared by their stems. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from decisions_tool.text import one_line, plural

#: What could end a code span, a table cell or a list, or begin a comment.
_MARKUP = str.maketrans({"`": "'", "|": "/", "<": "(", ">": ")", "*": "·", "\ufffd": "?"})
_LISTED = re.compile(r"[,;()\[\]\\#\"'`|<>*\s\ufffd]+")
#: Parts of words and identifiers, capitals in a row taken as one.
TOKEN = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])")
_ENDINGS = ("ings", "ing", "ers", "er", "ed", "es", "s", "e")


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words that say nothing about what a request is about.
_STOP = word_set("""
    the and for with that this from have has had not but are was were been being will would should could can may might
    must shall its our your their they them there then than when where which while what who why how all any each every
    some more most other into onto over under about after before between because also only just very much many such same
    own out off per via add adds make makes made use uses used using need needs want wants allow allows support supports
    let lets get gets set sets new now one two three first second last next way ways thing things part parts lot work
    works like without within does did done please able instead still yet ever never always often you she his her him
    etc even else put take takes give gives see again stay stays src side both keep keeps kept change changes changed
    changing good better best today user users code project repository program software system true false null self
    return def class import str int bool list dict var let const func function type value name data
""")


def quote(text: str, limit: int = 80) -> str:
    """Foreign text as one line in which nothing is markup."""
    return one_line(text.translate(_MARKUP), limit) or "?"


def name_of(text: str) -> str:
    """Foreign text as a name that may stand in a list and in a file name."""
    flat = _LISTED.sub("-", one_line(text, 200)).strip("-")
    return one_line(flat, 60).replace("…", "") or "unnamed"


def first_line(text: str, limit: int = 160) -> str:
    """The first line of a text with its code spans, or without any where it has to be cut."""
    line = " ".join(text.strip().partition("\n")[0].split())
    return line if line.count("`") % 2 == 0 and len(line) <= limit else quote(line, limit)


def code(text: str) -> str:
    """A path or an identifier in a code span."""
    return f"`{quote(text, 300)}`"


def enumerate_words(words: Sequence[str], limit: int = 6) -> str:
    """``a, b and c``, or ``a, b and 7 more``."""
    shown = list(words[:limit])
    if len(words) > limit:
        return f"{', '.join(shown)} and {len(words) - limit} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def codes(texts: Iterable[str], limit: int = 6) -> str:
    return enumerate_words([code(text) for text in texts], limit)


def quoted(words: Iterable[str], limit: int = 6) -> str:
    return enumerate_words([f"“{word}”" for word in words], limit)


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def verb(count: int, noun: str, one: str, many: str) -> str:
    """``1 component imports`` or ``3 components import``."""
    return f"{plural(count, noun)} {one if count == 1 else many}"


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """What ``caching``, ``caches`` and ``cache``, or ``retries`` and ``retry``, have in common."""
    low = word.lower()
    for ending in () if low.endswith("ss") else _ENDINGS:
        if low.endswith(ending) and len(low) - len(ending) >= 3 + ("er" in ending):
            low = low[: -len(ending)]
            break
    return low[:-1] if low.endswith(("y", "i")) and len(low) > 4 else low


def stems(text: str) -> frozenset[str]:
    """The stems of all words of a text, identifiers taken apart."""
    return frozenset(map(stem, dict.fromkeys(TOKEN.findall(text))))


def request_words(text: str) -> dict[str, str]:
    """Stem -> first spelling of the words that say what a request is about, in their order."""
    found: dict[str, str] = {}
    for word in TOKEN.findall(text):
        if len(word) > 2 and word.lower() not in _STOP:
            found.setdefault(stem(word), word.lower())
    return found
