"""How the documents come about that look at a decision after it was carried out: verification, diagnosis, retrospective. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from decisions_tool.documents.aftermath import (
    FAIL,
    NO,
    PASS,
    SYMPTOMS,
    UNKNOWN,
    YES,
    Diagnosis,
    Finding,
    Retrospective,
    Verification,
    read_diagnosis,
    read_verdicts,
    unjustified,
)  # fmt: skip
from decisions_tool.documents.base import without_note
from decisions_tool.documents.outline import table_lines
from decisions_tool.documents.paths import beside, document_path
from decisions_tool.documents.proposal import Proposal, Score
from decisions_tool.documents.spike import Spike
from decisions_tool.documents.stories import DONE, FAILED, OPEN, Stories
from decisions_tool.errors import DecisionsError, DocumentError
from decisions_tool.errors import Finding as Problem
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.following_writing import (
    record_of,
    rehearsal,
    reversals,
    stories_of,
    success_of,
    with_story,
)  # fmt: skip
from decisions_tool.workflows.phases import Changes, Reply
from decisions_tool.workflows.question import frame, heard, iteration, name_of, text_of
from decisions_tool.workflows.question_writing import computed, put
from decisions_tool.workflows.settling import outcome

# ---------------------------------------------------------------------- verification


def verified_status(case: Case) -> str:
    """What the verification makes of the story that verifies."""
    found = case.find(Verification)
    status = found.meta.status if found else None
    if found is not None and found.meta.rehearsal and not record_of(case).document.meta.rehearsal:
        return OPEN  # no model has looked at what binds people
    return {"pass": DONE, "fail": FAILED, "approved": DONE}.get(status or "", OPEN)


def mechanical(case: Case, words: str, deviations: int) -> Changes:
    """The first half of a verification: what was found by comparing code and contract."""
    record, path = record_of(case), document_path(case.slug, "verification")
    body = f"## Verification: DR-{record.number:03d}\n\n### Mechanical\n\n{words.strip()}\n"
    keys = {"status": FAIL if deviations else "open", "record": record.path, "deviations": deviations}
    return {path: computed(Verification, path, case, "verification", body, {record.path: record.blob}, **keys)}


def write_verification(case: Case, slot: str, reply: Reply | None) -> Changes:
    """The review below the mechanical part; it speaks of every success criterion, or is refused."""
    path = document_path(case.slug, "verification")
    held = case.find(Verification)
    assert reply is not None and held is not None
    wanted = set(range(1, len(success_of(case)) + 1))
    found = {verdict.number: verdict.verdict for verdict in read_verdicts(reply.body)}
    if set(found) != wanted:
        missing = ", ".join(map(str, sorted(wanted ^ set(found))))
        said = f"the success criteria {missing} have no verdict, or are none"
        raise DocumentError([Problem("document/format", "error", path, 1, 1, said, "write - 1: pass — evidence")])
    fine = set(found.values()) <= {PASS} and not unjustified(reply.body) and not held.meta.deviations
    top = without_note(held.words).strip("\n")
    body = f"{top}\n\n{_below(reply.body)}"
    keys = {"record": held.meta.record, "deviations": held.meta.deviations, "status": PASS if fine else FAIL}
    text = put(Verification, path, case, slot, reply._replace(body=body), "verify", "verifier", **keys)
    return {path: text}


def _below(body: str) -> str:
    """A review without the heading of the document that it becomes a part of."""
    return re.sub(r"\A\s*##? Verification[^\n]*\n+", "", body)


def write_verdict(case: Case, slot: str, reply: Reply | None) -> Changes:
    status = verified_status(case)
    why = "the verification failed" if status == FAILED else ""
    return with_story(case, stories_of(case).last.id, status, why)


# ---------------------------------------------------------------------- diagnosis


def write_findings(case: Case, slot: str, reply: Reply | None = None) -> Changes:
    """What the files of a question show of the five symptoms; the rest waits for somebody who looks."""
    path = document_path(case.slug, "diagnosis")
    found = tuple(symptoms(case))
    status = "open" if any(finding.present == UNKNOWN for finding in found) else "done"
    inputs = {p: case.files[p].blob for kind in ("spike", "reversal", "tally") for p in case.paths(kind)}
    return {path: computed(Diagnosis, path, case, "diagnosis", diagnosis_text(case, found), inputs, status=status)}


def diagnosis_text(case: Case, found: tuple[Finding, ...]) -> str:
    known = {name: rest for name, *rest in SYMPTOMS}
    rows = [(finding.symptom, finding.present, finding.evidence) for finding in found]
    causes = [
        f"- {known[f.symptom][0]}. Likely cause: {known[f.symptom][1]}. {known[f.symptom][2]}."
        for f in found
        if f.present == YES
    ]
    parts = [f"## Diagnosis: {name_of(case)}", "\n".join(table_lines(("Symptom", "Present", "Evidence"), rows))]
    return "\n\n".join([*parts, "### What to Do", "\n".join(causes) or "- No symptom shows."]) + "\n"


def write_diagnosis(case: Case, slot: str, reply: Reply | None) -> Changes:
    """What was open is answered; what the files show stays."""
    path = document_path(case.slug, "diagnosis")
    held = case.find(Diagnosis)
    assert reply is not None and held is not None
    said = {finding.symptom: finding for finding in read_diagnosis(reply.body)}
    merged = tuple(said.get(f.symptom, f) if f.present == UNKNOWN else f for f in held.found)
    missing = [f.symptom for f in held.found if f.present == UNKNOWN and f.symptom not in said]
    if missing:
        told = f"nothing is said of {', '.join(missing)}"
        hint = "write | Symptom | Present | Evidence |, a row for each"
        raise DocumentError([Problem("document/format", "error", path, 1, 1, told, hint)])
    body = diagnosis_text(case, merged)
    return {path: put(Diagnosis, path, case, slot, reply._replace(body=body), "diagnose", "diagnostician")}


def symptoms(case: Case) -> Iterator[Finding]:
    """Each symptom as far as the files of a question show it."""
    for name, look in (("framing", _unforeseen), ("assessment", _self_praise), ("weights", _conflict),
                       ("downstream", _downstream), ("criterion", _all_well)):  # fmt: skip
        try:
            yield Finding(name, *look(case))
        except DecisionsError:
            yield Finding(name, UNKNOWN, "the files do not show it")


def _unforeseen(case: Case) -> tuple[str, str]:
    """Files that the failed implementation had to touch and nobody had named."""
    touched = {path for entry in reversals(case) for path in re.findall(r"(?m)^\+\+\+ b/(\S+)", entry.diff)}
    known = {file.path for file in frame(case).files}
    known |= {c.path for p in case.paths("proposal") for c in case.read(Proposal, p).said.files}
    new = sorted(touched - known)
    if not touched:
        return UNKNOWN, "no diff is attached to a reversal"
    return (
        (YES, f"{', '.join(new[:5])} had to change, and no proposal names it") if new else (NO, "every file was named")
    )


def _self_praise(case: Case) -> tuple[str, str]:
    """The winner's scores for itself against what voters gave."""
    own = {score.criterion: score.score for score in _winner(case)[1] if score.score}
    means = _means(case)
    far = [
        f"{name}: {own[name]} against {means[name] / 10:.1f}"
        for name in own
        if name in means and 10 * own[name] - means[name] >= 15
    ]
    if not means or not own:
        return UNKNOWN, "nobody voted, or the winner did not score itself"
    return (YES, "; ".join(far)) if far else (NO, "the winner's own scores are near those of the voters")


