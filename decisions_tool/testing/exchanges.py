"""What came in and what it cost: the log of a server, and the bill made from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from decisions_tool.testing.asked import Asked
from decisions_tool.testing.rates import Usage

_SECRET = ("authorization", "x-api-key", "cookie")


@dataclass
class Exchange:
    """One request and its reply. The items of a batch have one each, with method BATCH and their ``custom_id``, once it is processed.

    ``billed`` says that the answer was generated, whether or not the reply arrived; ``reply`` is that answer before any fault. ``cost`` is
    in USD, ``ended`` is None while the reply is on its way, ``status`` is 0 where none was sent.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    started: float
    body: dict[str, object] = field(default_factory=dict)
    status: int = 0
    request_id: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    billed: bool = False
    fault: str = ""
    ended: float | None = None
    batch: bool = False
    custom_id: str = ""
    reply: dict[str, object] = field(default_factory=dict)

    @property
    def asked(self) -> Asked:
        return Asked.of(self.body, self.path, self.batch)


@dataclass(frozen=True)
class Bill:
    """USD in all, by model and by class of tokens; tokens by class; how many exchanges were billed, of how many."""

    total: Decimal
    by_model: Mapping[str, Decimal]
    by_class: Mapping[str, Decimal]
    tokens: Mapping[str, int]
    billed: int
    exchanges: int


def bill(log: Iterable[Exchange]) -> Bill:
    every = list(log)
    paid = [exchange for exchange in every if exchange.billed]
    by_model: dict[str, Decimal] = {}
    by_class: dict[str, Decimal] = {}
    used: Counter[str] = Counter()
    for exchange in paid:
        by_model[exchange.model] = by_model.get(exchange.model, Decimal(0)) + exchange.cost
        for name, amount in exchange.costs.items():
            by_class[name] = by_class.get(name, Decimal(0)) + amount
        used.update(exchange.usage.counts())
    return Bill(sum(by_model.values(), Decimal(0)), by_model, by_class, dict(used), len(paid), len(every))


def redacted(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name, without what is secret."""
    return {name.lower(): "..." if name.lower() in _SECRET else value for name, value in headers}
