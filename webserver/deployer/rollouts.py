"""Rollouts beside Docker: another image in the place of the one that runs, one container for one.

The new container is made from the old one's own description, so that Compose owns it afterwards. It
is called NAME_next until the old one is gone; a label on it holds all that has to be known to
finish or undo the rollout, so a deployer that died leaves nothing else behind.
"""

from typing import Any, Final, Literal

import docker
from docker.errors import NotFound
from docker.models.containers import Container
from pydantic import BaseModel, ConfigDict, ValidationError

from durapy_core.deploy.base import Pair, Pulse
from durapy_core.errors import DeployError
from webserver.deployer.builds import PREVIOUS, DockerBuilds
from webserver.deployer.docker import NEXT, SERVICE, is_this_one, own_grace_s
from webserver.deployer.endings import how_it_ended
from webserver.deployer.images import IMAGE, image_of, keep_image, moving_tag, prune_images
from webserver.deployer.recreate import plan_container, stands_alone

ROLLOUT: Final = "durapy.rollout"
_LINES: Final = 20


class _Told(BaseModel):
    """What the label of a new container says: for which request, and of the one that ran."""

    model_config = ConfigDict(frozen=True)

    key: str
    old: str
    ran: bool
    beside: bool


class DockerRollouts(DockerBuilds):
    """The containers of one Compose project, each replaceable by one from another image."""

    def create(self, name: str, build: str, *, stop_first: bool, key: str) -> Pair:
        """Make the new container; see `RolloutManager.create`."""
        with self.connected() as client:
            old = self.only_container(client, name)
            image = image_of(client, build)
            if image is None:
                raise DeployError(f"The image {build} has vanished; {name} runs on as it was.")
            ran = old.status in ("running", "restarting")
            beside = not (stop_first or stands_alone(old.attrs))
            told = _Told(key=key, old=str(old.id), ran=ran, beside=beside)
            body = plan_container(
                old.attrs,
                image_of(client, old.attrs["Image"]) or {},
                image=build,
                image_id=image["Id"],
                labels={
                    IMAGE: ":".join(moving_tag(old)),
                    PREVIOUS: keep_image(client, old),
                    ROLLOUT: told.model_dump_json(),
                },
            )
            made = _create(client.api, body, f"{old.name}{NEXT}")
            return _pair(client.containers.get(made["Id"]), old, told)

    def pairs(self) -> list[tuple[Pair, str]]:
        """Return every rollout that is not over; see `RolloutManager.pairs`."""
        with self.connected() as client:
            all_ = {str(container.id): container for container in self.all_containers(client)}
        found = []
        for new in all_.values():
            told = _told(new)
            old = all_.get(told.old) if told else None
            if told and new.name and new.name.endswith(NEXT) and _may_replace(new, old):
                found.append((_pair(new, old, told), told.key))
        return found

    def made_by(self, name: str) -> str:
        """Return which request made the container; see `RolloutManager.made_by`."""
        with self.connected() as client:
            told = _told(self.only_container(client, name))
        return told.key if told else ""

    def launch(self, replica: str) -> None:
        """Start one container; see `RolloutManager.launch`."""
        with self.connected() as client:
            self._own(client, replica).start()

    def halt(self, replica: str, *, grace_s: float | None = None) -> None:
        """Stop one container; see `RolloutManager.halt`."""
        with self.connected() as client:
            container = self._find(client, replica)
            if container is None:
                return
            container.stop(timeout=own_grace_s(container) if grace_s is None else int(grace_s))

    def pulse(self, replica: str) -> Pulse:
        """Return how one container is; see `RolloutManager.pulse`."""
        with self.connected() as client:
            container = self._own(client, replica)
            ended = how_it_ended(container)
        state = container.attrs["State"]
        health = state.get("Health") or {}
        return Pulse(
            running=state["Running"] and not state["Restarting"],
            ended=ended,
            healthy=health.get("Status", "healthy") == "healthy",
            ill=_last_word(health) if health.get("Status") == "unhealthy" else None,
            host=container.attrs["Config"]["Hostname"],
        )

    def last_lines(self, replica: str) -> list[str]:
        """Return what one container wrote last; see `RolloutManager.last_lines`."""
        with self.connected() as client:
            container = self._find(client, replica)
            written = container.logs(tail=_LINES) if container else b""
        return written.decode(errors="replace").splitlines()

    def adopt(self, pair: Pair) -> None:
        """Let Compose find the new container in the place of the old one."""
        with self.connected() as client:
            new = self._own(client, pair.new)
            repository, moving = moving_tag(new)
            client.api.tag(new.attrs["Image"], repository, moving)
            if pair.old:
                old = self._own(client, pair.old)
                if pair.own == "new":
                    old.stop(timeout=own_grace_s(old))
                old.remove(v=False, force=True)
            new.rename(str(new.name).removesuffix(NEXT))
            prune_images(client, repository, moving, keep=self.keep_images)

    def discard(self, pair: Pair) -> None:
        """Remove the new container and let the moving tag be what it was."""
        with self.connected() as client:
            new = self._find(client, pair.new)
            if pair.old:
                old = self._own(client, pair.old)
                if image_of(client, old.attrs["Image"]) is not None:
                    client.api.tag(old.attrs["Image"], *moving_tag(old))
            if new is not None:
                new.remove(v=False, force=True)

    def _own(self, client: docker.DockerClient, replica: str) -> Container:
        """Return a container of the project by its id.

        Raises:
            DeployError: it is not there, or not of this project.
        """
        container = self._find(client, replica)
        if container is None:
            raise DeployError(f"the container {replica[:12]} has vanished")
        return container

    def _find(self, client: docker.DockerClient, replica: str) -> Container | None:
        """Return a container of the project by its id, or None if it is not there.

        Raises:
            DeployError: it is not of this project.
        """
        try:
            container = client.containers.get(replica)
        except NotFound:
            return None
        if container.id != replica or not self.is_ours(client, container):
            raise DeployError(f"The container {replica[:12]} is not of this project.")
        return container


def _told(container: Container) -> _Told | None:
    """Return what a container's label says of its rollout; None if that is nothing."""
    try:
        return _Told.model_validate_json(container.labels.get(ROLLOUT, ""))
    except ValidationError:
        return None


def _may_replace(new: Container, old: Container | None) -> bool:
    """Return whether the two are of one service and one place, whatever a label says."""
    if old is None:
        return True
    return old.labels[SERVICE] == new.labels[SERVICE] and new.name == f"{old.name}{NEXT}"


def _pair(new: Container, old: Container | None, told: _Told) -> Pair:
    own: Literal["neither", "old", "new"] = "new" if is_this_one(new) else "neither"
    if old and is_this_one(old):
        own = "old"
    return Pair(
        service=new.labels[SERVICE],
        old=str(old.id) if old else "",
        new=str(new.id),
        ran=told.ran,
        beside=told.beside,
        own=own,
    )


def _create(api: Any, body: dict[str, Any], name: str) -> dict[str, Any]:
    made: dict[str, Any] = api.create_container_from_config(body, name)
    return made


def _last_word(health: dict[str, Any]) -> str:
    log = health.get("Log") or [{}]
    return " ".join(str(log[-1].get("Output", "")).split())[-200:]
