"""What is handed over again after a process died: once more, but never sent twice."""

from typing import TYPE_CHECKING

import pytest

from durapy_core import Context, Controller, Service, on
from durapy_core.engines.base import COMMANDS
from durapy_core.entry import START
from durapy_core.receipt import Outcome
from durapy_core.testing import ServiceHarness
from tests.support.fickle_engine import FickleEngine
from tests.support.vocabulary import BeginCommand, EchoCommand, FinishCommand, HintCommand

if TYPE_CHECKING:
    from collections.abc import Callable


class Killed(BaseException):
    """Ends the process in the middle of a handler: nothing of it is reported or saved."""


class Rig:
    """A service that sends three records for each hint, and can die at any of them."""

    def __init__(self, *, redeliver: bool = True) -> None:
        self.called: list[tuple[str, bool]] = []
        self.die_at: int | None = None
        self.say: Callable[[str, int], str] = lambda text, n: f"{text} {n}"
        self.service = Service("rig", sends=[EchoCommand])

        @self.service.on(HintCommand, redeliver=redeliver)
        def hear(command: HintCommand, ctx: Context) -> None:
            self.called.append((command.text, ctx.redelivered))
            for n in range(1, 4):
                self.die(n - 1)
                ctx.send(EchoCommand(text=self.say(command.text, n)))
            self.die(3)

    def die(self, place: int) -> None:
        if self.die_at == place:
            self.die_at = None
            raise Killed


def handle_and_die(rig: ServiceHarness) -> None:
    with pytest.raises(Killed):
        rig.run_until_idle()
    rig.crash()


def echoes(rig: ServiceHarness) -> list[str]:
    return [echo.text for echo in rig.commands(EchoCommand)]


@pytest.fixture(params=range(4))
def place(request: pytest.FixtureRequest) -> int:
    """After how many of its sends the handler dies."""
    return request.param  # type: ignore[no-any-return] # pytest types no parameters


def test_sends_of_a_handler_that_died_are_made_once(place: int) -> None:
    rig = Rig()
    with ServiceHarness(rig.service) as harness:
        harness.send(HintCommand(text="a"))
        rig.die_at = place
        handle_and_die(harness)
        harness.run_until_idle()

        assert rig.called == [("a", False), ("a", True)]
        assert echoes(harness) == ["a 1", "a 2", "a 3"]
        (receipt,) = harness.receipts()
        assert (receipt.outcome, receipt.redelivered) == (Outcome.DONE, True)


def test_a_send_that_was_made_before_returns_its_stored_record() -> None:
    rig = Rig()
    keys: list[str] = []

    @rig.service.on(EchoCommand)
    def dying(command: EchoCommand, ctx: Context) -> None:
        keys.extend(r.key for r in ctx.send_many([FinishCommand(), BeginCommand()]))
        rig.die(0)

    with ServiceHarness(rig.service) as harness:
        harness.send(EchoCommand())
        rig.die_at = 0
        handle_and_die(harness)
        harness.run_until_idle()

        assert keys[:2] == keys[2:]
        assert len(harness.entries()) == 3


def test_what_of_many_sends_was_not_made_is_sent_in_its_order() -> None:
    rig = Rig()
    service = Service("rig", sends=[EchoCommand])

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        ctx.send(EchoCommand(text="1"))
        rig.die(0)
        sent = ctx.send_many([EchoCommand(text="2"), EchoCommand(text="3")])
        assert [record.entry.n for record in sent] == [2, 3]
        rig.die(1)

    with ServiceHarness(service) as harness:
        harness.send(HintCommand())
        for place in (0, 1):
            rig.die_at = place
            handle_and_die(harness)
        harness.run_until_idle()

        assert echoes(harness) == ["1", "2", "3"]


def test_a_handler_that_sends_something_else_the_second_time_has_diverged() -> None:
    rig = Rig()
    with ServiceHarness(rig.service, raises=False) as harness:
        key = harness.send(HintCommand(text="a")).key
        rig.die_at = 1
        handle_and_die(harness)
        rig.say = lambda _text, n: f"other {n}"
        harness.run_until_idle()

        assert echoes(harness) == ["a 1"]
        (receipt,) = harness.receipts()
        assert receipt.outcome is Outcome.FAILED
        assert receipt.text.startswith(f"diverged: Send 1 of the handler of {key} was TEST_ECHO")


