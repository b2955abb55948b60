"""Rollouts, the session lock and the queue, as the log of operations carries them."""

import json
import threading
from datetime import UTC, datetime

import pytest

from durapy_core.deploy.base import Pair
from durapy_core.deploy.pace import Limits, RealClock
from durapy_core.engines.base import OPERATIONS, STATUS, Engine
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import NewEntry
from durapy_core.errors import DeployError, ManagerUnavailableError
from durapy_core.operations import (
    ALL,
    OperationState,
    Rollouts,
    Wishes,
    follow,
    latest,
    lines_of,
    outcome,
    request,
    serve,
)
from durapy_core.operations.gate import await_leave
from durapy_core.operations.requests import PROGRESS, REQUEST
from durapy_core.status import ServiceState, ServiceStatus, SessionInfo
from tests.support.deployed import LINES, HeldRollouts, deploying
from tests.support.log_lines import logged
from tests.support.waiting import wait_for

FOUND_HALF_WAY = "camera was found half-way and runs the new revision"


def ask(engine: Engine, verb: str, service: str = "camera", **wishes: str) -> str:
    asked = Wishes.model_validate(wishes)
    return request(engine, verb, service, by="cli:ann", wishes=asked)  # type: ignore[arg-type] # a Verb


def last(engine: Engine, key: str) -> OperationState:
    return list(follow(engine, key, timeout_s=20))[-1]


def state(engine: Engine, key: str) -> str:
    found = outcome(engine, key)
    return found.step or found.state if found else ""


def in_session(engine: Engine, key: str | None) -> None:
    """Let the camera say that it is in a session, or in none."""
    since = datetime.now(UTC)
    info = key and SessionInfo(key=key, type="BEGIN", label="M214", since=since, ends="END")
    status = ServiceStatus(
        service="camera",
        replica="camera-1",
        host="old",
        pid=1,
        revision="a",
        state=ServiceState.IN_SESSION if key else ServiceState.IDLE,
        session=info or None,
        started_at=since,
    )
    engine.put(STATUS, "camera/camera-1", status.model_dump_json())


def test_a_rollout_tells_its_steps_and_the_lines_of_its_build() -> None:
    engine = MemoryEngine()

    with deploying(engine) as manager:
        manager.built.set()
        key = ask(engine, "rollout", revision="main")
        end = last(engine, key)

    assert (end.state, end.message, end.by) == ("done", "camera runs ccccccc", "cli:ann")
    news = lines_of(engine, key)
    steps = ["", "resolve", "build", "build", "start", "standby", "switch", "watch", "done", ""]
    assert [one.step for one in news] == steps
    assert news[3].lines == LINES
    assert latest(engine)[0].wishes.revision == "main"


def test_a_second_rollout_and_a_restart_are_refused_while_one_is_under_way() -> None:
    engine = MemoryEngine()

    with deploying(engine) as manager:
        key = ask(engine, "rollout")
        wait_for(lambda: state(engine, key) == "build", "the build")
        second, restart = last(engine, ask(engine, "rollout")), last(engine, ask(engine, "restart"))
        other = last(engine, ask(engine, "restart", "pinger"))
        manager.built.set()
        first = last(engine, key)

    assert second.message == restart.message
    assert "camera is being rolled out for cli:ann" in second.message
    assert (first.state, other.state) == ("done", "done")


def test_a_rollout_is_cancelled_by_its_key_and_the_canceller_is_named() -> None:
    engine = MemoryEngine()

    with deploying(engine) as manager:
        key = ask(engine, "rollout")
        wait_for(lambda: state(engine, key) == "build", "the build")
        cancel = last(engine, ask(engine, "cancel", operation=key))
        end = last(engine, key)

    assert cancel.state == "done"
    assert (end.state, end.message) == ("failed", "cancelled by cli:ann")
    assert manager.running() == ["old"]


