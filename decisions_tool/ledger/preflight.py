"""Everything that can keep a commit from being made, found before anything is paid. It changes nothing."""

from __future__ import annotations

import shlex
import shutil
from contextlib import suppress
from pathlib import Path

from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import refuse_closed
from decisions_tool.ledger.git import GitFailed, read_head
from decisions_tool.ledger.repository import Head, Repository
from decisions_tool.text import shortened

#: Where a collector builds what it pushes. Nobody has it checked out; the run lock guards it.
COLLECTING = "refs/decisions/collecting"
_SPACE = 32 << 20
#: Files in which git names the branches that it is at work on, or will move when it is done.
_AT_WORK = ("rebase-merge/head-name", "rebase-merge/update-refs", "rebase-apply/head-name", "BISECT_START")

_NOBODY = ("tell me who you are", "ident", "disallowed characters")


def branch_for_writing(repository: Repository, branch: str | None = None) -> Head:
    """The branch that transitions go to, with its tip; DecisionsError says why there is none."""
    if branch == COLLECTING:
        return Head(branch, repository.ref(branch))
    head = repository.head()
    if branch is not None and f"refs/heads/{branch}" != head.ref:
        return _other_branch(repository, branch)
    busy = repository.in_progress()
    if busy:
        raise DecisionsError(f"{busy} is in progress; nothing is recorded until it is over", "git status")
    if not head.ref:
        raise DecisionsError("HEAD is detached: a commit here would be on no branch", "git switch -c decisions-work")
    if not head.oid:
        raise DecisionsError(
            f"the branch {head.branch!r} has no commit yet", "git commit --allow-empty -m 'first commit'"
        )
    return head


def _other_branch(repository: Repository, branch: str) -> Head:
    ref = f"refs/heads/{branch}"
    repository.git.run("check-ref-format", "--branch", branch)
    oid = repository.ref(ref)
    if not oid:
        raise DecisionsError(f"there is no branch {shortened(branch)!r}", f"git branch {shlex.quote(branch)}")
    common = repository.place.common
    for folder in (common, *common.glob("worktrees/*")):
        if _is_on(folder, ref):
            raise DecisionsError(f"the branch {branch!r} is checked out in another worktree", "run decisions there")
        used = [_said(folder / name) for name in _AT_WORK]
        if any({ref, branch} & lines for lines in used):
            raise DecisionsError(f"a rebase or bisect is at work on the branch {branch!r}", "git status")
    return Head(ref, oid)


def _is_on(git_dir: Path, ref: str) -> bool:
    with suppress(DecisionsError):  # what is left of a worktree may have no HEAD
        return read_head(git_dir) == f"ref: {ref}"
    return False


def _said(file: Path) -> set[str]:
    """The lines of a small file of git's; none where there is no file."""
    try:
        return set(file.read_text(encoding="utf-8", errors="surrogateescape").splitlines())
    except OSError:
        return set()


def check_ready(repository: Repository) -> None:
    """Identity, signing, space and permission; DecisionsError with the command that mends it."""
    place = repository.place
    for folder in (place.common, place.git_dir, place.common / "objects"):
        refuse_closed(folder)
    for kept in ("", "spool", "intents", "journal.jsonl"):
        refuse_closed(place.store / kept)
    free = shutil.disk_usage(place.common).free
    if free < _SPACE:
        raise DecisionsError(f"only {free >> 20} MiB are free where the repository is", "make room first")
    try:
        repository.git.line("var", "GIT_AUTHOR_IDENT")
        repository.git.line("var", "GIT_COMMITTER_IDENT")
    except GitFailed as error:
        if not any(words in error.stderr for words in _NOBODY):
            raise
        hint = 'git config --global user.name "Your Name" && git config --global user.email you@example.com'
        raise DecisionsError("git does not know who you are", hint) from None
    if repository.git.switched_on("commit.gpgsign"):
        _try_signing(repository)


def _try_signing(repository: Repository) -> None:
    inside = [key for key in repository.git.own_programs() if key.startswith("gpg.")]
    if inside:
        command = f"git config --global {inside[0]} <program> && git config --unset {inside[0]}"
        raise DecisionsError(f"{inside[0]} is set inside the repository and would start a program", command)
    head = repository.head()
    try:
        repository.git.run("commit-tree", "-S", "-F", "-", repository.tree_of(head.oid), stdin=b"trial signature\n")
    except GitFailed as error:
        raise DecisionsError(
            f"commits are to be signed, and signing fails: {error.message}", "git config commit.gpgsign"
        ) from None


def own_identity(repository: Repository) -> str:
    """The user as git would write them: Name <email>."""
    return repository.git.line("var", "GIT_AUTHOR_IDENT").rpartition(" ")[0].rpartition(" ")[0]
