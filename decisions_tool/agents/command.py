"""A program that is an agent: it gets the prompt on stdin and an export of the pinned commit, and prints the answer."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from decisions_tool.agents import process, results, secrets
from decisions_tool.agents.anthropic import look_through, redo
from decisions_tool.agents.export import Export, exported
from decisions_tool.agents.process import Ended
from decisions_tool.agents.protocol import (
    Answer,
    Call,
    Outcome,
    Packet,
    Repository,
    SourceFile,
    Stopped,
    Ticket,
    Till,
    Unanswered,
)
from decisions_tool.agents.results import Said
from decisions_tool.config import Command
from decisions_tool.text import one_line, plural

#: preset -> (program, arguments, key of the answer). What an agent reads may be hostile: it can neither write, start nor send.
_PRESETS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "claude": (
        "claude",
        (
            "-p", "--output-format", "json", "--model", "{model}", "--max-turns", "{turns}",
            "--tools", "Read,Grep,Glob", "--permission-mode", "dontAsk", "--permission-prompts", "none",
            "--restricted", "--safe-mode", "--setting-sources", "", "--strict-mcp-config",
            "--disable-slash-commands", "--no-chrome", "--no-session-persistence",
        ),
        "result",
    )
}  # fmt: skip
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@\[\]-]*")
_SETUP = 'decisions.toml: [command] with preset = "claude", or argv = ["<program>", "<argument>"]'
_CUT: Mapping[str, tuple[Outcome, str]] = {
    "time": ("timeout", "there was no answer before the deadline"),
    "size": ("malformed", f"it printed more than {process.LIMIT >> 20} MB"),
    "halt": ("cut-off", "it was ended because the run ends"),
}
_CORRECTION = """\
{prompt}

---

You were asked this before and answered:

{answer}

That cannot be taken: {reason}

