"""The one module that imports the SDK, inside the function that needs it: it takes a second. Requests out, messages or Failed back."""

from __future__ import annotations

import gc
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from decisions_tool.agents.protocol import Stopped
from decisions_tool.agents.rate import asked_for
from decisions_tool.agents.stream import Failed, Message, error_of, read_stream
from decisions_tool.agents.watchdog import Watchdog
from decisions_tool.failpoints import passing

if TYPE_CHECKING:
    from anthropic import Anthropic

_FATAL = {401, 402, 403, 404}
_AGAIN = {408, 409, 500, 502, 503, 504, 529}
#: Said by a status of these where money is at its end, whatever the status is.
_SPENT, _SPENT_STATUS = ("spend_limit", "spend limit", "usage limit", "billing", "credit balance"), {400, 403, 429}
#: Bytes of an error that are read.
_ERROR = 65_536
#: Seconds to wait that are taken as "not in this run".
LONGEST_WAIT = 600.0
#: Python's own pace of collecting garbage: connections and replies refer to each other.
_COLLECTED = (700, 10, 10)


T = TypeVar("T")


def prepare() -> None:
    """Begin to import the SDK beside whatever else there is to do."""

    def load() -> None:
        with suppress(ImportError):
            import anthropic  # noqa: F401

    threading.Thread(target=load, name="import", daemon=True).start()


@dataclass
class Line:
    """The socket of one call, and whether the watchdog has shut it."""

    socket: socket.socket | None = None
    shut: bool = False


class Lines(threading.local):
    """The line of the call that runs in this thread."""

    line = Line()


