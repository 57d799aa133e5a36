"""What an agent can see with its tools: tracked files of the pinned commit, in portions, and nothing else."""

from __future__ import annotations

import json
import re
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions_tool.agents.protocol import SourceFile
from decisions_tool.agents.reading import LIMIT, TOOLS, Reading, Result
from decisions_tool.agents.view import PinnedView
from decisions_tool.config import Settings
from decisions_tool.ledger.repository import Repository
from decisions_tool.text import HIDDEN
from tests.conftest import Repo, examples, make_repo

CANARY = "canary-that-must-not-be-seen"
TOKEN = "gh" + "p_" + "".join(Random(3).choices(string.ascii_letters + string.digits, k=36))  # noqa: S311
VALUE = "".join(Random(4).choices(string.ascii_letters + string.digits, k=40))  # noqa: S311
MOST = 24_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repo]:
    """A repository with a canary in every place that is not tracked text, and a few tracked files."""
    folder = tmp_path_factory.mktemp("reading")
    (folder / "outside.txt").write_text(CANARY)
    repo = make_repo(folder / "repo", {"src/app.py": "def main():\n    return 1\n", "README.md": "# Shop\n"})
    big = "".join(f"line {number}\n" for number in range(1, 2001))
    repo.commit({
        ".gitignore": "ignored.txt\n", "big.txt": big, "empty.txt": "", "wide.txt": f"{'w' * 5000}needle{'w' * 5000}\n",
        "secrets/prod.yaml": CANARY, ".env": CANARY, "deploy/.env.local": CANARY, "certs/server.pem": CANARY,
        "id_rsa": CANARY, "_tasks/old/001-user-request.md": CANARY, "docs/decisions/working/q/framing.md": CANARY,
        "leak.py": f"a = 1\ntoken = '{TOKEN}'  # {CANARY}\n", "spaced.txt": f"x\n\n{' '.join(VALUE)} {CANARY}\n",
        f"names/{TOKEN}.txt": "text\n", "picture.png": b"\x89PNG\0" + CANARY.encode(), "utf16.txt": CANARY.encode("utf-16"),
        "huge.txt": CANARY + "x" * (1 << 20), "odd\u202ename.txt": CANARY, "new\nline.txt": CANARY,
        "hidden.txt": "a\u200bb\u202ec\x1b[31md\re\u0085\n\U000e0041tag\r\n", "latin.txt": b"caf\xe9\n",
    })  # fmt: skip
    repo.write("untracked.txt", CANARY)
    repo.write("ignored.txt", CANARY)
    repo.write("src/app.py", CANARY)
    for name, target in [("link", "/etc/passwd"), ("up", "../outside.txt"), ("config", ".git/config"), ("here", "untracked.txt"),
                         ("environ", "/proc/self/environ"), ("folder", "/etc"), ("denied", ".env")]:  # fmt: skip
        (repo.path / f"links/{name}").parent.mkdir(exist_ok=True)
        (repo.path / "links" / name).symlink_to(target)
    repo.git("add", "links")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},module")
    repo.git("commit", "-q", "-m", "links and a submodule")
    repo.git("config", "canary.value", CANARY)
    repo.write(".git/canary", CANARY)
    yield repo


@pytest.fixture(scope="module")
def view(place: Repo) -> Iterator[PinnedView]:
    repository = Repository(place.path)
    yield PinnedView(repository, repository.head().oid, Settings().deny)
    repository.close()


@pytest.fixture
def tools(view: PinnedView) -> Reading:
    return Reading(view, [VALUE])


class Memory:
    """A repository that is a dictionary."""

    commit = "a" * 40
    day = "2026-01-31"

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._content = {path: text.encode("utf-8", "replace") for path, text in texts.items()}

    def files(self) -> list[SourceFile]:
        return [SourceFile(path, "0" * 40, len(self._content[path])) for path in sorted(self._content)]

    def read(self, path: str) -> bytes:
        return self._content[path]

    def changes(self) -> list[tuple[str, ...]]:
        return []


