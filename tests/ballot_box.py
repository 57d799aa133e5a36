"""Questions, proposals and votes as people would write them, for tests of the decision cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from decisions_tool.documents.vote import Cast, vote_text
from decisions_tool.roster import CRITERIA
from tests.conftest import Cli, Repo

WEIGHTS = tuple((criterion.name, criterion.weight) for criterion in CRITERIA)
NAMES = tuple(name for name, _ in WEIGHTS)
FRAMING = """\
QUESTION: How should the store keep what it has read?

SCOPE:
  In scope:
    - reads of one key
    - what a second read costs
  Out of scope:
    - the format on disk

SUCCESS CRITERIA:
  1. A second read of a key does not touch the disk
  2. No reader sees a value that was overwritten

KEY FILES (3-7):
  - shop/store/db.py — where keys are read
  - shop/web/views.py — who reads them
  - shop/rules/check.py — what has to see every write
"""


def folder(slug: str) -> str:
    return f"docs/decisions/working/{slug}"


def framing(repo: Repo, slug: str = "q1", impact: str = "medium", text: str = FRAMING, more: str = "") -> str:
    """A committed question."""
    return repo.commit({f"{folder(slug)}/framing.md": f"{text}\nIMPACT: {impact}\n{more}"}, f"Question: {slug}")


def proposal(
    name: str, path: str = "shop/store/db.py", *, without: str = "", abstractions: str = "none", sketch: str = ""
) -> str:
    """A proposal that passes every check; ``without`` leaves one part empty."""
    key = name.replace("-", "_")
    scores = "\n".join(f"| {criterion} | 4 | as {path} shows |" for criterion in NAMES)
    parts = {
        "Summary": f"This solves the reads of {path}:1. The current design is enough for writes. It names {name}.",
        "Scope": f"- **Files touched:** 1\n- **Estimated LOC changed:** 10\n- **New abstractions introduced:** {abstractions}\n- **Effort:** S",
        "Code Sketch": f"```python\n{sketch or f'def {key}(key: str) -> str: ...'}\n```",
        "Files Changed": f"- `{path}` — what is read stays",
        "Migration Plan": "- **What breaks:** nothing, since callers see no difference\n- **Auto-migration path:** none needed\n"
        "- **Backward compatibility:** all stays",
        "Test Plan": "- one case",
        "Self-Assessment": f"| Criterion | Self-Score (1-5) | Rationale |\n|---|---|---|\n{scores}",
        "Downstream Impact": "- **Constraints on future questions:** none\n- **Impact on later questions:** none",
        "Anti-pattern Check": "\n".join(f"- [x] fine (C{n}): yes" for n in range(1, 8)),
    }  # fmt: skip
    body = "\n\n".join(f"### {title}\n\n{text if title != without else ''}" for title, text in parts.items())
    return f"## Approach: {name}\n\n{body}\n"


def synthesis(groups: Mapping[str, Sequence[int]]) -> str:
    """A synthesis of approaches by name."""
    lines = [
        f"{n}. **{name}** — {name} (proposed by agents: {', '.join(map(str, groups[name]))})"
        for n, name in enumerate(sorted(groups), start=1)
    ]
    rest = "\n\n".join(
        f"### {title}\n\n- none"
        for title in ("Comparison Matrix", "Evaluation Scenarios", "Novel Ideas", "Open Questions for Voters")
    )
    return "## Synthesis: Q1\n\n### Approaches Identified\n\n" + "\n".join(lines) + f"\n\n{rest}\n"


def propose(
    repo: Repo, cli: Cli, groups: Mapping[str, Sequence[int]], slug: str = "q1", texts: Mapping[str, str] | None = None
) -> None:
    """Proposals by people up to their synthesis: name of an approach -> numbers of the agents; ``texts`` are sketches of their own."""
    assert cli("run").code == 4
    names = {number: name for name, numbers in groups.items() for number in numbers}
    sketches = texts or {}
    made = {n: proposal(name, sketch=sketches.get(name, "")) for n, name in sorted(names.items())}
    repo.commit({f"{folder(slug)}/agents/agent-{n:02d}-proposal.md": text for n, text in made.items()}, "proposals")
    rows = "\n".join(f"| agent-{n:02d} | yes | as asked |" for n in sorted(names))
    repo.write("judged.md", f"| Proposal | Complies | Why |\n|---|---|---|\n{rows}\n")
    assert cli("submit", slug, "judge", "judged.md").code == 0
    repo.write("synthesis.md", synthesis(groups))
    assert cli("run").code == 4
    done = cli("submit", slug, "synthesise", "synthesis.md")
    assert done.code == 0, done.err


def vote(
    scores: Mapping[str, int | Sequence[int]], winner: str = "", success: Mapping[str, Mapping[int, str]] | None = None
) -> str:
    """A vote; one number stands for all criteria."""
    rows = {
        label: dict(zip(NAMES, [given] * len(NAMES) if isinstance(given, int) else given, strict=True))
        for label, given in scores.items()
    }
    totals = {label: sum(weight * rows[label][name] for name, weight in WEIGHTS) for label in rows}
    cast = Cast(
        scores=rows, reasons={(label, name): f"as it says about {label}" for label in rows for name in NAMES},
        winner=winner or max(totals, key=lambda label: totals[label]), objection="it is new", read=("shop/store/db.py",),
        success=success or {label: {1: "pass", 2: "pass"} for label in rows},
    )  # fmt: skip
    numbers = sorted({number for marks in cast.success.values() for number in marks})
    return vote_text("Q1", cast, WEIGHTS, tuple(rows), numbers)


def votes(repo: Repo, texts: Sequence[str], slug: str = "q1", kind: str = "votes") -> None:
    """Committed votes of voter-01 and on."""
    repo.commit({f"{folder(slug)}/{kind}/voter-{n:02d}.md": text for n, text in enumerate(texts, start=1)}, "votes")


def by_hand(repo: Repo, *roles: str) -> None:
    """People answer for these roles."""
    text = repo.read("decisions.toml") if (repo.path / "decisions.toml").exists() else ""
    lines = "\n".join(f'{role} = "manual"' for role in roles)
    repo.commit({"decisions.toml": f"{text}\n[backends.roles]\n{lines}\n"}, "people answer")


#: What runs the tests in place of a framework that takes a second to start: a line of XML for each function.
_RUNNER = """\
import sys, traceback
from xml.sax.saxutils import quoteattr
sys.path.insert(0, "")
from tests import test_db
rows = []
for name in sorted(vars(test_db)):
    if name.startswith("test_"):
        try:
            getattr(test_db, name)()
            said = ""
        except Exception as error:
            said = f"<failure message={quoteattr(f'{type(error).__name__}: {error}')}/>"
        rows.append(f"<testcase classname='tests.test_db' name='{name}'>{said}</testcase>")
open(sys.argv[1], "w").write(f"<testsuite>{''.join(rows)}</testsuite>")
"""


def run_tests(place: Path) -> Path:
    """A program that runs the functions of tests/test_db.py and writes JUnit XML to the file that it is given."""
    file = place / "runner.py"
    file.write_text(_RUNNER, encoding="utf-8")
    return file
