"""F8, F10: decision records of other people, read in any format, listed without a changed byte, checked, linked in both files."""

from __future__ import annotations

import difflib
import json
import shlex
import shutil
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from decisions_tool.documents.record_edits import Target, linked, superseded, superseding
from decisions_tool.documents.record_names import dated, numbered
from decisions_tool.documents.record_words import days, status_of
from decisions_tool.documents.records import read_record
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import write_atomically
from decisions_tool.ledger.linking import link
from decisions_tool.ledger.record_files import check_shelf, shelf
from tests.conftest import Cli, Repo, examples, make_cli, make_repo
from tests.record_styles import STYLES

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
TRUTH = sorted((CORPUS / "truth").glob("*.json"))

NYGARD = """\
# {n}. {title}

Date: 2024-01-{n:02d}

## Status

{status}

## Context

The store is slow.

## Decision

We will cache what was read.

## Consequences

Memory is needed.
"""
MADR = """\
---
# kept by hand
status: {status}  # see the minutes
date: 2024-01-{n:02d}
decision-makers: [Ann, Bob]
own-key: {{a: 1}}
---

# {title}

## Context and Problem Statement

The store is slow.

## Considered Options

* Cache
* Do nothing

## Decision Outcome

Chosen option: "Cache", because it is fast.
"""
LISTED = """\
# {title}

* Status: {status}
* Date: 2024-01-{n:02d}

## Context and Problem Statement

The store is slow.

## Decision Outcome

Chosen option: "Cache".
"""
BOLD = "# ADR {n:03d}: {title}\n\n**Status:** {status} | **Date:** 2024-01-{n:02d} | **Review:** 2025-01-01\n\n## Context\n\nSlow.\n\n## Decision\n\nCache.\n"
TABLE = "# {title}\n\n| | |\n|---|---|\n| Status | {status} |\n| Date | 2024-01-{n:02d} |\n\n## Context\n\nSlow.\n\n## Decision\n\nCache.\n"
FORMS = {"nygard": NYGARD, "madr": MADR, "listed": LISTED, "bold": BOLD, "table": TABLE}
TITLES = ("", "Cache reads", "Cache writes", "Drop the cache", "Keep one cache")


def fill(folder: Path, form: str = NYGARD, count: int = 3, texts: dict[int, str] | None = None) -> dict[str, bytes]:
    """A folder of records, numbered from 1; ``texts`` replaces the text of some."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for n in range(1, count + 1):
        text = (texts or {}).get(n) or form.format(
            n=n, title=TITLES[n], status="accepted" if form is MADR else "Accepted"
        )
        name = f"{n:04d}-{TITLES[n].lower().replace(' ', '-')}.md"
        made[name] = text.encode()
        (folder / name).write_bytes(made[name])
    return made


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line in a folder that is no repository."""
    return make_cli(tmp_path, monkeypatch, capsys)


def rules(result: Any) -> list[tuple[str, str, str]]:
    return [(f["rule"], f["severity"], f["path"]) for f in result.json["findings"]]


# ---------------------------------------------------------------------- reading


