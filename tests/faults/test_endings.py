"""A service that is told to end in the middle of a long batch: the rest is another process's."""

import pytest

from tests.support.at_once import at_once
from tests.support.fault_rig import FaultRig, FaultTellCommand
from tests.support.service_process import ServiceProcess
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.redis]

RECORDS = 200
"""More than a batch."""


def end_within_a_batch(rig: FaultRig, process: ServiceProcess) -> None:
    """Tell the leader to end when it has handled a part of its batch."""
    before = len(rig.receipts())
    wait_for(lambda: len(rig.receipts()) > before + 20, "a part of a batch", every_s=0.005)
    process.terminate()
    assert process.exit_code() == 0
    assert len(rig.receipts()) < RECORDS


@at_once("rigs")
def test_a_service_that_ends_within_a_long_batch_leaves_the_rest_to_the_next(
    rig: FaultRig,
) -> None:
    with rig.spawn(lease_s=60) as first:
        first.wait_until_leading()
        with rig.spawn(lease_s=60) as second:
            second.wait_until_standing_by()
            rig.ask(RECORDS, for_s=0.005)
            end_within_a_batch(rig, first)  # to the one that stands by
            end_within_a_batch(rig, second)  # to nobody
            with rig.spawn(lease_s=60):
                rig.wait_until_handled()

    account = rig.account()
    told = [(body["number"], body["part"]) for body in rig.shared.bodies(FaultTellCommand)]
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert account.outcomes == {"done": RECORDS}
    assert account.redelivered == 0
    assert told == sorted(told)
