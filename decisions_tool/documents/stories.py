"""``DR-NNN-stories.md``: what has to be done to carry out a decision, story by story. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from decisions_tool.documents.base import MaybePath, Meta, Where, items, listing
from decisions_tool.documents.lines import tame
from decisions_tool.documents.outline import Section, fields, heading, outline
from decisions_tool.documents.proposal import FileChange
from decisions_tool.documents.sections import bullets, cited
from decisions_tool.documents.written import Written
from decisions_tool.text import one_line

OPEN, DONE, FAILED = "open", "done", "failed"
STATES = (OPEN, DONE, FAILED)
_NAMES = ("Status", "Reason", "Depends on", "Task")
_ID = re.compile(r"(US-\d{3,}): (.+)")


class StoriesMeta(Meta):
    status: Literal["open", "done", "failed", "approved"] | None = Field(None, description="open until all are done")
    record: MaybePath = Field(None, description="the decision record")


class Story(NamedTuple):
    """One piece of work: ``id`` is US-001 and on, ``reason`` says why it failed, ``task`` is the case that plans it."""

    id: str
    title: str
    status: str = OPEN
    reason: str = ""
    depends_on: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()
    criteria: tuple[str, ...] = ()
    task: str = ""


class Stories(Written):
    """Everything that follows from one record; the last story verifies."""

    KIND: ClassVar[str] = "stories"
    META: ClassVar[type[Meta]] = StoriesMeta
    meta: StoriesMeta

    @classmethod
    def look(cls, words: str, where: Where) -> object:
        found = list(_sections(words, where.line))
        if not found:
            raise where.fail("there is no story", where.line, "add ## US-001: title")
        for section in found:
            named = _named(section)
            if named["Status"] not in STATES:
                hint = f"write **Status:** {', '.join(STATES[:2])} or {STATES[2]}"
                raise where.fail(f"{one_line(section.title, 60)!r} has no status", section.line, hint)
        return None

    @cached_property
    def stories(self) -> tuple[Story, ...]:
        return tuple(map(_story, _sections(self.words, 1)))

    @cached_property
    def title(self) -> str:
        found = heading(self.words.lstrip().partition("\n")[0])
        return found[1] if found else ""

    def story(self, name: str) -> Story | None:
        return next((story for story in self.stories if story.id == name), None)

    @property
    def last(self) -> Story:
        """The story that verifies."""
        return self.stories[-1]


def _sections(words: str, line: int) -> Iterator[Section]:
    tops = outline(words, first_line=line).children
    below = [child for top in tops for child in (top.children if top.level == 1 else [top])]
    return (section for section in below if section.level == 2 and _ID.fullmatch(section.title))


def _named(section: Section) -> dict[str, str]:
    found, _, _ = fields(section.body, _NAMES)
    return {name: " ".join(found.get(name, "").split()) for name in _NAMES}


def _story(section: Section) -> Story:
    match, named = _ID.fullmatch(section.title), _named(section)
    assert match is not None
    listed = {child.title.casefold(): list(bullets(child.body)) for child in section.children}
    files = tuple(FileChange(path, what) for entry in listed.get("files changed", ()) for path, what in _touched(entry))
    criteria = tuple(" ".join(entry.split()) for entry in listed.get("acceptance criteria", ()))
    return Story(
        match.group(1), match.group(2), named["Status"], named["Reason"], items(named["Depends on"]), files, criteria,
        named["Task"],
    )  # fmt: skip


def _touched(entry: str) -> Iterator[tuple[str, str]]:
    paths, what = cited(entry)
    yield from ((path, what) for path in paths)


def state_of(stories: Sequence[Story]) -> str:
    """What all stories together come to."""
    held = {story.status for story in stories}
    return FAILED if FAILED in held else DONE if held <= {DONE} else OPEN


def stories_text(title: str, stories: Sequence[Story], note: str = "") -> str:
    """The body of the document; ``note`` stands under its title."""
    return "\n\n".join([f"# {tame(title)}", *([note] if note else []), *map(_lines, stories)]) + "\n"


def _lines(story: Story) -> str:
    head = f"## {story.id}: {tame(story.title)}\n\n**Status:** {story.status}"
    head += f"\n**Reason:** {tame(story.reason)}" if story.reason else ""
    task = f"\n**Task:** {story.task}" if story.task else ""
    parts = [f"{head}\n**Depends on:** {listing(story.depends_on)}{task}"]
    touched = [f"- `{path}` — {tame(what)}" if what else f"- `{path}`" for path, what in story.files]
    parts += ["### Files Changed", "\n".join(touched)] if touched else []
    wanted = [f"- {tame(entry)}" for entry in story.criteria]
    parts += ["### Acceptance Criteria", "\n".join(wanted)] if wanted else []
    return "\n\n".join(parts)
