"""Write the reference pages and the README's picture from the code: ``make docs``."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from decisions_tool.cli.root import GROUPS, root
from decisions_tool.config import Settings
from decisions_tool.documents.base import Meta
from decisions_tool.documents.kinds import FILES, model
from decisions_tool.documents.outline import table_lines
from decisions_tool.documents.paths import QUESTION_ROWS, QUESTIONS, RECORDS, SHARED_ROWS, TASK_ROWS, TASKS
from decisions_tool.roster import CRITERIA, EXPERTS, PROPOSERS, ROLES, VOTERS
from decisions_tool.workflows.checks import RULES
from decisions_tool.workflows.tables import NAMES, table

HERE = Path(__file__).parent
_NOTE = "<!-- Written by `make docs` from the code; edits here are lost. -->"


def pages() -> dict[str, str]:
    """File name -> text of every reference page."""
    return {
        "commands.md": commands(), "configuration.md": configuration(), "documents.md": documents(), "checks.md": checks(),
        "phases.md": phases(),
        "modules.md": modules(),
    }  # fmt: skip


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", _NOTE, *parts]) + "\n"


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(table_lines(header, rows))


def commands() -> str:
    parts = ["`decisions` and `git decisions` are the same program. Exit codes: 0 fine, 1 findings or an expected failure, 2 usage, "
             "3 a bug of ours, 4 waiting for a person, 130 interrupted."]  # fmt: skip
    context = click.Context(root, info_name="decisions", terminal_width=100, **root.context_settings)
    for title, listed in GROUPS:
        parts.append(f"## {title}")
        for name in listed:
            command = root.get_command(context, name)
            assert command is not None
            parts += _command(command, context, name)
    return _page("Commands", *parts)


def _command(command: click.Command, context: click.Context, name: str) -> list[str]:
    inner = click.Context(
        command, info_name=name.rpartition(" ")[2], parent=context, max_content_width=100, terminal_width=100
    )
    parts = [f"### decisions {name}", f"```text\n{command.get_help(inner)}\n```"]
    if isinstance(command, click.Group):
        for child in command.list_commands(inner):
            found = command.get_command(inner, child)
            assert found is not None
            parts += _command(found, inner, f"{name} {child}")
    return parts


def configuration() -> str:
    rows: list[tuple[str, ...]] = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if hasattr(default, "model_fields_set"):
            for inner, part in type(default).model_fields.items():
                rows.append((f"`{name}.{inner}`", _value(getattr(default, inner)), part.description or ""))
        else:
            rows.append((f"`{name}`", _value(default), field.description or ""))
    experts = [(f"`experts.{name}`", e.name, e.lens, e.catches) for name, e in EXPERTS.items()]
    roles = [(f"`roles.{name}`", f"`{role.agent}`", role.directive) for name, role in ROLES.items()]
    return _page(
        "Configuration",
        "`decisions.toml` at the root of the repository. Every key is optional; an unknown key is an error that names the "
        "nearest valid one. `decisions config` prints each value and where it comes from.",
        _table(("key", "default", "meaning"), rows),
        "## Experts", "An expert is added by a table of its own, `[experts.<slot>]`, and by naming the slot in a panel.",
        _table(("key", "name", "lens", "catches"), experts),
        "## Roles", _table(("key", "agent", "directive"), roles),
        "## Criteria", "`decision.criteria` replaces them all: `[[decision.criteria]]` with name, weight and anchors.",
        _table(("name", "weight", "anchors"), [(c.name, f"{c.weight} %", c.anchors) for c in CRITERIA]),
        "## Seats", "A seat is added by `[seats.<name>]`, and taken by naming it in `decision.full` or `decision.light`.",
        _table(("key", "who", "directive"), [
            (f"`seats.{name}`", who, seat.directive or "none") for who, seats in (("proposes", PROPOSERS), ("votes", VOTERS))
            for name, seat in seats.items()
        ]),
    )  # fmt: skip


def _value(value: object) -> str:
    if hasattr(value, "propose"):
        return f"{len(value.propose)} propose, {len(value.vote)} vote"
    if isinstance(value, tuple) and value and hasattr(value[0], "weight"):
        return ", ".join(f"{item.name} {item.weight}" for item in value)
    if isinstance(value, (list, tuple)):
        return ", ".join(f"`{item}`" for item in value) or "none"
    return "none" if value in (None, {}) else f"`{value}`"


def documents() -> str:
    paths = [(f"{TASKS}/<slug>/{row.template}", row.kind) for row in TASK_ROWS]
    paths += [(f"{QUESTIONS}/<slug>/{row.template}", row.kind) for row in QUESTION_ROWS]
    paths += [(f"{RECORDS}/{row.template}", row.kind) for row in SHARED_ROWS]
    shown = [(f"`{re.sub(r'{number:03d}', 'NNN', path)}`", kind) for path, kind in paths]
    parts = ["## Paths", _table(("path", "kind"), shown)]
    parts += [
        "A design is read as `0NN-<track>-spec.md` too. Any other file of a task folder is listed and left alone."
    ]
    parts += ["## Front matter of every kind", _keys(Meta, set())]
    for kind in FILES:
        own = set(model(kind).META.model_fields) - set(Meta.model_fields) | {"status"}
        parts += [
            f"## {kind}",
            (model(kind).__doc__ or "").strip().split("\n\n")[0],
            _keys(model(kind).META, set(Meta.model_fields) - own),
        ]
    return _page("Documents", *parts)


def _keys(meta: type[Meta], without: set[str]) -> str:
    rows: list[tuple[str, ...]] = []
    for name, field in meta.model_fields.items():
        if name not in without:
            rows.append((f"`{field.alias or name}`", _type(field.annotation), field.description or ""))
    return _table(("key", "type", "meaning"), rows)


def _type(annotation: Any) -> str:
    text = str(annotation)
    words = re.findall(r"Literal\[([^]]*)\]", text)
    if words:
        return words[0].replace("'", "").replace(", ", " or ")
    names = (("dict", "mapping"), ("list", "list"), ("bool", "true or false"), ("int", "number"))
    return next(
        (
            shown
            for name, shown in names
            if name in text.split("Annotated")[0] or f"[{name}" in text or f"'{name}'" in text
        ),
        "text",
    )


def checks() -> str:
    rows = [(f"`{rule.name}`", rule.severity, rule.says) for rule in RULES]
    return _page(
        "Check rules",
        "`decisions check` reads the disk, `decisions check --staged` the index. Files with front matter of ours are held to "
        "all rules; text by other hands only to those about encoding, names and contradictions.",
        _table(("rule", "severity", "what it holds"), rows),
    )  # fmt: skip


def phases() -> str:
    parts = []
    for name in NAMES:
        rows: list[tuple[str, ...]] = [(p.name, ", ".join(p.reads), p.writes, p.by) for p in table(name)]
        parts += [f"## {name.capitalize()}", _table(("phase", "reads", "writes", "by"), rows)]
    return _page("Phases", "What `rule` computes, the audit computes again.", *parts)


def modules() -> str:
    """One sentence for every module: the first of its own description."""
    package = HERE.parent / "decisions_tool"
    parts = []
    rooms = (
        "cli",
        "testing",
        "report",
        "engine",
        "agents",
        "agents/offline",
        "agents/offline/question",
        "ledger",
        "workflows",
        "rules",
        "documents",
        "",
    )
    for room in [*rooms, ""]:
        rows: list[tuple[str, ...]] = []
        for file in sorted((package / room).glob("*.py")):
            said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
            if said:
                rows.append((f"`{file.relative_to(package)}`", re.split(r"(?<=\.)\s", " ".join(said.split()))[0]))
        parts += [f"## {room or 'the ground'}", _table(("module", "its job"), rows)]
    return _page("Modules", "Floors from the top down; a floor uses only those below it.", *parts)


def picture() -> str:
    """The demo's terminal as SVG, without anything fetched from elsewhere."""
    from rich.console import Console
    from rich.text import Text

    with tempfile.TemporaryDirectory() as folder:
        code = "from decisions_tool.cli import main; main()"
        env = {
            "PATH": os.environ["PATH"],
            "FORCE_COLOR": "1",
            "COLUMNS": "108",
            "TERM": "xterm-256color",
            "HOME": folder,
        }
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", code, "demo", "--into", f"{folder}/shelf"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=env, cwd=HERE.parent, check=True,
        )  # fmt: skip
    lines = done.stdout.split("\n")
    begin = next(i for i, line in enumerate(lines) if "Question: q1" in line)
    runs = next(i for i, line in enumerate(lines) if "$ decisions run" in line and i > begin)
    steps = [line for line in lines[runs : runs + 80] if " q1: " in line]
    counted = next(i for i, line in enumerate(lines) if "$ decisions tally q1" in line)
    shown = [
        lines[begin], *lines[begin + 1 : begin + 3], "", lines[runs], *steps[:2], "…", *steps[10:16], "…", *steps[-4:], "",
        *lines[counted : counted + 8], "", *[line for line in lines if "transitions proved" in line][-1:],
    ]  # fmt: skip
    console = Console(record=True, width=108, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    for line in shown:
        console.print(Text.from_ansi(line[:400].replace(" ", "\u00a0")), overflow="ellipsis", no_wrap=True)
    svg = console.export_svg(title="decisions run")
    return re.sub(r"@font-face \{.*?\}\n?", "", svg, flags=re.S)


def main() -> None:
    (HERE / "reference").mkdir(exist_ok=True)
    for name, text in pages().items():
        (HERE / "reference" / name).write_text(text, encoding="utf-8")
    if "--picture" in sys.argv:
        (HERE / "terminal.svg").write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
