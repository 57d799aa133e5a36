"""What goes over the wire: nobody's answer to somebody who must not see it, no secret, and nothing that a repository's files ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from decisions_tool.agents import backends
from decisions_tool.agents.protocol import Packet
from decisions_tool.documents.vote import Vote
from decisions_tool.roster import PROPOSERS
from decisions_tool.testing import Asked, Exchange, Loopback, Said
from tests.ballot_box import FRAMING, folder, framing, vote, votes
from tests.conftest import REQUEST, Cli, Repo
from tests.rehearsing import Rehearsal

KEY = "sk-ant-api03-Zk4Qm8Tt2Wv9Xr3Ys7Lp5Nb1Hd6Gf0Jc"
LEAK = "ghp_7Hq2Ls9Kd4Rw6Mz1Tx8Vc3Yb5Nf0Gj2PaQe4"


@pytest.fixture
def paid(repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repo]:
    """A repository whose agents are asked over the wire."""
    assert cli("init").code == 0
    repo.commit({"decisions.toml": repo.read("decisions.toml") + '\n[backends]\ndefault = "anthropic"\n'}, "paid")
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    backends.known_secrets.cache_clear()
    yield repo
    backends.known_secrets.cache_clear()


def served(
    repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch, change: object = None, runs: int = 1
) -> tuple[list[Exchange], Rehearsal, str]:
    """What a run has asked, by whom it was answered, and what it said."""

    def answer(packet: Packet, asked: Asked, body: str) -> Said | str:
        body = body.replace("so this duty is unmet", "no prior art found")
        return change(packet, asked, body) if callable(change) else body

    brain = Rehearsal(repo.path, answer)
    with closing(brain), Loopback(brain, key=KEY) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        said = "".join(cli("run").err for _ in range(runs))
    return server.log, brain, said


def test_nobody_sees_what_others_answer_to_the_same_question(
    paid: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D5 D10: proposals and reviews know nothing of each other, votes nothing of who proposed, how many did, or how they scored it."""
    paid.request("cache", REQUEST)
    framing(paid)

    def signed(packet: Packet, asked: Asked, body: str) -> str:
        """Every proposal and review bears a word of its own, and its agent's name and seat."""
        mark = f"word{packet.slot.replace('-', '')}"
        if packet.phase == "propose":
            return body.replace("### Self-Assessment\n", f"### Self-Assessment\n\nself{mark}\n").replace(
                "### Summary\n\n", f"### Summary\n\nBy {packet.slot}, minimalist and Contrarian. {mark}. "
            )
        return body.replace("\n## ", f"\n\n{mark}.\n\n## ", 1) if packet.phase == "review" else body

    log, brain, said = served(paid, cli, monkeypatch, signed)
    seen: dict[str, list[tuple[Packet, str]]] = {}
    for exchange in log:
        packet = brain.packet(exchange.asked)
        seen.setdefault(packet.phase, []).append((packet, json.dumps(exchange.body)))
    assert {len(seen[phase]) for phase in ("propose", "vote")} == {5}, said
    for phase in ("propose", "review"):
        for packet, body in seen[phase]:
            assert not re.search(r"word(?:agent0\d|cousot|hejlsberg|steve|tarjan)", body), (packet.slot, "sees another")
    for packet, body in seen["vote"]:
        told = body.partition("# Your task")[0]
        assert re.search(r"(?<!self)wordagent0\d", told), "what they wrote is shown"
        assert not re.search(r"selfword|agent-\d|Self-Assessment|Self-Score|[Pp]roposed by", told), packet.slot
        assert not [seat for seat in PROPOSERS if re.search(rf"(?i)\b{seat}\b", told)]
        assert not re.search(r"(?i)\b(?:two|three|four|five|[2-5]) (?:proposals|proposers|agents)\b", told)


