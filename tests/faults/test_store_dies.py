"""A Redis that is killed under load, and comes back with its append-only file."""

from threading import Event

import pytest

from tests.support.fault_rig import LIMIT_S, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.redis]


@pytest.mark.timeout(1800)
def test_a_redis_killed_under_load_loses_nothing_that_it_had_acknowledged(
    redis_rig: FaultRig, aof_server: RedisServer, times: int
) -> None:
    rig, pause = redis_rig, Event()
    with rig.spawn(lease_s=3) as process:
        wait_for(lambda: rig.leader([process]), "a leader", limit_s=LIMIT_S)
        with rig.stream():
            for _ in range(5 * times):
                before = len(rig.keys)
                wait_for(lambda before=before: len(rig.keys) > before + 20, "the stream to go on")  # type: ignore[misc]
                aof_server.kill()
                pause.wait(0.3)
                aof_server.start()
        rig.ask()
        rig.wait_until_handled()

    account = rig.account()
    assert account.lost == 0
    assert [key for key in rig.keys if rig.shared.engine.get("commands", key) is None] == []
    assert (account.doubled, account.receipts) == (0, {})
