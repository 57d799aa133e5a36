"""Answers of hundreds of megabytes, built from one megabyte."""

from __future__ import annotations

import struct
import zlib
from functools import cache

from decisions_tool.testing.asked import Said
from decisions_tool.testing.messages import message, stream, whole
from decisions_tool.testing.rates import Usage
from decisions_tool.testing.replies import EVENTS, JSON, Reply

_MARK = "<bulk>"
_UNIT = b" " * 1_000_000


@cache
def bulk(megabytes: int, streamed: bool, packed: bool) -> Reply:
    """A message whose text is that long; packed, it is a few hundred kilobytes on the wire."""
    reply, _ = message(Said(_MARK), "claude-bulk", 1000, Usage(), "bulk", "standard")
    rendered = b"".join(stream(reply)) if streamed else whole(reply)
    head, _, tail = rendered.partition(_MARK.encode())
    pieces = _packed(head, tail, megabytes) if packed else [head, *[_UNIT] * megabytes, tail]
    return Reply(200, pieces, EVENTS if streamed else JSON, {"content-encoding": "gzip"} if packed else {})


def _packed(head: bytes, tail: bytes, megabytes: int) -> list[bytes]:
    """Gzip by hand: after a full flush the same megabyte is always packed into the same bytes."""
    packer = zlib.compressobj(wbits=-15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    unit = packer.compress(_UNIT) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.compress(tail) + packer.flush()
    check = zlib.crc32(head)
    for _ in range(megabytes):
        check = zlib.crc32(_UNIT, check)
    size = len(head) + len(_UNIT) * megabytes + len(tail)
    end = struct.pack("<II", zlib.crc32(tail, check), size % 2**32)
    return [b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + first, *[unit] * megabytes, last + end]
