"""Vote tallies worked out with a pencil, each with its working beside it.

Ballots are written one kind a line, for example

    4x balanced  A 5 4 4 3 3 =4.00 +-  B 3 =3.00 ++  > A

count and role; then per approach its label, its scores in the order of the criteria (one score stands for the same on
all, `_` for one left out), the total that the voter printed, if any, after `=`, and a mark per success criterion, if
any (`+` pass, `-` fail, `?` unknown, `.` nothing said); at the end the declared winner, if any, after `>`.
Weights are 25 25 20 15 15, so a flat row of 4 totals 4.00. V is the number of valid ballots, N of planned ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.tally_reference import Ballot

CRITERIA = ("Simplicity", "Extensibility", "Migration Safety", "Debuggability", "Testability")
MARKS = {"+": "pass", "-": "fail", "?": "unknown"}
LINE = re.compile(r"(?P<times>\d+)x\s+(?P<role>[a-z]+)\s+(?P<entries>[^>]+?)(?:\s*>\s*(?P<winner>[A-Z]))?")
ENTRY = re.compile(
    r"(?P<label>[A-Z])(?P<scores>(?:\s+[\d_])+)(?:\s+=(?P<stated>\S+))?(?:\s+(?P<marks>[-+?.]+))?(?:\s+|$)"
)


class Case(NamedTuple):
    """A tally: what was voted, what must come out (only the keys that matter), and why."""

    name: str
    working: str
    ballots: str
    expected: dict[str, object]
    planned: int = 10
    labels: Sequence[str] | None = None
    files: Mapping[str, int] | None = None
    criteria: Sequence[str] = CRITERIA
    weights: Mapping[str, int] | None = None
    light: bool | None = None
    runoff_done: bool = False
    runoff_mode: str = "fresh"


def parse(text: str, criteria: Sequence[str] = CRITERIA) -> list[Ballot]:
    """Read the notation; the voters are numbered from top to bottom."""
    ballots: list[Ballot] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        found = LINE.fullmatch(line)
        if not found:
            raise ValueError(f"not a line of ballots: {line!r}")
        for _ in range(int(found["times"])):
            ballots.append(_ballot(len(ballots) + 1, found, criteria))
    return ballots


def _ballot(number: int, line: re.Match[str], criteria: Sequence[str]) -> Ballot:
    entries = list(_entries(line["entries"]))
    return {
        "voter": f"voter-{number:02}",
        "role": line["role"],
        "winner": line["winner"],
        "scores": {entry["label"]: _scores(entry["scores"].split(), criteria) for entry in entries},
        "success": {entry["label"]: _success(entry["marks"]) for entry in entries if entry["marks"]},
        "stated": {entry["label"]: entry["stated"] for entry in entries},
    }


def _entries(text: str) -> Iterator[re.Match[str]]:
    place = 0
    while place < len(text):
        entry = ENTRY.match(text, place)
        if not entry:
            raise ValueError(f"not an approach with its scores: {text[place:]!r}")
        yield entry
        place = entry.end()


def _scores(figures: list[str], criteria: Sequence[str]) -> dict[str, int]:
    row = figures * len(criteria) if len(figures) == 1 else figures
    return {name: int(figure) for name, figure in zip(criteria, row, strict=True) if figure != "_"}


def _success(marks: str) -> dict[int, str]:
    return {number: MARKS[mark] for number, mark in enumerate(marks, start=1) if mark != "."}


def expect(result: str, **more: object) -> dict[str, object]:
    """Class, winner (`-` for nobody) and what comes next, and whatever else matters."""
    klass, winner, following = result.split()
    return {"class": klass, "winner": None if winner == "-" else winner, "next": following, **more}


# The share of the votes. Strong takes 70 % (100v >= 70V), weak 50 %; everybody planned has voted.

SHARES = [
    Case(
        "three of three is strong",
        "A 3 of 3: 300 >= 210; 3 ballots reach ceil(0.7 * 3) = ceil(2.1) = 3.",
        "3x balanced  A 4  B 3",
        expect("strong A record", votes={"A": 3, "B": 0}, share="100.0", tie_break=None, runoff_between=[]),
        planned=3,
    ),
    Case(
        "two of three is weak",
        "A 2 of 3: 200 < 210, 200 >= 150. Means A (4+4+3)/3 = 3.67, B (3+3+4)/3 = 3.33. Share 66.67.",
        """
        2x balanced   A 4  B 3
        1x skeptical  A 3  B 4
        """,
        expect("weak A record", votes={"A": 2, "B": 1}, means={"A": "3.67", "B": "3.33"}, share="66.7"),
        planned=3,
    ),
    Case(
        "one of three is a split",
        "100 < 150; 33.3 % is not above 40 %, three approaches: runoff. All tied: A 9, B 10, C 8 points, so C drops out.",
        """
        1x balanced   A 4  B 3  C 2
        1x skeptical  A 3  B 4  C 2
        1x pragmatic  A 2  B 3  C 4
        """,
        expect("split - runoff", runoff_between=["A", "B"], share="33.3"),
        planned=3,
    ),
    Case(
        "three of four is strong",
        "300 >= 280; 4 ballots reach ceil(2.8) = 3.",
        """
        3x balanced   A 4  B 3
        1x skeptical  A 3  B 4
        """,
        expect("strong A record", share="75.0"),
        planned=4,
    ),
    Case(
        "two of four against two single votes is weak",
        "A 2, B 1, C 1: 200 < 280, 200 >= 200. A has 14 points, B and C 13 each.",
        """
        2x balanced   A 4  B 3  C 3
        1x skeptical  A 3  B 4  C 3
        1x pragmatic  A 3  B 3  C 4
        """,
        expect("weak A record", votes={"A": 2, "B": 1, "C": 1}, share="50.0", tie_break=None),
        planned=4,
    ),
    Case(
        "one of four is a split",
        "25 %, four approaches: runoff. Points A 5+4+2+3 = 14, B 4+5+3+2 = 14, C 3+3+4+3 = 13, D 3+3+3+4 = 13: A and B go on.",
        """
        1x balanced   A 5  B 4  C 3  D 3
        1x balanced   A 4  B 5  C 3  D 3
        1x skeptical  A 2  B 3  C 4  D 3
        1x pragmatic  A 3  B 2  C 3  D 4
        """,
        expect("split - runoff", runoff_between=["A", "B"], share="25.0"),
        planned=4,
    ),
    Case(
        "four of five is strong",
        "400 >= 350; 5 ballots reach ceil(3.5) = 4.",
        """
        2x balanced   A 4  B 3
        2x skeptical  A 4  B 3
        1x pragmatic  A 3  B 4
        """,
        expect("strong A record", share="80.0"),
        planned=5,
    ),
    Case(
        "three of five is weak",
        "300 < 350, 300 >= 250. A 12+6 = 18 points, B 9+8 = 17.",
        """
        3x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("weak A record", means={"A": "3.60", "B": "3.40"}, share="60.0"),
        planned=5,
    ),
    Case(
        "two of five is a split",
        "A 2, B 2, C 1: 200 < 250; 40 % is not above 40 %: runoff of A and B.",
        """
        2x balanced   A 4  B 3  C 3
        2x skeptical  A 3  B 4  C 3
        1x pragmatic  A 3  B 3  C 4
        """,
        expect("split - runoff", runoff_between=["A", "B"], share="40.0", tie_break=None),
        planned=5,
    ),
    Case(
        "five of six is strong",
        "500 >= 420; 6 ballots reach ceil(4.2) = 5.",
        """
        5x balanced   A 4  B 3
        1x skeptical  A 3  B 4
        """,
        expect("strong A record", share="83.3"),
        planned=6,
    ),
    Case(
        "four of six is weak",
        "400 < 420, 400 >= 300.",
        """
        4x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("weak A record", share="66.7"),
        planned=6,
    ),
    Case(
        "three of six against two and one is weak",
        "300 < 420, 300 >= 300. Points A 12+6+3 = 21, B 9+8+3 = 20, C 9+6+4 = 19.",
        """
        3x balanced   A 4  B 3  C 3
        2x skeptical  A 3  B 4  C 3
        1x pragmatic  A 3  B 3  C 4
        """,
        expect("weak A record", votes={"A": 3, "B": 2, "C": 1}, share="50.0", tie_break=None),
        planned=6,
    ),
    Case(
        "two of six is a split",
        "200 < 300; 33.3 %: runoff. All tied at 2: points A 8+6+4 = 18, B 6+8+6 = 20, C 6+6+8 = 20, so A drops out.",
        """
        2x balanced   A 4  B 3  C 3
        2x skeptical  A 3  B 4  C 3
        2x pragmatic  A 2  B 3  C 4
        """,
        expect("split - runoff", runoff_between=["B", "C"], share="33.3"),
        planned=6,
    ),
    Case(
        "five of seven is strong",
        "500 >= 490; 7 ballots reach ceil(4.9) = 5. 500/7 = 71.43.",
        """
        5x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("strong A record", share="71.4"),
        planned=7,
    ),
    Case(
        "four of seven is weak",
        "400 < 490, 400 >= 350. A 16+9 = 25 points, B 12+12 = 24.",
        """
        4x balanced   A 4  B 3
        3x skeptical  A 3  B 4
        """,
        expect("weak A record", share="57.1"),
        planned=7,
    ),
    Case(
        "three of seven is a split above 40 %",
        "300 < 350: split. 300 > 280, so A is above 40 %: no runoff, another question.",
        """
        3x balanced   A 4  B 3  C 3
        2x skeptical  A 3  B 4  C 3
        2x pragmatic  A 3  B 3  C 4
        """,
        expect("split - refine", runoff_between=[], share="42.9"),
        planned=7,
    ),
    Case(
        "six of eight is strong",
        "600 >= 560; 8 ballots reach ceil(5.6) = 6.",
        """
        6x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("strong A record", share="75.0"),
        planned=8,
    ),
    Case(
        "five of eight is weak",
        "500 < 560, 500 >= 400.",
        """
        5x balanced   A 4  B 3
        3x skeptical  A 3  B 4
        """,
        expect("weak A record", share="62.5"),
        planned=8,
    ),
    Case(
        "four of eight against two and two is weak",
        "400 >= 400. Points A 16+6+6 = 28, B 12+8+6 = 26, C the same.",
        """
        4x balanced   A 4  B 3  C 3
        2x skeptical  A 3  B 4  C 3
        2x pragmatic  A 3  B 3  C 4
        """,
        expect("weak A record", share="50.0", tie_break=None),
        planned=8,
    ),
    Case(
        "three of eight is a split",
        "A 3, B 3, C 2: 300 < 400; 37.5 %: runoff of the two with three votes.",
        """
        3x balanced   A 4  B 3  C 3
        3x skeptical  A 3  B 4  C 3
        2x pragmatic  A 3  B 3  C 4
        """,
        expect("split - runoff", runoff_between=["A", "B"], share="37.5"),
        planned=8,
    ),
    Case(
        "seven of nine is strong",
        "700 >= 630; 9 ballots reach ceil(6.3) = 7. 700/9 = 77.78.",
        """
        7x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("strong A record", share="77.8"),
        planned=9,
    ),
    Case(
        "six of nine is weak",
        "600 < 630, 600 >= 450.",
        """
        6x balanced   A 4  B 3
        3x skeptical  A 3  B 4
        """,
        expect("weak A record", share="66.7"),
        planned=9,
    ),
    Case(
        "five of nine is weak",
        "500 >= 450. A 20+12 = 32 points, B 15+16 = 31. 500/9 = 55.56.",
        """
        5x balanced   A 4  B 3
        4x skeptical  A 3  B 4
        """,
        expect("weak A record", share="55.6"),
        planned=9,
    ),
    Case(
        "four of nine is a split above 40 %",
        "A 4, B 3, C 2: 400 < 450; 400 > 360, so no runoff. 400/9 = 44.44.",
        """
        4x balanced   A 4  B 3  C 3
        3x skeptical  A 3  B 4  C 3
        2x pragmatic  A 3  B 3  C 4
        """,
        expect("split - refine", runoff_between=[], share="44.4"),
        planned=9,
    ),
    Case(
        "seven of ten is strong",
        "700 >= 700; 10 ballots reach 7. Means A (28+9)/10 = 3.70, B (21+12)/10 = 3.30.",
        """
        4x balanced   A 4  B 3
        3x skeptical  A 4  B 3
        3x pragmatic  A 3  B 4
        """,
        expect("strong A record", votes={"A": 7, "B": 3}, means={"A": "3.70", "B": "3.30"}, share="70.0", vetoes={}),
    ),
    Case(
        "six of ten is weak",
        "600 < 700, 600 >= 500.",
        """
        6x balanced   A 4  B 3
        4x skeptical  A 3  B 4
        """,
        expect("weak A record", share="60.0"),
    ),
    Case(
        "five of ten against three and two is weak",
        "500 >= 500. Points A 20+9+6 = 35, B 15+12+6 = 33, C 15+9+8 = 32.",
        """
        5x balanced   A 4  B 3  C 3
        3x skeptical  A 3  B 4  C 3
        2x pragmatic  A 3  B 3  C 4
        """,
        expect("weak A record", votes={"A": 5, "B": 3, "C": 2}, share="50.0", tie_break=None),
    ),
    Case(
        "four of ten is a split",
        "400 < 500; exactly 40 % is not above 40 %: runoff. B and C tied at 3: 33 points against 32, so C drops out.",
        """
        4x balanced   A 4  B 3  C 3
        2x skeptical  A 3  B 4  C 3
        1x skeptical  A 3  B 4  C 2
        3x pragmatic  A 3  B 3  C 4
        """,
        expect("split - runoff", runoff_between=["A", "B"], share="40.0"),
    ),
    Case(
        "nine of sixteen prints its share half up",
        "900/16 = 56.25, printed 56.3; 900 < 1120, 900 >= 800: weak.",
        """
        9x balanced   A 4  B 3
        7x skeptical  A 3  B 4
        """,
        expect("weak A record", share="56.3"),
        planned=16,
    ),
    Case(
        "a share that only rounds to 70 % is not strong",
        "16 of 23: 1600 < 1610, though 1600/23 = 69.57 is nearly there: weak.",
        """
        16x balanced  A 4  B 3
        7x skeptical  A 3  B 4
        """,
        expect("weak A record", share="69.6"),
        planned=23,
    ),
    Case(
        "a share that only rounds to 50 % is not weak",
        "50 of 101: 5000 < 5050, though 5000/101 = 49.505 is nearly there; 5000 > 4040, so no runoff.",
        """
        50x balanced   A 4  B 3  C 3
        30x skeptical  A 3  B 4  C 3
        21x pragmatic  A 3  B 3  C 4
        """,
        expect("split - refine", share="49.5", runoff_between=[]),
        planned=101,
    ),
]

