import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from durapy_core.engines.memory import MemoryEngine
from durapy_core.heartbeat import Heartbeat
from durapy_core.notify import Notifier, describe, open_notifier
from durapy_core.status import ServiceState, ServiceStatus, SessionInfo
from tests.support.fickle_engine import FickleEngine

LIMIT_S = 10


def status(state: ServiceState = ServiceState.IDLE, **more: object) -> ServiceStatus:
    told = {"service": "pump", "replica": "r1", "host": "here", "pid": 1, "revision": "abc1234"}
    now = datetime.now(UTC)
    return ServiceStatus.model_validate({**told, "state": state, "started_at": now, **more})


class Listener:
    """What systemd does: it listens on a socket for datagrams of lines."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(LIMIT_S)

    def next(self) -> list[str]:
        return self._socket.recv(4096).decode().split("\n")

    def until(self, line: str) -> None:
        while line not in self.next():
            pass

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    one = Listener(str(tmp_path / "notify"))
    yield one
    one.close()


@pytest.fixture
def notifier(listener: Listener, tmp_path: Path) -> Notifier:
    return Notifier(str(tmp_path / "notify"))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ServiceState.STARTING, None),
        (ServiceState.STANDBY, "READY=1"),
        (ServiceState.IDLE, "READY=1"),
        (ServiceState.IN_SESSION, "READY=1"),
        (ServiceState.BUSY, "READY=1"),
        (ServiceState.STOPPING, "STOPPING=1"),
        (ServiceState.STOPPED, "STOPPING=1"),
    ],
)
def test_a_service_is_ready_once_it_leads_or_stands_by(
    listener: Listener, notifier: Notifier, state: ServiceState, said: str | None
) -> None:
    notifier.show(status(state))

    text, *more = listener.next()
    assert text.startswith(f"STATUS={state.replace('_', ' ')}")
    assert more == ([said] if said else [])


def test_an_abstract_socket_is_spoken_to_as_well(tmp_path: Path) -> None:
    name = f"durapy-{tmp_path}"
    listener = Listener(f"\0{name}")

    Notifier(f"@{name}").alive()

    assert listener.next() == ["WATCHDOG=1"]
    listener.close()


def test_nobody_is_spoken_to_where_nobody_listens() -> None:
    assert open_notifier(None) is None
    assert open_notifier("") is None


def test_a_manager_that_went_away_stops_nothing(listener: Listener, notifier: Notifier) -> None:
    listener.close()

    notifier.alive()
    notifier.show(status())


def test_a_manager_that_does_not_read_stops_nothing(notifier: Notifier) -> None:
    for _ in range(2000):
        notifier.alive()


def test_the_line_for_people_says_what_keeps_a_service_busy() -> None:
    session = SessionInfo(key="1-0", type="GO", label="mouse 7", since=datetime.now(UTC), ends="X")

    assert describe(status(ServiceState.IDLE)) == "idle, revision abc1234"
    assert describe(status(ServiceState.IN_SESSION, session=session)) == (
        "in session mouse 7, revision abc1234"
    )
    assert describe(status(ServiceState.BUSY, busy_key="5-0", busy_s=12.3)) == (
        "busy with 5-0 for 12 s, revision abc1234"
    )
    assert describe(status(fault="the valve\nis stuck")) == (
        "idle, fault: the valve is stuck, revision abc1234"
    )


def test_the_heartbeat_gives_signs_of_life_and_says_when_it_stops(
    listener: Listener, notifier: Notifier
) -> None:
    state = [ServiceState.STARTING]
    with Heartbeat(MemoryEngine(), lambda: status(state[0]), interval_s=0.01, notifier=notifier):
        assert listener.next() == ["WATCHDOG=1"]
        assert listener.next() == ["STATUS=starting, revision abc1234"]
        state[0] = ServiceState.IDLE
        listener.until("READY=1")
        listener.until("WATCHDOG=1")
        state[0] = ServiceState.STOPPED

    listener.until("STOPPING=1")


def test_signs_of_life_go_on_while_the_store_is_away(
    listener: Listener, notifier: Notifier
) -> None:
    engine = FickleEngine()
    engine.away = True
    with Heartbeat(engine, status, interval_s=0.01, notifier=notifier):
        assert engine.refused.wait(LIMIT_S)
        for _ in range(3):
            listener.until("WATCHDOG=1")
