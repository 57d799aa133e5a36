"""A program that decisions.toml names runs only after a person has said so, on this machine, about this very table."""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path

import pytest

from decisions_tool.config import Command
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.git import locate
from decisions_tool.ledger.trust import digest, revoke, trust, trusted
from tests.conftest import Cli, Repo, decisions
from tests.programs import program

TABLE = Command(argv=("agent", "--model", "{model}"))
TOML = '[command]\nargv = ["agent", "--model", "{model}"]\n'


class Terminal:
    """What a person types."""

    def __init__(self, words: str) -> None:
        self.words = words

    def isatty(self) -> bool:
        return True

    def readline(self, *_: int) -> str:
        return self.words


@pytest.fixture
def asked(repo: Repo) -> Repo:
    repo.commit({"decisions.toml": TOML})
    return repo


def test_trust_is_asked_for_once_and_taken_back(repo: Repo) -> None:
    place = locate(repo.path)
    assert not trusted(place, TABLE) and not revoke(place)
    trust(place, TABLE)
    assert trusted(place, TABLE)
    assert revoke(place) and not trusted(place, TABLE)


def test_it_lies_in_the_store_for_nobody_else_to_read_or_write(repo: Repo) -> None:
    place = locate(repo.path)
    trust(place, TABLE)
    file = place.store / "trust"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{digest(place, TABLE)}\n"
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "change",
    [
        {"argv": ("agent", "--model", "{model}", "--yolo")}, {"argv": ("agent2", "--model", "{model}")}, {"answer": "result"},
        {"env": ("AWS_SECRET_ACCESS_KEY",)}, {"preset": "claude"}, {"parallel": 5}, {"argv": ("agent --model {model}",)},
    ],
)  # fmt: skip
def test_a_changed_table_is_not_trusted(repo: Repo, change: dict[str, object]) -> None:
    place = locate(repo.path)
    trust(place, TABLE)
    assert not trusted(place, Command(**{**TABLE.model_dump(), **change}))


def test_stating_a_default_changes_nothing(repo: Repo) -> None:
    place = locate(repo.path)
    trust(place, TABLE)
    assert trusted(place, Command(argv=TABLE.argv, parallel=4))


def test_another_yes_takes_the_place_of_the_first(repo: Repo) -> None:
    place = locate(repo.path)
    trust(place, TABLE)
    trust(place, Command(preset="claude"))
    assert trusted(place, Command(preset="claude")) and not trusted(place, TABLE)


def test_a_repository_that_was_copied_with_its_git_directory_is_not_trusted(repo: Repo, tmp_path: Path) -> None:
    trust(locate(repo.path), TABLE)
    shutil.copytree(repo.path, tmp_path / "copy")
    assert (tmp_path / "copy/.git/decisions/trust").exists()
    assert not trusted(locate(tmp_path / "copy"), TABLE)


def test_a_worktree_shares_it_and_a_clone_does_not(repo: Repo, tmp_path: Path) -> None:
    trust(locate(repo.path), TABLE)
    repo.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")
    assert trusted(locate(tmp_path / "tree"), TABLE)
    repo.git("clone", "-q", str(repo.path), str(tmp_path / "clone"))
    assert not trusted(locate(tmp_path / "clone"), TABLE)


@pytest.mark.parametrize("content", [b"", b"\n", b"yes", b"\xff" * 64, b"0" * 64, b"x" * 10_000])
def test_a_damaged_file_says_nothing(repo: Repo, content: bytes) -> None:
    place = locate(repo.path)
    trust(place, TABLE)
    (place.store / "trust").write_bytes(content)
    assert not trusted(place, TABLE)


def test_a_link_says_nothing(repo: Repo, tmp_path: Path) -> None:
    place = locate(repo.path)
    trust(place, TABLE)
    (place.store / "trust").rename(tmp_path / "trust")
    (place.store / "trust").symlink_to(tmp_path / "trust")
    with pytest.raises(DecisionsError, match="cannot be read"):
        trusted(place, TABLE)


# -- the command


