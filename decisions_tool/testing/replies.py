"""A reply before it is sent: a status, headers and pieces of bytes; the error bodies of the API."""

from __future__ import annotations

from dataclasses import dataclass, field

from decisions_tool.testing.messages import whole

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    status: int
    pieces: list[bytes]
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def streamed(self) -> bool:
        return self.kind == EVENTS


def result(value: object) -> Reply:
    return Reply(200, [whole(value)])


def error(status: int, kind: str, message: str, code: str = "", **headers: str) -> Reply:
    """An error as the API words it; underscores in names of headers become dashes."""
    return Reply(
        status, [whole(error_value(kind, message, code))], JSON, {n.replace("_", "-"): v for n, v in headers.items()}
    )


def error_value(kind: str, message: str, code: str = "") -> dict[str, object]:
    details = {"details": {"error_code": code}} if code else {}
    return {"type": "error", "error": {"type": kind, "message": message, **details}}
