"""What the headings of a decision record announce, in many hands' words. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from decisions_tool.documents.record_words import bare

_STATUS_HEAD = re.compile(
    r"(?:\W|\d)*(?:(?:current|final|present|decision|adr|record|document|approval|proposal) )?"
    r"(?:status|state|estado|statut|stav|статус|状态|ステータス)"
    r"\b(?: (?:and|&|/) (?:date|history))?(?:\s*[:\-–—|]\s*(?P<value>.*))?\W*",
    re.I,
)
_DATE_HEAD = re.compile(r"(?:\W|\d)*(?:decision |creation )?date\b(?:\s*[:\-–—|]\s*(?P<value>.*))?\W*", re.I)
_LINK_HEAD = re.compile(
    r"(?:\W|\d)*(?:related|links?|references|relationships?|see also|more information|supersed\w+|amend\w+)\b", re.I
)
_ABOUT = re.compile(
    r"\W*(?:meta[- ]?data|meta|info(?:rmation)?|details|properties|about|header|record|document|general|attributes)\b.*",
    re.I,
)
_HISTORY = re.compile(r"\b(?:history|change ?log|revisions?|log|approvals?|metadata|sign-?off|lifecycle)\b", re.I)
_EXAMPLE = re.compile(r"\b(?:examples?|templates?|options?|pros|cons|alternatives?|usage|format)\b", re.I)
_KNOWN_HEAD = re.compile(
    r"(?:\W|\d)*(?P<what>context|problem|background|motivation|issue|decision|outcome|solution|consequences|implications|"
    r"considered options|options|alternatives|rationale|pros and cons)\b",
    re.I,
)


class Kind(NamedTuple):
    """What a heading announces; ``status`` and ``date`` hold what stands behind the word, or None."""

    known: str
    status: str | None
    date: str | None
    links: bool
    example: bool
    about: bool
    history: bool
    words: str

    @property
    def section(self) -> bool:
        """Whether it is a section that records have, and so no title."""
        return bool(self.known) or self.status is not None or self.date is not None


@lru_cache(maxsize=1024)
def kind_of(title: str) -> Kind:
    """What the heading of a section announces."""
    known, status, date = _KNOWN_HEAD.match(title), _STATUS_HEAD.fullmatch(title), _DATE_HEAD.fullmatch(title)
    return Kind(
        known["what"].lower() if known else "",
        (status["value"] or "") if status else None,
        (date["value"] or "") if date else None,
        _LINK_HEAD.match(title) is not None,
        _EXAMPLE.search(title) is not None,
        _ABOUT.fullmatch(title) is not None,
        _HISTORY.search(title) is not None,
        bare(title).lower(),
    )
