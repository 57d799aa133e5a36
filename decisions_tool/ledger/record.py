"""The write protocol: one transition is one commit, by compare-and-swap, beside whatever people are doing.

Nothing that is staged or unsaved is touched. A crash at any instant leaves a state that the next turn mends.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from decisions_tool.errors import Busy, DecisionsError, Denied, Edited, Moved
from decisions_tool.ledger.chain import Chain, Step
from decisions_tool.ledger.files import typed, write_atomically
from decisions_tool.ledger.git import GitFailed
from decisions_tool.ledger.locks import WAIT, IndexLock, process_mark
from decisions_tool.ledger.objects import Objects
from decisions_tool.ledger.preflight import branch_for_writing
from decisions_tool.ledger.repository import Head, Repository
from decisions_tool.ledger.working import WorkingFiles, Write

#: What a person types to keep changes of theirs.
COMMIT = "git commit -m 'my changes' -- {}"

#: Seconds within which an update of a ref is over; its lock does not outlive it.
_REF_UPDATE = 2.0
#: A private index, and the lock that git puts beside it while it writes.
_PRIVATE = re.compile(r"decisions-index-\d+(?:\.lock)?")


class Staged(NamedTuple):
    """What the index has at a path; ``absent`` where a sparse checkout keeps it out of the working tree."""

    blob: str
    absent: bool


class Pending(NamedTuple):
    """What a turn was about to do: move ``ref`` to ``commit``, and bring index and working files along."""

    ref: str
    commit: str
    writes: tuple[Write, ...]


class Ledger:
    """Writes to one branch of a repository: the one named, or the one checked out now. The caller holds the run lock."""

    def __init__(self, repository: Repository, branch: str | None = None) -> None:
        self.repository = repository
        self.branch = branch
        self.files = WorkingFiles(repository)
        self._begun_on = repository.head().branch
        self._journal = repository.place.git_dir / "decisions-pending.json"

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Hold the index while the state is read and one commit is made from it."""
        head = self._head()
        if head.ref != self.repository.head().ref:
            yield Turn(self, head, checked_out=False)
            return
        self.mend()
        with IndexLock(self.repository.place):
            yield Turn(self, self._head(), checked_out=True)
            self._journal.unlink(missing_ok=True)

    def _head(self) -> Head:
        head = branch_for_writing(self.repository, self.branch)
        if self.branch is None and head.branch != self._begun_on:
            said = f"the checkout went from {self._begun_on!r} to {head.branch!r}; nothing more is recorded"
            raise DecisionsError(said, "decisions run")
        return head

    def mend(self) -> bool:
        """Finish what a killed run began; True when something was left, Denied while a file of it cannot be written."""
        lock = IndexLock(self.repository.place)
        pending = self._pending()
        if pending is not None:
            if lock.stale:
                self._free_ref(pending)
            else:
                lock.__enter__()
            try:
                self._sync(pending)
            finally:
                lock.release()
            self._journal.unlink()
        lock.clear_stale()
        return pending is not None

    def _free_ref(self, pending: Pending) -> None:
        """Remove the ref locks of the git process that died with the run which held the index.

        They are ours when they appeared right after the announcement and hold nothing, or the commit that only we made.
        """
        place, announced = self.repository.place, self._journal.stat().st_mtime
        for lock in (place.git_dir / "HEAD.lock", place.common / f"{pending.ref}.lock"):
            with suppress(OSError):
                made = lock.stat().st_mtime
                told = lock.read_text(encoding="ascii", errors="replace").strip()
                if told in {"", pending.commit} and announced - 0.1 <= made < announced + _REF_UPDATE:
                    time.sleep(max(0.0, made + _REF_UPDATE - time.time()))
                    lock.unlink()

    def sweep(self) -> None:
        """Remove files that killed runs did not come to rename; for the start of a run, before anything is asked."""
        place = self.repository.place
        left = [path for path in place.git_dir.glob("decisions-index-*") if _PRIVATE.fullmatch(path.name)]
        left += [*place.git_dir.glob(".decisions-pending.json.*.tmp"), *place.git_dir.glob("decisions-index-owner.*")]
        left += [
            path for folder in ("spool", "intents", "till/heads") for path in (place.store / folder).glob(".*.tmp")
        ]
        for path in left:
            maker = _maker(path)
            if maker in {0, os.getpid()} or not process_mark(maker):
                path.unlink(missing_ok=True)

    def _pending(self) -> Pending | None:
        """The word that a turn left; one that cannot be read is worth nothing."""
        try:
            told = json.loads(self._journal.read_bytes())
            writes = tuple(Write(w["path"], w["before"], w["after"], w["mode"]) for w in told["writes"])
            return Pending(told["ref"], told["new"], writes)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            self._journal.unlink()
            return None

    def _reached(self, commit: str, tip: str) -> bool:
        if tip == commit:
            return True
        try:
            self.repository.git.run("merge-base", "--is-ancestor", commit, tip)
        except GitFailed:
            return False
        return True

    def _sync(self, pending: Pending) -> None:
        """Bring index and working files along for what is still checked out and nobody else has changed."""
        for write in pending.writes:
            self.files.sweep(write.path)
        head = self.repository.head()
        if not self._reached(pending.commit, head.oid):
            return
        root = self.repository.tree_of(head.oid)
        entries = {w.path: self.repository.lookup(root, w.path) for w in pending.writes}
        writes = [w for w in pending.writes if (entry.oid if (entry := entries[w.path]) else "") == w.after]
        held = self.staged([write.path for write in writes])
        behind = [w for w in writes if (held[w.path].blob if w.path in held else "") == w.before]
        if behind:
            with self.next_index(behind, held) as private:
                private.replace(self.repository.place.git_dir / "index")
        self._bring_along(writes)

    def _bring_along(self, writes: list[Write]) -> None:
        """Every working file that can be; what a person put in the way of one is theirs, what the disk refuses is tried again."""
        refused: list[Denied] = []
        for write in writes:
            before = self.repository.blob(write.before) if write.before else None
            try:
                self.files.place([replace(write, working=before)])
            except Denied as error:
                refused.append(error)
            except DecisionsError:
                continue
        if refused:
            raise refused[0]

    # -- the index

    def staged(self, paths: list[str]) -> dict[str, Staged]:
        """What the index has at the paths and below them; an unmerged path counts as changed."""
        out = self.repository.git.run("ls-files", "--stage", "-t", "-z", "--", *paths) if paths else b""
        found: dict[str, Staged] = {}
        for line in out.decode("utf-8", "surrogateescape").split("\0"):
            head, _, path = line.partition("\t")
            if path:
                tag, _, oid, stage = head.split(" ")
                found[path] = Staged(oid if stage == "0" else "unmerged", tag == "S")
        return found

    @contextmanager
    def next_index(self, writes: list[Write], held: Mapping[str, Staged]) -> Iterator[Path]:
        """A copy of the index in which the given paths stand at their new blobs, to be put in its place."""
        git_dir = self.repository.place.git_dir
        private, index = git_dir / f"decisions-index-{os.getpid()}", git_dir / "index"
        try:
            if index.exists():
                shutil.copy2(index, private)  # with its time, by which git tells entries that it cannot trust
            self._fill(private, writes)
            absent = [write.path for write in writes if write.after and write.path in held and held[write.path].absent]
            if absent:
                self._update(private, "--skip-worktree", "--", *absent)
            yield private
        finally:
            private.unlink(missing_ok=True)

    def _fill(self, private: Path, writes: list[Write]) -> None:
        """Unlike ``--index-info`` these options refuse to drop an entry that stands in the way."""
        added = [part for w in writes if w.after for part in ("--cacheinfo", f"{w.mode},{w.after},{w.path}")]
        removed = [write.path for write in writes if not write.after]
        try:
            self._update(private, "--add", *added, "--force-remove", "--", *removed)
        except GitFailed as error:
            raise Edited(f"the index has no room for {writes[0].path}: {error.message}", "git status") from None

    def _update(self, private: Path, *args: str) -> None:
        self.repository.git.run("update-index", *args, env={"GIT_INDEX_FILE": str(private)})


