"""Which option a document says has won: by a mark in its table, or in the words below it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from decisions_tool.documents import outline
from decisions_tool.documents.scores import plain


class Marked(NamedTuple):
    """The label of an option without what marks it; ``bold`` where the whole label is bold."""

    name: str
    won: bool
    bold: bool


_SIGNS = re.compile(
    r"[🏆🥇✅✔✓☑🎯👑]\ufe0f?|[(\[]?\b(?:winner|recommended|chosen|selected|preferred)[)\]]?(?=\s*$)", re.I
)
_FIRST = re.compile(r"(?:#|no\.? ?)?1(?:st)?\.?|first|🥇.*", re.I)
_RANK = re.compile(r"(?:overall |final )?(?:rank(?:ing)?|place|position|#)", re.I)
_VERDICT = re.compile(r"(?:winner|recommend(?:ed|ation)|selected|chosen|choice|decision|verdict|outcome)\??:?", re.I)
_VERDICT_HEAD = re.compile(
    r"\b(?:winner|recommendation|recommended|decision|verdict|conclusion|choice|outcome|result)\b", re.I
)
_YES = re.compile(r"[✓✔✅🏆🥇☑]\ufe0f?.*|yes\b.*|x|winner\b.*|recommended\b.*|selected\b.*|chosen\b.*", re.I)
_BOLD = re.compile(r"(\*\*|__).+\1")
_SAYS = re.compile(
    r"(?:we|i) (?:recommend|choose|chose|select(?:ed)?|pick(?:ed)?|go with|went with|adopt(?:ed)?)(?: for)?[:\s]+"
    r"|(?:(?:the|our|overall|initial|clear|final|computed) )*(?:winner|winning option|recommend(?:ed|ation)?(?: option| approach)?"
    r"|selected(?: option)?|chosen(?: option)?|choice|decision|verdict|result|conclusion|preferred(?: option)?)\b(?! \d)"
    r"(?: is| goes to)?[:\s–—=-]+",
    re.I,
)
_WINS = re.compile(
    r"\b(?:still |clearly )?(?:wins\b|won\b|is the (?:clear )?winner|is (?:clearly )?(?:recommended|selected|chosen|preferred)"
    r"|scores (?:the )?highest|comes out (?:on top|ahead|first))",
    re.I,
)
_TOO_LONG = 400


def marked(cell: str) -> Marked:
    """A label as it names an option, and whether it carries the sign of a winner."""
    text = plain(cell)
    name = _SIGNS.sub("", text).strip(" –—-:")
    return Marked(name or text, bool(name) and name != text.strip(" –—-:"), bool(_BOLD.fullmatch(cell.strip())))


def by_sign(labels: Sequence[Marked], rows: Sequence[tuple[str, Sequence[str]]]) -> int | None:
    """Which of the labels has won by a sign on it, or by what a row below the scores says."""
    verdicts = [_only([label.won for label in labels])]
    verdicts += [_by_row(plain(label).strip(" :"), [plain(cell) for cell in cells]) for label, cells in rows]
    verdicts += [_only([bool(_SIGNS.search(plain(cell))) for cell in cells]) for _, cells in rows]
    return next((found for found in verdicts if found is not None), None)


def by_bold(labels: Sequence[Marked], rows: Sequence[tuple[str, Sequence[str]]]) -> int | None:
    """Which of the labels alone is bold, or has the only bold total."""
    verdicts = [_only([bool(_BOLD.match(cell.strip())) for cell in cells]) for _, cells in rows]
    found = [*verdicts, _only([label.bold for label in labels])] if len(labels) > 1 else []
    return next((one for one in found if one is not None), None)


def _by_row(label: str, cells: Sequence[str]) -> int | None:
    if _RANK.fullmatch(label):
        return _only([bool(_FIRST.fullmatch(cell)) for cell in cells])
    return _only([bool(_YES.fullmatch(cell)) for cell in cells]) if _VERDICT.fullmatch(label) else None


def _only(found: Sequence[bool]) -> int | None:
    return found.index(True) if sum(found) == 1 else None


def named_below(lines: Sequence[str], names: Sequence[str], alone: bool) -> str | None:
    """The option that the words below a table call the winner, up to the next heading and in it.

    Where the table is alone in its document, the line below a heading such as Decision is about it, too.
    """
    verdict = False
    for _, line in outline.visible_lines(lines):
        head = outline.heading(line)
        text = plain(head[1] if head else line.strip().lstrip("->*+ "))
        found = _named_in(text, names) or (_first(text, names) if verdict else None)
        if found is not None or (verdict and text) or (head and not (alone and _VERDICT_HEAD.search(text))):
            return found
        verdict = verdict or head is not None
    return None


def _named_in(text: str, names: Sequence[str]) -> str | None:
    if len(text) > _TOO_LONG or re.search(r"\bnot (?:recommended|selected|chosen)\b|\brunner", text, re.I):
        return None
    says = _SAYS.match(text)
    if says:
        return _first(text[says.end() :], names)
    wins = _WINS.search(text)
    return _first(text[: wins.start()], names) if wins else None


def _first(text: str, names: Sequence[str]) -> str | None:
    """The option that a text names first, by its name, a part of it, or its initials."""
    for ways in (_spelled, _hinted):
        places = [(place, -len(name), name) for name in names if (place := ways(text, name)) >= 0]
        if places:
            return min(places)[2]
    return None


def _spelled(text: str, name: str) -> int:
    """Where a text names an option; -1 for nowhere."""
    before, _, after = name.partition(":")
    bare = re.sub(r"\s*[(\[].*?[)\]]", "", name)
    ways = {name, bare, before if len(before) > 2 else f"option {before}", after.strip()}
    letter = re.fullmatch(r"(?:option )?(\w)", bare, re.I)
    ways |= {f"option {letter.group(1)}"} if letter else set()
    found = [re.search(rf"(?<!\w){re.escape(way)}(?!\w)", text, re.I if len(way) > 1 else 0) for way in ways if way]
    return min((match.start() for match in found if match), default=-1)


def _hinted(text: str, name: str) -> int:
    """Where a text holds every word of a name, the beginning of it, or words with its letters as initials."""
    words = list(re.finditer(r"\w+", text.casefold()))
    initials = "".join(word.group()[0] for word in words)
    spots = []
    for part in re.findall(r"\w+", name.casefold()):
        at = next(
            (
                i
                for i, word in enumerate(words)
                if word.group().startswith(part) and (len(part) > 2 or word.group() == part)
            ),
            -1,
        )
        at = at if at >= 0 or not 2 <= len(part) <= 5 else initials.find(part)
        if at < 0:
            return -1
        spots.append(words[at].start())
    return min(spots, default=-1)
