"""The port to what runs the replicas: Docker, systemd, local processes.

The console, the command line and the log of operations know these calls only. Which services
there are is the manager's knowledge: the containers of a project, the folders of a checkout.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The exact code that is to run.

    Attributes:
        commit: the full commit; for a working tree the one that it was changed from.
        asked: how it was named: a branch, a tag, a commit, or `working tree`.
        changed: when the working tree itself is meant and differs from its commit, what sets this
            state apart from others; else empty.
        kept: what the manager calls a build of it that was kept, to be taken as it is.
    """

    commit: str
    asked: str
    changed: str = ""
    kept: str = ""

    @property
    def name(self) -> str:
        """The revision as images and statuses show it: `1c2d3e4`, or `1c2d3e4-dirty`."""
        return f"{self.commit[:7]}-dirty" if self.changed else self.commit[:7]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A service while it is rolled out: the replica that ran, and the one that is to take over.

    As long as the new one exists, the rollout is not over: whoever finds a pair finishes or undoes
    it. So a manager keeps pairs where they outlive it, in the replicas themselves.

    Attributes:
        service: the service's name.
        old, new: what the manager calls the two; `old` is empty once it has been removed.
        ran: whether the old one ran when the rollout began.
        beside: whether the two may run at the same time.
        own: which of the two is the manager's own process; `neither` of another service.
    """

    service: str
    old: str
    new: str
    ran: bool
    beside: bool
    own: Literal["neither", "old", "new"] = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How one replica is at this moment, as its manager sees it.

    Attributes:
        running: whether its process runs.
        ended: how it ended or that it was started again, in words; None while it never did.
        healthy: whether its health check passes; True if it has none.
        ill: what its health check said that has failed for good; None otherwise.
        host, pid: what its status names as its host and process; `pid` None if that is not known.
    """

    running: bool
    ended: str | None = None
    healthy: bool = True
    ill: str | None = None
    host: str = ""
    pid: int | None = None


Say = Callable[[Sequence[str]], None]
"""Is given lines of a build as they come."""

Cancelled = Callable[[], str | None]
"""Returns why the work is to be given up, or None to go on."""


class RolloutManager(DeployManager):
    """A manager that can also put another revision in the place of the one that runs.

    `durapy_core/deploy/rollout.py` says in which order these are called. Every call but `build` is
    short, and may be made again after a death in the middle of it.
    """

    @abstractmethod
    def resolve(self, name: str, revision: str) -> Revision:
        """Return which code is meant, having fetched what there is; empty: the checkout's commit.

        Raises:
            ServiceNotFoundError: no service has this name here.
            DeployError: no such revision, or it has no such service; the message says what to do.
        """

    @abstractmethod
    def before(self, name: str) -> str:
        """Return the revision that ran before the present one, for `build` to take.

        Raises:
            DeployError: there is none.
        """

    @abstractmethod
    def build(self, name: str, revision: Revision, *, say: Say, cancelled: Cancelled) -> str:
        """Make what runs this revision of a service, and return what the manager calls it.

        What was built before and is still there is returned at once.

        Raises:
            DeployError: it cannot be built, or was cancelled; the message says why.
        """

    @abstractmethod
    def create(self, name: str, build: str, *, stop_first: bool, key: str) -> Pair:
        """Make a replica from a build without starting it; the old one is not touched.

        `stop_first` is what the service asks for; `key` names the request for who looks later.

        Raises:
            DeployError: the build has vanished, or the service cannot be replaced.
        """

    @abstractmethod
    def pairs(self) -> list[tuple[Pair, str]]:
        """Return every pair that is there, with the key of the request that made it."""

    @abstractmethod
    def made_by(self, name: str) -> str:
        """Return the key of the request that made the service's replica; empty if none did."""

    @abstractmethod
    def order(self) -> list[str]:
        """Return the services that can be rolled out, each after those that it depends on."""

    @abstractmethod
    def fetch(self) -> str:
        """Bring in what revisions there are, and return where from, in words.

        Raises:
            DeployError: where they come from does not answer.
        """

    @abstractmethod
    def changes(self, name: str, revision: str) -> dict[str, Any]:
        """Return how a revision differs from the one that runs, as JSON.

        Raises:
            DeployError: one of them is not known.
        """

    @abstractmethod
    def launch(self, replica: str) -> None:
        """Start one replica; returns before it is ready. One that runs is left alone."""

    @abstractmethod
    def halt(self, replica: str, *, grace_s: float | None = None) -> None:
        """Stop one replica and return when it has ended; None gives it its own grace.

        One that has vanished is no error, here as in `last_lines` and `discard`.
        """

    @abstractmethod
    def pulse(self, replica: str) -> Pulse:
        """Return how a replica is.

        Raises:
            DeployError: it has vanished.
        """

    @abstractmethod
    def last_lines(self, replica: str) -> list[str]:
        """Return what a replica wrote last, oldest first; 20 lines at most."""

    @abstractmethod
    def adopt(self, pair: Pair) -> None:
        """Make the new replica the service's own; the old one goes, its build is kept."""

    @abstractmethod
    def discard(self, pair: Pair) -> None:
        """Remove the new replica, running or not; the old one is not touched."""
