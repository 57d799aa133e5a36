"""What a question points to in the code: its key files with their functions, callers and tests. Pure."""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from decisions_tool.agents.offline.components import language, stem_of
from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.facts import Facts, Function
from decisions_tool.agents.offline.imports import Import
from decisions_tool.agents.offline.scope import NOTHING, scope
from decisions_tool.agents.offline.survey import Source, Survey
from decisions_tool.agents.offline.wording import code, quote, request_words, stems
from decisions_tool.documents.base import Document
from decisions_tool.documents.framing import Frame, Framing
from decisions_tool.documents.paths import place

D = TypeVar("D", bound=Document)
#: A question whose key files lie in one folder and hold fewer lines than this is small.
SMALL = 400
_MOST_FOUND = 4
_SETTINGS = (".toml", ".yaml", ".yml", ".ini", ".cfg")
_TOOLING = frozenset({"pyproject", "setup", "tox", "mypy", "ruff", "pytest", "uv", "poetry", "mkdocs", "cargo"})


@dataclass(frozen=True)
class Cut:
    """One key file; ``functions`` begin with those that bear most of the question's words."""

    source: Source
    text: str
    functions: tuple[Function, ...]
    uses: tuple[Import, ...]
    tests: tuple[str, ...]

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def stem(self) -> str:
        return stem_of(self.path)

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def language(self) -> str:
        return language(self.path)

    @cached_property
    def callers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.path for item in self.uses))

    def callers_of(self, function: Function) -> tuple[str, ...]:
        """Files that import a function, its class, or the module as a whole."""
        name = function.name.partition(".")[0]
        return tuple(dict.fromkeys(item.path for item in self.uses if item.name in {name, "", "*"}))

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """Names that other files import, in the order of the file."""
        names = {item.name for item in self.uses}
        return tuple(name for name in self.source.facts.defined if name in names)

    @property
    def test(self) -> str:
        """The test file to add to: one that is there, or the place for a new one."""
        extension = self.path.rpartition(".")[2]
        beside = f"{self.folder}/{self.stem}_test.{extension}".lstrip("/")
        return self.tests[0] if self.tests else f"tests/test_{self.stem}.py" if self.language == "python" else beside

    def at(self, function: Function) -> str:
        return code(f"{self.path}:{function.line}")


@dataclass(frozen=True)
class Ground:
    """``cuts`` begin with the file that bears most of the question's words; there is always one."""

    survey: Survey
    frame: Frame
    cuts: tuple[Cut, ...]
    words: tuple[str, ...]
    addenda: tuple[str, ...]
    constraints: str

    @property
    def small(self) -> bool:
        folders = {file.path.rpartition("/")[0] for file in self.frame.files} or {cut.folder for cut in self.cuts}
        return len(folders) == 1 and sum(cut.source.facts.length for cut in self.cuts) < SMALL

    def item(self, number: int) -> str:
        """A part of the scope, or the question where it names none."""
        items = self.frame.inside or (self.frame.question,)
        return quote(items[number % len(items)].rstrip("."), 120)

    @property
    def word(self) -> str:
        """A word of the question that can be a name in code and is none of the key files' own."""
        taken = {name for cut in self.cuts for name in (cut.stem, *cut.source.facts.defined)}
        taken |= {f.name.rpartition(".")[2] for cut in self.cuts for f in cut.functions}
        free = [word for word in self.words if word not in taken and not keyword.iskeyword(word)]
        return next(iter(free), "chosen")

    @property
    def settings(self) -> str:
        """The configuration file that users edit: one that is there, or a new one named after the program."""
        top = sorted(path for path in self.survey.paths if "/" not in path and path.endswith(_SETTINGS))
        own = [path for path in top if not path.startswith(".") and stem_of(path).casefold() not in _TOOLING]
        return own[0] if own else f"{self.cuts[0].path.split('/')[0].partition('.')[0] or 'settings'}.toml"


def own(desk: Desk, model: type[D]) -> D:
    """The document of this question, where the packet holds such documents of others too."""
    found = [document for path, document in desk.all(model) if (at := place(path)) and at.case == desk.packet.case]
    return found[0] if found else desk.one(model)


def ground(desk: Desk) -> Ground:
    """Lay out the key files of the question, or what its words find where none of those is code."""
    frame = own(desk, Framing).frame
    words = request_words("\n".join([frame.question, *frame.inside, *frame.success]))
    named = [file.path for file in frame.files if file.path in desk.survey.texts]
    cuts = [_cut(desk.survey, path, frozenset(words)) for path in named or _found(desk.survey, frame)]
    cuts.sort(key=lambda cut: -len(words.keys() & stems(" ".join(f.name for f in cut.functions))))
    paths = sorted(desk.packet.documents)
    return Ground(
        desk.survey,
        frame,
        tuple(cuts) or (_nothing(desk.survey),),
        tuple(words.values()),
        tuple(path for path in paths if path.endswith("/constraint-addendum.md")),
        next((path for path in paths if path.endswith("/constraints.md")), ""),
    )


def _found(survey: Survey, frame: Frame) -> list[str]:
    found = scope(survey, frame.question, "\n".join(frame.inside))
    sources = found.matching(found.primary) or survey.of(found.primary)
    return [source.path for source in sources[:_MOST_FOUND]]


def _cut(survey: Survey, path: str, words: frozenset[str]) -> Cut:
    source = survey.sources[path]
    defined = source.facts.defined
    known = [
        f for f in source.facts.functions if "." not in f.name or (f.name.count(".") == 1 and _owner(f) in defined)
    ]
    named = [f for f in known if not f.name.rpartition(".")[2].startswith("__")] or known
    ranked = sorted(named, key=lambda f: (-len(words & stems(f.name)), -len(f.loops), -f.length, f.line))
    tests = survey.components[source.component].tests
    aimed = tuple(test for test in tests if stem_of(path).casefold() in test.rpartition("/")[2].casefold())
    return Cut(source, survey.texts[path], tuple(ranked), survey.uses.get(path, ()), aimed or tests)


def _owner(function: Function) -> str:
    return function.name.partition(".")[0]


def _nothing(survey: Survey) -> Cut:
    """What stands for the code where there is none."""
    path = next(iter(sorted(survey.paths)), "main.py")
    return Cut(Source(path, NOTHING, Facts(), frozenset()), "", (), (), ())
