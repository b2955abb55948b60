"""The janitor: keeps what the store holds as short as the settings say.

It runs in the process of the console, which is always there, so an ordinary service needs no right
to delete. Of several consoles on one store one does the work: whoever holds the janitor's lease.

No record goes that a service has still to read: the cursors of all that were seen lately hold the
trimming of commands back. One that is gone for longer does so no more, or a service that somebody
tried once would let the log grow for ever.

A clock that was set forward makes everything old at once. Then nothing is removed for its age, and
every service holds trimming back, until the clock is right again or the console starts anew.
"""

from collections.abc import Callable
from functools import cmp_to_key, partial
from typing import TYPE_CHECKING, Final

from loguru import logger

from durapy_core.engines.base import COMMANDS, STATUS, Engine
from durapy_core.entry import Cursor
from durapy_core.errors import EngineError, EngineUnavailableError, LeaseLostError
from durapy_core.log_watch import BEGINNINGS, note_beginnings, report_removed
from durapy_core.readers import Reader, readers_of, remove_old_statuses
from durapy_core.retention import DAY_S, keep_of
from durapy_core.settings import Settings
from durapy_core.side_thread import SideThread
from durapy_core.store_clock import boottime_s
from durapy_core.versions import VERSIONS, drop_old_versions

if TYPE_CHECKING:
    from durapy_core.engines.lead import Lead

JANITOR: Final = "webserver/janitor"
"""The name of its lease; no service can have it, as that is no name of a folder."""

EVERY_S: Final = 60.0
_TIDIES: Final = 12
"""So often between two rounds the store may tidy up its files."""

_MOST_JUMP_S: Final = 3600.0
_LEASE_ROUNDS: Final = 2.5


class Janitor(SideThread):
    """Trims logs and removes old statuses once a minute while in `with`.

    The first round is at once. At the end it gives its lease up, if the store takes that.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        every_s: float = EVERY_S,
        own_s: Callable[[], float] = boottime_s,
    ) -> None:
        super().__init__("janitor")
        self._engine = engine
        self._keep = keep_of(settings)
        self._hold_s = settings.keep_cursor_days * DAY_S or float("inf")
        self._every_s = every_s
        self._own_s = own_s
        self._ahead_s: float | None = None
        self._ages_count = True
        self._lead: Lead | None = None
        self._dropped: set[str] = set()
        self._complaints: dict[str, str] = {}

    def work(self) -> bool:
        """Do one round, unless another janitor has the lease; return whether it was done.

        Raises:
            EngineUnavailableError: the store did not answer; the next round does the rest.
        """
        if not self._leads():
            return False
        self._look_at_clock()
        self._attempt(BEGINNINGS, partial(report_removed, self._engine))
        for log in self._keep:
            self._attempt(log, partial(self._trim, log))
        self._attempt(BEGINNINGS, partial(note_beginnings, self._engine))
        self._attempt(STATUS, partial(remove_old_statuses, self._engine))
        self._attempt(VERSIONS, partial(drop_old_versions, self._engine))
        return True

    def close(self) -> None:
        """Give the lease up, so that another console's janitor may go on at once.

        Raises:
            EngineError: the store did not take that; the lease runs out by itself.
        """
        lead, self._lead = self._lead, None
        if lead is not None:
            try:
                lead.release(None)
            finally:
                lead.close()

    def _leads(self) -> bool:
        lead = self._lead
        if lead is None:
            self._lead = self._engine.lead(JANITOR, lease_s=self._every_s * _LEASE_ROUNDS)
            return self._lead is not None
        try:
            lead.renew()
        except LeaseLostError:
            lead.close()
            self._lead = None
        return self._lead is not None

    def _look_at_clock(self) -> None:
        """Find out whether the store's clock was set forward since the first round."""
        ahead_s = self._engine.now_s() - self._own_s()
        if self._ahead_s is None:
            self._ahead_s = ahead_s
        jumped_s = ahead_s - self._ahead_s
        if self._ages_count and jumped_s > _MOST_JUMP_S:
            logger.error(
                "the store's clock was set forward by {jumped_s} s; nothing is removed for its "
                "age until it is right again: correct it, or start the console again if it is",
                jumped_s=round(jumped_s),
            )
        self._ages_count = jumped_s <= _MOST_JUMP_S

    def _trim(self, log: str) -> None:
        keep, limit = self._keep[log], None
        if log == COMMANDS:
            limit = self._first_needed()
        age_s = keep.age_s if self._ages_count else None
        removed = self._engine.trim(log, keep=keep.count, max_age_s=age_s, not_after=limit)
        if removed:
            logger.info(
                "removed the {count} oldest entries of the log {log}",
                count=removed,
                log=log,
                up_to=self._engine.trimmed_to(log),
            )

    def _first_needed(self) -> Cursor | None:
        """Return the cursor that lies furthest back; None if nobody holds trimming back."""
        readers = readers_of(self._engine)
        hold_s = self._hold_s if self._ages_count else float("inf")
        gone = {reader.service for reader in readers if reader.age_s > hold_s}
        self._dropped &= gone
        for reader in readers:
            if reader.service in gone - self._dropped:
                self._warn_of(reader)
        self._dropped |= gone
        held = [reader.cursor for reader in readers if reader.service not in gone]
        return min(held, key=cmp_to_key(self._engine.compare), default=None)

    def _warn_of(self, reader: Reader) -> None:
        logger.warning(
            "{target} was not seen for {days} days: records that it has not read are removed as "
            "any other from now on; `durapy forget {target}` removes the service itself",
            target=reader.service,
            days=int(reader.age_s / DAY_S),
            cursor=reader.cursor,
        )

    def _attempt(self, what: str, act: Callable[[], None]) -> None:
        """Do one thing; what the store refuses is said once, and hinders nothing else."""
        try:
            act()
        except EngineUnavailableError:
            raise
        except EngineError as error:
            if self._complaints.get(what) != str(error):
                self._complaints[what] = str(error)
                logger.error(
                    "the janitor cannot look after {what}: {why}", what=what, why=str(error)
                )
        else:
            self._complaints.pop(what, None)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._quietly(self.work)
            for _ in range(_TIDIES):
                if self._stop.wait(self._every_s / _TIDIES):
                    break
                self._quietly(self._engine.tidy)
        self._quietly(self.close)

    def _quietly(self, act: Callable[[], object]) -> None:
        try:
            act()
        except EngineError as error:  # others wait for the store as well, and say so
            logger.debug("the janitor does it later: {why}", why=str(error))
        except Exception:  # noqa: BLE001 (a rig without a janitor fills its store)
            logger.exception("the janitor met an unforeseen error; it goes on")
