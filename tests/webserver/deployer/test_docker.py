"""The Docker manager on a real engine, beside a project that looks the same and is not ours."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.models.containers import Container

from durapy_core.deploy.base import ReplicaState
from durapy_core.errors import DeployError, ManagerUnavailableError, ServiceNotFoundError
from tests.support.compose import ComposeProject, docker, need_docker
from tests.support.waiting import wait_for
from webserver.deployer.docker import DockerManager
from webserver.deployer.endings import how_it_ended
from webserver.deployer.images import IMAGE, moving_tag

SOCKET = Path("/var/run/docker.sock")

LOOP = (
    "trap 'sleep 1; touch /tmp/ended-in-order; exit 0' TERM;"
    "while ! rm /tmp/crash 2>/dev/null; do sleep 0.1; done; exit 3"
)
ONCE = "test -e /tmp/before && exit 7; touch /tmp/before; sleep 1000"

COMPOSE = {
    "services": {
        "worker": {
            "image": "redis:8-alpine",
            "entrypoint": ["sh", "-c", LOOP],
            "restart": "unless-stopped",
            "stop_grace_period": "8s",
            "healthcheck": {"test": ["CMD", "true"], "interval": "1s", "start_interval": "100ms"},
        },
        "neighbour": {
            "image": "redis:8-alpine",
            "entrypoint": ["sleep", "1000"],
            "init": True,
            "labels": {IMAGE: "another-rig-neighbour:latest"},
        },
        "weak": {"image": "redis:8-alpine", "entrypoint": ["sh", "-c", ONCE], "init": True},
        "ill": {
            "image": "redis:8-alpine",
            "entrypoint": ["sleep", "1000"],
            "init": True,
            "healthcheck": {"test": ["CMD", "false"], "interval": "1s", "retries": 1},
        },
    }
}

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compose")
    (folder / "docker-compose.yml").write_text(json.dumps(COMPOSE), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def ours(folder: Path) -> Iterator[ComposeProject]:
    with ComposeProject(folder) as project:
        project.run("up", "--detach")
        yield project


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Iterator[ComposeProject]:
    with ComposeProject(folder) as project:
        project.run("up", "--detach", "worker")
        yield project


@pytest.fixture
def manager(ours: ComposeProject) -> DockerManager:
    return DockerManager(socket_path=SOCKET, project=ours.name)


def started_at(project: ComposeProject, service: str) -> str:
    started: str = project.inspect(service)["State"]["StartedAt"]
    return started


def test_a_restart_touches_one_service_of_one_project(
    manager: DockerManager, ours: ComposeProject, theirs: ComposeProject
) -> None:
    before = [started_at(p, s) for p, s in [(ours, "neighbour"), (theirs, "worker")]]
    worker_before = started_at(ours, "worker")

    manager.restart("worker")

    assert started_at(ours, "worker") > worker_before
    assert [started_at(p, s) for p, s in [(ours, "neighbour"), (theirs, "worker")]] == before


def test_a_restart_gives_a_service_the_grace_that_its_container_names(
    manager: DockerManager, ours: ComposeProject
) -> None:
    ours.run("exec", "worker", "rm", "-f", "/tmp/ended-in-order")  # noqa: S108 (in a container)

    manager.restart("worker")

    ours.run("exec", "worker", "test", "-e", "/tmp/ended-in-order")  # noqa: S108 (in a container)


def test_a_restart_returns_when_the_service_is_healthy(
    manager: DockerManager, ours: ComposeProject
) -> None:
    manager.restart("worker")

    assert ours.inspect("worker")["State"]["Health"]["Status"] == "healthy"


def test_a_service_that_does_not_stay_up_fails_the_restart(manager: DockerManager) -> None:
    with pytest.raises(DeployError, match=r"weak did not stay up: it ended with exit code 7"):
        manager.restart("weak")


def test_a_service_that_turns_unhealthy_fails_the_restart(manager: DockerManager) -> None:
    with pytest.raises(DeployError, match=r"ill runs but is unhealthy; `docker compose logs ill`"):
        manager.restart("ill")


def test_how_a_process_ended_is_known_also_when_docker_has_started_it_again(
    manager: DockerManager, ours: ComposeProject
) -> None:
    manager.restart("worker")
    with manager.connected() as client:
        worker = client.containers.get(ours.inspect("worker")["Id"])
        assert how_it_ended(worker) is None

        ours.run("exec", "worker", "touch", "/tmp/crash")  # noqa: S108 (in a container)
        wait_for(lambda: _runs_again(worker), "the restart after a crash")

        assert how_it_ended(worker) == "ended with exit code 3"
    manager.restart("worker")  # which counts its restarts from 0 again


def _runs_again(container: Container) -> bool:
    container.reload()
    state = container.attrs["State"]
    return container.attrs["RestartCount"] > 0 and state["Running"] and not state["Restarting"]


def test_what_crashed_earlier_does_not_count(manager: DockerManager, ours: ComposeProject) -> None:
    ours.run("exec", "worker", "touch", "/tmp/crash")  # noqa: S108 (in a container)
    wait_for(lambda: ours.inspect("worker")["RestartCount"] == 1, "the restart after a crash")

    manager.restart("worker")

    assert ours.inspect("worker")["State"]["Running"]


def test_a_stopped_service_starts_again(manager: DockerManager) -> None:
    manager.stop("worker")
    stopped = {r.service: r.state for r in manager.replicas()}["worker"]
    manager.start("worker")
    started = {r.service: r.state for r in manager.replicas()}["worker"]

    assert (stopped, started) == (ReplicaState.STOPPED, ReplicaState.RUNNING)


def test_only_the_containers_of_the_project_are_listed(
    manager: DockerManager, ours: ComposeProject, theirs: ComposeProject
) -> None:
    replicas = manager.replicas()

    assert [r.service for r in replicas] == ["ill", "neighbour", "weak", "worker"]
    assert all(r.name.startswith(ours.name) for r in replicas)
    assert not any(r.name.startswith(theirs.name) for r in replicas)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "wroker",
        "Worker",
        "../worker",
        "worker/../neighbour",
        "worker\nneighbour",
        "worker,neighbour",
        "com.docker.compose.service=worker",
        "worker ",
        "x" * 5000,
    ],
)
def test_a_name_that_is_no_service_of_the_project_is_refused(
    manager: DockerManager, forged: str
) -> None:
    with pytest.raises(ServiceNotFoundError) as refused:
        manager.restart(forged)

    assert len(str(refused.value)) < 300


def test_a_container_is_not_reached_by_its_own_name_or_id(
    manager: DockerManager, ours: ComposeProject, theirs: ComposeProject
) -> None:
    told = [project.inspect("worker") for project in (ours, theirs)]

    names = [t["Id"] for t in told] + [t["Id"][:12] for t in told]
    for name in names + [t["Name"].lstrip("/") for t in told]:
        for verb in (manager.start, manager.stop, manager.restart):
            with pytest.raises(ServiceNotFoundError):
                verb(name)


def test_a_label_that_names_another_image_does_not_lead_to_it(manager: DockerManager) -> None:
    with manager.connected() as client:
        container = manager.containers_of(client, "neighbour")[0]

        assert container.labels[IMAGE] == "another-rig-neighbour:latest"
        assert moving_tag(container) == ("redis", "8-alpine")


def test_a_one_off_container_of_the_project_is_left_alone(
    manager: DockerManager, ours: ComposeProject
) -> None:
    one_off = ours.run("run", "--detach", "--no-deps", "worker").strip()

    manager.restart("worker")

    assert json.loads(docker("inspect", one_off))[0]["State"]["Running"]
    assert len([r for r in manager.replicas() if r.service == "worker"]) == 1
    docker("rm", "--force", "--volumes", one_off)


def test_a_near_name_is_suggested(manager: DockerManager) -> None:
    with pytest.raises(ServiceNotFoundError, match='did you mean "worker"'):
        manager.restart("wroker")


def test_outside_a_container_the_project_must_be_named() -> None:
    need_docker()

    with pytest.raises(ManagerUnavailableError, match="DURAPY_COMPOSE_PROJECT"):
        DockerManager(socket_path=SOCKET).restart("worker")
