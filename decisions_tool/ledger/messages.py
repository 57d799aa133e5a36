"""A message that a person is about to commit: it may quote transitions, and must not claim to be one."""

from __future__ import annotations

import os
import re
from pathlib import Path

from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.compare import squashed
from decisions_tool.ledger.repository import Repository
from decisions_tool.ledger.trailers import stray, trailers

_SCISSORS = re.compile(r"^. -+ >8 -+$", re.M)
#: What people may say by a trailer of ours.
_OURS_TO_SAY = {"Amend"}
#: While git moves commits, their messages move with them.
_MOVING = ("rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "sequencer")


def check_message(repository: Repository, file: Path) -> None:
    """Raise DecisionsError where a commit made by hand carries trailers of a transition."""
    message = _cleaned(file.read_text(encoding="utf-8", errors="replace"), _comment(repository))
    claims = sorted(set(trailers(message)) - _OURS_TO_SAY)
    if not claims and not stray(message):
        return
    if (
        squashed(message)
        or message.startswith("amend! ")
        or _moves(repository)
        or (claims and _amends(repository, message))
    ):
        return
    said = f"Decisions-{claims[0]}" if claims else "a Decisions- line above the last paragraph"
    raise DecisionsError(
        f"the message carries {said}, which only commits of the program carry",
        "take the line out, or indent it where it quotes; to correct what is recorded: git commit -m 'amend: why'",
    )


def _cleaned(text: str, comment: str) -> str:
    """The message as git will keep it: nothing below the scissors, no comments."""
    cut = _SCISSORS.search(text)
    lines = (text[: cut.start()] if cut else text).split("\n")
    return "\n".join(line.rstrip() for line in lines if not line.startswith(comment)).strip("\n") + "\n"


def _comment(repository: Repository) -> str:
    said = repository.git.setting("core.commentstring") or repository.git.setting("core.commentchar") or "#"
    return "#" if said == "auto" else said


def _moves(repository: Repository) -> bool:
    return any((repository.place.git_dir / name).exists() for name in _MOVING)


def _amends(repository: Repository, message: str) -> bool:
    """Whether the last commit is made anew: it has these trailers, and git hands on its author's date."""
    head = repository.head().oid
    if not head:
        return False
    before = repository.git.run("show", "--no-patch", "--format=%ad%n%B", "--date=raw", head).decode("utf-8", "replace")
    date, _, told = before.partition("\n")
    return trailers(told) == trailers(message) and os.environ.get("GIT_AUTHOR_DATE", "").removeprefix("@") == date
