"""What the engine tells while it works; ``cli`` hands it to ``report``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind = Literal[
    "asked", "answered", "recorded", "waiting", "refused", "mended", "failed", "stopping", "watching", "finished"
]


@dataclass(frozen=True)
class Event:
    """One step; ``text`` is a headline, ``open`` how many answers are outstanding in the whole run, ``cost`` USD."""

    kind: Kind
    case: str
    phase: str
    slot: str = ""
    text: str = ""
    commit: str = ""
    open: int = 0
    command: str = ""
    cost: str = ""


Listener: TypeAlias = "Callable[[Event], None]"
