"""The key files of a question in the prompt, where that is cheaper than having every agent read them. It asks nobody."""

from __future__ import annotations

from typing import NamedTuple

from decisions_tool.agents.prices import Tariff
from decisions_tool.agents.protocol import Repository
from decisions_tool.agents.secrets import find
from decisions_tool.errors import DecisionsError

#: Characters a token; most tokens that an agent would read by itself; share of what a model can read that files may take.
CHARACTERS = 4
READ_ALONE = 60_000
_SHARE = 0.5


class Packed(NamedTuple):
    """Path and text of each file that goes into the prompt, and the reason in one line."""

    files: tuple[tuple[str, str], ...]
    why: str


def worth(tokens: int, agents: int, tariff: Tariff) -> tuple[bool, str]:
    """Whether the files belong into the prompt: one write and a read for every other agent, against a write by each of them."""
    if tokens > tariff.context * _SHARE:
        return False, f"{tokens} tokens of key files are more than {_SHARE:.0%} of what {tariff.model} can read"
    rates = tariff.price
    write, read = (rates.write, rates.read) if rates else (1, 1)
    packed, alone = tokens * (write + (agents - 1) * read), agents * min(tokens, READ_ALONE) * write
    said = f"{tokens} tokens of key files for {agents}: ${packed / 1_000_000:.3f} in the prompt, ${alone / 1_000_000:.3f} read by each"
    return packed <= alone, said if rates else f"{tokens} tokens of key files"


def pack(paths: tuple[str, ...], view: Repository, agents: int, tariff: Tariff, known: tuple[str, ...] = ()) -> Packed:
    """Texts of the key files, a withheld one as a note; nothing where agents had better read for themselves."""
    texts = [(path, text) for path in sorted(paths) if (text := _text(view, path, known)) is not None]
    tokens = sum(len(text) for _, text in texts) // CHARACTERS
    yes, why = worth(tokens, agents, tariff)
    return Packed(tuple(texts) if yes else (), why)


def _text(view: Repository, path: str, known: tuple[str, ...]) -> str | None:
    try:
        text = view.read(path).decode("utf-8")
    except (DecisionsError, UnicodeDecodeError):
        return None
    if "\0" in text:
        return None
    found = find(text, known)
    return f"(withheld: line {found.line} holds what looks like a secret, {found.name})" if found else text