@pytest.fixture
def crowd() -> Reading:
    """A repository of many files, almost all of them in one folder."""
    files = {f"many/{number:03}/file.txt": "same words\n" for number in range(450)}
    return Reading(Memory({"README.md": "", "src/app.py": "", "src.py": "", **files}))


def listed(result: Result) -> list[str]:
    return result.text.split("\n")[:-1]


# ------------------------------------------------------------------ what is there


def test_a_file_comes_as_the_commit_has_it_with_line_numbers(tools: Reading) -> None:
    result = tools.call("read_file", {"path": "src/app.py"})
    assert result == Result("src/app.py (2 lines)\n1\tdef main():\n2\t    return 1")
    assert tools.opened == {"src/app.py": (range(1, 3),)}


@pytest.mark.parametrize("path", ["./src/app.py", "src/app.py/"])
def test_a_path_may_be_written_as_shells_do(tools: Reading, path: str) -> None:
    assert not tools.call("read_file", {"path": path}).is_error
    assert list(tools.opened) == ["src/app.py"]


def test_an_empty_file_is_opened_too(tools: Reading) -> None:
    assert tools.call("read_file", {"path": "empty.txt"}) == Result("empty.txt (0 lines)")
    assert tools.opened == {"empty.txt": (range(1, 1),)}


def test_a_long_file_is_read_call_by_call_as_told(tools: Reading) -> None:
    arguments: dict[str, object] = {"path": "big.txt"}
    seen = []
    while arguments:
        lines = tools.call("read_file", arguments).text.split("\n")
        seen += [line.split("\t")[1] for line in lines if "\t" in line]
        arguments = json.loads(lines[-1].split("read_file(")[1][:-1]) if "read_file(" in lines[-1] else {}
    assert seen == [f"line {number}" for number in range(1, 2001)]
    assert [number for lines in tools.opened["big.txt"] for number in lines] == list(range(1, 2001))


def test_a_part_of_a_file_is_read(tools: Reading) -> None:
    text = tools.call("read_file", {"path": "big.txt", "from_line": 7, "lines": 2}).text
    assert text.split("\n")[1:3] == ["7\tline 7", "8\tline 8"]
    assert text.endswith('Lines 9 to 2000 follow: read_file({"from_line": 9, "lines": 2, "path": "big.txt"})')
    assert tools.opened == {"big.txt": (range(7, 9),)}


def test_a_long_line_is_cut(tools: Reading) -> None:
    text = tools.call("read_file", {"path": "wide.txt"}).text
    assert text == f"wide.txt (1 line)\n1\t{'w' * 400}… (10006 characters)"


def test_hidden_characters_are_shown_as_escapes(tools: Reading) -> None:
    text = tools.call("read_file", {"path": "hidden.txt"}).text
    assert text.split("\n")[1:] == ["1\ta\\u200bb\\u202ec\\x1b[31md\\re\\x85", "2\t\\U000e0041tag"]
    assert "2: \\U000e0041tag" in tools.call("search", {"pattern": "tag", "path": "hidden.txt"}).text


def test_text_that_is_not_utf_8_is_read_as_far_as_it_goes(tools: Reading) -> None:
    assert tools.call("read_file", {"path": "latin.txt"}).text == "latin.txt (1 line)\n1\tcaf\ufffd"


def test_files_are_listed_by_path(tools: Reading) -> None:
    assert tools.call("list_files", {}).text.split("\n") == [
        ".gitignore", "README.md", "big.txt", "empty.txt", "hidden.txt", "huge.txt", "latin.txt", "leak.py", "picture.png",
        "spaced.txt", "src/app.py", "utf16.txt", "wide.txt", "(13 files; 3 files left out whose names cannot be shown)",
    ]  # fmt: skip


def test_a_long_list_is_folders_and_their_numbers(crowd: Reading) -> None:
    listed = ["README.md", "many/ (450 files)", "src.py", "src/ (1 file)", "(453 files)"]
    assert crowd.call("list_files", {}).text.split("\n") == listed


