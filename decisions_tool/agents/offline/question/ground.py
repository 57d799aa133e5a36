"""What a question points to in the code: its key files with their functions, callers and tests. Pure."""

from __future__ import annotations

import keyword
import re
from typing import NamedTuple, TypeVar

from decisions_tool.agents.offline.components import language, stem_of
from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.facts import Facts, Function
from decisions_tool.agents.offline.imports import Import
from decisions_tool.agents.offline.scope import scope
from decisions_tool.agents.offline.survey import Survey
from decisions_tool.agents.offline.wording import code, quote, request_words, stems
from decisions_tool.documents.base import Document
from decisions_tool.documents.framing import Frame, Framing
from decisions_tool.documents.paths import place
from decisions_tool.text import slugify

D = TypeVar("D", bound=Document)
#: A question whose key files lie in one folder and hold fewer lines than this is small.
SMALL = 400
_MOST_FOUND = 4
_HOLDERS = frozenset({"src", "lib", "app", "apps", "packages", "internal", "pkg", "cmd"})
_BINDING = ("/constraints.md", "/constraint-addendum.md")
#: Files that users edit instead of code.
SETTINGS = re.compile(r"\.(?:toml|ya?ml|ini|cfg|json|env)$")


class Cut(NamedTuple):
    """One key file; ``functions`` begin with those that bear most of the question's words."""

    path: str
    stem: str
    language: str
    text: str
    facts: Facts
    churn: int = 0
    functions: tuple[Function, ...] = ()
    uses: tuple[Import, ...] = ()
    tests: tuple[str, ...] = ()

    def callers(self, function: Function | None = None) -> tuple[str, ...]:
        """Files that import this one, or from it a function, its class, or the whole."""
        names = {function.name.partition(".")[0], "", "*"} if function else {item.name for item in self.uses}
        return tuple(dict.fromkeys(item.path for item in self.uses if item.name in names))

    def offered(self) -> tuple[str, ...]:
        """Names that other files import, in the order of the file."""
        names = {item.name for item in self.uses}
        return tuple(name for name in self.facts.defined if name in names)

    def test(self) -> str:
        """The test file to add to: one that is there, or the place for a new one."""
        base, _, extension = self.path.rpartition(".")
        new = f"tests/test_{self.stem}.py" if self.language == "python" else f"{base}_test.{extension}"
        return self.tests[0] if self.tests else new

    def at(self, function: Function) -> str:
        return code(f"{self.path}:{function.line}")


class Ground(NamedTuple):
    """``cuts`` begin with the file that bears most of the question's words; there is always one."""

    survey: Survey
    frame: Frame
    cuts: tuple[Cut, ...]
    words: tuple[str, ...]
    bound: tuple[str, ...]
    decided: str

    def named(self, way: str) -> str:
        """A way as the name of an approach; where an earlier decision speaks of one, with what this question is about."""
        return (
            f"{way}-of-{slugify(self.cuts[0].stem)}" if re.search(rf"(?<![\w-]){way}(?![\w-])", self.decided) else way
        )

    def small(self) -> bool:
        folders = {
            path.rpartition("/")[0] for path in [f.path for f in self.frame.files] or [c.path for c in self.cuts]
        }
        return len(folders) == 1 and sum(cut.facts.length for cut in self.cuts) < SMALL

    def item(self, number: int) -> str:
        """A part of the scope, or the question where it names none."""
        items = self.frame.inside or (self.frame.question,)
        return quote(items[number % len(items)].rstrip("."), 120)

    def word(self) -> str:
        """A word of the question that the key files do not use yet, to name something new."""
        taken = {name for cut in self.cuts for name in re.findall(r"\w+", cut.text)} | {cut.stem for cut in self.cuts}
        return next((word for word in self.words if word not in taken and not keyword.iskeyword(word)), "chosen")

    def settings(self) -> str:
        """The program's own configuration file: one that is there, or the place for a new one."""
        name = next((stem_of(part) for part in self.cuts[0].path.split("/") if part not in _HOLDERS), "settings")
        own = (path for path in sorted(self.survey.paths) if stem_of(path) == name and SETTINGS.search(path))
        return next(own, f"{name}.toml")


def own(desk: Desk, model: type[D]) -> D:
    """The document of this question, where the packet holds such documents of others too."""
    found = [document for path, document in desk.all(model) if (at := place(path)) and at.case == desk.packet.case]
    return found[0] if found else desk.one(model)


def ground(desk: Desk) -> Ground:
    """Lay out the key files of the question, or what its words find where none of those is code."""
    frame, survey = own(desk, Framing).frame, desk.survey
    words = request_words("\n".join([frame.question, *frame.inside, *frame.success]))
    named = [file.path for file in frame.files if file.path in survey.texts] or _found(survey, frame)
    cuts = [_cut(survey, path, frozenset(words)) for path in dict.fromkeys(named)]
    cuts.sort(key=lambda cut: -len(words.keys() & stems(" ".join(f.name for f in cut.functions))))
    bound = {path: text for path, text in sorted(desk.packet.documents.items()) if path.endswith(_BINDING)}
    nothing = next(iter(sorted(survey.paths)), "main.py")
    alone = Cut(nothing, stem_of(nothing), language(nothing), "", Facts())
    return Ground(
        survey, frame, tuple(cuts) or (alone,), tuple(words.values()), tuple(bound), "\n".join(bound.values())
    )


def _found(survey: Survey, frame: Frame) -> list[str]:
    found = scope(survey, frame.question, "\n".join(frame.inside))
    return [source.path for source in found.matching(found.primary) or survey.of(found.primary)][:_MOST_FOUND]


def _cut(survey: Survey, path: str, words: frozenset[str]) -> Cut:
    source = survey.sources[path]
    known = [f for f in source.facts.functions if _reachable(f, source.facts)]
    named = [f for f in known if not f.name.rpartition(".")[2].startswith("__")] or known
    ranked = sorted(named, key=lambda f: (-len(words & stems(f.name)), -len(f.loops), -f.length, f.line))
    tests = survey.components[source.component].tests
    aimed = tuple(test for test in tests if stem_of(path).casefold() in test.rpartition("/")[2].casefold())
    uses = survey.uses.get(path, ())
    stem = stem_of(path)
    return Cut(
        path, stem, language(path), survey.texts[path], source.facts, source.churn, tuple(ranked), uses, aimed or tests
    )


def _reachable(function: Function, facts: Facts) -> bool:
    """True for a function of the module and for a method of a class of its top level."""
    owner, dot, leaf = function.name.partition(".")
    return not dot or (owner in facts.defined and "." not in leaf and not any(owner == f.name for f in facts.functions))
