"""The workflows run for real, by act on a bare repository: push, plan, matrix, collect, and the chain to the finished case."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from decisions_tool.ledger.audit import audit
from decisions_tool.ledger.repository import Repository
from tests.conftest import Repo, decisions
from tests.emulation.ground import ROOT, WORKFLOW, Forge, Ran, tool


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path)


def _sound(repo: Repo, branch: str = "main") -> None:
    """The history of what was pushed is proved, one line of commits, each slot once."""
    repo.git("fetch", "-q", "origin")
    repo.git("reset", "-q", "--hard", f"origin/{branch}")
    repository = Repository(repo.path)
    try:
        assert [f for f in audit(repository).findings if f.severity == "error"] == []
    finally:
        repository.close()
    assert repo.git("rev-list", "--merges", "HEAD") == ""
    subjects = [line for line in repo.subjects() if line.startswith("cache: ")]
    assert len(subjects) == len(set(subjects))


def _fine(ran: list[Ran]) -> None:
    for number, one in enumerate(ran):
        assert one.code == 0, f"run {number}:\n{one.log[-6000:]}"


def test_a_pushed_request_is_carried_to_the_finished_case(forge: Forge, capsys: pytest.CaptureFixture[str]) -> None:
    """H3: from the push of 001-user-request.md over the contract to the end, with the default token's means only."""
    repo = forge.person()
    repo.request("cache")
    repo.git("push", "-q", "origin", "main")
    ran = forge.rounds()
    _fine(ran)
    _sound(repo)
    names = repo.files()
    assert any(name.endswith("-contract.md") for name in names)
    assert decisions("status", "--json", cwd=repo.path).stdout.find('"phase": "done"') > 0
    assert {"plan", "collect"} <= ran[0].jobs()
    assert forge.dispatched() == ["workflow run decisions.yml --ref main"] * (len(ran) - 1)
    assert "check" not in {job for one in ran for job in one.jobs()}
    with capsys.disabled():
        sys.stdout.write(f"\n  {len(ran)} runs, {len(repo.subjects())} commits\n")


def test_a_protected_branch_gets_a_pull_request(forge: Forge) -> None:
    """H3 G5: with the variable set, all goes to decisions/main, main stays, and one pull request is opened."""
    forge.variables["DECISIONS_PULL_REQUEST"] = "true"
    repo = forge.person()
    before = repo.request("cache")
    repo.git("push", "-q", "origin", "main")
    ran = [forge.happens("push"), forge.happens("workflow_dispatch")]
    _fine(ran)
    assert forge.git("rev-parse", "main") == before
    assert forge.git("rev-list", "--count", "main..decisions/main") == "2"
    assert sum(line.startswith("pr create --head decisions/main --base main") for line in forge.gh()) == 1
    _sound(repo, "decisions/main")


def test_a_commit_of_the_workflow_itself_starts_nothing(forge: Forge) -> None:
    """S26: with a token whose pushes start workflows, the chain is still walked once."""
    repo = forge.person()
    repo.request("cache")
    repo.git("push", "-q", "origin", "main")
    _fine([forge.happens("push")])
    tip = forge.git("rev-parse", "main")
    assert "Decisions-Backend: rule" in forge.git("log", "-1", "--format=%B", "main")
    again = forge.happens("push")
    assert again.jobs() == set() and forge.git("rev-parse", "main") == tip


def test_a_pull_request_is_only_checked(forge: Forge) -> None:
    """S05 F10: no key, no plan, no commit; a rule that is broken fails the check."""
    repo = forge.person()
    if "--range" not in decisions("check", "--help", cwd=repo.path).stdout:
        pytest.skip("decisions check --range is not there yet")
    base = forge.git("rev-parse", "main")
    repo.git("switch", "-qc", "change")
    head = repo.commit({"_tasks/bad/002-roadmap.md": "---\ntype: roadmap\nunknown: 1\n---\n"}, "broken")
    repo.git("push", "-q", "origin", "change")
    pull = {"pull_request": {"base": {"sha": base, "ref": "main"}, "head": {"sha": head, "ref": "change"}}}
    ran = forge.happens("pull_request", "change", pull)
    assert ran.code == 1 and ran.jobs() == {"check"} and "unknown key 'unknown'" in ran.log, ran.log[-3000:]
    repo.git("switch", "-qC", "change", base)
    pull["pull_request"]["head"]["sha"] = repo.request("cache")
    repo.git("push", "-qf", "origin", "change")
    good = forge.happens("pull_request", "change", pull)
    assert good.code == 0 and good.jobs() == {"check"}, good.log[-3000:]
    assert forge.git("rev-parse", "main") == base


