"""F2, F5, D1, D5, D6, D8, D10: what people write for a question, each in a hand of their own, and what is read from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions_tool.documents import kinds
from decisions_tool.documents.ballots import label_of, verdict_of
from decisions_tool.documents.base import Document
from decisions_tool.documents.comparison import Approach, Comparison, Joined, numbers, read_comparison
from decisions_tool.documents.framing import Frame, Framing, KeyFile, frame_text, read_frame
from decisions_tool.documents.identity import Identity
from decisions_tool.documents.judged import OUTCOMES, Compliance, Gate, Graded, RefineAnswer, gate_text
from decisions_tool.documents.proposal import FileChange, Proposal, listed, read_proposal
from decisions_tool.documents.sections import bullets, cited, code_blocks, key, nothing
from decisions_tool.documents.vote import Cast, Vote, complete, named_as, read_vote, relabelled, vote_text
from decisions_tool.errors import DocumentError
from tests.conftest import examples
from tests.ragged import ragged_frame, ragged_vote
from tests.test_documents import blocks

WEIGHTS = (
    ("Simplicity", 25),
    ("Extensibility", 25),
    ("Migration Safety", 20),
    ("Debuggability", 15),
    ("Testability", 15),
)
CRITERIA = tuple(name for name, _ in WEIGHTS)
LABELS = ("A", "B", "C")


def findings(kind: type[Document], text: str) -> list[tuple[int, str, str]]:
    """(line, message, hint) of what keeps a document from being read; none where it is read."""
    try:
        kind.parse(text, "x.md")
    except DocumentError as error:
        return [(finding.line, finding.message, finding.hint) for finding in error.findings]
    return []


def line_with(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), start=1) if part in line)


# ---------------------------------------------------------------------- votes in several hands

BY_THE_BOOK = """\
## Vote: retry-policy

**Role:** Skeptical

### Scores (1-5 per criterion, weighted)

| Approach | Simplicity (x0.25) | Extensibility (x0.25) | Migration Safety (x0.20) | Debuggability (x0.15) | Testability (x0.15) | Weighted Total |
|----------|--------------------|-----------------------|--------------------------|-----------------------|---------------------|----------------|
| A        | 4 (1.00)           | 2 (0.50)              | 5 (1.00)                 | 3 (0.45)              | 4 (0.60)            | 3.55           |
| B        | 2 (0.50)           | 5 (1.25)              | 3 (0.60)                 | 4 (0.60)              | 3 (0.45)            | 3.40           |

### Per-Criterion Justification

- A / Simplicity (4): one loop in the client, and nobody has to learn a word.
- A / Extensibility (2): a second policy means a second loop.
- A / Migration Safety (5): files of today are read as they are.
- A / Debuggability (3): the log says "again" and not why.
- A / Testability (4): the clock is an argument: no sleeping in tests.
- B / Simplicity (2): a table, a worker and a state — three things to keep in mind.
- B / Extensibility (5): policies are rows.
- B / Migration Safety (3): old jobs have no row until the first run
  writes one.
- B / Debuggability (4): every attempt is a row with its error.
- B / Testability (3): the worker needs a database.

### Success Criteria

- A / 1: pass
- A / 2: unknown
- B / 1: pass
- B / 2: fail

### Winner: A

### Objection to the Winner

Nothing says how often is too often; I looked at `fetch.py` and found no limit.

### Merge Suggestions

- Take the error column from B, because the log of A loses it.
- Combine with the limit of C, written once.

### Dissent

none

### Anti-pattern Flags

- B risks C2 — a policy for a third caller that nobody has named.

### Files Read

- `src/fetch.py`
- `src/jobs/table.py` — all of it
"""

#: Windows line ends, top-level headings, no outer pipes, alignment, bold, out of five, comments, sections in another order.
IN_A_HURRY = """\
# My vote
<!-- filled in on the train
### Winner: C
-->
# Winner
   **B — queue table**

# Scores
<!-- weights are in the guide -->
 Approach          | **simplicity** | Extensibility (×0.25) | migration safety | DEBUGGABILITY 15% | Testability x0.15 | Total
:-----------------|:--:|--:|:---|---|---:|---
 **Approach A**    | 4/5| 2 |  5 / 5 | **3** |4
<!-- B took me longest -->
  approach B| **2** (0.50) | `5` | 3 (20% → 0.60) | 4 out of 5 | 3 (0.45)   | **3,40**/5

# Anti-pattern flags
None that I can see.

# Per-criterion justification
1) **Approach A / Simplicity (4):** short
2) Approach A / Extensibility (2/5) — a second loop
3) A/migration safety: reads what is there
4) A / Debuggability (3) : the log loses the reason
5) A / Testability (4): a clock goes in
   as an argument
6) B / Simplicity (2): three things
7) B / Extensibility (5): rows
8) B / Migration Safety (3): old jobs
9) B / Debuggability (4): a row each
10) B / Testability (3): wants a database

# Merge suggestions (optional)
A's clock, in B.

# Dissent
I expect most to prefer A for its size.

It will not last.
""".replace("\n", "\r\n")

#: An agent's answer: a word before it, all of it in a fence, a fence inside, entries below their approach, names with bars.
IN_A_FENCE = """\
Here is my vote; I opened both files first.

```markdown
#### Vote: retry-policy

#### Scores

| Approach | Simplicity | Extensibility | Migration Safety | Debuggability | Testability |
| :--- | ---: | :---: | --- | --- | --- |
| A — Loop \\| clock | 4 | 2 | 5 | 3 | 4 |
| **B** — Queue table | 2 | 5 | 3 | 4 | 3 |

#### Justification

##### A — Loop | clock

* Simplicity (4): one loop:

  ```python
  for attempt in attempts:  # Winner: B
      ...
  ```
* Extensibility (2): a second loop
* Migration Safety (5): reads what is there
* Debuggability (3): the log loses the reason
* Testability (4): a clock

**Queue table**

- Simplicity (2): three things
- Extensibility (5): rows
- Migration Safety (3): old jobs
- Debuggability (4): a row each
- Testability (3): wants a database

#### Success criteria

| Criterion | A | B |
|---|---|---|
| 1. At most three attempts | ✅ | pass |
| 2. The reason is kept | fail — it is lost | **Pass** (a column) |

#### Winner

Queue table, because the reason is kept.

#### Files read

`src/fetch.py`, `src/jobs/table.py` and `src/jobs/worker.py`
```

Tell me if a column is missing.
"""

#: Long labels, a list in a list, and only what the format asks for at the least.
BY_NAME = """\
**Scores**

|Option|Simplicity|Extensibility|Migration Safety|Debuggability|Testability|Weighted total|
|-|-|-|-|-|-|-|
|Loop with a clock|4|2|5|3|4|3.55|
|Queue table|2|5|3|4|3|3.40|

**Per-Criterion Justification:**

- Loop with a clock
  - Simplicity: short
  - Extensibility: a second loop
  - Migration Safety: reads what is there
  - Debuggability: the log loses the reason
  - Testability: a clock
- queue table:
  - Simplicity: three things
  - Extensibility: rows
  - Migration Safety: old jobs
  - Debuggability: a row each
  - Testability: wants a database

**Success criteria**

**Loop with a clock**
1. pass
2. not met — it is lost

**Queue table**
1. yes, with the limit of the worker
2. unclear

