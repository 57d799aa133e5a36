"""Judging roles and comparing proposals: groups by approach, a matrix, what divides them. Nothing new is proposed. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.question.ground import own
from decisions_tool.agents.offline.question.measure import Measure, cost, measure, score, weights
from decisions_tool.agents.offline.wording import bullets, code, codes, enumerate_words, quote, stems
from decisions_tool.documents.comparison import Comparison, ComparisonMeta
from decisions_tool.documents.framing import Framing
from decisions_tool.documents.identity import Identity
from decisions_tool.documents.judged import Compliance, JudgedMeta
from decisions_tool.documents.outline import table_lines
from decisions_tool.documents.paths import place
from decisions_tool.documents.proposal import Proposal, Said
from decisions_tool.documents.sections import key
from decisions_tool.text import plural, slugify

_MOST_APPROACHES, _MOST_NEW = 5, 3
_SUFFICES = re.compile(r"(?is)\b(?:current|present|existing)\s+design\b.{0,60}\b(?:suffic\w+|enough|does)\b")
_LABELS = "ABCDE"


def proposals(desk: Desk) -> dict[int, Said]:
    """Agent number -> what it proposes; only those that are asked for."""
    wanted = {int(found) for found in re.findall(r"\d+", desk.packet.about.get("proposals", ""))}
    found = {_agent(path): document.said for path, document in desk.all(Proposal)}
    return {number: said for number, said in sorted(found.items()) if not wanted or number in wanted}


def _agent(path: str) -> int:
    at = place(path)
    return int(at.slot.rpartition("-")[2]) if at else 0


# ---------------------------------------------------------------------- roles


def judge(desk: Desk) -> Compliance:
    """Whether each proposal is what its role asks for, by what can be counted in it."""
    pairs = [part.partition("=") for part in desk.packet.about.get("seats", "").split(",")]
    seats = {slot.strip(): seat.strip() for slot, _, seat in pairs}
    found = {f"agent-{number:02d}": said for number, said in proposals(desk).items()}
    rows = []
    for slot, said in found.items():
        fine, why = complies(seats.get(slot, ""), said)
        rows.append((slot, "yes" if fine else "no", why))
    text = "\n".join(table_lines(("Proposal", "Complies", "Why"), rows))
    return Compliance(meta=JudgedMeta(type="compliance"), words=f"## Role Compliance\n\n{text}\n")


def complies(seat: str, said: Said) -> tuple[bool, str]:
    found = measure(said)
    if seat == "minimalist":
        return found.new < _MOST_NEW, f"adds {plural(found.new, 'new abstraction')}; {_MOST_NEW} would be too many"
    if seat == "extensibility-first":
        return found.settings, "changes a configuration file" if found.settings else "changes no configuration file"
    if seat == "migration-conservative":
        safe = not found.breaks or found.path
        return safe, "breaks nothing, or says how it migrates" if safe else "breaks something and names no migration"
    if seat == "contrarian":
        argued = bool(_SUFFICES.search(f"{said.summary}\n{said.sketch}"))
        return argued, "argues for the present design first" if argued else "has no argument for the present design"
    return True, "has no directive to follow"


# ---------------------------------------------------------------------- groups


@dataclass(frozen=True)
class Group:
    """Proposals that arrive at the same approach; the first one speaks for it."""

    label: str
    name: str
    members: Mapping[int, Said]

    @property
    def first(self) -> Said:
        return next(iter(self.members.values()))

    @cached_property
    def measure(self) -> Measure:
        return measure(self.first)

    @property
    def files(self) -> frozenset[str]:
        return frozenset(change.path for said in self.members.values() for change in said.files)

    def given(self, criterion: str) -> list[int]:
        """The scores that the proposals give themselves."""
        rows = [row for said in self.members.values() for row in said.scores if key(row.criterion) == key(criterion)]
        return [row.score for row in rows if row.score is not None]

    def mean(self, criterion: str) -> float:
        given = self.given(criterion)
        return sum(given) / len(given) if given else 0.0


def groups(found: Mapping[int, Said]) -> list[Group]:
    """The largest first; beyond five, the smallest joins the one that it shares most with."""
    named: dict[str, dict[int, Said]] = {}
    for number, said in found.items():
        named.setdefault(slugify(said.name), {})[number] = said
    held = _ranked([Group("", name, members) for name, members in named.items()])
    while len(held) > _MOST_APPROACHES:
        last = held.pop()
        near = max(held, key=lambda group: (_shared(group, last), -held.index(group)))
        held[held.index(near)] = Group("", near.name, {**near.members, **last.members})
        held = _ranked(held)
    return [Group(label, group.name, group.members) for label, group in zip(_LABELS, held, strict=False)]


def _ranked(held: Sequence[Group]) -> list[Group]:
    return sorted(held, key=lambda group: (-len(group.members), min(group.members)))


def _shared(one: Group, other: Group) -> int:
    return 2 * len(stems(one.name) & stems(other.name)) + len(one.files & other.files)


# ---------------------------------------------------------------------- the comparison


def synthesise(desk: Desk) -> Comparison:
    """The comparison in its format."""
    found, frame = groups(proposals(desk)), own(desk, Framing).frame
    criteria = [name for name, _ in weights(desk.packet.about.get("criteria", ""))]
    total = sum(len(group.members) for group in found)
    parts = {
        "Approaches Identified": "\n".join(f"{n}. {_identified(group)}" for n, group in enumerate(found, start=1)),
        f"Convergence: {len(found[0].members)}/{total} on {found[0].label}": "",
        "Comparison Matrix": _matrix(found, criteria),
        "Evaluation Scenarios": bullets(_scenarios(found, criteria, frame.scenarios, quote(frame.question, 100))),
        "Novel Ideas Worth Preserving": bullets(_novel(found)),
        **({"Hybrid Proposals (if constructed)": text} if (text := _hybrids(desk, found, criteria)) else {}),
        "Alternatives Considered (cross-proposal)": bullets(_alternatives(found)),
        "Divergence Diagnosis (if split)": _divergence(found, total),
        "Identity Violations (if identity document provided)": _violations(desk, found),
        "Open Questions for Voters": bullets(_open(found)),
    }
    body = "\n\n".join(f"### {name}\n\n{text}".rstrip() for name, text in parts.items())
    return Comparison(
        meta=ComparisonMeta(type="comparison"), words=f"## Synthesis: {quote(desk.packet.case, 60)}\n\n{body}\n"
    )


def _identified(group: Group) -> str:
    files = codes(sorted({said.files[0].path for said in group.members.values() if said.files}), 3)
    said = f"{cost(group.measure)}, beginning in {files or 'no file that it names'}"
    return f"**{group.name}** — {said} (proposed by agents: {', '.join(map(str, group.members))})"


def _matrix(found: Sequence[Group], criteria: Sequence[str]) -> str:
    rows = [[name, *(f"{score(name, g.measure)[1]}; {_self_scores(g, name)}" for g in found)] for name in criteria]
    return "\n".join(table_lines(("Criterion", *(group.label for group in found)), rows))


def _self_scores(group: Group, criterion: str) -> str:
    given = group.given(criterion)
    if not given:
        return "no score of its own"
    return f"gives itself {min(given)}" + (f" to {max(given)}" if max(given) > min(given) else "")


def _scenarios(found: Sequence[Group], criteria: Sequence[str], framed: Sequence[str], question: str) -> Iterator[str]:
    """One for each criterion: the framing's own where it has one, else the question put to it."""
    for name in criteria:
        asked = next((text for text in framed if key(name) in key(text.partition(":")[0])), "")
        case = quote(asked.partition(":")[2] or asked, 200).strip("'\"“” ") if asked else f"{question} Seen for {name}."
        ways = " ".join(f"With {group.label}: {score(name, group.measure)[1]}." for group in found)
        yield f"{name}: “{case}” {ways}"


