"""Renumbering in text: every mention of one record, none of another, and no byte besides."""

from __future__ import annotations

import pytest

from decisions_tool.documents.citations import OURS, THEIRS, UNKNOWN, Renumbering

WAY = Renumbering("docs/decisions/DR-007-cache.md", 12, others=("DR-007-queue",))
PLAIN = Renumbering("docs/adr/0007-use-cache.md", 12, others=("0007-use-queue",))


def edited(line: str, whose: str = OURS, way: Renumbering = WAY, path: str = "docs/guide.md") -> str:
    return way.edit(path, line, lambda number: whose).text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("see DR-007.", "see DR-012."),
        ("DR-007 §2, and DR-7", "DR-012 §2, and DR-12"),
        ("(DR-007)", "(DR-012)"),
        ("as `DR-007` says", "as `DR-012` says"),
        ("dr-007 in small, DR 7 in speech", "dr-012 in small, DR 12 in speech"),
        ("DR-007's", "DR-012's"),
        ("DR-006/DR-007/DR-008", "DR-006/DR-012/DR-008"),
        ("DR-007-based code", "DR-012-based code"),
        ("# DR-007: cache\r", "# DR-012: cache\r"),
        ("DR-007-stories.md", "DR-012-stories.md"),
        ("docs/decisions/DR-007-cache.md#why", "docs/decisions/DR-012-cache.md#why"),
        ("[the DR-007 record](DR-007-cache.md)", "[the DR-012 record](DR-012-cache.md)"),
        ("record: docs/decisions/DR-007-cache.md", "record: docs/decisions/DR-012-cache.md"),
    ],
)
def test_every_way_to_cite_a_record_takes_the_new_number(before: str, after: str) -> None:
    """F7"""
    assert edited(before) == after


@pytest.mark.parametrize(
    "line",
    [
        "ADR-007 and XDR-007 and X-DR-007", "DR-0070 DR-1007 DR-07a DR-007b", "dr_007_cache = DR_007", "DR-007.5", "007 7", "DR-007-queue",
        "[DR-007](DR-007-queue.md)", "[DR-007](../decisions/DR-007-queue.md#x)", "docs/decisions/DR-007-unknown.md", "[7. Cache](else.md)",
        "# 7. Not a record", "Dr 7 is a physician", "DR-007-cache-2.md",
    ],
)  # fmt: skip
def test_words_other_series_and_other_records_of_the_number_stay(line: str) -> None:
    """F7"""
    assert edited(line) == line


def test_links_by_label_say_which_record_is_meant() -> None:
    text = "[DR-007][a] and [DR-007][b] and [cache DR-007]\n\n[a]: DR-007-cache.md\n[b]: DR-007-queue.md\n[cache DR-007]: DR-007-cache.md\n"
    assert edited(text, THEIRS) == (
        "[DR-012][a] and [DR-007][b] and [cache DR-012]\n\n[a]: DR-012-cache.md\n[b]: DR-007-queue.md\n[cache DR-012]: DR-012-cache.md\n"
    )


def test_a_line_of_the_other_side_keeps_its_bare_numbers_and_gives_up_the_name() -> None:
    assert edited("DR-007 and DR-007-cache.md", THEIRS) == "DR-007 and DR-012-cache.md"


@pytest.mark.parametrize(
    ("line", "whose", "why"),
    [
        ("see DR-007", UNKNOWN, "it is not known which record is meant"),
        ("DR-007, not DR-007-queue.md", OURS, "the line names the other record, too"),
        ("https://example.invalid/browse/DR-007", OURS, "it is part of an address"),
    ],
)
def test_what_is_not_sure_stays_and_is_told(line: str, whose: str, why: str) -> None:
    found = WAY.edit("a.md", f"\n{line}\n", lambda number: whose)
    assert found.text == f"\n{line}\n"
    assert [(left.line, left.text, left.why) for left in found.left] == [(2, line, why)]


def test_records_without_a_prefix_are_called_adr_and_keep_their_numbered_headings() -> None:
    """F8"""
    own = PLAIN.edit("docs/adr/0007-use-cache.md", "# 7. Use cache\n\nAs ADR-0007 says.\n", lambda number: THEIRS)
    assert own.text == "# 12. Use cache\n\nAs ADR-0012 says.\n"
    line = "ADR 7, ADR-0007, ADR0007; superseded by [7. Use cache](0007-use-cache.md), not [7. Use queue](0007-use-queue.md)"
    assert edited(line.replace(", not ", "\n"), way=PLAIN) == (
        "ADR 12, ADR-0012, ADR0012; superseded by [12. Use cache](0012-use-cache.md)\n[7. Use queue](0007-use-queue.md)"
    )


def test_a_file_of_the_same_name_in_another_folder_is_another_one() -> None:
    way = Renumbering("docs/adr/0007-use-cache.md", 12, elsewhere=True)
    assert edited("[a](docs/adr/0007-use-cache.md) [b](lib/adr/0007-use-cache.md)", way=way, path="README.md") == (
        "[a](docs/adr/0012-use-cache.md) [b](lib/adr/0007-use-cache.md)"
    )


def test_what_is_masked_is_equal_before_and_after_and_differs_for_any_other_change() -> None:
    """G4"""
    text = "# 7. x\nDR-007 §2 [DR-007](DR-007-cache.md) DR-007-stories.md\n"
    assert WAY.masked(edited(text)) == WAY.masked(text)
    assert WAY.masked(text.replace("§2", "§3")) != WAY.masked(text)


@pytest.mark.parametrize(
    "line", ["[" * 200_000, "a." * 200_000, "](" * 100_000, "[a](" + "b" * 200_000, "DR-007-" * 30_000]
)
def test_long_lines_take_no_longer_than_their_length(line: str) -> None:
    assert len(edited(f"DR-007 {line}")) >= len(line)
