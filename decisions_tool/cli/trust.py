"""The command by which a person lets the configured program run on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from decisions_tool.cli.common import as_json, opened, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.terminal import put, say

if TYPE_CHECKING:
    from decisions_tool.config import Command, Tests
    from decisions_tool.ledger.git import Place


@click.command()
@click.option("--revoke", is_flag=True, help="Let nothing run any more.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_obj
def trust(folder: Path, revoke: bool, yes: bool, as_json: bool) -> None:
    """Let the programs of [command] and [tests] in decisions.toml run on this machine.

    Shows what would be run, as the last commit has it, and asks. Whoever can commit can change these tables, so each counts only
    while it is what you have said yes to. With --json nothing is asked: it shows how things are, unless --yes is given too.
    """
    from decisions_tool.ledger import trust as kept

    place, tables = _configured(folder)
    if revoke:
        held = kept.revoke(place)
        say("Nothing may run any more" if held else "Nothing was trusted")
    elif yes or not as_json:
        _refuse_nothing(tables)
        if not as_json:
            _show(_facts(place, tables))
        _ask(yes or all(kept.trusted(place, table) for table in tables if _programs(table)))
        for table in tables:
            if _programs(table):
                kept.trust(place, table)
        say("This may run on this machine; decisions trust --revoke takes that back")
    if as_json:
        put_json(_facts(place, tables))


def _configured(folder: Path) -> tuple[Place, tuple[Command, Tests]]:
    with opened(folder) as repository:
        head = repository.head()
        if not head.oid:
            raise DecisionsError("there is no commit yet", "git commit --allow-empty -m 'first commit'")
        settings = repository.settings(head.oid)
        return repository.place, (settings.command, settings.tests)


def _programs(table: Command | Tests) -> tuple[tuple[str, ...], ...]:
    """The command lines that a table names."""
    from decisions_tool.agents.command import template
    from decisions_tool.config import Tests

    found = (table.argv, *table.complete) if isinstance(table, Tests) else (template(table),)
    return tuple(argv for argv in found if argv)


def _refuse_nothing(tables: tuple[Command, Tests]) -> None:
    if not any(_programs(table) for table in tables):
        hint = 'add [command] with preset = "claude", or argv = ["<program>"], and commit it'
        raise DecisionsError("decisions.toml of the last commit names no program", hint)


def _ask(settled: bool) -> None:
    if settled:
        return
    if not sys.stdin.isatty():
        raise DecisionsError("there is no terminal on which you could say yes", "decisions trust --yes")
    if not click.confirm("May this run on this machine?", err=True):
        raise DecisionsError("nothing was changed: it may not run", "decisions trust")


def _facts(place: Place, tables: tuple[Command, Tests]) -> dict[str, Any]:
    from decisions_tool.agents import process
    from decisions_tool.ledger.trust import trusted

    table, tests = tables
    argv = next(iter(_programs(table)), ())
    program = process.find(argv[0], (place.root,)) if argv else None
    listed = _programs(tests)
    return {
        "trusted": bool(argv) and trusted(place, table), "program": program, "argv": list(argv), "environment": list(table.env),
        "parallel": table.parallel,
        "files_of_the_repository": [one for line in (argv, *listed) for one in line[1:] if _is_own(place.root, one)],
        "tests": {
            "trusted": bool(listed) and trusted(place, tests), "commands": [list(line) for line in listed], "environment": list(tests.env),
        },
    }  # fmt: skip


def _is_own(root: Path, argument: str) -> bool:
    """Whether an argument names a file that may change while the table stays as it is."""
    return (
        bool(argument)
        and "\0" not in argument
        and (root / argument).is_file()
        and (root / argument).is_relative_to(root)
    )


def _show(facts: dict[str, Any]) -> None:
    if facts["argv"]:
        put(f"program      {facts['program'] or 'not found outside of the repository'}")
        put(f"arguments    {' '.join(map(_spelled, facts['argv']))}")
        put(f"environment  {', '.join(map(_spelled, facts['environment'])) or 'none'}")
        put(f"at once      {facts['parallel']}")
    for argv in facts["tests"]["commands"]:
        put(f"tests        {' '.join(map(_spelled, argv))}")
    for one in facts["files_of_the_repository"]:
        say(f"{_spelled(one)} is a file of the repository: whoever changes it changes what runs", "warning")


def _spelled(word: str) -> str:
    """A word as a shell takes it, with what cannot be seen written as an escape."""
    return quote(word) if word.isprintable() else json.dumps(word)