def test_a_folder_too_long_for_one_answer_is_listed_as_told(crowd: Reading) -> None:
    arguments: dict[str, object] = {"path": "many/"}
    seen = []
    while arguments:
        lines = crowd.call("list_files", arguments).text.split("\n")
        seen += lines[:-1]
        arguments = json.loads(lines[-1].split("list_files(")[1][:-1]) if "list_files(" in lines[-1] else {}
    assert seen == [f"many/{number:03}/ (1 file)" for number in range(450)]


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("*.py", ["src.py", "src/app.py"]),
        ("app.py", ["src/app.py"]),
        ("**/*.py", ["src.py", "src/app.py"]),
        ("src/*", ["src/app.py"]),
        ("many/*44*/f*e*.txt", [f"many/{n:03}/file.txt" for n in (44, 144, 244, 344, *range(440, 450))]),
        ("*[a-z].py", []),
        (f"{'*a' * 99}*", []),
    ],
)
def test_files_are_listed_by_pattern(crowd: Reading, pattern: str, paths: list[str]) -> None:
    result = crowd.call("list_files", {"pattern": pattern})
    assert not result.is_error
    assert sorted(listed(result)) == sorted(paths)


@given(st.text("ab/", max_size=8), st.text("ab*", max_size=6))
def test_a_pattern_means_what_it_means_in_shells(path: str, pattern: str) -> None:
    from decisions_tool.agents.reading import _fits

    expected = fnmatchcase(path, pattern) or fnmatchcase(path.rpartition("/")[2], pattern)
    assert _fits(path, pattern) == (expected or not pattern)


def test_search_finds_lines_with_their_places(tools: Reading) -> None:
    assert tools.call("search", {"pattern": "return", "path": "src"}).text == "src/app.py:2:     return 1"
    assert (
        tools.call("search", {"pattern": "RETURN", "path": "src", "ignore_case": True}).text
        == "src/app.py:2:     return 1"
    )
    assert tools.call("search", {"pattern": "RETURN", "path": "src"}).text.startswith("Not found in 1 file;")
    assert tools.opened == {}


def test_search_takes_every_character_literally(tools: Reading) -> None:
    assert tools.call("search", {"pattern": "main():", "path": "src/app.py"}).text == "src/app.py:1: def main():"
    for pattern in ("(a+)+$", "main.*", "[d]ef", "^def", "(?:x)", "def|return"):
        assert tools.call("search", {"pattern": pattern, "path": "src/app.py"}).text.startswith("Not found")


def test_a_find_in_a_long_line_is_shown_with_what_is_around_it(tools: Reading) -> None:
    text = tools.call("search", {"pattern": "needle"}).text
    assert f"wide.txt:1: …{'w' * 200}needle" in text
    assert len(text) < 800


def test_many_finds_come_in_portions_as_told(crowd: Reading) -> None:
    arguments: dict[str, object] = {"pattern": "same words"}
    seen = []
    calls = 0
    while arguments:
        lines = crowd.call("search", arguments).text.split("\n")
        seen += [line for line in lines if ": same words" in line]
        arguments = json.loads(lines[-1].split("search(")[1][:-1]) if "search(" in lines[-1] else {}
        calls += 1
    assert seen == [f"many/{number:03}/file.txt:1: same words" for number in range(450)]
    assert calls == 5


def test_many_finds_in_one_file_do_not_drown_the_others(tools: Reading) -> None:
    text = tools.call("search", {"pattern": "line "}).text
    assert "big.txt:20: line 20\nbig.txt: 1980 more lines" in text
    assert (
        "big.txt:100: line 100\nbig.txt: 1900 more lines"
        in tools.call("search", {"pattern": "line ", "path": "big.txt"}).text
    )


