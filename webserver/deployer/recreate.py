"""A container's successor: what Docker is to be asked for, so that Compose still owns the result.

Pure: from what Docker says of a container and its image, to the body of a create request. What the
old image supplied is left out, so that the new image's own defaults show.
"""

import copy
from typing import Any, Final

Json = dict[str, Any]

PREFIX: Final = "com.docker.compose."
_FROM_IMAGE: Final = (
    *("Cmd", "Entrypoint", "WorkingDir", "User"),
    *("StopSignal", "Shell", "Healthcheck", "OnBuild"),
)
_OF_THE_OLD: Final = ("MacAddress", "AttachStdin", "AttachStdout", "AttachStderr")


def plan_container(
    old: Json, old_image: Json, *, image: str, image_id: str, labels: dict[str, str]
) -> Json:
    """Return the create request for a copy of the container `old` on another image.

    Args:
        old: what `inspect` says of the container.
        old_image: the same of its image; empty if that has vanished.
        image: the name of the new image.
        image_id: its id.
        labels: are set on the copy beside those that it takes over.
    """
    config = _without_defaults(old["Config"], old_image.get("Config") or {})
    config["Image"] = image
    config["Labels"] |= {f"{PREFIX}image": image_id, **labels}
    config["Labels"].pop(f"{PREFIX}replace", None)
    if config.get("Hostname") == old["Id"][:12]:
        config.pop("Hostname")
    for name in _OF_THE_OLD:
        config.pop(name, None)
    return {
        **config,
        "HostConfig": _host_config(old),
        "NetworkingConfig": {"EndpointsConfig": _networks(old)},
    }


def stands_alone(old: Json) -> bool:
    """Return whether no second one can run beside it: a published port, a fixed address."""
    published = any(old["HostConfig"].get("PortBindings") or {})
    networks = (old["NetworkSettings"].get("Networks") or {}).values()
    return published or any(_fixed_address(endpoint) for endpoint in networks)


def _without_defaults(config: Json, image: Json) -> Json:
    kept = copy.deepcopy(config)
    supplied = set(image.get("Env") or [])
    kept["Env"] = [entry for entry in kept.get("Env") or [] if entry not in supplied]
    labels = image.get("Labels") or {}
    kept["Labels"] = {
        name: value
        for name, value in (kept.get("Labels") or {}).items()
        if name.startswith(PREFIX) or labels.get(name) != value
    }
    for name in _FROM_IMAGE:
        if kept.get(name) == image.get(name):
            kept.pop(name, None)
    for name in ("ExposedPorts", "Volumes"):
        known = image.get(name) or {}
        kept[name] = {key: v for key, v in (kept.get(name) or {}).items() if key not in known}
    return kept


def _host_config(old: Json) -> Json:
    """Return the host's part as it was; anonymous volumes by their names, so their data stays."""
    host: Json = copy.deepcopy(old["HostConfig"])
    bound = {bind.split(":")[1] for bind in host.get("Binds") or []}
    bound |= {mount["Target"] for mount in host.get("Mounts") or []}
    bound |= set(host.get("Tmpfs") or {})
    anonymous = [
        f"{mount['Name']}:{mount['Destination']}"
        for mount in old["Mounts"]
        if mount["Type"] == "volume" and mount["Destination"] not in bound
    ]
    if anonymous:
        host["Binds"] = [*(host.get("Binds") or []), *anonymous]
    return host


def _networks(old: Json) -> Json:
    mode = old["HostConfig"].get("NetworkMode", "")
    if mode in ("host", "none") or mode.startswith("container:"):
        return {}
    networks = old["NetworkSettings"]["Networks"]
    return {name: _endpoint(endpoint, old["Id"][:12]) for name, endpoint in networks.items()}


def _endpoint(endpoint: Json, short_id: str) -> Json:
    planned = {
        "Aliases": [alias for alias in endpoint.get("Aliases") or [] if alias != short_id],
        "Links": endpoint.get("Links"),
        "DriverOpts": endpoint.get("DriverOpts"),
    }
    if _fixed_address(endpoint):
        planned["IPAMConfig"] = endpoint["IPAMConfig"]
    if "GwPriority" in endpoint:
        planned["GwPriority"] = endpoint["GwPriority"]
    return planned


def _fixed_address(endpoint: Json) -> bool:
    asked = endpoint.get("IPAMConfig") or {}
    return bool(asked.get("IPv4Address") or asked.get("IPv6Address"))
