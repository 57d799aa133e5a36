"""Commands that hold decisions to the code base as a whole: spike, complete, archive."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from decisions_tool.cli.common import as_json, opened, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.progress import Progress
from decisions_tool.report.terminal import put, say, table

if TYPE_CHECKING:
    from decisions_tool.engine.completing import Lack


@click.command()
@click.argument("question")
@click.option(
    "--command",
    default="",
    help="What runs the tests; {junit} is where their report goes.",
    metavar='"pytest --junitxml={junit}"',
)
@click.option(
    "--branch", default="", help="A branch on which somebody has put the types; else they come from the code contract."
)
@as_json
@click.pass_obj
def spike(folder: Path, question: str, command: str, branch: str, as_json: bool) -> int:
    """Try a design on the tests before anybody builds it.

    The types of the code contract are put into their files in a temporary worktree, bodies stay as they are, and the tests run there before
    and after. Where more than half of those that passed fail for types, names or imports, the question goes back to its proposals and
    every later prompt carries what failed. Exit code 1 says so.
    """
    from decisions_tool.documents.spike import Spike
    from decisions_tool.engine.following import asked
    from decisions_tool.engine.trying import spike as try_out

    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise click.UsageError(f"--command: {error}") from None
    with opened(folder) as repository:
        back = try_out(repository, asked(repository, question), argv, branch, Progress())
        found = asked(repository, question).find(Spike)
    assert found is not None
    if as_json:
        meta = found.meta
        put_json(
            {
                "verdict": meta.verdict,
                "tests": meta.tests,
                "failed": meta.failures or {},
                "tried": meta.tried,
                "back": back,
            }
        )
    else:
        put(found.words.rstrip("\n"))
    if back:
        say("Next: decisions run")
    return 1 if back else 0


@click.command()
@click.option("--no-commands", is_flag=True, help="Leave out the programs of [tests] complete.")
@as_json
@click.pass_obj
def complete(folder: Path, no_commands: bool, as_json: bool) -> int:
    """What is missing until all that was decided is carried out.

    All questions accepted, all stories verified, cleanup.md ticked, the programs of [tests] complete pass, a retrospective for each record.
    Exit code 0 when nothing is missing, 1 when something failed, 4 when people are waited for.
    """
    from decisions_tool.engine import completing

    with opened(folder) as repository:
        cases = completing.questions(repository)
        found = completing.lacks(cases) + (completing.cleanup(repository) if cases else [])
        found += [] if no_commands or not cases else completing.programs(repository)
    if as_json:
        rows = [
            {"subject": lack.subject, "missing": lack.what, "hint": lack.hint, "failed": lack.failed} for lack in found
        ]
        put_json({"complete": not found, "questions": [case.slug for case in cases], "missing": rows})
    elif found:
        _put(found)
    else:
        say(f"all is complete: {len(cases)} questions; next: decisions archive", "done")
    return 0 if not found else 1 if any(lack.failed for lack in found) else 4


def _put(found: list[Lack]) -> None:
    cells = [[lack.subject, lack.what, lack.hint] for lack in found]
    table(("what", "is missing", "command"), cells, ["error" if lack.failed else "waiting" for lack in found])


@click.command()
@click.argument("questions", nargs=-1)
@click.pass_obj
def archive(folder: Path, questions: tuple[str, ...]) -> int:
    """Move the working documents of complete questions to docs/decisions/archive/, a commit for each question.

    Without names all of them, once cleanup.md is done; a question that is not complete is named with what it lacks, and nothing is moved.
    """
    from decisions_tool.engine import completing, following

    with opened(folder) as repository:
        wanted = {following.question_of(repository, name) for name in questions}
        cases = [case for case in completing.questions(repository) if not wanted or case.slug in wanted]
        unknown = wanted - {case.slug for case in cases}
        if unknown or not cases:
            said = (
                f"there is no question {sorted(unknown)[0]!r} to archive"
                if unknown
                else "there is no question to archive"
            )
            raise DecisionsError(said, "decisions status")
        found = completing.lacks(cases) + ([] if wanted else completing.cleanup(repository))
        if not found:
            following.archive(repository, [case.slug for case in cases], Progress())
    if found:
        _put(found)
        raise DecisionsError("nothing was moved: not all is complete", "decisions complete")
    return 0
