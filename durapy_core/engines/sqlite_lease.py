"""The lease of a service as a row of the SQLite file.

Whether a lease has run out is judged by a clock that neither stops while the computer sleeps nor
jumps when its time is set, and that all processes under one kernel share. The identity of the boot
is kept beside it: a restart of the computer ends every lease.
"""

import sqlite3
import time
from pathlib import Path
from typing import Final

from durapy_core.engines.base import Progress
from durapy_core.engines.lead import Tenure, lost
from durapy_core.engines.sqlite_file import SqliteFile
from durapy_core.entry import Cursor

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_SELECT: Final = (
    "SELECT epoch, token, boot, until_boot_s, until_s, lease_s, mark, touched, attempts,"
    " cursor FROM leases WHERE namespace = ? AND service = ?"
)
_NONE: Final = (0, None, "", 0.0, 0.0, 0.0, None, 0, 0, None)
_TAKE: Final = (
    "INSERT OR REPLACE INTO leases (namespace, service, epoch, token, boot, until_boot_s, until_s,"
    " lease_s, mark, attempts, cursor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_HOLDS: Final = "SELECT 1 FROM leases WHERE namespace = ? AND service = ? AND token = ?"
_SET: Final = "UPDATE leases SET {} WHERE namespace = ? AND service = ?"
_RENEW: Final = _SET.format("boot = ?, until_boot_s = ?, until_s = ?, lease_s = ?")
_MARK: Final = _SET.format("mark = ?, touched = ?")
_FREE: Final = _SET.format("token = NULL")
_CLEAR: Final = _SET.format("token = NULL, mark = NULL, touched = 0, attempts = 0, cursor = NULL")
_DROP: Final = "DELETE FROM progress WHERE namespace = ? AND service = ?"
_PROGRESS: Final = "SELECT cursor, session FROM progress WHERE namespace = ? AND service = ?"


class SqliteLease:
    """One process's claim on the lease of one service; every method runs in a transaction."""

    def __init__(self, namespace: str, service: str, *, token: str, lease_s: float) -> None:
        self._whose = (namespace, service)
        self._claim = (*self._whose, token)
        self._service = service
        self._token = token
        self._lease_s = lease_s
        self._boot = boot_id()

    def take(self, writer: sqlite3.Connection) -> Tenure | None:
        """Take the lease, or return None if another holds it."""
        found = writer.execute(_SELECT, self._whose).fetchone()
        row = found or _NONE
        epoch, token, boot, until_boot_s, until_s, lease_s, mark, touched, attempts, cursor = row
        now_boot_s = _boot_s()
        same_boot = boot == self._boot
        left_s = until_boot_s - now_boot_s if same_boot else 0.0
        # More left than was ever given: this system names no boots, and this one is another.
        if token is not None and 0 < left_s <= lease_s:
            return None
        progress = self._progress(writer)
        here = progress.cursor if progress else None
        clean = token is None
        before = attempts if here == cursor else 0
        attempts = 0 if clean else max(before + touched, 1)
        now_s = time.time()
        # A clock that was set forward meanwhile must not make the predecessor end too early.
        held_until_s = max(until_s, now_s + left_s) if found and same_boot else until_s
        until = (now_boot_s + self._lease_s, now_s + self._lease_s, self._lease_s)
        kept = (mark, attempts, here)
        writer.execute(_TAKE, (*self._whose, epoch + 1, self._token, self._boot, *until, *kept))
        return Tenure(
            epoch=epoch + 1,
            progress=progress,
            clean=clean,
            attempts=attempts,
            mark=mark,
            held_until_s=held_until_s,
            now_s=now_s,
        )

    def check(self, writer: sqlite3.Connection) -> None:
        """Return if this process holds the lease, which may have run out.

        Raises:
            LeaseLostError: another took it over, or it was given up.
        """
        if writer.execute(_HOLDS, self._claim).fetchone() is None:
            raise lost(self._service)

    def look(self, file: SqliteFile) -> None:
        """Return if this process holds the lease, outside a transaction; see `check`."""
        if not file.query(_HOLDS, self._claim):
            raise lost(self._service)

    def renew(self, writer: sqlite3.Connection) -> float:
        """Extend the lease and return the time."""
        boot_s, now_s = _boot_s(), time.time()
        until = (boot_s + self._lease_s, now_s + self._lease_s, self._lease_s)
        writer.execute(_RENEW, (self._boot, *until, *self._whose))
        return now_s

    def mark(self, writer: sqlite3.Connection, key: str | None) -> None:
        """Keep the key of the record that is about to be handled; None removes it."""
        writer.execute(_MARK, (key, key is not None, *self._whose))

    def free(self, writer: sqlite3.Connection) -> None:
        """Give the lease up."""
        writer.execute(_FREE, self._whose)

    def forget(self, writer: sqlite3.Connection) -> None:
        """Remove the progress of the service and all of its lease but the epoch."""
        writer.execute(_DROP, self._whose)
        writer.execute(_CLEAR, self._whose)

    def _progress(self, writer: sqlite3.Connection) -> Progress | None:
        row = writer.execute(_PROGRESS, self._whose).fetchone()
        if row is None:
            return None
        return Progress(service=self._service, cursor=Cursor(row[0]), session=row[1])


def boot_id() -> str:
    """Return what names this run of the computer; empty where nothing does."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _boot_s() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux only
    return time.monotonic() if clock is None else time.clock_gettime(clock)
