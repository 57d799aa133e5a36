"""F2, F3, F4: every model survives being written and read, and an edit of front matter changes one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args, get_origin

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from decisions_tool.documents import edits, frontmatter, kinds, own_form
from decisions_tool.documents.aftermath import SYMPTOMS, Cleanup, Diagnosis, Retrospective, Verification
from decisions_tool.documents.answers import Owner, OwnersAnswer, PlanAnswer, ResolutionAnswer
from decisions_tool.documents.base import REHEARSAL, Document, Item, Line, Meta, PathName, Prose, Title, Where, Word
from decisions_tool.documents.batch import Batch, Sent
from decisions_tool.documents.comparison import Comparison
from decisions_tool.documents.computed import Addendum, Constraints, Record, TallyDocument
from decisions_tool.documents.concerns import LETTERS, Concern, Concerns, Resolution, Source
from decisions_tool.documents.contract import Contract, ContractTrack, Interface, Offer
from decisions_tool.documents.design import Design
from decisions_tool.documents.framing import Framing
from decisions_tool.documents.identity import SECTIONS, Identity
from decisions_tool.documents.judged import OUTCOMES, Compliance, Gate, Graded, RefineAnswer, gate_text
from decisions_tool.documents.plans import PlanPhase
from decisions_tool.documents.proposal import FileChange, Hybrid, Patch, Proposal
from decisions_tool.documents.request import Request
from decisions_tool.documents.research import Research, ResearchMeta, Synthesis
from decisions_tool.documents.reversal import KINDS, Entry, Reversal, entry_text
from decisions_tool.documents.review import SEVERITIES, Review, ReviewFinding, ReviewMeta
from decisions_tool.documents.roadmap import Operation, Plan, Roadmap, Statements
from decisions_tool.documents.spike import Spike
from decisions_tool.documents.stories import STATES, Stories, Story, stories_text
from decisions_tool.documents.vote import Confirm, Runoff, Vote
from decisions_tool.documents.written import Written
from decisions_tool.errors import DocumentError
from tests.conftest import examples

T = TypeVar("T")
settings.register_profile(
    "here",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
settings.load_profile("here")

# ---------------------------------------------------------------------- text that other people would write

_SCRAPS = st.sampled_from(
    [
        "|",
        "\\",
        "`",
        "``",
        "```",
        "~~~",
        "---",
        "...",
        "===",
        "#",
        "##",
        "###",
        "####",
        ">",
        "-",
        "+",
        "*",
        "1.",
        "**",
        "__",
        "[",
        "]",
        "[x]",
        "[",
        "]",
        "<!--",
        "-->",
        "<b>",
        "&amp;",
        "{{",
        "x",
        "}}",
        "%YAML",
        "!",
        "@",
        ":",
        ";",
        ",",
        ".",
        "'",
        '"',
        "$",
        "~",
        "none",
        "None",
        "-",
        "–",
        "—",
        "tbd",
        "yes",
        "no",
        "null",
        "010",
        "1e3",
        "0x1F",
        "2026-01-31",
        "Track",
        "Phase",
        "0:",
        "Provides:",
        "Consumes:",
        "Bridge:",
        "**Problem:**",
        "**Decision:**",
        "C1.",
        "C1+C2",
        "Addressing",
        "log",
        "_tasks/a/001-user-request.md",
        "contract",
        "naïve",
        "Ответ",
        "日本語",
        "שלום",
        "👍",
        "☑️",
        "µ",
        "ı",
        "ẞ",
    ]
)
_LETTERS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn", "Zl", "Zp"]), max_size=8)
_PIECES = st.one_of(_SCRAPS, _LETTERS, st.sampled_from(["word", "words", "a", "\u00a0", "\u3000", "\t", "x" * 300]))
_SPOKEN = st.lists(_PIECES, min_size=1, max_size=6)
_LINES = st.one_of(_SPOKEN.map(" ".join), _SPOKEN.map("".join))


def accepted(kind: Any, texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts that a type of ours takes."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def valid(text: str) -> bool:
        try:
            adapter.validate_python(text, strict=True)
        except ValidationError:
            return False
        return True

    return texts.filter(valid)


def _fence(draw: st.DrawFn) -> str:
    mark = draw(st.sampled_from(["```", "~~~", "`````"]))
    return "\n".join([f"{mark}{draw(st.sampled_from(['', 'rust', ' md']))}", *draw(st.lists(_LINES, max_size=3)), mark])


def _listing(draw: st.DrawFn) -> str:
    mark = draw(st.sampled_from(["- ", "* ", "1. ", "> ", "    ", "#### ", "| "]))
    return "\n".join(mark + line for line in draw(st.lists(_LINES, min_size=1, max_size=3)))


@st.composite
def blocks(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from([_fence, _listing, None, None, None]))
    if kind:
        return kind(draw)
    if draw(st.integers(0, 9)) == 0:
        return draw(
            st.sampled_from([f"<!--\n### C1. Hidden\n{REHEARSAL}\n-->", REHEARSAL, "---\ntype: vote\n---", "{", "+++"])
        )
    return "\n".join(draw(st.lists(_LINES, min_size=1, max_size=3)))


lines = accepted(Line, _LINES)
titles = accepted(Title, _LINES)
items = accepted(Item, _LINES)
experts = items.filter(lambda name: not set(name) & set("()"))
offers = accepted(Offer, _LINES)
words = accepted(Word, _LINES)
names = accepted(PathName, _LINES)
prose = accepted(Prose, st.lists(blocks(), min_size=1, max_size=3).map("\n\n".join))
maybe_prose = st.one_of(st.just(""), prose)
numbers = st.one_of(st.integers(0, 20), st.integers(0, 999))
oids = st.one_of(st.text("0123456789abcdef", min_size=40, max_size=40), st.just("1" * 40), st.just("0" * 39 + "e"))
days = st.dates().map(str)


def several(values: st.SearchStrategy[T], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(values, min_size=least, max_size=most).map(tuple)


def some(values: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    return st.lists(values, max_size=2)


# ---------------------------------------------------------------------- models

_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "uid": words, "case": names, "phase": words, "iteration": st.integers(0, 99), "pinned": oids, "role": words, "agent": words,
    "backend": words, "model": words, "rehearsal": st.booleans(), "unmet": some(words), "usage": st.dictionaries(names, words, max_size=2),
    "inputs": st.dictionaries(names, oids, max_size=3), "created": st.just("2026-01-31T12:00:00+05:30"), "reason": words,
    "decision_makers": some(words), "panel_reason": words, "undone": some(words), "agents": st.integers(0, 999), "depends_on": some(words),
    "identity": names, "tier": st.integers(0, 2), "parent": words, "split": some(words), "decided": words, "by": words, "record": names,
    "order": some(words), "failed": some(words), "outcome": words, "verdict": words, "winner": words, "share": words, "date": days,
    "consulted": some(words), "informed": some(words), "failures": st.dictionaries(words, st.integers(0, 9), max_size=2),
    "tests": st.integers(0, 99), "tried": oids, "branch": words, "deviations": st.integers(0, 9), "follow": some(words), "seen": oids,
    "supersedes": names, "superseded_by": some(names), "amends": some(names), "amended_by": some(names), "superseded_sections": some(words), "section": words,
}  # fmt: skip


def _choices(annotation: Any) -> tuple[str, ...]:
    """The words of a Literal, alone or beside None."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next((get_args(part) for part in get_args(annotation) if get_origin(part) is Literal), ())


