"""Restarting a service from the Dashboard, where `durapy up` serves the request."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.local_rig import TOKEN, LocalRig
from tests.support.up import running_up
from tests.support.visitor import visiting
from tests.support.waiting import wait_for


@pytest.mark.e2e
def test_a_restart_is_confirmed_and_its_outcome_shown(browser: Browser, tmp_path: Path) -> None:
    with running_up(tmp_path, token=TOKEN) as up:
        rig = LocalRig(tmp_path)
        rig.url = up.wait_until_ready()
        before = wait_for(lambda: rig.running().get("ponger"), "the ponger to run")
        with visiting(browser, rig) as visitor:
            page = visitor.open("/")
            button = page.get_by_role("button", name="Restart ponger")

            button.click()
            dialog = page.get_by_role("dialog", name="Restart ponger?")
            expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
            visitor.shoot("dashboard-restart-dialog")
            dialog.get_by_role("button", name="Restart ponger").click()

            expect(page.get_by_text("Restarting")).to_be_visible()
            expect(page.locator(".toast")).to_contain_text("ponger was restarted")
            visitor.shoot("dashboard-restarted")
            expect(button).to_be_visible()
            assert rig.running()["ponger"] != before
