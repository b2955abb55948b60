"""A real redis-server of a test's own, on a free TCP port and a Unix socket."""

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from redis import Redis

from durapy_core.settings import child_environment
from tests.support.requirements import missing

START_LIMIT_S = 30


class RedisServer:
    """One server in a folder of its own; `kill` and `start` again to test what survives.

    Attributes:
        port: its TCP port.
        socket_path: its Unix socket, a path short enough for one.
    """

    def __init__(
        self,
        *options: str,
        aof: bool = False,
        password: str | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start a server in a folder of its own, which is made in `folder`."""
        self.program = shutil.which("redis-server") or missing("redis", "no redis-server in PATH")
        self.folder = Path(tempfile.mkdtemp(prefix="durapy-redis-", dir=folder))
        self.socket_path = self.folder / "redis.sock"
        self.port = _free_port()
        self.password = password
        self._environment = child_environment(**(environment or {}))
        self._options: list[str] = []
        if aof:
            # Not everysec: while the disk is slow to sync, Redis then answers before it has handed
            # the record to the kernel, for up to 2 s, and a SIGKILL loses it.
            self._options += ["--appendonly", "yes", "--appendfsync", "always"]
        if password:
            self._options += ["--requirepass", password]
        self._options += options  # the last word is the test's
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def tcp_url(self) -> str:
        return f"redis://{self._user()}127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        return f"unix://{self._user()}{self.socket_path}"

    def start(self) -> None:
        """Start the server and return once it takes connections, its data loaded."""
        # Lines on stdout say when it is ready, so nothing here polls.
        self._process = subprocess.Popen(
            [
                *(self.program, "--port", str(self.port), "--unixsocket", str(self.socket_path)),
                *("--save", "", "--dir", str(self.folder), "--logfile", "", "--daemonize", "no"),
                *self._options,
            ],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ready, lines = Event(), list[str]()
        Thread(target=_watch, args=(self._process, ready, lines), daemon=True).start()
        assert ready.wait(START_LIMIT_S), "".join(lines)
        assert self._process.poll() is None, "".join(lines)

    def kill(self) -> None:
        """End it as a power cut of the process would: SIGKILL, no farewell."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def ended(self) -> bool:
        """Return whether it does not run, by whosever doing."""
        return self._process is None or self._process.poll() is not None

    def freeze(self) -> None:
        """Let it hang: it keeps its connections and answers nothing, until `thaw`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def client(self) -> Any:
        """Return a plain client, for what a foreign program or an administrator does.

        Untyped, as redis-py types its replies for every protocol at once.
        """
        return Redis(unix_socket_path=str(self.socket_path), password=self.password)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _user(self) -> str:
        return f":{self.password}@" if self.password else ""

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(START_LIMIT_S)


def _watch(process: subprocess.Popen[str], ready: Event, lines: list[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if "Ready to accept connections" in line:
            ready.set()
    ready.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
