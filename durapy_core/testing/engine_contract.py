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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from durapy_core.engines.base import MAX_BODY_BYTES, Engine, EngineOptions, Progress
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.errors import CorruptRecordError, EngineError, InvalidCommandError
from durapy_core.testing.lead_contract import LeadContract
from durapy_core.testing.upkeep_contract import UpkeepContract

Store = Callable[[EngineOptions], Engine]
Opener = Callable[..., Engine]

LONG_S: Final = 30.0
"""A wait that a test never sits out: it ends when what it waits for happens."""

LOG: Final = "commands"


def ping(number: int = 0, **fields: object) -> NewEntry:
    """Return an entry to append; `number` is in its body."""
    return NewEntry(type="PING", body=f'{{"number":{number}}}', **fields)  # type: ignore[arg-type]


def read_all(engine: Engine, log: str = LOG, *, limit: int = 128) -> list[Entry]:
    """Return the whole log, read forwards in batches of `limit`."""
    found: list[Entry] = []
    cursor = START
    while batch := engine.read(log, after=cursor, limit=limit):
        assert len(batch) <= limit
        found += batch
        cursor = Cursor(batch[-1].key)
    return found


def page_all(engine: Engine, log: str = LOG, *, limit: int = 50) -> list[Entry]:
    """Return the whole log in its order, paged backwards by `limit`."""
    found: list[Entry] = []
    before: Cursor | None = None
    while page := engine.page(log, before=before, limit=limit):
        assert len(page) <= limit
        found += page
        before = Cursor(page[-1].key)
        if len(page) < limit:
            break
    return found[::-1]


def bodies(entries: Sequence[Entry]) -> list[str | None]:
    """Return the bodies of entries."""
    return [entry.body for entry in entries]


class _Fixtures:
    """How the tests below get their engines, all closed at the end."""

    @pytest.fixture
    def store(self) -> Store:
        """Override this: return what opens an engine on one empty store."""
        raise NotImplementedError

    @pytest.fixture
    def open_engine(self, store: Store) -> Iterator[Opener]:
        """Return what opens one more engine on the store; keywords are `EngineOptions`."""
        opened: list[Engine] = []

        def open_one(**options: object) -> Engine:
            engine = store(EngineOptions(**options))  # type: ignore[arg-type]
            opened.append(engine)
            return engine

        yield open_one
        for engine in opened:
            engine.close()

    @pytest.fixture
    def engine(self, open_engine: Opener) -> Engine:
        """Return one engine."""
        return open_engine()


