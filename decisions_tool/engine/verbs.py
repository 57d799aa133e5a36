"""What people say: init, new, start, pause, close, approve, redo, undo, submit. Each is one commit with a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from decisions_tool.agents.protocol import Packet
from decisions_tool.config import FILE
from decisions_tool.documents import edits, frontmatter
from decisions_tool.documents.paths import MAX_FILE, SLUG, WORKFLOWS, archived_path, case_folder, document_path, owner
from decisions_tool.documents.written import Opening
from decisions_tool.engine.events import Listener
from decisions_tool.engine.packets import input_blobs, make_packet
from decisions_tool.engine.run import Engine
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import inside, read_regular, write_atomically
from decisions_tool.ledger.history import Change, is_transition, last_change, undoable
from decisions_tool.ledger.locks import run_lock
from decisions_tool.ledger.preflight import branch_for_writing, check_ready, own_identity
from decisions_tool.ledger.record import Turn
from decisions_tool.ledger.repository import Folder, Repository, no_case
from decisions_tool.ledger.trailers import Transition
from decisions_tool.text import one_line, slugify
from decisions_tool.workflows.case import Case, with_changes
from decisions_tool.workflows.phases import RULE, Changes, Phase, Reply
from decisions_tool.workflows.planner import find_slots, taken_back, written
from decisions_tool.workflows.steps import set_meta
from decisions_tool.workflows.tables import row, table

_TOML = """\
# Cases that were here before `decisions init`. They stay as they are until `decisions start <case>`.
baseline = [{cases}]
"""


def ready(repository: Repository) -> None:
    """Raise DecisionsError where no commit can be made now; it changes nothing."""
    branch_for_writing(repository)
    check_ready(repository)


#: Characters of a decision in words, and of its reason.
_LONGEST = 1_900


@contextmanager
def writing(repository: Repository, listen: Listener | None) -> Iterator[Engine]:
    """An engine that may make commits, with the run lock held and what an earlier run left mended."""
    ready(repository)
    engine = Engine(repository, listen=listen)
    with run_lock(repository.place):
        engine.ledger.sweep()
        engine.ledger.mend()
        yield engine


def initialised(repository: Repository) -> bool:
    """Whether the last commit has a baseline."""
    head = repository.head()
    return bool(head.oid) and repository.settings(head.oid).initialised


def initialise(repository: Repository, listen: Listener | None = None) -> int:
    """Write the baseline into ``decisions.toml`` and commit it; how many cases stay unmanaged."""
    count = 0

    def build(turn: Turn) -> tuple[Changes, Transition]:
        nonlocal count
        text = repository.text_at(turn.tip, FILE) or ""
        if repository.settings(turn.tip).initialised:
            raise DecisionsError("this repository is initialised already", "decisions status")
        cases = [
            slug for slug, f in sorted(repository.cases(turn.tip).items()) if not _started(repository, turn.tip, f)
        ]
        count = len(cases)
        listed = "".join(f"\n  {json.dumps(slug, ensure_ascii=False)}," for slug in cases)
        lines = _TOML.format(cases=listed + "\n" if cases else "")
        what = f"initialised, {count} older cases left alone" if count else "initialised"
        return {FILE: lines + (f"\n{text}" if text else "")}, Transition("decisions", "init", "baseline", what)

    with writing(repository, listen) as engine:
        engine.commit(build)
    return count


def _started(repository: Repository, commit: str, folder: Folder) -> bool:
    """Whether front matter says where a case stands; what an adoption writes does not."""
    _, slug = owner(f"{folder.path}/")
    text = repository.text_at(commit, document_path(slug, WORKFLOWS[folder.workflow][1])) or ""
    front = text.partition("\n---")[0]
    return front.startswith("---") and "\nstatus:" in front


def write_opening(repository: Repository, workflow: str, title: str, words: str, slug: str = "") -> str:
    """Put a new request or framing into the working tree for its author to finish; the path."""
    name = slug or slugify(title)
    if not re.fullmatch(SLUG, name):
        raise DecisionsError(f"{name!r} is no folder name for a case", "use a-z, 0-9 and dashes: --slug my-case")
    for other in WORKFLOWS:
        for folder in (case_folder(other, name), archived_path(case_folder(other, name))):
            if (repository.place.root / folder).exists():
                raise DecisionsError(f"{folder} is there already", "choose another --slug")
    path = document_path(name, WORKFLOWS[workflow][1])
    write_atomically(inside(repository.place.root, path), words.encode())
    return path


def commit_opening(repository: Repository, path: str, listen: Listener | None = None) -> None:
    """Commit a request or framing that ``write_opening`` wrote."""
    workflow, slug = owner(path)
    kind = WORKFLOWS[workflow][1]
    data = read_regular(inside(repository.place.root, path), MAX_FILE) or b""
    text = frontmatter.decode(data, path)
    with writing(repository, listen) as engine:
        engine.commit(lambda turn: ({path: text}, Transition(slug, "request", kind, "requested")), {path: data})


def start(repository: Repository, slug: str, listen: Listener | None = None) -> None:
    """Start a case that was older than the tool."""

    def build(turn: Turn, case: Case) -> tuple[Changes, Transition]:
        request = _opening(case)
        if request.meta.status != "open":
            raise DecisionsError(f"{slug} is {request.meta.status} already", f"decisions why {quote(slug)}")
        phase = table(case.workflow)[0]
        return phase.write(case, case.opens, None), Transition(
            slug, phase.name, case.opens, phase.says, RULE, inputs=input_blobs(case, phase, case.opens)
        )

    with writing(repository, listen) as engine:
        engine.transact(slug, build)


def set_status(
    repository: Repository, slug: str, verb: str, status: str, reason: str, listen: Listener | None = None
) -> None:
    """Pause, resume or close a case; the request says why."""

    def build(turn: Turn, case: Case) -> tuple[Changes, Transition]:
        request, path = _opening(case), case.path(case.opens)
        if request.meta.status == status:
            raise DecisionsError(f"{slug} is {status} already", f"decisions why {quote(slug)}")
        if verb == "resume" and request.meta.status not in {"paused", "closed"}:
            raise DecisionsError(f"{slug} is neither paused nor closed", f"decisions why {quote(slug)}")
        text = _with_front_matter(case, path)
        target = "open" if status == "active" and request.meta.pinned is None else status
        text = set_meta(text, "status", target, path)
        text = set_meta(text, "reason", one_line(reason), path) if reason else edits.drop_key(text, "reason", path)
        past = {"pause": "paused", "resume": "resumed", "close": "closed"}[verb]
        what = f"{past}: {one_line(reason, 80)}" if reason else past
        return {path: text}, Transition(slug, verb, case.opens, what, reason=reason)

    with writing(repository, listen) as engine:
        engine.transact(slug, build)


def _opening(case: Case) -> Opening:
    opening = case.opening
    if opening is None:
        what = "question" if case.workflow == "decision" else "task"
        raise DecisionsError(
            f"{case.slug} has no {case.path(case.opens)}", f'decisions new {what} "…" --slug {quote(case.slug)}'
        )
    return opening


def _with_front_matter(case: Case, path: str) -> str:
    text = case.text(path)
    if frontmatter.read(text, path).values is not None:
        return text
    return edits.insert(text, {"type": case.opens, "schema": "1", "case": case.slug, "status": "open"})


def approve(repository: Repository, slug: str, name: str, listen: Listener | None = None) -> None:
    """Approve the documents of a phase, in the name of the committer."""

    def build(turn: Turn, case: Case) -> tuple[Changes, Transition]:
        phase = row(case.workflow, name)
        if not phase.applies(case) or phase.missing(case):
            raise DecisionsError(f"{name} of {slug} is not complete yet", f"decisions why {quote(slug)}")
        person = own_identity(repository)
        changes: Changes = {}
        for path in written(case, phase):
            text = case.text(path)
            if frontmatter.read(text, path).values is None:
                text = edits.insert(text, {"type": phase.writes, "schema": "1", "case": slug})
            text = set_meta(text, "status", "approved", path) if phase.writes != "record" else text
            changes[path] = set_meta(text, "decision-makers", [person], path)
        return changes, Transition(
            slug, "approve", phase.name, f"{phase.name} approved by {person.rpartition(' <')[0]}"
        )

    with writing(repository, listen) as engine:
        engine.transact(slug, build)


def decide(repository: Repository, slug: str, what: str, reason: str, listen: Listener | None = None) -> None:
    """Settle a question in the name of the committer."""
    if not one_line(what, _LONGEST).strip():
        raise DecisionsError("nothing is said of what is decided", f"decisions decide {quote(slug)} <approach>")

    def build(turn: Turn, case: Case) -> tuple[Changes, Transition]:
        if case.workflow != "decision":
            raise DecisionsError(f"{slug} is a task and no question", f"decisions show {quote(slug)}")
        opening, path = _opening(case), case.path(case.opens)
        if getattr(opening.meta, "record", None):
            raise DecisionsError(f"{slug} is decided already", f"decisions record {quote(slug)}")
        if opening.meta.pinned is None:
            raise DecisionsError(f"{slug} has not begun", "decisions run")
        text, person = case.text(path), own_identity(repository)
        for key, value in (
            ("decided", one_line(what, _LONGEST)),
            ("by", person),
            *([("reason", one_line(reason, _LONGEST))] if reason else []),
        ):
            text = set_meta(text, key, value, path)
        return {path: text}, Transition(
            slug, "decide", case.opens, f"decided by {person.rpartition(' <')[0]}", reason=reason
        )

    with writing(repository, listen) as engine:
        engine.transact(slug, build)


def redo(
    repository: Repository, slug: str, name: str, reason: str, force: bool = False, listen: Listener | None = None
) -> None:
    """Take answers back so that the next run asks for them again."""

    def build(turn: Turn, case: Case) -> tuple[Changes, Transition] | None:
        found = find_slots(case, name)
        changes = taken_back(case, found)
        if not force:
            _refuse_edited(repository, turn.tip, [path for path in changes if path != case.path(case.opens)])
        pinned = _opening(case).meta.pinned or ""
        for phase, slot in found:
            engine.spool.drop(slug, phase.name, slot, pinned, "redo")
            engine.till.clear((slug, phase.name, slot, pinned))
        return (
            (changes, Transition(slug, "redo", name, f"{name} to be asked again", reason=reason)) if changes else None
        )

    with writing(repository, listen) as engine:
        engine.transact(slug, build)


def _refuse_edited(repository: Repository, tip: str, paths: Sequence[str]) -> None:
    for path in paths:
        last = last_change(repository, tip, path)
        if last is not None and not is_transition(last):
            said = f"{path} was edited by {last.author} in {last.commit[:10]}"
            raise DecisionsError(said, "add --force to take it back all the same; the text stays in the history")


def undo(repository: Repository, slug: str, reason: str, listen: Listener | None = None) -> None:
    """Reverse the last transition of a case by a new commit, and remember it."""

    def build(turn: Turn) -> tuple[Changes, Transition]:
        settings = repository.settings(turn.tip)
        found = repository.cases(turn.tip).get(slug)  # one that is in the archive is there again afterwards
        case = (
            repository.case(turn.tip, slug, settings, found)
            if found
            else Case(slug, {}, settings, turn.tip, "decision")
        )
        last = undoable(repository, turn.tip, slug)
        if last is None:
            if not found:
                raise no_case(slug, repository.cases(turn.tip))
            raise DecisionsError(f"{slug} has no transition to undo", f"decisions log {quote(slug)}")
        phase, slot = last.value("Phase"), last.value("Slot")
        if phase == "renumber":
            raise DecisionsError("a number that was given up is not given again", f"decisions log {quote(slug)}")
        if phase in {"start", "request", "init"}:
            raise DecisionsError(f"the start of {slug} is not undone", f"decisions close {quote(slug)} --reason …")
        changes: Changes = {}
        for change in last.changes:
            held = repository.lookup(repository.tree_of(turn.tip), change.path)
            if (held.oid if held else "") != change.after and not _remembers_more(repository, case, change):
                raise DecisionsError(
                    f"{change.path} changed after {last.commit[:10]}",
                    f"decisions redo {quote(slug)} {quote(phase + '/' + slot)}",
                )
            before = repository.blob(change.before) if change.before else None
            changes[change.path] = frontmatter.decode(before, change.path) if before is not None else None
        changes |= _kept_memory(case, changes)
        changes |= _remembered(with_changes(case, changes), f"{phase}/{slot}", phase)
        return changes, Transition(slug, "undo", last.commit, f"undone: {one_line(last.subject, 100)}", reason=reason)

    with writing(repository, listen) as engine:
        engine.commit(build)


def _remembers_more(repository: Repository, case: Case, change: Change) -> bool:
    """Whether an opening differs from what a step made of it by the memory of later undos alone."""
    after = repository.blob(change.after) if change.after and change.path == case.path(case.opens) else None
    if after is None or case.opening is None or not case.opening.meta.undone:
        return False
    return _without_memory(frontmatter.decode(after, change.path), change.path) == _without_memory(
        case.text(change.path), change.path
    )


def _without_memory(text: str, path: str) -> str:
    return edits.drop_key(text, "undone", path)


def _kept_memory(case: Case, changes: Changes) -> Changes:
    """The opening as it goes back, with what was undone since."""
    path = case.path(case.opens)
    text, undone = changes.get(path), case.opening.meta.undone if case.opening else None
    return {path: set_meta(text, "undone", undone, path)} if text and undone else {}


def _remembered(case: Case, name: str, phase: str) -> Changes:
    """The request with the memory that an answer was undone; people's own steps need none."""
    if phase not in {known.name for known in table(case.workflow)}:
        return {}
    path = case.path(case.opens)
    undone = [*(_opening(case).meta.undone or ()), name]
    return {path: set_meta(case.text(path), "undone", undone, path)}


