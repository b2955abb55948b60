"""One Chromium for all of these tests, one rig for each module, a new context for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.local_rig import LocalRig
from tests.support.visitor import LIMIT_MS, Visitor, open_browser, visiting

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test in this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=LIMIT_MS)
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRig]:
    """A console, a pinger that pings five times a second, a ponger."""
    with LocalRig(tmp_path_factory.mktemp("rig"), ping_period_s="0.2") as rig:
        rig.start_console()
        rig.start("pinger", "ponger")
        yield rig


@pytest.fixture
def visitor(browser: Browser, rig: LocalRig) -> Iterator[Visitor]:
    """Somebody who has signed in; the test fails if their browser complained of anything."""
    with visiting(browser, rig) as visitor:
        yield visitor


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page
