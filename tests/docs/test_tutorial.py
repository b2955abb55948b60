"""The tutorial, followed line by line as local processes; tests/compose does it in containers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.followed import BLOCKS, Followed
from tests.support.installed import clone_installed
from tests.support.rig import free_port
from tests.support.tutorial import Walk
from tests.support.visitor import ARTIFACTS
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.usefixtures("own_network")]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    folder = clone_installed(tmp_path_factory.mktemp("local"))
    port = free_port()
    environment = {"DURAPY_PORT": str(port), "DURAPY_PING_PERIOD_S": "0.3"}
    with Walk(folder, environment, up="scripts/up --local") as walk:
        walk.follow(BLOCKS)
        token = (folder / ".durapy" / "token").read_text().strip()
        yield Followed(walk, port=port, token=token)


def test_a_copied_service_is_used_without_a_restart_of_the_console(local: Followed) -> None:
    local.judge()


@pytest.mark.browser
def test_the_copied_service_and_the_new_page_are_used_from_a_browser(
    local: Followed, browser: Browser
) -> None:
    with browser.new_context(base_url=local.url) as context:
        page = context.new_page()
        page.goto("/login")
        page.get_by_label("Token").fill(local.token)
        page.get_by_role("button", name="Sign in").click()

        page.goto("/commands")
        page.get_by_label("Command types").get_by_role("button", name="REWARD", exact=True).click()
        page.get_by_label("Amount").fill("1.5")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator("table.hist")).to_contain_text("REWARD_DONE")
        wait_for(lambda: local.records("REWARD_DONE")[-1]["body"] == {"amount": 1.5}, "the answer")

        page.goto("/")
        page.get_by_role("link", name="Rewards").click()
        expect(page.locator("#count")).to_have_text(str(len(local.records("REWARD_DONE"))))
        before = int(page.locator("#count").inner_text())
        page.get_by_role("button", name="Give one").click()
        expect(page.locator("#count")).to_have_text(str(before + 1))
        page.screenshot(path=ARTIFACTS / "tutorial-page.png")
