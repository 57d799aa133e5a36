"""Decision records and constraint addenda as text, from what a question's files hold. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from decisions_tool.documents.comparison import Approach
from decisions_tool.documents.framing import Frame
from decisions_tool.documents.paths import MARKER
from decisions_tool.documents.proposal import Code, Said


class Outcome(NamedTuple):
    """What was decided and how: ``how`` says it in words, ``status`` is the record's; ``weak`` calls for a validation plan."""

    approach: Approach
    said: Said
    how: tuple[str, ...]
    status: str
    weak: bool
    people: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    merges: tuple[str, ...] = ()
    others: tuple[tuple[Approach, str], ...] = ()


class Heading(NamedTuple):
    """Names and dates that a record carries."""

    question: str
    slug: str
    number: int
    day: str
    supersedes: str = ""


def title_of(outcome: Outcome) -> str:
    """A short title from an approach's name."""
    words = outcome.approach.name.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else "Decision"


def record_text(head: Heading, frame: Frame, outcome: Outcome, rehearsal: bool) -> str:
    """The body of ``DR-NNN-<slug>.md``."""
    said, title = outcome.said, title_of(outcome)
    parts = [
        f"# {title}",
        *([REHEARSED] if rehearsal else []),
        f"## Decision: {head.question} — {title}",
        f"### Status: {outcome.status}\n### Date: {head.day}\n### Question: {frame.question}",
        *([f"### Supersedes: {head.supersedes}"] if head.supersedes else []),
        "### Decision", _paragraph(said.summary or outcome.approach.summary),
        "### Rationale", _rationale(outcome),
        "### Success Criteria", _numbered(frame.success),
        "### Code Contract", _contract(said),
        "### Files Changed", _files(said),
    ]  # fmt: skip
    parts += ["### Validation Plan", _validation(outcome)] if outcome.weak else []
    if outcome.merges:
        parts += ["### Merge Suggestions", _bullets(outcome.merges)]
    return "\n\n".join([*parts, "### Implementation Notes", _notes(said)]) + "\n"


REHEARSED = "> **Rehearsal:** no model was called. This record binds nothing."


def _rationale(outcome: Outcome) -> str:
    strong = [
        f"{score.criterion} {score.score}/5: {score.reason}" for score in outcome.said.scores if (score.score or 0) >= 4
    ]
    weak = [
        f"{score.criterion} {score.score}/5: {score.reason}"
        for score in outcome.said.scores
        if 0 < (score.score or 0) <= 2
    ]
    risks = [*weak, *([_paragraph(outcome.said.breaks)] if outcome.said.breaks else []), *outcome.objections]
    lines = [f"- Convergence: {outcome.how[0]}", *(f"- {line}" for line in outcome.how[1:])]
    lines += [f"- Key strengths: {'; '.join(strong) or 'as the code contract shows'}"]
    return "\n".join([*lines, f"- Key risks and mitigations: {'; '.join(risks) or 'none was named'}"])


def _validation(outcome: Outcome) -> str:
    objection = outcome.objections[0] if outcome.objections else "the success criteria above"
    return "\n".join(
        [
            f"- After implementation, check: {objection}",
            f"- Owner: {outcome.people[0] if outcome.people else 'whoever implements the first story'}",
            "- Due: the verification story",
            "- If validation fails, reconsider: " + _next_best(outcome),
        ]
    )


def _next_best(outcome: Outcome) -> str:
    return outcome.others[0][0].name if outcome.others else "the question, with what was learned added to its scope"


def _contract(said: Said) -> str:
    return "\n\n".join(_fenced(block) for block in said.code) or "The question was decided without a code sketch."


def _fenced(block: Code) -> str:
    fence = "```"
    while fence in block.text:
        fence += "`"
    return f"{fence}{block.language}\n{block.text.rstrip()}\n{fence}"


def _files(said: Said) -> str:
    return (
        _bullets([f"`{change.path}` — {change.what or 'see the code contract'}" for change in said.files]) or "- none"
    )


def _notes(said: Said) -> str:
    first = f"`{said.files[0].path}`" if said.files else "the first success criterion"
    key = _paragraph(said.constraints) or _paragraph(said.compatibility) or "the code contract above"
    return f"- Start with: {first}\n- Key constraint: {key}"


def _paragraph(text: str) -> str:
    return " ".join(text.split())


def _numbered(entries: Sequence[str]) -> str:
    return "\n".join(f"{number}. {entry}" for number, entry in enumerate(entries, start=1)) or "1. none was framed"


def _bullets(entries: Sequence[str]) -> str:
    return "\n".join(f"- {_paragraph(entry)}" for entry in entries)


# ---------------------------------------------------------------------- addenda


def addendum_text(head: Heading, outcome: Outcome, rehearsal: bool) -> str:
    """What the decision means for all that is decided later."""
    title = title_of(outcome)
    files = {change.path for change in outcome.said.files}
    where = _first(files)
    sketch = [b._replace(text=f"{_mark(b.language)} {where} — WILL REPLACE\n{b.text}") for b in outcome.said.code]
    virtual = "\n\n".join(map(_fenced, sketch))
    ruled = [f"{approach.name}: {why}" for approach, why in outcome.others]
    parts = [
        *([REHEARSED] if rehearsal else []),
        f"## Constraint Addendum: {head.question} — {title}\nDate: {head.day}\nDecision Record: DR-{head.number:03d}-{head.slug}.md",
        "### Decision Summary", _paragraph(outcome.said.summary or outcome.approach.summary),
        "### Interface Contracts", "Subsequent proposals MUST conform to these signatures and schemas:", _contract(outcome.said),
        "### Ruled-Out Design Space", _bullets(ruled) or "- nothing else was proposed",
    ]  # fmt: skip
    if virtual:
        parts += [
            "### Virtual Diff",
            "This code does not exist yet. Design against it, not against the present source.",
            virtual,
        ]
    return "\n\n".join(parts) + "\n"


_HASHES = {"", "python", "py", "toml", "yaml", "yml", "ruby", "shell", "sh", "bash"}


def _mark(language: str) -> str:
    return "#" if language in _HASHES else "//"


def _first(files: set[str]) -> str:
    return ", ".join(sorted(files)) or "the present design"


def with_addendum(constraints: str, addendum: str) -> str:
    """``constraints.md`` with one more addendum below the marker; what people wrote above it stays byte for byte."""
    text = constraints or "# Project constraints\n\n"
    if MARKER not in text:
        text += ("" if text.endswith("\n") else "\n") + ("" if text.endswith("\n\n") else "\n") + MARKER + "\n"
    return text + ("" if text.endswith("\n") else "\n") + "\n" + addendum


def joined_constraints(begun: str, ours: str, theirs: str) -> str | None:
    """``constraints.md`` with the addenda of two branches, ours first; None where either did more than add at the end."""
    (first, mark, added), (_, _, more), (_, _, held) = (text.partition(MARKER) for text in (ours, theirs, begun))
    heads = {text.partition(MARKER)[0] for text in (ours, theirs, begun) if text}
    if not mark or len(heads) != 1 or not (added.startswith(held) and more.startswith(held)):
        return None
    rest = more[len(held) :].lstrip("\n")
    return f"{first}{mark}{added.rstrip(chr(10))}\n\n{rest}" if rest else ours
