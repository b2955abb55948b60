"""A connected socket whose sends do not poll first.

Python polls a socket that has a timeout before each send and each receive. Before a send that is
wasted: there is nearly always room. Before a receive it pays: a `recv` that sleeps on a Unix socket
is woken a second time when the server merely takes our request from its queue, a `poll` is not.
"""

import select
import socket
import ssl
from typing import Protocol


class Wire(Protocol):
    """What the replies need of a socket; each call raises an OSError when the time is over."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def recv(self, size: int, /) -> bytes:
        """Return what has come, at most `size`; nothing when the other end has closed."""

    def recv_into(self, buffer: memoryview, /) -> int:
        """Fill a buffer with what has come and return how much."""


def make_wire(sock: socket.socket, timeout_s: float) -> Wire:
    """Return the quicker way to use a socket; TLS, and systems without `poll`, keep Python's."""
    if isinstance(sock, ssl.SSLSocket) or not hasattr(select, "poll"):
        return sock
    return _PolledSocket(sock, timeout_s)


class _PolledSocket:
    def __init__(self, sock: socket.socket, timeout_s: float) -> None:
        sock.settimeout(0)
        self._sock = sock
        self._timeout_ms = int(timeout_s * 1000)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(sock, select.POLLIN)
        self._writable.register(sock, select.POLLOUT)

    def sendall(self, data: bytes, /) -> None:
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        while sent < len(data):
            self._wait(self._writable)
            sent += self._sock.send(data[sent : sent + 1_000_000])

    def recv(self, size: int, /) -> bytes:
        self._wait(self._readable)
        return self._sock.recv(size)

    def recv_into(self, buffer: memoryview, /) -> int:
        self._wait(self._readable)
        return self._sock.recv_into(buffer)

    def _wait(self, poll: select.poll) -> None:
        if not poll.poll(self._timeout_ms):
            raise TimeoutError("timed out")
