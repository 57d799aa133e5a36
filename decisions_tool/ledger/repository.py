"""Reading: commits, trees and blobs of one repository, by object id. It changes nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from decisions_tool.documents.paths import (
    CONFIG,
    MAX_FILE,
    RECORDS,
    TASKS,
    WORKFLOWS,
    archived_path,
    document_path,
    place,
    with_followers,
)  # fmt: skip
from decisions_tool.errors import DecisionsError, DocumentError
from decisions_tool.ledger.entries import Entry, parse_tree
from decisions_tool.ledger.git import Git, Place, changed_files, locate, read_head
from decisions_tool.text import shortened, visible

if TYPE_CHECKING:  # models cost a tenth of a second: trees and bytes are to be had without
    from decisions_tool.config import Settings
    from decisions_tool.workflows.case import Case, File

REGULAR = {"100644", "100755"}
MARKERS = {
    "MERGE_HEAD": "a merge", "CHERRY_PICK_HEAD": "a cherry-pick", "REVERT_HEAD": "a revert", "BISECT_LOG": "a bisect",
    "rebase-merge": "a rebase", "rebase-apply": "a rebase or am", "sequencer": "a sequence of picks",
}  # fmt: skip


class Head(NamedTuple):
    """The branch a worktree is on; ``oid`` is empty before its first commit, ``ref`` when HEAD is detached."""

    ref: str
    oid: str

    @property
    def branch(self) -> str:
        return self.ref.removeprefix("refs/heads/")


class Folder(NamedTuple):
    """The folder of a case in one commit; ``state`` changes whenever anything changes that its next step depends on."""

    workflow: str
    path: str
    tree: str
    state: str


class Odd(NamedTuple):
    """A managed path that holds something else than a regular file."""

    path: str
    what: str


def no_case(name: str, there: Iterable[str]) -> DecisionsError:
    """What to say of a case that is not there; the nearest name may have been meant."""
    from difflib import get_close_matches

    near = [found for found in get_close_matches(name[:200], there, 1) if visible(found) == found]
    meant = f"did you mean {near[0]}? " if near else ""
    return DecisionsError(f"there is no case {shortened(name)!r} in the last commit", f"{meant}decisions status")


def _told(slug: str) -> tuple[str, ...]:
    """What a question that depends on another one reads of it."""
    return tuple(document_path(slug, kind) for kind in ("framing", "addendum", "reversal"))


class Repository:
    """One repository, opened at a folder of its working tree; a bare one only where ``bare`` allows it."""

    def __init__(self, start: Path, bare: bool = False) -> None:
        self.place: Place = locate(start, bare)
        self.git = Git(self.place)
        self._trees: dict[str, tuple[Entry, ...]] = {}
        self._before: dict[str, tuple[Entry, ...]] = {}
        self._settings: dict[str, Settings] = {}
        self._sizes: dict[str, int] = {}
        self._identities: dict[str, str] = {}

    def close(self) -> None:
        self.git.close()

    def renew(self) -> None:
        """Begin another round in the same process: what may have changed is read again, and what the last round did not use is let go."""
        self._before, self._trees = self._trees, {}
        self._settings = dict(list(self._settings.items())[-1:])
        self._sizes.clear()
        self._identities.clear()
        self.git.forget()
        self.__dict__.pop("boundary", None)

    # -- refs

    def head(self) -> Head:
        """HEAD, read from the files; git is asked where another format keeps them."""
        text = read_head(self.place.git_dir)
        if not text.startswith("ref: "):
            if not re.fullmatch(r"[0-9a-f]{40,64}", text):
                raise DecisionsError(f"{self.place.git_dir / 'HEAD'} names no branch and no commit", "git fsck")
            return Head("", text)
        ref = text[5:]
        if ref == "refs/heads/.invalid":
            ref = self.git.line("symbolic-ref", "HEAD")
        return Head(ref, self.ref(ref))

    def ref(self, name: str) -> str:
        """The object id of a full ref name, or an empty text."""
        loose = self.place.common / name
        try:
            value = loose.read_text(encoding="ascii").strip()
            if re.fullmatch(r"[0-9a-f]{40,64}", value):
                return value
        except (OSError, UnicodeDecodeError):
            pass
        return (
            self.git.run("rev-parse", "--verify", "--quiet", "--end-of-options", name, ok=(0, 1, 128)).decode().strip()
        )

    def tip(self, branch: str | None) -> str:
        """The last commit of a branch, local or remote, or of HEAD; DecisionsError where there is no such branch."""
        if branch is None:
            return self.head().oid
        found = (self.ref(f"{kind}/{branch}") for kind in ("refs/heads", "refs/remotes"))
        tip = next(filter(None, found), "")
        if not tip:
            raise DecisionsError(f"there is no branch {shortened(branch)!r}", "git branch --all")
        return tip

    def commit_id(self, name: str) -> str:
        """The commit that a revision names, or DecisionsError."""
        found = self.git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", ok=(0, 1, 128)
        )
        if not found:
            raise DecisionsError(f"{name!r} is no commit of this repository", "git log --oneline --all")
        return found.decode().strip()

    def in_progress(self) -> str | None:
        """What git is in the middle of, or None."""
        return next((what for name, what in MARKERS.items() if (self.place.git_dir / name).exists()), None)

    @cached_property
    def boundary(self) -> frozenset[str]:
        """Commits whose parents a shallow clone has left out."""
        try:
            return frozenset((self.place.common / "shallow").read_text(encoding="ascii").split())
        except (OSError, UnicodeDecodeError):
            return frozenset()

    @property
    def shallow(self) -> bool:
        return bool(self.boundary)

    # -- objects

    def tree_of(self, commit: str) -> str:
        """The tree of a commit; a tree, such as a merge would give, stands for itself."""
        found = self.git.read(commit)
        if found is not None and found[0] == "tree":
            return commit
        if found is None or found[0] != "commit":
            hint = "git fetch --unshallow" if self.shallow else "git fsck"
            raise DecisionsError(f"commit {commit[:12]} is not here", hint)
        return found[1][5 : found[1].index(b"\n")].decode()

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """Entries of a tree, kept for as long as the repository is open."""
        held = self._trees.get(tree)
        if held is None:
            held = self._trees[tree] = self._before.get(tree) or self._parsed(tree)
        return held

    def _parsed(self, tree: str) -> tuple[Entry, ...]:
        found = self.git.read(tree)
        if found is None or found[0] != "tree":
            raise DecisionsError(f"tree {tree[:12]} is not here", "git fsck")
        return parse_tree(found[1], len(tree) // 2)

    def know(self, trees: Mapping[str, tuple[Entry, ...]]) -> None:
        """Take trees that are not in the repository yet as if they were."""
        self._trees |= trees

    def identity(self, name: str) -> str:
        """GIT_AUTHOR_IDENT or GIT_COMMITTER_IDENT as git has it, with the time at which it was first asked for."""
        if name not in self._identities:
            self._identities[name] = self.git.line("var", name)
        return self._identities[name]

    def lookup(self, tree: str, path: str) -> Entry | None:
        """The entry at a path below a tree."""
        entry: Entry | None = Entry("40000", "", tree)
        for part in path.split("/"):
            if entry is None or entry.mode != "40000":
                return None
            entry = next((e for e in self.entries(entry.oid) if e.name == part), None)
        return entry

    def walk(self, tree: str, prefix: str) -> Iterator[tuple[str, Entry]]:
        """(path, entry) of everything below a tree that is not a folder, however deep."""
        left = [(tree, prefix)]
        while left:
            oid, folder = left.pop()
            for entry in self.entries(oid):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.mode == "40000":
                    left.append((entry.oid, path))
                else:
                    yield path, entry

    def blob(self, oid: str) -> bytes | None:
        """A blob, cut just above the largest size a document may have; None when it is not there."""
        found = self.git.read(oid, MAX_FILE + 1)
        return found[1] if found and found[0] == "blob" else None

    def held(self, oid: str, path: str) -> bytes:
        """A blob that the repository must have, because a commit of it does."""
        return self._held({path: oid})[path]

    def _held(self, oids: Mapping[str, str]) -> dict[str, bytes]:
        """The blobs of several paths, read together."""
        found: dict[str, bytes] = {}
        for (path, oid), read in zip(oids.items(), self.git.read_all([*oids.values()], MAX_FILE + 1), strict=True):
            if read is None or read[0] != "blob":
                said = f"{path}: its content {oid[:12]} is not in this repository"
                raise DecisionsError(said, "git fetch --refetch, or git fsck")
            found[path] = read[1]
        return found

    # -- what the program keeps here

    def settings(self, commit: str) -> Settings:
        """``decisions.toml`` of a commit."""
        from decisions_tool.config import read_settings

        entry = self.lookup(self.tree_of(commit), CONFIG)
        blob = entry.oid if entry and entry.mode in REGULAR else ""
        if blob not in self._settings:
            text = self.held(blob, CONFIG).decode("utf-8", "replace") if blob else None
            self._settings[blob] = read_settings(text)
        return self._settings[blob]

    def text_at(self, commit: str, path: str) -> str | None:
        """A file of a commit as text, or None."""
        entry = self.lookup(self.tree_of(commit), path)
        if entry is None or entry.mode not in REGULAR:
            return None
        return self.held(entry.oid, path).decode("utf-8", "replace")

    def cases(self, commit: str) -> dict[str, Folder]:
        """Every case by its name; a question with the name of a task is none, see ``unnamed``."""
        root = self.tree_of(commit)
        records = self.lookup(root, RECORDS)
        found: dict[str, Folder] = {}
        for workflow, (top, _) in WORKFLOWS.items():
            folder = self.lookup(root, top)
            for entry in self.entries(folder.oid) if folder and folder.mode == "40000" else ():
                if entry.mode == "40000" and entry.name not in found:
                    beside = f"+{records.oid}" if workflow == "decision" and records else ""
                    found[entry.name] = Folder(workflow, f"{top}/{entry.name}", entry.oid, entry.oid + beside)
        return found

    def case(self, commit: str, slug: str, settings: Settings, folder: Folder | None = None) -> Case:
        """A case as a commit holds it; files that the workflow does not name are listed without their bytes."""
        from decisions_tool.workflows.case import Case

        found = folder or self.cases(commit).get(slug)
        if found is None:
            raise no_case(slug, self.cases(commit))
        files = self._files({path: entry for path, entry in self.walk(found.tree, found.path) if entry.mode in REGULAR})
        case = Case(slug, files, settings, commit, found.workflow)
        return self._surrounded(case) if found.workflow == "decision" else case

    def _surrounded(self, case: Case) -> Case:
        """A question with what it shares with others, and what no tree can tell."""
        from decisions_tool.ledger.numbers import next_number
        from decisions_tool.workflows.case import Outside

        opening = case.opening if not case.findings_of("framing") else None
        seen = (opening.meta.pinned if opening else None) or case.commit
        pinned, now = self._tree_if_here(seen) or self.tree_of(case.commit), self.tree_of(case.commit)
        wanted = {document_path("", "identity"): now, document_path("", "constraints"): pinned}
        for slug in self._needed(now, getattr(opening, "reads", ())):
            wanted |= {self._where(now, path): now for path in _told(slug)}
        record = getattr(opening.meta, "record", None) if opening else None
        wanted |= dict.fromkeys(with_followers(record or ""), now)
        entries = {path: self.lookup(root, path) for path, root in wanted.items()}
        shared = self._files({path: entry for path, entry in entries.items() if entry and entry.mode in REGULAR})
        outside = Outside(
            lambda: next_number(self.git), time.strftime("%Y-%m-%d", time.gmtime()), lambda: self._lines(seen),
            lambda path: self.text_at(case.commit, path), lambda commit: self._age(commit, seen),
        )  # fmt: skip
        return replace(case, shared=shared, outside=outside, tracked=lambda path: self._tracked(seen, path), _places={})

    def _age(self, commit: str, since: str) -> int:
        """Commits that ``since`` has and an earlier commit has not; 0 where one of them is not here."""
        try:
            return int(self.git.line("rev-list", "--count", f"{commit}..{since}"))
        except (DecisionsError, ValueError):
            return 0

    def _tree_if_here(self, commit: str) -> str | None:
        try:
            return self.tree_of(commit)
        except DecisionsError:
            return None

    def _needed(self, root: str, slugs: Sequence[str]) -> tuple[str, ...]:
        """Questions that these depend on, directly or not; each once."""
        from decisions_tool.documents.kinds import read_document

        found: list[str] = []
        left = list(slugs)
        while left:
            slug = left.pop(0)
            path = self._where(root, document_path(slug, "framing"))
            entry = self.lookup(root, path) if slug not in found else None
            if entry is None or entry.mode not in REGULAR:
                continue
            found.append(slug)
            with suppress(DocumentError):
                left += getattr(read_document("framing", path, self.held(entry.oid, path)), "reads", ())
        return tuple(found)

    def _where(self, root: str, path: str) -> str:
        """Where a working document lies: in the archive where it is not at its own place."""
        return path if self.lookup(root, path) else archived_path(path)

    def _lines(self, commit: str) -> int:
        """Lines of text in a commit, told from the sizes of its files."""
        if commit not in self._sizes:
            self._sizes[commit] = self._measure(commit)
        return self._sizes[commit]

    def _measure(self, commit: str) -> int:
        listed = self.git.run("ls-tree", "-r", "-l", "-z", commit).decode("utf-8", "surrogateescape").split("\0")
        return sum(int(size) for line in listed if (size := line.partition("\t")[0].rpartition(" ")[2]).isdigit()) // 40

    def _tracked(self, commit: str, path: str) -> bool:
        return bool(path.strip("/")) and self.lookup(self.tree_of(commit), path.rstrip("/")) is not None

    def _files(self, entries: Mapping[str, Entry]) -> dict[str, File]:
        """Files of a case; those that the workflow does not name come without their bytes."""
        from decisions_tool.workflows.case import File

        places = {path: place(path) for path in entries}
        named = {path: entries[path].oid for path, where in places.items() if where and where.kind != "other"}
        read = self._held(named)
        return {path: File(entry.oid, read.get(path, b"")) for path, entry in entries.items()}

    def odd(self, tree: str, prefix: str) -> list[Odd]:
        """Symbolic links and submodules below a managed folder."""
        names = {"120000": "a symbolic link", "160000": "a submodule"}
        return [
            Odd(path, names.get(entry.mode, f"mode {entry.mode}"))
            for path, entry in self.walk(tree, prefix)
            if entry.mode not in REGULAR
        ]

    def left_out(self, path: str) -> bool:
        """Whether a sparse checkout keeps a file out of the working tree."""
        return self.git.run("ls-files", "-t", "-z", "--", path).startswith(b"S ")

    def uncommitted(self, paths: tuple[str, ...] = (TASKS, RECORDS, CONFIG)) -> list[str]:
        """Managed files that differ from HEAD in the index or the working tree, untracked ones included."""
        return changed_files(self.git, paths)
