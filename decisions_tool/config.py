"""``decisions.toml`` as one model. It checks shape only: names of backends and phases are checked where their tables stand."""

import re
import tomllib
from decimal import Decimal
from functools import cached_property
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from decisions_tool.errors import DocumentError, Finding
from decisions_tool.roster import (
    CRITERIA,
    EXPERTS,
    FULL,
    LIGHT,
    PROPOSERS,
    ROLES,
    VOTERS,
    Criterion,
    Cycle,
    Expert,
    Name,
    Role,
    Seat,
    Shape,
    Words,
)
from decisions_tool.text import bad_character

FILE = "decisions.toml"
MAX_BYTES = 4 << 20
Panel = Literal["none", "mini", "full"]
Severity = Literal["critical", "important", "nice-to-have", "question"]


def _money(value: object) -> object:
    """Money as text or a whole number, so that no cent is lost in a binary fraction."""
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        if not re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", str(value)):
            raise ValueError("must be an amount in USD such as 2.50")
        return Decimal(str(value))
    return value


Money = Annotated[Decimal, BeforeValidator(_money)]


def _subject(value: str) -> str:
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        parts = [("", None, "", "!")]
    if any(name not in {None, "case", "what"} or spec or turned for _, name, spec, turned in parts):
        raise ValueError("may hold {case} and {what} only")
    if "{what}" not in value or "\n" in value or value.startswith("#") or bad_character(value):
        raise ValueError("must hold {what} and be one line that does not begin with #")
    return value


class Decision(Shape):
    """How questions are decided."""

    criteria: tuple[Criterion, ...] = Field(
        CRITERIA, min_length=1, description="criteria with weight and anchors; weights total 100"
    )
    full: Cycle = Field(FULL, description="seats of a question of high impact")
    light: Cycle = Field(LIGHT, description="seats of a question of medium impact")
    strong: int = Field(70, ge=50, le=100, description="percent of votes that make a strong win")
    weak: int = Field(50, ge=50, le=100, description="percent of votes that make a weak win")
    converged: int = Field(
        80, ge=50, le=100, description="percent of proposals on one approach that make a vote unnecessary"
    )
    confirm: bool = Field(default=False, description="three sceptics look at what the proposals agree on")
    runoff: Literal["fresh", "instant"] = Field(
        "fresh", description="a runoff asks new voters, or is read from the ballots"
    )
    tie: Words = Field("Migration Safety", description="criterion that breaks ties")
    iterations: int = Field(3, ge=1, le=9, description="how often a question may be refined")
    at_limit: Literal["escalate", "simplicity"] = Field("escalate", description="what happens after the last iteration")
    languages: tuple[Words, ...] = Field(
        ("python", "py", "toml", "json", "yaml", "yml", "typescript", "ts", "javascript", "js", "go", "rust", "java", "kotlin", "c",
         "cpp", "csharp", "cs", "ruby", "php", "swift", "sql", "proto", "graphql", "shell", "sh", "bash"),
        description="languages of a code sketch",
    )  # fmt: skip
    longest: int = Field(200, ge=10, le=2000, description="lines of a code sketch that are too many")
    follow: tuple[Literal["stories", "diagnosis", "retrospect"], ...] = Field(
        (), description="what follows a record without anybody calling for it"
    )


class Panels(Shape):
    none: tuple[Name, ...] = Field((), description="experts for one small module")
    mini: tuple[Name, ...] = Field(("don", "steve"), description="experts for a well-understood task")
    full: tuple[Name, ...] = Field(
        ("tarjan", "cousot", "hejlsberg", "steve"), description="experts for several subsystems with long-term impact"
    )


class Tracks(Shape):
    counted: tuple[Severity, ...] = Field(
        ("critical", "important", "question"), description="severities that the rule counts"
    )
    share: int = Field(25, ge=1, le=99, description="percent of counted concerns owned elsewhere that calls for tracks")


