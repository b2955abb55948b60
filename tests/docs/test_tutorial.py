"""The tutorial, followed line by line: as local processes, and in containers."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.support.checkout import ROOT
from tests.support.compose import ComposeProject
from tests.support.installed import clone_installed
from tests.support.rig import free_port
from tests.support.tutorial import Walk, read_blocks
from tests.support.visitor import ARTIFACTS
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

BLOCKS = read_blocks((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))


class Done:
    """A rig on which everything in the tutorial was done, and which still runs."""

    def __init__(self, walk: Walk, *, port: int, token: str) -> None:
        self.walk = walk
        self.url = f"http://127.0.0.1:{port}"
        self.token = token

    def get(self, path: str) -> requests.Response:
        """Ask the console for a page or a part of its API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.get(f"{self.url}{path}", headers=headers, timeout=20)
        assert answer.ok, answer.text
        return answer

    def records(self, wire_type: str) -> list[dict[str, Any]]:
        """Return all commands of a type, oldest first."""
        printed = self.walk.run(f"scripts/durapy history --json --limit 9999 --type {wire_type}")
        return [json.loads(line) for line in printed.splitlines()]

    def console_started_at(self) -> datetime:
        """Return since when the web server runs."""
        services = self.get("/api/v1/services").json()["services"]
        (console,) = (s for s in services if s["service"] == "webserver" and s["up"])
        return datetime.fromisoformat(console["started_at"])


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    folder = clone_installed(tmp_path_factory.mktemp("local"))
    port = free_port()
    environment = {"DURAPY_PORT": str(port), "DURAPY_PING_PERIOD_S": "0.3"}
    with Walk(folder, environment, up="scripts/up --local") as walk:
        walk.follow(BLOCKS)
        token = (folder / ".durapy" / "token").read_text().strip()
        yield Done(walk, port=port, token=token)


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    folder = clone_installed(tmp_path_factory.mktemp("composed"))
    port = free_port()
    (folder / ".env").write_text(f"DURAPY_PORT={port}\nDURAPY_PING_PERIOD_S=0.3\n")
    with ComposeProject(folder) as compose:
        environment = {"COMPOSE_PROJECT_NAME": compose.name}
        with Walk(folder, environment, up="scripts/up --docker") as walk:
            walk.follow(BLOCKS)
            token = compose.run("exec", "--no-TTY", "webserver", "cat", "/data/token").strip()
            yield Done(walk, port=port, token=token)


@pytest.mark.parametrize("way", ["local", pytest.param("composed", marks=pytest.mark.docker)])
def test_a_copied_service_is_used_without_a_restart_of_the_console(
    way: str, request: pytest.FixtureRequest
) -> None:
    rig: Done = request.getfixturevalue(way)

    asked, given = rig.records("REWARD"), rig.records("REWARD_DONE")
    first = rig.records("INITIATE_SESSION")[0]

    assert asked[0]["body"] == {"amount": 2.5, "note": "first try"}
    assert given[0]["body"] == {"amount": 2.5}
    assert given[0]["cause"] == asked[0]["key"]
    assert {"amount": 0.5} in [record["body"] for record in given[1:]]
    assert rig.console_started_at() < datetime.fromisoformat(first["sent_at"])
    assert 'id="give"' in rig.get("/x/rewards").text


@pytest.mark.browser
def test_the_copied_service_and_the_new_page_are_used_from_a_browser(
    local: Done, browser: Browser
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
