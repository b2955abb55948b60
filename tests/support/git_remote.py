"""A Git server of a test's own: a folder that a container serves, reached by a network only."""

import json
from pathlib import Path
from typing import Final, Self

from tests.support.checkout import git
from tests.support.compose import docker, need_docker

_IMAGE: Final = "python:3.13-slim"
_PORT: Final = 8000


class GitRemote:
    """A bare repository over HTTP.

    Attributes:
        url: where it is, for a container with a network; this computer reaches it as well.
    """

    def __init__(self, folder: Path) -> None:
        need_docker()
        self._bare = folder / "rig.git"
        git(folder, "init", "--quiet", "--bare", str(self._bare))
        git(self._bare, "update-server-info")
        serve = ("python", "-m", "http.server", str(_PORT), "--directory", "/served")
        volume = ("--volume", f"{folder}:/served:ro")
        self._container = docker("run", "--detach", "--init", *volume, _IMAGE, *serve).strip()
        told = json.loads(docker("container", "inspect", self._container))[0]
        address = told["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        self.url = f"http://{address}:{_PORT}/rig.git"

    def take(self, checkout: Path, branch: str) -> None:
        """Move a branch of a checkout here: it is only on the server then."""
        git(checkout, "push", "--quiet", "--force", str(self._bare), f"{branch}:{branch}")
        git(checkout, "branch", "--quiet", "-D", branch)
        git(self._bare, "update-server-info")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        docker("rm", "--force", "--volumes", self._container)
