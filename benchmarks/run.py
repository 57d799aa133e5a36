"""Measure the program against its limits, in a temporary folder: one table, exit 1 when something is over."""

from __future__ import annotations

import argparse
import compileall
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import peers
from benchmarks.agents import paying, waiting
from benchmarks.clock import Figure, Timer, decisions, in_turns, process, ratio, run, timed
from benchmarks.numbering import numbering
from benchmarks.repositories import cases, code, framing, git, library, make, one_case, request, sources
from benchmarks.watching import watching

UNWANTED = ("anthropic", "jinja2", "git", "rich")
_LOADED = """\
import atexit, sys
atexit.register(lambda: print(*sorted({name.partition(".")[0] for name in sys.modules} & set(%r)), file=sys.__stdout__))
from decisions_tool.cli import main
main()
"""
_IMPORTS = "import click; from pydantic import BaseModel"
_FILES = 10_000
_FEW, _MANY = 1_000, 100_000
_CASES = 10_000
_LIBRARY = 1_000
_RECORDS = 1_000


# -- starting


def starting(folder: Path) -> Iterator[Figure]:
    """What a person waits for before anything happens."""
    found = in_turns({"version": process(decisions("--version"), folder), "bare": process(_python("pass"), folder)}, 21)
    yield ratio("decisions --version / python -c pass", found["version"], found["bare"], 5)


def _python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


# -- checking


def checking(folder: Path) -> Iterator[Figure]:
    """One file, as the pre-commit hook and an editor check it."""
    text = one_case(folder / "model")["002-roadmap.md"]
    path = "_tasks/model-case/002-roadmap.md"
    place = make(folder / "check", [(path, text)])
    versions = iter(range(1_000_000))

    def change() -> None:
        (place / path).write_text(text + f"\nVersion {next(versions)}.\n", encoding="utf-8")

    def restore() -> None:
        (place / path).write_text(text, encoding="utf-8")

    command = decisions("check", path)
    found = in_turns(
        {
            "seen": process(command, place, restore),
            "imports": process(_python(_IMPORTS), place),
            "model": process(_python(f"{_IMPORTS}\nclass Model(BaseModel): key: str\nModel(key='')"), place),
            "new": process(command, place, change),
        },
        21,
    )
    yield ratio("check a file seen before / import click, pydantic", found["seen"], found["imports"], 1.4)
    # pydantic loads half of itself when the first model is built, so a model alone is measured too
    yield ratio("one model of one field / import click, pydantic", found["model"], found["imports"], None)
    yield ratio("check a file never seen / import click, pydantic", found["new"], found["imports"], 1.4)
    yield ratio("check a file never seen / the same with one model of one field", found["new"], found["model"], 1.4)
    yield _loaded("a file seen before", place, path, restore)
    yield _loaded("a file never seen", place, path, change)


def _loaded(what: str, place: Path, path: str, before: Callable[[], None]) -> Figure:
    """Packages that a check has no use for and imports all the same."""
    before()
    last = run([sys.executable, "-P", "-c", _LOADED % (UNWANTED,), "check", path], place).splitlines()[-1:]
    found = "".join(last)
    return Figure(f"{', '.join(UNWANTED)} imported for {what}", len(found.split()), "", 0, found or "none")


# -- recording


def recording(folder: Path) -> Iterator[Figure]:
    """A transition beside what git itself takes for one file."""
    start = [("decisions.toml", "baseline = []\n"), request("short", "none"), request("long", "full")]
    place = make(folder / "record", [*sources(_FILES), *code(), *start])
    base = git(place, "rev-parse", "HEAD").strip()
    with _writer(place) as writer:
        found = in_turns({"new": writer.new, "commit": _commit(place), "changed": writer.changed}, 41)
    beside = f"git commit -qo, {_FILES:,} files"
    yield ratio(f"transition, a new document / {beside}", found["new"], found["commit"], 2)
    yield ratio(f"transition, a changed document / {beside}", found["changed"], found["commit"], 2)

    def afresh() -> None:
        git(place, "reset", "--quiet", "--hard", base)
        shutil.rmtree(place / ".git" / "decisions", ignore_errors=True)

    runs = {name: process(decisions("run", name), place, afresh) for name in ("short", "long")}
    found = in_turns({**runs, "commit": _commit(place)}, 9)
    made = {name: _commits(place, name, base, afresh) for name in runs}
    each = (found["long"] - found["short"]) / (made["long"] - made["short"])
    yield ratio(f"one more commit of decisions run / {beside}", each, found["commit"], 2)


def _commits(place: Path, name: str, base: str, before: Callable[[], None]) -> int:
    before()
    run(decisions("run", name), place)
    return int(git(place, "rev-list", "--count", f"{base}..HEAD"))


