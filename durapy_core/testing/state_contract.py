"""The contract suite's part on progress and tables.

Mixed into `EngineContract`.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from durapy_core.engines.base import Engine, Progress
from durapy_core.entry import START, Cursor
from durapy_core.testing.engine_fixtures import LOG, LONG_S, EngineFixtures, ping, until


class StateContract(EngineFixtures):
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
