"""Front matter in our own form: read without YAML, and never otherwise than YAML reads it."""

from __future__ import annotations

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from decisions_tool.documents import frontmatter, own_form, yaml_events
from decisions_tool.documents.own_form import Mark
from tests.conftest import examples

KEYS = ["type", "schema", "status", "inputs", "a-b", "x_1", "y", "no", "Type", "9", "ключ", "a b", "", "-", "?", "null"]
SCALARS = [
    "review", "1", "0", "007", "yes", "no", "~", "true", "a b", "a  b", "a: b", "a #b", "#", "-", "- a", "a,b", "a, b", "[a]", "{}", "|", ">",
    "&a", "*a", "!x", "%", "@", "`", "'a'", '"a b"', '""', '"a: b"', '"#"', '"\\n"', '"\\u0041"', '"ä"', '"\u2028"', '"\ufeff"', '"\x85"', '"\t"',
    '"a" b', '"a', "2026-01-02", "2026-01-02T03:04:05Z", "1:30", "1_000", "0x1f", "1e3", "f" * 40, "98652f76c65c879f545fe1a0a48f7803d76ec8aa",
    "1" * 40, "a" * 950, "a.b/c+d-e", "a\t", " a", "a ", "...", "a...", "---", "a:", ":a", "?", "? a", "=", "<<", "日本", "🙂", '"🙂"', "a\u00a0b",
]  # fmt: skip

scalars = st.sampled_from(SCALARS) | st.text(st.sampled_from("ab1 :#-,[]{}\"'\\ä_./+T"), max_size=8)
keys = st.sampled_from(KEYS) | st.text(st.sampled_from("ab-_1:"), max_size=3)
lists = st.lists(scalars, max_size=3).map(lambda found: f"[{', '.join(found)}]")
lines = (
    st.tuples(keys, scalars | lists).map(lambda pair: f"{pair[0]}: {pair[1]}")
    | keys.map(lambda key: f"{key}:")
    | st.tuples(st.sampled_from(["  ", " ", "   ", "    ", "\t"]), scalars, scalars).map(
        lambda t: f"{t[0]}{t[1]}: {t[2]}"
    )
    | scalars.map(lambda text: f"  - {text}")
    | st.sampled_from(["", "# a", "---", "...", "a: b\r"])
)


good = st.sampled_from(
    ["review", "a b", "1", "true", "98652f76c65c879f545fe1a0a48f7803d76ec8aa", '"ä: #"', '""', '"no"', "a.b/c-d"]
)
ours = st.lists(
    st.tuples(st.just("{}: {}"), good)
    | st.tuples(st.just("{}: {}"), st.lists(good, max_size=3).map(lambda found: f"[{', '.join(found)}]"))
    | st.tuples(st.just("{}:\n{}"), st.lists(st.tuples(good, good), min_size=1, max_size=3).map(lambda found: "\n".join(f"  {a}: {b}" for a, b in found))),
    max_size=5,
).map(lambda found: [form.format(f"k{number}", value) for number, (form, value) in enumerate(found)])  # fmt: skip
mixed = st.tuples(ours, st.lists(lines, max_size=1), ours.map(lambda found: [f"z{line}" for line in found])).map(
    lambda parts: "".join(f"{line}\n" for part in parts for line in part)
)


def by_yaml(block: str) -> tuple[object, dict[str, Mark]]:
    """What PyYAML reads; of a value on several lines only where it begins."""
    values, marks, lost = yaml_events.read(f"---\n{block}---\n")
    assert not lost
    return values, {key: _begun(mark) for key, mark in marks.items()}


def _begun(mark: Mark) -> Mark:
    return mark if mark.inline else mark._replace(start=0, end=0)


@settings(max_examples=examples(1000), deadline=None)
@given(mixed)
@example('a: [a, b]\nb:\n  a: b\n  "c d": 1\nc: "x"\n')
@example("a: []\n")
@example("a: \n")
@example("a: [b, ]\n")
@example("a:\n  b: c\na-b: d\n")
def test_what_is_read_without_yaml_is_what_yaml_reads(block: str) -> None:
    found = own_form.read(block)
    event("in our form" if found else "in another")
    if found is not None:
        values, marks = found
        assert (values, {key: _begun(mark) for key, mark in marks.items()}) == by_yaml(block)


OURS = [
    {"type": "review", "schema": "1", "case": "a b", "rehearsal": "true"},
    {"inputs": {"_tasks/ä/001-user-request.md": "98652f76c65c879f545fe1a0a48f7803d76ec8aa"}, "usage": {"cost-usd": "0.013"}},
    {"unmet": ["key-files", "x, y"], "created": "2026-01-31T12:00:00Z", "agent": "Cousot: \"P.\""},
    {"unmet": [], "status": "no"},
]  # fmt: skip


@pytest.mark.parametrize("values", OURS, ids=["words", "mappings", "lists", "nothing"])
def test_what_is_written_here_is_read_without_yaml_unless_it_needs_escapes(values: dict[str, object]) -> None:
    block = own_form.dump(values)
    found = own_form.read(block)
    assert (found is None) == ("\\" in block)
    assert frontmatter.read(f"---\n{block}---\n", "x.md").values == values


@pytest.mark.parametrize(
    "block",
    [
        "a: b\na: c\n", "a:\n", "a: b", "", "\n", "a: b \n", "a: [a,b]\n", 'a: [a b"c"]\n', "a: {}\n", "a:\n  b: c\n  b: d\n",
        "a: b\n  c: d\n", "".join(f"k{n}: v\n" for n in range(100)), 'a: "' + "x" * 5000 + '"\n',
    ],
)  # fmt: skip
def test_anything_else_is_left_to_yaml(block: str) -> None:
    assert own_form.read(block) is None
