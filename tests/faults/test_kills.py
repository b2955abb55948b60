"""Services that are killed at random moments: nothing is lost, nothing is sent twice."""

import pytest

from tests.support.fault_rig import FaultRig, kill_again_and_again

pytestmark = pytest.mark.e2e

MANY = pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(1800)])


def kills_neither_lose_nor_double(rig: FaultRig, kills: int) -> None:
    kill_again_and_again(rig, kills, seed=3)

    account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert set(account.outcomes) == {"done"}
    assert account.redelivered > 0, "no kill hit a record"


@pytest.mark.redis
@pytest.mark.parametrize("kills", [20, MANY])
def test_kills_at_random_moments_neither_lose_nor_double(redis_rig: FaultRig, kills: int) -> None:
    kills_neither_lose_nor_double(redis_rig, kills)


@pytest.mark.parametrize("kills", [10, MANY])
def test_kills_at_random_moments_neither_lose_nor_double_on_sqlite(
    sqlite_rig: FaultRig, kills: int
) -> None:
    kills_neither_lose_nor_double(sqlite_rig, kills)
