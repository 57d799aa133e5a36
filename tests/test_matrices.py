"""`decisions recompute`: weighted matrices of any markdown, their totals computed exactly, the wrong ones named (D11, D12, D13)."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decisions_tool.documents.matrices import read_matrices
from decisions_tool.rules.matrices import Judged, judge
from tests.conftest import Cli, Repo, examples

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "matrices"


def judged(text: str) -> list[Judged]:
    return [judge(matrix) for matrix in read_matrices(text).matrices]


def told(text: str) -> list[tuple[str, float | None, float | None, bool]]:
    """(name, stated, computed, wrong) of the only matrix in a text."""
    (found,) = judged(text)
    return [
        (
            o.name,
            float(o.stated.value) if o.stated else None,
            round(float(o.computed), 4) if o.computed is not None else None,
            o.wrong,
        )
        for o in found.options
    ]


#: What it shows -> (a table, its options). Two options and a mistake in the second one, unless it says otherwise.
STYLES = {
    "whole weights that are no hundred": ("""
| Criterion | Weight | Tea | Mate |
|---|---|---|---|
| Taste | 5 | 4 | 5 |
| Price | 3 | 3 | 2 |
| **TOTAL** | 8 | **29** | **30** |
""", [("Tea", 29, 29, False), ("Mate", 30, 31, True)]),
    "weights in the heads, options as rows, a rank": ("""
| Option | Taste (50%) | Price [30%] | Stock - 20% | Weighted Total | Rank |
|---|---|---|---|---|---|
| Tea | 4 | 3 | 4 | 3.7 | 2 |
| **Mate** | 5 | 2 | 4 | 3.8 | 1 |
""", [("Tea", 3.7, 3.7, False), ("Mate", 3.8, 3.9, True)]),
    "a row of weights, scores out of five": ("""
| | Taste | Price | Stock | Score |
|---|:-:|:-:|:-:|--:|
| Weight | 0.5 | 0.3 | 0.2 | 1.0 |
| Tea | 4/5 | 3/5 | 4/5 | 3.7/5 |
| Mate | 5/5 | 2/5 | 4/5 | 4.0 / 5.00 |
""", [("Tea", 3.7, 3.7, False), ("Mate", 4.0, 3.9, True)]),
    "the product in brackets": ("""
| Criterion | Weight | Tea | Mate |
|---|---|---|---|
| Taste | 50% | 4 (2.0) | 5 (2.5) |
| Price | 50% | 3 (1.5) | 2 (1.0) |
| Overall | 100% | 3.5 | 3.6 |
""", [("Tea", 3.5, 3.5, False), ("Mate", 3.6, 3.5, True)]),
    "stars": ("""
| Criteria | Wt | Tea | Mate |
|---|---|---|---|
| Taste | 3 | ⭐⭐⭐ | ⭐⭐⭐⭐⭐ |
| Price | 2 | ⭐⭐ | ★★★☆☆ |
| Sum | | 13 | 20 |
""", [("Tea", 13, 13, False), ("Mate", 20, 21, True)]),
    "the weighing written into the cell, either way round": ("""
| Criterion | Tea | Mate |
|---|---|---|
| Taste (0.6) | 3 × 0.6 = 1.8 | 4x0.6=2.4 |
| Price (0.4) | 0.4 × 5 = 2.0 | 0.4 * 3 = 1.2 |
| **Weighted** | 3.8 | **3.5** |
""", [("Tea", 3.8, 3.8, False), ("Mate", 3.5, 3.6, True)]),
    "columns of products that name their option": ("""
| Factor | Score (Tea) | Score (Mate) | Weight | Weighted (Tea) | Weighted (Mate) |
|---|---|---|---|---|---|
| Taste | 3 | 4 | 60% | 1.80 | 2.40 |
| Price | 5 | 3 | 40% | 2.00 | 1.20 |
| **Total** | | | | **3.80** | **3.50** |
""", [("Tea", 3.8, 3.8, False), ("Mate", 3.5, 3.6, True)]),
    "columns of products without a name": ("""