@st.composite
def metas(draw: st.DrawFn, kind: type[Document]) -> Meta:
    values: dict[str, Any] = {}
    for name, field in kind.META.model_fields.items():
        choices = _choices(field.annotation)
        known = st.sampled_from(choices) if choices and name != "schema_" else _KEYS.get(name)
        if name == "supersedes" and kind is Record:
            known = some(names)
        if known is not None and draw(st.booleans()):
            values[name] = draw(known)
    return kind.META(type=kind.KIND, **values)


def numbered(
    kind: Callable[..., T], letter: Callable[[str], str], **parts: st.SearchStrategy[Any]
) -> st.SearchStrategy[tuple[T, ...]]:
    """Entries with a severity, and an id that fits it."""
    rows = st.lists(st.fixed_dictionaries({"severity": st.sampled_from(SEVERITIES), **parts}), max_size=3)
    return rows.map(
        lambda rows: tuple(kind(id=f"{letter(row['severity'])}{n}", **row) for n, row in enumerate(rows, start=1))
    )


needs = st.builds(lambda track, phase: f"Track {track} Phase {phase}" if track else f"Phase {phase}", numbers, numbers)
phase = st.builds(PlanPhase, number=numbers, title=titles, depends_on=several(needs), effort=numbers, text=prose)
phases = st.lists(phase, min_size=1, max_size=3, unique_by=lambda phase: phase.number).map(tuple)
plans = st.builds(
    Plan,
    statements=st.builds(
        Statements, primary=items, subsystems=several(items), lines_of_code=st.integers(0, 10**9 - 1),
        requirements=st.sampled_from(["clear", "unclear"]), horizon=st.sampled_from(["short-term", "long-term"]),
    ),
    phases=phases,
    operations=several(st.builds(Operation, name=lines, complexity=lines, where=lines), least=1),
)  # fmt: skip
findings = numbered(
    ReviewFinding, lambda severity: "F", title=titles, where=lines, problem=prose, suggestion=maybe_prose
)
entries = numbered(
    Concern, LETTERS.__getitem__, title=titles, findings=several(items, least=1), problem=prose, solution=maybe_prose,
    sources=several(st.builds(Source, name=experts, severity=st.sampled_from(SEVERITIES)), least=1), owner=st.none() | items,
    resolution=st.none() | st.builds(Resolution, decision=titles, rationale=prose, contract=lines, track=lines, date=days),
)  # fmt: skip
tracks = st.one_of(
    st.builds(ContractTrack, number=numbers, name=items, scope=lines, agreed=st.just(False)),
    st.builds(
        ContractTrack, number=numbers, name=items, scope=lines,
        provides=several(offers), consumes=several(offers), bridge=several(offers),
    ),
)  # fmt: skip
requests = st.one_of(
    st.lists(st.one_of(_LINES, blocks())).map("\n".join),
    st.text(),
    st.sampled_from(["", "---", "---\n# a", "{", "\ufeff", "a\r"]),
)
spoken = st.one_of(requests, requests.map(lambda said: said.replace("\n", "\r\n"))).filter(
    lambda said: "<<<<<<< " not in said
)


