"""What follows on a comparison or a tally: hybrids, patches of what was vetoed, and the question asked anew. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.question.compare import proposals
from decisions_tool.agents.offline.question.ground import Ground, ground, own
from decisions_tool.agents.offline.question.measure import measure, proposal_text, weights
from decisions_tool.agents.offline.wording import enumerate_words, quote, request_words, stems
from decisions_tool.documents.base import Meta
from decisions_tool.documents.comparison import Comparison
from decisions_tool.documents.framing import Frame, Framing, KeyFile, frame_text
from decisions_tool.documents.judged import RefineAnswer
from decisions_tool.documents.proposal import FileChange, Hybrid, Patch, ProposalMeta, Said
from decisions_tool.documents.sections import key
from decisions_tool.text import slugify

_MOST_QUESTIONS, _FEWEST_FILES, _MOST_CODE = 3, 3, 180


def _speaking(desk: Desk, labels: Sequence[str]) -> list[tuple[int, Said]]:
    """The first proposal of each approach, with the number of its agent."""
    found, compared = proposals(desk), own(desk, Comparison).said
    agents = [next((n for n in a.agents if n in found), None) for label in labels if (a := compared.approach(label))]
    return [(number, found[number]) for number in agents if number is not None] or list(found.items())[:1]


def _labels(text: str) -> list[str]:
    return re.findall(r"[A-Z]\d?", text)


# ---------------------------------------------------------------------- hybrids and patches


def hybrid(desk: Desk) -> Hybrid:
    """Elements of two approaches as one proposal that names its sources."""
    about = desk.packet.about
    (a, one), (b, other) = (_speaking(desk, _labels(about.get("of", ""))) * 2)[:2]
    why = quote(about.get("reason", ""), 300).rstrip(".")
    joined = one._replace(
        name=slugify(about.get("name", "") or f"{one.name}-with-{other.name}"),
        summary=f"It takes the change itself from agent-{a:02d} ({one.name}), and from agent-{b:02d} ({other.name}) what that one adds: "
        f"{enumerate_words([f'`{f.path}`' for f in other.files if f not in one.files]) or 'nothing more'}. It resolves this: {why}.",
        sketch=_sketch({a: one, b: other}),
        files=tuple({f.path: f for f in (*other.files, *one.files)}.values()),
        abstractions=tuple(dict.fromkeys((*one.abstractions, *other.abstractions))),
        size=f"{max(measure(one).lines, measure(other).lines)} to {measure(one).lines + measure(other).lines}",
        breaks=one.breaks if measure(one).breaks else other.breaks,
        migration=one.migration if measure(one).path else other.migration,
        compatibility=f"{one.compatibility} {other.compatibility}"
        if other.compatibility not in one.compatibility
        else one.compatibility,
        tests="\n".join(dict.fromkeys([*one.tests.split("\n"), *other.tests.split("\n")])),
    )
    joined = joined._replace(touched=len(joined.files), effort=max(one.effort, other.effort, key="SMLX".find))
    return Hybrid(meta=ProposalMeta(type="hybrid"), words=_with_checks(joined, about.get("criteria", "")))


def _sketch(sources: Mapping[int, Said]) -> str:
    """The sketches of both while they stay short, else the first."""
    parts = [f"From agent-{number:02d}:\n\n{said.sketch}" for number, said in sources.items()]
    lines = sum(len(code.text.split("\n")) for said in sources.values() for code in said.code)
    return "\n\n".join(parts if lines <= _MOST_CODE else parts[:1])


def _with_checks(said: Said, criteria: str) -> str:
    """The text, with the checks that count what was joined or taken away counted again."""
    new = f"{len(said.abstractions)} new abstractions."
    checks = [re.sub(r"(\(C1\): ).*", rf"\g<1>{new}", check) for check in said.checks]
    return proposal_text(said._replace(checks=tuple(checks)), weights(criteria))


def patch(desk: Desk) -> Patch:
    """The approach again, with what was vetoed addressed and the rest as it was."""
    about, where = desk.packet.about, ground(desk)
    label, vetoed = about.get("label", ""), about.get("vetoed", "")
    (number, said), *_ = _speaking(desk, [label])
    changed = _mended(said, key(vetoed), where)
    how = f"This patches agent-{number:02d}'s {said.name}, which voters scored 1 on {vetoed}. {said.summary}"
    changed = changed._replace(
        name=f"{slugify(about.get('name', '') or said.name)}-patched", summary=f"{how} {changed.summary}"
    )
    return Patch(meta=ProposalMeta(type="patch"), words=_with_checks(changed, about.get("criteria", "")))


def _mended(said: Said, vetoed: str, where: Ground) -> Said:
    """What one criterion asks for; ``summary`` says what is new."""
    if vetoed == "simplicity":
        fewer = said.files[:1] + said.files[-1:] if len(said.files) > 2 else said.files
        more = "No abstraction is added, and only the first file and its test change."
        return said._replace(summary=more, files=fewer, touched=len(fewer), abstractions=())
    if vetoed == "extensibility":
        entry = FileChange(where.settings(), "a key for what differs from case to case.")
        more = f"What differs from case to case is read from `{where.settings()}`."
        return said._replace(summary=more, files=(*said.files, entry), touched=len(said.files) + 1)
    if vetoed == "testability":
        alone = f"Alone: a case in `{where.cuts[0].test()}` hands every value in, so that nothing is read from a file."
        files = tuple(f for f in said.files if not f.path.endswith((".toml", ".yaml", ".yml", ".ini", ".cfg")))
        return said._replace(
            summary="Every value is handed in.", tests=f"{said.tests}\n- {alone}", files=files, touched=len(files)
        )
    if vetoed == "debuggability":
        return said._replace(summary="What goes wrong raises an error that names the entry and the file it came from.")
    return said._replace(
        summary="Every old name stays as an alias.", breaks="nothing: every old name stays as an alias.",
        migration="on first use the old form is read and kept in the new one", compatibility="every old name stays as an alias.",
    )  # fmt: skip


# ---------------------------------------------------------------------- the question anew


def refine(desk: Desk) -> RefineAnswer:
    """The parts of the scope as questions of their own, or a choice of two where there is one part."""
    frame, leaders = own(desk, Framing).frame, desk.packet.about.get("leaders", "")
    compared = desk.maybe(Comparison)
    names = [a.name for label in _labels(leaders) if compared and (a := compared.said.approach(label))]
    between = f"No approach had a majority between {enumerate_words(names or _labels(leaders))}"
    if len(frame.inside) < 2:
        text = f"### Reason\n\n{between}, and the scope has no parts.\n\n### Forced choice\n\n{leaders}\n"
        return RefineAnswer(meta=Meta(type="refine"), words=text)
    most = min(_MOST_QUESTIONS, len(frame.inside))
    groups = [frame.inside[number::most] for number in range(most)]
    asked = [
        f"### Sub-question {letter}\n\n{frame_text(_part(frame, own))}"
        for letter, own in zip("abc", groups, strict=False)
    ]
    reason = f"### Reason\n\n{between}; the scope has {len(frame.inside)} parts, and each can be decided by itself."
    return RefineAnswer(meta=Meta(type="refine"), words="\n\n".join([reason, *asked]))


def _part(frame: Frame, inside: Sequence[str]) -> Frame:
    """The frame of some parts of the scope: the rest is out, and what shares no word with them goes."""
    words = request_words(" ".join(inside)).keys()
    success = tuple(text for text in frame.success if words & stems(text)) or frame.success
    near = sorted(frame.files, key=lambda file: -len(words & stems(f"{file.path} {file.reason}")))
    some = [file for file in near if words & stems(f"{file.path} {file.reason}")]
    files: list[KeyFile] = some if len(some) >= _FEWEST_FILES else near[:_FEWEST_FILES]
    what = " and ".join(f"“{item.rstrip('.')}”" for item in inside)
    return frame._replace(
        question=f"How should {what} be designed?", inside=tuple(inside), success=success, files=tuple(files),
        outside=(*frame.outside, *(item for item in frame.inside if item not in inside)),
    )  # fmt: skip