def test_cancelling_what_is_not_under_way_says_so() -> None:
    engine = MemoryEngine()

    with deploying(engine):
        end = last(engine, ask(engine, "cancel", operation="17"))

    assert end.message == "No rollout with the key '17' is under way."


@pytest.mark.parametrize("verb", ["stop", "restart", "rollout", "rollback"])
def test_a_service_in_a_session_is_touched_only_by_who_names_that_session(verb: str) -> None:
    engine = MemoryEngine()

    with deploying(engine) as manager:
        manager.built.set()
        in_session(engine, "5-0")
        without = last(engine, ask(engine, verb))
        wrong = last(engine, ask(engine, verb, session="4-0"))
        every = last(engine, ask(engine, "rollout", ALL))
        in_session(engine, "5-0")
        right = last(engine, ask(engine, verb, session="5-0"))

    assert without.message == wrong.message
    assert f'camera is in the session "M214" (5-0); name its key to {verb}' in without.message
    assert every.state == "failed"
    assert right.state == "done"


def test_the_store_carries_the_session_too() -> None:
    engine = MemoryEngine()

    with deploying(engine) as manager:
        in_session(engine, "5-0")
        refused = last(engine, ask(engine, "stop", "redis"))

    assert "redis is in the session" in refused.message
    assert manager.asked == []


def test_who_acts_without_the_log_of_operations_keeps_to_the_same_lock() -> None:
    said: list[str] = []

    with MemoryEngine() as engine:
        in_session(engine, "5-0")

        def say(text: str) -> None:
            said.append(text)
            in_session(engine, None)

        with pytest.raises(DeployError, match='camera is in the session "M214"'):
            await_leave(engine, "stop", "camera", Wishes(), say=say)
        await_leave(engine, "stop", "camera", Wishes(session="5-0"), say=say)
        assert said == []
        await_leave(engine, "stop", "camera", Wishes(when="session_ends"), say=say)

    assert said == ["waits until the session ends"]


def test_what_waits_for_the_end_of_the_session_is_done_then_even_by_the_next_server() -> None:
    engine = MemoryEngine()
    with deploying(engine):
        in_session(engine, "5-0")
        key = ask(engine, "restart", when="session_ends")
        wait_for(lambda: state(engine, key) == "queued", "the queue")

    with deploying(engine) as manager:
        assert state(engine, key) == "queued"
        in_session(engine, None)
        end = last(engine, key)

    assert end.state == "done"
    assert manager.asked == [("restart", "camera")]


def test_what_waits_is_cancelled_by_its_key() -> None:
    engine = MemoryEngine()

    with deploying(engine) as manager:
        in_session(engine, "5-0")
        key = ask(engine, "rollout", when="session_ends")
        wait_for(lambda: state(engine, key) == "queued", "the queue")
        last(engine, ask(engine, "cancel", operation=key))
        end = last(engine, key)

    assert (end.state, end.message) == ("failed", "cancelled by cli:ann")
    assert manager.asked == []


def test_a_server_that_ends_undoes_the_rollout_that_is_being_built() -> None:
    engine = MemoryEngine()
    with deploying(engine) as manager:
        key = ask(engine, "rollout")
        wait_for(lambda: state(engine, key) == "build", "the build")

    end = outcome(engine, key)

    assert end is not None
    assert end.state == "failed"
    assert manager.running() == ["old"]


def begun(engine: Engine, service: str = "camera") -> str:
    """Write a request that a server took and never answered, as one that died leaves it."""
    body = json.dumps({"verb": "rollout", "service": service})
    key = engine.append(OPERATIONS, NewEntry(type=REQUEST, body=body, sender="cli:ann")).key
    told = json.dumps({"verb": "rollout", "service": service, "message": "x", "step": "watch"})
    engine.append(OPERATIONS, NewEntry(type=PROGRESS, body=told, cause=key))
    return key


