"""What every command has in common: exit codes, hints, JSON, nothing imported that is not needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Cli, Repo, decisions

ROOT = Path(__file__).parent.parent


def test_version_is_printed_without_importing_click() -> None:
    code = "import sys; sys.argv[1:] = ['--version']; from decisions_tool.cli import main; main(); print('click' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert re.fullmatch(r"decisions \d+\.\d+\.\d+\nFalse\n", done.stdout)


@pytest.mark.parametrize("args", [["--help"], ["check", "_tasks/cache/001-user-request.md"], ["status"]])
def test_a_command_imports_only_what_it_needs(started: Repo, args: list[str]) -> None:
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print([m for m in ('anthropic', 'jinja2', 'git', 'rich', 'hypothesis') if m in sys.modules]))\n"
        f"sys.argv[1:] = {args!r}\nfrom decisions_tool.cli import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=started.path, env=_env(), check=False
    )
    assert done.stdout.rstrip().endswith("[]"), done.stdout + done.stderr


def _env() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_a_verdict_that_is_kept_costs_no_import_of_pydantic(started: Repo) -> None:
    path = "_tasks/cache/001-user-request.md"
    decisions("check", path, cwd=started.path)
    code = (
        f"import atexit, sys; sys.argv[1:] = ['check', {path!r}]\n"
        "atexit.register(lambda: print('pydantic' in sys.modules))\nfrom decisions_tool.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=started.path, env=_env(), check=False
    )
    assert done.stdout.rstrip().endswith("False")


@pytest.mark.parametrize(
    ("args", "code"), [(["status", "--json"], 0), (["--version"], 0), (["why", "none"], 1), (["stauts"], 2)]
)
def test_the_installed_command_ends_at_once_and_loses_no_line(started: Repo, args: list[str], code: int) -> None:
    entry = "from decisions_tool.cli import main; main()"
    found = [
        subprocess.run(
            [sys.executable, "-c", call, *args],
            capture_output=True,
            text=True,
            cwd=started.path,
            env=_env(),
            check=False,
        )
        for call in (entry, entry.replace("main", "program"))
    ]
    assert [done.returncode for done in found] == [code, code]
    said = [(done.stdout, done.stderr) for done in found]
    assert said[0] == said[1] != ("", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="NOT RUN: this system has no /dev/full")
def test_the_installed_command_tells_of_output_that_was_lost(started: Repo) -> None:
    code = "import sys; from decisions_tool.cli import program; sys.stdout = open('/dev/full', 'w'); program()"
    done = subprocess.run(
        [sys.executable, "-c", code, "status"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=started.path,
        env=_env(),
        check=False,
    )
    assert done.returncode == 1 and "cannot be written" in done.stderr


def test_help_lists_every_command_in_groups(cli: Cli) -> None:
    out = cli("--help").out
    for word in ("Begin", "Carry out", "Look", "Prove", "init", "audit", "schedule"):
        assert word in out


def test_a_mistyped_command_is_answered_with_the_nearest(cli: Cli) -> None:
    result = cli("stauts")
    assert result.code == 2 and "status" in result.err


def test_every_reading_command_prints_json(started: Repo, cli: Cli) -> None:
    """U4: with schema 1."""
    cli("run")
    commands = (
        ["status"], ["next"], ["why", "cache"], ["show", "cache"], ["phases"], ["phases", "cache"], ["concerns", "cache"],
        ["tracks", "cache"], ["schedule", "cache"], ["log", "cache"], ["check"], ["audit"], ["config"],
    )  # fmt: skip
    for command in commands:
        result = cli(*command, "--json")
        assert json.loads(result.out)["schema"] == 1, command
        assert result.err == "" or command == ["check"], command


def test_json_shapes_that_other_programs_rely_on(started: Repo, cli: Cli) -> None:
    cli("run")
    case = cli("status", "--json").json["cases"][0]
    assert {"case", "workflow", "folder", "managed", "phase", "waiting_for", "files", "has_request"} <= set(case)
    assert case["workflow"] == "planning" and case["folder"] == "_tasks/cache" and case["has_request"] is True
    concern = cli("concerns", "cache", "--json").json["concerns"][0]
    assert set(concern) == {"id", "severity", "title", "sources", "field", "logged", "tracks", "owner", "phase_only"}
    tracks = cli("tracks", "cache", "--json").json
    assert {"primary", "needed", "counted", "elsewhere", "rule", "unassigned", "readings"} <= set(tracks)
    assert set(tracks["readings"][0]) == {"rule", "elsewhere", "counted", "needed"} and len(tracks["readings"]) == 3
    check = cli("check", "--json").json
    assert set(check["summary"]) == {"files", "errors", "warnings"}
    assert all(set(f) == {"rule", "severity", "path", "line", "column", "message", "hint"} for f in check["findings"])


def test_status_says_what_is_not_committed_and_how_to_commit_it(started: Repo, cli: Cli) -> None:
    """F10"""
    started.write("_tasks/new/001-user-request.md", "# New\n\nA new thing.\n")
    result = cli("status")
    assert (
        "_tasks/new/001-user-request.md" in result.err
        and "git add -- _tasks/new/001-user-request.md && git commit" in result.err
    )
    assert cli("status", "--json").json["uncommitted"] == ["_tasks/new/001-user-request.md"]


def test_status_is_the_same_with_and_without_its_cache(started: Repo, cli: Cli) -> None:
    """F1: caches may be deleted at any moment."""
    cli("run")
    first = cli("status", "--json").json
    store = started.path / ".git" / "decisions"
    for file in sorted(store.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    assert cli("status", "--json").json == first
    assert cli("run").code == 0


def test_a_damaged_cache_is_no_error(started: Repo, cli: Cli) -> None:
    cli("status"), cli("check")
    store = started.path / ".git" / "decisions"
    for file in store.rglob("*"):
        if file.is_file():
            file.write_bytes(b"\0garbage")
    assert cli("status").code == 0 and cli("check").code == 0


@pytest.mark.parametrize("kept", [0, 1, 100, -100, -1], ids=lambda kept: f"{kept} bytes")
def test_a_table_that_was_cut_off_is_made_anew(started: Repo, cli: Cli, kept: int) -> None:
    whole = cli("status", "--json").out
    table = started.path / ".git/decisions/overview"
    table.write_bytes(table.read_bytes()[:kept])
    assert cli("status", "--json").out == whole
    started.commit({"_tasks/cache/001-user-request.md": "# Other words\n"})
    assert cli("status", "--json").code == 0


def test_errors_are_one_sentence_and_a_hint(started: Repo, cli: Cli) -> None:
    """U5"""
    result = cli("concerns", "cache")
    assert result.code == 1 and result.out == ""
    assert re.fullmatch(r"Error: [^\n]+\nHint: decisions why cache\n", result.err)


@pytest.mark.parametrize("command", [("why",), ("run",), ("undo",), ("show",)], ids=" ".join)
def test_a_mistyped_case_is_answered_with_the_nearest(started: Repo, cli: Cli, command: tuple[str, ...]) -> None:
    told = cli(*command, "cahce")
    assert told.code == 1 and "there is no case 'cahce'" in told.err and "did you mean cache?" in told.err


def test_settings_that_name_what_is_not_there_are_told_by_check_with_their_line(started: Repo, cli: Cli) -> None:
    started.write(
        "decisions.toml", 'gates = ["reveiw"]\n[backends]\ndefault = "anthropc"\nroles = {architect = "offlin"}\n'
    )
    told = cli("check", "decisions.toml")
    assert told.code == 1
    assert "decisions.toml:1" in told.out and "there is no phase 'reveiw'" in told.out
    assert "decisions.toml:3" in told.out and "there is no backend 'anthropc'" in told.out
    assert "decisions.toml:4" in told.out and "there is no backend 'offlin'" in told.out


def test_bugs_of_ours_end_with_3_and_name_a_report(started: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """H4"""
    monkeypatch.setattr("decisions_tool.engine.overview.overview", lambda *a: 1 / 0)
    result = cli("status")
    assert result.code == 3 and "ZeroDivisionError" in result.err
    report = re.search(r"(/\S+\.txt)", result.err)
    assert report and "Traceback" in Path(report.group(1)).read_text()
    Path(report.group(1)).unlink()


def test_an_interrupt_that_a_library_quotes_is_no_bug_of_ours(
    started: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H4: Ctrl-C while a model is built arrives as an error of the library."""
    from pydantic_core import SchemaError

    def stop(*_: object) -> None:
        raise SchemaError("Error building schema: KeyboardInterrupt: ")

    monkeypatch.setattr("decisions_tool.engine.overview.overview", stop)
    result = cli("status")
    assert result.code == 130 and "stopped" in result.err


