"""Which files of the index or a commit hold one of some words: one ``git grep``, however many there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from decisions_tool.ledger.repository import Repository

#: More words than this cost more than reading all files.
_MANY = 200


def files_with(
    repository: Repository, words: Collection[bytes], folders: Iterable[str], commit: str = "", index: str = ""
) -> set[str] | None:
    """Paths below some folders in which a word stands, in any case of letters; None where that is not worth asking."""
    if not words or len(words) > _MANY or any(b"\n" in word for word in words):
        return None
    patterns = [part for word in sorted(words) for part in ("-e", word.decode("utf-8", "surrogateescape"))]
    env = {"GIT_INDEX_FILE": str(Path(index).absolute())} if index else {}
    form = ("--no-color", "-a", "-F", "-i", "-l", "-z", "--full-name")
    args = ("grep", *form, *([] if commit else ["--cached"]), *patterns, *([commit] if commit else []), "--", *folders)
    found = repository.git.run(*args, env=env, ok=(0, 1)).decode("utf-8", "surrogateescape")
    return {name.removeprefix(f"{commit}:") for name in found.split("\0") if name}