@pytest.mark.parametrize(("text", "status", "day"), STYLES, ids=range(len(STYLES)))
def test_status_and_date_are_read_in_any_style(text: str, status: str, day: str | None) -> None:
    record = read_record("docs/adr/0001-t.md", text)
    assert (record.status, record.date) == (status, day)
    lines = text.replace("\r\n", "\n").split("\n")
    if status not in {"missing", "other"}:
        said = [line for line in lines[record.status_line - 1 :] if line.strip()][:2]
        assert record.status_line and status_of(" ".join(said)).status not in {"missing", "other"}, "the line says so"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Superceded by 3", "superseded"), ("APPROVED", "accepted"), ("Not accepted yet", "other"), ("undecided", "other"),
        ("To be decided", "other"), ("Withdrawn", "rejected"), ("Obsolete", "deprecated"), ("work in progress", "draft"),
        ("under review", "proposed"), ("escalated", "escalated"), ("proposed -> accepted", "accepted"), ("on hold", "other"),
        ("accepted with review", "accepted-with-review"), ("…", "missing"), ("{proposed | accepted}", "missing"),
        ("proposed | **accepted** | rejected", "accepted"), ("accepted, supersedes 4", "accepted"), ("unaccepted", "other"),
    ],
)  # fmt: skip
def test_words_for_a_status(words: str, status: str) -> None:
    assert status_of(words).status == status


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("2020-01-31", "2020-01-31"), ("31/01/2020", "2020-01-31"), ("01/31/2020", "2020-01-31"), ("2020.1.3", "2020-01-03"),
        ("31.01.2020", "2020-01-31"), ("March 3rd 2020", "2020-03-03"), ("3 March 2020", "2020-03-03"), ("Sept. 5, 2020", "2020-09-05"),
        ("2019 Aug 20", "2019-08-20"), ("20200229", "2020-02-29"), ("2021-02-29", None), ("2020-13-01", None), ("31/31/2020", None),
        ("2020-01-31T10:00:00Z", "2020-01-31"), ("1900-02-29", None), ("2000-02-29", "2000-02-29"),
    ],
)  # fmt: skip
def test_dates_of_all_kinds(words: str, day: str | None) -> None:
    assert [found.iso for found in days(words)] == [day]


def test_what_is_no_date_is_none() -> None:
    assert days("1.2.3 and 12-34 and 123456789 and may 2020 and 10.0.0.1") == []


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("docs/adr/0007-use-x.md", ("docs/adr", "", 7, 4, "use-x")), ("ADR-007 use x.md", ("", "ADR-", 7, 3, "use x")),
        ("a/adr0007.md", ("a", "adr", 7, 4, "")), ("a/0007-use-x/README.md", ("a", "", 7, 4, "use-x")),
        ("a/team-adr-12-x.md", ("a", "team-adr-", 12, 2, "x")), ("a/20200101-x.md", None), ("a/2020-01-01-x.md", None),
        ("a/DR-001-stories.md", None), ("a/use-utf-8.md", None), ("a/7.txt", None),
    ],
)  # fmt: skip
def test_numbers_in_names(path: str, parts: tuple[str, str, int, int, str] | None) -> None:
    assert numbered(path) == parts
    assert dated("a/2020-01-31-x.md") == ("20200131", "x") and dated("0001-x.md") is None


@given(
    st.binary(max_size=600)
    | st.text(alphabet=st.sampled_from("#-*|:`~<!>[]() \n\r\tsStatus:Acepd1203/→x"), max_size=400).map(str.encode)
)
@example(b"---\nstatus: [\n---\n")
@example(b"\xff\xfe---\n")
@settings(max_examples=examples(400), deadline=None)
def test_reading_never_raises(data: bytes) -> None:
    record = read_record("docs/adr/0001-x.md", data.decode("utf-8", "surrogateescape"))
    lines = data.count(b"\n") + data.count(b"\r") + 1
    assert all(
        0 <= line <= lines
        for line in (record.status_line, record.date_line, record.title_line, *(x.line for x in record.links))
    )


# ---------------------------------------------------------------------- listing


def test_a_list_names_every_record_and_why_every_other_page_is_none(call: Cli, tmp_path: Path) -> None:
    home = tmp_path / "docs" / "adr"
    made = fill(home, count=2)
    others: dict[str, str | bytes] = {
        "README.md": "# Index\n", "0000-template.md": NYGARD.format(n=0, title="Title", status="Proposed"), "notes.md": "# Notes\n\nx\n",
        "0005-old.adoc": "= Old\n", "0006-odd.md": b"\0\1\2", "0007-big.md": b"x" * (1 << 20) + b"yz", "sub/0003-deep.md": LISTED.format(n=3, title="Deep", status="draft"),
    }  # fmt: skip
    for name, text in others.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (home / "0008-link.md").symlink_to("README.md")
    seen = call("list", "--json").json
    assert [r["path"] for r in seen["records"]] == [
        *(f"docs/adr/{name}" for name in sorted(made)),
        "docs/adr/sub/0003-deep.md",
    ]
    reasons = {item["path"].removeprefix("docs/adr/"): item["reason"] for item in seen["skipped"]}
    assert reasons.keys() == {*others, "0008-link.md"} - {"sub/0003-deep.md"}
    assert (
        "AsciiDoc" in reasons["0005-old.adoc"]
        and "1 MiB" in reasons["0007-big.md"]
        and "link" in reasons["0008-link.md"]
    )
    assert seen["records"][2] | {"path": ""} == {
        "path": "", "number": 3, "series": "docs/adr", "title": "Deep", "status": "draft", "status_text": "draft", "date": "2024-01-03",
        "format": "madr-2", "supersedes": [], "superseded_by": [],
    }  # fmt: skip
    assert list(seen) == ["schema", "records", "skipped", "next_number"] and seen["next_number"] == {"docs/adr": 4}
    assert {path.name: path.read_bytes() for path in home.glob("000[12]*")} == made


