"""The safe state in real processes: how soon a service is reached, and what outlives its death."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

import pytest

from durapy_core.command import Command
from durapy_core.engines.base import COMMANDS, RECEIPTS
from durapy_core.entry import CLEAR_SAFE_STATE, SAFE_STATE, START, Cursor
from durapy_core.receipt import Outcome, Receipt
from durapy_core.safe_state import clear_safe_state, enter_safe_state, load_safety
from durapy_core.status import ServiceState
from tests.support.redis_server import RedisServer
from tests.support.service_process import ServiceProcess, Shared, shared_store
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


def leads(process: ServiceProcess) -> bool:
    status = process.status()
    return status is not None and status.state in (ServiceState.IDLE, ServiceState.BUSY)


def outcomes(store: Shared) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    after = START
    while more := store.engine.read(RECEIPTS, after=after, limit=1000):
        found |= {r.key: r.outcome for r in map(Receipt.from_entry, more)}
        after = Cursor(more[-1].key)
    return found


def keys_between_markers(store: Shared) -> set[str]:
    """Return the keys of the records that actuate and lie between entering and clearing."""
    found: set[str] = set()
    after, between = START, False
    while more := store.engine.read(COMMANDS, after=after, limit=1000):
        for entry in more:
            if entry.type in (SAFE_STATE, CLEAR_SAFE_STATE):
                between = entry.type == SAFE_STATE
            elif between and entry.type == ValveOpenCommand.options.type:
                found.add(entry.key)
        after = Cursor(more[-1].key)
    return found


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


@pytest.mark.timeout(600)
def test_nothing_that_was_sent_between_the_markers_moves_anything_whatever_dies(
    store: Shared, services: Path
) -> None:
    chance = random.Random(8)  # noqa: S311 (moments, no secret)
    sent: list[str] = []
    stop = Event()

    def send() -> None:
        while not stop.wait(0.002):
            sent.extend(store.send(ValveOpenCommand()))

    with ExitStack() as stack:

        def spawn() -> ServiceProcess:
            return stack.enter_context(
                ServiceProcess("valve", store, services, {"DURAPY_LEASE_S": "0.6"})
            )

        processes = [spawn(), spawn()]
        wait_for(lambda: any(map(leads, processes)), "a leader")
        sender = Thread(target=send)
        sender.start()
        for _ in range(6):
            stop.wait(chance.uniform(0.1, 0.6))
            enter_safe_state(store.engine, by="test")
            stop.wait(chance.uniform(0.1, 0.6))
            victim = next(filter(leads, processes), processes[0])
            victim.kill()
            processes.remove(victim)
            processes.append(spawn())
            stop.wait(chance.uniform(0.1, 0.6))
            clear_safe_state(store.engine, by="test")
        stop.set()
        sender.join()
        wait_for(lambda: set(sent) <= set(outcomes(store)), "a receipt of every record")

    moved = {e.cause for e in store.entries(ValveTellCommand) if '"open"' in (e.body or "")}
    between = keys_between_markers(store)
    found = outcomes(store)
    print(f"{len(sent)} sent, {len(between)} between the markers, {len(moved)} executed")  # noqa: T201
    assert len(between) > 100
    assert moved & between == set()
    assert {found[key] for key in between} == {Outcome.REFUSED}
    assert {found[key] for key in set(sent) - moved} == {Outcome.REFUSED}


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