| Criterion | Weight | Tea | Weighted | Mate | Weighted |
|---|---|---|---|---|---|
| Taste | 3 | 4 | 12 | 5 | 15 |
| Price | 2 | 5 | 10 | 3 | 6 |
| Total | | 9 | 22 | 8 | 20 |
""", [("Tea", 22, 22, False), ("Mate", 20, 21, True)]),
    "two lines of heads": ("""
| Criterion | Weight | Tea | | Mate | |
|---|---|---|---|---|---|
| | | Score | Weighted | Score | Weighted |
| Taste | 60% | 3 | 1.8 | 4 | 2.4 |
| Price | 40% | 5 | 2.0 | 3 | 1.2 |
| Total | 100% | | 3.8 | | 3.7 |
""", [("Tea", 3.8, 3.8, False), ("Mate", 3.7, 3.6, True)]),
    "products and nothing else": ("""
| Option | Taste (0.5) | Price (0.3) | Stock (0.2) | **Weighted Total** |
|---|---|---|---|---|
| Tea | 2.00 | 0.90 | 0.80 | **3.70** |
| Mate | 2.50 | 0.60 | 0.80 | **3.80** |
""", [("Tea", 3.7, 3.7, False), ("Mate", 3.8, 3.9, True)]),
    "a second row of heads, in italics": ("""
| Option | Total cost<br>of it | Speed | Risk | Total |
|--------|------|-------|------|-------|
| *Weight* | *40%* | *35%* | *25%* | |
| Tea | 3 | 4 | 5 | 3.85 |
| Mate | 5 | 3 | 4 | 4.00 |
""", [("Tea", 3.85, 3.85, False), ("Mate", 4.0, 4.05, True)]),
    "better and worse than what there is": ("""
| Criterion | Weight | Water | Tea | Mate |
|---|---|---|---|---|
| Taste | ×3 | 0 | 🟢 +1 | 🔴 -1 |
| Price | ×2 | 0 | −1 | +1 |
| Net score | | 0 | 1 | 1 |
""", [("Water", 0, 0, False), ("Tea", 1, 1, False), ("Mate", 1, -1, True)]),
    "totals of raw scores beside the weighted ones, no outer bars": ("""
Criterion | Weight | Tea | Mate
--- | --- | --- | ---
Taste | 60 | 4/10 – bitter | 3
Overall cost | 40 | 2 | 5
Raw score | 100 | 6 | 8
Weighted score | 100 | 320/1000 | 370
""", [("Tea", 320, 320, False), ("Mate", 370, 380, True)]),
    "the table of a vote": ("""
| Approach | Simplicity (x0.25) | Reach (x0.25) | Safety (x0.50) | Weighted Total |
|----------|--------------------|---------------|----------------|----------------|
| K        | 4 (1.00)           | 2 (0.50)      | 5 (2.50)       | 4.00           |
| L        | 2 (0.50)           | 5 (1.25)      | 3 (1.50)       | 3.40           |
""", [("K", 4.0, 4.0, False), ("L", 3.4, 3.25, True)]),
    "a whole sum in one cell": ("""
| Option | Recalculated |
|---|---|
| Tea | 4(0.36)+2(0.64) = 1.44+1.28 = **2.72** |
| Mate | (5 × 0.36) + (3 × 0.64) = 3.80 |
""", [("Tea", 2.72, 2.72, False), ("Mate", 3.8, 3.72, True)]),
    "a percentage of what there is to be had": ("""
| Criterion | Weight | Tea | Mate |
|---|---|---|---|
| Taste | 3 | 4 | 5 |
| Price | 2 | 5 | 3 |
| Total (raw) | 5 | 9 | 8 |
| Weighted score | | 88% | 82% |
""", [("Tea", 88, 88, False), ("Mate", 82, 84, True)]),
    "a mean": ("""
| Criterion | Importance | Tea | Mate |
|---|---|---|---|
| Taste | High (5) | 4 - good | 3 |
| Price | Low (4) | Fair (2) | 5 |
| Weighted average | | 3.1 | 3.8 |
""", [("Tea", 3.1, 3.1111, False), ("Mate", 3.8, 3.8889, True)]),
    "decimal commas": ("""
