"""What the offline backend answers to a question: read back whole, the same every time, different by role, true to the code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent

import pytest

from decisions_tool.agents.offline.backend import Offline
from decisions_tool.agents.offline.question.compare import complies, groups
from decisions_tool.agents.offline.question.measure import measure, proposal_text, score, weights
from decisions_tool.agents.offline.question.votes import approaches
from decisions_tool.agents.protocol import Packet
from decisions_tool.documents.base import Document
from decisions_tool.documents.comparison import Compared, Comparison
from decisions_tool.documents.framing import Frame, KeyFile, frame_text, read_frame
from decisions_tool.documents.identity import SECTIONS, TRIMMED, Identity
from decisions_tool.documents.judged import Compliance, RefineAnswer
from decisions_tool.documents.kinds import model
from decisions_tool.documents.proposal import FileChange, Proposal, Said, read_proposal
from decisions_tool.documents.vote import Cast, Vote, complete
from decisions_tool.roster import FULL, LIGHT, Cycle
from decisions_tool.rules.framing import Ground as LintGround
from decisions_tool.rules.framing import lint
from decisions_tool.rules.quality import Attempt, Terms, failures
from tests.conftest import CODE
from tests.test_survey import Memory

WEIGHTS = {"Simplicity": 25, "Extensibility": 25, "Migration Safety": 20, "Debuggability": 15, "Testability": 15}
CRITERIA = ", ".join(f"{name}={weight}" for name, weight in WEIGHTS.items())
FOLDER = "docs/decisions/working/q1"


def lines(name: str, count: int) -> str:
    return "\n".join(f"def {name}_{n}(row):\n    return row + {n}\n" for n in range(count))


#: A code base that is not small: long files in several folders, classes, state, tests, a settings file of its own.
MILL = {
    "mill/__init__.py": "",
    "mill/grain/__init__.py": "",
    "mill/grain/steps.py": dedent('''
        """Steps of the mill."""
        import json
        HELD: dict[str, int] = {}

        class Steps:
            def order(self, name: str, *, limit: int = 3) -> list[str]:
                for step in self.known:
                    for other in step:
                        HELD[name] = limit
                return []

            async def wait(self, *names: str, **more: object) -> None: ...

            @staticmethod
            def parse(text: str) -> "Steps":
                return Steps()

        def run(step, /, row, *, dry=False):
            return step
    ''')
    + lines("sift", 70),
    "mill/grain/timeouts.py": f"from mill.grain.steps import run\n\ndef timeout_of(step: str) -> int:\n    return run(step, 1)\n{lines('wait', 45)}",
    "mill/flour/__init__.py": "",
    "mill/flour/prompt.py": f"from mill.grain.steps import Steps, run\n\ndef prompt_for(step):\n    return run(step, 1)\n{lines('bake', 30)}",
    "mill/flour/bag.py": "from mill.grain.timeouts import timeout_of\nfrom mill.grain.steps import run\n\ndef bag(step):\n    return timeout_of(step)\n",
    "mill.toml": "[mill]\n",
    "pyproject.toml": "[project]\n",
    "tests/test_steps.py": "from mill.grain.steps import run\n\ndef test_run():\n    assert run(1, 2)\n",
    "README.md": "# Mill\n",
}
QUESTION = Frame(
    question="How should steps of the mill be added?",
    inside=("Which steps there are and their order", "Timeouts of a step", "Prompts of a step"),
    outside=("The format of bags",),
    success=("Adding a step touches at most 1 file", "Every existing order of steps runs as today"),
    files=(
        KeyFile("mill/grain/steps.py", "the steps"),
        KeyFile("mill/grain/timeouts.py", "timeouts by step"),
        KeyFile("mill/flour/prompt.py", "prompts by step"),
    ),
    impact="high",
)
SHOP_FRAME = Frame(
    question="How should reads of the store be kept?",
    inside=("Reads by key in the store", "What a write makes stale"),
    outside=("Persistence on disk",),
    success=("A second read of a key computes nothing again", "The rules see every write"),
    files=(
        KeyFile("shop/store/db.py", "holds the values"),
        KeyFile("shop/store/index.py", "reads pairs"),
        KeyFile("shop/web/views.py", "reads"),
    ),
)
SMALL = SHOP_FRAME._replace(files=SHOP_FRAME.files[:2])
TYPESCRIPT = {
    "src/store/cache.ts": "const held = {};\nexport function lookup(\n  key: string,\n  fall: { back: string },\n): string {\n  return held[key];\n}\n",
    "src/web/page.ts": "import { lookup } from '../store/cache';\nexport const page = (key: string) => lookup(key, { back: '' });\n",
    "src/web/api.ts": "import { lookup } from '../store/cache';\nexport async function answer(key: string): Promise<string> { return lookup(key, { back: '' }); }\n",
}
TS_FRAME = Frame(
    question="How should a lookup be kept?", inside=("The lookup by key",), outside=("Pages",), success=("No lookup is made twice",),
    files=tuple(KeyFile(path, "reads") for path in TYPESCRIPT),
)  # fmt: skip


@dataclass
class Asked:
    """One question put to the backend phase by phase."""

    files: Mapping[str, str]
    frame: Frame
    cycle: Cycle = FULL
    extra: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.memory = Memory(dict(self.files), [("mill/grain/steps.py",), ("shop/store/db.py", "README.md")])
        self.backend = Offline(lambda commit: self.memory)
        self.base = {f"{FOLDER}/framing.md": frame_text(self.frame), **self.extra}
        self.bodies: list[str] = []
        self.said: dict[str, Said] = {}

    def ask(self, phase: str, slot: str, kind: str, documents: Mapping[str, str], **about: str) -> Document:
        packet = Packet(
            "q1", self.frame.question, phase, slot, "role", kind, "prompt", dict(documents), Memory.commit, about
        )
        answer = self.backend.collect(self.backend.submit([packet])[0])
        self.bodies.append(answer.body)
        read = model(kind).read_body(answer.body, model(kind).META(type=kind), slot)
        assert read.body() == answer.body and answer.rehearsal
        return type(read).parse(read.render())

    def seats(self) -> list[tuple[str, str]]:
        return [(f"agent-{n:02d}", seat) for n, seat in enumerate(self.cycle.propose, start=1)]

    def propose(self, slot: str, seat: str, **about: str) -> Said:
        told = {"seat": seat, "asked": "", "failed": "", "criteria": CRITERIA, **about}
        proposal = self.ask("propose", slot, "proposal", self.base, **told)
        assert isinstance(proposal, Proposal)
        return proposal.said

    def proposals(self) -> dict[str, Said]:
        if self.said:
            return self.said
        start = len(self.bodies)
        self.said = {slot: self.propose(slot, seat) for slot, seat in self.seats()}
        self.texts = {
            f"{FOLDER}/agents/{slot}-proposal.md": body
            for slot, body in zip(self.said, self.bodies[start:], strict=True)
        }
        return self.said

    def compared(self, hybrids: str = "yes") -> Compared:
        self.proposals()
        numbers = ", ".join(str(n) for n in range(1, len(self.said) + 1))
        found = self.ask(
            "synthesise",
            "synthesizer",
            "comparison",
            {**self.base, **self.texts},
            proposals=numbers,
            criteria=CRITERIA,
            hybrids=hybrids,
        )
        assert isinstance(found, Comparison)
        self.comparison = found
        return found.said

    def shown(self) -> str:
        """The approaches as voters see them."""
        parts = []
        for approach in self.compared().approaches:
            words = self.texts[f"{FOLDER}/agents/agent-{approach.agents[0]:02d}-proposal.md"]
            kept = [part for part in re.split(r"(?m)^### ", words)[1:] if not part.startswith(("Self", "Anti"))]
            parts.append(f"## Approach {approach.label}\n\n" + "\n".join(f"#### {part}" for part in kept))
        return "\n\n".join(parts)

    def votes(self, phase: str = "vote", shown: str = "", criteria: str = CRITERIA) -> list[Cast]:
        text = shown or self.shown()
        labels = list(approaches(text))
        found = []
        for number, seat in enumerate(self.cycle.vote, start=1):
            order = labels[number % len(labels) :] + labels[: number % len(labels)]
            document = self.ask(
                phase, f"voter-{number:02d}", phase, {**self.base, f"{FOLDER}/approaches.md": text},
                seat=seat, labels=", ".join(order), criteria=criteria, successes="1, 2", question="q1",
            )  # fmt: skip
            assert isinstance(document, Vote)
            assert list(document.cast.scores) == order
            found.append(document.cast)
        return found


def big() -> Asked:
    return Asked(MILL, QUESTION)


CASES = {
    "shop": (CODE, SHOP_FRAME), "small": (CODE, SMALL), "big": (MILL, QUESTION), "typescript": (TYPESCRIPT, TS_FRAME),
}  # fmt: skip

every_case = pytest.mark.parametrize("case", CASES)


# ---------------------------------------------------------------------- proposals


@every_case
@pytest.mark.parametrize("cycle", [FULL, LIGHT], ids=["full", "light"])
def test_every_proposal_passes_the_gate(case: str, cycle: Cycle) -> None:
    asked = Asked(*CASES[case], cycle)
    terms = Terms(tuple(WEIGHTS), ("python", "typescript", "toml"), 200, lambda path: path in asked.memory.content)
    for (slot, seat), said in zip(asked.seats(), asked.proposals().values(), strict=True):
        assert failures(Attempt(slot, seat, said, verdict=complies(seat, said)), terms) == {}, slot
        assert (
            len(said.checks) == 7 and [f"(C{n})" in check for n, check in enumerate(said.checks, start=1)] == [True] * 7
        )
        assert said.touched == len(said.files) and all(
            (said.summary, said.size, said.effort, said.tests, said.later, said.constraints)
        )


@every_case
def test_proposals_are_read_back_whole(case: str) -> None:
    asked = Asked(*CASES[case])
    for said, body in zip(asked.proposals().values(), asked.texts.values(), strict=True):
        assert proposal_text(said, weights(CRITERIA)) == body


@every_case
def test_no_two_agents_say_the_same(case: str) -> None:
    said = Asked(*CASES[case]).proposals()
    assert len({found.summary + found.sketch for found in said.values()}) == len(said)


def test_roles_lead_to_different_ways() -> None:
    said = big().proposals()
    assert said["agent-01"].name == "split-by-use" and any("new" in change.what for change in said["agent-01"].files)
    assert said["agent-03"].name == said["agent-04"].name == "change-in-place" and said["agent-03"].abstractions == ()
    assert [change.path for change in said["agent-05"].files][:2] == ["mill/grain/steps.py", "mill.toml"]
    assert "alias" in said["agent-07"].compatibility and "HELD" in said["agent-07"].migration
    assert said["agent-09"].summary.index("current design suffices because") < said["agent-09"].summary.index(
        "What is left"
    )
    assert said["agent-03"].files[0] != said["agent-04"].files[0]
    assert len(groups(dict(enumerate(said.values(), start=1)))) >= 3


def test_sketches_hold_signatures_of_the_code() -> None:
    sketches = "\n".join(said.sketch for said in big().proposals().values())
    assert "def order(self, name: str, *, limit: int=3" in sketches and "class Steps:" in sketches
    assert (
        "return self.order_mill(name, limit=limit)" in sketches
        or "return self.order_added(name, limit=limit)" in sketches
    )
    typed = "\n".join(said.sketch for said in Asked(TYPESCRIPT, TS_FRAME).proposals().values())
    assert "export function lookup( key: string, fall: { back: string }, ): string {" in typed


def test_places_and_counts_are_true() -> None:
    asked = big()
    for said in asked.proposals().values():
        text = "\n".join([said.summary, said.sketch, *said.checks])
        for path, line in re.findall(r"`?([\w./-]+\.py):(\d+)`?", text):
            assert 1 <= int(line) <= asked.memory.content[path].count(b"\n"), f"{path}:{line}"
        for change in said.files:
            assert (change.path in asked.memory.content) != ("the file is new" in change.what), change
    assert "changed in 1 of the last 2 commits" in asked.said["agent-09"].summary
    assert (
        "`Steps.order` at `mill/grain/steps.py:7`: 5 lines, and 1 file imports it (`mill/flour/prompt.py`)"
        in asked.said["agent-01"].summary
    )


def test_what_a_key_file_needs_from_outside_is_said() -> None:
    files = {**MILL, "mill/grain/steps.py": MILL["mill/grain/steps.py"].replace("import json", "import subprocess")}
    assert (
        "uses `subprocess`, which the cases stand in for"
        in Asked(files, QUESTION).propose("agent-03", "minimalist").tests
    )


def test_whoever_is_asked_again_takes_another_cut_and_says_why() -> None:
    asked = big()
    first = asked.propose("agent-03", "minimalist")
    retry = asked.propose("agent-03", "minimalist", asked="retry", failed="QG-2: no path")
    assert retry.files[0] != first.files[0] and "QG-2: no path" in retry.summary


def test_earlier_decisions_are_named() -> None:
    addendum = "docs/decisions/working/q0/constraint-addendum.md"
    other = frame_text(QUESTION._replace(question="How should bags be sealed?", inside=("Sealing",)))
    asked = Asked(
        MILL, QUESTION, extra={addendum: "## Constraint Addendum", "docs/decisions/working/q0/framing.md": other}
    )
    said = asked.propose("agent-01", "unconstrained")
    assert addendum in said.compatibility and "Sealing" not in said.summary


def test_a_repository_without_code_is_answered_too() -> None:
    asked = Asked({"README.md": "# Hello\n"}, QUESTION._replace(files=(KeyFile("README.md", "all there is"),)))
    for said in asked.proposals().values():
        assert said.name and said.files[0].path == "README.md"


def test_words_of_people_stay_words() -> None:
    wild = QUESTION._replace(inside=('Cells | `code` <!-- and ``` fences \\ """ end',), success=("`a` | b\n### Files",))
    asked = Asked(MILL, wild)
    terms = Terms(tuple(WEIGHTS), ("python",), 200, lambda path: path in MILL)
    for (slot, seat), said in zip(asked.seats(), asked.proposals().values(), strict=True):
        assert failures(Attempt(slot, seat, said), terms) == {}, slot