#: Who can answer.
BACKENDS = ("offline", "manual", "anthropic", "batches", "command")


class Backends(Shape):
    default: Name = Field("offline", description=f"who answers unless a role says otherwise: {', '.join(BACKENDS)}")
    roles: dict[Name, Name] = Field(default_factory=dict, description="role, expert or slot -> backend")


_MODELS = {"voter": "claude-sonnet-5-5", "judge": "claude-sonnet-5-5"}


class Models(Shape):
    """Which model answers for whom."""

    default: Words = Field("claude-opus-5-5", description="the model of all roles that are not named")
    roles: dict[Name, Words] = Field(_MODELS, description="role, expert or slot -> model")


class Price(Shape):
    """USD a million tokens."""

    input: Money
    output: Money
    write: Money = Field(description="writing the cache for five minutes")
    write_hour: Money = Field(description="writing the cache for an hour")
    read: Money = Field(description="reading the cache")


class Budget(Shape):
    """USD. A call starts only when its worst case still fits."""

    case: Money | None = Field(None, description="USD that one case may cost")
    day: Money | None = Field(None, description="USD that one day may cost in this clone")


class Command(Shape):
    """A program that is an agent. It runs only after `decisions trust`."""

    preset: Literal["", "claude"] = Field(
        "", description="claude: Claude Code with nothing but reading; otherwise argv says all"
    )
    argv: tuple[str, ...] = Field(
        (),
        description="program and arguments, {model} and {turns} are filled in; with a preset what stands in place of its program",
    )
    answer: str = Field(
        "", description="key of the answer in JSON on stdout, dots lead deeper; empty where stdout is the answer"
    )
    env: tuple[str, ...] = Field(
        ("HOME", "PATH", "LANG", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"), description="variables that it is given"
    )
    parallel: int = Field(4, ge=1, le=64, description="how many of them run at once")


class Tests(Shape):
    """Programs that say whether the code holds. They run only after `decisions trust`."""

    argv: tuple[str, ...] = Field((), description="tests of a spike; {junit} is the file for their report in JUnit XML")
    complete: tuple[tuple[str, ...], ...] = Field((), description="programs that must end well before all is complete")
    env: tuple[str, ...] = Field(("HOME", "PATH", "LANG", "VIRTUAL_ENV"), description="variables that they are given")
    minutes: int = Field(15, ge=1, le=600, description="deadline of one program in minutes")


class Run(Shape):
    parallel: int = Field(32, ge=1, le=1024, description="answers asked for at once")
    output: int = Field(16_000, ge=256, le=128_000, description="most tokens of one reply")
    minutes: dict[Name, int] = Field(
        {"propose": 15, "synthesise": 20, "vote": 10}, description="phase -> deadline of a slot in minutes; others 15"
    )
    turns: dict[Name, int] = Field(
        {"vote": 5, "runoff": 5, "confirm": 5}, description="phase -> turns of a slot; others 10"
    )
    searches: int = Field(
        0, ge=0, le=20, description="searches on the web for a slot that must research; 0 keeps agents off the web"
    )
    batch_wait: int = Field(
        60, ge=0, le=1440, description="minutes that a run waits for a batch before it leaves it to a later run"
    )


class Watch(Shape):
    """What `decisions watch` does of itself."""

    commit: bool = Field(
        default=False, description="the watcher commits what people save below the managed folders, in their name"
    )
    interval: int = Field(
        30, ge=1, le=3600, description="seconds after which the watcher looks again although nothing was reported to it"
    )


class Settings(Shape):
    """Every key is optional."""

    baseline: tuple[str, ...] = Field(
        (), description="case folders that are older than the tool and stay unmanaged until started"
    )
    gates: tuple[Name, ...] = Field((), description="phases whose outcome a person approves")
    subject: Annotated[str, AfterValidator(_subject)] = Field(
        "{case}: {what}", description="subject of a transition's commit"
    )
    templates: str | None = Field(None, description="folder with prompt templates of your own")
    deny: tuple[str, ...] = Field(
        (),
        description="patterns of files that agents never see, besides those whose names tell of secrets; !pattern shows some again",
    )
    experts: dict[Name, Expert] = Field(
        default_factory=dict, description="experts added to, or in place of, the built-in ones"
    )
    roles: dict[Name, Role] = Field(default_factory=dict, description="roles in place of the built-in ones")
    seats: dict[Name, Seat] = Field(
        default_factory=dict, description="seats added to, or in place of, the built-in ones"
    )
    decision: Decision = Field(default_factory=Decision.model_construct)
    panels: Panels = Field(default_factory=Panels.model_construct)
    tracks: Tracks = Field(default_factory=Tracks.model_construct)
    backends: Backends = Field(default_factory=Backends.model_construct)
    models: Models = Field(default_factory=Models.model_construct)
    prices: dict[Words, Price] = Field(default_factory=dict, description="model -> price, in place of the built-in one")
    budget: Budget = Field(default_factory=Budget.model_construct)
    command: Command = Field(default_factory=Command.model_construct)
    tests: Tests = Field(default_factory=Tests.model_construct)
    run: Run = Field(default_factory=Run.model_construct)
    watch: Watch = Field(default_factory=Watch.model_construct)

    @property
    def initialised(self) -> bool:
        """True once ``init`` has written down which cases are older than the tool."""
        return "baseline" in self.model_fields_set

    def runs(self, slug: str) -> bool:
        """Whether a case of this name is the program's without having been started."""
        return self.initialised and slug not in self.older

    @cached_property
    def older(self) -> frozenset[str]:
        """The baseline, for looking up."""
        return frozenset(self.baseline)

    def expert(self, slot: str) -> Expert:
        return self.experts.get(slot) or EXPERTS[slot]

    def role(self, name: str) -> Role:
        return self.roles.get(name) or ROLES[name]

    def directive(self, seat: str) -> str:
        """What an agent on a seat is told at the end of the prompt."""
        return (self.seats.get(seat) or PROPOSERS.get(seat) or VOTERS[seat]).directive

    def panel(self, name: str) -> tuple[str, ...]:
        members: tuple[str, ...] = getattr(self.panels, name)
        return members

    def backend(self, *names: str) -> str:
        """The backend of the first of ``names`` that configuration mentions."""
        return next((self.backends.roles[name] for name in names if name in self.backends.roles), self.backends.default)

    def model(self, *names: str) -> str:
        """The model of the first of ``names`` that configuration mentions."""
        roles = {**_MODELS, **self.models.roles}
        return next((roles[name] for name in names if name in roles), self.models.default)


def read_settings(text: str | None, path: str = FILE) -> Settings:
    """Parse ``decisions.toml``; None means that there is none."""
    if text is None:
        return Settings.model_construct()
    if len(text.encode()) > MAX_BYTES:
        said = f"the file has more than {MAX_BYTES} bytes"
        raise DocumentError(
            [Finding("config/size", "error", path, 1, 1, said, "shorten baseline: close cases, remove folders")]
        )
    values = _tuples(_toml(text, path))
    older = values.get("baseline", ())
    if values.keys() <= {"baseline"} and isinstance(older, tuple) and all(isinstance(slug, str) for slug in older):
        return Settings.model_construct(**values)  # what most repositories have needs no schema
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise DocumentError([_finding(problem, text, path) for problem in error.errors()]) from None
    _panels_known(settings, text, path)
    _decision_sound(settings, text, path)
    return settings


def _toml(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        at = re.search(r"line (\d+), column (\d+)", str(error))
        line, column = (int(at.group(1)), int(at.group(2))) if at else (1 if deep else text.rstrip().count("\n") + 1, 1)
        said = "it is nested too deep" if deep else str(error).split(" (at ")[0]
        hint = 'write key = "text", key = 1 or key = ["a", "b"], below [table]'
        raise DocumentError([Finding("config/toml", "error", path, line, column, f"not TOML: {said}", hint)]) from None


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _finding(problem: Any, text: str, path: str) -> Finding:
    loc = [str(step) for step in problem["loc"]]
    key = next((step for step in reversed(loc) if not step.isdigit() and step != "[key]"), "")
    line = line_of(text, loc)
    label = ".".join(loc)
    if problem["type"] == "extra_forbidden":
        known = _known(loc[:-1])
        from difflib import get_close_matches

        near = get_close_matches(key, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
        return Finding("config/key", "error", path, line, 1, f"unknown key {label!r}", hint)
    said = problem["msg"].removeprefix("Value error, ")
    return Finding(
        "config/value",
        "error",
        path,
        line,
        1,
        f"{label}: {said[0].lower()}{said[1:]}",
        f"found {problem['input']!r}"[:120],
    )


def line_of(text: str, loc: list[str]) -> int:
    """The line on which the last known step of ``loc`` stands: a table, then a key below it."""
    at = 0
    for step in loc:
        pattern = re.compile(rf"(?:^|[\s.{{\[,\"']){re.escape(step)}[\"']?\s*(?:=|\]|\.)", re.M)
        match = pattern.search(text, at)
        at = match.end() - 1 if match else at
    return text.count("\n", 0, at) + 1


def _known(loc: list[str]) -> list[str]:
    shapes: dict[str, type[BaseModel]] = {
        "panels": Panels, "tracks": Tracks, "backends": Backends, "run": Run, "experts": Expert, "roles": Role, "seats": Seat,
        "decision": Decision, "models": Models, "prices": Price, "budget": Budget, "command": Command, "tests": Tests,
        "watch": Watch,
    }  # fmt: skip
    shapes |= {"criteria": Criterion, "full": Cycle, "light": Cycle}
    last = next((step for step in reversed(loc) if step in shapes), "")
    return list((shapes[last] if last else Settings).model_fields)


def _panels_known(settings: Settings, text: str, path: str) -> None:
    for panel in ("none", "mini", "full"):
        for member in settings.panel(panel):
            if member not in settings.experts and member not in EXPERTS:
                known = ", ".join([*EXPERTS, *settings.experts])
                finding = Finding(
                    "config/value", "error", path, line_of(text, ["panels", panel]), 1,
                    f"panels.{panel}: {member!r} is no expert", f"known experts: {known}; or add [experts.{member}]",
                )  # fmt: skip
                raise DocumentError([finding])


def _decision_sound(settings: Settings, text: str, path: str) -> None:
    """Weights total 100, names are not used twice, and every seat is one."""
    decision = settings.decision
    names = [criterion.name for criterion in decision.criteria]
    total = sum(criterion.weight for criterion in decision.criteria)
    known = {*PROPOSERS, *VOTERS, *settings.seats}
    seats = [*decision.full.propose, *decision.full.vote, *decision.light.propose, *decision.light.vote]
    strange = next((seat for seat in seats if seat not in known), None)
    twice = len({name.casefold() for name in names}) != len(names)
    marked = any(set("|/()") & set(name) for name in names)
    over = decision.weak > decision.strong
    seats_known = f"one of: {', '.join(sorted(known))}; or add [seats.{strange}]"
    problems = [
        ("criteria", total != 100, f"the weights of the criteria total {total}", "make them total 100"),
        ("criteria", twice, "a criterion has two entries", "keep one of them"),
        ("criteria", marked, "a criterion's name holds |, / or a bracket", "write words"),
        ("weak", over, "a weak win asks for more than a strong one", "weak is at most strong"),
        ("full", strange is not None, f"{strange!r} is no seat", seats_known),
    ]
    found = [
        Finding("config/value", "error", path, line_of(text, ["decision", key]), 1, f"decision.{key}: {said}", hint)
        for key, wrong, said, hint in problems
        if wrong
    ]
    if found:
        raise DocumentError(found)