def test_the_places_where_records_are_kept_are_found_and_named(call: Cli, tmp_path: Path) -> None:
    fill(tmp_path / "design" / "log", count=1)
    assert call("list", "--json").json["records"] == [] and "decisions list DIR" in call("list").err
    (tmp_path / ".adr-dir").write_text("design/log\n")
    told = call("list")
    assert "design/log" in told.err and "Cache reads" in told.out
    fill(tmp_path / "doc" / "adr", count=2)
    assert len(call("list", "--json").json["records"]) == 3
    (tmp_path / ".adr-dir").write_text("../elsewhere\n")
    assert len(call("list", "--json").json["records"]) == 2, "a pointer out of the folder is not followed"


def test_folders_share_a_sequence_or_count_for_themselves(call: Cli, tmp_path: Path) -> None:
    for number, folder in ((1, "security"), (2, "operations"), (3, "security"), (4, "operations")):
        (tmp_path / "one" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "one" / folder / f"{number:03d}-x.md").write_text(
            BOLD.format(n=number, title="X", status="Accepted")
        )
    fill(tmp_path / "two" / "a" / "adr")
    fill(tmp_path / "two" / "b" / "adr", count=2)
    assert call("list", "one", "--json").json["next_number"] == {"one": 5}
    assert call("list", "two", "--json").json["next_number"] == {"two/a/adr": 4, "two/b/adr": 3}
    assert call("next-number", "one").out == "5\n"
    assert call("check", "two").code == 0, "two sequences use a number each"


def test_date_slugs_have_no_number(call: Cli, tmp_path: Path) -> None:
    (tmp_path / "adr").mkdir()
    (tmp_path / "adr" / "20240131-use-x.md").write_text("# Use x\n\n- Status: accepted\n\n## Decision\n\nx\n")
    seen = call("list", "adr", "--json").json
    assert seen["next_number"] == {} and seen["records"][0]["number"] is None and seen["records"][0]["series"] is None
    assert (seen["records"][0]["date"], seen["records"][0]["format"]) == ("2024-01-31", "log4brains")


def test_the_documents_of_this_program_are_no_records(cli: Cli, repo: Repo) -> None:
    fill(repo.path / "docs" / "decisions", MADR, count=1)
    for name in (
        "working/q1/framing.md",
        "archive/q0/framing.md",
        "constraints.md",
        "DR-001-stories.md",
        "DR-001-retrospective.md",
    ):
        repo.write(f"docs/decisions/{name}", "# Status\n\naccepted\n")
    seen = cli("list", "--json").json
    assert [r["number"] for r in seen["records"]] == [1]
    skipped = [item["path"].removeprefix("docs/decisions/") for item in seen["skipped"]]
    assert skipped == ["DR-001-retrospective.md", "DR-001-stories.md", "archive", "constraints.md", "working"]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4))
