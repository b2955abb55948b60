"""A Compose project of a test's own: a name and containers that are gone afterwards."""

import json
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from durapy_core.settings import child_environment
from tests.support.requirements import missing

LIMIT_S = 540
"""The longest a single command may take: a first build downloads packages."""


class ComposeProject:
    """`docker compose` on the file in `folder`, under a name that no other project has.

    Attributes:
        name: the project's name.
    """

    def __init__(self, folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        need_docker()
        self.name = f"durapytest-{secrets.token_hex(4)}"
        self._folder = folder
        self._environment = child_environment(**(environment or {}))

    def run(
        self,
        *arguments: str,
        check: bool = True,
        stdin: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run one Compose command, with more variables if given; return what it printed."""
        argv = ("docker", "compose", *arguments)
        return self.script(*argv, check=check, stdin=stdin, environment=environment)

    def script(
        self,
        *argv: str,
        check: bool = True,
        stdin: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run a program of the folder that calls Compose, and return what it printed on stdout."""
        named = {"COMPOSE_PROJECT_NAME": self.name, **(environment or {})}
        done = subprocess.run(
            argv,
            cwd=self._folder,
            env={**self._environment, **named},
            capture_output=True,
            input=stdin,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(
                f"{' '.join(argv)} ended with {done.returncode}:\n"
                f"{done.stdout[-4000:]}\n{done.stderr[-8000:]}"
            )
        return done.stdout

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what Docker knows of the one container of a service."""
        identity = self.run("ps", "--all", "--quiet", service).split()
        assert len(identity) == 1, f"{service} has {len(identity)} containers"
        told: list[dict[str, Any]] = json.loads(docker("container", "inspect", identity[0]))
        return told[0]

    def logs(self, *services: str) -> str:
        """Return what services have written, without Compose's prefixes."""
        said = self.run("logs", "--no-color", "--no-log-prefix", *services)
        return said.replace("\x1b[2K", "")  # Compose 2.26 clears a line even where there is none

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove containers, volumes and the images that were built for this project."""
        self.run("down", "--volumes", "--remove-orphans", "--rmi=local", "--timeout=5", check=False)
        kept = docker("images", "--quiet", "--filter", f"reference={self.name}-*").split()
        if kept:  # rollouts keep what they replaced
            docker("image", "rm", "--force", *sorted(set(kept)))
        built_before = f"label=com.docker.compose.project={self.name}"
        docker("image", "prune", "--force", "--filter", built_before)


def docker(*arguments: str) -> str:
    """Run one Docker command and return what it printed on stdout."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def need_docker() -> None:
    """Skip, or fail where Docker is required, unless an engine with Compose answers."""
    if shutil.which("docker") is None:
        missing("docker", "no docker in PATH")
    for question in (["docker", "version"], ["docker", "compose", "version"]):
        asked = subprocess.run(question, capture_output=True, text=True, timeout=30, check=False)
        if asked.returncode:
            missing("docker", f"`{' '.join(question)}`: {asked.stderr.strip() or asked.stdout}")
