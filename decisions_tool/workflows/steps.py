"""What phases of all workflows do alike: start a case, write a whole document, take it back, say what they read. Pure."""

from __future__ import annotations

from collections.abc import Callable

from decisions_tool.documents import edits, frontmatter
from decisions_tool.documents.base import Document
from decisions_tool.documents.kinds import model, read_document
from decisions_tool.documents.paths import document_path, place
from decisions_tool.workflows.case import Case, D
from decisions_tool.workflows.phases import RULE, Changes, Phase, Reply, stamp

Where = Callable[[Case, str], str]
Writer = Callable[[Case, str, "Reply | None"], Changes]


def body_of(kind: type[D], reply: Reply | None, path: str) -> D:
    """An answer as a document of its kind, or DocumentError."""
    assert reply is not None
    return kind.read_body(reply.body, kind.META(type=kind.KIND), path)


def whole(kind: str, status: str, role: str, where: Where | None = None) -> Writer:
    """A writer for a phase whose answer is a whole document."""

    def write(case: Case, slot: str, reply: Reply | None) -> Changes:
        path = where(case, slot) if where else document_path(case.slug, kind, slot)
        document = body_of(model(kind), reply, path)
        assert reply is not None
        meta = stamp(model(kind), case, slot, reply, kind, role, status)
        return {path: settled(document.model_copy(update={"meta": meta}), path)}

    return write


def settled(document: Document, path: str) -> str:
    """The text of a document that is read back as what it was written from, or DocumentError."""
    text = document.render()
    read_document(document.KIND, path, text.encode("utf-8", "surrogatepass"))
    return text


def remove(kind: str) -> Callable[[Case, str], Changes]:
    def clear(case: Case, slot: str) -> Changes:
        path = case.path(kind, slot if slot in case.slots(kind) else "")
        return {path: None} if path in case.files else {}

    return clear


def one(role: str) -> Callable[[Case], tuple[str, ...]]:
    """The slot of a role that one agent holds."""
    return lambda case: (case.settings.role(role).agent,)


def held(kind: str) -> Callable[[Case, str], bool]:
    return lambda case, slot: case.path(kind, slot if slot in case.slots(kind) else "") in case.files


def filled(kind: str) -> Callable[[Case, str], bool]:
    return lambda case, slot: slot in case.slots(kind)


def paths(*kinds: str) -> Callable[[Case, str], tuple[str, ...]]:
    return lambda case, slot: tuple(path for kind in kinds for path in case.paths(kind))


def path_for(kind: str) -> Where:
    return lambda case, slot: document_path(case.slug, kind, slot)


def set_meta(text: str, key: str, value: str | list[str], path: str) -> str:
    """Change one key of front matter in place, new keys in the order of the table of the document's kind."""
    where = place(path)
    assert where is not None
    order = tuple(f.alias or name for name, f in model(where.kind).META.model_fields.items())
    return edits.set_key(text, key, value, path, order)


def start(case: Case, slot: str, reply: Reply | None) -> Changes:
    """Pin the commit; what the person wrote keeps every byte."""
    path = case.path(case.opens)
    text = case.text(path)
    keys = {"type": case.opens, "schema": "1", "case": case.slug, "status": "active", "pinned": case.commit}
    if frontmatter.read(text, path).values is None:
        return {path: edits.insert(text, keys)}
    for key in ("case", "status", "pinned"):
        text = set_meta(text, key, keys[key], path)
    return {path: text}


def started(case: Case, slot: str) -> bool:
    opening = case.opening
    return opening is not None and opening.meta.status != "open" and opening.meta.pinned is not None


def starting(kind: str) -> Phase:
    """The first row of a workflow that this kind of document opens."""
    return Phase(
        "start", "started", (kind,), kind, RULE, lambda case: (kind,), done=started, write=start, clear=lambda case, slot: {},
        inputs=paths(kind),
    )  # fmt: skip