**My winner:** the loop
**Winner:** Loop with a clock.
"""

ROWS = {"A": (4, 2, 5, 3, 4), "B": (2, 5, 3, 4, 3)}


def scored(a: str = "A", b: str = "B") -> dict[str, dict[str, int]]:
    return {a: dict(zip(CRITERIA, ROWS["A"], strict=True)), b: dict(zip(CRITERIA, ROWS["B"], strict=True))}


VOTES: dict[str, tuple[str, Mapping[str, Any]]] = {
    "by the book": (BY_THE_BOOK, {
        "role": "skeptical", "winner": "A", "stated": {"A": "3.55", "B": "3.40"},
        "success": {"A": {1: "pass", 2: "unknown"}, "B": {1: "pass", 2: "fail"}},
        "objection": "Nothing says how often is too often; I looked at `fetch.py` and found no limit.",
        "merge": ("Take the error column from B, because the log of A loses it.", "Combine with the limit of C, written once."),
        "dissent": "", "flags": ("B risks C2 — a policy for a third caller that nobody has named.",),
        "read": ("src/fetch.py", "src/jobs/table.py"),
    }),
    "in a hurry": (IN_A_HURRY, {
        "role": "", "winner": "B", "stated": {"B": "3.40"}, "success": {}, "objection": "", "merge": ("A's clock, in B.",),
        "dissent": "I expect most to prefer A for its size.\n\nIt will not last.", "flags": (), "read": None,
    }),
    "in a fence": (IN_A_FENCE, {
        "role": "", "winner": "B", "stated": {}, "success": {"A": {1: "pass", 2: "fail"}, "B": {1: "pass", 2: "pass"}},
        "merge": (), "read": ("src/fetch.py", "src/jobs/table.py", "src/jobs/worker.py"),
    }),
}  # fmt: skip


@pytest.mark.parametrize("hand", VOTES)
def test_d10_a_vote_in_any_hand_is_read(hand: str) -> None:
    text, expected = VOTES[hand]
    cast = Vote.parse(text, "votes/voter-01.md").cast
    assert {name: getattr(cast, name) for name in expected} == expected
    assert named_as(cast, CRITERIA) == scored()
    assert complete(cast, ("A", "B"), CRITERIA, reasons=True) == []


def test_d10_reasons_keep_their_words_and_what_goes_on_below() -> None:
    book = read_vote(BY_THE_BOOK).reasons
    assert book[("A", "Testability")] == "the clock is an argument: no sleeping in tests."
    assert book[("B", "Migration Safety")] == "old jobs have no row until the first run writes one."
    assert read_vote(IN_A_HURRY).reasons[("A", "Testability")] == "a clock goes in as an argument"
    assert read_vote(IN_A_FENCE).reasons[("A", "Simplicity")].startswith("one loop: ```python for attempt in")


def test_d10_approaches_may_be_called_by_their_names() -> None:
    text = BY_NAME.replace("**My winner:** the loop\n", "")
    cast = Vote.parse(text, "x.md").cast
    assert named_as(cast, CRITERIA) == scored("Loop with a clock", "Queue table")
    assert cast.winner == "Loop with a clock"
    assert cast.success == {"Loop with a clock": {1: "pass", 2: "fail"}, "Queue table": {1: "pass", 2: "unknown"}}
    assert complete(cast, ("Loop with a clock", "Queue table"), CRITERIA, reasons=True) == []


WINNERS = {
    "### Winner: A": "A", "## Winner: **A**": "A", "# winner — A": "A", "### Winner: Approach A": "A", "### Winner: A — Loop": "A",
    "### Winner: A (3.55)": "A", "### Winner: A.": "A", "###### Winner: `A`": "A", "### Winner\n\nA": "A", "### Winner\n\n**A**\n\nB is close.": "A",
    "### Winner\n<!-- one name -->\nApproach A wins, because B needs a database": "A", "**Winner:** A": "A", "**Winner**: A": "A",
    "**Winner: A**": "A", "__Winner:__ A": "A", "- **Winner:** A": "A", "Winner: A": "A", "My winner: A, by a little": "A",
    "### Declared winner: A": "A", "### Winner: a": "A", "### Winner: Loop": "A", "### Winner: the queue": "the queue",
    "### Winner: A and B": "A and B", "### Winner: none": None, "### Winner": None, "### Winner: —": None, "The winner is clear": None,
}  # fmt: skip
TABLE = "| Approach | S |\n|---|---|\n| A — Loop | 4 |\n| B — Queue | 5 |\n"


@pytest.mark.parametrize("line", WINNERS)
def test_d12_a_winner_may_be_declared(line: str) -> None:
    for text in (f"{TABLE}\n{line}\n", f"{line}\n\n### Scores\n\n{TABLE}\n"):
        cast = read_vote(text)
        assert (cast.winner, cast.problems) == (WINNERS[line], ())
        wrong = [
            problem for problem in complete(cast, ("A", "B"), ("S",), reasons=False) if "winner" in problem.message
        ]
        assert [problem.line for problem in wrong] == (
            [line_with(text, line)] if cast.winner not in {"A", None} else []
        )


CELLS = {
    "A": "A", "**A**": "A", "`A`": "A", "Approach A": "A", "approach a": "A", "Option B": "B", "A — Registry": "A", "A – Registry": "A",
    "A - Registry": "A", "A: Registry": "A", "A. Registry": "A", "A) Registry": "A", "A (Registry)": "A", "**A** — Registry": "A",
    "**A — Registry**": "A", "[A]": "A", "H1": "H1", "A1 — x": "A1", "E-mail queue": "E-mail queue", "A better cache": "A better cache",
    "Registry pattern": "Registry pattern", "": "", "A/B": "A/B", "I18n tables": "I18n tables",
}  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
def test_a_label_stands_in_front_of_a_name(cell: str) -> None:
    assert label_of(cell) == CELLS[cell]


SAID = {
    "pass": "pass", "Pass.": "pass", "**PASS**": "pass", "passes, see line 4": "pass", "✅": "pass", "met": "pass", "yes": "pass",
    "Yes — by one file": "pass", "fail": "fail", "FAIL (two files)": "fail", "not met": "fail", "no": "fail", "No: two files": "fail", "❌ two files": "fail",
    "unknown": "unknown", "unclear until it is measured": "unknown", "?": "unknown", "not sure": "unknown", "no evidence either way": "",
    "partly": "", "": "", "passable": "", "yes and no": "", "4": "",
}  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_a_verdict_is_pass_fail_or_unknown(text: str) -> None:
    assert verdict_of(text) == SAID[text]


# ---------------------------------------------------------------------- what is wrong with a vote

FRONT = "---\ntype: vote\nschema: 1\ncase: retry-policy\nrole: skeptical\norder: [B, A]\n---\n"

WRONG_CELLS = {
    "0": "the score 0 is not from 1 to 5", "6": "the score 6 is not from 1 to 5", "4.5": "'4.5' is no score", "4,5": "'4,5' is no score",
    "1.00": "'1.00' is no score", "four": "'four' is no score", "": "the score is missing", "—": "the score is missing", "n/a": "the score is missing",
    "-1": "'-1' is no score", "4/10": "'4/10' is no score", "10": "the score 10 is not from 1 to 5", "4 or 5": "'4 or 5' is no score", "?": "the score is missing",
    "9" * 5000: f"'{'9' * 39}…' is no score", "３": "'３' is no score",
}  # fmt: skip


@pytest.mark.parametrize("cell", WRONG_CELLS, ids=lambda cell: repr(cell[:9]))
@pytest.mark.parametrize("above", ["", FRONT], ids=["bare", "below front matter"])
def test_d10_a_score_that_is_none_is_named_with_its_line(cell: str, above: str) -> None:
    text = above + BY_THE_BOOK.replace("| 3 (0.60)                 |", f"| {cell} |")
    said = [(line_with(text, "| B "), f"B / Migration Safety: {WRONG_CELLS[cell]}", "write a whole number from 1 to 5")]
    assert findings(Vote, text) == said
    assert findings(Vote, text.replace("\n", "\r\n")) == said
    again = complete(read_vote(text[len(above) :]), ("A", "B"), CRITERIA, reasons=True)
    assert [problem.message for problem in again] == [said[0][1]], "what cannot be read is not called missing too"


MENDED: dict[str, tuple[str, str, str, str]] = {
    "two rows": ("| B        | 2", "| A        | 2", "the approach 'A' has two rows", "| A        | 2"),
    "two rows under two names": ("| B        | 2", "| Approach A | 2", "the approach 'A' has two rows", "| Approach A | 2"),
    "a row without a name": ("| B        | 2", "|          | 2", "a row names no approach", "|          | 2"),
    "a row apart": ("| B        | 2", "\n| B        | 2", "a row stands apart from its table", "| B        | 2"),
    "a bar too many": ("3 (0.45)            | 3.40", "3 (0.45) | 0 | 3.40", "the row of B has more cells than the head", "| B "),
    "a column twice": ("Testability (x0.15)", "debuggability", "two columns are called 'debuggability'", "| Approach |"),
    "no rule": ("|----------|", "| dashes   |", "the table of scores is missing", "### Scores"),
    "another table": ("| Approach |", "| Criterion |", "the table of scores is missing", "### Scores"),
    "a reason for nobody": ("- B / Testability (3)", "- D / Testability (3)", "'D' has no row in the table of scores", "- D / Testability"),
    "a verdict for nobody": ("- B / 2: fail", "- D / 2: fail", "'D' has no row in the table of scores", "- D / 2"),
    "no verdict": ("- B / 2: fail", "- B / 2: partly", "'partly' is no verdict", "partly"),
    "a verdict on nothing": ("- B / 2: fail", "- the second fails for B", "'the second fails for B' is no verdict", "the second"),
    "two verdicts": ("- B / 2: fail", "- B / 1: fail", "B / 1 has two verdicts", "- B / 1: fail"),
    "two winners": ("### Dissent", "### Winner: B\n### Dissent", "a second winner is named: B", "### Winner: B"),
    "an open comment": ("### Merge", "<!-- later\n### Merge", "a comment is opened and never closed", "<!-- later"),
    "an open fence": ("### Files Read", "~~~\n### Files Read", "a code fence is opened and never closed", "~~~"),
}  # fmt: skip


@pytest.mark.parametrize("case", MENDED)
@pytest.mark.parametrize(
    "above", ["", FRONT, FRONT.replace("\n", "\n# a remark\n", 2)], ids=["bare", "front matter", "longer"]
)
def test_d10_what_does_not_fit_is_named_by_its_line(case: str, above: str) -> None:
    old, new, message, there = MENDED[case]
    assert BY_THE_BOOK.count(old) == 1
    text = above + BY_THE_BOOK.replace(old, new)
    found = findings(Vote, text)
    at = line_with(text, there) if there != "| A        | 2" else line_with(text, "| A        | 4") + 1
    assert [(line, said) for line, said, _ in found] == [(at, message)]
    assert all(hint for _, _, hint in found)


def test_d10_a_vote_is_held_to_the_labels_and_criteria_it_was_asked_for() -> None:
    text = BY_THE_BOOK.replace("- B / Extensibility (5): policies are rows.\n", "").replace(
        "| Testability (x0.15) ", "| Speed "
    )
    cast = read_vote(text.replace("### Winner: A", "### Winner: D"))
    said = {(problem.line, problem.message) for problem in complete(cast, ("A", "C"), CRITERIA, reasons=True)}
    row, table = line_with(text, "| A   "), line_with(text, "| Approach")
    assert said == {
        (row, "A / Testability: the score is missing"), (row + 1, "'B' is no approach of this vote"),
        (table, "the approach C has no row"), (line_with(text, "### Winner"), "the winner 'D' is no approach of this vote"),
    }  # fmt: skip
    missing = complete(read_vote(text), ("A", "B"), CRITERIA[:4], reasons=True)
    assert [(problem.line, problem.message) for problem in missing] == [
        (row + 1, "B / Extensibility: the reason is missing")
    ]
    assert missing[0].hint == "write - B / Extensibility (5): one sentence"
    assert complete(read_vote(text), ("A", "B"), CRITERIA[:4], reasons=False) == []


def test_d10_names_become_labels_and_two_rows_of_one_approach_are_named() -> None:
    labels = {"loopwithaclock": "A", "queuetable": "B"}
    cast = relabelled(Vote.parse(BY_NAME.replace("**My winner:** the loop\n", ""), "x.md").cast, labels)
    assert (list(cast.scores), cast.winner, named_as(cast, CRITERIA)) == (["A", "B"], "A", scored())
    assert complete(cast, ("A", "B"), CRITERIA, reasons=True) == []
    twice = relabelled(read_vote(f"{TABLE}| Ledger | 0 |\n"), {"ledger": "A"})
    assert [(problem.line, problem.message) for problem in complete(twice, ("A", "B"), ("S",), reasons=False)] == [
        (5, "Ledger / S: the score 0 is not from 1 to 5"), (5, "the approach 'A' has two rows"),
    ]  # fmt: skip
    zero = relabelled(read_vote("| Approach | S |\n|---|---|\n| Ledger | 0 |\n"), {"ledger": "A"})
    assert [problem.message for problem in complete(zero, ("A",), ("S",), reasons=False)] == [
        "Ledger / S: the score 0 is not from 1 to 5"
    ]


@pytest.mark.parametrize("why", ["", "—", "n/a", "<why>", "none"])
def test_d10_a_reason_that_says_nothing_is_missing(why: str) -> None:
    text = BY_THE_BOOK.replace("policies are rows.", why)
    found = complete(read_vote(text), ("A", "B"), CRITERIA, reasons=True)
    assert [problem.message for problem in found] == ["B / Extensibility: the reason is missing"]


def test_criteria_of_any_language_and_with_numbers_are_told_apart() -> None:
    names = ("Простота", "Скорость", "P95 latency", "P99 latency", "TLS 1.2", "TLS 1.3", "Cost (build)", "Cost (run)")
    assert len({key(name) for name in names}) == len(names)
    weighted = [
        form.format(name)
        for name in names
        for form in ("{} (x0.10)", "**{}** (×0.1)", "{} 10%", "{} x0.10", "`{}` (10 %)")
    ]
    assert {key(name) for name in weighted} == {key(name) for name in names}
    text = "| Approach | " + " | ".join(names) + " |\n" + "|---" * 9 + "|\n| A | " + " | ".join("12345123") + " |\n"
    assert named_as(read_vote(text), names) == {"A": dict(zip(names, map(int, "12345123"), strict=True))}


# ---------------------------------------------------------------------- proposals in several hands

LOOP = """\
## Approach: loop-with-clock

