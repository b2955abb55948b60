"""A Redis without durability that dies under a running service, and comes back empty."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from durapy_core.engines.base import CATALOG, COMMANDS
from durapy_core.entry import LOG_LOST_TAIL
from durapy_core.errors import EngineUnavailableError
from durapy_core.receipt import Outcome
from tests.support.fault_rig import LIMIT_S, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.service_process import shared_store
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.redis]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def rig(server: RedisServer, tmp_path: Path, say: Callable[[str], None]) -> Iterator[FaultRig]:
    with shared_store(server.unix_url, tmp_path) as shared:
        yield FaultRig(shared, say=say)


def test_a_service_says_what_was_lost_and_goes_on_with_what_comes(
    rig: FaultRig, server: RedisServer
) -> None:
    with rig.spawn() as process:
        wait_for(lambda: rig.leader([process]), "a leader", limit_s=LIMIT_S)
        rig.ask(5)
        rig.wait_until_handled()
        server.kill()
        server.start()
        wait_for(lambda: process.said("log-lost-tail"), "the report", limit_s=LIMIT_S)
        before, rig.keys = rig.keys, []
        with pytest.raises(EngineUnavailableError, match="send-unknown"):
            rig.ask()
        rig.ask()
        rig.wait_until_handled()
        (unsure,) = [receipt for receipt in rig.receipts() if receipt.key == rig.keys[0]]
        rig.keys.clear()
        rig.ask(5)
        rig.wait_until_handled()
        wait_for(lambda: (s := process.status()) and s.lost_tails, "the status to say so")
        wait_for(lambda: "triple" in rig.shared.engine.table(CATALOG), "the catalog")
        reports = [e for e in rig.shared.engine.page(COMMANDS) if e.type == LOG_LOST_TAIL]
        progress = rig.shared.engine.load_progress("triple")

    account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert unsure.outcome is Outcome.FAILED
    assert "send-unknown" in unsure.text
    assert all(rig.shared.engine.get(COMMANDS, key) is None for key in before)
    assert len(reports) == 1
    assert progress is not None
