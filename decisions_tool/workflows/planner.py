"""From a case to what has to happen next. It walks the table of phases and says; it does nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import NamedTuple, TypeAlias

from decisions_tool.config import BACKENDS, Settings
from decisions_tool.documents.base import Document
from decisions_tool.documents.edits import drop_key
from decisions_tool.documents.kinds import read_document
from decisions_tool.errors import DecisionsError, DocumentError, Finding
from decisions_tool.text import shortened
from decisions_tool.workflows.batching import forgotten
from decisions_tool.workflows.case import Case, once, with_changes
from decisions_tool.workflows.phases import RULE, Changes, Phase
from decisions_tool.workflows.steps import set_meta
from decisions_tool.workflows.tables import NAMES, table

DONE = "done"


class Ask(NamedTuple):
    """An agent has to answer."""

    case: str
    phase: str
    slot: str


class Compute(NamedTuple):
    """A rule has to write its document."""

    case: str
    phase: str
    slot: str


class Wait(NamedTuple):
    """A person has to do something; ``command`` is what they can type."""

    case: str
    phase: str
    who: str
    why: str
    command: str


class Refuse(NamedTuple):
    """Documents stand in the way."""

    case: str
    phase: str
    findings: tuple[Finding, ...]


Action: TypeAlias = "Ask | Compute | Wait | Refuse"


class Outlook(NamedTuple):
    """Where a case stands: the phase that is open (``done`` at the end) and what it needs."""

    phase: str
    actions: tuple[Action, ...]

    @property
    def waiting_for(self) -> str:
        """One line: for what, or empty when the case is over."""
        asks = [action.slot for action in self.actions if isinstance(action, Ask)]
        if asks:
            return ", ".join(asks)
        for action in self.actions:
            if isinstance(action, Wait):
                return action.why
            if isinstance(action, Refuse):
                return str(action.findings[0].message)
        return "a run" if self.actions else ""


@once
def plan(case: Case) -> Outlook:
    """What a managed case needs next; DocumentErrors become a Refuse."""
    phase = table(case.workflow)[0]
    try:
        idle = _idle(case)
        if idle is not None:
            return idle
        for phase in table(case.workflow):
            actions = _phase_actions(case, phase)
            if actions:
                return Outlook(phase.name, actions)
    except DocumentError as error:
        return Outlook(phase.name, (Refuse(case.slug, phase.name, error.findings),))
    except DecisionsError as error:
        finding = Finding("case/order", "error", case.folder, 1, 1, error.message, error.hint)
        return Outlook(phase.name, (Refuse(case.slug, phase.name, (finding,)),))
    return Outlook(DONE, ())


def _idle(case: Case) -> Outlook | None:
    """The outlook of a case that the program leaves alone."""
    opening = case.opening
    if opening is None:
        return Outlook("none", ())
    if opening.meta.status == "closed":
        return Outlook("closed", ())
    if not case.managed:
        return Outlook("unmanaged", ())
    if case.slug.encode(errors="replace").decode() != case.slug:
        top = case.folder.rpartition("/")[0]
        said, hint = (
            "the folder's name is not UTF-8, so no document can name it",
            f"git mv -- {top}/<folder> {top}/<name>",
        )
        finding = Finding("path/name", "error", case.folder, 1, 1, said, hint)
        return Outlook("start", (Refuse(case.slug, "start", (finding,)),))
    if opening.meta.status == "paused":
        why = f"paused: {opening.meta.reason}" if opening.meta.reason else "paused"
        return Outlook("paused", (Wait(case.slug, "paused", "a person", why, f"decisions resume {quote(case.slug)}"),))
    return None


def _phase_actions(case: Case, phase: Phase) -> tuple[Action, ...]:
    if not phase.applies(case):
        return ()
    missing = phase.missing(case)
    if missing:
        found = phase.guard(case)
        if found:
            return (Refuse(case.slug, phase.name, tuple(found)),)
        halt = phase.halt(case)
        if halt:
            return (Wait(case.slug, phase.name, "a person", *halt),)
        return tuple(_slot_action(case, phase, slot) for slot in missing)
    found = phase.verify(case)
    if found:
        return (Refuse(case.slug, phase.name, tuple(found)),)
    if phase.name in case.settings.gates and not approved(case, phase):
        command = f"decisions approve {quote(case.slug)} {phase.name}"
        return (Wait(case.slug, phase.name, "a person", f"approval of {phase.name}", command),)
    return ()


def _slot_action(case: Case, phase: Phase, slot: str) -> Action:
    opening = case.opening
    name = f"{phase.name}/{slot}"
    if opening and name in (opening.meta.undone or ()):
        return Wait(
            case.slug, phase.name, "a person", f"{name} was undone", f"decisions redo {quote(case.slug)} {name}"
        )
    return Compute(case.slug, phase.name, slot) if phase.by == RULE else Ask(case.slug, phase.name, slot)


def written(case: Case, phase: Phase) -> tuple[str, ...]:
    """Paths of the documents that a phase has written."""
    own = [phase.path(case, slot) for slot in phase.slots(case)]
    held = [path for path in own if case.file(path)]
    return tuple(held) if held else case.paths(phase.writes)


def approved(case: Case, phase: Phase) -> bool:
    """Whether people approved every document of a phase."""
    documents = [_document(case, phase.writes, path) for path in written(case, phase)]
    return bool(documents) and all(document.meta.approved for document in documents)


def _document(case: Case, kind: str, path: str) -> Document:
    file = case.file(path)
    assert file is not None
    return read_document(kind, path, file.data)


def check_names(settings: Settings) -> None:
    """Refuse gates and backends that name nothing there is."""
    for _, said, hint in unknown_names(settings):
        raise DecisionsError(f"decisions.toml: {said}", hint)


def unknown_names(settings: Settings) -> Iterator[tuple[list[str], str, str]]:
    """(keys, problem, hint) of every gate and backend in the settings that there is not."""
    known = {phase.name for workflow in NAMES for phase in table(workflow)} if settings.gates else set()
    for name in settings.gates:
        if name not in known:
            yield ["gates"], f"there is no phase {name!r}", f"one of: {', '.join(sorted(known))}"
    for key, name in (("default", settings.backends.default), *settings.backends.roles.items()):
        if name not in BACKENDS:
            keys = ["backends", key] if key == "default" else ["backends", "roles", key]
            yield keys, f"there is no backend {name!r}", f"one of: {', '.join(BACKENDS)}"


def find_slots(case: Case, name: str) -> list[tuple[Phase, str]]:
    """Rows and slots that ``phase``, ``phase/slot`` or ``slot`` names; DecisionsError lists what there is."""
    wanted_phase, _, wanted_slot = name.partition("/")
    everything: list[tuple[Phase, str]] = []
    for phase in table(case.workflow)[1:]:
        try:
            if phase.applies(case):
                everything += [(phase, slot) for slot in phase.slots(case)]
        except DecisionsError:
            break
    if wanted_slot:
        found = [(p, s) for p, s in everything if (p.name, s) == (wanted_phase, wanted_slot)]
    else:
        found = [(p, s) for p, s in everything if p.name == name] or [(p, s) for p, s in everything if s == name]
    if not found:
        known = ", ".join(f"{phase.name}/{slot}" for phase, slot in everything) or "none yet"
        raise DecisionsError(f"{case.slug} has no phase or slot {shortened(name)!r}", f"one of: {known}")
    return found


def taken_back(case: Case, found: Sequence[tuple[Phase, str]]) -> Changes:
    """What a redo of these slots changes: answers cleared, and the memory that they were undone gone."""
    changes: Changes = {}
    for phase, slot in found:
        if phase.done(case, slot):
            step = phase.clear(case, slot)
            changes |= step
            case = with_changes(case, step)
    changes |= forgotten(case, [(phase.name, slot) for phase, slot in found])
    opening, path = case.opening, case.path(case.opens)
    undone = list(opening.meta.undone or ()) if opening else []
    kept = [name for name in undone if name not in {f"{phase.name}/{slot}" for phase, slot in found}]
    if len(kept) < len(undone):
        text = case.text(path)
        changes[path] = set_meta(text, "undone", kept, path) if kept else drop_key(text, "undone", path)
    return changes
