import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from durapy_core.engines.base import OPERATIONS, Engine
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import START, Entry, NewEntry
from durapy_core.errors import DeployError, ManagerUnavailableError, ServiceNotFoundError
from durapy_core.operations import (
    OperationState,
    follow,
    is_served,
    outcome,
    request,
    serve,
    state_of,
)
from durapy_core.operations.requests import OUTCOME, PROGRESS, REQUEST
from tests.support.fickle_engine import FickleEngine
from tests.support.log_lines import logged
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from loguru import Record


@dataclass
class Restarts:
    """A manager that notes what it is asked, and fails for the names in `refused`."""

    done: list[str] = field(default_factory=list)
    refused: dict[str, Exception] = field(default_factory=dict)
    during: Callable[[], None] = lambda: None

    def restart(self, name: str) -> None:
        self.during()
        if name in self.refused:
            raise self.refused[name]
        self.done.append(name)

    def start(self, name: str) -> None:
        self.done.append(f"start {name}")

    def stop(self, name: str) -> None:
        self.done.append(f"stop {name}")


class SlowClockEngine(MemoryEngine):
    """A store whose clock stands `ahead_s` seconds later for everything but requests."""

    ahead_s = 0.0

    def append(self, log: str, entry: NewEntry) -> Entry:
        stored = super().append(log, entry)
        late_s = 0.0 if entry.type == REQUEST else self.ahead_s
        return replace(stored, sent_at_s=stored.sent_at_s + late_s)


@contextmanager
def serving(engine: Engine, manager: Restarts) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(engine, manager, stop), daemon=True)
    thread.start()
    try:
        wait_for(lambda: is_served(engine), "a server of operations", every_s=0.01)
        yield stop
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def ask(engine: Engine, verb: str = "restart", service: str = "ponger") -> str:
    """Put a request on the log as any program may, served or not."""
    body = json.dumps({"verb": verb, "service": service})
    return engine.append(OPERATIONS, NewEntry(type=REQUEST, body=body, sender="cli:ann")).key


def last(engine: Engine, key: str) -> OperationState:
    return list(follow(engine, key, timeout_s=20))[-1]


def kinds(engine: Engine) -> list[str | None]:
    return [entry.type for entry in engine.read(OPERATIONS, after=START)]


def test_a_request_is_carried_out_and_its_outcome_says_who_asked() -> None:
    engine, manager = MemoryEngine(), Restarts()

    with serving(engine, manager):
        key = request(engine, "restart", "ponger", by="webserver:ann")
        state = last(engine, key)

    assert manager.done == ["ponger"]
    assert (state.state, state.by, state.service) == ("done", "webserver:ann", "ponger")
    assert outcome(engine, key) == state
    written = engine.page(OPERATIONS, limit=1)[0]
    assert (written.sender, written.cause) == ("deployer", key)
    assert json.loads(written.body or "")["by"] == "webserver:ann"


def test_a_store_that_is_away_is_waited_for_and_that_is_said_loudly_once() -> None:
    engine, manager = FickleEngine(), Restarts()

    with logged() as lines, serving(engine, manager):
        engine.away = True
        wait_for(lambda: len(waits(lines, "the store")) > 2, "three looks at the store")
        engine.away = False
        state = last(engine, request(engine, "restart", "ponger", by="cli:ann"))

    assert state.state == "done"
    assert waits(lines, "the store")[:3] == ["WARNING", "DEBUG", "DEBUG"]


def waits(lines: "list[Record]", what: str) -> list[str]:
    """Return how loudly it was said, each time, that operations wait for something."""
    found = [line for line in lines if line["message"].startswith(f"operations wait for {what}")]
    return [line["level"].name for line in found]


def test_nothing_is_asked_when_nobody_serves() -> None:
    engine = MemoryEngine()

    with pytest.raises(ManagerUnavailableError, match="docker compose up -d deployer"):
        request(engine, "restart", "ponger", by="cli:ann")

    assert kinds(engine) == []


def test_a_server_that_ended_cleanly_serves_no_more() -> None:
    engine = MemoryEngine()

    with serving(engine, Restarts()):
        assert is_served(engine)

    assert not is_served(engine)


def test_a_refusal_of_the_manager_is_the_outcome() -> None:
    manager = Restarts(refused={"nobody": ServiceNotFoundError("No service is called nobody.")})
    engine = MemoryEngine()

    with serving(engine, manager):
        state = last(engine, ask(engine, service="nobody"))

    assert (state.state, state.message) == ("failed", "No service is called nobody.")


def test_an_unforeseen_error_of_the_manager_fails_one_request_and_not_the_loop() -> None:
    manager = Restarts(refused={"cursed": ZeroDivisionError("oh")})
    engine = MemoryEngine()

    with serving(engine, manager):
        cursed = last(engine, ask(engine, service="cursed"))
        fine = last(engine, ask(engine))

    assert cursed.state == "failed"
    assert "ZeroDivisionError: oh" in cursed.message
    assert fine.state == "done"


