"""Bad files, names and settings: a finding with place and remedy, no traceback, no write, no waiting. Ids are rows of the matrix."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from decisions_tool.config import read_settings
from decisions_tool.documents import frontmatter
from tests.conftest import Cli, Repo, Result, make_cli

REQUEST = "_tasks/cache/001-user-request.md"
ROADMAP = "_tasks/cache/002-roadmap.md"
REGISTER = "_tasks/cache/004-expert-concerns.md"
ROOT = Path(__file__).parent.parent


def front(*more: str, end: str = "\n", body: str = "# Title\n\ntext\n") -> bytes:
    """A good request with lines added to its front matter: they stand on line 5 and below."""
    lines = ["---", "type: request", "schema: 1", "status: open", *more, "---", body]
    return "\n".join(lines).replace("\n", end).encode("utf-8", "surrogatepass")


def bomb(levels: int, merge: bool = False) -> list[str]:
    """Aliases that multiply: ten times a level."""
    lines = ["a0: &a0 {x: y}" if merge else "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        ten = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} {{<<: [{ten}]}}" if merge else f"a{level}: &a{level} [{ten}]")
    return lines


@dataclass(frozen=True)
class Bad:
    """A file that must be refused: where the finding points, and what it and its hint say."""

    row: str
    data: bytes
    line: int
    says: str
    hint: str
    path: str = REQUEST


BAD = [
    Bad("01 empty file", b"", 1, "the file is empty", "write the document"),
    Bad("01 nothing but blanks", b" \n\n", 1, "the file is empty", "write the document"),
    Bad("02 one fence", b"---", 1, "never closed", "close it"),
    Bad("02 one fence and a line end", b"---\n", 1, "never closed", "close it"),
    Bad("03 no keys", b"---\n---\n", 2, "no keys", "write at least type"),
    Bad("03 nothing but a comment", b"---\n# type: request\n---\n", 2, "no keys", "write at least type"),
    Bad("04 no closing fence", b"---\ntype: request\n\n# Title\n", 1, "never closed", "close it with a line ---"),
    Bad("05 closed by dots", b"---\ntype: request\n...\n# Title\n", 3, "closed by something else", "write exactly ---"),
    Bad("06 byte order mark", b"\xef\xbb\xbf" + front(), 1, "byte order mark", "without BOM"),
    Bad("08 carriage returns only", front(end="\r"), 1, "carriage return", "line feeds"),
    Bad("08 one carriage return in a line", front(body="a\rb\n"), 6, "carriage return", "line feeds"),
    Bad("09 mixed ends in front matter", front("case: x\r"), 5, "ends otherwise", "one kind of line end"),
    Bad("09 mixed ends in the text", front(body="a\nb\r\nc\n"), 7, "ends otherwise", "one kind of line end"),
    Bad("10 blank lines before", b"\n\n" + front(), 1, "lines stand before", "begin the file with ---"),
    Bad("10 blanks before the fence", b"  " + front(), 1, "indented", "begin the file with ---"),
    Bad("11 five dashes", front().replace(b"---", b"-----", 1), 1, "longer than three", "write exactly ---"),
    Bad("12 blanks behind the opening fence", front().replace(b"---", b"--- ", 1), 1, "ends in spaces", "write exactly ---"),
    Bad("12 blanks behind the closing fence", front("--- ").replace(b"--- \n---", b"--- "), 5, "something else", "exactly ---"),
    Bad("15 fence in a quoted value", front('case: "a', "---", 'b"'), 5, "not YAML", "check quotes"),
    Bad("16 front matter in JSON", b'{"type": "request"}\n\n# Title\n', 1, "JSON", "write YAML"),
    Bad("17 text begins with a brace", b"{\n# Title\n", 1, "JSON", "write YAML"),
    Bad("18 front matter in TOML", b'+++\ntype = "request"\n+++\n# Title\n', 1, "TOML", "write YAML"),
    Bad("19 a list", b"---\n- a\n- b\n---\n", 2, "keys with values", "write key: value"),
    Bad("20 a word", b"---\nrequest\n---\n", 2, "keys with values", "write key: value"),
    Bad("21 a key twice", front("status: closed"), 5, "stands on line 4 and line 5", "keep one"),
    Bad("22 a key twice but for case", front("Status: closed"), 5, "duplicate key", "keep one"),
    Bad("22 a key twice but for width", front("ｓｔａｔｕｓ: closed"), 5, "duplicate key", "keep one"),
    Bad("23 the key content", front("content: x"), 5, "unknown key 'content'", "known keys"),
    Bad("24 the key handler", front("handler: x"), 5, "unknown key 'handler'", "known keys"),
    Bad("25 unknown key", front("pannel: full"), 5, "unknown key 'pannel'", "did you mean 'panel'"),
    Bad("26 a number as key", front("7: x"), 5, "'7' is not a key", "write a key in a-z"),
    Bad("26 true as key", front("true: x"), 5, "unknown key 'true'", "known keys"),
    Bad("26 null as key", front("~: x"), 5, "'~' is not a key", "write a key in a-z"),
    Bad("27 a list as key", front("? [1, 2]", ": x"), 5, "a key must be a word", "quote"),
    Bad("28 alias bomb", front(*bomb(9)), 5, "anchors and aliases", "write the value out"),
    Bad("29 merge bomb", front(*bomb(9, merge=True)), 5, "anchors and aliases", "write the value out"),
    Bad("30 recursive alias", front("a: &a [*a]"), 5, "anchors and aliases", "write the value out"),
    Bad("31 flow 26,250 deep", front(f"a: {'[' * 26_250}{']' * 26_250}"), 2, "more than 16384 bytes", "move text"),
    Bad("31 flow 8,000 deep", front(f"a: {'[' * 8_000}{']' * 8_000}"), 5, "nested deeper than 6", "write words, lists of words"),
    Bad("31 map 4,000 deep", front(f"a: {'{a: ' * 3_000}{'}' * 3_000}"), 5, "nested deeper than 6", "write words, lists of words"),
    Bad("32 60,000 dashes", front(f"a:\n  {'- ' * 60_000}x"), 2, "more than 16384 bytes", "move text"),
    Bad("32 8,000 dashes", front(f"a:\n  {'- ' * 8_000}x"), 6, "nested deeper than 6", "write words, lists of words"),
    Bad("33 1 MB of keys", front(*(f"k{n}: {'x' * 22}" for n in range(32_000))), 2, "more than 16384 bytes", "move text"),
    Bad("33 400 keys", front(*(f"k{n}: x" for n in range(400))), 250, "more than 500 parts", "move text"),
    Bad("34 10 MB in one value", front(f"case: {'x' * 10_000_000}"), 1, "more than 1048576", "split it"),
    Bad("34 900 KB in one value", front(f"case: {'x' * 900_000}"), 2, "more than 16384 bytes", "move text"),
    Bad("34 5,000 characters in one value", front(f"case: {'x' * 5_000}"), 5, "longer than 4096", "move it into the body"),
    Bad("35 an integer of 5,000 digits", front(f"iteration: {'9' * 5_000}"), 5, "longer than 4096", "move it into the body"),
    Bad("35 an integer of 4,000 digits", front(f"iteration: {'9' * 4_000}"), 5, "iteration: ", "found"),
    Bad("36 a tag that runs code", front('case: !!python/object/apply:os.system ["true"]'), 5, "tag", "write a plain value"),
    Bad("37 binary", front("case: !!binary aGk="), 5, "tag", "write a plain value"),
    Bad("37 set", front("case: !!set {a, b}"), 5, "tag", "write a plain value"),
    Bad("37 timestamp", front("case: !!timestamp 2026-01-01"), 5, "tag", "write a plain value"),
    Bad("38 directive inside", b"---\n%YAML 1.2\ntype: request\n---\n", 3, "not YAML", "check quotes"),
    Bad("38 directive before", b"%YAML 1.2\n---\ntype: request\n---\n", 1, "directive", "begin the file with ---"),
    Bad("39 two documents", front("--- # another", "case: x"), 5, "two YAML documents", "keep one"),
    Bad("45 infinity", front("iteration: .inf"), 5, "iteration: ", "found '.inf'"),
    Bad("45 no number", front("iteration: .nan"), 5, "iteration: ", "found '.nan'"),
    Bad("45 beyond all numbers", front("iteration: 1e400"), 5, "iteration: ", "found '1e400'"),
    Bad("46 negative", front("iteration: -5"), 5, "iteration: ", "found '-5'"),
    Bad("47 a day that never was", front("created: 2026-02-30T12:00:00Z"), 5, "created: ", "found '2026-02-30"),
    Bad("48 a time without an offset", front("created: 2026-02-03T12:00:00"), 5, "with an offset", "found"),
    Bad("50 the year 1", front("created: 0001-01-01T00:00:00Z"), 5, "not a date of this age", "found"),
    Bad("50 the year 9999", front("created: 9999-12-31T00:00:00Z"), 5, "not a date of this age", "found"),
    Bad("50 seconds since 1970", front("created: 1767225600"), 5, "with an offset", "found '1767225600'"),
    Bad("51 tabs", front("inputs:", "\ta: b"), 6, "not YAML", "spaces, not tabs"),
    Bad("52 two colons", front("case: a: b"), 5, "not YAML", 'quote the value: case: "'),
    Bad("52 at sign", front("case: @x"), 5, "not YAML", 'quote the value: case: "'),
    Bad("52 backtick", front("case: `x`"), 5, "not YAML", 'quote the value: case: "'),
    Bad("52 percent", front("case: %x"), 5, "not YAML", 'quote the value: case: "'),
    Bad("53 value lost to a comment", front("reason: # because"), 5, "begins with # and is lost", "quote it"),
    Bad("54 template", front("case: {{ slug }}"), 5, "a key must be a word", "quote values that begin with {"),
    Bad("55 line separator in a value", front("case: a\u2028status: x"), 5, "U+2028", "remove it"),
    Bad("56 next line in a value", front("case: a\u0085status: x"), 5, "U+0085", "remove it"),
    Bad("57 override", front(body="a \u202e b\n"), 6, "U+202E RIGHT-TO-LEFT OVERRIDE", "remove it"),
    Bad("57 isolate", front("case: a\u2066b"), 5, "U+2066", "remove it"),
    Bad("58 zero-width space", front("case: a\u200bb"), 5, "U+200B", "remove it"),
    Bad("58 joiner in a value", front("case: a\u200db"), 5, "U+200D", "remove it"),
    Bad("58 tag characters", front(body="x\U000e0041\n"), 6, "U+E0041", "remove it"),
    Bad("58 variation selector", front(body="x\ufe01\n"), 6, "U+FE01", "remove it"),
    Bad("58 a character escaped", front('case: "a\\u202eb"'), 5, "behind an escape", "remove it"),
    Bad("59 NUL", front(body="a\0b\n"), 6, "U+0000", "remove it"),
    Bad("59 escape", front(body="a\x1b[31mb\n"), 6, "U+001B", "remove it"),
    Bad("59 C1", front(body="a\u009bb\n"), 6, "U+009B", "remove it"),
    Bad("60 not UTF-8", front(body="é").replace(b"\xc3", b""), 6, "0xa9) is not UTF-8", "save it as UTF-8"),
    Bad("61 UTF-16", front().decode().encode("utf-16"), 1, "UTF-16", "save it as UTF-8"),
    Bad("62 Latin-1", front(body="né").decode().encode("latin-1"), 6, "0xe9) is not UTF-8", "save it as UTF-8"),
    Bad("63 half a character, escaped", front('case: "\\ud800"'), 5, "not YAML", "check quotes"),
    Bad("63 half a character", front(body="\ud800"), 6, "0xed) is not UTF-8", "save it as UTF-8"),
    Bad("64 a key in another script", front("pаnel: full"), 5, "not a key", "looks like 'panel'"),
    Bad("65 conflict in front matter", front("<<<<<<< ours", "case: a", "=======", "case: b", ">>>>>>> theirs"), 5, "conflict", "git mergetool"),
    Bad("65 conflict in the text", front(body="<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n"), 6, "conflict", "git mergetool"),
    Bad("65 conflict first", b"<<<<<<< ours\n---\ntype: request\n", 1, "conflict", "git mergetool"),
    Bad("25 the type of another kind", front().replace(b"request", b"roadmap", 1), 2, "type is 'roadmap'", "write type: request"),
    Bad("25 a status that there is not", front().replace(b"open", b"opened"), 4, "'open', 'active', 'paused' or 'closed'", "found 'opened'"),
    Bad("25 a list for a word", front("case: [a, b]"), 5, "case: input should be a valid string", "found"),
    Bad("25 a document of ours without its title", b"---\ntype: roadmap\nschema: 1\n---\ntext\n", 5, "first-level heading", "# Roadmap", ROADMAP),
    Bad("25 a later version", b"---\ntype: roadmap\nschema: 2\n---\n# Roadmap: x\n", 3, "schema: ", "found 2", ROADMAP),
]  # fmt: skip
GOOD = {
    "07 CRLF": front(end="\r\n"),
    "07 CRLF without front matter": b"# Title\r\n\r\ntext\r\n",
    "13 fences in the text": front(body="---\nstatus: no\n---\n...\n"),
    "14 a fence in a block of text": front("reason: |", "  ---", "  ..."),
    "17 a brace further down": front(body="{\n"),
    "17 a text that begins with a template": b"{{ title }}\n",
    "40 words that YAML 1.1 takes for truth": front("case: no", "role: on", "agent: yes"),
    "41 octal and hexadecimal": front("case: 010", "role: 0777", "agent: 0x1F"),
    "42 sexagesimal": front("case: 1:30", "role: 12:30:45"),
    "43 versions": front("case: 1.10", "role: 3.10"),
    "44 exponents": front("case: 1e3", "role: 1.0e+3"),
    "49 an offset of half an hour": front("created: 2026-02-03T12:00:00+05:30"),
    "52 quoted": front('case: "a: b @ `c` % {{ d }}"', "role: 'it''s # no comment'"),
    "58 joined emoji and Persian": front(body="👩\u200d💻 ☑\ufe0f می\u200cخواهم\n"),
    "no front matter": b"# Title\n\ntext\n",
}
BOMBS = ("28", "29", "31", "32", "33", "34", "35")


def listing(folder: Path) -> dict[str, tuple[int, float, bytes | str]]:
    """Everything below a folder but the cache: mode, time, bytes or the target of a link."""
    found: dict[str, tuple[int, float, bytes | str]] = {}
    for here, names, files in os.walk(folder):
        names[:] = [name for name in names if Path(here, name) != folder / ".git" / "decisions"]
        for name in [*names, *files]:
            path = Path(here, name)
            stat = path.lstat()
            regular = path.is_file() and not path.is_symlink()
            data = path.read_bytes() if regular else str(path.readlink()) if path.is_symlink() else ""
            found[str(path)] = (stat.st_mode, 0 if path == folder / ".git" else stat.st_mtime, data)
    return found


@contextmanager
def untouched(folder: Path, seconds: float = 1.0) -> Iterator[None]:
    """Nothing below the folder changes, and it takes less than so much of the processor."""
    before, begun = listing(folder), time.process_time()
    yield
    assert time.process_time() - begun < seconds
    assert listing(folder) == before


def as_the_program_does() -> None:
    """Make the streams of a test print what cannot be encoded, as the real entry does."""
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def put(folder: Path, path: str | bytes, data: bytes) -> Path:
    file = folder / os.fsdecode(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line in a folder without git."""
    return make_cli(tmp_path, monkeypatch, capsys)


