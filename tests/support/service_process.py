"""A service in a process of its own, and the store that it shares with the test."""

import fcntl
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

from durapy_core.catalog import encode
from durapy_core.command import Command
from durapy_core.engines import Engine, EngineOptions, open_engine
from durapy_core.engines.base import COMMANDS, STATUS
from durapy_core.entry import START, Cursor, Entry
from durapy_core.settings import child_environment
from durapy_core.status import ServiceState, ServiceStatus
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]
LIMIT_S = 120
_AGAIN_S = 0.005
_PARTS = {
    "running": "leads",
    "taking the lead": "leads",
    "standing by: ": "stands by",
    "This process stands by from now on": "stands by",
}


class Shared:
    """A store that the test and its services share.

    Attributes:
        engine: the test's own connection.
    """

    def __init__(self, url: str, folder: Path, namespace: str) -> None:
        self.url = url
        self.folder = folder
        self.namespace = namespace
        self.engine: Engine = open_engine(url, EngineOptions(namespace=namespace))

    def send(self, *commands: Command) -> list[str]:
        """Send commands as somebody else and return their keys."""
        new = [encode(command, sender="test") for command in commands]
        return [entry.key for entry in self.engine.append_many(COMMANDS, new)]

    def entries(self, command_class: type[Command]) -> list[Entry]:
        """Return the entries of a command, oldest first."""
        found: list[Entry] = []
        after = START
        while more := self.engine.read(COMMANDS, after=after):
            found += [entry for entry in more if entry.type == command_class.options.type]
            after = Cursor(more[-1].key)
        return found

    def bodies(self, command_class: type[Command]) -> list[dict[str, Any]]:
        """Return the bodies of a command, oldest first."""
        return [json.loads(entry.body or "") for entry in self.entries(command_class)]

    def statuses(self, service: str) -> list[ServiceStatus]:
        """Return what the replicas of a service say of themselves."""
        rows = self.engine.table(STATUS).values()
        said = [ServiceStatus.from_text(row.text) for row in rows]
        return [status for status in said if status.service == service]

    def is_held(self) -> bool:
        """Return whether an SQLite file is kept by one who writes to it and does not go on."""
        if not self.url.startswith("sqlite:///"):
            return False
        with Path(self.url.removeprefix("sqlite:///") + ".lock").open("ab") as lock:
            for _ in range(100):  # others may be writing
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return False
                Event().wait(_AGAIN_S)
        return True

    def start(self, service: str, services_dir: Path, **environment: str) -> "ServiceProcess":
        """Start a service and return once it says that it runs."""
        process = ServiceProcess(service, self, services_dir, environment)
        process.wait_until_running()
        return process


class ServiceProcess:
    """One `durapy run NAME`; killed at the end of its `with` if it runs still."""

    def __init__(
        self, service: str, shared: Shared, services_dir: Path, environment: dict[str, str]
    ) -> None:
        self.service = service
        self.shared = shared
        self.output = shared.folder / f"{service}.{len(list(shared.folder.iterdir()))}.log"
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "durapy_core", "run", service],
                cwd=ROOT,
                env=child_environment(
                    **{"DURAPY_ENGINE": shared.url, **environment},
                    DURAPY_NAMESPACE=shared.namespace,
                    DURAPY_SERVICES_DIR=str(services_dir),
                    DURAPY_DATA_DIR=str(shared.folder),
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_running(self) -> None:
        """Return once this process says that it runs."""
        wait_for(self._runs, f"{self.service} to run", limit_s=LIMIT_S, every_s=0.05)

    def status(self) -> ServiceStatus | None:
        """Return what this very process says of itself."""
        said = self.shared.statuses(self.service)
        return next((each for each in said if each.pid == self._process.pid), None)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.send_signal(signal.SIGTERM)

    def interrupt(self) -> None:
        """Ask it to end as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it at once, without its knowledge."""
        self._process.kill()
        self._process.wait(LIMIT_S)

    def freeze(self) -> None:
        """Let it hang, with all of its threads, until `thaw`; but not in the middle of a write.

        On SQLite nobody else can write while one hangs there.
        """
        self._process.send_signal(signal.SIGSTOP)
        while self.shared.is_held():
            self.thaw()
            Event().wait(_AGAIN_S)
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def ended(self) -> bool:
        """Return whether it has ended."""
        return self._process.poll() is not None

    def exit_code(self) -> int:
        """Wait for its end and return its exit code."""
        return self._process.wait(LIMIT_S)

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has logged so far."""
        *lines, _ = self.output.read_text(encoding="utf-8").split("\n")  # the last may be half
        return [json.loads(line) for line in lines if line.startswith("{")]

    def said(self, message: str) -> bool:
        """Return whether a line of its log holds this message."""
        return any(message in line["message"] for line in self.lines())

    def leads(self) -> bool:
        """Return whether it leads, by what it logged last of that.

        The status says so as well, but up to a second later.
        """
        return self._part() == "leads"

    def stands_by(self) -> bool:
        """Return whether it stands by, by what it logged last of that."""
        return self._part() == "stands by"

    def wait_until_leading(self) -> None:
        """Return once it leads."""
        wait_for(self.leads, f"{self.service} to lead", limit_s=LIMIT_S, every_s=0.02)

    def wait_until_standing_by(self) -> None:
        """Return once it stands by."""
        wait_for(self.stands_by, f"{self.service} to stand by", limit_s=LIMIT_S, every_s=0.02)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.kill()

    def _part(self) -> str:
        parts = [
            part
            for line in self.lines()
            for said, part in _PARTS.items()
            if line["message"].startswith(said) or line["message"].endswith(said)
        ]
        return parts[-1] if parts else ""

    def _runs(self) -> bool:
        assert self._process.poll() is None, self.output.read_text(encoding="utf-8")
        status = self.status()
        return status is not None and status.state is not ServiceState.STARTING


@contextmanager
def shared_store(url: str, folder: Path, namespace: str = "durapy") -> Iterator[Shared]:
    """Open a store for the time of a `with`."""
    shared = Shared(url, folder, namespace)
    with shared.engine:
        yield shared
