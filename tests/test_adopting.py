"""`decisions adopt`: front matter for documents that are older than the tool, and the way back (F3, F4, F5, F11, G6)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from decisions_tool.documents import frontmatter
from tests.conftest import CODE, REQUEST, Cli, Repo, make_cli, make_repo

TASKS = Path(__file__).parents[2] / "shared" / "corpus" / "grafema" / "_tasks"
OLD = "_tasks/old/001-user-request.md"
FRAMING = """\
QUESTION: How should a read that failed be tried again?

SCOPE:
  In scope:
    - the loop in `shop/store/db.py`
  Out of scope:
    - writes

SUCCESS CRITERIA:
  1. At most three attempts

KEY FILES (3-7):
  - shop/store/db.py: the only loop

IMPACT: Medium
"""
HANDS = Path(__file__).parent / "hands"


def committed(repo: Repo, files: dict[str, str | bytes]) -> dict[str, bytes]:
    repo.commit(files, "what was there before")
    return {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}


def blob(repo: Repo, path: str) -> bytes:
    import subprocess

    return subprocess.run(["git", "show", f"HEAD:{path}"], cwd=repo.path, capture_output=True, check=True).stdout


def clean(cli: Cli) -> None:
    done = cli("audit", "--json")
    assert (done.code, done.json["findings"]) == (0, []), done.out


@pytest.fixture
def done_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The documents of a task as people would have written them: what a rehearsal makes, without front matter."""
    repo = make_repo(tmp_path / "elsewhere")
    call = make_cli(repo.path, monkeypatch, capsys)
    assert call("init").code == 0
    repo.request("old")
    call("run")
    texts = {path: repo.at_head(path) + "\n" for path in repo.files()}
    return {path: frontmatter.read(text, path).body.lstrip("\n") for path, text in texts.items()}


# ---------------------------------------------------------------------- what it does


def test_adopt_shows_and_changes_nothing_until_it_is_told_to_write(repo: Repo, cli: Cli) -> None:
    committed(repo, {OLD: REQUEST, "_tasks/old/notes.md": "# Notes\n"})
    head = repo.git("rev-parse", "HEAD")
    done = cli("adopt")
    assert done.code == 0 and "1 document to adopt, 1 left alone" in done.err and "decisions adopt --write" in done.err
    assert "+ type: request" in done.out and "its name is none that the workflow knows" in done.out
    assert repo.git("rev-parse", "HEAD") == head and repo.git("status", "--porcelain") == ""


def test_adopt_makes_one_commit_and_keeps_every_other_byte(repo: Repo, cli: Cli) -> None:
    held = committed(
        repo,
        {
            OLD: REQUEST,
            "_tasks/ends/001-user-request.md": b"# Windows\r\n\r\nlines  \r\n",
            "_tasks/open/001-user-request.md": "no line feed at the end",
            "docs/decisions/working/q/framing.md": "Should the store keep what it reads?\n",
        },
    )
    before = int(repo.git("rev-list", "--count", "HEAD"))
    assert cli("adopt", "--write").code == 0
    assert int(repo.git("rev-list", "--count", "HEAD")) == before + 1
    for path in [path for path in held if "framing" not in path]:
        data = blob(repo, path)
        assert data.endswith(b"---" + (b"\r\n" if b"\r" in held[path] else b"\n") + held[path]), path
        assert data == (repo.path / path).read_bytes()
    assert repo.git("status", "--porcelain") == ""
    clean(cli)


