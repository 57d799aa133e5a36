"""Commands by which people speak: each is one commit."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from decisions_tool.cli.common import keep, opened
from decisions_tool.report.progress import Progress
from decisions_tool.report.terminal import put, say
from decisions_tool.text import one_line

_reason = click.option("-r", "--reason", default="", help="Why; it is kept in the history.")
_case = click.argument("case")


@click.command()
@click.option(
    "--ci", "platform", type=click.Choice(["github"]), help="Write a workflow that carries cases on, for you to commit."
)
@click.pass_obj
def init(folder: Path, platform: str | None) -> None:
    """Write down which cases are older than the tool, and commit that.

    Older cases stay as they are until `decisions start <case>`. Everything in decisions.toml is optional. With --ci it may be called
    again later: it then writes the workflow and nothing else.
    """
    from decisions_tool.engine.verbs import initialise, initialised

    with opened(folder) as repository:
        count = 0 if platform and initialised(repository) else initialise(repository, Progress())
    if platform:
        _write_workflow(folder)
    if count:
        say(f"{count} older cases stay unmanaged; start one with: decisions start <case>")
    say('Next: decisions new task "<title>", commit it, then: decisions run')


def _write_workflow(folder: Path) -> None:
    from decisions_tool.ledger.workflow_file import PATH, write_workflow

    with opened(folder) as repository:
        written = write_workflow(repository.place.root)
    put(PATH)
    say(f"Next: {keep(folder, PATH)} && git push" if written else f"{PATH} is up to date")
    say("Keys of agents, protected branches and forks: docs/ci.md")


@click.group()
def new() -> None:
    """Write a request or a framing.

    Use `task` when something has to be planned and built: experts review a roadmap, concerns become tracks and a contract. Use `question`
    when a design has to be chosen: agents propose independently, fresh ones vote blindly, the tally makes a decision record.
    """


@new.command()
@click.argument("title")
@click.option("-m", "--message", "words", default="", help="The request itself.")
@click.option("--slug", default="", help="Folder name, when the title makes a poor one.")
@click.option("--commit", is_flag=True, help="Commit the request at once.")
@click.pass_obj
def task(folder: Path, title: str, words: str, slug: str, commit: bool) -> None:
    """Write _tasks/<slug>/001-user-request.md for you to finish and commit.

    Planning is for changes whose shape is open and that touch more than one component. It ends with tracks, a contract between them and
    every concern resolved. A small change in one module needs neither: the panel rule ends such a task at its roadmap.
    """
    body = words.strip() or "What should change, for whom, and how will you know that it did?"
    _open_case(folder, "planning", title, f"# {one_line(title)}\n\n{body}\n", slug, commit)


@new.command()
@click.argument("question")
@click.option("--slug", default="", help="Folder name, such as q1.")
@click.option(
    "--impact",
    type=click.Choice(["high", "medium", "low"]),
    default="medium",
    help="Size of the cycle: 10, 5, or a person.",
)
@click.option("--depends-on", multiple=True, metavar="QUESTION", help="A question that is decided first.")
@click.option("--commit", is_flag=True, help="Commit the framing at once.")
@click.pass_obj
def question(folder: Path, question: str, slug: str, impact: str, depends_on: tuple[str, ...], commit: bool) -> None:
    """Write docs/decisions/working/<slug>/framing.md for you to finish and commit.

    A question is for a choice between designs that many would answer differently: agents propose, others vote, the result is a record.
    Where it is clear what to build, and only the way there is open, write a task instead.
    """
    from decisions_tool.documents.framing import Frame, frame_text

    text = frame_text(Frame(question=one_line(question), impact=impact, depends_on=depends_on))
    _open_case(folder, "decision", question, text, slug, commit)


def _open_case(folder: Path, workflow: str, title: str, text: str, slug: str, commit: bool) -> None:
    from decisions_tool.engine.verbs import commit_opening, ready, write_opening
    from decisions_tool.ledger.files import typed

    with opened(folder) as repository:
        if commit:
            ready(repository)
        path = write_opening(repository, workflow, title, text, slug)
        put(path)
        if commit:
            commit_opening(repository, path, Progress())
            say("Next: decisions run")
        else:
            name, word = path.split("/")[-2], "Question" if workflow == "decision" else "Request"
            commands = f"git add {{}} && git commit -m '{word}: {name}' && decisions run"
            say(f"Next: edit it, then: {typed(repository.place.root, commands, path)}")


@click.command()
@_case
@click.pass_obj
def start(folder: Path, case: str) -> None:
    """Start a case that is older than the tool."""
    from decisions_tool.engine.verbs import start as begin

    with opened(folder) as repository:
        begin(repository, case, Progress())
    say("Next: decisions run")


def _status_command(verb: str, status: str, says: str) -> click.Command:
    @click.command(verb, help=says)
    @_case
    @_reason
    @click.pass_obj
    def command(folder: Path, case: str, reason: str) -> None:
        from decisions_tool.engine.verbs import set_status

        with opened(folder) as repository:
            set_status(repository, case, verb, status, reason, Progress())

    return command


pause = _status_command("pause", "paused", "Leave a case alone until `decisions resume`.")
resume = _status_command("resume", "active", "Go on with a paused or closed case.")
close = _status_command("close", "closed", "End a case before its time.")


@click.command()
@_case
@click.argument("phase")
@click.pass_obj
def approve(folder: Path, case: str, phase: str) -> None:
    """Approve what a phase has brought, in your name."""
    from decisions_tool.engine.verbs import approve as say_yes

    with opened(folder) as repository:
        say_yes(repository, case, phase, Progress())
    say("Next: decisions run")


@click.command()
@_case
@click.argument("slot")
@_reason
@click.option("--force", is_flag=True, help="Take an answer back although a person has edited it.")
@click.pass_obj
def redo(folder: Path, case: str, slot: str, reason: str, force: bool) -> None:
    """Take answers back, to be asked again; SLOT is a phase, a slot or phase/slot."""
    from decisions_tool.engine.verbs import redo as again

    with opened(folder) as repository:
        again(repository, case, slot, reason, force, Progress())
    say("Next: decisions run")


@click.command()
@_case
@_reason
@click.pass_obj
def undo(folder: Path, case: str, reason: str) -> None:
    """Reverse the last transition of a case by a new commit.

    The answer is remembered: it is not asked again until `decisions redo`.
    """
    from decisions_tool.engine.verbs import undo as back

    with opened(folder) as repository:
        back(repository, case, reason, Progress())
    say(f"Next: decisions why {quote(case)}")
