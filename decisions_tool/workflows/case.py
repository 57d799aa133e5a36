"""A case as one commit holds it: its files, read as documents when somebody asks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from shlex import quote
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar, cast

from decisions_tool.config import Settings
from decisions_tool.documents import frontmatter
from decisions_tool.documents.base import Document
from decisions_tool.documents.kinds import FILES, read_document
from decisions_tool.documents.paths import WORKFLOWS, Place, case_folder, document_path, place
from decisions_tool.documents.written import Opening
from decisions_tool.errors import DecisionsError, DocumentError, Finding

D = TypeVar("D", bound=Document)
T = TypeVar("T")
P = ParamSpec("P")


class File(NamedTuple):
    """A file of a case; ``blob`` is its object id."""

    blob: str
    data: bytes


def _nowhere() -> int:
    raise DecisionsError("a record's number is given in a repository only", "git init")


class Outside(NamedTuple):
    """What the tree of a case cannot tell: the next free record number, today as YYYY-MM-DD, lines of code in the repository,
    the text of a file as it is now (``shared`` holds it as it was when the iteration began), and how many commits an earlier one is
    behind the pinned one (0 where that is not known).
    """

    number: Callable[[], int] = _nowhere
    day: str = ""
    lines: Callable[[], int] = lambda: 0
    now: Callable[[str], str | None] = lambda path: None
    age: Callable[[str], int] = lambda commit: 0


@dataclass(frozen=True)
class Case:
    """``files`` maps the repository path to a file of the case, ``shared`` to one that others own; ``commit`` holds them all.

    ``tracked`` says whether the commit has a path, whoever owns it.
    """

    slug: str
    files: Mapping[str, File]
    settings: Settings
    commit: str = ""
    workflow: str = "planning"
    shared: Mapping[str, File] = field(default_factory=dict)
    outside: Outside = field(default_factory=Outside)
    tracked: Callable[[str], bool] | None = field(default=None, compare=False)
    _places: dict[str, Place] = field(default_factory=dict, compare=False)
    _found: dict[object, object] = field(init=False, default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for path in sorted(self.files):
            found = place(path)
            if found is not None:
                self._places[path] = found

    @property
    def folder(self) -> str:
        return case_folder(self.workflow, self.slug)

    @property
    def opens(self) -> str:
        """The kind of the document that opens this case."""
        return WORKFLOWS[self.workflow][1]

    def file(self, path: str) -> File | None:
        """A file of the case, or one that it shares with others."""
        return self.files.get(path) or self.shared.get(path)

    def paths(self, kind: str) -> tuple[str, ...]:
        """Paths of all documents of a kind, sorted."""
        return self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for path, where in self._places.items():
            found.setdefault(where.kind, []).append(path)
        return {kind: tuple(paths) for kind, paths in found.items()}

    @cached_property
    def _by_slot(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for path, where in self._places.items():
            found.setdefault(where.kind, {}).setdefault(where.slot, path)
        return found

    def slots(self, kind: str) -> Mapping[str, str]:
        """Slot -> path for a kind with one document a slot; the first name of a slot counts."""
        return self._by_slot.get(kind, {})

    def path(self, kind: str, slot: str = "") -> str:
        """Where the document of a kind is, or would be."""
        held = self.slots(kind).get(slot) if slot else next(iter(self.paths(kind)), None)
        return held or document_path(self.slug, kind, slot)

    def read(self, kind: type[D], path: str) -> D:
        """The document at a path; the path must be in the case."""
        document = read_document(kind.KIND, path, self._data(path))
        assert isinstance(document, kind)
        return document

    def _data(self, path: str) -> bytes:
        found = self.file(path)
        if found is None:
            raise DecisionsError(f"{path} is missing", f"decisions why {quote(self.slug)}")
        return found.data

    def find(self, kind: type[D], slot: str = "") -> D | None:
        """The document of a kind, or None where there is none."""
        path = self.path(kind.KIND, slot)
        return self.read(kind, path) if self.file(path) else None

    def text(self, path: str) -> str:
        """The text of a file, the same object for everybody who reads it."""
        if path not in self._found:
            self._found[path] = frontmatter.decode(self._data(path), path)
        return cast(str, self._found[path])

    @property
    def opening(self) -> Opening | None:
        """The request or framing."""
        path = self.path(self.opens)
        if path not in self.files:
            return None
        document = read_document(self.opens, path, self.files[path].data)
        assert isinstance(document, Opening)
        return document

    @property
    def pinned(self) -> str | None:
        """The commit at which agents see the repository."""
        opening = self.opening
        return getattr(opening.meta, "seen", None) or opening.meta.pinned if opening else None

    @property
    def managed(self) -> bool:
        """Whether the program runs this case: started once, or newer than the baseline."""
        path = self.path(self.opens)
        if path not in self.files:
            return False
        return self.started or self.settings.runs(self.slug)

    @property
    def started(self) -> bool:
        """Whether front matter says where the case stands; words below it may say what they like."""
        path = self.path(self.opens)
        front = self.files[path].data.partition(b"\n---")[0] if path in self.files else b""
        return front.startswith(b"---") and b"\nstatus:" in front

    def findings(self) -> list[Finding]:
        """What keeps documents of this case from being read."""
        return self.findings_of(*FILES)

    def findings_of(self, *kinds: str) -> list[Finding]:
        """What keeps documents of some kinds from being read."""
        found: list[Finding] = []
        for path, where in self._places.items():
            if where.kind in kinds:
                try:
                    read_document(where.kind, path, self.files[path].data)
                except DocumentError as error:
                    found += error.findings
        return found


def once(work: Callable[Concatenate[Case, P], T]) -> Callable[Concatenate[Case, P], T]:
    """Work that is done once for a case and what else it is told: a case never changes."""

    @wraps(work)
    def found(case: Case, /, *args: P.args, **named: P.kwargs) -> T:
        name = (work, *args, *named.items())
        if name not in case._found:
            case._found[name] = work(case, *args, **named)
        return cast(T, case._found[name])

    return found


def with_changes(case: Case, changes: Mapping[str, str | None]) -> Case:
    """The case after a transition; new files have no blob id yet."""
    files = {path: file for path, file in case.files.items() if path not in changes}
    files |= {path: File("", text.encode()) for path, text in changes.items() if text is not None}
    shared = {path: file for path, file in case.shared.items() if path not in changes}
    return replace(case, files=files, shared=shared, _places={})
