"""Who takes part and by what it is judged, unless configuration says otherwise: experts, roles, seats, criteria. Data and shapes."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from decisions_tool.text import bad_character


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?", value):
        raise ValueError("must be a short name in a-z, 0-9 and dashes: it becomes part of a file name")
    return value


def _words(value: str) -> str:
    if not value.strip() or bad_character(value):
        raise ValueError("is empty, or hides or reorders text")
    return value


Name = Annotated[str, AfterValidator(_name)]
Words = Annotated[str, AfterValidator(_words)]


class Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class Expert(Shape):
    """Somebody who reviews through one lens."""

    name: Words
    lens: Words
    catches: Words


class Role(Shape):
    """Somebody who carries out a phase; ``agent`` is the slot's name in files and history."""

    agent: Name
    directive: Words


#: Built without validation here and below: a schema is made when somebody configures such a thing, not at every start.
EXPERTS = {
    "tarjan": Expert.model_construct(
        name="Robert Tarjan",
        lens="Graph theory: algorithms, traversal, complexity",
        catches="linear scans, missing indexes, cycles",
    ),
    "cousot": Expert.model_construct(
        name="Patrick Cousot",
        lens="Static analysis: soundness, completeness, fixpoints",
        catches="missed deltas, unsound incremental updates, wrong order",
    ),
    "hejlsberg": Expert.model_construct(
        name="Anders Hejlsberg",
        lens="Type systems: practical engineering, API design",
        catches="fragile identifiers, missing streaming, scope estimated too small",
    ),
    "steve": Expert.model_construct(
        name="Steve Jobs",
        lens="Product: does it serve the user, is it right",
        catches="hacks, limits that defeat the purpose, gaps in scope",
    ),
    "don": Expert.model_construct(
        name="Don",
        lens="Architecture: boundaries, dependants, what has to change together",
        catches="changes that leak across components",
    ),
}
ROLES = {
    "architect": Role.model_construct(
        agent="don", directive="Look for what others have done before you propose; name trade-offs, then decide."
    ),
    "planner": Role.model_construct(
        agent="joel", directive="Turn the decisions into phases that each deliver, with Big-O for every operation."
    ),
    "consolidator": Role.model_construct(
        agent="consolidator", directive="Merge what is the same, keep who raised it, lose nothing."
    ),
    "researcher": Role.model_construct(
        agent="researcher", directive="Describe what is there, with paths; propose nothing."
    ),
    "designer": Role.model_construct(
        agent="designer", directive="Design one track against the contract; early phases wait for nobody."
    ),
    "extractor": Role.model_construct(
        agent="extractor", directive="State facts of this repository with paths; give no opinion and no advice."
    ),
    "judge": Role.model_construct(
        agent="judge",
        directive="Say of each proposal only whether it reflects the role it was given. Do not compare them.",
    ),
    "synthesizer": Role.model_construct(
        agent="synthesizer",
        directive="Group and compare what was proposed. You MUST NOT propose a solution of your own.",
    ),
    "integrator": Role.model_construct(
        agent="integrator",
        directive="Join the named elements of two approaches, cite the proposals they come from, and add nothing else.",
    ),
    "patcher": Role.model_construct(
        agent="patcher", directive="Mend the flaw that was vetoed and leave everything else of the approach as it is."
    ),
    "verifier": Role.model_construct(
        agent="verifier",
        directive="You did not write this code. Hold it to each success criterion, with paths; say unknown where you cannot see it.",
    ),
    "diagnostician": Role.model_construct(
        agent="diagnostician",
        directive="Say why the decision failed before anybody decides again; name evidence, not opinion.",
    ),
    "historian": Role.model_construct(
        agent="historian", directive="Say what held, what did not and what to keep, from what is recorded alone."
    ),
    "refiner": Role.model_construct(agent="refiner", directive="Make the question smaller; never repeat it unchanged."),
}


class Criterion(Shape):
    """What proposals are scored on; weights are percent and total 100."""

    name: Words
    weight: int = Field(ge=1, le=100)
    anchors: Words


CRITERIA = (
    Criterion.model_construct(
        name="Simplicity", weight=25, anchors="5 = no new files or abstractions; 1 = three or more new abstractions"
    ),
    Criterion.model_construct(
        name="Extensibility", weight=25, anchors="5 = by configuration alone; 1 = code changes in three or more files"
    ),
    Criterion.model_construct(
        name="Migration Safety",
        weight=20,
        anchors="5 = fully backward compatible; 1 = breaks without automatic migration",
    ),
    Criterion.model_construct(
        name="Debuggability",
        weight=15,
        anchors="5 = errors say file and line, history is kept; 3 = as today; 1 = harder to trace",
    ),
    Criterion.model_construct(
        name="Testability", weight=15, anchors="5 = pure functions; 1 = only whole systems can be tested"
    ),
)


class Seat(Shape):
    """A point of view that agents of a decision take; ``directive`` ends their prompt."""

    directive: str


PROPOSERS = {
    "unconstrained": Seat.model_construct(directive=""),
    "minimalist": Seat.model_construct(
        directive="Your proposal MUST add the fewest abstractions. Where a change of existing code does it, without new classes, "
        "protocols or registries, make that change."
    ),
    "extensibility-first": Seat.model_construct(
        directive="Your proposal MUST let end users configure what the question is about through the project's own configuration "
        "surface; the most common case takes no change of code."
    ),
    "migration-conservative": Seat.model_construct(
        directive="Your proposal MUST NOT break any format, state or workflow that exists. Where a break cannot be avoided, "
        "a migration runs by itself on first load."
    ),
    "contrarian": Seat.model_construct(
        directive="Before you propose anything, argue with facts why the present design may suffice. If you still propose a change, "
        "it removes a limit that no other way of use removes."
    ),
}
VOTERS = {
    "balanced": Seat.model_construct(directive=""),
    "skeptical": Seat.model_construct(
        directive="Before you score, find the strongest objection to each approach. Your scores MUST show whether it is answered."
    ),
    "pragmatic": Seat.model_construct(
        directive="Score by what can be built and tested with the fewest changes. Approaches that need coordinated changes in five "
        "or more files score lower."
    ),
}


class Cycle(Shape):
    """Who proposes and who votes, slot by slot."""

    propose: tuple[Name, ...] = Field(min_length=3, max_length=99)
    vote: tuple[Name, ...] = Field(min_length=3, max_length=99)


FULL = Cycle.model_construct(
    propose=tuple(name for name in PROPOSERS for _ in range(2)),
    vote=(*["balanced"] * 4, *["skeptical"] * 3, *["pragmatic"] * 3),
)
LIGHT = Cycle.model_construct(
    propose=("unconstrained", "minimalist", "extensibility-first", "migration-conservative", "contrarian"),
    vote=("balanced", "balanced", "skeptical", "skeptical", "pragmatic"),
)
#: Proposers of a cycle of three or four.
SMALL = ("unconstrained", "minimalist", "contrarian", "migration-conservative")
