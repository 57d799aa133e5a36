"""What people write for a status and for a date, in their own words and spellings. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: Status -> the words for it, in any case; at one place of a text the longest wins.
_WORDS = {
    "accepted-with-review": "accepted[- ]with[- ](?:a )?review",
    "escalated": "escalated",
    "superseded": "super[sc]ee?ded|superseeded|replaced|reemplazad[oa]|ersetzt|remplacée?|substituíd[oa]",
    "deprecated": "deprecated|depreciated|obsolete|obsoleted|retired|outdated|sunset|expired|"
    "no longer (?:valid|relevant|needed|used|applicable|in use)|obsolet[oa]|veraltet",
    "rejected": "rejected|declined|abandoned|withdrawn|dropped|cancell?ed|discarded|denied|won'?t do|"
    "rechazad[oa]|rejeitad[oa]|abgelehnt|rejetée?|отклонено",
    "implemented": "implemented|done|completed?|shipped|delivered|implementad[oa]|umgesetzt",
    "proposed": "proposed|proposal|propose|proposing|rfc|request for comments|(?:in|under|for|needs|ready for|peer) review|"
    "reviewing|(?:in|under|for|open for) (?:discussion|consideration|comments?)|suggested|candidate|"
    "propuest[oa]|propost[oa]|vorgeschlagen|proposée?|предложено",
    "draft": "draft|drafted|drafting|wip|work[- ]in[- ]progress|borrador|entwurf|brouillon|rascunho|черновик",
    "pending": "pending|awaiting|waiting|pendiente|pendente|ausstehend",
    "accepted": "accepted|acepted|accpeted|acccepted|accept|approved|aproved|adopted|agreed|agreed upon|decided|ratified|active|"
    "finali[sz]ed|final|confirmed|endorsed|in force|in effect|in use|aceptad[oa]|aprobad[oa]|aceit[oa]|aprovad[oa]|"
    "akzeptiert|angenommen|beschlossen|acceptée?|approuvée?|принято|утверждено|已接受|已采纳|承認|採用",
}  # fmt: skip
STATUSES = (*_WORDS, "missing", "other")
_STATUS = re.compile(
    "|".join(rf"(?P<{name.replace('-', '_')}>(?<![^\W_])(?:{words})(?![^\W_]))" for name, words in _WORDS.items()), re.I
)
#: A record in one of these can still be superseded.
LIVE = {"proposed", "draft", "pending", "accepted", "implemented", "accepted-with-review", "missing", "other"}
_BY = re.compile(r"(?<!partially )(?<!partly )(?:super[sc]ee?ded|replaced) by", re.I)
_ASIDE = re.compile(r"\([^()]*\)")
_LEADING = re.compile(r"^(?:[\W_]|\d{1,4}[-./]\d{1,2}[-./]\d{1,4})+")
_NOT = re.compile(
    r"(?:\bnot(?: yet)?(?: (?:been|be|fully))?|\bto be|\bnever|\bun|\bonce|\buntil|\bif|\bwhen)[ -]*$", re.I
)
_ARROW = re.compile(r"\s*(?:→|⟶|➔|➜|➡️?|⇒|->|-->|=>|==>|»)\s*")
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\(([^)\s]*)[^)]*\))?")
_LINK = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_GONE = re.compile(
    r"~~.*?~~|<(?:s|del|strike)>.*?</(?:s|del|strike)>|<!--.*?-->|<!--.*$|:[a-z0-9_]+:|\[\^[^\]]*\]", re.I
)
_COMMENT = re.compile(r"\s*<!--.*?(?:-->|$)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_MARKED = re.compile(r"[]~<:^\[*`\\_]")
_BADGE = re.compile(r"badge/([^?)]*)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*|__([^_]+)__")


def bare(text: str) -> str:
    """Words as they are seen: without links, emphasis, tags, badges, comments and what is struck out."""
    if not _MARKED.search(text):
        return " ".join(text.split())
    if "~" in text or "<" in text or ":" in text or "^" in text:
        text = _TAG.sub(" ", _GONE.sub(" ", text))
    if "[" in text:
        text = _LINK.sub(r"\1", _IMAGE.sub(_badge, text))
    return " ".join(text.replace("*", "").replace("`", "").replace("\\", "").strip().strip("_").split())


def _badge(match: re.Match[str]) -> str:
    found = _BADGE.search(match[2] or "")
    words = re.sub(r"[-_]|%20", " ", found[1]) if found else ""
    return match[1] if not words or _STATUS.search(match[1]) else words


class Stated(NamedTuple):
    """A status in words: its class and the words it was taken from, as they are written but for emphasis around them."""

    status: str
    text: str


@lru_cache(maxsize=1024)
def status_of(raw: str) -> Stated:
    """The class of what somebody wrote for a status: the last of a chain, the first of a sentence."""
    text, said = bare(raw), _COMMENT.sub("", raw).strip().strip("*_`").strip()
    text = _ASIDE.sub(_unless_choice, text) if "(" in text else text
    last = _ARROW.split(text)[-1] if _ARROW.search(text) else text
    found = classes(last)
    if not last.strip(" .-–—_?…{}[]<>|()"):
        return Stated("missing", said)
    if last == text and len(found) > 1 and len(days(text)) > 1:
        return Stated(found[-1], said)
    if is_choice(text, found):
        chosen = [word for match in _BOLD.finditer(_GONE.sub(" ", raw)) for word in classes(match[1] or match[2])]
        return Stated(chosen[0] if len(chosen) == 1 else "missing", said)
    if len(found) > 1 and found[0] in LIVE and "superseded" in found and _BY.search(last):
        return Stated("superseded", said)
    return Stated(found[0] if found else "other", said)


def _unless_choice(match: re.Match[str]) -> str:
    return "" if len(set(classes(match[0]))) > 2 else match[0]


def classes(text: str) -> list[str]:
    """The statuses that a text names, in its order, those that it denies left out."""
    return [
        str(match.lastgroup).replace("_", "-")
        for match in _STATUS.finditer(text)
        if not (match.start() and _NOT.search(text, 0, match.start()))
    ]


def begins_with_status(raw: str) -> bool:
    """Whether a value is a status before it is anything else; a date or a mark may stand first."""
    words = _LEADING.sub("", bare(raw))
    return _STATUS.match(words) is not None


def is_choice(text: str, found: list[str]) -> bool:
    """Whether a text offers statuses to choose from, as templates do, and states none."""
    kinds = len(set(found))
    if text[:1] in "{[<" and text[-1:] in "}]>" and (kinds > 1 or "|" in text):
        return True
    if kinds > 1 and "|" in text:
        return True
    return kinds > 2 and ("?" in text or "such as" in text or text.count(",") + text.count("/") >= 2 or " or " in text)


# ---------------------------------------------------------------------- dates

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}  # fmt: skip
_MONTH = (
    r"(?P<{}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = re.compile(
    r"(?<!\d)(?:"
    r"(?P<y1>\d{4})(?P<s1>[-./])(?P<m1>\d{1,2})(?P=s1)(?P<d1>\d{1,2})"
    r"|(?P<y2>(?:19|20)\d{2})(?P<m2>\d{2})(?P<d2>\d{2})"
    r"|(?P<d3>\d{1,2})(?P<s3>[-./])(?P<m3>\d{1,2})(?P=s3)(?P<y3>\d{4})"
    rf"|(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?[ -](?:of )?{_MONTH.format('m4')},?[ -](?P<y4>\d{{4}})"
    rf"|(?P<y6>\d{{4}})[ -]{_MONTH.format('m6')}[ -](?P<d6>\d{{1,2}})"
    r")(?!\d)"
    rf"|\b{_MONTH.format('m5')}[ -](?P<d5>\d{{1,2}})(?:st|nd|rd|th)?,?[ -](?P<y5>\d{{4}})(?!\d)",
    re.I,
)
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Day(NamedTuple):
    """A date in a text: as ISO, or None where there is no such day."""

    iso: str | None
    text: str
    start: int


def days(text: str) -> list[Day]:
    """Every date in a text, in whatever way it is written; of 3/4/2021 the first is the day, unless it cannot be."""
    return [Day(_iso(match), match[0], match.start()) for match in _DAY.finditer(text)]


def _iso(match: re.Match[str]) -> str | None:
    form = next(form for form in "123456" if match[f"y{form}"])
    year, day, month = int(match[f"y{form}"]), int(match[f"d{form}"]), match[f"m{form}"]
    number = _MONTHS[month[:3].lower()] if month[0].isalpha() else int(month)
    if form == "3" and number > 12:
        day, number = number, day
    return f"{year:04d}-{number:02d}-{day:02d}" if _exists(year, number, day) else None


def _exists(year: int, month: int, day: int) -> bool:
    if not (year and 1 <= month <= 12 and 1 <= day <= _LENGTHS[month - 1]):
        return False
    return (month, day) != (2, 29) or (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
