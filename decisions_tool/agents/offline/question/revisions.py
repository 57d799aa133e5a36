"""What follows on a comparison or a tally: hybrids, patches of what was vetoed, and the question asked anew. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from decisions_tool.agents.offline.desk import Desk
from decisions_tool.agents.offline.question.compare import proposals
from decisions_tool.agents.offline.question.designs import design
from decisions_tool.agents.offline.question.ground import SETTINGS, Ground, ground, own
from decisions_tool.agents.offline.question.measure import measure, proposal_text, weights
from decisions_tool.agents.offline.wording import enumerate_words, quote, request_words, stems
from decisions_tool.documents.base import Meta
from decisions_tool.documents.comparison import Compared, Comparison
from decisions_tool.documents.framing import Frame, Framing, frame_text
from decisions_tool.documents.judged import RefineAnswer
from decisions_tool.documents.outline import Section, outline
from decisions_tool.documents.proposal import FileChange, Hybrid, Patch, ProposalMeta, Said
from decisions_tool.documents.sections import code_blocks, flat, key, section_of
from decisions_tool.text import slugify

_REPLACED = re.compile(r"(?:#|//) (.+) — WILL REPLACE")
_MOST_QUESTIONS, _FEWEST_FILES, _MOST_CODE = 3, 3, 180


def _speaking(desk: Desk, labels: Sequence[str]) -> list[tuple[int, Said]]:
    """The first proposal of each approach, with the number of its agent."""
    found, compared = proposals(desk), own(desk, Comparison).said
    agents = [next((n for n in a.agents if n in found), None) for label in labels if (a := compared.approach(label))]
    return [(number, found[number]) for number in agents if number is not None] or list(found.items())[:1]


def _sources(compared: Compared, label: str) -> Sequence[str]:
    """The approach itself, or what a hybrid joins; hybrids take the letters after the approaches."""
    if compared.approach(label) or not label:
        return [label]
    after = ord(label[0]) - ord("A") - len(compared.approaches)
    return compared.hybrids[after].of if 0 <= after < len(compared.hybrids) else []


def _labels(text: str) -> list[str]:
    return re.findall(r"[A-Z]\d?", text)


# ---------------------------------------------------------------------- hybrids and patches


def hybrid(desk: Desk) -> Hybrid:
    """Elements of two approaches as one proposal that names its sources."""
    about = desk.packet.about
    (a, one), (b, other) = (_speaking(desk, _labels(about.get("of", ""))) * 2)[:2]
    joined = one._replace(
        name=slugify(about.get("name", "") or f"{one.name}-with-{other.name}"),
        summary=f"It takes the change itself from agent-{a:02d} ({one.name}) and what comes with it from agent-{b:02d} ({other.name}). "
        f"It resolves this: {quote(about.get('reason', ''), 300).rstrip('.')}.",
        sketch=_sketch({a: one, b: other}),
        files=tuple({change.path: change for change in (*other.files, *one.files)}.values()),
        abstractions=tuple(dict.fromkeys((*one.abstractions, *other.abstractions))),
        size=str(measure(one).lines + measure(other).lines),
        breaks=other.breaks if measure(other).breaks else one.breaks,
        migration=other.migration if measure(other).path else one.migration,
        compatibility=" ".join(dict.fromkeys([one.compatibility, other.compatibility])),
        tests="\n".join(dict.fromkeys([*one.tests.split("\n"), *other.tests.split("\n")])),
        effort=max(one.effort, other.effort, key="SMLX".find),
        checks=tuple(max(pair, key=len) for pair in zip(one.checks, other.checks, strict=False)),
    )
    return Hybrid(meta=ProposalMeta(type="hybrid"), words=_counted(joined, about.get("criteria", "")))


def compose(desk: Desk) -> Hybrid:
    """What the parts of a question have decided, as one proposal; each addendum says its part."""
    about, whole = desk.packet.about, design(ground(desk), "unconstrained", 0)
    parts = {
        path: outline(text) for path, text in desk.packet.documents.items() if path.endswith("/constraint-addendum.md")
    }
    told = {section.title.partition(":")[2].strip(): section for root in parts.values() for section in root.children}
    blocks = [code for section in told.values() for code in code_blocks(_below(section, "interfacecontracts"))]
    files = {
        path: FileChange(path, f"as {name.partition(' ')[0]} decided.")
        for name, section in told.items()
        for line in _below(section, "virtualdiff")
        if (found := _REPLACED.fullmatch(line))
        for path in found.group(1).split(", ")
    }
    composed = whole._replace(
        name=slugify(about.get("name", "") or "composed"),
        summary=f"It puts together what the parts of this question decided: {enumerate_words(list(told)) or 'nothing so far'}.",
        sketch="\n\n".join(f"```{word}\n{text}\n```" for word, text, _ in blocks) or whole.sketch,
        files=tuple(files.values()) or whole.files,
        abstractions=(),
    )
    return Hybrid(meta=ProposalMeta(type="hybrid"), words=_counted(composed, about.get("criteria", "")))


def _below(section: Section, name: str) -> list[str]:
    found = section_of(section, name)
    return flat(found) if found else []


def _sketch(sources: Mapping[int, Said]) -> str:
    """The sketches of both while they stay short, else the first."""
    parts = [f"From agent-{number:02d}:\n\n{said.sketch}" for number, said in sources.items()]
    lines = sum(code.text.count("\n") + 1 for said in sources.values() for code in said.code)
    return "\n\n".join(parts if lines <= _MOST_CODE else parts[:1])


def _counted(said: Said, criteria: str) -> str:
    """The text, with files and abstractions counted again."""
    checks = [
        re.sub(r"(\(C1\): ).*", rf"\g<1>{len(said.abstractions)} new abstractions.", check) for check in said.checks
    ]
    return proposal_text(said._replace(touched=len(said.files), checks=tuple(checks)), weights(criteria))


def patch(desk: Desk) -> Patch:
    """The approach again, with what was vetoed addressed and the rest as it was."""
    about = desk.packet.about
    vetoed = about.get("vetoed", "")
    label, compared = about.get("label", ""), own(desk, Comparison).said
    number, said = _speaking(desk, _sources(compared, label))[0]
    new, mended = said, []
    for criterion in vetoed.split(","):
        new = _mended(new, key(criterion), ground(desk))
        mended.append(new.summary)
    summary = f"This patches {said.name} of agent-{number:02d}, vetoed on {vetoed}. {' '.join(mended)} {said.summary}"
    new = new._replace(
        name=f"{slugify(said.name if about.get('name', label) == label else about['name'])}-patched", summary=summary
    )
    return Patch(meta=ProposalMeta(type="patch"), words=_counted(new, about.get("criteria", "")))


def _mended(said: Said, vetoed: str, where: Ground) -> Said:
    """What one criterion asks for; ``summary`` says what is new."""
    old, settings = "every old name stays as an alias", where.settings()
    alone = f"{said.tests}\n- Alone: a case in `{where.cuts[0].test()}` hands every value in, so that nothing is read from a file."
    coded = tuple(change for change in said.files if not SETTINGS.search(change.path))
    found = {
        "simplicity": said._replace(
            summary="Only the first file and its test change.",
            files=(*said.files[:1], *said.files[1:][-1:]),
            abstractions=(),
        ),
        "extensibility": said._replace(
            summary=f"What differs from case to case is read from `{settings}`.",
            files=(*coded, FileChange(settings, "a key for what differs from case to case.")),
        ),
        "debuggability": said._replace(summary="What goes wrong raises an error that names the entry and its file."),
        "testability": said._replace(summary="Every value is handed in.", tests=alone, files=coded),
    }.get(vetoed)
    return found or said._replace(
        summary=f"For those who use it today, {old}.", breaks=f"nothing: {old}.", compatibility=f"{old}.",
        migration="on first use the old form is read and kept in the new one",
    )  # fmt: skip


# ---------------------------------------------------------------------- the question anew


def refine(desk: Desk) -> RefineAnswer:
    """The parts of the scope as questions of their own, or a choice of two where there is one part."""
    frame, leaders = own(desk, Framing).frame, desk.packet.about.get("leaders", "")
    compared = desk.maybe(Comparison)
    known = {found.label: found.name for found in compared.said.approaches} if compared else {}
    names = [known.get(label, label) for label in _labels(leaders)]
    between = f"No approach had a majority between {enumerate_words(names)}"
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
    shared = {file: len(words & stems(" ".join(file))) for file in frame.files}
    near = sorted(frame.files, key=lambda file: -shared[file])
    files = [file for number, file in enumerate(near) if shared[file] or number < _FEWEST_FILES]
    what = " and ".join(f"“{re.sub('[;?]', ',', item).rstrip(',.')}”" for item in inside)
    return frame._replace(
        question=f"How should {what} be designed?", inside=tuple(inside), success=success, files=tuple(files),
        outside=(*frame.outside, *(item for item in frame.inside if item not in inside)),
    )  # fmt: skip
