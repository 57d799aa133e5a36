"""What an audit reads and what it says: documents at their blobs, cases before and after a commit, findings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from decisions_tool.config import Settings
from decisions_tool.documents.kinds import FILES, read_document
from decisions_tool.documents.paths import place
from decisions_tool.errors import DocumentError, Finding
from decisions_tool.ledger.compare import Version
from decisions_tool.ledger.git import GitFailed
from decisions_tool.ledger.history import Change, Step
from decisions_tool.ledger.numbers import used
from decisions_tool.ledger.repository import Repository
from decisions_tool.workflows.case import Case

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass
class Report:
    """What an audit found; ``first`` is the first commit that breaks a rule."""

    findings: list[Finding] = field(default_factory=list)
    commits: int = 0
    transitions: int = 0
    first: str = ""

    def add(self, rule: str, severity: str, path: str, message: str, hint: str = "", step: Step | None = None) -> None:
        if step is not None and severity == "error" and not self.first:
            self.first = step.commit
        where = f" in {step.commit[:10]} by {step.author}" if step else ""
        self.findings.append(Finding(f"audit/{rule}", severity, path, 0, 0, message + where, hint))

    def wrong(self, rule: str, step: Step, path: str, message: str) -> None:
        """An error in one commit."""
        self.add(rule, "error", path, message, f"git show {step.commit[:10]}", step)


class Earlier:
    """Commits that come before the one that is judged: those read so far, and where only a part is read, what lies before ``bounds``."""

    def __init__(self, repository: Repository, bounds: Sequence[str] = ()) -> None:
        self._repository, self._bounds = repository, bounds
        self._seen: set[str] = set()

    def add(self, commit: str) -> None:
        self._seen.add(commit)

    def __contains__(self, commit: object) -> bool:
        return commit in self._seen or self.before(str(commit))

    def before(self, commit: str) -> bool:
        """Whether a commit lies before the part that is read."""
        if not _ID.fullmatch(commit):  # a message says what it likes
            return False
        return any(self._reaches(bound, commit) for bound in self._bounds)

    def _reaches(self, bound: str, commit: str) -> bool:
        try:
            self._repository.git.run("merge-base", "--is-ancestor", commit, bound)
        except GitFailed:
            return False
        return True

    @cached_property
    def highest(self) -> int:
        """The highest number that a record had up to the bounds."""
        return max(used(self._repository.git, tips=self._bounds), default=0) if self._bounds else 0


class Evidence:
    """Documents and cases of one repository, as commits hold them."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    def text(self, blob: str) -> str | None:
        return self.repository.held(blob, "a recorded file").decode("utf-8", "replace") if blob else None

    def version(self, path: str, blob: str) -> Version | None:
        """A document of ours at a blob; None where there is none, or none that can be read."""
        where = place(path)
        if where is None or where.kind not in FILES or not blob:
            return None
        data = self.repository.held(blob, path)
        try:
            return Version(read_document(where.kind, path, data), data.decode("utf-8", "replace"))
        except DocumentError:
            return None

    def versions(self, change: Change) -> tuple[Version | None, Version | None]:
        return self.version(change.path, change.before), self.version(change.path, change.after)

    def at_parents(self, step: Step, path: str) -> list[Version]:
        """The document at a path as each parent has it."""
        found = []
        for parent in step.parents:
            entry = self.repository.lookup(self.repository.tree_of(parent), path)
            version = self.version(path, entry.oid) if entry else None
            found += [version] if version else []
        return found

    def settings(self, commit: str) -> Settings:
        """The configuration of a commit; one that cannot be read counts as none."""
        try:
            return self.repository.settings(commit) if commit else Settings()
        except DocumentError:
            return Settings()

    def case(self, commit: str, slug: str) -> Case:
        """A case at a commit; without files where that commit has none."""
        settings = self.settings(commit)
        found = self.repository.cases(commit).get(slug) if commit else None
        return self.repository.case(commit, slug, settings, found) if found else Case(slug, {}, settings, commit)
