"""Looks at Docker and Git every few seconds and writes down what is deployed."""

import time
from typing import Any, Final

import docker
from docker.models.containers import Container
from loguru import logger

from durapy_core.deploy.base import ReplicaState
from durapy_core.deploy.overview import Deployed, Deployment, Missing, put_deployment
from durapy_core.engines.base import Engine
from durapy_core.errors import DeployError, DurapyError
from durapy_core.side_thread import SideThread
from webserver.deployer.builds import PREVIOUS
from webserver.deployer.docker import SERVICE, SETUP, STATES, started_at
from webserver.deployer.images import revision_in, shown
from webserver.deployer.recipe import COMPOSE_FILE, services_of
from webserver.deployer.rollouts import DockerRollouts

_EVERY_S: Final = 2.0
_GIT_EVERY_S: Final = 15.0
_LINES: Final = 20


class Overview(SideThread):
    """Writes the table while in `with`; its end takes longer only if Docker does not answer."""

    def __init__(self, engine: Engine, manager: DockerRollouts) -> None:
        super().__init__("overview")
        self._engine = engine
        self._manager = manager
        self._code = Deployment()
        self._declared: dict[str, Any] = {}
        self._looked_s = float("-inf")
        self._revisions: dict[str, str] = {}

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                put_deployment(self._engine, self.look())
            except DurapyError as error:
                logger.debug("deployment was not looked at: {error}", error=str(error))
            except Exception:  # noqa: BLE001 (the console would show for ever what was once)
                logger.exception("what is deployed could not be looked at; trying again")
            self._stop.wait(_EVERY_S)

    def look(self) -> Deployment:
        """Return what is deployed now; what Git says may be some seconds old.

        Raises:
            DeployError: Docker did not answer.
        """
        fetched = self._manager.mirror.fetched_s > self._looked_s
        if fetched or time.monotonic() - self._looked_s > _GIT_EVERY_S:
            self._looked_s = time.monotonic()
            self._look_at_code()
        with self._manager.connected() as client:
            services = [self._deployed(client, c) for c in self._manager.containers(client)]
        services.sort(key=lambda service: service.service)
        present = {service.service for service in services}
        missing = [
            Missing(service=name, command=f"docker compose up -d --build {name}")
            for name in sorted(set(self._declared) - present - {SETUP})
        ]
        orphans = sorted(present - set(self._declared)) if self._declared else []
        return self._code.model_copy(
            update={
                "services": tuple(services),
                "missing": tuple(missing),
                "orphans": tuple(orphans),
            }
        )

    def _look_at_code(self) -> None:
        """Look at the checkout; what it holds on disk says which services there should be."""
        mirror = self._manager.mirror
        try:
            if mirror.fetched_s < 0:
                mirror.fetch()
            head = mirror.resolve("")
            self._code = Deployment(
                head=head.commit,
                branch=mirror.tree.branch(),
                changed=bool(mirror.tree.changed()),
                refs=tuple(mirror.refs()),
            )
            self._declared = services_of(mirror.tree.read(COMPOSE_FILE) or "services: {}")
        except DeployError as error:
            self._code = Deployment(problem=str(error))

    def _deployed(self, client: docker.DockerClient, container: Container) -> Deployed:
        state = container.attrs["State"]
        told = STATES.get(container.status, ReplicaState.STOPPED)
        health = (state.get("Health") or {}).get("Status")
        troubled = (
            told is ReplicaState.WAITING
            or health == "unhealthy"
            or (told is ReplicaState.STOPPED and state["ExitCode"] not in (0, 137, 143))
        )
        name = container.labels[SERVICE]
        revision = self._revision(client, container)
        return Deployed(
            service=name,
            state=told,
            healthy={"healthy": True, "unhealthy": False}.get(str(health)),
            restarts=container.attrs["RestartCount"],
            exit_code=state["ExitCode"] if told is not ReplicaState.RUNNING else None,
            started_at=started_at(state),
            revision=revision,
            previous=container.labels.get(PREVIOUS, ""),
            built="build" in (self._declared.get(name) or {}),
            lines=tuple(_last_lines(container)) if troubled else (),
            **self._place(revision),
        )

    def _revision(self, client: docker.DockerClient, container: Container) -> str:
        """Return the revision in a container's image, asked for once for each image."""
        image = str(container.attrs["Image"])
        if image not in self._revisions:
            self._revisions[image] = shown(revision_in(client, container))
        return self._revisions[image]

    def _place(self, revision: str) -> dict[str, Any]:
        """Return where a revision stands to the checkout's commit."""
        try:
            commit = self._manager.mirror.commit_of(revision.partition("-")[0] or "?")
            changes = self._manager.mirror.distance(commit, self._code.head)
        except DeployError:
            return {}
        return {"commit": commit, "ahead": changes[0], "behind": changes[1]}


def _last_lines(container: Container) -> list[str]:
    return container.logs(tail=_LINES).decode(errors="replace").splitlines()