# ---------------------------------------------------------------------- judging, comparing


def test_the_judge_counts() -> None:
    plain = read_proposal("## Approach: a\n\n### Scope\n\n- **New abstractions introduced:** a, b, c\n")
    assert not complies("minimalist", plain)[0] and complies("unconstrained", plain)[0]
    assert not complies("contrarian", plain)[0] and not complies("extensibility-first", plain)[0]
    broken = plain._replace(breaks="every caller", migration="none needed")
    assert not complies("migration-conservative", broken)[0] and complies("migration-conservative", plain)[0]


def test_the_judge_gives_every_slot_a_verdict() -> None:
    asked = big()
    asked.proposals()
    seats = dict(asked.seats()) | {"agent-03": "contrarian"}
    told = ", ".join(f"{slot}={seat}" for slot, seat in seats.items())
    found = asked.ask("judge", "judge", "compliance", asked.texts, seats=told)
    assert isinstance(found, Compliance)
    assert {slot: fine for slot, (fine, _) in found.verdicts.items()} == {slot: slot != "agent-03" for slot in seats}


@every_case
def test_a_comparison_holds_every_proposal_once(case: str) -> None:
    said = Asked(*CASES[case]).compared()
    agents = [number for approach in said.approaches for number in approach.agents]
    assert sorted(agents) == list(range(1, 11)) and len(said.approaches) <= 5 and said.missing == ()
    largest = max(said.approaches, key=lambda approach: len(approach.agents))
    assert said.convergence == f"{len(largest.agents)}/10 on {largest.label}"
    assert [a.name for a in said.approaches] == sorted(a.name for a in said.approaches)  # labels tell nothing of size
    assert said.novel and said.divergence and said.violations == () and said.questions


