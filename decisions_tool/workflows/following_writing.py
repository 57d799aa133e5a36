"""How the documents after a decision come about: from the record, from evidence, from an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import NamedTuple

from decisions_tool.documents import frontmatter
from decisions_tool.documents.computed import Record
from decisions_tool.documents.framing import Framing, frame_text
from decisions_tool.documents.outline import Section, heading, outline
from decisions_tool.documents.paths import beside, document_path
from decisions_tool.documents.proposal import Code, FileChange
from decisions_tool.documents.reversal import Entry, Reversal
from decisions_tool.documents.sections import bullets, cited, code_blocks, flat, nothing, section_of
from decisions_tool.documents.spike import BACK, Spike
from decisions_tool.documents.standing import superseded, without_addendum
from decisions_tool.documents.stories import FAILED, Stories, Story, state_of, stories_text
from decisions_tool.errors import DecisionsError
from decisions_tool.rules.stories import Plan, derive
from decisions_tool.text import plural
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.phases import Changes, Reply
from decisions_tool.workflows.question import framing, iteration
from decisions_tool.workflows.question_rows import EVIDENCE
from decisions_tool.workflows.question_writing import archived, computed
from decisions_tool.workflows.settling import outcome, settled
from decisions_tool.workflows.steps import settled as written_down

REHEARSED = "> **Rehearsal:** no model was called. These stories bind nobody."


class Read(NamedTuple):
    """A record of ours: ``root`` is its body in sections."""

    path: str
    blob: str
    document: Record
    root: Section

    @property
    def title(self) -> str:
        lines = (heading(line) for line in self.document.words.split("\n"))
        return next((found[1] for found in lines if found and found[0] == 1), "")

    @property
    def number(self) -> int:
        return int(self.path.rpartition("/DR-")[2].partition("-")[0])

    def section(self, name: str) -> list[str]:
        found = section_of(self.root, name)
        return flat(found) if found else []


def record_of(case: Case) -> Read:
    """The record of a question, or DecisionsError where it is not decided."""
    path = framing(case).meta.record or ""
    file = case.file(path) if path else None
    if file is None:
        raise DecisionsError(f"{case.slug} is not decided yet", f"decisions why {quote(case.slug)}")
    document = Record.parse(frontmatter.decode(file.data, path), path)
    return Read(path, file.blob, document, outline(document.words))


def success_of(case: Case) -> tuple[str, ...]:
    """The success criteria that a record was written with."""
    return tuple(" ".join(entry.split()) for entry in bullets(record_of(case).section("successcriteria")))


def follows(case: Case) -> bool:
    """Whether stories may follow by themselves: a rehearsal's record binds nothing."""
    return not record_of(case).document.meta.rehearsal


# ---------------------------------------------------------------------- stories


def plan_of(case: Case) -> Plan:
    """What the record of a question says about carrying it out; how to migrate stands in the proposal that won."""
    record = record_of(case)
    code = tuple(Code(*block) for block in code_blocks(record.section("codecontract")))
    said = outcome(case).said.migration if settled(case) else ""
    migration = said or "\n".join(record.section("migrationplan"))
    return Plan(record.number, tuple(_files(record)), code, migration, success_of(case), record.title)


def _files(record: Read) -> Iterator[FileChange]:
    for entry in bullets(record.section("fileschanged")):
        if not nothing(entry):
            paths, what = cited(entry)
            yield from (FileChange(path, what) for path in paths if "`" not in path)


def write_stories(case: Case, slot: str, reply: Reply | None) -> Changes:
    return told(case, derive(plan_of(case)), {record_of(case).path: record_of(case).blob})


def told(case: Case, stories: tuple[Story, ...], inputs: dict[str, str]) -> Changes:
    """The stories of a question's record as their document."""
    record = record_of(case)
    path = beside(record.path, "stories")
    note = REHEARSED if record.document.meta.rehearsal else ""
    words = stories_text(f"Stories of DR-{record.number:03d}: {record.title}", stories, note)
    keys = {"status": state_of(stories), "record": record.path}
    text = computed(Stories, path, case, "stories", words, inputs, **keys, **rehearsal(record))
    return {path: text}


def rehearsal(record: Read) -> dict[str, object]:
    """The key that says so, where a record is one of a rehearsal."""
    return {"rehearsal": True} if record.document.meta.rehearsal else {}


def stories_of(case: Case) -> Stories:
    path = beside(record_of(case).path, "stories")
    if case.file(path) is None:
        raise DecisionsError(f"{case.slug} has no stories yet", f"decisions stories {quote(case.slug)}")
    return case.read(Stories, path)


def with_story(case: Case, name: str, status: str, reason: str) -> Changes:
    """The stories with one of them done, failed or open again."""
    held = stories_of(case)
    changed = tuple(
        story._replace(status=status, reason=reason if status == FAILED else "") if story.id == name else story
        for story in held.stories
    )
    return told(case, changed, dict(held.meta.inputs or {}))


# ---------------------------------------------------------------------- back to the proposals


def write_return(case: Case, slot: str, reply: Reply | None) -> Changes:
    """The iteration moves as on a refinement; evidence stays, the record is superseded and the framing says what failed."""
    asked, path = framing(case), case.path("framing")
    kept = {place for kind in EVIDENCE for place in case.paths(kind)}
    changes = archived(case)
    moved = {f"{case.folder}/iteration-{iteration(case)}/{place.removeprefix(f'{case.folder}/')}" for place in kept}
    changes = {place: text for place, text in changes.items() if place not in kept | moved}
    words = frame_text(asked.frame._replace(inside=(*asked.frame.inside, _why_back(case))))
    drop = dict.fromkeys(("record", "decided", "by", "reason", "split", "follow", "seen", "undone"))
    new = {"iteration": iteration(case) + 1, "pinned": case.commit or asked.meta.pinned}
    whole = {"supersedes": asked.meta.record, "section": None} if asked.meta.record else {}
    meta = asked.meta.model_copy(update=drop | new | whole)
    changes[path] = written_down(Framing.model_validate({"meta": meta, "words": words}), path)
    return changes | _struck(case)


def _why_back(case: Case) -> str:
    spike, at = case.find(Spike), iteration(case)
    if spike is not None and spike.meta.verdict == BACK and spike.meta.iteration == at:
        return f"what iteration {at} failed on in its spike: {_counts(spike)}, see spike.md"
    last = reversals(case)[-1]
    return f"why iteration {at} was reversed: {last.reason}, see reversal.md"


def _counts(spike: Spike) -> str:
    return ", ".join(f"{plural(count, 'test')} by {kind}" for kind, count in spike.failed.items()) or "its tests"


def reversals(case: Case) -> tuple[Entry, ...]:
    """Every reversal of a question, oldest first."""
    found = case.find(Reversal)
    return found.entries if found else ()


def _struck(case: Case) -> Changes:
    """The record of a decision that goes back, superseded; what it had put among the constraints binds nobody any more."""
    record, shared = framing(case).meta.record, document_path("", "constraints")
    text = case.outside.now(record) if record else None
    if record is None or text is None:
        return {}
    changes: Changes = {record: superseded(text, record)}
    held = case.outside.now(shared)
    left = without_addendum(held, (record,)) if held else held
    return changes | ({shared: left} if left is not None and left != held else {})
