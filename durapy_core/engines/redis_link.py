"""One connection to Redis that is made again when it breaks, and the account of outages.

redis-py brings TLS, authentication and the parsers; its pool, retries and argument handling are
left out (docs/performance.md). A link never makes itself again in the middle of a call: whoever
uses it must know that replies were lost, so a broken call raises `Lost`.
"""

import time
from collections.abc import Callable, Iterator
from threading import Event, Lock
from typing import Any, Final, TypeVar

from loguru import logger
from redis import exceptions
from redis.connection import AbstractConnection

from durapy_core.engines.redis_url import Address
from durapy_core.engines.redis_wire import pack
from durapy_core.errors import EngineError, EngineUnavailableError

REPLY_TIMEOUT_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 1.0
_PING: Final = pack("PING")

T = TypeVar("T")


class Lost(Exception):  # noqa: N818 (it stays inside the engine)
    """The connection broke, or the server asked to come again."""


class RefusedError(EngineError):
    """The server answers but does not let this client in."""


class Server:
    """What the links of one engine share: the address, the account of outages, the end."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.closed = Event()
        self._lock = Lock()
        self._away_since_s: float | None = None
        self._back_at_s = 0.0

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self.address.name

    def persist(self, action: Callable[[], T], *, for_s: float, else_: str) -> T:
        """Return what `action` returns, tried again for `for_s` whenever it is `Lost`.

        The second try follows at once: a link that was idle while the server restarted breaks
        only when it is used.

        Raises:
            EngineUnavailableError: the time is over; the message ends with `else_`.
        """
        deadline_s = time.monotonic() + for_s
        for pause_s in _pauses():
            try:
                return action()
            except Lost as lost:
                self.check_open()
                if pause_s and time.monotonic() + pause_s > deadline_s:
                    raise EngineUnavailableError(
                        f"{self.name} does not answer ({lost}); {else_}"
                    ) from lost
                self.closed.wait(pause_s)
        raise AssertionError  # the pauses never end

    def check_open(self) -> None:
        """Refuse to go on after `close`."""
        if self.closed.is_set():
            raise EngineError(f"The engine {self.name} is closed; open a new one.")

    def went_away(self, why: str, *, made_at_s: float) -> None:
        """Say once per outage that the server is away; leftovers of the last one are silent."""
        with self._lock:
            if self._away_since_s is not None or made_at_s < self._back_at_s:
                return
            self._away_since_s = time.monotonic()
        if not self.closed.is_set():
            logger.warning("the store of commands is away", engine=self.name, why=why)

    def came_back(self) -> None:
        """Say that the outage is over, if there was one."""
        with self._lock:
            since_s, self._away_since_s = self._away_since_s, None
            if since_s is None:
                return
            self._back_at_s = time.monotonic()
        away_s = round(self._back_at_s - since_s, 3)
        logger.info("the store of commands is back", engine=self.name, away_s=away_s)


class Link:
    """One connection; not thread-safe but for `close`."""

    def __init__(self, server: Server, *, timeout_s: float = REPLY_TIMEOUT_S) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._connection: AbstractConnection | None = None
        self._made_at_s = 0.0

    @property
    def up(self) -> bool:
        """Whether the last call left it whole."""
        return self._connection is not None

    def ensure(self) -> bool:
        """Make the connection if there is none; return whether it was made now.

        Raises:
            Lost: the server is away or still loading its data.
            RefusedError: wrong password, number of the database, or permissions.
        """
        if self._connection is not None:
            return False
        self._server.check_open()
        connection = self._server.address.make_connection(timeout_s=self._timeout_s)
        self._made_at_s = time.monotonic()
        try:
            connection.connect()  # type: ignore[no-untyped-call]
            self._connection = connection
            self.call(_PING)
        except (exceptions.AuthenticationError, exceptions.ResponseError, ValueError) as error:
            raise _refused(error, self._server.name) from error
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            self._server.went_away(str(error), made_at_s=self._made_at_s)
            raise Lost(str(error)) from error
        except EngineError as error:
            self.drop()
            raise RefusedError(str(error)) from error
        if self._server.closed.is_set():
            self.drop()
            self._server.check_open()
        self._server.came_back()
        return True

    def call(self, packed: bytes) -> Any:
        """Send one request and return its reply.

        Raises:
            Lost: no reply came; the server may have done it or not.
            EngineError: the server refused it.
        """
        return self.reply(self.send(packed))

    def send(self, packed: bytes) -> AbstractConnection:
        """Send requests; each of their replies must then be taken with `reply`."""
        connection = self._connection
        if connection is None:
            raise Lost("not connected")
        try:
            connection.send_packed_command([packed], check_health=False)  # type: ignore[no-untyped-call]
        except BaseException as error:
            self._break(error)
            raise
        return connection

    def reply(self, connection: AbstractConnection) -> Any:
        """Return the next reply of what was sent.

        Raises:
            Lost: it did not come.
            EngineError: the server refused that request; the next reply can be taken.
        """
        try:
            return connection.read_response(disable_decoding=True)
        except exceptions.ResponseError as error:
            if isinstance(
                error, exceptions.TryAgainError | exceptions.ClusterDownError
            ) or _is_busy(error):
                self._break(error)
            raise explain(error, self._server.name) from error
        except BaseException as error:
            self._break(error)
            raise

    def unpack(self, results: list[Any]) -> list[Any]:
        """Return the results of a transaction.

        Raises:
            EngineError: the server refused one of its requests.
        """
        for result in results:
            if isinstance(result, exceptions.ResponseError):
                raise explain(result, self._server.name) from result
        return results

    def drop(self) -> None:
        """Close the connection; the next `ensure` makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()  # type: ignore[no-untyped-call]

    def _break(self, error: BaseException) -> None:
        """Drop the connection and raise what happened; return for what is no loss of it."""
        self.drop()
        if isinstance(error, exceptions.AuthenticationError):
            raise _refused(error, self._server.name) from error
        # Closed by another thread, redis-py stumbles over its own missing socket and buffer.
        if isinstance(error, exceptions.RedisError) or (
            self._server.closed.is_set() and isinstance(error, Exception)
        ):
            self._server.went_away(str(error), made_at_s=self._made_at_s)
            raise Lost(str(error)) from error