# Fewer ballots than planned: the share is of the V valid ones, and strong also takes V >= ceil(0.7 N).

TURNOUT = [
    Case(
        "all seven ballots of ten planned are strong",
        "700 >= 490; 7 ballots reach 7.",
        "7x balanced  A 4  B 3",
        expect("strong A record", valid=7, planned=10, share="100.0"),
    ),
    Case(
        "all six ballots of ten planned are weak",
        "600 >= 420, but 6 ballots do not reach 7.",
        "6x balanced  A 4  B 3",
        expect("weak A record", valid=6, share="100.0"),
    ),
    Case(
        "all five ballots of ten planned are weak",
        "5 ballots are a quorum, but do not reach 7.",
        "5x balanced  A 4  B 3",
        expect("weak A record", valid=5, share="100.0"),
    ),
    Case(
        "seven of nine ballots of ten planned are strong",
        "700 >= 630; 9 ballots reach 7.",
        """
        7x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("strong A record", valid=9, share="77.8"),
    ),
    Case(
        "five of seven ballots of ten planned are strong, for it is the ballots that must reach seven",
        "500 >= 490; 7 ballots reach 7, though A has only 5 votes.",
        """
        5x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("strong A record", valid=7, share="71.4"),
    ),
    Case(
        "six of eight ballots of ten planned are strong, for it is the ballots that must reach seven",
        "600 >= 560; 8 ballots reach 7, though A has only 6 votes.",
        """
        6x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("strong A record", valid=8, share="75.0"),
    ),
    Case(
        "four of eight ballots of ten planned are half",
        "400 >= 400: weak, though 4 is only 40 % of those planned. A 16+12 = 28 points, B 12+8+6 = 26.",
        """
        4x balanced   A 4  B 3  C 3
        2x skeptical  A 3  B 4  C 3
        2x pragmatic  A 3  B 3  C 4
        """,
        expect("weak A record", valid=8, share="50.0"),
    ),
    Case(
        "all six ballots of nine planned are weak",
        "ceil(6.3) = 7: 6 ballots do not reach it.",
        "6x balanced  A 4  B 3",
        expect("weak A record", valid=6),
        planned=9,
    ),
    Case(
        "all seven ballots of nine planned are strong",
        "7 ballots reach ceil(6.3) = 7.",
        "7x balanced  A 4  B 3",
        expect("strong A record", valid=7),
        planned=9,
    ),
    Case(
        "all five ballots of eight planned are weak",
        "ceil(5.6) = 6: 5 ballots do not reach it.",
        "5x balanced  A 4  B 3",
        expect("weak A record", valid=5),
        planned=8,
    ),
    Case(
        "all six ballots of eight planned are strong",
        "6 ballots reach ceil(5.6) = 6.",
        "6x balanced  A 4  B 3",
        expect("strong A record", valid=6),
        planned=8,
    ),
    Case(
        "all five ballots of seven planned are strong",
        "5 ballots reach ceil(4.9) = 5.",
        "5x balanced  A 4  B 3",
        expect("strong A record", valid=5),
        planned=7,
    ),
    Case(
        "all five ballots of six planned are strong",
        "5 ballots reach ceil(4.2) = 5.",
        "5x balanced  A 4  B 3",
        expect("strong A record", valid=5),
        planned=6,
    ),
    Case(
        "all four ballots of six planned are weak",
        "ceil(4.2) = 5: 4 ballots do not reach it.",
        "4x balanced  A 4  B 3",
        expect("weak A record", valid=4),
        planned=6,
    ),
    Case(
        "all four ballots of five planned are strong",
        "4 ballots reach ceil(3.5) = 4.",
        "4x balanced  A 4  B 3",
        expect("strong A record", valid=4),
        planned=5,
    ),
    Case(
        "three of four ballots of five planned are strong, for it is the ballots that must reach four",
        "300 >= 280; 4 ballots reach 4, though A has only 3 votes.",
        """
        3x balanced   A 4  B 3
        1x skeptical  A 3  B 4
        """,
        expect("strong A record", valid=4, share="75.0"),
        planned=5,
    ),
]

# Quorum: 5 of 10, 3 of 5, else half of those planned and never under 3.

QUORUM = [
    Case(
        "nobody voted",
        "0 ballots, 5 needed. No ballot, no mean.",
        "",
        expect(
            "no-quorum - more-votes",
            valid=0,
            votes={"A": 0, "B": 0},
            means={},
            criterion_means={},
            vetoes={},
            share="0.0",
        ),
        labels=["A", "B"],
    ),
    Case(
        "four of ten planned are no quorum",
        "5 needed. All four are for A, and that is reported.",
        "4x balanced  A 4  B 3",
        expect(
            "no-quorum - more-votes", valid=4, votes={"A": 4, "B": 0}, means={"A": "4.00", "B": "3.00"}, share="100.0"
        ),
        light=False,
    ),
    Case(
        "five of ten planned are a quorum",
        "5 needed. 300 < 350, 300 >= 250: weak.",
        """
        3x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("weak A record", valid=5, share="60.0"),
        light=False,
    ),
    Case(
        "three of seven planned are no quorum",
        "ceil(3.5) = 4 needed.",
        "3x balanced  A 4  B 3",
        expect("no-quorum - more-votes", valid=3),
        planned=7,
    ),
    Case(
        "four of seven planned are a quorum",
        "ceil(3.5) = 4 needed; strong would take ceil(4.9) = 5 ballots.",
        "4x balanced  A 4  B 3",
        expect("weak A record", valid=4, share="100.0"),
        planned=7,
    ),
    Case(
        "two of six planned are no quorum",
        "6/2 = 3 needed.",
        "2x balanced  A 4  B 3",
        expect("no-quorum - more-votes", valid=2),
        planned=6,
    ),
    Case(
        "three of six planned are a quorum",
        "6/2 = 3 needed; strong would take 5 ballots.",
        "3x balanced  A 4  B 3",
        expect("weak A record", valid=3),
        planned=6,
    ),
    Case(
        "two of five planned are no quorum",
        "3 needed.",
        "2x balanced  A 4  B 3",
        expect("no-quorum - more-votes", valid=2),
        planned=5,
        light=True,
    ),
    Case(
        "three of five planned are a quorum",
        "3 needed; strong would take 4 ballots.",
        "3x balanced  A 4  B 3",
        expect("weak A record", valid=3),
        planned=5,
        light=True,
    ),
    Case(
        "two of four planned are no quorum",
        "Half would be 2, but it takes 3 at least.",
        "2x balanced  A 4  B 3",
        expect("no-quorum - more-votes", valid=2),
        planned=4,
    ),
    Case(
        "three of four planned are a quorum",
        "3 needed, and 3 reach ceil(2.8) = 3: strong.",
        "3x balanced  A 4  B 3",
        expect("strong A record", valid=3),
        planned=4,
    ),
    Case(
        "two of three planned are no quorum",
        "Half would be 2, but it takes 3 at least.",
        "2x balanced  A 4  B 3",
        expect("no-quorum - more-votes", valid=2),
        planned=3,
    ),
    Case(
        "a veto below the quorum is reported and nothing more",
        "4 ballots, 5 needed. 4 4 4 4 1 = 4.00 - .45 = 3.55: A (3 * 3.55 + 4.00)/4 = 14.65/4 = 3.6625.",
        """
        3x balanced   A 4 4 4 4 1  B 3
        1x skeptical  A 4          B 3
        """,
        expect(
            "no-quorum - more-votes", vetoes={"A": ["Testability"]}, means={"A": "3.66", "B": "3.00"}, share="100.0"
        ),
    ),
]

