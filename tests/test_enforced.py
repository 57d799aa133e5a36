"""D26: which records bind, what addenda allow, what a change newly breaks; on the command line and in the hook."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from decisions_tool.enforce.contract import read_constraints, read_record
from decisions_tool.enforce.ruled_out import Rule, Unread, read_rules
from decisions_tool.enforce.tree import Tree
from decisions_tool.enforce.verify import Verdict, verify, verify_changed
from tests.conftest import Cli, Repo, examples, make_cli, make_repo
from tests.contracted import CODE, RECORD, RECORD_PATH
from tests.test_hook import _commit, hooked

__all__ = ["hooked"]
STORE, NET, RULES = "shop/store.py", "shop/net.py", "core/rules.py"
CONSTRAINTS = "docs/decisions/constraints.md"
BROKEN = CODE[STORE].replace("timeout: float = 1.5", "timeout: float = 9.5")


def tree(files: dict[str, str | bytes]) -> Tree:
    held = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    return Tree(held.get, lambda: held.keys())


def judged(changes: dict[str, str | None] | None = None, *records: str) -> Verdict:
    """The verdict on code and record with some files replaced; None takes one away."""
    files = {**CODE, RECORD_PATH: RECORD, **(changes or {})}
    return verify(tree({path: text for path, text in files.items() if text is not None}), records)


def lines(verdict: Verdict) -> list[str]:
    return [f"{one.path}:{one.line} {one.rule.removeprefix('contract/')}" for one in verdict.findings]


def addendum(body: str, of: str = "DR-004-one-store.md") -> str:
    return f"# Project constraints\n\n## Constraint Addendum: cache — more\nDate: 2026-02-01\nDecision Record: {of}\n\n{body}\n"


# ---------------------------------------------------------------------- what binds


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("status: accepted\n", "status: superseded\n"),
        ("status: accepted\n", "status: escalated\n"),
        ("status: accepted\n", "status: accepted\nrehearsal: true\n"),
        ("### Status: accepted\n", "### Status: superseded\n"),
        ("### Status: accepted\n", "### Status: accepted\n### Superseded-by: DR-009\n"),
    ],
)
def test_d26_only_records_in_force_bind(old: str, new: str) -> None:
    assert lines(judged({STORE: BROKEN}))
    assert lines(judged({STORE: BROKEN, RECORD_PATH: RECORD.replace(old, new)})) == []


@pytest.mark.parametrize(
    "head",
    [
        "# ADR 4: One store\n\n* Status: accepted\n* Date: 2026-01-02\n\n## Context\n\nWords.\n\n## Code Contract\n",
        "# One store\n\n## Status\n\nAccepted\n\n## Context\n\nstatus: nobody knows\n\n## Code contract\n",
        "---\nstatus: implemented\n---\n\n# One store\n\n### Code Contract\n",
        "# One store\n\n**Status:** Accepted on 2026-01-02\n\n## Code Contract\n",
    ],
)
def test_f8_records_of_other_formats_bind_by_their_contract(head: str) -> None:
    text = f"{head}\n```python\n# shop/net.py\ndef fetch(url: str) -> str: ...\n```\n"
    found = judged({RECORD_PATH: None, "docs/adr/0004-one-store.md": text})
    assert lines(found) == ["shop/net.py:6 signature"] * 2


def test_d26_a_superseded_section_does_not_bind() -> None:
    section = "#### `shop/store.py`\n"
    assert (
        lines(judged({STORE: BROKEN, RECORD_PATH: RECORD.replace(section, f"{section}Superseded-by: DR-009\n")})) == []
    )


def test_d26_a_later_record_takes_the_place_of_what_it_says_anew() -> None:
    later = (
        RECORD.partition("### Code Contract")[0]
        + "### Code Contract\n\n```python\n# shop/store.py\nclass Store(Base):\n"
        + "    def get(self, key: str, default: bytes | None = None, *, timeout: float = 9.5) -> bytes | None: ...\n```\n"
    )
    found = judged({STORE: BROKEN, "docs/decisions/DR-011-later.md": later})
    assert lines(found) == []
    assert lines(judged({"docs/decisions/DR-011-later.md": later})) == ["shop/store.py:61 signature"]


# ---------------------------------------------------------------------- addenda


@pytest.mark.parametrize(
    "body",
    [
        "### Deviations\n\n- `Store.get` — the net is slower than we thought",
        "### Deviations\n\n- `Store.get(timeout)` — the net is slower than we thought",
        "### Deviations\n\n- `shop/store.py:Store.get.timeout` — the net is slower than we thought",
        "### Deviations\n\n- `shop/store.py` — will be written again",
        "### Interface Contracts\n\n```python\n# From shop/store.py\nclass Store(Base):\n"
        "    def get(self, key: str, default: bytes | None = None, *, timeout: float = 9.5) -> bytes | None: ...\n```",
        "### Interface Contracts\n\n  # From shop/store.py\n  class Store(Base):\n"
        "      def get(self, key: str, default: bytes | None = None, *, timeout: float = 9.5) -> bytes | None: ...",
    ],
)
def test_d26_an_addendum_makes_a_deviation_legal(body: str) -> None:
    assert lines(judged({STORE: BROKEN, CONSTRAINTS: addendum(body)})) == []
    other = BROKEN.replace("    LOW = 1", "    LOW = 3")
    assert "value" in "".join(lines(judged({STORE: other, CONSTRAINTS: addendum(body)}))) or "`shop/store.py` —" in body


@pytest.mark.parametrize(
    "text",
    [
        addendum("### Deviations\n\n- `Store.get`"),
        addendum("### Deviations\n\n- `Store.put` — the net is slower than we thought"),
        addendum("### Deviations\n\n- `shop/net.py` — the net is slower than we thought"),
        addendum("### Deviations\n\n- `Store.get` — the net is slower", of="DR-003-other.md"),
        addendum("### Deviations\n\n- none"),
    ],
)
def test_d26_an_addendum_allows_what_it_names_with_a_reason_and_nothing_else(text: str) -> None:
    assert lines(judged({STORE: BROKEN, CONSTRAINTS: text})) == ["shop/store.py:61 signature"]


def test_d22_an_addendum_may_stand_in_the_record() -> None:
    said = "\n### Addendum 1 (2026-02-01)\n\nSlower.\n\n#### Deviations\n\n- `Store.get` — the net is slower than we thought\n"
    assert lines(judged({STORE: BROKEN, RECORD_PATH: RECORD + said})) == []
    assert [one.line for one in judged({STORE: BROKEN, RECORD_PATH: RECORD + said}).declared] == [61]


# ---------------------------------------------------------------------- files, what is not there, what cannot be read


def test_d26_new_files_have_to_be_there_and_deleted_ones_gone() -> None:
    assert lines(judged({"shop/old.py": "x = 1\n"})) == ["shop/old.py:0 file"]
    assert lines(judged({STORE: None})) == ["shop/store.py:0 missing"] * 2
    assert lines(judged({"shop/legacy/a.py": ""})) == ["shop/legacy/a.py:1 ruled-out"]


def test_d26_what_nobody_has_begun_is_not_yet_real_until_somebody_asks() -> None:
    nothing: dict[str, str | None] = {path: None for path in CODE if path != RULES}
    assert lines(judged(nothing)) == [] and len(judged(nothing).unreal) == 7
    assert len(lines(judged(nothing, "DR-004"))) == 7
    implemented = RECORD.replace("status: accepted", "status: implemented")
    assert len(lines(judged({**nothing, RECORD_PATH: implemented}))) == 7


def test_d20_what_an_open_story_still_brings_is_not_yet_real() -> None:
    half: dict[str, str | None] = {NET: None}
    assert lines(judged(half)) == ["shop/net.py:0 missing"]
    stories = "docs/decisions/DR-004-stories.md"
    assert lines(judged({**half, stories: "# Stories\n\n## S1\n\n**Status:** open\n"})) == []
    assert lines(judged({**half, stories: "# Stories\n\n## S1\n\n**Status:** done\n"})) == ["shop/net.py:0 missing"]


def test_d26_code_that_moved_behind_an_import_is_found_there() -> None:
    moved = CODE[STORE].replace('"""The store."""', '"""What is inside."""')
    here = "from shop._inner import *\nfrom ._inner import LIMIT as LIMIT, Store\n"
    assert lines(judged({STORE: here, "shop/_inner.py": moved})) == []
    broken = moved.replace("timeout: float = 1.5", "timeout: float = 9.5")
    assert lines(judged({STORE: here, "shop/_inner.py": broken})) == ["shop/_inner.py:61 signature"]
    assert lines(judged({STORE: None, "shop/store/__init__.py": CODE[STORE]})) == []


def test_d26_what_comes_from_elsewhere_is_unchecked_and_said_so() -> None:
    text = CODE[NET].replace("def fetch", "def _fetch") + "\n\nfrom elsewhere import fetch\n"
    found = judged({NET: text})
    assert lines(found) == [] and any("elsewhere" in one.what for one in found.unchecked)


def test_d26_what_no_machine_can_hold_is_listed() -> None:
    record = RECORD.replace(
        "### Files Changed", "```sql\ncreate table x (y int);\n```\n\n```python\ndef (:\n```\n\n### Files Changed"
    )
    said = [one.what for one in judged({RECORD_PATH: record}).unchecked]
    assert any("sql" in what for what in said) and any("not Python" in what for what in said)
    assert any("A store per thread" in what for what in said) and len(said) == 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"def fetch(:\n", 1, "not Python"),
        (b"x = 1\nprint 'x'\n", 2, "Python 2"),
        (b"\xff\xfe\x00", 1, "encoding"),
        (b"# -*- coding: nonsense -*-\n", 1, "encoding"),
        (b"x" * (1 << 20) + b"\n", 1, "larger"),
        (b"(" * 5000, 1, "too"),
    ],
)
def test_d26_code_that_cannot_be_read_is_a_finding(text: bytes, line: int, words: str) -> None:
    found = verify(tree({**CODE, RECORD_PATH: RECORD, NET: text})).findings
    assert [(one.path, one.line, one.rule) for one in found] == [(NET, line, "contract/unreadable")]
    assert words in found[0].message


READ = (
    STORE,
    NET,
    RULES,
    "data/table.json",
    "settings.toml",
    "pipe.yaml",
    "entry.schema.json",
    RECORD_PATH,
    CONSTRAINTS,
)


@given(
    path=st.sampled_from(READ),
    text=st.binary(max_size=200) | st.text(alphabet="def class():\n\t =\"'[]{}@.*/,x1\\#", max_size=80).map(str.encode),
)
@settings(max_examples=examples(40), deadline=None)
@example(path=RULES, text=b"\x00")
@example(path=STORE, text=b"class Store(Store): pass\nfrom shop.store import *\nStore = Store\n")
@example(path=STORE, text=b"LIMIT = " + b"-" * 900 + b"1")
@example(path=NET, text=b"def fetch(url=" + b"a+" * 900 + b"a): pass")
@example(path="pipe.yaml", text=b"a: &a [x, x]\nb: &b [*a, *a]\nname: *b\n")
@example(path="pipe.yaml", text=b"[" * 3000)
@example(path="data/table.json", text=b"[" * 100_000)
def test_d26_no_bytes_make_it_raise(path: str, text: bytes) -> None:
    verify(tree({**CODE, RECORD_PATH: RECORD, path: text}))
    read_record(RECORD_PATH, RECORD.encode() + text)
    read_constraints(CONSTRAINTS, b"- `a` must not be imported in " + text)


# ---------------------------------------------------------------------- sentences

SENTENCES = [
    ("`requests` must not be imported in `core/`", ("requests",), ("core/",), ()),
    ("`core/` must not import `requests`, `urllib3` or `httpx`", ("requests", "urllib3", "httpx"), ("core/",), ()),
    ("No import of `requests` outside `net/`", ("requests",), (), ("net/",)),
    ("Only `net/http.py` may import `requests`", ("requests",), (), ("net/http.py",)),
    ("`sqlite3` may only be imported in `store/`", ("sqlite3",), (), ("store/",)),
    ("Nothing in `core/` imports `shop.net`", ("shop.net",), ("core/",), ()),
    ("`shop.web` must not depend on `shop.store`", ("shop.store",), ("shop/web",), ()),
    ("`import requests` anywhere in `core/`: the net is slow", ("requests",), ("core/",), ()),
    ("`from os import system` is ruled out", ("os.system",), (), ()),
    ("`pickle` must never be imported", ("pickle",), (), ()),
    ("`shop/legacy.py` must not be imported", ("shop.legacy",), (), ()),
    ("imports of `requests` are forbidden in core/**/*.py", ("requests",), ("core/**/*.py",), ()),
    ("`requests` must not be imported in `core/` except in `core/net.py`", ("requests",), ("core/",), ("core/net.py",)),
    ("`shop/legacy/` must not exist", (), ("shop/legacy/",), ()),
    ("No new files in `shop/old/`", (), ("shop/old/",), ()),
]  # fmt: skip
VAGUE = [
    "Parallel dicts: everything is in one place",
    "`requests` must not be imported in the core package",
    "requests must not be imported in core/",
    "`Store` as a singleton: hidden state",
    "Do not use `eval`",
    "`core/` stays small",
    "Only tests may import `pytest`",
]


@pytest.mark.parametrize(("said", "modules", "inside", "outside"), SENTENCES)
def test_d26_a_sentence_becomes_a_rule(
    said: str, modules: tuple[str, ...], inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    from decisions_tool.documents.lines import Line

    for ruled in (True, False) if "anywhere" not in said else (True,):
        (rule,) = read_rules([Line(7, f"- {said}.")], ruled)
        assert isinstance(rule, Rule)
        assert (rule.modules, rule.inside, rule.outside, rule.line) == (modules, inside, outside, 7)


@pytest.mark.parametrize("said", VAGUE)
def test_d26_a_sentence_that_is_not_understood_is_no_rule(said: str) -> None:
    from decisions_tool.documents.lines import Line

    (unread,) = read_rules([Line(7, f"1. {said}")])
    assert unread == Unread(7, said)


def test_d19_constraints_that_people_wrote_bind() -> None:
    text = "# Project constraints\n\n1. `json` must not be imported in `core/`.\n2. Words are short.\n"
    (found,) = judged({CONSTRAINTS: text}).findings
    assert (found.path, found.line, found.rule) == (RULES, 3, "contract/ruled-out") and f"{CONSTRAINTS}:3" in found.hint


# ---------------------------------------------------------------------- changes


def changed(before: dict[str, str | None], after: dict[str, str | None]) -> list[str]:
    states = []
    for changes in (before, after):
        files = {**CODE, RECORD_PATH: RECORD, **changes}
        states.append({path: text for path, text in files.items() if text is not None})
    names = {path for path in {**states[0], **states[1]} if states[0].get(path) != states[1].get(path)}
    found = verify_changed(tree(dict(states[1])), tree(dict(states[0])), sorted(names))
    return [f"{one.path}:{one.line} {one.rule.removeprefix('contract/')}" for one in found]


def test_d26_a_change_answers_for_what_it_breaks_and_for_nothing_older() -> None:
    assert changed({}, {STORE: BROKEN}) == ["shop/store.py:61 signature"]
    assert changed({STORE: BROKEN}, {STORE: f"# more\n{BROKEN}"}) == []
    assert changed({STORE: BROKEN}, {STORE: BROKEN.replace("LOW = 1", "LOW = 9")}) == ["shop/store.py:25 value"]
    assert changed({STORE: BROKEN}, {}) == []
    assert changed({}, {"shop/other.py": "def get(): ...\n"}) == []


def test_d26_a_story_that_brings_a_half_is_held_to_that_half() -> None:
    half = CODE[STORE].partition("class Store(Base)")[0]
    assert changed({STORE: None}, {STORE: half}) == []
    assert changed({STORE: None}, {STORE: half.replace("    value: bytes\n", "")}) == ["shop/store.py:30 missing"]
    assert changed({STORE: half}, {STORE: CODE[STORE].replace("key: str, default", "name: str, default")}) == [
        "shop/store.py:61 signature"
    ]
    assert changed({}, {STORE: half}) == ["shop/store.py:1 missing"] * 3


def test_d26_a_change_of_files_and_imports_is_held() -> None:
    assert changed({}, {STORE: None}) == ["shop/store.py:0 missing"] * 2
    assert changed({}, {"shop/old.py": ""}) == ["shop/old.py:0 file"]
    assert changed({}, {RULES: "import requests\n" + CODE[RULES]}) == ["core/rules.py:1 ruled-out"]
    old = "import requests\n" + CODE[RULES]
    assert changed({RULES: old}, {RULES: "import requests.sessions\n" + old}) == ["core/rules.py:1 ruled-out"]


# ---------------------------------------------------------------------- the command line and the hook


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[Repo, Cli]:
    repo = make_repo(tmp_path / "shop", {**{path: text or "\n" for path, text in CODE.items()}, RECORD_PATH: RECORD})
    return repo, make_cli(repo.path, monkeypatch, capsys)


def test_d26_verify_reads_disk_index_and_commit(shop: tuple[Repo, Cli]) -> None:
    repo, cli = shop
    assert cli("verify").code == 0
    repo.write(STORE, BROKEN)
    found = cli("verify", "--json")
    assert found.code == 1 and [(one["path"], one["line"]) for one in found.json["findings"]] == [(STORE, 61)]
    assert found.json["summary"]["errors"] == 1 and found.json["records"][0]["name"] == "DR-004"
    assert cli("verify", "--staged").code == cli("verify", "--commit", "HEAD").code == 0
    repo.git("add", STORE)
    assert cli("verify", "--staged").code == 1
    repo.git("commit", "-qm", "x")
    done = cli("verify", "--commit", "HEAD")
    assert done.code == 1 and f"{STORE}:61:" in done.out and "1 error" in done.err
    assert cli("verify", "--commit", "HEAD~1").code == 0


def test_d26_verify_takes_records_and_paths(shop: tuple[Repo, Cli]) -> None:
    repo, cli = shop
    repo.write(STORE, BROKEN)
    assert cli("verify", "DR-004").code == cli("verify", "dr-4").code == cli("verify", RECORD_PATH).code == 1
    assert (
        cli("verify", STORE).code == cli("verify", "shop").code == cli("verify", ".", cwd=repo.path / "shop").code == 1
    )
    assert cli("verify", NET).code == cli("verify", "core").code == 0
    unknown = cli("verify", "DR-099")
    assert unknown.code == 1 and "Hint: decisions verify" in unknown.err
    assert cli("verify", "--staged", "--commit", "HEAD").code == 2


def test_d26_a_path_at_which_nothing_is_held_is_told(shop: tuple[Repo, Cli]) -> None:
    repo, cli = shop
    repo.write(STORE, BROKEN)
    for state, code in (((), 1), (("--staged",), 0), (("--commit", "HEAD"), 0)):
        found = cli("verify", *state, "shop/stroe.py", STORE)
        assert found.code == code and "shop/stroe.py: there is nothing here" in found.err
        assert f"{STORE}: there is nothing" not in found.err
    assert cli("verify", "shop/stroe.py", "shop", "--json").json["lost"] == ["shop/stroe.py"]
    (repo.path / STORE).unlink()
    assert STORE in cli("verify", STORE).out, "a record names it"


def test_d26_verify_works_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, text in {**CODE, RECORD_PATH: RECORD, STORE: BROKEN}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert f"{STORE}:61:" in make_cli(tmp_path, monkeypatch, capsys)("verify").out


def test_h2_the_hook_stops_code_that_breaks_a_contract(hooked: Repo) -> None:
    hooked.commit({**CODE, RECORD_PATH: RECORD, "shop/__init__.py": "\n", "core/__init__.py": "\n"})
    hooked.write(STORE, BROKEN)
    hooked.git("add", STORE)
    hooked.write(STORE, CODE[STORE])
    done = _commit(hooked)
    assert done.returncode == 1 and f"{STORE}:61:" in done.stdout + done.stderr
    hooked.write(CONSTRAINTS, addendum("### Deviations\n\n- `Store.get` — the net is slower than we thought"))
    hooked.git("add", CONSTRAINTS)
    assert _commit(hooked).returncode == 0
    hooked.write(RULES, "import requests\n" + CODE[RULES])
    hooked.git("add", RULES)
    done = _commit(hooked)
    assert done.returncode == 1 and f"{RULES}:1:" in done.stdout + done.stderr


def test_d26_the_commit_of_a_range_is_held_to_what_it_breaks(shop: tuple[Repo, Cli]) -> None:
    repo, cli = shop
    base = repo.git("rev-parse", "HEAD").strip()
    bad = repo.commit({STORE: BROKEN})
    repo.commit({"README.md": "words\n"})
    done = cli("check", "--range", f"{base}..HEAD")
    assert done.code == 1 and f"{STORE}:61:" in done.out and f"first commit that breaks a rule: {bad}" in done.out
    assert cli("check", "--range", f"{bad}..HEAD").code == 0


# ---------------------------------------------------------------------- what binds a file

FRAMING = """\
QUESTION: How are old entries dropped?

