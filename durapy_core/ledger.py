"""What is finished and what of it is committed: the books of one term."""

import time
from typing import Final

from durapy_core.engines.base import Progress
from durapy_core.entry import Cursor, NewEntry

BATCH: Final = 128
"""So many records are read at once, and so no more are finished without a commit."""

LAZY_COMMIT_S: Final = 1.0
"""How long the progress past records that nothing here hears may wait for its commit."""


class Ledger:
    """The cursor of a service, and the receipts that its next commit carries.

    A commit whose outcome is unknown is offered again just as it was, so that the store can tell
    that it is the same; nothing may be added before it was `written`.

    Attributes:
        cursor: the last record that was finished, committed or not.
        written_s: when the last commit was written, by `time.monotonic`.
    """

    def __init__(self, committed: Progress) -> None:
        self.cursor = committed.cursor
        self._committed = committed
        self._receipts: list[NewEntry] = []
        self._offered: Progress | None = None
        self.written_s = time.monotonic()

    @property
    def is_even(self) -> bool:
        """Whether all that was heard here is committed; what was not heard may wait longer."""
        return not self._receipts

    @property
    def is_in_doubt(self) -> bool:
        """Whether a commit was offered of which nobody knows if it was written."""
        return self._offered is not None

    def add(self, key: str, receipt: NewEntry | None) -> None:
        """Note that a record is finished, with its receipt if this service is to give one."""
        self.cursor = Cursor(key)
        if receipt is not None:
            self._receipts.append(receipt)

    def due(self, session: str | None) -> Progress | None:
        """Return what the next turn has to commit; None if nothing, or nothing that is urgent.

        Passing records that nothing here hears once more does no harm, so that may wait a second.
        """
        if (
            self._receipts
            or self._offered is not None
            or self._committed.session != session
            or time.monotonic() >= self.written_s + LAZY_COMMIT_S
        ):
            return self.offer(session)
        return None

    def offer(self, session: str | None) -> Progress | None:
        """Return all that is not committed, or None if all is; `session` is the text to keep."""
        known = self._committed
        if self._offered is None and (
            self._receipts or known.cursor != self.cursor or known.session != session
        ):
            self._offered = Progress(
                service=known.service,
                cursor=self.cursor,
                session=session,
                receipts=tuple(self._receipts),
            )
        return self._offered

    def written(self, progress: Progress) -> None:
        """Note that what was offered is in the store."""
        self._committed = progress
        self._receipts.clear()
        self._offered = None
        self.written_s = time.monotonic()
