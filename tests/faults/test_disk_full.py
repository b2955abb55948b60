"""A store without space: clear errors, nothing acknowledged lost, and no restart afterwards."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from durapy_core.engines.base import COMMANDS
from durapy_core.entry import NewEntry
from durapy_core.errors import EngineError
from tests.support.fault_rig import LIMIT_S, FaultRig
from tests.support.redis_server import RedisServer
from tests.support.service_process import ServiceProcess, shared_store
from tests.support.small_disk import SmallDisk
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

WRITES = 2_000
"""Pages of their own in the write-ahead log: many times a small disk."""

FULL_S = 1.5
"""How long the store has no space: longer than the lease of the services."""


@pytest.fixture
def full_sqlite(
    small_disk: SmallDisk, tmp_path: Path, say: Callable[[str], None]
) -> Iterator[FaultRig]:
    """A rig whose SQLite file is alone on a small disk."""
    with shared_store(f"sqlite:///{small_disk.folder}/rig.db", tmp_path) as shared:
        yield FaultRig(shared, say=say)


@pytest.fixture
def server(small_disk: SmallDisk) -> Iterator[RedisServer]:
    """A Redis whose append-only file is on a small disk, synced each second as in Compose."""
    everysec = ("--appendonly", "yes", "--appendfsync", "everysec")
    with RedisServer(*everysec, "--dir", str(small_disk.folder)) as server:
        yield server


@pytest.fixture
def full_redis(
    server: RedisServer, tmp_path: Path, say: Callable[[str], None]
) -> Iterator[FaultRig]:
    with shared_store(server.unix_url, tmp_path) as shared:
        yield FaultRig(shared, say=say)


def goes_on_after(
    rig: FaultRig, *, hurt: Callable[[], None], heal: Callable[[], None], says: str
) -> None:
    """Take the space away under load, and give it back; `says` is what everybody is told."""
    with rig.spawn() as one, rig.spawn() as two:
        processes = [one, two]
        wait_for(lambda: all(map(has_started, processes)), "a leader and another", limit_s=LIMIT_S)
        with rig.stream():
            wait_for(lambda: len(rig.keys) > 50, "the stream")
            rig.ask(150)  # so that records wait behind the one in hand
            hurt()
            try:
                wait_for(lambda: rig.refusals, "a sender to be refused")
                wait_for(lambda: any(map(is_waiting, processes)), "a service to wait")
                Event().wait(FULL_S)
            finally:
                heal()
            before = len(rig.keys)
            wait_for(lambda: len(rig.keys) > before + 50, "the stream to go on")
        rig.wait_until_handled()

        assert not one.ended()
        assert not two.ended()
        account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert all(says in refusal for refusal in rig.refusals)
    assert any(process.said(says) for process in processes)
    # The record in hand when the store ran full cannot be answered, and says why.
    assert all(says in why for why in account.why)
    assert account.outcomes.get("failed", 0) <= 1


def has_started(process: ServiceProcess) -> bool:
    return process.leads() or process.stands_by()


def is_waiting(process: ServiceProcess) -> bool:
    return process.said("waiting for the store")


def test_a_full_disk_under_sqlite_stops_the_rig_until_there_is_space(
    full_sqlite: FaultRig, small_disk: SmallDisk
) -> None:
    goes_on_after(full_sqlite, hurt=small_disk.fill, heal=small_disk.free, says="is full")


@pytest.mark.redis
def test_a_full_disk_under_redis_stops_the_rig_until_there_is_space(
    full_redis: FaultRig, small_disk: SmallDisk
) -> None:
    goes_on_after(
        full_redis, hurt=small_disk.fill, heal=small_disk.free, says="cannot save to its disk"
    )


@pytest.mark.redis
def test_a_redis_without_memory_stops_the_rig_until_there_is_some(
    redis_rig: FaultRig, aof_server: RedisServer
) -> None:
    client = aof_server.client()

    goes_on_after(
        redis_rig,
        hurt=lambda: client.config_set("maxmemory", "1mb"),
        heal=lambda: client.config_set("maxmemory", "0"),
        says="maxmemory",
    )


@pytest.mark.redis
def test_a_redis_that_syncs_each_record_ends_on_a_full_disk_and_comes_back_with_all(
    small_disk: SmallDisk, tmp_path: Path, say: Callable[[str], None]
) -> None:
    with (
        RedisServer("--dir", str(small_disk.folder), aof=True) as server,
        shared_store(server.unix_url, tmp_path) as shared,
    ):
        rig = FaultRig(shared, say=say)
        with rig.spawn(lease_s=3) as process:
            wait_for(lambda: rig.leader([process]), "a leader", limit_s=LIMIT_S)
            with rig.stream():
                wait_for(lambda: len(rig.keys) > 50, "the stream")
                small_disk.fill()
                wait_for(server.ended, "the server to end")
                small_disk.free()
                server.start()
                before = len(rig.keys)
                wait_for(lambda: len(rig.keys) > before + 50, "the stream to go on")
            rig.wait_until_handled()

            account = rig.account()
    assert (account.lost, account.doubled, account.receipts) == (0, 0, {})
    assert set(account.outcomes) == {"done"}


def test_what_is_freed_on_a_full_disk_is_not_filled_by_the_write_ahead_log(
    full_sqlite: FaultRig, small_disk: SmallDisk
) -> None:
    engine, entry = full_sqlite.shared.engine, NewEntry(type="PING", body="{}")
    small_disk.fill()
    with pytest.raises(EngineError, match="is full"):
        full_sqlite.ask()
    small_disk.free()

    for _ in range(WRITES):
        engine.append(COMMANDS, entry)

    assert len(engine.page(COMMANDS, limit=WRITES + 1)) == WRITES


def test_a_service_that_starts_on_a_full_disk_says_so(
    full_sqlite: FaultRig, small_disk: SmallDisk
) -> None:
    small_disk.fill()
    with pytest.raises(EngineError, match="is full"):
        full_sqlite.ask()

    with full_sqlite.spawn() as process:
        assert process.exit_code() != 0
        assert "is full" in process.output.read_text(encoding="utf-8")
