"""Replies of Redis as Python values, read from a connection's socket (RESP2).

redis-py takes it as the parser of a connection, so that its handshake (TLS, authentication, the
number of the database) reads through it too. Every command passes here four times on its way from
handler to handler, and redis-py's own parser makes three calls for each value.

Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from typing import Any, Final

from redis.connection import DefaultParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse

from durapy_core.engines.redis_entries import take_entries
from durapy_core.engines.redis_socket import Wire, make_wire
from durapy_core.engines.redis_wire import parse_entry

_CHUNK: Final = 65536
_LARGE: Final = 65536
_END: Final = b"\r\n"
_TEXT, _ARRAY, _NUMBER, _STATUS, _ERROR = b"$*:+-"


class Replies:
    """Reads one reply after the other; a reply of any size is copied once or twice.

    Attributes:
        wire: the connected socket; None before and after.
    """

    def __init__(self) -> None:
        self.wire: Wire | None = None
        self._buffer = b""
        self._at = 0

    def on_connect(self, connection: Any) -> None:
        """Take the socket of a connection that was just made: called by redis-py."""
        sock = connection._sock  # noqa: SLF001 (how redis-py hands it to a parser)
        self.wire = make_wire(sock, connection.socket_timeout)
        self._buffer, self._at = b"", 0

    def on_disconnect(self) -> None:
        """Forget the socket: called by redis-py."""
        self.wire = None

    def read_response(self, *_: Any, **__: Any) -> Any:
        """Return the next reply: called by redis-py for its handshake."""
        return self.read()

    def read(self) -> Any:
        """Return the next reply; text is bytes, an error reply is a ResponseError.

        Raises:
            RedisConnectionError: the server closed the connection or asked to come again.
            OSError: no reply came in time, or the connection broke.
        """
        buffer, at = self._buffer, self._at
        end = buffer.find(_END, at)
        while end < 0:
            self._fill(1)
            buffer, at = self._buffer, self._at
            end = buffer.find(_END, at)
        self._at = end + 2
        kind = buffer[at]
        if kind == _TEXT:
            length = int(buffer[at + 1 : end])
            return None if length < 0 else self._read_text(length)
        if kind == _ARRAY:
            length = int(buffer[at + 1 : end])
            return None if length < 0 else self._read_array(length)
        line = buffer[at + 1 : end]
        if kind == _NUMBER:
            return int(line)
        if kind == _STATUS:
            return line
        return _error(kind, line)

    def skip(self, expected: bytes) -> bool:
        """Pass over replies if they are exactly these; otherwise nothing is taken.

        Waits for a first byte only: also False if not all of them have come yet.

        Raises:
            RedisConnectionError: the server closed the connection.
            OSError: no reply came in time, or the connection broke.
        """
        if self._at == len(self._buffer):
            self._fill(1)
        if not self._buffer.startswith(expected, self._at):
            return False
        self._at += len(expected)
        return True

    def read_entries(self, head: bytes) -> Any:
        """Return the entries in the reply of an XREAD; None when its wait ended.

        `head` is the `reply_head` of its stream. Errors as `read`.
        """
        if self._at >= len(self._buffer):
            self._fill(1)
        taken = take_entries(self._buffer, self._at, head)
        if taken is not None:
            entries, self._at = taken
            return entries
        found = self.read()
        return [parse_entry(raw) for raw in found[0][1]] if isinstance(found, list) else found

    def _read_array(self, length: int) -> list[Any]:
        """Return so many values; short texts, nearly all of them, without a call for each."""
        values: list[Any] = []
        buffer, at = self._buffer, self._at
        for _ in range(length):
            end = buffer.find(_END, at)
            if end > 0 and buffer[at] == _TEXT:
                stop = end + 2 + int(buffer[at + 1 : end])
                if end + 2 <= stop <= len(buffer) - 2:  # not -1 for None, and all of it there
                    values.append(buffer[end + 2 : stop])
                    at = stop + 2
                    continue
            self._at = at
            values.append(self.read())
            buffer, at = self._buffer, self._at
        self._at = at
        return values

    def _read_text(self, length: int) -> bytes:
        start = self._at
        stop = start + length
        if len(self._buffer) < stop + 2:
            if length > _LARGE:
                return self._read_large(length)
            self._fill(length + 2)
            start = self._at
            stop = start + length
        self._at = stop + 2
        return self._buffer[start:stop]

    def _read_large(self, length: int) -> bytes:
        text = bytearray(length + 2)
        view = memoryview(text)
        have = len(self._buffer) - self._at
        view[:have] = self._buffer[self._at :]
        self._buffer, self._at = b"", 0
        while have < length + 2:
            got = self._open_wire().recv_into(view[have:])
            if not got:
                raise RedisConnectionError("Connection closed by server.")
            have += got
        return bytes(view[:length])

    def _fill(self, need: int) -> None:
        """Receive until `need` more bytes than are used up are there; at least once."""
        parts = [self._buffer[self._at :]]
        have = len(parts[0])
        while True:
            part = self._open_wire().recv(_CHUNK)
            if not part:
                raise RedisConnectionError("Connection closed by server.")
            parts.append(part)
            have += len(part)
            if have >= need:
                break
        self._buffer, self._at = b"".join(parts), 0

    def _open_wire(self) -> Wire:
        if self.wire is None:
            raise RedisConnectionError("Connection closed.")
        return self.wire


def _error(kind: int, line: bytes) -> Exception:
    if kind != _ERROR:
        raise InvalidResponse(f"this is no Redis, it says {bytes([kind]) + line[:40]!r}")
    error: Exception = DefaultParser.parse_error(  # type: ignore[no-untyped-call]
        line.decode(errors="replace")
    )
    if isinstance(error, RedisConnectionError):
        raise error
    return error
