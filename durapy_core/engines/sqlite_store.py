"""Writing to the SQLite file: appends, progress with its receipts, and the bells that follow.

The engine writes through it, and so does the lead of a service, which has its lease checked inside
each transaction.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from durapy_core.engines.base import RECEIPTS, EngineOptions, Progress
from durapy_core.engines.doorbell import BellFolder
from durapy_core.engines.sqlite_entries import store
from durapy_core.engines.sqlite_file import SqliteFile, transaction
from durapy_core.entry import Entry, NewEntry, check_entry

CHUNK: Final = 100
_WRITE_WAIT_S: Final = 5.0
_KEEP: Final = (
    "INSERT OR REPLACE INTO progress (namespace, service, cursor, session) VALUES (?, ?, ?, ?)"
)

T = TypeVar("T")
Writer = sqlite3.Connection
Action = Callable[[Writer], T]
Guard = Callable[[Writer], None]
"""Called first in a transaction; what it raises undoes the transaction."""


class SqliteStore:
    """The file, its logs by name, and its bells.

    Attributes:
        file: for queries.
        bells: of those who read.
        namespace: whose logs these are.
    """

    def __init__(self, path: Path, options: EngineOptions) -> None:
        self.file = SqliteFile(path)
        self.bells = BellFolder(path.with_name(path.name + ".bells"))
        self.namespace = options.namespace
        self._send_wait_s = options.send_timeout_s
        self._write_wait_s = min(_WRITE_WAIT_S, options.send_timeout_s)
        self._log_ids: dict[str, int] = {}

    def append(self, log: str, entry: NewEntry, guard: Guard | None = None) -> Entry:
        """Store one entry; see `Engine.append`."""
        check_entry(entry)
        number = self.log_id(log)
        if guard is not None:
            return self._append_chunk(number, [entry], guard)[0]
        wait_s = self._send_wait_s
        stored = self.file.write(lambda writer: store(writer, number, entry), wait_s=wait_s)
        self.bells.ring(number)
        return stored

    def append_many(
        self, log: str, entries: Sequence[NewEntry], guard: Guard | None = None
    ) -> list[Entry]:
        """Store entries, 100 in one transaction; see `Engine.append_many`."""
        for entry in entries:
            check_entry(entry)
        number = self.log_id(log)
        stored: list[Entry] = []
        for start in range(0, len(entries), CHUNK):
            stored += self._append_chunk(number, entries[start : start + CHUNK], guard)
        return stored

    def commit(self, progress: Progress, *actions: Action[object], guard: Guard | None) -> None:
        """Write progress, append its receipts, and do `actions`, all in one transaction."""
        for receipt in progress.receipts:
            check_entry(receipt)
        if not progress.receipts and not actions and guard is None:
            self.execute(_KEEP, self._values(progress))
            return
        receipts = self.log_id(RECEIPTS)

        def act(writer: Writer) -> None:
            writer.execute(_KEEP, self._values(progress))
            for receipt in progress.receipts:
                store(writer, receipts, receipt)
            for action in actions:
                action(writer)

        self.transact(act, guard)
        if progress.receipts:
            self.bells.ring(receipts)

    def transact(self, action: Action[T], guard: Guard | None = None) -> T:
        """Return what `action` returns; all that it writes is one step."""
        return self._transact(action, guard, wait_s=self._write_wait_s)

    def execute(self, sql: str, values: Sequence[object]) -> None:
        """Run one statement that writes."""
        wait_s = self._write_wait_s
        self.file.write(lambda writer: writer.execute(sql, values).fetchall(), wait_s=wait_s)

    def log_id(self, log: str) -> int:
        """Return the number of a log, which is made when it is first named."""
        try:
            return self._log_ids[log]
        except KeyError:
            names = (self.namespace, log)
        self.execute("INSERT OR IGNORE INTO logs (namespace, name) VALUES (?, ?)", names)
        sql = "SELECT id FROM logs WHERE namespace = ? AND name = ?"
        ((number,),) = self.file.query(sql, names)
        return self._log_ids.setdefault(log, int(number))

    def close(self) -> None:
        """Close the file and stop ringing."""
        self.file.close()
        self.bells.close()

    def _append_chunk(
        self, log: int, chunk: Sequence[NewEntry], guard: Guard | None
    ) -> list[Entry]:
        def act(writer: Writer) -> list[Entry]:
            return [store(writer, log, entry) for entry in chunk]

        stored = self._transact(act, guard, wait_s=self._send_wait_s)
        self.bells.ring(log)
        return stored

    def _transact(self, action: Action[T], guard: Guard | None, *, wait_s: float) -> T:
        def act(writer: Writer) -> T:
            with transaction(writer):
                if guard is not None:
                    guard(writer)
                return action(writer)

        return self.file.write(act, wait_s=wait_s)

    def _values(self, progress: Progress) -> tuple[object, ...]:
        return (self.namespace, progress.service, progress.cursor, progress.session)