class OrderContract(_Fixtures):
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
            sends = [pool.submit(_send_range, engine, "a", total // 2)]
            sends.append(pool.submit(_send_range, engine, "b", total // 2))
            while len(seen) < total:
                batch = engine.read(LOG, after=cursor, limit=16, wait_s=LONG_S)
                assert batch, "the wait ended although entries are missing"
                seen += batch
                cursor = Cursor(batch[-1].key)
            for send in sends:
                send.result(LONG_S)

        assert seen == read_all(engine)
        assert len({entry.key for entry in seen}) == total


class WaitContract(_Fixtures):
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


class PageContract(_Fixtures):
    """Looking back."""

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 11, 500])
    def test_pages_of_any_size_rebuild_the_history(self, engine: Engine, limit: int) -> None:
        stored = engine.append_many(LOG, [ping(n) for n in range(10)])

        assert page_all(engine, limit=limit) == stored
        assert read_all(engine, limit=limit) == stored

    def test_paging_backwards_is_stable_while_others_append(self, engine: Engine) -> None:
        stored = engine.append_many(LOG, [ping(n) for n in range(9)])
        paged = engine.page(LOG, limit=3)

        while len(page := engine.page(LOG, before=Cursor(paged[-1].key), limit=3)) == 3:
            engine.append(LOG, ping(99))
            paged += page

        assert paged[::-1] == stored

    def test_a_short_page_means_that_the_first_entry_was_reached(self, engine: Engine) -> None:
        stored = engine.append_many(LOG, [ping(n) for n in range(3)])

        assert engine.page(LOG, limit=4) == stored[::-1]
        assert engine.page(LOG, before=Cursor(stored[0].key)) == []
        assert engine.page(LOG, before=START) == []
        assert engine.page("nothing") == []

    def test_an_entry_is_found_by_its_key(self, engine: Engine) -> None:
        stored = engine.append_many(LOG, [ping(n) for n in range(3)])

        assert [engine.get(LOG, entry.key) for entry in stored] == stored

    @pytest.mark.parametrize(
        "key", ["", " ", "0", "-1", "x", "1-", "9" * 40, "१", "1 2", "(1", "é"]
    )
    def test_no_entry_has_a_malformed_key(self, engine: Engine, key: str) -> None:
        engine.append(LOG, ping())

        assert engine.get(LOG, key) is None

    def test_the_end_moves_with_each_entry(self, engine: Engine) -> None:
        assert engine.end(LOG) == START

        first = engine.append(LOG, ping(1))
        assert engine.end(LOG) == first.key

        second = engine.append(LOG, ping(2))
        assert engine.end(LOG) == second.key
        assert engine.read(LOG, after=Cursor(first.key)) == [second]

    def test_keys_compare_in_the_order_of_the_log(self, engine: Engine) -> None:
        keys = [entry.key for entry in engine.append_many(LOG, [ping(n) for n in range(12)])]

        for one, key in enumerate(keys):
            assert engine.compare(START, key) == -1
            assert engine.compare(key, START) == 1
            for other, other_key in enumerate(keys):
                assert engine.compare(key, other_key) == (one > other) - (one < other)
        assert engine.compare(START, START) == 0

    @pytest.mark.parametrize("text", ["x", "1-2-3", " 1", "-5"])
    def test_a_foreign_cursor_is_refused_with_its_value(self, engine: Engine, text: str) -> None:
        with pytest.raises(CorruptRecordError, match=repr(text)):
            engine.compare(text, START)
        with pytest.raises(CorruptRecordError, match=repr(text)):
            engine.read(LOG, after=Cursor(text))

    def test_a_hundred_thousand_entries_are_all_there(self, engine: Engine) -> None:
        total = 100_000

        stored = engine.append_many(LOG, [ping(n) for n in range(total)])

        assert len(stored) == total
        assert read_all(engine, limit=5_000) == stored
        assert engine.page(LOG, before=Cursor(stored[50_000].key), limit=2) == [
            stored[49_999],
            stored[49_998],
        ]
        assert engine.get(LOG, stored[77_777].key) == stored[77_777]
        assert engine.end(LOG) == stored[-1].key


class ContentContract(_Fixtures):
    """What a body may hold, and sends that are recognised."""

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "{}",
            '{"text":"Grüße, 世界, 🐭, \u202eabc"}',
            "\x00\x01\r\n$5\r\nhello\r\n",
            '{"data":"' + "x" * 2**20 + '"}',
            '{"data":"' + "é" * 2**19 + '"}',
        ],
        ids=["empty", "object", "unicode", "control", "1MiB", "1MiB-unicode"],
    )
    def test_a_body_comes_back_as_it_was(self, engine: Engine, body: str) -> None:
        stored = engine.append(LOG, NewEntry(type="PING", body=body))

        assert stored.body == body
        assert engine.get(LOG, stored.key) == stored
        assert read_all(engine) == [stored]

    def test_names_may_hold_any_character(self, engine: Engine) -> None:
        stored = engine.append(LOG, ping(sender="webserver:Jörg 🐭", id="a b\nc/1", cause="é"))

        assert read_all(engine) == [stored]

    def test_the_longest_body_is_stored(self, engine: Engine) -> None:
        body = "x" * MAX_BODY_BYTES

        key = engine.append(LOG, NewEntry(type="PING", body=body)).key

        entry = engine.get(LOG, key)
        assert entry is not None
        assert entry.body == body

    @pytest.mark.parametrize(
        "body", ["x" * (MAX_BODY_BYTES + 1), "é" * (MAX_BODY_BYTES // 2 + 1)], ids=["ascii", "é"]
    )
    def test_a_longer_body_is_refused_and_not_stored(self, engine: Engine, body: str) -> None:
        with pytest.raises(InvalidCommandError, match=r"PING: its body has 8,388,6\d\d bytes"):
            engine.append(LOG, NewEntry(type="PING", body=body))
        with pytest.raises(InvalidCommandError):
            engine.append_many(LOG, [ping(), NewEntry(type="PING", body=body)])

        assert engine.end(LOG) == START

    def test_half_a_surrogate_pair_is_refused_and_not_stored(self, engine: Engine) -> None:
        with pytest.raises(InvalidCommandError, match="surrogate"):
            engine.append(LOG, NewEntry(type="PING", body='"\ud800"'))
        with pytest.raises(InvalidCommandError, match="surrogate"):
            engine.append(LOG, ping(id="\udfff"))

        assert engine.end(LOG) == START

    def test_an_id_is_stored_once(self, engine: Engine) -> None:
        first = engine.append(LOG, ping(1, id="request-1"))

        again = engine.append(LOG, ping(1, id="request-1"))
        other = engine.append(LOG, ping(2, id="request-1"))

        assert again == first
        assert other == first
        assert read_all(engine) == [first]

    def test_an_id_is_stored_once_among_many(self, engine: Engine) -> None:
        first = engine.append(LOG, ping(1, id="request-1"))

        new = [ping(0), ping(1, id="request-1"), ping(2, id="request-2"), ping(2, id="request-2")]
        stored = engine.append_many(LOG, new)

        assert stored[1] == first
        assert stored[2] == stored[3]
        assert read_all(engine) == [first, stored[0], stored[2]]

    def test_an_id_counts_for_its_own_log_only(self, engine: Engine) -> None:
        one = engine.append("commands", ping(1, id="request-1"))
        two = engine.append("operations", ping(2, id="request-1"))

        assert read_all(engine, "commands") == [one]
        assert read_all(engine, "operations") == [two]

    def test_threads_that_race_with_one_id_store_it_once(self, engine: Engine) -> None:
        start = threading.Barrier(4)

        def send(number: int) -> Entry:
            start.wait(LONG_S)
            return engine.append(LOG, ping(number, id="request-1"))

        with ThreadPoolExecutor(4) as pool:
            stored = list(pool.map(send, range(4)))

        assert read_all(engine) == [stored[0]]
        assert stored == [stored[0]] * 4


class StateContract(_Fixtures):
    """Progress and tables."""

    def test_a_service_without_progress_has_none(self, engine: Engine) -> None:
        assert engine.load_progress("ponger") is None

    @pytest.mark.parametrize("session", [None, "", '{"prefix":"ü"}', "=", "a b", "x" * 2**20])
    def test_progress_comes_back_as_it_was(self, engine: Engine, session: str | None) -> None:
        progress = Progress(service="ponger", cursor=Cursor("12-3"), session=session)

        engine.commit(progress)

        assert engine.load_progress("ponger") == progress
        assert engine.load_progress("pinger") is None

    def test_progress_replaces_what_was_there(self, engine: Engine) -> None:
        for number, session in enumerate(["one", "one", None, None, "two"]):
            progress = Progress(service="ponger", cursor=Cursor(str(number)), session=session)
            engine.commit(progress)
            assert engine.load_progress("ponger") == progress

    def test_a_read_commits_what_it_is_given(self, engine: Engine) -> None:
        stored = engine.append(LOG, ping())
        for session in ("one", "one", None):
            progress = Progress(service="ponger", cursor=Cursor(stored.key), session=session)

            assert engine.read(LOG, after=START, commit=progress) == [stored]
            assert engine.load_progress("ponger") == progress

    def test_a_read_commits_before_it_waits(self, engine: Engine) -> None:
        progress = Progress(service="ponger", cursor=Cursor("1"), session="open")

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(engine.read, LOG, after=START, wait_s=LONG_S, commit=progress)
            until(lambda: engine.load_progress("ponger") == progress)
            assert not reader.done()
            stored = engine.append(LOG, ping())

            assert reader.result(LONG_S) == [stored]

    def test_a_table_keeps_the_last_text_of_each_line(self, engine: Engine) -> None:
        engine.put("status", "ponger/1", "old")
        engine.put("status", "ponger/1", "new é 🐭\n")
        engine.put("status", "pinger/1", "")
        engine.put("catalog", "ponger/1", "other table")

        lines = engine.table("status")

        assert {name: row.text for name, row in lines.items()} == {
            "ponger/1": "new é 🐭\n",
            "pinger/1": "",
        }
        assert all(0 <= row.age_s < LONG_S for row in lines.values())

    def test_a_line_ages_until_it_is_written_again(self, engine: Engine) -> None:
        engine.put("status", "ponger/1", "x")
        until(lambda: engine.table("status")["ponger/1"].age_s > 0.05)

        engine.put("status", "ponger/1", "x")

        assert engine.table("status")["ponger/1"].age_s < LONG_S

    def test_a_line_can_be_removed(self, engine: Engine) -> None:
        engine.put("status", "ponger/1", "x")

        engine.remove("status", "ponger/1")
        engine.remove("status", "ponger/1")
        engine.remove("nothing", "ponger/1")

        assert engine.table("status") == {}
        assert engine.table("nothing") == {}

    def test_a_store_that_is_there_answers_a_ping(self, engine: Engine) -> None:
        engine.ping()


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
                pool.submit(_send_range, one, "a", 100),
                pool.submit(_send_range, two, "b", 100),
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


def until(condition: Callable[[], bool]) -> None:
    """Return as soon as `condition` holds; fail after `LONG_S`."""
    deadline_s = time.monotonic() + LONG_S
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < deadline_s, "it never happened"
        tick.wait(0.005)


def _send_range(engine: Engine, sender: str, total: int) -> None:
    for number in range(total):
        engine.append(LOG, ping(number, sender=sender))
