"""Documents that the program computes for a question: tally, record, addendum; and the constraints that people wrote. Pure."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from decisions_tool.documents.base import Day, MaybeWord, MaybeWords, Meta
from decisions_tool.documents.written import Written


class TallyMeta(Meta):
    status: Literal["done", "approved"] | None = Field(None, description="state of the tally")
    outcome: MaybeWord = Field(None, description="what follows: record, runoff, refine, patch, escalate or more-votes")
    verdict: MaybeWord = Field(None, alias="class", description="strong, weak, split or no-quorum")
    winner: MaybeWord = Field(None, description="label of the approach that won")
    share: MaybeWord = Field(None, description="percent of the votes, after removals")


class TallyDocument(Written):
    """``tally.md``; a pure function of votes and configuration."""

    KIND: ClassVar[str] = "tally"
    META: ClassVar[type[Meta]] = TallyMeta
    meta: TallyMeta


def _standing(value: str) -> str:
    if not re.fullmatch(r"accepted|accepted-with-review|escalated|superseded(?: by DR-[0-9]{3,9})?", value):
        raise ValueError("is none of accepted, accepted-with-review, escalated, superseded, superseded by DR-NNN")
    return value


class RecordMeta(Meta):
    status: Annotated[str, AfterValidator(_standing)] | None = Field(
        None, description="MADR status: accepted, accepted-with-review, escalated, superseded, superseded by DR-NNN"
    )
    date: Day | None = Field(None, description="when it was decided")
    consulted: MaybeWords = Field(None, description="who was asked")
    informed: MaybeWords = Field(None, description="who is told")
    supersedes: MaybeWords = Field(None, description="records that this one takes the place of")
    superseded_by: MaybeWords = Field(None, alias="superseded-by", description="records that took this one's place")
    amends: MaybeWords = Field(None, description="records of which this one takes the place of a section")
    amended_by: MaybeWords = Field(
        None, alias="amended-by", description="records that took the place of a section of this one"
    )
    superseded_sections: MaybeWords = Field(
        None, alias="superseded-sections", description="section: the record that took its place"
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
