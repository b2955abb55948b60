"""One child process. Its threads only put events on a queue; whoever reads the queue decides."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import IO, Final

_TETHER: Final = Path(__file__).with_name("tether.py")
_LONGEST_LINE_BYTES: Final = 64 * 1024
_UNREAD_LINES: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """How one child is started.

    Attributes:
        name: the service's name.
        argv: the program and its arguments.
        environment: all of its environment.
        keep_open: file descriptors of ours that stay open in it.
        heartbeat: a file that the process writes once it is in order; None if it writes none.
        vital: the supervisor ends when this one cannot run with the settings that it was given.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    keep_open: tuple[int, ...] = ()
    heartbeat: Path | None = None
    vital: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A child wrote a line; `shown` is called once it has been printed."""

    child: "Child"
    text: str
    shown: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """A child and all that it started are gone; `code` is negative for a signal."""

    child: "Child"
    code: int


class Child:
    """A running process in a session of its own, so that a terminal's Ctrl-C does not reach it.

    To be made on the thread that lives as long as the supervisor: on Linux the child is told to
    end when that thread does.
    """

    def __init__(self, spec: ProcessSpec, put: Callable[[Line | Ended], None]) -> None:
        """Start it.

        Raises:
            OSError: this computer has no memory, no process or no thread left for it.
        """
        self.spec = spec
        self.last_line = ""
        self._put = put
        self._unread = BoundedSemaphore(_UNREAD_LINES)  # a chatty child waits for a slow terminal
        self._process = subprocess.Popen(  # noqa: S603 (the arguments are ours)
            [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *spec.argv],
            env=spec.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=spec.keep_open,
            start_new_session=True,
        )
        reader = Thread(target=self._read, name=f"read-{spec.name}", daemon=True)
        watcher = Thread(target=self._watch, args=(reader,), name=f"watch-{spec.name}", daemon=True)
        try:
            reader.start()
            watcher.start()
        except RuntimeError as error:
            self.kill()
            self._process.wait()
            raise OSError(errno.EAGAIN, "this computer has no thread left for it") from error

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def terminate(self) -> None:
        """Ask it to end; what it started itself is its own business meanwhile."""
        self._process.terminate()

    def kill(self) -> None:
        """End it and everything that it started, now."""
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.killpg(self._process.pid, signal.SIGKILL)

    def _watch(self, reader: Thread) -> None:
        code = self._process.wait()
        self.kill()  # what it left behind, which would keep the pipe open
        reader.join()
        self._put(Ended(self, code))

    def _read(self) -> None:
        output: IO[bytes] | None = self._process.stdout
        if output is None:
            return
        with output:
            while line := output.readline(_LONGEST_LINE_BYTES):
                self.last_line = line.decode(errors="replace").rstrip("\r\n") or self.last_line
                self._unread.acquire()
                self._put(Line(self, line.decode(errors="replace"), self._unread.release))
