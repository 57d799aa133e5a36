"""File names as one table: which document kind a path holds, and the path of a document. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from decisions_tool.text import HIDDEN, bad_character

TASKS = "_tasks"
QUESTIONS = "docs/decisions/working"
RECORDS = "docs/decisions"
#: Where the working documents of questions lie that are over.
ARCHIVE = "docs/decisions/archive"
CONFIG = "decisions.toml"
#: What follows this line in ``constraints.md`` is the program's; what stands before it is people's.
MARKER = "<!-- decisions: addenda below this line are written by the program -->"
#: The largest document, in bytes.
MAX_FILE = 1 << 20

#: A word that may become part of a file name: what the program itself writes.
SLUG = r"[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?"
_RESERVED = r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?"


class Place(NamedTuple):
    """Where a path belongs; ``kind`` is ``other`` for a file that the workflow does not name."""

    workflow: str
    case: str
    kind: str
    slot: str
    number: int | None = None


class _Row(NamedTuple):
    """``pattern`` is a regular expression, which is compiled when a path is first held against it."""

    kind: str
    pattern: str
    template: str


#: Paths inside a task folder. The first row that matches names the kind.
TASK_ROWS: tuple[_Row, ...] = (
    _Row("request", r"001-user-request\.md", "001-user-request.md"),
    _Row("roadmap", r"002-roadmap\.md", "002-roadmap.md"),
    _Row("review", r"003-(?P<slot>[^/]+)-review\.md", "003-{slot}-review.md"),
    _Row("concerns", r"004-expert-concerns\.md", "004-expert-concerns.md"),
    _Row("contract", r"(?P<number>0(?:0[5-9]|[1-9]\d)|[1-9]\d\d)-contract\.md", "{number:03d}-contract.md"),
    _Row(
        "design",
        r"(?P<number>0(?:0[5-9]|[1-9]\d)|[1-9]\d\d)-(?P<slot>[^/]+)-(?:design|spec)\.md",
        "{number:03d}-{slot}-design.md",
    ),
    _Row("synthesis", r"research/synthesis\.md", "research/synthesis.md"),
    _Row("research", r"research/(?P<slot>[^/]+)\.md", "research/{slot}.md"),
    _Row("batch", r"batch\.md", "batch.md"),
)
#: Paths inside the folder of a question.
QUESTION_ROWS: tuple[_Row, ...] = (
    _Row("framing", r"framing\.md", "framing.md"),
    _Row("proposal", r"agents/(?P<slot>agent-\d{2,3})-proposal\.md", "agents/{slot}-proposal.md"),
    _Row("hybrid", r"agents/(?P<slot>hybrid-\d{2})-proposal\.md", "agents/{slot}-proposal.md"),
    _Row("compliance", r"agents/compliance\.md", "agents/compliance.md"),
    _Row("gate", r"quality-gate\.md", "quality-gate.md"),
    _Row("comparison", r"synthesis\.md", "synthesis.md"),
    _Row("vote", r"votes/(?P<slot>voter-\d{2,3})\.md", "votes/{slot}.md"),
    _Row("runoff", r"runoff/(?P<slot>voter-\d{2,3})\.md", "runoff/{slot}.md"),
    _Row("confirm", r"confirm/(?P<slot>voter-\d{2,3})\.md", "confirm/{slot}.md"),
    _Row("patch", r"patch\.md", "patch.md"),
    _Row("tally", r"tally\.md", "tally.md"),
    _Row("addendum", r"constraint-addendum\.md", "constraint-addendum.md"),
    _Row("spike", r"spike\.md", "spike.md"),
    _Row("reversal", r"reversal\.md", "reversal.md"),
    _Row("diagnosis", r"diagnosis\.md", "diagnosis.md"),
    _Row("verification", r"verification\.md", "verification.md"),
    _Row("batch", r"batch\.md", "batch.md"),
)
#: Paths below ``docs/decisions`` that no case owns.
SHARED_ROWS: tuple[_Row, ...] = (
    _Row("identity", r"working/identity\.md", "working/identity.md"),
    _Row("constraints", r"constraints\.md", "constraints.md"),
    _Row("cleanup", r"cleanup\.md", "cleanup.md"),
    _Row("stories", r"DR-(?P<number>\d{3,})-stories\.md", "DR-{number:03d}-stories.md"),
    _Row("retrospective", r"DR-(?P<number>\d{3,})-retrospective\.md", "DR-{number:03d}-retrospective.md"),
    _Row(
        "record",
        r"DR-(?P<number>\d{3,})-(?!stories\.md|retrospective\.md)(?P<slot>[^/]+)\.md",
        "DR-{number:03d}-{slot}.md",
    ),
)
#: Workflow -> (folder of its cases, kind of the document that opens one).
WORKFLOWS = {"planning": (TASKS, "request"), "decision": (QUESTIONS, "framing")}
_TEMPLATES = {
    **{row.kind: (TASKS + "/{case}/", row.template) for row in TASK_ROWS},
    **{row.kind: (QUESTIONS + "/{case}/", row.template) for row in QUESTION_ROWS},
    **{row.kind: (RECORDS + "/", row.template) for row in SHARED_ROWS},
}


_TOPS = (("planning", TASKS, TASK_ROWS), ("decision", QUESTIONS, QUESTION_ROWS), ("archive", ARCHIVE, QUESTION_ROWS))


def place(path: str) -> Place | None:
    """Say where a repository path belongs, or None when nothing of ours is there."""
    for workflow, top, rows in _TOPS:
        case, slash, inner = path.removeprefix(f"{top}/").partition("/") if path.startswith(f"{top}/") else ("", "", "")
        if case and slash:
            return _match(rows, inner, workflow, case) or Place(workflow, case, "other", "")
    if path.startswith(f"{RECORDS}/"):
        return _match(SHARED_ROWS, path[len(RECORDS) + 1 :], "decision", "")
    return None


def _match(rows: tuple[_Row, ...], inner: str, workflow: str, case: str) -> Place | None:
    for row in rows:
        match = re.fullmatch(row.pattern, inner)
        if match:
            found = match.groupdict()
            number = found.get("number")
            return Place(workflow, case, row.kind, found.get("slot") or "", int(number) if number else None)
    return None


def document_path(case: str, kind: str, slot: str = "", number: int = 0) -> str:
    """The path of a document, as the program names it."""
    folder, name = _TEMPLATES[kind]
    return folder.format(case=case) + name.format(slot=slot, number=number)


def beside(record: str, kind: str) -> str:
    """The path of what follows a record: its stories or its retrospective."""
    where = place(record)
    return document_path("", kind, number=where.number or 0) if where and where.kind == "record" else ""


def with_followers(record: str) -> tuple[str, ...]:
    """A record with its stories and its retrospective."""
    found = (beside(record, "stories"), beside(record, "retrospective"))
    return (record, *found) if all(found) else ()


def archived_path(path: str) -> str:
    """Where a working document lies once its question is in the archive."""
    return f"{ARCHIVE}/{path.removeprefix(f'{QUESTIONS}/')}"


def case_folder(workflow: str, case: str) -> str:
    return f"{WORKFLOWS[workflow][0]}/{case}"


def owner(path: str) -> tuple[str, str]:
    """(workflow, case) of the folder that a path lies in, or two empty texts."""
    for workflow, (top, _) in WORKFLOWS.items():
        case, slash, _ = path.removeprefix(f"{top}/").partition("/") if path.startswith(f"{top}/") else ("", "", "")
        if case and slash:
            return workflow, case
    return "", ""


def name_problem(name: str) -> str | None:
    """Why a file or folder name does not survive on every system, or None."""
    hidden = bad_character(name, HIDDEN)
    if (re.sub(HIDDEN, "", name) if hidden else name).lower() in {".git", "git~1"}:
        return "imitates git's own folder"
    if re.search("[\ud800-\udfff]", name):
        return "is not UTF-8"
    if re.search(r'[\x00-\x1f\x7f<>:"|?*\\]', name):
        return "holds a character that other systems refuse"
    if hidden:
        return "holds a character that nobody can see"
    if name.startswith(("-", " ", "~")):
        return f"begins with {name[0]!r}"
    if name.endswith((".", " ")):
        return "ends with a dot or a space"
    if len(name.encode()) > 200:
        return "is longer than 200 bytes"
    if re.fullmatch(_RESERVED, name):
        return "is a device name on Windows"
    return None
