"""The store's clock, as one process knows it: a record's age is told by the clock that stamped it.

Each renewal of the lease brings the store's time; who leads nothing asks for it as often. In
between it is advanced by a clock of this process that nobody can set and that goes on while the
computer sleeps.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from loguru import Logger

STEP_S: Final = 1.0
"""A jump of the store's clock by more than this is reported, and ages are doubted."""

WARN_OFFSET_S: Final = 0.005
FAR_CLOCK: Final = (
    "this computer's clock is {offset_ms} ms from the store's; synchronise them (NTP)"
)
_SLOW_S: Final = 0.1
_BOOTTIME: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def boottime_s() -> float:
    """Return a clock of this computer that cannot be set and runs on while it sleeps, in seconds.

    Source: clock_gettime(2), CLOCK_BOOTTIME; elsewhere the monotonic clock.
    """
    return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)


class StoreClock:
    """Tells the store's time without asking it. Any thread may read; one at a time samples.

    Attributes:
        offset_s: the store's clock minus this computer's, in seconds; None before a sample.
        is_far: whether that is certainly more than WARN_OFFSET_S.
        steps: how often the store's clock was found to have jumped.
    """

    def __init__(
        self,
        log: "Logger",
        *,
        own_s: Callable[[], float] = boottime_s,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self.offset_s: float | None = None
        self.is_far = False
        self.steps = 0
        self._log = log
        self._own_s = own_s
        self._wall_s = wall_s
        self._ahead_s: float | None = None
        self._doubted_until_s = 0.0
        self._warned_s = 0.0

    def now_s(self) -> float:
        """Return the store's time, seconds since 1970; this computer's before the first sample."""
        ahead_s = self._ahead_s
        return self._wall_s() if ahead_s is None else self._own_s() + ahead_s

    def measure(self, ask: Callable[[], float]) -> None:
        """Take the answer of `ask`, which asks the store for its time; its errors are raised."""
        asked_s = self._own_s()
        self.sample(ask(), asked_s=asked_s)

    def sample(self, store_s: float, *, asked_s: float) -> None:
        """Take the store's answer to the question for its time, asked at `asked_s` of our clock."""
        answered_s = self._own_s()
        took_s = answered_s - asked_s
        ahead_s = store_s - (asked_s + answered_s) / 2
        known_s = self._ahead_s
        if known_s is not None:
            stepped = abs(ahead_s - known_s) > STEP_S + took_s
            if stepped:
                self._note_step(ahead_s - known_s, store_s)
            elif took_s > _SLOW_S:
                return  # what is known is better than such an answer
        self._ahead_s = ahead_s
        self.offset_s = store_s - (self._wall_s() - took_s / 2)
        self._warn(self.offset_s, took_s)

    def agrees(self, sent_at_s: float) -> bool:
        """Return whether the age of a record stamped `sent_at_s` can be told from `now_s`."""
        if sent_at_s > self.now_s() + STEP_S:
            return False  # stamped before the clock was set back
        if sent_at_s < self._doubted_until_s:
            return False  # stamped before it was set forward
        self._doubted_until_s = 0.0
        return True

    def _note_step(self, by_s: float, store_s: float) -> None:
        self.steps += 1
        if by_s > 0:
            self._doubted_until_s = store_s
        self._log.warning(
            "the store's clock jumped by {by_s} s; commands with a max_age_s are refused until it "
            "agrees with their keys",
            by_s=round(by_s, 3),
        )

    def _warn(self, offset_s: float, took_s: float) -> None:
        """Say once that the clocks differ, again when the difference has changed."""
        self.is_far = abs(offset_s) - took_s / 2 > WARN_OFFSET_S
        if not self.is_far:
            self._warned_s = 0.0
        elif abs(offset_s - self._warned_s) > WARN_OFFSET_S + took_s / 2:
            self._warned_s = offset_s
            self._log.warning(FAR_CLOCK, offset_ms=round(offset_s * 1000, 1))