def _novel(found: Sequence[Group]) -> list[str]:
    """What only one approach brings."""
    ideas = []
    for group in found:
        others = frozenset().union(*(other.files for other in found if other is not group))
        for number, said in group.members.items():
            fresh = [change for change in said.files if change.path not in others]
            if fresh:
                ideas.append(
                    f"From agent {number}: {code(fresh[0].path)}, which no other approach changes — {fresh[0].what}"
                )
                break
    return ideas or ["None: every file that one approach changes is changed by another too."]


def leads(found: Sequence[Group], criteria: Sequence[str]) -> dict[str, list[str]]:
    """Label -> criteria on which its proposals score themselves above all others."""
    ahead: dict[str, list[str]] = {}
    for name in criteria:
        ranked = sorted(found, key=lambda group: -group.mean(name))
        if len(ranked) > 1 and ranked[0].mean(name) > ranked[1].mean(name):
            ahead.setdefault(ranked[0].label, []).append(name)
    return ahead


def _hybrids(desk: Desk, found: Sequence[Group], criteria: Sequence[str]) -> str:
    ahead = leads(found, criteria)
    if desk.packet.about.get("hybrids") != "yes" or len(ahead) < 2:
        return ""
    one, other = [group for group in found if group.label in ahead][:2]
    first, second = (enumerate_words(ahead[group.label]) for group in (one, other))
    agents = " and ".join(f"agent-{min(group.members):02d}" for group in (one, other))
    return (
        f"- **Hybrid H1: {one.name}-with-{other.name}** — combines what leads on {first} from Approach {one.label} with what leads on "
        f"{second} from Approach {other.label}.\n    - Rationale: {one.label} leads on {first}, {other.label} on {second}; "
        f"it borrows from {agents}."
    )


