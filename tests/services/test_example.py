"""The bare example, in a harness; tests/processes runs it as a user does."""

from durapy_core.testing import ServiceHarness
from services._example.commands import (
    EndExampleCommand,
    NobodyHearsCommand,
    PresentCommand,
    RespondedCommand,
)
from services._example.service import service


def test_the_example_starts_by_itself_shows_everything_and_ends_itself() -> None:
    with ServiceHarness(service) as rig:
        rig.run_until_idle()

        assert rig.stopped
        assert [trial.trial for trial in rig.commands(PresentCommand)] == [1, 2, 3]
        assert [each.correct for each in rig.commands(RespondedCommand)] == [True, False, True]
        assert len(rig.commands(NobodyHearsCommand)) == 1
        assert len(rig.commands(EndExampleCommand)) == 1
        assert not rig.in_session
