"""Did an input of an answer change, other than by what later phases add to it? Pure."""

from __future__ import annotations

from decisions_tool.documents.base import Document
from decisions_tool.documents.concerns import Concern, Concerns
from decisions_tool.documents.contract import Contract
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.documents.written import Opening


def grown(old: Document, new: Document) -> bool:
    """True when ``new`` says what ``old`` said, plus at most what later phases and approvals add."""
    if isinstance(old, Opening) and isinstance(new, Opening):
        return old.words.split() == new.words.split()
    if isinstance(old, Roadmap) and isinstance(new, Roadmap):
        same = (old.title, old.prior_art, old.trade_offs, old.decisions) == (
            new.title, new.prior_art, new.trade_offs, new.decisions,
        )  # fmt: skip
        return same and (old.plan is None or old.plan == new.plan)
    if isinstance(old, Concerns) and isinstance(new, Concerns):
        return len(old.concerns) == len(new.concerns) and all(map(_concern_grown, old.concerns, new.concerns))
    if isinstance(old, Contract) and isinstance(new, Contract):
        return _contract_grown(old, new)
    return type(old) is type(new) and old.model_copy(update={"meta": new.meta}) == new


def _concern_grown(old: Concern, new: Concern) -> bool:
    update: dict[str, object] = {}
    if old.owner is None:
        update["owner"] = new.owner
    if old.resolution is None:
        update["resolution"] = new.resolution
    return old.model_copy(update=update) == new


def _contract_grown(old: Contract, new: Contract) -> bool:
    if len(old.tracks) != len(new.tracks):
        return False
    rows = all(was == now or not was.agreed for was, now in zip(old.tracks, new.tracks, strict=True))
    interfaces = old.interfaces == new.interfaces or not any(track.agreed for track in old.tracks)
    return rows and interfaces and new.revisions[: len(old.revisions)] == old.revisions
