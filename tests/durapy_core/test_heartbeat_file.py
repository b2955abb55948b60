from pathlib import Path

import pytest

from durapy_core.engines.memory import MemoryEngine
from durapy_core.errors import EngineError
from durapy_core.heartbeat import Heartbeat
from durapy_core.status import ServiceState, ServiceStatus
from tests.support.statuses import status_of


def status(state: ServiceState) -> ServiceStatus:
    return status_of("pump", state=state)


def test_the_file_is_touched_when_the_store_took_the_status(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    heartbeat = Heartbeat(MemoryEngine(), lambda: status(ServiceState.IDLE), file=file)

    heartbeat.beat()

    assert file.exists()


def test_the_file_is_not_touched_while_the_store_is_away(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    engine = MemoryEngine()
    engine.close()

    with pytest.raises(EngineError):
        Heartbeat(engine, lambda: status(ServiceState.IDLE), file=file).beat()

    assert not file.exists()


def test_the_file_is_not_touched_before_the_service_has_started(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"

    Heartbeat(MemoryEngine(), lambda: status(ServiceState.STARTING), file=file).beat()

    assert not file.exists()


def test_the_file_is_touched_while_a_service_that_stood_by_takes_over(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    states = [ServiceState.STANDBY, ServiceState.STARTING]
    heartbeat = Heartbeat(MemoryEngine(), lambda: status(states.pop(0)), file=file)

    heartbeat.beat()
    file.unlink()
    heartbeat.beat()

    assert file.exists()


def test_a_file_that_cannot_be_touched_stops_no_beat(tmp_path: Path) -> None:
    engine = MemoryEngine()
    file = tmp_path / "no such folder" / "heartbeat"

    Heartbeat(engine, lambda: status(ServiceState.IDLE), file=file).beat()

    assert list(engine.table("status")) == ["pump/r1"]
