"""The decision workflow as a table: frame, identity, propose, gate, synthesise, vote, tally, record, addendum. Pure."""

from __future__ import annotations

from decisions_tool.documents.judged import Compliance
from decisions_tool.documents.paths import document_path
from decisions_tool.documents.proposal import Patch
from decisions_tool.documents.vote import Confirm, Runoff, Vote
from decisions_tool.workflows.following import DIAGNOSIS, FOLLOWING, RETURN
from decisions_tool.workflows.paper import shown
from decisions_tool.workflows.phases import RULE, Phase
from decisions_tool.workflows.question import (
    converged,
    ending,
    first_tally,
    framing,
    proposers,
    split_into,
    voters,
)  # fmt: skip
from decisions_tool.workflows.question_rows import (
    by_agents,
    gate_halt,
    gated,
    ground,
    hybrid_reads,
    hybrids,
    judged,
    lint_findings,
    parts_halt,
    proposed,
    record_findings,
    say_comparison,
    say_gate,
    say_record,
    say_tally,
    shown_to_proposer,
    synthesis_reads,
    tallied,
    tally_halt,
    to_vote,
    told,
    told_integrator,
    told_judge,
    told_patcher,
    told_proposer,
    told_refiner,
    told_synthesizer,
    told_voter,
    vote_reads,
    waits_for_others,
    wants_identity,
    wants_runoff,
)
from decisions_tool.workflows.question_writing import (
    beyond_constraints,
    beyond_identity,
    beyond_record,
    beyond_split,
    clear_identity,
    clear_refinement,
    judge_refinement,
    spoken,
    tally_inputs,
    write_addendum,
    write_comparison,
    write_gate,
    write_hybrid,
    write_identity,
    write_proposal,
    write_record,
    write_refinement,
    write_tally,
    write_vote,
)  # fmt: skip
from decisions_tool.workflows.steps import filled, held, one, path_for, paths, remove, starting