def test_adopt_says_what_and_where_and_since_when_and_invents_no_provenance(repo: Repo, cli: Cli) -> None:
    date = "2021-03-04T05:06:07+02:00"
    repo.write(OLD, REQUEST)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "a task", env={"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date})
    repo.commit({OLD: REQUEST + "\n- One more.\n"}, "more of it")
    assert cli("adopt", "--write").code == 0
    values = frontmatter.read(repo.at_head(OLD), OLD).values
    assert values == {"type": "request", "schema": "1", "case": "old", "created": "2021-03-04T03:06:07Z"}
    message = repo.git("log", "-1", "--format=%B")
    assert "Decisions-Phase: adopt" in message and "Backend" not in message and "Model" not in message


def test_adopt_leaves_alone_and_names_what_it_does_not_understand(repo: Repo, cli: Cli) -> None:
    files: dict[str, str | bytes] = {
        "_tasks/bom/001-user-request.md": b"\xef\xbb\xbf# With a mark\n",
        "_tasks/latin/001-user-request.md": b"# caf\xe9\n",
        "_tasks/rule/001-user-request.md": "---\nA line above it all\n",
        "_tasks/foreign/001-user-request.md": "---\ntitle: mine\n---\n# Title\n",
        "_tasks/empty/001-user-request.md": "",
        "_tasks/old/003-don-review.md": "# A review in free words\n",
        "_tasks/old/002-don-plan.md": "# A plan\n",
        "docs/decisions/working/q/quality-gate.md": "| proposal | passed |\n|---|---|\n| a | yes |\n",
        "docs/decisions/working/q/tally.md": "# Tally\n",
        "docs/decisions/0001-use-git.md": "# Use git\n\n## Status\n\nAccepted\n",
        "docs/decisions/DR-001-use-git.md": "# Use git\n",
    }
    held = committed(repo, files)
    (repo.path / "_tasks/link").mkdir()
    (repo.path / "_tasks/link/001-user-request.md").symlink_to("../old/002-don-plan.md")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "a link")
    done = cli("adopt", "--json")
    reasons = {left["path"]: left["reason"] for left in done.json["left"]}
    assert done.json["adopted"] == [] and reasons.keys() == {*held, "_tasks/link/001-user-request.md"}
    assert "byte order mark" in reasons["_tasks/bom/001-user-request.md"]
    assert "UTF-8" in reasons["_tasks/latin/001-user-request.md"]
    assert "front matter of its own" in reasons["_tasks/foreign/001-user-request.md"]
    assert "computed" in reasons["docs/decisions/working/q/tally.md"]
    head = repo.git("rev-parse", "HEAD")
    assert cli("adopt", "--write").code == 0
    assert repo.git("rev-parse", "HEAD") == head, "nothing to adopt makes no commit"
    assert all(blob(repo, path) == data for path, data in held.items())


def test_adopt_takes_paths_and_does_nothing_twice(repo: Repo, cli: Cli) -> None:
    committed(repo, {OLD: REQUEST, "_tasks/other/001-user-request.md": REQUEST})
    done = cli("adopt", "_tasks/old", "--write", "--json")
    assert done.json["written"] and [a["path"] for a in done.json["adopted"]] == [OLD]
    assert not repo.at_head("_tasks/other/001-user-request.md").startswith("---")
    assert [a["case"] for a in cli("adopt", "--json").json["adopted"]] == ["other"]
    assert cli("adopt", "src").code == 1


