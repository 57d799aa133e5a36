"""The write protocol: one transition is one commit, by compare-and-swap, beside whatever people are doing.

Nothing that is staged or unsaved is touched. A crash at any instant leaves a state that the next turn mends.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from decisions_tool.errors import DecisionsError, Edited, Moved
from decisions_tool.ledger.files import inside, read_regular, write_atomically
from decisions_tool.ledger.git import GitFailed
from decisions_tool.ledger.locks import IndexLock
from decisions_tool.ledger.objects import Objects
from decisions_tool.ledger.preflight import branch_for_writing
from decisions_tool.ledger.repository import Head, Repository

_LIMIT = 4 << 20


@dataclass(frozen=True)
class Write:
    """What becomes of one path; ids are empty where there is no file. ``working`` is the text of the working file that may go."""

    path: str
    before: str
    after: str
    mode: str = "100644"
    working: bytes | None = None


class Ledger:
    """Writes to one branch of a repository. The caller holds the run lock."""

    def __init__(self, repository: Repository, branch: str | None = None) -> None:
        self.repository = repository
        self.branch = branch
        self._journal = repository.place.git_dir / "decisions-pending.json"

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Hold the index while the state is read and one commit is made from it."""
        head = branch_for_writing(self.repository, self.branch)
        if head.ref != self.repository.head().ref:
            yield Turn(self, head, checked_out=False)
            return
        self.mend()
        with IndexLock(self.repository.place):
            yield Turn(self, branch_for_writing(self.repository, self.branch), checked_out=True)
            self._journal.unlink(missing_ok=True)

    def mend(self) -> bool:
        """Finish what a killed run began; True when something was left."""
        lock = IndexLock(self.repository.place)
        left = self._journal.exists()
        if left:
            pending = json.loads(self._journal.read_text(encoding="utf-8"))
            writes = [Write(**{**w, "working": None}) for w in pending["writes"]]
            if self._reached(pending["ref"], pending["new"]):
                held = lock.stale
                if not held:
                    lock.__enter__()
                self._sync(writes)
            self._journal.unlink()
        lock.clear_stale()
        return left

    def _reached(self, ref: str, commit: str) -> bool:
        tip = self.repository.ref(ref)
        if tip == commit:
            return True
        args = ("merge-base", "--is-ancestor", commit, tip)
        try:
            self.repository.git.run(*args)
        except GitFailed:
            return False
        return True

    def _sync(self, writes: list[Write]) -> None:
        """Bring index and working files along for paths that nobody else has changed."""
        held = self.staged([write.path for write in writes])
        self.swap_index([write for write in writes if held.get(write.path, "") == write.before])
        for write in writes:
            before = self.repository.blob(write.before) if write.before else None
            self.place_file(Write(write.path, write.before, write.after, write.mode, before))

    # -- the index

    def staged(self, paths: list[str]) -> dict[str, str]:
        """Path -> blob id as the index has it; an unmerged path counts as changed."""
        out = self.repository.git.run("ls-files", "--stage", "-z", "--", *paths).decode("utf-8", "surrogateescape")
        found: dict[str, str] = {}
        for line in out.split("\0"):
            head, _, path = line.partition("\t")
            if path:
                _, oid, stage = head.split(" ")
                found[path] = oid if stage == "0" else "unmerged"
        return found

    def swap_index(self, writes: list[Write]) -> None:
        """Replace the index by a copy in which the given paths stand at their new blobs."""
        if not writes:
            return
        git_dir = self.repository.place.git_dir
        private = git_dir / f"decisions-index-{os.getpid()}"
        index = git_dir / "index"
        try:
            if index.exists():
                shutil.copyfile(index, private)
            width = len(self.repository.head().oid)
            lines = [_index_line(write, width) for write in writes]
            self.repository.git.run("update-index", "-z", "--index-info", stdin=b"".join(lines), env={"GIT_INDEX_FILE": str(private)})
            private.replace(index)
        finally:
            private.unlink(missing_ok=True)

    # -- working files

    def place_file(self, write: Write) -> None:
        """Replace a working file that still is what the commit was made from; anything else stays."""
        file = inside(self.repository.place.root, write.path)
        held = read_regular(file, _LIMIT)
        expected = write.working
        if held is not None and expected is not None and held != expected and held.replace(b"\r\n", b"\n") == expected:
            expected = held
        if held != expected:
            return
        if not write.after:
            file.unlink(missing_ok=True)
            _remove_empty(file.parent, self.repository.place.root)
            return
        data = self.repository.blob(write.after) or b""
        crlf = self._new_files_crlf(write.path) if held is None else b"\r\n" in held
        data = data.replace(b"\n", b"\r\n") if crlf and b"\r\n" not in data else data
        if data != held:
            mode = file.stat().st_mode & 0o777 if held is not None else 0o666 & ~_umask()
            write_atomically(file, data, mode)

    def _new_files_crlf(self, path: str) -> bool:
        """Whether the user's line-end settings want a new working file with CRLF."""
        out = self.repository.git.run("check-attr", "-z", "eol", "text", "--", path).decode("utf-8", "surrogateescape").split("\0")
        attributes = dict(zip(out[1::3], out[2::3], strict=False))
        if attributes.get("text") == "unset" or attributes.get("eol") == "lf":
            return False
        if attributes.get("eol") == "crlf":
            return True
        git = self.repository.git
        native = attributes.get("text") in {"set", "auto"} and git.setting("core.eol") == "crlf"
        return native or (git.setting("core.autocrlf") or "").lower() == "true"


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
        repository = self.ledger.repository
        objects = Objects(len(self.tip))
        root = repository.tree_of(self.tip)
        writes = [self._write(objects, root, path, text, (left or {}).get(path)) for path, text in changes.items()]
        writes = [write for write in writes if write.before != write.after]
        if not writes:
            raise DecisionsError("the answer changes nothing", "decisions status")
        if self.checked_out:
            self._refuse_edited(writes)
        new_root = objects.rewrite(repository.entries, root, {w.path: w.after or None for w in writes})
        if new_root is None:
            new_root = objects.tree([])
        repository.git.run("unpack-objects", "-q", "--strict", stdin=objects.pack())
        commit = self._commit_object(new_root, message)
        if self.checked_out:
            self._announce(commit, writes)
        self._swap(commit)
        if self.checked_out:
            self.ledger.swap_index(writes)
            for write in writes:
                self.ledger.place_file(write)
        self._read_back(commit, new_root, message)
        return commit

    def _write(self, objects: Objects, root: str, path: str, text: str | None, left: bytes | None) -> Write:
        entry = self.ledger.repository.lookup(root, path)
        if entry is not None and not entry.mode.startswith("100"):
            raise DecisionsError(f"{path}: is not a regular file in git", f"git rm --cached {path}")
        before = entry.oid if entry else ""
        after = objects.add("blob", text.encode("utf-8")) if text is not None else ""
        working = left if left is not None else (self.ledger.repository.blob(before) if before else None)
        return Write(path, before, after, entry.mode if entry else "100644", working)

    def _refuse_edited(self, writes: list[Write]) -> None:
        """A path that a person has staged or changed is theirs until they commit it."""
        held = self.ledger.staged([write.path for write in writes])
        for write in writes:
            if held.get(write.path, "") != write.before and not (write.working is not None and not write.before):
                raise Edited(f"{write.path} has staged changes", f"git commit -m 'my changes' -- {write.path}")
            file = inside(self.ledger.repository.place.root, write.path)
            on_disk = read_regular(file, _LIMIT)
            same = on_disk == write.working or (on_disk or b"").replace(b"\r\n", b"\n") == write.working
            if not same and on_disk is not None:
                raise Edited(f"{write.path} has uncommitted changes", f"git commit -m 'my changes' -- {write.path}")

    def _commit_object(self, tree: str, message: str) -> str:
        git = self.ledger.repository.git
        sign = ["-S"] if git.switched_on("commit.gpgsign") else []
        return git.run("commit-tree", *sign, "-p", self.tip, "-F", "-", tree, stdin=message.encode()).decode().strip()

    def _announce(self, commit: str, writes: list[Write]) -> None:
        """Leave word of what is about to happen, for a turn after a crash."""
        plain = [{"path": w.path, "before": w.before, "after": w.after, "mode": w.mode} for w in writes]
        text = json.dumps({"ref": self.head.ref, "old": self.tip, "new": commit, "writes": plain})
        write_atomically(self.ledger._journal, text.encode())

    def _swap(self, commit: str) -> None:
        try:
            self.ledger.repository.git.run("update-ref", "-m", "decisions", self.head.ref, commit, self.tip)
        except GitFailed as error:
            if self.ledger.repository.ref(self.head.ref) == self.tip and "lock" not in error.stderr:
                raise
            raise Moved("the branch moved while a commit was made", "decisions run") from None

    def _read_back(self, commit: str, tree: str, message: str) -> None:
        found = self.ledger.repository.git.read(commit)
        if found is None or not found[1].startswith(f"tree {tree}\nparent {self.tip}\n".encode()) or not found[1].endswith(message.encode()):
            raise DecisionsError(f"commit {commit[:12]} does not read back as it was written", "git fsck")


def _index_line(write: Write, width: int) -> bytes:
    mode, oid = (write.mode, write.after) if write.after else ("0", "0" * width)
    return f"{mode} {oid}\t{write.path}".encode("utf-8", "surrogateescape") + b"\0"


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


