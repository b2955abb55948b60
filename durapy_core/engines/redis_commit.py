"""How far a service has come, as it is written to Redis: the cursor, the session, the receipts.

One that leads a service commits with a token: then the commit carries a stamp, and a commit whose
reply was lost is looked up by its stamp before the next one, so that no receipt is stored twice.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from durapy_core.engines.base import RECEIPTS, Progress
from durapy_core.engines.redis_link import Link, in_transaction
from durapy_core.engines.redis_wire import ReceiptPacker, pack
from durapy_core.entry import Cursor, NewEntry

if TYPE_CHECKING:
    from types import EllipsisType


class Account:
    """The stored progress of one service, and what is known of it on this side."""

    def __init__(self, prefix: str, service: str, *, token: str = "") -> None:
        self._key = progress_key(prefix, service)
        name = self._key.encode()
        self._head = b"$4\r\nHSET\r\n$%d\r\n%b\r\n$6\r\ncursor\r\n" % (len(name), name)
        self._receipts = ReceiptPacker(prefix + RECEIPTS)
        self._token = token
        self._stamps = 0
        self._session: str | EllipsisType | None = ...
        self._doubt: tuple[str, tuple[NewEntry, ...]] | None = None
        self._unacknowledged: tuple[NewEntry, ...] = ()

    def forget(self) -> None:
        """Take nothing as stored: the server may have lost it."""
        self._session = ...

    def pack(self, link: Link, progress: Progress) -> list[bytes]:
        """Return the requests that write progress and its receipts.

        Goes over `link` if the reply of an earlier commit was lost.
        """
        if self._doubt is not None or self._unacknowledged:
            progress = self._without_stored(link, progress)
        receipts = progress.receipts
        if not receipts:
            return [self._pack_progress(progress)]
        return [self._pack_progress(progress), *map(self._receipts.pack, receipts)]

    def acknowledge(self, progress: Progress) -> None:
        """Take it as stored."""
        self._doubt = None
        self._unacknowledged = ()
        self._session = progress.session

    def _without_stored(self, link: Link, progress: Progress) -> Progress:
        """Return the progress without the receipts that commits without a reply have stored."""
        if self._doubt is not None:
            stamp, receipts = self._doubt
            if link.call(pack("HGET", self._key, "commit")) == stamp.encode():
                self._unacknowledged += receipts
            self._doubt = None
        count = len(self._unacknowledged)
        if count and progress.receipts[:count] == self._unacknowledged:
            return replace(progress, receipts=progress.receipts[count:])
        return progress

    def _pack_progress(self, progress: Progress) -> bytes:
        """Return the HSET of a cursor, and of the session unless it is stored already."""
        cursor = progress.cursor.encode()
        packed, count = b"$%d\r\n%b\r\n" % (len(cursor), cursor), 4
        if self._session != progress.session:
            self._session = ...  # until its reply is here
            session = "" if progress.session is None else f"={progress.session}"
            packed, count = packed + _field("session", session), 6
        if self._token and progress.receipts:
            self._stamps += 1
            stamp = f"{self._token}/{self._stamps}"
            self._doubt = (stamp, progress.receipts)
            packed, count = packed + _field("commit", stamp), count + 2
        return b"*%d\r\n%b%b" % (count, self._head, packed)


class Commit:
    """One commit, for as many attempts as it takes; it does `more` in the same step.

    Attributes:
        sent: whether it was ever sent.
        done: whether the server has acknowledged it.
    """

    def __init__(self, account: Account, progress: Progress | None, *more: bytes) -> None:
        self.sent = False
        self.done = False
        self._account = account
        self._progress = progress
        self._more = more
        self._count = 0

    def __call__(self, link: Link) -> list[Any]:
        """Commit, and return the results of its requests."""
        link.send(self.pack(link))
        return self.take(link)

    def pack(self, link: Link) -> bytes:
        """Return the request."""
        progress = self._progress
        requests = [] if progress is None else self._account.pack(link, progress)
        requests += self._more
        self._count = len(requests)
        self.sent = True
        return requests[0] if self._count == 1 else in_transaction(b"".join(requests))

    def take(self, link: Link) -> list[Any]:
        """Take its replies, and return the results of its requests.

        Raises:
            Lost: they did not come; the next `pack` finds out.
            EngineError: the server refused it.
        """
        results = [link.reply()] if self._count == 1 else link.unpack(self._count)
        if self._progress is not None:
            self._account.acknowledge(self._progress)
        self.done = True
        return results


def progress_key(prefix: str, service: str) -> str:
    """Return the key that holds the progress of a service."""
    return f"{prefix}progress:{service}"


def parse_progress(service: str, cursor: bytes | None, session: bytes | None) -> Progress | None:
    """Return the progress in two fields of its key, or None if nothing was ever committed."""
    if cursor is None:
        return None
    kept = (session or b"").decode(errors="replace")
    return Progress(
        service=service,
        cursor=Cursor(cursor.decode(errors="replace")),
        session=kept.removeprefix("=") if kept else None,
    )


def _field(name: str, value: str) -> bytes:
    data = value.encode()
    return b"$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name.encode(), len(data), data)
