"""What can be counted in the text of an approach, the scores that follow from it, and the Proposal Format written. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from decisions_tool.documents.outline import table_lines
from decisions_tool.documents.proposal import Said, Score, read_proposal
from decisions_tool.documents.sections import key
from decisions_tool.text import plural

_SETTINGS = re.compile(r"\.(?:toml|ya?ml|ini|cfg|json|env)$")
_NOTHING = re.compile(r"(?i)\W*(?:nothing|none|no\b|n/a)")
_STAYS = re.compile(r"(?i)\balias|\bold (?:name|entry|entries)\b|\bkeeps? (?:its|their) names?\b")
_TOLD = re.compile(r"(?i)\braises?\b|\berrors?\b|\blogs?\b|\blogged\b|\bmessages?\b")
_OPTION = re.compile(r"(?i)\bdefaults?\b")
#: From here on a change counts as wide, long, or hard to take in.
WIDE, LONG, MANY = 5, 200, 3


class Measure(NamedTuple):
    """Properties of an approach; ``lines`` is the upper end of its own estimate."""

    files: int
    new: int
    lines: int
    breaks: bool
    path: bool
    stays: bool
    settings: bool
    option: bool
    told: bool
    covered: bool


def measure(said: Said) -> Measure:
    """Count what the text says."""
    words = "\n".join([said.summary, said.sketch, *(change.what for change in said.files)])
    numbers = [int(found) for found in re.findall(r"\d{1,6}", said.size)]
    return Measure(
        said.touched if said.touched is not None else len(said.files), len(said.abstractions), max(numbers, default=0),
        not _NOTHING.match(said.breaks), bool(said.migration) and not _NOTHING.match(said.migration),
        bool(_STAYS.search(f"{said.compatibility}\n{said.breaks}")), any(_SETTINGS.search(change.path) for change in said.files),
        bool(_OPTION.search(words)), bool(_TOLD.search(words)), bool(re.search(r"(?i)run(?:s)? as (?:it is|they are)", said.tests)),
    )  # fmt: skip


def cost(found: Measure) -> str:
    adds = f"adds {plural(found.new, 'abstraction')}" if found.new else "adds no abstraction"
    return f"touches {plural(found.files, 'file')} and {adds}, in up to {plural(found.lines, 'line')}"


Rule = Callable[[Measure], tuple[int, str]]


def simplicity(found: Measure) -> tuple[int, str]:
    return 5 - min(found.new, 3) - (found.files >= WIDE) - (found.lines >= LONG), cost(found)


def extensibility(found: Measure) -> tuple[int, str]:
    if found.settings:
        return 5, "a further case is an entry in a configuration file, with no code changed"
    if found.option:
        return 3, "a further case is an argument of a call, so a caller changes and nothing else"
    return 2, f"a further case means code again, in {plural(max(1, found.files - 1), 'file')} besides the tests"


def migration(found: Measure) -> tuple[int, str]:
    if found.breaks:
        said = "something breaks, with a way to migrate" if found.path else "something breaks, with no way to migrate"
        return (3 if found.path else 1), said
    stays = "what is imported today keeps its name" if found.stays else "nothing is said about the old names"
    return 4 + found.stays, f"nothing breaks, and {stays}"


def debuggability(found: Measure) -> tuple[int, str]:
    if found.told:
        return 4, "what goes wrong is raised or logged with a name to look for"
    return (2 if found.new >= MANY else 3), f"no message is added, and {plural(found.new, 'layer')} of calls"


def testability(found: Measure) -> tuple[int, str]:
    reads = "a configuration file has to be laid out" if found.settings else "no file has to be laid out"
    runs = "present tests run on" if found.covered else "no present test covers it"
    wide = f", over {plural(found.files, 'file')}" if found.files >= WIDE else ""
    return 3 + (not found.settings) + found.covered - (found.files >= WIDE), f"{reads} for a test, and {runs}{wide}"


def _other(found: Measure) -> tuple[int, str]:
    return 4 - (found.new > 0) - (found.files >= WIDE), f"nothing measures this by itself; by its cost it {cost(found)}"


_RULES: dict[str, Rule] = {
    "simplicity": simplicity,
    "extensibility": extensibility,
    "migrationsafety": migration,
    "debuggability": debuggability,
    "testability": testability,
}


def score(criterion: str, found: Measure) -> tuple[int, str]:
    """A score from 1 to 5 and the property that it follows from."""
    points, reason = _RULES.get(key(criterion), _other)(found)
    return max(1, min(5, points)), reason


def weights(text: str) -> list[tuple[str, int]]:
    """``Simplicity=25, Extensibility=25`` as pairs."""
    pairs = [part.rpartition("=") for part in text.split(",") if "=" in part]
    return [(name.strip(), int(number)) for name, _, number in pairs]


def assessed(said: Said, criteria: Sequence[tuple[str, int]]) -> Said:
    """A proposal with a score and a reason for every criterion, from its own text."""
    found = measure(read_proposal(proposal_text(said)))
    return said._replace(scores=tuple(Score(name, *score(name, found)) for name, _ in criteria))


def effort(lines: int) -> str:
    return "S" if lines < 60 else "M" if lines < 250 else "L" if lines < 600 else "XL"


def proposal_text(said: Said) -> str:
    """A proposal in its format; ``read_proposal`` gives the same back."""
    rows = [(found.criterion, str(found.score), found.reason) for found in said.scores]
    changed = "\n".join(f"- `{change.path}` — {change.what}" for change in said.files)
    scope = (
        f"- **Files touched:** {said.touched}\n- **Estimated LOC changed:** {said.size}\n"
        f"- **New abstractions introduced:** {', '.join(said.abstractions) or 'none'}\n- **Effort:** {said.effort}"
    )
    plan = (
        f"- **What breaks:** {said.breaks}\n- **Auto-migration path:** {said.migration}\n"
        f"- **Backward compatibility:** {said.compatibility}"
    )
    table = "\n".join(table_lines(("Criterion", "Self-Score (1-5)", "Rationale"), rows))
    later = f"- **Constraints on future questions:** {said.constraints}\n- **Impact on later questions:** {said.later}"
    parts = {
        "Summary": said.summary, "Scope": scope, "Code Sketch": said.sketch, "Files Changed": changed, "Migration Plan": plan,
        "Test Plan": said.tests, "Self-Assessment": table, "Downstream Impact": later,
        "Anti-pattern Check": "\n".join(f"- {check}" for check in said.checks),
    }  # fmt: skip
    return f"## Approach: {said.name}\n\n" + "\n\n".join(f"### {name}\n\n{text}" for name, text in parts.items()) + "\n"
