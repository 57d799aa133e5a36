"""Judging roles and comparing proposals: groups by approach, a matrix, what divides them. Nothing new is proposed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from decisions_tool.agents.offline.components import is_test
from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.question.ground import own
from decisions_tool.agents.offline.question.measure import MANY, Measure, measure, score, weights
from decisions_tool.agents.offline.wording import bullets, codes, enumerate_words, quote, stems
from decisions_tool.documents.comparison import Comparison, ComparisonMeta
from decisions_tool.documents.framing import Framing
from decisions_tool.documents.identity import Identity
from decisions_tool.documents.judged import Compliance, JudgedMeta
from decisions_tool.documents.outline import table_lines
from decisions_tool.documents.paths import place
from decisions_tool.documents.proposal import Proposal, Said
from decisions_tool.documents.sections import key
from decisions_tool.text import plural, slugify

_MOST_APPROACHES, _MOST_OPEN = 5, 6
#: What happens in a scenario where the framing has none for a criterion.
_CASES = {
    "simplicity": "Somebody new reads what has changed.",
    "extensibility": "One more case of the same kind is wanted.",
    "migrationsafety": "A caller from before the change runs after it.",
    "debuggability": "It fails at night, and somebody has only what it printed.",
    "testability": "A test of the change is written before the change.",
}
_SUFFICES = re.compile(r"(?is)\b(?:current|present|existing)\s+design\b.{0,60}\b(?:suffic\w+|enough|does)\b")


def proposals(desk: Desk) -> dict[int, Said]:
    """Agent number -> what it proposes; only those that are asked for."""
    wanted = {int(found) for found in re.findall(r"\d+", desk.packet.about.get("proposals", ""))}
    found = {int(at.slot[6:]): p.said for path, p in desk.all(Proposal) if (at := place(path))}
    chosen = {number: said for number, said in sorted(found.items()) if number in wanted}
    return chosen or found or {1: desk.one(Proposal).said}


def judge(desk: Desk) -> Compliance:
    """Whether each proposal is what its role asks for, by what can be counted in it."""
    seats = dict(re.findall(r"([\w-]+)=([\w-]+)", desk.packet.about.get("seats", "")))
    found = {f"agent-{number:02d}": said for number, said in proposals(desk).items()}
    verdicts = {slot: complies(seats.get(slot, ""), said) for slot, said in found.items()}
    rows = [(slot, "yes" if fine else "no", why) for slot, (fine, why) in verdicts.items()]
    text = "\n".join(table_lines(("Proposal", "Complies", "Why"), rows))
    return Compliance(meta=JudgedMeta(type="compliance"), words=f"## Role Compliance\n\n{text}\n")


def complies(seat: str, said: Said) -> tuple[bool, str]:
    found = measure(said)
    if seat == "minimalist":
        return found.new < MANY, f"adds {plural(found.new, 'new abstraction')}; {MANY} would be too many"
    if seat == "extensibility-first":
        return found.settings, f"changes {'a' if found.settings else 'no'} configuration file"
    if seat == "migration-conservative":
        fine = not found.breaks or found.path
        return fine, "breaks nothing, or says how it migrates" if fine else "breaks something and names no migration"
    if seat == "contrarian":
        argued = bool(_SUFFICES.search(f"{said.summary}\n{said.sketch}"))
        return argued, "argues for the present design first" if argued else "has no argument for the present design"
    return True, "has no directive to follow"


# ---------------------------------------------------------------------- groups


class Group(NamedTuple):
    """Proposals that arrive at the same approach; the first one speaks for it."""

    label: str
    name: str
    members: Mapping[int, Said]

    @property
    def measure(self) -> Measure:
        return measure(next(iter(self.members.values())))

    def files(self) -> frozenset[str]:
        """What its proposals change, tests left out."""
        changed = (change.path for said in self.members.values() for change in said.files)
        return frozenset(path for path in changed if not is_test(path))

    def given(self, criterion: str) -> list[int]:
        """The scores that its proposals give themselves."""
        rows = [row for said in self.members.values() for row in said.scores if key(row.criterion) == key(criterion)]
        return [row.score for row in rows if row.score is not None]


def groups(found: Mapping[int, Said]) -> list[Group]:
    """By name, so that labels tell nothing of size; beyond five, the smallest joins the one that it shares most with."""
    named: dict[str, dict[int, Said]] = {}
    for number, said in found.items():
        named.setdefault(slugify(said.name), {})[number] = said
    held = _ranked(named)
    while len(held) > _MOST_APPROACHES:
        last = held.pop()
        near = max(held, key=lambda group: (_shared(group, last), len(group.members)))
        held = _ranked({g.name: {**g.members, **(last.members if g is near else {})} for g in held})
    ordered = sorted(held, key=lambda group: group.name)
    return [group._replace(label=chr(ord("A") + number)) for number, group in enumerate(ordered)]


def _ranked(named: Mapping[str, Mapping[int, Said]]) -> list[Group]:
    order = sorted(named.items(), key=lambda item: (-len(item[1]), min(item[1])))
    return [Group(chr(ord("A") + number), name, members) for number, (name, members) in enumerate(order)]


def _shared(one: Group, other: Group) -> int:
    return 2 * len(stems(one.name) & stems(other.name)) + len(one.files() & other.files())


# ---------------------------------------------------------------------- the comparison


def synthesise(desk: Desk) -> Comparison:
    """The comparison in its format."""
    found, frame = groups(proposals(desk)), own(desk, Framing).frame
    criteria = [name for name, _ in weights(desk.packet.about.get("criteria", ""))]
    total, largest = sum(len(group.members) for group in found), max(found, key=lambda group: len(group.members))
    wanted = (
        desk.packet.about.get("hybrids") == "yes" and 5 * len(largest.members) < 4 * total
    )  # else there is no tension
    rows = [[name, *(_cell(group, name) for group in found)] for name in criteria]
    parts = {
        "Approaches Identified": "\n".join(f"{n}. {_identified(group)}" for n, group in enumerate(found, start=1)),
        f"Convergence: {len(largest.members)}/{total} on {largest.label}": "",
        "Comparison Matrix": "\n".join(table_lines(("Criterion", *(group.label for group in found)), rows)),
        "Evaluation Scenarios": bullets(_scenarios(found, criteria, frame.scenarios, quote(frame.question, 120))),
        "Novel Ideas Worth Preserving": bullets(_novel(found))
        or "- None: what one approach changes, another changes too.",
        "Hybrid Proposals (if constructed)": _hybrid(found, criteria) if wanted else "",
        "Alternatives Considered (cross-proposal)": bullets(_alternatives(found)) or "- None: there is one approach.",
        "Divergence Diagnosis (if split)": _divergence(found, total),
        "Identity Violations (if identity document provided)": _violations(desk, found),
        "Open Questions for Voters": bullets(list(_open(found))[:_MOST_OPEN])
        or "- None that the proposals leave open.",
    }
    shown = [(name, text) for name, text in parts.items() if text or not name.startswith("Hybrid")]
    body = "\n\n".join(f"### {name}\n\n{text}".rstrip() for name, text in shown)
    return Comparison(meta=ComparisonMeta(type="comparison"), words=f"## Synthesis: {desk.packet.case}\n\n{body}\n")


def _identified(group: Group) -> str:
    begin = codes(sorted({said.files[0].path for said in group.members.values() if said.files}), 3)
    agents = ", ".join(map(str, group.members))
    return (
        f"**{group.name}** — {group.measure.cost()}, beginning in {begin or 'no file'} (proposed by agents: {agents})"
    )


def _cell(group: Group, criterion: str) -> str:
    given = sorted(set(group.given(criterion)))
    own = f"gives itself {enumerate_words([str(number) for number in given])}" if given else "gives itself nothing"
    return f"{score(criterion, group.measure)[1]}; {own}"


def _scenarios(found: Sequence[Group], criteria: Sequence[str], framed: Sequence[str], question: str) -> Iterator[str]:
    """One for each criterion: the framing's own where it has one, else the question as it stands."""
    for name in criteria:
        asked = next((text for text in framed if key(text.partition(":")[0]) == key(name)), "")
        case = quote(asked.partition(":")[2].strip(' "“”'), 200) if asked else _CASES.get(key(name), question)
        yield f"{name}: “{case}” {' '.join(f'With {g.label}: {score(name, g.measure)[1]}.' for g in found)}"


