"""The safe state in one service: who is made safe, what is refused, and what passes."""

from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from durapy_core import BackgroundContext, Command, Context, Controller, Service, on
from durapy_core.aftermath import causes_of, receipts_of, tree_of
from durapy_core.engines.base import COMMANDS, SAFETY, STATUS
from durapy_core.engines.memory import MemoryEngine
from durapy_core.engines.safe_state import SafeState
from durapy_core.entry import CLEAR_SAFE_STATE, SAFE_STATE
from durapy_core.errors import RegistrationError
from durapy_core.fleet import Heard
from durapy_core.patience import StoppedWaitingError
from durapy_core.receipt import Outcome, Receipt
from durapy_core.replica import Replica, ReplicaOptions
from durapy_core.safe_state import SafetyReport, clear_safe_state, enter_safe_state, load_safety
from durapy_core.status import SafeAnswer, ServiceState
from durapy_core.testing import ServiceHarness
from tests.support.fickle_engine import FickleEngine
from tests.support.log_lines import logged
from tests.support.vocabulary import BeginCommand, EchoCommand, FinishCommand, HintCommand

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 30


class OpenValveCommand(Command, type="TEST_OPEN_VALVE", actuates=True):
    """Moves something."""

    text: str = ""


class Valve:
    """A service that writes down what happens to its valve."""

    def __init__(self, *, fails: bool = False) -> None:
        self.told: list[str] = []
        self.fails = fails
        self.service = Service("valve")
        self.service.on(OpenValveCommand)(lambda command, _ctx: self.tell(f"open {command.text}"))
        self.service.on(HintCommand)(lambda command, _ctx: self.tell(f"hint {command.text}"))
        self.service.on_start(lambda _ctx: self.tell("started"))
        self.service.on_safe_state(self.close)

        class Reward(Controller):
            def __init__(controller, _start: BeginCommand, ctx: Context) -> None:  # noqa: N805
                self.tell("restored" if ctx.restored else "began")

            @on(EchoCommand)
            def hear(controller, echo: EchoCommand, _ctx: Context) -> None:  # noqa: N805
                self.tell(f"echo {echo.text}")

            def stop(controller, ctx: Context) -> None:  # noqa: N805
                self.tell(f"stopped: {ctx.reason}")

        self.service.session(Reward, begins=BeginCommand, ends=FinishCommand)

    def tell(self, text: str) -> None:
        self.told.append(text)

    def close(self, _ctx: object) -> None:
        if self.fails:
            raise RuntimeError("the valve is stuck")
        self.tell("closed")

    def run(self, engine: MemoryEngine | None = None, *, raises: bool = True) -> ServiceHarness:
        return ServiceHarness(self.service, engine=engine, raises=raises)


@pytest.fixture
def valve() -> Valve:
    return Valve()


def publish(*rigs: ServiceHarness) -> None:
    for rig in rigs:
        status = rig.status
        rig.engine.put(STATUS, f"{status.service}/{status.replica}", status.model_dump_json())


def outcomes(rig: ServiceHarness) -> list[tuple[str | None, Outcome]]:
    types = {entry.key: entry.type for entry in rig.entries()}
    return [(types.get(receipt.key), receipt.outcome) for receipt in rig.receipts()]


def receipts_of_marker(rig: ServiceHarness) -> list[Receipt]:
    markers = {entry.key for entry in rig.entries() if entry.type == SAFE_STATE}
    return [receipt for receipt in rig.receipts() if receipt.key in markers]


def test_entering_calls_the_handler_and_its_receipt_says_that_it_is_safe(valve: Valve) -> None:
    with valve.run() as rig:
        rig.enter_safe_state("the animal is caught")
        (receipt,) = receipts_of_marker(rig)
        answer = rig.status.safe_state

    assert valve.told == ["started", "closed"]
    assert (receipt.service, receipt.outcome) == ("valve", Outcome.DONE)
    assert receipt.took_s is not None
    assert receipt.wait_s is not None
    assert answer is not None
    assert (answer.state, answer.took_s) == ("safe", receipt.took_s)


def test_entering_again_has_the_service_made_safe_again(valve: Valve) -> None:
    with valve.run() as rig:
        rig.enter_safe_state()
        rig.enter_safe_state()

        assert valve.told == ["started", "closed", "closed"]
        assert len(receipts_of_marker(rig)) == 2