@dataclass
class Turn:
    """One chance to write: the state to build on is ``tip``, and nobody else can move it unseen."""

    ledger: Ledger
    head: Head
    checked_out: bool

    @property
    def tip(self) -> str:
        return self.head.oid

    def commit(self, changes: Mapping[str, str | None], message: str, left: Mapping[str, bytes] | None = None) -> str:
        """Record ``changes`` (path -> new text, None to remove) on top of ``tip``.

        ``left`` holds the bytes of working files that a person left as answers and that may be replaced. Raises Moved when the branch
        moved meanwhile and Edited when a person has changes in one of the files; then nothing was written.
        """
        chain = Chain(self.ledger.repository, self.tip)
        chain.add(Step(changes, message, left or {}))
        return self.commit_chain(chain)[0]

    def commit_chain(self, chain: Chain) -> list[str]:
        """Record commits that are made on top of ``tip``, all of them or none; raises as ``commit`` does."""
        held = self.ledger.staged([write.path for write in chain.writes]) if self.checked_out else {}
        if self.checked_out:
            self._refuse_edited(chain.objects, chain.writes, held)
            self.ledger.files.refuse_unwritable(chain.writes)
        commits = chain.commits()
        if self.checked_out:
            self._land(commits[-1], chain.writes, held)
        else:
            self._swap(commits[-1])
        self._read_back(commits, chain)
        return commits

    def _land(self, commit: str, writes: list[Write], held: Mapping[str, Staged]) -> None:
        """Move the branch, then index and working files; the new index is made first, because making it may fail."""
        with self.ledger.next_index(writes, held) as private:
            self._announce(commit, writes)
            self._swap(commit)
            private.replace(self.ledger.repository.place.git_dir / "index")
        self.ledger.files.place(writes)

    def _refuse_edited(self, objects: Objects, writes: list[Write], held: Mapping[str, Staged]) -> None:
        """A path that a person has staged or changed is theirs until they commit it, or hand it in as an answer."""
        for write in writes:
            staged = held[write.path].blob if write.path in held else ""
            if staged not in {write.before, *_handed_in(objects, write)}:
                raise Edited(f"{write.path} has staged changes", self._typed(COMMIT, write.path))
            if self.ledger.files.edited(write):
                hint = self._typed(COMMIT if staged else f"git add -- {{}} && {COMMIT}", write.path)
                raise Edited(f"{write.path} has uncommitted changes", hint)

    def _typed(self, form: str, path: str) -> str:
        return typed(self.ledger.repository.place.root, form, path)

    def _announce(self, commit: str, writes: list[Write]) -> None:
        """Leave word of what is about to happen, for a turn after a crash."""
        plain = [{"path": w.path, "before": w.before, "after": w.after, "mode": w.mode} for w in writes]
        text = json.dumps({"ref": self.head.ref, "old": self.tip, "new": commit, "writes": plain})
        write_atomically(self.ledger._journal, text.encode())

    def _swap(self, commit: str) -> None:
        """Move the branch from the tip to the commit; somebody else's lock on it is waited for."""
        repository = self.ledger.repository
        deadline = time.monotonic() + WAIT
        while True:
            try:
                repository.git.run("update-ref", "-m", "decisions", self.head.ref, commit, self.tip)
                return
            except GitFailed as error:
                if repository.ref(self.head.ref) != self.tip or "but expected" in error.stderr:
                    raise Moved("the branch moved while a commit was made", "decisions run") from None
                lock = re.search(r"Unable to create '(.+\.lock)': File exists", error.stderr)
                if lock is None:
                    raise
                if time.monotonic() > deadline:
                    hint = f"finish the other git command; if none runs, remove {lock.group(1)}"
                    raise Busy(f"another git command holds the branch {self.head.branch!r}", hint) from None
            time.sleep(random.uniform(0.01, 0.05))  # noqa: S311

    def _read_back(self, commits: Sequence[str], chain: Chain) -> None:
        """Each commit says what it was made from."""
        for commit, parent, link in zip(commits, [self.tip, *commits], chain.links, strict=False):
            found = self.ledger.repository.git.read(commit)
            begins, ends = link.begins(parent).encode(), link.message.encode()
            if found is None or not found[1].startswith(begins) or not found[1].endswith(ends):
                raise DecisionsError(f"commit {commit[:12]} does not read back as it was written", "git fsck")


def _maker(path: Path) -> int:
    """The process that a temporary file names; runners of slots beside us have theirs. 0 where it names none."""
    number = path.name.removesuffix(".tmp").removesuffix(".lock").rpartition(".")[2].rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _handed_in(objects: Objects, write: Write) -> set[str]:
    """Blobs that a person may have staged of an answer which is recorded now; git marks an intent to add with the empty one."""
    if write.before or write.working is None:
        return set()
    return {objects.name("blob", data) for data in (write.working, write.working.replace(b"\r\n", b"\n"), b"")}
