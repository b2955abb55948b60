"""`durapy up` as a process, with its output read as it comes."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from durapy_core.settings import child_environment

ROOT = Path(__file__).parents[2]


class Up:
    """One run of `durapy up` on a data folder of the test."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        named = {f"DURAPY_{name.upper()}": value for name, value in environment.items()}
        self.data_dir = data_dir
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "durapy_core", "up"],
            cwd=ROOT,
            env=child_environment(
                **{"DURAPY_DATA_DIR": str(data_dir), "DURAPY_PORT": "0", **named}
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, pattern: str, *, limit_s: float = 60) -> re.Match[str]:
        """Return the first match of a pattern in the output."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            match = re.search(pattern, self.output)
            found.extend([match] if match else [])
            return match is not None

        self.wait_until(look, pattern, limit_s=limit_s)
        return found[0]

    def wait_until(
        self, condition: Callable[[], bool], what: str = "", *, limit_s: float = 60
    ) -> None:
        """Return once a condition holds."""
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {limit_s:g} s: {what}; the output:\n{self.output}")
            threading.Event().wait(0.05)

    def wait_until_ready(self) -> str:
        """Return the console's address once it and every service run."""
        url = self.wait_for(r"DuraPy is ready: (https?://\S+)/login\?code=\S+")[1]
        self.wait_for(r"pinger +\| .*running")
        self.wait_for(r"ponger +\| .*running")
        return url

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the console's API with its token and return the answer."""
        request = urllib.request.Request(  # noqa: S310 (it is http)
            f"{self.wait_until_ready()}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {(self.data_dir / 'token').read_text().strip()}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (as above)
            return json.load(answer)

    def children(self) -> dict[str, int]:
        """Return the process ids of the services by their names."""
        services = self.call("GET", "services")["services"]
        return {status["service"]: status["pid"] for status in services if status["up"]}

    def end(self, number: int = signal.SIGINT, *, limit_s: float = 20) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=limit_s)
        self._reader.join(timeout=limit_s)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line


@contextmanager
def running_up(data_dir: Path, **environment: str) -> Iterator[Up]:
    """Give a running `durapy up` and end it afterwards, whatever happened."""
    up = Up(data_dir, **environment)
    try:
        yield up
    finally:
        try:
            up.end()
        except subprocess.TimeoutExpired:
            up.end(signal.SIGKILL)


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
