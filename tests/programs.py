"""Programs that pose as agents, a till in memory, and a view of files: what the tests of `command` are made of."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha1
from pathlib import Path
from typing import Any

from decisions_tool.agents.command import CommandAgent
from decisions_tool.agents.protocol import Answer, Call, Limits, Packet, SourceFile, Stopped, Ticket
from decisions_tool.config import Command

PROMPT = "Say what you think of $(touch /tmp/never) `id` \"quoted\" 'too' — ünïcode\n\x00 and a NUL\n"


@dataclass
class View:
    """A repository at a pinned commit, from a mapping."""

    contents: Mapping[str, bytes]
    commit: str = "c" * 40
    day: str = "2026-01-31"

    def files(self) -> Sequence[SourceFile]:
        return [
            SourceFile(path, sha1(data).hexdigest(), len(data))  # noqa: S324
            for path, data in sorted(self.contents.items())
        ]

    def read(self, path: str) -> bytes:
        return self.contents[path]

    def changes(self) -> Sequence[tuple[str, ...]]:
        return ()


@dataclass
class Drawer:
    """A till in memory that writes down what it was asked, in order."""

    replies: dict[str, bytes] = field(default_factory=dict)
    story: list[tuple[str, str, bytes, Decimal | None]] = field(default_factory=list)
    closed: bool = False

    def held(self, call: Call) -> bytes | None:
        return self.replies.get(call.digest)

    def reserve(self, call: Call) -> None:
        if self.closed:
            raise Stopped("budget", "the budget is spent", "decisions config budget")
        self.story.append(("reserve", call.digest, b"", None))

    def keep(self, call: Call, reply: bytes, cost: Decimal | None) -> None:
        self.replies[call.digest] = reply
        self.story.append(("keep", call.digest, reply, cost))

    def release(self, call: Call) -> None:
        self.story.append(("release", call.digest, b"", None))

    def lost(self, call: Call) -> None:
        self.story.append(("lost", call.digest, b"", None))

    def resume(self, call: Call) -> None:
        raise AssertionError("only batches are resumed")

    def promise(self, packet: Packet, batch: str = "") -> None:
        raise AssertionError("only batches are promised")

    def promised(self, packet: Packet) -> tuple[float, str]:
        return 0.0, ""

    def warm(self, head: str) -> None:
        raise AssertionError("a program warms nothing")

    def warmed(self, head: str) -> float:
        return 0.0

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _, _, _ in self.story]


def program(path: Path, body: str, name: str = "agent") -> str:
    """Write a Python program that is executable; its path."""
    path.mkdir(parents=True, exist_ok=True)
    file = path / name
    file.write_text(f"#!{sys.executable} -S\nimport json, os, sys, time\n{body}\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)


def printing(result: Mapping[str, Any] | str | bytes, code: int = 0) -> str:
    """The body of a program that prints a result and ends with a code."""
    data = result if isinstance(result, bytes) else (result if isinstance(result, str) else json.dumps(result)).encode()
    return f"sys.stdin.buffer.read()\nsys.stdout.buffer.write({data!r})\nsys.stdout.flush()\nsys.exit({code})"


def packet(**more: Any) -> Packet:
    values: dict[str, Any] = {
        "case": "q1", "title": "T", "phase": "propose", "slot": "a", "role": "proposer", "kind": "proposal", "prompt": PROMPT,
        "documents": {}, "pinned": "c" * 40, "model": "some-model-1", "limits": Limits(seconds=20.0, turns=7),
    }  # fmt: skip
    return Packet(**{**values, **more})


@dataclass
class Bench:
    """Everything around one agent."""

    root: Path
    files: Mapping[str, bytes] = field(default_factory=lambda: {"src/a.py": b"a = 1\n", "README.md": b"# Read\n"})
    till: Drawer = field(default_factory=Drawer)
    trusted: Callable[[], bool] = lambda: True
    known: tuple[str, ...] = ()
    opened: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def agent(self, **table: Any) -> CommandAgent:
        def view(commit: str) -> View:
            with self.lock:
                self.opened.append(commit)
            return View(self.files)

        return CommandAgent(view, Command(**table), self.trusted, self.till, self.root, self.known)

    def ask(self, asked: Packet | None = None, **table: Any) -> Answer:
        agent = self.agent(**table)
        (ticket,) = agent.submit([asked or packet()])
        return agent.collect(Ticket(*ticket))
