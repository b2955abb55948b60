"""Holding the lease of a service: its deadline, and the thread that renews it.

A leader may handle a record only before its deadline, which lies before the moment at which
another process may take over. Both are told by a clock that runs on while a process is stopped, so
one that was frozen finds out before it touches the next record.
"""

from collections.abc import Callable
from typing import Final

from loguru import logger

from durapy_core.engines.lead import Lead
from durapy_core.errors import EngineError, LeaseLostError
from durapy_core.side_thread import SideThread
from durapy_core.store_clock import StoreClock, boottime_s

SAFE_PART: Final = 0.8
"""Of a lease, this part is used: the rest is for clocks that run unevenly."""


class Leadership:
    """The lease of one lead, and until when records may be handled under it. Thread-safe."""

    def __init__(
        self,
        lead: Lead,
        clock: StoreClock,
        *,
        lease_s: float,
        asked_s: float,
        own_s: Callable[[], float] = boottime_s,
    ) -> None:
        """Take a lead that was asked for at `asked_s` of our own clock."""
        self._lead = lead
        self._clock = clock
        self._own_s = own_s
        self._for_s = lease_s * SAFE_PART
        self._deadline_s = asked_s + self._for_s
        self._lost: LeaseLostError | None = None
        clock.sample(lead.tenure.now_s, asked_s=asked_s)

    def check(self) -> None:
        """Return if the next record may be handled; past the deadline the lease is renewed first.

        Raises:
            LeaseLostError: another process leads now.
            EngineUnavailableError: the store did not answer, so that is not known.
        """
        if self.is_due():
            self.renew()

    def is_due(self) -> bool:
        """Return whether the deadline has come, so that `check` has to ask the store."""
        return self._own_s() >= self._deadline_s

    def renew(self) -> None:
        """Renew the lease and sample the store's clock.

        Raises:
            LeaseLostError: another process leads now.
            EngineUnavailableError: the store did not answer.
        """
        if self._lost is not None:
            raise self._lost
        asked_s = self._own_s()
        try:
            store_s = self._lead.renew()
        except LeaseLostError as error:
            self.lose(error)
            raise
        self._clock.sample(store_s, asked_s=asked_s)
        if self._lost is None:
            self._deadline_s = max(self._deadline_s, asked_s + self._for_s)

    def lose(self, error: LeaseLostError) -> None:
        """Note that the lease is another's now: every later check raises."""
        self._lost = error
        self._deadline_s = float("-inf")


class LeaseKeeper(SideThread):
    """Renews again and again while in `with`.

    A handler that blocks does not delay it, unless it holds the interpreter lock.
    """

    def __init__(self, renew: Callable[[], None], *, every_s: float) -> None:
        """Take what renews the lease, if there is one now."""
        super().__init__("lease")
        self._renew = renew
        self._every_s = every_s

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self._renew()
            except EngineError:
                pass  # the loop finds out by itself, and says so
            except Exception:  # noqa: BLE001 (without it a handler that takes long loses the lead)
                logger.exception("the lease could not be renewed; trying again")
