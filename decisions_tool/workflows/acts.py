"""What people say happened after a decision. Each act is written from its own words alone, so that it can be written again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from shlex import quote
from typing import NamedTuple

from decisions_tool.documents.aftermath import Verification
from decisions_tool.documents.base import without_note
from decisions_tool.documents.framing import Frame, Framing, frame_text
from decisions_tool.documents.paths import (
    MAX_FILE,
    QUESTIONS,
    TASKS,
    archived_path,
    beside,
    document_path,
    with_followers,
)  # fmt: skip
from decisions_tool.documents.reversal import COMPLETE, MINOR, SIGNIFICANT, Entry, Reversal, entry_text, promises
from decisions_tool.documents.spike import Spike, verdict_of
from decisions_tool.documents.standing import amended, has_section, short
from decisions_tool.documents.stories import FAILED, STATES, Stories, Story
from decisions_tool.errors import DecisionsError
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.following_writing import (
    record_of,
    stories_of,
    success_of,
    told,
    with_story,
)  # fmt: skip
from decisions_tool.workflows.looking_back import mechanical
from decisions_tool.workflows.phases import Changes
from decisions_tool.workflows.question import frame, framing, name_of
from decisions_tool.workflows.question_writing import computed
from decisions_tool.workflows.record_text import with_addendum
from decisions_tool.workflows.steps import set_meta, settled

#: Path -> text of what a commit changed, None where a file went.
Texts = Mapping[str, "str | None"]


class Act(NamedTuple):
    """``again`` writes an act once more from what it wrote; ``beyond`` says which paths outside of the case are its own."""

    again: Callable[[Case, str, str, Texts], Changes]
    beyond: Callable[[Case, str], bool] = lambda case, path: False
    by: Callable[[Texts], str] = lambda texts: ""


# ---------------------------------------------------------------------- calls


def call(case: Case, name: str, seen: str) -> Changes:
    """Somebody calls for what does not follow by itself; agents see the repository as of now."""
    record_of(case)
    path = case.path("framing")
    called = list(framing(case).meta.follow or ())
    text = set_meta(case.text(path), "follow", [*called, *([name] if name not in called else [])], path)
    return {path: set_meta(text, "seen", seen, path)}


def _call_again(case: Case, slot: str, reason: str, after: Texts) -> Changes:
    text = after.get(case.path("framing"))
    return call(case, slot, Framing.parse(text).meta.seen or "" if text else "")


# ---------------------------------------------------------------------- stories


def tell(case: Case, name: str, status: str, reason: str) -> Changes:
    """One story is done, failed or open again."""
    stories = stories_of(case)
    story = stories.story(name)
    if story is None:
        known = ", ".join(known.id for known in stories.stories)
        raise DecisionsError(f"{case.slug} has no story {name!r}", f"one of: {known}")
    if story is stories.last:
        raise DecisionsError(f"{name} follows from the verification", f"decisions review {quote(case.slug)}")
    if story.status == status and story.reason == (reason if status == FAILED else ""):
        raise DecisionsError(f"{name} is {status} already", f"decisions stories {quote(case.slug)}")
    waits = [other.id for other in stories.stories if other.id in story.depends_on and other.status != "done"]
    if status == "done" and waits:
        raise DecisionsError(
            f"{name} depends on {waits[0]}, which is not done", f"decisions stories {quote(case.slug)}"
        )
    return with_story(case, name, status, reason)


def _tell_again(case: Case, slot: str, reason: str, after: Texts) -> Changes:
    path = beside(record_of(case).path, "stories")
    found = Stories.parse(after.get(path) or "", path).story(slot.rpartition("/")[2])
    status = found.status if found else ""
    return tell(case, slot.rpartition("/")[2], status if status in STATES else "", reason)


def _is_stories(case: Case, path: str) -> bool:
    return path == beside(framing(case).meta.record or "", "stories")


def requests(case: Case) -> Changes:
    """A request for each story that is open, in the words of the record."""
    record, held = record_of(case), stories_of(case)
    made: Changes = {}
    stories = []
    for story in held.stories:
        slug = f"{short(record.path)}-{story.id}".lower()
        wanted = story.status != "done" and not story.task
        if wanted:
            made[document_path(slug, "request")] = _request(story, record.path, bool(record.document.meta.rehearsal))
        stories.append(story._replace(task=slug) if wanted else story)
    taken = next((path for path in made if case.outside.now(path)), "")
    if taken or not made:
        said = f"{taken} is there already" if taken else f"every open story of {case.slug} has its request"
        raise DecisionsError(said, f"decisions stories {quote(case.slug)}")
    return made | told(case, tuple(stories), dict(held.meta.inputs or {}))


def _request(story: Story, record: str, rehearsal: bool) -> str:
    said = "A story of a rehearsal: it binds nothing." if rehearsal else "A story of an accepted decision."
    parts = [f"# {story.id}: {story.title}", f"{said} The code contract in {record} binds it."]
    parts += [f"It waits for {', '.join(story.depends_on)} of the same decision."] if story.depends_on else []
    files = "\n".join(f"- `{change.path}`" + (f" — {change.what}" if change.what else "") for change in story.files)
    parts += [f"## Files\n\n{files}"] if files else []
    wanted = "\n".join(f"- {entry}" for entry in story.criteria)
    return "\n\n".join([*parts, *([f"## Acceptance\n\n{wanted}"] if wanted else [])]) + "\n"


# ---------------------------------------------------------------------- spike and verification


def spike(case: Case, words: str, meta: Mapping[str, object]) -> Changes:
    """What a spike found; the verdict follows from the numbers."""
    path, record = document_path(case.slug, "spike"), framing(case).meta.record
    found = Spike.model_validate({"meta": Spike.META(type="spike"), "words": words})
    total = meta["tests"]
    assert isinstance(total, int)
    keys = {"status": "done", "record": record, **meta, "failures": found.failed or None}
    keys["verdict"] = verdict_of(total, found.failed)
    file = case.file(record) if record else None
    inputs = {record: file.blob} if record and file else {}
    return {path: computed(Spike, path, case, "spike", words, inputs, **keys)}


def _spike_again(case: Case, slot: str, reason: str, after: Texts) -> Changes:
    path = document_path(case.slug, "spike")
    held = Spike.parse(after.get(path) or "", path)
    words = without_note(held.words) if held.meta.rehearsal else held.words
    return spike(case, words, {"tests": held.meta.tests or 0, "tried": held.meta.tried, "branch": held.meta.branch})


def verification(case: Case, words: str, deviations: int, seen: str) -> Changes:
    """The mechanical half, and the commit at which the other half is looked at."""
    path = case.path("framing")
    left = [story.id for story in _stories_if_any(case)[:-1] if story.status != "done"]
    if left:
        hint = f"decisions story done {short(record_of(case).path)}/{left[0]}"
        raise DecisionsError(f"{left[0]} of {case.slug} is not done", hint)
    return {path: set_meta(case.text(path), "seen", seen, path), **mechanical(case, words, deviations)}


def _stories_if_any(case: Case) -> Sequence[Story]:
    path = beside(record_of(case).path, "stories")
    return case.read(Stories, path).stories if case.file(path) else ()


def _verification_again(case: Case, slot: str, reason: str, after: Texts) -> Changes:
    path, opening = document_path(case.slug, "verification"), case.path("framing")
    held = Verification.parse(after.get(path) or "", path)
    seen = Framing.parse(after.get(opening) or "", opening).meta.seen or ""
    return verification(case, held.mechanical, held.meta.deviations or 0, seen)


# ---------------------------------------------------------------------- reversal


def reverse(case: Case, entry: Entry) -> Changes:
    """An addendum; or a story that failed and a question about what failed; or the whole decision back to its proposals."""
    record, path = record_of(case), document_path(case.slug, "reversal")
    held = case.find(Reversal)
    number = len(held.entries) + 1 if held else 1
    told_so = {name: getattr(entry, name).strip() for name in ("contract", "deviations", "diff", "log")}
    entry = entry._replace(record=short(record.path), **told_so)
    if entry.kind == SIGNIFICANT:
        entry = entry._replace(question=f"{case.slug}-r{number}", section=entry.section or "Code Contract")
    text = _readable(entry_text(number, entry), path)
    words = f"{without_note(held.words).rstrip()}\n\n{text}" if held else text
    keys = {"status": "done", "extent": entry.kind, "record": record.path}
    changes: Changes = {path: computed(Reversal, path, case, "reverse", words, {record.path: record.blob}, **keys)}
    if entry.story and entry.kind != MINOR:
        changes |= _failed(case, entry)
    return changes | _CONSEQUENCES[entry.kind](case, entry, number)


def _readable(text: str, path: str) -> str:
    """The text of a reversal that is read back as what it was written from."""
    found = Reversal.model_validate({"meta": Reversal.META(type="reversal"), "words": text}).entries
    if len(found) != 1 or entry_text(int(text[len("## Reversal ") :].partition(":")[0]), found[0]) != text:
        raise DecisionsError(
            f"{path}: the evidence holds headings of its own", "leave out headings of one to three hashes"
        )
    return text


def _failed(case: Case, entry: Entry) -> Changes:
    story = stories_of(case).story(entry.story)
    return {} if story is not None and story.status == FAILED else tell(case, entry.story, FAILED, entry.reason)


def _minor(case: Case, entry: Entry, number: int) -> Changes:
    """The record says what holds from now on; so do the constraints that a decision, and no rehearsal, has added to."""
    record, shared = record_of(case), document_path("", "constraints")
    text = case.text(record.path)
    words = "\n\n".join([entry.reason, *promises(entry, 4)])
    changes: Changes = {record.path: amended(text, f"Addendum {number} ({entry.day})", words)}
    if record.document.meta.rehearsal:
        return changes
    name = record.path.rpartition("/")[2]
    head = f"## Constraint Addendum: {name_of(case)} — {record.title}, addendum {number}\nDate: {entry.day}\nDecision Record: {name}"
    words = "\n\n".join([head, entry.reason, *promises(entry, 3)])
    return changes | {shared: with_addendum(case.outside.now(shared) or "", f"{words}\n")}


def _significant(case: Case, entry: Entry, number: int) -> Changes:
    """A question of its own about the section that does not hold."""
    record = record_of(case)
    if not entry.story:
        raise DecisionsError("a significant deviation is one of a story", "add --story US-001, the one that failed")
    if not has_section(case.text(record.path), entry.section, record.path):
        hint = "add --section with the heading of what does not hold, such as 'Code Contract'"
        raise DecisionsError(f"{record.path} has no section {entry.section!r}", hint)
    path = document_path(entry.question, "framing")
    if case.outside.now(path):
        raise DecisionsError(f"{path} is there already", f"decisions why {quote(entry.question)}")
    asked = _focused(case, entry)
    values = {
        "type": "framing", "case": entry.question, "status": "open", "impact": "medium", "depends-on": [case.slug],
        "supersedes": record.path, "section": entry.section, "agents": framing(case).meta.agents,
    }  # fmt: skip
    meta = Framing.META.model_validate({key: value for key, value in values.items() if value is not None})
    return {path: settled(Framing.model_validate({"meta": meta, "words": frame_text(asked)}), path)}


def _focused(case: Case, entry: Entry) -> Frame:
    """The frame of the sub-problem: what failed is in scope, the rest of the decision is not."""
    before, story = frame(case), stories_of(case).story(entry.story)
    files = before.files[:5]
    inside: tuple[str, ...] = (f"{entry.section} of {entry.record}", f"what made {entry.story} fail: {entry.reason}")
    if story and story.files:
        inside += tuple(f"`{change.path}`" for change in story.files[:2])
    said = f"How should the {entry.section} of {entry.record} be changed so that {entry.story} can be carried out?"
    return before._replace(
        question=said, inside=inside, outside=(f"the rest of {entry.record}",), success=success_of(case), files=files,
        impact="", depends_on=(),
    )  # fmt: skip


def _complete(case: Case, entry: Entry, number: int) -> Changes:
    if not (entry.diff or entry.log):
        raise DecisionsError("a complete reversal shows what failed", "add --diff FILE, --log FILE, or both")
    return {}


_CONSEQUENCES = {MINOR: _minor, SIGNIFICANT: _significant, COMPLETE: _complete}


def _reverse_again(case: Case, slot: str, reason: str, after: Texts) -> Changes:
    path = document_path(case.slug, "reversal")
    return reverse(case, Reversal.parse(after.get(path) or "", path).entries[-1])


def _reversed_by(after: Texts) -> str:
    path, text = next(((path, text) for path, text in after.items() if path.endswith("/reversal.md")), ("", None))
    return Reversal.parse(text, path).entries[-1].by if text else ""


def _of_reversal(case: Case, path: str) -> bool:
    focused = path.startswith(f"{QUESTIONS}/{case.slug}-r") and path.endswith("/framing.md")
    return focused or path in {*with_followers(framing(case).meta.record or ""), document_path("", "constraints")}


# ---------------------------------------------------------------------- archive


def archive(case: Case) -> Changes:
    """Everything of a question moves into the archive, byte for byte."""
    record_of(case)
    changes: Changes = {}
    for path in case.files:
        text = case.outside.now(path) or ""
        if "\ufffd" in text or len(text.encode("utf-8", "surrogatepass")) > MAX_FILE:
            raise DecisionsError(f"{path} is no text of at most {MAX_FILE >> 20} MiB", "move it elsewhere: git mv")
        changes |= {path: None, archived_path(path): text}
    return changes


def _of_requests(case: Case, path: str) -> bool:
    return _is_stories(case, path) or path.startswith(f"{TASKS}/{short(record_of(case).path)}-us-".lower())


def _of_archive(case: Case, path: str) -> bool:
    return path.startswith(f"{archived_path(case.folder)}/")


ACTS: dict[str, Act] = {
    "call": Act(_call_again),
    "story": Act(_tell_again, _is_stories),
    "requests": Act(lambda case, slot, reason, after: requests(case), _of_requests),
    "spike": Act(_spike_again),
    "verification": Act(_verification_again),
    "reverse": Act(_reverse_again, _of_reversal, _reversed_by),
    "archive": Act(lambda case, slot, reason, after: archive(case), _of_archive),
}
