"""What every document kind has in common: front matter keys, the text types, parse and render. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from decisions_tool.documents import frontmatter, outline, own_form
from decisions_tool.errors import DocumentError, Finding
from decisions_tool.text import HIDDEN, bad_character, one_line

REHEARSAL = "> **Rehearsal:** no model was called. Every statement below was computed from the repository."

#: Every bold field that carries structure somewhere; prose may not begin a line with one.
FIELDS = (
    "Affected", "Bridge", "Complexity", "Component", "Contract", "Consumes", "Date", "Decision", "Decided by", "Depends on",
    "Effort", "Findings", "Horizon", "Lens", "Lines of code", "Owner", "Primary component", "Problem", "Provides", "Question",
    "Rationale", "Requirements", "Reviewer", "Scope", "Solution", "Source", "Subsystems", "Suggestion", "Track", "Where",
)  # fmt: skip


_STRUCTURE = frozenset(name.casefold() for name in FIELDS)


def _line(value: str) -> str:
    flat = " ".join(value.split())
    if not flat:
        raise ValueError("is empty")
    if bad_character(flat):
        raise ValueError("holds a character that hides or reorders text")
    hidden = outline.Hidden()
    if "<!--" in flat and (hidden.covers(f"| {flat}") or hidden.open):
        raise ValueError("opens a comment and does not close it")
    return flat


def _word(value: str) -> str:
    flat = _line(value)
    if bad_character(flat, HIDDEN):
        raise ValueError("holds a character that hides text")
    return flat


def _path(value: str) -> str:
    if not value.strip() or re.search(r"[\n\t]", value) or bad_character(value, HIDDEN):
        raise ValueError("is no path that can be written down")
    return value


def _title(value: str) -> str:
    flat = _line(value)
    if outline.heading(f"# {flat}") != (1, flat):
        raise ValueError("ends in #")
    return flat


def _prose(value: str) -> str:
    text = value.replace("\r\n", "\n").strip()
    if bad_character(text) or "\r" in text:
        raise ValueError("holds a character that hides or reorders text")
    hidden = outline.Hidden()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            raise ValueError(f"line {number} of the text is a mark of a merge conflict")
        if hidden.covers(line):
            continue
        if outline.heading(line, 3):
            raise ValueError(f"line {number} of the text is a heading; use #### or deeper")
        if outline.field_name(line) in _STRUCTURE:
            raise ValueError(f"line {number} of the text begins with a field name in bold")
    if hidden.open:
        raise ValueError("a code fence or comment is not closed")
    return text


def _some_prose(value: str) -> str:
    text = _prose(value)
    if not text:
        raise ValueError("is empty")
    return text


def _listed(value: str) -> str:
    flat = _line(value)
    if re.search(r"[,;|]", flat):
        raise ValueError("holds a comma, semicolon or bar")
    if not items(flat):
        raise ValueError("is a word for nothing")
    return flat


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value) else value


def _flag(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _moment(value: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", value):
        raise ValueError("is not a date and time with an offset, such as 2026-01-31T12:00:00Z")
    if not 1970 < datetime.fromisoformat(value).year < 9999:
        raise ValueError("is not a date of this age")
    return value


def _day(value: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("is not a date such as 2026-01-31")
    datetime.fromisoformat(value)
    return value


class _Shape:
    """An annotation that brings its schema: pydantic need not look at a function's signature for every field of every model."""

    def __init__(self, schema: CoreSchema) -> None:
        self.schema = schema

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        return self.schema


def _text(check: Callable[[str], str], longest: int | None = None) -> _Shape:
    return _Shape(core.no_info_after_validator_function(check, core.str_schema(max_length=longest)))


def _number_up_to(most: int) -> _Shape:
    return _Shape(core.no_info_before_validator_function(_number, core.int_schema(ge=0, le=most)))


def _or_none(schema: CoreSchema) -> _Shape:
    return _Shape(core.nullable_schema(schema))


_WORD, _PATH, _ITEM, _MOMENT = _text(_word, 2000), _text(_path, 500), _text(_listed), _text(_moment)
_COUNT = _number_up_to(999_999_999)
_OID = _Shape(core.str_schema(pattern="^(?:[0-9a-f]{40}|[0-9a-f]{64})$"))
_FLAG = core.no_info_before_validator_function(_flag, core.bool_schema())