### Summary
The client tries again itself. The clock is an argument, so that tests need no sleep; see `src/fetch.py`.

### Scope
- **Files touched:** 2 (`src/fetch.py`, `tests/test_fetch3.py`)
- **Estimated LOC changed:** 60-80
- **New abstractions introduced:** none — a function gets an argument
- **Effort:** S

### Code Sketch
A retry is a loop:

```python
def fetch(url: str, clock: Clock = time.sleep) -> bytes:
    ...
```

and its settings:

~~~toml
# ### Files Changed
tries = 3
~~~

### Files Changed
- `src/fetch.py` — the loop
- `tests/test_fetch3.py` (new): the clock as a list
- docs/fetch.md - one paragraph
- [README.md](README.md): a word

### Migration Plan
- **What breaks:** callers that catch `Timeout`
  get `GaveUp`:
  - `jobs/run.py`
- **Auto-migration path:** none needed
- **Backward compatibility:** `GaveUp` is a `Timeout`

### Test Plan
- three failures, then an answer
- **Scope:** no network

### Self-Assessment

| Criterion        | Self-Score (1-5) | Rationale |
|------------------|:---------------:|-----------|
| Simplicity       | 5 | one argument |
| Extensibility    | 2/5 | a second \\| third policy is code |
| Migration Safety | **4** | `GaveUp` |
| Debuggability    | 3.5 | |
| Testability      | 5 (1.25) | no sleep |

### Downstream Impact
- **Constraints on future questions:** whoever retries takes a clock
- **Impact on later questions:** none — this is self-contained

### Anti-pattern Check
- [x] Not over-abstracting (C1): one argument.
- [ ] Solves a concrete problem (C6): `src/fetch.py:41` gives up at once.
"""

QUEUE = """\
<!-- ## Approach: never mind -->
~~~markdown
# Approach — queue table

## Self assessment
Criterion | Why | Score
--- | --- | ---
simplicity | three things | 2
**Extensibility** | rows | 5 / 5

## Code sketch

1. The table:

   ```sql
   create table attempt (id int);
   ```

2. The worker:

```
no language
```

## Files changed

| File | Change |
|---|---|
| `src/jobs/table.py` | the table |
| src/jobs/worker.py:12-40 | reads it |

## Scope

* Files touched: about 4 files in 2 packages
* Estimated LOC: 300
* New abstractions:
  - `Attempt` (a row, and what it means)
  - `Worker`
  - `Policy`
* Effort: large

## Migration plan

**What breaks**: nothing

**Automatic migration** — the first run writes rows

**Backwards compatibility:** old jobs are read once more

## Summary