def test_several_deaths_change_nothing() -> None:
    rig = Rig()
    with ServiceHarness(rig.service) as harness:
        for text in "abc":
            harness.send(HintCommand(text=text))
        for place in (1, 2):
            rig.die_at = place
            handle_and_die(harness)
        harness.run_until_idle()

        assert echoes(harness) == [f"{text} {n}" for text in "abc" for n in (1, 2, 3)]
        assert [(r.outcome, r.redelivered) for r in harness.receipts()] == [
            (Outcome.DONE, True)
        ] * 3


def test_what_was_sent_after_the_death_is_not_redelivered() -> None:
    rig = Rig()
    with ServiceHarness(rig.service) as harness:
        harness.send(HintCommand(text="a"))
        rig.die_at = 0
        handle_and_die(harness)
        harness.send(HintCommand(text="b"))
        harness.run_until_idle()

        assert rig.called == [("a", False), ("a", True), ("b", False)]
        assert [receipt.redelivered for receipt in harness.receipts()] == [True, False]


def test_nothing_is_redelivered_after_an_end_in_order() -> None:
    rig = Rig()
    with ServiceHarness(rig.service) as harness:
        harness.send(HintCommand(text="a"))
        harness.restart()
        harness.run_until_idle()

        assert rig.called == [("a", False)]


def test_a_process_that_ends_in_order_before_it_came_so_far_hands_the_question_on() -> None:
    rig = Rig()
    with ServiceHarness(rig.service) as harness:
        harness.send(HintCommand(text="a"))
        rig.die_at = 2
        handle_and_die(harness)
        harness.restart()
        harness.restart()
        harness.run_until_idle()

        assert rig.called == [("a", False), ("a", True)]
        assert echoes(harness) == ["a 1", "a 2", "a 3"]
        progress = harness.engine.load_progress("rig")
        harness.run_until_idle()
        assert progress is not None
        assert progress.session is None


def test_a_handler_that_must_not_be_called_twice_is_not() -> None:
    rig = Rig(redeliver=False)
    with ServiceHarness(rig.service) as harness:
        keys = [harness.send(HintCommand(text=text)).key for text in "abc"]
        rig.die_at = 1
        handle_and_die(harness)
        harness.run_until_idle()

        assert rig.called == [("a", False), ("b", True), ("c", True)]
        assert [(r.key, str(r.outcome)) for r in harness.receipts()] == [
            *((keys[0], "interrupted"), (keys[1], "done"), (keys[2], "done"))
        ]
        assert harness.receipts()[0].text == "the process ended while handling it"


def test_of_those_that_must_not_be_called_twice_finished_ones_are_done() -> None:
    rig = Rig(redeliver=False)
    with ServiceHarness(rig.service) as harness:
        harness.send(HintCommand(text="a"))
        harness.send(HintCommand(text="b"))

        @rig.service.on(EchoCommand)
        def unheard(command: EchoCommand, ctx: Context) -> None:
            """Hear nothing of note."""

        harness.run_until_idle()
        harness.send(HintCommand(text="c"))
        rig.die_at = 0
        handle_and_die(harness)
        harness.run_until_idle()

        assert [text for text, _ in rig.called] == ["a", "b", "c"]
        assert [str(r.outcome) for r in harness.receipts()] == ["done", "done", "interrupted"]


def test_that_it_must_not_be_called_twice_outlives_an_end_in_order() -> None:
    rig = Rig(redeliver=False)
    with ServiceHarness(rig.service) as harness:
        harness.send(HintCommand(text="a"))
        rig.die_at = 0
        handle_and_die(harness)
        harness.restart()
        harness.restart()
        harness.run_until_idle()

        assert rig.called == [("a", False)]
        assert [str(r.outcome) for r in harness.receipts()] == ["interrupted"]


