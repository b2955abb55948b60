"""One rig for the tests of Compose: started once, left running by each test, ended after the last.

Those that run at the same time are of two groups (tests/support/dealing.py), with a rig each.
"""

from collections.abc import Iterator

import pytest

from tests.support.checkout import clone, commit
from tests.support.compose import ComposeProject
from tests.support.docker_gate import DockerGate
from tests.support.git_remote import GitRemote
from tests.support.rig import Json, Rig, free_port
from tests.support.rollouts import RolloutRig
from tests.support.waiting import wait_for

OVERRIDE = """\
services:
  ponger:
    healthcheck: {interval: 1s, retries: 2, timeout: 10s}
  pinger:
    healthcheck: {interval: 30s}
  webserver:
    healthcheck: {interval: 30s}
  redis:
    healthcheck: {interval: 30s}
  deployer:
    healthcheck: {interval: 30s}
    environment:
      DURAPY_ROLLOUT_START_S: ${TEST_START_S:-30}
      DURAPY_ROLLOUT_WATCH_S: ${TEST_WATCH_S:-1}
"""
"""What a rig may say of its own: here so that tests need not wait.

What has once become healthy is rarely asked again, but for the ponger: each question starts a
process in a container. The ponger may take its time to answer, as other tests run meanwhile.
"""


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerGate]:
    """Where the rig's deployer reaches Docker, and a test holds its calls back."""
    with DockerGate(tmp_path_factory.mktemp("gate") / "docker.sock") as gate:
        yield gate


@pytest.fixture(scope="package")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitRemote]:
    """A Git server that the rig names in its `.env`."""
    with GitRemote(tmp_path_factory.mktemp("remote")) as remote:
        yield remote


@pytest.fixture(scope="package")
def rig(
    tmp_path_factory: pytest.TempPathFactory, gate: DockerGate, remote: GitRemote
) -> Iterator[Rig]:
    """The product as a stranger has it: a clone, `docker compose up`, some lines of `.env`."""
    port = free_port()
    folder = clone(tmp_path_factory.mktemp("rig"))
    (folder / "docker-compose.override.yml").write_text(OVERRIDE, encoding="utf-8")
    commit(folder)
    (folder / ".env").write_text(
        f"DURAPY_PORT={port}\nDURAPY_PING_PERIOD_S=0.5\n"
        f"DURAPY_DOCKER_SOCKET={gate.path}\nDURAPY_GIT_REMOTE={remote.url}\n",
        encoding="utf-8",
    )
    with ComposeProject(folder) as compose:
        rig = Rig(compose, folder, port=port)
        rig.up()
        yield rig


@pytest.fixture(scope="module")
def rollouts(rig: Rig) -> Iterator[RolloutRig]:
    """The rig with branches of its ponger, once its deployer knows the code.

    In the end no part of it may have asked Redis for what it may not.
    """
    wait_for(lambda: rig.api("GET", "deployment")["head"], "the deployer's first look at the code")
    yield RolloutRig(rig)
    assert rig.redis("ACL", "LOG") == ""


@pytest.fixture(scope="module")
def session(rollouts: RolloutRig) -> Iterator[Json]:
    """One session for all tests of a file: none of them may disturb it."""
    with rollouts.rig.session("rollouts") as begun:
        rollouts.rig.await_pongs(begun["key"], 1)
        yield begun


@pytest.fixture
def checked(rollouts: RolloutRig, session: Json) -> Iterator[str]:
    """Judge, after each test, what every rollout has to leave: all answered once, one container.

    Gives the session's key.
    """
    rollouts.begun = rollouts.rig.newest()
    yield str(session["key"])
    rollouts.rig.await_pongs(rollouts.rig.newest(), 2)
    assert rollouts.answered_once(rollouts.begun)
    (only,) = rollouts.containers()
    assert only.endswith("-ponger-1")
