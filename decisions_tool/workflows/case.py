"""A case as one commit holds it: its files, read as documents when somebody asks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from decisions_tool.config import Settings
from decisions_tool.documents import frontmatter
from decisions_tool.documents.base import Document
from decisions_tool.documents.kinds import FILES, read_document
from decisions_tool.documents.paths import TASKS, Place, place, task_path
from decisions_tool.documents.request import Request
from decisions_tool.errors import DocumentError, Finding

D = TypeVar("D", bound=Document)


class File(NamedTuple):
    """A file of a case; ``blob`` is its object id."""

    blob: str
    data: bytes


@dataclass(frozen=True)
class Case:
    """``files`` maps the repository path to a file; ``commit`` is the commit that holds them all."""

    slug: str
    files: Mapping[str, File]
    settings: Settings
    commit: str = ""
    workflow: str = "planning"
    _places: dict[str, Place] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for path in sorted(self.files):
            found = place(path)
            if found is not None:
                self._places[path] = found

    @property
    def folder(self) -> str:
        return f"{TASKS}/{self.slug}"

    def paths(self, kind: str) -> tuple[str, ...]:
        """Paths of all documents of a kind, sorted."""
        return tuple(path for path, where in self._places.items() if where.kind == kind)

    def slots(self, kind: str) -> dict[str, str]:
        """Slot -> path for a kind with one document a slot; the first name of a slot counts."""
        found: dict[str, str] = {}
        for path in self.paths(kind):
            found.setdefault(self._places[path].slot, path)
        return found

    def path(self, kind: str, slot: str = "") -> str:
        """Where the document of a kind is, or would be."""
        held = self.slots(kind).get(slot) if slot else next(iter(self.paths(kind)), None)
        return held or task_path(self.slug, kind, slot)

    def read(self, kind: type[D], path: str) -> D:
        """The document at a path; the path must be in the case."""
        document = read_document(kind.KIND, path, self.files[path].data)
        assert isinstance(document, kind)
        return document

    def find(self, kind: type[D], slot: str = "") -> D | None:
        """The document of a kind, or None where there is none."""
        path = self.path(kind.KIND, slot)
        return self.read(kind, path) if path in self.files else None

    def text(self, path: str) -> str:
        return frontmatter.decode(self.files[path].data, path)

    @property
    def request(self) -> Request | None:
        return self.find(Request)

    @property
    def managed(self) -> bool:
        """Whether the program runs this case: started once, or newer than the baseline."""
        path = self.path("request")
        if path not in self.files:
            return False
        return self.started or (self.settings.initialised and self.slug not in self.settings.older)

    @property
    def started(self) -> bool:
        path = self.path("request")
        return path in self.files and self.files[path].data.startswith(b"---") and b"\nstatus:" in self.files[path].data

    def findings(self) -> list[Finding]:
        """What keeps documents of this case from being read."""
        found: list[Finding] = []
        for path, where in self._places.items():
            if where.kind in FILES:
                try:
                    read_document(where.kind, path, self.files[path].data)
                except DocumentError as error:
                    found += error.findings
        return found


def with_changes(case: Case, changes: Mapping[str, str | None]) -> Case:
    """The case after a transition; new files have no blob id yet."""
    files = {path: file for path, file in case.files.items() if path not in changes}
    files |= {path: File("", text.encode()) for path, text in changes.items() if text is not None}
    return Case(case.slug, files, case.settings, case.commit)
