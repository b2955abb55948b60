"""A service that is started while a page is open."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.local_rig import ROOT, LocalRig
from tests.support.visitor import rows, visiting

SERVICE = """
from pydantic import Field
from durapy_core import Command, Context, Service

class RewardCommand(Command, title="Reward", group="Task", actuates=True):
    '''Gives a drop.'''
    amount: float = Field(1.0, gt=0, le=5, json_schema_extra={"unit": "ml"})

class RewardDoneCommand(Command, title="Reward done", group="Task"):
    '''Says that it was given.'''
    amount: float

service = Service("reward", sends=[RewardDoneCommand])

@service.on(RewardCommand)
def give(command: RewardCommand, ctx: Context) -> None:
    ctx.send(RewardDoneCommand(amount=command.amount))
"""


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """A folder of services that is empty still."""
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "commands.py").write_text((ROOT / "services" / "commands.py").read_text())
    return folder


def test_a_new_service_shows_its_command_in_an_open_page_and_hears_it(
    browser: Browser, tmp_path: Path, services: Path
) -> None:
    with LocalRig(tmp_path, services_dir=str(services)) as rig:
        rig.start_console()
        with visiting(browser, rig) as visitor, visiting(browser, rig) as watcher:
            page = visitor.open("/commands")
            dashboard = watcher.open("/")
            palette = page.get_by_label("Command types")
            expect(palette).to_contain_text("No service has published a command yet")
            visitor.shoot("commands-no-types")
            assert visitor.findings() == []

            (services / "reward").mkdir()
            (services / "reward" / "service.py").write_text(SERVICE)
            rig.start("reward")

            expect(dashboard.get_by_role("rowheader", name="reward")).to_be_visible()
            palette.get_by_role("button", name="REWARD", exact=True).click()
            page.get_by_label("Amount").fill("2.5")
            page.get_by_role("button", name="Send", exact=True).click()
            done = rows(page).filter(has_text="REWARD_DONE")
            expect(done).to_contain_text("2.5")
            expect(done).to_contain_text("reward")
            visitor.shoot("commands-new-service")
