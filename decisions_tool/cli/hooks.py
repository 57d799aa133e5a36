"""Hooks of git: put in place, taken away, shown; and what each of them does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from decisions_tool.cli.common import as_json, opened, put_finding, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.terminal import say, table
from decisions_tool.text import plural

if TYPE_CHECKING:
    from decisions_tool.ledger.repository import Repository

_SHOWN = 5


@click.group()
def hooks() -> None:
    """Have git call decisions: documents are checked before a commit, the history before a push."""


@hooks.command()
@click.option("--shared", is_flag=True, help="Also where core.hooksPath leads out of this repository.")
@click.pass_obj
def install(folder: Path, shared: bool) -> None:
    """Put the hooks in place, for all worktrees. Hooks that are there are kept beside ours and run first."""
    from decisions_tool.ledger import hooks as places

    with opened(folder) as repository:
        found = places.look(repository.git)
        if not shared:
            places.refuse_shared(repository.place, found[0].file.parent)
    made = [hook.name for hook in found if places.install(hook)]
    kept = [hook.name for hook in found if hook.state == "chained"]
    say(f"{', '.join(made) or 'nothing'} installed in {found[0].file.parent}")
    if kept:
        say(f"what was there before runs first: {', '.join(kept)}")
    if any(hook.framework for hook in found):
        say("pre-commit runs ours beside its own; its configuration can name decisions-check instead: see README.md")


@hooks.command()
@click.pass_obj
def uninstall(folder: Path) -> None:
    """Take the hooks away and put back what was there before."""
    from decisions_tool.ledger import hooks as places

    with opened(folder) as repository:
        found = places.look(repository.git)
    gone = [hook.name for hook in found if places.uninstall(hook)]
    say(f"{', '.join(gone) or 'nothing'} taken out of {found[0].file.parent}")


@hooks.command()
@as_json
@click.pass_obj
def status(folder: Path, as_json: bool) -> int:
    """Each hook: ours, chained (ours, and another one that runs first), outdated, foreign, missing or not executable."""
    from decisions_tool.ledger import hooks as places

    with opened(folder) as repository:
        found = places.look(repository.git)
    if as_json:
        rows = [{"hook": hook.name, "state": hook.state, "file": str(hook.ours)} for hook in found]
        put_json({"folder": str(found[0].file.parent), "hooks": rows})
    else:
        table(("hook", "state", "file"), [(hook.name, hook.state, str(hook.ours)) for hook in found])
        if any(hook.state not in {"ours", "chained"} for hook in found):
            say("Next: decisions hooks install")
    return 0 if all(hook.state in {"ours", "chained"} for hook in found) else 1


@hooks.command(context_settings={"ignore_unknown_options": True})
@click.argument("name", type=click.Choice(["pre-commit", "commit-msg", "post-commit", "post-merge", "pre-push"]))
@click.argument("args", nargs=-1)
@click.pass_context
def run(context: click.Context, name: str, args: tuple[str, ...]) -> int:
    """Do what a hook does; git calls this, with what it says to hooks."""
    folder: Path = context.obj
    doing: dict[str, Callable[[], int]] = {
        "pre-commit": lambda: _check(context),
        "commit-msg": lambda: _message(folder, args),
        "post-commit": lambda: _tell(folder, "HEAD^"),
        "post-merge": lambda: _tell(folder, "ORIG_HEAD"),
        "pre-push": lambda: _push(folder, args),
    }
    return doing[name]()


def _check(context: click.Context) -> int:
    from decisions_tool.cli.checking import check

    code: int = context.invoke(check, paths=(), staged=True, strict=False, as_json=False)
    return code


def _message(folder: Path, args: tuple[str, ...]) -> int:
    from decisions_tool.ledger.messages import check_message

    if len(args) != 1:
        raise click.UsageError("commit-msg takes the file that holds the message")
    with opened(folder) as repository:
        check_message(repository, folder / args[0])
    return 0


def _tell(folder: Path, since: str) -> int:
    """One line for each case that can go on; a commit that is made is never made wrong by this."""
    from decisions_tool.engine.ready import ready

    try:
        rows = list(ready(folder, since))
    except DecisionsError:
        return 0
    for row in rows[:_SHOWN]:
        command = "decisions run" if row["waiting_for"] == "a run" else f"decisions why {quote(row['case'])}"
        say(f"{row['case']}: {row['phase']} waits for {row['waiting_for']}: {command}", "waiting")
    if len(rows) > _SHOWN:
        say(f"and {plural(len(rows) - _SHOWN, 'case')} more: decisions next")
    return 0


def _push(folder: Path, args: tuple[str, ...]) -> int:
    from decisions_tool.ledger.audit import audit_range
    from decisions_tool.ledger.pushes import pushed

    code = 0
    remote = args[0] if args else os.environ.get("PRE_COMMIT_REMOTE_NAME", "")
    with opened(folder) as repository:
        for branch, tip, known in pushed(repository, remote, _refs(repository)):
            report = audit_range(repository, tip, known)
            errors = [finding for finding in report.findings if finding.severity == "error"]
            for finding in report.findings:
                put_finding(finding)
            if errors:
                say(f"{branch} would bring {plural(len(errors), 'error')} into the shared history", "error")
                code = 1
    if code:
        say("Hint: mend it by a new commit (amend: why), or push all the same: git push --no-verify")
    return code


def _refs(repository: Repository) -> list[str]:
    """What is pushed, as git says it to a hook, or as the pre-commit framework does."""
    target = os.environ.get("PRE_COMMIT_REMOTE_BRANCH")
    if target is None:
        return [] if sys.stdin.isatty() else sys.stdin.read().splitlines()
    tip = repository.commit_id(os.environ.get("PRE_COMMIT_TO_REF") or "HEAD")
    old = os.environ.get("PRE_COMMIT_FROM_REF")
    return [f"HEAD {tip} {target} {repository.commit_id(old) if old else '0' * len(tip)}"]
