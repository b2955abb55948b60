"""The harness that experimenters test their services with."""

import pytest

from durapy_core import BackgroundContext, Context, Controller, Service
from durapy_core.engines.memory import MemoryEngine
from durapy_core.errors import EngineError, SessionError
from durapy_core.testing import ServiceHarness
from tests.support.vocabulary import BeginCommand, EchoCommand, FinishCommand, HintCommand

LIMIT_S = 10


def make_echo(name: str = "rig") -> Service:
    service = Service(name, sends=[EchoCommand])

    @service.on(HintCommand)
    def echo(command: HintCommand, ctx: Context) -> None:
        if command.text == "fail":
            raise ValueError("fail")
        ctx.send(EchoCommand(text=command.text))

    return service


def test_it_runs_a_service_until_no_record_is_left() -> None:
    with ServiceHarness(make_echo()) as rig:
        sent = rig.send(HintCommand(text="a"), sender="cli:ada")
        rig.run_until_idle()

        assert rig.commands(EchoCommand) == [EchoCommand(text="a")]
        assert rig.records(EchoCommand)[0].entry.cause == sent.key
        assert rig.entries()[0].sender == "cli:ada"


def test_what_a_handler_raises_is_raised_in_the_test() -> None:
    with ServiceHarness(make_echo()) as rig:
        rig.send(HintCommand(text="fail"))
        with pytest.raises(ValueError, match="fail"):
            rig.run_until_idle()
        rig.run_until_idle()

        assert len(rig.failures) == 1


def test_what_is_raised_at_the_end_is_raised_in_the_test_as_well() -> None:
    service = make_echo()

    @service.on_stop
    def fail(_ctx: object) -> None:
        raise ValueError("at the end")

    with pytest.raises(ValueError, match="at the end"), ServiceHarness(service):
        pass


def test_it_hides_no_failure_of_the_test_itself() -> None:
    service = make_echo()

    @service.on_stop
    def fail(_ctx: object) -> None:
        raise ValueError("at the end")

    rig = ServiceHarness(service)
    with pytest.raises(AssertionError, match="the test's own"), rig:
        raise AssertionError("the test's own")

    assert len(rig.failures) == 1


def test_a_service_that_answers_itself_for_ever_is_found_out() -> None:
    service = Service("rig")

    @service.on(HintCommand)
    def again(command: HintCommand, ctx: Context) -> None:
        ctx.send(command)

    with ServiceHarness(service) as rig:
        rig.send(HintCommand())
        with pytest.raises(AssertionError, match="still not idle after"):
            rig.run_until_idle(limit=1000)


def test_it_waits_for_what_comes_from_the_background() -> None:
    service = make_echo()

    def work(task: BackgroundContext) -> None:
        task.send(HintCommand(text="from the background"))

    service.on_start(lambda ctx: ctx.spawn(work))
    with ServiceHarness(service) as rig:
        rig.run_until(lambda: bool(rig.commands(EchoCommand)), limit_s=LIMIT_S)
        with pytest.raises(AssertionError, match=r"does not hold after 0\.01 s"):
            rig.run_until(lambda: False, limit_s=0.01)


def test_it_sends_what_a_foreign_program_might_send() -> None:
    with ServiceHarness(make_echo()) as rig:
        rig.send_raw("TEST_HINT", "{", sender=None)
        rig.run_until_idle()

        assert rig.status.invalid == 1


def test_it_shows_the_controller_of_the_open_session() -> None:
    service = Service("rig")
    service.session(Controller, begins=BeginCommand, ends=FinishCommand)

    with ServiceHarness(service) as rig:
        with pytest.raises(SessionError):
            rig.controller(Controller)
        rig.send(BeginCommand())
        rig.run_until_idle()

        assert rig.in_session
        assert type(rig.controller(Controller)) is Controller


def test_two_services_may_share_an_engine() -> None:
    engine = MemoryEngine()
    with ServiceHarness(make_echo("one"), engine=engine) as one:
        with ServiceHarness(make_echo("two"), engine=engine) as two:
            one.send(HintCommand(text="a"))
            one.run_until_idle()
            two.run_until_idle()

            assert [record.entry.sender for record in one.records(EchoCommand)] == ["one", "two"]
        engine.ping()
    engine.ping()


def test_its_own_engine_is_closed_with_it() -> None:
    with ServiceHarness(make_echo()) as rig:
        engine = rig.engine
    with pytest.raises(EngineError):
        engine.ping()