# Which ballots count at all.

VALIDITY = [
    Case(
        "a ballot with a score left out does not count",
        "The third ballot has no Extensibility for A. A 2 of 2 is no quorum of 3.",
        """
        2x balanced   A 4          B 3
        1x skeptical  A 4 _ 4 4 4  B 3
        """,
        expect("no-quorum - more-votes", valid=2, votes={"A": 2, "B": 0}),
        planned=3,
    ),
    Case(
        "scores of 0 and 6 do not count",
        "Two of five ballots are out of range: A 2, B 1 of 3 remain. 200 < 210: weak.",
        """
        2x balanced   A 4          B 3
        1x balanced   A 3          B 4
        1x skeptical  A 0 4 4 4 4  B 3
        1x pragmatic  A 6 4 4 4 4  B 3
        """,
        expect("weak A record", valid=3, votes={"A": 2, "B": 1}, share="66.7"),
        planned=5,
    ),
    Case(
        "a ballot that passes over an approach does not count",
        "The last says nothing of B. A 3 of 3, and 3 ballots reach ceil(2.8) = 3.",
        """
        3x balanced   A 4  B 3
        1x skeptical  A 5
        """,
        expect("strong A record", valid=3, means={"A": "4.00", "B": "3.00"}),
        planned=4,
    ),
    Case(
        "a ballot that scores an approach nobody offered does not count",
        "The last scores Z. Without it A has 3 of 3.",
        """
        3x balanced   A 4  B 3
        1x skeptical  A 3  B 4  Z 5
        """,
        expect("strong A record", valid=3, votes={"A": 3, "B": 0}, share="100.0"),
        planned=4,
        labels=["A", "B"],
    ),
    Case(
        "a ballot that declares an approach nobody offered does not count",
        "The last declares Z. Without it A has 3 of 3.",
        """
        3x balanced   A 4  B 3
        1x skeptical  A 3  B 4  > Z
        """,
        expect("strong A record", valid=3, votes={"A": 3, "B": 0}),
        planned=4,
        labels=["A", "B"],
    ),
    Case(
        "a 1 on a ballot that does not count vetoes nothing",
        "Three give A a 1 on Testability (5 5 5 5 1 = 4.40), but the third leaves out a score of B. A 4 of 4 of 5 planned: strong.",
        """
        2x balanced   A 4          B 3
        2x skeptical  A 5 5 5 5 1  B 3
        1x pragmatic  A 5 5 5 5 1  B 3 3 3 3 _
        """,
        expect("strong A record", valid=4, vetoes={}),
        planned=5,
    ),
]

# The winner of one ballot.

BALLOTS = [
    Case(
        "a vote goes to the highest total, whatever the ballot declares",
        "All three total B higher, and declare A.",
        "3x balanced  A 3  B 4  > A",
        expect("strong B record", votes={"A": 0, "B": 3}, share="100.0"),
        planned=3,
    ),
    Case(
        "a row of other scores may tie a ballot",
        "B 2 3 5 2 3 = .50 + .75 + 1.00 + .30 + .45 = 3.00 = A. The declared winner breaks that: A 2 of 3.",
        """
        1x balanced   A 4  B 3
        1x skeptical  A 3  B 4
        1x pragmatic  A 3  B 2 3 5 2 3  > A
        """,
        expect("weak A record", votes={"A": 2, "B": 1}, means={"A": "3.33", "B": "3.33"}, share="66.7"),
        planned=3,
    ),
    Case(
        "a tied ballot that declares nobody goes to the safer migration on it",
        "Third ballot 3.00 to 3.00, Migration Safety 3 to 5: B has 2 of 3.",
        """
        1x balanced   A 4  B 3
        1x skeptical  A 3  B 4
        1x pragmatic  A 3  B 2 3 5 2 3
        """,
        expect("weak B record", votes={"A": 1, "B": 2}, share="66.7"),
        planned=3,
    ),
    Case(
        "a tied ballot that declares a lower approach goes to the safer migration on it",
        "C with 2.00 is not among the tied, so the third ballot is as if it declared nobody: B has 2 of 3.",
        """
        1x balanced   A 4  B 3          C 2
        1x skeptical  A 3  B 4          C 2
        1x pragmatic  A 3  B 2 3 5 2 3  C 2  > C
        """,
        expect("weak B record", votes={"A": 1, "B": 2, "C": 0}, share="66.7"),
        planned=3,
    ),
    Case(
        "a ballot with nothing to break its tie is nobody's, but counts",
        "A 2, B 0, one for nobody: 200 < 210, so weak; it would be strong with 2 of 2.",
        """
        2x balanced   A 4  B 3
        1x skeptical  A 3  B 3
        """,
        expect("weak A record", valid=3, votes={"A": 2, "B": 0}, share="66.7"),
        planned=3,
    ),
    Case(
        "ballots for nobody may leave two approaches below half",
        "A 4, B 4, nobody 2: 400 < 500, split; two approaches make no runoff.",
        """
        4x balanced   A 4  B 3
        4x skeptical  A 3  B 4
        2x pragmatic  A 3  B 3
        """,
        expect("split - refine", votes={"A": 4, "B": 4}, share="40.0", runoff_between=[]),
    ),
    Case(
        "a declared winner decides a tied vote",
        "All five ballots are tied, two declare A and three B. 17 points each; 300 < 350, 300 >= 250.",
        """
        1x balanced   A 5  B 5  > A
        1x skeptical  A 3  B 3  > A
        3x pragmatic  A 3  B 3  > B
        """,
        expect("weak B record", votes={"A": 2, "B": 3}, share="60.0"),
        planned=5,
    ),
]