@settings(max_examples=examples(40), deadline=None)
def test_listing_and_checking_any_bytes_changes_none(contents: list[bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "adr"
        home.mkdir()
        for at, data in enumerate(contents):
            (home / f"{at:04d}-x.md").write_bytes(data)
        found = shelf(Path(folder), "adr", keep=True)
        check_shelf(found)
        assert len(found.records.records) + len(found.skipped) == len(contents)
        assert [path.read_bytes() for path in sorted(home.iterdir())] == contents


def test_search_show_and_graph(call: Cli, tmp_path: Path) -> None:
    fill(
        tmp_path / "docs" / "adr",
        texts={
            3: NYGARD.format(
                n=3, title='Drop "the" cache', status="Accepted\n\nSupersedes [1. Cache reads](0001-cache-reads.md)"
            )
        },
    )
    hits = call("search", "cache", "DROP", "--json").json["records"]
    assert [hit["number"] for hit in hits] == [3] and hits[0]["matches"][0] == {
        "line": 1,
        "text": '# 3. Drop "the" cache',
    }
    assert "0 of 3 records" in call("search", "nowhere").err
    for name in ("3", "0003", "ADR-3", "docs/adr/0003-drop-the-cache.md", "0003-drop-the-cache.md"):
        assert call("show", name, "--json").json["record"]["number"] == 3, name
    assert (
        call("show", "3").out.startswith('# 3. Drop "the" cache')
        and "supersedes docs/adr/0001" in call("show", "3").err
    )
    edge = {"source": "docs/adr/0003-drop-the-cache.md", "kind": "supersedes", "target": "docs/adr/0001-cache-reads.md"}
    assert call("graph", "--format", "json").json["edges"] == [edge] == call("graph", "--json").json["edges"]
    drawn = call("graph")
    assert "#34;the#34;" in drawn.out and "==>|supersedes|" in drawn.out and "1 record without a link" in drawn.err
    assert '\\"the\\"' in call("graph", "--format", "dot").out


# ---------------------------------------------------------------------- checking


def test_numbers_used_twice_are_the_only_error(call: Cli, tmp_path: Path) -> None:
    home = tmp_path / "docs" / "adr"
    fill(home, count=4)
    (home / "0002-another.md").write_text(NYGARD.format(n=2, title="Another", status="Maybe"))
    (home / "0003-drop-the-cache.md").unlink()
    found = call("check", "docs/adr", "--json")
    assert found.code == 1 and found.json["summary"] == {"files": 4, "errors": 1, "warnings": 1}
    assert rules(found) == [
        ("records/status", "warning", "0002-another.md"),
        ("records/number-twice", "error", "0002-cache-writes.md"),
        ("records/gap", "info", "0004-keep-one-cache.md"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Accepted", "Accepted\n\nSupersedes [1. Cache reads](0001-cache-reads.md)", {"records/one-way"}),
        ("Superseded by [2. Cache writes](0002-cache-writes.md)", "Accepted", {"records/one-way"}),
        ("Superseded by [2. Cache writes](0002-cache-writes.md)", "Proposed\n\nSupersedes [1. Cache reads](0001-cache-reads.md)", {"records/not-accepted"}),
        ("Superseded by [2. x](0002-cache-writes.md)\n\nSupersedes [2. x](0002-cache-writes.md)",
         "Superseded by [1. x](0001-cache-reads.md)\n\nSupersedes [1. x](0001-cache-reads.md)", {"records/contradiction"}),
        ("Superseded by [9. Gone](0009-gone.md)", "Accepted", {"records/link"}),
        ("Superseded by [1. Self](0001-cache-reads.md)", "Accepted", {"records/contradiction"}),
        ("Superseded by [2. Cache writes](0002-cache-writes.md)", "Accepted\n\nSupersedes [1. Cache reads](0001-cache-reads.md)", set()),
        ("Accepted\n\nAmended by [2. Cache writes](0002-cache-writes.md)", "Accepted\n\nAmends [1. Cache reads](0001-cache-reads.md)", set()),
        ("Proposed | Accepted | Rejected", "Accepted", {"records/status"}),
    ],
)  # fmt: skip
def test_links_and_statuses_are_held_against_each_other(
    call: Cli, tmp_path: Path, first: str, second: str, expected: set[str]
) -> None:
    fill(
        tmp_path / "adr",
        count=2,
        texts={
            1: NYGARD.format(n=1, title=TITLES[1], status=first),
            2: NYGARD.format(n=2, title=TITLES[2], status=second),
        },
    )
    found = call("check", "adr", "--json")
    assert {rule for rule, _, _ in rules(found)} == expected and found.code == 0


def test_headings_dates_and_dead_links_are_named_by_line(call: Cli, tmp_path: Path) -> None:
    text = (
        NYGARD.format(n=7, title=TITLES[1], status="Accepted").replace("2024-01-07", "2024-02-30")
        + "\nSee [it](gone.md), `[no](link.md)`.\n"
    )
    fill(tmp_path / "adr", count=1, texts={1: text})
    found = call("check", "adr", "--json").json["findings"]
    assert [(f["rule"], f["line"]) for f in found] == [
        ("records/heading-number", 1),
        ("records/date", 3),
        ("records/link", 21),
    ]


def test_an_index_page_that_disagrees_is_named(call: Cli, tmp_path: Path) -> None:
    fill(tmp_path / "adr", count=4)
    row = "| [{}]({}) | {} |\n"
    page = "# Records\n\n| Record | Status |\n|---|---|\n" + row.format(
        "1. Cache reads", "0001-cache-reads.md", "Accepted"
    )
    page += row.format("2. Something else", "0002-cache-writes.md", "Accepted") + row.format(
        "Drop the cache", "0003-drop-the-cache.md", "Rejected"
    )
    (tmp_path / "adr" / "README.md").write_text(page)
    found = call("check", "adr", "--json").json["findings"]
    assert [(f["rule"], f["line"]) for f in found] == [("records/index", 6), ("records/index", 7), ("records/index", 7)]
    assert any("0004-keep-one-cache.md" in f["message"] for f in found)


def test_formats_of_others_turn_nothing_red(call: Cli, tmp_path: Path) -> None:
    odd = "---\nstatus: &s accepted\nstatus: *s\ntags: [a, [b]]\n---\n# Odd\n\n## Context\n\nx\u200b\n\n## Decision\n\ny\n"
    fill(tmp_path / "docs" / "adr", count=1, texts={1: odd})
    found = call("check", "docs/adr", "--json")
    assert found.code == 0 and found.json["summary"]["warnings"] > 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["status", "date", "type", "schema", "Status", "x_y", "on"]),
            st.sampled_from(
                [
                    "accepted",
                    "2020-01-01",
                    "[a, b]",
                    "[a, a]",
                    '"x y"',
                    "yes",
                    "# no",
                    "a: b",
                    "",
                    "1",
                    "null",
                    "a #b",
                    "x-",
                    "- x",
                    "a  b",
                ]
            ),
        ),
        max_size=3,
    ),
    st.sampled_from(["\n# T\n", "---\n", "\n---\nx: y\n---\n", "x\r\ny\n", "é", "", "## Vote: Q1\n"]),
)
@settings(max_examples=examples(300), deadline=None)
def test_what_is_taken_for_plain_text_is_such_that_nothing_can_be_said_of_it(
    keys: list[tuple[str, str]], body: str
) -> None:
    from decisions_tool.workflows.checks import check_file
    from decisions_tool.workflows.names import is_plain

    data = (("---\n" + "".join(f"{key}: {value}\n" for key, value in keys) + "---\n" if keys else "") + body).encode()
    if is_plain("docs/adr/0001-x.md", data):
        assert check_file("docs/adr/0001-x.md", data) == []


