"""What only SQLite has: processes that share a file, locks, foreign rows, a full disk."""

import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from durapy_core.engines import open_engine
from durapy_core.engines.base import Engine, EngineOptions
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.errors import EngineError, EngineUnavailableError
from durapy_core.testing.engine_contract import LOG, LONG_S, ping, read_all, until

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "commands.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    with open_engine(f"sqlite:///{path}") as engine:
        yield engine


def test_processes_share_one_order(engine: Engine, path: Path) -> None:
    writers = [SPAWN.Process(target=_write, args=(str(path), f"w{n}", 200)) for n in range(3)]
    for writer in writers:
        writer.start()

    seen: list[Entry] = []
    while len(seen) < 600:
        after = Cursor(seen[-1].key) if seen else START
        batch = engine.read(LOG, after=after, wait_s=LONG_S)
        assert batch, "the wait ended although entries are missing"
        seen += batch
    for writer in writers:
        writer.join(LONG_S)

    assert seen == read_all(engine)
    for number in range(3):
        numbers = [entry.n for entry in seen if entry.sender == f"w{number}"]
        assert numbers == list(range(200))


def test_a_killed_writer_leaves_what_it_stored_and_locks_nobody_out(
    engine: Engine, path: Path
) -> None:
    writer = SPAWN.Process(target=_write, args=(str(path), "w", 10_000_000))
    writer.start()
    until(lambda: len(engine.page(LOG, limit=100)) == 100)

    writer.kill()
    writer.join(LONG_S)

    numbers = [entry.n for entry in read_all(engine, limit=5000)]
    assert numbers == list(range(len(numbers)))
    assert engine.append(LOG, ping()) == engine.page(LOG, limit=1)[0]


def test_a_reader_is_woken_without_polling(engine: Engine, path: Path) -> None:
    with open_engine(f"sqlite:///{path}") as other, ThreadPoolExecutor(1) as pool:
        waits: list[float] = []
        cursor = START
        for number in range(20):
            reader = pool.submit(_read_and_stamp, other, cursor)
            until(lambda: _bells(path) != [])
            stored = other.append(LOG, ping()) if number % 2 else engine.append(LOG, ping())
            sent_s = time.monotonic()
            found, woken_s = reader.result(LONG_S)
            assert found == [stored]
            cursor = Cursor(stored.key)
            waits.append(woken_s - sent_s)

    assert sorted(waits)[10] < 0.1, "a reader that only polls takes 0.125 s on average"


def test_bells_are_taken_down_when_the_engine_closes(path: Path) -> None:
    with open_engine(f"sqlite:///{path}") as engine:
        engine.read(LOG, after=START, wait_s=0.01)
        assert len(_bells(path)) == 1

    assert _bells(path) == []


def test_the_bell_of_a_dead_process_is_taken_down_by_the_next_append(
    engine: Engine, path: Path
) -> None:
    reader = SPAWN.Process(target=_wait, args=(str(path),))
    reader.start()
    until(lambda: len(_bells(path)) == 1)
    reader.kill()
    reader.join(LONG_S)

    engine.append(LOG, ping())

    assert _bells(path) == []


def test_an_append_waits_until_another_program_lets_go_of_the_file(
    engine: Engine, path: Path
) -> None:
    engine.append(LOG, ping(1))
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    with ThreadPoolExecutor(1) as pool:
        send = pool.submit(engine.append, LOG, ping(2))
        until(send.running)
        assert len(read_all(engine)) == 1
        other.execute("ROLLBACK")
        stored = send.result(LONG_S)

    assert read_all(engine)[1] == stored
    other.close()


def test_a_file_that_stays_locked_is_unavailable(path: Path) -> None:
    with open_engine(f"sqlite:///{path}", EngineOptions(send_timeout_s=0.1)) as engine:
        engine.append(LOG, ping(1))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(EngineUnavailableError, match="is locked by another program"):
            engine.append(LOG, ping(2))
        assert len(read_all(engine)) == 1

        other.close()
        engine.append(LOG, ping(3))


def test_a_full_disk_is_said_in_one_line(engine: Engine, path: Path) -> None:
    first = engine.append(LOG, ping(1))
    engine._file._writer.execute(f"PRAGMA max_page_count = {_pages(path)}")  # type: ignore[attr-defined]

    with pytest.raises(EngineError, match=r"The disk of .* is full, nothing was stored") as caught:
        engine.append_many(LOG, [NewEntry(type="PING", body="x" * 100_000)] * 50)

    assert not isinstance(caught.value, EngineUnavailableError)
    assert "\n" not in str(caught.value)
    assert read_all(engine) == [first]
    engine._file._writer.execute("PRAGMA max_page_count = 1000000")  # type: ignore[attr-defined]
    assert engine.append(LOG, ping(2)) == read_all(engine)[-1]


def test_a_file_that_was_taken_away_is_noticed(engine: Engine, path: Path) -> None:
    engine.append(LOG, ping())
    path.rename(path.with_suffix(".old"))

    with pytest.raises(EngineError, match="was removed or replaced"):
        engine.append(LOG, ping())
    with pytest.raises(EngineError, match="was removed or replaced"):
        engine.read(LOG, after=START, wait_s=LONG_S)


def test_a_handler_that_runs_again_gets_what_it_sent_the_first_time(engine: Engine) -> None:
    first = engine.append(LOG, ping(1, sender="ponger", cause="7", n=1, id="boot1/1"))

    again = engine.append(LOG, ping(1, sender="ponger", cause="7", n=1, id="boot2/1"))

    assert again == first
    assert read_all(engine) == [first]


