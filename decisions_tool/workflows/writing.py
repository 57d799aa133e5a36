"""How an answer changes the files of a planning case, and how it is taken back. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from decisions_tool.documents import edits
from decisions_tool.documents.base import Document
from decisions_tool.documents.concerns import Concern, Concerns, Resolution
from decisions_tool.documents.paths import TASKS, document_path, place
from decisions_tool.documents.request import Request
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.errors import DecisionsError, DocumentError, Finding
from decisions_tool.rules.concerns import coverage, out_of_scope
from decisions_tool.rules.contract import unresolved
from decisions_tool.rules.panel import choose_panel
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.facts import (
    concerns_of,
    contract_of,
    contract_path,
    further_tracks,
    parallel,
    reviews_of,
    roadmap_of,
    tracks_by_slug,
)  # fmt: skip
from decisions_tool.workflows.phases import Changes, Reply, stamp
from decisions_tool.workflows.steps import body_of, set_meta, whole

if TYPE_CHECKING:
    from decisions_tool.documents.contract import ContractMeta

# The kinds of answers and of the contract are imported where one is written: the table of phases is read far more often.


def write_roadmap(case: Case, slot: str, reply: Reply | None) -> Changes:
    """The architect's research; it has searched, or says that it could not."""
    path = document_path(case.slug, "roadmap")
    said = body_of(Roadmap, reply, path).prior_art
    assert reply is not None
    searched = re.search(r"https?://\S|no prior art found", said, re.I)
    if not searched and "prior-art" not in reply.unmet:
        hint = "name an outside source with its address, or write: no prior art found"
        raise DocumentError(
            [Finding("roadmap/prior-art", "error", path, 1, 1, "prior art names no outside source", hint)]
        )
    return whole("roadmap", "researched", "architect")(case, slot, reply)


def _edit(case: Case, path: str, document: Document) -> Changes:
    return {path: document.render()}


def _mark(document: Document, reply: Reply, **keys: object) -> Document:
    """The document with changed front matter; a rehearsed part makes the whole a rehearsal."""
    meta = document.meta.model_copy(update={**keys, "rehearsal": (document.meta.rehearsal or reply.rehearsal) or None})
    return document.model_copy(update={"meta": meta})


