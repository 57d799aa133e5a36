"""Links between decision records, written in the idiom of each: only the lines change that must. Pure, and never a file is written."""

from __future__ import annotations

import re
from typing import NamedTuple

from decisions_tool.documents.record_fields import Head, Page, page
from decisions_tool.documents.record_heads import kind_of
from decisions_tool.documents.records import Record, read_record
from decisions_tool.errors import DecisionsError

_SAYS = {
    "supersedes": "Supersedes",
    "superseded-by": "Superseded by",
    "amends": "Amends",
    "amended-by": "Amended by",
    "relates-to": "Relates to",
}
_ITEM = re.compile(r"\s*[-*+] ")
_FIELD = re.compile(r"(?P<open>\s*(?:>\s*)?(?:[-*+] )?(?P<bold>\*\*|__|)).*")


class Target(NamedTuple):
    """The other record, as a text names it: identifier, title, and its path seen from the text."""

    label: str
    title: str
    href: str
    number: int | None = None
    slug: str = ""


def target(record: Record, href: str) -> Target:
    """A record as others name it: ``ADR-0007`` or ``DR-007`` where it has a number, otherwise its file name."""
    name = record.path.rpartition("/")[2]
    if record.number is None:
        slug = name.rpartition(".")[0]
        return Target(slug, record.title, href, None, slug)
    digits = re.search(r"\d+", name)
    width = len(digits[0]) if digits else 4
    return Target(f"{record.prefix.upper() or 'ADR'}-{record.number:0{width}d}", record.title, href, record.number)


def superseded(text: str, by: Target | str, path: str = "DR-000-record.md") -> str:
    """The text of a record whose place another one takes: its status says so, and names it."""
    return _Draft(text, path).status(_named(by)).text()


def superseding(text: str, old: Target | str, path: str = "DR-000-record.md") -> str:
    """The text of a record that takes the place of another one, which it names."""
    return linked(text, "supersedes", old, path)


def linked(text: str, kind: str, other: Target | str, path: str = "DR-000-record.md") -> str:
    """The text of a record with one more link; ``kind`` is one of supersedes, superseded-by, amends, amended-by, relates-to."""
    draft = _Draft(text, path)
    return (draft.status(_named(other)) if kind == "superseded-by" else draft.link(kind, _named(other))).text()


def _named(other: Target | str) -> Target:
    return other if isinstance(other, Target) else Target(other, other, f"{other}.md")


