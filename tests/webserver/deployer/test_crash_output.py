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

DYING_TWICE = """begin() { echo >&2 'Traceback (most recent call last):'; }
end() { echo >&2 'ImportError: no such module'; exit 3; }
test -e /tmp/before || { touch /tmp/before; begin; end; }
begin; echo >&2 '  half-way'; while ! rm /tmp/go 2>/dev/null; do sleep 0.1; done; end"""

COMPOSE = {
    "services": {
        name: {"image": "redis:8-alpine", "entrypoint": ["sh", "-c", script], "restart": "always"}
        for name, script in {"dying": DYING, "dying_twice": DYING_TWICE}.items()
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
    theirs.run("up", "--detach", "dying")
    ours.run("up", "--detach", "dying")
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


def test_what_the_next_run_has_begun_to_say_is_left_for_its_end(ours: ComposeProject) -> None:
    lines: list[Line] = []
    stop = Event()
    output = CrashOutput(DockerManager(socket_path=SOCKET, project=ours.name), lines.append)
    ours.run("up", "--detach", "dying_twice")
    wait_for(lambda: "half-way" in ours.run("logs", "dying_twice"), "the next run")

    watching = Thread(target=output.run, args=(stop,), daemon=True)
    watching.start()
    wait_for(lambda: lines, "the last words of the first run")
    ours.run("exec", "--no-TTY", "dying_twice", "touch", "/tmp/go")  # noqa: S108 (in a container)
    wait_for(lambda: len(lines) >= 2, "those of the second")
    stop.set()
    watching.join(30)

    assert [line.message for line in lines] == ["ImportError: no such module"] * 2
    assert ["half-way" in line.fields["exception"] for line in lines] == [False, True]
