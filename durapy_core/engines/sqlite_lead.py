"""Leading a service on the SQLite file: every transaction begins with a look at the lease."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from durapy_core.engines.base import LEASES, Progress
from durapy_core.engines.lead import Lead, Tenure
from durapy_core.engines.sqlite_entries import store
from durapy_core.engines.sqlite_lease import SqliteLease
from durapy_core.entry import Cursor, Entry, NewEntry

if TYPE_CHECKING:
    import sqlite3

    from durapy_core.engines.sqlite import SqliteEngine
    from durapy_core.engines.sqlite_store import SqliteStore


def take_lead(
    engine: "SqliteEngine", file: "SqliteStore", service: str, *, lease_s: float
) -> Lead | None:
    """Return the lead of a service, or None if another process has it."""
    token = secrets.token_hex(16)
    lease = SqliteLease(file.namespace, service, token=token, lease_s=lease_s)
    tenure = file.transact(lease.take)
    return None if tenure is None else SqliteLead(engine, file, lease, tenure, service=service)


class SqliteLead(Lead):
    """The lead of one service, checked in each transaction."""

    def __init__(
        self,
        engine: "SqliteEngine",
        file: "SqliteStore",
        lease: SqliteLease,
        tenure: Tenure,
        *,
        service: str,
    ) -> None:
        self.tenure = tenure
        self._engine = engine
        self._store = file
        self._lease = lease
        self._service = service
        self._marked = tenure.mark is not None

    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store one entry; see `Lead.append`."""
        return self._store.append(log, entry, self._lease.check)

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries, 100 in one transaction; see `Lead.append_many`."""
        return self._store.append_many(log, entries, self._lease.check)

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
        if commit is not None:
            self.commit(commit)
        else:
            self._lease.look(self._store.file)
        return self._engine.read(log, after=after, limit=limit, wait_s=wait_s)

    def commit(self, progress: Progress) -> None:
        """Write the progress and its receipts in one transaction."""
        actions = [self._unmark] if self._marked else []
        self._store.commit(progress, *actions, guard=self._lease.check)
        self._marked = False

    def mark(self, key: str) -> None:
        """Write that a record is about to be handled."""
        self._marked = True
        self._store.transact(lambda writer: self._lease.mark(writer, key), self._lease.check)

    def renew(self) -> float:
        """Extend the lease, and return this computer's clock."""
        return self._store.transact(self._lease.renew, self._lease.check)

    def release(self, progress: Progress | None) -> None:
        """Write the progress and give the lease up in one transaction, then wake who waits."""
        leases = self._store.log_id(LEASES)
        gone = NewEntry(type="RELEASED", body="{}", sender=self._service)

        def free(writer: "sqlite3.Connection") -> None:
            self._lease.free(writer)
            store(writer, leases, gone)

        if progress is None:
            self._store.transact(free, self._lease.check)
        else:
            self._store.commit(progress, self._unmark, free, guard=self._lease.check)
        self._store.bells.ring(leases)

    def forget(self) -> None:
        """Remove the progress and give the lease up in one transaction."""
        self._store.transact(self._lease.forget, self._lease.check)

    def close(self) -> None:
        """Do nothing: the connections are the engine's."""

    def _unmark(self, writer: "sqlite3.Connection") -> None:
        self._lease.mark(writer, None)
