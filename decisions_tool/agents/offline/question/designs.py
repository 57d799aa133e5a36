"""One proposal for each role, from what the key files hold. Every statement is counted or quoted. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.facts import Function
from decisions_tool.agents.offline.question.ground import Cut, Ground, ground
from decisions_tool.agents.offline.question.measure import proposal_text, weights
from decisions_tool.agents.offline.question.sketch import block, lookup, note, stub
from decisions_tool.agents.offline.wording import bullets, code, codes, enumerate_words, quote, verb
from decisions_tool.documents.proposal import FileChange, Proposal, ProposalMeta, Said
from decisions_tool.text import plural

SEATS = ("unconstrained", "minimalist", "extensibility-first", "migration-conservative", "contrarian")
SMALL_NAME = "extend-in-place"
_OUTSIDE = re.compile(r"\b(?:subprocess|child_process|socket|docker|sqlite3|urllib|requests|http)\b")
#: Lines of code for one test, from how many lines on a file is worth splitting, and how much is shown.
_TEST, _SPLIT, _MOST_CHANGED, _MOST_NAMES, _MOST_MOVED = 12, 120, 12, 4, 6


def propose(desk: Desk) -> Proposal:
    """The proposal of one seat; whoever is asked again takes another cut."""
    about = desk.packet.about
    seat, number = about.get("seat", SEATS[0]), int(re.sub(r"\D", "", desk.packet.slot) or 1)
    second = seat in SEATS and number == 2 * SEATS.index(seat) + 2
    said = design(ground(desk), seat, second + bool(about.get("asked")))
    if about.get("asked") == "retry":
        said = said._replace(
            summary=f"{said.summary} The proposal before failed: {quote(about.get('failed', ''), 200)}."
        )
    words = proposal_text(said, weights(about.get("criteria", "")))
    return Proposal(meta=ProposalMeta(type="proposal"), words=words)


def design(ground: Ground, seat: str, turn: int) -> Said:
    """What a role makes of the question; of a small one all but the contrarian make the same, each in its way."""
    cuts = ground.cuts
    if seat not in _WAYS:
        cuts = tuple(sorted(cuts, key=lambda cut: (-len(cut.uses), -cut.facts.lines, cut.path)))
    cut = cuts[turn % len(cuts)]
    functions = cut.functions or (Function("entry", 1, 0),)
    at = functions[turn // len(cuts) % len(functions)]
    said = _WAYS.get(seat, _best)(ground, cut, at, turn)
    return said._replace(name=ground.named(SMALL_NAME if ground.small() and seat != "contrarian" else said.name))


# ---------------------------------------------------------------------- what all proposals say


def _written(
    ground: Ground, cut: Cut, at: Function, turn: int, *, name: str, summary: str, sketch: str, files: Sequence[FileChange],
    lines: int, new: Sequence[str] = (), option: str = "no option is added", alias: str = "", path: str = "none needed",
) -> Said:  # fmt: skip
    """A proposal from what sets it apart."""
    tests = max(1, len(ground.frame.success)) * _TEST
    most = lines * 2 + tests
    test = FileChange(cut.test(), f"a case for each success criterion{'' if cut.tests else '; the file is new'}.")
    kept = f"Every name in {code(cut.path)} that is imported today keeps its name."
    state = f" What {codes([s.name for s in cut.facts.state], 3)} holds is read as before." if cut.facts.state else ""
    bound = f" It keeps to {codes(ground.bound, 3)}." if ground.bound else ""
    changed = (*files[:_MOST_CHANGED], test)
    names = codes(cut.offered() or (at.name,), 6)
    return Said(
        name=name,
        summary=f"This solves {_problem(ground, cut, at, turn)} {summary}",
        touched=len(changed),
        size=f"{lines + tests // 2} to {most}",
        abstractions=tuple(new),
        effort="S" if most < 60 else "M" if most < 250 else "L" if most < 600 else "XL",
        sketch=sketch,
        files=changed,
        breaks=f"nothing: whoever imports {names} finds the same name and parameters ({plural(len(cut.uses), 'import')}).",
        migration=path,
        compatibility=f"{alias or kept}{state}{bound}",
        tests=bullets(_tests(ground, cut, at)),
        constraints=f"{plural(len(cut.callers()), 'file')} rely on {code(cut.path)}, so later changes go through {code(at.name)}.",
        later=_later(ground),
        checks=tuple(f"[x] {check}" for check in _checks(ground, cut, at, new, option, alias)),
    )


def _problem(ground: Ground, cut: Cut, at: Function, turn: int) -> str:
    callers = cut.callers(at)
    who = (
        f"{verb(len(callers), 'file', 'imports', 'import')} it ({codes(callers, 3)})"
        if callers
        else "no file imports it"
    )
    length = f"{plural(at.length, 'line')}, and {who}" if cut.functions else "no function stands there yet"
    return f"“{ground.item(turn)}”, which today rests on {code(at.name)} at {cut.at(at)}: {length}."


def _tests(ground: Ground, cut: Cut, at: Function) -> Iterator[str]:
    for wanted in ground.frame.success or (ground.item(0),):
        yield f"New: a case in {code(cut.test())} that calls {code(at.name)} and asserts “{quote(wanted, 160)}”."
    run = "runs as it is" if len(cut.tests) == 1 else "run as they are"
    none = (
        f"none of {plural(ground.survey.tests, 'test file')} reaches {code(cut.path)}, so what it does is pinned first"
    )
    yield f"Present: {f'{codes(cut.tests, 3)} {run}; no case breaks' if cut.tests else none}."
    outside = sorted(set(_OUTSIDE.findall(cut.text)))
    needs = f"{code(cut.path)} uses {codes(outside, 3)}, which the cases stand in for"
    yield f"Alone: {needs if outside else f'the cases call {code(at.name)} directly, without a container or a subprocess'}."


def _later(ground: Ground) -> str:
    outside = enumerate_words([f"“{quote(item.rstrip('.'), 80)}”" for item in ground.frame.outside])
    return f"none on what is out of scope: {outside}" if outside else "none — this is self-contained"


def _checks(ground: Ground, cut: Cut, at: Function, new: Sequence[str], option: str, alias: str) -> Iterator[str]:
    callers = cut.callers(at)
    second = f"second use: {code(callers[1])}" if new and len(callers) > 1 else "N/A — single mechanism"
    yield f"Not over-abstracting (C1): {plural(len(new), 'new abstraction')}."
    yield f"Not prematurely generalizing (C2): {second}."
    yield f"Not creating config explosion (C3): {option}."
    yield f"Not breaking for aesthetics (C4): {alias or 'no name changes.'}"
    yield "Respects deployment model (C5): no code of users is imported."
    yield f"Solves a concrete problem (C6): {cut.at(at)}, for “{ground.item(0)}”."
    yield f"Not locally optimizing (C7): {_later(ground)}."


# ---------------------------------------------------------------------- the ways


def _best(ground: Ground, cut: Cut, at: Function, turn: int) -> Said:
    """What the survey says: a long file that is imported is split, another one is changed."""
    long = cut.facts.lines >= _SPLIT and len(cut.functions) > 1 and not ground.small()
    said = (_split if long else _in_place)(ground, cut, at, turn)
    most = "next to most" if turn % len(ground.cuts) else "most"
    why = (
        f"Of the key files {code(cut.path)} has {most} imports: {len(cut.uses)}, for {plural(cut.facts.lines, 'line')}."
    )
    return said._replace(summary=f"{said.summary} {why}")


def _in_place(ground: Ground, cut: Cut, at: Function, turn: int) -> Said:
    """One existing file changes, and nothing new has to be understood."""
    option = ground.word()
    doc = f"{ground.item(turn)}. Takes {option}; without it, what it does today stays."
    return _written(
        ground, cut, at, turn,
        name="change-in-place",
        summary=f"{code(at.name)} takes one more parameter, {code(option)}, with a default that keeps what it does today. No class, "
        "protocol or registry is added.",
        sketch=block(cut, note(cut, f"{cut.path}:{at.line}"), stub(cut, at, doc, option=option)),
        files=[FileChange(cut.path, f"{code(at.name)} (line {at.line}) gains {code(option)} with a default; the rest stays.")],
        lines=max(4, at.length),
    )  # fmt: skip


def _configured(ground: Ground, cut: Cut, at: Function, turn: int) -> Said:
    """A table of what there is, and a configuration file that chooses from it."""
    settings, callers = ground.settings(), cut.callers(at)
    plain = [f.name for f in (at, *cut.functions) if "." not in f.name]
    names = list(dict.fromkeys(plain or [f.name.partition(".")[0] for f in (at, *cut.functions)]))[:_MOST_NAMES]
    table, entry = (re.sub(r"\W", "_", name) for name in (f"{cut.stem.upper()}_ENTRIES", f"{cut.stem}_entry"))
    doc = f"The entry that {settings} names; an unknown name raises an error that lists the known ones."
    stubs = [
        stub(cut, f, f"As today, at line {f.line}.")
        for f in (cut.functions or (at,))
        if f.name.partition(".")[0] in names
    ]
    example = f'```toml\n[{cut.stem}]\nentry = "{names[0]}"  # one of: {", ".join(names)}\n```'
    return _written(
        ground, cut, at, turn,
        name="table-and-configuration",
        summary=f"{code(table)} lists what {code(cut.path)} offers, and {code(settings)} chooses from it, so users change a line of "
        "configuration instead of code.",
        sketch=f"{block(cut, *stubs[:_MOST_MOVED], lookup(cut, names, table, entry, doc))}\n\n{example}",
        files=[
            FileChange(cut.path, f"{code(table)} and {code(entry)}; an unknown name raises an error that lists the known ones."),
            FileChange(settings, f"a section for {code(cut.stem)}{'' if settings in ground.survey.paths else '; the file is new'}."),
            *(FileChange(path, f"asks {code(entry)} instead of naming {code(at.name)}.") for path in callers),
        ],
        lines=10 + 4 * len(names) + 3 * len(callers),
        new=[f"{table} table", f"{entry} lookup"],
        option=f"one key, for “{ground.item(turn)}”",
    )  # fmt: skip


def _beside(ground: Ground, cut: Cut, at: Function, turn: int) -> Said:
    """A new entry beside the old one, which passes on to it."""
    old = at.name.rpartition(".")[2]
    new = f"{old}_{ground.word()}"
    state = codes([state.name for state in cut.facts.state], 3)
    return _written(
        ground, cut, at, turn,
        name="new-entry-beside-the-old",
        summary=f"{code(new)} is the new entry and {code(old)} stays beside it as an alias, so no caller has to follow at once.",
        sketch=block(
            cut, note(cut, f"{cut.path}:{at.line}"), stub(cut, at, f"{ground.item(turn)}.", new=new),
            stub(cut, at, "Old entry, kept for those that import it.", passes=new),
        ),
        files=[FileChange(cut.path, f"{code(new)} is added, and {code(at.name)} (line {at.line}) passes on to it.")],
        lines=at.length + 6,
        new=[f"{new} entry"],
        alias=f"The old entry {code(old)} stays as an alias that passes on to {code(new)}.",
        path=f"on first use {state} is read in its old form and kept in the new one" if state else "none needed",
    )  # fmt: skip


def _split(ground: Ground, cut: Cut, at: Function, turn: int) -> Said:
    """What other files import stays; what only serves inside moves to a file of its own."""
    inside = [f for f in cut.functions if f.name.partition(".")[0] not in cut.offered()] or list(cut.functions[1:])
    base, dot, extension = cut.path.rpartition(".")
    target, shown = f"{base}_{ground.word()}{dot}{extension}", inside[:_MOST_MOVED]
    return _written(
        ground, cut, at, turn,
        name="split-by-use",
        summary=f"Of {code(cut.path)}, {plural(len(inside), 'function')} that no other file imports move to {code(target)}, and the "
        "change is made there.",
        sketch=block(cut, note(cut, target), *(stub(cut, f, f"From {cut.path}:{f.line}.") for f in shown)),
        files=[
            FileChange(cut.path, f"keeps what {plural(len(cut.callers()), 'file')} import, and imports what moved."),
            FileChange(target, f"takes {codes([f.name for f in inside], 6)}; the file is new."),
        ],
        lines=sum(f.length for f in inside),
        new=[f"{target} module"],
    )  # fmt: skip


def _keep(ground: Ground, cut: Cut, at: Function, turn: int) -> Said:
    """Why the present design does, then the smallest change."""
    facts = [
        f"{code(at.name)} is {plural(at.length, 'line')} with {plural(at.parameters, 'parameter')}",
        f"{len(cut.callers(at))} of {plural(len(ground.survey.owners), 'source file')} import it",
        f"{code(cut.path)} changed in {cut.churn} of the last {plural(ground.survey.commits, 'commit')}",
    ]
    doc = f"{ground.item(turn)}: callers see to it, and what they may rely on is said here."
    return _written(
        ground, cut, at, turn,
        name="keep-and-pin",
        summary=f"The current design suffices because {enumerate_words(facts)}. What is left is to say and pin how it is used.",
        sketch=block(cut, note(cut, f"{cut.path}:{at.line}"), stub(cut, at, doc)),
        files=[FileChange(cut.path, f"the text above {code(at.name)} (line {at.line}) says what callers may rely on.")],
        lines=3,
    )  # fmt: skip


_WAYS: dict[str, Callable[[Ground, Cut, Function, int], Said]] = {
    "minimalist": _in_place, "extensibility-first": _configured, "migration-conservative": _beside, "contrarian": _keep,
}  # fmt: skip
