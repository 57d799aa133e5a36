"""Several transitions as a chain of commits, each its own, made in memory so that all of them land at once. It moves nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import typed
from decisions_tool.ledger.history import Change
from decisions_tool.ledger.objects import Objects
from decisions_tool.ledger.repository import REGULAR, Repository
from decisions_tool.ledger.working import Write

#: New objects from which on they are kept as one pack.
_MANY = 24


class Step(NamedTuple):
    """One transition: path -> new text, None to remove; its message; bytes of working files that a person left as answers."""

    changes: Mapping[str, str | None]
    message: str
    left: Mapping[str, bytes]


class Link(NamedTuple):
    """One commit of the chain; ``joins`` is the second parent of a merge."""

    tree: str
    message: str
    joins: str = ""

    def begins(self, parent: str) -> str:
        """The first lines of the commit."""
        return f"tree {self.tree}\nparent {parent}\n" + (f"parent {self.joins}\n" if self.joins else "")


class Chain:
    """Commits on top of ``tip``. ``writes`` is what they come to for each path: what was there, and what is there at the end."""

    def __init__(self, repository: Repository, tip: str) -> None:
        self.repository, self.tip = repository, tip
        self.objects = Objects(len(tip))
        self.links: list[Link] = []
        self._root = repository.tree_of(tip)
        self._writes: dict[str, Write] = {}
        self._made: list[str] = []

    @property
    def writes(self) -> list[Write]:
        return [write for write in self._writes.values() if write.before != write.after]

    def add(self, step: Step) -> None:
        """One more commit; DecisionsError where it changes nothing or something stands in its way."""
        writes = [self._write(path, text, step.left.get(path)) for path, text in step.changes.items()]
        writes = [write for write in writes if write.before != write.after]
        if not writes:
            raise DecisionsError("the answer changes nothing", "decisions status")
        made = self.objects.rewrite(self.repository.entries, self._root, {w.path: w.after or None for w in writes})
        self._root = made if made is not None else self.objects.tree([])
        self.repository.know(self.objects.trees)
        for write in writes:
            earlier = self._writes.get(write.path)
            self._writes[write.path] = replace(earlier, after=write.after) if earlier else write
        self._close(Link(self._root, step.message))

    @property
    def head(self) -> str:
        """The last commit; empty before the first one, and where only git itself can make commits."""
        return self._made[-1] if self._made else ""

    @contextmanager
    def readable(self) -> Iterator[None]:
        """While it lasts, the commits can be read as if they were in the repository."""
        self.repository.git.made = self.objects.made
        try:
            yield
        finally:
            self.repository.git.made = {}

    def join(self, other: str, tree: str, changes: Sequence[Change], message: str) -> None:
        """A merge with another commit: its tree, and what that changes of the tip."""
        for change in changes:
            before = self.repository.lookup(self._root, change.path)
            modes = {change.mode} if change.after else set()
            if not (modes | ({before.mode} if before else set())) <= REGULAR:
                hint = "git merge --no-ff"
                raise DecisionsError(f"{change.path}: the merge is about something else than a regular file", hint)
            held = self.repository.git.read(before.oid) if before else None
            mode = change.mode if change.after else "100644"
            self._writes[change.path] = Write(change.path, change.before, change.after, mode, held[1] if held else None)
        self._root = tree
        self._close(Link(tree, message, other))

    def _close(self, link: Link) -> None:
        if not self._by_git:
            self._made.append(self.objects.add("commit", self._text(link, self.head or self.tip)))
        self.links.append(link)

    @cached_property
    def _by_git(self) -> bool:
        """Whether commits are signed, or in an encoding that is git's business."""
        git = self.repository.git
        encoding = git.setting("i18n.commitencoding") or "utf-8"
        return git.switched_on("commit.gpgsign") or encoding.lower() not in {"utf-8", "utf8"}

    def commits(self) -> list[str]:
        """The ids of the commits, whose objects are then in the repository; signed where the user signs."""
        self._store()
        return self._made if not self._by_git else self._committed()

    def _store(self) -> None:
        """Hand the new objects to git. Many stay together as a pack: each file of its own would be waited for on the disk."""
        few = ("unpack-objects", "-q", "--strict")
        many = ("index-pack", "--stdin", "--strict")
        self.repository.git.run(*(few if len(self.objects.made) < _MANY else many), stdin=self.objects.pack())

    def _committed(self) -> list[str]:
        git = self.repository.git
        sign = ["-S"] if git.switched_on("commit.gpgsign") else []
        found, parent = [], self.tip
        for link in self.links:
            parents = ("-p", parent, *(("-p", link.joins) if link.joins else ()))
            made = git.run("commit-tree", *sign, *parents, "-F", "-", link.tree, stdin=link.message.encode())
            parent = made.decode().strip()
            found.append(parent)
        return found

    def _text(self, link: Link, parent: str) -> bytes:
        author, committer = (self._now(name) for name in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"))
        return f"{link.begins(parent)}author {author}\ncommitter {committer}\n\n{link.message}".encode()

    def _now(self, name: str) -> str:
        """Who git says that the user is, at this second unless the environment names another."""
        said = self.repository.identity(name)
        if os.environ.get(name.replace("IDENT", "DATE")):
            return said
        who, _, zone = said.rpartition(" ")
        return f"{who.rpartition(' ')[0]} {int(time.time())} {zone}"

    def _write(self, path: str, text: str | None, left: bytes | None) -> Write:
        entry = self.repository.lookup(self._root, path)
        if entry is not None and not entry.mode.startswith("100"):
            raise DecisionsError(f"{path}: is not a regular file in git", self._typed("git rm --cached -- {}", path))
        self._refuse_odd_folders(path)
        before = entry.oid if entry else ""
        after = self.objects.add("blob", text.encode("utf-8", "surrogateescape")) if text is not None else ""
        first = path not in self._writes
        working = left if left is not None else (self.repository.blob(before) if before and first else None)
        return Write(path, before, after, entry.mode if entry else "100644", working)

    def _refuse_odd_folders(self, path: str) -> None:
        """What stands where a folder has to be is somebody's file, link or submodule."""
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            entry = self.repository.lookup(self._root, folder)
            if entry is None:
                return
            if entry.mode != "40000":
                hint = self._typed("git mv -- {} <elsewhere>", folder)
                raise DecisionsError(f"{folder}: is not a folder in git", hint)

    def _typed(self, form: str, path: str) -> str:
        return typed(self.repository.place.root, form, path)
