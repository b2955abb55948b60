"""Git with a network, in a container of its own, because the deployer has none.

It is made from the deployer's image and is given a network and the volume with the mirror, but
neither the Docker socket, nor the checkout, nor the store, nor any right: whoever takes it over by
what a remote sends can write revisions, and nothing else.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import docker
from docker.errors import NotFound
from docker.models.containers import Container
from requests.exceptions import RequestException

from durapy_core.errors import DeployError
from webserver.deployer.docker import ONE_OFF, PROJECT, SERVICE

_LIMIT_S: Final = 120
_PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


def has_network(container: Container) -> bool:
    """Return whether somebody has given a container a network."""
    return bool(container.attrs["HostConfig"]["NetworkMode"] != "none")


def run_with_network(
    client: docker.DockerClient,
    own: Container,
    command: Sequence[str],
    environment: Mapping[str, str],
) -> None:
    """Run one command beside `own`, this process's container, and return when it has ended well.

    Raises:
        DeployError: it failed, or took too long; the message is its first line.
    """
    remove_helper(client, own)
    helper = client.containers.create(
        own.attrs["Image"],
        list(command[1:]),
        entrypoint=[command[0]],
        name=_name(own),
        environment={**_proxies(own), **environment},
        network_mode="bridge",
        volumes=_data(own),
        # A one-off of the deployer: neither Compose nor anything here takes it for a service.
        labels={PROJECT: own.labels[PROJECT], SERVICE: own.labels[SERVICE], ONE_OFF: "True"},
        user="0:0",
        init=True,
        read_only=True,
        tmpfs={"/tmp": "size=16m,mode=1777,noexec,nosuid"},  # noqa: S108 (in the container)
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        mem_limit="512m",
        pids_limit=256,
    )
    try:
        helper.start()
        _await_end(helper)
    finally:
        remove_helper(client, own)


def remove_helper(client: docker.DockerClient, own: Container) -> None:
    """Remove the container of a fetch, if there is one: a deployer that died may have left it."""
    with suppress(NotFound):
        found = client.containers.get(_name(own))
        if found.labels.get(PROJECT) == own.labels[PROJECT] and ONE_OFF in found.labels:
            found.remove(force=True, v=True)


def _name(own: Container) -> str:
    return f"{own.name}-fetch"


def _await_end(helper: Container) -> None:
    try:
        code = helper.wait(timeout=_LIMIT_S)["StatusCode"]
    except RequestException as error:
        raise DeployError(f"no answer within {_LIMIT_S} s") from error
    if code:
        said = helper.logs(stdout=False).decode(errors="replace").strip().splitlines()
        raise DeployError(said[0] if said else f"exit code {code}")


def _data(own: Container) -> dict[str, dict[str, str]]:
    """Return the mount of the data folder, where the mirror is."""
    mounts: list[dict[str, Any]] = own.attrs["Mounts"]
    return {
        mount.get("Name") or mount["Source"]: {"bind": mount["Destination"], "mode": "rw"}
        for mount in mounts
        if mount["Destination"] == _setting(own, "DURAPY_DATA_DIR")
    }


def _proxies(own: Container) -> dict[str, str]:
    wanted = (*_PROXIES, *map(str.upper, _PROXIES))
    return {name: value for name in wanted if (value := _setting(own, name))}


def _setting(own: Container, name: str) -> str:
    entries = (entry.partition("=") for entry in own.attrs["Config"]["Env"] or [])
    return next((value for found, _, value in entries if found == name), "")
