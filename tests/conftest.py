"""What every test may ask for, and the account of what did not run."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.dealing import group_of, place_of
from tests.support.fault_rig import ACCOUNT
from tests.support.own_network import in_own_network, is_possible
from tests.support.redis_server import RedisServer
from tests.support.visitor import chromium

pytest.register_assert_rewrite("durapy_core.testing")

MEASURED = "measured"
LONGEST_ID = 80


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--long`, which also runs what is marked `long`."""
    parser.addoption("--long", action="store_true", help="also the tests that take minutes each")


@pytest.hookimpl(tryfirst=True)  # what deals the tests out reads the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, which the end of the run lists by name; order the rest."""
    _check_ids(items)
    for item in items:
        if item.get_closest_marker("long") and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="it takes minutes: scripts/test --long"))
        item.add_marker(pytest.mark.xdist_group(_group_of(item)))
    browser_last = not is_possible()
    items.sort(key=lambda item: place_of(_group_of(item), browser_last=browser_last))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name long texts by their beginning: ids go from process to process, some of a megabyte."""
    if not isinstance(val, str) or len(val) <= LONGEST_ID:
        return None  # as pytest does it
    return f"{val[:LONGEST_ID].encode('unicode_escape').decode()}... of {len(val)}"


def _group_of(item: pytest.Item) -> str:
    return group_of(item.path.relative_to(item.config.rootpath))


def _check_ids(items: list[pytest.Item]) -> None:
    """See that each test has an id of its own: of several with one id only one would run."""
    if len({item.nodeid for item in items}) < len(items):
        raise pytest.UsageError("several tests have the same id; give their parameters ids")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis server for the whole run; a test keeps apart by its namespace."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that has this machine's network; those of tests/browser have one of their own."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def own_network() -> Iterator[None]:
    """Let a module have a network of its own, where it may: no container changes that one."""
    with in_own_network():
        yield


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Keep a line that is printed after all tests."""
    return lambda line: record_property(MEASURED, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured, beside its goal, and list by name what did not run, and why."""
    _say_what_became_of_records(terminalreporter)
    _say_what_was_measured(terminalreporter)
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section(f"{len(skipped)} did not run")
    for report in skipped:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"{report.nodeid}: {why}")


def _say_what_was_measured(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    figures = [v for r in reports for k, v in r.user_properties if k == MEASURED]
    if figures:
        terminalreporter.section("measured")
        for figure in figures:
            terminalreporter.write_line(str(figure))


def _say_what_became_of_records(terminalreporter: pytest.TerminalReporter) -> None:
    """Say of each test of faults what became of its records."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    lines = [
        f"{report.nodeid.removeprefix('tests/faults/')}: {text}"
        for report in reports
        if report.when == "call"
        for name, text in report.user_properties
        if name == ACCOUNT
    ]
    if lines:
        terminalreporter.section("what became of the records")
    for line in lines:
        terminalreporter.line(line)
