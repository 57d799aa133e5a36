"""Working files of the paths that a commit changes. A file that is not what the commit was made from stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.files import inside, read_regular, refuse_closed, unwritable, write_atomically
from decisions_tool.ledger.repository import Repository

_LIMIT = 4 << 20


@dataclass(frozen=True)
class Write:
    """What becomes of one path; ids are empty where there is no file. ``working`` is the text of the working file that may go."""

    path: str
    before: str
    after: str
    mode: str = "100644"
    working: bytes | None = None


class WorkingFiles:
    """The working tree of a repository, as far as commits of ours change it."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.root = repository.place.root

    def edited(self, write: Write) -> bool:
        """Whether a person has something else there than what may go."""
        held = self._held(write)
        return held is not None and not _same(held, write.working)

    def refuse_unwritable(self, writes: Iterable[Write]) -> None:
        """Raise Denied where the folder of a file that would be replaced is closed; before anything is moved."""
        for write in writes:
            if _same(self._held(write), write.working):
                refuse_closed(inside(self.root, write.path).parent)

    def place(self, writes: Sequence[Write]) -> None:
        """Replace working files that still are what the commit was made from; anything else stays."""
        new = self._with_crlf([write.path for write in writes if write.after and self._held(write) is None])
        for write in writes:
            self._place(write, write.path in new)

    def _place(self, write: Write, crlf: bool) -> None:
        held = self._held(write)
        if not _same(held, write.working):
            return
        file = inside(self.root, write.path)
        if not write.after:
            self._remove(file)
            return
        data = self._with_line_ends(write, held, crlf)
        if data != held:
            write_atomically(file, data, file.stat().st_mode & 0o777 if held is not None else None)

    def sweep(self, path: str) -> None:
        """Remove the temporary file of a write that was cut short."""
        with suppress(OSError, DecisionsError):
            file = inside(self.root, path)
            unfinished = re.compile(rf"\.{re.escape(file.name)}\.\d+\.tmp")
            for beside in file.parent.iterdir():
                if unfinished.fullmatch(beside.name):
                    beside.unlink()

    def _held(self, write: Write) -> bytes | None:
        return read_regular(inside(self.root, write.path), _LIMIT)

    def _remove(self, file: Path) -> None:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(file, error) from None
        folder = file.parent
        with suppress(OSError):  # a folder that stays is no harm
            while folder != self.root and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent

    def _with_line_ends(self, write: Write, held: bytes | None, crlf: bool) -> bytes:
        """The new text with the line ends of the file that it replaces; ``crlf`` says which a new one gets."""
        data = self.repository.blob(write.after) or b""
        wanted = crlf if held is None else b"\r\n" in held
        return data.replace(b"\n", b"\r\n") if wanted and b"\r\n" not in data else data

    def _with_crlf(self, paths: Sequence[str]) -> set[str]:
        """New working files that the user's line-end settings want with CRLF."""
        if not paths:
            return set()
        git = self.repository.git
        out = git.run("check-attr", "-z", "eol", "text", "--", *paths).decode("utf-8", "surrogateescape").split("\0")
        found: dict[str, dict[str, str]] = {path: {} for path in paths}
        for path, name, value in zip(out[::3], out[1::3], out[2::3], strict=False):
            found[path][name] = value
        return {path for path, attributes in found.items() if self._crlf(attributes)}

    def _crlf(self, attributes: Mapping[str, str]) -> bool:
        git = self.repository.git
        if attributes.get("text") == "unset" or attributes.get("eol") == "lf":
            return False
        if attributes.get("eol") == "crlf":
            return True
        native = attributes.get("text") in {"set", "auto"} and git.setting("core.eol") == "crlf"
        return native or (git.setting("core.autocrlf") or "").lower() == "true"


def _same(held: bytes | None, expected: bytes | None) -> bool:
    """Whether a file is what is expected there, whatever its line ends."""
    return held == expected or (held is not None and held.replace(b"\r\n", b"\n") == expected)