# ---------------------------------------------------------------------- linking


def changed(old: bytes, new: bytes) -> Counter[bytes]:
    """How many lines were taken away (``-``) and added (``+``)."""
    lines = difflib.diff_bytes(difflib.unified_diff, old.splitlines(True), new.splitlines(True), n=0)
    return Counter(line[:1] for line in list(lines)[2:])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("last", [True, False])
def test_superseding_changes_the_lines_that_it_must_in_both_files(
    call: Cli, tmp_path: Path, form: str, end: str, last: bool
) -> None:
    home = tmp_path / "adr"
    texts = {n: FORMS[form].format(n=n, title=TITLES[n], status="Accepted").replace("\n", end) for n in (1, 2, 3)}
    before = fill(home, texts={n: text if last else text.removesuffix(end) for n, text in texts.items()})
    result = call("supersede", "1", "2", "--in", "adr", "--json")
    assert (
        result.code == 0 and result.json["changed"] == ["adr/0001-cache-reads.md", "adr/0002-cache-writes.md"]
    ) or result.err == ""
    after = {path.name: path.read_bytes() for path in home.iterdir()}
    old, new = "0001-cache-reads.md", "0002-cache-writes.md"
    diff = changed(before[old], after[old])
    assert (diff[b"-"], diff[b"+"]) == (1, 1), "one line of the old record"
    diff = changed(before[new], after[new])
    assert diff[b"-"] <= (not last) and 1 <= diff[b"+"] <= 5 and b"upersedes" in after[new]
    assert after["0003-drop-the-cache.md"] == before["0003-drop-the-cache.md"]
    assert all(
        (b"\r\n" in data) == (end == "\r\n") and data.count(b"\r\n") in {0, data.count(b"\n")}
        for data in after.values()
    )
    assert all(data.endswith(b"\n") == last for data in after.values())
    seen = {r["number"]: r for r in call("list", "adr", "--json").json["records"]}
    assert (seen[1]["status"], seen[1]["superseded_by"], seen[2]["supersedes"]) == (
        "superseded",
        [f"adr/{new}"],
        [f"adr/{old}"],
    )
    assert call("check", "adr", "--json").json["findings"] == []
    assert call("link", "2", "supersedes", "1", "--in", "adr", "--json").json["changed"] == [], (
        "what is said already stays"
    )


