"""What every test may ask for, and the account of what could not run."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.redis_server import RedisServer
from tests.support.visitor import LIMIT_MS, open_browser

pytest.register_assert_rewrite("durapy_core.testing")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--long`, which lets the tests of faults go on ten times as long."""
    parser.addoption("--long", action="store_true", help="the tests of faults, ten times as long")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis server for the whole run; a test keeps apart by its namespace."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run: Playwright allows one of its loops in a process."""
    expect.set_options(timeout=LIMIT_MS)
    with sync_playwright() as playwright, open_browser(playwright) as browser:
        yield browser


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List by name what could not run, and why."""
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section(f"{len(skipped)} could not run")
    for report in skipped:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"{report.nodeid}: {why}")
