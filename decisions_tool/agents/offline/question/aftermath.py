"""Rehearsed answers after a decision: a look at the files that a record names, from what the pinned commit holds. Pure."""

from __future__ import annotations

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.wording import quote
from decisions_tool.documents.aftermath import (
    SYMPTOMS,
    UNKNOWN,
    Diagnosis,
    DiagnosisMeta,
    Retrospective,
    RetrospectiveMeta,
    Verification,
    VerificationMeta,
)  # fmt: skip
from decisions_tool.documents.outline import table_lines
from decisions_tool.documents.reversal import Reversal
from decisions_tool.documents.spike import Spike
from decisions_tool.documents.stories import DONE, FAILED, Stories


def verify(desk: Desk) -> Verification:
    """Every criterion passes whose files are there: a rehearsal reads no code."""
    about = desk.packet.about
    stories = desk.maybe(Stories)
    touched = [change.path for story in stories.stories for change in story.files] if stories else []
    missing = [path for path in dict.fromkeys(touched) if path not in desk.survey.paths]
    verdict, why = (
        ("fail", f"`{missing[0]}` is not there") if missing else ("pass", "every file of the stories is there")
    )
    lines = "\n".join(f"- {number}: {verdict} — {why}" for number in range(1, int(about.get("count", "0")) + 1))
    words = (
        f"## Verification: {about.get('question', '')}\n\n### Success Criteria\n\n{lines}\n\n### Deviations\n\n- none\n"
    )
    return Verification(meta=VerificationMeta(type="verification"), words=words)


def diagnose(desk: Desk) -> Diagnosis:
    """Nothing that is open can be told from files."""
    rows = [(name, UNKNOWN, "a rehearsal asks nobody") for name, *_ in SYMPTOMS]
    words = "\n".join(table_lines(("Symptom", "Present", "Evidence"), rows)) + "\n"
    return Diagnosis(meta=DiagnosisMeta(type="diagnosis"), words=words)


def retrospect(desk: Desk) -> Retrospective:
    """What became of the stories, and what was sent back."""
    stories, spike, reversal = desk.maybe(Stories), desk.maybe(Spike), desk.maybe(Reversal)
    told = stories.stories if stories else ()
    held = [f"{story.id} is done: {quote(story.title)}" for story in told if story.status == DONE]
    failed = [f"{story.id} failed: {quote(story.reason)}" for story in told if story.status == FAILED]
    failed += [f"{entry.kind} reversal: {quote(entry.reason)}" for entry in (reversal.entries if reversal else ())]
    failed += [f"the spike said {spike.meta.verdict}"] if spike and spike.meta.verdict else []
    keep = (
        ["A spike before the record, where a design changes types."]
        if failed
        else ["The way that this one was decided."]
    )
    parts = {"What Held": held, "What Did Not": failed, "What to Keep": keep}
    body = "\n\n".join(
        f"### {title}\n\n" + ("\n".join(f"- {line}" for line in lines) or "- nothing") for title, lines in parts.items()
    )
    words = f"## Retrospective: {desk.packet.about.get('question', '')}\n\n{body}\n"
    return Retrospective(meta=RetrospectiveMeta(type="retrospective"), words=words)