Attempts are rows, and a worker reads them.
~~~
""".replace("\n", "\r\n")


def test_d5_a_proposal_by_the_book_is_read() -> None:
    said = Proposal.parse(LOOP, "x.md").said
    assert (said.name, said.touched, said.size, said.abstractions, said.effort) == (
        "loop-with-clock",
        2,
        "60-80",
        (),
        "S",
    )
    assert said.summary.startswith("The client tries again itself.")
    assert [(code.language, code.text, code.line) for code in said.code] == [
        ("python", "def fetch(url: str, clock: Clock = time.sleep) -> bytes:\n    ...", line_with(LOOP, "def fetch")),
        ("toml", "# ### Files Changed\ntries = 3", line_with(LOOP, "tries = 3") - 1),
    ]
    assert said.files == (
        FileChange("src/fetch.py", "the loop"), FileChange("tests/test_fetch3.py", "(new): the clock as a list"),
        FileChange("docs/fetch.md", "one paragraph"), FileChange("README.md", "a word"),
    )  # fmt: skip
    assert said.breaks == "callers that catch `Timeout`\n  get `GaveUp`:\n  - `jobs/run.py`"
    assert (said.migration, said.compatibility) == ("none needed", "`GaveUp` is a `Timeout`")
    assert said.tests == "- three failures, then an answer\n- **Scope:** no network"
    assert [(score.criterion, score.score, score.reason) for score in said.scores] == [
        ("Simplicity", 5, "one argument"), ("Extensibility", 2, "a second | third policy is code"), ("Migration Safety", 4, "`GaveUp`"),
        ("Debuggability", None, ""), ("Testability", 5, "no sleep"),
    ]  # fmt: skip
    assert (said.constraints, said.later) == ("whoever retries takes a clock", "none — this is self-contained")
    assert said.checks[1] == "[ ] Solves a concrete problem (C6): `src/fetch.py:41` gives up at once."


def test_d5_a_proposal_in_another_order_and_hand_is_read() -> None:
    said = Proposal.parse(QUEUE, "x.md").said
    lines = QUEUE.replace("\r\n", "\n")
    assert (said.name, said.touched, said.size, said.abstractions, said.effort) == (
        "queue table",
        4,
        "300",
        ("Attempt", "Worker", "Policy"),
        "L",
    )
    assert said.summary == "Attempts are rows, and a worker reads them."
    assert [tuple(code) for code in said.code] == [
        ("sql", "create table attempt (id int);", line_with(lines, "create table")), ("", "no language", line_with(lines, "no language")),
    ]  # fmt: skip
    assert said.files == (FileChange("src/jobs/table.py", "the table"), FileChange("src/jobs/worker.py", "reads it"))
    assert (said.breaks, said.migration, said.compatibility) == (
        "nothing",
        "the first run writes rows",
        "old jobs are read once more",
    )
    assert [tuple(score) for score in said.scores] == [("simplicity", 2, "three things"), ("Extensibility", 5, "rows")]


NAMES = {
    "## Approach: a-b": "a-b", "# Approach — a-b": "a-b", "#### approach - a-b": "a-b", "## **Approach:** a-b": "a-b", "## Approach: `a-b`": "a-b",
    "## Approach\n\na-b\n": "a-b", "**Approach:** a-b": "a-b", "## 1. Approach: a-b: more": "a-b: more", "## Approach: <short-name>": "short-name",
    "```\n## Approach: a-b\n```": "a-b", "Sure.\n\n```markdown\n## Approach: a-b\n```\nDone.": "a-b", "# Proposal\n\n## Approach: a-b": "a-b",
}  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_d5_an_approach_may_be_named(text: str) -> None:
    assert Proposal.parse(f"{text}\n\n### Summary\n\nx\n", "x.md").said.name == NAMES[text]


NAMELESS = {
    "": 1, "# Retry\n\ntext": 1, "text\n\n## Approach:\n\n### Summary\n": 3, "## Approaches considered: a": 1, "```python\n## Approach: a\n```": 1,
    "## Approach\n\n" + "A long sentence that says what we would do, which is no name but a first paragraph of prose.\n": 1,
}  # fmt: skip


@pytest.mark.parametrize("text", NAMELESS)
def test_d5_a_text_without_an_approach_is_no_proposal(text: str) -> None:
    for above in (FRONT.replace("vote", "proposal", 1).replace("order: [B, A]\n", ""),):
        found = findings(Proposal, above + text)
        assert found == [
            (above.count("\n") + NAMELESS[text], "no approach is named", "begin with ## Approach: short-name")
        ]


def test_a_comment_that_never_ends_is_named_in_every_kind() -> None:
    for kind in (
        "proposal",
        "hybrid",
        "patch",
        "comparison",
        "identity",
        "compliance",
        "refine",
        "vote",
        "runoff",
        "confirm",
    ):
        text = f"---\ntype: {kind}\nschema: 1\n---\n\n`<!--` is code\n\n<!-- and this is not\n\n{LOOP}{SYNTHESIS}{BY_THE_BOOK}"
        assert findings(kinds.model(kind), text)[0][:2] == (8, "a comment is opened and never closed"), kind


LISTS: dict[str, tuple[str, ...]] = {
    "none": (), "None.": (), '"none"': (), "none — reuses `Step`": (), "no new abstractions": (), "0": (), "—": (), "-": (), "n/a": (), "": (), "<list or none>": (),
    "`Policy`": ("Policy",), "Policy, Clock": ("Policy", "Clock"), "`Policy` and `Clock`": ("Policy", "Clock"), "- `Policy`\n  - `Clock`\n- Worker": ("Policy", "Clock", "Worker"),
    "`Policy` (of x, y), `Clock`": ("Policy", "Clock"), "2 (`Policy`, `Clock`)": ("Policy", "Clock"), "`Policy`,\n  `Clock`,\n  `Worker`": ("Policy", "Clock", "Worker"),
    "no-op sink, retry hook": ("no-op sink", "retry hook"), "NoneType guard": ("NoneType guard",), "zero-copy buffer; pool": ("zero-copy buffer", "pool"),
    "1. Policy, frozen\n2. Clock": ("Policy, frozen", "Clock"),
}  # fmt: skip


@pytest.mark.parametrize("text", LISTS)
def test_d6_new_abstractions_are_counted(text: str) -> None:
    assert listed(text) == LISTS[text]


CITED: dict[str, tuple[tuple[str, ...], str]] = {
    "`src/a.py` — why": (("src/a.py",), "why"), "src/a.py – why": (("src/a.py",), "why"), "src/a.py: why": (("src/a.py",), "why"), "src/a.py - why - so": (("src/a.py",), "why - so"),
    "**src/a.py** — why": (("src/a.py",), "why"), "**`src/a.py`**: why": (("src/a.py",), "why"), "`src/a.py` (why (so))": (("src/a.py",), "(why (so))"), "src/a.py (why)": (("src/a.py",), "why"),
    "[a.py](src/a.py) — why": (("a.py",), "why"), "`a.py`, `b.py` and `c.py` — why": (("a.py", "b.py", "c.py"), "why"), "`a.py` — `b` changes": (("a.py",), "`b` changes"),
    "`a.py` (`b` changes)": (("a.py",), "`b` changes"), "`my file.py` — why": (("my file.py",), "why"), "a.py:12-40 — why": (("a.py",), "why"), "`a.py#L3-L9`: why": (("a.py",), "why"),
    "a.py": (("a.py",), ""), "Makefile — `make x`": (("Makefile",), "`make x`"), "New: `a.py` — why": (("a.py",), "why"), "src/a.py uses `b`": (("src/a.py",), "uses `b`"),
    "src/__init__.py — why": (("src/__init__.py",), "why"), "__init__.py — why": (("__init__.py",), "why"), "`a.py`": (("a.py",), ""), "": ((), ""),
}  # fmt: skip


@pytest.mark.parametrize("entry", CITED)
def test_an_entry_begins_with_paths(entry: str) -> None:
    assert cited(entry) == CITED[entry]


def test_code_is_taken_out_of_its_fence_and_list() -> None:
    text = "1. x\n\n   ```{.python}\n   if a:\n     b\n\n  c\n   ```\n````md\n```\ninner\n```\n````\n~~~ Rust,ignore x=`y`\nfn\n~~~~\n```open\nend"
    assert list(code_blocks(text.split("\n"), 10)) == [
        ("python", "if a:\n  b\n\n  c", 13), ("md", "```\ninner\n```", 19), ("rust", "fn", 24), ("open", "end", 27),
    ]  # fmt: skip


def test_a_list_keeps_what_stands_below_its_entries() -> None:
    lines = ["lead", "- a", "  more", "  - below", "", " - b", "```", "- code", "```", "1) c", "   1. below", "- d"]
    assert list(bullets(lines)) == ["a\nmore\n- below", "b\n```\n- code\n```", "c\n1. below", "d"]


@pytest.mark.parametrize(
    "text",
    [
        "none",
        "None.",
        "- none",
        "**None**",
        "n/a",
        "N/A",
        "—",
        "…",
        "",
        "No.",
        "nothing",
        "none found",
        "None so far",
        "(none)",
        "No violations.",
    ],
)
def test_some_words_say_nothing(text: str) -> None:
    assert nothing(text)


@pytest.mark.parametrize(
    "text", ["None of the proposals keeps the log", "No tests", "nothing but a loop", "нет", "x", "No limit is named"]
)
def test_other_words_say_something(text: str) -> None:
    assert not nothing(text)


# ---------------------------------------------------------------------- syntheses in several hands

SYNTHESIS = """\
## Synthesis: retry-policy

### Approaches Identified
1. **Loop with a clock** — the client tries again (proposed by agents: 1, 4, 7)
2. **Queue table** — attempts are rows, and a worker
   reads them (proposed by agents: 2, 3, 5, 8)
3. **Backoff in the caller** — nothing changes here (proposed by agents: 6, 9, 10)

### Convergence: 4/10 on B

### Comparison Matrix

| Criterion | A | B | C |
|-----------|---|---|---|
| Simplicity | high | low | high |

### Evaluation Scenarios
- Testability: "a server answers at the third try. With A: a list of times. With B: a database. With C: a stub."

### Novel Ideas Worth Preserving
- From agent 6: a budget of time and not of tries
- From agent 9: the reason in the error

### Hybrid Proposals (if constructed)
- **Hybrid H1: loop with rows** — combines the clock from Approach A with
  the table from Approach B.
  - Rationale: A leads on Testability, B on Debuggability; Approach C has neither.
  - Full proposal: (attached separately)
- **Hybrid H2: budget** — combines the budget of Approach C with the loop of Approach A.
  - Rationale: tries say little about time

### Alternatives Considered (cross-proposal)
A library, as agents 2 and 5 remark.

### Divergence Diagnosis (if split)
The same problem, and three places for it.

### Identity Violations (if identity document provided)
None found.

### Open Questions for Voters
- Who reads the log?
"""

LOOSE = """\
Below is the synthesis.

````md
# Synthesis — retry-policy
## Open questions
None.
## Evaluation scenarios
<!-- one for each -->
At two in the morning, who knows?
## Approaches identified

- **A: Loop with a clock.** The client tries again. Proposed by agents 1–3 and 7.
- **B — Queue table**: rows (agent-04, agent-5, agents 8 to 9)
- Approach C: Backoff in the caller - nothing changes
  - agents: #6, #10