# ------------------------------------------------------------------ what is not


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("picture.png", "picture.png is a binary file of 33 bytes"),
        ("utf16.txt", "utf16.txt is a binary file"),
        ("huge.txt", "huge.txt has 1048604 bytes; files of more than 1048576 are not given."),
        ("leak.py", "leak.py is withheld: line 2 holds what looks like a secret (GitHub token)."),
        ("spaced.txt", "spaced.txt is withheld: line 3 holds what looks like a secret (value of the environment)."),
        ("APP.PY", "Did you mean src/app.py?"),
        ("no/such/file", "list_files shows what there is."),
    ],
)
def test_what_is_not_given_is_told_with_a_reason(tools: Reading, path: str, said: str) -> None:
    result = tools.call("read_file", {"path": path})
    assert result.is_error
    assert said in result.text
    assert tools.opened == {}


def test_files_with_secrets_are_not_searched_whatever_is_searched_for(tools: Reading) -> None:
    told = "Withheld, not searched: leak.py:2 (GitHub token), spaced.txt:3 (value of the environment)"
    for pattern in (TOKEN[:5], "token", "nothing like it"):
        assert [line for line in tools.call("search", {"pattern": pattern}).text.split("\n") if "ithheld" in line] == [
            told
        ]


def test_a_name_that_is_a_secret_is_never_told(tools: Reading) -> None:
    said = "".join(tools.call("list_files", {"pattern": pattern}).text for pattern in ("names/*", "*_*", "g*"))
    said += tools.call("search", {"pattern": "text"}).text + tools.call("list_files", {"path": "names"}).text
    assert TOKEN not in said
    assert tools.call("read_file", {"path": f"names/{TOKEN}.txt"}).is_error


_PATHS = [
    "../outside.txt", "src/../../outside.txt", "./../outside.txt", "src/../README.md", "/etc/passwd", "/proc/self/environ",
    "/proc/self/cwd/untracked.txt", "//etc/passwd", "~/.aws/credentials", "~root/.bashrc", "file:///etc/passwd", ".git/config", ".git/canary", ".git",
    ".git/HEAD", ".GIT/config", "git~1/config", ".git\u200c/config", "untracked.txt", "ignored.txt", ".env", "./.env", "deploy/.env.local",
    "certs/server.pem", "id_rsa", "secrets/prod.yaml", "secrets", "SECRETS/prod.yaml", "secrets//prod.yaml",
    "_tasks/old/001-user-request.md", "docs/decisions/working/q/framing.md", "links/link", "links/up", "links/config", "links/here",
    "links/environ", "links/folder", "links/folder/passwd", "links/denied", "links", "module", "module/README.md", "module/.git",
    "src", "src/app.py\0", "src/app.py\0.txt", "\0", "", ".", "/", "..", "../", "...", " ", "\n", "new\nline.txt", "odd\u202ename.txt",
    "src\\app.py", "C:\\Windows\\win.ini", "\\\\host\\share", "HEAD:README.md", ":README.md", ":(top)README.md", "HEAD~1:.env", "--help", "-p", "README.md ",
    "%2e%2e/outside.txt", "..%2foutside.txt", "README.md:1", "README.md\r", "*", "src/*.py", "$HOME", "`id`", "$(id)", "\ud800", "a" * 1024,
    "../" * 300, "\u202e", "{{config}}", "/dev/stdin", "/dev/zero", "|id", "http://127.0.0.1/", "ｓｒｃ/app.py",
]  # fmt: skip


@pytest.mark.parametrize("path", _PATHS)
def test_no_path_leads_to_what_is_not_tracked(tools: Reading, path: str) -> None:
    given = [tools.call("read_file", {"path": path}), tools.call("search", {"pattern": "canary", "path": path}),
             tools.call("list_files", {"path": path}), tools.call("search", {"pattern": "a", "after": path})]  # fmt: skip
    assert given[0].is_error
    assert tools.opened == {}
    for result in given:
        assert "root:" not in result.text
        assert CANARY not in result.text
        assert not re.search(HIDDEN, result.text)
        result.text.encode()


