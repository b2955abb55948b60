"""Sessions: from the beginning to the ending command, over failures and restarts."""

from dataclasses import replace
from threading import Event
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from durapy_core import BackgroundContext, Context, Controller, Service, on
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import Entry
from durapy_core.errors import SessionError
from durapy_core.kept import Kept
from durapy_core.testing import ServiceHarness
from tests.support.vocabulary import BeginCommand, EchoCommand, FinishCommand, HintCommand

LIMIT_S = 10


class Story(Controller):
    """Writes down what happens to it."""

    told: ClassVar[list[str]] = []

    def __init__(self, start: BeginCommand, ctx: Context) -> None:
        self.name = start.name
        self.tell("restored" if ctx.restored else "began")
        if self.name == "broken" or (ctx.restored and self.name == "breaks later"):
            raise ValueError(self.name)

    @on(HintCommand)
    def hint(self, command: HintCommand, ctx: Context) -> None:
        self.tell(command.text)
        if command.text == "fail":
            raise ValueError("fail")

    def stop(self, ctx: Context) -> None:
        self.tell(f"stopped: {ctx.reason}")

    def tell(self, text: str) -> None:
        self.told.append(f"{self.name} {text}")


class Farewell(Story):
    """Hears its own end as well."""

    @on(FinishCommand)
    def finish(self, command: FinishCommand, ctx: Context) -> None:
        ctx.send(EchoCommand(text="last words"))
        self.tell("finishing")

    def stop(self, ctx: Context) -> None:
        ctx.send(EchoCommand(text="very last words"))
        super().stop(ctx)


class Passing(Story):
    """Is not built again."""

    restore = False


@pytest.fixture(autouse=True)
def told() -> list[str]:
    Story.told.clear()
    return Story.told


def make_service(controller: type[Story] = Story) -> Service:
    service = Service("rig", sends=[EchoCommand])
    service.session(controller, begins=BeginCommand, ends=FinishCommand)
    return service


def test_a_controller_hears_commands_from_its_beginning_to_its_end(told: list[str]) -> None:
    with ServiceHarness(make_service()) as rig:
        rig.send(HintCommand(text="too early"))
        rig.send(BeginCommand(name="a"))
        rig.send(HintCommand(text="in time"))
        rig.send(FinishCommand())
        rig.send(HintCommand(text="too late"))
        rig.run_until_idle()

        assert told == ["a began", "a in time", "a stopped: ended"]
        assert not rig.in_session


def test_each_session_has_a_controller_of_its_own(told: list[str]) -> None:
    with ServiceHarness(make_service()) as rig:
        for name in ("a", "b"):
            rig.send(BeginCommand(name=name))
            rig.send(HintCommand(text="heard"))
            rig.send(FinishCommand())
        rig.run_until_idle()

    assert told == [
        *("a began", "a heard", "a stopped: ended"),
        *("b began", "b heard", "b stopped: ended"),
    ]


def test_a_second_beginning_is_ignored_while_a_session_is_open(told: list[str]) -> None:
    with ServiceHarness(make_service()) as rig:
        rig.send(BeginCommand(name="a"))
        rig.send(BeginCommand(name="b"))
        rig.send(HintCommand(text="heard"))
        rig.run_until_idle()

        assert told == ["a began", "a heard"]


def test_an_end_without_a_session_is_ignored(told: list[str]) -> None:
    with ServiceHarness(make_service()) as rig:
        rig.send(FinishCommand())
        rig.run_until_idle()

        assert told == []
        assert rig.status.failed == 0


def test_the_ending_command_is_heard_before_the_stop_and_both_number_on(told: list[str]) -> None:
    with ServiceHarness(make_service(Farewell)) as rig:
        rig.send(BeginCommand(name="a"))
        end = rig.send(FinishCommand())
        rig.run_until_idle()

        assert told == ["a began", "a finishing", "a stopped: ended"]
        sent = [(r.entry.cause, r.entry.n) for r in rig.records(EchoCommand)]
        assert sent == [(end.key, 1), (end.key, 2)]


def test_what_fails_while_a_session_ends_does_not_keep_it_open() -> None:
    class Stumbling(Farewell):
        def finish(self, command: FinishCommand, ctx: Context) -> None:
            raise ValueError("finish")

        def stop(self, ctx: Context) -> None:
            raise ValueError("stop")

    with ServiceHarness(make_service(Stumbling), raises=False) as rig:
        rig.send(BeginCommand())
        rig.send(FinishCommand())
        rig.run_until_idle()

        assert [str(failure.error) for failure in rig.failures] == ["finish", "stop"]
        assert not rig.in_session
        assert rig.status.failed == 1


