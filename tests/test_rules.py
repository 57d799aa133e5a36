"""P3, P5, P6, P8, P9, P10, G7: what counts, counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions_tool.config import Tracks
from decisions_tool.documents.base import Document
from decisions_tool.documents.concerns import LETTERS, Concern, Concerns, Resolution, Source
from decisions_tool.documents.contract import Contract, ContractTrack, Interface
from decisions_tool.documents.design import Design
from decisions_tool.documents.plans import PlanPhase
from decisions_tool.documents.request import Request
from decisions_tool.documents.research import Synthesis
from decisions_tool.documents.review import Review, ReviewFinding, Severity
from decisions_tool.documents.roadmap import Operation, Plan, Roadmap, Statements
from decisions_tool.rules.concerns import coverage
from decisions_tool.rules.contract import unresolved
from decisions_tool.rules.panel import choose_panel
from decisions_tool.rules.schedule import Schedule, Track, make_schedule
from decisions_tool.rules.staleness import grown
from decisions_tool.rules.tracks import Owned, TrackPlan, plan_tracks
from tests.conftest import examples

# ---------------------------------------------------------------------- the panel


def said(subsystems: tuple[str, ...], lines: int, horizon: str = "short-term") -> Statements:
    values = {"primary": "store", "subsystems": subsystems, "lines_of_code": lines, "requirements": "clear"}
    return Statements.model_validate({**values, "horizon": horizon})


@pytest.mark.parametrize(
    ("subsystems", "lines", "horizon", "panel"),
    [
        ((), 99, "short-term", "none"),
        (("store",), 99, "short-term", "none"),
        (("Store",), 0, "long-term", "none"),
        (("store",), 100, "short-term", "mini"),
        (("store",), 5000, "long-term", "mini"),
        (("store", "web"), 10, "short-term", "mini"),
        (("web",), 10, "long-term", "full"),
        (("store", "web", "rules"), 5000, "long-term", "full"),
    ],
)
def test_p3_the_panel_follows_from_what_the_roadmap_states(
    subsystems: tuple[str, ...], lines: int, horizon: str, panel: str
) -> None:
    assert choose_panel(said(subsystems, lines, horizon), None)[0] == panel


def test_p3_the_request_may_ask_for_a_panel_and_the_reason_says_so() -> None:
    assert choose_panel(said((), 1), "full") == ("full", "the request asks for it")
    assert choose_panel(said((), 1), None) == ("none", "one module and 1 lines, under 100")


# ---------------------------------------------------------------------- the 25 % rule

COUNTED = Tracks().counted


def owned(elsewhere: int, here: int, severity: str = "important", owner: str = "web") -> list[Owned]:
    rows = [Owned(f"I{n}", severity, owner) for n in range(elsewhere)]
    return rows + [Owned(f"C{n}", severity, "store") for n in range(here)]


def rule(concerns: list[Owned], primary: str | None = "store", share: int = 25) -> TrackPlan:
    return plan_tracks(primary, concerns, COUNTED, share)


def counts(plan: TrackPlan) -> list[tuple[int, int, bool]]:
    return [(reading.elsewhere, reading.counted, reading.needed) for reading in plan.readings]


def test_p6_four_of_seventeen_as_in_the_seed_fires_nothing() -> None:
    plan = rule(owned(4, 13))
    assert counts(plan) == [(4, 17, False)] * 3 and plan.tracks == () and plan.components == ("web",)


@pytest.mark.parametrize(
    ("elsewhere", "here", "needed"),
    [(1, 3, False), (25, 75, False), (26, 74, True), (5, 14, True), (1, 0, True), (0, 0, False)],
)
def test_p6_more_than_a_quarter_is_needed_and_exactly_a_quarter_is_not(elsewhere: int, here: int, needed: bool) -> None:
    assert rule(owned(elsewhere, here)).decisive.needed is needed


def test_p6_the_contract_counts_in_the_second_reading_and_nice_to_have_in_the_third() -> None:
    concerns = owned(1, 3) + owned(1, 0, owner="contract") + owned(3, 1, severity="nice-to-have", owner="web")
    plan = rule(concerns)
    assert counts(plan) == [(1, 5, False), (2, 5, True), (4, 9, True)]
    assert plan.readings[0].rule == "critical, important, question"
    assert plan.readings[1].rule == "critical, important, question; contract counts as elsewhere"
    assert plan.readings[2].rule == "critical, important, question, nice-to-have"
    assert plan.tracks == ()


def test_p6_names_are_compared_without_case_and_kept_as_first_written() -> None:
    concerns = [
        Owned("C1", "critical", "Web"),
        Owned("C2", "critical", "web"),
        Owned("C3", "critical", "STORE"),
        Owned("C4", "critical", "Contract"),
    ]
    plan = rule(concerns)
    assert counts(plan)[0] == (2, 4, True) and plan.tracks == ("Web",)


def test_p6_concerns_without_an_owner_are_named_and_count_in_the_whole_only() -> None:
    concerns = [*owned(1, 2), Owned("Q1", "question", None), Owned("N1", "nice-to-have", None)]
    plan = rule(concerns)
    assert plan.unassigned == ("Q1", "N1") and counts(plan) == [(1, 4, False), (1, 4, False), (1, 5, False)]


def test_p6_a_component_is_a_track_with_two_counted_concerns_or_one_critical() -> None:
    concerns = (
        owned(2, 0, owner="web")
        + owned(1, 0, owner="rules")
        + owned(1, 0, "critical", "cli")
        + owned(3, 0, "nice-to-have", "docs")
    )
    assert rule(concerns).tracks == ("web", "cli")
    assert rule(concerns + owned(0, 99)).tracks == ()


def test_p6_without_a_primary_component_nothing_is_elsewhere() -> None:
    plan = rule(owned(9, 1), primary=None)
    assert counts(plan) == [(0, 10, False)] * 3 and plan.components == ()


def test_p6_share_and_counted_severities_are_settings() -> None:
    assert rule(owned(4, 13), share=23).decisive.needed and not rule(owned(4, 13), share=24).decisive.needed
    plan = plan_tracks("store", owned(4, 13) + owned(1, 0, "critical"), ("critical",), 25)
    assert counts(plan)[0] == (1, 1, True) and plan.readings[0].rule == "critical"


@settings(max_examples=examples(100))
@given(
    st.lists(
        st.builds(
            Owned, st.just("C1"), st.sampled_from(list(LETTERS)), st.sampled_from(["store", "web", "contract", None])
        )
    )
)
def test_p6_a_reading_is_integer_arithmetic_on_owners(concerns: list[Owned]) -> None:
    weighed = [one for one in concerns if one.severity != "nice-to-have"]
    first, second, third = rule(concerns).readings
    assert (first.counted, first.elsewhere) == (len(weighed), sum(one.owner == "web" for one in weighed))
    assert (
        second.elsewhere == first.elsewhere + sum(one.owner == "contract" for one in weighed)
        and second.counted == first.counted
    )
    assert (third.counted, third.elsewhere) == (len(concerns), sum(one.owner == "web" for one in concerns))
    assert all(reading.needed == (4 * reading.elsewhere > reading.counted) for reading in (first, second, third))


# ---------------------------------------------------------------------- documents to count in


GRADES: dict[str, Severity] = {"C": "critical", "I": "important", "N": "nice-to-have", "Q": "question"}


def meta(kind: type[Document], **values: Any) -> Any:
    return kind.META(type=kind.KIND, **values)


def review(*ids: str) -> Review:
    findings = tuple(ReviewFinding(id=name, severity="critical", title="x", where="x.py", problem="x") for name in ids)
    return Review(meta=meta(Review), reviewer="x", lens="x", summary="x", findings=findings)


def concern(name: str, *findings: str, **values: Any) -> Concern:
    severity = GRADES[name[0]]
    source = Source(name="Tarjan", severity=severity)
    return Concern(
        id=name,
        severity=severity,
        title=name,
        sources=(source,),
        findings=findings or ("tarjan F1",),
        problem="x",
        **values,
    )


def register(*concerns: Concern) -> Concerns:
    return Concerns(meta=meta(Concerns), title="x", concerns=concerns)


def contract(*tracks: ContractTrack, **values: Any) -> Contract:
    return Contract(meta=meta(Contract), title="x", tracks=tracks, **values)


def track(number: int, provides: tuple[str, ...] = (), consumes: tuple[str, ...] = (), **values: Any) -> ContractTrack:
    return ContractTrack(number=number, name=f"t{number}", scope="x", provides=provides, consumes=consumes, **values)


# ---------------------------------------------------------------------- coverage


def test_p5_every_finding_belongs_to_exactly_one_concern() -> None:
    reviews = {"tarjan": review("F1", "F2"), "steve": review("F1")}
    whole = register(concern("C1", "tarjan F1", "steve F1"), concern("Q1", "tarjan F2"))
    assert coverage(reviews, whole, "x.md") == []


def test_p5_findings_that_are_lost_repeated_or_invented_are_named() -> None:
    reviews = {"tarjan": review("F1", "F2"), "steve": review("F1")}
    found = coverage(reviews, register(concern("C1", "tarjan F1"), concern("I1", "tarjan F1", "don F1")), "x.md")
    assert [finding.message for finding in found] == [
        "steve F1 is in no concern",
        "tarjan F2 is in no concern",
        "tarjan F1 is in 2 concerns",
        "don F1 is no finding of any review",
    ]
    assert {(finding.rule, finding.severity, finding.path) for finding in found} == {
        ("concerns/coverage", "error", "x.md")
    }


# ---------------------------------------------------------------------- the contract


def test_p8_what_is_consumed_is_provided_by_another_track() -> None:
    good = contract(
        track(1, ("delta", "`Snapshot  isolation`")),
        track(2, ("epochs",), ("Delta", "snapshot isolation from Track 1", "delta from CommitBatch")),
    )
    assert unresolved(good, "x.md") == []


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        ((track(1), track(2, consumes=("delta",))), "track 2 consumes 'delta', which no other track provides"),
        ((track(1, ("delta",), ("delta",)),), "track 1 consumes 'delta', which no other track provides"),
        (
            (track(1, ("deltas",)), track(2, consumes=("delta",))),
            "track 2 consumes 'delta', which no other track provides",
        ),
        ((track(1, ("a",)), track(2, ("A",)), track(3, ("b",))), "'a' is provided by tracks 1 and 2"),
    ],
)
def test_p8_what_does_not_resolve_is_named(tracks: tuple[ContractTrack, ...], message: str) -> None:
    found = unresolved(contract(*tracks), "x.md")
    assert [(finding.message, finding.severity) for finding in found] == [(message, "error")] and found[0].hint


# ---------------------------------------------------------------------- the schedule


def phase(number: int, *needs: str, effort: int = 1) -> PlanPhase:
    return PlanPhase(number=number, title=f"P{number}", depends_on=needs, effort=effort, text="x")


def laid(*tracks: tuple[PlanPhase, ...], consumes: dict[int, bool] | None = None) -> Schedule:
    made = [Track(number, f"t{number}", f"{number}.md", phases) for number, phases in enumerate(tracks, start=1)]
    return make_schedule(made, consumes)


def rules(schedule: Schedule) -> list[str]:
    return [finding.rule for finding in schedule.findings]


def test_p9_phases_start_when_what_they_wait_for_is_done_and_the_longest_chain_is_critical() -> None:
    one = (phase(0, effort=2), phase(1, "Phase 0", effort=3), phase(2, "Phase 1"))
    two = (phase(0, effort=1), phase(1, "Phase 0"), phase(2, "Phase 1", "Track 1 Phase 1", effort=4))
    made = laid(one, two)
    assert made.ready == ((1, 0), (2, 0)) and made.findings == ()
    assert made.start == {(1, 0): 0, (2, 0): 0, (1, 1): 2, (2, 1): 1, (1, 2): 5, (2, 2): 5}
    assert (made.finish, made.path) == (9, ((1, 0), (1, 1), (2, 2)))
    assert made.phase((2, 2)).effort == 4


def test_p9_a_cycle_is_named_with_the_phases_on_it_and_no_others() -> None:
    one = (phase(0), phase(1, "Track 2 Phase 1"), phase(2, "Phase 1"))
    two = (phase(0), phase(1, "Track 1 Phase 1"))
    made = laid(one, two)
    found = next(finding for finding in made.findings if finding.rule == "schedule/cycle")
    assert (
        found.message == "these phases wait for each other: track 1 phase 1, track 2 phase 1"
        and found.severity == "error"
    )
    assert made.path == () and made.ready == ((1, 0), (2, 0))


def test_p9_a_phase_that_waits_for_itself_is_a_cycle() -> None:
    assert "schedule/cycle" in rules(laid((phase(0, "Phase 0"),)))


def test_p9_a_phase_that_waits_for_nothing_that_exists_is_named_and_cannot_start() -> None:
    made = laid((phase(0, "Phase 7"), phase(1, "Track 4 Phase 0")))
    assert rules(made).count("schedule/unknown") == 2 and made.ready == ()
    assert "track 1 phase 1 depends on track 4 phase 0, which does not exist" in [f.message for f in made.findings]


def test_p9_early_phases_that_wait_for_another_track_are_reported_and_late_ones_are_not() -> None:
    one = tuple(phase(number) for number in range(4))
    early = (phase(0), phase(1, "Track 1 Phase 0"), phase(2), phase(3))
    late = (phase(0), phase(1), phase(2, "Track 1 Phase 0"), phase(3))
    assert rules(laid(one, early)) == ["schedule/early-wait"] and rules(laid(one, late)) == []


def test_p11_a_track_queued_behind_the_whole_of_another_is_reported() -> None:
    one = (phase(0), phase(1, "Phase 0"))
    queued = (phase(0, "Track 1 Phase 1"), phase(1, "Phase 0"), phase(2, "Phase 1"), phase(3, "Phase 2"))
    made = laid(one, queued)
    assert rules(made) == ["schedule/early-wait", "planning/sequential-tracks"]
    assert (
        made.findings[1].message == "track 2 is queued behind the whole of track 1" and made.findings[1].path == "2.md"
    )


def test_p11_a_track_that_waits_but_consumes_nothing_is_reported() -> None:
    one, two = (phase(0), phase(1)), (phase(0), phase(1, "Track 1 Phase 0"))
    assert rules(laid(one, two, consumes={1: False, 2: False})) == ["planning/sequential-tracks"]
    assert rules(laid(one, two, consumes={1: False, 2: True})) == []
    assert rules(laid(one, two)) == []


@settings(max_examples=examples(100))
@given(
    st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=1, max_size=8),
    st.lists(st.integers(0, 5), min_size=8, max_size=8),
)
def test_p9_a_schedule_without_cycles_orders_every_phase(needs: list[list[int]], efforts: list[int]) -> None:
    phases = tuple(
        phase(number, *(f"Phase {need}" for need in wanted if need < number), effort=efforts[number])
        for number, wanted in enumerate(needs)
    )
    made = laid(phases)
    assert set(made.start) == {(1, number) for number in range(len(needs))} and made.findings == ()
    for node, wanted in made.needs.items():
        assert all(made.start[node] >= made.start[need] + made.phase(need).effort for need in wanted)
    assert sum(made.phase(node).effort for node in made.path) == made.finish
    assert set(made.ready) == {node for node, wanted in made.needs.items() if not wanted}


# ---------------------------------------------------------------------- staleness

SETTLED = Resolution(decision="epochs", rationale="x", contract="none", track="Track 1", date="2026-03-01")
PLAN = Plan(
    statements=said((), 1), phases=(phase(0),), operations=(Operation(name="x", complexity="O(1)", where="x.py"),)
)  # fmt: skip


def roadmap(plan: Plan | None = None, prior_art: str = "x", **values: Any) -> Roadmap:
    return Roadmap(
        meta=meta(Roadmap, **values), title="x", prior_art=prior_art, trade_offs="x", decisions="x", plan=plan
    )


def request(words: str, **values: Any) -> Request:
    return Request(meta=meta(Request, **values), words=words)


def synthesis(shared: str, **values: Any) -> Synthesis:
    return Synthesis(meta=meta(Synthesis, **values), title="x", shared=shared, tensions="x", consequences="x")


def design(text: str) -> Design:
    return Design(meta=meta(Design), title="x", component="web", contract="x", design=text, phases=(phase(0),))


OPEN, AGREED = track(1, agreed=False), track(1, ("delta",))
FACE = Interface(name="delta", text="x")
LATER: dict[str, tuple[Document, Document, bool]] = {
    "a request is started": (request("# x\n"), request("# x\n", status="active", pinned="0" * 40), True),
    "a request says something else": (request("# x\n"), request("# y\n"), False),
    "a roadmap gets its plan": (roadmap(), roadmap(PLAN), True),
    "a roadmap gets its panel": (roadmap(PLAN), roadmap(PLAN, panel="full", panel_reason="x"), True),
    "a roadmap loses its plan": (roadmap(PLAN), roadmap(), False),
    "a roadmap is researched anew": (roadmap(), roadmap(prior_art="y"), False),
    "a concern gets its owner": (register(concern("C1")), register(concern("C1", owner="web")), True),
    "a concern changes its owner": (
        register(concern("C1", owner="store")),
        register(concern("C1", owner="web")),
        False,
    ),
    "a concern is settled": (register(concern("C1")), register(concern("C1", owner="web", resolution=SETTLED)), True),
    "a concern is settled otherwise": (
        register(concern("C1", resolution=SETTLED)),
        register(concern("C1", resolution=SETTLED.model_copy(update={"decision": "locks"}))),
        False,
    ),
    "a concern is reopened": (register(concern("C1", resolution=SETTLED)), register(concern("C1")), False),
    "a concern is added": (register(concern("C1")), register(concern("C1"), concern("C2")), False),
    "a concern is worded anew": (register(concern("C1")), register(concern("C1", solution="y")), False),
    "a skeleton is agreed": (contract(OPEN), contract(AGREED, interfaces=(FACE,)), True),
    "a contract is revised": (contract(AGREED), contract(AGREED, revisions=("C1: x",)), True),
    "a contract loses a revision": (contract(AGREED, revisions=("C1: x",)), contract(AGREED), False),
    "a contract promises something else": (contract(AGREED), contract(track(1, ("epochs",))), False),
    "a contract gets a track": (contract(AGREED), contract(AGREED, track(2)), False),
    "an agreed contract changes an interface": (
        contract(AGREED, interfaces=(FACE,)),
        contract(AGREED, interfaces=(FACE.model_copy(update={"text": "y"}),)),
        False,
    ),
    "research is approved": (synthesis("x"), synthesis("x", status="approved", decision_makers=["Ada <a@b>"]), True),
    "research says something else": (synthesis("x"), synthesis("y"), False),
    "a design changes": (design("x"), design("y"), False),
    "one kind becomes another": (synthesis("x"), design("x"), False),
}


@pytest.mark.parametrize("what", LATER)
def test_g7_only_what_later_phases_add_leaves_earlier_answers_fresh(what: str) -> None:
    old, new, fresh = LATER[what]
    assert grown(old, new) is fresh
    assert grown(old, old) and grown(new, new)