def test_a_mark_is_stored_before_the_handler_and_all_before_it_is_committed() -> None:
    rig = Rig(redeliver=False)
    engine = FickleEngine()
    with ServiceHarness(rig.service, engine=engine) as harness:
        seen: list[tuple[str | None, str]] = []

        def look(text: str, n: int) -> str:
            progress = engine.load_progress("rig")
            assert progress is not None
            seen.append((engine._leases["rig"].mark, progress.cursor))
            return text

        rig.say = look
        keys = [harness.send(HintCommand()).key for _ in range(2)]
        harness.run_until_idle()

        assert seen == [(keys[0], START)] * 3 + [(keys[1], keys[0])] * 3


class Marked(Controller):
    """Hears hints, and must not hear one twice."""

    heard: list[str] = []  # noqa: RUF012 (a test's notebook)

    @on(HintCommand, redeliver=False)
    def hint(self, command: HintCommand, ctx: Context) -> None:
        self.heard.append(command.text)
        if command.text == "die" and self.heard.count("die") == 1:
            raise Killed


def test_a_controllers_method_that_must_not_be_called_twice_is_not() -> None:
    Marked.heard.clear()
    service = Service("rig")
    service.session(Marked, begins=BeginCommand, ends=FinishCommand)
    with ServiceHarness(service) as harness:
        harness.send(BeginCommand())
        harness.send(HintCommand(text="die"))
        harness.send(HintCommand(text="go on"))
        handle_and_die(harness)
        harness.run_until_idle()

        assert Marked.heard == ["die", "go on"]


@pytest.mark.parametrize("position", range(4))
def test_a_record_that_ends_process_after_process_is_passed_over(position: int) -> None:
    texts = ["a", "b", "c"]
    texts.insert(position, "poison")
    service = Service("rig")
    heard: list[str] = []

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        heard.append(command.text)
        if command.text == "poison":
            raise Killed

    with ServiceHarness(service) as harness:
        harness.send_raw("NEVER_HEARD_OF", "{}")
        keys = {text: harness.send(HintCommand(text=text)).key for text in texts}
        while "poison" not in {text for text in texts if outcome_of(harness, keys[text])}:
            try:
                harness.run_until_idle()
            except Killed:
                harness.crash()
        harness.run_until_idle()

        assert outcome_of(harness, keys["poison"]) == "interrupted: crashed 3 times"
        assert 3 <= heard.count("poison") <= 4
        assert all(outcome_of(harness, keys[text]) == "done: " for text in "abc")
        assert [text for text in dict.fromkeys(heard) if text != "poison"] == ["a", "b", "c"]


def outcome_of(harness: ServiceHarness, key: str) -> str | None:
    """Return outcome and text of the one receipt of a record."""
    found = [f"{r.outcome}: {r.text}" for r in harness.receipts() if r.key == key]
    assert len(found) <= 1
    return found[0] if found else None


def test_a_process_that_dies_before_it_touches_a_record_costs_no_record() -> None:
    service = Service("rig")
    deaths = [Killed()] * 5
    heard: list[str] = []

    @service.on_start
    def die(ctx: object) -> None:
        if deaths and heard:
            raise deaths.pop()

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        heard.append(command.text)
        if len(heard) == 1:
            raise Killed

    with ServiceHarness(service) as harness:
        harness.send(HintCommand(text="a"))
        with pytest.raises(Killed):
            harness.run_until_idle()
        while deaths:
            with pytest.raises(Killed):
                harness.crash()
        harness.crash()
        harness.run_until_idle()

        assert heard == ["a", "a"]
        assert [str(r.outcome) for r in harness.receipts()] == ["done"]


def test_deaths_before_a_record_is_touched_do_not_count_against_it() -> None:
    service = Service("rig")
    heard: list[str] = []

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        heard.append(command.text)
        if len(heard) == 1:
            raise Killed

    with ServiceHarness(service) as harness:
        harness.send(HintCommand(text="a"))
        harness.crash()
        harness.crash()
        with pytest.raises(Killed):
            harness.run_until_idle()
        harness.crash()
        harness.run_until_idle()

        assert heard == ["a", "a"]
        assert [str(r.outcome) for r in harness.receipts()] == ["done"]