@pytest.mark.parametrize(("cycle", "said"), [(FULL, "8/10 on A"), (LIGHT, "4/5 on A")], ids=["full", "light"])
def test_a_small_question_converges(cycle: Cycle, said: str) -> None:
    found = Asked(CODE, SMALL, cycle).compared()
    assert found.convergence == said and found.approaches[0].name == "extend-in-place"


def test_scenarios_cover_every_criterion_in_the_words_of_the_framing() -> None:
    asked = Asked(MILL, QUESTION._replace(scenarios=("Extensibility: “Somebody adds a polish step.”",)))
    asked.compared()
    part = asked.comparison.words.partition("### Evaluation Scenarios")[2].partition("###")[0]
    assert [line.partition(":")[0] for line in part.strip().split("\n")] == [f"- {name}" for name in WEIGHTS]
    assert "“Somebody adds a polish step.” With A:" in part


def test_beyond_five_approaches_the_smallest_joins_a_related_one() -> None:
    names = ["keep", "keep", "split", "split", "table", "alias", "rename", "table-of-steps"]
    found = groups({n: Said(name=name) for n, name in enumerate(names, start=1)})
    assert [(group.label, group.name, sorted(group.members)) for group in found] == [
        ("A", "alias", [6]), ("B", "keep", [1, 2]), ("C", "rename", [7]), ("D", "split", [3, 4]), ("E", "table", [5, 8]),
    ]  # fmt: skip


