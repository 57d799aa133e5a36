"""What models there are, what they allow and what their tokens cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

CLASSES = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read", "web_search")
SEARCH = Decimal(10) / 1000
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Usage:
    """Tokens by class; ``input`` is what no cache had to do with."""

    input: int = 0
    output: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    web_search: int = 0
    thinking: int = 0

    @property
    def prompt(self) -> int:
        return self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read

    def counts(self) -> dict[str, int]:
        return {name: int(getattr(self, name)) for name in CLASSES}


@dataclass(frozen=True)
class Model:
    """Rates are USD per million tokens: input, output, cache write 5m, cache write 1h, cache read.

    A prompt over ``long_from`` tokens is paid at ``long_rates`` as a whole. ``minimum`` is the shortest prefix that is cached.
    """

    rates: tuple[str, str, str, str, str]
    minimum: int = 4096
    max_output: int = 128_000
    context: int = 1_000_000
    long_from: int | None = None
    long_rates: tuple[str, str, str, str, str] | None = None


#: List prices of November 2026.
RATES: Mapping[str, Model] = {
    "claude-fable-5-2": Model(("8", "40", "10", "16", "0.20"), 512),
    "claude-fable-5-1": Model(("10", "50", "12.5", "20", "0.25"), 512),
    "claude-opus-5-5": Model(("4", "20", "5", "8", "0.20"), 512),
    "claude-opus-5": Model(("5", "25", "6.25", "10", "0.50"), 512),
    "claude-opus-4-8": Model(("5", "25", "6.25", "10", "0.50"), 1024),
    "claude-sonnet-5-5": Model(("2", "10", "2.5", "4", "0.10"), 512),
    "claude-sonnet-5": Model(("2", "10", "2.5", "4", "0.20"), 1024),
    "claude-sonnet-4-6": Model(("3", "15", "3.75", "6", "0.30"), 1024),
    "claude-haiku-5-5": Model(
        ("0.10", "0.50", "0.125", "0.20", "0.01"),
        512,
        long_from=100_000,
        long_rates=("0.50", "2.50", "0.625", "1.00", "0.05"),
    ),
    "claude-haiku-4-5": Model(("1", "5", "1.25", "2", "0.10"), 4096, 64_000, 200_000),
}


def charge(model: Model, usage: Usage, batch: bool) -> dict[str, Decimal]:
    """USD by class of tokens; a batch is half price, searches are not."""
    rates = model.rates
    if model.long_from is not None and model.long_rates and usage.prompt > model.long_from:
        rates = model.long_rates
    counts = usage.counts()
    share = Decimal("0.5") if batch else Decimal(1)
    paid = {
        name: counts[name] * Decimal(rate) * share / _MILLION for name, rate in zip(CLASSES[:5], rates, strict=True)
    }
    return {**paid, "web_search": usage.web_search * SEARCH}
