"""What could run: revisions of the checkout, and the images that are built from them."""

import re
import threading
from functools import partial
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Final

import docker
from docker.models.containers import Container

from durapy_core.deploy.base import Cancelled, Revision, RolloutManager, Say
from durapy_core.deploy.git import Mirror
from durapy_core.errors import DeployError
from webserver.deployer.build import Order, build_image
from webserver.deployer.docker import PROJECT, SERVICE, DockerManager
from webserver.deployer.images import REVISION, image_of, moving_tag, revision_in, shown, tag_of
from webserver.deployer.recipe import COMPOSE_FILE, Recipe, recipe_of, services_of
from webserver.deployer.remote import has_network, remove_helper, run_with_network

PREVIOUS: Final = "durapy.previous"
"""Label of a container that was rolled out: the tag of the image that ran before."""

_KEPT: Final = "@kept:"
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DEPENDS_ON: Final = "com.docker.compose.depends_on"


class DockerBuilds(DockerManager, RolloutManager):
    """The images of one Compose project, built from one repository."""

    def __init__(
        self, mirror: Mirror, *, socket_path: Path, project: str = "", keep_images: int = 5
    ) -> None:
        """Take where revisions come from, and how many replaced images of a service are kept."""
        super().__init__(socket_path=socket_path, project=project)
        self.mirror = mirror
        self.keep_images = keep_images
        self._fetching = threading.Lock()

    def resolve(self, name: str, revision: str) -> Revision:
        """Return which code is meant; see `RolloutManager.resolve`."""
        with self.connected() as client:
            container = self.only_container(client, name)
            if revision.startswith(_KEPT):
                return self._kept(client, container, revision.removeprefix(_KEPT))
        problem = self._fetch()
        if not self.mirror.is_of_checkout(revision):
            self._fetch_remote()  # a branch there may have moved
        return self._found(name, revision, problem)

    def before(self, name: str) -> str:
        """Return the image that ran before the present one; see `RolloutManager.before`."""
        with self.connected() as client:
            previous = self.only_container(client, name).labels.get(PREVIOUS)
        if not previous:
            raise DeployError(
                f"{name} was not rolled out since Compose made its container, so there is no "
                "revision before; name one: `durapy rollout`."
            )
        return _KEPT + previous

    def build(self, name: str, revision: Revision, *, say: Say, cancelled: Cancelled) -> str:
        """Build the image of a revision; see `RolloutManager.build`."""
        with self.connected() as client:
            repository, _ = moving_tag(self.only_container(client, name))
            image = f"{repository}:{revision.kept or tag_of(revision)}"
            if image_of(client, image) is not None:
                say([f"{image} was built before"])
                return image
            recipe = self._recipe(name, revision)
            labels = {
                REVISION: f"{revision.commit}-dirty" if revision.changed else revision.commit,
                PROJECT: self.project_of(client),
                SERVICE: name,
            }
            with self.mirror.archive(revision) as files:
                order = Order(recipe=recipe, tag=image, labels=labels)
                build_image(client.api, files, order, say=say, cancelled=cancelled)
        return image

    def order(self) -> list[str]:
        """Return what is built here, by what depends on what; see `RolloutManager.order`."""
        self._fetch()
        head = self.mirror.resolve("")
        text = self.mirror.read(head, COMPOSE_FILE) or ""
        with self.connected() as client:
            present = {c.labels[SERVICE]: c.labels for c in self.containers(client)}
        built = [n for n, told in services_of(text).items() if n in present and "build" in told]
        return _by_dependency({name: present[name].get(_DEPENDS_ON, "") for name in built})

    def fetch(self) -> str:
        """Fetch from the checkout and the remote; see `RolloutManager.fetch`."""
        self.mirror.fetch()
        if not self.mirror.remote:
            return "fetched what the checkout has; DURAPY_GIT_REMOTE names a remote to ask as well"
        self._fetch_remote()
        return "fetched what the checkout and the remote have"

    def changes(self, name: str, revision: str) -> dict[str, Any]:
        """Return what separates a revision from the running one; see `RolloutManager.changes`."""
        with self.connected() as client:
            running = revision_in(client, self.only_container(client, name))
        base = self.mirror.commit_of(running.partition("-")[0] or "unknown")
        target = self._found(name, revision, self._fetch())
        changes = self.mirror.changes(base, target.commit)
        return {"base": shown(running), "target": target.name, **changes.model_dump()}

    def only_container(self, client: docker.DockerClient, name: str) -> Container:
        """Return the one container of a service.

        Raises:
            ServiceNotFoundError: there is none.
            DeployError: there are several, or it is one that cannot be replaced.
        """
        found = self.containers_of(client, name)
        if len(found) > 1:
            raise DeployError(
                f"{name} has {len(found)} containers; a rollout replaces one. "
                f"Run `docker compose up -d --scale {name}=1 {name}` first."
            )
        container = found[0]
        if container.attrs["HostConfig"].get("AutoRemove"):
            raise DeployError(f"{name} was started with --rm, so it could not be put back.")
        if "com.docker.swarm.service.id" in container.labels:
            raise DeployError(f"{name} is a task of Swarm; use `docker service update`.")
        return container

    def _kept(self, client: docker.DockerClient, container: Container, tag: str) -> Revision:
        """Return the revision of an image that is kept; one that has vanished is built again.

        Raises:
            DeployError: there is no such image, nor a commit to build it from.
        """
        if not _TAG.fullmatch(tag):
            raise DeployError(f"{tag[:80]!a} is not the tag of an image that was kept.")
        commit, _, more = tag.partition("-")
        image = image_of(client, f"{moving_tag(container)[0]}:{tag}")
        if image is not None:
            label = (image["Config"].get("Labels") or {}).get(REVISION) or commit
            commit, _, dirty = label.partition("-")
            return Revision(commit=commit, asked="the one before", changed=dirty, kept=tag)
        if "dirty" in more:
            raise DeployError(
                f"The image {tag} has vanished, and it was built from files that no commit has."
            )
        return self.mirror.resolve(commit)

    def _found(self, name: str, revision: str, problem: DeployError | None) -> Revision:
        """Return a revision that was fetched and has the service.

        Raises:
            DeployError: it is not there, and `problem` if that is why.
        """
        try:
            found = self.mirror.resolve(revision)
        except DeployError as error:
            raise problem or error from error
        self._recipe(name, found)
        return found

    def _fetch(self) -> DeployError | None:
        """Fetch from the checkout, and return why it failed; what was fetched before may do."""
        try:
            self.mirror.fetch()
        except DeployError as error:
            return error
        return None

    def forget_fetch(self) -> None:
        """Remove what a fetch of a deployer that died has left.

        Raises:
            DeployError: Docker did not answer, or refused.
        """
        with self.connected() as client:
            own = self.own_container(client)
            if own is not None:
                remove_helper(client, own)

    def _fetch_remote(self) -> None:
        """Ask the remote, in a container of its own where this one has no network."""
        if not self.mirror.remote:
            return
        with self._fetching, self.connected() as client:
            own = self.own_container(client)
            if own is None or has_network(own):
                self.mirror.fetch_remote()
            else:
                self.mirror.fetch_remote(partial(run_with_network, client, own))

    def _recipe(self, name: str, revision: Revision) -> Recipe:
        """Return how a service is built at a revision.

        Raises:
            DeployError: the revision does not have it.
        """
        text = self.mirror.read(revision, COMPOSE_FILE)
        if text is None:
            raise DeployError(f"{revision.name} has no {COMPOSE_FILE}, so nothing can be built.")
        recipe = recipe_of(text, name, revision=revision.name)
        folder = recipe.arguments.get("SERVICE")
        if folder and self.mirror.read(revision, f"services/{folder}/service.py") is None:
            raise DeployError(f"{revision.name} has no services/{folder}/service.py.")
        arguments = {**recipe.arguments, "DURAPY_REVISION": revision.name}
        return Recipe(dockerfile=recipe.dockerfile, target=recipe.target, arguments=arguments)


def _by_dependency(needs: dict[str, str]) -> list[str]:
    """Return the names so that each comes after those that its label names; the deployer last.

    The label reads `redis:service_healthy:false,other:service_started:true`.
    """
    last = {"deployer": set(needs) - {"deployer"}}
    graph = {
        name: {part.partition(":")[0] for part in told.split(",")} & set(needs)
        | last.get(name, set())
        for name, told in needs.items()
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise DeployError(f"The services depend on each other in a circle: {error}.") from error
