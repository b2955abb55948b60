"""The Redis server behind an engine as its connections see it: away, back, or refusing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Lock
from typing import Final, TypeVar

from loguru import logger

from durapy_core.engines.redis_url import Address
from durapy_core.errors import EngineError, EngineUnavailableError

_LONGEST_PAUSE_S: Final = 1.0

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


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """A rig's part of a server.

    Attributes:
        prefix: of the name of every key.
        send_timeout_s: how long an append goes on trying.
    """

    server: Server
    prefix: str
    send_timeout_s: float


def _pauses() -> Iterator[float]:
    yield 0.0
    pause_s = 0.05
    while True:
        yield pause_s
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