SCOPE:
  In scope:
    - eviction in `shop/evict.py`
  Out of scope:
    - the net

SUCCESS CRITERIA:
  1. A store stays under 10 MB

KEY FILES (3-7):
  - shop/store.py — holds entries
  - shop/net.py — fills it
"""


def bindings(cli: Cli, *paths: str) -> dict[str, list[str]]:
    return {one["name"]: one["why"] for one in cli("context", "--json", *paths).json["bindings"]}


def test_d26_context_tells_what_binds_a_file(shop: tuple[Repo, Cli]) -> None:
    repo, cli = shop
    people = "# Project constraints\n\n1. `shop/store.py` stays under 400 lines.\n2. `json` must not be imported in `data/`.\n3. Short words.\n"
    repo.write(
        CONSTRAINTS,
        people + addendum("### Deviations\n\n- `shop/net.py:fetch` — asked for")[len("# Project constraints\n") :],
    )
    repo.write("docs/decisions/working/evict/framing.md", FRAMING)
    repo.write(
        "docs/decisions/working/cache/framing.md",
        f"---\nrecord: {RECORD_PATH}\n---\n{FRAMING.replace('net.py', 'key.py')}",
    )
    store = bindings(cli, STORE)
    assert list(store) == ["DR-004", "line 3", "evict"] and "key file of its question" in store["DR-004"]
    assert any("Store" in why for why in store["DR-004"]) and "shop/store.py is new by it, line 116" in store["DR-004"]
    assert any("asked for" in why for why in bindings(cli, NET)["DR-004"])
    assert list(bindings(cli, "data/new.py")) == ["DR-004", "line 4"]
    assert list(bindings(cli, "shop/evict.py")) == ["DR-004", "evict"]
    assert bindings(cli, "shop/key.py")["DR-004"][-1] == "key file of its question"
    assert set(bindings(cli, ".", "shop")) == {"DR-004", "line 3", "line 4", "evict"}
    shown = cli("context", STORE)
    assert shown.code == 0 and shown.out.startswith(f"- decision DR-004 (accepted): One store — {RECORD_PATH}\n  - ")
    assert "no decision" in cli("context", "README.md").err
    assert cli("context", "..").code == 1 and cli("context").code == 2


def test_d26_context_marks_what_is_not_there_yet(shop: tuple[Repo, Cli]) -> None:
    repo, cli = shop
    repo.write(STORE, CODE[STORE].replace("def merge(", "def join("))
    assert "not yet real in shop/store.py: merge" in bindings(cli, STORE)["DR-004"]
    (repo.path / "shop/net.py").unlink()
    assert "not yet real in shop/net.py: fetch" in bindings(cli, NET)["DR-004"]
