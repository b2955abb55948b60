"""Leading a service on Redis, over connections of its own that are registered in the lease.

Three: one sends, one reads and commits, one renews and marks. A leader that was superseded finds
them closed by the server, and cannot register new ones: every method then raises LeaseLostError.
A server that has restarted is told of the lease again when a connection is made to it.
"""

import secrets
from collections.abc import Sequence
from typing import Final

from durapy_core.engines.base import LEASES, Progress
from durapy_core.engines.lead import Lead, Tenure, lost
from durapy_core.engines.redis_commit import Account, Commit
from durapy_core.engines.redis_control import Control
from durapy_core.engines.redis_identity import Identity
from durapy_core.engines.redis_lease import RedisLease
from durapy_core.engines.redis_link import REPLY_TIMEOUT_S, Link
from durapy_core.engines.redis_read import READ_TIMEOUT_S, Reader
from durapy_core.engines.redis_send import Sender
from durapy_core.engines.redis_server import Namespace
from durapy_core.entry import Cursor, Entry, NewEntry
from durapy_core.errors import LeaseLostError

_TOKEN_BYTES: Final = 12


class RedisLead(Lead):
    """The lead of one service, taken through the `control` of an engine."""

    def __init__(
        self, namespace: Namespace, lease: RedisLease, tenure: Tenure, control: Control
    ) -> None:
        self.tenure = tenure
        self._server = namespace.server
        self._lease = lease
        self._leases = namespace.prefix + LEASES
        self._engine_control = control
        self._gone = False
        self._marked = tenure.mark is not None
        self._account = Account(namespace.prefix, lease.service, token=lease.token)
        self._sender = Sender(namespace, self._make_link())
        self._control = Control(self._server, self._make_link())
        self._reader = Reader(
            namespace,
            make_link=lambda: self._make_link(READ_TIMEOUT_S),
            on_connect=self._account.forget,
        )

    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store one entry; see `Lead.append`."""
        self._check()
        return self._sender.append(log, entry)

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries, 100 in one transaction; see `Lead.append_many`."""
        self._check()
        return self._sender.append_many(log, entries)

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
        self._check()
        before = None if commit is None else Commit(self._account, commit, *self._unmark())
        entries = self._reader.read(log, after=after, limit=limit, wait_s=wait_s, before=before)
        if commit is not None:
            self._marked = False
        return entries

    def commit(self, progress: Progress) -> None:
        """Write the progress and its receipts in one transaction."""
        self._check()
        self._reader.run(Commit(self._account, progress, *self._unmark()))
        self._marked = False

    def mark(self, key: str) -> None:
        """Write that a record is about to be handled."""
        self._check()
        self._marked = True
        self._control.run(lambda link: self._lease.mark(link, key))

    def renew(self) -> float:
        """Extend the lease, and return the server's time."""
        self._check()
        return self._control.run(self._lease.renew)

    def release(self, progress: Progress | None) -> None:
        """Write the progress, give the lease up, and wake who waits, in one transaction."""
        self._check()
        unmark = () if progress is None else self._unmark()
        freeing = self._lease.pack_release(self._leases)
        self._give_up(Commit(self._account, progress, *unmark, freeing))

    def forget(self) -> None:
        """Remove the progress and give the lease up in one step."""
        self._check()
        self._give_up(Commit(self._account, None, self._lease.pack_forget()))

    def close(self) -> None:
        """Close the connections."""
        self._gone = True
        self._sender.close()
        self._control.close()
        self._reader.close()

    def _give_up(self, commit: Commit) -> None:
        """Carry out what frees the lease, and close the connections."""
        try:
            freed = self._reader.run(commit)[-1]
        except LeaseLostError:
            # The reply of an attempt may have been lost: then the lease is free, and by our doing.
            freed = commit.sent and self._engine_control.run(self._lease.was_released)
        self.close()
        if not freed:
            raise lost(self._lease.service)

    def _make_link(self, timeout_s: float = REPLY_TIMEOUT_S) -> Link:
        identity = Identity(self._join)
        return Link(self._server, timeout_s=timeout_s, greet=identity.greet)

    def _join(self, link: Link, client_id: int, former: int | None) -> None:
        self._check()
        try:
            self._lease.join(link, client_id, former)
        except LeaseLostError:
            self.close()
            raise

    def _check(self) -> None:
        if self._gone:
            raise lost(self._lease.service)

    def _unmark(self) -> tuple[bytes, ...]:
        return (self._lease.pack_unmark(),) if self._marked else ()


def take_lead(
    namespace: Namespace, service: str, *, lease_s: float, control: Control
) -> RedisLead | None:
    """Return the lead of a service, or None if another process has it."""
    token = secrets.token_hex(_TOKEN_BYTES)
    lease = RedisLease(namespace.prefix, service, token=token, lease_s=lease_s)
    tenure = control.run(lease.take)
    return None if tenure is None else RedisLead(namespace, lease, tenure, control)
