"""Cases carried on by runners that share git and files: plan, run, collect, and a remote that several push to."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from decisions_tool.agents.protocol import Call, Packet
from decisions_tool.config import Budget
from decisions_tool.engine.answers import Answer, slot_id
from decisions_tool.engine.ci import answer, collect, planned, tip_of
from decisions_tool.engine.shares import share
from decisions_tool.engine.spool import file_name, on_disk
from decisions_tool.engine.till import Drawer
from decisions_tool.errors import Finding
from decisions_tool.ledger.files import write_atomically
from decisions_tool.ledger.git import GitFailed
from decisions_tool.ledger.remote import TOKEN, Remote
from decisions_tool.ledger.repository import Repository
from decisions_tool.ledger.workflow_file import workflow
from decisions_tool.report import github
from decisions_tool.text import defused
from decisions_tool.workflows.planner import Ask
from tests.conftest import Cli, Repo, Result, decisions, make_cli, make_repo

ROOT = Path(__file__).parents[1]
#: A task of which nothing but four reviews is known to be missing.
MINI = "---\ntype: request\nschema: 1\ncase: cache\nstatus: open\npanel: mini\n---\n# Cache reads\n\nKeep reads in shop/store/db.py.\n"


def slots(cli: Cli, *more: str) -> list[str]:
    return cli("ci", "plan", *more).out.split()


def one_round(cli: Cli, folder: Path, *collect: str) -> Result:
    """Every open slot answered, and all answers recorded."""
    for slot in slots(cli):
        assert cli("ci", "run", slot, "--out", str(folder)).code == 0
    folder.mkdir(parents=True, exist_ok=True)
    return cli("ci", "collect", str(folder), *collect)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task that waits for two reviews, whose answers lie in a folder beside it."""
    top = tmp_path_factory.mktemp("prepared")
    repo = make_repo(top / "repo")
    repo.commit({"decisions.toml": "baseline = []\n"})
    repo.request("cache", MINI)
    repository = Repository(repo.path)
    while (slots := planned(repository, tip_of(repository)).slots)[:1] == [] or slots[0].phase != "review":
        answers = [Answer(top, answer(repository, tip_of(repository), slot.id, lambda event: None)) for slot in slots]
        collect(repository, answers, None, lambda event: None)
    for slot in slots:
        item = answer(repository, tip_of(repository), slot.id, lambda event: None)
        write_atomically(top / "answers" / file_name(*item.name), on_disk(item))
    repository.close()
    return top


