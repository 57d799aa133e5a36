"""Git objects made in memory and packed, so that one git process takes and checks them all. It starts nothing."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence

from decisions_tool.ledger.entries import Entry

_KINDS = {"commit": 1, "tree": 2, "blob": 3}
REGULAR = "100644"


class Objects:
    """New objects of one transition; ``width`` is the length of an object id in hex digits."""

    def __init__(self, width: int) -> None:
        self._hash: Callable[[bytes], hashlib._Hash] = hashlib.sha256 if width == 64 else hashlib.sha1
        self.made: dict[str, tuple[str, bytes]] = {}
        self.trees: dict[str, tuple[Entry, ...]] = {}

    def name(self, kind: str, data: bytes) -> str:
        """The id that an object has in this repository."""
        return self._hash(f"{kind} {len(data)}\0".encode() + data).hexdigest()

    def add(self, kind: str, data: bytes) -> str:
        """The id of an object that will be in the pack."""
        oid = self.name(kind, data)
        self.made[oid] = (kind, data)
        return oid

    def tree(self, entries: Sequence[Entry]) -> str:
        """A tree of entries, in git's order."""
        ordered = sorted(entries, key=lambda e: _name(e) + (b"/" if e.mode == "40000" else b""))
        oid = self.add(
            "tree", b"".join(f"{e.mode} ".encode() + _name(e) + b"\0" + bytes.fromhex(e.oid) for e in ordered)
        )
        self.trees[oid] = tuple(ordered)
        return oid

    def rewrite(
        self, read: Callable[[str], tuple[Entry, ...]], tree: str | None, changes: Mapping[str, str | None]
    ) -> str | None:
        """The tree with files at relative paths set to blob ids or removed; None when nothing is left."""
        held = {entry.name: entry for entry in (read(tree) if tree else ())}
        below: dict[str, dict[str, str | None]] = {}
        for path, blob in changes.items():
            name, slash, rest = path.partition("/")
            if slash:
                below.setdefault(name, {})[rest] = blob
            elif blob is None:
                held.pop(name, None)
            else:
                mode = held[name].mode if name in held and held[name].mode.startswith("100") else REGULAR
                held[name] = Entry(mode, name, blob)
        for name, inner in below.items():
            child = held[name].oid if name in held and held[name].mode == "40000" else None
            made = self.rewrite(read, child, inner)
            if made is None:
                held.pop(name, None)
            else:
                held[name] = Entry("40000", name, made)
        return self.tree(list(held.values())) if held else None

    def pack(self) -> bytes:
        """All new objects as a pack stream, version 2."""
        parts = [b"PACK" + struct.pack(">II", 2, len(self.made))]
        for kind, data in self.made.values():
            parts.append(_header(_KINDS[kind], len(data)) + zlib.compress(data, 1))
        body = b"".join(parts)
        return body + self._hash(body).digest()


def _name(entry: Entry) -> bytes:
    return entry.name.encode("utf-8", "surrogateescape")


def _header(kind: int, size: int) -> bytes:
    first = (kind << 4) | (size & 0x0F)
    size >>= 4
    out = bytearray()
    while size:
        out.append(first | 0x80)
        first = size & 0x7F
        size >>= 7
    out.append(first)
    return bytes(out)