def written(kind: type[Written], frame: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Words of a kind that somebody wrote: what it takes to be read, with anybody's text around it."""

    def readable(said: str) -> bool:
        try:
            kind.look(said, Where("x.md", 1))
        except DocumentError:
            return False
        return True

    around = st.one_of(st.just(""), prose, _LINES.map(lambda line: f"<!-- {line.replace('-->', '')} -->"))
    texts = st.tuples(around, *parts, prose).map(
        lambda made: "\n\n".join([made[0], frame.format(*made[1:-1]), made[-1]])
    )
    ends = st.one_of(
        texts, texts, texts.map(lambda said: said.replace("\n", "\r\n")), st.just(frame.format(*["x"] * len(parts)))
    )
    return ends.filter(lambda said: "<<<<<<< " not in said and readable(said))


_ROW = st.builds(
    Graded,
    slot=items,
    passed=st.tuples(*[st.booleans()] * 5),
    outcome=st.sampled_from(OUTCOMES),
    failed=st.just("") | lines,
)
_STORY = st.builds(
    Story,
    id=st.sampled_from(["US-001", "US-017"]),
    title=titles,
    status=st.sampled_from(STATES),
    reason=st.just("") | lines,
    files=several(st.builds(FileChange, st.just("a/b.py"), lines)),
    criteria=several(lines),
)
_REVERSED = st.builds(
    Entry,
    kind=st.sampled_from(KINDS),
    day=st.just("2026-01-31"),
    by=lines,
    record=st.just("DR-001"),
    reason=lines,
    story=st.just("") | st.just("US-001"),
    diff=st.just("") | prose,
    log=st.just("") | prose,
)
_SCORES = "| Approach | S (x1.00) | Weighted Total |\n|---|---|---|\n| A — {} | 4 (4.00) | 4.00 |\n\n### Winner: A"
spoken_votes = written(Vote, _SCORES, titles.filter(lambda title: "|" not in title and not set(title) & set("\\`")))
proposed = written(Proposal, "## Approach: x\n\n### Summary\n\n{}\n\n### Code Sketch\n\n```python\n```", prose)
PARTS: dict[type[Document], dict[str, st.SearchStrategy[Any]]] = {
    Request: {"words": spoken},
    Framing: {"words": spoken},
    Identity: {"words": written(Identity, "Commit: 0123abc\n" + "".join(f"\n## {name}\n\n{{}}\n" for name in SECTIONS), *[prose] * len(SECTIONS))},
    **{kind: {"words": proposed} for kind in (Proposal, Hybrid, Patch)},
    **{kind: {"words": spoken_votes} for kind in (Vote, Runoff, Confirm)},
    Compliance: {"words": written(Compliance, "| Proposal | Complies | Why |\n|---|---|---|\n| agent-01 | yes | {} |", items)},
    Gate: {"words": st.builds(gate_text, items, st.lists(_ROW, max_size=3), numbers, numbers, st.sampled_from(["retry", "done", "reframe", "quorum"]))},
    Comparison: {"words": written(Comparison, "### Approaches Identified\n\n1. **{}** — x (proposed by agents: 1)\n\n### Dissent", titles)},
    RefineAnswer: {"words": written(RefineAnswer, "### Sub-question a\n\n{}\n\n### Sub-question b: {}", prose, titles)},
    **{kind: {"words": spoken} for kind in (TallyDocument, Record, Addendum, Constraints, Verification, Cleanup)},
    Stories: {"words": st.builds(stories_text, titles, st.lists(_STORY, min_size=1, max_size=3))},
    Spike: {"words": written(Spike, "| Kind | Tests |\n| --- | --- |\n| type | 3 |\n\n{}", prose)},
    Reversal: {"words": st.builds(entry_text, numbers, _REVERSED)},
    Diagnosis: {"words": written(Diagnosis, "| Symptom | Present | Evidence |\n|---|---|---|\n" + "".join(f"| {name} | no | x |\n" for name, *_ in SYMPTOMS) + "\n{}", prose)},
    Retrospective: {"words": written(Retrospective, "### What Held\n\n{}\n\n### What Did Not\n\n{}\n\n### What to Keep", prose, prose)},
    Roadmap: {"title": titles, "prior_art": prose, "trade_offs": prose, "decisions": prose, "plan": st.none() | plans},
    Review: {"reviewer": titles, "lens": lines, "summary": prose, "findings": findings},
    Concerns: {"title": titles, "concerns": entries},
    Research: {"title": titles, **dict.fromkeys(Research.SECTIONS, prose)},
    Synthesis: {"title": titles, **dict.fromkeys(Synthesis.SECTIONS, prose)},
    Contract: {
        "title": titles, "tracks": several(tracks), "interfaces": several(st.builds(Interface, name=titles, text=prose)),
        "revisions": several(lines),
    },
    Design: {"title": titles, "component": items, "contract": lines, "design": prose, "phases": phases},
    Batch: {"sent": several(st.builds(Sent, batch=items, phase=items, slots=several(items, least=1)), least=1)},
    PlanAnswer: {"plan": plans},
    OwnersAnswer: {"owners": several(st.builds(Owner, concern=lines, owner=items, why=lines), least=1)},
    ResolutionAnswer: {"decision": titles, "rationale": prose, "contract": lines},
}  # fmt: skip


@st.composite
def documents(draw: st.DrawFn, kind: type[Document]) -> Document:
    return kind(meta=draw(metas(kind)), **{name: draw(strategy) for name, strategy in PARTS[kind].items()})


def test_every_kind_has_a_strategy() -> None:
    assert {kind.KIND for kind in PARTS} == set(kinds.KINDS)
    for kind, parts in PARTS.items():
        assert {"meta", *parts} == set(kind.model_fields)


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.KIND)
@settings(max_examples=25)
@given(data=st.data())
def test_f2_a_document_is_read_back_as_it_was_written(kind: type[Document], data: st.DataObject) -> None:
    document = data.draw(documents(kind))
    text = document.render()
    again = kind.parse(frontmatter.decode(text.encode(), "x.md") if not issubclass(kind, Written) else text, "x.md")
    assert again == document
    assert again.render() == text