def test_hybrids_are_named_only_where_they_are_wanted_and_two_lead() -> None:
    (found,) = big().compared().hybrids
    assert found.slot == "hybrid-01" and len(found.of) == 2 and "leads on" in found.reason
    assert big().compared(hybrids="no").hybrids == () == Asked(CODE, SMALL).compared().hybrids


# ---------------------------------------------------------------------- votes


@every_case
@pytest.mark.parametrize("phase", ["vote", "runoff", "confirm"])
def test_votes_are_complete_and_lead_to_one_winner(case: str, phase: str) -> None:
    asked = Asked(*CASES[case])
    casts = asked.votes(phase)
    winners = [cast.winner for cast in casts]
    assert max(winners.count(name) for name in set(winners)) >= 7
    for cast in casts:
        labels = list(cast.scores)
        assert complete(cast, labels, list(WEIGHTS), reasons=True) == []
        totals = {
            label: sum(WEIGHTS[name] * row[name] for name, row in [(n, row) for n in WEIGHTS])
            for label, row in cast.scores.items()
        }
        assert totals[cast.winner or ""] == max(totals.values())
        assert cast.read == tuple(file.path for file in asked.frame.files) and cast.objection
        assert {mark for row in cast.success.values() for mark in row.values()} == {"pass"} or case == "typescript"


