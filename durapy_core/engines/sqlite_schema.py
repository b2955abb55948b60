"""The layout of the SQLite file: its tables, its version, and the way up from older versions.

`PRAGMA user_version` holds the version. A new file gets every step in turn, so that there is one
account of the layout.
"""

import sqlite3
from pathlib import Path
from typing import Final

from durapy_core.errors import SettingsError

APPLICATION_ID: Final = 0x44757261  # "Dura": tells our files from other programs'
_STEPS: Final = (
    f"""
    CREATE TABLE logs (
        id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL,
        UNIQUE (namespace, name)
    );
    CREATE TABLE entries (
        key INTEGER PRIMARY KEY AUTOINCREMENT, log INTEGER NOT NULL REFERENCES logs,
        sent_at_us INTEGER NOT NULL, type TEXT, body TEXT, sender TEXT, cause TEXT, n INTEGER,
        id TEXT, sent_ns INTEGER
    );
    CREATE INDEX entries_by_log ON entries (log);
    CREATE UNIQUE INDEX entries_by_id ON entries (log, id) WHERE id IS NOT NULL;
    CREATE UNIQUE INDEX entries_by_cause
        ON entries (log, sender, cause, n) WHERE n IS NOT NULL;
    CREATE TABLE progress (
        namespace TEXT, service TEXT, cursor TEXT NOT NULL, session TEXT,
        PRIMARY KEY (namespace, service)
    ) WITHOUT ROWID;
    CREATE TABLE lines (
        namespace TEXT, "table" TEXT, name TEXT, text TEXT NOT NULL, written_at_s REAL NOT NULL,
        PRIMARY KEY (namespace, "table", name)
    ) WITHOUT ROWID;
    PRAGMA application_id = {APPLICATION_ID};
    """,
    """
    CREATE INDEX entries_caused_by ON entries (log, cause) WHERE cause IS NOT NULL;
    ALTER TABLE logs ADD COLUMN trimmed_to INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE leases (
        namespace TEXT, service TEXT, epoch INTEGER NOT NULL, token TEXT,
        boot TEXT NOT NULL, until_boot_s REAL NOT NULL, until_s REAL NOT NULL,
        lease_s REAL NOT NULL, mark TEXT, touched INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL, cursor TEXT,
        PRIMARY KEY (namespace, service)
    ) WITHOUT ROWID;
    CREATE TABLE safe_state (
        namespace TEXT PRIMARY KEY, engaged INTEGER NOT NULL, key TEXT NOT NULL,
        marker TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)
VERSION: Final = len(_STEPS)
"""The layout that this installation writes."""


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Check that the file is ours, and bring its layout up to `VERSION`.

    Called while no other process writes.

    Raises:
        SettingsError: it is another program's, a newer installation's, or on a file system that
            SQLite's write-ahead log does not work on.
    """
    version = _check(connection, path)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise SettingsError(
            f"DURAPY_ENGINE: the file system of {path} does not support SQLite's "
            "write-ahead log; choose a folder on a local disk."
        )
    for step in range(version, VERSION):
        connection.executescript(
            f"BEGIN IMMEDIATE;{_STEPS[step]}PRAGMA user_version = {step + 1};COMMIT;"
        )


def _check(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the layout; 0 for an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise SettingsError(
            f"DURAPY_ENGINE: {path} is another program's SQLite file; choose a new name."
        )
    if version > VERSION:
        raise SettingsError(
            f"DURAPY_ENGINE: {path} was written by a newer DuraPy (layout {version}, "
            f"this one knows {VERSION}); update this installation."
        )
    return int(version) if tables else 0