def _alternatives(found: Sequence[Group]) -> list[str]:
    return [f"{group.label}: {quote(group.first.summary.split('. ')[-1], 200)}" for group in found[1:]] or [
        "None: every proposal arrived at the same approach."
    ]


def _divergence(found: Sequence[Group], total: int) -> str:
    sizes = [len(group.members) for group in found]
    if len(found) == 1:
        return "None: all proposals arrived at one approach."
    shared = frozenset.intersection(*(group.files for group in found))
    same = f"All approaches change {codes(sorted(shared), 3)}, so they solve one problem and disagree on the solution."
    apart = "No file is changed by every approach, so they may be solving different problems."
    even = sizes[0] == sizes[1] and sizes[0] * 2 >= total
    return f"{same if shared else apart}{' The proposals split evenly, which suggests framing the question anew.' if even else ''}"


def _violations(desk: Desk, found: Sequence[Group]) -> str:
    identity = desk.maybe(Identity)
    if identity is None:
        return "No identity document was provided."
    fixed = set(re.findall(r"`([^`]+)`", identity.parts("Invariants")))
    lines = [
        f"{group.label}: says that something breaks, and Invariants names {codes(sorted(group.files & fixed), 3)}."
        for group in found
        if group.measure.breaks and group.files & fixed
    ]
    return bullets(lines) or "None found: no approach breaks a file that Invariants names."


_Doubt = Callable[[Measure], bool]
_DOUBTS: tuple[tuple[str, _Doubt], ...] = (
    ("no present test covers it: is what it does today known?", lambda m: not m.covered),
    ("adds more than one abstraction: is there a second use for each?", lambda m: m.new > 1),
    ("names no way to see what goes wrong: is the present one enough?", lambda m: not m.told),
)


def _open(found: Sequence[Group]) -> list[str]:
    asked = [f"{group.label} {text}" for group in found for text, holds in _DOUBTS if holds(group.measure)]
    return asked[:6] or ["None that the proposals leave open."]
