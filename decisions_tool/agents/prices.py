"""What a call costs: dated list prices and the token classes of a bill. A model without a price is unpriced, never free."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from decisions_tool.config import Money, Price
from decisions_tool.roster import Shape

_MILLION = Decimal(1_000_000)
#: What is taken of a model that the list does not know.
_UNKNOWN = {"cacheable": 4_096, "context": 200_000, "output": 64_000}


class Usage(NamedTuple):
    """Tokens by class, and searches; ``input`` is what was neither written to a cache nor read from one."""

    input: int = 0
    output: int = 0
    write: int = 0
    write_hour: int = 0
    read: int = 0
    searches: int = 0

    def plus(self, other: Usage) -> Usage:
        return Usage(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def prompt(self) -> int:
        """All tokens that were sent."""
        return self.input + self.write + self.write_hour + self.read


class Listed(Shape):
    """One model of the list."""

    price: Price
    long: Price | None = None
    long_over: int = Field(0, ge=0)
    cacheable: int
    context: int
    output: int


class List(Shape):
    """The list of a day."""

    dated: str
    search: Money
    models: dict[str, Listed]


class Tariff(NamedTuple):
    """What is known of a model; ``price`` is None where nobody said what it costs."""

    model: str
    dated: str
    price: Price | None
    long: Price | None
    long_over: int
    cacheable: int
    context: int
    output: int
    search: Decimal

    def cost(self, usage: Usage, batch: bool = False) -> Decimal | None:
        """USD for these tokens, to the last digit; half of it for the tokens of a batch."""
        rates = self.long if self.long and usage.prompt > self.long_over else self.price
        if rates is None:
            return None
        pairs = zip(usage[:5], (rates.input, rates.output, rates.write, rates.write_hour, rates.read), strict=True)
        tokens = sum((count * rate for count, rate in pairs), Decimal()) / _MILLION
        return ((tokens / 2 if batch else tokens) + usage.searches * self.search).normalize()

    def worst(self, prompt: int, output: int, searches: int = 0, batch: bool = False) -> Decimal | None:
        """The most that a call can cost whose prompt has at most so many tokens."""
        if self.price is None:
            return None
        rates = self.long if self.long and prompt > self.long_over else self.price
        dearest = max(rates.input, rates.write, rates.write_hour)
        tokens = (prompt * dearest + output * rates.output) / _MILLION
        return ((tokens / 2 if batch else tokens) + searches * self.search).normalize()


@lru_cache(maxsize=1)
def price_list() -> List:
    with (Path(__file__).with_name("prices.toml")).open("rb") as file:
        return List.model_validate(tomllib.load(file))


def tariff(model: str, own: Mapping[str, Price]) -> Tariff:
    """The tariff of a model; prices of the configuration come before the list."""
    listed = price_list()
    known = listed.models.get(model)
    price = own.get(model) or (known.price if known else None)
    facts = {name: getattr(known, name) if known else value for name, value in _UNKNOWN.items()}
    long = known.long if known and model not in own else None
    return Tariff(
        model, listed.dated, price, long, known.long_over if known else 0, **facts, search=listed.search
    )  # fmt: skip
