"""How large a request may be, and how a larger one is refused so that its sender hears why.

Tornado closes the connection on a body that is too long, and a client that is still sending sees
only that. Here the rest is read and thrown away, in little memory, and the handler answers 413.
"""

from collections.abc import Awaitable
from typing import Final

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.web import Application

from durapy_core.entry import MAX_BODY_BYTES

MAX_REQUEST_BYTES: Final = MAX_BODY_BYTES + 64 * 1024
"""The longest request body: a command's, and the words around it."""

MAX_DISCARDED_BYTES: Final = 256 * 1024 * 1024
"""Up to here a request is read to its end before it is refused; beyond, the connection closes."""


class LimitedApplication(Application):
    """An application whose handlers see at most MAX_REQUEST_BYTES of a request's body."""

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Return the delegate of one request, behind the limit."""
        inner = super().start_request(server_conn, request_conn)
        return _Limit(inner, request_conn)


def refused_bytes(request: HTTPServerRequest) -> int:
    """Return the size of a body that was too large and was thrown away, or 0."""
    return int(getattr(getattr(request.connection, "context", None), "refused_bytes", 0))


class _Limit(HTTPMessageDelegate):
    def __init__(self, inner: HTTPMessageDelegate, connection: HTTPConnection) -> None:
        self._inner = inner
        self._context = getattr(connection, "context", None)
        self._size_bytes = 0
        if self._context is not None:
            self._context.refused_bytes = 0

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self._size_bytes += len(chunk)
        if self._size_bytes <= MAX_REQUEST_BYTES:
            return self._inner.data_received(chunk)
        if self._context is not None:
            self._context.refused_bytes = self._size_bytes
        return None

    def finish(self) -> None:
        self._inner.finish()

    def on_connection_close(self) -> None:
        self._inner.on_connection_close()
