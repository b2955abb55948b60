"""A redis-server of the measurement's own, in a temporary folder, on a Unix socket and TCP."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from durapy_core.deploy import tether
from durapy_core.errors import EngineUnavailableError

_LIMIT_S: Final = 30.0


class PrivateRedis:
    """Runs in a `with`; ends when this process does.

    Attributes:
        pid: of the server.
        unix_url, tcp_url: its two addresses.
    """

    def __init__(self, appendfsync: str) -> None:
        """`appendfsync` as in redis.conf; `off` writes no append-only file."""
        self._folder = tempfile.TemporaryDirectory(prefix="durapy-bench-")
        path, port = Path(self._folder.name), _free_port()
        self._socket = path / "redis.sock"
        self.unix_url = f"unix://{self._socket}"
        self.tcp_url = f"redis://127.0.0.1:{port}/0"
        aof = ("no",) if appendfsync == "off" else ("yes", "--appendfsync", appendfsync)
        where = ("--port", str(port), "--unixsocket", str(self._socket), "--dir", str(path))
        program = ("redis-server", *where, "--bind", "127.0.0.1", "--save", "")
        tethered = (sys.executable, "-I", "-S", tether.__file__, str(os.getpid()))
        self._process = subprocess.Popen(  # noqa: S603 (a fixed command)
            [*tethered, *program, "--appendonly", *aof],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us alone, who end it last
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        """Return once it listens."""
        deadline_s = time.monotonic() + _LIMIT_S
        while not self._socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.__exit__(None, None, None)
                raise EngineUnavailableError(
                    "redis-server did not start; run it by hand to see why, or give --engine."
                )
            time.sleep(0.02)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it and remove its folder."""
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
