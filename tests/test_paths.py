"""F6: file names as one table, read and written the same way."""

from __future__ import annotations

import pytest

from decisions_tool.documents.paths import Place, document_path, place

NAMES = {
    "_tasks/cache/001-user-request.md": Place("planning", "cache", "request", ""),
    "_tasks/cache/002-roadmap.md": Place("planning", "cache", "roadmap", ""),
    "_tasks/cache/003-tarjan-review.md": Place("planning", "cache", "review", "tarjan"),
    "_tasks/cache/004-expert-concerns.md": Place("planning", "cache", "concerns", ""),
    "_tasks/cache/005-store-design.md": Place("planning", "cache", "design", "store", 5),
    "_tasks/cache/006-rules-spec.md": Place("planning", "cache", "design", "rules", 6),
    "_tasks/cache/007-contract.md": Place("planning", "cache", "contract", "", 7),
    "_tasks/cache/research/store.md": Place("planning", "cache", "research", "store"),
    "_tasks/cache/research/synthesis.md": Place("planning", "cache", "synthesis", ""),
    "_tasks/cache/notes.md": Place("planning", "cache", "other", ""),
    "docs/decisions/working/q1/framing.md": Place("decision", "q1", "framing", ""),
    "docs/decisions/working/q1/agents/agent-03-proposal.md": Place("decision", "q1", "proposal", "agent-03"),
    "docs/decisions/working/q1/agents/hybrid-01-proposal.md": Place("decision", "q1", "hybrid", "hybrid-01"),
    "docs/decisions/working/q1/quality-gate.md": Place("decision", "q1", "gate", ""),
    "docs/decisions/working/q1/synthesis.md": Place("decision", "q1", "comparison", ""),
    "docs/decisions/working/q1/votes/voter-10.md": Place("decision", "q1", "vote", "voter-10"),
    "docs/decisions/working/q1/runoff/voter-01.md": Place("decision", "q1", "runoff", "voter-01"),
    "docs/decisions/working/q1/confirm/voter-02.md": Place("decision", "q1", "confirm", "voter-02"),
    "docs/decisions/working/q1/tally.md": Place("decision", "q1", "tally", ""),
    "docs/decisions/working/q1/constraint-addendum.md": Place("decision", "q1", "addendum", ""),
    "docs/decisions/working/q1/spike.md": Place("decision", "q1", "spike", ""),
    "docs/decisions/working/q1/reversal.md": Place("decision", "q1", "reversal", ""),
    "docs/decisions/working/q1/diagnosis.md": Place("decision", "q1", "diagnosis", ""),
    "docs/decisions/working/q1/verification.md": Place("decision", "q1", "verification", ""),
    "docs/decisions/working/identity.md": Place("decision", "", "identity", ""),
    "docs/decisions/constraints.md": Place("decision", "", "constraints", ""),
    "docs/decisions/DR-007-one-store.md": Place("decision", "", "record", "one-store", 7),
    "docs/decisions/DR-007-stories.md": Place("decision", "", "stories", "", 7),
    "docs/decisions/DR-007-retrospective.md": Place("decision", "", "retrospective", "", 7),
    "docs/decisions/cleanup.md": Place("decision", "", "cleanup", ""),
}  # fmt: skip


@pytest.mark.parametrize("path", NAMES)
def test_a_name_says_where_it_belongs(path: str) -> None:
    assert place(path) == NAMES[path]


@pytest.mark.parametrize("path", [path for path in NAMES if not path.endswith(("-spec.md", "notes.md"))])
def test_a_document_is_written_where_it_is_read(path: str) -> None:
    where = NAMES[path]
    assert document_path(where.case, where.kind, where.slot, where.number or 0) == path


@pytest.mark.parametrize(
    "path", ["README.md", "_tasks/notes.md", "docs/adr/0001-x.md", "_tasksx/cache/001-user-request.md"]
)
def test_what_is_not_ours_is_nobodys(path: str) -> None:
    assert place(path) is None
