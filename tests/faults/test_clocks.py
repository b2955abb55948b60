"""Clocks that are set while a rig runs: of one computer, and of the store."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from durapy_core.settings import child_environment
from durapy_core.status import DOWN_AFTER_S, ServiceState
from tests.support.fault_rig import LIMIT_S, FaultFreshCommand, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.service_process import ROOT, ServiceProcess, shared_store
from tests.support.stepped_clock import SteppedClock
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

HOUR_S = 3600
STEPS = pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S], ids=["forward", "back"])
REFUSED = "(clock) the store's clock was set, so its age is not known"


@pytest.fixture
def clock(faketime: Path, tmp_path: Path) -> SteppedClock:
    return SteppedClock(faketime, tmp_path / "clock")


@pytest.fixture
def stepped_server(clock: SteppedClock) -> Iterator[RedisServer]:
    with RedisServer(aof=True, environment=clock.environment) as server:
        yield server


@pytest.fixture
def stepped_rig(
    stepped_server: RedisServer, tmp_path: Path, say: Callable[[str], None]
) -> Iterator[FaultRig]:
    with shared_store(stepped_server.unix_url, tmp_path) as shared:
        yield FaultRig(shared, say=say)


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


@STEPS
@pytest.mark.redis
def test_a_computer_whose_clock_is_set_keeps_its_lead_and_judges_by_the_stores(
    redis_rig: FaultRig, clock: SteppedClock, by_s: int
) -> None:
    rig = redis_rig
    with rig.spawn(lease_s=3, **clock.environment) as one:
        wait_for(lambda: state_of(one) is ServiceState.IDLE, "a leader", limit_s=LIMIT_S)
        with rig.spawn(lease_s=3) as two, rig.stream():
            wait_for(lambda: state_of(two) is ServiceState.STANDBY, "a standby", limit_s=LIMIT_S)
            clock.set(by_s)
            wait_for(lambda: one.said("ms from the store's"), "a warning")
            (fresh,) = rig.shared.send(FaultFreshCommand())
            assert outcome_of(rig, fresh) == ("done", "")
            wait_for(lambda: offset_of(one) == pytest.approx(-by_s, abs=5), "the status to say so")
            assert is_fresh(rig, one)
            assert state_of(two) is ServiceState.STANDBY
        rig.wait_until_handled()

        account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert account.redelivered == 0


def offset_of(process: ServiceProcess) -> float | None:
    status = process.status()
    return status.clock_offset_s if status else None


@STEPS
@pytest.mark.redis
def test_a_store_whose_clock_is_set_refuses_what_has_an_age_and_moves_no_lead(
    stepped_rig: FaultRig, clock: SteppedClock, by_s: int
) -> None:
    rig = stepped_rig
    with rig.spawn(lease_s=3) as one:
        wait_for(lambda: state_of(one) is ServiceState.IDLE, "a leader", limit_s=LIMIT_S)
        with rig.spawn(lease_s=3) as two:
            wait_for(lambda: state_of(two) is ServiceState.STANDBY, "a standby", limit_s=LIMIT_S)
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
            assert state_of(two) is ServiceState.STANDBY
            assert one.said("the store's clock jumped")
            account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert account.redelivered == 0


@STEPS
@pytest.mark.redis
def test_a_leader_that_dies_when_the_stores_clock_is_set_is_taken_over_from(
    stepped_rig: FaultRig, clock: SteppedClock, by_s: int
) -> None:
    rig = stepped_rig
    with rig.spawn() as one, rig.spawn() as two:
        both = [one, two]
        leader = wait_for(lambda: rig.leader(both), "a leader", limit_s=LIMIT_S)
        assert leader is not None
        both.remove(leader)
        (other,) = both
        wait_for(lambda: state_of(other) is ServiceState.STANDBY, "a standby", limit_s=LIMIT_S)
        dead = name_of(leader)
        with rig.stream():
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


@STEPS
def test_a_computer_whose_clock_is_set_keeps_its_leads_on_sqlite(
    sqlite_rig: FaultRig, clock: SteppedClock, by_s: int
) -> None:
    rig = sqlite_rig
    with rig.spawn(lease_s=3, **clock.environment) as one:
        wait_for(lambda: state_of(one) is ServiceState.IDLE, "a leader", limit_s=LIMIT_S)
        with rig.spawn(lease_s=3, **clock.environment) as two:
            wait_for(lambda: state_of(two) is ServiceState.STANDBY, "a standby", limit_s=LIMIT_S)
            rig.ask()
            clock.set(by_s)
            fresh = send_by_command_line(rig, clock)
            assert outcome_of(rig, fresh) == (("done", "") if by_s > 0 else ("refused", REFUSED))
            rig.ask(20)
            rig.wait_until_handled()

            wait_for(lambda: one.said("the store's clock jumped"), "a warning")
            wait_for(lambda: state_of(one) is ServiceState.IDLE, "the leader to go on")
            assert state_of(two) is ServiceState.STANDBY
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
