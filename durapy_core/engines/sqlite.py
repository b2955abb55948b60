"""The engine on one SQLite file: the default where no server runs.

Several processes of one computer share the file. A key is the number of its row, and numbers are
never used again. `sent_at_s` is the computer's clock, but never goes back within a log: after the
clock was set back, entries carry the time of the last one before until it has caught up.

What an `append` returned survives the death of any process; when the computer loses power, the
last entries before it may be lost, the file stays whole (WAL, `synchronous=NORMAL`).
"""

import sqlite3
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import unquote

from durapy_core.engines.base import Engine, EngineOptions, Progress, Row, check_entry
from durapy_core.engines.counted import compare_keys, parse_cursor, parse_key
from durapy_core.engines.doorbell import Bell, BellFolder
from durapy_core.engines.sqlite_file import SqliteFile
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.errors import EngineError, SettingsError

CHUNK: Final = 100
_WRITE_WAIT_S: Final = 5.0
_COLUMNS: Final = "key, sent_at_us, type, body, sender, cause, n, id, sent_ns"
_INSERT: Final = """
INSERT INTO entries (log, sent_at_us, type, body, sender, cause, n, id, sent_ns)
VALUES (?1, max(?2, coalesce(
    (SELECT sent_at_us FROM entries WHERE log = ?1 ORDER BY key DESC LIMIT 1), 0)),
    ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT DO NOTHING RETURNING key, sent_at_us
"""
_READ: Final = f"SELECT {_COLUMNS} FROM entries WHERE log = ? AND key > ? ORDER BY key LIMIT ?"  # noqa: S608 (constants)
_PAGE: Final = f"SELECT {_COLUMNS} FROM entries WHERE log = ? AND key < ? ORDER BY key DESC LIMIT ?"  # noqa: S608 (constants)
_GET: Final = f"SELECT {_COLUMNS} FROM entries WHERE log = ? AND key = ?"  # noqa: S608 (constants)
_SAME: Final = f"""
SELECT {_COLUMNS} FROM entries WHERE log = ?1 AND id = ?2
UNION ALL
SELECT {_COLUMNS} FROM entries WHERE log = ?1 AND sender = ?3 AND cause = ?4 AND n = ?5
"""  # noqa: S608 (constants)
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


