"""What a decision record says of others: which it supersedes, amends or relates to, by line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from decisions_tool.documents.record_fields import Head, Page, Said, shown
from decisions_tool.documents.record_heads import kind_of
from decisions_tool.documents.record_states import State
from decisions_tool.documents.record_words import bare, days

_OURS = re.compile(r"(?:adrs?|decisions?|records?)\b", re.I)
_VERB = re.compile(
    r"(?P<by>(?:super[sc]ee?d|replac|obsolet|reemplazad|amend|extend|refin|clarifi|updat)[a-z]*[\s_-]+(?:by|por)\b)"
    r"|(?P<does>\b(?:super[sc]ee?des?|replaces|obsoletes|amends|extends|refines|clarifies|updates)\b)"
    r"|(?P<other>\brelate[sd][ _-]?(?:to)?\b|\bsee also\b)",
    re.I,
)
_HREF = re.compile(r"\]\(\s*<?([^)>\s]+)|\]:\s*(\S+)|\[\[([^\]|]+)")
_REF = re.compile(
    r"(?<![\w/.-])(?:(?P<slug>\d{8}-[\w-]+)|(?:(?:l?adr|dr|rfc|decision|record|nr|no|number)s?[-_ .#]*|#|(?P<bare>^\W*|,\s*|\band\s+|&\s*))"
    r"(?P<number>\d{1,7}))(?![\d%])",
    re.I,
)
_HINT = re.compile("(?:supe|repl|obso|reem|amen|exte|refi|clar|upda|rela|see )", re.I)


class Link(NamedTuple):
    """What a record says of another one; ``ref`` is a target as it is written: a path, a slug or a number."""

    kind: str
    ref: str
    line: int


def links(parts: Page, status: State) -> Iterator[Link]:
    """What a record says of others: in front matter, above its sections, in its status, and where it lists links."""
    for said in parts.front:
        yield from _front_links(said)
    yield from _line_links(((at, parts.lines[at]) for at in range(parts.body, parts.top) if parts.lines[at]), False)
    if status.line >= parts.body and status.where in {"field", "body", "heading"}:
        line = parts.lines[status.line]
        if status.line >= parts.top or not _starts_with_verb(line):
            yield from _line_links([(status.line, line)], True)
    for head in parts.heads:
        if kind_of(head.title).status is not None:
            yield from _line_links(shown(parts.lines, [head]), True)
        elif kind_of(head.title).links:
            yield from _section_links(parts, head)


def _front_links(said: Said) -> Iterator[Link]:
    if said.name in {"status", "state"}:
        yield from _line_links([(said.line, said.value)], True)
        return
    match = _VERB.fullmatch(said.name.replace("-", " ")) or _VERB.fullmatch(said.name)
    if match or said.name in {"related", "relates-to", "superseded-by"}:
        for ref in _refs(said.value) or _words(said.value):
            yield Link(_kind(match) if match else said.name, ref, said.line + 1)
    elif said.name == "links":
        for target, kind in re.findall(r"target:\s*(\S+?),?\s+kind:\s*([\w-]+)", said.value):
            yield Link(
                {"supersededby": "superseded-by", "amendedby": "amended-by"}.get(kind, kind), target, said.line + 1
            )


def _words(value: str) -> list[str]:
    items = [unit.strip(" []\"'") for unit in value.split(",")]
    return [
        unit for unit in items if unit and unit.lower() not in {"none", "null", "n/a", "-", "~"} and " " not in unit
    ]


def _section_links(parts: Page, head: Head) -> Iterator[Link]:
    lines = shown(parts.lines, [head])
    verb = _VERB.search(bare(head.title))
    if verb and verb.lastgroup != "other":
        yield from (Link(_kind(verb), ref, at + 1) for at, line in lines for ref in _refs(line))
        return
    ours = _OURS.search(head.title) is not None
    for at, line in lines:
        found = list(_line_links([(at, line)], False))
        if not found:
            refs = _refs(line) if ours or "](" in line else []
            found = [Link("relates-to", ref, at + 1) for ref in refs if ours or ref.split("#")[0].endswith(".md")]
        yield from found


def _starts_with_verb(line: str) -> bool:
    return _HINT.search(line) is not None and _VERB.match(bare(line).lstrip(" >-*+•#\t|:_")) is not None


def _line_links(lines: Iterable[tuple[int, str]], anywhere: bool) -> Iterator[Link]:
    """What lines say with a verb; a verb with nothing behind it counts for the list below it."""
    open_kind = ""
    for at, line in lines:
        line = line.replace("__", "  ")  # an underscore would be part of the word
        verbs = list(_VERB.finditer(line)) if anywhere or _starts_with_verb(line) else []
        if not verbs and open_kind and line.lstrip()[:1] in {"-", "*", "+"}:
            yield from (Link(open_kind, ref, at + 1) for ref in _refs(line))
            continue
        open_kind = ""
        ends = [verb.start() for verb in verbs[1:]] + [len(line)]
        for verb, end in zip(verbs, ends, strict=False):
            refs = _refs(line[verb.end() : end])
            open_kind = "" if refs else _kind(verb)
            yield from (Link(_kind(verb), ref, at + 1) for ref in refs)


def _kind(verb: re.Match[str]) -> str:
    if verb.lastgroup == "other":
        return "relates-to"
    replaces = verb[0][:2].lower() in {"su", "re", "ob"} and not verb[0].lower().startswith("refin")
    if verb.lastgroup == "by":
        return "superseded-by" if replaces else "amended-by"
    return "supersedes" if replaces else "amends"


def _refs(words: str) -> list[str]:
    """The targets that some words name: where they link, the links; otherwise identifiers and numbers."""
    hrefs = [match[1] or match[2] or match[3] for match in _HREF.finditer(words)] if "[" in words else []
    if hrefs:
        return [href for href in hrefs if not href.startswith("#")]
    words = re.sub(r"[*_`\"']", "", words).strip(" :\t|([")
    for day in reversed(days(words)):
        if not re.match(r"\d{8}-", words[day.start :]):
            words = words[: day.start] + " " * len(day.text) + words[day.start + len(day.text) :]
    return [match["slug"] or match["number"] for match in _REF.finditer(words)]
