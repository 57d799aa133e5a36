"""The two looks of ``check`` at commits in place of files: a merge that is to come, and every commit of a range."""

from __future__ import annotations

from pathlib import Path

from decisions_tool.cli.common import put_finding, put_json, summary, tell_github
from decisions_tool.errors import Finding
from decisions_tool.ledger.cache import Verdicts
from decisions_tool.ledger.repository import Repository
from decisions_tool.report.terminal import put, say
from decisions_tool.text import plural


def check_against(folder: Path, base: str, strict: bool, as_json: bool) -> int:
    """Print what can be said against a merge of HEAD into a base; the exit code."""
    from contextlib import closing

    from decisions_tool.ledger.against import judge_merge
    from decisions_tool.ledger.merging import merge

    with closing(Repository(folder, bare=True)) as repository:
        verdicts = Verdicts(repository.place.store)
        merged = merge(repository, repository.commit_id("HEAD"), repository.commit_id(base))
        judged = judge_merge(repository, merged, base, verdicts)
        verdicts.save()
    counts = summary(judged.findings, judged.files)
    tell_github(judged.findings, counts)
    if as_json:
        ends = {"base": merged.theirs, "head": merged.ours, "tree": merged.tree}
        put_json({"against": base, **ends, "findings": [f._asdict() for f in judged.findings], "summary": counts})
    else:
        for finding in judged.findings:
            put_finding(finding)
        _say(f"the merge with {base} brings {plural(judged.files, 'file')}", counts)
    return _code(counts, strict)


def check_range(folder: Path, span: str, strict: bool, as_json: bool) -> int:
    """Print what can be said against every commit of a range; the exit code."""
    from contextlib import closing
    from functools import partial

    from decisions_tool.engine.enforcing import broken_by_commit
    from decisions_tool.ledger.ranges import judge_range

    with closing(Repository(folder, bare=True)) as repository:
        verdicts = Verdicts(repository.place.store)
        judged = judge_range(repository, span, verdicts, partial(broken_by_commit, repository))
        verdicts.save()
    counts = summary((told.finding for told in judged.told), judged.commits)
    tell_github([_of_commit(told.finding, told.commit) for told in judged.told], counts)
    totals = {"commits": judged.commits, "errors": counts["errors"], "warnings": counts["warnings"]}
    if as_json:
        rows = [{"commit": told.commit, **told.finding._asdict()} for told in judged.told]
        ends = {"range": span, "base": judged.base, "head": judged.head, "first": judged.first}
        put_json({**ends, "findings": rows, "summary": totals})
        return _code(counts, strict)
    for told in judged.told:
        put_finding(_of_commit(told.finding, told.commit))
    if judged.first:
        put(f"first commit that breaks a rule: {judged.first}", "error")
    _say(f"{plural(judged.commits, 'commit')} read", counts)
    return _code(counts, strict)


def _of_commit(finding: Finding, commit: str) -> Finding:
    """Findings of the audit name their commit already."""
    if finding.rule.startswith("audit/"):
        return finding
    return finding._replace(message=f"{finding.message} in {commit[:10]}")


def _say(what: str, counts: dict[str, int]) -> None:
    errors, warnings = plural(counts["errors"], "error"), plural(counts["warnings"], "warning")
    say(f"{what}: {errors}, {warnings}", "error" if counts["errors"] else "warning" if counts["warnings"] else "done")


def _code(counts: dict[str, int], strict: bool) -> int:
    return 1 if counts["errors"] or (strict and counts["warnings"]) else 0
