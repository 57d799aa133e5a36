"""Where a text names a record by its number, and the same text with another number; every other byte stays. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from decisions_tool.documents.record_names import Numbered, numbered

#: Whose record is meant where a text says no more than a number.
OURS, THEIRS, UNKNOWN = "ours", "theirs", "unknown"

_LINK = re.compile(r"\[[^\[\]]*\]\((?P<target><[^<>]*>|[^()\s]*)(?:\s[^()]*)?\)")
_LABEL = re.compile(r"\[(?P<text>[^\[\]]+)\](?:\[(?P<label>[^\[\]]*)\])?(?![\[(:])")
_DEFINED = re.compile(r"(?m)^ {0,3}\[(?P<label>[^\[\]]+)\]:[ \t]*(?P<target>\S+)")
_BESIDE = r"(?:stories|retrospective)\b"
_BEFORE = 300


class Left(NamedTuple):
    """A citation that stays as it is, and why."""

    line: int
    text: str
    why: str


class Edited(NamedTuple):
    """A text with the new number, the lines that changed, and what was not sure."""

    text: str
    lines: tuple[int, ...]
    left: tuple[Left, ...]


class _Span(NamedTuple):
    """A link, and whose record it leads to."""

    start: int
    end: int
    whose: str


@dataclass(frozen=True)
class Renumbering:
    """The way of one record to another number.

    ``others`` are names, without suffix, of records that have the old number too, ``elsewhere`` says that files of the same name lie in
    other folders, ``beside`` whose the stories and the retrospective of the old number are, where that is known.
    """

    path: str
    number: int
    others: Collection[str] = ()
    elsewhere: bool = False
    beside: str = ""

    @cached_property
    def old(self) -> Numbered:
        found = numbered(self.path)
        assert found is not None
        return found

    @cached_property
    def stem(self) -> str:
        return posixpath.splitext(posixpath.basename(self.path))[0]

    @cached_property
    def target(self) -> str:
        """The path of the record under its new number."""
        return self.moved(self.path)

    def moved(self, path: str) -> str:
        """The path of the record, or of what stands beside it, under the new number."""
        folder, name = posixpath.split(path)
        head = len(self.old.prefix)
        return posixpath.join(folder, f"{name[:head]}{self.number:0{self.old.width}d}{name[head + self.old.width :]}")

    def edit(self, path: str, text: str, whose: Callable[[int], str]) -> Edited:
        """A file's text with the new number; ``whose`` says of a line, counted from 1, which record a bare number on it means."""
        own = path == self.path
        defined = {m["label"].casefold(): self._leads(path, m["target"]) for m in _DEFINED.finditer(text)}
        made, changed, left = [], [], []
        for number, line in enumerate(text.split("\n"), start=1):
            new: str = line
            whys: list[str] = []
            if self._pattern.search(line):
                new, whys = self._line(path, line, OURS if own else whose(number), defined)
            changed += [number] if new != line else []
            left += [Left(number, line.strip()[:160], why) for why in whys]
            made.append(new)
        return Edited("\n".join(made), tuple(changed), tuple(left))

    def masked(self, text: str) -> str:
        """A text without any mention of the old and the new number: what is equal before and after."""
        return self._back._pattern.sub("\0", self._pattern.sub("\0", text))

    # -- one line

    def _line(self, path: str, line: str, whose: str, defined: dict[str, str]) -> tuple[str, list[str]]:
        spans = list(self._spans(path, line, defined))
        other = any(m["other"] for m in self._pattern.finditer(line))
        why: list[str] = []

        def put(match: re.Match[str]) -> str:
            linked = next((span.whose for span in spans if span.start <= match.start() < span.end), "")
            if match["ours"]:
                return self._named(path, line, match)
            if match["other"] or (match["title"] and linked != OURS) or (match["heading"] and path != self.path):
                return match[0]
            meant = linked or (self.beside if match["beside"] else "") or whose
            doubt = "" if linked or meant == THEIRS else self._doubt(line, match, meant, other)
            if doubt:
                why.append(doubt)
            return match[0] if doubt or meant != OURS else self._renumbered(match)

        return self._pattern.sub(put, line), list(dict.fromkeys(why))

    def _doubt(self, line: str, match: re.Match[str], meant: str, other: bool) -> str:
        if "://" in line[max(0, match.start() - _BEFORE) : match.start()].split(" ")[-1]:
            return "it is part of an address"
        if meant == UNKNOWN:
            return "it is not known which record is meant"
        return "the line names the other record, too" if other else ""

    def _named(self, path: str, line: str, match: re.Match[str]) -> str:
        return posixpath.basename(self.moved(match[0])) if self._here(path, line, match.start()) else match[0]

    def _renumbered(self, match: re.Match[str]) -> str:
        at, end = (match.start("digits"), match.end("digits")) if match["digits"] else (match.start(), match.end())
        digits = re.search(r"\d+", match.string[at:end])
        assert digits is not None
        first, last = at + digits.start(), at + digits.end()
        text = match.string
        return f"{text[match.start() : first]}{self.number:0{last - first}d}{text[last : match.end()]}"

    def _spans(self, path: str, line: str, defined: dict[str, str]) -> Iterator[_Span]:
        definition = _DEFINED.match(line)
        if definition and self._leads(path, definition["target"]):
            yield _Span(0, len(line), self._leads(path, definition["target"]))
        for link in _LINK.finditer(line):
            if whose := self._leads(path, link["target"]):
                yield _Span(link.start(), link.end(), whose)
        for label in _LABEL.finditer(line):
            if whose := defined.get((label["label"] or label["text"]).casefold(), ""):
                yield _Span(label.start(), label.end(), whose)

    def _leads(self, path: str, target: str) -> str:
        """Whose record the target of a link is; an empty text for anything else."""
        match = self._pattern.search(target)
        if match is None or not (match["ours"] or match["other"]):
            return ""
        return OURS if match["ours"] and self._here(path, target, match.start()) else THEIRS

    def _here(self, path: str, line: str, at: int) -> bool:
        """Whether a file name, with the folders written before it, is our record's and not that of a file elsewhere."""
        written = re.search(r"[\w.~%+/-]*\Z", line[max(0, at - _BEFORE) : at])
        folder = written[0].rpartition("/")[0] if written else ""
        near = posixpath.normpath(posixpath.join(posixpath.dirname(path), folder))
        return not self.elsewhere or self.old.folder in {near, posixpath.normpath(folder)}

    # -- what is looked for

    @cached_property
    def _back(self) -> Renumbering:
        return Renumbering(self.target, self.old.number)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Everything that may name a record of the old number; the name of the group says how."""
        prefix, number = re.escape(self.old.prefix), self.old.number
        spoken, sign = re.escape(self.spoken), re.escape(self.old.prefix[len(self.spoken) :] or "-")
        others = "".join(rf"{re.escape(name)}(?![\w-])|" for name in sorted(self.others, key=len, reverse=True))
        return re.compile(
            rf"(?<![\w-])(?:(?P<ours>{re.escape(self.stem)}(?![\w-]))"
            rf"|(?P<beside>{prefix}0*{number}-{_BESIDE}(?!-))"
            rf"|(?P<other>{others}{prefix}0*{number}[-_](?!{_BESIDE})[\w-]+\.(?:md|markdown)\b)"
            rf"|(?P<bare>(?:(?i:{spoken})(?:-|{sign})|{spoken} |{spoken}(?=\d{{3}}))(?P<digits>0*{number})(?!\w|\.\d)))"
            rf"|(?P<title>(?<=\[)0*{number}(?=\. ))|(?P<heading>(?m:^)\# 0*{number}(?=\. ))"
        )

    @property
    def spoken(self) -> str:
        """What people call the series: its prefix, ADR where it has none."""
        return self.old.prefix.rstrip("-_ ") or "ADR"