def _novel(found: Sequence[Group]) -> Iterator[str]:
    """What only one approach brings, by the first proposal that has it."""
    for group in found:
        rest = frozenset[str]().union(*(other.files() for other in found if other is not group))
        fresh = (
            (n, change)
            for n, said in group.members.items()
            for change in said.files
            if change.path in group.files() - rest
        )
        for number, change in list(fresh)[:1]:
            yield f"From agent {number}: `{change.path}`, which no other approach changes — {change.what}"


def leads(found: Sequence[Group], criteria: Sequence[str]) -> dict[str, set[str]]:
    """Label -> criteria on which no other approach scores itself higher and at least one lower."""
    ahead: dict[str, set[str]] = {group.label: set() for group in found}
    for name in criteria:
        means = {group.label: sum(given) / len(given) for group in found if (given := group.given(name))}
        best = max(means.values(), default=0)
        for label in means if len(set(means.values())) > 1 else ():
            ahead[label] |= {name} if means[label] == best else set()
    return ahead


def _hybrid(found: Sequence[Group], criteria: Sequence[str]) -> str:
    """The two approaches that lead on most criteria together, each on one where the other does not."""
    ahead = leads(found, criteria)
    pairs = [
        (a, b) for a, b in combinations(found, 2) if ahead[a.label] - ahead[b.label] and ahead[b.label] - ahead[a.label]
    ]
    if not pairs:
        return ""
    first, second = max(pairs, key=lambda pair: len(ahead[pair[0].label] | ahead[pair[1].label]))
    one, other = (
        enumerate_words([name for name in criteria if name in ahead[a.label] - ahead[b.label]])
        for a, b in ((first, second), (second, first))
    )
    return (
        f"- **Hybrid H1: {first.name}-with-{second.name}** — combines what leads on {one} from Approach {first.label} with what leads "
        f"on {other} from Approach {second.label}.\n    - Rationale: {first.label} leads on {one} and {second.label} on {other}, by the "
        f"scores of agent-{min(first.members):02d} and agent-{min(second.members):02d}."
    )