| Criterion | Weight | Tea | Mate |
|---|---|---|---|
| Taste | 0,6 | 4,0 | 5,0 |
| Price | 0,4 | 5,0 | 3,0 |
| Weighted Total | | **4,4** | **4,3** |
""", [("Tea", 4.4, 4.4, False), ("Mate", 4.3, 4.2, True)]),
    "weights from a list": ("""
- **Taste** (60%): what it is like
- **Price**: 40%, all taxes in

| | Tea | Mate |
|---|---|---|
| Taste | 5 | 3 |
| Price | 2 | 4 |
| Total | 3.8 | 3.6 |
""", [("Tea", 3.8, 3.8, False), ("Mate", 3.6, 3.4, True)]),
    "weights from a table further up, by short names": ("""
| # | Criterion | Weight | Why |
|---|---|---|---|
| C1 | Taste | 0.60 | it matters |
| C2 | Price | 0.40 | it matters, too |

| Option | C1 | C2 | Weighted Total |
|---|---|---|---|
| Tea | 5 | 2 | 3.8 |
| Mate | 3 | 4 | 3.6 |
""", [("Tea", 3.8, 3.8, False), ("Mate", 3.6, 3.4, True)]),
    "columns and rows that are no part of it": ("""
| # | Criterion | Weight (%) | Tea | Mate | Notes |
|---|---|---|---|---|---|
| 1 | Taste | 70 | 80 | 90 | bitter |
| 2 | Price | 30 | 90 | 50 | dear |
| | Final score | 100 | 83 | 79 | |
| | Rank | | 1 | 2 | |
""", [("Tea", 83, 83, False), ("Mate", 79, 78, True)]),
    "no totals": ("""
| Criterion | Weight | Tea | Mate |
|---|---|---|---|
| Taste | 60% | 3 | 4 |
| Price | 40% | 5 | 3 |
""", [("Tea", None, 3.8, False), ("Mate", None, 3.6, False)]),
    "scores that were added up without their weights": ("""
| Criterion | Weight | Tea | Mate |
|---|---|---|---|
| Taste | 60% | 3 | 4 |
| Price | 40% | 5 | 3 |
| Total | | 8 | 7 |
""", [("Tea", 8, 3.8, True), ("Mate", 7, 3.6, True)]),
    "products that were rounded before they were added": ("""
