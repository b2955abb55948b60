"""The last words of containers that ended, into the log of the store.

A container that dies takes along what it printed past its logger. This reads it from Docker while
it is still there: of containers of our own Compose project only, and of each line once.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from typing import Any, Final

from docker import DockerClient
from docker.errors import NotFound
from loguru import logger

from durapy_core.errors import DeployError
from durapy_core.log_sink import Line
from durapy_core.raw_output import RawOutput
from webserver.deployer.docker import DockerManager

_PROJECT: Final = "com.docker.compose.project"
_SERVICE: Final = "com.docker.compose.service"
_WINDOW_S: Final = 5
_RETRY_S: Final = 5.0
_MOST_LINES: Final = 500


class CrashOutput:
    """Watches for containers that end, and hands on what they printed."""

    def __init__(self, manager: DockerManager, take: Callable[[Line], None]) -> None:
        self._manager = manager
        self._raw = RawOutput(take)
        self._read_to: dict[str, str] = {}
        self._since_s = int(time.time())

    def run(self, stop: Event) -> None:
        """Watch until `stop`; while Docker is away, try again."""
        said = False
        while not stop.is_set():
            try:
                with self._manager.connected() as client:
                    self._watch(client)
                said = False
            except DeployError as error:
                if not said:
                    logger.warning("last words of containers are not kept: {e}", e=str(error))
                said = True
                stop.wait(_RETRY_S)

    def _watch(self, client: DockerClient) -> None:
        """Look at what ends within the next seconds, and at what has ended since the last look."""
        until_s = int(time.time()) + _WINDOW_S
        label = f"{_PROJECT}={self._manager.project_of(client)}"
        filters = {"type": "container", "event": "die", "label": label}
        events = client.events(since=self._since_s, until=until_s, filters=filters, decode=True)
        for event in events:
            self._since_s = event["time"]  # the same second is looked at again, its lines are not
            self._read(client, event["Actor"], ended=_stamp_of(event["timeNano"]))
        self._since_s = until_s

    def _read(self, client: DockerClient, actor: dict[str, Any], *, ended: str) -> None:
        """Hand on what was printed until then; Docker may have started the container again."""
        service = actor["Attributes"].get(_SERVICE, "")
        number = actor["ID"]
        try:
            printed = client.containers.get(number).logs(timestamps=True, tail=_MOST_LINES)
        except NotFound:
            return  # it is gone already, and its output with it
        read_to = last = self._read_to.get(number, "")
        for row in printed.decode(errors="replace").splitlines():
            stamp, _, text = row.partition(" ")
            if read_to < stamp <= ended:
                last = max(last, stamp)  # stdout and stderr are not in the order of their stamps
                self._raw.line(service, text, time=_time_of(stamp))
        self._read_to[number] = last
        self._raw.finish()


def _stamp_of(moment_ns: int) -> str:
    """Return a time as Docker writes it before a line: RFC 3339 with nine decimals."""
    s, ns = divmod(moment_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(s, UTC):%Y-%m-%dT%H:%M:%S}.{ns:09}Z"


def _time_of(stamp: str) -> datetime | None:
    """Return the time of a line of Docker's, which writes nanoseconds."""
    try:
        return datetime.fromisoformat(f"{stamp[:26].rstrip('Z')}+00:00")
    except ValueError:
        return None
