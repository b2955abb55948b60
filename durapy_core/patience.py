"""Waiting for a store that went away: loud once, then patient, until it answers or we must stop."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TypeVar

from durapy_core.errors import EngineError, EngineUnavailableError, LeaseLostError

if TYPE_CHECKING:
    from loguru import Logger

R = TypeVar("R")

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
_SLICE_S: Final = 0.1


class StoppedWaitingError(Exception):
    """The process is to end while the store is still away."""


class Patience:
    """Calls the store again and again until it answers.

    `stopping` is asked at least every 0.1 s, because a signal only sets a flag.
    """

    def __init__(
        self,
        log: "Logger",
        *,
        stopping: Callable[[], bool],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._log = log
        self._stopping = stopping
        self._sleep = sleep

    def call(
        self, call: Callable[[], R], *, on: type[EngineError] = EngineUnavailableError
    ) -> tuple[R, bool]:
        """Return what the call returns, and whether it had to be made more than once.

        It is made again after an error of the class `on`; others, and the loss of the lead, are
        raised.

        Raises:
            StoppedWaitingError: the process is to end before the store answers.
        """
        try:
            return call(), False
        except LeaseLostError:
            raise
        except on as error:
            self._log.error("waiting for the store: {why}", why=str(error))
        began = time.monotonic()
        for pause_s in _pauses():
            self._pause(pause_s)
            try:
                result = call()
            except LeaseLostError:
                raise
            except on as error:
                self._log.debug("still waiting for the store: {why}", why=str(error))
            else:
                away_s = round(time.monotonic() - began, 1)
                self._log.warning("the store answers again after {away_s} s", away_s=away_s)
                return result, True
        raise AssertionError("the pauses never end")

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._stopping():
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._sleep(min(left, _SLICE_S))
        raise StoppedWaitingError


def _pauses() -> Iterator[float]:
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