@pytest.mark.parametrize("form", FORMS)
def test_amending_and_relating_are_said_in_both_files_too(call: Cli, tmp_path: Path, form: str) -> None:
    fill(tmp_path / "adr", FORMS[form])
    assert (
        call("link", "3", "amends", "1", "--in", "adr").code
        == call("link", "2", "relates-to", "3", "--in", "adr").code
        == 0
    )
    edges = [(e["source"][4:8], e["kind"], e["target"][4:8]) for e in call("graph", "adr", "--json").json["edges"]]
    assert (
        ("0003", "amends", "0001") in edges
        and len(edges) == 2
        and call("check", "adr", "--json").json["findings"] == []
    )


def test_what_a_record_of_each_format_says_afterwards() -> None:
    by = Target("ADR-0002", "Cache writes", "0002-cache-writes.md", 2)
    assert "\nSuperseded by [2. Cache writes](0002-cache-writes.md)\n" in superseded(
        NYGARD.format(n=1, title="x", status="Accepted"), by, "0001-x.md"
    )
    madr = superseded(MADR.format(n=1, title="x", status="accepted"), by, "0001-x.md")
    assert "\nstatus: superseded by ADR-0002  # see the minutes\n" in madr
    assert "\nstatus: 'superseded by ADR-0002'  #" in superseded(
        MADR.format(n=1, title="x", status="'accepted'"), by, "0001-x.md"
    )
    assert "* Status: superseded by [ADR-0002](0002-cache-writes.md)\n" in superseded(
        LISTED.format(n=1, title="x", status="accepted"), by, "0001-x.md"
    )
    assert "\nsupersedes: [ADR-0002]\n" in superseding(MADR.format(n=1, title="x", status="accepted"), by, "0001-x.md")
    twice = linked(
        superseding(MADR.format(n=1, title="x", status="accepted"), by, "0001-x.md"),
        "supersedes",
        "ADR-0003",
        "0001-x.md",
    )
    assert "\nsupersedes: [ADR-0002, ADR-0003]\n" in twice
    chain = superseded(LISTED.format(n=1, title="x", status="proposed → accepted"), by, "0001-x.md")
    assert "* Status: proposed → accepted → superseded by [ADR-0002](0002-cache-writes.md)\n" in chain


