"""A design tried on the tests before anybody builds it: types only, elsewhere, with the tests before and after."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from decisions_tool.agents import process
from decisions_tool.config import Tests
from decisions_tool.documents.junit import MAX_REPORT, Case, read_report
from decisions_tool.documents.proposal import Code
from decisions_tool.documents.sections import code_blocks
from decisions_tool.documents.spike import Setting, spike_text
from decisions_tool.enforce.grafting import graft
from decisions_tool.engine.events import Listener
from decisions_tool.engine.following import act
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import read_regular
from decisions_tool.ledger.repository import REGULAR, Repository
from decisions_tool.ledger.trust import trusted
from decisions_tool.ledger.worktrees import laid_out, write_into
from decisions_tool.rules.spike import judge
from decisions_tool.rules.stories import path_of
from decisions_tool.text import one_line, shortened
from decisions_tool.workflows import acts
from decisions_tool.workflows.case import Case as Question
from decisions_tool.workflows.following_writing import record_of
from decisions_tool.workflows.question import framing, name_of
from decisions_tool.workflows.settling import outcome, settled

_REPORT = "{junit}"
_PYTHON = {"python", "py"}


class Applied(NamedTuple):
    """Files of a design that were put into a tree, and parts that no rule can put anywhere."""

    files: tuple[str, ...]
    left_out: tuple[str, ...]


def spike(
    repository: Repository, case: Question, command: Sequence[str], branch: str, listen: Listener | None = None
) -> bool:
    """Try a design, record what came of it, and take it back where it does not fit; whether it was taken back."""
    table = case.settings.tests
    argv = tuple(command) or _configured(repository, table)
    if not trusted(repository.place, table):
        table = Tests.model_construct()  # what was typed runs with what everybody's tests get
    if not any(_REPORT in part for part in argv):
        raise DecisionsError("the command of a spike has no {junit}", "such as: --command 'pytest --junitxml={junit}'")
    other = repository.commit_id(branch) if branch else ""
    before = _tests(repository, case.commit, argv, table)
    if not before:
        raise DecisionsError("there are no tests on which a design could be tried", "write some first")
    if all(case.outcome != "passed" for case in before):
        said = f"no test passes before the change; the first that does not is {shortened(before[0].name, 120)}"
        raise DecisionsError(said, "mend it, or leave it out: --command 'pytest --ignore=<file> --junitxml={junit}'")
    applied = Applied((), ())

    def apply(tree: Path) -> None:
        nonlocal applied
        applied = _apply(repository, case, tree)

    after = _tests(repository, other or case.commit, argv, table, None if other else apply)
    found = judge(before, after)
    words = spike_text(found, Setting(name_of(case), argv, case.commit, branch, *applied))
    meta: dict[str, object] = {"tests": found.total, "tried": other or case.commit, "branch": branch or None}
    what = f"spike: {len(found.failures)} of {found.total} tests fail"
    return act(
        repository,
        case.slug,
        "spike",
        "spike",
        what,
        lambda turn, held: acts.spike(held, words, meta),
        "",
        listen,
        ("return", "return"),
    )


def _configured(repository: Repository, table: Tests) -> tuple[str, ...]:
    if not table.argv:
        hint = "decisions.toml: [tests] argv, or --command 'pytest --junitxml={junit}'"
        raise DecisionsError("no command is configured that runs the tests", hint)
    require_trust(repository, table)
    return table.argv


def require_trust(repository: Repository, table: Tests) -> None:
    if not trusted(repository.place, table):
        raise DecisionsError(
            "nobody has said on this machine that the programs of [tests] may be started", "decisions trust"
        )


# ---------------------------------------------------------------------- the types of a design


def _apply(repository: Repository, case: Question, tree: Path) -> Applied:
    """The code contract put into its files, as far as rules can."""
    code, paths = _design(case)
    done: dict[str, str] = {}
    left: list[str] = []
    for block in code:
        path = path_of(block, paths)
        text = _with_types(repository, case.commit, path, block, done.get(path)) if path else None
        if text is None:
            left.append(
                f"{path or 'a block that names no file'}: {block.language or 'text'} of {block.text.count(chr(10)) + 1} lines"
            )
        else:
            write_into(tree, path, text)
            done[path] = text
    if not done:
        hint = f"prepare a branch with the types: decisions spike {quote(case.slug)} --branch <name>"
        raise DecisionsError(f"no code of {case.slug} can be put into files by rule", hint)
    return Applied(tuple(done), tuple(left))


def _design(case: Question) -> tuple[tuple[Code, ...], list[str]]:
    """The code and the files of what was decided, or is about to be."""
    if framing(case).meta.record:
        record = record_of(case)
        paths = [path for entry in record.section("fileschanged") for path in re.findall(r"`([^`]+)`", entry)[:1]]
        return tuple(Code(*block) for block in code_blocks(record.section("codecontract"))), paths
    if not settled(case):
        raise DecisionsError(f"{case.slug} has come to no design yet", f"decisions why {quote(case.slug)}")
    said = outcome(case).said
    return said.code, [change.path for change in said.files]


def _with_types(repository: Repository, commit: str, path: str, block: Code, done: str | None) -> str | None:
    """A file with the types of a block; one that is new is the block itself."""
    entry = None if done is not None else repository.lookup(repository.tree_of(commit), path)
    if done is None and entry is None:
        return block.text + "\n"
    if entry is not None and entry.mode not in REGULAR:
        return None
    held = done if done is not None else repository.text_at(commit, path)
    return graft(held or "", block.text) if block.language in _PYTHON or path.endswith(".py") else None


# ---------------------------------------------------------------------- running


def _tests(
    repository: Repository, commit: str, argv: Sequence[str], table: Tests, change: Callable[[Path], None] | None = None
) -> tuple[Case, ...]:
    """The report of the tests at a commit, with something changed in its tree."""
    with laid_out(repository, commit) as tree, tempfile.TemporaryDirectory(prefix="decisions-report-") as private:
        if change:
            change(tree)
        report = Path(private) / "junit.xml"
        ended = start(repository, [part.replace(_REPORT, str(report)) for part in argv], tree, table)
        data = read_regular(report, MAX_REPORT)
    if data is None:
        said = one_line(ended.err.decode("utf-8", "replace")[-400:] or ended.out.decode("utf-8", "replace")[-400:], 300)
        raise DecisionsError(
            f"the tests wrote no report (exit code {ended.code}): {said or 'they say nothing'}",
            f"try: {' '.join(argv)}",
        )
    return read_report(data)


def start(repository: Repository, argv: Sequence[str], folder: Path, table: Tests) -> process.Ended:
    """One program in a folder, bounded in time and bytes; DecisionsError where it cannot be started or does not end."""
    program = process.find(argv[0], ())
    if program is None:
        raise DecisionsError(f"{one_line(argv[0])} is not found on PATH", "install it, or name its absolute path")
    try:
        ended = process.run([program, *argv[1:]], b"", folder, process.environment(table.env, ()), 60.0 * table.minutes)
    except OSError as error:
        raise DecisionsError(f"{program} cannot be started: {error.strerror}", f"{program} --version") from None
    if ended.cut:
        why = {"time": f"did not end within {table.minutes} minutes", "size": "printed too much"}.get(
            ended.cut, "was ended"
        )
        raise DecisionsError(f"{one_line(argv[0])} {why}", "decisions.toml: [tests] minutes")
    return ended
