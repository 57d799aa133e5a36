"""What one round of collecting came to, for the page of a workflow's run."""

from __future__ import annotations

from decimal import Decimal

from decisions_tool.engine.ci import Collected
from decisions_tool.engine.events import Event
from decisions_tool.engine.spool import Spooled
from decisions_tool.errors import Finding
from decisions_tool.report import github
from decisions_tool.text import plural

#: Phases whose headline says how a question stands.
_COUNTED = ("gate", "comparison", "synthesise", "convergence", "tally", "runoff", "record")


def put_round(done: Collected) -> None:
    """Annotations, outputs and summary of a round, where somebody reads them."""
    github.put_outputs(
        {"recorded": str(len(done.recorded)), "open": str(len(done.open)), "next": "true" if done.goes_on else "false",
         "commit": done.commit, "branch": done.branch}
    )  # fmt: skip
    if github.active():
        refused = [Finding("ci/answer", "error", one.file.name, 0, 0, one.why) for one in done.left_out if one.wrong]
        github.annotate([*refused, *(finding for refusal in done.outcome.refusals for finding in refusal.findings)])
    github.put_summary(summary(done))


def summary(done: Collected) -> str:
    """The round as Markdown."""
    parts = [f"### {plural(len(done.recorded), 'commit')} on `{done.branch.replace('`', '')}`\n"]
    if done.recorded:
        parts.append(github.markdown_table(["case", "what", "commit"], map(_row, done.recorded)))
    tallies = [event for event in done.recorded if event.phase in _COUNTED and event.slot in _COUNTED]
    if tallies:
        parts.append(
            "#### Tally\n\n" + github.markdown_table(["case", "stands at"], ([e.case, e.text] for e in tallies))
        )
    if done.answers:
        parts.append("#### Cost\n\n" + github.markdown_table(["case", "answers", "USD"], _costs(done.answers)))
    if done.left_out:
        left = ([one.file.name, one.why] for one in done.left_out)
        parts.append("#### Left out\n\n" + github.markdown_table(["file", "why"], left))
    if done.outcome.waits:
        waits = ([wait.case, wait.why, wait.command] for wait in done.outcome.waits)
        parts.append("#### Waiting for people\n\n" + github.markdown_table(["case", "for", "command"], waits))
    return "\n".join(parts)


def _row(event: Event) -> list[str]:
    return [event.case, event.text, event.commit[:10]]


def _costs(answers: list[Spooled]) -> list[list[str]]:
    """One line a case; answers of models without a price are counted apart."""
    rows = []
    for case in sorted({item.case for item in answers}):
        said = [item.reply.usage.get("cost-usd", "") for item in answers if item.case == case]
        known = [Decimal(one) for one in said if one and one != "unpriced"]
        unpriced = f", {said.count('unpriced')} unpriced" if "unpriced" in said else ""
        rows.append(
            [case, str(len(said)), f"{sum(known, Decimal()):f}{unpriced}" if known or unpriced else "no model called"]
        )
    return rows