@pytest.mark.parametrize("text", [text for text, _, _ in STYLES if "\r" not in text], ids=range(len(STYLES) - 1))
def test_a_link_in_any_style_reads_back_or_is_refused(text: str, tmp_path: Path) -> None:
    text += "\n## Context\n\nx\n\n## Decision\n\ny\n"
    for old_name, other in (
        ("0002", "0009"),
        ("[2. ", "[9. "),
        ("ADR-2", "ADR-9"),
        ("0001-a", "0009-a"),
        ("[1]", "[9]"),
    ):
        text = text.replace(old_name, other)
    before = fill(tmp_path / "adr", count=2, texts={1: text, 2: text})
    found = shelf(tmp_path, "adr", keep=True)
    old, new = found.records.records
    try:
        edits = link(found, new, "supersedes", old)
    except DecisionsError as error:
        assert {path.name: path.read_bytes() for path in (tmp_path / "adr").iterdir()} == before and error.hint
        return
    assert [edit.path for edit in edits] == [new.path, old.path]
    for edit in edits:
        lines = changed(edit.old, edit.new)
        assert lines[b"-"] <= 1 and lines[b"+"] <= 5, edit.new.decode()
    after = shelf(tmp_path, "adr", keep=True)
    assert after.records.records[0].status == "superseded" and new.path in after.records.named(
        old.path, "superseded-by"
    )
    assert {finding.rule for finding in check_shelf(after)} & {"records/one-way", "records/contradiction"} == set()


OURS = """\
---
type: record
schema: 1
status: accepted
date: "2026-01-31"
---

# Cache reads

## Decision: Q1 — Cache reads

### Status: accepted
### Date: 2026-01-31

Text.
"""


def test_our_own_records_name_each_other_in_front_matter_and_body() -> None:
    """D22, F8: the status line says superseded, a key and a heading name the record that took the place."""
    old = superseded(OURS, "DR-007", "docs/decisions/DR-001-cache-reads.md")
    taken = [line for line in difflib.ndiff(OURS.splitlines(), old.splitlines()) if line[:2] in {"- ", "+ "}]
    assert taken == [
        "- status: accepted", "+ status: superseded", "+ superseded-by: [DR-007]",
        "- ### Status: accepted", "+ ### Status: superseded", "+ ### Superseded-by: DR-007",
    ]  # fmt: skip
    new = superseding(OURS, "DR-001", "docs/decisions/DR-007-drop.md")
    assert [line for line in difflib.ndiff(OURS.splitlines(), new.splitlines()) if line[:2] != "  "] == [
        "+ supersedes: [DR-001]"
    ]
    from decisions_tool.documents.kinds import read_document

    for text in (old, new):
        assert read_document("record", "docs/decisions/DR-001-cache-reads.md", text.encode()).render() == text


def test_nothing_is_written_where_one_side_cannot_be(call: Cli, tmp_path: Path) -> None:
    home = tmp_path / "adr"
    history = MADR.format(n=1, title=TITLES[1], status="\n  - accepted")
    before = fill(home, texts={1: history})
    refused = call("supersede", "1", "2", "--in", "adr")
    assert refused.code == 1 and "Hint:" in refused.err
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    for args in (("1", "1"), ("1", "99"), ("nothing", "1")):
        assert call("supersede", *args, "--in", "adr").code == 1
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


def test_a_second_file_that_cannot_be_written_takes_the_first_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fill(tmp_path / "adr")
    found = shelf(tmp_path, "adr", keep=True)
    whole = write_atomically

    def fails_once(path: Path, data: bytes, mode: int | None = None) -> None:
        if path.name.startswith("0001") and data != before["0001-cache-reads.md"]:
            raise OSError(28, "no space left")
        whole(path, data, mode)

    monkeypatch.setattr("decisions_tool.ledger.linking.write_atomically", fails_once)
    with pytest.raises(OSError, match="no space"):
        link(found, found.records.records[1], "supersedes", found.records.records[0])
    assert {path.name: path.read_bytes() for path in (tmp_path / "adr").iterdir()} == before


