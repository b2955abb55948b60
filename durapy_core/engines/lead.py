"""The port to leading a service: the one process that handles its commands.

A service name holds a lease in the store. `Engine.lead` takes it and returns a `Lead`, through
which the leading process sends, reads and saves its progress. What goes through a `Lead` is fenced:
once another process has taken the lease over, nothing of the former leader enters a log, the
cursor or the receipts, however late it arrives.

What an engine cannot prevent: a handler that is frozen half-way, and goes on after another process
took over, may still finish what it does outside the store.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from durapy_core.engines.base import Progress
from durapy_core.entry import Cursor, Entry, NewEntry
from durapy_core.errors import LeaseLostError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """What a process is told when it takes the lease of a service, in one atomic step.

    Attributes:
        epoch: counts the times that this service's lease was taken, from 1.
        progress: as the predecessor left it; None: the service has never run.
        clean: the predecessor released the lease, or there was none.
        attempts: how many holders in a row ended uncleanly at this cursor, the first one and those
            that had marked a record: 0 when `clean`, else from 1.
        mark: the key of a record that a predecessor marked before handling it, and did not finish.
        held_until_s: the store's time until which the predecessor may have handled records: its
            last renewal and the length of its lease; 0.0 without a predecessor.
        now_s: the store's time, seconds since 1970.
    """

    epoch: int
    progress: Progress | None
    clean: bool
    attempts: int
    mark: str | None
    held_until_s: float
    now_s: float


class Lead(ABC):
    """The lead of one service, until `release`, `close`, or the loss of its lease.

    Every method raises LeaseLostError once another process has taken over; it wrote nothing then.
    Any thread may call `append`, `append_many`, `renew` and `mark`; one thread reads and commits.

    Attributes:
        tenure: what was found when the lease was taken.
    """

    tenure: Tenure

    @abstractmethod
    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store one entry; see `Engine.append`."""

    @abstractmethod
    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries in their order; see `Engine.append_many`."""

    @abstractmethod
    def read(
        self,
        log: str,
        *,
        after: Cursor,
        limit: int = 128,
        wait_s: float = 0.0,
        commit: Progress | None = None,
    ) -> list[Entry]:
        """Return the entries after a cursor; see `Engine.read`.

        `commit` with its receipts is written in one atomic step, before the wait, in the same
        round trip.
        """

    @abstractmethod
    def commit(self, progress: Progress) -> None:
        """Write the progress and append its receipts in one atomic step.

        Raises:
            EngineUnavailableError: the store did not answer; whether it was written is unknown.
                Writing it again appends its receipts once only.
        """

    @abstractmethod
    def mark(self, key: str) -> None:
        """Write that the record `key` is about to be handled, and return when that is stored.

        The next `commit` or `release` removes the mark.
        """

    @abstractmethod
    def renew(self) -> float:
        """Extend the lease from now, and return the store's time (seconds since 1970).

        A lease that has run out and was not taken over can be renewed. Uses a connection of its
        own: a thread that blocks in `read` or `append` does not delay it.
        """

    @abstractmethod
    def release(self, progress: Progress | None) -> None:
        """Write the progress, give the lease up, and wake who waits for it, in one atomic step.

        Who waits reads the log `leases`, to which this appends an entry sent by the service.
        """

    @abstractmethod
    def forget(self) -> None:
        """Remove the progress of the service and give the lease up, in one atomic step.

        The service is then as one that never ran, but for its epoch, which goes on counting: so a
        process of it that was frozen all the while cannot come back.
        """

    @abstractmethod
    def close(self) -> None:
        """Close this lead's connections without giving the lease up; twice does no harm."""


def lost(service: str) -> LeaseLostError:
    """Return the error for a leader whose lease is another's now, or was given up."""
    return LeaseLostError(
        f'This process no longer leads the service "{service}": another one took over, or it gave '
        "the lead up. Nothing was written."
    )