DECISION: tuple[Phase, ...] = (
    starting("framing")._replace(guard=lint_findings, halt=waits_for_others),
    Phase(
        "identity", "identity extracted", ("framing",), "identity", "extractor", one("extractor"), applies=wants_identity,
        done=lambda case, slot: case.file(document_path("", "identity")) is not None, write=write_identity, clear=clear_identity,
        answer="identity", beyond=beyond_identity, path=lambda case, slot: document_path("", "identity"),
    ),
    Phase(
        "propose", "proposed by {slot}", ("framing", "identity", "constraints"), "proposal", "proposer", proposers, applies=by_agents,
        done=proposed, write=write_proposal, clear=remove("proposal"), answer="proposal", inputs=ground, about=told_proposer,
        path=path_for("proposal"), owes=("key-files",), shows=shown_to_proposer,
    ),
    Phase(
        "judge", "roles judged", ("proposal",), "compliance", "judge", one("judge"), applies=by_agents, done=judged,
        write=spoken(Compliance, "judge", "judge"), clear=remove("compliance"), answer="compliance", inputs=paths("proposal"),
        about=told_judge,
        path=path_for("compliance"),
    ),
    Phase(
        "gate", "quality gate", ("proposal", "compliance"), "gate", RULE, lambda case: ("gate",), applies=by_agents, done=gated,
        write=write_gate, clear=remove("gate"), inputs=paths("proposal", "compliance"), tells=say_gate,
    ),
    Phase(
        "synthesise", "approaches compared", ("framing", "gate", "proposal"), "comparison", "synthesizer", one("synthesizer"),
        applies=by_agents, halt=gate_halt, done=held("comparison"), write=write_comparison, clear=remove("comparison"), answer="comparison",
        inputs=synthesis_reads, about=told_synthesizer, path=path_for("comparison"), tells=say_comparison,
        owes=("key-files",),
    ),
    Phase(
        "hybrid", "{slot} joined", ("comparison", "proposal"), "hybrid", "integrator", hybrids, applies=to_vote, done=filled("hybrid"),
        write=write_hybrid("hybrid", "integrator"), clear=remove("hybrid"), answer="hybrid", inputs=hybrid_reads,
        about=told_integrator, path=path_for("hybrid"), owes=("key-files",),
    ),
    Phase(
        "confirm", "looked at by {slot}", ("comparison",), "confirm", "voter", lambda case: voters(case)[:3],
        applies=lambda case: by_agents(case) and case.settings.decision.confirm and converged(case).converged, done=filled("confirm"),
        write=write_vote(Confirm, "confirm"), clear=remove("confirm"), answer="confirm", inputs=vote_reads,
        shows=lambda case, slot: shown(case, slot, "confirm"), about=told_voter("confirm"), path=path_for("confirm"), owes=("key-files",),
    ),
    Phase(
        "vote", "voted by {slot}", ("framing", "comparison"), "vote", "voter", voters, applies=to_vote, done=filled("vote"),
        write=write_vote(Vote, "vote"), clear=remove("vote"), answer="vote", inputs=vote_reads,
        shows=lambda case, slot: shown(case, slot, "vote"), about=told_voter("vote"), path=path_for("vote"), owes=("key-files",),
    ),
    Phase(
        "tally", "votes counted", ("comparison", "vote", "runoff"), "tally", RULE, lambda case: ("tally",), applies=to_vote, done=tallied,
        write=write_tally, clear=remove("tally"), inputs=lambda case, slot: tally_inputs(case), tells=say_tally,
    ),
    Phase(
        "patch", "vetoed flaw mended", ("comparison", "tally"), "patch", "patcher", one("patcher"),
        applies=lambda case: to_vote(case) and first_tally(case).next == "patch", done=held("patch"),
        write=spoken(Patch, "patch", "patcher"), clear=remove("patch"), answer="patch",
        inputs=lambda case, slot: (*ground(case, slot), *case.paths("comparison"), *case.paths("tally"), *case.paths("proposal")),
        about=told_patcher, path=path_for("patch"), owes=("key-files",),
    ),
    Phase(
        "runoff", "runoff voted by {slot}", ("framing", "comparison"), "runoff", "voter", voters, applies=wants_runoff,
        done=filled("runoff"), write=write_vote(Runoff, "runoff"), clear=remove("runoff"), answer="runoff", inputs=vote_reads,
        shows=lambda case, slot: shown(case, slot, "runoff"), about=told_voter("runoff"), path=path_for("runoff"), owes=("key-files",),
    ),
    Phase(
        "refine", "question refined", ("framing", "comparison", "tally"), "framing", "refiner", one("refiner"),
        applies=lambda case: split_into(case) == () and to_vote(case) and ending(case) == "refine",
        done=lambda case, slot: bool(split_into(case)), write=write_refinement, clear=clear_refinement, answer="refine",
        inputs=lambda case, slot: (*ground(case, slot), *case.paths("comparison"), *case.paths("tally")), about=told_refiner,
        beyond=beyond_split, judge=judge_refinement,
    ),
    Phase(
        "compose", "parts composed", ("framing", "addendum"), "hybrid", "synthesizer", lambda case: ("hybrid-01",),
        applies=lambda case: bool(split_into(case)), halt=parts_halt, done=filled("hybrid"),
        write=write_hybrid("compose", "synthesizer"), clear=remove("hybrid"),
        answer="hybrid", inputs=ground, about=lambda case, slot: told(case, name="composed", of="", reason="parts of one question"),
        path=path_for("hybrid"),
    ),
    *DIAGNOSIS,
    RETURN,
    Phase(
        "record", "decided", ("framing", "comparison", "tally", "proposal"), "record", RULE, lambda case: ("record",), halt=tally_halt,
        done=lambda case, slot: bool(framing(case).meta.record), write=write_record, clear=lambda case, slot: {}, beyond=beyond_record,
        inputs=paths("framing", "comparison", "tally"), tells=say_record, verify=record_findings,
        path=lambda case, slot: framing(case).meta.record or "",
    ),
    Phase(
        "addendum", "constraints handed on", ("comparison", "tally"), "addendum", RULE, lambda case: ("addendum",), done=held("addendum"),
        write=write_addendum, clear=remove("addendum"), beyond=beyond_constraints, inputs=paths("comparison", "tally"),
    ),
    *FOLLOWING,
)  # fmt: skip
