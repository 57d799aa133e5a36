"""What can be said against one file, and the list of all rules. It imports the model of that file's kind only. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from decisions_tool.documents import frontmatter
from decisions_tool.documents.kinds import FILES, OPENING, read_document
from decisions_tool.documents.paths import RECORDS, TASKS, Place, place
from decisions_tool.errors import DocumentError, Finding
from decisions_tool.workflows.names import check_name

if TYPE_CHECKING:
    from decisions_tool.documents.base import Document


class Rule(NamedTuple):
    """A rule as the reference lists it."""

    name: str
    severity: str
    says: str


RULES: tuple[Rule, ...] = (
    Rule("document/encoding", "error", "The file is UTF-8 without byte order mark, and no character hides text."),
    Rule("document/front-matter", "error", "Front matter is strict YAML: plain keys and values, no anchors, tags or duplicate keys."),
    Rule("document/lost-value", "warning", "A value does not begin with #, which would make it a comment."),
    Rule("document/format", "error", "A document of ours has the sections, fields and tables of its kind."),
    Rule("document/normal-form", "warning", "A document of ours stands as the program writes it; `decisions fmt` renders its views."),
    Rule("document/file", "error", "A managed path holds a regular file of at most 1 MiB."),
    Rule("front-matter/type", "error", "The type is the kind that the file name says."),
    Rule("front-matter/key", "error", "Every key is known and holds a value of its type."),
    Rule("path/name", "error", "File and folder names survive on every system."),
    Rule("path/twins", "error", "No two names differ only in case or Unicode form."),
    Rule("concerns/contradiction", "warning", "A concern's own field and the addressing log agree."),
    Rule("concerns/duplicate", "warning", "A concern id is used once."),
    Rule("concerns/unknown", "warning", "The addressing log decides concerns that there are."),
    Rule("concerns/coverage", "error", "Every finding of every review belongs to exactly one concern."),
    Rule("contract/unresolved", "error", "What a track consumes, another one provides."),
    Rule("contract/ambiguous", "error", "An interface has one provider."),
    Rule("ci/answer", "error", "An answer file that is collected holds an answer that the branch calls for."),
    Rule("contract/missing", "error", "What a record promises is there: files, classes, functions, methods, fields, members."),
    Rule("contract/signature", "error", "A function is called, awaited and wrapped as its record says."),
    Rule("contract/class", "error", "A class has the bases, decorators and fields of its record."),
    Rule("contract/value", "error", "Defaults, constants and members of enumerations have the values of their record."),
    Rule("contract/shape", "error", "JSON, TOML and YAML files have the keys and kinds of values of their record."),
    Rule("contract/file", "error", "A file that a record deletes is gone."),
    Rule("contract/ruled-out", "error", "What a decision rules out is neither imported nor there."),
    Rule("contract/unreadable", "error", "A file that a record speaks of can be read."),
    Rule("schedule/unknown", "error", "A phase depends on phases that there are."),
    Rule("schedule/cycle", "error", "No phases wait for each other."),
    Rule("schedule/early-wait", "warning", "Early phases of a track wait for no other track."),
    Rule("planning/single-track", "warning", "Concerns that point elsewhere get a track; out of scope is no resolution."),
    Rule("planning/contract-last", "warning", "The contract is agreed before the first track is designed."),
    Rule("planning/sequential-tracks", "warning", "Tracks run side by side unless one consumes what the other provides."),
    Rule("roadmap/prior-art", "warning", "Prior art was searched outside the repository, or none was found."),
    Rule("frame/missing", "error", "A framing has question, scope, success criteria and key files."),
    Rule("frame/question", "error", "A question is one sentence that ends in a question mark."),
    Rule("frame/sentence", "warning", "A question takes one sentence."),
    Rule("frame/several", "error", "A framing asks one question."),
    Rule("frame/neutral", "error", "A question gives no answer away."),
    Rule("frame/dimensions", "error", "A question has at most three sub-dimensions."),
    Rule("frame/files", "error", "Key files exist; three to seven of them."),
    Rule("frame/reason", "warning", "Every key file says why it matters."),
    Rule("frame/whole", "error", "A question about a large repository is about one module of it."),
    Rule("frame/measurable", "warning", "A success criterion can be measured."),
    Rule("frame/impact", "error", "The impact is high, medium or low."),
    Rule("frame/circle", "error", "No questions wait for each other."),
    Rule("frame/depends-on", "error", "A question depends on questions that there are."),
    Rule("frame/identity", "warning", "The identity of the repository describes a commit of at most 20 commits ago."),
    Rule("gate/hybrid", "error", "A hybrid passes the quality gate."),
    *(Rule(f"design/C{n}", "warning", says) for n, says in enumerate((
        "One mechanism, not several on top of each other.", "No design for a use that nobody can name.",
        "No option without a need.", "No break for looks alone.", "The deployment model is kept.",
        "The problem is concrete.", "Later questions stay possible."), start=1)),
    *(Rule(f"process/P{n}", "warning", says) for n, says in enumerate((
        "A question that splits is refined, not repeated.", "The size of a cycle fits its question.",
        "A proposal stays inside the scope.", "A vote argues with the approach, not with how many agree.",
        "A voter opens the key files."), start=1)),
    Rule("record/outcome", "error", "An accepted record says what its votes come to; a case waits where it does not."),
    Rule("stale", "warning", "No input of an answer changed after it, other than by what later phases add."),
    Rule("merge/number", "error", "A record that a branch brings has a number that no other record of its series has."),
    Rule("merge/conflict", "error", "A merge into the base leaves no conflict in a managed file or a record."),
    Rule("merge/record", "warning", "A record is changed on one branch at a time."),
    Rule("merge/combination", "error", "What is right on two branches is right together."),
    Rule("records/number-twice", "error", "A number belongs to one record of its series."),
    Rule("records/gap", "info", "Numbers that a series leaves out are told."),
    Rule("records/heading-number", "warning", "Heading and file name have the same number."),
    Rule("records/date", "warning", "A date is a day that there is."),
    Rule("records/status", "warning", "A status is one of the known ones, or none is stated."),
    Rule("records/link", "warning", "What a record links to is there."),
    Rule("records/one-way", "warning", "Supersedes and amends are said on both sides."),
    Rule("records/contradiction", "warning", "Records supersede each other in one direction, and the statuses agree."),
    Rule("records/not-accepted", "warning", "What supersedes a record is accepted."),
    Rule("records/index", "warning", "A page that lists records has their titles and statuses, and all of them."),
    Rule("records/unread", "warning", "Every record can be read."),
    Rule("config/toml", "error", "decisions.toml is TOML."),
    Rule("config/key", "error", "Every key of decisions.toml is known."),
    Rule("config/value", "error", "Every value of decisions.toml has its type."),
    Rule("config/name", "error", "Every phase and backend that decisions.toml names is there."),
    Rule("config/size", "error", "decisions.toml has at most 4 MiB."),
)  # fmt: skip


def check_file(path: str, data: bytes) -> list[Finding]:
    """What can be said of one file by itself; strict where its type is ours, tolerant of hands elsewhere."""
    where = place(path)
    named = check_name(path) if path.startswith((f"{TASKS}/", f"{RECORDS}/")) else []
    try:
        text = frontmatter.decode(data, path)
        named += _mixed(text, path)
        front = frontmatter.read(text, path)
    except DocumentError as error:
        return named + list(error.findings)
    kind, ours = _kind(where, front.values)
    if not ours:
        return named + list(front.warnings) + (_register(front, path) if kind == "concerns" else [])
    return named + list(front.warnings) + _check_ours(kind, path, data, text, front)


def _kind(where: Place | None, values: Mapping[str, object] | None) -> tuple[str, bool]:
    """(kind, whether the file says that it is ours); the name tells the kind, or else the type."""
    stated = str(values["type"]) if values and "type" in values else ""
    kind = where.kind if where and where.kind in FILES else stated if where else ""
    return kind, values is not None and kind in FILES and bool(stated or kind in OPENING)


def _mixed(text: str, path: str) -> list[Finding]:
    line = frontmatter.mixed_ends(text)
    said = "this line ends otherwise than the first one"
    return (
        [Finding("document/encoding", "error", path, line, 1, said, "save the file with one kind of line end")]
        if line
        else []
    )


def _check_ours(kind: str, path: str, data: bytes, text: str, front: frontmatter.FrontMatter) -> list[Finding]:
    try:
        document = read_document(kind, path, data)
    except DocumentError as error:
        return list(error.findings)
    more = _MORE.get(kind)
    found = more(document, front, path) if more else []
    if kind not in OPENING and document.render() != text.replace("\r\n", "\n"):
        hint = f"decisions fmt {path}"
        found.append(Finding("document/normal-form", "warning", path, 1, 1, "not in normal form", hint))
    return found


def _concerns(document: Document, front: frontmatter.FrontMatter, path: str) -> list[Finding]:
    from decisions_tool.documents.concerns import Concerns
    from decisions_tool.rules.concerns import unresolved

    assert isinstance(document, Concerns)
    return _register(front, path) + unresolved(document, path)


def _contract(document: Document, front: frontmatter.FrontMatter, path: str) -> list[Finding]:
    from decisions_tool.documents.contract import Contract
    from decisions_tool.rules.contract import unresolved

    assert isinstance(document, Contract)
    return unresolved(document, path)


def _roadmap(document: Document, front: frontmatter.FrontMatter, path: str) -> list[Finding]:
    if "prior-art" not in (document.meta.unmet or ()):
        return []
    hint = "add a source to Prior art, or write: no prior art found"
    message = "prior art was not searched outside the repository"
    return [Finding("roadmap/prior-art", "warning", path, 1, 1, message, hint)]


def _register(front: frontmatter.FrontMatter, path: str) -> list[Finding]:
    from decisions_tool.documents.register import registered
    from decisions_tool.rules.concerns import problems

    return problems(registered(front), path)


_MORE: dict[str, Callable[[Document, frontmatter.FrontMatter, str], list[Finding]]] = {
    "concerns": _concerns,
    "contract": _contract,
    "roadmap": _roadmap,
}