Line = Annotated[str, _text(_line)]
Title = Annotated[str, _text(_title)]
Prose = Annotated[str, _text(_some_prose)]
MaybeProse = Annotated[str, _text(_prose)]
Item = Annotated[str, _ITEM]
Items = Annotated[tuple[str, ...], _Shape(core.tuple_variable_schema(_ITEM.schema))]
Day = Annotated[str, _text(_day)]
Number = Annotated[int, _number_up_to(999)]
#: A value of front matter, and a key of a mapping in it: YAML takes no more than 1024 characters as a key.
Word = Annotated[str, _WORD]
MaybeWord = Annotated[str | None, _or_none(_WORD.schema)]
MaybeWords = Annotated[list[str] | None, _or_none(core.list_schema(_WORD.schema))]
PathName = Annotated[str, _PATH]
MaybePath = Annotated[str | None, _or_none(_PATH.schema)]
Oid = Annotated[str, _OID]
MaybeOid = Annotated[str | None, _or_none(_OID.schema)]
Moment = Annotated[str, _MOMENT]
MaybeMoment = Annotated[str | None, _or_none(_MOMENT.schema)]
Count = Annotated[int, _COUNT]
MaybeCount = Annotated[int | None, _or_none(_COUNT.schema)]
MaybeFlag = Annotated[bool | None, _or_none(_FLAG)]
MaybeBlobs = Annotated[dict[str, str] | None, _or_none(core.dict_schema(_PATH.schema, _OID.schema))]
MaybeUsage = Annotated[dict[str, str] | None, _or_none(core.dict_schema(_PATH.schema, _WORD.schema))]

#: Models are built when one is first validated: a hook that checks one file pays for one kind.
_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class Part(BaseModel):
    """A frozen piece of a document."""

    model_config = _STRICT


class Meta(Part):
    """Front matter: state and provenance of a document of ours."""

    type: str = Field(description="document kind")
    schema_: Literal[1] = Field(1, alias="schema", description="format version")
    uid: MaybeWord = Field(None, description="immutable identity of a case")
    case: MaybePath = Field(None, description="folder name of the case")
    phase: MaybeWord = Field(None, description="row of the workflow that wrote the document")
    status: MaybeWord = Field(None, description="state of the document")
    iteration: MaybeCount = Field(None, description="iteration of the case")
    pinned: MaybeOid = Field(None, description="commit at which agents see the repository")
    role: MaybeWord = Field(None, description="role that answered")
    agent: MaybeWord = Field(None, description="who answered in that role")
    backend: MaybeWord = Field(None, description="how the answer was obtained")
    model: MaybeWord = Field(None, description="model that answered")
    rehearsal: MaybeFlag = Field(None, description="true when no model was called")
    unmet: MaybeWords = Field(None, description="duties of the phase that could not be met")
    inputs: MaybeBlobs = Field(None, description="documents read: path to blob id")
    usage: MaybeUsage = Field(None, description="tokens and cost")
    created: MaybeMoment = Field(None, description="when the answer arrived")
    decision_makers: MaybeWords = Field(None, alias="decision-makers", description="people who approved")

    @property
    def approved(self) -> bool:
        """Whether people have approved the document."""
        return self.status == "approved"

    def values(self) -> dict[str, object]:
        """Front matter as key -> text, list or mapping, in the order of the table."""
        dumped = self.model_dump(by_alias=True, exclude_none=True)
        return {key: _plain(value) for key, value in dumped.items()}


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


class Where:
    """Collects problems of one document under its path; also remembers which part stands on which line."""

    def __init__(self, path: str, line: int) -> None:
        self.path = path
        self.line = line
        self.lines: dict[str, int] = {}

    def fail(self, message: str, line: int, hint: str = "") -> DocumentError:
        return DocumentError([Finding("document/format", "error", self.path, line, 1, message, hint)])

    def one_title(self, root: outline.Section, expected: str) -> outline.Section:
        """The only H1 of a document."""
        tops = [section for section in root.children if section.level == 1]
        if len(tops) != 1:
            raise self.fail(
                f"expected one first-level heading, found {len(tops)}", self.line, f"begin with # {expected}"
            )
        return tops[0]

    def section(self, parent: outline.Section, title: str) -> outline.Section:
        found = parent.child(title)
        if found is None:
            raise self.fail(f"the section {title!r} is missing", parent.line, f"add ## {title}")
        self.lines[title.casefold().replace(" ", "_").replace("-", "_")] = found.line
        return found


class Document(Part):
    """A document of one kind: ``parse(text)`` and ``render()`` are each other's inverse."""

    KIND: ClassVar[str] = ""
    META: ClassVar[type[Meta]] = Meta

    meta: Meta

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        if self.meta.type != self.KIND:
            raise ValueError(f"the type is {self.meta.type!r} and not {self.KIND!r}")
        return self

    @classmethod
    def parse(cls, text: str, path: str = "") -> Self:
        """Read a document with or without front matter; raise DocumentError with path, line and column."""
        front = frontmatter.read(text, path)
        meta = read_meta(cls.META, front, path, cls.KIND)
        return cls.read_body(front.body, meta, path, front.body_line)

    @classmethod
    def read_body(cls, body: str, meta: Meta, path: str = "", first_line: int = 1) -> Self:
        """Read an answer: the text below the front matter."""
        where = Where(path, first_line)
        root = outline.outline(without_note(body), first_line=first_line)
        try:
            return cls.model_validate({"meta": meta, **cls.gather(root, where)}, strict=True)
        except ValidationError as error:
            raise DocumentError(body_findings(error, where)) from None

    @classmethod
    def gather(cls, root: outline.Section, where: Where) -> dict[str, Any]:
        """The body's parts by field name; shapes are validated by the model."""
        raise NotImplementedError

    def body(self) -> str:
        raise NotImplementedError

    def render(self) -> str:
        values = self.meta.values()
        front = f"---\n{own_form.dump(values)}---\n\n" if len(values) > 2 else ""
        return front + with_note(self.body(), self.meta.rehearsal)


