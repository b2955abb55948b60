"""A service's images: how they are named, which one ran, which are kept.

A service has one moving tag (that of Compose, such as `rig-ponger:latest`), and beside it one tag
for each revision that was built or replaced: `rig-ponger:1c2d3e4f5a6b`.
"""

import io
import re
import tarfile
from typing import Any, Final

import docker
from docker.errors import APIError, ImageNotFound, NotFound
from docker.models.containers import Container

from durapy_core.deploy.base import Revision

REVISION: Final = "org.opencontainers.image.revision"
IMAGE: Final = "durapy.image"
"""Label of a container that was rolled out: the moving tag of its service."""

_UNTAGGABLE: Final = re.compile(r"[^A-Za-z0-9_.-]")
_COMMIT_CHARACTERS: Final = 12
_SHORT: Final = 7


def tag_of(revision: Revision) -> str:
    """Return the tag of an image built from a revision."""
    changed = f"-dirty-{revision.changed}" if revision.changed else ""
    return revision.commit[:_COMMIT_CHARACTERS] + changed


def moving_tag(container: Container) -> tuple[str, str]:
    """Return name and tag by which Compose finds the image of a container's service.

    A label counts for the tag only: it may come from the image, and name what is not ours.
    """
    repository, tag = _parts(str(container.attrs["Config"]["Image"]))
    labelled = _parts(container.labels.get(IMAGE, ""))
    return labelled if labelled[0] == repository else (repository, tag)


def _parts(named: str) -> tuple[str, str]:
    repository, colon, tag = named.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (named, "latest")


def image_of(client: docker.DockerClient, name: str) -> dict[str, Any] | None:
    """Return what Docker says of an image, or None if it is not there."""
    api: Any = client.api  # its stubs lack the types here
    try:
        found: dict[str, Any] = api.inspect_image(name)
    except (ImageNotFound, NotFound):
        return None
    return found


def keep_image(client: docker.DockerClient, container: Container) -> str:
    """Give the image of a container a tag of its own and return that; empty if it is gone."""
    repository, moving = moving_tag(container)
    image = image_of(client, container.attrs["Image"])
    if image is None:
        return ""
    for named in image.get("RepoTags") or []:
        name, _, tag = named.rpartition(":")
        if name == repository and tag != moving:
            return str(tag)
    tag = f"{_tag_from(revision_in(client, container))}-{image['Id'].partition(':')[2][:6]}"
    client.api.tag(image["Id"], repository, tag)
    return tag


def revision_in(client: docker.DockerClient, container: Container) -> str:
    """Return the revision that a container's image names; empty if it names none."""
    image = image_of(client, container.attrs["Image"]) or {}
    label = (image.get("Config", {}).get("Labels") or {}).get(REVISION, "")
    return label or _written_in(container)


def shown(revision: str) -> str:
    """Return a revision for people: the commit's first seven characters, and `-dirty` if it was."""
    commit, _, more = revision.partition("-")
    return "-".join(filter(None, (commit[:_SHORT], more)))


def prune_images(
    client: docker.DockerClient, repository: str, moving: str, *, keep: int
) -> list[str]:
    """Remove the oldest images of a service beyond `keep`, and return their tags.

    One that a container uses stays, as does the moving tag.
    """
    dated: list[tuple[str, str]] = []
    for image in client.images.list(name=repository):
        tags = [t.rpartition(":")[2] for t in image.tags if t.rpartition(":")[0] == repository]
        dated += [(image.attrs["Created"], tag) for tag in tags if tag != moving]
    removed = []
    for _, tag in sorted(dated, reverse=True)[keep:]:
        if _remove(client, f"{repository}:{tag}"):
            removed.append(tag)
    return removed


def _remove(client: docker.DockerClient, name: str) -> bool:
    """Remove a tag unless a container runs its image; Docker would only take the name away."""
    if client.containers.list(all=True, filters={"ancestor": name}):
        return False
    try:
        client.images.remove(name)
    except APIError:
        return False
    return True


def _tag_from(revision: str) -> str:
    return _UNTAGGABLE.sub("-", revision)[:40].strip("-.") or "unknown"


def _written_in(container: Container) -> str:
    """Return what the file REVISION says that our images have."""
    try:
        stream, _ = container.get_archive("/app/REVISION")
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            file = tar.extractfile("REVISION")
            return file.read(100).decode(errors="replace").strip() if file else ""
    except (APIError, KeyError, tarfile.TarError):
        return ""