def test_reasons_state_what_is_counted() -> None:
    asked = big()
    cast = asked.votes()[0]
    for approach in asked.comparison.said.approaches:
        said = asked.said[f"agent-{approach.agents[0]:02d}"]
        reason = cast.reasons[approach.label, "Simplicity"]
        assert (
            f"touches {said.touched} file" in reason
            and cast.scores[approach.label]["Simplicity"] == score("Simplicity", measure(said))[0]
        )


PLAIN = Said(name="x", touched=2, size="10 to 40", breaks="nothing", compatibility="Every name keeps its name.")
SETTINGS = PLAIN._replace(files=(FileChange("a.py", "x"), FileChange("a.toml", "y")))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (PLAIN, (5, 2, 5, 3, 4)),
        (PLAIN._replace(abstractions=("a",)), (4, 2, 5, 3, 4)),
        (PLAIN._replace(abstractions=("a", "b", "c")), (2, 2, 5, 2, 3)),
        (PLAIN._replace(touched=5, size="90 to 200"), (3, 2, 5, 3, 3)),
        (PLAIN._replace(summary="It has a default."), (5, 3, 5, 3, 4)),
        (PLAIN._replace(breaks="every caller"), (5, 2, 1, 3, 4)),
        (PLAIN._replace(breaks="every caller", migration="on load"), (5, 2, 3, 3, 4)),
        (PLAIN._replace(compatibility=""), (5, 2, 4, 3, 4)),
        (PLAIN._replace(sketch="It raises."), (5, 2, 5, 4, 4)),
        (PLAIN._replace(tests="`t.py` runs as it is"), (5, 2, 5, 3, 5)),
        (SETTINGS, (5, 5, 5, 3, 3)),
    ],
)
def test_scores_follow_from_what_is_counted(said: Said, expected: tuple[int, ...]) -> None:
    assert tuple(score(name, measure(said))[0] for name in WEIGHTS) == expected


