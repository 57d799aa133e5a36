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
_QUESTIONS = {
    "q1": """\
QUESTION: How should storage tell later stages what a batch changed?

SCOPE:
  In scope:
    - what a commit of records returns or announces
    - how the pipeline picks it up
  Out of scope:
    - the file format of records

SUCCESS CRITERIA:
  1. A stage learns of every record of a batch exactly once
  2. No stage reads a record again that it has seen

KEY FILES (3-7):
  - shelf/storage/commit.py — where a batch ends
  - shelf/pipeline/runner.py — who runs after it
  - shelf/pipeline/enrich.py — what reads everything again today

IMPACT: high
""",
    "q2": """\
QUESTION: Where should storage check that a record is complete?

SCOPE:
  In scope:
    - records on their way into the store
  Out of scope:
    - what makes a record complete

SUCCESS CRITERIA:
  1. No incomplete record is ever committed

KEY FILES (3-7):
  - shelf/storage/commit.py — the last place before a record is kept
  - shelf/storage/segments.py — where records are kept
  - shelf/storage/index.py — what relies on complete records

IMPACT: medium
""",
}


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
    _title(
        "6", "Two designs are open: framed as questions, answered by ten agents and by five, none of whom sees another"
    )
    for slug, framing in _QUESTIONS.items():
        _commit(folder, f"docs/decisions/working/{slug}/framing.md", framing, f"Question: {slug}")
    _typed("decisions run")
    _call(folder, "run")
    _title("7", "One was decided by a blind vote that anybody can recount, the other because the proposals agreed")
    _typed("decisions tally q1")
    _call(folder, "tally", "q1")
    for slug in _QUESTIONS:
        _typed(f"decisions record {slug}")
        _call(folder, "record", slug)
    _title("8", "What is to be done follows from the record, story by story; the last one verifies")
    _typed("decisions stories q1")
    _call(folder, "stories", "q1")
    _title("9", "Anybody can prove it later, offline, from the history alone")
    _typed("decisions audit")
    _call(folder, "audit")
    put()
    took = f"{time.monotonic() - began:.1f} s"
    put(
        f"From nothing to a finished task and two decision records in {took}. No model was called: this was a rehearsal.",
        "done",
    )
    put(f"Look around: cd {folder} && git log --oneline && decisions status")


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
    _commit(folder, f"_tasks/{_CASE}/001-user-request.md", _REQUEST, "Request: commit batches")


def _commit(folder: Path, path: str, text: str, message: str) -> None:
    """A file of Ada's, told and committed."""
    from decisions_tool.ledger.git import Git, locate

    target = folder / path
    target.parent.mkdir(parents=True)
    target.write_text(text, encoding="utf-8")
    _typed(f"git add {path} && git commit -m '{message}'")
    for line in text.split("\n\n")[:2]:
        say("  " + line.replace("\n", "\n  "), "quiet")
    git = Git(locate(folder))
    git.run("add", "--", path)
    git.run("commit", "-q", "-m", message)