_NOTE = re.compile(rf"(\s*(?:# [^\n]*\n\s*)?){re.escape(REHEARSAL)}(?=\r?\n|$)")


def with_note(body: str, rehearsal: bool | None) -> str:
    """The body with the rehearsal note under its title, or above all where there is none."""
    if not rehearsal:
        return body
    title, _, rest = body.partition("\n") if body.startswith("# ") else ("", "", body)
    return f"{title}\n\n{REHEARSAL}\n{rest}" if title else f"{REHEARSAL}\n\n{rest}"


def without_note(body: str) -> str:
    """The body with a blank line in place of the rehearsal note, so that line numbers stay."""
    return _NOTE.sub(r"\1", body, count=1) if _NOTE.match(body) else body


def read_meta(model: type[Meta], front: frontmatter.FrontMatter, path: str, kind: str) -> Meta:
    """Validate front matter; a document without any gets the kind and nothing else."""
    values: Mapping[str, object] = {"type": kind, "schema": 1} if front.values is None else front.values
    if front.values is not None and values.get("type") != kind:
        mark = front.marks.get("type")
        stated = values.get("type")
        said = f"type is {stated!r}" if stated else "type is missing"
        raise DocumentError(
            [Finding("front-matter/type", "error", path, mark.line if mark else 1, 1, said, f"write type: {kind}")]
        )
    known = {f.alias or name: f.annotation for name, f in model.model_fields.items()}
    typed = {key: _number(value) if key in {"schema", "iteration"} else value for key, value in values.items()}
    try:
        return model.model_validate(typed)
    except ValidationError as error:
        raise DocumentError(_meta_findings(error, front, path, list(known))) from None


def _meta_findings(
    error: ValidationError, front: frontmatter.FrontMatter, path: str, known: list[str]
) -> list[Finding]:
    findings = []
    for problem in error.errors():
        key = str(problem["loc"][0]) if problem["loc"] else ""
        mark = front.marks.get(key)
        line, column = (mark.line, mark.column) if mark else (1, 1)
        findings.append(Finding("front-matter/key", "error", path, line, column, *_explain(problem, key, known)))
    return findings


def _explain(problem: Any, key: str, known: list[str]) -> tuple[str, str]:
    if problem["type"] == "extra_forbidden":
        from difflib import get_close_matches

        near = get_close_matches(key, known, 1)
        return f"unknown key {key!r}", f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
    if problem["type"] == "missing":
        return f"the key {key!r} is missing", f"add {key}: …"
    said = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {said[0].lower()}{said[1:]}", _met(problem)


def _met(problem: Any) -> str:
    return f"found {one_line(repr(problem['input']), 80)}"


def body_findings(error: ValidationError, where: Where) -> list[Finding]:
    findings = []
    for problem in error.errors():
        loc = problem["loc"]
        prefixes = (".".join(map(str, loc[:depth])) for depth in range(len(loc), 0, -1))
        line = next((where.lines[prefix] for prefix in prefixes if prefix in where.lines), where.line)
        label = " ".join(str(step + 1) if isinstance(step, int) else step.replace("_", " ") for step in loc)
        said = problem["msg"].removeprefix("Value error, ")
        message = f"{label}: {said[0].lower()}{said[1:]}"
        findings.append(Finding("document/format", "error", where.path, line, 1, message, _met(problem)))
    return findings


def items(text: str) -> tuple[str, ...]:
    """A comma-separated list; ``none`` and a dash mean an empty one."""
    if text.strip().casefold() in {"", "none", "-", "–", "—"}:
        return ()
    return tuple(part.strip() for part in text.split(",") if part.strip())


def listing(values: tuple[str, ...]) -> str:
    return ", ".join(values) if values else "none"


_BLOCK = r"`{3}|~{3}|<!--|#|[>|]|(?:[-+*]|\d+[.)])(?:\s|$)"


def labelled(name: str, text: str) -> str:
    """A bold field; what is more than one paragraph stands by itself, so that no reader runs it into its neighbours."""
    if re.match(_BLOCK, text):
        return f"**{name}:**\n\n{text}\n"
    return f"**{name}:** {text}\n" if "\n" in text else f"**{name}:** {text}"


def unique(values: Iterable[object], what: str) -> None:
    """Raise ValueError where a value stands twice."""
    for value, count in Counter(values).items():
        if count > 1:
            raise ValueError(f"{what} {value} is used twice")


def paragraphs(*parts: str) -> str:
    """Blocks of text separated by one blank line, ending in a line feed."""
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"
