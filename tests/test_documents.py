"""F2, F3, F4: every model survives being written and read, and an edit of front matter changes one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args, get_origin

import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from decisions_tool.documents import frontmatter, kinds
from decisions_tool.documents.answers import Owner, OwnersAnswer, PlanAnswer, ResolutionAnswer
from decisions_tool.documents.base import REHEARSAL, Document, Item, Line, Meta, PathName, Prose, Title, Word
from decisions_tool.documents.concerns import LETTERS, Concern, Concerns, Resolution, Source
from decisions_tool.documents.contract import Contract, ContractTrack, Interface, Offer
from decisions_tool.documents.design import Design
from decisions_tool.documents.plans import PlanPhase
from decisions_tool.documents.request import Request
from decisions_tool.documents.research import Research, Synthesis
from decisions_tool.documents.review import SEVERITIES, Review, ReviewFinding
from decisions_tool.documents.roadmap import Operation, Plan, Roadmap, Statements
from decisions_tool.errors import DocumentError

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
    "| \\ ` `` ``` ~~~ --- ... === # ## ### #### > - + * 1. ** __ [ ] [x] [ ] <!-- --> <b> &amp; {{ x }} %YAML ! @ : ; , . ' \" $ ~ "
    "none None - – — tbd yes no null 010 1e3 0x1F 2026-01-31 Track Phase 0: Provides: Consumes: Bridge: **Problem:** "
    "**Decision:** C1. C1+C2 Addressing log _tasks/a/001-user-request.md contract naïve Ответ 日本語 שלום 👍 ☑️ µ ı ẞ".split(" ")
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
        return draw(st.sampled_from([f"<!--\n### C1. Hidden\n{REHEARSAL}\n-->", REHEARSAL, "---\ntype: vote\n---", "{", "+++"]))
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
    "decision_makers": some(words), "panel_reason": words, "undone": some(words),
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
        if known is not None and draw(st.booleans()):
            values[name] = draw(known)
    return kind.META(type=kind.KIND, **values)


def numbered(kind: Callable[..., T], letter: Callable[[str], str], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[T, ...]]:
    """Entries with a severity, and an id that fits it."""
    rows = st.lists(st.fixed_dictionaries({"severity": st.sampled_from(SEVERITIES), **parts}), max_size=3)
    return rows.map(lambda rows: tuple(kind(id=f"{letter(row['severity'])}{n}", **row) for n, row in enumerate(rows, start=1)))


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
findings = numbered(ReviewFinding, lambda severity: "F", title=titles, where=lines, problem=prose, suggestion=maybe_prose)
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
    st.lists(st.one_of(_LINES, blocks())).map("\n".join), st.text(), st.sampled_from(["", "---", "---\n# a", "{", "\ufeff", "a\r"])
)
spoken = st.one_of(requests, requests.map(lambda said: said.replace("\n", "\r\n"))).filter(lambda said: "<<<<<<< " not in said)
PARTS: dict[type[Document], dict[str, st.SearchStrategy[Any]]] = {
    Request: {"words": spoken},
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
@settings(max_examples=60)
@given(data=st.data())
def test_f2_a_document_is_read_back_as_it_was_written(kind: type[Document], data: st.DataObject) -> None:
    document = data.draw(documents(kind))
    text = document.render()
    again = kind.parse(frontmatter.decode(text.encode(), "x.md") if kind is not Request else text, "x.md")
    assert again == document
    assert again.render() == text
