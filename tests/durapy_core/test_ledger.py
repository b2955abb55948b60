from durapy_core.engines.base import Progress
from durapy_core.entry import START, Cursor, NewEntry
from durapy_core.ledger import Ledger

BEGIN = Progress(service="rig", cursor=START)
RECEIPT = NewEntry(type="RECEIPT", body="{}", sender="rig", cause="1")


def test_what_was_heard_is_due_at_once_and_only_once() -> None:
    ledger = Ledger(BEGIN)
    assert ledger.due(None) is None

    ledger.add("1", RECEIPT)
    due = ledger.due("session")

    assert due == Progress(
        service="rig", cursor=Cursor("1"), session="session", receipts=(RECEIPT,)
    )
    ledger.written(due)
    assert ledger.due("session") is None


def test_what_was_not_heard_waits_a_while_but_is_committed_when_all_is() -> None:
    ledger = Ledger(BEGIN)
    ledger.add("1", None)
    ledger.written_s = float("inf")

    assert ledger.due(None) is None
    assert ledger.offer(None) == Progress(service="rig", cursor=Cursor("1"))


def test_what_was_not_heard_is_due_after_a_while() -> None:
    ledger = Ledger(BEGIN)
    ledger.add("1", None)
    ledger.written_s = 0.0

    assert ledger.due(None) == Progress(service="rig", cursor=Cursor("1"))


def test_what_was_not_heard_travels_with_the_next_that_was() -> None:
    ledger = Ledger(BEGIN)
    ledger.add("1", RECEIPT)
    ledger.add("2", None)

    due = ledger.due(None)

    assert due == Progress(service="rig", cursor=Cursor("2"), receipts=(RECEIPT,))


def test_a_commit_without_an_answer_is_due_again_as_it_was() -> None:
    ledger = Ledger(BEGIN)
    ledger.add("1", None)
    ledger.written_s = 0.0
    due = ledger.due(None)
    ledger.written_s = float("inf")

    assert ledger.due("session") is due


def test_a_session_that_has_changed_is_due_at_once() -> None:
    ledger = Ledger(BEGIN)

    assert ledger.due("session") == Progress(service="rig", cursor=START, session="session")


def test_the_books_are_even_unless_something_heard_is_not_committed() -> None:
    ledger = Ledger(BEGIN)
    ledger.add("1", None)
    assert ledger.is_even

    ledger.add("2", RECEIPT)
    assert not ledger.is_even

    due = ledger.due(None)
    assert due is not None
    assert ledger.is_in_doubt
    ledger.written(due)
    assert ledger.is_even
    assert not ledger.is_in_doubt
