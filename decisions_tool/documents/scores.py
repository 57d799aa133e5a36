"""What one cell of a weighted matrix says in numbers: a score, a weight, a product, a total. Pure."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple


class Number(NamedTuple):
    """A number as it is written: its value, the digits after its point, and whether it is a percentage."""

    value: Fraction
    decimals: int = 0
    percent: bool = False

    @property
    def share(self) -> Fraction:
        return self.value / 100 if self.percent else self.value

    @property
    def half(self) -> Fraction:
        """Half of the last digit: what rounding may have taken or given."""
        return Fraction(1, 2 * 10**self.decimals)


class Score(NamedTuple):
    """A score; ``factor`` and ``product`` are there where the cell writes out its own weighing."""

    value: Number
    factor: Number | None = None
    product: Number | None = None


class Term(NamedTuple):
    """Two numbers that a cell multiplies."""

    score: Number
    weight: Number


_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)?(?:[.,]\d+)?"
_N = rf"([-+]?(?=[.,]?\d){_NUMBER} ?%?)"
_TIMES = r" ?[x*×✕✖·⋅] ?"
_LEADS = r" ?(?:=>|->|=|→|⇒|:|;|\() ?"
_PRODUCT = re.compile(rf"\(?{_N}{_TIMES}{_N}\)?(?:{_LEADS}{_N}\)?)?.*")
_OUT_OF = re.compile(rf"{_N} ?/ ?{_N}(?:{_LEADS}{_N}\)?)?.*")
_TWO = re.compile(rf"{_N}{_LEADS}{_N}\)?.*")
_UNIT = r"ms|s|secs?|mins?|minutes?|hours?|hrs?|h|days?|d|weeks?|months?|years?|k|m|[kmgt]i?b|loc|lines?|[km]?g|lbs?|oz|tons?|usd|eur|€|\$"
_ALONE = re.compile(rf"[~≈]?{_N}(?! ?[-–—/] ?\d)(?! ?(?:{_UNIT})(?!\w))(?![\w.,]).*", re.I)
_NAMED = re.compile(rf"[^\d$€£]*?[(:=] ?{_N}(?: ?/ ?\d+)?\)?[^\d]*")
_STARS = re.compile("[⭐★●]\ufe0f?")
_EMPTY_STARS = re.compile(r"[\s☆○\ufe0f]*")
_SIGN = re.compile(r"[^\w\s⭐★●☆○.,:;/(\[$€£+~≈-][^\w$€£+.-]*(?=[-+.]?\d)")
_TERM = re.compile(rf"\(?{_N}(?: ?\({_N}\)|{_TIMES}\(?{_N}\)?)\)?")
_ANY = re.compile(_N)
_MARKUP = re.compile(r"<[^<>]{0,80}>|\[\^[^\]]*\]|\*\*|__|~~|`|(?<!\S)[*_](?=\S)|(?<=\S)[*_](?!\S)|&nbsp;")
_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()]{0,300}\)")
#: Characters of a cell that are read.
_LONGEST = 500
#: What stands for "nothing here".
BLANK = re.compile(r"[-–—\s./]*|n/?a|none|tbd|\?+", re.I)


@lru_cache(maxsize=8192)
def plain(cell: str) -> str:
    """The words of a cell without what makes them bold, a link or a tag; one kind of minus and blank."""
    bare = _MARKUP.sub(" ", _LINK.sub(r"\1", cell[:_LONGEST])).replace("−", "-").replace("\xa0", " ")
    return " ".join(bare.split())


def number(text: str | None) -> Number | None:
    """A number that stands alone."""
    match = re.fullmatch(_N, text.strip()) if text else None
    if match is None:
        return None
    bare, percent = match.group().replace(" ", "").removesuffix("%"), match.group().endswith("%")
    bare = bare.replace(",", "") if re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", bare) else bare.replace(",", ".")
    return Number(Fraction(bare), len(bare.partition(".")[2]), percent)


@lru_cache(maxsize=8192)
def score(cell: str) -> Score | None:
    """A cell read as a score, or None where it is no number."""
    text = _SIGN.sub("", plain(cell)) if cell[:1] > "~" else plain(cell)
    for pattern, shape in ((_PRODUCT, "factor"), (_OUT_OF, "of"), (_TWO, "product")):
        match = pattern.fullmatch(text)
        if match:
            return _composed(shape, [number(group) for group in match.groups()])
    stars = len(_STARS.findall(text))
    if stars and _EMPTY_STARS.fullmatch(_STARS.sub("", text)):
        return Score(Number(Fraction(stars)))
    match = _ALONE.fullmatch(text) or _NAMED.fullmatch(text)
    found = number(match.group(1)) if match else None
    return Score(found) if found else None


def _composed(shape: str, parts: list[Number | None]) -> Score | None:
    first, second = parts[0], parts[1]
    if first is None or second is None:
        return None
    third = parts[2] if len(parts) > 2 else None
    if shape == "factor":
        return Score(first, second, third)
    return Score(first, None, second if shape == "product" else third)


def total(cell: str) -> Number | None:
    """A cell read as a total: what stands after the last equals sign, a number with decimals before others."""
    text = plain(cell).rpartition("=")[2]
    found = [n for n in (number(match.group(1)) for match in _ANY.finditer(text)) if n]
    return next((n for n in found if n.decimals), found[0] if found else None)


def terms(cell: str) -> tuple[Term, ...]:
    """The products of a cell that writes out a whole weighted sum, at least two of them."""
    first = plain(cell).partition("=")[0]
    parts = [_TERM.fullmatch(part.strip()) for part in first.split("+")]
    if len(parts) < 2 or not all(parts):
        return ()
    found = []
    for part in parts:
        one, two = number(part.group(1)) if part else None, number(part.group(2) or part.group(3)) if part else None
        if one is None or two is None:
            return ()
        found.append(Term(one, two))
    return tuple(found)


def addends(cell: str) -> tuple[Number, ...]:
    """The numbers that a cell adds up between its equals signs; none where it does not."""
    middle = plain(cell).split("=")[1:-1]
    found = [number(part) for part in middle[-1].split("+")] if middle else []
    return tuple(part for part in found if part) if all(found) else ()


_IN_BRACKETS = re.compile(
    rf"(.*\S) ?[(\[] ?(?:w(?:eight(?:ing)?|t)?\.? ?[:=]? ?)?[x×]? ?{_N} ?(?:w(?:eight)?)?[x×]?[)\]]", re.I
)
_IN_PERCENT = re.compile(r"(.*?\w) ?[-–—:,@|/]? ?(\d+(?:[.,]\d+)? ?%)(?: weight)?")
_TIMES_N = re.compile(rf"(.*?\w) [x×] ?{_N}")


def weighted_label(cell: str) -> tuple[str, Number] | None:
    """The name and the weight of a label such as ``Speed (30%)``."""
    text = plain(cell)
    for pattern in (_IN_BRACKETS, _IN_PERCENT, _TIMES_N):
        match = pattern.fullmatch(text)
        weight = number(match.group(2)) if match else None
        if match and weight and weight.value >= 0:
            return match.group(1), weight
    return None


def weight(cell: str) -> Number | None:
    """A cell of a weight column: ``30%``, ``0.3``, ``x3``, ``1/4``, ``High (3)``."""
    text = plain(cell)
    ratio = re.fullmatch(r"(\d+) ?/ ?([1-9]\d*)", text)
    if ratio:
        return Number(Fraction(int(ratio.group(1)), int(ratio.group(2))))
    bare = number(re.sub(r"^[x×] ?|(?<=\d) ?[x×]$", "", text))
    found = score(text)
    return bare or (found.value if found and found.factor is None else None)
