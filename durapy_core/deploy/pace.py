"""How long the parts of a rollout may take, and the clock that says so."""

import time
from dataclasses import dataclass
from typing import Protocol

from durapy_core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long each part may take, in seconds.

    Attributes:
        start_s: from the start of the new replica until it stands by.
        switch_s: from the end of the old one until the new one leads.
        watch_s: so long the new one must stay well.
        back_s: until the old one is up again after a failure.
    """

    start_s: float = 60.0
    switch_s: float = 30.0
    watch_s: float = 5.0
    back_s: float = 30.0


def limits_of(settings: Settings) -> Limits:
    """Return how long each part may take, as the settings say."""
    return Limits(
        start_s=settings.rollout_start_s,
        switch_s=settings.rollout_start_s,
        watch_s=settings.rollout_watch_s,
    )


class Clock(Protocol):
    """Time, and waiting for it."""

    def now_s(self) -> float:
        """Return seconds of a clock that nobody sets."""

    def wait(self, seconds: float) -> None:
        """Return after so long."""


class RealClock:
    """The computer's own clock."""

    def now_s(self) -> float:
        """Return seconds since some moment."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)
