"""Judges what a merge into a base would give, because each branch alone looks right. It merges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from shlex import quote

from decisions_tool.documents.paths import document_path, owner, place
from decisions_tool.documents.record_names import claim
from decisions_tool.errors import DecisionsError, DocumentError, Finding
from decisions_tool.ledger.cache import Verdicts
from decisions_tool.ledger.history import Change
from decisions_tool.ledger.merging import Merged, differing
from decisions_tool.ledger.repository import Repository
from decisions_tool.ledger.trees import claimed_twice, file_findings, managed, twins
from decisions_tool.workflows.case_checks import check_case
from decisions_tool.workflows.planner import Refuse, plan
from decisions_tool.workflows.record_text import joined_constraints


@dataclass(frozen=True)
class Judged:
    """What can be said against a merge; ``files`` is how many it brings to the base."""

    merged: Merged
    files: int
    findings: list[Finding] = field(default_factory=list)


def judge_merge(repository: Repository, merged: Merged, base: str, verdicts: Verdicts) -> Judged:
    """Judge the merge of a branch into what people call ``base``."""
    brought = differing(repository, merged.theirs, merged.tree)
    both = _both(repository, merged)
    clean = [change for change in brought if change.path not in merged.conflicts]
    numbers = list(_numbers(repository, merged, base, brought))
    told = {finding.path for finding in numbers}
    return Judged(merged, len(brought), [
        *numbers,
        *(_conflict(repository, merged, base, path) for path in merged.conflicts if path not in told and _ours(path)),
        *_both_changed(merged, both),
        *file_findings(repository, verdicts, clean),
        *twins(repository, merged.tree, brought),
        *_combined(repository, merged, {owner(path)[1] for path in both} - {""}),
    ])  # fmt: skip


def _ours(path: str) -> bool:
    return managed(path) or claim(path) is not None


def _conflict(repository: Repository, merged: Merged, base: str, path: str) -> Finding:
    said, hint = f"the merge with {base} conflicts here", f"git merge --no-ff {quote(base)}"
    if path == document_path("", "constraints") and joined(repository, merged) is not None:
        said = f"{base} and this branch both add constraints at the end; a merge has to keep both"
        hint = "on the base: decisions accept BRANCH"
        return Finding("merge/conflict", "warning", path, 0, 0, said, hint)
    return Finding("merge/conflict", "error", path, 0, 0, said, hint)


def joined(repository: Repository, merged: Merged) -> str | None:
    """``constraints.md`` with what both sides have added, those of the base first; None where one did something else."""
    path = document_path("", "constraints")
    begun, base, branch = (repository.text_at(c, path) or "" for c in (merged.begun, merged.theirs, merged.ours))
    return joined_constraints(begun, base, branch)


def _numbers(repository: Repository, merged: Merged, base: str, brought: list[Change]) -> Iterator[Finding]:
    """Records of the branch whose number a record of the base has, too, or another one of the branch."""
    hint = "decisions renumber {} --against " + quote(base)
    begun = repository.tree_of(merged.begun)
    for path in merged.conflicts:
        if claim(path) and repository.lookup(begun, path) is None:
            said = f"is another record on {base}, under the same name and number"
            yield Finding("merge/number", "error", path, 0, 0, said, hint.format(quote(path)))
    new = {change.path for change in brought if change.after and not change.before}
    for taken, paths in claimed_twice(repository, merged.tree, new).items():
        kept = next((path for path in paths if path not in new), paths[0])
        for path in paths:
            if path in new and path != kept:
                said = f"has the number {taken.number}, which {kept} has, too"
                yield Finding("merge/number", "error", path, 0, 0, said, hint.format(quote(path)))


def _both(repository: Repository, merged: Merged) -> dict[str, bool]:
    """Path -> whether both sides changed it, of all files in folders that both sides changed."""
    ours = {change.path: change.after for change in differing(repository, merged.begun, merged.ours)}
    theirs = {change.path: change.after for change in differing(repository, merged.begun, merged.theirs)}
    cases = {owner(path) for path in ours} & {owner(path) for path in theirs}
    found = {path: path in ours and path in theirs for path in (*ours, *theirs) if owner(path) in cases}
    return found | {path: ours[path] != theirs[path] for path in ours.keys() & theirs.keys()}


def _both_changed(merged: Merged, both: dict[str, bool]) -> Iterator[Finding]:
    """Records that both sides went on with and git put together."""
    for path, changed in sorted(both.items()):
        where = place(path)
        record = claim(path) or (where and where.kind == "record")
        if changed and record and path not in merged.conflicts:
            said = "both branches changed this record, and git puts the changes together"
            yield Finding(
                "merge/record",
                "warning",
                path,
                0,
                0,
                said,
                f"git diff {merged.ours[:10]} {merged.theirs[:10]} -- {quote(path)}",
            )


def _combined(repository: Repository, merged: Merged, cases: set[str]) -> Iterator[Finding]:
    """What is wrong with a case that both branches went on with, and with neither of them alone."""
    for slug in sorted(cases):
        known = {_plain(f) for side in (merged.ours, merged.theirs) for f in case_findings(repository, side, slug)}
        for finding in case_findings(repository, merged.tree, slug):
            if _plain(finding) not in known and finding.path not in merged.conflicts:
                said = f"together the branches make this of {slug}: {finding.message} ({finding.rule})"
                yield finding._replace(
                    rule="merge/combination", severity="error", message=said, hint=f"decisions why {quote(slug)}"
                )


def _plain(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.path, finding.message


def case_findings(repository: Repository, commit: str, slug: str) -> list[Finding]:
    """What the files of a case say against each other in a commit; nothing where it has no such case."""
    try:
        folder = repository.cases(commit).get(slug)
        if folder is None:
            return []
        case = repository.case(commit, slug, repository.settings(commit), folder)
        refused = [f for action in plan(case).actions if isinstance(action, Refuse) for f in action.findings]
        return [*case.findings(), *refused, *check_case(case, repository.blob)]
    except DocumentError as error:
        return list(error.findings)
    except DecisionsError as error:
        return [Finding("merge/combination", "error", "", 0, 0, error.message, error.hint)]
