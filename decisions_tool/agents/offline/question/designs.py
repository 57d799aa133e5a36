"""One proposal for each role, from what the key files hold. Every statement is counted or quoted. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.facts import Function
from decisions_tool.agents.offline.question.ground import Cut, Ground, ground
from decisions_tool.agents.offline.question.measure import assessed, effort, proposal_text, weights
from decisions_tool.agents.offline.question.sketch import block, choice, note, stub, table
from decisions_tool.agents.offline.wording import bullets, code, codes, quote, verb
from decisions_tool.documents.proposal import FileChange, Proposal, ProposalMeta, Said
from decisions_tool.text import plural

#: Lines of code for one test, and from how many lines on a file is worth splitting.
_TEST_LINES, _SPLIT = 12, 120
_MOST_CHANGED, _MOST_TABLE, _MOST_MOVED = 12, 4, 6
SMALL_NAME = "extend-in-place"
SEATS = ("unconstrained", "minimalist", "extensibility-first", "migration-conservative", "contrarian")


def propose(desk: Desk) -> Proposal:
    """The proposal of one seat."""
    said = design(ground(desk), desk.packet.about.get("seat", SEATS[0]), _turn(desk))
    if desk.packet.about.get("asked") == "retry":
        failed = quote(desk.packet.about.get("failed", ""), 200)
        said = said._replace(summary=f"{said.summary} Asked once more, because the one before failed: {failed}.")
    words = proposal_text(assessed(said, weights(desk.packet.about.get("criteria", ""))))
    return Proposal(meta=ProposalMeta(type="proposal"), words=words)


def _turn(desk: Desk) -> int:
    """0 for the first agent of a role and 1 for the second; whoever is asked again takes the other cut."""
    number, seat = int(re.sub(r"\D", "", desk.packet.slot) or 1), desk.packet.about.get("seat", SEATS[0])
    second = seat in SEATS and number == 2 * SEATS.index(seat) + 2
    return int(second) + bool(desk.packet.about.get("asked"))


def design(ground: Ground, seat: str, turn: int) -> Said:
    """What a role makes of the question; of a small one all but the contrarian make the same, each in its way."""
    if seat == "unconstrained":
        return _best(ground, turn)
    cut = ground.cuts[turn % len(ground.cuts)]
    said = _WAYS.get(seat, in_place)(ground, cut, turn)
    return said._replace(name=SMALL_NAME) if ground.small and seat != "contrarian" else said


def _best(ground: Ground, turn: int) -> Said:
    """What the survey says: the most imported file is split where it is long, and changed where it is not."""
    ranked = sorted(ground.cuts, key=lambda cut: (-len(cut.uses), -cut.source.facts.lines, cut.path))
    cut = ranked[turn % len(ranked)]
    if cut.source.facts.lines >= _SPLIT and not ground.small:
        return split(ground, cut, turn)
    said = in_place(ground, cut, turn)
    place = "has most imports" if turn % len(ranked) == 0 else "comes next by its imports"
    why = (
        f"Of the key files {code(cut.path)} {place} ({len(cut.uses)}); it has {plural(cut.source.facts.lines, 'line')}."
    )
    return said._replace(name=SMALL_NAME if ground.small else said.name, summary=f"{said.summary} {why}")


# ---------------------------------------------------------------------- what every proposal says


def focus(cut: Cut, turn: int) -> Function:
    """The function that a change begins at; another one for the second agent where there is no other file."""
    found = cut.functions or (Function("entry", 1, 0),)
    return found[turn % min(2, len(found))]


def written(
    ground: Ground, cut: Cut, at: Function, turn: int, *, name: str, summary: str, sketch: str, files: Sequence[FileChange],
    lines: int, new: Sequence[str] = (), why_new: str = "", option: str = "", alias: str = "", breaks: str = "", path: str = "",
) -> Said:  # fmt: skip
    """A proposal from what sets it apart and what is the same for all."""
    tests = max(1, len(ground.frame.success)) * _TEST_LINES
    test = FileChange(cut.test, f"a case for each success criterion{'' if cut.tests else '; the file is new'}")
    changed = [*files[:_MOST_CHANGED], test]
    return Said(
        name, f"This solves {_problem(ground, cut, at, turn)} {summary}", len(changed), f"{lines + tests // 2} to {lines * 2 + tests}",
        tuple(new), effort(lines * 2 + tests), sketch, (), tuple(changed), breaks or f"nothing: {_kept(cut, at)}",
        path or "none needed", _compatible(ground, cut, alias), _tests(ground, cut, at), (), _constraints(ground, cut, at),
        _later(ground), _checks(ground, cut, at, new, why_new, option, alias),
    )  # fmt: skip


def _problem(ground: Ground, cut: Cut, at: Function, turn: int) -> str:
    callers = cut.callers_of(at)
    who = (
        f"{verb(len(callers), 'file', 'imports', 'import')} it ({codes(callers, 3)})"
        if callers
        else "no file imports it"
    )
    return f"“{ground.item(turn)}”, which today rests on {code(at.name)} at {cut.at(at)}: {plural(at.length, 'line')}, and {who}."


def _kept(cut: Cut, at: Function) -> str:
    kept = codes(cut.offered or (at.name,), 6)
    return f"whoever imports {kept} finds the same name and parameters ({plural(len(cut.uses), 'import')} of {code(cut.path)})"


def _compatible(ground: Ground, cut: Cut, alias: str) -> str:
    state = cut.source.facts.state
    held = f" What {codes([s.name for s in state], 3)} holds is read and written as before." if state else ""
    contract = f" It keeps to {codes(ground.addenda, 3)}." if ground.addenda else ""
    return f"{alias or f'every name in {code(cut.path)} that is imported today keeps its name.'}{held}{contract}"


def _tests(ground: Ground, cut: Cut, at: Function) -> str:
    name = code(at.name)
    wanted = [
        f"New: a case in {code(cut.test)} that calls {name} and asserts “{quote(s, 160)}”."
        for s in ground.frame.success
    ]
    run = "runs as it is" if len(cut.tests) == 1 else "run as they are"
    there = f"Present: {codes(cut.tests, 3)} {run}; none of them breaks." if cut.tests else _untested(ground, cut, at)
    alone = f"It needs no container and no subprocess: the cases call {name} from {code(cut.path)} directly."
    return bullets([*(wanted or [f"New: a case in {code(cut.test)} that calls {name}."]), there, alone])


def _untested(ground: Ground, cut: Cut, at: Function) -> str:
    of = plural(ground.survey.tests, "test file")
    return f"Present: none of {of} imports {code(cut.path)}, so what {code(at.name)} does today is pinned first."


def _constraints(ground: Ground, cut: Cut, at: Function) -> str:
    bound = f"; {code(ground.constraints)} stays in force" if ground.constraints else ""
    return f"{code(at.name)} at {cut.at(at)} is what {plural(len(cut.callers), 'file')} rely on, so later changes go through it{bound}"


def _later(ground: Ground) -> str:
    outside = [f"“{quote(item.rstrip('.'), 80)}”" for item in ground.frame.outside]
    return f"none on what is out of scope: {', '.join(outside)}" if outside else "none — this is self-contained"


def _checks(
    ground: Ground, cut: Cut, at: Function, new: Sequence[str], why_new: str, option: str, alias: str
) -> tuple[str, ...]:
    callers = cut.callers_of(at)
    second = f"second use: {code(callers[1])}" if len(callers) > 1 and new else "N/A — single mechanism"
    return (
        f"[x] Not over-abstracting (C1): {plural(len(new), 'new abstraction')}{f', {why_new}' if why_new else ''}.",
        f"[x] Not prematurely generalizing (C2): {second}.",
        f"[x] Not creating config explosion (C3): {option or 'no option is added'}.",
        f"[x] Not breaking for aesthetics (C4): {alias or 'no name changes.'}",
        "[x] Respects deployment model (C5): no code of users is imported.",
        f"[x] Solves a concrete problem (C6): {cut.at(at)}, for “{ground.item(0)}”.",
        f"[x] Not locally optimizing (C7): {_later(ground)}.",
    )


# ---------------------------------------------------------------------- the ways


def in_place(ground: Ground, cut: Cut, turn: int) -> Said:
    """One existing file changes, and nothing new has to be understood."""
    at, option = focus(cut, turn), ground.word
    doc = f"{ground.item(turn)}. Without {option} it does what it does today."
    summary = f"{code(at.name)} takes one more parameter, {code(option)}, with a default that keeps what it does today."
    return written(
        ground, cut, at, turn,
        name="change-in-place",
        summary=f"{summary} No class, protocol or registry is added.",
        sketch=block(cut, note(cut, f"{cut.path}:{at.line}"), stub(cut, at, doc, option=option)),
        files=[FileChange(cut.path, f"{code(at.name)} (line {at.line}) gains {code(option)} with a default; the rest stays.")],
        lines=max(4, at.length),
    )  # fmt: skip


def configured(ground: Ground, cut: Cut, turn: int) -> Said:
    """A table of what there is, and a configuration file that chooses from it."""
    at, settings = focus(cut, turn), ground.settings
    names = _choices(cut, at)
    held, entry = f"{cut.stem.upper()}_ENTRIES", f"{cut.stem}_entry"
    held, entry = re.sub(r"\W", "_", held), re.sub(r"\W", "_", entry)
    doc = f"The entry that {settings} names, or the one of that name; an unknown one raises an error that lists them."
    chosen = [f for f in cut.functions if f.name in names] or [at]
    stubs = [stub(cut, f, f"As today, at line {f.line}.") for f in chosen]
    example = f'```toml\n[{cut.stem}]\nentry = "{names[0]}"  # one of: {", ".join(names)}\n```'
    there = "" if settings in ground.survey.paths else "; the file is new"
    return written(
        ground, cut, at, turn,
        name="table-and-configuration",
        summary=f"{code(held)} lists what {code(cut.path)} offers, and {code(settings)} chooses from it, so users change a line of "
        "configuration instead of code.",
        sketch=f"{block(cut, *stubs, table(cut, names, held), choice(cut, entry, held, doc))}\n\n{example}",
        files=[
            FileChange(cut.path, f"{code(held)} and {code(entry)}; an unknown name raises an error that lists the known ones."),
            FileChange(settings, f"the section {code(cut.stem)} chooses an entry by name{there}."),
            *(FileChange(path, f"asks {code(entry)} instead of naming {code(at.name)}.") for path in cut.callers_of(at)),
        ],
        lines=10 + 4 * len(names) + 3 * len(cut.callers_of(at)),
        new=[f"{code(held)} table", f"{code(entry)} lookup"],
        why_new="one mechanism in one file",
        option=f"the section {code(cut.stem)}, for “{ground.item(turn)}”",
    )  # fmt: skip


def _choices(cut: Cut, at: Function) -> list[str]:
    """Names that a table can list: the focus and other functions of the module, or its classes."""
    plain = [f.name for f in (at, *cut.functions) if "." not in f.name]
    owners = [f.name.partition(".")[0] for f in cut.functions if "." in f.name]
    return list(dict.fromkeys(plain or owners or [at.name]))[:_MOST_TABLE]


def alias(ground: Ground, cut: Cut, turn: int) -> Said:
    """A new entry beside the old one, which passes on to it."""
    at = focus(cut, turn)
    old = at.name.rpartition(".")[2]
    new = f"{old}_{ground.word}"
    state = cut.source.facts.state
    moved = (
        f"on first load {codes([s.name for s in state], 3)} is read in its old form and kept in the new one"
        if state
        else ""
    )
    said = f"the old entry {code(old)} stays as an alias that passes on to {code(new)}."
    return written(
        ground, cut, at, turn,
        name="new-entry-beside-the-old",
        summary=f"{code(new)} is the new entry and {code(old)} stays beside it as an alias, so no caller has to follow at once.",
        sketch=block(
            cut, note(cut, f"{cut.path}:{at.line}"), stub(cut, at, f"{ground.item(turn)}.", new=new),
            stub(cut, at, "Old entry, kept for those that import it.", passes=new),
        ),
        files=[FileChange(cut.path, f"{code(new)} is added, and {code(at.name)} (line {at.line}) passes on to it.")],
        lines=at.length + 6,
        new=[f"{code(new)} entry"],
        why_new="beside the one that stays",
        alias=said,
        path=moved,
    )  # fmt: skip


def split(ground: Ground, cut: Cut, turn: int) -> Said:
    """What other files import stays; what only serves inside moves to a file of its own."""
    at = focus(cut, turn)
    leaving = (
        [f for f in cut.functions if f.name.partition(".")[0] not in cut.offered] or list(cut.functions[1:]) or [at]
    )
    extension = cut.path.rpartition(".")[2]
    target = f"{cut.folder}/{cut.stem}_{ground.word}.{extension}".lstrip("/")
    shown = leaving[:_MOST_MOVED]
    lines = sum(f.length for f in leaving)
    of = f"{plural(len(leaving), 'function')} of {plural(cut.source.facts.lines, 'line')}"
    return written(
        ground, cut, at, turn,
        name="split-by-use",
        summary=f"{code(cut.path)} is the key file with most imports ({len(cut.uses)}); {of} that no other file imports move to "
        f"{code(target)}, and the change is made there.",
        sketch=block(cut, note(cut, target), *(stub(cut, f, f"From {cut.path}:{f.line}.") for f in shown)),
        files=[
            FileChange(cut.path, f"keeps what {plural(len(cut.callers), 'file')} import, and imports what moved."),
            FileChange(target, f"takes {codes([f.name for f in shown], 6)}; the file is new."),
        ],
        lines=lines,
        new=[f"{code(target)} module"],
        why_new="made of what is there",
    )  # fmt: skip


def keep(ground: Ground, cut: Cut, turn: int) -> Said:
    """Why the present design does, then the smallest change."""
    at = focus(cut, turn)
    doc = f"{ground.item(turn)}: callers do this; here only what they hand in is checked."
    return written(
        ground, cut, at, turn,
        name="keep-and-pin",
        summary=f"The current design suffices because {_suffices(ground, cut, at)}. What is left is to say and pin how it is used.",
        sketch=block(cut, note(cut, f"{cut.path}:{at.line}"), stub(cut, at, doc)),
        files=[FileChange(cut.path, f"the docstring of {code(at.name)} (line {at.line}) says what callers may rely on.")],
        lines=3,
    )  # fmt: skip


def _suffices(ground: Ground, cut: Cut, at: Function) -> str:
    callers = plural(len(cut.callers_of(at)), "file")
    facts = [
        f"{code(at.name)} is {plural(at.length, 'line')} with {plural(at.parameters, 'parameter')}",
        f"{callers} of {len(ground.survey.sources)} import it",
        f"{code(cut.path)} changed in {cut.source.churn} of the last {plural(ground.survey.commits, 'commit')}",
        f"it imports {plural(len(cut.source.facts.imports), 'name')}",
    ]
    return f"{', '.join(facts[:-1])}, and {facts[-1]}"


_WAYS: dict[str, Callable[[Ground, Cut, int], Said]] = {
    "minimalist": in_place,
    "extensibility-first": configured,
    "migration-conservative": alias,
    "contrarian": keep,
}