## Hybrids
#### Hybrid 1: loop with rows
combines A and B
Rationale: **both** lead
## Convergence
4 of 10 on A
## Comparison matrix
none yet
## Novel ideas
A budget of time.
```python
# ## Identity violations
```
## Identity violations
- C contradicts **Invariants**: callers never sleep.
````
"""


def test_d8_a_synthesis_by_the_book_is_read() -> None:
    said = Comparison.parse(SYNTHESIS, "x.md").said
    assert said.approaches == (
        Approach("A", "Loop with a clock", "the client tries again", (1, 4, 7), 4),
        Approach("B", "Queue table", "attempts are rows, and a worker reads them", (2, 3, 5, 8), 5),
        Approach("C", "Backoff in the caller", "nothing changes here", (6, 9, 10), 7),
    )
    assert said.hybrids == (
        Joined(
            "hybrid-01",
            "loop with rows",
            ("A", "B"),
            "A leads on Testability, B on Debuggability; Approach C has neither.",
        ),
        Joined("hybrid-02", "budget", ("C", "A"), "tries say little about time"),
    )
    assert (said.question, said.convergence, said.missing) == ("retry-policy", "4/10 on B", ())
    assert said.novel == ("From agent 6: a budget of time and not of tries", "From agent 9: the reason in the error")
    assert (said.alternatives, said.divergence) == (
        "A library, as agents 2 and 5 remark.",
        "The same problem, and three places for it.",
    )
    assert (said.violations, said.questions) == ((), ("Who reads the log?",))


def test_d8_a_synthesis_in_a_loose_hand_is_read() -> None:
    said = Comparison.parse(LOOSE, "x.md").said
    assert [(one.label, one.name, one.summary, one.agents) for one in said.approaches] == [
        ("A", "Loop with a clock", "The client tries again", (1, 2, 3, 7)),
        ("B", "Queue table", "rows", (4, 5, 8, 9)),
        ("C", "Backoff in the caller", "nothing changes", (6, 10)),
    ]
    assert [one.line for one in said.approaches] == [line_with(LOOSE, part) for part in ("**A:", "**B", "Approach C")]
    assert said.hybrids == (Joined("hybrid-01", "loop with rows", ("A", "B"), "both lead"),)
    assert (said.question, said.convergence, said.missing) == ("retry-policy", "4 of 10 on A", ())
    assert (said.questions, said.violations) == ((), ("C contradicts **Invariants**: callers never sleep.",))


ENTRIES: dict[str, tuple[str, str, str, tuple[int, ...]]] = {
    "**Loop** — it (proposed by agents: 1)": ("A", "Loop", "it", (1,)), "**B: Loop** — it (agents 1, 2)": ("B", "Loop", "it", (1, 2)), "Loop": ("A", "Loop", "", ()),
    "**C** — Loop: it (proposed by: agent 3)": ("C", "Loop", "it", (3,)), "D. Loop — it (proposed by agents: 1, 4 (with doubts), 7)": ("D", "Loop", "it", (1, 4, 7)),
    "Loop - it": ("A", "Loop", "it", ()), "**Loop** (proposed by agents: none)": ("A", "Loop", "", ()), "`Loop`: it, proposed by agents 12 and 3": ("A", "Loop", "it", (12, 3)),
    "**Loop** — lets agents retry (proposed by agents: 2-4)": ("A", "Loop", "lets agents retry", (2, 3, 4)), "__Loop__ it": ("A", "Loop", "it", ()),
    "**Approach E: Loop** it": ("E", "Loop", "it", ()), "Approach F": ("F", "", "", ()),
}  # fmt: skip


@pytest.mark.parametrize("entry", ENTRIES)
def test_d8_no_approach_of_a_synthesis_is_lost(entry: str) -> None:
    (one,) = read_comparison(f"### Approaches Identified\n\n7. {entry}\n").approaches
    assert (one.label, one.name, one.summary, one.agents, one.line) == (*ENTRIES[entry], 3)


def test_d8_labels_are_given_to_all_and_never_twice() -> None:
    text = "### Approaches\n" + "\n".join(["- **One** — x", "- **A: Two** — x", "- **Three** — x", *["- x"] * 26])
    labels = [one.label for one in read_comparison(text).approaches]
    assert labels[:4] == ["B", "A", "C", "D"] and labels[26:] == ["A1", "B1", "C1"]
    twice = "---\ntype: comparison\nschema: 1\n---\n### Approaches\n- **B: One**\n- **B: Two**\n"
    assert findings(Comparison, twice) == [
        (7, "two approaches are labelled B", "give each approach a letter of its own, or none")
    ]
    assert findings(Comparison, "# Synthesis: x\n\n### Approaches Identified\n\nnone\n")[0][:2] == (
        1,
        "no approach is identified",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1, 4, 7", (1, 4, 7)), ("1-3", (1, 2, 3)), ("1 – 3, 2", (1, 2, 3)), ("agent-01 and agent-12", (1, 12)), ("", ()), ("9" * 5000, ()), ("3-1", (3, 1)), ("²", ())],
)  # fmt: skip
def test_numbers_of_agents(text: str, expected: tuple[int, ...]) -> None:
    assert numbers(text) == expected


# ---------------------------------------------------------------------- framings in several hands

BLOCK = """\
QUESTION: How should a download that failed be tried again,
so that no caller has to know?

SCOPE:
  In scope:
    - the loop in `src/fetch.py`
    - what a caller sees:
      an error, or bytes
  Out of scope:
    - resuming half a file

SUCCESS CRITERIA:
  1. At most three attempts per file
  2. Every attempt is logged with its reason
     - and its time

KEY FILES (3-7):
  - src/fetch.py — the only loop
  - `src/jobs/run.py`: catches `Timeout` (and nothing else)
  - tests/test_fetch3.py (how it is tested)

EVALUATION SCENARIOS:
  - Debuggability: "it fails at two. Who can tell why?"

IDENTITY: none
TIER: 0 (three files)
RELEVANT FACETS: Architecture Map, Known Debt
IMPACT: Medium, for now
DEPENDS ON: client-split, log-format
"""

FRAME = Frame(
    "How should a download that failed be tried again, so that no caller has to know?",
    ("the loop in `src/fetch.py`", "what a caller sees: an error, or bytes"), ("resuming half a file",),
    ("At most three attempts per file", "Every attempt is logged with its reason and its time"),
    (KeyFile("src/fetch.py", "the only loop"), KeyFile("src/jobs/run.py", "catches `Timeout` (and nothing else)"), KeyFile("tests/test_fetch3.py", "how it is tested")),
    ('Debuggability: "it fails at two. Who can tell why?"',), ("Architecture Map", "Known Debt"), "none", "0", "medium", ("client-split", "log-format"),
)  # fmt: skip

HEADED = """\
# Retrying downloads

We have talked about this since spring.

## Question

How should a download that failed be tried again, so that no caller has to know?

It came up twice, in the office and at home.

<!--
## Scope
In scope: everything
-->

## In scope

* the loop in `src/fetch.py`
* what a caller sees: an error,
or bytes

## Out-of-scope (for now)

resuming half a file

## Success criteria

1) At most three attempts per file
2) Every attempt is logged with its reason and its time

These two came from Ada.

## Background

IN SCOPE of nothing.

- not a key file

## Key Files

+ **src/fetch.py** — the only loop
+ [src/jobs/run.py](src/jobs/run.py) — catches `Timeout` (and nothing else)
+ `tests/test_fetch3.py` — how it is tested

---

## Scenarios

- Debuggability: "it fails at two. Who can tell why?"

## Relevant facets
- Architecture Map
- Known Debt

**Identity:** none — it is narrow
**Tier**: tier 0
**Impact:** **medium**
**Depends-on:** `client-split` and `log-format` (both this week)
"""

LISTED = """\
- **Question:** How should a download that failed be tried again, so that no caller has to know?
- **Scope**
- In scope:
  - the loop in `src/fetch.py`
  - what a caller sees: an error, or bytes
- Out of scope: resuming half a file
- **Success criteria:**
  1. At most three attempts per file
  2. Every attempt is logged with its reason and its time
- **Key files:**
  - src/fetch.py — the only loop
  - src/jobs/run.py — catches `Timeout` (and nothing else)
  - tests/test_fetch3.py — how it is tested
