"""The headers that tell how much of a minute's allowance is left; nobody is turned away for them."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock

from decisions_tool.testing.rates import Usage

_ALLOWED = {"requests": 4000, "tokens": 2_800_000, "input-tokens": 2_000_000, "output-tokens": 800_000}


class Limits:
    """Counts start anew every full minute; what is read from a cache does not count."""

    def __init__(self) -> None:
        self._minute = -1
        self._used = dict.fromkeys(_ALLOWED, 0)
        self._lock = Lock()

    def headers(self, usage: Usage, now: float) -> dict[str, str]:
        read = usage.prompt - usage.cache_read
        spent = {"requests": 1, "tokens": read + usage.output, "input-tokens": read, "output-tokens": usage.output}
        with self._lock:
            if int(now // 60) != self._minute:
                self._minute, self._used = int(now // 60), dict.fromkeys(_ALLOWED, 0)
            self._used = {name: used + spent[name] for name, used in self._used.items()}
            left = {name: max(0, _ALLOWED[name] - used) for name, used in self._used.items()}
        reset = datetime.fromtimestamp((now // 60 + 1) * 60, UTC).isoformat().replace("+00:00", "Z")
        told: dict[str, str] = {}
        for name, limit in _ALLOWED.items():
            start = f"anthropic-ratelimit-{name}"
            told |= {f"{start}-limit": str(limit), f"{start}-remaining": str(left[name]), f"{start}-reset": reset}
        return told