def test_an_unknown_verb_is_refused_with_the_known_ones() -> None:
    engine, manager = MemoryEngine(), Restarts()

    with serving(engine, manager):
        state = last(engine, ask(engine, verb="explode"))

    assert state.state == "failed"
    assert "'explode'" in state.message
    assert "restart" in state.message
    assert manager.done == []


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"verb": 3, "service": "x"}', '{"verb": "restart"}']
)
def test_a_request_that_cannot_be_read_is_answered_and_stops_nothing(body: str) -> None:
    engine, manager = MemoryEngine(), Restarts()

    with serving(engine, manager):
        broken = engine.append(OPERATIONS, NewEntry(type=REQUEST, body=body))
        fine = last(engine, ask(engine))

    answer = next(e for e in engine.page(OPERATIONS) if e.cause == broken.key)
    assert answer.type == OUTCOME
    assert "cannot be read" in (answer.body or "")
    assert fine.state == "done"
    assert manager.done == ["ponger"]


def test_a_young_request_that_waited_for_its_server_is_carried_out() -> None:
    engine, manager = MemoryEngine(), Restarts()
    key = ask(engine)

    with serving(engine, manager):
        state = last(engine, key)

    assert state.state == "done"
    assert manager.done == ["ponger"]


def test_a_request_older_than_a_minute_is_never_carried_out_late() -> None:
    engine, manager = SlowClockEngine(), Restarts()
    engine.ahead_s = 61
    key = ask(engine)

    with serving(engine, manager):
        state = last(engine, key)

    assert state.state == "failed"
    assert "nobody was there for 61 s" in state.message
    assert manager.done == []


def test_a_request_under_way_when_its_server_died_is_not_carried_out_again() -> None:
    engine, manager = MemoryEngine(), Restarts()
    key = ask(engine)
    body = json.dumps({"verb": "restart", "service": "ponger", "message": "restart ponger"})
    engine.append(OPERATIONS, NewEntry(type=PROGRESS, body=body, cause=key, sender="deployer"))

    with serving(engine, manager):
        state = last(engine, key)

    assert (state.state, manager.done) == ("failed", [])
    assert "interrupted" in state.message


def test_a_server_started_again_answers_nothing_twice() -> None:
    engine, manager = MemoryEngine(), Restarts()
    with serving(engine, manager):
        last(engine, ask(engine))
    before = kinds(engine)

    with serving(engine, manager):
        last(engine, ask(engine, service="pinger"))

    assert manager.done == ["ponger", "pinger"]
    assert before == [REQUEST, PROGRESS, OUTCOME]
    assert kinds(engine) == before * 2


def test_stopping_finishes_the_request_under_way_and_leaves_the_next_one() -> None:
    engine, manager = MemoryEngine(), Restarts()
    with serving(engine, manager) as stop:
        first, second = threading.Event(), threading.Event()

        def hold() -> None:
            first.set()
            assert second.wait(20)

        manager.during = hold
        key = ask(engine)
        assert first.wait(20)
        next_key = ask(engine, service="pinger")
        stop.set()
        second.set()

    finished, waiting = outcome(engine, key), outcome(engine, next_key)

    assert finished is not None
    assert finished.state == "done"
    assert waiting is not None
    assert waiting.state == "requested"
    manager.during = lambda: None
    with serving(engine, manager):
        assert last(engine, next_key).state == "done"


def test_following_tells_each_step_once() -> None:
    engine, manager = MemoryEngine(), Restarts()

    with serving(engine, manager):
        key = ask(engine)
        states = [(s.state, s.message) for s in follow(engine, key, timeout_s=20)]

    assert states == [
        ("requested", ""),
        ("requested", "restart ponger"),
        ("done", "ponger was restarted"),
    ]


def test_following_ends_with_a_reason_when_no_outcome_comes() -> None:
    engine = MemoryEngine()
    key = ask(engine)

    with pytest.raises(DeployError, match=r"restart ponger: no outcome after 0\.05 s"):
        list(follow(engine, key, timeout_s=0.05))


def test_a_key_of_no_request_has_no_outcome() -> None:
    engine = MemoryEngine()
    engine.append(OPERATIONS, NewEntry(type=OUTCOME, body="{}"))

    assert outcome(engine, "1") is None
    assert outcome(engine, "7") is None
    assert outcome(engine, "not a key") is None
    with pytest.raises(DeployError, match="No operation has the key '7'"):
        next(follow(engine, "7"))


def test_an_entry_of_another_kind_says_nothing() -> None:
    foreign = Entry(key="1", sent_at_s=0.0, type="GOSSIP", body='{"verb": "restart"}')

    assert state_of(foreign) is None
