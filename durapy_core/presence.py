"""What a process says of itself that runs no service of its own, such as the console."""

import os
import secrets
import socket
from collections.abc import Callable
from datetime import UTC, datetime

from durapy_core.status import ServiceState, ServiceStatus


def make_replica_name() -> str:
    """Return a name for this process that no other has: host, process id, random letters."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Presence:
    """The status of a process that handles no commands, but is up or down as a service is.

    Attributes:
        state: what it is doing, until it is to stop.
    """

    def __init__(
        self,
        name: str,
        *,
        replica: str,
        revision: str,
        stopped: Callable[[], bool],
        state: ServiceState = ServiceState.IDLE,
    ) -> None:
        """Take its name, and what tells whether it is to stop."""
        self.state = state
        self._name = name
        self._replica = replica
        self._revision = revision
        self._stopped = stopped
        self._started_at = datetime.now(UTC)

    def status(self) -> ServiceStatus:
        """Return the status as of now. Any thread may ask."""
        return ServiceStatus(
            service=self._name,
            replica=self._replica,
            host=socket.gethostname(),
            pid=os.getpid(),
            revision=self._revision,
            state=ServiceState.STOPPED if self._stopped() else self.state,
            started_at=self._started_at,
        )