HOSTILE = {
    "a fence first": "```md\n### C9. Not a concern\n**Decision:** [x]\n```",
    "a fence of tildes with a shorter one inside": "~~~~\n~~~\n# title\n~~~~",
    "a comment first": "<!-- ### C9. Hidden\n**Source:** nobody\n-->\nshown",
    "a comment that is only spoken of": "`<!--` opens a comment",
    "a list first": "- one\n- two",
    "a table": "| # | Decision |\n|---|---|\n| C1 | no |",
    "rules and an imitation of front matter": "text\n\n---\n\ntype: vote\n\n---\n\nmore",
    "bars and backslashes": "a | b \\| c \\\\| d \\",
    "the note of a rehearsal": REHEARSAL,
    "a deep heading": "#### Deep\n\n##### Deeper",
    "an unknown field": "**Note:** this is nobody's field",
    "a field further on": "see **Decision:** [ ] above",
    "a very long line": "word " * 5000,
    "many scripts": "Ответ 日本語 שלום naïve 👩‍💻 ☑️",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_f2_prose_may_hold(text: str) -> None:
    one = ReviewFinding(id="F1", severity="critical", title="a | b", where="x", problem=text, suggestion=text)
    other = one.model_copy(update={"id": "F2"})
    meta = ReviewMeta(type="review", case="a", rehearsal=True)
    review = Review(meta=meta, reviewer="Tarjan", lens="graphs", summary=text.strip(), findings=(one, other))
    assert Review.parse(review.render(), "x.md").findings == Review(**dict(review)).findings == review.findings


REFUSED = {
    "a heading of ours": ("x\n### C1. y", "line 2 of the text is a heading"),
    "a field of ours": ("x\n**Decision:** [x]", "line 2 of the text begins with a field name"),
    "an open fence": ("```\nx", "not closed"),
    "an open comment": ("x <!-- y", "not closed"),
    "the mark of a conflict": ("<<<<<<< ours\nx", "merge conflict"),
    "a right-to-left override": ("x \u202e y", "hides or reorders"),
    "a bare carriage return": ("x\ry", "hides or reorders"),
    "nothing": (" \n ", "is empty"),
}


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED)
def test_prose_may_not_hold(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Research(meta=ResearchMeta(type="research"), title="x", structure=text, interfaces="x", risks="x", files="x")


# ---------------------------------------------------------------------- edits of front matter

_VALUES = {
    "plain": "one two", "empty": "", "single": "'it''s # no comment'", "double": '"a\\tb \\" # c"', "unicode": "Ünï — 日本",
    "list": "[a, 'b, c', \"d\"]", "map": "{a: b, c: 'd'}", "commented": "value  # why", "empty, commented": "   # why",
    "colon": "a:b", "long": "w" * 300, "spaced": "   x   ",
}  # fmt: skip
_BLOCKS = {
    "block list": "\n  - a\n  - b", "block list at the margin": "\n- a\n- b  # why", "literal": " |\n  # text\n  more",
    "folded": " >-\n  a\n  b", "two lines": " a\n  b", "flow on two lines": " [a,\n  b]", "mapping": "\n  a: b\n  # c\n  d: e",
    "double on two lines": ' "a\n  b"',
}  # fmt: skip
_KEY_NAMES = ["type", "schema", "case", "status", "pinned", "inputs", "x-y", "a"]


@st.composite
def front_matters(draw: st.DrawFn) -> tuple[str, str, set[str]]:
    """(text, line end, the keys that stand on one line)."""
    lines: list[str] = []
    short: set[str] = set()
    for key in draw(st.lists(st.sampled_from(_KEY_NAMES), min_size=1, max_size=5, unique=True)):
        lines += draw(st.lists(st.sampled_from(["", "# a comment", "  # indented", "   "]), max_size=2))
        if draw(st.integers(0, 3)):
            short.add(key)
            name = draw(st.sampled_from([key, key, key, f'"{key}"', f"'{key}'"]))
            lines.append(
                f"{name}{draw(st.sampled_from([':', ': ', ':   ', ' : ']))} {draw(st.sampled_from([*_VALUES.values()]))}"
            )
        else:
            lines += f"{key}:{draw(st.sampled_from([*_BLOCKS.values()]))}".split("\n")
    body = draw(
        st.sampled_from(["", "# Title\n\ntext\n", "---\nstatus: no\n---\n", "\n\n  text", "status: no", "тело\n---\n"])
    )
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return "\n".join(["---", *lines, "---", body]).replace("\n", end), end, short


def plainly(text: str) -> dict[str, Any]:
    """Front matter as PyYAML reads it, every scalar a string: somebody else's opinion."""
    block = re.split(r"^---\r?\n", text, maxsplit=2, flags=re.M)[1]
    found: dict[str, Any] = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506
    return found


def changes(before: str, after: str) -> list[str]:
    """The lines that went (-) and came (+), with their ends."""
    diff = difflib.ndiff(before.split("\n"), after.split("\n"))
    return [line for line in diff if line[0] in "+-"]


def comment_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.lstrip().startswith("#")]