WIDE = "## Approach A\n\n#### Scope\n\n- **Files touched:** 7\n- **New abstractions introduced:** none\n"
NARROW = "## Approach B\n\n#### Scope\n\n- **Files touched:** 2\n- **New abstractions introduced:** `x` table\n"


def test_seats_change_scrutiny() -> None:
    asked = big()
    rows = dict(zip(FULL.vote, asked.votes(shown=f"{WIDE}\n{NARROW}"), strict=True))
    balanced, skeptical, pragmatic = rows["balanced"], rows["skeptical"], rows["pragmatic"]
    assert pragmatic.scores["A"]["Simplicity"] == balanced.scores["A"]["Simplicity"] - 1
    assert "7 files have to change together" in pragmatic.reasons["A", "Simplicity"]
    assert skeptical.scores["B"]["Simplicity"] == balanced.scores["B"]["Simplicity"] - 1
    assert "the strongest objection, that it adds 1 abstraction" in skeptical.reasons["B", "Simplicity"]
    assert pragmatic.scores["B"] == balanced.scores["B"]


def test_what_an_approach_does_not_speak_of_is_unknown() -> None:
    cast = big().votes(shown=f"{WIDE}\n{NARROW}")[0]
    assert cast.success == {"A": {1: "unknown", 2: "unknown"}, "B": {1: "unknown", 2: "unknown"}}


def test_other_criteria_are_scored_by_cost() -> None:
    cast = big().votes(shown=f"{WIDE}\n{NARROW}", criteria="Beauty=60, Simplicity=40")[0]
    assert set(cast.scores["A"]) == {"Beauty", "Simplicity"} and "the cost" in cast.reasons["A", "Beauty"]


# ---------------------------------------------------------------------- what may follow


def follow(asked: Asked, phase: str, slot: str, kind: str, **about: str) -> Document:
    asked.compared()
    documents = {**asked.base, **asked.texts, f"{FOLDER}/synthesis.md": asked.comparison.words}
    return asked.ask(phase, slot, kind, documents, criteria=CRITERIA, **about)


