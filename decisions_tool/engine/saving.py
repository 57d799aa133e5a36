"""Files that people save: each counts when it is whole, and is committed in its author's name where nothing speaks against it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from decisions_tool.documents import frontmatter
from decisions_tool.documents.paths import MAX_FILE, WORKFLOWS, document_path, owner
from decisions_tool.engine.run import Engine
from decisions_tool.errors import DecisionsError, Finding
from decisions_tool.ledger.compare import newly_approved
from decisions_tool.ledger.evidence import Evidence, Report
from decisions_tool.ledger.files import read_regular, typed
from decisions_tool.ledger.git import Place
from decisions_tool.ledger.history import Change, Step
from decisions_tool.ledger.people import People
from decisions_tool.ledger.preflight import own_identity
from decisions_tool.ledger.record import Turn
from decisions_tool.ledger.repository import Repository
from decisions_tool.ledger.trailers import ByHand, Transition
from decisions_tool.workflows.checks import check_file
from decisions_tool.workflows.phases import Changes

#: Seconds between two reads that have to be equal.
QUIET = 0.25
#: What a person types to commit a file themselves: as it is, or as a correction of what is recorded.
KEEP = "git add -- {} && git commit -m 'My changes' -- {}"
_AMEND = "git add -- {} && git commit -m 'amend: why' -- {}"


class _Look(NamedTuple):
    """What a read found: stamp of the file, digest of its bytes, and when it was first read like that."""

    stamp: tuple[int, int, int]
    digest: bytes
    since: float


class Saved:
    """Which saved files are whole. A file that is being written, or is empty, is not."""

    def __init__(self, place: Place, clock: Callable[[], float] = time.monotonic) -> None:
        self._place, self._clock = place, clock
        self._moving: dict[Path, _Look | None] = {}
        self._whole: dict[Path, bytes] = {}
        self.wanted: dict[Path, str] = {}
        self.commits = False

    def touched(self, paths: Iterable[Path]) -> None:
        """Look at these files, from now on until they rest."""
        for path in paths:
            self._whole.pop(path, None)
            self._moving.setdefault(path, None)

    @property
    def patience(self) -> float | None:
        """Seconds until a file may have come to rest; None while all of them rest."""
        now = self._clock()
        left = [look.since + QUIET - now if look else 0.0 for look in self._moving.values()]
        return max(0.0, min(left)) if left else None

    def settle(self) -> set[Path]:
        """Read what moves; the files that have just come to rest."""
        rested = set()
        for path, before in list(self._moving.items()):
            if before is not None and self._clock() < before.since + QUIET:
                continue
            now = self._look(path)
            if now is None:
                del self._moving[path]
            elif before is not None and now[:2] == before[:2]:
                del self._moving[path]
                self._whole[path] = now.digest
                rested.add(path)
            else:
                self._moving[path] = now
        return rested

    def take(self, path: Path, limit: int) -> bytes | None:
        """The bytes of an answer that a person left, once it is whole; this is how the manual backend reads."""
        self.wanted[path] = self._case_of(path)
        if not self.commits and not path.is_relative_to(self._place.store):
            return None
        data = read_regular(path, limit)
        if data and self._whole.get(path) == _digest(data):
            return data
        if data:
            self.touched([path])
        return None

    def given(self, rested: set[Path]) -> dict[Path, str]:
        """Those of the files that a run would take as answers, each with its case; an empty one for what cases share."""
        store = self._place.store
        found = {path: self.wanted[path] for path in rested if path in self.wanted}
        return {path: case for path, case in found.items() if self.commits or path.is_relative_to(store)}

    def ask_anew(self, cases: list[str] | None) -> None:
        """What these cases, or all, wanted to be given counts no more."""
        gone = set(cases or ())
        self.wanted = {path: case for path, case in self.wanted.items() if cases is not None and case not in gone}

    def _case_of(self, path: Path) -> str:
        if path.is_relative_to(self._place.store):
            return path.parent.name
        return owner(path.relative_to(self._place.root).as_posix())[1]

    def bytes_of(self, path: Path) -> bytes | None:
        """A whole file, None where it moves again."""
        data = read_regular(path, MAX_FILE)
        if data is not None and self._whole.get(path) == _digest(data):
            return data
        self.touched([path])
        return None

    def forget(self, path: Path) -> None:
        """The file is as the last commit has it, or what there was to say of it is said."""
        self._whole.pop(path, None)

    def _look(self, path: Path) -> _Look | None:
        """The file now; None where there is none, or none that could be a document."""
        now = self._clock()
        try:
            before = _stamp(path)
            data = read_regular(path, MAX_FILE)
            torn = _stamp(path) != before
        except (OSError, DecisionsError):
            return None
        if not data:
            return None
        return _Look((-1, -1, time.monotonic_ns()) if torn else before, _digest(data), now)


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def commit_saved(engine: Engine, path: str, data: bytes) -> bool:
    """Commit one whole file as its author would; DecisionsError says what only they can say. The caller holds the run lock."""
    repository = engine.repository

    def build(turn: Turn) -> tuple[Changes, Transition] | None:
        entry = repository.lookup(repository.tree_of(turn.tip), path)
        blob = _as_git_has_it(repository, path, data)
        change = Change(path, entry.oid if entry else "", blob, entry.mode if entry else "100644")
        if change.before == blob:
            return None
        _refuse_what_people_say(repository, turn.tip, change)
        text = frontmatter.decode(repository.held(blob, path), path)
        return {path: text}, _said_of(change)

    return engine.commit(build, {path: data})


def problems(path: str, data: bytes) -> list[Finding]:
    """What keeps a file from being committed."""
    return [finding for finding in check_file(path, data) if finding.severity == "error"]


def _as_git_has_it(repository: Repository, path: str, data: bytes) -> str:
    """The blob that ``git add`` would make of these bytes, line ends and all; filters of the repository do not run."""
    git = repository.git
    made = git.run("hash-object", "-w", "--stdin", f"--path={path}", stdin=data, settings=git.without_filters())
    return made.decode("ascii").strip()


def _said_of(change: Change) -> Transition:
    workflow, slug = owner(change.path)
    kind = WORKFLOWS[workflow][1] if workflow else ""
    if kind and not change.before and change.path == document_path(slug, kind):
        return Transition(slug, "request", kind, "requested")
    return ByHand(slug or "decisions", "", "", f"{change.path.rpartition('/')[2]} by hand")


def _refuse_what_people_say(repository: Repository, tip: str, change: Change) -> None:
    """What an audit would ask a person about is left to that person: approvals, corrections, documents of the program."""
    evidence, report = Evidence(repository), Report()
    root = repository.place.root
    if newly_approved(*evidence.versions(change)):
        said = f"{change.path} approves or decides, which is a person's to say"
        raise DecisionsError(said, typed(root, KEEP, change.path))
    People(evidence, report).commit(Step(tip, (tip,), own_identity(repository), "", "", (change,)))
    if report.findings:
        said = report.findings[0].message.partition(f" in {tip[:10]}")[0]
        raise DecisionsError(f"{change.path}: {said}", typed(root, _AMEND, change.path))