def test_a_handler_that_fails_is_a_failed_receipt_and_a_fault() -> None:
    valve = Valve(fails=True)
    others: list[str] = []
    valve.service.on_safe_state(lambda _ctx: others.append("called all the same"))
    with valve.run(raises=False) as rig:
        rig.enter_safe_state()
        (receipt,) = receipts_of_marker(rig)
        status = rig.status
        rig.clear_safe_state()
        afterwards = rig.status

    assert receipt.outcome is Outcome.FAILED
    assert receipt.text == "RuntimeError: the valve is stuck"
    assert status.fault == "could not be made safe: RuntimeError: the valve is stuck"
    assert others == ["called all the same"]
    assert afterwards.fault is None
    assert [failure.what for failure in rig.failures] == ["Valve.close"]


def test_in_the_safe_state_only_what_actuates_and_begins_is_refused(valve: Valve) -> None:
    with valve.run() as rig:
        rig.send(BeginCommand())
        rig.run_until_idle()
        rig.enter_safe_state()
        rig.send(OpenValveCommand())
        rig.send(HintCommand(text="passes"))
        rig.send(EchoCommand(text="passes"))
        rig.send(FinishCommand())
        rig.send(BeginCommand())
        rig.run_until_idle()
        refused = [receipt for receipt in rig.receipts() if receipt.outcome is Outcome.REFUSED]

    assert valve.told[1:] == ["began", "closed", "hint passes", "echo passes", "stopped: ended"]
    assert [receipt.text for receipt in refused] == [
        "(safe state) it is engaged; clear it first",
        "(safe state) it is engaged; clear it first",
    ]


def test_the_flag_acts_at_once_on_what_was_sent_before(valve: Valve) -> None:
    with valve.run() as rig:
        rig.send(OpenValveCommand(text="sent before"))
        rig.enter_safe_state()
        rig.run_until_idle()

        assert valve.told == ["started", "closed"]
        assert outcomes(rig)[-1] == ("TEST_OPEN_VALVE", Outcome.REFUSED)


def test_what_was_sent_between_stays_refused_after_clearing_and_what_is_sent_then_is_not(
    valve: Valve,
) -> None:
    with valve.run() as rig:
        rig.send(OpenValveCommand(text="before"))
        enter_safe_state(rig.engine, by="test")
        rig.send(OpenValveCommand(text="between"))
        rig.send(BeginCommand())
        clear_safe_state(rig.engine, by="test")
        rig.send(OpenValveCommand(text="after"))
        rig.run_until_idle()
        refused = [receipt.text for receipt in rig.receipts() if receipt.text]

    assert valve.told == ["started", "open before", "open after"]
    assert refused == ["(safe state) it was sent while that was engaged"] * 2


def test_where_the_cursor_lies_between_the_markers_is_kept_across_a_restart(valve: Valve) -> None:
    with valve.run() as rig:
        rig.enter_safe_state()
        rig.run_until_idle()
        rig.send(OpenValveCommand(text="between"))
        rig.restart()
        clear_safe_state(rig.engine, by="test")
        rig.send(OpenValveCommand(text="after"))
        rig.run_until_idle()

    assert [told for told in valve.told if told.startswith("open")] == ["open after"]


def test_a_clearing_that_its_thread_has_not_heard_yet_counts_from_its_place_in_the_log(
    valve: Valve,
) -> None:
    with valve.run() as rig:
        rig.enter_safe_state()
        clear_safe_state(rig.engine, by="test")
        rig.send(OpenValveCommand(text="after"))
        rig.run_until_idle()

    assert valve.told[-1] == "open after"


def test_where_a_marker_may_have_been_missed_what_actuates_is_refused_until_the_next_one(
    valve: Valve,
) -> None:
    with valve.run() as rig:
        rig.send(HintCommand())
        rig.run_until_idle()
        enter_safe_state(rig.engine, by="test")
        rig.engine.trim(COMMANDS, keep=0)
        rig.send(OpenValveCommand(text="between"))
        clear_safe_state(rig.engine, by="test")
        rig.send(OpenValveCommand(text="after"))
        rig.restart()
        rig.run_until_idle()

    assert [told for told in valve.told if told.startswith("open")] == ["open after"]


def test_a_service_that_starts_in_the_safe_state_is_made_safe_after_on_start(valve: Valve) -> None:
    engine = MemoryEngine()
    enter_safe_state(engine, by="test")
    with valve.run(engine) as rig:
        rig.send(OpenValveCommand())
        rig.run_until_idle()

        assert valve.told == ["started", "closed"]
        assert len(receipts_of_marker(rig)) == 1