@every_case
def test_a_hybrid_cites_its_sources_and_passes_the_gate(case: str) -> None:
    asked = Asked(*CASES[case])
    found = follow(asked, "hybrid", "hybrid-01", "hybrid", name="Both of Them", of="A, B", reason="one is simple")
    assert isinstance(found, Proposal)
    terms = Terms(tuple(WEIGHTS), ("python", "typescript", "toml"), 200, lambda path: path in asked.memory.content)
    assert found.said.name == "both-of-them" and failures(Attempt("hybrid-01", "", found.said), terms) == {}
    firsts = [approach.agents[0] for approach in asked.comparison.said.approaches[:2]]
    assert [int(n) for n in re.findall(r"agent-(\d\d)", found.said.summary)] == firsts
    assert {f.path for n in firsts for f in asked.said[f"agent-{n:02d}"].files} == {f.path for f in found.said.files}


@pytest.mark.parametrize("vetoed", WEIGHTS)
def test_a_patch_mends_what_was_vetoed(vetoed: str) -> None:
    asked = big()
    weakest = min(
        asked.compared().approaches, key=lambda a: score(vetoed, measure(asked.said[f"agent-{a.agents[0]:02d}"]))[0]
    )
    found = follow(asked, "patch", "patcher", "patch", label=weakest.label, name=weakest.name, vetoed=vetoed)
    assert isinstance(found, Proposal)
    before = asked.said[f"agent-{weakest.agents[0]:02d}"]
    terms = Terms(tuple(WEIGHTS), ("python",), 200, lambda path: path in asked.memory.content)
    assert failures(Attempt("patcher", "", found.said), terms) == {} and found.said.name == f"{weakest.name}-patched"
    assert (
        score(vetoed, measure(found.said))[0] >= max(3, score(vetoed, measure(before))[0])
        and vetoed in found.said.summary
    )


def test_a_split_question_is_asked_in_parts() -> None:
    asked = big()
    found = follow(asked, "refine", "refiner", "refine", leaders="A, B", iteration="1")
    assert isinstance(found, RefineAnswer)
    assert list(found.said.questions) == ["a", "b", "c"] and not found.said.forced and found.said.reason
    ground = LintGround(lambda path: path in MILL)
    for text, item in zip(found.said.questions.values(), QUESTION.inside, strict=True):
        frame = read_frame(text)
        assert lint(frame, "framing.md", 1, ground) == [] and frame.inside == (item,)
        assert frame.question != QUESTION.question and set(QUESTION.inside) - {item} <= set(frame.outside)


def test_a_question_without_parts_becomes_a_choice() -> None:
    found = follow(
        Asked(MILL, QUESTION._replace(inside=("All of it",))),
        "refine",
        "refiner",
        "refine",
        leaders="A, B",
        iteration="1",
    )
    assert isinstance(found, RefineAnswer) and found.said.forced and not found.said.questions


def test_the_identity_tells_what_the_survey_shows() -> None:
    found = Asked(CODE, SHOP_FRAME).ask("identity", "extractor", "identity", {})
    assert isinstance(found, Identity)
    assert (
        found.words.startswith("# Identity: shop\n\nGenerated: 2026-01-31\nCommit: aaaa")
        and found.commit == Memory.commit
    )
    parts = {name: found.parts(name) for name in SECTIONS}
    assert (
        "`store`: 2 files" in parts["Architecture Map"] and "imported by `rules` and `web`" in parts["Architecture Map"]
    )
    assert "`check` of `shop/rules/check.py` is imported in 2 places" in parts["Invariants"]
    assert "Import cycle: rules → store → rules" in parts["Known Debt"]
    assert "inside `check`" in parts["Trade-offs"] and "None found." in parts["Post-Decision Updates"]
    assert found.parts(*TRIMMED).count("## ") == 2
    empty = Asked({"README.md": "# x\n"}, SHOP_FRAME).ask("identity", "extractor", "identity", {})
    assert isinstance(empty, Identity) and empty.parts("Architecture Map").endswith("None found.\n")


