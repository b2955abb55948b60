"""What is said of each record, and that saying so costs no round trip of its own."""

import pytest

from durapy_core import Context, Controller, Service, on
from durapy_core.engines.base import COMMANDS
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import NewEntry
from durapy_core.receipt import Outcome, Receipt
from durapy_core.status import RecordName
from durapy_core.testing import ServiceHarness
from tests.support.fickle_engine import FickleEngine
from tests.support.vocabulary import BeginCommand, EchoCommand, FinishCommand, HintCommand


class Listener(Controller):
    """Hears echoes while a session is open."""

    def __init__(self, start: BeginCommand, ctx: Context) -> None:
        if start.name == "broken":
            raise ValueError("broken")

    @on(EchoCommand)
    def echo(self, command: EchoCommand, ctx: Context) -> None:
        """Hear an echo."""


def make_service() -> Service:
    service = Service("rig")
    service.session(Listener, begins=BeginCommand, ends=FinishCommand)

    @service.on(HintCommand)
    def hear(command: HintCommand, ctx: Context) -> None:
        if command.text == "fail":
            raise ValueError("on  purpose")

    return service


def outcomes(rig: ServiceHarness) -> list[tuple[str, str]]:
    return [(receipt.key, str(receipt.outcome)) for receipt in rig.receipts()]


def only(rig: ServiceHarness) -> Receipt:
    (receipt,) = rig.receipts()
    return receipt


def test_a_handled_record_is_done_and_says_how_long_it_waited_and_took() -> None:
    with ServiceHarness(make_service()) as rig:
        key = rig.send(HintCommand()).key
        rig.run_until_idle()

        receipt = only(rig)
        assert (receipt.key, receipt.service, receipt.outcome) == (key, "rig", Outcome.DONE)
        assert (receipt.text, receipt.redelivered) == ("", False)
        assert receipt.wait_s is not None
        assert receipt.took_s is not None
        assert receipt.wait_s >= 0
        assert receipt.took_s >= 0


def test_a_failed_record_says_why() -> None:
    with ServiceHarness(make_service(), raises=False) as rig:
        rig.send(HintCommand(text="fail"))
        rig.run_until_idle()

        receipt = only(rig)
        assert (receipt.outcome, receipt.text) == (Outcome.FAILED, "ValueError: on purpose")
        assert receipt.took_s is not None


def test_a_record_that_does_not_fit_its_command_is_invalid() -> None:
    with ServiceHarness(make_service()) as rig:
        rig.send_raw("TEST_HINT", '{"text": 7}')
        rig.run_until_idle()

        receipt = only(rig)
        assert (receipt.outcome, receipt.took_s) == (Outcome.INVALID, None)
        assert "text: Input should be a valid string" in receipt.text


def test_what_a_service_does_not_handle_has_no_receipt_of_it() -> None:
    with ServiceHarness(make_service()) as rig:
        rig.send_raw("NEVER_HEARD_OF", "{}")
        rig.send_raw("NEVER_HEARD_OF", "{")
        rig.run_until_idle()

        assert rig.receipts() == []


def test_a_command_heard_only_in_sessions_has_no_receipt_outside_one() -> None:
    with ServiceHarness(make_service()) as rig:
        rig.send(EchoCommand())
        rig.send(FinishCommand())
        begin = rig.send(BeginCommand()).key
        echo = rig.send(EchoCommand()).key
        end = rig.send(FinishCommand()).key
        rig.send(EchoCommand())
        rig.run_until_idle()

        assert outcomes(rig) == [(begin, "done"), (echo, "done"), (end, "done")]


def test_a_second_begin_is_refused() -> None:
    with ServiceHarness(make_service()) as rig:
        first = rig.send(BeginCommand()).key
        second = rig.send(BeginCommand()).key
        rig.run_until_idle()

        assert outcomes(rig) == [(first, "done"), (second, "refused")]
        assert rig.receipts()[1].text == f"a session is open, {first}; end it first"
        assert (rig.status.handled, rig.status.skipped) == (1, 1)