@pytest.fixture
def reviews(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Repo, Cli, Path]:
    """A task that waits for two reviews, and a folder with their answers."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    repo = Repo(tmp_path / "repo")
    return repo, make_cli(repo.path, monkeypatch, capsys), tmp_path / "answers"


def remote(repo: Repo, top: Path) -> Path:
    """A bare repository that the repository was pushed to."""
    bare = top / "remote.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repo.path), str(bare)], check=True)
    repo.git("remote", "add", "origin", str(bare))
    return bare


def tip(bare: Path, branch: str = "main") -> str:
    return Repo(bare).git("rev-parse", branch)


# -- the rounds


def test_the_rounds_come_to_what_a_run_comes_to(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    """H3 P1: same documents, same number of commits, and the audit proves them."""
    cli("init")
    begin = repo.request("cache", MINI)
    for number in range(20):
        if not json.loads(cli("ci", "plan", "--format", "json").out)["has_work"]:
            break
        assert one_round(cli, tmp_path / str(number)).code == 0
    told = repo.git("rev-parse", "HEAD^{tree}"), len(repo.subjects())
    assert cli("audit").code == 0
    repo.git("reset", "-q", "--hard", begin)
    cli("run")
    assert (repo.git("rev-parse", "HEAD^{tree}"), len(repo.subjects())) == told


def test_plan_says_what_is_open_and_what_will_be_computed(started: Repo, cli: Cli, tmp_path: Path) -> None:
    plan = json.loads(cli("ci", "plan", "--format", "json").out)
    assert (plan["computed"], plan["slots"], plan["has_work"]) == (["cache:start/request"], [], True)
    assert cli("ci", "collect").code == 0
    plan = cli("ci", "plan", "--format", "json").json
    (slot,) = plan["slots"]
    assert (slot["id"], slot["backend"], slot["pinned"]) == (
        "cache:roadmap/don",
        "offline",
        started.git("rev-parse", "HEAD~1"),
    )
    assert re.fullmatch("[0-9a-f]{40}", slot["name"]) and re.fullmatch("[0-9a-f]{64}", slot["key"])
    matrix = json.loads(cli("ci", "plan", "--format", "gha-matrix").out)
    assert matrix == {"include": [slot]}
    cli("ci", "run", slot["id"], "--out", str(tmp_path / "a"))
    plan = cli("ci", "plan", str(tmp_path / "a"), "--format", "json").json
    assert (plan["slots"], plan["answered"], plan["has_work"]) == ([], ["cache:roadmap/don"], True)


def test_plan_sets_the_outputs_of_a_step(
    started: Repo, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("ci", "collect")
    told = tmp_path / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(told))
    monkeypatch.setattr("decisions_tool.cli.ci._MATRIX", 0)
    cli("ci", "plan")
    found = dict(re.findall(r"(?m)^(\S+)<<(?:\w{32})\n(.*)\n\w{32}$", told.read_text("utf-8")))
    assert found == {
        "matrix": '{"include": []}',
        "slots": "1",
        "has-work": "true",
        "commit": started.git("rev-parse", "HEAD"),
    }


def test_people_and_batches_are_waited_for_elsewhere(started: Repo, cli: Cli, tmp_path: Path) -> None:
    """H4 A1: no runner answers for a person; the exit code says who is waited for."""
    cli("ci", "collect")
    started.commit({"decisions.toml": started.read("decisions.toml") + '[backends]\ndefault = "manual"\n'})
    plan = cli("ci", "plan", "--format", "json").json
    assert (
        plan["slots"] == []
        and not plan["has_work"]
        and plan["waits"][0]["command"] == "decisions prompt cache roadmap/don"
    )
    assert cli("ci", "run", "cache:roadmap/don", "--out", str(tmp_path / "a")).code == 4
    assert cli("ci", "collect").code == 4
    started.commit({"decisions.toml": started.read("decisions.toml").replace("manual", "batches")})
    assert cli("ci", "plan", "--format", "json").json["waits"][0]["command"] == "decisions run cache"


def test_run_commits_nothing_and_asks_once(reviews: tuple[Repo, Cli, Path]) -> None:
    """A5: an answer that is on disk is taken; the journal tells what was asked."""
    repo, cli, folder = reviews
    head = repo.git("rev-parse", "HEAD")
    slot = slots(cli)[0]
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    again = cli("ci", "run", slot, "--out", str(folder))
    assert again.code == 0 and Path(again.out.strip()).name in before
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    one = folder.parent / "one.json"
    assert cli("ci", "run", slot, "--out", str(one)).code == 0 and one.read_bytes() in before.values()
    journal = (repo.path / ".git/decisions/journal.jsonl").read_text("utf-8").splitlines()
    asked = [
        line
        for line in map(json.loads, journal)
        if line["event"] == "asked" and f"{line['case']}:{line['phase']}/{line['slot']}" == slot
    ]
    assert len(asked) == 1 and repo.git("rev-parse", "HEAD") == head and repo.git("status", "--porcelain") == ""
    assert "no open slot" in cli("ci", "run", "cache:review/nobody", "--out", str(one)).err


def test_a_slot_id_is_one_plain_word() -> None:
    assert slot_id("two words:'\"", "research", "a/b") == "two%20words%3A%27%22:research/a%2Fb"


# -- recording


def test_collect_works_on_a_branch_while_head_is_detached(reviews: tuple[Repo, Cli, Path]) -> None:
    """G3 G5: HEAD, index and files stay; without a branch there is nowhere to record."""
    repo, cli, folder = reviews
    repo.git("checkout", "-q", "--detach", "HEAD~1")
    head = repo.git("rev-parse", "HEAD")
    refused = cli("ci", "collect", str(folder))
    assert refused.code == 1 and "detached" in refused.err
    assert cli("ci", "collect", str(folder), "--branch", "main").code == 0
    assert repo.git("rev-list", "--count", "HEAD..main") == "3"
    assert repo.git("rev-parse", "HEAD") == head and repo.git("status", "--porcelain") == ""


def test_an_answer_that_is_not_called_for_any_more_is_named_and_left_out(reviews: tuple[Repo, Cli, Path]) -> None:
    repo, cli, folder = reviews
    assert cli("ci", "collect", str(folder)).code == 0
    tree = repo.git("rev-parse", "HEAD")
    again = cli("ci", "collect", str(folder), "--json")
    assert again.code == 0 and repo.git("rev-parse", "HEAD") == tree
    assert {one["why"] for one in again.json["left_out"]} == {
        f"cache:review/{expert} is not called for (any more)" for expert in ("don", "steve")
    }
    assert not again.json["goes_on"]


def test_costs_of_a_file_become_trailers(reviews: tuple[Repo, Cli, Path]) -> None:
    """A6 G1: collecting records what a runner has paid."""
    repo, cli, folder = reviews
    toml = repo.read("decisions.toml") + '[backends]\nroles = {steve = "anthropic"}\n'
    repo.commit({"decisions.toml": toml})
    paid = {"input": "1200", "output": "300", "cost-usd": "0.0123"}
    forge(
        folder, "steve", reply={"backend": "anthropic", "model": "claude-opus-5-5", "rehearsal": False, "usage": paid}
    )
    assert cli("ci", "collect", str(folder)).code == 0
    message = repo.git("log", "--format=%B", "--grep=Decisions-Slot: steve", "-1")
    assert "Decisions-Cost-USD: 0.0123" in message and "Decisions-Usage: input=1200 output=300" in message
    assert cli("cost", "--json").json


def forge(folder: Path, slot: str, reply: dict[str, Any] | None = None, **values: Any) -> Path:
    """The answer file of a slot with other values in it, its digest made right."""
    for file in folder.glob("*.json"):
        held = json.loads(file.read_bytes().partition(b"\n")[2])
        if held["slot"] == slot:
            held["reply"] |= reply or {}
            content = json.dumps({**held, **values}).encode()
            file.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
            return file
    raise AssertionError(f"no answer of {slot}")


_OTHER_FILE = {"_tasks/cache/001-user-request.md": "0" * 40}
HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "another backend": (lambda f: forge(f, "steve", {"backend": "manual"}), "answered by offline and not by manual"),
    "no rehearsal": (lambda f: forge(f, "steve", {"rehearsal": False}), "whether a model was called"),
    "a model offline": (lambda f: forge(f, "steve", {"model": "claude"}), "whether a model was called"),
    "a model with lines": (lambda f: forge(f, "steve", {"model": "a\nDecisions-Case: x"}), "reply.model"),
    "a duty of nobody": (lambda f: forge(f, "steve", {"unmet": ["prior-art"]}), "asks for no such duty"),
    "usage with words": (lambda f: forge(f, "steve", {"usage": {"cost-usd": "0.1\nx"}}), "reply.usage"),
    "a forged cost key": (lambda f: forge(f, "steve", {"usage": {"a=1\nDecisions-Case": "1"}}), "reply.usage"),
    "a day that is none": (lambda f: forge(f, "steve", {"day": "2026-01-01\n# x"}), "reply.day"),
    "an input of others": (lambda f: forge(f, "steve", {"inputs": {"_tasks/cache/003-don-review.md": "0" * 40}}), "does not read"),
    "a version of nowhere": (lambda f: forge(f, "steve", {"inputs": _OTHER_FILE}), "a version of"),
    "no inputs": (lambda f: forge(f, "steve", {"inputs": {}}), "was made without"),
    "a path of its own": (lambda f: forge(f, "steve", path="decisions.toml"), "path: Extra inputs"),
    "a headline of its own": (lambda f: forge(f, "steve", {"headline": "hello"}), "reply.headline"),
    "a number as body": (lambda f: forge(f, "steve", {"body": 3}), "reply.body"),
    "half a character": (lambda f: forge(f, "steve", {"body": "\ud800"}), "it: Invalid JSON"),
    "a body that is no review": (lambda f: forge(f, "steve", {"body": "hello"}), "does not fit"),
    "a key that is none": (lambda f: forge(f, "steve", key="../../etc"), "key: "),
    "damaged": (lambda f: forge(f, "steve").write_bytes(b"0\n{}"), "no answer file"),
    "empty": (lambda f: forge(f, "steve").write_bytes(b""), "no answer file"),
    "deep": (lambda f: forge(f, "steve", key=json.loads("[" * 500 + "]" * 500)), "it: "),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_refused_by_name_and_with_its_reason(reviews: tuple[Repo, Cli, Path], name: str) -> None:
    """F32 G1: the others are recorded, and the file has chosen no path, headline or trailer."""
    repo, cli, folder = reviews
    forged, reason = HOSTILE[name]
    forged(folder)
    done = cli("ci", "collect", str(folder), "--json")
    assert done.code == 1 and len(done.json["left_out"]) == 1
    told = done.json["left_out"][0]
    assert reason in told["why"] and told["refused"] and Path(told["file"]).parent == folder
    assert [one["slot"] for one in done.json["recorded"]] == ["don"]
    assert repo.git("show", "--format=", "--name-only", "HEAD") == "_tasks/cache/003-don-review.md"
    assert slots(cli) == ["cache:review/steve"]


def test_files_that_are_none_are_refused(reviews: tuple[Repo, Cli, Path]) -> None:
    _, cli, folder = reviews
    (folder / "link.json").symlink_to("/etc/passwd")
    (folder / "huge.json").write_bytes(b"0" * (9 << 20))
    twin = folder / "zz" / "twin.json"
    twin.parent.mkdir()
    twin.write_bytes(
        next(f for f in sorted(folder.glob("*.json")) if f.stat().st_size < 1 << 20 and not f.is_symlink()).read_bytes()
    )
    done = cli("ci", "collect", str(folder), "--json")
    told = {Path(one["file"]).name: (one["why"], one["refused"]) for one in done.json["left_out"]}
    assert done.code == 1 and set(told) == {"link.json", "huge.json", "twin.json"}
    assert "too large" in told["huge.json"][0] and not told["twin.json"][1]
    assert len(done.json["recorded"]) == 2


# -- the remote


def test_a_push_lands_on_the_remote_and_moves_nothing_here(reviews: tuple[Repo, Cli, Path], tmp_path: Path) -> None:
    repo, cli, folder = reviews
    bare, head = remote(repo, tmp_path), repo.git("rev-parse", "HEAD")
    done = cli("ci", "collect", str(folder), "--push", "--json")
    assert done.code == 0 and done.json["commit"] == tip(bare) and done.json["goes_on"]
    assert repo.git("rev-parse", "HEAD") == head and repo.git("status", "--porcelain") == ""
    assert "refs/decisions" not in repo.git("for-each-ref")
    assert Repo(bare).git("rev-list", "--count", f"{head}..main") == "2"


def test_whoever_is_overtaken_records_what_is_still_called_for(
    reviews: tuple[Repo, Cli, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G2 F30: the winner stays, nothing is doubled, what the winner had is named."""
    repo, cli, folder = reviews
    bare = remote(repo, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    first = sorted(folder.glob("*.json"))[0]
    (other / first.name).write_bytes(first.read_bytes())
    usual = Remote.push
    overtaken: list[str] = []

    def late(self: Remote, branch: str, new: str, old: str) -> None:
        if not overtaken:
            overtaken.append(new)
            clone = tmp_path / "clone"
            subprocess.run(["git", "clone", "-q", str(bare), str(clone)], check=True)
            env = {
                f"GIT_{who}_{what}": "x@example.invalid"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            }
            assert decisions("ci", "collect", str(other), "--push", cwd=clone, env=env).returncode == 0
        usual(self, branch, new, old)

    monkeypatch.setattr(Remote, "push", late)
    done = cli("ci", "collect", str(folder), "--push", "--json")
    assert done.code == 0 and overtaken != [done.json["commit"]] and tip(bare) == done.json["commit"]
    assert [Path(one["file"]).name for one in done.json["left_out"]] == [first.name]
    repo.git("pull", "-q", "origin", "main")
    assert len([s for s in repo.subjects() if "reviewed by" in s]) == 2 and cli("audit").code == 0


def test_a_line_that_is_cut_doubles_nothing(
    reviews: tuple[Repo, Cli, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F31: the push arrived, only nobody heard; the next look says so. With no line at all the files stay."""
    repo, cli, folder = reviews
    bare = remote(repo, tmp_path)
    monkeypatch.setattr("decisions_tool.engine.ci.time.sleep", lambda seconds: None)
    usual = Remote.push
    cut: list[str] = []

    def push(self: Remote, branch: str, new: str, old: str) -> None:
        usual(self, branch, new, old)
        cut.append(new)
        raise GitFailed(["push"], 128, "the remote end hung up unexpectedly")

    monkeypatch.setattr(Remote, "push", push)
    done = cli("ci", "collect", str(folder), "--push", "--json")
    assert done.code == 0 and cut == [tip(bare)] and len(done.json["recorded"]) == 2
    repo.git("remote", "set-url", "origin", str(tmp_path / "nowhere"))
    gone = cli("ci", "collect", str(folder), "--push")
    assert gone.code == 1 and "fetch failed" in gone.err and len(list(folder.glob("*.json"))) == 2


def test_two_collectors_at_once_lose_and_double_nothing(reviews: tuple[Repo, Cli, Path], tmp_path: Path) -> None:
    """G2 F30: both hold all answers; the history is one line."""
    repo, cli, folder = reviews
    remote(repo, tmp_path)
    clones = [tmp_path / "one", tmp_path / "two"]
    for clone in clones:
        subprocess.run(["git", "clone", "-q", str(tmp_path / "remote.git"), str(clone)], check=True)
        Repo(clone).git("config", "user.name", "Bot")
        Repo(clone).git("config", "user.email", "bot@example.invalid")
    code = "from decisions_tool.cli import main; main()"
    args = [sys.executable, "-c", code, "ci", "collect", str(folder), "--push"]
    both = [
        subprocess.Popen(
            args, cwd=clone, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
        )
        for clone in clones
    ]
    told = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    repo.git("pull", "-q", "origin", "main")
    subjects = [s for s in repo.subjects() if "reviewed by" in s]
    assert len(subjects) == 2 and repo.git("rev-list", "--merges", "HEAD") == "" and cli("audit").code == 0


def test_a_protected_branch_is_served_by_another_one(reviews: tuple[Repo, Cli, Path], tmp_path: Path) -> None:
    """H3: what the server refuses is told with the way out, and that works round after round."""
    repo, cli, folder = reviews
    bare = remote(repo, tmp_path)
    hook = bare / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ] || { echo protected >&2; exit 1; }\n')
    hook.chmod(0o755)
    main = tip(bare)
    refused = cli("ci", "collect", str(folder), "--push")
    assert refused.code == 1 and "refuses main" in refused.err and "--to decisions/" in refused.err
    to = ("--to", "decisions/main")
    assert cli("ci", "collect", str(folder), "--push", *to).code == 0
    assert slots(cli, *to) == ["cache:concerns/consolidator"] and slots(cli) == [
        "cache:review/don",
        "cache:review/steve",
    ]
    branch = ("--branch", "decisions/main")
    assert cli("ci", "run", "cache:concerns/consolidator", *branch, "--out", str(tmp_path / "next/")).code == 0
    assert cli("ci", "collect", str(tmp_path / "next"), "--push", *to).code == 0
    assert tip(bare) == main and Repo(bare).git("rev-list", "--count", "main..decisions/main") == "3"


def test_configuration_is_that_of_the_base(reviews: tuple[Repo, Cli, Path], tmp_path: Path) -> None:
    """S05: a working branch that brings another configuration is not worked on."""
    repo, cli, folder = reviews
    remote(repo, tmp_path)
    repo.git("switch", "-qc", "decisions/main")
    repo.commit({"decisions.toml": repo.read("decisions.toml") + '[backends]\ndefault = "anthropic"\n'})
    repo.git("push", "-q", "origin", "decisions/main")
    repo.git("switch", "-q", "main")
    for args in (("collect", str(folder), "--push"), ("plan",)):
        done = cli("ci", *args, "--to", "decisions/main")
        assert done.code == 1 and "decisions.toml of the working branch is not that of its base" in done.err


@pytest.mark.parametrize(
    "key", ["core.sshCommand", "remote.origin.uploadpack", "remote.origin.receivepack", "credential.helper"]
)
def test_settings_inside_the_repository_start_no_program(
    reviews: tuple[Repo, Cli, Path], tmp_path: Path, key: str
) -> None:
    """G2: whoever planted them has not run anything."""
    repo, cli, folder = reviews
    remote(repo, tmp_path)
    program = tmp_path / "planted"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    repo.git("config", key, str(program))
    done = cli("ci", "collect", str(folder), "--push")
    assert done.code == 1 and key.lower() in done.err and not (tmp_path / "ran").exists()


def test_names_of_remotes_and_branches_are_no_options(reviews: tuple[Repo, Cli, Path], tmp_path: Path) -> None:
    repo, cli, folder = reviews
    remote(repo, tmp_path)
    for args in (
        ("--remote=--upload-pack=touch x",),
        ("--branch=--force",),
        ("--to=a:b",),
        ("--remote=ext::sh -c id",),
    ):
        assert cli("ci", "collect", str(folder), "--push", *args).code == 1


def test_the_token_goes_to_its_host_and_is_on_no_disk(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """S31: over https only, by the environment."""
    repo.git("remote", "add", "origin", "https://user@git.example.invalid:8443/a.git")
    repo.git("remote", "add", "plain", "http://git.example.invalid/a.git")
    monkeypatch.setenv(TOKEN, "sesame")
    repository = Repository(repo.path)
    ((key, value),) = Remote(repository, "origin")._token()
    assert key == "http.https://git.example.invalid:8443/.extraheader" and value.startswith("AUTHORIZATION: basic ")
    assert Remote(repository, "plain")._token() == ()
    repository.close()


# -- money


def _packet(slot: str) -> Packet:
    return Packet("cache", "", "review", slot, "expert", "review", "", {}, "0" * 40)


def test_runners_that_cannot_ask_each_other_keep_the_budget_together(repo: Repo) -> None:
    """A6: each has its part; together they can never pass the limit, whatever each of them pays."""
    repository = Repository(repo.path)
    asks = [Ask("cache", "review", name) for name in ("a", "b", "c", "d")]
    budget = Budget(case=Decimal("1"), day=Decimal("2"))
    paid = Decimal()
    for ask in asks:  # each in a clone of its own
        till = Drawer(repository.place._replace(common=repo.path / f".git/{ask.slot}"))
        till.budget = share(till, repository, "HEAD", ask, asks, budget)
        for number in range(100):
            call = Call(f"{ask.slot}{number}", _packet(ask.slot), "m", Decimal("0.01"))
            try:
                till.reserve(call)
            except Exception as error:  # noqa: BLE001
                assert "budget" in str(getattr(error, "outcome", "")), error
                break
            till.keep(call, b"{}", Decimal("0.01"))
            paid += Decimal("0.01")
    repository.close()
    assert paid == Decimal("1.00")


def test_runners_in_one_clone_keep_it_too(repo: Repo) -> None:
    """A6: what one has paid is no other's, and is not taken off twice."""
    repository = Repository(repo.path)
    asks = [Ask("cache", "review", name) for name in ("a", "b")]
    for ask in asks:
        till = Drawer(repository.place)
        till.budget = share(till, repository, "HEAD", ask, asks, Budget(case=Decimal("1")))
        call = Call(ask.slot, _packet(ask.slot), "m", Decimal("0.5"))
        till.reserve(call)
        till.keep(call, b"{}", Decimal("0.5"))
        with pytest.raises(Exception, match="spent or set aside"):
            till.reserve(Call(f"{ask.slot}+", _packet(ask.slot), "m", Decimal("0.01")))
    repository.close()


# -- what the platform reads

COMMANDS = [
    "::set-output name=next::true", "::add-mask::a", "::error::x", "::error file=a,line=1::x", "::warning::x", "::notice::x", "::debug::x",
    "::group::x", "::endgroup::", "::add-matcher::x.json", "::remove-matcher owner=x::", "::stop-commands::x", "::save-state name=a::b",
    "::echo::on", "::add-path::/tmp", "::set-env name=PATH::/tmp", "  ::set-output name=a::b", "##[set-output name=a]b", "x ##[error]y",
    "\t::add-mask::e",
]  # fmt: skip


def runner_commands(log: str) -> list[str]:
    """The lines that the runner of GitHub takes for commands: ``::`` at the start, or ``##[`` anywhere; nothing while it is stopped."""
    found, stopped = [], ""
    for line in log.splitlines():
        text = line.lstrip()
        if stopped:
            stopped = "" if text == f"::{stopped}::" else stopped
        elif match := re.match(r"::stop-commands::(\w+)", text):
            stopped = match.group(1)
        elif re.match(r"::[A-Za-z-]+.*::", text) or re.search(r"##\[[a-z-]+[^\]]*\]", line):
            found.append(line)
    return found


def test_the_model_of_the_runner_sees_every_command() -> None:
    assert len(COMMANDS) == 20
    assert [text for text in COMMANDS if not runner_commands(text) and not text.startswith("::stop")] == []


@pytest.mark.parametrize("text", COMMANDS)
def test_words_of_models_are_no_workflow_commands(text: str) -> None:
    """S27: alone, in a line of several, after a line break of any kind."""
    for words in (text, f"a\n{text}", f"a\r\n{text}\nb", f"{text}\n{text}"):
        assert runner_commands(defused(words)) == []
    assert defused("std::vector and a#[b]") == "std::vector and a#[b]"


def test_no_command_of_the_program_lets_one_through(
    reviews: tuple[Repo, Cli, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S27: answers, requests, file names and findings full of commands; what the runner acts on is ours alone."""
    repo, cli, folder = reviews
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, str(tmp_path / name))
    words = "\n\n".join(COMMANDS)
    forge(folder, "steve", {"body": words})
    repo.commit({"_tasks/loud/001-user-request.md": f"# {COMMANDS[0]}\n\n{words}\n"})
    repo.commit({"_tasks/::error::x/001-user-request.md": f"---\ntype: request\n{COMMANDS[0]}: 1\n---\n"})
    logs = []
    for args in (("collect", str(folder)), ("plan",), ("plan", "--format", "json")):
        done = cli("ci", *args)
        logs.append(done.out + "\n" + done.err)
    for args in (
        ("status",),
        ("status", "--json"),
        ("show", "loud", "request"),
        ("prompt", "loud", "roadmap/don"),
        ("next",),
        ("check",),
    ):
        done = cli(*args)
        logs.append(done.out + "\n" + done.err)
    acted = [line for log in logs for line in runner_commands(log)]
    assert acted and all(line.startswith(("::error file=", "::warning file=")) for line in acted), acted
    assert all("\n" not in line and line.count("::set-output") <= 1 for line in acted)
    assert len(re.findall(r"(?m)^next<<", (tmp_path / "GITHUB_OUTPUT").read_text("utf-8"))) == 1
    assert "![" not in (tmp_path / "GITHUB_STEP_SUMMARY").read_text("utf-8")


def test_annotations_are_escaped_and_the_first_ten_of_a_kind(capsys: pytest.CaptureFixture[str]) -> None:
    bad = Finding("a/b", "error", "a,b:c\n.md", 3, 0, "50% of\nlines", "do: this")
    github.annotate([bad, *[bad._replace(severity="warning", line=number) for number in range(30)]])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "::error file=a%2Cb%3Ac%0A.md,line=3,col=1,title=a/b::50%25 of%0Alines%0AHint: do: this"
    assert len(lines) == 11


def test_a_table_of_the_summary_holds_words_only() -> None:
    told = github.markdown_table(["a"], [["`x` | <img src=x> ![](http://x) @me\n| b"]])
    assert told.count("\n") == 3 and "`'x' \\| <img src=x> ![](http://x) @me \\| b`" in told


def test_the_summary_of_a_round_has_tally_and_cost(
    reviews: tuple[Repo, Cli, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H3: what was recorded, what it cost, what is waited for."""
    _, cli, folder = reviews
    told = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(told))
    cli("ci", "collect", str(folder))
    text = told.read_text("utf-8")
    assert "### 2 commits on `main`" in text and "#### Cost" in text and "| `cache` | `2` | `no model called` |" in text


# -- the workflows


def test_init_writes_a_workflow_for_its_author_to_commit(repo: Repo, cli: Cli) -> None:
    """H3: the baseline is committed, the workflow is the person's; another one is not overwritten."""
    done = cli("init", "--ci", "github")
    path = ".github/workflows/decisions.yml"
    assert (
        done.code == 0
        and f"git add -- {path}" in done.err
        and repo.git("status", "--porcelain", "-uall") == f"?? {path}"
    )
    assert repo.read(path) == workflow() and "@VERSION@" not in workflow()
    assert cli("init", "--ci", "github").code == 0
    repo.write(path, "mine\n")
    refused = cli("init", "--ci", "github")
    assert refused.code == 1 and repo.read(path) == "mine\n"


def test_the_reusable_workflow_has_the_jobs_of_the_one_that_init_writes() -> None:
    reusable = (ROOT / ".github/workflows/phases.yml").read_text("utf-8")
    assert reusable.partition("\njobs:")[2] == workflow().partition("\njobs:")[2]
    assert re.search(r'(?m)^        default: "(.+)"$', reusable).group(1) in workflow()  # type: ignore[union-attr]


def test_a_clone_without_a_branch_name_is_told_what_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    repo = make_repo(tmp_path / "r")
    remote(repo, tmp_path)
    repo.git("checkout", "-q", "--detach")
    cli = make_cli(repo.path, monkeypatch, capsys)
    done = cli("ci", "collect", "--push")
    assert done.code == 1 and "--branch" in done.err