def test_next_tells_what_stands_in_the_way_and_what_is_not_managed(repo: Repo, cli: Cli) -> None:
    assert "decisions init" in cli("next").err
    cli("init")
    repo.commit({"_tasks/hollow/001-user-request.md": ""}, "nothing yet")
    assert "the file is empty" in cli("next").out


def test_foreign_text_cannot_drive_the_terminal(started: Repo, cli: Cli) -> None:
    """S18: escapes in titles, names and messages are shown, not obeyed."""
    started.request("evil", "# \x1b]0;title\x07 \x1b[2J hello \u202e\n\nx\n")
    started.commit({"_tasks/evil/note.md": "x"}, "subject \x1b[31m red")
    for args in (["status"], ["why", "evil"], ["show", "evil", "request"], ["log", "evil"], ["check"], ["run"]):
        result = cli(*args)
        assert "\x1b" not in result.out + result.err and "\u202e" not in result.out + result.err, args


def test_new_task_writes_a_request_and_says_how_to_go_on(started: Repo, cli: Cli) -> None:
    """P1"""
    result = cli("new", "task", "Größere Batches!", "-m", "More at once.")
    assert result.out == "_tasks/groere-batches/001-user-request.md\n" or "_tasks/gro" in result.out
    assert "git add" in result.err and "decisions run" in result.err
    again = cli("new", "task", "Größere Batches!")
    assert again.code == 1 and "is there already" in again.err
    assert cli("new", "task", "x", "--slug", "../../x").code == 1
    assert cli("new", "task", "Second", "--commit").code == 0
    assert started.subjects()[0] == "second: requested"


