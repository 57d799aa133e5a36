"""Which program a person lets run on this machine. A file in the store that was copied with its repository says nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

from decisions_tool.config import Command, Tests
from decisions_tool.ledger.files import read_regular, write_atomically
from decisions_tool.ledger.git import Place


def trust(place: Place, table: Command | Tests) -> None:
    """Write down that a person lets exactly this table run."""
    place.store.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(_file(place, type(table)), f"{digest(place, table)}\n".encode(), 0o600)


def revoke(place: Place) -> bool:
    """Let nothing run any more; False where nothing was let."""
    files = [_file(place, kind) for kind in (Command, Tests)]
    held = any(file.exists() for file in files)
    for file in files:
        file.unlink(missing_ok=True)
    return held


def trusted(place: Place, table: Command | Tests) -> bool:
    """Whether a person has said, in this very git directory, that this very table may run."""
    said = read_regular(_file(place, type(table)), 100) or b""
    return hmac.compare_digest(said.strip(), digest(place, table).encode())


def digest(place: Place, table: Command | Tests) -> str:
    """The table in its canonical form, bound to the git directory: a copy of that has another inode."""
    canonical = json.dumps(table.model_dump(), sort_keys=True)
    return hashlib.sha256(f"{place.common.stat().st_ino}\0{canonical}".encode()).hexdigest()


def _file(place: Place, kind: type[Command | Tests]) -> Path:
    return place.store / ("trust" if kind is Command else "trust-tests")
