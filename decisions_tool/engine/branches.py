"""Cases on branches of their own: where they live, and how they come home by a merge commit, the checkout left alone."""

from __future__ import annotations

from shlex import quote

from decisions_tool.documents.paths import document_path
from decisions_tool.engine.events import Event, Listener
from decisions_tool.errors import DecisionsError, Finding, Moved
from decisions_tool.ledger.against import Judged, joined, judge_merge
from decisions_tool.ledger.cache import Verdicts
from decisions_tool.ledger.chain import Chain
from decisions_tool.ledger.history import Change
from decisions_tool.ledger.locks import run_lock
from decisions_tool.ledger.merging import Merged, differing, merge
from decisions_tool.ledger.preflight import branch_for_writing, check_ready
from decisions_tool.ledger.record import Ledger, Turn
from decisions_tool.ledger.repository import Repository
from decisions_tool.text import shortened

#: Branches of cases begin so.
FOLDER = "decisions/"
_TRIES = 40


def branch_of(slug: str) -> str:
    """The branch that a case has to itself."""
    return slug if slug.startswith(FOLDER) else f"{FOLDER}{slug}"


def begin(repository: Repository, branch: str) -> bool:
    """Make the branch of a case from HEAD where it is missing; whether it was made. Other branches are people's to make."""
    ref = f"refs/heads/{branch}"
    if repository.ref(ref) or not branch.startswith(FOLDER):
        return False
    repository.git.run("check-ref-format", "--branch", branch)
    head = repository.head()
    if not head.oid:
        raise DecisionsError("this branch has no commit yet", "git commit --allow-empty -m 'first commit'")
    repository.git.run("update-ref", "-m", "decisions", ref, head.oid, "0" * len(head.oid))
    return True


def _found(repository: Repository, name: str) -> tuple[str, str]:
    """The branch of a case, or the branch that is named, with its last commit."""
    for branch in (branch_of(name), name):
        if tip := repository.ref(f"refs/heads/{branch}"):
            return branch, tip
    raise DecisionsError(f"there is no branch {shortened(branch_of(name))!r}", f"decisions run {quote(name)} --branch")


def accept(repository: Repository, slug: str, into: str | None = None, listen: Listener | None = None) -> str:
    """Merge the branch of a case into the current branch, or ``into``; the merge commit, or an empty text where it is merged already."""
    branch, theirs = _found(repository, slug)
    branch_for_writing(repository, into)
    check_ready(repository)
    ledger = Ledger(repository, into)
    with run_lock(repository.place):
        ledger.sweep()
        for _ in range(_TRIES):
            try:
                with ledger.turn() as turn:
                    commit = _merge(repository, turn, branch, theirs)
            except Moved:
                continue
            if commit and listen:
                listen(Event("recorded", slug.removeprefix(FOLDER), "accept", branch, f"{branch} accepted", commit))
            return commit
    raise DecisionsError("the branch moves faster than a commit can be made", f"decisions accept {quote(slug)}")


def _merge(repository: Repository, turn: Turn, branch: str, theirs: str) -> str:
    merged = merge(repository, theirs, turn.tip)
    if merged.begun == theirs:
        return ""
    chain = Chain(repository, turn.tip)
    changes, tree = _mended(repository, chain, merged)
    judged = judge_merge(repository, merged, turn.head.branch, Verdicts(None))
    _refuse(judged, branch, turn.head.branch, set() if tree == merged.tree else set(merged.conflicts))
    chain.join(theirs, tree, changes, f"Accept {branch}\n\nMerge branch '{branch}' into {turn.head.branch}\n")
    return turn.commit_chain(chain)[0]


def _mended(repository: Repository, chain: Chain, merged: Merged) -> tuple[list[Change], str]:
    """What the merge changes, and its tree; constraints to which both sides have added take both."""
    changes = differing(repository, merged.theirs, merged.tree)
    path = document_path("", "constraints")
    text = joined(repository, merged) if merged.conflicts == (path,) else None
    if text is None:
        return changes, merged.tree
    blob = chain.objects.add("blob", text.encode())
    tree = chain.objects.rewrite(repository.entries, merged.tree, {path: blob}) or ""
    repository.know(chain.objects.trees)
    return [c._replace(after=blob) if c.path == path else c for c in changes], tree


def _refuse(judged: Judged, branch: str, into: str, mended: set[str]) -> None:
    """DecisionsError for the first thing that stands against the merge."""
    found: list[Finding] = [
        f for f in judged.findings if f.rule.startswith("merge/") and f.severity == "error" and f.path not in mended
    ]
    unmanaged = [path for path in judged.merged.conflicts if path not in mended and path not in {f.path for f in found}]
    if unmanaged:
        raise DecisionsError(f"{branch} conflicts with {into} in {unmanaged[0]}", f"git merge --no-ff {quote(branch)}")
    for finding in found:
        hint = f"git merge --no-ff {quote(branch)}" if finding.rule == "merge/conflict" else finding.hint
        if finding.rule == "merge/number":
            hint = f"decisions renumber {quote(finding.path)} --branch {quote(branch)} --against {quote(into)} --write"
        raise DecisionsError(f"{branch} is not accepted: {finding.path}: {finding.message}", hint)