def test_commands_work_from_a_folder_below(started: Repo, cli: Cli) -> None:
    below = started.path / "shop" / "store"
    assert cli("status", cwd=below).code == 0
    assert cli("run", cwd=below).code == 0
    assert cli("check", cwd=below).code == 0


def test_concerns_reads_a_bare_folder_without_git(tmp_path: Path, cli: Cli) -> None:
    """F10"""
    folder = tmp_path / "plain" / "_tasks" / "x"
    folder.mkdir(parents=True)
    (folder / "004-expert-concerns.md").write_text(
        "# Concerns\n\n## Critical\n\n### C1. A\n**Source:** B\n**Decision:** [ ]\n"
    )
    for args, cwd in ((("concerns", "x", "--json"), tmp_path / "plain"), (("concerns", str(folder), "--json"), None)):
        assert [c["id"] for c in cli(*args, cwd=cwd).json["concerns"]] == ["C1"]
    assert cli("check", cwd=tmp_path / "plain").code == 0


def test_the_demo_tells_the_whole_story_and_leaves_a_proved_repository(tmp_path: Path) -> None:
    """U1: both workflows from a committed request or framing, offline, with an identity of its own."""
    place = tmp_path / "story"
    done = decisions("demo", "--into", str(place), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (place / "_tasks/commit-batches/004-expert-concerns.md").is_file()
    assert list((place / "docs/decisions").glob("DR-001-*.md"))
    audit = decisions("audit", cwd=place)
    assert audit.returncode == 0 and "0 errors" in audit.stdout + audit.stderr