def test_it_shows_exactly_what_would_run(
    asked: Repo, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = program(tmp_path / "bin", "", "agent")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    result = cli("trust", "--yes")
    assert result.code == 0
    assert result.out.split("\n") == [
        f"program      {made}", "arguments    agent --model '{model}'",
        "environment  HOME, PATH, LANG, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL", "at once      4", "",
    ]  # fmt: skip
    assert trusted(locate(asked.path), TABLE)


def test_the_preset_is_shown_with_all_that_it_adds(repo: Repo, cli: Cli) -> None:
    repo.commit({"decisions.toml": '[command]\npreset = "claude"\n'})
    assert "arguments    claude -p --output-format json" in cli("trust", "--yes").out


def test_without_a_terminal_it_asks_for_yes(asked: Repo, cli: Cli) -> None:
    result = cli("trust")
    assert result.code == 1 and "arguments    agent" in result.out and "Hint: decisions trust --yes" in result.err
    assert not trusted(locate(asked.path), TABLE)


@pytest.mark.parametrize(("words", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_a_person_is_asked(asked: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch, words: str, code: int) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(words))
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda text: words.strip())
    assert cli("trust").code == code
    assert trusted(locate(asked.path), TABLE) == (code == 0)


def test_what_is_trusted_is_not_asked_again(asked: Repo, cli: Cli) -> None:
    assert cli("trust", "--yes").code == 0
    assert cli("trust").code == 0


def test_revoke(asked: Repo, cli: Cli) -> None:
    cli("trust", "--yes")
    assert "Nothing may run any more" in cli("trust", "--revoke").err
    assert "Nothing was trusted" in cli("trust", "--revoke").err
    assert not trusted(locate(asked.path), TABLE)


def test_json_shows_and_asks_nothing(asked: Repo, cli: Cli) -> None:
    shown = cli("trust", "--json").json
    assert shown["trusted"] is False and shown["argv"] == ["agent", "--model", "{model}"] and shown["parallel"] == 4
    assert not trusted(locate(asked.path), TABLE)
    assert cli("trust", "--json", "--yes").json["trusted"] is True
    assert cli("trust", "--json").json["trusted"] is True
    assert cli("trust", "--json", "--revoke").json["trusted"] is False


def test_what_counts_is_the_last_commit(asked: Repo, cli: Cli) -> None:
    asked.write("decisions.toml", '[command]\nargv = ["other"]\n')
    assert cli("trust", "--json").json["argv"][0] == "agent"


def test_nothing_to_trust(repo: Repo, cli: Cli) -> None:
    result = cli("trust", "--yes")
    assert result.code == 1 and "names no program" in result.err and "[command]" in result.err
    assert cli("trust", "--json").json["argv"] == []
    assert not (locate(repo.path).store / "trust").exists()


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    Repo(tmp_path).git("init", "-q")
    done = decisions("trust", "--yes", cwd=tmp_path)
    assert done.returncode == 1 and "no commit yet" in done.stderr


def test_an_argument_cannot_hide_what_it_is(repo: Repo, cli: Cli) -> None:
    repo.commit(
        {
            "decisions.toml": '[command]\nargv = ["agent", "a\\nprogram      /bin/true", "\\u202egnp", "\\u001b[2J", "a b"]\n'
        }
    )
    result = cli("trust", "--yes")
    assert result.out.count("\n") == 4 and "\x1b" not in result.out
    assert r"""agent "a\nprogram      /bin/true" "\u202egnp" "\u001b[2J" 'a b'""" in result.out


def test_a_script_of_the_repository_among_the_arguments_is_pointed_out(repo: Repo, cli: Cli) -> None:
    repo.commit({"decisions.toml": '[command]\nargv = ["python3", "tools/agent.py", "-x"]\n', "tools/agent.py": "x"})
    assert "tools/agent.py is a file of the repository" in cli("trust", "--yes").err
    assert cli("trust", "--json").json["files_of_the_repository"] == ["tools/agent.py"]


def test_a_program_of_the_repository_is_shown_as_not_found(repo: Repo, cli: Cli) -> None:
    program(repo.path, "", "agent")
    repo.commit({"decisions.toml": '[command]\nargv = ["./agent"]\n'})
    assert "program      not found outside of the repository" in cli("trust", "--yes").out


def test_a_trusted_program_answers_for_the_role_that_names_it(started: Repo, cli: Cli, tmp_path: Path) -> None:
    copy = tmp_path / "rehearsed"
    shutil.copytree(started.path, copy)
    assert decisions("run", cwd=copy).returncode == 0
    review = next(copy.glob("_tasks/*/003-steve-review.md"))
    made = program(tmp_path / "bin", f"print({review.read_text().split('---', 2)[2]!r})", "agent")
    started.commit(
        {"decisions.toml": f'baseline = []\n[backends.roles]\nsteve = "command"\n[command]\nargv = ["{made}"]\n'}
    )
    refused = cli("run")
    assert refused.code == 1 and "decisions trust" in refused.err
    assert cli("trust", "--yes").code == 0
    assert cli("run").code == 0
    path = review.relative_to(copy).as_posix()
    said = started.git(
        "log", "-1", "--format=%(trailers:key=Decisions-Backend,valueonly)", "--diff-filter=A", "--", path
    )
    assert said.strip() == "command"
    assert "backend: command" in started.read(path)
    assert cli("audit").code == 0