def test_a_shallow_clone_does_not_tell_since_when_a_document_is_there(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    committed(repo, {OLD: REQUEST})
    repo.commit({"README.md": "later\n"})
    shallow = make_repo(repo.path.parent / "shallow")
    shallow.git("fetch", "-q", "--depth=1", f"file://{repo.path}", "HEAD")
    shallow.git("reset", "-q", "--hard", "FETCH_HEAD")
    call = make_cli(shallow.path, monkeypatch, capsys)
    assert [a["created"] for a in call("adopt", "--write", "--json").json["adopted"]] == [None]
    assert "created" not in shallow.at_head(OLD) and call("audit").code == 0


def test_adopt_leaves_unsaved_work_alone(repo: Repo, cli: Cli) -> None:
    committed(repo, {OLD: REQUEST})
    repo.write(OLD, REQUEST + "\nmore\n")
    head = repo.git("rev-parse", "HEAD")
    assert "1 file with uncommitted changes" in cli("adopt").err
    done = cli("adopt", "--write")
    assert done.code == 1 and "uncommitted changes" in done.err and repo.git("rev-parse", "HEAD") == head
    assert repo.read(OLD) == REQUEST + "\nmore\n"


# ---------------------------------------------------------------------- afterwards


def test_what_is_adopted_is_not_started_by_surprise_and_can_be_started(repo: Repo, cli: Cli) -> None:
    """F11: neither adopting nor an init that follows it starts a case, whatever its words are."""
    request = REQUEST + "\nstatus: open\n"
    committed(repo, {OLD: request})
    assert cli("adopt", "--write").code == 0
    assert cli("init").code == 0
    assert '"old"' in repo.read("decisions.toml")
    head = repo.git("rev-parse", "HEAD")
    assert cli("run").code == 0 and repo.git("rev-parse", "HEAD") == head
    assert cli("start", "old").code == 0
    assert "status: active" in repo.at_head(OLD) and repo.at_head(OLD).rstrip().endswith(request.rstrip())
    clean(cli)


def test_a_task_under_way_is_adopted_and_carried_on(repo: Repo, cli: Cli, done_task: dict[str, str]) -> None:
    """Roadmap and reviews by hand are taken as they are; the run goes on after them."""
    reviews = [path for path in done_task if path.endswith("-review.md")]
    kept = [OLD, "_tasks/old/002-roadmap.md", *reviews[:1]]
    assert len(kept) == 3
    held = committed(repo, {path: done_task[path] for path in kept})
    assert cli("init").code == 0
    done = cli("adopt", "--write", "--json")
    assert {a["path"] for a in done.json["adopted"]} == set(kept), done.out
    clean(cli)
    assert cli("start", "old").code == 0
    assert cli("run").code in {0, 4}
    assert "_tasks/old/004-expert-concerns.md" in repo.files()
    assert frontmatter.read(repo.at_head(reviews[0]), "").body.rstrip() == held[reviews[0]].decode().rstrip()
    assert "backend" not in (frontmatter.read(repo.at_head(reviews[0]), "").values or {})
    clean(cli)
    assert cli("check").code == 0


def test_what_is_read_without_front_matter_is_read_the_same_after_an_adoption(repo: Repo, cli: Cli) -> None:
    """F5: a framing in the seed's block; a register of concerns that only ``concerns`` can read."""
    framing, register = "docs/decisions/working/q/framing.md", "_tasks/old/004-expert-concerns.md"
    held = committed(repo, {OLD: REQUEST, framing: FRAMING, register: (HANDS / "anna.md").read_bytes()})
    before = [cli("concerns", "_tasks/old", "--json").json, cli("frame", framing, "--json").json]
    done = cli("adopt", "--write", "--json")
    assert {a["path"]: a["type"] for a in done.json["adopted"]} == {
        OLD: "request", framing: "framing",
    }  # fmt: skip
    assert register in {left["path"] for left in done.json["left"]}, "a register in a hand of its own is read as it is"
    assert all(blob(repo, path).endswith(data) for path, data in held.items())
    after = [cli("concerns", "_tasks/old", "--json").json, cli("frame", framing, "--json").json]
    lines = [finding.pop("line") for told in (before[1], after[1]) for finding in told["findings"]]
    assert lines and after == before
    clean(cli)


def test_adopt_is_undone_by_a_new_commit_that_gives_every_byte_back(repo: Repo, cli: Cli) -> None:
    """G6: history is not rewritten, and the audit holds both commits to what they say."""
    held = committed(repo, {OLD: REQUEST, "_tasks/ends/001-user-request.md": b"# Windows\r\n"})
    assert cli("adopt", "--undo").code == 1, "nothing was adopted"
    assert cli("adopt", "--write").code == 0
    assert cli("adopt", "--undo", "--reason", "too early").code == 0
    assert all(blob(repo, path) == data == (repo.path / path).read_bytes() for path, data in held.items())
    assert "undone: adopted 2 documents" in repo.subjects()[0]
    clean(cli)
    assert cli("adopt", "--undo").code == 1, "it is undone already"
    assert cli("adopt", "--write").code == 0
    assert cli("adopt", "--undo").code == 0
    assert all(blob(repo, path) == data for path, data in held.items())
    clean(cli)


def test_adopt_is_not_undone_under_a_case_that_went_on(repo: Repo, cli: Cli) -> None:
    committed(repo, {OLD: REQUEST})
    assert cli("adopt", "--write").code == 0 and cli("start", "old").code == 0
    head = repo.git("rev-parse", "HEAD")
    done = cli("adopt", "--undo")
    assert done.code == 1 and f"{OLD} changed after it was adopted" in done.err
    assert repo.git("rev-parse", "HEAD") == head


# ---------------------------------------------------------------------- what passes itself off as an adoption

_TRAILERS = (
    "decisions: adopted 1 document\n\nDecisions-Case: decisions\nDecisions-Phase: adopt\nDecisions-Slot: front-matter\n"
)
_FRONT = "---\ntype: request\nschema: 1\ncase: old\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{_FRONT}status: active\n---\n{REQUEST}",
        f"{_FRONT}backend: offline\n---\n{REQUEST}",
        f"{_FRONT}decision-makers: [Eve <eve@example.invalid>]\n---\n{REQUEST}",
        f"{_FRONT}---\n{REQUEST}And one word more.\n",
        f"{_FRONT.replace('old', 'other')}---\n{REQUEST}",
        f"{_FRONT}---\n\n{REQUEST}",
        REQUEST + "changed\n",
    ],
    ids=["status", "backend", "approval", "words", "case", "blank", "no front matter"],
)
def test_audit_names_an_adoption_that_does_more(repo: Repo, cli: Cli, text: str) -> None:
    committed(repo, {OLD: REQUEST})
    forged = repo.commit({OLD: text}, _TRAILERS)
    done = cli("audit", "--json")
    assert done.code == 1 and done.json["first"] == forged
    assert "audit/edited" in {finding["rule"] for finding in done.json["findings"]}