def test_the_reusable_workflow_does_the_same(forge: Forge) -> None:
    """H3: a caller of phases.yml brings events and permissions."""
    repo = forge.person()
    text = (ROOT / ".github/workflows/phases.yml").read_text("utf-8")
    caller = "on: [push]\njobs:\n  rounds:\n    uses: ./.github/workflows/phases.yml\n    secrets: inherit\n"
    repo.git("rm", "-q", WORKFLOW)
    repo.commit({".github/workflows/phases.yml": text, ".github/workflows/mine.yml": caller}, "workflows")
    repo.request("cache")
    repo.git("push", "-q", "origin", "main")
    ran = forge.happens("push", workflow=".github/workflows/mine.yml")
    _fine([ran])
    assert forge.git("log", "-1", "--format=%s", "main") == "cache: started"
    assert forge.dispatched() == ["workflow run mine.yml --ref main"]


def test_the_action_checks_and_plans(forge: Forge) -> None:
    """H3: action.yml, as a step of somebody's workflow."""
    repo = forge.person()
    checkout = re.search(r"uses: (actions/checkout@\w+)", (ROOT / ".github/workflows/phases.yml").read_text("utf-8"))
    assert checkout
    steps = f"on: [push]\njobs:\n  mine:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: {checkout.group(1)}\n"
    steps += "".join(f"      - id: {name}\n        uses: ./\n        with: {{{given}}}\n" for name, given in (
        ("check", "command: check"), ("plan", "command: plan"), ("soft", "command: check, path: bad, fail-on-error: false"),
    ))  # fmt: skip
    steps += '      - run: echo "told ${{ steps.check.outputs.passed }} ${{ steps.plan.outputs.has-work }} ${{ steps.soft.outputs.passed }}'
    steps += ' ${{ steps.soft.outputs.error-count }}"\n'
    action = (ROOT / "action.yml").read_text("utf-8")
    repo.commit({"action.yml": action, ".github/workflows/mine.yml": steps}, "mine")
    repo.commit({"bad/_tasks/x/002-roadmap.md": "---\ntype: roadmap\nunknown: 1\n---\n"}, "bad")
    repo.request("cache")
    repo.git("push", "-q", "origin", "main")
    ran = forge.happens("push", workflow=".github/workflows/mine.yml")
    _fine([ran])
    assert "told true true false 1" in ran.log, ran.log[-3000:]


def _files(tmp_path: Path) -> list[str]:
    """Every workflow there is, the one that init writes too."""
    made = Forge(tmp_path).person().path / WORKFLOW
    return [str(path) for path in (*sorted((ROOT / ".github/workflows").glob("*.yml")), made)]


def _fenced(language: str) -> str:
    """The example of that language in docs/ci.md."""
    return (ROOT / "docs/ci.md").read_text("utf-8").partition(f"```{language}\n")[2].partition("```")[0]


def test_the_loop_for_other_platforms_carries_a_case_on(forge: Forge) -> None:
    """H3: the script of docs/ci.md, as it stands there, on a detached HEAD."""
    repo = forge.person()
    repo.request(
        "cache",
        "---\ntype: request\nschema: 1\ncase: cache\nstatus: open\npanel: none\n---\n# Cache reads of the store\n",
    )
    repo.git("push", "-q", "origin", "main")
    clone = forge.top / "runner"
    repo.git("clone", "-q", str(forge.remote), str(clone))
    script = textwrap.dedent(_fenced("yaml").rpartition("- |\n")[2])
    who = {f"GIT_{who}_{what}": "bot@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {
        **os.environ,
        **who,
        "PATH": f"{forge.top / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "CI_COMMIT_BRANCH": "main",
    }
    done = subprocess.run(
        ["sh", "-euc", script], cwd=clone, env=env, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    _sound(repo)
    assert decisions("status", "--json", cwd=repo.path).stdout.find('"phase": "done"') > 0


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    """S05 S28 S31: pinned, minimal permissions, no injection, no token left on disk."""
    files = [*_files(tmp_path), str(ROOT / "action.yml"), str(ROOT / ".github/dependabot.yml")]
    done = subprocess.run(
        [tool("zizmor"), "--offline", "--no-progress", "--pedantic", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "No findings" in done.stdout, done.stdout


def test_the_schemas_find_nothing(tmp_path: Path) -> None:
    schemas = {"vendor.github-workflows": _files(tmp_path), "vendor.github-actions": [str(ROOT / "action.yml")]}
    schemas["vendor.dependabot"] = [str(ROOT / ".github/dependabot.yml")]
    gitlab = tmp_path / ".gitlab-ci.yml"
    gitlab.write_text(_fenced("yaml"), encoding="utf-8")
    schemas["vendor.gitlab-ci"] = [str(gitlab)]
    for schema, files in schemas.items():
        done = subprocess.run(
            [tool("check-jsonschema"), "--builtin-schema", schema, *files], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_the_tools_would_find_something(tmp_path: Path) -> None:
    """A lane that cannot fail proves nothing."""
    bad = tmp_path / "bad.yml"
    bad.write_text(
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ github.event.head_commit.message }}\n      - uses: a/b@v1\n"
    )
    assert subprocess.run(
        [tool("zizmor"), "--offline", "--no-progress", str(bad)], capture_output=True, check=False
    ).returncode
    bad.write_text("on: push\njobs: 3\n")
    args = [tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(bad)]
    assert subprocess.run(args, capture_output=True, check=False).returncode
    shutil.rmtree(tmp_path)
