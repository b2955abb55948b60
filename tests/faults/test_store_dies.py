"""A Redis that dies under load, hangs, or is shut down, and comes back."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from tests.support.at_once import do_at_once
from tests.support.fault_rig import LIMIT_S, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.service_process import shared_store
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.redis]

Kill = Callable[[RedisServer], None]


def die_again_and_again(rig: FaultRig, server: RedisServer, times: int, kill: Kill) -> None:
    pause = Event()
    with rig.spawn(lease_s=3) as process:
        wait_for(lambda: rig.leader([process]), "a leader", limit_s=LIMIT_S)
        with rig.stream():
            for _ in range(times):
                before = len(rig.keys)
                wait_for(lambda before=before: len(rig.keys) > before + 20, "the stream to go on")  # type: ignore[misc]
                kill(server)
                pause.wait(0.3)
                server.start()
        rig.ask()
        rig.wait_until_handled()


@pytest.mark.parametrize(
    "times", [5, pytest.param(50, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_a_redis_killed_under_load_loses_nothing_that_it_had_acknowledged(
    redis_rig: FaultRig, aof_server: RedisServer, times: int
) -> None:
    die_again_and_again(redis_rig, aof_server, times, RedisServer.kill)

    account = redis_rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})


def kill_between_syncs(server: RedisServer) -> None:
    """Kill it while it hands each record to the kernel before it answers.

    A sync begins with the first record of a second of the server's clock; only while one is under
    way does Redis keep records to itself. On a busy computer it takes long even without a disk.
    """
    client = server.client()

    def between_syncs() -> bool:
        _, microseconds = client.time()
        under_way = client.info("persistence")["aof_pending_bio_fsync"]
        return 300_000 < microseconds < 600_000 and not under_way

    wait_for(between_syncs, "the middle of a second", every_s=0.02)
    server.kill()


def test_a_redis_that_syncs_each_second_loses_nothing_when_it_is_killed_between_syncs(
    tmp_path: Path, say: Callable[[str], None]
) -> None:
    everysec = ("--appendonly", "yes", "--appendfsync", "everysec")
    memory = Path("/dev/shm")  # noqa: S108 (a disk that is never busy)
    with (
        RedisServer(*everysec, folder=memory) as server,
        shared_store(server.unix_url, tmp_path) as shared,
    ):
        rig = FaultRig(shared, say=say)
        die_again_and_again(rig, server, 3, kill_between_syncs)

        account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})


@pytest.mark.parametrize(
    "away_s", [2.0, pytest.param(30.0, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
def test_a_redis_that_is_away_is_waited_for(
    tmp_path: Path, say: Callable[[str], None], away_s: float
) -> None:
    def leave_alone(way: str) -> None:
        folder = tmp_path / way
        folder.mkdir()
        with RedisServer(aof=True) as server, shared_store(server.unix_url, folder) as shared:
            rig = FaultRig(shared, say=lambda text: say(f"{way}: {text}"))
            if way == "hangs":
                goes_on_after(rig, away_s, leave=server.freeze, come_back=server.thaw)
            else:
                goes_on_after(rig, away_s, leave=server.stop, come_back=server.start)

    do_at_once(leave_alone, ["hangs", "is shut down"])


def goes_on_after(
    rig: FaultRig, away_s: float, *, leave: Callable[[], None], come_back: Callable[[], None]
) -> None:
    with rig.spawn() as one, rig.spawn() as two:
        processes = [one, two]
        wait_for(lambda: rig.leader(processes), "a leader", limit_s=LIMIT_S)
        with rig.stream():
            wait_for(lambda: len(rig.keys) > 20, "the stream")
            leave()
            Event().wait(away_s)
            come_back()
            before = len(rig.keys)
            wait_for(lambda: len(rig.keys) > before + 20, "the stream to go on", limit_s=LIMIT_S)
        rig.wait_until_handled()

        assert sorted(each.leads() for each in processes) == [False, True]
        assert not any(each.ended() for each in processes)
        account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
