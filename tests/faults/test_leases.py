"""Who leads when processes freeze, die, hang, or are started twice."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from durapy_core.status import ServiceState
from tests.support.at_once import at_once, do_at_once
from tests.support.cutting_proxy import CuttingProxy
from tests.support.fault_rig import LEASE_S, LIMIT_S, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.service_process import ServiceProcess, shared_store
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.redis]

PROCESS_LIMIT_S = 2.0
"""What a busy computer may add to a promise in seconds."""


def wait_for_state(process: ServiceProcess, *states: ServiceState) -> None:
    def reached() -> bool:
        status = process.status()
        return status is not None and status.state in states

    wait_for(reached, f"the state {states}", limit_s=LIMIT_S, every_s=0.02)


@at_once("rigs")
def test_a_standby_has_taken_over_within_3_seconds_of_a_kill(rig: FaultRig) -> None:
    with rig.spawn(lease_s=3) as first:
        first.wait_until_leading()
        with rig.spawn(lease_s=3) as second:
            second.wait_until_standing_by()
            first.kill()
            killed_at = time.monotonic()
            rig.ask()
            wait_for(rig.receipts, "the standby to handle a record", every_s=0.01)

            assert time.monotonic() - killed_at < 3.0 + PROCESS_LIMIT_S
            assert rig.account().lost == 0


@at_once("rigs")
def test_a_process_frozen_for_twice_its_lease_finds_out_and_stands_by(rig: FaultRig) -> None:
    with rig.spawn() as first:
        first.wait_until_leading()
        with rig.spawn() as second, rig.stream():
            second.wait_until_standing_by()
            first.freeze()
            Event().wait(2 * LEASE_S)
            second.wait_until_leading()
            first.thaw()
            first.wait_until_standing_by()
            rig.ask(50)
        rig.wait_until_handled()

        account = rig.account()
        assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
        loud = [line for line in first.lines() if line["level"] == "ERROR"]
        assert len(loud) == 1
        assert "This process stands by from now on" in loud[0]["message"]


@at_once("rigs")
def test_a_process_frozen_in_a_handler_sends_nothing_more_when_it_wakes_up(rig: FaultRig) -> None:
    with rig.spawn() as first:
        first.wait_until_leading()
        with rig.spawn() as second:
            second.wait_until_standing_by()
            rig.ask(10)
            rig.ask(freeze=True)  # between its first send and its second
            rig.ask(10)
            rig.wait_until_handled()  # by the other one
            first.thaw()
            first.wait_until_standing_by()

            account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert account.redelivered > 0


def test_a_send_on_its_way_when_its_process_freezes_is_made_once(
    aof_server: RedisServer, tmp_path: Path, say: Callable[[str], None]
) -> None:
    def freeze_in_a_send(*, late: bool) -> None:
        """Let the bytes of the send reach the store before, or after, another one leads."""
        name = "after" if late else "before"
        folder = tmp_path / name
        folder.mkdir()
        with (
            shared_store(aof_server.unix_url, folder, name) as shared,
            CuttingProxy(aof_server.port) as proxy,
        ):
            rig = FaultRig(shared, say=say)
            url = aof_server.tcp_url.replace(f":{aof_server.port}/", f":{proxy.port}/")
            with rig.spawn(DURAPY_ENGINE=url) as first:
                first.wait_until_leading()
                with rig.spawn() as second:
                    second.wait_until_standing_by()
                    proxy.arm("hold", on=b"FAULT_TELL")
                    rig.ask(20)
                    assert proxy.holding.wait(LIMIT_S)
                    first.freeze()
                    if not late:
                        proxy.let_go()
                    rig.wait_until_handled()  # by the other one
                    Event().wait(2 * LEASE_S)
                    proxy.let_go()
                    first.thaw()
                    first.wait_until_standing_by()
                    rig.ask(20)
                    rig.wait_until_handled()

                    account = rig.account()
        assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
        assert account.outcomes == {"done": 40}
        assert account.redelivered > 0

    do_at_once(lambda late: freeze_in_a_send(late=late), [False, True])


@at_once("rigs")
def test_of_two_copies_started_at_once_one_handles_and_one_stands_by(rig: FaultRig) -> None:
    rig.ask(20)
    with rig.spawn() as one, rig.spawn() as two:
        both = [one, two]
        for process in both:
            wait_for_state(process, ServiceState.IDLE, ServiceState.STANDBY)
        rig.ask(200)
        rig.keys = rig.keys[20:]  # a service that never ran begins at the end of the log
        rig.wait_until_handled()

        states = sorted(str(status.state) for p in both if (status := p.status()))
        assert states == ["idle", "standby"]
        account = rig.account()
        assert (account.lost, account.doubled, account.redelivered) == (0, 0, 0)


@at_once("rigs")
def test_a_hanging_handler_is_shown_with_its_key_and_keeps_the_lead(rig: FaultRig) -> None:
    with rig.spawn() as first:
        first.wait_until_leading()
        with rig.spawn() as second:
            second.wait_until_standing_by()
            rig.ask(for_s=3600)
            wait_for_state(first, ServiceState.BUSY)
            before = first.status()
            Event().wait(4 * LEASE_S)  # long enough for a lease that nobody renews
            wait_for(lambda: first.status() != before, "a fresh status")
            status = first.status()

            assert status is not None
            assert (status.state, status.busy_key) == (ServiceState.BUSY, rig.keys[-1])
            assert status.busy_s is not None
            assert status.busy_s > 3 * LEASE_S
            standby = second.status()
            assert standby is not None
            assert standby.state is ServiceState.STANDBY


@at_once("rigs")
def test_a_service_that_ends_in_order_hands_over_at_once(rig: FaultRig) -> None:
    with rig.spawn(lease_s=60) as first:
        first.wait_until_leading()
        with rig.spawn(lease_s=60) as second:
            second.wait_until_standing_by()
            first.terminate()
            rig.ask(10)
            rig.wait_until_handled()

            assert first.exit_code() == 0
            account = rig.account()
            assert (account.lost, account.doubled, account.redelivered) == (0, 0, 0)
