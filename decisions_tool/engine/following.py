"""People's verbs after a decision: call for what follows, tell stories, reverse, complete, archive. Each is one commit."""

from __future__ import annotations

import re
from collections.abc import Callable
from shlex import quote

from decisions_tool.documents.framing import Framing
from decisions_tool.documents.kinds import read_document
from decisions_tool.documents.paths import RECORDS, beside, document_path, place
from decisions_tool.documents.reversal import SIGNIFICANT, Entry
from decisions_tool.documents.standing import short
from decisions_tool.documents.stories import Stories
from decisions_tool.engine.enforcing import deviations
from decisions_tool.engine.events import Listener
from decisions_tool.engine.run import Engine, Outcome
from decisions_tool.engine.verbs import writing
from decisions_tool.errors import DecisionsError, DocumentError
from decisions_tool.ledger.preflight import own_identity
from decisions_tool.ledger.record import Turn
from decisions_tool.ledger.repository import REGULAR, Repository
from decisions_tool.ledger.trailers import Transition
from decisions_tool.text import one_line, shortened
from decisions_tool.workflows import acts
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.following_writing import record_of
from decisions_tool.workflows.phases import Changes
from decisions_tool.workflows.question import framing

#: What is called for -> the rows that carry it out.
_ROWS = {"diagnosis": ("diagnosis", "diagnose")}
_RECORD = re.compile(r"(?:docs/decisions/)?DR-0*(\d{1,9})(?:-[^/]*)?", re.I)


def question_of(repository: Repository, name: str) -> str:
    """The question that a name means: its own, or that of a record such as DR-004 that it stands by."""
    path = record_path(repository, name)
    if not path:
        return name
    head = repository.head()
    try:
        slug = read_document("record", path, (repository.text_at(head.oid, path) or "").encode()).meta.case or ""
    except DocumentError:
        slug = ""
    if not slug:
        raise DecisionsError(f"{path} was not decided here: no question belongs to it", f"decisions show {quote(path)}")
    framed = repository.text_at(head.oid, document_path(slug, "framing"))
    now = Framing.parse(framed, document_path(slug, "framing")).meta.record if framed else None
    if now and now != path:
        raise DecisionsError(
            f"{slug} has come to {short(now)} since it came to {short(path)}", f"decisions record {quote(slug)}"
        )
    return slug


def record_path(repository: Repository, name: str) -> str:
    """The path of a record that is named by its number or file; empty where a name is none of a record."""
    head, match = repository.head(), _RECORD.fullmatch(name)
    if not head.oid or match is None:
        return ""
    folder = repository.lookup(repository.tree_of(head.oid), RECORDS)
    for entry in repository.entries(folder.oid) if folder and folder.mode == "40000" else ():
        where = place(f"{RECORDS}/{entry.name}")
        if where and where.kind == "record" and where.number == int(match.group(1)) and entry.mode in REGULAR:
            return f"{RECORDS}/{entry.name}"
    raise DecisionsError(f"there is no record {shortened(name)}", "decisions list")


def stories_beside(repository: Repository, name: str) -> Stories | None:
    """The stories of a record whose question is in the archive."""
    path = beside(record_path(repository, name), "stories")
    text = repository.text_at(repository.head().oid, path) if path else None
    return Stories.parse(text, path) if text else None


def asked(repository: Repository, name: str) -> Case:
    """The question that a name means, as the last commit has it."""
    slug, head = question_of(repository, name), repository.head()
    if not head.oid:
        raise DecisionsError("there is no commit yet", "git commit --allow-empty -m 'first commit'")
    case = repository.case(head.oid, slug, repository.settings(head.oid))
    if case.workflow != "decision":
        raise DecisionsError(f"{slug} is a task and no question", f"decisions show {quote(slug)}")
    return case