@pytest.mark.parametrize("end", ["order", "death"])
def test_a_session_is_not_restored_until_the_safe_state_is_cleared(end: str, valve: Valve) -> None:
    with valve.run() as rig:
        rig.send(BeginCommand())
        rig.run_until_idle()
        rig.enter_safe_state()
        rig.restart() if end == "order" else rig.crash()
        rig.send(EchoCommand(text="between"))
        rig.run_until_idle()
        meanwhile = list(valve.told)
        clear_safe_state(rig.engine, by="test")
        rig.send(EchoCommand(text="after"))
        rig.run_until_idle()
        refused = [receipt for receipt in rig.receipts() if receipt.outcome is Outcome.REFUSED]
        fault = rig.status.fault

    assert "restored" not in meanwhile
    assert [told for told in valve.told if told.startswith(("restored", "echo"))] == [
        "restored",
        "echo after",
    ]
    assert [receipt.text for receipt in refused] == [
        "(safe state) the session goes on without its controller until that is cleared"
    ]
    assert fault is None


def test_a_held_session_can_be_ended_and_is_not_restored_afterwards(valve: Valve) -> None:
    with valve.run() as rig:
        rig.send(BeginCommand())
        rig.run_until_idle()
        rig.enter_safe_state()
        rig.restart()
        rig.send(FinishCommand())
        rig.run_until_idle()
        assert not rig.in_session
        clear_safe_state(rig.engine, by="test")
        rig.send(BeginCommand())
        rig.run_until_idle()

        assert "restored" not in valve.told
        assert outcomes(rig)[-2:] == [("TEST_FINISH", Outcome.DONE), ("TEST_BEGIN", Outcome.DONE)]


def test_a_late_restore_keeps_the_receipts_that_are_not_committed_yet(valve: Valve) -> None:
    harness = ServiceHarness(valve.service, options=ReplicaOptions(commit_s=60, lease_s=0.1))
    with harness as rig:
        rig.send(BeginCommand())
        rig.run_until_idle()
        rig.enter_safe_state()
        rig.crash()
        rig.send(HintCommand(text="one"))
        clear_safe_state(rig.engine, by="test")
        rig.send(HintCommand(text="two"))
        rig.run_until_idle()

        hints = [outcome for kind, outcome in outcomes(rig) if kind == "TEST_HINT"]
        assert hints == [Outcome.DONE, Outcome.DONE]


def test_a_standby_records_it_and_does_not_act_until_it_leads() -> None:
    engine, leading, waiting = MemoryEngine(), Valve(), Valve()
    standby = Replica(waiting.service, engine, ReplicaOptions(name="second"))
    with leading.run(engine) as rig:
        standby.stop()
        with pytest.raises(StoppedWaitingError):
            standby.startup()
        standby.stopping = False
        rig.enter_safe_state()
        standby.safety.look(0)
        said = standby.status().safe_state
        meanwhile = list(waiting.told)
    standby.turn(LIMIT_S)

    assert said is not None
    assert said.state == "waiting"
    assert meanwhile == []
    assert waiting.told == ["started", "closed"]
    standby.shutdown()


def test_a_record_of_that_type_that_durapy_did_not_write_is_not_the_safe_state(
    valve: Valve,
) -> None:
    with valve.run() as rig, logged() as lines:
        rig.send_raw(SAFE_STATE, '{"reason": "by hand"}')
        rig.send(OpenValveCommand(text="all the same"))
        rig.enter_safe_state()
        rig.send_raw(CLEAR_SAFE_STATE, "{}")
        rig.send(OpenValveCommand(text="refused"))
        rig.run_until_idle()

        assert rig.engine.safe_state().engaged

    assert valve.told == ["started", "closed"]
    assert sum("means nothing" in line["message"] for line in lines) == 2


def test_a_handler_that_waits_does_not_delay_it() -> None:
    began, closed, service = Event(), Event(), Service("slow")

    @service.on(HintCommand)
    def work(_hint: HintCommand, _ctx: Context) -> None:
        began.set()
        assert closed.wait(LIMIT_S)

    service.on_safe_state(lambda _ctx: closed.set())
    with ServiceHarness(service) as rig:
        rig.send(HintCommand())
        running = Thread(target=rig.run_until_idle)
        running.start()
        assert began.wait(LIMIT_S)
        rig.enter_safe_state()
        running.join(LIMIT_S)

        # Which of the two receipts comes first is the threads' business.
        assert set(outcomes(rig)) == {(SAFE_STATE, Outcome.DONE), ("TEST_HINT", Outcome.DONE)}


