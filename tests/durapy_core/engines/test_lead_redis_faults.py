"""A leader on Redis whose connection breaks or whose server dies: nothing is lost or doubled."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from loguru import logger

from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS, LEASES, RECEIPTS, Engine, Progress
from durapy_core.engines.lead import Lead
from durapy_core.entry import START, Cursor, Entry
from durapy_core.errors import EngineError, LeaseLostError
from durapy_core.testing.engine_contract import LOG, LONG_S, ping, read_all, until
from durapy_core.testing.lead_contract import receipt, take
from tests.support.cutting_proxy import Cut, CuttingProxy
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis

CUTS: list[Cut] = ["before", "after", "late"]
LEASE = "durapy:{durapy}:lease:valve"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer(aof=True) as server:
        yield server


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[CuttingProxy]:
    with CuttingProxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def engine(proxy: CuttingProxy) -> Iterator[Engine]:
    with open_engine(proxy.url) as engine:
        yield engine


@pytest.fixture
def lead(engine: Engine) -> Lead:
    return take(engine)


@pytest.fixture
def rival(server: RedisServer) -> Iterator[Engine]:
    with open_engine(server.unix_url) as engine:
        yield engine


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("way", ["commit", "read"])
@pytest.mark.parametrize("cut", CUTS)
def test_a_commit_that_is_cut_neither_loses_nor_doubles_its_receipts(
    lead: Lead, rival: Engine, proxy: CuttingProxy, cut: Cut, way: str, times: int
) -> None:
    lead.commit(_at("1"))
    proxy.arm(cut, on=b"$6\r\ncursor", times=times)

    _commit(lead, way, _at("2", "3"))
    lead.commit(_at("4"))

    assert proxy.cuts == times
    assert _causes(rival) == ["1", "2", "3", "4"]
    assert rival.load_progress("valve") == Progress(service="valve", cursor=Cursor("4"))


@pytest.mark.parametrize("cut", CUTS)
def test_a_commit_in_doubt_may_be_followed_by_a_longer_one(
    lead: Lead, rival: Engine, proxy: CuttingProxy, cut: Cut
) -> None:
    lead.commit(_at("1"))
    proxy.arm(cut, on=b"$6\r\ncursor", times=30)
    with pytest.raises(EngineError, match="does not answer"):
        lead.commit(_at("2", "3"))
    proxy.disarm()

    lead.commit(_at("2", "3", "4"))

    assert _causes(rival) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("cut", CUTS)
def test_a_release_that_is_cut_is_done_once(
    lead: Lead, rival: Engine, proxy: CuttingProxy, cut: Cut
) -> None:
    lead.commit(_at("1"))
    proxy.arm(cut, on=b"leases")

    lead.release(_at("2"))

    assert _causes(rival) == ["1", "2"]
    assert [entry.sender for entry in read_all(rival, LEASES)] == ["valve"]
    assert take(rival).tenure.clean


@pytest.mark.parametrize("cut", ["before", "after"])
@pytest.mark.parametrize("step", [b"EVALSHA", b"settled"])
def test_a_lease_whose_taking_is_cut_is_taken_once(
    engine: Engine, proxy: CuttingProxy, cut: Cut, step: bytes
) -> None:
    proxy.arm(cut, on=step)

    tenure = take(engine).tenure

    assert proxy.cuts == 1
    assert (tenure.epoch, tenure.clean, tenure.attempts) == (1, True, 0)


@pytest.mark.parametrize("cut", CUTS)
def test_a_send_of_a_leader_that_is_cut_is_stored_once(
    lead: Lead, rival: Engine, proxy: CuttingProxy, cut: Cut
) -> None:
    before = lead.append(LOG, ping(1))
    proxy.arm(cut, times=2)

    stored = lead.append(LOG, ping(2))

    assert read_all(rival) == [before, stored]


def test_every_connection_of_a_leader_is_in_its_lease(
    lead: Lead, engine: Engine, server: RedisServer
) -> None:
    others = _client_ids(server)

    lead.append(LOG, ping(1))
    lead.commit(_at("1"))
    lead.renew()

    assert len(_registered(server)) == 3
    assert _registered(server) == _client_ids(server) - others


def test_a_connection_made_anew_takes_the_place_of_the_former_one(
    lead: Lead, proxy: CuttingProxy, server: RedisServer
) -> None:
    lead.append(LOG, ping(1))
    before = _registered(server)
    proxy.arm("late")

    lead.append(LOG, ping(2))

    assert len(_registered(server)) == 1
    assert _registered(server) != before


def test_a_leader_goes_on_when_its_server_was_killed_and_came_back(
    lead: Lead, rival: Engine, server: RedisServer
) -> None:
    stored = [lead.append(LOG, ping(n)) for n in range(20)]
    lead.commit(_at("1", "2"))
    lead.mark("3")

    server.kill()
    server.start()

    stored.append(lead.append(LOG, ping(20)))
    lead.commit(_at("3"))
    assert lead.renew() > lead.tenure.now_s
    assert read_all(rival) == stored
    assert _causes(rival) == ["1", "2", "3"]
    assert rival.lead("valve", lease_s=1) is None
    assert len(_registered(server)) == 3
    lead.release(None)
    assert take(rival).tenure.mark is None


def test_a_leader_takes_its_lease_again_on_a_server_that_has_lost_it(
    server: RedisServer, lead: Lead, rival: Engine
) -> None:
    server.client().config_set("appendonly", "no")
    server.stop()
    for part in (server.folder / "appendonlydir").iterdir():
        part.unlink()
    server.start()

    assert lead.append(LOG, ping(1)) == read_all(rival)[-1]

    assert rival.lead("valve", lease_s=1) is None
    assert server.client().hget(LEASE, "epoch") == b"1"


def test_a_leader_that_finds_another_after_a_restart_stays_out(
    engine: Engine, rival: Engine, server: RedisServer
) -> None:
    old = take(engine, lease_s=0.1)
    old.append(LOG, ping(1))
    server.kill()
    server.start()
    new = take(rival)

    with pytest.raises(LeaseLostError):
        old.append(LOG, ping(2))
    with pytest.raises(LeaseLostError):
        old.renew()

    assert len(read_all(rival)) == 1
    assert new.renew() > 0


def test_a_lease_is_not_held_for_ever_when_the_servers_clock_was_set_back(
    server: RedisServer, rival: Engine
) -> None:
    take(rival, lease_s=0.2).close()
    until_s = float(server.client().hget(LEASE, "until"))
    server.client().hset(LEASE, "until", f"{until_s + 3600:.6f}")

    assert rival.lead("valve", lease_s=1) is None
    assert take(rival).tenure.epoch == 2


@pytest.mark.parametrize("way", ["close", "release"])
def test_a_read_that_waits_ends_when_the_lead_is_given_up(
    lead: Lead, server: RedisServer, way: str
) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING")
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(lead.read, COMMANDS, after=START, wait_s=LONG_S)
        until(lambda: server.client().info("clients")["blocked_clients"] == 1)

        lead.close() if way == "close" else lead.release(None)

        with pytest.raises(LeaseLostError):
            reader.result(LONG_S / 3)
    logger.remove(sink)
    assert lines == [], "the store is not away"


def test_a_commit_that_the_server_refuses_writes_nothing(
    lead: Lead, rival: Engine, server: RedisServer
) -> None:
    lead.commit(_at("1"))
    server.client().config_set("maxmemory", "1")

    with pytest.raises(EngineError, match="maxmemory"):
        lead.commit(_at("2"))
    with pytest.raises(EngineError, match="maxmemory"):
        lead.read(COMMANDS, after=START, commit=_at("2"))

    server.client().config_set("maxmemory", "0")
    lead.commit(_at("2"))
    assert _causes(rival) == ["1", "2"]


def _at(*keys: str) -> Progress:
    receipts = tuple(receipt(key) for key in keys)
    return Progress(service="valve", cursor=Cursor(keys[-1]), receipts=receipts)


def _commit(lead: Lead, way: str, progress: Progress) -> list[Entry]:
    if way == "read":
        return lead.read(COMMANDS, after=START, commit=progress)
    lead.commit(progress)
    return []


def _causes(engine: Engine) -> list[str | None]:
    return [entry.cause for entry in read_all(engine, RECEIPTS)]


def _registered(server: RedisServer) -> set[bytes]:
    clients: bytes = server.client().hget(LEASE, "clients")
    return set(clients.split())


def _client_ids(server: RedisServer) -> set[bytes]:
    with server.client() as client:
        mine = client.client_id()
        return {c["id"].encode() for c in client.client_list() if int(c["id"]) != mine}
