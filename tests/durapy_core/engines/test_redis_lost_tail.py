"""A Redis that comes back with less than it had: it is said once, and no reader stays deaf."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS, SAFETY, Engine
from durapy_core.entry import LOG_LOST_TAIL, START, Cursor, NewEntry
from durapy_core.testing.engine_contract import LOG, LONG_S, ping, read_all, until
from durapy_core.testing.lead_contract import take
from tests.support.cutting_proxy import Cut, CuttingProxy
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis

STREAM = "durapy:{durapy}:commands"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def engine(server: RedisServer) -> Iterator[Engine]:
    with open_engine(server.unix_url) as engine:
        yield engine


def test_a_reader_that_connects_anew_is_told_and_hears_what_comes(
    server: RedisServer, engine: Engine
) -> None:
    # Its clock was ahead when it stored these: what it stores next has lower keys.
    _store_in_the_future(server, 3)
    before = engine.read(LOG, after=START)
    cursor = Cursor(before[-1].key)
    server.kill()
    server.start()

    (report,) = engine.read(LOG, after=cursor)
    (heard,) = [engine.append(LOG, ping(4))]

    assert report.type == LOG_LOST_TAIL
    assert report.body == f'{{"seen":"{cursor}","end":""}}'
    assert engine.read(LOG, after=Cursor(report.key)) == [heard]


def test_a_read_that_waits_while_the_end_is_lost_hears_what_comes(
    server: RedisServer, engine: Engine
) -> None:
    lead = take(engine)
    _store_in_the_future(server, 3)
    cursor = Cursor(lead.read(LOG, after=START)[-1].key)

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(lead.read, LOG, after=cursor, wait_s=LONG_S)
        until(lambda: server.client().info("clients")["blocked_clients"] == 1)
        server.kill()
        server.start()
        (report,) = reader.result(LONG_S)

    assert report.type == LOG_LOST_TAIL
    assert lead.append(LOG, ping(4)) == read_all(engine)[-1]


def test_a_loss_is_reported_even_if_others_have_sent_before_the_reader_connects_anew(
    server: RedisServer, engine: Engine
) -> None:
    engine.append_many(LOG, [ping(number) for number in range(3)])
    cursor = Cursor(engine.read(LOG, after=START)[-1].key)
    server.kill()
    server.start()
    with open_engine(server.unix_url) as other:
        others = [other.append(LOG, ping(number)) for number in range(2)]
        first, second, report = engine.read(LOG, after=cursor)

        assert [first, second] == others
        assert report.type == LOG_LOST_TAIL
        assert report.body == f'{{"seen":"{cursor}","end":""}}'
        assert not other.mend(LOG, seen=cursor)


def test_a_server_that_kept_everything_says_nothing(server: RedisServer, engine: Engine) -> None:
    with RedisServer(aof=True) as kept, open_engine(kept.unix_url) as reader:
        stored = reader.append(LOG, ping(1))
        assert reader.read(LOG, after=START) == [stored]
        kept.kill()
        kept.start()

        assert reader.read(LOG, after=Cursor(stored.key)) == []
        assert read_all(reader) == [stored]


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_change_of_the_safe_state_that_is_cut_is_made_once(server: RedisServer, cut: Cut) -> None:
    with CuttingProxy(server.port) as proxy, open_engine(proxy.url) as engine:
        proxy.arm(cut, on=b"SAFE_STATE")

        state = engine.set_safe_state(NewEntry(type="SAFE_STATE", body="{}"), engaged=True)

        assert proxy.cuts == 1
        assert engine.safe_state() == state
        assert [entry.key for entry in read_all(engine, SAFETY)] == [state.key]
        assert [entry.key for entry in read_all(engine, COMMANDS)] == [state.marker]


def _store_in_the_future(server: RedisServer, total: int) -> None:
    ahead_ms = server.client().time()[0] * 1000 + 3_600_000
    for number in range(total):
        server.client().xadd(STREAM, {"type": "PING", "body": "{}"}, id=f"{ahead_ms}-{number}")