Answer again, with the whole of the answer and nothing else.
"""


def template(table: Command) -> tuple[str, ...]:
    """Program and arguments as configured, {model} and {turns} not filled in; empty where nothing is configured."""
    if not table.preset:
        return table.argv
    program, arguments, _ = _PRESETS[table.preset]
    return (*(table.argv or (program,)), *arguments)


def command_line(table: Command, packet: Packet) -> tuple[str, ...]:
    """The template filled in for a packet; Stopped where that makes no command."""
    argv = template(table)
    if not argv or not argv[0]:
        raise Stopped("unreachable", "no program is configured to answer", _SETUP)
    if "\0" in "".join(argv):
        raise Stopped("unreachable", "an argument of the configured program holds a NUL", _SETUP)
    if "{model}" in "".join(argv) and not _MODEL.fullmatch(packet.model):
        raise Stopped(
            "unreachable", f"{packet.model!r} is no name of a model", 'decisions.toml: [models] default = "<name>"'
        )
    values = {"{model}": packet.model, "{turns}": str(packet.limits.turns)}
    return tuple(re.sub(r"\{(?:model|turns)\}", lambda found: values[found.group()], one) for one in argv)


@dataclass
class _Errand:
    """One packet on its way; the export is made when a program really has to be started."""

    packet: Packet
    argv: tuple[str, ...]
    stack: ExitStack
    ends: float = 0.0
    export: Export | None = None


class CommandAgent:
    """Starts the configured program once for a packet, and once more where its answer does not fit.

    ``root`` is the repository's folder: nothing in it is ever started. ``known`` are secrets that must not leave. What a program was paid
    for is kept by the till.
    """

    name = "command"

    def __init__(
        self, open_view: Callable[[str], Repository], table: Command, trusted: Callable[[], bool], till: Till, root: Path,
        known: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._open_view = open_view
        self._table = table
        self._trusted = trusted
        self._till = till
        self._known = known
        self._clean: dict[str, bool] = {}
        self._root = root
        self._gate = threading.Semaphore(table.parallel)
        self._halt = threading.Event()
        self._key = table.answer or (_PRESETS[table.preset][2] if table.preset else "")

    def submit(self, packets: Sequence[Packet]) -> list[Ticket]:
        return [Ticket(packet) for packet in packets]

    def stop(self) -> None:
        """End what runs, and start nothing more."""
        self._halt.set()

    def collect(self, ticket: Ticket) -> Answer:
        packet = ticket.packet
        argv = command_line(self._table, packet)
        if not self._trusted():
            said = f"nobody has said on this machine that {one_line(argv[0])} may be started"
            raise Stopped("unreachable", said, "decisions trust")
        look_through(packet, self._known)
        with self._gate, ExitStack() as stack:
            try:
                return self._answer(_Errand(packet, argv, stack))
            except Stopped:
                raise
            except Unanswered as error:
                said = f"{packet.slot}: {one_line(Path(argv[0]).name, 60)}: {error.message}"
                raise Unanswered(error.outcome, said, error.hint or redo(packet)) from None

    def _answer(self, errand: _Errand) -> Answer:
        packet = errand.packet
        said = first = self._said(errand, packet.prompt, 1)
        reason = self._misfit(packet, first.text)
        if reason:
            prompt = _CORRECTION.format(prompt=packet.prompt, answer=first.text, reason=reason)
            said = self._said(errand, prompt, 2)
            if again := self._misfit(packet, said.text):
                raise Unanswered("malformed", f"its answer does not fit, and the corrected one neither: {again}")
        usage = _sum(first.usage, said.usage) if reason else dict(said.usage)
        return Answer(said.text, self.name, packet.model or said.model or None, unmet=_unmet(packet), usage=usage)

    def _misfit(self, packet: Packet, text: str) -> str:
        """Why a text cannot be the answer, or nothing."""
        found = secrets.find(text, self._known)
        return f"line {found.line} holds what looks like a secret ({found.name})" if found else packet.check(text)

    def _said(self, errand: _Errand, prompt: str, attempt: int) -> Said:
        call = _call(errand, prompt, attempt)
        reply = self._till.held(call)
        return results.read(reply, self._key) if reply else self._buy(errand, prompt, call)

    def _buy(self, errand: _Errand, prompt: str, call: Call) -> Said:
        """Start the program; its reply is on disk before it is read. One that cannot be an answer is kept as an empty one."""
        export = self._export(errand)
        self._refuse_late(errand)
        self._till.reserve(call)
        ended = self._run(errand, export, prompt, call)
        changed = export.changed()
        lasting = not changed and results.lasting(ended.code, ended.out, self._key)
        self._till.keep(call, ended.out if lasting else b"", results.cost(ended.out, self._key))
        if changed:
            what = ", ".join(one_line(path, 60) for path in changed[:3])
            said = f"it wrote into its folder ({plural(len(changed), 'change')}, such as {what})"
            raise Unanswered("denied", said, "decisions run")
        if ended.code and not results.failed(ended.out, self._key):
            said = one_line(ended.err.decode("utf-8", "replace")) or "it says nothing on stderr"
            raise Unanswered("unusable", f"it ended with exit code {ended.code}: {said}", "decisions run")
        return results.read(ended.out, self._key)

    def _refuse_late(self, errand: _Errand) -> None:
        """Raise Unanswered where a program would be ended as soon as it was started."""
        if self._halt.is_set():
            raise Unanswered(*_CUT["halt"], "decisions run")
        if time.monotonic() >= errand.ends:
            raise Unanswered(*_CUT["time"], "decisions run")

    def _export(self, errand: _Errand) -> Export:
        if errand.export is None:
            view = self._open_view(errand.packet.pinned)
            errand.export = errand.stack.enter_context(exported(view, (self._root,), self._shown))
            errand.ends = time.monotonic() + errand.packet.limits.seconds
        return errand.export

    def _shown(self, file: SourceFile, data: bytes) -> bool:
        """Whether a file holds no secret; looked through once for all slots."""
        if file.oid not in self._clean:
            self._clean[file.oid] = secrets.find(data.decode("utf-8", "replace"), self._known) is None
        return self._clean[file.oid]

    def _run(self, errand: _Errand, export: Export, prompt: str, call: Call) -> Ended:
        """One run that came to its own end; the reservation goes only where the program was never started."""
        try:
            ended = self._start(errand, export, prompt)
        except Stopped:
            self._till.release(call)
            raise
        if ended.cut:
            self._till.lost(call)
            raise Unanswered(*_CUT[ended.cut], "decisions run")
        return ended

    def _start(self, errand: _Errand, export: Export, prompt: str) -> Ended:
        closed = (self._root, export.folder)
        program = process.find(errand.argv[0], closed)
        if program is None:
            said = f"{one_line(errand.argv[0])} is not found on PATH; what lies in the repository does not count"
            raise Stopped(
                "unreachable", said, "install it, or name its absolute path in decisions.toml: [command] argv"
            )
        env = process.environment(self._table.env, closed)
        try:
            left = errand.ends - time.monotonic()
            argv = (program, *errand.argv[1:])
            return process.run(argv, prompt.encode("utf-8", "replace"), export.folder, env, left, self._halt.is_set)
        except OSError as error:
            raise Stopped(
                "unreachable", f"{program} cannot be started: {error.strerror}", f"{program} --version"
            ) from None


def _call(errand: _Errand, prompt: str, attempt: int) -> Call:
    packet = errand.packet
    sent = [packet.case, packet.phase, packet.slot, packet.pinned, errand.argv, prompt, attempt]
    digest = hashlib.sha256(json.dumps(sent).encode()).hexdigest()
    return Call(digest, packet, packet.model, None)


def _unmet(packet: Packet) -> tuple[str, ...]:
    """What the phase asks of an agent beyond its answer: what a program did cannot be seen, only what it was given."""
    given = set(packet.files) <= set(packet.given)
    return tuple(name for name in packet.owes if not (name == "key-files" and given))


def _sum(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    return {name: format(Decimal(one[name]) + Decimal(other[name]), "f") for name in one if name in other}
