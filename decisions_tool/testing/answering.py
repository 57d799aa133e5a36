"""From a request that is in order to an answer that is paid: the cache is asked, the brain speaks, the price is noted."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from threading import Lock

from decisions_tool.testing.asked import Brain, Said
from decisions_tool.testing.cache import Looked, PromptCache
from decisions_tool.testing.exchanges import Exchange
from decisions_tool.testing.messages import message
from decisions_tool.testing.prompt import string
from decisions_tool.testing.rates import Model, charge


class Answering:
    """``log`` holds every exchange in order of arrival, ``failures`` what a brain raised."""

    def __init__(self, brain: Brain, models: Mapping[str, Model]) -> None:
        self.models = models
        self.log: list[Exchange] = []
        self.failures: list[Exception] = []
        self.cache = PromptCache()
        self._brain = brain
        self._numbers = count(1)
        self._lock = Lock()

    def enter(self, exchange: Exchange) -> None:
        """Give a request its place in the log and its id."""
        with self._lock:
            self.log.append(exchange)
            exchange.request_id = f"req_{len(self.log):06d}"

    def look(self, body: dict[str, object], now: float, hits: bool = True) -> Looked:
        name = string(body.get("model"))
        return self.cache.look(name, body, self.models[name].minimum, now, hits)

    def answer(self, exchange: Exchange, looked: Looked) -> dict[str, object] | None:
        """The message, with its price on the exchange; None where the brain failed."""
        asked = exchange.asked
        try:
            said = self._brain(asked) if asked.max_tokens else Said()
        except Exception as failure:  # noqa: BLE001 - a brain is the test's own code: the test hears of it when the server stops
            self.failures.append(failure)
            return None
        spoken = Said(said) if isinstance(said, str) else said
        ident, tier = f"{next(self._numbers):06d}", "batch" if exchange.batch else "standard"
        exchange.reply, exchange.usage = message(spoken, asked.model, asked.max_tokens, looked.usage, ident, tier)
        exchange.costs = charge(self.models[asked.model], exchange.usage, exchange.batch)
        exchange.cost = sum(exchange.costs.values(), Decimal(0))
        exchange.billed = True
        return exchange.reply
