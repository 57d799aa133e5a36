"""The repository as agents may see it: tracked files of the pinned commit, without what is denied."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from decisions_tool.agents.denied import denying
from decisions_tool.agents.protocol import SourceFile
from decisions_tool.documents.paths import QUESTIONS, TASKS
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.repository import Repository

_HISTORY = 500


class PinnedView:
    """Implements ``agents.protocol.Repository`` for one commit."""

    def __init__(self, repository: Repository, commit: str, deny: Sequence[str]) -> None:
        self._repository = repository
        self._by_name = denying(deny)
        self.commit = commit

    @cached_property
    def day(self) -> str:
        return self._repository.git.line("log", "-1", "--no-show-signature", "--format=%cs", self.commit)

    @cached_property
    def _files(self) -> dict[str, SourceFile]:
        out = self._repository.git.run("ls-tree", "-r", "-l", "-z", "--full-tree", self.commit).decode(
            "utf-8", "surrogateescape"
        )
        found = {}
        for line in out.split("\0"):
            head, _, path = line.partition("\t")
            if path and not self._denied(path):
                mode, _, oid, size = head.split()
                if mode in {"100644", "100755"}:
                    found[path] = SourceFile(path, oid, int(size))
        return dict(sorted(found.items()))

    def _denied(self, path: str) -> bool:
        return path.startswith((f"{TASKS}/", f"{QUESTIONS}/")) or self._by_name(path)

    def files(self) -> Sequence[SourceFile]:
        return tuple(self._files.values())

    def read(self, path: str) -> bytes:
        file = self._files.get(path)
        if file is None:
            raise DecisionsError(f"{path} is not among the files that agents may read")
        return self._repository.blob(file.oid) or b""

    def changes(self) -> Sequence[tuple[str, ...]]:
        args = (
            "log",
            f"-{_HISTORY}",
            "--no-merges",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--name-only",
            "-z",
        )
        out = self._repository.git.run(*args, "--format=%x01", self.commit).decode("utf-8", "surrogateescape")
        commits = out.split("\x01")[1:]
        return tuple(tuple(path.lstrip("\n") for path in commit.split("\0") if path.strip("\n")) for commit in commits)
