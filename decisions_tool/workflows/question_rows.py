"""What the rows of the decision workflow ask, read, wait for and say. Pure."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote

from decisions_tool.documents import frontmatter
from decisions_tool.documents.computed import Record, TallyDocument
from decisions_tool.documents.framing import Framing
from decisions_tool.documents.identity import TRIMMED, Identity
from decisions_tool.documents.judged import AGAIN, DEGRADED, IN, Compliance, Gate
from decisions_tool.documents.paths import document_path
from decisions_tool.errors import Finding
from decisions_tool.rules.framing import Ground, lint
from decisions_tool.rules.identity import STALE, slice_for, tier
from decisions_tool.rules.rounds import plan_rounds
from decisions_tool.rules.tally import quorum
from decisions_tool.text import plural, slugify
from decisions_tool.workflows.case import Case, once
from decisions_tool.workflows.paper import criteria_of, listed, order_of
from decisions_tool.workflows.phases import Halt
from decisions_tool.workflows.question import (
    by_person,
    compared,
    converged,
    current,
    cycle,
    ending,
    first_tally,
    frame,
    framing,
    heard,
    iteration,
    last_tally,
    launched,
    name_of,
    needs_vote,
    passed,
    seat_of,
    split_into,
    voters,
    wanted_again,
)  # fmt: skip
from decisions_tool.workflows.question_writing import (
    tally_inputs,
)  # fmt: skip
from decisions_tool.workflows.settling import outcome, settled

# ---------------------------------------------------------------------- framing


def lint_findings(case: Case) -> list[Finding]:
    """What has to be mended before a question is asked."""
    return [finding for finding in remarks(case) if finding.severity == "error"]


def remarks(case: Case) -> list[Finding]:
    """Everything that can be said of a framing."""
    path = case.path("framing")
    exists = case.tracked or (lambda path: True)
    first = frontmatter.read(case.text(path), path).body_line
    return [
        *lint(frame(case), path, first, Ground(exists, case.outside.lines)),
        *_circle(case, path),
        *_aged(case, path),
    ]


def _circle(case: Case, path: str) -> list[Finding]:
    """Questions that wait for each other, and names that are no question."""
    needs = {case.slug: framing(case).needs}
    needs |= {slug: case.read(Framing, p).needs for slug, p in _needed(case).items()}
    circle = plan_rounds(needs).cycle
    told = []
    if circle:
        said = f"questions wait for each other: {' -> '.join(circle)}"
        told.append(Finding("frame/circle", "error", path, 1, 1, said, "take one of them out of depends-on"))
    for slug in framing(case).needs:
        if slug not in needs:
            hint = f'decisions new question "…" --slug {quote(slug)}'
            told.append(
                Finding("frame/depends-on", "error", path, 1, 1, f"it depends on {slug}, which is no question", hint)
            )
    return told


def _needed(case: Case) -> dict[str, str]:
    """Question -> path of its framing, for those that this one depends on."""
    return {path.split("/")[-2]: path for path in case.shared if path.endswith("/framing.md")}


def waits_for_others(case: Case) -> Halt | None:
    """Questions that have to be decided first."""
    found = [slug for slug, path in _needed(case).items() if not case.read(Framing, path).meta.record]
    waits = [slug for slug in framing(case).needs if slug in found]
    return Halt(f"{waits[0]} has to be decided first", f"decisions why {quote(waits[0])}") if waits else None


# ---------------------------------------------------------------------- what applies


def by_agents(case: Case) -> bool:
    """Whether agents work on this question: no person decides it, and its parts do not."""
    return not by_person(case) and not split_into(case)


def tier_of(case: Case) -> int:
    """Which identity the agents of a question get: 0 none, 1 the same for all, 2 with slices by role."""
    asked = framing(case)
    if (asked.meta.identity or asked.frame.identity).casefold() == "none":
        return 0
    return tier(
        asked.tier, len(asked.frame.files), len(asked.frame.facets), case.outside.lines() if asked.tier is None else 0
    )


def wants_identity(case: Case) -> bool:
    """Whether the agents of this question are still to get an identity; what was proposed without one stays as it is."""
    return by_agents(case) and not case.paths("proposal") and tier_of(case) > 0


def _aged(case: Case, path: str) -> list[Finding]:
    """An identity that describes a commit too far back."""
    found = case.find(Identity)
    age = case.outside.age(found.commit) if found and found.commit else 0
    if age <= STALE:
        return []
    said = f"the identity of the repository is {age} commits old"
    return [Finding("frame/identity", "warning", path, 1, 1, said, f"decisions redo {quote(case.slug)} identity")]


@once
def leading(case: Case) -> dict[str, tuple[str, str]]:
    """Of which document everybody is shown a part first, and what is left of it: with slices by role the identity."""
    identity = case.find(Identity)
    if identity is None or tier_of(case) < 2:
        return {}
    return {document_path("", "identity"): (identity.parts(*TRIMMED), identity.rest(*TRIMMED))}


def shown_to_proposer(case: Case, slot: str) -> dict[str, str]:
    """With slices by role, the rest of the identity comes with the role."""
    parts = leading(case)
    shown = {
        name: parts[name][0] if name in parts else case.text(name) for name in ground(case, slot) if case.file(name)
    }
    return shown if parts else {}


def to_vote(case: Case) -> bool:
    return by_agents(case) and needs_vote(case)


def tallied(case: Case, slot: str) -> bool:
    return current(case, case.find(TallyDocument), tally_inputs(case))


def wants_runoff(case: Case) -> bool:
    return to_vote(case) and first_tally(case).next in {"runoff", "patch"}


def hybrids(case: Case) -> tuple[str, ...]:
    return tuple(found.slot for found in compared(case).hybrids[:2])


# ---------------------------------------------------------------------- halts


def gate_halt(case: Case) -> Halt | None:
    gate = case.find(Gate)
    if gate is None or gate.meta.status not in {"reframe", "quorum"}:
        return None
    if gate.meta.status == "reframe":
        why = f"more than half of {launched(case)} proposals passed at most one check: revise the framing"
        return Halt(why, f"decisions redo {quote(case.slug)} propose")
    why = f"{len(passed(case))} of {launched(case)} proposals passed the gate, {quorum(launched(case))} are needed"
    return Halt(why, f"decisions redo {quote(case.slug)} propose")


def tally_halt(case: Case) -> Halt | None:
    """What a person has to do about a tally that leads nowhere by itself."""
    if settled(case):
        return None
    if by_person(case):
        return Halt("a person decides this question", f'decisions decide {quote(case.slug)} "<what>" --reason "<why>"')
    if split_into(case):
        return None
    following = ending(case)
    if following == "more-votes":
        why = f"{first_tally(case).valid} of {len(voters(case))} votes can be counted, {quorum(len(voters(case)))} are needed"
        return Halt(why, f"decisions redo {quote(case.slug)} vote")
    if following in {"escalate", "refine"}:
        limit = iteration(case) >= case.settings.decision.iterations and last_tally(case).next == "refine"
        why = (
            f"{iteration(case)} iterations are spent: a person decides" if limit else "the tally leaves it to a person"
        )
        return Halt(why, f'decisions decide {quote(case.slug)} <approach> --reason "<why>"')
    return None


def record_findings(case: Case) -> list[Finding]:
    """A record that stands, where what it was made from comes to something else by now."""
    path = framing(case).meta.record or ""
    if not path or not case.file(path) or not (case.read(Record, path).meta.status or "").startswith("accepted"):
        return []
    said = path.rpartition("/")[2].removesuffix(".md").partition("-")[2].partition("-")[2]
    found = (slugify(outcome(case).approach.name) or case.slug) if settled(case) else ""
    if found == said:
        return []
    now = f"what it was made from comes to {found} by now" if found else "what it was made from decides nothing by now"
    hint = (
        f"take back what changed it (decisions log {quote(case.slug)}), or: decisions reverse {quote(case.slug)} --help"
    )
    return [Finding("record/outcome", "error", path, 1, 1, f"it says {said}, and {now}", hint)]


def parts_halt(case: Case) -> Halt | None:
    """Sub-questions that are not decided yet."""
    left = [slug for slug in split_into(case) if not _decided(case, slug)]
    return Halt(f"{', '.join(left)} has to be decided first", f"decisions why {quote(left[0])}") if left else None


def _decided(case: Case, slug: str) -> bool:
    path = document_path(slug, "framing")
    return case.file(path) is not None and bool(case.read(Framing, path).meta.record)


# ---------------------------------------------------------------------- what agents are told


def told(case: Case, **more: str) -> dict[str, str]:
    decision = case.settings.decision
    anchors = "; ".join(f"{c.name}: {c.anchors}" for c in decision.criteria)
    return {
        "question": name_of(case),
        "criteria": listed([(c.name, c.weight) for c in decision.criteria]),
        "anchors": anchors,
        **more,
    }


def told_proposer(case: Case, slot: str) -> dict[str, str]:
    seat, again = seat_of(case, slot), wanted_again(case, slot)
    gate = case.find(Gate)
    failed = gate.rows[slot].failed if again and gate else ""
    identity = case.find(Identity) if tier_of(case) > 1 else None
    own = identity.parts(*slice_for(seat)) if identity else ""
    return told(case, seat=seat, directive=case.settings.directive(seat), asked=again, failed=failed, slice=own)


def told_judge(case: Case, slot: str) -> dict[str, str]:
    seats = ", ".join(f"{name}={seat_of(case, name)}" for name in sorted(case.slots("proposal")))
    directives = "; ".join(
        f"{seat}: {case.settings.directive(seat) or 'no directive'}" for seat in dict.fromkeys(cycle(case).propose)
    )
    return {"seats": seats, "directives": directives}


def told_synthesizer(case: Case, slot: str) -> dict[str, str]:
    numbers = ", ".join(str(int(name[-2:])) for name in passed(case))
    return told(case, proposals=numbers, hybrids="yes")


def told_integrator(case: Case, slot: str) -> dict[str, str]:
    wanted = next(found for found in compared(case).hybrids if found.slot == slot)
    return told(case, name=wanted.name, of=", ".join(wanted.of), reason=wanted.reason)


def told_voter(kind: str) -> Callable[[Case, str], dict[str, str]]:
    def about(case: Case, slot: str) -> dict[str, str]:
        seat = "skeptical" if kind == "confirm" else seat_of(case, slot)
        successes = ", ".join(str(n) for n in range(1, len(frame(case).success) + 1))
        return told(case) | {
            "seat": seat, "directive": case.settings.directive(seat), "labels": ", ".join(order_of(case, slot, kind)),
            "criteria": listed(criteria_of(case, slot)), "successes": successes,
        }  # fmt: skip

    return about


def told_patcher(case: Case, slot: str) -> dict[str, str]:
    found = first_tally(case)
    label = max(found.votes, key=lambda x: (found.votes[x], found.sums[x]))
    approach = compared(case).approach(label)
    return told(
        case, label=label, name=approach.name if approach else label, vetoed=", ".join(found.vetoes.get(label, ()))
    )


def told_refiner(case: Case, slot: str) -> dict[str, str]:
    found = first_tally(case)
    ranked = sorted(found.sums, key=lambda x: (-found.counted.get(x, 0), -found.sums[x]))[:2]
    return {"leaders": ", ".join(ranked), "iteration": str(iteration(case)), "question": name_of(case)}


# ---------------------------------------------------------------------- what is read

#: What a design ran into: it stays where it is when the question is asked again, and every later prompt carries it.
EVIDENCE = ("spike", "reversal", "diagnosis")


def ground(case: Case, slot: str) -> tuple[str, ...]:
    """What every agent starts from: framing, identity, constraints, addenda of the questions before this one."""
    addenda = [path for path in case.shared if path.endswith(("/constraint-addendum.md", "/reversal.md"))]
    common = [path for path in (document_path("", "identity"), document_path("", "constraints")) if path in case.shared]
    return (case.path("framing"), *common, *addenda, *(path for kind in EVIDENCE for path in case.paths(kind)))


def synthesis_reads(case: Case, slot: str) -> tuple[str, ...]:
    held_by = case.slots("proposal")
    return (*ground(case, slot), *case.paths("gate"), *(held_by[name] for name in passed(case)))


def hybrid_reads(case: Case, slot: str) -> tuple[str, ...]:
    wanted = next(found for found in compared(case).hybrids if found.slot == slot)
    agents = [n for label in wanted.of if (a := compared(case).approach(label)) for n in a.agents]
    held_by = case.slots("proposal")
    return (
        *ground(case, slot),
        *case.paths("comparison"),
        *(p for n in agents if (p := held_by.get(f"agent-{n:02d}"))),
    )


def vote_reads(case: Case, slot: str) -> tuple[str, ...]:
    """What the ballot paper is made from; the paper itself is what a voter sees."""
    return (
        *ground(case, slot)[:2],
        *case.paths("comparison"),
        *case.paths("proposal"),
        *case.paths("hybrid"),
        *case.paths("patch"),
    )


def judged(case: Case, slot: str) -> bool:
    return current(case, case.find(Compliance), case.paths("proposal"))


def gated(case: Case, slot: str) -> bool:
    return current(case, case.find(Gate), (*case.paths("proposal"), *case.paths("compliance")))


def proposed(case: Case, slot: str) -> bool:
    return slot in case.slots("proposal") and not wanted_again(case, slot)


def say_gate(case: Case, slot: str) -> str:
    gate = case.find(Gate)
    if gate is None:
        return ""
    counts = {name: len(gate.slots(name)) for name in (IN, DEGRADED, "out", "retry", AGAIN)}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def say_comparison(case: Case, slot: str) -> str:
    found = converged(case)
    return f"{len(compared(case).approaches)} approaches, {found.held}/{found.passed} on {found.label}"


def say_tally(case: Case, slot: str) -> str:
    found = case.find(TallyDocument)
    left = sum(vote.ballot is None for vote in heard(case))
    uncounted = f", {plural(left, 'vote')} not counted" if left else ""
    return (
        f"{found.meta.verdict}, {found.meta.winner or 'nobody'}, next: {found.meta.outcome}{uncounted}" if found else ""
    )


def say_record(case: Case, slot: str) -> str:
    return (framing(case).meta.record or "").rpartition("/")[2].removesuffix(".md")
