"""Clocks that are set while a rig runs: of one computer, and of the store."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from durapy_core.settings import child_environment
from durapy_core.status import DOWN_AFTER_S, ServiceState
from tests.support.at_once import at_once
from tests.support.fault_rig import LIMIT_S, FaultFreshCommand, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.service_process import ROOT, ServiceProcess, shared_store
from tests.support.stepped_clock import SteppedClock
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

HOUR_S = 3600
WAYS = {"forward": HOUR_S, "back": -HOUR_S}
REFUSED = "(clock) the store's clock was set, so its age is not known"


@dataclass(frozen=True, slots=True)
class Stepped:
    """A rig, a clock, and by how much the test sets it."""

    rig: FaultRig
    clock: SteppedClock
    by_s: int


class Bench:
    """Makes a rig for each way in which a clock may be set, until it is closed."""

    def __init__(self, faketime: Path, folder: Path, say: Callable[[str], None]) -> None:
        self.stack = ExitStack()
        self._faketime = faketime
        self._folder = folder
        self._say = say

    def make(self, url: Callable[[SteppedClock], str]) -> list[Stepped]:
        """Return a rig on each of these stores, named by their URLs."""
        return [self._rig(way, by_s, url) for way, by_s in WAYS.items()]

    def _rig(self, way: str, by_s: int, url: Callable[[SteppedClock], str]) -> Stepped:
        folder = self._folder / way
        folder.mkdir()
        clock = SteppedClock(self._faketime, folder / "clock")
        shared = self.stack.enter_context(shared_store(url(clock), folder, way))
        rig = FaultRig(shared, say=lambda text: self._say(f"{way}: {text}"))
        return Stepped(rig, clock, by_s)


@pytest.fixture
def bench(faketime: Path, tmp_path: Path, say: Callable[[str], None]) -> Iterator[Bench]:
    bench = Bench(faketime, tmp_path, say)
    with bench.stack:
        yield bench


@pytest.fixture
def beside_redis(bench: Bench, aof_server: RedisServer) -> list[Stepped]:
    """On a Redis whose clock stays."""
    return bench.make(lambda _: aof_server.unix_url)


@pytest.fixture
def on_stepped_redis(bench: Bench) -> list[Stepped]:
    """Each on a Redis whose clock is set."""

    def start(clock: SteppedClock) -> str:
        server = RedisServer(aof=True, environment=clock.environment)
        return bench.stack.enter_context(server).unix_url

    return bench.make(start)


@pytest.fixture
def on_sqlite(bench: Bench, tmp_path: Path) -> list[Stepped]:
    """On SQLite, whose clock is that of its computer."""
    files = iter(range(len(WAYS)))
    return bench.make(lambda _: f"sqlite:///{tmp_path}/{next(files)}.db")


def state_of(process: ServiceProcess) -> ServiceState | None:
    status = process.status()
    return status.state if status else None


def outcome_of(rig: FaultRig, key: str) -> tuple[str, str]:
    """Wait until a record has its receipt, and return its outcome and text."""
    found = wait_for(
        lambda: [receipt for receipt in rig.receipts() if receipt.key == key], f"a receipt of {key}"
    )
    assert len(found) == 1
    return str(found[0].outcome), found[0].text


def is_fresh(rig: FaultRig, process: ServiceProcess) -> bool:
    """Return whether the store takes the process for alive."""
    status = process.status()
    rows = rig.shared.engine.table("status")
    assert status is not None
    return rows[f"triple/{status.replica}"].age_s <= DOWN_AFTER_S


@pytest.mark.redis
@at_once("beside_redis")
def test_a_computer_whose_clock_is_set_keeps_its_lead_and_judges_by_the_stores(
    stepped: Stepped,
) -> None:
    rig, clock, by_s = stepped.rig, stepped.clock, stepped.by_s
    with rig.spawn(lease_s=3, **clock.environment) as one:
        one.wait_until_leading()
        with rig.spawn(lease_s=3) as two, rig.stream():
            two.wait_until_standing_by()
            clock.set(by_s)
            wait_for(lambda: one.said("ms from the store's"), "a warning")
            (fresh,) = rig.shared.send(FaultFreshCommand())
            assert outcome_of(rig, fresh) == ("done", "")
            wait_for(lambda: offset_of(one) == pytest.approx(-by_s, abs=5), "the status to say so")
            assert is_fresh(rig, one)
            assert two.stands_by()
        rig.wait_until_handled()

        account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert account.redelivered == 0


def offset_of(process: ServiceProcess) -> float | None:
    status = process.status()
    return status.clock_offset_s if status else None


@pytest.mark.redis
@at_once("on_stepped_redis")
def test_a_store_whose_clock_is_set_refuses_what_has_an_age_and_moves_no_lead(
    stepped: Stepped,
) -> None:
    rig, clock, by_s = stepped.rig, stepped.clock, stepped.by_s
    with rig.spawn(lease_s=3) as one:
        one.wait_until_leading()
        with rig.spawn(lease_s=3) as two:
            two.wait_until_standing_by()
            rig.ask(for_s=2)  # what follows waits behind it while the clock is set
            (before,) = rig.shared.send(FaultFreshCommand())
            clock.set(by_s)
            rig.ask(20)
            rig.wait_until_handled()

            (later,) = rig.shared.send(FaultFreshCommand())
            assert outcome_of(rig, before) == ("refused", REFUSED)
            assert outcome_of(rig, later) == (("done", "") if by_s > 0 else ("refused", REFUSED))
            wait_for(lambda: is_fresh(rig, one) and is_fresh(rig, two), "fresh statuses")
            wait_for(lambda: state_of(one) is ServiceState.IDLE, "the leader to go on")
            assert two.stands_by()
            assert one.said("the store's clock jumped")
            account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert account.redelivered == 0


@pytest.mark.redis
@at_once("on_stepped_redis")
def test_a_leader_that_dies_when_the_stores_clock_is_set_is_taken_over_from(
    stepped: Stepped,
) -> None:
    rig, clock, by_s = stepped.rig, stepped.clock, stepped.by_s
    with rig.spawn() as one, rig.spawn() as two:
        both = [one, two]
        leader = wait_for(lambda: rig.leader(both), "a leader", limit_s=LIMIT_S)
        assert leader is not None
        both.remove(leader)
        (other,) = both
        other.wait_until_standing_by()
        dead = name_of(leader)
        with rig.stream(every_s=0.05):
            leader.kill()
            clock.set(by_s)
            wait_for(lambda: rig.leader([other]), "the standby to lead")
            wait_for(lambda: not heard(rig, dead), "the dead one to be seen as dead")
        rig.wait_until_handled()

        account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})


def name_of(process: ServiceProcess) -> str:
    status = process.status()
    assert status is not None
    return status.replica


def heard(rig: FaultRig, replica: str) -> bool:
    row = rig.shared.engine.table("status").get(f"triple/{replica}")
    return row is not None and row.age_s <= DOWN_AFTER_S


@at_once("on_sqlite")
def test_a_computer_whose_clock_is_set_keeps_its_leads_on_sqlite(
    stepped: Stepped,
) -> None:
    rig, clock, by_s = stepped.rig, stepped.clock, stepped.by_s
    with rig.spawn(lease_s=3, **clock.environment) as one:
        one.wait_until_leading()
        with rig.spawn(lease_s=3, **clock.environment) as two:
            two.wait_until_standing_by()
            rig.ask()
            clock.set(by_s)
            wait_for(lambda: one.said("the store's clock jumped"), "a warning")
            fresh = send_by_command_line(rig, clock)
            assert outcome_of(rig, fresh) == (("done", "") if by_s > 0 else ("refused", REFUSED))
            rig.ask(20)
            rig.wait_until_handled()

            wait_for(lambda: state_of(one) is ServiceState.IDLE, "the leader to go on")
            assert two.stands_by()
            account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert account.redelivered == 0


def send_by_command_line(rig: FaultRig, clock: SteppedClock) -> str:
    """Send a command from another process of the computer whose clock was set; return its key."""
    done = subprocess.run(
        [sys.executable, "-m", "durapy_core", "send", "FAULT_FRESH"],
        cwd=ROOT,
        env=child_environment(
            **clock.environment,
            DURAPY_ENGINE=rig.shared.url,
            DURAPY_NAMESPACE=rig.shared.namespace,
            DURAPY_DATA_DIR=str(rig.shared.folder),
        ),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    return done.stdout.split()[-1]