- **Evaluation scenarios:** Debuggability: "it fails at two. Who can tell why?"
- **Facets:** [Architecture Map, Known Debt]
- **Identity:** `none`
- **Tier:** 0
- **Impact:** MEDIUM
- **Depends on:** [client-split, log-format]
"""

FRAMES = {
    "block": BLOCK, "block in a fence": f"Here it is:\n\n```\n{BLOCK}```\n", "block with tildes": f"# Retry\n\n~~~text\n{BLOCK}~~~\n\nThanks!\n",
    "block with a remark": BLOCK.replace("SUCCESS", "<!-- IMPACT: high -->\nSUCCESS").replace("  In scope", "<!-- two\n\nlines --> In scope"),
    "headed": HEADED, "listed": LISTED, "windows": BLOCK.replace("\n", "\r\n"), "small letters": BLOCK.replace("KEY FILES (3-7)", "Key files").replace("SUCCESS CRITERIA", "success criteria"),
    "tabs": BLOCK.replace("\n    - ", "\n\t- "), "numbered": BLOCK.replace("  - src", "  1. src").replace("  - `src", "  2. `src"),
    "signed": BLOCK + "\nAnna, on Monday\n", "below a rule": f"\n\n\n{BLOCK}\n---\nWritten in haste.\n",
}  # fmt: skip


@pytest.mark.parametrize("hand", FRAMES)
def test_d1_a_framing_in_any_hand_is_read(hand: str) -> None:
    framing = Framing.parse(FRAMES[hand], "x.md")
    assert framing.frame._replace(lines={}) == FRAME
    assert (framing.title, framing.impact, framing.tier, framing.needs) == (
        FRAME.question,
        "medium",
        0,
        FRAME.depends_on,
    )
    assert framing.render() == FRAMES[hand]


def test_d1_a_part_of_a_frame_knows_its_line() -> None:
    lines = read_frame(BLOCK, 10).lines
    parts = {"question": "QUESTION", "scope": "SCOPE:", "inside": "In scope", "outside": "Out of", "success": "SUCCESS", "files": "KEY FILES", "scenarios": "EVALUATION",
             "identity": "IDENTITY", "tier": "TIER", "facets": "FACETS", "impact": "IMPACT", "depends_on": "DEPENDS"}  # fmt: skip
    assert lines == {name: line_with(BLOCK, part) + 9 for name, part in parts.items()}
    assert read_frame(FRAMES["windows"]).lines == read_frame(BLOCK).lines
    shifted = read_frame(FRAMES["block with a remark"])
    assert shifted.lines["success"] == line_with(FRAMES["block with a remark"], "SUCCESS")


HELD = """\
QUESTION: <one sentence, no preferred answer embedded>

SCOPE:
  In scope:
    - <item>
    - …
  Out of scope:
    - ...

SUCCESS CRITERIA:
  1. <measurable criterion>

KEY FILES (3-7):
  - <path/to/file.py> — <why this file matters>

IDENTITY: <path to identity document, or "none">
TIER: <0 | 1 | 2> (see the guide)
RELEVANT FACETS: <comma-separated list>
"""


def test_d1_a_place_that_is_only_held_is_empty() -> None:
    frame = Framing.parse(HELD, "x.md").frame
    assert (frame.question, frame.inside, frame.outside, frame.success, frame.identity, frame.facets) == (
        "",
        (),
        (),
        (),
        "",
        (),
    )
    assert frame.files == (KeyFile("<path/to/file.py>", ""),)
    assert Framing.parse(HELD, "x.md").tier is None


@pytest.mark.parametrize("said", ["²", "9" * 5000, "three", "1.5", "-1", "", "03"])
def test_d1_a_tier_that_is_none_is_no_tier(said: str) -> None:
    assert Framing.parse(f"QUESTION: x?\nTIER: {said}\n", "x.md").tier is (1 if said == "1.5" else None)


BESIDE = {
    "QUESTION: a?\n\nThis is background.\n\nAnd b?": ("question", "a?"), "QUESTION: a?\n\nAnd b?": ("question", "a? And b?"),
    "Question\n\nIDENTITY: docs/identity.md (from Monday)": ("identity", "docs/identity.md"),
    "IN SCOPE: a\n\nb\n": ("inside", ("a", "b")), "In scope:\n- Impact: small\n- Tier 2 callers": ("inside", ("Impact: small", "Tier 2 callers")),
    "In scope:\n- a\n  - b\n- c\n\n  more": ("inside", ("a b", "c more")), "DEPENDS ON: none": ("depends_on", ()), "DEPENDS ON: none yet": ("depends_on", ()),
    "DEPENDS ON:\n- q1\n- q2 (later)": ("depends_on", ("q1", "q2")), "DEPENDS ON: q1; q2 & q3": ("depends_on", ("q1", "q2", "q3")), "FACETS: —": ("facets", ()),
    "IMPACT: high — it binds all": ("impact", "high"), "IMPACT: urgent": ("impact", "urgent"), "SUCCESS CRITERIA:\n- [ ] a\n- b": ("success", ("[ ] a", "b")),
    "KEY FILES: `a.py`, `b.py`": ("files", (KeyFile("a.py", ""), KeyFile("b.py", ""))), "KEY FILES:\n- `my file.py` — x": ("files", (KeyFile("my file.py", "x"),)),
    "In scope:\n- a\n\nCONTEXT: b\n- c": ("inside", ("a",)), "In scope:\n- a\n\n**Context:** b\n- c": ("inside", ("a",)), "In scope:\n- a\n### Context\n- c": ("inside", ("a",)),
}  # fmt: skip


@pytest.mark.parametrize("text", BESIDE)
def test_d1_a_part_ends_where_another_begins(text: str) -> None:
    name, expected = BESIDE[text]
    assert getattr(read_frame(text), name) == expected


# ---------------------------------------------------------------------- gate, roles, refinement, identity


def test_d6_a_word_on_roles_is_read_in_any_hand() -> None:
    text = (
        "I looked at each.\n\n```markdown\n| Proposal | Complies? | Why |\n|:-|-|-|\n| agent-01 | yes | it is \\| plain |\n<!-- the next is close -->\n"
        "| **Agent 2** | **No** | three classes |\n| `agent-10-proposal.md` | Yes — just | one |\n```\n"
    )
    expected = {"agent-01": (True, "it is | plain"), "agent-02": (False, "three classes"), "agent-10": (True, "one")}
    assert (
        Compliance.parse(text, "x.md").verdicts
        == Compliance.parse(text.replace("\n", "\r\n"), "x.md").verdicts
        == expected
    )


ROLES = {
    "| agent-02 | maybe | x |": "a row has no verdict", "| agent-02 | yes |": "a row has no verdict", "| agent-02 | yes and no | x |": "a row has no verdict",
    "| | yes | x |": "a row names no proposal", "| Agent 1 | no | x |": "agent-01 has two rows", "| agent-02 | | x |": "a row has no verdict",
}  # fmt: skip


@pytest.mark.parametrize("row", ROLES)
def test_d6_a_word_on_roles_that_cannot_be_read_is_named(row: str) -> None:
    text = f"---\ntype: compliance\nschema: 1\n---\n# Roles\n\n| Proposal | Complies | Why |\n|---|---|---|\n| agent-01 | yes | x |\n{row}\n"
    assert findings(Compliance, text) == [
        (
            10,
            ROLES[row],
            "give each proposal one row" if "verdict" not in ROLES[row] else "write | agent-01 | yes | why |",
        )
    ]
    assert findings(Compliance, "text")[0][:2] == (1, "the table of verdicts is missing")


def test_d6_a_gate_that_was_touched_is_refused() -> None:
    row = Graded("agent-01", (True,) * 5, "in", "")
    text = gate_text(
        "q1",
        [
            row,
            row._replace(
                slot="agent-02", passed=(True, True, False, True, True), outcome="retry", failed="QG-3: <!-- a | b"
            ),
        ],
        5,
        3,
        "retry",
    )
    gate = Gate.parse(text, "x.md")
    assert gate.rows["agent-02"] == Graded("agent-02", (True, True, False, True, True), "retry", "QG-3: &lt;!-- a | b")
    assert (gate.slots("in"), gate.slots("retry", "out"), gate.rows["agent-02"].points, gate.rows["agent-01"]) == (
        ("agent-01",),
        ("agent-02",),
        4,
        row,
    )
    for old, new in (
        ("| 4/5", "| 5/5"),
        ("| retry", "| perhaps"),
        ("| fail", "| maybe"),
        ("| 4/5", ""),
        ("| agent-02", "| agent-02 | x"),
    ):
        assert findings(Gate, text.replace(old, new))[0][:2] == (
            line_with(text, "agent-02"),
            "a row of the gate is not one of ours",
        ), new
    assert findings(Gate, text.replace("|", "/"))[0][:2] == (1, "the table of proposals is missing")


REFINED = """\
### Reason

It was two questions.

### Sub-question a

```
QUESTION: How often?
SUCCESS CRITERIA:
  1. at most three
# Sub-question c
```

### Sub question B: Who logs?

## In scope

- the log

### Scope

