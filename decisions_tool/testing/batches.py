"""Message batches: made at once, processed when their time has come, each item with an outcome of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock

from decisions_tool.testing.answering import Answering
from decisions_tool.testing.chance import drawn, lot
from decisions_tool.testing.checking import batch_refusal, refusal
from decisions_tool.testing.exchanges import Exchange
from decisions_tool.testing.messages import whole
from decisions_tool.testing.prompt import items, mapping, string
from decisions_tool.testing.replies import Reply, error, error_value, result

OUTCOMES = ("succeeded", "errored", "expired", "canceled")
_DAY = 86_400.0


@dataclass(frozen=True)
class Batching:
    """A batch is processed ``delay`` seconds after it was made; from a day on, what is not scripted expires.

    ``outcomes`` by custom_id go before ``shares`` of outcomes by seed. ``hits`` is the share of items that may find the cache.
    """

    delay: float = 0.0
    outcomes: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    hits: float = 1.0
    limit: int = 100_000


@dataclass
class _Batch:
    ident: str
    items: list[tuple[str, dict[str, object]]]
    created: float
    due: float
    canceled: float | None = None
    ended: float | None = None
    results: list[dict[str, object]] = field(default_factory=list)


class Batches:
    def __init__(self, plan: Batching, answering: Answering, root: str) -> None:
        self._plan = plan
        self._answering = answering
        self._root = root
        self._batches: dict[str, _Batch] = {}
        self._made = 0
        self._lock = RLock()

    def create(self, body: dict[str, object], now: float) -> Reply:
        if refused := batch_refusal(body, self._plan.limit):
            return error(*refused)
        asked = [(string(item.get("custom_id")), mapping(item.get("params"))) for item in items(body["requests"])]
        with self._lock:
            self._made += 1
            batch = _Batch(f"msgbatch_{self._made:06d}", asked, now, now + min(self._plan.delay, _DAY))
            self._batches[batch.ident] = batch
            return result(self._json(batch))

    def page(self, query: Mapping[str, str]) -> Reply:
        """Newest first; ``after_id`` goes on to older ones, ``before_id`` back to newer ones."""
        with self._lock:
            idents = list(reversed(self._batches))
            size, after, before = int(query.get("limit", "20")), query.get("after_id"), query.get("before_id")
            if after in idents:
                idents = idents[idents.index(after) + 1 :]
            if before in idents:
                idents = idents[: idents.index(before)]
            shown = idents[-size:] if before else idents[:size]
            data = [self._json(self._batches[ident]) for ident in shown]
        ends = {"first_id": shown[0] if shown else None, "last_id": shown[-1] if shown else None}
        return result({"data": data, "has_more": len(idents) > len(shown), **ends})

    def one(self, ident: str, verb: str, now: float) -> Reply:
        """Retrieve, results, cancel or delete."""
        with self._lock:
            batch = self._batches.get(ident)
            if batch is None:
                return error(404, "not_found_error", f"batch {ident} not found")
            return {"": self._show, "results": self._results, "cancel": self._cancel, "delete": self._delete}[verb](
                batch, now
            )

    def settle(self, now: float, every: bool = False) -> None:
        """Process what is due, or everything that there is."""
        with self._lock:
            for batch in [batch for batch in self._batches.values() if batch.ended is None]:
                if every or batch.due <= now:
                    self._process(batch, now if every else batch.due)

    def _show(self, batch: _Batch, now: float) -> Reply:
        return result(self._json(batch))

    def _results(self, batch: _Batch, now: float) -> Reply:
        if batch.ended is None:
            return error(404, "not_found_error", f"batch {batch.ident} has no results yet")
        return Reply(200, [b"".join(whole(line) + b"\n" for line in batch.results)], "application/x-jsonl")

    def _cancel(self, batch: _Batch, now: float) -> Reply:
        if batch.ended is not None:
            return error(409, "invalid_request_error", f"batch {batch.ident} has ended")
        batch.canceled = batch.canceled or now
        batch.due = now
        return result(self._json(batch))

    def _delete(self, batch: _Batch, now: float) -> Reply:
        if batch.ended is None:
            return error(409, "invalid_request_error", f"batch {batch.ident} has not ended")
        del self._batches[batch.ident]
        return result({"id": batch.ident, "type": "message_batch_deleted"})

    def _process(self, batch: _Batch, at: float) -> None:
        """Items run side by side: what one of them writes into the cache, none of the others finds."""
        entries = [self._entered(batch, name, params, at) for name, params in batch.items]
        outcomes = {entry.custom_id: self._outcome(batch, entry) for entry in entries}
        done = [entry for entry in entries if outcomes[entry.custom_id] == "succeeded"]
        lucky = [lot(self._plan.seed, "hit", entry.custom_id) < self._plan.hits for entry in done]
        looked = [self._answering.look(entry.body, at, hits) for entry, hits in zip(done, lucky, strict=True)]
        for entry, found in zip(done, looked, strict=True):
            self._answering.cache.begin(found, at)
            if self._answering.answer(entry, found) is None:
                outcomes[entry.custom_id] = "errored"
        for entry in sorted(entries, key=lambda entry: lot(self._plan.seed, "order", entry.custom_id)):
            batch.results.append({"custom_id": entry.custom_id, "result": _result(entry, outcomes[entry.custom_id])})
        batch.ended = at

    def _entered(self, batch: _Batch, name: str, params: dict[str, object], at: float) -> Exchange:
        path = f"/v1/messages/batches/{batch.ident}/{name}"
        model = string(params.get("model"))
        entry = Exchange("BATCH", path, {}, at, params, 200, model=model, ended=at, batch=True, custom_id=name)
        self._answering.enter(entry)
        return entry

    def _outcome(self, batch: _Batch, entry: Exchange) -> str:
        scripted = self._plan.outcomes.get(entry.custom_id, "")
        if scripted or batch.canceled is not None:
            return scripted or "canceled"
        if self._plan.delay >= _DAY and batch.due == entry.started:
            return "expired"
        if entry.body.get("stream") or not entry.body.get("max_tokens") or refusal(entry.body, self._answering.models):
            return "errored"
        return drawn(self._plan.shares, lot(self._plan.seed, "outcome", entry.custom_id)) or "succeeded"

    def _json(self, batch: _Batch) -> dict[str, object]:
        counts = Counter(str(mapping(line["result"])["type"]) for line in batch.results)
        ended = batch.ended is not None
        return {
            "id": batch.ident,
            "type": "message_batch",
            "processing_status": "ended" if ended else "canceling" if batch.canceled is not None else "in_progress",
            "request_counts": {
                "processing": 0 if ended else len(batch.items),
                **{outcome: counts[outcome] for outcome in OUTCOMES},
            },
            "created_at": _time(batch.created),
            "expires_at": _time(batch.created + _DAY),
            "ended_at": _time(batch.ended),
            "cancel_initiated_at": _time(batch.canceled),
            "archived_at": None,
            "results_url": f"{self._root}/v1/messages/batches/{batch.ident}/results" if ended else None,
        }


def _result(entry: Exchange, outcome: str) -> dict[str, object]:
    if outcome == "succeeded":
        return {"type": outcome, "message": entry.reply}
    if outcome == "errored":
        return {"type": outcome, "error": error_value("invalid_request_error", "the request could not be processed")}
    return {"type": outcome}


def _time(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