def refused(result: Result, row: Bad) -> None:
    printed = result.out + result.err
    assert result.code == 1, printed
    here = f"{row.path}:{row.line}:"
    told = [line for line in result.out.split("\n") if line.startswith(here) and row.says in line]
    assert told, f"nothing at {row.path}:{row.line} says {row.says!r}:\n{printed}"
    hint = result.out.split(told[0] + "\n")[1].split("\n")[0]
    assert hint.startswith("    Hint: ") and row.hint in hint, printed
    assert "Traceback" not in printed and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e\u2066]", printed)
    assert all(len(line) < 500 for line in printed.split("\n"))


@pytest.mark.parametrize("row", BAD, ids=lambda row: row.row)
def test_a_bad_file_is_refused(row: Bad, tmp_path: Path, check: Cli) -> None:
    put(tmp_path, row.path, row.data)
    with untouched(tmp_path):
        refused(check("check"), row)


@pytest.mark.parametrize("row", [row for row in BAD if row.row.startswith(BOMBS)], ids=lambda row: row.row)
def test_a_bomb_takes_no_memory(row: Bad, tmp_path: Path, check: Cli) -> None:
    put(tmp_path, row.path, row.data)
    check("check")
    tracemalloc.start()
    try:
        refused(check("check"), row)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_a_good_file_is_accepted(data: bytes, tmp_path: Path, check: Cli) -> None:
    put(tmp_path, REQUEST, data)
    with untouched(tmp_path):
        result = check("check")
    assert (result.code, result.out) == (0, "")


