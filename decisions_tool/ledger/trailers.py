"""The message of a transition: one readable line and trailers that nobody's text can forge. Pure text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from decisions_tool.errors import DecisionsError
from decisions_tool.text import one_line

NAMES = ("Case", "Phase", "Slot", "Backend", "Model", "Cost-USD", "Usage", "Inputs", "Reason")
_LINE = re.compile(r"Decisions-([A-Za-z-]+):[ \t]*(.*)")
_AUTHOR = re.compile(r"(?i)Co-authored-by: [^<>]+ <[^<>]*>[ \t]*")


@dataclass(frozen=True)
class Transition:
    """What one commit of the program says of itself."""

    case: str
    phase: str
    slot: str
    what: str
    backend: str = ""
    model: str = ""
    cost: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    usage: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not carried(self.case):
            raise DecisionsError(f"a commit cannot carry the name {self.case!r}", "rename the folder: git mv")

    def message(self, subject: str) -> str:
        """Subject and trailers; every value is one line."""
        values = (
            self.case,
            self.phase,
            self.slot,
            self.backend,
            self.model,
            self.cost,
            " ".join(f"{name}={count}" for name, count in self.usage.items() if name != "cost-usd"),
            digest(self.inputs),
            self.reason,
        )
        lines = [f"Decisions-{name}: {one_line(value)}" for name, value in zip(NAMES, values, strict=True) if value]
        return self.headline(subject) + "\n\n" + "\n".join(lines) + "\n"

    def headline(self, subject: str) -> str:
        return one_line(subject.format(case=self.case, what=one_line(self.what, 120)), 160)


class ByHand(Transition):
    """A file that a person wrote, committed in their name. No phase and no verb made it, so it carries no trailers."""

    def message(self, subject: str) -> str:
        return self.headline(subject) + "\n"


def carried(name: str) -> bool:
    """Whether the name of a case comes back from a message as it went in."""
    return name == one_line(name) and not re.search("[\ud800-\udfff]", name)


def digest(inputs: Mapping[str, str]) -> str:
    """One digest for path -> blob id; empty for no inputs."""
    if not inputs:
        return ""
    text = "".join(f"{path}\0{blob}\n" for path, blob in sorted(inputs.items()))
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def trailers(message: str) -> dict[str, list[str]]:
    """Our trailers of the last paragraph: name -> values, so that a doubled one shows."""
    first, last = _parts(message)
    found: dict[str, list[str]] = {}
    for line in last.split("\n") if first else ():
        match = _LINE.fullmatch(line.rstrip())
        if match:
            found.setdefault(match.group(1), []).append(match.group(2).strip())
    return found


def stray(message: str) -> bool:
    """Whether lines that look like our trailers stand outside the last paragraph."""
    return any(_LINE.match(line) for line in _parts(message)[0].split("\n"))


def _parts(message: str) -> tuple[str, str]:
    """A message before its last paragraph, and that; authors whom a forge names below all are no part of it."""
    first, _, last = message.rstrip().rpartition("\n\n")
    if all(_AUTHOR.fullmatch(line) for line in last.split("\n")):
        first, _, last = first.rstrip().rpartition("\n\n")
    return first, last