class Wire:
    """Talks to one service with one key. Safe to use from many threads."""

    def __init__(self, environ: Mapping[str, str], wall: Callable[[], float] = time.time) -> None:
        self._key = environ.get("ANTHROPIC_API_KEY") or ""
        self._token = "" if self._key else environ.get("ANTHROPIC_AUTH_TOKEN") or ""
        self._url = environ.get("ANTHROPIC_BASE_URL") or "https://api.anthropic.com"
        self._wall = wall
        self._lines = Lines()
        self._given_up = False
        self._dog = Watchdog()
        self._guard = threading.Lock()
        self._client: Anthropic | None = None

    def ready(self) -> None:
        """Stopped where no call can be made at all."""
        if not (self._key or self._token):
            raise Stopped(
                "denied", "there is no key for the Anthropic API", "export ANTHROPIC_API_KEY=…, or set backends.default"
            )
        parts = urlsplit(self._url)
        if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise Stopped(
                "denied",
                f"ANTHROPIC_BASE_URL {self._url!r} would send the key in clear text",
                "unset ANTHROPIC_BASE_URL",
            )

    def client(self) -> Anthropic:
        """The SDK's client, made once; its retries are off and it keeps no connection that a late reply could come in on.

        Key and address are handed over, so that it looks for none in files. It follows no redirect: what is sent goes to one host.
        """
        with self._guard:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> Anthropic:
        try:
            import anthropic
            import httpx2
        except ImportError:
            raise Stopped(
                "unreachable", "the anthropic package is not installed", "pip install 'decisions-tool[anthropic]'"
            ) from None
        gc.freeze()  # what was imported stays; what calls leave behind is little and soon found
        gc.set_threshold(*_COLLECTED)
        lines = self._lines

        class Traced(httpx2.HTTPTransport):
            def handle_request(self, request: httpx2.Request) -> httpx2.Response:
                request.extensions = {**request.extensions, "trace": _trace(lines.line)}
                response = super().handle_request(request)
                packed = response.headers.get("content-encoding", "identity") != "identity"
                if response.status_code >= 400:
                    response.stream = Short(response.stream, 0 if packed else _ERROR)
                elif packed:
                    response.close()
                    raise Failed("malformed", "the reply is packed, and nobody asked for that", again=True)
                return response

        class Short(httpx2.SyncByteStream):
            def __init__(self, stream: Any, most: int) -> None:
                self._stream, self._left = stream, most

            def __iter__(self) -> Iterator[bytes]:
                pieces = iter(self._stream)
                while self._left > 0 and (piece := next(pieces, b"")):
                    yield piece[: self._left]
                    self._left -= len(piece)

            def close(self) -> None:
                self._stream.close()

        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        http = anthropic.DefaultHttpxClient(transport=Traced(limits=limits), follow_redirects=False)
        return anthropic.Anthropic(
            api_key=self._key or None, auth_token=self._token or None, base_url=self._url, max_retries=0, http_client=http,
            default_headers={"Accept-Encoding": "identity"},
        )  # fmt: skip

    # -- messages

    def send(self, params: Mapping[str, Any], end: float, begun: Callable[[], None]) -> Message:
        """One request; its reply has to be here at ``end`` (``time.monotonic``)."""

        def ask() -> Message:
            create = self.client().messages.with_streaming_response.create
            with create(**dict(params), stream=True, timeout=self._timeout(end)) as reply:
                passing("after-send")
                return read_stream(reply.iter_bytes(), begun)

        return self._guarded(ask, end)

    def count(self, params: Mapping[str, Any], end: float) -> int:
        """Tokens of a request as the service counts them; free of charge."""
        kept = {key: params[key] for key in ("model", "messages", "system", "tools") if key in params}

        def ask() -> int:
            counted = self.client().messages.count_tokens(**kept, timeout=self._timeout(end))
            if not isinstance(counted.input_tokens, int):
                raise Failed("malformed", "the service does not say how many tokens a request has", billed=False)
            return counted.input_tokens

        return self._guarded(ask, end, billed=False)

    # -- batches

    def create_batch(self, requests: list[dict[str, Any]], end: float) -> str:
        """Hand in a batch; its id."""
        items: Any = requests
        made = self._guarded(
            lambda: self._json(self.client().messages.batches.with_raw_response.create(requests=items)), end
        )
        return str(made["id"])

    def batch(self, name: str, end: float) -> dict[str, Any]:
        return self._guarded(
            lambda: self._json(self.client().messages.batches.with_raw_response.retrieve(name)), end, billed=False
        )

    def batches(self, end: float, after: str = "") -> list[dict[str, Any]]:
        """A hundred batches, newest first, or those that are older than one."""
        query = {"limit": 100, **({"after_id": after} if after else {})}
        found = self._guarded(
            lambda: self._json(self.client().messages.batches.with_raw_response.list(extra_query=query)),
            end,
            billed=False,
        )
        return [item for item in found.get("data", []) if isinstance(item, dict)]

    def results(self, name: str, end: float) -> dict[str, dict[str, Any]]:
        """What came of each request of a batch that has ended, by its custom id."""

        def ask() -> dict[str, dict[str, Any]]:
            found = {}
            for item in self.client().messages.batches.results(name):
                value = item.model_dump(mode="json")
                found[str(value["custom_id"])] = value["result"]
            return found

        return self._guarded(ask, end, billed=False)

    @staticmethod
    def _json(raw: Any) -> dict[str, Any]:
        value = json.loads(raw.text() if callable(raw.text) else raw.text)
        if not isinstance(value, dict):
            raise Failed("malformed", "the reply is no object", again=True)
        return value

    # -- failures

    def _timeout(self, end: float) -> Any:
        import httpx2

        left = max(0.1, end - time.monotonic())
        return httpx2.Timeout(left, connect=min(15.0, left))

    def _guarded(self, ask: Callable[[], T], end: float, billed: bool = True) -> T:
        """Ask under the watchdog; whatever goes wrong becomes Failed or Stopped."""
        self.ready()
        self.client()  # the import is no part of the deadline
        line = self._lines.line = Line()
        number = self._dog.at(end, lambda: _shut(line))
        try:
            if self._given_up:
                raise Failed("interrupted", "the run was interrupted", billed=False)
            return ask()
        except Exception as error:  # noqa: BLE001  SDK and transport raise many kinds; each gets its name here
            raise self._without_key(self._named(error, line, billed)) from None
        finally:
            self._dog.off(number)

    def _without_key(self, error: Failed | Stopped) -> Failed | Stopped:
        """The failure, should the service have said the key in it."""
        for secret in filter(None, (self._key, self._token)):
            if isinstance(error, Failed):
                error.said = error.said.replace(secret, "(key)")
        return error

    def stop(self) -> None:
        """Give up all calls in flight, and make no other."""
        self._given_up = True
        self._dog.all_now()

    def _named(self, error: Exception, line: Line, billed: bool) -> Failed | Stopped:
        """The failure that an exception of ours, of the SDK or of what is below it stands for."""
        import anthropic
        import httpx2

        cause, billed = error.__cause__ or error, billed and line.socket is not None
        if isinstance(error, Stopped):
            return error
        if line.shut:
            return Failed("interrupted", "the call was given up", billed=billed) if self._given_up else _late(billed)
        if isinstance(cause, Failed):
            return cause
        if isinstance(error, anthropic.APIStatusError):
            return self._status(error)
        if isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout)):
            return Failed("unreachable", f"the service cannot be reached: {cause}", billed=False, again=True)
        if isinstance(error, (anthropic.APITimeoutError, httpx2.TimeoutException)):
            return _late(billed)
        if isinstance(error, (anthropic.APIConnectionError, httpx2.HTTPError, OSError)):
            return Failed("cut-off", f"the connection broke: {cause}", billed=billed, again=True)
        what = "the reply cannot be read" if billed else "the request cannot be sent"
        return Failed("malformed", f"{what}: {type(error).__name__}", billed=billed, again=billed)

    def _status(self, error: Any) -> Failed:
        status, body = int(error.status_code), error.body if isinstance(error.body, dict) else {}
        after = asked_for(error.response.headers.get("retry-after", ""), self._wall())
        found = error_of(body.get("error"), status)
        said = f"{found.said} {error.type} {error.error_code}".lower()
        spent = status == 402 or (status in _SPENT_STATUS and any(word in said for word in _SPENT))
        if spent or status in _FATAL:
            return Failed("budget" if spent else "denied", found.said, billed=False, fatal=True, gone=status == 404)
        if status == 429:
            return Failed("limited", found.said, billed=False, again=True, after=after)
        if status in _AGAIN:
            outcome = "limited" if status == 529 else found.outcome
            return Failed(outcome, found.said, billed=False, again=True, after=after)
        return Failed("unusable", found.said, billed=False)


def _late(billed: bool) -> Failed:
    return Failed("timeout", "no whole reply came before the deadline", billed=billed)


def _trace(line: Line) -> Callable[[str, Mapping[str, Any]], None]:
    """Remember the socket of a new connection, the encrypted one once there is one."""

    def seen(name: str, info: Mapping[str, Any]) -> None:
        if name.endswith((".connect_tcp.complete", ".start_tls.complete")):
            line.socket = info["return_value"].get_extra_info("socket")
            if line.shut:
                _shut(line)

    return seen


def _shut(line: Line) -> None:
    line.shut = True
    if line.socket is not None:
        with suppress(OSError):
            line.socket.shutdown(socket.SHUT_RDWR)