_CALLS: list[tuple[object, object]] = [
    ("", {}), ("bash", {"command": "cat .env"}), ("Read_File", {"path": "README.md"}), ("read_file ", {"path": "README.md"}),
    ("__init__", {}), ("call", {}), (None, {}), (7, {}), (["read_file"], {}), ({"name": "read_file"}, {}), ("\0", {}), ("\ud800", {}),
    ("read_file", None), ("read_file", []), ("read_file", '{"path": "README.md"}'), ("read_file", 3), ("read_file", {}),
    ("read_file", {"path": None}), ("read_file", {"path": 1}), ("read_file", {"path": ["README.md"]}), ("read_file", {"path": True}),
    ("read_file", {"path": {"path": "README.md"}}), ("read_file", {"path": "README.md", "mode": "rb"}),
    ("read_file", {"path": "README.md", "self": 1}), ("read_file", {"Path": "README.md"}), ("read_file", {1: "README.md"}),
    ("read_file", {"path": "README.md", "from_line": 0}), ("read_file", {"path": "README.md", "from_line": -1}),
    ("read_file", {"path": "README.md", "from_line": 2}), ("read_file", {"path": "README.md", "from_line": 1.0}),
    ("read_file", {"path": "README.md", "from_line": "1"}), ("read_file", {"path": "README.md", "from_line": True}),
    ("read_file", {"path": "README.md", "from_line": 10**5000}), ("read_file", {"path": "README.md", "lines": 0}),
    ("read_file", {"path": "README.md", "lines": float("nan")}), ("read_file", {"path": "README.md", "lines": float("inf")}),
    ("read_file", {"path": "README.md", "lines": []}), ("read_file", {"path": "a" * 10_000_000}),
    ("read_file", {str(number): number for number in range(100_000)}), ("search", {}), ("search", {"pattern": ""}),
    ("search", {"pattern": "a" * 201}), ("search", {"pattern": 1}), ("search", {"pattern": None}), ("search", {"pattern": ["a"]}),
    ("search", {"pattern": "a", "ignore_case": 1}), ("search", {"pattern": "a", "ignore_case": "true"}),
    ("search", {"pattern": "a", "regex": True}), ("search", {"pattern": "a", "path": 0}), ("search", {"pattern": "a", "after": []}),
    ("search", {"pattern": "a", "path": ".."}), ("list_files", {"path": 1}), ("list_files", {"pattern": []}),
    ("list_files", {"pattern": "a" * 201}), ("list_files", {"recursive": True}), ("list_files", {"path": "/"}),
    ("list_files", {"path": "nowhere"}), ("list_files", [["path", "src"]]), ("list_files", "src"), ("list_files", {"after": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), [pair for pair in _CALLS if pair != ("list_files", {"path": "/"})])
def test_a_call_that_fits_no_tool_is_answered_with_what_fits(tools: Reading, name: object, arguments: object) -> None:
    result = tools.call(name, arguments)
    assert result.is_error
    assert len(result.text) < 600
    assert tools.opened == {}
    result.text.encode()


def test_null_is_the_same_as_left_out(tools: Reading) -> None:
    assert tools.call("list_files", {"path": None, "after": None}) == tools.call("list_files", {})


def test_content_that_the_repository_lacks_is_told(place: Repo) -> None:
    class Partial(PinnedView):
        def read(self, path: str) -> bytes:
            return b""

    repository = Repository(place.path)
    said = Reading(Partial(repository, repository.head().oid, ())).call("read_file", {"path": "README.md"})
    repository.close()
    assert "its content is not in this repository" in said.text


# ------------------------------------------------------------------ how much


def test_the_budget_ends_and_says_so() -> None:
    tools = Reading(Memory({"a.txt": "some words here\n" * 5000}), limit=60_000)
    results = [tools.call("read_file", {"path": "a.txt", "from_line": 1 + number}) for number in range(20)]
    used = [result for result in results if result.text.startswith("The budget of 60000 characters is used up")]
    assert len(used) > 10
    assert results[-len(used) :] == used
    assert all(result.is_error for result in used)
    assert 40_000 < sum(len(result.text) for result in results if result not in used) <= 60_000


def test_calls_that_fail_use_the_budget_too() -> None:
    tools = Reading(Memory({}), limit=10_000)
    assert any("used up" in tools.call("read_file", {"path": "x"}).text for _ in range(100))


def test_a_search_ends_after_so_many_bytes_and_goes_on_as_told() -> None:
    tools = Reading(Memory({f"{number:03}.txt": "word " * 200_000 for number in range(40)} | {"end.txt": "the needle"}))
    first = tools.call("search", {"pattern": "needle"}).text
    assert first.startswith("8 files not searched yet: ")
    again = json.loads(first.split("search(")[1][:-1])
    assert tools.call("search", again).text == "end.txt:1: the needle"


@pytest.mark.parametrize("limit", [0, 3_999, 4_000, 5_000, 30_000])
@pytest.mark.parametrize("name", ["read_file", "search", "list_files"])
def test_answers_with_the_longest_lines_and_names_stay_within_the_limits(name: str, limit: int) -> None:
    path = "d" * 250 + "/" + '"\\' * 130
    tools = Reading(Memory({f"{path}{n}": "\U000e0001" * 900 + "\n" for n in range(60)}), limit=limit)
    arguments = {"read_file": {"path": f"{path}1"}, "search": {"pattern": "\U000e0001" * 200}, "list_files": {}}[name]
    results = [tools.call(name, arguments) for _ in range(4)]
    assert sum(len(result.text) for result in results if "used up" not in result.text) <= limit
    assert not any(re.search(HIDDEN, result.text) for result in results)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_TEXT = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    ["a.py", "d", "d/b.txt", "d/", "x", "*", "d/c"]
)
_NEAR = st.fixed_dictionaries(
    {},
    optional={
        "path": _TEXT | _JSON, "pattern": _TEXT | _JSON, "after": _TEXT | _JSON, "ignore_case": st.booleans() | _JSON,
        "from_line": st.integers(-1, 9) | _JSON, "lines": st.integers(0, 9) | _JSON,
    },
)  # fmt: skip
_NAMES = st.sampled_from(["list_files", "read_file", "search"])