text
"""


def test_d17_a_refinement_keeps_whole_framings() -> None:
    for text in (REFINED, f"```markdown\n{REFINED}```\n", REFINED.replace("### ", "# "), REFINED.replace("\n", "\r\n")):
        said = RefineAnswer.parse(text, "x.md").said
        assert (said.reason, list(said.questions), said.forced) == ("It was two questions.", ["a", "b"], False)
        frames = {letter: read_frame(words) for letter, words in said.questions.items()}
        assert (frames["a"].question, frames["a"].success) == ("How often?", ("at most three",))
        assert (frames["b"].question, frames["b"].inside) == ("Who logs?", ("the log",))
    assert RefineAnswer.parse("## Reason\n\natomic\n\n## Forced choice\n\nA or B\n", "x.md").said.forced


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [("Sub question B", "Sub-question a", 17, "sub-question a stands twice"), ("### Sub question B", "Then", 3, "1 sub-questions"),
     ("### Scope", "### Forced choice", 3, "both sub-questions and a forced choice")],
)  # fmt: skip
def test_d17_a_refinement_that_is_none_is_named(old: str, new: str, line: int, message: str) -> None:
    text = "---\ntype: refine\n---\n" + REFINED.replace(old, new)
    assert findings(RefineAnswer, text)[0][:2] == (line + (1 if line == 3 else 0), message)


IDENTITY = """\
# Identity of the fetcher

**Generated:** 2026-01-31
**Commit SHA:** `0123abc`

## 1. Architecture Map
Two modules. ### Not a heading
### Conventions of the map
arrows
```sh
# Invariants
```

## Invariants
<!-- from the tests -->
- one loop

## Known Debt
none
## Conventions