class Fragile(Controller):
    """Is built once and kills whoever builds it again."""

    built: list[bool] = []  # noqa: RUF012 (a test's notebook)

    def __init__(self, start: BeginCommand, ctx: Context) -> None:
        self.built.append(ctx.restored)
        if ctx.restored:
            raise Killed

    @on(HintCommand)
    def hint(self, command: HintCommand, ctx: Context) -> None:
        """Hear a hint."""


def test_a_restore_that_crashes_three_times_leaves_the_session_open_as_a_fault() -> None:
    Fragile.built.clear()
    service = Service("rig")
    service.session(Fragile, begins=BeginCommand, ends=FinishCommand)
    with ServiceHarness(service) as harness:
        harness.send(BeginCommand())
        harness.run_until_idle()
        hint = harness.send(HintCommand()).key
        for _ in range(3):
            with pytest.raises(Killed):
                harness.crash()
        harness.crash()
        harness.run_until_idle()

        assert Fragile.built == [False, True, True, True]
        assert harness.in_session
        assert harness.status.fault is not None
        assert "ended the process three times" in harness.status.fault
        assert outcome_of(harness, hint) is not None
        assert outcome_of(harness, hint).startswith("refused")  # type: ignore[union-attr]

        harness.send(FinishCommand())
        harness.run_until_idle()
        assert not harness.in_session
        assert harness.status.fault is None


class Greeter(Controller):
    """Sends from its constructor."""

    def __init__(self, start: BeginCommand, ctx: Context) -> None:
        if not ctx.restored:
            ctx.send(EchoCommand(text="only at the first time"))
        self.records = [ctx.send(EchoCommand(text="configure")).key]
        self.records += [
            r.key for r in ctx.send_many([EchoCommand(text="x"), EchoCommand(text="y")])
        ]


def greeting() -> Service:
    service = Service("rig", sends=[EchoCommand])
    service.session(Greeter, begins=BeginCommand, ends=FinishCommand)
    return service


@pytest.mark.parametrize("way", ["restart", "crash"])
def test_a_restored_constructor_gets_what_it_sent_instead_of_sending_it_again(way: str) -> None:
    with ServiceHarness(greeting()) as harness:
        harness.send(BeginCommand())
        harness.run_until_idle()
        first = harness.controller(Greeter).records
        getattr(harness, way)()
        getattr(harness, way)()

        assert harness.controller(Greeter).records == first
        assert echoes(harness) == ["only at the first time", "configure", "x", "y"]


def test_a_restored_constructor_gets_what_it_sent_although_that_was_removed_from_the_log() -> None:
    with ServiceHarness(greeting()) as harness:
        harness.send(BeginCommand())
        harness.run_until_idle()
        first = harness.controller(Greeter).records
        harness.engine.trim(COMMANDS, keep=0)
        harness.restart()

        assert harness.controller(Greeter).records == first
        assert echoes(harness) == []


def test_a_controller_that_is_not_built_yet_when_its_process_dies_sends_once() -> None:
    rig = Rig()

    class Dying(Greeter):
        def __init__(self, start: BeginCommand, ctx: Context) -> None:
            super().__init__(start, ctx)
            rig.die(0)

    service = Service("rig", sends=[EchoCommand])
    service.session(Dying, begins=BeginCommand, ends=FinishCommand)
    with ServiceHarness(service) as harness:
        harness.send(BeginCommand())
        rig.die_at = 0
        handle_and_die(harness)
        harness.run_until_idle()
        harness.restart()

        assert echoes(harness) == ["only at the first time", "configure", "x", "y"]


def test_the_state_that_is_kept_says_nothing_of_redelivery_once_that_is_over() -> None:
    rig = Rig()
    with ServiceHarness(rig.service) as harness:
        harness.send(HintCommand(text="a"))
        rig.die_at = 0
        handle_and_die(harness)
        harness.run_until_idle()
        harness.run_until_idle()

        progress = harness.engine.load_progress("rig")
        assert progress is not None
        assert (progress.session, progress.cursor) == (None, harness.engine.end(COMMANDS))
