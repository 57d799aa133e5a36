"""What is missing until everything that was decided is carried out, checked and looked back on. It changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import NamedTuple

from decisions_tool.documents.aftermath import Cleanup, Retrospective
from decisions_tool.documents.paths import beside, document_path
from decisions_tool.documents.standing import short
from decisions_tool.engine.trying import require_trust, start
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.repository import Repository
from decisions_tool.ledger.worktrees import laid_out
from decisions_tool.text import one_line
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.following_writing import Read, record_of, stories_of
from decisions_tool.workflows.planner import plan
from decisions_tool.workflows.question import framing


class Lack(NamedTuple):
    """One thing that is missing; ``failed`` where something is wrong, and nobody has to be waited for."""

    subject: str
    what: str
    hint: str
    failed: bool = False


def questions(repository: Repository) -> list[Case]:
    """Every question of the last commit that the program runs and nobody has closed."""
    head = repository.head()
    settings = repository.settings(head.oid) if head.oid else None
    found = repository.cases(head.oid).items() if head.oid else ()
    cases = [repository.case(head.oid, slug, settings, f) for slug, f in found if f.workflow == "decision" and settings]
    return [case for case in cases if case.managed and case.opening and case.opening.meta.status != "closed"]


def lacks(cases: Sequence[Case]) -> list[Lack]:
    """What the documents of questions lack."""
    return [lack for case in cases for lack in (list(_lacks(case)) or _open(case))]


def _open(case: Case) -> list[Lack]:
    """What a question waits for that lacks nothing else."""
    waits = plan(case)
    why = f"decisions why {quote(case.slug)}"
    return [] if waits.phase == "done" else [Lack(case.slug, f"waits for {waits.waiting_for}", why)]


def _lacks(case: Case) -> Iterator[Lack]:
    slug, why = case.slug, f"decisions why {quote(case.slug)}"
    try:
        record = record_of(case)
    except DecisionsError:
        yield Lack(slug, f"is not decided: {plan(case).waiting_for or plan(case).phase}", why)
        return
    if record.document.meta.rehearsal:
        yield Lack(slug, "was only rehearsed: its record binds nothing", "decisions.toml: [backends] default")
        return
    status = record.document.meta.status or ""
    if status in {"escalated", "superseded"}:
        yield Lack(slug, f"has the status {status}", why)
    if status.startswith("accepted") and not framing(case).meta.parent:
        yield from _work(case, record)
    yield from _looked_back(case, record)


def _looked_back(case: Case, record: Read) -> Iterator[Lack]:
    name, path = short(record.path), beside(record.path, "retrospective")
    if case.file(path) is None:
        yield Lack(name, "has no retrospective", f"decisions retrospect {name}")
    elif case.read(Retrospective, path).meta.rehearsal:
        again = f"decisions redo {quote(case.slug)} retrospect, with another backend for the historian"
        yield Lack(name, "has a retrospective that was only rehearsed", again)


def _work(case: Case, record: Read) -> Iterator[Lack]:
    """Stories that are not done; the last one follows from the verification."""
    name = short(record.path)
    try:
        stories = stories_of(case)
    except DecisionsError:
        yield Lack(name, "has no stories", f"decisions stories {name}")
        return
    for story in stories.stories[:-1]:
        if story.status != "done":
            yield Lack(
                f"{name}/{story.id}",
                f"is {story.status}",
                f"decisions story done {name}/{story.id}",
                story.status == "failed",
            )
    if stories.last.status != "done":
        failed = stories.last.status == "failed"
        yield Lack(
            name,
            "does not hold in the code" if failed else "is not verified",
            f"decisions review {name}",
            failed,
        )


def cleanup(repository: Repository) -> list[Lack]:
    """What is not ticked in ``cleanup.md``."""
    path = document_path("", "cleanup")
    text = repository.text_at(repository.head().oid, path)
    tasks = Cleanup.parse(text, path).tasks if text else ()
    return [Lack(f"{path}:{task.line}", task.text, f"do it, then tick it in {path}") for task in tasks if not task.done]


def programs(repository: Repository) -> list[Lack]:
    """Configured programs that do not end well on the last commit."""
    head = repository.head().oid
    table = repository.settings(head).tests
    if not table.complete:
        return []
    require_trust(repository, table)
    found = []
    with laid_out(repository, head) as tree:
        for argv in table.complete:
            ended = start(repository, argv, tree, table)
            if ended.code:
                said = (ended.out + ended.err).decode("utf-8", "replace").strip().rpartition("\n")[2]
                found.append(
                    Lack(" ".join(argv), f"ends with exit code {ended.code}: {one_line(said)}", " ".join(argv), True)
                )
    return found
