"""Who a connection is to the server, so that the one that replaces it can have it killed.

What a broken connection had sent may still lie in a buffer and be executed later, behind the back
of whoever asks what became of it. So the first thing on a new connection is the end of the old one.
"""

from collections.abc import Callable
from typing import Final

from durapy_core.engines.redis_link import Link
from durapy_core.engines.redis_wire import pack

_IDENTIFY: Final = pack("CLIENT", "ID") + pack("INFO", "server")

Prove = Callable[[Link, int, int | None], None]
"""Called with a new link, its client id, and the id that it replaces (None: the first)."""


class Identity:
    """The identity of one link; its `greet` is what the link calls when it has connected."""

    def __init__(self, prove: Prove | None = None) -> None:
        self._prove = prove
        self._client_id: int | None = None
        self._run_id: bytes | None = None

    def greet(self, link: Link) -> None:
        """Have the connection before this one killed, then prove what has to be proved.

        If that fails, the one before is still what the next attempt kills.
        """
        link.send(_IDENTIFY)
        client_id: int = link.reply()
        run_id = _run_id(link.reply())
        former = self._client_id if run_id == self._run_id else None
        if former is not None:
            link.call(pack("CLIENT", "KILL", "ID", former))
        if self._prove is not None:
            self._prove(link, client_id, former)
        self._client_id, self._run_id = client_id, run_id


def _run_id(info: bytes) -> bytes | None:
    for line in info.splitlines():
        if line.startswith(b"run_id:"):
            return line[7:]
    return None