# Printed totals and exact means.

FIGURES = [
    Case(
        "the guide's own ballot adds up",
        "A 1.00 + 1.25 + .60 + .60 + .60 = 4.05; B .75 + 1.00 + 1.00 + .45 + .45 = 3.65.",
        "3x balanced  A 4 5 3 4 4 =4.05  B 3 4 5 3 3 =3.65  > A",
        expect("strong A record", means={"A": "4.05", "B": "3.65"}, mismatches=[]),
        planned=3,
    ),
    Case(
        "a wrong printed total is reported and not used",
        "The second ballot prints B 4.65 for 3.65, which would make it B's. A keeps 3 of 3.",
        """
        1x balanced   A 4 5 3 4 4 =4.05  B 3 4 5 3 3 =3.65
        1x skeptical  A 4 5 3 4 4 =4.05  B 3 4 5 3 3 =4.65
        1x pragmatic  A 4 5 3 4 4        B 3 4 5 3 3
        """,
        expect(
            "strong A record",
            votes={"A": 3, "B": 0},
            mismatches=[{"voter": "voter-02", "label": "B", "stated": "4.65", "computed": "3.65"}],
        ),
        planned=3,
    ),
    Case(
        "wrong printed totals are listed by ballot and then by approach",
        "Flat 4 is 4.00 and flat 3 is 3.00; the third ballot swaps them.",
        """
        1x balanced   A 4 =4.20  B 3
        1x skeptical  A 4 =4.00  B 3 =3
        1x pragmatic  A 4 =3.00  B 3 =4.00
        """,
        expect(
            "strong A record",
            mismatches=[
                {"voter": "voter-01", "label": "A", "stated": "4.20", "computed": "4.00"},
                {"voter": "voter-03", "label": "A", "stated": "3.00", "computed": "4.00"},
                {"voter": "voter-03", "label": "B", "stated": "4.00", "computed": "3.00"},
            ],
        ),
        planned=3,
    ),
    Case(
        "a printed total must be exact, but may have more or fewer zeros",
        "4.05 is 4.050 and not 4.1; 4,05 is no number.",
        """
        1x balanced   A 4 5 3 4 4 =4.050  B 3 =3.0
        1x skeptical  A 4 5 3 4 4 =4.1    B 3 =3
        1x pragmatic  A 4 5 3 4 4 =4,05   B 3 =3.00
        """,
        expect(
            "strong A record",
            mismatches=[
                {"voter": "voter-02", "label": "A", "stated": "4.1", "computed": "4.05"},
                {"voter": "voter-03", "label": "A", "stated": "4,05", "computed": "4.05"},
            ],
        ),
        planned=3,
    ),
    Case(
        "a mean of half a hundredth is rounded up",
        "B 3.00 three times and 3 3 3 2 2 = .75 + .75 + .60 + .30 + .30 = 2.70: 11.70/4 = 2.925, printed 2.93.",
        """
        3x balanced   A 4  B 3
        1x skeptical  A 4  B 3 3 3 2 2
        """,
        expect("strong A record", means={"A": "4.00", "B": "2.93"}),
        planned=4,
    ),
    Case(
        "the mean of one criterion is rounded up at half a hundredth",
        "B (7*3 + 4)/8 = 25/8 = 3.125 on every criterion, printed 3.13; A 5.00.",
        """
        7x balanced   A 5  B 3
        1x skeptical  A 5  B 4
        """,
        expect(
            "strong A record",
            means={"A": "5.00", "B": "3.13"},
            criterion_means={"A": dict.fromkeys(CRITERIA, "5.00"), "B": dict.fromkeys(CRITERIA, "3.13")},
        ),
        planned=8,
    ),
    Case(
        "each criterion has a mean of its own",
        "A twice 5 4 3 3 3, twice 4 4 4 3 2: 4.50, 4.00, 3.50, 3.00, 2.50; 1.125 + 1.00 + .70 + .45 + .375 = 3.65.",
        """
        2x balanced   A 5 4 3 3 3
        2x skeptical  A 4 4 4 3 2
        """,
        expect(
            "strong A record",
            means={"A": "3.65"},
            criterion_means={"A": dict(zip(CRITERIA, ("4.50", "4.00", "3.50", "3.00", "2.50"), strict=True))},
        ),
        planned=4,
    ),
    Case(
        "other weights make another winner",
        "10 10 60 10 10: A .40 + .50 + 1.80 + .40 + .40 = 3.50, B .30 + .40 + 3.00 + .30 + .30 = 4.30.",
        "3x balanced  A 4 5 3 4 4  B 3 4 5 3 3",
        expect("strong B record", means={"A": "3.50", "B": "4.30"}),
        planned=3,
        weights=dict(zip(CRITERIA, (10, 10, 60, 10, 10), strict=True)),
    ),
    Case(
        "criteria of one's own",
        "Speed 60, Cost 40: A 2.40 + .80 = 3.20, B 1.20 + 1.60 = 2.80.",
        "3x balanced  A 4 2  B 2 4",
        expect("strong A record", means={"A": "3.20", "B": "2.80"}),
        planned=3,
        criteria=("Speed", "Cost"),
        weights={"Speed": 60, "Cost": 40},
    ),
]

# The winner by votes should be the winner by mean too.

MEANS = [
    Case(
        "seven of ten with the lower mean are weak",
        "A 28 + 6 = 34 points, B 21 + 15 = 36.",
        """
        7x balanced   A 4  B 3
        3x skeptical  A 2  B 5
        """,
        expect("weak A record", means={"A": "3.40", "B": "3.60"}, share="70.0"),
    ),
    Case(
        "an equal mean is no objection",
        "A 12 + 2 = 14 points, B 9 + 5 = 14; 300 >= 280: strong.",
        """
        3x balanced   A 4  B 3
        1x skeptical  A 2  B 5
        """,
        expect("strong A record", means={"A": "3.50", "B": "3.50"}),
        planned=4,
    ),
    Case(
        "a mean lower by less than print can show is an objection too",
        "A 28 + 6 + 2.95 (3 2 4 3 3) = 36.95, mean 3.695, printed 3.70. B 7 * 3.85 (4 4 4 3 4) + 3 * 3.35 (3 3 4 4 3) = 37.00.",
        """
        7x balanced   A 4          B 4 4 4 3 4
        2x skeptical  A 3          B 3 3 4 4 3
        1x pragmatic  A 3 2 4 3 3  B 3 3 4 4 3
        """,
        expect("weak A record", votes={"A": 7, "B": 3}, means={"A": "3.70", "B": "3.70"}, share="70.0"),
    ),
    Case(
        "an approach without a vote may have the best mean",
        "C comes second on every ballot: A 35 + 6 = 41 points, B 14 + 15 = 29, C 10 * 4.20 = 42.",
        """
        7x balanced   A 5  B 2  C 4 4 5 4 4
        3x skeptical  A 2  B 5  C 4 4 5 4 4
        """,
        expect("weak A record", votes={"A": 7, "B": 3, "C": 0}, means={"A": "4.10", "B": "2.90", "C": "4.20"}),
    ),
    Case(
        "a removed approach with the best mean is no objection",
        "C 7 * 3.85 + 3 * 3.55 = 37.60 points, A 28 + 9 = 37, B 21 + 12 = 33. C has three 1s on Testability.",
        """
        4x balanced   A 4  B 3  C 4 4 4 3 4
        3x skeptical  A 4  B 3  C 4 4 4 4 1
        3x pragmatic  A 3  B 4  C 4 4 4 3 4
        """,
        expect(
            "strong A record",
            means={"A": "3.70", "B": "3.30", "C": "3.76"},
            vetoes={"C": ["Testability"]},
            share="70.0",
        ),
    ),
]