def test_values_are_the_words_that_were_written() -> None:
    words = {
        "case": "no",
        "role": "010",
        "agent": "1:30",
        "model": "1.10",
        "phase": "1.0e+3",
        "uid": "2026-02-30",
        "backend": ".inf",
    }
    text = front(*(f"{key}: {value}" for key, value in words.items())).decode()
    values = frontmatter.read(text, REQUEST).values
    assert values == {"type": "request", "schema": "1", "status": "open", **words}


def test_a_value_lost_to_a_comment_is_a_warning_in_other_peoples_files(tmp_path: Path, check: Cli) -> None:
    put(tmp_path, "docs/decisions/0001-x.md", b"---\nstatus: accepted\nowner: #nobody\n---\n# X\n")
    result = check("check")
    assert result.code == 0 and "docs/decisions/0001-x.md:3:1: warning: the value of 'owner'" in result.out
    assert check("check", "--strict").code == 1


def alone(folder: Path, *args: str) -> Result:
    """The command as a process of its own, with little memory and a clock."""
    limit = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (400 << 20,) * 2); " if sys.platform == "linux" else ""
    )
    code = f"{limit}from decisions_tool.cli import main; main()"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *args]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, timeout=30, check=False)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


SAMPLE = (
    "01 empty",
    "06",
    "21",
    "28",
    "29",
    "31 flow 8",
    "32 8",
    "33 400",
    "34 10",
    "36",
    "57 over",
    "59 esc",
    "60",
    "65 conflict in the t",
)