def test_a_constructor_that_fails_begins_no_session(told: list[str]) -> None:
    with ServiceHarness(make_service(), raises=False) as rig:
        rig.send(BeginCommand(name="broken"))
        rig.send(HintCommand(text="unheard"))
        rig.run_until_idle()

        assert told == ["broken began"]
        assert not rig.in_session
        assert [str(failure.error) for failure in rig.failures] == ["broken"]

        rig.send(BeginCommand(name="whole"))
        rig.run_until_idle()

        assert rig.controller(Story).name == "whole"


def test_work_that_a_failing_constructor_spawned_is_ended() -> None:
    ended = Event()

    def work(task: BackgroundContext) -> None:
        task.wait(LIMIT_S)
        ended.set()

    class Stumbling(Story):
        def __init__(self, start: BeginCommand, ctx: Context) -> None:
            ctx.spawn(work)
            raise ValueError("after all")

    with ServiceHarness(make_service(Stumbling), raises=False) as rig:
        rig.send(BeginCommand())
        rig.run_until_idle()

        assert ended.is_set()


def test_a_method_that_fails_leaves_the_session_open(told: list[str]) -> None:
    with ServiceHarness(make_service(), raises=False) as rig:
        rig.send(BeginCommand(name="a"))
        rig.send(HintCommand(text="fail"))
        rig.send(HintCommand(text="go on"))
        rig.run_until_idle()

        assert told == ["a began", "a fail", "a go on"]
        assert (rig.status.handled, rig.status.failed) == (2, 1)


def test_background_work_of_a_session_ends_before_its_stop() -> None:
    order: list[str] = []

    class Working(Story):
        def __init__(self, start: BeginCommand, ctx: Context) -> None:
            super().__init__(start, ctx)
            ctx.spawn(self.work)

        def work(self, task: BackgroundContext) -> None:
            task.wait(LIMIT_S)
            task.send(EchoCommand(text="last"))
            order.append("work")

        def stop(self, ctx: Context) -> None:
            order.append("stop")
            with pytest.raises(SessionError, match="is ending"):
                ctx.spawn(self.work)

    with ServiceHarness(make_service(Working)) as rig:
        begin = rig.send(BeginCommand())
        rig.send(FinishCommand())
        rig.run_until_idle()

        assert order == ["work", "stop"]
        assert [r.entry.cause for r in rig.records(EchoCommand)] == [begin.key]


def test_a_stopped_service_leaves_the_session_open_and_takes_it_up_again(told: list[str]) -> None:
    with ServiceHarness(make_service()) as rig:
        begin = rig.send(BeginCommand(name="a"))
        rig.send(HintCommand(text="before"))
        rig.run_until_idle()
        rig.restart()
        rig.send(HintCommand(text="after"))
        rig.run_until_idle()

        session = rig.status.session
        assert told == ["a began", "a before", "a stopped: shutdown", "a restored", "a after"]
        assert session is not None
        assert (session.key, session.label, session.type) == (begin.key, "a", "TEST_BEGIN")
        assert session.since == begin.sent_at

        rig.restart()
        rig.send(FinishCommand())
        rig.run_until_idle()
        rig.restart()

        assert told[5:] == ["a stopped: shutdown", "a restored", "a stopped: ended"]
        assert not rig.in_session


def test_what_came_while_the_service_was_down_reaches_the_restored_controller(
    told: list[str],
) -> None:
    service = make_service()
    first = ServiceHarness(service)
    with first as rig:
        rig.send(BeginCommand(name="a"))
        rig.run_until_idle()
        rig.send(HintCommand(text="missed"))
        rig.restart()
        rig.run_until_idle()

        assert told == ["a began", "a stopped: shutdown", "a restored", "a missed"]


def test_a_session_that_ended_meanwhile_is_not_restored(told: list[str]) -> None:
    with ServiceHarness(make_service()) as rig:
        rig.send(BeginCommand(name="a"))
        rig.run_until_idle()
        rig.send(HintCommand(text="missed"))
        rig.send(BeginCommand(name="ignored, as the other is open"))
        rig.send_raw("TEST_FINISH", "{")
        for _ in range(300):
            rig.send(EchoCommand())
        rig.send(FinishCommand())
        rig.send(BeginCommand(name="b"))
        rig.restart()
        rig.run_until_idle()

        assert told == ["a began", "a stopped: shutdown", "b began"]
        assert rig.controller(Story).name == "b"


def test_an_end_that_cannot_be_read_is_no_end(told: list[str]) -> None:
    with ServiceHarness(make_service()) as rig:
        rig.send(BeginCommand(name="a"))
        rig.run_until_idle()
        rig.send_raw("TEST_FINISH", '{"broken":')
        rig.restart()
        rig.run_until_idle()

        assert rig.controller(Story).name == "a"
        assert rig.status.invalid == 1


