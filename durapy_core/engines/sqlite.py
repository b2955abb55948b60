"""The engine on one SQLite file: the default where no server runs.

Several processes of one computer share the file. A key is the number of its row, and numbers are
never used again. `sent_at_s` is the computer's clock, but never goes back within a log: after the
clock was set back, entries carry the time of the last one before until it has caught up.

What an `append` returned survives the death of any process; when the computer loses power, the
last entries before it may be lost, the file stays whole (WAL, `synchronous=NORMAL`).
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import unquote

from durapy_core.engines.base import Engine, EngineOptions, Progress, Row
from durapy_core.engines.counted import compare_keys, parse_cursor, parse_key
from durapy_core.engines.doorbell import Bell
from durapy_core.engines.lead import Lead
from durapy_core.engines.sqlite_entries import CAUSED_BY, GET, PAGE, READ, entry_of
from durapy_core.engines.sqlite_lead import take_lead
from durapy_core.engines.sqlite_safe_state import SqliteSafeState
from durapy_core.engines.sqlite_store import SqliteStore
from durapy_core.engines.sqlite_upkeep import SqliteUpkeep
from durapy_core.entry import Cursor, Entry, NewEntry
from durapy_core.errors import SettingsError

_BEYOND: Final = 2**63 - 1


def open_sqlite(url: str, options: EngineOptions) -> Engine:
    """Return the engine on the file that the URL names; a new file is made.

    `sqlite:///a/b.db` lies below the working folder, `sqlite:////a/b.db` at the root.

    Raises:
        SettingsError: the URL or the file is not usable.
    """
    host, slash, text = url.partition("://")[2].partition("/")
    if host or not slash or not text or "?" in text:
        raise SettingsError(
            f"DURAPY_ENGINE={url}: write three slashes and a file, as in "
            "sqlite:///.durapy/commands.db; sqlite:////var/lib/rig.db starts at the root."
        )
    path = Path(unquote(text)).absolute()
    if not path.parent.is_dir():
        raise SettingsError(
            f"DURAPY_ENGINE={url}: the folder {path.parent} does not exist; create it."
        )
    return SqliteEngine(path, options)


class SqliteEngine(SqliteUpkeep, SqliteSafeState, Engine):
    """Logs and tables in one SQLite file, shared by the processes of one computer.

    Beside `id` it knows a send by `(sender, cause, n)`: a handler that runs again on the same
    record gets what it sent the first time. If it now sends something else, that is refused,
    because neither storing a second n-th send nor passing off the first one would be true.
    """

    def __init__(self, path: Path, options: EngineOptions | None = None) -> None:
        self.options = options or EngineOptions()
        self._store = SqliteStore(path, self.options)
        self._file = self._store.file
        self._idle_bells: dict[int, deque[Bell]] = {}
        self._bells_lock = Lock()
        self._closed = False

    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store one entry; see `Engine.append`."""
        return self._store.append(log, entry)

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries, 100 in one transaction; see `Engine.append_many`."""
        return self._store.append_many(log, entries)

    def read(
        self,
        log: str,
        *,
        after: Cursor,
        limit: int = 128,
        wait_s: float = 0.0,
        commit: Progress | None = None,
    ) -> list[Entry]:
        """Return the entries after a cursor; see `Engine.read`."""
        start, number = parse_cursor(after), self._store.log_id(log)
        if commit is not None:
            self.commit(commit)
        if wait_s <= 0:
            return [entry_of(row) for row in self._file.query(READ, (number, start, limit))]
        bell = self._take_bell(number)
        try:
            bell.drain()
            deadline_s = time.monotonic() + wait_s
            while not self._closed:
                rows = self._file.query(READ, (number, start, limit))
                if rows:
                    return [entry_of(row) for row in rows]
                if bell.wait(deadline_s - time.monotonic()):
                    bell.drain()
                elif time.monotonic() >= deadline_s:
                    break  # the next read looks
            return []
        finally:
            self._give_bell_back(number, bell)

    def page(self, log: str, *, before: Cursor | None = None, limit: int = 50) -> list[Entry]:
        """Return the entries before a cursor, newest first; see `Engine.page`."""
        stop = _BEYOND if before is None else parse_cursor(before)
        rows = self._file.query(PAGE, (self._store.log_id(log), stop, limit))
        return [entry_of(row) for row in rows]

    def get(self, log: str, key: str) -> Entry | None:
        """Return the entry with this key, or None."""
        number = parse_key(key)
        if number is None:
            return None
        rows = self._file.query(GET, (self._store.log_id(log), number))
        return entry_of(rows[0]) if rows else None

    def compare(self, one: str, other: str) -> int:
        """Return the order of two keys; see `Engine.compare`."""
        return compare_keys(one, other)

    def load_progress(self, service: str) -> Progress | None:
        """Return how far a service has come, or None."""
        sql = "SELECT cursor, session FROM progress WHERE namespace = ? AND service = ?"
        rows = self._file.query(sql, (self.options.namespace, service))
        if not rows:
            return None
        cursor, session = rows[0]
        return Progress(service=service, cursor=Cursor(cursor), session=session)

    def commit(self, progress: Progress) -> None:
        """Keep how far a service has come."""
        self._store.commit(progress, guard=None)

    def lead(self, service: str, *, lease_s: float) -> Lead | None:
        """Take the lease of a service, or return None."""
        return take_lead(self, self._store, service, lease_s=lease_s)

    def caused_by(self, log: str, key: str, *, limit: int = 100) -> list[Entry]:
        """Return the entries that a record caused; see `Engine.caused_by`."""
        rows = self._file.query(CAUSED_BY, (self._store.log_id(log), key, limit))
        return [entry_of(row) for row in rows]

    def now_s(self) -> float:
        """Return this computer's clock."""
        self._file.check()
        return time.time()

    def put(self, table: str, name: str, text: str) -> None:
        """Write one line of a table."""
        self._store.execute(
            'INSERT OR REPLACE INTO lines (namespace, "table", name, text, written_at_s)'
            " VALUES (?, ?, ?, ?, ?)",
            (self.options.namespace, table, name, text, time.time()),
        )

    def table(self, table: str) -> Mapping[str, Row]:
        """Return every line of a table."""
        sql = 'SELECT name, text, written_at_s FROM lines WHERE namespace = ? AND "table" = ?'
        rows = self._file.query(sql, (self.options.namespace, table))
        now_s = time.time()
        return {name: Row(text=text, age_s=abs(now_s - at_s)) for name, text, at_s in rows}

    def remove(self, table: str, name: str) -> None:
        """Remove one line of a table."""
        self._store.execute(
            'DELETE FROM lines WHERE namespace = ? AND "table" = ? AND name = ?',
            (self.options.namespace, table, name),
        )

    def ping(self) -> None:
        """Read one row of the file."""
        self._file.query("SELECT count(*) FROM logs", ())

    def close(self) -> None:
        """Close the file; a blocked `read` ends within a quarter of a second."""
        with self._bells_lock:
            self._closed = True
            for bells in self._idle_bells.values():
                while bells:
                    bells.pop().close()
        self._store.close()

    def _take_bell(self, log: int) -> Bell:
        with self._bells_lock:
            idle = self._idle_bells.setdefault(log, deque())
            return idle.pop() if idle else self._store.bells.hang(log)

    def _give_bell_back(self, log: int, bell: Bell) -> None:
        with self._bells_lock:
            if self._closed:
                bell.close()
            else:
                self._idle_bells[log].append(bell)
