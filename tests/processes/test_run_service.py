"""Services as real processes: signals, sudden death, and a store that goes away."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from durapy_core.command import Command
from durapy_core.status import ServiceState
from services.commands import (
    EndSessionCommand,
    InitiateSessionCommand,
    PingCommand,
    PongCommand,
)
from tests.support.redis_server import RedisServer
from tests.support.service_process import ROOT, ServiceProcess, Shared, shared_store
from tests.support.waiting import wait_for

SERVICES = ROOT / "services"
pytestmark = pytest.mark.e2e

SLOW = """
import time
from threading import Event
from durapy_core import Command, Context, Controller, Service, on

class StartCommand(Command, type="SLOW_START"): pass
class FinishCommand(Command, type="SLOW_FINISH"): pass
class WorkCommand(Command, type="SLOW_WORK"):
    for_s: float
class TellCommand(Command, type="SLOW_TELL"):
    text: str

class Slow(Controller):
    def __init__(self, start: StartCommand, ctx: Context) -> None:
        ctx.send(TellCommand(text="restored" if ctx.restored else "began"))
        ctx.spawn(lambda task: task.wait(3600) and task.send(TellCommand(text="background")))

    @on(WorkCommand)
    def work(self, command: WorkCommand, ctx: Context) -> None:
        ctx.send(TellCommand(text="working"))
        time.sleep(command.for_s)
        ctx.send(TellCommand(text="worked"))

    def stop(self, ctx: Context) -> None:
        ctx.send(TellCommand(text=f"stopped: {ctx.reason}"))

service = Service("slow", sends=[TellCommand])
service.session(Slow, begins=StartCommand, ends=FinishCommand)

@service.on_start
def start(ctx):
    ctx.send(TellCommand(text="opened"))

@service.on_stop
def stop(ctx):
    ctx.send(TellCommand(text="closed"))
"""


class SlowStartCommand(Command):
    """As the slow service knows it."""


class SlowFinishCommand(Command):
    """As the slow service knows it."""


class SlowWorkCommand(Command):
    """As the slow service knows it."""

    for_s: float


class SlowTellCommand(Command):
    """As the slow service knows it."""

    text: str


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Shared]:
    with shared_store(f"sqlite:///{tmp_path}/rig.db", tmp_path) as shared:
        yield shared


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A services folder with a service whose handler takes its time."""
    folder = tmp_path / "slow_services"
    (folder / "slow").mkdir(parents=True)
    (folder / "slow" / "service.py").write_text(SLOW)
    return folder


def told(store: Shared) -> list[str]:
    return [body["text"] for body in store.bodies(SlowTellCommand)]


def test_sigterm_finishes_the_handler_stops_the_session_and_exits_with_0(
    store: Shared, slow: Path
) -> None:
    with store.start("slow", slow) as process:
        store.send(SlowStartCommand(), SlowWorkCommand(for_s=1.0), SlowWorkCommand(for_s=0))
        wait_for(lambda: "working" in told(store), "the handler to be at work", every_s=0.02)
        for _ in range(3):  # more than one changes nothing
            process.terminate()
            process.interrupt()

        assert process.exit_code() == 0
        expected = ["opened", "began", "working", "worked", "background", "stopped: shutdown"]
        assert told(store) == [*expected, "closed"]
        status = process.status()
        assert status is not None
        assert status.state is ServiceState.STOPPED
        assert process.said("stopped")

    with store.start("slow", slow):
        wait_for(lambda: told(store).count("worked") == 2, "the record that was left")

        assert told(store)[len(expected) + 1 :] == ["opened", "restored", "working", "worked"]


@pytest.mark.parametrize("way", ["terminate", "interrupt"])
def test_an_idle_service_ends_within_a_second_or_so(store: Shared, slow: Path, way: str) -> None:
    with store.start("slow", slow) as process:
        getattr(process, way)()

        assert process.exit_code() == 0
        assert told(store) == ["opened", "closed"]


