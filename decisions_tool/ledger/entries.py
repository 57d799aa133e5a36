"""Trees as git keeps them, taken apart. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

#: Entries of a tree that are held against those of another at once.
_TOGETHER = 100


class Entry(NamedTuple):
    """One entry of a tree; ``name`` keeps bytes that are not UTF-8 as surrogates."""

    mode: str
    name: str
    oid: str


def parse_tree(data: bytes, width: int) -> tuple[Entry, ...]:
    """Entries of a raw tree object; ``width`` is the length of an object id in bytes."""
    entries = []
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        oid = data[end + 1 : end + 1 + width].hex()
        entries.append(
            Entry(data[at:space].decode().lstrip("0"), data[space + 1 : end].decode("utf-8", "surrogateescape"), oid)
        )
        at = end + 1 + width
    return tuple(entries)


def renewed(before: bytes, after: bytes, width: int) -> list[Entry] | None:
    """Entries of a raw tree that have another id in an earlier one; None where the two differ in more than ids."""
    if len(before) != len(after):
        return None
    some = re.compile(rb"(?s)(?:[0-7]+ [^\0]+\0.{%d}){1,%d}" % (width, _TOGETHER))
    found: list[Entry] = []
    at = 0
    while at < len(after):
        block = some.match(after, at)
        if block is None:
            return None
        if before[at : block.end()] == block[0]:
            at = block.end()
        while at < block.end():
            named = after.index(b"\0", at) + 1
            end = named + width
            if before[at:named] != after[at:named]:
                return None
            if before[named:end] != after[named:end]:
                found += parse_tree(after[at:end], width)
            at = end
    return found
