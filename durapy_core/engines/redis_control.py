"""The connection for everything that is neither sent nor waited for: behind a lock, tried again."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Final, TypeVar

from durapy_core.engines.redis_link import REPLY_TIMEOUT_S, Link
from durapy_core.engines.redis_server import Server
from durapy_core.errors import EngineUnavailableError

T = TypeVar("T")

RETRY_S: Final = 1.0
AGAIN: Final = "make the same call again."


class Control:
    """One link for short calls; any thread may use it."""

    def __init__(self, server: Server, link: Link) -> None:
        self._server = server
        self._link = link
        self._lock = Lock()

    def call(self, request: bytes, *, for_s: float = RETRY_S) -> Any:
        """Return the reply to one request."""
        return self.run(lambda link: link.call(request), for_s=for_s)

    def run(self, action: Callable[[Link], T], *, for_s: float = RETRY_S) -> T:
        """Return what `action` returns; it is called again after a lost connection.

        Raises:
            EngineUnavailableError: no answer for `for_s`.
        """

        def attempt() -> T:
            self._link.ensure()
            return action(self._link)

        if not self._lock.acquire(timeout=REPLY_TIMEOUT_S + for_s):
            raise EngineUnavailableError(f"{self._server.name} does not answer; {AGAIN}")
        try:
            return self._server.persist(attempt, for_s=for_s, else_=AGAIN)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection; a call under way fails."""
        self._link.drop()
