"""Deploying from the page, in a session, on the real engine: what an experimenter sees and does."""

import pytest
from playwright.sync_api import Browser, expect

from tests.support.rig import Rig
from tests.support.rollouts import RolloutRig
from tests.support.visitor import visiting
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(900)]


def test_a_changed_ponger_is_deployed_from_the_page_in_a_session_and_rolled_back(
    browser: Browser, rig: Rig
) -> None:
    rollouts = RolloutRig(rig)
    branch, before = rollouts.branch("from-the-page"), rollouts.revision()
    with rig.session("page") as begun, visiting(browser, rig) as visitor:
        page = visitor.open("/deploy#ponger")
        deploy = page.get_by_role("button", name="Deploy", exact=True)
        expect(page.get_by_role("group", name="Session lock")).to_be_visible()
        expect(deploy).to_be_disabled()
        page.get_by_role("button", name="Allow: ponger").click()
        page.get_by_label("Revision").fill(branch)
        deploy.click()
        page.get_by_role("dialog").get_by_role("button", name="Deploy ponger").click()

        log = page.get_by_role("log", name="Log of the rollout")
        expect(log).to_contain_text("COPY services/ponger")
        expect(log).to_contain_text("the old one ends, and the lease passes")
        expect(page.locator("#toasts")).to_contain_text("ponger runs", timeout=60_000)
        visitor.shoot("deploy-real")
        after = wait_for(lambda: r if (r := rollouts.revision()) != before else "", "the new one")
        expect(page.get_by_role("row", name="ponger")).to_contain_text(after)

        page.get_by_role("button", name=f"Roll back to {before[:7]}").click()
        page.get_by_role("dialog").get_by_role("button", name="Roll back ponger").click()
        wait_for(lambda: rollouts.revision() == before, "the one before", limit_s=60)
        rig.await_pongs(rig.since(begun["key"])[-1]["key"], 2)
