"""The HTTP server: how long it waits for a request, and how many connections it holds.

Whoever reaches the port may open connections and send nothing, or a byte now and then. Each is kept
for a while only, and so many of them that the process has files left for everything else.
"""

import resource
import time
from collections import Counter
from ssl import SSLContext
from typing import Any, Final

from loguru import logger
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

from webserver.limits import MAX_DISCARDED_BYTES
from webserver.proxies import Proxies

HEADERS_S: Final = 150.0
"""So long a request's headers may take, and so long a connection may lie idle before them.

Longer than proxies keep one (Caddy 120 s), or it would be closed under a request of theirs.
"""

BODY_S: Final = 60.0
"""So long its body may take."""

MOST_CONNECTIONS: Final = 1_000
"""Sockets of pages are not counted: who has one is signed in."""

_SHARE: Final = 4
"""One address may have a part of them: 1 in so many. A trusted proxy may have all of them."""

_TELL_EVERY_S: Final = 60.0


class BoundedServer(HTTPServer):
    """An HTTP server that does not wait for ever, nor for everybody at once."""

    def initialize(  # type: ignore[override] # the rest of Tornado's stays as it is
        self,
        request_callback: Any,
        *,
        headers_s: float = HEADERS_S,
        body_s: float = BODY_S,
        most: int | None = None,
        proxies: Proxies | None = None,
        ssl_options: SSLContext | None = None,
    ) -> None:
        """Take how long to wait, in seconds, how many connections to hold, and whom to trust."""
        super().initialize(
            request_callback,
            ssl_options=ssl_options,
            idle_connection_timeout=headers_s,
            body_timeout=body_s,
            max_body_size=MAX_DISCARDED_BYTES,
        )
        self._most = most or most_connections()
        self._proxies = proxies or Proxies([])
        self._open: Counter[str] = Counter()  # by address
        self._told_at = float("-inf")

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Serve a connection, or close it if there are too many."""
        place = str(address[0])
        if self._open.total() >= self._most or self._open[place] >= self._share_of(place):
            stream.close()
            self._tell(place)
            return
        self._open[place] += 1
        super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        """Forget a connection, which has ended or become a socket."""
        super().on_close(server_conn)
        context: Any = getattr(server_conn, "context", None)
        place = str(context.address[0])
        self._open[place] -= 1
        if not self._open[place]:
            del self._open[place]

    def _share_of(self, place: str) -> int:
        return self._most if self._proxies.include(place) else max(1, self._most // _SHARE)

    def _tell(self, place: str) -> None:
        now_s = time.monotonic()
        if now_s - self._told_at < _TELL_EVERY_S:
            return
        self._told_at = now_s
        logger.warning(
            "{address} is refused: {of_it} connections from there are open, {every} in all",
            address=place,
            of_it=self._open[place],
            every=self._open.total(),
        )


def most_connections() -> int:
    """Return how many connections are held: half of the files that the process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)
