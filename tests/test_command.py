"""A program as an agent, with programs that the tests write: every way to answer and every way to fail."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from decisions_tool.agents import command, process, results
from decisions_tool.agents.protocol import Backend, Limits, Stopped, Ticket, Unanswered
from decisions_tool.config import Command
from tests.programs import PROMPT, Bench, packet, printing, program

#: What Claude Code prints, as it was seen; None where it prints nothing before a deadline.
GOOD: dict[str, Any] = {
    "type": "result", "subtype": "success", "is_error": False, "num_turns": 3, "result": "# The answer\n", "stop_reason": "end_turn",
    "session_id": "s", "total_cost_usd": 0.0123, "permission_denials": [], "terminal_reason": "completed", "api_error_status": None,
    "usage": {"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 40},
    "modelUsage": {"some-model-1": {"costBasis": "list"}},
}  # fmt: skip
BAD = {"is_error": True, "terminal_reason": "api_error", "result": "API Error: overloaded"}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    (tmp_path / "repo").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return Bench(tmp_path / "repo")


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does, its exports are gone afterwards."""
    (tmp_path / "ground").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "ground"))
    yield
    assert list((tmp_path / "ground").iterdir()) == []


def agent(bench: Bench, body: str, name: str = "agent") -> str:
    return program(bench.root.parent / "bin", body, name)


def failure(bench: Bench, body: str, answer: str = "result", **more: Any) -> Unanswered:
    with pytest.raises(Unanswered) as caught:
        bench.ask(packet(**more), argv=(agent(bench, body),), answer=answer)
    assert caught.value.hint
    return caught.value


# -- an answer


def test_it_is_a_backend(bench: Bench) -> None:
    backend: Backend = bench.agent(argv=("agent",))
    assert backend.name == "command"
    assert backend.submit([packet(), packet(slot="b")]) == [Ticket(packet()), Ticket(packet(slot="b"))]


def test_an_answer_with_what_it_cost(bench: Bench) -> None:
    answer = bench.ask(argv=(agent(bench, printing(GOOD)),), answer="result")
    assert (answer.body, answer.backend, answer.model) == ("# The answer\n", "command", "some-model-1")
    assert answer.usage == {
        "input": "10", "output": "20", "cache-read": "30", "cache-write": "40", "calls": "3", "cost-usd": "0.0123",
    }  # fmt: skip
    assert bench.till.verbs == ["reserve", "keep"]
    assert bench.till.story[-1][2:] == (json.dumps(GOOD).encode(), Decimal("0.0123"))
    assert bench.opened == ["c" * 40]


def test_plain_text_is_an_answer_with_an_empty_key(bench: Bench) -> None:
    answer = bench.ask(packet(model=""), argv=(agent(bench, printing("Grüße\n")),))
    assert (answer.body, answer.model, answer.usage) == ("Grüße\n", None, {})
    assert bench.till.story[-1][2:] == ("Grüße\n".encode(), None)


def test_a_key_with_dots_leads_deeper(bench: Bench) -> None:
    assert bench.ask(argv=(agent(bench, printing({"a": {"b": {"c": "x"}}})),), answer="a.b.c").body == "x"


def test_the_model_is_what_the_result_says_where_none_is_asked_for(bench: Bench) -> None:
    made = agent(bench, printing(GOOD))
    assert bench.ask(packet(model=""), argv=(made,), answer="result").model == "some-model-1"
    assert (
        bench.ask(
            packet(model="", slot="b"), argv=(agent(bench, printing({"r": "x", "model": "m"})),), answer="r"
        ).model
        == "m"
    )


def test_stdin_is_exactly_the_prompt(bench: Bench) -> None:
    body = "data = sys.stdin.buffer.read()\nprint(data.hex())"
    assert bytes.fromhex(bench.ask(argv=(agent(bench, body),)).body) == PROMPT.encode()


def test_a_long_prompt_arrives_while_the_program_talks(bench: Bench) -> None:
    body = "print('x' * 1000000)\nsys.stdout.flush()\nprint(len(sys.stdin.buffer.read()))"
    assert bench.ask(packet(prompt="p" * 3_000_000), argv=(agent(bench, body),)).body.endswith("x\n3000000\n")