# One approach only.

ALONE = [
    Case(
        "one approach alone is strong",
        "500 >= 350; 5 ballots reach 4.",
        "5x balanced  A 2",
        expect("strong A record", votes={"A": 5}, share="100.0"),
        planned=5,
    ),
    Case(
        "one approach alone may be vetoed",
        "Three 1s on Simplicity, and nothing is left.",
        """
        2x balanced   A 3
        3x skeptical  A 1 3 3 3 3
        """,
        expect("split - patch", vetoes={"A": ["Simplicity"]}, share="0.0"),
        planned=5,
    ),
    Case(
        "one approach alone may fail its success criterion",
        "3 of 5 say it fails: nobody left.",
        """
        2x balanced   A 4 +
        3x skeptical  A 4 -
        """,
        expect("split - refine", votes={"A": 5}, share="0.0"),
        planned=5,
    ),
]

# Veto: three voters give one approach a 1 on one criterion.

VETOES = [
    Case(
        "two voters veto nothing",
        "Two 1s for A on Migration Safety. A 10 of 10; 5 5 1 5 5 = 4.20.",
        """
        8x balanced   A 5          B 4
        2x skeptical  A 5 5 1 5 5  B 4
        """,
        expect("strong A record", vetoes={}, share="100.0"),
    ),
    Case(
        "three voters veto the leader, and the next best wins weakly",
        "A 7, B 3 as cast. Three 1s on Migration Safety, from A's own voters (4.20 > 4). Then B has 10 of 10, weak all the same.",
        """
        4x balanced   A 5          B 4
        3x skeptical  A 5 5 1 5 5  B 4
        3x pragmatic  A 3          B 4
        """,
        expect("weak B record", votes={"A": 7, "B": 3}, vetoes={"A": ["Migration Safety"]}, share="100.0"),
    ),
    Case(
        "three 1s from voters of one role are a veto",
        "Only the skeptical three give a 1, on Debuggability; their total for A is 4 4 4 1 4 = 3.55 > 3.",
        """
        2x balanced   A 4          B 3
        3x skeptical  A 4 4 4 1 4  B 3
        """,
        expect("weak B record", votes={"A": 5, "B": 0}, vetoes={"A": ["Debuggability"]}, share="100.0"),
        planned=5,
    ),
    Case(
        "three 1s from voters of three roles are a veto",
        "One of each role on Extensibility: 5 1 5 5 5 = 4.00 > 3.",
        """
        1x balanced   A 5 1 5 5 5  B 3
        1x skeptical  A 5 1 5 5 5  B 3
        1x pragmatic  A 5 1 5 5 5  B 3
        2x balanced   A 4          B 3
        """,
        expect("weak B record", vetoes={"A": ["Extensibility"]}, share="100.0"),
        planned=5,
    ),
    Case(
        "three 1s on three criteria are no veto",
        "One on Simplicity, one on Extensibility, one on Testability: totals 4.00, 4.00, 4.40, all above 3.",
        """
        2x balanced   A 4          B 3
        1x skeptical  A 1 5 5 5 5  B 3
        1x skeptical  A 5 1 5 5 5  B 3
        1x pragmatic  A 5 5 5 5 1  B 3
        """,
        expect("strong A record", vetoes={}),
        planned=5,
    ),
    Case(
        "two voters with many 1s are no veto",
        "Ten 1s, but no criterion has more than two voters. A 3 of 5; points A 12 + 2 = 14, B 9 + 8 = 17: weak in any case.",
        """
        3x balanced   A 4  B 3
        2x skeptical  A 1  B 4
        """,
        expect("weak A record", vetoes={}, votes={"A": 3, "B": 2}, means={"A": "2.80", "B": "3.40"}),
        planned=5,
    ),
    Case(
        "vetoes on two criteria are both named, in the order of the criteria",
        "Testability has 1s from ballots 1-3, Simplicity from 3-5. Third: 1 5 5 5 1 = .25 + 1.25 + 1.00 + .75 + .15 = 3.40 > 3.",
        """
        2x balanced   A 5 5 5 5 1  B 3
        1x skeptical  A 1 5 5 5 1  B 3
        2x pragmatic  A 1 5 5 5 5  B 3
        """,
        expect("weak B record", votes={"A": 5, "B": 0}, vetoes={"A": ["Simplicity", "Testability"]}),
        planned=5,
    ),
    Case(
        "every approach vetoed calls for a patch",
        "A has 1s from the first three on Migration Safety, B from the last three on Simplicity: nobody left.",
        """
        3x balanced   A 4 4 1 4 4  B 3
        3x skeptical  A 4          B 1 3 3 3 3
        """,
        expect(
            "split - patch",
            votes={"A": 6, "B": 0},
            vetoes={"A": ["Migration Safety"], "B": ["Simplicity"]},
            share="0.0",
            runoff_between=[],
        ),
        planned=6,
    ),
    Case(
        "an approach without votes may be vetoed, and the leader stays strong",
        "As in the guide: A 7, B 3, C 0 and four 1s for C on Migration Safety. 700 >= 700.",
        """
        4x balanced   A 4  B 3  C 3 3 1 3 3
        3x skeptical  A 4  B 3  C 2
        3x pragmatic  A 3  B 4  C 2
        """,
        expect("strong A record", votes={"A": 7, "B": 3, "C": 0}, vetoes={"C": ["Migration Safety"]}, share="70.0"),
    ),
    Case(
        "votes freed by a veto can make the leader strong",
        "A 6, B 2, C 2 as cast. C goes, and its two ballots have A second: A 8 of 10. A led anyway, so 800 >= 700 is strong.",
        """
        3x balanced   A 4  B 3  C 3 3 3 3 1
        3x skeptical  A 4  B 3  C 3
        2x pragmatic  A 3  B 4  C 3
        2x pragmatic  A 4  B 3  C 5
        """,
        expect("strong A record", votes={"A": 6, "B": 2, "C": 2}, vetoes={"C": ["Testability"]}, share="80.0"),
    ),
    Case(
        "votes freed by a veto can make the vote even",
        "A 5, B 3, C 2 as cast; C goes, its ballots have B second: 5 to 5. Points A 20+9+4 = 33, B 15+12+8 = 35: 200 > 70, B by mean.",
        """
        3x balanced   A 4  B 3  C 2 2 2 1 2
        2x balanced   A 4  B 3  C 2
        3x skeptical  A 3  B 4  C 2
        2x pragmatic  A 2  B 4  C 5
        """,
        expect(
            "weak B record",
            votes={"A": 5, "B": 3, "C": 2},
            vetoes={"C": ["Debuggability"]},
            tie_break="mean",
            share="50.0",
        ),
    ),
    Case(
        "votes freed by a veto can overtake the leader",
        "A 4, B 3, C 3 as cast; C goes, its ballots have B second: B 6 of 10. Points B 12+12+12 = 36, A 16+9+6 = 31.",
        """
        4x balanced   A 4  B 3  C 2 2 2 1 2
        3x skeptical  A 3  B 4  C 2
        3x pragmatic  A 2  B 4  C 5
        """,
        expect("weak B record", votes={"A": 4, "B": 3, "C": 3}, vetoes={"C": ["Debuggability"]}, share="60.0"),
    ),
    Case(
        "whoever shared the lead with a vetoed approach wins weakly",
        "5 to 5 as cast, B has five 1s on Migration Safety (3 3 1 3 3 = 2.60): A 10 of 10, but it owes that to the veto.",
        """
        5x balanced   A 4  B 3 3 1 3 3
        5x skeptical  A 3  B 4
        """,
        expect(
            "weak A record", votes={"A": 5, "B": 5}, vetoes={"B": ["Migration Safety"]}, share="100.0", tie_break=None
        ),
    ),
    Case(
        "the next best below 40 % of the re-derived votes goes to a runoff",
        "A 5, B 2, C 2, D 1 as cast; A has five 1s. Its ballots go 2, 2, 1: B 4, C 4, D 2 of 10. 40 % is no win and not above 40 %.",
        """
        2x balanced   A 5 5 1 5 5  B 4  C 3  D 3
        2x balanced   A 5 5 1 5 5  B 3  C 4  D 3
        1x skeptical  A 5 5 1 5 5  B 3  C 3  D 4
        2x skeptical  A 2          B 4  C 3  D 3
        2x pragmatic  A 2          B 3  C 4  D 3
        1x pragmatic  A 2          B 3  C 3  D 4
        """,
        expect("split - runoff", votes={"A": 5, "B": 2, "C": 2, "D": 1}, runoff_between=["B", "C"], share="40.0"),
    ),
    Case(
        "the next best between 40 and 50 % of the re-derived votes has not won",
        "N = 9: A 4, B 2, C 2, D 1 as cast, four 1s for A. Its ballots go B 2, C 1, D 1: B 4, C 3, D 2. 400 < 450, 400 > 360.",
        """
        2x balanced   A 5 5 1 5 5  B 4  C 3  D 3
        1x balanced   A 5 5 1 5 5  B 3  C 4  D 3
        1x skeptical  A 5 5 1 5 5  B 3  C 3  D 4
        2x skeptical  A 2          B 4  C 3  D 3
        2x pragmatic  A 2          B 3  C 4  D 3
        1x pragmatic  A 2          B 3  C 3  D 4
        """,
        expect("split - refine", votes={"A": 4, "B": 2, "C": 2, "D": 1}, runoff_between=[], share="44.4"),
        planned=9,
    ),
    Case(
        "with the leader vetoed, an even split of the others is broken as ever",
        "A 6 as cast, three 1s on Simplicity (1 5 5 5 5 = 4.00 < 5). B 5, C 5. Points B 12+9+8+6 = 35, C 9+9.60+6+8 = 32.60.",
        """
        3x balanced   A 5 5 5 5 5  B 4  C 3
        3x skeptical  A 1 5 5 5 5  B 3  C 3 3 4 3 3
        2x pragmatic  A 2          B 4  C 3
        2x pragmatic  A 2          B 3  C 4
        """,
        expect(
            "weak B record",
            votes={"A": 6, "B": 2, "C": 2},
            vetoes={"A": ["Simplicity"]},
            tie_break="mean",
            share="50.0",
        ),
    ),
    Case(
        "a ballot whose declared winner is vetoed breaks its next tie by the safer migration",
        "A 3, B 2 as cast; three 1s for A. Then B 3.00 and C 2 3 5 2 3 = 3.00 tie on its ballots, and C is safer: C 3 of 5.",
        """
        3x balanced   A 5 5 1 5 5  B 3  C 2 3 5 2 3  > A
        2x skeptical  A 3          B 4  C 3          > B
        """,
        expect("weak C record", votes={"A": 3, "B": 2, "C": 0}, vetoes={"A": ["Migration Safety"]}, share="60.0"),
        planned=5,
    ),
]

