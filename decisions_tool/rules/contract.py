"""Does every track find what it consumes? Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from decisions_tool.errors import Finding

if TYPE_CHECKING:
    from decisions_tool.documents.contract import Contract


def _key(item: str) -> str:
    return " ".join(item.replace("`", "").split()).casefold()


def unresolved(contract: Contract, path: str) -> list[Finding]:
    """Findings for what is consumed and provided by nobody else, and for what two tracks provide."""
    found = []
    providers: dict[str, list[int]] = {}
    for track in contract.tracks:
        for item in track.provides:
            providers.setdefault(_key(item), []).append(track.number)
    for track in contract.tracks:
        for item in track.consumes:
            wanted = _key(re.sub(r"\s+from\s+.*$", "", item)) if _key(item) not in providers else _key(item)
            if not any(number != track.number for number in providers.get(wanted, ())):
                message = f"track {track.number} consumes {item!r}, which no other track provides"
                found.append(
                    Finding(
                        "contract/unresolved", "error", path, 1, 1, message, f"add it to a track's Provides: {item}"
                    )
                )
    for item, numbers in providers.items():
        if len(numbers) > 1:
            tracks = " and ".join(map(str, numbers))
            found.append(
                Finding(
                    "contract/ambiguous",
                    "error",
                    path,
                    1,
                    1,
                    f"{item!r} is provided by tracks {tracks}",
                    "name one provider",
                )
            )
    return found
