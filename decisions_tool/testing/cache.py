"""The prompt cache: exact prefixes by model, readable once the first response that writes them has begun."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from decisions_tool.testing.prompt import Block, blocks, mapping
from decisions_tool.testing.rates import Usage

_LOOK_BACK = 20  # positions, the marked block included
_SECONDS = {"5m": 300.0, "1h": 3600.0}


@dataclass(frozen=True)
class Looked:
    """What a request finds and what it will leave behind: (prefix, seconds)."""

    usage: Usage
    writes: tuple[tuple[str, float], ...]


class PromptCache:
    def __init__(self) -> None:
        self._ends: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def look(self, model: str, body: dict[str, object], minimum: int, now: float, hits: bool = True) -> Looked:
        """Read the longest live prefix (which refreshes it) and settle what will be written."""
        parts = blocks(body)
        keys = list(_prefixes(model, body, parts))
        lengths = _lengths(parts)
        marks = [index for index, part in enumerate(parts) if part.ttl and lengths[index] >= minimum]
        with self._lock:
            found = self._hit(keys, marks, now) if hits else -1
        after = [index for index in marks if index > found]
        written = {"5m": 0, "1h": 0}
        done = read = lengths[found] if found >= 0 else 0
        for index in after:
            written[parts[index].ttl] += lengths[index] - done
            done = lengths[index]
        usage = Usage((lengths[-1] if lengths else 0) - done, 0, written["5m"], written["1h"], read)
        return Looked(usage, tuple((keys[index], _SECONDS[parts[index].ttl]) for index in after))

    def begin(self, looked: Looked, now: float) -> None:
        """Make readable what a request writes: its response begins."""
        with self._lock:
            for key, seconds in looked.writes:
                self._ends[key] = (now + seconds, seconds)

    def _hit(self, keys: list[str], marks: list[int], now: float) -> int:
        near = {index for mark in marks for index in range(max(0, mark - _LOOK_BACK + 1), mark + 1)}
        found = max((index for index in near if self._live(keys[index], now)), default=-1)
        for key in keys[: found + 1]:
            if self._live(key, now):
                seconds = self._ends[key][1]
                self._ends[key] = (now + seconds, seconds)
        return found

    def _live(self, key: str, now: float) -> bool:
        return self._ends.get(key, (now, 0.0))[0] > now


def _prefixes(model: str, body: dict[str, object], parts: Sequence[Block]) -> Iterator[str]:
    digest = hashlib.sha256(model.encode())
    settled = False
    for part in parts:
        if part.tier == "messages" and not settled:
            digest.update(_settings(body))
            settled = True
        digest.update(f"\0{part.tier}\0{part.role}\0{part.form}".encode("utf-8", "surrogatepass"))
        yield digest.hexdigest()


def _settings(body: dict[str, object]) -> bytes:
    """What invalidates the messages, though it is no part of them; tools and system stay readable."""
    config = mapping(body.get("output_config"))
    told = [body.get("tool_choice"), body.get("thinking"), config.get("effort"), config.get("format")]
    return json.dumps(told, sort_keys=True).encode()


def _lengths(parts: Sequence[Block]) -> list[int]:
    total = 0
    return [total := total + part.tokens for part in parts]
