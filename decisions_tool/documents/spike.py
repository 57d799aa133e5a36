"""``spike.md``: what the tests said of a design's types, tried where nothing else was touched. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import Count, MaybeCount, MaybeOid, MaybePath, MaybeWord, Meta, Where, Word
from decisions_tool.documents.outline import Table, table_lines, tables
from decisions_tool.documents.written import Written
from decisions_tool.text import one_line, plural

TYPE, IMPORT, MISSING, COLLECTION, ASSERTION, OTHER = (
    "type",
    "import",
    "missing name",
    "collection",
    "assertion",
    "other",
)
KINDS = (TYPE, IMPORT, MISSING, COLLECTION, ASSERTION, OTHER)
#: Kinds of failures by which a design and what exists do not fit together.
INCOMPATIBLE = frozenset({TYPE, IMPORT, MISSING, COLLECTION})
BACK, FITS = "back to proposals", "compatible"
_SHOWN = 200


class SpikeMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the spike")
    record: MaybePath = Field(None, description="the decision that was tried, where it was recorded")
    tried: MaybeOid = Field(None, description="commit on which it was tried")
    branch: MaybeWord = Field(None, description="branch that somebody prepared for it")
    tests: MaybeCount = Field(None, description="tests that count")
    failures: dict[Word, Count] | None = Field(None, description="kind of failure: how many")
    verdict: Literal["back to proposals", "compatible"] | None = Field(None, description="by the rule of half")


class Failure(NamedTuple):
    test: str
    kind: str
    message: str


class Tried(NamedTuple):
    """``total`` tests count; ``broken`` says why files could not even be collected."""

    total: int
    failures: tuple[Failure, ...]
    broken: tuple[str, ...] = ()


class Spike(Written):
    KIND: ClassVar[str] = "spike"
    META: ClassVar[type[Meta]] = SpikeMeta
    meta: SpikeMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        if _table(words) is None:
            raise where.fail("the table of kinds is missing", where.line, "write | Kind | Tests |")
        return None

    @cached_property
    def failed(self) -> dict[str, int]:
        """Kind -> number of failures, as the table of the body says."""
        found = _table(self.words)
        rows = [row.cells for row in found.rows] if found else []
        return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[0] in KINDS and row[1].isdecimal()}


def verdict_of(total: int, failed: dict[str, int]) -> str:
    """More than half of the tests incompatible: the design goes back."""
    return BACK if 2 * sum(count for kind, count in failed.items() if kind in INCOMPATIBLE) > total else FITS


def _table(words: str) -> Table | None:
    return next((found for found in tables(words.split("\n")) if found.header == ("Kind", "Tests")), None)


class Setting(NamedTuple):
    """What was run, on what, and which files of the design were put there."""

    question: str
    command: Sequence[str]
    commit: str
    branch: str = ""
    applied: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def spike_text(found: Tried, setting: Setting) -> str:
    """The body of the document."""
    failed = Counter(failure.kind for failure in found.failures)
    counts = {kind: failed[kind] for kind in KINDS if failed[kind]}
    wrong = sum(count for kind, count in counts.items() if kind in INCOMPATIBLE)
    verdict = verdict_of(found.total, counts)
    what = (
        f"branch {one_line(setting.branch)}" if setting.branch else ", ".join(f"`{path}`" for path in setting.applied)
    )
    parts = [
        f"## Spike: {setting.question}",
        f"**Command:** `{one_line(' '.join(setting.command), 300)}`\n**Commit:** {setting.commit}\n**Applied:** {what or 'nothing'}",
        *(["**Left out:** " + "; ".join(one_line(entry, 200) for entry in setting.left_out)] if setting.left_out else []),
        f"### Verdict: {verdict}",
        f"{wrong} of {plural(found.total, 'test')} that passed before fail because types, names or imports do not fit; "
        "more than half sends the question back to its proposals.",
        "### Failures by Kind",
        "\n".join(table_lines(("Kind", "Tests"), [(kind, str(count)) for kind, count in counts.items()])),
    ]  # fmt: skip
    parts += ["### Not Collected", "\n".join(f"- {_said(why)}" for why in found.broken)] if found.broken else []
    if found.failures:
        shown = sorted(found.failures, key=lambda failure: (KINDS.index(failure.kind), failure.test))
        rows = [(failure.test, failure.kind, _said(failure.message)) for failure in shown[:_SHOWN]]
        more = [f"And {len(shown) - _SHOWN} more."] if len(shown) > _SHOWN else []
        parts += ["### Failures", "\n".join(table_lines(("Test", "Kind", "Message"), rows)), *more]
    return "\n\n".join(parts) + "\n"


def _said(message: str) -> str:
    return one_line(message, 240).replace("<!--", "&lt;!--").replace("`", "'") or "nothing"