# Success criteria come before the shares: what most voters find failing is out.

SUCCESS = [
    Case(
        "an approach that fails for most is out, and the next best may win strongly",
        "6 of 10 say A fails: 6 > 5. B then has 10 of 10; 3.30 is the best mean left, and no veto weakens it.",
        """
        6x balanced   A 4 -  B 3 +
        1x skeptical  A 4 +  B 3 +
        3x pragmatic  A 3 +  B 4 +
        """,
        expect("strong B record", votes={"A": 7, "B": 3}, vetoes={}, share="100.0"),
    ),
    Case(
        "an approach that fails for half stays",
        "5 of 10 are not most.",
        """
        5x balanced   A 4 -  B 3 +
        2x skeptical  A 4 +  B 3 +
        3x pragmatic  A 3 +  B 4 +
        """,
        expect("strong A record", share="70.0"),
    ),
    Case(
        "most means most of the valid ballots, not of the planned",
        "7 of 10 voted, 4 say A fails: 8 > 7. B has 7 of 7, and 7 ballots reach 7.",
        """
        4x balanced   A 4 -  B 3 +
        3x skeptical  A 4 +  B 3 +
        """,
        expect("strong B record", votes={"A": 7, "B": 0}, share="100.0"),
    ),
    Case(
        "different failures are not added up",
        "3 of 10 fail the first criterion, 3 others the second: neither is most.",
        """
        3x balanced   A 4 -+  B 3 ++
        3x skeptical  A 4 +-  B 3 ++
        4x pragmatic  A 4 ++  B 3 ++
        """,
        expect("strong A record", share="100.0"),
    ),
    Case(
        "failing one criterion of several for most is enough",
        "6 of 10 fail the second criterion, none the first.",
        """
        6x balanced   A 4 +-  B 3 ++
        4x skeptical  A 4 ++  B 3 ++
        """,
        expect("strong B record", votes={"A": 10, "B": 0}, share="100.0"),
    ),
    Case(
        "votes freed by a failure are counted again",
        "A 4, B 3, C 3 as cast. C fails for 6, its ballots have B second: B 6 of 10.",
        """
        3x balanced   A 4 +  B 3 +  C 2 -
        1x balanced   A 4 +  B 3 +  C 2 +
        3x skeptical  A 3 +  B 4 +  C 2 -
        3x pragmatic  A 2 +  B 4 +  C 5 +
        """,
        expect("weak B record", votes={"A": 4, "B": 3, "C": 3}, share="60.0"),
    ),
    Case(
        "nobody left to adopt calls for another question",
        "Both fail for 3 of 5.",
        """
        3x balanced   A 4 -  B 3 -
        2x skeptical  A 4 +  B 3 +
        """,
        expect("split - refine", votes={"A": 5, "B": 0}, vetoes={}, share="0.0", runoff_between=[]),
        planned=5,
    ),
    Case(
        "one vetoed and the other failing leave nobody, and that is no case for a patch",
        "A has three 1s on Testability, B fails for 3 of 5. Not all are vetoed: refine.",
        """
        3x balanced   A 4 4 4 4 1 +  B 3 -
        2x skeptical  A 4 +          B 3 +
        """,
        expect("split - refine", vetoes={"A": ["Testability"]}, share="0.0"),
        planned=5,
    ),
    Case(
        "a winner that most cannot judge goes to a person",
        "6 of 10 do not know of A. The vote is 7 of 10.",
        """
        6x balanced   A 4 ?  B 3 +
        1x skeptical  A 4 +  B 3 +
        3x pragmatic  A 3 +  B 4 +
        """,
        expect("strong A escalate", share="70.0", tie_break=None),
    ),
    Case(
        "a winner that half cannot judge is recorded",
        "5 of 10 are not most.",
        """
        5x balanced   A 4 ?  B 3 +
        2x skeptical  A 4 +  B 3 +
        3x pragmatic  A 3 +  B 4 +
        """,
        expect("strong A record", share="70.0"),
    ),
    Case(
        "a loser that most cannot judge troubles nobody",
        "10 of 10 do not know of B, which has 3 votes.",
        """
        7x balanced   A 4 +  B 3 ?
        3x pragmatic  A 3 +  B 4 ?
        """,
        expect("strong A record", share="70.0"),
    ),
    Case(
        "a split is a split, whatever can be judged",
        "A 4, B 3, C 3; nobody knows of A, but nothing is adopted yet. B 3*4+7*3 = 33, C 4*2+3*3+3*4 = 29: C drops out.",
        """
        4x balanced   A 4 ?  B 3 +  C 2 +
        3x skeptical  A 3 ?  B 4 +  C 3 +
        3x pragmatic  A 3 ?  B 3 +  C 4 +
        """,
        expect("split - runoff", runoff_between=["A", "B"], share="40.0"),
    ),
    Case(
        "neither failed nor unknown for most is recorded",
        "Of 10, 4 say fail, 4 unknown, 2 pass.",
        """
        4x balanced   A 4 -  B 3 +
        4x skeptical  A 4 ?  B 3 +
        2x pragmatic  A 4 +  B 3 +
        """,
        expect("strong A record", share="100.0"),
    ),
    Case(
        "who leaves a mark out does not know",
        "4 of 10 say pass, 6 say nothing: unknown for 6.",
        """
        4x balanced   A 4 +  B 3 +
        6x skeptical  A 4    B 3
        """,
        expect("strong A escalate", share="100.0"),
    ),
    Case(
        "a mark left out of several is unknown too",
        "The second criterion has 2 passes of 5 and three left out.",
        """
        2x balanced   A 4 ++  B 3 ++
        3x skeptical  A 4 +.  B 3 ++
        """,
        expect("strong A escalate", share="100.0"),
        planned=5,
    ),
    Case(
        "without any marks there is nothing to fail",
        "No success criterion is known.",
        "5x balanced  A 4  B 3",
        expect("strong A record"),
        planned=5,
    ),
    Case(
        "a vetoed leader and a failing second leave the third, weakly",
        "A 5 as cast, five 1s on Migration Safety (4.20). B fails for 6 of 10. C has 10 of 10; the leader was vetoed: weak.",
        """
        5x balanced   A 5 5 1 5 5 +  B 4 -  C 3 +
        1x skeptical  A 3 +          B 4 -  C 2 +
        4x pragmatic  A 2 +          B 3 +  C 4 +
        """,
        expect("weak C record", votes={"A": 5, "B": 1, "C": 4}, vetoes={"A": ["Migration Safety"]}, share="100.0"),
    ),
    Case(
        "a failing leader beside a vetoed loser leaves the next best strong",
        "A 7 fails for 6; C 0 has three 1s on Testability. B has 10 of 10, and no leader was vetoed.",
        """
        3x balanced   A 4 -  B 3 +  C 2 2 2 2 1 +
        3x skeptical  A 4 -  B 3 +  C 2 +
        1x skeptical  A 4 +  B 3 +  C 2 +
        3x pragmatic  A 3 +  B 4 +  C 2 +
        """,
        expect("strong B record", votes={"A": 7, "B": 3, "C": 0}, vetoes={"C": ["Testability"]}, share="100.0"),
    ),
]

