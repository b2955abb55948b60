"""Trimming and mending the logs in the SQLite file."""

import time
from typing import Final

from durapy_core.engines.counted import cursor_of, parse_cursor
from durapy_core.engines.sqlite_entries import store
from durapy_core.engines.sqlite_store import SqliteStore, Writer
from durapy_core.engines.upkeep import Upkeep, lost_tail_entry
from durapy_core.entry import Cursor

_CHUNK: Final = 2000
_CHECKPOINT: Final = "PRAGMA wal_checkpoint(PASSIVE)"
_BEYOND_KEEP: Final = "SELECT key FROM entries WHERE log = ? ORDER BY key DESC LIMIT 1 OFFSET ?"
_FIRST_YOUNG: Final = (
    "SELECT key - 1 FROM entries WHERE log = ? AND sent_at_us >= ? ORDER BY key LIMIT 1"
)
_LAST: Final = "SELECT max(key) FROM entries WHERE log = ?"
_OLDEST: Final = "SELECT key FROM entries WHERE log = ? AND key <= ? ORDER BY key LIMIT ?"
_DELETE: Final = "DELETE FROM entries WHERE log = ? AND key <= ?"
_NOTE: Final = "UPDATE logs SET trimmed_to = max(trimmed_to, ?) WHERE id = ?"
_NUMBER: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'entries'"
_RAISE: Final = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'entries'"
_FIRST_NUMBER: Final = "INSERT INTO sqlite_sequence (name, seq) VALUES ('entries', ?)"


class SqliteUpkeep(Upkeep):
    """The part of the engine that keeps its logs in shape."""

    _store: SqliteStore

    def trim(
        self,
        log: str,
        *,
        keep: int | None = None,
        max_age_s: float | None = None,
        not_after: Cursor | None = None,
    ) -> int:
        """Remove old entries, some thousand in one transaction; see `Engine.trim`."""
        number, removed = self._store.log_id(log), 0
        last = self._last_to_remove(number, keep=keep, max_age_s=max_age_s)
        if not_after is not None:
            last = min(last, parse_cursor(not_after))
        while count := self._store.transact(lambda writer: _remove(writer, number, last)):
            removed += count
        return removed

    def trimmed_to(self, log: str) -> Cursor:
        """Return the key of the last entry that was removed."""
        return cursor_of(self._trimmed_to(self._store.log_id(log)))

    def tidy(self) -> None:
        """Copy the write-ahead log into the file, holding up nobody: then no writer has to."""
        self._store.file.query(_CHECKPOINT, ())

    def end(self, log: str) -> Cursor:
        """Return the cursor after the last entry."""
        number = self._store.log_id(log)
        ((last,),) = self._store.file.query(_LAST, (number,))
        return cursor_of(self._trimmed_to(number) if last is None else last)

    def mend(self, log: str, *, seen: Cursor) -> bool:
        """Return whether the log ends before a cursor; see `Engine.mend`.

        Keys count through all logs of the file, so a log has lost its end if the count is behind.
        """
        number, wanted = self._store.log_id(log), parse_cursor(seen)
        end = self.end(log)

        def act(writer: Writer) -> bool:
            count = writer.execute(_NUMBER).fetchone()
            if wanted <= (count[0] if count else 0):
                return False
            writer.execute(_RAISE if count else _FIRST_NUMBER, (wanted,))
            store(writer, number, lost_tail_entry(seen=seen, end=end))
            return True

        mended = self._store.transact(act)
        if mended:
            self._store.bells.ring(number)
        return mended

    def _trimmed_to(self, log: int) -> int:
        sql = "SELECT trimmed_to FROM logs WHERE id = ?"
        ((trimmed_to,),) = self._store.file.query(sql, (log,))
        return int(trimmed_to)

    def _last_to_remove(self, log: int, *, keep: int | None, max_age_s: float | None) -> int:
        last, query = 0, self._store.file.query
        if keep is not None:
            last = max((row[0] for row in query(_BEYOND_KEEP, (log, keep))), default=0)
        if max_age_s is not None:
            oldest_us = int((time.time() - max_age_s) * 1e6)
            ((end,),) = query(_LAST, (log,))
            young = query(_FIRST_YOUNG, (log, oldest_us))
            last = max(last, young[0][0] if young else end or 0)
        return last


def _remove(writer: Writer, log: int, last: int) -> int:
    """Remove some of the oldest entries up to `last` and return how many."""
    keys = writer.execute(_OLDEST, (log, last, _CHUNK)).fetchall()
    if keys:
        boundary = keys[-1][0]
        writer.execute(_DELETE, (log, boundary))
        writer.execute(_NOTE, (boundary, log))
    return len(keys)
