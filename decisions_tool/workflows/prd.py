"""Stories as ``prd.json``: the rich object, strict in its ids, and the flat list that leaves everything optional. Pure."""

from __future__ import annotations

import re
from typing import Any

from decisions_tool.documents.standing import short
from decisions_tool.documents.stories import DONE, Stories, Story


def rich(held: Stories) -> dict[str, Any]:
    """The object with user stories."""
    return {
        "project": short(held.meta.record or ""),
        "description": held.title,
        "userStories": [_rich(number, story) for number, story in enumerate(held.stories, start=1)],
    }


def _rich(number: int, story: Story) -> dict[str, Any]:
    assert re.fullmatch(r"US-\d{3}", story.id), "a record has fewer than a thousand stories"
    return {
        "id": story.id, "title": story.title, "description": _description(story), "acceptanceCriteria": list(story.criteria),
        "priority": number, "passes": story.status == DONE, "status": story.status, "notes": story.reason,
        "depends_on": list(story.depends_on),
    }  # fmt: skip


def flat(held: Stories) -> list[dict[str, Any]]:
    """The list of stories; what is empty is left out."""
    found = (_flat(story) for story in held.stories)
    return [{key: value for key, value in story.items() if value not in ("", [])} for story in found]


def _flat(story: Story) -> dict[str, Any]:
    return {
        "id": story.id, "title": story.title, "description": _description(story), "passes": story.status == DONE,
        "depends_on": list(story.depends_on), "notes": story.reason,
    }  # fmt: skip


def _description(story: Story) -> str:
    return "; ".join(f"{change.path}: {change.what}" if change.what else change.path for change in story.files)
