"""The safe state in real processes: how soon a service is reached, and what outlives its death."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from durapy_core.command import Command
from durapy_core.engines.base import RECEIPTS
from durapy_core.entry import START
from durapy_core.receipt import Outcome, Receipt
from durapy_core.safe_state import clear_safe_state, enter_safe_state, load_safety
from durapy_core.status import ServiceState
from tests.support.redis_server import RedisServer
from tests.support.service_process import Shared, shared_store
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

VALVE = """
import time
from durapy_core import Command, Context, Service, ServiceContext

class SleepCommand(Command, type="VALVE_SLEEP"): pass
class ComputeCommand(Command, type="VALVE_COMPUTE"): pass
class OpenCommand(Command, type="VALVE_OPEN", actuates=True): pass
class TellCommand(Command, type="VALVE_TELL"):
    text: str
    at_s: float

service = Service("valve", sends=[TellCommand])
closed = False

def tell(ctx, text):
    ctx.send(TellCommand(text=text, at_s=time.time()))

@service.on(SleepCommand)
def sleep(command: SleepCommand, ctx: Context) -> None:
    tell(ctx, "busy")
    while not closed:
        time.sleep(5)

@service.on(ComputeCommand)
def compute(command: ComputeCommand, ctx: Context) -> None:
    tell(ctx, "busy")
    n = 0
    while not closed:
        n += 1

@service.on(OpenCommand)
def open_valve(command: OpenCommand, ctx: Context) -> None:
    tell(ctx, "open")

@service.on_safe_state
def close_valve(ctx: ServiceContext) -> None:
    global closed
    at_s = time.time()
    closed = True
    ctx.send(TellCommand(text="closed", at_s=at_s))
"""


class ValveSleepCommand(Command):
    """As the service knows it."""


class ValveComputeCommand(Command):
    """As the service knows it."""


class ValveOpenCommand(Command):
    """As the service knows it."""


class ValveTellCommand(Command):
    """As the service knows it."""

    text: str
    at_s: float


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Shared]:
    with shared_store(f"sqlite:///{tmp_path}/rig.db", tmp_path) as shared:
        yield shared


@pytest.fixture
def redis_store(redis_server: RedisServer, tmp_path: Path) -> Iterator[Shared]:
    with shared_store(redis_server.unix_url, tmp_path, f"safe-{tmp_path.name}") as shared:
        yield shared


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def store(request: pytest.FixtureRequest) -> Shared:
    found = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(found, Shared)
    return found


@pytest.fixture
def services(tmp_path: Path) -> Path:
    folder = tmp_path / "valve_services"
    (folder / "valve").mkdir(parents=True)
    (folder / "valve" / "service.py").write_text(VALVE)
    return folder


def told(store: Shared) -> list[str]:
    return [body["text"] for body in store.bodies(ValveTellCommand)]


def answers(store: Shared) -> list[Receipt]:
    key = store.engine.safe_state().marker
    found = [Receipt.from_entry(entry) for entry in store.engine.read(RECEIPTS, after=START)]
    return [receipt for receipt in found if receipt.key == key]


@pytest.mark.parametrize("busy", [ValveSleepCommand, ValveComputeCommand])
def test_a_handler_is_reached_while_another_sleeps_or_computes(
    busy: type[Command], store: Shared, services: Path
) -> None:
    with store.start("valve", services):
        store.send(busy())
        wait_for(lambda: told(store) == ["busy"], "the handler to be busy")
        entered_s = time.time()
        enter_safe_state(store.engine, by="test")
        wait_for(lambda: "closed" in told(store), "the valve to be closed")
        (receipt,) = wait_for(lambda: answers(store), "the receipt")
        closed_s = store.bodies(ValveTellCommand)[-1]["at_s"]
        report = load_safety(store.engine)

    reached_s = closed_s - entered_s
    print(f"{busy.__name__}: reached after {reached_s * 1000:.1f} ms")  # noqa: T201 (the figure)
    assert reached_s < 1  # 0.25 on a computer of its own
    assert (receipt.outcome, receipt.service) == (Outcome.DONE, "valve")
    assert [(row.service, row.state) for row in report.services] == [("valve", "safe")]


def test_a_service_killed_in_the_safe_state_is_in_it_when_it_starts_again(
    store: Shared, services: Path
) -> None:
    with store.start("valve", services, DURAPY_LEASE_S="0.6") as process:
        enter_safe_state(store.engine, by="test")
        wait_for(lambda: told(store) == ["closed"], "the valve to be closed")
        process.kill()
    store.send(ValveOpenCommand())
    with store.start("valve", services, DURAPY_LEASE_S="0.6"):
        wait_for(lambda: told(store) == ["closed", "closed"], "the valve to be closed again")
        clear_safe_state(store.engine, by="test")
        store.send(ValveOpenCommand())
        wait_for(lambda: "open" in told(store), "the valve to be opened")

    assert told(store) == ["closed", "closed", "open"]


def test_a_standby_is_not_made_safe_until_it_leads(store: Shared, services: Path) -> None:
    with store.start("valve", services) as first, store.start("valve", services) as second:
        enter_safe_state(store.engine, by="test")
        wait_for(lambda: answers(store), "the leader's receipt")
        wait_for(lambda: (s := second.status()) and s.safe_state, "the standby to record it")
        status = second.status()
        assert status is not None
        assert status.state is ServiceState.STANDBY
        assert told(store) == ["closed"]
        first.terminate()
        wait_for(lambda: told(store) == ["closed", "closed"], "the successor to make safe")


@pytest.mark.redis
def test_a_redis_killed_in_the_safe_state_comes_back_in_it(services: Path, tmp_path: Path) -> None:
    with RedisServer(aof=True) as server, shared_store(server.unix_url, tmp_path) as store:
        with store.start("valve", services):
            enter_safe_state(store.engine, by="test")
            wait_for(lambda: answers(store), "the receipt")
            server.kill()
            server.start()
            store.send(ValveOpenCommand())
            clear_safe_state(store.engine, by="test")
            enter_safe_state(store.engine, by="test")
            wait_for(lambda: answers(store), "the receipt of the second time")
            store.send(ValveOpenCommand())
            clear_safe_state(store.engine, by="test")
            store.send(ValveOpenCommand())
            wait_for(lambda: "open" in told(store), "the valve to be opened")

        assert told(store) == ["closed", "closed", "open"]
