"""Questions to a server on the loopback interface, asked by the real library."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from decisions_tool.testing import Loopback

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types import Message

OPUS = "claude-opus-5-5"
LONG = "shared words " * 400  # 1,300 tokens


def client_of(server: Loopback, **more: Any) -> Anthropic:
    """A client that reads no certificates, which would take a hundred times as long as the rest of it."""
    import anthropic

    plain = anthropic.DefaultHttpxClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    options = {"api_key": "test", "base_url": server.url, "max_retries": 0, "timeout": 5.0, "http_client": plain}
    return anthropic.Anthropic(**{**options, **more})


def ask(client: Anthropic, text: str = "How many?", **more: Any) -> Message:
    answer: Message = client.messages.create(**request(text, **more))
    return answer


def streamed(client: Anthropic, text: str = "How many?", **more: Any) -> Message:
    with client.messages.stream(**request(text, **more)) as stream:
        return stream.get_final_message()


def request(text: str = "How many?", **more: Any) -> dict[str, Any]:
    return {"model": OPUS, "max_tokens": 1000, "messages": [{"role": "user", "content": text}], **more}


def cached(text: str, ttl: str = "5m") -> list[dict[str, object]]:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}}]
