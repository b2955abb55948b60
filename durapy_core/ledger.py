"""What is finished and what of it is committed: the books of one term."""

from typing import Final

from durapy_core.engines.base import Progress
from durapy_core.entry import Cursor, NewEntry

BATCH: Final = 128
"""So many records are read at once, and so no more are finished without a commit."""


class Ledger:
    """The cursor of a service, and the receipts that its next commit carries.

    A commit whose outcome is unknown is offered again just as it was, so that the store can tell
    that it is the same; nothing may be added before it was `written`.

    Attributes:
        cursor: the last record that was finished, committed or not.
    """

    def __init__(self, committed: Progress) -> None:
        self.cursor = committed.cursor
        self._committed = committed
        self._receipts: list[NewEntry] = []
        self._offered: Progress | None = None

    @property
    def is_even(self) -> bool:
        """Whether all that is finished is committed."""
        return self.cursor == self._committed.cursor

    @property
    def is_in_doubt(self) -> bool:
        """Whether a commit was offered of which nobody knows if it was written."""
        return self._offered is not None

    def add(self, key: str, receipt: NewEntry | None) -> None:
        """Note that a record is finished, with its receipt if this service is to give one."""
        self.cursor = Cursor(key)
        if receipt is not None:
            self._receipts.append(receipt)

    def offer(self, session: str | None) -> Progress | None:
        """Return what is to be committed, or None if all is; `session` is the text to keep."""
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