def test_a_handler_that_now_sends_something_else_is_refused(engine: Engine) -> None:
    first = engine.append(LOG, ping(1, sender="ponger", cause="7", n=1))
    other = ping(2, sender="ponger", cause="7", n=1)

    with pytest.raises(EngineError, match=r"PING as send 1 of ponger for record 7 differs"):
        engine.append(LOG, other)
    with pytest.raises(EngineError, match="differs"):
        engine.append_many(LOG, [ping(3), other])

    assert read_all(engine) == [first]
    assert engine.append(LOG, ping(4)) == read_all(engine)[-1]


def test_sends_without_a_number_are_never_taken_for_each_other(engine: Engine) -> None:
    for _ in range(2):
        engine.append(LOG, ping(1, sender="ponger", cause="7"))

    assert len(read_all(engine)) == 2


def test_rows_of_a_foreign_writer_stop_nobody(engine: Engine, path: Path) -> None:
    engine.append(LOG, ping(0))
    with sqlite3.connect(path) as foreign:
        insert = "INSERT INTO entries (log, sent_at_us, type, body, n) VALUES (1, 0, ?, ?, ?)"
        foreign.execute(insert, (None, None, None))
        foreign.execute(insert, (b"\xffPING", b"\x80", "x"))
        foreign.execute(
            "INSERT INTO entries (log, sent_at_us, type, body) VALUES (1, 0, 'PING',"
            " CAST(x'80' AS TEXT))"
        )
    last = engine.append(LOG, ping(9))

    entries = read_all(engine)

    assert [(entry.type, entry.body, entry.n) for entry in entries[1:4]] == [
        (None, None, None),
        ("\ufffdPING", "\ufffd", None),
        ("PING", "\ufffd", None),
    ]
    assert entries[4] == last


def test_time_does_not_go_back_when_the_clock_was_set_back(engine: Engine, path: Path) -> None:
    engine.append(LOG, ping(1))
    ahead_s = time.time() + 3600
    with sqlite3.connect(path) as clock:
        clock.execute("UPDATE entries SET sent_at_us = ?", (int(ahead_s * 1e6),))

    stored = engine.append(LOG, ping(2))

    assert stored.sent_at_s == pytest.approx(ahead_s, abs=1e-5)
    assert engine.append("operations", ping(3)).sent_at_s < ahead_s


def test_a_line_from_before_the_clock_was_set_back_is_not_fresh(engine: Engine, path: Path) -> None:
    engine.put("status", "one", "text")
    with sqlite3.connect(path) as clock:
        clock.execute("UPDATE lines SET written_at_s = written_at_s + 3600")

    assert engine.table("status")["one"].age_s == pytest.approx(3600, abs=60)


def test_a_key_is_never_used_again(engine: Engine, path: Path) -> None:
    stored = engine.append_many(LOG, [ping(n) for n in range(3)])
    with sqlite3.connect(path) as janitor:
        janitor.execute("DELETE FROM entries")

    assert engine.compare(engine.append(LOG, ping(4)).key, stored[-1].key) == 1


def test_tidying_copies_the_write_ahead_log_into_the_file(engine: Engine, path: Path) -> None:
    engine.append_many(LOG, [ping(number) for number in range(3000)])  # far from 10,000 pages
    before = path.stat().st_size

    engine.tidy()

    assert path.stat().st_size > before
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as alone:
        assert alone.execute("SELECT count(*) FROM entries").fetchone() == (3000,)


def test_a_write_ahead_log_that_a_reader_made_grow_is_cut_afterwards(
    engine: Engine, path: Path
) -> None:
    large = NewEntry(type="PING", body=f'"{"x" * 8_000_000}"')
    engine.append(LOG, ping())
    wal = path.with_name(path.name + "-wal")
    with closing(sqlite3.connect(path)) as foreign:
        foreign.execute("BEGIN")
        foreign.execute("SELECT count(*) FROM entries").fetchone()  # holds up the copying
        for _ in range(10):
            engine.append(LOG, large)
        grown = wal.stat().st_size

    engine.tidy()
    engine.append(LOG, ping())

    assert grown > 78_000_000
    assert wal.stat().st_size <= 64 * 1024 * 1024


def test_a_path_may_be_relative_deep_and_hold_blanks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("deep " * 12).strip() / "x"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder.parent)

    with open_engine("sqlite:///x/a%20rig.db") as engine, ThreadPoolExecutor(1) as pool:
        reader = pool.submit(engine.read, LOG, after=START, wait_s=LONG_S)
        stored = engine.append(LOG, ping())
        assert reader.result(LONG_S) == [stored]

    assert (folder / "a rig.db").is_file()


def _bells(path: Path) -> list[str]:
    return [bell.name for bell in path.with_name(path.name + ".bells").iterdir()]


def _pages(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
        return pages + 8


def _read_and_stamp(engine: Engine, cursor: Cursor) -> tuple[list[Entry], float]:
    return engine.read(LOG, after=cursor, wait_s=LONG_S), time.monotonic()


def _write(path: str, sender: str, total: int) -> None:
    with open_engine(f"sqlite:///{path}") as engine:
        for number in range(total):
            engine.append(LOG, ping(number, sender=sender, n=number))


def _wait(path: str) -> None:
    with open_engine(f"sqlite:///{path}") as engine:
        engine.read(LOG, after=START, wait_s=LONG_S)
