"""What the Docker manager says when there is no Docker: these run on every machine."""

from pathlib import Path

import pytest

from durapy_core.errors import ManagerUnavailableError
from webserver.deployer.docker import DockerManager


def test_a_missing_socket_is_one_line_with_the_next_step(tmp_path: Path) -> None:
    manager = DockerManager(socket_path=tmp_path / "no.sock", project="rig")

    with pytest.raises(ManagerUnavailableError) as unavailable:
        manager.restart("ponger")

    message = str(unavailable.value)
    assert str(tmp_path / "no.sock") in message
    assert "No such file" in message
    assert "DURAPY_DOCKER_SOCKET" in message
    assert "docker compose restart" in message
    assert "\n" not in message


def test_a_folder_in_the_place_of_the_socket_is_named(tmp_path: Path) -> None:
    manager = DockerManager(socket_path=tmp_path, project="rig")

    with pytest.raises(ManagerUnavailableError, match=str(tmp_path)):
        manager.replicas()
