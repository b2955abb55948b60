"""What a predecessor that died left open: records handed over again, and what it sent for them."""

from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Final

from durapy_core.entry import Entry, NewEntry
from durapy_core.errors import DivergedError
from durapy_core.kept import Kept
from durapy_core.ledger import BATCH

KILLS: Final = 3
"""A record, or a restored controller, that ended so many processes in a row is not tried again."""

_MARGIN_S: Final = 10.0
"""So long after its lease ran out a predecessor that was frozen may have sent, unaware of that."""


class Redelivery:
    """The records that may have been handled before, until the last of them has been passed.

    Attributes:
        until_s: records sent until then, by the store's clock, may have been handed over before.
        mark: the key of the record that was in hand, if that is known and it is not passed yet.
        attempts: how many processes in a row ended here without finishing a record; after the first
            of them only those count that had begun one.
    """

    def __init__(self, *, until_s: float, mark: str | None, attempts: int) -> None:
        self.until_s = until_s
        self.mark = mark
        self.attempts = attempts
        self._sends: dict[tuple[str | None, int], Entry] = {}
        self._suspects = BATCH

    def gather(
        self, service: str, backlog: Iterable[Entry], *, is_open: Callable[[str], bool]
    ) -> None:
        """Take from the log what the service sent for records that are not finished.

        Args:
            service: its name.
            backlog: the log after the cursor, oldest first; read no further than needed.
            is_open: whether the record of a key lies after the cursor.
        """
        last_s = self.until_s + _MARGIN_S
        for entry in takewhile(lambda entry: entry.sent_at_s <= last_s, backlog):
            if entry.sender == service and entry.n is not None and is_open(entry.cause or ""):
                self._sends.setdefault((entry.cause, entry.n), entry)

    def covers(self, entry: Entry) -> bool:
        """Return whether a record may have been handed over before."""
        return entry.sent_at_s <= self.until_s

    @property
    def careful(self) -> bool:
        """Whether the next record may be what ended a process: mark it, then commit it alone."""
        return self._suspects > 0

    def killed(self, entry: Entry) -> bool:
        """Return whether a record ended process after process, and is to be passed over."""
        return self.attempts >= KILLS and entry.key == self.mark

    def recognise(self, new: NewEntry) -> Entry | None:
        """Return the stored entry of a numbered send that was made before, or None.

        Raises:
            DivergedError: something else was sent under this number.
        """
        found = self._sends.get((new.cause, new.n or 0))
        if found is None or (found.type == new.type and found.body == new.body):
            return found
        raise DivergedError(
            f"Send {new.n} of the handler of {new.cause} was {found.type} {found.key} before this "
            f"service was interrupted, and now is another {new.type}; it was not sent. Let a "
            "handler send the same when it is called again, or register it with redeliver=False."
        )

    def passed(self, key: str) -> None:
        """Note that a record is finished: it is not in hand any more, and nothing else was."""
        self.attempts = 0
        self._suspects -= 1
        if key == self.mark:
            self.mark = None

    def add_to(self, kept: Kept) -> Kept:
        """Return what is to be kept while this is not over."""
        return kept.model_copy(update={"unsure_until_s": self.until_s, "mark": self.mark})