def test_a_begin_whose_controller_raises_has_failed() -> None:
    with ServiceHarness(make_service(), raises=False) as rig:
        rig.send(BeginCommand(name="broken"))
        rig.run_until_idle()

        assert (only(rig).outcome, only(rig).text) == (Outcome.FAILED, "ValueError: broken")


def test_the_newest_record_that_failed_or_could_not_be_read_is_named() -> None:
    with ServiceHarness(make_service(), raises=False) as rig:
        assert (rig.status.last_failed, rig.status.last_invalid) == (None, None)
        for text in ("fail", "fail", "well"):
            rig.send(HintCommand(text=text))
        unreadable = rig.engine.append(COMMANDS, NewEntry(type="TEST_HINT", body='{"text": 1}'))
        rig.run_until_idle()

        failed = [each.key for each in rig.receipts() if each.outcome is Outcome.FAILED]
        assert rig.status.last_failed == RecordName(key=failed[-1], type="TEST_HINT")
        assert rig.status.last_invalid == RecordName(key=unreadable.key, type="TEST_HINT")
        assert (rig.status.failed, rig.status.invalid) == (2, 1)


def test_records_of_a_session_that_ended_while_the_service_was_down_are_interrupted() -> None:
    with ServiceHarness(make_service()) as rig:
        begin = rig.send(BeginCommand()).key
        rig.run_until_idle()
        echo = rig.send(EchoCommand()).key
        end = rig.send(FinishCommand()).key
        rig.restart()
        rig.run_until_idle()

        assert outcomes(rig) == [(begin, "done"), (echo, "interrupted"), (end, "done")]
        assert rig.receipts()[1].text == "the session ended while this service was down"


class Fleeting(Listener):
    """Is not built again."""

    restore = False


def test_records_of_a_session_without_its_controller_are_refused() -> None:
    service = Service("rig")
    service.session(Fleeting, begins=BeginCommand, ends=FinishCommand)
    with ServiceHarness(service) as rig:
        rig.send(BeginCommand())
        rig.run_until_idle()
        rig.restart()
        rig.send(EchoCommand())
        rig.run_until_idle()

        assert rig.receipts()[-1].outcome is Outcome.REFUSED
        assert "without its controller" in rig.receipts()[-1].text


def test_each_service_that_handles_a_record_gives_a_receipt() -> None:
    engine = MemoryEngine()
    other = Service("other")
    other.on(HintCommand)(lambda _command, _ctx: None)
    with (
        ServiceHarness(make_service(), engine=engine) as rig,
        ServiceHarness(other, engine=engine) as second,
    ):
        key = rig.send(HintCommand()).key
        rig.run_until_idle()
        second.run_until_idle()

        assert [(r.key, r.service) for r in rig.receipts()] == [(key, "rig"), (key, "other")]


def test_receipts_travel_with_the_next_read_in_the_order_of_their_records() -> None:
    engine = FickleEngine()
    with ServiceHarness(make_service(), engine=engine) as rig:
        engine.commits.clear()
        keys = [rig.send(HintCommand()).key for _ in range(100)]
        rig.run_until_idle()

        assert [receipt.key for receipt in rig.receipts()] == keys
        assert len(engine.commits) < len(keys) / 2
        assert [r.cause for commit in engine.commits for r in commit.receipts] == keys


def test_receipts_are_neither_lost_nor_doubled_while_the_store_is_away() -> None:
    engine = FickleEngine()
    with ServiceHarness(make_service(), engine=engine) as rig:
        keys = [rig.send(HintCommand()).key for _ in range(3)]
        rig.run_until(lambda: rig.status.handled == 3)
        engine.away, engine.back_after = True, 3
        rig.run_until_idle()

        assert [receipt.key for receipt in rig.receipts()] == keys


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_receipt_is_read_as_it_was_written(outcome: Outcome) -> None:
    engine = MemoryEngine()
    given = Receipt(
        key="7",
        service="rig",
        outcome=outcome,
        text="why",
        wait_s=0.5,
        took_s=1e-6,
        redelivered=True,
    )

    assert Receipt.from_entry(engine.append("receipts", given.to_entry())) == given
