"""How an answer changes the files of a question, and how it is taken back. Pure."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote

from decisions_tool.documents.base import Document, with_note
from decisions_tool.documents.comparison import Comparison
from decisions_tool.documents.computed import Addendum, Record, TallyDocument
from decisions_tool.documents.edits import drop_key
from decisions_tool.documents.framing import Framing, frame_text, read_frame
from decisions_tool.documents.identity import Identity
from decisions_tool.documents.judged import CHECKS, Gate, RefineAnswer, gate_text
from decisions_tool.documents.paths import QUESTIONS, RECORDS, document_path, place
from decisions_tool.documents.proposal import Hybrid, Patch, Proposal
from decisions_tool.documents.standing import section_superseded, short, superseded, without_addendum
from decisions_tool.documents.vote import Confirm, Runoff, Vote, complete, unread
from decisions_tool.errors import DecisionsError, DocumentError, Finding
from decisions_tool.rules.quality import Attempt, failures, gate
from decisions_tool.rules.tally import quorum, tenths
from decisions_tool.text import slugify
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.paper import criteria_of, order_of
from decisions_tool.workflows.phases import Changes, Reply, stamp
from decisions_tool.workflows.question import (
    approaches,
    attempts,
    ending,
    first_setup,
    first_tally,
    frame,
    framing,
    heard,
    iteration,
    labels,
    last_tally,
    launched,
    light,
    name_of,
    passed,
    runoff_done,
    runoff_setup,
    terms,
    wanted_again,
)  # fmt: skip
from decisions_tool.workflows.record_text import Heading, addendum_text, record_text, with_addendum
from decisions_tool.workflows.settling import outcome
from decisions_tool.workflows.steps import body_of, set_meta
from decisions_tool.workflows.steps import settled as written_down
from decisions_tool.workflows.tally_text import tally_text


def spoken(kind: type[Document], phase: str, role: str) -> Callable[[Case, str, Reply | None], Changes]:
    """A writer for an answer that is kept in its author's words."""

    def write(case: Case, slot: str, reply: Reply | None) -> Changes:
        path = document_path(case.slug, kind.KIND, slot)
        return {path: put(kind, path, case, slot, reply, phase, role)}

    return write


def put(
    kind: type[Document], path: str, case: Case, slot: str, reply: Reply | None, phase: str, role: str, **keys: object
) -> str:
    """An answer as the text of its document; DocumentError where it does not fit its format."""
    assert reply is not None
    body_of(kind, reply, path)
    meta = stamp(kind, case, slot, reply, phase, role, str(keys.pop("status", "done"))).model_dump(
        by_alias=True, exclude_none=True
    )
    meta |= {"iteration": iteration(case), **keys}
    words = with_note(reply.body.lstrip("\ufeff\n"), reply.rehearsal or None)
    return written_down(kind.model_validate({"meta": kind.META.model_validate(meta), "words": words}), path)


def computed(
    kind: type[Document], path: str, case: Case, phase: str, words: str, inputs: dict[str, str], **keys: object
) -> str:
    """A document that follows from its inputs."""
    values = {
        "type": kind.KIND, "case": case.slug, "phase": phase, "iteration": iteration(case), "rehearsal": rehearsed(case) or None,
        "inputs": dict(sorted(inputs.items())) or None, **keys,
    }  # fmt: skip
    meta = kind.META.model_validate({key: value for key, value in values.items() if value is not None})
    return written_down(kind.model_validate({"meta": meta, "words": words}), path)


def rehearsed(case: Case) -> bool:
    """Whether anything that this case rests on was answered without a model."""
    kinds = (Proposal, Hybrid, Comparison, Vote, Runoff, Confirm, Patch)
    return any(case.read(kind, path).meta.rehearsal for kind in kinds for path in _readable(case, kind))


def _readable(case: Case, kind: type[Document]) -> list[str]:
    bad = {finding.path for finding in case.findings_of(kind.KIND)}
    return [path for path in case.paths(kind.KIND) if path not in bad]


def blobs(case: Case, *kinds: str) -> dict[str, str]:
    return {path: case.files[path].blob for kind in kinds for path in case.paths(kind)}


# ---------------------------------------------------------------------- proposals and gate


