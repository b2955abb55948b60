"""The contract suite: what every engine must do, as tests.

A third party's engine checks itself with a class of its own:

    pytest.register_assert_rewrite("durapy_core.testing")  # in conftest.py

    class TestMyEngine(SharedStoreContract):
        @pytest.fixture
        def store(self, tmp_path):
            return lambda options: MyEngine(tmp_path, options)

`store` opens an engine on one and the same empty store each time it is called. An engine that no
second one can share, such as `memory://`, takes `EngineContract`.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from durapy_core.engines.base import Engine, Progress
from durapy_core.entry import START, Cursor, Entry
from durapy_core.testing.content_contract import ContentContract
from durapy_core.testing.engine_fixtures import (
    LOG,
    LONG_S,
    Opener,
    Store,
    bodies,
    page_all,
    ping,
    read_all,
    send_range,
    until,
)
from durapy_core.testing.lead_contract import LeadContract
from durapy_core.testing.log_contract import OrderContract, WaitContract
from durapy_core.testing.page_contract import PageContract
from durapy_core.testing.state_contract import StateContract
from durapy_core.testing.upkeep_contract import UpkeepContract

__all__ = [
    "LOG",
    "LONG_S",
    "ContentContract",
    "EngineContract",
    "LeadContract",
    "Opener",
    "OrderContract",
    "PageContract",
    "SharedStoreContract",
    "StateContract",
    "Store",
    "UpkeepContract",
    "WaitContract",
    "bodies",
    "page_all",
    "ping",
    "read_all",
    "until",
]


class EngineContract(
    OrderContract,
    WaitContract,
    PageContract,
    ContentContract,
    StateContract,
    LeadContract,
    UpkeepContract,
):
    """What every engine must do."""


class SharedStoreContract(EngineContract):
    """What an engine must do whose store outlives it and is shared by processes."""

    @pytest.fixture
    def rival(self, open_engine: Opener) -> Engine:
        """Return a second engine on the store."""
        return open_engine()

    def test_what_was_stored_is_there_when_it_is_opened_again(self, open_engine: Opener) -> None:
        first = open_engine()
        stored = first.append_many(LOG, [ping(n) for n in range(5)])
        progress = Progress(service="ponger", cursor=Cursor(stored[2].key), session="open")
        first.commit(progress)
        first.put("catalog", "ponger", "schemas")
        first.close()

        second = open_engine()

        assert read_all(second) == stored
        assert page_all(second, limit=2) == stored
        assert second.load_progress("ponger") == progress
        assert second.table("catalog")["ponger"].text == "schemas"
        assert [*read_all(second), second.append(LOG, ping(5))] == read_all(second)

    def test_two_engines_see_one_order(self, open_engine: Opener) -> None:
        one, two = open_engine(), open_engine()

        with ThreadPoolExecutor(2) as pool:
            sent = [
                pool.submit(send_range, one, "a", 100),
                pool.submit(send_range, two, "b", 100),
            ]
            for send in sent:
                send.result(LONG_S)

        assert read_all(one) == read_all(two)
        assert len(read_all(one)) == 200

    def test_a_send_need_not_wait_for_the_whole_batch_of_another(self, open_engine: Opener) -> None:
        one, two = open_engine(), open_engine()
        batch = [ping(number) for number in range(20_000)]

        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(one.append_many, LOG, batch)
            until(lambda: two.page(LOG, limit=1) != [])
            between = two.append(LOG, ping(sender="another"))
            last = sending.result(LONG_S)[-1]

        assert two.compare(between.key, last.key) < 0

    def test_an_append_wakes_the_reader_of_another_engine(self, open_engine: Opener) -> None:
        one, two = open_engine(), open_engine()
        began = threading.Event()

        def wait() -> tuple[list[Entry], float]:
            began.set()
            return two.read(LOG, after=START, wait_s=LONG_S), time.monotonic()

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(wait)
            assert began.wait(LONG_S)
            stored = one.append(LOG, ping())
            sent_s = time.monotonic()
            found, woken_s = reader.result(LONG_S)

        assert found == [stored]
        assert woken_s - sent_s < LONG_S / 3

    def test_an_id_is_stored_once_whoever_sends_it(self, open_engine: Opener) -> None:
        first = open_engine().append(LOG, ping(1, id="request-1"))

        again = open_engine().append(LOG, ping(1, id="request-1"))

        assert again == first

    def test_sends_without_an_id_are_never_taken_for_each_other(self, open_engine: Opener) -> None:
        engines = [open_engine() for _ in range(3)]

        for engine in engines:
            engine.append(LOG, ping())
            engine.append(LOG, ping())

        assert len(read_all(engines[0])) == 6

    def test_namespaces_share_nothing(self, open_engine: Opener) -> None:
        one, two = open_engine(namespace="rig-1"), open_engine(namespace="rig-2")

        stored = one.append(LOG, ping(id="request-1"))
        one.commit(Progress(service="ponger", cursor=Cursor(stored.key)))
        one.put("status", "ponger/1", "x")

        assert read_all(two) == []
        assert two.get(LOG, stored.key) is None
        assert two.load_progress("ponger") is None
        assert two.table("status") == {}
        assert two.append(LOG, ping(id="request-1")) == read_all(two)[0]
        assert read_all(one) == [stored]
