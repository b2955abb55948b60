from durapy_core.engines.base import Progress
from durapy_core.entry import START, Cursor
from durapy_core.progress import ProgressKeeper

BEGIN = Progress(service="rig", cursor=START)


def test_what_was_heard_is_due_at_once_and_only_once() -> None:
    keeper = ProgressKeeper(BEGIN)
    assert keeper.due(None) is None

    keeper.cursor, keeper.heard = Cursor("1"), True
    due = keeper.due("session")

    assert due == Progress(service="rig", cursor=Cursor("1"), session="session")
    keeper.note_saved(due)
    assert keeper.due("session") is None


def test_what_was_not_heard_waits_a_while_but_is_saved_when_all_is() -> None:
    keeper = ProgressKeeper(BEGIN)
    keeper.cursor = Cursor("1")
    keeper._lazy_until = float("inf")

    assert keeper.due(None) is None
    assert keeper.unsaved(None) == Progress(service="rig", cursor=Cursor("1"))

    keeper._lazy_until = 0.0
    assert keeper.due(None) == Progress(service="rig", cursor=Cursor("1"))


def test_a_session_that_has_changed_is_unsaved_too() -> None:
    keeper = ProgressKeeper(BEGIN)

    assert keeper.unsaved("session") == Progress(service="rig", cursor=START, session="session")
