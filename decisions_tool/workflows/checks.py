"""What can be said against the files of a case, rule by rule. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple

from decisions_tool.documents import frontmatter
from decisions_tool.documents.base import Document
from decisions_tool.documents.concerns import Concerns
from decisions_tool.documents.contract import Contract
from decisions_tool.documents.kinds import FILES
from decisions_tool.documents.paths import RECORDS, TASKS, name_problem, place
from decisions_tool.documents.register import read_register
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.errors import DecisionsError, DocumentError, Finding
from decisions_tool.rules.concerns import problems
from decisions_tool.rules.schedule import Schedule, Track, make_schedule
from decisions_tool.rules.staleness import grown
from decisions_tool.workflows.case import Case, read_document
from decisions_tool.workflows.facts import further_tracks, track_plan
from decisions_tool.workflows.planning import PLANNING
from decisions_tool.workflows.writing import out_of_scope


class Rule(NamedTuple):
    """A rule as the reference lists it."""

    name: str
    severity: str
    says: str


RULES: tuple[Rule, ...] = (
    Rule("document/encoding", "error", "The file is UTF-8 without byte order mark, and no character hides text."),
    Rule("document/front-matter", "error", "Front matter is strict YAML: plain keys and values, no anchors, tags or duplicate keys."),
    Rule("document/lost-value", "warning", "A value does not begin with #, which would make it a comment."),
    Rule("document/format", "error", "A document of ours has the sections, fields and tables of its kind."),
    Rule("document/normal-form", "warning", "A document of ours stands as the program writes it; `decisions fmt` renders its views."),
    Rule("document/file", "error", "A managed path holds a regular file of at most 1 MiB."),
    Rule("front-matter/type", "error", "The type is the kind that the file name says."),
    Rule("front-matter/key", "error", "Every key is known and holds a value of its type."),
    Rule("path/name", "error", "File and folder names survive on every system."),
    Rule("path/twins", "error", "No two names differ only in case or Unicode form."),
    Rule("concerns/contradiction", "warning", "A concern's own field and the addressing log agree."),
    Rule("concerns/duplicate", "warning", "A concern id is used once."),
    Rule("concerns/unknown", "warning", "The addressing log decides concerns that there are."),
    Rule("concerns/coverage", "error", "Every finding of every review belongs to exactly one concern."),
    Rule("contract/unresolved", "error", "What a track consumes, another one provides."),
    Rule("contract/ambiguous", "error", "An interface has one provider."),
    Rule("schedule/unknown", "error", "A phase depends on phases that there are."),
    Rule("schedule/cycle", "error", "No phases wait for each other."),
    Rule("schedule/early-wait", "warning", "Early phases of a track wait for no other track."),
    Rule("planning/single-track", "warning", "Concerns that point elsewhere get a track; out of scope is no resolution."),
    Rule("planning/contract-last", "warning", "The contract is agreed before the first track is designed."),
    Rule("planning/sequential-tracks", "warning", "Tracks run side by side unless one consumes what the other provides."),
    Rule("roadmap/prior-art", "warning", "Prior art was searched outside the repository, or none was found."),
    Rule("stale", "warning", "No input of an answer changed after it, other than by what later phases add."),
    Rule("config/toml", "error", "decisions.toml is TOML."),
    Rule("config/key", "error", "Every key of decisions.toml is known."),
    Rule("config/value", "error", "Every value of decisions.toml has its type."),
    Rule("config/size", "error", "decisions.toml has at most 4 MiB."),
)  # fmt: skip


def check_file(path: str, data: bytes) -> list[Finding]:
    """What can be said of one file by itself; strict where its type is ours, tolerant of hands elsewhere."""
    where = place(path)
    named = check_name(path) if path.startswith((f"{TASKS}/", f"{RECORDS}/")) else []
    try:
        text = frontmatter.decode(data, path)
        named += _mixed(text, path)
        front = frontmatter.read(text, path)
    except DocumentError as error:
        return named + list(error.findings)
    kind = where.kind if where and where.kind in FILES else str((front.values or {}).get("type", ""))
    if front.values is None or kind not in FILES:
        by_hand = where is not None and where.kind == "concerns"
        return named + list(front.warnings) + (problems(read_register(text), path) if by_hand else [])
    return named + list(front.warnings) + _check_ours(kind, path, data, text, front)


def _mixed(text: str, path: str) -> list[Finding]:
    line = frontmatter.mixed_ends(text)
    said = "this line ends otherwise than the first one"
    return (
        [Finding("document/encoding", "error", path, line, 1, said, "save the file with one kind of line end")]
        if line
        else []
    )


def _check_ours(kind: str, path: str, data: bytes, text: str, front: frontmatter.FrontMatter) -> list[Finding]:
    try:
        document = read_document(kind, path, data)
    except DocumentError as error:
        return list(error.findings)
    found = problems(read_register(front.body, front.body_line), path) if isinstance(document, Concerns) else []
    if isinstance(document, Concerns):
        found += _scoped(document, path)
    if isinstance(document, Contract):
        from decisions_tool.rules.contract import unresolved

        found += unresolved(document, path)
    if isinstance(document, Roadmap) and "prior-art" in (document.meta.unmet or ()):
        hint = "add a source to Prior art, or write: no prior art found"
        found.append(
            Finding(
                "roadmap/prior-art", "warning", path, 1, 1, "prior art was not searched outside the repository", hint
            )
        )
    if document.render() != text.replace("\r\n", "\n") and document.KIND != "request":
        found.append(
            Finding("document/normal-form", "warning", path, 1, 1, "not in normal form", f"decisions fmt {path}")
        )
    return found


def _scoped(document: Concerns, path: str) -> list[Finding]:
    settled = [(concern, concern.resolution) for concern in document.concerns if concern.resolution]
    return [
        Finding("planning/single-track", "warning", path, 1, 1, f"{concern.id}: {why}", "link the task that takes it")
        for concern, resolution in settled
        if (why := out_of_scope(resolution.decision))
    ]


def check_name(path: str) -> list[Finding]:
    """Names that do not survive on every system."""
    found = []
    for name in path.split("/"):
        why = name_problem(name)
        if why:
            found.append(Finding("path/name", "error", path, 0, 0, f"the name {name!r} {why}", "rename it: git mv"))
    return found


def check_twins(paths: Iterable[str]) -> list[Finding]:
    """Paths that become one file on a system that folds case or Unicode."""
    seen: dict[str, str] = {}
    found = []
    for path in sorted(paths):
        key = unicodedata.normalize("NFC", path).casefold()
        other = seen.setdefault(key, path)
        if other != path:
            found.append(
                Finding(
                    "path/twins",
                    "error",
                    path,
                    0,
                    0,
                    f"differs from {other} only in case or Unicode form",
                    "rename one of them",
                )
            )
    return found


def check_case(case: Case, fetch: Callable[[str], bytes | None] | None = None) -> list[Finding]:
    """What only several files together show; ``fetch`` reads a blob by its id, for staleness."""
    found: list[Finding] = []
    if not case.started:
        return found
    for part in (_covered, _single_track, _contract_last, _scheduled):
        try:
            found += part(case)
        except DecisionsError:
            continue
    return found + (_stale(case, fetch) if fetch else [])


def _covered(case: Case) -> list[Finding]:
    return next(phase for phase in PLANNING if phase.name == "concerns").verify(case)


def _single_track(case: Case) -> list[Finding]:
    plan = track_plan(case)
    path = case.path("concerns")
    register = case.find(Concerns)
    resolved = register is not None and any(concern.resolution for concern in register.concerns)
    if not plan.decisive.needed or not resolved or further_tracks(case):
        return []
    share = f"{plan.decisive.elsewhere} of {plan.decisive.counted} counted concerns belong elsewhere"
    return [
        Finding(
            "planning/single-track",
            "warning",
            path,
            1,
            1,
            f"{share}, but there is one track",
            f"decisions tracks {case.slug}",
        )
    ]


def _contract_last(case: Case) -> list[Finding]:
    designs = case.paths("design")
    contract = case.find(Contract)
    if not designs or (contract and all(track.agreed for track in contract.tracks)):
        return []
    said = "designed before the contract is agreed" if contract else "designed without a contract"
    return [
        Finding("planning/contract-last", "warning", path, 1, 1, said, "agree on the contract first")
        for path in designs
    ]


def _scheduled(case: Case) -> list[Finding]:
    return list(schedule_of(case).findings)


def schedule_of(case: Case) -> Schedule:
    """The schedule of a case from its roadmap (track 1) and its designs."""
    from decisions_tool.documents.design import Design

    roadmap, contract = case.find(Roadmap), case.find(Contract)
    tracks = []
    if roadmap and roadmap.plan:
        tracks.append(Track(1, roadmap.plan.statements.primary, case.path("roadmap"), roadmap.plan.phases))
    numbers = {name.casefold(): number for number, name in further_tracks(case)} if roadmap else {}
    for order, path in enumerate(case.paths("design"), start=2):
        design = case.read(Design, path)
        tracks.append(Track(numbers.get(design.component.casefold(), order), design.component, path, design.phases))
    consumes = {t.number: bool(t.consumes) for t in contract.tracks if t.agreed} if contract else None
    return make_schedule(tracks, consumes)


def _stale(case: Case, fetch: Callable[[str], bytes | None]) -> list[Finding]:
    found = []
    for path in case.files:
        document = _ours(case, path)
        for source, blob in (document.meta.inputs or {}).items() if document else ():
            if _changed(case, source, blob, fetch):
                assert document is not None
                name = f"{document.meta.phase}/{document.meta.agent}"
                message = f"{source} changed after it was read here"
                found.append(Finding("stale", "warning", path, 1, 1, message, f"decisions redo {case.slug} {name}"))
    return found


def _ours(case: Case, path: str) -> Document | None:
    where = place(path)
    if where is None or where.kind not in FILES:
        return None
    try:
        return read_document(where.kind, path, case.files[path].data)
    except DocumentError:
        return None


def _changed(case: Case, path: str, blob: str, fetch: Callable[[str], bytes | None]) -> bool:
    held = case.files.get(path)
    if held is None or held.blob == blob:
        return held is None
    before, where, now = fetch(blob), place(path), _ours(case, path)
    if before is None or where is None or now is None:
        return False
    try:
        return not grown(read_document(where.kind, path, before), now)
    except DocumentError:
        return True