@pytest.mark.parametrize("where", ["request", "framing"])
def test_a_secret_in_a_document_of_the_case_stops_its_questions(
    paid: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == "request":
        paid.request("cache", f"{REQUEST}\nToken: {LEAK}\n")
        path = "_tasks/cache/001-user-request.md"
    else:
        framing(paid, text=FRAMING.replace("reads of one key", f"reads of one key with {LEAK}"))
        path = f"{folder('q1')}/framing.md"
    log, _, said = served(paid, cli, monkeypatch)
    line = next(n for n, text in enumerate(paid.at_head(path).split("\n"), start=1) if LEAK in text)
    assert not log
    assert f"{path}:{line} holds what looks like a secret (GitHub token); nothing was sent" in said
    assert "take it out and commit, then: decisions run" in said
    assert cli("run").code == 1 and LEAK not in said


def test_a_key_file_with_a_secret_is_withheld_and_the_rest_goes_out(
    paid: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid.commit({"shop/web/views.py": f"TOKEN = '{LEAK}'\nfrom shop.store.db import get\n"}, "a secret")
    framing(paid)
    log, brain, _ = served(paid, cli, monkeypatch)
    bodies = [json.dumps(exchange.body) for exchange in log]
    assert bodies and not any(LEAK in body for body in bodies)
    asked = [body for exchange, body in zip(log, bodies, strict=True) if brain.packet(exchange.asked).phase == "vote"]
    assert len(asked) == 5 and all(
        "withheld: line 1 holds what looks like a secret" in body and "CACHE[key] = value" in body for body in asked
    )


def test_the_key_is_nowhere_but_in_its_header(
    paid: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    paid.request("cache", REQUEST)

    def mad(packet: Packet, asked: Asked, body: str) -> Said | str:
        if asked.turn == 1:
            return Said(f"My key is {KEY}.", tools=[("search", {"pattern": KEY}), (KEY, {})], thinking=KEY[::-1])
        return f"{body}\n\n{KEY}\n" if asked.turn == 2 else body

    with caplog.at_level("DEBUG"):
        log, _, said = served(paid, cli, monkeypatch, mad)
    assert len(log) > 20
    assert not any(KEY in json.dumps(exchange.body) or KEY[::-1] in json.dumps(exchange.body) for exchange in log)
    assert KEY not in said + caplog.text + paid.git("log", "-p")
    held = [path for path in (paid.path / ".git").rglob("*") if path.is_file()]
    assert not [path for path in held if KEY.encode() in path.read_bytes() or KEY[::-1].encode() in path.read_bytes()]


def test_an_error_that_says_the_key_is_shown_without_it(paid: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    paid.request("cache", REQUEST)
    with Stranger(
        401, json.dumps({"type": "error", "error": {"type": "authentication_error", "message": f"invalid {KEY}"}})
    ) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        result = cli("run")
    assert result.code == 1 and "invalid (key)" in result.err and KEY not in result.err + result.out


# ---------------------------------------------------------------------- files that would like to be settings


class Stranger:
    """A server that answers everything with one status; ``seen`` are the requests."""

    def __init__(self, status: int, body: str = "", **headers: str) -> None:
        seen: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("content-length", "0")))
                seen.append(f"{self.headers}\n{content.decode()}")
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
                """Print nothing."""

        self.seen, self._http = seen, HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return self.url

    def __exit__(self, *args: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def test_no_redirect_is_followed(paid: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt goes to the host that the user has named, and to no other."""
    paid.request("cache", REQUEST)
    thief = Stranger(200)
    with thief as url, Stranger(307, Location=f"{url}/v1/messages") as first:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", first)
        assert cli("run").code == 1
    assert not thief.seen


def test_files_of_a_repository_set_neither_address_nor_key_nor_headers(
    paid: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """.env, .netrc, profiles of the SDK and settings of git in the folder where the program runs count for nothing."""
    paid.request("cache", REQUEST)
    thief = Stranger(500)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with thief as url:
        host = url.removeprefix("http://")
        lines = [
            f"ANTHROPIC_BASE_URL={url}",
            "ANTHROPIC_API_KEY=stolen",
            f"HTTPS_PROXY={url}",
            f"HTTP_PROXY={url}",
            "ANTHROPIC_CUSTOM_HEADERS=x-evil: 1",
        ]
        profile = json.dumps({"base_url": url, "api_key": "stolen", "authentication": {"type": "api_key"}})
        for name in (".env", ".env.local"):
            paid.write(name, "\n".join(lines))
        paid.write(".netrc", "machine 127.0.0.1 login stolen password stolen\n")
        for name in (
            ".anthropic/config.json",
            ".config/anthropic/configs/default.json",
            "configs/default.json",
            "anthropic.json",
        ):
            paid.write(name, profile)
        paid.git("config", "http.proxy", url)
        paid.git("config", "http.extraHeader", "x-evil: 1")
        monkeypatch.setenv("HTTP_PROXY", f"http://{host}")
        monkeypatch.setenv("ALL_PROXY", f"http://{host}")
        log, _, _ = served(paid, cli, monkeypatch)
    assert log and not thief.seen
    for exchange in log:
        assert "x-evil" not in exchange.headers and "stolen" not in json.dumps(dict(exchange.headers))
        assert exchange.status == 200, "the server takes one key only"


@pytest.mark.parametrize(
    "text",
    ['[run]\nbase_url = "http://x"\n', '[backends]\nkey = "x"\n', '[headers]\nx = "y"\n', 'proxy = "http://x"\n'],
)
def test_settings_of_a_repository_have_no_key_for_them(repo: Repo, cli: Cli, text: str) -> None:
    repo.commit({"decisions.toml": text}, "hostile")
    assert cli("run").code != 0


def test_templates_of_a_repository_bring_in_no_file_that_is_no_template(paid: Repo, cli: Cli, tmp_path: Path) -> None:
    """Whoever writes the templates does not read what lies beside them, nor what links lead to."""
    paid.write(".env", "beside-the-templates")
    (tmp_path / "credentials").write_text("behind-a-link")
    (paid.path / "key.md.j2").symlink_to(tmp_path / "credentials")
    include = "".join(f"{{% include '{name}' ignore missing %}}" for name in (".env", "key.md.j2", ".git/config"))
    task = f"{{% extends 'base.md.j2' %}}{{% block task %}}Mine: {include}{{% endblock %}}"
    settings = 'templates = "."\n' + paid.read("decisions.toml")
    paid.commit({"decisions.toml": settings, "roadmap.md.j2": task}, "own templates")
    paid.request("cache", REQUEST)
    assert cli("start", "cache").code == 0
    told = cli("prompt", "cache", "roadmap").out
    assert "Mine: " in told
    assert not any(word in told for word in ("beside-the-templates", "behind-a-link", "[core]"))


# ---------------------------------------------------------------------- key files


def _careless(packet: Packet, asked: Asked, body: str) -> Said | str:
    return body


def _opening(packet: Packet, asked: Asked, body: str) -> Said | str:
    """Opens the key files when it is told to."""
    if packet.phase == "vote" and "neither given nor opened" in asked.last:
        return Said(tools=[("read_file", {"path": path}) for path in packet.files])
    return body


@pytest.fixture
def unpacked(paid: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A question whose prompts do not hold the key files."""
    monkeypatch.setattr("decisions_tool.engine.packing.worth", lambda tokens, agents, tariff: (False, "not worth it"))
    framing(paid)
    return paid


def test_a_voter_who_opens_no_key_file_is_corrected_once(
    unpacked: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D10"""
    log, brain, said = served(unpacked, cli, monkeypatch, _careless)
    turns = [exchange.asked.turn for exchange in log if brain.packet(exchange.asked).phase == "vote"]
    assert sorted(turns) == [1] * 5 + [2] * 5
    assert "nor does its correction" in said and "key files were neither given nor opened" in said
    assert not unpacked.files(f"{folder('q1')}/votes")
    proposed = unpacked.at_head(f"{folder('q1')}/agents/agent-01-proposal.md")
    assert "\nunmet: [key-files]\n" in proposed


def test_a_voter_who_opens_them_then_is_counted(unpacked: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    served(unpacked, cli, monkeypatch, _opening)
    texts = [unpacked.at_head(path) for path in unpacked.files(f"{folder('q1')}/votes")]
    assert len(texts) == 5 and not any("unmet" in text for text in texts)
    assert cli("tally", "q1", "--json").json["valid"] == 5


def test_a_key_file_that_is_given_to_nobody_is_nobodys_duty(
    unpacked: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked.commit({"shop/web/views.py": f"TOKEN = '{LEAK}'\n"}, "a secret")
    served(unpacked, cli, monkeypatch, _opening)
    assert len(unpacked.files(f"{folder('q1')}/votes")) == 5


@pytest.mark.parametrize(("front", "valid"), [("", 5), ("unmet:\n  - prior-art\n", 5), ("unmet:\n  - key-files\n", 4)])
def test_a_ballot_whose_voter_opened_no_key_file_is_not_counted(repo: Repo, cli: Cli, front: str, valid: int) -> None:
    """Of people, and of agents that do not tell, nobody knows: they count."""
    cli("init")
    framing(repo)
    repo.commit({f"{folder('q1')}/synthesis.md": _SYNTHESIS}, "synthesis")
    texts = [vote({"A": 5, "B": 3})] * 5
    votes(repo, [f"---\ntype: vote\nschema: 1\n{front}---\n\n{texts[0]}" if front else texts[0], *texts[1:]])
    found = cli("tally", "q1", "--json")
    assert found.json["valid"] == valid
    assert ("neither given nor opened" in found.out + found.err) is (valid == 4)
    assert Vote.parse(texts[0]).cast.problems == ()


_SYNTHESIS = """## Synthesis: Q1

### Approaches Identified

1. **cache** — keeps it (proposed by agents: 1, 2)
2. **index** — finds it (proposed by agents: 3, 4, 5)

### Comparison Matrix

none
"""


def test_a_roadmap_without_a_search_says_so(paid: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    paid.request("cache", REQUEST)
    served(paid, cli, monkeypatch)
    assert re.search(r"unmet:\s*(?:\n\s+- |\[\"?)prior-art", paid.at_head("_tasks/cache/002-roadmap.md"))
