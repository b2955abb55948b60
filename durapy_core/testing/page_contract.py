"""The contract suite's part on looking back: pages, single entries, the end, the order of keys.

Mixed into `EngineContract`.
"""

import pytest

from durapy_core.engines.base import Engine
from durapy_core.entry import START, Cursor
from durapy_core.errors import CorruptRecordError
from durapy_core.testing.engine_fixtures import LOG, EngineFixtures, page_all, ping, read_all


class PageContract(EngineFixtures):
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
