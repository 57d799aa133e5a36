"""The document kinds by name; each module is imported when its kind is first met. Pure."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decisions_tool.documents.base import Document

KINDS = {
    "request": "request:Request",
    "roadmap": "roadmap:Roadmap",
    "review": "review:Review",
    "concerns": "concerns:Concerns",
    "research": "research:Research",
    "synthesis": "research:Synthesis",
    "contract": "contract:Contract",
    "design": "design:Design",
    "framing": "framing:Framing",
    "identity": "identity:Identity",
    "proposal": "proposal:Proposal",
    "hybrid": "proposal:Hybrid",
    "patch": "proposal:Patch",
    "compliance": "judged:Compliance",
    "gate": "judged:Gate",
    "comparison": "comparison:Comparison",
    "vote": "vote:Vote",
    "runoff": "vote:Runoff",
    "confirm": "vote:Confirm",
    "tally": "computed:TallyDocument",
    "record": "computed:Record",
    "addendum": "computed:Addendum",
    "constraints": "computed:Constraints",
    "stories": "stories:Stories",
    "spike": "spike:Spike",
    "reversal": "reversal:Reversal",
    "diagnosis": "aftermath:Diagnosis",
    "verification": "aftermath:Verification",
    "retrospective": "aftermath:Retrospective",
    "cleanup": "aftermath:Cleanup",
    "batch": "batch:Batch",
    "refine": "judged:RefineAnswer",
    "plan": "answers:PlanAnswer",
    "owners": "answers:OwnersAnswer",
    "resolution": "answers:ResolutionAnswer",
}
#: Kinds that open a case: a person's own words.
OPENING = ("request", "framing")
#: Kinds that are files of their own; the rest become parts of one.
FILES = tuple(name for name, where in KINDS.items() if not where.startswith("answers:") and name != "refine")


def model(kind: str) -> type[Document]:
    """The model of a kind."""
    module, _, name = KINDS[kind].partition(":")
    found: type[Document] = getattr(import_module(f"decisions_tool.documents.{module}"), name)
    return found


@lru_cache(maxsize=8192)
def read_document(kind: str, path: str, data: bytes) -> Document:
    """Bytes as a document of a kind, or DocumentError; the same bytes are parsed once."""
    from decisions_tool.documents.frontmatter import decode

    return model(kind).parse(decode(data, path), path)