def act(
    repository: Repository, slug: str, name: str, slot: str, what: str, write: Callable[[Turn, Case], Changes],
    reason: str = "", listen: Listener | None = None, then: tuple[str, str] | None = None,
) -> bool:  # fmt: skip
    """Record one act; ``then`` is a computed slot that may follow from it at once. Whether it did."""

    def build(turn: Turn, case: Case) -> tuple[Changes, Transition]:
        return write(turn, case), Transition(slug, name, slot, what, reason=reason)

    with writing(repository, listen) as engine:
        engine.transact(slug, build)
        return then is not None and engine.record(slug, *then, None)


def call(repository: Repository, slug: str, name: str, listen: Listener | None = None) -> Outcome:
    """Call for something that does not follow by itself, where nobody has, and carry the question on."""
    if name not in (framing(asked(repository, slug)).meta.follow or ()):
        what = f"{name} called for"
        act(repository, slug, "call", name, what, lambda turn, case: acts.call(case, name, turn.tip), "", listen)
    return Engine(repository, listen=listen).run((slug,), _ROWS.get(name, (name,)))


def review(repository: Repository, slug: str, listen: Listener | None = None) -> Outcome:
    """Compare code and contract, record that, and have somebody look at the success criteria."""

    def write(turn: Turn, case: Case) -> Changes:
        found = [
            f"`{one.path}:{one.line}` {one_line(one.message)}"
            for one in deviations(repository, turn.tip, record_name(case))
        ]
        words = "\n".join(f"- {line}" for line in found) or "- No deviation from the code contract was found."
        return acts.verification(case, words, len(found), turn.tip)

    act(
        repository,
        slug,
        "verification",
        "mechanical",
        "code held to the contract",
        write,
        "",
        listen,
        ("verdict", "verdict"),
    )
    return Engine(repository, listen=listen).run((slug,), ("verify", "verdict"))


def tell(
    repository: Repository, slug: str, story: str, status: str, reason: str, listen: Listener | None = None
) -> None:
    """Say that a story is done, failed or open again."""
    why = one_line(reason)
    said = f"{story} {status}" + (f": {one_line(why, 80)}" if why else "")
    act(repository, slug, "story", story, said, lambda turn, case: acts.tell(case, story, status, why), why, listen)


def request(repository: Repository, slug: str, listen: Listener | None = None) -> None:
    """Make a planning request of every open story."""
    act(
        repository,
        slug,
        "requests",
        "stories",
        "open stories requested",
        lambda turn, case: acts.requests(case),
        "",
        listen,
    )


def reverse(repository: Repository, slug: str, entry: Entry, listen: Listener | None = None) -> str:
    """Record a reversal in the committer's name; the name of the question that follows from it, or nothing."""
    said = entry._replace(reason=one_line(entry.reason), by=own_identity(repository))
    asked_anew = ""

    def write(turn: Turn, case: Case) -> Changes:
        nonlocal asked_anew
        changes = acts.reverse(case, said._replace(day=case.outside.day))
        asked_anew = next((p.split("/")[-2] for p in changes if p.endswith("/framing.md")), "")
        return changes

    what = f"{entry.kind} reversal: {one_line(said.reason, 80)}"
    act(repository, slug, "reverse", entry.kind, what, write, said.reason, listen)
    return asked_anew if entry.kind == SIGNIFICANT else ""


def archive(repository: Repository, slugs: list[str], listen: Listener | None = None) -> None:
    """Move the working documents of questions into the archive, a commit each."""
    for slug in slugs:
        act(
            repository,
            slug,
            "archive",
            slug,
            "working documents archived",
            lambda turn, case: acts.archive(case),
            "",
            listen,
        )


def name_of_story(repository: Repository, name: str) -> tuple[str, str]:
    """(question, story) of a name such as DR-004/US-002 or q1/US-002."""
    question, slash, story = name.rpartition("/")
    if not slash or not re.fullmatch(r"US-\d{3,}", story):
        raise DecisionsError(f"{shortened(name)!r} names no story", "write DR-001/US-002")
    return question_of(repository, question), story


def record_name(case: Case) -> str:
    """DR-004 of a decided question."""
    return short(record_of(case).path)