| Criterion | Weight | Tea | Tea weighted | Mate | Mate weighted |
|---|---|---|---|---|---|
| Taste | 0.33 | 4 | 1.3 | 5 | 1.7 |
| Price | 0.33 | 4 | 1.3 | 4 | 1.3 |
| Stock | 0.34 | 4 | 1.4 | 4 | 1.4 |
| Total | | | 4.00 | | 4.40 |
""", [("Tea", 4.0, 4.0, False), ("Mate", 4.4, 4.33, False)]),
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_a_matrix_is_read_in_many_styles_and_its_wrong_total_found(style: str) -> None:
    text, expected = STYLES[style]
    assert told(text) == expected


@pytest.mark.parametrize("style", STYLES)
def test_line_ends_indentation_and_alignment_change_nothing(style: str) -> None:
    text, expected = STYLES[style]
    assert told("\ufeff" + text.replace("\n", "\r\n")) == expected
    assert told(re.sub("(?<=[|])-+(?=[|])", ":-:", text).replace("\n|", "\n  |")) == expected


LEFT_ALONE = {
    "years": "| Year | Cost (2024) | Cost (2025) |\n|---|---|---|\n| A | 3 | 4 |\n| B | 3 | 1 |\n",
    "kilograms": "| Item | Weight | Price |\n|---|---|---|\n| Box | 1.3 kg | 900 |\n| Bag | 0.2 kg | 400 |\n| Total | 1.5 kg | 1300 |\n",
    "kilograms in the head": "| Item | Weight (kg) | Price |\n|---|---|---|\n| Box | 1.3 | 900 |\n| Bag | 2 | 400 |\n| Total | 3.3 | 1300 |\n",
    "weights without scores": "| Criterion | Weight | Why |\n|---|---|---|\n| Taste | 60% | it matters |\n| Price | 40% | it does |\n",
    "scores without weights": "| Criterion | Tea | Mate |\n|---|---|---|\n| Taste | 3 | 4 |\n| Price | 5 | 3 |\n| Total | 8 | 7 |\n",
    "words": "| Criterion | Weight | Tea | Mate |\n|---|---|---|---|\n| Taste | 60% | good | bad |\n| Price | 40% | bad | good |\n",
    "one score sheet without a total": "| Dimension | Weight | Score |\n|---|---|---|\n| A part | 0.4 | 0.9 |\n| B part | 0.6 | 0.8 |\n",
    "code": "```\n" + STYLES["stars"][0] + "```\n",
}  # fmt: skip


@pytest.mark.parametrize("text", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_a_table_that_is_no_weighted_matrix_is_left_alone(text: str) -> None:
    assert judged(text) == []


_PLAIN = "| Criterion | Weight | Tea | Mate |\n|---|---|---|---|\n| Taste | 50% | 4 | 5 |\n| Price | 50% | 5 | 2 |\n"
WINNERS = {
    "the highest stated total": (_PLAIN + "| Total | | 4.5 | 3.5 |\n", "Tea"),
    "the highest stated total, though it is wrong": (_PLAIN + "| Total | | 4.5 | 4.6 |\n", "Mate"),
    "a row": (_PLAIN + "| Total | | 4.5 | 3.5 |\n| Winner | | | ✓ |\n", "Mate"),
    "a rank": (_PLAIN + "| Total | | 4.5 | 3.5 |\n| Rank | | #2 | 1st |\n", "Mate"),
    "bold type": (_PLAIN + "| Total | | 4.5 | **3.5** |\n", "Mate"),
    "no bold type where all is bold": (_PLAIN + "| Total | | **4.5** | **3.5** |\n", "Tea"),
    "a cup": (_PLAIN.replace("Mate", "Mate 🏆") + "| Total | | 4.5 | 3.5 |\n", "Mate"),
    "brackets": (_PLAIN.replace("Mate", "Mate (recommended)") + "| Total | | 4.5 | 3.5 |\n", "Mate"),
    "words below": (_PLAIN + "| Total | | 4.5 | 3.5 |\n\n**Winner: Mate** by a nose\n", "Mate"),
    "a sentence": (_PLAIN + "| Total | | 4.5 | **3.5** |\n\nWe recommend Tea, not Mate.\n", "Tea"),
    "a sentence that ends in it": (_PLAIN + "| Total | | 4.5 | 3.5 |\n\n> Mate is the clear winner.\n", "Mate"),
    "the next heading": (_PLAIN + "| Total | | 4.5 | 3.5 |\n\n### Decision: Mate\n\nWinner: Tea\n", "Mate"),
    "not what stands below the next heading": (_PLAIN + "| Total | | 4.5 | 3.5 |\n\n## More\n\nWinner: Mate\n", "Tea"),
    "a heading that promises a verdict": (_PLAIN + "| Total | | 4.5 | 3.5 |\n\n## Decision\n\nMate it is, not Tea.\n", "Mate"),
    "letters": (_PLAIN.replace("Mate", "B: Mate") + "| Total | | 4.5 | 3.5 |\n\nWinner: a clear one, Option B.\n", "B: Mate"),
    "initials": (_PLAIN.replace("Mate", "WT First") + "| Total | | 4.5 | 3.5 |\n\nDecision: Work Tracker First\n", "WT First"),
    "nobody": (_PLAIN, None),
}  # fmt: skip


@pytest.mark.parametrize(("text", "winner"), WINNERS.values(), ids=WINNERS)
def test_the_stated_winner_is_found_where_the_document_says_it(text: str, winner: str | None) -> None:
    (found,) = judged(text)
    assert found.winner_stated == winner
    assert found.winner_computed == "Tea" and not found.tie
    assert found.sound == (winner in {None, "Tea"} and "4.6" not in text)


def test_equal_totals_are_a_tie_that_nobody_wins() -> None:
    (found,) = judged(_PLAIN.replace("5 | 2", "5 | 4") + "| Total | | 4.5 | 4.5 |\n")
    assert (found.tie, found.winner_computed, found.winner_stated, found.sound) == (True, None, None, True)


def test_digits_that_are_stated_decide_what_is_wrong() -> None:
    table = "| C | Weight | Tea | Mate |\n|---|---|---|---|\n| Taste | 0.35 | 4 | 5 |\n| Price | 0.65 | 5 | 2 |\n| Total | | {} | 3.05 |\n"
    right = {"4.65", "4.650", "4.6", "4.7", "5"}  # half way may go either way
    for stated in (*right, "4.64", "4.66", "4.651", "4.8", "4"):
        assert told(table.format(stated))[0][3] == (stated not in right), stated


def test_a_cell_that_is_no_number_is_named_and_its_total_not_made_up() -> None:
    (matrix,) = read_matrices(
        "# T\n\n" + _PLAIN.replace("| 5 | 2 |", "| 5 | quick |") + "| Total | | 4.5 | 3.5 |\n"
    ).matrices
    assert [(cell.line, cell.text, cell.what) for cell in matrix.unread] == [(6, "quick", "Mate")]
    found = judge(matrix)
    assert [o.computed for o in found.options] == [Fraction(9, 2), None]
    assert not found.options[1].wrong and found.winner_computed is None


_weights = st.lists(st.integers(1, 40), min_size=2, max_size=6)


def _written(value: Fraction) -> str:
    return format(Decimal(value.numerator) / Decimal(value.denominator), "f")


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), _weights, st.integers(2, 4), st.booleans(), st.sampled_from(["row", "head", "column"]))
def test_totals_are_exact_whatever_the_numbers_and_the_way_the_table_is_turned(
    data: st.DataObject, weights: list[int], options: int, percent: bool, turned: str
) -> None:
    scores = [
        data.draw(st.lists(st.integers(1, 5), min_size=len(weights), max_size=len(weights))) for _ in range(options)
    ]
    whole = sum(weights)
    exact = [Fraction(sum(w * s for w, s in zip(weights, row, strict=True)), 100 if percent else 1) for row in scores]
    stated = [_written(value) for value in exact]
    names = [f"Choice {'KLMN'[at]}" for at in range(options)]
    shown = [f"{weight}%" if percent else str(weight) for weight in weights]
    aims = [f"Aim {'abcdef'[at]}" for at in range(len(weights))]
    if turned == "column":
        rows = [["Criterion", "Weight", *names]]
        rows += [
            [aim, weight, *(str(row[at]) for row in scores)]
            for at, (aim, weight) in enumerate(zip(aims, shown, strict=True))
        ]
        rows += [["Total", "", *stated]]
    else:
        heads = [f"{aim} ({weight})" for aim, weight in zip(aims, shown, strict=True)] if turned == "head" else aims
        rows = [["Option", *heads, "Weighted Score"]] + ([["Weight", *shown, ""]] if turned == "row" else [])
        rows += [[name, *map(str, row), total] for name, row, total in zip(names, scores, stated, strict=True)]
    rows.insert(1, ["---"] * len(rows[0]))
    (found,) = judged("\n".join("| " + " | ".join(row) + " |" for row in rows))
    assert [o.name for o in found.options] == names and whole
    assert [o.computed for o in found.options] == exact
    assert not any(o.wrong for o in found.options)
    assert found.tie == (exact.count(max(exact)) > 1)


_PIECES = ["4", "-", "+1", "30%", "(0.3)", "3 × 0.2 = 0.6", "1/0", "0", "⭐⭐", "**7**", "Weight", "Weighted", "Total", "Score", "Rank", "Taste", "1,5",
           "1,000", "=", "(", ")", "%", "x", "3(0.2)+4(0.8)", "", "\\|", "🏆", "`", "Winner", "#", "9" * 40, "٣", "²"]  # fmt: skip


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.lists(st.lists(st.sampled_from(_PIECES), max_size=3), min_size=2, max_size=5), min_size=2, max_size=6)
)
def test_no_table_brings_it_down(rows: list[list[list[str]]]) -> None:
    lines = ["| " + " | ".join(" ".join(cell) for cell in row) + " |" for row in rows]
    for found in judged("\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:], "", "Winner: Taste 4"])):
        assert found.options and found.sound in {True, False}


# ---------------------------------------------------------------------- the command


def test_recompute_names_what_is_wrong_and_exits_1(repo: Repo, cli: Cli) -> None:
    repo.write("a.md", "# A\n" + STYLES["stars"][0] + "\n" + LEFT_ALONE["years"])
    done = cli("recompute", "a.md")
    assert done.code == 1
    assert "2 tables looked at, 1 weighted matrix among them" in done.err
    assert [line.split() for line in done.out.splitlines()[1:]] == [
        ["a.md:3", "Tea", "13", "13"],
        ["a.md:3", "Mate", "20", "21", "wrong"],
    ]


def test_recompute_speaks_json_of_a_fixed_shape(repo: Repo, cli: Cli) -> None:
    repo.write("a.md", STYLES["stars"][0])
    assert cli("recompute", "a.md", "--json").json == {
        "schema": 1,
        "matrices": [
            {
                "line": 2,
                "options": [
                    {"name": "Tea", "stated": 13.0, "computed": 13.0, "wrong": False},
                    {"name": "Mate", "stated": 20.0, "computed": 21.0, "wrong": True},
                ],
                "winner_stated": "Mate",
                "winner_computed": "Mate",
                "tie": False,
            }
        ],
    }


def test_recompute_takes_several_files_and_is_content_with_right_ones(repo: Repo, cli: Cli) -> None:
    right = STYLES["stars"][0].replace("20", "21")
    repo.write("a.md", right)
    repo.write("sub/b.md", right + "\n" + right)
    done = cli("recompute", "a.md", "sub/b.md", "--json")
    assert done.code == 0
    assert [(m["path"], m["line"]) for m in done.json["matrices"]] == [("a.md", 2), ("sub/b.md", 2), ("sub/b.md", 9)]


def test_recompute_names_unreadable_cells_and_a_winner_that_is_not_the_highest(repo: Repo, cli: Cli) -> None:
    repo.write("a.md", _PLAIN.replace("| 4 | 5 |", "| fast | 5 |") + "| Total | | 4.5 | 3.5 |\n")
    done = cli("recompute", "a.md")
    assert "a.md:3: 'fast' is no number (Tea)" in done.err
    repo.write("b.md", _PLAIN + "| Total | | 4.5 | 3.5 |\n\nWinner: Mate\n")
    done = cli("recompute", "b.md")
    assert done.code == 1 and "b.md:1: Mate is said to win, Tea has the highest total" in done.out


def test_recompute_refuses_what_it_cannot_read(repo: Repo, cli: Cli) -> None:
    repo.write("a.md", b"\xff\xfe")
    for name in ("nothing.md", "a.md"):
        done = cli("recompute", name)
        assert done.code == 1 and "Hint: " in done.err


def test_a_hostile_document_costs_little_time() -> None:
    import time

    begun = time.process_time()
    cell = "(" * 5_000 + "9" * 5_000 + "%"
    read_matrices(f"| {cell} | Weight | a |\n|---|---|---|\n" + f"| {cell} | {cell} | {cell} |\n" * 50)
    read_matrices("| a | Weight | b |\n|---|---|---|\n| x | 1 | 2 |\n\n" * 1_000)
    assert time.process_time() - begun < 5


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"THE CORPUS IS NOT THERE: nothing at {CORPUS}")
def test_the_corpus_is_read_whole_and_its_mistakes_are_found() -> None:
    """Two documents of other people: every total that a check by hand found wrong, and none besides."""
    wrong = {}
    for path in sorted(CORPUS.rglob("*.md")):
        reading = read_matrices(path.read_text(encoding="utf-8"))
        found = [judge(matrix) for matrix in reading.matrices]
        assert not any(matrix.unread for matrix in reading.matrices)
        wrong[path.name] = {one.line: [o.name for o in one.options if o.wrong] for one in found if not one.sound}
        assert len(found) in {34, 8}
    assert wrong["nse-explorer-002-trade-studies.md"] == {648: ["C: Behavioral"]}
    assert {line: len(names) for line, names in wrong["work-034-e-004-tradeoff-analysis.md"].items()} == {
        223: 3, 293: 3, 368: 3, 447: 3, 509: 3, 555: 1, 609: 2,
    }  # fmt: skip
