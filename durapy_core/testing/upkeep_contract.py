"""The contract suite's part on trimming, a lost end of a log, and the safe state.

Mixed into `EngineContract`.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from durapy_core.engines.base import COMMANDS, OPERATIONS, SAFETY, Engine
from durapy_core.engines.safe_state import SafeState
from durapy_core.entry import LOG_LOST_TAIL, START, Cursor, Entry, NewEntry
from durapy_core.errors import CorruptRecordError, InvalidCommandError

_LIMIT_S: Final = 30.0
_LOG: Final = COMMANDS


def fill(engine: Engine, total: int, log: str = _LOG) -> list[Entry]:
    """Append so many entries and return them."""
    new = [NewEntry(type="PING", body=f'{{"number":{n}}}') for n in range(total)]
    return engine.append_many(log, new)


class TrimContract:
    """What removing old entries means on every engine."""

    @pytest.mark.parametrize(("keep", "left"), [(0, 0), (1, 1), (7, 7), (250, 250), (300, 250)])
    def test_the_newest_entries_are_kept(self, engine: Engine, keep: int, left: int) -> None:
        stored = fill(engine, 250)

        assert engine.trim(_LOG, keep=keep) == 250 - left

        assert engine.read(_LOG, after=START, limit=500) == stored[250 - left :]
        assert engine.page(_LOG, limit=500) == stored[250 - left :][::-1]

    def test_a_log_knows_up_to_where_it_was_trimmed(self, engine: Engine) -> None:
        stored = fill(engine, 10)
        assert engine.trimmed_to(_LOG) == START

        engine.trim(_LOG, keep=4)
        assert engine.trimmed_to(_LOG) == stored[5].key

        engine.trim(_LOG, keep=8)
        assert engine.trimmed_to(_LOG) == stored[5].key
        assert engine.trimmed_to(OPERATIONS) == START

    def test_old_entries_are_removed_and_young_ones_stay(self, engine: Engine) -> None:
        old = fill(engine, 3)
        while engine.now_s() <= old[-1].sent_at_s + 0.2:
            time.sleep(0.01)
        young = fill(engine, 2)

        assert engine.trim(_LOG, max_age_s=_LIMIT_S) == 0
        age_s = engine.now_s() - young[0].sent_at_s
        assert engine.trim(_LOG, max_age_s=age_s + 0.1) == 3

        assert engine.read(_LOG, after=START) == young
        assert engine.trimmed_to(_LOG) == old[-1].key

    def test_an_entry_goes_if_it_is_too_many_or_too_old(self, engine: Engine) -> None:
        stored = fill(engine, 10)

        assert engine.trim(_LOG, keep=6, max_age_s=_LIMIT_S) == 4
        assert engine.trim(_LOG, keep=100, max_age_s=-1) == 6

        assert engine.end(_LOG) == stored[-1].key

    @pytest.mark.parametrize("limit", [{"keep": 0}, {"max_age_s": -1.0}])
    def test_entries_after_a_cursor_stay(self, engine: Engine, limit: dict[str, float]) -> None:
        stored = fill(engine, 250)

        assert engine.trim(_LOG, **limit, not_after=START) == 0  # type: ignore[arg-type]
        assert engine.trim(_LOG, **limit, not_after=Cursor(stored[122].key)) == 123  # type: ignore[arg-type]

        assert engine.read(_LOG, after=START, limit=500) == stored[123:]
        assert engine.trimmed_to(_LOG) == stored[122].key

    def test_without_a_limit_nothing_is_removed(self, engine: Engine) -> None:
        stored = fill(engine, 3)

        assert engine.trim(_LOG, keep=None, max_age_s=None, not_after=None) == 0
        assert engine.trim("nothing", keep=0) == 0

        assert engine.read(_LOG, after=START) == stored

    def test_an_empty_log_still_knows_its_end(self, engine: Engine) -> None:
        stored = fill(engine, 5)

        engine.trim(_LOG, keep=0)

        assert engine.end(_LOG) == stored[-1].key
        assert engine.get(_LOG, stored[-1].key) is None
        (after,) = fill(engine, 1)
        assert engine.compare(after.key, stored[-1].key) == 1
        assert engine.read(_LOG, after=Cursor(stored[-1].key)) == [after]

    def test_a_reader_waits_at_the_end_of_an_empty_log(self, engine: Engine) -> None:
        stored = fill(engine, 5)
        engine.trim(_LOG, keep=0)
        began = threading.Event()

        def wait() -> list[Entry]:
            began.set()
            return engine.read(_LOG, after=Cursor(stored[0].key), wait_s=_LIMIT_S)

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(wait)
            assert began.wait(_LIMIT_S)
            (after,) = fill(engine, 1)
            assert reader.result(_LIMIT_S) == [after]

    def test_other_logs_are_left_alone(self, engine: Engine) -> None:
        other = fill(engine, 3, OPERATIONS)
        fill(engine, 3)

        engine.trim(_LOG, keep=0)

        assert engine.read(OPERATIONS, after=START) == other


class MendContract:
    """What an engine says of a log that is shorter than it was."""

    def test_a_whole_log_needs_no_mending(self, engine: Engine) -> None:
        stored = fill(engine, 3)

        assert not engine.mend(_LOG, seen=START)
        assert not engine.mend(_LOG, seen=Cursor(stored[0].key))
        assert not engine.mend(_LOG, seen=Cursor(stored[-1].key))
        engine.trim(_LOG, keep=0)
        assert not engine.mend(_LOG, seen=Cursor(stored[-1].key))

        assert engine.read(_LOG, after=Cursor(stored[-1].key)) == []

    @pytest.mark.parametrize("left", [0, 3])
    def test_a_reader_beyond_the_end_hears_what_comes(self, engine: Engine, left: int) -> None:
        before = fill(engine, left)
        beyond = self._beyond(engine, before)

        assert engine.mend(_LOG, seen=beyond)
        assert not engine.mend(_LOG, seen=beyond)
        (after,) = fill(engine, 1)

        report, heard = engine.read(_LOG, after=beyond)
        assert (report.type, heard) == (LOG_LOST_TAIL, after)
        assert report.body == f'{{"seen":"{beyond}","end":"{before[-1].key if before else ""}"}}'
        assert engine.read(_LOG, after=START) == [*before, report, after]
        assert engine.end(_LOG) == after.key

    def test_a_cursor_of_another_engine_mends_nothing(self, engine: Engine) -> None:
        with pytest.raises(CorruptRecordError, match="'no key'"):
            engine.mend(_LOG, seen=Cursor("no key"))

    @staticmethod
    def _beyond(engine: Engine, before: list[Entry]) -> Cursor:
        """Return a cursor that this engine might have given, had its log been longer."""
        if before and "-" in before[-1].key:
            time_part = int(before[-1].key.partition("-")[0])
            return Cursor(f"{time_part + 3_600_000}-7")
        return Cursor("1000000-7") if _has_times(engine) else Cursor("1000000")


class SafeStateContract:
    """What the safe state means on every engine."""

    def test_at_first_it_is_not_engaged(self, engine: Engine) -> None:
        assert engine.safe_state() == SafeState(engaged=False, key=None, marker=None)

    def test_a_change_is_on_both_logs(self, engine: Engine) -> None:
        before = fill(engine, 1)[0]

        state = engine.set_safe_state(_stop(), engaged=True)

        assert engine.safe_state() == state
        assert state.engaged
        (change,) = engine.read(SAFETY, after=START)
        (marker,) = engine.read(COMMANDS, after=Cursor(before.key))
        assert (change.key, change.cause) == (state.key, None)
        assert (marker.key, marker.cause) == (state.marker, state.key)
        for entry in (change, marker):
            assert (entry.type, entry.body, entry.sender) == ("SAFE_STATE", "{}", "webserver:ada")

    def test_it_stays_until_it_is_cleared(self, engine: Engine) -> None:
        entered = engine.set_safe_state(_stop(), engaged=True)
        again = engine.set_safe_state(_stop(), engaged=True)
        assert again.engaged
        assert again.key != entered.key

        cleared = engine.set_safe_state(
            NewEntry(type="CLEAR_SAFE_STATE", body="{}", sender="cli:ada"), engaged=False
        )

        assert engine.safe_state() == cleared
        assert not cleared.engaged
        assert [e.type for e in engine.read(COMMANDS, after=START)] == [
            "SAFE_STATE",
            "SAFE_STATE",
            "CLEAR_SAFE_STATE",
        ]

    def test_an_id_changes_it_once(self, engine: Engine) -> None:
        engine.set_safe_state(_stop(id="click-1"), engaged=True)
        cleared = engine.set_safe_state(_stop(id="click-2"), engaged=False)

        assert engine.set_safe_state(_stop(id="click-1"), engaged=True) == cleared

        assert len(engine.read(SAFETY, after=START)) == 2
        assert len(engine.read(COMMANDS, after=START)) == 2

    def test_what_is_no_entry_changes_nothing(self, engine: Engine) -> None:
        with pytest.raises(InvalidCommandError):
            engine.set_safe_state(NewEntry(type="SAFE_STATE", body="\ud800"), engaged=True)

        assert not engine.safe_state().engaged

    def test_it_wakes_who_waits(self, engine: Engine) -> None:
        began = threading.Event()

        def wait() -> list[Entry]:
            began.set()
            return engine.read(SAFETY, after=START, wait_s=_LIMIT_S)

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(wait)
            assert began.wait(_LIMIT_S)
            engine.set_safe_state(_stop(), engaged=True)
            assert len(reader.result(_LIMIT_S)) == 1


class UpkeepContract(TrimContract, MendContract, SafeStateContract):
    """Trimming, mending, and the safe state."""


def _stop(**fields: str) -> NewEntry:
    return NewEntry(type="SAFE_STATE", body="{}", sender="webserver:ada", **fields)  # type: ignore[arg-type]


def _has_times(engine: Engine) -> bool:
    """Return whether the keys of this engine have the form `TIME-NUMBER`."""
    try:
        return engine.compare("1-1", START) > 0
    except CorruptRecordError:
        return False
