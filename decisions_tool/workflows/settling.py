"""How a question comes out: by vote, by convergence, by a person, composed of its parts. Pure."""

from __future__ import annotations

import re

from decisions_tool.documents.comparison import Approach
from decisions_tool.documents.framing import Framing
from decisions_tool.documents.proposal import Hybrid, Said
from decisions_tool.rules.sensitivity import agreement
from decisions_tool.rules.tally import Tally, tenths
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.question import (
    KEEP,
    KEPT,
    PATCHED,
    approaches,
    ballots,
    by_person,
    converged,
    ending,
    first_setup,
    first_tally,
    framing,
    heard,
    labels,
    last_tally,
    needs_vote,
    runoff_done,
    simplest,
    split_into,
    text_of,
)  # fmt: skip
from decisions_tool.workflows.record_text import Outcome
from decisions_tool.workflows.tally_text import result

_TITLE = 60
_PATCH = Approach(PATCHED, "patched", "The approach with the most support, with its vetoed flaw mended.", ())


def settled(case: Case) -> bool:
    """Whether it is known what was decided."""
    if framing(case).meta.decided is not None:
        return True
    if by_person(case):
        return False
    if split_into(case):
        return case.path("hybrid", "hybrid-01") in case.files
    if case.path("comparison") not in case.files:
        return False
    if not needs_vote(case):
        return True
    return case.path("tally") in case.files and ending(case) in {"record", "simplicity"}


def outcome(case: Case) -> Outcome:
    """What was decided; ``settled`` must hold."""
    asked = framing(case)
    if asked.meta.decided is not None:
        return _by_person(case, asked)
    if split_into(case):
        return _composed(case)
    return _by_vote(case) if needs_vote(case) else _by_convergence(case)


def _by_person(case: Case, asked: Framing) -> Outcome:
    said = asked.meta.decided or ""
    known = {approach.label: approach for approach in approaches(case)} if case.path("comparison") in case.files else {}
    approach = known.get(said) or next(
        (a for a in known.values() if a.name == said), Approach("", short(said), said, ())
    )
    makers = (asked.meta.by or "a person",)
    why = f"because {asked.meta.reason}" if asked.meta.reason else "without a reason given"
    voted = [f"the vote before: {result(last_tally(case), {})}"] if case.path("tally") in case.files else []
    others = tuple((a, "a person decided otherwise") for a in known.values() if a is not approach)
    how = (f"not voted; decided by {makers[0]}, {why}", *voted)
    text = text_of(case, approach) if approach.label else Said(approach.name, said)
    return Outcome(approach, text, how, "accepted", weak=False, people=makers, others=others)


def short(said: str) -> str:
    """A title from a decision in words: its first clause, cut between words."""
    clause = re.split(r"[:;.]\s|\s[—–-]\s|,\s", said.strip())[0].rstrip(".:;,")
    if len(clause) <= _TITLE:
        return clause
    return clause[:_TITLE].rpartition(" ")[0] or clause[:_TITLE]


def _composed(case: Case) -> Outcome:
    said = case.read(Hybrid, case.path("hybrid", "hybrid-01")).said
    parts = ", ".join(split_into(case))
    how = (f"not voted; composed of the decisions on {parts}",)
    return Outcome(Approach("", said.name, said.summary, ()), said, how, "accepted", weak=False)


def _by_convergence(case: Case) -> Outcome:
    found = converged(case)
    approach = next(a for a in approaches(case) if a.label == found.label)
    how = (
        f"{found.held}/{found.passed} proposals chose this, not voted",
        "Agreement of agents that are alike is no statistic: it says that the answer is the obvious one, given the prompt.",
    )
    others = tuple(
        (a, f"{len(a.agents)} of {found.passed} proposals") for a in approaches(case) if a.label != found.label
    )
    return Outcome(approach, text_of(case, approach), how, "accepted", weak=False, others=others)


def _by_vote(case: Case) -> Outcome:
    found = last_tally(case)
    label = found.winner or simplest(case)
    known = {approach.label: approach for approach in approaches(case)} | {KEPT: KEEP, PATCHED: _PATCH}
    approach = known[label]
    said = Said(KEEP.name, KEEP.summary) if label == KEPT else text_of(case, approach)
    weak = found.verdict != "strong" or found.winner is None
    return Outcome(
        approach, said, _told(case, approach, found), "accepted-with-review" if _doubtful(found, label) else "accepted", weak,
        objections=_objections(case, label), merges=_merges(case), others=_others(case, found, label, known),
    )  # fmt: skip


def _told(case: Case, approach: Approach, found: Tally) -> tuple[str, ...]:
    """The vote line and what stands beside it."""
    share = len(approach.agents)
    proposed = (
        f"{share}/{converged(case).passed} proposals chose this"
        if share
        else f"0/{converged(case).passed} in proposals"
    )
    votes = f"{found.counted.get(approach.label, 0)}/{found.valid} voted for it"
    runoff = " in the runoff" if runoff_done(case) else ""
    order, effective = agreement(ballots(case, "vote"), first_setup(case))
    limit = [] if found.winner else ["the last iteration was split; the simplest approach was taken, as configured"]
    dissent = list(dict.fromkeys(" ".join(h.cast.dissent.split()) for h in heard(case) if h.cast.dissent))
    return (
        f"{proposed}, {votes}{runoff}", *limit, f"Result: {result(found, {})}",
        f"Order agreement of the voters: {order / 100:.2f}; effective number of independent votes: {tenths(effective)}",
        *(f"Dissent: {text}" for text in dissent[:3]),
    )  # fmt: skip


def _doubtful(found: Tally, label: str) -> bool:
    """Whether two voters saw a fatal flaw."""
    return any(count == 2 for (name, _), count in found.ones.items() if name == label)


def _objections(case: Case, label: str) -> tuple[str, ...]:
    """What voters hold against the winner: the minority first."""
    votes = heard(case, "runoff") if runoff_done(case) else heard(case)
    against = [h for h in votes if h.cast.winner != label and h.cast.dissent]
    own = [h for h in votes if h.cast.winner == label and h.cast.objection]
    texts = [h.cast.dissent for h in against] + [h.cast.objection for h in own]
    return tuple(dict.fromkeys(" ".join(text.split()) for text in texts))[:3]


def _merges(case: Case) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry for h in heard(case) for entry in h.cast.merge))[:5]


def _others(case: Case, found: Tally, label: str, known: dict[str, Approach]) -> tuple[tuple[Approach, str], ...]:
    """Approaches that did not win, best first, with the reason."""
    order = sorted((x for x in found.sums if x != label), key=lambda x: (-found.counted.get(x, 0), -found.sums[x]))
    names = [*order, *(x for x in labels(case) if x not in order and x != label)]
    first = first_tally(case)
    return tuple((known[x], _why_not(x, found if x in found.sums else first)) for x in names)


def _why_not(label: str, found: Tally) -> str:
    if label in found.vetoes:
        return f"vetoed on {', '.join(found.vetoes[label])}"
    if label in found.failed:
        return "fails a success criterion"
    return f"{found.votes.get(label, 0)} of {found.valid} votes, mean {found.mean(label)}"