def test_a_controller_may_opt_out_of_being_restored(told: list[str]) -> None:
    with ServiceHarness(make_service(Passing)) as rig:
        rig.send(BeginCommand(name="a"))
        rig.run_until_idle()
        rig.restart()
        rig.send(HintCommand(text="unheard"))
        rig.send(BeginCommand(name="ignored"))
        rig.run_until_idle()

        assert rig.in_session
        assert told == ["a began", "a stopped: shutdown"]

        rig.send(FinishCommand())
        rig.send(BeginCommand(name="b"))
        rig.run_until_idle()

        assert rig.controller(Passing).name == "b"


def test_a_controller_that_cannot_be_restored_leaves_its_session_open_without_it(
    told: list[str],
) -> None:
    with ServiceHarness(make_service(), raises=False) as rig:
        rig.send(BeginCommand(name="breaks later"))
        rig.run_until_idle()
        rig.restart()
        rig.send(HintCommand(text="unheard"))
        rig.run_until_idle()

        assert [str(failure.error) for failure in rig.failures] == ["breaks later"]
        assert rig.in_session
        with pytest.raises(SessionError, match="no session with a Story is open"):
            rig.controller(Story)

        rig.send(FinishCommand())
        rig.run_until_idle()

        assert not rig.in_session


def test_sends_of_a_restored_constructor_are_new_and_have_no_number() -> None:
    class Greeting(Story):
        def __init__(self, start: BeginCommand, ctx: Context) -> None:
            super().__init__(start, ctx)
            ctx.send(EchoCommand(text="again" if ctx.restored else "hello"))

    with ServiceHarness(make_service(Greeting)) as rig:
        cause = rig.send(BeginCommand()).key
        rig.run_until_idle()
        rig.restart()

        sent = [(r.entry.cause, r.entry.n) for r in rig.records(EchoCommand)]
        assert sent == [(cause, 1), (cause, None)]


class Expected:
    """What a service should do, record by record, by the plainest means."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.pending: list[str] = []
        self.state = "closed"

    def turn(self) -> None:
        for record in self.pending:
            if record == "begin" and self.state == "closed":
                self.state = "open"
            elif record == "finish":
                self.state = "closed"
            elif record not in ("begin", "finish") and self.state == "open":
                self.told.append(record)
        self.pending.clear()

    def restart(self) -> None:
        if self.state == "open" and "finish" in self.pending:
            self.state = "over"  # until its end comes round


@settings(deadline=None)
@given(st.lists(st.sampled_from(["begin", "finish", "hint", "hint", "turn", "restart"])))
def test_whatever_happens_a_controller_hears_what_it_should(actions: list[str]) -> None:
    Story.told.clear()
    expected = Expected()
    with ServiceHarness(make_service()) as rig:
        for number, action in enumerate([*actions, "turn"]):
            match action:
                case "turn":
                    rig.run_until_idle()
                    expected.turn()
                case "restart":
                    rig.restart()
                    expected.restart()
                case "begin":
                    rig.send(BeginCommand(name="a"))
                    expected.pending.append("begin")
                case "finish":
                    rig.send(FinishCommand())
                    expected.pending.append("finish")
                case _:
                    rig.send(HintCommand(text=f"hint {number}"))
                    expected.pending.append(f"hint {number}")

        heard = [text.removeprefix("a ") for text in Story.told if "hint" in text]
        assert heard == expected.told
        assert rig.in_session == (expected.state != "closed")


def test_the_beginning_is_kept_whole_so_that_it_may_be_trimmed_from_the_log() -> None:
    begin = Entry(
        key="7-1",
        sent_at_s=1.25,
        type="TEST_BEGIN",
        body='{"name":"ä\\n"}',
        sender="webserver:ada",
        cause="6-0",
        n=3,
        id="x/1",
        sent_ns=12,
    )

    sent = replace(begin, key="7-2", cause="7-1", n=1)

    text = Kept(begin=begin, sends=(sent,)).to_text()

    assert Kept.from_text(text) == Kept(begin=begin, sends=(sent,))
    with pytest.raises(SessionError, match="cannot be read"):
        Kept.from_text("{")


def test_a_service_whose_session_changed_its_command_restores_nothing(told: list[str]) -> None:
    engine = MemoryEngine()
    changed = Service("rig")
    with ServiceHarness(make_service(), engine=engine) as rig:
        rig.send(BeginCommand(name="a"))
        rig.run_until_idle()
        changed.session(Controller, begins=EchoCommand, ends=FinishCommand)
    with ServiceHarness(changed, engine=engine) as later:
        assert not later.in_session
    with ServiceHarness(Service("rig"), engine=engine) as without:
        assert not without.in_session