def submit(repository: Repository, slug: str, name: str, file: Path, day: str, listen: Listener | None = None) -> None:
    """Record a file as the answer of an open slot."""
    data = read_regular(file, MAX_FILE)
    if data is None:
        raise DecisionsError(f"{file} is not there", "name the file that holds the answer")
    body = frontmatter.read(frontmatter.decode(data, str(file)), str(file)).body
    with writing(repository, listen) as engine:
        head = branch_for_writing(repository)
        case = repository.case(head.oid, slug, repository.settings(head.oid))
        phase, slot = _open_slot(case, name)
        inputs = input_blobs(case, phase, slot)
        own = phase.path(case, slot)
        left = {own: data} if own and file.resolve() == (repository.place.root / own).resolve() else None
        if not engine.record(slug, phase.name, slot, Reply(body, "manual", day, inputs=inputs), left):
            raise DecisionsError(f"{slug} does not wait for {phase.name}/{slot}", f"decisions why {quote(slug)}")


def _open_slot(case: Case, name: str) -> tuple[Phase, str]:
    found = find_slots(case, name)
    waiting = [(phase, slot) for phase, slot in found if not phase.done(case, slot)]
    if len(waiting) != 1:
        said = "is answered already" if not waiting else "names several slots"
        raise DecisionsError(f"{name} {said}", f"decisions why {quote(case.slug)}")
    return waiting[0]


def packet(repository: Repository, slug: str, name: str) -> Packet:
    """The packet of a slot as it would be sent now."""
    head = repository.head()
    case = repository.case(head.oid, slug, repository.settings(head.oid))
    found = [(phase, slot) for phase, slot in find_slots(case, name) if phase.by != RULE]
    if len(found) != 1:
        known = ", ".join(f"{phase.name}/{slot}" for phase, slot in found)
        raise DecisionsError(
            f"{name} names {len(found)} slots", f"one of: {known}" if known else f"decisions why {quote(slug)}"
        )
    return make_packet(case, *found[0], repository.place.root)
