"""Documents as people write them: the same ballot or frame in a style that chance picks."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeAlias

from decisions_tool.documents.framing import Frame
from decisions_tool.documents.vote import Cast

Weights: TypeAlias = Sequence[tuple[str, int]]


class Style(NamedTuple):
    """How somebody writes: a choice for a text, or for each place."""

    chance: Random

    def one(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def maybe(self) -> bool:
        return self.chance.random() < 0.5

    def heading(self, title: str, bare: bool = True) -> str:
        mark = "#" * self.chance.randint(1, 6)
        title = self.one(title, title.lower(), title.upper(), f"**{title}**", f"{self.chance.randint(1, 9)}. {title}")
        if bare and self.chance.randrange(5) == 0:
            return self.one(f"**{title.strip('*')}**", f"__{title.strip('*')}:__", f"**{title.strip('*')}**:")
        return f"{self.one('', ' ', '   ')}{mark} {title}{self.one('', f' {mark}', '  ')}"

    def listed(self, entries: Sequence[str]) -> list[str]:
        mark, indent, wide = self.one("-", "*", "+", "1.", "2)"), self.one("", " ", "   "), self.one(" ", "  ", "\t")
        return [line for entry in entries for line in (f"{indent}{mark}{wide}{entry}", *([""] if self.maybe() else []))]

    def label(self, label: str) -> str:
        return self.one(
            label,
            f"**{label}**",
            f"Approach {label}",
            f"{label} — Loop",
            f"`{label}`",
            f"**{label}: Queue**",
            f"option {label}",
            f"{label} (x | y)",
        )

    def row(self, cells: Sequence[str], outer: str) -> str:
        wide = [f"{self.one('', ' ', '   ')}{cell}{self.one('', ' ', '      ')}" for cell in cells]
        return {"both": "| {} |", "left": "|{}", "right": "{} |", "none": " {} "}[outer].format(" | ".join(wide))

    def wrapped(self, text: str) -> str:
        """The text in a fence, or not, with either line end."""
        fence = self.one("", "", "```", "~~~~", "````")
        before, behind, language = (
            self.one("", "My answer:\n\n"),
            self.one("", "\nDone.\n"),
            self.one("markdown", "md", ""),
        )
        whole = f"{before}{fence}{language}\n{text}{fence}\n{behind}" if fence else text
        return whole.replace("\n", "\r\n") if self.maybe() else whole

    def noise(self, lines: Sequence[str]) -> list[str]:
        """Lines with comments between them that nobody should read."""
        comments = ("<!-- | Z | 1 | -->", "  <!-- ### Winner: Z", "- Z / Simplicity (9): x\n### Scores -->", "<!---->")
        noisy: list[str] = []
        for line in lines:
            noisy.append(f"{line}<!-- so -->" if self.chance.randrange(10) == 0 and line.strip() else line)
            if self.chance.randrange(10) == 0:
                noisy += [comments[1], comments[2]] if self.maybe() else [self.one(comments[0], comments[3])]
        return noisy


def _scores(style: Style, cast: Cast, weights: Weights) -> list[str]:
    outer = style.one("both", "left", "right", "none")
    head = [style.one("Approach", "**Approach**", "approaches", "Option")]
    for name, weight in weights:
        forms = (
            name,
            name.lower(),
            f"**{name}**",
            f"{name} (x0.{weight})",
            f"{name} (×0.{weight})",
            f"{name} {weight}%",
            f"`{name.upper()}` ({weight} %)",
            f"{name} x0.{weight}",
        )
        head.append(style.one(*forms))
    totalled = style.one("yes", "no") == "yes" or outer in {"left", "none"}
    lines = [style.row([*head, *(["Weighted Total"] if totalled else [])], outer)]
    lines.append(
        style.row(
            [style.one("---", ":--", "--:", ":-:", "-", ":---------:") for _ in range(len(head) + totalled)], outer
        )
    )
    for label, row in cast.scores.items():
        cells = [style.label(label).replace("|", "\\|")]
        for name, weight in weights:
            score, weighted = row[name], f"{row[name] * weight / 100:.2f}"
            cells.append(
                style.one(
                    f"{score}",
                    f"{score} ({weighted})",
                    f"{score}/5",
                    f"{score} / 5 ({weighted})",
                    f"**{score}**",
                    f"**{score}** ({weighted})",
                    f"`{score}`",
                    f"{score} of 5",
                )
            )
        total = f"{sum(row[name] * weight for name, weight in weights) / 100:.2f}"
        lines.append(
            style.row(
                [
                    *cells,
                    *([style.one(total, f"**{total}**", f"{total}/5", total.replace(".", ","))] if totalled else []),
                ],
                outer,
            )
        )
    return [style.heading(style.one("Scores", "Scores (1-5 per criterion, weighted)", "Scoring")), "", *lines, ""]


def _reasons(style: Style, cast: Cast) -> list[str]:
    grouped = style.maybe()
    title = style.heading(
        style.one("Per-Criterion Justification", "Per criterion justification", "Justification"), bare=not grouped
    )
    if grouped:
        lines: list[str] = []
        for label in cast.scores:
            under = [
                f"{style.one(name, name.lower(), f'**{name}**')} ({cast.scores[label][name]}): {cast.reasons[(label, name)]}"
                for name in cast.scores[label]
            ]
            lines += [
                style.one(f"####### {label}", f"**{label}**", f"**Approach {label}:**", f"**{label} — Loop**").replace(
                    "####### ", "###### "
                ),
                "",
                *style.listed(under),
                "",
            ]
        return [title.replace("###### ", "##### ", 1) if title.strip().startswith("######") else title, "", *lines]
    entries = []
    for (label, name), why in cast.reasons.items():
        score, called = cast.scores[label][name], style.one(label, f"Approach {label}", f"{label} — Loop")
        forms = (
            "{} / {} ({}): {}",
            "**{} / {} ({}):** {}",
            "{} / {} ({}/5) — {}",
            "{}/{} ({}) : {}",
            "**{}** / *{}* ({}): {}",
            "{} / {}({}) – {}",
        )
        entries.append(style.one(*forms).format(called, style.one(name, name.lower()), score, why))
    return [title, "", *style.listed(entries), ""]


def _verdicts(style: Style, cast: Cast) -> list[str]:
    said = {
        "pass": ("pass", "Pass.", "✅", "yes", "**pass** — so"),
        "fail": ("fail", "FAIL", "❌ twice", "no"),
        "unknown": ("unknown", "?", "unclear"),
    }
    title = style.heading("Success Criteria")
    if style.maybe():
        entries = [
            f"{style.label(label)} / {style.one('', 'SC-', 'criterion ')}{number}: {style.one(*said[word])}"
            for label, row in cast.success.items()
            for number, word in row.items()
        ]
        return [title, "", *style.listed(entries), ""]
    if style.maybe():
        rows = [[label, *(style.one(*said[word]) for word in row.values())] for label, row in cast.success.items()]
        table = [
            ["Approach", style.one("1", "SC-1", "1. at most three"), style.one("2", "SC-2", "second")],
            ["---"] * 3,
            *rows,
        ]
    else:
        table = [["Criterion", *cast.success], ["---"] * (1 + len(cast.success))]
        table += [
            [
                style.one(f"{number}", f"{number}. at most three"),
                *(style.one(*said[row[number]]) for row in cast.success.values()),
            ]
            for number in (1, 2)
        ]
    return [title, "", *(style.row(cells, "both") for cells in table), ""]


def _winner(style: Style, cast: Cast) -> list[str]:
    if cast.winner is None:
        return []
    said = style.one(
        cast.winner,
        f"**{cast.winner}**",
        f"Approach {cast.winner}",
        f"{cast.winner} — Loop",
        f"{cast.winner}.",
        f"{cast.winner} (by far)",
    )
    if style.maybe():
        return [f"{style.heading('Winner', bare=False).rstrip(' #').removesuffix('**')}: {said}", ""]
    forms = (f"**Winner:** {said}", f"{style.heading('Winner')}\n\n{said}", f"- **Winner:** {said}", f"Winner: {said}")
    return [style.one(*forms), ""]


def ragged_vote(cast: Cast, weights: Weights, chance: Random) -> str:
    """A vote as somebody might write it."""
    style = Style(chance)
    listing = (
        ("Merge Suggestions (optional)", cast.merge),
        ("Anti-pattern Flags", cast.flags),
        ("Files Read", cast.read),
    )
    prose = (("Dissent", cast.dissent), ("Objection to the winner", cast.objection))
    parts = [_scores(style, cast, weights), _reasons(style, cast), _verdicts(style, cast), _winner(style, cast)]
    parts += [
        [style.heading(title), "", *(style.listed(entries) if entries else [style.one("none", "None.", "- n/a")]), ""]
        for title, entries in listing
        if entries is not None
    ]
    parts += [[style.heading(title), "", text or style.one("none", "—"), ""] for title, text in prose]
    if style.maybe():
        chance.shuffle(parts)
        parts.insert(0, [style.heading("Vote: q1", bare=False).replace("**", "")])
    lines = [line for part in parts for line in part]
    return style.wrapped("\n".join(style.noise(lines) if style.maybe() else lines) + "\n")


def ragged_frame(frame: Frame, chance: Random) -> str:
    """A framing as somebody might write it: in the block of the format or under headings."""
    style = Style(chance)
    headed = style.maybe()

    def label(name: str, indent: str = "") -> str:
        shown = style.one(name, name.upper(), name.capitalize(), f"{name} (for now)")
        if headed:
            return style.one(f"{'#' * chance.randint(1, 6)} {shown}", f"**{shown}**", f"**{shown}:**", f"## {shown}:")
        return f"{indent}{shown}:"

    def several(name: str, entries: Sequence[str], indent: str = "") -> list[str]:
        mark, deeper = style.one("-", "*", "1.", "2)"), indent + style.one("", "  ", "    ")
        return [
            "",
            label(name, indent),
            *[line for entry in entries for line in (f"{deeper}{mark} {entry}", *style.one("", "|").split("|")[1:])],
            "",
        ]

    def single(name: str, value: str) -> list[str]:
        return [
            *([label(name), "", value] if headed and style.maybe() else [f"{style.one(name, name.upper())}: {value}"]),
            "",
        ]

    files = [
        style.one("`{}` — {}", "{} — {}", "**{}**: {}", "{} - {}", "{} ({})").format(*file) for file in frame.files
    ]
    parts = [
        single("Question", frame.question), [*([label("Scope")] if style.maybe() else []), *several("In scope", frame.inside, "  "), *several("Out of scope", frame.outside, "  ")],
        several("Success criteria", frame.success), several("Key files", files), several("Evaluation scenarios", frame.scenarios),
        single("Identity", style.one(frame.identity, f"`{frame.identity}`")), single("Tier", style.one(frame.tier, f"{frame.tier} (for now)", f"tier {frame.tier}")),
        single("Relevant facets", ", ".join(frame.facets) or "none"), single("Impact", style.one(frame.impact, frame.impact.upper(), f"{frame.impact} — as ever")),
        single("Depends on", ", ".join(frame.depends_on) or style.one("none", "—")),
    ]  # fmt: skip
    if style.maybe():
        chance.shuffle(parts)
    lines = [line for part in parts for line in part]
    return style.wrapped("\n".join(style.noise(lines) if style.maybe() else lines) + "\n")