ORDER = ("type", "schema", "case", "status", "pinned")
_NEW = st.one_of(
    st.sampled_from(
        ["active", "a: b # c", "", "yes", "010", 'it\'s "so"', "日本", "- x", "[x", "{x}", "&a", "*a", "!t"]
    ),
    words,
)


@settings(max_examples=examples(300))
@given(made=front_matters(), key=st.sampled_from(_KEY_NAMES), value=st.one_of(_NEW, st.lists(_NEW, max_size=2)))
def test_f4_setting_a_key_changes_one_line_and_that_key_only(
    made: tuple[str, str, set[str]], key: str, value: str | list[str]
) -> None:
    text, _, short = made
    before = plainly(text)
    try:
        after = edits.set_key(text, key, value, "x.md", ORDER)
    except DocumentError as refused:
        assert key in before, "a new key always finds its place"
        assert key not in short, "a key on one line can always be set"
        assert "edit it by hand" in refused.hint
        return
    assert plainly(after) == {**before, key: value}
    assert len(changes(text, after)) == (0 if after == text else 2 if key in before else 1)
    assert frontmatter.read(after, "x.md").body == frontmatter.read(text, "x.md").body
    assert comment_lines(after) == comment_lines(text)


@settings(max_examples=examples(150))
@given(made=front_matters(), key=st.sampled_from(_KEY_NAMES))
def test_f4_dropping_a_key_takes_one_line_away(made: tuple[str, str, set[str]], key: str) -> None:
    text, _, short = made
    before = plainly(text)
    try:
        after = edits.drop_key(text, key, "x.md")
    except DocumentError:
        below_block = "\n  # indented" in text or re.search(r": [|>]", text)
        assert key not in short or len(before) == 1 or below_block, (
            "only what would fall into the block above is refused"
        )
        return
    assert plainly(after) == {name: value for name, value in before.items() if name != key}
    assert [line[0] for line in changes(text, after)] == (["-"] if key in before else [])


