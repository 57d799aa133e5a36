"""What must not leave: secrets known by their format, and given values however they are disguised. Pure."""

from __future__ import annotations

import base64
import codecs
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
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


#: name, anchors, pattern from the anchor on. Lengths are the least that counts, so that a cut secret is found too.
_FORMATS = tuple(
    _Format(name, tuple(anchors.split(" ")), re.compile(pattern))
    for name, anchors, pattern in (
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
        (
            "private key",
            "-----BEGIN",
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"""(?:\\[nrt]|[\s"'`+,;\\()|>#*]|[A-Z][A-Za-z-]{1,20}: ?[^\n\\]{0,100}(?:\n|\\n)){0,200}+[A-Za-z0-9+/]{16}""",
        ),
        ("private key", "PuTTY-User-Key-File-", r"PuTTY-User-Key-File-\d: \w"),
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
)
_URL = re.compile(r"""://([^\s/?#:@"'`<>(){}\[\]\\|,]{0,100}+):([^\s/@"'`<>\\]{4,200}+)@[\w\[]""")
_NAMES = (
    "secret token passwd password passphrase pwd credential api_key api-key apikey access_key access-key accesskey "
    "private_key privatekey auth_key signing_key encryption_key"
).split(" ")  # fmt: skip
_ASSIGNED = re.compile(
    r"""[\w-]{1,40}+["'`\])]{0,3}+[ \t]{0,8}+(?::[ \t]?\w{1,20}[ \t]?=|:=|=>|[=:>])[ \t]{0,8}+"""
    r"""(?:[A-Za-z@$]{0,2}["'`]([^\s"'`]{16,300}+)["'`]|([\w+/=~.-]{20,300}+)(?=[ \t]*(?:[\r\n#;,<]|$)))"""
)
_BEARER = re.compile(r"bearer[ \t]{1,4}([\w+/=~.-]{24,300}+)", re.I)
_PLACEHOLDER = re.compile(
    r"xxxxxxxx|\*\*\*|\.\.\.|your|example|placeholder|change.?me|dummy|[$%{<(\[]|^sha\d|^md5|://", re.A
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORDY = re.compile(r"[^A-Za-z0-9]+")
_PLAIN_PASSWORDS = frozenset(
    "pass password passwd pwd secret user username changeme token test guest admin root example foobar 1234 12345 123456".split()
)


def find(text: str, known: Sequence[str] = ()) -> Secret | None:
    """The first secret in a text; ``known`` are values that count whatever they look like."""
    return min(secrets_in(text, known), default=None)


def secrets_in(text: str, known: Sequence[str] = ()) -> Iterator[Secret]:
    """All secrets in a text, in no particular order; of ``known`` values the first one."""
    seen = text if text.isascii() else HIDDEN.sub("", text)
    for at, name in (*_formats(seen), *_assigned(seen)):
        yield Secret(seen.count("\n", 0, at) + 1, name)
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


_NAMED_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.I)


def _is_path(value: str) -> bool:
    return bool(re.fullmatch(r"~?(?:/[\w.@+-]+){2,}/?", value)) and not _random(value)


# ------------------------------------------------------------------ formats


def _places(text: str, anchors: Iterable[str]) -> Iterator[int]:
    for anchor in anchors:
        at = text.find(anchor)
        while at >= 0:
            yield at
            at = text.find(anchor, at + 1)


def _formats(text: str) -> Iterator[tuple[int, str]]:
    for name, anchors, pattern in _FORMATS:
        for at in _places(text, anchors):
            match = pattern.match(text, at)
            if match and "xxxxxxxx" not in match.group().lower():
                yield at, name
    for at in _places(text, ("://",)):
        match = _URL.match(text, at)
        if match and not _is_plain(match[1], match[2]):
            yield at, "password in a URL"


def _is_plain(user: str, password: str) -> bool:
    """True for passwords that stand in examples only."""
    low = password.lower()
    return low in _PLAIN_PASSWORDS or low == user.lower() or len(set(low)) < 3 or bool(_PLACEHOLDER.search(low))


def _assigned(text: str) -> Iterator[tuple[int, str]]:
    """Values without a format of their own, told by the name that they are given to."""
    low = text.lower()
    if len(low) != len(text):  # a few letters grow when they are lowered
        low = text
    for at in _places(low, _NAMES):
        match = _ASSIGNED.match(text, at)
        if match and _random(match[1] or match[2]):
            yield at, "secret in an assignment"
    for at in _places(low, ("bearer",)):
        match = _BEARER.match(text, at)
        if match and _random(match[1]):
            yield at, "bearer token"


def _random(value: str) -> bool:
    """True for what no person would make up as a name or a sentence."""
    if _PLACEHOLDER.search(value) or _UUID.fullmatch(value):
        return False
    digits = sum(char.isdigit() for char in value)
    mixed = max((len(part) for part in _WORDY.split(value) if _is_mixed(part)), default=0)
    if digits < 2 or mixed < 6:
        return False
    cases = value != value.lower() and value != value.upper()
    return (cases or (digits >= 4 and mixed >= 12)) and _entropy(value) >= 3


def _is_mixed(part: str) -> bool:
    return not part.isalpha() and not part.isdigit()


def _entropy(value: str) -> float:
    """Bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


# ------------------------------------------------------------------ given values

_LEAST = 12
_WINDOW = 16
_GRAM = 6
_OTHER = bytes(code for code in range(256) if not chr(code).isalnum() or code > 127)
_LOWER = bytes(range(256)).lower()


class _Needles(NamedTuple):
    """Pieces of the given values in all disguises; ``grams`` are what is looked up first, every ``stride`` characters."""

    windows: frozenset[bytes]
    sizes: tuple[int, ...]
    grams: frozenset[bytes]
    stride: int
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


def _windows(form: bytes) -> list[bytes]:
    """The pieces by which a form is known: those of letters and digits, if there are any, else all."""
    if len(form) < _LEAST:
        return []
    size = min(_WINDOW, len(form))
    pieces = [form[at : at + size] for at in range(len(form) - size + 1)]
    telling = [piece for piece in pieces if not piece.isalpha() and not piece.isdigit()]
    return [piece for piece in telling or pieces if len(set(piece)) > 4]


@lru_cache(maxsize=4)
def _needles(known: tuple[str, ...]) -> _Needles:
    windows = frozenset(piece for value in known for form in _forms(value) for piece in _windows(form))
    sizes = tuple(sorted({len(piece) for piece in windows}))
    grams = frozenset(piece[at : at + _GRAM] for piece in windows for at in range(len(piece) - _GRAM + 1))
    stride = min(sizes, default=_WINDOW) - _GRAM + 1
    return _Needles(windows, sizes, grams, stride, tuple(value for value in known if not _windows(_fold(value))))


def _disguised(text: str, needles: _Needles) -> int:
    """The line where a given value begins to show; 0 where none does."""
    folded = _fold(text)
    grams = needles.grams
    for at in range(0, len(folded) - _GRAM + 1, needles.stride):
        if folded[at : at + _GRAM] in grams and _confirmed(folded, at, needles):
            return _line_of(text, at)
    places = [at for value in needles.whole if value and (at := text.find(value)) >= 0]
    return text.count("\n", 0, min(places)) + 1 if places else 0


def _confirmed(folded: bytes, at: int, needles: _Needles) -> bool:
    return any(
        folded[start : start + size] in needles.windows
        for size in needles.sizes
        for start in range(max(0, at + _GRAM - size), at + 1)
    )


def _line_of(text: str, offset: int) -> int:
    """The line on which a character of the folded text stands."""
    count = 0
    for number, line in enumerate(text.split("\n"), 1):
        count += len(_fold(line))
        if count > offset:
            return number
    return text.count("\n") + 1