def write_proposal(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = document_path(case.slug, "proposal", slot)
    again = wanted_again(case, slot)
    told = case.find(Gate)
    failed = (
        [check for check, ok in zip(CHECKS, told.rows[slot].passed, strict=True) if not ok] if again and told else None
    )
    more: dict[str, object] = {"asked": again, "failed": failed} if again else {}
    return {path: put(Proposal, path, case, slot, reply, "propose", "proposer", **more)}


def write_gate(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = document_path(case.slug, "gate")
    found = gate(attempts(case), terms(case), launched(case), light(case))
    words = gate_text(name_of(case), list(found.rows), launched(case), quorum(launched(case)), found.status)
    return {path: computed(Gate, path, case, "gate", words, blobs(case, "proposal", "compliance"), status=found.status)}


def write_hybrid(phase: str, role: str) -> Callable[[Case, str, Reply | None], Changes]:
    """A hybrid passes the gate at once, or is refused with what failed."""

    def write(case: Case, slot: str, reply: Reply | None) -> Changes:
        path = document_path(case.slug, "hybrid", slot)
        text = put(Hybrid, path, case, slot, reply, phase, role)
        failed = failures(Attempt(slot, "hybrid", Hybrid.parse(text, path).said), terms(case))
        if failed:
            told = "; ".join(f"{check}: {why}" for check, why in failed.items())
            raise DocumentError(
                [Finding("gate/hybrid", "error", path, 1, 1, told, f"decisions redo {quote(case.slug)} {phase}/{slot}")]
            )
        return {path: text}

    return write


# ---------------------------------------------------------------------- synthesis


def write_comparison(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = document_path(case.slug, "comparison")
    text = put(Comparison, path, case, slot, reply, "synthesise", "synthesizer")
    problems = grouping(Comparison.parse(text, path), passed(case))
    if problems:
        raise DocumentError([Finding("document/format", "error", path, 1, 1, said, hint) for said, hint in problems])
    return {path: text}


def grouping(document: Comparison, slots: tuple[str, ...]) -> list[tuple[str, str]]:
    """Why a synthesis is none: every proposal belongs to exactly one of at most five approaches."""
    said = document.said
    wanted, held = {int(slot[-2:]) for slot in slots}, [n for a in said.approaches for n in a.agents]
    told = {
        "belong to no approach": sorted(wanted - set(held)),
        "did not pass the gate, or do not exist": sorted(set(held) - wanted),
        "belong to several approaches": sorted({n for n in held if held.count(n) > 1}),
    }
    hint = "put every proposal in exactly one approach"
    found = [(f"proposals {', '.join(map(str, which))} {what}", hint) for what, which in told.items() if which]
    if len(said.approaches) > 5:
        found.append((f"{len(said.approaches)} approaches, five are the most", "merge what differs little"))
    names = [a.name.casefold() for a in said.approaches]
    if names != sorted(names):
        hint = "list them in alphabetical order, so that labels tell nothing"
        found.append(("the approaches are not listed by name", hint))
    empty = [a.name for a in said.approaches if not a.agents]
    return found + [(f"nobody proposed {name}", "a synthesis proposes nothing of its own") for name in empty]


# ---------------------------------------------------------------------- votes and tally


def write_vote(kind: type[Vote], phase: str) -> Callable[[Case, str, Reply | None], Changes]:
    """A vote is complete, or refused with the line and what was expected."""

    def write(case: Case, slot: str, reply: Reply | None) -> Changes:
        path = document_path(case.slug, kind.KIND, slot)
        order = list(order_of(case, slot, kind.KIND))
        text = put(kind, path, case, slot, reply, phase, "voter", order=order)
        document = kind.parse(text, path)
        names = [name for name, _ in criteria_of(case, slot)]
        found = complete(document.cast, labels(case, kind.KIND), names, reasons=True) + unread(
            document.meta.unmet or ()
        )
        if found:
            raise DocumentError(
                [Finding("document/format", "error", path, p.line, 1, p.message, p.hint) for p in found]
            )
        return {path: text}

    return write


def counted(case: Case) -> str:
    """Which votes the present tally is about."""
    return "runoff" if runoff_done(case) else "vote"


def tally_inputs(case: Case) -> tuple[str, ...]:
    kinds = ("comparison", "vote", "runoff") if counted(case) == "runoff" else ("comparison", "vote")
    return tuple(path for kind in kinds for path in case.paths(kind))


def write_tally(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = document_path(case.slug, "tally")
    found, follows = last_tally(case), ending(case)
    inputs = {path: case.files[path].blob for path in tally_inputs(case)}
    share = tenths(found.share) if found.valid else None
    keys = {"status": "done", "outcome": follows, "class": found.verdict, "winner": found.winner, "share": share}
    return {path: computed(TallyDocument, path, case, "tally", tally_words(case, follows), inputs, **keys)}


def tally_words(case: Case, follows: str) -> str:
    """The tally's body; after a runoff both votes are shown."""
    names = {approach.label: approach.name for approach in approaches(case)}
    done, now = runoff_done(case), first_tally(case)
    first = tally_text(name_of(case), heard(case), first_setup(case), now, names, now.next if done else follows)
    if not done:
        return first
    votes, name = heard(case, "runoff"), f"{name_of(case)}, runoff"
    return f"{tally_text(name, votes, runoff_setup(case), last_tally(case), names, follows)}\n{first}"


# ---------------------------------------------------------------------- identity, record, addendum


def write_identity(case: Case, slot: str, reply: Reply | None) -> Changes:
    path = document_path("", "identity")
    assert reply is not None
    body_of(Identity, reply, path)
    values: dict[str, object] = {
        "type": "identity", "case": case.slug, "phase": "identity", "pinned": case.pinned, "role": "extractor", "agent": slot,
        "backend": reply.backend, "model": reply.model, "rehearsal": reply.rehearsal or None, "usage": dict(reply.usage) or None,
        "created": reply.created,
    }  # fmt: skip
    meta = Identity.META.model_validate({key: value for key, value in values.items() if value is not None})
    words = with_note(reply.body, reply.rehearsal or None)
    return {path: written_down(Identity.model_validate({"meta": meta, "words": words}), path)}


def clear_identity(case: Case, slot: str) -> Changes:
    path = document_path("", "identity")
    return {path: None} if case.file(path) else {}


def write_record(case: Case, slot: str, reply: Reply | None) -> Changes:
    """The record under its late number, and the framing that says so."""
    found, rehearsal = outcome(case), rehearsed(case)
    number, day = case.outside.number(), case.outside.day
    slug = slugify(found.approach.name) or case.slug
    path, opening = document_path("", "record", slug, number), case.path("framing")
    replaced = supersession(case, path, rehearsal)
    head = Heading(name_of(case), slug, number, day, _said_of(case) if replaced else "")
    words = record_text(head, frame(case), found, rehearsal)
    asked = sorted({f"{vote.role} voter" for vote in heard(case)}) if case.paths("vote") else []
    keys = {
        "status": found.status,
        "date": day,
        "decision-makers": list(found.people) or None,
        "consulted": asked or None,
        "amends" if framing(case).meta.section else "supersedes": [old.rpartition("/")[2] for old in replaced] or None,
    }
    inputs = blobs(case, "framing", "comparison", "tally", "proposal", "hybrid", "patch")
    text = set_meta(case.text(opening), "record", path, opening)
    return {path: computed(Record, path, case, "record", words, inputs, **keys), opening: text, **replaced}


def supersession(case: Case, by: str, rehearsal: bool) -> Changes:
    """The record that this one takes the place of, with a line that says so; a rehearsal takes the place of rehearsals only."""
    meta = framing(case).meta
    old = meta.supersedes or ""
    held = case.outside.now(old) if old else None
    if held is None or (rehearsal and not Record.parse(held, old).meta.rehearsal):
        return {}
    return {old: section_superseded(held, old, meta.section, by) if meta.section else superseded(held, old, by)}


def _said_of(case: Case) -> str:
    meta = framing(case).meta
    return short(meta.supersedes or "") + (f", section {meta.section}" if meta.section else "")


def write_addendum(case: Case, slot: str, reply: Reply | None) -> Changes:
    """The addendum, and the constraints that it joins unless the case was a rehearsal."""
    record, path = framing(case).meta.record or "", document_path(case.slug, "addendum")
    number, _, name = record.rpartition("/")[2].removeprefix("DR-").removesuffix(".md").partition("-")
    held, rehearsal = case.outside.now(record), rehearsed(case)
    day = Record.parse(held, record).meta.date if held else None
    head = Heading(name_of(case), name, int(number or 0), day or case.outside.day)
    words = addendum_text(head, outcome(case), rehearsal)
    inputs = blobs(case, "comparison", "tally", "proposal")
    changes: Changes = {path: computed(Addendum, path, case, "addendum", words, inputs, status="done")}
    if not rehearsal:
        shared = document_path("", "constraints")
        gone = (framing(case).meta.supersedes or "",) if not framing(case).meta.section else ()
        changes[shared] = with_addendum(without_addendum(case.outside.now(shared) or "", gone), words)
    return changes


def beyond_record(case: Case, path: str) -> bool:
    return path.startswith(f"{RECORDS}/DR-")


def beyond_constraints(case: Case, path: str) -> bool:
    return path == document_path("", "constraints")


def beyond_identity(case: Case, path: str) -> bool:
    return path == document_path("", "identity")


# ---------------------------------------------------------------------- refinement


def write_refinement(case: Case, slot: str, reply: Reply | None) -> Changes:
    """Sub-questions as cases of their own, or the next iteration with a forced choice."""
    path = case.path("framing")
    answer = body_of(RefineAnswer, reply, path).said
    assert reply is not None
    return _forced(case, path) if answer.forced else _split(case, path, answer.questions)


def _split(case: Case, path: str, questions: dict[str, str]) -> Changes:
    asked, before = framing(case), " ".join(frame(case).question.split())
    changes: Changes = {}
    for letter, words in questions.items():
        question = read_frame(words).question
        if not question or " ".join(question.split()) == before:
            said = f"{path}: sub-question {letter} is the question itself"
            raise DecisionsError(said, "make it smaller: fewer files, one part of the scope")
        where = document_path(f"{case.slug}{letter}", "framing")
        values = {"type": "framing", "status": "open", "impact": asked.impact, "parent": case.slug}
        meta = Framing.META.model_validate({**values, "case": f"{case.slug}{letter}"})
        changes[where] = written_down(Framing.model_validate({"meta": meta, "words": words.rstrip() + "\n"}), where)
    names = [f"{case.slug}{letter}" for letter in questions]
    return changes | {path: set_meta(case.text(path), "split", names, path)}


def _forced(case: Case, path: str) -> Changes:
    """Everything moves into ``iteration-K/``; the framing is copied on with a choice of two."""
    found, asked = first_tally(case), framing(case)
    known = {approach.label: approach for approach in approaches(case)}
    ranked = sorted(found.sums, key=lambda x: (-found.counted.get(x, 0), -found.sums[x]))[:2]
    names = [known[label].name if label in known else label for label in ranked]
    question = f"Which of the two should it be, {' or '.join(names)}?"
    told = tuple(f"{name}: {known[label].summary}" for name, label in zip(names, ranked, strict=True) if label in known)
    if asked.frame.question == question:
        raise DecisionsError(
            f"{path}: the framing would not change", f"decisions decide {quote(case.slug)} <approach> --reason …"
        )
    words = frame_text(asked.frame._replace(question=question, inside=(*told, *asked.frame.inside[:5])))
    changes = archived(case)
    meta = asked.meta.model_copy(update={"iteration": iteration(case) + 1, "pinned": case.commit or asked.meta.pinned})
    return changes | {path: written_down(Framing.model_validate({"meta": meta, "words": words}), path)}


def judge_refinement(case: Case, changes: dict[str, str | None]) -> str:
    """Why a transition is no refinement of this question, or nothing."""
    path = case.path("framing")
    parts = {other: text for other, text in changes.items() if beyond_split(case, other)}
    try:
        if not parts:
            return "" if changes == _forced(case, path) else "the next iteration does not come out as recorded"
        names = [other.split("/")[-2] for other in parts]
        if changes != parts | {path: set_meta(case.text(path), "split", names, path)}:
            return "a split changed more than the framing's key"
        strange = [other for other, text in parts.items() if Framing.parse(text or "", other).meta.parent != case.slug]
        return f"{strange[0]} does not name the question that it is a part of" if strange else ""
    except DecisionsError as error:
        return error.message


def archived(case: Case) -> Changes:
    """The whole set of this iteration in a folder of its own; what the workflow does not name stays where somebody put it."""
    folder = f"{QUESTIONS}/{case.slug}/"
    changes: Changes = {}
    for path in case.files:
        where = place(path)
        if where is not None and where.kind != "other":
            changes[f"{folder}iteration-{iteration(case)}/{path.removeprefix(folder)}"] = case.text(path)
            changes[path] = None
    return changes


def clear_refinement(case: Case, slot: str) -> Changes:
    path = case.path("framing")
    return {path: drop_key(case.text(path), "split", path)} if framing(case).meta.split else {}


def beyond_split(case: Case, path: str) -> bool:
    return any(path == document_path(f"{case.slug}{letter}", "framing") for letter in "abc")
