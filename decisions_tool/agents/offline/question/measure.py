"""What can be counted in the text of an approach, the scores that follow, and the Proposal Format written. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from decisions_tool.agents.offline.question.ground import SETTINGS
from decisions_tool.documents.outline import table_lines
from decisions_tool.documents.proposal import Said, Score, read_proposal
from decisions_tool.documents.sections import key
from decisions_tool.text import plural

_NOTHING = re.compile(r"(?i)\W*(?:nothing|none|no\b|n/a)")
_STAYS = re.compile(r"(?i)\balias|\bold (?:name|entry|entries)\b|\bkeeps? (?:its|their) names?\b")
_TOLD = re.compile(r"(?i)\braises?\b|\berrors?\b|\blogs?\b|\blogged\b|\bmessages?\b")
#: From here on a change counts as wide (files), long (lines), or hard to take in (abstractions).
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

    def cost(self) -> str:
        adds = plural(self.new, "abstraction") if self.new else "no abstraction"
        return f"touches {plural(self.files, 'file')} and adds {adds}, in up to {plural(self.lines, 'line')}"


def measure(said: Said) -> Measure:
    """Count what the text says."""
    words = "\n".join([said.summary, said.sketch, *(change.what for change in said.files)])
    return Measure(
        files=len(said.files) if said.touched is None else said.touched,
        new=len(said.abstractions),
        lines=max(map(int, re.findall(r"\d{1,6}", said.size)), default=0),
        breaks=bool(said.breaks) and not _NOTHING.match(said.breaks),
        path=bool(said.migration) and not _NOTHING.match(said.migration),
        stays=bool(_STAYS.search(f"{said.compatibility}\n{said.breaks}")),
        settings=any(SETTINGS.search(change.path) for change in said.files),
        option=bool(re.search(r"(?i)\bdefaults?\b", words)),
        told=bool(_TOLD.search(words)),
        covered=bool(re.search(r"(?i)runs? as (?:it is|they are)", said.tests)),
    )


Scored = tuple[int, str]


def _simplicity(found: Measure) -> Scored:
    return 5 - min(found.new, 3) - (found.files >= WIDE) - (found.lines >= LONG), found.cost()


def _extensibility(found: Measure) -> Scored:
    if found.settings:
        return 5, "a further case is an entry in a configuration file, with no code changed"
    if found.option:
        return 3, "a further case is an argument of a call, so a caller changes and nothing else"
    return 2, f"a further case means code again, in {plural(max(1, found.files - 1), 'file')} besides a test"


def _migration(found: Measure) -> Scored:
    if found.breaks:
        return (
            (3, "something breaks, with a way to migrate")
            if found.path
            else (1, "something breaks, and nothing migrates")
        )
    return (
        4 + found.stays,
        f"nothing is said to break, and what is imported {'keeps its name' if found.stays else 'is not spoken of'}",
    )


def _debuggability(found: Measure) -> Scored:
    if found.told:
        return 4, "what goes wrong is raised or logged with a name to look for"
    return (2 if found.new >= MANY else 3), "what can be seen of a failure stays as it is"


def _testability(found: Measure) -> Scored:
    reads = "a configuration file has to be laid out" if found.settings else "no file has to be laid out"
    runs = "present tests run on" if found.covered else "no present test covers it"
    wide = f", over {plural(found.files, 'file')}" if found.files >= WIDE else ""
    many = f", with {found.new} new parts to test" if found.new > 1 else ""
    points = 3 + (not found.settings) + found.covered - bool(wide or many)
    return points, f"{reads} for a test, and {runs}{wide}{many}"


def _other(found: Measure) -> Scored:
    return 4 - (found.new > 0) - (found.files >= WIDE), f"nothing here measures this but the cost: it {found.cost()}"


_RULES: dict[str, Callable[[Measure], Scored]] = {
    "simplicity": _simplicity, "extensibility": _extensibility, "migrationsafety": _migration, "debuggability": _debuggability,
    "testability": _testability,
}  # fmt: skip


def score(criterion: str, found: Measure) -> Scored:
    """A score from 1 to 5 and the property that it follows from."""
    points, reason = _RULES.get(key(criterion), _other)(found)
    return max(1, min(5, points)), reason


def weights(text: str) -> list[tuple[str, int]]:
    """``Simplicity=25, Extensibility=25`` as pairs."""
    pairs = [part.rpartition("=") for part in text.split(",") if "=" in part]
    return [(name.strip(), int(number)) for name, _, number in pairs]


def proposal_text(said: Said, criteria: Sequence[tuple[str, int]]) -> str:
    """A proposal in its format, with a score for every criterion from its own text."""
    found = measure(read_proposal(_text(said)))
    return _text(said._replace(scores=tuple(Score(name, *score(name, found)) for name, _ in criteria)))


def _text(said: Said) -> str:
    rows = [(found.criterion, str(found.score), found.reason) for found in said.scores]
    parts = {
        "Summary": said.summary,
        "Scope": f"- **Files touched:** {said.touched}\n- **Estimated LOC changed:** {said.size}\n"
        f"- **New abstractions introduced:** {', '.join(said.abstractions) or 'none'}\n- **Effort:** {said.effort}",
        "Code Sketch": said.sketch,
        "Files Changed": "\n".join(f"- `{change.path}` — {change.what}" for change in said.files),
        "Migration Plan": f"- **What breaks:** {said.breaks}\n- **Auto-migration path:** {said.migration}\n"
        f"- **Backward compatibility:** {said.compatibility}",
        "Test Plan": said.tests,
        "Self-Assessment": "\n".join(table_lines(("Criterion", "Self-Score (1-5)", "Rationale"), rows)),
        "Downstream Impact": f"- **Constraints on future questions:** {said.constraints}\n"
        f"- **Impact on later questions:** {said.later}",
        "Anti-pattern Check": "\n".join(f"- {check}" for check in said.checks),
    }
    return f"## Approach: {said.name}\n\n" + "\n\n".join(f"### {name}\n\n{text}" for name, text in parts.items()) + "\n"