class SqliteEngine(Engine):
    """Logs and tables in one SQLite file, shared by the processes of one computer.

    Beside `id` it knows a send by `(sender, cause, n)`: a handler that runs again on the same
    record gets what it sent the first time. If it now sends something else, that is refused,
    because neither storing a second n-th send nor passing off the first one would be true.
    """

    def __init__(self, path: Path, options: EngineOptions | None = None) -> None:
        self.options = options or EngineOptions()
        self._file = SqliteFile(path)
        self._bells = BellFolder(path.with_name(path.name + ".bells"))
        self._idle_bells: dict[int, deque[Bell]] = {}
        self._bells_lock = Lock()
        self._log_ids: dict[str, int] = {}
        self._closed = False

    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store one entry; see `Engine.append`."""
        check_entry(entry)
        number = self._log_id(log)
        wait_s = self.options.send_timeout_s
        stored = self._file.write(lambda writer: _store(writer, number, entry), wait_s=wait_s)
        self._bells.ring(number)
        return stored

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries, 100 in one transaction; see `Engine.append_many`."""
        for entry in entries:
            check_entry(entry)
        number = self._log_id(log)
        stored: list[Entry] = []
        for start in range(0, len(entries), CHUNK):
            stored += self._append_chunk(number, entries[start : start + CHUNK])
        return stored

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
        start, number = parse_cursor(after), self._log_id(log)
        if commit is not None:
            self.commit(commit)
        if wait_s <= 0:
            return [_entry(row) for row in self._file.query(_READ, (number, start, limit))]
        bell = self._take_bell(number)
        try:
            deadline_s = time.monotonic() + wait_s
            while True:
                bell.drain()
                rows = self._file.query(_READ, (number, start, limit))
                left_s = deadline_s - time.monotonic()
                if rows or left_s <= 0:
                    return [_entry(row) for row in rows]
                bell.wait(left_s)
                if self._closed:
                    return []
        finally:
            self._give_bell_back(number, bell)

    def page(self, log: str, *, before: Cursor | None = None, limit: int = 50) -> list[Entry]:
        """Return the entries before a cursor, newest first; see `Engine.page`."""
        stop = _BEYOND if before is None else parse_cursor(before)
        rows = self._file.query(_PAGE, (self._log_id(log), stop, limit))
        return [_entry(row) for row in rows]

    def get(self, log: str, key: str) -> Entry | None:
        """Return the entry with this key, or None."""
        number = parse_key(key)
        if number is None:
            return None
        rows = self._file.query(_GET, (self._log_id(log), number))
        return _entry(rows[0]) if rows else None

    def end(self, log: str) -> Cursor:
        """Return the cursor after the last entry."""
        sql = "SELECT max(key) FROM entries WHERE log = ?"
        ((last,),) = self._file.query(sql, (self._log_id(log),))
        return START if last is None else Cursor(str(last))

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
        self._write(
            "INSERT OR REPLACE INTO progress (namespace, service, cursor, session)"
            " VALUES (?, ?, ?, ?)",
            (self.options.namespace, progress.service, progress.cursor, progress.session),
        )

    def put(self, table: str, name: str, text: str) -> None:
        """Write one line of a table."""
        self._write(
            'INSERT OR REPLACE INTO lines (namespace, "table", name, text, written_at_s)'
            " VALUES (?, ?, ?, ?, ?)",
            (self.options.namespace, table, name, text, time.time()),
        )

    def table(self, table: str) -> Mapping[str, Row]:
        """Return every line of a table."""
        sql = 'SELECT name, text, written_at_s FROM lines WHERE namespace = ? AND "table" = ?'
        rows = self._file.query(sql, (self.options.namespace, table))
        now_s = time.time()
        return {name: Row(text=text, age_s=max(now_s - at_s, 0.0)) for name, text, at_s in rows}

    def remove(self, table: str, name: str) -> None:
        """Remove one line of a table."""
        self._write(
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
        self._file.close()
        self._bells.close()

    def _append_chunk(self, log: int, chunk: Sequence[NewEntry]) -> list[Entry]:
        def act(writer: sqlite3.Connection) -> list[Entry]:
            writer.execute("BEGIN IMMEDIATE")
            try:
                stored = [_store(writer, log, entry) for entry in chunk]
            except EngineError:
                writer.execute("ROLLBACK")
                raise
            writer.execute("COMMIT")
            return stored

        stored = self._file.write(act, wait_s=self.options.send_timeout_s)
        self._bells.ring(log)
        return stored

    def _write(self, sql: str, values: Sequence[object]) -> None:
        wait_s = min(_WRITE_WAIT_S, self.options.send_timeout_s)
        self._file.write(lambda writer: writer.execute(sql, values).fetchall(), wait_s=wait_s)

    def _log_id(self, log: str) -> int:
        """Return the number of a log, which is made when it is first named."""
        try:
            return self._log_ids[log]
        except KeyError:
            names = (self.options.namespace, log)
        self._write("INSERT OR IGNORE INTO logs (namespace, name) VALUES (?, ?)", names)
        sql = "SELECT id FROM logs WHERE namespace = ? AND name = ?"
        ((number,),) = self._file.query(sql, names)
        return self._log_ids.setdefault(log, int(number))

    def _take_bell(self, log: int) -> Bell:
        with self._bells_lock:
            idle = self._idle_bells.setdefault(log, deque())
            return idle.pop() if idle else self._bells.hang(log)

    def _give_bell_back(self, log: int, bell: Bell) -> None:
        with self._bells_lock:
            if self._closed:
                bell.close()
            else:
                self._idle_bells[log].append(bell)


def _store(writer: sqlite3.Connection, log: int, new: NewEntry) -> Entry:
    now_us = time.time_ns() // 1000
    fields = (new.type, new.body, new.sender, new.cause, new.n, new.id, new.sent_ns)
    rows = writer.execute(_INSERT, (log, now_us, *fields)).fetchall()
    if rows:
        return _entry((*rows[0], *fields))
    rows = writer.execute(_SAME, (log, new.id, new.sender, new.cause, new.n)).fetchall()
    stored = _entry(rows[0])
    known_by_id = new.id is not None and stored.id == new.id
    if not known_by_id and (stored.type, stored.body) != (new.type, new.body):
        raise EngineError(
            f"{new.type} as send {new.n} of {new.sender} for record {new.cause} differs from "
            f"{stored.type}, which it sent the first time (record {stored.key}); nothing was "
            "stored. A handler must send the same when it runs again on one record."
        )
    return stored


def _entry(row: tuple[Any, ...]) -> Entry:
    """Return the entry of a row; what a foreign writer put in the wrong type is left out."""
    key, sent_at_us, wire_type, body, sender, cause, n, send_id, sent_ns = row
    return Entry(
        key=str(key),
        sent_at_s=sent_at_us / 1e6,
        type=_text(wire_type),
        body=_text(body),
        sender=_text(sender),
        cause=_text(cause),
        n=n if isinstance(n, int) else None,
        id=_text(send_id),
        sent_ns=sent_ns if isinstance(sent_ns, int) else None,
    )


def _text(value: object) -> str | None:
    if isinstance(value, str) or value is None:
        return value
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
