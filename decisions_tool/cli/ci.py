"""Commands for runners: what is open, the answer of one slot as a file, and all such files recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from decisions_tool.cli.common import as_json, opened, put_finding, put_json
from decisions_tool.errors import WaitingForPeople
from decisions_tool.report import github
from decisions_tool.report.progress import Progress
from decisions_tool.report.terminal import put, say
from decisions_tool.text import plural

if TYPE_CHECKING:
    from decisions_tool.engine.answers import Answer, Refused
    from decisions_tool.engine.ci import Collected, Planned

#: Jobs that one matrix of GitHub may have.
_MATRIX = 256
_branch = click.option("--branch", help="Read this branch instead of HEAD: one here, or as it was last fetched.")
_remote = click.option(
    "--remote", default="origin", show_default=True, help="The remote that branches are fetched from."
)
_places = click.argument("places", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path))


@click.group()
def ci() -> None:
    """Carry cases on with any number of machines that share nothing but git and files.

    `plan` lists the open slots, `run` answers one of them and leaves a file, `collect` records the files. Until nothing is open:

    decisions ci plan | xargs -r -n1 -P8 decisions ci run --out answers; decisions ci collect answers
    """


@ci.command()
@_places
@click.option(
    "--format", "form", type=click.Choice(["ids", "json", "gha-matrix"]), default="ids", show_default=True,
    help="One slot a line, everything as JSON, or the matrix of a GitHub workflow (the first 256 slots).",
)  # fmt: skip
@_branch
@click.option(
    "--to", default="", help="Go on where this branch stands, if it is ahead: the one that `ci collect --to` pushes."
)
@_remote
@click.pass_obj
def plan(folder: Path, places: tuple[Path, ...], form: str, branch: str | None, to: str, remote: str) -> None:
    """The open slots of a commit.

    Slots whose answers lie in DIR are left out. In a step of a workflow it sets the outputs matrix, slots, has-work and commit.
    """
    from decisions_tool.engine.ci import planned, tip_of, working_tip

    answers, refused = _answers(folder, places)
    with opened(folder) as repository:
        tip = tip_of(repository, branch, remote)
        if to:
            tip = working_tip(repository, tip, repository.ref(f"refs/remotes/{remote}/{to}"))
        made = planned(repository, tip, answers)
    matrix = json.dumps({"include": [slot._asdict() for slot in made.slots[:_MATRIX]]})
    github.put_outputs(
        {"matrix": matrix, "slots": str(len(made.slots)), "has-work": _flag(made.has_work), "commit": made.commit}
    )
    if form == "json":
        put_json(_plan_json(made))
        return
    if form == "gha-matrix":
        put(matrix)
    else:
        for slot in made.slots:
            put(slot.id)
    _tell_plan(made, refused)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _plan_json(made: Planned) -> dict[str, object]:
    return {
        "commit": made.commit, "has_work": made.has_work, "slots": [slot._asdict() for slot in made.slots],
        "answered": made.answered, "computed": made.computed,
        "waits": [{"case": w.case, "phase": w.phase, "why": w.why, "command": w.command} for w in made.waits],
        "findings": [finding._asdict() for refusal in made.refusals for finding in refusal.findings],
    }  # fmt: skip


def _tell_plan(made: Planned, refused: list[Refused]) -> None:
    for one in refused:
        say(f"{one.file}: {one.why}", "error")
    for finding in (finding for refusal in made.refusals for finding in refusal.findings):
        put_finding(finding, say)
    for wait in made.waits:
        say(f"… {wait.case}: {wait.why}: {wait.command}", "waiting")
    if made.computed:
        say(f"to be computed when answers are collected: {', '.join(made.computed)}")
    if not made.has_work:
        say("nothing is open")


@ci.command()
@click.argument("slot")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The file to write, or a folder to put it in."
)
@_branch
@_remote
@click.pass_obj
def run(folder: Path, slot: str, out: Path, branch: str | None, remote: str) -> None:
    """Answer one open SLOT, such as cache:review/steve, and leave the answer as a file. It commits nothing.

    The slot is asked once: an answer that lies in the folder, or in the spool of this clone, is taken.
    """
    from decisions_tool.engine.answers import read_answers
    from decisions_tool.engine.ci import answer, tip_of
    from decisions_tool.engine.spool import file_name, on_disk
    from decisions_tool.ledger.files import write_atomically

    target = folder / out
    is_folder = target.is_dir() or str(out).endswith("/") or out.suffix != ".json"
    held = read_answers([target])[0] if target.exists() else []
    with opened(folder) as repository:
        tip = tip_of(repository, branch, remote)
        progress = Progress()
        try:
            with github.without_commands():
                item = answer(repository, tip, slot, progress, held)
        finally:
            progress.close()
    file = target / file_name(*item.name) if is_folder else target
    write_atomically(file, on_disk(item))
    cost = item.reply.usage.get("cost-usd", "")
    github.put_summary(github.markdown_table(["slot", "backend", "USD"], [[slot, item.reply.backend, cost]]))
    put(str(file))


@ci.command()
@_places
@click.option("--branch", help="The branch to record on; needed where HEAD is detached.")
@click.option("--push", is_flag=True, help="Record on top of what the remote has and push; nothing here moves.")
@click.option(
    "--to", default="", help="With --push: push this branch, which goes on from the other, for a pull request."
)
@_remote
@as_json
@click.pass_obj
def collect(
    folder: Path, places: tuple[Path, ...], branch: str | None, push: bool, to: str, remote: str, as_json: bool
) -> int:
    """Record the answer files in DIR, compute what follows from them, and go on as far as nobody has to be asked.

    A push names what it replaces. Who is overtaken fetches, plans again and records what is still called for; the rest is named and
    left out. Exit code 1 when a file was refused or documents stand in the way, 4 when only people are waited for.
    """
    from decisions_tool.engine.ci import collect as record

    if to and not push:
        raise click.UsageError("--to goes with --push")
    answers, refused = _answers(folder, places)
    progress = Progress(quiet=as_json)
    with opened(folder) as repository:
        try:
            done = record(repository, answers, branch, progress, remote if push else "", to)
        finally:
            progress.close()
    done.left_out[:0] = refused
    from decisions_tool.report.rounds import put_round

    put_round(done)
    if as_json:
        put_json(_collected_json(done))
    else:
        _tell_collected(done, remote if push else "")
    return _code(done, as_json)


def _answers(folder: Path, places: tuple[Path, ...]) -> tuple[list[Answer], list[Refused]]:
    from decisions_tool.engine.answers import read_answers

    return read_answers([folder / place for place in places])


def _collected_json(done: Collected) -> dict[str, object]:
    findings = [finding for refusal in done.outcome.refusals for finding in refusal.findings]
    return {
        "branch": done.branch, "commit": done.commit, "goes_on": done.goes_on, "open": done.open,
        "recorded": [{"case": e.case, "phase": e.phase, "slot": e.slot, "commit": e.commit} for e in done.recorded],
        "left_out": [{"file": str(one.file), "why": one.why, "refused": one.wrong} for one in done.left_out],
        "waits": [{"case": w.case, "phase": w.phase, "why": w.why, "command": w.command} for w in done.outcome.waits],
        "findings": [finding._asdict() for finding in findings],
    }  # fmt: skip


def _tell_collected(done: Collected, remote: str) -> None:
    for refusal in done.outcome.refusals:
        for finding in refusal.findings:
            put_finding(finding)
    for one in done.left_out:
        say(f"{one.file}: {one.why}", "error" if one.wrong else "waiting")
    for wait in done.outcome.waits:
        say(f"… {wait.case}: {wait.why}: {wait.command}", "waiting")
    if remote and done.recorded:
        say(f"{plural(len(done.recorded), 'commit')} on {done.branch} of {remote}; git pull brings them here", "done")
    if done.open:
        say(f"{plural(len(done.open), 'slot')} open: decisions ci plan")
    elif not done.recorded:
        say("nothing was recorded")


def _code(done: Collected, as_json: bool) -> int:
    if done.outcome.refusals or any(one.wrong for one in done.left_out):
        return 1
    waits = done.outcome.waits
    if not waits or done.open:
        return 0
    if as_json:
        return 4
    raise WaitingForPeople.answers(len(waits), waits[0].command)
