from threading import Event, Thread
from typing import Any, cast

import pytest

from durapy_core import BackgroundContext, Context, Service, ServiceContext
from durapy_core.errors import InvalidCommandError, SessionError
from durapy_core.testing import ServiceHarness
from tests.support.vocabulary import EchoCommand, HintCommand

LIMIT_S = 10


def test_what_a_handler_sends_carries_sender_cause_and_number() -> None:
    service = Service("rig", sends=[EchoCommand])

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        ctx.send(EchoCommand(text="one"))
        ctx.send_many([EchoCommand(text="two"), EchoCommand(text="three")])
        ctx.send(EchoCommand(text="four"))

    with ServiceHarness(service) as rig:
        first = rig.send(HintCommand())
        second = rig.send(HintCommand())
        rig.run_until_idle()

        sent = [(r.entry.sender, r.entry.cause, r.entry.n) for r in rig.records(EchoCommand)]
        assert sent == [("rig", key, n) for key in (first.key, second.key) for n in (1, 2, 3, 4)]
        assert [echo.text for echo in rig.commands(EchoCommand)] == [
            *("one", "two", "three", "four")
        ] * 2


def test_a_send_returns_the_record_as_it_is_stored() -> None:
    service = Service("rig", sends=[EchoCommand])
    seen: list[object] = []

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        record = ctx.send(EchoCommand(text=command.text))
        seen.extend([record.key, record.command, ctx.send_many([])])

    with ServiceHarness(service) as rig:
        rig.send(HintCommand(text="x"))
        rig.run_until_idle()

        assert seen == [rig.records(EchoCommand)[0].key, EchoCommand(text="x"), []]


def test_a_context_tells_of_its_record() -> None:
    service = Service("rig")
    told: list[object] = []

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        told.extend([ctx.key, ctx.sent_at, ctx.sender, ctx.cause, ctx.restored, ctx.reason])

    with ServiceHarness(service) as rig:
        record = rig.send(HintCommand(), sender="cli:ada")
        rig.run_until_idle()

        assert told == [record.key, record.sent_at, "cli:ada", None, False, None]


def test_what_is_sent_from_another_thread_or_too_late_has_a_cause_but_no_number() -> None:
    service = Service("rig", sends=[EchoCommand])
    kept: list[Context] = []

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        thread = Thread(target=ctx.send, args=[EchoCommand(text="thread")])
        thread.start()
        thread.join()
        ctx.send(EchoCommand(text="here"))
        kept.append(ctx)

    with ServiceHarness(service) as rig:
        cause = rig.send(HintCommand()).key
        rig.run_until_idle()
        kept[0].send(EchoCommand(text="late"))

        numbered = [(r.entry.cause, r.entry.n) for r in rig.records(EchoCommand)]
        assert numbered == [(cause, None), (cause, 1), (cause, None)]


def test_what_is_sent_at_the_start_of_the_service_has_no_cause() -> None:
    service = Service("rig", sends=[EchoCommand])

    @service.on_start
    def begin(ctx: ServiceContext) -> None:
        ctx.send(EchoCommand())

    with ServiceHarness(service) as rig:
        entry = rig.entries()[0]

        assert (entry.sender, entry.cause, entry.n) == ("rig", None, None)


@pytest.mark.parametrize("given", ["PING", None, EchoCommand, {"type": "PING"}])
def test_sending_what_is_no_command_says_so(given: object) -> None:
    service = Service("rig")

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        with pytest.raises(InvalidCommandError, match="it is no command"):
            ctx.send(cast("Any", given))

    with ServiceHarness(service) as rig:
        rig.send(HintCommand())
        rig.run_until_idle()

        assert len(rig.entries()) == 1


def test_background_work_sends_with_a_cause_and_ends_with_the_service() -> None:
    service = Service("rig", sends=[EchoCommand])
    ended = Event()

    def work(task: BackgroundContext, text: str, *, again: str) -> None:
        task.send(EchoCommand(text=text))
        task.send_many([EchoCommand(text=again)])
        while not task.wait(LIMIT_S):
            pass
        assert task.stopping
        ended.set()

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        ctx.spawn(work, command.text, again="again")

    with ServiceHarness(service) as rig:
        cause = rig.send(HintCommand(text="work")).key
        rig.run_until(lambda: len(rig.commands(EchoCommand)) == 2)

        assert [r.entry.cause for r in rig.records(EchoCommand)] == [cause, cause]
        assert [r.entry.n for r in rig.records(EchoCommand)] == [None, None]
        assert not ended.is_set()
    assert ended.is_set()


def test_an_exception_in_background_work_is_reported_with_its_key_and_ends_nothing() -> None:
    service = Service("rig", sends=[EchoCommand])

    def work(task: BackgroundContext) -> None:
        raise ZeroDivisionError("on purpose")

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        ctx.spawn(work)

    with ServiceHarness(service, raises=False) as rig:
        key = rig.send(HintCommand()).key
        rig.run_until(lambda: bool(rig.failures))

        failure = rig.failures[0]
        assert (failure.key, str(failure.error)) == (key, "on purpose")
        assert failure.what == "background work work"
        assert not rig.stopped


def test_nothing_is_spawned_when_the_service_is_stopping() -> None:
    service = Service("rig")
    refused: list[SessionError] = []

    @service.on_stop
    def end(ctx: ServiceContext) -> None:
        with pytest.raises(SessionError, match=r'the service "rig" is ending') as error:
            ctx.spawn(lambda _task: None)
        refused.append(error.value)

    with ServiceHarness(service):
        pass
    assert refused


def test_a_service_that_ends_itself_finishes_the_record_and_handles_no_more() -> None:
    service = Service("rig", sends=[EchoCommand])

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        ctx.stop_service()
        ctx.send(EchoCommand(text=command.text))

    with ServiceHarness(service) as rig:
        rig.send(HintCommand(text="first"))
        rig.send(HintCommand(text="second"))
        rig.run_until_idle()

        assert rig.stopped
        assert rig.commands(EchoCommand) == [EchoCommand(text="first")]

        rig.restart()
        rig.run_until_idle()

        assert [echo.text for echo in rig.commands(EchoCommand)] == ["first", "second"]
