"""Blind, counterbalanced ballots: in which order each voter sees approaches and criteria. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def rotated(things: Sequence[T], turn: int) -> tuple[T, ...]:
    """A cyclic order: over as many turns as there are things, each stands once in each place."""
    at = turn % len(things) if things else 0
    return (*things[at:], *things[:at])


def position(slot: str) -> int:
    """Which turn a slot such as ``voter-03`` takes, from 0."""
    return int(slot.rpartition("-")[2]) - 1
