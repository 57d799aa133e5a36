"""The offline backend: true, repeatable answers for every phase, from nothing but the repository."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent

import pytest

from decisions_tool.agents.offline.backend import TASK, Offline
from decisions_tool.agents.protocol import Answer, Backend, Packet
from decisions_tool.documents.answers import OwnersAnswer, PlanAnswer, ResolutionAnswer
from decisions_tool.documents.base import Document
from decisions_tool.documents.concerns import Concerns
from decisions_tool.documents.contract import Contract, ContractMeta, ContractTrack
from decisions_tool.documents.design import Design
from decisions_tool.documents.kinds import model
from decisions_tool.documents.paths import document_path
from decisions_tool.documents.review import Review, ReviewFinding, ReviewMeta, Severity
from decisions_tool.documents.roadmap import Roadmap
from decisions_tool.errors import DecisionsError
from decisions_tool.rules.concerns import coverage
from decisions_tool.rules.contract import unresolved
from decisions_tool.rules.schedule import Track, make_schedule
from decisions_tool.rules.tracks import Owned, TrackPlan, plan_tracks
from decisions_tool.text import slugify
from tests.test_survey import Memory

COUNTED = ("critical", "important", "question")
EXPERTS = {"tarjan": "Robert Tarjan (Graph Theory)", "cousot": "Cousot", "hejlsberg": "Hejlsberg", "steve": "Steve"}
NESTED = (
    "def {0}(rows):\n    for row in rows:\n        for cell in row:\n            for x in cell:\n                pass\n"
)

#: One real component, and helpers that nothing is wrong with.
SHOP = {
    "shop/__init__.py": "",
    "shop/store.py": dedent("""
        from shop.text import tidy
        SEEN = {}
        class Store:
            def lookup(self, key, a, b, c, d, e, f, g, h):
                for shelf in key:
                    for row in shelf:
                        SEEN[row] = tidy(row)
            def refresh(self):
                try:
                    self.lookup(1)
                except Exception:
                    return None  # TODO: `tell` the |user| <!--
    """)
    + "\n".join(f"def part{n}(): return {n}" for n in range(600)),
    "shop/text.py": "def tidy(text):\n    return text.strip()\n",
    "shop/dates.py": "def today(): ...\n",
    "shop/money.py": "def total(): ...\n",
    "tests/test_text.py": "from shop.text import tidy\n",
    "README.md": "# Shop\n\nThe store keeps a cache of lookups.\n",
}
_BILL = "from market.orders.book import Orders\nfrom market.stock.shelf import take\nSENT = []\n"
#: Components that hold on to each other, with something to say about each.
MARKET = {
    "market/__init__.py": "",
    "market/orders/__init__.py": "",
    "market/orders/book.py": dedent("""
        from market.billing.bill import invoice
        from market.stock.shelf import take
        class Orders:
            def place(self): ...
    """),
    "market/billing/__init__.py": "",
    "market/billing/bill.py": f"{_BILL}{NESTED.format('invoice')}    SENT.append(1)\n",
    "market/stock/__init__.py": "",
    "market/stock/shelf.py": f"HELD = {{}}\n{NESTED.format('take')}    HELD[1] = 2\n",
    "market/mail/__init__.py": "",
    "market/mail/post.py": "from market.orders.book import Orders\ndef send(): ...\n",
}


@dataclass
class Play:
    """One task played through all phases; ``answers`` maps phase and slot to what came back."""

    repository: Memory
    title: str
    words: str
    experts: Mapping[str, str] = field(default_factory=lambda: EXPERTS)
    answers: dict[str, Answer] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    models: dict[str, Document] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.backend = Offline(lambda commit: self.repository)
        self.documents[document_path("x", "request")] = (
            f"---\ntype: request\nschema: 1\n---\n# {self.title}\n\n{self.words}\n"
        )

    def ask(self, phase: str, slot: str, kind: str, **about: str) -> Document:
        answer = ask(self.backend, phase, slot, self.documents, title=self.title, **about)
        read = model(kind).read_body(answer.body, model(kind).META(type=kind), slot)
        self.answers[f"{phase}/{slot}"] = answer
        self.models[f"{phase}/{slot}"] = read
        return read

    def keep(self, document: Document, slot: str = "", number: int = 0) -> None:
        self.documents[document_path("x", document.KIND, slot, number)] = document.render()

    def planned(self) -> Play:
        roadmap, plan = self.ask("roadmap", "don", "roadmap"), self.ask("plan", "joel", "plan")
        assert isinstance(roadmap, Roadmap) and isinstance(plan, PlanAnswer)
        self.roadmap = roadmap.model_copy(update={"plan": plan.plan})
        self.said = plan.plan.statements
        self.keep(self.roadmap)
        return self

    def reviewed(self) -> Play:
        self.planned()
        found = {
            slot: self.ask("review", slot, "review", name=name, lens="a lens") for slot, name in self.experts.items()
        }
        self.reviews = {slot: review for slot, review in found.items() if isinstance(review, Review)}
        for slot, review in self.reviews.items():
            self.keep(review, slot)
        return self

    def owned(self) -> Play:
        self.reviewed()
        concerns = self.ask("concerns", "consolidator", "concerns")
        assert isinstance(concerns, Concerns)
        self.concerns = concerns
        if concerns.concerns:
            self.keep(concerns)
            answer = self.ask("owners", "don", "owners")
            assert isinstance(answer, OwnersAnswer)
            owners = {owner.concern: owner.owner for owner in answer.owners}
            given = tuple(c.model_copy(update={"owner": owners[c.id]}) for c in concerns.concerns)
            self.concerns = concerns.model_copy(update={"concerns": given})
        self.keep(self.concerns)
        return self

    @property
    def tracks(self) -> TrackPlan:
        owned = [Owned(c.id, c.severity, c.owner) for c in self.concerns.concerns]
        return plan_tracks(self.said.primary, owned, COUNTED, 25)

    def through(self, *components: str) -> Play:
        """To the end, with a track for each of the given components beside the primary one."""
        self.owned()
        names = (self.said.primary, *components)
        for name in names:
            self.keep(self.ask("research", slugify(name), "research", component=name), slugify(name))
        self.keep(self.ask("synthesis", "synthesis", "synthesis"))
        rows = tuple(ContractTrack(number=n, name=name, scope="x", agreed=False) for n, name in enumerate(names, 1))
        number = 4 + len(names)
        self.keep(Contract(meta=ContractMeta(type="contract"), title=self.title, tracks=rows), number=number)
        contract = self.ask("contract", "contract", "contract")
        assert isinstance(contract, Contract)
        self.contract = contract
        self.keep(contract, number=number)
        for track in rows[1:]:
            about = {"track": str(track.number), "component": track.name, "contract": f"{number:03d}-contract.md"}
            design = self.ask("design", slugify(track.name), "design", **about)
            self.keep(design, slugify(track.name), 3 + track.number)
        for concern in self.concerns.concerns:
            self.ask("resolution", concern.id, "resolution", concern=concern.id)
        return self


def ask(
    backend: Backend, phase: str, slot: str, documents: Mapping[str, str], title: str = "A", **about: str
) -> Answer:
    packet = Packet("x", title, phase, slot, "role", "kind", "prompt", dict(documents), Memory.commit, about)
    answer = backend.collect(backend.submit([packet])[0])
    assert answer is not None
    return answer


def written_by(name: str, *findings: ReviewFinding) -> Review:
    return Review(meta=ReviewMeta(type="review"), reviewer=name, lens="l", summary="s", findings=findings)


def shop() -> Play:
    return Play(Memory(SHOP), "Cache the store", "The `Store.lookup` should remember rows.\n\nEviction is by age.")


def market() -> Play:
    return Play(Memory(MARKET), "Place orders in bulk", "Orders should be placed in bulk, billed once and mailed.")


# ------------------------------------------------------------------ every answer


def test_every_phase_is_answered_in_a_form_that_reads_back() -> None:
    play = market().through("billing", "stock")
    assert {name.partition("/")[0] for name in play.answers} == set(TASK)
    for name, read in play.models.items():
        assert read.body() == play.answers[name].body
        meta = read.meta.model_copy(update={"rehearsal": True})
        again = type(read).parse(read.model_copy(update={"meta": meta}).render())
        assert again.body() == read.body() and again.meta == meta


def test_answers_are_labelled_and_say_which_duty_was_not_met() -> None:
    answers = market().through("billing").answers
    assert all(
        a.rehearsal and a.backend == "offline" and a.day == Memory.day and a.model is None for a in answers.values()
    )
    assert {name for name, answer in answers.items() if answer.unmet == ("prior-art",)} == {"roadmap/don"}
    assert "no access to the web" in answers["roadmap/don"].body


def test_the_same_repository_gives_the_same_bytes() -> None:
    reverse = dict(reversed(MARKET.items()))
    first = market().through("billing", "stock").answers
    again = Play(Memory(reverse), market().title, market().words).through("billing", "stock").answers
    assert first == again


PLACE = re.compile(r"`?([\w./-]+\.\w+):(\d+)`?")


@pytest.mark.parametrize("play", [shop(), market()], ids=["shop", "market"])
def test_every_place_that_an_answer_names_exists(play: Play) -> None:
    play.through()
    named = [match for answer in play.answers.values() for match in PLACE.findall(answer.body)]
    assert len(named) > 20
    for path, line in named:
        assert 1 <= int(line) <= play.repository.content[path].count(b"\n") + 1, f"{path}:{line}"


@pytest.mark.parametrize("play", [shop(), market()], ids=["shop", "market"])
def test_every_identifier_in_code_spans_is_in_the_repository(play: Play) -> None:
    play.reviewed()
    everything = "\n".join(f"{path}\n{text.decode()}" for path, text in play.repository.content.items())
    for review in play.reviews.values():
        for finding in review.findings:
            for span in re.findall(r"`([\w.]+)`", finding.problem):
                assert all(part in everything for part in span.split(".")), span


# ------------------------------------------------------------------ roadmap and plan


def test_the_roadmap_is_about_the_repository_and_the_request() -> None:
    roadmap = shop().planned().roadmap
    assert "`shop/store.py:5` defines `Store.lookup` (“" in roadmap.prior_art
    assert "`README.md:3` mentions" in roadmap.prior_art and "“eviction”" in roadmap.prior_art
    assert "`store` matches the request best" in roadmap.decisions
    assert "costs nothing elsewhere today" in roadmap.trade_offs


def test_the_plan_states_what_it_measured() -> None:
    said = shop().planned().said
    assert (said.primary, said.subsystems, said.horizon) == ("store", ("store", "text"), "short-term")
    assert said.lines_of_code == 612
    assert market().planned().said.horizon == "long-term"


def test_requirements_are_unclear_when_the_code_knows_few_of_the_words() -> None:
    play = Play(Memory(SHOP), "Quantum teleportation", "Entangle photons across galaxies, cheaply, with a cache.")
    assert play.planned().said.requirements == "unclear"
    assert market().planned().said.requirements == "clear"


def test_phases_wait_for_what_they_need_and_operations_follow_the_loops() -> None:
    plan = market().planned().roadmap.plan
    assert plan is not None
    titles = {phase.number: phase.title for phase in plan.phases}
    assert titles == {
        0: "Pin what orders does today", 1: "Prepare what orders takes from stock", 2: "Change orders",
        3: "Follow in billing", 4: "Follow in mail", 5: "Check the whole",
    }  # fmt: skip
    assert [phase.depends_on for phase in plan.phases][2:4] == [("Phase 1",), ("Phase 2",)]
    first = Play(Memory(MARKET), "Invoice", "invoice faster").planned().roadmap.plan
    assert first is not None
    assert first.operations[0].complexity == "O(n^3): 3 nested loops, at lines 5, 6 and 7"


# ------------------------------------------------------------------ reviews


def test_each_expert_looks_at_other_facts() -> None:
    titles = {slot: " ".join(f.title for f in review.findings) for slot, review in market().reviewed().reviews.items()}
    assert "Import cycle: orders → billing → orders" in titles["tarjan"] and "nested loops" in titles["tarjan"]
    assert "Module state" in titles["cousot"] and "No test is aimed at orders" in titles["cousot"]
    assert "cycle" not in titles["cousot"] and "Module state" not in titles["tarjan"]
    assert "takes 9 parameters" in " ".join(f.title for f in shop().reviewed().reviews["hejlsberg"].findings)


def test_an_expert_who_finds_nothing_says_so() -> None:
    play = Play(Memory({"a.py": "def total(): ...\n", "test_a.py": "import a\n"}), "Total", "total of a")
    review = play.reviewed().reviews["hejlsberg"]
    assert review.findings == () and review.summary.endswith("nothing was found.")
    assert play.owned().concerns.concerns == ()


def test_an_expert_whom_nobody_described_gets_a_mix() -> None:
    play = Play(Memory(MARKET), "Place orders", "Orders", experts={"grace": "Grace Hopper"}).reviewed()
    assert play.reviews["grace"].reviewer == "Grace Hopper" and play.reviews["grace"].findings


def test_a_roadmap_that_names_components_in_its_own_way_is_reviewed_by_the_request() -> None:
    play = market().planned()
    plan = play.roadmap.plan
    assert plan is not None
    said = plan.statements.model_copy(update={"primary": "The order engine", "subsystems": ("The order engine",)})
    play.keep(play.roadmap.model_copy(update={"plan": plan.model_copy(update={"statements": said})}))
    body = ask(play.backend, "review", "tarjan", play.documents).body
    assert "knows no component called `The order engine`. Looked at `orders`" in body and "Import cycle" in body


def test_reviews_need_only_the_request_and_the_roadmap() -> None:
    play = market().planned()
    assert {path.rpartition("/")[2] for path in play.documents} == {"001-user-request.md", "002-roadmap.md"}
    assert "# Review by steve" in ask(play.backend, "review", "steve", play.documents).body


# ------------------------------------------------------------------ concerns, owners, the 25 % rule


@pytest.mark.parametrize("play", [shop(), market()], ids=["shop", "market"])
def test_every_finding_is_in_exactly_one_concern(play: Play) -> None:
    play.owned()
    assert sum(len(review.findings) for review in play.reviews.values()) > 6
    assert coverage(play.reviews, play.concerns, "x") == []


def test_findings_at_one_place_are_one_concern_with_every_expert_and_the_highest_severity() -> None:
    play = market().planned()
    said: tuple[tuple[str, Severity, int], ...] = (("ann", "important", 3), ("bob", "critical", 4))
    for slot, severity, line in said:
        text, where = "P.\n\n```\n# x\n```", f"`market/stock/shelf.py:{line}`"
        finding = ReviewFinding(id="F1", severity=severity, title=f"Said by {slot}", where=where, problem=text)
        play.keep(written_by(f"{slot} (the x), y", finding), slot)
    concerns = play.ask("concerns", "consolidator", "concerns")
    assert isinstance(concerns, Concerns)
    (concern,) = concerns.concerns
    assert (concern.id, concern.title, concern.findings) == ("C1", "Said by bob", ("bob F1", "ann F1"))
    assert {(s.name, s.severity) for s in concern.sources} == {
        ("ann the x y", "important"),
        ("bob the x y", "critical"),
    }


def test_the_place_of_a_concern_decides_its_owner() -> None:
    play = market().owned()
    owners = {c.title: c.owner for c in play.concerns.concerns}
    assert owners["Import cycle: orders → billing → orders"] == "contract"
    assert owners["Module state HELD changes while the program runs"] == "stock"
    assert owners["No test is aimed at orders"] == "orders"


def test_one_real_component_asks_for_no_parallel_track() -> None:
    reading = shop().owned().tracks.decisive
    assert reading.counted >= 4 and not reading.needed


def test_components_that_hold_on_to_each_other_ask_for_parallel_tracks() -> None:
    plan = market().owned().tracks
    assert plan.decisive.needed and "stock" in plan.tracks


def test_concerns_of_other_people_get_an_owner_too() -> None:
    play = market().planned()
    said = (
        ("Circular", "design", "`stock` and `billing`."),
        ("Odd", "mail, mostly", "Odd."),
        ("No", "the sky", "Blue."),
    )
    findings = [
        ReviewFinding(id=f"F{number}", severity="important", title=title, where=where, problem=problem)
        for number, (title, where, problem) in enumerate(said)
    ]
    play.keep(written_by("Ann", *findings), "ann")
    play.keep(play.ask("concerns", "consolidator", "concerns"))
    answer = play.ask("owners", "don", "owners")
    assert isinstance(answer, OwnersAnswer)
    assert [owner.owner for owner in answer.owners] == ["contract", "mail", "orders"]


# ------------------------------------------------------------------ tracks


def test_what_is_consumed_is_provided_by_another_track() -> None:
    contract = market().through("billing", "stock").contract
    assert unresolved(contract, "x") == []
    by_name = {track.name: track for track in contract.tracks}
    assert by_name["stock"].provides == ("stock.shelf.take",) and by_name["stock"].consumes == ()
    assert by_name["orders"].consumes == ("billing.bill.invoice", "stock.shelf.take")
    assert by_name["billing"].bridge == ("Track 1", "Track 3")
    texts = {interface.name: interface.text for interface in contract.interfaces}
    assert "defined at `market/stock/shelf.py:2`" in texts["stock.shelf.take"]
    assert any(name.startswith("C1: Import cycle") for name in texts)


def test_names_that_differ_in_capitals_only_are_not_provided_twice() -> None:
    files = {"src/a.py": "from b import Thing, thing\n", "src/b.py": "class Thing: ...\nthing = Thing()\n"}
    contract = Play(Memory(files), "Thing", "thing of a").through("a").contract
    assert unresolved(contract, "x") == []


def test_designs_make_a_schedule_without_circles_in_which_every_track_starts_at_once() -> None:
    play = market().through("billing", "stock")
    assert play.roadmap.plan is not None
    tracks = [Track(1, "orders", "002", play.roadmap.plan.phases)]
    for number, name in enumerate(("billing", "stock"), start=2):
        design = play.models[f"design/{name}"]
        assert isinstance(design, Design) and design.title == f"Track {number}: {name}"
        tracks.append(Track(number, name, name, design.phases))
    consumes = {track.number: bool(track.consumes) for track in play.contract.tracks}
    schedule = make_schedule(tracks, consumes)
    assert schedule.findings == ()
    assert {(1, 0), (2, 0), (3, 0)} <= set(schedule.ready)
    assert "Track 1 Phase 2" in tracks[1].phases[-1].depends_on


def test_a_design_names_every_concern_that_it_owns() -> None:
    play = market().through("billing", "stock")
    text = play.answers["design/stock"].body
    owned = [concern.id for concern in play.concerns.concerns if concern.owner == "stock"]
    assert len(owned) >= 2 and all(f"- {name}, " in text for name in owned)


def test_a_resolution_names_track_and_phase_and_never_puts_a_concern_aside() -> None:
    play = market().through("billing", "stock")
    found = {concern.id: play.models[f"resolution/{concern.id}"] for concern in play.concerns.concerns}
    for concern in play.concerns.concerns:
        answer = found[concern.id]
        assert isinstance(answer, ResolutionAnswer)
        assert re.match(r"Track \d( and Track \d)*, Phase \d: ", answer.decision)
        assert "scope" not in answer.decision
        assert (concern.owner != "stock") or answer.decision.startswith("Track 3, ")
    assert play.models["research/stock"].body().startswith("# Research: stock")


def test_out_of_scope_is_not_repeated_as_a_decision() -> None:
    play = market().owned()
    entries = tuple(c.model_copy(update={"solution": "This is Out of scope."}) for c in play.concerns.concerns[:1])
    play.keep(play.concerns.model_copy(update={"concerns": entries}))
    answer = play.ask("resolution", entries[0].id, "resolution", concern=entries[0].id)
    assert "out of scope" not in answer.body().lower()


def test_research_on_a_component_that_is_not_there_says_so() -> None:
    """P7"""
    play = market().planned()
    body = play.ask("research", "ghost", "research", component="ghost").body()
    assert "knows no component called `ghost`" in body and "`billing`, `mail`, `orders` and `stock`" in body


# ------------------------------------------------------------------ edges


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"README.md": "# Only words about orders\n"},
        {"main.py": "def main():\n    for x in y:\n        pass\n"},
        {"main.py": ""},
        {"a/x.sh": "ls\n", "b/y.sql": "select 1\n"},
    ],
    ids=["nothing", "words", "one", "empty", "scripts"],
)
def test_a_small_repository_is_planned_as_well(files: dict[str, str]) -> None:
    play = Play(Memory(files), "Orders", "Place orders in bulk").through()
    assert play.said.primary == ("main" if "main.py" in files else "a" if files.keys() > {"a/x.sh"} else "repository")
    assert coverage(play.reviews, play.concerns, "x") == []


HOSTILE = [
    "`", "|", "<!--", "```", "~~~", "## Critical", "**Owner:** x", "**Decision:** [x] y", "\u202e", "\u200b",
    "\x1b[31m", ";", ",", "(critical)", "none", "contract", "漢字", "#", "$(rm -rf)", "\ufffd", "{0}", "%s",
]  # fmt: skip


@pytest.mark.parametrize(
    "title", ["Part `one`", "Part | two", "Part, three; (critical)", "Part # x", "**Owner:** none"]
)
def test_nothing_in_a_repository_can_break_or_steer_an_answer(title: str) -> None:
    named = [mark.replace("/", "") for mark in HOSTILE]
    files = {
        f"src/part{n}/x{name}.py": f"# TODO {mark}\nx = '{mark}'\ndef part{n}(): ...\n"
        for n, (mark, name) in enumerate(zip(HOSTILE, named, strict=True))
    }
    files |= {f"src/{name}/y.py": "import part1\n" for name in named}
    files |= {"README.md": "\n".join(f"{mark} x" for mark in HOSTILE), "package.json": "{", "go.mod": "module |\n"}
    experts = {slot: f"{name} {mark}" for (slot, name), mark in zip(EXPERTS.items(), HOSTILE, strict=False)}
    play = Play(Memory(files, [("src/part0/x.py",)]), title, "every part of it", experts).through()
    assert coverage(play.reviews, play.concerns, "x") == [] and unresolved(play.contract, "x") == []
    assert all(concern.owner and not concern.resolution for concern in play.concerns.concerns)


def test_a_missing_document_is_named() -> None:
    backend = Offline(lambda commit: Memory(SHOP))
    request = {document_path("x", "request"): "Cache the store"}
    for phase, documents, missing in (
        ("plan", {}, "request"), ("review", {}, "roadmap"), ("review", request, "roadmap"),
        ("concerns", request, "review"), ("owners", request, "concerns"), ("synthesis", request, "research"),
        ("contract", {}, "contract"), ("design", {}, "contract"), ("resolution", {}, "concerns"),
    ):  # fmt: skip
        with pytest.raises(DecisionsError, match=missing):
            ask(backend, phase, "slot", documents)


def test_a_phase_that_nobody_planned_is_refused() -> None:
    with pytest.raises(DecisionsError, match="no answer for the phase 'dance'"):
        ask(Offline(lambda commit: Memory({})), "dance", "voter-01", {})


def test_a_commit_is_surveyed_once_however_many_ask() -> None:
    opened: list[str] = []

    def repository(commit: str) -> Memory:
        opened.append(commit)
        return Memory(SHOP)

    backend = Offline(repository)
    documents = {document_path("x", "request"): "Cache the store"}
    bodies: list[str] = []
    threads = [
        threading.Thread(target=lambda: bodies.append(ask(backend, "roadmap", "don", documents).body)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [Memory.commit] and len(bodies) == 8 and len(set(bodies)) == 1


def test_front_matter_of_the_request_is_not_read_as_its_words() -> None:
    assert "schema" not in market().planned().roadmap.prior_art
