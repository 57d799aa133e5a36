"""Answers to repeated questions, kept in the store: verdicts on files, the table of cases. Losing it costs time only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from decisions_tool import __version__
from decisions_tool.errors import Finding


class Verdicts:
    """Findings by the digest of what they depend on; silent where the folder cannot be written."""

    def __init__(self, store: Path | None) -> None:
        self._file = store / "verdicts.sqlite" if store else None
        self._new: list[tuple[str, str]] = []
        self._db: Any = None
        if self._file is not None and self._file.exists():
            self._db = self._open(f"{self._file.absolute().as_uri()}?mode=ro")

    @staticmethod
    def key(path: str, data: bytes) -> str:
        import hashlib

        return hashlib.sha256(f"{__version__}\0{path}\0".encode("utf-8", "surrogateescape") + data).hexdigest()

    def get(self, key: str) -> list[Finding] | None:
        if self._db is None:
            return None
        import sqlite3

        try:
            row = self._db.execute("select findings from verdicts where key = ?", (key,)).fetchone()
            return [Finding(*values) for values in json.loads(row[0])] if row else None
        except (sqlite3.Error, ValueError, TypeError):
            return None

    def put(self, key: str, findings: Iterable[Finding]) -> None:
        self._new.append((key, json.dumps([list(finding) for finding in findings])))

    def save(self) -> None:
        """Write what is new, and end; a cache that cannot be written is no error."""
        if self._db is not None:
            self._db.close()
            self._db = None
        if not self._new or self._file is None:
            return
        import sqlite3

        with suppress(OSError, sqlite3.Error):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._file, timeout=1)) as database, database:
                database.execute("pragma synchronous = off")  # losing a verdict costs time only
                database.execute(
                    "create table if not exists verdicts (key text primary key, findings text not null) without rowid"
                )
                database.executemany("insert or replace into verdicts values (?, ?)", self._new)

    @staticmethod
    def _open(uri: str) -> Any:
        import sqlite3

        try:
            return sqlite3.connect(uri, uri=True, timeout=1)
        except sqlite3.Error:
            return None


def save_bytes(path: Path, *parts: bytes | memoryview) -> None:
    """Keep parts as one file; a store that cannot be written is no error."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        with temporary.open("wb") as file:
            for part in parts:
                file.write(part)
        temporary.replace(path)
