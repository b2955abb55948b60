"""Leading a service on the engine in memory: replicas are threads of one process."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from durapy_core.engines.base import LEASES, Progress
from durapy_core.engines.lead import Lead, Tenure
from durapy_core.entry import Cursor, Entry, NewEntry

if TYPE_CHECKING:
    from durapy_core.engines.memory import MemoryEngine


class Lease:
    """The lease of one service: who may hold it, and what the next holder is told.

    Attributes:
        epoch: counts its holders.
        released: whether the last holder gave it up.
        until_s: when it runs out.
        mark: the record that a holder was about to handle.
        touched: whether the present holder wrote that mark.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.released = True
        self.until_s = 0.0
        self.mark: str | None = None
        self.touched = False
        self._attempts = 0
        self._cursor: Cursor | None = None

    def is_free(self, *, now_s: float) -> bool:
        """Return whether somebody may take it."""
        return self.released or now_s > self.until_s

    def take(self, progress: Progress | None, *, now_s: float, lease_s: float) -> Tenure:
        """Give it to a new holder, and return what that one is told."""
        clean, cursor = self.released, progress.cursor if progress else None
        unmoved = not clean and cursor == self._cursor
        before = self._attempts if unmoved else 0
        self._attempts = 0 if clean else max(before + self.touched, 1)
        self._cursor, self.touched = cursor, False
        held_until_s, self.until_s = self.until_s, now_s + lease_s
        self.epoch += 1
        self.released = False
        return Tenure(
            epoch=self.epoch,
            progress=progress,
            clean=clean,
            attempts=self._attempts,
            mark=self.mark,
            held_until_s=held_until_s,
            now_s=now_s,
        )


class MemoryLead(Lead):
    """The lead of one service; every write checks under the engine's lock that it still holds."""

    def __init__(
        self, engine: "MemoryEngine", service: str, tenure: Tenure, *, lease_s: float
    ) -> None:
        self.tenure = tenure
        self._engine = engine
        self._service = service
        self._lease_s = lease_s

    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store one entry; see `Lead.append`."""
        with self._engine.fenced(self._service, self.tenure.epoch):
            return self._engine.append(log, entry)

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries in one step; see `Lead.append_many`."""
        with self._engine.fenced(self._service, self.tenure.epoch):
            return self._engine.append_many(log, entries)

    def read(
        self,
        log: str,
        *,
        after: Cursor,
        limit: int = 128,
        wait_s: float = 0.0,
        commit: Progress | None = None,
    ) -> list[Entry]:
        """Return the entries after a cursor; see `Lead.read`."""
        with self._engine.fenced(self._service, self.tenure.epoch):
            if commit is not None:
                self.commit(commit)
        return self._engine.read(log, after=after, limit=limit, wait_s=wait_s)

    def commit(self, progress: Progress) -> None:
        """Keep the progress and its receipts."""
        with self._engine.fenced(self._service, self.tenure.epoch) as lease:
            self._engine.commit(progress)
            lease.mark, lease.touched = None, False

    def mark(self, key: str) -> None:
        """Keep that a record is about to be handled."""
        with self._engine.fenced(self._service, self.tenure.epoch) as lease:
            lease.mark, lease.touched = key, True

    def renew(self) -> float:
        """Extend the lease, and return this computer's clock."""
        with self._engine.fenced(self._service, self.tenure.epoch) as lease:
            now_s = self._engine.now_s()
            lease.until_s = now_s + self._lease_s
            return now_s

    def release(self, progress: Progress | None) -> None:
        """Keep the progress, give the lease up, and wake who waits."""
        with self._engine.fenced(self._service, self.tenure.epoch) as lease:
            if progress is not None:
                self._engine.commit(progress)
                lease.mark, lease.touched = None, False
            lease.released = True
            self._engine.append(LEASES, NewEntry(type="RELEASED", body="{}", sender=self._service))

    def forget(self) -> None:
        """Remove the progress and give the lease up."""
        with self._engine.fenced(self._service, self.tenure.epoch) as lease:
            lease.mark, lease.touched, lease.released = None, False, True
            self._engine.drop_progress(self._service)

    def close(self) -> None:
        """Do nothing: there is no connection."""
