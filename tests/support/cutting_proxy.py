"""A TCP proxy that breaks a connection at the worst moment, once for each time it is armed."""

import socket
from collections.abc import Callable  # noqa: TC003 (one rule for all files: no type-checking blocks)
from contextlib import suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Literal, Self

Cut = Literal["before", "after", "late", "hold"]
"""`before`: the request never reaches the server. `after`: the server has done it, the reply is
lost. `late`: the request is held back, the client loses its connection, and the bytes reach the
server only when the client sends the next such request on a new connection. `hold`: the connection
stays, and the request reaches the server when the test says `let_go`."""

LIMIT_S = 30


class CuttingProxy:
    """Passes bytes between clients and `127.0.0.1:port`.

    Attributes:
        port: where clients connect.
        cuts: how many connections it has broken.
        holding: set while a request is held back.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        self._armed: list[tuple[bytes, Cut]] = []
        self._lock = Lock()
        self._held: Callable[[], None] | None = None
        self.holding = Event()
        self._let_go = Event()
        self._open: set[socket.socket] = set()
        Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def arm(self, cut: Cut, *, on: bytes = b"XADD", times: int = 1) -> None:
        """Break the next `times` connections that carry a request with `on` in it."""
        with self._lock:
            self._armed += [(on, cut)] * times

    def disarm(self) -> None:
        """Break no more connections."""
        with self._lock:
            self._armed.clear()

    def let_go(self) -> None:
        """Pass on what is held back."""
        self._let_go.set()

    def close(self) -> None:
        self._let_go.set()
        self._listener.close()
        for each in [*self._open]:
            _hang_up(each)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port), LIMIT_S)
                server.settimeout(None)
                self._open |= {client, server}
                replied = Event()
                replied.set()
                Thread(target=self._upwards, args=(client, server, replied), daemon=True).start()
                Thread(target=_downwards, args=(server, client, replied), daemon=True).start()

    def _upwards(self, client: socket.socket, server: socket.socket, replied: Event) -> None:
        with suppress(OSError):
            while request := client.recv(65536):
                cut = self._take(request)
                if cut == "hold":
                    self.holding.set()
                    assert self._let_go.wait(LIMIT_S)
                elif cut is not None:
                    self._break(cut, request, client, server, replied)
                    return
                server.sendall(request)
        _hang_up(server)

    def _take(self, request: bytes) -> Cut | None:
        with self._lock:
            if self._held is not None and b"XADD" in request:
                self._held()
                self._held = None
            if not self._armed or self._armed[0][0] not in request:
                return None
            self.cuts += 1
            return self._armed.pop(0)[1]

    def _break(
        self, cut: Cut, request: bytes, client: socket.socket, server: socket.socket, replied: Event
    ) -> None:
        if cut == "late":
            self._held = lambda: _send_late(server, request)
            _hang_up(client)
            return
        if cut == "after":
            replied.clear()
            server.sendall(request)
            assert replied.wait(LIMIT_S)
        _hang_up(client)
        _hang_up(server)


def _send_late(server: socket.socket, request: bytes) -> None:
    with suppress(OSError):  # the server has killed this connection: as it should be
        server.sendall(request)


def _downwards(server: socket.socket, client: socket.socket, replied: Event) -> None:
    """Pass replies on, but swallow the one that somebody waits for by clearing `replied`."""
    with suppress(OSError):
        while reply := server.recv(65536):
            if replied.is_set():
                client.sendall(reply)
            replied.set()
    _hang_up(client)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
