"""The web server is itself a service: its status and its catalog, like any other's."""

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.engines.base import CATALOG, Engine
from durapy_core.note import NoteCommand
from durapy_core.replica import make_replica_name
from durapy_core.status import ServiceState, ServiceStatus

NAME = "webserver"


class Presence:
    """What this web server says of itself; `state` is set by whoever stops it."""

    def __init__(self, *, revision: str) -> None:
        self.state = ServiceState.IDLE
        self._revision = revision
        self._replica = make_replica_name()
        self._started_at = datetime.now(UTC)

    def status(self) -> ServiceStatus:
        """Return the status as of now. Any thread may ask."""
        return ServiceStatus(
            service=NAME,
            replica=self._replica,
            host=socket.gethostname(),
            pid=os.getpid(),
            revision=self._revision,
            state=self.state,
            started_at=self._started_at,
        )


def publish_catalog(engine: Engine) -> Callable[[], None]:
    """Return the call that publishes the catalog: the console sends notes, and hears nothing."""
    types = (publish_type(NoteCommand, (Role.SENDS,)),)
    text = PublishedCatalog(service=NAME, types=types).model_dump_json()
    return lambda: engine.put(CATALOG, NAME, text)
