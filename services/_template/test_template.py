"""Run it with `scripts/test services/_template`."""

from durapy_core.testing import ServiceHarness
from services._template.commands import TemplateCommand, TemplateDoneCommand
from services._template.service import service


def test_what_is_asked_for_is_done_and_told() -> None:
    with ServiceHarness(service) as rig:
        rig.send(TemplateCommand(amount=2.5))
        rig.run_until_idle()

        assert rig.commands(TemplateDoneCommand) == [TemplateDoneCommand(amount=2.5)]
