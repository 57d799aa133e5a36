"""What can be said against one managed file, asked once for its bytes. It imports what the answer needs only when it is not known yet."""

from __future__ import annotations

from decisions_tool.documents.paths import RECORDS
from decisions_tool.errors import DocumentError, Finding
from decisions_tool.ledger.cache import Verdicts
from decisions_tool.workflows.names import check_name, is_plain

_TOML = "decisions.toml"


def look(verdicts: Verdicts, path: str, data: bytes) -> list[Finding]:
    """The verdict on a file, from the cache where its bytes were seen before."""
    if is_plain(path, data):
        return check_name(path) if path.startswith(f"{RECORDS}/") else []
    key = verdicts.key(path, data)
    held = verdicts.get(key)
    if held is None:
        held = _fresh(path, data)
        verdicts.put(key, held)
    return held


def _fresh(path: str, data: bytes) -> list[Finding]:
    if path == _TOML:
        return _settings(data, path)
    if not path.endswith(".md"):
        return []
    from decisions_tool.workflows.checks import check_file

    return check_file(path, data)


def _settings(data: bytes, path: str) -> list[Finding]:
    from decisions_tool.config import MAX_BYTES, line_of, read_settings
    from decisions_tool.documents.frontmatter import decode
    from decisions_tool.workflows.planner import unknown_names

    try:
        text = decode(data, path, MAX_BYTES)
        unknown = unknown_names(read_settings(text, path))
    except DocumentError as error:
        return list(error.findings)
    return [Finding("config/name", "error", path, line_of(text, keys), 1, said, hint) for keys, said, hint in unknown]
