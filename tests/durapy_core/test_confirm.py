"""Sending and waiting for the services that matter."""

from collections.abc import Callable
from threading import Event
from typing import Any, cast

import pytest

from durapy_core import Answer, BackgroundContext, Confirmation, Context, Service
from durapy_core.engines.base import STATUS
from durapy_core.engines.memory import MemoryEngine
from durapy_core.errors import SessionError
from durapy_core.testing import ServiceHarness
from tests.support.vocabulary import EchoCommand, HintCommand
from tests.support.waiting import wait_for

LIMIT_S = 30


class Asker:
    """A service whose background work sends an echo to be confirmed."""

    def __init__(self, *services: str, timeout_s: float = LIMIT_S) -> None:
        self.found: list[Confirmation] = []
        self.refused: list[SessionError] = []
        self.asking = Event()
        self.service = Service("asker", sends=[EchoCommand])

        def work(task: BackgroundContext) -> None:
            self.asking.set()
            try:
                self.found.append(
                    task.send_and_confirm(EchoCommand(), services=services, timeout_s=timeout_s)
                )
            except SessionError as error:
                self.refused.append(error)

        self.service.on(HintCommand)(lambda _command, ctx: ctx.spawn(work))


def make_hearer(name: str, hear: Callable[[], None] = lambda: None) -> Service:
    service = Service(name)
    service.on(EchoCommand)(lambda _command, _ctx: hear())
    return service


def publish(*rigs: ServiceHarness) -> None:
    for rig in rigs:
        status = rig.status
        rig.engine.put(STATUS, f"{status.service}/{status.replica}", status.model_dump_json())


def fail() -> None:
    raise ValueError("on purpose")


def test_it_tells_who_confirmed_and_who_failed() -> None:
    engine, asker = MemoryEngine(), Asker("one", "two")
    with (
        ServiceHarness(asker.service, engine=engine) as rig,
        ServiceHarness(make_hearer("one"), engine=engine) as one,
        ServiceHarness(make_hearer("two", fail), engine=engine, raises=False) as two,
    ):
        publish(one, two)
        rig.send(HintCommand())
        rig.run_until_idle()
        rig.run_until(lambda: bool(rig.records(EchoCommand)))
        one.run_until_idle()
        two.run_until_idle()
        wait_for(lambda: asker.found, "the confirmation")

    (found,) = asker.found
    assert found.answers == {"one": Answer.CONFIRMED, "two": Answer.FAILED}
    assert not found.confirmed
    assert found.receipts["two"].text == "ValueError: on purpose"
    assert found.record.command == EchoCommand()


def test_who_says_nothing_in_time_gave_no_answer() -> None:
    engine, asker = MemoryEngine(), Asker("one", timeout_s=0.1)
    with (
        ServiceHarness(asker.service, engine=engine) as rig,
        ServiceHarness(make_hearer("one"), engine=engine) as one,
    ):
        publish(one)
        rig.send(HintCommand())
        rig.run_until_idle()
        wait_for(lambda: asker.found, "the end of the wait")

    assert asker.found[0].answers == {"one": Answer.NO_ANSWER}


def test_the_end_of_the_service_cuts_the_wait_short() -> None:
    engine, asker = MemoryEngine(), Asker("one")
    with ServiceHarness(make_hearer("one"), engine=engine) as one:
        publish(one)
        with ServiceHarness(asker.service, engine=engine) as rig:
            rig.send(HintCommand())
            rig.run_until_idle()
            rig.run_until(lambda: bool(rig.records(EchoCommand)))

    assert asker.found[0].answers == {"one": Answer.UNKNOWN}


def test_a_service_that_is_down_is_refused_at_once_and_nothing_is_sent() -> None:
    asker = Asker("nobody")
    with ServiceHarness(asker.service) as rig:
        rig.send(HintCommand())
        rig.run_until_idle()
        wait_for(lambda: asker.refused, "the refusal")

        assert "nobody cannot confirm it now" in str(asker.refused[0])
        assert rig.records(EchoCommand) == []


def test_waiting_for_oneself_is_refused() -> None:
    asker = Asker("asker")
    with ServiceHarness(asker.service) as rig:
        rig.send(HintCommand())
        rig.run_until_idle()
        wait_for(lambda: asker.refused, "the refusal")

        assert "would wait for itself" in str(asker.refused[0])


def test_a_handler_may_not_wait() -> None:
    service = Service("rig", sends=[EchoCommand])

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        with pytest.raises(SessionError, match=r"task\.send_and_confirm"):
            cast("Any", ctx).send_and_confirm(EchoCommand(), services=["one"], timeout_s=1)

    with ServiceHarness(service) as rig:
        rig.send(HintCommand())
        rig.run_until_idle()

        assert rig.records(EchoCommand) == []
