"""Questions to agents: handed in together, collected in parallel, every answer on disk before anything else. It commits nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import NamedTuple, TypeAlias

from decisions_tool.agents import backends
from decisions_tool.agents.prices import tariff
from decisions_tool.agents.protocol import Answer, Backend, Later, Packet, Stopped, Ticket, Unanswered
from decisions_tool.config import Settings
from decisions_tool.engine.events import Event, Listener
from decisions_tool.engine.packets import fits, input_blobs, key_files, key_of, make_packet
from decisions_tool.engine.packing import Packed, pack
from decisions_tool.engine.parallel import Parallel
from decisions_tool.engine.spool import Spool, Spooled
from decisions_tool.engine.till import Drawer
from decisions_tool.ledger.files import read_regular
from decisions_tool.ledger.repository import Repository
from decisions_tool.workflows.case import Case
from decisions_tool.workflows.phases import Phase, Reply
from decisions_tool.workflows.planner import Ask, Wait
from decisions_tool.workflows.tables import row

#: What came of a question: the answer in the spool, and the files of the working tree that it was taken from.
Taken: TypeAlias = "tuple[Spooled, dict[str, bytes]]"
Name: TypeAlias = "tuple[str, str, str]"
#: Seconds within which answers count as coming together: they are committed at once.
_TOGETHER = 0.05


@dataclass(frozen=True)
class Question:
    packet: Packet
    phase: Phase
    inputs: dict[str, str]
    backend: str

    @property
    def name(self) -> Name:
        return self.packet.case, self.packet.phase, self.packet.slot


class _Out(NamedTuple):
    """A question that is out."""

    question: Question
    backend: Backend
    ticket: Ticket


class Asking:
    """``waits`` and ``failed`` say what became of the questions that brought no answer: nothing yet, or nothing at all in this run.

    ``read`` is how files are read that people left as answers.
    """

    def __init__(
        self,
        repository: Repository,
        spool: Spool,
        till: Drawer,
        listen: Listener,
        note_batch: Callable[[str, str, str, list[str]], None],
    ) -> None:
        self.repository, self.spool, self.till, self.listen = repository, spool, till, listen
        self._note_batch = note_batch
        self.read: Callable[[Path, int], bytes | None] = read_regular
        self.waits: dict[Name, Wait] = {}
        self.failed: dict[str, Wait] = {}
        self._failing: dict[Name, str] = {}
        self._stopped: Stopped | None = None
        self._backends: dict[str, Backend] = {}
        self._packed: dict[tuple[str, str, int, str], Packed] = {}

    # -- making questions

    def question(self, case: Case, ask: Ask, together: int = 1) -> Question:
        """What is asked of a slot, when so many slots of its phase are asked."""
        phase = row(case.workflow, ask.phase)
        backend = case.settings.backend(ask.slot, phase.by)
        packed = self.packed(case, phase, ask.slot, together) if backend in backends.PACKED else None
        packet = make_packet(case, phase, ask.slot, self.repository.place.root, packed)
        inputs = input_blobs(case, phase, ask.slot)

        def reply(body: str, unmet: tuple[str, ...]) -> Reply:
            return Reply(body, backend, _day(), packet.model, unmet=unmet, inputs=inputs)

        packet = replace(packet, key=key_of(packet, inputs, backend), check=fits(case, phase, ask.slot, reply))
        return Question(packet, phase, inputs, backend)

    def packed(self, case: Case, phase: Phase, slot: str, together: int) -> Packed | None:
        """The key files of a phase's prompt, read once for all its slots."""
        paths, model = key_files(case, phase), case.settings.model(slot, phase.by)
        if not paths:
            return None
        name = (case.slug, case.pinned or case.commit, together, model)
        if name not in self._packed:
            view = backends.view(self.repository, name[1], case.settings)
            found = tariff(model, case.settings.prices)
            self._packed[name] = pack(paths, view, together, found, backends.known_secrets())
        return self._packed[name]

    # -- asking

    def ask(self, questions: Sequence[Question], settings: Settings) -> Generator[list[Taken]]:
        """Hand the questions in; answers are given back in their order, those that are there together as one.

        Raises Stopped at the end where no more can be asked.
        """
        out = [
            item
            for name in dict.fromkeys(q.backend for q in questions)
            for item in self._submit(name, questions, settings)
        ]
        if out:
            yield from self._collect_all(out, settings.run.parallel)
        if self._stopped:
            raise self._stopped

    def _submit(self, name: str, questions: Sequence[Question], settings: Settings) -> list[_Out]:
        backend = self._backend(name, settings)
        mine = [question for question in questions if question.backend == name]
        for question in mine:
            self._announce(question, len(questions))
        tickets = backend.submit([question.packet for question in mine])
        self._note_batches(tickets)
        return [_Out(question, backend, ticket) for question, ticket in zip(mine, tickets, strict=True)]

    def _note_batches(self, tickets: Sequence[Ticket]) -> None:
        """Have the ids of new batches committed, before anything waits for them."""
        new: dict[tuple[str, str, str], list[str]] = {}
        for packet, _, batch in tickets:
            if batch and batch != packet.batch:
                new.setdefault((packet.case, packet.phase, batch), []).append(packet.slot)
        for (case, phase, batch), slots in new.items():
            self._note_batch(case, phase, batch, slots)

    def _collect_all(self, out: Sequence[_Out], parallel: int) -> Iterator[list[Taken]]:
        answers = Parallel(self._collect, out, parallel)
        try:
            for there in answers.results(_TOGETHER):
                yield [taken for taken in there if taken is not None]
        except BaseException:
            self._leave(answers, out)
            raise

    def _leave(self, answers: Parallel[_Out, Taken | None], out: Sequence[_Out]) -> None:
        """Ask nothing more and wait for what is paid for; a second interrupt gives that up too."""
        self.till.closed = "the run was interrupted"
        said = "waiting for the answers that are under way; once more Ctrl-C gives them up"
        try:
            self.listen(Event("stopping", "", "", text=said))
            answers.leave()
        except KeyboardInterrupt:
            for backend in {item.backend.name: item.backend for item in out}.values():
                backend.stop()
            answers.leave()

    def _collect(self, item: _Out) -> Taken | None:
        """One answer, safe in the spool before anything else happens to it; runs in a thread."""
        question, packet = item.question, item.question.packet
        try:
            if self._stopped:
                raise self._stopped
            answer = item.backend.collect(item.ticket)
        except Later as error:
            self._wait(question, item.ticket._replace(waits_for=error.message))
            return None
        except Unanswered as error:
            self._fail(question, error)
            return None
        if answer is None:
            self._wait(question, item.ticket)
            return None
        spooled = Spooled(*question.name, packet.pinned, packet.key, self._reply(question, answer))
        if answer.file is None:
            self.spool.keep(spooled)
        self.failed.pop(self._failing.pop(question.name, ""), None)
        self.listen(Event("answered", *question.name, cost=spooled.reply.usage.get("cost-usd", "")))
        return spooled, {packet.path: answer.file} if answer.file is not None else {}

    def _announce(self, question: Question, count: int) -> None:
        packet = question.packet
        if question.backend != "manual":
            self.spool.intend(*question.name, packet.pinned, packet.key)
        self.listen(Event("asked", *question.name, question.backend, open=count))

    def _fail(self, question: Question, error: Unanswered) -> None:
        if isinstance(error, Stopped) and self._stopped is None:
            self._stopped = error
        case, phase, _ = question.name
        self._failing[question.name] = question.packet.key
        self.failed[question.packet.key] = Wait(case, phase, error.outcome, error.message, error.hint)
        self.listen(Event("failed", *question.name, text=error.message))

    def _wait(self, question: Question, ticket: Ticket) -> None:
        case, phase, slot = question.name
        command = "decisions run" if question.backend != "manual" else f"decisions prompt {quote(case)} {phase}/{slot}"
        self.waits[question.name] = Wait(case, phase, "a person", ticket.waits_for or f"the answer of {slot}", command)

    def _backend(self, name: str, settings: Settings) -> Backend:
        if name not in self._backends:
            self._backends[name] = backends.make(name, backends.Means(self.repository, settings, self.till, self.read))
        return self._backends[name]

    def _reply(self, question: Question, answer: Answer) -> Reply:
        """The answer with its provenance; its cost is all that was paid for the slot since something of it was recorded."""
        paid = self.till.unrecorded(*question.name)
        usage = answer.usage if paid is None else {**answer.usage, "cost-usd": f"{paid:f}"}
        return Reply(
            answer.body, answer.backend, answer.day or _day(), answer.model, answer.rehearsal,
            answer.unmet, usage, answer.created, question.inputs,
        )  # fmt: skip


def _day() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())
