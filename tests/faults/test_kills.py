"""Services that are killed at random moments: nothing is lost, nothing is sent twice."""

import pytest

from tests.support.at_once import at_once, do_at_once
from tests.support.fault_rig import FaultRig, kill_again_and_again

pytestmark = pytest.mark.e2e


def kills_neither_lose_nor_double(rig: FaultRig, kills: int) -> None:
    kill_again_and_again(rig, kills, seed=3)

    account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert set(account.outcomes) == {"done"}
    assert account.redelivered > 0, "no kill hit a record"


@pytest.mark.redis
def test_kills_at_random_moments_neither_lose_nor_double(
    redis_rig: FaultRig, sqlite_rig: FaultRig
) -> None:
    kills = {redis_rig: 20, sqlite_rig: 10}
    do_at_once(lambda rig: kills_neither_lose_nor_double(rig, kills[rig]), kills)


@pytest.mark.redis
@pytest.mark.long
@pytest.mark.timeout(1800)
@at_once("rigs")
def test_many_kills_at_random_moments_neither_lose_nor_double(rig: FaultRig) -> None:
    kills_neither_lose_nor_double(rig, 200)