def test_a_program_need_not_listen(bench: Bench) -> None:
    assert (
        bench.ask(packet(prompt="p" * 3_000_000), argv=(agent(bench, "os.close(0)\nprint('deaf')"),)).body == "deaf\n"
    )


def test_nothing_is_read_by_a_shell(bench: Bench) -> None:
    body = "print(json.dumps(sys.argv[1:]))"
    words = (
        "$(touch never)",
        "; touch never",
        "`id`",
        "*",
        "a b",
        "",
        "{models}",
        "{0}",
        "{model!r}",
        "%s",
        "--m={model}:{turns}",
    )
    got = json.loads(bench.ask(argv=(agent(bench, body), *words)).body)
    assert got == [*words[:-1], "--m=some-model-1:7"]


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    asked = packet(limits=Limits(turns=3))
    assert command.command_line(Command(argv=("p", "{{model}}{turns}")), asked) == ("p", "{some-model-1}3")


@pytest.mark.parametrize("model", ["", "--dangerously-skip-permissions", "-x", "a b", "a\nb", "{turns}", "a;b"])
def test_a_model_cannot_pose_as_an_option(bench: Bench, model: str) -> None:
    with pytest.raises(Stopped, match="is no name of a model"):
        bench.ask(packet(model=model), argv=("agent", "--model", "{model}"))


def test_it_stands_in_an_export_of_the_pinned_commit(bench: Bench) -> None:
    body = "print(json.dumps([os.getcwd(), sorted(os.listdir()), open('src/a.py').read()]))"
    folder, names, text = json.loads(bench.ask(argv=(agent(bench, body),)).body)
    assert (names, text) == (["README.md", "src"], "a = 1\n")
    assert not Path(folder).exists() and not Path(folder).is_relative_to(bench.root)


