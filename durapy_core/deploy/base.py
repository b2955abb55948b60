"""The port to what runs the replicas: Docker, systemd, local processes.

The console, the command line and the log of operations know these calls only. Which services
there are is the manager's knowledge: the containers of a project, the folders of a checkout.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReplicaState(StrEnum):
    """What the manager knows of a replica: its process, not what the service says of itself."""

    RUNNING = "running"
    WAITING = "waiting"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One copy of a service as its manager sees it.

    Attributes:
        service: the service's name.
        name: what the manager calls this copy: a container's name, a process id.
        state: `waiting` is between a crash and the next start.
        started_at: when it was started last (UTC); None before the first time.
        restarts: how often it was started again after a crash, since the manager began.
        ended: how its process ended last, in words; None while it runs or if that is not known.
    """

    service: str
    name: str
    state: ReplicaState
    started_at: datetime | None = None
    restarts: int = 0
    ended: str | None = None


class DeployManager(ABC):
    """Starts and stops the replicas of services. Every call may come from any thread.

    Raises (every call):
        ManagerUnavailableError: what runs the replicas did not answer.
    """

    @abstractmethod
    def replicas(self) -> list[Replica]:
        """Return every replica that the manager looks after, by service and name."""

    @abstractmethod
    def start(self, name: str) -> None:
        """Start the service's replicas and return when they run; running ones are left alone.

        Raises:
            ServiceNotFoundError: no service has this name here.
            DeployError: it did not stay up; the message says what to look at.
        """

    @abstractmethod
    def stop(self, name: str) -> None:
        """Stop the service's replicas with grace and return when they have ended.

        They stay stopped until `start` or `restart`.

        Raises:
            ServiceNotFoundError: no service has this name here.
        """

    @abstractmethod
    def restart(self, name: str) -> None:
        """Stop the service's replicas with grace, start them again, return when they run.

        Raises:
            ServiceNotFoundError: no service has this name here.
            DeployError: it did not stay up; the message says what to look at.
        """
