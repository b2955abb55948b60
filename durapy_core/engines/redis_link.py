"""One connection to Redis that is made again when it breaks.

redis-py opens it (TLS, authentication, the number of the database); after that bytes go straight
over its socket, without redis-py's pool, retries and argument handling.
A link never makes itself again in the middle of a call: whoever uses it must know that replies
were lost, so a broken call raises `Lost`.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from redis import exceptions

from durapy_core.engines.redis_replies import Replies
from durapy_core.engines.redis_server import Lost, RefusedError, Server
from durapy_core.engines.redis_wire import pack
from durapy_core.entry import Entry
from durapy_core.errors import EngineError

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

REPLY_TIMEOUT_S: Final = 5.0
_PING: Final = pack("PING")
_MULTI: Final = pack("MULTI")
_EXEC: Final = pack("EXEC")
_COME_AGAIN: Final = ("BUSY ", "UNBLOCKED")


class MissingScriptError(EngineError):
    """The server does not know a script by this digest."""


class MissingKeyError(EngineError):
    """The server has nothing under this name."""


class Link:
    """One connection; not thread-safe but for `drop`.

    `greet`, if given, is called with the link whenever it has connected, before anything else goes
    over it; if that raises, the connection is closed again.

    Attributes:
        up: whether it is made and the last call left it whole.
    """

    def __init__(
        self,
        server: Server,
        *,
        timeout_s: float = REPLY_TIMEOUT_S,
        greet: "Callable[[Link], None] | None" = None,
    ) -> None:
        self.up = False
        self._greet = greet
        self._server = server
        self._timeout_s = timeout_s
        self._replies = Replies()
        self._connection: AbstractConnection | None = None
        self._made_at_s = 0.0

    def ensure(self) -> bool:
        """Make the connection if there is none; return whether it was made now.

        Raises:
            Lost: the server is away or still loading its data.
            RefusedError: wrong password, number of the database, or permissions.
            EngineError: what `greet` raises.
        """
        if self.up:
            return False
        self._connect()
        if self._greet is not None:
            try:
                self._greet(self)
            except BaseException:
                self.drop()  # nothing may go over a connection that is not introduced
                raise
        self.up = True
        if self._server.closed.is_set():
            self.drop()
            self._server.check_open()
        return True

    def call(self, packed: bytes) -> Any:
        """Send one request and return its reply.

        Raises:
            Lost: no reply came; the server may have done it or not.
            EngineError: the server refused it.
        """
        self.send(packed)
        return self.reply()

    def send(self, packed: bytes) -> None:
        """Send requests; each of their replies must then be taken with `reply`.

        Raises:
            Lost: the connection broke; the server may have done them or not.
        """
        wire = self._replies.wire
        if wire is None:
            self.drop()
            raise Lost("not connected")
        try:
            wire.sendall(packed)
        except BaseException as error:
            self._break(error)
            raise

    def reply(self) -> Any:
        """Return the next reply of what was sent.

        Raises:
            Lost: it did not come.
            EngineError: the server refused that request; the next reply can be taken.
        """
        return self._checked(self._replies.read)

    def entries(self, head: bytes) -> list[Entry] | None:
        """Return the next reply as the entries that an XREAD found, None for none; see `reply`."""
        found: list[Entry] | None = self._checked(self._replies.read_entries, head)
        return found

    def transact(self, packed: bytes, count: int) -> list[Any]:
        """Run `count` requests in one atomic step and return their results; see `unpack`."""
        self.send(in_transaction(packed))
        return self.unpack(count)

    def unpack(self, count: int) -> list[Any]:
        """Return the results of `count` requests that were sent as one transaction.

        Raises:
            Lost: they did not come.
            EngineError: the server refused one of them; the next reply can be taken.
        """
        try:
            queued = self._replies.skip(b"+OK\r\n%b" % (b"+QUEUED\r\n" * count))
        except BaseException as error:
            self._break(error)
            raise
        results: list[Any] = self.reply() if queued else self._unpack_slowly(count + 2)
        for result in results:
            if isinstance(result, exceptions.ResponseError):
                raise explain(result, self._server.name) from result
        return results

    def _unpack_slowly(self, count: int) -> Any:
        """Return the last of `count` replies, or raise the first that is an error."""
        refused: EngineError | None = None
        results = None
        for _ in range(count):
            try:
                results = self.reply()
            except EngineError as error:
                refused = refused or error  # the first says why, EXECABORT at the end does not
        if refused is not None:
            raise refused
        return results

    def drop(self) -> None:
        """Close the connection; the next `ensure` makes a new one."""
        self.up = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()  # type: ignore[no-untyped-call]

    def _connect(self) -> None:
        self._server.check_open()
        self._made_at_s = time.monotonic()
        # New ones each time. The old ones may belong to a thread that is still closing them, or to
        # a connection that failed: redis-py closes it only when it is collected, which may be
        # late, and would take the socket away from the one that followed.
        self._replies = Replies()
        connection = self._server.address.make_connection(self._replies, timeout_s=self._timeout_s)
        self._connection = connection
        try:
            connection.connect()  # type: ignore[no-untyped-call]
            self.call(_PING)
        except (exceptions.AuthenticationError, exceptions.ResponseError, ValueError) as error:
            self.drop()
            raise _refused(error, self._server.name) from error
        except exceptions.RedisError as error:
            self._break(error)
            raise
        except RefusedError:
            raise
        except EngineError as error:
            self.drop()
            raise RefusedError(str(error)) from error
        self._server.came_back()

    def _checked(self, read: Callable[..., Any], *arguments: bytes) -> Any:
        try:
            reply = read(*arguments)
        except BaseException as error:
            self._break(error)
            raise
        if isinstance(reply, exceptions.ResponseError):
            self._refuse(reply)
        return reply

    def _refuse(self, error: exceptions.ResponseError) -> None:
        again = isinstance(error, exceptions.TryAgainError | exceptions.ClusterDownError)
        if again or str(error).startswith(_COME_AGAIN):
            self._break(error)
        if isinstance(error, exceptions.NoScriptError):
            raise MissingScriptError(str(error)) from error
        if str(error).startswith("no such key"):
            raise MissingKeyError(str(error)) from error
        raise explain(error, self._server.name) from error

    def _break(self, error: BaseException) -> None:
        """Drop the connection and raise what happened; return for what is no loss of it."""
        dropped = self._connection is None  # by another thread, on purpose
        self.drop()
        if isinstance(error, exceptions.AuthenticationError):
            raise _refused(error, self._server.name) from error
        timed_out = isinstance(error, TimeoutError)
        why = f"no reply within {self._timeout_s:g} s" if timed_out else str(error)
        # Closed by another thread, a call stumbles over the socket that is gone.
        if isinstance(error, exceptions.RedisError | OSError) or (
            dropped and isinstance(error, Exception)
        ):
            if not dropped:
                self._server.went_away(why, made_at_s=self._made_at_s)
            raise Lost(why) from error


def in_transaction(packed: bytes) -> bytes:
    """Return requests that are done all in one step, or none of them."""
    return _MULTI + packed + _EXEC


def explain(error: exceptions.RedisError, name: str) -> EngineError:
    """Return an error reply as one line that says what to do."""
    text = str(error).removesuffix(".")
    for kind, advice in _ADVICE.items():
        if isinstance(error, kind):
            return EngineError(f"{name} refused: {text}; {advice}")
    if "executing the script can't" in text:
        advice = _ADVICE[exceptions.NoPermissionError]
        return EngineError(f"{name} refused: {text.partition(': ')[0]}; {advice}")
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
    exceptions.NoPermissionError: "docs/reference.md lists what a user needs.",
    exceptions.MovedError: "use a single server, a Redis Cluster is not supported.",
}


def _refused(error: Exception, name: str) -> RefusedError:
    if isinstance(error, exceptions.AuthenticationError):
        advice = "check the user and DURAPY_ENGINE_PASSWORD_FILE"
        return RefusedError(f"{name} refuses the password ({error}); {advice}.")
    return RefusedError(f"{name} does not let this client in: {error}.")