def _alternatives(found: Sequence[Group]) -> list[str]:
    return [
        f"{g.label}: {next(iter(g.members.values())).summary.partition('. ')[2].strip() or g.name}" for g in found[1:]
    ]


def _divergence(found: Sequence[Group], total: int) -> str:
    if len(found) == 1:
        return "None: all proposals arrived at one approach."
    shared = codes(sorted(frozenset.intersection(*(group.files() for group in found))), 3)
    same = f"All approaches change {shared}, so they solve one problem and disagree on the solution."
    first, second = sorted((len(group.members) for group in found), reverse=True)[:2]
    even = first == second and 2 * first >= total
    anew = " The proposals split evenly, which suggests framing the question anew." if even else ""
    return (same if shared else "No file is changed by every approach, so they may solve different problems.") + anew


def _violations(desk: Desk, found: Sequence[Group]) -> str:
    identity = desk.maybe(Identity)
    fixed = re.findall(r"`([^`]+?)(?::\d+)?`", identity.parts("Invariants")) if identity else []
    broken = [(group.label, sorted(group.files() & set(fixed))) for group in found if group.measure.breaks]
    lines = [
        f"{label} breaks something in {codes(paths, 3)}, which Invariants names." for label, paths in broken if paths
    ]
    return bullets(lines) or ("None found." if identity else "None checked.")


def _open(found: Sequence[Group]) -> Iterator[str]:
    for group in found:
        if not group.measure.covered:
            yield f"{group.label}: no present test covers what it changes; is today's behaviour known?"
        if group.measure.new > 1:
            yield f"{group.label}: it adds {group.measure.new} abstractions; is there a second use for each?"