@settings(max_examples=examples(200), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["a.py", "d/b.txt", "d/c", "e\u200b", "f\ud800"]), st.text(max_size=40), max_size=4
    ),
    st.lists(st.tuples(_NAMES | _JSON, _NEAR | _JSON), max_size=5),
    st.integers(0, 20_000),
)
def test_no_call_raises_or_gives_more_than_the_limits(
    texts: dict[str, str], calls: list[tuple[object, object]], limit: int
) -> None:
    tools, again = Reading(Memory(texts), [VALUE], limit), Reading(Memory(texts), [VALUE], limit)
    results = [tools.call(name, arguments) for name, arguments in calls]
    assert [again.call(name, arguments) for name, arguments in calls] == results
    assert all(len(result.text) <= MOST for result in results)
    assert sum(len(result.text) for result in results if "used up" not in result.text) <= limit
    for result in results:
        result.text.encode()
        assert not re.search(HIDDEN, result.text)
    assert set(tools.opened) <= set(texts)


def test_the_tools_are_the_same_bytes_in_every_process() -> None:
    code = "import json; from decisions_tool.agents.reading import TOOLS; print(json.dumps(TOOLS))"
    root = str(Path(__file__).parent.parent)
    said = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONPATH": root, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert said == {json.dumps(TOOLS) + "\n"}
    assert [tool["name"] for tool in TOOLS] == ["list_files", "read_file", "search"]
    assert json.dumps(TOOLS).count('"additionalProperties": false') == 3


def test_the_same_calls_on_the_same_commit_give_the_same_bytes(view: PinnedView) -> None:
    calls: list[tuple[str, dict[str, object]]] = [
        ("list_files", {}), ("search", {"pattern": "e"}), ("read_file", {"path": "big.txt"}), ("read_file", {"path": "leak.py"}),
    ]  # fmt: skip
    first, second = (Reading(view, [VALUE]) for _ in range(2))
    assert [first.call(*call) for call in calls] == [second.call(*call) for call in calls]
    assert LIMIT >= 8 * MOST
