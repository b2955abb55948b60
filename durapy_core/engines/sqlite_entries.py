"""Entries of a log as rows of the SQLite file: the statements, and rows as entries.

Every function that writes is called inside a transaction, or is a single statement.
"""

import sqlite3
import time
from typing import Any, Final

from durapy_core.entry import Entry, NewEntry
from durapy_core.errors import EngineError

_COLUMNS: Final = "key, sent_at_us, type, body, sender, cause, n, id, sent_ns"
_INSERT: Final = """
INSERT INTO entries (log, sent_at_us, type, body, sender, cause, n, id, sent_ns)
VALUES (?1, max(?2, coalesce(
    (SELECT sent_at_us FROM entries WHERE log = ?1 ORDER BY key DESC LIMIT 1), 0)),
    ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT DO NOTHING RETURNING key, sent_at_us
"""
READ: Final = f"SELECT {_COLUMNS} FROM entries WHERE log = ? AND key > ? ORDER BY key LIMIT ?"  # noqa: S608 (constants)
PAGE: Final = f"SELECT {_COLUMNS} FROM entries WHERE log = ? AND key < ? ORDER BY key DESC LIMIT ?"  # noqa: S608 (constants)
GET: Final = f"SELECT {_COLUMNS} FROM entries WHERE log = ? AND key = ?"  # noqa: S608 (constants)
CAUSED_BY: Final = (
    f"SELECT {_COLUMNS} FROM entries WHERE log = ? AND cause = ? ORDER BY key LIMIT ?"  # noqa: S608 (constants)
)
_SAME: Final = f"""
SELECT {_COLUMNS} FROM entries WHERE log = ?1 AND id = ?2
UNION ALL
SELECT {_COLUMNS} FROM entries WHERE log = ?1 AND sender = ?3 AND cause = ?4 AND n = ?5
"""  # noqa: S608 (constants)


def store(writer: sqlite3.Connection, log: int, new: NewEntry) -> Entry:
    """Append one entry to the log of this number and return it; a known one is returned.

    Raises:
        EngineError: a handler that runs again sends something else than the first time.
    """
    now_us = time.time_ns() // 1000
    fields = (new.type, new.body, new.sender, new.cause, new.n, new.id, new.sent_ns)
    rows = writer.execute(_INSERT, (log, now_us, *fields)).fetchall()
    if rows:
        return entry_of((*rows[0], *fields))
    rows = writer.execute(_SAME, (log, new.id, new.sender, new.cause, new.n)).fetchall()
    stored = entry_of(rows[0])
    known_by_id = new.id is not None and stored.id == new.id
    if not known_by_id and (stored.type, stored.body) != (new.type, new.body):
        raise EngineError(
            f"{new.type} as send {new.n} of {new.sender} for record {new.cause} differs from "
            f"{stored.type}, which it sent the first time (record {stored.key}); nothing was "
            "stored. A handler must send the same when it runs again on one record."
        )
    return stored


def entry_of(row: tuple[Any, ...]) -> Entry:
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
