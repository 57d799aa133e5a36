"""The table of cases says the same however it came about: kept, changed in places, or made anew."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions_tool.ledger.entries import parse_tree, renewed
from tests.conftest import Cli, Repo, examples

REQUEST = "# {0}\n\nMake {0} faster.\n"
FRONT = "---\ntype: request\nschema: 1\nstatus: closed\n---\n"
OLD = {f"_tasks/old-{n}/001-user-request.md": REQUEST.format(f"old {n}") for n in range(4)}


@pytest.fixture
def older(repo: Repo, cli: Cli) -> Repo:
    """A repository with four cases older than the tool and one open one."""
    repo.commit({**OLD, "_tasks/old-1/002-roadmap.md": "# Roadmap\n"}, "old")
    cli("init")
    repo.commit({"_tasks/new/001-user-request.md": REQUEST.format("new")}, "new")
    return repo


CHANGES: dict[str, dict[str, str | None]] = {
    "nothing of ours": {"README.md": "changed\n"},
    "words of an old request": {"_tasks/old-0/001-user-request.md": "# Other\n"},
    "a further document of an old case": {"_tasks/old-2/004-expert-concerns.md": "# Concerns\n"},
    "an old request that gets a state": {"_tasks/old-0/001-user-request.md": f"{FRONT}# Old\n"},
    "an old case without its request": {"_tasks/old-1/001-user-request.md": None},
    "an old case that is gone": {"_tasks/old-3/001-user-request.md": None},
    "words of the open request": {"_tasks/new/001-user-request.md": "# New words\n"},
    "the open case is closed": {"_tasks/new/001-user-request.md": f"{FRONT}# New\n"},
    "a case that is added": {"_tasks/added/001-user-request.md": "# Added\n"},
    "a question that is added": {"docs/decisions/working/q/framing.md": "# Q\n"},
    "a file among the cases": {"_tasks/notes.txt": "mine\n"},
    "other settings": {"decisions.toml": "baseline = []\n"},
    "a case of a difficult name": {'_tasks/a"b\\c\tü/001-user-request.md': "# Name\n"},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_table_that_was_changed_in_places_is_the_one_made_anew(older: Repo, cli: Cli, what: str) -> None:
    cli("status")
    for path, text in CHANGES[what].items():
        target = older.path / path
        if text is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    older.git("add", "--all")
    older.git("commit", "--quiet", "--message", what)
    kept = cli("status", "--json").out
    forget(older.path)
    assert cli("status", "--json").out == kept


def test_a_link_in_a_case_is_named_until_it_goes(older: Repo, cli: Cli) -> None:
    cli("status")
    (older.path / "_tasks/old-1/link").symlink_to("002-roadmap.md")
    older.git("add", "--all")
    older.git("commit", "--quiet", "--message", "a link")
    assert "_tasks/old-1/link is a symbolic link" in cli("status").err
    older.git("rm", "--quiet", "_tasks/old-1/link")
    older.git("commit", "--quiet", "--message", "no link")
    assert "symbolic link" not in cli("status").err


def test_a_folder_that_appears_is_named_whenever_it_does(older: Repo, cli: Cli) -> None:
    cli("status")
    request = older.path / "_tasks/later/001-user-request.md"
    request.parent.mkdir()
    request.write_text("# Later\n")
    assert "_tasks/later/001-user-request.md" in cli("status").err


def forget(folder: Path) -> None:
    store = folder / ".git/decisions"
    (store / "overview").unlink()


@pytest.mark.parametrize("link", [False, True])
def test_tasks_that_are_no_folder_and_change_are_no_trouble(repo: Repo, cli: Cli, link: bool) -> None:
    for words in ("aaaa", "bbbb"):
        path = repo.path / "_tasks"
        path.unlink(missing_ok=True)
        path.symlink_to(words) if link else path.write_text(words, encoding="utf-8")
        repo.git("add", "--all")
        repo.git("commit", "-qm", words)
        result = cli("status", "--json")
        assert (result.code, result.json["cases"]) == (0, [])


def test_a_case_whose_notes_come_before_its_request_is_run(repo: Repo, cli: Cli) -> None:
    """P1: what was no case of ours for want of a request is one when the request comes."""
    cli("init")
    repo.commit({"_tasks/late/note.md": "hi\n"}, "notes")
    assert not cli("status", "--json").json["cases"][0]["managed"]
    repo.commit({"_tasks/late/001-user-request.md": REQUEST.format("late")}, "request")
    assert cli("status", "--json").json["cases"][0]["managed"]
    assert "late: started" in cli("run").err


def tree(names: list[str], seeds: list[int]) -> bytes:
    """A raw tree of folders; ids hold what a careless reader takes for names."""
    return b"".join(
        b"40000 " + name.encode() + b"\0" + (b"\0 40000 x\0%d" % seed).ljust(20, b" ")
        for name, seed in zip(names, seeds, strict=True)
    )


@settings(max_examples=examples(200), deadline=None)
@given(st.integers(0, 350), st.randoms(use_true_random=False))
def test_two_trees_differ_in_the_ids_that_reading_them_whole_shows(count: int, dice: Random) -> None:
    names = [f"case-{number:0{dice.choice([2, 5])}d}" for number in range(count)]
    old = [dice.randrange(9) for _ in names]
    new = [dice.randrange(9) if dice.random() < 0.02 else seed for seed in old]
    before, after = tree(names, old), tree(names, new)
    changed = [b for a, b in zip(parse_tree(before, 20), parse_tree(after, 20), strict=True) if a != b]
    assert renewed(before, after, 20) == changed
    if names:
        at = dice.randrange(count)
        renamed = [*names[:at], names[at].upper(), *names[at + 1 :]]
        assert renewed(before, tree(renamed, new), 20) is None
        assert renewed(before, after + b"40000 z\0" + bytes(20), 20) is None
        assert renewed(before, after[:-1], 20) is None and renewed(before[:-1], after[:-1], 20) is None


def test_of_very_many_open_cases_the_first_are_shown_and_the_rest_is_counted(repo: Repo, cli: Cli) -> None:
    many = {f"_tasks/case-{n:03d}/001-user-request.md": REQUEST.format(n) for n in range(203)}
    repo.commit({**many, "decisions.toml": "baseline = []\n"})
    told = cli("status")
    assert told.out.count("case-") == 200
    assert "3 more, 3 of them open: decisions status --all" in told.err
    following = cli("next")
    assert "the first 200 of 203 open cases were looked at" in following.err and "case-199" in following.out
    repo.commit({"_tasks/case-202/001-user-request.md": f"{FRONT}# Closed\n"})
    assert "3 more, 2 of them open" in cli("status").err
