"""What commits say that answers have cost. It knows nothing of prices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from decisions_tool.documents.paths import RECORDS, TASKS
from decisions_tool.ledger.history import is_transition, steps
from decisions_tool.ledger.repository import Repository


class Paid(NamedTuple):
    """One recorded answer; ``usd`` is None where its model had no price, ``usage`` counts tokens by class."""

    case: str
    phase: str
    slot: str
    backend: str
    model: str
    usd: Decimal | None
    usage: Mapping[str, int]
    day: str


def paid(repository: Repository, case: str = "", tip: str = "") -> Iterator[Paid]:
    """Answers that a model gave, newest first; of all cases, or of one; in the history of HEAD, or of another commit."""
    commit = tip or repository.head().oid
    for step in steps(repository, commit, TASKS, RECORDS) if commit else ():
        if is_transition(step) and step.value("Cost-USD") and case in {"", step.value("Case")}:
            usage = {name: int(count) for name, count in re.findall(r"([a-z-]+)=(\d+)", step.value("Usage"))}
            name = step.value
            who = (name("Case"), name("Phase"), name("Slot"), name("Backend"), name("Model"))
            yield Paid(*who, _usd(name("Cost-USD")), usage, step.date[:10])


def _usd(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text) else None


def spent(repository: Repository, case: str, tip: str = "") -> Decimal:
    """USD that the commits of a case add up to."""
    return sum((found.usd for found in paid(repository, case, tip) if found.usd is not None), Decimal())
