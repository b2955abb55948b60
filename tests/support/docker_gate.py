"""A Unix socket before Docker's, on which a test holds calls back while it ends who makes them."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Final, Literal, Self

DOCKER: Final = "/var/run/docker.sock"
Side = Literal["request", "reply"]


@dataclass
class Hold:
    """Calls that do not get through: the request never reaches Docker, or its reply never returns.

    Attributes:
        held: set once there was one.
    """

    pattern: re.Pattern[bytes]
    side: Side
    held: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)

    def keep(self) -> None:
        """Wait for the end of the hold."""
        self.held.set()
        self.over.wait()


class DockerGate:
    """Passes the calls of whoever connects at `path` on to Docker."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(128)
        self._hold: Hold | None = None
        Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def holding(self, call: str, side: Side = "request") -> Iterator[Event]:
        """Hold every call like `POST /containers/ID/start` back and, at the end, break it off.

        `call` is a pattern of method and path, without the version of the API. Gives an event that
        is set once one is held.
        """
        method, _, path = call.partition(" ")
        pattern = re.compile(rf"{method} /v[\d.]+{path}".encode())
        self._hold = hold = Hold(pattern, side)
        try:
            yield hold.held
        finally:
            self._hold = None
            hold.over.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.path.unlink()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                docker = socket.socket(socket.AF_UNIX)
                docker.connect(DOCKER)
                held: list[Hold] = []  # of this connection: its reply is not passed on
                Thread(target=self._requests, args=(client, docker, held), daemon=True).start()
                Thread(target=self._replies, args=(client, docker, held), daemon=True).start()

    def _requests(self, client: socket.socket, docker: socket.socket, held: list[Hold]) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                hold = self._hold
                if hold is not None and hold.pattern.match(data):
                    if hold.side == "request":
                        hold.keep()
                        break
                    held.append(hold)
                docker.sendall(data)
        _hang_up(client, docker)

    def _replies(self, client: socket.socket, docker: socket.socket, held: list[Hold]) -> None:
        with suppress(OSError):
            while data := docker.recv(65536):
                if held:
                    held[0].keep()
                    break
                client.sendall(data)
        _hang_up(client, docker)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
