"""Objects of a repository, read through one git that stays: many at once, and after something went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import IO

import pytest

from decisions_tool.errors import DecisionsError
from decisions_tool.ledger import git as git_module
from decisions_tool.ledger.git import Git, locate
from tests.conftest import Repo


@pytest.fixture
def git(repo: Repo) -> Iterator[Git]:
    with closing(Git(locate(repo.path))) as found:
        yield found


def blobs(repo: Repo, count: int, size: int = 10) -> dict[str, bytes]:
    """Object ids and bytes of files that were just committed."""
    files = {f"data/{number:03}.txt": (f"{number:03}" * size).encode() for number in range(count)}
    repo.commit(dict(files))
    listed = repo.git("ls-tree", "-r", "HEAD", "data").splitlines()
    return {line.split()[2]: files[line.partition("\t")[2]] for line in listed}


def test_many_objects_come_in_the_order_they_were_asked_for(repo: Repo, git: Git) -> None:
    held = blobs(repo, 120)
    absent = "1" * 40
    asked = [*held, absent, *reversed(held)]
    expected = [("blob", data) for data in held.values()]
    assert git.read_all(asked) == [*expected, None, *reversed(expected)]
    assert git.read_all(asked, 4)[7] == ("blob", b"0070")
    assert git.read_all([]) == []


def test_objects_larger_than_a_pipe_stop_nobody(repo: Repo, git: Git) -> None:
    held = blobs(repo, 60, 40_000)
    assert git.read_all([*held]) == [("blob", data) for data in held.values()]


def test_what_is_made_but_not_written_stands_among_the_others(repo: Repo, git: Git) -> None:
    held = blobs(repo, 2)
    first, second = held
    git.made = {"2" * 40: ("blob", b"new")}
    assert git.read_all([first, "2" * 40, second], 2) == [("blob", b"00"), ("blob", b"ne"), ("blob", b"00")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, DecisionsError("git cannot read an object", "git fsck")])
def test_answers_that_nobody_waits_for_go_to_nobody_else(
    repo: Repo, git: Git, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    held = blobs(repo, 30)
    real, left = git_module._answer, iter([True, True, False])

    def answer(*args: object) -> object:
        if next(left, True):
            return real(*args)  # type: ignore[arg-type]
        raise error

    monkeypatch.setattr(git_module, "_answer", answer)
    with pytest.raises((KeyboardInterrupt, DecisionsError)):
        git.read_all([*held])
    assert git.read_all([*held]) == [("blob", data) for data in held.values()]


def test_a_git_that_somebody_ended_is_started_anew(repo: Repo, git: Git) -> None:
    held = blobs(repo, 30)
    assert git.read_all([*held])
    assert git._batch
    git._batch.kill()
    git._batch.wait()
    assert git.read_all([*held]) == [("blob", data) for data in held.values()]


@pytest.mark.parametrize("limit", [None, 5])
def test_a_git_that_is_ended_half_way_gives_no_half_object(
    repo: Repo, git: Git, monkeypatch: pytest.MonkeyPatch, limit: int | None
) -> None:
    ((oid, data),) = blobs(repo, 1, 1_000_000).items()
    real, left = git_module._body, iter([True])

    def body(stream: IO[bytes], size: int, wanted: int | None) -> bytes:
        if next(left, False):
            assert git._batch
            git._batch.kill()
        return real(stream, size, wanted)

    monkeypatch.setattr(git_module, "_body", body)
    assert git.read(oid, limit) == ("blob", data[:limit])


@pytest.mark.parametrize("name", ["", "a b", "x\ny", "HEAD:a b", "-"])
def test_what_is_no_name_of_an_object_is_missing_and_disturbs_no_other(repo: Repo, git: Git, name: str) -> None:
    held = blobs(repo, 2)
    (first, data), (second, more) = held.items()
    assert git.read_all([first, name, second]) == [("blob", data), None, ("blob", more)]
    assert git.read(second) == ("blob", more)