def explain(error: exceptions.RedisError, name: str) -> EngineError:
    """Return an error reply as one line that says what to do."""
    for kind, advice in _ADVICE.items():
        if isinstance(error, kind):
            return EngineError(f"{name} refused: {error}; {advice}")
    text = str(error)
    if text.startswith("MISCONF"):
        return EngineError(
            f"{name} refuses writes because it cannot save to its disk; free space there and see "
            "the server's log."
        )
    if text.startswith("WRONGTYPE"):
        return EngineError(
            f"{name} refused: a key of this namespace holds something else; set DURAPY_NAMESPACE "
            "to a name that no other program uses."
        )
    return EngineError(f"{name} refused: {text}.")


_ADVICE: Final[dict[type[exceptions.RedisError], str]] = {
    exceptions.OutOfMemoryError: "raise its `maxmemory` or shorten the log.",
    exceptions.ReadOnlyError: "it is a replica: point DURAPY_ENGINE at the primary.",
    exceptions.NoPermissionError: "docs/security.md lists what a user needs.",
    exceptions.MovedError: "use a single server, a Redis Cluster is not supported.",
}


def _refused(error: Exception, name: str) -> RefusedError:
    if isinstance(error, exceptions.AuthenticationError):
        advice = "check the user and DURAPY_ENGINE_PASSWORD_FILE"
        return RefusedError(f"{name} refuses the password ({error}); {advice}.")
    return RefusedError(f"{name} does not let this client in: {error}.")


def _is_busy(error: exceptions.ResponseError) -> bool:
    return str(error).startswith(("BUSY ", "UNBLOCKED"))


def _pauses() -> Iterator[float]:
    yield 0.0
    pause_s = 0.05
    while True:
        yield pause_s
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
