"""Commands that are worth nothing later, and begins that nobody expects any more."""

from dataclasses import replace

import pytest

from durapy_core import Command, Context, Controller, Service, on
from durapy_core.engines.base import COMMANDS
from durapy_core.engines.memory import MemoryEngine
from durapy_core.testing import ServiceHarness
from tests.support.vocabulary import BeginCommand, FinishCommand, HintCommand


class UrgentCommand(Command, type="TEST_URGENT", max_age_s=10):
    """Is worth nothing later."""


class PatientBeginCommand(Command, type="TEST_PATIENT_BEGIN", max_age_s=3600):
    """Begins a session even if it is old."""


class UrgentFinishCommand(Command, type="TEST_URGENT_FINISH", max_age_s=10):
    """Ends a session, however old."""


class Hearing(Controller):
    """Hears urgent commands."""

    @on(UrgentCommand)
    def urgent(self, command: UrgentCommand, ctx: Context) -> None:
        """Hear it."""


def age(rig: ServiceHarness, key: str, by_s: float) -> None:
    """Let a record be older than it is."""
    assert isinstance(rig.engine, MemoryEngine)
    entries = rig.engine._log(COMMANDS).entries
    place = int(key) - 1
    entries[place] = replace(entries[place], sent_at_s=entries[place].sent_at_s - by_s)


def outcomes(rig: ServiceHarness) -> list[str]:
    return [str(receipt.outcome) for receipt in rig.receipts()]


def make_service() -> Service:
    service = Service("rig")
    service.on(UrgentCommand)(lambda _command, _ctx: None)
    service.on(HintCommand)(lambda _command, _ctx: None)
    return service


@pytest.mark.parametrize(("by_s", "outcome"), [(9.0, "done"), (11.0, "expired")])
def test_a_record_older_than_its_command_allows_is_expired(by_s: float, outcome: str) -> None:
    with ServiceHarness(make_service()) as rig:
        age(rig, rig.send(UrgentCommand()).key, by_s)
        rig.run_until_idle()

        assert outcomes(rig) == [outcome]


def test_an_expired_record_says_how_old_it_was_and_no_handler_saw_it() -> None:
    with ServiceHarness(make_service()) as rig:
        age(rig, rig.send(UrgentCommand()).key, 11.0)
        rig.run_until_idle()

        (receipt,) = rig.receipts()
        assert receipt.text.startswith("11.")
        assert receipt.text.endswith("s old, the limit is 10 s")
        assert receipt.took_s is None
        assert (rig.status.skipped, rig.status.handled) == (1, 0)


def test_a_command_without_a_limit_is_never_too_old() -> None:
    with ServiceHarness(make_service()) as rig:
        age(rig, rig.send(HintCommand()).key, 10.0**6)
        rig.run_until_idle()

        assert outcomes(rig) == ["done"]


def test_a_controllers_method_is_spared_what_is_too_old() -> None:
    service = Service("rig")
    service.session(Hearing, begins=BeginCommand, ends=FinishCommand)
    with ServiceHarness(service) as rig:
        rig.send(BeginCommand())
        age(rig, rig.send(UrgentCommand()).key, 11.0)
        rig.run_until_idle()

        assert outcomes(rig) == ["done", "expired"]


def test_a_begin_is_expired_after_a_minute() -> None:
    service = Service("rig")
    service.session(Hearing, begins=BeginCommand, ends=FinishCommand)
    with ServiceHarness(service) as rig:
        age(rig, rig.send(BeginCommand()).key, 61.0)
        rig.run_until_idle()

        assert outcomes(rig) == ["expired"]
        assert not rig.in_session


def test_a_begin_with_a_limit_of_its_own_keeps_it() -> None:
    service = Service("rig")
    service.session(Hearing, begins=PatientBeginCommand, ends=FinishCommand)
    with ServiceHarness(service) as rig:
        age(rig, rig.send(PatientBeginCommand()).key, 600.0)
        rig.run_until_idle()

        assert rig.in_session


def test_an_end_is_never_too_old() -> None:
    service = Service("rig")
    service.session(Hearing, begins=BeginCommand, ends=UrgentFinishCommand)
    with ServiceHarness(service) as rig:
        rig.send(BeginCommand())
        age(rig, rig.send(UrgentFinishCommand()).key, 1000.0)
        rig.run_until_idle()

        assert outcomes(rig) == ["done", "done"]
        assert not rig.in_session


def test_while_the_stores_clock_and_its_keys_disagree_ages_are_not_judged() -> None:
    with ServiceHarness(make_service()) as rig:
        age(rig, rig.send(UrgentCommand()).key, -3600.0)
        age(rig, rig.send(HintCommand()).key, -3600.0)
        rig.run_until_idle()

        assert outcomes(rig) == ["refused", "done"]
        assert rig.receipts()[0].text.startswith("(clock)")
