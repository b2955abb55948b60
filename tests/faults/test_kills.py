"""Services that are killed at random moments: nothing is lost, nothing is sent twice."""

import pytest

from tests.support.fault_rig import FaultRig, kill_again_and_again

pytestmark = pytest.mark.e2e


@pytest.mark.timeout(1800)
def test_kills_at_random_moments_neither_lose_nor_double(rig: FaultRig, times: int) -> None:
    kill_again_and_again(rig, 20 * times, seed=3)

    account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert set(account.outcomes) == {"done"}
    assert account.redelivered > 0, "no kill hit a record"
