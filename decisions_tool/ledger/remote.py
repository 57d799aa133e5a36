"""Fetching and pushing: the one module that talks to another repository. A push names the value that it replaces."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from urllib.parse import urlsplit

from decisions_tool.errors import DecisionsError, Moved
from decisions_tool.ledger.git import GitFailed, Settings
from decisions_tool.ledger.preflight import COLLECTING
from decisions_tool.ledger.repository import Repository
from decisions_tool.text import one_line, shortened

#: Of the user's own environment, what a connection may need besides what git always gets.
_KEPT = (
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
)  # fmt: skip
_FORCED = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh", "GIT_NO_LAZY_FETCH": "0"}
#: Settings that make fetch or push start a program.
_PROGRAM = re.compile(
    r"core\.(?:sshcommand|gitproxy|askpass|alternaterefscommand)|credential\.(?:.*\.)?helper|remote\..*\.(?:uploadpack|receivepack|vcs)"
)
_QUIET = (
    "--quiet",
    "--no-tags",
    "--no-prune",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
)
_PLAIN = ("--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no")
#: What git and its servers say to whoever comes second.
_OVERTAKEN = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|incorrect old value|already exists"
)
#: A token for pushing over https; it is written to no file and stands in no list of arguments.
TOKEN = "DECISIONS_PUSH_TOKEN"  # noqa: S105


class Remote:
    """Another repository by the name that it has here."""

    def __init__(self, repository: Repository, name: str) -> None:
        self.repository, self.name = repository, name
        values = {key: value for _, key, value in repository.git.config()}
        if name.startswith("-") or f"remote.{name}.url" not in values:
            raise DecisionsError(f"there is no remote {shortened(name)!r}", "git remote -v")
        inside = {key for scope, key, _ in repository.git.config() if scope in {"local", "worktree"}}
        programs = sorted(key for key in inside if _PROGRAM.fullmatch(key))
        if programs:
            hint = f"git config --unset {programs[0]}, and set it with --global if it is yours"
            raise DecisionsError(f"{programs[0]} is set inside the repository and would start a program", hint)
        self._url = values.get(f"remote.{name}.pushurl") or values[f"remote.{name}.url"]
        self._ssh = {} if "core.sshcommand" in values else {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}

    def fetch(self, branch: str, into: str = "") -> str:
        """Bring a branch of the remote here, to a ref (its own, unless another is named); its tip, or an empty text where there is none."""
        into = into or f"refs/remotes/{self.name}/{branch}"
        try:
            self._run("fetch", *_QUIET, "--refmap=", "--", self.name, f"+refs/heads/{branch}:{into}")
        except GitFailed as error:
            if "couldn't find remote ref" in error.stderr:
                return ""
            raise
        return self.repository.ref(into)

    def push(self, branch: str, new: str, old: str) -> None:
        """Move a branch of the remote from one commit (empty for none) to another. Moved where it does not stand there any more."""
        lease, what = f"--force-with-lease=refs/heads/{branch}:{old}", f"{new}:refs/heads/{branch}"
        told = (
            self._run("push", *_PLAIN, lease, "--", self.name, what, ok=(0, 1)).decode("utf-8", "replace").splitlines()
        )
        why = next(
            (line.rpartition("\t")[2] for line in told if line.startswith("!\t")), "" if "Done" in told else "no reason"
        )
        if _OVERTAKEN.search(why):
            raise Moved(f"{branch} moved on {self.name} meanwhile", "decisions ci collect")
        if why:
            hint = "where the branch is protected, push another one and open a pull request: --to decisions/<name>"
            raise DecisionsError(f"{self.name} refuses {branch}: {one_line(why)}", hint)

    def _run(self, *args: str, ok: tuple[int, ...] = (0,)) -> bytes:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return self.repository.git.run(*args, env={**self._ssh, **kept, **_FORCED}, settings=self._token(), ok=ok)

    def _token(self) -> Settings:
        token, url = os.environ.get(TOKEN, ""), urlsplit(self._url)
        if not token or url.scheme != "https" or not url.hostname:
            return ()
        basic = b64encode(f"x-access-token:{token}".encode()).decode()
        return [(f"http.https://{url.netloc.rpartition('@')[2]}/.extraheader", f"AUTHORIZATION: basic {basic}")]


class Bench:
    """Refs on which a collector works, so that no branch moves before a push has landed. The caller holds the run lock."""

    base, ahead = "refs/decisions/base", "refs/decisions/ahead"

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        for ref in (
            self.base,
            self.ahead,
            COLLECTING,
        ):  # a git that was killed leaves its lock; nobody else writes these
            (repository.place.common / f"{ref}.lock").unlink(missing_ok=True)

    def begin(self, commit: str) -> None:
        """Start on top of a commit."""
        self.repository.git.run("update-ref", "--no-deref", COLLECTING, commit)

    def clear(self) -> None:
        """Leave nothing behind."""
        refs = (self.base, self.ahead, COLLECTING)
        self.repository.git.run(
            "update-ref", "--no-deref", "--stdin", stdin="".join(f"delete {ref}\n" for ref in refs).encode()
        )


def check_branch(repository: Repository, name: str) -> str:
    """The name of a branch; DecisionsError where it is none."""
    if repository.git.run("check-ref-format", "--branch", name, ok=(0, 1, 128)).decode().strip() != name:
        raise DecisionsError(f"{shortened(name)!r} is no name of a branch", "git branch --all")
    return name
