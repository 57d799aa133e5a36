"""What only several files of a case together show. Pure."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote

from decisions_tool.documents.base import Document
from decisions_tool.documents.concerns import Concerns
from decisions_tool.documents.contract import Contract
from decisions_tool.documents.design import Design
from decisions_tool.documents.kinds import FILES, read_document
from decisions_tool.documents.paths import place
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.errors import DecisionsError, DocumentError, Finding
from decisions_tool.rules.schedule import Schedule, Track, make_schedule
from decisions_tool.rules.staleness import grown
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.facts import further_tracks, track_plan
from decisions_tool.workflows.tables import row, table


def check_case(
    case: Case, fetch: Callable[[str], bytes | None] | None = None, absent: Callable[[str], bool] = lambda path: False
) -> list[Finding]:
    """What only several files together show.

    For staleness, ``fetch`` reads a blob by its id, and ``absent`` says of a path that it is only not checked out.
    """
    found: list[Finding] = []
    if not case.started:
        return found
    if case.workflow == "decision":
        from decisions_tool.workflows.question_checks import check_question

        found += check_question(case)
    for part in (_covered, _single_track, _contract_last, _scheduled) if case.workflow == "planning" else ():
        try:
            found += part(case)
        except DecisionsError:
            continue
    return found + (_stale(case, fetch, absent) if fetch else [])


def _covered(case: Case) -> list[Finding]:
    return row("planning", "concerns").verify(case)


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
            f"decisions tracks {quote(case.slug)}",
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


def _stale(case: Case, fetch: Callable[[str], bytes | None], absent: Callable[[str], bool]) -> list[Finding]:
    found = []
    rows = {phase.name for phase in table(case.workflow)}
    for path in case.files:
        document = _ours(case, path)
        if document is None or document.meta.phase not in rows:  # an act of a person is no answer
            continue
        for source, blob in (document.meta.inputs or {}).items():
            if _changed(case, source, blob, fetch) and not (source not in case.files and absent(source)):
                name = "/".join(part for part in (document.meta.phase, document.meta.agent) if part)
                message = f"{source} changed after it was read here"
                found.append(
                    Finding("stale", "warning", path, 1, 1, message, f"decisions redo {quote(case.slug)} {quote(name)}")
                )
    return found


def _ours(case: Case, path: str) -> Document | None:
    where = place(path)
    file = case.file(path)
    if where is None or where.kind not in FILES or file is None:
        return None
    try:
        return read_document(where.kind, path, file.data)
    except DocumentError:
        return None


#: What the program itself adds to later: addenda, states of stories, lines of a reversal, evidence.
_GROWING = frozenset({"constraints", "record", "stories", "spike", "reversal", "diagnosis"})


def _changed(case: Case, path: str, blob: str, fetch: Callable[[str], bytes | None]) -> bool:
    held, where = case.file(path), place(path)
    if held is None or held.blob == blob or (where is not None and where.kind in _GROWING):
        return held is None
    before, now = fetch(blob), _ours(case, path)
    if before is None or where is None or now is None:
        return False
    try:
        return not grown(read_document(where.kind, path, before), now)
    except DocumentError:
        return True
