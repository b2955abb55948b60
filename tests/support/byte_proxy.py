"""A TCP proxy that breaks a connection after any byte of a request or of a reply."""

import socket
from contextlib import suppress
from threading import Lock, Thread
from types import TracebackType
from typing import Literal, Self

LIMIT_S = 30

Way = Literal["request", "reply"]


class ByteProxy:
    """Passes bytes between clients and `127.0.0.1:port`, and counts them each way.

    Attributes:
        port: where clients connect.
        cuts: how many connections it has broken.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        self._lock = Lock()
        self._passed: dict[Way, int] = {"request": 0, "reply": 0}
        self._left: dict[Way, int] = {}
        self._open: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def passed(self, way: Way) -> int:
        """Return how many bytes have gone that way since the last call."""
        with self._lock:
            count, self._passed[way] = self._passed[way], 0
            return count

    def cut(self, way: Way, *, after: int) -> None:
        """Break the connection over which the next byte goes that way, once so many have gone."""
        with self._lock:
            self._left[way] = after

    def disarm(self) -> None:
        """Break nothing more."""
        with self._lock:
            self._left.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        for each in self._open:
            _hang_up(each)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port), LIMIT_S)
                server.settimeout(None)
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [client, server]
                for way in (("request", client, server), ("reply", server, client)):
                    Thread(target=self._pass, args=way, daemon=True).start()

    def _pass(self, way: Way, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                let = self._take(way, len(data))
                target.sendall(data[:let])
                if let < len(data):
                    break
        _hang_up(target)
        _hang_up(source)

    def _take(self, way: Way, count: int) -> int:
        """Return how many of so many bytes may pass before the connection breaks."""
        with self._lock:
            self._passed[way] += count
            left = self._left.get(way)
            if left is None:
                return count
            if left >= count:
                self._left[way] = left - count
                return count
            del self._left[way]
            self.cuts += 1
            return left


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
