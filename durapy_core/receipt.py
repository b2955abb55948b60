"""What became of a record in one service: the receipts that answer "who heard it?".

Plain data, written by the runtime beside its cursor and read by the console and the command line.
A receipt is an entry of the log `receipts`: its cause is the record, its sender the service.
"""

import json
from enum import StrEnum
from typing import Final, Self

from pydantic import BaseModel, ConfigDict

from durapy_core.entry import Entry, NewEntry
from durapy_core.errors import CorruptRecordError

RECEIPT: Final = "RECEIPT"
"""The wire type of every receipt."""


class Outcome(StrEnum):
    """How a record ended in a service.

    Attributes:
        DONE: its handler returned.
        FAILED: its handler raised, or sent something else when it was handed over again.
        INVALID: its body does not fit the command that this service knows.
        EXPIRED: it was older than its command's `max_age_s` and was not executed.
        INTERRUPTED: its handler may have begun in a process that died, and is not called again.
        REFUSED: the service may not execute it now; `text` says why.
    """

    DONE = "done"
    FAILED = "failed"
    INVALID = "invalid"
    EXPIRED = "expired"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"


class Receipt(BaseModel):
    """What became of one record in one service.

    Attributes:
        key: of the record.
        service: who wrote this.
        outcome: see `Outcome`.
        text: why, in words; empty when done.
        wait_s: from the store's taking the record to the handler's start, in seconds; None when
            no handler was called.
        took_s: how long the handler took, in seconds; None when no handler was called.
        redelivered: whether the record had, or may have, been handed over before.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    service: str
    outcome: Outcome
    text: str = ""
    wait_s: float | None = None
    took_s: float | None = None
    redelivered: bool = False

    def to_entry(self) -> NewEntry:
        """Return the entry to append to the log `receipts`."""
        body = self.model_dump_json(exclude={"key", "service"}, exclude_defaults=True)
        return NewEntry(type=RECEIPT, body=body, sender=self.service, cause=self.key)

    @classmethod
    def from_entry(cls, entry: Entry) -> Self:
        """Return the receipt in a stored entry.

        Raises:
            CorruptRecordError: the entry is no receipt.
        """
        try:
            body = json.loads(entry.body or "")
            return cls.model_validate({**body, "key": entry.cause, "service": entry.sender})
        except (ValueError, TypeError) as error:
            raise CorruptRecordError(f"The receipt {entry.key} cannot be read.") from error
