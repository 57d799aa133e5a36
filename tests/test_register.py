"""P5: registers of concerns in other people's hands; what each should say was written down by hand beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from decisions_tool.documents import frontmatter
from decisions_tool.documents.concerns import Concerns
from decisions_tool.documents.register import Register, concern_ids, read_register, registered, split_names, track_names
from decisions_tool.rules.concerns import contradictions, problems
from tests.conftest import Cli, examples, make_cli
from tests.test_documents import blocks, documents

HANDS = Path(__file__).parent / "hands"
REGISTERS = sorted(HANDS.glob("*.md"))
REGISTER = "_tasks/v2/004-expert-concerns.md"


def laid(folder: Path, data: bytes) -> None:
    file = folder / REGISTER
    file.parent.mkdir(parents=True)
    file.write_bytes(data)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return make_cli(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("path", REGISTERS, ids=lambda path: path.stem)
def test_a_register_by_any_hand_is_read(path: Path, tmp_path: Path, call: Cli) -> None:
    laid(tmp_path, path.read_bytes())
    expected: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    told = call("concerns", "_tasks/v2", "--json").json
    assert [concern["id"] for concern in told["concerns"]] == [concern["id"] for concern in expected["concerns"]]
    for concern, wanted in zip(told["concerns"], expected["concerns"], strict=True):
        assert concern == wanted
    assert told["contradictions"] == expected["contradictions"]


def test_a_disagreement_names_the_line_of_the_entry_and_of_the_log(tmp_path: Path, call: Cli) -> None:
    laid(tmp_path, (HANDS / "carol.md").read_bytes())
    result = call("check")
    found = [line for line in result.out.split("\n") if line.startswith(REGISTER)]
    assert [line.split(" ", 1)[0].removeprefix(REGISTER) for line in found] == [":14:1:", ":50:1:", ":66:1:"]
    assert "decides C9, which is no concern here" in found[0]
    assert "C2 is open in its entry, but the addressing log decides it (line 12)" in found[1]
    assert "I3 is open in its entry, but the addressing log decides it (line 13)" in found[2]
    assert result.code == 0 and call("check", "--strict").code == 1


def test_p6_tracks_are_counted_from_a_register_by_hand(tmp_path: Path, call: Cli) -> None:
    laid(tmp_path, (HANDS / "dmitri.md").read_bytes())
    told = call("tracks", "_tasks/v2", "--json").json
    readings = [(reading["elsewhere"], reading["counted"], reading["needed"]) for reading in told["readings"]]
    assert readings == [(3, 5, True), (4, 5, True), (3, 6, True)]
    assert (told["primary"], told["needed"], told["elsewhere"], told["counted"]) == ("storage", True, 3, 5)
    assert told["rule"] == told["readings"][0]["rule"] and told["unassigned"] == ["N1"]
    other = call("tracks", "_tasks/v2", "--primary", "client", "--json").json
    assert (other["primary"], other["elsewhere"], other["counted"]) == ("client", 3, 5)


HEADINGS = {
    "### C1. Lost delta": "Lost delta",
    "### C1: Lost delta": "Lost delta",
    "### C1 — Lost delta": "Lost delta",
    "### C1 – Lost delta": "Lost delta",
    "### C1 - Lost delta": "Lost delta",
    "### C1) Lost delta": "Lost delta",
    "### C1 Lost delta": "Lost delta",
    "### **C1.** Lost delta": "Lost delta",
    "### **C1. Lost delta**": "Lost delta",
    "### **C1** Lost delta": "Lost delta",
    "### `C1` Lost delta": "Lost delta",
    "### [C1] Lost delta ###": "Lost delta",
    "### 🔴 C1: Lost delta": "Lost delta",
    "### 1. C1: Lost delta": "Lost delta",
    "### 2.1 C1. Lost delta": "Lost delta",
    "### Concern C1: Lost delta": "Lost delta",
    "### C1 (HIGH): Lost delta": "Lost delta",
    "### C1 [critical] Lost delta": "Lost delta",
    "### ~~C1. Lost delta~~": "Lost delta",
    "   ###\tC1. Lost delta  ": "Lost delta",
    "###### C1. Lost delta": "Lost delta",
    "## C1. Lost delta": "Lost delta",
    "### C1. `commit()` is (sometimes) lost: why?": "`commit()` is (sometimes) lost: why?",
    "### C1. (Rust) panics": "(Rust) panics",
    "### C1": "",
}


@pytest.mark.parametrize("line", HEADINGS)
def test_an_entry_may_be_headed(line: str) -> None:
    entry = read_register(f"# Concerns\n\n## Critical\n\n{line}\n\n**Source:** Tarjan\n").entries[0]
    assert (entry.id, entry.severity, entry.title, entry.sources) == ("C1", "critical", HEADINGS[line], ("Tarjan",))


@pytest.mark.parametrize(
    "line", ["## Q3 plans", "## V2 storage", "### About C1", "### C1a. x", "###C1. x", "    ### C1. x", "C1. x"]
)
def test_a_heading_that_only_looks_like_an_entry_is_none(line: str) -> None:
    assert read_register(f"# Concerns\n\n{line}\n\ntext\n").entries == ()


SEVERITIES = {
    "Critical": "critical", "🔴 Critical (must fix)": "critical", "HIGH": "critical", "Severity: high": "critical", "Blockers": "critical",
    "Important": "important", "MEDIUM (low effort)": "important", "Should fix": "important", "Major, not critical": "important",
    "Nice-to-have": "nice-to-have", "Nice to have": "nice-to-have", "LOW": "nice-to-have", "Non-critical, minor": "nice-to-have",
    "Questions": "question", "Open questions (important)": "question", "❓ Questions for the team": "question",
}  # fmt: skip


@pytest.mark.parametrize("heading", SEVERITIES)
def test_a_heading_above_names_the_severity(heading: str) -> None:
    assert read_register(f"# Concerns\n\n## {heading}\n\n### X1. y\n").entries[0].severity == SEVERITIES[heading]


def test_without_a_heading_the_field_and_then_the_letter_names_the_severity() -> None:
    text = "# Critical concerns of all\n\n## All\n\n### C1. a\n**Severity:** MEDIUM\n\n### N2. b\n"
    assert [entry.severity for entry in read_register(text).entries] == ["important", "nice-to-have"]


FIELDS = {
    "**Decision:** [ ]": "open",
    "**Decision:** []": "open",
    "**Decision:** [ ] ask again": "open",
    "**Decision**: [ ]": "open",
    "**Decision :** [ ]": "open",
    "__Decision:__ [ ]": "open",
    "*Decision:* [ ]": "open",
    "***Decision:*** [ ]": "open",
    "**Decision: [ ]**": "open",
    "**Decision:**": "open",
    "**Decision:** TBD": "open",
    "**Decision:** pending — see Q1": "open",
    "**Decision:** —": "open",
    "**Decision:** [ ] yes [ ] no": "open",
    "Decision: [ ]": "open",
    "- [ ] **Decision:**": "open",
    "> - **Decision:** [ ]": "open",
    "**decision (Ada):** \\[ \\]": "open",
    "**Resolution:** ☐": "open",
    "**Decision:** [x]": "done",
    "**Decision:** [X] epochs": "done",
    "**Decision:** [x](notes.md) says so": "done",
    "**Decision:** epochs, see `items[]`": "done",
    "**Decision:** Open files once": "done",
    "**Decision:** ✅": "done",
    "**Decision:** [ ] yes [x] no": "done",
    "* **Decision** : [x]": "done",
    "1. **Decision:** [x]": "done",
    "**Owner:** store | **Decision:** [x]": "done",
    "**Problem:** big. | **Decision:** [x]": "done",
    "#### Decision\n\nepochs": "done",
    "#### Decision: [x]": "done",
    "**Decision:**\n\n- [ ] yes\n- [x] no": "done",
    "**Decision:** [ ]\n\n- [x] told Ada": "open",
    "**Decision:** [ ] <!-- [x] -->": "open",
    "**Problem:** nobody fills in **Decision:** [x]": "absent",
    "They say **Decision:** [x]": "absent",
    "Decisions: [x]": "absent",
    "```\n**Decision:** [x]\n```": "absent",
    "<!--\n**Decision:** [x]\n-->": "absent",
    "text": "absent",
}


@pytest.mark.parametrize("line", FIELDS)
def test_a_decision_field_is_open_done_or_absent(line: str) -> None:
    text = f"## Critical\n\n### C1. x\n\n{line}\n\n### C2. y\n\n**Decision:** [x]\n"
    assert read_register(text).entries[0].field == FIELDS[line]
    assert read_register(text.replace("\n", "\r\n")).entries[0].field == FIELDS[line]


NAMES = {
    "Cousot (HIGH), Hejlsberg": ("Cousot", "Hejlsberg"),
    "Tarjan + Cousot": ("Tarjan", "Cousot"),
    "Tarjan, Cousot, and Steve": ("Tarjan", "Cousot", "Steve"),
    "Tarjan & Cousot / Steve; Don": ("Tarjan", "Cousot", "Steve", "Don"),
    "Robert Tarjan (HIGH, with a proof (short), twice), Steve": ("Robert Tarjan", "Steve"),
    "**Tarjan**, `cousot`, _Steve_": ("Tarjan", "cousot", "Steve"),
    "[Tarjan](003-tarjan-review.md), Cousot [HIGH]": ("Tarjan", "Cousot"),
    "Tarjan: HIGH; Cousot — MEDIUM": ("Tarjan", "Cousot"),
    "Tarjan HIGH, Cousot MEDIUM": ("Tarjan", "Cousot"),
    "Jean-Pierre Serre, O'Neill, graph_team": ("Jean-Pierre Serre", "O'Neill", "graph_team"),
    "Тарьян и Кузо": ("Тарьян", "Кузо"),
    "Sandy Anders": ("Sandy Anders",),
    "- Tarjan\n- Cousot (LOW)": ("Tarjan", "Cousot"),
    "Tarjan,\nCousot": ("Tarjan", "Cousot"),
    "Tarjan, Tarjan": ("Tarjan",),
    "—": (),
    "": (),
}


@pytest.mark.parametrize("value", NAMES)
def test_sources_are_names(value: str) -> None:
    assert split_names(value) == NAMES[value]


IDS = {
    "C1": ("C1",),
    "C1+C2": ("C1", "C2"),
    "C1 + C2 + I3": ("C1", "C2", "I3"),
    "C1, C2 and Q1": ("C1", "C2", "Q1"),
    "C1/C2; N1 & N2": ("C1", "C2", "N1", "N2"),
    "C1+2": ("C1", "C2"),
    "C1-C3": ("C1", "C2", "C3"),
    "I1–3": ("I1", "I2", "I3"),
    "I1..I3": ("I1", "I2", "I3"),
    "I1 to I3": ("I1", "I2", "I3"),
    "C1 C2": ("C1", "C2"),
    "C1<br>C2": ("C1", "C2"),
    "**C1**, [C2](#c2), `I1`, ~~I2~~": ("C1", "C2", "I1", "I2"),
    "C1 (with Q7), I1": ("C1", "I1"),
    "C1: the delta of I2": ("C1",),
    "C1 — 3 shards": ("C1",),
    "#C1": ("C1",),
    "C12": ("C12",),
    "C1, C1": ("C1",),
    "C3-C1": ("C3", "C1"),
    "see C1": (),
    "C1234": (),
    "SC1": (),
    "": (),
}


@pytest.mark.parametrize("cell", IDS)
def test_a_log_cell_may_join_ids(cell: str) -> None:
    assert concern_ids(cell) == IDS[cell]


TRACKS: dict[str, tuple[tuple[str, ...], bool]] = {
    "Track 2": (("2",), False),
    "**Track 2** (orchestrator)": (("2",), False),
    "Track 2: Orchestrator": (("2",), False),
    "track 1, track 3": (("1", "3"), False),
    "Tracks 1 & 2": (("1", "2"), False),
    "Tracks 1, 2 and 3": (("1", "2", "3"), False),
    "Track 1+2": (("1", "2"), False),
    "Track 1–3": (("1", "2", "3"), False),
    "T1/T2": (("1", "2"), False),
    "2": (("2",), False),
    "1 + 2": (("1", "2"), False),
    "Track 2 Phase 3": (("2",), False),
    "Phase 3 of Track 1": (("1",), False),
    "Track 1 (Phase 2), Track 2": (("1", "2"), False),
    "[Track 2](005-orchestrator-design.md)": (("2",), False),
    "Storage (Track 1)": (("1",), False),
    "Track A": (("A",), False),
    "Track 2, a bit later": (("2",), False),
    "Track 2, 2026-01-03": (("2",), False),
    "1 (Phase 2)": (("1",), False),
    "2, Phase 3": (("2",), False),
    "Phase 2 and Track 1": (("1",), False),
    "Phase 3": ((), True),
    "Phases 2, 3 and 4": ((), True),
    "Phases 0-4": ((), True),
    "Phase 5+": ((), True),
    "P2": ((), True),
    "Phase 0: the format": ((), True),
    "deferred to Phase 5": ((), True),
    "Phase 2 (storage)": ((), True),
    "Contract": (("Contract",), False),
    "Orchestrator": (("Orchestrator",), False),
    "Storage, Client": (("Storage", "Client"), False),
    "Orchestrator Phase 2": (("Orchestrator",), False),
    "—": ((), False),
    "TBD": ((), False),
    "": ((), False),
}


@pytest.mark.parametrize("cell", TRACKS)
def test_a_track_cell_names_tracks_or_only_a_phase(cell: str) -> None:
    assert track_names(cell) == TRACKS[cell]


def log(header: str, *rows: str) -> Register:
    rule = "|".join("---" for _ in header.split("|"))
    return read_register("\n".join(["### C1. x", "**Decision:** [x]", "", header, rule, *rows]))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("| # | Concern | Decision | Track | Date | Notes |", "| C1 | x | y | Track 2 | now | |"),
        ("| Date | Track | **Decision** | ID |", "| now | 2 | y | C1 |"),
        ("| Concern | Resolution | Track / phase |", "| C1: x | y | Track 2, Phase 1 |"),
        ("Ids | Decided | Owning track", "C1 | y | Track 2"),
        ("| What | Decision | Track |", "| **C1** x | [x] y | T2 |"),
    ],
)
def test_a_log_may_have_its_columns_in_any_order(header: str, row: str) -> None:
    read = log(header, row)
    assert [(found.ids, found.decided, found.tracks, found.line) for found in read.log] == [(("C1",), True, ("2",), 6)]


def test_a_table_without_ids_or_without_decisions_is_no_log() -> None:
    assert not log("| Option | Decision |", "| server | y |").has_log
    assert not log("| # | Concern | Severity |", "| C1 | x | HIGH |").has_log


def test_without_a_log_nothing_contradicts_it_and_an_empty_one_contradicts_a_tick() -> None:
    assert contradictions(read_register("### C1. x\n**Decision:** [x]\n")) == ()
    assert contradictions(log("| # | Concern | Decision | Track | Date |")) == ("C1",)


def test_several_logs_and_several_rows_are_read_together() -> None:
    read = log(
        "| # | Decision | Track |",
        "| C1 | | Phase 1 |",
        "",
        "| # | Decision | Track |",
        "|---|---|---|",
        "| C1 | y | 2 |",
    )
    assert len(read.log) == 2 and contradictions(read) == ()


def test_ids_that_stand_twice_or_nowhere_are_named_once_with_their_line() -> None:
    text = "### C1. a\n### C1. b\n### C1. c\n\n| # | Decision |\n|---|---|\n| C1+C4 | x |\n| C4 | y |\n"
    found = [(finding.rule, finding.line) for finding in problems(read_register(text, first_line=10), "x.md")]
    assert found == [("concerns/duplicate", 11), ("concerns/unknown", 16)]


def test_a_concern_below_another_keeps_its_fields_to_itself() -> None:
    text = "## Critical\n### C1. a\n**Owner:** store\n#### C2. b\n**Owner:** web\n**Decision:** [x]\n"
    assert [(entry.owner, entry.field) for entry in read_register(text).entries] == [
        ("store", "absent"),
        ("web", "done"),
    ]


def test_a_heading_below_an_entry_that_repeats_its_id_is_part_of_it() -> None:
    text = "## Critical\n### C1. a\n#### C1: how it was settled\n**Decision:** [x]\n### C2. b\n"
    read = read_register(text)
    assert [(entry.id, entry.field) for entry in read.entries] == [
        ("C1", "done"),
        ("C2", "absent"),
    ] and not read.repeated


def test_what_the_program_wrote_is_read_the_same_by_the_strict_model() -> None:
    path = HANDS / "program.md"
    text = path.read_text(encoding="utf-8")
    document = Concerns.parse(text, path.name)
    assert document.render() == text
    front = frontmatter.read(text, path.name)
    entries = registered(front).entries
    assert [(entry.id, entry.severity, entry.title, entry.owner) for entry in entries] == [
        (concern.id, concern.severity, concern.title, concern.owner) for concern in document.concerns
    ]


_SHAPES = st.sampled_from(
    [
        "# Concerns",
        "## Critical",
        "## Questions",
        "### C1. x",
        "### Q2: y",
        "#### I3 — z",
        "**Decision:** [x]",
        "- **Owner:** store",
        "| # | Decision | Track |\n|---|---|---|",
        "| C1+Q2 | y | Track 1, Phase 2 |",
        "| I1-I9 | | 3 |",
        "<!--",
        "-->",
        "```",
        "~~~",
    ]
)


@settings(max_examples=examples(150))
@given(parts=st.lists(st.one_of(_SHAPES, blocks()), max_size=12))
def test_any_text_is_read_alike_with_either_line_end_and_below_any_front_matter(parts: list[str]) -> None:
    text = "\n".join(parts)
    read = read_register(text)
    assert read_register(text.replace("\n", "\r\n")) == read
    assert [entry.line + 7 for entry in read.entries] == [
        entry.line for entry in read_register(text, first_line=8).entries
    ]
    assert read_register("~~~~~~~~\n" + text).entries == ()


@settings(max_examples=examples(60))
@given(document=documents(Concerns))
def test_what_the_program_writes_is_read_as_it_was_meant(document: Concerns) -> None:
    said = [
        word
        for one in document.concerns
        for word in (one.owner or "", *one.findings, *(who.name for who in one.sources))
    ]
    assume(not any(mark in word for word in said for mark in ("**", "__")))
    read = read_register(document.body(), deepest=3)
    assert [(entry.id, entry.severity, entry.field) for entry in read.entries] == [
        (concern.id, concern.severity, "done" if concern.resolution else "open") for concern in document.concerns
    ]
    assert read.has_log and not read.repeated
    settled = [concern.id for concern in document.concerns if concern.resolution]
    assert [row.ids for row in read.log] == [(name,) for name in settled]
