"""Commands on questions: lint a frame, look at gate, tally, record and rounds, estimate, decide. They read hand-made folders too."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from decisions_tool.cli.common import any_case, as_json, opened, put_finding, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.progress import Progress
from decisions_tool.report.terminal import put, say, table

if TYPE_CHECKING:
    from decisions_tool.workflows.case import Case
    from decisions_tool.workflows.hand_count import Count

_question = click.argument("question")
_MEANINGS = {"in": "done", "degraded": "done", "retry": "waiting", "again": "waiting"}


@click.command()
@_question
@as_json
@click.pass_obj
def frame(folder: Path, question: str, as_json: bool) -> int:
    """Hold a framing to its rules: one neutral question, scope, measurable success, key files that exist."""
    from decisions_tool.workflows.question_rows import remarks

    with any_case(folder, question) as (case, _):
        _only_questions(case)
        found = remarks(case)
    errors = sum(finding.severity == "error" for finding in found)
    if as_json:
        put_json({"question": case.slug, "findings": [finding._asdict() for finding in found]})
        return 1 if errors else 0
    for finding in found:
        put_finding(finding)
    say(f"{case.slug}: {errors} errors, {len(found) - errors} warnings", "error" if errors else "done")
    return 1 if errors else 0


def _only_questions(case: Case) -> None:
    if case.workflow != "decision":
        raise DecisionsError(f"{case.slug} is a task and no question", f"decisions show {quote(case.slug)}")


@click.command()
@_question
@as_json
@click.pass_obj
def gate(folder: Path, question: str, as_json: bool) -> None:
    """The quality gate on the proposals as they are: five checks each, and what becomes of them."""
    from decisions_tool.documents.judged import CHECKS
    from decisions_tool.rules.quality import gate as judge
    from decisions_tool.workflows.question import attempts, launched, light, terms

    with any_case(folder, question) as (case, _):
        _only_questions(case)
        tried = attempts(case)
        if not tried:
            raise DecisionsError(f"{case.slug} has no proposal yet", f"decisions why {quote(case.slug)}")
        found = judge(tried, terms(case), launched(case), light(case))
    if as_json:
        rows = [
            {"proposal": r.slot, "checks": dict(zip(CHECKS, r.passed, strict=True)), "outcome": r.outcome, "failed": r.failed}
            for r in found.rows
        ]  # fmt: skip
        put_json({"question": case.slug, "status": found.status, "proposals": rows})
        return
    cells = [
        [r.slot, *("✓" if ok else "✗" for ok in r.passed), f"{r.points}/5", r.outcome, r.failed] for r in found.rows
    ]
    meanings = [_MEANINGS.get(r.outcome, "error") for r in found.rows]
    table(("proposal", *CHECKS, "passed", "outcome", "what failed"), cells, meanings, case.slug)


@click.command()
@_question
@click.option("--planned", type=click.IntRange(1, 99), help="Size of the cycle, where the framing does not say it.")
@as_json
@click.pass_obj
def tally(folder: Path, question: str, planned: int | None, as_json: bool) -> int:
    """Count the votes of a question; also those that people wrote into a folder, without git.

    Exit code 1 when a vote cannot be counted; every one is named with its line.
    """
    from decisions_tool.rules.tally import as_json as shape
    from decisions_tool.workflows.hand_count import count

    with any_case(folder, question) as (case, _):
        _only_questions(case)
        counted = count(case, planned)
    if not counted.votes:
        raise DecisionsError(f"{case.slug} has no vote yet", f"decisions why {quote(case.slug)}")
    if as_json:
        put_json(shape(counted.found, counted.setup))
        for finding in counted.findings:
            say(f"{finding.path}:{finding.line}: {finding.message}", "error")
        return 1 if counted.findings else 0
    _put_tally(case, counted)
    for finding in counted.findings:
        put_finding(finding)
    return 1 if counted.findings else 0


def _put_tally(case: Case, counted: Count) -> None:
    """Bars and means first, then the tally as it is, or would be, recorded."""
    from decisions_tool.workflows.question import name_of
    from decisions_tool.workflows.tally_text import result, tally_text

    found = counted.found
    width = 24
    for label in counted.setup.labels:
        votes = found.votes.get(label, 0)
        bar = "█" * (width * votes // max(found.valid, 1))
        mean = found.mean(label) if found.valid else "-"
        veto = "  vetoed: " + ", ".join(found.vetoes[label]) if label in found.vetoes else ""
        meaning = "error" if veto else "done" if label == found.winner else ""
        put(
            f"{label:>3} {bar:<{width}} {votes:>2}/{found.valid}  mean {mean}  {counted.names.get(label, '')}{veto}",
            meaning,
        )
    put()
    put(result(found, counted.names), "strong")
    put()
    put(tally_text(name_of(case), counted.votes, counted.setup, found, counted.names, found.next).rstrip("\n"))


@click.command()
@_question
@as_json
@click.pass_obj
def record(folder: Path, question: str, as_json: bool) -> None:
    """The decision record of a question."""
    from decisions_tool.documents.computed import Record
    from decisions_tool.workflows.question import framing

    with any_case(folder, question) as (case, _):
        _only_questions(case)
        path = framing(case).meta.record
        text = case.outside.now(path) if path else None
    if path is None or text is None:
        raise DecisionsError(f"{case.slug} is not decided yet", f"decisions why {quote(case.slug)}")
    made = Record.parse(text, path)
    if as_json:
        rehearsal = bool(made.meta.rehearsal)
        values = {"path": path, "status": made.meta.status, "date": made.meta.date, "rehearsal": rehearsal}
        put_json({"question": case.slug, **values})
        return
    put(made.words.rstrip("\n"))
    say(path, "quiet")


@click.command()
@as_json
@click.pass_obj
def rounds(folder: Path, as_json: bool) -> int:
    """Which questions can be asked side by side, and which wait for others."""
    from decisions_tool.rules.rounds import MANY, plan_rounds
    from decisions_tool.workflows.question import framing

    with opened(folder) as repository:
        head = repository.head()
        found = repository.cases(head.oid) if head.oid else {}
        settings = repository.settings(head.oid) if head.oid else None
        cases = [
            repository.case(head.oid, slug, settings, f)
            for slug, f in found.items()
            if f.workflow == "decision" and settings
        ]
        asked = {case.slug: framing(case) for case in cases if case.path("framing") in case.files}
    planned = plan_rounds({slug: document.needs for slug, document in asked.items()})
    states = {slug: "decided" if document.meta.record else document.meta.status for slug, document in asked.items()}
    if as_json:
        rows = [[{"question": slug, "state": states[slug]} for slug in layer] for layer in planned.rounds]
        put_json({"rounds": rows, "cycle": list(planned.cycle), "unknown": [list(pair) for pair in planned.unknown]})
        return 1 if planned.cycle else 0
    numbered = [(n, slug) for n, layer in enumerate(planned.rounds, start=1) for slug in layer]
    cells = [[str(n), slug, states[slug], ", ".join(asked[slug].needs)] for n, slug in numbered]
    table(("round", "question", "state", "depends on"), cells, ["done" if row[2] == "decided" else "" for row in cells])
    left = sum(state != "decided" for state in states.values())
    if left > MANY:
        say(
            f"{left} questions are open: decide them in clusters of {MANY} at most, one cluster after the other",
            "warning",
        )
    if planned.cycle:
        say(f"these wait for each other: {' -> '.join(planned.cycle)}", "error")
    return 1 if planned.cycle else 0


@click.command()
@_question
@click.argument("what")
@click.option("-r", "--reason", default="", help="Why; it is kept in the record.")
@click.pass_obj
def decide(folder: Path, question: str, what: str, reason: str) -> None:
    """Decide a question in your name: WHAT is an approach by label or name, or the decision in words.

    For questions of low impact, and where a vote leaves it to a person.
    """
    from decisions_tool.engine.verbs import decide as settle

    with opened(folder) as repository:
        settle(repository, question, what, reason, Progress())
    say("Next: decisions run")
