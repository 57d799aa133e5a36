"""Commands that carry cases on."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from decisions_tool.cli.common import as_json, keep, opened, put_finding, put_json
from decisions_tool.errors import DecisionsError, WaitingForPeople
from decisions_tool.report.progress import Progress
from decisions_tool.report.terminal import put, say

if TYPE_CHECKING:
    from decisions_tool.ledger.repository import Repository
    from decisions_tool.workflows.planner import Wait

_OWN = "."  # no branch is called so


@click.command()
@click.argument("cases", nargs=-1)
@click.option(
    "--branch",
    is_flag=False,
    flag_value=_OWN,
    metavar="[NAME]",
    help="Work on this branch and leave the checkout as it is; decisions/<case>, made where it is missing, without a name.",
)
@click.option("-q", "--quiet", is_flag=True, help="No line for every step.")
@as_json
@click.pass_obj
def run(folder: Path, cases: tuple[str, ...], branch: str | None, quiet: bool, as_json: bool) -> int:
    """Carry every case, or those named, as far as it goes without people.

    Exit code 0 when nothing is left, 1 when documents stand in the way or agents failed, 4 when people are waited for.
    """
    from decisions_tool.engine.run import Engine

    progress = Progress(quiet or as_json)
    with opened(folder) as repository:
        branch = _on_branch(repository, branch, cases)
        engine = Engine(repository, branch, progress)
        try:
            outcome = engine.run(cases)
        finally:
            progress.close()
        if branch is None and not as_json:
            _tell_uncommitted(folder)
    findings = [finding for refusal in outcome.refusals for finding in refusal.findings]
    if as_json:
        waits = [{"case": w.case, "phase": w.phase, "why": w.why, "command": w.command} for w in outcome.waits]
        put_json(
            {
                "recorded": progress.recorded,
                "finished": outcome.finished,
                "waits": waits,
                "failed": [
                    {"case": w.case, "phase": w.phase, "outcome": w.who, "why": w.why, "command": w.command}
                    for w in outcome.failed
                ],
                "findings": [f._asdict() for f in findings],
            }
        )
    else:
        for finding in findings:
            put_finding(finding)
        for slug in outcome.finished:
            say(f"{slug} is finished: decisions {_look(folder, slug, branch)}", "done")
    if outcome.failed and not as_json:
        _tell_waits(outcome.failed)
    if findings or outcome.failed:
        return 1
    if outcome.waits:
        if as_json:
            return 4
        _tell_waits(outcome.waits)
        raise WaitingForPeople.answers(len(outcome.waits), outcome.waits[0].command)
    if not progress.recorded and not outcome.finished:
        say(f"nothing to do: {_instead(cases)}")
    return 0


def _instead(cases: tuple[str, ...]) -> str:
    """What somebody can type for whom there was nothing to do."""
    return (
        f"decisions why {quote(cases[0])}"
        if cases
        else 'no case is open. decisions new task "<title>" writes a request'
    )


def _look(folder: Path, slug: str, branch: str | None) -> str:
    """What comes after a case that is finished; of a question people want to read the decision."""
    from decisions_tool.documents.paths import case_folder
    from decisions_tool.ledger.git import locate

    if branch == f"decisions/{slug}":
        return f"accept {quote(slug)}"
    if branch is None and (locate(folder).root / case_folder("decision", slug)).is_dir():
        return f"record {quote(slug)}"
    return f"show {quote(slug)}" + (f" --branch {quote(branch)}" if branch else "")


def _on_branch(repository: Repository, branch: str | None, cases: tuple[str, ...]) -> str | None:
    """The branch that ``--branch`` names, made where it is missing; without a name that of the one case."""
    from decisions_tool.engine.branches import begin, branch_of

    if branch is None:
        return None
    if branch == _OWN and len(cases) != 1:
        raise DecisionsError("--branch without a name needs one case", "decisions run CASE --branch")
    name = branch_of(cases[0]) if branch == _OWN else branch
    if begin(repository, name):
        say(f"made the branch {name}")
    return name


def _tell_waits(waits: list[Wait]) -> None:
    for wait in waits:
        say(f"… {wait.case}: {wait.why}", "waiting")
        say(f"    {wait.command}")


def _tell_uncommitted(folder: Path) -> None:
    from decisions_tool.engine.overview import overview

    paths = overview(folder).uncommitted or []
    if paths:
        shown = ", ".join(paths[:3]) + (" …" if len(paths) > 3 else "")
        say(f"not committed, so not seen: {shown}", "waiting")
        say(f"    {keep(folder, paths[0])}")


@click.command()
@click.argument("case")
@click.argument("slot")
@click.pass_obj
def prompt(folder: Path, case: str, slot: str) -> None:
    """Print the prompt of a slot, as its agent would get it now."""
    from decisions_tool.engine.verbs import packet

    with opened(folder) as repository:
        made = packet(repository, case, slot)
    put(made.prompt)
    where = made.path or "any file"
    file = quote(made.path) if made.path else "FILE"
    say(f"Write the answer to {where}, then: decisions submit {quote(case)} {made.phase}/{made.slot} {file}")


@click.command()
@click.argument("case")
@click.argument("slot")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def submit(folder: Path, case: str, slot: str, file: Path) -> None:
    """Record a file as the answer of an open slot."""
    import time

    from decisions_tool.engine.verbs import submit as hand_in

    with opened(folder) as repository:
        hand_in(repository, case, slot, folder / file, time.strftime("%Y-%m-%d"), Progress())
    say("Next: decisions run")