def test_a_stuck_handler_shows_as_busy_and_not_as_dead(store: Shared, slow: Path) -> None:
    with store.start("slow", slow) as process:
        _, key = store.send(SlowStartCommand(), SlowWorkCommand(for_s=3600))

        def busy() -> bool:
            status = process.status()
            return status is not None and status.state is ServiceState.BUSY

        wait_for(busy, "the service to say that it is busy")
        status = process.status()
        assert status is not None
        assert status.busy_key == key
        assert status.busy_s is not None
        assert status.busy_s > 1
        assert status.session is not None


def test_a_restarted_service_forgets_the_status_of_the_one_that_stopped(
    store: Shared, slow: Path
) -> None:
    with store.start("slow", slow) as first:
        first.terminate()
        first.exit_code()
    with store.start("slow", slow) as second:
        statuses = store.statuses("slow")

        assert [status.replica for status in statuses] == [
            status.replica for status in [second.status()] if status
        ]


def test_a_killed_ponger_answers_every_ping_once_it_is_back(store: Shared) -> None:
    keys = [f"k{number}" for number in range(60)]
    with store.start("ponger", SERVICES):  # killed while idle; it hears what comes afterwards
        pass
    store.send(InitiateSessionCommand(prefix="k"))
    for first in range(0, len(keys), 20):
        with store.start("ponger", SERVICES) as process:
            store.send(*(PingCommand(key=key) for key in keys[first : first + 20]))
            wait_for(more_answers_than(store, first), "a pong", every_s=0.01)
            process.kill()
    with store.start("ponger", SERVICES):
        wait_for(lambda: set(answered(store)) == set(keys), "every ping to be answered")
        store.send(EndSessionCommand())

    pings, pongs = store.entries(PingCommand), store.entries(PongCommand)
    assert sorted(answered(store)) == sorted(keys)  # the engine knows a repeated send
    assert [pong.cause for pong in pongs] == [ping.key for ping in pings]


def more_answers_than(store: Shared, count: int) -> Callable[[], bool]:
    return lambda: len(answered(store)) > count


def answered(store: Shared) -> list[str]:
    return [body["input_key"] for body in store.bodies(PongCommand)]


def test_the_example_ends_itself_and_refuses_another_engine_in_one_line(store: Shared) -> None:
    with ServiceProcess("_example", store, SERVICES, {"DURAPY_ENGINE": "memory://"}) as process:
        assert process.exit_code() == 0
        assert process.said("2 of 3 correct")
    with ServiceProcess("_example", store, SERVICES, {}) as refused:
        assert refused.exit_code() == 4
        assert refused.output.read_text().splitlines() == [
            'durapy: "_example" does not run on sqlite://; give it --engine memory://.'
        ]


@pytest.mark.redis
def test_a_redis_that_dies_and_comes_back_is_waited_for_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    with (
        RedisServer(aof=True) as server,
        shared_store(server.unix_url, tmp_path) as store,
        store.start("ponger", SERVICES) as process,
    ):
        store.send(InitiateSessionCommand(prefix="k"), PingCommand(key="k1"))
        wait_for(lambda: answered(store) == ["k1"], "the first pong")
        server.kill()
        wait_for(lambda: process.said("waiting for the store"), "the loop to notice")
        server.start()
        store.send(PingCommand(key="k2"))
        wait_for(lambda: answered(store) == ["k1", "k2"], "the second pong")
        process.terminate()

        assert process.exit_code() == 0
        assert answered(store) == ["k1", "k2"]
        severe = [line for line in process.lines() if line["level"] in ("ERROR", "CRITICAL")]
        assert len(severe) == 1


@pytest.mark.redis
def test_a_service_ends_in_time_while_redis_is_away(tmp_path: Path) -> None:
    with (
        RedisServer() as server,
        shared_store(server.unix_url, tmp_path) as store,
        store.start("ponger", SERVICES) as process,
    ):
        server.kill()
        wait_for(lambda: process.said("waiting for the store"), "the loop to notice")
        process.terminate()

        assert process.exit_code() == 0
