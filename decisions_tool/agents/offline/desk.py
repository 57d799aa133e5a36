"""One packet laid out for an offline answer: the survey, what the request is about, and the documents as models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from decisions_tool.agents.offline.scope import Scope, scope
from decisions_tool.agents.offline.survey import Survey
from decisions_tool.agents.offline.wording import quote
from decisions_tool.agents.protocol import Packet
from decisions_tool.documents.base import Document
from decisions_tool.documents.concerns import Concern, Concerns
from decisions_tool.documents.contract import Contract, ContractTrack
from decisions_tool.documents.paths import place
from decisions_tool.documents.request import Request
from decisions_tool.documents.roadmap import Roadmap, Statements
from decisions_tool.errors import DecisionsError

D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Desk:
    packet: Packet
    survey: Survey

    @property
    def title(self) -> str:
        return quote(self.packet.title.strip().rstrip("#"), 120)

    @cached_property
    def scope(self) -> Scope:
        return scope(self.survey, self.packet.title, self.one(Request).words)

    def all(self, model: type[D]) -> list[tuple[str, D]]:
        """Every document of a kind in the packet, by path."""
        found = []
        for path in sorted(self.packet.documents):
            where = place(path)
            if where is not None and where.kind == model.KIND:
                found.append((path, model.parse(self.packet.documents[path], path)))
        return found

    def maybe(self, model: type[D]) -> D | None:
        found = self.all(model)
        return found[0][1] if found else None

    def one(self, model: type[D]) -> D:
        """The document of a kind, or an error that names what the packet lacks."""
        found = self.maybe(model)
        if found is None:
            slot = f"{self.packet.phase}/{self.packet.slot}"
            raise DecisionsError(
                f"{self.packet.case}: {slot} cannot be answered without the {model.KIND}",
                f"record the {model.KIND} of {self.packet.case} first, then run again",
            )
        return found

    @cached_property
    def statements(self) -> Statements:
        """The planner's statements; the roadmap must have them."""
        plan = self.one(Roadmap).plan
        if plan is None:
            raise DecisionsError(
                f"{self.packet.case}: the roadmap has no plan yet", "let the planner answer first, then run again"
            )
        return plan.statements

    @cached_property
    def primary(self) -> str:
        return self.survey.holder(self.statements.primary) or self.statements.primary

    @cached_property
    def focus(self) -> tuple[str, ...]:
        """The components that the roadmap touches, the primary one first; those of the request where none is known."""
        named = [self.survey.holder(name) for name in (self.primary, *self.statements.subsystems)]
        known = tuple(dict.fromkeys(name for name in named if name))
        return known or tuple(name for name in self.scope.subsystems if name in self.survey.components)

    @cached_property
    def tracks(self) -> tuple[ContractTrack, ...]:
        contract = self.maybe(Contract)
        return contract.tracks if contract else ()

    def track_of(self, component: str) -> int | None:
        """The number of the track that works on a component."""
        wanted = self.survey.named(component) or component
        return next((t.number for t in self.tracks if (self.survey.named(t.name) or t.name) == wanted), None)

    def owned(self, component: str) -> list[Concern]:
        """The concerns that a component owns."""
        concerns = self.maybe(Concerns)
        wanted = self.survey.named(component) or component
        return (
            [c for c in concerns.concerns if c.owner and (self.survey.named(c.owner) or c.owner) == wanted]
            if concerns
            else []
        )
