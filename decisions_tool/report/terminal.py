"""How things look: tables, colours with meaning, plain columns where nobody looks. The only module that knows rich."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from decisions_tool.text import defused, visible

COLOURS = {
    "done": "green", "active": "cyan", "waiting": "yellow", "error": "bold red", "warning": "yellow", "quiet": "dim", "strong": "bold",
}  # fmt: skip
_CODES = {"green": "32", "cyan": "36", "yellow": "33", "bold red": "1;31", "dim": "2", "bold": "1"}


def colourful(stream: TextIO) -> bool:
    """Whether a stream is a terminal that wants colours."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def shown(text: str) -> str:
    """Foreign text as it may be written here: a terminal acts on nothing in it, and neither does the runner of a workflow."""
    plain = visible(text)
    return defused(plain) if os.environ.get("GITHUB_ACTIONS") == "true" else plain


def paint(text: str, meaning: str, stream: TextIO) -> str:
    """Text in the colour of its meaning; what a terminal would act on is shown as an escape."""
    plain = shown(text)
    return f"\033[{_CODES[COLOURS[meaning]]}m{plain}\033[0m" if colourful(stream) and meaning in COLOURS else plain


def say(text: str = "", meaning: str = "") -> None:
    """One line of talk, on stderr."""
    print(paint(text, meaning, sys.stderr), file=sys.stderr)


def put(text: str = "", meaning: str = "") -> None:
    """One line of data, on stdout."""
    print(paint(text, meaning, sys.stdout))


def width() -> int:
    import shutil

    return max(40, shutil.get_terminal_size((120, 40)).columns)


@contextmanager
def how_far(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives what is told (done, of); on a terminal that becomes a live line where it takes more than a second. ``of`` is 0 where
    the end is not known.
    """
    live = colourful(sys.stderr) and sys.stderr.isatty()
    began = told = time.monotonic()
    first: list[tuple[float, int]] = []

    def tell(done: int, of: int) -> None:
        nonlocal told
        now = time.monotonic()
        if not first:
            first.append((now, done))
        if not live or now - began < 1 or now - told < 0.2:
            return
        told = now
        count = f"{done:,} of {of:,}" if of else f"{done:,}"
        (start, had), steps = first[0], of - done
        left = f" · about {(now - start) / (done - had) * steps:.0f} s left" if done > had and steps > 0 else ""
        line = f"  {count} {what} · {now - began:.0f} s{left}"
        sys.stderr.write(f"\r\033[2K{paint(line[: width() - 1], 'quiet', sys.stderr)}")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if told > began:
            sys.stderr.write("\r\033[2K")
            sys.stderr.flush()


def table(header: Sequence[str], rows: Sequence[Sequence[str]], meanings: Sequence[str] = (), title: str = "") -> None:
    """A table on stdout; ``meanings`` colours rows. Plain columns when it is piped."""
    if colourful(sys.stdout):
        _rich_table(header, rows, meanings, title)
        return
    cells = [[shown(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[index]) for row in cells) for index in range(len(header))]
    for row in cells:
        line = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))
        print(line.rstrip())


def _rich_table(header: Sequence[str], rows: Sequence[Sequence[str]], meanings: Sequence[str], title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", header_style="bold", pad_edge=False)
    for name in header:
        made.add_column(name, overflow="fold")
    for index, row in enumerate(rows):
        style = COLOURS.get(meanings[index], "") if index < len(meanings) else ""
        made.add_row(*(Text(visible(cell)) for cell in row), style=style)
    Console(width=width()).print(made)
