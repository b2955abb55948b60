"""Deploying from the page, in a session, on the real engine: what an experimenter sees and does."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.support.own_network import in_own_network, is_possible
from tests.support.rig import Json, Rig
from tests.support.rollouts import RolloutRig
from tests.support.visitor import Visitor, chromium, visiting
from tests.support.waiting import wait_for

TRIES: Final = 5

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture
def visitor(rig: Rig) -> Iterator[Visitor]:
    """Somebody at the console, whose browser no other container that starts or ends disturbs."""
    with (
        in_own_network(reaching=rig.port),
        chromium() as browser,
        visiting(browser, rig) as visitor,
    ):
        yield visitor


def test_a_changed_ponger_is_deployed_from_the_page_in_a_session_and_rolled_back(
    rig: Rig, visitor: Visitor
) -> None:
    rollouts = RolloutRig(rig)
    branch, before = rollouts.branch("from-the-page"), rollouts.revision()
    with rig.session("page") as begun:
        page = opened(visitor)
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
        expect(log).to_contain_text("ponger runs", timeout=60_000)
        visitor.shoot("deploy-real")
        after = wait_for(lambda: r if (r := rollouts.revision()) != before else "", "the new one")
        expect(page.get_by_role("row", name="ponger")).to_contain_text(after)
        rig.await_pongs(rig.newest(), 2)
        assert [s["revision"] for s in _pongers(rig)] == [after], "the new one alone answers"

        page.get_by_role("button", name=f"Roll back to {before[:7]}").click()
        page.get_by_role("dialog").get_by_role("button", name="Roll back ponger").click()
        wait_for(lambda: rollouts.revision() == before, "the one before", limit_s=60)
        wait_for(lambda: _state_of_rollback(rig) == "done", "the end of the rollback", limit_s=60)
        rig.await_pongs(rig.newest(), 2)
        assert rollouts.answered_once(begun["key"])


def _state_of_rollback(rig: Rig) -> str:
    operations = rig.api("GET", "operations")["operations"]
    return next(str(o["state"]) for o in operations if o["verb"] == "rollback")


def _pongers(rig: Rig) -> list[Json]:
    services = rig.api("GET", "services")["services"]
    return [s for s in services if s["service"] == "ponger" and s["up"]]


def opened(visitor: Visitor) -> Page:
    """Return the page once all of it was loaded.

    Where the browser has this computer's network, it drops what it loads whenever a container
    starts or ends, also from 127.0.0.1; the page's own connection comes back by itself.
    """
    if is_possible():
        return visitor.open("/deploy#ponger")
    visitor.expect_complaints("ERR_NETWORK_CHANGED", "WebSocket")
    for _ in range(TRIES):
        visitor.page.goto("/deploy#ponger")
        with suppress(AssertionError):
            expect(visitor.page.locator("#connection")).to_have_text("Live", timeout=5_000)
            expect(visitor.page.get_by_role("heading", name="ponger")).to_be_visible(timeout=5_000)
            return visitor.page
    raise AssertionError("the page was never loaded whole")
