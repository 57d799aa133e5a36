"""Documents that the program computes for a question: tally, record, addendum; and the constraints that people wrote. Pure."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from decisions_tool.documents.base import Day, Meta, Word
from decisions_tool.documents.written import Written


class TallyMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the tally")
    outcome: Word | None = Field(
        None, description="what follows: record, runoff, refine, patch, escalate or more-votes"
    )
    verdict: Word | None = Field(None, alias="class", description="strong, weak, split or no-quorum")
    winner: Word | None = Field(None, description="label of the approach that won")
    share: Word | None = Field(None, description="percent of the votes, after removals")


class TallyDocument(Written):
    """``tally.md``; a pure function of votes and configuration."""

    KIND: ClassVar[str] = "tally"
    META: ClassVar[type[Meta]] = TallyMeta
    meta: TallyMeta


class RecordMeta(Meta):
    status: Literal["accepted", "accepted-with-review", "escalated", "superseded"] | None = Field(
        None, description="MADR status"
    )
    date: Day | None = Field(None, description="when it was decided")
    consulted: list[Word] | None = Field(None, description="who was asked")
    informed: list[Word] | None = Field(None, description="who is told")
    supersedes: list[Word] | None = Field(None, description="records that this one takes the place of")
    superseded_by: list[Word] | None = Field(
        None, alias="superseded-by", description="records that took this one's place"
    )

    @property
    def approved(self) -> bool:
        """A record's status says what became of the question; its decision makers say who stands for it."""
        return bool(self.decision_makers)


class Record(Written):
    """``DR-NNN-<slug>.md``: a MADR record with the code contract."""

    KIND: ClassVar[str] = "record"
    META: ClassVar[type[Meta]] = RecordMeta
    meta: RecordMeta


class AddendumMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the addendum")


class Addendum(Written):
    """``constraint-addendum.md``: what a decision means for everything that is decided later."""

    KIND: ClassVar[str] = "addendum"
    META: ClassVar[type[Meta]] = AddendumMeta
    meta: AddendumMeta


class Constraints(Written):
    """``constraints.md``: people's constraints, and the addenda of decisions below a marker."""

    KIND: ClassVar[str] = "constraints"
    META: ClassVar[type[Meta]] = Meta
    meta: Meta