def test_audit_names_every_file_of_an_adoption_that_is_no_document_to_adopt(repo: Repo, cli: Cli) -> None:
    tally, code = "docs/decisions/working/q/tally.md", next(iter(CODE))
    committed(repo, {OLD: REQUEST, tally: "# Tally\n"})
    front = "---\ntype: tally\nschema: 1\ncase: q\n---\n"
    files: dict[str, str | bytes] = {OLD: f"{_FRONT}---\n{REQUEST}", code: "changed\n", tally: front + "# Tally\n"}
    forged = repo.commit(files, _TRAILERS)
    done = cli("audit", "--json")
    assert done.code == 1 and done.json["first"] == forged
    assert {f["path"] for f in done.json["findings"] if f["rule"] == "audit/edited"} == {code, tally}


def test_audit_names_an_undo_of_an_adoption_that_loses_words(repo: Repo, cli: Cli) -> None:
    committed(repo, {OLD: REQUEST})
    assert cli("adopt", "--write").code == 0
    adoption = repo.git("rev-parse", "HEAD")
    trailers = f"x\n\nDecisions-Case: decisions\nDecisions-Phase: undo\nDecisions-Slot: {adoption}\n"
    forged = repo.commit({OLD: REQUEST.replace("rules", "")}, trailers)
    done = cli("audit", "--json")
    assert done.code == 1 and done.json["first"] == forged


# ---------------------------------------------------------------------- other people's folders


@pytest.mark.skipif(not TASKS.is_dir(), reason=f"THE CORPUS IS NOT THERE: nothing at {TASKS}")
def test_twenty_task_folders_are_adopted_and_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = make_repo(tmp_path / "repo", {"README.md": "# Others\n"})
    shutil.copytree(TASKS, repo.path / "_tasks", copy_function=shutil.copyfile)
    for found in (repo.path / "_tasks").rglob("*"):
        found.chmod(0o755 if found.is_dir() else 0o644)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "other people's folders")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    call = make_cli(repo.path, monkeypatch, capsys)
    requests = {p.relative_to(repo.path).as_posix() for p in repo.path.glob("_tasks/*/001-user-request.md")}
    done = call("adopt", "--write", "--json")
    adopted = {a["path"] for a in done.json["adopted"]}
    assert done.code == 0 and requests <= adopted and len(requests) > 10
    assert len(adopted) + len(done.json["left"]) == len(repo.files()), "every file is adopted or named"
    for path in adopted:
        assert (repo.path / path).read_bytes().endswith((TASKS.parent / path).read_bytes()), path
    clean(call)
    assert call("adopt", "--undo").code == 0
    assert repo.git("rev-parse", "HEAD^{tree}") == tree
    clean(call)
