"""A leader that was frozen while another took over: nothing of it enters when it goes on."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from durapy_core.engines import open_engine
from durapy_core.engines.base import RECEIPTS, Engine, Progress
from durapy_core.entry import Cursor
from durapy_core.errors import EngineError, LeaseLostError
from durapy_core.testing.engine_contract import LOG, LONG_S, ping, read_all, until
from durapy_core.testing.lead_contract import receipt, take
from tests.support.cutting_proxy import CuttingProxy
from tests.support.redis_server import RedisServer

SPAWN = multiprocessing.get_context("spawn")
LEASE_S = 0.5


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/commands.db"
        return
    with RedisServer(aof=True) as server:
        yield server.unix_url


@pytest.fixture
def rival(url: str) -> Iterator[Engine]:
    with open_engine(url) as engine:
        yield engine


def test_a_leader_that_froze_enters_nothing_when_it_goes_on(url: str, rival: Engine) -> None:
    ours, theirs = SPAWN.Pipe()
    old = SPAWN.Process(target=_lead_and_freeze, args=(url, theirs))
    old.start()
    assert ours.poll(LONG_S)
    cursor = ours.recv()

    new = take(rival, lease_s=LEASE_S)
    assert (new.tenure.epoch, new.tenure.clean) == (2, False)
    assert new.tenure.progress is not None
    assert new.tenure.progress.cursor == cursor
    stored = [new.append(LOG, ping(n, sender="new")) for n in range(3)]
    progress = Progress(service="valve", cursor=Cursor(stored[-1].key), receipts=(receipt("1"),))
    new.commit(progress)
    until(lambda: new.renew() > new.tenure.now_s + 2 * LEASE_S)
    assert old.pid is not None
    os.kill(old.pid, signal.SIGCONT)

    assert ours.poll(LONG_S)
    assert ours.recv() == ["LeaseLostError"] * 5
    old.join(LONG_S)
    entries = read_all(rival)
    assert [entry.sender for entry in entries] == ["old"] * 5 + ["new"] * 3
    assert len(read_all(rival, RECEIPTS)) == 2
    kept = rival.load_progress("valve")
    assert kept is not None
    assert kept.cursor == progress.cursor
    assert new.renew() > 0


@pytest.mark.redis
def test_a_leader_stopped_at_any_moment_enters_nothing_after_the_takeover(
    redis_server: RedisServer,
) -> None:
    url = redis_server.tcp_url
    with open_engine(url) as rival:
        for number in range(5):
            service = f"valve_{number}"
            old = SPAWN.Process(target=_lead_and_hammer, args=(url, service))
            old.start()
            until(lambda: any(e.sender == service for e in rival.page(LOG, limit=20)))  # noqa: B023
            assert old.pid is not None
            os.kill(old.pid, signal.SIGSTOP)

            new = take(rival, service, lease_s=LONG_S)
            first = new.append(LOG, ping(0, sender="new"))
            kept = rival.load_progress(service)
            os.kill(old.pid, signal.SIGCONT)

            old.join(LONG_S)
            assert old.exitcode == 0, "it did not learn that it leads no longer"
            assert rival.read(LOG, after=Cursor(first.key)) == []
            assert rival.load_progress(service) == kept
            new.release(None)


@pytest.mark.redis
@pytest.mark.parametrize("way", ["append", "append_many", "commit", "read"])
def test_bytes_that_a_superseded_leader_sent_before_are_not_executed_later(way: str) -> None:
    with (
        RedisServer() as server,
        CuttingProxy(server.port) as proxy,
        open_engine(proxy.url) as engine,
        open_engine(server.unix_url) as rival,
        ThreadPoolExecutor(1) as pool,
    ):
        old = take(engine, lease_s=LEASE_S)
        first = old.append(LOG, ping(1))
        old.commit(_at("1"))
        proxy.arm("hold", on=b"XADD")
        call = pool.submit(_calls(old)[way])
        assert proxy.holding.wait(LONG_S)

        new = take(rival)
        second = new.append(LOG, ping(2))
        proxy.let_go()

        with pytest.raises(LeaseLostError):
            call.result(LONG_S)
        assert read_all(rival) == [first, second]
        assert [entry.cause for entry in read_all(rival, RECEIPTS)] == ["1"]
        kept = rival.load_progress("valve")
        assert kept is not None
        assert kept.cursor == "1"
        old.close()


def _calls(lead: object) -> dict[str, Callable[[], object]]:
    return {
        "append": lambda: lead.append(LOG, ping(9)),  # type: ignore[attr-defined]
        "append_many": lambda: lead.append_many(LOG, [ping(9), ping(10)]),  # type: ignore[attr-defined]
        "commit": lambda: lead.commit(_at("9")),  # type: ignore[attr-defined]
        "read": lambda: lead.read(LOG, after=Cursor(""), commit=_at("9")),  # type: ignore[attr-defined]
    }


def _at(key: str) -> Progress:
    return Progress(service="valve", cursor=Cursor(key), receipts=(receipt(key),))


def _lead_and_freeze(url: str, pipe: Connection) -> None:
    with open_engine(url) as engine:
        lead = take(engine, lease_s=LEASE_S)
        stored = [lead.append(LOG, ping(n, sender="old")) for n in range(5)]
        lead.commit(_at(stored[-1].key))
        pipe.send(stored[-1].key)
        os.kill(os.getpid(), signal.SIGSTOP)
        late = ping(9, sender="late")
        pipe.send(
            [
                _name_of_error(lambda: lead.append(LOG, late)),
                _name_of_error(lambda: lead.append_many(LOG, [late] * 3)),
                _name_of_error(lambda: lead.commit(_at("late"))),
                _name_of_error(lambda: lead.mark("late")),
                _name_of_error(lead.renew),
            ]
        )


def _lead_and_hammer(url: str, service: str) -> None:
    with open_engine(url) as engine:
        lead = take(engine, service, lease_s=LEASE_S)
        while True:
            try:
                key = lead.append(LOG, ping(1, sender=service)).key
                lead.commit(Progress(service=service, cursor=Cursor(key), receipts=(receipt(key),)))
            except LeaseLostError:
                return


def _name_of_error(call: Callable[[], object]) -> str:
    try:
        call()
    except EngineError as error:
        return type(error).__name__
    return "none"
