"""What the files of a question show together: anti-patterns of designs and of the process. Warnings only. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from shlex import quote

from decisions_tool.documents.framing import Frame, Framing
from decisions_tool.documents.proposal import Proposal
from decisions_tool.errors import DecisionsError, Finding
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.question import compared, frame, framing, heard, iteration
from decisions_tool.workflows.question_rows import record_findings

_TICK = re.compile(r"\[(.)\]\s*(.*?)\((C[1-7])\)\W*(.*)", re.S)
_MAJORITY = re.compile(
    r"(?i)\b(?:majority|consensus|most (?:agents|proposals|others|voters)|popular|everyone|everybody)\b"
)
_EARLIER = re.compile(r"/iteration-\d+/framing\.md$")
DESIGN = ("C1", "C2", "C3", "C4", "C5", "C6", "C7")


def check_question(case: Case) -> list[Finding]:
    """A record that its votes have left; anti-patterns of the proposals (``design/``) and of the case (``process/``)."""
    found: list[Finding] = []
    for part in (record_findings, _designs, _repeated, _sizes, _scope, _anchored, _unread):
        try:
            found += part(case)
        except DecisionsError:
            continue
    return found


def _finding(rule: str, path: str, said: str, hint: str, line: int = 1) -> Finding:
    return Finding(rule, "warning", path, line, 1, said, hint)


def _designs(case: Case) -> Iterator[Finding]:
    for slot, path in case.slots("proposal").items():
        said = case.read(Proposal, path).said
        ticks = {
            m.group(3): (m.group(1).strip(), m.group(4).strip()) for entry in said.checks if (m := _TICK.match(entry))
        }
        if len(said.abstractions) >= 3:
            yield _finding(
                "design/C1", path, f"{slot} adds {len(said.abstractions)} abstractions", "pick one mechanism"
            )
        for name in DESIGN:
            tick, why = ticks.get(name, ("", ""))
            if name in ticks and (not tick or not why):
                yield _finding(
                    f"design/{name}", path, f"{slot} leaves {name} open", "tick it and say why, or change the design"
                )


def _repeated(case: Case) -> Iterator[Finding]:
    limit = case.settings.decision.iterations
    if iteration(case) >= limit:
        path = case.path("framing")
        yield _finding(
            "process/P1",
            path,
            f"this is iteration {iteration(case)} of {limit}",
            "decide: decisions decide <question> <approach>",
        )
    asked = frame(case)._replace(lines={})
    for path in sorted(case.files):
        text = case.outside.now(path) if _EARLIER.search(path) else None
        if text and _asked(text, path) == asked:
            said = f"it asks what {path.split('/')[-2]} asked, in the same words"
            yield _finding(
                "process/P1", case.path("framing"), said, "say what was learned, or make the question smaller"
            )


def _asked(text: str, path: str) -> Frame | None:
    try:
        return Framing.parse(text, path).frame._replace(lines={})
    except DecisionsError:
        return None


def _sizes(case: Case) -> Iterator[Finding]:
    if framing(case).impact == "high" and len(frame(case).files) < 3:
        said = f"a full cycle for a question with {len(frame(case).files)} key files"
        yield _finding("process/P2", case.path("framing"), said, "write IMPACT: medium, or low")


def _scope(case: Case) -> Iterator[Finding]:
    """Proposals that change what the framing puts out of scope by its path."""
    outside = [path for entry in frame(case).outside for path in re.findall(r"[\w./-]+\.\w+|[\w-]+/[\w./-]*", entry)]
    for slot, path in case.slots("proposal").items() if outside else ():
        crept = [
            c.path
            for c in case.read(Proposal, path).said.files
            if any(c.path.startswith(o.rstrip("/")) for o in outside)
        ]
        if crept:
            yield _finding(
                "process/P3", path, f"{slot} changes {crept[0]}, which is out of scope", "frame another question for it"
            )


def _anchored(case: Case) -> Iterator[Finding]:
    compared(case)
    for vote in heard(case):
        text = next((reason for reason in vote.cast.reasons.values() if _MAJORITY.search(reason)), "")
        if text:
            hint = f"decisions redo {quote(case.slug)} {quote('vote/' + vote.voter)}"
            yield _finding("process/P4", vote.path, f"{vote.voter} argues with how many agree", hint)


def _unread(case: Case) -> Iterator[Finding]:
    keys = {file.path for file in frame(case).files}
    for vote in heard(case):
        if keys and vote.cast.read is not None and not keys & set(vote.cast.read):
            yield _finding(
                "process/P5",
                vote.path,
                f"{vote.voter} opened no key file",
                f"decisions redo {quote(case.slug)} {quote('vote/' + vote.voter)}",
            )