def test_the_same_question_gives_the_same_bytes() -> None:
    def run(files: Mapping[str, str]) -> list[str]:
        asked = Asked(files, QUESTION)
        asked.votes()
        follow(asked, "refine", "refiner", "refine", leaders="A, B")
        asked.ask("identity", "extractor", "identity", {})
        return asked.bodies

    assert run(MILL) == run(dict(reversed(MILL.items())))


ADDENDUM = """\
## Constraint Addendum: {0} — steps
Date: 2026-01-31
Decision Record: DR-001-steps.md

### Decision Summary

Steps are a table.

### Interface Contracts

```python
def {1}(step: str) -> int: ...
```

### Ruled-Out Design Space

- keep-and-pin: it lost

### Virtual Diff

```python
# {2} — WILL REPLACE
def {1}(step: str) -> int: ...
```
"""


def addenda() -> dict[str, str]:
    return {
        "docs/decisions/working/q1a/constraint-addendum.md": ADDENDUM.format(
            "Q1a", "order_of", "mill/grain/steps.py, mill.toml"
        ),
        "docs/decisions/working/q1b/constraint-addendum.md": ADDENDUM.format(
            "Q1b", "timeout_of", "mill/grain/timeouts.py"
        ),
    }


def test_what_an_earlier_decision_names_gets_a_name_of_its_own() -> None:
    asked = Asked(MILL, QUESTION, extra=addenda())
    names = {seat: asked.propose(slot, seat).name for slot, seat in asked.seats()}
    assert names["contrarian"] == "keep-and-pin-of-steps" and names["minimalist"] == "change-in-place"


def test_parts_of_a_question_are_composed() -> None:
    asked = Asked(MILL, QUESTION, extra=addenda())
    found = asked.ask("compose", "hybrid-01", "hybrid", asked.base, name="composed", of="", criteria=CRITERIA)
    assert isinstance(found, Proposal)
    terms = Terms(tuple(WEIGHTS), ("python",), 200, lambda path: path in MILL)
    assert failures(Attempt("hybrid-01", "", found.said), terms) == {}
    assert [code.text for code in found.said.code] == [
        "def order_of(step: str) -> int: ...",
        "def timeout_of(step: str) -> int: ...",
    ]
    assert {f.path: f.what for f in found.said.files} == {
        "mill/grain/steps.py": "as Q1a decided.", "mill.toml": "as Q1a decided.", "mill/grain/timeouts.py": "as Q1b decided.",
    }  # fmt: skip


def test_a_patch_mends_every_criterion_that_was_vetoed() -> None:
    asked = big()
    found = follow(asked, "patch", "patcher", "patch", label="B", name="x", vetoed="Simplicity, Testability")
    assert isinstance(found, Proposal)
    assert len(found.said.files) == 2 and found.said.abstractions == () and "hands every value in" in found.said.tests


def test_a_hybrid_is_patched_from_what_it_joins() -> None:
    asked = big()
    label = chr(ord("A") + len(asked.compared().approaches))
    found = follow(asked, "patch", "patcher", "patch", label=label, name=label, vetoed="Simplicity")
    source = asked.comparison.said.approach(asked.comparison.said.hybrids[0].of[0])
    assert isinstance(found, Proposal) and source is not None
    assert found.said.name == f"{source.name}-patched" and f"agent-{source.agents[0]:02d}" in found.said.summary


def test_an_identity_is_held_against_what_breaks() -> None:
    asked = big()
    identity = asked.ask("identity", "extractor", "identity", {})
    asked.base["docs/decisions/working/identity.md"] = identity.render()
    asked.compared()
    assert "None found." in asked.comparison.words
    path = f"{FOLDER}/agents/agent-01-proposal.md"
    asked.texts[path] = asked.texts[path].replace("**What breaks:** nothing", "**What breaks:** all callers")
    words = asked.ask(
        "synthesise", "synthesizer", "comparison", {**asked.base, **asked.texts}, proposals="1", criteria=CRITERIA
    ).body()
    assert "- A breaks something in `mill/grain/steps.py`, which Invariants names." in words
