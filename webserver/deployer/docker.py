"""The manager beside Docker: sole importer of its SDK, and only for one Compose project.

A service's replicas are the containers that Compose made for it. Everything else on this computer
does not exist here: a name is looked up among the project's containers, never handed to Docker.
"""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import docker
from docker.errors import APIError, DockerException
from docker.models.containers import Container
from requests.exceptions import RequestException

from durapy_core.deploy.base import DeployManager, Replica, ReplicaState
from durapy_core.errors import DeployError, ManagerUnavailableError, ServiceNotFoundError
from webserver.deployer.endings import how_it_ended

PROJECT: Final = "com.docker.compose.project"
SERVICE: Final = "com.docker.compose.service"
NEXT: Final = "_next"
"""Ends the name of a container that is to take a service over; see rollouts.py."""

ONE_OFF: Final = "com.docker.compose.oneoff"
"""Label of every container of Compose: `True` for what it does not keep running."""

SETUP: Final = "setup"
"""The service that prepares the others and ends: nobody starts, stops or replaces it."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SHORT_ID: Final = re.compile(r"[0-9a-f]{12}")
_TIMEOUT_S: Final = 30
_GRACE_S: Final = 10  # Docker's own default, where a container names none
_UP_WITHIN_S: Final = 60.0
_SETTLED_S: Final = 2.0
_POLL_S: Final = 0.2

STATES: Final = {
    "running": ReplicaState.RUNNING,
    "restarting": ReplicaState.WAITING,
    "created": ReplicaState.STOPPED,
    "removing": ReplicaState.STOPPING,
}
"""What Docker calls the state of a container, and what that means here."""


class DockerManager(DeployManager):
    """The containers of one Compose project. Opens nothing until it is asked something."""

    def __init__(self, *, socket_path: Path, project: str = "") -> None:
        """Take where Docker listens, and the project; empty: that of the container we run in."""
        self._url = f"unix://{socket_path}"
        self._project = project
        self._never = threading.Event()

    def replicas(self) -> list[Replica]:
        """Return every container of the project, by service and name."""
        with self.connected() as client:
            found = [_replica(container) for container in self.containers(client)]
        return sorted(found, key=lambda replica: (replica.service, replica.name))

    def start(self, name: str) -> None:
        """Start the service's containers; see `DeployManager.start`."""
        with self.connected() as client:
            for container in self._others_of(client, name):
                container.start()
                self._await_up(container)

    def stop(self, name: str) -> None:
        """Stop the service's containers with their own grace; see `DeployManager.stop`."""
        with self.connected() as client:
            for container in self._others_of(client, name):
                container.stop(timeout=own_grace_s(container))

    def restart(self, name: str) -> None:
        """Restart the service's containers one after the other; see `DeployManager.restart`."""
        with self.connected() as client:
            for container in self._others_of(client, name):
                container.restart(timeout=own_grace_s(container))
                self._await_up(container)

    @contextmanager
    def connected(self) -> Iterator[docker.DockerClient]:
        """Give a client; what Docker refuses, or that it does not answer, becomes a DeployError."""
        client = None
        try:
            client = docker.DockerClient(base_url=self._url, timeout=_TIMEOUT_S)
            yield client
        except APIError as error:
            raise DeployError(f"Docker refused: {error.explanation or error}.") from error
        except (DockerException, RequestException) as error:
            raise ManagerUnavailableError(
                f"Docker did not answer at {self._url} ({_innermost(error)}); is it running, and "
                "is DURAPY_DOCKER_SOCKET the path of its socket? Until then, "
                "`docker compose restart SERVICE` does the same by hand."
            ) from error
        finally:
            if client is not None:
                client.close()

    def containers(self, client: docker.DockerClient) -> list[Container]:
        """Return every container of the project but those that are yet to take over."""
        return [c for c in self.all_containers(client) if not str(c.name).endswith(NEXT)]

    def all_containers(self, client: docker.DockerClient) -> list[Container]:
        """Return every container of the project but the one that only prepares the others."""
        labels = [f"{PROJECT}={self.project_of(client)}", SERVICE, f"{ONE_OFF}=False"]
        found = client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
        return [container for container in found if container.labels[SERVICE] != SETUP]

    def is_ours(self, client: docker.DockerClient, container: Container) -> bool:
        """Return whether Compose made a container for a service of the project.

        One that was run by hand from an image of ours has its labels of project and service, but
        none that says that it is no one-off.
        """
        labels = container.labels
        ours = labels.get(PROJECT) == self.project_of(client) and SERVICE in labels
        return ours and labels.get(ONE_OFF) == "False"

    def containers_of(self, client: docker.DockerClient, name: str) -> list[Container]:
        """Return the containers of a service of the project, by name.

        Raises:
            ServiceNotFoundError: no service of the project has this name.
        """
        containers = self.containers(client)
        known = sorted({container.labels[SERVICE] for container in containers})
        if not _NAME.fullmatch(name) or name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}."
            raise ServiceNotFoundError(
                f'The project "{self._project}" has no service called "{name[:64]}"; {hint}'
            )
        replicas = [container for container in containers if container.labels[SERVICE] == name]
        return sorted(replicas, key=lambda container: str(container.name))

    def _others_of(self, client: docker.DockerClient, name: str) -> list[Container]:
        replicas = self.containers_of(client, name)
        if any(is_this_one(container) for container in replicas):
            raise DeployError(
                f"The {name} cannot restart itself; run `docker compose restart {name}`."
            )
        return replicas

    def project_of(self, client: docker.DockerClient) -> str:
        """Return the project whose containers are looked after.

        Raises:
            ManagerUnavailableError: it is not known.
        """
        if not self._project:
            own = self.own_container(client)
            self._project = own.labels.get(PROJECT, "") if own else ""
        if not self._project:
            raise ManagerUnavailableError(
                "The deployer does not know its Compose project, because it is not one of its "
                "containers; start it with `docker compose up`, or set DURAPY_COMPOSE_PROJECT."
            )
        return self._project

    def own_container(self, client: docker.DockerClient) -> Container | None:
        """Return the container that this process runs in; None outside one."""
        running = client.containers.list(ignore_removed=True)
        return next((container for container in running if is_this_one(container)), None)

    def _await_up(self, container: Container) -> None:
        deadline = time.monotonic() + _UP_WITHIN_S
        settled = time.monotonic() + _SETTLED_S
        name = container.labels[SERVICE]
        while time.monotonic() < deadline:
            container.reload()
            state = container.attrs["State"]
            health = state.get("Health", {}).get("Status")
            ended = how_it_ended(container)
            if ended:
                raise DeployError(
                    f"{name} did not stay up: it {ended}; `docker compose logs {name}` says why."
                )
            if health == "unhealthy":
                raise DeployError(
                    f"{name} runs but is unhealthy; `docker compose logs {name}` says why."
                )
            if health == "healthy" or (health is None and time.monotonic() > settled):
                return
            self._never.wait(_POLL_S)
        raise DeployError(
            f"{name} was started but is not healthy after {_UP_WITHIN_S:g} s; "
            f"`docker compose logs {name}` says why."
        )


def _replica(container: Container) -> Replica:
    state = container.attrs["State"]
    return Replica(
        service=container.labels[SERVICE],
        name=str(container.name),
        state=STATES.get(container.status, ReplicaState.STOPPED),
        started_at=started_at(state),
        restarts=container.attrs["RestartCount"],
    )


def started_at(state: dict[str, Any]) -> datetime | None:
    """Return when a container was started last; None before the first time."""
    started = datetime.fromisoformat(state["StartedAt"])
    return started if started.year > 1 else None  # Docker writes the year 1 for "never"


def own_grace_s(container: Container) -> int:
    """Return how many seconds a container is given to end."""
    return container.attrs["Config"].get("StopTimeout") or _GRACE_S


def is_this_one(container: Container) -> bool:
    """Return whether this process runs in it: Docker names a container's host after its id."""
    host = socket.gethostname()
    return bool(_SHORT_ID.fullmatch(host)) and str(container.id).startswith(host)


def _innermost(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__
    return _innermost(cause) if cause else str(error)
