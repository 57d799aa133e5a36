"""Where front matter begins and ends, and what may not stand in it whatever it says. Pure."""

from __future__ import annotations

import re

from decisions_tool.text import HIDDEN, bad_character

MAX_BLOCK = 16 << 10
FENCE = re.compile(r"\A---(?=\r?\n)")


class Refused(Exception):
    """What is wrong with a document, on which line and column of it, and what to do."""

    def __init__(self, message: str, line: int, column: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.args = (message, line, column, hint)


def position(text: str, offset: int) -> tuple[int, int]:
    """(line, column) from 1."""
    before = text[:offset]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def split(text: str) -> tuple[str, str, int]:
    """(block between the fences, body, line on which the body begins) of a text that begins with a fence."""
    lines = text.split("\n")
    for number, line in enumerate(lines[1:], start=1):
        bare = line.removesuffix("\r")
        if bare == "---":
            body = "\n".join(lines[number + 1 :])
            return "\n".join(lines[1:number]) + ("\n" if number > 1 else ""), body, number + 2
        if bare.rstrip() in {"---", "..."}:
            raise Refused("front matter is closed by something else than ---", number + 1, 1, "write exactly ---")
    raise Refused("front matter is opened and never closed", 1, 1, "close it with a line ---")


def refuse_block(block: str) -> None:
    """Refuse a block that is too long, mixes line ends or hides something."""
    if len(block.encode()) > MAX_BLOCK:
        raise Refused(f"front matter has more than {MAX_BLOCK} bytes", 2, 1, "move text into the body")
    ends = {line.endswith("\r") for line in block.split("\n")[:-1]}
    if len(ends) > 1:
        raise Refused("line ends are mixed in front matter", 2, 1, "save the file with one kind of line end")
    bad = bad_character(block, HIDDEN)
    if bad:
        line, column = position(block, bad.offset)
        raise Refused(f"{bad.name} is not allowed in front matter", line + 1, column, "remove it")
