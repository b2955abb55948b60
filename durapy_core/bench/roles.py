"""What a player does in its turn, whoever carries its commands: DuraPy or a rival.

A role knows nothing of stores. It measures, and tells the turn's result through a pipe.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

UP: Final = "up"
"""What a player tells when it hears what is sent from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The result of one turn.

    Attributes:
        times_s: of each round trip, or of each command from its send to its handler, in seconds.
        span_s: from the first send to the last handler, in seconds.
    """

    times_s: list[float]
    span_s: float


class Pinger:
    """Sends the next ping when a pong has come."""

    def __init__(self, tell: Connection) -> None:
        self._tell = tell
        self._times_s: list[float] = []
        self._left = 0
        self._began_s = self._sent_s = 0.0

    def begin(self, trips: int) -> str:
        """Return the key of the first ping of a turn."""
        self._times_s, self._left = [], trips
        self._began_s = self._sent_s = time.perf_counter()
        return f"k-{trips}"

    def next(self) -> str | None:
        """Return the key of the next ping, or None after the last pong."""
        now_s = time.perf_counter()
        self._times_s.append(now_s - self._sent_s)
        self._left -= 1
        if self._left:
            self._sent_s = now_s
            return f"k-{self._left}"
        self._tell.send(Turn(times_s=self._times_s, span_s=now_s - self._began_s))
        return None


class Receiver:
    """Notes how long each command took from its send to here."""

    def __init__(self, tell: Connection) -> None:
        self._tell = tell
        self._times_s: list[float] = []
        self._first_s = 0.0

    def take(self, sent_s: float, left: int) -> None:
        """Note a command of which so many follow in its turn."""
        now_s = time.perf_counter()
        if not self._times_s:
            self._first_s = sent_s
        self._times_s.append(now_s - sent_s)
        if not left:
            self._tell.send(Turn(times_s=self._times_s, span_s=now_s - self._first_s))
            self._times_s = []


def paced(
    count: int, batch: int, every_s: float, *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[range]:
    """Yield the numbers that go out at once, counting down to 0, each batch when it is due."""
    due_s = time.perf_counter()
    for top in range(count, 0, -batch):
        if every_s:
            early_s = due_s - time.perf_counter()
            if early_s > 0:
                sleep(early_s)
            due_s += every_s
        yield range(top - 1, max(top - batch, 0) - 1, -1)
