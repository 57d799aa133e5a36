"""A run as it happens: one line a step, and on a terminal a live line with what is open, time and cost."""

from __future__ import annotations

import sys
import threading
import time
from decimal import Decimal

from decisions_tool.engine.events import Event
from decisions_tool.report.terminal import colourful, paint, shown, width
from decisions_tool.text import plural

_SIGNS = {
    "asked": "?", "recorded": "✓", "waiting": "…", "refused": "✗", "mended": "+", "failed": "✗", "stopping": "…",
    "watching": "·", "finished": "✓",
}  # fmt: skip
_MEANINGS = {
    "recorded": "done", "asked": "quiet", "waiting": "waiting", "refused": "error", "mended": "active", "failed": "error",
    "stopping": "waiting", "watching": "quiet", "finished": "done",
}  # fmt: skip
_TOLD = {"recorded", "mended", "refused", "failed", "stopping", "waiting", "finished"}


class Progress:
    """A listener for the engine's events; it writes to stderr."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = colourful(sys.stderr) and sys.stderr.isatty() and not quiet
        self._began = time.monotonic()
        self._open: dict[tuple[str, str, str], float] = {}
        self._answered: list[float] = []
        self._idle = ""
        self.recorded = 0
        self.cost: Decimal | None = None
        self.unpriced = 0
        self._guard = threading.Lock()

    def __call__(self, event: Event) -> None:
        with self._guard:
            self._take(event)

    def _take(self, event: Event) -> None:
        name = (event.case, event.phase, event.slot)
        if event.kind == "asked":
            self._open[name] = time.monotonic()
        elif event.kind in {"answered", "recorded", "failed"}:
            self._note_answer(name)
        self._pay(event.cost)
        self.recorded += event.kind == "recorded"
        if event.kind == "watching":
            self._watch(event)
        if event.kind in _TOLD and not self._quiet:
            self._line(event)
        self._status()

    def _pay(self, cost: str) -> None:
        if cost == "unpriced":
            self.unpriced += 1
        elif cost:
            self.cost = (self.cost or Decimal()) + Decimal(cost)

    def _money(self) -> str:
        """What the run has cost so far; answers of models without a price are counted apart."""
        paid = "" if self.cost is None else f"${self.cost:.4f}"
        unpriced = f"{plural(self.unpriced, 'answer')} unpriced" if self.unpriced else ""
        return " and ".join(part for part in (paid, unpriced) if part)

    def _note_answer(self, name: tuple[str, str, str]) -> None:
        began = self._open.pop(name, None)
        if began is not None:
            self._answered.append(time.monotonic() - began)

    def _line(self, event: Event) -> None:
        self._wipe()
        sign, commit = (
            paint(_SIGNS[event.kind], _MEANINGS[event.kind], sys.stderr),
            paint(event.commit[:8], "quiet", sys.stderr),
        )
        text = f"{event.case}: {event.text}" if event.case else event.text
        limit = width() - 12 if self._live else 10_000
        said = shown(text if len(text) <= limit else text[: limit - 1] + "…")
        print(" ".join(part for part in (sign, commit, said) if part), file=sys.stderr, flush=True)
        if event.command:
            print(f"    {shown(event.command)}", file=sys.stderr, flush=True)

    def _watch(self, event: Event) -> None:
        """What a watcher is at while nothing happens: the live line, or one line at the beginning."""
        if not self._live and not self._idle and not self._quiet:
            self._line(event)
        self._idle = event.text

    def _status(self) -> None:
        if not self._live or not (self._open or self._idle):
            return
        self._wipe()
        if not self._open:
            text = f"  {self._idle} · {plural(self.recorded, 'commit')} · {self._money() or '$0.00'} · since {time.strftime('%H:%M')}"
            sys.stderr.write(paint(text[: width() - 1], "quiet", sys.stderr))
            sys.stderr.flush()
            return
        names = ", ".join(slot for _, _, slot in list(self._open)[:4])
        text = f"  {plural(len(self._open), 'answer')} open ({names}) · {self._elapsed()}{self._left()} · {self._money() or '$0.00'}"
        sys.stderr.write(paint(text[: width() - 1], "quiet", sys.stderr))
        sys.stderr.flush()

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.0f} s"

    def _left(self) -> str:
        if not self._answered:
            return ""
        return f" · about {sum(self._answered) / len(self._answered):.0f} s left"

    def _wipe(self) -> None:
        if self._live:
            sys.stderr.write("\r\033[2K")

    def close(self) -> None:
        """Remove the live line and say how long it took."""
        self._wipe()
        if not self._quiet and self.recorded:
            print(
                paint(
                    f"  {plural(self.recorded, 'commit')} in {self._elapsed()}, {self._money() or 'no model called'}",
                    "quiet",
                    sys.stderr,
                ),
                file=sys.stderr,
            )