@pytest.mark.parametrize("row", [row for row in BAD if row.row.startswith(SAMPLE)], ids=lambda row: row.row)
def test_a_bad_file_is_refused_by_the_installed_program(row: Bad, tmp_path: Path) -> None:
    put(tmp_path, row.path, row.data)
    with untouched(tmp_path):
        refused(alone(tmp_path, "check", row.path), row)


# ---------------------------------------------------------------------- text that would keep a careless reader busy

MUCH = {
    "blanks in a heading": "# a" + " " * 300_000 + "x",
    "blanks below a bar": "a | b\n-" + " " * 300_000 + "x",
    "conflicts that never end": "x\n" + "<<<<<<< \n" * 30_000,
    "hashes": "# " + "#" * 300_000 + "x",
    "brackets in a field": "## Critical\n### C1. x\n**Source:** " + "[" * 300_000,
    "parentheses in a field": "## Critical\n### C1. x\n**Source:** " + "(a" * 150_000,
    "blanks in a box": "## Critical\n### C1. x\n**Decision:** [" + " " * 300_000 + "y",
    "bold in a field": "## Critical\n### C1. x\n**Decision:** " + "**a" * 100_000,
    "links in a log": "| # | Decision |\n|---|---|\n| C1 " + "](" * 150_000 + " | x |",
    "ids in a log": "| # | Decision |\n|---|---|\n" + "| C1-C99 | x |\n" * 20_000,
    "blanks in a track": "| # | Decision | Track |\n|---|---|---|\n| C1 | x | Track 1" + " " * 300_000 + "| x |",
    "concerns and a log": "".join(f"### C{n}. x\n**Decision:** [ ]\n" for n in range(999)) + "| # | Decision |\n|---|---|\n" + "| C1 | x |\n" * 20_000,
    "one concern thirty thousand times": "## Critical\n" + "### C1. x\n" * 30_000,
    "comments": "<!-- x\n" * 50_000,
    "fences": "```\n" * 70_000,
    "blank lines": "\n" * 300_000 + "x",
}  # fmt: skip


