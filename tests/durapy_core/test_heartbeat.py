from threading import Event

import pytest
from loguru import logger

from durapy_core.engines.base import STATUS, Row
from durapy_core.engines.memory import MemoryEngine
from durapy_core.heartbeat import Heartbeat, forget_old_replicas
from durapy_core.status import ServiceState, ServiceStatus
from durapy_core.store_clock import StoreClock
from tests.support.fickle_engine import FickleEngine
from tests.support.log_lines import logged
from tests.support.statuses import status_of

LIMIT_S = 10


def make_status(replica: str, state: ServiceState = ServiceState.IDLE) -> ServiceStatus:
    return status_of("rig", replica=replica, state=state)


class Speaker:
    """Says its status, and tells when it was asked."""

    def __init__(self) -> None:
        self.state = ServiceState.IDLE
        self.asked = Event()

    def __call__(self) -> ServiceStatus:
        self.asked.set()
        return make_status("new", self.state)


def read(engine: MemoryEngine) -> dict[str, ServiceState]:
    rows = engine.table(STATUS).items()
    return {name: ServiceStatus.from_text(row.text).state for name, row in rows}


def test_the_status_is_published_again_and_again_and_once_more_at_the_end() -> None:
    engine, speaker = MemoryEngine(), Speaker()
    with Heartbeat(engine, speaker, interval_s=0.01):
        for _ in range(3):
            assert speaker.asked.wait(LIMIT_S)
            speaker.asked.clear()
        assert read(engine) == {"rig/new": ServiceState.IDLE}
        speaker.state = ServiceState.STOPPED

    assert read(engine) == {"rig/new": ServiceState.STOPPED}


class AheadEngine(MemoryEngine):
    """A store on a computer whose clock is half a second ahead of ours."""

    def now_s(self) -> float:
        return super().now_s() + 0.5


def test_a_process_without_a_lease_measures_the_stores_clock_at_each_beat() -> None:
    engine, clock = AheadEngine(), StoreClock(logger)

    with logged() as lines:
        for _ in range(2):
            Heartbeat(engine, Speaker(), clock=clock).beat()

    (row,) = engine.table(STATUS).values()
    assert ServiceStatus.from_text(row.text).clock_offset_s == pytest.approx(0.5, abs=0.2)
    warned = [line["message"] for line in lines if line["level"].name == "WARNING"]
    assert len(warned) == 1
    assert "ms from the store's; synchronise them" in warned[0]


def test_it_survives_a_store_that_is_away() -> None:
    engine, speaker = FickleEngine(), Speaker()
    engine.away = True
    with Heartbeat(engine, speaker, interval_s=0.01):
        assert engine.refused.wait(LIMIT_S)
        engine.away = False
        speaker.asked.clear()
        assert speaker.asked.wait(LIMIT_S)
        speaker.asked.clear()
        assert speaker.asked.wait(LIMIT_S)

        assert read(engine) == {"rig/new": ServiceState.IDLE}


def test_a_new_replica_forgets_older_ones_that_stopped_or_fell_silent() -> None:
    class Aged(MemoryEngine):
        """Shows some rows older than they are."""

        def table(self, table: str) -> dict[str, Row]:
            rows = super().table(table)
            return {
                name: Row(text=row.text, age_s=61.0 if "silent" in name else 5.0)
                for name, row in rows.items()
            }

    engine = Aged()
    for name in ("new", "silent", "killed just now"):
        engine.put(STATUS, f"rig/{name}", make_status(name).model_dump_json())
    stopped = make_status("stopped", ServiceState.STOPPED)
    engine.put(STATUS, "rig/stopped", stopped.model_dump_json())
    engine.put(STATUS, "rig/unreadable", "{")
    engine.put(STATUS, "other/silent", make_status("silent").model_dump_json())

    forget_old_replicas(engine, "rig", keep="rig/new")

    assert set(engine.table(STATUS)) == {
        *("rig/new", "rig/killed just now", "rig/unreadable", "other/silent")
    }


def test_a_failing_status_does_not_end_the_thread() -> None:
    engine = MemoryEngine()
    asked = Event()
    calls = iter(range(10**9))

    def sometimes() -> ServiceStatus:
        if next(calls) == 0:
            raise RuntimeError("changed meanwhile")
        asked.set()
        return make_status("new")

    with logged() as lines, Heartbeat(engine, sometimes, interval_s=0.01):
        assert asked.wait(LIMIT_S)
    assert [line["message"] for line in lines] == ["the status could not be made; trying again"]