def test_only_named_variables_arrive(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/canary")
    made = agent(bench, "print(json.dumps(dict(os.environ)))")
    names = ("ANTHROPIC_API_KEY", "PATH", "NOT_THERE_AT_ALL")
    got = json.loads(bench.ask(argv=(made,), env=names).body)
    got.pop("LC_CTYPE", None)  # Python's own, where there is no locale
    assert got == {"ANTHROPIC_API_KEY": "k1", "PATH": os.environ["PATH"]}


def test_a_hostile_path_arrives_clean_and_leads_to_no_program(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    own = program(bench.root / "bin", printing("hijacked"))
    program(bench.root, printing("hijacked"))
    (bench.root.parent / "link").symlink_to(bench.root / "bin")
    agent(bench, "print(os.environ['PATH'])")
    good = f"{bench.root.parent / 'bin'}"
    monkeypatch.chdir(bench.root)
    monkeypatch.setenv("PATH", f".:bin::./bin:{bench.root}:{Path(own).parent}:{bench.root.parent / 'link'}:{good}")
    assert bench.ask(argv=("agent",), env=("PATH",)).body == f"{good}\n"


@pytest.mark.parametrize("entry", [".", "", "sub"])
def test_a_relative_entry_of_path_leads_nowhere(bench: Bench, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    program(bench.root.parent / "work" / entry, printing("hijacked"))
    monkeypatch.chdir(bench.root.parent / "work")
    monkeypatch.setenv("PATH", f"{entry}:/usr/bin:/bin")
    with pytest.raises(Stopped, match="not found on PATH"):
        bench.ask(argv=("agent",))


@pytest.mark.parametrize(
    "name",
    ["./agent", "bin/agent", "../repo/agent", "{root}/agent", "{root}/../linked", "agent", "/nowhere/agent", "a\0b"],
)
def test_a_program_of_the_repository_is_never_started(bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    program(bench.root, printing("hijacked"))
    program(bench.root / "bin", printing("hijacked"))
    (bench.root.parent / "linked").symlink_to(bench.root / "agent")
    bench.files = {"agent": b"#!/bin/sh\necho hijacked\n", "bin/agent": b"#!/bin/sh\necho hijacked\n"}
    monkeypatch.chdir(bench.root)
    monkeypatch.setenv("PATH", f".:{bench.root}:bin")
    with pytest.raises(Stopped) as caught:
        bench.ask(argv=(name.replace("{root}", str(bench.root)),))
    assert caught.value.outcome == "unreachable"
    assert bench.till.verbs in ([], ["reserve", "release"])


# -- what is configured and cannot work


def test_nothing_configured_stops(bench: Bench) -> None:
    with pytest.raises(Stopped, match="no program is configured") as caught:
        bench.ask()
    assert caught.value.outcome == "unreachable" and "[command]" in caught.value.hint


def test_a_program_that_is_not_there_stops_and_costs_nothing(bench: Bench) -> None:
    with pytest.raises(Stopped, match="nowhere-to-be-found is not found on PATH") as caught:
        bench.ask(argv=("nowhere-to-be-found",))
    assert "install it" in caught.value.hint
    assert bench.till.verbs == ["reserve", "release"]


def test_a_program_that_cannot_be_started_stops(bench: Bench) -> None:
    made = Path(agent(bench, ""))
    made.write_text("#!/nowhere/interpreter\n")
    with pytest.raises(Stopped, match="cannot be started") as caught:
        bench.ask(argv=("agent",))
    assert caught.value.outcome == "unreachable" and bench.till.verbs == ["reserve", "release"]


def test_what_nobody_trusts_is_not_started(bench: Bench) -> None:
    bench.trusted = lambda: False
    with pytest.raises(Stopped, match="nobody has said") as caught:
        bench.ask(argv=(agent(bench, "open('/dev/null')"),))
    assert caught.value.hint == "decisions trust"
    assert bench.till.verbs == [] and bench.opened == []


def test_a_till_that_says_no_stops_before_anything_is_started(bench: Bench, tmp_path: Path) -> None:
    bench.till.closed = True
    with pytest.raises(Stopped, match=r"^the budget is spent$"):
        bench.ask(argv=(agent(bench, f"open({str(tmp_path / 'ran')!r}, 'w')"),))
    assert not (tmp_path / "ran").exists() and bench.till.verbs == []


# -- outcomes

DENIED = {**GOOD, "permission_denials": [{"tool_name": "Bash", "tool_use_id": "t"}, {"tool_name": "Write"}]}
OUTCOMES: list[tuple[str, dict[str, Any], int, str, bool]] = [
    ("denied", DENIED, 0, "Bash, Write", True),
    ("turns", {"subtype": "error_max_turns", "is_error": True, "terminal_reason": "max_turns"}, 1, "turns", True),
    ("budget", {"subtype": "error_max_budget_usd", "is_error": True, "terminal_reason": "budget_exhausted", "total_cost_usd": 0.5}, 1, "budget", True),
    ("refused", {**BAD, "subtype": "success", "api_error_status": 400, "result": "API Error: 400 no such model"}, 1, "no such model", False),
    ("limited", {**BAD, "subtype": "success", "api_error_status": 529}, 1, "overloaded", False),
    ("limited", {**BAD, "subtype": "success", "api_error_status": 429}, 1, "overloaded", False),
    ("unreachable", {**BAD, "subtype": "success", "api_error_status": 500}, 1, "overloaded", False),
    ("unreachable", {**BAD, "subtype": "success", "api_error_status": None}, 1, "overloaded", False),
    ("refused", {**BAD, "subtype": "success", "stop_reason": "refusal", "result": "flagged"}, 1, "declines to answer: flagged", True),
    ("truncated", {**BAD, "result": "API Error: the response exceeded the 64000 output token maximum."}, 1, "64000", True),
    ("truncated", {**BAD, "result": "API Error: The model has reached its context window limit."}, 1, "context window", True),
    ("unusable", {"subtype": "success", "is_error": True, "result": "no"}, 0, "no", True),
    ("unusable", {"subtype": "error_during_execution", "is_error": False, "errors": ["boom"]}, 0, "boom", True),
    ("truncated", {**GOOD, "stop_reason": "max_tokens"}, 0, "max_tokens", True),
    ("refused", {**GOOD, "stop_reason": "refusal"}, 0, "declines", True),
    ("malformed", {**GOOD, "result": ""}, 0, "no text", True),
    ("malformed", {**GOOD, "result": " \n"}, 0, "no text", True),
    ("malformed", {**GOOD, "result": {"a": 1}}, 0, "no text", True),
    ("malformed", {**GOOD, "result": "half \ud800"}, 0, "half a character", True),
    ("malformed", {"type": "result", "is_error": False}, 0, "holds no 'result'", True),
    ("unusable", {**GOOD}, 3, "exit code 3", False),
    ("unusable", {"is_error": "perhaps", "subtype": ["x"], "terminal_reason": {}, "stop_reason": [], "api_error_status": [1]}, 1, "no reason", True),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "result", "code", "said", "kept"), OUTCOMES)
def test_a_result_that_is_no_answer_has_a_name(
    bench: Bench, outcome: str, result: dict[str, Any], code: int, said: str, kept: bool
) -> None:
    error = failure(bench, printing(result, code))
    assert (error.outcome, type(error)) == (outcome, Unanswered)
    assert said in error.message and error.message.startswith("a: agent: ")
    assert bench.till.verbs == ["reserve", "keep"]
    assert bench.till.story[-1][2] == (json.dumps(result).encode() if kept else b"")
    assert (error.hint == "decisions redo q1 propose/a") == kept


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_accepted_stops_the_run(bench: Bench, status: int) -> None:
    error = failure(bench, printing({**BAD, "api_error_status": status}, 1))
    assert isinstance(error, Stopped) and error.outcome == "refused"


def test_trouble_that_was_overcome_is_an_answer(bench: Bench) -> None:
    """529 twice, then an answer: the result says completed."""
    assert bench.ask(argv=(agent(bench, printing(GOOD)),), answer="result").body == GOOD["result"]


def test_a_program_that_tries_for_ever_is_ended(bench: Bench) -> None:
    """A persistent 401: nothing is printed, nothing ends."""
    begun = time.monotonic()
    error = failure(bench, "time.sleep(60)", limits=Limits(seconds=0.3))
    assert error.outcome == "timeout" and time.monotonic() - begun < 5
    assert bench.till.verbs == ["reserve", "lost"], "it may have been billed: the reservation stays"


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("", "nothing"), ("Sorry", "Sorry"), ("[1]", "not one JSON"), ('"x"', "not one JSON"), ("{} {}", "not one JSON"),
        ('{"result": "a', "not one JSON"), ('{"result": NaN}', "not one JSON"), ("[" * 100_000, "not one JSON"),
        (b'{"result": "\xff"}', "not UTF-8"), ('{"a": ' + "9" * 5000 + "}", "not one JSON"),
        ('{"result": "\x1b[2J\u202e"', "\\x1b[2J"),
    ],
)  # fmt: skip
def test_what_is_not_json_where_it_was_promised_is_malformed(bench: Bench, printed: str | bytes, said: str) -> None:
    body = f"import base64\nsys.stdin.buffer.read()\nsys.stdout.buffer.write({printed if isinstance(printed, bytes) else printed.encode()!r})"
    error = failure(bench, body)
    assert error.outcome == "malformed" and said in error.message and "\x1b" not in error.message


@pytest.mark.parametrize("printed", [b"", b" \n\t", b"a\xffb"])
def test_text_that_is_none_is_malformed(bench: Bench, printed: bytes) -> None:
    assert failure(bench, printing(printed), answer="").outcome == "malformed"


def test_an_exit_code_without_a_result_is_told_with_what_stderr_says(bench: Bench) -> None:
    error = failure(bench, "sys.stderr.write('no \\x1b[31mkey\\n')\nprint('half an answer')\nsys.exit(2)", answer="")
    assert error.outcome == "unusable" and "exit code 2: no \\x1b[31mkey" in error.message
    assert bench.till.story[-1][2] == b"", "half an answer must not come out of the drawer as a whole one"


def test_a_program_that_is_killed_is_no_answer(bench: Bench) -> None:
    error = failure(bench, "print('x')\nsys.stdout.flush()\nos.kill(os.getpid(), 9)", answer="")
    assert error.outcome == "unusable" and "-9" in error.message


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_too_much_is_malformed_and_ends_it(bench: Bench, stream: str) -> None:
    body = f"for _ in range(10):\n  sys.{stream}.write('x' * (1 << 20))\n  sys.{stream}.flush()\ntime.sleep(60)"
    begun = time.monotonic()
    error = failure(bench, body, answer="")
    assert error.outcome == "malformed" and "more than 8 MB" in error.message
    assert time.monotonic() - begun < 10


def test_too_much_is_found_though_the_program_has_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LIMIT", 1000)
    assert failure(bench, "print('x' * 2000)", answer="").outcome == "malformed"


@pytest.mark.parametrize(
    "deed",
    [
        "open('src/a.py', 'a').write('x')", "open('new', 'w')", "os.remove('README.md')", "os.symlink('/etc/passwd', 'l')",
        "os.chmod('README.md', 0o777)", "os.mkdir('.git')", "os.mkfifo('src/p')",
    ],
)  # fmt: skip
def test_an_agent_that_wrote_into_its_folder_is_denied(bench: Bench, deed: str) -> None:
    error = failure(bench, f"{deed}\n{printing(GOOD)}")
    assert error.outcome == "denied" and "wrote into its folder" in error.message
    assert bench.till.story[-1][2:] == (b"", Decimal("0.0123")), "what it cost is kept, the answer is not"
    assert bench.files["src/a.py"] == b"a = 1\n"


def test_a_folder_that_was_made_unwritable_goes_all_the_same(bench: Bench) -> None:
    assert failure(bench, "os.mkdir('d', 0)\nos.chmod('.', 0o500)\nprint('x')", answer="").outcome == "denied"


# -- processes


def _gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")


@linux
def test_a_program_that_ignores_sigterm_is_ended(bench: Bench, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    body = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    assert failure(bench, body, limits=Limits(seconds=1.5)).outcome == "timeout"
    assert _gone(int(note.read_text()))


@linux
@pytest.mark.parametrize("answers", [True, False])
def test_a_grandchild_that_holds_the_pipe_is_ended_too(bench: Bench, tmp_path: Path, answers: bool) -> None:
    note = tmp_path / "pid"
    last = "print('done')" if answers else "time.sleep(60)"
    body = f"pid = os.fork()\nif not pid:\n  time.sleep(60)\nopen({str(note)!r}, 'w').write(str(pid))\n{last}"
    begun = time.monotonic()
    if answers:
        assert bench.ask(argv=(agent(bench, body),)).body == "done\n"
    else:
        assert failure(bench, body, answer="", limits=Limits(seconds=1.5)).outcome == "timeout"
    assert time.monotonic() - begun < 10 and _gone(int(note.read_text()))


@linux
def test_a_grandchild_that_left_the_group_holds_nothing_up(bench: Bench, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    body = (
        "pid = os.fork()\nif not pid:\n  os.setsid()\n  os.chdir('/')\n"
        f"  open({str(note)!r}, 'w').write(str(os.getpid()))\n  time.sleep(60)\n"
        f"while not os.path.exists({str(note)!r}) or not os.path.getsize({str(note)!r}): time.sleep(0.01)\nprint('done')"
    )
    begun = time.monotonic()
    assert bench.ask(argv=(agent(bench, body),)).body == "done\n"
    assert time.monotonic() - begun < 10
    os.kill(int(note.read_text()), signal.SIGKILL)


def test_the_last_words_are_heard_though_the_program_has_ended(tmp_path: Path) -> None:
    def busy() -> bool:
        time.sleep(0.5)
        return False

    ended = process.run(("/bin/sh", "-c", "sleep 0.1; echo late"), b"", tmp_path, {"PATH": "/usr/bin:/bin"}, 20.0, busy)
    assert ended == (0, b"late\n", b"", "")


def test_it_runs_in_a_session_of_its_own(bench: Bench) -> None:
    body = "print(os.getsid(0) == os.getpid() != int(sys.argv[1]))"
    assert bench.ask(argv=(agent(bench, body), str(os.getsid(0)))).body == "True\n"


def test_no_open_file_of_ours_arrives(bench: Bench, tmp_path: Path) -> None:
    body = "print(sum(os.path.exists(f'/dev/fd/{n}') for n in range(3, 50)) if os.path.exists('/dev/fd/0') else 0)"
    (tmp_path / "secret").write_text("s")
    with (tmp_path / "secret").open():
        assert int(bench.ask(argv=(agent(bench, body),)).body) <= 1  # the one that lists them


def test_never_more_at_once_than_allowed(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "running"
    folder.mkdir()
    body = (
        f"folder = {str(folder)!r}\nmine = os.path.join(folder, str(os.getpid()))\nopen(mine, 'w').close()\n"
        "time.sleep(0.15)\nprint(len(os.listdir(folder)))\nos.remove(mine)"
    )
    backend = bench.agent(argv=(agent(bench, body),), parallel=2)
    tickets = backend.submit([packet(slot=f"s{n}") for n in range(6)])
    with ThreadPoolExecutor(6) as pool:
        counts = [int(answer.body) for answer in pool.map(backend.collect, tickets)]
    assert max(counts) <= 2
    assert bench.till.verbs.count("keep") == 6


def test_stop_ends_what_runs_and_starts_nothing_more(bench: Bench) -> None:
    backend = bench.agent(argv=(agent(bench, "time.sleep(60)"),))
    timer = threading.Timer(0.3, backend.stop)
    timer.start()
    for slot in ("a", "b"):
        with pytest.raises(Unanswered) as caught:
            backend.collect(Ticket(packet(slot=slot)))
        assert caught.value.outcome == "cut-off"
    timer.join()
    assert bench.till.verbs == ["reserve", "lost"], "the second was not started"


# -- the till, and one correction


def counting(bench: Bench, *bodies: str) -> tuple[str, Path]:
    """A program that prints one text after the other, and the file where it notes its prompts."""
    note = bench.root.parent / "prompts"
    body = (
        f"note = {str(note)!r}\nseen = open(note).read().count('\\x01') if os.path.exists(note) else 0\n"
        f"open(note, 'a').write(sys.stdin.read() + '\\x01')\nsys.stdout.write({bodies!r}[seen])"
    )
    return agent(bench, body), note


def must_say_yes(body: str) -> str:
    return "" if "yes" in body else "it does not say yes"


def test_a_reply_that_was_paid_for_is_not_bought_twice(bench: Bench) -> None:
    made, note = counting(bench, "first", "second")
    assert [bench.ask(argv=(made,)).body for _ in range(2)] == ["first", "first"]
    assert note.read_text().count("\x01") == 1 and len(bench.opened) == 1


def test_each_slot_and_each_commit_buys_its_own(bench: Bench) -> None:
    made, _ = counting(bench, "1", "2", "3", "4")
    asked = [packet(), packet(slot="b"), packet(pinned="d" * 40), packet(prompt="else")]
    assert [bench.ask(one, argv=(made,)).body for one in asked] == ["1", "2", "3", "4"]


def test_a_failed_service_is_asked_again_and_used_up_turns_are_not(bench: Bench) -> None:
    busy, tired = json.dumps({**BAD, "api_error_status": 529}), json.dumps(OUTCOMES[1][1])
    made, note = counting(bench, busy, tired)
    for outcome in ("limited", "turns", "turns"):
        with pytest.raises(Unanswered) as caught:
            bench.ask(argv=(made,), answer="result")
        assert caught.value.outcome == outcome
    assert note.read_text().count("\x01") == 2


def test_an_answer_that_does_not_fit_is_corrected_once(bench: Bench) -> None:
    made, note = counting(bench, json.dumps({**GOOD, "result": "no {reason}"}), json.dumps({**GOOD, "result": "yes"}))
    answer = bench.ask(replace(packet(prompt="Q {x}"), check=must_say_yes), argv=(made,), answer="result")
    assert answer.body == "yes" and answer.usage["cost-usd"] == "0.0246" and answer.usage["calls"] == "6"
    first, second, _ = note.read_text().split("\x01")
    assert first == "Q {x}"
    assert second.startswith("Q {x}\n") and "\nno {reason}\n" in second and "it does not say yes" in second
    assert bench.till.verbs == ["reserve", "keep"] * 2
    assert len(bench.opened) == 1, "one export for both"


def test_a_correction_that_does_not_fit_is_malformed(bench: Bench) -> None:
    made, note = counting(bench, "no", "no!", "never asked")
    for _ in range(2):
        with pytest.raises(Unanswered, match="the corrected one neither: it does not say yes") as caught:
            bench.ask(replace(packet(), check=must_say_yes), argv=(made,))
        assert (caught.value.outcome, caught.value.hint) == ("malformed", "decisions redo q1 propose/a")
    assert note.read_text().count("\x01") == 2


def test_a_run_that_was_killed_before_the_correction_goes_on_there(bench: Bench) -> None:
    made, note = counting(bench, "no", "yes")
    asked = replace(packet(), check=must_say_yes)
    bench.ask(replace(asked, check=packet().check), argv=(made,))
    assert bench.ask(asked, argv=(made,)).body == "yes"
    assert note.read_text().count("\x01") == 2


def test_one_deadline_holds_for_both(bench: Bench) -> None:
    asked = replace(packet(limits=Limits(seconds=1.5)), check=must_say_yes)
    begun = time.monotonic()
    with pytest.raises(Unanswered) as caught:
        bench.ask(asked, argv=(agent(bench, "time.sleep(0.9)\nprint('no')"),))
    assert caught.value.outcome == "timeout" and time.monotonic() - begun < 4


# -- secrets, and what the phase asks for besides

SECRET = "hunter2-Zq8vK3mX7pL1"  # nothing's


def test_a_secret_in_the_prompt_does_not_leave(bench: Bench) -> None:
    bench.known = (SECRET,)
    error = failure(bench, "print('x')", answer="", prompt=f"the key is {SECRET}")
    assert error.outcome == "secret" and bench.till.verbs == [] and bench.opened == []


def test_a_secret_in_the_answer_is_not_taken(bench: Bench) -> None:
    bench.known = (SECRET,)
    made, note = counting(bench, f"it is {SECRET}", "it is not said")
    assert bench.ask(packet(), argv=(made,)).body == "it is not said"
    assert "looks like a secret" in note.read_text()


def test_a_file_with_a_secret_is_not_in_the_export(bench: Bench) -> None:
    bench.known = (SECRET,)
    bench.files = {"a": b"a", "b": f"key = {SECRET}\n".encode(), "c": b"\xff"}
    assert bench.ask(argv=(agent(bench, "print(sorted(os.listdir()))"),)).body == "['a', 'c']\n"


def test_what_a_program_did_cannot_be_seen(bench: Bench) -> None:
    made = agent(bench, printing("x"))
    asked = packet(owes=("prior-art", "key-files"), files=("a", "b"), given=("a",))
    assert bench.ask(asked, argv=(made,)).unmet == ("prior-art", "key-files")
    assert bench.ask(replace(asked, given=("a", "b")), argv=(made,)).unmet == ("prior-art",)


# -- money and the preset


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ("0.1", "0.1"), ("3", "3"), ("0", "0"), ("1e2", "100"), ("0.0000000001", "0"), ("-1", None), ("1e400", None), ("1e-999999", "0"),
        ('"0.1"', None), ("true", None), ("null", None), ("[]", None), ("9999999", None),
    ],
)  # fmt: skip
def test_money_is_a_sane_decimal_or_nothing(told: str, cost: str | None) -> None:
    out = f'{{"result": "x", "total_cost_usd": {told}}}'.encode()
    found = results.cost(out, "result")
    assert (None if found is None else str(found)) == cost
    assert results.read(out, "result").usage == ({} if cost is None else {"cost-usd": cost})


@pytest.mark.parametrize(
    "usage", [[], "x", {"input_tokens": -1}, {"input_tokens": True}, {"input_tokens": 1.5}, {"input_tokens": 10**20}]
)
def test_tokens_that_are_none_are_left_out(usage: object) -> None:
    assert results.read(json.dumps({"result": "x", "usage": usage, "num_turns": None}).encode(), "result").usage == {}


def test_the_preset_lets_an_agent_read_and_nothing_else(bench: Bench) -> None:
    agent(bench, "print(json.dumps({'result': json.dumps(sys.argv)}))", "claude")
    argv = json.loads(bench.ask(preset="claude").body)
    pairs = dict(pairwise(argv))
    assert Path(argv[0]).name == "claude" and "-p" in argv
    assert pairs["--tools"] == "Read,Grep,Glob" and pairs["--permission-mode"] == "dontAsk"
    assert pairs["--model"] == "some-model-1" and pairs["--max-turns"] == "7" and pairs["--output-format"] == "json"
    assert {"--restricted", "--safe-mode", "--strict-mcp-config", "--no-session-persistence"} <= set(argv)
    assert not any(word in " ".join(argv) for word in ("Bash", "Write", "Web", "dangerously", "bypass", PROMPT[:10]))


def test_the_program_of_the_preset_can_stand_elsewhere(bench: Bench) -> None:
    made = agent(bench, printing(GOOD), "claude-2")
    assert bench.ask(preset="claude", argv=(made,)).body == GOOD["result"]
    assert command.template(Command(preset="claude", argv=(made,)))[:2] == (made, "-p")
