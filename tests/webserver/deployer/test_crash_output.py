"""The last words of real containers, each once, and none of a neighbour's."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from tests.support.compose import ComposeProject
from tests.support.waiting import wait_for
from webserver.deployer.crash_output import CrashOutput
from webserver.deployer.docker import DockerManager

if TYPE_CHECKING:
    from durapy_core.log_sink import Line

SOCKET = Path("/var/run/docker.sock")
DYING = """echo '{"time": "2026-11-26T08:00:00Z", "message": "from the logger"}'
printf >&2 '%s\\n' 'Traceback (most recent call last):' '  File "x.py", line 1' \\
    'ImportError: no such module'
sleep 1; exit 3"""

COMPOSE = {
    "services": {
        "dying": {"image": "redis:8-alpine", "entrypoint": ["sh", "-c", DYING], "restart": "always"}
    }
}

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docker-compose.yml").write_text(json.dumps(COMPOSE), encoding="utf-8")
    return tmp_path


@pytest.fixture
def ours(folder: Path) -> Iterator[ComposeProject]:
    with ComposeProject(folder) as project:
        yield project


@pytest.fixture
def theirs(folder: Path) -> Iterator[ComposeProject]:
    with ComposeProject(folder) as project:
        yield project


def test_the_last_words_of_each_run_are_kept_once(
    ours: ComposeProject, theirs: ComposeProject
) -> None:
    lines: list[Line] = []
    stop = Event()
    manager = DockerManager(socket_path=SOCKET, project=ours.name)
    watching = Thread(target=CrashOutput(manager, lines.append).run, args=(stop,), daemon=True)
    watching.start()
    theirs.run("up", "--detach")
    ours.run("up", "--detach")
    wait_for(lambda: len(lines) >= 3, "the last words of three runs", limit_s=120)
    ours.run("kill")
    stop.set()
    watching.join(30)
    runs = ours.run("logs", "--no-log-prefix", "dying").count("ImportError")

    assert {line.message for line in lines} == {"ImportError: no such module"}
    assert {line.fields["service"] for line in lines} == {"dying"}
    assert len(lines) >= max(runs - 1, 3)  # the last one may have been killed before it printed
    assert len({line.time for line in lines}) == len(lines)
    assert 'File "x.py", line 1' in lines[0].fields["exception"]
    assert lines[0].time < lines[1].time