@settings(max_examples=examples(100))
@given(made=front_matters(), value=words)
def test_f4_a_key_that_is_set_and_dropped_leaves_no_trace(made: tuple[str, str, set[str]], value: str) -> None:
    text = made[0]
    assert edits.drop_key(edits.set_key(text, "new", value, "x.md", ORDER), "new", "x.md") == text


def test_f4_a_new_key_stands_in_the_order_of_the_table_and_leaves_comments_with_their_keys() -> None:
    text = "---\ntype: request\n# how it stands\nstatus: open\n---\nbody\n"
    after = edits.set_key(text, "case", "a", "x.md", ORDER)
    assert after == "---\ntype: request\ncase: a\n# how it stands\nstatus: open\n---\nbody\n"


@pytest.mark.parametrize("old", ["open", "'open'", "[a, b]", "{a: b}", ""])
def test_f4_what_stands_behind_a_value_stays(old: str) -> None:
    text = f"---\r\ntype: request\r\nstatus:  {old}  # Anna's words\r\n---\r\n"
    after = edits.set_key(text, "status", "closed", "x.md")
    assert re.search(r"\r\nstatus: +closed +# Anna's words\r\n---\r\n\Z", after)


@pytest.mark.parametrize(
    "body", ["---\nstatus: x\n---\n", "---", "text\r\nmore\r\n", "", "\n\n", "{", "+++", "---\r\n"]
)
def test_f3_front_matter_is_put_above_a_text_and_no_byte_of_it_changes(body: str) -> None:
    made = edits.insert(body, {"type": "request", "schema": "1", "inputs": {"a b": "c"}, "unmet": ["x", "y, z"]})
    assert made.endswith(body)
    front = frontmatter.read(made, "x.md")
    assert front.body == body
    assert front.values == {"type": "request", "schema": "1", "inputs": {"a b": "c"}, "unmet": ["x", "y, z"]}
    assert ("\r\n" in made.removesuffix(body)) == body.partition("\n")[0].endswith("\r")


@settings(max_examples=examples(200))
@given(value=words)
def test_f3_a_value_means_the_same_to_every_reader(value: str) -> None:
    line = own_form.dump({"key": value})
    assert yaml.load(line, Loader=yaml.BaseLoader) == {"key": value}  # noqa: S506
    assert yaml.safe_load(line)["key"] in (value, True, False) or re.fullmatch(r"[0-9]+", value)
