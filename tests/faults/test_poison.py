"""Records that do harm: to their handler, or to the whole process."""

import pytest

from durapy_core.status import ServiceState
from tests.support.fault_rig import LIMIT_S, FaultAskCommand, FaultRig
from tests.support.service_process import ServiceProcess
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("position", range(3))
def test_a_record_that_kills_its_process_is_passed_over_after_three_times(
    sqlite_rig: FaultRig, position: int
) -> None:
    rig = sqlite_rig
    with rig.spawn() as first:
        wait_for(lambda: rig.leader([first]), "a leader", limit_s=LIMIT_S)
        first.terminate()
        assert first.exit_code() == 0
    rig.ask(position)
    (poison,) = rig.shared.send(FaultAskCommand(number=-2))
    rig.ask(2 - position)
    deaths = 0
    while poison not in {receipt.key for receipt in rig.receipts()}:
        assert deaths < 6
        with rig.spawn() as process:
            wait_for(
                lambda process=process: process.ended() or rig.leader([process]),  # type: ignore[misc]
                "an end or a lead",
                limit_s=LIMIT_S,
            )
            if process.ended():
                deaths += 1
            else:
                wait_for(lambda: process.ended() or passed(rig, poison), "the record to be passed")
                deaths += process.ended()
    with rig.spawn():
        rig.wait_until_handled()

    account = rig.account()
    (receipt,) = [receipt for receipt in rig.receipts() if receipt.key == poison]
    assert 3 <= deaths <= 4
    assert (str(receipt.outcome), receipt.text) == ("interrupted", "crashed 3 times")
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})


def passed(rig: FaultRig, key: str) -> bool:
    return key in {receipt.key for receipt in rig.receipts()}


def test_a_handler_that_raises_each_time_ends_nothing_in_10_000_commands(rig: FaultRig) -> None:
    with rig.spawn() as process:
        wait_for(lambda: rig.leader([process]), "a leader", limit_s=LIMIT_S)
        rig.shared.send(*(FaultAskCommand(number=-1) for _ in range(10_000)))
        rig.ask()
        rig.wait_until_handled()

        outcomes = rig.account().outcomes
        assert outcomes == {"failed": 10_000, "done": 1}
        wait_for(lambda: counted(process), "the status to say so")
        status = process.status()
        assert status is not None
        assert status.state is ServiceState.IDLE


def counted(process: ServiceProcess) -> bool:
    status = process.status()
    return status is not None and (status.failed, status.handled) == (10_000, 1)
