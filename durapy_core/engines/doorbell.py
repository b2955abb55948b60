"""Doorbells: how the readers of one SQLite file are woken when somebody has written to it.

A reader binds a Unix datagram socket in a folder beside the database; whoever commits sends one
byte to each. A bell says only "look again", so losing one costs a wait of `LONGEST_WAIT_S`, and
ringing one too many costs a query. Works between processes under one kernel only.

Where such sockets do not exist (Windows, a file system without them) readers look again every
2 ms instead.
"""

import os
import secrets
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

LONGEST_WAIT_S: Final = 0.25
POLL_S: Final = 0.002
_LONGEST_ADDRESS: Final = 100  # sun_path has 104 bytes on macOS, 108 on Linux
_SETTLED_NS: Final = 100_000_000  # a folder's time stamp moves in steps of a few milliseconds
_PROC: Final = Path("/proc/self/fd")


class Bell(Protocol):
    """What a reader waits on. Bind first, then drain, query, wait, and round again."""

    def drain(self) -> None:
        """Forget what rang so far: the query that follows sees it."""

    def wait(self, wait_s: float) -> bool:
        """Return True when it rings, False after `wait_s` or `LONGEST_WAIT_S`."""

    def close(self) -> None:
        """Take the bell down."""


class BellFolder:
    """The bells of all readers of one database; a bell's name begins with the log it is for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self._socket: socket.socket | None = None
        self._addresses: dict[int, list[str]] = {}
        self._listed_at_ns: int | None = None
        try:
            folder.mkdir(exist_ok=True)
            self._prefix = self._short_prefix()
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.settimeout(0)
        except (OSError, AttributeError):  # AttributeError: this system has no AF_UNIX
            self.close()

    def hang(self, log: int) -> Bell:
        """Return a new bell that rings when `log` has grown."""
        if self._socket is None:
            return _Clock()
        name = f"{log}-{secrets.token_hex(4)}"
        try:
            return _SocketBell(f"{self._prefix}/{name}", self._folder / name)
        except OSError:
            return _Clock()

    def ring(self, log: int) -> None:
        """Wake every reader of `log`; never blocks. Bells of dead processes are taken down."""
        ringer = self._socket  # another thread may close the folder meanwhile
        if ringer is None:
            return
        for address in self._list().get(log, ()):
            try:
                ringer.sendto(b"!", address)
            except BlockingIOError:
                continue  # its queue is full, so its reader is about to look
            except ConnectionRefusedError:
                with suppress(OSError):
                    Path(address).unlink()
            except OSError:
                continue  # gone meanwhile, or another user's: that reader looks by itself

    def close(self) -> None:
        """Stop ringing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _short_prefix(self) -> str:
        folder = self._folder.resolve()
        if len(os.fsencode(folder)) + 24 <= _LONGEST_ADDRESS:
            return str(folder)
        if not _PROC.is_dir():
            raise OSError(f"{folder} is too long for the address of a socket")
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        return f"{_PROC}/{self._descriptor}"

    def _list(self) -> dict[int, list[str]]:
        """Return the bells by log, read again only when the folder may have changed."""
        try:
            changed_at_ns = self._folder.stat().st_mtime_ns
            if changed_at_ns != self._listed_at_ns:
                settled = time.time_ns() - changed_at_ns > _SETTLED_NS
                self._addresses = self._read_folder()
                self._listed_at_ns = changed_at_ns if settled else None
        except OSError:
            self._addresses, self._listed_at_ns = {}, None
        return self._addresses

    def _read_folder(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for name in os.listdir(self._folder):  # noqa: PTH208 (the names are all that is needed)
            log = name.partition("-")[0]
            if log.isdecimal():
                found.setdefault(int(log), []).append(f"{self._prefix}/{name}")
        return found


class _SocketBell:
    def __init__(self, address: str, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(address)
        except OSError:
            self._socket.close()
            raise

    def drain(self) -> None:
        self._socket.settimeout(0)
        with suppress(BlockingIOError):
            while self._socket.recv(16):
                pass

    def wait(self, wait_s: float) -> bool:
        self._socket.settimeout(max(min(wait_s, LONGEST_WAIT_S), 0))
        try:
            self._socket.recv(16)
        except (TimeoutError, BlockingIOError):
            return False
        return True

    def close(self) -> None:
        self._socket.close()
        with suppress(OSError):
            self._path.unlink()


class _Clock:
    """The bell of a system without Unix sockets: it never rings, and nobody waits for it long."""

    def drain(self) -> None:
        """Nothing to forget."""

    def wait(self, wait_s: float) -> bool:
        time.sleep(max(min(wait_s, POLL_S), 0))
        return False

    def close(self) -> None:
        """Nothing to take down."""
