"""A Redis that goes away and comes back: nothing is lost, and it is said once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Timer

import pytest
from loguru import logger

from durapy_core.engines import open_engine
from durapy_core.engines.base import Engine, EngineOptions, Progress
from durapy_core.engines.redis_link import Link
from durapy_core.engines.redis_server import Lost, Server
from durapy_core.engines.redis_url import parse_address
from durapy_core.engines.redis_wire import pack
from durapy_core.entry import START, Cursor, Entry
from durapy_core.errors import EngineError, EngineUnavailableError
from durapy_core.testing.engine_contract import LOG, LONG_S, ping, read_all, until
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer(aof=True) as server:
        yield server


@pytest.fixture
def engine(server: RedisServer) -> Iterator[Engine]:
    with open_engine(server.unix_url) as engine:
        yield engine


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """The log lines about the store, as `LEVEL message`."""
    found: list[str] = []
    sink = logger.add(lambda line: found.append(str(line).strip()), format="{level} {message}")
    yield found
    logger.remove(sink)


def test_a_killed_server_loses_no_append_that_returned(server: RedisServer, engine: Engine) -> None:
    stored = engine.append_many(LOG, [ping(n) for n in range(500)])
    progress = Progress(service="ponger", cursor=Cursor(stored[9].key), session="open")
    engine.commit(progress)

    server.kill()
    server.start()

    assert read_all(engine) == stored
    assert engine.load_progress("ponger") == progress


def test_an_append_waits_for_a_server_that_comes_back(server: RedisServer, engine: Engine) -> None:
    first = engine.append(LOG, ping(1))
    server.kill()

    with ThreadPoolExecutor(2) as pool:
        sends = [pool.submit(engine.append, LOG, ping(n)) for n in (2, 3)]
        assert not any(send.done() for send in sends)
        server.start()
        stored = [send.result(LONG_S) for send in sends]

    assert read_all(engine)[0] == first
    assert sorted(read_all(engine)[1:], key=str) == sorted(stored, key=str)


def test_appends_under_fire_are_stored_once_and_in_order(
    server: RedisServer, engine: Engine
) -> None:
    done = Event()

    def send() -> list[Entry]:
        stored = list[Entry]()
        while not done.is_set():
            stored.append(engine.append(LOG, ping(len(stored))))
        return stored

    with ThreadPoolExecutor(1) as pool:
        sender = pool.submit(send)
        for _ in range(3):
            grown = _end(engine)
            until(lambda grown=grown: sender.done() or engine.compare(_end(engine), grown) > 0)  # type: ignore[misc]
            server.kill()
            server.start()
        done.set()
        stored = sender.result(LONG_S)

    assert read_all(engine) == stored


def test_a_read_under_fire_misses_nothing(server: RedisServer, engine: Engine) -> None:
    total = 60
    seen: list[Entry] = []

    def follow() -> None:
        cursor = START
        while len(seen) < total:
            try:
                batch = engine.read(LOG, after=cursor, wait_s=LONG_S)
            except EngineUnavailableError:
                continue
            seen.extend(batch)
            cursor = Cursor(seen[-1].key) if seen else START

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(follow)
        stored = list[Entry]()
        for number in range(total):
            if number in {20, 40}:
                server.kill()
                server.start()
            stored.append(engine.append(LOG, ping(number)))
        reader.result(LONG_S)

    assert seen == stored


def test_an_append_gives_up_after_its_time_and_says_that_the_outcome_is_unknown(
    server: RedisServer,
) -> None:
    with open_engine(server.unix_url, EngineOptions(send_timeout_s=0.3)) as engine:
        engine.append(LOG, ping(1))
        server.kill()

        with pytest.raises(EngineUnavailableError, match="whether the command was stored is unkn"):
            engine.append(LOG, ping(2))

        server.start()
        assert engine.append(LOG, ping(3)) == read_all(engine)[-1]


def test_calls_say_that_the_server_is_away_and_work_when_it_is_back(
    server: RedisServer, engine: Engine
) -> None:
    stored = engine.append(LOG, ping(1))
    server.kill()

    for call in (
        lambda: engine.read(LOG, after=START),
        lambda: engine.page(LOG),
        lambda: engine.get(LOG, stored.key),
        lambda: engine.end(LOG),
        lambda: engine.table("status"),
        lambda: engine.load_progress("ponger"),
        engine.ping,
    ):
        with pytest.raises(EngineUnavailableError, match="does not answer"):
            call()

    server.start()
    engine.ping()
    assert read_all(engine) == [stored]


def test_a_server_that_loads_its_data_is_waited_for(server: RedisServer, engine: Engine) -> None:
    server.client().config_set("key-load-delay", "0")
    stored = engine.append_many(LOG, [ping(n) for n in range(300)])
    server.kill()
    server.start()

    with open_engine(server.tcp_url, EngineOptions(connect_timeout_s=LONG_S)) as late:
        assert read_all(late) == stored


def test_a_server_that_starts_late_is_waited_for(server: RedisServer) -> None:
    server.kill()
    timer = Timer(0.2, server.start)
    timer.start()

    with open_engine(server.unix_url) as engine:
        engine.ping()

    timer.join()


def test_an_outage_is_said_once_and_so_is_its_end(
    server: RedisServer, engine: Engine, lines: list[str]
) -> None:
    engine.append(LOG, ping())
    engine.read(LOG, after=START)
    server.kill()
    for _ in range(3):
        with pytest.raises(EngineUnavailableError):
            engine.ping()
    server.start()

    engine.ping()
    engine.read(LOG, after=START)
    engine.append(LOG, ping())

    assert lines == [
        "WARNING the store of commands is away",
        "INFO the store of commands is back",
    ]


def test_a_server_that_hangs_is_a_lost_connection(server: RedisServer) -> None:
    link = Link(Server(parse_address(server.unix_url, password=None)), timeout_s=0.2)
    link.ensure()
    server.freeze()

    with pytest.raises(Lost, match=r"no reply within 0\.2 s"):
        link.call(pack("PING"))

    server.thaw()
    assert link.ensure()
    assert link.call(pack("PING")) == b"PONG"
    link.drop()


def test_closing_ends_an_append_that_waits_for_the_server(
    server: RedisServer, engine: Engine
) -> None:
    engine.append(LOG, ping())
    server.kill()

    with ThreadPoolExecutor(1) as pool:
        send = pool.submit(engine.append, LOG, ping())
        until(send.running)
        engine.close()

        with pytest.raises(EngineError, match="closed"):
            send.result(LONG_S / 3)


def _end(engine: Engine) -> Cursor:
    try:
        return engine.end(LOG)
    except EngineUnavailableError:
        return START