# An even split of all votes: mean, where more than 2 % of the higher apart; then Migration Safety, head to head,
# fewer files, a person.

EVEN = [
    Case(
        "five to five goes to the higher mean",
        "A 25 + 15 = 40 points, B 15 + 20 = 35: 100 * .50 > 2 * 4.00. Fewer files do not matter then.",
        """
        5x balanced   A 5  B 3
        5x skeptical  A 3  B 4
        """,
        expect("weak A record", tie_break="mean", means={"A": "4.00", "B": "3.50"}, share="50.0"),
        files={"A": 9, "B": 1},
    ),
    Case(
        "means exactly 2 % apart are tied, and the safer migration wins",
        "A 20+10 = 30. B 10 + 3*3.80 + 8 = 29.40 (3 4 5 3 4 = .75+1+1+.45+.60). 100 * .06 = 2 * 3.00: tied. Safety A 30/10, B 33/10.",
        """
        5x balanced   A 4  B 2
        3x skeptical  A 2  B 3 4 5 3 4
        2x pragmatic  A 2  B 4
        """,
        expect("weak B record", tie_break="criterion", means={"A": "3.00", "B": "2.94"}, share="50.0"),
    ),
    Case(
        "means just over 2 % apart are not tied, even where print cannot tell",
        "As before, but one 3.80 is 3.75 (3 4 4 4 4): B 29.35, mean 2.935, printed 2.94. 100 * .065 > 6: A by mean.",
        """
        5x balanced   A 4  B 2
        2x skeptical  A 2  B 3 4 5 3 4
        1x skeptical  A 2  B 3 4 4 4 4
        2x pragmatic  A 2  B 4
        """,
        expect("weak A record", tie_break="mean", means={"A": "3.00", "B": "2.94"}, share="50.0"),
    ),
    Case(
        "two to two with equal means goes to the safer migration",
        "B 2 3 5 2 3 = 3.00: A 8+6 = 14, B 6+8 = 14 points. Safety A 14/4 = 3.50, B 18/4 = 4.50. Fewer files do not matter.",
        """
        2x balanced   A 4  B 2 3 5 2 3
        2x skeptical  A 3  B 4
        """,
        expect("weak B record", tie_break="criterion", means={"A": "3.50", "B": "3.50"}, share="50.0"),
        planned=4,
        files={"A": 1, "B": 9},
    ),
    Case(
        "the safer migration comes before head to head",
        "A 8+3+3 = 14 = B 6+5+3. A is above B twice, B above A once, the last level; but safety is A 14/4, B (5+5+5+3)/4 = 18/4.",
        """
        2x balanced   A 4  B 2 3 5 2 3
        1x skeptical  A 3  B 5
        1x pragmatic  A 3  B 3          > B
        """,
        expect("weak B record", votes={"A": 2, "B": 2}, tie_break="criterion", means={"A": "3.50", "B": "3.50"}),
        planned=4,
    ),
    Case(
        "three to three goes to the higher mean",
        "A 12 + 6 = 18 points, B 9 + 12 = 21 of 6: 100 * .50 > 2 * 3.50.",
        """
        3x balanced   A 4  B 3
        3x skeptical  A 2  B 4
        """,
        expect("weak B record", tie_break="mean", means={"A": "3.00", "B": "3.50"}, share="50.0"),
        planned=6,
    ),
    Case(
        "four to four with a third nobody wants is an even split",
        "A 16+8 = 24 points, B 12+16 = 28 of 8: B by mean. 400 >= 400, so weak and no runoff.",
        """
        4x balanced   A 4  B 3  C 2
        4x skeptical  A 2  B 4  C 3
        """,
        expect("weak B record", votes={"A": 4, "B": 4, "C": 0}, tie_break="mean", share="50.0", runoff_between=[]),
        planned=8,
    ),
    Case(
        "the best mean of a third does not enter an even split",
        "A 15+9 = 24 points, B 6+15 = 21, C 3*4.20 + 12 = 24.60 of 6. Of A and B, A by mean: 100 * .50 > 8.",
        """
        3x balanced   A 5  B 2  C 4 4 5 4 4
        3x skeptical  A 3  B 5  C 4
        """,
        expect(
            "weak A record",
            votes={"A": 3, "B": 3, "C": 0},
            tie_break="mean",
            means={"A": "4.00", "B": "3.50", "C": "4.10"},
        ),
        planned=6,
    ),
    Case(
        "equal means and equal safety go head to head",
        "A 20+9+3+4 = 36 = B 15+12+5+4, all flat. A is above B on 5 ballots, B above A on 4; the tied one, declared B's, is level.",
        """
        5x balanced   A 4  B 3
        3x skeptical  A 3  B 4
        1x pragmatic  A 3  B 5
        1x pragmatic  A 4  B 4  > B
        """,
        expect("weak A record", votes={"A": 5, "B": 5}, tie_break="head-to-head", means={"A": "3.60", "B": "3.60"}),
        files={"A": 9, "B": 1},
    ),
    Case(
        "level head to head goes to fewer files",
        "Everything mirrors: 35 points each, safety the same, 5 ballots each way. A touches 7 files, B 3.",
        """
        5x balanced   A 4  B 3
        5x skeptical  A 3  B 4
        """,
        expect("weak B record", tie_break="files", share="50.0"),
        files={"A": 7, "B": 3},
    ),
    Case(
        "equal numbers of files are left to a person",
        "Everything mirrors, and both touch 4 files.",
        """
        5x balanced   A 4  B 3
        5x skeptical  A 3  B 4
        """,
        expect("split - escalate", tie_break="person", share="50.0", runoff_between=[]),
        files={"A": 4, "B": 4},
    ),
    Case(
        "unknown numbers of files are left to a person",
        "Everything mirrors, and nobody counted files.",
        """
        5x balanced   A 4  B 3
        5x skeptical  A 3  B 4
        """,
        expect("split - escalate", tie_break="person", share="50.0"),
    ),
    Case(
        "the number of files of one only decides nothing",
        "Everything mirrors, and nobody knows how many files B touches.",
        """
        2x balanced   A 4  B 3
        2x skeptical  A 3  B 4
        """,
        expect("split - escalate", tie_break="person"),
        planned=4,
        files={"A": 1},
    ),
    Case(
        "without Migration Safety among the criteria equal means go head to head",
        "Speed 60, Cost 40, all flat. A 8+3+3 = 14 = B 6+5+3; A above B twice, B above A once, one level ballot declared B's.",
        """
        2x balanced   A 4  B 3
        1x skeptical  A 3  B 5
        1x pragmatic  A 3  B 3  > B
        """,
        expect("weak A record", votes={"A": 2, "B": 2}, tie_break="head-to-head", means={"A": "3.50", "B": "3.50"}),
        planned=4,
        criteria=("Speed", "Cost"),
        weights={"Speed": 60, "Cost": 40},
    ),
    Case(
        "the winner of an even split that most cannot judge goes to a person",
        "A by mean (4.00 to 3.50); 6 of 10 do not know of A.",
        """
        5x balanced   A 5 ?  B 3 +
        1x skeptical  A 3 ?  B 4 +
        4x skeptical  A 3 +  B 4 +
        """,
        expect("weak A escalate", tie_break="mean", share="50.0"),
    ),
    Case(
        "equal leaders below half have not won, and above 40 % there is no runoff",
        "4, 4, 1 of 9: 400 < 450 is a split whoever leads; 400 > 360.",
        """
        4x balanced   A 5  B 3  C 3
        4x skeptical  A 3  B 4  C 3
        1x pragmatic  A 3  B 3  C 4
        """,
        expect("split - refine", votes={"A": 4, "B": 4, "C": 1}, tie_break=None, share="44.4", runoff_between=[]),
        planned=9,
    ),
    Case(
        "equal leaders at exactly 40 % go to a runoff",
        "4, 4, 2 of 10: 400 < 500 is a split though A has by far the higher mean; 40 % is not above 40 %.",
        """
        4x balanced   A 5  B 3  C 3
        4x skeptical  A 3  B 4  C 3
        2x pragmatic  A 3  B 3  C 4
        """,
        expect(
            "split - runoff", votes={"A": 4, "B": 4, "C": 2}, tie_break=None, share="40.0", runoff_between=["A", "B"]
        ),
    ),
]

# Nobody of three or more above 40 %: a runoff of two, once.