def _winner(case: Case) -> tuple[str, tuple[Score, ...]]:
    """The label of the winner and its scores for itself."""
    found = outcome(case)
    return found.approach.label, text_of(case, found.approach).scores if found.approach.label else found.said.scores


def _means(case: Case) -> dict[str, int]:
    """Criterion -> mean of the voters' scores for the winner, in tenths."""
    label = _winner(case)[0]
    cast = (
        [h.ballot.scores[label] for h in heard(case) if h.ballot and label in h.ballot.scores]
        if case.paths("vote")
        else []
    )
    names = cast[0] if cast else {}
    return {name: 10 * sum(scores[name] for scores in cast) // len(cast) for name in names}


def _conflict(case: Case) -> tuple[str, str]:
    means = _means(case)
    high, low = [n for n, mean in means.items() if mean >= 40], [n for n, mean in means.items() if mean <= 20]
    if not means:
        return UNKNOWN, "nobody voted"
    return (YES, f"{high[0]} was bought with {low[0]}") if high and low else (UNKNOWN, "the votes show no conflict")


def _downstream(case: Case) -> tuple[str, str]:
    checks = [check for check in outcome(case).said.checks if "(C7)" in check]
    if checks and re.match(r"\s*\[ \]", checks[0]):
        return YES, "the winner left C7 open"
    return UNKNOWN, "no other question says so"


def _all_well(case: Case) -> tuple[str, str]:
    means = _means(case)
    if means and min(means.values()) < 35:
        low = min(means, key=lambda name: means[name])
        return NO, f"{low} was scored {means[low] / 10:.1f}"
    return UNKNOWN, "the votes do not show what users think"


# ---------------------------------------------------------------------- retrospective


def write_retrospective(case: Case, slot: str, reply: Reply | None) -> Changes:
    """What somebody makes of it, below what history says."""
    record = record_of(case)
    path = beside(record.path, "retrospective")
    assert reply is not None
    rest = re.sub(r"\A\s*##? Retrospective[^\n]*\n+", "", without_note(reply.body))
    body = f"## Retrospective: DR-{record.number:03d} — {record.title}\n\n### Facts\n\n{facts(case)}\n\n{rest}"
    text = put(
        Retrospective,
        path,
        case,
        slot,
        reply._replace(body=body),
        "retrospect",
        "historian",
        record=record.path,
        **rehearsal(record),
    )
    return {path: text}


def facts(case: Case) -> str:
    """What the files say of the way to a decision and after it."""
    record = record_of(case)
    lines = [f"- Decided on {record.document.meta.date} in iteration {iteration(case)}, {record.document.meta.status}"]
    path = beside(record.path, "stories")
    if case.file(path) is not None:
        stories = case.read(Stories, path).stories
        by = {status: sum(story.status == status for story in stories) for status in (DONE, FAILED, OPEN)}
        lines.append("- Stories: " + ", ".join(f"{count} {status}" for status, count in by.items() if count))
    spike, verification = case.find(Spike), case.find(Verification)
    lines += [f"- Spike of iteration {spike.meta.iteration}: {spike.meta.verdict}"] if spike else []
    lines += [f"- Reversal on {entry.day}, {entry.kind}: {entry.reason}" for entry in reversals(case)]
    lines += [f"- Verification: {verification.meta.status}"] if verification else []
    return "\n".join(lines)
