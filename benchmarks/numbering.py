"""What it takes to give a record a number, to judge a merge, and to hold a range: in a history with a hundred branches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.clock import Figure, decisions, in_turns, process, timed
from benchmarks.repositories import git, make

_MAIN, _BRANCHES, _EACH = 5_000, 100, 20
_PERSON = "Ada Bench <ada@bench.invalid> {} +0000"


def numbering(folder: Path) -> Iterator[Figure]:
    """The next number, over all branches; `check --against` and `check --range` beside the start of the program."""
    from decisions_tool.ledger.git import Git, locate
    from decisions_tool.ledger.numbers import next_number

    place = make(folder / "many", [("decisions.toml", "baseline = []\n")])
    git(place, "fast-import", "--quiet", "--force", stdin="".join(_history()).encode())
    git(place, "reset", "--quiet", "--hard")
    found = Git(locate(place))
    number = next_number(found)
    if number != 2 * _BRANCHES + 1:
        raise SystemExit(f"the next number is {number}")
    looks = {
        "start": process(decisions("--help"), place),
        "next": lambda: timed(lambda: next_number(found)),
        "against": process(decisions("check", "--against", "b1"), place),
        "range": process(decisions("check", "--range", f"main~{_EACH}..main"), place),
    }
    took = in_turns(looks, 9)
    commits = _MAIN + _BRANCHES * _EACH
    yield Figure(f"next number, {_BRANCHES} branches, {commits:,} commits", took["next"], "ms", 500)
    for name, what in (("against", "check --against"), ("range", f"check --range, {_EACH} commits")):
        own = took[name] - took["start"]
        yield Figure(
            f"{what}, the same history", own, "ms", None, f"{took[name]:.0f} - {took['start']:.0f} ms of start"
        )


def _history() -> Iterator[str]:
    """Commits of code on main and on branches that left it at different times, every fiftieth with a record."""
    for number in range(_MAIN):
        files = [(f"src/{number % 100}/{number % 37}.py", f"{number}\n")]
        if number % (_MAIN // _BRANCHES) == 0:
            files.append((f"docs/decisions/DR-{number * _BRANCHES // _MAIN + 1:03d}-main.md", f"# {number}\n"))
        yield _commit("main", number + 1, "refs/heads/main^0" if number == 0 else "", files)
    mark = _MAIN
    for branch in range(_BRANCHES):
        for number in range(_EACH):
            files = [(f"src/b{branch}/{number}.py", f"{branch} {number}\n")]
            if number == _EACH // 2:
                files.append((f"docs/decisions/DR-{_BRANCHES + branch + 1:03d}-branch.md", f"# {branch}\n"))
            mark += 1
            yield _commit(f"b{branch}", mark, f":{_MAIN - branch * 20}" if number == 0 else "", files)


def _commit(branch: str, mark: int, begin: str, files: list[tuple[str, str]]) -> str:
    lines = [
        f"commit refs/heads/{branch}",
        f"mark :{mark}",
        f"committer {_PERSON.format(1_750_000_000 + mark)}",
        "data 1",
        "x",
    ]
    lines += [f"from {begin}"] if begin else []
    text = "".join(line + "\n" for line in lines)
    return text + "".join(f"M 100644 inline {path}\ndata {len(data)}\n{data}\n" for path, data in files)
