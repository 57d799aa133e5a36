"""Commands on what follows a decision: stories, spike, reversal, diagnosis, retrospective, completion, archive."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from decisions_tool.cli.common import as_json, opened, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.progress import Progress
from decisions_tool.report.terminal import put, say, table

if TYPE_CHECKING:
    from decisions_tool.documents.stories import Stories
    from decisions_tool.ledger.repository import Repository

_decision = click.argument("question")


@click.command()
@_decision
@click.option("--tasks", is_flag=True, help="Make a request below _tasks/ of every open story, as one commit.")
@click.option(
    "--prd", type=click.Path(path_type=Path), help="Write the stories to this file as a prd.json.", metavar="FILE"
)
@click.option(
    "--shape", type=click.Choice(["rich", "flat"]), default="rich", help="Shape of prd.json: an object, or a list."
)
@as_json
@click.pass_obj
def stories(folder: Path, question: str, tasks: bool, prd: Path | None, shape: str, as_json: bool) -> None:
    """The stories of a decision: derived from its record and committed when nobody has done so yet, shown otherwise.

    QUESTION is a question or a record such as DR-001. There is one story for each set of files that can be changed apart, migrations come
    after them, and the last one verifies. Say what became of one with `decisions story done DR-001/US-001`.
    """
    from decisions_tool.engine import following

    with opened(folder) as repository:
        slug = following.question_of(repository, question)
        over = slug not in repository.cases(repository.head().oid) if repository.head().oid else False
        held = following.stories_beside(repository, question) if over and not tasks else None
        if held is None and _stories(repository, slug) is None:
            following.call(repository, slug, "stories", Progress())
        if tasks:
            following.request(repository, slug, Progress())
        held = held or _stories(repository, slug)
    if held is None:
        raise DecisionsError(f"the stories of {slug} wait for something", f"decisions why {quote(slug)}")
    if prd is not None:
        _write_prd(prd, held, shape)
    if as_json:
        put_json({"question": slug, "record": held.meta.record, "status": held.meta.status, **_as_json(held)})
    else:
        _put_stories(held)


def _stories(repository: Repository, slug: str) -> Stories | None:
    from decisions_tool.documents.paths import beside
    from decisions_tool.engine.following import asked
    from decisions_tool.workflows.following_writing import record_of, stories_of

    case = asked(repository, slug)
    return stories_of(case) if case.file(beside(record_of(case).path, "stories")) else None


def _as_json(held: Stories) -> dict[str, Any]:
    rows = [
        story._asdict() | {"files": [change._asdict() for change in story.files], "depends_on": list(story.depends_on)}
        for story in held.stories
    ]
    return {"rehearsal": bool(held.meta.rehearsal), "stories": rows}


def _put_stories(held: Stories) -> None:
    from decisions_tool.documents.stories import DONE, FAILED

    cells = [
        [s.id, s.status, ", ".join(s.depends_on), s.title + (f" ({s.reason})" if s.reason else "")]
        for s in held.stories
    ]
    meanings = [{DONE: "done", FAILED: "error"}.get(story.status, "waiting") for story in held.stories]
    table(("story", "status", "depends on", "what"), cells, meanings, held.title)
    if held.meta.rehearsal:
        say("a rehearsal: these stories bind nobody", "warning")


def _write_prd(file: Path, held: Stories, shape: str) -> None:
    from decisions_tool.ledger.files import write_atomically
    from decisions_tool.workflows.prd import flat, rich

    value = rich(held) if shape == "rich" else flat(held)
    write_atomically(file.absolute(), (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode())
    say(f"{file}: {len(held.stories)} stories")


@click.group()
def story() -> None:
    """Say what became of a story: done, failed, or open again."""


def _story_command(status: str, says: str) -> click.Command:
    @story.command({"open": "reopen"}.get(status, status), help=says)
    @click.argument("name", metavar="DR-NNN/US-NNN")
    @click.option("-r", "--reason", default="", help="Why; it is kept in the history.")
    @click.pass_obj
    def command(folder: Path, name: str, reason: str) -> None:
        from decisions_tool.engine import following

        if status == "failed" and not reason.strip():
            raise DecisionsError("a story that failed says why", f'decisions story failed {quote(name)} -r "<why>"')
        with opened(folder) as repository:
            slug, which = following.name_of_story(repository, name)
            following.tell(repository, slug, which, status, reason, Progress())

    return command


_story_command("done", "The story is carried out.")
_story_command("failed", "The story cannot be carried out as decided.")
_story_command("open", "The story is to be carried out after all.")


@click.command()
@_decision
@click.option(
    "--kind", type=click.Choice(["minor", "significant", "complete"]), required=True, help="How much of it is wrong."
)
@click.option("-r", "--reason", required=True, help="What implementation showed.")
@click.option("--story", "which", default="", help="The story that failed, such as US-001.")
@click.option(
    "--section", default="", help="Section of the record that does not hold; the code contract unless you say."
)
@click.option(
    "--contract", type=click.File(), help="What holds from now on: Markdown with fenced code.", metavar="FILE"
)
@click.option(
    "--deviation",
    multiple=True,
    metavar="NAME",
    help="What the code may do otherwise, such as a file or Store.get; the reason stands beside it.",
)
@click.option("--diff", type=click.File(), help="The diff of what was tried.", metavar="FILE")
@click.option("--log", type=click.File(), help="Errors of what was tried.", metavar="FILE")
@click.pass_obj
def reverse(
    folder: Path, question: str, kind: str, reason: str, which: str, section: str, contract: Any, deviation: tuple[str, ...],
    diff: Any, log: Any,
) -> None:  # fmt: skip
    """Say that a decision does not hold as it was made.

    minor: the record gets an addendum, which makes the deviation legal. significant: the story has failed, and a focused question asks for
    another answer to one section. complete: the question goes back to its proposals with diff and logs, and its record is superseded.
    """
    from decisions_tool.documents.reversal import Entry
    from decisions_tool.engine import following
    from decisions_tool.text import one_line

    texts = {name: _evidence(file, name) for name, file in (("contract", contract), ("diff", diff), ("log", log))}
    with opened(folder) as repository:
        slug = following.question_of(repository, question)
        allowed = "\n".join(f"- `{one_line(name)}` — {one_line(reason)}" for name in deviation)
        entry = Entry(kind, "", "", "", reason, which, section, deviations=allowed, **texts)
        anew = following.reverse(repository, slug, entry, Progress())
    then = f"look at docs/decisions/working/{anew}/framing.md, then: " if anew else ""
    why = f"decisions diagnose {quote(slug)} says why it failed; then: " if kind == "complete" else ""
    say(f"Next: {then or why}decisions run" if kind != "minor" else f"Next: decisions show {quote(slug)}")


_LONGEST = 60_000


def _evidence(file: Any, name: str) -> str:
    """The end of a file: that is where errors say what went wrong. A diff counts from its beginning."""
    from decisions_tool.agents import secrets
    from decisions_tool.text import visible

    if file is None:
        return ""
    text = "\n".join(visible(line) for line in str(file.read()).replace("\r\n", "\n").split("\n"))
    found = secrets.find(text, ())
    if found:
        raise DecisionsError(
            f"--{name}: line {found.line} holds what looks like a secret ({found.name})", "take it out"
        )
    return text[-_LONGEST:] if name == "log" else text[:_LONGEST]


def _called(name: str, phase: str, says: str) -> click.Command:
    @click.command(name, help=says)
    @_decision
    @as_json
    @click.pass_obj
    def command(folder: Path, question: str, as_json: bool) -> int:
        from decisions_tool.engine import following

        with opened(folder) as repository:
            slug = following.question_of(repository, question)
            text = _held(repository, slug, phase)
            if text is None:
                following.call(repository, slug, phase, Progress())
                text = _held(repository, slug, phase)
        if as_json:
            put_json({"question": slug, "done": text is not None, "text": text})
        elif text is not None:
            put(text.rstrip("\n"))
        if text is None:
            say(f"Next: decisions why {quote(slug)}")
        return 0 if text is not None else 4

    return command


@click.command()
@_decision
@as_json
@click.pass_obj
def review(folder: Path, question: str, as_json: bool) -> int:
    """Verify a decision in the code of the last commit: the contract by rule, then the success criteria by a fresh look.

    The stories have to be done. What comes of it is verification.md; the last story follows from it. Exit code 1 where it does not hold.
    """
    from decisions_tool.documents.aftermath import Verification
    from decisions_tool.engine import following

    with opened(folder) as repository:
        slug = following.question_of(repository, question)
        following.review(repository, slug, Progress())
        found = following.asked(repository, slug).find(Verification)
    status = found.meta.status if found else "open"
    if as_json:
        put_json({"question": slug, "status": status, "deviations": found.meta.deviations if found else None})
    elif found and status != "open":
        put(found.words.rstrip("\n"))
    if status == "open":
        say(f"Next: decisions why {quote(slug)}")
    return {"pass": 0, "approved": 0, "fail": 1}.get(status or "", 4)


def _held(repository: Repository, slug: str, phase: str) -> str | None:
    """The words of what a called row has written, where nothing of it is open any more."""
    from decisions_tool.documents.frontmatter import read
    from decisions_tool.engine.following import asked
    from decisions_tool.workflows.tables import row

    case = asked(repository, slug)
    wanted = row("decision", {"diagnosis": "diagnose"}.get(phase, phase))
    path = wanted.path(case, "")
    slots = wanted.slots(case)
    return read(case.text(path), path).body if case.file(path) and all(wanted.done(case, s) for s in slots) else None


diagnose = _called(
    "diagnose", "diagnosis", "Why a decision failed: five symptoms, as the files show them, or somebody looks."
)
retrospect = _called(
    "retrospect", "retrospect", "The retrospective of a decision: what held, what did not, what to keep."
)