## Trade-offs (accepted)
speed
"""


def test_d4_an_identity_is_read_on_any_level() -> None:
    for text in (
        IDENTITY,
        IDENTITY.replace("\n## ", "\n#### ").replace("\n### ", "\n##### "),
        IDENTITY.replace("\n## ", "\n# "),
        IDENTITY.replace("\n", "\r\n"),
    ):
        identity = Identity.parse(text, "x.md")
        assert identity.commit == "0123abc"
        assert (
            identity.parts("Invariants", "Post-Decision Updates", "Trade-offs")
            == "## Invariants\n\n- one loop\n\n## Trade-offs\n\nspeed\n"
        )
        assert "arrows" in identity.parts("Architecture Map") and "arrows" not in identity.parts("Conventions")
        rest = identity.rest("Architecture Map", "Invariants")
        assert "arrows" not in rest and "one loop" not in rest and "speed" in rest and "0123abc" in rest
    assert findings(Identity, IDENTITY.replace("## Known Debt", "Known Debt"))[0][1:] == (
        "the section 'Known Debt' is missing",
        "add ## Known Debt",
    )
    assert findings(Identity, IDENTITY.replace("0123abc", "HEAD"))[0][1] == "the commit that it describes is missing"


# ---------------------------------------------------------------------- properties

_WORD = st.sampled_from(
    ["one", "loop", "a", "A", "B", "/", "(4):", "—", "-", "#3", "`x", "|", "5/5", "colour", "color", "naïve", "日本", "it's", "\\", "**no**", "1.", "x:", "Winner:", "&", "e.g.", "👍", "none"]
)  # fmt: skip


def _spoken(words: Sequence[str]) -> str:
    """A sentence that begins like prose."""
    text = " ".join(["because", *words])
    return text if text.count("`") % 2 == 0 else f"{text}`"


sentences = st.lists(_WORD, min_size=1, max_size=6).map(_spoken)
names = st.sampled_from(
    [f"src/{letter}{end}" for letter in "abc" for end in (".py", "/x_1.toml", "/__init__.py", ".d/Makefile")]
)


@st.composite
def casts(draw: st.DrawFn, criteria: Sequence[str] = CRITERIA) -> Cast:
    labels = draw(st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=4, unique=True))
    cells = [(label, name) for label in labels for name in criteria]
    listing = st.lists(sentences, max_size=2).map(tuple)
    return Cast(
        scores={label: {name: draw(st.integers(1, 5)) for name in criteria} for label in labels},
        reasons={cell: draw(sentences) for cell in cells},
        winner=draw(st.sampled_from([None, *labels])),
        success={label: {number: draw(st.sampled_from(["pass", "fail", "unknown"])) for number in (1, 2)} for label in labels},
        merge=draw(listing), flags=draw(listing), dissent=draw(st.just("") | sentences), objection=draw(st.just("") | sentences),
        read=draw(st.none() | st.lists(names, max_size=3).map(tuple)),
    )  # fmt: skip


FIELDS = ("winner", "success", "merge", "flags", "dissent", "objection", "read")


@settings(max_examples=examples(60))
@given(cast=casts(), data=st.data())
def test_d10_a_vote_that_was_written_is_read_back(cast: Cast, data: st.DataObject) -> None:
    order = data.draw(st.permutations(list(cast.scores)))
    text = vote_text("q1", cast, WEIGHTS, order, (1, 2))
    read = Vote.parse(text, "x.md").cast
    assert {name: getattr(read, name) for name in (*FIELDS, "reasons", "scores")} == {
        name: getattr(cast, name) for name in (*FIELDS, "reasons", "scores")
    }
    assert list(read.scores) == list(order) and complete(read, order, CRITERIA, reasons=True) == []
    totals = {label: sum(weight * cast.scores[label][name] for name, weight in WEIGHTS) for label in order}
    assert {label: round(100 * float(total)) for label, total in read.stated.items()} == totals
    other = cast._replace(**{name: getattr(read, name) for name in (*FIELDS, "reasons", "scores")})
    assert vote_text("q1", other, WEIGHTS, order, (1, 2)) == text


@settings(max_examples=examples(60))
@given(cast=casts(CRITERIA[:2]), texts=st.lists(blocks(), min_size=4, max_size=4))
def test_d10_no_text_of_a_voter_passes_for_structure(cast: Cast, texts: list[str]) -> None:
    reasons = dict.fromkeys(cast.reasons, f"x {texts[0]}")
    forged = cast._replace(
        merge=(texts[0], "### Winner: Z"),
        flags=(texts[1],),
        objection=texts[2],
        dissent=f"{texts[3]}\n### Winner: Z",
        reasons=reasons,
    )
    read = read_vote(vote_text("q1", forged, (("Simplicity", 50), ("Extensibility", 50)), list(cast.scores), (1, 2)))
    assert (read.scores, read.winner, read.success, read.problems) == (cast.scores, cast.winner, cast.success, ())
    assert set(read.reasons) == set(reasons)


def test_a_criterion_may_weigh_everything() -> None:
    cast = Cast(scores={"A": {"Cost": 4}}, reasons={("A", "Cost"): "cheap"}, winner="A")
    text = vote_text("q1", cast, (("Cost", 100),), "A")
    assert "| A | 4 (4.00) | 4.00 |" in text and "Cost (x1.00)" in text
    assert read_vote(text).scores == cast.scores


chances = st.randoms(use_true_random=True)


@settings(max_examples=examples(150))
@given(cast=casts(), chance=chances)
def test_f5_a_ballot_in_any_style_is_read_back(cast: Cast, chance: Random) -> None:
    text = ragged_vote(cast, WEIGHTS, chance)
    read = Vote.parse(text, "x.md").cast
    assert named_as(read, CRITERIA) == cast.scores
    assert {name: getattr(read, name) for name in FIELDS} == {name: getattr(cast, name) for name in FIELDS}
    assert complete(read, list(cast.scores), CRITERIA, reasons=True) == []
    known = {key(name): name for name in CRITERIA}
    assert {(label, known[key(name)]): why for (label, name), why in read.reasons.items()} == {
        cell: " ".join(why.split()) for cell, why in cast.reasons.items()
    }


_SLUG = st.sampled_from(["retry-policy", "q1", "log-format", "client-split"])
frames = st.builds(
    Frame, question=sentences.map(lambda text: f"{text}?"), inside=st.lists(sentences, min_size=1, max_size=3).map(tuple), outside=st.lists(sentences, max_size=2).map(tuple),
    success=st.lists(sentences, min_size=1, max_size=3).map(tuple), scenarios=st.lists(sentences, max_size=2).map(tuple),
    files=st.lists(st.builds(KeyFile, path=names, reason=sentences), max_size=3).map(tuple), identity=st.sampled_from(["none", "docs/decisions/working/identity.md"]),
    facets=st.lists(st.sampled_from(["Architecture Map", "Known Debt", "Trade-offs"]), max_size=3, unique=True).map(tuple), tier=st.sampled_from(["0", "1", "2"]),
    impact=st.sampled_from(["high", "medium", "low"]), depends_on=st.lists(_SLUG, max_size=2, unique=True).map(tuple), lines=st.just({}),
)  # fmt: skip


@settings(max_examples=examples(100))
@given(frame=frames)
def test_d1_a_frame_that_was_written_is_read_back(frame: Frame) -> None:
    text = frame_text(frame)
    read = read_frame(text)
    assert read._replace(lines={}) == frame
    assert frame_text(read) == text


@given(
    missing=st.sets(
        st.sampled_from(
            ["question", "inside", "outside", "success", "files", "scenarios", "facets", "tier", "impact", "depends_on"]
        )
    )
)
def test_d1_what_a_frame_lacks_is_still_missing_when_it_is_read_back(missing: set[str]) -> None:
    bare = FRAME._replace(**{name: type(getattr(FRAME, name))() for name in missing})
    assert read_frame(frame_text(bare))._replace(lines={}) == bare


@settings(max_examples=examples(150))
@given(frame=frames, chance=chances)
def test_f5_a_frame_in_any_style_is_read_back(frame: Frame, chance: Random) -> None:
    text = ragged_frame(frame, chance)
    assert read_frame(text)._replace(lines={}) == frame


_SLOTS = st.integers(1, 40).map(lambda number: f"agent-{number:02d}")
graded = st.builds(
    Graded,
    slot=_SLOTS,
    passed=st.tuples(*[st.booleans()] * 5),
    outcome=st.sampled_from(OUTCOMES),
    failed=st.just("") | sentences,
)


@given(
    rows=st.lists(graded, max_size=4, unique_by=lambda row: row.slot),
    status=st.sampled_from(["done", "retry", "reframe", "quorum"]),
)
def test_d6_a_gate_that_was_written_is_read_back(rows: list[Graded], status: str) -> None:
    text = gate_text("q1", rows, 10, 5, status)
    gate = Gate.parse(text, "quality-gate.md")
    assert gate.rows == {row.slot: row for row in rows}
    assert gate_text("q1", list(gate.rows.values()), 10, 5, status) == text == gate.render()


# ---------------------------------------------------------------------- hostile input

QUESTION_KINDS = (
    "framing",
    "identity",
    "proposal",
    "hybrid",
    "patch",
    "compliance",
    "gate",
    "comparison",
    "vote",
    "runoff",
    "confirm",
    "refine",
)
SHAPES = st.sampled_from(
    [
        "```", "~~~", "```md", "<!--", "-->", "<!-- x -->", "# ", "#### ", "## Approach: x", "### Code Sketch", "### Files Changed", "### Scope", "### Winner: A", "### Winner", "**Winner:** B",
        "### Per-Criterion Justification", "- A / S (4): x", "- B / 1: pass", "### Success Criteria", "| Approach | S | Weighted Total |\n|---|---|---|", "| A | 4 | 4.00 |", "| B | 6", "|", "||",
        "|---|", "A | 5", "- **New abstractions introduced:** 2 (a, b", "- ", "1. ", "### Approaches Identified", "1. **A: x** — y (proposed by agents: 1-3", "### Hybrid Proposals", "- Hybrid H1: x",
        "| Proposal | Complies | Why |\n|---|---|---|", "| agent-01 | yes | x |", "QUESTION: x?", "In scope:", "KEY FILES:", "- `a.py` —", "TIER: ²", "DEPENDS ON: ,and,", "### Sub-question a", "### Forced choice",
        "## Architecture Map", "Commit: 0123abc", "**", "__x__:", "\\|", "\u2028", "\x85", "\x0c", "٣", "9" * 5000, "(" * 50, "- [ ] x", "> x", "\t- x", "    - y", "---", "A", "none",
    ]
)  # fmt: skip
_READ = ("frame", "title", "impact", "tier", "needs", "cast", "said", "verdicts", "rows", "commit")


def looked_at(kind: type[Document], text: str) -> Document | None:
    """Read a text and all that it says; nothing but DocumentError may come of it, on a line of the text."""
    try:
        document = kind.parse(text, "x.md")
    except DocumentError as error:
        assert all(
            1 <= finding.line <= text.count("\n") + 1 and finding.message and len(finding.message) < 300
            for finding in error.findings
        )
        return None
    for name in _READ:
        getattr(document, name, None)
    if isinstance(document, Identity):
        document.parts("Invariants", "Conventions")
    if isinstance(document, Vote):
        named_as(document.cast, ("S", "T"))
        assert all(problem.line >= 1 for problem in complete(document.cast, ("A", "B"), ("S", "T"), reasons=True))
    return document


@settings(max_examples=examples(250))
@given(
    parts=st.lists(st.one_of(SHAPES, SHAPES, blocks()), max_size=14),
    end=st.sampled_from(["\n", "\n", "\r\n", " ", "\n\n"]),
    kind=st.sampled_from(QUESTION_KINDS),
)
def test_no_text_is_more_than_refused(parts: list[str], end: str, kind: str) -> None:
    text = end.join(parts)
    model = kinds.model(kind)
    document = looked_at(model, text)
    again = looked_at(model, f"---\ntype: {kind}\nschema: 1\ncase: q1\n---\n{text}")
    if document is not None:
        assert model.parse(document.render(), "x.md") == document
        assert again is None or [getattr(again, name, None) for name in _READ] == [
            getattr(document, name, None) for name in _READ
        ]


@pytest.mark.parametrize("part", ["read_vote", "read_proposal", "read_comparison", "read_frame"])
@settings(max_examples=examples(60))
@given(parts=st.lists(st.one_of(SHAPES, blocks()), max_size=14))
def test_either_line_end_says_the_same(part: str, parts: list[str]) -> None:
    text = "\n".join(parts)
    read: Callable[[str], object] = {
        "read_vote": read_vote,
        "read_proposal": read_proposal,
        "read_comparison": read_comparison,
        "read_frame": read_frame,
    }[part]
    assert read(text.replace("\n", "\r\n")) == read(text)


_VOTE = "| Approach | S |\n|---|---|\n| A | 4 |\n| B | 4 |\n\n"
LONG: dict[str, tuple[str, str, str]] = {
    "brackets of a heading": ("proposal", "## Approach: x\n# ", "("), "comments": ("framing", "", "<!--"), "comments of a vote": ("vote", _VOTE, "<!--"), "comments in code": ("vote", _VOTE, "`<!--"),
    "blanks in a fence": ("proposal", "## Approach: x\n```", " a"), "fences": ("proposal", "## Approach: x\n", "```\n"), "blank lines": ("identity", "", "\n"), "marks": ("identity", "Commit", "-"),
    "blanks in a score": ("vote", "| Approach | S |\n|---|---|\n| A | 4", " "), "digits of a score": ("vote", "| Approach | S |\n|---|---|\n| A | ", "9"), "bars": ("vote", "| Approach ", "|"),
    "rows": ("vote", "| Approach | S |\n|---|---|\n", "| A | 4 |\n"), "columns": ("vote", "| Approach " + "| S" * 999 + "|\n" + "|---" * 1000 + "\n", "A|\n"), "slashes": ("vote", _VOTE + "### Justification\n- A", "/ "),
    "reasons": ("vote", _VOTE + "### Justification\n", "- A / S (4): x\n"), "a reason": ("vote", _VOTE + "### Justification\n- A / S (4): x", "\ny"), "colons": ("vote", _VOTE + "### Justification\n- A / ", " :"),
    "verdicts": ("vote", _VOTE + "### Success Criteria\n", "- A / 1: pass\n"), "no verdict": ("vote", _VOTE + "### Success Criteria\n- ", "-"), "winners": ("vote", _VOTE, "### Winner\n"), "nothing": ("vote", _VOTE + "### Dissent\n", "-"),
    "roles": ("vote", "", "\n-"), "files": ("vote", _VOTE + "### Files Read\n- ", ":1"), "names of files": ("proposal", "## Approach: x\n### Files Changed\n- ", "`a`, "), "links": ("framing", "KEY FILES:\n- ", "]("),
    "abstractions": ("proposal", "## Approach: x\n### Scope\n- **New abstractions introduced:** ", "(a "), "labels": ("proposal", "## Approach: x\n### Migration Plan\n", "- **a"), "blanks of an item": ("proposal", "## Approach: x\n### Scope\n", "  "),
    "approaches": ("comparison", "### Approaches\n- x", " (agents"), "agents": ("comparison", "### Approaches\n- x (agents: ", "1-"), "stars": ("comparison", "### Approaches\n- ", "*"), "dashes": ("comparison", "### Approaches\n- x", " — "),
    "hybrids": ("comparison", "### Approaches\n- x\n### Hybrids\n- Hybrid 1", " "), "rationale": ("comparison", "### Approaches\n- x\n### Hybrids\n- Hybrid 1: x ", "rationale "), "lines of an entry": ("framing", "In scope:\n- x\n", "y\n"),
    "slots": ("compliance", "| Proposal | Complies | Why |\n|---|---|---|\n", "| a | yes | x |\n"), "questions": ("refine", "", "### Sub-question a\n"), "small lists": ("framing", "DEPENDS ON: ", "and "), "capitals": ("framing", "", "A "),
    "combining marks": ("vote", "| Approach | ", "a\u0327\u0301\u0316"), "backslashes": ("vote", _VOTE, "\\|"), "quotes": ("framing", "QUESTION: x\n", "> "), "numbers": ("framing", "TIER: ", "9"),
}  # fmt: skip


@pytest.mark.parametrize("case", LONG)
def test_a_long_text_is_read_in_time(case: str) -> None:
    kind, head, bit = LONG[case]
    size = 80 << 10
    start = time.process_time()
    looked_at(kinds.model(kind), head + bit * (size // len(bit)) + "x\n\nx")
    assert time.process_time() - start < 3, "a quadratic reader takes minutes"
