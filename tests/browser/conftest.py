"""One rig for each module, a new context for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from playwright.sync_api import Browser, Page

from durapy_core.engines import open_engine
from durapy_core.engines.base import Engine
from tests.support.local_rig import LocalRig
from tests.support.own_network import in_own_network
from tests.support.patience import giving_way
from tests.support.redis_server import RedisServer
from tests.support.visitor import Visitor, chromium, visiting

HERE = Path(__file__).parent
TRIES = 3
NETWORK_CHANGED = "ERR_NETWORK_CHANGED"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test in this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test again, and say so, if the machine's network changed under the browser.

    Chromium then drops every connection, also those to 127.0.0.1, and no switch keeps it from
    that; each container that starts or ends on this machine is such a change, where the tests may
    not have a network of their own.
    """
    if HERE not in item.path.parents:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for _ in range(TRIES - 1):
        if not any(report.failed and NETWORK_CHANGED in report.longreprtext for report in reports):
            break
        item.warn(pytest.PytestWarning("run again: the network of this machine changed"))
        item._initrequest()  # type: ignore[attr-defined] # what a repeated test needs
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.fixture(scope="package", autouse=True)
def _network() -> Iterator[None]:
    """Keep the browser and its rigs away from what containers do to this machine's network.

    So both can be tested at the same time; the containers come first for a core, as some of their
    tests say how long a service may be away.
    """
    with in_own_network(), giving_way():
        yield


@pytest.fixture(scope="package")
def browser(_network: None) -> Iterator[Browser]:
    """One Chromium for all tests here."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def redis_server(_network: None) -> Iterator[RedisServer]:
    """A Redis server for all tests here, on their network."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRig]:
    """A console, a pinger that pings five times a second, a ponger."""
    with LocalRig(tmp_path_factory.mktemp("rig"), ping_period_s="0.2") as rig:
        rig.start_console()
        rig.start("pinger", "ponger")
        yield rig


@pytest.fixture(scope="module")
def store(rig: LocalRig) -> Iterator[Engine]:
    """What the rig keeps all in, for what another program or a service puts there."""
    with open_engine(rig.store) as engine:
        yield engine


@pytest.fixture
def visitor(browser: Browser, rig: LocalRig) -> Iterator[Visitor]:
    """Somebody who has signed in; the test fails if their browser complained of anything."""
    with visiting(browser, rig) as visitor:
        yield visitor


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page
