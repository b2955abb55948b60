import threading
from threading import Event

import pytest
from loguru import logger

from durapy_core.background import BackgroundContext
from durapy_core.engines.memory import MemoryEngine
from durapy_core.errors import SessionError
from durapy_core.failures import Failure
from durapy_core.outbox import Outbox
from durapy_core.tasks import TaskGroup
from tests.support.vocabulary import EchoCommand

LIMIT_S = 10


def make_group() -> tuple[TaskGroup, list[Failure]]:
    failures: list[Failure] = []
    return TaskGroup("the test", on_failure=failures.append), failures


def test_work_that_does_not_end_is_named_and_can_send_no_more() -> None:
    group, failures = make_group()
    release, ended = Event(), Event()
    engine = MemoryEngine()
    lead = engine.lead("rig", lease_s=60)
    assert lead is not None
    outbox = Outbox(
        lead,
        engine=engine,
        service="rig",
        log=logger,
        stop_service=lambda: None,
        on_lost=lambda _error: None,
    )
    task = BackgroundContext(outbox, group, None)

    def stubborn() -> None:
        release.wait(LIMIT_S)
        try:
            task.send(EchoCommand())
        finally:
            ended.set()

    group.start("stubborn", stubborn, key=None)
    group.ask_to_stop()

    assert group.join(0) == ["stubborn"]
    release.set()
    assert ended.wait(LIMIT_S)
    assert group.join(LIMIT_S) == []
    assert engine.read("commands", after=engine.end("nothing")) == []
    assert isinstance(failures[0].error, SessionError)


def test_work_that_has_ended_is_forgotten() -> None:
    group, _ = make_group()
    for count in range(50):
        group.start(f"task {count}", lambda: None, key=None)
    group.ask_to_stop()

    assert group.join(LIMIT_S) == []
    assert not group._running


def test_nothing_starts_once_the_group_was_asked_to_stop() -> None:
    group, _ = make_group()
    group.ask_to_stop()

    with pytest.raises(SessionError, match="cannot be spawned: the test is ending"):
        group.start("late", lambda: None, key=None)


def test_work_for_which_there_is_no_thread_is_nothing_to_wait_for() -> None:
    group, _ = make_group()
    before = threading.stack_size(1 << 55)  # more than any computer has
    try:
        with pytest.raises(RuntimeError, match="can't start new thread"):
            group.start("large", lambda: None, key=None)
    finally:
        threading.stack_size(before)

    group.ask_to_stop()
    assert group.join(LIMIT_S) == []


def test_sys_exit_in_background_work_is_reported_as_what_it_is() -> None:
    group, failures = make_group()

    def leave() -> None:
        raise SystemExit(3)

    group.start("leave", leave, key="7")
    group.ask_to_stop()
    group.join(LIMIT_S)

    assert [(f.what, f.key) for f in failures] == [("background work leave", "7")]
