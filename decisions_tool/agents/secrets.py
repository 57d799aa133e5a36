"""What must not leave: secrets known by their format, and given values however they are disguised. Pure."""

from __future__ import annotations

import base64
import codecs
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from urllib.parse import quote

from decisions_tool.text import HIDDEN


class Secret(NamedTuple):
    """Where something stands that must not leave, and what it looks like; never the thing itself."""

    line: int
    name: str


class _Format(NamedTuple):
    """``pattern`` is tried only where one of ``anchors`` stands, and reads a bounded number of characters from there."""

    name: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]


def _formats(*rows: tuple[str, str, str]) -> tuple[_Format, ...]:
    return tuple(_Format(name, tuple(anchors.split(" ")), re.compile(pattern)) for name, anchors, pattern in rows)


#: Name, anchors, pattern from the anchor on: one word of 16 characters or more. Lengths are the least that counts, so that a
#: cut secret is found too.
_WORDS = _formats(
    ("Anthropic key", "sk-ant-", r"sk-ant-[a-z0-9]{2,12}-[\w-]{20}"),
    ("OpenAI key", "sk-proj- sk-svcacct- sk-admin- sk-or-v1-", r"sk-\w{2,8}-[\w-]{20}"),
    ("OpenAI key", "sk-", r"(?<![\w-])sk-(?=[a-z]{0,31}[0-9A-Z])[A-Za-z0-9]{32}"),
    ("OpenAI key", "T3BlbkFJ", r"(?<=[A-Za-z0-9_-]{16})T3BlbkFJ[\w-]{16}"),
    ("Google API key", "AIza", r"AIza[\w-]{35}"),
    ("Google OAuth secret", "GOCSPX- ya29.", r"(?:GOCSPX-|ya29\.)[\w-]{24}"),
    ("AWS access key id", "AKIA ASIA", r"(?<![A-Z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36}"),
    ("GitHub fine-grained token", "github_pat_", r"github_pat_\w{36}"),
    ("GitLab token", "glpat- gldt- glrt- glptt- glcbt- glsoat-", r"gl[a-z]{2,4}-[\w-]{20}"),
    ("Slack token", "xox", r"xox[abeoprs]-(?=[A-Za-z-]{0,12}\d)[A-Za-z0-9-]{12}"),
    ("Slack token", "xapp-", r"xapp-\d-[A-Z0-9]{8}"),
    ("Slack webhook", "hooks.slack.com/", r"hooks\.slack\.com/\w{5,12}/[TE]\w{6,14}/[BA]?\w{6,14}/\w{16}"),
    ("Stripe key", "sk_live_ rk_live_ sk_test_ rk_test_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16}"),
    ("Stripe webhook secret", "whsec_", r"whsec_[A-Za-z0-9+/]{24}"),
    ("npm token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    ("PyPI token", "pypi-Ag", r"pypi-Ag[\w-]{40}"),
    ("private key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{24}"),
    ("JSON web token", "eyJ", r"eyJ[\w-]{8,512}+\.[\w-]{8,2048}+\.[\w-]{16}"),
    ("Azure account key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/%]{40}"),
    ("Azure access key", "SharedAccessKey=", r"SharedAccessKey=[A-Za-z0-9+/%]{30}"),
    ("Azure signature", "sig=", r"(?<![a-z])sig=[A-Za-z0-9%/+]{42}"),
    ("Azure client secret", "Q~", r"(?<=[\w~.-]{3}\d)Q~[\w~.-]{31}"),
    ("Twilio key", "SK", r"(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("SendGrid key", "SG.", r"(?<!\w)SG\.[\w-]{16,32}\.[\w-]{16}"),
    ("Hugging Face token", "hf_", r"(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{30}"),
    ("DigitalOcean token", "dop_v1_", r"dop_v1_[a-f0-9]{40}"),
    ("Shopify token", "shpat_ shpss_", r"shp[a-z]{2}_[a-fA-F0-9]{32}"),
    ("Databricks token", "dapi", r"(?<![A-Za-z0-9])dapi[a-f0-9]{32}"),
    ("Vault token", "hvs.", r"(?<!\w)hvs\.[\w-]{24}"),
    ("Groq key", "gsk_", r"(?<!\w)gsk_[A-Za-z0-9]{40}"),
    ("Mailgun key", "key-", r"(?<![\w-])key-[0-9a-f]{32}(?!\w)"),
    ("Telegram token", ":AA", r"(?<=\d{8}):AA[\w-]{33}"),
    ("Discord webhook", "/api/webhooks/", r"/api/webhooks/\d{10,20}/[\w-]{40}"),
    ("Docker token", "dckr_pat_", r"dckr_pat_[\w-]{20}"),
    ("Atlassian token", "ATATT3", r"ATATT3[\w-]{40}"),
)
#: What may hold blanks or short words.
_LINES = _formats(
    (
        "private key",
        "-----BEGIN",
        r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"""(?:\\[nrt]|[\s"'`+,;\\()|>#*]|[A-Z][A-Za-z-]{1,20}: ?[^\n\\]{0,100}(?:\n|\\n)){0,200}+[A-Za-z0-9+/]{16}""",
    ),
    ("private key", "PuTTY-User-Key-File-", r"PuTTY-User-Key-File-\d: \w"),
    ("password in a URL", "://", r"""://([^\s/?#:@"'`<>(){}\[\]\\|,]{0,100}+):([^\s/@"'`<>\\]{4,200}+)@[\w\[]"""),
)
_ASSIGNED = _formats(
    (
        "secret in an assignment",
        "secret token pass pwd credential _key -key apikey accesskey privatekey",
        r"""[\w-]{1,40}+["'`\])]{0,3}+[ \t]{0,8}+(?::[ \t]?\w{1,20}[ \t]?=|:=|=>|[=:>])[ \t]{0,8}+"""
        r"""(?:[A-Za-z@$]{0,2}["'`]([^\s"'`<>()\[\]{},;\\|?]{16,300}+)["'`]|([\w+/=~.-]{20,300}+)(?=[ \t]*(?:[\r\n#;,<]|$)))""",
    ),
    ("bearer token", "bearer", r"(?i:bearer)[ \t]{1,4}([\w+/=~.-]{24,300}+)"),
)
#: What ends a word; of what is not ASCII only a question mark is left.
_ENDS = frozenset(b"\"'`<>()[]{},;\\|?")
_IN_WORD = bytes(ord("a") if 32 < code < 127 and code not in _ENDS else 32 for code in range(256))
_LONG = b"a" * 16
#: How far in front of a value the name stands that it is given to.
_BEFORE = 80
_PLACEHOLDER = re.compile(
    r"xxxxxxxx|\*\*\*|\.\.\.|your|example|placeholder|change.?me|dummy|[$%{<(\[]|^sha\d|^md5|://", re.A
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORDY = re.compile(r"[^A-Za-z0-9]+")
_DIGIT = re.compile("[0-9]")
#: The secret half of an AWS key.
_FORTY = re.compile("[A-Za-z0-9/+]{40}")
_NAMED_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.I)
_EXAMPLES = (
    "pass password passwd pwd secret user username changeme token test guest admin root foobar 1234 12345 123456"
)
_PLAIN_PASSWORDS = frozenset(_EXAMPLES.split(" "))


def find(text: str, known: Sequence[str] = ()) -> Secret | None:
    """The first secret in a text; ``known`` are values that count whatever they look like."""
    return min(secrets_in(text, known), default=None)


def secrets_in(text: str, known: Sequence[str] = ()) -> Iterator[Secret]:
    """All secrets in a text that formats tell, by line, then the first of the ``known`` values."""
    seen = text if text.isascii() else re.sub(HIDDEN, "", text)
    line, last = 1, 0
    for at, name in sorted(set(_found(seen))):
        line, last = line + seen.count("\n", last, at), at
        yield Secret(line, name)
    if known and (line := _disguised(text, _needles(tuple(known)))):
        yield Secret(line, "value of the environment")


def known_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Values of the environment whose names say that they are secret; paths are not."""
    return tuple(
        sorted(
            {
                value.strip()
                for name, value in environ.items()
                if _NAMED_SECRET.search(name) and len(value.strip()) >= _LEAST and not _is_path(value.strip())
            }
        )
    )


def _is_path(value: str) -> bool:
    return bool(re.fullmatch(r"~?(?:/[\w.@+-]+){2,}/?", value)) and not _random(value)


# ------------------------------------------------------------------ formats


def _found(text: str) -> Iterator[tuple[int, str]]:
    """Offset and name of what a format or an assignment tells. Only long words are looked at, which most of a text is not."""
    spans = _long_words(text)
    words = " ".join([text[start:end] for start, end in spans])
    if any(_matches(words, _WORDS)):
        yield from _matches(text, _WORDS)
    yield from _matches(text, _LINES)
    named = "\n".join(_with_names(text, spans))
    if any(_assigned(named)):
        yield from _assigned(text)


def _long_words(text: str) -> list[tuple[int, int]]:
    mapped = text.encode("ascii", "replace").translate(_IN_WORD) + b" "
    spans = []
    start = mapped.find(_LONG)
    while start >= 0:
        end = mapped.find(b" ", start)
        spans.append((start, end))
        start = mapped.find(_LONG, end)
    return spans


def _with_names(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[str]:
    """Words with a digit, and what stands in front of them."""
    for start, end in spans:
        if _DIGIT.search(text, start, end):
            yield text[max(0, start - _BEFORE) : end + 1]


def _matches(text: str, formats: Iterable[_Format]) -> Iterator[tuple[int, str]]:
    for name, anchors, pattern in formats:
        for match in _tried(text, text, anchors, pattern):
            if not _is_example(match):
                yield match.start(), name


def _tried(text: str, low: str, anchors: Iterable[str], pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Matches in ``text`` where one of the anchors stands in ``low``."""
    for anchor in anchors:
        at = low.find(anchor)
        while at >= 0:
            if match := pattern.match(text, at):
                yield match
            at = low.find(anchor, at + 1)


def _is_example(match: re.Match[str]) -> bool:
    """True for secrets that stand in examples only; the groups, where there are any, are user and password."""
    if not match.re.groups:
        return "xxxxxxxx" in match.group().lower()
    user, password = match[1].lower(), match[2].lower()
    plain = password in _PLAIN_PASSWORDS or password == user or len(set(password)) < 3
    return plain or bool(_PLACEHOLDER.search(password))


def _assigned(text: str) -> Iterator[tuple[int, str]]:
    """Values without a format of their own, told by the name that they are given to."""
    low = text.lower()
    if len(low) != len(text):  # a few letters grow when they are lowered
        low = text
    for name, anchors, pattern in _ASSIGNED:
        for match in _tried(text, low, anchors, pattern):
            if _random(next(filter(None, match.groups()))):
                yield match.start(), name


def _random(value: str) -> bool:
    """True for what no person would make up as a name or a sentence."""
    if _PLACEHOLDER.search(value) or _UUID.fullmatch(value):
        return False
    digits = sum(char.isdigit() for char in value)
    mixed = max((len(part) for part in _WORDY.split(value) if _is_mixed(part)), default=0)
    cases = value != value.lower() and value != value.upper()
    if cases and digits and _FORTY.fullmatch(value):
        return _entropy(value) >= 4
    if digits < 2 or mixed < 6:
        return False
    return (cases or (digits >= 4 and mixed >= 12)) and _entropy(value) >= 2.5


def _is_mixed(part: str) -> bool:
    return not part.isalpha() and not part.isdigit()


def _entropy(value: str) -> float:
    """Bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


# ------------------------------------------------------------------ given values

_LEAST = 12
_PIECE = 16
_GRAM = 8
#: Tells values with parts that are no secret: addresses, connection strings, keys with a header, sentences.
_STRUCTURE = re.compile(r"://|-----|;|\s")
_OTHER = bytes(code for code in range(256) if not chr(code).isalnum() or code > 127)
_LOWER = bytes(range(256)).lower()


class _Needles(NamedTuple):
    """Pieces of the given values in all disguises; ``grams`` are the numbers that eight bytes in a row of a piece make."""

    pieces: frozenset[bytes]
    grams: frozenset[int]
    short: tuple[bytes, ...]
    whole: tuple[str, ...]


def _fold(text: str | bytes) -> bytes:
    """Letters and digits alone, in lower case: what separates them, and what tells one alphabet from another, is gone."""
    data = text.encode("ascii", "ignore") if isinstance(text, str) else text
    return data.translate(_LOWER, _OTHER)


def _forms(value: str) -> Iterator[bytes]:
    """A value in every disguise that is looked for, folded. Percent signs, colons or spaces between hex digits fold away."""
    data = value.encode("utf-8", "surrogateescape")
    yield _fold(data)
    yield _fold(data[::-1])
    yield _fold(quote(data, safe=""))
    yield data.hex().encode()
    yield data[::-1].hex().encode()
    yield b"".join(b"x%02x" % byte for byte in data)
    yield b"".join(b"%d" % byte for byte in data)
    yield _fold(codecs.encode(value, "rot13"))
    yield _fold(base64.b32encode(data))
    for before in range(3):
        yield _fold(_inner_base64(data, before))


def _inner_base64(data: bytes, before: int) -> bytes:
    """What of the encoding depends on ``data`` alone where ``before`` bytes (modulo 3) stand in front."""
    encoded = base64.b64encode(bytes(before) + data).rstrip(b"=")
    first = (before * 8 + 5) // 6
    return encoded[first : -1 if (before + len(data)) % 3 else None]


def _pieces(form: bytes, wordy: bool) -> list[bytes]:
    """The pieces by which a form is known; where the value holds words, those with digits, if there are any."""
    if len(form) < _LEAST:
        return []
    size = min(_PIECE, len(form))
    pieces = [piece for at in range(len(form) - size + 1) if len(set(piece := form[at : at + size])) > 4]
    telling = [piece for piece in pieces if wordy and not piece.isalpha() and not piece.isdigit()]
    return telling or pieces


@lru_cache(maxsize=4)
def _needles(known: tuple[str, ...]) -> _Needles:
    pieces = {
        piece for value in known for form in _forms(value) for piece in _pieces(form, bool(_STRUCTURE.search(value)))
    }
    long = frozenset(piece for piece in pieces if len(piece) >= _PIECE - 1)
    grams = frozenset(
        int.from_bytes(piece[at : at + _GRAM], sys.byteorder) for piece in long for at in range(len(piece) - _GRAM + 1)
    )
    odd = [value for value in known if value and not _pieces(_fold(value), False)]
    whole = tuple(form for value in odd for form in (value, value[::-1], quote(value, safe="", errors="replace")))
    return _Needles(long, grams, tuple(sorted(pieces - long)), whole)


def _disguised(text: str, needles: _Needles) -> int:
    """The line where a given value begins to show; 0 where none does."""
    folded = _fold(text)
    places = [*_long_pieces(folded, needles), *(at for piece in needles.short if (at := folded.find(piece)) >= 0)]
    lines = [_line_of(text, at) for at in places]
    lines += [text.count("\n", 0, at) + 1 for form in needles.whole if (at := text.find(form)) >= 0]
    return min(lines, default=0)


def _long_pieces(folded: bytes, needles: _Needles) -> Iterator[int]:
    """Where the first piece begins. The text is read as numbers of eight bytes; 15 bytes in a row hold one of them whole."""
    numbers = memoryview(folded + bytes(-len(folded) % _GRAM)).cast("Q")
    if needles.grams.isdisjoint(numbers):
        return
    places = (place * _GRAM for place, number in enumerate(numbers) if number in needles.grams)
    yield from islice((start for at in places for start in _around(folded, at, needles.pieces)), 1)


def _around(folded: bytes, at: int, pieces: frozenset[bytes]) -> Iterator[int]:
    for start in range(max(0, at + _GRAM - _PIECE), at + 1):
        if folded[start : start + _PIECE] in pieces or folded[start : start + _PIECE - 1] in pieces:
            yield start


def _line_of(text: str, offset: int) -> int:
    """The line on which a character of the folded text stands."""
    count = 0
    for number, line in enumerate(text.split("\n"), 1):
        count += len(_fold(line))
        if count > offset:
            return number
    return text.count("\n") + 1
