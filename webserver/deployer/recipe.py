"""How a service's image is built: what docker-compose.yml says of it at the revision to build."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from durapy_core.errors import DeployError

COMPOSE_FILE: Final = "docker-compose.yml"

_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What Docker is told to build.

    Attributes:
        dockerfile: the file's path in the repository.
        target: the stage; empty is the last one.
        arguments: the build arguments.
    """

    dockerfile: str = "Dockerfile"
    target: str = ""
    arguments: dict[str, str] = field(default_factory=dict)


def services_of(text: str) -> dict[str, Any]:
    """Return the services of a Compose file by name.

    Raises:
        DeployError: it cannot be read.
    """
    try:
        services = yaml.safe_load(text)["services"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise DeployError(f"{COMPOSE_FILE} cannot be read: {reason}.") from error
    return {str(name): service or {} for name, service in dict(services).items()}


def recipe_of(text: str, name: str, *, revision: str) -> Recipe:
    """Return how the service is built; variables in it take their defaults.

    Raises:
        DeployError: the file has no such service, or that is not built here.
    """
    service = services_of(text).get(name)
    if service is None:
        raise DeployError(f"{COMPOSE_FILE} at {revision} has no service {name}.")
    build = service.get("build")
    if build is None:
        raise DeployError(
            f"{name} is not built from this repository (it has no `build` in {COMPOSE_FILE}), "
            "so no revision of it can be rolled out."
        )
    told: dict[str, Any] = {"context": build} if isinstance(build, str) else dict(build)
    if _plain(told.get("context", ".")) not in (".", "./"):
        raise DeployError(f"{name}: only `context: .` can be built, not {told['context']!r}.")
    return Recipe(
        dockerfile=_plain(told.get("dockerfile", "Dockerfile")),
        target=_plain(told.get("target", "")),
        arguments=_arguments(told.get("args") or {}),
    )


def _arguments(given: dict[str, Any] | list[str]) -> dict[str, str]:
    if isinstance(given, list):
        given = dict(entry.partition("=")[::2] for entry in given)
    return {name: _plain("" if value is None else value) for name, value in given.items()}


def _plain(value: object) -> str:
    """Return a value with the defaults of its variables, as this process has no other values."""
    return _VARIABLE.sub(lambda match: match[2] or "", str(value))