def test_it_cancels_a_wait_for_confirmation() -> None:
    asking, answers, service = Event(), [], Service("asker", sends=[EchoCommand])
    hearer = Service("hearer")
    hearer.on(EchoCommand)(lambda _echo, _ctx: None)

    def ask(task: BackgroundContext) -> None:
        asking.set()
        answers.append(task.send_and_confirm(EchoCommand(), services=["hearer"], timeout_s=LIMIT_S))

    service.on(HintCommand)(lambda _hint, ctx: ctx.spawn(ask))
    engine = MemoryEngine()
    with ServiceHarness(service, engine=engine) as rig, ServiceHarness(hearer, engine=engine) as it:
        publish(it)
        rig.send(HintCommand())
        rig.run_until_idle()
        assert asking.wait(LIMIT_S)
        rig.run_until(lambda: bool(rig.records(EchoCommand)))
        rig.enter_safe_state()
        rig.run_until(lambda: bool(answers))

    assert {str(answer) for answer in answers[0].answers.values()} == {"unknown"}


def test_a_store_that_lost_the_safe_state_is_told_of_it_again(valve: Valve) -> None:
    engine = FickleEngine()
    with valve.run(engine) as rig:
        rig.enter_safe_state()
        engine.lose_everything()
        rig.run_until_idle()
        engine.away, engine.back_after = True, 1
        rig.run_until_idle()

        assert engine.safe_state().engaged
        assert engine.page(SAFETY, limit=1)[0].sender == "valve"
        assert valve.told == ["started", "closed"]


def test_the_report_names_all_that_are_up_and_what_each_answered(valve: Valve) -> None:
    engine = MemoryEngine()
    plain = Service("plain")
    plain.on(HintCommand)(lambda _hint, _ctx: None)
    with valve.run(engine) as rig, ServiceHarness(plain, engine=engine) as other:
        assert load_safety(engine).model_dump() == {
            "engaged": False,
            "key": None,
            "since": None,
            "by": None,
            "reason": "",
            "services": (),
        }
        publish(rig, other)
        enter_safe_state(engine, by="cli:anna", reason="smoke \ud800")
        waiting = load_safety(engine)
        rig.hear_safe_state()
        publish(rig, other)
        answered = load_safety(engine)

    assert (waiting.by, waiting.engaged) == ("cli:anna", True)
    assert waiting.reason == "smoke ?"
    assert waiting.key == answered.key
    assert [(row.service, row.state) for row in waiting.services] == [
        ("plain", "none"),
        ("valve", "waiting"),
    ]
    assert [(row.service, row.state) for row in answered.services] == [
        ("plain", "none"),
        ("valve", "safe"),
    ]


@pytest.mark.parametrize(
    ("change", "listed"),
    [
        ({}, ["down"]),
        ({"safe_state": SafeAnswer(key="s1", state="waiting")}, ["down"]),
        ({"safe_state": SafeAnswer(key="s1", state="safe")}, ["safe"]),
        ({"state": ServiceState.STOPPED}, []),
        ({"makes_safe": False}, []),
    ],
)
def test_the_report_names_what_died_and_may_have_left_something_on(
    change: dict[str, Any], listed: list[str], valve: Valve
) -> None:
    with valve.run() as rig:
        alive = rig.status
    gone = Heard(status=alive.model_copy(update={"safe_state": None, **change}), age_s=60)

    report = SafetyReport.of(SafeState(engaged=True, key="s1"), None, [gone])

    assert [row.state for row in report.services] == listed


def test_a_marker_has_no_cause_and_is_no_effect_in_the_log_of_commands(valve: Valve) -> None:
    with valve.run() as rig:
        rig.enter_safe_state()
        (marker,) = rig.entries()

        # Its cause is a key of the log `safety`, and the same here: the first of either log.
        assert marker.cause == marker.key
        assert causes_of(rig.engine, marker) == []
        assert list(tree_of(rig.engine, marker.key)) == []
        assert [receipt.service for receipt in receipts_of(rig.engine, marker.key)] == ["valve"]


@pytest.mark.parametrize("wire_type", [SAFE_STATE, CLEAR_SAFE_STATE, "LOG_LOST_TAIL"])
def test_no_command_may_have_a_reserved_type(wire_type: str) -> None:
    with pytest.raises(RegistrationError, match=f"{wire_type} is DuraPy's own"):
        type("OwnCommand", (Command,), {}, type=wire_type)


def test_a_handler_that_cannot_be_called_is_refused_at_once() -> None:
    def close() -> None:
        """Take no context."""

    wrong: Callable[..., None] = close
    with pytest.raises(RegistrationError, match="cannot be called with"):
        Service("valve").on_safe_state(wrong)