def _commit(place: Path) -> Timer:
    """A person's commit of one changed file."""
    path = "data/00/0000/00.txt"
    versions = iter(range(1_000_000))

    def edit() -> None:
        (place / path).write_text(f"version {next(versions)}\n", encoding="utf-8")

    return process(["git", "commit", "-q", "-m", "work", "-o", path], place, edit)


class _writer:  # noqa: N801  # reads as a word in `with _writer(place)`
    """The ledger of one branch, open and warm."""

    def __init__(self, place: Path, branch: str | None = None) -> None:
        from decisions_tool.ledger.locks import run_lock
        from decisions_tool.ledger.record import Ledger
        from decisions_tool.ledger.repository import Repository

        self._repository = Repository(place)
        self._ledger = Ledger(self._repository, branch)
        self._lock = run_lock(self._repository.place)
        self._number = 0

    def __enter__(self) -> _writer:
        self._lock.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._lock.__exit__(None, None, None)
        self._repository.close()

    def new(self) -> float:
        return self._write(f"_tasks/bench/003-expert{self._number:06d}-review.md")

    def changed(self) -> float:
        return self._write("_tasks/bench/004-expert-concerns.md")

    def _write(self, path: str) -> float:
        self._number += 1
        text = f"# Version {self._number}\n" + "A line of a document.\n" * 60
        message = f"bench: version {self._number}\n\nDecisions-Case: bench\nDecisions-Phase: bench\n"

        def transition() -> None:
            with self._ledger.turn() as turn:
                turn.commit({path: text}, message)

        return timed(transition)


def branches(folder: Path) -> Iterator[Figure]:
    """A branch that is not checked out: depth counts, the number of files does not."""
    few = make(folder / "few", sources(_FEW), checkout=False)
    many = make(folder / "many", sources(_MANY), checkout=False)
    for place in (few, many):
        git(place, "branch", "work")
    with _writer(few, "work") as small, _writer(many, "work") as large:
        found = in_turns({"few": small.new, "many": large.new}, 41)
    yield ratio(f"transition elsewhere, {_MANY:,} / {_FEW:,} files", found["many"], found["few"], 1.3)


# -- looking


def looking(folder: Path) -> Iterator[Figure]:
    """The table of all cases over a hundred thousand files."""
    model = one_case(folder / "model")
    for what, by_hand in (("older than init", True), ("open", False)):
        place = folder / ("older" if by_hand else "open")
        toml = [] if by_hand else [("decisions.toml", "baseline = []\n")]
        make(place, [*cases(model, _CASES, by_hand), *toml])
        if by_hand:
            run(decisions("init"), place)
        yield from _status(place, what)
        shutil.rmtree(place)


def _status(place: Path, what: str) -> Iterator[Figure]:
    first = timed(lambda: run(decisions("status", "--json"), place)) * 1000
    rows = json.loads(run(decisions("status", "--json"), place))["cases"]
    if len(rows) != _CASES or {row["managed"] for row in rows} != {what == "open"}:
        raise SystemExit(f"the cases are not {what}")
    files = sum(row["files"] for row in rows)
    yield Figure(f"first status, {_CASES:,} cases {what}", first, "ms", None, f"{files:,} files")
    timers: dict[str, Timer] = {"start": process(decisions("--help"), place)}
    for name, args in (("status", ()), ("status --json", ("--json",))):
        timers[f"{name}, after one commit"] = process(decisions("status", *args), place, _edit(place))
        timers[f"{name}, nothing changed"] = process(decisions("status", *args), place)
    found = in_turns(timers, 9)
    for name, took in found.items():
        if name != "start":
            limit = 250 if "commit" in name else 50
            detail = f"{took:.0f} - {found['start']:.0f} ms of start"
            yield Figure(f"{name}, {_CASES:,} cases {what}", took - found["start"], "ms", limit, detail)


def _edit(place: Path) -> Callable[[], None]:
    """A person's commit of one request."""
    path = "_tasks/case-00042/001-user-request.md"

    def commit() -> None:
        with (place / path).open("a", encoding="utf-8") as file:
            file.write("One more wish.\n")
        git(place, "commit", "--quiet", "--message", "a wish", "--only", path)

    return commit


# -- deciding


def deciding(folder: Path) -> Iterator[Figure]:
    """A full cycle, ten proposals and ten votes, over the standard library of this Python; beside it the same commits by git."""
    place = make(folder / "decide", [*library(_LIBRARY), ("decisions.toml", "baseline = []\n"), framing("q1")])
    base = git(place, "rev-parse", "HEAD").strip()

    def afresh() -> None:
        git(place, "reset", "--quiet", "--hard", base)
        shutil.rmtree(place / ".git" / "decisions", ignore_errors=True)

    def commits() -> float:
        return sum(_committed(place, files) for files in made)

    afresh()
    run(decisions("run", "q1"), place)
    made = _written(place, base)
    cycle = process(decisions("run", "q1"), place, afresh)

    def alone() -> float:
        afresh()
        return commits()

    found = in_turns({"cycle": cycle, "commits": alone}, 5)
    files = git(place, "ls-tree", "-r", "--name-only", base).count("\n")
    yield Figure("full cycle, offline", found["cycle"] / 1000, "s", 10, f"{len(made)} commits, {files} files")
    yield ratio("full cycle / git commit -qo of the same files", found["cycle"], found["commits"], 2)


