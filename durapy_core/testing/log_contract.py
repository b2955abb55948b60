"""The contract suite's part on appending, reading, and waiting for entries.

Mixed into `EngineContract`.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from durapy_core.engines.base import Engine
from durapy_core.entry import START, Cursor, Entry
from durapy_core.errors import EngineError
from durapy_core.testing.engine_fixtures import (
    LOG,
    LONG_S,
    EngineFixtures,
    bodies,
    ping,
    read_all,
    send_range,
)


class OrderContract(EngineFixtures):
    """Appending and reading."""

    def test_an_append_returns_what_is_stored(self, engine: Engine) -> None:
        new = ping(
            1, sender="pinger", cause="7", n=3, id="boot/1", sent_ns=1_795_444_221_231_872_123
        )

        stored = engine.append(LOG, new)

        assert read_all(engine) == [stored]
        assert (stored.type, stored.body, stored.sender) == (new.type, new.body, new.sender)
        assert (stored.cause, stored.n, stored.id) == (new.cause, new.n, new.id)
        assert stored.sent_ns == new.sent_ns
        assert abs(stored.sent_at_s - time.time()) < LONG_S

    def test_what_a_sender_leaves_out_is_none(self, engine: Engine) -> None:
        engine.append(LOG, ping())

        (entry,) = read_all(engine)

        assert (entry.sender, entry.cause, entry.n, entry.sent_ns) == (None, None, None, None)

    def test_entries_come_in_the_order_they_were_appended(self, engine: Engine) -> None:
        stored = [engine.append(LOG, ping(n)) for n in range(20)]

        assert read_all(engine) == stored
        assert len({entry.key for entry in stored}) == 20

    def test_many_entries_are_appended_in_their_order(self, engine: Engine) -> None:
        new = [ping(n) for n in range(250)]

        stored = engine.append_many(LOG, new)

        assert bodies(stored) == [entry.body for entry in new]
        assert read_all(engine) == stored

    def test_appending_nothing_returns_nothing(self, engine: Engine) -> None:
        assert engine.append_many(LOG, []) == []
        assert engine.end(LOG) == START

    def test_times_never_go_back_within_a_log(self, engine: Engine) -> None:
        times = [entry.sent_at_s for entry in engine.append_many(LOG, [ping()] * 300)]

        assert times == sorted(times)

    def test_threads_share_one_order_and_lose_nothing(self, engine: Engine) -> None:
        def send(sender: int) -> list[Entry]:
            return [engine.append(LOG, ping(n, sender=f"s{sender}")) for n in range(50)]

        with ThreadPoolExecutor(4) as pool:
            sent = list(pool.map(send, range(4)))

        found = read_all(engine)
        assert len(found) == 200
        for sender, entries in enumerate(sent):
            assert [entry for entry in found if entry.sender == f"s{sender}"] == entries

    def test_logs_are_separate(self, engine: Engine) -> None:
        command, operation = (
            engine.append("commands", ping(1)),
            engine.append("operations", ping(2)),
        )

        assert read_all(engine, "commands") == [command]
        assert read_all(engine, "operations") == [operation]
        assert engine.get("operations", operation.key) == operation
        for log, entry in (("commands", command), ("operations", operation)):
            assert engine.end(log) == entry.key
            assert engine.page(log) == [entry]

    def test_two_readers_each_see_every_entry(self, engine: Engine) -> None:
        stored = engine.append_many(LOG, [ping(n) for n in range(30)])

        with ThreadPoolExecutor(2) as pool:
            seen = list(pool.map(lambda limit: read_all(engine, limit=limit), (1, 7)))

        assert seen == [stored, stored]

    def test_a_reader_never_misses_an_entry_while_others_append(self, engine: Engine) -> None:
        total, seen, cursor = 400, list[Entry](), START

        with ThreadPoolExecutor(2) as pool:
            sends = [pool.submit(send_range, engine, "a", total // 2)]
            sends.append(pool.submit(send_range, engine, "b", total // 2))
            while len(seen) < total:
                batch = engine.read(LOG, after=cursor, limit=16, wait_s=LONG_S)
                assert batch, "the wait ended although entries are missing"
                seen += batch
                cursor = Cursor(batch[-1].key)
            for send in sends:
                send.result(LONG_S)

        assert seen == read_all(engine)
        assert len({entry.key for entry in seen}) == total


class WaitContract(EngineFixtures):
    """Waiting for entries."""

    def test_a_wait_ends_with_nothing(self, engine: Engine) -> None:
        began_s = time.monotonic()

        found = engine.read(LOG, after=START, wait_s=0.2)

        assert found == []
        assert 0.15 <= time.monotonic() - began_s < LONG_S

    def test_without_a_wait_an_empty_log_answers_at_once(self, engine: Engine) -> None:
        began_s = time.monotonic()

        assert engine.read(LOG, after=START) == []
        assert time.monotonic() - began_s < LONG_S / 2

    def test_an_append_wakes_every_waiting_reader(self, engine: Engine) -> None:
        engine.append(LOG, ping(0))
        cursor, waiting = engine.end(LOG), threading.Barrier(4)

        def wait() -> tuple[list[Entry], float]:
            waiting.wait(LONG_S)
            found = engine.read(LOG, after=cursor, wait_s=LONG_S)
            return found, time.monotonic()

        with ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(wait) for _ in range(3)]
            waiting.wait(LONG_S)
            stored = engine.append(LOG, ping(1))
            sent_s = time.monotonic()
            results = [reader.result(LONG_S) for reader in readers]

        assert [found for found, _ in results] == [[stored]] * 3
        assert max(woken_s for _, woken_s in results) - sent_s < LONG_S / 3

    def test_an_append_to_another_log_does_not_end_a_wait(self, engine: Engine) -> None:
        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(engine.read, LOG, after=START, wait_s=LONG_S)
            engine.append("operations", ping(1))
            stored = engine.append(LOG, ping(2))

            assert reader.result(LONG_S) == [stored]

    def test_a_blocked_read_ends_when_the_engine_is_closed(self, engine: Engine) -> None:
        began = threading.Event()

        def wait() -> list[Entry]:
            began.set()
            try:
                return engine.read(LOG, after=START, wait_s=LONG_S)
            except EngineError:
                return []

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(wait)
            assert began.wait(LONG_S)
            engine.close()

            assert reader.result(LONG_S / 3) == []

    def test_a_closed_engine_says_so(self, engine: Engine) -> None:
        engine.close()
        engine.close()

        with pytest.raises(EngineError, match="closed"):
            engine.append(LOG, ping())
        with pytest.raises(EngineError, match="closed"):
            engine.read(LOG, after=START, wait_s=0.1)
        with pytest.raises(EngineError, match="closed"):
            engine.ping()