class _Draft:
    """A record whose lines are being changed; each keeps its own line end."""

    def __init__(self, text: str, path: str) -> None:
        if "\r" in text.replace("\r\n", ""):
            raise DecisionsError(f"{path} ends lines as no system does any more", "save it with one kind of line end")
        self.path = path
        self.record: Record = read_record(path, text)
        self.parts: Page = page(text)
        self.lines = text.split("\n")
        self.end = "\r" if self.lines[0].endswith("\r") else ""
        self.ours = self.record.format == "decisions"

    def text(self) -> str:
        return "\n".join(self.lines)

    # -- the two things that are done to a record

    def status(self, by: Target) -> _Draft:
        """Say that ``by`` takes the record's place."""
        where, line = self.record.status_in, self.record.status_line - 1
        if self.ours:
            return self._our_status(by)
        if line < 0:
            return self._first_status(by)
        if where == "body-below" or self.record.status == "missing":
            raise self._refusal(line, "the status cannot be told from what stands around it")
        if where == "section-table" or (where == "section" and not self._states_alone(line)):
            self._below_status(f"{_SAYS['superseded-by']} {self._name(by)}")
            return self
        self._replace(line, self.record.status_text, self._superseded(by, where))
        return self

    def link(self, kind: str, other: Target) -> _Draft:
        """Say what the record is to another one."""
        where = self.record.status_in
        if self.ours or where == "front" or (where == "" and self.parts.front):
            self._key(kind, other.label)
        elif where in {"section", "heading", "section-table"}:
            self._below_status(f"{_SAYS[kind]} {self._name(other)}")
        elif where == "field" and not self._listed():
            self._beside_status(kind, other)
        else:
            self._in_links(f"{_SAYS[kind]} {self._name(other)}")
        return self

    # -- how a record is named, by format

    def _name(self, other: Target) -> str:
        if self.record.format == "nygard" and other.number is not None and self.record.status_in in {"section", ""}:
            return f"[{other.number}. {other.title}]({other.href})"
        return f"[{other.label}]({other.href})"

    def _superseded(self, by: Target, where: str) -> str:
        """The new words of a status; a chain of states gets one more."""
        old = self.record.status_text
        plain = by.label if where == "front" else self._name(by)
        if self.record.status == "superseded":
            return f"{old} and {plain}"
        small = old[:1].islower()
        badge = old.startswith("![") and "status:" not in self.lines[self.record.status_line - 1].lower()
        said = f"{'Status: ' if badge else ''}{'superseded' if small else 'Superseded'} by {plain}"
        arrow = re.search(r"\s*(?:→|->|=>|⇒|➜|➔)\s*", old)
        return f"{old}{arrow[0]}{said}" if arrow else said

    # -- lines

    def _replace(self, line: int, old: str, new: str) -> None:
        """Put ``new`` where ``old`` stands in a line, once."""
        words = self.lines[line]
        at = words.rfind(old)
        if not old or at < 0 or words.count(old, words.find(":") + 1) > 1:
            raise self._refusal(line, f"{old!r} cannot be found there")
        self.lines[line] = words[:at] + new + words[at + len(old) :]

    def _insert(self, at: int, *words: str) -> None:
        """Put lines before line ``at``; a file that ends without a line end goes on doing so."""
        if at >= len(self.lines):
            self.lines[-1] += self.end
            self.lines[at:] = [word + self.end for word in words[:-1]] + [words[-1]]
        else:
            self.lines[at:at] = [word + self.end for word in words]

    def _refusal(self, line: int, why: str) -> DecisionsError:
        return DecisionsError(f"{self.path}:{line + 1}: {why}", "edit that line by hand, then: decisions check")

    # -- front matter

    def _key(self, key: str, label: str) -> None:
        """Add a key that is a list, or one more value to it."""
        at = next((said.line for said in self.parts.front if said.name == key), None)
        if at is None:
            self._insert(self._place_of(key), f"{key}: [{label}]")
            return
        line = self.lines[at].rstrip("\r")
        value = line.partition(":")[2].strip()
        if not value or value[0] in "#>|&*!":
            raise self._refusal(at, f"{key!r} spans several lines")
        new = (
            f"[{label}]"
            if value == "[]"
            else f"{value[:-1]}, {label}]"
            if value.endswith("]")
            else f"[{value}, {label}]"
        )
        self.lines[at] = f"{key}: {new}" + ("\r" if self.lines[at].endswith("\r") else "")

    def _place_of(self, key: str) -> int:
        """The line below the status in the front matter, or the closing fence; ours have such keys last, in their order."""
        if self.ours:
            later = [said.line for said in self.parts.front if said.name == "superseded-by" and key == "supersedes"]
            return later[0] if later else self.parts.body - 1
        line = self.record.status_line - 1 if self.record.status_in == "front" else -1
        later = [said.line for said in self.parts.front if said.line > line]
        return later[0] if line >= 0 and later else self.parts.body - 1

    def _our_status(self, by: Target) -> _Draft:
        """The status of a record of this program: in its front matter, and in the line of its body that repeats it."""
        if self.record.status_in != "front":
            raise self._refusal(0, "has no front matter with a status")
        if self.record.status != "superseded":
            for at in self._body_status():
                self._replace(at, self.record.status_text, "superseded")
                self._insert(at + 1, f"### Superseded-by: {by.label}")
            self._replace(self.record.status_line - 1, self.record.status_text, "superseded")
        self._key("superseded-by", by.label)
        return self

    def _body_status(self) -> list[int]:
        """The heading of the body that repeats the status."""
        said = [head.line for head in self.parts.heads if kind_of(head.title).status == self.record.status_text]
        return said[:1]

    def _first_status(self, by: Target) -> _Draft:
        """A status for a record that has none."""
        if self.parts.front:
            self._insert(self.parts.body - 1, f"status: superseded by {by.label}")
            return self
        title = self.parts.heads[0].end if not self.parts.heads else self.parts.heads[0].begin
        self._insert(title, "", "## Status", "", f"{_SAYS['superseded-by']} {self._name(by)}")
        return self

    # -- the section that has the status

    def _states_alone(self, line: int) -> bool:
        """Whether the status is one line of its section, and not the last of several with dates."""
        head = self._status_head()
        above = [at for at in range(head.begin, line) if self.parts.lines[at].strip()]
        return not above and not re.search(r"\d{4}", self.record.status_text)

    def _status_head(self) -> Head:
        found = next((head for head in self.parts.heads if kind_of(head.title).status is not None), None)
        if found is None:
            raise self._refusal(self.record.status_line - 1, "the status has no section of its own")
        return found

    def _below_status(self, words: str) -> None:
        """One more paragraph, or item, at the end of the section."""
        head = self._status_head()
        held = [at for at in range(head.begin, head.end) if self.parts.lines[at].strip()]
        last = held[-1] if held else head.begin - 1
        item = _ITEM.match(self.lines[last]) if held else None
        self._insert(last + 1, item[0] + words) if item else self._insert(last + 1, "", words)

    # -- a status that is a field

    def _listed(self) -> bool:
        return _ITEM.match(self.lines[self.record.status_line - 1]) is not None

    def _beside_status(self, kind: str, other: Target) -> None:
        """One more field, or row of the table, below the one that has the status."""
        at = self.record.status_line - 1
        line = self.lines[at].lstrip()
        if "|" in line and (line.startswith("|") or not re.search(r"status\W*[:：]", line, re.I)):
            if not line.startswith("|") or "status" not in line.lower():
                self._in_links(f"{_SAYS[kind]} {self._name(other)}")
                return
            empty = " |" * (line.rstrip().count("|") - 3)
            self._insert(at + 1, f"| {_SAYS[kind]} | {self._name(other)} |{empty}")
            return
        match = _FIELD.fullmatch(self.lines[at].rstrip("\r"))
        bold = match["bold"] if match else ""
        self._insert(at + 1, "", f"{bold}{_SAYS[kind]}:{bold} {self._name(other)}")

    def _in_links(self, words: str) -> None:
        """An item of the section of links, which is made where there is none."""
        bullet = self._bullet()
        head = next(
            (head for head in self.parts.heads if head.title.strip().lower() in {"links", "more information"}), None
        )
        if head is None:
            while len(self.lines) > 1 and not self.lines[-1].strip() and not self.lines[-2].strip():
                break
            closed = not self.lines[-1].strip()
            at = len(self.lines) - 1 if closed else len(self.lines)
            self._insert(at, "", "## Links", "", f"{bullet} {words}")
            return
        held = [at for at in range(head.begin, head.end) if self.parts.lines[at].strip()]
        if held:
            self._insert(held[-1] + 1, *([] if _ITEM.match(self.lines[held[-1]]) else [""]), f"{bullet} {words}")
        else:
            self._insert(head.begin, "", f"{bullet} {words}")

    def _bullet(self) -> str:
        line = self.record.status_line - 1
        match = _ITEM.match(self.lines[line]) if line >= 0 else None
        return match[0].strip() if match else "*"