@pytest.mark.parametrize("text", MUCH.values(), ids=MUCH)
def test_a_long_text_is_read_in_one_go(text: str, tmp_path: Path, check: Cli) -> None:
    put(tmp_path, REGISTER, text.encode())
    with untouched(tmp_path, seconds=2.0):
        assert check("check").code in {0, 1}


# ---------------------------------------------------------------------- names

NAMES = {
    "67 not UTF-8": (b"_tasks/cache/caf\xe9.md", "is not UTF-8"),
    "68 a line end": (b"_tasks/cache/a\nb.md", "other systems refuse"),
    "68 a tab": (b"_tasks/cache/a\tb.md", "other systems refuse"),
    "68 quotes": (b'_tasks/cache/a"b.md', "other systems refuse"),
    "68 an escape": (b"_tasks/cache/a\x1b[31m.md", "other systems refuse"),
    "69 an option": (b"_tasks/cache/-rf.md", "begins with '-'"),
    "69 a long option": (b"_tasks/cache/--output=x.md", "begins with '-'"),
    "69 a magic pathspec": (b"_tasks/:(top)x/001-user-request.md", "other systems refuse"),
    "69 a pattern": (b"_tasks/cache/*.md", "other systems refuse"),
    "70 git's folder with a joiner": ("_tasks/cache/.git\u200c/x.md".encode(), "imitates git's own folder"),
    "70 git's folder in capitals": (b"_tasks/cache/.GIT/x.md", "imitates git's own folder"),
    "70 git's folder, shortened": (b"_tasks/cache/git~1/x.md", "imitates git's own folder"),
    "71 a device": (b"_tasks/cache/CON.md", "device name on Windows"),
    "71 a device as folder": (b"_tasks/nul/001-user-request.md", "device name on Windows"),
    "71 a dot at the end": (b"_tasks/cache./001-user-request.md", "ends with a dot or a space"),
    "71 a blank at the end": (b"_tasks/cache /001-user-request.md", "ends with a dot or a space"),
    "71 255 bytes": (b"_tasks/cache/" + b"x" * 252 + b".md", "longer than 200 bytes"),
    "57 a name that runs backwards": ("_tasks/cache/a\u202eb.md".encode(), "nobody can see"),
    "67 a record that is not UTF-8": (b"docs/decisions/caf\xe9.md", "is not UTF-8"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_name_is_refused_on_disk_and_the_rest_still_looked_at(name: str, tmp_path: Path, check: Cli) -> None:
    path, says = NAMES[name]
    as_the_program_does()
    put(tmp_path, path, b"# Title\n")
    put(tmp_path, "_tasks/other/001-user-request.md", b"")
    with untouched(tmp_path):
        result = check("check")
    assert result.code == 1 and says in result.out and "Hint: rename it" in result.out and "Traceback" not in result.err
    assert "_tasks/other/001-user-request.md:1:1: error: the file is empty" in result.out
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", result.out + result.err)


@pytest.mark.parametrize(
    "name", ["67 not UTF-8", "68 a line end", "69 an option", "69 a pattern", "70 git's folder with a joiner"]
)
def test_a_bad_name_is_refused_in_the_index(name: str, repo: Repo, cli: Cli) -> None:
    path, says = NAMES[name]
    as_the_program_does()
    put(repo.path, path, b"# Title\n")
    subprocess.run(["git", "--literal-pathspecs", "add", "--", os.fsdecode(path)], cwd=repo.path, check=True)
    with untouched(repo.path):
        result = cli("check", "--staged")
    assert result.code == 1 and says in result.out and "Traceback" not in result.err


def test_a_line_end_in_a_name_is_printed_as_an_escape(tmp_path: Path, check: Cli) -> None:
    put(tmp_path, b"_tasks/cache/a\n_tasks/b.md:1:1: error: forged.md", b"# Title\n")
    assert not any(line.startswith("_tasks/b.md") for line in check("check").out.split("\n"))


TWINS = {
    "72 capitals": ("_tasks/cache/notes.md", "_tasks/cache/Notes.md"),
    "72 Unicode form": ("_tasks/cache/caf\u00e9.md", "_tasks/cache/cafe\u0301.md"),
    "72 capitals in a folder": ("_tasks/cache/research/a.md", "_tasks/cache/Research/a.md"),
}


@pytest.mark.parametrize("name", TWINS)
def test_names_that_fall_together_are_refused(name: str, tmp_path: Path, check: Cli) -> None:
    put(tmp_path, REQUEST, front())
    for path in TWINS[name]:
        put(tmp_path, path, b"# Title\n")
    with untouched(tmp_path):
        result = check("check")
    assert result.code == 1 and "differs from" in result.out and "Hint: rename one of them" in result.out


@pytest.mark.parametrize(
    "paths", [("_tasks/cache/a.md", "_tasks/cache/A.md"), ("_tasks/cache/a.md", "_tasks/Cache/a.md")]
)
def test_names_that_fall_together_are_refused_in_any_folder(paths: tuple[str, str], tmp_path: Path, check: Cli) -> None:
    for path in paths:
        put(tmp_path, path, b"# Title\n")
    assert check("check").code == 1


# ---------------------------------------------------------------------- what is no file


def test_73_a_link_is_not_followed(tmp_path: Path, check: Cli) -> None:
    put(tmp_path, "secret.txt", b"---\ntype: request\npassword: hunter2\n---\n")
    (tmp_path / "_tasks/cache").mkdir(parents=True)
    (tmp_path / REQUEST).symlink_to(tmp_path / "secret.txt")
    (tmp_path / "_tasks/cache/002-roadmap.md").symlink_to("/nowhere")
    (tmp_path / "_tasks/linked").symlink_to(tmp_path, target_is_directory=True)
    with untouched(tmp_path):
        result = check("check")
    assert result.code == 1 and "hunter2" not in result.out + result.err
    for path in (REQUEST, ROADMAP, "_tasks/linked"):
        assert re.search(rf"^{path}: error: is .*\[document/file\]\n    Hint: replace it", result.out, re.M)


def test_74_a_pipe_is_not_waited_for(tmp_path: Path, check: Cli) -> None:
    (tmp_path / "_tasks/cache").mkdir(parents=True)
    os.mkfifo(tmp_path / REQUEST)
    with untouched(tmp_path):
        result = check("check")
    assert result.code == 1 and f"{REQUEST}: error: is not a regular file" in result.out
    assert alone(tmp_path, "check").code == 1


def test_74_a_folder_in_the_place_of_a_document_is_refused(tmp_path: Path, check: Cli) -> None:
    put(tmp_path, "_tasks/cache/002-roadmap.md/notes.txt", b"x")
    assert check("check").code == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, check: Cli) -> None:
    put(tmp_path, REQUEST, front()).chmod(0)
    result = check("check")
    assert result.code == 1 and REQUEST in result.out and "Hint" in result.out


def test_75_a_submodule_in_a_managed_place_is_refused_in_the_index(repo: Repo, cli: Cli) -> None:
    oid = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{oid},{ROADMAP}")
    with untouched(repo.path):
        result = cli("check", "--staged")
    assert (
        result.code == 1
        and f"{ROADMAP}: error: is not a regular file" in result.out
        and "Hint: git rm --cached" in result.out
    )


def test_75_a_repository_inside_is_refused_on_disk(repo: Repo, cli: Cli) -> None:
    repo.git("init", "-q", str(repo.path / "_tasks/cache/inner"))
    repo.write("_tasks/cache/inner/x.md", "# Title\n")
    assert cli("check").code == 1


def test_66_an_unresolved_merge_is_refused_in_the_index(repo: Repo, cli: Cli) -> None:
    repo.commit({REQUEST: "# Title\n\none\n"})
    repo.git("checkout", "-q", "-b", "other")
    repo.commit({REQUEST: "# Title\n\ntwo\n"})
    repo.git("checkout", "-q", "main")
    repo.commit({REQUEST: "# Title\n\nthree\n"})
    repo.git("merge", "-q", "other", check=False)
    with untouched(repo.path):
        staged, disk = cli("check", "--staged"), cli("check")
    assert staged.code == 1 and REQUEST in staged.out and "Traceback" not in staged.err
    assert disk.code == 1 and f"{REQUEST}:3:1: error: an unresolved merge conflict" in disk.out


# ---------------------------------------------------------------------- decisions.toml

TOML = {
    "no TOML": ("gates = [\n", 1, "not TOML", "write key ="),
    "no TOML further down": ('gates = []\n\nsubject "x"\n', 3, "not TOML", "write key ="),
    "a key twice": ("gates = []\ngates = []\n", 2, "not TOML", "write key ="),
    "byte order mark": ("\ufeffgates = []\n", 1, "byte order mark", "without BOM"),
    "10,000 deep": ("gates = " + "[" * 10_000 + "]" * 10_000, 1, "nested too deep", "write key ="),
    "5,000 digits": ("[run]\nparallel = " + "9" * 5_000, 2, "not TOML", "write key ="),
    "unknown key": ("# mine\ngate = []\n", 2, "unknown key 'gate'", "did you mean 'gates'?"),
    "unknown table": ("[trakcs]\nshare = 1\n", 1, "unknown key 'trakcs'", "did you mean 'tracks'?"),
    "unknown key in a table": ("[run]\nparallel = 2\n\n[tracks]\nshare = 5\nconted = []\n", 6, "'tracks.conted'", "did you mean 'counted'?"),
    "unknown key like nothing": ("[run]\nxyzzy = 2\n", 2, "unknown key 'run.xyzzy'", "known keys: parallel"),
    "unknown key of an expert": ('[experts.ada]\nname = "Ada"\nlens = "x"\ncatches = "y"\nlense = "z"\n', 5, "'experts.ada.lense'", "'lens'"),
    "a word for a number": ('[experts.ada]\nname = "Ada"\nlens = "share = 1"\ncatches = "y"\n[tracks]\nshare = "x"\n', 6, "tracks.share", "found 'x'"),
    "a number for a word": ("subject = 5\n", 1, "subject: input should be a valid string", "found 5"),
    "a number out of reach": ("[tracks]\nshare = 100\n", 2, "tracks.share", "found 100"),
    "a float for an integer": ("[run]\nparallel = 2.0\n", 2, "run.parallel", "found 2.0"),
    "infinity": ("[run]\nparallel = inf\n", 2, "run.parallel", "found inf"),
    "truth for an integer": ("[run]\nparallel = true\n", 2, "run.parallel", "found True"),
    "a word for a list": ('gates = "panel"\n', 1, "gates: input should be a valid tuple", "found 'panel'"),
    "a table for a word": ("[subject]\nx = 1\n", 1, "subject: ", "found {'x': 1}"),
    "a name that is no name": ('[backends.roles]\n"../x" = "offline"\n', 2, "../x", "found '../x'"),
    "an expert that there is not": ('[panels]\nmini = ["don", "ada"]\n', 2, "panels.mini: 'ada' is no expert", "known experts: tarjan"),
    "a subject without what": ('subject = "{case}"\n', 1, "must hold {what}", "found '{case}'"),
    "a subject as wide as a memory": ('subject = "{what:>9999999999}"\n', 1, "{case} and {what} only", "found"),
    "a subject that reads attributes": ('subject = "{what.__class__} {what}"\n', 1, "{case} and {what} only", "found"),
    "a character that hides": ('[experts.ada]\nname = "A\\u202eda"\nlens = "x"\ncatches = "y"\n', 2, "hides or reorders", "found"),
    "severity that there is not": ('[tracks]\ncounted = ["critical", "high"]\n', 2, "tracks.counted", "found 'high'"),
}  # fmt: skip


@pytest.mark.parametrize("name", TOML)
def test_bad_settings_are_refused(name: str, tmp_path: Path, check: Cli) -> None:
    text, line, says, hint = TOML[name]
    put(tmp_path, "decisions.toml", text.encode())
    with untouched(tmp_path):
        refused(check("check"), Bad(name, b"", line, says, hint, "decisions.toml"))


def test_an_empty_file_of_settings_is_as_good_as_none() -> None:
    assert read_settings("") == read_settings(None)


def test_a_baseline_of_ten_thousand_cases_is_read(repo: Repo, cli: Cli) -> None:
    slugs = [f"2026-01-31-a-task-with-a-rather-long-name-{number:05d}" for number in range(10_000)]
    text = "baseline = [\n" + "".join(f'  "{slug}",\n' for slug in slugs) + "]\n"
    repo.commit({"decisions.toml": text, f"_tasks/{slugs[-1]}/001-user-request.md": "# Old\n"})
    with untouched(repo.path, seconds=2.0):
        assert cli("check").code == 0
        assert cli("status", "--json").json["cases"][0]["managed"] is False
    assert read_settings(text).baseline[-1] == slugs[-1]


def test_settings_of_more_than_four_megabytes_are_refused() -> None:
    with pytest.raises(Exception, match="more than 4194304 bytes"):
        read_settings("#" * (4 << 20) + "\n")


@pytest.mark.parametrize("args", [("check",), ("config",), ("concerns", "_tasks/cache")])
def test_settings_that_are_not_utf8_are_refused(args: tuple[str, ...], repo: Repo, cli: Cli) -> None:
    repo.write(REGISTER, "### C1. x\n")
    repo.write("decisions.toml", b'subject = "\xe9 {what}"\n')
    result = cli(*args)
    assert (
        result.code == 1 and "decisions.toml:1:12: " in result.out + result.err and "UTF-8" in result.out + result.err
    )


@pytest.mark.parametrize("make", ["folder", "link"])
def test_a_decisions_toml_that_is_no_file_is_refused_by_whatever_reads_it(repo: Repo, cli: Cli, make: str) -> None:
    toml = repo.path / "decisions.toml"
    toml.unlink(missing_ok=True)
    if make == "folder":
        toml.mkdir()
    else:
        toml.symlink_to("/etc/hostname")
    for command in ("check", "config"):
        said = cli(command)
        assert said.code == 1, said
        assert "decisions.toml" in said.out + said.err
        assert "a regular file" in said.out + said.err
