"""What a change of a recorded document amounts to: grown, approved, edited. Pure judgement on two versions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from decisions_tool.documents.base import Document, Meta
from decisions_tool.documents.concerns import Concerns
from decisions_tool.documents.written import Opening
from decisions_tool.errors import DecisionsError
from decisions_tool.rules.staleness import grown
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.tables import table

#: What later phases change in the front matter of an earlier document, and what approvals do.
LATER = frozenset({"status", "panel", "panel_reason", "rehearsal", "decision_makers", "undone", "reason"})
APPROVAL = frozenset({"status", "decision_makers"})
#: What only the program writes into the document that opens a case.
PROGRAM = frozenset({"uid", "case", "pinned", "iteration", "record", "split", "supersedes", "section", "seen"})
#: What an answer changes in the front matter of a document that it completes.
COMPLETED = frozenset({"status", "rehearsal"})
_WORD = re.compile(r"\w+")


class Version(NamedTuple):
    """A document of ours as one commit has it, with the text that it was read from."""

    document: Document
    text: str

    @property
    def meta(self) -> Meta:
        return self.document.meta

    def unsaid(self) -> Counter[str]:
        """Words of the text that the document knows nothing of."""
        return _words(self.text, self._rows) - _words(self.document.render(), self._rows)

    def omitted(self) -> Counter[str]:
        """Words that the document has as the program writes it, and the text has not: labels, rows of a view."""
        return _words(self.document.render(), self._rows) - _words(self.text, self._rows)

    def view(self) -> Counter[str]:
        """Rows that follow from entries; a person who settles an entry may leave its row to ``fmt``."""
        rows = self.document.log() if isinstance(self.document, Concerns) else ()
        return Counter(" ".join(_WORD.findall(" ".join(row))) for row in rows)

    @property
    def _rows(self) -> bool:
        return isinstance(self.document, Concerns)


def _words(text: str, rows: bool) -> Counter[str]:
    """Words and how often they stand; with ``rows``, a row of a table is one word."""
    found: Counter[str] = Counter()
    for line in text.split("\n"):
        words = _WORD.findall(line)
        found.update([" ".join(words)] if rows and line.startswith("|") else words)
    return found


def recorded(version: Version | None) -> bool:
    """Whether the program wrote a document."""
    return version is not None and version.meta.phase is not None


def changed_keys(before: Version, after: Version) -> set[str]:
    """Names of front matter keys whose values differ; a document that had none gets its type and case unnoticed."""
    old, new = before.meta.model_dump(), after.meta.model_dump()
    found = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    return found - {"case"} if before.meta.case is None else found


def explained(before: Version | None, after: Version, keys: Collection[str]) -> bool:
    """Whether a document only grew: its words as before, its front matter changed in ``keys`` alone."""
    if before is None:
        return False
    changed = changed_keys(before, after)
    unmasked = "rehearsal" in changed and not after.meta.rehearsal
    if unmasked or not changed <= set(keys) or not grown(before.document, after.document):
        return False
    omitted = after.omitted() - before.omitted()
    return not after.unsaid() - before.unsaid() and omitted <= after.view() - before.view()


def same_words(before: Version | None, after: Version | None) -> bool:
    if before is None or after is None:
        return False
    old, new = before.document, after.document
    return isinstance(old, Opening) and isinstance(new, Opening) and old.words == new.words


def advanced(before: Version, after: Version) -> bool:
    """Whether what the program says of a case only went on: nothing taken back, a new pinned commit in a new iteration."""
    old, new = before.meta.model_dump(), after.meta.model_dump()
    keys = (changed_keys(before, after) & PROGRAM) - {"iteration", "pinned"}
    later = (new["iteration"] or 1) > (old["iteration"] or 1)
    moved = (old["iteration"], old["pinned"]) != (new["iteration"], new["pinned"])
    return all(old[key] is None for key in keys) and (later or not moved)


def newly_approved(before: Version | None, after: Version | None) -> bool:
    """Whether a version carries an approval or a decision, or a name under one, that the version before it did not."""
    if after is None:
        return False
    was = _word(before) if before else ("", (), None)
    now = _word(after)
    approved = now[0] == "approved" and was[0] != "approved"
    return approved or bool(now[1] and was[1] != now[1]) or (now[2] is not None and was[1:] != now[1:])


def names(version: Version) -> set[str]:
    """In whose name a document is approved, or its question decided."""
    return set(_word(version)[1])


def _word(version: Version) -> tuple[str, tuple[str, ...], str | None]:
    """(status, in whose name, what was decided) of a document."""
    meta = version.meta
    by = getattr(meta, "by", None)
    return meta.status or "", (*(meta.decision_makers or ()), *([by] if by else ())), getattr(meta, "decided", None)


def answers(case: Case) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(phase, slot) of everything that a case has answered, and of what it knows to be open."""
    done: set[tuple[str, str]] = set()
    left: set[tuple[str, str]] = set()
    for phase in table(case.workflow):
        try:
            for slot in phase.slots(case) if phase.applies(case) else ():
                (done if phase.done(case, slot) else left).add((phase.name, slot))
        except DecisionsError:
            break
    return done, left


_AMEND = re.compile(r"(?i)\Aamend\b[^:\n]*:[ \t]*\S|^Decisions-Amend: \S", re.M)
_PERSON = re.compile(r"(?m)^[ \t]*(?:Author|Co-authored-by):[ \t]*(.+?)[ \t]*$")


def amends(message: str) -> bool:
    """Whether a commit says that it corrects what is recorded, and why."""
    return bool(_AMEND.search(message))


def folds(message: str) -> bool:
    """Whether a message holds what transitions say of themselves, wherever it stands."""
    return any("Decisions-Case: " in p and "Decisions-Phase: " in p for p in message.split("\n\n"))


def squashed(message: str) -> bool:
    """Whether a message is put together from several: by ``git merge --squash``, or by a forge."""
    paragraphs = message.split("\n\n")
    blocks = sum(map(folds, paragraphs))
    listed = any(p.startswith("* ") for p in paragraphs[1:])
    return blocks > 1 or (blocks == 1 and listed) or "\nSquashed commit of the following:" in "\n" + message


def speakers(author: str, message: str) -> set[str]:
    """Who speaks in a commit: its author, and whom a squash of our transitions names."""
    named = _PERSON.findall(message) if squashed(message) and folds(message) else []
    return {" ".join(name.split()) for name in (author, *named)}
