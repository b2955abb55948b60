"""The file behind `sqlite:///`: opening it, who writes when, its errors in words.

Reads take a connection from a pool, fetch all rows and give it back, so that no reader holds up
the write-ahead log. Writers of all processes queue on a lock file: SQLite's own waiting sleeps up
to 100 ms at a time.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final, TypeVar

from durapy_core.engines.sqlite_schema import prepare
from durapy_core.errors import EngineError, EngineUnavailableError, SettingsError

try:
    import fcntl
except ImportError:  # Windows: writers rely on SQLite's own waiting
    fcntl = None  # type: ignore[assignment]

_QUEUE_POLL_S: Final = 0.0002
_BUSY_S: Final = 1.0
_PAGES: Final = 10_000
"""The write-ahead log is copied into the file when it has so many pages of 4 KB."""
_PAGES_IF_SCARCE: Final = 1_000
"""The same once the disk was full."""
_MOST_WAL_BYTES: Final = 64 * 1024 * 1024
"""The write-ahead log is cut to this once it could be copied, such as after a reader that hung."""
_FULL: Final = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
"""The second: no space to enlarge the index of the write-ahead log."""

T = TypeVar("T")
Rows = list[tuple[Any, ...]]


class SqliteFile:
    """One open database: a connection that writes, and a pool of connections that read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = Lock()
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        try:
            self._writer = self._connect()
            self._queue: IO[bytes] = path.with_name(path.name + ".lock").open("ab")
            self.write(lambda writer: prepare(writer, path), wait_s=30)
        except sqlite3.Error as error:
            raise _refused_to_open(error, path) from error
        except OSError as error:
            raise SettingsError(
                f"DURAPY_ENGINE: {path} cannot be opened ({error.strerror}); choose a folder that "
                "can be written."
            ) from error
        self._inode = path.stat().st_ino

    def query(self, sql: str, values: Sequence[object]) -> Rows:
        """Return every row that a query finds.

        Raises:
            EngineUnavailableError: the file is locked by another program.
            EngineError: it is closed, damaged or was taken away.
        """
        self.check()
        try:
            connection = self._idle.pop() if self._idle else self._connect()
        except IndexError:  # another thread took the last one
            connection = self._connect()
        except sqlite3.Error as error:
            raise explain(error, self.path) from error
        try:
            rows: Rows = connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            connection.close()
            raise explain(error, self.path) from error
        self._idle.append(connection)
        if self._closed:
            self._close_idle()
        return rows

    def write(self, action: Callable[[sqlite3.Connection], T], *, wait_s: float) -> T:
        """Return what `action` returns, run while no other process writes.

        An `action` of several statements begins and commits its own transaction.

        Raises:
            EngineUnavailableError: others wrote for `wait_s`, or the file is locked.
            EngineError: it is closed, full, damaged, not writable, or was taken away.
        """
        deadline_s = time.monotonic() + wait_s
        while True:
            with self._turn(deadline_s):
                self.check()
                try:
                    return action(self._writer)
                except sqlite3.Error as error:
                    with suppress(sqlite3.Error):
                        self._writer.rollback()
                    if _is_full(error):
                        self._save_space()
                    if not _is_busy(error) or time.monotonic() > deadline_s:
                        raise explain(error, self.path) from error

    def check(self) -> None:
        """Refuse to go on with a file that is closed, or that is not the one at its path."""
        if self._closed:
            raise EngineError(f"The engine on {self.path} is closed; open a new one.")
        try:
            same = self.path.stat().st_ino == getattr(self, "_inode", None)
        except OSError:
            same = False
        if not same and hasattr(self, "_inode"):
            raise EngineError(
                f"{self.path} was removed or replaced while in use; what is written now would be "
                "lost. Stop every service before moving the file, then start again."
            )

    def close(self) -> None:
        """Close every connection; one in use is closed when it is given back."""
        if self._closed:
            return
        self._closed = True
        with self._writing:
            self._writer.close()
            self._queue.close()
        self._close_idle()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        connection.text_factory = _decode
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_MOST_WAL_BYTES}")
        return connection

    def _save_space(self) -> None:
        """Copy the write-ahead log sooner from now on, or it fills again what is freed."""
        with suppress(sqlite3.Error):
            self._writer.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_IF_SCARCE}")

    @contextmanager
    def _turn(self, deadline_s: float) -> Iterator[None]:
        if not self._writing.acquire(timeout=max(deadline_s - time.monotonic(), 0)):
            raise _locked(self.path)
        try:
            if self._closed or fcntl is None:
                yield
                return
            self._enter_queue(deadline_s)
            try:
                yield
            finally:
                fcntl.flock(self._queue, fcntl.LOCK_UN)
        finally:
            self._writing.release()

    def _enter_queue(self, deadline_s: float) -> None:
        while True:
            try:
                fcntl.flock(self._queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise _locked(self.path) from None
                time.sleep(_QUEUE_POLL_S)
            else:
                return

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()


@contextmanager
def transaction(writer: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Write all that is executed inside, or nothing of it if that raises."""
    writer.execute("BEGIN IMMEDIATE")
    try:
        yield writer
        writer.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            writer.rollback()
        raise


def explain(error: sqlite3.Error, path: Path) -> EngineError:
    """Return a driver's error as one line that says what to do."""
    name = getattr(error, "sqlite_errorname", "")
    if _is_busy(error):
        return _locked(path)
    if _is_full(error):
        return EngineError(f"The disk of {path} is full, nothing was stored; free some space.")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return EngineError(f"{path} cannot be written ({error}); check its owner and permissions.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return EngineError(f"{path} is damaged ({error}); restore it from a copy.")
    return EngineError(f"{path}: {error} ({name or type(error).__name__}).")


def _is_busy(error: sqlite3.Error) -> bool:
    name: str = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"))


def _is_full(error: sqlite3.Error) -> bool:
    name: str = getattr(error, "sqlite_errorname", "")
    return name.startswith(_FULL)


def _locked(path: Path) -> EngineUnavailableError:
    return EngineUnavailableError(
        f"{path} is locked by another program, nothing was stored; close what holds it open for "
        "writing, or wait."
    )


def _refused_to_open(error: sqlite3.Error, path: Path) -> EngineError | SettingsError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_CANTOPEN"):
        return SettingsError(
            f"DURAPY_ENGINE: {path} cannot be opened; it must be a file in a folder that exists "
            "and can be written."
        )
    if name.startswith("SQLITE_NOTADB"):
        return SettingsError(f"DURAPY_ENGINE: {path} is not a SQLite file; choose a new name.")
    return explain(error, path)


def _decode(text: bytes) -> str:
    return text.decode(errors="replace")
