"""History as steps: what each commit says of itself and which managed files it changed. It judges nothing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from decisions_tool.documents.kinds import read_document
from decisions_tool.documents.paths import ARCHIVE, WORKFLOWS, case_folder, with_followers
from decisions_tool.errors import DecisionsError, DocumentError
from decisions_tool.ledger.repository import REGULAR, Repository
from decisions_tool.ledger.trailers import stray, trailers

_FIELDS = ("%H", "%P", "%an <%ae>", "%cI", "%B")


class Change(NamedTuple):
    """A file that a commit changed; a blob id is empty where there is no file."""

    path: str
    before: str
    after: str
    mode: str


@dataclass(frozen=True)
class Step:
    """One commit that touches managed files; ``author`` is Name <email>."""

    commit: str
    parents: tuple[str, ...]
    author: str
    date: str
    message: str
    changes: tuple[Change, ...]

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]

    @property
    def trailers(self) -> dict[str, list[str]]:
        return trailers(self.message)

    def value(self, name: str) -> str:
        """The only value of a trailer, or an empty text."""
        values = self.trailers.get(name, [])
        return values[0] if len(values) == 1 else ""

    @property
    def forged(self) -> bool:
        """Trailers that stand twice, or outside the last paragraph."""
        return any(len(values) > 1 for values in self.trailers.values()) or stray(self.message)


def steps(
    repository: Repository,
    tip: str,
    *paths: str,
    newest_first: bool = True,
    limit: int = 0,
    whole: bool = False,
    beyond: Sequence[str] = (),
) -> Iterator[Step]:
    """Commits that touch the paths, in topological order; of a merge only what differs from all parents.

    ``whole`` tells all that such a commit changes, not only what lies below the paths; ``beyond`` are revisions such as ^main.
    """
    secret = secrets.token_hex(8)  # no message can contain what it cannot know
    begin, mark = f"\x01{secret}\x01", f"\x02{secret}\x02"
    form = f"%x01{secret}%x01" + f"%x02{secret}%x02".join((*_FIELDS, ""))
    order = [] if newest_first else ["--reverse"]
    some = [f"-{limit}"] if limit else []
    all_of_it = ["--full-diff"] if whole else []
    args = (
        "log", "--topo-order", *order, *some, *all_of_it, "--full-history", "--diff-merges=combined", "--raw", "-z", "--no-abbrev",
        "--no-renames", "--no-ext-diff", "--no-textconv", "--no-show-signature", f"-O{os.devnull}", f"--format={form}", tip, *beyond,
        "--", *paths,
    )  # fmt: skip
    out = repository.git.run(*args).decode("utf-8", "surrogateescape")
    for record in out.split(begin)[1:]:
        commit, parents, author, date, message, rest = record.split(mark, 5)
        yield Step(commit, tuple(parents.split()), author, date, message.rstrip("\n") + "\n", tuple(read_changes(rest)))


def bounds(repository: Repository, tip: str, beyond: Sequence[str]) -> tuple[str, ...]:
    """The last commits before a range."""
    out = repository.git.run("rev-list", "--boundary", tip, *beyond, "--") if beyond else b""
    return tuple(line[1:] for line in out.decode("ascii").split() if line.startswith("-"))


def read_changes(raw: str) -> Iterator[Change]:
    """What the raw format of git says, of a commit or of a merge against all its parents."""
    parts = [part for part in raw.split("\0") if part.strip("\n")]
    at = 0
    while at < len(parts):
        head = parts[at].lstrip("\n")
        count = len(head) - len(head.lstrip(":"))
        fields = head.lstrip(":").split(" ")
        modes, oids = fields[: count + 1], fields[count + 1 : 2 * count + 2]
        before, after = oids[0].split(".")[0], oids[count].split(".")[0]
        yield Change(
            parts[at + 1], "" if set(before) == {"0"} else before, "" if set(after) == {"0"} else after, modes[count]
        )
        at += 2


def is_transition(step: Step) -> bool:
    """Whether a commit says that the program made it."""
    return bool(step.value("Case") and step.value("Phase"))


def last_change(repository: Repository, tip: str, path: str) -> Step | None:
    """The last commit that changed a path."""
    found = next(steps(repository, tip, path, limit=1), None)
    if found is not None:
        _known(repository, found)
    return found


def _known(repository: Repository, step: Step) -> None:
    """The last commit of a shallow clone seems to add all that there is; nothing is concluded from that."""
    if step.commit in repository.boundary:
        raise DecisionsError("what changed last is not in this shallow clone", "git fetch --unshallow")


def folders(repository: Repository, tip: str, slug: str) -> tuple[str, ...]:
    """Where a case of this name can lie: its folder, in the archive too, its records and what follows them."""
    tops = (*(case_folder(workflow, slug) for workflow in WORKFLOWS), f"{ARCHIVE}/{slug}")
    return (*tops, *dict.fromkeys(path for top in tops[1:] for path in _records(repository, tip, top)))


def _records(repository: Repository, tip: str, folder: str) -> Iterator[str]:
    """Records that a question has come to in any of its iterations, with what follows them."""
    entry = repository.lookup(repository.tree_of(tip), folder)
    held = repository.walk(entry.oid, folder) if entry and entry.mode == "40000" else ()
    for path, file in held:
        if path.endswith("/framing.md") and file.mode in REGULAR:
            with suppress(DocumentError):
                document = read_document("framing", path, repository.held(file.oid, path))
                yield from with_followers(getattr(document.meta, "record", None) or "")


def undoable(repository: Repository, tip: str, slug: str, here: Container[str] | None = None) -> Step | None:
    """The last transition of a case that no later undo has reversed.

    With ``here``, an undo that names none of these commits was moved from elsewhere: it counts for the transition before it.
    """
    undone: set[str] = set()
    moved = 0
    for step in steps(repository, tip, *folders(repository, tip, slug), whole=True):
        _known(repository, step)
        if not is_transition(step) or step.value("Case") != slug:
            continue
        if step.value("Phase") == "undo":
            moved += here is not None and step.value("Slot") not in here
            undone.add(step.value("Slot"))
        elif step.commit not in undone and not moved:
            return step
        elif step.commit not in undone:
            moved -= 1
    return None
