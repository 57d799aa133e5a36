"""Phases of a plan, as the roadmap and every track design hold them. Pure."""

import re
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field

from decisions_tool.documents.base import Count, Number, Part, Prose, Title, Where, items, listing, unique
from decisions_tool.documents.outline import Section, fields

_TITLE = re.compile(r"Phase (\d{1,3})[.:] (.+)")
_NEEDS = re.compile(r"(?:Track (\d{1,3}) )?Phase (\d{1,3})")


class Need(NamedTuple):
    """A phase that another waits for; ``track`` is None for the same track."""

    track: int | None
    phase: int


def _need(value: str) -> str:
    if not _NEEDS.fullmatch(value):
        raise ValueError("is neither Phase 0 nor Track 2 Phase 0")
    return value


class PlanPhase(Part):
    """One phase of a track: what it delivers and what it waits for."""

    number: Number
    title: Title
    depends_on: tuple[Annotated[str, AfterValidator(_need)], ...] = ()
    effort: Count = 1
    text: Prose

    @property
    def needs(self) -> tuple[Need, ...]:
        matches = (_NEEDS.fullmatch(item) for item in self.depends_on)
        return tuple(Need(int(m.group(1)) if m.group(1) else None, int(m.group(2))) for m in matches if m)

    def lines(self) -> str:
        head = f"### Phase {self.number}. {self.title}\n\n**Depends on:** {listing(self.depends_on)}\n"
        return f"{head}**Effort:** {self.effort}\n\n{self.text}"


def _distinct(phases: tuple[PlanPhase, ...]) -> tuple[PlanPhase, ...]:
    unique((phase.number for phase in phases), "the phase number")
    return phases


Phases = Annotated[tuple[PlanPhase, ...], Field(min_length=1), AfterValidator(_distinct)]


def read_phases(section: Section, where: Where) -> list[dict[str, Any]]:
    """The phases under a heading ``## Phases``; a wrong title or dependency names its line."""
    found: list[dict[str, Any]] = []
    for index, child in enumerate(section.children):
        where.lines[f"phases.{index}"] = child.line
        match = _TITLE.fullmatch(child.title)
        if match is None:
            raise where.fail(f"{child.title!r} is not a phase", child.line, "write ### Phase 0. Title")
        named, before, _ = fields(child.body, ("Depends on", "Effort"))
        effort, _, text = named.get("Effort", "1").partition("\n")
        needs, _, more = named.get("Depends on", "").partition("\n")
        for item in items(needs):
            if not _NEEDS.fullmatch(item):
                raise where.fail(
                    f"cannot read the dependency {item!r}", child.line, "write Phase 0, or Track 2 Phase 0"
                )
        prose = "\n\n".join(part for part in (before, more.strip(), text.strip()) if part)
        found.append(
            {
                "number": int(match.group(1)),
                "title": match.group(2),
                "depends_on": items(needs),
                "effort": effort.strip(),
                "text": prose,
            }
        )
    _numbered(found, section, where)
    return found


def _numbered(found: list[dict[str, Any]], section: Section, where: Where) -> None:
    numbers = [phase["number"] for phase in found]
    if not numbers:
        raise where.fail("the plan has no phases", section.line, "add ### Phase 0. Title")
    if len(set(numbers)) != len(numbers):
        raise where.fail("a phase number is used twice", section.line, "number the phases 0, 1, 2 …")
