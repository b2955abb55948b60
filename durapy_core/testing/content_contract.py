"""The contract suite's part on what an entry may hold, and on sends that are recognised.

Mixed into `EngineContract`.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from durapy_core.engines.base import Engine
from durapy_core.entry import MAX_BODY_BYTES, START, Entry, NewEntry
from durapy_core.errors import InvalidCommandError
from durapy_core.testing.engine_fixtures import LOG, LONG_S, EngineFixtures, ping, read_all


class ContentContract(EngineFixtures):
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