def test_a_manager_that_is_away_at_the_start_is_waited_for_and_that_is_said_loudly_once() -> None:
    engine, stop, back = MemoryEngine(), threading.Event(), threading.Event()

    class LateRollouts(HeldRollouts):
        def pairs(self) -> list[tuple[Pair, str]]:
            if not back.is_set():
                raise ManagerUnavailableError("nobody answers")
            return super().pairs()

    manager = LateRollouts(RealClock())
    rollouts = Rollouts(manager, manager.hear, limits=Limits())
    more = {"rollouts": rollouts}
    thread = threading.Thread(target=serve, args=(engine, manager, stop), kwargs=more)

    def said() -> list[str]:
        found = [line for line in lines if "wait for the manager" in line["message"]]
        return [line["level"].name for line in found]

    with logged() as lines:
        thread.start()
        try:
            wait_for(lambda: len(said()) > 2, "three looks at the manager")
            back.set()
            end = last(engine, ask(engine, "restart", "pinger"))
        finally:
            stop.set()
            thread.join(30)

    assert end.state == "done"
    assert said()[:3] == ["WARNING", "DEBUG", "DEBUG"]


def test_a_rollout_found_half_way_is_finished_and_answered() -> None:
    engine = MemoryEngine()
    key = begun(engine)

    with deploying(engine, key=key) as manager:
        end = last(engine, key)

    assert (end.state, end.message) == ("done", FOUND_HALF_WAY)
    assert manager.running() == ["new"]


def test_a_rollout_whose_manager_was_away_for_a_moment_is_finished_or_undone() -> None:
    engine = MemoryEngine()

    with deploying(engine) as manager:
        manager.built.set()
        manager.away = (7, 8)  # when the old one is told to end, and when it is put back
        key = ask(engine, "rollout")
        end = last(engine, key)

    assert (end.state, end.message) == ("done", FOUND_HALF_WAY)
    assert manager.running() == ["new"]


def test_a_rollout_whose_store_was_away_after_the_switch_is_finished() -> None:
    engine = MemoryEngine()

    with deploying(engine) as manager:
        manager.built.set()
        manager.store_goes_when = lambda manager: manager.running() == ["new"]
        key = ask(engine, "rollout")
        end = last(engine, key)

    assert (end.state, end.message) == ("done", FOUND_HALF_WAY)
    assert manager.running() == ["new"]


def test_a_rollout_whose_store_was_away_before_the_switch_is_undone_and_the_old_one_runs_on() -> (
    None
):
    engine = MemoryEngine()

    with deploying(engine) as manager:
        manager.built.set()
        manager.store_goes_when = lambda manager: manager.running() == ["old", "new"]
        key = ask(engine, "rollout")
        end = last(engine, key)

    assert end.state == "failed"
    assert "was found half-way, and the old one is in charge" in end.message
    assert manager.running() == ["old"]
    assert manager.old is not None
    assert manager.old.started_s == -100.0  # it was not started anew


def test_a_rollout_of_all_that_was_found_half_way_tells_that_the_rest_is_left() -> None:
    engine = MemoryEngine()
    key = begun(engine, ALL)

    with deploying(engine, key=key):
        end = last(engine, key)

    assert end.state == "failed"
    assert FOUND_HALF_WAY in end.message
    assert "ask again for the rest" in end.message


def test_a_rollout_that_died_before_it_touched_anything_is_answered_failed() -> None:
    engine = MemoryEngine()
    key = begun(engine)

    with deploying(engine) as manager:
        end = last(engine, key)

    assert end.state == "failed"
    assert "interrupted: the deployer ended meanwhile; the old revision runs" in end.message
    assert manager.running() == ["old"]


def test_what_was_asked_for_is_in_the_outcome() -> None:
    engine = MemoryEngine()

    with deploying(engine):
        changes = last(engine, ask(engine, "changes", revision="main"))
        fetched = last(engine, ask(engine, "fetch", ALL))

    assert changes.details is not None
    assert changes.details["target"] == "e81c5f4"
    assert fetched.state == "done"
