"""An append whose connection breaks is neither lost nor doubled, whenever it breaks."""

from collections.abc import Iterator

import pytest

from durapy_core.engines import open_engine
from durapy_core.engines.base import Engine, EngineOptions
from durapy_core.entry import NewEntry
from durapy_core.errors import EngineUnavailableError
from durapy_core.testing.engine_contract import LOG, bodies, ping, read_all
from tests.support.cutting_proxy import Cut, CuttingProxy
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis

CUTS: list[Cut] = ["before", "after", "late"]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[CuttingProxy]:
    with CuttingProxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def engine(proxy: CuttingProxy) -> Iterator[Engine]:
    with open_engine(proxy.url, EngineOptions(send_timeout_s=20)) as engine:
        yield engine


@pytest.mark.parametrize("earlier", [0, 3], ids=["first send", "later send"])
@pytest.mark.parametrize("cut", CUTS)
def test_one_entry_is_stored_once(
    engine: Engine, proxy: CuttingProxy, cut: Cut, earlier: int
) -> None:
    before = [engine.append(LOG, ping(n)) for n in range(earlier)]
    proxy.arm(cut)

    stored = engine.append(LOG, ping(100))
    after = engine.append(LOG, ping(101))

    assert proxy.cuts == 1
    assert read_all(engine) == [*before, stored, after]


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("cut", CUTS)
def test_an_entry_is_stored_once_however_often_the_connection_breaks(
    engine: Engine, proxy: CuttingProxy, cut: Cut, times: int
) -> None:
    first = engine.append(LOG, ping(1))
    proxy.arm(cut, times=times)

    stored = engine.append(LOG, ping(2))

    assert read_all(engine) == [first, stored]


@pytest.mark.parametrize("cut", CUTS)
def test_many_entries_are_stored_once_and_in_order(
    engine: Engine, proxy: CuttingProxy, cut: Cut
) -> None:
    new = [ping(n) for n in range(250)]
    proxy.arm(cut, times=2)

    stored = engine.append_many(LOG, new)

    assert proxy.cuts == 2
    assert read_all(engine) == stored
    assert bodies(stored) == [entry.body for entry in new]


@pytest.mark.parametrize("cut", CUTS)
def test_an_entry_with_an_id_of_its_own_is_stored_once(
    engine: Engine, proxy: CuttingProxy, cut: Cut
) -> None:
    proxy.arm(cut)

    stored = engine.append(LOG, ping(1, id="request-1"))
    again = engine.append(LOG, ping(1, id="request-1"))

    assert proxy.cuts == 1
    assert again == stored
    assert read_all(engine) == [stored]


@pytest.mark.parametrize("cut", CUTS)
def test_a_mix_of_ids_is_stored_once_and_in_order(
    engine: Engine, proxy: CuttingProxy, cut: Cut
) -> None:
    engine.append(LOG, ping(0, id="r/0"))
    proxy.arm(cut)

    stored = engine.append_many(LOG, [ping(1), ping(0, id="r/0"), ping(2, id="r/2"), ping(3)])

    assert read_all(engine) == [stored[1], stored[0], stored[2], stored[3]]


def test_it_finds_its_entry_among_many_of_others(
    engine: Engine, proxy: CuttingProxy, server: RedisServer
) -> None:
    engine.append(LOG, ping(0))
    with open_engine(server.tcp_url) as other:
        others = other.append_many(LOG, [ping(n, sender="other") for n in range(1, 1201)])
        proxy.arm("after")

        stored = engine.append(LOG, ping(9999))

        assert read_all(engine)[1:] == [*others, stored]


def test_the_old_connection_is_dead_before_anything_is_sent_again(
    engine: Engine, proxy: CuttingProxy, server: RedisServer
) -> None:
    engine.append(LOG, ping(0))
    proxy.arm("late")
    connected = server.client().info("clients")["connected_clients"]

    engine.append(LOG, ping(1))

    assert server.client().info("clients")["connected_clients"] == connected
    assert len(read_all(engine)) == 2


def test_a_send_is_reported_unknown_when_its_place_in_the_log_was_trimmed(
    engine: Engine, proxy: CuttingProxy, server: RedisServer
) -> None:
    engine.append(LOG, ping(0))
    server.client().xtrim("durapy:{durapy}:commands", maxlen=0)
    proxy.arm("after")

    with pytest.raises(EngineUnavailableError, match="PING was stored is unknown"):
        engine.append(LOG, ping(1))

    assert len(read_all(engine)) == 1
    assert engine.append(LOG, ping(2)) == read_all(engine)[-1]


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_read_whose_reply_was_lost_misses_nothing(
    engine: Engine, proxy: CuttingProxy, cut: Cut
) -> None:
    stored = [engine.append(LOG, NewEntry(type="PING", body=f'{{"n":{n}}}')) for n in range(5)]
    proxy.arm(cut, on=b"XREAD")

    assert read_all(engine, limit=2) == stored
    assert proxy.cuts == 1
