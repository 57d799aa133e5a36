"""The story of the product in one command: a fresh repository, a request, a finished task, the proof."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import click

from decisions_tool.report.terminal import put, say
from decisions_tool.text import plural

_PERSON = ("Ada Demo", "ada@demo.invalid")
_CASE = "commit-batches"
_REQUEST = """\
# Commit batches instead of single records

Taking in a large delivery is slow: the storage engine commits every record on its own, and after every batch the guarantees
read everything again. Storage should commit a batch at once and say what the batch changed.

- A batch of 10,000 records is one commit.
- Whoever runs after a batch learns which records and edges it added.
- Readers never see half a batch.
"""


@click.command()
@click.option("--into", type=click.Path(path_type=Path), help="Make the repository here; the folder must not exist.")
def demo(into: Path | None) -> None:
    """Show the whole story in a fresh repository: offline, no key, an identity of its own."""
    began = time.monotonic()
    folder = into or Path(tempfile.mkdtemp(prefix="decisions-demo-")) / "shelf"
    if folder.exists():
        raise click.UsageError(f"{folder} exists already")
    _title("1", "A repository with a small code base: storage, pipeline, client")
    _make(folder)
    _title("2", "decisions begins here; Ada commits a request")
    _typed("decisions init")
    _call(folder, "init")
    _request(folder)
    _title("3", "One command carries it as far as it goes without people; every step is a commit")
    _typed("decisions run")
    _call(folder, "run")
    _title("4", "The concerns point beyond the roadmap's component, so tracks run in parallel")
    for command in ("concerns", "tracks", "schedule"):
        _typed(f"decisions {command} {_CASE}")
        _call(folder, command, _CASE)
    _title("5", "The contract came before the designs")
    _typed(f"decisions show {_CASE} contract")
    _call(folder, "show", _CASE, "contract")
    _title("6", "Anybody can prove it later, offline, from the history alone")
    _typed("decisions audit")
    _call(folder, "audit")
    put()
    put(
        f"From nothing to a finished task in {time.monotonic() - began:.1f} s. No model was called: this was a rehearsal.",
        "done",
    )
    put(f"Look around: cd {folder} && git log --oneline && decisions show {_CASE}")


def _title(number: str, text: str) -> None:
    put()
    put(f"── {number}. {text} ".ljust(100, "─"), "strong")
    sys.stdout.flush()


def _typed(command: str) -> None:
    put()
    put(f"$ {command}", "active")
    sys.stdout.flush()


def _call(folder: Path, *args: str) -> None:
    """One of our own commands, as somebody would type it in the folder."""
    from decisions_tool.cli.root import root
    from decisions_tool.errors import DecisionsError

    code = root.main(["-C", str(folder), *args], standalone_mode=False)
    if code:
        raise DecisionsError(
            f"decisions {' '.join(args)} ended with {code} in the demo", f"cd {folder} && decisions status"
        )
    sys.stdout.flush()
    sys.stderr.flush()


def _make(folder: Path) -> None:
    from decisions_tool.ledger.git import Git, create
    from decisions_tool.resources import folder as resource

    source = resource("templates") / "demo"
    git = Git(create(folder, *_PERSON))
    parts = ("shelf/storage", "shelf/pipeline", "shelf/client", "")
    for part in parts:
        shutil.copytree(source / part, folder / part, dirs_exist_ok=True)
        git.run("add", "--", part or ".")
        git.run("commit", "-q", "-m", f"Add {part or 'tests and read-me'}")
    say(f"  {plural(len(list(folder.rglob('*.py'))), 'file')} of Python in {folder}")


def _request(folder: Path) -> None:
    from decisions_tool.ledger.git import Git, locate

    path = f"_tasks/{_CASE}/001-user-request.md"
    target = folder / path
    target.parent.mkdir(parents=True)
    target.write_text(_REQUEST, encoding="utf-8")
    _typed(f"git add {path} && git commit -m 'Request: commit batches'")
    for line in _REQUEST.split("\n\n")[:2]:
        say("  " + line.replace("\n", "\n  "), "quiet")
    git = Git(locate(folder))
    git.run("add", "--", path)
    git.run("commit", "-q", "-m", "Request: commit batches")
