"""Reviews: an expert's lens held over what the roadmap touches; every remark is a fact with a place."""

from __future__ import annotations

from collections.abc import Sequence

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.lenses import ADVICE, ANY, LENSES, Remark
from decisions_tool.agents.offline.wording import code, codes, quote, verb
from decisions_tool.documents.review import SEVERITIES, Review, ReviewFinding, ReviewMeta

_MOST, _MOST_PER_SUBJECT = 6, 3
#: What is nice to have gives way to everything else.
_ORDER = ("critical", "important", "question", "nice-to-have")


def review(desk: Desk) -> Review:
    """The findings of the expert in whose slot the packet stands."""
    about = desk.packet.about
    lenses = LENSES.get(desk.packet.slot.lower(), ANY)
    remarks = choose([remark for lens in lenses for remark in lens(desk)])
    return Review(
        meta=ReviewMeta(type="review"),
        reviewer=quote(about.get("name", desk.packet.slot).rstrip("#"), 80),
        lens=quote(about.get("lens", desk.packet.slot), 200),
        summary=_summary(desk, remarks),
        findings=tuple(_finding(number, remark) for number, remark in enumerate(remarks, start=1)),
    )


def _finding(number: int, remark: Remark) -> ReviewFinding:
    return ReviewFinding(
        id=f"F{number}",
        severity=remark.severity,
        title=remark.title,
        where=remark.where,
        problem=remark.problem,
        suggestion=ADVICE[remark.subject],
    )


def choose(remarks: Sequence[Remark]) -> list[Remark]:
    """The gravest first; among equals a subject comes back to a component only after all others had their turn."""
    chosen: list[Remark] = []
    for severity in _ORDER:
        ranked = sorted((r for r in remarks if r.severity == severity), key=lambda r: (-r.weight, r.where, r.title))
        for again in (False, True):
            for remark in ranked:
                alike = [other.component for other in chosen if other.subject == remark.subject]
                wanted = len(alike) < _MOST_PER_SUBJECT and (again or remark.component not in alike)
                if wanted and remark not in chosen and len(chosen) < _MOST:
                    chosen.append(remark)
    return sorted(chosen, key=lambda remark: SEVERITIES.index(remark.severity))


def _summary(desk: Desk, remarks: Sequence[Remark]) -> str:
    unknown = f"The survey knows no component called {code(desk.primary)}."
    looked = [] if desk.primary in desk.survey.components else [unknown]
    looked += [f"Looked at {codes(desk.focus)}."] if desk.focus else []
    if not remarks:
        return " ".join([*looked, "By the rules of this lens, nothing was found."])
    hit = dict.fromkeys(remark.component for remark in remarks)
    return f"{' '.join(looked)} {verb(len(remarks), 'finding', 'falls', 'fall')} on {codes(hit)}."