def test_in_a_repository_the_command_that_commits_is_told(cli: Cli, repo: Repo) -> None:
    made = fill(repo.path / "docs" / "adr")
    repo.commit({f"docs/adr/{name}": data for name, data in made.items()})
    told = cli("supersede", "docs/adr/0001-cache-reads.md", "ADR-2")
    command = told.err.partition("to do that: ")[2].strip()
    subprocess.run(shlex.split(command), check=True, capture_output=True)
    assert repo.git("status", "--porcelain") == "" and repo.subjects()[0] == "2 supersedes 1"


# ---------------------------------------------------------------------- five sets of other people


@pytest.mark.skipif(not TRUTH, reason=f"THE CORPUS IS NOT THERE: nothing below {CORPUS}")
@pytest.mark.parametrize("truth", TRUTH, ids=lambda path: path.stem)
@pytest.mark.parametrize("whole", [True, False])
def test_a_set_is_read_as_an_independent_reader_read_it(
    truth: Path, whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = json.loads(truth.read_text("utf-8"))
    shutil.copytree(
        CORPUS / "adr" / said["corpus"].removesuffix(".fixture"), tmp_path / "set", copy_function=shutil.copyfile
    )
    root = said["root"] if "," not in said["root"] and "|" not in said["root"] else "."
    above = "" if root == "." else f"{root}/"
    before = {path: path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file()}
    call = make_cli(tmp_path / "set", monkeypatch, capsys)
    seen = call("list", "." if whole else root, "--json").json
    got, expected = {r["path"]: r for r in seen["records"]}, {above + item["path"]: item for item in said["items"]}
    assert got.keys() == expected.keys() and not got.keys() & {item["path"] for item in seen["skipped"]}
    right = sum(got[path]["status"] == item["status_class"] for path, item in expected.items())
    assert right >= 0.98 * len(expected)
    for path, item in expected.items():
        assert (got[path]["number"], got[path]["date"], got[path]["title"]) == (
            item["number"],
            item["date"],
            item["title"],
        )
        for name in ("supersedes", "superseded_by"):
            assert got[path][name] == [above + other for other in item[name]], path
    assert list(seen["next_number"].values()) == [n for n in [said["numbering"]["next_number"]] if n is not None]
    assert call("check", ".").code == 0
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.skipif(not TRUTH, reason=f"THE CORPUS IS NOT THERE: nothing below {CORPUS}")
@pytest.mark.parametrize("truth", TRUTH, ids=lambda path: path.stem)
def test_linking_any_neighbours_of_a_set_changes_the_lines_that_it_must(truth: Path) -> None:
    from decisions_tool.documents.record_edits import target
    from decisions_tool.rules.records import relative

    found = shelf(
        CORPUS / "adr" / json.loads(truth.read_text("utf-8"))["corpus"].removesuffix(".fixture"), ".", keep=True
    )
    records = found.records.records
    for old, new in pairwise(records):
        first, second = found.texts[old.path], found.texts[new.path]
        gone = superseded(first, target(new, relative(old.path, new.path)), old.path)
        come = superseding(second, target(old, relative(new.path, old.path)), new.path)
        for before, after, most in ((first, gone, 2), (second, come, 5)):
            lines = [line[:2] for line in difflib.ndiff(before.split("\n"), after.split("\n")) if line[:2] != "? "]
            assert lines.count("- ") <= (most == 2) and 1 <= lines.count("+ ") <= most, old.path
        assert read_record(old.path, gone).status == "superseded"
        assert read_record(new.path, come).status == new.status


def test_a_repository_of_its_own_is_found_from_a_folder_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = make_repo(tmp_path / "repo")
    fill(repo.path / "docs" / "adr")
    call = make_cli(repo.path / "docs", monkeypatch, capsys)
    assert [r["path"] for r in call("list", "--json").json["records"]] == [
        r["path"] for r in call("list", "adr", "--json").json["records"]
    ]
    assert call("next-number").out == "4\n"
    assert {f["path"] for f in call("check", "adr", "--json").json["findings"]} == set()