def write_plan(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = case.path("roadmap")
    from decisions_tool.documents.answers import PlanAnswer

    answer = body_of(PlanAnswer, reply, path)
    assert reply is not None
    roadmap = roadmap_of(case).model_copy(update={"plan": answer.plan})
    return _edit(case, path, _mark(roadmap, reply, status="planned"))


def clear_plan(case: Case, slot: str) -> Changes:
    roadmap = roadmap_of(case)
    meta = roadmap.meta.model_copy(
        update={"status": "researched", "panel": None, "panel_reason": None, "decision_makers": None}
    )
    return {case.path("roadmap"): roadmap.model_copy(update={"plan": None, "meta": meta}).render()}


def write_panel(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = case.path("roadmap")
    roadmap, request = roadmap_of(case), case.find(Request)
    assert roadmap.plan is not None
    panel, reason = choose_panel(roadmap.plan.statements, request.meta.panel if request else None)
    text = case.text(path)
    for key, value in (("panel", panel), ("panel-reason", reason)):
        text = set_meta(text, key, value, path) if roadmap.meta.case else text
    if not roadmap.meta.case:
        meta = roadmap.meta.model_copy(
            update={"case": case.slug, "status": "planned", "panel": panel, "panel_reason": reason}
        )
        text = edits.insert(text, meta.values())
    return {path: text}


def clear_panel(case: Case, slot: str) -> Changes:
    path = case.path("roadmap")
    text = edits.drop_key(case.text(path), "panel-reason", path)
    return {path: edits.drop_key(text, "panel", path)}


def write_concerns(case: Case, slot: str, reply: Reply | None) -> Changes:
    changes = _write_whole_concerns(case, slot, reply)
    path = case.path("concerns")
    found = coverage(reviews_of(case), Concerns.parse(changes[path] or "", path), path)
    if found:
        raise DocumentError(found)
    return changes


def _write_whole_concerns(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = case.path("concerns")
    answer = body_of(Concerns, reply, path)
    assert reply is not None
    fresh = tuple(concern.model_copy(update={"owner": None, "resolution": None}) for concern in answer.concerns)
    meta = stamp(Concerns, case, slot, reply, "concerns", "consolidator", "open")
    return {path: answer.model_copy(update={"concerns": fresh, "meta": meta}).render()}


def coverage_findings(case: Case) -> list[Finding]:
    concerns = case.find(Concerns)
    return coverage(reviews_of(case), concerns, case.path("concerns")) if concerns else []


def write_owners(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = case.path("concerns")
    from decisions_tool.documents.answers import OwnersAnswer

    answer = body_of(OwnersAnswer, reply, path)
    assert reply is not None
    register = concerns_of(case)
    owners = {row.concern: row.owner for row in answer.owners}
    known = {concern.id for concern in register.concerns}
    if set(owners) != known or len(answer.owners) != len(known):
        wrong = ", ".join(sorted(set(owners) ^ known)) or "a concern named twice"
        raise DecisionsError(
            f"{path}: the owners do not fit the concerns: {wrong}", "give every concern exactly one owner"
        )
    owned = tuple(c if c.owner else c.model_copy(update={"owner": owners[c.id]}) for c in register.concerns)
    return _edit(case, path, _mark(register.model_copy(update={"concerns": owned}), reply))


def clear_owners(case: Case, slot: str) -> Changes:
    register = concerns_of(case)
    bare = tuple(concern.model_copy(update={"owner": None}) for concern in register.concerns)
    return {case.path("concerns"): register.model_copy(update={"concerns": bare}).render()}


def write_skeleton(case: Case, slot: str, reply: Reply | None) -> Changes:
    """The contract's number and rows, before anybody designs against it."""
    from decisions_tool.documents.contract import Contract, ContractTrack

    roadmap = roadmap_of(case)
    tracks = further_tracks(case)
    assert roadmap.plan is not None
    primary = ContractTrack(number=1, name=roadmap.plan.statements.primary, scope=roadmap.title, agreed=False)
    rows = [ContractTrack(number=n, name=name, scope=_scope(case, name), agreed=False) for n, name in tracks]
    meta = _reserved(case, roadmap.meta.rehearsal)
    path = document_path(case.slug, "contract", number=_free_number(case, 4 + len(tracks) + 1))
    return {path: Contract(meta=meta, title=roadmap.title, tracks=(primary, *rows)).render()}


def _reserved(case: Case, rehearsal: bool | None) -> ContractMeta:
    from decisions_tool.documents.contract import ContractMeta

    values = {"type": "contract", "case": case.slug, "phase": "skeleton", "status": "reserved", "rehearsal": rehearsal}
    return ContractMeta.model_validate(values)


def _scope(case: Case, component: str) -> str:
    ids = [c.id for c in concerns_of(case).concerns if (c.owner or "").casefold() == component.casefold()]
    return f"{component}: {', '.join(ids)}"


def _free_number(case: Case, wanted: int) -> int:
    """The number itself, or the next that no file or folder of the case begins with."""
    taken = {path[len(case.folder) + 1 :].split("-")[0] for path in case.files}
    while f"{wanted:03d}" in taken:
        wanted += 1
    return wanted


def write_contract(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = contract_path(case)
    from decisions_tool.documents.contract import Contract

    answer, skeleton = body_of(Contract, reply, path), contract_of(case)
    assert reply is not None and skeleton is not None
    if [(t.number, t.name) for t in answer.tracks] != [(t.number, t.name) for t in skeleton.tracks]:
        raise DecisionsError(
            f"{path}: the tracks are not those of the skeleton", "keep numbers and names; fill in the third column"
        )
    if not all(track.agreed for track in answer.tracks):
        raise DecisionsError(
            f"{path}: a track's contract is still open", "write Provides: …; Consumes: … for every track"
        )
    found = unresolved(answer, path)
    if found:
        raise DocumentError(found)
    meta = stamp(Contract, case, slot, reply, "contract", "architect", "agreed")
    return {path: answer.model_copy(update={"title": skeleton.title, "meta": meta}).render()}


def clear_contract(case: Case, slot: str) -> Changes:
    contract = contract_of(case)
    if contract is None:
        return {}
    bare = {"provides": (), "consumes": (), "bridge": (), "agreed": False}
    tracks = tuple(track.model_copy(update=bare) for track in contract.tracks)
    meta = _reserved(case, contract.meta.rehearsal)
    update = {"tracks": tracks, "interfaces": (), "revisions": (), "meta": meta}
    return {contract_path(case): contract.model_copy(update=update).render()}


def agreed(case: Case, slot: str) -> bool:
    contract = contract_of(case)
    return contract is not None and all(track.agreed for track in contract.tracks)


def unresolved_findings(case: Case) -> list[Finding]:
    contract = contract_of(case)
    return unresolved(contract, contract_path(case)) if contract else []


def design_path(case: Case, slot: str) -> str:
    held = case.slots("design").get(slot)
    if held:
        return held
    number = tracks_by_slug(case)[slot][0]
    reserved = {found.number for path in case.paths("contract") if (found := place(path))}
    wanted = _free_number(case, 3 + number)
    return document_path(
        case.slug, "design", slot, wanted if wanted not in reserved else _free_number(case, wanted + 1)
    )


def write_resolution(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = case.path("concerns")
    from decisions_tool.documents.answers import ResolutionAnswer

    answer = body_of(ResolutionAnswer, reply, path)
    assert reply is not None
    register = concerns_of(case)
    concern = _concern(register, slot)
    refused = out_of_scope(answer.decision)
    if refused:
        raise DecisionsError(
            f"{path}: {slot}: {refused}", f"link the task that takes it, such as {TASKS}/<slug>/001-user-request.md"
        )
    settled = Resolution(
        decision=answer.decision,
        rationale=answer.rationale,
        contract=answer.contract,
        track=_track_of(case, concern),
        date=reply.day,
    )
    changes = _edit(case, path, _mark(register.replace(concern.model_copy(update={"resolution": settled})), reply))
    return changes | _revised(case, slot, settled)


def _revised(case: Case, slot: str, settled: Resolution) -> Changes:
    """The contract with a line for a resolution that changes it."""
    contract = contract_of(case)
    if contract is None or settled.contract.casefold().rstrip(".") == "none":
        return {}
    revised = contract.model_copy(update={"revisions": (*contract.revisions, f"{slot}: {settled.contract}")})
    return {contract_path(case): revised.render()}


def _track_of(case: Case, concern: Concern) -> str:
    owner = (concern.owner or "").casefold()
    for number, name in further_tracks(case):
        if name.casefold() == owner:
            return f"Track {number}"
    return "Contract" if owner == "contract" and parallel(case) else "Track 1"


def _concern(register: Concerns, slot: str) -> Concern:
    found = next((c for c in register.concerns if c.id == slot), None)
    if found is None:
        raise DecisionsError(f"there is no concern {slot}", "decisions concerns <task>")
    return found


def clear_resolution(case: Case, slot: str) -> Changes:
    register = concerns_of(case)
    open_again = _concern(register, slot).model_copy(update={"resolution": None})
    changes: Changes = {case.path("concerns"): register.replace(open_again).render()}
    contract = contract_of(case)
    if contract and any(line.startswith(f"{slot}: ") for line in contract.revisions):
        kept = tuple(line for line in contract.revisions if not line.startswith(f"{slot}: "))
        changes[contract_path(case)] = contract.model_copy(update={"revisions": kept}).render()
    return changes


def resolved(case: Case, slot: str) -> bool:
    return _concern(concerns_of(case), slot).resolution is not None


def concern_slots(case: Case) -> tuple[str, ...]:
    register = case.find(Concerns)
    return tuple(concern.id for concern in register.concerns) if register else ()
