"""A remote, a person who pushes to it, and act in place of the runners of GitHub. What cannot be had offline has a stub with a name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from decisions_tool import __version__
from tests.conftest import Repo, make_repo

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
WORKFLOW = ".github/workflows/decisions.yml"
#: What act does not know: it enforces no concurrency, and tells nobody which workflow runs.
_QUEUE = re.compile(r"^ *queue: max\n", re.MULTILINE)
_WHICH = ("GITHUB_WORKFLOW_REF", "EMULATED_WORKFLOW_REF")
#: The GitHub CLI: dispatch and pull requests are written down. `gh pr list` counts those that were opened.
_GH = """#!/bin/sh
printf '%s\\n' "$*" >> "$EMULATION/gh.log"
case "$1 $2" in "pr list") grep -c '^pr create' "$EMULATION/gh.log";; esac
exit 0
"""
#: The package index: whatever is installed must be the version that is here.
_PYTHON = """#!/bin/sh
if [ "$1 $2 $3" = "-m pip install" ]; then
  case "$5" in *decisions-tool==VERSION|*decisions-tool\\[anthropic\\]==VERSION|*/) exit 0;; *) echo "not here: $5" >&2; exit 1;; esac
fi
exec "PYTHON" "$@"
"""
_DECISIONS = """#!/bin/sh
PYTHONPATH="ROOT" exec "PYTHON" -P -c 'from decisions_tool.cli import main; main()' "$@"
"""


def tool(name: str) -> str:
    """A program that the tests cannot do without; its absence is a failure, not a skip."""
    found = shutil.which(name, path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    assert found, f"{name} is not here: make ci-emulation installs it from requirements.lock"
    return found


@dataclass
class Ran:
    """One run of a workflow."""

    code: int
    log: str

    def jobs(self) -> set[str]:
        """The jobs that did something."""
        return {
            name.strip()
            for name in re.findall(r"^\[[^/\]]+/([^\]]+)\].*(?:Job succeeded|Job failed)", self.log, re.MULTILINE)
        }


@dataclass
class Forge:
    """A bare repository as the remote, and what its runners do when something happens to it."""

    top: Path
    variables: dict[str, str] = field(default_factory=dict)
    runs: int = 0

    @property
    def remote(self) -> Path:
        return self.top / "remote.git"

    def person(self) -> Repo:
        """A clone with the workflow in it, pushed."""
        repo = make_repo(self.top / "person")
        self._programs()
        self._call(repo.path, "init", "--ci", "github")
        repo.git("add", WORKFLOW)
        repo.git("commit", "-qm", "workflow")
        repo.git("clone", "-q", "--bare", ".", str(self.remote))
        repo.git("remote", "add", "origin", str(self.remote))
        return repo

    def _programs(self) -> None:
        made = {"gh": _GH, "python": _PYTHON, "decisions": _DECISIONS}
        for name, text in made.items():
            file = self.top / "bin" / name
            file.parent.mkdir(exist_ok=True)
            text = (
                text.replace('PYTHON"', f'{sys.executable}"').replace("ROOT", str(ROOT)).replace("VERSION", __version__)
            )
            file.write_text(text, encoding="utf-8")
            file.chmod(0o755)

    def _call(self, folder: Path, *args: str) -> None:
        subprocess.run([self.top / "bin/decisions", *args], cwd=folder, check=True, capture_output=True)

    def git(self, *args: str) -> str:
        return Repo(self.remote).git(*args)

    def dispatched(self) -> list[str]:
        """The calls of gh that asked for another run."""
        return [line for line in self.gh() if line.startswith("workflow run")]

    def gh(self) -> list[str]:
        log = self.top / "gh.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def happens(
        self, event: str, branch: str = "main", more: Mapping[str, object] | None = None, workflow: str = WORKFLOW
    ) -> Ran:
        """An event on a branch, and all that the workflow does about it."""
        self.runs += 1
        clone = self.top / f"run-{self.runs}"
        subprocess.run(["git", "clone", "-q", "--branch", branch, str(self.remote), str(clone)], check=True)
        for file in (clone / ".github/workflows").glob("*.yml"):
            text = _QUEUE.sub("", file.read_text(encoding="utf-8")).replace(*_WHICH)
            file.write_text(text, encoding="utf-8")
        shutil.rmtree(self.top / "artifacts", ignore_errors=True)
        (self.top / "artifacts").mkdir()
        ran = self._act(clone, event, self._payload(branch, more or {}), workflow)
        shutil.rmtree(clone)
        return ran

    def _payload(self, branch: str, more: Mapping[str, object]) -> Path:
        told = self.git("log", "-1", "--format=%B%x00%ce", branch).split("\0")
        head = {"message": told[0], "committer": {"email": told[1].strip()}}
        payload = self.top / "event.json"
        payload.write_text(json.dumps({"ref": f"refs/heads/{branch}", "deleted": False, "head_commit": head, **more}))
        return payload

    def _act(self, clone: Path, event: str, payload: Path, workflow: str) -> Ran:
        path = os.pathsep.join([str(self.top / "bin"), str(BIN), os.environ["PATH"]])
        settings = {
            "EMULATION": str(self.top),
            _WHICH[1]: f"owner/project/{workflow}@refs/heads/main",
            "PATH": path,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        args = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
        args += [part for name, value in self.variables.items() for part in ("--var", f"{name}={value}")]
        for used in sorted(set(re.findall(r"uses: (actions/[a-z-]+@[0-9a-f]{40})", _all_workflows(clone)))):
            args += ["--local-repository", f"{used}={HERE / 'stubs' / used.partition('/')[2].partition('@')[0]}"]
        done = subprocess.run(
            [tool("act"), event, "-W", workflow, "-P", "ubuntu-latest=-self-hosted", "-e", str(payload), "-s", "GITHUB_TOKEN=none", *args],
            cwd=clone, capture_output=True, text=True, check=False, timeout=300,
            env={**os.environ, **settings, "HOME": str(self.top), "XDG_CACHE_HOME": str(self.top / "cache")},
        )  # fmt: skip
        return Ran(done.returncode, done.stdout + done.stderr)

    def rounds(self, first: str = "push", most: int = 40) -> list[Ran]:
        """An event, and the runs that the workflow calls for until it calls for none."""
        ran = [self.happens(first)]
        while len(self.dispatched()) >= len(ran) and len(ran) < most:
            ran.append(self.happens("workflow_dispatch"))
        return ran


def _all_workflows(clone: Path) -> str:
    files = [*(clone / ".github/workflows").glob("*.yml"), *clone.glob("action.yml"), ROOT / "action.yml"]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
