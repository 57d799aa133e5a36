"""What follows a decision, as rows: back to the proposals, stories, diagnosis, verification, retrospective. Pure.

A row applies only where a person or the configuration has called for it: after its record a question is over.
"""

from __future__ import annotations

from collections.abc import Callable

from decisions_tool.documents.aftermath import UNKNOWN, Diagnosis, Verification
from decisions_tool.documents.paths import beside, document_path
from decisions_tool.documents.reversal import COMPLETE, Reversal
from decisions_tool.documents.spike import BACK, Spike
from decisions_tool.documents.stories import DONE, OPEN, Stories
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.following_writing import follows, record_of, success_of, write_return, write_stories
from decisions_tool.workflows.looking_back import (
    verified_status,
    write_diagnosis,
    write_findings,
    write_retrospective,
    write_verdict,
    write_verification,
)  # fmt: skip
from decisions_tool.workflows.phases import RULE, Changes, Phase
from decisions_tool.workflows.question import framing, iteration, name_of
from decisions_tool.workflows.steps import one, remove

#: What can be called for by name: by `decisions`, or in [decision] follow.
CALLED = ("stories", "diagnosis", "retrospect")


def called(name: str, ripe: Callable[[Case], bool]) -> Callable[[Case], bool]:
    """Whether a row was called for: by a person, or by the configuration once its time has come."""

    def applies(case: Case) -> bool:
        if not framing(case).meta.record:
            return False
        return name in (framing(case).meta.follow or ()) or (name in case.settings.decision.follow and ripe(case))

    return applies


def next_to(kind: str) -> Callable[[Case, str], str]:
    """The path of what lies beside the record of a question."""
    return lambda case, slot: beside(framing(case).meta.record or "", kind)


def there(kind: str) -> Callable[[Case, str], bool]:
    return lambda case, slot: case.file(next_to(kind)(case, slot)) is not None


def removed(kind: str) -> Callable[[Case, str], Changes]:
    return lambda case, slot: {next_to(kind)(case, slot): None} if there(kind)(case, slot) else {}


def goes_back(case: Case) -> bool:
    """Whether a spike, or a person, has sent this iteration back to its proposals."""
    spike, reversal = case.find(Spike), case.find(Reversal)
    tried = spike is not None and spike.meta.verdict == BACK and spike.meta.iteration == iteration(case)
    reversed_now = reversal is not None and reversal.meta.iteration == iteration(case)
    return tried or (reversed_now and reversal is not None and reversal.meta.extent == COMPLETE)


def _diagnosed(case: Case, slot: str) -> bool:
    found = case.find(Diagnosis)
    return found is not None and found.meta.status != "open"


def _reviewed(case: Case, slot: str) -> bool:
    found = case.find(Verification)
    return found is not None and found.meta.status != "open"


def _settled(case: Case, slot: str) -> bool:
    """Whether the story that verifies stands as the verification came out."""
    path = beside(framing(case).meta.record or "", "stories")
    return case.read(Stories, path).last.status == verified_status(case)


def _to_settle(case: Case) -> bool:
    return there("stories")(case, "") and verified_status(case) != OPEN


def _passed(case: Case) -> bool:
    return verified_status(case) == DONE


def _told_verifier(case: Case, slot: str) -> dict[str, str]:
    wanted = "; ".join(f"{number}. {text}" for number, text in enumerate(success_of(case), start=1))
    return {"question": name_of(case), "success": wanted, "count": str(len(success_of(case)))}


def _told_diagnostician(case: Case, slot: str) -> dict[str, str]:
    found = case.find(Diagnosis)
    left = [finding.symptom for finding in found.found if finding.present == UNKNOWN] if found else []
    return {"question": name_of(case), "open": ", ".join(left)}


def _read(*kinds: str) -> Callable[[Case, str], tuple[str, ...]]:
    """The record and what belongs to it."""

    def inputs(case: Case, slot: str) -> tuple[str, ...]:
        record = framing(case).meta.record or ""
        near = tuple(path for kind in ("stories",) if case.file(path := beside(record, kind)))
        return (case.path("framing"), record, *near, *(path for kind in kinds for path in case.paths(kind)))

    return inputs


#: Before the record: it is not written while the design goes back.
RETURN = Phase(
    "return", "back to the proposals", ("spike", "reversal"), "framing", RULE, lambda case: ("return",), applies=goes_back,
    done=lambda case, slot: False, write=write_return, clear=lambda case, slot: {},
    beyond=lambda case, path: path == document_path("", "constraints"),
    inputs=lambda case, slot: (*case.paths("spike"), *case.paths("reversal")),
)  # fmt: skip
DIAGNOSIS = (
    Phase(
        "diagnosis", "symptoms looked for", ("spike", "reversal", "tally"), "diagnosis", RULE, lambda case: ("diagnosis",),
        applies=called("diagnosis", lambda case: bool(case.paths("reversal"))), done=lambda case, slot: bool(case.paths("diagnosis")),
        write=write_findings, clear=remove("diagnosis"),
        inputs=lambda case, slot: tuple(path for kind in ("spike", "reversal", "tally") for path in case.paths(kind)),
    ),
    Phase(
        "diagnose", "diagnosed", ("framing", "record", "spike", "reversal"), "diagnosis", "diagnostician", one("diagnostician"),
        applies=lambda case: bool(case.paths("diagnosis")), done=_diagnosed, write=write_diagnosis, clear=write_findings,
        answer="diagnosis", inputs=_read("comparison", "tally", "spike", "reversal"), about=_told_diagnostician,
        path=lambda case, slot: document_path(case.slug, "diagnosis"),
    ),
)  # fmt: skip
FOLLOWING = (
    Phase(
        "stories", "stories derived", ("record",), "stories", RULE, lambda case: ("stories",), applies=called("stories", follows),
        done=there("stories"), write=write_stories, clear=removed("stories"), path=next_to("stories"),
        beyond=lambda case, path: path == next_to("stories")(case, ""), inputs=lambda case, slot: (framing(case).meta.record or "",),
    ),
    Phase(
        "verify", "verified by {slot}", ("framing", "record", "stories"), "verification", "verifier", one("verifier"),
        applies=lambda case: bool(case.paths("verification")), done=_reviewed, write=write_verification, clear=remove("verification"),
        answer="verification", inputs=_read(), about=_told_verifier, path=lambda case, slot: document_path(case.slug, "verification"),
        owes=("key-files",),
    ),
    Phase(
        "verdict", "verification told", ("verification", "stories"), "stories", RULE, lambda case: ("verdict",), applies=_to_settle,
        done=_settled, write=write_verdict, clear=lambda case, slot: {}, beyond=lambda case, path: path == next_to("stories")(case, ""),
        inputs=lambda case, slot: case.paths("verification"), tells=lambda case, slot: verified_status(case),
    ),
    Phase(
        "retrospect", "looked back on by {slot}", ("framing", "record", "stories", "verification"), "retrospective", "historian",
        one("historian"), applies=called("retrospect", _passed), done=there("retrospective"), write=write_retrospective,
        clear=removed("retrospective"), answer="retrospective", inputs=_read("tally", "spike", "reversal", "verification"),
        about=lambda case, slot: {"question": name_of(case), "record": record_of(case).title}, path=next_to("retrospective"),
        beyond=lambda case, path: path == next_to("retrospective")(case, ""),
    ),
)  # fmt: skip
