"""Commands that read history."""

from __future__ import annotations

from pathlib import Path

import click

from decisions_tool.cli.common import as_json, opened, put_finding, put_json, summary
from decisions_tool.errors import DecisionsError
from decisions_tool.report.terminal import how_far, put, say, table
from decisions_tool.text import plural, shortened


def _unknown(case: str) -> DecisionsError:
    return DecisionsError(f"no commit touches a case {shortened(case)!r}", "decisions status")


def _refuse_paths(case: str) -> None:
    """A name is one folder: what leads elsewhere would tell another story."""
    if case in {"", ".", ".."} or "/" in case:
        raise _unknown(case)


@click.command()
@click.argument("case")
@click.option("--branch", help="The story as this branch has it.")
@as_json
@click.pass_obj
def log(folder: Path, case: str, branch: str | None, as_json: bool) -> None:
    """The story of a case, from history alone, oldest first."""
    from decisions_tool.ledger.audit import story
    from decisions_tool.ledger.history import is_transition

    _refuse_paths(case)
    with opened(folder) as repository:
        told = list(story(repository, case, repository.tip(branch))) if case.strip(".") and "/" not in case else []
    if not told:
        raise _unknown(case)
    rows = [
        {
            "commit": step.commit, "date": step.date, "author": step.author, "subject": step.subject,
            "phase": step.value("Phase"), "slot": step.value("Slot"), "backend": step.value("Backend"),
            "model": step.value("Model"), "cost_usd": step.value("Cost-USD"), "inputs": step.value("Inputs"),
            "transition": is_transition(step),
        }
        for step in told
    ]  # fmt: skip
    if as_json:
        put_json({"case": case, "steps": rows})
        return
    prefix = f"{case}: "
    cells = [
        [
            step.commit[:8],
            step.date[:16].replace("T", " "),
            step.value("Backend") or step.author.partition(" <")[0],
            step.subject.removeprefix(prefix),
        ]
        for step in told
    ]
    table(("commit", "when", "by", "what"), cells, ["" if r["transition"] else "active" for r in rows], case)


@click.command()
@click.argument("case", required=False, default="")
@as_json
@click.pass_obj
def audit(folder: Path, case: str, as_json: bool) -> int:
    """Prove the history: transitions legal, rules recomputed, nothing edited unsaid. Works offline, in a fresh clone."""
    from decisions_tool.ledger.audit import audit as prove

    if case:
        _refuse_paths(case)
    with opened(folder) as repository, how_far("commits judged") as tell:
        report = prove(repository, case, tell)
    counts = summary(report.findings, report.commits)
    if as_json:
        totals = {
            "commits": report.commits,
            "transitions": report.transitions,
            "errors": counts["errors"],
            "warnings": counts["warnings"],
        }
        put_json({"findings": [f._asdict() for f in report.findings], "first": report.first, "summary": totals})
        return 1 if counts["errors"] else 0
    for finding in report.findings:
        put_finding(finding)
    if report.first:
        put(f"first commit that breaks a rule: {report.first}", "error")
    done = f"{plural(report.commits, 'commit')} read, {plural(report.transitions, 'transition')} proved"
    say(
        f"{done}: {plural(counts['errors'], 'error')}, {plural(counts['warnings'], 'warning')}",
        "error" if counts["errors"] else "done",
    )
    return 1 if counts["errors"] else 0
