"""The workflow that `init --ci github` puts into the working tree. It is a person's file from then on; nothing here commits it."""

from __future__ import annotations

from pathlib import Path

from decisions_tool import __version__
from decisions_tool.documents.paths import MAX_FILE
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import inside, read_regular, write_atomically
from decisions_tool.resources import folder

PATH = ".github/workflows/decisions.yml"


def workflow() -> str:
    """The workflow for this version of the program."""
    return (folder("templates") / "github/decisions.yml").read_text(encoding="utf-8").replace("@VERSION@", __version__)


def write_workflow(root: Path) -> bool:
    """Write the workflow; False where it is there already. DecisionsError where another file is."""
    file, text = inside(root, PATH), workflow().encode()
    held = read_regular(file, MAX_FILE)
    if held is not None and held != text:
        raise DecisionsError(
            f"{PATH} is there already and says something else", f"git mv {PATH} <elsewhere>, or git rm {PATH}"
        )
    if held is None:
        write_atomically(file, text)
    return held is None
