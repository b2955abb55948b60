"""A lease in the SQLite file: restarts of the computer, its clock, files of older versions."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from durapy_core.engines import open_engine
from durapy_core.engines.base import Engine, Progress
from durapy_core.engines.sqlite_schema import VERSION
from durapy_core.entry import Cursor
from durapy_core.errors import LeaseLostError
from durapy_core.testing.engine_contract import LOG, ping, read_all
from durapy_core.testing.lead_contract import LONG_LEASE_S, SHORT_LEASE_S, receipt, take


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "commands.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    with open_engine(f"sqlite:///{path}") as engine:
        yield engine


def test_a_restart_of_the_computer_ends_every_lease(engine: Engine, path: Path) -> None:
    old = take(engine)
    _run(path, "UPDATE leases SET boot = 'an earlier one'")

    after = engine.lead("valve", lease_s=LONG_LEASE_S)

    assert after is not None
    assert (after.tenure.epoch, after.tenure.clean) == (2, False)
    assert after.tenure.held_until_s == pytest.approx(old.tenure.now_s + LONG_LEASE_S, abs=1)
    with pytest.raises(LeaseLostError):
        old.renew()


def test_a_lease_longer_than_any_that_was_given_is_of_an_earlier_boot(
    engine: Engine, path: Path
) -> None:
    take(engine)
    _run(path, "UPDATE leases SET until_boot_s = until_boot_s + 1000000")

    assert engine.lead("valve", lease_s=LONG_LEASE_S) is not None


def test_a_clock_that_is_set_neither_ends_nor_prolongs_a_lease(engine: Engine, path: Path) -> None:
    take(engine)
    _run(path, "UPDATE leases SET until_s = until_s - 1000000")
    assert engine.lead("valve", lease_s=LONG_LEASE_S) is None

    take(engine, "camera", lease_s=SHORT_LEASE_S)
    _run(path, "UPDATE leases SET until_s = until_s + 2000000")
    assert take(engine, "camera").tenure.epoch == 2


def test_a_clock_that_was_set_forward_does_not_end_the_predecessor_early(
    engine: Engine, path: Path
) -> None:
    first = take(engine, lease_s=SHORT_LEASE_S)
    _run(path, "UPDATE leases SET until_s = until_s - 3600")  # what it was before the step

    after = take(engine).tenure

    assert after.held_until_s == pytest.approx(first.tenure.now_s + SHORT_LEASE_S, abs=1)


def test_receipts_of_a_commit_that_fails_are_not_stored(engine: Engine) -> None:
    lead = take(engine)
    kept = Progress(service="valve", cursor=Cursor("1"), receipts=(receipt("1"),))
    lead.commit(kept)
    foreign = ping(2, n=2**70)

    with pytest.raises(OverflowError):
        lead.commit(Progress(service="valve", cursor=Cursor("2"), receipts=(receipt("2"), foreign)))

    assert [entry.cause for entry in read_all(engine, "receipts")] == ["1"]
    progress = engine.load_progress("valve")
    assert progress is not None
    assert progress.cursor == "1"
    lead.commit(Progress(service="valve", cursor=Cursor("2")))


def test_a_file_of_the_first_version_is_taken_over(path: Path) -> None:
    with open_engine(f"sqlite:///{path}") as engine:
        stored = [engine.append(LOG, ping(n, cause="7")) for n in range(3)]
        engine.commit(Progress(service="valve", cursor=Cursor("2")))
    for statement in (
        "DROP TABLE leases",
        "DROP TABLE safe_state",
        "DROP INDEX entries_caused_by",
        "ALTER TABLE logs DROP COLUMN trimmed_to",
        "PRAGMA user_version = 1",
    ):
        _run(path, statement)

    with open_engine(f"sqlite:///{path}") as first, open_engine(f"sqlite:///{path}") as second:
        assert read_all(first) == stored
        assert second.caused_by(LOG, "7") == stored
        tenure = take(first).tenure

    assert tenure.progress == Progress(service="valve", cursor=Cursor("2"))
    assert _run(path, "PRAGMA user_version") == [(VERSION,)]


def test_what_a_record_caused_is_found_by_an_index(engine: Engine, path: Path) -> None:
    engine.append(LOG, ping())

    plan = _run(path, "EXPLAIN QUERY PLAN SELECT * FROM entries WHERE log = 1 AND cause = '7'")

    assert "entries_caused_by" in str(plan)


def _run(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()