RUNOFFS = [
    Case(
        "of three equal the lowest mean drops out",
        "3, 3, 3 of 9. Points A 12+9+9 = 30, B 9+12+9 = 30, C 6+9+12 = 27.",
        """
        3x balanced   A 4  B 3  C 2
        3x skeptical  A 3  B 4  C 3
        3x pragmatic  A 3  B 3  C 4
        """,
        expect("split - runoff", runoff_between=["A", "B"], share="33.3"),
        planned=9,
    ),
    Case(
        "of two tied lowest the lower mean drops out, not the later letter",
        "A 4, B 3, C 3. Points B 8+12+6 = 26, C 12+6+15 = 33: B drops out.",
        """
        4x balanced   A 4  B 2  C 3
        3x skeptical  A 3  B 4  C 2
        3x pragmatic  A 3  B 2  C 5
        """,
        expect("split - runoff", runoff_between=["A", "C"], share="40.0"),
    ),
    Case(
        "of two tied lowest the lower mean drops out, however safe its migration",
        "B 4 * 2.60 + 12 + 9 = 31.40 (2 2 5 2 2 = .50+.50+1+.30+.30), C 12+9+12 = 33. Safety B 20+12+9 = 41, C 33.",
        """
        4x balanced   A 4  B 2 2 5 2 2  C 3
        3x skeptical  A 3  B 4          C 3
        3x pragmatic  A 3  B 3          C 4
        """,
        expect("split - runoff", runoff_between=["A", "C"], means={"A": "3.40", "B": "3.14", "C": "3.30"}),
    ),
    Case(
        "of two tied lowest with equal means the less safe migration drops out",
        "B 12+12+9 = 33 = C 4*3.00+9+12 (2 3 5 2 3 = 3.00). Safety B 33, C 20+9+12 = 41.",
        """
        4x balanced   A 4  B 3  C 2 3 5 2 3
        3x skeptical  A 3  B 4  C 3
        3x pragmatic  A 3  B 3  C 4
        """,
        expect("split - runoff", runoff_between=["A", "C"], means={"A": "3.40", "B": "3.30", "C": "3.30"}),
    ),
    Case(
        "where nothing tells the lowest apart the first labels go on",
        "1, 1, 1 and everything mirrors: 10 points each.",
        """
        1x balanced   A 4  B 3  C 3
        1x skeptical  A 3  B 4  C 3
        1x pragmatic  A 3  B 3  C 4
        """,
        expect("split - runoff", runoff_between=["A", "B"]),
        planned=3,
    ),
    Case(
        "of four approaches the two with most votes go on, whatever their means",
        "A 3, B 3, C 2, D 2. C has the best mean: 9+9+10+6 = 34; A 12+6+4+4 = 26, B the same.",
        """
        3x balanced   A 4  B 2  C 3  D 2
        3x skeptical  A 2  B 4  C 3  D 2
        2x pragmatic  A 2  B 2  C 5  D 2
        2x pragmatic  A 2  B 2  C 3  D 4
        """,
        expect("split - runoff", runoff_between=["A", "B"], share="30.0"),
    ),
    Case(
        "of three tied second the highest mean goes on",
        "A 4, the others 2. Points B 8+8+6+6 = 28, C 12+6+8+6 = 32, D 8+6+6+8 = 28.",
        """
        4x balanced   A 4  B 2  C 3  D 2
        2x skeptical  A 3  B 4  C 3  D 3
        2x skeptical  A 3  B 3  C 4  D 3
        2x pragmatic  A 3  B 3  C 3  D 4
        """,
        expect("split - runoff", runoff_between=["A", "C"], share="40.0"),
    ),
    Case(
        "five of twelve are above 40 %, and there is no runoff",
        "A 5, B 4, C 3: 500 < 600, 500 > 480.",
        """
        5x balanced   A 4  B 3  C 3
        4x skeptical  A 3  B 4  C 3
        3x pragmatic  A 3  B 3  C 4
        """,
        expect("split - refine", share="41.7", runoff_between=[]),
        planned=12,
    ),
    Case(
        "the second split of an iteration calls for another question",
        "A 4, B 3, C 3 again, after a runoff.",
        """
        4x balanced   A 4  B 3  C 2
        3x skeptical  A 3  B 4  C 2
        3x pragmatic  A 2  B 3  C 5
        """,
        expect("split - refine", share="40.0", runoff_between=[]),
        runoff_done=True,
    ),
    Case(
        "a runoff is won weakly even by all votes",
        "10 of 10, but in a runoff.",
        "10x balanced  A 4  B 3",
        expect("weak A record", share="100.0", runoff_between=[]),
        runoff_done=True,
    ),
    Case(
        "a runoff that ends even is broken as ever",
        "5 to 5; A 25 + 15 = 40 points, B 15 + 20 = 35.",
        """
        5x balanced   A 5  B 3
        5x skeptical  A 3  B 4
        """,
        expect("weak A record", tie_break="mean", share="50.0"),
        runoff_done=True,
    ),
    Case(
        "a runoff needs a quorum too",
        "4 of 10, 5 needed.",
        "4x balanced  A 4  B 3",
        expect("no-quorum - more-votes", valid=4),
        runoff_done=True,
    ),
    Case(
        "an instant runoff reads the same ballots again",
        "A 4, B 3, C 3. B 33 points, C 29: C drops out, its ballots have B second: B 6 of 10.",
        """
        4x balanced   A 4  B 3  C 2
        3x skeptical  A 3  B 4  C 2
        3x pragmatic  A 2  B 3  C 5
        """,
        expect(
            "weak B record", votes={"A": 4, "B": 3, "C": 3}, runoff_between=["A", "B"], share="60.0", tie_break=None
        ),
        runoff_mode="instant",
    ),
    Case(
        "an instant runoff is won weakly even with 70 %",
        "B 12+12+6 = 30, C 8+6+15 = 29 points: C drops out, its ballots have A second: A 7 of 10.",
        """
        4x balanced   A 4  B 3  C 2
        3x skeptical  A 3  B 4  C 2
        3x pragmatic  A 3  B 2  C 5
        """,
        expect("weak A record", runoff_between=["A", "B"], share="70.0"),
        runoff_mode="instant",
    ),
    Case(
        "an instant runoff may end even",
        "C (29 points, B 32) drops out; its ballots go 1 to A, 2 to B: 5 to 5. A 20+9+3+4 = 36: 100 * .40 > 2 * 3.60.",
        """
        4x balanced   A 5  B 3  C 2
        3x skeptical  A 3  B 4  C 2
        1x pragmatic  A 3  B 2  C 5
        2x pragmatic  A 2  B 3  C 5
        """,
        expect("weak A record", tie_break="mean", share="50.0", runoff_between=["A", "B"]),
        runoff_mode="instant",
    ),
    Case(
        "an instant runoff that nothing can break is left to a person",
        "As before with A 4 for 5: A 16+9+3+4 = 32 = B 12+12+2+6. Safety the same, 5 ballots each way, files unknown.",
        """
        4x balanced   A 4  B 3  C 2
        3x skeptical  A 3  B 4  C 2
        1x pragmatic  A 3  B 2  C 5
        2x pragmatic  A 2  B 3  C 5
        """,
        expect("split - escalate", tie_break="person", share="50.0", runoff_between=["A", "B"]),
        runoff_mode="instant",
    ),
    Case(
        "an instant runoff is not held after another runoff",
        "A 4, B 3, C 3 after a runoff.",
        """
        4x balanced   A 4  B 3  C 2
        3x skeptical  A 3  B 4  C 2
        3x pragmatic  A 2  B 3  C 5
        """,
        expect("split - refine", runoff_between=[]),
        runoff_done=True,
        runoff_mode="instant",
    ),
    Case(
        "an instant runoff is not needed where half is reached",
        "A 5, B 3, C 2: weak at once.",
        """
        5x balanced   A 4  B 3  C 3
        3x skeptical  A 3  B 4  C 3
        2x pragmatic  A 3  B 3  C 4
        """,
        expect("weak A record", share="50.0", runoff_between=[]),
        runoff_mode="instant",
    ),
    Case(
        "only approaches that are left make a runoff",
        "A 4, B 4, C 2 as cast, C vetoed; its ballots score A and B alike and flat: nobody's. 40 %, but only two are left: refine.",
        """
        4x balanced   A 4  B 3  C 2 2 2 2 1
        4x skeptical  A 3  B 4  C 2
        2x pragmatic  A 3  B 3  C 4
        """,
        expect(
            "split - refine",
            votes={"A": 4, "B": 4, "C": 2},
            vetoes={"C": ["Testability"]},
            share="40.0",
            runoff_between=[],
        ),
    ),
]

TALLIES = [
    *SHARES,
    *TURNOUT,
    *QUORUM,
    *VALIDITY,
    *BALLOTS,
    *FIGURES,
    *MEANS,
    *ALONE,
    *VETOES,
    *SUCCESS,
    *EVEN,
    *RUNOFFS,
]