def _written(place: Path, base: str) -> list[dict[str, str]]:
    """Path -> text of what each commit of a cycle wrote, oldest first."""
    found = []
    for commit in git(place, "rev-list", "--reverse", f"{base}..HEAD").split():
        names = git(place, "diff-tree", "-r", "--no-commit-id", "--name-only", "--diff-filter=AM", commit).split("\n")
        found.append({name: git(place, "show", f"{commit}:{name}") for name in names if name})
    return found


def _committed(place: Path, files: dict[str, str]) -> float:
    """Seconds that git takes to add and commit what one transition wrote."""
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")
    paths = list(files)

    def commit() -> None:
        git(place, "add", "--", *paths)
        git(place, "commit", "--quiet", "--message", "work", "--only", "--", *paths)

    return timed(commit)


# -- records


def records(folder: Path) -> Iterator[Figure]:
    """A thousand decision records, listed and checked, beside what other tools take for a thousand of theirs."""
    place = folder / "ours"
    peers.records(place / "docs" / "adr", _RECORDS)
    git(place, "init", "--quiet", ".")
    other = peers.adrpy(folder / "adrpy", _RECORDS)
    third = peers.backlog(folder / "backlog", _RECORDS)
    store = place / ".git" / "decisions"
    timers: dict[str, Timer] = {
        "list": process(decisions("list", "docs/adr", "--json"), place),
        "check": process(decisions("check", "docs/adr"), place),
        "check, first": process(
            decisions("check", "docs/adr"), place, lambda: shutil.rmtree(store, ignore_errors=True)
        ),
    }
    if other:
        timers |= {"adrpy list": process(other[0], place), "adrpy check": process(other[1], place)}
    if third:
        timers |= {"backlog list": process(third[1], third[0]), "backlog check": process(third[2], third[0])}
    found = in_turns(timers, 11)
    for what in ("list", "check", "check, first"):
        yield Figure(f"{what}, {_RECORDS:,} records", found[what], "ms", 500)
    for peer, name, limit in ((other, "adrpy", 1.5), (third, "backlog", 0.8)):
        for what in ("list", "check"):
            if peer:
                yield ratio(
                    f"{what} / {name} {what}, {_RECORDS:,} records each", found[what], found[f"{name} {what}"], limit
                )
            else:
                yield Figure(f"{what} / {name} {what}: NOT MEASURED, {name} COULD NOT BE INSTALLED", 0, "x", None)


# -- all of it


GROUPS = {
    group.__name__: group
    for group in (
        starting,
        checking,
        recording,
        branches,
        deciding,
        looking,
        records,
        waiting,
        paying,
        watching,
        numbering,
    )
}


def main() -> int:
    """Measure, print, and say whether everything holds."""
    parser = argparse.ArgumentParser(description="Measure the program against its limits.")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"some of {', '.join(GROUPS)}; otherwise all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    if unknown := set(wanted.groups) - set(GROUPS):
        parser.error(f"there is no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    compileall.compile_dir(Path(__file__).parents[1] / "decisions_tool", quiet=1)  # as an install leaves it
    figures = []
    for name in wanted.groups or GROUPS:
        with tempfile.TemporaryDirectory(prefix="decisions-bench-") as folder:
            for figure in GROUPS[name](Path(folder)):
                figures.append(figure)
                if not wanted.json:
                    print(_line(figure), flush=True)
    if wanted.json:
        print(json.dumps(_plain(figures), indent=1))
    else:
        git_version = run(["git", "--version"], Path()).strip()
        print(f"medians of runs in turns; Python {platform.python_version()}, {git_version}")
    return int(any(figure.over for figure in figures))


def _line(figure: Figure) -> str:
    digits = 2 if figure.unit in {"x", "USD"} else 0
    value = f"{figure.value:.{digits}f} {figure.unit}".rstrip()
    limit = "" if figure.limit is None else f"{figure.limit:g}"
    verdict = "" if figure.limit is None else "OVER" if figure.over else "ok"
    return f"{figure.name:<72} {value:>10}  {limit:>5}  {verdict:<4}  {figure.detail}".rstrip()


def _plain(figures: list[Figure]) -> dict[str, object]:
    rows = [{**vars(figure), "ok": not figure.over} for figure in figures]
    return {"schema": 1, "python": platform.python_version(), "figures": rows}


if __name__ == "__main__":
    sys.exit(main())
