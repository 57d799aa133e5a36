"""F4, F10, F11 on other people's folders: read to the last file, changed by no byte. Needs ../shared/corpus beside the project."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from decisions_tool.documents import edits, frontmatter
from decisions_tool.documents.register import registered
from decisions_tool.errors import DocumentError
from tests.conftest import Cli, Repo, decisions, make_cli, make_repo

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
TASKS = CORPUS / "grafema" / "_tasks"
FILES = sorted(path for path in CORPUS.rglob("*.md"))
CASES = sorted(path.name for path in TASKS.iterdir()) if TASKS.is_dir() else []

pytestmark = pytest.mark.skipif(not FILES, reason=f"THE CORPUS IS NOT THERE: nothing below {CORPUS}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds the task folders and records of the corpus, committed."""
    path = tmp_path_factory.mktemp("corpus") / "repo"
    repo = make_repo(path, {"README.md": "# Others\n"})
    shutil.copytree(TASKS, path / "_tasks", copy_function=shutil.copyfile)
    shutil.copytree(CORPUS / "adr", path / "docs" / "decisions", copy_function=shutil.copyfile)
    for found in path.rglob("*"):
        found.chmod(0o755 if found.is_dir() else 0o644) if ".git" not in found.parts else None
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "other people's folders")
    return path


@pytest.fixture
def call(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return make_cli(folder, monkeypatch, capsys)


def test_every_file_is_taken_apart_and_put_together_without_a_changed_byte() -> None:
    fronts = 0
    for path in FILES:
        data = path.read_bytes()
        text = frontmatter.decode(data, path.name)
        front = frontmatter.read(text, path.name)
        fronts += front.values is not None
        head = "\n".join(text.split("\n")[: front.body_line - 1])
        assert ((f"{head}\n" if front.body_line > 1 else "") + front.body).encode() == data, path
    assert fronts > 20, "the records with front matter are among them"


def test_front_matter_put_above_any_file_and_keys_set_and_dropped_change_no_other_byte() -> None:
    for path in FILES:
        text = path.read_bytes().decode()
        if frontmatter.read(text, path.name).values is None:
            made = edits.insert(text, {"type": "request", "schema": "1", "status": "open"})
            front = frontmatter.read(made, path.name)
            assert made.endswith(text) and front.body == text and front.values is not None, path
        else:
            made = text
        marked = edits.set_key(made, "x-checked", "a: b # c", path.name)
        assert len(marked.split("\n")) == len(made.split("\n")) + 1, path
        assert edits.drop_key(marked, "x-checked", path.name) == made, path


def test_every_key_of_every_record_can_be_set_on_its_own_line() -> None:
    edited = 0
    for path in FILES:
        text = path.read_bytes().decode()
        for key in frontmatter.read(text, path.name).values or {}:
            try:
                made = edits.set_key(text, key, "new", path.name)
            except DocumentError as refused:
                assert "spans several lines" in refused.message, path
                continue
            changed = [(old, new) for old, new in zip(text.split("\n"), made.split("\n"), strict=True) if old != new]
            assert len(changed) <= 1 and (frontmatter.read(made, path.name).values or {})[key] == "new", path
            edited += 1
    assert edited > 40


def test_any_file_is_read_as_a_register_and_only_true_entries_are_found() -> None:
    found: dict[str, list[str]] = {}
    for path in FILES:
        register = registered(frontmatter.read(path.read_bytes().decode(), path.name))
        assert (
            not register.has_log and not register.repeated and {entry.field for entry in register.entries} <= {"absent"}
        )
        if register.entries:
            found[path.relative_to(TASKS).as_posix()] = [entry.id for entry in register.entries]
            assert {entry.severity for entry in register.entries} == {"question"}
    assert found == {
        "REG-326/003-joel-tech-plan.md": [f"Q{number}" for number in range(1, 5)],
        "RFD-40/002-don-exploration.md": [f"Q{number}" for number in range(1, 10)],
    }, "the only two documents with a list of numbered questions"


def test_every_case_is_listed_with_every_file_and_nothing_is_skipped(folder: Path, call: Cli) -> None:
    seen = call("status", "--json").json
    assert len(CASES) == 20 and [case["case"] for case in seen["cases"]] == CASES
    assert seen["skipped"] == [] and seen["uncommitted"] == []
    for case in seen["cases"]:
        files = [path for path in (folder / "_tasks" / case["case"]).rglob("*") if path.is_file()]
        assert (case["files"], case["managed"]) == (len(files), False), case["case"]
    assert sum(case["files"] for case in seen["cases"]) == sum(path.is_file() for path in TASKS.rglob("*"))


def test_check_looks_at_every_file_and_raises_no_false_alarm(folder: Path, call: Cli) -> None:
    result = call("check", "--json")
    files = [path for top in ("_tasks", "docs/decisions") for path in (folder / top).rglob("*") if path.is_file()]
    alarms = [finding for finding in result.json["findings"] if not finding["rule"].startswith("records/")]
    assert alarms == [] and result.json["summary"]["files"] == len(files) and result.json["summary"]["errors"] == 0
    # what the records' own authors left behind: a status of their own, links that lead nowhere, one-way links, one index title
    assert Counter(finding["rule"] for finding in result.json["findings"]) == {
        "records/status": 1, "records/link": 3, "records/one-way": 3, "records/index": 2,
    }  # fmt: skip
    assert result.code == 0


@pytest.mark.parametrize("case", CASES)
def test_every_reading_command_says_something_sensible_of_every_case(case: str, folder: Path, call: Cli) -> None:
    for command in ("show", "why", "log", "concerns", "tracks", "schedule", "phases"):
        for more in ((), ("--json",)):
            result = call(command, case, *more)
            told = result.out + result.err
            assert result.code in {0, 1, 4} and told.strip(), (command, told)
            assert "Traceback" not in told and "bug in decisions" not in told, (command, told)
            assert result.code != 1 or "Hint: " in result.err, (command, told)
    assert call("show", case).code == call("log", case).code == call("why", case, "--json").code == 0


def test_looking_leaves_no_trace(folder: Path, call: Cli) -> None:
    repo = Repo(folder)
    head, before = repo.git("rev-parse", "HEAD"), listing(folder)
    for command in (("status",), ("status", "--tree"), ("check",), ("next",), ("config",), ("audit",)):
        call(*command)
    for case in CASES:
        for reader in ("show", "why", "log", "concerns", "tracks", "schedule"):
            call(reader, case)
    assert repo.git("status", "--porcelain") == "" and repo.git("rev-parse", "HEAD") == head
    assert listing(folder) == before


def listing(folder: Path) -> dict[str, tuple[bytes, float]]:
    return {
        path.as_posix(): (path.read_bytes(), path.stat().st_mtime)
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_the_program_by_itself_reads_a_case_by_path_without_git(tmp_path: Path) -> None:
    shutil.copytree(TASKS, tmp_path / "_tasks")
    for args in (["check"], ["check", "_tasks/core-v3"], ["show", "_tasks/RFD-40"], ["-C", "_tasks/RFD-40", "check"]):
        done = decisions(*args, cwd=tmp_path)
        assert done.returncode == 0 and "Traceback" not in done.stderr, (args, done.stderr)
